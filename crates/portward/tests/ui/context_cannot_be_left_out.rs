fn seal(keys: &portward::envelope::ScopeKeys) {
    let _ = keys.seal_record(b"net 30 days");
}
fn main() {}
