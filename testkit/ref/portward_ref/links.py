"""Rows of links, chains, redemptions and events: store.md sections 3 and 4."""

import hmac
import unicodedata

from . import store, token
from .errors import Malformed, Refused
from .token import LINK
from .wire import Reader, check_identifier

NUMBER, TEXT, BYTES = int, str, bytes
NUMBER_MAX = 2**63 - 1
USES_MAX = 2**32 - 1
REVISION_MAX = 2**32 - 1
RESOURCES_MAX = 16
STATES = ("active", "paused", "revoked")
KINDS = ("issued", "shown", "labelled", "extended", "shortened", "widened", "narrowed", "capped", "paused", "restored",
         "revoked", "redeemed", "copy_revoked")

# Name of a field, its kind or how many bytes it has, and whether it may be absent.
TABLES = {
    "link": [
        ("tenant", TEXT, False), ("id", 16, False), ("client", TEXT, False), ("head", BYTES, False), ("check", 16, False),
        ("label", TEXT, True), ("expires", NUMBER, False), ("permissions", 8, False), ("resources", BYTES, True),
        ("uses_max", NUMBER, True), ("uses", NUMBER, False), ("state", TEXT, False), ("revision", NUMBER, False),
        ("events", NUMBER, False), ("created", NUMBER, False), ("changed", NUMBER, False), ("last_used", NUMBER, True),
    ],
    "chain": [
        ("tenant", TEXT, False), ("link", 16, False), ("id", 16, False), ("copies", BYTES, False), ("permissions", 8, False),
        ("resources", BYTES, True), ("audience", TEXT, True), ("expires", NUMBER, False), ("recipients", TEXT, True),
        ("uses", NUMBER, False), ("first_used", NUMBER, False), ("last_used", NUMBER, False),
    ],
    "redemption": [
        ("tenant", TEXT, False), ("link", 16, False), ("id", 16, False), ("chain", 16, False), ("expires", NUMBER, False),
    ],
    "link_event": [
        ("tenant", TEXT, False), ("link", 16, False), ("number", NUMBER, False), ("at", NUMBER, False),
        ("kind", TEXT, False), ("detail", TEXT, True),
    ],
    "feed": [
        ("incarnation", 16, False), ("sequence", NUMBER, False), ("history", 32, False), ("snapshot", NUMBER, False),
        ("place", TEXT, False),
    ],
    "feed_change": [
        ("incarnation", 16, False), ("sequence", NUMBER, False), ("body", BYTES, False), ("history", 32, False),
    ],
}


# --- what fields hold --------------------------------------------------------------------------

def bits_of(permissions):
    """The bit numbers of a u64."""
    value = int.from_bytes(permissions, "big")
    return {bit for bit in range(64) if value >> bit & 1}


def permission_bytes(bits):
    return sum(1 << bit for bit in bits).to_bytes(8, "big")


def resource_bytes(texts):
    return None if texts is None else token.identifier_list(texts)


def _check_kind(value, kind):
    if kind is NUMBER:
        good = isinstance(value, int) and 0 <= value <= NUMBER_MAX
    elif isinstance(kind, type):
        good = isinstance(value, kind)
    else:
        good = isinstance(value, bytes) and len(value) == kind
    if not good:
        raise Malformed("kind")


def _check_resources(data):
    reader = Reader(data)
    count = reader.byte()
    if not 1 <= count <= RESOURCES_MAX:
        raise Malformed("count")
    reader.identifiers(count)
    reader.done()


def _check_identifier(text):
    try:
        check_identifier(text)
    except Refused:
        raise Malformed("identifier") from None


def _check_label(text):
    if not 1 <= len(text) <= 200 or any(unicodedata.category(letter) == "Cc" for letter in text):
        raise Malformed("label")


def read_head(data):
    """The head of a link, and nothing after it."""
    if data[:2] != b"\x01\x01":
        raise Malformed("no head of a link")
    reader = Reader(data)
    head = token._parse_head(reader)
    reader.done()
    return head


def _check_link(row):
    head = read_head(row["head"])
    if (row["tenant"], row["id"], row["client"]) != (head.tenant, head.token_id, head.client):
        raise Malformed("not those of the head")
    if row["label"] is not None:
        _check_label(row["label"])
    if row["resources"] is not None:
        _check_resources(row["resources"])
    if row["uses_max"] is not None and not 1 <= row["uses_max"] <= USES_MAX:
        raise Malformed("uses_max")
    if row["revision"] > REVISION_MAX:
        raise Malformed("revision")
    if row["state"] not in STATES:
        raise Malformed("state")
    if row["expires"] > head.expires_at or not bits_of(row["permissions"]) <= head.permissions:
        raise Malformed("beyond the head")


def _check_chain(row):
    copies = row["copies"]
    if len(copies) % 16 or len(copies) > 16 * token.BLOCKS_MAX:
        raise Malformed("copies")
    if row["id"] != (copies[-16:] or row["link"]):
        raise Malformed("not the id of this chain")
    if row["resources"] is not None:
        _check_resources(row["resources"])
    if row["audience"] is not None:
        _check_identifier(row["audience"])
    if row["recipients"] is not None:
        labels = row["recipients"].split("\n")
        if len(labels) > len(copies) // 16 or not all(
                1 <= len(label) <= 32 and all(" " <= letter <= "~" for letter in label) for label in labels):
            raise Malformed("recipients")


# --- reading -----------------------------------------------------------------------------------

def read_row(keyring, table, fields, root_id, mac):
    """The fields of a row by name, if it is authentic and of the page. `fields` are names and values."""
    store.check_row(keyring.checking(root_id).key, keyring.deployment_id, table, fields, mac)
    row = dict(fields)
    try:
        if [name for name, _ in fields] != [name for name, _, _ in TABLES[table]]:
            raise Malformed("names")
        for name, kind, optional in TABLES[table]:
            if row[name] is not None or not optional:
                _check_kind(row[name], kind)
        if "tenant" in row:
            _check_identifier(row["tenant"])
        if table == "link":
            _check_link(row)
        elif table == "chain":
            _check_chain(row)
        elif table == "link_event" and row["kind"] not in KINDS:
            raise Malformed("kind of event")
    except Malformed:
        raise Refused("link_malformed") from None
    return row


def show(keyring, row):
    """The token of a link whose row was read."""
    head = read_head(row["head"])
    root = keyring.checking(head.root_id)
    tag = token.first_tag(root.key, keyring.deployment_id, head)
    if not hmac.compare_digest(token.link_check(tag), row["check"]):
        raise Refused("link_differs")
    if row["state"] == "revoked":
        raise Refused("link_revoked")
    return token.text(token.PREFIX[LINK], row["head"], tag)
