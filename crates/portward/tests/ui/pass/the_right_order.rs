fn server(verifier: &portward::Verifier, text: &str, now: portward::Now) -> Result<(), portward::VerifyError> {
    let link = verifier.verify_link(text, now)?;
    let _ = link.tenant();
    Ok(())
}
fn main() {
    let _ = server;
}
