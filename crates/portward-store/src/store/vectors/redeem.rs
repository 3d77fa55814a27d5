use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portward::{
    Change, EntryId, Follower, Freshness, Identifier, LinkHead, NoRevocation, NonceError, Now, PeekCookie, Permissions,
    Resources, Revocation, Scope, Steady, StoredChain, TenantChange, Timestamp, Verifier, VerifierOptions,
};
use portward_test_vectors::{bytes, unhex};
use serde_json::{Value, json};

use super::message::Snapshot;
use super::scratch::{Scratch, write};
use super::{Case, Outcome, code};
use crate::database::record::{self, Record};
use crate::store::list::link_row;
use crate::store::rows::{ChainRow, LinkRow, LinkState, RedemptionRow};
use crate::store::{Redeemed, Store};

pub(super) async fn redeem(case: &Case<'_>) -> Outcome {
    let (scratch, row) = (Scratch::new(), case.link_row());
    let store = case.store(&scratch).await;
    put(&store, row.as_ref()).await;
    put(&store, row.as_ref().and_then(|row| case.redemption(&row.head)).as_ref()).await;
    case.know_minimum(&store, row.as_ref()).await;
    let cookie: PeekCookie = case.text("cookie").parse().map_err(|error: NonceError| error.code())?;
    let redeemed = store.redeem(case.text("token"), &cookie, case.text("nonce")).await.map_err(code)?;
    let before = row.unwrap();
    let (tenant, id) = (*before.head.tenant(), before.head.id());
    let after = write(&store.inner.feed.database, async |work| link_row(work, &store.inner.keyring, tenant, id).await);
    let after = after.await.map_err(code)?;
    let mut ok = case.session(&redeemed);
    ok["counted"] = json!(after.uses == before.uses + 1);
    assert!(ok["counted"] == true || after == before, "a row changed, and nothing was counted");
    Ok(ok)
}

pub(super) async fn renew(case: &Case<'_>) -> Outcome {
    let (scratch, row) = (Scratch::new(), case.link_row());
    let store = case.store(&scratch).await;
    put(&store, row.as_ref()).await;
    put(&store, row.as_ref().and_then(|row| case.chain(&row.head)).as_ref()).await;
    case.know_minimum(&store, row.as_ref()).await;
    let renewed = store.renew(case.text("session")).await.map_err(code)?;
    Ok(case.made(&renewed, renewed.session.text()))
}

async fn put<R: Record>(store: &Store, row: Option<&R>) {
    let Some(row) = row else { return };
    let done = write(&store.inner.feed.database, async |work| record::insert(row, &store.inner.keyring, work).await);
    assert!(done.await.is_ok());
}

impl Case<'_> {
    /// A store that verifies under the view of the case.
    async fn store(&self, scratch: &Scratch) -> Store {
        let mut store = scratch.store(&self.deployment(), &self.keyring(), self.now()).await;
        Arc::get_mut(&mut store.inner).unwrap().verifier =
            Arc::new(self.verifier(self.revocation(), &self.value["audience"]));
        store
    }

    /// Lets the feed know the minimum revision of the link, beside the view that tokens are verified under.
    async fn know_minimum(&self, store: &Store, row: Option<&LinkRow>) {
        let (Some(minimum), Some(row)) = (self.value["minimum"].as_u64().filter(|minimum| *minimum > 0), row) else {
            return;
        };
        let (link, expires_at) = (row.head.id(), row.head.expires_at());
        let change = TenantChange::Revision { link, minimum: minimum.try_into().unwrap(), expires_at };
        store.commit(vec![Change::Tenant(*row.head.tenant(), change)]).await.unwrap();
    }

    fn now(&self) -> Now {
        let steady = if self.has("monotonic") { self.number("monotonic") } else { 0 };
        Now { wall: Timestamp::from_unix(self.number("now")), steady: Steady::from_millis(steady) }
    }

    fn verifier(&self, revocation: Revocation, audience: &Value) -> Verifier {
        let options = VerifierOptions { audience: identifier(audience), ..VerifierOptions::default() };
        Verifier::new(self.deployment(), self.keyring(), revocation, options).unwrap()
    }

    fn revocation(&self) -> Revocation {
        let Some(name) = self.value["view"].as_str() else { return Revocation::None(NoRevocation) };
        let view = &self.fixtures.value["views"][name];
        let scope = match view["scope"].as_array() {
            None => Scope::ALL,
            Some(tenants) => Scope::tenants(tenants.iter().filter_map(identifier)).unwrap(),
        };
        let mut follower = Follower::new(self.keyring(), scope, Duration::ZERO, None).unwrap();
        let sent_at = view["evidence"]["live_sent_at"].as_u64().map(Steady::from_millis);
        let snapshot = Snapshot {
            scope: &scope_wire(&view["scope"]),
            challenge: sent_at.map(|sent_at| follower.request(sent_at).unwrap()),
            incarnation: bytes(&view["incarnation"]).try_into().unwrap(),
            sequence: view["sequence"].as_u64().unwrap(),
            history: bytes(&view["history"]).try_into().unwrap(),
            body: &bytes(&view["records"]),
        };
        follower.accept(&snapshot.sealed(self.keyring_file()), Timestamp::default()).unwrap();
        let max_staleness = Duration::from_millis(self.value["mode"]["live_max_staleness"].as_u64().unwrap());
        Revocation::View(follower.cell(), Freshness::Live { max_staleness })
    }

    fn link_row(&self) -> Option<LinkRow> {
        let row = self.value["row"].as_object()?;
        Some(LinkRow {
            head: LinkHead::from_bytes(&bytes(&row["head"])).unwrap(),
            check: bytes(&row["check"]).try_into().unwrap(),
            label: None,
            expires: time(&row["expires"]),
            permissions: self.permissions(&row["permissions"]),
            resources: resources(&row["resources"]),
            uses_max: row["uses_max"].as_u64().map(|max| max.try_into().unwrap()),
            uses: row["uses"].as_u64().unwrap(),
            state: match row["state"].as_str().unwrap() {
                "active" => LinkState::Active,
                "paused" => LinkState::Paused,
                state => {
                    assert_eq!(state, "revoked");
                    LinkState::Revoked
                }
            },
            revision: row["revision"].as_u64().unwrap().try_into().unwrap(),
            events: 0,
            created: Timestamp::default(),
            changed: Timestamp::default(),
            last_used: None,
        })
    }

    fn chain(&self, head: &LinkHead) -> Option<ChainRow> {
        let row = self.value["chain"].as_object()?;
        let copies = row["copies"].as_array().unwrap().iter();
        let copies: Vec<EntryId> = copies.map(|copy| bytes(copy).try_into().unwrap()).collect();
        Some(ChainRow {
            tenant: *head.tenant(),
            link: head.id(),
            id: copies.last().copied().unwrap_or(head.id()),
            grants: StoredChain {
                copies,
                permissions: self.permissions(&row["permissions"]),
                resources: resources(&row["resources"]),
                audience: identifier(&row["audience"]),
                expires_at: time(&row["expires"]),
            },
            recipients: Vec::new(),
            uses: 1,
            first_used: Timestamp::default(),
            last_used: Timestamp::default(),
        })
    }

    /// One with the random bytes of the nonce, and its expiry.
    fn redemption(&self, head: &LinkHead) -> Option<RedemptionRow> {
        let chain = unhex(self.value["redeemed"].as_str()?).try_into().unwrap();
        let nonce = decoded(self.text("nonce"));
        let expires = nonce[5..10].iter().fold(0, |time, byte| time << 8 | u64::from(*byte));
        Some(RedemptionRow {
            tenant: *head.tenant(),
            link: head.id(),
            id: nonce[10..26].try_into().unwrap(),
            chain,
            expires: Timestamp::from_unix(expires),
        })
    }

    fn permissions(&self, names: &Value) -> Permissions {
        let names = names.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        self.deployment().vocabulary.expand(names).unwrap()
    }

    /// What was made. The store draws the session's id; its head is the expected one if it is with the id of the case. That its tag is good
    /// says the verifier, and of a head there is but one.
    fn session(&self, made: &Redeemed) -> Value {
        let text = made.session.text();
        let audience = self.value.get("chain").unwrap_or(self.value).get("audience").unwrap_or(&Value::Null);
        self.verifier(Revocation::None(NoRevocation), audience).verify_session(text, self.now()).unwrap();
        let named = |text: &str| {
            let mut bytes = decoded(text);
            bytes[6..22].copy_from_slice(&self.array::<16>("token_id"));
            bytes.truncate(bytes.len() - 36);
            bytes
        };
        let expected = self.value["expect"]["ok"]["session"].as_str().filter(|expected| named(expected) == named(text));
        self.made(made, expected.unwrap_or(text))
    }

    fn made(&self, made: &Redeemed, session: &str) -> Value {
        json!({ "session": session, "expires_at": made.session.expires_at().unix() })
    }
}

/// The bytes behind the prefix of a token or nonce.
fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(&text[4..]).unwrap()
}

fn identifier(text: &Value) -> Option<Identifier> {
    text.as_str().map(|text| text.parse().unwrap())
}

fn resources(list: &Value) -> Resources {
    list.as_array().map_or(Resources::All, |list| Resources::Only(list.iter().filter_map(identifier).collect()))
}

fn time(value: &Value) -> Timestamp {
    Timestamp::from_unix(value.as_u64().unwrap())
}

/// Tenants are small numbers in the cases.
fn scope_wire(scope: &Value) -> Vec<u8> {
    let Some(tenants) = scope.as_array() else { return vec![0x00] };
    let tenants = tenants.iter().flat_map(|tenant| [0x02, tenant.as_str().unwrap().parse().unwrap()]);
    [&[0x01, u8::try_from(scope.as_array().unwrap().len()).unwrap()][..], &tenants.collect::<Vec<u8>>()].concat()
}
