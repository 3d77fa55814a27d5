//! Measures the store on SQLite and PostgreSQL, both with every commit synced, and prints a table; `cargo xtask bench store` publishes it.

#![forbid(unsafe_code)]

use std::env;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portward::{Clock as _, Deployment, Identifier, Keyring, LinkRequest, SystemClock, Vocabulary};
use portward_store::database::Location;
use portward_store::events::Recorder;
use portward_store::store::{self, LinkFilter, LinkTerms, Store, StoreOptions, Target};
use portward_test_servers::{Durability, Postgres};
use sqlx::{Connection as _, Executor as _};

use crate::another::Another;

mod another;

/// How often each is measured, and by how many tasks at once.
#[derive(Clone, Copy)]
struct Amount {
    times: usize,
    tasks: usize,
}

struct Bed {
    store: Store,
    keyring: Arc<Keyring>,
    request: LinkRequest,
    tenant: Identifier,
    location: Location,
}

#[tokio::main]
async fn main() {
    if another::is_meant() {
        return another::run().await;
    }
    let short = env::var("PORTWARD_BENCH").is_ok_and(|setting| setting == "short");
    let amount = Amount { times: if short { 20 } else { 1000 }, tasks: 16 };
    println!(
        "| operation | SQLite p50 | p99 | a second, {0} at once | PostgreSQL p50 | p99 | a second, {0} at once |",
        amount.tasks
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let directory = tempfile::tempdir().unwrap();
    let sqlite = Bed::new(Location::Sqlite(directory.path().join("store.db"))).await;
    let server = Postgres::start(Durability::Synced).unwrap();
    let postgres = match &server {
        Some(server) => Some(Bed::new(server.url(&server.create_database().unwrap()).parse().unwrap()).await),
        None => None,
    };
    for operation in ["floor", "issue", "redeem", "renew", "edit", "revoke", "list"] {
        let cells = [Some(&sqlite), postgres.as_ref()].map(|bed| async move {
            match bed {
                Some(bed) => bed.row(operation, amount).await,
                None => "– | – | –".to_owned(),
            }
        });
        let [first, second] = cells;
        println!("| {} | {} | {} |", name(operation), first.await, second.await);
    }
    let rounds = if short { 5 } else { 200 };
    let feed = [
        sqlite.feed(rounds).await,
        match &postgres {
            Some(bed) => bed.feed(rounds).await,
            None => "– | –".to_owned(),
        },
    ];
    println!("| revoke, until another process refuses (goal < 1 s) | {} | – | {} | – |", feed[0], feed[1]);
}

fn name(operation: &str) -> &str {
    match operation {
        "floor" => "floor: one row of 400 bytes in a transaction",
        "issue" => "issue a link",
        "redeem" => "redeem it",
        "renew" => "renew the session",
        "edit" => "shorten it",
        "revoke" => "revoke it",
        _ => "list 100 links",
    }
}

impl Bed {
    async fn new(location: Location) -> Self {
        let now = SystemClock.now().wall;
        let deployment = Arc::new(Deployment::generate(Vocabulary::portal()).unwrap());
        let keyring = Arc::new(Keyring::generate(&deployment, now).unwrap());
        store::initialise(&location, &keyring, None, &Recorder::none(), now).await.unwrap();
        let options = StoreOptions::default();
        let store = Store::open(&location, deployment.clone(), keyring.clone(), options).await.unwrap();
        let tenant: Identifier = "c0a80101-7b1e-4b5e-9a57-2f6d3c1e0001".parse().unwrap();
        let permissions = deployment.vocabulary.expand(["files:*", "invoices:read"]).unwrap();
        let request = LinkRequest::new(tenant, "42".parse().unwrap(), permissions);
        let bed = Self { store, keyring, request, tenant, location };
        bed.prepare_floor().await;
        for _ in 0..100 {
            bed.store.issue(&bed.request, LinkTerms::default()).await.unwrap();
        }
        bed
    }

    async fn row(&self, operation: &'static str, amount: Amount) -> String {
        let mut times = Vec::with_capacity(amount.times);
        for _ in 0..amount.times {
            times.push(self.once(operation).await);
        }
        let throughput = self.throughput(operation, amount).await;
        format!("{} | {throughput:.0}", percentiles(times))
    }

    /// How long it took, without what has to come before.
    async fn once(&self, operation: &str) -> Duration {
        let store = &self.store;
        match operation {
            "floor" => {
                let mut connection = self.connection().await;
                let start = Instant::now();
                connection.insert().await;
                start.elapsed()
            }
            "issue" => {
                timed(async {
                    let _ = store.issue(&self.request, LinkTerms::default()).await.unwrap();
                })
                .await
            }
            "list" => {
                timed(async {
                    let _ = store.list(self.tenant, &LinkFilter::default(), None, 100).await.unwrap();
                })
                .await
            }
            _ => {
                let (token, link) = store.issue(&self.request, LinkTerms::default()).await.unwrap();
                let peeked = store.peek(token.text(), None).unwrap();
                match operation {
                    "redeem" => {
                        timed(async {
                            let _ = store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap();
                        })
                        .await
                    }
                    "renew" => {
                        let redeemed = store.redeem(token.text(), &peeked.cookie, &peeked.nonce).await.unwrap();
                        timed(async {
                            let _ = store.renew(redeemed.session.text()).await.unwrap();
                        })
                        .await
                    }
                    "edit" => {
                        let sooner = portward::Timestamp::from_unix(link.expires_at.unix() - 60);
                        let edit = store::LinkEdit { expires_at: Some(sooner), ..store::LinkEdit::default() };
                        timed(async {
                            let _ = store.edit(self.tenant, link.id, edit).await.unwrap();
                        })
                        .await
                    }
                    _ => {
                        timed(async {
                            let _ = store.revoke(self.tenant, Target::Link(link.id)).await.unwrap();
                        })
                        .await
                    }
                }
            }
        }
    }

    /// Operations a second of several tasks, what has to come before not counted as such but not left out of the time: so it is a bound.
    async fn throughput(&self, operation: &'static str, Amount { times, tasks }: Amount) -> f64 {
        let each = times.div_ceil(tasks);
        let start = Instant::now();
        let work = (0..tasks).map(|_| async {
            for _ in 0..each {
                self.once(operation).await;
            }
        });
        futures_util::future::join_all(work).await;
        f64::from(u32::try_from(each * tasks).unwrap()) / start.elapsed().as_secs_f64()
    }

    /// From the call of `revoke` here to the refusal in another process.
    async fn feed(&self, rounds: usize) -> String {
        let mut another = Another::start(&self.location, self.store.deployment(), &self.keyring);
        let mut times = Vec::new();
        for _ in 0..rounds {
            let (token, link) = self.store.issue(&self.request, LinkTerms::default()).await.unwrap();
            another.believe(token.text());
            let start = Instant::now();
            self.store.revoke(self.tenant, Target::Link(link.id)).await.unwrap();
            another.refuses();
            times.push(start.elapsed());
        }
        percentiles(times)
    }

    async fn prepare_floor(&self) {
        self.connection().await.make_table().await;
    }

    async fn connection(&self) -> Plain {
        match &self.location {
            Location::Sqlite(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new()
                    .filename(path.with_extension("floor"))
                    .create_if_missing(true);
                let options = options
                    .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
                    .synchronous(sqlx::sqlite::SqliteSynchronous::Full);
                Plain::Sqlite(sqlx::SqliteConnection::connect_with(&options).await.unwrap())
            }
            Location::Postgres(url) => Plain::Postgres(sqlx::PgConnection::connect(url.expose()).await.unwrap()),
        }
    }
}

/// A connection with nothing in between.
enum Plain {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Plain {
    async fn make_table(&mut self) {
        match self {
            Self::Sqlite(connection) => {
                let _ = connection.execute("CREATE TABLE IF NOT EXISTS floor (bytes BLOB)").await.unwrap();
            }
            Self::Postgres(connection) => {
                let _ = connection.execute("CREATE TABLE IF NOT EXISTS floor (bytes BYTEA)").await.unwrap();
            }
        }
    }

    async fn insert(&mut self) {
        let bytes = vec![7u8; 400];
        match self {
            Self::Sqlite(connection) => {
                let mut work = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
                sqlx::query("INSERT INTO floor VALUES ($1)").bind(bytes).execute(&mut *work).await.unwrap();
                work.commit().await.unwrap();
            }
            Self::Postgres(connection) => {
                let mut work = connection.begin().await.unwrap();
                sqlx::query("INSERT INTO floor VALUES ($1)").bind(bytes).execute(&mut *work).await.unwrap();
                work.commit().await.unwrap();
            }
        }
    }
}

async fn timed(work: impl Future<Output = ()>) -> Duration {
    let start = Instant::now();
    work.await;
    start.elapsed()
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    let text = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
    format!("{} | {}", text(at(50)), text(at(99)))
}
