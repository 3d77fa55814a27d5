"""The story of the quick start, told to the end: the attack fails."""

from __future__ import annotations

import json
import pickle
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import portward
from conftest import TENANT, redeemed
from databases import Databases


def code(error: pytest.ExceptionInfo[portward.PortwardError]) -> str:
    return error.value.code


def test_a_link_from_its_making_to_its_end(store: portward.Store) -> None:
    link = store.issue(TENANT, "ada", {"files:*", "invoices:read"}, label="Ada", uses_max=1, lifetime=timedelta(days=30))
    assert link.token is not None and link.permissions >= {"files:read", "invoices:read"}
    assert timedelta(days=29) < link.expires_at - datetime.now(timezone.utc) <= timedelta(days=30)

    peeked = store.peek(link.token)
    session = store.redeem(link.token, peeked.cookie, peeked.nonce)
    again = store.redeem(link.token, peeked.cookie, peeked.nonce)
    access = store.verify_session(session.token)
    assert (access.kind, access.tenant, access.client, access.link_id) == ("session", TENANT, "ada", link.id)
    assert store.verify_session(again.token).allows("files:read") and store.link(TENANT, link.id).uses == 1
    with pytest.raises(portward.Refused) as exhausted:
        redeemed(store, link.token)
    assert code(exhausted) == "uses_exhausted"

    narrowed = store.edit(TENANT, link.id, permissions={"files:read"}, label=None)
    assert narrowed.permissions == {"files:read"} and narrowed.label is None and narrowed.revision == 1
    with pytest.raises(portward.Refused):
        store.verify_session(session.token)
    renewed = store.renew(session.token)
    assert store.verify_session(renewed.token).permissions == {"files:read"}
    with pytest.raises(portward.InvalidValue) as wider:
        store.edit(TENANT, link.id, expires_at=link.ceiling + timedelta(seconds=1))
    assert code(wider) == "over_ceiling"

    stamp = store.revoke_link(TENANT, link.id)
    assert store.is_at_least(stamp) and store.is_fresh
    for verify, token in ((store.verify_link, link.token), (store.verify_session, renewed.token)):
        with pytest.raises(portward.Refused) as revoked:
            verify(token)
        assert (code(revoked), revoked.value.public) == ("link_revoked", "refused")
        assert revoked.value.token_id is not None
    kinds = [event.kind for event in store.history(TENANT, link.id)]
    assert kinds[0] == "revoked" and kinds[-1] == "issued"


def test_a_tenant_sees_and_changes_its_own_links(store: portward.Store) -> None:
    links = [store.issue(TENANT, f"client-{number}", {"files:read"}, label=f"No. {number}") for number in range(5)]
    store.issue("other", "eve", {"files:read"})
    first = store.list(TENANT, limit=3)
    assert first.next is not None
    second = store.list(TENANT, limit=3, after=first.next)
    assert second.next is None
    assert {link.id for link in first.links + second.links} == {link.id for link in links}
    assert [link.client for link in store.list(TENANT, label_contains="no. 3").links] == ["client-3"]
    store.pause(TENANT, links[0].id)
    assert [link.id for link in store.list(TENANT, state="paused").links] == [links[0].id]
    store.restore(TENANT, links[0].id)
    with pytest.raises(portward.Refused) as unknown:
        store.revoke_link("other", links[0].id)
    assert code(unknown) == "link_unknown"
    shown = store.show(TENANT, links[0].id)
    assert shown.token == links[0].token and store.link(TENANT, links[0].id).token is None
    store.revoke_client(TENANT, "client-1")
    assert store.verify_link(str(links[0].token)).client == "client-0"
    with pytest.raises(portward.Refused):
        store.verify_link(str(links[1].token))


def test_a_copy_grants_less_and_ends_alone(store: portward.Store) -> None:
    vocabulary = store.deployment.permissions
    link = store.issue(TENANT, "ada", {"files:read", "files:upload"})
    held = portward.UntrustedLink(str(link.token))
    copy = held.narrow(permissions={"files:read"}, resources={"file-1"}, recipient="accountant", vocabulary=vocabulary)
    access = store.verify_link(copy)
    assert access.permissions == {"files:read"} and access.resources == {"file-1"}
    assert access.allows("files:read", "file-1") and not access.allows("files:read", "file-2") and not access.allows("files:read")
    assert access.recipients == ["accountant"] and portward.UntrustedLink(copy).recipients == ["accountant"]
    store.revoke_copy(TENANT, link.id, access.copies[-1])
    with pytest.raises(portward.Refused):
        store.verify_link(copy)
    assert store.verify_link(str(link.token)).allows("files:upload", "file-2")


def test_an_edge_without_the_database(store: portward.Store, keyring: portward.Keyring) -> None:
    link = store.issue(TENANT, "ada", {"files:read"})
    edge = portward.Follower(keyring, tenants=[TENANT])
    with pytest.raises(portward.Refused) as stale:
        edge.verify_link(str(link.token))
    assert code(stale) == "generation_ahead", "it has not even heard of the store's beginning"
    edge.accept(store.answer(edge.request()))
    assert edge.verify_link(str(link.token)).client == "ada"
    old = store.answer(edge.request())
    edge.accept(old)
    with pytest.raises(portward.InputError):
        edge.accept(old)
    stamp = store.revoke_link(TENANT, link.id)
    assert edge.accept(store.answer(edge.request())) == stamp == edge.highest
    with pytest.raises(portward.Refused):
        edge.verify_link(str(link.token))


def test_an_edge_that_cannot_ask(store: portward.Store, keyring: portward.Keyring) -> None:
    link, other = (str(store.issue(TENANT, name, {"files:read"}).token) for name in ("ada", "eve"))
    now = datetime.now(timezone.utc)
    times: dict[str, Any] = {"this_update": now, "next_update": now + timedelta(minutes=10), "tenants": [TENANT]}
    older = store.publish(**times)
    stamp = store.revoke_client(TENANT, "eve")
    edge = portward.Follower.of_lists(keyring, tenants=[TENANT])
    for refused, at in (("list_not_yet_current", now - timedelta(minutes=2)), ("list_expired", now + timedelta(minutes=10))):
        with pytest.raises(portward.Refused) as wrong:
            edge.accept(older, at=at)
        assert code(wrong) == refused
    edge.accept(older)
    assert edge.verify_link(other).client == "eve", "nobody told it yet"
    assert edge.accept(store.publish(**times)) == stamp == edge.highest
    assert edge.verify_link(link).client == "ada"
    with pytest.raises(portward.Refused) as revoked:
        edge.verify_link(other)
    assert code(revoked) == "client_revoked"
    session = redeemed(store, link).token
    assert edge.verify_session(session).client == edge.verify_session(session, at=now + timedelta(minutes=9)).client == "ada"
    with pytest.raises(portward.Refused) as over:
        edge.verify_link(link, at=now + timedelta(minutes=10, seconds=1))
    assert code(over) == "view_stale"
    for begun in (edge, portward.Follower.of_lists(keyring, tenants=[TENANT], highest=edge.highest)):
        with pytest.raises(portward.Refused) as rollback:
            begun.accept(older)
        assert code(rollback) == "rollback"
    with pytest.raises(portward.InvalidValue) as asked:
        edge.request()
    assert code(asked) == "follows_lists"


def test_a_lost_database_comes_back(keyring: portward.Keyring, databases: Databases) -> None:
    with portward.Store.open(databases.place("portal"), keyring, create=True) as store:
        kept, revoked = (store.issue(TENANT, name, {"files:read"}) for name in ("ada", "eve"))
        store.compact(kept=timedelta(days=30))
        store.revoke_link(TENANT, revoked.id)
        saved = store.save_view()
    moved = databases.copy("portal", "restored")
    with pytest.raises(portward.Unavailable) as restored:
        portward.Store.open(moved, keyring)
    assert code(restored) == "store_restored"
    assert portward.Store.recover(moved, keyring, newer=saved).merged
    with portward.Store.open(moved, keyring) as store:
        assert store.verify_link(str(kept.token)).client == "ada"
        with pytest.raises(portward.Refused):
            store.verify_link(str(revoked.token))


def test_a_keyring_in_a_directory(tmp_path: Path) -> None:
    made = portward.Keyring.create(tmp_path / "keys", permissions=["files:read", "chat:post"], passphrase=b"correct horse")
    assert made.deployment.permissions == ["files:read", "chat:post"]
    with pytest.raises(portward.InvalidValue) as locked:
        portward.Keyring.open(tmp_path / "keys")
    assert code(locked) == "passphrase_required"
    with pytest.raises(portward.PortwardError):
        portward.Keyring.open(tmp_path / "keys", passphrase=b"wrong horse")
    opened = portward.Keyring.open(tmp_path / "keys", passphrase=b"correct horse")
    token = portward.Issuer(made).issue_link("t", "c", {"chat:*"}).token
    access = portward.Verifier.without_revocation(opened).verify_link(token)
    session = portward.Issuer(made).issue_session(access, lifetime=60)
    assert portward.Verifier.without_revocation(opened).verify_session(session.token).permissions == {"chat:post"}
    sealed = made.seal(b"another")
    assert portward.Keyring.unseal(sealed, b"another", made.deployment).roots[0].id == made.roots[0].id
    assert portward.Keyring.from_json(made.export_in_clear(), made.deployment).roots[0].state == "active"
    with pytest.raises(portward.Unavailable):
        portward.Keyring.create(tmp_path / "keys")


def test_errors_are_told_apart_and_can_be_pickled(store: portward.Store) -> None:
    with pytest.raises(portward.Refused) as damaged:
        store.verify_link("pwl_AAAA")
    assert damaged.value.public == "damaged" and isinstance(damaged.value, portward.InputError)
    again = pickle.loads(pickle.dumps(damaged.value))
    assert (type(again), again.code, again.public, str(again)) == (
        portward.Refused, damaged.value.code, damaged.value.public, str(damaged.value))
    with pytest.raises(ValueError, match="tenant") as wrong:
        store.issue("two words", "ada", {"files:read"})
    assert isinstance(wrong.value, portward.InvalidValue) and wrong.value.code == "identifier_character"
    with pytest.raises(ValueError, match="permissions"):
        store.issue(TENANT, "ada", {"files:fly"})
    assert store.issue(TENANT, "ada", {"files:read"}, expires_at=datetime.now(timezone.utc) + timedelta(days=1)), "the control"
    for wrong_time, why in ((datetime(2030, 1, 1), "time_zone_missing"), (-1, "time_out_of_range")):
        with pytest.raises(portward.InvalidValue, match="^expires_at: ") as timed:
            store.issue(TENANT, "ada", {"files:read"}, expires_at=wrong_time)
        assert timed.value.code == why
    with pytest.raises(TypeError):
        store.edit(TENANT, "0" * 32, lable="x")  # type: ignore[call-arg]
    store.close()
    with pytest.raises(portward.InvalidValue) as closed:
        store.verify_link("pwl_AAAA")
    assert closed.value.code == "closed"


def test_events_are_written_before_they_take_effect(keyring: portward.Keyring, databases: Databases, tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    with pytest.raises(portward.Unavailable) as untold:
        portward.Keyring.create(tmp_path / "keys", events="/dev/full")
    assert code(untold) == "sink_failed"
    portward.Keyring.create(tmp_path / "keys", events=tmp_path / "made.jsonl")
    assert '"root_made"' in (tmp_path / "made.jsonl").read_text()
    with portward.Store.open(databases.place("portal"), keyring, create=True, events=events) as store:
        link = store.acting_as("paul").issue(TENANT, "ada", {"files:read"})
        assert '"paul"' in events.read_text() and link.id in events.read_text()
    with pytest.raises(portward.Unavailable) as sink:
        portward.Store.open(databases.place("portal"), keyring, events=tmp_path / "absent" / "events.jsonl")
    assert code(sink) == "sink_failed"
    portward.Store.recover(databases.place("portal"), keyring, events=events)
    with portward.KeyStore.open(databases.place("keys"), keyring, feed=None, create=True, events=events) as keys:
        keys.acting_as("paul").new_tenant("made")
    told = [json.loads(line) for line in events.read_text().splitlines()]
    assert [(event["operation"], event["actor"]) for event in told] == [
        ("begun", None),
        ("issued", "paul"),
        ("recovered", None),
        ("tenant_kek_made", "paul"),
    ]
    full = Path("/dev/full")
    with portward.KeyStore.open(databases.place("keys"), keyring, feed=None, events=full) as keys:
        with pytest.raises(portward.Unavailable) as sink:
            keys.new_tenant("other")
    assert code(sink) == "sink_failed"
