//! A crate's source files as modules.

use std::fs;
use std::io;
use std::path::Path;

use super::lex::{Token, lex};
use super::production::{Production, production};
use super::reference::{Reference, references};

pub(crate) struct Source {
    /// As shown to people.
    pub(crate) path: String,
    /// Empty for the crate root.
    pub(crate) module: Vec<String>,
    pub(crate) references: Vec<Reference>,
    /// The names of its own items.
    pub(crate) items: Vec<String>,
}

/// All files of one crate but those that only tests have.
pub(crate) struct Sources(pub(crate) Vec<Source>);

impl Sources {
    /// Reads every file below `<folder>/src`.
    pub(crate) fn read(folder: &str) -> io::Result<Self> {
        let mut texts = Vec::new();
        read_folder(Path::new(folder).join("src").as_path(), &mut texts)?;
        texts.sort();
        Ok(Self::of_texts(&texts))
    }

    /// From paths with their text; a file's module is what follows `src/` in its path.
    pub(crate) fn of_texts<S: AsRef<str>>(texts: &[(S, S)]) -> Self {
        let mut sources = Vec::new();
        let mut test_modules = Vec::new();
        for (path, text) in texts.iter().map(|(path, text)| (path.as_ref(), text.as_ref())) {
            let Some(module) = module_of(path) else { continue };
            let Production { tokens, test_modules: names } = production(&lex(text));
            test_modules.extend(names.into_iter().map(|name| [module.clone(), vec![name]].concat()));
            let references = references(&tokens, &module);
            sources.push(Source { path: path.to_owned(), module, references, items: items(&tokens) });
        }
        sources.retain(|source| !test_modules.iter().any(|test| source.module.starts_with(test)));
        Self(sources)
    }

    pub(crate) fn has_module(&self, module: &[String]) -> bool {
        self.0.iter().any(|source| source.module == module)
    }
}

/// Every name that follows an item's keyword.
fn items(tokens: &[Token]) -> Vec<String> {
    let is_item = |word: &str| ITEMS.contains(&word);
    let pairs = tokens.iter().zip(tokens.iter().skip(1));
    let named = pairs.filter(|(keyword, _)| keyword.word().is_some_and(is_item));
    named.filter_map(|(_, name)| name.word().map(str::to_owned)).collect()
}

/// `bin/` holds crates of their own.
fn module_of(path: &str) -> Option<Vec<String>> {
    let (_, inside) = path.split_once("src/")?;
    let mut module: Vec<String> = inside.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    let is_root = module.len() == 1 && module.last().is_some_and(|name| name == "lib" || name == "main");
    if is_root || module.last().is_some_and(|name| name == "mod") {
        module.pop();
    }
    (module.first().is_none_or(|name| name != "bin")).then_some(module)
}

fn read_folder(folder: &Path, texts: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_folder(&path, texts)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push((path.display().to_string(), fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

const ITEMS: &[&str] = &["const", "enum", "fn", "mod", "static", "struct", "trait", "type", "union"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_tests_and_binaries_are_left_out() {
        let sources = Sources::of_texts(&[
            ("src/lib.rs", "#[cfg(test)] mod tests; mod id;"),
            ("src/tests.rs", ""),
            ("src/tests/deep.rs", ""),
            ("src/bin/tool.rs", ""),
            ("src/id.rs", ""),
        ]);
        let paths: Vec<&str> = sources.0.iter().map(|source| source.path.as_str()).collect();
        assert_eq!(paths, ["src/lib.rs", "src/id.rs"]);
    }
}
