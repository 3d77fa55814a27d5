fn copy(key: &portward::envelope::DataKey) -> portward::envelope::DataKey {
    key.clone()
}
fn main() {}
