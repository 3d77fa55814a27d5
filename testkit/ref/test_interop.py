"""The command and this reference open each other's objects, over one key store.

PORTWARD_BIN is the path of the command; without it everything here is skipped.
"""

import json
import os
from dataclasses import replace

import pytest

from interop import BIN, HERE, Portal, plaintext
from portward_ref import chunked, envelope, feed, files, keystore
from portward_ref.envelope import Slot, Subject
from portward_ref.errors import Refused

pytestmark = pytest.mark.skipif(not BIN, reason="PORTWARD_BIN, the path of the command, is not set")

KINDS = pytest.mark.parametrize("embed", [(), ("--embed",)], ids=["detached", "embedded"])
LENGTHS = pytest.mark.parametrize("length", [0, 1, 16_383, 16_384, 16_385, 3_000_000])


@pytest.fixture
def portal(tmp_path):
    return Portal(tmp_path)


# --- the command seals, the reference opens ----------------------------------------------------

@KINDS
@LENGTHS
@pytest.mark.parametrize("options", [(), ("--threads", "2")], ids=["", "threads"])
def test_opens(portal, embed, length, options):
    data = plaintext(length)
    sealed = portal.seal(data, *embed, *options)
    head = envelope.read_header(sealed)
    assert len(head.slots) == len(embed) and len(sealed) == head.body_at + chunked.body_length(length)
    assert portal.ref_open(sealed) == data


@KINDS
def test_opens_without_pairs_and_with_a_number_and_a_uuid(portal, embed):
    tenant = "00112233-4455-6677-8899-aabbccddeeff"
    portal.run("tenant", "new", tenant)
    place = replace(HERE, tenant=tenant, id="7", scope="record:7", pairs=())
    assert portal.ref_open(portal.seal(b"data", *embed, place=place), place) == b"data"


def test_rotated_and_rewrapped(portal):
    def versions(sealed):
        return [slot.version for slot in envelope.read_header(sealed).slots]

    def states(table):
        return sorted(row["state"] for row in portal.rows()[table] if row["tenant"] == "acme")

    def seal_both(data):
        sealed.extend((data, portal.seal(data, *embed)) for embed in [(), ("--embed",)])

    sealed = []
    seal_both(b"before")
    portal.run("tenant", "rotate", "acme")
    seal_both(b"a new KEK")
    portal.run("tenant", "rotate", "acme", "--scope", HERE.scope)
    seal_both(b"a new data key")
    assert [versions(item) for _, item in sealed] == [[], [1], [], [2], [], [2]]
    assert states("tenant_kek") == states("data_key") == ["active", "verify_only"]

    old = sealed[1][1]
    path = portal.file(old)
    portal.run("rewrap", path, "--tenant", "acme", "--scope", HERE.scope)
    new = path.read_bytes()
    assert versions(new) == [2] and new[envelope.read_header(new).body_at:] == old[envelope.read_header(old).body_at:]
    sealed.append((b"before", new))

    # Under another root every row has another MAC, every tenant KEK another slot.
    root_id = portal.run("keyring", "add")["added"]
    portal.run("keyring", "activate", root_id)
    portal.run("tenant", "rewrap")
    assert portal.keyring().active().id.hex() == root_id
    rows = portal.sql("SELECT root, slot FROM tenant_kek")
    assert len(rows) == 3 and all(root.hex() == root_id == envelope.read_slot(slot).kek_id.hex() for root, slot in rows)
    assert {root.hex() for root, in portal.sql("SELECT root FROM data_key")} == {root_id}

    for data, item in sealed:
        assert portal.ref_open(item) == portal.open(item) == data


# --- somewhere else, nothing opens -------------------------------------------------------------

ELSEWHERE = [  # what is said otherwise, the code of a detached object, of an embedded one
    ("tenant", {"tenant": "other"}, "unknown_data_key", "no_slot"),
    ("scope", {"scope": "file:1205"}, "unknown_data_key", "unwrap_failed"),
    ("id", {"id": "1205"}, "wrong_commitment", "wrong_commitment"),
    ("name", {"name": "files.notes"}, "wrong_commitment", "wrong_commitment"),
    ("pair", {"pairs": (("x-revision", "4"), HERE.pairs[1])}, "wrong_commitment", "wrong_commitment"),
    ("pair-less", {"pairs": HERE.pairs[:1]}, "wrong_commitment", "wrong_commitment"),
    ("pair-more", {"pairs": (*HERE.pairs, ("x-more", "1"))}, "wrong_commitment", "wrong_commitment"),
]


@KINDS
@pytest.mark.parametrize("change, detached, embedded", [pytest.param(*item[1:], id=item[0]) for item in ELSEWHERE])
def test_elsewhere(portal, embed, change, detached, embedded):
    place = replace(HERE, **change)
    portal.seal(b"", place=place)  # there is a key there, too
    code = embedded if embed else detached
    for sealed in (portal.seal(b"data", *embed), portal.ref_seal(b"data", embed)):
        assert portal.ref_refusal(sealed, place) == portal.open_refusal(sealed, place) == code
        assert portal.ref_open(sealed) == portal.open(sealed) == b"data"


def test_another_tenant_in_the_context(portal):
    sealed = portal.seal(b"data")
    with pytest.raises(Refused, match="^wrong_tenant$"):
        portal.opener().body(replace(HERE, tenant="other").context(), sealed)


@KINDS
@pytest.mark.parametrize("change, detached, embedded", [pytest.param(*item[1:], id=item[0]) for item in ELSEWHERE[:2]])
def test_elsewhere_without_a_key(portal, embed, change, detached, embedded):
    """As before, but nothing was ever sealed there."""
    place, sealed = replace(HERE, **change), portal.seal(b"data", *embed)
    assert portal.ref_refusal(sealed, place) == portal.open_refusal(sealed, place) == (embedded if embed else detached)


# --- the reference seals, the command opens ----------------------------------------------------

@KINDS
@LENGTHS
def test_command_opens(portal, embed, length):
    portal.seal(b"")  # makes the data key
    data = plaintext(length)
    assert portal.open(portal.ref_seal(data, embed)) == data


def test_opens_by_the_slots_alone(portal):
    """An embedded object needs no row, nor does its scope."""
    sealed = portal.ref_seal(b"data", embed=True)
    assert portal.rows()["data_key"] == []
    assert portal.ref_open(sealed) == portal.open(sealed) == b"data"
    portal.run("tenant", "rotate", "acme")
    path = portal.file(sealed)
    portal.run("rewrap", path, "--tenant", "acme", "--scope", HERE.scope)
    assert envelope.read_header(path.read_bytes()).slots[0].version == 2
    assert portal.ref_open(path.read_bytes()) == b"data"


def test_command_passes_over_slots(portal):
    portal.seal(b"")
    good = envelope.read_header(portal.ref_seal(b"", embed=True)).slots[0]
    key_id, key, opener = os.urandom(16), os.urandom(32), portal.opener()
    own = opener.active_kek().wrap(Subject(opener.deployment_id, "acme", key_id, scope=HERE.scope), key, os.urandom(24))
    strange = [Slot(0x77, b"?", 9, b"?"), Slot(0x02, b"module", 0, bytes(60)), Slot(0x10, b"service", 0, b"blob"),
               replace(good, version=2), replace(good, kek_id=bytes(16)), own, good]
    sealed = envelope.seal(opener.deployment_id, key_id, key, HERE.context(), os.urandom(24), b"data", strange)
    assert portal.ref_open(sealed) == portal.open(sealed) == b"data"
    # The first that resolves is final.
    sealed = envelope.seal(opener.deployment_id, key_id, key, HERE.context(), os.urandom(24), b"data", [good, own])
    assert portal.ref_refusal(sealed) == portal.open_refusal(sealed) == "unwrap_failed"


def test_command_seals_under_a_row_of_the_reference(portal):
    opener, key_id, key = portal.opener(), os.urandom(16), os.urandom(32)
    subject = Subject(opener.deployment_id, "acme", key_id, scope=HERE.scope)
    portal.write("data_key", {
        "tenant": "acme", "scope": HERE.scope, "id": key_id, "state": "active",
        "slot": opener.active_kek().wrap(subject, key, os.urandom(24)).encode(),
        "check": envelope.check_value(opener.deployment_id, key, key_id), "cost": bytes(16),
        "created": 1_764_000_000, "changed": 1_764_000_000, "revision": 1,
    })
    sealed = portal.seal(b"data")
    assert envelope.read_header(sealed).data_key_id == key_id
    assert portal.ref_open(sealed) == portal.open(sealed) == b"data"


# --- damage ------------------------------------------------------------------------------------

def flip(at):
    return lambda sealed, body: sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1:]


def flip_body(at):
    return lambda sealed, body: flip(body + at)(sealed, body)


def cut_body(length):
    return lambda sealed, body: sealed[:body + length]


CHUNKS_AT, CHUNK = chunked.SALT + chunked.COMMITMENT, chunked.SEALED_CHUNK
DAMAGE = [  # what is done to an object of two chunks, the code of a detached object, of an embedded one
    ("empty", lambda sealed, body: b"", "not_an_envelope"),
    ("magic", flip(0), "not_an_envelope"),
    ("version", flip(1), "unknown_version"),
    ("suite", flip(2), "unknown_suite"),
    ("kind", lambda sealed, body: sealed[:3] + b"\x02" + sealed[4:], "unknown_kind"),
    ("data-key-id", flip(4), "unknown_data_key", "unwrap_failed"),
    ("header-cut", lambda sealed, body: sealed[:body - 1], "header_malformed"),
    ("salt", flip_body(0), "wrong_commitment"),
    ("commitment", flip_body(chunked.SALT), "wrong_commitment"),
    ("first-chunk", flip_body(CHUNKS_AT), "chunk_forged"),
    ("last-byte", lambda sealed, body: flip(len(sealed) - 1)(sealed, body), "chunk_forged"),
    ("cut-commitment", cut_body(CHUNKS_AT - 1), "body_truncated"),
    ("cut-before-chunks", cut_body(CHUNKS_AT), "body_truncated"),
    ("cut-in-tag", cut_body(CHUNKS_AT + 15), "body_truncated"),
    ("cut-in-chunk", cut_body(CHUNKS_AT + CHUNK - 1), "chunk_forged"),
    ("cut-behind-chunk", cut_body(CHUNKS_AT + CHUNK), "body_truncated"),
    ("longer", lambda sealed, body: sealed + b"\x00", "chunk_forged"),
    ("chunk-twice", lambda sealed, body: sealed[:body + CHUNKS_AT + CHUNK] + sealed[body + CHUNKS_AT:], "chunk_forged"),
]


@KINDS
@pytest.mark.parametrize("damage, codes", [pytest.param(item[1], item[2:], id=item[0]) for item in DAMAGE])
def test_damaged(portal, embed, damage, codes):
    data = plaintext(20_000)
    for sealed in (portal.seal(data, *embed), portal.ref_seal(data, embed)):
        bad = damage(sealed, envelope.read_header(sealed).body_at)
        assert portal.ref_refusal(bad) == portal.open_refusal(bad) == codes[-1 if embed else 0]
        assert portal.ref_open(sealed) == portal.open(sealed) == data


@pytest.mark.parametrize("at, code", [
    (20, "header_malformed"),   # L
    (22, "header_malformed"),   # the number of slots
    (23, "no_slot"),            # type 0x01 becomes 0x00, one that nobody knows
    (24, "header_malformed"),   # the length of the KEK's id
    (25, "no_slot"),            # the KEK's id
    (43, "no_slot"),            # its version, 1, becomes 257
    (44, "header_malformed"),   # or 0
    (46, "header_malformed"),   # the length of what is wrapped
    (47, "unwrap_failed"),
    (118, "unwrap_failed"),
])
def test_damaged_slot(portal, at, code):
    for sealed in (portal.seal(b"data", "--embed"), portal.ref_seal(b"data", True)):
        bad = flip(at)(sealed, None)
        assert portal.ref_refusal(bad) == portal.open_refusal(bad) == code


# --- the rows ----------------------------------------------------------------------------------

@pytest.mark.parametrize("table, field", [(table, field) for table, fields in keystore.TABLES.items()
                                          for field in [*fields, "root", "mac"]])
def test_forged_row(portal, table, field):
    """Every field is in the MAC."""
    sealed = portal.seal(b"data")
    portal.write("tenant_minimum", {"tenant": "acme", "id": portal.opener().active_kek().id, "minimum": 1, "revision": 1})
    portal.write("key_tombstone", {"tenant": "acme", "id": bytes(16), "at": 1_764_000_000})
    assert portal.ref_open(sealed) == portal.open(sealed) == b"data"
    portal.run("tenant", "check")

    (value,), = portal.sql(f'SELECT "{field}" FROM {table} WHERE tenant = ?', "acme")
    if isinstance(value, bytes):
        bad = flip(len(value) - 1)(value, None)
    else:
        bad = value + 1 if isinstance(value, int) else {"active": "verify_only"}.get(value, "x" + value)
    portal.sql(f'UPDATE {table} SET "{field}" = ? WHERE tenant = ?', bad, "acme")
    code = "unknown_root" if field == "root" else "row_forged"
    assert portal.ref_refusal(sealed) == code
    assert portal.refusal("tenant", "check") == (3, code)
    if field not in ("tenant", "scope", "id"):  # such a row may be missing for whom asks for these
        assert portal.refusal("open", portal.file(sealed), *HERE.options()) == (3, code)


@pytest.mark.parametrize("changes, code", [
    ({}, None),
    ({"state": "verify_only"}, None),
    ({"state": "retired"}, "data_key_retired"),
    ({"state": "destroyed", "slot": None}, "data_key_destroyed"),
    ({"check": bytes(8)}, "key_check_mismatch"),
    ({"slot": lambda slot: flip(95)(slot, None)}, "unwrap_failed"),
    ({"slot": lambda slot: flip(2)(slot, None)}, "no_slot"),
])
def test_row_with_a_mac_of_the_reference(portal, changes, code):
    sealed = portal.seal(b"data")
    row, = portal.rows()["data_key"]
    portal.write("data_key", row, **{name: value(row[name]) if callable(value) else value for name, value in changes.items()})
    if code is None:
        assert portal.ref_open(sealed) == portal.open(sealed) == b"data"
    else:
        assert portal.ref_refusal(sealed) == portal.open_refusal(sealed) == code


@KINDS
@pytest.mark.parametrize("minimum, of, code", [(1, "acme", None), (2, "acme", "no_slot"), (2, "other", None)])
def test_minimum(portal, embed, minimum, of, code):
    sealed = portal.seal(b"data", *embed)
    kek_id = next(row["id"] for row in portal.rows()["tenant_kek"] if row["tenant"] == of)
    portal.write("tenant_minimum", {"tenant": "acme", "id": kek_id, "minimum": minimum, "revision": 1})
    if code is None:
        assert portal.ref_open(sealed) == portal.open(sealed) == b"data"
    else:
        assert portal.ref_refusal(sealed) == portal.open_refusal(sealed) == code


# --- destroying --------------------------------------------------------------------------------

def saved_view(portal):
    """The state of the saved view, accepted as a follower does."""
    path = portal.file()
    portal.run("view", "export", path)
    message = path.read_bytes()
    assert feed.parse(message).kind == feed.SAVED_SNAPSHOT
    deployment = files.read_deployment((portal.dir / "deployment.json").read_bytes())
    follower = feed.Follower(deployment, portal.keyring(), None)
    follower.accept(message, 0)
    with pytest.raises(Refused, match="^forged_message$"):
        feed.Follower(deployment, portal.keyring(), None).accept(flip(len(message) - 33)(message, None), 0)
    return follower.view.state


@KINDS
def test_destroyed(portal, embed):
    sealed = portal.seal(b"data", *embed)
    portal.run("tenant", "rotate", "acme", "--scope", HERE.scope)
    elsewhere = replace(HERE, scope="file:1205")
    kept = portal.seal(b"kept", *embed, place=elsewhere)
    before = (portal.dir / "keys.db").read_bytes()
    keys = {row["id"] for row in portal.rows()["data_key"] if row["scope"] == HERE.scope}
    assert len(keys) == 2 and saved_view(portal).tenants == {}

    portal.run("tenant", "destroy", "acme", "--scope", HERE.scope, "--confirm", HERE.scope, "--backups-kept", "30")
    rows = portal.rows()
    assert {(row["id"], row["state"], row["slot"]) for row in rows["data_key"] if row["scope"] == HERE.scope} == {
        (key, "destroyed", None) for key in keys}
    assert {(row["tenant"], row["id"]) for row in rows["key_tombstone"]} == {("acme", key) for key in keys}
    view = saved_view(portal)
    assert view.tenant("acme").tombstones == keys and list(view.tenants) == ["acme"]
    assert portal.ref_refusal(sealed) == portal.open_refusal(sealed) == "data_key_destroyed"
    assert portal.ref_open(kept, elsewhere) == portal.open(kept, elsewhere) == b"kept"

    # An older key store put back: the feed's tombstones still stand.
    (portal.dir / "keys.db").write_bytes(before)
    assert portal.ref_open(sealed) == b"data"
    assert portal.ref_refusal(sealed, tombstones=[("acme", key) for key in keys]) == "data_key_destroyed"
    assert portal.open_refusal(sealed) == "data_key_destroyed"


def test_destroyed_tenant(portal):
    portal.seal(b"")
    sealed = portal.ref_seal(b"data", embed=True)  # under a data key without a row
    portal.run("tenant", "destroy", "acme", "--confirm", "acme", "--backups-kept", "30")
    rows = portal.rows()
    keys = {row["id"] for table in ("tenant_kek", "data_key") for row in rows[table] if row["tenant"] == "acme"}
    assert {row["id"] for row in rows["key_tombstone"]} == saved_view(portal).tenant("acme").tombstones == keys
    assert portal.ref_refusal(sealed) == portal.open_refusal(sealed) == "no_slot"


# --- the keyring under a passphrase ------------------------------------------------------------

def test_sealed_keyring(portal):
    clear, passphrase = (portal.dir / "keyring.json").read_text(), portal.file("Größe der Welt\n".encode())
    portal.run("keyring", "seal", "--passphrase-file", passphrase)
    sealed = (portal.dir / "keyring.sealed.json").read_bytes()
    assert not (portal.dir / "keyring.json").exists()
    purpose, text = files.unseal(sealed, "Größe der Welt")
    assert purpose == "keyring" and text == clear
    with pytest.raises(Refused, match="^sealed_wrong_passphrase$"):
        files.unseal(sealed, "Größe der welt")


def test_command_opens_a_sealed_keyring(portal):
    data = portal.seal(b"data")
    costs = {"memory_kib": 64, "iterations": 2, "lanes": 2}
    clear = portal.dir / "keyring.json"
    sealed = portal.dir / "keyring.sealed.json"
    sealed.touch(0o600)
    sealed.write_text(json.dumps(files.seal(clear.read_text(), "Größe", "keyring", os.urandom(32), costs)))
    clear.unlink()
    options = ["open", portal.file(data), "-o", portal.file(), *HERE.options(), "--passphrase-file"]
    assert portal.refusal(*options, portal.file(b"Grosse"))[1] == "sealed_wrong_passphrase"
    portal.run(*options, portal.file("Größe".encode()))


def test_recovery_export(portal):
    path = portal.file()
    portal.run("keyring", "export-recovery", path, "--recovery-passphrase-file", portal.file(b"for the safe"))
    purpose, text = files.unseal(path.read_bytes(), "for the safe")
    deployment = json.loads((portal.dir / "deployment.json").read_text())
    assert purpose == "recovery"
    assert text == files.recovery_plaintext(deployment, (portal.dir / "keyring.json").read_text())
