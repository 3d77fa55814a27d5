"""Every shared vector that a caller of this package could meet. What is not replayed, and why, is `NOT_REPLAYED`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import portward
from vectors import FOLDER, Json, cases, deployment, file_of, keyring

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


def verified(name: str, case: Json) -> portward.Access:
    ring = keyring(name, case["keyring"], case["deployment"])
    verifier = portward.Verifier.without_revocation(ring, audience=case.get("audience"), skew=case.get("skew", 60))
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
    count = 0
    for _, case in cases("token", "verify_link", "verify_session"):
        if "view" in case:
            continue  # a view comes from a store or a follower only
        names = deployment("token", case["deployment"]).permissions
        expected = case["expect"].get("ok")
        if expected and expected["resources"] is not None:
            expected["resources"].sort()
        if expected and max(expected["issued_at"], expected["expires_at"]) > LAST_DATE:
            continue  # beyond what a datetime can say
        check(case, outcome(lambda: facts(verified("token", case), names)))
        count += 1
    assert count > 1300


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

    count = 0
    for fixtures, case in cases("keys", "keyring_file"):
        wanted = case.get("deployment")
        text = file_of(case)
        try:
            wanted = wanted or json.loads(text)["deployment"]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # the core tells which file it is; a caller here says whose it is to be
        of = named(wanted)
        if of is not None:
            check(case, outcome(lambda: read(case, of)))
            count += 1
    assert count > 50


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
    keys = portward.KeyStore.open(f"sqlite:{tmp_path}/keys.db", portward.Keyring.generate(), feed=None)

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


DRAWN = "takes a key, a nonce or a random number from outside: here these are drawn inside, and no function takes one"
INSIDE = "is about bytes, or rows, that no function here takes or gives by themselves"
VIEWED = "tells a view, which here comes from a store or a follower only"
ELSEWHERE = "is of the command, or of phones"

# For each file of vectors what no test of this package replays, and why. The core does, or the store.
NOT_REPLAYED: dict[str, dict[str, set[str]]] = {
    "backup": {ELSEWHERE: {"*"}},
    "envelope": {
        DRAWN: {"wrap", "unwrap", "seal", "open", "open_range", "rewrap", "blind_index", "check_value"},
        INSIDE: {"context", "slot", "header", "binding", "usage"},
    },
    "keys": {
        DRAWN: {"derive"},
        INSIDE: {"identifier", "identifier_decode", "varint_u32", "varint_u64", "base64url", "bitmap", "crc32", "key_string"},
        ELSEWHERE: {"root_destroy"},
    },
    "links": {INSIDE: {"*"}},
    "redeem": {DRAWN: {"nonce_make", "nonce_check", "redeem", "renew", "derive"}, INSIDE: {"chain_id"}},
    "revocation": {DRAWN: {"feed"}, INSIDE: {"feed_request", "history"}, VIEWED: {"verify_link", "verify_session"}},
    "store": {INSIDE: {"*"}},
    "store_feed": {INSIDE: {"*"}},
    "token": {DRAWN: {"issue_link", "issue_session"}, INSIDE: {"link_check", "copy_id"}},
    "vault": {ELSEWHERE: {"*"}},
    "wrapped": {ELSEWHERE: {"*"}},
}


def test_every_vector_is_replayed_or_it_is_said_why_not() -> None:
    """A new file, or a new operation in one, is in neither."""
    asked = re.findall(r'cases\("(\w+)", ((?:"\w+"(?:, )?)+)\)', Path(__file__).read_text())
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
