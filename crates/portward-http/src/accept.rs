//! What of `Accept` matters: whether a browser asks, or a program.

use crate::request::Request;

/// Whether the answer to be read by people is a page: `text/html` is named.
pub(crate) fn wants_page(request: &Request<'_>) -> bool {
    rank(request, "text", "html") >= Some(Rank::Type)
}

/// Whether `application/json` is accepted and `text/html` is not.
pub(crate) fn wants_json(request: &Request<'_>) -> bool {
    rank(request, "application", "json").is_some() && rank(request, "text", "html").is_none()
}

/// How exactly a type is named by the range that decides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Not at all: there is no `Accept`.
    Unsaid,
    Any,
    Type,
    Exact,
}

/// `None` if the type is not accepted. RFC 9110 section 12.5.1: the most exact range decides.
fn rank(request: &Request<'_>, kind: &str, subtype: &str) -> Option<Rank> {
    let mut lines = request.values("accept").peekable();
    if lines.peek().is_none() {
        return Some(Rank::Unsaid);
    }
    let ranges = lines.flat_map(|line| line.split(|byte| *byte == b','));
    let ranked = ranges.filter_map(|range| {
        let range = core::str::from_utf8(range).ok()?;
        let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
        let (range_kind, range_subtype) = name.trim().split_once('/')?;
        let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        let rank = match (same(range_kind, kind), same(range_subtype, subtype)) {
            (true, true) => Rank::Exact,
            (true, false) if range_subtype == "*" => Rank::Type,
            _ if range_kind == "*" && range_subtype == "*" => Rank::Any,
            _ => return None,
        };
        Some((rank, !parameters.split(';').any(is_nothing)))
    });
    ranked.max().and_then(|(rank, accepted)| accepted.then_some(rank))
}

/// `q=0`, which excludes.
fn is_nothing(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or_default();
    name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(accept: &[&str]) -> (bool, bool) {
        let headers: Vec<(&str, &[u8])> = accept.iter().map(|value| ("Accept", value.as_bytes())).collect();
        let request = Request { method: "GET", path: "/", headers: &headers, body: b"" };
        (wants_page(&request), wants_json(&request))
    }

    #[test]
    fn browsers_want_pages_and_programs_json() {
        const PAGE: (bool, bool) = (true, false);
        const JSON: (bool, bool) = (false, true);
        const NEITHER: (bool, bool) = (false, false);
        for (accept, expected) in [
            (&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"][..], PAGE),
            (&["text/html"], PAGE),
            (&["TEXT/HTML;q=0.1"], PAGE),
            (&["text/*"], PAGE),
            (&["application/json", "text/html"], PAGE),
            (&["application/json"], JSON),
            (&["Application/JSON; q=0.5"], JSON),
            (&["application/*"], JSON),
            (&["application/json, text/html;q=0"], JSON),
            (&["*/*, text/html;q=0.0"], JSON),
            (&["application/json, text/*;q=0"], JSON),
            (&["application/json, text/plain, */*"], NEITHER),
            (&["*/*"], NEITHER),
            (&["image/png"], NEITHER),
            (&["application/json;q=0"], NEITHER),
            (&[""], NEITHER),
            (&["json", ";", "/", "\u{e9}/*;q"], NEITHER),
            (&[], NEITHER),
        ] {
            assert_eq!(wants(accept), expected, "{accept:?}");
        }
    }
}
