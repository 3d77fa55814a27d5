//! Keys under keys down to a body, as a process finds them in its store.

use std::io::{Cursor, Read as _};
use std::num::NonZeroUsize;
use std::sync::Arc;

use portward::envelope::{
    BlindIndex, Context, DataKey, DataScope, IndexName, Keep, Normaliser, OpenError, RootKeks, ScopeKeys, TenantKek,
    TenantKeks,
};
use portward::{Identifier, KeyState};

use crate::memcheck::publish;
use crate::world::World;

pub(crate) fn run() {
    let world = World::new().with_secret_root();
    let tenant: Identifier = "studio-7".parse().unwrap();
    let kek = Arc::new(TenantKeks::new([(tenant_kek(&world, tenant), KeyState::Active)], 1));
    records(&world, tenant, &kek);
    files(&world, tenant, &kek);
    index(&world, tenant, &kek);
}

/// The generator's own copy is not secret to memcheck; the one that comes out of the slot is, because of the root that opens it.
fn tenant_kek(world: &World, tenant: Identifier) -> TenantKek {
    let (roots, id) = (RootKeks::new(&world.keyring), &world.deployment.id);
    let made = TenantKek::generate(id, tenant).unwrap();
    let slot = made.wrap(&roots).unwrap();
    publish(slot.wrapped());
    let named = (made.id(), made.version());
    let mut other = slot.wrapped().to_vec();
    other.last_mut().into_iter().for_each(|byte| *byte ^= 1);
    let other = portward::envelope::Slot::new(slot.kek().clone(), other).unwrap();
    assert!(TenantKek::unwrap(id, &tenant, named, &other, None, &roots).is_err());
    TenantKek::unwrap(id, &tenant, named, &slot, Some(made.check_value()), &roots).unwrap()
}

fn data_key(world: &World, tenant: Identifier, scope: &DataScope, keks: &TenantKeks) -> Arc<DataKey> {
    let id = &world.deployment.id;
    let made = DataKey::generate(id, tenant, scope.clone()).unwrap();
    let slot = made.wrap(keks.active().unwrap()).unwrap();
    publish(slot.wrapped());
    Arc::new(DataKey::unwrap(id, tenant, scope.clone(), made.id(), &slot, Some(made.check_value()), keks).unwrap())
}

fn keys(world: &World, tenant: Identifier, scope: &str, keks: &Arc<TenantKeks>) -> ScopeKeys {
    let scope: DataScope = scope.parse().unwrap();
    let key = data_key(world, tenant, &scope, keks);
    ScopeKeys::new(&world.deployment, tenant, scope)
        .with_data_key(key, KeyState::Active)
        .with_tenant_keks(Arc::clone(keks))
}

fn records(world: &World, tenant: Identifier, keks: &Arc<TenantKeks>) {
    let keys = keys(world, tenant, "record:1204", keks);
    let context = Context::new(&tenant, "invoices.notes", "1204").unwrap();
    let object = keys.seal_record(&context, b"net 30 days").unwrap();
    publish(&object);
    let opened = keys.open_record(&context, &object).unwrap();
    publish(&opened);
    assert_eq!(opened, b"net 30 days");

    let elsewhere = Context::new(&tenant, "invoices.notes", "1205").unwrap();
    assert_eq!(keys.open_record(&elsewhere, &object), Err(OpenError::WrongCommitment));
    let mut forged = object;
    forged.last_mut().into_iter().for_each(|byte| *byte ^= 1);
    assert_eq!(keys.open_record(&context, &forged), Err(OpenError::ChunkForged));
}

/// Of two chunks, with the data key in the object: it is opened by who has nothing but the tenant's KEK.
fn files(world: &World, tenant: Identifier, keks: &Arc<TenantKeks>) {
    let keys = keys(world, tenant, "file:7", keks);
    let context = Context::new(&tenant, "files.content", "7").unwrap();
    let plaintext = vec![0x20; 20_000];
    let object = keys.seal(&context, &plaintext, Keep::Embedded, NonZeroUsize::MIN).unwrap();
    publish(&object);
    let (scope, mut opened) = ("file:7".parse().unwrap(), Vec::new());
    let keys = ScopeKeys::new(&world.deployment, tenant, scope).with_tenant_keks(Arc::clone(keks));
    keys.reader(&context, Cursor::new(&object), NonZeroUsize::MIN).unwrap().read_to_end(&mut opened).unwrap();
    publish(&opened);
    assert_eq!(opened, plaintext);
    let range = keys.seekable(&context, Cursor::new(&object)).unwrap().read_range(16_000, 1_000).unwrap();
    publish(&range);
    assert_eq!(range, plaintext[..1_000]);
}

fn index(world: &World, tenant: Identifier, keks: &Arc<TenantKeks>) {
    let key = data_key(world, tenant, &"index:clients".parse().unwrap(), keks);
    let normaliser = Normaliser::AsciiLowercase;
    let name = IndexName { table: "clients", column: "mail", name: "exact", normaliser, bits: 19, version: 1 };
    let index = BlindIndex::new(&world.deployment, &key, &name).unwrap().of("Ann@example.org").unwrap();
    publish(&index);
    assert_eq!(index.len(), 4);
}
