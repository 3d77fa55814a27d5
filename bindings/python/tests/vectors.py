"""Reads the shared vectors of `testkit/vectors`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import portward

FOLDER = Path(__file__).parents[3] / "testkit" / "vectors"
# What the vectors were made by, where something of a vector has to be written again.
sys.path.append(str(FOLDER.parent / "ref"))
from portward_ref import feed, files, revocation, token, wire  # noqa: E402, F401
from portward_ref.errors import Refused  # noqa: E402, F401

Json = dict[str, Any]


@cache
def subject(name: str) -> Json:
    content: Json = json.loads((FOLDER / f"{name}.json").read_text())
    return content


def cases(name: str, *ops: str) -> Iterator[tuple[Json, Json]]:
    """Fixtures and case of each case with one of these operations."""
    content = subject(name)
    for case in content["cases"]:
        if case["op"] in ops:
            yield content["fixtures"], case


def file_of(case: Json) -> bytes:
    """The bytes of a file, told whole or in parts."""
    if "text" in case:
        return str(case["text"]).encode()
    return b"".join(map(_part, case["parts"]))


def bytes_of(told: str | Json) -> bytes:
    """Some bytes, told in digits or in parts."""
    return bytes.fromhex(told) if isinstance(told, str) else file_of(told)


def _part(part: Json) -> bytes:
    if "hex" in part:
        return bytes.fromhex(part["hex"])
    if "repeat" in part:
        repeated: str = part["repeat"]
        if "%" not in repeated:
            return repeated.encode() * int(part["times"])
        return "".join(repeated.replace("%", f"{number:08x}") for number in range(part["times"])).encode()
    return str(part["text"]).encode()


@cache
def deployment(name: str, of: str) -> portward.Deployment:
    return portward.Deployment.from_json(json.dumps(subject(name)["fixtures"]["deployments"][of]).encode())


@cache
def keyring(name: str, of: str, under: str) -> portward.Keyring:
    content = json.dumps(subject(name)["fixtures"]["keyrings"][of]).encode()
    return portward.Keyring.from_json(content, deployment(name, under))
