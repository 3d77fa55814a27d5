use core::time::Duration;

#[cfg(feature = "postgres")]
use crate::database::Location;
use crate::store::open::Store;
#[cfg(feature = "postgres")]
use sqlx::postgres::PgListener;
use tokio::task::JoinHandle;
#[cfg(feature = "postgres")]
use tokio::time::Instant;

/// Keeps the view of a store up to date for as long as it is held.
#[derive(Debug)]
#[must_use = "the view turns stale when this is dropped"]
pub struct Following(JoinHandle<()>);

impl Following {
    /// As dropping it does.
    pub fn stop(&self) {
        self.0.abort();
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Store {
    /// Asks the database every so often (500 ms is a good choice) for what is new, and on a server also when it says that there is something.
    /// What fails is asked again: a view that hears nothing turns stale by itself.
    pub fn follow(&self, every: Duration) -> Following {
        let store = self.clone();
        Following(tokio::spawn(async move {
            let mut wake = Wake::new(&store);
            loop {
                let heard = store.refresh().await.is_ok();
                wake.wait(every, heard).await;
            }
        }))
    }
}

/// What shortens the waiting.
struct Wake {
    #[cfg(feature = "postgres")]
    listener: Listener,
    /// Until when it is not woken again.
    #[cfg(feature = "postgres")]
    calm_until: Instant,
}

/// Whom it has woken it does not wake again for so long, however much comes: many changes, or somebody who says so again and again, cost no
/// more than so many readings a second.
#[cfg(feature = "postgres")]
const CALM: Duration = Duration::from_millis(20);

#[cfg(feature = "postgres")]
enum Listener {
    /// The location says nothing by itself.
    Silent,
    /// Not connected, to this URL.
    Away(String),
    Listening(Box<PgListener>, String),
}

#[cfg(not(feature = "postgres"))]
impl Wake {
    fn new(_: &Store) -> Self {
        Self {}
    }

    async fn wait(&mut self, every: Duration, _: bool) {
        tokio::time::sleep(every).await;
    }
}

#[cfg(feature = "postgres")]
impl Wake {
    fn new(store: &Store) -> Self {
        let listener = match &store.inner.location {
            Location::Sqlite(_) => Listener::Silent,
            Location::Postgres(url) => Listener::Away(url.expose().to_owned()),
        };
        Self { listener, calm_until: Instant::now() }
    }

    /// Only when the database was heard is it tried to listen, so that one that is gone is not asked twice.
    async fn wait(&mut self, every: Duration, heard: bool) {
        let sleep = tokio::time::sleep(every);
        tokio::pin!(sleep);
        self.listener = match core::mem::replace(&mut self.listener, Listener::Silent) {
            Listener::Away(url) if heard => {
                let connected = tokio::select! {
                    connected = listen(&url) => connected.ok(),
                    () = &mut sleep => None,
                };
                // What came before it listened is asked for at once.
                match connected {
                    Some(listener) => {
                        self.listener = Listener::Listening(Box::new(listener), url);
                        return;
                    }
                    None => Listener::Away(url),
                }
            }
            Listener::Listening(mut listener, url) => {
                tokio::select! {
                    word = woken(&mut listener, self.calm_until) => {
                        let next = if word.lost { Listener::Away(url) } else { Listener::Listening(listener, url) };
                        if word.heard {
                            self.calm_until = Instant::now().checked_add(CALM).unwrap_or_else(Instant::now);
                            self.listener = next;
                            return;
                        }
                        next
                    }
                    () = &mut sleep => Listener::Listening(listener, url),
                }
            }
            other => other,
        };
        sleep.await;
    }
}

/// What came of waiting for a word.
#[cfg(feature = "postgres")]
struct Word {
    heard: bool,
    lost: bool,
}

/// Waits for a word, and takes all that come before it is time.
#[cfg(feature = "postgres")]
async fn woken(listener: &mut PgListener, calm_until: Instant) -> Word {
    let heard = matches!(listener.try_recv().await, Ok(Some(_)));
    let mut lost = !heard;
    while !lost {
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(calm_until) => break,
            again = listener.try_recv() => lost = !matches!(again, Ok(Some(_))),
        }
    }
    Word { heard, lost }
}

#[cfg(feature = "postgres")]
async fn listen(url: &str) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    // What is missed meanwhile is asked for by who connects again.
    listener.eager_reconnect(false);
    listener.listen("portward_feed").await?;
    Ok(listener)
}
