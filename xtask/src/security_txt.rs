//! `cargo xtask security-txt`: the file of RFC 9116 that says where holes are reported.

use std::io;

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// RFC 9116 section 2.5.5 recommends less than a year: who reads an older one would write to nobody.
const DAYS_MAX: i64 = 365;

pub(crate) fn run(arguments: &[&str]) -> io::Result<bool> {
    let ["--contact", contact, "--days", days] = arguments else {
        return Err(io::Error::other("usage: cargo xtask security-txt --contact URI --days N"));
    };
    let text = text(contact, days, OffsetDateTime::now_utc()).map_err(io::Error::other)?;
    print!("{text}");
    Ok(true)
}

fn text(contact: &str, days: &str, now: OffsetDateTime) -> Result<String, &'static str> {
    let known = ["mailto:", "https://", "tel:"].iter().find_map(|scheme| contact.strip_prefix(scheme));
    let good = known.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic()));
    if !good {
        return Err("the contact is a URI: mailto:…, https://… or tel:…");
    }
    let days = days.parse().ok().filter(|days| (1..=DAYS_MAX).contains(days)).ok_or("the days are from 1 to 365")?;
    let whole = now.replace_nanosecond(0).map_err(|_| "the clock is out of range")?;
    let expires = whole.checked_add(Duration::days(days)).and_then(|end| end.format(&Rfc3339).ok());
    let expires = expires.ok_or("the clock is out of range")?;
    Ok(format!("Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(contact: &str, days: &str) -> Result<String, &'static str> {
        text(contact, days, OffsetDateTime::from_unix_timestamp_nanos(1_790_000_000_123_000_000).unwrap())
    }

    #[test]
    fn it_has_a_contact_and_an_end() {
        let expected =
            "Contact: mailto:security@portal.example\nExpires: 2027-03-20T14:13:20Z\nPreferred-Languages: en\n";
        assert_eq!(made("mailto:security@portal.example", "180").as_deref(), Ok(expected));
        assert!(made("https://portal.example/security", "1").is_ok());
    }

    #[test]
    fn without_a_contact_or_with_a_far_end_there_is_none() {
        for (contact, days) in [
            ("", "180"),
            ("security@portal.example", "180"),
            ("mailto:", "180"),
            ("mailto:a b", "180"),
            ("mailto:a\nExpires: 2099", "180"),
            ("mailto:security@portal.example", "0"),
            ("mailto:security@portal.example", "366"),
            ("mailto:security@portal.example", "many"),
        ] {
            assert!(made(contact, days).is_err(), "{contact} {days}");
        }
    }
}
