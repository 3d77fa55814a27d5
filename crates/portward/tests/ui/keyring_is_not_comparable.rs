fn same(a: &portward::Keyring, b: &portward::Keyring) -> bool {
    a == b
}
fn main() {}
