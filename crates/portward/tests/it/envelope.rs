//! Envelope encryption through the public API.

use std::io::{Cursor, Read, Seek as _, SeekFrom, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use portward::envelope::{
    BlindIndex, Context, DataKey, DataScope, Header, IndexError, IndexName, Keep, KekError, KekName, KekType,
    Normaliser, OpenError, RECORD_MAX, RewrapError, RootKeks, ScopeKeys, SealError, Slot, TenantKek, TenantKeks,
    Tombstones, UnwrapKey, Usage, WrapKey, index_bits,
};
use portward::{
    Authority, Change, Deployment, Follower, Identifier, Incarnation, KeyState, Keyring, Scope, Steady, TenantChange,
    Timestamp, Vocabulary,
};
use proptest::prelude::*;

const ONE: NonZeroUsize = NonZeroUsize::MIN;
const NOW: Timestamp = Timestamp::from_unix(1_770_000_000);

struct World {
    deployment: Deployment,
    keyring: Arc<Keyring>,
    tenant: Identifier,
    kek: TenantKek,
}

impl World {
    fn new() -> Self {
        let deployment = Deployment::generate(Vocabulary::portal()).unwrap();
        let keyring = Arc::new(Keyring::generate(&deployment, NOW).unwrap());
        let tenant = "acme".parse().unwrap();
        let kek = TenantKek::generate(&deployment.id, tenant).unwrap();
        Self { deployment, keyring, tenant, kek }
    }

    fn data_key(&self, scope: &str) -> Arc<DataKey> {
        Arc::new(DataKey::generate(&self.deployment.id, self.tenant, scope.parse().unwrap()).unwrap())
    }

    fn keys(&self, scope: &str) -> ScopeKeys {
        ScopeKeys::new(&self.deployment, self.tenant, scope.parse().unwrap())
    }

    fn context(&self) -> Context {
        Context::new(&self.tenant, "invoices.notes", "1204").unwrap()
    }

    /// The same tenant KEK once more, as another process would load it.
    fn kek_again(&self) -> TenantKek {
        let roots = RootKeks::new(&self.keyring);
        let slot = self.kek.wrap(&roots).unwrap();
        let (id, version) = (self.kek.id(), self.kek.version());
        TenantKek::unwrap(&self.deployment.id, &self.tenant, (id, version), &slot, Some(self.kek.check_value()), &roots)
            .unwrap()
    }

    fn keks(&self) -> Arc<TenantKeks> {
        Arc::new(TenantKeks::new([(self.kek_again(), KeyState::Active)], 1))
    }
}

fn inner<E: std::error::Error + Copy + 'static>(error: std::io::Error) -> E {
    *error.into_inner().unwrap().downcast::<E>().unwrap()
}

#[test]
fn a_record_opens_where_it_belongs_and_nowhere_else() {
    let world = World::new();
    let key = world.data_key("record:1204");
    let keys = world.keys("record:1204").with_data_key(key.clone(), KeyState::Active);
    let context = world.context().with("x-revision", "3").unwrap();
    let object = keys.seal_record(&context, b"net 30 days").unwrap();
    assert_eq!(object.len(), 20 + 56 + 11 + 16);
    assert_eq!(keys.open_record(&context, &object).unwrap(), b"net 30 days");

    let flipped = [
        Context::new(&world.tenant, "invoices.note", "1204").unwrap().with("x-revision", "3").unwrap(),
        Context::new(&world.tenant, "invoices.notes", "1205").unwrap().with("x-revision", "3").unwrap(),
        world.context().with("x-revision", "4").unwrap(),
        world.context().with("x-revisions", "3").unwrap(),
        world.context(),
        context.with("x-more", "1").unwrap(),
    ];
    for other in flipped {
        assert_eq!(keys.open_record(&other, &object), Err(OpenError::WrongCommitment), "{other:?}");
    }
    let other_tenant = Context::new(&"bolt".parse().unwrap(), "invoices.notes", "1204").unwrap();
    assert_eq!(keys.open_record(&other_tenant, &object), Err(OpenError::WrongTenant));
    assert_eq!(keys.seal_record(&other_tenant, b""), Err(SealError::WrongTenant));
    let elsewhere = world.keys("record:1205").with_data_key(key, KeyState::Active);
    assert_eq!(elsewhere.open_record(&context, &object), Err(OpenError::UnknownDataKey), "a key of another scope");
}

#[test]
fn states_and_tombstones_decide_what_a_key_does() {
    let world = World::new();
    let key = world.data_key("file:1");
    let context = world.context();
    let with = |state| world.keys("file:1").with_data_key(key.clone(), state);
    let object = with(KeyState::Active).seal_record(&context, b"x").unwrap();
    assert!(with(KeyState::VerifyOnly).open_record(&context, &object).is_ok());
    assert_eq!(with(KeyState::VerifyOnly).seal_record(&context, b"x"), Err(SealError::NoActiveKey));
    assert_eq!(with(KeyState::Retired).open_record(&context, &object), Err(OpenError::DataKeyRetired));
    assert_eq!(with(KeyState::Destroyed).open_record(&context, &object), Err(OpenError::DataKeyDestroyed));
    let dead = with(KeyState::Active).with_tombstones(Arc::new([key.id()].into()));
    assert_eq!(dead.open_record(&context, &object), Err(OpenError::DataKeyDestroyed));
    assert_eq!(dead.seal_record(&context, b"x"), Err(SealError::NoActiveKey), "nor is anything sealed under it");
}

/// A tombstone counts from the moment that the view shows it, for keys that are long loaded, and for embedded ones.
#[test]
fn a_tombstone_of_the_feed_erases_at_once() {
    let world = World::new();
    let mut authority = Authority::new(world.keyring.clone(), Incarnation::generate(NOW, None).unwrap()).unwrap();
    let mut follower = Follower::new(world.keyring.clone(), Scope::ALL, Duration::from_secs(60), None).unwrap();
    let pull = |authority: &Authority, follower: &mut Follower| {
        let challenge = follower.request(Steady::from_millis(1)).unwrap();
        follower.accept(&authority.answer(&Scope::ALL, follower.highest(), challenge).unwrap(), NOW).unwrap();
    };
    pull(&authority, &mut follower);
    let (first, second) = (world.data_key("subject:anna"), world.data_key("subject:anna"));
    let keys = |key: &Arc<DataKey>| {
        let keys =
            world.keys("subject:anna").with_data_key(key.clone(), KeyState::Active).with_tenant_keks(world.keks());
        keys.with_view(follower.cell())
    };
    let (keys, others) = (keys(&first), keys(&second));
    let context = world.context();
    let detached = keys.seal_record(&context, b"x").unwrap();
    let embedded = keys.seal(&context, b"x", Keep::Embedded, ONE).unwrap();
    let of_second = others.seal(&context, b"x", Keep::Embedded, ONE).unwrap();
    assert!(keys.open_record(&context, &detached).is_ok() && keys.open(&context, &embedded, ONE).is_ok());

    authority.commit(vec![Change::Tenant(world.tenant, TenantChange::Tombstone(first.id()))]).unwrap();
    pull(&authority, &mut follower);
    assert_eq!(keys.open_record(&context, &detached), Err(OpenError::DataKeyDestroyed));
    assert_eq!(keys.open(&context, &embedded, ONE), Err(OpenError::DataKeyDestroyed));
    assert_eq!(keys.rewrap(&embedded), Err(RewrapError::Open(OpenError::DataKeyDestroyed)));
    assert!(others.open(&context, &of_second, ONE).is_ok(), "the other key of the scope lives");

    authority.commit(vec![Change::Tenant(world.tenant, TenantChange::Tombstone(world.kek.id()))]).unwrap();
    pull(&authority, &mut follower);
    assert_eq!(others.open(&context, &of_second, ONE), Err(OpenError::NoSlot), "the whole tenant is erased");
}

#[test]
fn an_embedded_key_needs_a_kek_of_the_tenant() {
    let world = World::new();
    let key = world.data_key("file:1");
    let context = world.context();
    let sealer = world.keys("file:1").with_data_key(key, KeyState::Active);
    let roots = RootKeks::new(&world.keyring);
    let object = sealer.seal(&context, b"plan", Keep::EmbeddedUnder(&[&world.kek, &roots]), ONE).unwrap();

    let opener = world.keys("file:1").with_tenant_keks(world.keks());
    assert_eq!(opener.open(&context, &object, ONE).unwrap(), b"plan");
    let by_root = world.keys("file:1").with_keks(Arc::new(RootKeks::new(&world.keyring)));
    assert_eq!(by_root.open(&context, &object, ONE).unwrap(), b"plan");
    assert_eq!(world.keys("file:1").open(&context, &object, ONE), Err(OpenError::NoSlot));
    let wrong_scope = world.keys("file:2").with_tenant_keks(world.keks());
    assert_eq!(wrong_scope.open(&context, &object, ONE), Err(OpenError::UnwrapFailed));

    let next = world.kek.rotate().unwrap().unwrap();
    let minimum = TenantKeks::new([(world.kek_again(), KeyState::VerifyOnly)], 2);
    let raised = world.keys("file:1").with_keks(Arc::new(minimum));
    assert_eq!(raised.open(&context, &object, ONE), Err(OpenError::NoSlot), "below the minimum version");
    let (header, length) = opener.rewrap_under(&object, &[&next]).unwrap();
    let rewrapped = [&header, &object[length..]].concat();
    let both = TenantKeks::new([(next, KeyState::Active), (world.kek_again(), KeyState::VerifyOnly)], 2);
    assert_eq!(both.active().unwrap().version(), 2);
    let rotated = world.keys("file:1").with_keks(Arc::new(both));
    assert_eq!(rotated.open(&context, &rewrapped, ONE).unwrap(), b"plan");
    assert_eq!(Header::parse(&rewrapped).unwrap().0.slots().len(), 1);
}

/// A KEK wraps for its tenant only, and unwraps for no other.
#[test]
fn a_tenant_kek_is_of_one_tenant() {
    let world = World::new();
    let foreign = TenantKek::generate(&world.deployment.id, "bolt".parse().unwrap()).unwrap();
    let keys = world.keys("file:1").with_data_key(world.data_key("file:1"), KeyState::Active);
    let context = world.context();
    let seal = |keys: &ScopeKeys, keep: Keep<'_>| keys.seal(&context, b"x", keep, ONE).map(|_| ());
    assert_eq!(seal(&keys, Keep::EmbeddedUnder(&[&world.kek])), Ok(()));
    assert_eq!(seal(&keys, Keep::EmbeddedUnder(&[&foreign])), Err(SealError::KekRefused));
    assert_eq!(seal(&keys, Keep::Embedded), Err(SealError::NoActiveKek));
    let foreign = Arc::new(TenantKeks::new([(foreign, KeyState::Active)], 1));
    assert_eq!(seal(&keys.with_tenant_keks(foreign), Keep::Embedded), Err(SealError::KekRefused));
}

/// A KEK whose provider is away, or refuses.
struct Broken(KekName, KekError);

impl WrapKey for Broken {
    fn kek(&self) -> KekName {
        self.0.clone()
    }

    fn wrap(&self, _: &portward::envelope::Binding, _: &[u8; 32]) -> Result<Vec<u8>, KekError> {
        Ok(vec![7; 100])
    }
}

impl UnwrapKey for Broken {
    fn resolves(&self, kek: &KekName) -> bool {
        *kek == self.0
    }

    fn unwrap(&self, _: &Slot, _: &portward::envelope::Binding, _: &mut [u8; 32]) -> Result<(), KekError> {
        Err(self.1)
    }
}

#[test]
fn only_a_provider_that_is_away_lets_the_next_slot_try() {
    let world = World::new();
    let key = world.data_key("file:1");
    let context = world.context();
    let sealer = world.keys("file:1").with_data_key(key, KeyState::Active);
    let away = || Broken(KekName::new(KekType::AwsKms, *b"key-1", 0), KekError::Unavailable);
    let denies = || Broken(KekName::new(KekType::AwsKms, *b"key-2", 0), KekError::Refused);
    let opener = || {
        world.keys("file:1").with_tenant_keks(world.keks()).with_keks(Arc::new(away())).with_keks(Arc::new(denies()))
    };
    let sealed = |keks: &[&dyn WrapKey]| sealer.seal(&context, b"x", Keep::EmbeddedUnder(keks), ONE).unwrap();
    let open = |object: &[u8]| opener().open(&context, object, ONE);
    assert_eq!(open(&sealed(&[&away(), &world.kek])).unwrap(), b"x");
    assert_eq!(open(&sealed(&[&denies(), &world.kek])), Err(OpenError::UnwrapFailed));
    assert_eq!(open(&sealed(&[&away(), &denies()])), Err(OpenError::UnwrapFailed));
    assert_eq!(open(&sealed(&[&away()])), Err(OpenError::KekUnavailable));
    let foreign = Broken(KekName::new(KekType::AwsKms, *b"key-9", 0), KekError::Refused);
    assert_eq!(open(&sealed(&[&foreign, &world.kek])).unwrap(), b"x", "a slot of nobody here is skipped");
}

#[test]
fn a_wrapped_key_is_bound_to_all_that_it_is_for() {
    let world = World::new();
    let (deployment, tenant) = (&world.deployment.id, world.tenant);
    let roots = RootKeks::new(&world.keyring);
    let slot = world.kek.wrap(&roots).unwrap();
    let (id, check) = (world.kek.id(), Some(world.kek.check_value()));
    let unwrap = |tenant: &Identifier, id, version, check| {
        TenantKek::unwrap(deployment, tenant, (id, version), &slot, check, &roots).map(|kek| kek.check_value())
    };
    assert_eq!(unwrap(&tenant, id, 1, check), Ok(world.kek.check_value()));
    assert_eq!(unwrap(&tenant, id, 1, None), Ok(world.kek.check_value()));
    assert_eq!(unwrap(&"bolt".parse().unwrap(), id, 1, check), Err(OpenError::UnwrapFailed));
    assert_eq!(unwrap(&tenant, [0; 16], 1, None), Err(OpenError::UnwrapFailed));
    assert_eq!(unwrap(&tenant, id, 2, check), Err(OpenError::UnwrapFailed));
    assert_eq!(unwrap(&tenant, id, 1, Some([0; 8])), Err(OpenError::KeyCheckMismatch), "not the key that was stored");
    let key = world.data_key("file:1");
    let slot = key.wrap(&world.kek).unwrap();
    let keks = world.keks();
    let unwrap = |scope: &str, check| {
        let scope: DataScope = scope.parse().unwrap();
        DataKey::unwrap(deployment, tenant, scope, key.id(), &slot, check, &*keks).map(|key| key.check_value())
    };
    assert_eq!(unwrap("file:1", Some(key.check_value())), Ok(key.check_value()));
    assert_eq!(unwrap("file:2", None), Err(OpenError::UnwrapFailed));
    assert_eq!(unwrap("file:1", Some([0; 8])), Err(OpenError::KeyCheckMismatch));
}

#[test]
fn a_writer_that_did_not_finish_leaves_nothing_that_opens() {
    let world = World::new();
    let key = world.data_key("file:1");
    let keys = world.keys("file:1").with_data_key(key, KeyState::Active);
    let context = world.context();
    for (length, finished) in
        [(0, true), (5, true), (16_384, true), (50_000, true), (0, false), (5, false), (16_384, false)]
    {
        let mut file = Vec::new();
        let mut writer = keys.writer(&context, Keep::Detached, &mut file, ONE).unwrap();
        writer.write_all(&vec![7; length]).unwrap();
        if finished {
            writer.finish().unwrap();
        } else {
            drop(writer);
        }
        let mut read = Vec::new();
        let result = keys.reader(&context, &file[..], ONE).unwrap().read_to_end(&mut read);
        if finished {
            assert_eq!((result.unwrap(), read), (length, vec![7; length]));
        } else {
            assert_eq!(inner::<OpenError>(result.unwrap_err()), OpenError::BodyTruncated);
        }
    }
}

/// Fails once, then works again.
struct Flaky(Vec<u8>, bool);

impl Write for Flaky {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if std::mem::take(&mut self.1) {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.1 = true;
        Ok(())
    }
}

#[test]
fn a_chunk_that_was_not_written_is_never_written_again() {
    let world = World::new();
    let keys = world.keys("file:1").with_data_key(world.data_key("file:1"), KeyState::Active);
    let write = |is_full: bool| {
        let mut file = Flaky(Vec::new(), false);
        let mut writer = keys.writer(&world.context(), Keep::Detached, &mut file, ONE).unwrap();
        writer.write_all(&[1; 16_384]).unwrap();
        if is_full {
            writer.flush().unwrap();
        }
        let written = [2, 3].map(|byte| writer.write_all(&[byte; 16_384]).is_ok());
        (written, writer.finish().is_ok(), file.0.len())
    };
    assert_eq!(write(false), ([true; 2], true, 76 + 3 * 16_400 + 16), "the control");
    assert_eq!(
        write(true),
        ([false; 2], false, 76 + 16_400),
        "full once is full for this writer, and nothing is behind"
    );
}

#[test]
fn a_record_is_bounded_both_ways() {
    let world = World::new();
    let keys = world.keys("file:1").with_data_key(world.data_key("file:1"), KeyState::Active);
    let context = world.context();
    let object = keys.seal_record(&context, &vec![0; RECORD_MAX]).unwrap();
    assert_eq!(keys.open_record(&context, &object).unwrap().len(), RECORD_MAX);
    assert_eq!(keys.seal_record(&context, &vec![0; RECORD_MAX + 1]), Err(SealError::RecordTooLong));
    let longer = keys.seal(&context, &vec![0; RECORD_MAX + 1], Keep::Detached, ONE).unwrap();
    assert_eq!(keys.open_record(&context, &longer), Err(OpenError::RecordTooLong));
    assert!(keys.open(&context, &longer, ONE).is_ok());
}

#[test]
fn a_used_up_key_seals_no_more() {
    let world = World::new();
    let key = world.data_key("file:1");
    let keys = world.keys("file:1").with_data_key(key.clone(), KeyState::Active);
    let context = world.context();
    assert!(!keys.needs_rotation());
    key.allow(Usage::from_cost((1 << 97) - 2), Usage::BUDGET);
    assert!(keys.needs_rotation());
    assert!(keys.seal_record(&context, b"one block").is_ok());
    assert_eq!(keys.seal_record(&context, &[0; 17]), Err(SealError::KeyExhausted));
    let mut writer = keys.writer(&context, Keep::Detached, Vec::new(), ONE).unwrap();
    writer.write_all(&[0; 17]).unwrap();
    assert_eq!(inner::<SealError>(writer.finish().unwrap_err()), SealError::KeyExhausted);
    assert!(keys.seal_record(&context, b"another").is_ok());
    assert_eq!(keys.seal_record(&context, b""), Err(SealError::KeyExhausted));
}

#[test]
fn equal_values_have_equal_indexes() {
    let world = World::new();
    let key = world.data_key("index:clients");
    let name = IndexName {
        table: "clients",
        column: "email",
        name: "login",
        normaliser: Normaliser::AsciiLowercase,
        bits: 15,
        version: 1,
    };
    let index = BlindIndex::new(&world.deployment, &key, &name).unwrap();
    let anna = index.of("anna@example.com").unwrap();
    assert_eq!(index.of("\t Anna@Example.COM\n").unwrap(), anna);
    assert_ne!(index.of("bob@example.com").unwrap(), anna);
    assert_eq!((anna.len(), anna[0], anna[2] & 1), (3, 1, 0));
    for other in [
        IndexName { table: "client", ..name },
        IndexName { column: "mail", ..name },
        IndexName { name: "logins", ..name },
        IndexName { normaliser: Normaliser::Exact, ..name },
        IndexName { version: 2, ..name },
    ] {
        let other = BlindIndex::new(&world.deployment, &key, &other).unwrap();
        assert_ne!(other.of("anna@example.com").unwrap()[1..], anna[1..]);
    }
    assert_eq!(index.of(" \n"), Err(IndexError::EmptyValue));
    let refused = |name: IndexName<'_>| BlindIndex::new(&world.deployment, &key, &name).unwrap_err();
    assert_eq!(refused(IndexName { bits: 0, ..name }), IndexError::Parameters);
    assert_eq!(refused(IndexName { bits: 257, ..name }), IndexError::Parameters);
    assert_eq!(refused(IndexName { version: 0, ..name }), IndexError::Parameters);
    assert_eq!(refused(IndexName { table: "", ..name }), IndexError::Parameters);
    let file_key = world.data_key("file:1");
    assert_eq!(BlindIndex::new(&world.deployment, &file_key, &name).unwrap_err(), IndexError::Scope);
    assert_eq!(index_bits(1_000_000, 500_000, 0, false), Ok(17));
    assert_eq!(index_bits(1_000_000, 3, 0, false), Err(IndexError::TooFewValues));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the length: all ways of sealing open by all ways of opening, and every range is what it should be.
    #[test]
    fn all_ways_agree(length in prop_oneof![0usize..40, 16_370usize..16_400, 32_760usize..32_780, 0usize..90_000], from in 0u64..95_000, take in 0u64..40_000, threads in 1usize..5) {
        let world = World::new();
        let keys = world.keys("file:1").with_data_key(world.data_key("file:1"), KeyState::Active).with_tenant_keks(world.keks());
        let context = world.context();
        let plaintext: Vec<u8> = (0..length).map(|place| u8::try_from(place % 251).unwrap()).collect();
        let threads = NonZeroUsize::new(threads).unwrap();
        let whole = keys.seal(&context, &plaintext, Keep::Embedded, threads).unwrap();
        let mut written = keys.writer(&context, Keep::Detached, Vec::new(), ONE).unwrap();
        plaintext.chunks(777).for_each(|bytes| written.write_all(bytes).unwrap());
        let written = written.finish().unwrap();
        for object in [whole, written] {
            prop_assert_eq!(&keys.open(&context, &object, threads).unwrap(), &plaintext);
            let mut read = Vec::new();
            keys.reader(&context, &object[..], ONE).unwrap().read_to_end(&mut read).unwrap();
            prop_assert_eq!(&read, &plaintext);
            // Wherever the object begins in the reader.
            let mut file = Cursor::new([&[9; 100], &object[..]].concat());
            file.seek(SeekFrom::Start(100)).unwrap();
            let mut seekable = keys.seekable(&context, file).unwrap();
            prop_assert_eq!(seekable.length(), plaintext.len() as u64);
            let [start, end] = [from, from + take].map(|place| usize::try_from(place).unwrap().min(length));
            prop_assert_eq!(seekable.read_range(from, take).unwrap(), &plaintext[start..end]);
        }
    }

    /// One change anywhere, one byte more or less: nothing opens, by no way.
    #[test]
    fn a_changed_object_does_not_open(length in 0usize..40_000, place: prop::sample::Index, bit in 0u8..8, cut: prop::sample::Index, longer in 1usize..20_000) {
        let world = World::new();
        let keys = world.keys("file:1").with_data_key(world.data_key("file:1"), KeyState::Active);
        let context = world.context();
        let object = keys.seal(&context, &vec![5; length], Keep::Detached, ONE).unwrap();
        let mut flipped = object.clone();
        flipped[place.index(object.len())] ^= 1 << bit;
        let short = object[..cut.index(object.len())].to_vec();
        let long = [&object[..], &vec![0; longer]].concat();
        for changed in [flipped, short, long] {
            prop_assert!(keys.open(&context, &changed, ONE).is_err());
            prop_assert!(keys.open(&context, &changed, NonZeroUsize::new(3).unwrap()).is_err());
            let read = keys.reader(&context, &changed[..], ONE).and_then(|mut reader| reader.read_to_end(&mut Vec::new()));
            prop_assert!(read.is_err());
            let seek = keys.seekable(&context, Cursor::new(&changed)).and_then(|mut reader| reader.read_to_end(&mut Vec::new()));
            prop_assert!(seek.is_err());
        }
        prop_assert!(keys.open(&context, &object, ONE).is_ok());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), start in prop_oneof![Just(vec![]), Just(vec![0xF5, 1, 1, 0]), Just(vec![0xF5, 1, 1, 1])]) {
        let world = World::new();
        let keys = world.keys("file:1").with_data_key(world.data_key("file:1"), KeyState::Active).with_tenant_keks(world.keks());
        let context = world.context();
        let bytes = [start, bytes].concat();
        let _ = Header::parse(&bytes);
        let _ = Slot::from_bytes(&bytes);
        prop_assert!(keys.open(&context, &bytes, ONE).is_err());
        prop_assert!(keys.reader(&context, &bytes[..], ONE).and_then(|mut reader| reader.read_to_end(&mut Vec::new())).is_err());
        prop_assert!(keys.seekable(&context, Cursor::new(&bytes)).is_err());
    }
}

/// Says that it is shorter than it is, or becomes so.
struct Liar<'a>(Cursor<&'a [u8]>, u64);

impl Read for Liar<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl std::io::Seek for Liar<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        match to {
            SeekFrom::End(_) => self.0.seek(SeekFrom::Start(self.1)),
            other => self.0.seek(other),
        }
    }
}

/// A chunk in the middle is authentic too; it is not the last because a source says that the object ends there.
#[test]
fn a_source_that_lies_about_its_length_is_refused() {
    let world = World::new();
    let keys = world.keys("file:1").with_data_key(world.data_key("file:1"), KeyState::Active);
    let context = world.context();
    let object = keys.seal(&context, &[7; 100_000], Keep::Detached, ONE).unwrap();
    let end = object.len() as u64;
    let open = |length: u64| {
        keys.seekable(&context, Liar(Cursor::new(&object), length)).and_then(|mut reader| {
            let mut plaintext = Vec::new();
            reader.read_to_end(&mut plaintext)?;
            Ok(plaintext.len())
        })
    };
    assert_eq!(open(end).unwrap(), 100_000, "the control");
    for chunks in 0..6 {
        for rest in [0, 15, 16, 17, 21, 1000, 16_399] {
            let length = 76 + chunks * 16_400 + rest;
            if length != end {
                assert!(open(length).is_err(), "{chunks} chunks and {rest} bytes");
            }
        }
    }
    assert!(open(end - 1).is_err() && open(end + 1).is_err() && open(u64::MAX).is_err());
}

#[test]
fn a_range_that_failed_keeps_failing() {
    let world = World::new();
    let keys = world.keys("file:1").with_data_key(world.data_key("file:1"), KeyState::Active);
    let mut object = keys.seal(&world.context(), &[7; 60_000], Keep::Detached, ONE).unwrap();
    object[76 + 16_400] ^= 1;
    let mut reader = keys.seekable(&world.context(), Cursor::new(&object)).unwrap();
    assert_eq!(reader.read_range(0, 10).unwrap(), [7; 10], "the control: another chunk");
    assert_eq!(inner::<OpenError>(reader.read_range(20_000, 10).unwrap_err()), OpenError::ChunkForged);
    for (from, length) in [(0, 10), (reader.length(), 10), (u64::MAX, 10), (0, 0)] {
        assert_eq!(inner::<OpenError>(reader.read_range(from, length).unwrap_err()), OpenError::Failed, "{from}");
    }
    reader.seek(SeekFrom::End(0)).unwrap();
    assert_eq!(inner::<OpenError>(reader.read(&mut [0; 10]).unwrap_err()), OpenError::Failed);
}

#[test]
fn a_key_of_another_deployment_is_not_taken_and_the_stricter_state_counts() {
    let (here, there) = (World::new(), World::new());
    let context = here.context();
    let foreign = here.keys("file:1").with_data_key(there.data_key("file:1"), KeyState::Active);
    assert_eq!(foreign.seal_record(&context, b"x"), Err(SealError::NoActiveKey));
    let key = here.data_key("file:1");
    let own = here.keys("file:1").with_data_key(key.clone(), KeyState::Active);
    assert!(own.seal_record(&context, b"x").is_ok(), "the control");
    let twice = own.with_data_key(key, KeyState::Destroyed);
    assert_eq!(twice.seal_record(&context, b"x"), Err(SealError::NoActiveKey));
}

#[test]
fn a_known_type_has_one_name() {
    for known in [KekType::Tenant, KekType::Pkcs11, KekType::Root, KekType::AwsKms] {
        let other = KekName::new(KekType::Other(known.wire()), [1; 16], 1);
        assert_eq!(other, KekName::new(known, [1; 16], 1));
        assert!(Slot::new(other, vec![0; 9]).is_none() || known == KekType::AwsKms, "held to the lengths of its type");
    }
    assert!(Slot::new(KekName::new(KekType::Other(0x7F), [1; 16], 1), vec![0; 9]).is_some(), "the control");
}

/// What is half read and half written ends when its key is destroyed.
#[test]
fn a_destruction_reaches_what_has_begun() {
    let world = World::new();
    let key = world.data_key("file:1");
    let dead = Arc::new(Tombstones::new());
    let keys =
        world.keys("file:1").with_data_key(Arc::clone(&key), KeyState::Active).with_later_tombstones(Arc::clone(&dead));
    let context = world.context();
    let plaintext = vec![7; 100_000];
    let object = keys.seal(&context, &plaintext, Keep::Detached, ONE).unwrap();

    let mut reader = keys.reader(&context, &object[..], ONE).unwrap();
    let mut seekable = keys.seekable(&context, Cursor::new(object.clone())).unwrap();
    let [mut of_nothing, mut at_end] = [0; 2].map(|_| keys.seekable(&context, Cursor::new(object.clone())).unwrap());
    assert!(of_nothing.read_range(7, 0).unwrap().is_empty(), "the control");
    at_end.seek(SeekFrom::End(0)).unwrap();
    assert_eq!(at_end.read(&mut [0; 10]).unwrap(), 0, "the control");
    let mut writer = keys.writer(&context, Keep::Detached, Vec::new(), ONE).unwrap();
    let mut first = [0; 10];
    dead.add("somebody-else".parse().unwrap(), &[key.id()]);
    reader.read_exact(&mut first).unwrap();
    seekable.read_exact(&mut first).unwrap();
    writer.write_all(&plaintext).unwrap();

    dead.add(world.tenant, &[key.id()]);
    let destroyed = |error| inner::<OpenError>(error) == OpenError::DataKeyDestroyed;
    assert!(destroyed(reader.read_to_end(&mut Vec::new()).unwrap_err()));
    seekable.seek(SeekFrom::Start(50_000)).unwrap();
    assert!(destroyed(seekable.read(&mut first).unwrap_err()));
    assert!(destroyed(of_nothing.read_range(7, 0).unwrap_err()));
    assert!(destroyed(at_end.read(&mut first).unwrap_err()));
    assert_eq!(inner::<SealError>(writer.finish().unwrap_err()), SealError::NoActiveKey);
    assert_eq!(keys.open(&context, &object, ONE), Err(OpenError::DataKeyDestroyed));
}

#[test]
fn a_copy_of_a_key_seals_what_was_reserved_for_it() {
    let world = World::new();
    let key = world.data_key("file:1");
    let keys = world.keys("file:1").with_data_key(key.clone(), KeyState::Active);
    let context = world.context();
    let before = Usage::from_cost(1_000);
    key.allow(before, before.reserve(Usage::of_body(32)).unwrap());
    assert_eq!(keys.seal_record(&context, &[0; 33]), Err(SealError::AllowanceSpent));
    assert!(keys.seal_record(&context, &[0; 32]).is_ok());
    assert_eq!(keys.seal_record(&context, b""), Err(SealError::AllowanceSpent));
    assert_eq!(key.usage(), Usage::from_cost(1_004));
    assert_eq!(Usage::BUDGET.reserve(Usage::of_body(1)), None);
    assert_eq!(Usage::default().reserve(Usage::BUDGET), Some(Usage::BUDGET));
    assert_eq!(Usage::from_cost(1).reserve(Usage::BUDGET), None, "all that is asked for, or nothing");
}

/// Gives what it holds, but for one reading.
struct Panics<'a>(&'a [u8], usize);

impl Read for Panics<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 = self.1.checked_sub(1).unwrap_or(usize::MAX);
        assert_ne!(self.1, 0, "the source fails");
        self.0.read(buffer)
    }
}

#[test]
fn a_reader_that_panicked_gives_no_more() {
    let (world, two) = (World::new(), NonZeroUsize::new(2).unwrap());
    let keys = world.keys("file:1").with_data_key(world.data_key("file:1"), KeyState::Active);
    let (context, plaintext) = (world.context(), vec![7; 3_000_000]);
    let object = keys.seal(&context, &plaintext, Keep::Detached, ONE).unwrap();
    for threads in [ONE, two] {
        let mut read = Vec::new();
        keys.reader(&context, Panics(&object, usize::MAX), threads).unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, plaintext);
        // In the middle of the body, after the readings of the header and the prefix.
        let mut reader = keys.reader(&context, Panics(&object, 7), threads).unwrap();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| reader.read_to_end(&mut Vec::new())));
        assert!(panicked.is_err());
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.get_ref().unwrap().downcast_ref(), Some(&OpenError::Failed), "{threads}");
    }
}

/// One thread or several, in portions or at once: the same object, and it opens by every way.
#[test]
fn threads_make_no_difference() {
    let world = World::new();
    let keys = world.keys("file:1").with_data_key(world.data_key("file:1"), KeyState::Active);
    let context = world.context();
    let two = NonZeroUsize::new(2).unwrap();
    let batch = 2 * 64 * 16_384;
    for length in [0, 1, 16_384, batch - 1, batch, batch + 1, 2 * batch, 2 * batch + 20_000] {
        let plaintext: Vec<u8> = (0..=250).cycle().take(length).collect();
        let mut writer = keys.writer(&context, Keep::Detached, Vec::new(), two).unwrap();
        plaintext.chunks(70_001).for_each(|portion| writer.write_all(portion).unwrap());
        let object = writer.finish().unwrap();
        assert_eq!(object.len(), 76 + length + (length / 16_384 + 1) * 16);
        assert!(keys.open(&context, &object, two).unwrap() == plaintext);
        for threads in [ONE, two] {
            let mut read = Vec::new();
            keys.reader(&context, &object[..], threads).unwrap().read_to_end(&mut read).unwrap();
            assert!(read == plaintext, "{length}");
            let cut = &object[..object.len() - 1];
            assert!(keys.reader(&context, cut, threads).unwrap().read_to_end(&mut Vec::new()).is_err());
        }
    }
}

/// A buffer is used again, whatever it held; after a refusal it is empty.
#[test]
fn a_buffer_is_used_again() {
    let world = World::new();
    let keys = world.keys("file:1").with_data_key(world.data_key("file:1"), KeyState::Active);
    let context = world.context();
    let elsewhere = Context::new(&"bolt".parse().unwrap(), "invoices.notes", "1204").unwrap();
    let (mut object, mut opened) = (vec![1; 3], vec![2; 500_000]);
    for length in [100_000, 0, 16_384, 400_000, 5] {
        let plaintext = vec![7; length];
        keys.seal_into(&context, &plaintext, Keep::Detached, ONE, &mut object).unwrap();
        keys.open_into(&context, &object, ONE, &mut opened).unwrap();
        assert_eq!(opened, plaintext);
        assert_eq!(keys.open(&context, &object, ONE).unwrap(), plaintext);

        let mut damaged = object.clone();
        *damaged.last_mut().unwrap() ^= 1;
        for (object, context) in [(&damaged, &context), (&object, &elsewhere), (&object[..40].to_vec(), &context)] {
            opened = vec![9; 20];
            assert!(keys.open_into(context, object, ONE, &mut opened).is_err() && opened.is_empty());
        }
        let refused = keys.seal_into(&elsewhere, &plaintext, Keep::Detached, ONE, &mut object);
        assert!(refused.is_err() && object.is_empty());
    }
}
