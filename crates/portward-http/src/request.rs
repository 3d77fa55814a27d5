use std::borrow::Cow;

/// The longest body of a `POST`, in bytes.
pub const BODY_MAX: usize = 4096;

/// What of a request is looked at.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// As it was sent: methods are case-sensitive.
    pub method: &'a str,
    /// As it was sent, not decoded. What follows a `?` is not looked at.
    pub path: &'a str,
    /// Each header line with its value, in the order they came. Names may be of any case.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// Of a longer body than [`BODY_MAX`] any part that is longer than that will do. Bodies of other methods than `POST` are not looked at.
    pub body: &'a [u8],
}

/// How often something was there that may be there once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found<T> {
    Nothing,
    One(T),
    Several,
}

impl<T> Found<T> {
    pub(crate) fn of(mut all: impl Iterator<Item = T>) -> Self {
        match (all.next(), all.next()) {
            (None, _) => Self::Nothing,
            (Some(one), None) => Self::One(one),
            (Some(_), Some(_)) => Self::Several,
        }
    }
}

impl<'a> Request<'a> {
    /// The values of all lines of this name.
    pub(crate) fn values(&self, name: &'static str) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.headers.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    pub(crate) fn header(&self, name: &'static str) -> Found<&'a [u8]> {
        Found::of(self.values(name))
    }

    /// The cookie of this name. An empty one is there too.
    pub(crate) fn cookie(&self, name: &'static str) -> Found<&'a str> {
        let pairs = self.values("cookie").flat_map(|value| value.split(|byte| *byte == b';'));
        Found::of(pairs.filter_map(move |pair| value_of(pair, name)))
    }
}

/// Only spaces and tabs are trimmed. Whoever trims all that Unicode calls white takes a cookie `\u{2000}__Host-x`, which any
/// subdomain can set, for `__Host-x`, which none can. Without `=` it is a value without a name.
fn value_of<'a>(pair: &'a [u8], name: &str) -> Option<&'a str> {
    let (key, value) = core::str::from_utf8(pair).ok()?.split_once('=')?;
    (key.trim_matches(WHITE) == name).then(|| value.trim_matches(WHITE))
}

const WHITE: [char; 2] = [' ', '\t'];

/// The fields of a form, each at most once.
pub(crate) struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Fields<'a> {
    /// `None` if a field is there twice.
    pub(crate) fn parse(body: &'a [u8]) -> Option<Self> {
        let mut fields: Vec<_> = form_urlencoded::parse(body).collect();
        fields.sort();
        let twice = fields.iter().zip(fields.iter().skip(1)).any(|((one, _), (next, _))| one == next);
        (!twice).then_some(Self(fields))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| &**value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie<'a>(lines: &'a [(&'a str, &'a [u8])]) -> Found<&'a str> {
        Request { method: "GET", path: "/", headers: lines, body: b"" }.cookie("__Host-x")
    }

    #[test]
    fn cookies_are_found_wherever_they_stand() {
        assert_eq!(cookie(&[("Cookie", b"__Host-x=1")]), Found::One("1"));
        assert_eq!(cookie(&[("cookie", b"a=b;__Host-x=1=2 ; c=d")]), Found::One("1=2"));
        assert_eq!(cookie(&[("COOKIE", b"a=b"), ("cookie", b"\t__Host-x=1\t")]), Found::One("1"));
        assert_eq!(cookie(&[("cookie", b"latin=\xe9; __Host-x=1")]), Found::One("1"));
        assert_eq!(cookie(&[("cookie", b" \t__Host-x\t =\t1 ;")]), Found::One("1"));
        assert_eq!(cookie(&[("cookie", b"__Host-x=")]), Found::One(""));
    }

    #[test]
    fn what_is_not_the_cookie_is_not_found() {
        for line in ["", "x=1", "__Host-x", "__host-x=1", "__Host- x=1", "a=__Host-x=1", "=__Host-x=1"] {
            assert_eq!(cookie(&[("cookie", line.as_bytes())]), Found::Nothing, "{line}");
        }
        assert_eq!(cookie(&[("cookies", b"__Host-x=1")]), Found::Nothing);
    }

    /// Any subdomain can set these: browsers see no prefix in them.
    #[test]
    fn a_name_behind_other_white_space_is_another_name() {
        for white in ["\u{2000}", "\u{a0}", "\u{85}", "\u{b}", "\u{c}", "\u{3000}", "\u{feff}"] {
            assert_eq!(cookie(&[("cookie", format!("{white}__Host-x=1").as_bytes())]), Found::Nothing, "{white:?}");
        }
    }

    #[test]
    fn a_cookie_that_is_there_twice_is_said_to_be() {
        assert_eq!(cookie(&[("cookie", b"__Host-x=1; __Host-x=1")]), Found::Several);
        assert_eq!(cookie(&[("cookie", b"__Host-x=1"), ("cookie", b"__Host-x=2")]), Found::Several);
        assert_eq!(cookie(&[("cookie", b"__Host-x=; __Host-x=2")]), Found::Several);
    }

    #[test]
    fn each_field_is_there_once() {
        let fields = Fields::parse(b"nonce=a%5Fb&token=&other=1+2").unwrap();
        assert_eq!(fields.get("nonce"), Some("a_b"));
        assert_eq!(fields.get("token"), Some(""));
        assert_eq!(fields.get("other"), Some("1 2"));
        assert_eq!(fields.get("absent"), None);
        assert!(Fields::parse(b"").is_some());
        for twice in [&b"a=1&a=1"[..], b"a=1&b=2&a=3", b"token=1&%74oken=2", b"a&a", b"=1&=2"] {
            assert!(Fields::parse(twice).is_none());
        }
    }
}
