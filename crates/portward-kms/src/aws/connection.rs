use core::convert::Infallible;
use core::fmt;
use core::num::NonZeroU32;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use aws_sdk_kms::config::BehaviorVersion;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::{Client, Config};
use portward::envelope::KekError;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::error::AwsKmsError;

/// AWS KMS in one region, under one identity, on a thread of its own.
///
/// A call blocks its caller until the answer is there or the deadline is over, inside an asynchronous runtime too: there, make it in
/// `spawn_blocking`. Calls of several threads run side by side. A thread does not outlive a fork: make this after one, not before.
pub struct AwsKms {
    client: Client,
    deadline: Duration,
    runtime: Handle,
    /// Dropping it ends the thread, and what is under way there.
    _alive: oneshot::Sender<Infallible>,
}

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub struct AwsKmsOptions {
    /// All of one call: credentials, attempts, and the pauses between them. Six seconds.
    pub deadline: Duration,
    /// At most; each may take its part of the deadline. Three.
    pub attempts: NonZeroU32,
}

impl Default for AwsKmsOptions {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(6), attempts: NonZeroU32::MIN.saturating_add(2) }
    }
}

impl AwsKms {
    /// With the region, the credentials and the HTTP client of `config`; its timeouts and retries are those of `options`.
    ///
    /// An HTTP client that `config` brings should not be used elsewhere: a connection belongs to the runtime that has opened it. Without one the
    /// client is of this crate's making.
    ///
    /// # Errors
    /// [`AwsKmsError::Region`], [`AwsKmsError::Thread`].
    pub fn new(config: &Config, options: AwsKmsOptions) -> Result<Arc<Self>, AwsKmsError> {
        if config.region().is_none() {
            return Err(AwsKmsError::Region);
        }
        let attempt = options.deadline.checked_div(options.attempts.get()).unwrap_or(options.deadline);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(attempt)
            .operation_attempt_timeout(attempt)
            .operation_timeout(options.deadline)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(options.attempts.get())
            .with_initial_backoff(BACKOFF_MIN)
            .with_max_backoff(BACKOFF_MAX);
        // Said here, because a client without it panics.
        let config = config.to_builder().behavior_version(BehaviorVersion::latest());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|_| AwsKmsError::Thread)?;
        let handle = runtime.handle().clone();
        let (alive, dropped) = oneshot::channel();
        let thread = thread::Builder::new().name("portward-kms".to_owned());
        thread.spawn(move || drop(runtime.block_on(dropped))).map_err(|_| AwsKmsError::Thread)?;
        Ok(Arc::new(Self {
            client: Client::from_conf(config.timeout_config(timeouts).retry_config(retries).build()),
            deadline: options.deadline,
            runtime: handle,
            _alive: alive,
        }))
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a call on the own thread. A panic over there ends as an answer that does not come.
    pub(super) fn run<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, KekError>> + Send + 'static,
    ) -> Result<T, KekError> {
        let (answer, answered) = mpsc::sync_channel(1);
        // Who has stopped waiting lets the answer fall, and with it the key is wiped.
        self.runtime.spawn(async move { drop(answer.send(call.await)) });
        answered.recv_timeout(self.deadline).unwrap_or(Err(KekError::Unavailable))
    }
}

impl fmt::Debug for AwsKms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsKms").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_millis(500);
