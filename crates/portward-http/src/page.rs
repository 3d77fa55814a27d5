use core::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::refusal::Refusal;

/// What the page says, and how it looks. The default is English and plain.
///
/// Texts are escaped. What is called HTML is not: it stands in the page as it is, so it must be the application's own. Nothing is
/// loaded from anywhere, and no other script runs.
#[derive(Clone, Debug)]
pub struct PageOptions {
    /// The language of the texts, as in HTML's `lang`.
    pub language: String,
    /// The title and the heading.
    pub title: String,
    /// Above the button.
    pub text: String,
    /// On the button.
    pub button: String,
    /// While a link is looked at.
    pub wait: String,
    /// Where there is no link.
    pub missing: String,
    /// Where there is a link that needs a script, and no script runs.
    pub no_script: String,
    /// For a link that is not whole.
    pub damaged: String,
    /// For a link that is refused.
    pub refused: String,
    /// While the store does not answer.
    pub unavailable: String,
    /// A style sheet. It must not contain `</style`.
    pub style: String,
    /// HTML before the content: a logo as inline SVG, a name.
    pub header_html: String,
    /// HTML behind the content: an imprint.
    pub footer_html: String,
}

impl Default for PageOptions {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            language: text("en"),
            title: text("Your client portal"),
            text: text("Your personal link is ready. Go on to open the portal on this device."),
            button: text("Open the portal"),
            wait: text("One moment …"),
            missing: text("Please open the link in your message once more."),
            no_script: text("This link needs JavaScript. Please allow it for this page, and load it again."),
            damaged: text("This link is not complete. Please copy the whole link from your message."),
            refused: text(
                "This did not work. Please open the link in your message once more. If it does not open, ask for a new one.",
            ),
            unavailable: text("The portal does not answer just now. Please try again in a moment."),
            style: String::new(),
            header_html: String::new(),
            footer_html: String::new(),
        }
    }
}

/// What a page shows first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown<'a> {
    /// The form with this nonce.
    Form(&'a str),
    /// That there is no link, unless the script finds one.
    Missing,
    Refusal(Refusal),
}

/// All pages are one: the script of each finds a link in the fragment, and then shows what fits.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    options: PageOptions,
    /// Where the form is posted to.
    target: String,
    policy: String,
}

impl Page {
    pub(crate) fn new(options: PageOptions, target: String) -> Self {
        // A browser takes the hash of what it has read, and it reads every end of a line as one line feed.
        let options = PageOptions { style: options.style.replace("\r\n", "\n").replace('\r', "\n"), ..options };
        let style =
            if options.style.is_empty() { String::new() } else { format!("style-src '{}'; ", hash(&options.style)) };
        let policy = format!(
            "default-src 'none'; script-src '{}'; {style}connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            hash(SCRIPT)
        );
        Self { options, target, policy }
    }

    /// The value of `Content-Security-Policy`.
    pub(crate) fn policy(&self) -> &str {
        &self.policy
    }

    pub(crate) fn html(&self, shown: Shown<'_>) -> String {
        let PageOptions { style, header_html, footer_html, .. } = &self.options;
        let [language, title] = [&self.options.language, &self.options.title].map(|text| escape(text));
        let style = if style.is_empty() { String::new() } else { format!("<style>{style}</style>\n") };
        let [messages, form] = [self.messages(shown), self.form(shown)];
        format!(
            r#"<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{style}</head>
<body>
{header_html}<main>
<h1>{title}</h1>
<div role="status">
{messages}</div>
{form}</main>
{footer_html}<script>{SCRIPT}</script>
</body>
</html>
"#
        )
    }

    fn messages(&self, shown: Shown<'_>) -> String {
        let options = &self.options;
        let rows = [
            ("wait", &options.wait, false),
            ("missing", &options.missing, shown == Shown::Missing),
            ("damaged", &options.damaged, shown == Shown::Refusal(Refusal::Damaged)),
            ("refused", &options.refused, shown == Shown::Refusal(Refusal::Refused)),
            ("unavailable", &options.unavailable, shown == Shown::Refusal(Refusal::Unavailable)),
        ];
        let mut html = String::new();
        for (name, text, is_shown) in rows {
            let _ = writeln!(html, r#"<p data-portward="{name}"{}>{}</p>"#, hidden_unless(is_shown), escape(text));
        }
        if shown == Shown::Missing {
            let _ = writeln!(html, "<noscript><p>{}</p></noscript>", escape(&options.no_script));
        }
        html
    }

    fn form(&self, shown: Shown<'_>) -> String {
        let nonce = if let Shown::Form(nonce) = shown { nonce } else { "" };
        let hidden = hidden_unless(matches!(shown, Shown::Form(_)));
        let [nonce, target, text, button] = [nonce, &self.target, &self.options.text, &self.options.button].map(escape);
        format!(
            r#"<form id="portward" data-portward="form" method="post" action="{target}" autocomplete="off"{hidden}>
<p>{text}</p>
<input type="hidden" name="nonce" value="{nonce}">
<input type="hidden" name="token" disabled>
<button>{button}</button>
</form>
"#
        )
    }
}

const fn hidden_unless(shown: bool) -> &'static str {
    if shown { "" } else { " hidden" }
}

/// For text between tags and in attributes between double quotes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// A hash as a source of Content Security Policy. It allows exactly this text between the tags.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

const SCRIPT: &str = include_str!("page.js");

#[cfg(test)]
mod tests {
    use super::*;

    fn page(options: PageOptions) -> Page {
        Page::new(options, "/portal/redeem".to_owned())
    }

    /// What stands between the tags, as a browser would hash it.
    fn between<'a>(html: &'a str, open: &str, close: &str) -> &'a str {
        html.split_once(open).unwrap().1.split_once(close).unwrap().0
    }

    const ALL: [Shown<'_>; 5] = [
        Shown::Form("pwn_a"),
        Shown::Missing,
        Shown::Refusal(Refusal::Damaged),
        Shown::Refusal(Refusal::Refused),
        Shown::Refusal(Refusal::Unavailable),
    ];

    /// The expected hash was made with `openssl dgst -sha256 -binary page.js | base64`.
    #[test]
    fn the_policy_allows_the_script_of_the_page_and_nothing_else() {
        let page = page(PageOptions::default());
        assert_eq!(
            page.policy(),
            "default-src 'none'; script-src 'sha256-6PRg7jNIighwaiNm0lchOvQjUhYfB0f1h71NBmYhyhU='; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        );
        assert!(!SCRIPT.contains(['\r', '\0']) && !SCRIPT.to_ascii_lowercase().contains("</script"));
        for shown in ALL {
            let html = page.html(shown);
            assert_eq!((html.matches("<script").count(), between(&html, "<script>", "</script>")), (1, SCRIPT));
        }
    }

    #[test]
    fn a_style_sheet_is_allowed_by_its_hash() {
        let styled = page(PageOptions { style: "p {\r\n  color: red\r}".to_owned(), ..PageOptions::default() });
        assert_eq!(between(&styled.html(Shown::Missing), "<style>", "</style>"), "p {\n  color: red\n}");
        assert!(styled.policy().contains(&format!("; style-src '{}'; ", hash("p {\n  color: red\n}"))));
        assert!(!page(PageOptions::default()).html(Shown::Missing).contains("<style"));
    }

    #[test]
    fn each_page_shows_one_thing() {
        let page = page(PageOptions::default());
        let shows = |shown| {
            let html = page.html(shown);
            let mut names =
                html.split("data-portward=\"").skip(1).map(|part| part.split_once('>').unwrap().0.to_owned());
            let visible: Vec<_> = names.by_ref().filter(|tag| !tag.ends_with(" hidden")).collect();
            assert_eq!(visible.len(), 1, "{visible:?}");
            visible[0].split_once('"').unwrap().0.to_owned()
        };
        assert_eq!(ALL.map(shows), ["form", "missing", "damaged", "refused", "unavailable"]);
    }

    #[test]
    fn the_form_posts_the_nonce_and_no_empty_token() {
        let html = page(PageOptions::default()).html(Shown::Form("pwn_a\"<"));
        assert!(html.contains(r#"method="post" action="/portal/redeem" autocomplete="off">"#));
        assert!(html.contains(r#"<input type="hidden" name="nonce" value="pwn_a&quot;&lt;">"#));
        assert!(html.contains(r#"<input type="hidden" name="token" disabled>"#));
    }

    #[test]
    fn texts_are_escaped_and_html_is_not() {
        let evil = || "</p><script>&\"'".to_owned();
        let texts = PageOptions {
            language: evil(),
            title: evil(),
            text: evil(),
            button: evil(),
            wait: evil(),
            missing: evil(),
            no_script: evil(),
            damaged: evil(),
            refused: evil(),
            unavailable: evil(),
            style: String::new(),
            header_html: "<header>A &amp; B</header>\n".to_owned(),
            footer_html: "<footer>C</footer>\n".to_owned(),
        };
        let page = page(texts);
        for shown in ALL {
            let html = page.html(shown);
            assert_eq!(html.matches("<script>").count(), 1);
            assert!(html.contains("&lt;/p&gt;&lt;script&gt;&amp;&quot;&#39;"));
            assert!(html.contains("<body>\n<header>A &amp; B</header>\n<main>"));
            assert!(html.contains("</main>\n<footer>C</footer>\n<script>"));
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let page = page(PageOptions::default());
        for shown in ALL {
            let html = page.html(shown);
            for word in ["src=", "href=", "http:", "https:", "//", "@import", "url("] {
                let own = html.matches(word).count();
                // The script's comments begin with two slashes.
                assert_eq!(own, SCRIPT.matches(word).count(), "{word}");
            }
        }
    }
}
