//! Who opens links without a person.

/// What scanners, previews and browsers that fetch ahead send.
pub(crate) const FETCHERS: [&[(&str, &str)]; 7] = [
    &[("user-agent", "Mozilla/5.0 (compatible; ms-office; MSOffice 16)")],
    &[("user-agent", "facebookexternalhit/1.1"), ("range", "bytes=0-524287")],
    &[("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch")],
    &[("sec-purpose", "prefetch;anonymous-client-ip")],
    &[("x-moz", "prefetch")],
    &[("x-purpose", "preview")],
    &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
];
