"""Seals or opens one large file as a stream, once, and prints what it took as a line of JSON, as `benches/src/bin/file.rs` does.

file.py memory|disk seal|open <peer> 1 <MiB> <folder>
"""

import json
import sys
import time

from media import Disk, Memory
from peers import STREAMS


def main(way, operation, name, threads, mebibytes, folder):
    length = int(mebibytes) << 20
    peer = STREAMS[name]()
    medium = {"memory": lambda: Memory(length), "disk": lambda: Disk(folder)}[way]()
    source, held = medium.plaintext(), 0
    if operation == "open":
        kept = medium.kept()
        peer.seal(source, kept)
        kept.finish()
        source, held = medium.sealed(kept), medium.held(kept)
    target = medium.output()
    reset_peak()
    start, cpu = time.perf_counter(), time.process_time()
    {"seal": peer.seal, "open": peer.open}[operation](source, target)
    written = target.finish()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = peak_kib() - held // 1024
    assert written == length if operation == "open" else written > length
    if way == "disk":
        medium.clean()
    report = {"id": f"{way}-{operation}-{threads}/{name}", "seconds": seconds, "cpu": cpu, "peak_kib": peak}
    print(json.dumps(report))


def reset_peak():
    """Linux counts anew from what is held now."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def peak_kib():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main(*sys.argv[1:])
