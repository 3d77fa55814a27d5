fn copy(keyring: &portward::Keyring) -> portward::Keyring {
    keyring.clone()
}
fn main() {}
