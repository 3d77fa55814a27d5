"""What somebody tried against this package, and a control beside each."""

from __future__ import annotations

import array
import base64
import errno
import io
import os
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import portward
from conftest import TENANT, run_python
from databases import Databases

LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)


def test_forks_beside_a_thread_that_verifies(tmp_path: Path) -> None:
    source = """
import multiprocessing, threading, warnings
import portward
warnings.simplefilter("ignore", DeprecationWarning)
keyring = portward.Keyring.generate()
store = portward.Store.open("sqlite:portal.db", keyring, create=True)
token = store.issue("t", "c", {"files:read"}).token
errors, verified, over = [], [0], threading.Event()

def verify():
    while not over.is_set():
        try:
            store.verify_link(token)
            verified[0] += 1
        except Exception as error:
            errors.append(repr(error))

def child():
    store.verify_link(token)
    store.list("t")

threading.Thread(target=verify).start()
ends = []
for _ in range(60):
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    ends.append(process.exitcode)
    if process.exitcode is None:
        process.kill()
        process.join()
        break
over.set()
print(ends.count(0), sorted(set(ends)), errors[:3], verified[0] > 60)
"""
    done = run_python(source, folder=tmp_path)
    assert (done.stdout, done.stderr) == ("60 [0] [] True\n", "")


def test_a_child_elsewhere_opens_the_same_files(tmp_path: Path) -> None:
    source = """
import os, portward
keyring = portward.Keyring.generate()
store = portward.Store.open("sqlite:portal.db", keyring, create=True, events="events.jsonl")
keys = portward.KeyStore.open("sqlite:keys.db", keyring, feed=store, create=True)
keys.new_tenant("t")
scope = keys.scope("t", "record:x")
sealed = scope.seal(b"text", name="n", id="1")
link = store.issue("t", "c", {"files:read"})
os.mkdir("elsewhere")
os.chdir("elsewhere")

def work():
    assert store.verify_link(link.token).client == "c"
    assert scope.open(sealed, name="n", id="1") == b"text"
    store.issue("t", "d", {"files:read"})
    try:
        keys.new_tenant("t")
    except portward.PortwardError as error:
        assert error.code == "key_exists", error.code

child = os.fork()
if child == 0:
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
work()
print(status, os.listdir("."), sorted(name for name in os.listdir("..") if "-" not in name))
"""
    done = run_python(source, folder=tmp_path)
    assert (done.stdout, done.stderr) == ("0 [] ['elsewhere', 'events.jsonl', 'keys.db', 'portal.db']\n", "")


def test_a_key_store_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    source = """
import os, portward
keys = portward.KeyStore.open("sqlite:keys.db", portward.Keyring.generate(), feed=None, create=True)
keys.new_tenant("t")

def code():
    child = os.fork()
    if child == 0:
        try:
            keys.new_tenant("u")
        except portward.PortwardError as error:
            os.write(1, error.code.encode() + b" ")
        os._exit(0)
    os.waitpid(child, 0)

os.rename("keys.db", "kept")
code()
assert os.listdir(".") == ["kept"]
os.rename("kept", "keys.db")
keys.new_tenant("u")
code()
"""
    done = run_python(source, folder=tmp_path)
    assert (done.stdout, done.stderr) == ("store_uninitialised key_exists ", "")


def test_a_fork_past_the_hooks_grants_for_a_moment_at_most(tmp_path: Path) -> None:
    source = """
import ctypes, os, time, portward
keyring = portward.Keyring.generate()
store = portward.Store.open("sqlite:portal.db", keyring, create=True)
token = store.issue("t", "c", {"files:read"}).token
store.verify_link(token)
child = ctypes.CDLL(None).fork()
if child == 0:
    started = time.monotonic()
    while time.monotonic() < started + 10:
        try:
            store.verify_link(token)
        except portward.Unavailable as error:
            os._exit(7 if error.code == "forked" and time.monotonic() < started + 8 else 1)
    os._exit(2)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
time.sleep(0.2)
print(status, store.verify_link(token).client)
"""
    done = run_python(source, folder=tmp_path)
    assert (done.stdout, done.stderr) == ("7 c\n", "")


def test_a_second_interpreter_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("_xxsubinterpreters")
    source = """
import _xxsubinterpreters, portward
other = _xxsubinterpreters.create()
try:
    _xxsubinterpreters.run_string(other, "import json\\nimport portward")
except _xxsubinterpreters.RunFailedError as error:
    print(error)
_xxsubinterpreters.run_string(other, "import json")
try:
    portward.UntrustedLink("pwl_")
except portward.Refused as error:
    print(error.public)
"""
    done = run_python(source, folder=tmp_path)
    assert "ImportError" in done.stdout and "another interpreter" in done.stdout and done.stdout.endswith("\ndamaged\n"), done


def test_a_keyring_in_the_clear_is_not_taken_for_the_sealed_one(tmp_path: Path) -> None:
    keyring = portward.Keyring.create(tmp_path / "keys", passphrase=b"correct")
    assert portward.Keyring.open(tmp_path / "keys", passphrase=b"correct").deployment.id == keyring.deployment.id
    planted = portward.Keyring.generate(keyring.deployment)
    (tmp_path / "keys" / "keyring.sealed.json").unlink()
    (tmp_path / "keys" / "keyring.json").touch(mode=0o600)
    (tmp_path / "keys" / "keyring.json").write_bytes(planted.export_in_clear())
    for passphrase in (b"correct", b"wrong"):
        with pytest.raises(portward.InvalidValue) as refused:
            portward.Keyring.open(tmp_path / "keys", passphrase=passphrase)
        assert refused.value.code == "keyring_lock"
    assert portward.Keyring.open(tmp_path / "keys").roots[0].id == planted.roots[0].id


class Source(io.BytesIO):
    """Calls back once before it reads."""

    before: Callable[[], object] | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        before, self.before = self.before, None
        if before is not None:
            before()
        return super().read(size)


@pytest.fixture
def scope(keys: portward.KeyStore) -> portward.Scope:
    return keys.scope(TENANT, "file:x")


@pytest.fixture
def sealed(scope: portward.Scope) -> bytes:
    return scope.seal(bytes(100_000), name="f", id="1")


def test_a_range_is_not_entered_twice(scope: portward.Scope, sealed: bytes) -> None:
    source = Source(sealed)
    opened = scope.open_range(source, name="f", id="1")
    source.before = lambda: opened.read(0, 10)
    with pytest.raises(portward.InvalidValue) as entered:
        opened.read(50_000, 10)
    assert entered.value.code == "range_in_use"
    source.before = lambda: opened.close()
    with pytest.raises(portward.InvalidValue, match="asks for the same"):
        opened.read(50_000, 10)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda at: opened.read(at * 1_000, 10), range(90))) == {bytes(10)}


def test_a_range_outlives_a_source_that_fails_once(scope: portward.Scope, sealed: bytes) -> None:
    def fail() -> None:
        raise TimeoutError("network")

    source = Source(sealed)
    opened = scope.open_range(source, name="f", id="1")
    source.before = fail
    with pytest.raises(TimeoutError, match="network"):
        opened.read(50_000, 5)
    assert opened.read(50_000, 5) == opened.read(0, 5) == bytes(5)


def test_a_link_from_the_end_of_time_can_be_looked_at(store: portward.Store) -> None:
    token = str(store.issue(TENANT, "ada", {"files:read"}).token)
    honest = portward.UntrustedLink(token)
    raw = base64.urlsafe_b64decode(token[4:] + "=" * (-len(token[4:]) % 4))[:-4]
    for at, crafted_at in ((honest.issued_at, 2**40 - 2), (honest.expires_at, 2**40 - 1)):
        old = int(at.timestamp()).to_bytes(5, "big")
        assert raw.count(old) == 1
        raw = raw.replace(old, crafted_at.to_bytes(5, "big"))
    raw += zlib.crc32(b"pwl_" + raw).to_bytes(4, "big")
    crafted = portward.UntrustedLink("pwl_" + base64.urlsafe_b64encode(raw).decode().rstrip("="))
    assert crafted.issued_at == crafted.expires_at == LAST and crafted.client == "ada"
    assert honest.expires_at < LAST


def test_what_is_destroyed_says_so(keys: portward.KeyStore) -> None:
    for kept in (2**40 + 1, 2**63):
        with pytest.raises(portward.InvalidValue, match="backups_kept") as refused:
            keys.destroy_tenant(TENANT, backups_kept=kept)
        assert refused.value.code == "time_out_of_range"
    assert keys.rotate_tenant(TENANT) == 2, "nothing was destroyed"
    assert keys.destroy_tenant(TENANT, backups_kept=2**39).complete_at == LAST


def test_ctrl_c_ends_the_sealing_of_a_file(tmp_path: Path) -> None:
    source = """
import os, signal, threading, time, portward
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may have left it ignored
keys = portward.KeyStore.open("sqlite:keys.db", portward.Keyring.generate(), feed=None, create=True)
keys.new_tenant("t")
scope = keys.scope("t", "file:x")
for name, length in (("small", 100_000), ("large", 8_000_000_000)):
    with open(name, "wb") as file:
        file.truncate(length)
assert scope.seal_file("small", "small.sealed", name="f", id="1") == 100_000
started = time.monotonic()
try:
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    scope.seal_file("large", "large.sealed", name="f", id="1")
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - started < 30, sorted(n for n in os.listdir() if "sealed" in n or n.startswith(".")))
"""
    done = run_python(source, folder=tmp_path)
    assert (done.stdout, done.stderr) == ("interrupted True ['small.sealed']\n", "")


def test_permissions_are_names_and_some(store: portward.Store, keyring: portward.Keyring) -> None:
    makers: list[Callable[[Any], object]] = [
        lambda permissions: store.issue(TENANT, "ada", permissions),
        lambda permissions: portward.Issuer(keyring).issue_link(TENANT, "ada", permissions),
    ]
    for make in makers:
        for mapping in ({"files:read": False}, {}, os.environ):
            with pytest.raises(TypeError, match="^permissions: a mapping"):
                make(mapping)
        for nothing in (set(), [], ()):
            with pytest.raises(ValueError, match="^permissions: ") as refused:
                make(nothing)
            assert isinstance(refused.value, portward.InvalidValue) and refused.value.code == "nothing_granted"
        make({"files:read"})
        make(["files:read"])


def test_a_short_follow_is_not_none_at_all(
    keyring: portward.Keyring, store: portward.Store, databases: Databases
) -> None:
    location = databases.place("portal")
    with (
        portward.Store.open(location, keyring, follow=0.0004) as follows,
        portward.Store.open(location, keyring, follow=0) as never,
    ):
        stamp = store.revoke_client(TENANT, "ada")
        deadline = time.monotonic() + 20
        while not follows.is_at_least(stamp) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert follows.is_at_least(stamp) and not never.is_at_least(stamp)


def test_any_buffer_can_be_sealed_and_opened(scope: portward.Scope) -> None:
    of = {"name": "f", "id": "1"}
    given: list[Any] = [b"text", bytearray(b"text"), memoryview(b"text"), memoryview(b"t_e_x_t_")[::2], array.array("B", b"text")]
    for plaintext in given:
        sealed = scope.seal(plaintext, **of)
        objects: list[Any] = [sealed, bytearray(sealed), memoryview(sealed)]
        assert [scope.open(held, **of) for held in objects] == [b"text"] * 3


def test_half_of_a_surrogate_pair_is_no_token_and_so_refused(keyring: portward.Keyring, store: portward.Store) -> None:
    """JSON can bring one; a visitor's text is no mistake of the program's."""
    link = str(store.issue(TENANT, "42", {"files:read"}).token)
    peeked = store.peek(link)
    verifier, half = portward.Verifier.without_revocation(keyring), link[:20] + "\ud800"
    calls: list[Callable[[], object]] = [
        lambda: store.verify_link(half), lambda: store.verify_session(half), lambda: store.peek(half), lambda: store.peek(link, half),
        lambda: store.redeem(half, peeked.cookie, peeked.nonce), lambda: store.redeem(link, half, peeked.nonce),
        lambda: store.redeem(link, peeked.cookie, half), lambda: store.renew(half), lambda: verifier.verify_link(half),
        lambda: verifier.verify_session(half), lambda: portward.UntrustedLink(half),
    ]
    for call in calls:
        with pytest.raises(portward.Refused) as refused:
            call()
        assert refused.value.public == "damaged"
    for of_caller in (lambda: store.issue(TENANT, half, {"files:read"}), lambda: store.edit(TENANT, "0" * 32, label=half)):
        with pytest.raises(portward.InvalidValue, match="^(client|label): ") as wrong:
            of_caller()
        assert wrong.value.code == "text_surrogate" and half not in repr(wrong.value.args)
    with pytest.raises(TypeError, match="token"):
        store.verify_link(None)  # type: ignore[arg-type]
    assert store.redeem(link, peeked.cookie, peeked.nonce), "the control"


def test_a_misspelt_key_store_is_not_begun(keyring: portward.Keyring, tmp_path: Path) -> None:
    place = f"sqlite:{tmp_path}/keys.db"
    with pytest.raises(portward.Unavailable) as absent:
        portward.KeyStore.open(place, keyring, feed=None)
    assert absent.value.code == "store_uninitialised" and os.listdir(tmp_path) == []
    portward.KeyStore.open(place, keyring, feed=None, create=True).close()
    with portward.KeyStore.open(place, keyring, feed=None) as keys:
        keys.new_tenant(TENANT)


def test_one_file_is_one_store(keyring: portward.Keyring, tmp_path: Path) -> None:
    place = f"sqlite:{tmp_path}/portal.db"
    portward.Store.open(place, keyring, create=True).close()
    for create in (False, True):
        with pytest.raises(portward.Unavailable) as taken:
            portward.KeyStore.open(place, keyring, feed=None, create=create)
        assert taken.value.code == "store_newer"
    with portward.Store.open(place, keyring) as store:
        with pytest.raises(portward.Unavailable, match="for something else") as taken:
            portward.KeyStore.open(place, keyring, feed=store)
        assert taken.value.code == "store_newer", "and not that the database is busy"
        store.issue(TENANT, "ada", {"files:read"})


def test_what_cannot_be_opened_says_why(keyring: portward.Keyring, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database " * 100)
    (tmp_path / "text.db").chmod(0o600)
    for place, why in (
        (f"sqlite:{tmp_path}/absent/portal.db", "no such file or folder"), (f"sqlite:{tmp_path}/text.db", "no database"),
        ("postgres://me:s3cr3t@127.0.0.1:1/portal", "Connection refused"),
    ):  # fmt: skip
        opens: list[Callable[[], object]] = [lambda: portward.Store.open(place, keyring, create=True)]
        if place.startswith("sqlite:"):  # a server is tried for 5 seconds
            opens.append(lambda: portward.KeyStore.open(place, keyring, feed=None, create=True))
        for open_it in opens:
            with pytest.raises(portward.Unavailable, match=why) as failed:
                open_it()
            assert failed.value.code == "store_unavailable" and "s3cr3t" not in str(failed.value)


def test_memory_is_no_place_for_a_store(keyring: portward.Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    opens: list[Callable[[], object]] = [
        lambda: portward.Store.open("sqlite::memory:", keyring, create=True),
        lambda: portward.KeyStore.open("sqlite::memory:", keyring, feed=None, create=True),
    ]
    for open_it in opens:
        with pytest.raises(portward.InvalidValue, match="^location: .*memory") as refused:
            open_it()
        assert refused.value.code == "store_location"
    assert os.listdir(tmp_path) == []


def test_none_is_not_one(store: portward.Store) -> None:
    link = store.issue(TENANT, "ada", {"files:read"})
    asks: list[Callable[[int], Any]] = [
        lambda limit: store.list(TENANT, limit=limit).links, lambda limit: store.history(TENANT, link.id, limit=limit)]  # fmt: skip
    for ask in asks:
        with pytest.raises(portward.InvalidValue, match="^limit: ") as refused:
            ask(0)
        assert refused.value.code == "limit_zero" and len(ask(1)) == len(ask(2**32 - 1)) == 1


def test_permissions_are_narrowed_in_the_words_of_a_vocabulary(keyring: portward.Keyring) -> None:
    held = portward.UntrustedLink(portward.Issuer(keyring).issue_link(TENANT, "ada", {"files:read", "files:upload"}).token)
    with pytest.raises(TypeError, match="^vocabulary: is needed"):
        held.narrow(permissions={"files:read"})
    assert held.narrow(permissions={"files:read"}, vocabulary=keyring.deployment.permissions) and held.narrow(resources={"file-1"})


def test_a_path_fails_as_it_does_for_open(scope: portward.Scope, tmp_path: Path) -> None:
    of: dict[str, Any] = {"name": "f", "id": "1"}
    plain, absent, folder = tmp_path / "plain", tmp_path / "absent", tmp_path / "no" / "folder"
    plain.write_bytes(b"text")
    works: list[tuple[type[OSError], Path, Callable[[], object]]] = [
        (FileNotFoundError, absent, lambda: scope.seal_file(absent, io.BytesIO(), **of)),
        (FileNotFoundError, absent, lambda: scope.open_range(absent, **of)),
        (FileNotFoundError, folder, lambda: scope.seal_file(plain, folder, **of)),
        (FileExistsError, plain, lambda: scope.seal_file(plain, plain, **of)),
    ]
    for kind, path, work in works:
        with pytest.raises(kind) as failed:
            work()
        ours = (failed.value.errno, failed.value.strerror, str(failed.value.filename))
        code = errno.EEXIST if kind is FileExistsError else errno.ENOENT
        assert ours == (code, os.strerror(code), str(path))
    assert scope.seal_file(plain, io.BytesIO(), **of) == 4


def test_a_directory_that_is_not_there_or_there_already_is_unavailable(tmp_path: Path) -> None:
    """As the README says: no `OSError`, which files to seal or open are."""
    there = tmp_path / "keys"
    portward.Keyring.create(there, passphrase=b"correct horse")
    assert portward.Keyring.open(there, passphrase=b"correct horse")
    works: list[tuple[str, Callable[[], object]]] = [
        ("file_missing", lambda: portward.Keyring.open(tmp_path / "absent", passphrase=b"correct horse")),
        ("file_exists", lambda: portward.Keyring.create(there, passphrase=b"correct horse")),
    ]
    for code, work in works:
        with pytest.raises(portward.Unavailable) as failed:
            work()
        assert failed.value.code == code


def test_true_is_no_number(store: portward.Store, scope: portward.Scope, keys: portward.KeyStore, keyring: portward.Keyring) -> None:
    link = store.issue(TENANT, "ada", {"files:read"})
    of: dict[str, Any] = {"name": "f", "id": "1"}
    sealed, index = scope.seal(b"text", **of), keys.scope(TENANT, "index:t.c")
    asks: dict[str, Callable[[Any], object]] = {
        "uses_max": lambda number: store.issue(TENANT, "ada", {"files:read"}, uses_max=number),
        "limit": lambda number: store.list(TENANT, limit=number),
        "before": lambda number: store.history(TENANT, link.id, before=number),
        "bits": lambda number: index.blind_index(table="t", column="c", bits=number),
        "version": lambda number: index.blind_index(table="t", column="c", bits=8, version=number),
        "threads": lambda number: scope.seal_file(io.BytesIO(b"text"), io.BytesIO(), threads=number, **of),
        "rows": lambda number: portward.index_bits(rows=number, distinct=1, even_if_few=True),
        "other_bits": lambda number: portward.index_bits(rows=2**16, distinct=2**16, other_bits=number),
        "max_staleness": lambda number: portward.Follower(keyring, max_staleness=number),
        "skew": lambda number: portward.Follower(keyring, skew=number),
        "lifetime": lambda number: store.issue(TENANT, "ada", {"files:read"}, lifetime=number),
        "length": lambda number: scope.open_range(io.BytesIO(sealed), **of).read(0, number),
        "offset": lambda number: scope.open_range(io.BytesIO(sealed), **of).read(number, 1),
    }
    for name, ask in (*asks.items(), ("uses_max", lambda number: store.edit(TENANT, link.id, uses_max=number))):
        ask(1)
        for wrong in (True, False):
            with pytest.raises(TypeError, match=f"^{name}: 'bool' object is not "):
                ask(wrong)
    assert store.edit(TENANT, link.id, uses_max=None).uses_max is None


def test_a_length_of_time_that_is_not_0_does_not_become_0(keyring: portward.Keyring) -> None:
    link = portward.Issuer(keyring).issue_link(TENANT, "ada", {"files:read"}).token
    before = portward.Verifier.without_revocation(keyring).verify_link(link).issued_at - timedelta(seconds=1)

    def verify(skew: timedelta | int) -> portward.Access:
        return portward.Verifier.without_revocation(keyring, skew=skew).verify_link(link, at=before)

    assert verify(timedelta(seconds=0.9)).client == verify(1).client == "ada"
    for none in (0, timedelta(0)):
        with pytest.raises(portward.Refused):
            verify(none)
