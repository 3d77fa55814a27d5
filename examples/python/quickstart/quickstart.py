"""The story of a link: made, opened, shared, narrowed, revoked. Every attack fails. `python quickstart.py` makes a folder for it and removes it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import portward

TENANT = "studio-7"


def step(text: str) -> None:
    print(f"- {text}")


def refused(attack: Callable[[], object]) -> str:
    """Runs what must not succeed; returns why it did not."""
    try:
        attack()
    except portward.InputError as error:
        return error.code
    raise SystemExit("an attack succeeded")


def main(folder: Path) -> None:
    keyring = portward.Keyring.create(folder / "keys")
    store = portward.Store.open(f"sqlite:{folder}/portal.db", keyring, create=True)
    keys = portward.KeyStore.open(f"sqlite:{folder}/keys.db", keyring, feed=store, create=True)
    keys.new_tenant(TENANT)
    step(f"a deployment with {len(store.deployment.permissions)} permissions, a store and keys for {TENANT}")

    files = keys.scope(TENANT, "file:designs")
    sealed = files.seal(b"the new logo", name="files.content", id="logo.svg")
    step(f"a file is sealed: {len(sealed)} bytes at rest")

    link = store.issue(TENANT, "ada", {"files:read", "files:upload"}, label="Ada", uses_max=2, lifetime=timedelta(days=30))
    token = str(link.token)
    step(f"Ada gets a link of {len(token)} characters, good until {link.expires_at:%Y-%m-%d}")

    for _ in range(3):
        store.peek(token)
    step(f"a mail scanner looks at it three times: {store.link(TENANT, link.id).uses} uses are spent")

    peeked = store.peek(token)
    session = store.redeem(token, peeked.cookie, peeked.nonce)
    access = store.verify_session(session.token)
    access.require("files:read")
    content = files.open(sealed, name="files.content", id="logo.svg")
    step(f"Ada opens it, and reads {content.decode()!r}")

    thief = portward.Keyring.generate()
    forged = portward.Issuer(thief).issue_link(TENANT, "ada", {"files:read"}).token
    step(f"a forged link: {refused(lambda: store.verify_link(forged))}")
    step(f"a link with one letter changed: {refused(lambda: store.verify_link(token[:-1] + ('A' if token[-1] != 'A' else 'B')))}")
    step(f"the file under another name: {refused(lambda: files.open(sealed, name='files.content', id='invoice.pdf'))}")

    copy = portward.UntrustedLink(token).narrow(
        permissions={"files:read"}, resources={"logo.svg"}, recipient="printer", vocabulary=store.deployment.permissions
    )
    printer = store.verify_link(copy)
    step(f"Ada hands on a copy for one file; uploading with it: {refused(lambda: printer.require('files:upload', 'logo.svg'))}")

    store.edit(TENANT, link.id, permissions={"files:read"})
    step(f"the link is narrowed; the session of before: {refused(lambda: store.verify_session(session.token))}")
    session = store.renew(session.token)
    step(f"renewed, it grants {sorted(store.verify_session(session.token).permissions)}")

    store.revoke_link(TENANT, link.id)
    for name, attack in (
        ("the link", lambda: store.verify_link(token)),
        ("its copy", lambda: store.verify_link(copy)),
        ("its session", lambda: store.verify_session(session.token)),
        ("renewing", lambda: store.renew(session.token)),
    ):
        step(f"revoked, {name}: {refused(attack)}")

    erasure = files.destroy(backups_kept=timedelta(days=30))
    step(f"the file is erased: {refused(lambda: files.open(sealed, name='files.content', id='logo.svg'))}, complete on {erasure.complete_at:%Y-%m-%d}")
    keys.close()
    store.close()
    print("All of it behaved.")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(temporary))
