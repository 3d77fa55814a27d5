"""The key store: store.md section 2, read row by row out of its tables, and opened with it: envelope.md section 6."""

from collections.abc import Callable
from dataclasses import dataclass

from . import envelope, store
from .derive import derive
from .envelope import ROOT_SLOT, TENANT_KEK, TENANT_KEK_SLOT, DataKey, HeldKek, Kek, Opener, Subject
from .errors import Malformed, Refused

NUMBER, TEXT, BYTES = int, str, bytes
ID = 16
TABLES = {  # name of a field and its kind, or how many bytes it has
    "tenant_kek": {"tenant": TEXT, "id": ID, "version": NUMBER, "state": TEXT, "slot": BYTES, "check": 8,
                   "created": NUMBER, "changed": NUMBER, "revision": NUMBER},
    "data_key": {"tenant": TEXT, "scope": TEXT, "id": ID, "state": TEXT, "slot": BYTES, "check": 8, "cost": 16,
                 "created": NUMBER, "changed": NUMBER, "revision": NUMBER},
    "tenant_minimum": {"tenant": TEXT, "id": ID, "minimum": NUMBER, "revision": NUMBER},
    "key_tombstone": {"tenant": TEXT, "id": ID, "at": NUMBER},
}


def _is_of_kind(name, kind, value, state):
    if name == "slot" and (value is None or state == "destroyed"):
        return value is None and state == "destroyed"
    return isinstance(value, kind) if isinstance(kind, type) else isinstance(value, bytes) and len(value) == kind


def check_row(keyring, table, row, root_id, mac):
    """`row` has the fields in their order."""
    store.check_row(keyring.checking(root_id).key, keyring.deployment_id, table, list(row.items()), mac)
    for name, kind in TABLES[table].items():
        if not _is_of_kind(name, kind, row[name], row.get("state")):
            raise Malformed(f"{table}.{name}")


def read(database, keyring):
    """The rows of all tables, each checked, of a DB-API connection."""
    rows = {}
    for table, fields in TABLES.items():
        columns = ", ".join(f'"{name}"' for name in [*fields, "root", "mac"])
        rows[table] = []
        for *values, root_id, mac in database.execute(f"SELECT {columns} FROM {table}"):
            row = dict(zip(fields, values))
            check_row(keyring, table, row, root_id, mac)
            rows[table].append(row)
    return rows


@dataclass
class StoredKek(Kek):
    """A version of a tenant KEK as its row has it: unwrapped only when a slot is used, as resolving calls no provider."""

    unwrap_row: Callable = None

    def xaes_key(self, deployment_id):
        return derive(self.unwrap_row(), deployment_id, TENANT_KEK)


@dataclass
class StoredKey(DataKey):
    """A data key as its row has it; `key` is not known before the slot is unwrapped."""

    slot: bytes
    check: bytes


class StoreOpener(Opener):
    def __init__(self, keyring, rows, tenant, scope, tombstones=()):
        """`tombstones`: those of the feed, beside those of the store."""
        tombstones = {*tombstones, *((row["tenant"], row["id"]) for row in rows["key_tombstone"])}
        minimum = {(row["tenant"], row["id"]): row["minimum"] for row in rows["tenant_minimum"]}
        keks = [HeldKek(Kek(ROOT_SLOT, root.id, 1, root.key), None, root.state) for root in keyring.roots]
        keks += [HeldKek(self._kek(row), row["tenant"], row["state"]) for row in rows["tenant_kek"]
                 if row["version"] >= minimum.get((row["tenant"], row["id"]), 1)]
        data_keys = [StoredKey(row["id"], None, row["tenant"], row["scope"], row["state"], row["slot"], row["check"])
                     for row in rows["data_key"]]
        super().__init__(keyring.deployment_id, tenant, scope, data_keys, keks, 1, [], tombstones)

    def _kek(self, row):
        def unwrap_row():
            subject = Subject(self.deployment_id, row["tenant"], row["id"], version=row["version"])
            return self._unwrap(subject, row["slot"], row["check"])

        return StoredKek(TENANT_KEK_SLOT, row["id"], row["version"], None, unwrap_row)

    def _unwrap(self, subject, data, check):
        """Steps 4 and 5 for a slot of the store."""
        kek = self.resolve(envelope.read_slot(data))
        if kek is None:
            raise Refused("no_slot")
        return envelope.unwrap(kek, subject, data, check)

    def row_key(self, row):
        subject = Subject(self.deployment_id, self.tenant, row.id, scope=self.scope)
        return self._unwrap(subject, row.slot, row.check)

    def data_key(self, head):
        if head.kind == envelope.EMBEDDED:
            return super().data_key(head)
        row = self.row(head.data_key_id)
        if row is None:
            raise Refused("unknown_data_key")
        return self.row_key(row)

    def active_key(self):
        """The row of the data key that seals."""
        return next(row for row in self.data_keys
                    if (row.tenant, row.scope, row.state) == (self.tenant, self.scope, "active"))

    def active_kek(self):
        """The version of the tenant KEK under which data keys come."""
        return next(held.kek for held in self.keks if held.tenant == self.tenant and held.state == "active")
