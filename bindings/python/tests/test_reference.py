"""What this package seals opens elsewhere, and the other way round: elsewhere is the reference of `testkit/ref`, which shares no code with it.

It runs in a process of its own, for it reads the key store with Python's SQLite.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import portward
from conftest import TENANT

REFERENCE = Path(__file__).parents[3] / "testkit" / "ref"
PROGRAM = """
import json, os, sqlite3, sys
sys.path.insert(0, sys.argv[1])
from portward_ref import blind_index, envelope, files, keystore
from portward_ref.errors import Refused

asked = json.load(sys.stdin)
deployment = files.read_deployment(open("keys/deployment.json", "rb").read())
keyring = files.read_keyring(open("keys/keyring.json", "rb").read(), deployment.id)
rows = keystore.read(sqlite3.connect("file:keys.db?mode=ro", uri=True), keyring)
context = envelope.Context([("tenant", "studio-7"), ("name", "invoices.notes"), ("id", "42"), ("x-version", "3")])
other = envelope.Context([("tenant", "studio-7"), ("name", "42"), ("id", "invoices.notes"), ("x-version", "3")])

def key_of(scope):
    opener = keystore.StoreOpener(keyring, rows, "studio-7", scope)
    row = opener.active_key()
    return opener, row.id, opener.row_key(row)

def opened(context, sealed):
    try:
        return opener.body(context, bytes.fromhex(sealed)).open().hex()
    except Refused as refused:
        return refused.code

opener, key_id, key = key_of("record:notes")
sealed = envelope.seal(deployment.id, key_id, key, context, os.urandom(24), bytes.fromhex(asked["plaintext"]), [])
index = blind_index.index(deployment.id, key_of("index:email")[2], "client", "email", "second", "ascii-lowercase", 12, 3, asked["value"])
json.dump({
    "opened": [opened(context, sealed) for sealed in asked["sealed"]],
    "refused": [opened(other, sealed) for sealed in asked["sealed"]],
    "sealed": sealed.hex(),
    "index": index.hex(),
}, sys.stdout)
"""


def ask(folder: Path, **asked: Any) -> dict[str, Any]:
    command = [sys.executable, "-c", PROGRAM, str(REFERENCE)]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, cwd=folder, timeout=400)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_reference_opens_what_is_sealed_here_and_the_other_way_round(tmp_path: Path) -> None:
    keyring = portward.Keyring.create(tmp_path / "keys")
    of = {"name": "invoices.notes", "id": "42", "x_version": "3"}
    plaintext, value = bytes(range(256)) * 150, " Ada@Example.org"
    with portward.KeyStore.open(f"sqlite:{tmp_path}/keys.db", keyring, feed=None, create=True) as keys:
        keys.new_tenant(TENANT)
        notes, written = keys.scope(TENANT, "record:notes"), io.BytesIO()
        notes.seal_file(io.BytesIO(plaintext), written, **of, threads=2)
        sealed = [notes.seal(plaintext, **of), notes.seal(plaintext, **of, embedded=True), written.getvalue()]
        index = keys.scope(TENANT, "index:email").blind_index(
            table="client", column="email", name="second", normaliser="ascii-lowercase", bits=12, version=3)  # fmt: skip
        blinded = index.of(value)
    found = ask(tmp_path, plaintext=plaintext.hex(), value=value, sealed=[one.hex() for one in sealed])
    assert found["opened"] == [plaintext.hex()] * 3
    assert found["refused"] == ["wrong_commitment"] * 3, "name and id are not one another"
    assert found["index"] == blinded.hex()
    theirs = bytes.fromhex(found["sealed"])
    with portward.KeyStore.open(f"sqlite:{tmp_path}/keys.db", keyring, feed=None) as keys:
        notes, opened = keys.scope(TENANT, "record:notes"), io.BytesIO()
        notes.open_file(io.BytesIO(theirs), opened, **of)
        parts = notes.open_range(io.BytesIO(theirs), **of)
        assert notes.open(theirs, **of) == opened.getvalue() == plaintext
        assert parts.read(20_000, 50) == plaintext[20_000:20_050]
