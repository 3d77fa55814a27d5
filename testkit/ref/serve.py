"""Answers what the fuzz target `reference` asks: a case of the vectors a line, what the reference makes of it a line.

Python's own limits never stand in for an answer: what is raised but a refusal ends the process, and so is found.
"""

import json
import sys
from pathlib import Path

from portward_ref import backup, feed, files, replay
from portward_ref.replay import Fixtures, run

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "token.json"
MAIN = bytes.fromhex("000102030405060708090a0b0c0d0e0f")


def answer(case, fixtures):
    op = case["op"]
    if op == "feed":
        return _feed(case, fixtures)
    if op == "keyring_file":
        return run({**case, "deployment": MAIN.hex()}, fixtures)
    outcome = run(case, fixtures)
    if "ok" not in outcome:
        return outcome
    if op == "vault_file":
        del outcome["ok"]["wrapped"]
    elif op == "feed_request":
        outcome["ok"]["all"] = outcome["ok"].pop("scope") == "all"
    elif op == "backup_manifest":
        outcome["ok"] = _manifest(bytes.fromhex(case["manifest"]))
    return outcome


def _feed(case, fixtures):
    follower = feed.Follower(fixtures.deployments[case["deployment"]], fixtures.keyrings[case["keyring"]],
                             replay._scope(case["scope"]))
    taken = [replay._outcome(lambda: {"sequence": follower.accept(bytes.fromhex(message), case["now"])}, False)
             for message in case["messages"]]
    return {"taken": taken, "records": follower.view.state.snapshot().hex()}


def _manifest(data):
    manifest = backup.read_manifest(data)
    return {"kind": manifest.kind, "number": manifest.number, "name": manifest.name, "created": manifest.created,
            "feed": manifest.feed is not None, "tables": len(manifest.tables),
            "rows": min(sum(rows for _, _, rows in manifest.tables), 2**64 - 1)}


def main():
    fixtures = Fixtures(json.loads(VECTORS.read_text())["fixtures"])
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), fixtures)), flush=True)


if __name__ == "__main__":
    main()
