"""The feed as the store keeps it: store.md section 5. Committing, reading, and what a recovered store begins with."""

from itertools import count, takewhile

from . import feed, links, store
from .errors import Malformed, Refused
from .revocation import (DEPLOYMENT_GENERATION, NO_HISTORY, WHOLE, State, encode_scope, history_after, read_body,
                         record_bytes)

GENERATION_STEP = 65_536
U32_MAX = 2**32 - 1


# --- rows --------------------------------------------------------------------------------------

def feed_fields(incarnation, sequence, history, snapshot, place):
    return [("incarnation", incarnation), ("sequence", sequence), ("history", history), ("snapshot", snapshot),
            ("place", place)]


def change_fields(incarnation, sequence, body, history):
    return [("incarnation", incarnation), ("sequence", sequence), ("body", body), ("history", history)]


def commit(root, deployment_id, held, body):
    """The two rows that a change writes, each as fields and MAC. `held`: the row of `feed` by name."""
    sequence = held["sequence"] + 1
    history = history_after(held["history"], sequence, body)
    change = change_fields(held["incarnation"], sequence, body, history)
    row = feed_fields(held["incarnation"], sequence, history, held["snapshot"], held["place"])
    return tuple((fields, store.row_mac(root, deployment_id, table, fields))
                 for table, fields in (("feed_change", change), ("feed", row)))


# --- places ------------------------------------------------------------------------------------

def sqlite_place(device, inode, born=None):
    """`born`: when the file was, in nanoseconds since 1970; None where the file system does not tell."""
    return f"{device}/{inode}" if born is None else f"{device}/{inode}/{born}"


def postgres_place(system, timeline, database):
    return f"{system}/{timeline}/{database}"


# --- reading -----------------------------------------------------------------------------------

def _refuse_if(condition, code):
    if condition:
        raise Refused(code)


def _records(body, snapshot):
    try:
        return read_body(body, WHOLE, snapshot)
    except Malformed:
        raise Refused("malformed_message") from None


def _snapshot_bytes(row, parts):
    """The parts from 0 on, as far as none is missing: nothing is as good as a message cut to nothing."""
    found = {part["part"]: part["bytes"] for part in parts
             if (part["incarnation"], part["sequence"]) == (row["incarnation"], row["snapshot"])}
    return b"".join(found[number] for number in takewhile(found.__contains__, count()))


def _read_snapshot(keyring, row, parts):
    """History and records. A saved message: refused as one, revocation.md section 5, steps 1 to 7."""
    data = _snapshot_bytes(row, parts)
    message = feed.parse(data)
    if message.deployment_id != keyring.deployment_id:
        raise Refused("wrong_deployment")
    if message.scope_wire != encode_scope(WHOLE):
        raise Refused("wrong_scope")
    root = keyring.checking(message.root_id)
    if feed.message_tag(root.key, keyring.deployment_id, message.scope_wire, data[:-feed.TAG]) != data[-feed.TAG:]:
        raise Refused("forged_message")
    records = _records(message.body, snapshot=True)
    _refuse_if(message.kind != feed.SAVED_SNAPSHOT, "malformed_message")
    _refuse_if((message.incarnation, message.last) != (row["incarnation"], row["snapshot"]), "gap")
    return message.after, records


def read(keyring, database, place, seen):
    """State and row of a database. `seen`: incarnation, sequence and history that were read before, or None."""
    _refuse_if(len(database["feed"]) != 1, "link_malformed")
    row = links.read_row(keyring, "feed", *database["feed"][0])
    _refuse_if(row["place"] != place, "store_restored")

    def compare_with_seen(sequence, history):
        _refuse_if(seen is not None and seen[:2] == (row["incarnation"], sequence) and seen[2] != history, "store_forked")

    _refuse_if(seen is not None and (row["incarnation"], row["sequence"]) < seen[:2], "store_rolled_back")
    compare_with_seen(row["sequence"], row["history"])
    _refuse_if(row["snapshot"] > row["sequence"], "gap")

    # By what each says of its key: whether it may is looked at when it is read.
    changes = {tuple(dict(told[0]).get(name) for name in ("incarnation", "sequence")): told for told in database["changes"]}
    state, history, sequence = State(), NO_HISTORY, row["snapshot"]
    if sequence:
        history, records = _read_snapshot(keyring, row, database["snapshot"])
        for record in records:
            state.apply(record)

    compare_with_seen(sequence, history)
    while sequence < row["sequence"]:
        sequence += 1
        told = changes.get((row["incarnation"], sequence))
        _refuse_if(told is None, "gap")
        change = links.read_row(keyring, "feed_change", *told)
        history = history_after(history, sequence, change["body"])
        _refuse_if(change["history"] != history, "store_forked")
        compare_with_seen(sequence, history)
        for record in _records(change["body"], snapshot=False):
            state.apply(record)
    _refuse_if(row["history"] != history, "store_forked")
    return row, state


# --- recovering --------------------------------------------------------------------------------

def recovered_generation(found, now=0):
    """The time in seconds, or the next multiple of 65,536 above what was found."""
    if found < now <= U32_MAX:
        return now
    raised = (found // GENERATION_STEP + 1) * GENERATION_STEP
    if raised > U32_MAX:
        raise Refused("generation_exhausted")
    return raised


def recovered(database, newer, now=0):
    """Body of change 1, and the state of the snapshot at 1. Both are bodies of snapshots; `newer`: a view that was taken over, or None."""
    state = State()
    for record in read_body(database, WHOLE, snapshot=True):
        state.apply(record)
    if newer is None:
        state.generation = recovered_generation(state.generation, now)
        return record_bytes(DEPLOYMENT_GENERATION, number=state.generation), state
    for record in read_body(newer, WHOLE, snapshot=True):
        state.apply(record)
    return b"", state
