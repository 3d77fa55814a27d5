//! Codes with the variants that they are of, and what variants there are in public.

use std::any::type_name;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;

use portward_bridge::Error;

use crate::listing::{Listing, exception};

#[derive(Default)]
pub(crate) struct Told {
    pub(crate) listing: Listing,
    /// Of each type, whose own name is enough here.
    pub(crate) variants: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Told {
    pub(crate) fn all<E: Into<Error> + Clone + Debug>(&mut self, errors: &[E]) {
        self.listing.all(errors);
        errors.iter().for_each(|error| self.variant(error));
    }

    pub(crate) fn arguments<E: Into<Error> + Clone + Debug>(&mut self, errors: &[E]) {
        self.listing.arguments(errors);
        errors.iter().for_each(|error| self.variant(error));
    }

    /// What comes as a variant of something else.
    pub(crate) fn within<E: Copy + Debug, O: Into<Error> + Clone + Debug>(
        &mut self,
        errors: &[E],
        outer: impl Fn(E) -> O,
    ) {
        errors.iter().for_each(|error| self.variant(error));
        self.all(&errors.iter().map(|error| outer(*error)).collect::<Vec<_>>());
    }

    /// What cannot be made here: of the class that all of its type are of.
    pub(crate) fn by_hand<E>(&mut self, code: &'static str, variant: &str, like: impl Into<Error>) {
        self.listing.add(code, exception(&like.into()));
        self.variants.entry(own_name::<E>()).or_default().insert(variant.to_owned());
    }

    pub(crate) fn variant<E: Debug>(&mut self, error: &E) {
        let text = format!("{error:?}");
        let name = text.split('(').next().unwrap_or_default().to_owned();
        self.variants.entry(own_name::<E>()).or_default().insert(name);
    }
}

fn own_name<E>() -> &'static str {
    type_name::<E>().rsplit("::").next().unwrap_or_default()
}

/// Each type that has a code, and its variants.
pub(crate) fn public_errors() -> BTreeMap<String, BTreeSet<String>> {
    let listings = ["portward", "portward-store", "portward-http", "portward-kms"];
    let listings = listings.map(|name| fs::read_to_string(format!("../../docs/api/{name}.txt")).unwrap_or_default());
    let lines: Vec<&str> = listings.iter().flat_map(|listing| listing.lines()).collect();
    let codes = lines.iter().filter_map(|line| line.split_once("::code(")?.0.rsplit(' ').next());
    let variants = |of: &str| {
        let prefix = format!("pub {of}::");
        let lines = lines.iter().filter_map(|line| line.strip_prefix(&prefix));
        lines.map(|rest| rest.split('(').next().unwrap_or_default().to_owned()).collect()
    };
    codes.map(|of| (of.rsplit("::").next().unwrap_or_default().to_owned(), variants(of))).collect()
}
