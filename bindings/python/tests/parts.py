"""What the parts for frameworks have in public, and the words of it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import portward
from said import words

FOLDER = Path(portward.__file__).parent
# What a framework asks of a field or a type, and what raises nothing of ours: its own documentation has the words.
HOOKS = {
    "check", "clean", "contribute_to_class", "db_check", "deconstruct", "from_db_value", "get_attname", "get_internal_type",
    "process_result_value",
}  # fmt: skip


def modules() -> list[str]:
    found = [path.relative_to(FOLDER).with_suffix("").parts for path in FOLDER.rglob("*.py")]
    named = [parts[:-1] if parts[-1] == "__init__" else parts for parts in found]
    return sorted(".".join(parts) for parts in named if parts and not any(part.startswith("_") for part in parts))


@dataclass(frozen=True)
class Member:
    """A class, function, method or property. calls: the functions that its words are of: of a class, its constructor and operators."""

    name: str
    thing: Any
    calls: tuple[Any, ...] = ()

    @property
    def said(self) -> str:
        return words(self.thing)

    @property
    def is_call(self) -> bool:
        return inspect.isfunction(self.thing) or (inspect.isclass(self.thing) and not is_only_named(self.thing))

    def parameters(self) -> Iterator[tuple[str, str]]:
        for call in self.calls:
            for one in inspect.signature(call).parameters.values():
                yield one.name, inspect.formatannotation(one.annotation)


def is_only_named(kind: type) -> bool:
    """Nobody makes one: exceptions are raised, protocols are kept to."""
    return issubclass(kind, BaseException) or getattr(kind, "_is_protocol", False)


def members(module: str) -> list[Member]:
    """All that a part has in public, with what its classes have of the package's private ones."""
    if module.startswith("django"):
        pytest.importorskip("web.frameworks").set_up_django()
    part = importlib.import_module(f"portward.{module}")
    listed = getattr(part, "__all__", ())
    found = []
    for name, thing in vars(part).items():
        is_its_own = getattr(thing, "__module__", None) == part.__name__ or name in listed
        if name.startswith("_") or not is_its_own:
            continue
        if inspect.isfunction(thing):
            found.append(Member(name, thing, (thing,)))
        if inspect.isclass(thing):
            found += of_class(name, thing)
    return found


def of_class(name: str, kind: type) -> Iterator[Member]:
    ours = [one for one in kind.__mro__ if one.__module__.startswith("portward.")]
    having: dict[str, Any] = {}
    for one in reversed(ours):
        having |= vars(one)
    operators = [of for what, of in having.items() if what.startswith("__") and inspect.isfunction(of)]
    yield Member(name, kind, () if is_only_named(kind) else tuple(operators))
    for what, of in having.items():
        if what.startswith("_") or what in HOOKS or inspect.ismemberdescriptor(of):
            continue
        of = getattr(of, "__func__", of)
        if inspect.isfunction(of):
            yield Member(f"{name}.{what}", of, (of,))
        elif hasattr(type(of), "__get__"):
            yield Member(f"{name}.{what}", of)
