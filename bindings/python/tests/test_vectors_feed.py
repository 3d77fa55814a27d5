"""The shared vectors of revocation: views, feeds and published lists, followed by `portward.Follower`.

A vector has the challenge of a live answer in it, and a follower draws its own: so answers are written again with that one, by the reference of
`testkit/ref`, and signed again if they were signed rightly. The wall clock is told (`at`); the steady clock is the process's, so a view that a vector
has aged is of a follower that believes an answer for a millisecond.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import portward
from test_vectors import check, outcome
from vectors import Json, Refused, bytes_of, cases, feed, files, keyring, revocation, subject, wire

SHORT, USUAL = 0.001, 30.0
LIVE = (feed.LIVE_DELTA, feed.LIVE_SNAPSHOT)


@cache
def roots(of: str) -> Any:
    content = subject("revocation")["fixtures"]["keyrings"][of]
    return files.read_keyring(json.dumps(content).encode())


@dataclass
class Following:
    """A follower, and what its challenges are in the vector."""

    follower: portward.Follower
    asks: bool = True
    challenges: dict[bytes, bytes] = field(default_factory=dict)

    def ask(self, challenge: bytes) -> None:
        if self.asks:
            self.challenges[challenge] = self.follower.request()[-16:]

    def accept(self, message: bytes, of: str, at: int) -> int:
        return int(self.follower.accept(self.rewritten(message, of), at=at).split(":")[1])

    def rewritten(self, message: bytes, of: str) -> bytes:
        try:
            read = feed.parse(message)
        except Refused:
            return message
        theirs = read.proof[0] if read.kind in LIVE else None
        if theirs not in self.challenges:
            return message
        before, key = message[: -feed.TAG], {root.id: root.key for root in roots(of).roots}.get(read.root_id)
        ours = before.replace(theirs, self.challenges[theirs])
        if key is None:
            return ours + message[-feed.TAG :]

        def tag(text: bytes) -> bytes:
            return bytes(feed.message_tag(key, read.deployment_id, read.scope_wire, text))

        # A tag that was wrong stays so.
        return ours + (tag(ours) if tag(before) == message[-feed.TAG :] else message[-feed.TAG :])


def verified(follower: portward.Follower, kind: str, token: str, at: int) -> Json:
    verify = follower.verify_link if kind == "link" else follower.verify_session
    verify(token, at=at)
    return {}


def begun(case: Json, sort: str, highest: str | None = None) -> Following:
    ring = keyring("revocation", case["keyring"], case["deployment"])
    tenants = None if case["scope"] == "all" else case["scope"]
    if sort == "list":
        return Following(portward.Follower.of_lists(ring, tenants=tenants, highest=highest), asks=False)
    staleness = SHORT if sort == "short" else USUAL
    return Following(portward.Follower(ring, tenants=tenants, highest=highest, max_staleness=staleness))


def is_old(step: Json, sent_at: int | None) -> bool:
    """Whether the steady clock of the vector says so."""
    return sent_at is not None and not 0 <= step["monotonic"] - sent_at <= step["mode"]["live_max_staleness"]


def test_feeds() -> None:
    """`export` is of the core: nothing here writes a view's records. Nor does anything take out what has ended, which no answer shows."""
    asked: Counter[str] = Counter()
    for _, case in cases("revocation", "feed"):
        steps: list[Json] = case["steps"]
        # What follows lists has never asked, so where somebody asks it is not there. The others where they are needed.
        modes = [step["check"]["mode"] for step in steps if "check" in step]
        may_be_old = any("check" in step and step["expect"].get("error") == "view_stale" for step in steps)
        lists = "list" in modes and not any("challenge" in step for step in steps)
        sorts = ["usual"] + ["short"] * may_be_old + ["list"] * lists
        followers = {sort: begun(case, sort) for sort in sorts}
        pending = held = None
        for number, step in enumerate(steps):
            told = {"id": (case["id"], number), "expect": step.get("expect")}
            if "challenge" in step:
                pending = step["sent_at"]
                for following in followers.values():
                    following.ask(bytes.fromhex(step["challenge"]))
            elif "message" in step:
                message = bytes.fromhex(step["message"])
                for following in followers.values():
                    check(told, outcome(lambda: {"sequence": following.accept(message, case["keyring"], step["now"])}))
                if "ok" in step["expect"] and feed.parse(message).kind in LIVE:
                    held = pending
                asked["message"] += 1
            elif "restart" in step:
                followers = {sort: begun(case, sort, following.follower.highest) for sort, following in followers.items()}
                held = None
            elif "check" in step:
                one = step["check"]
                sort = "list" if one["mode"] == "list" else "short" if is_old(one, held) else "usual"
                if sort not in followers:
                    asked["a list beside an answer"] += 1
                    continue
                if sort == "short":
                    time.sleep(2 * SHORT)
                check(told, outcome(lambda: verified(followers[sort].follower, one["kind"], one["token"], one["now"])))
                asked[f"check, {sort}"] += 1
    assert asked["message"] > 1900 and asked["check, list"] > 60 and asked["check, usual"] > 200 and asked["check, short"] > 10, asked
    assert asked["a list beside an answer"] == 21


def message_of(view: Json, of: str, deployment: portward.Deployment, challenge: bytes) -> tuple[bytes, int]:
    """What brings a follower to this view, and when."""
    evidence, at, root = view["evidence"], 0, roots(of).active()
    if evidence == "none":
        kind, proof = feed.SAVED_SNAPSHOT, b""
    elif "live_sent_at" in evidence:
        kind, proof = feed.LIVE_SNAPSHOT, challenge
    else:
        at = evidence["this_update"]
        kind, proof = feed.LIST_SNAPSHOT, wire.u40(at) + wire.u40(evidence["next_update"])
    scope = revocation.WHOLE if view["scope"] == "all" else view["scope"]
    return feed.encode(
        kind=kind, root_id=root.id, root=root.key, deployment_id=bytes.fromhex(deployment.id), incarnation=bytes.fromhex(view["incarnation"]),
        scope_wire=revocation.encode_scope(scope), first=0, before=revocation.NO_HISTORY, last=view["sequence"],
        after=bytes.fromhex(view["history"]), proof=proof, body=bytes.fromhex(view["records"])), at  # fmt: skip


def following(case: Json, view: Json) -> portward.Follower:
    """One that has this view."""
    ring = keyring("revocation", case["keyring"], case["deployment"])
    options: Json = {
        "audience": case.get("audience"), "skew": case.get("skew", 60), "tenants": None if view["scope"] == "all" else view["scope"]}  # fmt: skip
    challenge = b""
    if case["mode"] == "list":
        follower = portward.Follower.of_lists(ring, **options)
    else:
        sent_at = view["evidence"].get("live_sent_at") if view["evidence"] != "none" else None
        believed = SHORT if is_old(case, sent_at) else max(USUAL, min(case["mode"]["live_max_staleness"] / 1000, 1e9))
        follower = portward.Follower(ring, max_staleness=believed, **options)
        challenge = follower.request()[-16:]
    message, at = message_of(view, case["keyring"], ring.deployment, challenge)
    follower.accept(message, at=at)
    return follower


def test_tokens_under_a_view() -> None:
    count: Counter[str] = Counter()
    for fixtures, case in cases("revocation", "verify_link", "verify_session"):
        view = fixtures["views"][case["view"]]
        is_live = view["evidence"] != "none" and "live_sent_at" in view["evidence"]
        if case["mode"] == "list" and is_live:
            count["a list beside an answer"] += 1
            continue
        follower = following(case, view)
        if case["mode"] != "list":
            time.sleep(2 * SHORT)
        expected = case["expect"]
        found = outcome(lambda: verified(follower, case["op"].removeprefix("verify_"), case["token"], case["now"]))
        check(case | {"expect": {"ok": {}} if "ok" in expected else expected}, found)
        count["asked"] += 1
    assert count["asked"] > 170 and count["a list beside an answer"] < 5, count


def test_requests(store: portward.Store) -> None:
    """What a store answers shows what it read: the scope, and the challenge of whoever asks."""

    def read(case: Json) -> Json:
        answer = feed.parse(store.answer(bytes_of(case["request"])))
        scope = revocation.read_scope(wire.Reader(answer.scope_wire))
        return {"scope": "all" if scope is revocation.WHOLE else scope, "challenge": answer.proof[0].hex()}

    for _, case in cases("revocation", "feed_request"):
        # How far whoever asks is, the answer does not say: of another store's life it is a snapshot.
        case["expect"].get("ok", {}).pop("since", None)
        check(case, outcome(lambda: read(case)))


def test_a_forged_message_stays_forged() -> None:
    """Of what is written again: the reference does not mend it."""
    case = next(case for _, case in cases("revocation", "feed") if "challenge" in case["steps"][0] and "ok" in case["steps"][1]["expect"])
    asked, told = case["steps"][:2]
    message, found = bytes.fromhex(told["message"]), []
    for sent in (message, message[:-1] + bytes([message[-1] ^ 1])):
        one = begun(case, "usual")
        one.ask(bytes.fromhex(asked["challenge"]))
        found.append(outcome(lambda: one.accept(sent, case["keyring"], told["now"])))
    assert "ok" in found[0] and found[1].get("error") == "forged_message"
