"""Seals and opens with Python's libraries, from memory to memory, all keys in this process.

Prints a line of JSON a measurement: the best of several runs, in nanoseconds of this thread.
"""

import gc
import json
import os
import sys
import time

from peers import PEERS, Absent

SIZES = {"64B": 64, "1KiB": 1 << 10, "64KiB": 64 << 10, "1MiB": 1 << 20}
RUNS, RUN_NS = {"short": (2, 2_000_000), "long": (15, 300_000_000)}.get(os.environ.get("PORTWARD_BENCH"), (7, 100_000_000))


def best(call):
    """How long one call takes in the fastest run; a run is as many calls as fill its time."""
    call()
    calls, fastest = 1, None
    for _ in range(RUNS):
        while (spent := timed(call, calls)) < RUN_NS / 2:
            calls *= 2
        fastest = min(spent / calls, fastest or spent)
    return fastest


def timed(call, calls):
    start = time.thread_time_ns()
    for _ in range(calls):
        call()
    return time.thread_time_ns() - start


def main():
    gc.disable()
    for name, make in PEERS.items():
        try:
            peer = make()
        except (Absent, ImportError) as reason:
            print(f"{name} is skipped: {reason}", file=sys.stderr)
            continue
        for size, length in SIZES.items():
            if length < peer.least:
                continue
            plaintext = os.urandom(length)
            sealed = peer.seal(plaintext)
            assert peer.open(sealed) == plaintext
            report(f"seal-{size}/{name}", best(lambda: peer.seal(plaintext)))
            report(f"open-{size}/{name}", best(lambda: peer.open(sealed)))


def report(name, nanoseconds):
    print(json.dumps({"id": name, "ns": round(nanoseconds, 1)}), flush=True)


if __name__ == "__main__":
    main()
