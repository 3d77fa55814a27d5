fn main() {
    let _ = portward::Revocation::default();
}
