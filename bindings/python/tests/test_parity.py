"""What the core and the bridge can do this package can do, or it is said why not; the codes are theirs."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import core
import portward
from raised import OWN, RAISED, wrongly_raised

BRIDGE = Path(__file__).parents[3] / "crates" / "portward-bridge" / "src"

# What has another name here, or another form, and why.
OTHERWISE = {
    "Verifier.of": "made inside",
    "UntrustedLink.parse": "UntrustedLink(token)",
    "UntrustedLink.permission_bits": "permissions(vocabulary) says it in words",
    "Scope.seal_stream": "seal_file takes file objects",
    "Scope.open_stream": "open_file takes file objects",
    "FileTarget.create": "seal_file and open_file take paths",
    "FileTarget.fill": "seal_file and open_file take paths",
    "Follower.verifier": "verify_link, verify_session",
    "Follower.accept_at": "accept takes `at`",
    "Deployment.names": "made inside",
    "Store.try_verify_link": "verify_link tries it first",
    "Store.try_verify_session": "verify_session tries it first",
    "Access.packed": "of Node, where a handle costs more than a text",
    "Deployment.require": "of Node: Access.require",
    "Scope.sealer": "seal_file takes file objects",
    "Scope.opener": "open_file takes file objects",
    "Sealer.update": "seal_file takes file objects",
    "Sealer.finish": "seal_file takes file objects",
    "Opener.update": "open_file takes file objects",
    "Opener.finish": "open_file takes file objects",
    "Keyring.open_locked": "Keyring.open with a provider",
    "WrappedKeyring.open": "Keyring.open with a provider",
    "WrappedKeyring.read": "Keyring.open with a provider",
    "WrappedKeyring.slots": "Keyring.open with a provider",
}
RENAMED = {"SharedRange": "Range"}
NEW = {"Issuer.new", "Follower.new", "Portal.new"}


# What a phone has and a back end does not need.
HOLDER = {"client.rs", "untrusted.rs", "vault.rs"}


def bridge_methods() -> set[str]:
    found = set()
    for source in BRIDGE.glob("*.rs"):
        if source.name in HOLDER:
            continue
        owner = None
        for line in source.read_text().splitlines():
            if block := re.match(r"impl(?:<.*>)? (\w+)(?:<.*>)? \{", line):
                owner = block[1]
            elif line == "}":
                owner = None
            elif owner and (method := re.match(r"    pub (?:const )?fn (\w+)", line)):
                found.add(f"{owner}.{method[1]}")
    return found


def test_every_method_is_there() -> None:
    methods = bridge_methods()
    assert len(methods) > 100 and methods >= set(OTHERWISE) - {"Verifier.of", "Deployment.names"}
    for method in sorted(methods - set(OTHERWISE) - NEW):
        owner, name = method.split(".")
        assert hasattr(getattr(portward, RENAMED.get(owner, owner)), name), method


def test_every_record_is_whole() -> None:
    for record in ("Link", "Event", "Page", "Peeked", "Recovered", "Erasure", "Root", "Answer", "KekSlot"):
        body = re.search(rf"pub struct {record} \{{(.*?)\n\}}", "\n".join(p.read_text() for p in BRIDGE.glob("*.rs")), re.S)
        assert body is not None, record
        for field in re.findall(r"^    pub (\w+):", body[1], re.M):
            assert hasattr(getattr(portward, record), field), f"{record}.{field}"


TABLE = core.Table((Path(__file__).parent / "core.txt").read_text())


def unaccounted(public: set[str]) -> set[str]:
    """What is neither in the package nor in the table."""
    known = set(TABLE.here) | TABLE.types | set(TABLE.left_out)
    missing = set()
    for item in public - known:
        owner, _, member = item.rpartition("::")
        # A type that stands here in parts, or of which a part is left out, is told by these.
        is_parted = any(other.startswith(f"{item}::") for other in known)
        if not is_parted and not (owner in TABLE.types and hasattr(getattr(portward, last(owner)), member)):
            missing.add(item)
    return missing


def last(item: str) -> str:
    return item.rpartition("::")[2]


def test_every_public_item_of_the_core_is_here_or_left_out_for_a_reason() -> None:
    public = core.public_items()
    assert len(public) > 1000
    assert unaccounted(public) == set(), "name it in core.txt: where it is here, or below the reason why it is not"
    new = {"portward::Issuer::issue_anything", "portward_store::store::LinkEdit::colour", "portward::Thing"}
    assert unaccounted(public | new) == new, "the control"
    assert (set(TABLE.here) | TABLE.types | set(TABLE.left_out)) - public == set(), "the core no longer has it"
    assert TABLE.twice == [] and all(TABLE.left_out.values())


def test_what_the_table_says_is_here_is_here() -> None:
    for item, where in TABLE.here.items():
        path, _, parameter = where.removesuffix(")").partition("(")
        thing: Any = portward
        for name in path.split("."):
            thing = getattr(thing, name)
        assert not parameter or parameter in inspect.signature(thing).parameters, item
    assert all(inspect.isclass(getattr(portward, last(item))) for item in TABLE.types)


# How the package's own code makes an exception.
MADE = [
    r'invalid\(\s*"(\w+)"',
    r'new_err\(\([\w.()]+, "(\w+)"',
    r'(?:InvalidValue|Refused|Unavailable|Unreadable|__init__)\(f?(?:"[^"]*"|[\w.]+), "(\w+)"[,)]',
    r'^UNAVAILABLE = "(\w+)"',
]


def test_every_code_that_is_made_here_is_one_of_the_core_or_known_to_be_of_this_package() -> None:
    package = Path(__file__).parents[1]
    here = "\n".join(path.read_text() for folder in ("src", "python") for path in (package / folder).rglob("*.*") if path.suffix in (".rs", ".py"))
    made = {code for pattern in MADE for code in re.findall(pattern, here, re.M)}
    assert {"forked", "nothing_granted", "unknown_permission", "unwrap_failed", "kek_refused", "kek_unavailable"} <= made
    assert made - set(core.codes()) == {*OWN, "internal"}
    told = (package / "README.md").read_text()
    assert all(f"`{code}`" in told for code in OWN)


def test_codes_are_raised_by_the_exceptions_of_the_core() -> None:
    """Of each test: `conftest.py` looks at all that it raised."""
    RAISED.clear()
    with pytest.raises(portward.Refused):
        portward.UntrustedLink("pwl_")
    with pytest.raises(portward.InvalidValue, match="^tenant: "):
        portward.Issuer(portward.Keyring.generate()).issue_link("", "c", {"files:read"})
    assert [(type(error).__name__, error.code) for error in RAISED] == [("Refused", "too_short"), ("InvalidValue", "identifier_length")]
    assert not wrongly_raised(RAISED)
    of_another_class = [portward.Unavailable("no", "too_short"), portward.Refused("no", "label_malformed")]
    unknown = [portward.Refused("no", "anything"), portward.InvalidValue("no", "identifier_lengthy")]
    wrong_word = [portward.Refused("no", "too_short", "no")]
    assert wrongly_raised(of_another_class + unknown + wrong_word) == of_another_class + unknown + wrong_word
    RAISED.clear()


def test_nothing_is_exported_by_accident() -> None:
    public = {name for name in vars(portward) if not name.startswith("_")}
    modules = {name for name in public if type(vars(portward)[name]).__name__ == "module"}
    assert public - modules == set(portward.__all__)
