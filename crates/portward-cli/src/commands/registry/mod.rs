//! `portward link` on a store: what it knows of links, and what of them can be changed. `spec/store.md` section 3.

pub(crate) mod edit;
pub(crate) mod ends;
pub(crate) mod facts;
pub(crate) mod history;
pub(crate) mod issue;
pub(crate) mod list;
pub(crate) mod show;
