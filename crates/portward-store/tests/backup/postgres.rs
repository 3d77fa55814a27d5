//! On a real server, with its own programs.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, OnceLock};

use portward::envelope::{Context, DataScope};
use portward_store::backup::{Depth, Existing, Kind, RestoreOptions};
use portward_store::database::Location;
use portward_store::events::Recorder;
use portward_store::store::{self, Recovery, Store};
use portward_test_servers::{Durability, Postgres};

use crate::world::{MONTH, World, code, now, path_of, tenant, verify};

/// One server for all tests; each test has databases of its own.
fn server() -> Option<&'static Postgres> {
    static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
    SERVER.get_or_init(|| Postgres::start(Durability::Fast).unwrap()).as_ref()
}

fn database(server: &Postgres) -> (String, Location) {
    let name = server.create_database().unwrap();
    let location = server.url(&name).parse().unwrap();
    (name, location)
}

async fn store(world: &World, location: &Location) -> Store {
    store::initialise(location, &world.keyring, None, &Recorder::none(), now()).await.unwrap();
    world.open_store(location).await.unwrap()
}

/// Tables of an application, with names and rows that are not easy.
const PORTAL: &str = r#"
    CREATE SCHEMA "My ""Portal""";
    CREATE TABLE "My ""Portal"""."Notes. 1" (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant TEXT, text TEXT);
    INSERT INTO "My ""Portal"""."Notes. 1" (tenant, text) SELECT 't' || n % 7, E'a\\.\nb\t\\N' || n FROM generate_series(1, 500) n;
    CREATE TABLE public.empty (x INT);
    CREATE TABLE public.part (x INT) PARTITION BY RANGE (x);
    CREATE TABLE public.part_1 PARTITION OF public.part FOR VALUES FROM (0) TO (10);
    CREATE TABLE public.part_2 PARTITION OF public.part FOR VALUES FROM (10) TO (20);
    INSERT INTO public.part SELECT n % 20 FROM generate_series(1, 100) n;
    CREATE TABLE public.parent (x INT);
    CREATE TABLE public.child (y INT) INHERITS (public.parent);
    INSERT INTO public.parent VALUES (1); INSERT INTO public.child VALUES (1, 2), (3, 4);
    CREATE FUNCTION public.odd() RETURNS text LANGUAGE sql AS $f$ SELECT 'x
COPY public.empty (x) FROM stdin;
1
' $f$;
    ALTER TABLE "My ""Portal"""."Notes. 1" ENABLE ROW LEVEL SECURITY;
    ALTER TABLE "My ""Portal"""."Notes. 1" FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON "My ""Portal"""."Notes. 1" USING (tenant = current_setting('portward.tenant', true));
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_database_comes_back_row_for_row() {
    let Some(server) = server() else { return };
    let world = World::new();
    let (name, location) = database(server);
    let portal = store(&world, &location).await;
    let (token, _) = world.issue(&portal).await;
    server.sql(&name, PORTAL).unwrap();
    server.sql(&name, "CREATE SCHEMA portward_keys; CREATE TABLE portward_keys.tenant_kek (x INT); INSERT INTO portward_keys.tenant_kek VALUES (1)").unwrap();
    let backups = world.backups();
    let entry = backups.back_up(Kind::Data, &location, now()).await.unwrap();
    assert_eq!(entry.stamp, portal.stamp());
    let verified = backups.verify(entry.number, Depth::Rows).await.unwrap();
    let rows: BTreeMap<_, _> =
        verified.manifest.tables.iter().map(|table| (table.table.as_str(), table.rows)).collect();
    let expected =
        [("Notes. 1", 500), ("empty", 0), ("part_1", 50), ("part_2", 50), ("parent", 1), ("child", 2), ("link", 1)];
    for (table, count) in expected {
        assert_eq!(rows[table], count, "{table}");
    }
    assert!(!rows.contains_key("tenant_kek") && !rows.contains_key("part"));

    let (other, into) = database(server);
    backups.restore(Kind::Data, &into, RestoreOptions::default(), now()).await.unwrap();
    let hash = r#"SELECT md5(string_agg(n::text, ',' ORDER BY id)) FROM "My ""Portal"""."Notes. 1" n"#;
    assert_eq!(server.sql(&other, hash).unwrap(), server.sql(&name, hash).unwrap());
    assert_eq!(server.sql(&other, "SELECT count(*) FROM public.part").unwrap(), "100");
    assert_eq!(server.sql(&other, "SELECT to_regnamespace('portward_keys') IS NULL").unwrap(), "t");
    assert_eq!(server.sql(&other, "SELECT count(*) FROM pg_policy").unwrap(), "1");
    // It is a store, and refused until it is recovered.
    assert_eq!(world.open_store(&into).await.err().unwrap().code(), "store_restored");
    let saved = portal.cell().load().save(&world.keyring).unwrap();
    Recovery::run(&into, &world.keyring, Some(&saved), &Recorder::none(), now()).await.unwrap();
    let fresh = world.open_store(&into).await.unwrap();
    fresh.check().await.unwrap();
    assert!(fresh.verifier().verify_link(token.text(), portward::Clock::now(&portward::SystemClock)).is_ok());
    // What is there is not restored over, and not restored into.
    let again = backups.restore(Kind::Data, &into, RestoreOptions::default(), now()).await;
    assert_eq!(code(again), "backup_target_exists");
    world.open_store(&into).await.unwrap();
}

/// Who can write the database, and has no key, does not get one by a backup of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_feed_is_not_believed_when_it_comes_back() {
    let Some(server) = server() else { return };
    let world = World::new();
    let (name, location) = database(server);
    let portal = store(&world, &location).await;
    world.issue(&portal).await;
    drop(portal);
    server.sql(&name, "UPDATE portward.feed SET sequence = sequence + 1").unwrap();
    let backups = world.backups();
    let entry = backups.back_up(Kind::Data, &location, now()).await.unwrap();
    assert_eq!(entry.stamp, None);
    verify(&backups, entry.number).await.unwrap();
    let (other, into) = database(server);
    backups.restore(Kind::Data, &into, RestoreOptions::default(), now()).await.unwrap();
    assert_eq!(server.sql(&other, "SELECT place FROM portward.feed").unwrap(), "restored/1");
    assert_eq!(world.open_store(&into).await.err().unwrap().code(), "row_forged");
}

/// The same cluster, timeline and database: only the mark tells.
#[tokio::test(flavor = "multi_thread")]
async fn restored_in_its_own_place_it_is_refused_until_it_is_recovered() {
    let Some(server) = server() else { return };
    let world = World::new();
    let (name, location) = database(server);
    let portal = store(&world, &location).await;
    let (token, link) = world.issue(&portal).await;
    let backups = world.backups();
    backups.back_up(Kind::Data, &location, now()).await.unwrap();
    portal.revoke(tenant(), store::Target::Link(link.id)).await.unwrap();
    let options = RestoreOptions { existing: Existing::Replaced, ..RestoreOptions::default() };
    backups.restore(Kind::Data, &location, options, now()).await.unwrap();
    assert_eq!(world.open_store(&location).await.err().unwrap().code(), "store_restored");
    assert_eq!(portal.refresh().await.unwrap_err().code(), "store_restored", "who ran through it, too");
    assert_eq!(server.sql(&name, "SELECT place FROM portward.feed").unwrap(), "restored/1");
    let saved = portal.cell().load().save(&world.keyring).unwrap();
    Recovery::run(&location, &world.keyring, Some(&saved), &Recorder::none(), now()).await.unwrap();
    let fresh = world.open_store(&location).await.unwrap();
    let verified = fresh.verifier().verify_link(token.text(), portward::Clock::now(&portward::SystemClock));
    assert_eq!(verified.unwrap_err().code(), "link_revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_refused_and_nothing_is_restored() {
    let Some(server) = server() else { return };
    let world = World::new();
    let (name, location) = database(server);
    server.sql(&name, PORTAL).unwrap();
    let backups = world.backups();
    let entry = backups.back_up(Kind::Data, &location, now()).await.unwrap();
    verify(&backups, entry.number).await.unwrap();
    let path = path_of(&backups, &entry);
    let whole = fs::read(&path).unwrap();
    let (other, into) = database(server);
    for at in [5, 60, 300, whole.len() / 2, whole.len() - 60, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 4;
        fs::write(&path, &damaged).unwrap();
        let found = verify(&backups, entry.number).await;
        let restored = code(backups.restore(Kind::Data, &into, RestoreOptions::default(), now()).await);
        assert_eq!((restored, found.is_err()), (found.unwrap_err(), true), "byte {at}");
        assert_eq!(server.sql(&other, "SELECT to_regclass('public.empty') IS NULL").unwrap(), "t", "byte {at}");
    }
    fs::write(&path, &whole).unwrap();
    backups.restore(Kind::Data, &into, RestoreOptions::default(), now()).await.unwrap();
    assert_eq!(server.sql(&other, "SELECT count(*) FROM public.part").unwrap(), "100");
}

/// Who may not see every row is refused a backup, and is not given a smaller one.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_hidden_are_no_backup() {
    let Some(server) = server() else { return };
    let world = World::new();
    let (name, _) = database(server);
    server.sql(&name, PORTAL).unwrap();
    let role = format!("role_{name}");
    server
        .sql(&name, &format!("CREATE ROLE {role} LOGIN PASSWORD 'p@ss/w:rd'; GRANT pg_read_all_data TO {role}"))
        .unwrap();
    let location: Location = server.url_as(&name, &role, "p%40ss%2Fw%3Ard").parse().unwrap();
    let backups = world.backups();
    let made = backups.back_up(Kind::Data, &location, now()).await;
    assert_eq!(code(made), "store_denied");
    assert!(backups.catalogue().unwrap().entries.is_empty());
    // The control: it is only the policy, and a password with such letters gets to every program …
    server.sql(&name, &format!("ALTER ROLE {role} BYPASSRLS")).unwrap();
    let watch = Watch::start();
    let entry = backups.back_up(Kind::Data, &location, now()).await.unwrap();
    verify(&backups, entry.number).await.unwrap();
    // … and into no arguments. On a busy machine a program is over before it is seen, so again, elsewhere.
    let elsewhere = World::new();
    for _ in 0..50 {
        if watch.has_seen("--snapshot=") {
            break;
        }
        elsewhere.backups().back_up(Kind::Data, &location, now()).await.unwrap();
    }
    let seen = watch.end();
    assert!(seen.iter().any(|line| line.contains("--snapshot=")), "the dump was seen");
    assert!(!seen.iter().any(|line| line.contains("p@ss") || line.contains("p%40ss")));
    // What pg_dump cannot do is no backup either, although every row was counted.
    server.sql(&name, "SELECT lo_create(4711)").unwrap();
    let failed = backups.back_up(Kind::Data, &location, now()).await.unwrap_err();
    assert_eq!(failed.code(), "backup_tool_failed");
    assert!(failed.to_string().contains("permission denied for large object"), "{failed}");
    assert_eq!(crate::world::sealed_files(&backups), [entry.file_name()]);
    verify(&backups, entry.number).await.unwrap();
}

/// Arguments of every process, again and again, as anybody can see them.
struct Watch {
    is_over: Arc<std::sync::atomic::AtomicBool>,
    seen: Arc<std::sync::Mutex<std::collections::BTreeSet<String>>>,
    thread: std::thread::JoinHandle<()>,
}

impl Watch {
    fn start() -> Self {
        let is_over = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = Arc::<std::sync::Mutex<std::collections::BTreeSet<String>>>::default();
        let (watched, told) = (Arc::clone(&is_over), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            while !watched.load(std::sync::atomic::Ordering::SeqCst) {
                let processes = fs::read_dir("/proc").unwrap().flatten();
                let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
                told.lock().unwrap().extend(lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")));
            }
        });
        Self { is_over, seen, thread }
    }

    fn has_seen(&self, part: &str) -> bool {
        self.seen.lock().unwrap().iter().any(|line| line.contains(part))
    }

    fn end(self) -> std::collections::BTreeSet<String> {
        self.is_over.store(true, std::sync::atomic::Ordering::SeqCst);
        self.thread.join().unwrap();
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_is_no_backup() {
    let Some(server) = server() else { return };
    let world = World::new();
    let (name, location) = database(server);
    let backups = world.backups();
    assert_eq!(code(backups.back_up(Kind::Data, &location, now()).await), "backup_empty");
    server.sql(&name, "CREATE TABLE a (x INT)").unwrap();
    assert_eq!(code(backups.back_up(Kind::Data, &location, now()).await), "backup_empty");
    server.sql(&name, "INSERT INTO a VALUES (1)").unwrap();
    let entry = backups.back_up(Kind::Data, &location, now()).await.unwrap();
    verify(&backups, entry.number).await.unwrap();
    assert_eq!(entry.number, 3);
}

/// Two tables that change together agree, in the counts and in the dump.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_of_one_moment_while_others_write() {
    let Some(server) = server() else { return };
    let world = World::new();
    let (name, location) = database(server);
    server.sql(&name, "CREATE TABLE a (x SERIAL); CREATE TABLE b (x SERIAL)").unwrap();
    let is_over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writing = std::thread::spawn({
        let (is_over, name) = (Arc::clone(&is_over), name.clone());
        move || {
            while !is_over.load(std::sync::atomic::Ordering::SeqCst) {
                server.sql(&name, "BEGIN; INSERT INTO a DEFAULT VALUES; INSERT INTO b DEFAULT VALUES; COMMIT").unwrap();
            }
        }
    });
    while server.sql(&name, "SELECT count(*) FROM b").unwrap() == "0" {}
    let backups = world.backups();
    for _ in 0..5 {
        let entry = backups.back_up(Kind::Data, &location, now()).await.unwrap();
        let verified = backups.verify(entry.number, Depth::Rows).await.unwrap();
        let rows: Vec<u64> = verified.manifest.tables.iter().map(|table| table.rows).collect();
        assert_eq!(rows[0], rows[1]);
    }
    is_over.store(true, std::sync::atomic::Ordering::SeqCst);
    writing.join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_were_destroyed_stay_so() {
    let Some(server) = server() else { return };
    let world = World::new();
    let (name, location) = database(server);
    let keys = world.keys_at(&location, None).await.unwrap();
    keys.new_tenant(tenant()).await.unwrap();
    let [anna, bob]: [DataScope; 2] = ["subject:anna", "subject:bob"].map(|scope| scope.parse().unwrap());
    let context = Context::new(&tenant(), "clients.phone", "7").unwrap();
    let mut records = Vec::new();
    for scope in [&anna, &bob] {
        records.push(keys.scope(tenant(), scope).await.unwrap().seal_record(&context, b"1").unwrap());
    }
    server.sql(&name, "CREATE TABLE public.app (x INT); INSERT INTO public.app VALUES (1)").unwrap();
    let backups = world.backups();
    let entry = backups.back_up(Kind::Keys, &location, now()).await.unwrap();
    let verified = backups.verify(entry.number, Depth::Rows).await.unwrap();
    assert!(verified.manifest.tables.iter().all(|table| table.schema == "portward_keys"));
    let slots = |name: &str| server.sql(name, "SELECT count(slot) FROM portward_keys.data_key").unwrap();
    let opens = async |location: &Location| {
        let keys = world.keys_at(location, None).await.unwrap();
        let mut codes = Vec::new();
        for (scope, record) in [&anna, &bob].into_iter().zip(&records) {
            let opened = keys.known_scope(tenant(), scope).await.unwrap().open_record(&context, record);
            codes.push(opened.err().map_or("ok", |error| error.code()));
        }
        codes
    };
    // The control: where nobody knows, it comes back.
    let control = database(server);
    let restored = backups.restore(Kind::Keys, &control.1, RestoreOptions::default(), now()).await.unwrap();
    assert_eq!((restored.buried, slots(&control.0).as_str(), opens(&control.1).await), (0, "2", vec!["ok", "ok"]));
    // By what the target knows that is replaced.
    keys.destroy_scope(tenant(), &anna, MONTH).await.unwrap();
    let options = RestoreOptions { existing: Existing::Replaced, ..RestoreOptions::default() };
    let restored = backups.restore(Kind::Keys, &location, options, now()).await.unwrap();
    assert_eq!((restored.buried, slots(&name).as_str()), (1, "1"));
    assert_eq!(opens(&location).await, ["data_key_destroyed", "ok"]);
    assert_eq!(server.sql(&name, "SELECT count(*) FROM public.app").unwrap(), "1", "what is not of it stays");
    // By what a later backup knows.
    backups.back_up(Kind::Keys, &location, now()).await.unwrap();
    let later = database(server);
    let options = RestoreOptions { number: Some(entry.number), ..RestoreOptions::default() };
    let restored = backups.restore(Kind::Keys, &later.1, options, now()).await.unwrap();
    assert_eq!((restored.buried, slots(&later.0).as_str()), (1, "1"));
    assert_eq!(opens(&later.1).await, ["data_key_destroyed", "ok"]);
    // One that somebody has planted, who can write the database and holds no key, destroys nothing.
    let planted = "INSERT INTO portward_keys.key_tombstone SELECT tenant, id, 1, root, decode(repeat('00', 32), 'hex') FROM portward_keys.data_key WHERE scope = 'subject:bob'";
    server.sql(&name, planted).unwrap();
    backups.back_up(Kind::Keys, &location, now()).await.unwrap();
    let planted = database(server);
    let options = RestoreOptions { number: Some(entry.number), ..RestoreOptions::default() };
    let restored = backups.restore(Kind::Keys, &planted.1, options, now()).await.unwrap();
    assert_eq!((restored.buried, opens(&planted.1).await), (1, vec!["data_key_destroyed", "ok"]));
    // A backup of data has none of it.
    let data = backups.back_up(Kind::Data, &location, now()).await.unwrap();
    let verified = backups.verify(data.number, Depth::Rows).await.unwrap();
    assert!(verified.manifest.tables.iter().all(|table| table.schema == "public"));
}

/// What is destroyed between the reading of the tombstones and the replacing is not undone by it.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_destroyed_meanwhile_are_not_replaced() {
    use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
    let Some(server) = server() else { return };
    let world = World::new();
    let (name, location) = database(server);
    let keys = world.keys_at(&location, None).await.unwrap();
    keys.new_tenant(tenant()).await.unwrap();
    keys.scope(tenant(), &"subject:anna".parse().unwrap()).await.unwrap();
    let backups = world.backups();
    backups.back_up(Kind::Keys, &location, now()).await.unwrap();
    let count = |what: &str| server.sql(&name, &format!("SELECT count({what}) FROM portward_keys.data_key")).unwrap();
    let mut other = PgConnection::connect(&server.url(&name)).await.unwrap();
    for (end, expected) in [("COMMIT", Err("backup_target_in_use")), ("ROLLBACK", Ok(()))] {
        let destroy = "BEGIN; INSERT INTO portward_keys.key_tombstone SELECT tenant, id, 1, root, mac FROM portward_keys.data_key LIMIT 1";
        sqlx::raw_sql(AssertSqlSafe(destroy)).execute(&mut other).await.unwrap();
        sqlx::raw_sql("DELETE FROM portward_keys.data_key").execute(&mut other).await.unwrap();
        let restoring = {
            let (backups, location) = (backups.clone(), location.clone());
            let options = RestoreOptions { existing: Existing::Replaced, ..RestoreOptions::default() };
            tokio::spawn(async move { backups.restore(Kind::Keys, &location, options, now()).await.map(drop) })
        };
        let waiting = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE NOT l.granted AND d.datname = current_database()";
        while server.sql(&name, waiting).unwrap() == "0" {
            assert!(!restoring.is_finished());
        }
        sqlx::raw_sql(AssertSqlSafe(end)).execute(&mut other).await.unwrap();
        assert_eq!(restoring.await.unwrap().map_err(|error| error.code()), expected, "{end}");
        if end == "COMMIT" {
            assert_eq!(count("*"), "0", "nothing came back");
            server.sql(&name, "DELETE FROM portward_keys.key_tombstone").unwrap();
            let options = RestoreOptions { existing: Existing::Replaced, ..RestoreOptions::default() };
            backups.restore(Kind::Keys, &location, options, now()).await.unwrap();
        }
        assert_eq!(count("slot"), "1");
    }
    other.close().await.unwrap();
}

pub(crate) fn new_database() -> Option<Location> {
    server().map(|server| database(server).1)
}
