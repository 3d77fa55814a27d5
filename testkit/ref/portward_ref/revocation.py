"""Views and the checks of a token against them: spec/revocation.md sections 1 to 4."""

from dataclasses import dataclass, field

from .derive import labelled_hash
from .errors import Malformed, Refused
from .wire import Reader, identifier, u40, u64, varint

UNIT_LINK, UNIT_SESSION, UNIT_COPY = 1, 2, 3
REVOKED, SUSPENDED = "revoked", "suspended"
COLLECT_AFTER = 600
NO_HISTORY = bytes(32)
WHOLE = None  # the scope of the whole deployment; any other scope is a sorted list of texts

DEPLOYMENT_GENERATION, REFUSED_ROOT, TENANT = 0x01, 0x02, 0x10
TENANT_GENERATION, CLIENT_GENERATION, ENTRY_REVOKED, ENTRY_SUSPENDED = 0x11, 0x12, 0x13, 0x14
ENTRY_RESTORED, MINIMUM_REVISION, TOMBSTONE = 0x15, 0x16, 0x17


# --- scope -------------------------------------------------------------------------------------

def encode_scope(scope):
    if scope is WHOLE:
        return b"\x00"
    forms = sorted(identifier(text) for text in scope)
    return b"\x01" + varint(len(forms)) + b"".join(forms)


def read_scope(reader):
    kind = reader.byte()
    if kind == 0:
        return WHOLE
    count = reader.varint(32) if kind == 1 else 0
    if count == 0:
        raise Malformed("scope")
    # Identifiers take at least two bytes; this stops a huge count before it is looped over.
    if count > reader.left():
        raise Malformed("scope count")
    return reader.identifiers(count)


def in_scope(scope, tenant):
    return scope is WHOLE or tenant in scope


# --- state -------------------------------------------------------------------------------------

@dataclass
class TenantState:
    generation: int = 0
    clients: dict = field(default_factory=dict)     # client -> generation
    entries: dict = field(default_factory=dict)     # (unit, id) -> [REVOKED or SUSPENDED, expires at]
    revisions: dict = field(default_factory=dict)   # link id -> [minimum revision, expires at]
    tombstones: set = field(default_factory=set)


@dataclass
class State:
    generation: int = 0
    refused_roots: set = field(default_factory=set)
    tenants: dict = field(default_factory=dict)

    def tenant(self, name):
        """To read: a tenant nobody has said anything about is as good as an empty one."""
        return self.tenants.get(name, TenantState())

    def apply(self, record):
        """A record changes the state in one direction only, but for `restored`. One entry for each id."""
        if record.kind == DEPLOYMENT_GENERATION:
            self.generation = max(self.generation, record.number)
            return
        if record.kind == REFUSED_ROOT:
            self.refused_roots.add(record.id)
            return
        tenant = self.tenants.setdefault(record.tenant, TenantState())
        key = (record.unit, record.id)
        if record.kind == TENANT_GENERATION:
            tenant.generation = max(tenant.generation, record.number)
        elif record.kind == CLIENT_GENERATION:
            tenant.clients[record.client] = max(tenant.clients.get(record.client, 0), record.number)
        elif record.kind in (ENTRY_REVOKED, ENTRY_SUSPENDED):
            status, expires_at = tenant.entries.get(key, [SUSPENDED, 0])
            if record.kind == ENTRY_REVOKED:
                status = REVOKED
            tenant.entries[key] = [status, max(expires_at, record.expires_at)]
        elif record.kind == ENTRY_RESTORED:
            if tenant.entries.get(key, [None])[0] == SUSPENDED:
                del tenant.entries[key]
        elif record.kind == MINIMUM_REVISION:
            revision, expires_at = tenant.revisions.get(record.id, [0, 0])
            tenant.revisions[record.id] = [max(revision, record.number), max(expires_at, record.expires_at)]
        else:
            tenant.tombstones.add(record.id)

    def forget_suspensions(self):
        for tenant in self.tenants.values():
            tenant.entries = {key: entry for key, entry in tenant.entries.items() if entry[0] != SUSPENDED}

    def collect(self, now):
        for tenant in self.tenants.values():
            for held in (tenant.entries, tenant.revisions):
                for key in [key for key, value in held.items() if now >= value[1] + COLLECT_AFTER]:
                    del held[key]

    def snapshot(self):
        """The body of a snapshot of this state."""
        out = b""
        if self.generation:
            out += record_bytes(DEPLOYMENT_GENERATION, number=self.generation)
        for root_id in sorted(self.refused_roots):
            out += record_bytes(REFUSED_ROOT, id=root_id)
        for name in sorted(self.tenants, key=identifier):
            body = _tenant_snapshot(self.tenants[name])
            if body:
                out += record_bytes(TENANT, tenant=name) + body
        return out


def _tenant_snapshot(tenant):
    out = b""
    if tenant.generation:
        out += record_bytes(TENANT_GENERATION, number=tenant.generation)
    for client in sorted(tenant.clients, key=identifier):
        out += record_bytes(CLIENT_GENERATION, client=client, number=tenant.clients[client])
    for kind, wanted in ((ENTRY_REVOKED, REVOKED), (ENTRY_SUSPENDED, SUSPENDED)):
        for (unit, entry_id), (status, expires_at) in sorted(tenant.entries.items()):
            if status == wanted:
                out += record_bytes(kind, unit=unit, id=entry_id, expires_at=expires_at)
    for link_id, (revision, expires_at) in sorted(tenant.revisions.items()):
        out += record_bytes(MINIMUM_REVISION, id=link_id, number=revision, expires_at=expires_at)
    for key_id in sorted(tenant.tombstones):
        out += record_bytes(TOMBSTONE, id=key_id)
    return out


# --- records -----------------------------------------------------------------------------------

@dataclass
class Record:
    kind: int
    tenant: str | None = None
    client: str | None = None
    unit: int = 0
    id: bytes = b""
    number: int = 0
    expires_at: int = 0
    sort_key: bytes = b""


def record_bytes(kind, *, tenant="", client="", unit=0, id=b"", number=0, expires_at=0):
    out = bytes([kind])
    if kind in (DEPLOYMENT_GENERATION, TENANT_GENERATION):
        return out + varint(number)
    if kind in (REFUSED_ROOT, TOMBSTONE):
        return out + id
    if kind == TENANT:
        return out + identifier(tenant)
    if kind == CLIENT_GENERATION:
        return out + identifier(client) + varint(number)
    if kind in (ENTRY_REVOKED, ENTRY_SUSPENDED):
        return out + bytes([unit]) + id + u40(expires_at)
    if kind == ENTRY_RESTORED:
        return out + bytes([unit]) + id
    return out + id + varint(number) + u40(expires_at)


def _at_least_one(number):
    if number == 0:
        raise Malformed("zero is stated by absence")
    return number


def read_body(body, scope, snapshot):
    """The records of a body, those of tenants with their tenant; raises Malformed."""
    reader, records = Reader(body), []
    tenant, tenant_used, before = None, True, None
    while reader.left():
        kind = reader.byte()
        if kind == TENANT:
            if not tenant_used:
                raise Malformed("tenant without record")
            name = reader.identifier()
            if not in_scope(scope, name):
                raise Malformed("tenant outside the scope")
            if snapshot and tenant is not None and identifier(name) <= identifier(tenant):
                raise Malformed("tenants not ascending")
            tenant, tenant_used, before = name, False, None
            continue
        if (kind in (DEPLOYMENT_GENERATION, REFUSED_ROOT)) != (tenant is None):
            raise Malformed("record in the wrong part")
        record = _read_record(kind, reader)
        record.tenant = tenant
        tenant_used = True
        if snapshot:
            if kind == ENTRY_RESTORED:
                raise Malformed("restored in a snapshot")
            place = (kind, record.sort_key)
            if before is not None and place <= before:
                raise Malformed("records not ascending")
            before = place
        records.append(record)
    if not tenant_used:
        raise Malformed("tenant without record")
    return records


def _read_record(kind, reader):
    record = Record(kind)
    if kind in (DEPLOYMENT_GENERATION, TENANT_GENERATION):
        record.number = _at_least_one(reader.varint(32))
    elif kind == REFUSED_ROOT:
        record.id = record.sort_key = reader.take(4)
    elif kind == CLIENT_GENERATION:
        record.client = reader.identifier()
        record.sort_key = identifier(record.client)
        record.number = _at_least_one(reader.varint(32))
    elif kind in (ENTRY_REVOKED, ENTRY_SUSPENDED, ENTRY_RESTORED):
        record.unit = reader.byte()
        if record.unit not in (UNIT_LINK, UNIT_SESSION, UNIT_COPY):
            raise Malformed("unit")
        record.id = reader.take(16)
        record.sort_key = bytes([record.unit]) + record.id
        if kind != ENTRY_RESTORED:
            record.expires_at = reader.number(5)
    elif kind == MINIMUM_REVISION:
        record.id = record.sort_key = reader.take(16)
        record.number = _at_least_one(reader.varint(32))
        record.expires_at = reader.number(5)
    elif kind == TOMBSTONE:
        record.id = record.sort_key = reader.take(16)
    else:
        raise Malformed("record type")
    return record


# --- view --------------------------------------------------------------------------------------

@dataclass
class View:
    """`evidence` is None, ("live", sent at in ms) or ("list", this-update, next-update)."""

    scope: list | None
    stamp: tuple | None = None
    history: bytes = NO_HISTORY
    state: State = field(default_factory=State)
    evidence: tuple | None = None

    def fresh(self, now, monotonic, skew, mode):
        if self.evidence is None:
            return False
        if mode == "list":
            return self.evidence[0] == "list" and self.evidence[1] <= now + skew and now < self.evidence[2]
        if self.evidence[0] != "live":
            return False
        sent_at = self.evidence[1]
        return sent_at <= monotonic and monotonic - sent_at <= mode["live_max_staleness"]


def history_after(before, sequence, body):
    return labelled_hash("portward/v1/history", before + u64(sequence) + body)


def check(verified, view, now, monotonic, skew, mode):
    """Section 3, for an authentic token."""
    head, state = verified.head, view.state
    tenant = state.tenant(head.tenant)
    counters = (state.generation, tenant.generation, tenant.clients.get(head.client, 0))
    session = head.kind == 2
    link_id = head.link_id if session else head.token_id

    def entry(unit, entry_id, name):
        status = tenant.entries.get((unit, entry_id), [None])[0]
        if status is not None:
            raise Refused(f"{name}_{status}")

    # The root of a session's link too: whoever holds that root could have made the link.
    if head.root_id in state.refused_roots or (session and head.link_root in state.refused_roots):
        raise Refused("root_refused")
    for stated, counter, name in zip(head.generations, counters, ("deployment", "tenant", "client")):
        if stated < counter:
            raise Refused(name + "_revoked")
    entry(UNIT_LINK, link_id, "link")
    for copy in verified.copies:
        entry(UNIT_COPY, copy, "copy")
    if session:
        entry(UNIT_SESSION, head.token_id, "session")
        if head.link_revision < tenant.revisions.get(link_id, [0])[0]:
            raise Refused("session_superseded")
    if not in_scope(view.scope, head.tenant):
        raise Refused("out_of_scope")
    if any(stated > counter for stated, counter in zip(head.generations, counters)):
        raise Refused("generation_ahead")
    if not view.fresh(now, monotonic, skew, mode):
        raise Refused("view_stale")
