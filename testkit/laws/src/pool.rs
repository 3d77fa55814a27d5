//! Few of everything, so that what is made up meets again.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use portward::{Change, EntryId, Identifier, Permissions, RootId, Scope, TenantChange, Timestamp, Unit, Verifier};

use crate::world::{NOW, OLD_ROOT, WORLD};

pub(crate) const TENANTS: [&str; 5] = ["7", "acme", "studio.example", "0123", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"];
pub(crate) const CLIENTS: [&str; 3] = ["12", "anna", "00000000-0000-0000-0000-000000000000"];
const RESOURCES: [&str; 6] = ["contract.pdf", "42", "42.0", "a", "b", "ffffffff-ffff-ffff-ffff-ffffffffffff"];

pub(crate) fn tenant(input: &mut Unstructured<'_>) -> Result<Identifier> {
    Ok(input.choose(&TENANTS)?.parse().unwrap())
}

pub(crate) fn client(input: &mut Unstructured<'_>) -> Result<Identifier> {
    Ok(input.choose(&CLIENTS)?.parse().unwrap())
}

pub(crate) fn resource(input: &mut Unstructured<'_>) -> Result<Identifier> {
    Ok(input.choose(&RESOURCES)?.parse().unwrap())
}

/// A verifier for one of the names that resources and audiences have.
pub(crate) fn verifier_for(audience: &Identifier) -> &'static Verifier {
    static ALL: LazyLock<[Verifier; 6]> = LazyLock::new(|| RESOURCES.map(|name| WORLD.verifier_for(name)));
    let name = audience.to_string();
    ALL.iter().zip(RESOURCES).find(|(_, known)| *known == name).map(|(verifier, _)| verifier).unwrap()
}

pub(crate) fn permissions(input: &mut Unstructured<'_>) -> Result<Permissions> {
    Ok(Permissions::from_bits(match input.arbitrary::<u8>()? {
        byte if byte < 128 => byte.into(),
        _ => input.arbitrary()?,
    }))
}

pub(crate) fn scope(input: &mut Unstructured<'_>) -> Result<Scope> {
    if input.ratio(1, 2)? {
        return Ok(Scope::ALL);
    }
    let tenants = (0..input.int_in_range(1..=4)?).map(|_| tenant(input)).collect::<Result<Vec<_>>>()?;
    Ok(Scope::tenants(tenants).unwrap())
}

pub(crate) const fn id(number: u8) -> EntryId {
    [number; 16]
}

fn some_id(input: &mut Unstructured<'_>) -> Result<EntryId> {
    Ok(id(input.int_in_range(0..=7)?))
}

pub(crate) fn unit(input: &mut Unstructured<'_>) -> Result<Unit> {
    input.choose(&[Unit::Link, Unit::Session, Unit::Copy]).copied()
}

/// Around now, and at the ends.
pub(crate) fn time(input: &mut Unstructured<'_>) -> Result<Timestamp> {
    Ok(Timestamp::from_unix(match input.int_in_range(0..=9u8)? {
        0 => 0,
        1 => Timestamp::WIRE_MAX.unix(),
        step => NOW.wall.unix() + 300 * u64::from(step) - 600,
    }))
}

fn counter(input: &mut Unstructured<'_>) -> Result<u32> {
    Ok(match input.int_in_range(0..=6u32)? {
        6 => u32::MAX,
        small => small.max(1),
    })
}

/// Changes that any store could commit.
pub(crate) fn changes(input: &mut Unstructured<'_>, most: usize) -> Result<Vec<Change>> {
    (0..input.int_in_range(0..=most)?).map(|_| change(input)).collect()
}

fn change(input: &mut Unstructured<'_>) -> Result<Change> {
    let kind = input.int_in_range(0..=12)?;
    match kind {
        0 => return Ok(Change::DeploymentGeneration(counter(input)?)),
        1 => {
            let root = *input.choose(&[OLD_ROOT, [0, 0, 0, 2], [9; 4]])?;
            return Ok(Change::RefuseRoot(RootId::from_bytes(root)));
        }
        _ => {}
    }
    let tenant = tenant(input)?;
    Ok(Change::Tenant(tenant, of_tenant(kind, input)?))
}

fn of_tenant(kind: u8, input: &mut Unstructured<'_>) -> Result<TenantChange> {
    Ok(match kind {
        2 => TenantChange::Generation(counter(input)?),
        3 => TenantChange::ClientGeneration(client(input)?, counter(input)?),
        4 => TenantChange::Revision { link: some_id(input)?, minimum: counter(input)?, expires_at: time(input)? },
        5 => TenantChange::Tombstone(some_id(input)?),
        6..=7 => TenantChange::Restore { unit: unit(input)?, id: some_id(input)? },
        8..=9 => TenantChange::Suspend { unit: unit(input)?, id: some_id(input)?, expires_at: time(input)? },
        _ => TenantChange::Revoke { unit: unit(input)?, id: some_id(input)?, expires_at: time(input)? },
    })
}
