//! A deployment with a store on a database of its own, and a clock that can be moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use portward::{
    Clock, Deployment, Identifier, IssuedToken, Keyring, LinkRequest, Now, Permissions, RevocationView, Scope, Steady,
    SystemClock, Timestamp, Vocabulary,
};
use portward_store::database::Location;
use portward_store::events::Recorder;
use portward_store::store::{self, Link, LinkTerms, Store, StoreOptions};
use sqlx::{AnyConnection, Connection as _};

pub(crate) struct World {
    pub(crate) location: Location,
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) clock: Arc<MovedClock>,
    pub(crate) store: Store,
    directory: tempfile::TempDir,
}

/// The system's clock, and so many seconds on top of each of its readings.
#[derive(Default)]
pub(crate) struct MovedClock {
    wall: AtomicI64,
    steady: AtomicI64,
    /// How much earlier the next reading alone was taken.
    early: AtomicI64,
}

impl MovedClock {
    pub(crate) fn advance(&self, by: Duration) {
        let seconds = i64::try_from(by.as_secs()).unwrap();
        self.wall_jumps(seconds);
        self.steady_jumps(seconds);
    }

    /// Both readings go back, as on a machine that was put back to an older state.
    pub(crate) fn set_back(&self, by: Duration) {
        let seconds = i64::try_from(by.as_secs()).unwrap();
        self.wall_jumps(-seconds);
        self.steady_jumps(-seconds);
    }

    /// As when somebody sets the time: the other reading goes on.
    pub(crate) fn wall_jumps(&self, seconds: i64) {
        self.wall.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn steady_jumps(&self, seconds: i64) {
        self.steady.fetch_add(seconds, Ordering::SeqCst);
    }

    /// The next reading alone is from before the last renewal of the view.
    pub(crate) fn is_read_early(&self) {
        self.early.store(3600, Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Now {
        let now = SystemClock.now();
        let (wall, steady) = (self.wall.load(Ordering::SeqCst), self.steady.load(Ordering::SeqCst));
        let steady = steady - self.early.swap(0, Ordering::SeqCst);
        Now {
            wall: Timestamp::from_unix(now.wall.unix().saturating_add_signed(wall)),
            steady: Steady::from_millis(now.steady.millis().saturating_add_signed(steady * 1000)),
        }
    }
}

pub(crate) fn tenant() -> Identifier {
    "studio-7".parse().unwrap()
}

pub(crate) fn client() -> Identifier {
    "42".parse().unwrap()
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(directory.path().join("store.db"));
        Self::at(location, directory).await
    }

    #[cfg(feature = "postgres")]
    pub(crate) async fn postgres() -> Option<Self> {
        let server = server()?;
        let database = server.create_database().unwrap();
        let location = server.url(&database).parse().unwrap();
        Some(Self::at(location, tempfile::tempdir().unwrap()).await)
    }

    pub(crate) async fn at(location: Location, directory: tempfile::TempDir) -> Self {
        let now = SystemClock.now().wall;
        let deployment = Arc::new(Deployment::generate(Vocabulary::portal()).unwrap());
        let keyring = Arc::new(Keyring::generate(&deployment, now).unwrap());
        let clock = Arc::new(MovedClock::default());
        // Nothing was revoked before, and what was made stays valid.
        let own = RevocationView::empty(deployment.id, Scope::ALL).unwrap();
        store::initialise(&location, &keyring, Some(&own), &Recorder::none(), now).await.unwrap();
        let store = open(&location, &deployment, &keyring, &clock).await.unwrap();
        Self { location, deployment, keyring, clock, store, directory }
    }

    /// Another process's store over the same database.
    pub(crate) async fn another(&self) -> Store {
        self.reopened().await.unwrap()
    }

    pub(crate) async fn reopened(&self) -> Result<Store, store::StoreError> {
        open(&self.location, &self.deployment, &self.keyring, &self.clock).await
    }

    pub(crate) fn permissions(&self, names: &[&str]) -> Permissions {
        self.deployment.vocabulary.expand(names).unwrap()
    }

    pub(crate) fn request(&self) -> LinkRequest {
        LinkRequest::new(tenant(), client(), self.permissions(&["files:*", "invoices:read"]))
    }

    pub(crate) async fn issue(&self) -> (IssuedToken, Link) {
        self.store.issue(&self.request(), LinkTerms::default()).await.unwrap()
    }

    pub(crate) async fn issue_with(&self, uses_max: u32) -> (IssuedToken, Link) {
        let terms = LinkTerms { uses_max: Some(uses_max), ..LinkTerms::default() };
        self.store.issue(&self.request(), terms).await.unwrap()
    }

    pub(crate) fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// As a user would write it.
    pub(crate) fn location_text(&self) -> String {
        match &self.location {
            Location::Sqlite(path) => format!("sqlite:{}", path.display()),
            Location::Postgres(url) => url.expose().to_owned(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().wall
    }

    pub(crate) async fn hold_links(&self) -> Held {
        use sqlx::Connection as _;
        match &self.location {
            Location::Sqlite(path) => {
                let url = format!("sqlite://{}", path.display());
                let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
                sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
                Held::Sqlite(connection)
            }
            #[cfg(feature = "postgres")]
            Location::Postgres(url) => {
                let mut connection = sqlx::PgConnection::connect(url.expose()).await.unwrap();
                sqlx::raw_sql("BEGIN; SELECT 1 FROM portward.link FOR UPDATE").execute(&mut connection).await.unwrap();
                Held::Postgres(connection)
            }
            #[cfg(not(feature = "postgres"))]
            Location::Postgres(_) => unreachable!("not built in"),
        }
    }

    /// Runs statements as somebody who can write the database and holds no key.
    pub(crate) async fn sql(&self, statements: &str) {
        let mut connection = self.connection().await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// What is in the tables, whatever a store makes of it.
    pub(crate) async fn rows<T>(&self, query: &str) -> Vec<T>
    where
        T: for<'r> sqlx::FromRow<'r, sqlx::any::AnyRow> + Send + Unpin,
    {
        let mut connection = self.connection().await;
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(query.to_owned())).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows
    }

    async fn connection(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        let (url, begin) = match &self.location {
            Location::Sqlite(path) => (format!("sqlite://{}", path.display()), "PRAGMA busy_timeout = 5000"),
            Location::Postgres(url) => (url.expose().to_owned(), "SET search_path = portward"),
        };
        let mut connection = AnyConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(begin).execute(&mut connection).await.unwrap();
        connection
    }
}

/// Another program's transaction, which keeps everybody from changing links.
pub(crate) enum Held {
    Sqlite(sqlx::SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgConnection),
}

impl Held {
    pub(crate) async fn release(self) {
        use sqlx::Connection as _;
        match self {
            Self::Sqlite(mut connection) => {
                sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(mut connection) => {
                sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }
}

async fn open(
    location: &Location,
    deployment: &Arc<Deployment>,
    keyring: &Arc<Keyring>,
    clock: &Arc<MovedClock>,
) -> Result<Store, store::StoreError> {
    let clock: Arc<dyn Clock + Send + Sync> = Arc::<MovedClock>::clone(clock);
    let options = StoreOptions { clock, ..StoreOptions::default() };
    Store::open(location, Arc::clone(deployment), Arc::clone(keyring), options).await
}

/// One server for all tests; each test has a database of its own.
#[cfg(feature = "postgres")]
fn server() -> Option<&'static portward_test_servers::Postgres> {
    use std::sync::OnceLock;

    use portward_test_servers::{Durability, Postgres};

    static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
    SERVER.get_or_init(|| Postgres::start(Durability::Fast).unwrap()).as_ref()
}

/// The id of a token: behind version, kind and root id.
pub(crate) fn token_id(text: &str) -> [u8; 16] {
    token_bytes(text)[6..22].try_into().unwrap()
}

/// The bytes of a token or nonce.
pub(crate) fn token_bytes(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&text[4..]).unwrap()
}

/// Everything that is in the database, bytes as bytes.
pub(crate) async fn dump(world: &World) -> Vec<u8> {
    match &world.location {
        Location::Sqlite(path) => {
            world.sql("PRAGMA wal_checkpoint(TRUNCATE)").await;
            std::fs::read(path).unwrap()
        }
        #[cfg(feature = "postgres")]
        Location::Postgres(url) => {
            let dump = std::process::Command::new("pg_dump").arg(url.expose()).output().unwrap();
            assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
            let mut bytes = dump.stdout.clone();
            let text = String::from_utf8(dump.stdout).unwrap();
            for hex in
                text.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() >= 16 && word.len() % 2 == 0)
            {
                bytes.extend((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()));
                bytes.push(b'\n');
            }
            bytes
        }
        #[cfg(not(feature = "postgres"))]
        Location::Postgres(_) => unreachable!("not built in"),
    }
}
