"""What the words of a call have to say: what it raises, and in what its times, lengths of time, sizes and numbers are told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

TIME, LENGTH = "datetime | int", "timedelta | int"
NUMBER = re.compile(r"\b(int|float)\b")
# Sizes and numbers by their names, and the word that says what they count.
UNITS = {
    "max_staleness": "seconds", "follow": "seconds", "offset": "byte", "length": "bytes", "progress": "bytes", "bits": "bits",
    "other_bits": "bits", "limit": "at most", "uses_max": "how often", "rows": "how many", "distinct": "how many", "threads": "threads",
    "passphrase": "bytes", "body": "bytes", "label": "characters", "recipient": "characters", "before": "lower number", "version": "1 to 255",
}  # fmt: skip
# And those that only parts for frameworks have.
UNITS_OF_PARTS = {"batch_size": "how many rows at a time", "begins": "0 to 255", "now": "Unix seconds"}

RAISES = re.compile(r"[Rr]aises (`?\w.*)")


def words(thing: Any) -> str:
    return " ".join((thing.__doc__ or "").split())


def raised(said: str) -> str:
    """What stands behind the first "raises"."""
    found = RAISES.search(said)
    return found[1] if found else ""


def without_unit(said: str, parameters: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Those of some parameters, by their names and annotations, of which the words do not say in what they are told."""
    for name, kind in parameters:
        if TIME in kind:
            wanted = [name, "aware datetime or Unix seconds"]
        elif LENGTH in kind:
            wanted = [name, "timedelta or seconds"]
        elif name in UNITS | UNITS_OF_PARTS:
            wanted = [(UNITS | UNITS_OF_PARTS)[name]]
        elif NUMBER.search(kind):
            wanted = [f"a unit, which is to stand above for {name}"]
        else:
            continue
        if not all(word in said for word in wanted):
            yield name


def without_zone(said: str, kind: str) -> bool:
    """Whether a property gives a moment, and its words do not say where."""
    return re.match(r"datetime\b", kind) is not None and "UTC" not in said
