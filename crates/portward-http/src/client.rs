use core::fmt;

use form_urlencoded::Serializer;
use portward::{Audience, Kind, PeekCookie, Timestamp, UntrustedLink, UntrustedToken};
use serde::de::DeserializeOwned;

use crate::cookie::PEEK_COOKIE;
use crate::links::{Peeked, Redeemed};
use crate::outcome::{PeekedJson, SessionJson};
use crate::refusal::Refusal;
use crate::rules::{is_origin, is_path};

/// The holder's side, for apps and programs: makes the requests and reads the answers. Sending is the caller's.
///
/// A redemption whose answer was lost is sent again as it is: within ten minutes it counts no second use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Origin and path.
    base: String,
}

/// A request, for whatever sends it: plain data.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientRequest {
    /// Always `POST`.
    pub method: &'static str,
    /// Where to.
    pub url: String,
    /// Header lines. A client that keeps cookies itself must not send others with them.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

/// Why there is no nonce or no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientError {
    /// The address is not that of a link.
    Url,
    /// The link, or what was sent with it, is not whole.
    Damaged,
    /// The link or the session is refused.
    Refused,
    /// The portal does not answer just now: try again.
    Unavailable,
    /// What answers is not a portal.
    Answer,
}

impl Client {
    /// From the address of a link, of either form, the client of its portal, and the token.
    ///
    /// # Errors
    /// [`ClientError::Url`], [`ClientError::Damaged`].
    pub fn of_link(url: &str) -> Result<(Self, String), ClientError> {
        let (base, token) = match url.split_once('#') {
            Some((page, token)) => (page.split_once('?').map_or(page, |(page, _)| page), token),
            None => {
                let address = url.split_once('?').map_or(url, |(address, _)| address);
                address.rsplit_once('/').ok_or(ClientError::Url)?
            }
        };
        let client = Self::new(base)?;
        UntrustedLink::parse(token).map_err(|_| ClientError::Damaged)?;
        Ok((client, token.to_owned()))
    }

    /// The client of the portal at an address such as `https://portal.example/portal`.
    ///
    /// # Errors
    /// [`ClientError::Url`].
    pub fn new(base: &str) -> Result<Self, ClientError> {
        let (scheme, rest) = base.split_once("://").ok_or(ClientError::Url)?;
        let host = rest.split_once('/').map_or(rest, |(host, _)| host);
        let origin_length = scheme.len().saturating_add("://".len()).saturating_add(host.len());
        let (origin, path) = base.split_at_checked(origin_length).ok_or(ClientError::Url)?;
        let good = is_origin(origin) && is_path(path);
        if good { Ok(Self { base: base.to_owned() }) } else { Err(ClientError::Url) }
    }

    /// The address of the portal.
    pub fn address(&self) -> &str {
        &self.base
    }

    /// Asks what a link is good for redeeming with.
    pub fn peek(&self, token: &str) -> ClientRequest {
        self.post("peek", Serializer::new(String::new()).append_pair("token", token).finish())
    }

    /// Reads the answer to [`Client::peek`].
    ///
    /// # Errors
    /// All of [`ClientError`] but [`ClientError::Url`].
    pub fn read_peeked(status: u16, headers: &[(&str, &[u8])], body: &[u8]) -> Result<Peeked, ClientError> {
        let PeekedJson { nonce, expires_at } = read(status, body)?;
        let cookie = peek_cookie(headers).ok_or(ClientError::Answer)?;
        Ok(Peeked { nonce, expires_at: Timestamp::from_unix(expires_at), cookie })
    }

    /// Redeems a link.
    pub fn redeem(&self, token: &str, peeked: &Peeked) -> ClientRequest {
        let body =
            Serializer::new(String::new()).append_pair("nonce", &peeked.nonce).append_pair("token", token).finish();
        let cookie = format!("{PEEK_COOKIE}={}", peeked.cookie.to_text());
        self.post("redeem", body).with("cookie", cookie)
    }

    /// Renews a session.
    pub fn renew(&self, session: &str) -> ClientRequest {
        // What is no session is refused by the portal; it must not become another header on the way.
        let session: String = session.chars().filter(char::is_ascii_graphic).collect();
        self.post("renew", String::new()).with("authorization", format!("Bearer {session}"))
    }

    /// Reads the answer to [`Client::redeem`] and [`Client::renew`].
    ///
    /// # Errors
    /// All of [`ClientError`] but [`ClientError::Url`].
    pub fn read_redeemed(status: u16, body: &[u8]) -> Result<Redeemed, ClientError> {
        let SessionJson { session, expires_at } = read(status, body)?;
        let is_session = UntrustedToken::parse(&session).is_ok_and(|token| token.kind() == Kind::Session);
        if !is_session {
            return Err(ClientError::Answer);
        }
        Ok(Redeemed { session, expires_at: Timestamp::from_unix(expires_at) })
    }

    fn post(&self, route: &str, body: String) -> ClientRequest {
        let headers = vec![
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("accept", "application/json".to_owned()),
        ];
        ClientRequest { method: "POST", url: format!("{}/{route}", self.base), headers, body }
    }
}

impl ClientRequest {
    fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// Without what a holder must not show.
impl fmt::Debug for ClientRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientRequest").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The peek cookie, if it is there once. Some clients join all lines of one name by commas; a date of another cookie may have one, too, but
/// neither name nor value of this one.
fn peek_cookie(headers: &[(&str, &[u8])]) -> Option<PeekCookie> {
    let lines = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let cookies = lines.filter_map(|(_, line)| core::str::from_utf8(line).ok()).flat_map(|line| line.split(','));
    let mut values = cookies.filter_map(|cookie| {
        let (name, value) = cookie.split(';').next()?.split_once('=')?;
        (name.trim_matches(BLANK) == PEEK_COOKIE).then(|| value.trim_matches(BLANK))
    });
    let value = values.next()?;
    if values.next().is_some() { None } else { value.parse().ok() }
}

const BLANK: [char; 2] = [' ', '\t'];

fn read<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, ClientError> {
    const DAMAGED: u16 = Refusal::Damaged.status();
    const REFUSED: u16 = Refusal::Refused.status();
    match status {
        200 => serde_json::from_slice(body).map_err(|_| ClientError::Answer),
        DAMAGED => Err(ClientError::Damaged),
        REFUSED => Err(ClientError::Refused),
        429 | 500..=599 => Err(ClientError::Unavailable),
        _ => Err(ClientError::Answer),
    }
}

impl ClientError {
    /// Every variant, for tables and parity tests.
    pub const ALL: &'static [Self] = &[Self::Url, Self::Damaged, Self::Refused, Self::Unavailable, Self::Answer];

    /// The stable code, the same in every language.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Url => "url_malformed",
            Self::Damaged => "damaged",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::Answer => "answer_malformed",
        }
    }

    /// Who has to act.
    pub const fn audience(self) -> Audience {
        match self {
            Self::Url | Self::Damaged | Self::Refused => Audience::Input,
            Self::Unavailable | Self::Answer => Audience::Environment,
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url => "the address is not that of a link",
            Self::Damaged => "the link is not whole",
            Self::Refused => "the link or the session is refused",
            Self::Unavailable => "the portal does not answer just now",
            Self::Answer => "what answers is not a portal",
        })
    }
}

impl core::error::Error for ClientError {}
