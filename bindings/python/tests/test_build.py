"""What is in the wheel, and what is not."""

from __future__ import annotations

import os
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

import portward
from conftest import run_python
from portward import _portward

PROVOKING = os.environ.get("PORTWARD_TEST_PROVOKING", "")


def test_what_is_tested_is_what_was_installed() -> None:
    """And not the source beside it, nor what another environment has."""
    assert Path(portward.__file__).is_relative_to(sys.prefix) and Path(_portward.__file__).parent == Path(portward.__file__).parent


def test_the_wheel_is_for_every_python_and_has_the_fast_cipher() -> None:
    tags = [line for line in (distribution("portward").read_text("WHEEL") or "").splitlines() if line.startswith("Tag: ")]
    assert tags and all(tag.startswith("Tag: cp310-abi3-") for tag in tags)
    # The crate that the faster cipher is from; without the feature `fast-aes` nothing in the file has its name.
    assert b"graviola" in Path(_portward.__file__).read_bytes()


def test_the_wheel_has_the_texts_of_its_licences() -> None:
    """And of what is compiled into it: that these are all of it a test of `xtask/supply` sees."""
    root, wheel = Path(__file__).parents[3], distribution("portward")
    texts = {file.name: file.read_text() for file in wheel.files or [] if "licenses" in file.parts and "portward" in file.parts[0]}
    assert texts.pop("THIRD-PARTY.txt") == (root / "bindings" / "python" / "THIRD-PARTY.txt").read_text()
    assert texts == {name: (root / name).read_text() for name in ("LICENSE-APACHE", "LICENSE-MIT")}
    assert wheel.metadata.get_all("License-File") == [*sorted(texts), "THIRD-PARTY.txt"] and wheel.metadata["License-Expression"] == "MIT OR Apache-2.0"


@pytest.mark.skipif(not PROVOKING, reason="no PORTWARD_TEST_PROVOKING: `cargo xtask test python` installs the package there with functions that panic")
def test_a_panic_is_an_exception_like_others(tmp_path: Path) -> None:
    source = """
import sys
sys.path.insert(0, sys.argv[1])
import portward
from portward import _portward

for panics in (_portward.provoke, _portward.provoke_waiting):
    try:
        panics()
    except Exception as error:
        print(type(error).__name__, error.code, error.public)
print(portward.Keyring.generate().roots[0].state)
"""
    done = run_python(source, PROVOKING, folder=tmp_path)
    assert done.stdout == "PortwardError internal unavailable\n" * 2 + "active\n"
    assert not any(name.startswith("provoke") for name in dir(_portward)), "the wheel has none"
