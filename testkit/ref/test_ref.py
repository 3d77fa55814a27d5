"""Known answers from outside, and properties the vectors do not state."""

import base64
import hashlib
import hmac
import json
import random
import re

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from cases import SUBJECTS
from cases.backup import CATALOGUE, CATALOGUE_ID, CREATED, DUMP, ENTRIES, FILES, GOOD, catalogue_of, entry_of, file_of
from cases.common import MAIN_ID, Subject, fixtures, root_id, root_key
from cases.links import ROWS
from cases.store_feed import CHANGES, INCARNATION, PLACE, Store, tenant, tenant_generation
from portward_ref import (aead, backup, blind_index, chunked, derive, envelope, feed, files, links, redeem, replay, revocation, routes, store, storefeed, token,
                          vault, wire, wrapped)
from portward_ref.errors import Malformed, Refused
from portward_ref.replay import Fixtures, run
from portward_ref.replay import _file as replay_file

# --- RFC 4231 ----------------------------------------------------------------------------------

@pytest.mark.parametrize("key, message, tag", [
    ("0b" * 20, b"Hi There".hex(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe".hex(), b"what do ya want for nothing?".hex(), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    ("aa" * 20, "dd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    ("aa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First".hex(),
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
])
def test_hmac(key, message, tag):
    assert derive.hmac_sha256(bytes.fromhex(key), bytes.fromhex(message)).hex() == tag


# --- RFC 5869, appendix A, the expand step -----------------------------------------------------

@pytest.mark.parametrize("prk, info, length, okm", [
    ("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", "f0f1f2f3f4f5f6f7f8f9", 42,
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
    ("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04", "", 42,
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
])
def test_hkdf_expand(prk, info, length, okm):
    assert derive.hkdf_expand(bytes.fromhex(prk), bytes.fromhex(info), length).hex() == okm


def test_hkdf_expand_against_another_implementation():
    prk, info = bytes(range(32)), b"info"
    assert derive.hkdf_expand(prk, info, 100) == HKDFExpand(hashes.SHA256(), 100, info).derive(prk)


def test_derive_is_one_block():
    """The form of keys.md section 6 written out."""
    root, deployment = bytes(range(32)), bytes(range(16))
    info = b"\x00\x11portward/v1/token" + b"\x00\x10" + deployment + b"\x00\x01\x02" + b"\x00\x04acme" + b"\x00\x08" + bytes(8)
    right = hmac.new(root, info + b"\x01", hashlib.sha256).digest()
    assert derive.token_key(root, deployment, 2, "acme", 0) == right


# --- Argon2id of RFC 9106, without the secret and associated data that portward does not use ----

def test_argon2id():
    """The first known answer of the libargon2 test suite for version 0x13 and Argon2id."""
    out = Argon2id(salt=b"somesalt", length=32, iterations=2, lanes=1, memory_cost=65536).derive(b"password")
    assert out.hex() == "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"


# --- CRC, base64, varint -----------------------------------------------------------------------

def test_crc_check_value():
    assert wire.crc32(b"123456789") == 0xCBF43926


@pytest.mark.parametrize("data, text", [
    (b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foo", "Zm9v"), (b"foob", "Zm9vYg"), (b"fooba", "Zm9vYmE"), (b"foobar", "Zm9vYmFy"),
])
def test_base64_of_rfc_4648(data, text):
    assert wire.b64u(data) == text
    assert wire.b64u_decode(text) == data


def test_base64_has_one_text_for_each_byte_string():
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    accepted = set()
    for a in letters:
        for b in letters:
            try:
                accepted.add(wire.b64u_decode(a + b))
            except Malformed:
                assert base64.urlsafe_b64decode(a + b + "==")  # a lax decoder takes it
    assert len(accepted) == 256


@pytest.mark.parametrize("number, data", [(0, "00"), (127, "7f"), (128, "8001"), (624485, "e58e26"), (2**64 - 1, "ff" * 9 + "01")])
def test_varint(number, data):
    assert wire.varint(number).hex() == data
    assert wire.Reader(bytes.fromhex(data)).varint(64) == number


def test_varint_has_one_form_for_each_number():
    numbers = []
    for data in range(2**16):
        reader = wire.Reader(data.to_bytes(2, "big"))
        try:
            numbers.append(reader.varint(32))
            reader.done()
        except Malformed:
            if len(numbers) and reader.left():
                numbers.pop()
    assert sorted(numbers) == list(range(128, 2**14))


# --- the reference against itself --------------------------------------------------------------

@pytest.fixture(scope="module")
def subjects():
    return [build() for build in SUBJECTS]


def test_cases_replay_from_their_file(subjects):
    """What is written is what is read: a case that went through JSON comes to the same."""
    for subject in subjects:
        value = json.loads(json.dumps(subject.value()))
        read = Fixtures(value["fixtures"])
        for case in value["cases"]:
            assert run(case, read) == case["expect"], case["id"]


def test_fixtures_are_strictly_read():
    value = fixtures()
    value["keyrings"]["main"]["roots"][0]["check"] = "00" * 8
    with pytest.raises(Refused, match="keyring_check_mismatch"):
        Subject("x", value)


def test_wrong_intention_stops():
    with pytest.raises(SystemExit):
        Subject("x", fixtures()).add("a", "", "crc32", {"crc": "00000000"}, bytes="00")


def test_accepted_tokens_encode_to_themselves(subjects):
    """One text for each token: what parses is what its parts encode to."""
    seen = 0
    for case in subjects[1].cases:
        if not case["op"].startswith("verify_") or "ok" not in case["expect"]:
            continue
        parsed = token.parse(case["token"])
        blocks = b"".join(token.block(token.encode_restrictions(found)) for _, found in parsed.blocks)
        assert token.text(case["token"][:4], token.encode_head(parsed.head) + blocks, parsed.tag) == case["token"]
        seen += 1
    assert seen > 100


def test_accepted_snapshots_encode_to_themselves(subjects):
    for name, value in subjects[2].fixtures["views"].items():
        records, state = bytes.fromhex(value["records"]), revocation.State()
        if name == "both-entries":
            continue  # one entry in two records becomes one
        scope = None if value["scope"] == "all" else value["scope"]
        for record in revocation.read_body(records, scope, snapshot=True):
            state.apply(record)
        assert state.snapshot() == records, name


def test_seal_and_unseal():
    keyring = json.dumps(fixtures()["keyrings"]["main"])
    deployment = fixtures()["deployments"]["main"]
    plaintext = files.recovery_plaintext(deployment, keyring)
    costs = {"memory_kib": 8, "iterations": 1, "lanes": 1}
    sealed = files.seal(plaintext, "x", "recovery", bytes(32), costs)
    assert files.unseal(json.dumps(sealed), "x") == ("recovery", plaintext)


# --- what is final stays -----------------------------------------------------------------------

def final(state):
    """Everything a state refuses for good, as a set that may only grow."""
    found = {("root", root) for root in state.refused_roots} | {("all", n) for n in range(1, state.generation + 1)}
    for name, tenant in state.tenants.items():
        found |= {(name, n) for n in range(1, tenant.generation + 1)}
        found |= {(name, client, n) for client, last in tenant.clients.items() for n in range(1, last + 1)}
        found |= {(name, key) for key, entry in tenant.entries.items() if entry[0] == revocation.REVOKED}
        found |= {(name, "revision", key, n) for key, held in tenant.revisions.items() for n in range(1, held[0] + 1)}
        found |= {(name, "tombstone", key) for key in tenant.tombstones}
    return found


def test_no_message_forgets_what_is_final():
    """Honest and restored stores in any order; each store states whatever it likes."""
    chance = random.Random(1)
    follower = feed.Follower(Fixtures(fixtures()).deployments["main"], Fixtures(fixtures()).keyrings["main"], None)
    accepted = forgotten_suspensions = 0
    for _ in range(3000):
        incarnation = bytes([chance.choice([1, 1, 1, 2])]) + accepted.to_bytes(4, "big")[:3] + bytes(12)
        held = follower.view.stamp
        if held is not None and chance.random() < 0.7:
            incarnation = held[0]
        last = chance.randrange(4) + (held[1] if held else 0)
        key = chance.choice([bytes(16), b"\xff" * 16])
        unit = chance.randrange(1, 4)
        record = chance.choice([
            {"kind": 0x11, "number": chance.randrange(1, 9)},
            {"kind": 0x12, "client": "12", "number": chance.randrange(1, 9)},
            {"kind": 0x13, "unit": unit, "id": key, "expires_at": chance.randrange(99)},
            {"kind": 0x14, "unit": unit, "id": key, "expires_at": chance.randrange(99)},
            {"kind": 0x14, "unit": unit, "id": key, "expires_at": chance.randrange(99)},
            {"kind": 0x16, "id": key, "number": chance.randrange(1, 9), "expires_at": chance.randrange(99)},
            {"kind": 0x17, "id": key},
        ])
        tenant = chance.choice(["7", "8"])
        body = revocation.record_bytes(0x10, tenant=tenant) + revocation.record_bytes(**record)
        message = feed.encode(
            kind=feed.SAVED_SNAPSHOT, root_id=root_id("active"), root=root_key("active"), deployment_id=MAIN_ID,
            incarnation=incarnation, scope_wire=b"\x00", first=0, before=bytes(32), last=last,
            after=hashlib.sha256(incarnation + bytes([last % 256])).digest(), proof=b"", body=body)
        before, view = final(follower.view.state), follower.view
        try:
            follower.accept(message, 0)
        except Refused:
            assert follower.view is view
            continue
        accepted += 1
        assert before <= final(follower.view.state)
        paused = [{(name, key) for name, held in state.tenants.items() for key, entry in held.entries.items()}
                  for state in (view.state, follower.view.state)]
        if not paused[0] <= paused[1]:
            forgotten_suspensions += 1
            assert view.stamp[0] == incarnation
    assert accepted > 500 and forgotten_suspensions > 10


# --- the evidence of a view --------------------------------------------------------------------

def evidence_of_the_page(held_stamp, held, sort, stamp, new):
    """Section 5 of revocation.md sentence by sentence; `sort` is that of the message, `new` what it states."""
    left = (sort == "saved"
            or sort == "list" and held is not None and held[0] == "live"
            or sort == "list" and held is not None and held[0] == "list" and stamp == held_stamp and new[1] < held[1])
    return held if left else new


def test_evidence_is_that_of_the_page():
    """Messages of all five types in any order, restarts between; each difference of the reader shows."""
    chance = random.Random(2)
    follower = feed.Follower(Fixtures(fixtures()).deployments["main"], Fixtures(fixtures()).keyrings["main"], None)
    held, seen = None, set()
    incarnations = [bytes([number]) * 16 for number in range(1, 200)]
    for number in range(20_000):
        if chance.random() < 0.03:
            follower.restart()
            held = None
        stamp = follower.view.stamp
        kind = chance.randrange(1, 6)
        incarnation, last = (follower.highest or (incarnations[0], 0))
        if chance.random() < 0.01 and incarnation != incarnations[-1]:
            incarnation, last = incarnations[incarnations.index(incarnation) + 1], 0
        first, last = last, last + chance.choice([0, 0, 0, 1])
        after = hashlib.sha256(incarnation + wire.u64(last)).digest()
        before = hashlib.sha256(incarnation + wire.u64(first)).digest()
        sort = {1: "live", 2: "live", 3: "list", 4: "list", 5: "saved"}[kind]
        new, proof = None, b""
        if sort == "live":
            proof, sent_at = wire.u64(number) * 2, chance.randrange(100)
            follower.ask(proof, sent_at)
            new = ("live", sent_at)
        elif sort == "list":
            this_update = chance.randrange(5)
            next_update = this_update + chance.randrange(1, 5)
            proof, new = wire.u40(this_update) + wire.u40(next_update), ("list", this_update, next_update)
        if kind in feed.SNAPSHOTS:
            first, before = 0, bytes(32)
        message = feed.encode(
            kind=kind, root_id=root_id("active"), root=root_key("active"), deployment_id=MAIN_ID,
            incarnation=incarnation, scope_wire=b"\x00", first=first, before=before, last=last, after=after,
            proof=proof, body=b"")
        try:
            follower.accept(message, 0)
        except Refused as refused:
            assert refused.code == "another_incarnation"
            continue
        expected = evidence_of_the_page(stamp, held, sort, (incarnation, last), new)
        seen.add((held and held[0], sort, stamp == (incarnation, last), expected == held))
        held = expected
        assert follower.view.evidence == held
    # Held list and list of the same stamp: both ways; held live and a list: one way only.
    assert {("list", "list", True, True), ("list", "list", True, False), ("live", "list", False, True)} <= seen
    assert ("live", "list", True, False) not in seen and ("live", "list", False, False) not in seen


# --- reading JSON ------------------------------------------------------------------------------

def plain(value):
    """Without marks of how something was written."""
    if isinstance(value, dict):
        return {plain(name): plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


@pytest.mark.parametrize("text", [
    '{"a": [1, 2, {"b": null}], "c": true, "d": "x\\u0041\\n", "e\\u0066": "\\\\"}', "[]", '"\\ud83d\\ude00"', "-", "[1,]", "{}x",
    "\u0661", "1\u0661", '{"a": 1 "b": 2}', '"\n"', "[1] ", "\x0c[1]",
])
def test_json_is_that_of_the_library(text):
    try:
        right = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError):
            files.Decoder().decode(text)
    else:
        assert plain(files.Decoder().decode(text)) == right


def test_json_tells_strings_with_escapes():
    value = files.Decoder().decode('["\\u0041", "A", "\\\\", ["B\\n"], {"\\u0043": "C"}]')
    assert [isinstance(item, files.Escaped) for item in value[:3]] == [True, False, True]
    assert isinstance(value[3][0], files.Escaped) and not isinstance(value[4]["C"], files.Escaped)


@pytest.mark.parametrize("number", [0, 2**40, 2**64 - 1, 2**64, 10**40 - 1, 10**40, 10**41])
def test_json_numbers_keep_their_side_of_every_bound(number):
    read = files.Decoder().decode(str(number))
    assert type(read) is int and (read > 2**64 - 1) == (number > 2**64 - 1) and (read > 0) == (number > 0)


@pytest.mark.parametrize("text", ["-0", "-1", "-2", "-" + "9" * 400, "1.0", "0e0", "-0.0"])
def test_json_numbers_with_more_than_digits_are_not_whole(text):
    assert not files.is_whole(files.Decoder().decode(text))


@pytest.mark.parametrize("text, repeated, twice", [
    ('{"a": 1, "b": 2}', False, set()), ('{"a": 1, "a": 1}', True, {"a"}), ('{"a": 1, "\\u0061": 1}', True, {"a"}),
    ('{"b": {"a": 1, "a": 1}}', True, set()), ('{"b": {"a": 1, "a": 1}, "b": 2}', True, {"b"}), ('[{"a": 1}, {"a": 1}]', False, set()),
])
def test_json_tells_repeated_members(text, repeated, twice):
    decoder = files.Decoder()
    decoder.decode(text)
    assert decoder.repeated == repeated and decoder.twice == twice


# --- XAES-256-GCM: the page of C2SP ------------------------------------------------------------

@pytest.mark.parametrize("key, aad, sealed", [
    (b"\x01" * 32, b"", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
    (b"\x03" * 32, b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
])
def test_xaes(key, aad, sealed):
    nonce, plaintext = b"ABCDEFGHIJKLMNOPQRSTUVWX", b"XAES-256-GCM"
    assert aead.xaes_seal(key, nonce, plaintext, aad).hex() == sealed
    assert aead.xaes_open(key, nonce, bytes.fromhex(sealed), aad) == plaintext


def test_xaes_accumulated():
    stream, at = hashlib.shake_128().digest(10_000 * (32 + 24 + 2 * 256)), 0
    assert stream[:16].hex() == "7f9c2ba4e88f827d616045507605853e"
    seen = hashlib.shake_128()

    def take(count):
        nonlocal at
        at += count
        return stream[at - count:at]

    for _ in range(10_000):
        key, nonce = take(32), take(24)
        plaintext = take(take(1)[0])
        aad = take(take(1)[0])
        sealed = aead.xaes_seal(key, nonce, plaintext, aad)
        assert aead.xaes_open(key, nonce, sealed, aad) == plaintext
        seen.update(sealed)
    assert seen.hexdigest(32) == "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"


# --- chunked encryption: another implementation ------------------------------------------------

def test_hkdf_expand_sha_512_against_another_implementation():
    prk, info = bytes(range(32)), b"info"
    assert derive.hkdf_expand(prk, info, 76, hashlib.sha512) == HKDFExpand(hashes.SHA512(), 76, info).derive(prk)


@pytest.mark.parametrize("length", [0, 1, 16, 16_383, 16_384, 16_385, 32_767, 32_768, 40_000])
def test_chunked_against_another_implementation(length):
    key, context, text = bytes(range(32)), b"some context", random.Random(length).randbytes(length)
    body = chunked.seal(key, bytes(range(24)), context, text)
    assert len(body) == chunked.body_length(length)
    decryptor = Cobblestone256Decryptor(key, context)
    assert decryptor.update(body) + decryptor.finalize() == text
    encryptor = Cobblestone256Encryptor(key, context)
    assert chunked.Body(key, context, encryptor.update(text) + encryptor.finalize()).open() == text


def test_whole_objects_against_another_implementation(subjects):
    """What opens here opens there, and nothing else, under a key and a context that are put together by hand."""
    seen = {True: 0, False: 0}
    for case in subjects[3].cases:
        if case["op"] != "open" or not isinstance(case["object"], str) or case["object"][:8] != "f5010100":
            continue
        rows = [row for row in case["keys"]["data_keys"] if row["id"] == case["object"][8:40]]
        if not rows or case["expect"].get("error", "chunk_forged") not in ("wrong_commitment", "chunk_forged", "body_truncated"):
            continue
        data, deployment = bytes.fromhex(case["object"]), bytes.fromhex(case["deployment"])
        info = b"\x00\x10portward/v1/body\x00\x10" + deployment + b"\x00\x01\x01\x01"
        key = hmac.new(bytes.fromhex(rows[0]["key"]), info, hashlib.sha256).digest()
        context = b"portward/v1/object\x00" + data[:3] + data[4:20] + wire.u16(len(case["context"]))
        for name, value in sorted(case["context"]):
            context += wire.u16(len(name)) + name.encode() + wire.u16(len(value.encode())) + value.encode()
        decryptor = Cobblestone256Decryptor(key, context)
        try:
            text = decryptor.update(data[20:]) + decryptor.finalize()
        except Exception:
            assert "error" in case["expect"], case["id"]
        else:
            right = {"length": len(text), "sha256": hashlib.sha256(text).hexdigest()}
            assert case["expect"] == {"ok": right}, case["id"]
        seen["ok" in case["expect"]] += 1
    assert seen[True] >= 3 and seen[False] >= 5, seen


# --- envelopes: properties the vectors do not state ---------------------------------------------

def subject_cases(subjects, *ops):
    return [case for case in subjects[3].cases if case["op"] in ops]


def test_accepted_headers_encode_to_themselves(subjects):
    seen = 0
    for case in subject_cases(subjects, "header", "slot"):
        if "error" in case["expect"]:
            continue
        data = bytes.fromhex(case[case["op"]])
        if case["op"] == "slot":
            assert envelope.read_slot(data).encode() == data, case["id"]
        else:
            head = envelope.read_header(data)
            assert envelope.header(head.data_key_id, head.slots) == data[:head.body_at], case["id"]
        seen += 1
    assert seen > 30


@pytest.mark.parametrize("sizes, fits", [
    ([1] * 16, True), ([1] * 17, False),
    ([6144, 6144, 4062], True), ([6144, 6144, 4063], False),  # 16,384 bytes with the number of slots, and one more
])
def test_a_header_is_written_only_if_it_can_be_read(sizes, fits):
    slots = [envelope.Slot(envelope.AWS_KMS_SLOT, b"key", 0, bytes(size)) for size in sizes]
    if fits:
        assert envelope.read_header(envelope.header(bytes(16), slots)).slots == slots
    else:
        with pytest.raises(Refused, match="slots"):
            envelope.header(bytes(16), slots)


def test_every_changed_bit_of_an_object_is_noticed(subjects):
    base = next(case for case in subjects[3].cases if case["id"] == "envelope/open/embedded")
    for name in ("detached", "embedded", "root", "empty"):
        whole = subjects[3].fixtures["objects"][name]
        for bit in range(len(whole) * 4):
            edit = {"xor": [bit // 8, f"{1 << bit % 8:02x}"]}
            found = run({**base, "object": {"base": name, "edits": [edit]}}, subjects[3].read_fixtures)
            assert "error" in found, (name, bit)
        for count in range(len(whole) // 2):
            found = run({**base, "object": {"base": name, "edits": [{"cut": count}]}}, subjects[3].read_fixtures)
            assert "error" in found, (name, count)


def test_ranges_are_parts_of_the_whole():
    key, text = bytes(32), random.Random(5).randbytes(33_000)
    body = chunked.Body(key, b"", chunked.seal(key, bytes(24), b"", text))
    chance = random.Random(6)
    for _ in range(300):
        start, count = chance.randrange(34_000), chance.randrange(34_000)
        assert body.open_range(start, count) == (len(text), text[start:start + count])


def test_the_last_chunk_there_may_be():
    keys = chunked.Keys(bytes(32), bytes(24), b"")
    assert keys.nonce(2**38 - 1) != keys.base_nonce and keys.nonce(0) == keys.base_nonce
    assert keys.nonce(2**38 - 1)[:7] == keys.base_nonce[:7]
    with pytest.raises(Refused, match="body_too_long"):
        keys.nonce(2**38)


def test_each_part_of_a_binding_and_of_a_derivation_counts(subjects):
    """Cases that differ in one input differ in what they yield."""
    for op, member, same in (
        ("wrap", "slot", ()), ("binding", "binding", ()), ("check_value", "check", ()),
        ("context", "canonical", ("context/plain", "context/order-reversed")),
    ):
        found = {}
        for case in subject_cases(subjects, op):
            if "ok" in case["expect"]:
                value = case["expect"]["ok"][member]
                assert value not in found or case["id"].endswith(same), (case["id"], found[value])
                found[value] = case["id"]
        assert len(found) >= 6
    plain = [case for case in subject_cases(subjects, "blind_index")
             if any(name in case["id"] for name in ("/plain", "/other-", "/moved-"))]
    assert len({case["expect"]["ok"]["index"] for case in plain}) == len(plain) > 10


@pytest.mark.parametrize("count", range(1, 257))
def test_index_of_so_many_bits(count):
    """All bits but the unused ones can be set, and the unused ones never are."""
    ones = 0
    for number in range(64):
        found = blind_index.index(bytes(16), bytes(32), "t", "c", "n", "exact", count, 1, str(number))
        assert len(found) == 1 + (count + 7) // 8 and found[0] == 1
        ones |= int.from_bytes(found[1:], "big")
    unused = (8 - count) % 8
    assert ones == (2**count - 1) << unused


def test_bits_are_those_of_the_page():
    """By fractions as the page writes it, against whole numbers."""
    for rows in range(0, 600, 7):
        for distinct in range(0, rows + 1, 3):
            for other in range(4):
                fitting = [n for n in range(1, 30) if 2**n < distinct / 2 and 2 ** (n + other) < rows / 2]
                right = max(fitting) if fitting and distinct >= 256 else None
                try:
                    found = blind_index.bits(rows, distinct, other, False)
                except Refused:
                    found = None
                assert found == right, (rows, distinct, other)


# --- row MACs ----------------------------------------------------------------------------------

def test_row_mac_written_out():
    """Section 1 of store.md byte by byte."""
    root, deployment = bytes(range(32)), bytes(range(16))
    key = hmac.new(root, b"\x00\x0fportward/v1/row\x00\x10" + deployment + b"\x01", hashlib.sha256).digest()
    row = (b"\x00\x05table\x00\x04" + b"\x00\x01a\x00" + b"\x00\x01b\x01\x00\x08\x00\x00\x00\x00\x00\x00\x01\x02"
           + b"\x00\x01c\x02\x00\x02\xc3\xa9" + b"\x00\x01d\x03\x00\x01\xff")
    right = hmac.new(key, row, hashlib.sha256).digest()
    assert store.row_mac(root, deployment, "table", [("a", None), ("b", 258), ("c", "\u00e9"), ("d", b"\xff")]) == right


def test_no_two_rows_have_one_form():
    """Every short row there is, with names and values of few letters."""
    texts = ["", "a", "b", "ab", "\x00", "\x00\x01a"]
    values = [None, 0, 1, *texts, *(item.encode() for item in texts)]
    fields = [(name, value) for name in texts for value in values]
    seen = set()
    for table in texts:
        rows = [[], *([field] for field in fields), *([one, two] for one in fields for two in fields)]
        found = {store.row_bytes(table, row) for row in rows}
        assert len(found) == len(rows) and not found & seen
        seen |= found


def store_cases(subjects, *ops):
    return [case for subject in (subjects[4], subjects[6]) for case in subject.cases if case["op"] in ops]


def test_rows_of_the_vectors_have_macs_of_their_own(subjects):
    macs = [case["expect"]["ok"]["mac"] for case in store_cases(subjects, "row_mac") if "ok" in case["expect"]]
    assert len(set(macs)) == len(macs) > 140


def test_no_row_is_refused_twice(subjects):
    inputs = [json.dumps({**case, "id": 0, "comment": 0}, sort_keys=True)
              for case in store_cases(subjects, "row_mac", "row_check") if "error" in case["expect"]]
    assert len(set(inputs)) == len(inputs)


def test_forged_rows_stand_beside_their_control(subjects):
    """Each MAC that is refused over a row is accepted over another, or its row is under another MAC."""
    def row(case):
        return json.dumps([case[name] for name in ("deployment", "root", "table", "fields")])

    cases = store_cases(subjects, "row_check")
    good = [case for case in cases if "ok" in case["expect"]]
    macs, rows = {case["mac"] for case in good}, {row(case) for case in good}
    for case in cases:
        if case["id"] == "store/row_check/long-text-wraps":
            continue  # its control is that of the empty text, `kind-text`
        assert case in good or case["mac"] in macs or row(case) in rows, case["id"]


# --- a keyring under a KEK ---------------------------------------------------------------------

def wrapped_cases(subjects, op="wrapped_keyring"):
    return [case for case in subjects[5].cases if case["op"] == op]


def aes_kek(kek_id=b"kek", version=1):
    return wrapped.Kek(2, kek_id, version, hashlib.sha256(kek_id + bytes([version])).digest())


def test_wrapped_keyring_written_out():
    """Section 11 of envelope.md byte by byte, with the HKDF of another implementation."""
    deployment, keyring_key, kek = MAIN_ID, bytes(range(32)), aes_kek()
    plain = json.dumps(fixtures()["keyrings"]["main"]).encode()
    head = b"\x02\x03kek\x00\x00\x00\x01"
    aad = b"\x00\x18portward/v1/wrap-keyring\x00\x10" + deployment + b"\x00\x09" + head
    slot = head + b"\x00\x3c" + bytes(12) + AESGCM(kek.key).encrypt(bytes(12), keyring_key, aad)
    context = b"portward/v1/wrapped-keyring\x00" + deployment
    assert len(context) == 44

    def expand(last):
        return HKDFExpand(hashes.SHA256(), 32, b"\x00\x2c" + context + last).derive(keyring_key)

    right = {
        "format": "portward-wrapped-keyring", "version": 1, "deployment": deployment.hex(),
        "slots": [base64.urlsafe_b64encode(slot).decode().rstrip("=")],
        "commitment": base64.urlsafe_b64encode(expand(b"\x02")).decode().rstrip("="),
        "ciphertext": base64.urlsafe_b64encode(AESGCM(expand(b"\x01")).encrypt(bytes(12), plain, context)).decode().rstrip("="),
    }
    assert wrapped.make(deployment, plain, keyring_key, [(kek, bytes(12))]) == right
    assert wrapped.open_file(json.dumps(right), [kek]).encode() == plain


def test_every_changed_bit_of_a_wrapped_keyring_is_noticed():
    plain, kek = json.dumps(fixtures()["keyrings"]["main"]).encode(), aes_kek()
    good = wrapped.make(MAIN_ID, plain, bytes(32), [(kek, bytes(12))])

    def code(value):
        with pytest.raises(Refused) as refused:
            wrapped.open_file(json.dumps(value), [kek])
        return refused.value.code

    for member, step, codes in (
        ("slots", 1, {"wrapped_malformed", "no_slot", "unwrap_failed"}), ("commitment", 1, {"wrapped_damaged"}),
        ("ciphertext", 37, {"wrapped_damaged"}), ("deployment", 1, {"unwrap_failed"}),
    ):
        text = good[member][0] if member == "slots" else good[member]
        data = bytes.fromhex(text) if member == "deployment" else wire.b64u_decode(text)
        for bit in range(0, len(data) * 8, step):
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            text = changed.hex() if member == "deployment" else wire.b64u(bytes(changed))
            assert code({**good, member: [text] if member == "slots" else text}) in codes, (member, bit)


@pytest.mark.parametrize("count", [0, 1, 2, 16, 17])
def test_a_wrapped_keyring_is_made_only_if_it_can_be_read(count):
    plain = json.dumps(fixtures()["keyrings"]["main"]).encode()
    keks = [aes_kek(bytes([number + 1])) for number in range(count)]
    pairs = [(kek, bytes(12)) for kek in keks]
    if not 1 <= count <= 16:
        with pytest.raises(Refused, match="slots"):
            wrapped.make(MAIN_ID, plain, bytes(32), pairs)
        return
    text = json.dumps(wrapped.make(MAIN_ID, plain, bytes(32), pairs))
    for kek in keks:
        assert wrapped.open_file(text, [kek]).encode() == plain


@pytest.mark.parametrize("more, opens", [(0, True), (1, False)])
def test_a_keyring_of_the_greatest_size_can_be_wrapped(more, opens):
    """Which no vector tells, as its ciphertext has no short form."""
    text = json.dumps(fixtures()["keyrings"]["main"])
    plain = (text + " " * (1_048_576 + more - len(text))).encode()
    data = json.dumps(wrapped.make(MAIN_ID, plain, bytes(32), [(aes_kek(), bytes(12))]))
    assert len(data) < wrapped.SIZE_MAX
    if opens:
        assert wrapped.open_file(data, [aes_kek()]).encode() == plain
    else:
        with pytest.raises(Refused, match="keyring_malformed"):
            wrapped.open_file(data, [aes_kek()])


def test_wrapped_cases_differ(subjects):
    cases = wrapped_cases(subjects)
    read = subjects[5].read_fixtures

    def inputs(case):
        return hashlib.sha256(replay_file(case, read)).digest(), json.dumps(case["keks"])

    seen = {}
    for case in cases:
        if "error" in case["expect"]:
            assert inputs(case) not in seen, (case["id"], seen[inputs(case)])
            seen[inputs(case)] = case["id"]
    assert len(seen) > 400
    codes = {case["expect"].get("error") for case in cases}
    assert codes == {None, "wrapped_newer_version", "wrapped_malformed", "no_slot", "unwrap_failed", "kek_unavailable", "wrapped_damaged",
                     "keyring_newer_version", "keyring_malformed", "keyring_duplicate_id", "keyring_no_active_root",
                     "keyring_check_mismatch", "keyring_wrong_deployment"}


def test_bindings_of_wrapped_keyrings_differ(subjects):
    found = [case["expect"]["ok"]["binding"] for case in wrapped_cases(subjects, "wrapped_binding")]
    assert len(set(found)) == len(found) >= 8


def test_no_case_of_links_feed_and_redeeming_is_refused_twice(subjects):
    for subject in subjects[6:]:
        seen = {}
        for case in subject.cases:
            if "error" not in case["expect"]:
                continue  # a control may stand beside several groups
            inputs = json.dumps({**case, "id": 0, "comment": 0}, sort_keys=True)
            assert inputs not in seen, (case["id"], seen[inputs])
            seen[inputs] = case["id"]


# --- links and chains --------------------------------------------------------------------------

def ops_of(subject, *ops):
    return [case for case in subject.cases if case["op"] in ops]


def test_tables_of_the_vectors_are_those_of_the_page(subjects):
    for table, fields in ROWS.items():
        assert [name for name, _ in fields] == [name for name, _, _ in links.TABLES[table]]


def test_permission_bytes():
    """A 64-bit number, big-endian: bit 0 is the lowest of the last byte."""
    assert links.permission_bytes({0}) == bytes(7) + b"\x01" and links.permission_bytes({63}) == b"\x80" + bytes(7)
    for bits in (set(), {0, 1, 9}, set(range(64)), {8, 16, 63}):
        assert links.bits_of(links.permission_bytes(bits)) == bits


def test_shown_links_verify(subjects):
    """What is shown is the link that was made, and a verifier takes it."""
    seen = 0
    for case in ops_of(subjects[6], "link_show"):
        if "ok" not in case["expect"]:
            continue
        shown = case["expect"]["ok"]["token"]
        read, head = subjects[6].read_fixtures, token.parse(shown).head
        found = token.verify(read.deployments["main"], read.keyrings["main"], shown, token.LINK, head.issued_at, audience=head.audience)
        assert token.encode_head(found.head).hex() == dict(map(tuple, case["fields"]))["head"]["bytes"]
        seen += 1
    assert seen >= 6


# --- nonces ------------------------------------------------------------------------------------

def test_nonce_written_out():
    """Section 1 of redeem.md byte by byte."""
    keyring = Fixtures(fixtures()).keyrings["main"]
    random_, chain, cookie = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 64))
    key = hmac.new(root_key("active"), b"\x00\x11portward/v1/nonce\x00\x10" + MAIN_ID + b"\x01", hashlib.sha256).digest()
    start = b"\x01" + bytes.fromhex("a1b2c3d4") + (1600).to_bytes(5, "big") + random_
    mac = hmac.new(key, start + chain + hashlib.sha256(cookie).digest(), hashlib.sha256).digest()
    right = "pwn_" + base64.urlsafe_b64encode(start + mac).decode().rstrip("=")
    assert redeem.make_nonce(MAIN_ID, keyring, 1000, random_, chain, cookie) == right and len(right) == 82
    text = base64.urlsafe_b64encode(cookie).decode().rstrip("=")
    assert redeem.check_nonce(MAIN_ID, keyring, right, chain, text, 1599).random == random_


def test_every_changed_bit_of_a_nonce_is_noticed():
    keyring = Fixtures(fixtures()).keyrings["main"]
    chain, cookie = bytes(16), bytes(32)
    good = redeem.make_nonce(MAIN_ID, keyring, 1000, bytes(16), chain, cookie)
    data = wire.b64u_decode(good[4:])

    def code(nonce, chain=chain, cookie=cookie):
        with pytest.raises(Refused) as refused:
            redeem.check_nonce(MAIN_ID, keyring, nonce, chain, wire.b64u(cookie), 1000)
        return refused.value.code

    def flipped(bytes_, bit):
        changed = bytearray(bytes_)
        changed[bit // 8] ^= 1 << bit % 8
        return bytes(changed)

    for bit in range(len(data) * 8):
        right = "nonce_malformed" if bit < 8 else "unknown_root" if bit < 40 else "nonce_forged"
        assert code("pwn_" + wire.b64u(flipped(data, bit))) == right
    for bit in range(128):
        assert code(good, chain=flipped(chain, bit)) == "nonce_forged"
    for bit in range(256):
        assert code(good, cookie=flipped(cookie, bit)) == "nonce_forged"


def test_a_nonce_has_one_text():
    keyring = Fixtures(fixtures()).keyrings["main"]
    good = redeem.make_nonce(MAIN_ID, keyring, 1000, bytes(16), bytes(16), bytes(32))
    taken = set()
    for at in range(len(good)):
        for letter in map(chr, range(128)):
            try:
                redeem.check_nonce(MAIN_ID, keyring, good[:at] + letter + good[at + 1:], bytes(16), wire.b64u(bytes(32)), 1000)
            except Refused:
                continue
            taken.add(good[:at] + letter + good[at + 1:])
    assert taken == {good}


def test_no_session_has_more_than_link_and_row(subjects):
    seen = 0
    for case in ops_of(subjects[8], "redeem", "renew"):
        if "ok" not in case["expect"]:
            continue
        read = subjects[8].read_fixtures
        deployment, row = read.deployments["main"], case["row"]
        made = token.parse(case["expect"]["ok"]["session"]).head
        names = set(deployment.names(made.permissions))
        assert names and names <= set(row["permissions"])
        assert row["resources"] is None or made.resources and set(made.resources) <= set(row["resources"])
        assert made.expires_at == case["expect"]["ok"]["expires_at"] <= row["expires"] and made.issued_at == case["now"]
        assert made.link_revision == row["revision"]
        source = token.parse(case["token" if case["op"] == "redeem" else "session"])
        assert (made.tenant, made.client, made.generations) == (source.head.tenant, source.head.client, source.head.generations)
        if case["op"] == "redeem":
            assert made.permissions <= source.head.permissions and made.expires_at <= source.head.expires_at
            assert (made.link_id, made.link_root) == (source.head.token_id, source.head.root_id)
            assert len(made.copies) == len(source.blocks)
        else:
            assert made.audience == case["chain"]["audience"] and names <= set(case["chain"]["permissions"]) and made.expires_at <= case["chain"]["expires"]
            assert (made.link_id, made.link_root, made.copies) == (source.head.link_id, source.head.link_root, source.head.copies)
        seen += 1
    assert seen > 40


def test_told_rows_could_stand_in_a_store(subjects):
    """No row goes beyond its head, and the lifetime is the deployment's."""
    for case in ops_of(subjects[8], "redeem", "renew"):
        deployment, row = subjects[8].fixtures["deployments"][case["deployment"]], case["row"]
        assert case["lifetime"] == deployment["session"]["default_lifetime"]
        if row is not None:
            head = links.read_head(bytes.fromhex(row["head"]))
            names = {name for bit, name in enumerate(deployment["permissions"]) if bit in head.permissions}
            assert row["expires"] <= head.expires_at and set(row["permissions"]) <= names, case["id"]


def test_every_code_of_redeeming_has_a_case(subjects):
    codes = {case["expect"].get("error") for case in subjects[8].cases}
    assert {"nonce_malformed", "unknown_root", "nonce_forged", "nonce_expired", "cookie_malformed", "link_unknown", "link_differs", "link_revoked",
            "link_suspended", "link_ended", "link_outdated", "uses_exhausted", "nothing_granted", "chain_unknown", "link_malformed", "session_revoked"} <= codes


def test_every_code_of_the_feed_has_a_case(subjects):
    codes = {case["expect"].get("error") for case in ops_of(subjects[7], "feed_read")}
    assert codes == {None, "row_too_long", "unknown_root", "row_forged", "link_malformed", "store_restored", "store_rolled_back", "store_forked", "gap",
                     "malformed_message", "unknown_version", "unknown_type", "wrong_deployment", "wrong_scope", "forged_message"}


def test_no_part_of_a_snapshot_is_too_long(subjects):
    """What a reader makes of a longer one is not said."""
    for case in ops_of(subjects[7], "feed_read"):
        assert all(len(replay._snapshot_part(told)["bytes"]) <= 1_048_576 for told in case["snapshot"]), case["id"]


# --- over HTTP ---------------------------------------------------------------------------------

def answers(subjects):
    for case in ops_of(subjects[9], "http"):
        expect = case["expect"]
        if expect.get("ok") != "application":
            yield case, expect["answer"] if "answer" in expect else expect["ok"]


def test_every_answer_has_the_headers_of_the_page(subjects):
    for case, answer in answers(subjects):
        page = routes.PAGE if answer.get("type") == "text/html" else {}
        assert {**routes.ALWAYS, **page}.items() <= answer["headers"].items(), case["id"]
        assert ("content-security-policy" in answer["headers"]) == bool(page), case["id"]
        assert ("location" in answer["headers"]) == (answer["status"] == 303)
        assert ("allow" in answer["headers"]) == (answer["status"] == 405)
        assert ("retry-after" in answer["headers"]) == (answer["status"] == 503)


def test_refusals_are_the_same_for_every_reason(subjects):
    found = {}
    for case, answer in answers(subjects):
        word = case["expect"].get("error")
        if word in ("damaged", "refused", "unavailable") and case["request"]["method"] != "HEAD":
            found.setdefault((word, answer["type"], bool(answer["cookies"])), set()).add(json.dumps(answer, sort_keys=True))
            accept = dict(map(tuple, case["request"]["headers"])).get("Accept", "").lower()
            named = [part for part in accept.split(",") if "text/html" in re.split("[ ;]+", part) and not re.search(r"; *q=0(\.0*)? *$", part)]
            assert (answer["type"] == "text/html") == bool(named), case["id"]
    assert len(found) == 10 and all(len(told) == 1 for told in found.values())


def test_refusals_take_the_link_at_most_and_only_posts_ask_the_store(subjects):
    for case, answer in answers(subjects):
        taken = ["__Host-portward-link=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"]
        shows = case["request"]["target"].partition("?")[0] == case["path"] and case["request"]["method"] in ("GET", "HEAD")
        assert answer["status"] < 400 or answer["cookies"] == (taken if shows else []), case["id"]
        asked = case["request"]["target"].partition("?")[0].endswith(("/redeem", "/renew"))
        assert asked or "store" not in case or case["store"] == "unavailable" or "error" in case["store"], case["id"]
        assert asked or answer["status"] != 503, case["id"]


def test_cookies_are_those_of_the_page(subjects):
    names = set()
    for case, answer in answers(subjects):
        for cookie in answer["cookies"]:
            pair, *attributes = cookie.split("; ")
            name, _, value = pair.partition("=")
            assert attributes[:4] == ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] and name.startswith("__Host-portward-")
            age = int(attributes[4].removeprefix("Max-Age="))
            assert (age == 0) == (value == "") and len(attributes) == 5
            assert value == "" or name.endswith("session") or age == 600
            names.add((name, age > 0))
    assert len(names) == 6


# --- the feed in the store ---------------------------------------------------------------------

def test_what_is_committed_is_read():
    keyring, root = Fixtures(fixtures()).keyrings["main"], root_key("active")
    held = storefeed.feed_fields(INCARNATION, 0, bytes(32), 0, "1/2")
    database = {"feed": [(held, root_id("active"), store.row_mac(root, MAIN_ID, "feed", held))], "changes": [], "snapshot": []}
    for number, body in enumerate(CHANGES, 1):
        change, row = storefeed.commit(root, MAIN_ID, dict(database["feed"][0][0]), body)
        database["changes"].append((change[0], root_id("active"), change[1]))
        database["feed"] = [(row[0], root_id("active"), row[1])]
        read, state = storefeed.read(keyring, database, "1/2", None)
        assert read["sequence"] == number
    follower = feed.Follower(Fixtures(fixtures()).deployments["main"], keyring, None)
    follower.accept(feed.encode(
        kind=feed.SAVED_SNAPSHOT, root_id=root_id("active"), root=root, deployment_id=MAIN_ID, incarnation=INCARNATION, scope_wire=b"\x00",
        first=0, before=bytes(32), last=read["sequence"], after=read["history"], proof=b"", body=state.snapshot()), 0)
    assert follower.view.state.snapshot() == state.snapshot()


def test_whoever_has_no_root_can_only_roll_back():
    """Rows of two histories mixed in any way: what is read is a state that was committed, of one of them."""
    keyring = Fixtures(fixtures()).keyrings["main"]
    one, two = Store(), Store([*CHANGES[:4], tenant("9") + tenant_generation(1), *CHANGES[5:]])
    committed = {(other.histories[last], other.state(last).snapshot()) for other in (one, two) for last in range(len(CHANGES) + 1)}

    def plain(told):
        def value(item):
            return int(item["number"]) if "number" in item else item["text"] if "text" in item else bytes.fromhex(item["bytes"])
        return [(name, value(item)) for name, item in told["fields"]], bytes.fromhex(told["root_id"]), bytes.fromhex(told["mac"])

    feeds = [plain(other.feed(last)) for other in (one, two) for last in range(len(CHANGES) + 1)]
    changes = [plain(other.change(at)) for other in (one, two) for at in range(1, len(CHANGES) + 1)]
    chance, read, refused = random.Random(7), 0, 0
    for _ in range(4000):
        base = changes[:8] if chance.random() < 0.5 else changes[8:]
        held = [chance.choice(changes) if chance.random() < 0.05 else change for change in base if chance.random() < 0.98]
        try:
            row, state = storefeed.read(keyring, {"feed": [chance.choice(feeds)], "changes": held, "snapshot": []}, PLACE, None)
        except Refused as error:
            assert error.code in ("gap", "store_forked")
            refused += 1
            continue
        assert (row["history"], state.snapshot()) in committed
        read += 1
    assert read > 300 and refused > 300


def test_recovered_generations():
    for found in (0, 1, 65_535, 65_536, 10**6, 2**32 - 65_537):
        raised = storefeed.recovered_generation(found)
        assert raised > found and raised % 65_536 == 0 and raised - found <= 65_536
    for found in (2**32 - 65_536, 2**32 - 1):
        with pytest.raises(Refused, match="generation_exhausted"):
            storefeed.recovered_generation(found)
    for found, now in ((0, 1), (65_536, 10**9), (2**32 - 2, 2**32 - 1)):
        assert storefeed.recovered_generation(found, now) == now
        assert storefeed.recovered_generation(0, now) > 0
    for now in (0, 10**6 - 1, 10**6, 2**32, 2**64 - 1):
        assert storefeed.recovered_generation(10**6, now) == 16 * 65_536


def test_a_recovered_store_knows_all_that_was_known(subjects):
    """Each record of either body is without effect on what comes out."""
    for case in ops_of(subjects[7], "recovered_state"):
        if "ok" not in case["expect"]:
            continue
        bodies = [bytes.fromhex(case["expect"]["ok"]["records"]), bytes.fromhex(case["database"]), bytes.fromhex(case["newer"] or "")]
        state = revocation.State()
        for body in bodies:
            for record in revocation.read_body(body, revocation.WHOLE, snapshot=True):
                state.apply(record)
        assert state.snapshot() == bodies[0], case["id"]
        change = bytes.fromhex(case["expect"]["ok"]["change"])
        assert bool(change) == (case["newer"] is None) and bodies[0].startswith(change), case["id"]


# --- requests of followers ---------------------------------------------------------------------

def test_requests_have_one_form(subjects):
    """Byte by byte, and whatever else is read is written again as it was."""
    challenge = bytes(range(16))
    assert feed.Request(None, None, challenge).encode() == b"pwq\x01\x00\x00" + challenge
    told = b"pwq\x01\x01\x02\x00\x04acme\x02\x07\x01" + bytes(16) + bytes(7) + b"\x05" + challenge
    assert feed.Request(["7", "acme"], (bytes(16), 5), challenge).encode() == told
    assert feed.read_request(told) == feed.Request(["acme", "7"], (bytes(16), 5), challenge)
    chance, read = random.Random(7), 0
    for _ in range(5000):
        data = bytearray(told)
        for _ in range(chance.randrange(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            found = feed.read_request(bytes(data))
        except Refused:
            continue
        assert found.encode() == bytes(data)
        read += 1
    assert read > 500
    cases = ops_of(subjects[2], "feed_request")
    assert {case["expect"].get("error") for case in cases} == {None, "malformed_request"}


# --- sessions of the application ---------------------------------------------------------------

def test_only_a_cookie_needs_the_origin(subjects):
    found = set()
    for case in ops_of(subjects[9], "http_session"):
        headers = dict(map(tuple, case["request"]["headers"]))
        foreign = headers.get("Origin") == "https://evil.example"
        found.add((case["request"]["method"], foreign, "Authorization" in headers, case["expect"].get("error")))
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert (method, True, False, "refused") in found and (method, True, True, None) in found and (method, True, False, None) not in found
    for method in ("GET", "HEAD", "OPTIONS"):
        assert (method, True, False, None) in found


# --- backups -----------------------------------------------------------------------------------

BACKUP = 10


def test_a_sealed_file_written_out():
    """Section 2 of backup.md byte by byte."""
    manifest = GOOD[12][0]
    feed = b"\x01" + manifest.feed[0] + (8).to_bytes(8, "big") + manifest.feed[2] + (4).to_bytes(8, "big")
    tables = (b"\x08portward\x04feed" + (1).to_bytes(8, "big") + b"\x06public\x05caf\xc3\xa9" + (9).to_bytes(8, "big"))
    written = (b"\x01" + MAIN_ID + CATALOGUE_ID + b"\x01" + (12).to_bytes(8, "big") + (CREATED + 240).to_bytes(8, "big") + b"\x08postgres" + b"\x00"
               + feed + b"\x00\x00\x00\x02" + tables)
    assert manifest.encode() == written
    whole = (len(written).to_bytes(4, "big") + written + b"\x00\x00\x00\x05PGDMP" + len(DUMP).to_bytes(4, "big") + DUMP + bytes(4)
             + (len(DUMP) + 5).to_bytes(8, "big") + hashlib.sha256(b"PGDMP" + DUMP).digest())
    assert backup.plaintext(written, GOOD[12][1]) == whole
    root = (3, root_id("active"), 1, root_key("active"))
    opener = envelope.Opener(MAIN_ID, "00010203-0405-0607-0809-0a0b0c0d0e0f", "backup:data", [], [envelope.HeldKek(envelope.Kek(*root), None, "active")], 1, [], [])
    context = envelope.Context([("tenant", opener.tenant), ("name", "portward.backup"), ("id", "12"), ("x-kind", "data")])
    assert opener.body(context, FILES[12]).open() == whole
    assert backup.file_name("data", 12) == "data-000000000012.pwb"


def test_a_catalogue_written_out():
    entry = ENTRIES[0]
    data = (b"PWBC\x01" + MAIN_ID + CATALOGUE_ID + (20).to_bytes(8, "big") + (7).to_bytes(8, "big") + b"\x00\x00\x00\x01"
            + (7).to_bytes(8, "big") + b"\x01\x00" + CREATED.to_bytes(8, "big") + len(FILES[7]).to_bytes(8, "big") + hashlib.sha256(FILES[7]).digest()
            + b"\x01" + INCARNATION + (8).to_bytes(8, "big") + root_id("active"))
    info = b"\x00\x12portward/v1/backup\x00\x10" + MAIN_ID
    key = hmac.new(root_key("active"), info + b"\x01", hashlib.sha256).digest()
    assert catalogue_of([entry]) == data + hmac.new(key, data, hashlib.sha256).digest()


def backup_keyring():
    return files.read_keyring(json.dumps(fixtures()["keyrings"]["main"]))


def test_every_changed_bit_of_backups_is_noticed():
    keyring = backup_keyring()
    catalogue = backup.read_catalogue(CATALOGUE, keyring)
    for at in range(len(CATALOGUE)):
        data = bytearray(CATALOGUE)
        data[at] ^= 1 << at % 8
        with pytest.raises(Refused):
            backup.read_catalogue(bytes(data), keyring)
    for at in range(len(FILES[7])):
        data = bytearray(FILES[7])
        data[at] ^= 1 << at % 8
        with pytest.raises(Refused):
            backup.verify(keyring, catalogue, {"number": 7}, bytes(data))
    for cut in range(len(FILES[7])):
        data = FILES[7][:cut]
        cut_catalogue = backup.read_catalogue(catalogue_of([entry_of(GOOD[7][0], data)]), keyring)
        with pytest.raises(Refused):
            backup.verify(keyring, cut_catalogue, {"number": 7}, data)


def test_manifests_and_catalogues_have_one_form():
    """Whatever else is read is written again as it was."""
    chance, keyring, root = random.Random(11), backup_keyring(), (root_id("active"), root_key("active"))
    manifest, read = GOOD[7][0].encode(), 0
    for _ in range(5000):
        data = bytearray(manifest)
        for _ in range(chance.randrange(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            assert backup.read_manifest(bytes(data)).encode() == bytes(data)
        except Refused as refused:
            assert refused.code in ("backup_malformed", "backup_newer_version")
            continue
        read += 1
    assert read > 1000
    read = 0
    for _ in range(2000):
        data = bytearray(CATALOGUE[:-32])
        data[chance.randrange(len(data))] = chance.randrange(256)
        data = bytes(data) + backup.catalogue_mac(root_key("active"), MAIN_ID, bytes(data))
        try:
            assert backup.read_catalogue(data, keyring).encode(root) == data
        except Refused as refused:
            assert refused.code in ("catalogue_malformed", "catalogue_wrong_deployment", "catalogue_newer_version", "unknown_root")
            continue
        read += 1
    assert read > 1000


def test_cut_anywhere_a_plaintext_is_malformed():
    plain = backup.plaintext(GOOD[7][0].encode(), [DUMP[:7], DUMP[7:]])
    assert backup.read_plaintext(plain)[1] == DUMP
    for cut in range(len(plain)):
        with pytest.raises(Refused, match="backup_malformed"):
            backup.read_plaintext(plain[:cut])


def test_every_code_of_backups_has_a_case(subjects):
    """Of those that need no database, no file and no program."""
    codes = {case["expect"].get("error") for case in subjects[BACKUP].cases}
    assert {"backup_kind", "catalogue_missing", "catalogue_newer_version", "catalogue_malformed", "catalogue_wrong_deployment", "unknown_root", "catalogue_forged",
            "catalogue_rolled_back", "backup_unknown", "backup_missing", "backup_differs", "backup_newer_version", "backup_malformed", "backup_swapped", "backup_empty",
            "backup_rows_differ"} <= codes


def test_pruning_leaves_what_can_be_restored():
    """Of each kind and name its newest, nothing that is old but that, and everything that is young."""
    chance = random.Random(12)
    for _ in range(300):
        kinds = [("data", ""), ("keys", ""), ("stream", "a"), ("stream", "b")]
        entries = [backup.Entry(at, *chance.choice(kinds), chance.randrange(100), 0, bytes(32), None) for at in range(1, chance.randrange(2, 20))]
        kept = {kind: chance.choice([None, 10, 50]) for kind in backup.KINDS}
        pruned, overdue = backup.prune(entries, 100, kept)
        left = [entry for entry in entries if entry.number not in pruned]
        assert {(entry.kind, entry.name) for entry in left} == {(entry.kind, entry.name) for entry in entries}
        for entry in entries:
            old = kept[entry.kind] is not None and 100 - entry.created > kept[entry.kind]
            newest = not any((other.kind, other.name) == (entry.kind, entry.name) and other.number > entry.number for other in entries)
            assert (entry.number in pruned, entry.number in overdue) == (old and not newest, old and newest)


def test_a_change_is_one_revision():
    keyring = backup_keyring()
    catalogue = backup.read_catalogue(CATALOGUE, keyring)
    for change in ({"taken": 1}, {"removed": [7, 9]}, {"removed": []}):
        after = backup.read_catalogue(backup.changed(catalogue, **change).encode((root_id("active"), root_key("active"))), keyring, seen=21)
        assert after.revision == catalogue.revision + 1 and after.highest == catalogue.highest + change.get("taken", 0)


def test_fixtures_of_backups_are_what_they_are_told_to_be(subjects):
    for at, file in FILES.items():
        assert subjects[BACKUP].fixtures["objects"][f"backup-{at}"] == file.hex() and file_of(at)["base"] in subjects[BACKUP].fixtures["objects"]


# --- vaults ------------------------------------------------------------------------------------

VAULTS = 11


def a_vault(device, name="cache", tenant="acme"):
    return vault.make(bytes(range(16)), tenant, bytes(range(16, 32)), bytes(range(32)), name, device, bytes(12))


def test_vault_written_out():
    """The page byte by byte, with the HKDF of another implementation."""
    vault_id, key_id, data_key, device_key = bytes(range(16)), bytes(range(16, 32)), bytes(range(32)), bytes(range(32, 64))
    head = b"\x20\x05cache\x00\x00\x00\x00"
    aad = (b"\x00\x15portward/v1/wrap-data\x00\x10" + vault_id + b"\x00\x04acme\x00\x0dvault:objects\x00\x10" + key_id + b"\x00\x0b" + head)
    slot = head + b"\x00\x3c" + bytes(12) + AESGCM(device_key).encrypt(bytes(12), data_key, aad)
    info = b"\x00\x15portward/v1/key-check\x00\x10" + vault_id + b"\x00\x10" + key_id
    right = {
        "format": "portward-vault", "version": 1, "vault": vault_id.hex(), "tenant": "acme", "data_key": key_id.hex(),
        "check": HKDFExpand(hashes.SHA256(), 32, info).derive(data_key)[:8].hex(),
        "slot": base64.urlsafe_b64encode(slot).decode().rstrip("="),
    }
    assert a_vault(vault.Device(device_key)) == right
    assert vault.open_vault(json.dumps(right), "acme", vault.Device(device_key)).data_key == data_key


def test_every_changed_bit_of_a_vault_is_noticed():
    device = vault.Device(bytes(32))
    good = a_vault(device)
    for member, codes in (("vault", {"unwrap_failed"}), ("data_key", {"unwrap_failed"}), ("check", {"key_check_mismatch"}),
                          ("slot", {"vault_malformed", "unwrap_failed"})):
        data = wire.b64u_decode(good[member]) if member == "slot" else bytes.fromhex(good[member])
        for bit in range(len(data) * 8):
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            text = wire.b64u(bytes(changed)) if member == "slot" else changed.hex()
            with pytest.raises(Refused) as refused:
                vault.open_vault(json.dumps({**good, member: text}), "acme", device)
            assert refused.value.code in codes, (member, bit)


@pytest.mark.parametrize("name, device, code", [
    ("", vault.Device(unavailable=True), "key_name"), ("k" * 65, vault.Device(unavailable=True), "key_name"), ("\u00e9" * 33, vault.Device(), "key_name"),
    ("k", vault.Device(unavailable=True), "kek_unavailable"), ("k", vault.Device(fails=True), "kek_unavailable"), ("k", vault.Device(), "kek_refused"), ("k", vault.Device(gives=b""), "kek_refused"),
    ("k", vault.Device(gives=bytes(6145), unwraps=bytes(range(32))), "kek_refused"), ("k", vault.Device(gives=bytes(6144), unwraps=bytes(range(32))), None),
    ("\u00e9" * 32, vault.Device(gives=b"w", unwraps=bytes(range(32))), None), ("k", vault.Device(gives=b"w", unwraps=bytes(32)), "kek_refused"), ("k", vault.Device(gives=b"w"), "kek_refused"),
])
def test_a_vault_is_made_only_if_it_can_be_read(name, device, code):
    if code is None:
        file = vault.read(json.dumps(a_vault(device, name, "t" * 64)))
        assert (file.name(), file.slot.wrapped) == (name, device.gives)
        return
    with pytest.raises(Refused, match=code):
        a_vault(device, name)


def test_every_code_of_vaults_has_a_case_and_a_control(subjects):
    cases = subjects[VAULTS].cases
    assert subjects[VAULTS].name == "vault"
    codes = {op: {case["expect"].get("error") for case in ops_of(subjects[VAULTS], op)} for op in ("vault_file", "vault_open", "vault_object", "vault_range", "vault_make")}
    assert codes["vault_file"] == {None, "vault_newer_version", "vault_malformed"}
    assert codes["vault_open"] == codes["vault_file"] | {"vault_wrong_tenant", "kek_unavailable", "unwrap_failed", "key_check_mismatch"}
    assert codes["vault_object"] >= codes["vault_open"] - {"vault_newer_version"} | {
        "wrong_tenant", "unknown_data_key", "no_slot", "wrong_commitment", "chunk_forged", "body_truncated", "header_malformed", "not_an_envelope",
        "record_too_long"}
    assert codes["vault_range"] >= {None, "unwrap_failed", "wrong_tenant", "unknown_data_key", "no_slot", "wrong_commitment", "chunk_forged", "body_truncated"}
    assert codes["vault_make"] == {None, "key_name", "kek_refused", "kek_unavailable"}
    assert sum("error" in case["expect"] for case in cases) > len(cases) / 2


def test_what_opens_can_be_read(subjects):
    """Neither opening nor an object tells anything of a file that reading it does not."""
    for case in ops_of(subjects[VAULTS], "vault_open", "vault_object", "vault_range"):
        try:
            vault.read(replay_file(case))
        except Refused as refused:
            assert case["expect"] == {"error": refused.code}
        else:
            assert not case["expect"].get("error", "").startswith(("vault_malformed", "vault_newer"))
