"""Runs one test case and says what the reference makes of it: the `expect` member of testkit/README.md."""

import json

from . import derive, files, wire
from .errors import Malformed, Refused

OPS = {}


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


def run(case, fixtures):
    try:
        return {"ok": OPS[case["op"]](case, fixtures)}
    except Refused as refused:
        return {"error": refused.code}


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


@op("deployment_file")
def _deployment_file(case, _):
    deployment = files.read_deployment(case["text"])
    return {"id": deployment.id.hex(), "permissions": deployment.permissions}


@op("keyring_file")
def _keyring_file(case, _):
    expected = bytes.fromhex(case["deployment"]) if "deployment" in case else None
    keyring = files.read_keyring(case["text"], expected)
    return {"roots": [[root.id.hex(), root.state] for root in keyring.roots]}


@op("sealed_keyring")
def _sealed_keyring(case, _):
    purpose, plaintext = files.unseal(case["text"], case["passphrase"])
    return {"purpose": purpose, "plaintext": plaintext}


@op("root_destroy")
def _root_destroy(case, fixtures):
    files.check_destroy(fixtures.deployments[case["deployment"]], fixtures.keyrings[case["keyring"]],
                        bytes.fromhex(case["root"]), case["now"])
    return {}
