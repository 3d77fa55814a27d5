"""Cases of spec/revocation.md: tokens against views, feed messages, followers."""

from portward_ref import feed as f
from portward_ref import revocation as r
from portward_ref import token as t
from portward_ref.replay import feed_steps
from portward_ref.wire import identifier, u40, u64, varint

from .common import MAIN_ID, OK, OTHER_ID, Has, Subject, fixtures, root_id, root_key, seeded
from .token import (
    BAD_IDENTIFIERS,
    BAD_VARINTS,
    GOOD_IDENTIFIERS,
    NOW,
    SEAL,
    TOP,
    UUID_A,
    expiry,
    inner,
    link,
    recipient,
    session,
    sign,
    verify,
    with_crc,
)

INCARNATION = u64(1_764_000_000) + seeded("incarnation", 8)
EARLIER = u64(1_763_000_000) + seeded("earlier incarnation", 8)
LATER = u64(1_765_000_000) + seeded("later incarnation", 8)
LINK_ID = link().token_id
SESSION_ID = session().token_id
OTHER = seeded("another id", 16)
END = link().expires_at
LIVE_MODE = {"live_max_staleness": 30_000}
LIVE_NOW = {"live_sent_at": 1000}
LINK, SESSION, COPY = r.UNIT_LINK, r.UNIT_SESSION, r.UNIT_COPY


# --- records -----------------------------------------------------------------------------------


def deployment_generation(number):
    return b"\x01" + varint(number)


def refused_root(name):
    return b"\x02" + (name if isinstance(name, bytes) else root_id(name))


def tenant(text):
    return b"\x10" + identifier(text)


def tenant_generation(number):
    return b"\x11" + varint(number)


def client_generation(client, number):
    return b"\x12" + identifier(client) + varint(number)


def revoked(unit, entry_id, expires_at=END):
    return b"\x13" + bytes([unit]) + entry_id + u40(expires_at)


def suspended(unit, entry_id, expires_at=END):
    return b"\x14" + bytes([unit]) + entry_id + u40(expires_at)


def restored(unit, entry_id):
    return b"\x15" + bytes([unit]) + entry_id


def minimum_revision(link_id, number, expires_at=END):
    return b"\x16" + link_id + varint(number) + u40(expires_at)


def tombstone(key_id):
    return b"\x17" + key_id


# --- tokens ------------------------------------------------------------------------------------

COPY_BODIES = (recipient("Ann"), recipient("Ben"), recipient("Cem"))


def copy_ids(head=None, bodies=COPY_BODIES):
    tag, found = t.first_tag(root_key("active"), MAIN_ID, head or link()), []
    for body in bodies:
        tag = t.next_tag(tag, t.block(body))
        found.append(t.copy_id(tag))
    return found


def build():
    checks = Checks()
    generations(checks)
    entries(checks)
    order(checks)
    freshness(checks)
    subject = Subject("revocation", fixtures(views=checks.views))
    for case in checks.cases:
        verify(subject, *case[:4], **case[4])
    histories(subject)
    feeds = Feeds(subject)
    accepting(feeds)
    damaged_messages(feeds)
    bodies(feeds)
    challenges(feeds)
    lists(feeds)
    stamps(feeds)
    incarnations(feeds)
    snapshots(feeds)
    effects(feeds)
    collecting(feeds)
    scopes(feeds)
    held_views(feeds)
    several_changes(feeds)
    number_edges(feeds)
    held_evidence(feeds)
    short_messages(feeds)
    requests(subject)
    return subject


# --- a token against a view --------------------------------------------------------------------


class Checks:
    """Cases of verification with a view, each view a fixture."""

    def __init__(self):
        self.views = {}
        self.cases = []

    def view(self, name, records=b"", scope="all", evidence=None):
        value = {
            "scope": scope,
            "incarnation": INCARNATION.hex(),
            "sequence": 9,
            "history": seeded("history", 32).hex(),
            "records": records.hex(),
            "evidence": LIVE_NOW if evidence is None else evidence,
        }
        for other, held in self.views.items():
            if held == value:
                return other
        self.views[name] = value
        return name

    def add(
        self, name, comment, token, intended, *records, scope="all", evidence=None, monotonic=1000, mode=None, **more
    ):
        view = self.view(name, b"".join(records), scope, evidence)
        more = {"view": view, "mode": mode or LIVE_MODE, "monotonic": monotonic, **more}
        self.cases.append(("view/" + name, comment, token, intended, more))


def generations(checks):
    tokens = (("link", link), ("session", session))
    for kind, make in tokens:
        for index, name in enumerate(("deployment", "tenant", "client")):
            counter = (
                deployment_generation(5),
                tenant("7") + tenant_generation(5),
                tenant("7") + client_generation("12", 5),
            )[index]
            for value, intended in (
                (4, name + "_revoked"),
                (5, OK),
                (6, "generation_ahead"),
                (0, name + "_revoked"),
                (2**32 - 1, "generation_ahead"),
            ):
                numbers = [0, 0, 0]
                numbers[index] = value
                checks.add(
                    f"{kind}-{name}-{value}",
                    f"{name} generation {value}, counter 5",
                    sign(make(generations=numbers)),
                    intended,
                    counter,
                )
            numbers = [0, 0, 0]
            numbers[index] = 1
            checks.add(
                f"{kind}-{name}-absent",
                f"{name} generation 1, counter absent, so 0",
                sign(make(generations=numbers)),
                "generation_ahead",
            )
        checks.add(f"{kind}-generations-0", "all 0, all counters absent", sign(make()), OK)
        everything = (
            deployment_generation(1) + tenant("7") + tenant_generation(300) + client_generation("12", 2**32 - 1)
        )
        checks.add(f"{kind}-generations-all", "all equal", sign(make(generations=[1, 300, 2**32 - 1])), OK, everything)
        checks.add(
            f"{kind}-other-tenant",
            "another tenant's counters",
            sign(make()),
            OK,
            tenant("8"),
            tenant_generation(5),
            client_generation("12", 5),
        )
        checks.add(
            f"{kind}-other-client",
            "another client's counter",
            sign(make()),
            OK,
            tenant("7"),
            client_generation("13", 5),
        )


def entries(checks):
    copies = copy_ids()
    shared = sign(link(), *COPY_BODIES)
    from_shared = session(copies=copies)
    for record, word in ((revoked, "revoked"), (suspended, "suspended")):

        def add(name, comment, token, intended, *records, record=record, word=word):
            checks.add(
                f"{word}-{name}", comment, token, intended and intended + "_" + word or OK, tenant("7"), *records
            )

        add("link", "the link", sign(link()), "link", record(LINK, LINK_ID))
        add("link-other", "another link", sign(link()), None, record(LINK, OTHER))
        add("link-as-session", "the id of the link, as a session", sign(link()), None, record(SESSION, LINK_ID))
        add("link-as-copy", "the id of the link, as a copy", sign(link()), None, record(COPY, LINK_ID))
        add("link-copies", "the link of copies", shared, "link", record(LINK, LINK_ID))
        for number, copy in enumerate(copies, 1):
            add(f"copy-{number}", f"copy {number} of three", shared, "copy", record(COPY, copy))
            add(
                f"session-copy-{number}",
                f"copy {number} of three, from which the session is",
                sign(from_shared),
                "copy",
                record(COPY, copy),
            )
        add(
            "copy-leaves-parent", "a copy revoked leaves the link it is of", sign(link()), None, record(COPY, copies[0])
        )
        add(
            "copy-leaves-shorter",
            "the third copy revoked leaves the second",
            sign(link(), *COPY_BODIES[:2]),
            None,
            record(COPY, copies[2]),
        )
        add(
            "copy-kills-longer",
            "the first copy revoked takes the second along",
            sign(link(), *COPY_BODIES[:2]),
            "copy",
            record(COPY, copies[0]),
        )
        add(
            "copy-leaves-sibling",
            "a copy revoked leaves one of another block",
            sign(link(), recipient("Dora")),
            None,
            record(COPY, copies[0]),
        )
        add("copy-as-link", "the id of a copy, as a link", shared, None, record(LINK, copies[0]))
        add(
            "copy-leaves-session",
            "a copy revoked leaves sessions of the link itself",
            sign(session()),
            None,
            record(COPY, copies[0]),
        )
        add("session", "the session", sign(session()), "session", record(SESSION, SESSION_ID))
        add("session-other", "another session", sign(session()), None, record(SESSION, OTHER))
        add("session-link", "the session's link", sign(session()), "link", record(LINK, LINK_ID))
        add("session-as-link", "the id of the session, as a link", sign(session()), None, record(LINK, SESSION_ID))
        add("session-leaves-link", "a session revoked leaves its link", sign(link()), None, record(SESSION, SESSION_ID))
        add(
            "entry-over",
            "an entry that should have been collected still holds",
            sign(link()),
            "link",
            record(LINK, LINK_ID, 0),
        )
        checks.add(
            f"{word}-other-tenant",
            "the same id at another tenant",
            sign(link()),
            OK,
            tenant("8"),
            record(LINK, LINK_ID),
        )
    checks.add(
        "both-entries",
        "revoked and suspended: revoked",
        sign(link()),
        "link_revoked",
        tenant("7"),
        revoked(LINK, LINK_ID),
        suspended(LINK, LINK_ID),
    )
    checks.add(
        "sealed-copy",
        "the copy id of a sealed copy",
        sign(link(), SEAL),
        "copy_revoked",
        tenant("7"),
        revoked(COPY, copy_ids(bodies=[SEAL])[0]),
    )

    for value, intended in (
        (0, "session_superseded"),
        (299, "session_superseded"),
        (300, OK),
        (301, OK),
        (2**32 - 1, OK),
    ):
        checks.add(
            f"revision-{value}",
            f"revision {value}, minimum 300",
            sign(session(link_revision=value)),
            intended,
            tenant("7"),
            minimum_revision(LINK_ID, 300),
        )
    checks.add("revision-absent", "no minimum", sign(session()), OK)
    checks.add(
        "revision-other-link", "another link's minimum", sign(session()), OK, tenant("7"), minimum_revision(OTHER, 300)
    )
    checks.add(
        "revision-own-id",
        "a minimum for the session's own id",
        sign(session()),
        OK,
        tenant("7"),
        minimum_revision(SESSION_ID, 300),
    )
    checks.add("revision-link", "a link has no revision", sign(link()), OK, tenant("7"), minimum_revision(LINK_ID, 300))
    checks.add("tombstone", "tombstones are about data keys", sign(link()), OK, tenant("7"), tombstone(LINK_ID))
    for kind, make in (("link", link), ("session", session)):
        checks.add(f"{kind}-root-refused", "the root refused", sign(make()), "root_refused", refused_root("active"))
        checks.add(f"{kind}-root-other", "another root refused", sign(make()), OK, refused_root("older"))
        checks.add(
            f"{kind}-root-older",
            "a root that only checks, refused",
            sign(make(root_id=root_id("older")), root="older"),
            "root_refused",
            refused_root("older"),
        )
    for name, comment, own, of_link, refused, intended in (
        ("link-root", "the root of its link refused", "active", "older", ["older"], "root_refused"),
        ("link-root-own", "its own root refused, its link's not", "active", "older", ["active"], "root_refused"),
        ("link-root-both", "both refused", "active", "older", ["older", "active"], "root_refused"),
        ("link-root-neither", "a third root refused", "active", "older", ["retired"], OK),
        ("link-root-newer", "a link of the newer root, refused", "older", "active", ["active"], "root_refused"),
        ("link-root-newer-own", "a link of the newer root, own refused", "older", "active", ["older"], "root_refused"),
        ("link-root-newer-neither", "a link of the newer root, a third refused", "older", "active", ["retired"], OK),
        ("link-root-retired", "a link of a retired root, refused", "active", "retired", ["retired"], "root_refused"),
        ("link-root-retired-not", "a link of a retired root, not refused", "active", "retired", ["older"], OK),
        ("link-root-unknown", "a link of a root nobody has, refused", "active", b"none", [b"none"], "root_refused"),
        ("link-root-unknown-not", "a link of a root nobody has, another refused", "active", b"none", [b"nonf"], OK),
    ):
        named = of_link if isinstance(of_link, bytes) else root_id(of_link)
        checks.add(
            "session-" + name,
            comment,
            sign(session(root_id=root_id(own), link_root=named), root=own),
            intended,
            *[refused_root(root) for root in refused],
        )
    checks.add(
        "session-link-root-before-generation",
        "a refused root of the link comes before the generations",
        sign(session(link_root=root_id("older"))),
        "root_refused",
        deployment_generation(1),
        refused_root("older"),
    )
    checks.add(
        "session-link-root-before-scope",
        "and before the scope",
        sign(session(link_root=root_id("older"))),
        "root_refused",
        refused_root("older"),
        scope=["8"],
    )
    checks.add(
        "session-link-root-before-stale",
        "and before the freshness",
        sign(session(link_root=root_id("older"))),
        "root_refused",
        refused_root("older"),
        evidence="none",
    )
    checks.add(
        "link-id-as-root",
        "a link has no link root: its first bytes are none",
        sign(link()),
        OK,
        refused_root(LINK_ID[:4]),
    )
    checks.add(
        "session-id-as-root",
        "nor are the last bytes of a session's link id",
        sign(session()),
        OK,
        refused_root(LINK_ID[-4:]),
    )


def order(checks):
    """Every two neighbours of the table at fault at once."""
    copies = copy_ids()
    shared = session(copies=copies, link_revision=1)
    here = tenant("7")
    faults = [
        ("root_refused", refused_root("active"), b""),
        ("deployment_revoked", deployment_generation(1), b""),
        ("tenant_revoked", b"", tenant_generation(1)),
        ("client_revoked", b"", client_generation("12", 1)),
        ("link_revoked", b"", revoked(LINK, LINK_ID)),
        ("copy_revoked", b"", revoked(COPY, copies[1])),
        ("session_revoked", b"", revoked(SESSION, SESSION_ID)),
        ("session_superseded", b"", minimum_revision(LINK_ID, 2)),
    ]
    for number, (code, _, _) in enumerate(faults):
        rest = faults[number:]
        for_deployment = b"".join(fault[1] for fault in rest[::-1] if fault[1])
        # In a snapshot the generation stands before refused roots, revoked entries by unit and id.
        if number == 0:
            for_deployment = deployment_generation(1) + refused_root("active")
        units = [fault[2] for fault in rest]
        for_tenant = b"".join(sorted((part for part in units if part), key=lambda part: part[:18]))
        records = [for_deployment] + ([here, for_tenant] if for_tenant else [])
        checks.add(
            f"order-{number}-{code}",
            "this and all after it",
            sign(shared),
            code,
            *records,
            scope="all",
            evidence="none",
        )
    checks.add(
        "order-copies",
        "the first copy of the chain that has an entry decides",
        sign(shared),
        "copy_suspended",
        here,
        revoked(COPY, copies[2]),
        suspended(COPY, copies[0]),
    )
    checks.add(
        "order-copies-swapped",
        "and the other way round",
        sign(shared),
        "copy_revoked",
        here,
        revoked(COPY, copies[0]),
        suspended(COPY, copies[2]),
    )
    checks.add(
        "order-link-before-copy",
        "a suspended link comes before a revoked copy",
        sign(shared),
        "link_suspended",
        here,
        revoked(COPY, copies[0]),
        suspended(LINK, LINK_ID),
    )
    ahead = link(generations=[0, 0, 1])
    checks.add(
        "order-scope-before-ahead",
        "out of scope comes before generation ahead",
        sign(ahead),
        "out_of_scope",
        scope=["8"],
    )
    checks.add(
        "order-revoked-before-scope",
        "a deployment generation comes before out of scope",
        sign(link()),
        "deployment_revoked",
        deployment_generation(1),
        scope=["8"],
    )
    checks.add(
        "order-root-before-scope",
        "a refused root comes before out of scope",
        sign(link()),
        "root_refused",
        refused_root("active"),
        scope=["8"],
    )
    checks.add(
        "order-ahead-before-stale",
        "generation ahead comes before stale",
        sign(ahead),
        "generation_ahead",
        evidence="none",
    )
    checks.add(
        "order-revoked-before-ahead",
        "one generation too low, one too high",
        sign(link(generations=[9, 0, 0])),
        "client_revoked",
        tenant("7"),
        client_generation("12", 1),
    )
    checks.add(
        "order-entry-before-ahead",
        "an entry comes before generation ahead",
        sign(ahead),
        "link_revoked",
        tenant("7"),
        revoked(LINK, LINK_ID),
    )
    checks.add(
        "order-expired-before",
        "the token's own times come before the view",
        sign(link(expires_at=NOW)),
        "expired",
        tenant("7"),
        revoked(LINK, LINK_ID),
    )
    checks.add(
        "order-forged-before",
        "the tag comes before the view",
        sign(link(), root="older"),
        "forged",
        refused_root("active"),
    )

    for scope, name, intended in (
        (["7"], "only", OK),
        (["7", "8"], "among", OK),
        (["8"], "not", "out_of_scope"),
        (["acme", UUID_A, "7"], "types", OK),
        (["07", "70"], "similar", "out_of_scope"),
    ):
        checks.add(
            f"scope-{name}",
            "the tenant is in scope" if intended is OK else "the tenant is out of scope",
            sign(link()),
            intended,
            scope=scope,
        )


def freshness(checks):
    def live(name, comment, intended, sent_at=1000, monotonic=1000, staleness=30_000, now=NOW):
        checks.add(
            "live-" + name,
            comment,
            sign(link()),
            intended,
            evidence={"live_sent_at": sent_at},
            monotonic=monotonic,
            mode={"live_max_staleness": staleness},
            now=now,
        )

    live("now", "sent in this millisecond", OK)
    live("max", "as old as may be", OK, monotonic=31_000)
    live("max-over", "a millisecond older", "view_stale", monotonic=31_001)
    live("future", "sent later than now", "view_stale", monotonic=999)
    live("future-far", "sent much later: no wrap-around", "view_stale", sent_at=2**63, monotonic=0)
    live("zero", "everything 0", OK, sent_at=0, monotonic=0, staleness=0)
    live("zero-over", "no staleness allowed, a millisecond later", "view_stale", sent_at=0, monotonic=1, staleness=0)
    live("huge", "everything at its end", OK, sent_at=2**64 - 1, monotonic=2**64 - 1)
    live("huge-staleness", "the largest staleness", OK, sent_at=0, monotonic=2**64 - 1, staleness=2**64 - 1)
    live("wall-clock", "the wall clock says nothing about a live view", OK, now=NOW + 10_000)
    live("wall-clock-back", "setting it back makes no view fresh", "view_stale", monotonic=31_001, now=NOW - 50)

    def published(name, comment, intended, this_update=NOW - 100, next_update=NOW + 100, now=NOW, **more):
        checks.add(
            "list-" + name,
            comment,
            sign(link(issued_at=0, expires_at=31_000_000) if now < 10**6 else link()),
            intended,
            evidence={"this_update": this_update, "next_update": next_update},
            mode="list",
            now=now,
            **more,
        )

    published("inside", "between its times", OK)
    published("begins", "this-update = now + skew", OK, this_update=NOW + 60)
    published("begins-over", "a second later", "view_stale", this_update=NOW + 61)
    published("begins-no-skew", "no skew: this-update = now", OK, this_update=NOW, skew=0)
    published("begins-no-skew-over", "no skew: a second later", "view_stale", this_update=NOW + 1, skew=0)
    published("ends", "a second before next-update", OK, next_update=NOW + 1)
    published("ends-over", "now = next-update; the skew does not help", "view_stale", next_update=NOW)
    published("ended", "long over", "view_stale", this_update=0, next_update=1)
    published("ends-top", "up to the end of time", OK, next_update=TOP)
    published("clock-0", "the clock at 0", OK, this_update=60, next_update=100, now=0)
    published("clock-0-over", "the clock at 0, a second more", "view_stale", this_update=61, next_update=100, now=0)
    published("monotonic", "the monotonic clock says nothing about a list", OK, monotonic=2**64 - 1)

    checks.add("live-for-list", "a live view, lists wanted", sign(link()), "view_stale", mode="list")
    checks.add(
        "list-for-live",
        "a list, live views wanted",
        sign(link()),
        "view_stale",
        evidence={"this_update": NOW - 100, "next_update": NOW + 100},
    )
    checks.add("none-for-live", "no evidence, live views wanted", sign(link()), "view_stale", evidence="none")
    checks.add("none-for-list", "no evidence, lists wanted", sign(link()), "view_stale", evidence="none", mode="list")
    checks.add("session-stale", "a session, a stale view", sign(session()), "view_stale", monotonic=31_001)
    checks.add("session-fresh", "a session, a fresh view", sign(session()), Has(link_revision=0), monotonic=31_000)


def histories(subject):
    def add(name, comment, before, sequence, body):
        subject.add("history/" + name, comment, "history", OK, before=before.hex(), sequence=sequence, body=body.hex())

    add("first", "the first change", bytes(32), 1, tenant("7") + tenant_generation(1))
    add("second", "a second", seeded("history", 32), 2, deployment_generation(1))
    add("other-number", "another number: another hash", seeded("history", 32), 3, deployment_generation(1))
    add("empty", "an empty body", bytes(32), 1, b"")
    add("last", "the largest number", seeded("history", 32), 2**64 - 1, refused_root("active"))


# --- a store and its messages ------------------------------------------------------------------


class Store:
    """What a follower follows: changes, each of one record of the deployment (None) or of a tenant."""

    def __init__(self, changes, incarnation=INCARNATION, root="active"):
        self.changes = changes
        self.incarnation = incarnation
        self.root = root
        self.history = [bytes(32)]
        for number, change in enumerate(changes, 1):
            self.history.append(r.history_after(self.history[-1], number, self._body([change], r.WHOLE)))

    @staticmethod
    def _body(changes, scope):
        own = b"".join(record for name, record in changes if name is None)
        return own + b"".join(
            tenant(name) + record for name, record in changes if name is not None and r.in_scope(scope, name)
        )

    def state(self, last, scope=r.WHOLE):
        state = r.State()
        for change in self.changes[:last]:
            for record in r.read_body(self._body([change], scope), scope, snapshot=False):
                state.apply(record)
        return state

    def message(self, kind, first, last, proof, body, scope=r.WHOLE, **changes):
        parts = {
            "kind": kind,
            "root_id": root_id(self.root),
            "root": root_key(self.root),
            "deployment_id": MAIN_ID,
            "incarnation": self.incarnation,
            "scope_wire": r.encode_scope(scope),
            "first": first,
            "before": self.history[first],
            "last": last,
            "after": self.history[last],
            "proof": proof,
            "body": body,
            **changes,
        }
        return f.encode(**parts)

    def delta(self, first, last, proof, scope=r.WHOLE, kind=f.LIVE_DELTA, **changes):
        body = changes.pop("body", self._body(self.changes[first:last], scope))
        return self.message(kind, first, last, proof, body, scope, **changes)

    def snapshot(self, last, proof=b"", scope=r.WHOLE, kind=f.LIVE_SNAPSHOT, **changes):
        body = changes.pop("body", self.state(last, scope).snapshot())
        changes.setdefault("before", bytes(32))
        return self.message(kind, changes.pop("first", 0), last, proof, body, scope, **changes)


def challenge(number):
    return seeded(f"challenge {number}", 16)


def span(this_update=NOW - 100, next_update=NOW + 100):
    return u40(this_update) + u40(next_update)


STORE = Store(
    [
        (None, deployment_generation(1)),
        ("7", client_generation("12", 1)),
        ("8", tenant_generation(1)),
        ("7", suspended(LINK, LINK_ID)),
        ("7", restored(LINK, LINK_ID)),
        ("7", revoked(SESSION, SESSION_ID)),
        (None, refused_root("older")),
    ]
)
# Tokens of the generations that STORE states from its second change on.
CURRENT = link(generations=[1, 0, 1])
CURRENT_SESSION = session(generations=[1, 0, 1])
CURRENT_TOO = link(generations=[1, 0, 1], token_id=OTHER)


class Feeds:
    """Feed cases; each step states what is meant to happen, and the reference has to agree."""

    def __init__(self, subject):
        self.subject = subject

    def add(self, name, comment, *steps, scope="all"):
        case = {
            "id": f"{self.subject.name}/feed/{name}",
            "deployment": "main",
            "keyring": "main",
            "scope": scope,
            "steps": [{key: item for key, item in step.items() if key != "meant"} for step in steps],
        }
        outcomes = feed_steps(case, self.subject.read_fixtures)
        for number, (step, written, outcome) in enumerate(zip(steps, case["steps"], outcomes)):
            if "meant" in step:
                meant = step["meant"]
                right = outcome.get("error") == meant if isinstance(meant, str) else outcome == {"ok": meant}
                if not right:
                    raise SystemExit(f"{case['id']}, step {number}: meant {meant!r}, the reference says {outcome!r}")
                written["expect"] = outcome
        self.subject.add(
            "feed/" + name, comment, "feed", {}, deployment="main", keyring="main", scope=scope, steps=case["steps"]
        )


def ask(number, sent_at=1000):
    return {"challenge": challenge(number).hex(), "sent_at": sent_at}


def message(data, meant, now=NOW):
    """`meant` is the sequence taken over, or an error code."""
    return {"message": data.hex(), "now": now, "meant": meant if isinstance(meant, str) else {"sequence": meant}}


def check(token, meant=OK, *, now=NOW, monotonic=1000, mode=None):
    kind = "link" if token.startswith("pwl_") else "session"
    return {
        "check": {"token": token, "kind": kind, "now": now, "monotonic": monotonic, "mode": mode or LIVE_MODE},
        "meant": {} if meant is OK else meant,
    }


def collect(at):
    return {"collect": at}


def restart():
    return {"restart": True}


def export(*records):
    return {"export": True, "meant": {"records": b"".join(records).hex()}}


def start(last=3, number=0, store=STORE):
    """A follower that holds a live view at `last`."""
    return ask(number), message(store.snapshot(last, challenge(number)), last)


def accepting(feeds):
    token = sign(CURRENT)
    feeds.add(
        "empty",
        "a follower at first knows nothing",
        export(),
        check(token, "generation_ahead"),
        check(sign(link()), "view_stale"),
    )
    feeds.add(
        "empty-scope",
        "nor of its own tenants",
        export(),
        check(sign(link()), "view_stale"),
        check(sign(link(tenant="8")), "out_of_scope"),
        scope=["7"],
    )
    feeds.add(
        "live",
        "snapshot, then deltas",
        *start(3),
        check(token),
        ask(1, 2000),
        message(STORE.delta(3, 4, challenge(1)), 4),
        check(token, "link_suspended", monotonic=2000),
        ask(2, 3000),
        message(STORE.delta(4, 6, challenge(2)), 6),
        check(token, monotonic=3000),
        check(sign(CURRENT_SESSION), "session_revoked", monotonic=3000),
        ask(3, 4000),
        message(STORE.delta(6, 7, challenge(3)), 7),
        export(
            deployment_generation(1),
            refused_root("older"),
            tenant("7"),
            client_generation("12", 1),
            revoked(SESSION, SESSION_ID),
            tenant("8"),
            tenant_generation(1),
        ),
    )
    feeds.add(
        "live-empty-delta",
        "an answer without changes keeps a view fresh",
        *start(3),
        check(token, "view_stale", monotonic=31_001),
        ask(1, 31_000),
        message(STORE.delta(3, 3, challenge(1)), 3),
        check(token, monotonic=31_001),
        check(token, monotonic=61_000),
        check(token, "view_stale", monotonic=61_001),
    )
    feeds.add(
        "live-dated-from-request",
        "a live view is dated from when the request was sent",
        ask(0, 5000),
        message(STORE.snapshot(3, challenge(0)), 3),
        check(token, "view_stale", monotonic=4999),
        check(token, monotonic=5000),
        check(token, monotonic=35_000),
        check(token, "view_stale", monotonic=35_001),
    )
    feeds.add(
        "live-snapshot-0",
        "a store without changes",
        ask(0),
        message(STORE.snapshot(0, challenge(0)), 0),
        export(),
        check(sign(link())),
    )
    feeds.add(
        "list",
        "a published list, then a list delta",
        message(STORE.snapshot(3, span(), kind=f.LIST_SNAPSHOT), 3),
        check(token, mode="list"),
        message(STORE.delta(3, 4, span(), kind=f.LIST_DELTA), 4),
        check(token, "link_suspended", mode="list"),
    )
    feeds.add(
        "saved",
        "a saved snapshot refuses, but lets nothing in",
        message(STORE.snapshot(4, kind=f.SAVED_SNAPSHOT), 4),
        check(token, "link_suspended"),
        check(sign(link(generations=[1, 0, 0], client="13", token_id=OTHER)), "view_stale"),
        check(sign(link(generations=[1, 0, 0], client="13", token_id=OTHER)), "view_stale", mode="list"),
    )
    feeds.add(
        "saved-then-live",
        "a saved snapshot, then a live delta from it",
        message(STORE.snapshot(3, kind=f.SAVED_SNAPSHOT), 3),
        check(token, "view_stale"),
        ask(0),
        message(STORE.delta(3, 3, challenge(0)), 3),
        check(token),
    )
    feeds.add(
        "live-then-saved",
        "a saved snapshot of the same stamp leaves the evidence",
        *start(3),
        check(token),
        message(STORE.snapshot(3, kind=f.SAVED_SNAPSHOT), 3),
        check(token),
        check(token, monotonic=31_000),
        check(token, "view_stale", monotonic=31_001),
    )
    feeds.add(
        "live-then-saved-later",
        "so does one of a later stamp, whose records count",
        *start(3),
        message(STORE.snapshot(4, kind=f.SAVED_SNAPSHOT), 4),
        check(token, "link_suspended"),
        check(sign(CURRENT_TOO), monotonic=31_000),
        check(sign(CURRENT_TOO), "view_stale", monotonic=31_001),
        ask(1, 5000),
        message(STORE.delta(4, 5, challenge(1)), 5),
        check(token, monotonic=35_000),
    )
    feeds.add(
        "stale-then-saved",
        "a saved snapshot makes no stale view fresh",
        *start(3),
        check(token, "view_stale", monotonic=31_001),
        message(STORE.snapshot(3, kind=f.SAVED_SNAPSHOT), 3),
        check(token, "view_stale", monotonic=31_001),
        check(token, "view_stale", monotonic=31_001, mode="list"),
    )
    feeds.add(
        "list-then-saved",
        "a saved snapshot leaves the evidence of a list too",
        message(STORE.snapshot(3, span(), kind=f.LIST_SNAPSHOT), 3),
        message(STORE.snapshot(3, kind=f.SAVED_SNAPSHOT), 3),
        check(token, now=NOW + 99, mode="list"),
        check(token, "view_stale", now=NOW + 100, mode="list"),
        check(token, "view_stale"),
    )
    feeds.add(
        "restart-then-saved",
        "after a restart there is no evidence to leave",
        *start(3),
        check(token),
        restart(),
        message(STORE.snapshot(3, kind=f.SAVED_SNAPSHOT), 3),
        check(token, "view_stale"),
    )
    feeds.add(
        "live-then-list",
        "a list leaves live evidence as it is",
        *start(3),
        message(STORE.delta(3, 3, span(), kind=f.LIST_DELTA), 3),
        check(token),
        check(token, "view_stale", mode="list"),
    )
    feeds.add(
        "snapshot-ends-suspension",
        "a later snapshot of the held incarnation ends a suspension it leaves out",
        *start(4),
        check(token, "link_suspended"),
        ask(1),
        message(STORE.snapshot(5, challenge(1)), 5),
        check(token),
    )
    feeds.add(
        "delta-keeps-suspension",
        "a delta that does not speak of it does not",
        *start(4),
        ask(1),
        message(STORE.delta(4, 4, challenge(1)), 4),
        check(token, "link_suspended"),
        ask(2),
        message(STORE.delta(4, 5, challenge(2)), 5),
        check(token),
    )
    feeds.add(
        "root-verify-only",
        "a root that only checks",
        ask(0),
        message(Store(STORE.changes, root="older").snapshot(3, challenge(0)), 3),
        check(token),
    )
    for name in ("retired", "gone", "idle"):
        feeds.add(
            "root-" + name,
            "a root that does not check",
            ask(0),
            message(Store(STORE.changes, root=name).snapshot(3, challenge(0)), "unknown_root"),
            message(STORE.snapshot(3, challenge(0)), 3),
        )
    feeds.add(
        "root-unknown",
        "no such root",
        ask(0),
        message(STORE.snapshot(3, challenge(0), root_id=b"none"), "unknown_root"),
    )
    feeds.add(
        "root-refused-later",
        "a message states that its own root is refused",
        ask(0),
        message(Store([(None, refused_root("active"))]).snapshot(1, challenge(0)), 1),
        check(sign(link()), "root_refused"),
    )
    refused_messages(feeds)


def refused_messages(feeds):
    """STORE refuses the root `older` with its seventh change."""
    token = sign(CURRENT)
    older = Store(STORE.changes, root="older")
    feeds.add(
        "refused-root",
        "a message under a root that the held view refuses; the challenge stays",
        *start(7),
        ask(1, 2000),
        message(older.delta(7, 7, challenge(1)), "unknown_root"),
        check(token, "view_stale", monotonic=31_001),
        message(STORE.delta(7, 7, challenge(1)), 7),
        check(token, monotonic=32_000),
    )
    feeds.add(
        "refused-root-snapshot",
        "a snapshot under it",
        *start(7),
        ask(1),
        message(older.snapshot(7, challenge(1)), "unknown_root"),
        message(STORE.snapshot(7, challenge(1)), 7),
    )
    feeds.add(
        "refused-root-list",
        "a list under it",
        message(STORE.snapshot(7, span(), kind=f.LIST_SNAPSHOT), 7),
        message(older.snapshot(7, span(), kind=f.LIST_SNAPSHOT), "unknown_root"),
        message(older.delta(7, 7, span(), kind=f.LIST_DELTA), "unknown_root"),
        message(STORE.delta(7, 7, span(), kind=f.LIST_DELTA), 7),
    )
    feeds.add(
        "refused-root-saved",
        "a saved snapshot under it; with no view held it is taken",
        *start(7),
        message(older.snapshot(7, kind=f.SAVED_SNAPSHOT), "unknown_root"),
        message(STORE.snapshot(7, kind=f.SAVED_SNAPSHOT), 7),
        restart(),
        message(older.snapshot(7, kind=f.SAVED_SNAPSHOT), 7),
        message(older.snapshot(7, kind=f.SAVED_SNAPSHOT), "unknown_root"),
    )
    feeds.add(
        "refused-root-from-then-on",
        "under it up to the change that refuses it, and that change itself, then no more",
        ask(0),
        message(older.snapshot(6, challenge(0)), 6),
        ask(1),
        message(older.delta(6, 7, challenge(1)), 7),
        ask(2),
        message(older.delta(7, 7, challenge(2)), "unknown_root"),
        message(STORE.delta(7, 7, challenge(2)), 7),
    )
    itself = [(None, refused_root("active"))]
    feeds.add(
        "refused-root-itself",
        "the active root refused: only another root of the keyring can go on",
        ask(0),
        message(Store(itself).snapshot(1, challenge(0)), 1),
        ask(1),
        message(Store(itself).delta(1, 1, challenge(1)), "unknown_root"),
        message(Store(itself, root="older").delta(1, 1, challenge(1)), 1),
        check(sign(link()), "root_refused"),
        check(sign(link(root_id=root_id("older")), root="older")),
    )
    later = [(None, deployment_generation(1)), ("7", client_generation("12", 1))]
    feeds.add(
        "refused-root-incarnation",
        "a greater incarnation under it; and after a merge it is still refused",
        *start(7),
        ask(1),
        message(Store(later, LATER, "older").snapshot(2, challenge(1)), "unknown_root"),
        message(Store(later, LATER).snapshot(2, challenge(1)), 2),
        ask(2),
        message(Store(later, LATER, "older").delta(2, 2, challenge(2)), "unknown_root"),
        message(Store(later, LATER).delta(2, 2, challenge(2)), 2),
        check(token),
    )
    feeds.add(
        "refused-root-before-tag",
        "the root comes before the tag",
        *start(7),
        ask(1),
        message(older.delta(7, 7, challenge(1), root=bytes(32)), "unknown_root"),
        message(STORE.delta(7, 7, challenge(1), root=bytes(32)), "forged_message"),
        message(STORE.delta(7, 7, challenge(1)), 7),
    )
    feeds.add(
        "refused-root-after-scope",
        "the scope comes before the root",
        *start(7),
        ask(1),
        message(older.delta(7, 7, challenge(1), ["7"]), "wrong_scope"),
        message(older.delta(7, 7, challenge(1)), "unknown_root"),
        message(STORE.delta(7, 7, challenge(1)), 7),
    )


def damaged_messages(feeds):
    good = STORE.snapshot(3, challenge(0))
    after = (message(good, 3),)

    def add(name, comment, data, code, *, now=NOW):
        feeds.add("message-" + name, comment, ask(0), message(data, code, now), *after)

    # A message that fails before step 8 leaves the challenge as it is, so that the right one passes after it.
    steps = []
    for length in range(len(good)):
        enough = length >= f.FIXED + 16
        steps.append(message(good[:length], "forged_message" if enough else "malformed_message"))
    feeds.add("message-cut", "cut to every length", ask(0), *steps, *after)
    feeds.add("message-longer", "a byte more", ask(0), message(good + b"\x00", "forged_message"), *after)

    add("magic", "another magic", b"pwg" + good[3:], "malformed_message")
    add("magic-upper", "upper case", b"PWF" + good[3:], "malformed_message")
    for value in (0, 2, 255):
        add(f"version-{value}", "an unknown version", good[:3] + bytes([value]) + good[4:], "unknown_version")
        add(
            f"version-{value}-signed",
            "an unknown version, signed",
            STORE.snapshot(3, challenge(0), version=value),
            "unknown_version",
        )
    for value in (0, 6, 255):
        add(f"type-{value}", "an unknown type", good[:4] + bytes([value]) + good[5:], "unknown_type")
        add(
            f"type-{value}-signed",
            "an unknown type, signed",
            STORE.snapshot(3, challenge(0), kind=value),
            "unknown_type",
        )
    add(
        "version-before-type", "the version comes before the type", good[:3] + b"\x02\x00" + good[5:], "unknown_version"
    )
    add("type-saved", "a live snapshot called a saved one", good[:4] + b"\x05" + good[5:], "forged_message")

    # Places of a message whose scope is one byte.
    for name, place, code in (
        ("root", 5, "unknown_root"),
        ("deployment", 9, "wrong_deployment"),
        ("incarnation", 25, "forged_message"),
        ("scope", 41, "malformed_message"),
        ("first", 49, "malformed_message"),
        ("before", 50, "malformed_message"),
        ("last", 89, "forged_message"),
        ("after", 90, "forged_message"),
        ("challenge", 122, "forged_message"),
        ("body", 139, "forged_message"),
        ("tag-first", len(good) - 32, "forged_message"),
        ("tag-last", len(good) - 1, "forged_message"),
    ):
        flip = 2 if name == "scope" else 1
        add(
            "flip-" + name,
            f"byte {place} flipped ({name})",
            good[:place] + bytes([good[place] ^ flip]) + good[place + 1 :],
            code,
        )

    def signed(name, comment, code, **changes):
        add(name, comment, STORE.snapshot(3, challenge(0), **changes), code)

    signed("snapshot-first", "a snapshot with a first", "malformed_message", first=1)
    signed("snapshot-before", "a snapshot with a history before", "malformed_message", before=STORE.history[1])
    signed("other-deployment", "of another deployment, whose key it has", "wrong_deployment", deployment_id=OTHER_ID)
    signed("other-key", "signed with another root", "forged_message", root=root_key("older"))
    signed("zero-key", "signed with a root of zeros", "forged_message", root=bytes(32))
    before_tag = good[:-32]
    key = f.view_key(root_key("active"), MAIN_ID, b"\x00")
    add("tag-zero", "a tag of zeros", before_tag + bytes(32), "forged_message")
    add("tag-no-label", "the tag without its label", before_tag + f.hmac_sha256(key, before_tag), "forged_message")
    add(
        "tag-root",
        "the tag under the root itself",
        before_tag + f.hmac_sha256(root_key("active"), b"portward/v1/feed\x00" + before_tag),
        "forged_message",
    )
    raw_scope = t.hmac_sha256(f.hmac_sha256(root_key("active"), b"\x00"), b"portward/v1/feed\x00" + before_tag)
    add("tag-other-derivation", "the tag under another derivation", before_tag + raw_scope, "forged_message")

    for name, comment, wire in (
        ("count-0", "no tenants", b"\x01\x00"),
        ("type-2", "an unknown scope", b"\x02\x01" + identifier("7")),
        ("descending", "descending", b"\x01\x02" + identifier("8") + identifier("7")),
        ("repeated", "one tenant twice", b"\x01\x02" + identifier("7") * 2),
        ("count-not-minimal", "a count in too many bytes", b"\x01\x81\x00" + identifier("7")),
        ("count-overflow", "a count of 2^32", b"\x01\x80\x80\x80\x80\x10" + identifier("7")),
        ("count-max", "a count of 2^32-1", b"\x01\xff\xff\xff\xff\x0f" + identifier("7")),
        ("identifier-text", "a number as text", b"\x01\x01\x00\x017"),
        ("identifier-type", "an identifier of no type", b"\x01\x01\x03\x017"),
    ):
        signed("scope-" + name, comment, "malformed_message", scope_wire=wire)
    signed("scope-other", "another scope than the follower's", "wrong_scope", scope_wire=r.encode_scope(["7"]))
    signed(
        "deployment-before-scope",
        "the deployment comes before the scope",
        "wrong_deployment",
        deployment_id=OTHER_ID,
        scope_wire=r.encode_scope(["7"]),
    )
    signed(
        "scope-before-root",
        "the scope comes before the root",
        "wrong_scope",
        root_id=b"none",
        scope_wire=r.encode_scope(["7"]),
    )
    signed(
        "malformed-before-deployment",
        "malformed parts come before the deployment",
        "malformed_message",
        deployment_id=OTHER_ID,
        first=1,
    )
    add(
        "root-before-tag",
        "the root comes before the tag",
        STORE.snapshot(3, challenge(0), root_id=b"none")[:-1] + b"\x00",
        "unknown_root",
    )
    add(
        "tag-before-body",
        "the tag comes before the body",
        STORE.snapshot(3, challenge(0), body=b"\xff", root=bytes(32)),
        "forged_message",
    )

    def delta(name, comment, code, first=3, last=4, **changes):
        feeds.add(
            "delta-" + name,
            comment,
            *start(3),
            ask(1),
            message(STORE.delta(first, last, challenge(1), **changes), code),
            message(STORE.delta(3, 4, challenge(1)), 4),
        )

    delta("backwards", "first above last", "malformed_message", first=4, last=3, body=b"")
    delta(
        "nothing-history",
        "first = last, but another history",
        "malformed_message",
        first=3,
        last=3,
        after=STORE.history[4],
    )
    delta(
        "nothing-body",
        "first = last, but with a record",
        "malformed_message",
        first=3,
        last=3,
        body=deployment_generation(2),
    )
    for name, this_update, next_update, code in (
        ("equal", NOW, NOW, "malformed_message"),
        ("backwards", NOW + 1, NOW, "malformed_message"),
        ("one-second", NOW, NOW + 1, 3),
    ):
        feeds.add(
            "list-times-" + name,
            "this-update against next-update",
            message(STORE.snapshot(3, span(this_update, next_update), kind=f.LIST_SNAPSHOT), code),
        )


def bodies(feeds):
    here = tenant("7")
    entry = revoked(LINK, OTHER)

    def both(name, comment, snapshot, delta, *records):
        """A body as that of a snapshot and of a delta: True if it is well formed."""
        body = b"".join(records)
        one = STORE.snapshot(3, challenge(0), body=body)
        good = () if snapshot else (message(STORE.snapshot(3, challenge(0)), 3),)
        feeds.add(
            "body-snapshot-" + name,
            comment + ", in a snapshot",
            ask(0),
            message(one, 3 if snapshot else "malformed_message"),
            *good,
        )
        two = STORE.delta(3, 4, challenge(1), body=body)
        good = () if delta else (message(STORE.delta(3, 4, challenge(1)), 4),)
        feeds.add(
            "body-delta-" + name,
            comment + ", in a delta",
            *start(3),
            ask(1),
            message(two, 4 if delta else "malformed_message"),
            *good,
        )

    def bad(name, comment, *records):
        both(name, comment, False, False, *records)

    def good(name, comment, *records):
        both(name, comment, True, True, *records)

    good("empty", "nothing")
    good(
        "all",
        "every record a snapshot can hold",
        deployment_generation(1),
        refused_root("active"),
        here,
        tenant_generation(1),
        client_generation("12", 1),
        revoked(LINK, OTHER),
        suspended(LINK, LINK_ID),
        minimum_revision(LINK_ID, 1),
        tombstone(OTHER),
    )
    both("restored", "a restored entry", False, True, here, restored(LINK, LINK_ID))
    good("units", "an entry of each unit", here, revoked(LINK, OTHER), revoked(SESSION, OTHER), revoked(COPY, OTHER))
    for unit in (0, 4, 255):
        bad(f"unit-{unit}", "an entry of an unknown unit", here, revoked(unit, OTHER))
        bad(f"unit-{unit}-suspended", "a suspended entry of an unknown unit", here, suspended(unit, OTHER))
        bad(f"unit-{unit}-restored", "a restored entry of an unknown unit", here, restored(unit, OTHER))
    bad("record-before-tenant", "a record of a tenant before any", entry)
    bad("record-before-tenant-2", "a record of a tenant before its tenant", entry, here, entry)
    bad("tenant-alone", "a tenant without record", here)
    bad("tenant-alone-first", "a tenant without record before another", here, tenant("8"), tenant_generation(1))
    bad("tenant-alone-last", "a tenant without record after another", here, entry, tenant("8"))
    bad("deployment-after-tenant", "a deployment generation after a tenant", here, entry, deployment_generation(2))
    bad("root-after-tenant", "a refused root after a tenant", here, entry, refused_root("older"))
    bad("deployment-in-tenant", "a deployment generation instead of a tenant's record", here, deployment_generation(2))
    for value in (0, 3, 0x0F, 0x18, 0x20, 255):
        bad(f"record-{value}", "an unknown record", bytes([value]))
        bad(f"record-{value}-in-tenant", "an unknown record of a tenant", here, entry, bytes([value]))
    bad("deployment-generation-0", "generation 0", deployment_generation(0))
    bad("tenant-generation-0", "generation 0", here, tenant_generation(0))
    bad("client-generation-0", "generation 0", here, client_generation("12", 0))
    bad("minimum-revision-0", "revision 0", here, minimum_revision(LINK_ID, 0))
    good(
        "generations-max",
        "generations of 2^32-1",
        deployment_generation(2**32 - 1),
        here,
        tenant_generation(2**32 - 1),
        client_generation("12", 2**32 - 1),
        minimum_revision(LINK_ID, 2**32 - 1),
    )
    for name, comment, wire in BAD_VARINTS:
        bad("deployment-generation-" + name, comment, b"\x01" + wire)
        bad("tenant-generation-" + name, comment, here, b"\x11" + wire)
        bad("client-generation-" + name, comment, here, b"\x12" + identifier("12") + wire)
        bad("minimum-revision-" + name, comment, here, b"\x16" + LINK_ID + wire + u40(END))
    for name, comment, wire in BAD_IDENTIFIERS:
        bad("tenant-" + name, comment, b"\x10" + wire, entry)
        bad("client-" + name, comment, here, b"\x12" + wire + b"\x01")
    for name, record in (
        ("deployment-generation", deployment_generation(300)),
        ("refused-root", refused_root("active")),
    ):
        bad("cut-" + name, "the last byte is missing", record[:-1])
        bad("no-value-" + name, "no value", record[:1])
    for name, record in (
        ("tenant-generation", tenant_generation(300)),
        ("client-generation", client_generation("12", 300)),
        ("revoked", revoked(LINK, OTHER)),
        ("suspended", suspended(LINK, OTHER)),
        ("restored", restored(LINK, OTHER)),
        ("minimum-revision", minimum_revision(LINK_ID, 300)),
        ("tombstone", tombstone(OTHER)),
    ):
        bad("cut-" + name, "the last byte is missing", here, record[:-1])
        bad("no-value-" + name, "no value", here, record[:1])
    bad("cut-tenant", "a tenant cut off", b"\x10\x00\x04acm")
    bad("no-value-tenant", "a tenant without identifier", b"\x10")
    good(
        "expiry-edges",
        "entries that end at the first and the last second",
        here,
        revoked(LINK, OTHER, 0),
        revoked(SESSION, OTHER, TOP),
    )

    # The order of a snapshot, which a delta does not have.
    low, high = bytes(16), b"\xff" * 16

    def unordered(name, comment, *records):
        both("order-" + name, comment, False, True, *records)

    good("order-roots", "roots ascending", refused_root(b"\x00" * 4), refused_root(b"\xff" * 4))
    unordered("roots-descending", "roots descending", refused_root(b"\xff" * 4), refused_root(b"\x00" * 4))
    unordered("roots-repeated", "a root twice", refused_root("older"), refused_root("older"))
    unordered("root-before-generation", "a root before the generation", refused_root("older"), deployment_generation(1))
    unordered("generation-repeated", "the generation twice", deployment_generation(1), deployment_generation(2))
    good(
        "order-tenants",
        "tenants ascending by wire form",
        tenant("acme"),
        entry,
        tenant(UUID_A),
        entry,
        tenant("7"),
        entry,
        tenant("8"),
        entry,
    )
    unordered("tenants-descending", "tenants descending", tenant("8"), entry, tenant("7"), entry)
    unordered("tenants-repeated", "a tenant twice", here, entry, here, tombstone(OTHER))
    unordered("tenants-by-text", "tenants in the order of their texts", tenant("7"), entry, tenant("acme"), entry)
    unordered(
        "tenant-generation-repeated",
        "the generation of a tenant twice",
        here,
        tenant_generation(1),
        tenant_generation(2),
    )
    good(
        "order-clients",
        "clients ascending by wire form",
        here,
        client_generation("b", 1),
        client_generation("aa", 1),
        client_generation("7", 1),
    )
    unordered(
        "clients-by-text",
        "clients in the order of their texts",
        here,
        client_generation("aa", 1),
        client_generation("b", 1),
    )
    unordered("clients-repeated", "a client twice", here, client_generation("7", 1), client_generation("7", 2))
    good(
        "order-entries",
        "entries ascending by unit, then id",
        here,
        revoked(LINK, low),
        revoked(LINK, high),
        revoked(SESSION, low),
    )
    unordered(
        "entries-by-id",
        "entries by id, then unit",
        here,
        revoked(LINK, low),
        revoked(SESSION, low),
        revoked(LINK, high),
    )
    unordered("entries-repeated", "an entry twice", here, revoked(LINK, low), revoked(LINK, low, TOP))
    unordered(
        "suspended-before-revoked",
        "a suspended entry before a revoked one",
        here,
        suspended(LINK, low),
        revoked(LINK, high),
    )
    good(
        "order-revoked-and-suspended",
        "one entry both revoked and suspended",
        here,
        revoked(LINK, low),
        suspended(LINK, low),
    )
    unordered("revisions-descending", "revisions descending", here, minimum_revision(high, 1), minimum_revision(low, 1))
    unordered("tombstones-descending", "tombstones descending", here, tombstone(high), tombstone(low))
    unordered("tombstones-repeated", "a tombstone twice", here, tombstone(low), tombstone(low))
    unordered("types", "a client before the tenant's generation", here, client_generation("7", 1), tenant_generation(1))


def challenges(feeds):
    token = sign(CURRENT)
    zero, one = STORE.snapshot(3, challenge(0)), STORE.delta(3, 4, challenge(1))
    feeds.add(
        "challenge-none",
        "an answer nobody asked for",
        message(zero, "wrong_challenge"),
        check(token, "generation_ahead"),
    )
    feeds.add(
        "challenge-other",
        "an answer to another challenge; the right one still counts",
        ask(0),
        message(STORE.snapshot(3, challenge(1)), "wrong_challenge"),
        message(zero, 3),
    )
    feeds.add(
        "challenge-zero", "a challenge of zeros", ask(0), message(STORE.snapshot(3, bytes(16)), "wrong_challenge")
    )
    feeds.add(
        "challenge-used",
        "the same answer again",
        ask(0),
        message(zero, 3),
        message(zero, "wrong_challenge"),
        check(token),
    )
    feeds.add(
        "challenge-used-delta",
        "the same delta again",
        *start(3),
        ask(1),
        message(one, 4),
        message(one, "wrong_challenge"),
    )
    feeds.add(
        "challenge-used-by-refused",
        "a message that is refused at step 9 or later has used the challenge up",
        *start(3),
        ask(1),
        message(STORE.delta(2, 4, challenge(1)), "gap"),
        message(one, "wrong_challenge"),
        ask(2),
        message(STORE.delta(3, 4, challenge(2)), 4),
    )
    feeds.add(
        "challenge-used-by-rollback",
        "so has a rollback",
        *start(3),
        ask(1),
        message(STORE.snapshot(2, challenge(1)), "rollback"),
        message(one, "wrong_challenge"),
    )
    feeds.add(
        "challenge-kept-by-malformed",
        "a message that is refused at step 7 or before has not",
        *start(3),
        ask(1),
        message(STORE.delta(3, 4, challenge(1), body=b"\xff"), "malformed_message"),
        message(STORE.delta(3, 4, challenge(1), root=bytes(32)), "forged_message"),
        message(STORE.delta(3, 4, challenge(1), root_id=b"none"), "unknown_root"),
        message(one, 4),
    )
    feeds.add(
        "challenge-old",
        "an old answer to a new request",
        *start(3),
        ask(1),
        message(zero, "wrong_challenge"),
        message(one, 4),
    )
    feeds.add(
        "challenge-replaced",
        "a new request replaces the one before",
        ask(0),
        ask(1, 2000),
        message(zero, "wrong_challenge"),
        message(STORE.snapshot(3, challenge(1)), 3),
        check(token, monotonic=32_000),
        check(token, "view_stale", monotonic=32_001),
    )
    feeds.add(
        "challenge-replaced-same",
        "the same challenge asked again: the view is dated from the later request",
        ask(0),
        ask(0, 2000),
        message(zero, 3),
        check(token, "view_stale", monotonic=1999),
        check(token, monotonic=32_000),
    )
    feeds.add("challenge-restart", "a restart forgets the request", ask(0), restart(), message(zero, "wrong_challenge"))
    feeds.add(
        "challenge-other-kinds",
        "a list and a saved snapshot use no challenge up",
        ask(0),
        message(STORE.snapshot(2, kind=f.SAVED_SNAPSHOT), 2),
        message(STORE.snapshot(2, span(), kind=f.LIST_SNAPSHOT), 2),
        message(zero, 3),
    )
    feeds.add(
        "challenge-before-rollback",
        "the challenge comes before the stamp",
        *start(3),
        message(STORE.snapshot(2, challenge(1)), "wrong_challenge"),
    )


def lists(feeds):
    token = sign(CURRENT)

    def listed(last, this_update, next_update, **more):
        return STORE.snapshot(last, span(this_update, next_update), kind=f.LIST_SNAPSHOT, **more)

    one = listed(3, NOW, NOW + 1000)
    for name, now, code in (
        ("before", NOW - 61, "list_not_yet_current"),
        ("begin", NOW - 60, 3),
        ("this-update", NOW, 3),
        ("inside", NOW + 500, 3),
        ("last-second", NOW + 999, 3),
        ("end", NOW + 1000, "list_expired"),
        ("past", NOW + 5000, "list_expired"),
        ("clock-0", 0, "list_not_yet_current"),
        ("clock-max", 2**64 - 1, "list_expired"),
    ):
        feeds.add("list-" + name, "a list at this time", message(one, code, now))
    feeds.add("list-zero", "a list of the first second", message(listed(3, 0, 1), 3, 0))
    feeds.add(
        "list-top",
        "a list to the end of time",
        message(listed(3, NOW, TOP), 3, TOP - 1),
        message(listed(3, NOW, TOP), "list_expired", TOP),
    )
    feeds.add(
        "list-again",
        "a list may be taken again between its times",
        message(one, 3, NOW),
        message(one, 3, NOW + 999),
        message(one, "list_expired", NOW + 1000),
    )
    feeds.add(
        "list-older",
        "a list older than one already seen",
        message(listed(4, NOW, NOW + 1000), 4),
        message(one, "rollback"),
        check(token, "link_suspended", mode="list"),
    )
    feeds.add(
        "list-older-restart",
        "the same after a restart",
        message(listed(4, NOW, NOW + 1000), 4),
        restart(),
        message(one, "rollback"),
        check(token, "generation_ahead", mode="list"),
        message(listed(4, NOW, NOW + 1000), 4),
        check(token, "link_suspended", mode="list"),
    )
    feeds.add(
        "list-older-incarnation",
        "a list of an earlier incarnation",
        message(one, 3),
        message(Store(STORE.changes, EARLIER).snapshot(7, span(), kind=f.LIST_SNAPSHOT), "rollback"),
    )
    feeds.add(
        "list-older-times",
        "a list of the held stamp with an earlier this-update leaves the evidence of the held one",
        message(listed(3, NOW, NOW + 1000), 3),
        message(listed(3, NOW - 10, NOW + 100), 3),
        check(token, now=NOW + 999, mode="list"),
        check(token, "view_stale", now=NOW + 1000, mode="list"),
    )
    feeds.add(
        "list-older-times-longer",
        "also if it would end later",
        message(listed(3, NOW, NOW + 100), 3),
        message(listed(3, NOW - 1, NOW + 1000), 3),
        check(token, now=NOW + 99, mode="list"),
        check(token, "view_stale", now=NOW + 100, mode="list"),
    )
    feeds.add(
        "list-older-times-delta",
        "also as a delta over nothing",
        message(listed(3, NOW, NOW + 1000), 3),
        message(STORE.delta(3, 3, span(NOW - 10, NOW + 100), kind=f.LIST_DELTA), 3),
        check(token, now=NOW + 999, mode="list"),
    )
    feeds.add(
        "list-same-times",
        "with the same this-update it is taken, and ends earlier",
        message(listed(3, NOW, NOW + 1000), 3),
        message(listed(3, NOW, NOW + 100), 3),
        check(token, now=NOW + 99, mode="list"),
        check(token, "view_stale", now=NOW + 100, mode="list"),
    )
    feeds.add(
        "list-newer-times",
        "with a later this-update too",
        message(listed(3, NOW, NOW + 1000), 3),
        message(listed(3, NOW + 1, NOW + 100), 3),
        check(token, now=NOW + 99, mode="list"),
        check(token, "view_stale", now=NOW + 100, mode="list"),
    )
    feeds.add(
        "list-older-times-later-stamp",
        "of a later stamp it is taken, whatever its this-update",
        message(listed(3, NOW, NOW + 1000), 3),
        message(listed(5, NOW - 10, NOW + 100), 5),
        check(token, now=NOW + 99, mode="list"),
        check(token, "view_stale", now=NOW + 100, mode="list"),
    )
    feeds.add(
        "list-older-times-restart",
        "after a restart there is no held list to compare with",
        message(listed(3, NOW, NOW + 1000), 3),
        restart(),
        message(listed(3, NOW - 10, NOW + 100), 3),
        check(token, now=NOW + 99, mode="list"),
        check(token, "view_stale", now=NOW + 100, mode="list"),
    )
    feeds.add(
        "list-older-times-after-live",
        "and none at all when the held evidence is live",
        message(listed(3, NOW, NOW + 1000), 3),
        ask(0),
        message(STORE.delta(3, 3, challenge(0)), 3),
        check(token),
        message(listed(3, NOW - 10, NOW + 100), 3),
        check(token),
        check(token, "view_stale", now=NOW + 99, mode="list"),
    )
    feeds.add(
        "list-view-ends",
        "a view of a list ends by itself",
        message(one, 3),
        check(token, now=NOW + 999, mode="list"),
        check(token, "view_stale", now=NOW + 1000, mode="list"),
        check(token, "view_stale", mode=LIVE_MODE),
    )
    feeds.add(
        "list-view-begins",
        "a list taken in the skew",
        message(one, 3, NOW - 60),
        check(token, now=NOW - 60, mode="list"),
        check(token, "view_stale", now=NOW - 61, mode="list"),
    )
    feeds.add(
        "list-delta",
        "list deltas",
        message(one, 3),
        message(STORE.delta(3, 5, span(NOW, NOW + 2000), kind=f.LIST_DELTA), 5),
        check(token, now=NOW + 1999, mode="list"),
        message(STORE.delta(3, 5, span(NOW, NOW + 2000), kind=f.LIST_DELTA), "gap"),
    )
    feeds.add(
        "list-delta-expired",
        "a list delta that is over",
        message(one, 3),
        message(STORE.delta(3, 5, span(NOW - 100, NOW), kind=f.LIST_DELTA), "list_expired"),
    )
    feeds.add(
        "list-before-rollback",
        "its times come before the stamp",
        message(listed(4, NOW, NOW + 1000), 4),
        message(listed(3, NOW - 100, NOW), "list_expired"),
    )
    feeds.add("list-no-request", "a list needs no request", message(one, 3), check(token, mode="list"))


def stamps(feeds):
    token = sign(CURRENT)
    feeds.add(
        "gap",
        "a change is missing",
        *start(3),
        ask(1),
        message(STORE.delta(4, 5, challenge(1)), "gap"),
        check(token),
        ask(2),
        message(STORE.snapshot(5, challenge(2)), 5),
        ask(3),
        message(STORE.delta(5, 6, challenge(3)), 6),
    )
    feeds.add(
        "gap-overlap", "a delta that begins earlier", *start(3), ask(1), message(STORE.delta(2, 5, challenge(1)), "gap")
    )
    feeds.add(
        "gap-none",
        "a delta that begins where the view stands",
        *start(3),
        ask(1),
        message(STORE.delta(3, 5, challenge(1)), 5),
    )
    feeds.add(
        "gap-empty", "an empty delta elsewhere", *start(3), ask(1), message(STORE.delta(5, 5, challenge(1)), "gap")
    )
    feeds.add(
        "delta-first",
        "a delta at first: there is no stamp to build on",
        ask(0),
        message(STORE.delta(0, 3, challenge(0)), "another_incarnation"),
        ask(1),
        message(STORE.snapshot(3, challenge(1)), 3),
    )
    feeds.add(
        "delta-from-0",
        "a delta from 0 on a view at 0",
        ask(0),
        message(STORE.snapshot(0, challenge(0)), 0),
        ask(1),
        message(STORE.delta(0, 3, challenge(1)), 3),
        check(token),
    )
    feeds.add(
        "rollback-snapshot",
        "an older snapshot",
        *start(4),
        ask(1),
        message(STORE.snapshot(3, challenge(1)), "rollback"),
        check(token, "link_suspended"),
    )
    feeds.add(
        "rollback-saved",
        "an older saved snapshot",
        *start(4),
        message(STORE.snapshot(3, kind=f.SAVED_SNAPSHOT), "rollback"),
        message(STORE.snapshot(4, kind=f.SAVED_SNAPSHOT), 4),
    )
    feeds.add(
        "rollback-delta",
        "a delta that ends earlier: rollback comes before gap",
        *start(4),
        ask(1),
        message(STORE.delta(2, 3, challenge(1)), "rollback"),
    )
    feeds.add(
        "rollback-0", "a snapshot of nothing", *start(3), ask(1), message(STORE.snapshot(0, challenge(1)), "rollback")
    )
    feeds.add(
        "rollback-restart",
        "the highest stamp outlives a restart",
        *start(4),
        restart(),
        ask(1),
        message(STORE.snapshot(3, challenge(1)), "rollback"),
        ask(2),
        message(STORE.snapshot(4, challenge(2)), 4),
        check(token, "link_suspended"),
    )
    feeds.add(
        "rollback-restart-twice",
        "and two",
        *start(4),
        restart(),
        restart(),
        message(STORE.snapshot(3, kind=f.SAVED_SNAPSHOT), "rollback"),
    )
    feeds.add(
        "restart-delta",
        "after a restart there is no stamp to build on",
        *start(3),
        restart(),
        ask(1),
        message(STORE.delta(3, 4, challenge(1)), "another_incarnation"),
        ask(2),
        message(STORE.snapshot(4, challenge(2)), 4),
    )
    feeds.add(
        "restart-rollback-delta",
        "rollback comes before another incarnation",
        *start(4),
        restart(),
        ask(1),
        message(STORE.delta(2, 3, challenge(1)), "rollback"),
    )
    feeds.add(
        "restart-view",
        "after a restart nothing passes",
        *start(3),
        check(token),
        restart(),
        export(),
        check(token, "generation_ahead"),
        check(sign(link()), "view_stale"),
    )

    fork = Store(STORE.changes[:2] + [("8", tenant_generation(2))] + STORE.changes[3:])
    feeds.add(
        "fork-delta",
        "a delta of another history",
        *start(3),
        ask(1),
        message(fork.delta(3, 4, challenge(1)), "fork"),
        check(token),
    )
    feeds.add(
        "fork-empty-delta",
        "an empty delta of another history",
        *start(3),
        ask(1),
        message(fork.delta(3, 3, challenge(1)), "fork"),
    )
    feeds.add(
        "fork-snapshot",
        "a snapshot of the held stamp with another history",
        *start(3),
        ask(1),
        message(fork.snapshot(3, challenge(1)), "fork"),
        ask(2),
        message(STORE.snapshot(3, challenge(2)), 3),
    )
    feeds.add("fork-saved", "a saved one", *start(3), message(fork.snapshot(3, kind=f.SAVED_SNAPSHOT), "fork"))
    feeds.add(
        "fork-list",
        "a list",
        message(STORE.snapshot(3, span(), kind=f.LIST_SNAPSHOT), 3),
        message(fork.snapshot(3, span(), kind=f.LIST_SNAPSHOT), "fork"),
    )
    feeds.add(
        "fork-later-snapshot",
        "of a later snapshot nobody can tell",
        *start(3),
        ask(1),
        message(fork.snapshot(4, challenge(1)), 4),
        ask(2),
        message(STORE.delta(4, 5, challenge(2)), "fork"),
        ask(3),
        message(fork.delta(4, 5, challenge(3)), 5),
    )
    feeds.add(
        "gap-before-fork", "gap comes before fork", *start(3), ask(1), message(fork.delta(4, 5, challenge(1)), "gap")
    )
    feeds.add(
        "fork-same-history",
        "the same history is no fork",
        *start(3),
        ask(1),
        message(STORE.snapshot(3, challenge(1)), 3),
    )

    last = 2**64 - 1
    top = f.encode(
        kind=f.LIVE_SNAPSHOT,
        root_id=root_id("active"),
        root=root_key("active"),
        deployment_id=MAIN_ID,
        incarnation=INCARNATION,
        scope_wire=b"\x00",
        first=0,
        before=bytes(32),
        last=last,
        after=b"\x01" * 32,
        proof=challenge(0),
        body=deployment_generation(1),
    )
    feeds.add(
        "sequence-max",
        "the largest sequence",
        ask(0),
        message(top, last),
        ask(1),
        message(STORE.snapshot(3, challenge(1)), "rollback"),
    )


def incarnations(feeds):
    token = sign(CURRENT)
    later = Store(
        [(None, deployment_generation(1)), ("7", client_generation("12", 1)), ("9", tenant_generation(4))], LATER
    )
    earlier = Store(STORE.changes, EARLIER)
    feeds.add(
        "incarnation-delta",
        "a delta of a later incarnation",
        *start(3),
        ask(1),
        message(later.delta(1, 3, challenge(1)), "another_incarnation"),
        check(token),
        ask(2),
        message(later.snapshot(3, challenge(2)), 3),
    )
    feeds.add(
        "incarnation-delta-fits",
        "even if its numbers fit",
        *start(2),
        ask(1),
        message(later.delta(2, 3, challenge(1)), "another_incarnation"),
    )
    feeds.add(
        "incarnation-earlier",
        "an earlier incarnation is a rollback, whatever its sequence",
        *start(3),
        ask(1),
        message(earlier.snapshot(7, challenge(1)), "rollback"),
        ask(2),
        message(earlier.delta(3, 4, challenge(2)), "rollback"),
    )
    feeds.add(
        "incarnation-merged",
        "a snapshot of a later incarnation is merged: what was refused stays refused",
        *start(6),
        check(sign(CURRENT_SESSION), "session_revoked"),
        ask(1),
        message(later.snapshot(3, challenge(1)), 3),
        check(sign(CURRENT_SESSION), "session_revoked"),
        export(
            deployment_generation(1),
            tenant("7"),
            client_generation("12", 1),
            revoked(SESSION, SESSION_ID),
            tenant("8"),
            tenant_generation(1),
            tenant("9"),
            tenant_generation(4),
        ),
        ask(2),
        message(later.delta(3, 3, challenge(2)), 3),
        check(token),
    )
    feeds.add(
        "incarnation-sequence-lower",
        "a later incarnation may have a lower sequence",
        *start(6),
        ask(1),
        message(later.snapshot(1, challenge(1)), 1),
        ask(2),
        message(STORE.snapshot(7, challenge(2)), "rollback"),
    )
    low = Store(
        [("7", tenant_generation(1)), ("7", suspended(LINK, LINK_ID, 50)), ("7", minimum_revision(LINK_ID, 2, 50))],
        LATER,
    )
    held = Store(
        [
            ("7", tenant_generation(5)),
            ("7", revoked(LINK, LINK_ID, 40)),
            ("7", minimum_revision(LINK_ID, 9, 40)),
            ("7", tombstone(OTHER)),
        ]
    )
    feeds.add(
        "incarnation-merged-greater",
        "of two counters the greater, of two expiries the later, revoked is final",
        *start(4, store=held),
        ask(1),
        message(low.snapshot(3, challenge(1)), 3),
        export(
            tenant("7"),
            tenant_generation(5),
            revoked(LINK, LINK_ID, 50),
            minimum_revision(LINK_ID, 9, 50),
            tombstone(OTHER),
        ),
    )
    feeds.add(
        "incarnation-merged-suspension",
        "a suspension the later store does not know stays",
        *start(4),
        ask(1),
        message(later.snapshot(3, challenge(1)), 3),
        check(token, "link_suspended"),
    )
    feeds.add(
        "incarnation-then-suspension",
        "the next snapshot of the new incarnation ends the suspension",
        *start(4),
        ask(1),
        message(later.snapshot(2, challenge(1)), 2),
        check(token, "link_suspended"),
        ask(2),
        message(later.snapshot(3, challenge(2)), 3),
        check(token),
    )
    feeds.add(
        "incarnation-then-same-snapshot",
        "so does the same snapshot once more, as its incarnation is then the held one",
        *start(4),
        ask(1),
        message(later.snapshot(2, challenge(1)), 2),
        check(token, "link_suspended"),
        ask(2),
        message(later.snapshot(2, challenge(2)), 2),
        check(token),
    )
    feeds.add(
        "incarnation-then-restored",
        "or a delta of the new incarnation that restores",
        *start(4),
        ask(1),
        message(later.snapshot(2, challenge(1)), 2),
        ask(2),
        message(later.delta(2, 3, challenge(2), body=tenant("7") + restored(LINK, LINK_ID)), 3),
        check(token),
    )
    feeds.add(
        "incarnation-then-snapshot",
        "the next snapshots of the new incarnation still refuse what the old one refused",
        *start(7),
        check(sign(CURRENT_SESSION), "session_revoked"),
        ask(1),
        message(later.snapshot(2, challenge(1)), 2),
        check(sign(CURRENT_SESSION), "session_revoked"),
        ask(2),
        message(later.snapshot(3, challenge(2)), 3),
        check(sign(CURRENT_SESSION), "session_revoked"),
        check(sign(session(generations=[1, 0, 1], token_id=OTHER, link_root=root_id("older"))), "root_refused"),
        check(sign(session(generations=[1, 0, 1], token_id=OTHER))),
        message(later.snapshot(3, span(), kind=f.LIST_SNAPSHOT), 3),
        message(later.snapshot(3, kind=f.SAVED_SNAPSHOT), 3),
        export(
            deployment_generation(1),
            refused_root("older"),
            tenant("7"),
            client_generation("12", 1),
            revoked(SESSION, SESSION_ID),
            tenant("8"),
            tenant_generation(1),
            tenant("9"),
            tenant_generation(4),
        ),
    )
    latest = Store([("7", tombstone(OTHER))], u64(1_766_000_000) + seeded("latest incarnation", 8))
    feeds.add(
        "incarnation-third",
        "nor does a third incarnation forget",
        *start(7),
        ask(1),
        message(later.snapshot(3, challenge(1)), 3),
        ask(2),
        message(latest.snapshot(1, challenge(2)), 1),
        ask(3),
        message(latest.snapshot(1, challenge(3)), 1),
        export(
            deployment_generation(1),
            refused_root("older"),
            tenant("7"),
            client_generation("12", 1),
            revoked(SESSION, SESSION_ID),
            tombstone(OTHER),
            tenant("8"),
            tenant_generation(1),
            tenant("9"),
            tenant_generation(4),
        ),
    )
    feeds.add(
        "incarnation-into-empty",
        "into an empty view it is taken as it is",
        *start(4),
        restart(),
        ask(1),
        message(later.snapshot(3, challenge(1)), 3),
        export(deployment_generation(1), tenant("7"), client_generation("12", 1), tenant("9"), tenant_generation(4)),
    )
    feeds.add(
        "incarnation-restart",
        "the highest stamp knows its incarnation",
        ask(0),
        message(later.snapshot(1, challenge(0)), 1),
        restart(),
        ask(1),
        message(STORE.snapshot(7, challenge(1)), "rollback"),
        ask(2),
        message(later.snapshot(1, challenge(2)), 1),
    )
    next_byte = INCARNATION[:-1] + bytes([INCARNATION[-1] + 1 & 0xFF])
    assert next_byte > INCARNATION
    feeds.add(
        "incarnation-by-last-byte",
        "incarnations are compared to the last byte",
        *start(3),
        ask(1),
        message(Store(STORE.changes, next_byte).snapshot(1, challenge(1)), 1),
        ask(2),
        message(STORE.snapshot(7, challenge(2)), "rollback"),
    )
    high = b"\x80" + bytes(15)
    feeds.add(
        "incarnation-unsigned",
        "bytes above 0x7f are greater",
        *start(3),
        ask(1),
        message(Store(STORE.changes, high).snapshot(1, challenge(1)), 1),
    )
    feeds.add(
        "incarnation-saved",
        "a saved snapshot of a later incarnation is merged too",
        *start(6),
        message(later.snapshot(3, kind=f.SAVED_SNAPSHOT), 3),
        check(sign(CURRENT_SESSION), "session_revoked"),
        check(token, monotonic=31_000),
        check(token, "view_stale", monotonic=31_001),
    )
    feeds.add(
        "incarnation-list",
        "a list of a later incarnation is merged too",
        *start(6),
        message(later.snapshot(3, span(), kind=f.LIST_SNAPSHOT), 3),
        check(sign(CURRENT_SESSION), "session_revoked", mode="list"),
        check(token),
    )


def snapshots(feeds):
    """What a snapshot of the held incarnation takes away: suspensions, and nothing else."""
    here, end = tenant("7"), NOW + 1000
    link_token, session_token = sign(CURRENT), sign(CURRENT_SESSION)
    bare = deployment_generation(1) + here + client_generation("12", 1)

    def left_out(name, comment, *send):
        feeds.add(
            "snapshot-left-out-" + name,
            comment + ": what it leaves out stays revoked",
            *start(6),
            check(session_token, "session_revoked"),
            *send,
            check(session_token, "session_revoked"),
            check(sign(session(generations=[1, 0, 1], token_id=OTHER))),
            export(
                deployment_generation(1),
                here,
                client_generation("12", 1),
                revoked(SESSION, SESSION_ID),
                tenant("8"),
                tenant_generation(1),
            ),
        )

    later = (ask(1), message(STORE.snapshot(7, challenge(1), body=bare), 7))
    left_out("later", "a later snapshot", *later)
    left_out("same", "one of the held stamp", ask(1), message(STORE.snapshot(6, challenge(1), body=bare), 6))
    left_out("empty", "an empty one", ask(1), message(STORE.snapshot(7, challenge(1), body=b""), 7))
    left_out("saved", "a saved one", message(STORE.snapshot(7, kind=f.SAVED_SNAPSHOT, body=bare), 7))
    left_out("twice", "two of them", *later, ask(2), message(STORE.snapshot(7, challenge(2), body=bare), 7))

    def suspension(name, comment, *send, paused):
        feeds.add(
            "snapshot-suspension-" + name,
            comment,
            *start(4),
            check(link_token, "link_suspended"),
            *send,
            check(link_token, "link_suspended" if paused else OK),
        )

    again = suspended(LINK, LINK_ID)
    suspension("left-out", "left out", ask(1), message(STORE.snapshot(4, challenge(1), body=bare), 4), paused=False)
    suspension("stated", "stated", ask(1), message(STORE.snapshot(4, challenge(1), body=bare + again), 4), paused=True)
    suspension(
        "other-unit",
        "another unit stated",
        ask(1),
        message(STORE.snapshot(4, challenge(1), body=bare + suspended(COPY, LINK_ID)), 4),
        paused=False,
    )
    suspension(
        "other-tenant",
        "stated at another tenant",
        ask(1),
        message(STORE.snapshot(4, challenge(1), body=bare + tenant("8") + again), 4),
        paused=False,
    )
    suspension(
        "saved-left-out",
        "left out by a saved snapshot",
        message(STORE.snapshot(4, kind=f.SAVED_SNAPSHOT, body=bare), 4),
        paused=False,
    )
    suspension(
        "saved-stated",
        "stated by a saved snapshot",
        message(STORE.snapshot(4, kind=f.SAVED_SNAPSHOT, body=bare + again), 4),
        paused=True,
    )
    suspension(
        "refused-message",
        "left out by a snapshot that is refused",
        ask(1),
        message(STORE.snapshot(4, challenge(1), body=bare, root=bytes(32)), "forged_message"),
        message(STORE.snapshot(4, challenge(2), body=bare), "wrong_challenge"),
        message(STORE.snapshot(3, challenge(1), body=bare), "rollback"),
        paused=True,
    )
    feeds.add(
        "snapshot-suspension-list",
        "left out by a list",
        message(STORE.snapshot(4, span(), kind=f.LIST_SNAPSHOT), 4),
        check(link_token, "link_suspended", mode="list"),
        message(STORE.snapshot(5, span(), kind=f.LIST_SNAPSHOT), 5),
        check(link_token, mode="list"),
    )
    many = Store(
        [
            ("7", suspended(LINK, LINK_ID)),
            ("7", suspended(SESSION, SESSION_ID)),
            ("8", suspended(COPY, OTHER)),
            ("8", revoked(LINK, OTHER)),
        ]
    )
    feeds.add(
        "snapshot-suspension-all",
        "all suspensions of all tenants are taken away, but for those stated",
        *start(4, store=many),
        ask(1),
        message(many.snapshot(4, challenge(1), body=here + suspended(SESSION, SESSION_ID)), 4),
        export(here, suspended(SESSION, SESSION_ID), tenant("8"), revoked(LINK, OTHER)),
    )

    def held(name, comment, before, stated, *left, incarnation=INCARNATION):
        store = Store([("7", record) if record[0] >= 0x10 else (None, record) for record in before])
        last = len(before)
        next_one = Store([(None, deployment_generation(1))] * last, incarnation)
        # Where the incarnation is another one its history is too.
        after = {"after": store.history[last]} if incarnation == INCARNATION else {}
        feeds.add(
            "snapshot-" + name,
            comment,
            *start(last, store=store),
            ask(1),
            message(next_one.snapshot(last, challenge(1), body=b"".join(stated), **after), last),
            export(*left),
        )

    held(
        "counters-less",
        "lesser counters change nothing",
        [deployment_generation(5), tenant_generation(5), client_generation("12", 5), minimum_revision(LINK_ID, 5)],
        [
            deployment_generation(3),
            here,
            tenant_generation(3),
            client_generation("12", 3),
            minimum_revision(LINK_ID, 3),
        ],
        deployment_generation(5),
        here,
        tenant_generation(5),
        client_generation("12", 5),
        minimum_revision(LINK_ID, 5),
    )
    held(
        "counters-greater",
        "greater ones count",
        [deployment_generation(3), tenant_generation(3), client_generation("12", 3), minimum_revision(LINK_ID, 3)],
        [
            deployment_generation(5),
            here,
            tenant_generation(5),
            client_generation("12", 5),
            minimum_revision(LINK_ID, 5),
        ],
        deployment_generation(5),
        here,
        tenant_generation(5),
        client_generation("12", 5),
        minimum_revision(LINK_ID, 5),
    )
    held(
        "nothing",
        "an empty one takes nothing final away",
        [
            deployment_generation(5),
            refused_root("older"),
            tenant_generation(5),
            client_generation("12", 5),
            revoked(LINK, LINK_ID),
            suspended(COPY, OTHER),
            minimum_revision(LINK_ID, 5),
            tombstone(OTHER),
        ],
        [],
        deployment_generation(5),
        refused_root("older"),
        here,
        tenant_generation(5),
        client_generation("12", 5),
        revoked(LINK, LINK_ID),
        minimum_revision(LINK_ID, 5),
        tombstone(OTHER),
    )
    held(
        "sets",
        "roots and tombstones come together",
        [refused_root("older"), tombstone(OTHER)],
        [refused_root("active"), here, tombstone(LINK_ID)],
        refused_root("older"),
        refused_root("active"),
        here,
        *[tombstone(key) for key in sorted([OTHER, LINK_ID])],
    )
    held(
        "revoked-suspended",
        "a suspension stated leaves a revoked entry revoked, with the later expiry",
        [revoked(LINK, LINK_ID, 100)],
        [here, suspended(LINK, LINK_ID, 200)],
        here,
        revoked(LINK, LINK_ID, 200),
    )
    held(
        "revoked-earlier",
        "of two expiries the later",
        [revoked(LINK, LINK_ID, 200)],
        [here, revoked(LINK, LINK_ID, 100)],
        here,
        revoked(LINK, LINK_ID, 200),
    )
    held(
        "revoked-both",
        "one entry stated both revoked and suspended is one entry, revoked, with the later expiry",
        [tombstone(OTHER)],
        [here, revoked(LINK, LINK_ID, 100), suspended(LINK, LINK_ID, 200)],
        here,
        revoked(LINK, LINK_ID, 200),
        tombstone(OTHER),
    )
    held(
        "suspended-earlier",
        "a suspension is taken away first, its expiry too",
        [suspended(LINK, LINK_ID, 200)],
        [here, suspended(LINK, LINK_ID, 100)],
        here,
        suspended(LINK, LINK_ID, 100),
    )
    held(
        "suspended-earlier-merged",
        "of a greater incarnation it is not",
        [suspended(LINK, LINK_ID, 200)],
        [here, suspended(LINK, LINK_ID, 100)],
        here,
        suspended(LINK, LINK_ID, 200),
        incarnation=LATER,
    )
    held(
        "suspended-revoked-merged",
        "a greater incarnation revokes what was suspended: the later expiry stays",
        [suspended(LINK, LINK_ID, 200)],
        [here, revoked(LINK, LINK_ID, 100)],
        here,
        revoked(LINK, LINK_ID, 200),
        incarnation=LATER,
    )
    gone = Store([("7", revoked(LINK, LINK_ID, end)), ("7", revoked(SESSION, OTHER, TOP))])
    feeds.add(
        "snapshot-collected",
        "what the store has collected stays until the follower collects it",
        *start(2, store=gone),
        ask(1),
        message(gone.snapshot(2, challenge(1), body=here + revoked(SESSION, OTHER, TOP)), 2),
        export(here, revoked(LINK, LINK_ID, end), revoked(SESSION, OTHER, TOP)),
        collect(end + 599),
        export(here, revoked(LINK, LINK_ID, end), revoked(SESSION, OTHER, TOP)),
        collect(end + 600),
        export(here, revoked(SESSION, OTHER, TOP)),
    )
    feeds.add(
        "snapshot-into-empty",
        "after a restart there is nothing to keep, and the suspensions of the snapshot count",
        *start(7),
        restart(),
        ask(1),
        message(STORE.snapshot(7, challenge(1), body=bare + again), 7),
        check(link_token, "link_suspended"),
        check(session_token, "link_suspended"),
        export(bare, again),
    )
    feeds.add(
        "snapshot-link-root",
        "refusing a root ends the sessions of its links, also after a snapshot that leaves it out",
        *start(6),
        check(sign(session(generations=[1, 0, 1], token_id=OTHER, link_root=root_id("older")))),
        ask(1),
        message(STORE.delta(6, 7, challenge(1)), 7),
        check(sign(session(generations=[1, 0, 1], token_id=OTHER, link_root=root_id("older"))), "root_refused"),
        check(sign(session(generations=[1, 0, 1], token_id=OTHER))),
        ask(2),
        message(STORE.snapshot(7, challenge(2), body=bare), 7),
        check(sign(session(generations=[1, 0, 1], token_id=OTHER, link_root=root_id("older"))), "root_refused"),
        check(sign(session(generations=[1, 0, 1], token_id=OTHER))),
    )


def effects(feeds):
    """What a follower holds after changes, told by the snapshot it exports."""

    def add(name, comment, changes, *left, token=None, code=OK):
        store = Store([("7", change) if change[0] >= 0x10 else (None, change) for change in changes])
        steps = [ask(0), message(store.snapshot(0, challenge(0)), 0)]
        for number in range(len(changes)):
            steps += [ask(number + 1), message(store.delta(number, number + 1, challenge(number + 1)), number + 1)]
        steps.append(export(*left))
        if token:
            steps.append(check(token, code))
        feeds.add("effect-" + name, comment, *steps)
        # All changes in one delta come to the same.
        feeds.add(
            f"effect-{name}-at-once",
            comment + ", in one delta",
            ask(0),
            message(store.snapshot(0, challenge(0)), 0),
            ask(1),
            message(store.delta(0, len(changes), challenge(1)), len(changes)),
            export(*left),
            *([check(token, code)] if token else []),
        )

    here, token = tenant("7"), sign(link())
    add(
        "generation-greater",
        "a greater generation",
        [deployment_generation(3), deployment_generation(5)],
        deployment_generation(5),
    )
    add(
        "generation-less",
        "a lesser generation",
        [deployment_generation(5), deployment_generation(3)],
        deployment_generation(5),
    )
    add(
        "tenant-generation-less",
        "a lesser generation of a tenant",
        [tenant_generation(5), tenant_generation(3)],
        here,
        tenant_generation(5),
    )
    add(
        "client-generation-less",
        "a lesser generation of a client",
        [client_generation("12", 5), client_generation("12", 3)],
        here,
        client_generation("12", 5),
    )
    add(
        "clients",
        "two clients",
        [client_generation("7", 5), client_generation("b", 3)],
        here,
        client_generation("b", 3),
        client_generation("7", 5),
    )
    add(
        "root",
        "a root twice",
        [refused_root("older"), refused_root("older")],
        refused_root("older"),
        token=sign(link(root_id=root_id("older")), root="older"),
        code="root_refused",
    )
    add(
        "roots",
        "two roots",
        [refused_root("retired"), refused_root("older")],
        refused_root("older"),
        refused_root("retired"),
    )
    add(
        "suspended",
        "suspended",
        [suspended(LINK, LINK_ID)],
        here,
        suspended(LINK, LINK_ID),
        token=token,
        code="link_suspended",
    )
    add("restored", "suspended, then restored", [suspended(LINK, LINK_ID), restored(LINK, LINK_ID)], token=token)
    add(
        "restored-other",
        "another one restored",
        [suspended(LINK, LINK_ID), restored(LINK, OTHER)],
        here,
        suspended(LINK, LINK_ID),
        token=token,
        code="link_suspended",
    )
    add(
        "restored-unit",
        "restored as another unit",
        [suspended(LINK, LINK_ID), restored(COPY, LINK_ID)],
        here,
        suspended(LINK, LINK_ID),
        token=token,
        code="link_suspended",
    )
    add("restored-nothing", "nothing to restore", [restored(LINK, LINK_ID)], token=token)
    add(
        "suspended-again",
        "restored, then suspended again",
        [suspended(LINK, LINK_ID), restored(LINK, LINK_ID), suspended(LINK, LINK_ID)],
        here,
        suspended(LINK, LINK_ID),
        token=token,
        code="link_suspended",
    )
    add(
        "revoked",
        "suspended, then revoked",
        [suspended(LINK, LINK_ID), revoked(LINK, LINK_ID)],
        here,
        revoked(LINK, LINK_ID),
        token=token,
        code="link_revoked",
    )
    add(
        "revoked-restored",
        "revoked is final",
        [revoked(LINK, LINK_ID), restored(LINK, LINK_ID)],
        here,
        revoked(LINK, LINK_ID),
        token=token,
        code="link_revoked",
    )
    add(
        "revoked-suspended",
        "a suspension leaves it revoked",
        [revoked(LINK, LINK_ID), suspended(LINK, LINK_ID)],
        here,
        revoked(LINK, LINK_ID),
        token=token,
        code="link_revoked",
    )
    add(
        "revoked-suspended-restored",
        "also when that is restored",
        [revoked(LINK, LINK_ID), suspended(LINK, LINK_ID), restored(LINK, LINK_ID)],
        here,
        revoked(LINK, LINK_ID),
        token=token,
        code="link_revoked",
    )
    add(
        "expiry-later",
        "a later expiry",
        [revoked(LINK, LINK_ID, 100), revoked(LINK, LINK_ID, 200)],
        here,
        revoked(LINK, LINK_ID, 200),
    )
    add(
        "expiry-earlier",
        "an earlier expiry",
        [revoked(LINK, LINK_ID, 200), revoked(LINK, LINK_ID, 100)],
        here,
        revoked(LINK, LINK_ID, 200),
    )
    add(
        "expiry-suspended-later",
        "a suspension with a later expiry",
        [revoked(LINK, LINK_ID, 100), suspended(LINK, LINK_ID, 200)],
        here,
        revoked(LINK, LINK_ID, 200),
    )
    add(
        "expiry-revoked-earlier",
        "revoked with an earlier expiry",
        [suspended(LINK, LINK_ID, 200), revoked(LINK, LINK_ID, 100)],
        here,
        revoked(LINK, LINK_ID, 200),
    )
    add(
        "expiry-forgotten",
        "a restored entry takes its expiry along",
        [suspended(LINK, LINK_ID, 200), restored(LINK, LINK_ID), suspended(LINK, LINK_ID, 100)],
        here,
        suspended(LINK, LINK_ID, 100),
    )
    add(
        "revision-greater",
        "a greater revision with an earlier expiry",
        [minimum_revision(LINK_ID, 3, 200), minimum_revision(LINK_ID, 5, 100)],
        here,
        minimum_revision(LINK_ID, 5, 200),
    )
    add(
        "revision-less",
        "a lesser revision with a later expiry",
        [minimum_revision(LINK_ID, 5, 100), minimum_revision(LINK_ID, 3, 200)],
        here,
        minimum_revision(LINK_ID, 5, 200),
    )
    add(
        "revision",
        "a revision",
        [minimum_revision(LINK_ID, 1)],
        here,
        minimum_revision(LINK_ID, 1),
        token=sign(session()),
        code="session_superseded",
    )
    add(
        "tombstones",
        "tombstones only grow",
        [tombstone(b"\xff" * 16), tombstone(bytes(16)), tombstone(bytes(16))],
        here,
        tombstone(bytes(16)),
        tombstone(b"\xff" * 16),
    )
    add(
        "units",
        "one id in three units",
        [revoked(COPY, OTHER), revoked(LINK, OTHER), suspended(SESSION, OTHER)],
        here,
        revoked(LINK, OTHER),
        revoked(COPY, OTHER),
        suspended(SESSION, OTHER),
    )


def collecting(feeds):
    here = tenant("7")
    end = NOW + 1000
    store = Store(
        [
            (None, deployment_generation(1)),
            (None, refused_root("older")),
            ("7", tenant_generation(1)),
            ("7", client_generation("12", 1)),
            ("7", revoked(LINK, LINK_ID, end)),
            ("7", suspended(COPY, OTHER, end + 1)),
            ("7", minimum_revision(LINK_ID, 3, end)),
            ("7", tombstone(OTHER)),
        ]
    )
    begin = deployment_generation(1) + refused_root("older") + here + tenant_generation(1) + client_generation("12", 1)
    everything = (
        begin
        + revoked(LINK, LINK_ID, end)
        + suspended(COPY, OTHER, end + 1)
        + minimum_revision(LINK_ID, 3, end)
        + tombstone(OTHER)
    )
    first = start(8, store=store)
    feeds.add("collect-599", "a second too early", *first, collect(end + 599), export(everything))
    feeds.add(
        "collect-600",
        "now = expires at + 600",
        *first,
        collect(end + 600),
        export(begin, suspended(COPY, OTHER, end + 1), tombstone(OTHER)),
    )
    feeds.add(
        "collect-601", "a second later, the other one too", *first, collect(end + 601), export(begin, tombstone(OTHER))
    )
    feeds.add("collect-0", "the clock at 0", *first, collect(0), export(everything))
    feeds.add(
        "collect-max",
        "the clock at its end: counters, roots and tombstones stay",
        *first,
        collect(2**64 - 1),
        export(begin, tombstone(OTHER)),
    )
    feeds.add(
        "collect-stamp",
        "collecting changes neither stamp nor history",
        *first,
        collect(2**64 - 1),
        ask(1),
        message(store.delta(8, 8, challenge(1)), 8),
        ask(2),
        message(store.snapshot(8, challenge(2)), 8),
        export(everything),
    )
    only = Store([("7", revoked(LINK, LINK_ID, 0)), ("7", suspended(SESSION, OTHER, TOP))])
    feeds.add(
        "collect-expiry-0",
        "an entry that ends at 0, a second too early",
        *start(1, store=only),
        collect(599),
        export(here, revoked(LINK, LINK_ID, 0)),
    )
    feeds.add(
        "collect-expiry-0-600",
        "an entry that ends at 0; a tenant of which nothing is left is not stated",
        *start(1, store=only),
        collect(600),
        export(),
    )
    feeds.add(
        "collect-expiry-top",
        "an entry that ends at 2^40-1: no wrap-around",
        *start(2, store=only),
        collect(TOP + 599),
        export(here, suspended(SESSION, OTHER, TOP)),
        collect(TOP + 600),
        export(),
    )


def scopes(feeds):
    both, seven = ["7", "8"], ["7"]

    def snapshot(last, scope, number=0, **changes):
        return STORE.snapshot(last, challenge(number), scope, **changes)

    feeds.add(
        "scope-one",
        "a follower of one tenant",
        ask(0),
        message(snapshot(3, seven), 3),
        export(deployment_generation(1), tenant("7"), client_generation("12", 1)),
        check(sign(CURRENT)),
        check(sign(link(tenant="8", generations=[1, 1, 0])), "out_of_scope"),
        ask(1),
        message(STORE.delta(3, 7, challenge(1), seven), 7),
        export(
            deployment_generation(1),
            refused_root("older"),
            tenant("7"),
            client_generation("12", 1),
            revoked(SESSION, SESSION_ID),
        ),
        scope=seven,
    )
    feeds.add(
        "scope-two",
        "a follower of two tenants, named in another order",
        ask(0),
        message(snapshot(3, both), 3),
        check(sign(CURRENT)),
        check(sign(link(tenant="8", generations=[1, 1, 0]))),
        check(sign(link(tenant="9", generations=[1, 0, 0])), "out_of_scope"),
        scope=["8", "7"],
    )
    feeds.add(
        "scope-delta-without",
        "a delta whose changes are all of other tenants",
        ask(0),
        message(snapshot(2, seven), 2),
        ask(1),
        message(STORE.delta(2, 3, challenge(1), seven), 3),
        ask(2),
        message(STORE.delta(3, 4, challenge(2), seven), 4),
        check(sign(CURRENT), "link_suspended"),
        scope=seven,
    )
    feeds.add(
        "scope-outside",
        "a tenant outside the scope",
        ask(0),
        message(snapshot(3, seven, body=tenant("8") + tenant_generation(1)), "malformed_message"),
        message(snapshot(3, seven), 3),
        scope=seven,
    )
    feeds.add(
        "scope-outside-delta",
        "a tenant outside the scope, in a delta",
        ask(0),
        message(snapshot(3, seven), 3),
        ask(1),
        message(STORE.delta(3, 4, challenge(1), seven, body=tenant("8") + tenant_generation(2)), "malformed_message"),
        scope=seven,
    )
    feeds.add(
        "scope-fewer",
        "a message of fewer tenants",
        ask(0),
        message(snapshot(3, seven), "wrong_scope"),
        message(snapshot(3, both), 3),
        scope=both,
    )
    feeds.add(
        "scope-more",
        "a message of more tenants",
        ask(0),
        message(snapshot(3, both), "wrong_scope"),
        message(snapshot(3, seven), 3),
        scope=seven,
    )
    feeds.add(
        "scope-whole",
        "a message of the whole deployment",
        ask(0),
        message(snapshot(3, r.WHOLE), "wrong_scope"),
        message(snapshot(3, seven), 3),
        scope=seven,
    )
    feeds.add(
        "scope-other", "a message of another tenant", ask(0), message(snapshot(3, ["8"]), "wrong_scope"), scope=seven
    )
    wire = r.encode_scope(seven)
    good = snapshot(3, seven)
    for name, other in (("whole", b"\x00"), ("other", r.encode_scope(["8"])), ("more", r.encode_scope(both))):
        forged = good[:-32] + f.message_tag(root_key("active"), MAIN_ID, other, good[:-32])
        feeds.add(
            "scope-key-" + name,
            "signed with the key of another scope",
            ask(0),
            message(forged, "forged_message"),
            message(good, 3),
            scope=seven,
        )
    assert wire in good
    mixed = ["acme", UUID_A, "7", "300"]
    feeds.add(
        "scope-types", "tenants of all types", ask(0), message(snapshot(3, mixed), 3), check(sign(CURRENT)), scope=mixed
    )
    many = [f"tenant-{n:03}" for n in range(150)]
    feeds.add(
        "scope-many",
        "150 tenants: the count takes two bytes",
        ask(0),
        message(snapshot(1, many), 1),
        check(sign(link(tenant="tenant-149", generations=[1, 0, 0]))),
        check(sign(link(tenant="tenant-150", generations=[1, 0, 0])), "out_of_scope"),
        scope=many,
    )


def held_views(feeds):
    """Tokens under the view a follower holds at that moment."""
    shared = sign(CURRENT, *COPY_BODIES)
    copies = copy_ids(CURRENT)
    store = Store(
        [
            (None, deployment_generation(1)),
            ("7", client_generation("12", 1)),
            ("7", suspended(COPY, copies[1])),
            ("7", revoked(LINK, LINK_ID)),
            (None, deployment_generation(2)),
        ]
    )
    feeds.add(
        "held-copies",
        "a copy suspended, then its link revoked, then all",
        *start(2, store=store),
        check(shared),
        ask(1),
        message(store.delta(2, 3, challenge(1)), 3),
        check(shared, "copy_suspended"),
        check(sign(CURRENT)),
        check(sign(CURRENT, *COPY_BODIES[:1])),
        ask(2),
        message(store.delta(3, 4, challenge(2)), 4),
        check(shared, "link_revoked"),
        check(sign(CURRENT), "link_revoked"),
        ask(3),
        message(store.delta(4, 5, challenge(3)), 5),
        check(shared, "deployment_revoked"),
        check(sign(link(generations=[2, 0, 1])), "link_revoked"),
        check(sign(link(generations=[2, 0, 1], token_id=OTHER))),
    )
    feeds.add(
        "held-form",
        "form and tag come before the view",
        *start(2, store=store),
        check(sign(CURRENT)[:60], "bad_checksum"),
        check(with_crc("pwl_", inner(sign(CURRENT))[:-32] + bytes(32)), "forged"),
        check(sign(link(generations=[1, 0, 1], expires_at=NOW)), "expired"),
        check(sign(CURRENT, expiry(NOW)), "expired"),
        check(sign(CURRENT)),
    )
    feeds.add(
        "held-refused-message",
        "a refused message leaves the view as it was, also its freshness",
        *start(2, store=store),
        ask(1, 20_000),
        message(store.delta(1, 3, challenge(1)), "gap"),
        check(sign(CURRENT), monotonic=31_000),
        check(sign(CURRENT), "view_stale", monotonic=31_001),
        export(deployment_generation(1), tenant("7"), client_generation("12", 1)),
    )


class Commits(Store):
    """Changes of several records each, of the deployment and of tenants as they come."""

    @staticmethod
    def _body(changes, scope):
        return Store._body([record for change in changes for record in change], scope)


COMMITS = Commits(
    [
        [("7", suspended(LINK, LINK_ID)), (None, deployment_generation(1)), ("8", tenant_generation(1))],
        [("8", suspended(COPY, OTHER)), ("7", client_generation("12", 1))],
        [(None, refused_root("older")), ("7", restored(LINK, LINK_ID)), ("8", revoked(COPY, OTHER))],
        [("acme", tombstone(OTHER)), (None, deployment_generation(2)), ("7", revoked(SESSION, SESSION_ID))],
        [("8", tenant_generation(3)), ("8", restored(COPY, OTHER)), ("7", suspended(LINK, OTHER, TOP))],
        [("7", minimum_revision(LINK_ID, 4)), (None, refused_root("retired")), (None, deployment_generation(1))],
    ]
)
COMMITTED = (
    deployment_generation(2)
    + refused_root("older")
    + refused_root("retired")
    + tenant("acme")
    + tombstone(OTHER)
    + tenant("7")
    + client_generation("12", 1)
    + revoked(SESSION, SESSION_ID)
    + suspended(LINK, OTHER, TOP)
    + minimum_revision(LINK_ID, 4)
    + tenant("8")
    + tenant_generation(3)
    + revoked(COPY, OTHER)
)


def several_changes(feeds):
    """Deltas of several changes: all records of the deployment, then those of tenants, both in order."""
    last = len(COMMITS.changes)
    token, older = sign(link(generations=[2, 0, 1])), sign(link(generations=[1, 0, 1]))

    def deltas(number, *spans, store=COMMITS, scope=r.WHOLE):
        steps = [ask(number), message(store.snapshot(spans[0][0], challenge(number), scope), spans[0][0])]
        for first, end in spans:
            number += 1
            steps += [ask(number), message(store.delta(first, end, challenge(number), scope), end)]
        return steps

    ends = (
        export(COMMITTED),
        check(token),
        check(older, "deployment_revoked"),
        check(sign(session(generations=[2, 0, 1])), "session_revoked"),
        check(sign(session(generations=[2, 0, 1], token_id=OTHER)), "session_superseded"),
        check(sign(link(generations=[2, 0, 1], token_id=OTHER)), "link_suspended"),
        check(sign(link(tenant="8", generations=[2, 2, 0])), "tenant_revoked"),
        check(sign(link(root_id=root_id("older"), generations=[2, 0, 1]), root="older"), "root_refused"),
    )
    feeds.add("changes-at-once", "six changes in one delta", *deltas(0, (0, last)), *ends)
    for cut in range(1, last):
        feeds.add(
            f"changes-cut-{cut}",
            f"the same in two deltas, cut after change {cut}",
            *deltas(0, (0, cut), (cut, last)),
            *ends[:2],
        )
    feeds.add("changes-one-by-one", "the same one by one", *deltas(0, *[(n, n + 1) for n in range(last)]), *ends)
    feeds.add("changes-snapshot", "the same in a snapshot", *start(last, store=COMMITS), *ends)
    feeds.add(
        "changes-list",
        "the same in a list delta",
        message(COMMITS.snapshot(0, span(), kind=f.LIST_SNAPSHOT), 0),
        message(COMMITS.delta(0, last, span(), kind=f.LIST_DELTA), last),
        export(COMMITTED),
        check(token, mode="list"),
    )
    for scope, left in (
        (
            ["7"],
            [
                tenant("7"),
                client_generation("12", 1),
                revoked(SESSION, SESSION_ID),
                suspended(LINK, OTHER, TOP),
                minimum_revision(LINK_ID, 4),
            ],
        ),
        (["8"], [tenant("8"), tenant_generation(3), revoked(COPY, OTHER)]),
        (["9"], []),
        (
            ["8", "acme"],
            [tenant("acme"), tombstone(OTHER), tenant("8"), tenant_generation(3), revoked(COPY, OTHER)],
        ),
    ):
        feeds.add(
            "changes-scope-" + "-".join(scope),
            "for these tenants: the deployment's records and theirs",
            *deltas(0, (0, last), scope=scope),
            export(deployment_generation(2), refused_root("older"), refused_root("retired"), *left),
            scope=scope,
        )

    def body(name, comment, good, *records, scope=r.WHOLE, left=None):
        """The delta over two changes with this body, then the right one; both leave what the right one leaves."""
        two = Commits(COMMITS.changes[:2])
        right = two.delta(0, 2, challenge(1), scope)
        whole = two.state(2, scope).snapshot() if left is None else left
        one = two.delta(0, 2, challenge(1), scope, body=b"".join(records))
        steps = [message(one, 2)] if good else [message(one, "malformed_message"), export(), message(right, 2)]
        feeds.add(
            "changes-body-" + name,
            comment,
            ask(0),
            message(two.snapshot(0, challenge(0), scope), 0),
            ask(1),
            *steps,
            export(whole),
            scope="all" if scope is r.WHOLE else scope,
        )

    all_of_deployment = deployment_generation(1)
    seven, eight = tenant("7"), tenant("8")
    a, b = suspended(LINK, LINK_ID), client_generation("12", 1)
    c, d = tenant_generation(1), suspended(COPY, OTHER)
    body("right", "the deployment first", True, all_of_deployment, seven, a, eight, c, eight, d, seven, b)
    body("once-each", "each tenant once, its records together", True, all_of_deployment, seven, a, b, eight, c, d)
    body("once-each-other", "the tenants the other way round", True, all_of_deployment, eight, c, d, seven, b, a)
    body(
        "every-record",
        "each record under a tenant of its own",
        True,
        all_of_deployment,
        seven,
        a,
        seven,
        b,
        eight,
        c,
        eight,
        d,
    )
    body("as-committed", "the deployment where its change has it", False, seven, a, all_of_deployment, eight, c, d)
    body("last", "the deployment last", False, seven, a, b, eight, c, d, all_of_deployment)
    body("between", "the deployment between two tenants", False, seven, a, b, all_of_deployment, eight, c, d)
    body("root-between", "a refused root between two tenants", False, seven, a, b, refused_root("older"), eight, c, d)
    body("root-last", "a refused root last", False, all_of_deployment, seven, a, b, eight, c, d, refused_root("older"))
    body(
        "second-change",
        "the deployment first in each change, the changes one after the other",
        False,
        all_of_deployment,
        seven,
        a,
        all_of_deployment,
        eight,
        c,
    )
    body("again", "the deployment first and again last", False, all_of_deployment, seven, a, b, all_of_deployment)
    body(
        "deployment-twice",
        "several records of the deployment, in any order and repeated",
        True,
        refused_root("retired"),
        deployment_generation(2),
        refused_root("older"),
        deployment_generation(1),
        refused_root("retired"),
        seven,
        a,
        left=deployment_generation(2) + refused_root("older") + refused_root("retired") + seven + a,
    )
    body(
        "deployment-only",
        "records of the deployment only",
        True,
        deployment_generation(3),
        refused_root("older"),
        deployment_generation(7),
        left=deployment_generation(7) + refused_root("older"),
    )
    body(
        "tenant-order",
        "within a tenant the order counts: restored, then suspended",
        True,
        seven,
        restored(LINK, LINK_ID),
        eight,
        d,
        seven,
        a,
        left=seven + a + eight + d,
    )
    body(
        "tenant-order-other",
        "the other way round",
        True,
        seven,
        a,
        eight,
        d,
        seven,
        restored(LINK, LINK_ID),
        left=eight + d,
    )
    body(
        "scope-outside-last",
        "a tenant outside the scope, last",
        False,
        all_of_deployment,
        seven,
        a,
        b,
        eight,
        c,
        scope=["7"],
    )
    body("scope-inside", "without it", True, all_of_deployment, seven, a, b, scope=["7"])
    body("tenant-alone-between", "a tenant without record among others", False, all_of_deployment, seven, eight, c, d)
    body(
        "cut",
        "the last record cut off: the records before it do not count",
        False,
        all_of_deployment,
        seven,
        a,
        b,
        eight,
        c,
        d[:-1],
    )

    fork = Commits(COMMITS.changes)
    feeds.add(
        "changes-not-first-later",
        "the deployment not first, on a view that is held; the challenge stays, and so does the view",
        *start(2, store=fork),
        ask(1, 2000),
        message(fork.delta(2, 4, challenge(1), body=seven + a + deployment_generation(9)), "malformed_message"),
        export(fork.state(2).snapshot()),
        check(sign(link(generations=[1, 0, 1])), "link_suspended"),
        message(fork.delta(2, 4, challenge(1)), 4),
        export(fork.state(4).snapshot()),
    )
    feeds.add(
        "changes-not-first-list",
        "the deployment not first in a list delta",
        message(fork.snapshot(2, span(), kind=f.LIST_SNAPSHOT), 2),
        message(
            fork.delta(2, 4, span(), kind=f.LIST_DELTA, body=seven + a + deployment_generation(9)), "malformed_message"
        ),
        message(fork.delta(2, 4, span(), kind=f.LIST_DELTA), 4),
        export(fork.state(4).snapshot()),
    )
    feeds.add(
        "changes-not-first-forged",
        "the tag comes before the order",
        *start(2, store=fork),
        ask(1),
        message(
            fork.delta(2, 4, challenge(1), body=seven + a + deployment_generation(9), root=bytes(32)), "forged_message"
        ),
        message(fork.delta(2, 4, challenge(1)), 4),
    )
    feeds.add(
        "changes-not-first-gap",
        "the order comes before the gap",
        *start(2, store=fork),
        ask(1),
        message(fork.delta(3, 4, challenge(1), body=seven + a + deployment_generation(9)), "malformed_message"),
        message(fork.delta(3, 4, challenge(1)), "gap"),
    )


def number_edges(feeds):
    """First and last values of counters, expiries and sequences, in deltas of several changes."""
    here, top = tenant("7"), 2**32 - 1

    def full(deployment=top, tenants=top, client=top, revision=top, first=0, last=TOP):
        return b"".join(
            (
                deployment_generation(deployment),
                here,
                tenant_generation(tenants),
                client_generation("12", client),
                revoked(COPY, OTHER, first),
                suspended(SESSION, OTHER, last),
                minimum_revision(LINK_ID, revision, last),
            )
        )

    def delta(name, comment, body, good, *after):
        feeds.add(
            "edges-" + name,
            comment,
            *start(0),
            ask(1),
            message(STORE.delta(0, 3, challenge(1), body=body), 3 if good else "malformed_message"),
            *after,
        )

    delta(
        "counters-max",
        "counters of 2^32-1",
        full(),
        True,
        export(full()),
        check(sign(link(generations=[top, top, top]))),
        check(sign(link(generations=[top - 1, top, top])), "deployment_revoked"),
        check(sign(link(generations=[top, top - 1, top])), "tenant_revoked"),
        check(sign(link(generations=[top, top, top - 1])), "client_revoked"),
        check(sign(session(generations=[top, top, top], link_revision=top))),
        check(sign(session(generations=[top, top, top], link_revision=top - 1)), "session_superseded"),
    )
    delta(
        "counters-1",
        "counters of 1",
        full(1, 1, 1, 1),
        True,
        export(full(1, 1, 1, 1)),
        check(sign(link(generations=[1, 1, 1]))),
        check(sign(link(generations=[0, 1, 1])), "deployment_revoked"),
        check(sign(link(generations=[1, 0, 1])), "tenant_revoked"),
        check(sign(link(generations=[1, 1, 0])), "client_revoked"),
        check(sign(session(generations=[1, 1, 1], link_revision=1))),
        check(sign(session(generations=[1, 1, 1], link_revision=0)), "session_superseded"),
    )
    for name in ("deployment", "tenants", "client", "revision"):
        for value, word in ((0, "0"), (2**32, "2-32")):
            delta(
                f"{name}-{word}",
                f"this counter {value}: nothing of the message counts",
                full(**{name: value}),
                False,
                export(),
                message(STORE.delta(0, 3, challenge(1), body=full()), 3),
            )
    feeds.add(
        "edges-counters-up",
        "from 1 to the largest, and never back",
        *start(0),
        ask(1),
        message(STORE.delta(0, 1, challenge(1), body=full(1, 1, 1, 1)), 1),
        ask(2),
        message(STORE.delta(1, 2, challenge(2), body=full()), 2),
        ask(3),
        message(STORE.delta(2, 3, challenge(3), body=full(1, 1, 1, 1)), 3),
        export(full()),
    )
    feeds.add(
        "edges-expiries",
        "the first and the last expiry, in both orders",
        *start(0),
        ask(1),
        message(STORE.delta(0, 1, challenge(1), body=full(first=0, last=TOP)), 1),
        ask(2),
        message(STORE.delta(1, 2, challenge(2), body=full(first=TOP, last=0)), 2),
        export(full(first=TOP, last=TOP)),
        collect(TOP + 599),
        export(full(first=TOP, last=TOP)),
        collect(TOP + 600),
        export(deployment_generation(top), here, tenant_generation(top), client_generation("12", top)),
    )

    last = 2**64 - 1

    def at(kind, first, before, end, after, number, body=b""):
        return f.encode(
            kind=kind,
            root_id=root_id("active"),
            root=root_key("active"),
            deployment_id=MAIN_ID,
            incarnation=INCARNATION,
            scope_wire=b"\x00",
            first=first,
            before=before,
            last=end,
            after=after,
            proof=challenge(number),
            body=body,
        )

    none, one, two = bytes(32), b"\x01" * 32, b"\x02" * 32
    near = (ask(0), message(at(f.LIVE_SNAPSHOT, 0, none, last - 1, one, 0), last - 1))
    feeds.add(
        "edges-sequence-max",
        "a delta to the largest sequence, then one over nothing",
        *near,
        ask(1),
        message(at(f.LIVE_DELTA, last - 1, one, last, two, 1, full()), last),
        ask(2),
        message(at(f.LIVE_DELTA, last, two, last, two, 2), last),
        export(full()),
    )
    feeds.add(
        "edges-sequence-wraps",
        "no sequence comes after it",
        *near,
        ask(1),
        message(at(f.LIVE_DELTA, last - 1, one, 0, two, 1), "malformed_message"),
        message(at(f.LIVE_DELTA, last, one, 0, two, 1), "malformed_message"),
        message(at(f.LIVE_DELTA, last, one, last, one, 1), "gap"),
    )
    feeds.add(
        "edges-sequence-span",
        "a delta from 0 to the largest sequence",
        *start(0),
        ask(1),
        message(at(f.LIVE_DELTA, 0, none, last, two, 1, full()), last),
        ask(2),
        message(at(f.LIVE_DELTA, last, two, last, two, 2), last),
    )
    feeds.add(
        "edges-sequence-0",
        "a delta over nothing at 0",
        *start(0),
        ask(1),
        message(at(f.LIVE_DELTA, 0, none, 0, none, 1), 0),
        ask(2),
        message(at(f.LIVE_DELTA, 0, one, 0, one, 2), "fork"),
    )


def held_evidence(feeds):
    """Whose evidence a view has after a message: the last paragraphs of section 5."""
    token, other = sign(CURRENT), sign(CURRENT_TOO)
    later = Store(STORE.changes[:2], LATER)

    def listed(last, this_update=NOW - 100, next_update=NOW + 100, store=STORE):
        return message(store.snapshot(last, span(this_update, next_update), kind=f.LIST_SNAPSHOT), last)

    def listed_delta(first, last, this_update=NOW - 100, next_update=NOW + 100):
        return message(STORE.delta(first, last, span(this_update, next_update), kind=f.LIST_DELTA), last)

    def saved(last, store=STORE):
        return message(store.snapshot(last, kind=f.SAVED_SNAPSHOT), last)

    def live_until(ms, token=token):
        return (
            check(token, monotonic=ms),
            check(token, "view_stale", monotonic=ms + 1),
            check(token, "view_stale", monotonic=ms, mode="list"),
        )

    def list_until(s, token=token):
        return (
            check(token, now=s - 1, mode="list"),
            check(token, "view_stale", now=s, mode="list"),
            check(token, "view_stale", now=s - 1),
        )

    def add(name, comment, *steps):
        feeds.add("evidence-" + name, comment, *steps)

    add(
        "live-list-same",
        "a list snapshot of the held stamp leaves live evidence",
        *start(3),
        listed(3),
        *live_until(31_000),
    )
    add(
        "live-list-later",
        "one of a later stamp too; its records count",
        *start(3),
        listed(4),
        check(token, "link_suspended"),
        *live_until(31_000, other),
    )
    add(
        "live-list-delta-later",
        "a list delta too; its stamp and history are those that the next delta builds on",
        *start(3),
        listed_delta(3, 4),
        check(token, "link_suspended"),
        *live_until(31_000, other),
        ask(1, 5000),
        message(STORE.delta(3, 5, challenge(1)), "gap"),
        ask(2, 6000),
        message(STORE.delta(4, 5, challenge(2)), 5),
        *live_until(36_000),
    )
    add(
        "live-list-incarnation",
        "one of a greater incarnation too",
        *start(3),
        listed(2, store=later),
        *live_until(31_000),
    )
    add(
        "live-list-longer",
        "however long the list would be good",
        *start(3),
        listed(3, NOW, TOP),
        *live_until(31_000),
        listed(3, 0, TOP),
        *live_until(31_000),
    )
    add(
        "stale-list",
        "also when the live evidence is stale: a view becomes one of a list after a restart only",
        *start(3),
        check(token, "view_stale", monotonic=10**9),
        listed(3),
        check(token, "view_stale", monotonic=10**9),
        check(token, "view_stale", monotonic=10**9, mode="list"),
        restart(),
        listed(3),
        *list_until(NOW + 100),
    )
    add(
        "live-list-refused",
        "a list that is refused leaves everything",
        *start(3),
        message(STORE.snapshot(3, span(NOW - 100, NOW), kind=f.LIST_SNAPSHOT), "list_expired"),
        message(STORE.snapshot(2, span(), kind=f.LIST_SNAPSHOT), "rollback"),
        *live_until(31_000),
    )
    add(
        "live-saved-list",
        "nor does a saved snapshot between make a difference",
        *start(3),
        saved(3),
        listed(3),
        *live_until(31_000),
    )
    add(
        "live-live",
        "live evidence takes the place of live evidence",
        *start(3),
        ask(1, 5000),
        message(STORE.delta(3, 3, challenge(1)), 3),
        check(token, "view_stale", monotonic=4999),
        *live_until(35_000),
    )
    add(
        "live-live-snapshot",
        "a snapshot of the held stamp too",
        *start(3),
        ask(1, 5000),
        message(STORE.snapshot(3, challenge(1)), 3),
        *live_until(35_000),
    )
    add(
        "live-live-earlier",
        "also when its request was sent earlier",
        ask(0, 5000),
        message(STORE.snapshot(3, challenge(0)), 3),
        ask(1, 4000),
        message(STORE.delta(3, 3, challenge(1)), 3),
        *live_until(34_000),
    )
    add(
        "list-live",
        "live evidence takes the place of a list",
        listed(3),
        ask(0),
        message(STORE.snapshot(3, challenge(0)), 3),
        *live_until(31_000),
    )
    add(
        "list-live-delta",
        "as a delta too",
        listed(3),
        ask(0),
        message(STORE.delta(3, 4, challenge(0)), 4),
        *live_until(31_000, other),
    )
    add("saved-list", "a list takes the place of none", saved(3), listed(3), *list_until(NOW + 100))
    add("saved-list-delta", "as a delta over nothing too", saved(3), listed_delta(3, 3), *list_until(NOW + 100))
    add("saved-list-later", "as a later delta too", saved(3), listed_delta(3, 4), *list_until(NOW + 100, other))
    add(
        "saved-list-before",
        "a saved snapshot has no this-update to compare with",
        saved(3),
        listed(3, 0, NOW + 1),
        *list_until(NOW + 1),
    )
    add(
        "list-saved-later",
        "a saved snapshot of a later stamp leaves a list",
        listed(3),
        saved(4),
        check(token, "link_suspended", mode="list"),
        *list_until(NOW + 100, other),
    )
    add(
        "list-saved-incarnation",
        "one of a greater incarnation too",
        listed(3),
        saved(2, later),
        *list_until(NOW + 100),
    )
    add(
        "list-saved-list-earlier",
        "a list of the stamp that a saved snapshot brought, earlier than the list held: it leaves that one",
        listed(3, NOW, NOW + 100),
        saved(5),
        listed(5, NOW - 1, NOW + 50),
        *list_until(NOW + 100),
    )
    add(
        "list-saved-list-same",
        "not earlier: it is taken",
        listed(3, NOW, NOW + 100),
        saved(5),
        listed(5, NOW, NOW + 50),
        *list_until(NOW + 50),
    )
    add(
        "list-list-delta-later-earlier",
        "a list delta of a later stamp is taken, whatever its this-update",
        listed(3, NOW, NOW + 100),
        listed_delta(3, 4, NOW - 10, NOW + 50),
        *list_until(NOW + 50, other),
    )
    add(
        "list-list-incarnation-earlier",
        "a list of a greater incarnation too, with the same sequence",
        listed(2, NOW, NOW + 100),
        listed(2, NOW - 10, NOW + 50, store=later),
        *list_until(NOW + 50),
    )
    add(
        "list-list-chain",
        "an earlier list that was left does not count for the next",
        listed(3, NOW, NOW + 100),
        listed(3, NOW - 20, NOW + 50),
        listed(3, NOW - 10, NOW + 60),
        *list_until(NOW + 100),
        listed(3, NOW + 1, NOW + 70),
        *list_until(NOW + 70),
        listed(3, NOW, NOW + 80),
        *list_until(NOW + 70),
    )
    add(
        "list-list-delta-same-stamp",
        "a list delta over nothing with a later this-update",
        listed(3, NOW, NOW + 100),
        listed_delta(3, 3, NOW + 1, NOW + 50),
        *list_until(NOW + 50),
    )
    add(
        "list-list-expired",
        "an expired list is still the held one: an earlier one leaves it",
        listed(3, NOW, NOW + 10),
        message(STORE.snapshot(3, span(NOW - 10, NOW + 500), kind=f.LIST_SNAPSHOT), 3, NOW + 20),
        check(token, "view_stale", now=NOW + 20, mode="list"),
        message(STORE.snapshot(3, span(NOW, NOW + 500), kind=f.LIST_SNAPSHOT), 3, NOW + 20),
        check(token, now=NOW + 20, mode="list"),
    )
    add(
        "list-list-suspension",
        "a list whose evidence is left counts with its records",
        listed(4, NOW, NOW + 100),
        check(token, "link_suspended", mode="list"),
        message(
            STORE.snapshot(
                4,
                span(NOW - 10, NOW + 50),
                kind=f.LIST_SNAPSHOT,
                body=deployment_generation(1) + tenant("7") + client_generation("12", 1),
            ),
            4,
        ),
        *list_until(NOW + 100),
    )


def short_messages(feeds):
    """Length comes before version, version before type; up to 154 bytes nothing else is looked at."""
    whole = STORE.snapshot(0, kind=f.SAVED_SNAPSHOT)
    assert len(whole) == f.FIXED == 154
    live = STORE.snapshot(0, challenge(0))

    def lengths(name, comment, data, enough, upto=f.FIXED):
        """Cut to every length up to `upto`."""
        steps = [
            message(data[:length], "malformed_message" if length < f.FIXED else enough) for length in range(upto + 1)
        ]
        feeds.add("message-short-" + name, comment, *steps)

    def version(data, value):
        return data[:3] + bytes([value]) + data[4:]

    def kind(data, value):
        return data[:4] + bytes([value]) + data[5:]

    lengths("known", "the shortest message there is, cut to every length", whole, 0)
    lengths("version-2", "the same in an unknown version", version(whole, 2), "unknown_version")
    for value in (0, 255):
        for length in (3, 4, 5, f.FIXED - 1, f.FIXED):
            feeds.add(
                f"message-short-version-{value}-{length}",
                f"an unknown version, {length} bytes",
                message(
                    version(whole, value)[:length],
                    "malformed_message" if length < f.FIXED else "unknown_version",
                ),
            )
    for value in (0, 6):
        for length in (5, f.FIXED - 1, f.FIXED):
            feeds.add(
                f"message-short-type-{value}-{length}",
                f"an unknown type, {length} bytes",
                message(kind(whole, value)[:length], "malformed_message" if length < f.FIXED else "unknown_type"),
            )
    for length in (f.FIXED - 1, f.FIXED):
        feeds.add(
            f"message-short-version-2-type-0-{length}",
            f"version and type unknown, {length} bytes",
            message(
                kind(version(whole, 2), 0)[:length], "malformed_message" if length < f.FIXED else "unknown_version"
            ),
        )
        feeds.add(
            f"message-short-magic-{length}",
            f"another magic and an unknown version, {length} bytes",
            message(b"pwg" + version(whole, 2)[3:length], "malformed_message"),
        )
    steps = []
    for length in range(f.FIXED - 1, len(live) + 1):
        known = 0 if length == len(live) else "malformed_message"
        steps.append(
            message(version(live, 2)[:length], "unknown_version" if length >= f.FIXED else "malformed_message")
        )
        steps.append(message(live[:length], known))
    feeds.add(
        "message-short-live",
        "a live snapshot cut within its challenge: malformed, or of an unknown version",
        ask(0),
        *steps,
    )
    zeros = b"pwf\x02" + bytes(f.FIXED - 4)
    feeds.add("message-short-zeros", "nothing but magic and an unknown version", message(zeros, "unknown_version"))
    feeds.add("message-short-zeros-less", "a byte less", message(zeros[:-1], "malformed_message"), message(whole, 0))


# --- requests ----------------------------------------------------------------------------------


def requests(subject):
    asked = seeded("challenge of a request", 16)
    since = {"none": (None, b"\x00"), "held": ((INCARNATION, 7), b"\x01" + INCARNATION + u64(7))}
    scopes = {"whole": (r.WHOLE, b"\x00"), "tenants": (["7", "8"], r.encode_scope(["7", "8"]))}

    def add(name, comment, data, intended="malformed_request"):
        told = data if isinstance(data, dict) else data.hex()
        subject.add("feed_request/" + name, comment, "feed_request", intended, request=told)

    def means(scope, held, challenge=asked):
        told = None if held is None else {"incarnation": held[0].hex(), "sequence": held[1]}
        return {"scope": "all" if scope is r.WHOLE else scope, "since": told, "challenge": challenge.hex()}

    def request(scope=b"\x00", held=b"\x00", challenge=asked, head=b"pwq\x01"):
        return head + scope + held + challenge

    cut = set()
    for scope_name, (scope, scope_wire) in scopes.items():
        for since_name, (held, held_wire) in since.items():
            name, good = f"{scope_name}-{since_name}", request(scope_wire, held_wire)
            assert f.Request(scope, held, asked).encode() == good
            add("good-" + name, "a request", good, means(scope, held))
            for length in range(len(good)):
                if good[:length] not in cut:
                    add(f"cut-{name}-{length}", f"cut to {length} of {len(good)} bytes", good[:length])
                cut.add(good[:length])
            for more in (1, 2, 16, 17, 1000):
                add(f"longer-{name}-{more}", f"{more} zero bytes after it", good + bytes(more))
            add(f"longer-{name}-before", "a zero byte before it", b"\x00" + good)
            add(f"longer-{name}-twice", "twice", good * 2)
            for version in (0, 2, 0x7F, 0x80, 0xFF):
                add(f"version-{name}-{version}", "another version", request(scope_wire, held_wire, head=b"pwq" + bytes([version])))
            for kind in (2, 3, 0x7F, 0x80, 0xFF):
                add(f"since-{name}-{kind}", "an unknown form of since", request(scope_wire, bytes([kind]) + held_wire[1:]))
    whole, held = since["held"][1], since["held"][0]
    for magic in (b"pwf", b"pwQ", b"PWQ", b"pwl", b"qwp", bytes(3)):
        add("magic-" + magic.hex(), "another magic", request(head=magic + b"\x01"))
    add("magic-none", "none", request()[3:])
    add("since-none-as-held", "a stamp, but said to be none", request(held=b"\x00" + whole[1:]))
    add("since-held-as-none", "none, but said to be a stamp", request(held=b"\x01"))
    add("since-without-sequence", "an incarnation only", request(held=b"\x01" + INCARNATION))
    add("since-without-incarnation", "a sequence only", request(held=b"\x01" + u64(7)))
    for name, stamp in (
        ("zeros", (bytes(16), 0)), ("ones", (b"\xff" * 16, 2**64 - 1)), ("0", (INCARNATION, 0)), ("2-32", (INCARNATION, 2**32)),
        ("2-63", (INCARNATION, 2**63)), ("top", (INCARNATION, 2**64 - 1)), ("like-magic", (b"pwq\x01" * 4, 1)),
    ):
        add("since-" + name, "a stamp of any value", request(held=b"\x01" + stamp[0] + u64(stamp[1])), means(r.WHOLE, stamp))
    for name, challenge in (("zeros", bytes(16)), ("ones", b"\xff" * 16)):
        add("challenge-" + name, "a challenge of any value", request(challenge=challenge), means(r.WHOLE, None, challenge))

    def scoped(name, comment, wire, scope=None):
        intended = "malformed_request" if scope is None else means(scope, held)
        add("scope-" + name, comment, request(wire, whole), intended)

    seven, eight = identifier("7"), identifier("8")
    for kind in (2, 3, 0x10, 0x80, 0xFF):
        scoped(f"type-{kind}", "an unknown form of scope", bytes([kind]) + b"\x01" + seven)
    scoped("none", "no tenants", b"\x01\x00")
    scoped("none-and-one", "a count of none, and one", b"\x01\x00" + seven)
    scoped("whole-and-one", "the whole deployment, and a tenant", b"\x00\x01" + seven)
    scoped("count-less", "a count too small", b"\x01\x01" + seven + eight)
    scoped("count-more", "a count too great", b"\x01\x03" + seven + eight)
    scoped("descending", "not ascending", b"\x01\x02" + eight + seven)
    scoped("twice", "one twice", b"\x01\x02" + seven + seven)
    scoped("twice-last", "the last of three twice", b"\x01\x03" + seven + eight + eight)
    scoped("descending-last", "the last of three before", b"\x01\x03" + identifier("6") + eight + seven)
    scoped("order-of-texts", "ascending by text, not by wire form", b"\x01\x02" + seven + identifier("a"))
    scoped("order-of-lengths", "ascending by text, not by wire form", b"\x01\x02" + identifier("aa") + identifier("b"))
    scoped("order-of-forms", "ascending by wire form", b"\x01\x02" + identifier("b") + identifier("aa"), ["b", "aa"])
    scoped("order-of-numbers", "7 before 300", b"\x01\x02" + seven + identifier("300"), ["7", "300"])
    scoped("order-of-numbers-bytes", "384 before 257, by bytes", b"\x01\x02" + identifier("384") + identifier("257"), ["384", "257"])
    scoped("order-of-numbers-value", "257 before 384, by value", b"\x01\x02" + identifier("257") + identifier("384"))
    mixed = ["acme", UUID_A, "7", "300"]
    scoped("types", "tenants of all types", r.encode_scope(mixed), mixed)
    for name, comment, wire in BAD_VARINTS:
        scoped("count-" + name, f"a count that is malformed: {comment}", b"\x01" + wire + seven)
    for count in (2**32 - 1, 2**31, 65_536):
        scoped(f"count-{count}", "a count beyond all bytes", b"\x01" + varint(count) + seven)
    for name, comment, wire in BAD_IDENTIFIERS:
        scoped("tenant-" + name, f"a tenant that is malformed: {comment}", b"\x01\x01" + wire)
    for name, comment, value in GOOD_IDENTIFIERS:
        scoped("tenant-" + name, f"a tenant: {comment}", b"\x01\x01" + identifier(value), [value])
    many = [f"tenant-{n:03}" for n in range(150)]
    scoped("many", "150 tenants: the count takes two bytes", r.encode_scope(many), many)

    # As long as may be: many tenants, the first of which makes up for what is left.
    def long(first, count=5955):
        told = [{"hex": (b"pwq\x01\x01" + varint(count + 1) + identifier(first)).hex()}, {"repeat": "\u0000\u0009t%", "times": count},
                {"hex": (b"\x00" + asked).hex()}]
        return {"parts": told}, [first, *(f"t{n:08x}" for n in range(count))]

    for length, first in ((65_536, "long0"), (65_537, "long01"), (65_538, "long012")):
        data, tenants = long(first)
        assert len(f.Request(tenants, None, asked).encode()) == length
        add(f"length-{length}", f"{length} bytes by 5,956 tenants", data, means(tenants, None) if length == 65_536 else "malformed_request")
    data, tenants = long("long0", 10_000)
    add("length-10001", "10,001 tenants", data)
    data, _ = long("long0")
    add("length-65537-longer", "65,536 bytes and one more", {"parts": [*data["parts"], {"hex": "00"}]})
    add("length-65536-cut", "65,535 bytes of them", {"parts": [*data["parts"][:-1], {"hex": (b"\x00" + asked)[:-1].hex()}]})
    add("length-zeros", "a megabyte of zeros", {"parts": [{"repeat": "\u0000", "times": 1_048_576}]})
