"""Half of a surrogate pair, which a `str` of Python may hold, is no text: wherever one is taken, that is said, and by which argument."""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import portward
from calls import Call, all_calls

STUB = Path(__file__).parents[1] / "python" / "portward" / "_portward.pyi"
HALF = "a secret \ud800"
# What a visitor sends, who is no mistake of the caller's: refused as what it is not.
VERIFIES = {f"{one}.verify_{kind}" for one in ("Follower", "Store", "Verifier") for kind in ("link", "session")}
SENT = {"Store.peek", "Store.redeem", "Store.renew", "UntrustedLink.new", *VERIFIES}


def halves(annotation: str) -> list[Any]:
    """One for each way in which a text stands in an argument of this type."""
    if "dict[str, str]" in annotation:
        return [{HALF: "x"}, {"title": HALF}]
    if "tuple[str, bytes]" in annotation:
        return [[(HALF, b"")]]
    if "_Names" in annotation:
        return [{HALF}, [HALF], ("files:read", HALF), frozenset([HALF])]
    if "Sequence[str]" in annotation:
        return [[HALF], ("files:read", HALF)]
    if "PathLike[str]" in annotation:
        return [HALF, Path(HALF)]
    return [HALF] if "str" in annotation or "Literal" in annotation else []


def signatures() -> Iterator[tuple[str, ast.arguments]]:
    for one in ast.parse(STUB.read_text()).body:
        if isinstance(one, ast.FunctionDef):
            yield f"portward.{one.name}", one.args
        elif isinstance(one, ast.ClassDef):
            for method in one.body:
                if isinstance(method, ast.FunctionDef):
                    yield f"{one.name}.{method.name.replace('__new__', 'new')}", method.args


def texts() -> dict[str, dict[str, list[Any]]]:
    """Of each function that takes text: its arguments that do, with what is wrong for them."""
    found: dict[str, dict[str, list[Any]]] = {}
    for name, arguments in signatures():
        named = [one for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs] if one.annotation is not None]
        wrong = {one.arg: halves(ast.unparse(one.annotation)) for one in named if one.annotation is not None}
        if arguments.kwarg is not None:
            wrong["x_more"] = [HALF]
        if wrong := {argument: values for argument, values in wrong.items() if values}:
            found[name] = wrong
    return found


@cache
def calls() -> list[Call]:
    return all_calls(Path(tempfile.mkdtemp()))


def test_the_stub_has_them_all() -> None:
    assert {str(call) for call in calls()} >= set(texts())
    assert len(texts()) > 55 and sum(len(wrong) for wrong in texts().values()) > 120
    assert set(texts()["Store.edit"]) == {"tenant", "link", "label", "permissions", "resources"}
    assert set(texts()["Scope.seal"]) == {"name", "id", "x_more"}


def test_it_is_refused_by_the_name_of_the_argument() -> None:
    """That the calls are good with what is in the place of these tests `test_the_calls_are_all_there_are_and_valid`."""
    for call in calls():
        for argument, wrong in texts().get(str(call), {}).items():
            for value in wrong:
                with pytest.raises(portward.PortwardError) as refused:
                    call(**{argument: value})
                said = refused.value
                if str(call) in SENT:
                    assert isinstance(said, portward.Refused) and said.public == "damaged", (call, argument)
                else:
                    assert isinstance(said, portward.InvalidValue) and said.code == "text_surrogate", (call, argument, said)
                    assert str(said).startswith(f"{argument}: "), (call, argument)
                assert "secret" not in repr(said.args) and said.__cause__ is said.__context__ is None


def test_it_is_refused_by_its_place_too() -> None:
    asked = 0
    for call in calls():
        arguments = call.arguments()
        by_place = [one.name for one in call.parameters() if one.kind in (one.POSITIONAL_OR_KEYWORD, one.POSITIONAL_ONLY)]
        for argument in set(by_place) & set(texts().get(str(call), {})):
            before = [arguments[name] for name in by_place[: by_place.index(argument)]]
            rest = {name: value for name, value in arguments.items() if name not in by_place[: len(before) + 1]}
            method = call.owner if call.name == "new" else getattr(call.owner, call.name)
            for value in texts()[str(call)][argument]:
                with pytest.raises(portward.Refused if str(call) in SENT else portward.InvalidValue) as refused:
                    method(*before, value, **rest)
                assert str(call) in SENT or str(refused.value).startswith(f"{argument}: "), (call, argument)
                asked += 1
    assert asked > 60


def test_a_name_of_a_keyword_is_no_text_either() -> None:
    for call in calls():
        takes_any = any(one.kind is one.VAR_KEYWORD for one in call.parameters())
        wanted = portward.InvalidValue if takes_any and str(call) != "Store.edit" else TypeError
        with pytest.raises(wanted) as refused:
            call(**{HALF: "x"})
        if isinstance(refused.value, portward.InvalidValue):
            assert refused.value.code == "text_surrogate" and str(refused.value).startswith("keyword: ")
            assert "secret" not in repr(refused.value.args)
