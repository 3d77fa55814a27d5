//! A store, its followers, and what happens to them in any order: what a follower shows is what it was told and no more, nothing final is
//! ever forgotten, and a token is refused from the moment on that its follower knows.

use std::sync::Arc;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use portward::{
    Authority, AuthorityError, Change, Compaction, EntryId, Follower, Freshness, Generations, Identifier, Incarnation,
    IssuedToken, LinkRequest, Narrowing, Now, Permissions, Revocation, RootId, Scope, SessionLimits, Stamp, Standing,
    Steady, TenantChange, Unit, UntrustedLink, Verifier, VerifierOptions, VerifyError,
};

use crate::model::Model;
use crate::pool;
use crate::sign::{self, LINK};
use crate::token::tenant_generation;
use crate::world::{NOW, OLD_ROOT, ROOT, WORLD};

struct Run {
    authority: Authority,
    decided: Model,
    /// What was committed in this life of the store, by sequence.
    log: Vec<(u64, Vec<Change>)>,
    /// A view of the store that was put aside, and what it knew.
    saved: Option<(Vec<u8>, Model)>,
    scope: Scope,
    follower: Follower,
    shown: Model,
    /// The life of the store that the follower's view is of.
    life: Option<Incarnation>,
    /// Answers that were on their way for long.
    late: Vec<Vec<u8>>,
    compaction: Option<Compaction>,
    now: Now,
}

pub(crate) fn holds(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let mut run = Run::new(pool::scope(input)?);
    for _ in 0..input.int_in_range(1..=24)? {
        run.step(input)?;
        run.agrees();
    }
    run.decides(input)
}

fn incarnation(number: u8) -> Incarnation {
    Incarnation::from_bytes([number; 16])
}

impl Run {
    fn new(scope: Scope) -> Self {
        Self {
            authority: Authority::new(Arc::clone(&WORLD.keyring), incarnation(1)).unwrap(),
            decided: Model::default(),
            log: Vec::new(),
            saved: None,
            follower: follower(&scope, None),
            scope,
            shown: Model::default(),
            life: None,
            late: Vec::new(),
            compaction: None,
            now: NOW,
        }
    }

    fn step(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        match input.int_in_range(0..=15u8)? {
            0..=2 => self.commit(pool::changes(input, 5)?),
            3 => self.raise(input)?,
            4..=6 => self.synchronise(),
            7 => self.lose_an_answer(),
            8 => self.hear_late(input)?,
            9 => self.publish(),
            10 => self.wait(input)?,
            11 => self.collect(input)?,
            12 => self.compaction = Some(self.follower.begin_compaction()),
            13 => {
                if let Some(compaction) = self.compaction.take() {
                    self.follower.install(compaction.run());
                }
            }
            14 => self.restart(),
            _ => self.restore(input)?,
        }
        Ok(())
    }

    fn commit(&mut self, changes: Vec<Change>) {
        let before = self.authority.stamp();
        let stamp = self.authority.commit(changes.clone()).unwrap();
        assert_eq!((stamp.incarnation, stamp.sequence), (before.incarnation, before.sequence + 1));
        self.decided.apply_all(&changes);
        self.log.push((stamp.sequence, changes));
        let active = Change::RefuseRoot(RootId::from_bytes(ROOT));
        assert_eq!(self.authority.commit(vec![active]), Err(AuthorityError::RootActive));
    }

    /// The wide units, whose counters the authority counts up itself.
    fn raise(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let (tenant, client) = (pool::tenant(input)?, pool::client(input)?);
        let known = self.decided.tenant(&tenant);
        let of_tenant = |change| Change::Tenant(tenant, change);
        let (counter, raised) = match input.int_in_range(0..=2u8)? {
            0 => (Change::DeploymentGeneration(self.decided.generation), self.authority.revoke_everything()),
            1 => (of_tenant(TenantChange::Generation(known.generation)), self.authority.revoke_tenant(tenant)),
            _ => {
                let counter = TenantChange::ClientGeneration(client, known.client(&client));
                (of_tenant(counter), self.authority.revoke_client(tenant, client))
            }
        };
        match one_higher(counter) {
            Some(change) => {
                let changes = vec![change];
                self.decided.apply_all(&changes);
                self.log.push((raised.unwrap().sequence, changes));
            }
            None => assert_eq!(raised, Err(AuthorityError::GenerationExhausted)),
        }
        Ok(())
    }

    fn synchronise(&mut self) {
        let challenge = self.follower.request(self.now.steady).unwrap();
        let since = self.follower.cell().load().stamp();
        let answer = self.authority.answer(&self.scope, since, challenge).unwrap();
        match self.follower.accept(&answer, self.now.wall) {
            Ok(stamp) if answer[4] == 1 => self.is_told_more(since.unwrap(), stamp),
            Ok(stamp) => self.is_told(stamp),
            Err(error) => panic!("an answer to the request is refused: {error}"),
        }
        assert_eq!(self.follower.accept(&answer, self.now.wall).map_err(|error| error.code()), Err("wrong_challenge"));
        self.late.push(answer);
    }

    /// All that the store has decided is known, and what was final before stays.
    fn is_told(&mut self, stamp: Stamp) {
        assert_eq!(stamp, self.authority.stamp());
        if self.life == Some(stamp.incarnation) {
            self.shown.forget_suspensions();
        }
        self.shown.apply_all(&self.decided.within(&self.scope).changes());
        self.life = Some(stamp.incarnation);
    }

    /// What was committed since.
    fn is_told_more(&mut self, since: Stamp, stamp: Stamp) {
        assert_eq!((stamp, since.incarnation), (self.authority.stamp(), stamp.incarnation));
        let scope = &self.scope;
        let news = self.log.iter().filter(|(sequence, _)| *sequence > since.sequence).flat_map(|(_, changes)| changes);
        let concerns = |change: &&Change| !matches!(change, Change::Tenant(tenant, _) if !scope.contains(tenant));
        let news: Vec<Change> = news.filter(concerns).copied().collect();
        self.shown.apply_all(&news);
    }

    fn lose_an_answer(&mut self) {
        let challenge = self.follower.request(self.now.steady).unwrap();
        let answer = self.authority.answer(&self.scope, self.follower.cell().load().stamp(), challenge).unwrap();
        self.late.push(answer);
        // The next request forgets this one.
        self.follower.request(self.now.steady).unwrap();
    }

    fn hear_late(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        if !self.late.is_empty() {
            let answer = input.choose(&self.late)?;
            let code = self.follower.accept(answer, self.now.wall).map_err(|error| error.code());
            assert_eq!(code, Err("wrong_challenge"), "an old answer is taken");
        }
        Ok(())
    }

    fn publish(&mut self) {
        let next_update = self.now.wall.saturating_add(Duration::from_secs(3600));
        let times = portward::ListTimes { this_update: self.now.wall, next_update };
        let list = self.authority.publish(&self.scope, None, times).unwrap();
        match self.follower.accept(&list, self.now.wall) {
            Ok(stamp) => self.is_told(stamp),
            Err(error) => panic!("a list of this moment is refused: {error}"),
        }
    }

    fn wait(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let seconds = input.int_in_range(0..=1200)?;
        self.now = Now {
            wall: self.now.wall.saturating_add(Duration::from_secs(seconds)),
            steady: Steady::from_millis(self.now.steady.millis() + 1000 * seconds),
        };
        Ok(())
    }

    fn collect(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        if input.arbitrary()? {
            self.authority.collect(self.now.wall);
            self.decided.collect(self.now.wall);
        } else {
            self.follower.collect(self.now.wall);
            self.shown.collect(self.now.wall);
        }
        Ok(())
    }

    /// The process of the follower ends. It has kept the highest stamp, and its view, if it has one.
    fn restart(&mut self) {
        let (view, highest) = (self.follower.cell().load(), self.follower.highest());
        self.follower = follower(&self.scope, highest);
        match view.save(&WORLD.keyring) {
            Ok(saved) => _ = self.follower.accept(&saved, self.now.wall).unwrap(),
            Err(error) => assert_eq!(error, AuthorityError::NoPosition),
        }
        assert!(
            !self.follower.cell().load().is_fresh(live(), Duration::ZERO, self.now),
            "a saved view vouches for nothing"
        );
        self.compaction = None;
    }

    /// The store puts itself aside, or is put back: either it goes on, or it begins a new life with all that anybody knows.
    fn restore(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let keyring = Arc::clone(&WORLD.keyring);
        match (input.int_in_range(0..=2)?, self.saved.take()) {
            (0, _) | (_, None) => {
                let view = self.authority.view().save(&WORLD.keyring).unwrap();
                self.saved = Some((view, self.decided.clone()));
            }
            (1, Some((saved, knew))) => {
                let resumed = Authority::resume(keyring, &saved).unwrap();
                assert_eq!(resumed.view().to_changes(), knew.changes());
                let next = self.authority.stamp().incarnation.to_bytes()[0] + 1;
                let views = [resumed.view(), &*self.follower.cell().load()].map(Clone::clone);
                let views: Vec<_> = views.iter().collect();
                self.authority =
                    Authority::beginning_with(Arc::clone(&WORLD.keyring), incarnation(next), &views).unwrap();
                self.log.clear();
                self.decided = knew;
                self.decided.apply_all(&self.shown.changes());
            }
            (_, Some(_)) => {
                // It stops and goes on where it was.
                let view = self.authority.view().save(&WORLD.keyring).unwrap();
                self.authority = Authority::resume(keyring, &view).unwrap();
            }
        }
        Ok(())
    }

    fn agrees(&self) {
        let view = self.follower.cell().load();
        assert_eq!(self.authority.view().to_changes(), self.decided.changes());
        assert_eq!(view.to_changes(), self.shown.changes());
        for tenant in pool::TENANTS {
            let tenant: Identifier = tenant.parse().unwrap();
            let (entries, model) = (view.entries_of(&tenant), self.shown.tenant(&tenant));
            for (unit, number) in
                [Unit::Link, Unit::Session, Unit::Copy].into_iter().flat_map(|unit| (0..8).map(move |id| (unit, id)))
            {
                let expected = match model.standing(unit, pool::id(number)) {
                    None => Standing::Good,
                    Some(false) => Standing::Suspended,
                    Some(true) => Standing::Revoked,
                };
                assert_eq!(entries.standing(unit, pool::id(number)), expected);
                assert_eq!(entries.minimum_revision(pool::id(number)), model.minimum_revision(pool::id(number)));
            }
            assert_eq!(
                view.tombstones(&tenant).into_iter().collect::<std::collections::BTreeSet<_>>(),
                *model.tombstones()
            );
        }
    }

    /// A link of this moment, a copy of it and a session, and what the page says of each: `spec/revocation.md` section 3.
    fn decides(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let (tenant, client) = (pool::tenant(input)?, pool::client(input)?);
        let generations = self.authority.view().generations(&tenant, &client);
        let request = LinkRequest::new(tenant, client, Permissions::from_bits(1));
        let link = WORLD.issuer.issue_link(&request, generations, self.now.wall).unwrap();
        let copy = UntrustedLink::parse(link.text()).unwrap().narrow(&Narrowing::new().seal()).unwrap();
        let copied = WORLD.verifier.verify_link(&copy, self.now).unwrap();
        let limits = SessionLimits { revision: input.int_in_range(0..=3)?, ..SessionLimits::default() };
        let session = WORLD.issuer.issue_session(&copied, &limits, self.now.wall).unwrap();
        let root = *input.choose(&[ROOT, OLD_ROOT])?;
        let text = under(root, &tenant, &link);

        let ids = [(Unit::Link, link.id()), (Unit::Copy, copied.chain_id()), (Unit::Session, session.id())];
        let (unit, id) = *input.choose(&ids)?;
        let expires_at = link.expires_at();
        let end = match input.int_in_range(0..=4u8)? {
            0 => Some(TenantChange::Suspend { unit, id, expires_at }),
            1 => Some(TenantChange::Revoke { unit, id, expires_at }),
            2 => Some(TenantChange::Revision { link: link.id(), minimum: input.int_in_range(1..=3)?, expires_at }),
            _ => None,
        };
        if let Some(end) = end {
            self.commit(vec![Change::Tenant(tenant, end)]);
            self.synchronise();
        }
        let verifier = self.verifier();
        let said = |verified: std::result::Result<(), VerifyError>| verified.err().map(|error| error.code());
        let mut of = Asked { tenant, client, generations, root, ids: &ids[..1], revision: None };
        assert_eq!(said(verifier.verify_link(&text, self.now).map(|_| ())), self.expected(&of));
        of = Asked { root: ROOT, ids: &ids[..2], ..of };
        assert_eq!(said(verifier.verify_link(&copy, self.now).map(|_| ())), self.expected(&of));
        of = Asked { ids: &ids, revision: Some(limits.revision), ..of };
        assert_eq!(said(verifier.verify_session(session.text(), self.now).map(|_| ())), self.expected(&of));
        Ok(())
    }

    fn verifier(&self) -> Verifier {
        let revocation = Revocation::View(self.follower.cell(), live());
        let (deployment, keyring) = (Arc::clone(&WORLD.deployment), Arc::clone(&WORLD.keyring));
        Verifier::new(deployment, keyring, revocation, VerifierOptions::default()).unwrap()
    }

    /// The code of the first condition that applies.
    fn expected(&self, of: &Asked<'_>) -> Option<&'static str> {
        let known = self.shown.tenant(&of.tenant);
        if self.shown.roots.contains(&of.root) {
            return Some("root_refused");
        }
        let seen = [self.shown.generation, known.generation, known.client(&of.client)];
        let own = [of.generations.deployment, of.generations.tenant, of.generations.client];
        let revoked = ["deployment_revoked", "tenant_revoked", "client_revoked"];
        if let Some(place) = (0..3).find(|place| own[*place] < seen[*place]) {
            return Some(revoked[place]);
        }
        for (unit, id) in of.ids {
            let codes = match unit {
                Unit::Link => ["link_suspended", "link_revoked"],
                Unit::Copy => ["copy_suspended", "copy_revoked"],
                Unit::Session => ["session_suspended", "session_revoked"],
            };
            if let Some(revoked) = known.standing(*unit, *id) {
                return Some(codes[usize::from(revoked)]);
            }
        }
        let (_, link) = of.ids[0];
        match () {
            () if of.revision.is_some_and(|revision| revision < known.minimum_revision(link)) => {
                Some("session_superseded")
            }
            () if !self.scope.contains(&of.tenant) => Some("out_of_scope"),
            () if (0..3).any(|place| own[place] > seen[place]) => Some("generation_ahead"),
            () if !self.follower.cell().load().is_fresh(live(), Duration::ZERO, self.now) => Some("view_stale"),
            () => None,
        }
    }
}

/// A token as the page looks at it.
struct Asked<'a> {
    tenant: Identifier,
    client: Identifier,
    generations: Generations,
    root: [u8; 4],
    /// The link's, then the copy's and the session's if it has one.
    ids: &'a [(Unit, EntryId)],
    revision: Option<u32>,
}

/// The same link, signed under another root.
fn under(root: [u8; 4], tenant: &Identifier, link: &IssuedToken) -> String {
    let mut head = link.head().to_vec();
    head[2..6].copy_from_slice(&root);
    let key = sign::token_key(root, 1, &tenant.to_string(), tenant_generation(&head)).unwrap();
    sign::text(LINK, &[&head[..], &sign::chain(&key, &head, &[])].concat())
}

/// `None` at the top.
fn one_higher(mut change: Change) -> Option<Change> {
    match &mut change {
        Change::DeploymentGeneration(counter)
        | Change::Tenant(_, TenantChange::Generation(counter) | TenantChange::ClientGeneration(_, counter)) => {
            *counter = counter.checked_add(1)?;
        }
        _ => {}
    }
    Some(change)
}

fn follower(scope: &Scope, highest: Option<Stamp>) -> Follower {
    Follower::new(Arc::clone(&WORLD.keyring), scope.clone(), Duration::from_secs(60), highest).unwrap()
}

const fn live() -> Freshness {
    Freshness::Live { max_staleness: Duration::from_secs(30) }
}
