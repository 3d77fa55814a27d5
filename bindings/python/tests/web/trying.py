"""Calls with a wrong value in each place, and whether what they raise was said."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation, ValidationError
from sqlalchemy.exc import MissingGreenlet

from parts import FOLDER
from portward import PortwardError
from said import raised, words

HALF = "half \ud800"
ANYTHING = [None, 7, "", HALF, "a b", b"x", [], object(), len]
OF_OTHERS = (ImproperlyConfigured, ImportError, MissingGreenlet, SynchronousOnlyOperation, ValidationError)


@dataclass
class Tried:
    """A call with right values. said: whose words say what it raises; each further one is named in those before."""

    said: tuple[Any, ...]
    act: Callable[..., Any]
    given: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.said[0].__module__}.{self.said[0].__qualname__}".removeprefix("portward.")

    def says(self) -> str:
        told = ""
        for one in self.said:
            assert not told or f"{one.__name__}`" in told, f"{self.name}: does not name {one.__name__}"
            told += " " + raised(words(one))
        return told


def raised_of(tried: Iterable[Tried], wrong: dict[str, list[Any]]) -> tuple[dict[str, str], set[str]]:
    """What was raised by whom, and what of it was not said. wrong: values by the names of arguments, and by "" what is wrong for each."""
    found: dict[str, set[str]] = {}
    unsaid = set()
    for one in tried:
        one.act(**one.given)  # the control
        said = one.says()
        for name in one.given:
            for value in (*wrong.get(name, ()), *wrong[""]):
                kinds = kinds_of(one, one.given | {name: value})
                found.setdefault(one.name, set()).update(kinds[:1])
                if kinds and not any(f"`{kind}`" in said for kind in kinds):
                    unsaid.add(f"{one.name}: {kinds[0]}, {name}={value!r}")
    return {name: " ".join(sorted(kinds)) for name, kinds in found.items()}, unsaid


def kinds_of(one: Tried, given: dict[str, Any]) -> list[str]:
    """The class of what a call raises, and its bases, unless it is a slip of Python's own over a wrong type."""
    try:
        one.act(**given)
    except Exception as error:  # noqa: BLE001
        last = traceback.extract_tb(error.__traceback__)[-1]
        is_meant = last.filename.startswith(str(FOLDER)) and (last.line or "").startswith("raise")
        if is_meant or isinstance(error, (PortwardError, *OF_OTHERS)):
            return [kind.__name__ for kind in (type(error), *type(error).__bases__) if kind not in (Exception, PortwardError)]
    return []


def in_loop(act: Callable[[], Any]) -> Any:
    async def acts() -> Any:
        return act()

    return asyncio.run(acts())
