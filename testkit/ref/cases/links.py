"""Cases of spec/store.md sections 3 to 5: rows, their MACs, and what a link's row may say."""

from dataclasses import replace

from portward_ref import links
from portward_ref import token as t
from portward_ref.wire import U40_MAX, identifier, u40

from .common import LINK_CEILING, MAIN_ID, OTHER_ID, Subject, fixtures, root_id, root_key, seeded
from .store import check_case, checks_of_table, data, mac_case, mac_of, number, text, with_value, without
from .token import NOW, UUID_A, UUID_B

TENANT, CLIENT = "acme", "ann@example.org"
HEAD = t.Head(t.LINK, root_id("active"), seeded("stored link id", 16), NOW - 5000, NOW - 5000 + LINK_CEILING, [1, 2, 3],
              TENANT, CLIENT, permissions={0, 1, 3, 9})
LINK_TOKEN = t.text("pwl_", t.encode_head(HEAD), t.first_tag(root_key("active"), MAIN_ID, HEAD))
RESOURCES = ["doc-1", "7", UUID_A]
COPIES = [seeded(f"stored copy {number}", 16) for number in range(8)]
RANDOM = seeded("stored redemption", 16)
INCARNATION = (1_764_000_000).to_bytes(8, "big") + seeded("stored incarnation", 8)


def link_check(head, root="active"):
    return t.link_check(t.first_tag(root_key(root), MAIN_ID, head))


def link_fields(head=HEAD, root="active"):
    return [
        ["tenant", text(head.tenant)],
        ["id", data(head.token_id)],
        ["client", text(head.client)],
        ["head", data(t.encode_head(head))],
        ["check", data(link_check(head, root))],
        ["label", text("Ann, invoices 2026")],
        ["expires", number(NOW + 90_000)],
        ["permissions", data(links.permission_bytes({0, 1, 9}))],
        ["resources", data(links.resource_bytes(RESOURCES))],
        ["uses_max", number(25)],
        ["uses", number(3)],
        ["state", text("active")],
        ["revision", number(2)],
        ["events", number(7)],
        ["created", number(NOW - 5000)],
        ["changed", number(NOW - 400)],
        ["last_used", number(NOW - 300)],
    ]


ROWS = {
    "link": link_fields(),
    "chain": [
        ["tenant", text(TENANT)],
        ["link", data(HEAD.token_id)],
        ["id", data(COPIES[1])],
        ["copies", data(COPIES[0] + COPIES[1])],
        ["permissions", data(links.permission_bytes({0, 3}))],
        ["resources", data(links.resource_bytes(["doc-1", "doc-2"]))],
        ["audience", text("portal")],
        ["expires", number(NOW + 86_000)],
        ["recipients", text("Ben\nCem")],
        ["uses", number(4)],
        ["first_used", number(NOW - 2000)],
        ["last_used", number(NOW - 301)],
    ],
    "redemption": [
        ["tenant", text(TENANT)],
        ["link", data(HEAD.token_id)],
        ["id", data(RANDOM)],
        ["chain", data(COPIES[1])],
        ["expires", number(NOW + 300)],
    ],
    "link_event": [
        ["tenant", text(TENANT)],
        ["link", data(HEAD.token_id)],
        ["number", number(6)],
        ["at", number(NOW - 302)],
        ["kind", text("shortened")],
        ["detail", text("1800000000")],
    ],
    "feed": [
        ["incarnation", data(INCARNATION)],
        ["sequence", number(9)],
        ["history", data(seeded("stored history", 32))],
        ["snapshot", number(4)],
        ["place", text("2049/1311")],
    ],
    "feed_change": [
        ["incarnation", data(INCARNATION)],
        ["sequence", number(8)],
        ["body", data(b"\x10" + identifier(TENANT) + b"\x11\x01")],
        ["history", data(seeded("stored history of 8", 32))],
    ],
}
OTHER_TABLE = {"link": "chain", "chain": "link", "redemption": "link_event", "link_event": "redemption", "feed": "feed_change",
               "feed_change": "feed"}
OPTIONAL = {table: [name for name, _, optional in fields if optional] for table, fields in links.TABLES.items()}


def changes(table, name):
    """What another hand could write in the place of a value."""
    value = dict(ROWS[table])[name]
    if "number" in value:
        held = int(value["number"])
        yield "plus-1", "one more", number(held + 1)
        yield "minus-1", "one less", number(held - 1)
        yield "zero", "nothing", number(0)
        yield "absent", "absent", None
        yield "as-text", "the same number, but as text", text(str(held))
        yield "as-bytes", "its eight bytes, but as bytes", data(held.to_bytes(8, "big"))
    elif "text" in value:
        held = value["text"]
        yield "longer", "a character more", text(held + "s")
        yield "shorter", "a character less", text(held[:-1])
        yield "upper", "in upper case", text(held.upper() if held.upper() != held else held + " ")
        yield "as-bytes", "the same bytes, but as bytes", data(held.encode())
        yield "empty", "an empty text", text("")
        yield "absent", "absent", None
        others = {"state": ("paused", "revoked"), "kind": ("issued", "revoked"), "place": ("2049/1312", "2050/1311")}
        for other in others.get(name, ()):
            yield other.replace("/", "-"), "another one of the page", text(other)
    else:
        held = bytes.fromhex(value["bytes"])
        yield "first-bit", "the first bit", data(bytes([held[0] ^ 0x80]) + held[1:])
        yield "last-bit", "the last bit", data(held[:-1] + bytes([held[-1] ^ 1]))
        yield "cut", "a byte less", data(held[:-1])
        yield "longer", "a zero byte more", data(held + b"\x00")
        yield "empty", "no bytes", data(b"")
        yield "as-text", "its hexadecimal as text", text(held.hex())
        yield "absent", "absent", None


def build():
    subject = Subject("links", fixtures())
    macs(subject)
    checks(subject)
    rows_read(subject)
    link_rows(subject)
    link_heads(subject)
    link_resources(subject)
    link_labels(subject)
    chain_rows(subject)
    other_rows(subject)
    showing(subject)
    return subject


# --- row_mac and row_check ---------------------------------------------------------------------

def macs(subject):
    for table, fields in ROWS.items():
        mac_case(subject, table, "a row of this table", table, fields)
        for name in OPTIONAL[table]:
            mac_case(subject, f"{table}-{name}-absent", f"without {name}", table, with_value(fields, name, None))
        if len(OPTIONAL[table]) > 1:
            mac_case(subject, table + "-bare", "with nothing that may be absent", table, bare(table))
        for name, _ in fields:
            label, comment, value = next(changes(table, name))
            mac_case(subject, f"{table}-{name}-{label}", f"its {name} differs: {comment}", table, with_value(fields, name, value))


def bare(table):
    fields = ROWS[table]
    for name in OPTIONAL[table]:
        fields = with_value(fields, name, None)
    return fields


def checks(subject):
    for table, fields in ROWS.items():
        checks_of_table(subject, table, fields, lambda name, table=table: changes(table, name), OTHER_TABLE[table])
        if OPTIONAL[table]:
            mac = mac_of(table, bare(table))

            def add(name, comment, fields, intended="row_forged", table=table, mac=mac):
                check_case(subject, f"{table}-bare-{name}", comment, mac, table, fields, intended)

            add("good", "with nothing that may be absent, as it was written", bare(table), {})
            for name in OPTIONAL[table]:
                held = dict(fields)[name]
                add(f"{name}-put", f"{name} put in", with_value(bare(table), name, held))
                add(f"{name}-empty", f"an empty {name} for none",
                    with_value(bare(table), name, number(0) if "number" in held else text("") if "text" in held else data(b"")))
                add(f"{name}-dropped", f"the absent {name} left out", without(bare(table), name))
            if len(OPTIONAL[table]) > 1:
                add("whole", "all put in", fields)


# --- row_read ----------------------------------------------------------------------------------

def read_case(subject, name, comment, table, fields, intended=None, root="active", mac=None, keyring="main", op="row_read",
              named=None, root_bytes=None):
    """Authentic unless a MAC is given: what is at fault is what the row says."""
    deployment_id = OTHER_ID if keyring == "other" else MAIN_ID
    mac = mac_of(table, fields, root_bytes or root_key(root), deployment_id) if mac is None else mac
    subject.add(f"{op}/{name}", comment, op, {} if intended is None else intended, keyring=keyring, table=table, fields=fields,
                root_id=(named or root_id(root)).hex(), mac=mac.hex())


def rows_read(subject):
    for table, fields in ROWS.items():
        def add(name, comment, intended=None, fields=fields, table=table, **more):
            read_case(subject, f"{table}-{name}", comment, table, fields, intended, **more)

        malformed = "link_malformed"
        add("good", "a row of the page")
        add("older", "under an older root", root="older")
        for root in ("retired", "gone", "idle"):
            add(root, "under a root that does not check", "unknown_root", root=root)
        add("strange", "under a root that nobody has", "unknown_root", named=b"\xde\xad\xbe\xef")
        add("named-other", "the id of another root beside it", "row_forged", named=root_id("older"))
        add("deployment", "in another deployment", "row_forged", mac=mac_of(table, fields), keyring="other")
        add("mac-flip", "a bit of the MAC", "row_forged",
            mac=bytes([mac_of(table, fields)[0] ^ 1]) + mac_of(table, fields)[1:])
        for name, held in fields:
            if name in OPTIONAL[table]:
                add(f"{name}-absent", f"without {name}", fields=with_value(fields, name, None))
            else:
                add(f"{name}-absent", f"without {name}, which may not be absent", malformed, fields=with_value(fields, name, None))
            others = {"number": text("1"), "text": data(b"acme"), "bytes": text("acme")}
            add(f"{name}-kind", f"{name} of another kind", malformed, fields=with_value(fields, name, others[next(iter(held))]))
            if "number" in held:
                add(f"{name}-2-63", f"{name} beyond 2^63-1", malformed, fields=with_value(fields, name, number(2**63)))
                if name not in ("expires", "uses_max", "revision", "snapshot") or table == "redemption":
                    add(f"{name}-2-63-minus-1", f"{name} as great as it may be", fields=with_value(fields, name, number(2**63 - 1)))
        if len(OPTIONAL[table]) > 1:
            add("bare", "with nothing that may be absent", fields=bare(table))
    for table, name, size in (
        ("link", "id", 16), ("link", "check", 16), ("link", "permissions", 8), ("chain", "link", 16), ("chain", "id", 16),
        ("chain", "permissions", 8), ("redemption", "link", 16), ("redemption", "id", 16), ("redemption", "chain", 16),
        ("link_event", "link", 16), ("feed", "incarnation", 16), ("feed", "history", 32), ("feed_change", "incarnation", 16),
        ("feed_change", "history", 32),
    ):
        held = bytes.fromhex(dict(ROWS[table])[name]["bytes"])
        assert len(held) == size
        for label, value in (("cut", held[:-1]), ("longer", held + b"\x00"), ("empty", b"")):
            read_case(subject, f"{table}-{name}-{label}", f"{name} of {len(value)} bytes", table,
                      with_value(ROWS[table], name, data(value)), "link_malformed")


def link_rows(subject):
    def add(name, comment, field, value, intended=None):
        read_case(subject, "link-" + name, comment, "link", with_value(ROWS["link"], field, value), intended)

    end = HEAD.expires_at
    add("expires-head", "as late as the head", "expires", number(end))
    add("expires-over", "a second later", "expires", number(end + 1), "link_malformed")
    add("expires-far", "as late as 40 bits say", "expires", number(U40_MAX), "link_malformed")
    add("expires-2-63-minus-1", "as late as a number can be", "expires", number(2**63 - 1), "link_malformed")
    add("expires-0", "an expiry of 0", "expires", number(0))
    add("permissions-head", "all that the head has", "permissions", data(links.permission_bytes(HEAD.permissions)))
    add("permissions-none", "nothing", "permissions", data(bytes(8)))
    add("permissions-more", "a bit that the head lacks", "permissions", data(links.permission_bytes({0, 2})), "link_malformed")
    add("permissions-unnamed", "a bit without a name", "permissions", data(links.permission_bytes({0, 63})), "link_malformed")
    add("permissions-all", "all bits", "permissions", data(b"\xff" * 8), "link_malformed")
    add("permissions-little-endian", "the bytes the other way round", "permissions",
        data(links.permission_bytes({0, 1, 9})[::-1]), "link_malformed")
    for value, intended in ((0, "link_malformed"), (1, None), (2**32 - 1, None), (2**32, "link_malformed"), (2**63 - 1, "link_malformed")):
        add(f"uses-max-{value}", f"a cap of {value}", "uses_max", number(value), intended)
    add("uses-above", "more uses than the cap, which was put lower", "uses", number(26))
    for state in ("active", "paused", "revoked"):
        add("state-" + state, "a state of the page", "state", text(state))
    for label, state in (
        ("suspended", "suspended"), ("upper", "Active"), ("retired", "retired"), ("empty", ""), ("space", "active "), ("restored", "restored"),
        ("ended", "expired"),
    ):
        add("state-" + label + "-strange", "no state of the page", "state", text(state), "link_malformed")
    for name, other in (("tenant", "globex"), ("tenant", "Acme"), ("client", "ben@example.org"), ("client", ""), ("tenant", "")):
        add(f"{name}-{other.split('@')[0] or 'empty'}", f"another {name} than the head's", name, text(other), "link_malformed")
    add("id-other", "another id than the head's", "id", data(seeded("another id", 16)), "link_malformed")
    add("id-flip", "a bit of it", "id", data(HEAD.token_id[:-1] + bytes([HEAD.token_id[-1] ^ 1])), "link_malformed")
    for value, intended in ((0, None), (2**32 - 1, None), (2**32, "link_malformed"), (2**63 - 1, "link_malformed")):
        add(f"revision-{value}", "a revision: no token has one above 32 bits", "revision", number(value), intended)
    add("check-other", "another check value: not seen before the token is made", "check", data(bytes(16)))


def link_heads(subject):
    def add(name, comment, head_bytes, intended="link_malformed", fields=None):
        read_case(subject, "link-head-" + name, comment, "link", with_value(fields or ROWS["link"], "head", data(head_bytes)), intended)

    good = t.encode_head(HEAD)
    for length in range(0, len(good), 3):
        add(f"cut-{length}", f"its first {length} bytes of {len(good)}", good[:length])
    add("cut-last", "a byte less", good[:-1])
    add("longer", "a byte more", good + b"\x00")
    add("block", "a block after it", good + t.block(b"\x05\x03Ann"))
    add("tag", "its tag after it", good + t.first_tag(root_key("active"), MAIN_ID, HEAD))
    add("version-2", "another version", b"\x02" + good[1:])
    add("kind-3", "another kind", b"\x01\x03" + good[2:])
    session = replace(HEAD, kind=t.SESSION, link_id=HEAD.token_id, link_root=HEAD.root_id)
    add("session", "the head of a session", t.encode_head(session))
    add("token", "the text of the token", LINK_TOKEN.encode())
    add("bitmap-zero", "a bitmap with a last byte of zero", good[:-3] + b"\x03" + good[-2:] + b"\x00")
    varint = t.encode_head(replace(HEAD, generations=[1, 2, 0]))
    at = good.index(u40(HEAD.expires_at)) + 5
    assert good[at:at + 3] == b"\x01\x02\x03" and varint[at + 2] == 0
    add("varint-long", "a varint that is not minimal", good[:at] + b"\x81\x00" + good[at + 1:])
    for name, changed in (
        ("uuid", replace(HEAD, tenant=UUID_A, client=UUID_B)), ("number", replace(HEAD, tenant="7", client="12")),
        ("audience", replace(HEAD, audience="portal")), ("longest", replace(
            HEAD, tenant="t" * 64, client="c" * 64, audience="a" * 64, permissions=set(range(64)), generations=[2**32 - 1] * 3)),
        ("times-equal", replace(HEAD, issued_at=HEAD.expires_at)),
    ):
        read_case(subject, "link-head-" + name, "another head, its own row", "link", link_fields(changed))
    old = replace(HEAD, root_id=root_id("older"))
    read_case(subject, "link-head-older", "a head under an older root, the row under the active one", "link", link_fields(old, "older"))
    for root in ("retired", "gone", "idle"):
        head = replace(HEAD, root_id=root_id(root))
        read_case(subject, "link-head-" + root, "a head under a root that does not check: the row can be read", "link", link_fields(head, root))
    strange = replace(HEAD, root_id=b"\xde\xad\xbe\xef")
    read_case(subject, "link-head-strange", "under one that nobody has", "link", with_value(ROWS["link"], "head", data(t.encode_head(strange))))


def link_resources(subject):
    for table in ("link", "chain"):
        def add(name, comment, value, intended="link_malformed", table=table):
            read_case(subject, f"{table}-resources-{name}", comment, table, with_value(ROWS[table], "resources", data(value)), intended)

        forms = sorted(identifier(f"d{n:02}") for n in range(17))
        add("one", "one", b"\x01" + forms[0], None)
        add("16", "as many as there may be", b"\x10" + b"".join(forms[:16]), None)
        add("17", "one more", b"\x11" + b"".join(forms))
        add("0", "none: absence says so", b"\x00")
        add("0-and-one", "a count of none, and one", b"\x00" + forms[0])
        add("empty", "no bytes", b"")
        add("unsorted", "in another order", b"\x02" + forms[1] + forms[0])
        add("twice", "one twice", b"\x02" + forms[0] + forms[0])
        add("count-less", "a count too small", b"\x01" + forms[0] + forms[1])
        add("count-more", "a count too great", b"\x03" + forms[0] + forms[1])
        add("longer", "a byte after them", b"\x01" + forms[0] + b"\x00")
        add("cut", "a byte less", (b"\x01" + forms[0])[:-1])
        add("no-count", "without a count", forms[0])
        add("type-3", "an identifier of an unknown type", b"\x01\x03\x01a")
        add("number-as-text", "a number as text", b"\x01\x00\x017")
        add("uuid-as-text", "a UUID as text", b"\x01\x00\x24" + UUID_A.encode())
        add("order-of-texts", "ascending by text, not by wire form", b"\x02" + identifier("7") + identifier("a"))
        add("order-of-forms", "ascending by wire form", b"\x02" + identifier("a") + identifier("7"), None)


def link_labels(subject):
    def add(name, comment, value, intended=None):
        read_case(subject, "link-label-" + name, comment, "link", with_value(ROWS["link"], "label", text(value)), intended)

    add("one", "one character", "A")
    add("200", "as long as may be", "x" * 200)
    add("201", "a character more", "x" * 201, "link_malformed")
    add("empty", "none: absence says so", "", "link_malformed")
    add("200-of-two-bytes", "characters, not bytes", "\u00e9" * 200)
    add("201-of-two-bytes", "a character more", "\u00e9" * 201, "link_malformed")
    add("200-of-four-bytes", "characters, not bytes or halves of them", "\U0001f600" * 200)
    add("201-of-four-bytes", "a character more", "\U0001f600" * 201, "link_malformed")
    add("decomposed", "a letter and its accent are two", "e\u0301" * 100)
    add("decomposed-over", "one more", "e\u0301" * 100 + "e", "link_malformed")
    add("space", "a space", " ")
    for code in (0x00, 0x01, 0x09, 0x0A, 0x0D, 0x1B, 0x1F, 0x7F, 0x80, 0x85, 0x9F):
        add(f"control-{code:02x}", "a control character", "Ann" + chr(code) + "Ben", "link_malformed")
    add("control-last", "one at the end", "Ann\n", "link_malformed")
    add("control-first", "one at the beginning", "\tAnn", "link_malformed")
    add("a0", "a space that does not break is none", "Ann\u00a0Ben")
    add("tilde", "the last printable character of ASCII", "~")
    add("markup", "markup is text", "<b>&amp;\"'")
    for code in (0xAD, 0x200B, 0x2028, 0x2029, 0x202E, 0xE000, 0xFEFF, 0xFFFF, 0xE0001, 0x10FFFF):
        add(f"category-{code:x}", "of another category than Cc: Cf, Zl, Zp, Co, Cn", "Ann" + chr(code) + "Ben")


def chain_rows(subject):
    def add(name, comment, intended=None, **values):
        fields = ROWS["chain"]
        for field, value in values.items():
            fields = with_value(fields, field, value)
        read_case(subject, "chain-" + name, comment, "chain", fields, intended)

    def of(count):
        return {"copies": data(b"".join(COPIES[:count])), "id": data(COPIES[count - 1] if count else HEAD.token_id)}

    add("permissions-all", "all bits: not compared with its link's head", permissions=data(b"\xff" * 8))
    add("permissions-none", "none", permissions=data(bytes(8)))
    add("expires-0", "an expiry of 0", expires=number(0))
    add("copies-none", "a link without blocks", **of(0), recipients=None)
    add("copies-one", "a copy", **of(1), recipients=text("Ben"))
    add("copies-8", "as many blocks as there may be", **of(8))
    nine = b"".join(COPIES) + seeded("stored copy 8", 16)
    add("copies-9", "one more", "link_malformed", copies=data(nine), id=data(nine[-16:]))
    add("copies-15-bytes", "a copy id cut", "link_malformed", copies=data(COPIES[0] + COPIES[1][:15]))
    add("copies-17-bytes", "a byte more", "link_malformed", copies=data(COPIES[1] + b"\x00"), id=data(COPIES[1]))
    add("copies-31-bytes", "a byte less before the last", "link_malformed", copies=data(COPIES[0][:15] + COPIES[1]))
    add("id-first", "the first copy for the last", "link_malformed", id=data(COPIES[0]))
    add("id-link", "the link for the last copy", "link_malformed", id=data(HEAD.token_id))
    add("id-other", "another id", "link_malformed", id=data(COPIES[5]))
    add("id-copy-without-copies", "a copy id for a link without blocks", "link_malformed", **{**of(0), "id": data(COPIES[0])}, recipients=None)
    add("copies-swapped", "the copies in another order", "link_malformed", copies=data(COPIES[1] + COPIES[0]))
    add("audience-uuid", "an audience", audience=text(UUID_A))
    add("audience-empty", "an empty one", "link_malformed", audience=text(""))
    add("audience-space", "no identifier", "link_malformed", audience=text("a b"))
    add("audience-ambiguous", "another spelling of a UUID", "link_malformed", audience=text(UUID_A.upper()))
    add("audience-65", "65 characters", "link_malformed", audience=text("a" * 65))
    add("recipients-one", "one label of two blocks", recipients=text("Ben"))
    add("recipients-same", "the same label twice", recipients=text("Ben\nBen"))
    add("recipients-32", "a label as long as may be", recipients=text("Ben\n" + "x" * 32))
    add("recipients-33", "a character more", "link_malformed", recipients=text("Ben\n" + "x" * 33))
    add("recipients-ends", "the first and the last character of a label", recipients=text(" \n~"))
    add("recipients-empty", "an empty label: absence says so", "link_malformed", recipients=text(""))
    add("recipients-empty-first", "an empty one before another", "link_malformed", recipients=text("\nBen"))
    add("recipients-empty-last", "a line feed at the end", "link_malformed", recipients=text("Ben\n"))
    add("recipients-control", "a control character", "link_malformed", recipients=text("Ben\tCem"))
    add("recipients-carriage-return", "two characters between", "link_malformed", recipients=text("Ben\r\nCem"))
    add("recipients-not-ascii", "a letter that no block can have", "link_malformed", recipients=text("Ren\u00e9"))
    add("recipients-three", "more labels than blocks", "link_malformed", recipients=text("Ben\nCem\nDan"))
    add("recipients-without-copies", "a label without a block", "link_malformed", **of(0), recipients=text("Ben"))


def other_rows(subject):
    for table in ("chain", "redemption", "link_event"):
        def add(name, comment, tenant, intended=None, table=table):
            read_case(subject, f"{table}-tenant-{name}", comment, table, with_value(ROWS[table], "tenant", text(tenant)), intended)

        for name, tenant in (("number", "7"), ("uuid", UUID_A), ("64", "t" * 64), ("upper", "Acme")):
            add(name, "another tenant", tenant)
        for name, tenant in (("empty", ""), ("65", "t" * 65), ("space", "ac me"), ("space-after", "acme "), ("line-feed", "acme\n"), ("control", "acme\x00"),
                             ("not-ascii", "acm\u00e9"), ("ambiguous", UUID_A.upper()), ("braces", "{" + UUID_A + "}"), ("digits-32", "1" * 32)):
            add(name, "a tenant that is no identifier", tenant, "link_malformed")
    for name, changes in (("body-empty", {"body": data(b"")}), ("body-any", {"body": data(b"\x03")}), ("sequence-1", {"sequence": number(1)})):
        read_case(subject, "feed_change-" + name, "a change whose body is not looked at here", "feed_change",
                  with_value(ROWS["feed_change"], *next(iter(changes.items()))))
    for name, changes in (("snapshot-0", {"snapshot": number(0)}), ("snapshot-last", {"snapshot": number(9)})):
        read_case(subject, "feed-" + name, "where the snapshot is", "feed", with_value(ROWS["feed"], *next(iter(changes.items()))))
    for kind in links.KINDS:
        read_case(subject, "link_event-kind-" + kind.replace("_", "-"), "a kind of the page", "link_event",
                  with_value(ROWS["link_event"], "kind", text(kind)))
    for label, kind in (("upper", "Issued"), ("suspended", "suspended"), ("empty", ""), ("hyphen", "copy-revoked"), ("space", "issued "),
                        ("deleted", "deleted")):
        read_case(subject, f"link_event-kind-{label}-strange", "no kind of the page", "link_event",
                  with_value(ROWS["link_event"], "kind", text(kind)), "link_malformed")
    read_case(subject, "link_event-number-0", "the first event", "link_event", with_value(ROWS["link_event"], "number", number(0)))


# --- link_show ---------------------------------------------------------------------------------

def showing(subject):
    def add(name, comment, fields, intended, **more):
        read_case(subject, name, comment, "link", fields, intended, op="link_show", **more)

    def token_of(head, root):
        return {"token": t.text("pwl_", t.encode_head(head), t.first_tag(root_key(root), MAIN_ID, head))}

    fields = ROWS["link"]
    add("good", "the token made anew", fields, {"token": LINK_TOKEN})
    add("bare", "of a row with nothing that may be absent", bare("link"), {"token": LINK_TOKEN})
    add("narrowed", "of a row that allows nothing: the token is the same",
        with_value(fields, "permissions", data(bytes(8))), {"token": LINK_TOKEN})
    add("paused", "of a paused link", with_value(fields, "state", text("paused")), {"token": LINK_TOKEN})
    add("ended", "of a link past its own expiry", with_value(fields, "expires", number(0)), {"token": LINK_TOKEN})
    add("used-up", "of one without uses left", with_value(fields, "uses", number(25)), {"token": LINK_TOKEN})
    add("revoked", "a revoked link is not shown", with_value(fields, "state", text("revoked")), "link_revoked")
    add("revoked-bare", "with nothing that may be absent", with_value(bare("link"), "state", text("revoked")), "link_revoked")
    add("revoked-ended", "nor past its expiry", with_value(with_value(fields, "state", text("revoked")), "expires", number(0)), "link_revoked")
    add("revoked-forged", "the state changed, MAC not", with_value(fields, "state", text("revoked")), "row_forged", mac=mac_of("link", fields))
    add("revoked-back", "the state changed back, MAC not", fields, "row_forged", mac=mac_of("link", with_value(fields, "state", text("revoked"))))
    strange = replace(HEAD, root_id=b"\xde\xad\xbe\xef")
    add("head-strange", "a head under a root that nobody has", with_value(fields, "head", data(t.encode_head(strange))), "unknown_root")
    for name, head in (("uuid", replace(HEAD, tenant=UUID_A, client=UUID_B)), ("audience", replace(HEAD, audience="portal"))):
        add(name, "another head", link_fields(head), token_of(head, "active"))
    old = replace(HEAD, root_id=root_id("older"))
    add("older", "a head under an older root", link_fields(old, "older"), token_of(old, "older"))
    add("row-older", "a row under an older root", fields, {"token": LINK_TOKEN}, root="older")
    for root in ("retired", "gone", "idle"):
        head = replace(HEAD, root_id=root_id(root))
        add("head-" + root, "a head under a root that does not check", link_fields(head, root), "unknown_root")
    check = link_check(HEAD)
    for at in range(16):
        wrong = check[:at] + bytes([check[at] ^ 1 << at % 8]) + check[at + 1:]
        add(f"check-{at}", f"a bit of byte {at} of the check value", with_value(fields, "check", data(wrong)), "link_differs")
    add("check-zeros", "a check value of zeros", with_value(fields, "check", data(bytes(16))), "link_differs")
    add("check-copy-id", "the copy id of the tag", with_value(fields, "check", data(t.copy_id(t.first_tag(root_key("active"), MAIN_ID, HEAD)))),
        "link_differs")
    add("check-other-root", "the check value that another root gives", with_value(fields, "check", data(link_check(HEAD, "older"))), "link_differs")
    for name, head in (
        ("issued", replace(HEAD, issued_at=HEAD.issued_at + 1)), ("expires", replace(HEAD, expires_at=HEAD.expires_at + 1)),
        ("generation", replace(HEAD, generations=[1, 3, 3])), ("permissions", replace(HEAD, permissions={0, 1, 3, 9, 11})),
        ("audience", replace(HEAD, audience="portal")), ("root", old),
    ):
        add("head-" + name, "another head than the one of the check value, though well formed",
            with_value(fields, "head", data(t.encode_head(head))), "link_differs")
    add("forged", "a row whose MAC differs", with_value(fields, "uses", number(4)), "row_forged", mac=mac_of("link", fields))
    add("malformed", "a row that is none", with_value(fields, "state", text("")), "link_malformed")
    add("expires-over", "a row that ends after its head", with_value(fields, "expires", number(HEAD.expires_at + 1)), "link_malformed")
