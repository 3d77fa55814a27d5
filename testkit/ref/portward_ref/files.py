"""Deployment, keyring and sealed keyring: keys.md sections 4, 5 and 7. Makers and strict readers."""

import hmac
import json
import re
import sys
from collections import Counter
from json.decoder import scanstring
from json.scanner import py_make_scanner

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from .derive import hkdf_expand, lp, root_check
from .errors import Malformed, Refused
from .wire import U40_MAX, b64u, b64u_decode, crc32, u32

KEY_PREFIX = "pwk1_"
STATES = ("active", "verify_only", "retired", "destroyed")
PERMISSION = re.compile(r"[a-z][a-z0-9_]{0,30}:[a-z][a-z0-9_]{0,30}", re.ASCII)
PURPOSES = ("keyring", "recovery")


# How deep JSON is nested is no fault of it: this language's own limit must not be taken for one.
sys.setrecursionlimit(1_000_000)


# --- strict JSON -------------------------------------------------------------------------------

def _no_constant(name):
    raise ValueError(name)


class NotWhole:
    """Stands for a number written with a sign, a fraction or an exponent: nowhere allowed."""

    def __init__(self, text):
        _ascii(text)


class Escaped(str):
    """A string value that was written with escapes."""


def _ascii(text):
    """The scanner takes digits of every script."""
    if not text.isascii():
        raise ValueError("digit")


def _whole(text):
    """Of any length, and in no time: what has more than 40 digits is beyond every bound."""
    _ascii(text)
    if text[0] == "-":
        return NotWhole(text)
    return 10**40 if len(text) > 40 else int(text)


def _string(text, start, strict):
    value, end = scanstring(text, start, strict)
    return (Escaped(value) if "\\" in text[start:end] else value), end


class Decoder(json.JSONDecoder):
    """Reads repeated members too: `repeated` tells whether there is any, `twice` the names of those of the last object."""

    def __init__(self):
        self.repeated, self.twice = False, set()
        super().__init__(object_pairs_hook=self._members, parse_constant=_no_constant, parse_float=NotWhole,
                         parse_int=_whole)
        # The one scanner that lets strings be read by another function; names of members are not.
        self.parse_string = _string
        self.scan_once = py_make_scanner(self)

    def _members(self, pairs):
        self.twice = {name for name, count in Counter(name for name, _ in pairs).items() if count > 1}
        self.repeated = self.repeated or bool(self.twice)
        return dict(pairs)


def read_json(data, limit, file_format, prefix):
    """An object with the right format and version 1, or the codes `prefix`_newer_version and `prefix`_malformed."""
    malformed = Refused(prefix + "_malformed")
    if isinstance(data, str):
        data = data.encode("utf-8")
    if len(data) > limit:
        raise malformed
    try:
        # A byte order mark stays, and is no JSON; what is not UTF-8 is a ValueError too.
        decoder = Decoder()
        value = decoder.decode(data.decode("utf-8"))
        # Half of a surrogate pair, which only an escape can write, names nothing.
        "".join(value if isinstance(value, dict) else ()).encode("utf-8")
    except ValueError:
        raise malformed from None
    if not isinstance(value, dict) or value.get("format") != file_format:
        raise malformed
    # The outermost object is the last. What says twice which version it is says nothing.
    if decoder.twice & {"format", "version"}:
        raise malformed
    if is_whole(value.get("version")) and value["version"] > 1:
        raise Refused(prefix + "_newer_version")
    if not is_whole(value.get("version")) or value["version"] != 1 or decoder.repeated:
        raise malformed
    return value


def is_whole(value, low=None, high=None):
    # bool is a subclass of int in Python, and no number in JSON.
    return type(value) is int and (low is None or value >= low) and (high is None or value <= high)


def is_hex(value, count):
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{%d}" % (2 * count), value, re.ASCII) is not None


def has_members(value, *names):
    return isinstance(value, dict) and set(value) == set(names)


# --- deployment --------------------------------------------------------------------------------

class Deployment:
    def __init__(self, value):
        self.id = bytes.fromhex(value["id"])
        self.permissions = value["permissions"]
        self.ceiling = {1: value["link"]["ceiling"], 2: value["session"]["ceiling"]}

    def names(self, bits):
        """The names of the set bits in the order of the list. A bit without a name grants nothing."""
        return [name for bit, name in enumerate(self.permissions) if bit in bits]

    def bits(self, names):
        for name in names:
            if name not in self.permissions:
                raise Refused("unknown_permission")
        return {self.permissions.index(name) for name in names}


def _lifetimes_ok(value):
    return (has_members(value, "default_lifetime", "ceiling")
            and is_whole(value["ceiling"], 1, U40_MAX)
            and is_whole(value["default_lifetime"], 1, value["ceiling"]))


def read_deployment(data):
    value = read_json(data, 65_536, "portward-deployment", "deployment")
    ok = (has_members(value, "format", "version", "id", "permissions", "link", "session")
          and is_hex(value["id"], 16)
          and isinstance(value["permissions"], list)
          and len(value["permissions"]) <= 64
          and all(isinstance(name, str) and PERMISSION.fullmatch(name) for name in value["permissions"])
          and len(set(value["permissions"])) == len(value["permissions"])
          and _lifetimes_ok(value["link"])
          and _lifetimes_ok(value["session"]))
    if not ok:
        raise Refused("deployment_malformed")
    return Deployment(value)


# --- keys and keyring --------------------------------------------------------------------------

def key_string(key):
    return KEY_PREFIX + b64u(key + u32(crc32(KEY_PREFIX.encode() + key)))


def read_key_string(text):
    try:
        if not text.startswith(KEY_PREFIX):
            raise Malformed("prefix")
        data = b64u_decode(text[len(KEY_PREFIX):])
        if len(data) != 36 or data[32:] != u32(crc32(KEY_PREFIX.encode() + data[:32])):
            raise Malformed("length or CRC")
    except Malformed:
        raise Refused("keyring_malformed") from None
    return data[:32]


class Root:
    def __init__(self, value, key):
        self.id = bytes.fromhex(value["id"])
        self.state = value["state"]
        self.last_active = value["last_active"]
        self.key = key


class Keyring:
    def __init__(self, deployment_id, roots):
        self.deployment_id = deployment_id
        self.roots = roots

    def active(self):
        return next(root for root in self.roots if root.state == "active")

    def checking(self, root_id):
        """The root of this id if it may check."""
        for root in self.roots:
            if root.id == root_id and root.state in ("active", "verify_only"):
                return root
        raise Refused("unknown_root")


def root_entry(deployment_id, root_id, key, state, created=1_764_000_000, last_active=None):
    """One element of a keyring file's roots."""
    return {
        "id": root_id.hex(), "state": state, "created": created, "last_active": last_active,
        "check": root_check(key, deployment_id, root_id).hex(),
        "key": None if state == "destroyed" else key_string(key),
    }


def keyring_value(deployment_id, roots):
    return {"format": "portward-keyring", "version": 1, "deployment": deployment_id.hex(), "roots": roots}


def _root_ok(value):
    return (has_members(value, "id", "state", "created", "last_active", "check", "key")
            and is_hex(value["id"], 4)
            and value["state"] in STATES
            and is_whole(value["created"], 0, U40_MAX)
            and (value["last_active"] is None or is_whole(value["last_active"], 0, U40_MAX))
            and is_hex(value["check"], 8)
            and (value["key"] is None) == (value["state"] == "destroyed")
            and (value["key"] is None or type(value["key"]) is str))  # and not Escaped


def read_keyring(data, expected_deployment=None):
    value = read_json(data, 1_048_576, "portward-keyring", "keyring")
    ok = (has_members(value, "format", "version", "deployment", "roots")
          and is_hex(value["deployment"], 16)
          and isinstance(value["roots"], list)
          and len(value["roots"]) <= 1024
          and all(_root_ok(root) for root in value["roots"]))
    if not ok:
        raise Refused("keyring_malformed")
    deployment_id = bytes.fromhex(value["deployment"])
    roots = [Root(root, None if root["key"] is None else read_key_string(root["key"])) for root in value["roots"]]
    if len({root.id for root in roots}) != len(roots):
        raise Refused("keyring_duplicate_id")
    if sum(root.state == "active" for root in roots) != 1:
        raise Refused("keyring_no_active_root")
    for root, entry in zip(roots, value["roots"]):
        if root.key is not None:
            right = root_check(root.key, deployment_id, root.id)
            if not hmac.compare_digest(right, bytes.fromhex(entry["check"])):
                raise Refused("keyring_check_mismatch")
    if expected_deployment is not None and deployment_id != expected_deployment:
        raise Refused("keyring_wrong_deployment")
    return Keyring(deployment_id, roots)


def check_destroy(deployment, keyring, root_id, now):
    """The step from `retired` to `destroyed`: refused while something signed under the root can be alive."""
    root = next((root for root in keyring.roots if root.id == root_id), None)
    if root is None:
        raise Refused("unknown_root")
    if root.state != "retired":
        raise Refused("root_wrong_state")
    if root.last_active is not None and now < root.last_active + deployment.ceiling[1] + 600:
        raise Refused("root_in_use")


# --- sealed keyring ----------------------------------------------------------------------------

def _context(purpose):
    return b"portward/v1/passphrase\x00" + purpose.encode("ascii")


def _stretch(passphrase, salt, costs, purpose):
    """Key and commitment."""
    prk = Argon2id(salt=salt, length=32, iterations=costs["iterations"], lanes=costs["lanes"],
                   memory_cost=costs["memory_kib"]).derive(passphrase.encode("utf-8"))
    info = lp(_context(purpose))
    return hkdf_expand(prk, info + b"\x01", 32), hkdf_expand(prk, info + b"\x02", 32)


def seal(plaintext, passphrase, purpose, salt, costs):
    """The members of a sealed keyring file."""
    key, commitment = _stretch(passphrase, salt, costs, purpose)
    data = plaintext.encode("utf-8") if isinstance(plaintext, str) else plaintext
    ciphertext = AESGCM(key).encrypt(bytes(12), data, _context(purpose))
    return {
        "format": "portward-sealed-keyring", "version": 1, "purpose": purpose, "argon2id": dict(costs),
        "salt": b64u(salt), "commitment": b64u(commitment), "ciphertext": b64u(ciphertext),
    }


def recovery_plaintext(deployment, keyring_text):
    """`deployment` is the deployment file as an object."""
    return json.dumps(deployment, separators=(",", ":"), ensure_ascii=False) + "\n" + keyring_text


def _costs_ok(value):
    return (has_members(value, "memory_kib", "iterations", "lanes")
            and is_whole(value["lanes"], 1, 16)
            and is_whole(value["iterations"], 1, 64)
            and is_whole(value["memory_kib"], max(8, 8 * value["lanes"]), 1_048_576))


def unseal(data, passphrase):
    """Purpose and plaintext, the plaintext checked as what it claims to be."""
    value = read_json(data, 2_097_152, "portward-sealed-keyring", "sealed")
    ok = (has_members(value, "format", "version", "purpose", "argon2id", "salt", "commitment", "ciphertext")
          and value["purpose"] in PURPOSES
          and _costs_ok(value["argon2id"])
          and all(isinstance(value[name], str) for name in ("salt", "commitment", "ciphertext")))
    if not ok:
        raise Refused("sealed_malformed")
    try:
        salt = b64u_decode(value["salt"])
        commitment = b64u_decode(value["commitment"])
        ciphertext = b64u_decode(value["ciphertext"])
    except Malformed:
        raise Refused("sealed_malformed") from None
    if len(salt) != 32 or len(commitment) != 32 or len(ciphertext) < 16:
        raise Refused("sealed_malformed")
    purpose = value["purpose"]
    key, right = _stretch(passphrase, salt, value["argon2id"], purpose)
    if not hmac.compare_digest(right, commitment):
        raise Refused("sealed_wrong_passphrase")
    try:
        plain = AESGCM(key).decrypt(bytes(12), ciphertext, _context(purpose))
    except InvalidTag:
        raise Refused("sealed_damaged") from None
    return purpose, _check_plaintext(purpose, plain)


def _check_plaintext(purpose, plain):
    keyring_part, expected = plain, None
    if purpose == "recovery":
        line, feed, keyring_part = plain.partition(b"\n")
        expected = read_deployment(line if feed else b"").id
    read_keyring(keyring_part, expected)
    return plain.decode("utf-8")
