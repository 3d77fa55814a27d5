//! A follower takes an answer if, and only if, the page says so, and says why not with the page's first reason; a refused one changes
//! nothing. `spec/revocation.md` sections 4 and 5; the numbers are those of section 5.

use arbitrary::{Result, Unstructured};
use portward::{Follower, Freshness, ListTimes, Now, Scope, Stamp, Steady, Timestamp};

use crate::delta::is_of_tenant;
use crate::draft::{Draft, history, saved, scope_wire};
use crate::edit::edited;
use crate::model::Model;
use crate::snapshot::follower;
use crate::world::{NOW, OLD_ROOT, WORLD};
use crate::{pool, wire};

/// What the page lets a follower remember.
struct Held {
    stamp: Option<Stamp>,
    history: [u8; 32],
    highest: Option<Stamp>,
    asked: Option<([u8; 16], Steady)>,
    evidence: Evidence,
    state: Model,
}

#[derive(Clone, Copy, PartialEq)]
enum Evidence {
    None,
    Live(Steady),
    List(ListTimes),
}

pub(crate) fn holds(data: &[u8]) {
    let _ = run(&mut Unstructured::new(data));
}

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let scope = pool::scope(input)?;
    let mut follower = follower(&scope);
    let (state, evidence) = (Model::default(), Evidence::None);
    let mut held = Held { stamp: None, history: [0; 32], highest: None, asked: None, evidence, state };
    let mut steady = NOW.steady;
    for _ in 0..input.int_in_range(1..=6)? {
        if input.ratio(2, 3)? {
            steady = Steady::from_millis(steady.millis() + 1000);
            held.asked = Some((follower.request(steady).unwrap(), steady));
        }
        let draft = draft(input, &held, &scope)?;
        let genuine = draft.sealed();
        let damaged = input.ratio(1, 6)?;
        let message = if damaged { edited(input, genuine.clone(), &[])? } else { genuine.clone() };
        let taken = follower.accept(&message, NOW.wall).map_err(|error| error.code());
        if message != genuine && taken.is_err() {
            // Steps 1 to 6 see to it; which of them does not matter.
            assert_ne!(taken, Err("wrong_challenge"), "an answer that nobody has sealed uses a challenge up");
        } else {
            assert_eq!(message, genuine, "an answer that nobody has sealed is taken");
            assert_eq!(taken, held.accept(&draft, &scope).map(|()| draft.stamp()));
        }
        agrees(&follower, &held, steady);
    }
    Ok(())
}

/// One that follows, but for what the input changes.
fn draft(input: &mut Unstructured<'_>, held: &Held, scope: &Scope) -> Result<Draft> {
    let mut draft = Draft { kind: input.int_in_range(1..=5)?, ..Draft::new(scope) };
    draft.incarnation = [*input.choose(&[5, 5, 5, 6, 4])?; 16];
    let held_last = held.stamp.map_or(7, |stamp| stamp.sequence);
    draft.last = held_last.saturating_sub(1).saturating_add(input.int_in_range(0..=3)?);
    draft.after = history(draft.last);
    if let Some((challenge, _)) = held.asked {
        draft.challenge = challenge;
    }
    let mut changes = pool::changes(input, 6)?;
    if draft.is_snapshot() {
        changes = Model::of(&changes).within(scope).changes();
    } else {
        changes.retain(|change| {
            !is_of_tenant(change) || matches!(change, portward::Change::Tenant(name, _) if scope.contains(name))
        });
        changes.sort_by_key(is_of_tenant);
        (draft.first, draft.before) = (held_last, held.history);
        if draft.last == draft.first {
            draft.after = draft.before;
        }
    }
    if !input.ratio(1, 6)? || draft.first != draft.last || draft.is_snapshot() {
        draft.body = wire::body(&changes);
    }
    match input.int_in_range(0..=24)? {
        0 => draft.first = input.int_in_range(0..=9)?,
        1 => draft.before = history(input.int_in_range(0..=9)?),
        2 => draft.after = history(input.int_in_range(90..=92)?),
        3 => draft.deployment = [7; 16],
        4 => draft.root = *input.choose(&[OLD_ROOT, [0, 0, 0, 2], [0, 0, 0, 3], [9; 4]])?,
        5 => draft.challenge = [1; 16],
        6 => draft.scope = scope_wire(&pool::scope(input)?),
        7 => draft.times = (pool::time(input)?, pool::time(input)?),
        8 => draft.body = edited(input, draft.body.clone(), &[])?,
        9 => draft.kind = input.int_in_range(0..=7)?,
        10 => draft.last = u64::MAX,
        _ => {}
    }
    Ok(draft)
}

impl Held {
    fn accept(&mut self, draft: &Draft, scope: &Scope) -> std::result::Result<(), &'static str> {
        let list = matches!(draft.kind, 3 | 4);
        let span = match draft.is_snapshot() {
            true => draft.first == 0 && draft.before == [0; 32],
            false if draft.first == draft.last => draft.before == draft.after && draft.body.is_empty(),
            false => draft.first < draft.last,
        };
        let usable = WORLD
            .keyring
            .roots()
            .any(|root| root.id.to_bytes() == draft.root && matches!(root.state.name(), "active" | "verify_only"));
        match () {
            () if !(1..=5).contains(&draft.kind) => return Err("unknown_type"), // 2
            () if !span || list && draft.times.0 >= draft.times.1 => return Err("malformed_message"), // 3
            () if draft.deployment != WORLD.deployment.id.to_bytes() => return Err("wrong_deployment"), // 4
            () if draft.scope != scope_wire(scope) => return Err("wrong_scope"),
            () if !usable || self.state.roots.contains(&draft.root) => return Err("unknown_root"), // 5
            () => {}
        }
        let Some(after) = self.after(draft, scope) else { return Err("malformed_message") }; // 7
        let times = ListTimes { this_update: draft.times.0, next_update: draft.times.1 };
        let mut evidence = match draft.kind {
            1 | 2 => match self.asked.take_if(|(challenge, _)| *challenge == draft.challenge) {
                Some((_, sent_at)) => Evidence::Live(sent_at),
                None => return Err("wrong_challenge"), // 8
            },
            3 | 4 if times.this_update.unix() > NOW.wall.unix() + 60 => return Err("list_not_yet_current"),
            3 | 4 if NOW.wall >= times.next_update => return Err("list_expired"),
            3 | 4 => Evidence::List(times),
            _ => self.evidence,
        };
        let stamp = draft.stamp();
        let held = self.stamp.filter(|held| held.incarnation == stamp.incarnation);
        match (draft.is_snapshot(), held) {
            _ if self.highest.is_some_and(|highest| stamp < highest) => return Err("rollback"), // 9
            (false, None) => return Err("another_incarnation"),                                 // 10
            (false, Some(held)) if draft.first != held.sequence => return Err("gap"),           // 11
            (false, Some(_)) if draft.before != self.history => return Err("fork"),             // 12
            (true, Some(held)) if held == stamp && draft.after != self.history => return Err("fork"),
            _ => {}
        }
        evidence = match (evidence, self.evidence) {
            (Evidence::List(_), live @ Evidence::Live(_)) => live,
            (Evidence::List(new), Evidence::List(old))
                if self.stamp == Some(stamp) && new.this_update < old.this_update =>
            {
                Evidence::List(old)
            }
            (evidence, _) => evidence,
        };
        (self.stamp, self.history, self.highest) = (Some(stamp), draft.after, Some(stamp));
        (self.evidence, self.state) = (evidence, after);
        Ok(())
    }

    /// The state behind it, if the body is one. A follower of its own tells: the laws `snapshot` and `delta` say what it makes of a body.
    fn after(&self, draft: &Draft, scope: &Scope) -> Option<Model> {
        let mut probe = follower(scope);
        let base = Draft::saved(scope, &wire::body(&self.state.changes()));
        let mut kept = self.state.clone();
        if draft.is_snapshot() {
            probe.accept(&saved(scope, &draft.body), NOW.wall).ok()?;
            if self.stamp.is_some_and(|stamp| stamp.incarnation == draft.stamp().incarnation) {
                kept.forget_suspensions();
            }
            kept.apply_all(&probe.cell().load().to_changes());
        } else {
            probe.accept(&base.sealed(), NOW.wall).unwrap();
            let delta = Draft { root: draft.root, ..base.delta(&draft.body, 1) };
            probe.accept(&delta.sealed(), NOW.wall).ok()?;
            kept = Model::of(&probe.cell().load().to_changes());
        }
        Some(kept)
    }
}

fn agrees(follower: &Follower, held: &Held, steady: Steady) {
    let view = follower.cell().load();
    assert_eq!((view.stamp(), follower.highest()), (held.stamp, held.highest));
    assert_eq!(view.to_changes(), held.state.changes());
    let fresh = |freshness, now| view.is_fresh(freshness, std::time::Duration::from_secs(60), now);
    for seconds in [0, 30, 31, 7200] {
        let now = Now {
            wall: Timestamp::from_unix(NOW.wall.unix() + seconds),
            steady: Steady::from_millis(steady.millis() + seconds * 1000),
        };
        let live = match held.evidence {
            Evidence::Live(sent_at) => now.steady.millis() - sent_at.millis() <= 30_000,
            _ => false,
        };
        let list = match held.evidence {
            Evidence::List(times) => times.this_update.unix() <= now.wall.unix() + 60 && now.wall < times.next_update,
            _ => false,
        };
        let max_staleness = std::time::Duration::from_secs(30);
        assert_eq!(fresh(Freshness::Live { max_staleness }, now), live);
        assert_eq!(fresh(Freshness::PublishedList, now), list);
    }
}
