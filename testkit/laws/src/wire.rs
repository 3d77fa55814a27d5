//! Small encodings, written once more: `spec/keys.md` sections 1 to 3.

use portward::{Change, Identifier, TenantChange, Timestamp, Unit};

pub(crate) fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7F {
        bytes.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

pub(crate) fn u40(time: Timestamp) -> [u8; 5] {
    time.unix().to_be_bytes()[3..].try_into().unwrap()
}

pub(crate) fn identifier(identifier: &Identifier) -> Vec<u8> {
    let text = identifier.to_string();
    let digits: String = text.split('-').collect();
    if text.len() == 36 && digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return [vec![1], unhex(&digits)].concat();
    }
    let minimal = text == "0" || !text.starts_with('0');
    match text.parse::<u64>() {
        Ok(number) if minimal && text.bytes().all(|byte| byte.is_ascii_digit()) => [vec![2], varint(number)].concat(),
        _ => [&[0, text.len() as u8], text.as_bytes()].concat(),
    }
}

pub(crate) fn permissions(bits: u64) -> Vec<u8> {
    let length = 8 - bits.leading_zeros() as usize / 8;
    [&[length as u8], &bits.to_le_bytes()[..length]].concat()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect()
}

pub(crate) const fn unit(unit: Unit) -> u8 {
    match unit {
        Unit::Link => 1,
        Unit::Session => 2,
        Unit::Copy => 3,
    }
}

/// The records of changes, in this order. `spec/revocation.md` section 4.
pub(crate) fn body(changes: &[Change]) -> Vec<u8> {
    let (mut bytes, mut last) = (Vec::new(), None);
    for change in changes {
        match change {
            Change::DeploymentGeneration(generation) => {
                bytes.extend([vec![0x01], varint((*generation).into())].concat())
            }
            Change::RefuseRoot(root) => bytes.extend([&[0x02][..], &root.to_bytes()].concat()),
            Change::Tenant(tenant, change) => {
                if last != Some(tenant) {
                    bytes.extend([vec![0x10], identifier(tenant)].concat());
                    last = Some(tenant);
                }
                bytes.extend(of_tenant(change));
            }
        }
    }
    bytes
}

fn of_tenant(change: &TenantChange) -> Vec<u8> {
    match change {
        TenantChange::Generation(generation) => [vec![0x11], varint((*generation).into())].concat(),
        TenantChange::ClientGeneration(client, generation) => {
            [vec![0x12], identifier(client), varint((*generation).into())].concat()
        }
        TenantChange::Revoke { unit: of, id, expires_at } => [&[0x13, unit(*of)], &id[..], &u40(*expires_at)].concat(),
        TenantChange::Suspend { unit: of, id, expires_at } => [&[0x14, unit(*of)], &id[..], &u40(*expires_at)].concat(),
        TenantChange::Restore { unit: of, id } => [&[0x15, unit(*of)], &id[..]].concat(),
        TenantChange::Revision { link, minimum, expires_at } => {
            [&[0x16], &link[..], &varint((*minimum).into()), &u40(*expires_at)].concat()
        }
        TenantChange::Tombstone(id) => [&[0x17], &id[..]].concat(),
    }
}
