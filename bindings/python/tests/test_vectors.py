"""Every shared vector that a caller of this package could meet; those of a feed, and of making sessions, are in files of their own. What is not
replayed, and why, is `NOT_REPLAYED`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import portward
from vectors import FOLDER, Json, cases, deployment, file_of, files, keyring

Outcome = Json


def outcome(work: Callable[[], Any]) -> Outcome:
    try:
        return {"ok": work()}
    except portward.Refused as error:
        return {"error": error.code, "public": error.public}
    except portward.PortwardError as error:
        return {"error": error.code}


def check(case: Json, found: Outcome) -> None:
    expected = case["expect"]
    if "public" not in expected:
        found.pop("public", None)
    assert found == expected, case["id"]


def unix(moment: Any) -> int:
    return int(moment.timestamp())


@cache
def verifier_of(name: str, of: str, under: str, audience: str | None, skew: int) -> portward.Verifier:
    return portward.Verifier.without_revocation(keyring(name, of, under), audience=audience, skew=skew)


def verified(name: str, case: Json) -> portward.Access:
    verifier = verifier_of(name, case["keyring"], case["deployment"], case.get("audience"), case.get("skew", 60))
    kind = case.get("kind") or case["op"].removeprefix("verify_")
    verify = verifier.verify_link if kind == "link" else verifier.verify_session
    return verify(case["token"], at=case["now"])


def facts(access: portward.Access, names: list[str]) -> Json:
    told: Json = {
        "tenant": access.tenant,
        "client": access.client,
        "token_id": access.token_id,
        "issued_at": unix(access.issued_at),
        "expires_at": unix(access.expires_at),
        "permissions": [name for name in names if name in access.permissions],
        "resources": None if access.resources is None else sorted(access.resources),
        "recipients": access.recipients,
        "copies": access.copies,
    }
    if access.kind == "session":
        told |= {"link_id": access.link_id, "link_revision": access.link_revision}
    return told


def test_tokens() -> None:
    beyond = 0
    for _, case in cases("token", "verify_link", "verify_session"):
        names = deployment("token", case["deployment"]).permissions
        expected = case["expect"].get("ok")
        if expected and expected["resources"] is not None:
            expected["resources"].sort()
        if expected:
            beyond += expected["expires_at"] > LAST_DATE
            # The last moment that a datetime can say stands for all that is later.
            expected |= {name: min(expected[name], LAST_DATE) for name in ("issued_at", "expires_at")}
        check(case, outcome(lambda: facts(verified("token", case), names)))
    assert 0 < beyond < 10


LAST_DATE = 253_402_300_799


def test_what_a_token_allows() -> None:
    def require(case: Json) -> Json:
        verified("token", case).require(case["permission"], case["resource"])
        return {}

    def allows(case: Json) -> bool:
        return verified("token", case).allows(case["permission"], case["resource"])

    for _, case in cases("token", "allow"):
        check(case, outcome(lambda: require(case)))
        if case["expect"].get("error") in (None, "permission_denied", "resource_required", "resource_denied"):
            assert allows(case) is ("ok" in case["expect"]), case["id"]


def test_narrowing() -> None:
    def narrow(case: Json) -> Json:
        restrictions = dict(case["restrictions"])
        if "permissions" in restrictions:
            vocabulary = [f"p{number}:x" for number in range(64)]
            restrictions |= {"permissions": [vocabulary[bit] for bit in restrictions["permissions"]], "vocabulary": vocabulary}
        return {"token": portward.UntrustedLink(case["token"]).narrow(**restrictions)}

    for _, case in cases("token", "narrow"):
        check(case, outcome(lambda: narrow(case)))


def grants(held: portward.UntrustedLink, names: list[str]) -> Json:
    lifetime = unix(held.expires_at) - unix(held.issued_at)
    return {"tenant": held.tenant, "client": held.client, "audience": held.audience, "permissions": held.permissions(names), "lifetime": lifetime}


def test_making_links() -> None:
    """What is made has an id and a time of its own, so it is compared by what it says."""

    def make(case: Json, names: list[str]) -> Json:
        issuer = portward.Issuer(keyring("token", case["keyring"], case["deployment"]))
        given = {name: case[name] for name in ("tenant", "client", "permissions", "audience", "lifetime")}
        return grants(portward.UntrustedLink(issuer.issue_link(**given).token), names)

    left_out = 0
    for _, case in cases("token", "issue_link"):
        names = deployment("token", case["deployment"]).permissions
        if case["now"] > 2**39 or not case["permissions"] or case["lifetime"] > 2**40:
            left_out += 1  # at the end of all times; a link for nothing, and a lifetime that no link has, which are refused here at once
            continue
        if "ok" in case["expect"]:
            case["expect"] = {"ok": grants(portward.UntrustedLink(case["expect"]["ok"]["token"]), names)}
        check(case, outcome(lambda: make(case, names)))
    assert left_out == 5


def test_headers_of_objects(tmp_path: Path) -> None:
    """Each stands before anything that would need its key. Those that are good are of keys that are not here."""
    keys = portward.KeyStore.open(f"sqlite:{tmp_path}/keys.db", portward.Keyring.generate(), feed=None, create=True)
    keys.new_tenant("7")
    scope = keys.scope("7", "record:notes")
    assert scope.open(scope.seal(b"text", name="notes.text", id="1"), name="notes.text", id="1") == b"text", "the control"
    behind = set()
    for _, case in cases("envelope", "header"):
        with pytest.raises(portward.Unreadable) as refused:
            scope.open(bytes.fromhex(case["header"]), name="notes.text", id="1")
        if "error" in case["expect"]:
            assert refused.value.code == case["expect"]["error"], case["id"]
        else:
            behind.add(refused.value.code)
    assert behind == {"no_slot", "unknown_data_key"}

    # A slot by itself, as the only one of a header.
    embedded = next(case for _, case in cases("envelope", "header") if case["expect"].get("ok", {}).get("kind") == "embedded")
    for _, case in cases("envelope", "slot"):
        slots = b"\x01" + bytes.fromhex(case["slot"])
        with pytest.raises(portward.Unreadable) as refused:
            scope.open(bytes.fromhex(embedded["header"])[:20] + len(slots).to_bytes(2, "big") + slots, name="notes.text", id="1")
        assert refused.value.code == case["expect"].get("error", "no_slot"), case["id"]
    keys.close()


def test_identifiers() -> None:
    """As it stands in a token."""
    issuer = portward.Issuer(portward.Keyring.generate())

    def written(case: Json) -> Json:
        token = issuer.issue_link(case["text"], "c", {"files:read"}).token
        wire = case["expect"].get("ok", {"wire": ""})["wire"]
        assert portward.UntrustedLink(token).tenant == case["text"]
        assert bytes.fromhex(wire) in base64.urlsafe_b64decode(token[4:] + "=" * (-len(token[4:]) % 4))
        return {"wire": wire}

    for _, case in cases("keys", "identifier"):
        check(case, outcome(lambda: written(case)))


def test_keys_in_text() -> None:
    """In a keyring, whose check value for a key that is new here is the reference's."""
    of = portward.Deployment.generate()

    def read(case: Json) -> Json:
        key = case["expect"].get("ok", {"key": "00" * 32})["key"]
        entry = files.root_entry(bytes.fromhex(of.id), b"\0\0\0\1", bytes.fromhex(key), "active") | {"key": case["text"]}
        content = files.keyring_value(bytes.fromhex(of.id), [entry])
        ring = portward.Keyring.from_json(json.dumps(content).encode(), of)
        assert json.loads(ring.export_in_clear())["roots"][0]["key"] == case["text"]
        return {"key": key}

    for _, case in cases("keys", "key_string"):
        check(case, outcome(lambda: read(case)))


def test_what_an_object_is_of(tmp_path: Path) -> None:
    """A caller gives name and id as arguments, the tenant as the scope's, and each once: a vector without one of them is no call."""
    keys = portward.KeyStore.open(f"sqlite:{tmp_path}/keys.db", portward.Keyring.generate(), feed=None, create=True)

    def sealed(of: Json) -> Json:
        tenant = of.pop("tenant")
        try:
            keys.new_tenant(tenant)
        except portward.InvalidValue as error:
            if error.code != "key_exists":
                raise
        scope = keys.scope(tenant, "record:x")
        assert scope.open(scope.seal(b"text", **of), **of) == b"text"
        return {}

    asked = 0
    for _, case in cases("envelope", "context"):
        of = dict(case["pairs"])
        # A keyword is there once, and in no order. Its underscore becomes the `-` of the context, so none gets in.
        once = len(of) == len(case["pairs"]) and case["id"] != "envelope/context/first-value-then-key"
        if not once or not {"tenant", "name", "id"} <= set(of) or any("_" in name for name in of) or is_odd(of["tenant"]):
            continue
        expected = {"ok": {}} if "ok" in case["expect"] else case["expect"]
        check(case | {"expect": expected}, outcome(lambda: sealed(of)))
        asked += 1
    assert asked > 50


def is_odd(tenant: str) -> bool:
    """Refused before it is anything's: the identifiers of the vectors are asked above."""
    return "error" in outcome(lambda: portward.Issuer(portward.Keyring.generate()).issue_link(tenant, "c", {"files:read"}))


def test_indexes_that_are_refused(tmp_path: Path) -> None:
    """What an index is depends on a key that is drawn."""
    keys = portward.KeyStore.open(f"sqlite:{tmp_path}/keys.db", portward.Keyring.generate(), feed=None, create=True)
    keys.new_tenant("t")
    scope = keys.scope("t", "index:x")

    def made(case: Json) -> int:
        arguments = {name: case[name] for name in ("table", "column", "name", "normaliser", "bits", "version")}
        return len(scope.blind_index(**arguments).of(case["value"]))

    for _, case in cases("envelope", "blind_index"):
        if "ok" in case["expect"]:
            # The length, and the version before it, depend on no key.
            case["expect"] = {"ok": len(bytes.fromhex(case["expect"]["ok"]["index"]))}
        if case["version"] > 255:
            case["expect"] = {"error": "number_out_of_range"}  # of a version in one byte, as of every number
        check(case, outcome(lambda: made(case)))


def test_nonces_that_are_none(tmp_path: Path) -> None:
    """A store has its own clock, in which the nonces of the vectors have ended: what is asked is what comes before that."""
    before = {"nonce_malformed", "cookie_malformed", "unknown_root"}
    ring = keyring("redeem", "main", "main")
    asked = 0
    with portward.Store.open(f"sqlite:{tmp_path}/portal.db", ring, create=True) as store:
        link = store.issue("t", "c", {"files:read"}).token
        for _, case in cases("redeem", "nonce_check"):
            if case["expect"].get("error") in before and (case["keyring"], case["deployment"]) == ("main", "main"):
                check(case, outcome(lambda: store.redeem(link, case["cookie"], case["nonce"])))
                asked += 1
        peeked = store.peek(link)
        assert store.redeem(link, peeked.cookie, peeked.nonce), "the control"
    assert asked > 240


def test_deployment_files() -> None:
    def read(case: Json) -> Json:
        found = portward.Deployment.from_json(file_of(case))
        return {"id": found.id, "permissions": found.permissions}

    for _, case in cases("keys", "deployment_file"):
        check(case, outcome(lambda: read(case)))


def test_keyring_files() -> None:
    def read(case: Json, of: portward.Deployment) -> Json:
        found = portward.Keyring.from_json(file_of(case), of)
        return {"roots": [[root.id, root.state] for root in found.roots]}

    any_other = portward.Deployment.generate()
    for _, case in cases("keys", "keyring_file"):
        # A caller here says whose it is to be. Where the vector does not, it is what the file says, or anybody's if that says nothing.
        try:
            wanted = case.get("deployment") or json.loads(file_of(case))["deployment"]
        except (ValueError, KeyError, TypeError, RecursionError):
            wanted = None
        check(case, outcome(lambda: read(case, named(wanted) or any_other)))


def test_sealed_keyrings() -> None:
    def unseal(case: Json, of: portward.Deployment) -> Json:
        found = portward.Keyring.unseal(file_of(case), case["passphrase"].encode(), of)
        return {"roots": [[root.id, root.state] for root in found.roots]}

    for _, case in cases("keys", "sealed_keyring"):
        of = portward.Deployment.generate()
        if sealed := case["expect"].get("ok"):
            if sealed["purpose"] != "keyring":
                continue  # what the command recovers from is no keyring
            inner = json.loads(sealed["plaintext"])
            of = named(inner["deployment"]) or of
            case["expect"] = {"ok": {"roots": [[root["id"], root["state"]] for root in inner["roots"]]}}
        check(case, outcome(lambda: unseal(case, of)))


def named(deployment_id: Any) -> portward.Deployment | None:
    described = json.loads(portward.Deployment.generate().to_json()) | {"id": deployment_id}
    try:
        return portward.Deployment.from_json(json.dumps(described).encode())
    except portward.PortwardError:
        return None


def test_bits_of_an_index() -> None:
    for _, case in cases("envelope", "index_bits"):
        arguments = {key: case[key] for key in ("rows", "distinct", "other_bits")}
        check(case, outcome(lambda: {"bits": portward.index_bits(even_if_few=case["override"], **arguments)}))


def test_scopes(tmp_path: Path) -> None:
    keys = portward.KeyStore.open(f"sqlite:{tmp_path}/keys.db", portward.Keyring.generate(), feed=None, create=True)

    def parse(case: Json) -> Json:
        kind, _, name = keys.scope("t", case["text"]).name.partition(":")
        return {"kind": kind, "name": name}

    for _, case in cases("envelope", "scope"):
        check(case, outcome(lambda: parse(case)))


@pytest.mark.parametrize("change", [lambda token: token[:-1], lambda token: token + "A", lambda token: token.swapcase()])
def test_a_wrong_expectation_fails(change: Callable[[str], str]) -> None:
    _, case = next(cases("token", "verify_link"))
    names = deployment("token", case["deployment"]).permissions

    def replay(token: str) -> None:
        check(case, outcome(lambda: facts(verified("token", case | {"token": token}), names)))

    replay(case["token"])
    with pytest.raises(AssertionError):
        replay(change(case["token"]))


DRAWN = "takes a data key, a KEK or random bytes from outside: here these are drawn inside, and no call takes one"
INSIDE = "is about bytes, or rows, that no call here takes or gives by themselves"
CLOCK = "tells the time to a store, whose clock here is the system's, and puts rows into it, which no call does"
ELSEWHERE = "is of the command, or of phones"

# For each file of vectors what no test of this package replays, and why. The core does, or the store. What is replayed in part says so in its test.
NOT_REPLAYED: dict[str, dict[str, set[str]]] = {
    "backup": {ELSEWHERE: {"*"}},
    "envelope": {
        DRAWN: {"wrap", "unwrap", "seal", "open", "open_range", "rewrap", "check_value"},
        INSIDE: {"binding", "usage"},
    },
    "keys": {
        DRAWN: {"derive"},
        INSIDE: {"identifier_decode", "varint_u32", "varint_u64", "base64url", "bitmap", "crc32"},
        ELSEWHERE: {"root_destroy"},
    },
    "links": {INSIDE: {"*"}},
    "redeem": {DRAWN: {"nonce_make", "derive"}, CLOCK: {"redeem", "renew"}, INSIDE: {"chain_id"}},
    "revocation": {INSIDE: {"history"}},
    "store": {INSIDE: {"*"}},
    "store_feed": {INSIDE: {"*"}},
    "token": {INSIDE: {"link_check", "copy_id"}},
    "vault": {ELSEWHERE: {"*"}},
}


def test_every_vector_is_replayed_or_it_is_said_why_not() -> None:
    """A new file, or a new operation in one, is in neither."""
    asked = re.findall(r'cases\("(\w+)", ((?:"\w+"(?:, )?)+)\)', "".join(path.read_text() for path in Path(__file__).parent.glob("test_vectors*.py")))
    replayed = {(name, op) for name, ops in asked for op in re.findall(r"\w+", ops)}
    # All of this file goes through each framework: web/test_vectors.py.
    replayed |= {("http", "http"), ("http", "http_session")}
    there = {(file.stem, case["op"]) for file in FOLDER.glob("*.json") for case in json.loads(file.read_text())["cases"]}
    left_out = set()
    for name, reasons in NOT_REPLAYED.items():
        ops = set().union(*reasons.values())
        left_out |= {(name, op) for of, op in there if of == name} if ops == {"*"} else {(name, op) for op in ops}
    assert there - replayed - left_out == set(), "replay them here, or say in NOT_REPLAYED why not"
    assert (replayed | left_out) - there == set(), "there are no such vectors"
    assert replayed & left_out == set()
