"""The README's Django is written into files, and run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"

ELSE = """
SECRET_KEY = "tests"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "portal.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "app.db"}}
"""
STORY = """
import os, portward
keyring = portward.Keyring.create("keys", passphrase=b"correct horse")
portward.Store.open("sqlite:portal.db", keyring, create=True).close()
portward.KeyStore.open("sqlite:keys.db", keyring, feed=None, create=True).close()
os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
import django; django.setup()
from django.core.management import call_command
from django.test import Client
from portal import services
from portal.models import Invoice
call_command("check", fail_level="WARNING")
call_command("migrate", run_syncdb=True, verbosity=0)
services.keys().new_tenant("studio-7")
Invoice.objects.create(tenant="studio-7", notes="due in May", email="Ann@example.org")
link = services.store().issue("studio-7", "ada", {"invoices:read"})
peeked = services.store().peek(link.token)
bearer = {"authorization": f"Bearer {services.store().redeem(link.token, peeked.cookie, peeked.nonce).token}"}
assert Client().get("/portal/", headers=bearer).json() == {"client": "ada"}
assert Client().get("/portal/invoices/ann@example.org", headers=bearer).json() == ["due in May"]
assert Client().get("/portal/invoices/bob@example.org", headers=bearer).json() == []
assert Client().get("/portal/").status_code == 403
services.store().revoke_link("studio-7", link.id)
assert Client().get("/portal/", headers=bearer).status_code == 403
assert b"due in May" not in open("app.db", "rb").read()
print("done")
"""


def test_the_django_of_the_readme(tmp_path: Path) -> None:
    files = dict(re.findall(r"```py\n# (\S+)\n(.*?)```", README.read_text(), re.S))
    assert [Path(name).stem for name in files] == ["settings", "services", "models", "urls"]
    (tmp_path / "portal").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text + (ELSE if "settings" in name else ""))
    done = subprocess.run([sys.executable, "-c", STORY], cwd=tmp_path, capture_output=True, text=True, timeout=400)
    assert done.stdout.endswith("done\n"), done.stderr
