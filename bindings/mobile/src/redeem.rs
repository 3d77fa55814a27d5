use core::fmt;

use portward_bridge as bridge;

use crate::error::{PortwardError, call};

/// The holder's side of redeeming a link: makes the requests and reads the answers. Sending them is the application's.
///
/// `peek`, send, `readPeeked`, `redeem`, send, `readRedeemed`; later `renew`, send, `readRedeemed`. Whoever sends them follows no redirect
/// and adds no cookies.
#[derive(uniffi::Object)]
#[uniffi::export(Debug)]
pub struct RedeemClient(bridge::RedeemClient);

/// A link's address, taken apart.
#[derive(uniffi::Record)]
#[uniffi::export(Display)]
pub struct LinkAddress {
    /// Where the portal lies: for `RedeemClient`.
    pub portal: String,
    /// The link itself.
    pub token: String,
}

/// A header.
#[derive(uniffi::Record)]
#[uniffi::export(Display)]
pub struct HttpHeader {
    /// In lower case where this library made it.
    pub name: String,
    /// It may be a secret.
    pub value: String,
}

/// A request for whatever sends it. It carries a secret.
#[derive(uniffi::Record)]
#[uniffi::export(Display)]
pub struct HttpRequest {
    /// `POST`.
    pub method: String,
    /// Where to.
    pub url: String,
    /// All there are.
    pub headers: Vec<HttpHeader>,
    /// A form, perhaps empty.
    pub body: Vec<u8>,
}

/// What looking at a link gave.
#[derive(uniffi::Record)]
#[uniffi::export(Display)]
pub struct Peeked {
    /// Goes back with the link.
    pub nonce: String,
    /// When it ends, in Unix seconds.
    pub expires_at: u64,
    /// Goes back with the link.
    pub cookie: String,
}

/// What redeeming or renewing gave.
#[derive(uniffi::Record)]
#[uniffi::export(Display)]
pub struct Redeemed {
    /// The session: `Authorization: Bearer …`.
    pub session: String,
    /// When it ends, in Unix seconds.
    pub expires_at: u64,
}

#[uniffi::export]
impl RedeemClient {
    /// The client of the portal at an address such as `https://portal.example/portal`. Throws `Refused` (`url_malformed`).
    #[uniffi::constructor]
    pub fn new(portal: &str) -> Result<Self, PortwardError> {
        call(|| bridge::RedeemClient::new(portal)).map(Self)
    }

    /// Asks what a link is good for redeeming with. Spends nothing.
    pub fn peek(&self, token: &str) -> HttpRequest {
        self.0.peek(token).into()
    }

    /// Redeems a link: spends a use. Sent again within ten minutes, after an answer was lost, it spends no second one. Throws `InvalidValue`
    /// (`cookie_malformed`).
    pub fn redeem(&self, token: &str, peeked: Peeked) -> Result<HttpRequest, PortwardError> {
        let Peeked { nonce, expires_at, cookie } = peeked;
        call(|| self.0.redeem(token, &bridge::Peeked { nonce, expires_at, cookie })).map(Into::into)
    }

    /// Renews a session that has not expired.
    pub fn renew(&self, session: &str) -> HttpRequest {
        self.0.renew(session).into()
    }
}

/// Takes the address of a link apart, of either form; ASCII white space around it, which was copied with it, is no part of it. A bare token, as
/// `portward link issue` prints it, is for `UntrustedToken`. Throws `Refused` (`url_malformed`, `damaged`), with `damaged` as public answer.
#[uniffi::export]
pub fn read_link_address(url: &str) -> Result<LinkAddress, PortwardError> {
    let (client, token) = call(|| bridge::RedeemClient::of_link(url))?;
    Ok(LinkAddress { portal: client.address().to_owned(), token })
}

/// Reads the answer to `RedeemClient.peek`: status, all headers, body. Throws `Refused`, `Unavailable`.
#[uniffi::export]
pub fn read_peeked(status: u16, headers: Vec<HttpHeader>, body: Vec<u8>) -> Result<Peeked, PortwardError> {
    let headers: Vec<_> = headers.into_iter().map(|HttpHeader { name, value }| (name, value)).collect();
    let bridge::Peeked { nonce, expires_at, cookie } =
        call(|| bridge::RedeemClient::read_peeked(status, &headers, &body))?;
    Ok(Peeked { nonce, expires_at, cookie })
}

/// Reads the answer to `RedeemClient.redeem` and `RedeemClient.renew`. Throws `Refused`, `Unavailable`.
#[uniffi::export]
pub fn read_redeemed(status: u16, body: Vec<u8>) -> Result<Redeemed, PortwardError> {
    let bridge::Redeemed { session, expires_at } = call(|| bridge::RedeemClient::read_redeemed(status, &body))?;
    Ok(Redeemed { session, expires_at })
}

impl From<bridge::HttpRequest> for HttpRequest {
    fn from(request: bridge::HttpRequest) -> Self {
        let bridge::HttpRequest { method, url, headers, body } = request;
        let headers = headers.into_iter().map(|(name, value)| HttpHeader { name, value }).collect();
        Self { method, url, headers, body }
    }
}

impl fmt::Debug for RedeemClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedeemClient(..)")
    }
}

/// What is shown of each holds nothing that gives access.
impl fmt::Display for LinkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkAddress(portal={}, ..)", self.portal)
    }
}

impl fmt::Display for HttpHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpHeader(name={}, ..)", self.name)
    }
}

impl fmt::Display for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpRequest(url={}, ..)", self.url)
    }
}

impl fmt::Display for Peeked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peeked(expires_at={}, ..)", self.expires_at)
    }
}

impl fmt::Display for Redeemed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redeemed(expires_at={}, ..)", self.expires_at)
    }
}
