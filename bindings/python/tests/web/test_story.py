"""From mail to revocation with a real store, in each framework."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import portward
from portward.http import Gate

from .apps import APPS
from .browser import HOST, Browser, Reply

TENANT, CLIENT = "studio-7", "42"
SESSION = "__Host-portward-session"


class World:
    def __init__(self, framework: str, store: portward.Store) -> None:
        self.store = store
        self.told: list[tuple[str, str | None]] = []
        gate = Gate(portward.Portal(HOST), store, log=lambda *reason: self.told.append(reason))
        self.ask = APPS[framework](gate)

    def link(self, *permissions: str, uses_max: int | None = None) -> portward.Link:
        wanted = permissions or ("files:read",)
        return self.store.issue(TENANT, CLIENT, wanted, uses_max=uses_max)

    def visitor(self, link: str) -> Browser:
        browser = Browser(self.ask)
        assert browser.redeem(link).status == 303
        assert SESSION in browser.jar
        return browser


@pytest.fixture(params=APPS)
def world(request: pytest.FixtureRequest, store: portward.Store) -> World:
    return World(request.param, store)


def token_of(link: portward.Link) -> str:
    assert link.token is not None
    return link.token


def test_a_link_of_one_use_from_mail_to_revocation(world: World) -> None:
    link = world.link(uses_max=1)
    token = token_of(link)
    for _ in range(5):
        scanner = Browser(world.ask)
        assert scanner.get(f"/portal/{token}").status == 303
        assert scanner.get("/portal").status == 200
        assert scanner.post("/portal/peek", {"token": token}).status == 200
    assert world.store.link(TENANT, link.id).uses == 0

    person = Browser(world.ask)
    assert person.get(f"/portal/{token}").status == 303
    fields = {"nonce": person.get("/portal").nonce}
    before = dict(person.jar)
    assert person.post("/portal/redeem", fields).status == 303
    assert person.get("/portal/").body == CLIENT.encode()
    assert person.get("/portal/inner/a.pdf").body == b"a.pdf"
    person.jar, kept = before, dict(person.jar)
    assert person.post("/portal/redeem", fields).status == 303, "a lost answer costs no use"
    assert world.store.link(TENANT, link.id).uses == 1
    assert person.post("/portal/renew").status == 204

    late = Browser(world.ask)
    assert late.redeem(token).status == 403, "another use is refused"

    world.store.revoke_link(TENANT, link.id)
    for jar in (person.jar, kept):
        person.jar = dict(jar)
        assert person.get("/portal/").status == 403
        assert person.post("/portal/renew").status == 403
    assert person.post("/portal/leave").status == 204
    assert SESSION not in person.jar


def test_a_pause_ends_with_it(world: World) -> None:
    link = world.link()
    person = world.visitor(token_of(link))
    world.store.pause(TENANT, link.id)
    assert person.get("/portal/").status == 403
    world.store.restore(TENANT, link.id)
    assert person.get("/portal/").status == 200


def test_cookies_have_all_flags(world: World) -> None:
    token = token_of(world.link())
    person = Browser(world.ask)
    lines = {**person.get(f"/portal/{token}").cookies, **(page := person.get("/portal")).cookies}
    lines |= {SESSION: person.post("/portal/redeem", {"nonce": page.nonce}).cookies[SESSION]}
    assert len(lines) == 3
    for name, line in lines.items():
        assert name.startswith("__Host-portward-")
        assert "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=" in line
        assert "Domain" not in line


def test_permissions_and_resources(world: World) -> None:
    reader, payer = world.visitor(token_of(world.link("files:read"))), world.visitor(token_of(world.link("invoices:read")))
    assert (reader.get("/portal/file/a.pdf").status, reader.get("/portal/invoices").status) == (200, 403)
    assert (payer.get("/portal/file/a.pdf").status, payer.get("/portal/invoices").status) == (403, 200)
    assert (reader.get("/portal/inner/a.pdf").status, payer.get("/portal/inner/a.pdf").status) == (200, 403)
    both = portward.UntrustedLink(token_of(world.link("files:read", "invoices:read")))
    narrow = world.visitor(both.narrow(resources=["a.pdf"]))
    assert narrow.get("/portal/file/a.pdf").body == b"a.pdf"
    assert narrow.get("/portal/inner/a.pdf").body == b"a.pdf"
    for target in ("/portal/file/b.pdf", "/portal/inner/b.pdf", "/portal/invoices"):
        assert narrow.get(target).status == 403


def test_every_refusal_is_the_same(world: World) -> None:
    link = world.link("files:read")
    person = world.visitor(token_of(link))
    session = person.jar[SESSION]
    forged = session[:-8] + "AAAAAAAA"

    def bearer(target: str, token: str, accept: str = "application/json") -> Reply:
        return Browser(world.ask, accept).get(target, authorization=f"Bearer {token}")

    assert bearer("/portal/file/a.pdf", session).status == 200
    refusals = [bearer("/portal/invoices", session), Browser(world.ask, "application/json").get("/portal/")]
    pages = [bearer("/portal/invoices", session, "text/html")]
    token_id = world.store.verify_session(session).token_id
    world.store.revoke_link(TENANT, link.id)
    refusals.append(bearer("/portal/file/a.pdf", session))
    pages.append(bearer("/portal/file/a.pdf", session, "text/html"))
    said = {(reply.status, reply.body, _told(reply)) for reply in refusals}
    assert len(said) == 1
    assert refusals[0].body == b'{"error":"refused"}'
    assert len({(page.status, page.body, _told(page)) for page in pages}) == 1
    assert b"<!doctype html>" in pages[0].body.lower()
    damaged = bearer("/portal/file/a.pdf", forged)
    assert (damaged.status, damaged.body) == (400, b'{"error":"damaged"}')
    assert [code for code, _ in world.told] == [
        "permission_denied", "session_missing", "permission_denied", "link_revoked", "link_revoked", "bad_checksum",
    ]  # fmt: skip
    # Of an authentic session the log is told whose it is.
    assert {token for code, token in world.told if code == "permission_denied"} == {token_id}


def _told(reply: Reply) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(pair for pair in reply.headers if pair[0] not in ("date", "server")))


def test_only_the_own_pages_make_a_browser_send(world: World) -> None:
    person = world.visitor(token_of(world.link()))
    assert person.post("/portal/send").status == 200
    assert person.post("/portal/send", origin="https://evil.example").status == 403
    assert person.post("/portal/send", sec_fetch_site="same-site").status == 403
    session = person.jar[SESSION]
    program = Browser(world.ask, "application/json")
    sent = program.post("/portal/send", origin="https://other.example", authorization=f"Bearer {session}")
    assert sent.status == 200
