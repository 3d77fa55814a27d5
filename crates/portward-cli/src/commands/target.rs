//! What a revocation is about: a token in hand, or what a log or registry kept of it.

use clap::Args;
use portward::{EntryId, Identifier, Kind, Timestamp, Unit, UntrustedLink};

use crate::context::Portal;
use crate::failure::Failure;
use crate::read;

#[derive(Args, Debug)]
pub(crate) struct TargetArguments {
    /// The token itself, or - for standard input; else say --tenant and --id, and --expires if known
    #[arg(required_unless_present = "id", conflicts_with_all = ["tenant", "id", "expires", "link"])]
    token: Option<String>,
    /// Its tenant
    #[arg(long, requires = "id")]
    tenant: Option<String>,
    /// Its id: 32 hexadecimal digits
    #[arg(long, requires = "tenant", value_name = "HEX")]
    id: Option<String>,
    /// When it was signed to expire, as in 2026-05-01T12:00:00Z, or Unix seconds; of a copy, when its link was. Later is safe, earlier is not
    #[arg(long, requires = "id", value_name = "TIME")]
    expires: Option<String>,
    /// The id of the link that a copy or session is of: then the store writes it into that link's history
    #[arg(long, requires = "id", value_name = "HEX")]
    link: Option<String>,
    /// The audience that the token states
    #[arg(long)]
    audience: Option<String>,
}

/// Tenant, id, and a time that is not before the signed expiry of the head.
pub(crate) struct Target {
    pub(crate) tenant: Identifier,
    pub(crate) id: EntryId,
    /// The link that it is, or is of, if that is known.
    pub(crate) link: Option<EntryId>,
    pub(crate) expires_at: Timestamp,
    pub(crate) origin: Origin,
}

/// What is to be done with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Act {
    Revoke,
    Pause,
    Restore,
}

/// Where a target is known from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// Tenant and id were typed.
    Named,
    /// A link or session in hand.
    Whole,
    /// A copy in hand.
    Copy,
}

impl TargetArguments {
    pub(crate) fn resolve(&self, portal: &Portal, unit: Unit) -> Result<Target, Failure> {
        if let Some(token) = &self.token {
            let audience = read::identifier_of(self.audience.as_deref())?;
            return of_token(portal, unit, &read::token(token)?, audience);
        }
        let (Some(tenant), Some(id)) = (&self.tenant, &self.id) else { return Err(missing()) };
        // Without a time: as long as anything signed up to now can live.
        let expires_at = self.expires.as_deref().map(read::time).transpose()?;
        let longest = || portal.now.wall.saturating_add(portal.deployment.link.ceiling()).min(Timestamp::WIRE_MAX);
        let expires_at = expires_at.unwrap_or_else(longest);
        let link = self.link.as_deref().map(read::entry_id).transpose()?;
        Ok(Target {
            tenant: read::identifier(tenant)?,
            id: read::entry_id(id)?,
            link,
            expires_at,
            origin: Origin::Named,
        })
    }
}

/// Only an authentic token tells whose it is. Whether it is revoked or paused already does not matter.
pub(crate) fn of_token(
    portal: &Portal,
    unit: Unit,
    text: &str,
    audience: Option<Identifier>,
) -> Result<Target, Failure> {
    if unit == Unit::Session {
        let session = portal.verifier_of_origin(audience)?.verify_session(text, portal.now)?;
        return Ok(Target {
            tenant: *session.tenant(),
            id: session.token_id(),
            link: Some(session.link_id()),
            // Those renewed from it have its id, and end by then.
            expires_at: portal.now.wall.saturating_add(portal.deployment.session.ceiling()).min(Timestamp::WIRE_MAX),
            origin: Origin::Whole,
        });
    }
    let stated = UntrustedLink::parse(text)?.audience().copied();
    let link = portal.verifier_of_origin(audience.or(stated))?.verify_link(text, portal.now)?;
    debug_assert_eq!(link.kind(), Kind::Link, "a session was refused above");
    let origin = if link.copies().is_empty() { Origin::Whole } else { Origin::Copy };
    let id = match unit {
        Unit::Copy => *link.copies().last().ok_or_else(whole)?,
        Unit::Link | Unit::Session => link.link_id(),
    };
    let (link_id, expires_at) = (Some(link.link_id()), link.signed_expires_at());
    Ok(Target { tenant: *link.tenant(), id, link: link_id, expires_at, origin })
}

fn whole() -> Failure {
    Failure::refused("not_a_copy", "this is the whole link, not a copy: revoke link revokes it")
}

fn missing() -> Failure {
    Failure::usage("usage", "give the token, or --tenant and --id")
}
