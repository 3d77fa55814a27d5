"""Cases of spec/store.md section 5: committing changes, reading them back, recovering."""

from portward_ref import feed, revocation
from portward_ref.revocation import history_after
from portward_ref.wire import u40, u64

from .common import MAIN_ID, OK, OTHER_ID, Has, Subject, fixtures, root_id, root_key, seeded
from .revocation import (
    COPY, LINK, LINK_ID, SESSION, SESSION_ID, client_generation, deployment_generation, minimum_revision, refused_root, restored,
    revoked, suspended, tenant, tenant_generation, tombstone,
)
from .store import data, mac_of, number, text
from .token import NOW

INCARNATION = u64(1_764_000_000) + seeded("life of a store", 8)
LESSER = u64(1_763_999_999) + b"\xff" * 8
GREATER = u64(1_764_000_001) + bytes(8)
PLACE = "2049/1311"
OTHER_LINK = seeded("another stored link", 16)

CHANGES = [
    deployment_generation(1),
    tenant("7") + client_generation("12", 1),
    tenant("8") + tenant_generation(1),
    tenant("7") + suspended(LINK, LINK_ID),
    tenant("7") + restored(LINK, LINK_ID),
    tenant("7") + revoked(SESSION, SESSION_ID) + tenant("8") + revoked(COPY, OTHER_LINK),
    refused_root(b"\x0b\xad\xca\xfe") + tenant("acme") + minimum_revision(OTHER_LINK, 3),
    tenant("7") + tombstone(seeded("a key", 16)) + tenant("7") + suspended(LINK, OTHER_LINK),
]


# --- a store -----------------------------------------------------------------------------------

class Store:
    """Changes committed one after the other; `database` tells its rows."""

    def __init__(self, bodies=CHANGES, incarnation=INCARNATION, place=PLACE):
        self.bodies, self.incarnation, self.place = bodies, incarnation, place
        self.histories = [bytes(32)]
        for sequence, body in enumerate(bodies, 1):
            self.histories.append(history_after(self.histories[-1], sequence, body))

    def feed(self, last=None, snapshot=0, **changes):
        last = len(self.bodies) if last is None else last
        found = {"incarnation": data(self.incarnation), "sequence": number(last), "history": data(self.histories[last]),
                 "snapshot": number(snapshot), "place": text(self.place)}
        return row("feed", list({**found, **changes}.items()))

    def change(self, sequence, root="active", **changes):
        found = {"incarnation": data(self.incarnation), "sequence": number(sequence), "body": data(self.bodies[sequence - 1]),
                 "history": data(self.histories[sequence])}
        return row("feed_change", list({**found, **changes}.items()), root)

    def changes(self, first=1, last=None):
        return [self.change(sequence) for sequence in range(first, (last or len(self.bodies)) + 1)]

    def state(self, last=None):
        state = revocation.State()
        for body in self.bodies[:last]:
            for record in revocation.read_body(body, revocation.WHOLE, snapshot=False):
                state.apply(record)
        return state

    def message(self, last, under="active", **changes):
        found = {
            "kind": feed.SAVED_SNAPSHOT, "root_id": root_id(under), "root": root_key(under), "deployment_id": MAIN_ID,
            "incarnation": self.incarnation, "scope_wire": b"\x00", "first": 0, "before": bytes(32), "last": last,
            "after": self.histories[last], "proof": b"", "body": self.state(last).snapshot(),
        }
        return feed.encode(**{**found, **changes})

    def parts(self, last, size=50, message=None, numbers=None, incarnation=None):
        message = self.message(last) if message is None else message
        pieces = [message[at:at + size] for at in range(0, len(message), size)]
        return [part(incarnation or self.incarnation, last, number, piece) for number, piece in zip(numbers or range(len(pieces)), pieces)]

    def seen(self, sequence, **changes):
        found = {"incarnation": self.incarnation.hex(), "sequence": sequence, "history": self.histories[sequence].hex()}
        return {**found, **changes}


def row(table, fields, root="active", mac=None, named=None):
    fields = [list(field) for field in fields]
    mac = mac_of(table, fields, root_key(root)) if mac is None else mac
    return {"fields": fields, "root_id": (named or root_id(root)).hex(), "mac": mac.hex()}


def part(incarnation, sequence, at, piece):
    return {"incarnation": incarnation.hex(), "sequence": sequence, "part": at, "bytes": piece.hex()}


def with_value(told, **changes):
    """A row with another value under the MAC of the old one."""
    assert set(changes) <= {name for name, _ in told["fields"]}
    return {**told, "fields": [[name, changes.get(name, value)] for name, value in told["fields"]]}


STORE = Store()
LAST = len(CHANGES)


def build():
    subject = Subject("store_feed", fixtures())
    committing(subject)
    reading(subject)
    seen_before(subject)
    rows(subject)
    gaps(subject)
    snapshots(subject)
    places(subject)
    recovering(subject)
    return subject


# --- feed_commit -------------------------------------------------------------------------------

def committing(subject):
    def add(name, comment, held, body, intended=OK, root="active", deployment_id=MAIN_ID):
        subject.add("feed_commit/" + name, comment, "feed_commit", intended, deployment=deployment_id.hex(), root=root_key(root).hex(),
                    feed=held["fields"], body=body if isinstance(body, dict) else body.hex())

    for sequence, body in enumerate(CHANGES, 1):
        change, after = STORE.change(sequence), STORE.feed(sequence)
        add(f"change-{sequence}", "one change after the other", STORE.feed(sequence - 1), body,
            {"sequence": sequence, "history": STORE.histories[sequence].hex(), "change_mac": change["mac"], "feed_mac": after["mac"]})
    add("snapshot", "the snapshot stays where it is", STORE.feed(7, snapshot=4), CHANGES[7], Has(feed_mac=STORE.feed(8, snapshot=4)["mac"]))
    add("root", "under another root", STORE.feed(0), CHANGES[0], root="older")
    add("deployment", "in another deployment", STORE.feed(0), CHANGES[0], deployment_id=OTHER_ID)
    add("incarnation", "in another life", Store(incarnation=GREATER).feed(0), CHANGES[0])
    add("place", "elsewhere", Store(place="7412876543210987654/1/16384").feed(0), CHANGES[0])
    add("late", "far on", Store().feed(0, sequence=number(2**40), history=data(seeded("history", 32))), CHANGES[1], Has(sequence=2**40 + 1))
    add("long", "as long as a body may be", STORE.feed(0), LONGEST)


LONGEST = {"parts": [{"repeat": "\u0002AAAA", "times": 13_107}]}  # 65,535 bytes: one root refused again and again


# --- feed_read ---------------------------------------------------------------------------------

class Reading:
    def __init__(self, subject):
        self.subject = subject

    def __call__(self, name, comment, intended=None, store=STORE, row=None, changes=None, snapshot=(), place=None, seen=None):
        """`intended`: a code, or the store whose whole state is read."""
        if intended is None:
            intended = store
        if isinstance(intended, Store):
            intended = Has(sequence=len(intended.bodies), records=intended.state().snapshot().hex(),
                           history=intended.histories[-1].hex(), incarnation=intended.incarnation.hex())
        case = {"keyring": "main", "feed": row or store.feed(), "changes": store.changes() if changes is None else changes,
                "snapshot": list(snapshot), "place": store.place if place is None else place}
        if seen is not None:
            case["seen"] = seen
        self.subject.add("feed_read/" + name, comment, "feed_read", intended, **case)


def reading(subject):
    add = Reading(subject)
    add("empty", "nothing was committed", store=Store([]))
    for last in range(1, LAST):
        add(f"first-{last}", f"the first {last} changes", store=Store(CHANGES[:last]))
    add("good", "all changes")
    add("any-order", "rows come in no order", changes=STORE.changes()[::-1])
    add("other-lives", "changes of other lives lie beside them",
        changes=[*STORE.changes(), *Store(CHANGES[::-1], LESSER).changes(), Store(CHANGES[::-1], GREATER).change(1)])
    for last in range(1, LAST + 1):
        add(f"snapshot-{last}", f"a snapshot at {last} and what follows", row=STORE.feed(snapshot=last), changes=STORE.changes(last + 1),
            snapshot=STORE.parts(last))
    add("snapshot-changes", "changes up to it still there", row=STORE.feed(snapshot=4), snapshot=STORE.parts(4))
    add("snapshot-some-changes", "some of them", row=STORE.feed(snapshot=4), changes=[STORE.change(2), *STORE.changes(5)], snapshot=STORE.parts(4))
    add("snapshot-one-part", "in one part", row=STORE.feed(snapshot=8), changes=[], snapshot=STORE.parts(8, 10_000))
    add("snapshot-many-parts", "in parts of 7 bytes", row=STORE.feed(snapshot=8), changes=[], snapshot=STORE.parts(8, 7))
    add("snapshot-parts-any-order", "parts come in no order", row=STORE.feed(snapshot=8), changes=[], snapshot=STORE.parts(8)[::-1])
    add("snapshot-older", "an older one lies beside it", row=STORE.feed(snapshot=6), changes=STORE.changes(7),
        snapshot=[*STORE.parts(3), *STORE.parts(6)])
    add("snapshot-incomplete-newer", "the beginning of a newer one too: not complete", row=STORE.feed(snapshot=6), changes=STORE.changes(7),
        snapshot=[*STORE.parts(6), *STORE.parts(8)[:1]])
    add("snapshot-none-stated", "one lies there, but none is stated", snapshot=STORE.parts(6))
    add("snapshot-root-older", "a snapshot under an older root", row=STORE.feed(snapshot=8), changes=[],
        snapshot=STORE.parts(8, message=STORE.message(8, "older")))
    restricted = STORE.state(4).snapshot()
    assert suspended(LINK, LINK_ID) in restricted
    add("snapshot-suspended", "a suspension in it, restored after it", row=STORE.feed(snapshot=4), changes=STORE.changes(5), snapshot=STORE.parts(4))
    one = Store([deployment_generation(65_536)], GREATER)
    add("life-new", "a new life, which begins with a generation raised", store=one)
    long = Store([b"\x02AAAA" * 13_107])
    change = long.change(1)
    subject.add("feed_read/body-65535", "as long as a body may be", "feed_read", Has(sequence=1, records=refused_root(b"AAAA").hex()),
                keyring="main", feed=long.feed(), changes=[with_value(change, body={"bytes": LONGEST})], snapshot=[], place=PLACE)


def seen_before(subject):
    add = Reading(subject)
    for sequence in range(LAST + 1):
        add(f"seen-{sequence}", f"who has seen {sequence} of {LAST}", seen=STORE.seen(sequence))
    for last in range(LAST):
        old = Store(CHANGES[:last])
        add(f"rolled-back-{last}", f"put back to {last}, {LAST} were seen", "store_rolled_back", store=old, seen=STORE.seen(LAST))
        add(f"rolled-back-{last}-unseen", "which shows to nobody who has not seen more", store=old, seen=old.seen(last))
    add("rolled-back-feed", "the row of feed alone put back", "store_rolled_back", row=STORE.feed(5), changes=STORE.changes(1, 5), seen=STORE.seen(6))
    add("rolled-back-snapshot", "put back to a snapshot", "store_rolled_back", row=STORE.feed(5, snapshot=5), changes=[], snapshot=STORE.parts(5),
        seen=STORE.seen(6))
    other = Store([*CHANGES[:5], tenant("9") + tenant_generation(1), *CHANGES[6:]])
    for sequence in (6, 7, 8):
        add(f"forked-{sequence}", "another change 6", "store_forked", store=other, seen=STORE.seen(sequence))
    add("forked-unseen", "before it is no difference", store=other, seen=STORE.seen(5))
    add("forked-never", "nor for who has seen nothing", store=other)
    add("forked-own", "nor for who has seen that one", store=other, seen=other.seen(8))
    add("forked-history", "a bit of the history that was seen", "store_forked",
        seen=STORE.seen(8, history=(bytes([STORE.histories[8][0] ^ 1]) + STORE.histories[8][1:]).hex()))
    add("forked-first", "another first change", "store_forked", store=Store([deployment_generation(2), *CHANGES[1:]]), seen=STORE.seen(1))
    add("forked-empty", "at 0 there is but one history", "store_forked", seen=STORE.seen(0, history="01" + "00" * 31))
    for at in (6, 8):
        add(f"forked-snapshot-{at}", "a snapshot of the other", "store_forked", store=other, row=other.feed(snapshot=at), changes=other.changes(at + 1),
            snapshot=other.parts(at), seen=STORE.seen(at))
    add("forked-shorter", "another change 6, and put back: first it is before", "store_rolled_back", store=Store(other.bodies[:7]), seen=STORE.seen(8))
    ahead = Store([*other.bodies, deployment_generation(9)])
    add("forked-longer", "another change 6, and further on", "store_forked", store=ahead, seen=STORE.seen(8))

    lesser, greater = Store(CHANGES, LESSER), Store(CHANGES[:2], GREATER)
    add("life-lesser", "a lesser life", "store_rolled_back", store=lesser, seen=STORE.seen(8))
    add("life-lesser-later", "though further on", "store_rolled_back", store=lesser, seen=STORE.seen(1))
    add("life-lesser-unseen", "for who has seen nothing it is one like others", store=lesser)
    add("life-greater", "a greater life, though not as far", store=greater, seen=STORE.seen(8))
    add("life-greater-empty", "with nothing yet", store=Store([], GREATER), seen=STORE.seen(8))
    add("life-greater-snapshot", "from a snapshot", store=greater, row=greater.feed(snapshot=2), changes=[], snapshot=greater.parts(2),
        seen=STORE.seen(8))
    last_byte = INCARNATION[:-1] + bytes([INCARNATION[-1] - 1])
    assert INCARNATION[-1] > 0
    add("life-lesser-last-byte", "less in the last byte", "store_rolled_back", store=Store(CHANGES, last_byte), seen=STORE.seen(8))
    add("life-first-byte", "compared as bytes, without a sign", store=Store(CHANGES, b"\x80" + INCARNATION[1:]), seen=STORE.seen(8))
    add("life-first-byte-back", "and back", "store_rolled_back", seen=Store(CHANGES, b"\x80" + INCARNATION[1:]).seen(8))


def rows(subject):
    add = Reading(subject)
    good = STORE.feed()
    for name, value in (
        ("incarnation", data(GREATER)), ("sequence", number(7)), ("history", data(STORE.histories[7])), ("snapshot", number(4)),
        ("place", text("2049/1312")),
    ):
        add(f"feed-{name}", f"{name} changed, MAC not", "row_forged", row=with_value(good, **{name: value}),
            place="2049/1312" if name == "place" else None)
    add("feed-sequence-history", "the row of an older state, MAC not", "row_forged",
        row=with_value(good, sequence=number(7), history=data(STORE.histories[7])), changes=STORE.changes(1, 7))
    add("feed-mac-older", "the MAC of an older one", "row_forged", row={**good, "mac": STORE.feed(7)["mac"]})
    add("feed-root-retired", "under a retired root", "unknown_root", row=row("feed", good["fields"], "retired"))
    add("feed-root-strange", "under one that nobody has", "unknown_root", row={**good, "root_id": "deadbeef"})
    add("feed-root-older", "under an older one", row=row("feed", good["fields"], "older"))
    add("feed-root-named", "the id of another root", "row_forged", row={**good, "root_id": root_id("older").hex()})
    for at in (1, 4, 8):
        def spoilt(told, at=at):
            return [told if sequence == at else STORE.change(sequence) for sequence in range(1, LAST + 1)]

        change = STORE.change(at)
        other = STORE.bodies[at % LAST]
        for name, changes in (
            ("body", {"body": data(other)}), ("body-empty", {"body": data(b"")}), ("history", {"history": data(bytes(32))}),
            ("incarnation", {"incarnation": data(GREATER)}), ("sequence", {"sequence": number(at + 1)}),
            ("body-bit", {"body": data(STORE.bodies[at - 1][:-1] + bytes([STORE.bodies[at - 1][-1] ^ 1]))}),
        ):
            add(f"change-{at}-{name}", f"{name} of change {at}, MAC not", "row_forged", changes=spoilt(with_value(change, **changes)))
        mac = bytes.fromhex(change["mac"])
        add(f"change-{at}-mac", "a bit of its MAC", "row_forged", changes=spoilt({**change, "mac": (mac[:-1] + bytes([mac[-1] ^ 1])).hex()}))
        add(f"change-{at}-mac-other", "the MAC of another change", "row_forged", changes=spoilt({**change, "mac": STORE.change(at % LAST + 1)["mac"]}))
        add(f"change-{at}-retired", "under a retired root", "unknown_root", changes=spoilt(STORE.change(at, "retired")))
        add(f"change-{at}-older", "under an older root", changes=spoilt(STORE.change(at, "older")))
    add("change-cut", "a body too long for a row", "row_too_long", changes=[*STORE.changes(1, 7), {
        **STORE.change(8), "fields": [["incarnation", data(INCARNATION)], ["sequence", number(8)], ["body", {"bytes": {"parts": [
            {"repeat": "x", "times": 65_536}]}}], ["history", data(STORE.histories[8])]]}])


def gaps(subject):
    """Every row is authentic: whoever has the store can take rows away and put old ones back, but make none."""
    add = Reading(subject)
    for at in range(1, LAST + 1):
        add(f"gap-{at}", f"change {at} deleted", "feed_malformed", changes=[STORE.change(n) for n in range(1, LAST + 1) if n != at])
    add("gap-all", "all deleted", "feed_malformed", changes=[])
    add("gap-first-half", "the first half deleted, without a snapshot", "feed_malformed", changes=STORE.changes(5))
    add("gap-seen", "also for who has seen what comes before", "feed_malformed", changes=STORE.changes(6), seen=STORE.seen(4))
    add("gap-after-snapshot", "the change after a snapshot deleted", "feed_malformed", row=STORE.feed(snapshot=4), changes=STORE.changes(6),
        snapshot=STORE.parts(4))
    add("gap-after-snapshot-last", "the last one deleted", "feed_malformed", row=STORE.feed(snapshot=4), changes=STORE.changes(5, 7),
        snapshot=STORE.parts(4))
    other = Store([*CHANGES[:5], tenant("9") + tenant_generation(1), *CHANGES[6:]])
    add("mixed-6", "change 6 of another history, the others after it not", "feed_malformed",
        changes=[*STORE.changes(1, 5), other.change(6), *STORE.changes(7)])
    add("mixed-7", "from change 7 on those of another history", "feed_malformed", changes=[*STORE.changes(1, 6), *other.changes(7)],
        row=other.feed())
    add("mixed-feed", "the row of feed of another history", "feed_malformed", row=other.feed())
    add("mixed-last", "the last change of another", "feed_malformed", changes=[*STORE.changes(1, 7), other.change(8)])
    lesser = Store(CHANGES, LESSER)
    add("mixed-life", "a change of another life in the place of one deleted", "feed_malformed",
        changes=[*STORE.changes(1, 3), lesser.change(4), *STORE.changes(5)])
    swapped = [STORE.change(3, body=data(CHANGES[3])), STORE.change(4, body=data(CHANGES[2]))]
    add("history-of-body", "bodies swapped by who has the root: the history does not come out", "feed_malformed",
        changes=[*STORE.changes(1, 2), *swapped, *STORE.changes(5)])
    add("history-feed", "another history in the row of feed", "feed_malformed", row=STORE.feed(history=data(seeded("history", 32))))
    add("history-empty", "a history where nothing was committed", "feed_malformed", store=Store([]), row=Store([]).feed(history=data(seeded("history", 32))))
    for name, body in (("type", b"\x03\x00"), ("cut", CHANGES[6][:-1]), ("tenant-empty", tenant("7")), ("zero", b"\x01\x00")):
        bad = Store([])
        bad.bodies = [*CHANGES[:2], body]
        for sequence, held in enumerate(bad.bodies, 1):
            bad.histories.append(history_after(bad.histories[-1], sequence, held))
        add("body-" + name, "a body that is none", "feed_malformed", store=bad)


def snapshots(subject):
    add = Reading(subject)

    def at_4(name, comment, intended, snapshot, **more):
        add("snapshot-" + name, comment, intended, row=STORE.feed(snapshot=4), changes=STORE.changes(5), snapshot=snapshot, **more)

    parts = STORE.parts(4)
    assert len(parts) >= 3
    whole = STORE.message(4)
    at_4("good", "as it was saved", STORE, parts)
    at_4("missing", "no part", "feed_malformed", [])
    at_4("missing-first", "the first part missing", "feed_malformed", parts[1:])
    at_4("missing-middle", "one in the middle", "feed_malformed", [parts[0], *parts[2:]])
    at_4("missing-last", "the last one", "forged_message", STORE.parts(4, 5)[:-1])
    at_4("missing-last-long", "the last one: what is left is no message", "malformed_message", parts[:-1])
    at_4("first-only", "all but the first", "malformed_message", parts[:1])
    at_4("numbers-from-1", "numbered from 1", "feed_malformed", STORE.parts(4, numbers=range(1, len(parts) + 1)))
    at_4("cut", "the last byte cut", "forged_message", STORE.parts(4, message=whole[:-1]))
    at_4("longer", "a byte after it", "forged_message", STORE.parts(4, message=whole + b"\x00"))
    at_4("empty-part", "an empty part changes nothing", STORE, [*parts, part(INCARNATION, 4, len(parts), b"")])
    at_4("swapped", "two parts swapped", "forged_message", [*parts[:2], part(INCARNATION, 4, 2, whole[150:]), part(INCARNATION, 4, 3, whole[100:150])])
    at_4("swapped-first", "the first with another", "malformed_message", [part(INCARNATION, 4, 0, whole[50:100]), part(INCARNATION, 4, 1, whole[:50]),
         part(INCARNATION, 4, 2, whole[100:])])
    at_4("repeated", "the third part twice under two numbers", "forged_message", STORE.parts(4, message=whole[:150] + whole[100:]))
    for at in (10, 30, 60, 100, len(whole) - 33, len(whole) - 1):
        intended = {10: "wrong_deployment", 60: "malformed_message"}.get(at, "forged_message")
        at_4(f"flip-{at}", "a bit of it", intended, STORE.parts(4, message=whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]))
    at_4("magic", "another magic", "malformed_message", STORE.parts(4, message=b"pwx" + whole[3:]))
    at_4("version", "another version", "unknown_version", STORE.parts(4, message=STORE.message(4, version=2)))
    at_4("type", "an unknown type", "unknown_type", STORE.parts(4, message=STORE.message(4, kind=6)))
    at_4("type-list", "a list snapshot", "feed_malformed", STORE.parts(4, message=STORE.message(
        4, kind=feed.LIST_SNAPSHOT, proof=u40(NOW) + u40(NOW + 100))))
    at_4("type-live", "a live one", "feed_malformed", STORE.parts(4, message=STORE.message(4, kind=feed.LIVE_SNAPSHOT, proof=bytes(16))))
    at_4("scope", "of some tenants", "wrong_scope", STORE.parts(4, message=STORE.message(4, scope_wire=revocation.encode_scope(["7", "8"]), body=b"")))
    at_4("deployment", "of another deployment", "wrong_deployment", STORE.parts(4, message=STORE.message(4, deployment_id=OTHER_ID)))
    at_4("root-retired", "under a retired root", "unknown_root", STORE.parts(4, message=STORE.message(4, "retired")))
    at_4("root-strange", "under one that nobody has", "unknown_root", STORE.parts(4, message=STORE.message(4, root_id=b"\xde\xad\xbe\xef")))
    at_4("root-other", "under another root than it names", "forged_message", STORE.parts(4, message=STORE.message(4, root=root_key("older"))))
    at_4("message-older", "an older snapshot in its place", "feed_malformed", STORE.parts(4, message=STORE.message(3)))
    at_4("message-newer", "a newer one", "feed_malformed", STORE.parts(4, message=STORE.message(5)))
    at_4("life", "one of another life", "feed_malformed", STORE.parts(4, message=Store(CHANGES, LESSER).message(4)))
    at_4("life-rows", "in rows of another life", "feed_malformed", STORE.parts(4, incarnation=LESSER))
    at_4("rows-older", "only an older one there", "feed_malformed", STORE.parts(3))
    at_4("history", "one with another history: the change after it does not come out", "feed_malformed",
         STORE.parts(4, message=STORE.message(4, after=seeded("history", 32))))
    at_4("history-seen", "for who has seen it", "store_forked", STORE.parts(4, message=STORE.message(4, after=seeded("history", 32))),
         seen=STORE.seen(4))
    at_4("body", "a body that is none", "malformed_message", STORE.parts(4, message=STORE.message(4, body=b"\x03")))
    at_4("body-restored", "a body that only a delta may have", "malformed_message",
         STORE.parts(4, message=STORE.message(4, body=tenant("7") + restored(LINK, LINK_ID))))
    at_4("first", "with a beginning", "malformed_message", STORE.parts(4, message=STORE.message(4, first=1)))
    add("snapshot-last-history", "at the end, with another history than the row of feed", "feed_malformed", row=STORE.feed(snapshot=8), changes=[],
        snapshot=STORE.parts(8, message=STORE.message(8, after=seeded("history", 32))))
    add("snapshot-ahead", "stated beyond the end", "feed_malformed", row=STORE.feed(7, snapshot=8), changes=[], snapshot=STORE.parts(8))
    add("snapshot-unstated-gap", "it lies there, but the row of feed says there is none", "feed_malformed", changes=STORE.changes(5),
        snapshot=STORE.parts(4))


# --- places ------------------------------------------------------------------------------------

def places(subject):
    def sqlite(name, device, inode, place):
        subject.add("feed_place/" + name, "device and inode", "feed_place", {"place": place}, device=device, inode=inode)

    def postgres(name, system, timeline, database, place):
        subject.add("feed_place/" + name, "system identifier, timeline, number of the database", "feed_place", {"place": place},
                    system=system, timeline=timeline, database=database)

    sqlite("sqlite", 2049, 1311, "2049/1311")
    sqlite("sqlite-max", 2**64 - 1, 2**64 - 1, "18446744073709551615/18446744073709551615")
    sqlite("sqlite-zero", 0, 2, "0/2")
    postgres("postgres", 7_412_876_543_210_987_654, 1, 16_384, "7412876543210987654/1/16384")
    postgres("postgres-max", 2**64 - 1, 2**32 - 1, 2**32 - 1, "18446744073709551615/4294967295/4294967295")

    add = Reading(subject)
    for name, there, here in (
        ("inode", "2049/1311", "2049/1312"), ("device", "2049/1311", "2050/1311"), ("postgres", "2049/1311", "7412876543210987654/1/16384"),
        ("timeline", "7412876543210987654/1/16384", "7412876543210987654/2/16384"),
        ("system", "7412876543210987654/1/16384", "7412876543210987655/1/16384"),
        ("database", "7412876543210987654/1/16384", "7412876543210987654/1/16385"),
        ("longer", "2049/1311", "2049/13110"), ("swapped", "2049/1311", "1311/2049"),
    ):
        add("place-" + name, f"its life began at {there}, it lies at {here}", "store_restored", store=Store(place=there), place=here)
        add(f"place-{name}-here", "as if it had begun here", store=Store(place=here), place=here)
    add("place-seen", "elsewhere, though all that was seen is there", "store_restored", place="2049/1312", seen=STORE.seen(8))
    add("place-recovered", "elsewhere, a new life begun there", store=Store(CHANGES, GREATER, "2049/1312"), place="2049/1312", seen=STORE.seen(8))


# --- recovering --------------------------------------------------------------------------------

def recovering(subject):
    for found, raised in (
        (0, 65_536), (1, 65_536), (2, 65_536), (65_534, 65_536), (65_535, 65_536), (65_536, 131_072), (65_537, 131_072), (131_071, 131_072),
        (131_072, 196_608), (2**31 - 1, 2**31), (2**31, 2**31 + 65_536), (2**32 - 65_537, 2**32 - 65_536),
        (2**32 - 131_072, 2**32 - 65_536),
    ):
        subject.add(f"recovered_generation/{found}", "the next multiple of 65,536 above it", "recovered_generation",
                    {"generation": raised}, found=found)
