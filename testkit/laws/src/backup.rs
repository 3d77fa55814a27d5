//! A manifest of a backup has one form. `spec/backup.md` section 2.
//!
//! Its reader is taken from `portward-store` as it stands there: the public way to it leads through a database, which would be built for
//! every target.

#[path = "../../../crates/portward-store/src/backup/bytes.rs"]
mod bytes;
#[path = "../../../crates/portward-store/src/backup/kind.rs"]
#[expect(dead_code, unreachable_pub, reason = "only what a manifest says of it is used")]
mod kind;
#[path = "../../../crates/portward-store/src/backup/manifest.rs"]
#[expect(dead_code, unreachable_pub, reason = "only reading and writing is")]
mod manifest;

pub(crate) use kind::Kind;
pub(crate) use manifest::{Format, Manifest};

/// What of the crate's errors is a manifest's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BackupError {
    Malformed,
    Newer,
    RowsDiffer,
    Tables,
}

pub(crate) fn read(data: &[u8]) -> Result<Manifest, BackupError> {
    Manifest::from_bytes(data)
}

pub(crate) fn manifest(data: &[u8]) {
    let manifest = match Manifest::from_bytes(data) {
        Ok(manifest) => manifest,
        Err(BackupError::Newer) => return assert!(data[0] > 1),
        Err(error) => return assert_eq!(error, BackupError::Malformed),
    };
    assert_eq!(manifest.to_bytes().as_deref(), Ok(data), "two forms of one manifest");
    assert!(Manifest::from_bytes(&data[..data.len() - 1]).is_err());
    assert!(Manifest::from_bytes(&[data, &[0]].concat()).is_err());
    // Rows of a key store are in backups of their own kind, and in no others.
    let of_keys = manifest.tables.iter().any(|table| match manifest.format {
        Format::Sqlite => table.table == "tenant_kek",
        Format::Postgres => table.schema == "portward_keys",
        Format::Stream => true,
    });
    assert_eq!(of_keys, manifest.kind == Kind::Keys);
    assert!(manifest.number > 0);
}
