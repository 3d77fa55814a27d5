//! `portward link issue` on a store: token and row in one step.

use clap::Args;
use portward::LinkRequest;
use portward_store::store::LinkTerms;

use crate::commands::registry::ends::EndsArguments;
use crate::failure::Failure;
use crate::named;
use crate::report::{self, Report};
use crate::store::Links;

/// What only a store keeps of a link.
#[derive(Args, Debug)]
pub(crate) struct TermsArguments {
    /// What the tenant calls it; needs a store, as do the following
    #[arg(long)]
    label: Option<String>,
    /// How often it and all its copies together can be redeemed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    uses: Option<u32>,
    #[command(flatten)]
    ends: EndsArguments,
}

impl TermsArguments {
    fn read(&self) -> Result<LinkTerms, Failure> {
        Ok(LinkTerms { label: self.label.clone(), uses_max: self.uses, expires_at: self.ends.read()? })
    }

    /// Where nobody keeps them, none may be asked for.
    pub(crate) fn none(&self) -> Result<(), Failure> {
        let none = self.label.is_none() && self.uses.is_none() && self.ends.is_empty();
        if none { Ok(()) } else { Err(named::needed()) }
    }
}

pub(crate) fn issue(links: &Links, request: &LinkRequest, terms: &TermsArguments) -> Result<Report, Failure> {
    let (token, link) = links.wait(links.store.issue(request, terms.read()?))?;
    Ok(Report::new()
        .fact("token", token.text())
        .fact("id", report::hex(&token.id()))
        .fact("expires_at", report::time(token.expires_at()))
        .fact("link_check", report::hex(&token.link_check()))
        .fact("label", link.label)
        .fact("ends_at", report::time(link.expires_at))
        .fact("uses_max", link.uses_max)
        .plain(format!("{}\n", token.text())))
}
