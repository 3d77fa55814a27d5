//! The drill: a new machine with a recovery export, its passphrase and the backups, and nothing else.

use std::fs;
use std::num::NonZeroUsize;
use std::sync::Arc;

use portward::envelope::{Context, DataScope, Keep};
use portward::{Clock as _, PassphraseCost, SealedKeyring, SystemClock};
use portward_store::backup::{Backups, Kind, RestoreOptions};
use portward_store::database::Location;
use portward_store::events::Recorder;
use portward_store::store::{self, Recovery, Store, Target};

use crate::world::{MONTH, World, copy_folder, now, tenant, verify};

fn scope(name: &str) -> DataScope {
    format!("subject:{name}").parse().unwrap()
}

fn context(id: &str) -> Context {
    Context::new(&tenant(), "clients.phone", id).unwrap()
}

fn verdict(store: &Store, link: &str) -> &'static str {
    store.verifier().verify_link(link, SystemClock.now()).err().map_or("ok", |error| error.code())
}

async fn drill(data: impl Fn(&World, &str) -> Option<Location>) {
    // A portal with links, records, a sealed file.
    let old = World::new();
    let Some(location) = data(&old, "store.db") else { return };
    store::initialise(&location, &old.keyring, None, &Recorder::none(), now()).await.unwrap();
    let portal = old.open_store(&location).await.unwrap();
    let mut links = Vec::new();
    for _ in 0..20 {
        links.push(old.issue(&portal).await);
    }
    let keys = old.keys("keys.db", Some(&portal)).await.unwrap();
    keys.new_tenant(tenant()).await.unwrap();
    let mut records = Vec::new();
    for name in ["anna", "bob", "carl"] {
        let scope = keys.scope(tenant(), &scope(name)).await.unwrap();
        records.push((name, scope.seal_record(&context(name), name.as_bytes()).unwrap()));
    }
    let big = vec![7; 100_000];
    let file = keys.scope(tenant(), &scope("bob")).await.unwrap();
    let file = file.seal(&context("file"), &big, Keep::Embedded, NonZeroUsize::MIN).unwrap();
    // One is revoked and one erased before the backups, one of each behind them; what is revoked and erased is backed up often.
    let erase = async |name: &str| {
        let erasure = keys.destroy_scope(tenant(), &scope(name), MONTH).await.unwrap();
        portal.commit(erasure.changes()).await.unwrap();
    };
    portal.revoke(tenant(), Target::Link(links[0].1.id)).await.unwrap();
    erase("anna").await;
    let backups = old.backups();
    backups.back_up(Kind::Data, &location, now()).await.unwrap();
    backups.back_up(Kind::Keys, &old.sqlite("keys.db"), now()).await.unwrap();
    portal.revoke(tenant(), Target::Link(links[1].1.id)).await.unwrap();
    erase("carl").await;
    let view = portal.cell().load().save(&old.keyring).unwrap();
    backups.back_up_stream("view".parse().unwrap(), Box::new(std::io::Cursor::new(view)), now()).await.unwrap();
    let passphrase = b"kept in a safe".to_vec();
    let cost = PassphraseCost::new(8, 1, 1).unwrap();
    let export = SealedKeyring::export_recovery(&old.deployment, &old.keyring, &passphrase, cost).unwrap().to_json();

    // The new machine.
    let mut new = World::new();
    fs::write(new.file("recovery.json"), export).unwrap();
    copy_folder(backups.path(), &new.file("backups"));
    drop((backups, portal));
    let sealed = SealedKeyring::from_json(&fs::read(new.file("recovery.json")).unwrap()).unwrap();
    let opened = sealed.open(&passphrase).unwrap();
    (new.deployment, new.keyring) = (Arc::new(opened.deployment.unwrap()), Arc::new(opened.keyring));
    let (deployment, keyring) = (Arc::clone(&new.deployment), Arc::clone(&new.keyring));
    let backups = Backups::open(&new.file("backups"), deployment, keyring, new.options()).unwrap();
    for entry in backups.catalogue().unwrap().entries {
        verify(&backups, entry.number).await.unwrap();
    }
    let into = data(&new, "store.db").unwrap();
    backups.restore(Kind::Data, &into, RestoreOptions::default(), now()).await.unwrap();
    assert_eq!(new.open_store(&into).await.err().unwrap().code(), "store_restored");
    let (_, view) = backups.restore_stream("view".parse().unwrap(), None, Vec::new()).await.unwrap();
    assert!(Recovery::run(&into, &new.keyring, Some(&view), &Recorder::none(), now()).await.unwrap().merged);
    let portal = new.open_store(&into).await.unwrap();
    let options = RestoreOptions { views: vec![portal.cell().load()], ..RestoreOptions::default() };
    let restored = backups.restore(Kind::Keys, &new.sqlite("keys.db"), options, now()).await.unwrap();
    assert_eq!(restored.buried, 1, "what was erased since the backup");

    // Every link that was good is good, and no other.
    for (number, (token, _)) in links.iter().enumerate() {
        assert_eq!(verdict(&portal, token.text()), if number < 2 { "link_revoked" } else { "ok" }, "link {number}");
    }
    portal.check().await.unwrap();
    // Everything opens that was not erased, and nothing else.
    let keys = new.keys("keys.db", Some(&portal)).await.unwrap();
    for (name, record) in &records {
        let opened = keys.known_scope(tenant(), &scope(name)).await.unwrap().open_record(&context(name), record);
        match *name {
            "bob" => assert_eq!(opened.unwrap(), name.as_bytes()),
            _ => assert_eq!(opened.unwrap_err().code(), "data_key_destroyed", "{name}"),
        }
    }
    let bob = keys.known_scope(tenant(), &scope("bob")).await.unwrap();
    assert_eq!(bob.open(&context("file"), &file, NonZeroUsize::MIN).unwrap(), big);
    // And work goes on: a new link, a new record, a new backup with the next number.
    let (token, _) = new.issue(&portal).await;
    assert_eq!(verdict(&portal, token.text()), "ok");
    let dora = keys.scope(tenant(), &scope("dora")).await.unwrap();
    dora.seal_record(&context("dora"), b"x").unwrap();
    let entry = backups.back_up(Kind::Data, &into, now()).await.unwrap();
    assert_eq!(entry.number, 4);
    verify(&backups, entry.number).await.unwrap();
    new.has_no_leftovers();
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_new_machine_everything_opens_that_should_and_nothing_else() {
    drill(|world, name| Some(world.sqlite(name))).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn the_same_with_postgres() {
    drill(|_, _| crate::postgres::new_database()).await;
}
