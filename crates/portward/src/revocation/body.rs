//! Records: a change as bytes, and the order that a snapshot keeps. `spec/revocation.md` section 4.

use crate::codec::{Malformed, Reader, Writer as _};
use crate::id::Identifier;
use crate::key::RootId;
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

/// Writes the records of changes one after the other. A tenant is named once for its neighbours.
#[derive(Default)]
pub(crate) struct BodyWriter {
    body: Vec<u8>,
    tenant: Option<Identifier>,
}

impl BodyWriter {
    pub(crate) fn push(&mut self, change: &Change) {
        let body = &mut self.body;
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
                if self.tenant != Some(*tenant) {
                    body.put(&[TENANT]);
                    body.put_identifier(tenant);
                    self.tenant = Some(*tenant);
                }
                write_of_tenant(body, change);
            }
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.body
    }
}

/// The records of these changes.
pub(crate) fn write<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<u8> {
    let mut writer = BodyWriter::default();
    changes.into_iter().for_each(|change| writer.push(change));
    writer.finish()
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

/// Reads a whole body and hands over each change. On an error some changes were handed over already: read once into nothing,
/// then apply. Nothing is allocated, whatever the body says.
pub(super) fn read(body: &[u8], scope: &Scope, order: Order, mut each: impl FnMut(Change)) -> Result<(), Malformed> {
    let mut reader = Reader::new(body);
    let mut tenant = None;
    let mut bare_tenant = false;
    // In a snapshot, what the next record of the same part and the next tenant must stand behind.
    let mut last_key: &[u8] = &[];
    let mut last_tenant: &[u8] = &[];
    while !reader.is_empty() {
        let start = reader;
        let kind = reader.u8()?;
        if kind == TENANT {
            let name = reader.identifier()?;
            if bare_tenant || !scope.contains(&name) {
                return Err(Malformed);
            }
            ascending(order, &mut last_tenant, start.until(&reader))?;
            last_key = &[];
            tenant = Some(name);
            bare_tenant = true;
            continue;
        }
        let key = read_key(kind, &mut reader)?;
        let key_end = reader;
        let change = match tenant {
            None => read_of_deployment(&key, &mut reader)?,
            Some(tenant) => Change::Tenant(tenant, read_of_tenant(&key, order, &mut reader)?),
        };
        ascending(order, &mut last_key, start.until(&key_end))?;
        bare_tenant = false;
        each(change);
    }
    if bare_tenant { Err(Malformed) } else { Ok(()) }
}

/// Type and sort key come first in every record, so that comparing their bytes compares the records.
fn ascending<'a>(order: Order, last: &mut &'a [u8], next: &'a [u8]) -> Result<(), Malformed> {
    if order == Order::Snapshot && *last >= next {
        return Err(Malformed);
    }
    *last = next;
    Ok(())
}

/// The type and sort key of a record.
enum Key {
    Plain(u8),
    Root(RootId),
    Client(Identifier),
    Entry(u8, Unit, EntryId),
    Id(u8, EntryId),
}

fn read_key(kind: u8, reader: &mut Reader<'_>) -> Result<Key, Malformed> {
    Ok(match kind {
        DEPLOYMENT_GENERATION | GENERATION => Key::Plain(kind),
        REFUSED_ROOT => Key::Root(RootId::from_bytes(reader.array()?)),
        CLIENT_GENERATION => Key::Client(reader.identifier()?),
        REVOKED | SUSPENDED | RESTORED => {
            let unit = Unit::from_wire(reader.u8()?).ok_or(Malformed)?;
            Key::Entry(kind, unit, reader.array()?)
        }
        REVISION | TOMBSTONE => Key::Id(kind, reader.array()?),
        _ => return Err(Malformed),
    })
}

fn read_of_deployment(key: &Key, reader: &mut Reader<'_>) -> Result<Change, Malformed> {
    match *key {
        Key::Plain(DEPLOYMENT_GENERATION) => Ok(Change::DeploymentGeneration(counter(reader)?)),
        Key::Root(root) => Ok(Change::RefuseRoot(root)),
        _ => Err(Malformed),
    }
}

fn read_of_tenant(key: &Key, order: Order, reader: &mut Reader<'_>) -> Result<TenantChange, Malformed> {
    Ok(match *key {
        Key::Plain(GENERATION) => TenantChange::Generation(counter(reader)?),
        Key::Client(client) => TenantChange::ClientGeneration(client, counter(reader)?),
        Key::Entry(REVOKED, unit, id) => TenantChange::Revoke { unit, id, expires_at: reader.timestamp()? },
        Key::Entry(SUSPENDED, unit, id) => TenantChange::Suspend { unit, id, expires_at: reader.timestamp()? },
        Key::Entry(RESTORED, unit, id) if order == Order::Delta => TenantChange::Restore { unit, id },
        Key::Id(REVISION, link) => {
            TenantChange::Revision { link, minimum: counter(reader)?, expires_at: reader.timestamp()? }
        }
        Key::Id(TOMBSTONE, id) => TenantChange::Tombstone(id),
        _ => return Err(Malformed),
    })
}

/// A generation or revision: at least 1, because 0 is stated by absence.
fn counter(reader: &mut Reader<'_>) -> Result<u32, Malformed> {
    match reader.varint_u32()? {
        0 => Err(Malformed),
        value => Ok(value),
    }
}
