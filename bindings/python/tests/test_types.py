"""The stub says what the module does, and a program that uses it passes a strict type checker."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from array import array
from datetime import datetime, timedelta
from typing import assert_type

import portward
from portward.aws_kms import AwsKms

class Module:
    def resolves(self, slot: portward.KekSlot) -> bool:
        return slot.kind == "pkcs11"

    def unwrap(self, slot: portward.KekSlot) -> bytes:
        return slot.wrapped

for kek in (Module(), AwsKms(object(), "1234abcd")):
    portward.Keyring.open("keys", kek=kek)
keyring = portward.Keyring.generate()
with portward.Store.open("sqlite:portal.db", keyring, create=True) as store:
    link = store.issue("t", "c", {"files:read"}, lifetime=timedelta(days=3))
    assert_type(link.token, str)
    assert_type(store.link("t", link.id).token, str | None)
    links: list[portward.Link] = [link]
    assert_type(link.permissions, frozenset[str])
    store.answer(array("B", b"request"))
    assert_type(store.list("t").links[0].expires_at, datetime)
    assert_type(store.edit("t", link.id, label=None).label, str | None)
    try:
        store.verify_link("pwl_")
    except portward.Refused as error:
        assert_type(error.code, str)
        assert_type(error.token_id, str | None)
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # In an empty folder: the working directory is on the import path of these tools.
    return subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, cwd=folder, timeout=300)


def test_the_stub_agrees_with_the_module(tmp_path: Path) -> None:
    done = run(tmp_path, "mypy.stubtest", "portward._portward", "portward._errors")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("change", "success"), [
    (("", ""), True), (('"t", "c"', '"t", 7'), False), (("lifetime=", "lifetme="), False),
    (('{"files:read"}', '["files:read"]'), True), (('{"files:read"}', '"files:read"'), False),
    (('array("B", b"request")', '"request"'), False),
    (("def resolves", "def resolved"), False), (("-> bytes:\n        return slot.wrapped", "-> str:\n        return slot.kind"), False),
])  # fmt: skip
def test_a_program_is_checked(tmp_path: Path, change: tuple[str, str], success: bool) -> None:
    (tmp_path / "program.py").write_text(PROGRAM.replace(*change) if change[0] else PROGRAM)
    done = run(tmp_path, "mypy", "--strict", "program.py")
    assert (done.returncode == 0) is success, done.stdout


def test_the_readme_is_checked(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    program = "".join(re.findall(r"```python\n(.*?)```", readme, re.S))
    for text, success in ((program, True), (program.replace('peek(link.token)', 'peek(link)'), False)):
        (tmp_path / "program.py").write_text(text)
        done = run(tmp_path, "mypy", "--strict", "program.py")
        assert (done.returncode == 0) is success, done.stdout
