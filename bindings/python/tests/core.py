"""What the core, the store and HTTP have in public, by the listings that `cargo xtask api` writes, and their codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
CRATES = ("portward", "portward-store", "portward-http")
ITEM = re.compile(r"pub (?:(?:const |async |unsafe )*fn |(struct|enum|trait) |(?:const|static|type) )?([\w:]+)(?:<[^>]*>)?((?:::\w+)?)")


def public_items() -> set[str]:
    """Types with their own functions, fields, variants and constants; without what they have of a trait, and without errors, which are `codes()`."""
    found = set()
    for crate in CRATES:
        lines = (REPOSITORY / "docs" / "api" / f"{crate}.txt").read_text().splitlines()
        errors = {item.removesuffix("::code") for item in items(lines) if item.endswith("Error::code")}
        found |= {item for item in items(lines) if not errors & {item, item.rpartition("::")[0]}}
    return found


def items(lines: list[str]) -> Iterator[str]:
    of_trait = False
    for line in lines:
        text = re.sub(r"^(#\[[^]]*\] )+", "", line)
        if text.startswith("impl"):
            of_trait = " for " in re.sub(r"<.*?>", "", text)
        elif not text.startswith(("pub mod ", "pub use ")):
            found = ITEM.match(text)
            assert found is not None, line
            item = (found[2] + found[3]).removesuffix(":")
            of_trait &= not found[1]
            is_member = item.split("::")[-2][0].isupper()
            if not (of_trait and is_member):
                yield item


def codes() -> dict[str, set[str]]:
    """Each code that reaches a back end, with the exceptions that carry it: a test of the bridge writes them down, of the errors themselves."""
    lines = (REPOSITORY / "bindings" / "codes.txt").read_text().splitlines()
    return {code: set(of) for code, *of in map(str.split, lines)}


class Table:
    """`core.txt`. here: what has another name. types: what has its own. left_out: what is not here, and why."""

    def __init__(self, text: str) -> None:
        self.here: dict[str, str] = {}
        self.types: set[str] = set()
        self.left_out: dict[str, str] = {}
        self.twice: list[str] = []
        reason = ""
        for line in text.splitlines():
            if line.startswith("# "):
                reason = line[2:]
            elif line:
                what, _, where = line.partition(" = ")
                owner, _, members = what.rpartition(": ") if ": " in what else (what.removesuffix(":"), "", "")
                for item in [f"{owner}::{member}" for member in members.split()] or [owner]:
                    self._add(item, where, reason)

    def _add(self, item: str, where: str, reason: str) -> None:
        if item in self.here or item in self.types or item in self.left_out:
            self.twice.append(item)
        elif where == "type":
            self.types.add(item)
        elif where:
            self.here[item] = where
        else:
            self.left_out[item] = reason
