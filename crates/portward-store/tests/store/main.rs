//! The store on real databases: every test of [`conformance`] runs on SQLite and on PostgreSQL.
#![expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, reason = "test code")]

/// Runs tests that take a [`world::World`] on both back ends.
macro_rules! conformance {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name($crate::world::World::sqlite().await).await;
            })*
        }

        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let Some(world) = $crate::world::World::postgres().await else { return };
                super::$name(world).await;
            })*
        }
    };
}

mod awaited;
mod bad;
mod clock;
mod codes;
mod crash;
mod events;
mod faults;
mod feed;
mod full;
#[path = "../common/kept.rs"]
mod kept;
mod process;
#[cfg(target_os = "linux")]
mod random;
mod recover;
mod redeem;
mod registry;
#[cfg(feature = "redis")]
mod remote;
mod sessions;
mod tamper;
mod told;
mod world;
