//! Every path that a source file names, in `use` declarations and in expressions and types.

use super::lex::{Kind, Token};

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The module the path stands in, inline modules included.
    pub(crate) scope: Vec<String>,
    /// As written, groups taken apart; a glob ends in `*`.
    pub(crate) segments: Vec<String>,
    /// The name a `use` brings in; none for a path used in place.
    pub(crate) binds: Option<String>,
    pub(crate) line: usize,
}

/// The references of a file that is the module `module`.
pub(crate) fn references(tokens: &[Token], module: &[String]) -> Vec<Reference> {
    let mut scanner =
        Scanner { tokens, at: 0, depth: 0, scope: module.to_vec(), inline: Vec::new(), found: Vec::new() };
    while scanner.step() {}
    scanner.found
}

struct Scanner<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    scope: Vec<String>,
    /// The depth inside each open inline module.
    inline: Vec<usize>,
    found: Vec<Reference>,
}

impl Scanner<'_> {
    fn step(&mut self) -> bool {
        let Some(token) = self.tokens.get(self.at) else { return false };
        match &token.kind {
            Kind::Word(word) => self.word(word),
            Kind::Mark('{') => self.open(),
            Kind::Mark('}') => self.close(),
            _ => self.at += 1,
        }
        true
    }

    fn word(&mut self, word: &str) {
        match word {
            "mod" => self.module(),
            // `use<'a>` is a bound, not a declaration.
            "use" if self.mark(self.at + 1) != Some('<') => {
                self.at += 1;
                self.tree(Vec::new());
            }
            "extern" if self.name(self.at + 1) == Some("crate") => {
                self.at += 2;
                self.tree(Vec::new());
            }
            _ => self.path(word),
        }
    }

    fn module(&mut self) {
        if let (Some(name), Some('{')) = (self.name(self.at + 1), self.mark(self.at + 2)) {
            self.scope.push(name.to_owned());
            self.inline.push(self.depth + 1);
            self.at += 1;
        }
        self.at += 1;
    }

    fn open(&mut self) {
        self.depth += 1;
        self.at += 1;
    }

    fn close(&mut self) {
        if self.inline.last() == Some(&self.depth) {
            self.inline.pop();
            self.scope.pop();
        }
        self.depth = self.depth.saturating_sub(1);
        self.at += 1;
    }

    /// One branch of a `use` tree, after `path`; ends before `,`, `}` or `;`.
    fn tree(&mut self, mut path: Vec<String>) {
        let line = self.tokens.get(self.at).map_or(0, |token| token.line);
        let mut alias = None;
        while let Some(token) = self.tokens.get(self.at) {
            match &token.kind {
                Kind::Word(word) if word == "as" => {
                    alias = self.name(self.at + 1).map(str::to_owned);
                    self.at += 1;
                }
                Kind::Word(word) => path.push(word.clone()),
                Kind::Mark('*') => path.push("*".to_owned()),
                Kind::Mark('{') => return self.group(&path),
                Kind::Mark(',' | '}' | ';') => break,
                _ => {}
            }
            self.at += 1;
            if alias.is_some() {
                break;
            }
        }
        let binds = alias.or_else(|| path.iter().rfind(|name| *name != "self").cloned());
        self.found.push(Reference { scope: self.scope.clone(), segments: path, binds, line });
    }

    fn group(&mut self, path: &[String]) {
        self.at += 1;
        loop {
            match self.mark(self.at) {
                Some('}') => break self.at += 1,
                Some(',') => self.at += 1,
                // A file that ends in the middle, or a `use` that is no Rust.
                Some(';') => break,
                _ if self.at >= self.tokens.len() => break,
                _ => self.tree(path.to_vec()),
            }
        }
    }

    /// A path of two or more segments that starts here, unless it continues another one.
    fn path(&mut self, first: &str) {
        let line = self.tokens.get(self.at).map_or(0, |token| token.line);
        let starts = self.starts_path(first);
        let mut segments = vec![first.to_owned()];
        self.at += 1;
        while self.is_separator(self.at) {
            let Some(name) = self.name(self.at + 1) else { break };
            segments.push(name.to_owned());
            self.at += 2;
        }
        if starts && segments.len() > 1 {
            self.found.push(Reference { scope: self.scope.clone(), segments, binds: None, line });
        }
    }

    fn starts_path(&self, first: &str) -> bool {
        match self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map(|token| &token.kind) {
            Some(Kind::Mark('.') | Kind::PathSep) => false,
            Some(Kind::Mark('$')) => first == "crate",
            _ => true,
        }
    }

    fn name(&self, at: usize) -> Option<&str> {
        self.tokens.get(at).and_then(Token::word)
    }

    fn mark(&self, at: usize) -> Option<char> {
        self.tokens.get(at).and_then(Token::mark)
    }

    fn is_separator(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::PathSep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::lex::lex;

    fn paths(text: &str) -> Vec<String> {
        let found = references(&lex(text), &["token".to_owned()]);
        found.iter().map(|reference| reference.segments.join("::")).collect()
    }

    #[test]
    fn use_trees_are_taken_apart() {
        assert_eq!(paths("use crate::id::Id;"), ["crate::id::Id"]);
        let tree = "use crate::{id::{self, Id as I}, time::*,}; use ::sha2 as s;";
        assert_eq!(paths(tree), ["crate::id::self", "crate::id::Id", "crate::time::*", "sha2"]);
        let found = references(&lex(tree), &[]);
        let names: Vec<_> = found.iter().filter_map(|reference| reference.binds.as_deref()).collect();
        assert_eq!(names, ["id", "I", "*", "s"]);
        assert_eq!(paths("extern crate hmac; fn f() -> impl Copy + use<'a> {}"), ["hmac"]);
    }

    #[test]
    fn paths_in_expressions_types_and_macros_are_found() {
        assert_eq!(
            paths("fn f(a: &'a crate::id::Id) { super::key::go::<u8>(a) }"),
            ["crate::id::Id", "super::key::go"]
        );
        assert_eq!(
            paths("<T as hmac::Mac>::new(); ::sha2::f(); $crate::id::m!()"),
            ["hmac::Mac", "sha2::f", "crate::id::m"]
        );
        assert_eq!(paths("x.parse::<u8>(); Vec::<u8>::new(); pub(crate) fn f() {}"), Vec::<String>::new());
    }

    #[test]
    fn inline_modules_are_part_of_the_scope() {
        let found = references(&lex("mod a { mod b { use super::x; } use super::y; } use super::z;"), &[]);
        let depths: Vec<usize> = found.iter().map(|reference| reference.scope.len()).collect();
        assert_eq!(depths, [2, 1, 0]);
    }

    #[test]
    fn unfinished_text_ends() {
        for unfinished in ["use a::{", "use a::{b; c", "use", "use a as", "mod", "}}", "a::"] {
            paths(unfinished);
        }
    }
}
