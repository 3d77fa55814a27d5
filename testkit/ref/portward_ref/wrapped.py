"""A keyring under a KEK: envelope.md section 11. Maker and strict reader."""

import hashlib
import hmac
from dataclasses import dataclass

from . import aead
from .derive import hkdf_expand, lp
from .envelope import PKCS11_SLOT, ROOT_SLOT, SLOTS_MAX, TENANT_KEK_SLOT, Slot, read_slot, slot_head
from .errors import Malformed, Refused
from .files import has_members, is_hex, read_json, read_keyring
from .wire import b64u, b64u_decode

FORMAT = "portward-wrapped-keyring"
SIZE_MAX = 2_097_152
WRAP_KEYRING = "portward/v1/wrap-keyring"
WRAPPED_KEYRING = "portward/v1/wrapped-keyring"
IV = 12


def binding(deployment_id, head):
    return lp(WRAP_KEYRING.encode("ascii")) + lp(deployment_id) + lp(head)


def encryption_context(deployment_id, head):
    """For type 0x10, which takes no AAD but pairs of text."""
    return {
        "portward": WRAP_KEYRING,
        "deployment": deployment_id.hex(),
        "binding": hashlib.sha256(binding(deployment_id, head)).hexdigest(),
    }


@dataclass
class Kek:
    """A KEK of type 0x02 with its AES-256 key, or of any type whose provider is away or says no."""

    type: int
    id: bytes
    version: int
    key: bytes | None = None
    unavailable: bool = False

    def head(self):
        return slot_head(self.type, self.id, self.version)

    def is_of(self, slot):
        return (slot.type, slot.kek_id, slot.version) == (self.type, self.id, self.version)

    def wrap(self, aad, keyring_key, iv):
        assert self.type == PKCS11_SLOT
        return Slot(self.type, self.id, self.version, iv + aead.seal(self.key, iv, keyring_key, aad))

    def unwrap(self, aad, slot):
        if self.key is None:
            raise Refused("unwrap_failed")  # the provider refuses
        assert self.type == PKCS11_SLOT
        try:
            return aead.open_sealed(self.key, slot.wrapped[:IV], slot.wrapped[IV:], aad)
        except Malformed:
            raise Refused("unwrap_failed") from None


def bound_context(deployment_id):
    return WRAPPED_KEYRING.encode("ascii") + b"\x00" + deployment_id


def keys(keyring_key, context):
    """Key and commitment."""
    return hkdf_expand(keyring_key, lp(context) + b"\x01", 32), hkdf_expand(keyring_key, lp(context) + b"\x02", 32)


def value(deployment_id, slots, commitment, ciphertext):
    """The members of a file, whatever they say."""
    return {
        "format": FORMAT, "version": 1, "deployment": deployment_id.hex(), "slots": [b64u(slot) for slot in slots],
        "commitment": b64u(commitment), "ciphertext": b64u(ciphertext),
    }


def make(deployment_id, plaintext, keyring_key, keks_and_ivs):
    """The members of the file that holds this keyring file, a slot for each KEK in their order."""
    if not 1 <= len(keks_and_ivs) <= SLOTS_MAX:
        raise Refused("slots")
    slots = [kek.wrap(binding(deployment_id, kek.head()), keyring_key, iv).encode() for kek, iv in keks_and_ivs]
    context = bound_context(deployment_id)
    key, commitment = keys(keyring_key, context)
    return value(deployment_id, slots, commitment, aead.seal(key, bytes(12), plaintext, context))


def _read(data):
    file = read_json(data, SIZE_MAX, FORMAT, "wrapped")
    ok = (has_members(file, "format", "version", "deployment", "slots", "commitment", "ciphertext")
          and is_hex(file["deployment"], 16)
          and isinstance(file["slots"], list)
          and 1 <= len(file["slots"]) <= SLOTS_MAX
          and all(isinstance(text, str) for text in [*file["slots"], file["commitment"], file["ciphertext"]]))
    if not ok:
        raise Refused("wrapped_malformed")
    try:
        slots = [read_slot(b64u_decode(text)) for text in file["slots"]]
        commitment, ciphertext = b64u_decode(file["commitment"]), b64u_decode(file["ciphertext"])
    except (Malformed, Refused):
        raise Refused("wrapped_malformed") from None
    if (any(slot.type in (TENANT_KEK_SLOT, ROOT_SLOT) for slot in slots) or len(commitment) != 32
            or len(ciphertext) < aead.TAG):
        raise Refused("wrapped_malformed")
    return bytes.fromhex(file["deployment"]), slots, commitment, ciphertext


def _keyring_key(deployment_id, slots, keks):
    code = "no_slot"
    for slot in slots:
        kek = next((kek for kek in keks if kek.is_of(slot)), None)
        if kek is None:
            continue
        if not kek.unavailable:
            return kek.unwrap(binding(deployment_id, slot.head()), slot)
        code = "kek_unavailable"
    raise Refused(code)


def open_file(data, keks):
    """The keyring file, checked."""
    deployment_id, slots, right, ciphertext = _read(data)
    context = bound_context(deployment_id)
    key, commitment = keys(_keyring_key(deployment_id, slots, keks), context)
    if not hmac.compare_digest(commitment, right):
        raise Refused("wrapped_damaged")
    try:
        plain = aead.open_sealed(key, bytes(12), ciphertext, context)
    except Malformed:
        raise Refused("wrapped_damaged") from None
    read_keyring(plain, deployment_id)
    return plain.decode("utf-8")
