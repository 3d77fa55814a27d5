"""A deployment that the command made, and both ways to its objects: the command's, and this reference's."""

import json
import os
import random
import sqlite3
import subprocess
from dataclasses import dataclass

from portward_ref import envelope, files, keystore, store
from portward_ref.envelope import Context, Subject
from portward_ref.errors import Refused

BIN = os.environ.get("PORTWARD_BIN")


def plaintext(length):
    return random.Random(length).randbytes(length)


@dataclass(frozen=True)
class Place:
    """What an object belongs to."""

    tenant: str = "acme"
    name: str = "files.content"
    id: str = "1204"
    scope: str = "file:1204"
    pairs: tuple = (("x-revision", "3"), ("x-title", "Größe 1=2"))

    def options(self):
        with_pairs = [option for key, value in self.pairs for option in ("--with", f"{key}={value}")]
        return ["--tenant", self.tenant, "--name", self.name, "--id", self.id, "--scope", self.scope, *with_pairs]

    def context(self):
        return Context([("tenant", self.tenant), ("name", self.name), ("id", self.id), *self.pairs])


HERE = Place()


class Portal:
    """A deployment that the command made, and the two ways to its objects."""

    def __init__(self, tmp_path):
        self.tmp = tmp_path
        self.dir = tmp_path / "portward"
        self.made = 0
        self.run("keyring", "new")
        self.run("tenant", "new", "acme")
        self.run("tenant", "new", "other")

    def file(self, data=None):
        """The path of a file with these bytes, or of one that is not there yet."""
        self.made += 1
        path = self.tmp / f"file-{self.made}"
        if data is not None:
            path.touch(0o600)
            path.write_bytes(data)
        return path

    # --- the command

    def _run(self, args):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PORTWARD_")}
        done = subprocess.run([BIN, "--json", "--dir", self.dir, *args], env=environment, timeout=120,
                              stdin=subprocess.DEVNULL, capture_output=True)
        return done.returncode, done.stdout, done.stderr

    def run(self, *args):
        status, out, err = self._run(args)
        assert status == 0, err
        return json.loads(out) if out else None

    def refusal(self, *args):
        """Exit code and error code."""
        status, _, err = self._run(args)
        assert status != 0
        return status, json.loads(err.splitlines()[-1])["error"]["code"]

    def seal(self, data, *options, place=HERE):
        path = self.file()
        self.run("seal", self.file(data), "-o", path, *place.options(), *options)
        return path.read_bytes()

    def open(self, sealed, place=HERE):
        path = self.file()
        self.run("open", self.file(sealed), "-o", path, *place.options())
        return path.read_bytes()

    def open_refusal(self, sealed, place=HERE):
        path = self.file()
        status, code = self.refusal("open", self.file(sealed), "-o", path, *place.options())
        assert status == 1 and not path.exists()
        return code

    # --- the reference

    def keyring(self):
        deployment = files.read_deployment((self.dir / "deployment.json").read_bytes())
        return files.read_keyring((self.dir / "keyring.json").read_bytes(), deployment.id)

    def rows(self):
        database = sqlite3.connect(f"file:{self.dir / 'keys.db'}?mode=ro", uri=True)
        try:
            return keystore.read(database, self.keyring())
        finally:
            database.close()

    def write(self, table, row, **changes):
        """Put a row in the place of this one (or beside it if the key differs), with a MAC that is right."""
        row = row | changes
        root = self.keyring().active()
        mac = store.row_mac(root.key, self.keyring().deployment_id, table, list(row.items()))
        columns = ", ".join(f'"{name}"' for name in [*row, "root", "mac"])
        marks = ", ".join("?" * (len(row) + 2))
        self.sql(f"REPLACE INTO {table} ({columns}) VALUES ({marks})", *row.values(), root.id, mac)

    def sql(self, statement, *values):
        database = sqlite3.connect(self.dir / "keys.db")
        with database:
            rows = database.execute(statement, values).fetchall()
        database.close()
        return rows

    def opener(self, place=HERE, tombstones=()):
        return keystore.StoreOpener(self.keyring(), self.rows(), place.tenant, place.scope, tombstones)

    def ref_open(self, sealed, place=HERE, tombstones=()):
        return self.opener(place, tombstones).body(place.context(), sealed).open()

    def ref_refusal(self, sealed, place=HERE, tombstones=()):
        try:
            self.ref_open(sealed, place, tombstones)
        except Refused as refused:
            return refused.code
        raise AssertionError("opened")

    def ref_seal(self, data, embed, place=HERE):
        """Detached under the store's data key; embedded under a new one, wrapped under the store's tenant KEK."""
        opener = self.opener(place)
        if not embed:
            row = opener.active_key()
            key_id, key, slots = row.id, opener.row_key(row), []
        else:
            key_id, key = os.urandom(16), os.urandom(32)
            subject = Subject(opener.deployment_id, place.tenant, key_id, scope=place.scope)
            slots = [opener.active_kek().wrap(subject, key, os.urandom(24))]
        return envelope.seal(opener.deployment_id, key_id, key, place.context(), os.urandom(24), data, slots)
