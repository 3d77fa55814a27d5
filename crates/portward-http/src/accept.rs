//! What of `Accept` matters: whether a browser asks, or a program.

use crate::request::Request;

/// Whether a refusal is a page.
pub(crate) fn wants_page(request: &Request<'_>) -> bool {
    names(request, "text/html")
}

/// Whether a session comes as JSON, without a cookie.
pub(crate) fn wants_json(request: &Request<'_>) -> bool {
    names(request, "application/json") && !names(request, "text/html")
}

/// Whether this very type is named, and not excluded.
fn names(request: &Request<'_>, kind: &str) -> bool {
    let mut ranges = request.values("accept").flat_map(|line| line.split(|byte| *byte == b','));
    ranges.any(|range| {
        let mut parts = core::str::from_utf8(range).unwrap_or_default().split(';');
        parts.next().is_some_and(|name| name.trim().eq_ignore_ascii_case(kind)) && !parts.any(is_excluding)
    })
}

/// `q=0`, RFC 9110 section 12.4.2.
fn is_excluding(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or_default();
    name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_want_pages_and_programs_json() {
        const PAGE: (bool, bool) = (true, false);
        const JSON: (bool, bool) = (false, true);
        const NEITHER: (bool, bool) = (false, false);
        for (accept, expected) in [
            (&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"][..], PAGE),
            (&["text/html"], PAGE),
            (&["TEXT/HTML;q=0.1"], PAGE),
            (&["application/json", "text/html"], PAGE),
            (&["application/json"], JSON),
            (&["Application/JSON; q=0.5"], JSON),
            (&["application/json, text/html;q=0"], JSON),
            (&["application/json, text/plain, */*"], JSON),
            (&["text/html; Q = 0.00"], NEITHER),
            (&["text/*", "application/*"], NEITHER),
            (&["*/*"], NEITHER),
            (&["image/png, text/html5, application/jsonp"], NEITHER),
            (&["application/json;q=0"], NEITHER),
            (&[""], NEITHER),
            (&["json", ";", "/", "\u{e9}/*;q"], NEITHER),
            (&[], NEITHER),
        ] {
            let headers: Vec<(&str, &[u8])> = accept.iter().map(|value| ("Accept", value.as_bytes())).collect();
            let request = Request { method: "GET", path: "/", headers: &headers, body: b"" };
            assert_eq!((wants_page(&request), wants_json(&request)), expected, "{accept:?}");
        }
    }
}
