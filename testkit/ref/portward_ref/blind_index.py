"""Blind indexes: envelope.md section 9."""

from .derive import derive, hmac_sha256
from .errors import Refused
from .wire import u16

INDEX = "portward/v1/index"

WHITE_SPACE = bytes([0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20])
LOWER = bytes(byte + 32 if 0x41 <= byte <= 0x5A else byte for byte in range(256))

FEWEST_VALUES = 256

NORMALISERS = {
    "exact": lambda value: value,
    "ascii-lowercase": lambda value: value.strip(WHITE_SPACE).translate(LOWER),
    "digits": lambda value: bytes(byte for byte in value if 0x30 <= byte <= 0x39),
}


def index(deployment_id, data_key, table, column, name, normaliser, bits, version, value):
    names = [text.encode("utf-8") for text in (table, column, name)]
    if not all(1 <= len(text) <= 64 for text in names):
        raise Refused("index_parameters")
    if normaliser not in NORMALISERS or not 1 <= bits <= 256 or not 1 <= version <= 255:
        raise Refused("index_parameters")
    normalised = NORMALISERS[normaliser](value.encode("utf-8"))
    if not normalised:
        raise Refused("index_empty_value")
    parts = [*names, normaliser.encode("ascii"), u16(bits), bytes([version])]
    mac = hmac_sha256(derive(data_key, deployment_id, INDEX, *parts), normalised)
    cut = bytearray(mac[: (bits + 7) // 8])
    cut[-1] &= 0xFF << -bits % 8 & 0xFF
    return bytes([version]) + bytes(cut)


def bits(rows, distinct, other_bits, override):
    """How many bits a planner takes. Whole numbers only: 2^N < d/2 is 2^(N+1) < d."""
    number = 0
    while 2 ** (number + 2) < distinct and 2 ** (number + 1 + other_bits + 1) < rows:
        number += 1
    if (number < 1 or distinct < FEWEST_VALUES) and not override:
        raise Refused("index_too_few_values")
    return max(number, 1)
