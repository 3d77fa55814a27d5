"""Cases of spec/keys.md."""

import copy
import json

from portward_ref import files
from portward_ref.wire import b64u, b64u_decode, crc32, u32

from .common import (
    LINK_CEILING,
    MAIN_ID,
    OK,
    OTHER_ID,
    ROOT_STATES,
    Subject,
    deployment_value,
    fixtures,
    keyring_value,
    root_id,
    root_key,
    seeded,
)

UUID_TEXT = "c0ffee00-1234-4abc-8def-0123456789ab"
UUID_HEX = UUID_TEXT.replace("-", "")


def build():
    subject = Subject("keys", fixtures())
    identifiers(subject)
    identifiers_decoded(subject)
    varints(subject)
    base64url(subject)
    bitmaps(subject)
    crcs(subject)
    key_strings(subject)
    derivations(subject)
    deployments(subject)
    keyrings(subject)
    destroying(subject)
    sealed(subject)
    whole_files(subject)
    signs(subject)
    key_escapes(subject)
    root_counts(subject)
    sealed_plaintexts(subject)
    return subject


def identifiers(subject):
    def add(name, comment, text, intended):
        subject.add("identifier/" + name, comment, "identifier", intended, text=text)

    def wire(kind, data):
        return {"wire": (bytes([kind]) + data).hex()}

    def as_text(text):
        return wire(0, bytes([len(text)]) + text.encode())

    add("text", "plain text", "acme", as_text("acme"))
    add("one-character", "the shortest", "a", as_text("a"))
    add("punctuation", "both ends of the allowed range", "!~", as_text("!~"))
    add("length-64", "the longest", "x" * 64, as_text("x" * 64))
    add("length-65", "one too many", "x" * 65, "identifier_length")
    add("length-0", "none", "", "identifier_length")
    add("length-before-character", "65 spaces: length is tried first", " " * 65, "identifier_length")
    add("length-in-bytes", "33 characters of two bytes are 66 bytes", "\u00e9" * 33, "identifier_length")
    add("non-ascii", "32 characters of two bytes are 64 bytes, but not ASCII", "\u00e9" * 32, "identifier_character")
    add("full-width-digit", "a digit, but not an ASCII one", "\uff11", "identifier_character")
    add("space-inside", "space is 0x20", "ac me", "identifier_character")
    add("space-around-uuid", "character is tried before ambiguity", " " + UUID_TEXT, "identifier_character")
    add("space-end", "space at the end", "acme ", "identifier_character")
    add("newline-end", "line feed at the end", "acme\n", "identifier_character")
    add(
        "newline-after-uuid",
        "a pattern that ends before a last line feed would take it",
        UUID_TEXT + "\n",
        "identifier_character",
    )
    add("newline-after-number", "the same with a number", "7\n", "identifier_character")
    add("nul", "0x00", "a\x00b", "identifier_character")
    add("del", "0x7f", "a\x7f", "identifier_character")
    add("tilde", "0x7e, the last one allowed", "a~", as_text("a~"))

    add("uuid", "the one spelling of a UUID", UUID_TEXT, wire(1, bytes.fromhex(UUID_HEX)))
    add("uuid-nil", "all zero", "00000000-0000-0000-0000-000000000000", wire(1, bytes(16)))
    for name, comment, text in (
        ("uuid-upper", "upper case", UUID_TEXT.upper()),
        ("uuid-one-upper", "one digit in upper case", UUID_TEXT.replace("c0f", "C0f")),
        ("uuid-braces", "braces", "{" + UUID_TEXT + "}"),
        ("uuid-urn", "URN", "urn:uuid:" + UUID_TEXT),
        ("uuid-urn-upper", "URN in upper case", "URN:UUID:" + UUID_TEXT),
        ("uuid-urn-mixed", "URN in mixed case", "Urn:uUId:" + UUID_TEXT),
        ("uuid-urn-braces", "URN before braces", "urn:uuid:{" + UUID_TEXT + "}"),
        ("uuid-bare", "no hyphens", UUID_HEX),
        ("uuid-bare-braces", "no hyphens, braces", "{" + UUID_HEX + "}"),
        ("uuid-bare-upper", "no hyphens, upper case", UUID_HEX.upper()),
        ("uuid-hyphens-moved", "hyphens elsewhere", "c0ff-ee0012344abc8def0123456789ab"),
        ("uuid-hyphens-more", "one hyphen more", "c0ffee00--1234-4abc-8def-0123456789ab"),
        ("uuid-hyphen-first", "a hyphen before", "-" + UUID_TEXT),
        ("uuid-hyphens-everywhere", "a hyphen after each digit", "-".join(UUID_HEX) + "-"),
        ("uuid-decimal-bare", "32 decimal digits are a spelling of a UUID", "12345678901234567890123456789012"),
        ("uuid-zeros-bare", "32 zeros are one too", "0" * 32),
    ):
        add(name, comment, text, "identifier_ambiguous")
    for name, comment, text in (
        ("uuid-digit-short", "31 digits are text", UUID_HEX[:-1]),
        ("uuid-digit-long", "33 digits are text", UUID_HEX + "0"),
        ("uuid-letter", "g is no hexadecimal digit", UUID_TEXT[:-1] + "g"),
        ("uuid-half-braces", "one brace is not taken away", "{" + UUID_TEXT),
        ("uuid-braces-swapped", "braces the wrong way round", "}" + UUID_TEXT + "{"),
        ("uuid-braces-twice", "only one pair is taken away", "{{" + UUID_HEX + "}}"),
        ("uuid-urn-inside-braces", "URN is looked for before braces only", "{urn:uuid:" + UUID_HEX + "}"),
        ("uuid-urn-twice", "only one URN is taken away", "urn:uuid:urn:uuid:" + UUID_HEX),
        ("uuid-guid", "another prefix", "uuid:" + UUID_TEXT),
        ("uuid-underscores", "other separators", UUID_TEXT.replace("-", "_")),
    ):
        add(name, comment, text, as_text(text))

    add("number-0", "the number 0", "0", {"wire": "0200"})
    add("number-1", "the number 1", "1", {"wire": "0201"})
    add("number-127", "one byte", "127", {"wire": "027f"})
    add("number-128", "two bytes", "128", {"wire": "028001"})
    add("number-max", "2^64-1", "18446744073709551615", {"wire": "02ffffffffffffffffff01"})
    for name, comment, text in (
        ("number-2-64", "2^64 is text", "18446744073709551616"),
        ("number-31-digits", "31 digits are text", "1" * 31),
        ("number-33-digits", "33 digits are text", "1" * 33),
        ("number-64-digits", "64 digits are text", "9" * 64),
        ("leading-zero", "a leading zero is text", "007"),
        ("zeros", "two zeros are text", "00"),
        ("minus", "a sign is text", "-1"),
        ("plus", "a sign is text", "+1"),
        ("fraction", "a fraction is text", "1.0"),
        ("hexadecimal", "0x is text", "0x10"),
    ):
        add(name, comment, text, as_text(text))


def identifiers_decoded(subject):
    def add(name, comment, wire, intended):
        subject.add("identifier_decode/" + name, comment, "identifier_decode", intended, wire=wire.hex())

    def as_text(text):
        return b"\x00" + bytes([len(text)]) + text.encode()

    add("text", "text", as_text("acme"), {"text": "acme"})
    add("text-64", "the longest text", as_text("x" * 64), {"text": "x" * 64})
    add("text-65", "one too many", as_text("x" * 65), "malformed")
    add("text-0", "no text", b"\x00\x00", "malformed")
    add("text-short", "fewer bytes than the length says", as_text("acme")[:-1], "malformed")
    add("text-long", "more bytes than the length says", as_text("acme") + b"x", "malformed")
    add("text-no-length", "the length is missing", b"\x00", "malformed")
    add("text-space", "space", as_text("ac me"), "malformed")
    add("text-del", "0x7f", as_text("a\x7f"), "malformed")
    add("text-high", "a byte above 0x7f", b"\x00\x02a\xe9", "malformed")
    add("text-utf8", "UTF-8 is not ASCII", b"\x00\x02\xc3\xa9", "malformed")
    add("text-should-be-uuid", "this text has type 1", as_text(UUID_TEXT), "malformed")
    add("text-spells-uuid", "this text is refused everywhere", as_text(UUID_HEX), "malformed")
    add("text-spells-uuid-upper", "this text is refused everywhere", as_text(UUID_TEXT.upper()), "malformed")
    add("text-spells-uuid-urn", "this text is refused everywhere", as_text("urn:uuid:" + UUID_TEXT), "malformed")
    add("text-should-be-number", "this text has type 2", as_text("7"), "malformed")
    add("text-should-be-zero", "this text has type 2", as_text("0"), "malformed")
    add("text-should-be-max", "2^64-1 has type 2", as_text("18446744073709551615"), "malformed")
    add("text-2-64", "2^64 is text", as_text("18446744073709551616"), {"text": "18446744073709551616"})
    add("text-leading-zero", "a leading zero is text", as_text("007"), {"text": "007"})
    add("uuid", "UUID", b"\x01" + bytes.fromhex(UUID_HEX), {"text": UUID_TEXT})
    add("uuid-short", "15 bytes", b"\x01" + bytes(15), "malformed")
    add("uuid-long", "17 bytes", b"\x01" + bytes(17), "malformed")
    add("number-0", "number 0", b"\x02\x00", {"text": "0"})
    add("number-300", "number 300", b"\x02\xac\x02", {"text": "300"})
    add("number-max", "2^64-1", b"\x02" + b"\xff" * 9 + b"\x01", {"text": "18446744073709551615"})
    add("number-overflow", "2^64", b"\x02" + b"\x80" * 9 + b"\x02", "malformed")
    add("number-not-minimal", "7 in two bytes", b"\x02\x87\x00", "malformed")
    add("number-missing", "no varint", b"\x02", "malformed")
    add("number-cut", "a varint that goes on", b"\x02\x80", "malformed")
    add("number-long", "a byte after it", b"\x02\x07\x07", "malformed")
    add("empty", "nothing", b"", "malformed")
    add("type-3", "no such type", b"\x03\x01a", "malformed")
    add("type-255", "no such type", b"\xff\x01a", "malformed")


def varints(subject):
    def add(op, name, comment, wire, intended):
        subject.add(f"{op}/{name}", comment, op, intended, wire=wire)

    for op, maximum, overflow in (
        ("varint_u32", "ffffffff0f", "8080808010"),
        ("varint_u64", "ffffffffffffffffff01", "80808080808080808002"),
    ):
        number = (lambda n: {"value": n}) if op == "varint_u32" else (lambda n: {"value": str(n)})
        bits = 32 if op == "varint_u32" else 64
        add(op, "0", "zero", "00", number(0))
        add(op, "127", "the largest of one byte", "7f", number(127))
        add(op, "128", "the smallest of two bytes", "8001", number(128))
        add(op, "16384", "the smallest of three bytes", "808001", number(16384))
        add(op, "max", "the largest", maximum, number(2**bits - 1))
        add(op, "overflow", "one above the largest", overflow, "malformed")
        add(op, "overflow-top-bits", "the unused bits of the last byte are set", maximum[:-2] + "7f", "malformed")
        add(op, "overflow-not-minimal", "a last byte of zero at full length", overflow[:-2] + "00", "malformed")
        add(op, "too-many-bytes", "one byte more than the width takes", overflow[:-2] + "8001", "malformed")
        add(op, "too-many-zero-bytes", "one byte more, and zero", "80" * (len(overflow) // 2) + "00", "malformed")
        add(op, "not-minimal-0", "zero in two bytes", "8000", "malformed")
        add(op, "not-minimal-1", "one in two bytes", "8100", "malformed")
        add(op, "not-minimal-3", "127 in three bytes", "ff8000", "malformed")
        add(op, "empty", "nothing", "", "malformed")
        add(op, "cut", "goes on after the end", "80", "malformed")
        add(op, "cut-full", "goes on after the full length", "ff" * (len(overflow) // 2), "malformed")
        add(op, "left-over", "a byte after it", "0100", "malformed")
    add("varint_u64", "2-32", "above u32", "8080808010", {"value": "4294967296"})
    add("varint_u64", "2-53-1", "above what a double holds exactly", "8180808080808010", {"value": "9007199254740993"})


def base64url(subject):
    def add(name, comment, text, intended):
        subject.add("base64url/" + name, comment, "base64url", intended, text=text)

    add("empty", "nothing is nothing", "", {"bytes": ""})
    add("1-byte", "one byte", "Zg", {"bytes": b"f".hex()})
    add("2-bytes", "two bytes", "Zm8", {"bytes": b"fo".hex()})
    add("3-bytes", "three bytes", "Zm9v", {"bytes": b"foo".hex()})
    add("6-bytes", "six bytes", "Zm9vYmFy", {"bytes": b"foobar".hex()})
    add("alphabet", "both characters of their own", "-_-_", {"bytes": "fbffbf"})
    for name, comment, text in (
        ("plus-slash", "the other alphabet", "+/+/"),
        ("plus", "one character of the other alphabet", "-_-+"),
        ("slash", "one character of the other alphabet", "-_-/"),
        ("padding-1", "padding", "Zm8="),
        ("padding-2", "padding", "Zg=="),
        ("padding-extra", "padding where none would stand", "Zm9v===="),
        ("padding-only", "nothing but padding", "===="),
        ("padding-inside", "padding inside", "Zg==Zg=="),
        ("space-end", "white space", "Zm9v "),
        ("space-start", "white space", " Zm9v"),
        ("space-inside", "white space", "Zm 9v"),
        ("newline-end", "line feed at the end", "Zm9v\n"),
        ("crlf-inside", "line break inside", "Zm9v\r\nYmFy"),
        ("tab", "tabulator", "Zm9v\t"),
        ("nul", "a zero byte", "Zm9v\x00"),
        ("non-ascii", "not ASCII", "Zm9\u00e9"),
        ("full-width", "a full-width letter", "Zm9\uff36"),
        ("remainder-1", "one character", "Z"),
        ("remainder-5", "five characters", "Zm9vZ"),
        ("unused-bits-1", "lowest unused bit of two characters", "Zh"),
        ("unused-bits-8", "highest unused bit of two characters", "Zo"),
        ("unused-bits-f", "all unused bits of two characters", "Zv"),
        ("unused-bits-2", "lower unused bit of three characters", "Zm9"),
        ("unused-bits-3", "higher unused bit of three characters", "Zm-"),
        ("dot", "a dot", "Zm9v.YmFy"),
    ):
        add(name, comment, text, "bad_base64")


def bitmaps(subject):
    def add(name, comment, wire, intended):
        subject.add("bitmap/" + name, comment, "bitmap", intended, wire=wire)

    add("empty-set", "nothing set", "00", {"bits": []})
    add("bit-0", "least significant first", "0101", {"bits": [0]})
    add("bit-7", "the last of the first byte", "0180", {"bits": [7]})
    add("bit-8", "the first of the second byte", "020001", {"bits": [8]})
    add("bit-63", "the last of all", "080000000000000080", {"bits": [63]})
    add("all", "all 64", "08ffffffffffffffff", {"bits": list(range(64))})
    add("mixed", "some", "02a50f", {"bits": [0, 2, 5, 7, 8, 9, 10, 11]})
    add("zero-byte", "the empty set in two bytes", "0100", "malformed")
    add("trailing-zero", "a last byte of zero", "020100", "malformed")
    add("trailing-zeros", "eight bytes of zero", "080000000000000000", "malformed")
    add("length-9", "nine bytes", "09" + "01" * 9, "malformed")
    add("length-255", "255 bytes", "ff" + "01" * 255, "malformed")
    add("short", "fewer bytes than the length says", "0201", "malformed")
    add("long", "more bytes than the length says", "010101", "malformed")
    add("nothing", "no length", "", "malformed")


def crcs(subject):
    for name, comment, data, crc in (
        ("check", "the check value of CRC-32/ISO-HDLC", b"123456789", "cbf43926"),
        ("empty", "of nothing", b"", "00000000"),
        ("zero", "of one zero byte", b"\x00", "d202ef8d"),
        ("a", "of one letter", b"a", "e8b7be43"),
        ("ones", "of four bytes 0xff", b"\xff" * 4, "ffffffff"),
    ):
        subject.add("crc32/" + name, comment, "crc32", {"crc": crc}, bytes=data.hex())


def key_strings(subject):
    key = seeded("key string", 32)
    good = files.key_string(key)
    crc = u32(crc32(b"pwk1_" + key))

    def add(name, comment, text, intended="keyring_malformed"):
        subject.add("key_string/" + name, comment, "key_string", intended, text=text)

    add("good", "53 characters", good, {"key": key.hex()})
    zeros = files.key_string(bytes(32))
    add("zeros", "all zero is a key too", zeros, {"key": bytes(32).hex()})
    add("empty", "nothing", "")
    add("prefix-only", "no key", "pwk1_")
    add("prefix-missing", "no prefix", good[5:])
    add("prefix-upper", "the prefix in upper case", "PWK1_" + good[5:])
    add("prefix-version", "another version", "pwk2_" + good[5:])
    add("prefix-link", "the prefix of a link", "pwl_" + good[5:])
    add("crc-without-prefix", "the CRC taken without the prefix", "pwk1_" + b64u(key + u32(crc32(key))))
    add("crc-little-endian", "the CRC the wrong way round", "pwk1_" + b64u(key + crc[::-1]))
    add("crc-zero", "no CRC", "pwk1_" + b64u(key + bytes(4)))
    flipped = bytes([key[0] ^ 1]) + key[1:]
    add("bit-flipped", "one bit of the key flipped", "pwk1_" + b64u(flipped + crc))
    add(
        "bit-flipped-crc-right",
        "the same with its own CRC is another key",
        files.key_string(flipped),
        {"key": flipped.hex()},
    )
    for size in (0, 16, 31, 33, 64):
        other = seeded("key string of another size", size)
        add(f"size-{size}", f"{size} bytes and their right CRC", "pwk1_" + b64u(other + u32(crc32(b"pwk1_" + other))))
    for length in (52, 51, 50, 37, 9):
        add(f"cut-{length}", f"cut to {length} characters", good[:length])
    add("longer", "a character more", good + "A")
    add("padding", "padding", good + "=")
    add("space-end", "white space after", good + " ")
    add("space-start", "white space before", " " + good)
    add("newline", "a line feed after", good + "\n")
    standard = next(
        text
        for text in (files.key_string(seeded(f"key with - or _ {n}", 32)) for n in range(99))
        if "-" in text[5:] or "_" in text[5:]
    )
    add("alphabet", "- and _ are right", standard, OK)
    add("alphabet-standard", "+ and / are wrong", "pwk1_" + standard[5:].replace("-", "+").replace("_", "/"))


def derivations(subject):
    root = seeded("derive root", 32)

    def add(name, comment, label, *parts, root=root, deployment=MAIN_ID):
        subject.add(
            "derive/" + name,
            comment,
            "derive",
            OK,
            root=root.hex(),
            deployment=deployment.hex(),
            label=label,
            parts=[part.hex() for part in parts],
        )

    tenant = UUID_TEXT.encode()
    add("root-check", "check value is the first 8 bytes", "portward/v1/root-check", bytes.fromhex("a1b2c3d4"))
    add("root-check-other-id", "another root id", "portward/v1/root-check", bytes.fromhex("a1b2c3d5"))
    add("token-link", "kind link", "portward/v1/token", b"\x01", tenant, bytes(8))
    add("token-session", "kind session: another key", "portward/v1/token", b"\x02", tenant, bytes(8))
    add("token-generation", "another generation: another key", "portward/v1/token", b"\x01", tenant, bytes(7) + b"\x01")
    add("token-number", "a tenant that is a number goes in as its text", "portward/v1/token", b"\x01", b"300", bytes(8))
    add(
        "token-deployment",
        "another deployment: another key",
        "portward/v1/token",
        b"\x01",
        tenant,
        bytes(8),
        deployment=OTHER_ID,
    )
    add("token-root", "another root: another key", "portward/v1/token", b"\x01", tenant, bytes(8), root=bytes(32))
    add("view", "a view key", "portward/v1/view", seeded("a scope hash", 32))
    add("no-parts", "no parts", "portward/v1/token")
    add("empty-part", "an empty part is not no part", "portward/v1/token", b"")
    add("parts-split-1", "where parts end makes a difference", "portward/v1/token", b"ab", b"c")
    add("parts-split-2", "where parts end makes a difference", "portward/v1/token", b"a", b"bc")
    add("long-part", "the length is two bytes, big-endian", "portward/v1/token", b"x" * 300)


def deployments(subject):
    good = deployment_value()

    def add(name, comment, text, intended="deployment_malformed"):
        subject.add("deployment_file/" + name, comment, "deployment_file", intended, text=text)

    def changed(name, comment, change, intended="deployment_malformed"):
        value = copy.deepcopy(good)
        change(value)
        add(name, comment, json.dumps(value), intended)

    def put(*path):
        *way, last, item = path

        def change(value):
            for step in way:
                value = value[step]
            value[last] = item

        return change

    text = json.dumps(good)
    add("good", "as in the page", text, {"id": MAIN_ID.hex(), "permissions": good["permissions"]})
    add("order", "members in another order", json.dumps(dict(reversed(good.items()))), OK)
    add("white-space", "white space between", json.dumps(good, indent="\t") + "\r\n ", OK)
    add("escapes", "escapes in strings", text.replace("files:read", "\\u0066iles\\u003aread"), OK)
    add("size-max", "65,536 bytes", text + " " * (65_536 - len(text)), OK)
    add("size-over", "65,537 bytes", text + " " * (65_537 - len(text)))

    add("empty", "nothing", "")
    add("null", "no object", "null")
    add("array", "no object", "[" + text + "]")
    add("cut", "the last brace is missing", text[:-1])
    add("two-values", "something after it", text + "{}")
    add("comma", "a comma before the end", text[:-1] + ",}")
    add("comment", "a comment", text + "// deployment")
    add("single-quotes", "quotes of another kind", text.replace('"', "'"))
    add("bom", "a byte order mark", "\ufeff" + text)
    add("nan", "NaN is not JSON", text.replace("900", "NaN"))
    add("control-in-string", "a raw line feed inside a string", text.replace("files:read", "files:\nread"))
    add("white-space-other", "a no-break space is no white space", "\u00a0" + text)
    add("deep", "very deep nesting", text[:-1] + ', "x": ' + "[" * 2000 + "]" * 2000 + "}")

    for member in good:
        changed("missing-" + member, member + " is missing", lambda value, member=member: value.pop(member))
    changed("unknown-member", "a member nobody knows", put("comment", "x"))
    changed("unknown-member-link", "a member nobody knows, inside", put("link", "comment", "x"))
    changed("missing-ceiling", "no ceiling", lambda value: value["session"].pop("ceiling"))
    changed("missing-default", "no default", lambda value: value["link"].pop("default_lifetime"))
    add("repeated-id", "a member twice", text[:-1] + f', "id": "{MAIN_ID.hex()}"' + "}")
    add("repeated-version", "a member twice", text[:-1] + ', "version": 1}')
    add("repeated-escaped", "a member twice, once with an escape", text[:-1] + f', "i\\u0064": "{MAIN_ID.hex()}"' + "}")
    add(
        "repeated-ceiling",
        "a member twice, inside",
        text.replace('"ceiling": 86400', '"ceiling": 86400, "ceiling": 86400'),
    )
    changed("format", "another format", put("format", "portward-keyring"))
    changed("format-upper", "the format in upper case", put("format", "PORTWARD-DEPLOYMENT"))
    changed("version-2", "a newer version", put("version", 2), "deployment_newer_version")
    changed("version-large", "a much newer version", put("version", 4_294_967_296), "deployment_newer_version")

    def newer_and_else(value):
        value.clear()
        value.update({"format": "portward-deployment", "version": 2, "anything": [None]})

    changed("version-2-else", "a newer version may have any members", newer_and_else, "deployment_newer_version")

    def newer_other_format(value):
        value.update({"format": "portward", "version": 2})

    changed("version-2-format", "a newer version of another format", newer_other_format)
    add(
        "version-2-cut",
        "a newer version that is not JSON",
        json.dumps(good).replace('"version": 1', '"version": 2')[:-1],
    )
    changed("version-0", "version 0", put("version", 0))
    changed("version-negative", "version -1", put("version", -1))
    changed("version-text", "version as a string", put("version", "1"))
    changed("version-text-2", "version 2 as a string", put("version", "2"))
    changed("version-true", "true is not 1", put("version", True))
    changed("version-null", "null", put("version", None))
    add("version-fraction", "1.5 is no whole number", text.replace('"version": 1', '"version": 1.5'))
    add("version-fraction-2", "2.5 is no whole number", text.replace('"version": 1', '"version": 2.5'))

    changed("id-upper", "upper-case hex", put("id", "000102030405060708090A0B0C0D0E0F"))
    changed("id-short", "15 bytes", put("id", MAIN_ID.hex()[:-2]))
    changed("id-odd", "31 digits", put("id", MAIN_ID.hex()[:-1]))
    changed("id-long", "17 bytes", put("id", MAIN_ID.hex() + "00"))
    changed("id-uuid", "as a UUID", put("id", "00010203-0405-0607-0809-0a0b0c0d0e0f"))
    changed("id-number", "a number", put("id", 1))
    changed("id-newline", "a line feed after it", put("id", MAIN_ID.hex() + "\n"))

    changed("permissions-none", "no permissions", put("permissions", []), {"id": MAIN_ID.hex(), "permissions": []})
    names = [f"p{n}:read" for n in range(65)]
    changed("permissions-64", "64 permissions", put("permissions", names[:64]), OK)
    changed("permissions-65", "65 permissions", put("permissions", names))
    changed("permissions-repeated", "a name twice", put("permissions", ["files:read", "chat:read", "files:read"]))
    changed("permissions-null", "null is no list", put("permissions", None))
    changed("permissions-object", "an object is no list", put("permissions", {"files:read": 0}))
    changed("permissions-number", "a number is no name", put("permissions", [1]))
    longest = "a" * 31
    changed("name-longest", "31 characters a part", put("permissions", [f"{longest}:{longest}"]), OK)
    for name, comment, permission in (
        ("name-resource-long", "32 characters", f"{longest}a:read"),
        ("name-action-long", "32 characters", f"files:{longest}a"),
        ("name-upper", "upper case", "Files:read"),
        ("name-digit-first", "a digit first", "1files:read"),
        ("name-underscore-first", "an underscore first", "files:_read"),
        ("name-no-action", "no action", "files"),
        ("name-empty-action", "an empty action", "files:"),
        ("name-empty-resource", "an empty resource", ":read"),
        ("name-three-parts", "three parts", "files:read:all"),
        ("name-hyphen", "a hyphen", "my-files:read"),
        ("name-space", "a space", "files: read"),
        ("name-newline", "a line feed after it", "files:read\n"),
        ("name-non-ascii", "not ASCII", "fil\u00e9s:read"),
        ("name-other-digit", "a digit that is not ASCII", "files:read\u0661"),
        ("name-empty", "nothing", ""),
    ):
        changed(name, comment, put("permissions", [permission]))
    changed("name-with-digits", "digits and underscores inside", put("permissions", ["f1_les:re_ad2"]), OK)

    top = 2**40 - 1
    changed("lifetime-1", "the shortest", put("link", {"default_lifetime": 1, "ceiling": 1}), OK)
    changed("lifetime-max", "the longest", put("link", {"default_lifetime": top, "ceiling": top}), OK)
    changed("lifetime-0", "none", put("link", {"default_lifetime": 0, "ceiling": 1}))
    changed("ceiling-0", "none", put("session", {"default_lifetime": 0, "ceiling": 0}))
    changed("ceiling-over", "2^40", put("session", {"default_lifetime": 1, "ceiling": top + 1}))
    changed("ceiling-below-default", "below the default", put("session", {"default_lifetime": 901, "ceiling": 900}))
    changed("lifetime-negative", "negative", put("link", "default_lifetime", -1))
    changed("lifetime-text", "a string", put("link", "default_lifetime", "900"))
    changed("lifetime-true", "true is not 1", put("link", {"default_lifetime": True, "ceiling": 1}))
    add("lifetime-fraction", "a fraction", text.replace("900", "900.5"))
    changed("link-null", "no lifetimes", put("link", None))
    changed("link-list", "lifetimes as a list", put("link", [1, 2]))


def keyrings(subject):
    good = keyring_value()

    def add(name, comment, text, intended="keyring_malformed", **more):
        subject.add("keyring_file/" + name, comment, "keyring_file", intended, text=text, **more)

    def changed(name, comment, change, intended="keyring_malformed", **more):
        value = copy.deepcopy(good)
        change(value)
        add(name, comment, json.dumps(value), intended, **more)

    def put(*path):
        *way, last, item = path

        def change(value):
            for step in way:
                value = value[step]
            value[last] = item

        return change

    text = json.dumps(good)
    roots = {"roots": [[root["id"], root["state"]] for root in good["roots"]]}
    add("good", "one root of each state", text, roots)
    add("good-deployment", "of the expected deployment", text, roots, deployment=MAIN_ID.hex())
    add("wrong-deployment", "of another deployment", text, "keyring_wrong_deployment", deployment=OTHER_ID.hex())
    add("one-root", "a single active root", json.dumps(keyring_value(names=["active"])), OK)
    add("empty", "nothing", "")
    add("cut", "cut", text[:-1])
    for member in good:
        changed("missing-" + member, member + " is missing", lambda value, member=member: value.pop(member))
    for member in good["roots"][0]:
        changed(
            "missing-root-" + member,
            member + " of a root is missing",
            lambda value, member=member: value["roots"][0].pop(member),
        )
    changed("unknown-member", "a member nobody knows", put("comment", ""))
    changed("unknown-root-member", "a member nobody knows, in a root", put("roots", 1, "comment", ""))
    add("repeated-member", "a member twice", text[:-1] + ', "version": 1}')
    add(
        "repeated-root-member",
        "a member of a root twice",
        text.replace('"state": "active"', '"state": "active", "state": "active"'),
    )
    changed("format", "another format", put("format", "portward-deployment"))
    changed("version-2", "a newer version", put("version", 2), "keyring_newer_version")
    changed(
        "version-2-else",
        "a newer version may have any members",
        lambda value: (value.pop("roots"), put("version", 2)(value)),
        "keyring_newer_version",
    )
    changed("version-0", "version 0", put("version", 0))
    changed("deployment-upper", "upper-case hex", put("deployment", "000102030405060708090A0B0C0D0E0F"))
    changed("deployment-short", "too short", put("deployment", "00"))
    changed("roots-null", "null is no list", put("roots", None))
    changed("roots-none", "no roots, so none is active", put("roots", []), "keyring_no_active_root")
    changed("root-null", "null is no root", put("roots", 0, None))

    changed("id-upper", "upper-case hex", put("roots", 0, "id", "A1B2C3D4"))
    changed("id-short", "three bytes", put("roots", 0, "id", "a1b2c3"))
    changed("id-number", "a number", put("roots", 1, "id", 1))
    changed("state-unknown", "a state outside the table", put("roots", 1, "state", "expired"))
    changed("state-upper", "a state in upper case", put("roots", 1, "state", "VERIFY_ONLY"))
    changed("state-null", "no state", put("roots", 1, "state", None))
    changed("created-0", "the first time", put("roots", 0, "created", 0), OK)
    changed("created-negative", "a negative time", put("roots", 0, "created", -1))
    changed("created-null", "no time", put("roots", 0, "created", None))
    changed("created-text", "a time as text", put("roots", 0, "created", "1764000000"))
    add("created-fraction", "a fraction", text.replace('"created": 1690000000', '"created": 1690000000.5', 1))
    changed("created-max", "the last time", put("roots", 0, "created", 2**40 - 1), OK)
    changed("created-over", "a time beyond 2^40-1", put("roots", 0, "created", 2**40))
    changed("last-active-text", "a time as text", put("roots", 1, "last_active", "never"))
    changed("last-active-negative", "a negative time", put("roots", 1, "last_active", -1))
    changed("last-active-0", "the first time", put("roots", 1, "last_active", 0), OK)
    changed("last-active-max", "the last time", put("roots", 1, "last_active", 2**40 - 1), OK)
    changed("last-active-over", "a time beyond 2^40-1", put("roots", 1, "last_active", 2**40))
    changed("last-active-wide", "2^64-1", put("roots", 1, "last_active", 2**64 - 1))
    changed("check-upper", "upper-case hex", put("roots", 0, "check", good["roots"][0]["check"].upper()))
    changed("check-short", "seven bytes", put("roots", 0, "check", good["roots"][0]["check"][:-2]))
    changed("check-null", "no check value", put("roots", 0, "check", None))
    changed("key-null-active", "an active root without key", put("roots", 0, "key", None))
    changed("key-null-retired", "a retired root without key", put("roots", 2, "key", None))
    changed(
        "key-present-destroyed", "a destroyed root with key", put("roots", 3, "key", files.key_string(root_key("gone")))
    )
    changed("key-number", "a number", put("roots", 0, "key", 1))
    key = good["roots"][0]["key"]
    changed(
        "key-crc",
        "one character of the key changed",
        put("roots", 0, "key", key[:10] + ("A" if key[10] != "A" else "B") + key[11:]),
    )
    changed("key-short", "the key cut", put("roots", 0, "key", key[:-1]))
    changed("key-prefix", "the key without prefix", put("roots", 0, "key", key[5:]))

    changed(
        "duplicate-id", "two roots of one id", put("roots", 1, "id", good["roots"][0]["id"]), "keyring_duplicate_id"
    )
    changed(
        "duplicate-id-destroyed",
        "the id of a destroyed root is not free",
        put("roots", 0, "id", good["roots"][3]["id"]),
        "keyring_duplicate_id",
    )

    def two_active(value):
        value["roots"][1]["state"] = "active"

    changed("two-active", "two active roots", two_active, "keyring_no_active_root")

    def none_active(value):
        value["roots"][0]["state"] = "verify_only"

    changed("none-active", "no active root", none_active, "keyring_no_active_root")

    def malformed_and_duplicate(value):
        put("roots", 1, "id", value["roots"][0]["id"])(value)
        put("roots", 4, "key", "pwk1_")(value)

    changed("malformed-before-duplicate", "a malformed key comes before a repeated id", malformed_and_duplicate)

    def duplicate_and_active(value):
        put("roots", 1, "id", value["roots"][2]["id"])(value)
        none_active(value)

    changed(
        "duplicate-before-active",
        "a repeated id comes before the active root",
        duplicate_and_active,
        "keyring_duplicate_id",
    )

    def active_and_check(value):
        put("roots", 1, "check", "00" * 8)(value)
        none_active(value)

    changed(
        "active-before-check", "the active root comes before check values", active_and_check, "keyring_no_active_root"
    )
    for index, name in ((0, "active"), (1, "verify-only"), (2, "retired")):
        changed(
            "check-" + name,
            "the check value of this root differs",
            put("roots", index, "check", "00" * 8),
            "keyring_check_mismatch",
        )
    changed(
        "check-destroyed",
        "nobody can compute the check value of a destroyed root",
        put("roots", 3, "check", "00" * 8),
        OK,
    )
    changed(
        "check-other-deployment",
        "check values belong to their deployment",
        put("deployment", OTHER_ID.hex()),
        "keyring_check_mismatch",
    )
    changed(
        "check-before-deployment",
        "the expected deployment is the last step",
        put("deployment", OTHER_ID.hex()),
        "keyring_check_mismatch",
        deployment=MAIN_ID.hex(),
    )

    def keys_swapped(value):
        a, b = value["roots"][0], value["roots"][1]
        a["key"], b["key"] = b["key"], a["key"]

    changed("keys-swapped", "two keys changed places", keys_swapped, "keyring_check_mismatch")

    def whole_swapped(value):
        a, b = value["roots"][0], value["roots"][1]
        a["key"], b["key"] = b["key"], a["key"]
        a["check"], b["check"] = b["check"], a["check"]

    changed("keys-and-checks-swapped", "the check value covers the id", whole_swapped, "keyring_check_mismatch")


def destroying(subject):
    def add(name, comment, root, now, intended):
        root = root if isinstance(root, bytes) else root_id(root)
        subject.add(
            "root_destroy/" + name,
            comment,
            "root_destroy",
            intended,
            keyring="main",
            deployment="main",
            root=root.hex(),
            now=now,
        )

    edge = ROOT_STATES["retired"][1] + LINK_CEILING + 600
    add("edge", "last active + link ceiling + 600", "retired", edge, {})
    add("edge-before", "a second before", "retired", edge - 1, "root_in_use")
    add("edge-after", "a second after", "retired", edge + 1, {})
    add("retired-now-0", "the clock at 0", "retired", 0, "root_in_use")
    add("retired-now-max", "the clock at its end", "retired", 2**64 - 1, {})
    add("never-active", "retired and never active: at any time", "idle", 0, {})
    add("retired-far", "the same root as in the next cases, but retired", "retired", 2**40, {})
    add("active", "an active root: the table has no such step", "active", 2**40, "root_wrong_state")
    add("active-now-0", "its state comes before the time", "active", 0, "root_wrong_state")
    add("verify-only", "a root that still checks has to be retired first", "older", 2**40, "root_wrong_state")
    add("verify-only-now-0", "its state comes before the time", "older", 0, "root_wrong_state")
    add("destroyed", "a root that is destroyed already", "gone", 2**40, "root_wrong_state")
    add("destroyed-now-0", "its state comes before the time", "gone", 0, "root_wrong_state")
    add("unknown", "no such root", b"none", 2**40, "unknown_root")
    add("unknown-now-0", "no such root, at any time", b"none", 0, "unknown_root")


COSTS = {"memory_kib": 64, "iterations": 1, "lanes": 1}


def sealed(subject):
    passphrase = "correct horse battery staple"
    plaintext = json.dumps(keyring_value(names=["active"]))
    salt = seeded("seal salt", 32)

    def seal(text=plaintext, purpose="keyring", costs=COSTS, passphrase=passphrase):
        return files.seal(text, passphrase, purpose, salt, costs)

    good = seal()
    good_ok = {"purpose": "keyring", "plaintext": plaintext}

    def add(name, comment, value, intended="sealed_malformed", passphrase=passphrase):
        text = value if isinstance(value, str) else json.dumps(value)
        subject.add("sealed_keyring/" + name, comment, "sealed_keyring", intended, text=text, passphrase=passphrase)

    def changed(name, comment, member, item, intended="sealed_malformed"):
        add(name, comment, {**good, member: item}, intended)

    add("good", "a keyring", good, good_ok)
    line = json.dumps(deployment_value(), separators=(",", ":"))
    recovery = line + "\n" + plaintext
    add(
        "good-recovery", "a recovery export", seal(recovery, "recovery"), {"purpose": "recovery", "plaintext": recovery}
    )
    add("passphrase-wrong", "another passphrase", good, "sealed_wrong_passphrase", "correct horse battery stapl")
    add("passphrase-case", "another case", good, "sealed_wrong_passphrase", "Correct horse battery staple")
    add("passphrase-space", "a space after", good, "sealed_wrong_passphrase", passphrase + " ")
    long = "\u00e9" * 512
    add("passphrase-long", "1,024 bytes", seal(passphrase=long), good_ok, long)
    add("passphrase-composed", "taken as it is: composed", seal(passphrase="caf\u00e9"), good_ok, "caf\u00e9")
    add(
        "passphrase-decomposed",
        "the same letters decomposed are others",
        seal(passphrase="caf\u00e9"),
        "sealed_wrong_passphrase",
        "cafe\u0301",
    )

    def flip(text, at):
        """One bit of a base64url text, in a place where every bit counts."""
        return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]

    changed("salt-flipped", "another salt", "salt", flip(good["salt"], 5), "sealed_wrong_passphrase")
    changed(
        "commitment-flipped", "another commitment", "commitment", flip(good["commitment"], 5), "sealed_wrong_passphrase"
    )
    changed("ciphertext-flipped", "a changed ciphertext", "ciphertext", flip(good["ciphertext"], 5), "sealed_damaged")
    raw = b64u_decode(good["ciphertext"])
    changed("tag-flipped", "a changed tag", "ciphertext", b64u(raw[:-1] + bytes([raw[-1] ^ 1])), "sealed_damaged")
    changed("ciphertext-short", "a shorter ciphertext", "ciphertext", b64u(raw[:-1]), "sealed_damaged")
    changed("ciphertext-long", "a longer ciphertext", "ciphertext", b64u(raw + b"\x00"), "sealed_damaged")
    changed("ciphertext-16", "nothing but a tag, and a wrong one", "ciphertext", b64u(raw[-16:]), "sealed_damaged")
    changed("ciphertext-15", "shorter than a tag", "ciphertext", b64u(raw[-15:]))
    changed("ciphertext-empty", "no ciphertext", "ciphertext", "")
    changed(
        "purpose-flipped", "the purpose is bound by the commitment", "purpose", "recovery", "sealed_wrong_passphrase"
    )
    changed("purpose-unknown", "an unknown purpose", "purpose", "backup")
    changed("purpose-null", "no purpose", "purpose", None)
    for member in good:
        add("missing-" + member, member + " is missing", {name: item for name, item in good.items() if name != member})
    for member in COSTS:
        changed(
            "missing-cost-" + member,
            member + " is missing",
            "argon2id",
            {name: item for name, item in COSTS.items() if name != member},
        )
    changed("unknown-member", "a member nobody knows", "comment", "")
    changed("unknown-cost", "a member nobody knows, inside", "argon2id", {**COSTS, "version": 19})
    add("repeated-member", "a member twice", json.dumps(good)[:-1] + ', "version": 1}')
    add("cut", "cut", json.dumps(good)[:-1])
    changed("format", "another format", "format", "portward-keyring")
    changed("version-2", "a newer version", "version", 2, "sealed_newer_version")
    changed("version-0", "version 0", "version", 0)
    for member in ("salt", "commitment"):
        changed(member + "-31", "31 bytes", member, b64u(b64u_decode(good[member])[:31]))
        changed(member + "-33", "33 bytes", member, b64u(b64u_decode(good[member]) + b"x"))
        changed(member + "-null", "null", member, None)
    changed("salt-padding", "padding", "salt", good["salt"] + "=")
    changed("salt-hex", "hex", "salt", salt.hex())
    last = good["salt"][-1]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    changed("salt-unused-bits", "unused bits set", "salt", good["salt"][:-1] + letters[letters.index(last) + 1])

    for name, comment, costs, right in (
        ("memory-8", "the least memory", {"memory_kib": 8}, True),
        ("memory-7", "too little memory", {"memory_kib": 7}, False),
        ("memory-67", "memory that is no multiple of four lanes", {"memory_kib": 67}, True),
        ("memory-over", "too much memory", {"memory_kib": 1_048_577}, False),
        ("memory-huge", "far too much memory", {"memory_kib": 2**64}, False),
        ("memory-negative", "negative", {"memory_kib": -64}, False),
        ("memory-text", "a string", {"memory_kib": "64"}, False),
        ("memory-per-lane", "eight for each lane", {"memory_kib": 16, "lanes": 2}, True),
        ("memory-per-lane-under", "less than eight for each lane", {"memory_kib": 15, "lanes": 2}, False),
        ("iterations-0", "no iteration", {"iterations": 0}, False),
        ("iterations-64", "the most iterations", {"iterations": 64, "memory_kib": 8}, True),
        ("iterations-65", "too many iterations", {"iterations": 65, "memory_kib": 8}, False),
        ("lanes-0", "no lane", {"lanes": 0}, False),
        ("lanes-16", "the most lanes", {"lanes": 16, "memory_kib": 128}, True),
        ("lanes-17", "too many lanes", {"lanes": 17, "memory_kib": 136}, False),
    ):
        costs = {**COSTS, **costs}
        if right:
            add("costs-" + name, comment, seal(costs=costs), good_ok)
        else:
            changed("costs-" + name, comment, "argon2id", costs)
    changed(
        "costs-other", "other costs give another key", "argon2id", {**COSTS, "iterations": 2}, "sealed_wrong_passphrase"
    )
    changed("costs-null", "no costs", "argon2id", None)
    add("costs-fraction", "a fraction", json.dumps(good).replace('"iterations": 1', '"iterations": 1.5'))

    broken = keyring_value(names=["active"])
    broken["roots"][0]["check"] = "00" * 8
    add("plaintext-empty", "the plaintext is no keyring", seal(""), "keyring_malformed")
    add("plaintext-text", "the plaintext is no keyring", seal("hello"), "keyring_malformed")
    add(
        "plaintext-newer",
        "the plaintext is a newer keyring",
        seal(plaintext.replace('"version": 1', '"version": 2')),
        "keyring_newer_version",
    )
    add("plaintext-check", "the check value inside differs", seal(json.dumps(broken)), "keyring_check_mismatch")
    add(
        "plaintext-no-active",
        "no active root inside",
        seal(json.dumps({**broken, "roots": []})),
        "keyring_no_active_root",
    )
    add("plaintext-recovery-as-keyring", "a recovery export sealed as a keyring", seal(recovery), "keyring_malformed")
    add(
        "recovery-only-keyring",
        "a keyring sealed as a recovery export",
        seal(plaintext, "recovery"),
        "deployment_malformed",
    )
    add(
        "recovery-deployment-newer",
        "a newer deployment inside",
        seal(recovery.replace('"version":1', '"version":2', 1), "recovery"),
        "deployment_newer_version",
    )
    add(
        "recovery-deployment-malformed",
        "no deployment inside",
        seal("{}\n" + plaintext, "recovery"),
        "deployment_malformed",
    )
    add("recovery-keyring-malformed", "no keyring inside", seal(line + "\n", "recovery"), "keyring_malformed")
    add(
        "recovery-other-deployment",
        "deployment and keyring do not belong together",
        seal(json.dumps(deployment_value(OTHER_ID), separators=(",", ":")) + "\n" + plaintext, "recovery"),
        "keyring_wrong_deployment",
    )


# --- files as a whole --------------------------------------------------------------------------

PASSPHRASE = "correct horse battery staple"
HUGE = "9" * 400


def fill(text, size):
    """Parts of a file of `size` bytes: the text, then spaces."""
    return [{"text": text}, {"repeat": " ", "times": size - len(text.encode("utf-8"))}]


def whole_files(subject):
    """Bytes, sizes and numbers: one strictness for the three files."""
    deployment = json.dumps(deployment_value())
    keyring = json.dumps(keyring_value(names=["active"]))
    plaintext = json.dumps(keyring_value(names=["active"]))
    sealed_file = files.seal(plaintext, PASSPHRASE, "keyring", seeded("seal salt", 32), COSTS)

    top = 2**64
    file_bytes(subject, "deployment_file", "deployment", deployment, 65_536, "files:read")
    file_bytes(subject, "keyring_file", "keyring", keyring, 1_048_576, "pwk1_")
    file_bytes(
        subject, "sealed_keyring", "sealed", json.dumps(sealed_file), 2_097_152, 'keyring"', passphrase=PASSPHRASE
    )
    for op, prefix, text, members in (
        ("deployment_file", "deployment", deployment, (("lifetime", "900", 900), ("ceiling", "86400", 86_400))),
        ("keyring_file", "keyring", keyring, (("created", "1690000000", 1_690_000_000),)),
        (
            "sealed_keyring",
            "sealed",
            json.dumps(sealed_file),
            tuple((member, f'"{member}": {value}', value) for member, value in COSTS.items()),
        ),
    ):
        more = {"passphrase": PASSPHRASE} if op == "sealed_keyring" else {}
        for member, written, right in members:
            assert text.count(written) == 1
            for name, comment, number in (
                ("wraps-32", "the right number in 32 bits", right + 2**32),
                ("wraps-64", "the right number in 64 bits", right + top),
                ("wraps-negative", "the right number in 64 bits, negative", right - top),
                ("2-64", "2^64", top),
                ("400-digits", "400 digits", HUGE),
            ):
                # 2^32 and more is no fault of a time, which has 40 bits.
                if name == "wraps-32" and op != "sealed_keyring":
                    number = right + 2**40
                    name, comment = "wraps-40", "the right number in 40 bits"
                subject.add(
                    f"{op}/{member.replace('_', '-')}-{name}",
                    comment,
                    op,
                    prefix + "_malformed",
                    text=text.replace(written, written.replace(str(right), str(number))),
                    **more,
                )


def file_bytes(subject, op, prefix, text, limit, inside, **more):
    """`inside` is a piece of a string value of the file."""
    malformed, newer = prefix + "_malformed", prefix + "_newer_version"

    def add(name, comment, intended, *parts, text=None):
        given = {"text": text} if text is not None else {"parts": list(parts)}
        subject.add(f"{op}/{name}", comment, op, intended, **given, **more)

    def raw(name, comment, data, intended=malformed):
        add(name, comment, intended, {"hex": data.hex()})

    good = text.encode()
    file_format = json.loads(text)["format"]

    # Bytes.
    raw("bytes", "the file as bytes", good, OK)
    raw("utf-8-not-end", "a byte 0xff after it", good + b"\xff")
    raw("utf-8-not-space", "a no-break space of Latin-1 after it", good + b"\xa0")
    raw("utf-8-cut", "the beginning of a character after it", good + b"\xc3")
    first = inside[0].encode()
    overlong = bytes([0xC0 | first[0] >> 6, 0x80 | first[0] & 0x3F])
    at = good.index(inside.encode())
    raw("utf-8-overlong", "a letter of a string in two bytes", good[:at] + overlong + good[at + 1 :])
    raw("utf-8-bom", "a byte order mark", b"\xef\xbb\xbf" + good)
    raw("utf-16-le", "UTF-16, little-endian", text.encode("utf-16-le"))
    raw("utf-16-le-bom", "UTF-16, little-endian, with its mark", b"\xff\xfe" + text.encode("utf-16-le"))
    raw("utf-16-be", "UTF-16, big-endian", text.encode("utf-16-be"))
    add("nul-end", "a zero byte after it", malformed, text=text + "\x00")

    # A newer version may hold any string, but not anything that is none.
    for name, comment, data, intended in (
        ("two-bytes", "a character of two bytes", b"\xc3\xa9", newer),
        ("four-bytes", "a character of four bytes", b"\xf0\x9f\x98\x80", newer),
        ("latin-1", "a character of Latin-1", b"\xe9", malformed),
        ("overlong", "a slash in two bytes", b"\xc0\xaf", malformed),
        ("surrogate", "a surrogate", b"\xed\xa0\x80", malformed),
        ("above", "a character above U+10FFFF", b"\xf4\x90\x80\x80", malformed),
        ("cut", "a character cut off", b"\xc3", malformed),
        ("continuation", "the rest of a character", b"\x80", malformed),
    ):
        head = f'{{"format": "{file_format}", "version": 2, "x": "'.encode()
        raw("version-2-utf-8-" + name, comment + " in a newer version", head + data + b'"}', intended)

    # Sizes.
    if op != "deployment_file":
        add("size-max", f"{limit:,} bytes", OK, *fill(text, limit))
        add("size-over", f"{limit + 1:,} bytes", malformed, *fill(text, limit + 1))
    newer_text = text.replace('"version": 1', '"version": 2')
    add("version-2-size-max", f"{limit:,} bytes of a newer version", newer, *fill(newer_text, limit))
    add("version-2-size-over", "the size comes before the version", malformed, *fill(newer_text, limit + 1))
    head, tail = f'{{"format": "{file_format}", "version": 2, "x": "', '"}'
    room = limit - len(head) - len(tail)
    pad = " " * (room % 2)
    for name, comment, times, intended in (
        ("size-bytes-max", "the size is counted in bytes", room // 2, newer),
        ("size-bytes-over", "a character more: far fewer characters, but two bytes too many", room // 2 + 1, malformed),
    ):
        add(
            "version-2-" + name,
            comment,
            intended,
            {"text": pad + head},
            {"repeat": "\u00e9", "times": times},
            {"text": tail},
        )

    # Versions.
    def version(name, comment, number, intended):
        add("version-" + name, comment, intended, text=text.replace('"version": 1', f'"version": {number}'))

    version("2-32-plus-1", "1 in 32 bits", 2**32 + 1, newer)
    version("2-63", "2^63", 2**63, newer)
    version("2-64-minus-1", "2^64-1", 2**64 - 1, newer)
    version("2-64", "2^64", 2**64, newer)
    version("2-64-plus-1", "1 in 64 bits", 2**64 + 1, newer)
    version("2-128-plus-1", "1 in 128 bits", 2**128 + 1, newer)
    version("400-digits", "beyond what a double holds", HUGE, newer)
    version("minus-2-64", "1 in 64 bits, negative", 1 - 2**64, malformed)
    version("minus-400-digits", "400 digits, negative", "-" + HUGE, malformed)
    version("leading-zero", "a leading zero is not JSON", "02", malformed)
    version("plus", "a plus sign is not JSON", "+2", malformed)
    version("two-and-hexadecimal", "hexadecimal is not JSON", "0x2", malformed)
    version("other-digit", "a digit that is not ASCII is not JSON", "\u0662", malformed)
    version("other-digit-after", "nor is one after a digit that is", "1\u0662", malformed)
    before, after = text.split('"version": 1')
    digits = limit - 2000
    add(
        "version-digits",
        f"{digits:,} digits",
        newer,
        {"text": before + '"version": '},
        {"repeat": "9", "times": digits},
        {"text": after},
    )
    add(
        "version-digits-negative",
        f"{digits:,} digits, negative",
        malformed,
        {"text": before + '"version": -'},
        {"repeat": "9", "times": digits},
        {"text": after},
    )
    add("version-2-400-digits", "a huge number elsewhere in a newer version", newer, text=f"{head[:-1]}{HUGE}}}")
    add("version-2-exponent", "a number beyond a double elsewhere in a newer version", newer, text=head[:-1] + "1e400}")

    # Nor is it how deep something is nested.
    for name, comment, opened, closed in (
        ("lists", "a thousand lists in each other", "[", "]"), ("objects", "a thousand objects in each other", '{"y": ', "}"),
    ):
        parts = [{"text": f'{{"format": "{file_format}", "version": 2, "x": '}, {"repeat": opened, "times": 1000}, {"text": "0"},
                 {"repeat": closed, "times": 1000}]
        add(f"version-2-nested-{name}", f"{comment}, in a newer version", newer, *parts, {"text": "}"})
        add(f"version-2-nested-{name}-cut", "the same, and the end is missing", malformed, *parts)

    # Half of a surrogate pair names nothing, and a whole pair does.
    for name, half, intended in (("pair", "\\ud83d\\ude00", newer), ("high", "\\ud800", malformed), ("low", "\\ude00", malformed)):
        above = f'{{"format": "{file_format}", "version": 2, '
        add(f"version-2-surrogate-{name}", "in a value, which nobody looks at", newer, text=f'{above}"x": "{half}"}}')
        add(f"version-2-surrogate-{name}-name", "in a name", intended, text=f'{above}"{half}": 0}}')

    # Repeated members are no fault of the syntax.
    head = f'{{"format": "{file_format}", "version": 2, '
    for name, comment, rest, intended in (
        ("once", "members once", '"x": 1, "y": 2}', newer),
        ("last", "a member twice", '"x": 1, "x": 1}', newer),
        ("values", "with two values", '"x": 1, "x": [2]}', newer),
        ("escaped", "once with an escape", '"x": 1, "\\u0078": 1}', newer),
        ("inside", "inside an object", '"x": {"y": 1, "y": 1}}', newer),
        ("deep", "inside an object of a list", '"x": [0, {"y": {"z": 1, "z": 1}}]}', newer),
        ("empty", "without a name", '"": 1, "": 1}', newer),
        ("many", "a hundred times", '"x": 1, ' * 99 + '"x": 1}', newer),
        ("version-inside", "the version of something inside", '"x": {"version": 1, "version": 2}}', newer),
        ("cut", "and a fault of the syntax after it", '"x": 1, "x": 1', malformed),
        ("comma", "and a comma before the end", '"x": 1, "x": 1,}', malformed),
    ):
        add("version-2-repeated-" + name, comment + " in a newer version", intended, text=head + rest)
    for name, comment, before in (
        ("before", "before format and version", '"x": 1, "x": 1, '),
        ("around", "before and after them", '"x": 1, '),
    ):
        after = ', "x": 1}' if name == "around" else "}"
        for number, meant in ((2, newer), (1, malformed), (0, malformed)):
            add(
                f"version-{number}-repeated-{name}",
                f"a member twice {comment}, in version {number}",
                meant,
                text=f'{{{before}"format": "{file_format}", "version": {number}{after}',
            )
    more_members = newer_text.rstrip()[:-1]
    last = json.loads(text).popitem()
    add(
        "version-2-repeated-known",
        "a member that version 1 has, twice in a newer version",
        newer,
        text=more_members + ", " + json.dumps(dict([last]))[1:],
    )
    add(
        "version-1-repeated-known",
        "the same in version 1",
        malformed,
        text=text.rstrip()[:-1] + ", " + json.dumps(dict([last]))[1:],
    )
    add(
        "version-2-repeated-other-format",
        "a member twice in a newer version of another format",
        malformed,
        text='{"format": "portward", "version": 2, "x": 1, "x": 1}',
    )

    # Signs.
    version("minus-0", "minus zero", "-0", malformed)
    version("minus-1-sign", "minus one", "-1", malformed)
    version("minus-2", "minus two", "-2", malformed)
    add("version-2-minus-0", "minus zero elsewhere in a newer version", newer, text=head + '"x": -0}')
    add("version-2-minus-1", "minus one elsewhere in a newer version", newer, text=head + '"x": -1}')
    add("version-2-minus-0-inside", "minus zero inside", newer, text=head + '"x": [{"y": -0}]}')
    add("version-2-minus-00", "which is no JSON with two zeros", malformed, text=head + '"x": -00}')
    add("version-2-minus-alone", "nor without a digit", malformed, text=head + '"x": -}')
    add("unknown-minus-0", "minus zero in a member nobody knows", malformed, text=text.rstrip()[:-1] + ', "x": -0}')


def signs(subject):
    """Whole numbers are written without a sign: minus zero is none."""
    deployment = json.dumps(deployment_value())
    keyring = json.dumps(keyring_value())
    sealed_file = json.dumps(files.seal(keyring, PASSPHRASE, "keyring", seeded("seal salt", 32), COSTS))

    def add(op, name, comment, text, old, new, intended, **more):
        assert old in text
        subject.add(f"{op}/{name}", comment, op, intended, text=text.replace(old, new, 1), **more)

    for name, comment, old, member in (
        ("created", "the time of the first root", '"created": 1690000000', "created"),
        ("last-active-null", "a time where none was", '"last_active": null', "last_active"),
        ("last-active", "a time where one was", '"last_active": 1764500000', "last_active"),
    ):
        for written, intended in (
            ("0", OK),
            ("1", OK),
            ("-0", "keyring_malformed"),
            ("-1", "keyring_malformed"),
            ("-1764500000", "keyring_malformed"),
        ):
            label = "minus" + written if written.startswith("-") else written
            add("keyring_file", f"sign-{name}-{label}", f"{comment}: {written}", keyring, old,
                f'"{member}": {written}', intended)
    for member, old in (("lifetime", "7776000"), ("ceiling", "31536000"), ("session-lifetime", "900")):
        for written in ("-0", "-" + old):
            label = "0" if written == "-0" else "same"
            add("deployment_file", f"sign-{member}-minus-{label}", f"{written} for {old}", deployment, old, written,
                "deployment_malformed")
    for member, value in COSTS.items():
        for written in ("-0", f"-{value}"):
            label = "0" if written == "-0" else "same"
            add("sealed_keyring", f"sign-{member.replace('_', '-')}-minus-{label}", f"{written} for {value}",
                sealed_file, f'"{member}": {value}', f'"{member}": {written}', "sealed_malformed",
                passphrase=PASSPHRASE)


def key_escapes(subject):
    """A key string has no escapes; everything else may."""
    good = keyring_value(names=["active", "older", "retired", "gone"])
    text = json.dumps(good)
    told = {"roots": [[root["id"], root["state"]] for root in good["roots"]]}

    def add(name, comment, text, intended="keyring_malformed"):
        subject.add("keyring_file/" + name, comment, "keyring_file", intended, text=text)

    def escaped(string, *places):
        return "".join(f"\\u{ord(c):04x}" if at in places else c for at, c in enumerate(string))

    def once(old, new):
        """Only the first is meant."""
        assert old in text
        return text.replace(old, new, 1)

    for index, name in ((0, "active"), (1, "verify-only"), (2, "retired")):
        key = good["roots"][index]["key"]
        add("escape-key-" + name, "an escape in the key of this root", once(key, escaped(key, 20)))
    key = good["roots"][0]["key"]
    add("escape-key-none", "the same file without an escape", text, told)
    add("escape-key-first", "the first character of the prefix", once(key, escaped(key, 0)))
    add("escape-key-underscore", "the last character of the prefix", once(key, escaped(key, 4)))
    add("escape-key-upper", "hexadecimal digits in upper case", once(key, key[:4] + "\\u005F" + key[5:]))
    add("escape-key-last", "the last character", once(key, escaped(key, 52)))
    add("escape-key-all", "every character", once(key, escaped(key, *range(53))))
    add("escape-key-slash", "a slash, which needs no escape and is none of its characters", once(key, key[:-1] + "\\/"))
    add("escape-key-newline", "a line feed after it", once(key, key + "\\n"))
    add("escape-key-escaped", "a backslash escaped", once(key, "\\" + escaped(key, 0)))
    add(
        "escape-key-before-duplicate",
        "an escape comes before a repeated id",
        once(key, escaped(key, 20)).replace(good["roots"][1]["id"], good["roots"][0]["id"]),
    )
    add(
        "escape-key-before-check",
        "and before check values",
        once(key, escaped(key, 20)).replace(good["roots"][1]["check"], "00" * 8),
    )
    add(
        "escape-key-version-2",
        "the version comes before an escape",
        once(key, escaped(key, 20)).replace('"version": 1', '"version": 2'),
        "keyring_newer_version",
    )
    add("escape-state", "an escape in a state", once('"verify_only"', '"verify\\u005fonly"'), told)
    add("escape-id", "an escape in an id", once('"a1b2', '"\\u00611b2'), told)
    check = good["roots"][0]["check"]
    add("escape-check", "an escape in a check value", once(check, escaped(check, 0)), told)
    add("escape-deployment", "an escape in the deployment", once('"0001', '"\\u0030001'), told)
    add("escape-format", "an escape in the format", once("portward-keyring", "portward\\u002dkeyring"), told)
    add("escape-member", "an escape in the name of a member", once('"roots"', '"r\\u006fots"'), told)
    add("escape-member-key", "an escape in the name of the key, not in the key", once('"key"', '"k\\u0065y"'), told)
    add(
        "escape-member-repeated",
        "the key twice, once with an escape in its name",
        once('"key"', f'"k\\u0065y": "{key}", "key"'),
    )


def root_counts(subject):
    """1,024 roots; all but the last are destroyed, so that they are no work."""
    head = f'{{"format": "portward-keyring", "version": 1, "deployment": "{MAIN_ID.hex()}", "roots": ['
    gone = (
        '{"id": "%", "state": "destroyed", "created": 0, "last_active": null, "check": "0000000000000000", "key": null}'
    )
    last = keyring_value(names=["active"])["roots"][0]

    def add(name, comment, count, intended="keyring_malformed", *, head=head, gone=gone, **changes):
        parts = [
            {"text": head},
            {"repeat": gone + ", ", "times": count - 1},
            {"text": json.dumps({**last, **changes}) + "]}"},
        ]
        subject.add("keyring_file/" + name, comment, "keyring_file", intended, parts=parts)

    add(
        "roots-1024",
        "1,024 roots",
        1024,
        {"roots": [[f"{number:08x}", "destroyed"] for number in range(1023)] + [[last["id"], "active"]]},
    )
    add("roots-1025", "1,025 roots", 1025)
    same = gone.replace("%", "00000001")
    add("roots-1024-one-id", "1,024 roots of two ids", 1024, "keyring_duplicate_id", gone=same)
    add("roots-1025-one-id", "the limit comes before repeated ids", 1025, gone=same)
    retired = {"state": "retired"}
    add("roots-1024-none-active", "1,024 roots, none active", 1024, "keyring_no_active_root", **retired)
    add("roots-1025-none-active", "the limit comes before the active root", 1025, **retired)
    wrong = {"check": "00" * 8}
    add("roots-1024-check", "the check value of the last one differs", 1024, "keyring_check_mismatch", **wrong)
    add("roots-1025-check", "the limit comes before check values", 1025, **wrong)
    newer = head.replace('"version": 1', '"version": 2')
    add("roots-1025-version-2", "the version comes before the limit", 1025, "keyring_newer_version", head=newer)


def sealed_plaintexts(subject):
    """What is inside is read as strictly as a file."""
    keyring = json.dumps(keyring_value(names=["active"]))
    line = json.dumps(deployment_value(), separators=(",", ":"))
    salt = seeded("seal salt", 32)

    def add(name, comment, plaintext, intended="keyring_malformed", purpose="keyring"):
        value = files.seal(plaintext, PASSPHRASE, purpose, salt, COSTS)
        text = json.dumps(value)
        subject.add("sealed_keyring/" + name, comment, "sealed_keyring", intended, text=text, passphrase=PASSPHRASE)

    escaped_key = keyring.replace("pwk1_", "\\u0070wk1_")
    escaped_state = keyring.replace('"active"', '"\\u0061ctive"')
    add("plaintext-escape-key", "an escape in the key inside", escaped_key)
    add("plaintext-escape-state", "an escape elsewhere inside", escaped_state, OK)
    add(
        "recovery-escape-key",
        "an escape in the key of a recovery export",
        line + "\n" + escaped_key,
        purpose="recovery",
    )
    add("recovery-escape-state", "an escape elsewhere in it", line + "\n" + escaped_state, OK, "recovery")
    add("plaintext-utf-8-not", "a byte 0xff after the keyring inside", keyring.encode() + b"\xff")
    both = (line + "\n" + keyring).encode()
    add("recovery-utf-8-not-keyring", "after the keyring of a recovery export", both + b"\xff", purpose="recovery")
    add(
        "recovery-utf-8-not-deployment",
        "after its deployment",
        both.replace(b"\n", b"\xff\n"),
        "deployment_malformed",
        "recovery",
    )
    created = '"created": 1690000000'
    add("plaintext-created-0", "a time of 0 inside", keyring.replace(created, '"created": 0'), OK)
    add("plaintext-created-minus-0", "a time of minus zero inside", keyring.replace(created, '"created": -0'))
    twice = keyring[:-1] + ', "x": 1, "x": 1}'
    twice_newer = twice.replace('"version": 1', '"version": 2')
    add("plaintext-repeated", "a member twice inside", twice)
    add("plaintext-newer-repeated", "the same in a newer keyring", twice_newer, "keyring_newer_version")
    add("recovery-repeated", "in a recovery export", line + "\n" + twice, purpose="recovery")
    add(
        "recovery-newer-repeated",
        "in one of a newer keyring",
        line + "\n" + twice_newer,
        "keyring_newer_version",
        "recovery",
    )
    line_twice = line[:-1] + ',"x":1,"x":1}'
    add(
        "recovery-deployment-repeated",
        "in its deployment",
        line_twice + "\n" + keyring,
        "deployment_malformed",
        "recovery",
    )
    add(
        "recovery-deployment-newer-repeated",
        "in its deployment, a newer one",
        line_twice.replace('"version":1', '"version":2') + "\n" + keyring,
        "deployment_newer_version",
        "recovery",
    )
    good = files.seal(keyring, PASSPHRASE, "keyring", salt, COSTS)
    text = json.dumps(good)
    for member, at in (("purpose", 0), ("salt", 0), ("ciphertext", 5)):
        value = good[member]
        subject.add(
            "sealed_keyring/escape-" + member,
            "an escape in a string of the file itself",
            "sealed_keyring",
            {"purpose": "keyring", "plaintext": keyring},
            text=text.replace(f'"{value}"', f'"{value[:at]}\\u{ord(value[at]):04x}{value[at + 1 :]}"'),
            passphrase=PASSPHRASE,
        )
