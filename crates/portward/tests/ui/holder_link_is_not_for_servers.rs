fn server(verifier: &portward::Verifier, now: portward::Now) {
    let link = portward::UntrustedLink::parse("pwl_").unwrap();
    let _ = verifier.verify_link(&link, now);
}
fn main() {}
