#!/usr/bin/env python3
"""kill.py DAEMON PROGRAM [ROUNDS [SEED]]: the daemon is killed at random points while it is busy.

Experiments of every second run (each second of the clock, all of them) while SIGKILL ends the daemon again and again. What
the journal says at each death, and what the program that was started wrote down itself, must fit together: each planned
instant is claimed once, each claim is begun at most once, and one that was begun has an end or is told as interrupted.
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


class Journal:
    """All that it ever said, read at each death."""

    def __init__(self, path):
        self.path, self.claims, self.begun, self.ends, self.skips, self.cursors = path, {}, set(), {}, [], {}

    def read(self):
        """Lines that are whole; the last may be torn."""
        names = [n for n in (self.path, self.path + ".next") if os.path.exists(n)]
        for name in names:
            with open(name, encoding="utf-8") as f:
                for line in f:
                    if line.endswith("\n"):
                        self.take(json.loads(line[9:]))

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


def check(journal, said, starts, last_ns):
    """Nothing twice, nothing lost."""
    at = collections.Counter(journal.claims.values())
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
        if planned < last_ns:
            assert key in journal.begun, f"d{key}, {name} at {planned}, was claimed and never begun"
            lost += f"d{key}" not in begun
    # Killed with the daemon before it had written its line.
    assert lost <= len(stopped), f"{lost} of {len(journal.begun)} left no trace"
    for name, first in journal.cursors.items():
        s = first // 10**9 + 1
        while s * 10**9 < last_ns:
            assert at[(name, s * 10**9)] == 1, f"{name} at second {s} is not claimed"
            s += 1
    return len(journal.claims), len(starts), len(stopped)


def main():
    daemon, program = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 300 if os.environ.get("ORDEAL_NIGHTLY") else 8
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(10**9)
    print(f"seed {seed}", flush=True)
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="ordeal-kill-") as t:
        for name in ("exp", "runs"):
            os.mkdir(f"{t}/{name}")
        for n in range(N):
            with open(f"{t}/exp/e{n}.yaml", "w", encoding="utf-8") as f:
                f.write(EXPERIMENT.format(n=n, ms=draw.choice((0, 0, 20, 300)), jitter=draw.choice((1, 400, 900))))
        journal = Journal(f"{t}/state/journal")
        with open(f"{t}/log", "w+", encoding="utf-8") as log:
            for i in range(rounds):
                child = start(daemon, program, t, log)
                try:
                    time.sleep(draw.choice((0.02, 0.1, 0.5, 1.5)) * (0.5 + draw.random()))
                finally:
                    child.send_signal(signal.SIGKILL)
                    child.wait()
                journal.read()
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
        try:
            claims, begun, stopped = check(journal, said, starts, last_ns)
        except AssertionError:
            print(said[-4000:])
            raise
        print(f"{rounds} deaths: {claims} claims, {begun} begun, {stopped} interrupted")
        assert claims > 20 and begun > 20


if __name__ == "__main__":
    main()
