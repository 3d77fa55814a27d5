//! On a real server, with its own programs.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, OnceLock};

use portward::envelope::{Context, DataScope};
use portward_store::backup::{Depth, Existing, Kind, RestoreOptions};
use portward_store::database::Location;
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
    store::initialise(location, &world.keyring, now()).await.unwrap();
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
    Recovery::run(&into, &world.keyring, Some(&saved), now()).await.unwrap();
    let fresh = world.open_store(&into).await.unwrap();
    fresh.check().await.unwrap();
    assert!(fresh.verifier().verify_link(token.text(), portward::Clock::now(&portward::SystemClock)).is_ok());
    // What is there is not restored over, and not restored into.
    let again = backups.restore(Kind::Data, &into, RestoreOptions::default(), now()).await;
    assert_eq!(code(again), "backup_target_exists");
    world.open_store(&into).await.unwrap();
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
    Recovery::run(&location, &world.keyring, Some(&saved), now()).await.unwrap();
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
    assert_eq!(code(made), "store_unavailable");
    assert!(backups.catalogue().unwrap().entries.is_empty());
    // The control: it is only the policy, and a password with such letters gets to every program …
    server.sql(&name, &format!("ALTER ROLE {role} BYPASSRLS")).unwrap();
    let watch = Watch::start();
    let entry = backups.back_up(Kind::Data, &location, now()).await.unwrap();
    verify(&backups, entry.number).await.unwrap();
    // … and into no arguments.
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
    thread: std::thread::JoinHandle<std::collections::BTreeSet<String>>,
}

impl Watch {
    fn start() -> Self {
        let is_over = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let watched = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let mut seen = std::collections::BTreeSet::new();
            while !watched.load(std::sync::atomic::Ordering::SeqCst) {
                let processes = fs::read_dir("/proc").unwrap().flatten();
                let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
                seen.extend(lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")));
            }
            seen
        });
        Self { is_over, thread }
    }

    fn end(self) -> std::collections::BTreeSet<String> {
        self.is_over.store(true, std::sync::atomic::Ordering::SeqCst);
        self.thread.join().unwrap()
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

/// The rows of a key store as they are on a server; made from those of a file.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_were_destroyed_stay_so() {
    let Some(server) = server() else { return };
    let world = World::new();
    let (name, location) = database(server);
    let keys = world.keys("keys.db", None).await.unwrap();
    keys.new_tenant(tenant()).await.unwrap();
    let scope: DataScope = "subject:anna".parse().unwrap();
    let context = Context::new(&tenant(), "clients.phone", "7").unwrap();
    let sealed = keys.scope(tenant(), &scope).await.unwrap().seal_record(&context, b"1").unwrap();
    assert!(!sealed.is_empty());
    copy_keys(&world, server, &name, "keys.db").await;
    server.sql(&name, "CREATE TABLE public.app (x INT); INSERT INTO public.app VALUES (1)").unwrap();
    let backups = world.backups();
    let entry = backups.back_up(Kind::Keys, &location, now()).await.unwrap();
    let verified = backups.verify(entry.number, Depth::Rows).await.unwrap();
    assert!(verified.manifest.tables.iter().all(|table| table.schema == "portward_keys"));
    // Destroyed since, and backed up since.
    keys.destroy_scope(tenant(), &scope, MONTH).await.unwrap();
    let slots = "SELECT count(slot) FROM portward_keys.data_key";
    let tombstones = "SELECT count(*) FROM portward_keys.key_tombstone";
    // By what the target knows.
    server.sql(&name, "DROP SCHEMA portward_keys CASCADE").unwrap();
    copy_keys(&world, server, &name, "keys.db").await;
    let options = RestoreOptions { existing: Existing::Replaced, ..RestoreOptions::default() };
    let restored = backups.restore(Kind::Keys, &location, options, now()).await.unwrap();
    assert_eq!(
        (restored.buried, server.sql(&name, slots).unwrap(), server.sql(&name, tombstones).unwrap()),
        (1, "0".into(), "1".into())
    );
    assert_eq!(server.sql(&name, "SELECT count(*) FROM public.app").unwrap(), "1", "what is not of it stays");
    // By what a later backup knows.
    backups.back_up(Kind::Keys, &location, now()).await.unwrap();
    let (other, into) = database(server);
    let options = RestoreOptions { number: Some(entry.number), ..RestoreOptions::default() };
    let restored = backups.restore(Kind::Keys, &into, options, now()).await.unwrap();
    assert_eq!(
        (restored.buried, server.sql(&other, slots).unwrap(), server.sql(&other, tombstones).unwrap()),
        (1, "0".into(), "1".into())
    );
    // The control: where nobody knows, it comes back.
    let (control, into) = database(server);
    let lonely = world.backups_in("lonely").unwrap();
    server.sql(&name, "DROP SCHEMA portward_keys CASCADE").unwrap();
    let before = world.keys("before.db", None).await.unwrap();
    before.new_tenant(tenant()).await.unwrap();
    before.scope(tenant(), &scope).await.unwrap();
    copy_keys(&world, server, &name, "before.db").await;
    lonely.back_up(Kind::Keys, &location, now()).await.unwrap();
    let restored = lonely.restore(Kind::Keys, &into, RestoreOptions::default(), now()).await.unwrap();
    assert_eq!((restored.buried, server.sql(&control, slots).unwrap()), (0, "1".into()));
}

/// `spec/store.md` section 2, on a server: the tables of a file, in the schema `portward_keys`.
async fn copy_keys(world: &World, server: &Postgres, name: &str, file: &str) {
    use sqlx::{Column as _, Connection as _, Row as _, TypeInfo as _, ValueRef as _};
    let tables = "CREATE SCHEMA portward_keys; SET search_path = portward_keys;
        CREATE TABLE tenant_kek (tenant TEXT, id BYTEA, version BIGINT, state TEXT, slot BYTEA, \"check\" BYTEA, created BIGINT, changed BIGINT, revision BIGINT, root BYTEA, mac BYTEA, PRIMARY KEY (tenant, id, version));
        CREATE TABLE data_key (tenant TEXT, scope TEXT, id BYTEA, state TEXT, slot BYTEA, \"check\" BYTEA, cost BYTEA, created BIGINT, changed BIGINT, revision BIGINT, root BYTEA, mac BYTEA, PRIMARY KEY (tenant, scope, id));
        CREATE TABLE key_tombstone (tenant TEXT, id BYTEA, at BIGINT, root BYTEA, mac BYTEA, PRIMARY KEY (tenant, id));
        CREATE TABLE tenant_minimum (tenant TEXT, id BYTEA, minimum BIGINT, revision BIGINT, root BYTEA, mac BYTEA, PRIMARY KEY (tenant, id))";
    server.sql(name, tables).unwrap();
    let url = format!("sqlite://{}", world.file(file).display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for table in ["tenant_kek", "data_key", "key_tombstone"] {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT * FROM {table}")))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        for row in rows {
            let literal = |at: usize| match row.try_get_raw(at).unwrap() {
                value if value.is_null() => "NULL".to_owned(),
                value => match value.type_info().name() {
                    "TEXT" => format!("'{}'", row.get::<String, _>(at)),
                    "INTEGER" => row.get::<i64, _>(at).to_string(),
                    _ => {
                        let hex: String = row.get::<Vec<u8>, _>(at).iter().map(|byte| format!("{byte:02x}")).collect();
                        format!("'\\x{hex}'")
                    }
                },
            };
            let values: Vec<_> = row.columns().iter().map(|column| literal(column.ordinal())).collect();
            server.sql(name, &format!("INSERT INTO portward_keys.{table} VALUES ({})", values.join(", "))).unwrap();
        }
    }
    connection.close().await.unwrap();
}

pub(crate) fn new_database() -> Option<Location> {
    server().map(|server| database(server).1)
}
