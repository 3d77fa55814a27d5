"""Every exception of the package that a test brings about: its code is one of the core's, and its class what the core says of that code."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

import core
import portward

CODES = core.codes()
# What has no code in Rust, as no mistake there is known.
CODES["internal"] = {"PortwardError"}
# Of wrong values that only Python can give, of the ready part for AWS KMS, and of the parts for frameworks: for a guard, what an address lacks is no mistake of the caller's.
OWN = {
    "aws_kms_key_id": {"InvalidValue"},
    "index_apart": {"InvalidValue"},
    "number_out_of_range": {"InvalidValue"},
    "path_nul": {"InvalidValue"},
    "plaintext_refused": {"InvalidValue"},
    "range_in_use": {"InvalidValue"},
    "read_too_long": {"InvalidValue"},
    "resource_missing": {"Refused"},
    "text_surrogate": {"InvalidValue", "Refused"},
    "text_not_utf8": {"Unreadable"},
    "threads_zero": {"InvalidValue"},
    "time_zone_missing": {"InvalidValue"},
    "wrong_row": {"InvalidValue"},
}
PUBLIC = {"damaged", "refused", "unavailable"}

RAISED: list[portward.PortwardError] = []


def wrongly_raised(errors: list[portward.PortwardError]) -> list[portward.PortwardError]:
    return [error for error in errors if not is_right(error)]


def is_right(error: portward.PortwardError) -> bool:
    names = {one.__name__ for one in type(error).__mro__}
    # Whatever a value is wrong about, the caller is to blame who gave it as an argument.
    of_argument = "InvalidValue" in names and re.match(r"\w+: ", str(error)) is not None
    known = bool(names & CODES.get(error.code, OWN.get(error.code, set()))) or (error.code in CODES and of_argument)
    return known and error.public in PUBLIC


def frames_of(error: BaseException) -> str:
    """What a reporter of errors writes down, with the variables of every frame below the one that caught it, and of all causes."""
    traceback_of = error.__traceback__
    below = error.with_traceback(traceback_of.tb_next if traceback_of else None)
    text = "".join(traceback.TracebackException.from_exception(below, capture_locals=True).format())
    error.__traceback__ = traceback_of
    return text + "".join(repr(vars(one)) + repr(one.args) for one in (error, error.__cause__, error.__context__) if one is not None)


@pytest.fixture(autouse=True, scope="session")
def _listen() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        made = portward.PortwardError.__init__

        def listening(self: portward.PortwardError, *arguments: Any, **named: Any) -> None:
            made(self, *arguments, **named)
            RAISED.append(self)

        patch.setattr(portward.PortwardError, "__init__", listening)
        yield


@pytest.fixture(autouse=True)
def _raised_rightly(_listen: None) -> Iterator[None]:
    RAISED.clear()
    yield
    wrong = {(type(error).__name__, error.code, error.public, str(error)) for error in wrongly_raised(RAISED)}
    assert not wrong, "bindings/codes.txt says otherwise"
