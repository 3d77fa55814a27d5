"""The vectors of making sessions, each at the present time: an issuer here has no other.

The link of a vector is moved: its times, and its tags, which the reference makes under the vector's own key. The session that comes of it is to be
the reference's, byte for byte, once that is told the id and the time that were drawn here.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import portward
from test_vectors import check, outcome, verifier_of
from vectors import Json, Refused, cases, files, keyring, subject, token

LAST = 2**40 - 1


def of(case: Json) -> tuple[Any, Any]:
    """Deployment and keyring as the reference reads them."""
    fixtures = subject("token")["fixtures"]
    deployment = files.read_deployment(json.dumps(fixtures["deployments"][case["deployment"]]))
    return deployment, files.read_keyring(json.dumps(fixtures["keyrings"][case["keyring"]]))


def moved(case: Json, by: int) -> str:
    """The vector's link, so much later. One whose tag is wrong is as wrong, and what is no link stays what it is."""
    text: str = case["link"]
    deployment, roots = of(case)
    try:
        found = token.parse(text)
        root = next(root for root in roots.roots if root.id == found.head.root_id and root.key is not None)
    except (Refused, StopIteration):
        return text

    def later(moment: int) -> int:
        return min(moment + by, LAST)

    def key(head: Any) -> Any:
        return token.token_key(root.key, deployment.id, head.kind, head.tenant, head.generations[1])

    is_right = found.tags(key(found.head))[-1] == found.tag
    head = replace(found.head, issued_at=later(found.head.issued_at), expires_at=later(found.head.expires_at))
    blocks = []
    for _, said in found.blocks:
        said = dict(said) | ({"expires_at": later(said["expires_at"])} if "expires_at" in said else {})
        blocks.append((token.block(token.encode_restrictions(said)), said))
    whole = token.Token(head, token.encode_head(head), blocks, b"")
    tag = whole.tags(key(head))[-1] if is_right else found.tag
    return str(token.text(text[:4], whole.head_bytes + b"".join(raw for raw, _ in blocks), tag))


def test_the_sessions_are_those_of_the_reference() -> None:
    asked, left_out, refused = 0, [], set()
    for _, case in cases("token", "issue_session"):
        if "limits" in case or case["revision"]:
            left_out.append(case["id"])
            continue
        asked += 1
        now = int(time.time())
        link = moved(case, now - case["now"])
        ring = keyring("token", case["keyring"], case["deployment"])
        # Who asks is whom the link is for: one for two is for nobody.
        audience = outcome(lambda: portward.UntrustedLink(link).audience).get("ok")
        verifier = verifier_of("token", case["keyring"], case["deployment"], audience, 60)
        lifetime = min(case["lifetime"], 2**40)  # more than this is no time here

        def made() -> portward.Token:
            return portward.Issuer(ring).issue_session(verifier.verify_link(link, at=now), lifetime=lifetime)

        found = outcome(made)
        if "ok" not in case["expect"]:
            refused.add(case["expect"]["error"])
            check(case, found)
            continue
        assert "ok" in found, (case["id"], found)
        session = found["ok"]
        head, meant = token.parse(session.token).head, token.parse(case["expect"]["ok"]["token"]).head
        wanted = token.issue_session(*of(case), bytes.fromhex(session.id), head.issued_at, link, lifetime, 0, {})
        assert session.token == wanted and now <= head.issued_at <= now + 20, case["id"]
        # The reference was told what the vector says.
        for name in ("root_id", "generations", "tenant", "client", "audience", "permissions", "resources", "link_id", "link_root"):
            assert getattr(head, name) == getattr(meant, name), (case["id"], name)
        assert len(head.copies) == len(meant.copies)
        if meant.expires_at != LAST:
            assert 0 <= meant.expires_at - meant.issued_at - (head.expires_at - head.issued_at) <= 20, case["id"]
    assert asked == ASKED and len(left_out) == LEFT_OUT, (asked, left_out)
    assert refused >= {"wrong_audience", "forged", "bad_checksum", "unknown_root", "wrong_kind", "not_yet_valid", "expired", "nothing_granted"}
    assert refused >= {"lifetime_zero", "lifetime_over_ceiling"}


ASKED = 31
# Those with what a store limits and how often it did, which no call takes: `Store.edit` is tested by the sessions that come of it.
LEFT_OUT = 23


def test_a_link_that_is_moved_wrongly_is_refused() -> None:
    case = next(case for _, case in cases("token", "issue_session") if case["id"] == "token/issue_session/plain")
    verifier = verifier_of("token", "main", "main", None, 60)
    by = int(time.time()) - case["now"]
    assert verifier.verify_link(moved(case, by)).tenant == "acme"
    for wrong in (moved(case, by + 3600), moved(case, by - 10**8), case["link"]):
        assert outcome(lambda: verifier.verify_link(wrong)).get("error") in ("not_yet_valid", "expired")
