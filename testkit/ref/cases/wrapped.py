"""Cases of spec/envelope.md section 11."""

import hashlib
import json

from portward_ref import aead, envelope, files, wrapped
from portward_ref.derive import hkdf_expand, hmac_sha256, lp
from portward_ref.wire import b64u, b64u_decode, u16, u32

from .common import MAIN_ID, OK, OTHER_ID, Subject, keyring_value, root_id, root_key, seeded
from .keys import file_bytes, fill

MALFORMED, DAMAGED, FAILED = "wrapped_malformed", "wrapped_damaged", "unwrap_failed"
NO_SLOT, AWAY = "no_slot", "kek_unavailable"

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def sha256(data):
    return hashlib.sha256(data).digest()


def kek(name, kek_id=None, version=1):
    return wrapped.Kek(2, (kek_id or b"kek-" + name.encode()), version, seeded("wrapped kek " + name, 32))


KEK, KEK_B = kek("a"), kek("b")
AWS_ID = b"arn:aws:kms:eu-central-1:111122223333:key/1234abcd"


def held(one):
    return {"type": one.type, "id": one.id.hex(), "version": one.version, "key": one.key.hex()}


def without_key(one, mark):
    return {"type": one.type, "id": one.id.hex(), "version": one.version, mark: True}


def away(one):
    return without_key(one, "unavailable")


def refuses(one):
    return without_key(one, "refuses")


HOLD = [held(KEK)]
AWS = wrapped.Kek(16, AWS_ID, 0)


def compact(value):
    return json.dumps(value, separators=(",", ":"))


# With a space, so that the ciphertext is no multiple of three bytes and its last character has unused bits, as those of the other texts.
PLAIN = "{ " + compact(keyring_value(names=["active"]))[1:]
assert (len(PLAIN) + 16) % 3


def has_both(data):
    return {"-", "_"} <= set(b64u(data))


def the_keyring_key(name):
    """One whose commitment and ciphertext show both characters of base64url."""
    for number in range(999):
        key = seeded(f"wrapped keyring key {name} {number}", 32)
        seal_key, commitment = wrapped.keys(key, wrapped.bound_context(MAIN_ID))
        if has_both(commitment) and has_both(aead.seal(seal_key, bytes(12), PLAIN.encode())):
            return key
    raise AssertionError


KEYRING_KEY = the_keyring_key("one")
OTHER_KEY = the_keyring_key("two")


def slot_of(one=KEK, deployment_id=MAIN_ID, key=KEYRING_KEY, iv="iv", aad=None, head=None):
    """A slot; `aad` in the place of the right one, `head` in the place of that which is bound."""
    head = one.head() if head is None else head
    aad = wrapped.binding(deployment_id, head) if aad is None else aad
    return one.wrap(aad, key, seeded("wrapped " + iv, 12)).encode()


def slot_iv():
    """An IV whose slot shows both characters of base64url."""
    return next(name for name in (f"iv {number}" for number in range(999)) if has_both(slot_of(iv=name)))


IV = slot_iv()
SLOT = slot_of(iv=IV)
SLOT_B = slot_of(KEK_B)
assert len(SLOT) % 3 and len(SLOT_B) % 3


def sealed(plaintext=PLAIN, deployment_id=MAIN_ID, key=KEYRING_KEY):
    """Commitment and ciphertext."""
    data = plaintext.encode() if isinstance(plaintext, str) else plaintext
    context = wrapped.bound_context(deployment_id)
    seal_key, commitment = wrapped.keys(key, context)
    return commitment, aead.seal(seal_key, bytes(12), data, context)


def file(slots=(SLOT,), deployment_id=MAIN_ID, commitment=None, ciphertext=None, plaintext=PLAIN):
    right, text = sealed(plaintext)
    return wrapped.value(deployment_id, list(slots), right if commitment is None else commitment,
                         text if ciphertext is None else ciphertext)


GOOD = file()
# The makers above and that of the reference agree.
assert GOOD == wrapped.make(MAIN_ID, PLAIN.encode(), KEYRING_KEY, [(KEK, seeded("wrapped " + IV, 12))])


def raw_slot(kind, kek_id, version, body, n=None, m=None):
    return (bytes([kind, len(kek_id) if n is None else n]) + kek_id + u32(version)
            + u16(len(body) if m is None else m) + body)


# Of a type that nobody knows: well formed, and under nobody's KEK.
STRANGE = raw_slot(0xFF, b"k", 0, b"w")


class Small(Subject):
    """Tells a file by ranges of one that is a fixture, where that is shorter."""

    LEAST = 60

    def add(self, case_id, comment, op, intended, **inputs):
        if op == "wrapped_keyring" and case_id != "wrapped_keyring/good":
            given = inputs.pop("parts", None) or [{"text": inputs.pop("text")}]
            parts = [small for part in given for small in (self.shrunk(part["text"]) if "text" in part else [part])]
            only = parts[0] if len(parts) == 1 and "text" in parts[0] else {"parts": parts}
            inputs = {**only, **inputs}
        super().add(case_id, comment, op, intended, **inputs)

    def shrunk(self, text):
        parts, base, at, begin = [], self.fixtures["files"]["good"], 0, 0
        while at < len(text):
            found = base.find(text[at:at + self.LEAST]) if at + self.LEAST <= len(text) else -1
            if found < 0:
                at += 1
                continue
            length = self.LEAST
            while text[at + length:at + length + 1] and text[at + length] == base[found + length:found + length + 1]:
                length += 1
            parts += [{"text": text[begin:at]}] if at > begin else []
            parts.append({"file": "good", "range": [found, found + length]})
            at = begin = at + length
        return parts + ([{"text": text[begin:]}] if begin < len(text) or not parts else [])


def build():
    subject = Small("wrapped", {"files": {"good": json.dumps(GOOD)}})
    bindings(subject)
    goods(subject)
    file_bytes(subject, "wrapped_keyring", "wrapped", json.dumps(GOOD), 2_097_152, 'keyring"', keks=HOLD)
    members(subject)
    formats(subject)
    deployments(subject)
    slot_lists(subject)
    slot_bytes(subject)
    slot_types(subject)
    resolving(subject)
    providers(subject)
    unwrapping(subject)
    texts(subject)
    commitments(subject)
    ciphertexts(subject)
    derivations(subject)
    plaintexts(subject)
    two_files(subject)
    orders(subject)
    sizes(subject)
    return subject


def add(subject, name, comment, value, intended, keks=HOLD):
    """`value`: members, a text, or a list of parts. OK means the usual keyring."""
    given = {"parts": value} if isinstance(value, list) else {"text": value if isinstance(value, str) else json.dumps(value)}
    if intended is OK:
        intended = {"plaintext": PLAIN}
    subject.add("wrapped_keyring/" + name, comment, "wrapped_keyring", intended, **given, keks=keks)


# --- wrapped_binding ---------------------------------------------------------------------------

def bindings(subject):
    def one(name, comment, kek_id, deployment_id=MAIN_ID):
        aws = wrapped.Kek(16, kek_id, 0)
        subject.add("wrapped_binding/" + name, comment, "wrapped_binding", OK, deployment=deployment_id.hex(),
                    kek={"type": 16, "id": kek_id.hex(), "version": 0})
        expect = subject.cases[-1]["expect"]["ok"]
        assert expect["binding"] == (b"\x00\x18portward/v1/wrap-keyring\x00\x10" + deployment_id + u16(len(aws.head()))
                                     + aws.head()).hex()
        assert [key for key, _ in expect["pairs"]] == ["binding", "deployment", "portward"]

    one("good", "the ARN of a key", AWS_ID)
    one("other-deployment", "another deployment", AWS_ID, OTHER_ID)
    one("deployment-letters", "a deployment whose hex has letters", AWS_ID, bytes.fromhex("abcdef" * 5 + "ff"))
    one("key-id", "the plain id of a key", b"1234abcd-12ab-34cd-56ef-1234567890ab")
    one("other-key", "another key", AWS_ID[:-1] + b"e")
    one("id-1", "an id of one byte", b"k")
    one("id-64", "the longest id", b"k" * 64)
    one("id-63", "a byte less", b"k" * 63)
    one("id-utf-8", "an id that is not ASCII", "schl\u00fcssel".encode())
    one("id-not-utf-8", "an id that is no text", b"\x00\xff")


# --- files that open ---------------------------------------------------------------------------

def goods(subject):
    add(subject, "good", "a keyring under one KEK", GOOD, OK)
    whole = json.dumps(keyring_value())
    add(subject, "good-all-states", "a keyring of roots in all states", file(plaintext=whole), {"plaintext": whole})
    order = {name: GOOD[name] for name in reversed(GOOD)}
    add(subject, "good-order", "members in another order", order, OK)
    add(subject, "good-compact", "without white space", compact(GOOD), OK)
    add(subject, "good-indented", "with line breaks and white space around", "\r\n\t" + json.dumps(GOOD, indent=4) + "\n", OK)
    add(subject, "good-other-key", "another keyring key", file([slot_of(key=OTHER_KEY)], MAIN_ID, *sealed(key=OTHER_KEY)), OK)
    other = compact(keyring_value(OTHER_ID, ["active"]))
    add(subject, "good-other-deployment", "of another deployment, by the same KEK",
        file([slot_of(deployment_id=OTHER_ID)], OTHER_ID, *sealed(other, OTHER_ID)), {"plaintext": other})
    for member in GOOD:
        text = json.dumps(GOOD).replace(f'"{member}"', f'"\\u{ord(member[0]):04x}{member[1:]}"', 1)
        add(subject, "escape-name-" + member, "an escape in the name of " + member, text, OK)
    for member, item in GOOD.items():
        if member != "version":
            old = item[0] if member == "slots" else item
            text = json.dumps(GOOD).replace(f'"{old}"', f'"{old[:3]}\\u{ord(old[3]):04x}{old[4:]}"', 1)
            add(subject, "escape-" + member, "an escape in the text of " + member, text, OK)


# --- members -----------------------------------------------------------------------------------

def members(subject):
    types = {"null": None, "true": True, "number": 7, "empty": "", "list": [], "object": {}}
    right = {"slots": "list"}
    for member, item in GOOD.items():
        rest = {name: other for name, other in GOOD.items() if name != member}
        text = json.dumps(GOOD)[:-1]
        add(subject, "missing-" + member, member + " is missing", rest, MALFORMED)
        if member != "ciphertext":  # which is among the cases of bytes
            add(subject, "repeated-" + member, member + " twice, the same", f'{text}, {json.dumps({member: item})[1:]}', MALFORMED)
        for name, value in types.items():
            if name != right.get(member) and not (member == "version" and name == "number"):
                add(subject, f"type-{member}-{name}", f"{member}: {json.dumps(value)}", {**GOOD, member: value}, MALFORMED)
        add(subject, f"case-{member}", f"{member} with a capital letter",
            {**rest, member.capitalize(): item}, MALFORMED)
    add(subject, "repeated-slots-first-empty", "slots twice, first none", json.dumps(GOOD).replace('"slots"', '"slots": [], "slots"'),
        MALFORMED)
    add(subject, "repeated-escaped", "commitment twice, once with an escape in its name",
        json.dumps(GOOD).replace('"commitment"', f'"c\\u006fmmitment": "{GOOD["commitment"]}", "commitment"'), MALFORMED)
    for name, value in (("comment", ""), ("purpose", "keyring"), ("salt", b64u(bytes(32))), ("", None), ("check", "00" * 8)):
        add(subject, "unknown-" + (name or "nameless"), f"a member `{name}` more", {**GOOD, name: value}, MALFORMED)
    for name, text in (("null", "null"), ("list", "[]"), ("list-of-it", json.dumps([GOOD])), ("string", json.dumps(PLAIN)),
                       ("number", "1"), ("object", "{}"), ("nothing", ""), ("cut", json.dumps(GOOD)[:-1]),
                       ("comma", json.dumps(GOOD)[:-1] + ",}"), ("two", json.dumps(GOOD) + "{}"),
                       ("comment", "//\n" + json.dumps(GOOD)), ("single-quotes", json.dumps(GOOD).replace('"', "'"))):
        add(subject, "whole-" + name, "another file: " + name, text, MALFORMED)


def formats(subject):
    for name, text in (("sealed", "portward-sealed-keyring"), ("keyring", "portward-keyring"), ("upper", "PORTWARD-WRAPPED-KEYRING"),
                       ("space", "portward-wrapped-keyring "), ("cut", "portward-wrapped")):
        add(subject, "format-" + name, "another format", {**GOOD, "format": text}, MALFORMED)
        add(subject, f"format-{name}-version-2", "and a newer version of it", {**GOOD, "format": text, "version": 2}, MALFORMED)
    add(subject, "format-bare-keyring", "a keyring file as it is", PLAIN, MALFORMED)

    def version(name, comment, text, intended):
        add(subject, "version-is-" + name, comment, json.dumps(GOOD).replace('"version": 1', '"version": ' + text), intended)

    version("1", "version 1", "1", OK)
    version("2", "version 2", "2", "wrapped_newer_version")
    version("0", "version 0", "0", MALFORMED)
    for name, text in (("1-0", "1.0"), ("2-0", "2.0"), ("2-5", "2.5"), ("1e0", "1e0"), ("2e0", "2e0"), ("text-1", '"1"'),
                       ("text-2", '"2"'), ("list", "[2]"), ("01", "01")):
        version(name, "no whole number", text, MALFORMED)
    only = {"format": wrapped.FORMAT, "version": 2}
    add(subject, "version-2-alone", "nothing but a newer version", only, "wrapped_newer_version")
    add(subject, "version-2-alone-0", "nothing but version 0", {**only, "version": 0}, MALFORMED)
    add(subject, "version-2-no-format", "a newer version of nothing", {"version": 2}, MALFORMED)
    add(subject, "version-2-no-kek", "the version comes before slots", {**GOOD, "version": 2}, "wrapped_newer_version", [])
    add(subject, "version-2-deployment", "and before other members", {**GOOD, "version": 2, "deployment": None, "slots": 1},
        "wrapped_newer_version")


# --- deployment --------------------------------------------------------------------------------

def deployments(subject):
    letters = bytes.fromhex("00a1b2c3d4e5f60718293a4b5c6d7e8f")
    plain = compact(keyring_value(letters, ["active"]))
    good = file([slot_of(deployment_id=letters)], letters, *sealed(plain, letters))
    add(subject, "deployment-letters", "a deployment with letters", good, {"plaintext": plain})
    text = good["deployment"]
    for name, comment, other in (
        ("upper", "in upper case", text.upper()), ("one-upper", "one letter in upper case", text.replace("f6", "F6")),
        ("31", "31 digits", text[:-1]), ("30", "15 bytes", text[:-2]), ("34", "17 bytes", text + "00"), ("33", "33 digits", text + "0"),
        ("hyphens", "as a UUID", f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"),
        ("space", "a space after it", text + " "), ("newline", "a line feed after it", text + "\n"), ("prefix", "0x before it", "0x" + text),
        ("letter", "a letter that is no digit", text[:-1] + "g"), ("full-width", "a full-width digit", "\uff10" + text[1:]),
        ("base64url", "as base64url", b64u(letters)),
    ):
        add(subject, "deployment-" + name, comment, {**good, "deployment": other}, MALFORMED)
    flipped = bytes([MAIN_ID[0] ^ 1]) + MAIN_ID[1:]
    add(subject, "deployment-flipped", "one bit of it: the slot is bound to another", {**GOOD, "deployment": flipped.hex()}, FAILED)
    add(subject, "deployment-stated-other", "another one is stated", {**GOOD, "deployment": OTHER_ID.hex()}, FAILED)
    add(subject, "deployment-slot-other", "the slot is of another one", file([slot_of(deployment_id=OTHER_ID)]), FAILED)
    add(subject, "deployment-slot-not-other", "commitment and ciphertext are of another one", file([SLOT], MAIN_ID, *sealed(deployment_id=OTHER_ID)),
        DAMAGED)
    add(subject, "deployment-stated-and-slot", "another one is stated, and the slot is of it",
        file([slot_of(deployment_id=OTHER_ID)], OTHER_ID), DAMAGED)
    other = compact(keyring_value(OTHER_ID, ["active"]))
    add(subject, "deployment-keyring-other", "the keyring is of another one", file(plaintext=other), "keyring_wrong_deployment")
    add(subject, "deployment-keyring-only-right", "all but the keyring is of another one, which is stated",
        file([slot_of(deployment_id=OTHER_ID)], OTHER_ID, *sealed(PLAIN, OTHER_ID)), "keyring_wrong_deployment")


# --- slots -------------------------------------------------------------------------------------

def slot_lists(subject):
    add(subject, "slots-1", "one slot", file([SLOT]), OK)
    add(subject, "slots-0", "none", file([]), MALFORMED)
    add(subject, "slots-2", "two", file([SLOT, SLOT_B]), OK)
    add(subject, "slots-16-first", "16, the first is the opener's", file([SLOT] + [STRANGE] * 15), OK)
    add(subject, "slots-16-last", "16, the last is the opener's", file([STRANGE] * 15 + [SLOT]), OK)
    add(subject, "slots-17-first", "17, the first is the opener's", file([SLOT] + [STRANGE] * 16), MALFORMED)
    add(subject, "slots-17-last", "17, the last is the opener's", file([STRANGE] * 16 + [SLOT]), MALFORMED)
    add(subject, "slots-16-strange", "16, none is the opener's", file([STRANGE] * 16), NO_SLOT)
    add(subject, "slots-17-strange", "17, none is the opener's", file([STRANGE] * 17), MALFORMED)
    add(subject, "slots-16-same", "16 times the same", file([SLOT] * 16), OK)
    add(subject, "slots-17-same", "17 times the same", file([SLOT] * 17), MALFORMED)
    for name, item in (("null", None), ("number", 2), ("true", True), ("empty", ""), ("list", [GOOD["slots"][0]]),
                       ("object", {"slot": GOOD["slots"][0]})):
        add(subject, "slots-second-" + name, "something else beside it: " + name, {**GOOD, "slots": GOOD["slots"] + [item]}, MALFORMED)
    add(subject, "slots-text", "no list", {**GOOD, "slots": GOOD["slots"][0]}, MALFORMED)
    add(subject, "slots-joined", "two in one text", {**GOOD, "slots": [b64u(SLOT + SLOT_B)]}, MALFORMED)
    add(subject, "slots-joined-not", "the same two in two", file([SLOT, SLOT_B]), OK, [held(KEK_B)])
    add(subject, "slots-counted", "their number before them, as in a header", {**GOOD, "slots": [b64u(b"\x01" + SLOT)]}, MALFORMED)


def slot_bytes(subject):
    """A second slot, whose bytes are read though it is not used."""
    def second(name, comment, data, intended=MALFORMED):
        add(subject, "slot-" + name, comment, file([SLOT, data]), intended)

    second("beside", "another's slot beside it", SLOT_B, OK)
    n = SLOT_B[1]
    for count, comment in ((1, "a type"), (2, "and the length of the id"), (4, "and a part of the id"),
                           (2 + n, "and the id"), (4 + n, "and a part of the version"), (6 + n, "and the version"),
                           (7 + n, "and a part of the length"), (8 + n, "and the length"), (20 + n, "and an IV"),
                           (len(SLOT_B) - 1, "all but a byte")):
        second(f"cut-{count}", comment, SLOT_B[:count])
    second("surplus", "a byte after it", SLOT_B + b"\x00")
    second("surplus-slot", "another slot after it", SLOT_B + STRANGE)
    body = bytes(60)
    second("id-1", "an id of one byte", raw_slot(2, b"k", 1, body), OK)
    second("id-0", "an id of none", raw_slot(2, b"", 1, body))
    second("id-64", "an id of 64 bytes", raw_slot(2, b"k" * 64, 1, body), OK)
    second("id-65", "an id of 65 bytes", raw_slot(2, b"k" * 65, 1, body))
    second("id-beyond", "an id that goes on after the end", raw_slot(2, b"k", 1, body, n=70))
    second("wrapped-59", "a byte less", raw_slot(2, b"k", 1, body[1:]))
    second("wrapped-61", "a byte more", raw_slot(2, b"k", 1, body + b"\x00"))
    second("wrapped-0", "nothing is wrapped", raw_slot(2, b"k", 1, b""))
    second("wrapped-72", "as long as that of a root key", raw_slot(2, b"k", 1, bytes(72)))
    second("length-over", "a length of one more than there is", raw_slot(2, b"k", 1, body, m=61))
    second("length-under", "a length of one less than there is", raw_slot(2, b"k", 1, body, m=59))
    second("version-0", "version 0", raw_slot(2, b"k", 0, body), OK)
    second("version-max", "the highest version", raw_slot(2, b"k", 2**32 - 1, body), OK)
    second("aws", "of AWS", raw_slot(16, AWS_ID, 0, bytes(184)), OK)
    second("aws-version-1", "of AWS, with a version", raw_slot(16, AWS_ID, 1, bytes(184)))
    second("aws-1", "of AWS, one byte", raw_slot(16, AWS_ID, 0, b"w"), OK)
    second("aws-0", "of AWS, no byte", raw_slot(16, AWS_ID, 0, b""))
    second("aws-id-0", "of AWS, without an id", raw_slot(16, b"", 0, b"w"))
    second("aws-id-not-utf-8", "of AWS, with an id that is no text", raw_slot(16, b"\xff\x00", 0, b"w"), OK)
    second("strange-0", "of an unknown type, no byte", raw_slot(255, b"k", 0, b""))
    second("strange-id-0", "of an unknown type, without an id", raw_slot(255, b"", 0, b"w"))
    second("strange-id-65", "of an unknown type, with a longer id", raw_slot(255, b"k" * 65, 0, b"w"))
    second("strange-surplus", "of an unknown type, a byte after it", STRANGE + b"\x00")

    def long(name, comment, size, count, intended):
        """Slots of an unknown type and so many bytes, before that of the opener."""
        assert size % 3 == 0
        head, zeros = raw_slot(255, b"k", 0, b"", m=size), "A" * (size // 3 * 4)
        assert len(head) % 3 == 0
        text = f'"{b64u(head)}{zeros}", '
        before, after = json.dumps(GOOD).split('"slots": [')
        repeat = [{"repeat": text, "times": count}] if count > 1 else [
            {"text": f'"{b64u(head)}'}, {"repeat": "A", "times": len(zeros)}, {"text": '", '}]
        add(subject, "slot-" + name, comment, [{"text": before + '"slots": ['}, *repeat, {"text": after}], intended)

    long("strange-6144", "of an unknown type, 6,144 bytes", 6144, 1, OK)
    long("strange-6147", "three bytes more", 6147, 1, MALFORMED)
    long("strange-long", "15 slots that together are longer than a header takes", 1200, 15, OK)
    head = raw_slot(255, b"k", 0, b"", m=6145)
    before, after = json.dumps(GOOD).split('"slots": [')
    add(subject, "slot-strange-6145", "one byte more", [
        {"text": f'{before}"slots": ["{b64u(head)}'}, {"repeat": "A", "times": 6144 // 3 * 4}, {"text": 'AA", ' + after}], MALFORMED)


def slot_types(subject):
    """Which types there are, as second slot and as the only one."""
    for kind, kek_id, version in ((1, bytes(16), 1), (3, root_id("active"), 1)):
        well = raw_slot(kind, kek_id, version, bytes(72))
        envelope.read_slot(well)
        add(subject, f"type-{kind}-second", "well formed elsewhere", file([SLOT, well]), MALFORMED)
        add(subject, f"type-{kind}-first", "well formed elsewhere", file([well, SLOT]), MALFORMED)
        add(subject, f"type-{kind}-alone", "well formed elsewhere", file([well]), MALFORMED)
        for other in (kind ^ 4, kind | 0x80):
            same = bytes([other]) + well[1:]
            add(subject, f"type-{kind}-as-{other}", "the same of an unknown type", file([same, SLOT]), OK)
    root = envelope.Kek(envelope.ROOT_SLOT, root_id("active"), 1, root_key("active"))
    aad = wrapped.binding(MAIN_ID, envelope.slot_head(3, root.id, 1))
    real = raw_slot(3, root.id, 1, seeded("wrapped root", 24) + aead.xaes_seal(root.xaes_key(MAIN_ID), seeded("wrapped root", 24), KEYRING_KEY, aad))
    add(subject, "type-3-real", "under a root that is in the keyring", file([SLOT, real]), MALFORMED)
    for kind in (0, 4, 15, 17, 32, 130, 255):
        add(subject, f"type-{kind}-skipped", "of an unknown type, it is passed over", file([bytes([kind]) + SLOT[1:], SLOT]), OK)
        add(subject, f"type-{kind}-alone", "of an unknown type, and no other", file([bytes([kind]) + SLOT[1:]]), NO_SLOT)


def resolving(subject):
    both = [held(KEK), held(KEK_B)]
    wrong_b = slot_of(KEK_B, key=OTHER_KEY)
    broken = SLOT[:-1] + bytes([SLOT[-1] ^ 1])
    add(subject, "resolve-second", "the first is another's", file([SLOT_B, SLOT]), OK)
    add(subject, "resolve-first", "the second is another's", file([SLOT, SLOT_B]), OK)
    add(subject, "resolve-both", "both are the opener's", file([SLOT, SLOT_B]), OK, both)
    add(subject, "resolve-both-held-reversed", "in the order of the slots, not of what is held", file([SLOT, wrong_b]), OK, both[::-1])
    add(subject, "resolve-order", "the first holds another key, which is used", file([wrong_b, SLOT]), DAMAGED, both)
    add(subject, "resolve-order-reversed", "the second holds another key, which is not used", file([SLOT, wrong_b]), OK, both)
    add(subject, "resolve-order-not-held", "nor is the first, if its KEK is not held", file([wrong_b, SLOT]), OK)
    add(subject, "resolve-first-fails", "the first does not unwrap: the second is not asked", file([broken, SLOT_B]), FAILED, both)
    add(subject, "resolve-first-fails-not-held", "unless the opener does not hold its KEK", file([broken, SLOT_B]), OK, [held(KEK_B)])
    add(subject, "resolve-second-fails", "the second would not unwrap, and is not asked", file([SLOT_B, broken]), OK, both)
    add(subject, "resolve-same-kek", "two slots of one KEK, the first does not unwrap", file([broken, SLOT]), FAILED)
    add(subject, "resolve-same-kek-first", "two slots of one KEK, the second would not unwrap", file([SLOT, broken]), OK)
    add(subject, "resolve-same-kek-twice", "two slots of one KEK", file([slot_of(iv="a"), slot_of(iv="b")]), OK)
    add(subject, "resolve-none-held", "the opener has no KEK", GOOD, NO_SLOT, [])
    add(subject, "resolve-other-held", "it has another one", GOOD, NO_SLOT, [held(KEK_B)])
    add(subject, "resolve-two-not-held", "none of two slots is under its KEK", file([SLOT, SLOT_B]), NO_SLOT, [held(kek("c"))])

    same = KEK.key.hex()
    for name, comment, entry, intended in (
        ("version-0", "another version", {"version": 0}, NO_SLOT),
        ("version-2", "another version", {"version": 2}, NO_SLOT),
        ("version-256", "another version, whose last byte is zero", {"version": 256}, NO_SLOT),
        ("version-2-24", "the bytes of the version the wrong way round", {"version": 2**24}, NO_SLOT),
        ("version-65537", "the same version in 16 bits", {"version": 65_537}, NO_SLOT),
        ("id-other", "another id", {"id": b"kek-b".hex()}, NO_SLOT),
        ("id-case", "another case", {"id": b"KEK-a".hex()}, NO_SLOT),
        ("id-longer", "a byte more", {"id": b"kek-a\x00".hex()}, NO_SLOT),
        ("id-shorter", "a byte less", {"id": b"kek-".hex()}, NO_SLOT),
        ("key-other", "another key of that id and version", {"key": seeded("wrapped another key", 32).hex()}, FAILED),
        ("same", "the same", {}, OK),
    ):
        entry = {"type": 2, "id": KEK.id.hex(), "version": 1, "key": same, **entry}
        add(subject, "held-" + name, comment, GOOD, intended, [entry])
    two = [{"type": 2, "id": KEK.id.hex(), "version": version, "key": seeded(f"wrapped version {version}", 32).hex()} for version in (0, 2)]
    add(subject, "held-versions", "beside other versions of it", GOOD, OK, [*two, held(KEK)])
    add(subject, "held-versions-only", "only other versions of it", GOOD, NO_SLOT, two)

    for version in (0, 2, 2**32 - 1):
        moved = wrapped.Kek(2, KEK.id, version, KEK.key)
        name = "max" if version > 2 else version
        add(subject, f"version-{name}-made", "a slot of this version", file([slot_of(moved)]), OK, [held(moved)])
        add(subject, f"version-{name}-moved", "the version in a slot changed, and held",
            file([raw_slot(2, KEK.id, version, SLOT[-60:])]), FAILED, [held(moved)])
        add(subject, f"version-{name}-not-held", "the version in a slot changed", file([raw_slot(2, KEK.id, version, SLOT[-60:])]), NO_SLOT)
    for name, kek_id in (("1", b"k"), ("64", bytes(range(64))), ("zero", bytes(5)), ("not-utf-8", b"\xff\xfe")):
        moved = wrapped.Kek(2, kek_id, 1, KEK.key)
        add(subject, f"id-{name}-made", "a slot of this id", file([slot_of(moved)]), OK, [held(moved)])
        add(subject, f"id-{name}-moved", "the id in a slot changed, and held", file([raw_slot(2, kek_id, 1, SLOT[-60:])]), FAILED, [held(moved)])


def providers(subject):
    aws = raw_slot(16, AWS_ID, 0, bytes(184))
    both = [held(KEK), held(KEK_B)]
    broken = SLOT[:-1] + bytes([SLOT[-1] ^ 1])
    pair = file([SLOT_B, SLOT])
    for label, first, slot in (("module", KEK_B, SLOT_B), ("aws", AWS, aws)):
        two = file([slot, SLOT])

        def one(name, comment, value, intended, keks, label=label):
            add(subject, f"provider-{label}-{name}", comment, value, intended, keks)

        one("away", "the only one is away", file([slot]), AWAY, [away(first)])
        one("refuses", "the only one says no", file([slot]), FAILED, [refuses(first)])
        one("not-held", "the only one is not held", file([slot]), NO_SLOT, HOLD)
        one("away-next", "the first is away: the next", two, OK, [away(first), held(KEK)])
        one("refuses-next", "the first says no: that is final", two, FAILED, [refuses(first), held(KEK)])
        one("not-held-next", "the first is not held: the next", two, OK, HOLD)
        one("away-next-not-held", "the first is away, the next is not held", two, AWAY, [away(first)])
        one("away-next-away", "both are away", two, AWAY, [away(first), away(KEK)])
        one("away-next-refuses", "the first is away, the next says no", two, FAILED, [away(first), refuses(KEK)])
        one("refuses-next-away", "the first says no, the next is away", two, FAILED, [refuses(first), away(KEK)])
        one("away-next-fails", "the first is away, the next does not unwrap", file([slot, broken]), FAILED, [away(first), held(KEK)])
        one("away-after", "the second is away, and is not asked", file([SLOT, slot]), OK, [held(KEK), away(first)])
        one("refuses-after", "the second says no, and is not asked", file([SLOT, slot]), OK, [held(KEK), refuses(first)])
        one("fails-then-away", "the first does not unwrap, the second is away", file([broken, slot]), FAILED, [held(KEK), away(first)])
        one("away-strange", "the first is away, the next is of an unknown type", file([slot, STRANGE]), AWAY, [away(first)])
        one("strange-away", "the other way round", file([STRANGE, slot]), AWAY, [away(first)])
        one("not-asked", "away, but no slot is under it", GOOD, OK, [away(first), held(KEK)])
        one("refuses-not-asked", "it would say no, but no slot is under it", GOOD, OK, [refuses(first), held(KEK)])
        one("away-no-slot", "away, and no slot is under it", file([STRANGE]), NO_SLOT, [away(first)])
    add(subject, "provider-all-away", "three are away", file([SLOT_B, aws, SLOT]), AWAY, [away(KEK), away(KEK_B), away(AWS)])
    add(subject, "provider-two-away", "two of three are away", file([SLOT_B, aws, SLOT]), OK, [held(KEK), away(KEK_B), away(AWS)])
    add(subject, "provider-same-away", "two slots of one KEK, which is away", file([SLOT_B, SLOT_B, SLOT]), OK, [held(KEK), away(KEK_B)])
    add(subject, "provider-version-away", "another version is away", GOOD, OK, [away(wrapped.Kek(2, KEK.id, 2)), held(KEK)])
    add(subject, "provider-version-away-only", "only another version, and it is away", GOOD, NO_SLOT, [away(wrapped.Kek(2, KEK.id, 2))])
    add(subject, "provider-type-away", "of this id, but of another type", GOOD, NO_SLOT, [away(wrapped.Kek(16, KEK.id, 1))])
    add(subject, "provider-aws-other-id", "another key of AWS is away", file([aws, SLOT]), OK,
        [away(wrapped.Kek(16, AWS_ID + b"e", 0)), held(KEK)])
    add(subject, "provider-pair", "both are there", pair, OK, both)
    add(subject, "provider-aws-as-module", "a slot of AWS with the id of a module's key", file([raw_slot(16, KEK.id, 0, SLOT[-60:])]),
        NO_SLOT, [held(wrapped.Kek(2, KEK.id, 0, KEK.key))])
    add(subject, "provider-module-as-aws", "a module's slot, and a key of AWS with that id",
        file([raw_slot(2, KEK.id, 0, SLOT[-60:])]), NO_SLOT, [refuses(wrapped.Kek(16, KEK.id, 0))])


def unwrapping(subject):
    at = len(SLOT) - 60
    for name, comment, place in (("iv", "the first byte of the IV", at), ("iv-last", "its last byte", at + 11), ("ciphertext", "the wrapped key", at + 12),
                                 ("ciphertext-last", "its last byte", at + 43), ("tag", "the tag", at + 44), ("tag-last", "its last byte", at + 59)):
        for bit in (1, 0x80):
            changed = SLOT[:place] + bytes([SLOT[place] ^ bit]) + SLOT[place + 1:]
            add(subject, f"unwrap-{name}-{bit:02x}", "a bit changed: " + comment, file([changed]), FAILED)
    add(subject, "unwrap-other-iv", "another IV", file([slot_of(iv="another iv")]), OK)
    add(subject, "unwrap-zero-iv", "an IV of zeros is one too", file([KEK.wrap(wrapped.binding(MAIN_ID, KEK.head()), KEYRING_KEY, bytes(12)).encode()]), OK)
    add(subject, "unwrap-iv-swapped", "the IV of another slot", file([SLOT[:at] + slot_of(iv="another iv")[at:at + 12] + SLOT[at + 12:]]), FAILED)
    add(subject, "unwrap-iv-behind", "the IV behind the tag", file([SLOT[:at] + SLOT[at + 12:] + SLOT[at:at + 12]]), FAILED)

    head = KEK.head()
    label, dep = lp(b"portward/v1/wrap-keyring"), lp(MAIN_ID)
    tenant, key_id = "acme", seeded("wrapped data key id", 16)
    data = envelope.Subject(MAIN_ID, tenant, key_id, scope="record:invoices")
    tenant_kek = envelope.Subject(MAIN_ID, tenant, key_id, version=1)
    for name, comment, aad, intended in (
        ("right", "the binding, put together by hand", label + dep + lp(head), OK),
        ("data-key", "the slot of a data key under the same KEK", data.binding(head), FAILED),
        ("tenant-kek", "the slot of a tenant KEK under the same KEK", tenant_kek.binding(head), FAILED),
        ("data-key-bare", "the label of data keys", lp(b"portward/v1/wrap-data") + dep + lp(head), FAILED),
        ("tenant-kek-bare", "the label of tenant KEKs", lp(b"portward/v1/wrap-kek") + dep + lp(head), FAILED),
        ("context-label", "the label of the context", lp(b"portward/v1/wrapped-keyring") + dep + lp(head), FAILED),
        ("nothing", "nothing is bound", b"", FAILED),
        ("no-head", "the head of the slot is not bound", label + dep, FAILED),
        ("empty-head", "an empty head is bound", label + dep + lp(b""), FAILED),
        ("no-deployment", "the deployment is not bound", label + lp(head), FAILED),
        ("no-lengths", "without lengths", label[2:] + MAIN_ID + head, FAILED),
        ("head-without-length", "the head without its length", label + dep + head, FAILED),
        ("head-without-version", "the head without the version", label + dep + lp(head[:-4]), FAILED),
        ("head-with-length", "the head with the length of what is wrapped", label + dep + lp(head + u16(60)), FAILED),
        ("deployment-hex", "the deployment as text", label + lp(MAIN_ID.hex().encode()) + lp(head), FAILED),
        ("order", "the head before the deployment", label + lp(head) + dep, FAILED),
        ("more", "a part more", label + dep + lp(head) + lp(b""), FAILED),
        ("hash", "the hash of the binding", sha256(label + dep + lp(head)), FAILED),
        ("hash-hex", "the hash of the binding in hex", sha256(label + dep + lp(head)).hex().encode(), FAILED),
    ):
        add(subject, "bound-" + name, comment, file([slot_of(aad=aad)]), intended)
    add(subject, "bound-other-type", "bound to the head of another type", file([slot_of(head=bytes([16]) + head[1:])]), FAILED)
    iv = seeded("wrapped root", 24)
    root_like = wrapped.binding(MAIN_ID, head)
    xaes = aead.xaes_seal(KEK.key, iv, KEYRING_KEY, root_like)
    add(subject, "unwrap-xaes", "wrapped by XAES-256-GCM, as under a root key", file([raw_slot(2, KEK.id, 1, (iv + xaes)[:60])]), FAILED)
    xaes_72 = raw_slot(2, KEK.id, 1, iv + xaes)
    add(subject, "unwrap-xaes-72", "the same, all of its 72 bytes", file([xaes_72]), MALFORMED)


# --- base64url ---------------------------------------------------------------------------------

def texts(subject):
    def one(member, name, comment, change, intended=MALFORMED):
        text = GOOD["slots"][0] if member == "slots" else GOOD[member]
        changed = change(text)
        assert changed != text
        value = {**GOOD, member: [changed] if member == "slots" else changed}
        add(subject, f"base64-{member}-{name}", comment, value, intended)

    for member in ("slots", "commitment", "ciphertext"):
        one(member, "padding", "padding", lambda text: text + "=" * (-len(text) % 4))
        one(member, "padding-more", "more padding", lambda text: text + "====")
        one(member, "plus", "a plus sign", lambda text: text.replace("-", "+", 1))
        one(member, "slash", "a slash", lambda text: text.replace("_", "/", 1))
        one(member, "standard", "the other alphabet", lambda text: text.replace("_", "/").replace("-", "+"))
        one(member, "space-before", "a space before it", lambda text: " " + text)
        one(member, "space-inside", "a space inside", lambda text: text[:8] + " " + text[8:])
        one(member, "newline", "a line feed after it", lambda text: text + "\n")
        one(member, "lines", "in lines", lambda text: text[:20] + "\r\n" + text[20:])
        one(member, "nul", "a zero byte after it", lambda text: text + "\x00")
        one(member, "full-width", "a full-width letter", lambda text: "\uff21" + text[1:])
        one(member, "dot", "a dot", lambda text: text[:-1] + ".")
        one(member, "unused-low", "the lowest unused bit", lambda text: text[:-1] + LETTERS[LETTERS.index(text[-1]) | 1])
        one(member, "unused-high", "the highest unused bit",
            lambda text: text[:-1] + LETTERS[LETTERS.index(text[-1]) | (2 if len(text) % 4 == 3 else 8)])
        one(member, "remainder-1", "a length of one more than a multiple of four", lambda text: text[:len(text) // 4 * 4] + "A")
        # Which is base64url too, of something else.
        other = DAMAGED if member == "ciphertext" else MALFORMED
        one(member, "hex", "hex", lambda text: b64u_decode(text).hex(), other)
        one(member, "twice", "encoded twice", lambda text: b64u(text.encode()), other)


# --- commitment and ciphertext -----------------------------------------------------------------

def commitments(subject):
    right = b64u_decode(GOOD["commitment"])

    def one(name, comment, data, intended):
        add(subject, "commitment-" + name, comment, file(commitment=data), intended)

    one("right", "the right one", right, OK)
    for place in (0, 8, 15, 16, 23, 31):
        for bit in (1, 0x80):
            one(f"bit-{place}-{bit:02x}", "a bit changed", right[:place] + bytes([right[place] ^ bit]) + right[place + 1:], DAMAGED)
    one("zeros", "zeros", bytes(32), DAMAGED)
    one("reversed", "the other way round", right[::-1], DAMAGED)
    for count in (1, 16, 31):
        one(f"short-{count}", f"{count} bytes", right[:count], MALFORMED)
    for more in (1, 16, 32):
        one(f"long-{32 + more}", f"{32 + more} bytes", right + bytes(more), MALFORMED)
    one("twice", "twice itself", right + right, MALFORMED)


def ciphertexts(subject):
    right = b64u_decode(GOOD["ciphertext"])

    def one(name, comment, data, intended):
        add(subject, "ciphertext-" + name, comment, file(ciphertext=data), intended)

    one("right", "the right one", right, OK)
    end = len(right)
    for place in (0, 100, end - 17, end - 16, end - 1):
        for bit in (1, 0x80):
            one(f"bit-{place}-{bit:02x}", "a bit changed", right[:place] + bytes([right[place] ^ bit]) + right[place + 1:], DAMAGED)
    one("1", "one byte", right[:1], MALFORMED)
    one("15", "15 bytes", right[-15:], MALFORMED)
    one("16", "16 bytes, a tag of something else", right[-16:], DAMAGED)
    one("17", "17 bytes", right[-17:], DAMAGED)
    one("16-zeros", "16 zeros", bytes(16), DAMAGED)
    one("cut-1", "a byte less", right[:-1], DAMAGED)
    one("cut-16", "without its tag", right[:-16], DAMAGED)
    one("cut-inside", "a byte less before the tag", right[:-17] + right[-16:], DAMAGED)
    one("cut-first", "the first byte missing", right[1:], DAMAGED)
    one("longer", "a byte more", right + b"\x00", DAMAGED)
    one("longer-inside", "a byte more before the tag", right[:-16] + b"\x00" + right[-16:], DAMAGED)
    one("tag-first", "the tag before it", right[-16:] + right[:-16], DAMAGED)
    one("nonce-first", "its nonce before it", bytes(12) + right, DAMAGED)
    one("plain", "the keyring as it is", PLAIN.encode(), DAMAGED)
    one("of-nothing", "of no byte, with its right tag", sealed(b"")[1], "keyring_malformed")


def derivations(subject):
    """Everything right but one input of the key, the commitment or the ciphertext."""
    right = wrapped.bound_context(MAIN_ID)
    label = b"portward/v1/wrapped-keyring"

    def keys(context, prk=KEYRING_KEY):
        return wrapped.keys(prk, context)

    def one(name, comment, key=None, commitment=None, nonce=bytes(12), aad=right, intended=DAMAGED):
        right_key, right_commitment = keys(right)
        text = aead.seal(right_key if key is None else key, nonce, PLAIN.encode(), aad)
        add(subject, "derive-" + name, comment, file(commitment=commitment or right_commitment, ciphertext=text), intended)

    one("right", "all as it should be", intended=OK)
    for name, comment, context in (
        ("deployment", "another deployment", wrapped.bound_context(OTHER_ID)),
        ("no-deployment", "without the deployment", label + b"\x00"),
        ("no-zero", "without the zero byte", label + MAIN_ID),
        ("deployment-hex", "the deployment as text", label + b"\x00" + MAIN_ID.hex().encode()),
        ("deployment-lp", "the deployment with its length", label + b"\x00" + lp(MAIN_ID)),
        ("passphrase", "the context of a sealed keyring", b"portward/v1/passphrase\x00keyring"),
        ("wrap-label", "the label of the binding", b"portward/v1/wrap-keyring\x00" + MAIN_ID),
    ):
        key, commitment = keys(context)
        one("key-" + name, comment + " in the key", key=key)
        one("commitment-" + name, comment + " in the commitment", commitment=commitment)
        one("aad-" + name, comment + " in the AAD", aad=context)
        if name != "deployment":  # which is `deployment-slot-not-other`
            one("all-" + name, comment + " in all three", key, commitment, aad=context)
    one("aad-empty", "no AAD", aad=b"")
    one("aad-lp", "the AAD with its length", aad=lp(right))
    one("aad-head", "the binding as AAD", aad=wrapped.binding(MAIN_ID, KEK.head()))
    one("nonce-1", "another nonce", nonce=bytes(11) + b"\x01")
    key, commitment = keys(right)
    one("swapped", "key and commitment swapped", key=commitment, commitment=key)
    one("keyring-key", "under the keyring key itself", key=KEYRING_KEY)
    one("commitment-is-key", "the commitment is the key", commitment=key)
    one("commitment-hash", "a hash of the keyring key", commitment=sha256(KEYRING_KEY))
    for name, comment, make in (
        ("no-length", "without the length", lambda last: hkdf_expand(KEYRING_KEY, right + last, 32)),
        ("no-last", "without the last byte", lambda last: hkdf_expand(KEYRING_KEY, lp(right), 32)),
        ("last-lp", "the last byte with its length", lambda last: hkdf_expand(KEYRING_KEY, lp(right) + lp(last), 32)),
        ("no-counter", "HMAC alone", lambda last: hmac_sha256(KEYRING_KEY, lp(right) + last)),
        ("extract", "with the step of extracting", lambda last: hkdf_expand(hmac_sha256(bytes(32), KEYRING_KEY), lp(right) + last, 32)),
        ("one-output", "64 bytes of one output", lambda last: hkdf_expand(KEYRING_KEY, lp(right), 64)[32 * (last[0] - 1):][:32]),
    ):
        if name not in ("no-counter", "one-output"):  # the same as `no-last`
            one("key-" + name, comment + " in the key", key=make(b"\x01"))
        one("commitment-" + name, comment + " in the commitment", commitment=make(b"\x02"))


# --- what is inside ----------------------------------------------------------------------------

def plaintexts(subject):
    def one(name, comment, plaintext, intended):
        add(subject, "plaintext-" + name, comment, file(plaintext=plaintext),
            {"plaintext": plaintext} if intended is OK else intended)

    good = keyring_value(names=["active"])
    pair = keyring_value(names=["active", "older"])

    def roots(value, *changes):
        return compact({**value, "roots": [{**root, **change} for root, change in zip(value["roots"], changes, strict=True)]})

    key = files.key_string(root_key("active"))
    assert key in PLAIN
    one("good", "a keyring", PLAIN, OK)
    one("spaces", "with white space around, which is told", " \n" + PLAIN + "\r\n", OK)
    one("order", "members in another order", compact(dict(reversed(good.items()))), OK)
    one("escape", "an escape in a state", PLAIN.replace('"active"', '"\\u0061ctive"'), OK)
    one("two", "two roots", compact(pair), OK)
    for name, comment, data in (
        ("empty-object", "an empty object", "{}"), ("text", "no JSON", "hello"), ("null", "null", "null"), ("cut", "a keyring cut", PLAIN[:-1]),
        ("twice", "two keyrings", PLAIN + PLAIN), ("utf-8-not", "a byte 0xff after it", PLAIN.encode() + b"\xff"),
        ("utf-8-bom", "a byte order mark before it", b"\xef\xbb\xbf" + PLAIN.encode()), ("nul", "a zero byte after it", PLAIN + "\x00"),
        ("key-only", "a key string", key), ("key-bytes", "a root key", root_key("active")),
        ("unknown", "a member more", PLAIN[:-1] + ',"x":1}'), ("repeated", "a member twice", PLAIN[:-1] + ',"version":1}'),
        ("escape-key", "an escape in the key", PLAIN.replace("pwk1_", "\\u0070wk1_")),
        ("minus-0", "a time of minus zero", PLAIN.replace("1690000000", "-0")), ("version-0", "version 0", PLAIN.replace('"version":1', '"version":0')),
        ("itself", "a wrapped keyring, as short as may be", compact(wrapped.value(MAIN_ID, [STRANGE], bytes(32), bytes(16)))),
        ("recovery", "a line before it, as in a recovery export", "{}\n" + PLAIN),
        ("crc", "a key string with a wrong CRC", PLAIN.replace(key, key[:9] + LETTERS[LETTERS.index(key[9]) ^ 1] + key[10:])),
        ("state", "a state that is none", PLAIN.replace('"active"', '"passive"')),
    ):
        one(name, comment, data, "keyring_malformed")
    one("newer", "a newer keyring", PLAIN.replace('"version":1', '"version":2'), "keyring_newer_version")
    one("newer-other-deployment", "a newer keyring of another deployment",
        PLAIN.replace('"version":1', '"version":2').replace(MAIN_ID.hex(), OTHER_ID.hex()), "keyring_newer_version")
    one("no-roots", "no root", compact({**good, "roots": []}), "keyring_no_active_root")
    one("no-active", "no active root", roots(good, {"state": "verify_only"}), "keyring_no_active_root")
    one("two-active", "two active roots", roots(pair, {}, {"state": "active"}), "keyring_no_active_root")
    one("duplicate", "two roots of one id", roots(pair, {}, {"id": pair["roots"][0]["id"]}), "keyring_duplicate_id")
    check = good["roots"][0]["check"]
    one("check", "a wrong check value", PLAIN.replace(check, f"{int(check[0], 16) ^ 1:x}{check[1:]}"), "keyring_check_mismatch")
    one("check-zero", "a check value of zeros", PLAIN.replace(check, "00" * 8), "keyring_check_mismatch")
    other = compact(keyring_value(OTHER_ID, ["active"]))
    one("deployment-renamed", "the deployment changed: check values come first", PLAIN.replace(MAIN_ID.hex(), OTHER_ID.hex()),
        "keyring_check_mismatch")
    one("deployment-no-active", "another deployment, and no active root", other.replace('"active"', '"verify_only"'), "keyring_no_active_root")
    one("deployment-malformed", "another deployment, and a member more", other[:-1] + ',"x":1}', "keyring_malformed")
    one("deployment-upper", "letters of the deployment in upper case", PLAIN.replace(MAIN_ID.hex(), MAIN_ID.hex().upper()), "keyring_malformed")


# --- two files ---------------------------------------------------------------------------------

def two_files(subject):
    """Two keyrings of one deployment under one KEK, each with its own keyring key."""
    plain = compact(keyring_value(names=["idle", "active"]))
    second = file([slot_of(key=OTHER_KEY, iv="second")], MAIN_ID, *sealed(plain, key=OTHER_KEY))
    add(subject, "swap-second", "the second file as it is", second, {"plaintext": plain})

    def one(name, comment, *members, intended=DAMAGED):
        add(subject, "swap-" + name, comment, {**GOOD, **{member: second[member] for member in members}}, intended)

    one("commitment", "the commitment of the second", "commitment")
    one("ciphertext", "the ciphertext of the second", "ciphertext")
    one("slots", "the slot of the second", "slots")
    one("commitment-ciphertext", "commitment and ciphertext", "commitment", "ciphertext")
    one("slots-commitment", "slot and commitment", "slots", "commitment")
    one("slots-ciphertext", "slot and ciphertext", "slots", "ciphertext")
    one("all", "all three: the second file", "slots", "commitment", "ciphertext", intended={"plaintext": plain})
    older = file([slot_of(iv="older")], MAIN_ID, *sealed(plain))
    add(subject, "swap-same-key", "slots of one keyring key may be exchanged", {**older, "slots": GOOD["slots"]}, {"plaintext": plain})


# --- which comes first -------------------------------------------------------------------------

def orders(subject):
    broken = SLOT[:-1] + bytes([SLOT[-1] ^ 1])
    wrong = b64u(bytes(32))
    add(subject, "order-newer-malformed", "a newer version before a malformed slot", {**GOOD, "version": 2, "slots": [""]}, "wrapped_newer_version")
    add(subject, "order-malformed-no-slot", "a malformed commitment before no slot", {**GOOD, "commitment": ""}, MALFORMED, [])
    add(subject, "order-ciphertext-no-slot", "15 bytes of ciphertext before no slot", file(ciphertext=bytes(15)), MALFORMED, [])
    add(subject, "order-ciphertext-unwrap", "15 bytes of ciphertext before a slot that does not unwrap", file([broken], ciphertext=bytes(15)), MALFORMED)
    add(subject, "order-slot-away", "a malformed slot before a provider that is away", file([SLOT, SLOT_B[:-1]]), MALFORMED, [away(KEK)])
    add(subject, "order-slot-refuses", "a malformed slot before a provider that says no", file([SLOT, SLOT_B[:-1]]), MALFORMED, [refuses(KEK)])
    add(subject, "order-no-slot-damaged", "no slot before a wrong commitment", {**GOOD, "commitment": wrong}, NO_SLOT, [held(KEK_B)])
    add(subject, "order-unwrap-damaged", "unwrapping before the commitment", {**file([broken]), "commitment": wrong}, FAILED)
    add(subject, "order-away-damaged", "a provider that is away before the commitment", {**GOOD, "commitment": wrong}, AWAY, [away(KEK)])
    add(subject, "order-damaged-keyring", "the tag before the keyring", file(plaintext="hello", commitment=bytes(32)), DAMAGED)


# --- sizes -------------------------------------------------------------------------------------

def sizes(subject):
    """The bounds themselves are among the cases of bytes, `size-max` and `size-over`."""
    text = json.dumps(GOOD)
    limit = 2_097_152
    spaces = {"repeat": " ", "times": limit - len(text)}
    add(subject, "size-before", "2 MiB, with the white space before it", [spaces, {"text": text}], OK)
    add(subject, "size-before-over", "a byte more", [{**spaces, "times": spaces["times"] + 1}, {"text": text}], MALFORMED)
    add(subject, "size-keyring-over", "larger than a keyring may be", fill(text, 1_048_577), OK)
    at = text.index('"slots"')
    add(subject, "size-inside", "2 MiB, with the white space inside", [{"text": text[:at]}, spaces, {"text": text[at:]}], OK)
    add(subject, "size-inside-over", "a byte more",
        [{"text": text[:at]}, {**spaces, "times": spaces["times"] + 1}, {"text": text[at:]}], MALFORMED)
    before, after = text.split(GOOD["ciphertext"])
    # The longest ciphertext of zeros that fits, and whose length is that of bytes.
    room = (limit - len(before) - len(after)) // 4 * 4
    add(subject, "size-ciphertext", "a ciphertext as long as fits", [{"text": before}, {"repeat": "A", "times": room}, {"text": after}], DAMAGED)
    add(subject, "size-ciphertext-over", "four characters more",
        [{"text": before}, {"repeat": "A", "times": room + 4}, {"text": after}], MALFORMED)
    add(subject, "size-slots", "100,000 slots", [{"text": text[:at] + '"slots": ['}, {"repeat": f'"{b64u(STRANGE)}",', "times": 100_000},
                                               {"text": text[at + len('"slots": ['):]}], MALFORMED)
