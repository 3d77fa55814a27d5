"""What `help` says of every call: what it raises, and in what a time, a length of time and a size are told."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import portward
from calls import Call, all_calls

STUB = ast.parse((Path(portward.__file__).parent / "_portward.pyi").read_text())
TIME, LENGTH, MOMENT = "datetime | int", "timedelta | int", "datetime"
# Sizes and numbers by their names, and the word that says what they count.
UNITS = {
    "max_staleness": "seconds", "follow": "seconds", "offset": "byte", "length": "bytes", "progress": "bytes", "bits": "bits",
    "other_bits": "bits", "limit": "at most", "uses_max": "how often", "rows": "how many", "distinct": "how many", "threads": "threads",
    "passphrase": "bytes", "body": "bytes", "label": "characters", "recipient": "characters",
}  # fmt: skip


def signatures() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Each call and property of the stub, by the name of what has its words."""
    for node in STUB.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for of in node.body:
                if isinstance(of, ast.FunctionDef) and (not of.name.startswith("_") or of.name == "__new__"):
                    yield f"{node.name}.{of.name}".removesuffix(".__new__"), of


def words(name: str) -> str:
    thing: Any = portward
    for part in name.split("."):
        thing = getattr(thing, part)
    return " ".join((inspect.getdoc(thing) or "").split())


def is_property(node: ast.FunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "property" for one in node.decorator_list)


PUBLIC = [(name, node) for name, node in signatures() if name.split(".")[0] in portward.__all__]


def test_every_call_says_what_it_raises() -> None:
    silent = [name for name, node in PUBLIC if not is_property(node) and not re.search(r"[Rr]aises \w", words(name))]
    assert silent == [] and len(PUBLIC) > 150


def test_every_time_and_size_says_its_unit() -> None:
    silent, found = [], set()
    for name, node in PUBLIC:
        said = words(name)
        if is_property(node):
            if re.match(r"datetime\b", ast.unparse(node.returns or ast.Constant(""))) and "UTC" not in said:
                silent.append(name)
            continue
        for one in [*node.args.args, *node.args.kwonlyargs]:
            kind = ast.unparse(one.annotation) if one.annotation else ""
            if TIME in kind:
                wanted = [one.arg, "aware datetime or Unix seconds"]
            elif LENGTH in kind:
                wanted = [one.arg, "timedelta or seconds"]
            elif one.arg in UNITS and "open_file" not in name:
                # `open_file` says that its arguments are those of `seal_file`.
                wanted = [UNITS[one.arg]]
                found.add(one.arg)
            else:
                continue
            if not all(word in said for word in wanted):
                silent.append(f"{name}: {one.arg}")
    assert silent == []
    assert found == set(UNITS)


RAISES = re.compile(r"[Rr]aises (.*)")


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
            said = words(str(call).removesuffix(".new").removeprefix("portward."))
            kinds = {type(error).__name__, *(["InputError"] if isinstance(error, portward.InputError) else [])}
            if not any(kind in " ".join(RAISES.findall(said)) for kind in kinds):
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
    assert [name for name, _ in PUBLIC if not words(name)] == []
    assert [name for name in portward.__all__ if not inspect.getdoc(getattr(portward, name))] == []


PARTS = [
    "asgi", "aws_kms", "caches", "django.conf", "django.decorators", "django.fields", "django.middleware", "django.query", "fastapi", "flask", "http",
    "kek", "sqlalchemy", "sqlalchemy.attribute", "sqlalchemy.lookup", "sqlalchemy.types", "starlette", "wsgi",
]  # fmt: skip
# What Django asks of a field: its own documentation has the words.
OF_DJANGO = {
    "check", "clean", "contribute_to_class", "deconstruct", "get_attname", "get_db_prep_value", "get_internal_type", "pre_save", "value_from_object",
}  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_the_parts_for_frameworks_have_words(name: str) -> None:
    """They and their methods."""
    if name.startswith("django."):
        pytest.importorskip("web.frameworks").set_up_django()
    module = importlib.import_module(f"portward.{name}")
    assert module.__doc__ or name == "fastapi"
    silent = []
    for public, thing in vars(module).items():
        if public.startswith("_") or getattr(thing, "__module__", None) != module.__name__ or not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        methods = vars(thing).items() if inspect.isclass(thing) else ()
        named = {f"{public}.{method}": of for method, of in methods if not method.startswith("_") and method not in OF_DJANGO}
        asked = {public: thing} | {method: of for method, of in named.items() if inspect.isfunction(of) or isinstance(of, property)}
        silent += [one for one, of in asked.items() if not of.__doc__]
    assert silent == []
