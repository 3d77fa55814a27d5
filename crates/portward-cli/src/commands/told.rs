//! What a revocation did, and what its caller may not have meant.

use portward::{Change, Identifier, Standing, Unit};

use crate::commands::stored;
use crate::commands::target::{Act, Origin, Target};
use crate::context::Portal;
use crate::failure::Failure;
use crate::report::{self, Report};

/// Of one link, copy or session, as it stands before the change.
pub(crate) fn told(portal: &Portal, act: Act, unit: Unit, target: &Target) -> Result<Report, Failure> {
    let (fact, with) = match (act, unit) {
        (Act::Revoke, Unit::Link) => ("revoked", ", with its copies and sessions"),
        (Act::Revoke, Unit::Copy) => ("revoked", ", with what was narrowed from it"),
        (Act::Revoke, Unit::Session) => ("revoked", ""),
        (Act::Pause, _) => ("paused", ""),
        (Act::Restore, _) => ("restored", ""),
    };
    let name = report::unit(unit);
    let what = format!("{name} {} of {}{with}", report::hex(&target.id), target.tenant);
    let mut report = Report::new().fact(fact, what);
    if target.origin == Origin::Named {
        report = seen(report, portal, &target.tenant)?;
    }
    if target.origin == Origin::Copy && unit == Unit::Link && act != Act::Restore {
        report = report.note("this was a copy: the whole link is meant; revoke copy is for one copy");
    }
    let standing = portal.authority.view().entries_of(&target.tenant).standing(unit, target.id);
    Ok(match (act, standing) {
        (Act::Restore, Standing::Revoked) => report.note(format!("this {name} is revoked for good: it stays refused")),
        (Act::Restore, Standing::Good) => report.note(format!("this {name} was not paused")),
        (Act::Pause, Standing::Revoked) => report.note(format!("this {name} is revoked for good already")),
        (Act::Revoke | Act::Pause, _) if target.expires_at <= portal.now.wall => report
            .note("this expiry is past: view collect drops the entry, and a token that lives longer is good again"),
        _ => report,
    })
}

/// A mistyped tenant would refuse nothing.
pub(crate) fn seen(report: Report, portal: &Portal, tenant: &Identifier) -> Result<Report, Failure> {
    let is_of = |change: &Change| matches!(change, Change::Tenant(known, _) if known == tenant);
    let has_links = portal.links.as_ref().map(|links| stored::knows(links, *tenant)).transpose()?;
    if has_links == Some(true) || portal.authority.view().to_changes().iter().any(is_of) {
        return Ok(report);
    }
    Ok(report.note(format!("the view knew nothing of a tenant {tenant} before: is it spelt right?")))
}
