"""Where the stores of a test lie: files of SQLite, or databases of the PostgreSQL server that `cargo xtask test` starts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

SERVER = os.environ.get("PORTWARD_TEST_POSTGRES", "")
KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.skipif(not SERVER, reason="no PORTWARD_TEST_POSTGRES: see README"))]


class Sqlite:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, name: str) -> str:
        """What a store of this name is opened by. The same name is the same store."""
        return f"sqlite:{self.folder}/{name}.db"

    def copy(self, name: str, copy: str) -> str:
        """Where it was put back from a backup. It must not be open."""
        file = self.folder / f"{copy}.db"
        file.write_bytes((self.folder / f"{name}.db").read_bytes())
        file.chmod(0o600)
        return self.place(copy)


class Postgres:
    def __init__(self) -> None:
        self.made: dict[str, str] = {}

    def place(self, name: str) -> str:
        if name not in self.made:
            self._make(name, "template0")
        return urlunsplit(urlsplit(SERVER)._replace(path=f"/{self.made[name]}"))

    def copy(self, name: str, copy: str) -> str:
        self._make(copy, self.made[name])
        return self.place(copy)

    def drop(self) -> None:
        psql(*(f"DROP DATABASE {database} WITH (FORCE)" for database in self.made.values()))

    def _make(self, name: str, template: str) -> None:
        self.made[name] = f"{name}_{uuid4().hex}"
        psql(f"CREATE DATABASE {self.made[name]} TEMPLATE {template}")


Databases = Sqlite | Postgres


def databases(kind: str, folder: Path) -> Iterator[Databases]:
    if kind == "sqlite":
        yield Sqlite(folder)
        return
    postgres = Postgres()
    yield postgres
    postgres.drop()


def psql(*statements: str) -> None:
    each = [word for statement in statements for word in ("-c", statement)]
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", SERVER, *each], check=True, timeout=400)
