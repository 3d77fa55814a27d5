"""Feed messages, requests and the follower: spec/revocation.md sections 4 and 5."""

import copy
import hmac
from dataclasses import dataclass

from .derive import hmac_sha256, view_key
from .errors import Malformed, Refused
from .revocation import NO_HISTORY, View, encode_scope, read_body, read_scope
from .token import DEFAULT_SKEW
from .wire import Reader, u64

LIVE_DELTA, LIVE_SNAPSHOT, LIST_DELTA, LIST_SNAPSHOT, SAVED_SNAPSHOT = range(1, 6)
SNAPSHOTS = (LIVE_SNAPSHOT, LIST_SNAPSHOT, SAVED_SNAPSHOT)
LIVE = (LIVE_DELTA, LIVE_SNAPSHOT)
LIST = (LIST_DELTA, LIST_SNAPSHOT)

TAG = 32
# Everything whose length does not depend on type or scope; the shortest scope is one byte.
FIXED = 3 + 1 + 1 + 4 + 16 + 16 + 1 + 8 + 32 + 8 + 32 + TAG


def message_tag(root, deployment_id, scope_wire, before_tag):
    key = view_key(root, deployment_id, scope_wire)
    return hmac_sha256(key, b"portward/v1/feed\x00" + before_tag)


def encode(*, kind, root_id, root, deployment_id, incarnation, scope_wire, first, before, last, after, proof, body,
           version=1, magic=b"pwf"):
    out = magic + bytes([version, kind]) + root_id + deployment_id + incarnation + scope_wire
    out += u64(first) + before + u64(last) + after + proof + body
    return out + message_tag(root, deployment_id, scope_wire, out)


@dataclass
class Message:
    kind: int
    root_id: bytes
    deployment_id: bytes
    incarnation: bytes
    scope_wire: bytes
    first: int
    before: bytes
    last: int
    after: bytes
    proof: tuple
    body: bytes


def parse(data):
    """Steps 1 to 3."""
    malformed = Refused("malformed_message")
    if data[:3] != b"pwf" or len(data) < FIXED:
        raise malformed
    if data[3] != 1:
        raise Refused("unknown_version")
    if not LIVE_DELTA <= data[4] <= SAVED_SNAPSHOT:
        raise Refused("unknown_type")
    try:
        return _parse(data)
    except Malformed:
        raise malformed from None


def _parse(data):
    kind = data[4]
    reader = Reader(data[:-TAG])
    reader.take(5)
    root_id, deployment_id, incarnation = reader.take(4), reader.take(16), reader.take(16)
    start = reader.at
    read_scope(reader)
    scope_wire = data[start:reader.at]
    first, before, last, after = reader.number(8), reader.take(32), reader.number(8), reader.take(32)
    if kind in SNAPSHOTS:
        if first != 0 or before != NO_HISTORY:
            raise Malformed("snapshot with a beginning")
    elif first > last or (first == last and before != after):
        raise Malformed("span of a delta")
    proof = ()
    if kind in LIVE:
        proof = (reader.take(16),)
    elif kind in LIST:
        proof = (reader.number(5), reader.number(5))
        if proof[0] >= proof[1]:
            raise Malformed("times of a list")
    return Message(kind, root_id, deployment_id, incarnation, scope_wire, first, before, last, after, proof,
                   reader.take(reader.left()))


# --- requests ----------------------------------------------------------------------------------

REQUEST_MAX = 65_536
REQUEST = b"pwq\x01"


@dataclass
class Request:
    """`since`: None, or incarnation and sequence."""

    scope: list | None
    since: tuple | None
    challenge: bytes

    def encode(self):
        since = b"\x00" if self.since is None else b"\x01" + self.since[0] + u64(self.since[1])
        return REQUEST + encode_scope(self.scope) + since + self.challenge


def read_request(data):
    try:
        return _read_request(data)
    except Malformed:
        raise Refused("malformed_request") from None


def _read_request(data):
    if len(data) > REQUEST_MAX:
        raise Malformed("length")
    reader = Reader(data)
    if reader.take(4) != REQUEST:
        raise Malformed("magic or version")
    scope, kind = read_scope(reader), reader.byte()
    if kind > 1:
        raise Malformed("since")
    since = (reader.take(16), reader.number(8)) if kind else None
    request = Request(scope, since, reader.take(16))
    reader.done()
    return request


# --- following ---------------------------------------------------------------------------------

class Follower:
    def __init__(self, deployment, keyring, scope):
        self.deployment = deployment
        self.keyring = keyring
        self.scope = scope
        self.highest = None
        self.restart()

    def restart(self):
        """The view and the outstanding request are lost, the highest stamp is kept."""
        self.view = View(self.scope)
        self.request = None

    def ask(self, challenge, sent_at):
        self.request = (challenge, sent_at)

    def accept(self, data, now):
        message = parse(data)
        if message.deployment_id != self.deployment.id:
            raise Refused("wrong_deployment")
        if message.scope_wire != encode_scope(self.scope):
            raise Refused("wrong_scope")
        root = self.keyring.checking(message.root_id)
        if message.root_id in self.view.state.refused_roots:
            raise Refused("unknown_root")
        right = message_tag(root.key, self.deployment.id, message.scope_wire, data[:-TAG])
        if not hmac.compare_digest(right, data[-TAG:]):
            raise Refused("forged_message")
        snapshot = message.kind in SNAPSHOTS
        try:
            records = read_body(message.body, self.scope, snapshot)
            if not snapshot and message.first == message.last and records:
                raise Malformed("a delta over nothing with records")
        except Malformed:
            raise Refused("malformed_message") from None

        evidence = self._evidence(message, now)
        stamp = (message.incarnation, message.last)
        if self.highest is not None and stamp < self.highest:
            raise Refused("rollback")
        held = self.view
        if not snapshot:
            if held.stamp is None or held.stamp[0] != message.incarnation:
                raise Refused("another_incarnation")
            if message.first != held.stamp[1]:
                raise Refused("gap")
            if message.before != held.history:
                raise Refused("fork")
        elif held.stamp == stamp and message.after != held.history:
            raise Refused("fork")

        # Nothing final is forgotten, whatever a snapshot leaves out. Only a suspension can end by absence,
        # and only by word of the life of the store that the view is of.
        state = copy.deepcopy(held.state)
        if snapshot and held.stamp is not None and held.stamp[0] == message.incarnation:
            state.forget_suspensions()
        for record in records:
            state.apply(record)
        if self._leaves_evidence(message, stamp):
            evidence = held.evidence
        self.view = View(self.scope, stamp, message.after, state, evidence)
        self.highest = stamp
        return message.last

    def _leaves_evidence(self, message, stamp):
        """A saved snapshot has none to give; an earlier list of the same stamp would only move the end back."""
        if message.kind == SAVED_SNAPSHOT:
            return True
        held = self.view
        if message.kind in LIST and held.evidence is not None and held.evidence[0] == "live":
            return True
        return (message.kind in LIST and stamp == held.stamp and held.evidence is not None
                and held.evidence[0] == "list" and message.proof[0] < held.evidence[1])

    def _evidence(self, message, now):
        """Step 8."""
        if message.kind in LIVE:
            if self.request is None or self.request[0] != message.proof[0]:
                raise Refused("wrong_challenge")
            sent_at = self.request[1]
            self.request = None
            return ("live", sent_at)
        if message.kind in LIST:
            this_update, next_update = message.proof
            if this_update > now + DEFAULT_SKEW:
                raise Refused("list_not_yet_current")
            if now >= next_update:
                raise Refused("list_expired")
            return ("list", this_update, next_update)
        return None
