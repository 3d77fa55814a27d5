//! A session is never more than its link, and dies with it.

use std::time::Duration;

use crate::common::*;
use portward::*;

/// A world with a link, its verified access, and a session from a narrowed copy of it.
struct Case {
    world: World,
    link: IssuedToken,
    copy: EntryId,
    session: IssuedToken,
}

fn case() -> Case {
    let mut world = World::new();
    world.sync(NOW);
    let link = world.link("studio", "42");
    let narrowing = Narrowing::new().resources([id("a.pdf"), id("b.pdf")]).unwrap();
    let copied = UntrustedLink::parse(link.text()).unwrap().narrow(&narrowing).unwrap();
    let access = verify(&world.verifier(), &copied, NOW).unwrap();
    let limits = SessionLimits { revision: 3, ..SessionLimits::default() };
    let session = world.issuer.issue_session(&access, &limits, NOW.wall).unwrap();
    Case { copy: access.copies()[0], world, link, session }
}

#[test]
fn it_carries_what_the_link_granted() {
    let case = case();
    let access = verify_session(&case.world.verifier(), case.session.text(), NOW).unwrap();
    let read = case.world.permission("files:read");
    assert_eq!(access.allow(read), Err(AllowError::ResourceRequired));
    assert_eq!(access.allow_on(read, &id("a.pdf")), Ok(()));
    assert_eq!(access.allow_on(read, &id("c.pdf")), Err(AllowError::ResourceDenied));
    assert_eq!(access.allow_on(case.world.permission("files:delete"), &id("a.pdf")), Err(AllowError::PermissionDenied));
    assert_eq!((access.link_id(), access.link_revision()), (case.link.id(), 3));
    assert_eq!(access.copies(), [case.copy]);
    assert_eq!(access.expires_at(), later(900).wall);
}

#[test]
fn the_registry_narrows_it_further() {
    let case = case();
    let verifier = case.world.verifier();
    let link = verify(&verifier, case.link.text(), NOW).unwrap();
    let limits = SessionLimits {
        lifetime: Some(Duration::from_secs(600)),
        revision: 1,
        expires_at: Some(later(60).wall),
        permissions: Some(case.world.set(&["files:read", "files:delete"])),
        resources: Some(vec![id("a.pdf")]),
    };
    let session = case.world.issuer.issue_session(&link, &limits, NOW.wall).unwrap();
    let access = verify_session(&verifier, session.text(), NOW).unwrap();
    assert_eq!(access.expires_at(), later(60).wall);
    assert_eq!(access.permissions(), case.world.set(&["files:read"]), "a row cannot give what was not signed");
    assert_eq!(access.resources(), &Resources::Only(vec![id("a.pdf")]));
    let nothing = SessionLimits { permissions: Some(Permissions::NONE), ..SessionLimits::default() };
    assert_eq!(case.world.issuer.issue_session(&link, &nothing, NOW.wall).unwrap_err(), IssueError::NothingGranted);
}

#[test]
fn each_unit_above_it_ends_it() {
    let (studio, client) = (id("studio"), id("42"));
    let until = later(90 * 86_400).wall;
    type Act = Box<dyn Fn(&mut Case)>;
    let tenant = move |change: TenantChange| Change::Tenant(studio, change);
    let acts: Vec<(&str, Act)> = vec![
        ("link_revoked", Box::new(move |case| commit(case, tenant(revoke(Unit::Link, case.link.id(), until))))),
        ("copy_revoked", Box::new(move |case| commit(case, tenant(revoke(Unit::Copy, case.copy, until))))),
        (
            "session_revoked",
            Box::new(move |case| commit(case, tenant(revoke(Unit::Session, case.session.id(), until)))),
        ),
        (
            "client_revoked",
            Box::new(move |case| {
                case.world.authority.revoke_client(studio, client).unwrap();
            }),
        ),
        (
            "tenant_revoked",
            Box::new(move |case| {
                case.world.authority.revoke_tenant(studio).unwrap();
            }),
        ),
        (
            "deployment_revoked",
            Box::new(|case| {
                case.world.authority.revoke_everything().unwrap();
            }),
        ),
        (
            "session_superseded",
            Box::new(move |case| {
                commit(case, tenant(TenantChange::Revision { link: case.link.id(), minimum: 4, expires_at: until }));
            }),
        ),
        (
            "ok",
            Box::new(move |case| {
                commit(case, tenant(TenantChange::Revision { link: case.link.id(), minimum: 3, expires_at: until }));
            }),
        ),
        (
            "ok",
            Box::new(move |case| {
                // Another tenant's entry about the same id is nobody else's business.
                commit(case, Change::Tenant(id("rival"), revoke(Unit::Link, case.link.id(), until)));
            }),
        ),
    ];
    for (expected, act) in acts {
        let mut case = case();
        let verifier = case.world.verifier();
        assert!(verify_session(&verifier, case.session.text(), NOW).is_ok(), "the control before {expected}");
        act(&mut case);
        case.world.sync(NOW);
        assert_eq!(code(verify_session(&verifier, case.session.text(), NOW)), expected);
    }
}

#[test]
fn refusing_a_links_root_ends_the_session_under_another_root() {
    let deployment = std::sync::Arc::new(Deployment::generate(Vocabulary::portal()).unwrap());
    let mut rotated = Keyring::generate(&deployment, NOW.wall).unwrap();
    let old = rotated.roots().next().unwrap().id;
    let before = std::sync::Arc::new(Keyring::from_json(&rotated.to_json(), &deployment).unwrap());
    let new = rotated.add(NOW.wall).unwrap();
    rotated.activate(new, NOW.wall).unwrap();
    let rotated = std::sync::Arc::new(rotated);

    let request = LinkRequest::new(id("studio"), id("42"), deployment.vocabulary.expand(["files:read"]).unwrap());
    let link = Issuer::new(deployment.clone(), before).issue_link(&request, Generations::default(), NOW.wall).unwrap();
    let mut world = World {
        issuer: Issuer::new(deployment.clone(), rotated.clone()),
        authority: Authority::new(rotated.clone(), Incarnation::generate(NOW.wall, None).unwrap()).unwrap(),
        follower: Follower::new(rotated.clone(), Scope::ALL, Duration::from_secs(60), None).unwrap(),
        deployment,
        keyring: rotated,
    };
    world.sync(NOW);
    let verifier = world.verifier();
    let access = verify(&verifier, link.text(), NOW).unwrap();
    let session = world.issuer.issue_session(&access, &SessionLimits::default(), NOW.wall).unwrap();
    assert!(verify_session(&verifier, session.text(), NOW).is_ok());
    assert_eq!(world.authority.commit(vec![Change::RefuseRoot(new)]).unwrap_err(), AuthorityError::RootActive);
    world.authority.commit(vec![Change::RefuseRoot(old)]).unwrap();
    world.sync(NOW);
    assert_eq!(code(verify_session(&verifier, session.text(), NOW)), "root_refused");
}

fn commit(case: &mut Case, change: Change) {
    case.world.authority.commit(vec![change]).unwrap();
}

/// A process that hosts two deployments and mixes them up is told so; above all, no view of the wrong one calls a revoked link good.
#[test]
fn parts_of_two_deployments_do_not_work_together() {
    let (here, there) = (World::new(), World::new());
    let make = |deployment: &World, keyring: &World, revocation| {
        let (deployment, keyring) = (deployment.deployment.clone(), keyring.keyring.clone());
        Verifier::new(deployment, keyring, revocation, VerifierOptions::default()).map(|_| ())
    };
    let view_of = |world: &World| Revocation::View(world.follower.cell(), LIVE);
    assert_eq!(make(&here, &here, view_of(&here)), Ok(()));
    assert_eq!(make(&here, &here, view_of(&there)), Err(VerifierError::DeploymentsDiffer));
    assert_eq!(make(&here, &there, Revocation::None(NoRevocation)), Err(VerifierError::DeploymentsDiffer));

    let mixed = Issuer::new(here.deployment.clone(), there.keyring.clone());
    let request = LinkRequest::new(id("studio"), id("42"), here.set(&["files:read"]));
    let made = mixed.issue_link(&request, Generations::default(), NOW.wall);
    assert_eq!(made.map(|_| ()), Err(IssueError::DeploymentsDiffer));
    let access = verify(
        &here.verifier_with(Revocation::None(NoRevocation), VerifierOptions::default()),
        here.link("studio", "42").text(),
        NOW,
    )
    .unwrap();
    assert!(here.issuer.issue_session(&access, &SessionLimits::default(), NOW.wall).is_ok());
    let session = there.issuer.issue_session(&access, &SessionLimits::default(), NOW.wall);
    assert_eq!(session.map(|_| ()), Err(IssueError::DeploymentsDiffer));
}
