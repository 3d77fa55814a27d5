//! The same facts in everybody's token: two UUIDs, a 128-bit id, two times 90 days apart, four permissions.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::floor;

pub const TENANT: &str = "c0a80101-7b1e-4b5e-9a57-2f6d3c1e0001";
pub const CLIENT: &str = "5f0c1d9a-1e67-4d3b-8a44-90d2c7b6e5f1";
pub const PERMISSIONS: [&str; 4] = ["files:read", "files:upload", "messages:read", "invoices:read"];
pub const LIFETIME: Duration = Duration::from_secs(90 * 86_400);

/// Unix seconds.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A fresh token id as text formats carry it. Peers draw it as we do, so that no system call is counted against them.
pub fn token_id_text() -> String {
    format!("{:032x}", u128::from_be_bytes(floor::draw()))
}
