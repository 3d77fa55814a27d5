//! Keys of AWS KMS, as two emulations and a server of lies make them.

mod calls;
mod emulated;
mod fake;
mod faults;
mod moto;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use portward_kms::aws_sdk_kms::config::{BehaviorVersion, Builder, Credentials, Region};
use portward_kms::aws_sdk_kms::{Client, Config};
use portward_kms::{AwsKms, AwsKmsOptions};
use tokio::runtime::Runtime;

/// Nobody's credentials, in one region.
fn config() -> Builder {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "tests");
    let builder = Config::builder().region(Region::new("eu-central-1")).credentials_provider(credentials);
    builder.behavior_version(BehaviorVersion::latest())
}

fn at(endpoint: &str) -> Config {
    config().endpoint_url(endpoint).build()
}

/// For what is never answered: the deadline is over soon.
fn hurried() -> AwsKmsOptions {
    within(DEADLINE)
}

/// For what is answered, by a machine that has other things to do.
fn patient() -> AwsKmsOptions {
    within(Duration::from_secs(20))
}

/// After two attempts.
fn within(deadline: Duration) -> AwsKmsOptions {
    AwsKmsOptions { deadline, attempts: NonZeroU32::new(2).unwrap() }
}

const DEADLINE: Duration = Duration::from_millis(1500);

/// Who makes, disables and deletes keys: another hand than the provider's.
struct Admin {
    client: Client,
    runtime: Runtime,
}

impl Admin {
    fn new(config: Config) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { client: Client::from_conf(config), runtime }
    }

    fn create_key(&self) -> String {
        let created = self.runtime.block_on(self.client.create_key().send()).unwrap();
        created.key_metadata.unwrap().key_id
    }
}

fn kms(config: &Config) -> Arc<AwsKms> {
    AwsKms::new(config, AwsKmsOptions::default()).unwrap()
}
