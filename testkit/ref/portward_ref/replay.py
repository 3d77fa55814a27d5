"""Runs one test case and says what the reference makes of it: the `expect` member of testkit/README.md."""

import json

from . import derive, feed, files, revocation, token, wire
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


def _file(case):
    """The bytes of a file, written as `text` or as `parts`."""
    if "text" in case:
        return case["text"].encode("utf-8")
    return b"".join(_part(part) for part in case["parts"])


def _part(part):
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


def _check_held(follower, check):
    token.verify(follower.deployment, follower.keyring, check["token"], _kind(check["kind"]), check["now"],
                 monotonic=check["monotonic"], view=follower.view, mode=check["mode"])
    return {}
