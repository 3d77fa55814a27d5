"""Backups: backup.md. The sealed file and its manifest, the catalogue, what is verified, restored and pruned."""

import hashlib
import hmac
import re
from dataclasses import dataclass, replace

from . import envelope, links, store
from .derive import derive, hmac_sha256
from .envelope import ROOT_SLOT, Context, HeldKek, Kek, Opener
from .errors import Malformed, Refused
from .keystore import check_row
from .wire import U64_MAX, Reader, check_identifier, u32, u64

BACKUP = "portward/v1/backup"
NAME = "portward.backup"
MAGIC = b"PWBC"
VERSION = 1

KINDS = {"data": 1, "keys": 2, "stream": 3}
KIND_OF = {byte: kind for kind, byte in KINDS.items()}
SOURCES = {"data": ("sqlite", "postgres"), "keys": ("sqlite", "postgres"), "stream": ("stream",)}

MANIFEST_MAX = 16_777_216
PART_MAX = 1_048_576
CATALOGUE_MAX = 67_108_864
DAY = 86_400
KEPT = {"keys": 35 * DAY, "data": None, "stream": None}
MIGRATIONS = "_sqlx_migrations"
KEYS_TABLE = "tenant_kek"
KEYS_SCHEMA = "portward_keys"


def lp8(data):
    assert len(data) <= 255
    return bytes([len(data)]) + data


def _lp8(reader):
    return reader.take(reader.byte())


def _text(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("text") from None


def _kind(reader):
    byte = reader.byte()
    if byte not in KIND_OF:
        raise Malformed("kind")
    return KIND_OF[byte]


def _check_name(kind, name):
    if not name and kind != "stream":
        return
    try:
        check_identifier(name)
    except Refused:
        raise Malformed("name") from None


def _optional(reader, take):
    tag = reader.byte()
    if tag > 1:
        raise Malformed("tag")
    return take(reader) if tag else None


# --- 1. Kinds ----------------------------------------------------------------------------------

def check_kind(kind, tables):
    """`tables`: the names of those of an SQLite database."""
    if (kind == "keys") != (KEYS_TABLE in tables):
        raise Refused("backup_kind")


# --- 2. The sealed file ------------------------------------------------------------------------

@dataclass
class Manifest:
    deployment_id: bytes
    catalogue_id: bytes
    kind: str
    number: int
    created: int
    source: str
    name: str
    feed: tuple | None  # incarnation, sequence, history, snapshot
    tables: list        # schema, table, rows

    def encode(self):
        feed = b"\x00"
        if self.feed is not None:
            incarnation, sequence, history, snapshot = self.feed
            feed = b"\x01" + incarnation + u64(sequence) + history + u64(snapshot)
        tables = b"".join(lp8(schema.encode("utf-8")) + lp8(table.encode("utf-8")) + u64(rows) for schema, table, rows in self.tables)
        return (bytes([VERSION]) + self.deployment_id + self.catalogue_id + bytes([KINDS[self.kind]]) + u64(self.number)
                + u64(self.created) + lp8(self.source.encode("utf-8")) + lp8(self.name.encode("utf-8")) + feed
                + u32(len(self.tables)) + tables)

    def stamp(self):
        return None if self.feed is None else self.feed[:2]


def _take_feed(reader):
    return reader.take(16), reader.number(8), reader.take(32), reader.number(8)


def _take_manifest(reader):
    reader.byte()
    deployment_id, catalogue_id, kind = reader.take(16), reader.take(16), _kind(reader)
    number, created = reader.number(8), reader.number(8)
    source, name = _text(_lp8(reader)), _text(_lp8(reader))
    feed = _optional(reader, _take_feed)
    tables, before = [], None
    for _ in range(reader.number(4)):
        at = (_lp8(reader), _lp8(reader))
        if before is not None and at <= before:
            raise Malformed("order of tables")
        tables.append((_text(at[0]), _text(at[1]), reader.number(8)))
        before = at
    reader.done()
    _check_name(kind, name)
    if number == 0 or source not in SOURCES[kind]:
        raise Malformed("number or source")
    if kind == "stream" and (feed is not None or tables):
        raise Malformed("feed or tables of a stream")
    if source == "sqlite" and any(schema != "main" for schema, _, _ in tables):
        raise Malformed("schema")
    _check_tables(kind, source, tables)
    return Manifest(deployment_id, catalogue_id, kind, number, created, source, name, feed, tables)


def _check_tables(kind, source, tables):
    """That rows of a key store are in backups of keys, and nowhere else."""
    if source == "sqlite":
        strange = kind == "data" and any(table == KEYS_TABLE for _, table, _ in tables)
    else:
        strange = any((schema == KEYS_SCHEMA) != (kind == "keys") for schema, _, _ in tables)
    if strange or kind == "keys" and not any(table == KEYS_TABLE for _, table, _ in tables):
        raise Malformed("tables of another kind")


def read_manifest(data):
    if data[:1] > bytes([VERSION]):
        raise Refused("backup_newer_version")
    try:
        if data[:1] != bytes([VERSION]) or len(data) > MANIFEST_MAX:
            raise Malformed("version or length")
        return _take_manifest(Reader(data))
    except Malformed:
        raise Refused("backup_malformed") from None


def plaintext(manifest, parts):
    """`manifest`: its bytes; `parts`: those of the dump."""
    dump = b"".join(parts)
    return (u32(len(manifest)) + manifest + b"".join(u32(len(part)) + part for part in parts)
            + u32(0) + u64(len(dump)) + hashlib.sha256(dump).digest())


def _take_dump(reader):
    pieces = []
    while length := reader.number(4):
        if length > PART_MAX:
            raise Malformed("part")
        pieces.append(reader.take(length))
    dump = b"".join(pieces)
    length, digest = reader.number(8), reader.take(32)
    reader.done()
    if length != len(dump) or digest != hashlib.sha256(dump).digest():
        raise Malformed("length or hash")
    return dump


def read_plaintext(data, look=lambda manifest: None):
    """Manifest and dump. `look` is shown the manifest before anything behind it is read."""
    reader = Reader(data)
    try:
        length = reader.number(4)
        if length > MANIFEST_MAX:
            raise Malformed("length of manifest")
        manifest = read_manifest(reader.take(length))
        look(manifest)
        return manifest, _take_dump(reader)
    except Malformed:
        raise Refused("backup_malformed") from None


def check_not_empty(manifest, dump):
    if manifest.kind == "stream":
        empty = not dump
    else:
        empty = not any(rows for _, table, rows in manifest.tables if table != MIGRATIONS)
    if empty:
        raise Refused("backup_empty")


def tenant_of(deployment_id):
    digits = deployment_id.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def scope_of(kind):
    return f"backup:{kind}"


def context_of(deployment_id, kind, number):
    return Context([("tenant", tenant_of(deployment_id)), ("name", NAME), ("id", str(number)), ("x-kind", kind)])


def file_name(kind, number):
    return f"{kind}-{number:012}.pwb"


def seal(deployment_id, kind, number, plain, root, data_key_id, data_key, nonce, salt):
    """`root`: id and key."""
    subject = envelope.Subject(deployment_id, tenant_of(deployment_id), data_key_id, scope=scope_of(kind))
    slot = Kek(ROOT_SLOT, root[0], 1, root[1]).wrap(subject, data_key, nonce)
    return envelope.seal(deployment_id, data_key_id, data_key, context_of(deployment_id, kind, number), salt, plain, [slot])


def open_file(keyring, kind, number, data):
    roots = [HeldKek(Kek(ROOT_SLOT, root.id, 1, root.key), None, root.state) for root in keyring.roots]
    opener = Opener(keyring.deployment_id, tenant_of(keyring.deployment_id), scope_of(kind), [], roots, 1, [], [])
    return opener.body(context_of(keyring.deployment_id, kind, number), data).open()


# --- 3. The catalogue --------------------------------------------------------------------------

@dataclass
class Entry:
    number: int
    kind: str
    name: str
    created: int
    length: int
    sha256: bytes
    stamp: tuple | None  # incarnation, sequence

    def encode(self):
        stamp = b"\x00" if self.stamp is None else b"\x01" + self.stamp[0] + u64(self.stamp[1])
        return (u64(self.number) + bytes([KINDS[self.kind]]) + lp8(self.name.encode("utf-8")) + u64(self.created)
                + u64(self.length) + self.sha256 + stamp)


@dataclass
class Catalogue:
    deployment_id: bytes
    id: bytes
    revision: int
    highest: int
    entries: list

    def encode(self, root):
        """`root`: id and key."""
        data = (MAGIC + bytes([VERSION]) + self.deployment_id + self.id + u64(self.revision) + u64(self.highest)
                + u32(len(self.entries)) + b"".join(entry.encode() for entry in self.entries) + root[0])
        return data + catalogue_mac(root[1], self.deployment_id, data)

    def entry(self, asked):
        """`asked`: a number, or kind and name, of which it is the newest, or all three."""
        found = [entry for entry in self.entries
                 if asked.get("number", entry.number) == entry.number and asked.get("kind", entry.kind) == entry.kind
                 and asked.get("name", entry.name) == entry.name]
        if not found:
            raise Refused("backup_unknown")
        return max(found, key=lambda entry: entry.number)


def catalogue_mac(root, deployment_id, data):
    return hmac_sha256(derive(root, deployment_id, BACKUP), data)


def _take_entry(reader):
    number, kind, name = reader.number(8), _kind(reader), _text(_lp8(reader))
    created, length, sha256 = reader.number(8), reader.number(8), reader.take(32)
    stamp = _optional(reader, lambda reader: (reader.take(16), reader.number(8)))
    return Entry(number, kind, name, created, length, sha256, stamp)


def _check_catalogue(catalogue):
    numbers = [entry.number for entry in catalogue.entries]
    if catalogue.revision == 0 or any(a >= b for a, b in zip([0, *numbers], numbers)) or numbers[-1:] > [catalogue.highest]:
        raise Malformed("numbers")
    for entry in catalogue.entries:
        _check_name(entry.kind, entry.name)


def read_catalogue(data, keyring, seen=0):
    """`data`: None if there is no file; `seen`: the highest revision of this catalogue that is remembered."""
    if data is None:
        raise Refused("catalogue_missing")
    if data[:4] == MAGIC and data[4:5] > bytes([VERSION]):
        raise Refused("catalogue_newer_version")
    reader = Reader(data)
    try:
        if data[:5] != MAGIC + bytes([VERSION]) or len(data) > CATALOGUE_MAX:
            raise Malformed("magic, version or length")
        reader.take(5)
        catalogue = Catalogue(reader.take(16), reader.take(16), reader.number(8), reader.number(8), [])
        catalogue.entries = [_take_entry(reader) for _ in range(reader.number(4))]
        root_id, mac = reader.take(4), reader.take(32)
        reader.done()
    except Malformed:
        raise Refused("catalogue_malformed") from None
    if catalogue.deployment_id != keyring.deployment_id:
        raise Refused("catalogue_wrong_deployment")
    root = keyring.checking(root_id)
    if not hmac.compare_digest(catalogue_mac(root.key, keyring.deployment_id, data[:-32]), mac):
        raise Refused("catalogue_forged")
    try:
        _check_catalogue(catalogue)
    except Malformed:
        raise Refused("catalogue_malformed") from None
    if catalogue.revision < (seen(catalogue.id) if callable(seen) else seen):
        raise Refused("catalogue_rolled_back")
    return catalogue


def changed(catalogue, taken=0, entered=(), removed=()):
    """One change: numbers that are taken, entries that come, numbers of those that go."""
    entries = [entry for entry in catalogue.entries if entry.number not in removed]
    entries = sorted([*entries, *entered], key=lambda entry: entry.number)
    return replace(catalogue, revision=catalogue.revision + 1, highest=catalogue.highest + taken, entries=entries)


SEEN_LINE = re.compile(r"([0-9a-f]{32}) ([1-9][0-9]{0,19})\n", re.ASCII)


def read_seen(text):
    """Revisions by catalogue id. `text`: None if there is no file."""
    matches = [SEEN_LINE.fullmatch(line) for line in re.findall("[^\n]*\n|[^\n]+$", text or "")]
    if not all(matches) or any(int(match[2]) > U64_MAX for match in matches) or len({match[1] for match in matches}) < len(matches):
        raise Refused("file_malformed")
    return {bytes.fromhex(match[1]): int(match[2]) for match in matches}


def write_seen(seen):
    return "".join(f"{catalogue_id.hex()} {revision}\n" for catalogue_id, revision in seen.items())


def look(seen, catalogue_id, revision):
    """What is remembered when a catalogue was looked at."""
    if revision < seen.get(catalogue_id, 0):
        raise Refused("catalogue_rolled_back")
    return {**seen, catalogue_id: revision}


def check_beginning(files):
    """Whether a directory without a catalogue may get one."""
    if any(name.endswith(".pwb") for name in files):
        raise Refused("catalogue_missing")


# --- 4. Verifying ------------------------------------------------------------------------------

def verify(keyring, catalogue, asked, data):
    """Manifest and dump, all but the rows of the dump checked. `data`: None if there is no file of this name."""
    entry = catalogue.entry(asked)
    if data is None:
        raise Refused("backup_missing")
    if len(data) != entry.length:
        raise Refused("backup_differs")
    plain = open_file(keyring, entry.kind, entry.number, data)

    def compare(manifest):
        says = (manifest.deployment_id, manifest.catalogue_id, manifest.kind, manifest.number, manifest.name, manifest.created, manifest.stamp())
        if says != (keyring.deployment_id, catalogue.id, entry.kind, entry.number, entry.name, entry.created, entry.stamp):
            raise Refused("backup_swapped")

    manifest, dump = read_plaintext(plain, compare)
    if hashlib.sha256(data).digest() != entry.sha256:
        raise Refused("backup_differs")
    check_not_empty(manifest, dump)
    return manifest, dump


def check_rows(tables, counted):
    """Of what is stated and of what is in the dump: schema, table, rows."""
    stated, found = ({(schema, table): rows for schema, table, rows in of if rows} for of in (tables, counted))
    if stated != found:
        raise Refused("backup_rows_differ")


QUALIFIED = re.compile(r'COPY ("(?:[^"]|"")+"|[^". ]+)\.("(?:[^"]|"")+"|[^". ]+) .*FROM stdin;')


def _unquoted(name):
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def copied_rows(text):
    """Rows by table of what `pg_restore --data-only` writes."""
    tables, table = {}, None
    for line in text.split("\n"):
        if table is None:
            if match := QUALIFIED.fullmatch(line):
                table = (_unquoted(match[1]), _unquoted(match[2]))
                tables.setdefault(table, 0)
        elif line == "\\.":
            table = None
        else:
            tables[table] += 1
    return [(schema, name, rows) for (schema, name), rows in sorted(tables.items())]


def check_directory(entries, files):
    """Numbers of what is missing, names of what is stray. `entries`: kind and number."""
    names = {file_name(kind, number): number for kind, number in entries}
    missing = [number for name, number in names.items() if name not in files]
    stray = [name for name in files if name.endswith(".pwb") and name not in names]
    return sorted(missing), sorted(stray)


# --- 5. Restoring ------------------------------------------------------------------------------

def restored_feed(keyring, row, number):
    """Fields, root id and MAC of the row of `feed` of a store that was restored. `row`: the same, as they were."""
    told, root_id, mac = row
    fields = list({**dict(told), "place": f"restored/{number}"}.items())
    try:
        links.read_row(keyring, "feed", *row)
    except (Refused, Malformed):
        return fields, root_id, mac
    return fields, keyring.active().id, store.row_mac(keyring.active().key, keyring.deployment_id, "feed", fields)


def believed(keyring, rows):
    """Tenant and key id of those tombstones that say something. Each row: fields, root id and MAC."""
    found = set()
    for fields, root_id, mac in rows:
        try:
            check_row(keyring, "key_tombstone", dict(fields), root_id, mac)
        except (Refused, Malformed):
            continue
        found.add((dict(fields)["tenant"], dict(fields)["id"]))
    return found


def destroyed_keys(rows, tombstones):
    """Those rows, each table and fields, that lose their slot."""
    return [(table, row) for table, row in rows
            if row["slot"] is not None and any((row["tenant"], key_id) in tombstones for key_id in _keys_of(table, row))]


def _keys_of(table, row):
    """Its own id; of a data key that of the tenant KEK under which it lies, too."""
    return [row["id"]] if table == "tenant_kek" else [row["id"], envelope.read_slot(row["slot"]).kek_id]


# --- 6. Retention ------------------------------------------------------------------------------

def prune(entries, now, kept=KEPT):
    """Numbers of what goes, and of what stays only because it is the newest. `kept`: seconds by kind, None for ever."""
    newest = {(entry.kind, entry.name): entry.number for entry in sorted(entries, key=lambda entry: entry.number)}
    old = [entry for entry in entries if kept[entry.kind] is not None and now - entry.created > kept[entry.kind]]
    numbers = sorted(entry.number for entry in old)
    overdue = [number for number in numbers if number in newest.values()]
    return [number for number in numbers if number not in overdue], overdue
