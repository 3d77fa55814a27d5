fn server(permission: portward::Permission) {
    let link = portward::UntrustedLink::parse("pwl_").unwrap();
    link.allow(permission).unwrap();
}
fn main() {}
