//! Asking over the streams of Redis or Valkey: questions in one, each answer in a stream of its own, and one that wakes.

use core::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::streams::{StreamMaxlen, StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands as _, Client, RedisError};
use tokio::sync::Mutex;

use crate::remote::carrier::{Carried, Carrier, CarrierError};

pub(super) const ASK: &str = "portward:feed:ask";
pub(super) const WAKE: &str = "portward:feed:wake";
/// Questions that nobody has answered yet. What is older has been given up by who asked.
const ASKED_MAX: usize = 10_000;
/// How long one command may block; then it is sent again.
const BLOCK: usize = 1000;

/// What a follower asks through.
pub struct RedisCarrier {
    client: Client,
    /// One for asking and one for being woken: a command that blocks holds up what comes behind it on the same connection.
    asking: Mutex<Option<MultiplexedConnection>>,
    waking: Mutex<Waking>,
}

#[derive(Default)]
struct Waking {
    connection: Option<MultiplexedConnection>,
    /// The last entry that was seen.
    last: Option<String>,
}

impl RedisCarrier {
    /// Of a server such as `redis://:password@host/`. It connects when it is used, and anew when that is needed.
    ///
    /// # Errors
    /// If the URL is none.
    pub fn new(url: &str) -> Result<Self, CarrierError> {
        let client = Client::open(url).map_err(CarrierError::new)?;
        Ok(Self { client, asking: Mutex::default(), waking: Mutex::default() })
    }

    async fn asked(&self, request: &[u8]) -> Result<Vec<u8>, RedisError> {
        let mut asking = self.asking.lock().await;
        // Taken out: what fails, or is given up, leaves no connection behind in which an old answer waits.
        let mut connection = match asking.take() {
            Some(connection) => connection,
            None => connect(&self.client).await?,
        };
        let reply = answer_to(request);
        let asked: &[(&str, &[u8])] = &[("request", request)];
        let () = connection.xadd_maxlen(ASK, StreamMaxlen::Approx(ASKED_MAX), "*", asked).await?;
        let options = StreamReadOptions::default().block(BLOCK).count(1);
        let mut seen = "0".to_owned();
        loop {
            let answers: Option<StreamReadReply> = connection.xread_options(&[&reply], &[&seen], &options).await?;
            let entry = answers.into_iter().flat_map(|answers| answers.keys).flat_map(|stream| stream.ids).next();
            let Some(entry) = entry else { continue };
            if let Some(answer) = entry.get("answer") {
                let () = connection.del(&reply).await?;
                *asking = Some(connection);
                return Ok(answer);
            }
            // Somebody else's: read again and again, it would be all that comes.
            seen = entry.id;
        }
    }

    async fn next_wake(&self) -> Result<(), RedisError> {
        let mut waking = self.waking.lock().await;
        let mut connection = match waking.connection.take() {
            Some(connection) => connection,
            None => connect(&self.client).await?,
        };
        let options = StreamReadOptions::default().block(BLOCK).count(1);
        loop {
            let after = waking.last.clone().unwrap_or_else(|| "$".to_owned());
            let woken: Option<StreamReadReply> = connection.xread_options(&[WAKE], &[after], &options).await?;
            let entry = woken.into_iter().flat_map(|woken| woken.keys).flat_map(|stream| stream.ids).next();
            if let Some(entry) = entry {
                waking.last = Some(entry.id);
                waking.connection = Some(connection);
                return Ok(());
            }
        }
    }
}

impl Carrier for RedisCarrier {
    fn ask<'a>(&'a self, request: &'a [u8]) -> Carried<'a, Result<Vec<u8>, CarrierError>> {
        Box::pin(async { self.asked(request).await.map_err(CarrierError::new) })
    }

    fn woken(&self) -> Carried<'_, ()> {
        Box::pin(async {
            if self.next_wake().await.is_err() {
                // There is nothing that could wake: it is polled.
                core::future::pending().await
            }
        })
    }
}

pub(super) async fn connect(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    let config = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(2)))
        .set_response_timeout(Some(Duration::from_secs(5)));
    client.get_multiplexed_async_connection_with_config(&config).await
}

/// The stream of one answer, named after the challenge, which is random and the end of a request. Nobody is told where to write.
pub(super) fn answer_to(request: &[u8]) -> String {
    let challenge = request.last_chunk::<16>().into_iter().flatten();
    challenge.fold("portward:feed:answer:".to_owned(), |name, byte| format!("{name}{byte:02x}"))
}
