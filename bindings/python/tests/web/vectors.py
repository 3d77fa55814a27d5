"""The cases of testkit/vectors/http.json, and what stands behind a portal in each."""

from __future__ import annotations

import base64
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import core
import portward
from portward.http import Gate

TESTKIT = Path(__file__).parents[4] / "testkit"
sys.path.insert(0, str(TESTKIT / "ref"))

from portward_ref import redeem, replay, routes, token  # noqa: E402
from portward_ref.errors import Refused  # noqa: E402

FILE = json.loads((TESTKIT / "vectors" / "http.json").read_text())
CASES = FILE["cases"]
REFERENCE = replay.Fixtures(FILE["fixtures"])
DEPLOYMENTS = {
    name: portward.Deployment.from_json(json.dumps(value).encode()) for name, value in FILE["fixtures"]["deployments"].items()
}
KEYRINGS = {
    name: portward.Keyring.from_json(json.dumps(value).encode(), DEPLOYMENTS[name])
    for name, value in FILE["fixtures"]["keyrings"].items()
}
TOLD = {"cache-control", "referrer-policy", "x-robots-tag", "x-content-type-options", "location", "allow", "retry-after"}


class Behind:
    """Links and verifier of a case: tokens are verified for real, nonces by the reference, and the store says what the case has it say."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.deployment, self.keyring = REFERENCE.deployments[case["deployment"]], REFERENCE.keyrings[case["keyring"]]
        audience = case.get("audience")
        self.real = portward.Verifier.without_revocation(KEYRINGS[case["keyring"]], audience=audience)
        self.how = {"audience": audience}
        if "view" in case:
            self.how.update(view=REFERENCE.views[case["view"]], mode=case["mode"], monotonic=case["monotonic"])
        self.asked_for_nothing = False

    def peek(self, link: str, cookie: str | None = None) -> SimpleNamespace:
        chain = self._chain(link)
        held = bytes.fromhex(self.case["made"]["cookie"]) if cookie is None else redeem.read_cookie(cookie)
        random = bytes.fromhex(self.case["made"]["random"])
        nonce = redeem.make_nonce(self.deployment.id, self.keyring, self.case["now"], random, chain, held)
        text = base64.urlsafe_b64encode(held).decode().rstrip("=")
        return SimpleNamespace(nonce=nonce, cookie=text, expires_at=redeem.expires_at(self.case["now"]))

    def redeem(self, link: str, cookie: str, nonce: str) -> SimpleNamespace:
        chain = self._chain(link)
        self._reference(redeem.check_nonce, self.deployment.id, self.keyring, nonce, chain, cookie, self.case["now"])
        return self._says()

    def renew(self, session: str) -> SimpleNamespace:
        self._reference(redeem.verify_to_renew, self.deployment, self.keyring, session, self.case["now"], **self.how)
        return self._says()

    def verify_session(self, text: str) -> portward.Access:
        access = self.real.verify_session(text, at=self.case["now"])
        if "view" in self.case:
            self._reference(token.verify, self.deployment, self.keyring, text, token.SESSION, self.case["now"], **self.how)
        return access

    def _chain(self, link: str) -> bytes:
        access = self.real.verify_link(link, at=self.case["now"])
        if "view" in self.case:
            self._reference(token.verify, self.deployment, self.keyring, link, token.LINK, self.case["now"], **self.how)
        return bytes.fromhex(access.copies[-1] if access.copies else access.token_id)

    def _reference(self, act: Any, *arguments: Any, **more: Any) -> None:
        try:
            act(*arguments, **more)
        except Refused as refused:
            raise portward.Refused("the reference refuses", refused.code, routes.word(refused.code)) from None

    def _says(self) -> SimpleNamespace:
        says = self.case.get("store")
        if says is None:
            self.asked_for_nothing = True
        elif says == "unavailable" or says.get("feed"):
            raise portward.Unavailable("the store is away", "store_timed_out", "unavailable")
        elif "error" in says:
            raise _of_the_store(says["error"])
        else:
            return SimpleNamespace(token=says["session"], expires_at=says["expires_at"])
        raise AssertionError("the store is not to be asked")


def _of_the_store(code: str) -> portward.PortwardError:
    """As a store raises it: a row that is not believed is refused, too, and is no fault of whoever comes."""
    kinds = core.codes()[code]
    kind = "Refused" if "Refused" in kinds else min(kinds)
    made: portward.PortwardError = getattr(portward, kind)("the store refuses", code)
    return made


def gate_of(case: dict[str, Any]) -> tuple[Gate, Behind]:
    behind = Behind(case)
    portal = portward.Portal(case["origin"], path=case["path"], page={"style": "p { color: #123 }"})
    return Gate(portal, behind, verifier=behind, now=lambda: case["now"], log=lambda *_: None), behind


def body_of(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    return b"".join(_part(part) for part in value["parts"])


def _part(part: dict[str, Any]) -> bytes:
    if "repeat" in part:
        return "".join(part["repeat"].replace("%", f"{number:08x}") for number in range(part["times"])).encode()
    return bytes.fromhex(part["hex"]) if "hex" in part else part["text"].encode()


def told(status: int, headers: list[tuple[str, str]], body: bytes, expect: dict[str, Any]) -> dict[str, Any]:
    """An answer as `expect` tells it. What that does not tell is left out."""
    expected = expect.get("ok") or expect["answer"]
    headers = [(name.lower(), value) for name, value in headers]
    kept = {name: value for name, value in headers if name in TOLD}
    if "content-security-policy" in expected["headers"]:
        kept["content-security-policy"] = _policy(dict(headers)["content-security-policy"])
    answer: dict[str, Any] = {
        "status": status,
        "headers": kept,
        "cookies": sorted(value.strip() for name, value in headers if name == "set-cookie"),
    }
    if "type" in expected:
        answer["type"] = dict(headers).get("content-type", "").partition(";")[0]
    if "body" in expected:
        answer["body"] = {"json": json.loads(body or b"null")} if "json" in expected["body"] else {"text": body.decode()}
    if status < 400:
        return {"ok": answer}
    words = {400: "damaged", 403: "refused", 503: "unavailable"}
    return {"error": words.get(status, str(status)), "answer": answer}


def _policy(value: str) -> str:
    kept = re.sub(r"'sha256-[A-Za-z0-9+/]{43}='", "'sha256-*'", value).split("; ")
    return "; ".join(part for part in kept if part != "style-src 'sha256-*'")


def is_bearer(authorization: str | None) -> bool:
    """Whether the session came in this header: its scheme is of any case, and nothing behind it is no session."""
    scheme, _, session = (authorization or "").partition(" ")
    return scheme.lower() == "bearer" and session.strip(" ") != ""


def session_token(access: portward.Access, authorization: str | None) -> dict[str, Any]:
    """What the application of an `http_session` case answers."""
    return {"token_id": access.token_id, "bearer": is_bearer(authorization)}


def name_of(case: dict[str, Any]) -> str:
    return str(case["id"]).removeprefix("http/")
