"""What `help` says of every call: what it raises, and in what a time, a length of time and a size are told."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import portward
from calls import Call, all_calls
from said import UNITS, raised, without_unit, without_zone, words

STUB = ast.parse((Path(portward.__file__).parent / "_portward.pyi").read_text())


def signatures() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Each call and property of the stub, by the name of what has its words."""
    for node in STUB.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for of in node.body:
                if isinstance(of, ast.FunctionDef) and (not of.name.startswith("_") or of.name == "__new__"):
                    yield f"{node.name}.{of.name}".removesuffix(".__new__"), of


def said_of(name: str) -> str:
    thing: Any = portward
    for part in name.split("."):
        thing = getattr(thing, part)
    return words(thing)


def is_property(node: ast.FunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "property" for one in node.decorator_list)


PUBLIC = [(name, node) for name, node in signatures() if name.split(".")[0] in portward.__all__]


def test_every_call_says_what_it_raises() -> None:
    silent = [name for name, node in PUBLIC if not is_property(node) and not raised(said_of(name))]
    assert silent == [] and len(PUBLIC) > 150


def test_every_time_and_size_says_its_unit() -> None:
    silent, found = [], set()
    for name, node in PUBLIC:
        said = said_of(name)
        if is_property(node):
            silent += [name] if without_zone(said, ast.unparse(node.returns or ast.Constant(""))) else []
            continue
        taken = [(one.arg, ast.unparse(one.annotation) if one.annotation else "") for one in (*node.args.args, *node.args.kwonlyargs)]
        # `open_file` says that its arguments are those of `seal_file`.
        silent += [f"{name}: {one}" for one in without_unit(said, taken) if "open_file" not in name or one not in UNITS]
        found |= {one for one, _ in taken}
    assert silent == []
    assert set(UNITS) - found == set()


def test_what_is_raised_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call with a wrong value in each place, and after everything was closed."""
    monkeypatch.chdir(tmp_path)  # what is named `x` is made there
    wrong: list[Any] = ["", "half \ud800", "pwl_", "pws_AAAA", "a b", "x" * 2000, b"", b"x", -1, 0, 2**64, ["x"], {"x"}, {}, [("a", b"b")], tmp_path / "no" / "file"]
    (tmp_path / "of-calls").mkdir()
    calls = [(call, call.arguments()) for call in all_calls(tmp_path / "of-calls")]
    unsaid: set[str] = set()

    def tried(call: Call, arguments: dict[str, Any]) -> None:
        try:
            (call.owner if call.name == "new" else getattr(call.owner, call.name))(**arguments)
        except portward.PortwardError as error:
            said = raised(said_of(str(call).removesuffix(".new").removeprefix("portward.")))
            kinds = {type(error).__name__, *(["InputError"] if isinstance(error, portward.InputError) else [])}
            if not any(kind in said for kind in kinds):
                unsaid.add(f"{call}: {type(error).__name__} {error.code}")
        except Exception:  # noqa: BLE001, S110  types, and what files say
            pass

    # The last ones close everything: then all are asked again.
    for call, given in calls * 2:
        for name in given:
            for value in wrong:
                tried(call, given | {name: value})
        tried(call, given)
    assert unsaid == set()


def test_every_exception_and_property_has_words() -> None:
    assert [name for name, _ in PUBLIC if not said_of(name)] == []
    assert [name for name in portward.__all__ if not inspect.getdoc(getattr(portward, name))] == []
