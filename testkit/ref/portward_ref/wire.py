"""The small encodings everything else is built of: keys.md sections 1 to 3."""

import base64
import binascii
import re

from .errors import Malformed, Refused

U40_MAX = 2**40 - 1
U64_MAX = 2**64 - 1


# --- whole numbers -----------------------------------------------------------------------------

def u16(n):
    return n.to_bytes(2, "big")


def u32(n):
    return n.to_bytes(4, "big")


def u40(n):
    return n.to_bytes(5, "big")


def u64(n):
    return n.to_bytes(8, "big")


def varint(n):
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def crc32(data):
    return binascii.crc32(data) & 0xFFFFFFFF


# --- base64url ---------------------------------------------------------------------------------

BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64u_decode(text):
    """Strict: each byte string has exactly one text."""
    if BASE64URL.fullmatch(text) is None or len(text) % 4 == 1:
        raise Malformed("base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # The library ignores unused bits that are set; encoding again shows them.
    if b64u(data) != text:
        raise Malformed("unused bits")
    return data


# --- identifiers -------------------------------------------------------------------------------

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
HEX32 = re.compile(r"[0-9A-Fa-f]{32}", re.ASCII)
DECIMAL = re.compile(r"0|[1-9][0-9]*", re.ASCII)


def _spells_uuid(text):
    if text[:9].lower() == "urn:uuid:":
        text = text[9:]
    if text.startswith("{") and text.endswith("}") and len(text) >= 2:
        text = text[1:-1]
    return HEX32.fullmatch(text.replace("-", "")) is not None


def check_identifier(text):
    """Refuse a text that is no identifier; give back its type byte."""
    raw = text.encode("utf-8")
    if not 1 <= len(raw) <= 64:
        raise Refused("identifier_length")
    if not all(0x21 <= byte <= 0x7E for byte in raw):
        raise Refused("identifier_character")
    if UUID.fullmatch(text):
        return 1
    if _spells_uuid(text):
        raise Refused("identifier_ambiguous")
    if DECIMAL.fullmatch(text) and int(text) <= U64_MAX:
        return 2
    return 0


def identifier(text):
    """The wire form of an identifier."""
    kind = check_identifier(text)
    if kind == 1:
        return b"\x01" + bytes.fromhex(text.replace("-", ""))
    if kind == 2:
        return b"\x02" + varint(int(text))
    return b"\x00" + bytes([len(text)]) + text.encode("ascii")


# --- bitmaps -----------------------------------------------------------------------------------

def bitmap(bits):
    """The wire form of a set of bit numbers."""
    value = sum(1 << bit for bit in set(bits))
    data = value.to_bytes((value.bit_length() + 7) // 8, "little")
    return bytes([len(data)]) + data


# --- reading -----------------------------------------------------------------------------------

class Reader:
    """Takes values from the front of a byte string; raises Malformed."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def left(self):
        return len(self.data) - self.at

    def done(self):
        if self.left():
            raise Malformed("bytes left over")

    def take(self, count):
        if count > self.left():
            raise Malformed("cut off")
        self.at += count
        return self.data[self.at - count:self.at]

    def byte(self):
        return self.take(1)[0]

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def varint(self, bits):
        value = 0
        for index in range((bits + 6) // 7):
            byte = self.byte()
            value |= (byte & 0x7F) << 7 * index
            if byte < 0x80:
                if byte == 0 and index > 0:
                    raise Malformed("not minimal")
                if value >> bits:
                    raise Malformed("overflow")
                return value
        raise Malformed("too many bytes")

    def identifier(self):
        """An identifier, as its text."""
        kind = self.byte()
        if kind == 0:
            raw = self.take(self.byte())
            try:
                text = raw.decode("ascii")
                if check_identifier(text) != 0:
                    raise Malformed("a UUID or a number as text")
            except (UnicodeDecodeError, Refused):
                raise Malformed("identifier text") from None
            return text
        if kind == 1:
            digits = self.take(16).hex()
            return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        if kind == 2:
            return str(self.varint(64))
        raise Malformed("identifier type")

    def identifiers(self, count):
        """Strictly ascending by wire form, as texts."""
        texts = [self.identifier() for _ in range(count)]
        forms = [identifier(text) for text in texts]
        if any(a >= b for a, b in zip(forms, forms[1:])):
            raise Malformed("not ascending")
        return texts

    def bitmap(self):
        """A set of bit numbers."""
        count = self.byte()
        if count > 8:
            raise Malformed("bitmap length")
        data = self.take(count)
        if data[-1:] == b"\x00":
            raise Malformed("bitmap ends in zero")
        value = int.from_bytes(data, "little")
        return {bit for bit in range(64) if value >> bit & 1}
