fn main() {
    let _ = portward::envelope::Context::default();
}
