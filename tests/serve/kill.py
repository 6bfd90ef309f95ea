#!/usr/bin/env python3
"""kill.py DAEMON PROGRAM [--flip] [ROUNDS [SEED]]: the daemon is killed at random points while it is busy.

Experiments of every second run (each second of the clock, all of them) while SIGKILL ends the daemon again and again. What
the journal says at each death, and what the program that was started wrote down itself, must fit together: each planned
instant is claimed once, each claim is begun at most once, and one that was begun has an end or is told as interrupted. --flip: a bit of the journal changes
between two of them, and all of it holds as well.
"""
import collections
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

N = 20  # experiments
EXPERIMENT = """apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {{name: e{n}, labels: {{sleep_ms: "{ms}"}}}}
spec:
  hypothesis: nothing happens
  schedule: {{cron: "* * * * * *", jitter: {jitter}ms, catchUp: all, concurrency: queue}}
  shareTargets: true
  probes: [{{name: here, tcp: {{host: 127.0.0.1, port: 9}}, every: 1s, timeout: 1s}}]
  faults: [{{name: none, noop: {{}}, target: {{host: true}}, for: 1s}}]
  limits: {{targets: 1, duration: 10s}}
"""


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def record_of(line):
    """None where it is damaged."""
    try:
        return json.loads(line[9:]) if int(line[:8], 16) == crc32c(line[9:].rstrip(b"\n")) else None
    except ValueError:
        return None


class Journal:
    """All that it ever said, read at each death."""

    def __init__(self, path, flip):
        self.flip = flip
        self.path, self.claims, self.begun, self.ends, self.skips, self.cursors, self.damaged = path, {}, set(), {}, [], {}, set()

    def read(self):
        """Lines that are whole; the last may be torn."""
        names = [n for n in (self.path, self.path + ".next") if os.path.exists(n)]
        for name in names:
            with open(name, "rb") as f:
                for line in f.read().splitlines(keepends=True):
                    record = record_of(line) if line.endswith(b"\n") else None
                    assert record or self.flip or not line.endswith(b"\n"), line
                    if record:
                        self.take(record)

    def take(self, r):
        kind, key = r["c"], r.get("k")
        if kind == "claim":
            known = self.claims.setdefault(key, (r["n"], r["p"]))
            assert known == (r["n"], r["p"]), f"d{key} is claimed for {known} and for {r}"
        elif kind == "begin":
            self.begun.add(key)
        elif kind == "end":
            self.ends[key] = r
            if "skipped" in r:
                self.skips.append(r)
        elif kind in ("seen", "cursor"):
            self.cursors.setdefault(r["n"], r["cur"])


def start(daemon, program, t, log):
    """Begins the daemon; what it says goes to the log."""
    return subprocess.Popen([daemon, f"{t}/exp", f"{t}/state", f"{t}/runs", program, "100"], stdout=subprocess.DEVNULL, stderr=log)


def is_dispatch(pid, key):
    """Whether that process is still the run of that key: a pid alone may be another's by now."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f"/{key}\0".encode() in f.read()
    except OSError:
        return False


def await_prepared(path):
    """Those that waited for their instants end with the daemon."""
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as f:
        waited = [line.split() for line in f]
    limit = time.monotonic() + 10
    while left := [w for w in waited if is_dispatch(w[1], w[0])]:
        assert time.monotonic() < limit, f"processes outlive the daemon: {left[:5]}"
        time.sleep(0.02)


def check(journal, said, starts, last_ns, flip):
    """Nothing twice, nothing lost."""
    # A claim of which nothing is left that had not begun is made again.
    at = collections.Counter(c for k, c in journal.claims.items() if not flip or k in journal.begun)
    twice = [k for k, n in at.items() if n > 1]
    assert not twice, f"claimed twice: {twice[:5]}"
    begun = collections.Counter(starts)
    twice = [k for k, n in begun.items() if n > 1]
    assert not twice, f"begun twice: {twice[:5]}"
    assert not journal.skips, f"skipped: {journal.skips[:5]}"
    stopped = {int(k) for k in re.findall(r"interrupted \(d(\d+)\)", said)}
    for key in journal.begun:
        assert key in journal.ends or key in stopped, f"d{key} was begun, and nobody says how it ended"
    for key in starts:
        assert int(key[1:]) in journal.begun, f"{key} was begun, and the journal does not know"
    lost = 0
    for key, (name, planned) in journal.claims.items():
        if planned < last_ns and (name, planned) not in journal.damaged:
            # Where a line is damaged it may be the one that says that it began.
            assert key in journal.begun or (flip and key in stopped), f"d{key}, {name} at {planned}, was claimed and never begun"
            lost += f"d{key}" not in begun
    # Killed with the daemon before it had written its line.
    assert lost <= len(stopped), f"{lost} of {len(journal.begun)} left no trace"
    for name, first in journal.cursors.items():
        s = first // 10**9 + 1
        while s * 10**9 < last_ns:
            known = (name, s * 10**9) in journal.claims.values() if flip else at[(name, s * 10**9)] == 1
            assert known, f"{name} at second {s} is not claimed"
            s += 1
    return len(journal.claims), len(starts), len(stopped)


def flip_bit(path, journal, draw):
    """In a line of what was done since the daemon began."""
    if not os.path.exists(path):
        return 0
    kinds = ("claim", "queued", "begin", "started", "run", "end")
    with open(path, "r+b") as f:
        lines = f.read().splitlines(keepends=True)
        those = [i for i, line in enumerate(lines) if any(b'"c":"%s"' % k.encode() in line for k in kinds)]
        if not those:
            return 0
        i = draw.choice(those)
        record = record_of(lines[i])
        if record and record["c"] == "claim":
            journal.damaged.add((record["n"], record["p"]))
        at = sum(map(len, lines[:i])) + draw.randrange(len(lines[i]) - 1)
        f.seek(at)
        byte = f.read(1)[0] ^ (1 << draw.randrange(8))
        f.seek(at)
        f.write(bytes([byte]))
    return 1


def main():
    args = [a for a in sys.argv[1:] if a != "--flip"]
    flip, flipped = "--flip" in sys.argv, 0
    daemon, program = args[:2]
    rounds = int(args[2]) if len(args) > 2 else 300 if os.environ.get("ORDEAL_NIGHTLY") else 4 if flip else 8
    seed = int(args[3]) if len(args) > 3 else random.randrange(10**9)
    print(f"seed {seed}", flush=True)
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="ordeal-kill-") as t:
        for name in ("exp", "runs"):
            os.mkdir(f"{t}/{name}")
        for n in range(N):
            with open(f"{t}/exp/e{n}.yaml", "w", encoding="utf-8") as f:
                f.write(EXPERIMENT.format(n=n, ms=draw.choice((0, 0, 20, 300)), jitter=draw.choice((1, 400, 900))))
        journal = Journal(f"{t}/state/journal", flip)
        with open(f"{t}/log", "w+", encoding="utf-8") as log:
            for i in range(rounds):
                child = start(daemon, program, t, log)
                try:
                    time.sleep(draw.choice((0.02, 0.1, 0.5, 1.5)) * (0.5 + draw.random()))
                finally:
                    child.send_signal(signal.SIGKILL)
                    child.wait()
                await_prepared(f"{t}/runs/prepared")
                journal.read()
                if flip:
                    flipped += flip_bit(f"{t}/state/journal", journal, draw)
            child = start(daemon, program, t, log)
            time.sleep(3)
            last_ns = time.time_ns() - 10**9
            child.send_signal(signal.SIGTERM)
            assert child.wait(60) == 0, "it did not end well"
            journal.read()
            log.seek(0)
            said = log.read()
        with open(f"{t}/runs/starts", encoding="utf-8") as f:
            starts = f.read().split()
        with open(f"{t}/runs/prepared", encoding="utf-8") as f:
            prepared = len(f.readlines())
        try:
            claims, begun, stopped = check(journal, said, starts, last_ns, flip)
        except AssertionError:
            print(said[-4000:])
            raise
        print(f"{rounds} deaths, {flipped} bits: {claims} claims, {begun} begun, {stopped} interrupted")
        assert prepared > 20, f"{prepared} were prepared"
        assert claims > 20 and begun > 20


if __name__ == "__main__":
    main()
