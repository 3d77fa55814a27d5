"""A process forks while its threads are busy with requests: what the settings name is there in the child, too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import multiprocessing, sys, threading, time, warnings
import django
import portward
from django.conf import settings
from portward.http import Gate

warnings.simplefilter("ignore", DeprecationWarning)
keyring = portward.Keyring.generate()
store = portward.Store.open("sqlite:portal.db", keyring, create=True)
store.issue("t", "c", {"files:read"})
slow = threading.Event()

def gate():
    time.sleep(0.2 if slow.is_set() else 0)
    return Gate(portward.Portal("https://portal.example"), store)

def keys():
    return portward.KeyStore.open("sqlite:keys.db", keyring, feed=store, create=True)

settings.configure(PORTWARD_GATE="__main__.gate", PORTWARD_KEYS="__main__.keys", INSTALLED_APPS=["portward.django"])
django.setup()
from portward.django import conf

is_made = sys.argv[1] == "made"
conf.gate(), conf.keys()
if not is_made:
    slow.set()
over = threading.Event()

def work():
    while not over.is_set():
        if not is_made:
            conf.forget()
        conf.gate(), conf.keys()

def child():
    slow.clear()
    assert isinstance(conf.gate(), Gate) and conf.keys() is conf.keys()

for _ in range(3):
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
print(ends.count(0), sorted(set(map(str, ends))))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("moment", ["made", "being made"])
def test_a_child_is_not_locked_out_of_what_the_settings_name(tmp_path: Path, moment: str) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run([sys.executable, "program.py", moment], cwd=tmp_path, capture_output=True, text=True, timeout=400)
    assert (done.stdout, done.returncode) == ("20 ['0']\n", 0), done.stderr
