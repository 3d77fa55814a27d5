"""Pre-fork servers: no id or nonce twice, and whatever is open is opened again in the child."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import portward
from conftest import TENANT, redeemed, run_python
from databases import Databases

InChild = Callable[[Callable[[], object]], None]


def test_a_child_opens_its_own(store: portward.Store, keys: portward.KeyStore, in_child: InChild) -> None:
    link = store.issue(TENANT, "ada", {"files:read"})
    scope = keys.scope(TENANT, "record:notes")
    sealed = scope.seal(b"text", name="notes.text", id="1")

    def work() -> None:
        assert not store.is_open
        assert store.verify_link(str(link.token)).client == "ada" and store.is_open
        assert scope.open(sealed, name="notes.text", id="1") == b"text"
        store.revoke_link(TENANT, link.id)

    assert store.is_open
    in_child(work)
    deadline = time.monotonic() + 20
    with pytest.raises(portward.Refused):
        while time.monotonic() < deadline:
            store.verify_link(str(link.token))
            time.sleep(0.01)
    assert scope.open(sealed, name="notes.text", id="1") == b"text"


def test_no_id_and_no_nonce_twice(keyring: portward.Keyring, store: portward.Store, keys: portward.KeyStore) -> None:
    notes = keys.scope(TENANT, "record:notes")
    notes.seal(b"text", name="notes.text", id="1")
    issuer, link = portward.Issuer(keyring), str(store.issue(TENANT, "ada", {"files:read"}).token)
    issuer.issue_link(TENANT, "ada", {"files:read"})
    reading, writing = os.pipe()
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            try:
                ids = [issuer.issue_link(TENANT, "ada", {"files:read"}).id for _ in range(20)]
                peeked = [store.peek(link) for _ in range(20)]
                sealed = [notes.seal(b"text", name="notes.text", id="1").hex() for _ in range(20)]
                lines = ids + sealed + [one.nonce for one in peeked] + [one.cookie for one in peeked]
                os.write(writing, "".join(f"{line}\n" for line in lines).encode())
                os._exit(0)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)  # the child must not go on with the parent's tests
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    os.close(writing)
    with open(reading) as pipe:
        lines = pipe.read().split()
    assert len(lines) == 4 * 80 == len(set(lines))


def test_a_fork_that_nobody_was_told_of_is_refused(databases: Databases, tmp_path: Path) -> None:
    source = """
import ctypes, os, sys, portward
keyring = portward.Keyring.generate()
store = portward.Store.open(sys.argv[1], keyring, create=True)
link = store.issue("t", "c", {"files:read"})
child = ctypes.CDLL(None).fork()
if child == 0:
    try:
        store.issue("t", "c", {"files:read"})
    except portward.Unavailable as error:
        os._exit(7 if error.code == "forked" else 1)
    os._exit(0)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
store.issue("t", "c", {"files:read"})
print(status)
"""
    done = run_python(source, databases.place("portal"), folder=tmp_path)
    assert (done.stdout, done.stderr) == ("7\n", "")


BESIDE = """
import multiprocessing, threading, warnings
import portward
warnings.simplefilter("ignore", DeprecationWarning)
keyring = portward.Keyring.generate()
store = portward.Store.open("sqlite:portal.db", keyring, create=True)
{made}
done, over = [0], threading.Event()

def work():
    while not over.is_set():
        {work}
        done[0] += 1

def child():
    {child}

threading.Thread(target=work).start()
ends = []
for _ in range(20):
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    ends.append(process.exitcode)
    if process.exitcode is None:
        process.kill()
        process.join()
        break
over.set()
print(ends.count(0), sorted(set(map(str, ends))), done[0] > 20)
"""


def beside(folder: Path, **parts: str) -> str:
    """Forks while another thread works, and says how the children ended."""
    parts = {name: text.strip().replace("\n", "\n" + {"made": "", "work": 8 * " ", "child": 4 * " "}[name]) for name, text in parts.items()}
    return run_python(BESIDE.format(**parts), folder=folder).stdout


def test_a_child_is_not_locked_out_of_a_follower_whose_parent_accepts(tmp_path: Path) -> None:
    made = """
for number in range(300):
    store.revoke_client("t", f"client-{number}")
follower = portward.Follower(keyring)
answer = store.answer(follower.request())
"""
    work = """
try:
    follower.accept(answer)
except portward.InputError:
    pass
"""
    child = "assert follower.accept(store.answer(follower.request())) == follower.highest"
    assert beside(tmp_path, made=made, work=work, child=child) == "20 ['0'] True\n"


def test_a_range_is_refused_in_a_child_and_goes_on_in_its_parent(tmp_path: Path) -> None:
    made = """
keys = portward.KeyStore.open("sqlite:keys.db", keyring, feed=store, create=True)
keys.new_tenant("t")
scope = keys.scope("t", "file:x")
open("sealed", "wb").write(scope.seal(bytes(range(250)) * 4000, name="f", id="1"))
ranges = [scope.open_range(source, name="f", id="1") for source in ("sealed", open("sealed", "rb"))]
"""
    work = "assert [one.read(500_000, 500) for one in ranges] == [bytes(range(250)) * 2] * 2"
    child = """
for one in ranges:
    try:
        one.read(0, 10)
    except portward.Unavailable as error:
        assert error.code == "forked" and one.length == 1_000_000
    else:
        raise AssertionError("it was read")
    one.close()
assert scope.open_range("sealed", name="f", id="1").read(250, 2) == b"\\0\\1"
"""
    assert beside(tmp_path, made=made, work=work, child=child) == "20 ['0'] True\n"


SERVER = """
import os
import time

import portward

keyring = portward.Keyring.open("keys")
store = portward.Store.open(os.environ["STORE"], keyring)
store.list("studio-7")


def application(environ, start_response):
    path, token = environ["PATH_INFO"], environ.get("HTTP_X_TOKEN", "")
    try:
        if path == "/revoke":
            store.revoke_link("studio-7", token)
        else:
            store.verify_session(token)
        status = "200 OK"
    except portward.Refused:
        status = "403 Forbidden"
    time.sleep(0.2)  # busy, so that what comes meanwhile is another's
    start_response(status, [("x-worker", str(os.getpid()))])
    return [b""]
"""

DJANGO = """
import os
import time

import django
import portward
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="tests",
    ROOT_URLCONF="server",
    INSTALLED_APPS=["portward.django"],
    MIDDLEWARE=["portward.django.middleware.PortalMiddleware"],
    PORTWARD_GATE="server.gate",
)
django.setup()

from portward.django.decorators import session_required
from portward.http import Gate

store = portward.Store.open(os.environ["STORE"], portward.Keyring.open("keys"))
gate = Gate(portward.Portal("https://portal.example"), store)


@session_required("files:read")
def home(request):
    return HttpResponse(request.access.client)


def revoke(request):
    store.revoke_link("studio-7", request.headers["x-token"])
    return HttpResponse()


urlpatterns = [path("", home), path("revoke", revoke)]
served = get_wsgi_application()


def application(environ, start_response):
    time.sleep(0.2)  # busy, so that what comes meanwhile is another's
    worker = ("x-worker", str(os.getpid()))
    return served(environ, lambda status, headers, *more: start_response(status, [*headers, worker], *more))
"""


@pytest.fixture
def begun(databases: Databases, tmp_path: Path) -> Iterator[portward.Store]:
    """What the server opens."""
    with portward.Store.open(databases.place("portal"), portward.Keyring.create(tmp_path / "keys"), create=True) as store:
        yield store


@pytest.fixture(params=[SERVER, DJANGO], ids=["plain", "django"])
def server(begun: portward.Store, databases: Databases, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str, str], tuple[int, str]]]:
    """gunicorn --preload with 4 workers: sends a request, and returns status and worker."""
    (tmp_path / "server.py").write_text(request.param)
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers=4", "--bind=127.0.0.1:0", "server:application"]
    environment = os.environ | {"STORE": databases.place("portal")}
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    port = None
    for line in process.stderr:
        if found := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line):
            port = int(found[1])
            break
    assert port is not None, "gunicorn does not start"

    def send(path: str, token: str) -> tuple[int, str]:
        asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"X-Token": token, "Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return answer.status, answer.headers["x-worker"]
        except urllib.error.HTTPError as error:
            return error.code, error.headers["x-worker"]

    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield send
    process.send_signal(signal.SIGTERM)
    process.wait(60)


def test_revoked_in_one_worker_is_refused_in_all(begun: portward.Store, server: Callable[[str, str], tuple[int, str]]) -> None:
    # Within a second, in one of five tries at least: others compute here, too.
    assert any(in_time(begun, server) for _ in range(5))


def in_time(begun: portward.Store, server: Callable[[str, str], tuple[int, str]]) -> bool:
    """Whether that took a second at most; in the end it is so in any case."""
    link = begun.issue(TENANT, "ada", {"files:read"})
    session = redeemed(begun, str(link.token))
    assert by_all_workers(server, session.token) == {200}
    assert server("/revoke", link.id)[0] == 200
    time.sleep(1)
    found, until = [by_all_workers(server, session.token)], time.monotonic() + 20
    while found[-1] != {403}:
        assert time.monotonic() < until, found
        found.append(by_all_workers(server, session.token))
    return len(found) == 1


def by_all_workers(send: Callable[[str, str], tuple[int, str]], token: str) -> set[int]:
    """What the four answer, asked at once until each of them has answered."""
    workers, statuses = set(), set()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(50):
            for status, worker in pool.map(lambda _: send("/", token), range(8)):
                statuses.add(status)
                workers.add(worker)
            if len(workers) == 4:
                return statuses
    raise AssertionError(f"only {len(workers)} workers were met")
