"""AES-256-GCM, and XAES-256-GCM of c2sp.org/XAES-256-GCM on top of it."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import Malformed

TAG = 16


def seal(key, nonce, plaintext, aad=b""):
    return AESGCM(key).encrypt(nonce, plaintext, aad)


def open_sealed(key, nonce, sealed, aad=b""):
    try:
        return AESGCM(key).decrypt(nonce, sealed, aad)
    except InvalidTag:
        raise Malformed("not authentic") from None


def _xaes(key, nonce):
    """The key and the nonce for AES-256-GCM; the steps are numbered as on the page."""
    aes = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    whole = int.from_bytes(aes.update(bytes(16)), "big")  # 1
    k1 = whole << 1 & (1 << 128) - 1  # 2
    if whole >> 127:
        k1 ^= 0b10000111
    half = b""
    for counter in (1, 2):  # 3 to 5
        message = int.from_bytes(bytes([0, counter, 0x58, 0]) + nonce[:12], "big")
        half += aes.update((message ^ k1).to_bytes(16, "big"))
    return half, nonce[12:]  # 6


def xaes_seal(key, nonce, plaintext, aad=b""):
    return seal(*_xaes(key, nonce), plaintext, aad)


def xaes_open(key, nonce, sealed, aad=b""):
    return open_sealed(*_xaes(key, nonce), sealed, aad)
