"""Collecting cases, and the deployment and keys they share."""

import hashlib

from portward_ref import files
from portward_ref.replay import Fixtures, run

# Intention of a case whose success is meant, but whose value the reference works out.
OK = object()


class Has:
    """Success is meant, with at least these members."""

    def __init__(self, **members):
        self.members = members

    def agrees(self, expect):
        value = expect.get("ok")
        return value is not None and all(value.get(name) == item for name, item in self.members.items())

    def __repr__(self):
        return f"Has({self.members!r})"


SEED = b"portward test vectors, seed 1"


def seeded(name, count):
    """Bytes that look random and never change; each name has its own, so new cases move no old ones."""
    out = b""
    while len(out) < count:
        out += hashlib.sha256(SEED + b"\x00" + name.encode() + len(out).to_bytes(4, "big")).digest()
    return out[:count]


class Subject:
    def __init__(self, name, fixtures):
        self.name = name
        self.fixtures = fixtures
        self.read_fixtures = Fixtures(fixtures)
        self.cases = []

    def add(self, case_id, comment, op, intended, **inputs):
        """`intended` is an error code, OK, Has or the exact value meant under `ok`."""
        case = {"id": f"{self.name}/{case_id}", "comment": comment, "op": op, **inputs}
        expect = run(case, self.read_fixtures)
        if isinstance(intended, str):
            agreed = expect.get("error") == intended
        elif isinstance(intended, Has):
            agreed = intended.agrees(expect)
        elif intended is OK:
            agreed = "ok" in expect
        else:
            agreed = expect == {"ok": intended}
        if not agreed:
            raise SystemExit(f"{case['id']}: meant {intended!r}, the reference says {expect!r}")
        self.cases.append({**case, "expect": expect})

    def value(self):
        return {
            "format": "portward-vectors",
            "version": 1,
            "subject": self.name,
            "fixtures": self.fixtures,
            "cases": self.cases,
        }


PERMISSIONS = [
    "files:read",
    "files:upload",
    "files:delete",
    "report:read",
    "report:sign",
    "chat:read",
    "chat:post",
    "invoice:read",
    "invoice:pay",
    "meter:read",
    "photo:read",
    "photo:upload",
]

LINK_CEILING = 31_536_000
SESSION_CEILING = 86_400

MAIN_ID = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
OTHER_ID = bytes.fromhex("0f0e0d0c0b0a09080706050403020100")


def deployment_value(deployment_id=MAIN_ID, permissions=None):
    return {
        "format": "portward-deployment",
        "version": 1,
        "id": deployment_id.hex(),
        "permissions": PERMISSIONS if permissions is None else permissions,
        "link": {"default_lifetime": 7_776_000, "ceiling": LINK_CEILING},
        "session": {"default_lifetime": 900, "ceiling": SESSION_CEILING},
    }


# Root ids and keys by state. "gone" is destroyed, "idle" was retired without ever being active.
ROOT_IDS = {"active": "a1b2c3d4", "older": "00000001", "retired": "00000002", "gone": "00000003", "idle": "00000004"}
ROOT_STATES = {
    "active": ("active", None),
    "older": ("verify_only", 1_764_500_000),
    "retired": ("retired", 1_764_000_000),
    "gone": ("destroyed", 1_700_000_000),
    "idle": ("retired", None),
}


def root_id(name):
    return bytes.fromhex(ROOT_IDS[name])


def root_key(name):
    return seeded("root " + name, 32)


def keyring_value(deployment_id=MAIN_ID, names=("active", "older", "retired", "gone", "idle")):
    roots = []
    for name in names:
        state, last_active = ROOT_STATES[name]
        roots.append(
            files.root_entry(
                deployment_id, root_id(name), root_key(name), state, created=1_690_000_000, last_active=last_active
            )
        )
    return files.keyring_value(deployment_id, roots)


def fixtures(**more):
    return {
        "deployments": {"main": deployment_value(), "other": deployment_value(OTHER_ID)},
        "keyrings": {"main": keyring_value(), "other": keyring_value(OTHER_ID)},
        **more,
    }
