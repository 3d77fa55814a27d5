use core::fmt;

use portward::Audience;

use crate::page::{Page, PageOptions};

/// What a portal can be told besides its origin.
#[derive(Clone, Debug)]
pub struct RulesOptions {
    /// Below which path the routes lie: `/portal` by default. It begins with `/` and does not end in one.
    pub path: String,
    /// The page.
    pub page: PageOptions,
}

impl Default for RulesOptions {
    fn default() -> Self {
        Self { path: "/portal".to_owned(), page: PageOptions::default() }
    }
}

/// The rules of `spec/redeem.md` section 4, for one host. They do no I/O, and know neither a key nor the time.
///
/// ```
/// use portward_http::{Rules, RulesOptions};
///
/// let rules = Rules::new("https://portal.example", RulesOptions::default())?;
/// assert_eq!(rules.link_url("pwl_abc"), "https://portal.example/portal/pwl_abc");
/// assert_eq!(rules.link_url_fragment("pwl_abc"), "https://portal.example/portal#pwl_abc");
/// # Ok::<(), portward_http::RulesError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rules {
    pub(crate) origin: String,
    pub(crate) path: String,
    pub(crate) page: Page,
}

/// Why there are no rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RulesError {
    /// The origin is not `https://host` or `https://host:port` as a browser writes it; `http://` is for `localhost` alone.
    Origin,
    /// The path does not begin with `/`, ends in one, or has another character than letters, digits, `-`, `.`, `_`, `~`, `/`.
    Path,
    /// The style sheet contains `</style`.
    Style,
}

impl Rules {
    /// The rules for a host. The origin is what a browser sends as `Origin`: `https://portal.example`.
    ///
    /// # Errors
    /// [`RulesError::Origin`], [`RulesError::Path`], [`RulesError::Style`].
    pub fn new(origin: &str, options: RulesOptions) -> Result<Self, RulesError> {
        let RulesOptions { path, page } = options;
        if !is_origin(origin) {
            return Err(RulesError::Origin);
        }
        if !is_path(&path) {
            return Err(RulesError::Path);
        }
        if page.style.to_ascii_lowercase().contains("</style") {
            return Err(RulesError::Style);
        }
        let page = Page::new(page, format!("{path}/redeem"));
        Ok(Self { origin: origin.to_owned(), path, page })
    }

    /// The path that the routes lie below.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The address of a link. Every server and proxy on its way sees the token, and may log it.
    pub fn link_url(&self, token: &str) -> String {
        format!("{}{}/{token}", self.origin, self.path)
    }

    /// The address of a link with the token in the fragment, which no server and no proxy sees. It needs a script.
    pub fn link_url_fragment(&self, token: &str) -> String {
        format!("{}{}#{token}", self.origin, self.path)
    }
}

/// As browsers write it, in lower case and without the scheme's own port: it is compared, not interpreted.
pub(crate) fn is_origin(text: &str) -> bool {
    let (authority, own_port) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(authority), _) => (authority, ":443"),
        (None, Some(authority)) if authority == "localhost" || authority.starts_with("localhost:") => {
            (authority, ":80")
        }
        _ => return false,
    };
    let is_plain = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b':' | b'[' | b']');
    !authority.is_empty()
        && !authority.starts_with(':')
        && !authority.ends_with([':', '.'])
        && !authority.ends_with(own_port)
        && authority.bytes().all(is_plain)
}

pub(crate) fn is_path(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_segment = |segment: &str| !segment.trim_matches('.').is_empty() && segment.bytes().all(is_plain);
    text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_segment))
}

impl RulesError {
    /// Every variant, for tables and parity tests.
    pub const ALL: &'static [Self] = &[Self::Origin, Self::Path, Self::Style];

    /// The stable code, the same in every language.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Origin => "origin_malformed",
            Self::Path => "path_malformed",
            Self::Style => "style_malformed",
        }
    }

    /// Who has to act.
    pub const fn audience(self) -> Audience {
        Audience::Caller
    }
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Origin => "an origin is https://host or https://host:port as a browser writes it, with nothing behind; http:// is for localhost alone",
            Self::Path => {
                "the path does not begin with a slash, ends in one, or has a character that a browser would encode"
            }
            Self::Style => "the style sheet would end the element that it stands in",
        })
    }
}

impl core::error::Error for RulesError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(origin: &str, path: &str, style: &str) -> Result<(), &'static str> {
        let page = PageOptions { style: style.to_owned(), ..PageOptions::default() };
        Rules::new(origin, RulesOptions { path: path.to_owned(), page }).map(drop).map_err(RulesError::code)
    }

    #[test]
    fn origins_are_of_https_as_browsers_write_them() {
        for good in [
            "https://portal.example",
            "https://portal.example:8443",
            "https://localhost:8443",
            "https://[::1]:8443",
            "https://127.0.0.1",
            "http://localhost",
            "http://localhost:3000",
        ] {
            assert_eq!(rules(good, "/portal", ""), Ok(()), "{good}");
        }
        for bad in [
            "",
            "portal.example",
            "https://",
            "https://:8443",
            "https://portal.example:",
            "https://portal.example.",
            "https://portal.example:443",
            "https://portal.example/",
            "https://Portal.example",
            "https://user@portal.example",
            "https://pörtal.example",
            "http://portal.example",
            "http://localhost.evil.example",
            "http://localhost:80",
            "http://127.0.0.1",
            "null",
        ] {
            assert_eq!(rules(bad, "/portal", ""), Err("origin_malformed"), "{bad}");
        }
    }

    #[test]
    fn paths_are_what_a_browser_leaves_as_it_is() {
        for good in ["/portal", "/p", "/a/b-c_d~e.f", "/.well-known/portal"] {
            assert_eq!(rules("https://portal.example", good, ""), Ok(()), "{good}");
        }
        for bad in [
            "", "/", "portal", "/portal/", "//portal", "/a//b", "/a/../b", "/.", "/a b", "/a%20b", "/ä", "/a?b",
            "/a#b", "/{a}",
        ] {
            assert_eq!(rules("https://portal.example", bad, ""), Err("path_malformed"), "{bad}");
        }
    }

    #[test]
    fn a_style_sheet_stays_in_its_element() {
        assert_eq!(rules("https://portal.example", "/portal", "p { color: red }"), Ok(()));
        assert_eq!(rules("https://portal.example", "/portal", "</STYLE><script>"), Err("style_malformed"));
    }
}
