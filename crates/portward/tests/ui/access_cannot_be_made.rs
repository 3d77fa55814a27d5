fn main() {
    let _ = portward::Access {};
}
