"""Runs one test case and says what the reference makes of it: the `expect` member of testkit/README.md."""

import hashlib
import json

from . import (backup, blind_index, derive, envelope, feed, files, links, redeem, revocation, routes, store, storefeed, token,
               vault, wire, wrapped)
from .errors import Malformed, Refused

OPS = {}

# Errors of these say also what the outside is told.
PUBLIC = ("verify_link", "verify_session", "allow")


def op(*names):
    def register(function):
        for name in names:
            OPS[name] = function
        return function
    return register


class Fixtures:
    """The fixtures of one vector file, read by the strict readers."""

    def __init__(self, value):
        self.deployments = {name: files.read_deployment(json.dumps(item))
                            for name, item in value.get("deployments", {}).items()}
        self.keyrings = {name: files.read_keyring(json.dumps(item))
                         for name, item in value.get("keyrings", {}).items()}
        self.views = {name: _view(item) for name, item in value.get("views", {}).items()}
        self.objects = {name: bytes.fromhex(item) for name, item in value.get("objects", {}).items()}
        self.files = {name: item.encode("utf-8") for name, item in value.get("files", {}).items()}


def _scope(value):
    return revocation.WHOLE if value == "all" else sorted(value, key=wire.identifier)


def _view(value):
    scope, state = _scope(value["scope"]), revocation.State()
    for record in revocation.read_body(bytes.fromhex(value["records"]), scope, snapshot=True):
        state.apply(record)
    evidence = value["evidence"]
    if evidence == "none":
        evidence = None
    elif "live_sent_at" in evidence:
        evidence = ("live", evidence["live_sent_at"])
    else:
        evidence = ("list", evidence["this_update"], evidence["next_update"])
    return revocation.View(scope, (bytes.fromhex(value["incarnation"]), value["sequence"]),
                           bytes.fromhex(value["history"]), state, evidence)


def run(case, fixtures):
    if case["op"] == "http":
        return _http(case, fixtures)
    return _outcome(lambda: OPS[case["op"]](case, fixtures), case["op"] in PUBLIC)


def _outcome(act, public):
    try:
        return {"ok": act()}
    except Refused as refused:
        error = {"error": refused.code}
        return {**error, "public": token.public(refused.code)} if public else error


def _parse(case, field, take):
    """Take one value that has to use up all bytes."""
    reader = wire.Reader(bytes.fromhex(case[field]))
    try:
        value = take(reader)
        reader.done()
    except Malformed:
        raise Refused("malformed") from None
    return value


@op("identifier")
def _identifier(case, _):
    return {"wire": wire.identifier(case["text"]).hex()}


@op("identifier_decode")
def _identifier_decode(case, _):
    return {"text": _parse(case, "wire", wire.Reader.identifier)}


@op("varint_u32")
def _varint_u32(case, _):
    return {"value": _parse(case, "wire", lambda reader: reader.varint(32))}


@op("varint_u64")
def _varint_u64(case, _):
    return {"value": str(_parse(case, "wire", lambda reader: reader.varint(64)))}


@op("base64url")
def _base64url(case, _):
    try:
        return {"bytes": wire.b64u_decode(case["text"]).hex()}
    except Malformed:
        raise Refused("bad_base64") from None


@op("bitmap")
def _bitmap(case, _):
    return {"bits": sorted(_parse(case, "wire", wire.Reader.bitmap))}


@op("crc32")
def _crc32(case, _):
    return {"crc": wire.u32(wire.crc32(bytes.fromhex(case["bytes"]))).hex()}


@op("key_string")
def _key_string(case, _):
    return {"key": files.read_key_string(case["text"]).hex()}


@op("derive")
def _derive(case, _):
    parts = [bytes.fromhex(part) for part in case["parts"]]
    key = derive.derive(bytes.fromhex(case["root"]), bytes.fromhex(case["deployment"]), case["label"], *parts)
    return {"key": key.hex()}


def _file(case, fixtures=None):
    """The bytes of a file, written as `text` or as `parts`."""
    if "text" in case:
        return case["text"].encode("utf-8")
    return b"".join(_part(part, fixtures) for part in case["parts"])


def _part(part, fixtures):
    if "file" in part:
        start, end = part["range"]
        return fixtures.files[part["file"]][start:end]
    if "hex" in part:
        return bytes.fromhex(part["hex"])
    if "text" in part:
        return part["text"].encode("utf-8")
    text, times = part["repeat"], part["times"]
    if "%" not in text:
        return text.encode("utf-8") * times
    return "".join(text.replace("%", f"{number:08x}") for number in range(times)).encode("utf-8")


@op("deployment_file")
def _deployment_file(case, _):
    deployment = files.read_deployment(_file(case))
    return {"id": deployment.id.hex(), "permissions": deployment.permissions}


@op("keyring_file")
def _keyring_file(case, _):
    expected = bytes.fromhex(case["deployment"]) if "deployment" in case else None
    keyring = files.read_keyring(_file(case), expected)
    return {"roots": [[root.id.hex(), root.state] for root in keyring.roots]}


@op("sealed_keyring")
def _sealed_keyring(case, _):
    purpose, plaintext = files.unseal(_file(case), case["passphrase"])
    return {"purpose": purpose, "plaintext": plaintext}


@op("root_destroy")
def _root_destroy(case, fixtures):
    files.check_destroy(fixtures.deployments[case["deployment"]], fixtures.keyrings[case["keyring"]],
                        bytes.fromhex(case["root"]), case["now"])
    return {}


# --- tokens ------------------------------------------------------------------------------------

def _verify(case, fixtures, kind):
    view = fixtures.views[case["view"]] if "view" in case else None
    return token.verify(fixtures.deployments[case["deployment"]], fixtures.keyrings[case["keyring"]], case["token"], kind,
                        case["now"], monotonic=case.get("monotonic", 0), audience=case.get("audience"),
                        skew=case.get("skew", token.DEFAULT_SKEW), view=view, mode=case.get("mode"))


@op("verify_link", "verify_session")
def _verify_op(case, fixtures):
    kind = token.LINK if case["op"] == "verify_link" else token.SESSION
    verified = _verify(case, fixtures, kind)
    head = verified.head
    value = {
        "tenant": head.tenant, "client": head.client, "token_id": head.token_id.hex(),
        "issued_at": head.issued_at, "expires_at": verified.expires_at,
        "permissions": fixtures.deployments[case["deployment"]].names(verified.permissions),
        "resources": verified.resources, "recipients": verified.recipients,
        "copies": [copy.hex() for copy in verified.copies],
    }
    if kind == token.SESSION:
        value |= {"link_id": head.link_id.hex(), "link_revision": head.link_revision}
    return value


@op("allow")
def _allow(case, fixtures):
    verified = _verify(case, fixtures, _kind(case["kind"]))
    verified.allow(fixtures.deployments[case["deployment"]], case["permission"], case["resource"])
    return {}


def _kind(name):
    return token.LINK if name == "link" else token.SESSION


@op("issue_link")
def _issue_link(case, fixtures):
    result, check = token.issue_link(
        fixtures.deployments[case["deployment"]], fixtures.keyrings[case["keyring"]], bytes.fromhex(case["token_id"]),
        case["now"], case["tenant"], case["client"], case["audience"], case["permissions"], case["lifetime"],
        case["generations"])
    return {"token": result, "link_check": check.hex()}


@op("issue_session")
def _issue_session(case, fixtures):
    return {"token": token.issue_session(
        fixtures.deployments[case["deployment"]], fixtures.keyrings[case["keyring"]], bytes.fromhex(case["token_id"]),
        case["now"], case["link"], case["lifetime"], case["revision"], case.get("limits", {}))}


@op("narrow")
def _narrow(case, _):
    return {"token": token.narrow(case["token"], case["restrictions"])}


@op("link_check")
def _link_check(case, _):
    return {"id": token.link_check(bytes.fromhex(case["tag"])).hex()}


@op("copy_id")
def _copy_id(case, _):
    return {"id": token.copy_id(bytes.fromhex(case["tag"])).hex()}


# --- revocation --------------------------------------------------------------------------------

@op("history")
def _history(case, _):
    after = revocation.history_after(bytes.fromhex(case["before"]), case["sequence"], bytes.fromhex(case["body"]))
    return {"after": after.hex()}


@op("feed")
def _feed(case, fixtures):
    """Fills in nothing: each step that expects something is compared by `feed_steps`."""
    for number, (step, outcome) in enumerate(zip(case["steps"], feed_steps(case, fixtures))):
        if outcome is not None and outcome != step["expect"]:
            raise AssertionError(f"step {number}: {outcome!r} instead of {step['expect']!r}")
    return {}


def feed_steps(case, fixtures):
    """What comes of each step, None where nothing is expected."""
    follower = feed.Follower(fixtures.deployments[case["deployment"]], fixtures.keyrings[case["keyring"]],
                             _scope(case["scope"]))
    return [_feed_step(follower, step) for step in case["steps"]]


def _feed_step(follower, step):
    if "challenge" in step:
        follower.ask(bytes.fromhex(step["challenge"]), step["sent_at"])
    elif "message" in step:
        return _outcome(lambda: {"sequence": follower.accept(bytes.fromhex(step["message"]), step["now"])}, False)
    elif "check" in step:
        return _outcome(lambda: _check_held(follower, step["check"]), True)
    elif "collect" in step:
        follower.view.state.collect(step["collect"])
    elif "restart" in step:
        follower.restart()
    else:
        return {"ok": {"records": follower.view.state.snapshot().hex()}}
    return None


@op("feed_request")
def _feed_request(case, _):
    data = _field_value({"bytes": case["request"]})
    request = feed.read_request(data)
    if request.encode() != data:
        raise AssertionError("two forms of one request")
    since = request.since and {"incarnation": request.since[0].hex(), "sequence": request.since[1]}
    return {"scope": "all" if request.scope is revocation.WHOLE else request.scope, "since": since, "challenge": request.challenge.hex()}


def _check_held(follower, check):
    token.verify(follower.deployment, follower.keyring, check["token"], _kind(check["kind"]), check["now"],
                 monotonic=check["monotonic"], view=follower.view, mode=check["mode"])
    return {}


# --- envelope ----------------------------------------------------------------------------------

@op("scope")
def _scope_text(case, _):
    kind, name = envelope.read_scope(case["text"])
    return {"kind": kind, "name": name}


@op("context")
def _context(case, _):
    return {"canonical": envelope.Context(case["pairs"]).canonical.hex()}


def _slot_value(slot):
    return {"type": slot.type, "kek_id": slot.kek_id.hex(), "version": slot.version, "wrapped": slot.wrapped.hex()}


@op("slot")
def _slot(case, _):
    return _slot_value(envelope.read_slot(bytes.fromhex(case["slot"])))


@op("header")
def _header(case, _):
    head = envelope.read_header(bytes.fromhex(case["header"]))
    return {
        "kind": "embedded" if head.kind == envelope.EMBEDDED else "detached", "data_key": head.data_key_id.hex(),
        "slots": [_slot_value(slot) for slot in head.slots], "body_at": head.body_at,
    }


@op("check_value")
def _check_value(case, _):
    check = envelope.check_value(*(bytes.fromhex(case[name]) for name in ("deployment", "key", "key_id")))
    return {"check": check.hex()}


def _kek(value):
    return envelope.Kek(value["type"], bytes.fromhex(value["id"]), value["version"], bytes.fromhex(value.get("key", "")))


def _subject(case):
    return envelope.Subject(bytes.fromhex(case["deployment"]), case["tenant"], bytes.fromhex(case["key_id"]),
                            scope=case["scope"] if case["what"] == "data" else None, version=case.get("key_version"))


@op("wrap")
def _wrap(case, _):
    slot = _kek(case["kek"]).wrap(_subject(case), bytes.fromhex(case["key"]), bytes.fromhex(case["nonce"]))
    return {"slot": slot.encode().hex()}


@op("unwrap")
def _unwrap(case, _):
    check = bytes.fromhex(case["check"]) if "check" in case else None
    return {"key": envelope.unwrap(_kek(case["kek"]), _subject(case), bytes.fromhex(case["slot"]), check).hex()}


@op("binding")
def _binding(case, _):
    kek, subject = _kek(case["kek"]), _subject(case)
    head = envelope.slot_head(kek.type, kek.id, kek.version)
    return {"binding": subject.binding(head).hex(),
            "pairs": [list(pair) for pair in sorted(subject.encryption_context(head).items())]}


def _object_value(data):
    """An object as a case tells it: whole if it is small."""
    return {"object": data.hex()} if len(data) <= 4096 else _digest(data)


def _digest(data):
    return {"length": len(data), "sha256": hashlib.sha256(data).hexdigest()}


@op("seal")
def _seal(case, _):
    context, key = envelope.Context(case["context"]), case["data_key"]
    slots = [envelope.read_slot(bytes.fromhex(slot)) for slot in case["slots"]]
    return _object_value(envelope.seal(
        bytes.fromhex(case["deployment"]), bytes.fromhex(key["id"]), bytes.fromhex(key["key"]), context,
        bytes.fromhex(case["salt"]), _file(case["plaintext"]), slots))


def _object(case, fixtures, name="object"):
    value = case[name]
    if isinstance(value, str):
        return bytes.fromhex(value)
    data = fixtures.objects[value["base"]]
    for edit in value["edits"]:
        data = _edited(data, edit)
    return data


def _edited(data, edit):
    if "xor" in edit:
        at, mask = edit["xor"][0], bytes.fromhex(edit["xor"][1])
        changed = bytes(a ^ b for a, b in zip(data[at:], mask, strict=False))
        if len(changed) != len(mask):
            raise ValueError("beyond the end")
        return data[:at] + changed + data[at + len(mask):]
    if "cut" in edit:
        return data[:edit["cut"]]
    if "append" in edit:
        return data + bytes.fromhex(edit["append"]) * edit.get("times", 1)
    if "delete" in edit:
        start, end = edit["delete"]
        return data[:start] + data[end:]
    if "insert" in edit:
        at, more = edit["insert"]
        return data[:at] + bytes.fromhex(more) + data[at:]
    start, end, start2, end2 = edit["swap"]
    return data[:start] + data[start2:end2] + data[end:start2] + data[start:end] + data[end2:]


def _opener(case):
    keys = case["keys"]
    data_keys = [envelope.DataKey(bytes.fromhex(row["id"]), bytes.fromhex(row["key"]), row["tenant"], row["scope"], row["state"])
                 for row in keys["data_keys"]]
    keks = [envelope.HeldKek(_kek({"type": envelope.TENANT_KEK_SLOT, **row}), row["tenant"], row["state"])
            for row in keys["tenant_keks"]]
    keks += [envelope.HeldKek(_kek({"type": envelope.ROOT_SLOT, "version": 1, **row}), None, row["state"])
             for row in keys["roots"]]
    tombstones = [(tenant, bytes.fromhex(key_id)) for tenant, key_id in case.get("tombstones", [])]
    envelope.read_scope(case["scope"])
    return envelope.Opener(bytes.fromhex(case["deployment"]), case["tenant"], case["scope"], data_keys, keks,
                           keys.get("minimum_version", 1), keys.get("unavailable", []), tombstones)


def _body(case, fixtures):
    context = envelope.Context(case["context"])
    return _opener(case).body(context, _object(case, fixtures), case.get("record", False))


@op("open")
def _open(case, fixtures):
    return _digest(_body(case, fixtures).open())


@op("open_range")
def _open_range(case, fixtures):
    length, data = _body(case, fixtures).open_range(case["from"], case["length"])
    return {"length": length, "bytes": data.hex()}


@op("rewrap")
def _rewrap(case, fixtures):
    keks, nonces = (case["to"], case["nonces"]) if "nonces" in case else ([case["to"]], [case["nonce"]])
    to = [(_kek(kek), bytes.fromhex(nonce)) for kek, nonce in zip(keks, nonces, strict=True)]
    return _object_value(_opener(case).rewrap(_object(case, fixtures), to))


@op("usage")
def _usage(case, _):
    cost, warn = envelope.usage([int(length) for length in case["bodies"]])
    return {"cost": str(cost), "warn": warn}


@op("blind_index")
def _blind_index(case, _):
    index = blind_index.index(
        bytes.fromhex(case["deployment"]), bytes.fromhex(case["key"]), case["table"], case["column"], case["name"],
        case["normaliser"], case["bits"], case["version"], case["value"])
    return {"index": index.hex()}


@op("index_bits")
def _index_bits(case, _):
    return {"bits": blind_index.bits(case["rows"], case["distinct"], case["other_bits"], case["override"])}


def _words(value):
    """A text, written as it is or as `parts`."""
    return value if isinstance(value, str) else _file(value).decode("utf-8")


def _field_value(value):
    if value is None:
        return None
    if "number" in value:
        return int(value["number"])
    if "text" in value:
        return _words(value["text"])
    return bytes.fromhex(value["bytes"]) if isinstance(value["bytes"], str) else _file(value["bytes"])


def _row(case):
    return (bytes.fromhex(case["root"]), bytes.fromhex(case["deployment"]), _words(case["table"]),
            [(_words(name), _field_value(value)) for name, value in case["fields"]])


@op("row_mac")
def _row_mac(case, _):
    return {"mac": store.row_mac(*_row(case)).hex()}


@op("row_check")
def _row_check(case, _):
    store.check_row(*_row(case), bytes.fromhex(case["mac"]))
    return {}


# --- a keyring under a KEK ---------------------------------------------------------------------

def _wrapped_kek(value):
    key = bytes.fromhex(value["key"]) if "key" in value else None
    return wrapped.Kek(value["type"], bytes.fromhex(value["id"]), value["version"], key, value.get("unavailable", False))


@op("wrapped_keyring")
def _wrapped_keyring(case, fixtures):
    return {"plaintext": wrapped.open_file(_file(case, fixtures), [_wrapped_kek(kek) for kek in case["keks"]])}


@op("wrapped_binding")
def _wrapped_binding(case, _):
    deployment_id, head = bytes.fromhex(case["deployment"]), _wrapped_kek(case["kek"]).head()
    return {"binding": wrapped.binding(deployment_id, head).hex(),
            "pairs": [list(pair) for pair in sorted(wrapped.encryption_context(deployment_id, head).items())]}


# --- rows of links and of the feed -------------------------------------------------------------

def _read_row(case, fixtures):
    fields = [(_words(name), _field_value(value)) for name, value in case["fields"]]
    return links.read_row(fixtures.keyrings[case["keyring"]], case["table"], fields, bytes.fromhex(case["root_id"]),
                          bytes.fromhex(case["mac"]))


@op("row_read")
def _row_read(case, fixtures):
    _read_row(case, fixtures)
    return {}


@op("link_show")
def _link_show(case, fixtures):
    return {"token": links.show(fixtures.keyrings[case["keyring"]], _read_row(case, fixtures))}


# --- redeeming ---------------------------------------------------------------------------------

@op("chain_id")
def _chain_id(case, fixtures):
    verified = _verify(case, fixtures, _kind(case["kind"]))
    first = verified.head.token_id if case["kind"] == "link" else verified.head.link_id
    return {"id": redeem.chain_id(first, verified.copies).hex()}


@op("nonce_make")
def _nonce_make(case, fixtures):
    random, chain, cookie = (bytes.fromhex(case[name]) for name in ("random", "chain", "cookie"))
    nonce = redeem.make_nonce(fixtures.deployments[case["deployment"]].id, fixtures.keyrings[case["keyring"]],
                              case["now"], random, chain, cookie)
    return {"nonce": nonce, "expires_at": redeem.expires_at(case["now"]), "cookie": wire.b64u(cookie)}


@op("nonce_check")
def _nonce_check(case, fixtures):
    nonce = redeem.check_nonce(fixtures.deployments[case["deployment"]].id, fixtures.keyrings[case["keyring"]],
                               case["nonce"], bytes.fromhex(case["chain"]), case["cookie"], case["now"])
    return {"random": nonce.random.hex(), "expires_at": nonce.expires_at}


def _link_row(value):
    if value is None:
        return None
    return redeem.LinkRow(**{**value, "head": bytes.fromhex(value["head"]), "check": bytes.fromhex(value["check"])})


def _chain_row(value):
    if value is None:
        return None
    return redeem.ChainRow(**{**value, "copies": [bytes.fromhex(copy) for copy in value["copies"]]})


@op("redeem")
def _redeem(case, fixtures):
    redeemed = None if case["redeemed"] is None else bytes.fromhex(case["redeemed"])
    session, expires_at, counted = redeem.redeem(
        fixtures.deployments[case["deployment"]], fixtures.keyrings[case["keyring"]], case["token"], case["cookie"],
        case["nonce"], case["now"], _link_row(case["row"]), redeemed, bytes.fromhex(case["token_id"]),
        case["lifetime"], case.get("audience"), case.get("minimum", 0))
    return {"session": session, "expires_at": expires_at, "counted": counted}


def _how(case, fixtures):
    view = fixtures.views[case["view"]] if "view" in case else None
    return {"audience": case.get("audience"), "view": view, "mode": case.get("mode"), "monotonic": case.get("monotonic", 0)}


@op("renew")
def _renew(case, fixtures):
    session, expires_at = redeem.renew(
        fixtures.deployments[case["deployment"]], fixtures.keyrings[case["keyring"]], case["session"], case["now"],
        _link_row(case["row"]), _chain_row(case["chain"]), case["lifetime"],
        case.get("minimum", 0), **_how(case, fixtures))
    return {"session": session, "expires_at": expires_at}


# --- over HTTP ---------------------------------------------------------------------------------

def _store_that_says(value):
    def ask():
        if value == "unavailable":
            raise routes.Unavailable
        if value is None:
            raise AssertionError("the store is not to be asked")
        if "error" in value:
            raise routes.Unavailable if value.get("feed") else Refused(value["error"])
        return value["session"], value["expires_at"]

    return ask


WORDS = {400: "damaged", 403: "refused", 503: "unavailable", 405: "405", 413: "413", 415: "415"}


def _portal(case, fixtures, made=(None, None)):
    return routes.Portal(case["path"], case["origin"], fixtures.deployments[case["deployment"]], fixtures.keyrings[case["keyring"]],
                         case["now"], made, _store_that_says(case.get("store")), _how(case, fixtures))


def _request(told):
    body = told["body"] if isinstance(told["body"], str) else _file(told["body"])
    return routes.Request(told["method"], told["target"], told["headers"], body.encode("utf-8") if isinstance(body, str) else body)


@op("http_session")
def _http_session(case, fixtures):
    try:
        verified, bearer = _portal(case, fixtures).session(_request(case["request"]))
    except Refused as refused:
        raise Refused(routes.word(refused.code)) from None
    return {"token_id": verified.head.token_id.hex(), "bearer": bearer}


def _http(case, fixtures):
    """Beside `ok`: a refusal tells its whole answer, so it is no `_outcome`."""
    made = tuple(bytes.fromhex(case["made"][name]) for name in ("cookie", "random"))
    request = _request(case["request"])
    answer = _portal(case, fixtures, made).answer(request)
    if answer is None:
        return {"ok": "application"}
    value = {"status": answer.status, "headers": answer.headers, "cookies": sorted(answer.cookies)}
    if answer.type is not None:
        value["type"] = answer.type
    if request.method == "HEAD":
        value["body"] = {"text": ""}
    elif answer.body is not None:
        value["body"] = answer.body
    return {"ok": value} if answer.status < 400 else {"error": WORDS[answer.status], "answer": value}


# --- the feed in the store ---------------------------------------------------------------------

def _fields(value):
    return [(name, _field_value(item)) for name, item in value]


def _told_row(value):
    return _fields(value["fields"]), bytes.fromhex(value["root_id"]), bytes.fromhex(value["mac"])


def _snapshot_part(value):
    return {"incarnation": bytes.fromhex(value["incarnation"]), "sequence": value["sequence"], "part": value["part"],
            "bytes": _field_value({"bytes": value["bytes"]})}


def _records_value(body):
    """A long one by its digest."""
    return body.hex() if len(body) <= 4096 else _digest(body)


@op("feed_commit")
def _feed_commit(case, fixtures):
    root, deployment_id = bytes.fromhex(case["root"]), bytes.fromhex(case["deployment"])
    change, row = storefeed.commit(root, deployment_id, dict(_fields(case["feed"])), _field_value({"bytes": case["body"]}))
    after = dict(row[0])
    return {"sequence": after["sequence"], "history": after["history"].hex(), "change_mac": change[1].hex(),
            "feed_mac": row[1].hex()}


@op("feed_read")
def _feed_read(case, fixtures):
    rows = case["feed"]
    database = {
        "feed": [_told_row(row) for row in (rows if isinstance(rows, list) else [rows])],
        "changes": [_told_row(change) for change in case["changes"]],
        "snapshot": [_snapshot_part(part) for part in case["snapshot"]],
    }
    seen = case.get("seen")
    if seen is not None:
        seen = (bytes.fromhex(seen["incarnation"]), seen["sequence"], bytes.fromhex(seen["history"]))
    row, state = storefeed.read(fixtures.keyrings[case["keyring"]], database, case["place"], seen)
    return {"incarnation": row["incarnation"].hex(), "sequence": row["sequence"], "history": row["history"].hex(),
            "records": _records_value(state.snapshot())}


@op("feed_place")
def _feed_place(case, _):
    if "inode" in case:
        born = int(case["born"]) if "born" in case else None
        return {"place": storefeed.sqlite_place(case["device"], case["inode"], born)}
    return {"place": storefeed.postgres_place(case["system"], case["timeline"], case["database"])}


@op("recovered_state")
def _recovered_state(case, _):
    newer = None if case["newer"] is None else bytes.fromhex(case["newer"])
    body, state = storefeed.recovered(bytes.fromhex(case["database"]), newer, case.get("now", 0))
    return {"change": body.hex(), "records": state.snapshot().hex()}


@op("recovered_generation")
def _recovered_generation(case, _):
    return {"generation": storefeed.recovered_generation(case["found"], case.get("now", 0))}


# --- backups -----------------------------------------------------------------------------------

MANY = 100


def _feed_value(feed):
    return feed and dict(zip(("incarnation", "sequence", "history", "snapshot"), (
        item.hex() if isinstance(item, bytes) else item for item in feed)))


def _manifest_value(manifest):
    tables = [list(table) for table in manifest.tables]
    if len(tables) > MANY:
        tables = {"count": len(tables)}
    return {"deployment": manifest.deployment_id.hex(), "catalogue": manifest.catalogue_id.hex(), "kind": manifest.kind, "number": manifest.number,
            "created": manifest.created, "source": manifest.source, "name": manifest.name, "feed": _feed_value(manifest.feed), "tables": tables}


def _entry_value(entry):
    stamp = entry.stamp and {"incarnation": entry.stamp[0].hex(), "sequence": entry.stamp[1]}
    return {"number": entry.number, "kind": entry.kind, "name": entry.name, "created": entry.created, "length": entry.length,
            "sha256": entry.sha256.hex(), "stamp": stamp}


def _entry(value):
    stamp = value["stamp"] and (bytes.fromhex(value["stamp"]["incarnation"]), value["stamp"]["sequence"])
    return backup.Entry(value["number"], value["kind"], value["name"], value["created"], value["length"], bytes.fromhex(value["sha256"]), stamp)


def _catalogue(case, fixtures):
    """The bytes: an object, a file in parts, or none."""
    value = case["catalogue"]
    if value is None:
        return None
    return _file(value) if "parts" in value else _object(case, fixtures, "catalogue")


def _seen(text):
    return lambda catalogue_id: backup.read_seen(text).get(catalogue_id, 0)


def _read_catalogue(case, fixtures):
    return backup.read_catalogue(_catalogue(case, fixtures), fixtures.keyrings[case["keyring"]], _seen(case.get("seen")))


@op("backup_kind")
def _backup_kind(case, _):
    backup.check_kind(case["kind"], case["tables"])
    return {}


@op("backup_file_name")
def _backup_file_name(case, _):
    return {"file": backup.file_name(case["kind"], case["number"])}


@op("backup_context")
def _backup_context(case, _):
    deployment_id = bytes.fromhex(case["deployment"])
    return {"tenant": backup.tenant_of(deployment_id), "scope": backup.scope_of(case["kind"]),
            "canonical": backup.context_of(deployment_id, case["kind"], case["number"]).canonical.hex()}


@op("backup_manifest")
def _backup_manifest(case, _):
    data = _field_value({"bytes": case["manifest"]})
    manifest = backup.read_manifest(data)
    if manifest.encode() != data:
        raise AssertionError("two forms of one manifest")
    return {"manifest": _manifest_value(manifest)}


@op("backup_plaintext")
def _backup_plaintext(case, _):
    manifest, dump = backup.read_plaintext(_field_value({"bytes": case["plaintext"]}))
    backup.check_not_empty(manifest, dump)
    return {"manifest": _manifest_value(manifest), "dump": _digest(dump)}


@op("backup_catalogue")
def _backup_catalogue(case, fixtures):
    catalogue = _read_catalogue(case, fixtures)
    entries = [_entry_value(entry) for entry in catalogue.entries]
    if len(entries) > MANY:
        entries = {"count": len(entries)}
    return {"id": catalogue.id.hex(), "revision": catalogue.revision, "highest": catalogue.highest, "entries": entries}


@op("backup_change")
def _backup_change(case, fixtures):
    change, root = case["change"], fixtures.keyrings[case["keyring"]].active()
    after = backup.changed(_read_catalogue(case, fixtures), taken=change.get("take", 0),
                           entered=[_entry(value) for value in change.get("enter", [])], removed=change.get("remove", []))
    return {"catalogue": after.encode((root.id, root.key)).hex()}


@op("backup_seen")
def _backup_seen(case, _):
    seen = backup.look(backup.read_seen(case["seen"]), bytes.fromhex(case["catalogue_id"]), case["revision"])
    return {"seen": sorted([catalogue_id.hex(), revision] for catalogue_id, revision in seen.items())}


@op("backup_begin")
def _backup_begin(case, _):
    backup.check_beginning(case["files"])
    return {}


@op("backup_verify")
def _backup_verify(case, fixtures):
    data = None if case["file"] is None else _object(case, fixtures, "file")
    manifest, dump = backup.verify(fixtures.keyrings[case["keyring"]], _read_catalogue(case, fixtures), case["asked"], data)
    return {"manifest": _manifest_value(manifest), "dump": _digest(dump)}


@op("backup_rows")
def _backup_rows(case, _):
    backup.check_rows(case["tables"], case["counted"])
    return {}


@op("backup_copied")
def _backup_copied(case, _):
    return {"tables": [list(table) for table in backup.copied_rows(_file(case["restored"]).decode("utf-8"))]}


@op("backup_directory")
def _backup_directory(case, _):
    missing, stray = backup.check_directory([(entry["kind"], entry["number"]) for entry in case["entries"]], case["files"])
    return {"missing": missing, "stray": stray}


@op("backup_restored_feed")
def _backup_restored_feed(case, fixtures):
    keyring = fixtures.keyrings[case["keyring"]]
    fields, root_id, mac = backup.restored_feed(keyring, _told_row(case["feed"]), case["number"])
    return {"place": dict(fields)["place"], "root_id": root_id.hex(), "mac": mac.hex()}


@op("backup_tombstones")
def _backup_tombstones(case, fixtures):
    keyring = fixtures.keyrings[case["keyring"]]
    tombstones = {(tenant, bytes.fromhex(key_id)) for tenant, key_id in case["view"]}
    tombstones |= backup.believed(keyring, [_told_row(row) for row in case["target"]])
    for other in case["backups"]:
        if other["number"] > case["number"]:
            tombstones |= backup.believed(keyring, [_told_row(row) for row in other["tombstones"]])
    own = [_told_row(told["row"]) for told in case["rows"] if told["table"] == "key_tombstone"]
    tombstones |= backup.believed(keyring, own)
    rows = [(told["table"], dict(_fields(told["row"]["fields"]))) for told in case["rows"] if told["table"] != "key_tombstone"]
    lost = [[table, row["tenant"], row["id"].hex(), row.get("version")] for table, row in backup.destroyed_keys(rows, tombstones)]
    return {"destroyed": sorted(lost, key=repr)}


@op("backup_prune")
def _backup_prune(case, _):
    entries = [backup.Entry(value["number"], value["kind"], value["name"], value["created"], 0, bytes(32), None) for value in case["entries"]]
    pruned, overdue = backup.prune(entries, case["now"], {**backup.KEPT, **case.get("kept", {})})
    return {"pruned": pruned, "overdue": overdue}


# --- vault -------------------------------------------------------------------------------------

@op("vault_file")
def _vault_file(case, _):
    return _vault_value(_file(case))


def _vault_value(data):
    file = vault.read(data)
    return {"vault": file.vault_id.hex(), "tenant": file.tenant, "data_key": file.data_key_id.hex(), "check": file.check.hex(),
            "key_name": file.name(), "wrapped": file.slot.wrapped.hex()}


def _device(case):
    device = case["device"]
    key, gives, unwraps = (bytes.fromhex(device[name]) if name in device else None for name in ("key", "gives", "unwraps"))
    return vault.Device(key, device.get("unavailable", False), gives, device.get("fails", False), unwraps)


@op("vault_make")
def _vault_make(case, _):
    vault_id, data_key_id, data_key, iv = (bytes.fromhex(case[name]) for name in ("vault", "data_key_id", "data_key", "iv"))
    made = vault.make(vault_id, case["tenant"], data_key_id, data_key, case["key_name"], _device(case), iv)
    return _vault_value(json.dumps(made).encode())


def _vault(case):
    return vault.open_vault(_file(case), case["tenant"], _device(case))


@op("vault_open")
def _vault_open(case, _):
    return {"check": _vault(case).check().hex()}


def _vault_body(case, fixtures):
    return _vault(case).body(case["context"], _object(case, fixtures), case.get("record", False))


@op("vault_object")
def _vault_object(case, fixtures):
    return _digest(_vault_body(case, fixtures).open())


@op("vault_range")
def _vault_range(case, fixtures):
    length, data = _vault_body(case, fixtures).open_range(case["from"], case["length"])
    return {"length": length, "bytes": data.hex()}
