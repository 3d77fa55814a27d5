"""Cases of spec/store.md."""

from portward_ref import envelope, store
from portward_ref.wire import U40_MAX, U64_MAX

from .common import MAIN_ID, OK, OTHER_ID, Subject, root_id, root_key, seeded

ROOT = root_key("active")
OTHER_ROOT = root_key("older")

TENANT = "acme"
TENANT_UUID = "c0ffee00-1234-4abc-8def-0123456789ab"
SCOPE = "record:invoices"
KEK_ID = seeded("store tenant kek id", 16)
KEK = seeded("store tenant kek", 32)
DATA_KEY_ID = seeded("store data key id", 16)
DATA_KEY = seeded("store data key", 32)

KEK_SLOT = envelope.Kek(envelope.ROOT_SLOT, root_id("active"), 1, ROOT).wrap(
    envelope.Subject(MAIN_ID, TENANT, KEK_ID, version=3), KEK, seeded("store kek nonce", 24)).encode()
DATA_KEY_SLOT = envelope.Kek(envelope.TENANT_KEK_SLOT, KEK_ID, 3, KEK).wrap(
    envelope.Subject(MAIN_ID, TENANT, DATA_KEY_ID, scope=SCOPE), DATA_KEY, seeded("store data key nonce", 24)).encode()


# --- rows as cases tell them -------------------------------------------------------------------

def number(value):
    return {"number": str(value)}


def text(value):
    return {"text": value}


def data(value):
    return {"bytes": value.hex()}


def repeated(letter, times):
    return {"parts": [{"repeat": letter, "times": times}]}


ROWS = {
    "tenant_kek": [
        ["tenant", text(TENANT)],
        ["id", data(KEK_ID)],
        ["version", number(3)],
        ["state", text("active")],
        ["slot", data(KEK_SLOT)],
        ["check", data(envelope.check_value(MAIN_ID, KEK, KEK_ID))],
        ["created", number(1_764_000_000)],
        ["changed", number(1_764_500_000)],
        ["revision", number(2)],
    ],
    "data_key": [
        ["tenant", text(TENANT)],
        ["scope", text(SCOPE)],
        ["id", data(DATA_KEY_ID)],
        ["state", text("verify_only")],
        ["slot", data(DATA_KEY_SLOT)],
        ["check", data(envelope.check_value(MAIN_ID, DATA_KEY, DATA_KEY_ID))],
        ["cost", data((262_144 * 88).to_bytes(16, "big"))],
        ["created", number(1_764_000_001)],
        ["changed", number(1_764_500_001)],
        ["revision", number(7)],
    ],
    "tenant_minimum": [
        ["tenant", text(TENANT)],
        ["id", data(KEK_ID)],
        ["minimum", number(3)],
        ["revision", number(1)],
    ],
    "key_tombstone": [
        ["tenant", text(TENANT)],
        ["id", data(DATA_KEY_ID)],
        ["at", number(1_764_900_000)],
    ],
}

# Another table that could hold the row.
OTHER_TABLE = {
    "tenant_kek": "data_key",
    "data_key": "tenant_kek",
    "tenant_minimum": "key_tombstone",
    "key_tombstone": "tenant_minimum",
}


def with_value(fields, name, value):
    assert name in [held for held, _ in fields]
    return [[held, value if held == name else old] for held, old in fields]


def without(fields, name):
    return [field for field in fields if field[0] != name]


def destroyed(fields):
    return with_value(with_value(fields, "state", text("destroyed")), "slot", None)


DESTROYED = {table: destroyed(ROWS[table]) for table in ("tenant_kek", "data_key")}


def changes(table, name):
    """What another hand could write in the place of a value: label, comment, value."""
    value = dict(ROWS[table])[name]
    if name == "tenant":
        yield "other", "another tenant", text("globex")
        yield "case", "another case", text("Acme")
        yield "longer", "a character more", text(TENANT + "2")
        yield "shorter", "a character less", text(TENANT[:-1])
        yield "as-bytes", "the same bytes, but as bytes", data(TENANT.encode())
        yield "empty", "nothing", text("")
    elif name == "scope":
        yield "other", "another scope", text("record:orders")
        yield "kind", "another kind", text("index:invoices")
    elif name == "state":
        for state in ("active", "verify_only", "retired", "destroyed"):
            if value != text(state):
                yield state.replace("_", "-"), "another state", text(state)
        yield "absent", "no state", None
    elif "number" in value:
        held = int(value["number"])
        yield "plus-1", "one more", number(held + 1)
        yield "minus-1", "one less", number(held - 1)
        yield "high-bit", "the highest bit of 64", number(held + 2**63)
        yield "absent", "absent", None
        yield "as-text", "the same number, but as text", text(str(held))
        yield "as-bytes", "its eight bytes, but as bytes", data(held.to_bytes(8, "big"))
    else:
        held = bytes.fromhex(value["bytes"])
        yield "first-bit", "the first bit", data(bytes([held[0] ^ 0x80]) + held[1:])
        yield "last-bit", "the last bit", data(held[:-1] + bytes([held[-1] ^ 1]))
        yield "cut", "a byte less", data(held[:-1])
        yield "longer", "a zero byte more", data(held + b"\x00")
        yield "as-text", "its hexadecimal as text", text(held.hex())
        if name == "slot":
            yield "absent", "absent", None
            yield "empty", "no bytes", data(b"")


def build():
    subject = Subject("store", {})
    macs_of_values(subject)
    macs_of_forms(subject)
    macs_of_rows(subject)
    checks_of_rows(subject)
    checks_of_macs(subject)
    checks_of_forms(subject)
    return subject


# --- row_mac -----------------------------------------------------------------------------------

def mac_case(subject, name, comment, table, fields, intended=OK, root=ROOT, deployment_id=MAIN_ID):
    subject.add("row_mac/" + name, comment, "row_mac", intended,
                deployment=deployment_id.hex(), root=root.hex(), table=table, fields=fields)


def macs_of_values(subject):
    def add(name, comment, value, intended=OK):
        mac_case(subject, "value-" + name, comment, "t", [["f", value]], intended)

    add("absent", "absent", None)
    for name, value in (
        ("0", 0), ("1", 1), ("255", 255), ("256", 256), ("2-32-minus-1", 2**32 - 1), ("2-32", 2**32),
        ("2-40-minus-1", U40_MAX), ("2-53-plus-1", 2**53 + 1), ("2-63-minus-1", 2**63 - 1), ("2-63", 2**63),
        ("2-64-minus-1", U64_MAX),
    ):
        add("number-" + name, "a whole number, eight bytes whatever its size", number(value))
    add("text-empty", "an empty text is not absent", text(""))
    add("text-0", "the digit 0 is not the number 0", text("0"))
    add("text", "text", text("acme"))
    add("text-upper", "texts are taken as they are, in their case", text("Acme"))
    add("text-space", "with their white space", text(" acme"))
    add("text-nul", "with zero bytes", text("ac\x00me"))
    add("text-two-bytes", "a character of two bytes", text("\u00e9"))
    add("text-decomposed", "the same to the eye: nothing is composed", text("e\u0301"))
    add("text-four-bytes", "a character of four bytes", text("\U0001f600"))
    add("bytes-empty", "no bytes are neither absent nor an empty text", data(b""))
    add("bytes", "the bytes of a text are not the text", data(b"acme"))
    add("bytes-zero", "a zero byte", data(b"\x00"))
    add("bytes-8-zeros", "the bytes of the number 0", data(bytes(8)))
    add("bytes-not-utf-8", "bytes that are no UTF-8", data(b"\xff\xfe\x80"))
    add("bytes-256", "every byte", data(bytes(range(256))))

    add("text-65535", "the longest text", text(repeated("x", 65_535)))
    add("text-65536", "a byte more", text(repeated("x", 65_536)), "row_too_long")
    add("text-65535-in-bytes", "the length is that of the bytes: 21,845 characters of three",
        text(repeated("\u20ac", 21_845)))
    add("text-65536-in-bytes", "32,768 characters of two", text(repeated("\u00e9", 32_768)), "row_too_long")
    add("bytes-65535", "the most bytes", {"bytes": repeated("x", 65_535)})
    add("bytes-65536", "a byte more", {"bytes": repeated("x", 65_536)}, "row_too_long")
    add("text-65537", "1 in 16 bits", text(repeated("x", 65_537)), "row_too_long")
    add("text-131072", "0 in 16 bits", text(repeated("x", 131_072)), "row_too_long")
    add("bytes-131072", "0 in 16 bits", {"bytes": repeated("x", 131_072)}, "row_too_long")


def macs_of_forms(subject):
    def add(name, comment, fields, table="t", intended=OK, **more):
        mac_case(subject, name, comment, table, fields, intended, **more)

    one, two = ["a", text("x")], ["b", text("y")]
    add("fields-none", "a row without fields", [])
    add("fields-one", "one field", [one])
    add("fields-two", "two fields", [one, two])
    add("fields-two-swapped", "the same fields in another order", [two, one])
    add("fields-two-values-swapped", "names in order, values swapped", [["a", text("y")], ["b", text("x")]])
    add("fields-absent-last", "an absent field is a field", [one, ["b", None]])
    add("fields-absent-first", "in its own place", [["b", None], one])
    add("fields-300", "the number of fields has two bytes", [[f"f{at}", number(at)] for at in range(300)])

    add("split-name-value", "name and value", [["ab", text("c")]])
    add("split-value-longer", "a byte moved from the name to the value", [["a", text("bc")]])
    add("split-name-longer", "a byte moved from the value to the name", [["abc", text("")]])
    add("split-fields", "two values", [["a", text("xy")], ["b", text("z")]])
    add("split-fields-moved", "a byte moved from one value to the next", [["a", text("x")], ["b", text("yz")]])
    add("split-value-next-name", "a byte moved from a value to the next name", [["a", text("x")], ["yb", text("z")]])
    add("split-table-name", "a byte moved from the table to a name", [["tab", text("c")]], table="")
    add("split-table", "the bytes of a field in a value", [["a", text("xy\x00\x01b\x02\x00\x01z")]])

    add("table-upper", "the table in another case", [one], table="T")
    add("table-longer", "a longer name of the table", [one], table="tt")
    add("table-empty", "an empty name of the table", [one], table="")
    add("name-empty", "an empty name", [["", text("x")]])
    add("name-two-bytes", "a name with a character of two bytes", [["\u00e9", text("x")]])
    add("name-65535", "the longest name", [[repeated("x", 65_535), None]])
    add("name-65536", "a byte more", [[repeated("x", 65_536), None]], intended="row_too_long")
    add("table-65535", "the longest name of a table", [one], table=repeated("x", 65_535))
    add("table-65536", "a byte more", [one], table=repeated("x", 65_536), intended="row_too_long")
    add("long-second", "too long in the second field", [one, ["b", text(repeated("x", 65_536))]],
        intended="row_too_long")
    add("long-together", "three of the longest values make no row too long",
        [[name, {"bytes": repeated(name, 65_535)}] for name in "abc"])

    add("deployment-other", "another deployment", [one], deployment_id=OTHER_ID)
    add("root-other", "another root", [one], root=OTHER_ROOT)


def macs_of_rows(subject):
    for table, fields in ROWS.items():
        mac_case(subject, table, "a row of this table", table, fields)
        if table in DESTROYED:
            mac_case(subject, table + "-destroyed", "a destroyed one: no slot", table, DESTROYED[table])
        mac_case(subject, table + "-tenant-uuid", "a tenant that is a UUID is its text", table,
                 with_value(fields, "tenant", text(TENANT_UUID)))
        mac_case(subject, table + "-tenant-number", "a tenant that is a number is its text", table,
                 with_value(fields, "tenant", text("42")))
        for name, _ in fields:
            label, comment, value = next(changes(table, name))
            mac_case(subject, f"{table}-{name}-{label}", f"its {name} differs: {comment}", table,
                     with_value(fields, name, value))


# --- row_check ---------------------------------------------------------------------------------

def check_case(subject, name, comment, mac, table, fields, intended="row_forged", root=ROOT, deployment_id=MAIN_ID):
    subject.add("row_check/" + name, comment, "row_check", intended,
                deployment=deployment_id.hex(), root=root.hex(), table=table, fields=fields, mac=mac.hex())


def plain(value):
    """The value as the reference takes it."""
    if value is None:
        return None
    if "number" in value:
        return int(value["number"])
    return value["text"] if "text" in value else bytes.fromhex(value["bytes"])


def mac_of(table, fields, root=ROOT, deployment_id=MAIN_ID):
    return store.row_mac(root, deployment_id, table, [(name, plain(value)) for name, value in fields])


def checks_of_table(subject, table, fields, changes, other_table):
    """A row as it was written, and everything another hand could make of it. `changes`: what it could write in the place of a value."""
    mac = mac_of(table, fields)

    def add(name, comment, fields=fields, intended="row_forged", table=table, mac=mac, held=table, **more):
        check_case(subject, f"{held}-{name}", comment, mac, table, fields, intended, **more)

    add("good", "as it was written", intended={})
    for name, _ in fields:
        for label, comment, value in changes(name):
            add(f"{name}-{label}", f"its {name}: {comment}", with_value(fields, name, value))
    for name, value in fields:
        renamed = [[held + "s" if held == name else held, old] for held, old in fields]
        add(f"{name}-renamed", f"{name} under another name", renamed)
        add(f"{name}-dropped", f"{name} left out", without(fields, name))
    for at in range(len(fields) - 1):
        first, second = fields[at], fields[at + 1]
        add(f"{first[0]}-swapped", f"{first[0]} and {second[0]} in another order",
            [*fields[:at], second, first, *fields[at + 2:]])
        add(f"{first[0]}-values-swapped", f"the values of {first[0]} and {second[0]} swapped",
            [*fields[:at], [first[0], second[1]], [second[0], first[1]], *fields[at + 2:]])
    add("reversed", "every field in another order", list(reversed(fields)))
    add("fields-none", "no field at all", [])
    add("added-last", "a field more, at the end", [*fields, ["note", text("x")]])
    add("added-first", "a field more, at the beginning", [["note", text("x")], *fields])
    add("added-absent", "a field more, though absent", [*fields, ["note", None]])
    add("table-other", "the row in another table", table=other_table)
    add("table-longer", "the table renamed", table=table + "s")
    add("table-upper", "the table in upper case", table=table.upper())
    add("table-empty", "no table", table="")
    add("deployment", "another deployment", deployment_id=OTHER_ID)
    add("deployment-last-bit", "the last bit of the deployment",
        deployment_id=MAIN_ID[:-1] + bytes([MAIN_ID[-1] ^ 1]))
    add("root", "another root", root=OTHER_ROOT)
    add("root-first-bit", "the first bit of the root", root=bytes([ROOT[0] ^ 0x80]) + ROOT[1:])
    add("root-last-bit", "the last bit of the root", root=ROOT[:-1] + bytes([ROOT[-1] ^ 1]))
    if fields[0][0] == "tenant":
        add("mac-of-other-tenant", "the MAC of another tenant's row",
            mac=mac_of(table, with_value(fields, "tenant", text("globex"))))
    add("mac-of-other-deployment", "the MAC that another deployment gives the row",
        mac=mac_of(table, fields, deployment_id=OTHER_ID))
    add("mac-of-other-root", "the MAC under another root", mac=mac_of(table, fields, root=OTHER_ROOT))
    add("good-other-deployment", "the row of another deployment, there", intended={}, deployment_id=OTHER_ID,
        mac=mac_of(table, fields, deployment_id=OTHER_ID))
    add("good-other-root", "the row under another root, with it", intended={}, root=OTHER_ROOT,
        mac=mac_of(table, fields, root=OTHER_ROOT))


def checks_of_rows(subject):
    for table, fields in ROWS.items():
        checks_of_table(subject, table, fields, lambda name, table=table: changes(table, name), OTHER_TABLE[table])

    for table, fields in DESTROYED.items():
        def add(name, comment, mac, fields, intended="row_forged", table=table):
            check_case(subject, f"{table}-destroyed-{name}", comment, mac, table, fields, intended)

        mac, slot = mac_of(table, fields), dict(ROWS[table])["slot"]
        add("good", "as it was written", mac, fields, {})
        add("slot-back", "the slot put back", mac, with_value(fields, "slot", slot))
        add("slot-empty", "an empty slot for none", mac, with_value(fields, "slot", data(b"")))
        add("slot-empty-text", "an empty text for none", mac, with_value(fields, "slot", text("")))
        add("slot-0", "the number 0 for none", mac, with_value(fields, "slot", number(0)))
        add("slot-dropped", "the absent slot left out", mac, without(fields, "slot"))
        add("state-back", "the state put back", mac, with_value(fields, "state", text("active")))
        add("whole-back", "state and slot put back, under the MAC of the destroyed row", mac, ROWS[table])


def checks_of_macs(subject):
    for table in ("tenant_kek", "key_tombstone"):
        fields = ROWS[table]
        right = mac_of(table, fields)

        def add(name, comment, mac, intended="row_forged", table=table, fields=fields):
            check_case(subject, f"mac-{table}-{name}", comment, mac, table, fields, intended)

        add("good", "as it was written", right, {})
        for at in range(32):
            add(f"byte-{at}", f"a bit of byte {at}", right[:at] + bytes([right[at] ^ 1 << at % 8]) + right[at + 1:])
        add("zeros", "32 zero bytes", bytes(32))
        add("inverted", "every bit", bytes(byte ^ 0xFF for byte in right))
        add("reversed", "its bytes from the end", right[::-1])
        add("empty", "no MAC", b"")
        for count in (1, 16, 31):
            add(f"cut-{count}", f"its first {count} bytes", right[:count])
        add("longer", "a zero byte after it", right + b"\x00")
        add("twice", "twice", right * 2)
        add("before", "a zero byte before it", b"\x00" + right)
        plain_key = store.hmac_sha256(ROOT, store.row_bytes(table, [(name, plain(value)) for name, value in fields]))
        add("root-itself", "under the root itself, not the key derived from it", plain_key)


def checks_of_forms(subject):
    def group(name, table, fields, *wrong):
        mac = mac_of(table, fields)
        check_case(subject, name, "as it was written", mac, table, fields, {})
        for label, comment, other_table, other in wrong:
            check_case(subject, f"{name}-{label}", comment, mac, other_table, other)

    group(
        "split", "t", [["ab", text("xy")], ["c", text("z")]],
        ("name-value", "a byte moved from name to value", "t", [["a", text("bxy")], ["c", text("z")]]),
        ("value-name", "a byte moved from value to name", "t", [["abx", text("y")], ["c", text("z")]]),
        ("value-value", "a byte moved from one field to the next", "t", [["ab", text("x")], ["c", text("yz")]]),
        ("value-next-name", "a byte moved into the next name", "t", [["ab", text("x")], ["yc", text("z")]]),
        ("table-name", "a byte moved from the table to a name", "", [["tab", text("xy")], ["c", text("z")]]),
        ("one", "one field for two", "t", [["ab", text("xy\x00\x01c\x02\x00\x01z")]]),
    )
    kinds = {
        "absent": None,
        "number": number(0),
        "text": text(""),
        "bytes": data(b""),
        "text-0": text("0"),
        "bytes-8": data(bytes(8)),
        "text-8": text("\x00" * 8),
    }
    for name, value in kinds.items():
        others = [(label, f"{label} for {name}", "t", [["f", other]]) for label, other in kinds.items() if label != name]
        group("kind-" + name, "t", [["f", value]], *others)
    group(
        "text-form", "t", [["f", text("\u00e9")]],
        ("decomposed", "the same to the eye", "t", [["f", text("e\u0301")]]),
        ("bytes", "its bytes", "t", [["f", data(b"\xc3\xa9")]]),
        ("nul", "a zero character after it", "t", [["f", text("\u00e9\x00")]]),
    )
    group(
        "number-max", "t", [["f", number(U64_MAX)]],
        ("63", "the highest bit away", "t", [["f", number(2**63 - 1)]]),
        ("32", "its low half", "t", [["f", number(2**32 - 1)]]),
        ("double", "the number that a double makes of it, one less than 2^64 no more", "t", [["f", number(2**64 - 1024)]]),
    )
    group(
        "number-2-53", "t", [["f", number(2**53 + 1)]],
        ("double", "the number that a double makes of it", "t", [["f", number(2**53)]]),
    )

    long = store.row_mac(ROOT, MAIN_ID, "t", [("f", "x" * 65_535)])
    check_case(subject, "long-text-65535", "the longest text", long, "t", [["f", text(repeated("x", 65_535))]], {})
    check_case(subject, "long-text-65534", "a byte less", long, "t", [["f", text(repeated("x", 65_534))]])
    check_case(subject, "long-text-65536", "a byte more", long, "t", [["f", text(repeated("x", 65_536))]],
               "row_too_long")
    empty = mac_of("t", [["f", text("")]])
    check_case(subject, "long-text-wraps", "0 in 16 bits, under the MAC of the empty text", empty, "t",
               [["f", text(repeated("x", 65_536))]], "row_too_long")
    many = store.row_mac(ROOT, MAIN_ID, "t", [("f", b"x" * 65_535)])
    check_case(subject, "long-bytes-65535", "the most bytes", many, "t", [["f", {"bytes": repeated("x", 65_535)}]], {})
    check_case(subject, "long-bytes-65536", "a byte more", many, "t", [["f", {"bytes": repeated("x", 65_536)}]],
               "row_too_long")
    name = store.row_mac(ROOT, MAIN_ID, "t", [("x" * 65_535, None)])
    check_case(subject, "long-name-65535", "the longest name", name, "t", [[repeated("x", 65_535), None]], {})
    check_case(subject, "long-name-65536", "a byte more", name, "t", [[repeated("x", 65_536), None]], "row_too_long")
    table = store.row_mac(ROOT, MAIN_ID, "x" * 65_535, [("f", None)])
    check_case(subject, "long-table-65535", "the longest name of a table", table, repeated("x", 65_535),
               [["f", None]], {})
    check_case(subject, "long-table-65536", "a byte more", table, repeated("x", 65_536), [["f", None]], "row_too_long")
