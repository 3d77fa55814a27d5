"""A view that hears nothing is not believed for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

import portward
from conftest import TENANT, redeemed
from databases import Databases

BELIEVED, LATER = 1.0, 1.4


def test_a_store_that_does_not_follow_turns_stale(keyring: portward.Keyring, store: portward.Store, databases: Databases) -> None:
    token = store.issue(TENANT, "ada", {"files:read"}).token
    session = redeemed(store, token).token
    place = databases.place("portal")
    with (
        portward.Store.open(place, keyring, max_staleness=BELIEVED, follow=0.05) as follows,
        portward.Store.open(place, keyring, max_staleness=BELIEVED, follow=0) as alone,
    ):
        assert alone.is_fresh and alone.verify_link(token).client == alone.verify_session(session).client == "ada"
        time.sleep(LATER)
        assert follows.is_fresh and follows.verify_link(token).client == follows.verify_session(session).client == "ada"
        assert not alone.is_fresh
        refuses(lambda: alone.verify_link(token))
        refuses(lambda: alone.verify_session(session))
        alone.refresh()
        assert alone.is_fresh and alone.verify_link(token).client == "ada"


def test_a_follower_that_hears_nothing_turns_stale(keyring: portward.Keyring, store: portward.Store) -> None:
    token = store.issue(TENANT, "ada", {"files:read"}).token
    session = redeemed(store, token).token
    patient, edge = portward.Follower(keyring), portward.Follower(keyring, max_staleness=BELIEVED)
    for follower in (patient, edge):
        follower.accept(store.answer(follower.request()))
        assert follower.verify_link(token).client == follower.verify_session(session).client == "ada"
    time.sleep(LATER)
    assert patient.verify_link(token).client == patient.verify_session(session).client == "ada"
    refuses(lambda: edge.verify_link(token))
    refuses(lambda: edge.verify_session(session))
    edge.accept(store.answer(edge.request()))
    assert edge.verify_link(token).client == "ada"


def refuses(verify: Callable[[], object]) -> None:
    with pytest.raises(portward.Refused) as stale:
        verify()
    assert stale.value.code == "view_stale"
