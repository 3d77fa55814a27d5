//! The order of the core's modules: each may import only those of earlier ranks.

use super::source::Sources;
use super::violation::Violation;

const ORDER: &[&[&str]] = &[
    &["error"],
    &["id", "time", "secret"],
    &["random"],
    &["codec"],
    &["primitive"],
    &["key"],
    &["revocation"],
    &["token"],
    &["envelope"],
    &["audit"],
];

pub(crate) fn check(core: &Sources) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in &core.0 {
        // The crate root is the tour of all modules.
        let Some(own) = source.module.first() else { continue };
        let mut report = |line, why| violations.push(Violation { path: source.path.clone(), line, why });
        let Some(own_rank) = rank(own) else {
            report(1, format!("`{own}` has no rank in the order of modules"));
            continue;
        };
        for reference in &source.references {
            let Some(path) = core.resolve(reference) else { continue };
            let other = path.first().map_or("", String::as_str);
            let why = match rank(other) {
                Some(rank) if rank < own_rank || other == own => continue,
                Some(rank) if rank == own_rank => format!("`{own}` may not import `{other}`, which stands beside it"),
                Some(_) => format!("`{own}` may not import `{other}`, which stands after it"),
                None if core.has_module(&[other.to_owned()]) => {
                    format!("`{other}` has no rank in the order of modules")
                }
                None => format!("`{}` is not in a module; name where it comes from", reference.segments.join("::")),
            };
            report(reference.line, why);
        }
    }
    violations
}

fn rank(module: &str) -> Option<usize> {
    ORDER.iter().position(|rank| rank.contains(&module))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The violations of one file beside a core in which every module exists.
    fn broken(path: &str, text: &str) -> Vec<String> {
        let mut texts: Vec<(String, String)> = vec![(path.to_owned(), text.to_owned())];
        texts.extend(ORDER.iter().copied().flatten().map(|name| (format!("src/{name}/mod.rs"), String::new())));
        check(&Sources::of_texts(&texts)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn imports_point_up_the_order() {
        assert!(broken("src/token.rs", "use crate::{error::E, key::Key, revocation::View};").is_empty());
        let expected = ["src/token.rs:2: `token` may not import `envelope`, which stands after it"];
        assert_eq!(broken("src/token.rs", "use crate::{error::E,\nenvelope::Seal};"), expected);
    }

    #[test]
    fn siblings_of_one_rank_stay_apart() {
        assert!(broken("src/id.rs", "use crate::id::Id; use crate::error::E; use time::Date;").is_empty());
        let expected = ["src/id.rs:1: `id` may not import `time`, which stands beside it"];
        assert_eq!(broken("src/id.rs", "use super::time::Timestamp;"), expected);
    }

    #[test]
    fn paths_in_code_count_as_imports() {
        assert!(broken("src/key/file.rs", "fn f() { super::Key::new(); super::super::codec::hex() }").is_empty());
        let expected = ["src/key/file.rs:1: `key` may not import `token`, which stands after it"];
        assert_eq!(broken("src/key/file.rs", "fn f() { super::super::token::parse() }"), expected);
        assert_eq!(broken("src/key/file.rs", "fn f() { crate::token::parse() }"), expected);
    }

    #[test]
    fn tests_and_documentation_are_free() {
        let free = "/// See [`crate::audit::Log`].\n#[cfg(test)]\nmod tests { use crate::audit::Log; }";
        assert!(broken("src/error.rs", free).is_empty());
        assert_eq!(broken("src/error.rs", "mod tests { use crate::audit::Log; }").len(), 1);
    }

    #[test]
    fn the_crate_root_is_no_way_round() {
        assert!(broken("src/lib.rs", "pub use token::Token; pub use crate::audit::Log;").is_empty());
        let expected = ["src/key.rs:1: `crate::Token` is not in a module; name where it comes from"];
        assert_eq!(broken("src/key.rs", "use crate::Token;"), expected);
        assert_eq!(broken("src/key.rs", "use super::*;").len(), 1);

        let core = |text: &str| {
            let root = ("src/lib.rs", "pub use error::Fault; pub use token::Token;");
            let modules = [("src/error.rs", "pub enum Fault {}"), ("src/token.rs", "pub struct Token;")];
            check(&Sources::of_texts(&[root, modules[0], modules[1], ("src/key.rs", text)])).len()
        };
        assert_eq!(core("use crate::Fault;"), 0);
        assert_eq!(core("use crate::Token;"), 1);
    }

    #[test]
    fn a_new_module_needs_a_rank() {
        assert_eq!(broken("src/util.rs", ""), ["src/util.rs:1: `util` has no rank in the order of modules"]);
        assert!(broken("src/key/util.rs", "").is_empty());
    }
}
