//! A session allows what link, blocks and registry allow together and no longer, and a renewed one no more than they do then, and with the same id.
//! `spec/token.md` section 6.

use std::collections::BTreeSet;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use portward::{
    Access, Generations, Identifier, IssueError, IssuedToken, LinkAccess, LinkHead, LinkRequest, Narrowing,
    Permissions, Resources, SessionLimits, Timestamp, UntrustedLink,
};

use crate::pool;
use crate::world::{NOW, WORLD};

type Names = Option<BTreeSet<String>>;

pub(crate) fn holds(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let permissions = pool::permissions(input)?;
    let request = LinkRequest::new(pool::tenant(input)?, pool::client(input)?, permissions);
    let request = request.lifetime(Duration::from_secs(input.int_in_range(1..=100_000)?));
    let generations = Generations { client: input.int_in_range(0..=300)?, ..Generations::default() };
    let issued = WORLD.issuer.issue_link(&request, generations, NOW.wall).unwrap();
    let mut text = issued.text().to_owned();
    for _ in 0..input.int_in_range(0..=3)? {
        text = UntrustedLink::parse(&text).unwrap().narrow(&narrowing(input)?).unwrap();
    }
    let Ok(link) = WORLD.verifier.verify_link(&text, NOW) else { return Ok(()) };

    let limits = limits(input)?;
    let session = is_within(&link, &limits, NOW.wall, WORLD.issuer.issue_session(&link, &limits, NOW.wall));
    let Some(session) = session else { return Ok(()) };

    let again = self::limits(input)?;
    let renewable = WORLD.verifier.verify_to_renew(&session, NOW).unwrap();
    let head = LinkHead::from_bytes(issued.head()).unwrap();
    let grant = renewable.with_stored(&head, link.to_stored()).expect("the rows of its own chain");
    let renewed = is_within(&link, &again, NOW.wall, WORLD.issuer.renew_session(&grant, &again, NOW.wall));
    if let Some(renewed) = renewed {
        // Who revokes one revokes all that were renewed from it.
        let id = |session: &str| WORLD.verifier.verify_session(session, NOW).unwrap().token_id();
        assert_eq!(id(&renewed), id(&session));
    }

    // Rows of another chain renew nothing.
    let other = WORLD.issuer.issue_link(&request, generations, NOW.wall).unwrap();
    assert!(renewable.with_stored(&LinkHead::from_bytes(other.head()).unwrap(), link.to_stored()).is_none());
    Ok(())
}

fn narrowing(input: &mut Unstructured<'_>) -> Result<Narrowing> {
    let mut narrowing = Narrowing::new().recipient("anna").unwrap();
    if input.arbitrary()? {
        narrowing = narrowing.permissions(pool::permissions(input)?);
    }
    if input.arbitrary()? {
        narrowing = narrowing.resources(resources(input)?).unwrap();
    }
    if input.ratio(1, 4)? {
        narrowing = narrowing.expires_at(pool::time(input)?);
    }
    Ok(narrowing)
}

fn resources(input: &mut Unstructured<'_>) -> Result<Vec<Identifier>> {
    (0..input.int_in_range(1..=5)?).map(|_| pool::resource(input)).collect()
}

fn limits(input: &mut Unstructured<'_>) -> Result<SessionLimits> {
    let lifetime = if input.arbitrary()? { Some(Duration::from_secs(input.int_in_range(0..=90_000)?)) } else { None };
    let expires_at = if input.ratio(1, 3)? { Some(pool::time(input)?) } else { None };
    let permissions = if input.arbitrary()? { Some(pool::permissions(input)?) } else { None };
    let resources = if input.arbitrary()? { Some(resources(input)?) } else { None };
    Ok(SessionLimits { lifetime, revision: input.int_in_range(0..=200)?, expires_at, permissions, resources })
}

/// What there should be, and that there is no more. The session's text, if there is one.
fn is_within(
    link: &LinkAccess,
    limits: &SessionLimits,
    now: Timestamp,
    issued: std::result::Result<IssuedToken, IssueError>,
) -> Option<String> {
    let names = WORLD.deployment.vocabulary.all().count();
    let named = Permissions::from_bits((1 << names) - 1).intersection(link.permissions());
    let permissions = limits.permissions.map_or(named, |limit| limit.intersection(named));
    let listed = |list: &[Identifier]| list.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let own: Names = match link.resources() {
        Resources::All => None,
        Resources::Only(list) => Some(listed(list)),
    };
    let resources = match (own, limits.resources.as_deref().map(listed)) {
        (Some(own), Some(limit)) => Some(own.intersection(&limit).cloned().collect()),
        (own, limit) => own.or(limit),
    };
    let lifetime = limits.lifetime.unwrap_or(WORLD.deployment.session.default_lifetime());
    let ends = [Some(now.saturating_add(lifetime)), Some(link.expires_at()), limits.expires_at];
    let expires_at = ends.into_iter().flatten().min().unwrap();
    let nothing = permissions.is_empty() || resources.as_ref().is_some_and(BTreeSet::is_empty);
    let expected = match () {
        () if lifetime.is_zero() => Some(IssueError::LifetimeZero),
        () if lifetime > WORLD.deployment.session.ceiling() => Some(IssueError::LifetimeOverCeiling),
        () if nothing => Some(IssueError::NothingGranted),
        () if expires_at <= now => Some(IssueError::Expired),
        () => None,
    };
    let session = match issued {
        Ok(session) => session,
        Err(error) => {
            assert_eq!(Some(error), expected);
            return None;
        }
    };
    assert_eq!(expected, None);
    let access = WORLD.verifier.verify_session(session.text(), NOW).unwrap();
    assert_eq!((access.permissions(), access.expires_at()), (permissions, expires_at));
    assert_eq!(access.link_revision(), limits.revision);
    is_of(&access, link);
    let only = match access.resources() {
        Resources::All => None,
        Resources::Only(list) => Some(listed(list)),
    };
    assert_eq!(only, resources);
    Some(session.text().to_owned())
}

fn is_of(session: &Access, link: &LinkAccess) {
    assert_eq!((session.tenant(), session.client()), (link.tenant(), link.client()));
    assert_eq!((session.link_id(), session.copies()), (link.token_id(), link.copies()));
    assert_eq!((session.generations(), session.chain_id()), (link.generations(), link.chain_id()));
    assert_ne!(session.token_id(), link.token_id());
}
