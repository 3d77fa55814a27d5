//! Where the paths of a crate lead, re-exports followed.

use super::reference::Reference;
use super::source::Sources;

impl Sources {
    /// The absolute path inside the crate to where the item itself is, or nothing if it leads elsewhere.
    pub(crate) fn resolve(&self, reference: &Reference) -> Option<Vec<String>> {
        let mut path = self.absolute(reference)?;
        // Rust allows circular re-exports, so the number of steps has a limit.
        for _ in 0..RE_EXPORTS_MAX {
            let Some(next) = self.follow(&path) else { break };
            path = next;
        }
        Some(path)
    }

    fn absolute(&self, reference: &Reference) -> Option<Vec<String>> {
        let (first, rest) = reference.segments.split_first()?;
        let mut path = reference.scope.clone();
        match first.as_str() {
            "crate" => path.clear(),
            "self" => {}
            "super" => drop(path.pop()),
            child => {
                path.push(child.to_owned());
                if !self.has_module(&path) {
                    return None;
                }
            }
        }
        for segment in rest {
            match segment.as_str() {
                "super" => drop(path.pop()),
                "self" | "*" => {}
                name => path.push(name.to_owned()),
            }
        }
        Some(path)
    }

    /// One step through a re-export: `key::RootId` is `key::root::RootId` if `key` says `use root::RootId`.
    fn follow(&self, path: &[String]) -> Option<Vec<String>> {
        let source = self.0.get(self.holder(path)?)?;
        let (name, rest) = path.get(source.module.len()..)?.split_first()?;
        let is_here = |reference: &&Reference| reference.scope == source.module;
        let mut here = source.references.iter().filter(is_here);
        if let Some(import) = here.find(|reference| reference.binds.as_ref() == Some(name)) {
            return Some([self.absolute(import)?.as_slice(), rest].concat());
        }
        let globs =
            source.references.iter().filter(is_here).filter(|reference| reference.binds.as_deref() == Some("*"));
        let mut modules = globs.filter_map(|reference| self.absolute(reference));
        let module = modules.find(|module| !source.items.contains(name) && self.offers(module, name))?;
        Some([module.as_slice(), std::slice::from_ref(name), rest].concat())
    }

    fn offers(&self, module: &[String], name: &String) -> bool {
        let source = self.0.iter().find(|source| source.module == module);
        source.is_some_and(|source| {
            let imports = source.references.iter().any(|reference| reference.binds.as_ref() == Some(name));
            imports || source.items.contains(name)
        })
    }

    /// The index of the file that holds an absolute path: the longest module it starts with.
    pub(crate) fn holder(&self, path: &[String]) -> Option<usize> {
        let holds = self.0.iter().enumerate().filter(|(_, source)| path.starts_with(&source.module));
        holds.max_by_key(|(_, source)| source.module.len()).map(|(index, _)| index)
    }
}

const RE_EXPORTS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(sources: &Sources, file: usize) -> Vec<Option<String>> {
        let references = &sources.0[file].references;
        references.iter().map(|reference| sources.resolve(reference).map(|path| path.join("::"))).collect()
    }

    #[test]
    fn paths_lead_to_modules() {
        let sources = Sources::of_texts(&[
            ("src/lib.rs", "mod token; pub use token::Limit;"),
            ("src/token/mod.rs", "mod wire; use wire::Wire; use self::wire::W; use std::fmt; use super::id::Id;"),
            ("src/token/wire.rs", "use super::*; use super::super::id; use crate::token::wire; use hmac::Mac;"),
        ]);
        let some = |path: &str| Some(path.to_owned());
        assert_eq!(resolved(&sources, 0), [some("token::Limit")]);
        assert_eq!(resolved(&sources, 1), [some("token::wire::Wire"), some("token::wire::W"), None, some("id::Id")]);
        assert_eq!(resolved(&sources, 2), [some("token"), some("id"), some("token::wire"), None]);
        assert_eq!(sources.holder(&["token".to_owned(), "wire".to_owned(), "Wire".to_owned()]), Some(2));
        assert_eq!(sources.holder(&["token".to_owned(), "Token".to_owned()]), Some(1));
        assert_eq!(sources.holder(&["Token".to_owned()]), Some(0));
    }

    #[test]
    fn re_exports_lead_to_the_item() {
        let sources = Sources::of_texts(&[
            ("src/lib.rs", "mod key; mod token; pub use key::*; pub use token::*;"),
            ("src/key/mod.rs", "mod root; pub use root::{Id as RootId, State}; const LIMIT: u8 = 1;"),
            ("src/key/root.rs", "pub struct Id; pub enum State {}"),
            (
                "src/token.rs",
                "use crate::{RootId, LIMIT, Absent}; use crate::key::State; use crate::token::Loop as Loop;",
            ),
        ]);
        let some = |path: &str| Some(path.to_owned());
        let expected = ["key::root::Id", "key::LIMIT", "Absent", "key::root::State", "token::Loop"].map(some);
        assert_eq!(resolved(&sources, 3), expected);
    }
}
