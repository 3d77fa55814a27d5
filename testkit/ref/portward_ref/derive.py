"""Key derivation: keys.md section 6."""

import hashlib
import hmac

from .wire import u16, u64

ROOT_CHECK = "portward/v1/root-check"
TOKEN = "portward/v1/token"
VIEW = "portward/v1/view"


def hmac_sha256(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def hkdf_expand(prk, info, length, algorithm=hashlib.sha256):
    """RFC 5869 section 2.3."""
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([counter]), algorithm).digest()
        out += block
        counter += 1
    return out[:length]


def lp(data):
    return u16(len(data)) + data


def derive(root, deployment_id, label, *parts):
    info = lp(label.encode("ascii")) + lp(deployment_id) + b"".join(lp(part) for part in parts)
    return hkdf_expand(root, info, 32)


def root_check(root, deployment_id, root_id):
    return derive(root, deployment_id, ROOT_CHECK, root_id)[:8]


def token_key(root, deployment_id, kind, tenant, tenant_generation):
    return derive(root, deployment_id, TOKEN, bytes([kind]), tenant.encode("ascii"), u64(tenant_generation))


def view_key(root, deployment_id, scope_wire):
    return derive(root, deployment_id, VIEW, hashlib.sha256(scope_wire).digest())


def labelled_hash(label, data):
    return hashlib.sha256(label.encode("ascii") + b"\x00" + data).digest()
