"""What the bridge can do this package can do, under the same names."""

from __future__ import annotations

import re
from pathlib import Path

import portward

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
    for record in ("Link", "Event", "Page", "Peeked", "Recovered", "Erasure", "Root", "Answer"):
        body = re.search(rf"pub struct {record} \{{(.*?)\n\}}", "\n".join(p.read_text() for p in BRIDGE.glob("*.rs")), re.S)
        assert body is not None, record
        for field in re.findall(r"^    pub (\w+):", body[1], re.M):
            assert hasattr(getattr(portward, record), field), f"{record}.{field}"


# Codes that the core does not have: of values that only this language can give, of arguments that the core has no name for, and of the parts for
# frameworks.
OWN = {
    "number_out_of_range", "plaintext_refused", "range_in_use", "resource_missing", "text_surrogate", "threads_zero",
    "time_zone_missing", "wrong_row",
}  # fmt: skip
MADE = [
    r'invalid\(\s*"(\w+)"',
    r'new_err\(\([\w.()]+, "(\w+)"',
    r'(?:InvalidValue|Refused|__init__)\(.*, "(\w+)"[,)]',
]


def test_every_code_is_one_of_the_core_or_known_to_be_of_this_package() -> None:
    package = Path(__file__).parents[1]
    here = "\n".join(path.read_text() for folder in ("src", "python") for path in (package / folder).rglob("*.*") if path.suffix in (".rs", ".py"))
    core = "\n".join(path.read_text() for path in BRIDGE.parents[1].rglob("*.rs"))
    made = {code for pattern in MADE for code in re.findall(pattern, here)}
    assert {"closed", "forked", "nothing_granted", "unknown_permission"} <= made
    assert {code for code in made if f'"{code}"' not in core} == OWN
    told = (package / "README.md").read_text()
    assert all(f"`{code}`" in told for code in OWN)


def test_nothing_is_exported_by_accident() -> None:
    public = {name for name in vars(portward) if not name.startswith("_")}
    modules = {name for name in public if type(vars(portward)[name]).__name__ == "module"}
    assert public - modules == set(portward.__all__)
