fn main() {
    let token = portward::UnverifiedToken::parse("pwl_").unwrap();
    let _ = token.tenant();
}
