use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use portward::Timestamp;
use portward_test_vectors::{bytes, object};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{code, kind_of, told};
use crate::backup::memory::Seen;
use crate::backup::{BackupError, BackupOptions, Backups, Catalogue, Entry, Kind, Pruned, Retention, Unmatched};
use crate::store::vectors::{Case, Outcome, hex};

const FILE: &str = "catalogue.pwc";
const MEMORY: &str = "backups.seen";

/// A directory with the catalogue of a case, and beside it what is remembered.
pub(super) struct Placed {
    folder: TempDir,
}

impl Placed {
    pub(super) fn of(case: &Case<'_>) -> Self {
        let placed = Self::empty();
        let told = &case.value["catalogue"];
        if !told.is_null() {
            placed.put(FILE, &bytes_of(case, told));
        }
        if case.has("seen") {
            std::fs::write(placed.folder.path().join(MEMORY), case.text("seen")).unwrap();
        }
        placed
    }

    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("backups")).unwrap();
        Self { folder }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path().join(name), bytes).unwrap();
    }

    pub(super) fn open(&self, case: &Case<'_>) -> Result<Backups, BackupError> {
        let memory = case.has("seen").then(|| self.folder.path().join(MEMORY));
        let options = BackupOptions { memory, ..BackupOptions::default() };
        Backups::open(&self.path(), case.deployment(), case.keyring(), options)
    }
}

fn bytes_of(case: &Case<'_>, told: &Value) -> Vec<u8> {
    match told.get("parts") {
        Some(_) => bytes(told),
        None => object(told, |name| &case.fixtures.value["objects"][name]),
    }
}

pub(super) fn read(case: &Case<'_>) -> Outcome {
    let placed = Placed::of(case);
    let catalogue = placed.open(case).and_then(|backups| backups.catalogue()).map_err(code)?;
    // But for root and MAC, it is written as it was.
    let (before, after) = (bytes_of(case, &case.value["catalogue"]), catalogue.to_bytes(&case.keyring()).unwrap());
    assert_eq!(before[..before.len() - 36], after[..after.len() - 36]);
    let entries: Vec<_> = catalogue.entries.iter().map(told::entry).collect();
    Ok(json!({
        "id": hex(&catalogue.id),
        "revision": catalogue.revision,
        "highest": catalogue.highest,
        "entries": told::many(&entries),
    }))
}

pub(super) fn change(case: &Case<'_>) -> Outcome {
    let placed = Placed::of(case);
    let backups = placed.open(case).map_err(code)?;
    let mut catalogue = backups.catalogue().map_err(code)?;
    let change = case.value["change"].as_object().unwrap();
    for (name, what) in change {
        match name.as_str() {
            "take" => drop(catalogue.take_number().map_err(code)?),
            "enter" => what.as_array().unwrap().iter().for_each(|told| catalogue.enter(told::entry_of(told))),
            "remove" => catalogue.remove(&numbers(what)),
            other => panic!("unknown change {other}"),
        }
    }
    backups.write_catalogue(&mut catalogue).map_err(code)?;
    Ok(json!({ "catalogue": hex(&std::fs::read(placed.path().join(FILE)).unwrap()) }))
}

fn numbers(told: &Value) -> Vec<u64> {
    told.as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect()
}

pub(super) fn seen(case: &Case<'_>) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(MEMORY);
    if case.has("seen") {
        std::fs::write(&path, case.text("seen")).unwrap();
    }
    let catalogue = Catalogue { revision: case.number("revision"), id: case.array("catalogue_id"), ..catalogue([]) };
    Seen::read(&path).and_then(|mut seen| seen.accept(&catalogue)).map_err(code)?;
    let mut seen: Vec<(String, u64)> = lines(&path);
    seen.sort();
    Ok(json!({ "seen": seen }))
}

fn lines(path: &Path) -> Vec<(String, u64)> {
    let text = std::fs::read_to_string(path).unwrap();
    let of_line = |line: &str| line.split_once(' ').map(|(id, revision)| (id.to_owned(), revision.parse().unwrap()));
    text.lines().map(|line| of_line(line).unwrap()).collect()
}

pub(super) fn begin(case: &Case<'_>) -> Outcome {
    let placed = Placed::empty();
    names(case).into_iter().for_each(|name| placed.put(name, b""));
    let deployment = &case.fixtures.deployments["main"];
    let keyring = &case.fixtures.keyrings["main"];
    let made = Backups::create(&placed.path(), deployment.clone(), keyring.clone(), BackupOptions::default());
    made.map(|_| json!({})).map_err(code)
}

fn names<'a>(case: &Case<'a>) -> Vec<&'a str> {
    case.value["files"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

pub(super) fn directory(case: &Case<'_>) -> Outcome {
    let (placed, keyring) = (Placed::empty(), &case.fixtures.keyrings["main"]);
    names(case).into_iter().for_each(|name| placed.put(name, b""));
    placed.put(FILE, &catalogue(entries(case)).to_bytes(keyring).unwrap());
    let deployment = case.fixtures.deployments["main"].clone();
    let backups = Backups::open(&placed.path(), deployment, keyring.clone(), BackupOptions::default());
    let Unmatched { missing, strays } = backups.and_then(|backups| backups.unmatched()).map_err(code)?;
    Ok(json!({ "missing": missing, "stray": strays }))
}

pub(super) fn prune(case: &Case<'_>) -> Outcome {
    let kept: HashMap<Kind, Option<Duration>> = case.value["kept"].as_object().map_or_else(HashMap::new, |kept| {
        kept.iter().map(|(kind, seconds)| (kind_of(kind), seconds.as_u64().map(Duration::from_secs))).collect()
    });
    let usual = Retention::default();
    let of = |kind: Kind, usual| kept.get(&kind).copied().unwrap_or(usual);
    let retention = Retention {
        keys: of(Kind::Keys, usual.keys),
        data: of(Kind::Data, usual.data),
        streams: of(Kind::Stream, usual.streams),
    };
    let now = Timestamp::from_unix(case.number("now"));
    let Pruned { removed, overdue } = retention.applied_to(&catalogue(entries(case)), now);
    let numbers = |entries: &[Entry]| entries.iter().map(|entry| entry.number).collect::<Vec<_>>();
    Ok(json!({ "pruned": numbers(&removed), "overdue": numbers(&overdue) }))
}

/// Those of a case; a stream that it gives no name has one.
fn entries(case: &Case<'_>) -> Vec<Entry> {
    let mut entries: Vec<_> = case.value["entries"].as_array().unwrap().iter().map(told::entry_of).collect();
    for entry in &mut entries {
        if entry.kind == Kind::Stream && entry.name.is_empty() {
            entry.name.push('s');
        }
    }
    entries
}

/// One that has these.
pub(super) fn catalogue(entries: impl Into<Vec<Entry>>) -> Catalogue {
    let entries = entries.into();
    let highest = entries.last().map_or(0, |last| last.number);
    Catalogue { id: [1; 16], revision: 1, highest, entries }
}
