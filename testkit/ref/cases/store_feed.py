"""Cases of spec/store.md section 5: committing changes, reading them back, recovering."""

import hashlib

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

    def __init__(self, bodies=CHANGES, incarnation=INCARNATION, place=PLACE, readable=None, known=()):
        """`readable`: how many bodies are; `known`: records that a recovered store begins with, in its snapshot at 1."""
        self.bodies, self.incarnation, self.place, self.readable, self.known = bodies, incarnation, place, readable, known
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
        for body in [*self.known, *self.bodies[:self.readable if last is None else last]]:
            for record in revocation.read_body(body, revocation.WHOLE, snapshot=False):
                state.apply(record)
        return state

    def fields(self, last, under="active", **changes):
        found = {
            "kind": feed.SAVED_SNAPSHOT, "root_id": root_id(under), "root": root_key(under), "deployment_id": MAIN_ID,
            "incarnation": self.incarnation, "scope_wire": b"\x00", "first": 0, "before": bytes(32), "last": last,
            "after": self.histories[last], "proof": b"", "body": self.state(last).snapshot() if "body" not in changes else None,
        }
        return {**found, **changes}

    def message(self, last, under="active", **changes):
        return feed.encode(**self.fields(last, under, **changes))

    def parts(self, last, message=None, incarnation=None):
        """One part: a short snapshot has no more."""
        message = self.message(last) if message is None else message
        return [part(incarnation or self.incarnation, last, 0, message)]

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
OTHER = Store([*CHANGES[:5], tenant("9") + tenant_generation(1), *CHANGES[6:]])
LAST = len(CHANGES)


def build():
    subject = Subject("store_feed", fixtures())
    committing(subject)
    reading(subject)
    seen_before(subject)
    rows(subject)
    gaps(subject)
    orders(subject)
    snapshots(subject)
    short_parts(subject)
    long_snapshots(subject)
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
    add("empty", "a body without records: a new life may begin with it", Store(incarnation=GREATER).feed(0), b"")


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
        case = {"keyring": "main", "feed": store.feed() if row is None else row, "changes": store.changes() if changes is None else changes,
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
    add("snapshot-older", "an older one lies beside it", row=STORE.feed(snapshot=6), changes=STORE.changes(7),
        snapshot=[*STORE.parts(3), *STORE.parts(6)])
    add("snapshot-incomplete-newer", "the beginning of a newer one too: not complete", row=STORE.feed(snapshot=6), changes=STORE.changes(7),
        snapshot=[*STORE.parts(6), *STORE.parts(8, STORE.message(8)[:150])])
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
    for sequence in (6, 7, 8):
        add(f"forked-{sequence}", "another change 6", "store_forked", store=OTHER, seen=STORE.seen(sequence))
    add("forked-unseen", "before it is no difference", store=OTHER, seen=STORE.seen(5))
    add("forked-never", "nor for who has seen nothing", store=OTHER)
    add("forked-own", "nor for who has seen that one", store=OTHER, seen=OTHER.seen(8))
    add("forked-history", "a bit of the history that was seen", "store_forked",
        seen=STORE.seen(8, history=(bytes([STORE.histories[8][0] ^ 1]) + STORE.histories[8][1:]).hex()))
    add("forked-first", "another first change", "store_forked", store=Store([deployment_generation(2), *CHANGES[1:]]), seen=STORE.seen(1))
    add("forked-empty", "at 0 there is but one history", "store_forked", seen=STORE.seen(0, history="01" + "00" * 31))
    for at in (6, 8):
        add(f"forked-snapshot-{at}", "a snapshot of the other", "store_forked", store=OTHER, row=OTHER.feed(snapshot=at), changes=OTHER.changes(at + 1),
            snapshot=OTHER.parts(at), seen=STORE.seen(at))
    add("forked-shorter", "another change 6, and put back: first it is before", "store_rolled_back", store=Store(OTHER.bodies[:7]), seen=STORE.seen(8))
    ahead = Store([*OTHER.bodies, deployment_generation(9)])
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
    for name, several in (
        ("none", []), ("twice", [good, good]), ("older", [good, STORE.feed(7)]), ("life", [good, Store(CHANGES, GREATER).feed()]),
        ("three", [good, STORE.feed(7), STORE.feed(6)]), ("root", [good, row("feed", good["fields"], "older")]),
    ):
        add(f"feed-several-{name}", "no row of feed" if name == "none" else "more than one, each authentic", "link_malformed", row=several)
    add("feed-several-none-empty", "none, and no change", "link_malformed", row=[], changes=[])
    add("feed-root-older", "under an older one", row=row("feed", good["fields"], "older"))
    add("feed-root-named", "the id of another root", "row_forged", row={**good, "root_id": root_id("older").hex()})
    for at in (1, 4, 8):
        def spoilt(told, at=at):
            return [told if sequence == at else STORE.change(sequence) for sequence in range(1, LAST + 1)]

        change = STORE.change(at)
        other = STORE.bodies[at % LAST]
        for name, changes in (
            ("body", {"body": data(other)}), ("body-empty", {"body": data(b"")}), ("history", {"history": data(bytes(32))}),
            ("body-bit", {"body": data(STORE.bodies[at - 1][:-1] + bytes([STORE.bodies[at - 1][-1] ^ 1]))}),
        ):
            add(f"change-{at}-{name}", f"{name} of change {at}, MAC not", "row_forged", changes=spoilt(with_value(change, **changes)))
        for name, changes in (("incarnation", {"incarnation": data(GREATER)}), ("sequence", {"sequence": number(LAST + at)})):
            add(f"change-{at}-{name}", f"{name} of change {at}, MAC not: it is missing", "gap", changes=spoilt(with_value(change, **changes)))
        mac = bytes.fromhex(change["mac"])
        add(f"change-{at}-mac", "a bit of its MAC", "row_forged", changes=spoilt({**change, "mac": (mac[:-1] + bytes([mac[-1] ^ 1])).hex()}))
        add(f"change-{at}-mac-other", "the MAC of another change", "row_forged", changes=spoilt({**change, "mac": STORE.change(at % LAST + 1)["mac"]}))
        add(f"change-{at}-retired", "under a retired root", "unknown_root", changes=spoilt(STORE.change(at, "retired")))
        add(f"change-{at}-older", "under an older root", changes=spoilt(STORE.change(at, "older")))
    for name, value in (
        ("incarnation-cut", data(INCARNATION[:15])), ("incarnation-longer", data(INCARNATION + b"\x00")), ("incarnation-absent", None),
        ("sequence-absent", None), ("history-cut", data(STORE.histories[8][:31])), ("history-longer", data(STORE.histories[8] + b"\x00")),
        ("history-absent", None), ("snapshot-absent", None), ("place-absent", None),
    ):
        add("feed-malformed-" + name, "authentic, but none of the page", "link_malformed",
            row=row("feed", with_value(good, **{name.split("-")[0]: value})["fields"]))
    add("feed-malformed-place", "elsewhere: the row is first", "link_malformed", row=STORE.feed(history=data(bytes(31))), place="2049/1312")
    add("feed-malformed-seen", "put back: the row is first", "link_malformed", row=STORE.feed(5, history=data(bytes(31))), seen=STORE.seen(8))
    for name, value in (
        ("body-absent", None), ("history-cut", data(STORE.histories[4][:31])), ("history-longer", data(STORE.histories[4] + b"\x00")), ("history-absent", None),
    ):
        add("change-malformed-" + name, "authentic, but none of the page", "link_malformed",
            changes=[*STORE.changes(1, 3), STORE.change(4, **{name.split("-")[0]: value}), *STORE.changes(5)])
    moved(add)
    add("change-cut", "a body too long for a row", "row_too_long", changes=[*STORE.changes(1, 7), {
        **STORE.change(8), "fields": [["incarnation", data(INCARNATION)], ["sequence", number(8)], ["body", {"bytes": {"parts": [
            {"repeat": "x", "times": 65_536}]}}], ["history", data(STORE.histories[8])]]}])


def moved(add):
    """Rows are looked for by their key: one with the key of another is read in its place, and those that nobody looks for are not read."""
    def among(*rows, gone=()):
        return [*(STORE.change(sequence) for sequence in range(1, LAST + 1) if sequence not in gone), *rows]

    def put(sequence, at, **changes):
        return with_value(STORE.change(sequence), sequence=number(at), **changes)

    add("change-moved-swapped", "the keys of two changes swapped", "row_forged", changes=among(put(3, 4), put(4, 3), gone=(3, 4)))
    for sequence, at in ((1, 8), (8, 1), (5, 4), (4, 5)):
        add(f"change-moved-{sequence}-{at}", f"change {sequence} with the key of change {at}, which was deleted",
            "gap" if sequence < at else "row_forged", changes=among(put(sequence, at), gone=(sequence, at)))
    add("change-moved-snapshot", "below the snapshot: it is missing where it is looked for", "gap", row=STORE.feed(snapshot=4),
        changes=[put(6, 2), STORE.change(5), *STORE.changes(7)], snapshot=STORE.parts(4))
    lesser = Store(CHANGES, LESSER)
    add("change-moved-life", "a change of another life with this one's key", "row_forged",
        changes=among(with_value(lesser.change(4), incarnation=data(INCARNATION)), gone=(4,)))
    for name, bad in (("mac", lambda told: {**told, "mac": "00" * 32}), ("root", lambda told: {**told, "root_id": "deadbeef"}),
                      ("body", lambda told: with_value(told, body=data(b"\x03"))), ("malformed", None)):
        def spoilt(store, sequence, bad=bad):
            return store.change(sequence, history=data(bytes(31))) if bad is None else bad(store.change(sequence))

        add(f"change-unread-life-{name}", "a row of another life that is not believed or not of the page: nobody reads it",
            changes=among(spoilt(lesser, 4), spoilt(Store(CHANGES, GREATER), 1)))
        add(f"change-unread-snapshot-{name}", "one up to the snapshot", row=STORE.feed(snapshot=4),
            changes=[STORE.change(1), spoilt(STORE, 2), spoilt(STORE, 4), *STORE.changes(5)], snapshot=STORE.parts(4))
        intended = {"root": "unknown_root", "malformed": "link_malformed"}.get(name, "row_forged")
        add(f"change-unread-{name}-read", "the first after it", intended, row=STORE.feed(snapshot=4),
            changes=[spoilt(STORE, 5), *STORE.changes(6)], snapshot=STORE.parts(4))


def gaps(subject):
    """Every row is authentic: whoever has the store can take rows away and put old ones back, but make none."""
    add = Reading(subject)
    for at in range(1, LAST + 1):
        add(f"gap-{at}", f"change {at} deleted", "gap", changes=[STORE.change(n) for n in range(1, LAST + 1) if n != at])
    add("gap-all", "all deleted", "gap", changes=[])
    add("gap-first-half", "the first half deleted, without a snapshot", "gap", changes=STORE.changes(5))
    add("gap-seen", "also for who has seen what comes before", "gap", changes=STORE.changes(6), seen=STORE.seen(4))
    add("gap-seen-all", "and for who has seen all", "gap", changes=STORE.changes(6), seen=STORE.seen(8))
    add("gap-after-snapshot", "the change after a snapshot deleted", "gap", row=STORE.feed(snapshot=4), changes=STORE.changes(6),
        snapshot=STORE.parts(4))
    add("gap-after-snapshot-last", "the last one deleted", "gap", row=STORE.feed(snapshot=4), changes=STORE.changes(5, 7),
        snapshot=STORE.parts(4))
    add("mixed-6", "change 6 of another history, the others after it not", "store_forked",
        changes=[*STORE.changes(1, 5), OTHER.change(6), *STORE.changes(7)])
    add("mixed-7", "from change 7 on those of another history", "store_forked", changes=[*STORE.changes(1, 6), *OTHER.changes(7)],
        row=OTHER.feed())
    add("mixed-feed", "the row of feed of another history", "store_forked", row=OTHER.feed())
    add("mixed-last", "the last change of another", "store_forked", changes=[*STORE.changes(1, 7), OTHER.change(8)])
    lesser = Store(CHANGES, LESSER)
    add("mixed-life", "a change of another life in the place of one deleted", "gap",
        changes=[*STORE.changes(1, 3), lesser.change(4), *STORE.changes(5)])
    swapped = [STORE.change(3, body=data(CHANGES[3])), STORE.change(4, body=data(CHANGES[2]))]
    add("history-of-body", "bodies swapped by who has the root: the history does not come out", "store_forked",
        changes=[*STORE.changes(1, 2), *swapped, *STORE.changes(5)])
    add("history-feed", "another history in the row of feed", "store_forked", row=STORE.feed(history=data(seeded("history", 32))))
    add("history-empty", "a history where nothing was committed", "store_forked", store=Store([]), row=Store([]).feed(history=data(seeded("history", 32))))
    for name, body in (
        ("type", b"\x03\x00"), ("cut", CHANGES[6][:-1]), ("tenant-empty", tenant("7")), ("zero", b"\x01\x00"),
        ("order", CHANGES[3] + CHANGES[0]), ("longer", CHANGES[0] + b"\x00"), ("unit", tenant("7") + b"\x13\x04" + LINK_ID + u40(NOW)),
    ):
        add("body-" + name, "a body that is none", "malformed_message", store=Store([*CHANGES[:2], body], readable=2))
    add("body-empty", "a body without records", store=Store([CHANGES[0], b"", CHANGES[1]]))
    add("body-empty-first", "also at the beginning", store=Store([b"", CHANGES[0]]))


def orders(subject):
    """The row of feed, place, where it stands, then the rest; each case has a fault of two or three of these."""
    add = Reading(subject)
    there = "2049/1312"
    old, fork = Store(CHANGES[:5]), {"store": OTHER, "seen": STORE.seen(8)}
    gap, cut = [*STORE.changes(1, 2), *STORE.changes(4)], {"row": STORE.feed(snapshot=4), "changes": STORE.changes(5), "snapshot": []}
    forged = [*STORE.changes(1, 2), with_value(STORE.change(3), body=data(CHANGES[0])), *STORE.changes(4)]
    add("order-feed-place", "a forged row of feed, elsewhere", "row_forged", row={**STORE.feed(), "mac": STORE.feed(7)["mac"]}, place=there)
    add("order-feed-root-place", "under a retired root, elsewhere", "unknown_root", row=row("feed", STORE.feed()["fields"], "retired"), place=there)
    add("order-feed-seen", "a forged row of feed, put back", "row_forged", row={**STORE.feed(5), "mac": STORE.feed(6)["mac"]}, seen=STORE.seen(8))
    add("order-none-place", "no row of feed, elsewhere", "link_malformed", row=[], place=there)
    add("order-several-place", "two, elsewhere", "link_malformed", row=[STORE.feed(), STORE.feed(7)], place=there)
    add("order-several-seen", "two, one of them put back", "link_malformed", row=[STORE.feed(5), STORE.feed(4)], seen=STORE.seen(6))
    add("order-place-seen", "elsewhere, put back", "store_restored", store=old, seen=STORE.seen(8), place=there)
    add("order-place-life", "elsewhere, a lesser life", "store_restored", store=Store(CHANGES, LESSER), seen=STORE.seen(8), place=there)
    add("order-place-fork", "elsewhere, another history", "store_restored", place=there, **fork)
    add("order-place-gap", "elsewhere, a change deleted", "store_restored", changes=gap, place=there)
    add("order-place-change", "elsewhere, a change forged", "store_restored", changes=forged, place=there)
    add("order-place-snapshot", "elsewhere, no snapshot", "store_restored", place=there, **cut)
    add("order-seen-gap", "put back, a change deleted", "store_rolled_back", store=old, changes=gap[:4], seen=STORE.seen(8))
    add("order-seen-change", "put back, a change forged", "store_rolled_back", store=old, changes=forged[:5], seen=STORE.seen(8))
    add("order-seen-snapshot", "put back, no snapshot", "store_rolled_back", row=STORE.feed(5, snapshot=4), changes=STORE.changes(5, 5),
        seen=STORE.seen(8))
    add("order-life-gap", "a lesser life, a change deleted", "store_rolled_back", store=Store(CHANGES, LESSER), changes=[], seen=STORE.seen(1))
    add("order-fork-gap", "another history, a change deleted", "store_forked", changes=OTHER.changes(2), **fork)
    add("order-fork-all", "all changes deleted", "store_forked", changes=[], **fork)
    add("order-fork-change", "another history, a change forged", "store_forked", changes=[
        with_value(OTHER.change(1), body=data(CHANGES[1])), *OTHER.changes(2)], **fork)
    add("order-fork-snapshot", "another history, no snapshot", "store_forked", row=OTHER.feed(snapshot=4), changes=OTHER.changes(5), **fork)
    add("order-gap-good", "with none of these but a change deleted", "gap", changes=gap, seen=STORE.seen(8))
    add("order-change-good", "but a change forged", "row_forged", changes=forged, seen=STORE.seen(8))
    add("order-snapshot-good", "but no snapshot", "malformed_message", seen=STORE.seen(8), **cut)


def snapshots(subject):
    add = Reading(subject)

    def at_4(name, comment, intended, snapshot, **more):
        add("snapshot-" + name, comment, intended, row=STORE.feed(snapshot=4), changes=STORE.changes(5), snapshot=snapshot, **more)

    def of(**changes):
        return STORE.parts(4, message=STORE.message(4, **changes))

    whole = STORE.message(4)
    at_4("good", "as it was saved", STORE, STORE.parts(4))
    at_4("missing", "none there", "malformed_message", [])
    at_4("number-1", "the first part missing: numbered from 1", "malformed_message", [part(INCARNATION, 4, 1, whole)])
    for length in (0, 3, 100, 121, 122, 153):
        at_4(f"cut-{length}", f"cut to {length} bytes: no message", "malformed_message", STORE.parts(4, message=whole[:length]))
    for length in (154, 155, 160, len(whole) - 1):
        at_4(f"cut-{length}", f"cut to {length} of {len(whole)} bytes", "forged_message", STORE.parts(4, message=whole[:length]))
    at_4("cut-first", "the first byte cut", "malformed_message", STORE.parts(4, message=whole[1:]))
    at_4("longer", "a byte after it", "forged_message", STORE.parts(4, message=whole + b"\x00"))
    at_4("longer-before", "a byte before it", "malformed_message", STORE.parts(4, message=b"\x00" + whole))
    for at in (10, 30, 60, 100, len(whole) - 33, len(whole) - 1):
        intended = {10: "wrong_deployment", 60: "malformed_message"}.get(at, "forged_message")
        at_4(f"flip-{at}", "a bit of it", intended, STORE.parts(4, message=whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]))
    at_4("magic", "another magic", "malformed_message", STORE.parts(4, message=b"pwx" + whole[3:]))
    at_4("version", "another version", "unknown_version", of(version=2))
    at_4("type", "an unknown type", "unknown_type", of(kind=6))
    at_4("scope", "of some tenants", "wrong_scope", of(scope_wire=revocation.encode_scope(["7", "8"]), body=b""))
    at_4("deployment", "of another deployment", "wrong_deployment", of(deployment_id=OTHER_ID))
    at_4("root-retired", "under a retired root", "unknown_root", of(under="retired"))
    at_4("root-strange", "under one that nobody has", "unknown_root", of(root_id=b"\xde\xad\xbe\xef"))
    at_4("root-other", "under another root than it names", "forged_message", of(root=root_key("older")))
    at_4("message-older", "an older snapshot in its place", "gap", STORE.parts(4, message=STORE.message(3)))
    at_4("message-newer", "a newer one", "gap", STORE.parts(4, message=STORE.message(5)))
    at_4("message-0", "one of the beginning", "gap", STORE.parts(4, message=STORE.message(0)))
    at_4("message-far", "one of far on", "gap",
         STORE.parts(4, message=feed.encode(**{**STORE.fields(4), "last": 2**63})))
    for kind, name, proof in ((feed.LIVE_DELTA, "live-delta", bytes(16)), (feed.LIVE_SNAPSHOT, "live-snapshot", bytes(16)),
                              (feed.LIST_DELTA, "list-delta", u40(NOW) + u40(NOW + 600)), (feed.LIST_SNAPSHOT, "list-snapshot", u40(NOW) + u40(NOW + 600))):
        at_4("type-" + name, "a message of another type", "malformed_message", of(kind=kind, proof=proof))
    for name, life in (("lesser", LESSER), ("greater", GREATER), ("last-bit", INCARNATION[:-1] + bytes([INCARNATION[-1] ^ 1]))):
        at_4("life-" + name, "a message of another life in rows of this one", "gap", of(incarnation=life))
    def beyond(last):
        return feed.encode(**{**STORE.fields(8), "last": last})

    for stated in (9, 10, 1000):
        add(f"snapshot-above-{stated}", "a snapshot stated that is above where the feed stands", "gap", row=STORE.feed(snapshot=stated),
            snapshot=STORE.parts(stated, message=beyond(stated)))
    add("snapshot-above-empty", "where nothing was committed", "gap", store=Store([]), row=Store([]).feed(snapshot=1), snapshot=STORE.parts(1))
    add("snapshot-above-seen", "for who has seen all", "gap", row=STORE.feed(snapshot=9), snapshot=STORE.parts(9, message=beyond(9)),
        seen=STORE.seen(8))
    at_4("life-rows", "one lies there, but in rows of another life", "malformed_message", STORE.parts(4, incarnation=LESSER))
    at_4("history", "one with another history: the change after it does not come out", "store_forked", of(after=seeded("history", 32)))
    at_4("history-seen", "for who has seen it", "store_forked", of(after=seeded("history", 32)), seen=STORE.seen(4))
    at_4("body", "a body that is none", "malformed_message", of(body=b"\x03"))
    at_4("body-cut", "a body cut before it was saved", "malformed_message", of(body=STORE.state(4).snapshot()[:-1]))
    at_4("body-restored", "a body that only a delta may have", "malformed_message", of(body=tenant("7") + restored(LINK, LINK_ID)))
    at_4("body-order", "records in another order", "malformed_message", of(body=tenant("8") + tenant_generation(1) + tenant("7") + tenant_generation(1)))
    at_4("first", "with a beginning", "malformed_message", of(first=1))
    at_4("before", "with a history before it", "malformed_message", of(before=STORE.histories[1]))
    add("snapshot-last-history", "at the end, with another history than the row of feed", "store_forked", row=STORE.feed(snapshot=8), changes=[],
        snapshot=STORE.parts(8, message=STORE.message(8, after=seeded("history", 32))))
    add("snapshot-unstated-gap", "it lies there, but the row of feed says there is none", "gap", changes=STORE.changes(5),
        snapshot=STORE.parts(4))


def short_parts(subject):
    """Whoever writes them fills all but the last; whoever reads takes what follows, and the tag tells."""
    whole, add = STORE.message(4), Reading(subject)

    def at_4(name, comment, pieces, intended=STORE):
        """`pieces`: number of the part and its bytes."""
        add("snapshot-pieces-" + name, comment, intended, row=STORE.feed(snapshot=4), changes=STORE.changes(5),
            snapshot=[part(INCARNATION, 4, at, piece) for at, piece in pieces])

    first, second = whole[:170], whole[170:]
    at_4("two", "two short parts that follow one another", [(0, first), (1, second)])
    at_4("two-any-order", "in no order", [(1, second), (0, first)])
    at_4("three", "three", [(0, whole[:3]), (1, whole[3:140]), (2, whole[140:])])
    at_4("bytes", "one for each byte", [(at, whole[at:at + 1]) for at in range(len(whole))])
    at_4("two-swapped", "two, swapped", [(1, first), (0, second)], "malformed_message")
    at_4("two-last-missing", "the second missing", [(0, first)], "forged_message")
    at_4("two-first-missing", "the first missing", [(1, second)], "malformed_message")
    at_4("two-gap", "a number left out: it does not follow", [(0, first), (2, second)], "forged_message")
    at_4("two-again", "the first again behind them", [(0, first), (1, second), (2, first)], "forged_message")
    at_4("empty-last", "an empty one behind it", [(0, whole), (1, b"")])
    at_4("empty-between", "one between", [(0, first), (1, b""), (2, second)])
    at_4("empty-first", "one before it", [(0, b""), (1, whole)])
    at_4("more", "a byte in a part that follows", [(0, whole), (1, b"\x00")], "forged_message")
    at_4("more-apart", "in one that does not follow", [(0, whole), (2, b"\x00")])


# --- snapshots of more than one part -----------------------------------------------------------

FULL = 1_048_576
RECORD = 17


def long_snapshot(name, records, after_them):
    """A store whose snapshot at 1 has so many tombstones of one tenant, and its message as parts of a file before it is cut."""
    store = Store([b""])
    header = feed.encode(**store.fields(1, body=b""))[:-feed.TAG]
    text = "\u0017key 000 %"
    body = tenant(name) + "".join(text.replace("%", f"{at:08x}") for at in range(records)).encode() + after_them
    message = store.message(1, body=body)
    assert message.startswith(header + tenant(name))
    return store, [{"hex": (header + tenant(name)).hex()}, {"repeat": text, "times": records}], message, body


def long_snapshots(subject):
    """Parts are full but the last."""
    def add(name, comment, store, parts, intended=OK):
        subject.add("feed_read/snapshot-" + name, comment, "feed_read", intended, keyring="main", feed=store.feed(snapshot=1), changes=[],
                    snapshot=[{"incarnation": INCARNATION.hex(), "sequence": 1, "part": at, "bytes": told} for at, told in parts], place=PLACE)

    def digest(body):
        return Has(records={"length": len(body), "sha256": hashlib.sha256(body).hexdigest()})

    one = "exactly-full"
    count = (FULL - 122 - feed.TAG - len(tenant(one))) // RECORD
    store, told, message, body = long_snapshot(one, count, b"")
    assert len(message) == FULL
    full = {"parts": [*told, {"hex": message[-feed.TAG:].hex()}]}
    add("full", "one part, as long as may be", store, [(0, full)], digest(body))

    count = (FULL - 122 - len(tenant("7"))) // RECORD
    more = b"".join(tombstone(b"key 001 " + f"{at:08x}".encode()) for at in range(20))
    store, told, message, body = long_snapshot("7", count, more)
    at = 122 + len(tenant("7")) + RECORD * count
    assert at < FULL < at + RECORD
    first, second = {"parts": [*told, {"hex": message[at:FULL].hex()}]}, message[FULL:].hex()
    add("parts", "two parts, cut within a record", store, [(0, first), (1, second)], digest(body))
    add("parts-any-order", "they come in no order", store, [(1, second), (0, first)], digest(body))
    add("parts-last-missing", "the last missing", store, [(0, first)], "forged_message")
    add("parts-first-missing", "the first missing", store, [(1, second)], "malformed_message")
    add("parts-swapped", "swapped", store, [(1, first), (0, second)], "malformed_message")
    add("parts-last-cut", "the last cut", store, [(0, first), (1, second[:-2])], "forged_message")
    add("parts-last-flip", "a bit of the last", store, [(0, first), (1, second[:-2] + f"{message[-1] ^ 1:02x}")], "forged_message")
    other = {"parts": [told[0], {"repeat": "\u0017key 000x%", "times": count}, {"hex": message[at:FULL].hex()}]}
    add("parts-first-other", "other bytes in the first", store, [(0, other), (1, second)], "forged_message")
    add("parts-of-other", "the last of another snapshot", store, [(0, first), (1, STORE.message(4).hex())], "forged_message")


# --- places ------------------------------------------------------------------------------------

def places(subject):
    def sqlite(name, device, inode, place, born=None):
        comment, more = ("device and inode", {}) if born is None else ("device, inode, and when the file was born", {"born": str(born)})
        subject.add("feed_place/" + name, comment, "feed_place", {"place": place}, device=device, inode=inode, **more)

    def postgres(name, system, timeline, database, place):
        subject.add("feed_place/" + name, "system identifier, timeline, number of the database", "feed_place", {"place": place},
                    system=system, timeline=timeline, database=database)

    sqlite("sqlite", 2049, 1311, "2049/1311")
    sqlite("sqlite-max", 2**64 - 1, 2**64 - 1, "18446744073709551615/18446744073709551615")
    sqlite("sqlite-zero", 0, 2, "0/2")
    sqlite("sqlite-born", 2049, 1311, "2049/1311/1764547200123456789", 1_764_547_200_123_456_789)
    sqlite("sqlite-born-second", 2049, 1311, "2049/1311/1764547200000000000", 1_764_547_200_000_000_000)
    sqlite("sqlite-born-first", 2049, 1311, "2049/1311/1", 1)
    sqlite("sqlite-born-max", 2**64 - 1, 2**64 - 1, "18446744073709551615/18446744073709551615/9223372036854775807", 2**63 - 1)
    postgres("postgres", 7_412_876_543_210_987_654, 1, 16_384, "7412876543210987654/1/16384")
    postgres("postgres-max", 2**64 - 1, 2**32 - 1, 2**32 - 1, "18446744073709551615/4294967295/4294967295")

    add = Reading(subject)
    for name, there, here in (
        ("inode", "2049/1311", "2049/1312"), ("device", "2049/1311", "2050/1311"), ("postgres", "2049/1311", "7412876543210987654/1/16384"),
        ("timeline", "7412876543210987654/1/16384", "7412876543210987654/2/16384"),
        ("system", "7412876543210987654/1/16384", "7412876543210987655/1/16384"),
        ("database", "7412876543210987654/1/16384", "7412876543210987654/1/16385"),
        ("longer", "2049/1311", "2049/13110"), ("swapped", "2049/1311", "1311/2049"),
        ("born", "2049/1311/1764547200123456789", "2049/1311/1764547200123456790"),
        ("born-inode", "2049/1311/1764547200123456789", "2049/1312/1764547200123456789"),
        ("born-longer", "2049/1311/1764547200123456789", "2049/1311/17645472001234567890"),
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
    for found in (2**32 - 65_536, 2**32 - 65_535, 2**32 - 2, 2**32 - 1):
        subject.add(f"recovered_generation/{found}", "32 bits hold no multiple above it", "recovered_generation", "generation_exhausted", found=found)
    recovered_at(subject)

    recovered_states(subject)
    add = Reading(subject)
    there, more = "2049/1312", CHANGES[5:]
    raised = Store([deployment_generation(65_536)], GREATER, there, known=CHANGES)
    taken = Store([b""], GREATER, there, known=CHANGES)
    on = Store([deployment_generation(65_536), *more], GREATER, there, known=CHANGES[:5])
    for name, store in (("raised", raised), ("taken", taken), ("on", on)):
        comment = {"raised": "a new life: change 1 raises the generation, the snapshot at 1 has all that is known", "on": "and goes on",
                   "taken": "a new life for which a newer view was taken over: change 1 has nothing"}[name]
        start = {"store": store, "row": store.feed(snapshot=1), "snapshot": store.parts(1)}
        add("recovered-" + name, comment, seen=STORE.seen(8), **start)
        add(f"recovered-{name}-unseen", "for who has seen nothing", **start)
        add(f"recovered-{name}-deleted", "change 1 deleted, as the snapshot has it", changes=store.changes(2) if name == "on" else [], **start)
        add(f"recovered-{name}-beside", "all of the old life lies beside it", changes=[*STORE.changes(), *store.changes()],
            **{**start, "snapshot": [*STORE.parts(4), *start["snapshot"]]})
        add(f"recovered-{name}-again", "for who has seen its beginning", seen=store.seen(1), **start)
        add(f"recovered-{name}-snapshot-none", "its snapshot deleted", "malformed_message", **{**start, "snapshot": []})
        add(f"recovered-{name}-snapshot-old", "only that of the old life there", "malformed_message",
            **{**start, "snapshot": STORE.parts(1)})
        add(f"recovered-{name}-place", "moved again", "store_restored", place=PLACE, **start)
        add(f"recovered-{name}-back", "the old life put back", "store_rolled_back", store=STORE, seen=store.seen(len(store.bodies)))


def recovered_at(subject):
    """The time in seconds, where it is above what was found and 32 bits hold it."""
    top, last = 2**32 - 1, 2**32 - 65_537
    for name, found, now, raised in (
        ("0-now-0", 0, 0, 65_536), ("0-now-1", 0, 1, 1), ("0-now-2", 0, 2, 2), ("0-now-65535", 0, 65_535, 65_535), ("0-now-65537", 0, 65_537, 65_537),
        ("0-now", 0, NOW, NOW), ("0-now-top", 0, top, top), ("0-now-beyond", 0, 2**32, 65_536), ("0-now-beyond-1", 0, 2**32 + 1, 65_536),
        ("0-now-beyond-wraps", 0, 2**32 + NOW, 65_536), ("0-now-u64", 0, 2**64 - 1, 65_536),
        ("1-now-0", 1, 0, 65_536), ("1-now-1", 1, 1, 65_536), ("1-now-2", 1, 2, 2),
        ("65535-now-same", 65_535, 65_535, 65_536), ("65536-now-same", 65_536, 65_536, 131_072), ("65536-now-before", 65_536, 65_535, 131_072),
        ("65536-now-after", 65_536, 65_537, 65_537), ("65536-now", 65_536, NOW, NOW), ("131072-now-65536", 131_072, 65_536, 196_608),
        ("time-now-same", NOW, NOW, NOW - NOW % 65_536 + 65_536), ("time-now-before", NOW, NOW - 1, NOW - NOW % 65_536 + 65_536),
        ("time-now-after", NOW, NOW + 1, NOW + 1), ("time-now-0", NOW, 0, NOW - NOW % 65_536 + 65_536),
        ("time-now-beyond", NOW, 2**32, NOW - NOW % 65_536 + 65_536), ("2-31-now-same", 2**31, 2**31, 2**31 + 65_536),
        ("2-31-now-after", 2**31, 2**31 + 1, 2**31 + 1), ("2-31-now-before", 2**31, 2**31 - 1, 2**31 + 65_536),
        ("last-now-same", last, last, last + 1), ("last-now-after", last, last + 1, last + 1), ("last-now-after-2", last, last + 2, last + 2),
        ("last-now-beyond", last, 2**32, last + 1), ("over-now-after", last + 1, last + 2, last + 2), ("over-now-top", last + 1, top, top),
        ("over-now-same", last + 1, last + 1, None), ("over-now-before", last + 1, last, None), ("over-now-beyond", last + 1, 2**32, None),
        ("over-now", last + 1, NOW, None), ("top-1-now-top", top - 1, top, top), ("top-1-now-same", top - 1, top - 1, None),
        ("top-1-now-beyond", top - 1, 2**32, None), ("top-now-same", top, top, None), ("top-now-before", top, top - 1, None),
        ("top-now-beyond", top, 2**32, None), ("top-now-u64", top, 2**64 - 1, None),
    ):
        comment = ("the time in seconds" if raised == now else "the time is no good, and 32 bits hold no multiple of 65,536 above it" if raised is None
                   else "the time is not above it, or beyond 32 bits: the next multiple of 65,536")
        subject.add("recovered_generation/" + name, comment, "recovered_generation", "generation_exhausted" if raised is None else {"generation": raised},
                    found=found, now=now)


def recovered_states(subject):
    """What a recovered store begins with: change 1, and the state of the snapshot at 1."""
    def add(name, comment, intended, database, newer=None, **more):
        """Bodies of snapshots; `intended`: the generation it is raised to, or the body that comes out, or a code."""
        if isinstance(intended, int):
            assert database[:1] != b"\x01" or newer is None
            intended = {"change": deployment_generation(intended).hex(), "records": (deployment_generation(intended) + without_generation(database)).hex()}
        elif isinstance(intended, bytes):
            intended = {"change": "", "records": intended.hex()}
        subject.add("recovered_state/" + name, comment, "recovered_state", intended, database=database.hex(), newer=None if newer is None else newer.hex(),
                    **more)

    state = STORE.state().snapshot()
    seven = tenant("7")
    add("raised", "no newer view: the generation is raised, all else stays", 65_536, state)
    add("raised-none", "from 0", 65_536, b"")
    add("raised-on", "from a generation above", 131_072, deployment_generation(65_536) + seven + tenant_generation(3))
    add("raised-suspended", "a suspension stands", 65_536, seven + suspended(LINK, LINK_ID))
    add("exhausted", "32 bits hold no multiple above it", "generation_exhausted", deployment_generation(2**32 - 1))
    add("now", "the generation is the time", NOW, state, now=NOW)
    add("now-none", "from 0", NOW, b"", now=NOW)
    add("now-same", "it is not above: the next multiple", NOW - NOW % 65_536 + 65_536, deployment_generation(NOW) + seven + tenant_generation(3), now=NOW)
    add("now-after", "a second later", NOW + 1, deployment_generation(NOW) + seven + tenant_generation(3), now=NOW + 1)
    add("now-low", "from a generation far below", NOW, deployment_generation(7), now=NOW)
    add("now-beyond", "beyond 32 bits", 65_536, deployment_generation(7), now=2**32)
    add("now-exhausted", "and no multiple either", "generation_exhausted", deployment_generation(2**32 - 1), now=2**32)
    add("now-suspended", "a suspension stands", NOW, seven + suspended(LINK, LINK_ID), now=NOW)
    add("newer-now", "with a newer view no generation is raised", state, state, state, now=NOW)
    add("newer-now-generation", "whatever the time", deployment_generation(7), deployment_generation(3), deployment_generation(7), now=NOW)
    for last in (0, 4, 7):
        add(f"newer-of-{last}", f"a newer view over a backup of change {last}", newest(last, state), STORE.state(last).snapshot(), state)
    add("newer-same", "a view of the same", state, state, state)
    add("newer-exhausted", "with a newer view no generation is raised", deployment_generation(2**32 - 1), deployment_generation(2**32 - 1),
        deployment_generation(2**32 - 2))
    add("newer-generation", "the greater one, of whichever", deployment_generation(7), deployment_generation(3), deployment_generation(7))
    add("newer-generation-back", "the other way round", deployment_generation(7), deployment_generation(7), deployment_generation(3))
    pause, more, revoke = suspended(LINK, LINK_ID), suspended(LINK, OTHER_LINK), revoked(LINK, LINK_ID)
    add("suspended-database", "a suspension that only the database has stands", seven + tenant_generation(1) + pause, seven + pause, seven + tenant_generation(1))
    add("suspended-newer", "one that only the view has", seven + tenant_generation(1) + pause, seven + tenant_generation(1), seven + pause)
    add("suspended-newer-empty", "over a database with nothing", seven + pause, b"", seven + pause)
    add("suspended-database-empty", "under a view with nothing", seven + pause, seven + pause, b"")
    both = b"".join(sorted([pause, more]))
    add("suspended-both", "one in each", seven + both, seven + pause, seven + more)
    add("suspended-both-back", "the other way round", seven + both, seven + more, seven + pause)
    add("suspended-tenants", "of two tenants", seven + pause + tenant("8") + more, seven + pause, tenant("8") + more)
    late = NOW + 90_000
    add("suspended-later", "in both: the later expiry", seven + suspended(LINK, LINK_ID, late), seven + suspended(LINK, LINK_ID, late), seven + suspended(LINK, LINK_ID, late - 5))
    add("suspended-later-back", "the other way round", seven + suspended(LINK, LINK_ID, late), seven + suspended(LINK, LINK_ID, late - 5), seven + suspended(LINK, LINK_ID, late))
    add("suspended-revoked", "suspended in the database, revoked in the view", seven + revoke, seven + pause, seven + revoke)
    add("revoked-suspended", "the other way round", seven + revoke, seven + revoke, seven + pause)
    add("revisions", "the greater minimum", seven + minimum_revision(LINK_ID, 5), seven + minimum_revision(LINK_ID, 3), seven + minimum_revision(LINK_ID, 5))
    keys = sorted(tombstone(seeded(name, 16)) for name in ("a key", "another key"))
    add("tombstones", "those of both", seven + b"".join(keys), seven + keys[0], seven + keys[1])
    add("roots", "refused roots of both", refused_root(b"\x01\x02\x03\x04") + refused_root(b"\x0b\xad\xca\xfe"), refused_root(b"\x0b\xad\xca\xfe"),
        refused_root(b"\x01\x02\x03\x04"))


def without_generation(body):
    state = revocation.State()
    for record in revocation.read_body(body, revocation.WHOLE, snapshot=True):
        state.apply(record)
    state.generation = 0
    return state.snapshot()


def newest(last, newer):
    """Both together: of what was restored later the suspension stands."""
    state = STORE.state(last)
    for record in revocation.read_body(newer, revocation.WHOLE, snapshot=True):
        state.apply(record)
    return state.snapshot()
