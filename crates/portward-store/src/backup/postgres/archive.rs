//! What is in an archive, without a server: `pg_restore` makes SQL of it.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::sync::Arc;
use std::thread;

use portward::{RootId, RowMac};
use zeroize::Zeroizing;

use crate::backup::create::{blocking, refuse_empty};
use crate::backup::kind::KEYS_SCHEMA;
use crate::backup::manifest::{TableRows, refuse_other_rows};
use crate::backup::postgres::script::Script;
use crate::backup::postgres::tool::Tool;
use crate::backup::sealed::Opened;
use crate::backup::{BackupError, Backups, Entry};
use crate::database::record::{self, Value};
use crate::keys::graves::Graves;
use crate::keys::rows::TombstoneRow;
use crate::objects::ObjectError;

type Result<T> = core::result::Result<T, BackupError>;

/// Rows of each table that a script copies.
#[derive(Default)]
pub(crate) struct Counted(BTreeMap<(String, String), u64>);

impl Counted {
    pub(crate) fn note(&mut self, table: &(String, String), row: Option<&[u8]>) {
        let seen = u64::from(row.is_some());
        match self.0.get_mut(table) {
            Some(rows) => *rows = rows.saturating_add(seen),
            None => drop(self.0.insert(table.clone(), seen)),
        }
    }

    pub(crate) fn tables(self) -> Vec<TableRows> {
        self.0.into_iter().map(|((schema, table), rows)| TableRows { schema, table, rows }).collect()
    }
}

/// Compares the rows of each table with those that were counted. Returns how long the dump is.
pub(crate) fn verify_rows(opened: &mut Opened, expected: [u8; 32], told: &dyn Fn(u64)) -> Result<u64> {
    let (mut counted, manifest) = (Counted::default(), opened.manifest.clone());
    let dump = read_script(opened, expected, told, |table, row| counted.note(table, row))?;
    refuse_empty(&manifest)?;
    refuse_other_rows(&manifest.tables, &counted.tables())?;
    Ok(dump)
}

fn read_script(
    opened: &mut Opened,
    expected: [u8; 32],
    told: &dyn Fn(u64),
    said: impl FnMut(&(String, String), Option<&[u8]>) + Send,
) -> Result<u64> {
    let environment = [("LC_ALL", "C".to_owned())];
    let arguments = ["--data-only", "--file=-"];
    let mut tool = Tool::start("pg_restore", &arguments, &environment, Stdio::piped(), Stdio::piped())?;
    let (stdin, stdout) = (tool.stdin()?, tool.stdout()?);
    let dump = thread::scope(|scope| {
        scope.spawn(move || read_rows(stdout, said));
        let given = give(opened, expected, told, stdin);
        if given.is_err() {
            // So that its output ends, too.
            tool.kill();
        }
        given
    })?;
    tool.finish()?;
    Ok(dump)
}

fn read_rows(mut script: ChildStdout, said: impl FnMut(&(String, String), Option<&[u8]>)) {
    let (mut reader, mut buffer) = (Script::new(said), Zeroizing::new(vec![0; 64 << 10]));
    // What could not be read shows in the count.
    while let Ok(read @ 1..) = script.read(&mut buffer) {
        reader.read(buffer.get(..read).unwrap_or_default());
    }
}

/// Gives a program the whole dump. One that has read enough, or has failed, is told by how it ends.
pub(super) fn give(opened: &mut Opened, expected: [u8; 32], told: &dyn Fn(u64), stdin: ChildStdin) -> Result<u64> {
    let mut stdin = Some(stdin);
    opened.give(Some(expected), told, |part| {
        match stdin.as_mut().map(|stdin| stdin.write_all(part)) {
            Some(Err(error)) if error.kind() == ErrorKind::BrokenPipe => stdin = None,
            Some(Err(error)) => return Err(ObjectError::Write(error).into()),
            _ => {}
        }
        Ok(())
    })
}

impl Backups {
    /// Adds the tombstones of a key store that is in an archive. The archive is authentic, which says only that they were in the database: one
    /// that is not believed says nothing, as everywhere.
    pub(crate) async fn add_of_archive(&self, graves: &mut Graves, mut opened: Opened, entry: &Entry) -> Result<()> {
        let (backups, expected, keyring) = (self.clone(), entry.sha256, Arc::clone(&self.owner.keyring));
        let stones = blocking(move || {
            let mut stones = Vec::new();
            let mut is_whole = true;
            read_script(&mut opened, expected, &*backups.options.progress, |table, row| {
                if let Some(row) = row
                    && (table.0.as_str(), table.1.as_str()) == (KEYS_SCHEMA, "key_tombstone")
                {
                    match stone(row) {
                        Some((values, carried)) => {
                            stones.extend(record::believe::<TombstoneRow>(values, &carried, &keyring).ok());
                        }
                        None => is_whole = false,
                    }
                }
            })?;
            if is_whole { Ok(stones) } else { Err(BackupError::Malformed) }
        })
        .await?;
        stones.into_iter().for_each(|stone| graves.add(stone));
        Ok(())
    }
}

/// `tenant`, `id`, `at`, `root`, `mac`, as `COPY` writes them: a backslash, which a tenant may have, is doubled.
fn stone(row: &[u8]) -> Option<(Vec<Value>, RowMac)> {
    let mut fields = core::str::from_utf8(row).ok()?.split('\t');
    let tenant = fields.next()?.replace("\\\\", "\\");
    let (id, at) = (bytes(fields.next()?)?, fields.next()?.parse().ok()?);
    let (root, mac) = (bytes(fields.next()?)?, bytes(fields.next()?)?);
    let carried = RowMac { root: RootId::from_bytes(root.try_into().ok()?), mac: mac.try_into().ok()? };
    Some((vec![Value::Text(tenant), Value::Bytes(id), Value::Number(at)], carried))
}

/// `\x` and hexadecimal digits, the backslash doubled.
fn bytes(field: &str) -> Option<Vec<u8>> {
    let (pairs, []) = field.strip_prefix("\\\\x")?.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|pair| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
