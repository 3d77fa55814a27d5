//! No two files of a crate may need each other, not even by a detour.

use super::source::Sources;
use super::violation::Violation;

pub(crate) fn check(sources: &Sources) -> Vec<Violation> {
    let arrows = (0..sources.0.len()).map(|file| arrows(sources, file)).collect();
    let mut search =
        Search { sources, arrows, done: vec![false; sources.0.len()], trail: Vec::new(), found: Vec::new() };
    for file in 0..sources.0.len() {
        search.visit(file);
    }
    search.found
}

/// One file's need of another, and the line that shows it.
#[derive(Clone, Copy)]
struct Arrow {
    to: usize,
    line: usize,
}

/// A `mod` line is no arrow, using what is in the module is.
fn arrows(sources: &Sources, file: usize) -> Vec<Arrow> {
    let references = sources.0.get(file).map_or(&[][..], |source| &source.references);
    let targets = references.iter().filter_map(|reference| {
        let to = sources.holder(&sources.resolve(reference)?)?;
        Some(Arrow { to, line: reference.line })
    });
    let mut arrows: Vec<Arrow> = targets.filter(|arrow| arrow.to != file).collect();
    arrows.sort_by_key(|arrow| (arrow.to, arrow.line));
    arrows.dedup_by_key(|arrow| arrow.to);
    arrows
}

/// Depth first; an arrow back into the trail closes a cycle.
struct Search<'a> {
    sources: &'a Sources,
    arrows: Vec<Vec<Arrow>>,
    done: Vec<bool>,
    trail: Vec<usize>,
    found: Vec<Violation>,
}

impl Search<'_> {
    fn visit(&mut self, file: usize) {
        if self.done.get(file).copied().unwrap_or(true) {
            return;
        }
        self.trail.push(file);
        for arrow in self.arrows.get(file).cloned().unwrap_or_default() {
            match self.trail.iter().position(|seen| *seen == arrow.to) {
                Some(start) => self.report(start, arrow),
                None => self.visit(arrow.to),
            }
        }
        self.trail.pop();
        if let Some(done) = self.done.get_mut(file) {
            *done = true;
        }
    }

    fn report(&mut self, start: usize, last: Arrow) {
        let path = |file: &usize| self.sources.0.get(*file).map_or("", |source| source.path.as_str());
        let members = self.trail.iter().skip(start).chain([&last.to]).map(path);
        let why = format!("cycle: {}", members.collect::<Vec<_>>().join(" → "));
        let path = self.trail.last().map(path).unwrap_or_default().to_owned();
        self.found.push(Violation { path, line: last.line, why });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(texts: &[(&str, &str)]) -> Vec<String> {
        check(&Sources::of_texts(texts)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn siblings_may_import_one_way_only() {
        let parent = ("src/token/mod.rs", "mod verify; mod wire; pub use verify::Verifier;");
        let wire = ("src/token/wire.rs", "pub struct Wire;");
        let verify = ("src/token/verify.rs", "use super::wire::Wire;");
        assert!(broken(&[parent, verify, wire]).is_empty());

        let back = ("src/token/wire.rs", "pub struct Wire;\nfn f() { super::verify::check() }");
        let expected = "src/token/wire.rs:2: cycle: src/token/verify.rs → src/token/wire.rs → src/token/verify.rs";
        assert_eq!(broken(&[parent, verify, back]), [expected]);
    }

    #[test]
    fn a_parent_and_its_child_count_as_two() {
        let child = ("src/token/wire.rs", "use super::LIMIT;");
        assert!(broken(&[("src/token.rs", "mod wire; const LIMIT: u8 = 1;"), child]).is_empty());
        let cycle = broken(&[("src/token.rs", "mod wire; const LIMIT: u8 = 1; pub use wire::Wire;"), child]);
        assert_eq!(cycle, ["src/token/wire.rs:1: cycle: src/token.rs → src/token/wire.rs → src/token.rs"]);
    }

    #[test]
    fn a_re_export_hides_no_cycle_and_makes_none() {
        let parent = ("src/key/mod.rs", "mod derive; mod root; pub use derive::Label; pub use root::RootId;");
        let derive = ("src/key/derive.rs", "use crate::key::RootId; pub struct Label;");
        assert!(broken(&[parent, derive, ("src/key/root.rs", "pub struct RootId;")]).is_empty());
        let back = ("src/key/root.rs", "pub struct RootId; use super::Label;");
        let expected = "src/key/root.rs:1: cycle: src/key/derive.rs → src/key/root.rs → src/key/derive.rs";
        assert_eq!(broken(&[parent, derive, back]), [expected]);
    }

    #[test]
    fn detours_are_cycles_and_tests_are_not() {
        let a = ("src/a.rs", "use crate::b::B;");
        let b = ("src/b.rs", "use crate::c::C;");
        assert!(broken(&[a, b, ("src/c.rs", "#[cfg(test)] mod tests { use crate::a::A; }")]).is_empty());
        assert_eq!(broken(&[a, b, ("src/c.rs", "use crate::a::A;")]).len(), 1);
    }

    #[test]
    fn the_crate_root_is_a_file_like_others() {
        let root = ("src/lib.rs", "mod a; pub use a::A;");
        assert!(broken(&[root, ("src/a.rs", "pub struct A;")]).is_empty());
        assert_eq!(broken(&[root, ("src/a.rs", "use crate::Error;")]).len(), 1);
    }
}
