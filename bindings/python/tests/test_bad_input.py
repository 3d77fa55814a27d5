"""No call crashes the interpreter, and what it raises `except Exception` catches, and says what is wrong."""

from __future__ import annotations

import inspect
import io
import json
import math
import os
import random
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import portward
from calls import Call, all_calls
from keks import Module, put_under, slots_of

ODD: list[Any] = [
    None, True, 0, 1, -1, 1.5, 2**31, 2**63, 2**64, 2**200, math.nan, math.inf, "", "t", "files:read", "files:*", "\ud800", "\0", "ä" * 70,
    "sqlite:", "sqlite:/proc/x", "postgres://", "pwl_", "pws_", "x" * 100_000, b"", b"\xf5", bytes(100_000), bytearray(b"x"),
    memoryview(b"x"), [], ["files:read"], {"files:read"}, (1, 2), {}, {"a": 1}, [["a"]], [("a", b"b")], object(), Exception(), type,
    datetime(1, 1, 1), datetime(9999, 12, 31, tzinfo=timezone.utc), datetime(1, 1, 1, tzinfo=timezone.utc), timedelta(days=-1),
    timedelta(days=999_999_999), Path("."), lambda *_: 1 // 0,
]


class Hostile:
    """Lies about what it is."""

    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *_: object, **__: object) -> Any:
        return self

    def __iter__(self) -> Iterator[Any]:
        raise KeyError("iter")

    def __index__(self) -> int:
        return 2**70

    def __fspath__(self) -> str:
        raise OSError("fspath")

    def __len__(self) -> int:
        return -1

    def __bool__(self) -> bool:
        raise ValueError("bool")


def odd() -> st.SearchStrategy[Any]:
    return st.sampled_from([*ODD, Hostile()]) | st.text(max_size=80) | st.binary(max_size=80) | st.integers() | st.floats()


@pytest.fixture(scope="module", autouse=True)
def elsewhere() -> Iterator[None]:
    """What is named `t` for instance is made there."""
    before = os.getcwd()
    os.chdir(tempfile.mkdtemp())
    yield
    os.chdir(before)


@cache
def calls() -> list[Call]:
    return all_calls(Path(tempfile.mkdtemp()))


@settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_call_with_anything(data: st.DataObject) -> None:
    call = data.draw(st.sampled_from([call for call in calls() if call.arguments()]))
    names = st.lists(st.sampled_from(sorted(call.arguments())), min_size=1, max_size=2, unique=True)
    replaced = {name: data.draw(odd()) for name in data.draw(names)}
    assume(all(value in ODD or "/" not in value for value in replaced.values() if type(value) is str))  # no file is made far away
    try:
        call(**replaced)
    except portward.PortwardError as error:
        assert error.code != "internal", (call, replaced)
    except Exception:  # noqa: BLE001, S110  anything that can be caught is an answer
        pass


def test_any_call_with_anything_in_many_threads_at_once(tmp_path: Path) -> None:
    """On the same objects, which some of the calls end meanwhile."""
    made, values = all_calls(tmp_path), [*ODD, Hostile()]
    wrong: list[object] = []
    begun, done = threading.Barrier(8), [0] * 8

    def fuzz(number: int) -> None:
        drawn = random.Random(number)
        begun.wait()
        for turn in range(200):
            call = drawn.choice(made[:-3] if turn < 150 else made)  # the last three close everything
            try:
                arguments = dict(call.arguments())
                if arguments and drawn.random() < 0.7:
                    arguments[drawn.choice(sorted(arguments))] = drawn.choice(values)
                (call.owner if call.name == "new" else getattr(call.owner, call.name))(**arguments)
            except portward.PortwardError as error:
                if error.code == "internal":
                    wrong.append((str(call), error))
            except Exception:  # noqa: BLE001, S110
                pass
            except BaseException as error:  # noqa: BLE001  what `except Exception` lets pass, a panic for instance
                wrong.append((str(call), error))
                raise
            done[number] += 1

    threads = [threading.Thread(target=fuzz, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=600)
    assert wrong == [] and done == [200] * 8


def test_every_wrong_type_is_a_type_error_that_names_the_argument() -> None:
    for call in calls():
        for name in call.arguments():
            with pytest.raises(TypeError, match=f"^{name}: ") as typed:
                call(**{name: object()})
            assert type(typed.value) is TypeError and "add_note" not in vars(typed.value), (call, name)
    # Only here an `object()` is no wrong type: a text is, whose letters would be names.
    for call in calls():
        for name, value in call.arguments().items():
            if isinstance(value, set):
                with pytest.raises(TypeError, match=f"^{name}: a str"):
                    call(**{name: "files:read"})


def test_every_number_out_of_range_is_an_invalid_value_that_names_the_argument() -> None:
    """Those that `test_the_calls_are_all_there_are_and_valid` takes in their place are the control."""
    found = set()
    for call in calls():
        for name, value in call.arguments().items():
            if type(value) not in (int, float):
                continue
            for wrong in (-1, 2**64, 2**200, 2**2000) if type(value) is int else (-1, 2**2000):
                with pytest.raises(portward.InvalidValue, match=f"^{name}: ") as refused:
                    call(**{name: wrong})
                assert refused.value.code in ("number_out_of_range", "time_out_of_range"), (call, name)
            found.add(f"{call}.{name}")
    numbers = {
        "Store.issue.uses_max", "Store.edit.uses_max", "Store.list.limit", "Store.history.before", "Range.read.offset", "Range.read.length",
        "Scope.blind_index.bits", "Scope.blind_index.version", "Scope.seal_file.threads", "portward.index_bits.rows",
    }
    assert numbers <= found
    index = next(call for call in calls() if call.name == "blind_index")
    for wrong in ({"bits": 70_000}, {"version": 300}):
        with pytest.raises(portward.InvalidValue) as refused:
            index(**wrong)
        assert refused.value.code == "number_out_of_range"


def test_what_an_iterable_raises_is_raised() -> None:
    def names() -> Iterator[str]:
        yield "files:read"
        raise OverflowError("its own")

    with pytest.raises(OverflowError, match="^its own$"):
        portward.Issuer(portward.Keyring.generate()).issue_link("t", "c", names())  # type: ignore[arg-type]


def test_files_with_anything(tmp_path: Path) -> None:
    scope = next(call.owner for call in calls() if isinstance(call.owner, portward.Scope))
    refused = 0
    for method in (scope.seal_file, scope.open_file, scope.open_range):
        for source in [*ODD, Hostile()]:
            for target in (Hostile(), tmp_path / "absent" / "x", tmp_path / "\0"):
                arguments = (source,) if method == scope.open_range else (source, target)
                try:
                    method(*arguments, name="n", id="1")
                except portward.PortwardError as error:
                    assert error.code != "internal" and (source == "\0" or target == tmp_path / "\0" and method != scope.open_range or error.code != "path_nul")
                    refused += 1
                except TypeError as error:
                    assert re.match("(source|target): ", str(error)), (method, source, target)
                    refused += 1
                except OSError as error:
                    # Of a path, as `open` says it.
                    assert error.filename or str(error) == "fspath", (method, source, target)
                    refused += 1
    assert refused > 100


class Reads(io.BytesIO):
    """Gives something else."""

    def __init__(self, data: bytes, gives: Callable[[bytes], object]) -> None:
        super().__init__(data)
        self.gives = gives

    def read(self, size: int | None = -1, /) -> Any:
        return self.gives(super().read(size))


class Writes(Reads):
    def write(self, data: Any, /) -> Any:
        super().write(data)
        return self.gives(data)


class Seeks(Writes):
    def read(self, size: int | None = -1, /) -> Any:
        return io.BytesIO.read(self, size)

    def seek(self, offset: int, whence: int = 0, /) -> Any:
        return self.gives(str(super().seek(offset, whence)).encode())


@pytest.mark.parametrize(("gives", "expected"), [
    (lambda data: data.decode("latin-1"), "source: 'str' object is not the bytes"),
    (lambda data: None, "source: 'NoneType' object is not the bytes"),
    (lambda data: memoryview(data), "source: 'memoryview' object is not the bytes"),
    (lambda data: data + bytes(1 << 20), "read_too_long"),
    (lambda data: bytearray(data), None),
])  # fmt: skip
def test_a_source_that_gives_something_else(gives: Any, expected: str | None) -> None:
    scope = next(call.owner for call in calls() if isinstance(call.owner, portward.Scope))
    sealed = scope.seal(b"text", name="n", id="1")
    for data, work in (
        (b"text", lambda source: scope.seal_file(source, io.BytesIO(), name="n", id="1")),
        (sealed, lambda source: scope.open_file(source, io.BytesIO(), name="n", id="1")),
        (sealed, lambda source: scope.open_range(source, name="n", id="1").read(0, 4)),
    ):
        said(work, Reads(data, gives), expected)


@pytest.mark.parametrize(("gives", "expected"), [
    (lambda data: "4", "target: 'str' object "),
    (lambda data: b"4", "target: 'bytes' object "),
    (lambda data: -1, "number_out_of_range"),
    (lambda data: 2**70, "number_out_of_range"),
    (lambda data: len(data), None),
    (lambda data: None, None),
])  # fmt: skip
def test_a_target_that_says_something_else(gives: Any, expected: str | None) -> None:
    scope = next(call.owner for call in calls() if isinstance(call.owner, portward.Scope))
    said(lambda target: scope.seal_file(io.BytesIO(b"text"), target, name="n", id="1"), Writes(b"", gives), expected)
    sealed = scope.seal(b"text", name="n", id="1")
    source = Seeks(sealed, lambda data: int(data) if expected is None else gives(data))
    said(lambda source: scope.open_range(source, name="n", id="1"), source, expected and expected.replace("target", "source"))


def said(work: Callable[[Any], object], given: Any, expected: str | None) -> None:
    try:
        work(given)
        told = None
    except portward.InvalidValue as error:
        assert re.match("(source|target): ", str(error))
        told = error.code
    except TypeError as error:
        told = str(error)
    assert (told is None) if expected is None else (told is not None and told.startswith(expected)), told


def test_what_a_file_object_raises_is_raised_as_it_is(tmp_path: Path) -> None:
    scope = next(call.owner for call in calls() if isinstance(call.owner, portward.Scope))

    def raises(_: bytes) -> bytes:
        raise TypeError("its own")

    for work in (
        lambda: scope.seal_file(Reads(b"text", raises), io.BytesIO(), name="n", id="1"),
        lambda: scope.seal_file(io.BytesIO(b"text"), Writes(b"", raises), name="n", id="1"),
    ):
        with pytest.raises(TypeError, match="^its own$"):
            work()


def classes() -> dict[str, Any]:
    things = {name: getattr(portward, name) for name in portward.__all__}
    return {name: thing for name, thing in things.items() if inspect.isclass(thing) and not issubclass(thing, Exception)}


def test_the_calls_are_all_there_are_and_valid() -> None:
    """After the tests that need what these end."""
    made = all_calls(Path(tempfile.mkdtemp()))
    for call in made:
        call()
        parameters = [one.name for one in call.parameters() if one.kind is not one.VAR_KEYWORD]
        given = list(call.arguments())
        assert set(parameters) <= set(given), call
        assert set(parameters) == set(given) or len(parameters) < len(call.parameters()), call
    methods = {f"{owner}.{name}" for owner, of in classes().items() for name, value in vars(of).items()
               if not name.startswith("_") and (callable(value) or isinstance(value, staticmethod))}  # fmt: skip
    made_by_call = {f"{name}.new" for name, of in classes().items() if "__new__" in vars(of)}
    assert {str(call) for call in made} == methods | made_by_call | {"portward.index_bits"}


def test_every_property_can_be_read(tmp_path: Path) -> None:
    seen = set()
    things = [call.owner for call in calls()] + [call() for call in all_calls(tmp_path)]
    things += [part for thing in things if isinstance(thing, (portward.Page, tuple)) for part in getattr(thing, "links", thing)]
    things += [keyring.roots[0] for keyring in things if isinstance(keyring, portward.Keyring)]
    things += slots_of(put_under(tmp_path / "under", portward.Keyring.generate(), Module()))
    for thing in things:
        for name, value in vars(type(thing)).items():
            if type(thing).__name__ in classes() and not name.startswith("_") and inspect.isgetsetdescriptor(value):
                getattr(thing, name)
                seen.add(f"{type(thing).__name__}.{name}")
        repr(thing)
    properties = {f"{owner}.{name}" for owner, of in classes().items() for name, value in vars(of).items()
                  if not name.startswith("_") and inspect.isgetsetdescriptor(value)}  # fmt: skip
    assert seen == properties


def test_every_class_is_final_and_made_as_it_should_be() -> None:
    for name, thing in classes().items():
        with pytest.raises(TypeError, match=re.compile("not an acceptable base type")):
            type("Sub", (thing,), {})
        for method, value in vars(thing).items():
            assert method.startswith("_") or value.__doc__, f"{name}.{method} has no words"
    assert json.loads(portward.Deployment.generate().to_json())["format"] == "portward-deployment"
