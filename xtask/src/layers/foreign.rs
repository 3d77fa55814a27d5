//! Which modules of the core may name which third-party crates of a security nature.

use super::source::{Source, Sources};
use super::violation::Violation;

/// Crates, and the modules that may name them.
const HOMES: &[(&[&str], &[&str])] =
    &[(&["hmac", "sha2", "hkdf", "aes_gcm", "argon2", "subtle"], &["primitive"]), (&["getrandom"], &["random"])];

pub(crate) fn check(core: &Sources) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in &core.0 {
        let module = source.module.first().map_or("", String::as_str);
        for reference in &source.references {
            let Some(name) = reference.segments.first() else { continue };
            let Some(homes) = homes(name) else { continue };
            let is_local = core.resolve(reference).is_some() || (reference.binds.is_none() && imports(source, name));
            if !is_local && !homes.contains(&module) {
                let why = format!("only `{}` may name the crate `{name}`", homes.join("`, `"));
                violations.push(Violation { path: source.path.clone(), line: reference.line, why });
            }
        }
    }
    violations
}

fn homes(name: &str) -> Option<&'static [&'static str]> {
    HOMES.iter().find(|(crates, _)| crates.contains(&name)).map(|(_, homes)| *homes)
}

/// Whether the file brings in a module of its own crate under this name.
fn imports(source: &Source, name: &str) -> bool {
    source.references.iter().any(|reference| {
        let first = reference.segments.first().map_or("", String::as_str);
        matches!(first, "crate" | "self" | "super") && reference.binds.as_deref() == Some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(path: &str, text: &str) -> Vec<String> {
        let sources = Sources::of_texts(&[(path, text), ("src/primitive/hmac.rs", "")]);
        check(&sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn cryptography_is_named_in_primitive_alone() {
        let text = "use hmac::{Hmac, Mac};";
        assert!(broken("src/primitive/tag.rs", text).is_empty());
        let expected = "src/token.rs:1: only `primitive` may name the crate `hmac`";
        assert_eq!(broken("src/token.rs", text), [expected, expected]);
        assert_eq!(broken("src/lib.rs", "pub use sha2;").len(), 1);
        assert_eq!(broken("src/token.rs", "extern crate argon2;").len(), 1);
    }

    #[test]
    fn paths_in_code_are_names_too() {
        assert_eq!(broken("src/token.rs", "fn f() { subtle::Choice::from(1) }").len(), 1);
        assert_eq!(broken("src/token.rs", "fn f() -> ::sha2::Sha256 {}").len(), 1);
        assert!(broken("src/token.rs", "fn f(hmac: u8) { subtle(); hmac.max(crate::hmac::X) }").is_empty());
        assert!(broken("src/token.rs", "#[cfg(test)] mod tests { use sha2::Sha256; }").is_empty());
    }

    #[test]
    fn a_module_of_the_same_name_is_no_crate() {
        assert!(broken("src/token.rs", "use crate::primitive::hmac; fn f() { hmac::tag() }").is_empty());
        assert_eq!(broken("src/token.rs", "use crate::primitive::tag; fn f() { hmac::tag() }").len(), 1);
        assert!(broken("src/primitive/mod.rs", "mod hmac; pub use hmac::tag;").is_empty());
    }

    #[test]
    fn randomness_has_its_own_home() {
        assert!(broken("src/random.rs", "use getrandom::fill;").is_empty());
        assert_eq!(broken("src/primitive.rs", "use getrandom::fill;").len(), 1);
    }
}
