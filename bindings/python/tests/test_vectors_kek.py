"""The shared vectors of keyrings under KEKs: a provider with the KEKs of the vector opens them, or nobody does."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import portward
from keks import slots_of, written
from test_vectors import check, outcome
from portward_ref import envelope, wrapped
from vectors import Json, bytes_of, cases

KINDS = {"pkcs11": 0x02, "aws-kms": 0x10, "device": 0x20}


class Keks:
    """The KEKs of a vector: their keys, or that they are away, or refuse."""

    def __init__(self, told: list[Json]) -> None:
        self.told = {(kek["type"], bytes.fromhex(kek["id"]), kek["version"]): kek for kek in told}

    def resolves(self, slot: portward.KekSlot) -> bool:
        return name_of(slot) in self.told

    def unwrap(self, slot: portward.KekSlot) -> bytes:
        kek = self.told[name_of(slot)]
        if kek.get("unavailable"):
            raise portward.Unavailable("away", "kek_unavailable")
        if kek.get("refuses"):
            raise PermissionError
        return AESGCM(bytes.fromhex(kek["key"])).decrypt(slot.wrapped[:12], slot.wrapped[12:], slot.binding)


def name_of(slot: portward.KekSlot) -> tuple[int, bytes, int]:
    kind = KINDS.get(slot.kind) or int(slot.kind.removeprefix("type-"), 16)
    return kind, slot.id, slot.version


def file_of(fixtures: Json, case: Json) -> bytes:
    if "text" in case:
        return bytes_of(case)
    parts = [{"hex": fixtures["files"][part["file"]].encode()[slice(*part["range"])].hex()} if "file" in part else part for part in case["parts"]]
    return bytes_of({"parts": parts})


@cache
def deployment(id: str) -> bytes:
    return json.dumps(json.loads(portward.Deployment.generate().to_json()) | {"id": id}).encode()


def expected(case: Json, size: int) -> Json:
    """As the core has it, with what comes before it here."""
    error = case["expect"].get("error")
    if size > wrapped.SIZE_MAX:
        assert error in ("wrapped_malformed", "wrapped_newer_version")
        return {"error": "file_too_large"}
    # A provider that has no KEK is as good as none.
    return {"error": "kek_required"} if error == "no_slot" else {"error": error}


def test_wrapped_keyrings(tmp_path: Path) -> None:
    opened = 0
    for fixtures, case in cases("wrapped", "wrapped_keyring"):
        file, good = file_of(fixtures, case), case["expect"].get("ok")
        written(tmp_path, file, deployment(json.loads(good["plaintext"])["deployment"] if good else "000102030405060708090a0b0c0d0e0f"))

        def opening(case: Json = case) -> list[str]:
            return [root.id for root in portward.Keyring.open(tmp_path, kek=Keks(case["keks"])).roots]

        if good:
            assert opening() == [root["id"] for root in json.loads(good["plaintext"])["roots"]], case["id"]
            opened += 1
        else:
            check(case | {"expect": expected(case, len(file))}, outcome(opening))
    assert opened > 90


def test_what_a_slot_is_bound_to(tmp_path: Path) -> None:
    for _, case in cases("wrapped", "wrapped_binding"):
        kek = case["kek"]
        slot = envelope.Slot(kek["type"], bytes.fromhex(kek["id"]), kek["version"], bytes(60))
        file = wrapped.value(bytes.fromhex(case["deployment"]), [slot.encode()], bytes(32), bytes(16))
        written(tmp_path, json.dumps(file).encode(), deployment(case["deployment"]))
        (found,) = slots_of(tmp_path)
        assert name_of(found) == (slot.type, slot.kek_id, slot.version)
        pairs = [list(pair) for pair in sorted(found.encryption_context.items())]
        check(case, {"ok": {"binding": found.binding.hex(), "pairs": pairs}})
