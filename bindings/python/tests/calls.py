"""A valid call of everything that the package has, with every argument: tests put something else in the place of one."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import portward
from conftest import TENANT
from keks import Module

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """owner: what has the method, or the class itself where the call makes one. arguments: anew for each call."""

    owner: Any
    name: str
    arguments: Callable[[], Arguments]

    def __str__(self) -> str:
        owner = self.owner if inspect.isclass(self.owner) or self.owner is portward else type(self.owner)
        return f"{owner.__name__}.{self.name}"

    def __call__(self, **replaced: Any) -> Any:
        method = self.owner if self.name == "new" else getattr(self.owner, self.name)
        return method(**self.arguments() | replaced)

    def parameters(self) -> list[inspect.Parameter]:
        method = self.owner if self.name == "new" else getattr(self.owner, self.name)
        return list(inspect.signature(method).parameters.values())


OF = {"name": "files.content", "id": "1", "x_more": "1"}
FORM = [("content-type", b"application/x-www-form-urlencoded")]


def all_calls(folder: Path) -> list[Call]:
    """What takes something away from others comes last."""
    number = count()

    def fresh() -> Path:
        return folder / f"made-{next(number)}"

    keyring = portward.Keyring.create(folder / "keys", passphrase=b"correct horse")
    sealed_keyring = keyring.seal(b"correct horse")
    deployment = keyring.deployment
    vocabulary = deployment.permissions
    store = portward.Store.open(f"sqlite:{folder}/portal.db", keyring, create=True)
    keys = portward.KeyStore.open(f"sqlite:{folder}/keys.db", keyring, feed=store, create=True)
    with portward.Store.open(f"sqlite:{folder}/ended.db", keyring, create=True) as ended:
        view = ended.save_view()
    keys.new_tenant(TENANT)
    keys.new_tenant("gone")
    link = store.issue(TENANT, "ada", {"files:read"})
    other = store.issue(TENANT, "bob", {"files:read"}, lifetime=86400)
    token, copy = link.token, os.urandom(16).hex()
    peeked = store.peek(token)
    session = store.redeem(token, peeked.cookie, peeked.nonce)
    issuer, verifier = portward.Issuer(keyring), portward.Verifier.without_revocation(keyring)
    follower = portward.Follower(keyring)
    follower.accept(store.answer(follower.request()))
    by_lists = portward.Follower.of_lists(keyring)
    portal = portward.Portal("https://portal.example")
    bearer = [("authorization", f"Bearer {session.token}".encode())]
    peeking = portal.read("POST", "/portal/peek", FORM, f"token={token}".encode())
    renewing = portal.read("POST", "/portal/renew", bearer, b"")
    notes = keys.scope(TENANT, "record:notes")
    gone = keys.scope("gone", "record:notes")
    key = gone.key_of(gone.seal(b"", **OF))
    gone.rotate()
    sealed = notes.seal(b"text", **OF)
    (folder / "plain").write_bytes(b"text")
    (folder / "sealed").write_bytes(sealed)
    parts = notes.open_range(folder / "sealed", **OF)
    index = {"table": "client", "column": "email", "bits": 8, "name": "eq", "normaliser": "exact", "version": 1}
    indexed = keys.scope(TENANT, "index:email")
    now = int(time.time())
    nothing: Arguments = {}

    def call(owner: Any, name: str, arguments: Arguments | Callable[[], Arguments] = nothing) -> Call:
        return Call(owner, name, arguments if callable(arguments) else lambda: arguments)

    def through(source: str) -> Callable[[], Arguments]:
        return lambda: {"source": folder / source, "target": fresh(), **OF, "replace": True, "threads": 2, "progress": print}

    who = {"keyring": keyring, "audience": "edge", "skew": 60}
    of_link = {"tenant": TENANT, "link": link.id}
    request = {"method": "GET", "path": "/x", "headers": FORM}
    return [
        call(portward.Deployment, "generate", {"permissions": vocabulary}),
        call(portward.Deployment, "from_json", {"json": deployment.to_json()}),
        call(deployment, "to_json"),
        call(deployment, "expand", {"permissions": {"files:*"}}),
        call(portward.Keyring, "generate", {"deployment": deployment}),
        call(portward.Keyring, "create", lambda: {
            "directory": fresh(), "permissions": vocabulary, "passphrase": b"correct horse", "events": fresh()}),
        call(portward.Keyring, "open", {"directory": folder / "keys", "passphrase": b"correct horse", "kek": Module()}),
        call(portward.Keyring, "from_json", {"json": keyring.export_in_clear(), "deployment": deployment}),
        call(portward.Keyring, "unseal", {"sealed": sealed_keyring, "passphrase": b"correct horse", "deployment": deployment}),
        call(keyring, "seal", {"passphrase": b"correct horse"}),
        call(keyring, "export_in_clear"),
        call(portward.Verifier, "without_revocation", who),
        call(verifier, "verify_link", {"token": token, "at": now}),
        call(verifier, "verify_session", {"token": session.token, "at": now}),
        call(portward.Issuer, "new", {"keyring": keyring}),
        call(issuer, "issue_link", {"tenant": TENANT, "client": "ada", "permissions": {"files:read"}, "audience": "edge", "lifetime": 60}),
        call(issuer, "issue_session", {"link": verifier.verify_link(token), "lifetime": 60}),
        call(store.verify_link(token), "require", {"permission": "files:read", "resource": "file-1"}),
        call(store.verify_link(token), "allows", {"permission": "files:read", "resource": "file-1"}),
        call(portward.UntrustedLink, "new", {"token": token}),
        call(portward.UntrustedLink(token), "permissions", {"vocabulary": vocabulary}),
        call(portward.UntrustedLink(token), "narrow", {
            "expires_at": now + 3000, "permissions": {"files:read"}, "resources": {"file-1"}, "audience": "edge", "recipient": "accountant",
            "seal": True, "vocabulary": vocabulary}),
        call(portward.Store, "open", lambda: {
            "location": f"sqlite:{folder}/another.db", **who, "create": True, "max_staleness": 30.0, "follow": 0.5, "events": fresh()}),
        call(portward.Store, "recover", lambda: {
            "location": f"sqlite:{folder}/ended.db", "keyring": keyring, "newer": view, "events": fresh()}),
        call(store, "acting_as", {"actor": "paul"}),
        call(store, "is_at_least", {"stamp": store.stamp}),
        call(store, "refresh"),
        call(store, "verify_link", {"token": token}),
        call(store, "verify_session", {"token": session.token}),
        call(store, "issue", {
            "tenant": TENANT, "client": "ada", "permissions": {"files:read"}, "audience": "edge", "lifetime": 6000, "label": "Ada",
            "uses_max": 3, "expires_at": now + 3000}),
        call(store, "show", of_link),
        call(store, "link", of_link),
        call(store, "list", {
            "tenant": TENANT, "client": "ada", "state": "active", "expires_before": now, "label_contains": "a", "limit": 10,
            "after": store.list(TENANT, limit=1).next}),
        call(store, "edit", {
            "tenant": TENANT, "link": other.id, "label": "Bob", "expires_at": now + 3000, "permissions": {"files:read"}, "resources": {"file-1"},
            "uses_max": 3}),
        call(store, "history", {**of_link, "before": 5, "limit": 10}),
        call(store, "peek", {"link": token, "cookie": peeked.cookie}),
        call(store, "redeem", {"link": token, "cookie": peeked.cookie, "nonce": peeked.nonce}),
        call(store, "renew", {"session": session.token}),
        call(store, "answer", lambda: {"request": follower.request()}),
        call(store, "publish", {"this_update": now, "next_update": now + 60, "tenants": {TENANT}}),
        call(store, "save_view"),
        call(portward.Follower, "new", {**who, "tenants": {TENANT}, "highest": store.stamp, "max_staleness": 30.0}),
        call(portward.Follower, "of_lists", {**who, "tenants": {TENANT}, "highest": store.stamp}),
        call(follower, "request"),
        call(follower, "accept", lambda: {"answer": store.answer(follower.request()), "at": now}),
        call(by_lists, "accept", lambda: {"answer": store.publish(this_update=now, next_update=now + 600), "at": now}),
        call(follower, "verify_link", {"token": token, "at": now}),
        call(follower, "verify_session", {"token": session.token, "at": now}),
        call(portward.KeyStore, "open", lambda: {
            "location": f"sqlite:{folder}/more.db", "keyring": keyring, "feed": store, "create": True, "events": fresh()}),
        call(keys, "acting_as", {"actor": "paul"}),
        call(keys, "new_tenant", lambda: {"tenant": f"tenant-{next(number)}"}),
        call(keys, "rotate_tenant", {"tenant": TENANT}),
        call(keys, "rewrap"),
        call(keys, "scope", {"tenant": TENANT, "scope": "record:notes"}),
        call(notes, "seal", {"plaintext": b"text", **OF, "embedded": True}),
        call(notes, "open", {"object": sealed, **OF}),
        call(notes, "seal_file", lambda: {**through("plain")(), "embedded": True}),
        call(notes, "open_file", through("sealed")),
        call(notes, "open_range", {"source": folder / "sealed", **OF}),
        call(notes, "rotate"),
        call(notes, "key_of", {"object": sealed}),
        call(indexed, "blind_index", index),
        call(indexed.blind_index(**index), "of", {"value": "ada@example.org"}),
        call(parts, "read", {"offset": 1, "length": 2}),
        call(portward, "index_bits", {"rows": 100_000, "distinct": 50_000, "other_bits": 0, "even_if_few": True}),
        call(portward.Portal, "new", {"origin": "https://portal.example", "path": "/portal", "page": {}}),
        call(portal, "link_url", {"token": token, "fragment": True}),
        call(portal, "read", {**request, "body": b""}),
        call(portal, "session", {**request, "headers": bearer}),
        call(portal, "refuse", {**request, "public": "refused"}),
        call(peeking, "peeked", {"nonce": peeked.nonce, "cookie": peeked.cookie, "expires_at": now}),
        call(renewing, "granted", {"session": session.token, "expires_at": now + 60, "at": now}),
        call(peeking, "refused", {"public": "refused"}),
        call(peeking, "run", {"store": store}),
        call(store, "pause", {"tenant": TENANT, "link": other.id}),
        call(store, "restore", {"tenant": TENANT, "link": other.id}),
        call(store, "compact", {"kept": 86400}),
        call(store, "revoke_copy", {"tenant": TENANT, "link": other.id, "copy": copy}),
        call(store, "revoke_session", {"tenant": TENANT, "link": other.id, "session": copy}),
        call(store, "revoke_link", {"tenant": TENANT, "link": other.id}),
        call(store, "revoke_client", {"tenant": "gone", "client": "ada"}),
        call(store, "revoke_tenant", {"tenant": "gone"}),
        call(gone, "destroy_key", {"key": key, "backups_kept": 0}),
        call(gone, "destroy", {"backups_kept": 0}),
        call(gone, "begin"),
        call(keys, "destroy_tenant", {"tenant": "gone", "backups_kept": 0}),
        call(store, "revoke_everything"),
        call(parts, "close"),
        call(keys, "close"),
        call(store, "close"),
    ]  # fmt: skip
