"""No call crashes the interpreter, and what it raises `except Exception` catches."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import portward
from conftest import TENANT

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


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_call_with_anything(data: st.DataObject) -> None:
    things = Things.made()
    thing = data.draw(st.sampled_from(things))
    names = [name for name in dir(thing) if not name.startswith("_") and name not in NEVER]
    name = data.draw(st.sampled_from(names))
    positional = data.draw(st.lists(odd(), max_size=5))
    keywords = data.draw(st.dictionaries(st.sampled_from(KEYWORDS), odd(), max_size=4))
    try:
        method = getattr(thing, name)
        if callable(method):
            method(*positional, **keywords)
    except portward.PortwardError as error:
        assert error.code != "internal", (thing, name, positional, keywords)
    except Exception:  # noqa: BLE001, S110  anything that can be caught is an answer
        pass


KEYWORDS = [
    "permissions", "passphrase", "audience", "skew", "at", "lifetime", "label", "uses_max", "expires_at", "resources", "recipient", "seal",
    "vocabulary", "client", "state", "after", "limit", "before", "kept", "backups_kept", "name", "id", "embedded", "threads", "progress",
    "x_more", "table", "column", "bits", "version", "rows", "distinct", "tenants", "this_update", "next_update", "highest", "max_staleness",
]
# What ends the things that the others need, or makes files.
NEVER = {"close", "create", "open", "recover", "seal_file", "open_file", "destroy", "destroy_tenant", "revoke_everything"}


class Things:
    """One of everything, and its class."""

    all: list[Any] = []

    @classmethod
    def made(cls) -> list[Any]:
        if not cls.all:
            import tempfile

            folder = tempfile.mkdtemp()
            keyring = portward.Keyring.generate()
            store = portward.Store.open(f"sqlite:{folder}/portal.db", keyring, create=True)
            keys = portward.KeyStore.open(f"sqlite:{folder}/keys.db", keyring, feed=store)
            keys.new_tenant(TENANT)
            link = store.issue(TENANT, "ada", {"files:read"})
            access = store.verify_link(str(link.token))
            portal = portward.Portal("https://portal.example")
            peek = portal.read("POST", "/portal/peek", [("content-type", b"application/x-www-form-urlencoded")], b"token=" + str(link.token).encode())
            assert isinstance(peek, portward.Exchange)
            scope = keys.scope(TENANT, "record:x")
            index = keys.scope(TENANT, "index:x").blind_index(table="t", column="c", bits=8)
            things = [
                keyring, keyring.deployment, keyring.roots[0], store, keys, link, access, portal, peek, scope, index, portward.Issuer(keyring),
                portward.Verifier.without_revocation(keyring), portward.Follower(keyring), portward.UntrustedLink(str(link.token)),
                store.list(TENANT), store.history(TENANT, link.id)[0], store.peek(str(link.token)), peek.run(store), portward,
            ]
            cls.all = things + [type(thing) for thing in things if thing is not portward]
        return cls.all


def test_files_with_anything(tmp_path: Path) -> None:
    things = Things.made()
    scope = next(thing for thing in things if isinstance(thing, portward.Scope))
    refused = 0
    for method in (scope.seal_file, scope.open_file, scope.open_range):
        for source in [*ODD, Hostile()]:
            for target in (Hostile(), tmp_path / "absent" / "x"):
                arguments = (source,) if method == scope.open_range else (source, target)
                try:
                    method(*arguments, name="n", id="1")
                except portward.PortwardError as error:
                    assert error.code != "internal"
                    refused += 1
                except Exception:  # noqa: BLE001
                    refused += 1
    assert refused > 100


def test_every_class_is_final_and_made_as_it_should_be() -> None:
    for name in portward.__all__:
        thing = getattr(portward, name)
        if not inspect.isclass(thing) or issubclass(thing, Exception):
            continue
        try:
            type("Sub", (thing,), {})
        except TypeError:
            pass
        else:
            raise AssertionError(f"{name} can be derived from")
        for method, value in vars(thing).items():
            assert method.startswith("_") or value.__doc__, f"{name}.{method} has no words"
    assert json.loads(portward.Deployment.generate().to_json())["format"] == "portward-deployment"
