//! Refusing: what cannot be a token, what is none that is good, and what is revoked, in each of the ways there are.
//!
//! `bad_times` and `over_ceiling` are not among them: no issuer makes such tokens.

use std::hint::black_box;
use std::sync::Arc;

use criterion::measurement::Measurement;
use criterion::{BenchmarkGroup, criterion_group, criterion_main};
use portward::{
    Change, EntryId, Generations, IssuedToken, Keyring, LinkRequest, Narrowing, Now, Scope, SessionLimits, Steady,
    TenantChange, Timestamp, Unit, UntrustedLink, Verifier,
};
use portward_benches::ours::{Feed, World};
use portward_benches::{Criterion, criterion, floor};

/// The longest text that is decoded at all, and a text far longer.
fn rubbish(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rubbish");
    let world = World::default();
    let verifier = world.verifier(Feed::new(&world).follower.cell());
    for (name, length, code) in [("1KB", 1024, "bad_checksum"), ("1MB", 1 << 20, "too_long")] {
        let text = format!("pwl_{}", &"portward".repeat(length / 8)[4..]);
        let verify = |text: &str| verifier.verify_link(text, world.now).unwrap_err();
        assert_eq!(verify(&text).code(), code);
        group.bench_function(name, |b| b.iter(|| verify(black_box(&text))));
    }
}

/// What is refused before any key is looked for.
fn form(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("refuse");
    let world = World::default();
    let verifier = world.verifier(Feed::new(&world).follower.cell());
    let link = world.link();
    let text = link.text();
    let set = |place: usize, to: u8| floor::edited(text, |bytes| bytes[place] = to);
    let with_block = |text: &str, block: &[u8]| {
        floor::edited(text, |bytes| {
            let tag = bytes.len() - 32;
            bytes.splice(tag..tag, block.iter().copied());
        })
    };
    let sealed = UntrustedLink::parse(text).unwrap().narrow(&Narrowing::new().seal()).unwrap();
    let refused = [
        ("too_long", "x".repeat(2000)),
        ("bad_prefix", text.replace("pwl_", "pwx_")),
        ("bad_base64", replaced(text, ["!", "!"])),
        ("too_short", "pwl_AAAA".to_owned()),
        ("bad_checksum", replaced(text, ["A", "B"])),
        ("unknown_version", set(0, 9)),
        ("unknown_kind", set(1, 9)),
        ("kind_mismatch", set(1, 2)),
        ("malformed_head", set(GENERATIONS, 0x80)),
        ("too_many_blocks", with_block(&world.chain(8), SEAL)),
        ("block_after_seal", with_block(&sealed, SEAL)),
        ("unknown_block", with_block(text, &[9, 1, 0])),
        ("malformed_block", with_block(text, &[1, 0])),
        ("unknown_restriction", with_block(text, &[1, 1, 9])),
    ];
    for (code, text) in &refused {
        measure(&mut group, code, || verifier.verify_link(black_box(text), world.now).unwrap_err().code());
    }
    let session = with_block(session(&world, &verifier, &link).text(), SEAL);
    measure(&mut group, "session_with_blocks", || {
        verifier.verify_session(black_box(&session), world.now).unwrap_err().code()
    });
}

/// Where the generations of a head begin, of one byte each if they are low.
const GENERATIONS: usize = 32;
/// A block that does nothing but seal.
const SEAL: &[u8] = &[1, 1, 6];

/// What has the form of a token, and is none that is good.
fn token(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("refuse");
    let world = World::default();
    let verifier = world.verifier(Feed::new(&world).follower.cell());
    let link = world.link();
    let at = |wall: u64| world.link_at(Timestamp::from_unix(wall)).text().to_owned();
    let elsewhere = world.request().audience("elsewhere".parse().unwrap());
    let refused = [
        ("wrong_kind", session(&world, &verifier, &link).text().to_owned()),
        ("unknown_root", World::default().link().text().to_owned()),
        ("forged", floor::forged(link.text())),
        ("not_yet_valid", at(world.now.wall.unix() + 3600)),
        ("expired", at(world.now.wall.unix() - 100 * 86_400)),
        ("wrong_audience", issued(&world, &elsewhere, Generations::default())),
    ];
    for (code, text) in &refused {
        measure(&mut group, code, || verifier.verify_link(black_box(text), world.now).unwrap_err().code());
    }
}

/// What a view of a million entries has something against.
fn revoked(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("refuse");
    let world = World::default();
    let mut feed = Feed::with_entries(&world, &[], 1_000_000);
    let verifier = world.verifier(feed.follower.cell());
    let [link, paused, parent, other, changed] = [(); 5].map(|()| world.link());
    let copies = [1, 2].map(|earlier| {
        let narrowing = Narrowing::new().expires_at(Timestamp::from_unix(feed.expiry().unix() - earlier));
        UntrustedLink::parse(parent.text()).unwrap().narrow(&narrowing).unwrap()
    });
    let [revoked_copy, paused_copy] =
        copies.each_ref().map(|copy| *verifier.verify_link(copy, world.now).unwrap().copies().first().unwrap());
    let [ended, held] = [(); 2].map(|()| session(&world, &verifier, &other));
    let superseded = session(&world, &verifier, &changed);
    let former = ["former-client", "former-tenant"].map(|name| name.parse().unwrap());
    let of_client = LinkRequest::new(world.tenant, former[0], world.permissions);
    let ahead = Generations { tenant: 9, ..Generations::default() };

    let expires_at = feed.expiry();
    let revoke = |unit, id: EntryId| TenantChange::Revoke { unit, id, expires_at };
    let suspend = |unit, id: EntryId| TenantChange::Suspend { unit, id, expires_at };
    let changes = [
        revoke(Unit::Link, link.id()),
        suspend(Unit::Link, paused.id()),
        revoke(Unit::Copy, revoked_copy),
        suspend(Unit::Copy, paused_copy),
        revoke(Unit::Session, ended.id()),
        suspend(Unit::Session, held.id()),
        TenantChange::Revision { link: changed.id(), minimum: 1, expires_at },
        TenantChange::ClientGeneration(former[0], 1),
    ];
    let mut changes = Vec::from(changes.map(|change| Change::Tenant(world.tenant, change)));
    changes.push(Change::Tenant(former[1], TenantChange::Generation(1)));
    feed.change(changes);

    let links = [
        ("link_revoked", link.text().to_owned()),
        ("link_suspended", paused.text().to_owned()),
        ("copy_revoked", copies[0].clone()),
        ("copy_suspended", copies[1].clone()),
        ("client_revoked", issued(&world, &of_client, Generations::default())),
        ("tenant_revoked", issued(&world, &world.request_of(former[1]), Generations::default())),
        ("generation_ahead", issued(&world, &world.request(), ahead)),
    ];
    for (code, text) in &links {
        measure(&mut group, code, || verifier.verify_link(black_box(text), world.now).unwrap_err().code());
    }
    let sessions = [("session_revoked", &ended), ("session_suspended", &held), ("session_superseded", &superseded)];
    for (code, session) in sessions {
        measure(&mut group, code, || verifier.verify_session(black_box(session.text()), world.now).unwrap_err().code());
    }
    let later = Now { steady: Steady::from_millis(world.now.steady.millis() + 31_000), ..world.now };
    measure(&mut group, "view_stale", || verifier.verify_link(black_box(other.text()), later).unwrap_err().code());
}

/// What ends more than a tenant's, and a tenant that is not looked after.
fn everything(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("refuse");
    let former = World::default();
    let link = former.link();
    let mut keyring = Keyring::from_json(&former.keyring.to_json(), &former.deployment).unwrap();
    let old = keyring.roots().next().unwrap().id;
    let new = keyring.add(former.now.wall).unwrap();
    keyring.activate(new, former.now.wall).unwrap();
    let world = World { keyring: Arc::new(keyring), ..former };
    let elsewhere = Scope::tenants(["elsewhere".parse().unwrap()]).unwrap();
    for (code, scope, changes) in [
        ("deployment_revoked", Scope::ALL, vec![Change::DeploymentGeneration(1)]),
        ("root_refused", Scope::ALL, vec![Change::RefuseRoot(old)]),
        ("out_of_scope", elsewhere, vec![]),
    ] {
        let mut feed = Feed::scoped(&world, scope);
        feed.change(changes);
        let verifier = world.verifier(feed.follower.cell());
        measure(&mut group, code, || verifier.verify_link(black_box(link.text()), world.now).unwrap_err().code());
    }
}

/// Refused with this code, again and again.
fn measure<M: Measurement>(group: &mut BenchmarkGroup<'_, M>, code: &str, refuse: impl Fn() -> &'static str) {
    assert_eq!(refuse(), code);
    group.bench_function(code, |b| b.iter(&refuse));
}

fn issued(world: &World, request: &LinkRequest, generations: Generations) -> String {
    world.issuer.issue_link(request, generations, world.now.wall).unwrap().text().to_owned()
}

fn session(world: &World, verifier: &Verifier, link: &IssuedToken) -> IssuedToken {
    let access = verifier.verify_link(link.text(), world.now).unwrap();
    world.issuer.issue_session(&access, &SessionLimits::default(), world.now.wall).unwrap()
}

/// The text with another character in the middle.
fn replaced(text: &str, [by, or_by]: [&str; 2]) -> String {
    let (front, back) = text.split_at(text.len() / 2);
    let by = if back.starts_with(by) { or_by } else { by };
    format!("{front}{by}{}", &back[1..])
}

criterion_group! { name = benches; config = criterion(); targets = rubbish, form, token, revoked, everything }
criterion_main!(benches);
