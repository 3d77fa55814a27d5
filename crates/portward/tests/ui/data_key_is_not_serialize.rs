fn write(key: &portward::envelope::DataKey) -> String {
    serde_json::to_string(key).unwrap()
}
fn main() {}
