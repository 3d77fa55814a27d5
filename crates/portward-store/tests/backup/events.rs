use std::fs;
use std::sync::Arc;
use std::time::Duration;

use portward_store::backup::{BackupOptions, Backups, Kind, RestoreOptions, Retention};

use crate::kept::Kept;
use crate::world::{World, code, now, sealed_files};

fn told(world: &World) -> (Backups, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    let options = BackupOptions { recorder: kept.recorder().acting_as("cron"), ..world.options() };
    let (deployment, keyring) = (Arc::clone(&world.deployment), Arc::clone(&world.keyring));
    (Backups::create(&world.file("backups"), deployment, keyring, options).unwrap(), kept)
}

/// What was refused is asked for again, and done.
#[tokio::test]
async fn backups_are_made_restored_and_removed_only_where_that_was_told() {
    let world = World::new();
    world.store().await.close().await;
    let (backups, kept) = told(&world);
    let (source, into) = (world.sqlite("store.db"), world.sqlite("restored.db"));
    let long_after = now().saturating_add(Duration::from_secs(100 * 86_400));
    let make = async || backups.back_up(Kind::Data, &source, now()).await;
    let restore = async || backups.restore(Kind::Data, &into, RestoreOptions::default(), now()).await;
    let retention = Retention { data: Some(Duration::from_secs(86_400)), ..Retention::default() };
    let prune = async || backups.prune(retention, long_after).await;

    kept.fail(true);
    assert_eq!(code(make().await), "sink_failed");
    assert!(sealed_files(&backups).is_empty());
    kept.fail(false);
    make().await.unwrap();
    make().await.unwrap();

    kept.fail(true);
    assert_eq!(code(restore().await), "sink_failed");
    assert!(!world.file("restored.db").exists());
    assert_eq!(code(prune().await), "sink_failed");
    let stray = backups.path().join("keys-000000000009.pwb");
    fs::write(&stray, b"left").unwrap();
    assert_eq!(code(backups.remove_strays().await), "sink_failed");
    assert_eq!(sealed_files(&backups).len(), 3);

    kept.fail(false);
    restore().await.unwrap();
    assert_eq!(prune().await.unwrap().removed.len(), 1);
    backups.remove_strays().await.unwrap();
    assert_eq!(sealed_files(&backups), ["data-000000000003.pwb"]);

    let events = kept.take();
    let said: Vec<_> = events.iter().map(|event| (event.operation.name(), event.detail.as_deref().unwrap())).collect();
    let expected = [
        ("backed_up", "data-000000000002.pwb"),
        ("backed_up", "data-000000000003.pwb"),
        ("backup_restored", "data-000000000003.pwb"),
        ("backups_removed", "data-000000000002.pwb"),
        ("backups_removed", "keys-000000000009.pwb"),
    ];
    assert_eq!(said, expected);
    assert!(events.iter().all(|event| event.actor.as_deref() == Some("cron")));
}

/// On one thread, where a lock that is held while somebody else is waited for would stand still for good.
#[tokio::test]
async fn who_prunes_and_who_makes_wait_for_no_lock_of_the_other() {
    let world = World::new();
    let (backups, kept) = told(&world);
    world.stream(&backups, b"x").await;
    world.stream(&backups, b"y").await;
    let retention = Retention { streams: Some(Duration::from_secs(86_400)), ..Retention::default() };
    let long_after = now().saturating_add(Duration::from_secs(100 * 86_400));
    let both = async { tokio::join!(backups.prune(retention, long_after), world.stream(&backups, b"z")) };
    let (pruned, made) = tokio::time::timeout(Duration::from_secs(30), both).await.unwrap();
    assert_eq!((pruned.unwrap().removed.len(), made.number), (1, 3));
    assert!(!kept.take().is_empty());
}
