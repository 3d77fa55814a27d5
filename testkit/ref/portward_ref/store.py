"""Row MACs: store.md section 1."""

import hmac

from .derive import derive, hmac_sha256, lp
from .errors import Refused
from .wire import u16, u64

ROW = "portward/v1/row"
U16_MAX = 65_535

ABSENT = b"\x00"
NUMBER, TEXT, BYTES = b"\x01", b"\x02", b"\x03"


def _lp(data):
    if len(data) > U16_MAX:
        raise Refused("row_too_long")
    return lp(data)


def value_bytes(value):
    """`value` is None, a whole number, a text, or bytes."""
    if value is None:
        return ABSENT
    if isinstance(value, int):
        return NUMBER + lp(u64(value))
    if isinstance(value, str):
        return TEXT + _lp(value.encode("utf-8"))
    return BYTES + _lp(value)


def row_bytes(table, fields):
    """`fields` are names and values, in the order of the table."""
    row = _lp(table.encode("utf-8")) + u16(len(fields))
    for name, value in fields:
        row += _lp(name.encode("utf-8")) + value_bytes(value)
    return row


def row_mac(root, deployment_id, table, fields):
    return hmac_sha256(derive(root, deployment_id, ROW), row_bytes(table, fields))


def check_row(root, deployment_id, table, fields, mac):
    if not hmac.compare_digest(row_mac(root, deployment_id, table, fields), mac):
        raise Refused("row_forged")
