"""Nothing shows a key, a token or a passphrase but what is asked for it by name: of every class and every call, as the module lists them."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import portward
from calls import Call, all_calls
from keks import Module, put_under, slots_of
from portward import _portward
from portward.http import Request

PASSPHRASE = b"correct horse"


def classes() -> list[type]:
    return [thing for thing in vars(_portward).values() if inspect.isclass(thing)]


def given(calls: list[Call]) -> set[str]:
    """The tokens and the like that calls are given, and what else must not be told: of each a part that says enough."""
    texts = [value for call in calls for value in call.arguments().values() if isinstance(value, str) and value.startswith(("pwl_", "pws_", "pwn_"))]
    assert len(set(texts)) > 2
    return {text[-24:] for text in texts} | {PASSPHRASE.decode()}


def instances(calls: list[Call], folder: Path) -> list[Any]:
    """Of every class at least one."""
    made = [call() for call in calls]
    made += [part for thing in made for part in (thing.links if isinstance(thing, portward.Page) else thing if isinstance(thing, tuple) else ())]
    made += [keyring.roots[0] for keyring in made if isinstance(keyring, portward.Keyring)]
    made += slots_of(put_under(folder / "under", portward.Keyring.generate(), Module()))
    things = [thing for thing in [*(call.owner for call in calls), *made] if type(thing) in classes()]
    assert {type(thing) for thing in things} == set(classes())
    return things


def kept(things: list[Any]) -> set[str]:
    """What is secret in them: what they give by its name, and the keys."""
    texts = [value for name in ("token", "cookie", "nonce") for thing in things if isinstance(value := getattr(thing, name, None), str)]
    keyrings = [thing for thing in things if isinstance(thing, portward.Keyring)]
    texts += [root["key"] for ring in keyrings for root in json.loads(ring.export_in_clear())["roots"]]
    assert len(set(texts)) > 10
    return {text[-24:] for text in texts}


def shown_by(thing: Any) -> Iterator[str]:
    yield from (repr(thing), str(thing), f"{thing}", f"{thing!r:>40}", ascii(thing), "%s" % (thing,))  # noqa: UP031
    yield json.dumps({"thing": thing}, default=repr)
    try:
        raise RuntimeError
    except RuntimeError as error:
        # As reporters of errors do, which write the variables of every frame down.
        yield "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


COPIED: list[Callable[[Any], object]] = [
    copy.copy, copy.deepcopy, vars, lambda thing: thing.__dict__, lambda thing: thing.__reduce__(),
    *((lambda thing, protocol=protocol: pickle.dumps(thing, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)),
    *((lambda thing, protocol=protocol: thing.__reduce_ex__(protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)),
]  # fmt: skip


@pytest.fixture
def calls(tmp_path: Path) -> list[Call]:
    return all_calls(tmp_path)


def test_no_object_shows_what_is_secret_in_it(calls: list[Call], tmp_path: Path) -> None:
    hidden = given(calls)
    things = instances(calls, tmp_path)
    hidden |= kept(things)
    for thing in things:
        for text in shown_by(thing):
            assert not any(secret in text for secret in hidden), type(thing)
        for copied in COPIED:
            try:
                shown = copied(thing)
            except (TypeError, AttributeError):
                continue
            # The oldest forms of pickle say the class, and nothing that is in it.
            text = shown.decode("latin-1") if isinstance(shown, bytes) else repr(shown)
            assert not any(secret in text for secret in hidden), (type(thing), text)
    token = next(thing for thing in things if isinstance(thing, portward.Token))
    assert any(secret in text for text in shown_by([token.token]) for secret in hidden), "the control"
    plain = Plain(token.token)
    assert all(any(secret in text for secret in hidden) for text in (str(vars(plain)), str(plain.__reduce_ex__(2)), pickle.dumps(plain, 0).decode()))


class Plain:
    def __init__(self, text: str) -> None:
        self.text = text


def told_by(error: BaseException) -> Iterator[str]:
    """All that an error carries, and those behind it."""
    while error is not None:
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)), repr(getattr(error, "__notes__", None)))
        if isinstance(error, portward.PortwardError):
            yield pickle.dumps(error, 0).decode("latin-1")
        error = error.__cause__ or error.__context__  # type: ignore[assignment]


SECRET = "pwl_s3cr3t-0123456789abcdef"
WRONG: list[Any] = [
    SECRET, SECRET.encode(), bytearray(SECRET.encode()), [SECRET], {SECRET}, {SECRET: SECRET}, (SECRET,), [(SECRET, SECRET)],
    [(SECRET, SECRET.encode())], SECRET + "\ud800", SECRET + "\0", f"postgres://me:{SECRET}@localhost:1/db?sslmode=disable&x={SECRET}",
    Plain(SECRET), object(),
]  # fmt: skip
# Names, which errors say: of files, as Python's own do, and of texts of the page.
NAMES = {"directory", "events", "source", "target", "page"}


def test_no_error_tells_what_was_given(calls: list[Call]) -> None:
    """Neither one about the wrong argument nor one about a right one beside it."""
    raised = set()
    hidden = {SECRET[-16:], *given(calls)}
    for call in calls:
        for name in call.arguments():
            if name in NAMES or name == "progress":
                continue
            for wrong in WRONG:
                try:
                    call(**{name: wrong})
                except Exception as error:  # noqa: BLE001  whatever it is
                    raised.add(type(error).__name__)
                    for text in told_by(error):
                        assert not any(secret in text for secret in hidden), (call, name, text)
    assert raised >= {"TypeError", "InvalidValue", "Refused", "Unreadable", "Unavailable"}


def test_a_wrong_passphrase_is_not_told(calls: list[Call]) -> None:
    by_passphrase = [call for call in calls if "passphrase" in call.arguments()]
    assert len(by_passphrase) == 4
    for call in by_passphrase:
        for wrong in (b"s3cr3t passphrase", "s3cr3t passphrase", b"s3cr3t" * 200):
            try:
                call(passphrase=wrong)
            except (portward.PortwardError, TypeError) as error:
                assert not any("s3cr3t" in text or "correct horse" in text for text in told_by(error)), call
            else:
                assert call.name in ("create", "seal"), call


def test_what_the_parts_for_frameworks_keep_of_a_request() -> None:
    request = Request("GET", f"/portal/{SECRET}", [("cookie", SECRET.encode())])
    for text in shown_by(request):
        assert SECRET not in text
    for copied in COPIED:
        with pytest.raises((TypeError, AttributeError)):
            copied(request)
    assert request.path.endswith(SECRET), "the control: what asks for it gets it"
