use core::fmt;

use portward::{NonceError, PeekCookie};
use portward_http::{Client, ClientRequest};

use crate::error::Error;
use crate::peeked::Peeked;
use crate::text;

/// The holder's side of redeeming: makes the requests and reads the answers. Sending is the application's.
#[derive(Clone)]
pub struct RedeemClient(Client);

/// A request, for whatever sends it. It carries a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// `POST`.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Name and value of each header.
    pub headers: Vec<(String, String)>,
    /// A form.
    pub body: Vec<u8>,
}

/// What redeeming or renewing gave.
pub struct Redeemed {
    /// The session.
    pub session: String,
    /// When it ends, in Unix seconds.
    pub expires_at: u64,
}

impl RedeemClient {
    /// From the address of a link, of either form, the client of its portal, and the link's token. ASCII white space around it is what was copied
    /// with it.
    ///
    /// # Errors
    /// `url_malformed`, `damaged`.
    pub fn of_link(url: &str) -> Result<(Self, String), Error> {
        let (client, token) = Client::of_link(url.trim_ascii())?;
        Ok((Self(client), token))
    }

    /// The client of the portal at an address such as `https://portal.example/portal`.
    ///
    /// # Errors
    /// `url_malformed`.
    pub fn new(address: &str) -> Result<Self, Error> {
        Ok(Self(Client::new(address)?))
    }

    /// Where the portal lies.
    pub fn address(&self) -> &str {
        self.0.address()
    }

    /// Asks what a link is good for redeeming with. Spends nothing.
    pub fn peek(&self, token: &str) -> HttpRequest {
        self.0.peek(token).into()
    }

    /// Reads the answer to [`RedeemClient::peek`].
    ///
    /// # Errors
    /// `damaged`, `refused`, `unavailable`, `answer_malformed`.
    pub fn read_peeked(status: u16, headers: &[(String, String)], body: &[u8]) -> Result<Peeked, Error> {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let portward_http::Peeked { nonce, expires_at, cookie, .. } = Client::read_peeked(status, &headers, body)?;
        Ok(Peeked { nonce, expires_at: expires_at.unix(), cookie: cookie.to_text() })
    }

    /// Redeems a link. Sent again within ten minutes, after an answer was lost, it counts no second use.
    ///
    /// # Errors
    /// `cookie_malformed`.
    pub fn redeem(&self, token: &str, peeked: &Peeked) -> Result<HttpRequest, Error> {
        let cookie: PeekCookie =
            peeked.cookie.parse().map_err(|error: NonceError| Error::from(error).of_argument("cookie"))?;
        let nonce = peeked.nonce.clone();
        let peeked = portward_http::Peeked { nonce, expires_at: text::time(peeked.expires_at), cookie };
        Ok(self.0.redeem(token, &peeked).into())
    }

    /// Renews a session that has not expired.
    pub fn renew(&self, session: &str) -> HttpRequest {
        self.0.renew(session).into()
    }

    /// Reads the answer to [`RedeemClient::redeem`] and [`RedeemClient::renew`].
    ///
    /// # Errors
    /// `damaged`, `refused`, `unavailable`, `answer_malformed`.
    pub fn read_redeemed(status: u16, body: &[u8]) -> Result<Redeemed, Error> {
        let portward_http::Redeemed { session, expires_at, .. } = Client::read_redeemed(status, body)?;
        Ok(Redeemed { session, expires_at: expires_at.unix() })
    }
}

impl From<ClientRequest> for HttpRequest {
    fn from(request: ClientRequest) -> Self {
        let ClientRequest { method, url, headers, body, .. } = request;
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { method: method.to_owned(), url, headers, body: body.into_bytes() }
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest").field("url", &self.url).finish_non_exhaustive()
    }
}
