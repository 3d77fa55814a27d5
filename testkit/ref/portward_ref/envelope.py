"""Envelope encryption: envelope.md sections 1 to 8."""

import hashlib
import hmac
import re
from dataclasses import dataclass

from . import aead, chunked
from .derive import derive, lp
from .errors import Malformed, Refused
from .wire import Reader, check_identifier, u16, u32

KEK = "portward/v1/kek"
TENANT_KEK = "portward/v1/tenant-kek"
BODY = "portward/v1/body"
KEY_CHECK = "portward/v1/key-check"
WRAP_DATA = "portward/v1/wrap-data"
WRAP_KEK = "portward/v1/wrap-kek"
OBJECT = "portward/v1/object"

MAGIC = 0xF5
VERSION = 1
SUITE = 1
DETACHED = 0
EMBEDDED = 1

TENANT_KEK_SLOT = 0x01
PKCS11_SLOT = 0x02
ROOT_SLOT = 0x03
AWS_KMS_SLOT = 0x10

SLOTS_MAX = 16
SLOTS_LENGTH_MAX = 16_384  # with the byte that is their number

OPENS = ("active", "verify_only")
RECORD_MAX = 1_048_576
XAES_NONCE = 24


# --- 1. Keys -----------------------------------------------------------------------------------

SCOPE_KIND = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)


def read_scope(text):
    kind, _, name = text.partition(":")
    if ":" not in text or SCOPE_KIND.fullmatch(kind) is None:
        raise Refused("scope_kind")
    check_identifier(name)
    return kind, name


def check_value(deployment_id, key, key_id):
    return derive(key, deployment_id, KEY_CHECK, key_id)[:8]


# --- 2. Context --------------------------------------------------------------------------------

CONTEXT_KEY = re.compile(r"tenant|name|id|x-[a-z0-9-]{1,62}", re.ASCII)


class Context:
    def __init__(self, pairs):
        self.values = {}
        for key, value in pairs:
            if CONTEXT_KEY.fullmatch(key) is None or key in self.values:
                raise Refused("context_key")
            if not 1 <= len(value.encode("utf-8")) <= 256 or (key == "tenant" and not _is_identifier(value)):
                raise Refused("context_value")
            self.values[key] = value
        if not {"tenant", "name", "id"} <= self.values.keys():
            raise Refused("context_incomplete")
        self.canonical = u16(len(self.values))
        for key, value in sorted((key.encode("ascii"), value.encode("utf-8")) for key, value in self.values.items()):
            self.canonical += u16(len(key)) + key + u16(len(value)) + value
        if len(self.values) > 16 or len(self.canonical) > 4096:
            raise Refused("context_too_long")


def _is_identifier(text):
    try:
        check_identifier(text)
    except Refused:
        return False
    return True


# --- 3. Wrapping -------------------------------------------------------------------------------

@dataclass
class Slot:
    type: int
    kek_id: bytes
    version: int
    wrapped: bytes

    def head(self):
        return slot_head(self.type, self.kek_id, self.version)

    def encode(self):
        return self.head() + u16(len(self.wrapped)) + self.wrapped


def slot_head(kind, kek_id, version):
    return bytes([kind, len(kek_id)]) + kek_id + u32(version)


# What the table states: sizes of KEK id and wrapped, and which versions there are; None where it states nothing.
STATED = {
    TENANT_KEK_SLOT: (16, 72, lambda version: version >= 1),
    PKCS11_SLOT: (None, 60, lambda version: True),
    ROOT_SLOT: (4, 72, lambda version: version == 1),
    AWS_KMS_SLOT: (None, None, lambda version: version == 0),
}


def take_slot(reader):
    kind = reader.byte()
    kek_id = reader.take(reader.byte())
    version = reader.number(4)
    wrapped = reader.take(reader.number(2))
    if not 1 <= len(kek_id) <= 64 or not 1 <= len(wrapped) <= 6144:
        raise Malformed("size")
    id_size, wrapped_size, is_version = STATED.get(kind, (None, None, lambda version: True))
    if id_size not in (None, len(kek_id)) or wrapped_size not in (None, len(wrapped)) or not is_version(version):
        raise Malformed("another size or version than the table's")
    return Slot(kind, kek_id, version, wrapped)


def read_slot(data):
    reader = Reader(data)
    try:
        slot = take_slot(reader)
        reader.done()
    except Malformed:
        raise Refused("header_malformed") from None
    return slot


@dataclass
class Subject:
    """What is wrapped: a data key where `scope` is stated, else a tenant KEK of that version."""

    deployment_id: bytes
    tenant: str
    key_id: bytes
    scope: str | None = None
    version: int | None = None

    def label(self):
        return WRAP_KEK if self.scope is None else WRAP_DATA

    def binding(self, head):
        if self.scope is None:
            own = lp(self.key_id) + lp(u32(self.version))
        else:
            own = lp(self.scope.encode("ascii")) + lp(self.key_id)
        return lp(self.label().encode("ascii")) + lp(self.deployment_id) + lp(self.tenant.encode("ascii")) + own + lp(head)

    def encryption_context(self, head):
        """For the types that take no AAD but pairs of text."""
        return {
            "portward": self.label(),
            "deployment": self.deployment_id.hex(),
            "binding": hashlib.sha256(self.binding(head)).hexdigest(),
        }


@dataclass
class Kek:
    """A tenant KEK (type 0x01) or a root key (0x03)."""

    type: int
    id: bytes
    version: int
    key: bytes

    def xaes_key(self, deployment_id):
        return derive(self.key, deployment_id, TENANT_KEK if self.type == TENANT_KEK_SLOT else KEK)

    def is_of(self, slot):
        return (slot.type, slot.kek_id, slot.version) == (self.type, self.id, self.version)

    def wrap(self, subject, key, nonce):
        head = slot_head(self.type, self.id, self.version)
        wrapped = aead.xaes_seal(self.xaes_key(subject.deployment_id), nonce, key, subject.binding(head))
        return Slot(self.type, self.id, self.version, nonce + wrapped)

    def unwrap(self, subject, slot, check=None):
        nonce, wrapped = slot.wrapped[:XAES_NONCE], slot.wrapped[XAES_NONCE:]
        try:
            key = aead.xaes_open(self.xaes_key(subject.deployment_id), nonce, wrapped, subject.binding(slot.head()))
        except Malformed:
            raise Refused("unwrap_failed") from None
        if check is not None and not hmac.compare_digest(check, check_value(subject.deployment_id, key, subject.key_id)):
            raise Refused("key_check_mismatch")
        return key


def unwrap(kek, subject, data, check=None):
    """A key out of one slot, as it lies in a key store."""
    slot = read_slot(data)
    if not kek.is_of(slot) or (subject.scope is None and slot.type == TENANT_KEK_SLOT):
        raise Refused("no_slot")
    return kek.unwrap(subject, slot, check)


# --- 4. Header ---------------------------------------------------------------------------------

@dataclass
class Header:
    kind: int
    data_key_id: bytes
    slots: list
    body_at: int


def header(data_key_id, slots):
    """The bytes of a header: embedded if there are slots."""
    if len(slots) > SLOTS_MAX:
        raise Refused("slots")
    start = bytes([MAGIC, VERSION, SUITE, EMBEDDED if slots else DETACHED]) + data_key_id
    if not slots:
        return start
    rest = bytes([len(slots)]) + b"".join(slot.encode() for slot in slots)
    if len(rest) > SLOTS_LENGTH_MAX:
        raise Refused("slots")
    return start + u16(len(rest)) + rest


def read_header(data):
    if data[:1] != bytes([MAGIC]):
        raise Refused("not_an_envelope")
    reader = Reader(data)
    reader.byte()
    try:
        if reader.byte() != VERSION:
            raise Refused("unknown_version")
        if reader.byte() != SUITE:
            raise Refused("unknown_suite")
        kind = reader.byte()
        if kind not in (DETACHED, EMBEDDED):
            raise Refused("unknown_kind")
        data_key_id = reader.take(16)
        slots = []
        if kind == EMBEDDED:
            length = reader.number(2)
            if not 1 <= length <= SLOTS_LENGTH_MAX:
                raise Malformed("length")
            inner = Reader(reader.take(length))
            count = inner.byte()
            if not 1 <= count <= SLOTS_MAX:
                raise Malformed("number of slots")
            slots = [take_slot(inner) for _ in range(count)]
            inner.done()
    except Malformed:
        raise Refused("header_malformed") from None
    return Header(kind, data_key_id, slots, reader.at)


# --- 5. Body -----------------------------------------------------------------------------------

def body_keys(deployment_id, data_key_id, data_key, context):
    """The input key and the context of the chunked encryption."""
    input_key = derive(data_key, deployment_id, BODY, bytes([SUITE]))
    return input_key, OBJECT.encode("ascii") + b"\x00" + bytes([MAGIC, VERSION, SUITE]) + data_key_id + context.canonical


def seal(deployment_id, data_key_id, data_key, context, salt, plaintext, slots):
    input_key, bound = body_keys(deployment_id, data_key_id, data_key, context)
    return header(data_key_id, slots) + chunked.seal(input_key, salt, bound, plaintext)


# --- 6. Opening --------------------------------------------------------------------------------

@dataclass
class DataKey:
    """A row of the key store."""

    id: bytes
    key: bytes
    tenant: str
    scope: str
    state: str


@dataclass
class HeldKek:
    kek: Kek
    tenant: str | None  # None: of all tenants
    state: str


@dataclass
class Opener:
    deployment_id: bytes
    tenant: str
    scope: str
    data_keys: list
    keks: list
    minimum_version: int
    unavailable: list
    tombstones: list

    def is_destroyed(self, key_id):
        return (self.tenant, key_id) in self.tombstones

    def resolve(self, slot):
        """The KEK of a slot, if it is held and may open."""
        for held in self.keks:
            if not held.kek.is_of(slot) or held.tenant not in (None, self.tenant) or held.state not in OPENS:
                continue
            if slot.type == TENANT_KEK_SLOT and (slot.version < self.minimum_version or self.is_destroyed(slot.kek_id)):
                continue
            return held.kek
        return None

    def embedded_key(self, head):
        subject = Subject(self.deployment_id, self.tenant, head.data_key_id, scope=self.scope)
        code = "no_slot"
        for slot in head.slots:
            kek = self.resolve(slot)
            if kek is None:
                continue
            if slot.type not in self.unavailable:
                return kek.unwrap(subject, slot)
            code = "kek_unavailable"
        raise Refused(code)

    def row(self, key_id):
        """The row of a data key, if there is one; refused if tombstone or row say that it does not open."""
        if self.is_destroyed(key_id):
            raise Refused("data_key_destroyed")
        for row in self.data_keys:
            if (row.id, row.tenant, row.scope) == (key_id, self.tenant, self.scope):
                if row.state not in OPENS:
                    raise Refused("data_key_" + row.state)
                return row
        return None

    def data_key(self, head):
        row = self.row(head.data_key_id)
        if head.kind == EMBEDDED:
            return self.embedded_key(head)
        if row is None:
            raise Refused("unknown_data_key")
        return row.key

    def body(self, context, data, record=False):
        if context.values["tenant"] != self.tenant:
            raise Refused("wrong_tenant")
        head = read_header(data)
        body = data[head.body_at :]
        if record and len(body) > chunked.body_length(RECORD_MAX):
            raise Refused("record_too_long")
        data_key = self.data_key(head)
        input_key, bound = body_keys(self.deployment_id, head.data_key_id, data_key, context)
        return chunked.Body(input_key, bound, body)

    # --- 7. Rewrapping

    def rewrap(self, data, to):
        """`to` are pairs of KEK and nonce."""
        head = read_header(data)
        self.row(head.data_key_id)
        # A detached object has no slots, so none that resolves.
        key = self.embedded_key(head)
        subject = Subject(self.deployment_id, self.tenant, head.data_key_id, scope=self.scope)
        if not to:
            raise Refused("slots")
        return header(head.data_key_id, [kek.wrap(subject, key, nonce) for kek, nonce in to]) + data[head.body_at :]


# --- 8. Limits of use --------------------------------------------------------------------------

BUDGET = 2**97
WARN = 2**96


def usage(lengths):
    """The cost of these bodies, and whether a sealer warns."""
    cost = sum(max(1, (length + 15) // 16) ** 2 for length in lengths)
    if cost > BUDGET:
        raise Refused("key_exhausted")
    return cost, cost >= WARN
