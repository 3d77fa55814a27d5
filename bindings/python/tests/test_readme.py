"""The README is run."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import portward

PACKAGE = Path(__file__).parents[1] / "README.md"
PROJECT = Path(__file__).parents[3] / "README.md"


@pytest.mark.parametrize(("readme", "count"), [(PACKAGE, 9), (PROJECT, 1)])
def test_the_quick_start_runs(readme: Path, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", readme.read_text(), re.S)
    assert len(blocks) == count
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, readme, "exec", dont_inherit=True), names)  # noqa: S102
    assert {"portal.db", "keys.db"} <= set(os.listdir(tmp_path))
    with pytest.raises(portward.Refused):
        names["store"].verify_link(names["link"].token)  # type: ignore[attr-defined]
