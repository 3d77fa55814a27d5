//! Sealed files that nobody makes by the command: authentic, and not of the page.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use portward::{Deployment, Keyring, Timestamp, Vocabulary};

use crate::backup::catalogue::file_name;
use crate::backup::manifest::{Format, Manifest, TableRows};
use crate::backup::{BackupError, BackupOptions, Backups, Depth, Entry, Kind, Unmatched};

const NOW: Timestamp = Timestamp::from_unix(1_770_000_000);

struct World {
    _folder: tempfile::TempDir,
    backups: Backups,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let deployment = Arc::new(Deployment::generate(Vocabulary::portal()).unwrap());
        let keyring = Arc::new(Keyring::generate(&deployment, NOW).unwrap());
        let options = BackupOptions::default();
        let backups = Backups::create(&folder.path().join("backups"), deployment, keyring, options).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { _folder: folder, backups, runtime }
    }

    /// Seals this plaintext, whatever it is, under a manifest that is changed, and puts it into the catalogue as what it was first.
    fn put(&self, kind: Kind, change: impl FnOnce(&mut Manifest), dump: &[u8]) -> u64 {
        let (catalogue, number) = self.backups.take_number().unwrap();
        let (format, name) = if kind == Kind::Stream { (Format::Stream, "s") } else { (Format::Sqlite, "") };
        let entry = Entry { number, kind, name: name.into(), created: NOW, length: 0, sha256: [0; 32], stamp: None };
        let mut manifest = Manifest {
            deployment: self.backups.owner.deployment.id,
            catalogue: catalogue.id,
            kind,
            number,
            created: NOW,
            format,
            name: name.into(),
            feed: None,
            tables: Vec::new(),
        };
        let target = self.backups.begin_file(kind, number).unwrap();
        change(&mut manifest);
        let told = |_| {};
        let mut dump = dump;
        let sealed =
            self.backups.owner.seal_as((kind, number), &manifest, target, |parts| parts.copy(&mut dump, &told));
        self.backups.finish_file(sealed.unwrap(), entry).unwrap();
        number
    }

    fn verify(&self, number: u64) -> Result<u64, &'static str> {
        let verified = self.runtime.block_on(self.backups.verify(number, Depth::Rows));
        verified.map(|verified| verified.dump).map_err(|error| error.code())
    }
}

fn table(table: &str, rows: u64) -> TableRows {
    TableRows { schema: "main".into(), table: table.into(), rows }
}

async fn database(folder: &Path, sql: &'static str) -> Vec<u8> {
    use sqlx::Connection as _;
    let path = folder.join("made.db");
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    bytes
}

#[test]
fn a_dump_without_rows_is_no_backup() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let make = |sql| world.runtime.block_on(database(folder.path(), sql));
    let two = make("CREATE TABLE a (x); CREATE TABLE b (x); INSERT INTO b VALUES (1), (2)");
    let empty = make("CREATE TABLE a (x); CREATE TABLE b (x)");
    let counted = |b| move |manifest: &mut Manifest| manifest.tables = vec![table("a", 0), table("b", b)];

    let control = world.put(Kind::Data, counted(2), &two);
    assert_eq!(world.verify(control), Ok(u64::try_from(two.len()).unwrap()));
    let none = world.put(Kind::Data, counted(0), &empty);
    assert_eq!(world.verify(none), Err("backup_empty"));
    // What says that it has rows, and has none.
    let lying = world.put(Kind::Data, counted(2), &empty);
    assert_eq!(world.verify(lying), Err("backup_rows_differ"));
    let fewer = world.put(Kind::Data, counted(3), &two);
    assert_eq!(world.verify(fewer), Err("backup_rows_differ"));
    let less = world.put(Kind::Data, |manifest| manifest.tables = vec![table("b", 2)], &two);
    assert_eq!(world.verify(less), world.verify(control), "a table that is not stated has no rows");
    let bare = world.put(Kind::Data, |_| {}, &two);
    assert_eq!(world.verify(bare), Err("backup_empty"));
    let migrated = make("CREATE TABLE _sqlx_migrations (x); INSERT INTO _sqlx_migrations VALUES (1)");
    let migrated = world.put(Kind::Data, |manifest| manifest.tables = vec![table("_sqlx_migrations", 1)], &migrated);
    assert_eq!(world.verify(migrated), Err("backup_empty"));
    assert_eq!(world.verify(control), Ok(u64::try_from(two.len()).unwrap()), "the control");
}

#[test]
fn an_empty_stream_is_no_backup() {
    let world = World::new();
    let empty = world.put(Kind::Stream, |_| {}, b"");
    assert_eq!(world.verify(empty), Err("backup_empty"));
    let one = world.put(Kind::Stream, |_| {}, b"x");
    assert_eq!(world.verify(one), Ok(1));
    let now = world.backups.back_up_stream("s".parse().unwrap(), Box::new(std::io::empty()), NOW);
    assert_eq!(world.runtime.block_on(now).unwrap_err().code(), "backup_empty");
    assert_eq!(world.backups.catalogue().unwrap().highest, 3, "its number is spent");
    assert_eq!(world.backups.unmatched().unwrap(), Unmatched::default());
}

/// Sealed once more, by who has the keyring, of the same number, manifest and length: only the catalogue tells which one it was.
#[test]
fn another_file_that_says_the_same_is_refused() {
    let world = World::new();
    let one = world.put(Kind::Stream, |_| {}, b"one");
    let path = world.backups.path().join(file_name(Kind::Stream, one));
    assert_eq!(world.verify(one), Ok(3));
    let entry = world.backups.catalogue().unwrap().numbered(one).unwrap().clone();
    let opened = world.backups.open_entry(&world.backups.catalogue().unwrap(), &entry).unwrap();
    let target = crate::objects::WholeFile::replace(&path).unwrap();
    let mut dump: &[u8] = b"two";
    let sealed = world.backups.owner.seal(&opened.manifest, target, |parts| parts.copy(&mut dump, &|_| {})).unwrap();
    assert_eq!(sealed.length, entry.length);
    sealed.file.finish().unwrap();
    assert_eq!(world.verify(one), Err("backup_differs"));
    let given = world.runtime.block_on(world.backups.restore_stream("s".parse().unwrap(), Some(one), Vec::new()));
    assert_eq!(given.unwrap_err().code(), "backup_differs");
}

#[test]
fn a_manifest_that_says_otherwise_is_refused() {
    let world = World::new();
    let other = Deployment::generate(Vocabulary::portal()).unwrap().id;
    type Change = Box<dyn FnOnce(&mut Manifest)>;
    let changes: [(Change, &str); 8] = [
        (Box::new(move |manifest| manifest.deployment = other), "backup_swapped"),
        (Box::new(|manifest| manifest.catalogue = [1; 16]), "backup_swapped"),
        (Box::new(|manifest| manifest.number += 1), "backup_swapped"),
        (Box::new(|manifest| manifest.created = Timestamp::from_unix(1)), "backup_swapped"),
        (Box::new(|manifest| manifest.name = "t".into()), "backup_swapped"),
        (Box::new(|manifest| manifest.name = String::new()), "backup_malformed"),
        (Box::new(|manifest| manifest.kind = Kind::Data), "backup_malformed"),
        (Box::new(|manifest| manifest.tables = vec![table("b", 1)]), "backup_malformed"),
    ];
    for (change, code) in changes {
        let number = world.put(Kind::Stream, change, b"x");
        assert_eq!(world.verify(number), Err(code));
    }
    let number = world.put(Kind::Stream, |_| {}, b"x");
    assert_eq!(world.verify(number), Ok(1), "the control");
}

#[test]
fn a_manifest_reads_back_and_nothing_else_does() {
    let world = World::new();
    let manifest = Manifest {
        deployment: world.backups.owner.deployment.id,
        catalogue: [7; 16],
        kind: Kind::Data,
        number: u64::MAX,
        created: NOW,
        format: Format::Postgres,
        name: String::new(),
        feed: None,
        tables: vec![table("a", 1), table("b", u64::MAX)],
    };
    let bytes = manifest.to_bytes().unwrap();
    assert_eq!(Manifest::from_bytes(&bytes).unwrap(), manifest);
    for length in 0..bytes.len() {
        assert!(matches!(Manifest::from_bytes(&bytes[..length]), Err(BackupError::Malformed)), "{length}");
    }
    assert!(matches!(Manifest::from_bytes(&[&bytes[..], b"x"].concat()), Err(BackupError::Malformed)));
    let newer = [&[2][..], &bytes[1..]].concat();
    assert!(matches!(Manifest::from_bytes(&newer), Err(BackupError::Newer)));
    for tables in [vec![table("b", 1), table("a", 1)], vec![table("a", 1), table("a", 2)]] {
        let unsorted = Manifest { tables, ..manifest.clone() }.to_bytes().unwrap();
        assert!(matches!(Manifest::from_bytes(&unsorted), Err(BackupError::Malformed)));
    }
}

#[test]
fn parts_end_where_they_say() {
    use crate::backup::parts::{PartReader, PartWriter};
    let world = World::new();
    let manifest = Manifest {
        deployment: world.backups.owner.deployment.id,
        catalogue: [7; 16],
        kind: Kind::Stream,
        number: 1,
        created: NOW,
        format: Format::Stream,
        name: "s".into(),
        feed: None,
        tables: Vec::new(),
    };
    let dump: Vec<u8> = (0..200_000u32).flat_map(|number| number.to_be_bytes()).collect();
    let mut whole = Vec::new();
    let mut parts = PartWriter::begin(&mut whole, &manifest).unwrap();
    parts.copy(&mut dump.as_slice(), &|_| {}).unwrap();
    parts.finish().unwrap().flush().unwrap();
    let read = |bytes: &[u8], end: &dyn Fn() -> Result<(), BackupError>| {
        let (_, mut parts) = PartReader::begin(bytes)?;
        let mut given = Vec::new();
        let result = loop {
            match parts.next(end) {
                Ok(Some(part)) => given.extend_from_slice(part),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error.code()),
            }
        };
        Ok::<_, BackupError>((given, result))
    };
    assert_eq!(read(&whole, &|| Ok(())).unwrap(), (dump.clone(), Ok(())));
    // The last part is held back until all is whole.
    let (given, result) = read(&whole, &|| Err(BackupError::Differs)).unwrap();
    assert_eq!((given.len() < dump.len(), result), (true, Err("backup_differs")));
    let end = whole.len();
    for length in [end - 1, end - 32, end - 41, end - 44, end - 45, end - 50_000, 200] {
        let (given, result) = read(&whole[..length], &|| Ok(())).unwrap();
        assert_eq!((given.len() < dump.len(), result), (true, Err("backup_malformed")), "{length}");
    }
    for at in [end - 1, end - 33, end - 41, end - 45] {
        let mut other = whole.clone();
        other[at] ^= 1;
        assert_eq!(read(&other, &|| Ok(())).unwrap().1, Err("backup_malformed"), "{at}");
    }
    assert_eq!(read(&[&whole[..], b"x"].concat(), &|| Ok(())).unwrap().1, Err("backup_malformed"));
}

#[test]
fn every_code_is_on_the_page() {
    let (page, source) = (include_str!("../../../../spec/backup.md"), include_str!("error.rs"));
    let codes = source.split('"').filter(|text| text.starts_with("backup_") || text.starts_with("catalogue_"));
    let codes: Vec<_> = codes.collect();
    assert!(codes.len() > 15);
    for code in codes {
        assert!(page.contains(&format!("`{code}`")), "{code}");
    }
}
