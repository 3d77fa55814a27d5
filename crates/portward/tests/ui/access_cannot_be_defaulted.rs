fn main() {
    let _ = portward::Access::default();
}
