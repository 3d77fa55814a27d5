"""A vault on a device: vault.md. Maker and strict reader."""

import hmac
import json
from dataclasses import dataclass

from . import aead
from .envelope import Context, DataKey, Opener, Slot, Subject, check_value, read_slot, slot_head
from .errors import Malformed, Refused
from .files import has_members, is_hex, read_json
from .wire import b64u, b64u_decode, check_identifier

FORMAT = "portward-vault"
SIZE_MAX = 16_384
SCOPE = "vault:objects"
DEVICE_SLOT = 0x20
VERSION = 0
NAME_MAX = 64
WRAPPED_MAX = 6_144
IV = 12
KEY = 32


def binding(vault_id, tenant, data_key_id, head):
    """That of a data key (envelope.md section 3), with the vault id as deployment id."""
    return Subject(vault_id, tenant, data_key_id, scope=SCOPE).binding(head)


@dataclass
class Device:
    """A device's key: an AES-256 key, or one that cannot be used now, whose key store fails, that says no, or gives these bytes whatever it is told, perhaps others when it unwraps."""

    key: bytes | None = None
    unavailable: bool = False
    gives: bytes | None = None
    fails: bool = False
    unwraps: bytes | None = None

    def wrap(self, bound, data_key, iv):
        if self.unavailable or self.fails:
            raise Refused("kek_unavailable")
        if self.gives is not None:
            return self.gives
        if self.key is None:
            raise Refused("kek_refused")
        return iv + aead.seal(self.key, iv, data_key, bound)

    def unwrap(self, bound, wrapped):
        if self.unavailable or self.fails:
            raise Refused("kek_unavailable")
        if self.gives is not None:
            return self.gives if self.unwraps is None else self.unwraps
        if self.key is None or len(wrapped) < IV + aead.TAG:
            raise Refused("unwrap_failed")
        try:
            return aead.open_sealed(self.key, wrapped[:IV], wrapped[IV:], bound)
        except Malformed:
            raise Refused("unwrap_failed") from None


@dataclass
class VaultFile:
    vault_id: bytes
    tenant: str
    data_key_id: bytes
    check: bytes
    slot: Slot

    def name(self):
        return self.slot.kek_id.decode("utf-8")


def value(vault_id, tenant, data_key_id, check, slot):
    """The members of a file, whatever they say."""
    return {
        "format": FORMAT, "version": 1, "vault": vault_id.hex(), "tenant": tenant, "data_key": data_key_id.hex(),
        "check": check.hex(), "slot": b64u(slot),
    }


def make(vault_id, tenant, data_key_id, data_key, name, device, iv):
    raw = name.encode("utf-8")
    if not 1 <= len(raw) <= NAME_MAX:
        raise Refused("key_name")
    head = slot_head(DEVICE_SLOT, raw, VERSION)
    wrapped = device.wrap(binding(vault_id, tenant, data_key_id, head), data_key, iv)
    if not 1 <= len(wrapped) <= WRAPPED_MAX:
        raise Refused("kek_refused")
    slot = Slot(DEVICE_SLOT, raw, VERSION, wrapped)
    made = value(vault_id, tenant, data_key_id, check_value(vault_id, data_key, data_key_id), slot.encode())
    try:
        open_vault(json.dumps(made).encode(), tenant, device)
    except Refused as refused:
        raise Refused("kek_refused" if refused.code in ("unwrap_failed", "key_check_mismatch") else refused.code) from None
    return made


def _is_tenant(text):
    try:
        check_identifier(text)
    except (Refused, UnicodeEncodeError):  # half a character beyond U+FFFF, which JSON can say and UTF-8 cannot
        return False
    return True


def read(data):
    file = read_json(data, SIZE_MAX, FORMAT, "vault")
    ok = (has_members(file, "format", "version", "vault", "tenant", "data_key", "check", "slot")
          and is_hex(file["vault"], 16)
          and isinstance(file["tenant"], str) and _is_tenant(file["tenant"])
          and is_hex(file["data_key"], 16)
          and is_hex(file["check"], 8)
          and isinstance(file["slot"], str))
    if not ok:
        raise Refused("vault_malformed")
    try:
        slot = read_slot(b64u_decode(file["slot"]))
        slot.kek_id.decode("utf-8")
    except (Malformed, Refused, UnicodeDecodeError):
        raise Refused("vault_malformed") from None
    if slot.type != DEVICE_SLOT or slot.version != VERSION:
        raise Refused("vault_malformed")
    return VaultFile(bytes.fromhex(file["vault"]), str(file["tenant"]), bytes.fromhex(file["data_key"]),
                     bytes.fromhex(file["check"]), slot)


@dataclass
class Vault:
    """One that is open."""

    file: VaultFile
    data_key: bytes

    def check(self):
        return check_value(self.file.vault_id, self.data_key, self.file.data_key_id)

    def body(self, pairs, data, record=False):
        row = DataKey(self.file.data_key_id, self.data_key, self.file.tenant, SCOPE, "active")
        opener = Opener(self.file.vault_id, self.file.tenant, SCOPE, [row], [], 1, [], [])
        return opener.body(Context(pairs), data, record)


def open_vault(data, tenant, device):
    file = read(data)
    if file.tenant != tenant:
        raise Refused("vault_wrong_tenant")
    bound = binding(file.vault_id, file.tenant, file.data_key_id, file.slot.head())
    data_key = device.unwrap(bound, file.slot.wrapped)
    if len(data_key) != KEY:
        raise Refused("unwrap_failed")
    vault = Vault(file, data_key)
    if not hmac.compare_digest(file.check, vault.check()):
        raise Refused("key_check_mismatch")
    return vault
