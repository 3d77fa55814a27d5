use core::time::Duration;

#[cfg(feature = "postgres")]
use crate::database::Location;
use crate::store::open::Store;
use tokio::task::JoinHandle;

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
}

#[cfg(feature = "postgres")]
enum Listener {
    /// The location says nothing by itself.
    Silent,
    /// Not connected, to this URL.
    Away(String),
    Listening(Box<sqlx::postgres::PgListener>, String),
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
            Location::Postgres(url) => Listener::Away(url.clone()),
        };
        Self { listener }
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
                    woken = listener.try_recv() => match woken {
                        Ok(Some(_)) => {
                            self.listener = Listener::Listening(listener, url);
                            return;
                        }
                        Ok(None) | Err(_) => Listener::Away(url),
                    },
                    () = &mut sleep => Listener::Listening(listener, url),
                }
            }
            other => other,
        };
        sleep.await;
    }
}

#[cfg(feature = "postgres")]
async fn listen(url: &str) -> Result<sqlx::postgres::PgListener, sqlx::Error> {
    let mut listener = sqlx::postgres::PgListener::connect(url).await?;
    listener.listen("portward_feed").await?;
    Ok(listener)
}
