//! Records: a change as bytes, and the order that a snapshot keeps. `spec/revocation.md` section 4.

use crate::codec::{Malformed, Reader, Writer as _};
use crate::id::Identifier;
use crate::key::RootId;
use crate::revocation::stamp::wire_form;
use crate::revocation::{Change, EntryId, Scope, TenantChange, Unit};

const DEPLOYMENT_GENERATION: u8 = 0x01;
const REFUSED_ROOT: u8 = 0x02;
const TENANT: u8 = 0x10;
const GENERATION: u8 = 0x11;
const CLIENT_GENERATION: u8 = 0x12;
const REVOKED: u8 = 0x13;
const SUSPENDED: u8 = 0x14;
const RESTORED: u8 = 0x15;
const REVISION: u8 = 0x16;
const TOMBSTONE: u8 = 0x17;

/// Whether a body is held to a snapshot's order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    Snapshot,
    Delta,
}

/// The records of these changes. A tenant is named once for its neighbours.
pub(crate) fn write<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<u8> {
    let mut body = Vec::new();
    let mut current = None;
    for change in changes {
        match change {
            Change::DeploymentGeneration(generation) => {
                body.put(&[DEPLOYMENT_GENERATION]);
                body.put_varint((*generation).into());
            }
            Change::RefuseRoot(root) => {
                body.put(&[REFUSED_ROOT]);
                body.put(&root.to_bytes());
            }
            Change::Tenant(tenant, change) => {
                if current != Some(tenant) {
                    body.put(&[TENANT]);
                    body.put_identifier(tenant);
                    current = Some(tenant);
                }
                write_of_tenant(&mut body, change);
            }
        }
    }
    body
}

fn write_of_tenant(body: &mut Vec<u8>, change: &TenantChange) {
    match change {
        TenantChange::Generation(generation) => {
            body.put(&[GENERATION]);
            body.put_varint((*generation).into());
        }
        TenantChange::ClientGeneration(client, generation) => {
            body.put(&[CLIENT_GENERATION]);
            body.put_identifier(client);
            body.put_varint((*generation).into());
        }
        TenantChange::Revoke { unit, id, expires_at } => {
            body.put(&[REVOKED, unit.wire()]);
            body.put(id);
            body.put_timestamp(*expires_at);
        }
        TenantChange::Suspend { unit, id, expires_at } => {
            body.put(&[SUSPENDED, unit.wire()]);
            body.put(id);
            body.put_timestamp(*expires_at);
        }
        TenantChange::Restore { unit, id } => {
            body.put(&[RESTORED, unit.wire()]);
            body.put(id);
        }
        TenantChange::Revision { link, minimum, expires_at } => {
            body.put(&[REVISION]);
            body.put(link);
            body.put_varint((*minimum).into());
            body.put_timestamp(*expires_at);
        }
        TenantChange::Tombstone(id) => {
            body.put(&[TOMBSTONE]);
            body.put(id);
        }
    }
}

/// Reads a whole body, or nothing. What is returned is bounded by the body's own length.
pub(super) fn read(body: &[u8], scope: &Scope, order: Order) -> Result<Vec<Change>, Malformed> {
    let mut reader = Reader::new(body);
    let mut changes = Vec::new();
    let mut tenant: Option<Identifier> = None;
    let mut bare_tenant = false;
    // What a snapshot's next record must stand behind: (type, sort key) of the last in the same part, and the last tenant.
    let mut last_key: Option<Vec<u8>> = None;
    let mut last_tenant: Option<Vec<u8>> = None;
    while !reader.is_empty() {
        let kind = reader.u8()?;
        if kind == TENANT {
            let name = reader.identifier()?;
            if bare_tenant || !scope.contains(&name) {
                return Err(Malformed);
            }
            ascending(order, &mut last_tenant, wire_form(&name))?;
            last_key = None;
            tenant = Some(name);
            bare_tenant = true;
            continue;
        }
        let (change, key) = match tenant {
            None => read_of_deployment(kind, &mut reader)?,
            Some(tenant) => {
                let (change, key) = read_of_tenant(kind, &mut reader, order)?;
                (Change::Tenant(tenant, change), key)
            }
        };
        ascending(order, &mut last_key, [&[kind], key.as_slice()].concat())?;
        bare_tenant = false;
        changes.push(change);
    }
    if bare_tenant { Err(Malformed) } else { Ok(changes) }
}

fn ascending(order: Order, last: &mut Option<Vec<u8>>, next: Vec<u8>) -> Result<(), Malformed> {
    if order == Order::Snapshot && last.as_ref().is_some_and(|last| *last >= next) {
        return Err(Malformed);
    }
    *last = Some(next);
    Ok(())
}

fn read_of_deployment(kind: u8, reader: &mut Reader<'_>) -> Result<(Change, Vec<u8>), Malformed> {
    match kind {
        DEPLOYMENT_GENERATION => Ok((Change::DeploymentGeneration(counter(reader)?), Vec::new())),
        REFUSED_ROOT => {
            let id = reader.array()?;
            Ok((Change::RefuseRoot(RootId::from_bytes(id)), id.to_vec()))
        }
        _ => Err(Malformed),
    }
}

fn read_of_tenant(kind: u8, reader: &mut Reader<'_>, order: Order) -> Result<(TenantChange, Vec<u8>), Malformed> {
    Ok(match kind {
        GENERATION => (TenantChange::Generation(counter(reader)?), Vec::new()),
        CLIENT_GENERATION => {
            let client = reader.identifier()?;
            (TenantChange::ClientGeneration(client, counter(reader)?), wire_form(&client))
        }
        REVOKED => {
            let (unit, id, key) = entry(reader)?;
            (TenantChange::Revoke { unit, id, expires_at: reader.timestamp()? }, key)
        }
        SUSPENDED => {
            let (unit, id, key) = entry(reader)?;
            (TenantChange::Suspend { unit, id, expires_at: reader.timestamp()? }, key)
        }
        RESTORED if order == Order::Delta => {
            let (unit, id, key) = entry(reader)?;
            (TenantChange::Restore { unit, id }, key)
        }
        REVISION => {
            let link: EntryId = reader.array()?;
            let minimum = counter(reader)?;
            (TenantChange::Revision { link, minimum, expires_at: reader.timestamp()? }, link.to_vec())
        }
        TOMBSTONE => {
            let id: EntryId = reader.array()?;
            (TenantChange::Tombstone(id), id.to_vec())
        }
        _ => return Err(Malformed),
    })
}

fn entry(reader: &mut Reader<'_>) -> Result<(Unit, EntryId, Vec<u8>), Malformed> {
    let unit = Unit::from_wire(reader.u8()?).ok_or(Malformed)?;
    let id: EntryId = reader.array()?;
    Ok((unit, id, [&[unit.wire()], id.as_slice()].concat()))
}

/// A generation or revision: at least 1, because 0 is stated by absence.
fn counter(reader: &mut Reader<'_>) -> Result<u32, Malformed> {
    match reader.varint_u32()? {
        0 => Err(Malformed),
        value => Ok(value),
    }
}
