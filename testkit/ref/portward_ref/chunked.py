"""c2sp.org/chunked-encryption with SHA-512 and AES-256-GCM: envelope.md sections 5 and 6 from the body on."""

import hashlib
import hmac

from . import aead
from .derive import hkdf_expand
from .errors import Malformed, Refused

INFO = b"c2sp.org/chunked-encryption@v1+" + b"AEAD_AES_256_GCM" + b"\x00"
SALT = 24
COMMITMENT = 32
CHUNK = 16_384
SEALED_CHUNK = CHUNK + aead.TAG
CHUNKS = 2**38


def body_length(length):
    """Bytes of the body of so many bytes of plaintext."""
    return SALT + COMMITMENT + length + aead.TAG * (length // CHUNK + 1)


class Keys:
    def __init__(self, input_key, salt, context):
        okm = hkdf_expand(input_key, INFO + salt + context, 76, hashlib.sha512)
        self.key, self.base_nonce, self.commitment = okm[:32], okm[32:44], okm[44:]

    def nonce(self, number):
        if number >= CHUNKS:
            raise Refused("body_too_long")
        return (int.from_bytes(self.base_nonce, "big") ^ number).to_bytes(12, "big")


def seal(input_key, salt, context, plaintext):
    keys = Keys(input_key, salt, context)
    chunks = [
        aead.seal(keys.key, keys.nonce(number), plaintext[number * CHUNK : (number + 1) * CHUNK])
        for number in range(len(plaintext) // CHUNK + 1)
    ]
    return salt + keys.commitment + b"".join(chunks)


class Body:
    """A body whose commitment is right; no chunk of it is authentic yet."""

    def __init__(self, input_key, context, body):
        if len(body) < SALT + COMMITMENT:
            raise Refused("body_truncated")
        self.keys = Keys(input_key, body[:SALT], context)
        if not hmac.compare_digest(self.keys.commitment, body[SALT : SALT + COMMITMENT]):
            raise Refused("wrong_commitment")
        self.chunks = body[SALT + COMMITMENT :]

    def sealed_chunk(self, number):
        """The next 16,400 bytes, or what is left if that is less."""
        sealed = self.chunks[number * SEALED_CHUNK : (number + 1) * SEALED_CHUNK]
        if len(sealed) < aead.TAG:
            raise Refused("body_truncated")
        return sealed

    def chunk(self, number):
        sealed = self.sealed_chunk(number)
        try:
            return aead.open_sealed(self.keys.key, self.keys.nonce(number), sealed)
        except Malformed:
            raise Refused("chunk_forged") from None

    def open(self):
        out, number = b"", 0
        while True:
            chunk = self.chunk(number)
            out += chunk
            if len(chunk) < CHUNK:
                return out
            number += 1

    def open_range(self, start, count):
        """The length of the plaintext, and of its bytes those asked for."""
        final = len(self.chunks) // SEALED_CHUNK
        length = final * CHUNK + len(self.chunk(final))
        end = min(start + count, length)
        if start >= end:
            return length, b""
        first, last = start // CHUNK, (end - 1) // CHUNK
        touched = b"".join(self.chunk(number) for number in range(first, last + 1))
        return length, touched[start - first * CHUNK : end - first * CHUNK]
