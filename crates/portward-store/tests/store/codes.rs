//! Each code of the store stands on a page.

/// The codes as the sources have them, so that none is forgotten.
const SOURCES: [&str; 3] = [
    include_str!("../../src/store/error.rs"),
    include_str!("../../src/database/error.rs"),
    include_str!("../../src/database/location.rs"),
];

#[test]
fn every_code_stands_on_a_page() {
    let page =
        |name: &str| std::fs::read_to_string(format!("{}/../../spec/{name}.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let pages = ["store", "redeem", "revocation", "token"].map(page).concat();
    // A parameter of a URL looks like one.
    let is_code = |text: &&str| {
        *text != "application_name" && text.contains('_') && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    };
    // What stands between quotation marks is every second piece.
    let codes: Vec<_> =
        SOURCES.iter().flat_map(|source| source.split('"').skip(1).step_by(2)).filter(is_code).collect();
    for known in ["store_timed_out", "link_state", "store_location"] {
        assert!(codes.contains(&known), "{known}: the control");
    }
    let missing: Vec<_> = codes.iter().filter(|code| !pages.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "{missing:?} are on no page");
}
