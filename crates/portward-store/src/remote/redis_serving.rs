//! Answering over the streams of Redis or Valkey.

use core::time::Duration;

use redis::streams::{StreamMaxlen, StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands as _, Client, RedisError};
use tokio::task::JoinHandle;

use crate::remote::carrier::CarrierError;
use crate::remote::redis::{ASK, WAKE, answer_to, connect};
use crate::store::Store;

const GROUP: &str = "portward";
/// How many seconds an answer waits to be fetched.
const ANSWER_KEPT: i64 = 10;
/// How many milliseconds are waited for questions before it is looked whether followers have to be woken.
const WAKE_EVERY: usize = 50;

/// Answers what followers ask, for as long as it is held.
#[derive(Debug)]
#[must_use = "nobody is answered when this is dropped"]
pub struct RedisServing(JoinHandle<()>);

impl Drop for RedisServing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Answers the followers of a store that ask through this server. Several processes may: each question is answered by one. `name` is this one's
/// among them.
///
/// # Errors
/// If the URL is none.
pub fn serve_redis(store: Store, url: &str, name: &str) -> Result<RedisServing, CarrierError> {
    let client = Client::open(url).map_err(CarrierError::new)?;
    let name = name.to_owned();
    Ok(RedisServing(tokio::spawn(async move {
        loop {
            // What fails is begun anew: a server that was restarted has forgotten its groups.
            let _: Result<(), RedisError> = serve(&store, &client, &name).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })))
}

async fn serve(store: &Store, client: &Client, name: &str) -> Result<(), RedisError> {
    let (mut connection, mut waking) = (connect(client).await?, connect(client).await?);
    let made: Result<(), RedisError> = connection.xgroup_create_mkstream(ASK, GROUP, "$").await;
    if let Err(error) = made
        && error.code() != Some("BUSYGROUP")
    {
        return Err(error);
    }
    let options = StreamReadOptions::default().group(GROUP, name).block(WAKE_EVERY).count(64).noack();
    let mut told = None;
    loop {
        let asked: Option<StreamReadReply> = connection.xread_options(&[ASK], &[">"], &options).await?;
        for entry in asked.into_iter().flat_map(|asked| asked.keys).flat_map(|stream| stream.ids) {
            let Some(request) = entry.get::<Vec<u8>>("request") else { continue };
            // Who asked something that is no question, or asks while the database is away, gets no answer.
            let Ok(answer) = store.answer_request(&request).await else { continue };
            let to = answer_to(&request);
            let () = connection.xadd(&to, "*", &[("answer", answer)]).await?;
            let () = connection.expire(&to, ANSWER_KEPT).await?;
        }
        let stamp = store.stamp();
        if told != stamp {
            let sequence = stamp.map_or(0, |stamp| stamp.sequence);
            let () = waking.xadd_maxlen(WAKE, StreamMaxlen::Equals(1), "*", &[("sequence", sequence)]).await?;
            told = stamp;
        }
    }
}
