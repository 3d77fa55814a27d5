fn server(issuer: &portward::Issuer, session: &portward::Access, now: portward::Timestamp) {
    let _ = issuer.issue_session(session, &portward::SessionLimits::default(), now);
}
fn main() {}
