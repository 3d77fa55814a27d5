"""What `help` says of the parts for frameworks, as `test_docs.py` of the native classes."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from parts import FOLDER, HOOKS, Member, members, modules
from said import UNITS_OF_PARTS, raised, without_unit, without_zone


@pytest.mark.parametrize("module", modules())
def test_the_parts_for_frameworks_have_words(module: str) -> None:
    """They, their classes, methods and properties; each call says what it raises, and in what a time, a size and a number are told."""
    found = members(module)
    assert importlib.import_module(f"portward.{module}").__doc__
    assert [one.name for one in found if not one.said] == []
    assert [one.name for one in found if one.is_call and not raised(one.said)] == []
    assert [f"{one.name}: {lacks}" for one in found for lacks in without_unit(one.said, one.parameters())] == []
    assert [one.name for one in found if without_zone(one.said, gives(one.thing))] == []


def gives(thing: Any) -> str:
    return str(thing.fget.__annotations__.get("return")) if isinstance(thing, property) else ""


def test_every_unit_of_the_parts_and_every_exception_from_the_rule_is_needed() -> None:
    found = [one for module in modules() for one in members(module)]
    assert len(found) > 150
    assert set(UNITS_OF_PARTS) - {name for one in found for name, _ in one.parameters()} == set()
    ours = {kind for one in found if inspect.isclass(one.thing) for kind in one.thing.__mro__ if kind.__module__.startswith("portward.")}
    hooks = [(name, of) for kind in ours for name, of in vars(kind).items() if name in HOOKS]
    assert {name for name, _ in hooks} == HOOKS
    assert [name for name, of in hooks if list(raised_in(of))] == []


@pytest.mark.parametrize("module", modules())
def test_what_a_call_raises_by_itself_was_said(module: str) -> None:
    """As its code has it. What others raise that it calls is told by `web/test_words.py`."""
    unsaid = []
    for one in members(module):
        for call in one.calls:
            unsaid += [f"{one.name}: {kinds[0]}" for kinds in raised_in(call) if not any(kind in raised(one.said) for kind in kinds)]
    assert unsaid == []


def raised_in(call: Any) -> Iterator[list[str]]:
    """What each `raise` makes: the names of its class and of the bases of that."""
    call = inspect.unwrap(call)
    if not call.__code__.co_filename.startswith(str(FOLDER)):
        return  # which a dataclass has made
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(call)))):
        if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
            continue
        made = node.exc.func
        name = made.attr if isinstance(made, ast.Attribute) else ast.unparse(made)
        found = call.__globals__.get(name, getattr(builtins, name, None))
        if inspect.isclass(found):
            yield [base.__name__ for base in found.__mro__ if issubclass(base, Exception) and base is not Exception]
        else:
            # A function that makes one, or a class of a model's.
            yield [name if found is None else found.__annotations__["return"]]


def test_the_rule_finds_what_is_unsaid() -> None:
    def silent(count: int) -> None:
        """Takes a count."""
        raise LookupError("none")

    one = Member("silent", silent, (silent,))
    assert not raised(one.said)
    assert list(without_unit(one.said, one.parameters())) == ["count"]
