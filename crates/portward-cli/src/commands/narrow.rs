//! `portward link narrow`: what a holder can do without a key.

use clap::Args;
use portward::{Narrowing, Resources, UntrustedLink};

use crate::context;
use crate::failure::Failure;
use crate::global::Global;
use crate::read;
use crate::report::{self, Report};

#[derive(Args, Debug)]
pub(crate) struct NarrowArguments {
    /// The link, or - for standard input
    token: String,
    /// Ends at this time, as in 2026-05-01T12:00:00Z, or Unix seconds
    #[arg(long, value_name = "TIME", conflicts_with = "days")]
    until: Option<String>,
    /// Ends this many days from now
    #[arg(long, value_name = "N")]
    days: Option<u64>,
    /// Keeps only these permissions; repeat it
    #[arg(long = "permission", value_name = "NAME")]
    permissions: Vec<String>,
    /// Good for these resources only; repeat it
    #[arg(long = "resource", value_name = "ID")]
    resources: Vec<String>,
    /// Good for this audience only
    #[arg(long)]
    audience: Option<String>,
    /// For whom the copy is: a label, not evidence
    #[arg(long, value_name = "LABEL")]
    recipient: Option<String>,
    /// Lets nobody narrow it further
    #[arg(long)]
    seal: bool,
}

pub(crate) fn run(global: &Global, arguments: &NarrowArguments) -> Result<Report, Failure> {
    let link = UntrustedLink::parse(&read::token(&arguments.token)?)
        .map_err(|error| Failure { public: None, ..error.into() })?;
    let text = link.narrow(&narrowing(global, arguments)?)?;
    let copy = UntrustedLink::parse(&text)?;
    let report = Report::new()
        .fact("token", text.as_str())
        .fact("says_expires_at", report::time(copy.expires_at()))
        .plain(format!("{text}\n"));
    Ok(if let Some(reason) = grants_nothing(&copy) {
        report.note(format!("this copy grants nothing: {reason}"))
    } else if says(&link) == says(&copy) {
        report.note("this copy grants the same as the link: nothing was taken away")
    } else {
        report
    })
}

fn grants_nothing(copy: &UntrustedLink) -> Option<&'static str> {
    if copy.permissions().is_empty() {
        Some("the link had none of these permissions")
    } else if matches!(copy.resources(), Resources::Only(only) if only.is_empty()) {
        Some("the link had none of these resources")
    } else if copy.expires_at() <= context::now().wall {
        Some("it has expired")
    } else {
        None
    }
}

/// All that a holder can change.
fn says(link: &UntrustedLink) -> impl PartialEq + '_ {
    ((link.permissions(), link.resources(), link.expires_at()), (link.audience(), link.recipients(), link.is_sealed()))
}

fn narrowing(global: &Global, arguments: &NarrowArguments) -> Result<Narrowing, Failure> {
    let mut narrowing = Narrowing::new();
    if let Some(until) = &arguments.until {
        narrowing = narrowing.expires_at(read::time(until)?);
    }
    if let Some(days) = arguments.days {
        narrowing = narrowing.expires_at(context::now().wall.saturating_add(read::days(days)));
    }
    if !arguments.permissions.is_empty() {
        // Their bits are the deployment's: its file is needed, its keys are not.
        let deployment = context::directory(global)
            .and_then(|directory| context::deployment(&directory))
            .map_err(|failure| failure.hint("permission names need its deployment.json, and no keyring"))?;
        narrowing = narrowing.permissions(deployment.vocabulary.expand(&arguments.permissions)?);
    }
    if !arguments.resources.is_empty() {
        let resources: Result<Vec<_>, _> = arguments.resources.iter().map(|text| read::identifier(text)).collect();
        narrowing = narrowing.resources(resources?)?;
    }
    if let Some(audience) = read::identifier_of(arguments.audience.as_deref())? {
        narrowing = narrowing.audience(audience);
    }
    if let Some(recipient) = &arguments.recipient {
        narrowing = narrowing.recipient(recipient)?;
    }
    Ok(if arguments.seal { narrowing.seal() } else { narrowing })
}
