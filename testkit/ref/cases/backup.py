"""Cases of spec/backup.md."""

import hashlib

from portward_ref import backup, envelope
from portward_ref.backup import DAY, Catalogue, Entry, Manifest, lp8
from portward_ref.wire import U64_MAX, u32, u64

from .common import MAIN_ID, OK, OTHER_ID, Has, Subject, fixtures, root_id, root_key, seeded
from .store import data, number, repeated, text
from .store_feed import PLACE, STORE, row, with_value

NOW = 1_764_800_000
CREATED = 1_764_700_000
CATALOGUE_ID = seeded("backup catalogue", 16)
OTHER_CATALOGUE_ID = seeded("another backup catalogue", 16)
FEED = (STORE.incarnation, 8, STORE.histories[8], 4)
STAMP = FEED[:2]
TABLES = [("main", "_sqlx_migrations", 3), ("main", "feed", 1), ("main", "link", 2)]
KEY_TABLES = [("main", "_sqlx_migrations", 1), ("main", "data_key", 2), ("main", "key_tombstone", 0), ("main", "tenant_kek", 1), ("main", "tenant_minimum", 0)]
DUMP = b"SQLite format 3\x00" + seeded("backup dump", 284)
UUID_NAME = "c0ffee00-1234-4abc-8def-0123456789ab"


def manifest_of(kind="data", **changes):
    found = {"deployment_id": MAIN_ID, "catalogue_id": CATALOGUE_ID, "kind": kind, "number": 7, "created": CREATED, "source": "sqlite", "name": "",
             "feed": FEED, "tables": TABLES}
    if kind == "keys":
        found |= {"feed": None, "tables": KEY_TABLES}
    if kind == "stream":
        found |= {"source": "stream", "name": "uploads", "feed": None, "tables": []}
    return Manifest(**{**found, **changes})


def raw(manifest=None, **changes):
    """A manifest piece by piece, as bytes, some of them others."""
    manifest = manifest or manifest_of()
    encoded = manifest.encode()
    at = 50
    source, name = lp8(manifest.source.encode()), lp8(manifest.name.encode())
    feed = encoded[at + len(source) + len(name):][:65 if manifest.feed else 1]
    pieces = {"version": b"\x01", "deployment": manifest.deployment_id, "catalogue": manifest.catalogue_id, "kind": encoded[33:34],
              "number": u64(manifest.number), "created": u64(manifest.created), "source": source, "name": name, "feed": feed,
              "count": u32(len(manifest.tables)), "tables": b"".join(map(table_bytes, manifest.tables)), "behind": b""}
    assert b"".join(pieces.values()) == encoded
    assert set(changes) <= set(pieces)
    return b"".join({**pieces, **changes}.values())


def table_bytes(table):
    schema, name, rows = (item if isinstance(item, (bytes, int)) else item.encode("utf-8") for item in table)
    return lp8(schema) + lp8(name) + u64(rows)


def tables_of(*tables):
    return {"count": u32(len(tables)), "tables": b"".join(map(table_bytes, tables))}


def sealed(name, plain, kind="data", number=7, root="active", deployment_id=MAIN_ID):
    return backup.seal(deployment_id, kind, number, plain, (root_id(root), root_key(root)), seeded(f"backup {name} key id", 16),
                       seeded(f"backup {name} key", 32), seeded(f"backup {name} nonce", 24), seeded(f"backup {name} salt", 24))


def entry_of(manifest, file, **changes):
    found = {"number": manifest.number, "kind": manifest.kind, "name": manifest.name, "created": manifest.created, "length": len(file),
             "sha256": hashlib.sha256(file).digest(), "stamp": manifest.stamp()}
    return Entry(**{**found, **changes})


def plain_entry(number, kind="data", name="", created=CREATED, stamp=None):
    """An entry whose file nobody looks at."""
    return Entry(number, kind, name, created, 4711, seeded(f"file of backup {number}", 32), stamp)


def catalogue_of(entries=(), root="active", encode=True, **changes):
    entries = list(entries)
    found = {"deployment_id": MAIN_ID, "id": CATALOGUE_ID, "revision": 20, "highest": max([0, *(entry.number for entry in entries)]), "entries": entries}
    found |= changes
    return Catalogue(**found).encode((root_id(root), root_key(root))) if encode else Catalogue(**found)


def hex_or_parts(value):
    return value if isinstance(value, dict) else value.hex()


def flipped(data, at, mask=1):
    at %= len(data)
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1:]


# Backups of several chunks and kinds, and the catalogue that has them.
LONG_DUMP = seeded("long backup dump", 36_000)
GOOD = {
    7: (manifest_of(), [DUMP]),
    8: (manifest_of("keys", number=8, created=CREATED + 60), [DUMP[:100], DUMP[100:]]),
    9: (manifest_of("stream", number=9, created=CREATED + 120), [b"x"]),
    10: (manifest_of("stream", number=10, name="12", created=CREATED + 180), [DUMP]),
    12: (manifest_of(number=12, created=CREATED + 240, source="postgres", tables=[("portward", "feed", 1), ("public", "caf\u00e9", 9)]), [b"PGDMP", DUMP]),
    13: (manifest_of("stream", number=13, created=CREATED + 300), [LONG_DUMP[:1], LONG_DUMP[1:20_000], LONG_DUMP[20_000:]]),
}
FILES = {at: sealed(f"good {at}", backup.plaintext(manifest.encode(), parts), manifest.kind, at, "older" if at == 9 else "active")
         for at, (manifest, parts) in GOOD.items()}
ENTRIES = [entry_of(GOOD[at][0], FILES[at]) for at in GOOD]
CATALOGUE = catalogue_of(ENTRIES, highest=14)


def build():
    subject = Subject("backup", fixtures(objects={"catalogue": CATALOGUE.hex(), **{f"backup-{at}": file.hex() for at, file in FILES.items()}}))
    kinds_and_names(subject)
    manifests(subject)
    bounds_of_manifests(subject)
    plaintexts(subject)
    catalogues(subject)
    codes_of_catalogues(subject)
    rules_of_catalogues(subject)
    changes_of_catalogues(subject)
    memory(subject)
    verifying(subject)
    opening(subject)
    swapped(subject)
    contents(subject)
    rows_of_dumps(subject)
    copied_rows(subject)
    directories(subject)
    restored_feeds(subject)
    tombstones(subject)
    pruning(subject)
    return subject


# --- kinds, names, contexts --------------------------------------------------------------------

def kinds_and_names(subject):
    def kind(name, comment, kind, tables, intended):
        subject.add("kind/" + name, comment, "backup_kind", intended, kind=kind, tables=tables)

    keys = ["data_key", "key_tombstone", "tenant_kek", "tenant_minimum"]
    kind("keys", "a key store", "keys", keys, {})
    kind("keys-alone", "the one table decides", "keys", ["tenant_kek"], {})
    kind("data", "a database without", "data", ["feed", "link"], {})
    kind("data-empty", "without any table", "data", [], {})
    kind("data-others", "the other tables of a key store do not make one", "data", [name for name in keys if name != "tenant_kek"], {})
    kind("data-like", "nor does a name that is nearly it", "data", ["tenant_keks", "_tenant_kek"], {})
    kind("data-of-keys", "keys never go into data", "data", keys, "backup_kind")
    kind("data-beside", "not beside other tables either", "data", ["feed", "link", "tenant_kek"], "backup_kind")
    kind("keys-of-data", "data is no key store", "keys", ["feed", "link"], "backup_kind")
    kind("keys-empty", "nor is nothing", "keys", [], "backup_kind")
    kind("keys-others", "without its main table", "keys", [name for name in keys if name != "tenant_kek"], "backup_kind")

    for kind_name in ("data", "keys", "stream"):
        for at in (1, 10, 999_999_999_999, 1_000_000_000_000, U64_MAX):
            subject.add(f"file_name/{kind_name}-{at}", "at least 12 digits", "backup_file_name", {"file": f"{kind_name}-{str(at).zfill(12)}.pwb"},
                        kind=kind_name, number=at)
    for name, deployment_id in (("main", MAIN_ID), ("other", OTHER_ID), ("ff", b"\xff" * 16)):
        for kind_name, at in (("data", 1), ("data", 10), ("keys", 1), ("stream", U64_MAX)):
            subject.add(f"context/{name}-{kind_name}-{at}", "what a sealed file belongs to", "backup_context", OK, deployment=deployment_id.hex(),
                        kind=kind_name, number=at)


# --- manifests ---------------------------------------------------------------------------------

def manifest_case(subject, name, comment, manifest, intended=None):
    """`manifest`: what is read, or bytes."""
    if isinstance(manifest, Manifest):
        intended, manifest = OK, manifest.encode()
    subject.add("manifest/" + name, comment, "backup_manifest", intended or "backup_malformed", manifest=hex_or_parts(manifest))


def manifests(subject):
    def add(*case):
        manifest_case(subject, *case)

    good = raw()
    add("good", "a database with a store", manifest_of())
    add("keys", "a key store", manifest_of("keys"))
    add("stream", "a stream", manifest_of("stream"))
    add("postgres", "of PostgreSQL", GOOD[12][0])
    add("postgres-keys", "a key store there", manifest_of("keys", source="postgres", tables=[("portward_keys", table, rows) for _, table, rows in KEY_TABLES]))
    add("no-feed", "without a feed", manifest_of(feed=None))
    add("no-tables", "without tables: of this form, though nobody keeps it", manifest_of(tables=[]))
    add("deployment", "of another deployment: of this form", manifest_of(deployment_id=OTHER_ID))

    add("empty", "no byte", b"")
    add("version-0", "version 0", raw(version=b"\x00"))
    for version in (2, 3, 128, 255):
        add(f"version-{version}", "a later version", raw(version=bytes([version])), "backup_newer_version")
    add("version-2-alone", "and nothing that this page could read", b"\x02", "backup_newer_version")
    add("version-none", "the version left out", raw(version=b""))
    for at in sorted({1, 16, 17, 33, 34, 41, 42, 50, 51, 56, 57, 58, 59, 75, 83, 115, 122, 123, 126, 127, 128, 132, 149, 156, len(good) - 9, len(good) - 1}):
        add(f"cut-{at}", f"its first {at} bytes", good[:at])
    add("behind-zero", "a zero byte behind it", raw(behind=b"\x00"))
    add("behind-twice", "twice", raw(behind=good))

    for byte in (0, 4, 0x10, 0x81, 0xFF):
        add(f"kind-{byte}", "no kind", raw(kind=bytes([byte])))
    add("number-1", "the first number", manifest_of(number=1))
    add("number-max", "the last", manifest_of(number=U64_MAX))
    add("number-0", "numbers are from 1", raw(number=u64(0)))
    add("created-0", "made at 0", manifest_of(created=0))
    add("created-2-40", "made late", manifest_of(created=2**40 - 1))

    for kind in ("data", "keys", "stream"):
        for source in ("sqlite", "postgres", "stream"):
            manifest = manifest_of(kind)
            good_one = source in backup.SOURCES[kind]
            changed = raw(manifest, source=lp8(source.encode()))
            if kind != "stream" and source == "postgres":
                table = ("public", "t", 1) if kind == "data" else ("portward_keys", "tenant_kek", 1)
                changed = raw(manifest, source=lp8(b"postgres"), **tables_of(table))
            add(f"source-{kind}-{source}", f"{kind} of {source}", changed, OK if good_one else None)
    for name, source in (("upper", b"SQLite"), ("longer", b"sqlite3"), ("cut", b"sqlit"), ("empty", b""), ("postgresql", b"postgresql"), ("nul", b"sqlite\x00"),
                         ("not-utf-8", b"\xff\xfe")):
        add(f"source-{name}", "no source", raw(source=lp8(source)))
    add("source-length", "its length one too great", raw(source=b"\x07sqlite"))

    stream = manifest_of("stream")
    for name, value in (("short", "x"), ("long", "x" * 64), ("uuid", UUID_NAME), ("number", "42"), ("number-max", str(U64_MAX)), ("zeros", "007"), ("signs", "!~/\\\"")):
        add(f"name-{name}", "an identifier", manifest_of("stream", name=value))
    for name, value in (("empty", b""), ("65", b"x" * 65), ("255", b"x" * 255), ("space", b"up loads"), ("nul", b"up\x00loads"), ("utf-8", "\u00e9".encode()),
                        ("not-utf-8", b"\xff"), ("del", b"\x7f"), ("uuid-upper", UUID_NAME.upper().encode()), ("uuid-bare", UUID_NAME.replace("-", "").encode())):
        add(f"name-wrong-{name}", "no identifier", raw(stream, name=lp8(value)))
    for kind in ("data", "keys"):
        add(f"name-{kind}", "of a database", manifest_of(kind, name="app"))
        add(f"name-{kind}-wrong", "no identifier either", raw(manifest_of(kind), name=lp8(b"my app")))

    feed = raw()[58:123]
    for tag in (0x02, 0x80, 0xFF):
        add(f"feed-tag-{tag}", "neither there nor not", raw(feed=bytes([tag]) + feed[1:]))
    add("feed-tag-0", "there, and said not to be", raw(feed=b"\x00" + feed[1:]))
    add("feed-tag-1", "not there, and said to be", raw(feed=b"\x01"))
    add("feed-none", "left out", raw(feed=b""))
    add("feed-short", "a byte of its history missing", raw(feed=feed[:56] + feed[57:]))
    add("feed-beginning", "a feed that nothing was committed to", manifest_of(feed=(STORE.incarnation, 0, bytes(32), 0)))
    add("feed-late", "far on", manifest_of(feed=(b"\xff" * 16, 2**63 - 1, b"\xff" * 32, 2**63 - 1)))
    add("feed-stream", "a stream has none", raw(stream, feed=feed))


def bounds_of_manifests(subject):
    def add(*case):
        manifest_case(subject, *case)

    def tables(name, comment, *tables, intended=None, manifest=None):
        add("tables-" + name, comment, raw(manifest, **tables_of(*tables)), intended)

    pg = manifest_of(source="postgres", feed=None)
    tables("one", "one table", ("main", "t", 1), intended=OK)
    tables("rows-0", "without rows", ("main", "t", 0), intended=OK)
    tables("rows-max", "with very many", ("main", "t", 2**63 - 1), intended=OK)
    tables("ascending", "sorted by schema, then by table", ("a", "z", 1), ("b", "a", 2), ("b", "b", 3), intended=OK, manifest=pg)
    tables("descending", "tables not sorted", ("a", "z", 1), ("b", "b", 3), ("b", "a", 2), manifest=pg)
    tables("schemas-descending", "schemas not sorted", ("b", "a", 2), ("b", "b", 3), ("a", "z", 1), manifest=pg)
    tables("table-first", "sorted by table, then by schema", ("b", "a", 2), ("a", "b", 3), manifest=pg)
    tables("twice", "one table twice", ("main", "t", 1), ("main", "t", 1))
    tables("twice-rows", "with other rows", ("main", "t", 1), ("main", "t", 2))
    tables("same-name", "one name in two schemas", ("a", "t", 1), ("b", "t", 1), intended=OK, manifest=pg)
    tables("prefix", "a name before one that it begins", ("main", "t", 1), ("main", "ta", 1), intended=OK)
    tables("prefix-behind", "and behind it", ("main", "ta", 1), ("main", "t", 1))
    tables("schema-prefix", "schemas likewise, by themselves and not by what follows", ("a", "z", 1), ("aa", "a", 1), intended=OK, manifest=pg)
    tables("schema-prefix-behind", "sorted by both as one text", ("aa", "a", 1), ("a", "z", 1), manifest=pg)
    tables("length-first", "sorted by the bytes, not by their length", ("main", "b", 1), ("main", "aa", 1))
    tables("case", "capitals come first", ("main", "B", 1), ("main", "_", 1), ("main", "a", 1), intended=OK)
    tables("case-folded", "sorted without regard to case", ("main", "a", 1), ("main", "B", 1))
    tables("case-apart", "two tables, one the other's capital", ("a", "T", 1), ("a", "t", 1), intended=OK, manifest=pg)
    tables("utf-8", "names of any letters", ("sch\u00e9ma", "\u6d4b\u8bd5", 1), intended=OK, manifest=pg)
    tables("utf-8-order", "sorted by UTF-8, where UTF-16 would have it otherwise", ("p", "\uff01", 1), ("p", "\U0001f600", 1), intended=OK, manifest=pg)
    tables("utf-16-order", "sorted by UTF-16", ("p", "\U0001f600", 1), ("p", "\uff01", 1), manifest=pg)
    tables("not-utf-8", "a name that is no text", ("main", b"\xff", 1))
    tables("schema-not-utf-8", "a schema that is none", (b"\xc3", "t", 1), manifest=pg)
    tables("long", "the longest name", ("main", "t" * 255, 1), intended=OK)
    tables("schema-sqlite", "the schema of SQLite is main", ("public", "t", 1))
    tables("schema-sqlite-temp", "and no other", ("main", "t", 1), ("temp", "t", 1))
    keys, pg_keys = manifest_of("keys"), manifest_of("keys", source="postgres", tables=[])
    tables("data-keys", "a key store never goes into data", ("main", "t", 1), ("main", "tenant_kek", 0))
    tables("data-keys-others", "its other tables do not make one", ("main", "data_key", 1), ("main", "tenant_keks", 1), intended=OK)
    tables("keys-alone", "the one table makes one", ("main", "tenant_kek", 1), intended=OK, manifest=keys)
    tables("keys-none", "keys without a key store", ("main", "data_key", 1), manifest=keys)
    tables("keys-no-tables", "or without any table", manifest=keys)
    tables("data-keys-schema", "nor on PostgreSQL", ("portward_keys", "key_tombstone", 0), ("public", "t", 1), manifest=pg)
    tables("data-keys-table", "where the schema says what is one", ("public", "tenant_kek", 1), intended=OK, manifest=pg)
    tables("keys-schema", "and that is all of keys", ("portward_keys", "tenant_kek", 1), ("public", "t", 1), manifest=pg_keys)
    tables("keys-schema-alone", "without anything beside it", ("portward_keys", "data_key", 1), ("portward_keys", "tenant_kek", 1), intended=OK, manifest=pg_keys)
    tables("keys-schema-none", "and not without its main table", ("portward_keys", "data_key", 1), manifest=pg_keys)
    one = table_bytes(("main", "t", 1))
    add("tables-count-less", "a table more than is said", raw(count=u32(1), tables=one + table_bytes(("main", "u", 1))))
    add("tables-count-more", "a table less than is said", raw(count=u32(2), tables=one))
    add("tables-count-0", "tables, and none is said", raw(count=u32(0), tables=one))
    add("tables-count-max", "as many as four bytes say", raw(count=u32(2**32 - 1), tables=one))
    add("tables-count-none", "the count left out", raw(count=b"", tables=one))
    add("tables-rows-short", "rows of seven bytes", raw(count=u32(1), tables=one[:-1]))
    add("tables-stream", "a stream has none", raw(manifest_of("stream"), **tables_of(("main", "t", 1))))

    for name, over, intended in (("max", 0, OK), ("over", 1, "backup_malformed")):
        add(f"length-{name}", "16,777,216 bytes" + " and one" * over, {"parts": longest_manifest(16_777_216 + over)}, intended)


def longest_manifest(length):
    """Parts of a manifest of so many bytes: tables of names that rise, and one at the end that takes what is left."""
    head = raw(**tables_of())[:-4]
    table = "\u0004main" + "\u0078" + "%" + "t" * 112 + "\u0000" * 8
    each = len(table) + 7
    times, rest = divmod(length - len(head) - 4 - 100, each)
    last = table_bytes(("main", "z" * (100 + rest - 14), 1))
    return [{"hex": (head + u32(times + 1)).hex()}, {"repeat": table, "times": times}, {"hex": last.hex()}]


# --- plaintexts --------------------------------------------------------------------------------

def plaintexts(subject):
    def add(name, comment, plain, intended=None):
        subject.add("plaintext/" + name, comment, "backup_plaintext", intended or "backup_malformed", plaintext=hex_or_parts(plain))

    manifest, stream = manifest_of().encode(), manifest_of("stream").encode()
    end = u32(0) + u64(len(DUMP)) + hashlib.sha256(DUMP).digest()

    def part(piece):
        return u32(len(piece)) + piece

    def plain(parts=(DUMP,), manifest=manifest, end=None):
        return backup.plaintext(manifest, parts) if end is None else u32(len(manifest)) + manifest + b"".join(map(part, parts)) + end

    good = plain()
    digest = {"length": len(DUMP), "sha256": hashlib.sha256(DUMP).hexdigest()}
    add("good", "one part", good, Has(dump=digest))
    add("parts", "several parts, short and long in any order", plain([DUMP[:1], DUMP[1:200], DUMP[200:203], DUMP[203:]]), Has(dump=digest))
    add("parts-bytes", "a part for each byte", plain([DUMP[at:at + 1] for at in range(len(DUMP))]), Has(dump=digest))
    add("stream", "a stream of one byte", plain([b"x"], stream), OK)
    add("keys", "a key store", plain(manifest=manifest_of("keys").encode()), OK)
    add("no-parts", "a database, and no byte of it: of this form", plain([]), Has(dump={"length": 0, "sha256": hashlib.sha256(b"").hexdigest()}))

    add("empty", "no byte", b"")
    at_part = 4 + len(manifest)
    for at in sorted({1, 3, 4, 5, at_part - 1, at_part, at_part + 3, at_part + 4, at_part + 5, at_part + 305, at_part + 308, at_part + 311,
                      at_part + 316, at_part + 317, len(good) - 1}):
        add(f"cut-{at}", f"its first {at} bytes", good[:at])
    add("behind-zero", "a zero byte behind it", good + b"\x00")
    add("behind-part", "a part behind it", good + part(DUMP))
    add("behind-twice", "twice", good * 2)
    add("two-ends", "the end twice", good + end)

    add("manifest-length-less", "its length one less", u32(len(manifest) - 1) + good[4:])
    add("manifest-length-more", "its length one more", u32(len(manifest) + 1) + good[4:])
    add("manifest-length-0", "no manifest", u32(0) + good[4 + len(manifest):])
    add("manifest-length-max", "as long as four bytes say", u32(2**32 - 1) + good[4:])
    add("manifest-length-beyond", "longer than what there is", u32(len(good) - 3) + good[4:])
    add("manifest-version-2", "a later version", plain(manifest=raw(version=b"\x02")), "backup_newer_version")
    add("manifest-version-2-parts", "and what is behind it is of another form too", plain(manifest=b"\x02", end=b"what comes"), "backup_newer_version")
    add("manifest-version-0", "version 0", plain(manifest=raw(version=b"\x00")))
    add("manifest-behind", "a byte behind the last table", plain(manifest=raw(behind=b"\x00")))
    add("manifest-none", "parts alone, whose first is read as a manifest of version 0x53", good[at_part:], "backup_newer_version")

    add("end-none", "no end", good[:-len(end)])
    add("end-early", "an end before the last part", plain([DUMP[:100]], end=u32(0) + part(DUMP[100:]) + end))
    add("end-early-whole", "an end, and another dump behind it", plain([DUMP], end=end + part(b"more") + end))
    add("part-empty", "an empty part is the end", plain([b"", DUMP], end=end))
    add("part-length-less", "a part's length one less", good[:at_part] + u32(len(DUMP) - 1) + good[at_part + 4:])
    add("part-length-more", "one more", good[:at_part] + u32(len(DUMP) + 1) + good[at_part + 4:])
    add("parts-swapped", "two parts in another order", plain([DUMP[150:], DUMP[:150]], end=end))
    add("part-missing", "the last part missing", plain([DUMP[:150]], end=end))
    add("part-first-missing", "the first part missing", plain([DUMP[150:]], end=end))
    add("part-twice", "a part twice", plain([DUMP, DUMP], end=end))

    for name, length in (("less", len(DUMP) - 1), ("more", len(DUMP) + 1), ("0", 0), ("max", U64_MAX), ("2-32", len(DUMP) + 2**32)):
        add(f"length-{name}", "another length, the right hash", plain(end=u32(0) + u64(length) + end[12:]))
    add("hash-first-bit", "a bit of the hash", flipped(good, -32, 0x80))
    add("hash-last-bit", "its last bit", flipped(good, -1))
    add("hash-zeros", "no hash", good[:-32] + bytes(32))
    add("hash-plaintext", "the hash of all that is before it", good[:-32] + hashlib.sha256(good[:-32]).digest())
    add("hash-parts", "of the dump with the lengths of its parts", good[:-32] + hashlib.sha256(part(DUMP)).digest())
    add("dump-bit", "a bit of the dump", flipped(good, at_part + 4))
    add("dump-last-bit", "its last bit", flipped(good, at_part + 3 + len(DUMP)))

    longest = "x" * 1_048_576
    for name, over, intended in (("max", "", OK), ("over", "x", None)):
        text = (longest + over).encode()
        parts = [{"hex": (u32(len(stream)) + stream + u32(len(text))).hex()}, {"repeat": "x", "times": len(text)},
                 {"hex": (u32(0) + u64(len(text)) + hashlib.sha256(text).digest()).hex()}]
        add(f"part-{name}", "a part of 1,048,576 bytes" + " and one" * len(over), {"parts": parts}, intended)
    text = (longest + "x").encode()
    parts = [{"hex": (u32(len(stream)) + stream + u32(len(longest))).hex()}, {"repeat": "x", "times": len(longest)},
             {"hex": (u32(1) + b"x" + u32(0) + u64(len(text)) + hashlib.sha256(text).digest()).hex()}]
    add("part-max-and-one", "the same bytes in two parts", {"parts": parts}, OK)
    add("part-length-max", "a part as long as four bytes say", good[:at_part] + u32(2**32 - 1) + good[at_part + 4:])

    def of_tables(*tables, kind="data"):
        return plain(manifest=manifest_of(kind, tables=sorted(tables)).encode())

    add("nothing-no-tables", "no table", of_tables(), "backup_empty")
    add("nothing-no-rows", "no table has a row", of_tables(("main", "feed", 0), ("main", "link", 0)), "backup_empty")
    add("nothing-migrations", "none but the migrations", of_tables(("main", "_sqlx_migrations", 5), ("main", "link", 0)), "backup_empty")
    add("nothing-keys", "nor of a key store", of_tables(("main", "_sqlx_migrations", 5), ("main", "tenant_kek", 0), kind="keys"), "backup_empty")
    add("nothing-stream", "a stream of no bytes", plain([], stream), "backup_empty")
    add("nothing-no-bytes", "no row and no byte", plain([], manifest_of(tables=[]).encode()), "backup_empty")
    add("something-one", "one row", of_tables(("main", "_sqlx_migrations", 5), ("main", "link", 1)), OK)
    add("something-alone", "without migrations", of_tables(("main", "link", 1)), OK)
    add("something-like", "another table's name is nearly theirs", of_tables(("main", "_sqlx_migrations2", 1)), OK)
    add("something-case", "theirs, but for a capital", of_tables(("main", "_SQLX_migrations", 1)), OK)
    add("something-tombstone", "a key store with a tombstone alone", of_tables(("main", "key_tombstone", 1), ("main", "tenant_kek", 0), kind="keys"), OK)
    add("nothing-order", "no row, and a dump of another hash", flipped(of_tables(("main", "link", 0)), -1), "backup_malformed")
    add("nothing-stream-order", "no byte of a stream, and another hash", flipped(plain([], stream), -1), "backup_malformed")


# --- catalogues --------------------------------------------------------------------------------

def catalogue_case(subject, name, comment, value, intended=OK, **more):
    value = value if value is None or isinstance(value, dict) else value.hex()
    subject.add("catalogue/" + name, comment, "backup_catalogue", intended, keyring=more.pop("keyring", "main"), catalogue=value, **more)


def based(*edits):
    return {"base": "catalogue", "edits": list(edits)}


ENTRIES_AT = 4 + 1 + 16 + 16 + 8 + 8 + 4


def catalogues(subject):
    def add(*case, **more):
        catalogue_case(subject, *case, **more)

    add("good", "a catalogue", based(), Has(id=CATALOGUE_ID.hex(), revision=20, highest=14))
    add("first", "the first one, with no entry", catalogue_of(revision=1))
    add("taken", "a number was taken, and nothing made of it", catalogue_of(revision=2, highest=1))
    add("one", "one entry", catalogue_of([plain_entry(1)]))
    add("highest-above", "numbers above the last entry were given", catalogue_of([plain_entry(3)], highest=9))
    add("all-pruned", "no entry left", catalogue_of(highest=9))
    add("numbers-max", "the greatest numbers", catalogue_of([plain_entry(U64_MAX - 1), plain_entry(U64_MAX)], revision=U64_MAX))
    add("root-older", "under a root that checks", catalogue_of(ENTRIES, root="older"))
    add("kinds", "of each kind", catalogue_of([plain_entry(1), plain_entry(2, "keys"), plain_entry(3, "stream", "a"), plain_entry(4, "data", stamp=STAMP)]))
    for name, value in (("long", "x" * 64), ("uuid", UUID_NAME), ("number", "42")):
        add(f"name-{name}", "an identifier", catalogue_of([plain_entry(1, "stream", value)]))
    add("same-created", "made at the same time", catalogue_of([plain_entry(1), plain_entry(2)]))
    add("created-falls", "made earlier than one before it: clocks go back", catalogue_of([plain_entry(1), plain_entry(2, created=CREATED - DAY)]))
    add("length-0", "of a file of no byte: that shows when it is verified",
        catalogue_of([Entry(1, "data", "", CREATED, 0, hashlib.sha256(b"").digest(), None)]))

    for name, over, intended in (("max", 0, OK), ("over", 1, "catalogue_malformed")):
        add(f"size-{name}", "64 MiB" + " and a byte" * over, {"parts": longest_catalogue(67_108_864 + over)}, intended)


def longest_catalogue(length):
    """Parts of a catalogue of so many bytes: entries of numbers that rise as eight digits do, and one that takes what is left."""
    name = "x" * 64
    entry = "%" + "\u0003" + "\u0040" + name + "\u0000" * 8 + "\u0000" * 7 + "a" + "s" * 32 + "\u0000"
    each = len(entry) + 7
    room = length - ENTRIES_AT - 36
    times, rest = divmod(room - 60, each)
    last = [Entry(2**63, "stream", "y" * (rest + 1), 1, 1, bytes(32), None)]
    if rest + 1 > 64:  # two entries of the last size are too short, so one has a stamp
        last = [Entry(2**63, "stream", "y" * (rest + 1 - 24), 1, 1, bytes(32), (bytes(16), 0))]
    head = (b"PWBC\x01" + MAIN_ID + CATALOGUE_ID + u64(3) + u64(2**63) + u32(times + len(last)))
    tail = b"".join(item.encode() for item in last) + root_id("active")
    middle = "".join(entry.replace("%", f"{at:08x}") for at in range(times)).encode()
    assert len(head + middle + tail) + 32 == length, (len(head + middle + tail) + 32, length)
    mac = backup.catalogue_mac(root_key("active"), MAIN_ID, head + middle + tail)
    return [{"hex": head.hex()}, {"repeat": entry, "times": times}, {"hex": (tail + mac).hex()}]


def codes_of_catalogues(subject):
    def add(*case, **more):
        catalogue_case(subject, *case, **more)

    add("missing", "there is none", None, "catalogue_missing")
    for version in (2, 3, 255):
        add(f"version-{version}", "a later version", based({"xor": [4, f"{version ^ 1:02x}"]}), "catalogue_newer_version")
    add("version-2-alone", "and nothing that this page could read", b"PWBC\x02", "catalogue_newer_version")
    add("version-2-mac", "with a MAC that nobody made", b"PWBC\x02" + CATALOGUE[5:-1], "catalogue_newer_version")
    add("version-0", "version 0", based({"xor": [4, "01"]}), "catalogue_malformed")
    add("magic", "another magic", based({"xor": [3, "01"]}), "catalogue_malformed")
    add("magic-version-2", "another magic and a later version", b"PWBD\x02" + CATALOGUE[5:], "catalogue_malformed")
    add("magic-case", "in small letters", b"pwbc" + CATALOGUE[4:], "catalogue_malformed")
    add("empty", "no byte", b"", "catalogue_malformed")
    for at in (1, 4, 5, 20, 21, 37, 45, 53, 56, 57, 58, 65, 66, 67, 75, 83, 115, 116, 132, 140, len(CATALOGUE) - 37, len(CATALOGUE) - 36, len(CATALOGUE) - 33,
               len(CATALOGUE) - 32, len(CATALOGUE) - 1):
        add(f"cut-{at}", f"its first {at} bytes", based({"cut": at}), "catalogue_malformed")
    add("behind", "a byte behind it", based({"append": "00"}), "catalogue_malformed")
    add("behind-twice", "twice", CATALOGUE * 2, "catalogue_malformed")

    def with_count(count, entries=()):
        return signed(CATALOGUE[:53] + u32(count) + b"".join(entry.encode() for entry in entries))

    add("count-good", "one entry, and one is said", with_count(1, ENTRIES[:1]))
    add("count-less", "an entry more than is said", with_count(1, ENTRIES[:2]), "catalogue_malformed")
    add("count-more", "an entry less than is said", with_count(3, ENTRIES[:2]), "catalogue_malformed")
    add("count-max", "as many as four bytes say", with_count(2**32 - 1, ENTRIES[:2]), "catalogue_malformed")
    start = CATALOGUE[:53] + u32(1)
    one = ENTRIES[0].encode()
    assert one[58:59] == b"\x01"
    for tag in (2, 0x80, 0xFF):
        add(f"stamp-tag-{tag}", "a stamp neither there nor not", signed(start + one[:58] + bytes([tag]) + one[59:]), "catalogue_malformed")
    add("stamp-tag-0", "there, and said not to be", signed(start + one[:58] + b"\x00" + one[59:]), "catalogue_malformed")
    add("stamp-tag-1", "not there, and said to be", signed(start + one[:58] + b"\x01"), "catalogue_malformed")
    add("stamp-none", "an entry without its end", signed(start + one[:58]), "catalogue_malformed")

    add("deployment", "of another deployment", catalogue_of(ENTRIES, deployment_id=OTHER_ID), "catalogue_wrong_deployment")
    add("deployment-theirs", "read there", catalogue_of(ENTRIES, deployment_id=OTHER_ID), keyring="other")
    add("deployment-keyring", "read with another deployment's keyring", based(), "catalogue_wrong_deployment", keyring="other")
    add("deployment-put", "another deployment put in", based({"xor": [5, "ff"]}), "catalogue_wrong_deployment")
    add("deployment-root", "another deployment, and a root that nobody has", signed(b"PWBC\x01" + OTHER_ID + CATALOGUE[21:-36], b"\xde\xad\xbe\xef"),
        "catalogue_wrong_deployment")
    add("deployment-malformed", "another deployment, and a byte too much", catalogue_of(ENTRIES, deployment_id=OTHER_ID) + b"\x00", "catalogue_malformed")
    add("deployment-order", "another deployment, and its numbers fall", catalogue_of(ENTRIES[::-1], highest=14, deployment_id=OTHER_ID),
        "catalogue_wrong_deployment")
    for name in ("retired", "idle"):
        add(f"root-{name}", "under a root that does not check any more", catalogue_of(ENTRIES, root=name), "unknown_root")
    add("root-strange", "under one that nobody has", signed(CATALOGUE[:-36], b"\xde\xad\xbe\xef"), "unknown_root")
    add("root-strange-order", "and its numbers fall", signed(catalogue_of(ENTRIES[::-1], highest=14)[:-36], b"\xde\xad\xbe\xef"), "unknown_root")
    add("root-other", "the id of another root", signed(CATALOGUE[:-36], root_id("older")), "catalogue_forged")

    for at in (21, 36, 44, 52, 64, 74, 82, 83, 114, 116, 131, 139, len(CATALOGUE) - 38):
        add(f"forged-{at}", "a bit of what it says", based({"xor": [at, "01"]}), "catalogue_forged")
    for at in (32, 17, 1):
        add(f"forged-mac-{at}", "a bit of its MAC", based({"xor": [len(CATALOGUE) - at, "80"]}), "catalogue_forged")
    add("forged-zeros", "a MAC of zeros", CATALOGUE[:-32] + bytes(32), "catalogue_forged")
    add("forged-older", "the MAC of an older one", CATALOGUE[:-32] + catalogue_of(ENTRIES, revision=19, highest=14)[-32:], "catalogue_forged")
    add("forged-revision", "an older one whose revision was raised", catalogue_of(ENTRIES[:-1], revision=19, highest=14)[:37] + u64(20)
        + catalogue_of(ENTRIES[:-1], revision=19, highest=14)[45:], "catalogue_forged")
    less = catalogue_of(ENTRIES[:-1], highest=14)
    add("forged-removed", "an entry taken away, under the old MAC", less[:-32] + CATALOGUE[-32:], "catalogue_forged")
    add("forged-removed-control", "taken away by who holds the root", less)
    add("forged-plain-root", "a MAC under the root itself", CATALOGUE[:-32] + backup.hmac_sha256(root_key("active"), CATALOGUE[:-32]), "catalogue_forged")
    add("forged-without-root", "a MAC over all but the root's id", CATALOGUE[:-32] + backup.catalogue_mac(root_key("active"), MAIN_ID, CATALOGUE[:-36]),
        "catalogue_forged")
    other = backup.derive(root_key("active"), OTHER_ID, backup.BACKUP)
    add("forged-deployment", "a MAC as another deployment has it", CATALOGUE[:-32] + backup.hmac_sha256(other, CATALOGUE[:-32]), "catalogue_forged")
    add("forged-order", "forged, and its numbers fall", flipped(catalogue_of(ENTRIES[::-1], highest=14), -1), "catalogue_forged")


def signed(data, named=None):
    """With a root id and the MAC of the active root behind it."""
    data += named or root_id("active")
    return data + backup.catalogue_mac(root_key("active"), MAIN_ID, data)


def rules_of_catalogues(subject):
    def add(*case, **more):
        catalogue_case(subject, *case, **more)

    def bad(name, comment, entries, **changes):
        add(name, comment, catalogue_of(entries, **changes), "catalogue_malformed")

    bad("revision-0", "revisions are from 1", ENTRIES, revision=0, highest=14)
    bad("order-falls", "numbers that fall", [plain_entry(2), plain_entry(1)], highest=2)
    add("order-rises", "and that rise", catalogue_of([plain_entry(1), plain_entry(2)]))
    bad("order-twice", "one number twice", [plain_entry(1), plain_entry(1)])
    bad("order-twice-kinds", "in two kinds", [plain_entry(1), plain_entry(1, "keys")])
    bad("order-last", "the last out of order", [plain_entry(1), plain_entry(3), plain_entry(2)], highest=3)
    bad("number-0", "numbers are from 1", [plain_entry(0), plain_entry(1)])
    bad("number-0-alone", "0 alone", [plain_entry(0)])
    bad("highest-below", "a number that was never given", [plain_entry(1), plain_entry(3)], highest=2)
    add("highest-equal", "the highest that was", catalogue_of([plain_entry(1), plain_entry(3)], highest=3))
    bad("highest-0", "none was given, and there is one", [plain_entry(1)], highest=0)
    for kind in ("data", "keys"):
        add(f"name-{kind}", "a database may have a name", catalogue_of([plain_entry(1, kind, "app"), plain_entry(2, kind)]))
        bad(f"name-{kind}-wrong", "which is an identifier", [plain_entry(1, kind, "my app")])
    bad("name-none", "a stream has one", [plain_entry(1, "stream", "")])
    for name, value in (("65", "x" * 65), ("space", "up loads"), ("utf-8", "\u00e9"), ("uuid-upper", UUID_NAME.upper())):
        bad(f"name-{name}-wrong", "no identifier", [plain_entry(1, "stream", value)])
    start = CATALOGUE[:53] + u32(1)
    one = ENTRIES[0].encode()
    for byte in (0, 4, 0xFF):
        add(f"kind-{byte}", "no kind", signed(start + one[:8] + bytes([byte]) + one[9:]), "catalogue_malformed")
    stream = plain_entry(1, "stream", "xy").encode()
    add("name-not-utf-8", "a name that is no text", signed(start[:37] + u64(20) + u64(14) + u32(1) + stream[:10] + b"\xff\xfe" + stream[12:]), "catalogue_malformed")

    def seen(name, comment, remembered, revision=20, intended="catalogue_rolled_back", entries=ENTRIES):
        lines = "".join(f"{catalogue_id.hex()} {at}\n" for catalogue_id, at in remembered)
        add("seen-" + name, comment, catalogue_of(entries, revision=revision, highest=14), intended, seen=lines)

    seen("same", "what was seen last", [(CATALOGUE_ID, 20)], intended=OK)
    seen("less", "newer than what was seen", [(CATALOGUE_ID, 19)], intended=OK)
    seen("first", "much newer", [(CATALOGUE_ID, 1)], intended=OK)
    seen("more", "one before what was seen", [(CATALOGUE_ID, 21)])
    seen("max", "far before", [(CATALOGUE_ID, U64_MAX)])
    seen("digits", "compared as numbers: 9 is less than 20", [(CATALOGUE_ID, 9)], intended=OK)
    seen("digits-more", "and 100 more", [(CATALOGUE_ID, 100)])
    seen("nothing", "who has no memory believes it", [], intended=OK)
    seen("other", "another catalogue was seen further on", [(OTHER_CATALOGUE_ID, 21)], intended=OK)
    seen("among", "one line of several", [(OTHER_CATALOGUE_ID, 1), (CATALOGUE_ID, 21), (seeded("third", 16), 3)])
    seen("among-same", "and is the same", [(OTHER_CATALOGUE_ID, 99), (CATALOGUE_ID, 20), (seeded("third", 16), 99)], intended=OK)
    seen("malformed", "rolled back, and its numbers fall", [(CATALOGUE_ID, 21)], intended="catalogue_malformed", entries=ENTRIES[::-1])
    add("seen-forged", "rolled back and forged", flipped(CATALOGUE, -1), "catalogue_forged", seen=f"{CATALOGUE_ID.hex()} 21\n")
    add("seen-missing", "gone, though one was seen", None, "catalogue_missing", seen=f"{CATALOGUE_ID.hex()} 21\n")


def changes_of_catalogues(subject):
    def add(name, comment, before, after, **change):
        after = catalogue_of(after.pop("entries"), **{"revision": 21, **after})
        subject.add("change/" + name, comment, "backup_change", {"catalogue": after.hex()}, keyring="main", catalogue=before.hex(), change=change)

    told = [entry_value(entry) for entry in ENTRIES]
    add("take", "a number is taken", CATALOGUE, {"entries": ENTRIES, "highest": 15}, take=1)
    add("take-first", "the first of all", catalogue_of(revision=1), {"entries": [], "revision": 2, "highest": 1}, take=1)
    add("take-pruned", "nothing is left, and numbers go on", catalogue_of(highest=14), {"entries": [], "highest": 15}, take=1)
    before = catalogue_of(ENTRIES[:-1], highest=14)
    add("enter", "an entry comes", before, {"entries": ENTRIES, "highest": 14}, enter=[told[-1]])
    before = catalogue_of([*ENTRIES[:3], *ENTRIES[4:]], highest=14)
    add("enter-between", "a slow one comes after one of a higher number", before, {"entries": ENTRIES, "highest": 14}, enter=[told[3]])
    add("enter-first", "the first of all", catalogue_of(highest=14), {"entries": [ENTRIES[0]], "highest": 14}, enter=[told[0]])
    add("remove", "an entry goes", CATALOGUE, {"entries": ENTRIES[1:], "highest": 14}, remove=[7])
    add("remove-last", "the one of the highest number", catalogue_of(ENTRIES, highest=13), {"entries": ENTRIES[:-1], "highest": 13}, remove=[13])
    add("remove-some", "several in one change", CATALOGUE, {"entries": ENTRIES[3:], "highest": 14}, remove=[7, 8, 9])
    add("remove-all", "all", CATALOGUE, {"entries": [], "highest": 14}, remove=[7, 8, 9, 10, 12, 13])
    add("root-older", "one under an older root comes under the active one", catalogue_of(ENTRIES, root="older", highest=14),
        {"entries": ENTRIES, "highest": 15}, take=1)
    subject.add("change/forged", "one that is not believed is not changed", "backup_change", "catalogue_forged", keyring="main",
                catalogue=flipped(CATALOGUE, -1).hex(), change={"take": 1})


def entry_value(entry):
    stamp = entry.stamp and {"incarnation": entry.stamp[0].hex(), "sequence": entry.stamp[1]}
    return {"number": entry.number, "kind": entry.kind, "name": entry.name, "created": entry.created, "length": entry.length,
            "sha256": entry.sha256.hex(), "stamp": stamp}


def memory(subject):
    this, other = CATALOGUE_ID, OTHER_CATALOGUE_ID

    def add(name, comment, before, revision, after):
        before = before if before is None else backup.write_seen(dict(before))
        intended = after if isinstance(after, str) else {"seen": sorted([catalogue_id.hex(), at] for catalogue_id, at in after)}
        subject.add("seen/" + name, comment, "backup_seen", intended, seen=before, catalogue_id=this.hex(), revision=revision)

    add("none", "no file yet", None, 5, [(this, 5)])
    add("empty", "an empty one", [], 5, [(this, 5)])
    add("more", "a newer revision", [(this, 5)], 6, [(this, 6)])
    add("same", "the same", [(this, 5)], 5, [(this, 5)])
    add("less", "an older one", [(this, 5)], 4, "catalogue_rolled_back")
    add("digits", "from 9 to 10", [(this, 9)], 10, [(this, 10)])
    add("digits-back", "and back", [(this, 10)], 9, "catalogue_rolled_back")
    add("max", "the greatest", [(this, 2**63)], U64_MAX, [(this, U64_MAX)])
    add("max-back", "and one less", [(this, U64_MAX)], U64_MAX - 1, "catalogue_rolled_back")
    add("other", "another catalogue beside it", [(other, 7)], 1, [(other, 7), (this, 1)])
    add("other-stays", "which stays as it is", [(other, 7), (this, 1)], 2, [(other, 7), (this, 2)])
    add("other-less", "an older one beside another", [(other, 1), (this, 3)], 2, "catalogue_rolled_back")

    line, beside = f"{this.hex()} 5\n", f"{other.hex()} 7\n"
    for name, comment, before in (
        ("zeros", "a revision with zeros before it", f"{this.hex()} 05\n"),
        ("sign", "with a sign", f"{this.hex()} +5\n"),
        ("zero", "revisions are from 1", f"{this.hex()} 0\n"),
        ("beyond", "one that 64 bits do not hold", f"{this.hex()} {U64_MAX + 1}\n"),
        ("no-revision", "none", f"{this.hex()}\n"),
        ("spaces", "two spaces", f"{this.hex()}  5\n"),
        ("behind", "a space behind it", f"{this.hex()} 5 \n"),
        ("upper", "an id in capitals", f"{this.hex().upper()} 5\n"),
        ("short", "an id of 31 digits", line[1:]),
        ("no-line-feed", "the last line cut off", beside + line[:-1]),
        ("carriage-return", "lines of another system", line.replace("\n", "\r\n")),
        ("blank", "a line of nothing", line + "\n"),
        ("twice", "a catalogue twice", line + beside + line),
        ("twice-less", "also with another revision", line + f"{this.hex()} 4\n"),
        ("other", "where another catalogue is", line + beside[1:]),
    ):
        subject.add("seen/malformed-" + name, comment, "backup_seen", "file_malformed", seen=before, catalogue_id=this.hex(), revision=6)
    add("malformed-control", "as it should be", [(this, 5), (other, 7)], 6, [(this, 6), (other, 7)])

    def begin(name, comment, files, intended):
        subject.add("begin/" + name, comment, "backup_begin", intended, files=files)

    begin("empty", "an empty directory gets a catalogue", [], {})
    begin("lock", "so does one with a lock", [".lock"], {})
    begin("others", "or with files that are no backups", ["README", "data.pwb.txt", "pwb", "data-000000000001.PWB"], {})
    begin("sealed", "one with a sealed file does not", [".lock", "data-000000000001.pwb"], "catalogue_missing")
    begin("renamed", "whatever its name", ["old.pwb"], "catalogue_missing")


# --- verifying ---------------------------------------------------------------------------------

def verify_case(subject, name, comment, asked, file, intended=OK, catalogue=None, **more):
    if not isinstance(asked, dict):
        asked = {"number": asked} if isinstance(asked, int) else {"kind": asked[0], "name": asked[1]}
    file = file if file is None or isinstance(file, dict) else file.hex()
    catalogue = catalogue if isinstance(catalogue, dict) else based() if catalogue is None else catalogue.hex()
    subject.add("verify/" + name, comment, "backup_verify", intended, keyring=more.pop("keyring", "main"), catalogue=catalogue, asked=asked, file=file, **more)


def file_of(at, *edits):
    return {"base": f"backup-{at}", "edits": list(edits)}


def is_of(at):
    return Has(manifest={**_told(GOOD[at][0])}, dump={"length": sum(map(len, GOOD[at][1])), "sha256": hashlib.sha256(b"".join(GOOD[at][1])).hexdigest()})


def _told(manifest):
    feed = manifest.feed and {"incarnation": manifest.feed[0].hex(), "sequence": manifest.feed[1], "history": manifest.feed[2].hex(), "snapshot": manifest.feed[3]}
    return {"deployment": manifest.deployment_id.hex(), "catalogue": manifest.catalogue_id.hex(), "kind": manifest.kind, "number": manifest.number,
            "created": manifest.created, "source": manifest.source, "name": manifest.name, "feed": feed, "tables": [list(table) for table in manifest.tables]}


def verifying(subject):
    def add(*case, **more):
        verify_case(subject, *case, **more)

    for at in GOOD:
        add(f"good-{at}", f"the {GOOD[at][0].kind} of this number", at, file_of(at), is_of(at))
    add("newest-data", "the newest data", ("data", ""), file_of(12), is_of(12))
    add("newest-keys", "the newest keys", ("keys", ""), file_of(8), is_of(8))
    add("newest-stream", "the newest of a name", ("stream", "uploads"), file_of(13), is_of(13))
    add("newest-other", "names are apart", ("stream", "12"), file_of(10), is_of(10))
    add("newest-older-file", "the file of an older one", ("data", ""), file_of(7), "backup_differs")
    for at in (1, 6, 11, 14, 15, U64_MAX):
        add(f"unknown-{at}", "no entry has this number", at, file_of(7), "backup_unknown")
    add("unknown-name", "a name of which there is none", ("stream", "downloads"), file_of(13), "backup_unknown")
    add("unknown-name-case", "a capital is another name", ("stream", "Uploads"), file_of(13), "backup_unknown")
    none = catalogue_of([entry for entry in ENTRIES if entry.kind != "keys"], highest=14)
    add("unknown-kind", "a kind of which there is none", ("keys", ""), file_of(8), "backup_unknown", catalogue=none)
    add("unknown-name-data", "none of a name that no data has", ("data", "app"), file_of(12), "backup_unknown")
    add("unknown-missing", "no entry, and no file", 6, None, "backup_unknown")
    for at, kind, name in ((7, "data", ""), (8, "keys", ""), (9, "stream", "uploads"), (10, "stream", "12")):
        add(f"number-{at}-of-{kind}", "asked by number, kind and name", {"number": at, "kind": kind, "name": name}, file_of(at), is_of(at))
    for name, comment, at, kind, named in (
        ("data", "the number is of keys", 8, "data", ""), ("keys", "of data", 7, "keys", ""), ("stream", "of data, and no stream", 7, "stream", "uploads"),
        ("name", "of a stream of another name", 10, "stream", "uploads"), ("newest", "of one that is not there, and no newest takes its place", 11, "data", ""),
    ):
        add(f"number-of-other-{name}", comment, {"number": at, "kind": kind, "name": named}, file_of(at) if at in GOOD else None, "backup_unknown")
    add("missing", "an entry, and no file", 7, None, "backup_missing")
    add("missing-newest", "the newest has none: no older one takes its place", ("data", ""), None, "backup_missing")
    add("catalogue-forged", "the catalogue is not believed", 7, file_of(7), "catalogue_forged", catalogue=flipped(CATALOGUE, -1))
    add("catalogue-rolled-back", "or older than what was seen", 7, file_of(7), "catalogue_rolled_back", seen=f"{CATALOGUE_ID.hex()} 21\n")
    add("catalogue-seen", "or as old", 7, file_of(7), is_of(7), seen=f"{CATALOGUE_ID.hex()} 20\n")

    length = len(FILES[7])
    for at in (0, 1, 20, 22, 123, length - 17, length - 1):
        add(f"length-cut-{at}", f"its first {at} bytes", 7, file_of(7, {"cut": at}), "backup_differs")
    add("length-longer", "a byte behind it", 7, file_of(7, {"append": "00"}), "backup_differs")
    add("length-twice", "twice", 7, (FILES[7] * 2), "backup_differs")
    add("length-chunk", "cut behind a whole chunk", 13, file_of(13, {"cut": cut_of(13, 1)}), "backup_differs")

    other = sealed("good 7 again", backup.plaintext(GOOD[7][0].encode(), GOOD[7][1]))
    assert len(other) == length
    add("hash-sealed-again", "the same, sealed once more: it opens, and is another file", 7, other, "backup_differs")
    add("hash-sealed-again-control", "which its own entry says", 7, other, is_of(7), catalogue=catalogue_of([entry_of(GOOD[7][0], other)]))
    dump = backup.plaintext(GOOD[7][0].encode(), [DUMP[::-1]])
    add("hash-other-dump", "another dump of the same length", 7, sealed("other dump", dump), "backup_differs")
    slot = rewrapped(FILES[7], 7, seeded("backup another nonce", 24))
    assert len(slot) == length and slot != FILES[7]
    add("hash-slot", "its key wrapped anew under the same root", 7, slot, "backup_differs")
    add("hash-parts", "its dump in other parts", 7, sealed("other parts", backup.plaintext(GOOD[7][0].encode(), [DUMP[:150], DUMP[150:]])), "backup_differs")
    wrong = [entry_of(GOOD[7][0], FILES[7], sha256=flipped(hashlib.sha256(FILES[7]).digest(), 0))]
    add("hash-entry", "another hash in the entry", 7, file_of(7), "backup_differs", catalogue=catalogue_of(wrong))
    wrong = [entry_of(GOOD[7][0], FILES[7], length=length + 1)]
    add("length-entry", "another length in the entry", 7, file_of(7), "backup_differs", catalogue=catalogue_of(wrong))


def cut_of(at, chunks):
    """Where so many whole chunks end."""
    return envelope.read_header(FILES[at]).body_at + 56 + 16_400 * chunks


def rewrapped(file, at, nonce, kind="data", root="active", more=()):
    """Its key, which the active root unwraps, under a root, and in the slots that are told."""
    keys = [envelope.HeldKek(envelope.Kek(3, root_id("active"), 1, root_key("active")), None, "active")]
    opener = envelope.Opener(MAIN_ID, backup.tenant_of(MAIN_ID), backup.scope_of(kind), [], keys, 1, [], [])
    return opener.rewrap(file, [(envelope.Kek(3, root_id(root), 1, root_key(root)), nonce), *more])


def more_slots(file, more, is_before):
    """Its key in a further slot: KEK and nonce."""
    own = (envelope.Kek(3, root_id("active"), 1, root_key("active")), seeded("backup own nonce", 24))
    keys = [envelope.HeldKek(own[0], None, "active")]
    opener = envelope.Opener(MAIN_ID, backup.tenant_of(MAIN_ID), backup.scope_of("data"), [], keys, 1, [], [])
    return opener.rewrap(file, [more, own] if is_before else [own, more])


# --- opening -----------------------------------------------------------------------------------

def opening(subject):
    def add(name, comment, file, intended, at=7, manifest=None, **more):
        """The entry is that of the file as it is."""
        manifest = manifest or GOOD[at][0]
        verify_case(subject, "open-" + name, comment, manifest.number, file, intended, catalogue=catalogue_of([entry_of(manifest, file)]), **more)

    good = FILES[7]
    plain = backup.plaintext(GOOD[7][0].encode(), GOOD[7][1])
    add("good", "as it was sealed", good, is_of(7))
    add("root-older", "under a root that checks", sealed("older root", plain, root="older"), is_of(7))
    for name in ("retired", "idle"):
        add(f"root-{name}", "under one that does not any more", sealed("retired root", plain, root=name), "no_slot")
    add("empty", "no byte", b"", "not_an_envelope")
    add("magic", "no object", flipped(good, 0), "not_an_envelope")
    add("version", "a later version", flipped(good, 1, 3), "unknown_version")
    add("suite", "another suite", flipped(good, 2, 3), "unknown_suite")
    add("kind", "another kind", flipped(good, 3, 3), "unknown_kind")
    add("detached", "a key that lies nowhere", good[:3] + b"\x00" + good[4:20] + good[envelope.read_header(good).body_at:], "unknown_data_key")
    add("cut-header", "cut in its header", good[:60], "header_malformed")
    add("slots-none", "without a slot", good[:20] + b"\x00\x01\x00" + good[envelope.read_header(good).body_at:], "header_malformed")
    strange, tenant_kek = (seeded(f"backup {name}", 32) for name in ("strange root", "strange kek"))
    slots = {"older": (envelope.Kek(3, root_id("older"), 1, root_key("older")), seeded("backup slot nonce", 24)),
             "strange": (envelope.Kek(3, bytes.fromhex("deadbeef"), 1, strange), seeded("backup strange nonce", 24)),
             "tenant-kek": (envelope.Kek(1, seeded("backup strange kek id", 16), 1, tenant_kek), seeded("backup kek nonce", 24))}
    for name, more in slots.items():
        for place in ("behind", "before"):
            add(f"slots-{name}-{place}", "a further slot: one that resolves is enough", more_slots(good, more, place == "before"), is_of(7))
    add("slot-root", "the slot of a root that nobody has", flipped(good, 26), "no_slot")
    add("slot-type", "a slot of another type", flipped(good, 23, 0x60), "no_slot")
    add("slot-bit", "a bit of the slot", flipped(good, 80), "unwrap_failed")
    add("key-id", "another id of the data key", flipped(good, 4), "unwrap_failed")
    at_body = envelope.read_header(good).body_at
    add("salt", "a bit of the salt", flipped(good, at_body), "wrong_commitment")
    add("commitment", "a bit of the commitment", flipped(good, at_body + 24), "wrong_commitment")
    add("chunk", "a bit of the chunk", flipped(good, at_body + 56), "chunk_forged")
    add("tag", "a bit of its tag", flipped(good, -1), "chunk_forged")
    add("cut-commitment", "cut in its commitment", good[:at_body + 55], "body_truncated")
    add("cut-chunk", "cut in its chunk", good[:-1], "chunk_forged")
    add("cut-tag", "cut to less than a tag", good[:at_body + 56 + 15], "body_truncated")
    add("behind", "a byte behind it", good + b"\x00", "chunk_forged")
    add("deployment", "sealed in another deployment", sealed("other deployment", plain, deployment_id=OTHER_ID), "unwrap_failed")
    for name, kind, at in (("keys", "keys", 7), ("stream", "stream", 7)):
        add(f"as-{name}", "sealed as another kind", sealed(f"as {name}", plain, kind, at), "unwrap_failed")
    for at in (6, 8, 70, 256 + 7):
        add(f"number-{at}", "sealed as another number", sealed(f"as number {at}", plain, number=at), "wrong_commitment")
    subject_pairs = [("tenant", backup.tenant_of(MAIN_ID)), ("name", "portward.backup"), ("id", "7"), ("x-kind", "data")]
    for name, pairs in (
        ("padded", [(key, "000000000007" if key == "id" else value) for key, value in subject_pairs]),
        ("name", [(key, "portward.backups" if key == "name" else value) for key, value in subject_pairs]),
        ("no-kind", subject_pairs[:3]),
        ("more", [*subject_pairs, ("x-name", "uploads")]),
    ):
        add(f"context-{name}", "of another context", sealed_in(pairs, name, plain), "wrong_commitment")
    add("context-good", "of this one", sealed_in(subject_pairs, "good", plain), is_of(7))
    with_tenant = sealed_in(subject_pairs, "tenant", plain, tenant=MAIN_ID.hex())
    add("tenant", "its key wrapped for the deployment id in hex", with_tenant, "unwrap_failed")
    add("scope", "for another scope", sealed_in(subject_pairs, "scope", plain, scope="backup:data-7"), "unwrap_failed")


def sealed_in(pairs, name, plain, tenant=None, scope="backup:data"):
    """Sealed in a context and under a scope that are stated."""
    key_id, key = seeded(f"backup context {name} key id", 16), seeded(f"backup context {name} key", 32)
    subject = envelope.Subject(MAIN_ID, tenant or backup.tenant_of(MAIN_ID), key_id, scope=scope)
    slot = envelope.Kek(3, root_id("active"), 1, root_key("active")).wrap(subject, key, seeded(f"backup context {name} nonce", 24))
    return envelope.seal(MAIN_ID, key_id, key, envelope.Context(pairs), seeded(f"backup context {name} salt", 24), plain, [slot])


# --- what was sealed ---------------------------------------------------------------------------

def swapped(subject):
    def add(name, comment, manifest, intended="backup_swapped", at=7, parts=None, plain=None, **entry):
        """A manifest that another backup could have, under the context of this one; `entry`: what its entry says instead."""
        held = GOOD[at][0]
        plain = plain or backup.plaintext(manifest.encode(), parts or GOOD[at][1])
        file = sealed(f"swapped {name}", plain, held.kind, at)
        catalogue = catalogue_of([entry_of(held, file, **entry)], highest=14)
        verify_case(subject, "swapped-" + name, comment, at, file, intended, catalogue=catalogue)

    add("control", "the manifest of this backup", manifest_of(), is_of(7))
    add("deployment", "of another deployment", manifest_of(deployment_id=OTHER_ID))
    add("catalogue", "of another catalogue", manifest_of(catalogue_id=OTHER_CATALOGUE_ID))
    add("kind", "of another kind", manifest_of("keys"), stamp=None)
    add("kind-data", "data in the place of keys", manifest_of(number=8, created=CREATED + 60, feed=None), at=8)
    add("kind-control", "the keys", GOOD[8][0], is_of(8), at=8)
    for at in (6, 8, 2**32 + 7):
        add(f"number-{at}", "of another number", manifest_of(number=at))
    add("name", "of another name", manifest_of("stream", number=10, name="13", created=CREATED + 180), at=10)
    add("name-longer", "a name that begins as this one", manifest_of("stream", number=10, name="123", created=CREATED + 180), at=10)
    add("name-control", "of this name", GOOD[10][0], is_of(10), at=10)
    for name, created in (("earlier", CREATED - 1), ("later", CREATED + 1)):
        add(f"created-{name}", f"made {name}", manifest_of(created=created))
        add(f"created-{name}-entry", "which its entry says, too", manifest_of(created=created), OK, created=created)
    add("stamp-none", "without a feed", manifest_of(feed=None))
    add("stamp-none-entry", "which its entry says, too", manifest_of(feed=None), OK, stamp=None)
    add("stamp-there", "a feed, and its entry has none", manifest_of(), stamp=None)
    add("stamp-sequence", "of another sequence", manifest_of(feed=(FEED[0], 7, *FEED[2:])))
    add("stamp-incarnation", "of another incarnation", manifest_of(feed=(flipped(FEED[0], 15), *FEED[1:])))
    add("history", "another history is not in the stamp", manifest_of(feed=(*FEED[:2], STORE.histories[7], 4)), OK)
    add("snapshot", "nor is another snapshot", manifest_of(feed=(*FEED[:3], 0)), OK)
    add("source", "nor the source", manifest_of(source="postgres", tables=[("portward", "feed", 1)]), OK)
    add("rows", "nor the rows", manifest_of(tables=[("main", "feed", 2)]), OK)

    lie = manifest_of(number=6).encode()
    add("parts", "of another number, and its dump is of another hash", None, plain=flipped(backup.plaintext(lie, [DUMP]), -1))
    add("behind", "of another number, and a byte behind it", None, plain=backup.plaintext(lie, [DUMP]) + b"\x00")
    add("empty", "of another number, and without a row", manifest_of(number=6, tables=[]))
    add("entry-hash", "of another number, and the entry has another hash", manifest_of(number=6), sha256=bytes(32))
    add("malformed", "of another number, and of another form", None, "backup_malformed", plain=backup.plaintext(raw(manifest_of(number=6), behind=b"\x00"), [DUMP]))
    add("newer", "of another number, and of a later version", None, "backup_newer_version", plain=backup.plaintext(raw(manifest_of(number=6), version=b"\x02"), [DUMP]))


def contents(subject):
    def add(name, comment, plain, intended, held=None, **entry):
        held = held or manifest_of()
        file = sealed(f"content {name}", plain, held.kind, held.number)
        verify_case(subject, "content-" + name, comment, held.number, file, intended, catalogue=catalogue_of([entry_of(held, file, **entry)], highest=14))

    good = backup.plaintext(manifest_of().encode(), [DUMP])
    add("control", "as it should be", good, is_of(7))
    add("none", "nothing", b"", "backup_malformed")
    add("version-2", "a manifest of a later version", backup.plaintext(raw(version=b"\x02"), [DUMP]), "backup_newer_version")
    add("version-0", "of version 0", backup.plaintext(raw(version=b"\x00"), [DUMP]), "backup_malformed")
    add("kind", "of no kind", backup.plaintext(raw(kind=b"\x04"), [DUMP]), "backup_malformed")
    add("number-0", "of number 0", backup.plaintext(raw(number=u64(0)), [DUMP]), "backup_malformed")
    add("tables", "of tables in no order", backup.plaintext(raw(**tables_of(("main", "b", 1), ("main", "a", 1))), [DUMP]), "backup_malformed")
    add("cut", "without its last byte", good[:-1], "backup_malformed")
    add("behind", "a byte more", good + b"\x00", "backup_malformed")
    add("end", "without its end", good[:-44], "backup_malformed")
    add("hash", "another hash", flipped(good, -1), "backup_malformed")
    add("length", "another length", good[:-40] + u64(len(DUMP) + 1) + good[-32:], "backup_malformed")
    add("dump", "another dump", flipped(good, -60), "backup_malformed")
    add("hash-entry", "another hash, and the entry has another one, too", flipped(good, -1), "backup_malformed", sha256=bytes(32))
    empty = manifest_of(tables=[("main", "_sqlx_migrations", 3), ("main", "link", 0)])
    add("empty", "no row but of migrations", backup.plaintext(empty.encode(), [DUMP]), "backup_empty")
    add("empty-entry", "and the entry has another hash", backup.plaintext(empty.encode(), [DUMP]), "backup_differs", sha256=bytes(32))
    stream = manifest_of("stream")
    add("empty-stream", "no byte", backup.plaintext(stream.encode(), []), "backup_empty", held=stream)
    add("empty-stream-entry", "and the entry has another hash", backup.plaintext(stream.encode(), []), "backup_differs", held=stream, sha256=bytes(32))
    keys = manifest_of("keys", tables=[("main", "_sqlx_migrations", 1), ("main", "tenant_kek", 0)])
    add("empty-keys", "no key", backup.plaintext(keys.encode(), [DUMP]), "backup_empty", held=keys)

    add("chunks", "several chunks", backup.plaintext(GOOD[13][0].encode(), GOOD[13][1]), is_of(13), held=GOOD[13][0])
    held = GOOD[13][0]
    for name, edits, data, intended in (
        ("second", [{"xor": [cut_of(13, 1), "01"]}], flipped(FILES[13], cut_of(13, 1)), "chunk_forged"),
        ("last", [{"xor": [len(FILES[13]) - 1, "01"]}], flipped(FILES[13], -1), "chunk_forged"),
        ("cut-1", [{"cut": cut_of(13, 1)}], FILES[13][:cut_of(13, 1)], "body_truncated"),
        ("cut-2", [{"cut": cut_of(13, 2)}], FILES[13][:cut_of(13, 2)], "body_truncated"),
        ("swapped", [{"swap": [cut_of(13, 0), cut_of(13, 1), cut_of(13, 1), cut_of(13, 2)]}],
         FILES[13][:cut_of(13, 0)] + FILES[13][cut_of(13, 1):cut_of(13, 2)] + FILES[13][cut_of(13, 0):cut_of(13, 1)] + FILES[13][cut_of(13, 2):], "chunk_forged"),
    ):
        catalogue = catalogue_of([entry_of(held, data)], highest=14)
        verify_case(subject, f"chunks-{name}", "of several chunks, all told by its entry", 13, file_of(13, *edits), intended, catalogue=catalogue)


# --- rows --------------------------------------------------------------------------------------

def rows_of_dumps(subject):
    stated = [["main", "feed", 1], ["main", "link", 2], ["main", "tombstone", 0]]

    def add(name, comment, counted, intended="backup_rows_differ", tables=stated):
        subject.add("rows/" + name, comment, "backup_rows", intended, tables=tables, counted=counted)

    add("good", "as the manifest says", stated, {})
    add("more", "a row more", [["main", "feed", 1], ["main", "link", 3], ["main", "tombstone", 0]])
    add("less", "a row less", [["main", "feed", 1], ["main", "link", 1], ["main", "tombstone", 0]])
    add("none", "no row of a table that has some", [["main", "feed", 0], ["main", "link", 2], ["main", "tombstone", 0]])
    add("some", "a row in one that has none", [["main", "feed", 1], ["main", "link", 2], ["main", "tombstone", 1]])
    add("swapped", "two tables' rows the other way round", [["main", "feed", 2], ["main", "link", 1], ["main", "tombstone", 0]])
    add("moved", "as many rows in all", [["main", "feed", 0], ["main", "link", 3], ["main", "tombstone", 0]])
    add("table-missing", "a table with rows is not there", [["main", "feed", 1], ["main", "tombstone", 0]])
    add("table-more", "a table with rows that is not stated", [*stated, ["main", "zebra", 1]])
    add("schema", "in another schema", [["public", "feed", 1], ["main", "link", 2], ["main", "tombstone", 0]])
    add("migrations", "of migrations too", [["main", "_sqlx_migrations", 2], *stated], tables=[["main", "_sqlx_migrations", 3], *stated])
    add("migrations-good", "as many", [["main", "_sqlx_migrations", 3], *stated], {}, tables=[["main", "_sqlx_migrations", 3], *stated])
    add("nothing", "nothing in it", [])
    add("empty-missing", "a table without rows is not there: it has none", stated[:2], {})
    add("empty-more", "one without rows that is not stated", [*stated, ["main", "zebra", 0]], {})
    add("order", "in another order", stated[::-1], {})


def copied_rows(subject):
    def add(name, comment, text, tables):
        subject.add("copied/" + name, comment, "backup_copied", {"tables": tables}, restored={"text": text})

    start = "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\nSET client_encoding = 'UTF8';\n\n"
    end = "\n\n--\n-- PostgreSQL database dump complete\n--\n\n"

    def block(table, *rows, columns=" (id, name)"):
        return f"--\n-- Data for Name: t; Type: TABLE DATA; Schema: public; Owner: -\n--\n\nCOPY {table}{columns} FROM stdin;\n" + "".join(row + "\n" for row in rows) + "\\.\n\n\n"

    add("none", "no table", start + end, [])
    add("one", "one table of two rows", start + block("public.t", "1\ta", "2\tb") + end, [["public", "t", 2]])
    add("empty", "one without rows", start + block("public.t") + end, [["public", "t", 0]])
    add("two", "two tables", start + block("public.t", "1\ta") + block("portward.feed", "2\tb", "3\tc") + end, [["portward", "feed", 2], ["public", "t", 1]])
    add("null", "NULL, and a text that is empty", start + block("public.t", "\\N\t", "\t\\N") + end, [["public", "t", 2]])
    add("no-columns", "a table without columns has empty lines", start + block("public.t", "", "", "", columns=" ") + end, [["public", "t", 3]])
    add("one-empty-text", "a row of one empty text is an empty line", start + block("public.t", "", columns=" (name)") + end, [["public", "t", 1]])
    add("newline", "a line feed in a text is no line", start + block("public.t", "1\ta\\nb", "2\tc\\r\\nd") + end, [["public", "t", 2]])
    add("dot", "a text that is the end", start + block("public.t", "\\\\.", "1", columns=" (name)") + end, [["public", "t", 2]])
    add("dot-more", "and that begins so", start + block("public.t", "\\\\.x", ".", columns=" (name)") + end, [["public", "t", 2]])
    add("copy", "a text that is a beginning", start + block("public.t", "COPY public.u (id) FROM stdin;", "2", columns=" (name)") + end, [["public", "t", 2]])
    add("comment", "a text that is a comment", start + block("public.t", "-- Data for Name", "", columns=" (name)") + end, [["public", "t", 2]])
    add("quoted", "names in quotes", start + block('"My Schema"."My Table"', "1\ta") + end, [["My Schema", "My Table", 1]])
    add("quoted-dot", "with a dot", start + block('"a.b"."c.d"', "1\ta") + end, [["a.b", "c.d", 1]])
    add("quoted-quote", "with quotes", start + block('public."say ""so"""', "1\ta") + end, [["public", 'say "so"', 1]])
    add("quoted-paren", "with what follows a name", start + block('public."t (id) FROM stdin;"', "1\ta") + end, [["public", "t (id) FROM stdin;", 1]])
    add("utf-8", "of any letters", start + block("public.\"caf\u00e9\"", "1\t\u6d4b") + end, [["public", "caf\u00e9", 1]])
    add("columns", "columns in quotes", start + block("public.t", "1\ta", columns=' (id, "a)b", "c""d")') + end, [["public", "t", 1]])
    add("sequences", "what is between tables is no row", start + block("public.t", "1\ta") + "SELECT pg_catalog.setval('public.t_id_seq', 2, true);\n\n"
        + block("public.u", "1\tb") + end, [["public", "t", 1], ["public", "u", 1]])
    subject.add("copied/many", "many rows", "backup_copied", {"tables": [["public", "t", 10_000]]},
                restored={"parts": [{"text": start + "COPY public.t (id) FROM stdin;\n"}, {"repeat": "%\n", "times": 10_000}, {"text": "\\.\n" + end}]})


def directories(subject):
    entries = [{"kind": "data", "number": 7}, {"kind": "keys", "number": 8}, {"kind": "stream", "number": 1_000_000_000_000}]
    files = ["data-000000000007.pwb", "keys-000000000008.pwb", "stream-1000000000000.pwb"]

    def add(name, comment, files, missing=(), stray=(), entries=entries):
        subject.add("directory/" + name, comment, "backup_directory", {"missing": list(missing), "stray": sorted(stray)}, entries=entries, files=files)

    add("good", "each entry has its file", ["catalogue.pwc", ".lock", *files])
    add("empty", "nothing", [], entries=[])
    add("missing", "one has none", files[1:], [7])
    add("missing-all", "none has one", ["catalogue.pwc"], [7, 8, 1_000_000_000_000])
    for name, stray in (("copy", "data-000000000007-copy.pwb"), ("number", "data-000000000009.pwb"), ("any", "old.pwb"), ("no-zeros", "data-7.pwb"), ("zeros", "data-0000000000007.pwb"),
                        ("kind", "keys-000000000007.pwb"), ("case", "DATA-000000000007.pwb"), ("name", "stream-uploads-1000000000000.pwb")):
        add(f"stray-{name}", "a file that no entry is of", [*files, stray], stray=[stray])
    add("renamed", "renamed: stray, and missing under its own name", ["data-000000000070.pwb", *files[1:]], [7], ["data-000000000070.pwb"])
    add("several", "several", [*files, "b.pwb", "a.pwb"], stray=["a.pwb", "b.pwb"])
    add("others", "files of another ending", [*files, "data-000000000007.pwb.old", "data-000000000009.PWB", "pwb", "notes.txt"])
    add("unentered", "a number that was taken, and its entry never made", ["data-000000000001.pwb"], stray=["data-000000000001.pwb"], entries=[])


# --- restoring ---------------------------------------------------------------------------------

def restored_feeds(subject):
    def add(name, comment, feed, at=7, intended=None):
        if intended is None:
            marked = row("feed", [[held, text(f"restored/{at}") if held == "place" else value] for held, value in feed["fields"]])
            intended = {"place": f"restored/{at}", "root_id": marked["root_id"], "mac": marked["mac"]}
        subject.add("restored_feed/" + name, comment, "backup_restored_feed", intended, keyring="main", feed=feed, number=at)

    add("good", "the row of a store that was restored", STORE.feed())
    add("snapshot", "of one with a snapshot", STORE.feed(snapshot=4))
    add("empty", "of one without changes", STORE.feed(0))
    for at in (1, 12, U64_MAX):
        add(f"number-{at}", "its number is decimal, without zeros before it", STORE.feed(), at)
    add("again", "of one that had been restored before", STORE.feed(place=text("restored/3")))
    add("root-older", "one under an older root comes under the active one", row("feed", STORE.feed()["fields"], "older"))

    good = STORE.feed()
    wrong = {
        "mac": {**good, "mac": flipped(bytes.fromhex(good["mac"]), 0).hex()},
        "sequence": with_value(good, sequence=number(7)),
        "history": with_value(good, history=data(STORE.histories[7])),
        "place": with_value(good, place=text("2049/99")),
        "root-retired": row("feed", good["fields"], "retired"),
        "root-strange": {**good, "root_id": "deadbeef"},
        "restored": with_value(good, place=text("restored/3")),
    }
    for name, feed in wrong.items():
        left = {"place": "restored/7", "root_id": feed["root_id"], "mac": feed["mac"]}
        add(f"forged-{name}", "one that is not believed gets no MAC", feed, intended=left)
    marked = with_value(wrong["root-retired"], place=text("restored/7"))
    subject.add("restored_feed/read-forged", "nor is it believed then, wherever it was", "feed_read", "unknown_root", keyring="main",
                feed=marked, changes=STORE.changes(), snapshot=[], place="restored/7")
    marked = with_value(good, place=text("restored/7"))
    subject.add("restored_feed/read-forged-root", "also by who believes the root", "feed_read", "row_forged", keyring="main",
                feed=marked, changes=STORE.changes(), snapshot=[], place="restored/7")

    for name, place in (("sqlite", PLACE), ("postgres", "7412876543210987654/1/16384"), ("empty", ""), ("number", "7")):
        subject.add(f"restored_feed/read-{name}", "wherever it lies now, it was restored", "feed_read", "store_restored", keyring="main",
                    feed=STORE.feed(place=text("restored/7")), changes=STORE.changes(), snapshot=[], place=place)
    subject.add("restored_feed/read-control", "as it was before", "feed_read", OK, keyring="main", feed=STORE.feed(), changes=STORE.changes(), snapshot=[], place=PLACE)


KEK_ID, KEY_ID, OTHER_KEY_ID = (seeded(f"backup {name}", 16) for name in ("kek", "data key", "another data key"))


def key_row(table, tenant="acme", key_id=None, **changes):
    key_id = key_id or (KEK_ID if table == "tenant_kek" else KEY_ID)
    under = envelope.Slot(3, root_id("active"), 1, bytes(72)) if table == "tenant_kek" else envelope.Slot(1, changes.pop("kek", KEK_ID), 1, bytes(72))
    fields = {"tenant": text(tenant), "id": data(key_id)}
    if table == "tenant_kek":
        fields |= {"version": number(1)}
    else:
        fields = {"tenant": text(tenant), "scope": text("record:invoices"), "id": data(key_id)}
    fields |= {"state": text("active"), "slot": data(under.encode()), "check": data(bytes(8))}
    if table == "data_key":
        fields |= {"cost": data(bytes(16))}
    fields |= {"created": number(CREATED), "changed": number(CREATED), "revision": number(1), **changes}
    return {"table": table, "row": row(table, list(fields.items()))}


def tombstone_row(key_id, tenant="acme", root="active", **changes):
    return row("key_tombstone", list({"tenant": text(tenant), "id": data(key_id), "at": number(NOW), **changes}.items()), root)


def tombstones(subject):
    rows = [key_row("tenant_kek"), key_row("data_key"), key_row("data_key", key_id=OTHER_KEY_ID)]
    lost = ["data_key", "acme", KEY_ID.hex(), None]

    def add(name, comment, intended, rows=rows, target=(), view=(), backups=(), at=5):
        backups = [{"number": held, "tombstones": list(found)} for held, found in backups]
        subject.add("tombstones/" + name, comment, "backup_tombstones", {"destroyed": sorted(intended, key=repr)}, keyring="main", number=at,
                    rows=rows, target=list(target), view=[[tenant, key_id.hex()] for tenant, key_id in view], backups=backups)

    grave = tombstone_row(KEY_ID)
    add("none", "none is known", [])
    add("target", "one of the target that is replaced", [lost], target=[grave])
    add("view", "one of a view", [lost], view=[("acme", KEY_ID)])
    add("later", "one of a later backup", [lost], backups=[(6, [grave])])
    add("latest", "of one much later", [lost], backups=[(6, []), (7, []), (90, [grave])])
    add("earlier", "an earlier one is not asked", [], backups=[(4, [grave])])
    add("several", "each from elsewhere", [lost, ["data_key", "acme", OTHER_KEY_ID.hex(), None]], view=[("acme", KEY_ID)], backups=[(6, [tombstone_row(OTHER_KEY_ID)])])
    add("twice", "the same everywhere", [lost], target=[grave], view=[("acme", KEY_ID)], backups=[(6, [grave]), (7, [grave])])
    add("tenant", "another tenant's says nothing", [], target=[tombstone_row(KEY_ID, "globex")])
    add("tenant-view", "in a view neither", [], view=[("globex", KEY_ID)])
    add("tenant-two", "two tenants with keys of one id", [["data_key", "globex", KEY_ID.hex(), None]], rows=[*rows, key_row("data_key", "globex", KEY_ID, kek=seeded("globex", 16))],
        target=[tombstone_row(KEY_ID, "globex")])
    add("strange", "one of a key that is not there", [], view=[("acme", seeded("strange key", 16))])
    versions = [["tenant_kek", "acme", KEK_ID.hex(), at] for at in (1, 2)]
    old = key_row("tenant_kek", state=text("verify_only"))
    new = key_row("tenant_kek", version=number(2))
    add("versions", "every version of a tenant KEK", versions, rows=[old, new], view=[("acme", KEK_ID)])
    add("versions-control", "which stay without it", [], rows=[old, new], view=[("acme", KEY_ID)])
    add("kek", "a data key under a KEK that has one is destroyed, too", [["tenant_kek", "acme", KEK_ID.hex(), 1], lost, ["data_key", "acme", OTHER_KEY_ID.hex(), None]],
        view=[("acme", KEK_ID)])
    for state in ("verify_only", "retired"):
        add(f"state-{state}", "in whatever state", [lost], rows=[key_row("data_key", state=text(state))], target=[grave])
    add("state-destroyed", "what was destroyed before stays so", [], rows=[key_row("data_key", state=text("destroyed"), slot=None)], target=[grave])

    # What is not believed says nothing.
    other = tombstone_row(OTHER_KEY_ID)
    wrong = {
        "mac": {**grave, "mac": flipped(bytes.fromhex(grave["mac"]), 0).hex()},
        "id": with_value(other, id=data(KEY_ID)),
        "tenant": with_value(tombstone_row(KEY_ID, "globex"), tenant=text("acme")),
        "at": with_value(grave, at=number(0)),
        "root-retired": tombstone_row(KEY_ID, root="retired"),
        "root-strange": {**grave, "root_id": "deadbeef"},
        "table": {**grave, "mac": row("tenant_minimum", grave["fields"])["mac"]},
    }
    for name, told in wrong.items():
        add(f"forged-{name}", "one that is not believed", [], target=[told])
        add(f"forged-{name}-later", "in a backup neither", [], backups=[(6, [told])])
    add("forged-beside", "and hinders no other", [lost], target=[wrong["mac"], other, grave], rows=[key_row("data_key")])
    add("root-older", "one under a root that checks", [lost], target=[tombstone_row(KEY_ID, root="older")])

    def of_keys(stone):
        return {"table": "key_tombstone", "row": stone}

    add("own", "one of the backup itself", [lost], rows=[*rows, of_keys(grave)])
    add("own-strange", "of another key", [], rows=[*rows, of_keys(tombstone_row(seeded("strange key", 16)))])
    add("own-forged", "and one that is not believed", [], rows=[*rows, of_keys(wrong["mac"])])

    # A key in a row that is not believed is a key all the same.
    def unbelieved(told):
        return {**told, "row": {**told["row"], "mac": flipped(bytes.fromhex(told["row"]["mac"]), 0).hex()}}

    forged = [rows[0], unbelieved(rows[1]), rows[2]]
    add("row-forged", "a row that is not believed", [lost], rows=forged, target=[grave])
    add("row-forged-control", "stays without a tombstone", [], rows=forged)
    add("row-forged-state", "what it says besides does not count", [lost], rows=[rows[0], {**rows[1], "row": with_value(rows[1]["row"], state=text("sealed"))}],
        target=[grave])
    add("row-root-retired", "nor under which root it is", [lost], rows=[{**rows[1], "row": row("data_key", rows[1]["row"]["fields"], "retired")}], target=[grave])
    add("row-forged-kek", "one under a tenant KEK that has one", [["tenant_kek", "acme", KEK_ID.hex(), 1], lost, ["data_key", "acme", OTHER_KEY_ID.hex(), None]],
        rows=forged, view=[("acme", KEK_ID)])
    add("row-forged-kek-row", "the row of the KEK itself", [["tenant_kek", "acme", KEK_ID.hex(), 1], lost, ["data_key", "acme", OTHER_KEY_ID.hex(), None]],
        rows=[unbelieved(rows[0]), *rows[1:]], view=[("acme", KEK_ID)])


# --- retention ---------------------------------------------------------------------------------

def pruning(subject):
    def add(name, comment, entries, pruned=(), overdue=(), **more):
        told = [{"number": at, "kind": kind, "name": name, "created": created} for at, kind, name, created in entries]
        subject.add("prune/" + name, comment, "backup_prune", {"pruned": list(pruned), "overdue": list(overdue)}, entries=told, now=NOW, **more)

    def keys(at, days, seconds=0):
        return at, "keys", "", NOW - days * DAY - seconds

    def other(at, days, kind="data", name=""):
        return at, kind, name, NOW - days * DAY

    add("none", "nothing there", [])
    add("kept", "as old as it may be", [keys(1, 35), keys(2, 0)])
    add("older", "a second older", [keys(1, 35, 1), keys(2, 0)], [1])
    add("younger", "a second younger", [keys(1, 35, -1), keys(2, 0)])
    add("several", "several", [keys(at, 50 - at) for at in range(1, 30)], range(1, 15))
    add("newest", "the newest stays, however old", [keys(1, 400)], overdue=[1])
    add("newest-two", "and no other", [keys(1, 500), keys(2, 400)], [1], [2])
    add("newest-exact", "and is overdue only when it is older", [keys(1, 36), keys(2, 35)], [1])
    add("newest-number", "the newest is that of the highest number, not of the latest time", [keys(1, 36), keys(2, 40)], [1], [2])
    add("newest-young", "an old one of a lower number goes, whatever is between", [keys(1, 1), keys(2, 40), keys(3, 2)], [2])
    add("future", "made tomorrow", [keys(1, -1), keys(2, 36), keys(3, 0)], [2])
    add("data", "data for ever", [other(1, 4000), other(2, 0), keys(3, 36), keys(4, 0)], [3])
    add("data-newest", "nor overdue", [other(1, 4000)])
    add("stream", "streams for ever", [other(1, 4000, "stream", "a"), other(2, 0, "stream", "a")])
    add("kinds", "data that is newer does not keep keys", [keys(1, 40), keys(2, 36), other(3, 0)], [1], [2])
    kept = {"data": 10 * DAY, "stream": 5 * DAY, "keys": 7 * DAY}
    add("said", "as long as is said", [other(1, 10), other(2, 11), keys(3, 8), keys(4, 7), other(5, 6, "stream", "a"), other(6, 0, "stream", "a"), other(7, 0)],
        [2, 3, 5], kept=kept)
    add("said-names", "the newest of each name", [other(1, 9, "stream", "a"), other(2, 8, "stream", "b"), other(3, 7, "stream", "a"), other(4, 6, "stream", "A")],
        [1], [2, 3, 4], kept=kept)
    add("said-names-data", "also of databases", [other(1, 40), other(2, 30, name="app"), other(3, 20), other(4, 19, name="App"), (5, "keys", "app", NOW - 40 * DAY),
        keys(6, 39), keys(7, 0)], [1, 6], [2, 3, 4, 5], kept=kept)
    add("said-ever", "keys for ever, if that is said", [keys(1, 4000), keys(2, 3999)], kept={"keys": None})
    add("said-one", "what is not said is as before", [keys(1, 36), keys(2, 0), other(3, 11), other(4, 0)], [1, 3], kept={"data": 10 * DAY})
