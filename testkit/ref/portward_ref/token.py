"""Tokens: spec/token.md. Makers, the strict parser, narrowing, verification, issuing."""

import hmac
from dataclasses import dataclass, field

from . import revocation
from .derive import hmac_sha256, labelled_hash, token_key
from .errors import Malformed, Refused
from .wire import U40_MAX, Reader, b64u, b64u_decode, bitmap, crc32, identifier, u32, u40, varint

LINK, SESSION = 1, 2
PREFIX = {LINK: "pwl_", SESSION: "pws_"}
TEXT_MAX = 1024
LINK_TEXT_MAX = 896
BLOCKS_MAX = 8
DEFAULT_SKEW = 60

# The codes of steps 1 to 11; everything else is `refused` to the outside.
DAMAGED = {
    "too_long", "bad_prefix", "bad_base64", "too_short", "bad_checksum", "unknown_version", "unknown_kind",
    "kind_mismatch", "malformed_head", "session_with_blocks", "too_many_blocks", "block_after_seal",
    "unknown_block", "malformed_block", "unknown_restriction",
}


def public(code):
    return "damaged" if code in DAMAGED else "refused"


# --- making ------------------------------------------------------------------------------------

@dataclass
class Head:
    kind: int
    root_id: bytes
    token_id: bytes
    issued_at: int
    expires_at: int
    generations: list
    tenant: str
    client: str
    audience: str | None = None
    permissions: set = field(default_factory=set)
    link_id: bytes = b""
    link_root: bytes = b""
    link_revision: int = 0
    copies: list = field(default_factory=list)
    resources: list = field(default_factory=list)


def identifier_list(texts):
    forms = sorted({identifier(text) for text in texts})
    return bytes([len(forms)]) + b"".join(forms)


def encode_head(head):
    out = bytes([1, head.kind]) + head.root_id + head.token_id + u40(head.issued_at) + u40(head.expires_at)
    out += b"".join(varint(generation) for generation in head.generations)
    out += identifier(head.tenant) + identifier(head.client)
    out += b"\x00" if head.audience is None else b"\x01" + identifier(head.audience)
    out += bitmap(head.permissions)
    if head.kind == SESSION:
        out += head.link_id + head.link_root + varint(head.link_revision)
        out += bytes([len(head.copies)]) + b"".join(head.copies)
        out += identifier_list(head.resources)
    return out


def encode_restrictions(restrictions):
    """The body of a block; `restrictions` as in the op `narrow`."""
    out = b""
    if "expires_at" in restrictions:
        out += b"\x01" + u40(restrictions["expires_at"])
    if "permissions" in restrictions:
        out += b"\x02" + bitmap(restrictions["permissions"])
    if "resources" in restrictions:
        out += b"\x03" + identifier_list(restrictions["resources"])
    if "audience" in restrictions:
        out += b"\x04" + identifier(restrictions["audience"])
    if "recipient" in restrictions:
        label = restrictions["recipient"].encode("ascii")
        out += b"\x05" + bytes([len(label)]) + label
    if restrictions.get("seal"):
        out += b"\x06"
    return out


def block(body):
    return b"\x01" + varint(len(body)) + body


def text(prefix, before_tag, tag):
    """The text of a token, whatever its parts."""
    data = before_tag + tag
    return prefix + b64u(data + u32(crc32(prefix.encode("ascii") + data)))


def next_tag(tag, block_bytes):
    return hmac_sha256(tag, block_bytes)


def copy_id(tag):
    return labelled_hash("portward/v1/copy-id", tag)[:16]


def link_check(tag):
    return labelled_hash("portward/v1/link-check", tag)[:16]


def first_tag(root, deployment_id, head):
    key = token_key(root, deployment_id, head.kind, head.tenant, head.generations[1])
    return hmac_sha256(key, encode_head(head))


# --- parsing: steps 1 to 11 --------------------------------------------------------------------

@dataclass
class Token:
    head: Head
    head_bytes: bytes
    blocks: list  # of (whole bytes, restrictions as an object)
    tag: bytes

    def sealed(self):
        return bool(self.blocks) and "seal" in self.blocks[-1][1]

    def tags(self, key):
        tags = [hmac_sha256(key, self.head_bytes)]
        for raw, _ in self.blocks:
            tags.append(next_tag(tags[-1], raw))
        return tags


def parse(token):
    if len(token.encode("utf-8")) > TEXT_MAX:
        raise Refused("too_long")
    prefix = token[:4]
    if prefix not in PREFIX.values():
        raise Refused("bad_prefix")
    try:
        data = b64u_decode(token[4:])
    except Malformed:
        raise Refused("bad_base64") from None
    if len(data) < 37:
        raise Refused("too_short")
    before_tag, tag, crc = data[:-36], data[-36:-4], data[-4:]
    if u32(crc32(prefix.encode("ascii") + data[:-4])) != crc:
        raise Refused("bad_checksum")
    if before_tag[0] != 1:
        raise Refused("unknown_version")
    # One byte before the tag leaves no room for a kind: then it is not there.
    if before_tag[1:2] not in (b"\x01", b"\x02"):
        raise Refused("unknown_kind")
    if PREFIX[before_tag[1]] != prefix:
        raise Refused("kind_mismatch")
    reader = Reader(before_tag)
    try:
        head = _parse_head(reader)
    except Malformed:
        raise Refused("malformed_head") from None
    head_bytes = before_tag[:reader.at]
    if head.kind == SESSION and reader.left():
        raise Refused("session_with_blocks")
    return Token(head, head_bytes, _parse_blocks(reader), tag)


def _flag(reader):
    value = reader.byte()
    if value > 1:
        raise Malformed("flag")
    return value == 1


def _count(reader, low, high):
    value = reader.byte()
    if not low <= value <= high:
        raise Malformed("count")
    return value


def _parse_head(reader):
    reader.byte()
    head = Head(kind=reader.byte(), root_id=reader.take(4), token_id=reader.take(16),
                issued_at=reader.number(5), expires_at=reader.number(5),
                generations=[reader.varint(32) for _ in range(3)],
                tenant=reader.identifier(), client=reader.identifier())
    head.audience = reader.identifier() if _flag(reader) else None
    head.permissions = reader.bitmap()
    if head.kind == SESSION:
        head.link_id = reader.take(16)
        head.link_root = reader.take(4)
        head.link_revision = reader.varint(32)
        head.copies = [reader.take(16) for _ in range(_count(reader, 0, 8))]
        head.resources = reader.identifiers(_count(reader, 0, 16))
    return head


def _parse_blocks(reader):
    blocks = []
    while reader.left():
        if len(blocks) == BLOCKS_MAX:
            raise Refused("too_many_blocks")
        if blocks and "seal" in blocks[-1][1]:
            raise Refused("block_after_seal")
        start = reader.at
        if reader.byte() != 1:
            raise Refused("unknown_block")
        try:
            body = reader.take(reader.varint(32))
        except Malformed:
            raise Refused("malformed_block") from None
        blocks.append((reader.data[start:reader.at], _parse_restrictions(Reader(body))))
    return blocks


def _parse_restrictions(reader):
    found, before = {}, 0
    while reader.left():
        kind = reader.byte()
        if not 1 <= kind <= 6:
            raise Refused("unknown_restriction")
        try:
            if kind <= before:
                raise Malformed("order")
            name, value = _parse_restriction(kind, reader)
        except Malformed:
            raise Refused("malformed_block") from None
        found[name] = value
        before = kind
    if not found:
        raise Refused("malformed_block")
    return found


def _parse_restriction(kind, reader):
    if kind == 1:
        return "expires_at", reader.number(5)
    if kind == 2:
        return "permissions", reader.bitmap()
    if kind == 3:
        return "resources", reader.identifiers(_count(reader, 1, 16))
    if kind == 4:
        return "audience", reader.identifier()
    if kind == 5:
        label = reader.take(_count(reader, 1, 32))
        if not all(0x20 <= byte <= 0x7E for byte in label):
            raise Malformed("label")
        return "recipient", label.decode("ascii")
    return "seal", True


# --- narrowing ---------------------------------------------------------------------------------

def narrow(token_text, restrictions):
    token = parse(token_text)
    if token.head.kind != LINK:
        raise Refused("wrong_kind")
    if token.sealed():
        raise Refused("sealed")
    if len(token.blocks) == BLOCKS_MAX:
        raise Refused("too_many_blocks")
    body = encode_restrictions(restrictions)
    if not body:
        raise Refused("empty_block")
    more = block(body)
    before_tag = token.head_bytes + b"".join(raw for raw, _ in token.blocks) + more
    result = text(PREFIX[LINK], before_tag, next_tag(token.tag, more))
    if len(result) > TEXT_MAX:
        raise Refused("token_too_long")
    return result


# --- verification ------------------------------------------------------------------------------

@dataclass
class Verified:
    head: Head
    expires_at: int
    permissions: set   # bit numbers
    resources: list | None
    recipients: list
    copies: list
    audience: str | None

    def allow(self, deployment, permission, resource):
        if permission not in deployment.names(self.permissions):
            raise Refused("permission_denied")
        if self.resources is not None:
            if resource is None:
                raise Refused("resource_required")
            if resource not in self.resources:
                raise Refused("resource_denied")


def verify(deployment, keyring, token_text, kind, now, *, monotonic=0, audience=None, skew=DEFAULT_SKEW,
           view=None, mode=None):
    token = parse(token_text)
    head = token.head
    if head.kind != kind:
        raise Refused("wrong_kind")

    root = keyring.checking(head.root_id)
    tags = token.tags(token_key(root.key, deployment.id, kind, head.tenant, head.generations[1]))
    if not hmac.compare_digest(tags[-1], token.tag):
        raise Refused("forged")

    restrictions = [found for _, found in token.blocks]
    if not head.issued_at < head.expires_at:
        raise Refused("bad_times")
    if head.expires_at - head.issued_at > deployment.ceiling[kind]:
        raise Refused("over_ceiling")
    if head.issued_at > now + skew:
        raise Refused("not_yet_valid")
    expires_at = min([head.expires_at] + [found["expires_at"] for found in restrictions if "expires_at" in found])
    if not now < expires_at:
        raise Refused("expired")
    audiences = audiences_of(token)
    if any(stated != audience for stated in audiences):
        raise Refused("wrong_audience")

    verified = Verified(
        head=head,
        expires_at=expires_at,
        permissions=_granted_permissions(head, restrictions),
        resources=_granted_resources(head, restrictions),
        recipients=[found["recipient"] for found in restrictions if "recipient" in found],
        copies=head.copies if kind == SESSION else [copy_id(tag) for tag in tags[1:]],
        audience=audiences[0] if audiences else None,
    )
    if view is not None:
        revocation.check(verified, view, now, monotonic, skew, mode)
    return verified


def audiences_of(token):
    stated = [token.head.audience] + [found.get("audience") for _, found in token.blocks]
    return [audience for audience in stated if audience is not None]


def _granted_permissions(head, restrictions):
    granted = set(head.permissions)
    for found in restrictions:
        granted &= found.get("permissions", granted)
    return granted


def _granted_resources(head, restrictions):
    """None: not restricted. In the order of their wire forms."""
    if head.kind == SESSION:
        return head.resources or None
    granted = None
    for found in restrictions:
        if "resources" in found:
            granted = [text for text in found["resources"] if granted is None or text in granted]
    return granted


# --- issuing -----------------------------------------------------------------------------------

def _check_lifetime(deployment, kind, lifetime):
    if lifetime == 0:
        raise Refused("lifetime_zero")
    if lifetime > deployment.ceiling[kind]:
        raise Refused("lifetime_over_ceiling")


def issue_link(deployment, keyring, token_id, now, tenant, client, audience, permissions, lifetime, generations):
    """Text and link check."""
    _check_lifetime(deployment, LINK, lifetime)
    if now + lifetime > U40_MAX:
        raise Refused("time_out_of_range")
    root = keyring.active()
    head = Head(LINK, root.id, token_id, now, now + lifetime, generations, tenant, client, audience,
                deployment.bits(permissions))
    tag = first_tag(root.key, deployment.id, head)
    result = text(PREFIX[LINK], encode_head(head), tag)
    if len(result) > LINK_TEXT_MAX:
        raise Refused("token_too_long")
    return result, link_check(tag)


def issue_session(deployment, keyring, token_id, now, link, lifetime, revision, limits):
    audiences = audiences_of(parse(link))
    verified = verify(deployment, keyring, link, LINK, now, audience=audiences[0] if audiences else None)
    _check_lifetime(deployment, SESSION, lifetime)
    # Only bits with a name are handed on: a name given to a bit later must not reach an old session.
    permissions = deployment.bits(deployment.names(verified.permissions))
    if "permissions" in limits:
        permissions &= deployment.bits(limits["permissions"])
    resources = verified.resources
    if "resources" in limits:
        resources = [text for text in limits["resources"] if resources is None or text in resources]
    if not permissions:
        raise Refused("nothing_granted")
    if resources is not None and not 1 <= len(set(resources)) <= 16:
        raise Refused("nothing_granted")
    expires_at = min(now + lifetime, verified.expires_at, limits.get("expires_at", U40_MAX))
    if expires_at <= now:
        raise Refused("expired")
    root = keyring.active()
    head = Head(SESSION, root.id, token_id, now, expires_at, verified.head.generations, verified.head.tenant,
                verified.head.client, verified.audience, permissions, verified.head.token_id,
                verified.head.root_id, revision, verified.copies, resources or [])
    result = text(PREFIX[SESSION], encode_head(head), first_tag(root.key, deployment.id, head))
    if len(result) > TEXT_MAX:
        raise Refused("token_too_long")
    return result
