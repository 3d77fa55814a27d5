"""Cases of spec/envelope.md."""

import hashlib

from portward_ref import blind_index, chunked, envelope
from portward_ref.envelope import AWS_KMS_SLOT, PKCS11_SLOT, ROOT_SLOT, TENANT_KEK_SLOT
from portward_ref.wire import u16, u32

from .common import MAIN_ID, OK, OTHER_ID, Subject, seeded

TENANT = "acme"
OTHER_TENANT = "globex"
SCOPE = "record:invoices"
OTHER_SCOPE = "record:orders"

DATA_KEY = seeded("data key", 32)
DATA_KEY_ID = seeded("data key id", 16)
OTHER_DATA_KEY = seeded("other data key", 32)
OTHER_DATA_KEY_ID = seeded("other data key id", 16)
ROOT = seeded("envelope root", 32)
ROOT_ID = bytes.fromhex("a1b2c3d4")
OLDER_ROOT_ID = bytes.fromhex("00000001")
OLDER_ROOT = seeded("envelope older root", 32)
KEK_ID = seeded("tenant kek id", 16)
OTHER_KEK_ID = seeded("other tenant kek id", 16)

# With this salt the base nonce of most objects here ends in 0xff: adding the chunk number is not the same as XOR.
SALT = seeded("salt 1466", 24)

CONTEXT = [["tenant", TENANT], ["name", "invoices.notes"], ["id", "1042"], ["x-column", "notes"]]

# Header of an object with slots: the slots begin here.
SLOTS_AT = 23


def kek_key(version):
    return seeded(f"tenant kek {version}", 32)


def tenant_kek(version=2, kek_id=KEK_ID, key=None):
    return envelope.Kek(TENANT_KEK_SLOT, kek_id, version, kek_key(version) if key is None else key)


def root_kek(root_id=ROOT_ID, key=ROOT):
    return envelope.Kek(ROOT_SLOT, root_id, 1, key)


def wrapped(kek, key=DATA_KEY, key_id=DATA_KEY_ID, tenant=TENANT, scope=SCOPE, deployment_id=MAIN_ID, name="nonce"):
    """A slot that holds a data key."""
    nonce = seeded(f"{name} {kek.type} {kek.id.hex()} {kek.version}", 24)
    return kek.wrap(envelope.Subject(deployment_id, tenant, key_id, scope=scope), key, nonce)


def filler_slot(kind, kek_id=b"x", version=0, count=1):
    """A slot that nothing opens."""
    return envelope.Slot(kind, kek_id, version, seeded(f"filler {kind} {count}", count))


def plaintext_value(count):
    """So many bytes of text as `parts`; each group of eight is its own."""
    parts = [{"repeat": "%", "times": count // 8}] if count >= 8 else []
    return {"parts": [*parts, {"text": "!" * (count % 8)}]}


def plaintext(count):
    return "".join(f"{number:08x}" for number in range(count // 8)).encode() + b"!" * (count % 8)


def sealed(text, slots=(), pairs=None, salt=SALT, key=DATA_KEY, key_id=DATA_KEY_ID, deployment_id=MAIN_ID):
    context = envelope.Context(CONTEXT if pairs is None else pairs)
    return envelope.seal(deployment_id, key_id, key, context, salt, text, list(slots))


def chunked_base_nonce():
    input_key, bound = envelope.body_keys(MAIN_ID, DATA_KEY_ID, DATA_KEY, envelope.Context(CONTEXT))
    return chunked.Keys(input_key, SALT, bound).base_nonce


def digest(text):
    return {"length": len(text), "sha256": hashlib.sha256(text).hexdigest()}


TEXT = b"Paid in cash, receipt 88."


def data_key_row(**changes):
    row = {"id": DATA_KEY_ID.hex(), "key": DATA_KEY.hex(), "tenant": TENANT, "scope": SCOPE, "state": "active"}
    return {**row, **changes}


def kek_row(version=2, **changes):
    row = {"id": KEK_ID.hex(), "version": version, "key": kek_key(version).hex(), "tenant": TENANT, "state": "active"}
    return {**row, **changes}


def root_row(**changes):
    return {"id": ROOT_ID.hex(), "key": ROOT.hex(), "state": "active", **changes}


OLDER_ROOT_ROW = {"id": OLDER_ROOT_ID.hex(), "key": OLDER_ROOT.hex(), "state": "verify_only"}


def held(data_keys=None, tenant_keks=None, roots=None, minimum_version=1, unavailable=()):
    """The keys of an opener; by default those of most that is sealed here."""
    return {
        "data_keys": [data_key_row()] if data_keys is None else data_keys,
        "tenant_keks": [kek_row(2)] if tenant_keks is None else tenant_keks,
        "minimum_version": minimum_version,
        "roots": [root_row()] if roots is None else roots,
        "unavailable": list(unavailable),
    }


# Two versions of the tenant KEK, and two roots.
TWO_KEKS = [kek_row(1, state="verify_only"), kek_row(2)]
TWO_ROOTS = [root_row(), OLDER_ROOT_ROW]

SLOT_1 = wrapped(tenant_kek(1))
SLOT_2 = wrapped(tenant_kek(2))
ROOT_SLOT_GOOD = wrapped(root_kek())
OLDER_ROOT_SLOT = wrapped(root_kek(OLDER_ROOT_ID, OLDER_ROOT))


def objects():
    """Those that many cases edit."""
    return {
        "detached": sealed(TEXT),
        "embedded": sealed(TEXT, [SLOT_2]),
        "root": sealed(TEXT, [ROOT_SLOT_GOOD]),
        "two-slots": sealed(TEXT, [SLOT_2, ROOT_SLOT_GOOD]),
        "empty": sealed(b""),
        "16383": sealed(plaintext(16_383)),
        "16384": sealed(plaintext(16_384)),
        "16385": sealed(plaintext(16_385)),
        "40000": sealed(plaintext(40_000)),
    }


# The edits that make an embedded object of a detached one, and the other way round.
SLOT_PART = envelope.header(DATA_KEY_ID, [SLOT_2])[20:]
EMBED = ({"xor": [3, "01"]}, {"insert": [20, SLOT_PART.hex()]})
DETACH = ({"xor": [3, "01"]}, {"delete": [20, 20 + len(SLOT_PART)]})


def build():
    subject = Subject("envelope", {"objects": {name: data.hex() for name, data in objects().items()}})
    scopes(subject)
    contexts(subject)
    slots(subject)
    headers(subject)
    check_values(subject)
    wraps(subject)
    unwraps(subject)
    bindings(subject)
    seals(subject)
    opens(subject)
    open_contexts(subject)
    open_keys(subject)
    open_slots(subject)
    open_headers(subject)
    open_bodies(subject)
    open_records(subject)
    ranges(subject)
    rewraps(subject)
    usages(subject)
    indexes(subject)
    index_bits(subject)
    return subject


# --- 1. and 2. ---------------------------------------------------------------------------------


def scopes(subject):
    def add(name, comment, text, intended):
        if isinstance(intended, tuple):
            intended = dict(zip(("kind", "name"), intended, strict=True))
        subject.add("scope/" + name, comment, "scope", intended, text=text)

    uuid = "c0ffee00-1234-4abc-8def-0123456789ab"
    add("record", "a usual one", SCOPE, ("record", "invoices"))
    for kind in ("file", "conversation", "subject", "backup", "index"):
        add("kind-" + kind, "a usual kind", kind + ":1", (kind, "1"))
    add("kind-one-letter", "the shortest kind", "k:1", ("k", "1"))
    add("kind-31", "the longest kind", "k" * 31 + ":1", ("k" * 31, "1"))
    add("kind-32", "one too long", "k" * 32 + ":1", "scope_kind")
    add("kind-own", "letters, digits and hyphens", "k-9-:1", ("k-9-", "1"))
    for name, comment, text in (
        ("empty", "nothing", ""),
        ("colon-only", "both parts empty: the kind first", ":"),
        ("kind-empty", "no kind", ":1"),
        ("colon-missing", "a kind alone", "record"),
        ("kind-digit-first", "a digit first", "9k:1"),
        ("kind-hyphen-first", "a hyphen first", "-k:1"),
        ("kind-upper", "upper case", "Record:1"),
        ("kind-underscore", "an underscore", "my_record:1"),
        ("kind-space", "a space before the colon", "record :1"),
        ("kind-newline", "a line feed at the end of the kind", "record\n:1"),
        ("kind-not-ascii", "a letter outside ASCII", "r\u00e9cord:1"),
        ("kind-before-name", "both parts are wrong: the kind first", "Record:"),
    ):
        add(name, comment, text, "scope_kind")
    add("name-colon", "the first colon parts; the name may have more", "record:a:b", ("record", "a:b"))
    add("name-colon-first", "a name that begins with a colon", "record::", ("record", ":"))
    add("name-number", "a number", "file:42", ("file", "42"))
    add("name-uuid", "a UUID", "file:" + uuid, ("file", uuid))
    add("name-uuid-upper", "another spelling of a UUID", "file:" + uuid.upper(), "identifier_ambiguous")
    add("name-empty", "no name", "file:", "identifier_length")
    add("name-64", "the longest name", "file:" + "n" * 64, ("file", "n" * 64))
    add("name-65", "one too long", "file:" + "n" * 65, "identifier_length")
    add("name-space", "a space in the name", "file:a b", "identifier_character")
    add("name-not-ascii", "a letter outside ASCII in the name", "file:\u00e9", "identifier_character")


def canonical(pairs):
    raw = sorted((key.encode(), value.encode()) for key, value in pairs)
    return u16(len(raw)) + b"".join(u16(len(key)) + key + u16(len(value)) + value for key, value in raw)


def long_context(last):
    """A context of 16 pairs whose canonical form has 4,096 bytes if the last value has 113."""
    pairs = [["tenant", TENANT], ["name", "n"], ["id", "i"]]
    pairs += [[f"x-{number:062d}", "v" * 256] for number in range(12)]
    return [*pairs, ["x-" + "z" * 57, "v" * last]]


def contexts(subject):
    def add(name, comment, pairs, intended=None):
        if intended is None:
            intended = {"canonical": canonical(pairs).hex()}
        subject.add("context/" + name, comment, "context", intended, pairs=pairs)

    three = CONTEXT[:3]

    def more(*pairs):
        return three + [list(pair) for pair in pairs]

    def changed(key, value):
        return [[name, value if name == key else old] for name, old in CONTEXT]

    add("plain", "one pair of the application", CONTEXT)
    add("three", "the three that have to be there", three)
    add("order-reversed", "the order in which pairs are given does not matter", CONTEXT[::-1])
    add(
        "order-bytes",
        "sorted by bytes: hyphen, digit, letter",
        more(["x-a1", "3"], ["x-a-", "2"], ["x-aa", "4"], ["x-a", "1"]),
    )
    add("order-length", "a key before the one that it begins", more(["x-ab", "2"], ["x-a", "1"]))
    add("values-equal", "values may be equal", more(["x-a", "1042"], ["x-b", "1042"]))
    for missing in ("tenant", "name", "id"):
        pairs = [pair for pair in CONTEXT if pair[0] != missing]
        add("missing-" + missing, "one of the three is missing", pairs, "context_incomplete")
    add("empty", "no pairs", [], "context_incomplete")
    add("missing-all", "only one of the application", [["x-a", "1"]], "context_incomplete")

    for name, comment, key in (
        ("key-one", "the shortest of the application", "x-a"),
        ("key-64", "the longest: 62 after the prefix", "x-" + "k" * 62),
        ("key-digits", "digits", "x-09"),
        ("key-hyphens", "hyphens only", "x---"),
    ):
        add(name, comment, more([key, "1"]))
    for name, comment, key in (
        ("key-empty", "no key", ""),
        ("key-prefix-only", "nothing after the prefix", "x-"),
        ("key-65", "one too long", "x-" + "k" * 63),
        ("key-upper", "upper case", "x-A"),
        ("key-prefix-upper", "the prefix in upper case", "X-a"),
        ("key-underscore", "an underscore", "x-a_b"),
        ("key-dot", "a dot", "x-a.b"),
        ("key-space", "a space", "x-a b"),
        ("key-newline", "a line feed at the end", "x-a\n"),
        ("key-nul", "0x00", "x-a\x00"),
        ("key-not-ascii", "a letter outside ASCII", "x-\u00e9"),
        ("key-not-ascii-digit", "a digit outside ASCII", "x-\u0661"),
        ("key-no-prefix", "no prefix", "column"),
        ("key-no-hyphen", "x without its hyphen", "xa"),
        ("key-known-upper", "Tenant is not tenant", "Tenant"),
        ("key-known-longer", "ids is not id", "ids"),
        ("key-known-newline", "id and a line feed", "id\n"),
    ):
        add(name, comment, more([key, "1"]), "context_key")
    add("key-twice", "one key twice", more(["x-a", "1"], ["x-a", "2"]), "context_key")
    add("key-twice-same", "one pair twice", more(["x-a", "1"], ["x-a", "1"]), "context_key")
    for key, value in three:
        add("key-twice-" + key, "one of the three twice", more([key, value]), "context_key")

    add("value-1", "the shortest value", changed("id", "v"))
    add("value-0", "no value", changed("id", ""), "context_value")
    add("value-256", "the longest value", changed("id", "v" * 256))
    add("value-257", "one too long", changed("id", "v" * 257), "context_value")
    add("value-256-bytes", "128 characters of two bytes", changed("id", "\u00e9" * 128))
    add(
        "value-258-bytes",
        "129 characters of two bytes: bytes are counted",
        changed("id", "\u00e9" * 129),
        "context_value",
    )
    add("value-name-0", "no name", changed("name", ""), "context_value")
    add("value-x-0", "no value of the application", changed("x-column", ""), "context_value")
    add("value-x-257", "a value of the application that is too long", changed("x-column", "v" * 257), "context_value")
    add("value-any", "0x00, line feed and space are taken as they are", changed("name", "\x00\n "))
    add("value-composed", "one character", changed("name", "\u00e9"))
    add("value-decomposed", "the same character as two is another context", changed("name", "e\u0301"))
    add("value-four-bytes", "a character of four bytes", changed("name", "\U0001f511"))
    add("tenant-uuid", "a UUID as text", changed("tenant", "c0ffee00-1234-4abc-8def-0123456789ab"))
    add("tenant-number", "a number as text", changed("tenant", "42"))
    add("tenant-64", "the longest tenant", changed("tenant", "t" * 64))
    for name, comment, value in (
        ("tenant-65", "one too long", "t" * 65),
        ("tenant-0", "no tenant", ""),
        ("tenant-space", "a space", "ac me"),
        ("tenant-uuid-upper", "another spelling of a UUID", "C0FFEE00-1234-4ABC-8DEF-0123456789AB"),
        ("tenant-not-ascii", "a letter outside ASCII", "acm\u00e9"),
    ):
        add(name, comment, changed("tenant", value), "context_value")
    add("id-not-an-identifier", "only the tenant has to be an identifier", changed("id", "a b"))

    add("first-key-then-value", "a wrong key before a wrong value", more(["X", "1"], ["x-a", ""]), "context_key")
    add("first-value-then-key", "a wrong value before a wrong key", more(["x-a", ""], ["X", "1"]), "context_value")
    add("first-both", "key and value of one pair are wrong", more(["X", ""]), "context_key")
    add("first-twice-and-empty", "the second of one key has no value", more(["x-a", "1"], ["x-a", ""]), "context_key")
    add("first-key-then-incomplete", "a wrong key, and one missing", [*CONTEXT[:2], ["X", "1"]], "context_key")
    add("first-value-then-incomplete", "a wrong value, and one missing", [*CONTEXT[:2], ["x-a", ""]], "context_value")

    many = [[f"x-{number}", "1"] for number in range(15)]
    add("pairs-16", "the most pairs", three + many[:13])
    add("pairs-17", "one too many", three + many[:14], "context_too_long")
    add("pairs-17-key", "a wrong key as the 17th", three + many[:13] + [["X", "1"]], "context_key")
    add("pairs-17-incomplete", "too many, and one missing", three[:2] + many[:15], "context_incomplete")
    add("length-4096", "the longest canonical form", long_context(113))
    add("length-4097", "one byte more", long_context(114), "context_too_long")
    assert len(canonical(long_context(113))) == 4096
    add("length-4097-incomplete", "too long, and one missing", long_context(256)[1:], "context_incomplete")

    add("split-key-value", "the first of two whose bytes follow one another alike", more(["x-a", "bc"]))
    add("split-key-value-moved", "a byte moved from the value to the key", more(["x-ab", "c"]))
    add("split-values", "the first of two", [["tenant", TENANT], ["id", "12"], ["name", "3"]])
    add(
        "split-values-moved",
        "a byte moved from one value to the next",
        [["tenant", TENANT], ["id", "1"], ["name", "23"]],
    )
    add("split-pair-in-value", "a value that reads as a value and a pair", changed("id", "1\x00\x03x-a\x00\x011"))


# --- 3. ----------------------------------------------------------------------------------------


def slot_bytes(kind, kek_id, version, wrapped_bytes, n=None, m=None):
    return (
        bytes([kind, len(kek_id) if n is None else n])
        + kek_id
        + u32(version)
        + u16(len(wrapped_bytes) if m is None else m)
        + wrapped_bytes
    )


def slot_value(slot):
    return {"type": slot.type, "kek_id": slot.kek_id.hex(), "version": slot.version, "wrapped": slot.wrapped.hex()}


MALFORMED = "header_malformed"


def slots(subject):
    def add(name, comment, data, intended=MALFORMED):
        if isinstance(intended, envelope.Slot):
            assert intended.encode() == data
            intended = slot_value(intended)
        subject.add("slot/" + name, comment, "slot", intended, slot=data.hex())

    def good(name, comment, slot):
        add(name, comment, slot.encode(), slot)

    def some(count):
        return seeded("slot bytes", count)

    tenant = envelope.Slot(TENANT_KEK_SLOT, KEK_ID, 1, some(72))
    token = envelope.Slot(PKCS11_SLOT, b"\x00\x01", 7, some(60))
    root = envelope.Slot(ROOT_SLOT, ROOT_ID, 1, some(72))
    kms = envelope.Slot(AWS_KMS_SLOT, b"1234abcd-12ab-34cd-56ef-1234567890ab", 0, some(184))
    other = envelope.Slot(0x7F, b"x", 9, b"y")
    for name, slot in (("tenant-kek", tenant), ("pkcs11", token), ("root", root), ("kms", kms), ("unknown", other)):
        good(name, "the form", slot)
        data = slot.encode()
        # Up to the first bytes of what is wrapped; the headers are cut everywhere.
        cuts = range(len(slot.head()) + 4) if name in ("tenant-kek", "unknown") else []
        for count in sorted({*cuts, len(data) - 1} & {*range(len(data))}):
            add(f"{name}-cut-{count}", f"the first {count} bytes", data[:count])
        add(name + "-surplus", "a byte behind it", data + b"\x00")
        head = len(slot.head())
        for field, at in (("n", 1), ("m", head + 1)):
            for step in (-1, 1):
                lie = bytearray(data)
                lie[at] += step
                add(f"{name}-{field}{step:+d}", f"{field} is a lie", bytes(lie))
        add(name + "-m-ffff", "m is 65,535", data[:head] + b"\xff\xff" + data[head + 2 :])
        add(name + "-n-ff", "n is 255", data[:1] + b"\xff" + data[2:])

    for kind in (0x00, 0x04, 0x0F, 0x11, 0x7E, 0x80, 0xFE, 0xFF):
        good(f"type-{kind:02x}", "another type is well formed", envelope.Slot(kind, b"x", 9, b"y"))
    for kind in (TENANT_KEK_SLOT, PKCS11_SLOT, ROOT_SLOT, AWS_KMS_SLOT):
        add(f"type-{kind:02x}", "the same as a type whose sizes or version are stated", slot_bytes(kind, b"x", 9, b"y"))

    for count in (15, 17, 1, 64):
        add(f"tenant-kek-id-{count}", "another size of id", slot_bytes(1, some(count), 1, some(72)))
    for count in (71, 73, 60):
        add(f"tenant-kek-wrapped-{count}", "another size of wrapped", slot_bytes(1, KEK_ID, 1, some(count)))
    add("tenant-kek-version-0", "no version 0", slot_bytes(1, KEK_ID, 0, some(72)))
    good("tenant-kek-version-max", "the greatest version", envelope.Slot(1, KEK_ID, 2**32 - 1, some(72)))
    for count in (3, 5, 16):
        add(f"root-id-{count}", "another size of id", slot_bytes(3, some(count), 1, some(72)))
    for count in (71, 73, 60):
        add(f"root-wrapped-{count}", "another size of wrapped", slot_bytes(3, ROOT_ID, 1, some(count)))
    for version in (0, 2, 2**24 + 1, 2**32 - 1):
        add(f"root-version-{version}", "another version than 1", slot_bytes(3, ROOT_ID, version, some(72)))
    for count in (1, 64):
        good(f"pkcs11-id-{count}", "an id of any size", envelope.Slot(2, some(count), 1, some(60)))
    for count in (59, 61, 72):
        add(f"pkcs11-wrapped-{count}", "another size of wrapped", slot_bytes(2, b"\x01", 1, some(count)))
    for version in (0, 2**32 - 1):
        good(f"pkcs11-version-{version}", "any version", envelope.Slot(2, b"\x01", version, some(60)))
    for version in (1, 2**32 - 1):
        add(f"kms-version-{version}", "another version than 0", slot_bytes(0x10, b"key", version, some(184)))
    good("kms-id-not-text", "the bytes of an id are not looked at", envelope.Slot(0x10, b"\xff\x00", 0, some(184)))

    for kind in (AWS_KMS_SLOT, 0x7F):
        name = f"limit-{kind:02x}-"
        good(name + "id-1", "the shortest id", envelope.Slot(kind, b"i", 0, b"y"))
        add(name + "id-0", "no id", slot_bytes(kind, b"", 0, b"y"))
        good(name + "id-64", "the longest id", envelope.Slot(kind, some(64), 0, b"y"))
        add(name + "id-65", "one too long", slot_bytes(kind, some(65), 0, b"y"))
        good(name + "wrapped-1", "the shortest wrapped", envelope.Slot(kind, b"i", 0, some(1)))
        add(name + "wrapped-0", "nothing wrapped", slot_bytes(kind, b"i", 0, b""))
    good("limit-10-wrapped-6144", "the longest wrapped", envelope.Slot(AWS_KMS_SLOT, b"i", 0, some(6144)))
    for kind in (AWS_KMS_SLOT, 0x7F):
        add(f"limit-{kind:02x}-wrapped-6145", "one too long", slot_bytes(kind, b"i", 0, some(6145)))
    add("pkcs11-id-0", "no id", slot_bytes(2, b"", 1, some(60)))
    add("pkcs11-id-65", "one too long", slot_bytes(2, some(65), 1, some(60)))


def header_value(head):
    return {
        "kind": "embedded" if head.slots else "detached",
        "data_key": head.data_key_id.hex(),
        "slots": [slot_value(slot) for slot in head.slots],
        "body_at": head.body_at,
    }


def embedded_header(inner, length=None):
    """A header whose slots and number of slots are stated in bytes."""
    return bytes([0xF5, 1, 1, 1]) + DATA_KEY_ID + u16(len(inner) if length is None else length) + inner


def headers(subject):
    def add(name, comment, data, intended=MALFORMED):
        if isinstance(intended, list):
            body_at = 22 + int.from_bytes(data[20:22], "big") if intended else 20
            kind = envelope.EMBEDDED if intended else envelope.DETACHED
            intended = header_value(envelope.Header(kind, DATA_KEY_ID, intended, body_at))
        subject.add("header/" + name, comment, "header", intended, header=data.hex())

    detached, small = envelope.header(DATA_KEY_ID, []), envelope.header(DATA_KEY_ID, [filler_slot(0x7F)])
    embedded = envelope.header(DATA_KEY_ID, [SLOT_2])
    for name, data, found in (
        ("detached", detached, []),
        ("embedded", embedded, [SLOT_2]),
        ("small", small, [filler_slot(0x7F)]),
    ):
        add(name, "the form", data, found)
        add(name + "-body", "what follows is the body", data + b"\xf5\x01", found)
        for count in range(len(data)):
            code = "not_an_envelope" if count == 0 else MALFORMED
            add(f"{name}-cut-{count}", f"the first {count} bytes", data[:count], code)

    for value in range(256):
        if value in (0x00, 0x01, 0x7B, 0x70, 0xF4, 0xF6, 0xF7, 0xF1, 0xFD, 0xE5, 0xD5, 0xB5, 0x75, 0xFF):
            add(f"magic-{value:02x}", "another magic", bytes([value]) + detached[1:], "not_an_envelope")
        if value != 1:
            add(
                f"version-{value:02x}",
                "an unknown version",
                detached[:1] + bytes([value]) + detached[2:],
                "unknown_version",
            )
            add(f"suite-{value:02x}", "an unknown suite", detached[:2] + bytes([value]) + detached[3:], "unknown_suite")
        if value > 1:
            add(f"kind-{value:02x}", "an unknown kind", detached[:3] + bytes([value]) + detached[4:], "unknown_kind")

    for name, comment, data, code in (
        ("first-all", "all of the first four are wrong", "00020202", "not_an_envelope"),
        ("first-version", "version, suite and kind are wrong", "f5020202", "unknown_version"),
        ("first-suite", "suite and kind are wrong", "f5010202", "unknown_suite"),
        ("first-kind", "the kind is wrong, and nothing follows", "f5010102", "unknown_kind"),
        ("first-version-cut", "nothing after a wrong version", "f502", "unknown_version"),
        ("first-suite-cut", "nothing after a wrong suite", "f50102", "unknown_suite"),
        ("first-magic-cut", "nothing after a wrong magic", "f4", "not_an_envelope"),
    ):
        add(name, comment, bytes.fromhex(data), code)
    add(
        "first-kind-embedded",
        "an unknown kind before malformed slots",
        embedded[:3] + b"\x02" + embedded[4:-1],
        "unknown_kind",
    )
    add("detached-ids", "an id of zeros", detached[:4] + bytes(16), OK)
    add("kind-swapped-embedded", "a detached header as an embedded one", detached[:3] + b"\x01" + detached[4:])
    add(
        "kind-swapped-detached",
        "an embedded header as a detached one: its slots are body",
        embedded[:3] + b"\x00" + embedded[4:],
        [],
    )

    filler = filler_slot(0x7F)
    unit = filler.encode()
    for name, comment, length in (
        ("length-less", "one less than there is", len(embedded) - 23),
        ("length-more", "one more than there is", len(embedded) - 21),
        ("length-0", "0", 0),
        ("length-1", "room for the number of slots only", 1),
        ("length-swapped", "its bytes in the other order", int.from_bytes(u16(len(embedded) - 22), "little")),
        ("length-16384", "the greatest", 16_384),
        ("length-16385", "above the greatest", 16_385),
        ("length-ffff", "65,535", 65_535),
    ):
        add(name, comment, embedded[:20] + u16(length) + embedded[22:])
        add(name + "-body", comment + ", a body behind", embedded[:20] + u16(length) + embedded[22:] + seeded("b", 120))
    for count in (0, 2, 16, 17, 255):
        add(f"slots-lie-{count}", "another number of slots than 1", embedded[:22] + bytes([count]) + embedded[23:])
    add("slots-none", "no slots, and a length that fits", embedded_header(b"\x00"))
    add("slots-16", "the most slots", embedded_header(b"\x10" + unit * 16), [filler] * 16)
    add("slots-17", "one too many", embedded_header(b"\x11" + unit * 17))
    add("slots-16-of-17", "a slot more than stated", embedded_header(b"\x10" + unit * 17))
    add("slots-16-of-15", "a slot fewer than stated", embedded_header(b"\x10" + unit * 15))
    add("slots-surplus", "a byte behind the slots, within the length", embedded_header(b"\x01" + unit + b"\x00"))
    add("slots-same", "one slot twice", embedded_header(b"\x02" + unit * 2), [filler] * 2)
    add(
        "slots-second-malformed",
        "the second of two is malformed",
        embedded_header(b"\x02" + unit + slot_bytes(3, b"x", 1, b"y")),
    )
    add(
        "slots-first-malformed",
        "the first of two is malformed",
        embedded_header(b"\x02" + slot_bytes(3, b"x", 1, b"y") + unit),
    )
    known = [
        SLOT_2,
        ROOT_SLOT_GOOD,
        filler_slot(PKCS11_SLOT, b"\x01", 0, 60),
        filler_slot(AWS_KMS_SLOT, b"key", 0, 184),
        filler,
    ]
    add("slots-all", "a slot of each type", envelope.header(DATA_KEY_ID, known), known)
    # Within the length a slot that reaches beyond it is cut off, whatever follows.
    add(
        "slot-reaches-body",
        "a slot that reaches beyond the length, a body behind",
        embedded_header(b"\x01" + slot_bytes(0x7F, b"x", 0, b"y", m=9)) + bytes(20),
    )
    largest = [filler_slot(AWS_KMS_SLOT, b"key", 0, count) for count in (6144, 6144)]
    size = 16_384 - 1 - sum(len(slot.encode()) for slot in largest)
    full = [*largest, filler_slot(AWS_KMS_SLOT, b"key", 0, size - 11)]
    data = envelope.header(DATA_KEY_ID, full)
    assert len(data) == 22 + 16_384
    add("length-16384-full", "the greatest length, filled", data, full)
    over = [*largest, filler_slot(AWS_KMS_SLOT, b"key", 0, size - 10)]
    inner = b"\x03" + b"".join(slot.encode() for slot in over)
    add("length-16385-full", "one too long, filled", embedded_header(inner))


def check_values(subject):
    def add(name, comment, key=DATA_KEY, key_id=DATA_KEY_ID, deployment_id=MAIN_ID):
        subject.add(
            "check_value/" + name,
            comment,
            "check_value",
            OK,
            deployment=deployment_id.hex(),
            key=key.hex(),
            key_id=key_id.hex(),
        )

    add("data-key", "of a data key")
    add("tenant-kek", "of a tenant KEK", kek_key(2), KEK_ID)
    add("key-zero", "of a key of zeros", bytes(32))
    add("other-key", "another key", OTHER_DATA_KEY)
    add("other-id", "another id", key_id=OTHER_DATA_KEY_ID)
    add("other-deployment", "another deployment", deployment_id=OTHER_ID)


def kek_value(kek, key=True):
    value = {"type": kek.type, "id": kek.id.hex(), "version": kek.version}
    return {**value, "key": kek.key.hex()} if key else value


def subject_inputs(what, **changes):
    value = {"what": what, "deployment": MAIN_ID.hex(), "tenant": TENANT, "scope": SCOPE, "key_id": DATA_KEY_ID.hex()}
    if what == "tenant_kek":
        del value["scope"]
        value |= {"key_id": KEK_ID.hex(), "key_version": 2}
    return {**value, **changes}


# What the binding of a data key and of a tenant KEK is made of, each part changed.
CHANGES = {
    "data": [
        ("deployment", "deployment", OTHER_ID.hex()),
        ("tenant", "tenant", OTHER_TENANT),
        ("scope-kind", "scope", "file:invoices"),
        ("scope-name", "scope", OTHER_SCOPE),
        ("key-id", "key_id", OTHER_DATA_KEY_ID.hex()),
    ],
    "tenant_kek": [
        ("deployment", "deployment", OTHER_ID.hex()),
        ("tenant", "tenant", OTHER_TENANT),
        ("key-id", "key_id", OTHER_KEK_ID.hex()),
        ("key-version", "key_version", 3),
    ],
}

NONCE = seeded("wrap nonce", 24)


def wraps(subject):
    def add(name, comment, what, kek, key, nonce=NONCE, **changes):
        subject.add(
            "wrap/" + name,
            comment,
            "wrap",
            OK,
            **subject_inputs(what, **changes),
            key=key.hex(),
            kek=kek_value(kek),
            nonce=nonce.hex(),
        )

    add("data-tenant-kek", "a data key under a tenant KEK", "data", tenant_kek(), DATA_KEY)
    add("data-root", "a data key under a root key", "data", root_kek(), DATA_KEY)
    add("tenant-kek-root", "a tenant KEK under a root key", "tenant_kek", root_kek(), kek_key(2))
    for what, kek, key in (
        ("data", tenant_kek(), DATA_KEY),
        ("data", root_kek(), DATA_KEY),
        ("tenant_kek", root_kek(), kek_key(2)),
    ):
        for name, field, value in CHANGES[what]:
            add(f"{what}-{kek.type}-{name}", "one part of the binding changed", what, kek, key, **{field: value})
    add("kek-version", "another version of the tenant KEK", "data", tenant_kek(3, key=kek_key(2)), DATA_KEY)
    add("kek-version-max", "the greatest version", "data", tenant_kek(2**32 - 1), DATA_KEY)
    add("kek-id", "another id of the tenant KEK", "data", tenant_kek(kek_id=OTHER_KEK_ID), DATA_KEY)
    add("kek-key", "another tenant KEK", "data", tenant_kek(key=kek_key(3)), DATA_KEY)
    add("root-id", "another id of the root", "data", root_kek(OLDER_ROOT_ID), DATA_KEY)
    add("root-is-tenant-kek", "a root key with the bytes of a tenant KEK", "data", root_kek(key=kek_key(2)), DATA_KEY)
    add("nonce", "another nonce", "data", tenant_kek(), DATA_KEY, seeded("wrap nonce 2", 24))
    add("nonce-second-half", "another second half of the nonce", "data", tenant_kek(), DATA_KEY, NONCE[:12] + bytes(12))
    add("nonce-first-half", "another first half of the nonce", "data", tenant_kek(), DATA_KEY, bytes(12) + NONCE[12:])
    add("key-zero", "a key of zeros", "data", tenant_kek(), bytes(32))
    # The most significant bit of the block that XAES-256-GCM starts from is 0 for some keys and 1 for others.
    for number in range(6):
        add(f"kek-{number}", "some tenant KEK", "data", tenant_kek(key=seeded(f"some kek {number}", 32)), DATA_KEY)
    uuid = "c0ffee00-1234-4abc-8def-0123456789ab"
    add("text-uuid", "UUIDs are bound as text", "data", tenant_kek(), DATA_KEY, tenant=uuid, scope="file:" + uuid)
    add("text-number", "numbers are bound as text", "data", tenant_kek(), DATA_KEY, tenant="7", scope="file:7")


def unwraps(subject):
    def add(name, comment, intended, what="data", kek=None, slot=None, check=None, **changes):
        if slot is None:
            slot = (SLOT_2 if what == "data" else TENANT_KEK_IN_ROOT).encode()
        if kek is None:
            kek = tenant_kek() if what == "data" else root_kek()
        more = {} if check is None else {"check": check.hex()}
        subject.add(
            "unwrap/" + name,
            comment,
            "unwrap",
            intended,
            **subject_inputs(what, **changes),
            kek=kek_value(kek),
            slot=slot.hex(),
            **more,
        )

    tenant_kek_subject = envelope.Subject(MAIN_ID, TENANT, KEK_ID, version=2)
    TENANT_KEK_IN_ROOT = root_kek().wrap(tenant_kek_subject, kek_key(2), NONCE)
    data_ok, kek_ok = {"key": DATA_KEY.hex()}, {"key": kek_key(2).hex()}
    root_slot = ROOT_SLOT_GOOD.encode()

    add("data-tenant-kek", "a data key under a tenant KEK", data_ok)
    add("data-root", "a data key under a root key", data_ok, kek=root_kek(), slot=root_slot)
    add("tenant-kek-root", "a tenant KEK under a root key", kek_ok, "tenant_kek")
    for name, field, value in CHANGES["data"]:
        comment = "one part of the binding is another"
        add("data-" + name, comment, "unwrap_failed", **{field: value})
        add("data-root-" + name, comment, "unwrap_failed", kek=root_kek(), slot=root_slot, **{field: value})
    for name, field, value in CHANGES["tenant_kek"]:
        add("tenant-kek-" + name, "one part of the binding is another", "unwrap_failed", "tenant_kek", **{field: value})
    add(
        "tenant-to-scope",
        "a byte moved from the tenant to the scope",
        "unwrap_failed",
        tenant="acm",
        scope="erecord:invoices",
    )
    add(
        "scope-to-tenant",
        "a byte moved from the scope to the tenant",
        "unwrap_failed",
        tenant="acmer",
        scope="ecord:invoices",
    )
    add("tenant-upper", "the tenant in upper case", "unwrap_failed", tenant="ACME")
    # A slot of a data key whose parts read as those of a tenant KEK, and the other way round.
    data_of_kek = wrapped(root_kek(), key_id=KEK_ID).encode()
    add("data-as-tenant-kek", "a data key's slot is no tenant KEK's", "unwrap_failed", "tenant_kek", slot=data_of_kek)
    add(
        "data-of-that-id",
        "the same slot as that of a data key of this id",
        data_ok,
        kek=root_kek(),
        slot=data_of_kek,
        key_id=KEK_ID.hex(),
    )
    add(
        "tenant-kek-as-data",
        "a tenant KEK's slot is no data key's",
        "unwrap_failed",
        kek=root_kek(),
        slot=TENANT_KEK_IN_ROOT.encode(),
        key_id=KEK_ID.hex(),
    )
    inside = tenant_kek().wrap(tenant_kek_subject, kek_key(2), NONCE).encode()
    add(
        "tenant-kek-in-tenant-kek",
        "no tenant KEK lies under a tenant KEK",
        "no_slot",
        "tenant_kek",
        tenant_kek(),
        inside,
    )

    add("kek-other-key", "another tenant KEK of this id and version", "unwrap_failed", kek=tenant_kek(key=kek_key(1)))
    add("root-other-key", "another root of this id", "unwrap_failed", kek=root_kek(key=OLDER_ROOT), slot=root_slot)
    add("kek-other-id", "another KEK id", "no_slot", kek=tenant_kek(kek_id=OTHER_KEK_ID))
    add("kek-other-version", "another KEK version", "no_slot", kek=tenant_kek(3, key=kek_key(2)))
    add("kek-lower-version", "a lower KEK version", "no_slot", kek=tenant_kek(1, key=kek_key(2)))
    add("root-other-id", "another root id", "no_slot", kek=root_kek(OLDER_ROOT_ID), slot=root_slot)
    add("kek-for-root", "a tenant KEK for the slot of a root", "no_slot", slot=root_slot)
    add("root-for-kek", "a root for the slot of a tenant KEK", "no_slot", kek=root_kek())
    for kind in (0x00, 0x04, 0x7F):
        slot = bytes([kind]) + SLOT_2.encode()[1:]
        add(f"type-{kind:02x}", "the slot says another type", "no_slot", slot=slot)
    for kind, n, version in ((PKCS11_SLOT, 1, 0), (AWS_KMS_SLOT, 3, 0)):
        slot = filler_slot(kind, b"k" * n, version, 60).encode()
        add(f"type-{kind:02x}", "a slot of another provider", "no_slot", slot=slot)
    # The slot is relabelled, and the KEK with it: the slot head is bound.
    moved = wrapped(tenant_kek(3, key=kek_key(2)))
    add("head-version", "a good slot of version 3", data_ok, kek=tenant_kek(3, key=kek_key(2)), slot=moved.encode())
    moved.version = 2
    add("head-version-moved", "the same, said to be of version 2", "unwrap_failed", slot=moved.encode())
    moved = wrapped(tenant_kek(kek_id=OTHER_KEK_ID))
    add("head-id", "a good slot of another KEK", data_ok, kek=tenant_kek(kek_id=OTHER_KEK_ID), slot=moved.encode())
    moved.kek_id = KEK_ID
    add("head-id-moved", "the same, said to be of this KEK", "unwrap_failed", slot=moved.encode())
    same = root_kek(key=kek_key(2))
    moved = wrapped(tenant_kek())
    add("head-type", "a good slot of a tenant KEK", data_ok, slot=moved.encode())
    moved = envelope.Slot(ROOT_SLOT, ROOT_ID, 1, moved.wrapped)
    add(
        "head-type-moved",
        "the same, said to be of a root of the same bytes",
        "unwrap_failed",
        kek=same,
        slot=moved.encode(),
    )

    data = SLOT_2.encode()
    for name, at in (
        ("nonce-first", 24),
        ("nonce-12", 36),
        ("nonce-last", 47),
        ("ciphertext-first", 48),
        ("ciphertext-last", 79),
        ("tag-first", 80),
        ("tag-last", 95),
    ):
        flipped = bytearray(data)
        flipped[at] ^= 0x01 if name.endswith("first") else 0x80
        add("flipped-" + name, "one bit of the slot flipped", "unwrap_failed", slot=bytes(flipped))
    for name, at in (("kek-id", 2), ("version", 21)):
        flipped = bytearray(data)
        flipped[at] ^= 1
        add("flipped-" + name, "one bit of the slot flipped", "no_slot", slot=bytes(flipped))
    add("empty", "no slot at all", MALFORMED, slot=b"")
    add("cut", "the last byte missing", MALFORMED, slot=data[:-1])
    add("surplus", "a byte behind the slot", MALFORMED, slot=data + b"\x00")
    add("malformed-first", "a malformed slot of another KEK", MALFORMED, kek=tenant_kek(3), slot=data + b"\x00")
    add(
        "wrapped-71",
        "a tag cut short, and its length with it",
        MALFORMED,
        slot=slot_bytes(1, KEK_ID, 2, SLOT_2.wrapped[:-1]),
    )

    check = envelope.check_value(MAIN_ID, DATA_KEY, DATA_KEY_ID)
    add("check", "the stored check value", data_ok, check=check)
    add("check-first", "its first bit flipped", "key_check_mismatch", check=bytes([check[0] ^ 0x80]) + check[1:])
    add("check-last", "its last bit flipped", "key_check_mismatch", check=check[:-1] + bytes([check[-1] ^ 1]))
    add(
        "check-other-key",
        "that of another key",
        "key_check_mismatch",
        check=envelope.check_value(MAIN_ID, OTHER_DATA_KEY, DATA_KEY_ID),
    )
    add(
        "check-other-id",
        "that of this key under another id",
        "key_check_mismatch",
        check=envelope.check_value(MAIN_ID, DATA_KEY, OTHER_DATA_KEY_ID),
    )
    add("check-kek", "that of the KEK", "key_check_mismatch", check=envelope.check_value(MAIN_ID, kek_key(2), KEK_ID))
    add("check-zero", "zeros", "key_check_mismatch", check=bytes(8))
    add(
        "check-after-unwrap",
        "a wrong check value, and the slot does not unwrap",
        "unwrap_failed",
        check=bytes(8),
        tenant=OTHER_TENANT,
    )
    add(
        "check-after-no-slot",
        "a wrong check value, and another KEK's slot",
        "no_slot",
        check=bytes(8),
        kek=tenant_kek(3),
    )
    kek_check = envelope.check_value(MAIN_ID, kek_key(2), KEK_ID)
    add("check-tenant-kek", "the check value of a tenant KEK", kek_ok, "tenant_kek", check=kek_check)
    add("check-tenant-kek-wrong", "another one", "key_check_mismatch", "tenant_kek", check=check)


def bindings(subject):
    kms = envelope.Kek(AWS_KMS_SLOT, b"1234abcd-12ab-34cd-56ef-1234567890ab", 0, b"")
    multi = envelope.Kek(AWS_KMS_SLOT, b"mrk-1234abcd12ab34cd56ef1234567890ab", 0, b"")

    def add(name, comment, what, kek=kms, **changes):
        subject.add(
            "binding/" + name, comment, "binding", OK, **subject_inputs(what, **changes), kek=kek_value(kek, key=False)
        )

    for what in ("data", "tenant_kek"):
        add(what, "the form", what)
        add(what + "-kek-id", "another KMS key", what, multi)
        for name, field, value in CHANGES[what]:
            add(f"{what}-{name}", "one part changed", what, **{field: value})


# --- 5. ----------------------------------------------------------------------------------------


def seals(subject):
    def add(
        name,
        comment,
        text=None,
        intended=None,
        slots=(),
        pairs=None,
        salt=SALT,
        key=DATA_KEY,
        key_id=DATA_KEY_ID,
        deployment_id=MAIN_ID,
    ):
        value = {"text": TEXT.decode()} if text is None else plaintext_value(text)
        if intended is None:
            data = sealed(TEXT if text is None else plaintext(text), slots, pairs, salt, key, key_id, deployment_id)
            intended = {"object": data.hex()} if len(data) <= 4096 else digest(data)
        subject.add(
            "seal/" + name,
            comment,
            "seal",
            intended,
            deployment=deployment_id.hex(),
            data_key={"id": key_id.hex(), "key": key.hex()},
            context=CONTEXT if pairs is None else pairs,
            salt=salt.hex(),
            plaintext=value,
            slots=[slot.encode().hex() for slot in slots],
        )

    add("detached", "the key lies in a key store")
    add("embedded", "the key lies in a slot", slots=[SLOT_2])
    add("embedded-two", "in two slots", slots=[SLOT_2, ROOT_SLOT_GOOD])
    fillers = [filler_slot(0x7F, bytes([number]), number) for number in range(16)]
    add("embedded-16", "the most slots, in the order given", slots=fillers)
    add("embedded-17", "one too many", intended="slots", slots=[*fillers, filler_slot(0x7F, b"\x10", 16)])
    kinds = [filler_slot(PKCS11_SLOT, b"\x01", 0, 60), filler_slot(AWS_KMS_SLOT, b"key", 0, 184)]
    add("embedded-kinds", "slots of other types", slots=kinds)
    for count in (0, 1, 15, 16, 17, 4004, 4005, 16_383, 16_384, 16_385, 32_767, 32_768, 32_769, 40_000):
        add(f"length-{count}", "so many bytes", count)
    add("length-1048576", "the longest record", 1_048_576)
    for chunks in (256, 258):
        add(f"chunks-{chunks}", "the number of a chunk takes more than one byte", chunks * 16_384 + 1)
    for number in range(6):
        add(f"salt-{number}", "some salt, three chunks", 32_769, salt=seeded(f"some salt {number}", 24))
    add("length-16384-embedded", "a full chunk and an empty one, with a slot", 16_384, slots=[SLOT_2])
    add("other-salt", "another salt", salt=seeded("salt 2", 24))
    add("salt-zero", "a salt of zeros", salt=bytes(24))
    add("other-key", "another data key", key=OTHER_DATA_KEY)
    add("other-key-id", "another data key id", key_id=OTHER_DATA_KEY_ID)
    add("other-deployment", "another deployment", deployment_id=OTHER_ID)
    add("context-order", "pairs in another order are the same context", pairs=CONTEXT[::-1])
    add("context-value", "another value", pairs=[*CONTEXT[:3], ["x-column", "total"]])
    add("context-three", "no pair of the application", pairs=CONTEXT[:3])
    add("context-4096", "the longest context", pairs=long_context(113))
    add("context-not-ascii", "a value outside ASCII", pairs=[*CONTEXT[:3], ["x-column", "\u00e9\U0001f511"]])
    for name, pairs, code in (
        ("key", [*CONTEXT, ["column", "notes"]], "context_key"),
        ("value", [*CONTEXT, ["x-row", ""]], "context_value"),
        ("incomplete", CONTEXT[:2], "context_incomplete"),
        ("4097", long_context(114), "context_too_long"),
    ):
        add("context-refused-" + name, "no context", intended=code, pairs=pairs)


# --- 6. ----------------------------------------------------------------------------------------


def add_open(
    subject,
    name,
    comment,
    intended,
    data,
    op="open",
    deployment_id=MAIN_ID,
    tenant=TENANT,
    scope=SCOPE,
    pairs=None,
    keys=None,
    **more,
):
    """`data` is an object in bytes, or a tuple of the name of one (or of such bytes) and edits."""
    if isinstance(intended, bytes):
        intended = digest(intended)
    if isinstance(data, tuple) and isinstance(data[0], bytes):
        data = data[0]
    if keys is None:
        detached = (
            not isinstance(data, bytes) and data[0] not in ("embedded", "root", "two-slots") and EMBED[1] not in data
        )
        keys = held(tenant_keks=[], roots=[]) if detached else held()
    value = data.hex() if isinstance(data, bytes) else {"base": data[0], "edits": list(data[1:])}
    if op != "rewrap":
        more = {"context": CONTEXT if pairs is None else pairs, **more}
    subject.add(
        f"{op}/{name}",
        comment,
        op,
        intended,
        deployment=deployment_id.hex(),
        tenant=tenant,
        scope=scope,
        keys=held() if keys is None else keys,
        object=value,
        **more,
    )


KINDS = ("detached", "embedded", "root")


def opens(subject):
    """What opens, the deployment, and labels."""

    def add(name, comment, intended, data, **more):
        add_open(subject, name, comment, intended, data, **more)

    for base in KINDS:
        add(base, "opens", TEXT, (base,), keys=held(tenant_keks=TWO_KEKS, roots=TWO_ROOTS))
        add(
            base + "-deployment",
            "under another deployment",
            "wrong_commitment" if base == "detached" else "unwrap_failed",
            (base,),
            deployment_id=OTHER_ID,
        )
    add(
        "other-deployment",
        "an object of the other deployment",
        TEXT,
        sealed(TEXT, deployment_id=OTHER_ID),
        deployment_id=OTHER_ID,
    )
    for count in (16_383, 16_384, 16_385, 40_000):
        add(f"length-{count}", "so many bytes", plaintext(count), (str(count),))
    add("length-0", "no bytes", b"", ("empty",))
    add("length-40000-embedded", "three chunks, with a slot", plaintext(40_000), ("40000", *EMBED))

    # Kinds exchanged: the body stays as it is.
    add("kind-to-detached", "the slots taken out of an embedded object", TEXT, ("embedded", *DETACH))
    add("kind-to-embedded", "slots put into a detached object", TEXT, ("detached", *EMBED), keys=held(data_keys=[]))
    add(
        "kind-to-embedded-root",
        "another slot put into a detached object",
        TEXT,
        ("detached", {"xor": [3, "01"]}, {"insert": [20, envelope.header(DATA_KEY_ID, [ROOT_SLOT_GOOD])[20:].hex()]}),
        keys=held(data_keys=[], tenant_keks=[]),
    )
    add(
        "kind-to-detached-long",
        "slots put before three chunks and taken out",
        plaintext(40_000),
        ("40000", *EMBED, *DETACH),
    )
    add(
        "kind-relabelled-detached",
        "an embedded object called detached: its slots are body",
        "wrong_commitment",
        ("embedded", {"xor": [3, "01"]}),
    )
    add("kind-relabelled-embedded", "a detached object called embedded", MALFORMED, ("detached", {"xor": [3, "01"]}))

    both = [data_key_row(), data_key_row(id=OTHER_DATA_KEY_ID.hex())]
    relabel = {"xor": [4, bytes(a ^ b for a, b in zip(DATA_KEY_ID, OTHER_DATA_KEY_ID, strict=True)).hex()]}
    add("relabelled-id-control", "two data keys with the same bytes", TEXT, ("detached",), keys=held(both))
    add(
        "relabelled-id",
        "the id of the other data key, whose bytes are the same",
        "wrong_commitment",
        ("detached", relabel),
        keys=held(both),
    )
    add("relabelled-id-unknown", "an id that is not in the key store", "unknown_data_key", ("detached", relabel))
    add("relabelled-id-embedded", "another id with the same slot", "unwrap_failed", ("embedded", relabel))
    slot = wrapped(tenant_kek(), key_id=OTHER_DATA_KEY_ID)
    add(
        "relabelled-id-slot",
        "another id with a slot of that id that holds the same bytes",
        "wrong_commitment",
        envelope.header(OTHER_DATA_KEY_ID, [slot]) + sealed(TEXT)[20:],
    )
    add(
        "relabelled-id-slot-control",
        "the right id with a slot that holds the bytes",
        TEXT,
        envelope.header(DATA_KEY_ID, [SLOT_2]) + sealed(TEXT)[20:],
    )
    for name, at, code in (
        ("magic", 0, "not_an_envelope"),
        ("version", 1, "unknown_version"),
        ("suite", 2, "unknown_suite"),
    ):
        for bit in range(8):
            edit = {"xor": [at, f"{1 << bit:02x}"]}
            add(f"relabelled-{name}-{bit}", "one bit of the label flipped", code, ("detached", edit))
    add("relabelled-kind", "an unknown kind", "unknown_kind", ("detached", {"xor": [3, "02"]}))


def open_contexts(subject):
    def add(name, comment, intended, data=None, **more):
        add_open(subject, "context-" + name, comment, intended, (data or "detached",), **more)

    def changed(*changes):
        """Each (key, new key, new value); a new key of None takes the pair away."""
        pairs = [list(pair) for pair in CONTEXT]
        for key, new, value in changes:
            at = [pair[0] for pair in pairs].index(key)
            pairs[at : at + 1] = [] if new is None else [[new, value]]
        return pairs

    for base in ("detached", "embedded"):
        name = "" if base == "detached" else "embedded-"
        add(name + "control", "the right context", TEXT, base)
        add(name + "name", "another name", "wrong_commitment", base, pairs=changed(("name", "name", "invoices.note")))
        add(name + "id", "another id", "wrong_commitment", base, pairs=changed(("id", "id", "1043")))
        add(
            name + "x-value",
            "another value of the application",
            "wrong_commitment",
            base,
            pairs=changed(("x-column", "x-column", "total")),
        )
        add(
            name + "x-key",
            "another key of the application",
            "wrong_commitment",
            base,
            pairs=changed(("x-column", "x-columns", "notes")),
        )
        add(
            name + "tenant",
            "another tenant in the context",
            "wrong_tenant",
            base,
            pairs=changed(("tenant", "tenant", OTHER_TENANT)),
        )
    add("order", "the same pairs in another order", TEXT, pairs=CONTEXT[::-1])
    add("less", "a pair less", "wrong_commitment", pairs=CONTEXT[:3])
    add("more", "a pair more", "wrong_commitment", pairs=[*CONTEXT, ["x-more", "1"]])
    add("case", "a value in upper case", "wrong_commitment", pairs=changed(("name", "name", "Invoices.notes")))
    add("space", "a space behind a value", "wrong_commitment", pairs=changed(("id", "id", "1042 ")))
    add("zero", "a leading zero", "wrong_commitment", pairs=changed(("id", "id", "01042")))
    add(
        "key-to-value",
        "a byte moved from the key to the value",
        "wrong_commitment",
        pairs=changed(("x-column", "x-colum", "nnotes")),
    )
    add(
        "value-to-key",
        "a byte moved from the value to the key",
        "wrong_commitment",
        pairs=changed(("x-column", "x-columnn", "otes")),
    )
    add(
        "value-to-value",
        "a byte moved from one value to the next",
        "wrong_commitment",
        pairs=changed(("id", "id", "104"), ("name", "name", "2invoices.notes")),
    )
    add(
        "values-swapped",
        "two values exchanged",
        "wrong_commitment",
        pairs=changed(("id", "id", "invoices.notes"), ("name", "name", "1042")),
    )
    add("composed-control", "a value with one character", TEXT, **at_name("\u00e9"))
    add("decomposed", "the same character as two", "wrong_commitment", **at_name("\u00e9", "e\u0301"))
    for name, pairs, code in (
        ("refused-key", [*CONTEXT, ["column", "notes"]], "context_key"),
        ("refused-twice", [*CONTEXT, CONTEXT[3]], "context_key"),
        ("refused-value", [*CONTEXT, ["x-row", ""]], "context_value"),
        ("refused-tenant", changed(("tenant", "tenant", "ac me")), "context_value"),
        ("refused-incomplete", CONTEXT[1:], "context_incomplete"),
        ("refused-too-long", long_context(114), "context_too_long"),
    ):
        add(name, "no context", code, pairs=pairs)


def at_name(name, opened=None):
    """An object sealed with one name, opened with the same or another."""
    pairs, right = ([["tenant", TENANT], ["name", text], ["id", "1042"]] for text in (name, opened or name))
    return {"pairs": right, "data": sealed(TEXT, pairs=pairs)}


def open_keys(subject):
    """The key store, states, tombstones, tenant and scope."""

    def add(name, comment, intended, data="detached", **more):
        add_open(subject, "key-" + name, comment, intended, (data,), **more)

    moved = [[key, OTHER_TENANT if key == "tenant" else value] for key, value in CONTEXT]

    for state, code in (
        ("active", TEXT),
        ("verify_only", TEXT),
        ("retired", "data_key_retired"),
        ("destroyed", "data_key_destroyed"),
    ):
        add("state-" + state, "the state of the data key", code, keys=held([data_key_row(state=state)]))
    add("unknown", "no data keys", "unknown_data_key", keys=held([]))
    add(
        "unknown-other",
        "another data key only",
        "unknown_data_key",
        keys=held([data_key_row(id=OTHER_DATA_KEY_ID.hex())]),
    )
    add("wrong", "another key of this id", "wrong_commitment", keys=held([data_key_row(key=OTHER_DATA_KEY.hex())]))
    add("scope", "the scope that is asked for is another", "unknown_data_key", scope=OTHER_SCOPE)
    add("scope-kind", "the scope's kind is another", "unknown_data_key", scope="file:invoices")
    add(
        "scope-row", "the scope of the row is another", "unknown_data_key", keys=held([data_key_row(scope=OTHER_SCOPE)])
    )
    add(
        "tenant-row",
        "the tenant of the row is another",
        "unknown_data_key",
        keys=held([data_key_row(tenant=OTHER_TENANT)]),
    )
    add("tenant", "another tenant asks, with a context of this one", "wrong_tenant", tenant=OTHER_TENANT)
    add(
        "tenant-context",
        "another tenant asks, with a context of its own",
        "unknown_data_key",
        tenant=OTHER_TENANT,
        pairs=moved,
    )
    copied = held([data_key_row(tenant=OTHER_TENANT)])
    add(
        "tenant-copied",
        "another tenant asks and holds a copy of the key",
        "wrong_commitment",
        tenant=OTHER_TENANT,
        pairs=moved,
        keys=copied,
    )
    two = [data_key_row(tenant=OTHER_TENANT, key=OTHER_DATA_KEY.hex(), state="destroyed"), data_key_row()]
    add("tenant-same-id", "another tenant has a key of this id, destroyed", TEXT, keys=held(two))
    two = [
        data_key_row(key=OTHER_DATA_KEY.hex(), id=OTHER_DATA_KEY_ID.hex(), state="active"),
        data_key_row(state="verify_only"),
    ]
    add("rotated", "another key is active since", TEXT, keys=held(two))
    add(
        "retired-scope",
        "retired, and of another scope",
        "unknown_data_key",
        keys=held([data_key_row(state="retired", scope=OTHER_SCOPE)]),
    )

    tombs = [[TENANT, DATA_KEY_ID.hex()]]
    for base in KINDS:
        add(f"tombstone-{base}", "a tombstone of the data key", "data_key_destroyed", base, tombstones=tombs)
        add(f"tombstone-none-{base}", "an empty list of tombstones", TEXT, base, tombstones=[])
        add(
            f"tombstone-tenant-{base}",
            "a tombstone of another tenant for this id",
            TEXT,
            base,
            tombstones=[[OTHER_TENANT, DATA_KEY_ID.hex()]],
        )
        add(
            f"tombstone-id-{base}",
            "a tombstone for another id",
            TEXT,
            base,
            tombstones=[[TENANT, OTHER_DATA_KEY_ID.hex()]],
        )
    add(
        "tombstone-many",
        "the second of two tombstones",
        "data_key_destroyed",
        tombstones=[[TENANT, OTHER_DATA_KEY_ID.hex()], *tombs],
    )
    add(
        "tombstone-before-unknown",
        "a tombstone, and no such key",
        "data_key_destroyed",
        tombstones=tombs,
        keys=held([]),
    )
    add(
        "tombstone-before-retired",
        "a tombstone, and retired",
        "data_key_destroyed",
        tombstones=tombs,
        keys=held([data_key_row(state="retired")]),
    )
    add(
        "tombstone-before-no-slot",
        "a tombstone, and no slot that resolves",
        "data_key_destroyed",
        "embedded",
        tombstones=tombs,
        keys=held([], [], []),
    )
    add(
        "tombstone-after-tenant",
        "a tombstone, and a context of another tenant",
        "wrong_tenant",
        tombstones=tombs,
        pairs=moved,
    )
    kek_tombs = [[TENANT, KEK_ID.hex()]]
    add("tombstone-kek", "a tombstone of the tenant KEK", "no_slot", "embedded", tombstones=kek_tombs)
    add(
        "tombstone-kek-tenant",
        "a tombstone of another tenant for its id",
        TEXT,
        "embedded",
        tombstones=[[OTHER_TENANT, KEK_ID.hex()]],
    )
    add(
        "tombstone-kek-other-slot",
        "a tombstone of the tenant KEK; a root's slot follows",
        TEXT,
        "two-slots",
        tombstones=kek_tombs,
    )
    add(
        "tombstone-kek-detached",
        "a tombstone of the tenant KEK, and the data key is at hand",
        TEXT,
        tombstones=kek_tombs,
    )
    add("tombstone-kek-root", "a tombstone of the tenant KEK, and a root's slot", TEXT, "root", tombstones=kek_tombs)

    # A row can shut an embedded object, but its key comes from its slots, and it needs no row.
    for name, comment, code, rows in (
        ("none", "no row for an embedded object", TEXT, []),
        ("verify-only", "a row that opens", TEXT, [data_key_row(state="verify_only")]),
        ("other", "another key in the row: the slot's is used", TEXT, [data_key_row(key=OTHER_DATA_KEY.hex())]),
        ("retired", "a retired row shuts an embedded object", "data_key_retired", [data_key_row(state="retired")]),
        (
            "destroyed",
            "a destroyed row shuts an embedded object",
            "data_key_destroyed",
            [data_key_row(state="destroyed")],
        ),
        ("retired-scope", "a retired row of another scope", TEXT, [data_key_row(state="retired", scope=OTHER_SCOPE)]),
        (
            "retired-tenant",
            "a retired row of another tenant",
            TEXT,
            [data_key_row(state="retired", tenant=OTHER_TENANT)],
        ),
        (
            "retired-id",
            "a retired row of another data key",
            TEXT,
            [data_key_row(state="retired", id=OTHER_DATA_KEY_ID.hex())],
        ),
        (
            "retired-second",
            "the second row shuts it, the first is another key's",
            "data_key_retired",
            [data_key_row(id=OTHER_DATA_KEY_ID.hex()), data_key_row(state="retired")],
        ),
    ):
        add("embedded-row-" + name, comment, code, "embedded", keys=held(rows))
    retired = [data_key_row(state="retired")]
    add("root-row-retired", "a retired row, and a root's slot", "data_key_retired", "root", keys=held(retired))
    add_open(
        subject,
        "key-row-retired-embed",
        "a detached object that got a slot",
        "data_key_retired",
        ("detached", *EMBED),
        keys=held(retired, roots=[]),
    )
    add(
        "embedded-row-retired-no-slot",
        "a retired row, and no slot that resolves",
        "data_key_retired",
        "embedded",
        keys=held(retired, [], []),
    )
    add(
        "embedded-row-retired-tombstone",
        "a retired row, and a tombstone",
        "data_key_destroyed",
        "embedded",
        tombstones=tombs,
        keys=held(retired, roots=[]),
    )
    for base in ("embedded", "root"):
        add(f"{base}-scope", "the scope that is asked for is another", "unwrap_failed", base, scope=OTHER_SCOPE)
        add(f"{base}-scope-kind", "the scope's kind is another", "unwrap_failed", base, scope="file:invoices")
        add(
            f"{base}-tenant",
            "another tenant asks, with a context of this one",
            "wrong_tenant",
            base,
            tenant=OTHER_TENANT,
        )
        code = "no_slot" if base == "embedded" else "unwrap_failed"
        add(
            f"{base}-tenant-context",
            "another tenant asks, with a context of its own",
            code,
            base,
            tenant=OTHER_TENANT,
            pairs=moved,
        )
    copied = held(tenant_keks=[kek_row(2, tenant=OTHER_TENANT)])
    add(
        "embedded-tenant-copied",
        "another tenant asks and holds a copy of the tenant KEK",
        "unwrap_failed",
        "embedded",
        tenant=OTHER_TENANT,
        pairs=moved,
        keys=copied,
    )
    slot = wrapped(tenant_kek(), tenant=OTHER_TENANT)
    add(
        "embedded-tenant-wrapped",
        "another tenant asks; the slot holds the key wrapped for it",
        "wrong_commitment",
        envelope.header(DATA_KEY_ID, [slot]) + sealed(TEXT)[20:],
        tenant=OTHER_TENANT,
        pairs=moved,
        keys=copied,
    )
    slot = wrapped(tenant_kek(), scope=OTHER_SCOPE)
    add(
        "embedded-scope-wrapped",
        "the slot holds the key wrapped for the scope that is asked for",
        TEXT,
        envelope.header(DATA_KEY_ID, [slot]) + sealed(TEXT)[20:],
        scope=OTHER_SCOPE,
    )


def open_slots(subject):
    """Which slot is used, and that its failure is final."""

    def add(name, comment, intended, slots, **more):
        data = sealed(TEXT, slots)
        add_open(subject, "slot-" + name, comment, intended, data, **{"keys": held([]), **more})

    for state, code in (("active", TEXT), ("verify_only", TEXT), ("retired", "no_slot"), ("destroyed", "no_slot")):
        add("kek-" + state, "the state of the tenant KEK", code, [SLOT_2], keys=held([], [kek_row(2, state=state)]))
        add(
            "root-" + state, "the state of the root", code, [ROOT_SLOT_GOOD], keys=held([], [], [root_row(state=state)])
        )
    add("kek-none", "no tenant KEKs", "no_slot", [SLOT_2], keys=held([], []))
    add("root-none", "no roots", "no_slot", [ROOT_SLOT_GOOD], keys=held([], roots=[]))
    add("kek-id", "another KEK id", "no_slot", [wrapped(tenant_kek(kek_id=OTHER_KEK_ID))])
    add(
        "kek-tenant",
        "a tenant KEK of another tenant",
        "no_slot",
        [SLOT_2],
        keys=held([], [kek_row(2, tenant=OTHER_TENANT)]),
    )
    same = [kek_row(2, tenant=OTHER_TENANT, key=kek_key(1).hex()), kek_row(2)]
    add("kek-tenant-same-id", "another tenant has a KEK of this id and version", TEXT, [SLOT_2], keys=held([], same))
    add("kek-version", "an older version that opens", TEXT, [SLOT_1], keys=held([], TWO_KEKS))
    add("kek-version-unknown", "a version that is not held", "no_slot", [wrapped(tenant_kek(3))])
    add(
        "kek-version-relabelled",
        "a slot of version 1 called version 2",
        "unwrap_failed",
        [envelope.Slot(1, KEK_ID, 2, SLOT_1.wrapped)],
    )
    add(
        "kek-wrong",
        "another key of this id and version",
        "unwrap_failed",
        [SLOT_2],
        keys=held([], [kek_row(2, key=kek_key(1).hex())]),
    )
    add("root-id", "another root id", "no_slot", [wrapped(root_kek(bytes.fromhex("00000009")))])
    add("root-older", "an older root that opens", TEXT, [OLDER_ROOT_SLOT], keys=held([], roots=TWO_ROOTS))

    add("minimum-equal", "the version is the minimum version", TEXT, [SLOT_2], keys=held([], minimum_version=2))
    add(
        "minimum-below",
        "a version below the minimum version",
        "no_slot",
        [SLOT_1],
        keys=held([], TWO_KEKS, minimum_version=2),
    )
    add("minimum-above", "the minimum version is above all", "no_slot", [SLOT_2], keys=held([], minimum_version=3))
    add(
        "minimum-then-good",
        "a version below, then one that is not",
        TEXT,
        [SLOT_1, SLOT_2],
        keys=held([], TWO_KEKS, minimum_version=2),
    )
    add(
        "minimum-root",
        "the minimum version is about tenant KEKs, not about roots",
        TEXT,
        [ROOT_SLOT_GOOD],
        keys=held([], minimum_version=2),
    )
    add("minimum-max", "the greatest minimum version", "no_slot", [SLOT_2], keys=held([], minimum_version=2**32 - 1))

    broken = envelope.Slot(1, KEK_ID, 2, SLOT_2.wrapped[:-1] + bytes([SLOT_2.wrapped[-1] ^ 1]))
    broken_root = envelope.Slot(3, ROOT_ID, 1, ROOT_SLOT_GOOD.wrapped[:-1] + bytes([ROOT_SLOT_GOOD.wrapped[-1] ^ 1]))
    swapped = wrapped(tenant_kek(), tenant=OTHER_TENANT)
    unknown = filler_slot(0x7F)
    token, kms = filler_slot(PKCS11_SLOT, b"\x01", 0, 60), filler_slot(AWS_KMS_SLOT, b"key", 0, 184)
    foreign = wrapped(tenant_kek(kek_id=OTHER_KEK_ID))
    add("one", "one good slot", TEXT, [SLOT_2])
    add("two", "two good slots", TEXT, [SLOT_2, ROOT_SLOT_GOOD])
    add("broken", "one broken slot", "unwrap_failed", [broken])
    add(
        "broken-then-good",
        "the first that resolves is broken, a good one follows",
        "unwrap_failed",
        [broken, ROOT_SLOT_GOOD],
    )
    add("broken-then-same", "the same with a good slot of the same KEK", "unwrap_failed", [broken, SLOT_2])
    add("broken-root-then-good", "the same with a root's slot", "unwrap_failed", [broken_root, SLOT_2])
    add("good-then-broken", "a good one, a broken one follows", TEXT, [SLOT_2, broken_root])
    add("good-then-broken-same", "a good one, a broken one of the same KEK follows", TEXT, [SLOT_2, broken])
    add("swapped", "a slot wrapped for another tenant", "unwrap_failed", [swapped])
    add("swapped-then-good", "the same, a good one follows", "unwrap_failed", [swapped, ROOT_SLOT_GOOD])
    add(
        "wrong-key-then-good",
        "a slot that holds another data key, a good one follows",
        "wrong_commitment",
        [wrapped(tenant_kek(), key=OTHER_DATA_KEY), ROOT_SLOT_GOOD],
    )
    add(
        "wrong-scope-then-good",
        "a slot of another scope, a good one follows",
        "unwrap_failed",
        [wrapped(tenant_kek(), scope=OTHER_SCOPE), ROOT_SLOT_GOOD],
    )
    add("unknown", "a slot of an unknown type only", "no_slot", [unknown])
    for name, slot in (
        ("unknown", unknown),
        ("pkcs11", token),
        ("kms", kms),
        ("foreign", foreign),
        ("version", wrapped(tenant_kek(3))),
    ):
        add(name + "-then-good", "a slot that does not resolve, then a good one", TEXT, [slot, SLOT_2])
        add(name + "-then-broken", "a slot that does not resolve, then a broken one", "unwrap_failed", [slot, broken])
        add(name + "-alone", "a slot that does not resolve", "no_slot", [slot])
        add(name + "-last", "a good one, then a slot that does not resolve", TEXT, [SLOT_2, slot])
    add("sixteenth", "the good one is the last of sixteen", TEXT, [unknown] * 15 + [SLOT_2])
    retired = held([], [kek_row(2, state="retired")])
    add("retired-then-good", "a retired tenant KEK, then a root", TEXT, [SLOT_2, ROOT_SLOT_GOOD], keys=retired)
    add(
        "retired-broken-then-good",
        "a broken slot of a retired tenant KEK, then a root",
        TEXT,
        [broken, ROOT_SLOT_GOOD],
        keys=retired,
    )

    def without(*kinds):
        return held([], unavailable=kinds)

    add("unavailable-other", "another provider is unavailable", TEXT, [SLOT_2], keys=without(3))
    add("unavailable", "the one provider is unavailable", "kek_unavailable", [SLOT_2], keys=without(1))
    add("unavailable-root", "the same with a root", "kek_unavailable", [ROOT_SLOT_GOOD], keys=without(3))
    add("unavailable-then-good", "an unavailable one, then a good one", TEXT, [SLOT_2, ROOT_SLOT_GOOD], keys=without(1))
    add(
        "unavailable-broken-then-good",
        "a broken one that is unavailable, then a good one",
        TEXT,
        [broken, ROOT_SLOT_GOOD],
        keys=without(1),
    )
    add(
        "unavailable-then-broken",
        "an unavailable one, then a broken one",
        "unwrap_failed",
        [SLOT_2, broken_root],
        keys=without(1),
    )
    add(
        "unavailable-then-unknown",
        "an unavailable one, then one that does not resolve",
        "kek_unavailable",
        [SLOT_2, unknown],
        keys=without(1),
    )
    add(
        "unknown-then-unavailable",
        "one that does not resolve, then an unavailable one",
        "kek_unavailable",
        [unknown, SLOT_2],
        keys=without(1),
    )
    add("unavailable-all", "all are unavailable", "kek_unavailable", [SLOT_2, ROOT_SLOT_GOOD], keys=without(1, 3))
    add(
        "unavailable-not-held", "a provider is unavailable whose KEK is not held", "no_slot", [foreign], keys=without(1)
    )
    add(
        "unavailable-below",
        "a provider is unavailable, and the version is below the minimum",
        "no_slot",
        [SLOT_1],
        keys=held([], TWO_KEKS, minimum_version=2, unavailable=[1]),
    )
    add("unavailable-last", "a good one, then an unavailable one", TEXT, [SLOT_2, ROOT_SLOT_GOOD], keys=without(3))
    add("unavailable-type-unknown", "an unavailable type that is not known", "no_slot", [unknown], keys=without(0x7F))

    body = sealed(TEXT)[20:]

    def malformed(name, comment, inner, **more):
        add_open(
            subject, "slot-" + name, comment, MALFORMED, embedded_header(inner) + body, **{"keys": held([]), **more}
        )

    good = SLOT_2.encode()
    add_open(
        subject,
        "slot-good-then-good",
        "two well-formed slots, the first is good",
        TEXT,
        embedded_header(b"\x02" + good + unknown.encode()) + body,
        keys=held([]),
    )
    malformed(
        "good-then-malformed", "a malformed slot behind a good one", b"\x02" + good + slot_bytes(3, b"x", 1, b"y")
    )
    malformed("surplus", "a byte behind the slots", b"\x01" + good + b"\x00")
    malformed("more-than-stated", "a slot more than stated", b"\x01" + good + unknown.encode())
    malformed("fewer-than-stated", "a slot fewer than stated", b"\x02" + good)
    malformed("version-0", "a tenant KEK of version 0", b"\x01" + slot_bytes(1, KEK_ID, 0, SLOT_2.wrapped))
    malformed(
        "malformed-before-tombstone",
        "malformed, and a tombstone",
        b"\x02" + good,
        tombstones=[[TENANT, DATA_KEY_ID.hex()]],
    )


def open_headers(subject):
    """An opener tells the header's codes before all others but wrong_tenant."""

    def add(name, comment, intended, data, **more):
        add_open(subject, "header-" + name, comment, intended, data, **more)

    size = len(envelope.header(DATA_KEY_ID, [SLOT_2]))
    for base, counts in (("detached", range(20)), ("embedded", [*range(20, 26), size - 72, size - 1])):
        for count in counts:
            code = "not_an_envelope" if count == 0 else MALFORMED
            add(f"{base}-cut-{count}", f"the first {count} bytes", code, (base, {"cut": count}))
    for name, edit, code in (
        ("magic", {"xor": [0, "ff"]}, "not_an_envelope"),
        ("version", {"xor": [1, "03"]}, "unknown_version"),
        ("suite", {"xor": [2, "03"]}, "unknown_suite"),
        ("kind", {"xor": [3, "03"]}, "unknown_kind"),
    ):
        nothing = held([], [], [])
        add(name + "-before-keys", "and no keys are held", code, ("embedded", edit), keys=nothing)
        add(
            name + "-before-tombstone",
            "and there is a tombstone",
            code,
            ("detached", edit),
            tombstones=[[TENANT, DATA_KEY_ID.hex()]],
        )
        add(
            name + "-after-tenant",
            "and the context is of another tenant",
            "wrong_tenant",
            ("detached", edit),
            tenant=OTHER_TENANT,
        )
    add(
        "empty-after-tenant",
        "no bytes, and the context is of another tenant",
        "wrong_tenant",
        ("detached", {"cut": 0}),
        tenant=OTHER_TENANT,
    )
    for name, edit in (("less", {"xor": [21, "02"]}), ("more", {"xor": [21, "01"]})):
        add("length-" + name, "the length of the slots is a lie", MALFORMED, ("embedded", edit))
    add("byte-before", "a byte before the object", "not_an_envelope", ("detached", {"insert": [0, "00"]}))
    add("byte-inside", "a byte between header and body", "wrong_commitment", ("detached", {"insert": [20, "00"]}))
    add("text", "text is no object", "not_an_envelope", b"notes as plain text")
    add(
        "object-in-object",
        "a whole object as the body of one",
        "wrong_commitment",
        objects()["detached"][:20] + objects()["detached"],
    )


def open_bodies(subject):
    def add(name, comment, intended, data, **more):
        add_open(subject, "body-" + name, comment, intended, data, **more)

    # Truncation.
    small = len(objects()["detached"]) - 20
    for count in range(small):
        code = "body_truncated" if count < 72 else "chunk_forged"
        add(f"cut-{count}", f"the first {count} bytes of the body", code, ("detached", {"cut": 20 + count}))
    for count in range(56, 72):
        add(
            f"empty-cut-{count}",
            f"the first {count} bytes of the body of an empty object",
            "body_truncated",
            ("empty", {"cut": 20 + count}),
        )
    at = len(envelope.header(DATA_KEY_ID, [SLOT_2]))
    for count, code in (
        (0, "body_truncated"),
        (55, "body_truncated"),
        (56, "body_truncated"),
        (71, "body_truncated"),
        (72, "chunk_forged"),
    ):
        add(f"embedded-cut-{count}", f"the first {count} bytes of the body", code, ("embedded", {"cut": at + count}))
    first, second = 76 + 16_400, 76 + 32_800
    for base, length in (("16384", 16_384), ("16385", 16_385), ("40000", 40_000)):
        whole = 20 + chunked.body_length(length)
        ends = sorted({cut for boundary in (first, second) for cut in range(boundary, boundary + 16) if cut < whole})
        for cut in ends if base in ("16384", "40000") else [cut for cut in ends if (cut - 76) % 16_400 in (0, 1, 15)]:
            add(f"{base}-cut-{cut}", "behind a full chunk, at most 15 bytes", "body_truncated", (base, {"cut": cut}))
        inside = [
            76 + 16,
            76 + 8_000,
            first - 17,
            first - 16,
            first - 1,
            first + 16,
            second - 1,
            second + 16,
            whole - 17,
            whole - 16,
            whole - 1,
        ]
        for cut in sorted({cut for cut in inside if cut < whole and (cut - 76) % 16_400 >= 16}):
            add(f"{base}-cut-{cut}", "inside a chunk or its tag", "chunk_forged", (base, {"cut": cut}))
    # A chunk taken away as a whole.
    for base, name, edit, code in (
        ("40000", "without-first", {"delete": [76, first]}, "chunk_forged"),
        ("40000", "without-second", {"delete": [first, second]}, "chunk_forged"),
        ("16384", "without-first", {"delete": [76, first]}, "chunk_forged"),
        ("40000", "without-middle-byte", {"delete": [first, first + 1]}, "chunk_forged"),
    ):
        add(f"{base}-{name}", "a part taken away", code, (base, edit))

    # Order and repetition.
    data = objects()["40000"]
    add("40000-control", "three chunks in order", plaintext(40_000), ("40000",))
    add(
        "40000-swapped",
        "the first two chunks exchanged",
        "chunk_forged",
        ("40000", {"swap": [76, first, first, second]}),
    )
    add(
        "40000-swapped-part",
        "the same bytes of two chunks exchanged",
        "chunk_forged",
        ("40000", {"swap": [76 + 32, 76 + 48, first + 32, first + 48]}),
    )
    add(
        "16384-empty-twice",
        "the empty final chunk twice",
        "chunk_forged",
        ("16384", {"append": objects()["16384"][first:].hex()}),
    )
    again = objects()["16385"][first:].hex()
    add("16385-final-twice", "the final chunk twice", "chunk_forged", ("16385", {"append": again}))
    add("empty-twice", "the empty chunk twice", "chunk_forged", ("empty", {"append": objects()["empty"][76:].hex()}))
    add("16385-final-first", "the final chunk alone", "chunk_forged", ("16385", {"delete": [76, first]}))

    # Trailing data.
    for base in ("empty", "detached", "embedded", "16383", "16384", "16385", "40000"):
        for count in (1, 16, 17):
            add(
                f"{base}-trailing-{count}",
                "bytes behind the final chunk",
                "chunk_forged",
                (base, {"append": "00", "times": count}),
            )
    add(
        "detached-trailing-full",
        "a final chunk that grows to a full one",
        "chunk_forged",
        ("detached", {"append": "00", "times": 16_400 - len(TEXT) - 16}),
    )

    # Flipped bits.
    for name, byte in (("salt-first", 20), ("salt-last", 43)):
        for mask in ("01", "80"):
            add(
                f"flipped-{name}-{mask}", "one bit of the salt", "wrong_commitment", ("detached", {"xor": [byte, mask]})
            )
    for name, byte in (("first", 44), ("middle", 60), ("last", 75)):
        for mask in ("01", "80"):
            add(
                f"flipped-commitment-{name}-{mask}",
                "one bit of the commitment",
                "wrong_commitment",
                ("detached", {"xor": [byte, mask]}),
            )
    for byte in range(76, 20 + small):
        add(
            f"flipped-{byte}",
            "one bit of the chunk or its tag",
            "chunk_forged",
            ("detached", {"xor": [byte, f"{1 << byte % 8:02x}"]}),
        )
    add(
        "flipped-embedded",
        "one bit of the chunk of an embedded object",
        "chunk_forged",
        ("embedded", {"xor": [at + 56, "01"]}),
    )
    add("flipped-embedded-salt", "one bit of its salt", "wrong_commitment", ("embedded", {"xor": [at, "01"]}))
    for base in ("empty", "16383", "16384", "16385", "40000"):
        whole = len(objects()[base])
        for number, start in enumerate(range(76, whole, 16_400)):
            end = min(start + 16_400, whole)
            places = {"first": start, "middle": (start + end) // 2, "tag-first": end - 16, "tag-last": end - 1}
            for name, byte in places.items() if base in ("40000", "empty") else [("tag-last", end - 1)]:
                add(
                    f"{base}-flipped-{number}-{name}",
                    f"one bit of chunk {number}",
                    "chunk_forged",
                    (base, {"xor": [byte, "01"]}),
                )
    add("40000-flipped-salt", "one bit of the salt", "wrong_commitment", ("40000", {"xor": [30, "10"]}))
    add("40000-flipped-commitment", "one bit of the commitment", "wrong_commitment", ("40000", {"xor": [50, "10"]}))

    # Which comes first.
    add(
        "first-commitment",
        "a wrong commitment, and a forged chunk",
        "wrong_commitment",
        ("detached", {"xor": [60, "01"]}, {"xor": [76, "01"]}),
    )
    add(
        "first-commitment-cut",
        "a wrong commitment, and nothing behind it",
        "wrong_commitment",
        ("detached", {"xor": [60, "01"]}, {"cut": 76}),
    )
    add(
        "first-commitment-control",
        "a right commitment, and nothing behind it",
        "body_truncated",
        ("detached", {"cut": 76}),
    )
    add(
        "first-forged-truncated",
        "a forged first chunk, and cut behind it",
        "chunk_forged",
        ("40000", {"xor": [76, "01"]}, {"cut": first}),
    )
    add("first-forged-control", "a good first chunk, and cut behind it", "body_truncated", ("40000", {"cut": first}))
    add(
        "first-key",
        "a key that is retired, and no body",
        "data_key_retired",
        ("detached", {"cut": 20}),
        keys=held([data_key_row(state="retired")]),
    )
    add("first-slot", "no slot that resolves, and no body", "no_slot", ("embedded", {"cut": at}), keys=held([], [], []))
    add(
        "first-unwrap",
        "a slot of another scope, and no body",
        "unwrap_failed",
        ("embedded", {"cut": at}),
        scope=OTHER_SCOPE,
    )

    # Parts of two objects of one key.
    other = sealed(b"Paid by card, receipt 89.", salt=seeded("salt 2", 24))
    add("other-control", "another object of the same length", b"Paid by card, receipt 89.", other)
    mine = objects()["detached"]
    add("other-chunk", "the chunk of another object", "chunk_forged", mine[:76] + other[76:])
    add("other-salt", "the salt of another object", "wrong_commitment", mine[:20] + other[20:44] + mine[44:])
    add(
        "other-commitment", "the commitment of another object", "wrong_commitment", mine[:44] + other[44:76] + mine[76:]
    )
    add("other-salt-and-commitment", "salt and commitment of another object", "chunk_forged", other[:76] + mine[76:])
    add("other-header", "the header of another object of this key", TEXT, other[:20] + mine[20:])
    add(
        "other-id",
        "salt, commitment and chunk of an object of another data key",
        "wrong_commitment",
        mine[:20] + sealed(TEXT, key=OTHER_DATA_KEY)[20:],
    )
    add(
        "second-as-first",
        "the second chunk of an object as its first",
        "chunk_forged",
        objects()["16385"][:76] + objects()["16385"][first:],
    )


def open_records(subject):
    def add(name, comment, intended, data, **more):
        add_open(subject, "record-" + name, comment, intended, data, record=True, **more)

    longest = chunked.body_length(1_048_576)
    assert longest == 1_049_672
    fill = longest - (len(objects()["empty"]) - 20)
    add("small", "a record", TEXT, ("detached",))
    add("embedded", "a record with a slot", TEXT, ("embedded",))
    add("empty", "an empty record", b"", ("empty",))
    add("40000", "three chunks", plaintext(40_000), ("40000",))
    add("forged", "a forged chunk", "chunk_forged", ("detached", {"xor": [76, "01"]}))
    add("truncated", "truncated", "body_truncated", ("detached", {"cut": 76}))
    longer = {"append": "00", "times": fill + 1}
    add(
        "longest",
        "a body of the greatest length, of which nothing is true",
        "chunk_forged",
        ("empty", {"append": "00", "times": fill}),
    )
    add("too-long", "one byte more", "record_too_long", ("empty", longer))
    add("too-long-key", "one byte more, and no keys", "record_too_long", ("empty", longer), keys=held([], [], []))
    add(
        "too-long-tombstone",
        "one byte more, and a tombstone",
        "record_too_long",
        ("empty", longer),
        tombstones=[[TENANT, DATA_KEY_ID.hex()]],
    )
    add(
        "too-long-commitment",
        "one byte more, and a wrong commitment",
        "record_too_long",
        ("empty", longer, {"xor": [44, "01"]}),
    )
    add(
        "too-long-tenant",
        "one byte more, and a context of another tenant",
        "wrong_tenant",
        ("empty", longer),
        tenant=OTHER_TENANT,
    )
    add(
        "too-long-header", "one byte more, and an unknown suite", "unknown_suite", ("empty", longer, {"xor": [2, "02"]})
    )
    slots_fill = longest - (len(objects()["embedded"]) - len(envelope.header(DATA_KEY_ID, [SLOT_2])))
    add("longest-embedded", "slots do not count", "chunk_forged", ("embedded", {"append": "00", "times": slots_fill}))
    add(
        "too-long-embedded", "one byte more", "record_too_long", ("embedded", {"append": "00", "times": slots_fill + 1})
    )
    add_open(
        subject,
        "record-not",
        "the same body is no record: its first chunk is forged",
        "chunk_forged",
        ("empty", longer),
    )


def ranges(subject):
    def add(name, comment, intended, data, start, count, **more):
        if isinstance(intended, int):
            text = plaintext(intended)
            intended = {"length": intended, "bytes": text[start : start + count].hex()}
        add_open(subject, name, comment, intended, data, op="open_range", **more, **{"from": start, "length": count})

    long = ("40000",)
    for name, comment, start, count in (
        ("first", "the first bytes", 0, 8),
        ("inside", "inside the first chunk", 8_000, 16),
        ("end-of-chunk", "the last bytes of a chunk", 16_376, 8),
        ("start-of-chunk", "the first bytes of a chunk", 16_384, 8),
        ("two-chunks", "over the end of a chunk", 16_380, 8),
        ("three-chunks", "over all of the second chunk", 16_383, 16_386),
        ("final", "inside the final chunk", 39_000, 24),
        ("last", "the last byte", 39_999, 1),
        ("clipped", "over the end", 39_990, 100),
        ("at-end", "from the end on", 40_000, 1),
        ("beyond", "beyond the end", 40_001, 8),
        ("beyond-chunk", "beyond the end, in a later chunk", 100_000, 8),
        ("beyond-far", "far beyond the end", 2**62, 8),
        ("none", "no bytes", 16_384, 0),
        ("none-beyond", "no bytes beyond the end", 40_001, 0),
        ("long", "a length that no chunk has", 39_999, 2**62),
    ):
        add(name, comment, 40_000, long, start, count)
    add("embedded", "with a slot", 40_000, ("40000", *EMBED), 16_380, 8)
    for count in (16_383, 16_384, 16_385):
        add(f"{count}-last", "the last byte", count, (str(count),), count - 1, 1)
        add(f"{count}-at-end", "from the end on", count, (str(count),), count, 1)
    add("empty", "of no bytes", 0, ("empty",), 0, 8)
    add("empty-none", "no bytes of no bytes", 0, ("empty",), 0, 0)

    first, second = 76 + 16_400, 76 + 32_800
    assert chunked_base_nonce()[-1] == 0xFF
    whole = 20 + chunked.body_length(40_000)
    for name, byte in (("0", 76), ("1", first), ("0-tag", first - 1), ("1-tag", second - 1)):
        edited = ("40000", {"xor": [byte, "01"]})
        inside, outside = (0, 16_384) if name[0] == "0" else (16_384, 0)
        add(f"forged-{name}-inside", "a forged chunk inside the range", "chunk_forged", edited, inside, 8)
        add(f"forged-{name}-outside", "a forged chunk outside the range", 40_000, edited, outside, 8)
        add(f"forged-{name}-final", "a forged chunk; the range is in the final one", 40_000, edited, 39_992, 8)
        add(f"forged-{name}-across", "the range touches one byte of it", "chunk_forged", edited, 16_383, 2)
        for start in (inside, inside + 8):
            add(f"forged-{name}-none-{start}", "a forged chunk; no bytes are asked for", 40_000, edited, start, 0)
    add(
        "forged-1-up-to",
        "the range ends where a forged chunk begins",
        40_000,
        ("40000", {"xor": [first, "01"]}),
        16_376,
        8,
    )
    add(
        "forged-0-from", "the range begins where a forged chunk ends", 40_000, ("40000", {"xor": [76, "01"]}), 16_384, 8
    )
    for name, byte in (("first", second), ("tag", whole - 1)):
        edited = ("40000", {"xor": [byte, "01"]})
        for where, start, count in (("first", 0, 8), ("none", 0, 0), ("beyond", 50_000, 8), ("itself", 39_992, 8)):
            add(
                f"forged-final-{name}-{where}",
                "a forged final chunk, whatever the range",
                "chunk_forged",
                edited,
                start,
                count,
            )
    add(
        "swapped",
        "the first two chunks exchanged",
        "chunk_forged",
        ("40000", {"swap": [76, first, first, second]}),
        0,
        8,
    )
    add(
        "swapped-outside",
        "exchanged, but the range is in the final chunk",
        40_000,
        ("40000", {"swap": [76, first, first, second]}),
        39_992,
        8,
    )
    add("without-first", "the first chunk taken away", "chunk_forged", ("40000", {"delete": [76, first]}), 39_000, 8)
    for cut in (first, first + 15, second, second + 1, second + 15):
        add(f"cut-{cut}", "cut behind a full chunk", "body_truncated", ("40000", {"cut": cut}), 0, 8)
    for cut in (first - 1, first + 16, second - 1, second + 16, whole - 1):
        add(f"cut-{cut}", "cut inside a chunk", "chunk_forged", ("40000", {"cut": cut}), 0, 8)
    for count in (1, 16, 17):
        add(
            f"trailing-{count}",
            "bytes behind the final chunk",
            "chunk_forged",
            ("40000", {"append": "00", "times": count}),
            0,
            8,
        )
    add(
        "trailing-full",
        "bytes that make the final chunk a full one",
        "body_truncated",
        ("40000", {"append": "00", "times": 16_400 - (whole - second)}),
        0,
        8,
    )
    add(
        "trailing-full-15",
        "and 15 more",
        "body_truncated",
        ("40000", {"append": "00", "times": 16_415 - (whole - second)}),
        0,
        8,
    )
    add(
        "trailing-full-16",
        "and 16 more",
        "chunk_forged",
        ("40000", {"append": "00", "times": 16_416 - (whole - second)}),
        0,
        8,
    )
    add(
        "cut-forged",
        "a forged first chunk, and cut behind it: a range reader sees the cut",
        "body_truncated",
        ("40000", {"xor": [76, "01"]}, {"cut": first}),
        0,
        8,
    )
    for cut, code in ((75, "body_truncated"), (76, "body_truncated"), (91, "body_truncated"), (92, "chunk_forged")):
        add(f"cut-{cut}", "cut in the first bytes", code, ("40000", {"cut": cut}), 0, 8)
    add("commitment", "a wrong commitment", "wrong_commitment", ("40000", {"xor": [60, "01"]}), 0, 8)
    add(
        "commitment-final",
        "a wrong commitment, and a forged final chunk",
        "wrong_commitment",
        ("40000", {"xor": [60, "01"]}, {"xor": [whole - 1, "01"]}),
        0,
        8,
    )
    add("salt", "another salt", "wrong_commitment", ("40000", {"xor": [20, "01"]}), 0, 8)
    add("context", "another context", "wrong_commitment", long, 0, 8, pairs=CONTEXT[:3])
    add("tenant", "another tenant", "wrong_tenant", long, 0, 8, tenant=OTHER_TENANT)
    add("scope", "another scope", "unknown_data_key", long, 0, 8, scope=OTHER_SCOPE)
    add("header", "an unknown suite", "unknown_suite", ("40000", {"xor": [2, "02"]}), 0, 8)
    add("tombstone", "a tombstone", "data_key_destroyed", long, 0, 8, tombstones=[[TENANT, DATA_KEY_ID.hex()]])


# --- 7. and 8. ---------------------------------------------------------------------------------


def rewraps(subject):
    nonce = seeded("rewrap nonce", 24)
    kek_3 = tenant_kek(3)
    new = kek_3.wrap(envelope.Subject(MAIN_ID, TENANT, DATA_KEY_ID, scope=SCOPE), DATA_KEY, nonce)
    root = root_kek(OLDER_ROOT_ID, OLDER_ROOT)
    new_root = root.wrap(envelope.Subject(MAIN_ID, TENANT, DATA_KEY_ID, scope=SCOPE), DATA_KEY, nonce)

    def add(name, comment, intended, data, to=kek_3, **more):
        if isinstance(intended, bytes):
            intended = {"object": intended.hex()} if len(intended) <= 4096 else digest(intended)
        if isinstance(to, list):
            told = {"to": [kek_value(kek) for kek in to], "nonces": [nonce_of(at).hex() for at in range(len(to))]}
        else:
            told = {"to": kek_value(to), "nonce": nonce.hex()}
        add_open(
            subject,
            name,
            comment,
            intended,
            data,
            op="rewrap",
            **{"keys": held([]), **more},
            **told,
        )

    def nonce_of(at):
        return seeded(f"rewrap nonce {at}", 24)

    def lies_under(*keks):
        """An object with a slot for each."""
        bound = envelope.Subject(MAIN_ID, TENANT, DATA_KEY_ID, scope=SCOPE)
        return sealed(TEXT, [kek.wrap(bound, DATA_KEY, nonce_of(at)) for at, kek in enumerate(keks)])

    after, after_root = sealed(TEXT, [new]), sealed(TEXT, [new_root])
    add("version", "to a new version of the tenant KEK", after, ("embedded",))
    add("root-to-tenant", "from a root to the tenant KEK", after, ("root",))
    add("tenant-to-root", "from the tenant KEK to a root", after_root, ("embedded",), root)
    add(
        "same",
        "to the KEK it lies under, with a new nonce",
        sealed(TEXT, [tenant_kek().wrap(envelope.Subject(MAIN_ID, TENANT, DATA_KEY_ID, scope=SCOPE), DATA_KEY, nonce)]),
        ("embedded",),
        tenant_kek(),
    )
    add("two", "of two slots none stays", after, ("two-slots",))
    add("unknown-slot", "a slot of an unknown type does not stay", after, sealed(TEXT, [filler_slot(0x7F), SLOT_2]))
    add("sixteen", "sixteen slots become one", after, sealed(TEXT, [SLOT_2] + [filler_slot(0x7F)] * 15))
    add("long", "three chunks", sealed(plaintext(40_000), [new]), ("40000", *EMBED))

    # The new slots lie in the order of their KEKs.
    two = lies_under(kek_3, root)
    add("to-1", "a list of one", lies_under(kek_3), ("embedded",), [kek_3])
    add("to-2", "to two KEKs", two, ("embedded",), [kek_3, root])
    add("to-2-swapped", "in the other order", lies_under(root, kek_3), ("embedded",), [root, kek_3])
    add("to-2-of-2", "two slots become two others", two, ("two-slots",), [kek_3, root])
    three = [tenant_kek(), kek_3, root_kek()]
    add("to-3", "the KEK it lies under is one of three", lies_under(*three), ("embedded",), three)
    add_open(subject, "rewrapped-to-2", "the second of two new slots opens it", TEXT, two, keys=held([], [], TWO_ROOTS))
    keys = held([], [])
    add("to-2-no-slot", "two KEKs, and no slot that resolves", "no_slot", ("embedded",), [kek_3, root], keys=keys)
    many = [root_kek(bytes([0, 0, 0, 0x20 - at]), seeded(f"rewrap root {at}", 32)) for at in range(17)]
    most, keys = many[:16], held([], roots=[])
    add("to-16", "to as many as a header holds", lies_under(*most), ("embedded",), most, keys=keys)
    add("to-17", "one too many", "slots", ("embedded",), many, keys=keys)
    add("to-0", "to none", "slots", ("embedded",), [])

    for name, comment, found, row in (
        ("row-active", "a row that opens", after, data_key_row()),
        ("row-verify-only", "a row that opens", after, data_key_row(state="verify_only")),
        ("row-other", "another key in the row: the slot's is used", after, data_key_row(key=OTHER_DATA_KEY.hex())),
        ("row-retired", "a retired row", "data_key_retired", data_key_row(state="retired")),
        ("row-destroyed", "a destroyed row", "data_key_destroyed", data_key_row(state="destroyed")),
        (
            "row-retired-scope",
            "a retired row of another scope",
            after,
            data_key_row(state="retired", scope=OTHER_SCOPE),
        ),
    ):
        add(name, comment, found, ("embedded",), keys=held([row], roots=[]))
    retired = [data_key_row(state="retired")]
    add(
        "row-retired-no-slot",
        "a retired row, and no slot that resolves",
        "data_key_retired",
        ("embedded",),
        keys=held(retired, [], []),
    )
    add(
        "row-retired-tombstone",
        "a retired row, and a tombstone",
        "data_key_destroyed",
        ("embedded",),
        keys=held(retired, roots=[]),
        tombstones=[[TENANT, DATA_KEY_ID.hex()]],
    )
    opened = {"keys": held([], [kek_row(3)], [])}
    add_open(subject, "rewrapped", "an object that was rewrapped opens under the new version", TEXT, after, **opened)
    add_open(subject, "rewrapped-before", "and did not before", "no_slot", ("embedded",), **opened)
    add_open(
        subject,
        "rewrapped-old",
        "the old version alone does not open it",
        "no_slot",
        after,
        keys=held([], [kek_row(2)]),
    )
    add_open(
        subject,
        "rewrapped-root",
        "an object that was rewrapped opens under the root",
        TEXT,
        after_root,
        keys=held([], [], TWO_ROOTS),
    )

    # The body is not looked at.
    at = len(envelope.header(DATA_KEY_ID, [SLOT_2]))
    add("body-none", "no body", after[:at], ("embedded", {"cut": at}))
    add("body-cut", "a body that is cut", after[:-1], ("embedded", {"cut": len(objects()["embedded"]) - 1}))
    add(
        "body-forged",
        "a forged chunk stays forged",
        after[:-1] + bytes([after[-1] ^ 1]),
        ("embedded", {"xor": [len(objects()["embedded"]) - 1, "01"]}),
    )
    add("body-trailing", "trailing bytes stay", after + b"\x00", ("embedded", {"append": "00"}))
    add("body-other", "another body stays", after[:at] + b"body", embedded_header(b"\x01" + SLOT_2.encode()) + b"body")

    tombs = [[TENANT, DATA_KEY_ID.hex()]]
    add("detached", "a detached object has no slots", "no_slot", ("detached",))
    add("detached-row", "a row that opens gives it none", "no_slot", ("detached",), keys=held(roots=[]))
    add("detached-row-retired", "a retired row", "data_key_retired", ("detached",), keys=held(retired, roots=[]))
    add("detached-tombstone", "a tombstone comes first", "data_key_destroyed", ("detached",), tombstones=tombs)
    add("tombstone", "a tombstone of the data key", "data_key_destroyed", ("embedded",), tombstones=tombs)
    add(
        "tombstone-other",
        "a tombstone of another tenant",
        after,
        ("embedded",),
        tombstones=[[OTHER_TENANT, DATA_KEY_ID.hex()]],
    )
    add("tombstone-kek", "a tombstone of the tenant KEK", "no_slot", ("embedded",), tombstones=[[TENANT, KEK_ID.hex()]])
    add("no-slot", "no tenant KEK is held", "no_slot", ("embedded",), keys=held([], []))
    add("retired", "the tenant KEK is retired", "no_slot", ("embedded",), keys=held([], [kek_row(2, state="retired")]))
    add(
        "verify-only",
        "the tenant KEK is verify_only",
        after,
        ("embedded",),
        keys=held([], [kek_row(2, state="verify_only")]),
    )
    add(
        "minimum",
        "the version is below the minimum version",
        "no_slot",
        ("embedded",),
        keys=held([], minimum_version=3),
    )
    add("unavailable", "the provider is unavailable", "kek_unavailable", ("embedded",), keys=held([], unavailable=[1]))
    add(
        "unavailable-then-good",
        "the first is unavailable, the second is used",
        after,
        ("two-slots",),
        keys=held([], unavailable=[1]),
    )
    add("scope", "another scope", "unwrap_failed", ("embedded",), scope=OTHER_SCOPE)
    add("tenant", "another tenant", "no_slot", ("embedded",), tenant=OTHER_TENANT)
    add("tenant-root", "another tenant, and a root's slot", "unwrap_failed", ("root",), tenant=OTHER_TENANT)
    add("deployment", "another deployment", "unwrap_failed", ("embedded",), deployment_id=OTHER_ID)
    add("broken", "the slot is broken", "unwrap_failed", ("embedded", {"xor": [at - 1, "01"]}))
    add(
        "broken-then-good",
        "the first is broken, a good one follows",
        "unwrap_failed",
        ("two-slots", {"xor": [at - 1, "01"]}),
    )
    add("relabelled", "another data key id", "unwrap_failed", ("embedded", {"xor": [4, "01"]}))
    add("magic", "no envelope", "not_an_envelope", ("embedded", {"xor": [0, "01"]}))
    add("header-version", "an unknown version", "unknown_version", ("embedded", {"xor": [1, "02"]}))
    add("suite", "an unknown suite", "unknown_suite", ("embedded", {"xor": [2, "02"]}))
    add("kind", "an unknown kind", "unknown_kind", ("embedded", {"xor": [3, "02"]}))
    add("malformed", "the header is cut", MALFORMED, ("embedded", {"cut": at - 1}))


def usages(subject):
    def add(name, comment, bodies, intended=None, warn=False):
        if intended is None:
            cost = sum(max(1, -(-length // 16)) ** 2 for length in bodies)
            intended = {"cost": str(cost), "warn": warn}
        subject.add("usage/" + name, comment, "usage", intended, bodies=[str(length) for length in bodies])

    longest = 2**52 - 1  # the longest body: 2^38 chunks, the last not full; 2^48 blocks
    add("none", "no bodies", [])
    for length in (0, 1, 15, 16, 17, 31, 32, 33, 1_048_576, 2**25, 2**30, 2**40):
        add(f"length-{length}", "one body", [length])
    add("sum", "the costs are added, not the lengths", [16, 16, 32, 0])
    add("longest", "the longest body: a sealer warns", [longest], warn=True)
    add("block-less", "a block less", [2**52 - 16], warn=False)
    # (2^48 - 1)^2 = 2^96 - 2^49 + 1; squares that add up to the difference.
    below, rest = [], 2**49 - 2
    while rest:
        blocks = min(2**24, int(rest**0.5) + 1)
        while blocks**2 > rest:
            blocks -= 1
        below.append(16 * blocks)
        rest -= blocks**2
    add("warn-below", "one below the warning", [2**52 - 16, *below])
    add("warn-at", "exactly at the warning", [2**52 - 16, *below, 0], warn=True)
    add("warn-above", "one above", [2**52 - 16, *below, 0, 0], warn=True)
    add("budget-below", "one below the budget", [longest, 2**52 - 16, *below], warn=True)
    add("budget-at", "exactly the budget", [longest, longest], warn=True)
    add("budget-at-sum", "exactly the budget, of many", [longest, 2**52 - 16, *below, 0], warn=True)
    add("budget-above", "one above", [longest, longest, 0], "key_exhausted")
    add("budget-above-first", "the order does not matter", [0, longest, longest], "key_exhausted")
    add("budget-three", "far above", [longest] * 3, "key_exhausted")
    # As 64 bits these costs are small again.
    add("wide", "2^64 and more", [2**36, 2**36], warn=False)
    add("length-max", "a length of 2^64-1", [2**64 - 1], "key_exhausted")
    add("length-max-two", "two of them", [2**64 - 1] * 2, "key_exhausted")
    add("length-2-63", "2^63", [2**63], "key_exhausted")


# --- 9. ----------------------------------------------------------------------------------------


def indexes(subject):
    key = seeded("index key", 32)
    base = {
        "table": "customers",
        "column": "email",
        "name": "by-email",
        "normaliser": "exact",
        "bits": 16,
        "version": 1,
    }

    def add(
        case, comment, value="alice@example.com", intended=OK, same=None, deployment_id=MAIN_ID, data_key=key, **changes
    ):
        parameters = {**base, **changes}
        if same is not None:
            intended = {"index": blind_index.index(deployment_id, data_key, **parameters, value=same).hex()}
        subject.add(
            "blind_index/" + case,
            comment,
            "blind_index",
            intended,
            deployment=deployment_id.hex(),
            key=data_key.hex(),
            **parameters,
            value=value,
        )

    bad, empty = "index_parameters", "index_empty_value"
    add("plain", "the form")
    add("other-value", "another value", "bob@example.com")
    add("other-deployment", "another deployment", deployment_id=OTHER_ID)
    add("other-key", "another key", data_key=OTHER_DATA_KEY)
    add("other-table", "another table", table="customer")
    add("other-column", "another column", column="e-mail")
    add("other-name", "another name", name="by-mail")
    add("other-normaliser", "another normaliser, which leaves the value alone", normaliser="ascii-lowercase")
    add("other-version", "another version", version=2)
    add("other-bits", "another number of bits is another key", bits=17)
    add("moved-table-column", "a byte moved from the table to the column", table="customer", column="semail")
    add("moved-column-name", "a byte moved from the column to the name", column="emai", name="lby-email")
    add("swapped-column-name", "column and name exchanged", column="by-email", name="email")

    for count in (1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 128, 248, 249, 255, 256):
        for number in range(3 if count < 16 else 1):
            add(f"bits-{count}-{number}", "so many bits", f"value {number}", bits=count)
    for count in (0, 257, 512, 65_535):
        add(f"bits-{count}", "no such number of bits", bits=count, intended=bad)
    add("version-255", "the greatest version", version=255)
    for number in (0, 256, 257):
        add(f"version-{number}", "no such version", version=number, intended=bad)
    for field in ("table", "column", "name"):
        add(f"{field}-1", "the shortest", **{field: "t"})
        add(f"{field}-0", "none", intended=bad, **{field: ""})
        add(f"{field}-64", "the longest", **{field: "t" * 64})
        add(f"{field}-65", "one too long", intended=bad, **{field: "t" * 65})
        add(f"{field}-64-bytes", "32 characters of two bytes", **{field: "\u00e9" * 32})
        add(
            f"{field}-66-bytes", "33 characters of two bytes: bytes are counted", intended=bad, **{field: "\u00e9" * 33}
        )
        add(f"{field}-any", "0x00 and a space are taken as they are", **{field: "\x00 "})
    for name, text in (
        ("empty", ""),
        ("upper", "EXACT"),
        ("unknown", "lowercase"),
        ("longer", "exact "),
        ("other", "unicode-lowercase"),
    ):
        add("normaliser-" + name, "no such normaliser", normaliser=text, intended=bad)
    add("first-parameters", "a wrong parameter, and an empty value", "", bad, bits=0)

    add("exact-empty", "an empty value", "", empty)
    add("exact-space", "a space is a value", " ")
    add("exact-case", "upper case is another value", "Alice@example.com")
    add("exact-trailing", "a space behind makes another value", "alice@example.com ")
    add("exact-nul", "0x00 is a value", "\x00")
    add("exact-composed", "one character", "\u00e9")
    add("exact-decomposed", "the same character as two is another value", "e\u0301")
    add("exact-long", "a long value", "v" * 1000)

    def lower(name, comment, value, same=None, **more):
        add("lowercase-" + name, comment, value, same=same, normaliser="ascii-lowercase", **more)

    mail = "alice@example.com"
    lower("plain", "nothing to change", mail, mail)
    lower("upper", "upper case", "ALICE@Example.COM", mail)
    lower("around", "white space at both ends", " \t\n\x0b\x0c\ralice@example.com\r\x0c\x0b\n\t ", mail)
    for byte in (0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20):
        lower(f"white-{byte:02x}", "white space at both ends", f"{chr(byte)}{mail}{chr(byte)}", mail)
    plain = {"deployment_id": MAIN_ID, "data_key": key, **base, "normaliser": "ascii-lowercase"}
    assert blind_index.index(**plain, value=mail) != blind_index.index(**plain, value="\x1c" + mail)
    for code in (0x00, 0x08, 0x0E, 0x1C, 0x1D, 0x1E, 0x1F, 0x7F, 0x85, 0xA0, 0x1680, 0x2003, 0x2028, 0x3000, 0xFEFF):
        lower(f"not-white-{code:04x}", "not ASCII white space: it stays", f"{chr(code)}{mail}{chr(code)}")
    lower("inside", "white space inside stays", "alice \t example")
    lower("letters", "all letters", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
    lower("neighbours", "the characters beside the letters stay", "@[`{", "@[`{")
    lower("not-ascii", "letters outside ASCII stay", "\u00c4\u0130\u212a\u03a3", "\u00c4\u0130\u212a\u03a3")
    lower("not-ascii-mixed", "beside those of ASCII", "\u00c4B", "\u00c4b")
    lower("white-only", "white space only", " \t\n\x0b\x0c\r ", intended=empty)
    lower("empty", "an empty value", "", intended=empty)
    lower("one", "one letter", " A ", "a")

    def digits(name, comment, value, same=None, **more):
        add("digits-" + name, comment, value, same=same, normaliser="digits", **more)

    digits("plain", "digits only", "491701234567", "491701234567")
    digits("phone", "a telephone number", "+49 (170) 123-45.67", "491701234567")
    digits("all", "every digit", "0123456789", "0123456789")
    digits("neighbours", "the characters beside the digits are taken away", "/0:", "0")
    digits("letters", "letters are taken away", "a1b2c3", "123")
    digits("not-ascii", "digits outside ASCII are taken away", "1\u0661\u06f2\uff13\u00b2\u2160", "1")
    digits("zeros", "leading zeros stay", "007", "007")
    digits("none", "no digits", "abc", intended=empty)
    digits("none-not-ascii", "only digits outside ASCII", "\u0661\uff13", intended=empty)
    digits("empty", "an empty value", "", intended=empty)


def index_bits(subject):
    few = "index_too_few_values"

    def add(name, comment, rows, distinct, other_bits=0, intended=few, override=False):
        if isinstance(intended, int):
            intended = {"bits": intended}
        subject.add(
            "index_bits/" + name,
            comment,
            "index_bits",
            intended,
            rows=rows,
            distinct=distinct,
            other_bits=other_bits,
            override=override,
        )

    add("plain", "many rows, many values", 1_000_000, 1_000_000, 0, 18)
    add("distinct-fewer", "the values bound the bits", 1_000_000, 1_000, 0, 8)
    add("rows", "other indexes bound the bits", 1_000_000, 1_000_000, 8, 10)
    for distinct, bits in ((256, 6), (257, 7), (1024, 8), (1025, 9), (2048, 9), (2049, 10)):
        add(f"distinct-{distinct}", "2^N has to be below half of the values", 10**9, distinct, 0, bits)
    for rows, bits in ((2048, 9), (2049, 10), (2050, 10)):
        add(f"rows-{rows}", "2^N has to be below half of the rows", rows, 2**11 + 1 if rows > 2049 else rows, 0, bits)
    for rows, bits in ((8192, 9), (8193, 10)):
        add(f"rows-{rows}-others", "2^(N+s) has to be below half of the rows", rows, 5_000, 2, bits)
    # Too few values: no N of at least 1.
    for distinct in (0, 1, 2, 3, 4):
        add(f"few-{distinct}", "no bit fits", 10**9, distinct)
        add(f"few-{distinct}-override", "overridden: the one bit that there has to be", 10**9, distinct, 0, 1, True)
    # Too few values, though bits fit.
    for distinct, bits in ((5, 1), (8, 1), (9, 2), (16, 2), (17, 3), (128, 5), (255, 6)):
        add(f"few-{distinct}", "bits fit, but there are fewer than 256 values", 10**9, distinct)
        add(f"few-{distinct}-override", "overridden: the bits that fit", 10**9, distinct, 0, bits, True)
    add("few-255-rows", "as many rows as values", 255, 255)
    add("few-not-256-rows", "one more of both", 256, 256, 0, 6)
    # However few bits the other indexes leave, 256 values are enough.
    add("others-1", "the other indexes leave one bit", 10**9, 256, 27, 1)
    add("others-1-few", "and there are 255 values", 10**9, 255, 27)
    add("others-0", "they leave none", 10**9, 256, 28)
    add("others-0-override", "overridden: the one bit that there has to be", 10**9, 256, 28, 1, True)
    add("others-4", "they leave four", 2**12, 1024, 6, 4)
    add("others-5", "one row more, and they leave five", 2**12 + 1, 1024, 6, 5)
    add("override-needless", "an override that is not needed changes nothing", 1_000_000, 1_000_000, 0, 18, True)
    add("rows-none", "no rows", 0, 0)
    add("rows-4", "four rows", 4, 4)
    add("rows-9", "nine rows, all different", 9, 9)
    add("rows-few-others", "other indexes leave no bit", 1_000_000, 1_000_000, 18)
    add("rows-few-others-17", "or one", 1_000_000, 1_000_000, 17, 1)
    add("others-64", "other indexes of 64 bits", 1_000_000, 1_000_000, 64)
    add("others-300", "other indexes of 300 bits", 1_000_000, 1_000_000, 300)
    add("others-300-override", "overridden", 1_000_000, 1_000_000, 300, 1, True)
    add("large", "2^53 rows", 2**53, 2**53, 0, 51)
    add("large-above", "one above 2^52", 2**52 + 1, 2**52 + 1, 0, 51)
