#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]
//! Reads the vectors of `testkit/vectors` for the crates that replay them, and compares. What the words mean stands in `testkit/README.md`.

mod input;
mod object;
mod row;

pub use input::{Input, of_part, unhex};
pub use object::object;
pub use row::{Held, bytes, fields, text};
use serde_json::{Value, json};

/// Who replays which ops. All others are those of `portward`.
const REPLAYED_ELSEWHERE: [(&str, &[&str]); 2] = [
    (
        "portward-store",
        &[
            "row_read",
            "link_show",
            "feed_commit",
            "feed_read",
            "feed_place",
            "recovered_generation",
            "recovered_state",
            "redeem",
            "renew",
            "backup_kind",
            "backup_file_name",
            "backup_context",
            "backup_manifest",
            "backup_plaintext",
            "backup_catalogue",
            "backup_change",
            "backup_seen",
            "backup_begin",
            "backup_verify",
            "backup_rows",
            "backup_copied",
            "backup_directory",
            "backup_restored_feed",
            "backup_tombstones",
            "backup_prune",
        ],
    ),
    ("portward-http", &["http", "http_session"]),
];

/// The cases of one file that are a crate's to replay.
pub struct Vectors {
    /// As they stand in the file.
    pub fixtures: Value,
    /// In the order of the file.
    pub cases: Vec<Value>,
}

impl Vectors {
    /// Reads those of a subject that are for this crate.
    pub fn read(of_crate: &str, subject: &str) -> Self {
        let path = format!("{FOLDER}/{subject}.json");
        let mut file: Value =
            serde_json::from_slice(&std::fs::read(path).expect("the vectors are in the repository")).unwrap();
        assert_eq!((&file["format"], &file["version"]), (&json!("portward-vectors"), &json!(1)));
        let Value::Array(mut cases) = file["cases"].take() else { panic!("no cases in {subject}") };
        cases.retain(|case| replayer(case["op"].as_str().unwrap()) == of_crate);
        Self { fixtures: file["fixtures"].take(), cases }
    }

    /// Runs every case. No one is judged by anything but equality with `expect`.
    pub fn replay(&self, mut run: impl FnMut(&Value) -> Value) {
        let wrong: Vec<_> = self
            .cases
            .iter()
            .filter_map(|case| {
                let found = run(case);
                (found != case["expect"]).then(|| format!("{}: expected {}, found {found}", case["id"], case["expect"]))
            })
            .collect();
        assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), self.cases.len(), wrong.join("\n"));
    }
}

/// The subjects with cases for this crate, sorted: so that it sees that it leaves none out.
pub fn subjects(of_crate: &str) -> Vec<String> {
    let files = std::fs::read_dir(FOLDER).expect("the vectors are in the repository");
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut subjects: Vec<_> = names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect();
    subjects.retain(|subject| !Vectors::read(of_crate, subject).cases.is_empty());
    subjects.sort();
    subjects
}

fn replayer(op: &str) -> &'static str {
    let elsewhere = REPLAYED_ELSEWHERE.iter().find(|(_, ops)| ops.contains(&op));
    elsewhere.map_or("portward", |(name, _)| name)
}

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors");
