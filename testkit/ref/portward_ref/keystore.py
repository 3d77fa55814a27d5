"""The key store: store.md section 2, read row by row out of its tables, and opened with it: envelope.md section 6."""

from dataclasses import dataclass

from . import envelope, store
from .envelope import ROOT_SLOT, TENANT_KEK_SLOT, DataKey, HeldKek, Kek, Opener, Subject
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
class StoredKey(DataKey):
    """A data key as its row has it; it is unwrapped (`key`) only when an object asks for it."""

    slot: bytes
    check: bytes


class StoreOpener(Opener):
    def __init__(self, keyring, rows, tenant, scope, tombstones=()):
        """`tombstones`: those of the feed, beside those of the store."""
        deployment_id = keyring.deployment_id
        tombstones = {*tombstones, *((row["tenant"], row["id"]) for row in rows["key_tombstone"])}
        roots = [HeldKek(Kek(ROOT_SLOT, root.id, 1, root.key), None, root.state) for root in keyring.roots if root.key]
        super().__init__(deployment_id, tenant, scope, [], roots, 1, [], tombstones)

        minimum = {(row["tenant"], row["id"]): row["minimum"] for row in rows["tenant_minimum"]}
        held = []
        for row in rows["tenant_kek"]:
            if row["tenant"] != tenant or row["slot"] is None or row["version"] < minimum.get((tenant, row["id"]), 1):
                continue
            subject = Subject(deployment_id, tenant, row["id"], version=row["version"])
            key = self.stored(subject, row["slot"], row["check"])
            held.append(HeldKek(Kek(TENANT_KEK_SLOT, row["id"], row["version"], key), tenant, row["state"]))
        self.keks = roots + held
        self.data_keys = [StoredKey(row["id"], None, row["tenant"], row["scope"], row["state"], row["slot"], row["check"])
                          for row in rows["data_key"]]

    def stored(self, subject, data, check):
        """Steps 4 and 5 for a slot of the store."""
        slot = envelope.read_slot(data)
        kek = self.resolve(slot)
        if kek is None:
            raise Refused("no_slot")
        return envelope.unwrap(kek, subject, data, check)

    def data_key(self, head):
        if head.kind == envelope.EMBEDDED:
            return super().data_key(head)
        row = self.row(head.data_key_id)
        if row is None:
            raise Refused("unknown_data_key")
        return self.row_key(row)

    def row_key(self, row):
        subject = Subject(self.deployment_id, self.tenant, row.id, scope=self.scope)
        return self.stored(subject, row.slot, row.check)

    def active(self):
        """The row of the data key that seals."""
        return next(row for row in self.data_keys
                    if (row.tenant, row.scope, row.state) == (self.tenant, self.scope, "active"))

    def tenant_kek(self):
        return next(held.kek for held in self.keks if held.tenant == self.tenant and held.state == "active")
