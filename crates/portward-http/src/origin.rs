//! Who may make a browser post.

use crate::request::{Found, Request};
use crate::request_error::RequestError;

/// That a request which changes something was not made by another site's page. `spec/redeem.md` section 4.
///
/// `Origin: null` is what a page with `Referrer-Policy: no-referrer` sends with its forms, and also what a page without an origin sends;
/// only a browser that says `same-origin` itself tells the two apart.
pub(crate) fn check_origin(request: &Request<'_>, own: &str) -> Result<(), RequestError> {
    let site = request.header("sec-fetch-site");
    if !matches!(site, Found::Nothing | Found::One(b"same-origin" | b"none")) {
        return Err(RequestError::SiteForeign);
    }
    match request.header("origin") {
        Found::Nothing => Ok(()),
        Found::One(origin) if origin == own.as_bytes() => Ok(()),
        Found::One(b"null") if site == Found::One(b"same-origin") => Ok(()),
        Found::One(_) | Found::Several => Err(RequestError::OriginForeign),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)]) -> Result<(), &'static str> {
        let headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let request = Request { method: "POST", path: "/", headers: &headers, body: b"" };
        check_origin(&request, "https://portal.example").map_err(RequestError::code)
    }

    #[test]
    fn the_own_pages_and_programs_may_post() {
        let own = ("Origin", "https://portal.example");
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&[own]), Ok(()));
        assert_eq!(check(&[own, ("Sec-Fetch-Site", "same-origin")]), Ok(()));
        assert_eq!(check(&[own, ("Sec-Fetch-Site", "none")]), Ok(()));
        assert_eq!(check(&[("Sec-Fetch-Site", "same-origin")]), Ok(()));
        assert_eq!(check(&[("Origin", "null"), ("Sec-Fetch-Site", "same-origin")]), Ok(()));
    }

    #[test]
    fn other_sites_may_not() {
        for origin in [
            "https://evil.example",
            "http://portal.example",
            "https://portal.example:8443",
            "https://portal.example.evil.example",
            "https://PORTAL.example",
            "https://portal.example/",
            "null",
            "",
        ] {
            assert_eq!(check(&[("Origin", origin)]), Err("origin_foreign"), "{origin}");
        }
        let same = ("Sec-Fetch-Site", "same-origin");
        assert_eq!(check(&[("Origin", "https://evil.example"), same]), Err("origin_foreign"));
        assert_eq!(check(&[("Origin", "null"), ("Sec-Fetch-Site", "none")]), Err("origin_foreign"));
        let own = ("Origin", "https://portal.example");
        assert_eq!(check(&[own, own]), Err("origin_foreign"));
        for site in ["cross-site", "same-site", "", "Same-Origin", "same-origin, same-origin"] {
            assert_eq!(check(&[("Sec-Fetch-Site", site)]), Err("site_foreign"), "{site}");
            assert_eq!(check(&[own, ("Sec-Fetch-Site", site)]), Err("site_foreign"), "{site}");
        }
        assert_eq!(check(&[same, same]), Err("site_foreign"));
    }
}
