//! A store, its followers, and what happens to them in any order: what a follower shows is what it was told and no more, nothing final is
//! ever forgotten, and a token is refused from the moment on that its follower knows.

use std::sync::Arc;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use portward::{
    Authority, AuthorityError, Change, Compaction, Follower, Freshness, Generations, Identifier, Incarnation,
    LinkRequest, Now, Permissions, Revocation, RootId, Scope, Stamp, Standing, Steady, TenantChange, Unit, Verifier,
    VerifierOptions,
};

use crate::model::Model;
use crate::pool;
use crate::world::{NOW, ROOT, WORLD};

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

    /// A link of this moment, and what the page says of it: `spec/revocation.md` section 3.
    fn decides(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let (tenant, client) = (pool::tenant(input)?, pool::client(input)?);
        let current = self.authority.view().generations(&tenant, &client);
        let request = LinkRequest::new(tenant, client, Permissions::from_bits(1));
        let link = WORLD.issuer.issue_link(&request, current, self.now.wall).unwrap();
        let end = TenantChange::Suspend { unit: Unit::Link, id: link.id(), expires_at: link.expires_at() };
        if input.arbitrary()? {
            self.commit(vec![Change::Tenant(tenant, end)]);
            self.synchronise();
        }
        let revocation = Revocation::View(self.follower.cell(), live());
        let (deployment, keyring) = (Arc::clone(&WORLD.deployment), Arc::clone(&WORLD.keyring));
        let verifier = Verifier::new(deployment, keyring, revocation, VerifierOptions::default()).unwrap();
        let verified = verifier.verify_link(link.text(), self.now).map(|_| ()).map_err(|error| error.code());
        assert_eq!(verified, self.expected(&tenant, &client, current, link.id()));
        Ok(())
    }

    fn expected(
        &self,
        tenant: &Identifier,
        client: &Identifier,
        of: Generations,
        link: [u8; 16],
    ) -> std::result::Result<(), &'static str> {
        let known = self.shown.tenant(tenant);
        let (view, now) = (self.follower.cell().load(), self.now);
        let seen = [self.shown.generation, known.generation, known.client(client)];
        let of = [of.deployment, of.tenant, of.client];
        let revoked = ["deployment_revoked", "tenant_revoked", "client_revoked"];
        if let Some(place) = (0..3).find(|place| of[*place] < seen[*place]) {
            return Err(revoked[place]);
        }
        match known.standing(Unit::Link, link) {
            Some(true) => Err("link_revoked"),
            Some(false) => Err("link_suspended"),
            None if !self.scope.contains(tenant) => Err("out_of_scope"),
            None if (0..3).any(|place| of[place] > seen[place]) => Err("generation_ahead"),
            None if !view.is_fresh(live(), Duration::ZERO, now) => Err("view_stale"),
            None => Ok(()),
        }
    }
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
