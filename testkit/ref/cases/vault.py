"""Cases of spec/vault.md."""

import hashlib
import json

from portward_ref import aead, chunked, derive, envelope, vault
from portward_ref.derive import lp
from portward_ref.wire import b64u, u16, u32

from .common import MAIN_ID, OK, Subject, seeded
from .keys import file_bytes

MALFORMED, NEWER = "vault_malformed", "vault_newer_version"
WRONG_TENANT, AWAY, FAILED, MISMATCH = "vault_wrong_tenant", "kek_unavailable", "unwrap_failed", "key_check_mismatch"

# With digits and letters, both in the first place and in the last of some byte.
VAULT = bytes.fromhex("0a1b2c3d4e5f60718293a4b5c6d7e8f9")
OTHER_VAULT = bytes.fromhex("f90a1b2c3d4e5f60718293a4b5c6d7e8")
KEY_ID = bytes.fromhex("b0c1d2e3f405162738495a6b7c8d9eaf")
OTHER_KEY_ID = bytes.fromhex("afb0c1d2e3f405162738495a6b7c8d9e")
TENANT, OTHER_TENANT = "acme", "globex"
NAME = "portward.cache"
DATA_KEY, OTHER_DATA_KEY = seeded("vault data key", 32), seeded("vault data key two", 32)
DEVICE_KEY, OTHER_DEVICE_KEY = seeded("vault device key", 32), seeded("vault device key two", 32)
DEVICE = vault.Device(DEVICE_KEY)
GOOD_DEVICE = {"key": DEVICE_KEY.hex()}
GONE, LOCKED, FAILING = {"refuses": True}, {"unavailable": True}, {"fails": True}

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def gives(data):
    return {"gives": data.hex()}


def sha256(data):
    return hashlib.sha256(data).digest()


def head_of(name=NAME, kind=0x20, version=0):
    return envelope.slot_head(kind, name.encode() if isinstance(name, str) else name, version)


def slot_of(wrapped, head=None, m=None):
    return (head_of() if head is None else head) + u16(len(wrapped) if m is None else m) + wrapped


def binding(vault_id=VAULT, tenant=TENANT, key_id=KEY_ID, head=None, label="portward/v1/wrap-data", scope="vault:objects"):
    """Written out, each part by itself."""
    return (lp(label.encode()) + lp(vault_id) + lp(tenant.encode()) + lp(scope.encode()) + lp(key_id)
            + lp(head_of() if head is None else head))


def wrapped_of(aad=None, data_key=DATA_KEY, iv=None, key=DEVICE_KEY):
    iv = seeded("vault iv", 12) if iv is None else iv
    return iv + aead.seal(key, iv, data_key, binding() if aad is None else aad)


def the_iv():
    """One whose slot shows both characters of base64url that base64 has not."""
    ivs = (seeded(f"vault iv {number}", 12) for number in range(999))
    return next(iv for iv in ivs if {"-", "_"} <= set(b64u(slot_of(wrapped_of(iv=iv)))))


IV = the_iv()
WRAPPED = wrapped_of(iv=IV)
SLOT = slot_of(WRAPPED)
CHECK = derive.derive(DATA_KEY, VAULT, "portward/v1/key-check", KEY_ID)[:8]
GOOD = vault.value(VAULT, TENANT, KEY_ID, CHECK, SLOT)
assert len(SLOT) % 3  # so that the last character of its text has unused bits
# The makers above and that of the reference agree.
assert GOOD == vault.make(VAULT, TENANT, KEY_ID, DATA_KEY, NAME, DEVICE, IV)

TOLD = {"vault": VAULT.hex(), "tenant": TENANT, "data_key": KEY_ID.hex(), "check": CHECK.hex(), "key_name": NAME,
        "wrapped": WRAPPED.hex()}


def with_slot(slot, **changes):
    return {**GOOD, **changes, "slot": b64u(slot)}


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value)


# --- objects -----------------------------------------------------------------------------------

PAIRS = [["tenant", TENANT], ["name", "files.content"], ["id", "7f3a"], ["x-version", "3"]]
PLAIN = seeded("vault plaintext", 100)
LONG = seeded("vault long", 33) * 1000  # two whole chunks and a third that is short
SALT = seeded("vault salt", 24)


def sealed(plaintext=PLAIN, vault_id=VAULT, key_id=KEY_ID, data_key=DATA_KEY, pairs=PAIRS, slots=()):
    return envelope.seal(vault_id, key_id, data_key, envelope.Context(pairs), SALT, plaintext, list(slots))


def digest(data):
    return {"length": len(data), "sha256": sha256(data).hex()}


OBJECT = sealed()
assert len(LONG) == 2 * 16_384 + 232


def build():
    subject = Subject("vault", {"objects": {"good": OBJECT.hex(), "long": sealed(LONG).hex()}})
    goods(subject)
    file_bytes(subject, "vault_file", "vault", json.dumps(GOOD), 16_384, TENANT + '"')
    members(subject)
    formats(subject)
    hexes(subject)
    tenants(subject)
    names(subject)
    slots(subject)
    slot_texts(subject)
    opening(subject)
    bindings(subject)
    wrappings(subject)
    given(subject)
    checks(subject)
    swaps(subject)
    orders(subject)
    objects(subject)
    contexts(subject)
    other_keys(subject)
    object_orders(subject)
    records(subject)
    ranges(subject)
    making(subject)
    return subject


def file(subject, name, comment, value, intended):
    """OK means the usual vault, a dictionary what is told of another in the place of that."""
    if intended is OK:
        intended = TOLD
    elif isinstance(intended, dict):
        intended = {**TOLD, **intended}
    subject.add("vault_file/" + name, comment, "vault_file", intended, text=text_of(value))


def opens(subject, name, comment, value, intended, device=GOOD_DEVICE, tenant=TENANT):
    if intended is OK:
        intended = {"check": CHECK.hex()}
    subject.add("vault_open/" + name, comment, "vault_open", intended, text=text_of(value), tenant=tenant, device=device)


def takes(subject, name, comment, data, intended, pairs=PAIRS, value=GOOD, device=GOOD_DEVICE, tenant=TENANT, op="vault_object", **more):
    """`data`: an object, or the edits of the good one; OK means the usual plaintext."""
    if intended is OK:
        intended = digest(PLAIN)
    if isinstance(data, (bytes, bytearray)):
        data = bytes(data).hex()
    elif isinstance(data, list):
        data = {"base": "good", "edits": data}
    subject.add(f"{op}/{name}", comment, op, intended, text=text_of(value), tenant=tenant, device=device,
                context=pairs, object=data, **more)


# --- files that are read -----------------------------------------------------------------------

def goods(subject):
    file(subject, "good", "a vault", GOOD, OK)
    file(subject, "good-order", "members in another order", dict(reversed(GOOD.items())), OK)
    file(subject, "good-indented", "with line breaks and white space around", "\r\n\t" + json.dumps(GOOD, indent=4) + "\n", OK)
    for member, item in GOOD.items():
        text = json.dumps(GOOD).replace(f'"{member}"', f'"\\u{ord(member[0]):04x}{member[1:]}"', 1)
        file(subject, "escape-name-" + member, "an escape in the name of " + member, text, OK)
        if member != "version":
            text = json.dumps(GOOD).replace(f': "{item}"', f': "{item[:3]}\\u{ord(item[3]):04x}{item[4:]}"', 1)
            file(subject, "escape-" + member, "an escape in the text of " + member, text, OK)


def members(subject):
    for member, item in GOOD.items():
        rest = {name: other for name, other in GOOD.items() if name != member}
        file(subject, "missing-" + member, member + " is missing", rest, MALFORMED)
        if member != "slot":  # which is among the cases of bytes
            file(subject, "repeated-" + member, member + " twice, the same",
                 f'{json.dumps(GOOD)[:-1]}, {json.dumps({member: item})[1:]}', MALFORMED)
        for name, value in (("null", None), ("number", 7)):
            if (member, name) != ("version", "number"):
                file(subject, f"type-{member}-{name}", f"{member}: {name}", {**GOOD, member: value}, MALFORMED)
    for name, value in (("deployment", MAIN_ID.hex()), ("scope", vault.SCOPE), ("slots", [b64u(SLOT)]), ("", None)):
        file(subject, "unknown-" + (name or "nameless"), f"a member `{name}` more", {**GOOD, name: value}, MALFORMED)
    for name, text in (("list", json.dumps([GOOD])), ("nothing", ""), ("cut", json.dumps(GOOD)[:-1]), ("object", "{}"),
                       ("comma", json.dumps(GOOD)[:-1] + ",}"), ("two", json.dumps(GOOD) + "{}")):
        file(subject, "whole-" + name, "another file: " + name, text, MALFORMED)


def formats(subject):
    for name, text in (("keyring", "portward-keyring"), ("upper", "Portward-Vault"), ("space", "portward-vault ")):
        file(subject, "format-" + name, "another format", {**GOOD, "format": text}, MALFORMED)
        file(subject, f"format-{name}-version-2", "and a newer version of it", {**GOOD, "format": text, "version": 2}, MALFORMED)
    for name, text, intended in (("1", "1", OK), ("2", "2", NEWER), ("0", "0", MALFORMED), ("1-0", "1.0", MALFORMED), ("2-0", "2.0", MALFORMED),
                                 ("2e0", "2e0", MALFORMED), ("text-2", '"2"', MALFORMED), ("true", "true", MALFORMED)):
        file(subject, "version-is-" + name, "version " + text, json.dumps(GOOD).replace('"version": 1', '"version": ' + text), intended)
    only = {"format": vault.FORMAT, "version": 2}
    file(subject, "version-2-alone", "nothing but a newer version", only, NEWER)
    file(subject, "version-2-slot", "the version comes before the slot", {**GOOD, "version": 2, "slot": ""}, NEWER)
    file(subject, "version-2-members", "and before what other members are", {**GOOD, "version": 2, "tenant": 1, "more": 1}, NEWER)


def hexes(subject):
    for member in ("vault", "data_key", "check"):
        text, label = GOOD[member], member.replace("_", "-")
        file(subject, f"{label}-zeros", member + " of zeros", {**GOOD, member: "0" * len(text)}, {member: "0" * len(text)})
        for name, comment, other in (("upper", "in upper case", text.upper()), ("cut", "a byte less", text[:-2]),
                                     ("more", "a byte more", text + "00"), ("odd", "a digit less", text[:-1]), ("empty", "without a digit", ""),
                                     ("space", "a line feed after it", text + "\n"), ("letter", "a letter that is no digit", text[:-1] + "g")):
            if member == "vault" or name in ("upper", "cut", "more"):
                file(subject, f"{label}-{name}", f"{member} {comment}", {**GOOD, member: other}, MALFORMED)
    text = GOOD["vault"]
    file(subject, "vault-hyphens", "vault as a UUID", {**GOOD, "vault": f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"}, MALFORMED)
    file(subject, "vault-base64url", "vault as base64url", {**GOOD, "vault": b64u(VAULT)}, MALFORMED)
    file(subject, "vault-is-data-key", "vault and data key of one id", {**GOOD, "vault": KEY_ID.hex()}, {"vault": KEY_ID.hex()})


def tenants(subject):
    uuid = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
    for name, comment, text in (("uuid", "a UUID", uuid), ("number", "a number", "42"), ("0", "zero", "0"), ("leading-zero", "digits that are no number", "007"),
                                ("64", "64 characters", "t" * 64), ("1", "one character", "!"), ("upper", "upper case", "ACME"),
                                ("quotes", "characters that JSON escapes", '\\"'), ("scope", "the text of the scope", vault.SCOPE)):
        file(subject, "tenant-" + name, comment, {**GOOD, "tenant": text}, {"tenant": text})
    for name, comment, text in (
        ("empty", "no character", ""), ("65", "65 characters", "t" * 65), ("space", "a space after it", "acme "), ("newline", "a line feed after it", "acme\n"),
        ("delete", "a control character", "acme\x7f"), ("letter", "a letter that is not ASCII", "acm\u00e9"), ("nul", "a zero byte", "acme\x00"),
        ("uuid-upper", "a UUID in upper case", uuid.upper()), ("uuid-braces", "a UUID in braces", "{" + uuid + "}"), ("uuid-urn", "a UUID as a URN", "urn:uuid:" + uuid),
        ("uuid-plain", "a UUID without hyphens", uuid.replace("-", "")), ("digits-32", "32 digits, a spelling of a UUID", "1" * 32),
        ("half", "half a character", "acme\ud800"),
    ):
        file(subject, "tenant-" + name, comment, {**GOOD, "tenant": text}, MALFORMED)


# --- slots -------------------------------------------------------------------------------------

def names(subject):
    for name, comment, text in (
        ("1", "one byte", "k"), ("64", "64 bytes", "k" * 64), ("letters", "letters that are not ASCII", "schl\u00fcssel"), ("64-letters", "32 letters of 64 bytes", "\u00e9" * 32),
        ("four-bytes", "a character of four bytes", "\U0001f511"), ("last", "the last character there is", "\U0010ffff"), ("decomposed", "a letter and its accent apart", "cle\u0301"),
        ("nul", "a zero byte", "a\x00b"), ("space", "white space around", " k\n"), ("bom", "a byte order mark, which stays", "\ufeffk"),
    ):
        file(subject, "key-name-" + name, "the name: " + comment, with_slot(slot_of(WRAPPED, head_of(text))), {"key_name": text})
    for name, comment, raw in (
        ("0", "no byte", b""), ("65", "65 bytes", b"k" * 65), ("65-letters", "33 characters of 65 bytes", "\u00e9".encode() * 32 + b"k"), ("255", "255 bytes", b"k" * 255),
        ("byte-ff", "a byte 0xff", b"k\xff"), ("latin-1", "a character of Latin-1", b"schl\xfcssel"), ("cut", "a character cut off", b"k\xc3"), ("rest", "the rest of a character", b"\x80"),
        ("overlong", "a slash in two bytes", b"\xc0\xaf"), ("overlong-nul", "a zero byte in two", b"\xc0\x80"), ("surrogate", "a surrogate", b"\xed\xa0\x80"),
        ("surrogates", "a character as two surrogates", b"\xed\xa0\xbd\xed\xb4\x91"), ("above", "a character above U+10FFFF", b"\xf4\x90\x80\x80"),
    ):
        file(subject, "key-name-" + name, "the name: " + comment, with_slot(slot_of(WRAPPED, head_of(raw))), MALFORMED)


def slots(subject):
    def one(name, comment, slot, intended=MALFORMED):
        file(subject, "slot-" + name, comment, with_slot(slot), intended)

    for kind in (0x00, 0x01, 0x02, 0x03, 0x10, 0x1F, 0x21, 0xFF):
        # As the table of envelope.md wants it, so that nothing but the type is at fault.
        kek_id, version, wrapped = {0x01: (bytes(16), 1, bytes(72)), 0x03: (bytes(4), 1, bytes(72))}.get(kind, (NAME.encode(), 0, WRAPPED))
        one(f"type-{kind:02x}", f"of type 0x{kind:02x}", slot_of(wrapped, head_of(kek_id, kind, version)))
    for version in (1, 256, 2**24, 2**31, 2**32 - 1):
        one(f"version-{version}", f"version {version}", slot_of(WRAPPED, head_of(version=version)))
    for length in (1, 59, 61, 64, 255, 256, 6143, 6144):
        data = (seeded("vault blob", 32) * 192)[:length]
        one(f"wrapped-{length}", f"{length} bytes wrapped", slot_of(data), {"wrapped": data.hex()})
    one("wrapped-0", "nothing wrapped", slot_of(b""))
    one("wrapped-6145", "6,145 bytes wrapped", slot_of(bytes(6145)))
    one("cut", "a byte less", SLOT[:-1])
    one("more", "a byte more", SLOT + b"\x00")
    one("twice", "two slots", SLOT + SLOT)
    one("m-less", "the length a byte short", slot_of(WRAPPED, m=59))
    one("m-more", "the length a byte too long", slot_of(WRAPPED, m=61))
    one("m-little-endian", "the length in the other order", slot_of(WRAPPED, m=60 << 8))
    one("n-less", "the length of the name a byte short", bytes([0x20, len(NAME) - 1]) + SLOT[2:])
    one("n-more", "the length of the name a byte too long", bytes([0x20, len(NAME) + 1]) + SLOT[2:])
    for count in (1, 2, len(NAME) + 2, len(NAME) + 6, len(NAME) + 8):
        one(f"cut-{count}", f"the first {count} bytes", SLOT[:count])
    one("wrapped-only", "what is wrapped, without a head", WRAPPED)
    one("embedded", "with a number of slots before it, as in an object", b"\x01" + SLOT)


def slot_texts(subject):
    text = GOOD["slot"]
    assert len(text) % 4 and {"-", "_"} <= set(text)
    pad = "=" * (-len(text) % 4)
    last = text[:-1] + LETTERS[LETTERS.index(text[-1]) ^ 1]
    for name, comment, other in (
        ("empty", "no character", ""), ("padding", "with padding", text + pad), ("base64", "as base64", text.replace("-", "+").replace("_", "/")),
        ("unused-bits", "an unused bit that is set", last), ("newline", "a line feed after it", text + "\n"), ("space", "a space inside", text[:8] + " " + text[8:]),
        ("remainder", "a length that no bytes have", text + "A" * (-len(text) % 4 + 1)), ("hex", "as hexadecimal digits", SLOT.hex()), ("letter", "a letter that is not ASCII", "\u00e9" + text[1:]),
    ):
        file(subject, "slot-text-" + name, "the slot: " + comment, {**GOOD, "slot": other}, MALFORMED)


# --- opening -----------------------------------------------------------------------------------

def opening(subject):
    opens(subject, "good", "a vault and its device's key", GOOD, OK)
    for name, device, intended, comment in (("unavailable", LOCKED, AWAY, "the device is locked"), ("gone", GONE, FAILED, "the key is gone"),
                                            ("failing", FAILING, AWAY, "the key store fails, and does not say that the key is gone"),
                                            ("other-key", {"key": OTHER_DEVICE_KEY.hex()}, FAILED, "another key of that name"),
                                            ("data-key", {"key": DATA_KEY.hex()}, FAILED, "the data key in the place of the device's")):
        opens(subject, name, comment, GOOD, intended, device)
    for name, comment, tenant in (("other", "another tenant", OTHER_TENANT), ("upper", "in upper case", "ACME"), ("longer", "a longer one", "acme2"),
                                  ("shorter", "a shorter one", "acm")):
        opens(subject, "tenant-" + name, "the application expects another tenant: " + comment, GOOD, WRONG_TENANT, tenant=tenant)
    for name, tenant in (("uuid", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"), ("number", "42"), ("64", "t" * 64)):
        value = with_slot(slot_of(wrapped_of(binding(tenant=tenant))), tenant=tenant)
        opens(subject, "tenant-" + name, "a vault of a tenant of another form", value, OK, tenant=tenant)
    opens(subject, "tenant-leading-zero", "042 is another tenant than 42", value | {"tenant": "42"}, WRONG_TENANT, tenant="042")
    text = json.dumps(GOOD).replace('"acme"', '"\\u0061cme"')
    opens(subject, "tenant-escaped", "the tenant written with an escape", text, OK)
    for name, text in (("letters", "schl\u00fcssel"), ("64", "k" * 64), ("1", "k"), ("nul", "a\x00b"), ("bom", "\ufeffk")):
        opens(subject, "key-name-" + name, "a key of another name", with_slot(slot_of(wrapped_of(binding(head=head_of(text))), head_of(text))), OK)
    name, other = "cl\u00e9", "cle\u0301"
    opens(subject, "key-name-composed", "a letter with its accent", with_slot(slot_of(wrapped_of(binding(head=head_of(name))), head_of(name))), OK)
    opens(subject, "key-name-decomposed", "bound composed, named decomposed", with_slot(slot_of(wrapped_of(binding(head=head_of(name))), head_of(other))), FAILED)


def bindings(subject):
    def one(name, comment, aad, intended=FAILED):
        opens(subject, "binding-" + name, comment, with_slot(slot_of(wrapped_of(aad))), intended)

    right = binding()
    one("good", "bound as on the page", right, OK)
    one("vault", "bound to another vault", binding(vault_id=OTHER_VAULT))
    one("deployment", "bound to a deployment", binding(vault_id=MAIN_ID))
    one("vault-hex", "bound to the digits of the vault", binding(vault_id=VAULT.hex().encode()))
    one("tenant", "bound to another tenant", binding(tenant=OTHER_TENANT))
    one("tenant-wire", "bound to the wire form of the tenant", binding(tenant="\x00\x04acme"))
    one("data-key", "bound to another data key", binding(key_id=OTHER_KEY_ID))
    one("ids-swapped", "bound with vault and data key swapped", binding(vault_id=KEY_ID, key_id=VAULT))
    for scope in ("vault:object", "vault", "vault:", "file:objects", "vault:" + TENANT, "vault:files.content"):
        one("scope-" + scope.replace(":", "-").replace(".", "-"), "bound to the scope " + scope, binding(scope=scope))
    one("scope-none", "bound to no scope", right.replace(lp(b"vault:objects"), b""))
    one("label-kek", "with the label of tenant KEKs", binding(label="portward/v1/wrap-kek"))
    one("label-keyring", "with the label of keyrings", binding(label="portward/v1/wrap-keyring"))
    one("label-vault", "with a label of its own", binding(label="portward/v1/wrap-vault"))
    one("head-name", "bound to another name", binding(head=head_of("portward.cachf")))
    one("head-type", "bound to another type", binding(head=head_of(kind=0x02)))
    one("head-version", "bound to another version", binding(head=head_of(version=1)))
    one("head-m", "bound to the head with the length of what is wrapped", binding(head=head_of() + u16(60)))
    one("head-none", "bound to no head", binding(head=b""))
    one("empty", "bound to nothing", b"")
    one("hash", "the hash of the binding as AAD", sha256(right))
    one("hex", "the digits of the binding as AAD", right.hex().encode())
    one("no-lengths", "without lengths", b"portward/v1/wrap-data" + VAULT + b"acme" + b"vault:objects" + KEY_ID + head_of())
    one("lp-32", "lengths of four bytes",
        b"".join(u32(len(part)) + part for part in (b"portward/v1/wrap-data", VAULT, b"acme", b"vault:objects", KEY_ID, head_of())))
    one("cut", "a byte less", right[:-1])
    one("more", "a byte more", right + b"\x00")


def wrappings(subject):
    def one(name, comment, wrapped, intended=FAILED, device=GOOD_DEVICE):
        opens(subject, "wrapped-" + name, comment, with_slot(slot_of(wrapped)), intended, device)

    good, aad = wrapped_of(iv=bytes(12)), binding()
    one("iv-zeros", "an IV of zeros", good, OK)
    for at, label in ((0, "IV"), (11, "IV"), (12, "data key"), (43, "data key"), (44, "tag"), (59, "tag")):
        one(f"flipped-{at}", f"a bit of the {label}", WRAPPED[:at] + bytes([WRAPPED[at] ^ 1]) + WRAPPED[at + 1:])
    one("cut", "a byte of the tag less", WRAPPED[:-1])
    one("more", "a byte more", WRAPPED + b"\x00")
    one("1", "one byte", b"\x00")
    one("27", "too short for IV and tag", WRAPPED[:27])
    one("28", "IV and tag of nothing", wrapped_of(data_key=b"", iv=IV))
    one("28-not", "28 bytes that do not authenticate", WRAPPED[:28])
    one("6144", "6,144 bytes", WRAPPED + bytes(6144 - 60))
    one("iv-last", "the IV at the end", WRAPPED[12:] + WRAPPED[:12])
    one("tag-first", "the tag before the data key", WRAPPED[:12] + WRAPPED[44:] + WRAPPED[12:44])
    one("plain", "the data key itself", DATA_KEY)
    one("iv-length", "with a byte that is the length of the IV before it", b"\x0c" + WRAPPED)
    for length in (16, 31, 33):
        one(f"key-{length}", f"a data key of {length} bytes", wrapped_of(data_key=(DATA_KEY + b"\x00")[:length]))
    one("hashed", "data key and hash of the binding, with AAD", wrapped_of(data_key=DATA_KEY + sha256(aad)))
    one("hashed-no-aad", "the same without AAD, which this key store takes", wrapped_of(b"", data_key=DATA_KEY + sha256(aad)))
    one("other-data-key", "another data key, well wrapped", wrapped_of(data_key=OTHER_DATA_KEY), MISMATCH)


def given(subject):
    blob = with_slot(slot_of(b"w"))

    def one(name, comment, data, intended=FAILED, value=blob):
        opens(subject, "gives-" + name, "the key store gives " + comment, value, intended, gives(data))

    one("good", "the data key", DATA_KEY, OK)
    one("good-6144", "the data key, for a long blob", DATA_KEY, OK, with_slot(slot_of(bytes(6144))))
    for length in (0, 1, 16, 31):
        one(f"{length}", f"{length} bytes of it", DATA_KEY[:length])
    one("33", "a byte more", DATA_KEY + b"\x00")
    one("33-before", "a byte more before it", b"\x00" + DATA_KEY)
    one("64-hash", "data key and hash, which it had to compare itself", DATA_KEY + sha256(binding()))
    one("64-twice", "the data key twice", DATA_KEY * 2)
    one("64-hex", "its digits", DATA_KEY.hex().encode())
    one("6144", "6,144 bytes", DATA_KEY * 192)
    one("other", "another data key", OTHER_DATA_KEY, MISMATCH)
    one("zeros", "32 zeros", bytes(32), MISMATCH)
    one("flipped", "one with another bit", DATA_KEY[:-1] + bytes([DATA_KEY[-1] ^ 1]), MISMATCH)
    one("reversed", "it in the other order", DATA_KEY[::-1], MISMATCH)
    one("hash", "the hash of the binding", sha256(binding()), MISMATCH)
    # What only the binding tells, which this key store does not look at.
    one("name", "the data key under another name", DATA_KEY, OK, with_slot(slot_of(b"w", head_of("other"))))
    one("vault", "the data key, and the vault is another one", DATA_KEY, MISMATCH, {**blob, "vault": OTHER_VAULT.hex()})
    one("data-key-id", "the data key, and its id is another one", DATA_KEY, MISMATCH, {**blob, "data_key": OTHER_KEY_ID.hex()})


def checks(subject):
    def one(name, comment, check, intended=MISMATCH):
        opens(subject, "check-" + name, comment, {**GOOD, "check": check.hex()}, intended)

    def derived(key=DATA_KEY, vault_id=VAULT, label="portward/v1/key-check", part=KEY_ID):
        return derive.derive(key, vault_id, label, *([part] if part is not None else []))

    one("good", "the check value of the page", derived()[:8], OK)
    for at in (0, 7):
        one(f"flipped-{at}", f"a bit of byte {at}", CHECK[:at] + bytes([CHECK[at] ^ 0x80 >> at]) + CHECK[at + 1:])
    one("zeros", "zeros", bytes(8))
    one("last", "the last 8 bytes of what is derived", derived()[-8:])
    one("second", "the second 8 bytes", derived()[8:16])
    one("vault", "of another vault", derived(vault_id=OTHER_VAULT)[:8])
    one("deployment", "of a deployment", derived(vault_id=MAIN_ID)[:8])
    one("id", "of another id", derived(part=OTHER_KEY_ID)[:8])
    one("id-vault", "of the vault's id in its place", derived(part=VAULT)[:8])
    one("no-id", "of no id", derived(part=None)[:8])
    one("label", "with the label of roots", derived(label="portward/v1/root-check")[:8])
    one("device", "of the device's key", derived(DEVICE_KEY)[:8])
    one("other", "of another data key", derived(OTHER_DATA_KEY)[:8])


def swaps(subject):
    """Two vaults under one key of one device."""
    def another(vault_id=OTHER_VAULT, tenant=TENANT, key_id=OTHER_KEY_ID, data_key=OTHER_DATA_KEY, name=NAME):
        return vault.make(vault_id, tenant, key_id, data_key, name, DEVICE, seeded("vault iv other", 12))

    def check(value):
        return {"check": value["check"]}

    second = another()
    opens(subject, "swap-second", "the second vault as it is", second, check(second))
    for members, intended in ((("vault",), FAILED), (("data_key",), FAILED), (("slot",), FAILED), (("check",), MISMATCH), (("slot", "check"), FAILED),
                              (("slot", "check", "data_key"), FAILED), (("slot", "check", "vault"), FAILED), (("data_key", "vault"), FAILED)):
        opens(subject, "swap-" + "-".join(members).replace("_", "-"), "of the second: " + ", ".join(members), {**GOOD, **{name: second[name] for name in members}}, intended)
    opens(subject, "swap-all", "all of them: the second vault", {**GOOD, **second}, check(second))
    theirs = another(VAULT, OTHER_TENANT, KEY_ID, DATA_KEY)
    opens(subject, "swap-tenant-theirs", "the same vault of another tenant", theirs, check(theirs), tenant=OTHER_TENANT)
    opens(subject, "swap-tenant-file", "which is not the one expected", theirs, WRONG_TENANT)
    opens(subject, "swap-tenant-renamed", "and has the expected one written into it", {**theirs, "tenant": TENANT}, FAILED)
    older = another(VAULT, TENANT, KEY_ID, DATA_KEY)
    opens(subject, "swap-slot-older", "another slot of the same data key", {**GOOD, "slot": older["slot"]}, OK)
    named = another(VAULT, TENANT, KEY_ID, DATA_KEY, "portward.other")
    opens(subject, "swap-slot-named", "and one under a key of another name", {**GOOD, "slot": named["slot"]}, OK)
    opens(subject, "swap-name", "its name over what is wrapped under the first", with_slot(slot_of(WRAPPED, head_of("portward.other"))), FAILED)


def orders(subject):
    broken = with_slot(slot_of(WRAPPED[:-1] + bytes([WRAPPED[-1] ^ 1])))
    check = {**GOOD, "check": "00" * 8}
    other = {"key": OTHER_DEVICE_KEY.hex()}
    newer, malformed = {**GOOD, "version": 2}, {**GOOD, "slot": ""}

    def one(name, comment, value, intended, device=GOOD_DEVICE, tenant=TENANT):
        opens(subject, "order-" + name, comment, value, intended, device, tenant)

    one("newer-tenant", "a newer version, another tenant", newer, NEWER, tenant=OTHER_TENANT)
    one("newer-unavailable", "a newer version, a locked device", newer, NEWER, LOCKED)
    one("malformed-tenant", "a malformed slot, another tenant", malformed, MALFORMED, tenant=OTHER_TENANT)
    one("malformed-check-tenant", "a malformed check value, another tenant", {**GOOD, "check": ""}, MALFORMED, tenant=OTHER_TENANT)
    one("malformed-name-unavailable", "a name that is no text, a locked device", with_slot(slot_of(WRAPPED, head_of(b"\xff"))), MALFORMED, LOCKED)
    one("malformed-unavailable", "a malformed slot, a locked device", malformed, MALFORMED, LOCKED)
    one("malformed-gone", "a malformed slot, a key that is gone", malformed, MALFORMED, GONE)
    one("tenant-unavailable", "another tenant, a locked device", GOOD, WRONG_TENANT, LOCKED, OTHER_TENANT)
    one("tenant-gone", "another tenant, a key that is gone", GOOD, WRONG_TENANT, GONE, OTHER_TENANT)
    one("tenant-unwrap", "another tenant, what does not unwrap", broken, WRONG_TENANT, tenant=OTHER_TENANT)
    one("tenant-length", "another tenant, 31 bytes", GOOD, WRONG_TENANT, gives(DATA_KEY[:31]), OTHER_TENANT)
    one("tenant-check", "another tenant, another check value", check, WRONG_TENANT, tenant=OTHER_TENANT)
    one("unavailable-unwrap", "a locked device, what does not unwrap", broken, AWAY, LOCKED)
    one("unavailable-short", "a locked device, less than an IV", with_slot(slot_of(b"w")), AWAY, LOCKED)
    one("unavailable-check", "a locked device, another check value", check, AWAY, LOCKED)
    one("gone-check", "a key that is gone, another check value", check, FAILED, GONE)
    one("malformed-failing", "a malformed slot, a key store that fails", malformed, MALFORMED, FAILING)
    one("tenant-failing", "another tenant, a key store that fails", GOOD, WRONG_TENANT, FAILING, OTHER_TENANT)
    one("failing-unwrap", "a key store that fails, what does not unwrap", broken, AWAY, FAILING)
    one("failing-check", "a key store that fails, another check value", check, AWAY, FAILING)
    one("unwrap-check", "what does not unwrap, another check value", {**broken, "check": "00" * 8}, FAILED)
    one("key-check", "another key of the device, another check value", check, FAILED, other)
    one("length-check", "31 bytes, another check value", check, FAILED, gives(DATA_KEY[:31]))
    one("long-check", "33 bytes, another check value", check, FAILED, gives(DATA_KEY + b"\x00"))


# --- objects -----------------------------------------------------------------------------------

def objects(subject):
    good, long = {"base": "good", "edits": []}, {"base": "long", "edits": []}
    takes(subject, "good", "an object of the vault", good, OK)
    takes(subject, "good-long", "one of three chunks", long, digest(LONG))
    takes(subject, "good-empty", "one of nothing", sealed(b""), digest(b""))
    takes(subject, "good-gives", "under a key store that gives the data key", good, OK, device=gives(DATA_KEY))
    assert len(OBJECT) == 20 + 56 + 116
    for name, comment, edits, intended in (
        ("magic", "no object", [{"xor": [0, "01"]}], "not_an_envelope"), ("nothing", "no byte", [{"cut": 0}], "not_an_envelope"), ("version", "another version", [{"xor": [1, "03"]}], "unknown_version"),
        ("suite", "another suite", [{"xor": [2, "03"]}], "unknown_suite"), ("kind", "another kind", [{"xor": [3, "02"]}], "unknown_kind"), ("header-cut", "a header cut off", [{"cut": 19}], "header_malformed"),
        ("header-only", "nothing but a header", [{"cut": 20}], "body_truncated"), ("salt", "a bit of the salt", [{"xor": [20, "01"]}], "wrong_commitment"), ("commitment", "a bit of the commitment", [{"xor": [75, "80"]}], "wrong_commitment"),
        ("chunk", "a bit of the chunk", [{"xor": [76, "01"]}], "chunk_forged"), ("tag", "a bit of the tag", [{"xor": [191, "01"]}], "chunk_forged"), ("cut", "a byte less", [{"cut": 191}], "chunk_forged"),
        ("more", "a byte more", [{"append": "00"}], "chunk_forged"), ("cut-15", "fewer bytes than a tag", [{"cut": 91}], "body_truncated"), ("cut-75", "55 bytes of body", [{"cut": 75}], "body_truncated"),
    ):
        takes(subject, name, comment, edits, intended)
    chunk = 16_400
    for name, comment, edits, intended in (
        ("long-last", "a bit of the last chunk", [{"xor": [76 + 2 * chunk, "01"]}], "chunk_forged"), ("long-cut", "cut behind a chunk", [{"cut": 76 + chunk}], "body_truncated"),
        ("long-swap", "two chunks swapped", [{"swap": [76, 76 + chunk, 76 + chunk, 76 + 2 * chunk]}], "chunk_forged"),
    ):
        takes(subject, name, comment, {"base": "long", "edits": edits}, intended)


def contexts(subject):
    def one(name, comment, pairs, intended):
        takes(subject, "context-" + name, comment, {"base": "good", "edits": []}, intended, pairs)

    def changed(at, value):
        return [[key, value if number == at else old] for number, (key, old) in enumerate(PAIRS)]

    one("order", "pairs in another order", PAIRS[::-1], OK)
    one("name", "another name", changed(1, "files.thumbnail"), "wrong_commitment")
    one("id", "another id", changed(2, "7f3b"), "wrong_commitment")
    one("pair", "another value of a pair of the application's", changed(3, "2"), "wrong_commitment")
    one("no-pair", "without it", PAIRS[:3], "wrong_commitment")
    one("more", "with one more", [*PAIRS, ["x-more", "1"]], "wrong_commitment")
    one("tenant", "another tenant", changed(0, OTHER_TENANT), "wrong_tenant")
    one("key", "a key of another form", [*PAIRS, ["scope", vault.SCOPE]], "context_key")
    one("value", "an id of nothing", changed(2, ""), "context_value")
    one("incomplete", "no id", [PAIRS[0], PAIRS[1], PAIRS[3]], "context_incomplete")
    takes(subject, "context-few", "an object without pairs of the application's", sealed(pairs=PAIRS[:3]), OK, PAIRS[:3])
    theirs = [["tenant", OTHER_TENANT], *PAIRS[1:]]
    takes(subject, "context-tenant-theirs", "an object of another tenant under this data key", sealed(pairs=theirs), "wrong_tenant", theirs)
    takes(subject, "context-tenant-theirs-ours", "opened as the vault's tenant", sealed(pairs=theirs), "wrong_commitment")


def other_keys(subject):
    def one(name, comment, data, intended):
        takes(subject, "key-" + name, comment, data, intended)

    one("vault", "sealed with the id of another vault", sealed(vault_id=OTHER_VAULT), "wrong_commitment")
    one("deployment", "sealed with the id of a deployment", sealed(vault_id=MAIN_ID), "wrong_commitment")
    one("other", "sealed under another data key with this id", sealed(data_key=OTHER_DATA_KEY), "wrong_commitment")
    one("device", "sealed under the device's key", sealed(data_key=DEVICE_KEY), "wrong_commitment")
    bound = envelope.body_keys(VAULT, KEY_ID, DATA_KEY, envelope.Context(PAIRS))[1]
    one("bare", "sealed under the data key itself, nothing derived", OBJECT[:20] + chunked.seal(DATA_KEY, SALT, bound, PLAIN), "wrong_commitment")
    one("renamed", "an object of this vault that names another data key", [{"delete": [4, 20]}, {"insert": [4, OTHER_KEY_ID.hex()]}], "unknown_data_key")
    one("unknown", "an object of another data key", sealed(key_id=OTHER_KEY_ID, data_key=OTHER_DATA_KEY), "unknown_data_key")
    one("unknown-vault", "an object of another vault", sealed(vault_id=OTHER_VAULT, key_id=OTHER_KEY_ID, data_key=OTHER_DATA_KEY), "unknown_data_key")
    one("vault-id", "an object that names the vault's id", [{"delete": [4, 20]}, {"insert": [4, VAULT.hex()]}], "unknown_data_key")
    one("wrong-id", "sealed under this data key by another id, which was changed", sealed(key_id=OTHER_KEY_ID)[:4] + KEY_ID + sealed(key_id=OTHER_KEY_ID)[20:], "wrong_commitment")
    slot = envelope.read_slot(SLOT)
    one("embedded", "an embedded object, with the vault's own slot", sealed(slots=[slot]), "no_slot")
    strange = envelope.Slot(0xFF, b"k", 0, b"w")
    one("embedded-strange", "with a slot of a type that nobody knows", sealed(slots=[strange]), "no_slot")
    one("embedded-16", "with 16 slots, the vault's among them", sealed(slots=[slot, *[strange] * 14, slot]), "no_slot")
    second = vault.make(OTHER_VAULT, TENANT, OTHER_KEY_ID, OTHER_DATA_KEY, NAME, DEVICE, seeded("vault iv other", 12))
    theirs = sealed(vault_id=OTHER_VAULT, key_id=OTHER_KEY_ID, data_key=OTHER_DATA_KEY)
    takes(subject, "key-unknown-vault-theirs", "the object of another vault, in that one", theirs, OK, value=second)
    takes(subject, "key-good-theirs", "and an object of this vault in the other", {"base": "good", "edits": []}, "unknown_data_key", value=second)


def object_orders(subject):
    slot = envelope.read_slot(SLOT)
    theirs = [["tenant", OTHER_TENANT], *PAIRS[1:]]
    other = {"delete": [4, 20]}, {"insert": [4, OTHER_KEY_ID.hex()]}
    check = {**GOOD, "check": "00" * 8}

    def one(name, comment, data, intended, **more):
        takes(subject, "order-" + name, comment, data, intended, **more)

    one("file-header", "a malformed vault, no object", [{"cut": 0}], MALFORMED, value={**GOOD, "slot": ""})
    one("vault-tenant-header", "a vault of another tenant, no object", [{"cut": 0}], WRONG_TENANT, tenant=OTHER_TENANT, pairs=theirs)
    one("vault-tenant-context", "a vault of another tenant, a context of the vault's", [], WRONG_TENANT, tenant=OTHER_TENANT)
    one("unavailable-header", "a locked device, no object", [{"cut": 0}], AWAY, device=LOCKED)
    one("unavailable-tenant", "a locked device, a context of another tenant", [], AWAY, device=LOCKED, pairs=theirs)
    one("failing-header", "a key store that fails, no object", [{"cut": 0}], AWAY, device=FAILING)
    one("gone-unknown", "a key that is gone, an object of another data key", [*other], FAILED, device=GONE)
    one("check-unknown", "another check value, an object of another data key", [*other], MISMATCH, value=check)
    one("check-embedded", "another check value, an embedded object", sealed(slots=[slot]), MISMATCH, value=check)
    one("tenant-header", "a context of another tenant, no object", [{"cut": 0}], "wrong_tenant", pairs=theirs)
    one("tenant-unknown", "a context of another tenant, another data key", [*other], "wrong_tenant", pairs=theirs)
    one("tenant-embedded", "a context of another tenant, an embedded object", sealed(slots=[slot]), "wrong_tenant", pairs=theirs)
    one("magic-version", "no object, another version", [{"xor": [0, "0102"]}], "not_an_envelope")
    one("version-unknown", "another version, another data key", [*other, {"xor": [1, "03"]}], "unknown_version")
    one("header-embedded", "a malformed slot of an embedded object", [{"xor": [3, "01"]}, {"insert": [20, "0001" + "00"]}], "header_malformed")
    one("unknown-embedded", "an embedded object of another data key", sealed(key_id=OTHER_KEY_ID, slots=[slot]), "no_slot")
    one("embedded-truncated", "an embedded object without a body", sealed(slots=[slot])[:-172], "no_slot")
    one("unknown-truncated", "another data key, no body", [*other, {"cut": 20}], "unknown_data_key")
    one("commitment-truncated", "55 bytes of body, another commitment", [{"cut": 75}, {"xor": [44, "01"]}], "body_truncated")
    one("commitment-chunk", "another commitment, a forged chunk", [{"xor": [44, "01"]}, {"xor": [76, "01"]}], "wrong_commitment")
    one("chunk-truncated", "a forged first chunk, a body cut behind a chunk", {"base": "long", "edits": [{"xor": [76, "01"]}, {"cut": 76 + 16_400}]}, "chunk_forged")


# --- records and ranges ------------------------------------------------------------------------

def records(subject):
    def one(name, comment, data, intended, **more):
        takes(subject, "record-" + name, comment, data, intended, record=True, **more)

    fill = chunked.body_length(1_048_576) - (len(OBJECT) - 20)
    longest, longer = ({"append": "00", "times": fill + more} for more in (0, 1))
    one("good", "a record", [], OK)
    one("good-empty", "one of nothing", sealed(b""), digest(b""))
    one("good-long", "one of three chunks", {"base": "long", "edits": []}, digest(LONG))
    one("chunk", "a forged chunk", [{"xor": [76, "01"]}], "chunk_forged")
    one("cut", "without a chunk", [{"cut": 76}], "body_truncated")
    one("embedded", "an embedded one", sealed(slots=[envelope.read_slot(SLOT)]), "no_slot")
    one("renamed", "of another data key", [{"delete": [4, 20]}, {"insert": [4, OTHER_KEY_ID.hex()]}], "unknown_data_key")
    one("longest", "a body of the greatest length, of which nothing is true", [longest], "chunk_forged")
    one("longer", "one byte more", [longer], "record_too_long")
    takes(subject, "longer", "the same is no record: its first chunk is forged", [longer], "chunk_forged")
    one("longer-unknown", "one byte more, another data key", [longer, {"delete": [4, 20]}, {"insert": [4, OTHER_KEY_ID.hex()]}], "record_too_long")
    one("longer-suite", "one byte more, another suite", [longer, {"xor": [2, "03"]}], "unknown_suite")
    one("longer-tenant", "one byte more, a context of another tenant", [longer], "wrong_tenant", pairs=[["tenant", OTHER_TENANT], *PAIRS[1:]])
    one("longer-unavailable", "one byte more, a locked device", [longer], AWAY, device=LOCKED)


def ranges(subject):
    def one(name, comment, start, count, intended=None, data=None, plain=LONG, **more):
        if intended is None:
            intended = {"length": len(plain), "bytes": plain[start : start + count].hex()}
        data = {"base": "long", "edits": []} if data is None else data
        takes(subject, name, comment, data, intended, op="vault_range", **more, **{"from": start, "length": count})

    def edited(*edits):
        return {"base": "long", "edits": list(edits)}

    whole, chunk = len(LONG), 16_400
    one("first", "the first bytes", 0, 8)
    one("two-chunks", "over the end of a chunk", 16_380, 8)
    one("three-chunks", "over all of the second chunk", 16_383, 16_386)
    one("last", "the last byte", whole - 1, 1)
    one("clipped", "over the end", whole - 5, 100)
    one("at-end", "from the end on", whole, 1)
    one("beyond", "far beyond the end", 2**62, 8)
    one("none", "no bytes", 8, 0)
    one("longest", "a length that no object has", whole - 2, 2**62)
    one("short", "of an object of one chunk", 98, 8, data=[], plain=PLAIN)
    one("empty", "of nothing", 0, 8, data=sealed(b""), plain=b"")
    one("forged-inside", "a forged chunk inside", 16_384, 8, "chunk_forged", edited({"xor": [76 + chunk, "01"]}))
    one("forged-outside", "a forged chunk outside", 0, 8, data=edited({"xor": [76 + chunk, "01"]}))
    one("forged-last", "a forged last chunk, whatever the range", 0, 8, "chunk_forged", edited({"xor": [76 + 2 * chunk, "01"]}))
    one("cut", "cut behind a chunk", 0, 8, "body_truncated", edited({"cut": 76 + chunk}))
    one("cut-byte", "a byte less", 0, 8, "chunk_forged", edited({"cut": 76 + 2 * chunk + 247}))
    one("swapped", "two chunks swapped, in the first", 0, 8, "chunk_forged", edited({"swap": [76, 76 + chunk, 76 + chunk, 76 + 2 * chunk]}))
    one("swapped-last", "and in the last", 32_768, 8, data=edited({"swap": [76, 76 + chunk, 76 + chunk, 76 + 2 * chunk]}))
    one("commitment", "a bit of the commitment", 0, 8, "wrong_commitment", edited({"xor": [75, "80"]}))
    one("embedded", "an embedded object", 0, 8, "no_slot", sealed(slots=[envelope.read_slot(SLOT)]))
    one("unknown", "another data key", 0, 8, "unknown_data_key", edited({"delete": [4, 20]}, {"insert": [4, OTHER_KEY_ID.hex()]}))
    one("other-id", "another id in the context", 0, 8, "wrong_commitment", pairs=[*PAIRS[:2], ["id", "7f3b"], PAIRS[3]])
    one("tenant", "a context of another tenant", 0, 8, "wrong_tenant", pairs=[["tenant", OTHER_TENANT], *PAIRS[1:]])
    one("gone", "a key that is gone", 0, 8, FAILED, device=GONE)


# --- making one --------------------------------------------------------------------------------

def making(subject):
    def one(name, comment, intended, key_name=NAME, device=GOOD_DEVICE, tenant=TENANT):
        if isinstance(intended, dict):
            intended = {**TOLD, "key_name": key_name, "tenant": tenant, **intended}
        subject.add("vault_make/" + name, comment, "vault_make", intended, vault=VAULT.hex(), tenant=tenant, data_key_id=KEY_ID.hex(),
                    data_key=DATA_KEY.hex(), key_name=key_name, iv=IV.hex(), device=device)

    def wrapped(**bound):
        return {"wrapped": wrapped_of(binding(**bound), iv=IV).hex()}

    one("good", "the vault of all these cases", {})
    for name, text in (("letters", "schl\u00fcssel"), ("64", "k" * 64), ("64-letters", "\u00e9" * 32), ("1", "k"), ("nul", "a\x00b"), ("digits", "42")):
        one("name-" + name, "under a key of another name", wrapped(head=head_of(text)), text)
    for name, tenant in (("uuid", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"), ("number", "42"), ("64", "t" * 64)):
        one("tenant-" + name, "of a tenant of another form", wrapped(tenant=tenant), tenant=tenant)
    for name, text in (("empty", ""), ("65", "k" * 65), ("65-bytes", "k" + "\u00e9" * 32)):
        one("name-" + name, "a name that is none", "key_name", text)
        one(f"name-{name}-unavailable", "and a locked device", "key_name", text, LOCKED)
    for name, device, intended, comment in (("unavailable", LOCKED, AWAY, "a locked device"), ("failing", FAILING, AWAY, "a key store that fails"),
                                            ("gone", GONE, "kek_refused", "a key that is gone")):
        one(name, comment, intended, device=device)
    for name, data, intended in (("nothing", b"", "kek_refused"), ("1", b"w", {"wrapped": b"w".hex()}), ("key", DATA_KEY, {"wrapped": DATA_KEY.hex()}),
                                 ("6144", bytes(6144), {"wrapped": bytes(6144).hex()}), ("6145", bytes(6145), "kek_refused")):
        one("gives-" + name, f"the key store gives {len(data)} bytes", intended, device={**gives(data), "unwraps": DATA_KEY.hex()})
    for name, comment, unwraps in (("nothing", "nothing", b""), ("short", "a byte less", DATA_KEY[:-1]), ("long", "a byte more", DATA_KEY + b"\0"),
                                   ("bit", "another bit", bytes([DATA_KEY[0] ^ 1]) + DATA_KEY[1:]), ("wrapped", "what it wrapped", b"w")):
        one("unwraps-" + name, f"and unwraps {comment}", "kek_refused", device={**gives(b"w"), "unwraps": unwraps.hex()})
