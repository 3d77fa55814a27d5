"""Replays testkit/vectors/http.json through each framework with its own test client. Every case, by equality."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .frameworks import APPLICATION, FRAMEWORKS, Asked
from .vectors import CASES, body_of, gate_of, name_of, told

DECODED = "a server that tells the decoded path only hides that there was an escape"
LOST_SLASH = "decoded, the escaped slash parts the path, which is then the application's"

# (framework, case): why it cannot be put to it. Each is run, and has to fail.
NOT_EXPRESSIBLE = {
    ("django-decoded", "take/damaged-escape-letter"): DECODED,
    ("django-decoded", "take/damaged-escape-first"): DECODED,
    ("django-decoded", "take/damaged-escape-middle"): DECODED,
    ("django-decoded", "take/damaged-escape-slash"): LOST_SLASH,
    ("django-decoded", "take/damaged-escape-slash-redeem"): LOST_SLASH,
    ("django-decoded", "path/token-escaped"): DECODED,
    ("django-decoded", "path/token-escaped-underscore"): DECODED,
}


def pairs() -> Iterator[object]:
    for framework in FRAMEWORKS:
        for case in CASES:
            reason = NOT_EXPRESSIBLE.get((framework, name_of(case)))
            marks = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]
            yield pytest.param(framework, case, id=f"{framework}-{name_of(case)}", marks=marks)


@pytest.mark.parametrize(("framework", "case"), list(pairs()))
def test_case(framework: str, case: dict[str, Any]) -> None:
    gate, behind = gate_of(case)
    asked, expect = case["request"], case["expect"]
    host = case["origin"] if case["origin"].startswith("http://") else "https://portal.example"
    session = case["op"] == "http_session"
    status, headers, body = FRAMEWORKS[framework](
        gate, Asked(asked["method"], asked["target"], asked["headers"], body_of(asked["body"]), host, session)
    )
    assert not behind.asked_for_nothing, "the store is not to be asked"
    if session:
        assert _session(status, headers) == expect
    elif expect.get("ok") == "application":
        assert (status, body) == (200, APPLICATION)
    else:
        assert told(status, headers, body, expect) == expect


def test_every_exception_names_a_case() -> None:
    names = {name_of(case) for case in CASES}
    assert {case for _, case in NOT_EXPRESSIBLE} <= names
    assert {framework for framework, _ in NOT_EXPRESSIBLE} <= set(FRAMEWORKS)


def _session(status: int, headers: list[tuple[str, str]]) -> dict[str, Any]:
    if status == 200:
        return {"ok": json.loads(dict(headers)["x-told"])}
    return {"error": {400: "damaged", 403: "refused"}[status]}
