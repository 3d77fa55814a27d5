"""Directories whose keyring lies under KEKs. The file is written from spec/envelope.md section 11 by the reference of `testkit/ref`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, Protocol

import boto3
from botocore.config import Config
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import portward
import vectors  # noqa: F401  which finds the reference
from portward_ref import aead, envelope, wrapped
from raised import frames_of


class Wraps(Protocol):
    def slot(self, deployment: bytes, key: bytes) -> Any: ...


class Module:
    """A key of a PKCS#11 token, which wraps, and which the application asks."""

    def __init__(self, id: bytes = b"kek-a", version: int = 1) -> None:
        self.name = ("pkcs11", id, version)
        self.kek = wrapped.Kek(envelope.PKCS11_SLOT, id, version, os.urandom(32))

    def slot(self, deployment: bytes, key: bytes) -> Any:
        return self.kek.wrap(wrapped.binding(deployment, self.kek.head()), key, os.urandom(12))

    def resolves(self, slot: portward.KekSlot) -> bool:
        return (slot.kind, slot.id, slot.version) == self.name

    def unwrap(self, slot: portward.KekSlot) -> bytes | bytearray:
        return AESGCM(self.kek.key).decrypt(slot.wrapped[:12], slot.wrapped[12:], slot.binding)


class InKms:
    """A key of AWS KMS, which wraps. `named`: another one, whose id the slot has."""

    def __init__(self, client: Any, id: str, named: str | None = None) -> None:
        self.client, self.id, self.named = client, id, (named or id).encode()

    def slot(self, deployment: bytes, key: bytes) -> Any:
        context = wrapped.encryption_context(deployment, envelope.slot_head(envelope.AWS_KMS_SLOT, self.named, 0))
        blob = self.client.encrypt(KeyId=self.id, Plaintext=key, EncryptionContext=context)["CiphertextBlob"]
        return envelope.Slot(envelope.AWS_KMS_SLOT, self.named, 0, blob)


def put_under(folder: Path, keyring: portward.Keyring, *keks: Wraps, bound: str | None = None, key: bytes = b"") -> Path:
    """bound: the deployment that the slots are bound to, if it is another. key: of the keyring, which else is drawn."""
    key = key or os.urandom(32)
    deployment = bytes.fromhex(keyring.deployment.id)
    slots = [kek.slot(bytes.fromhex(bound) if bound else deployment, key).encode() for kek in keks]
    context = wrapped.bound_context(deployment)
    sealing, commitment = wrapped.keys(key, context)
    ciphertext = aead.seal(sealing, bytes(12), keyring.export_in_clear(), context)
    written(folder, json.dumps(wrapped.value(deployment, slots, commitment, ciphertext)).encode(), keyring.deployment.to_json())
    return folder


def written(folder: Path, file: bytes, deployment: bytes) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "deployment.json").write_bytes(deployment)
    (folder / "keyring.wrapped.json").touch(mode=0o600)
    (folder / "keyring.wrapped.json").write_bytes(file)


def reported(folder: Path, kek: Any) -> str:
    """What a reporter of errors writes down of a keyring that does not open: the variables of every frame, also behind the causes."""
    try:
        portward.Keyring.open(folder, kek=kek)
    except Exception as error:  # noqa: BLE001
        return frames_of(error)
    raise AssertionError


def slots_of(folder: Path) -> list[portward.KekSlot]:
    seen: list[portward.KekSlot] = []

    class Sees:
        def resolves(self, slot: portward.KekSlot) -> bool:
            seen.append(slot)
            return False

        def unwrap(self, slot: portward.KekSlot) -> bytes:
            raise AssertionError

    try:
        portward.Keyring.open(folder, kek=Sees())
    except portward.InvalidValue:
        return seen
    raise AssertionError


def client(endpoint: str, patience: float = 20) -> Any:
    """Which asks once."""
    config = Config(connect_timeout=patience, read_timeout=patience, retries={"total_max_attempts": 1})
    who = {"region_name": "eu-central-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client("kms", endpoint_url=endpoint, config=config, **who)


@contextmanager
def moto() -> Iterator[str]:
    """A KMS on loopback; where it is. It does not look at the state of a key."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        endpoint = next(line.partition("Running on ")[2].strip() for line in process.stderr if "Running on " in line)
        # What it says later has to go somewhere, or it stops.
        Thread(target=deque, args=(process.stderr, 0), daemon=True).start()
        try:
            yield endpoint
        finally:
            process.kill()
