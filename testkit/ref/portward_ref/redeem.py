"""Redeeming a link: redeem.md sections 1 to 3."""

import hashlib
import hmac
from copy import deepcopy
from dataclasses import dataclass, replace

from . import token
from .derive import derive, hmac_sha256
from .errors import Malformed, Refused
from .links import read_head
from .token import LINK, SESSION
from .wire import U40_MAX, Reader, b64u, b64u_decode, u40

NONCE = "portward/v1/nonce"
PREFIX = "pwn_"
VERSION = b"\x01"
LIFETIME = 600
RANDOM, COOKIE = 16, 32
COOKIE_TEXT = 43
NONCE_BYTES = 58


def chain_id(link_or_session_id, copies):
    """The copy id of the last block, or the id of a link without blocks."""
    return copies[-1] if copies else link_or_session_id


# --- nonces ------------------------------------------------------------------------------------

def nonce_mac(root, deployment_id, before_mac, chain, cookie):
    key = derive(root, deployment_id, NONCE)
    return hmac_sha256(key, before_mac + chain + hashlib.sha256(cookie).digest())


def expires_at(now):
    return min(now + LIFETIME, U40_MAX)


def make_nonce(deployment_id, keyring, now, random, chain, cookie):
    root = keyring.active()
    before_mac = VERSION + root.id + u40(expires_at(now)) + random
    return PREFIX + b64u(before_mac + nonce_mac(root.key, deployment_id, before_mac, chain, cookie))


def read_cookie(text):
    """The bytes of a peek cookie."""
    try:
        if len(text) != COOKIE_TEXT:
            raise Malformed("length")
        return b64u_decode(text)
    except Malformed:
        raise Refused("cookie_malformed") from None


@dataclass
class Nonce:
    root_id: bytes
    expires_at: int
    random: bytes
    before_mac: bytes
    mac: bytes


def read_nonce(text):
    """Step 1."""
    try:
        if not text.startswith(PREFIX):
            raise Malformed("prefix")
        data = b64u_decode(text[len(PREFIX):])
        if len(data) != NONCE_BYTES:
            raise Malformed("length")
        reader = Reader(data)
        if reader.take(1) != VERSION:
            raise Malformed("version")
        nonce = Nonce(reader.take(4), reader.number(5), reader.take(RANDOM), data[:-32], data[-32:])
    except Malformed:
        raise Refused("nonce_malformed") from None
    return nonce


def check_nonce(deployment_id, keyring, text, chain, cookie_text, now):
    cookie = read_cookie(cookie_text)
    nonce = read_nonce(text)
    root = keyring.checking(nonce.root_id)
    if not hmac.compare_digest(nonce_mac(root.key, deployment_id, nonce.before_mac, chain, cookie), nonce.mac):
        raise Refused("nonce_forged")
    if now >= nonce.expires_at:
        raise Refused("nonce_expired")
    return nonce


# --- what rows say -----------------------------------------------------------------------------

@dataclass
class LinkRow:
    """The fields of a link's row that count here."""

    head: bytes
    check: bytes
    state: str
    expires: int
    permissions: list
    resources: list | None
    uses_max: int | None
    uses: int
    revision: int


@dataclass
class ChainRow:
    copies: list
    permissions: list
    resources: list | None
    audience: str | None
    expires: int


def _check_row(row, check, now, minimum):
    """`check` None: not compared; `minimum`: the minimum revision that the feed knows."""
    if row is None:
        raise Refused("link_unknown")
    if check is not None and not hmac.compare_digest(row.check, check):
        raise Refused("link_differs")
    if row.state == "revoked":
        raise Refused("link_revoked")
    if row.state == "paused":
        raise Refused("link_suspended")
    if now >= row.expires:
        raise Refused("link_ended")
    if row.revision < minimum:
        raise Refused("link_outdated")


def _issue(deployment, keyring, token_id, now, lifetime, head, granted, row):
    """A session of what `granted` and the row allow together; `head` has everything but times and grants."""
    permissions = deployment.bits(deployment.names(granted.permissions)) & deployment.bits(row.permissions)
    lists = [found for found in (granted.resources, row.resources) if found is not None]
    resources = None
    if lists:
        resources = [text for text in lists[0] if all(text in found for found in lists)]
    if not permissions or resources is not None and not 1 <= len(resources) <= 16:
        raise Refused("nothing_granted")
    end = min(now + lifetime, granted.expires_at, row.expires)
    if end <= now:
        raise Refused("expired")
    root = keyring.active()
    head = replace(head, kind=SESSION, root_id=root.id, token_id=token_id, issued_at=now, expires_at=end,
                   permissions=permissions, resources=resources or [], link_revision=row.revision)
    text = token.text(token.PREFIX[SESSION], token.encode_head(head),
                      token.first_tag(root.key, deployment.id, head))
    if len(text) > token.TEXT_MAX:
        raise Refused("token_too_long")
    return text, end


@dataclass
class Granted:
    permissions: set
    resources: list | None
    expires_at: int


# --- redeeming and renewing --------------------------------------------------------------------

def redeem(deployment, keyring, text, cookie, nonce, now, row, redeemed, token_id, lifetime, audience=None, minimum=0):
    """Session, its expiry, and whether a use is counted; `redeemed`: the chain of the redemption with this nonce's random."""
    verified = token.verify(deployment, keyring, text, LINK, now, audience=audience)
    head = verified.head
    chain = chain_id(head.token_id, verified.copies)
    check_nonce(deployment.id, keyring, nonce, chain, cookie, now)
    first_tag = token.first_tag(keyring.checking(head.root_id).key, deployment.id, head)
    _check_row(row, token.link_check(first_tag), now, minimum)
    session = replace(head, audience=verified.audience, link_id=head.token_id, link_root=head.root_id,
                      copies=verified.copies)
    granted = Granted(verified.permissions, verified.resources, verified.expires_at)
    issued = _issue(deployment, keyring, token_id, now, lifetime, session, granted, row)
    if redeemed is not None:
        if redeemed != chain:
            raise Refused("link_malformed")
        return *issued, False
    if row.uses_max is not None and row.uses >= row.uses_max:
        raise Refused("uses_exhausted")
    return *issued, True


def verify_to_renew(deployment, keyring, text, now, *, audience=None, view=None, monotonic=0, mode=None):
    """As ever, but that an edit of the link does not end the session here."""
    if view is not None:
        view = replace(view, state=deepcopy(view.state))
        for tenant in view.state.tenants.values():
            tenant.revisions = {}
    return token.verify(deployment, keyring, text, SESSION, now, audience=audience, view=view, monotonic=monotonic,
                        mode=mode)


def renew(deployment, keyring, text, now, row, chain, lifetime, minimum=0, **how):
    verified = verify_to_renew(deployment, keyring, text, now, **how)
    _check_row(row, None, now, minimum)
    if chain is None:
        raise Refused("chain_unknown")
    old, link = verified.head, read_head(row.head)
    if (old.copies, old.tenant, old.client, old.link_root) != (chain.copies, link.tenant, link.client, link.root_id):
        raise Refused("link_differs")
    head = replace(old, audience=chain.audience)
    granted = Granted(deployment.bits(chain.permissions), chain.resources, chain.expires)
    return _issue(deployment, keyring, old.token_id, now, lifetime, head, granted, row)
