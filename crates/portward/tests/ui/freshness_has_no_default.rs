fn main() {
    let _ = portward::Freshness::default();
}
