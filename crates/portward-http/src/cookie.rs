//! The three cookies. `spec/redeem.md` section 4.

use core::time::Duration;

use portward::PeekCookie;

/// Holds the link between the request for it and the page without it.
pub const LINK_COOKIE: &str = "__Host-portward-link";
/// Holds what a nonce is tied to.
pub const PEEK_COOKIE: &str = "__Host-portward-peek";
/// Holds the session.
pub const SESSION_COOKIE: &str = "__Host-portward-session";

/// For how long the link and the peek cookie are kept.
const PAGE_TIME: Duration = Duration::from_secs(600);

pub(crate) fn set_link(token: &str) -> String {
    set(LINK_COOKIE, token, "Lax", PAGE_TIME)
}

pub(crate) fn set_peek(cookie: &PeekCookie) -> String {
    set(PEEK_COOKIE, &cookie.to_text(), "Lax", PAGE_TIME)
}

pub(crate) fn set_session(session: &str, left: Duration) -> String {
    set(SESSION_COOKIE, session, "Lax", left)
}

pub(crate) fn take_link() -> String {
    set(LINK_COOKIE, "", "Lax", Duration::ZERO)
}

pub(crate) fn take_peek() -> String {
    set(PEEK_COOKIE, "", "Lax", Duration::ZERO)
}

pub(crate) fn take_session() -> String {
    set(SESSION_COOKIE, "", "Lax", Duration::ZERO)
}

fn set(name: &str, value: &str, same_site: &str, left: Duration) -> String {
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age={}", left.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_have_the_attributes_of_the_table() {
        assert_eq!(
            [
                set_link("pwl_a"),
                set_peek(&"A".repeat(43).parse().unwrap()),
                set_session("pws_a", Duration::from_millis(899_900))
            ],
            [
                "__Host-portward-link=pwl_a; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600",
                "__Host-portward-peek=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600",
                "__Host-portward-session=pws_a; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=899",
            ]
        );
        assert_eq!(
            [take_link(), take_peek(), take_session()],
            [
                "__Host-portward-link=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
                "__Host-portward-peek=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
                "__Host-portward-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
            ]
        );
    }
}
