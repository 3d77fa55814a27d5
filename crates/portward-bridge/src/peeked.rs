/// What looking at a link gives.
pub struct Peeked {
    /// To be sent back with the link and the cookie.
    pub nonce: String,
    /// When the nonce ends, in Unix seconds.
    pub expires_at: u64,
    /// The browser's cookie.
    pub cookie: String,
}
