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
        believed(lambda: alone.is_fresh and verifies(alone, token, session), alone.refresh)
        time.sleep(LATER)
        believed(lambda: follows.is_fresh and verifies(follows, token, session), lambda: time.sleep(1))
        assert not alone.is_fresh
        refuses(lambda: alone.verify_link(token))
        refuses(lambda: alone.verify_session(session))
        believed(lambda: alone.is_fresh and verifies(alone, token, session), alone.refresh)


def test_a_follower_that_hears_nothing_turns_stale(keyring: portward.Keyring, store: portward.Store) -> None:
    token = store.issue(TENANT, "ada", {"files:read"}).token
    session = redeemed(store, token).token
    patient, edge = portward.Follower(keyring), portward.Follower(keyring, max_staleness=BELIEVED)

    def hears(follower: portward.Follower) -> None:
        follower.accept(store.answer(follower.request()))

    for follower in (patient, edge):
        hears(follower)
        believed(lambda: verifies(follower, token, session), lambda: hears(follower))
    time.sleep(LATER)
    assert verifies(patient, token, session)
    refuses(lambda: edge.verify_link(token))
    refuses(lambda: edge.verify_session(session))
    believed(lambda: verifies(edge, token, session), lambda: hears(edge))


def verifies(view: portward.Store | portward.Follower, token: str, session: str) -> bool:
    try:
        return view.verify_link(token).client == view.verify_session(session).client == "ada"
    except portward.Refused as stale:
        assert stale.code == "view_stale"
        return False


def believed(holds: Callable[[], bool], again: Callable[[], object]) -> None:
    """Asked again after that, where the machine stood still for longer than a view is believed."""
    for _ in range(20):
        if holds():
            return
        again()
    assert holds()


def refuses(verify: Callable[[], object]) -> None:
    with pytest.raises(portward.Refused) as stale:
        verify()
    assert stale.value.code == "view_stale"
