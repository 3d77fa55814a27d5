//! Replays the vectors of `spec/backup.md`. Every case, by equality.
#![expect(clippy::arithmetic_side_effects, reason = "test code")]

mod catalogue;
mod form;
mod graves;
mod place;
mod told;
mod verify;

use serde_json::json;

use crate::backup::{BackupError, Kind};
use crate::store::vectors::{self, Case, Outcome, replay_by};

async fn run(case: &Case<'_>) -> Outcome {
    match case.text("op") {
        "backup_kind" => form::kind(case),
        "backup_file_name" => form::file_name(case),
        "backup_context" => form::context(case),
        "backup_manifest" => form::manifest(case),
        "backup_plaintext" => form::plaintext(case),
        "backup_catalogue" => catalogue::read(case),
        "backup_change" => catalogue::change(case),
        "backup_seen" => catalogue::seen(case),
        "backup_begin" => catalogue::begin(case),
        "backup_directory" => catalogue::directory(case),
        "backup_prune" => catalogue::prune(case),
        "backup_verify" => verify::verify(case).await,
        "backup_rows" => verify::rows(case),
        "backup_copied" => verify::copied(case),
        "backup_restored_feed" => place::restored_feed(case).await,
        "backup_tombstones" => graves::tombstones(case).await,
        // What a store says to one that was restored.
        _ => vectors::run(case).await,
    }
}

fn code(error: impl Into<BackupError>) -> &'static str {
    error.into().code()
}

fn kind_of(name: &str) -> Kind {
    Kind::ALL.into_iter().find(|kind| kind.name() == name).unwrap()
}

fn done(result: Result<(), BackupError>) -> Outcome {
    result.map(|()| json!({})).map_err(code)
}

#[test]
fn backup() {
    replay_by("backup", run);
}
