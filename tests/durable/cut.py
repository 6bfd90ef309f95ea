#!/usr/bin/env python3
"""cut.py DAEMON QUICK_RUN ORDEAL [ROUNDS [SEED]]: a virtual machine in which the daemon is busy loses its power, again and again.

SIGKILL ends the machine at a random point, so that all is lost which its kernel had not written yet; its disk stays as it is
then. After each cut the file system is whole, and so are the journal and the history. Each start was written down outside the
machine: no claim is begun twice, no planned instant is claimed twice, what was begun has an end or is told as interrupted, and
each instant was claimed or is in the history as skipped.
"""
import collections
import glob
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MACHINE = os.path.join(HERE, "../cluster/machine")
NIGHTLY = "ORDEAL_NIGHTLY" in os.environ
BUDGET = 25  # seconds of rounds, where their number is not given
LEAST = 3  # rounds, however slow
N = 8
SECOND = 10**9
EXPERIMENT = """apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {{name: e{n}, labels: {{sleep_ms: "{ms}"}}}}
spec:
  hypothesis: nothing happens
  schedule: {{cron: "* * * * * *", jitter: {jitter}ms, catchUp: {catch_up}, concurrency: {concurrency}}}
  shareTargets: true
  probes: [{{name: here, tcp: {{host: 127.0.0.1, port: 9}}, every: 100ms, timeout: 100ms}}]
  faults: [{{name: none, noop: {{}}, target: {{host: true}}, for: 200ms}}]
  recovery: 100ms
  limits: {{targets: 1, duration: 10s}}
"""


class Journal:
    """All that was found on the disk, cut by cut."""

    def __init__(self):
        self.claims, self.begun, self.ended, self.skipped, self.first = {}, set(), set(), [], {}

    def read(self, folder):
        for name in glob.glob(f"{folder}/state/journal*"):
            with open(name, "rb") as f:
                text = f.read()
            # What has no end was torn; nothing else may be damaged.
            for line in text[:text.rfind(b"\n") + 1].splitlines():
                try:
                    record = json.loads(line[9:])
                except ValueError as e:
                    raise AssertionError(f"{name}: {line[:200]}") from e
                self.take(record)

    def take(self, r):
        kind, key = r["c"], r.get("k")
        if kind == "claim":
            known = self.claims.setdefault(key, (r["n"], r["p"]))
            assert known == (r["n"], r["p"]), f"d{key} is claimed for {known} and for {r}"
        elif kind == "begin":
            self.begun.add(key)
        elif kind == "end":
            self.ended.add(key)
        elif kind == "skipped":
            self.skipped.append((r["n"], r["first"], r["last"]))
        elif kind in ("seen", "cursor"):
            self.first.setdefault(r["n"], r["cur"])


class Machine:
    """Boots the disk, and lets the daemon run on it until the power is cut, or until it was told to end."""

    def __init__(self, t, disk, programs):
        self.t, self.disk, self.log, self.programs, self.held = t, disk, f"{t}/log", programs, -1

    def boot(self, back):
        for name in ("up", "end", "ended"):
            if os.path.exists(f"{self.log}/{name}"):
                os.unlink(f"{self.log}/{name}")
        env = dict(os.environ, MEMORY="256", DISK=self.disk, HOME=self.t)
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private", MACHINE,
                   self.t, "-", f"{HERE}/cut-guest", self.log, *self.programs, str(back)]
        self.held, theirs = os.pipe()
        with open(f"{self.t}/console", "wb") as console:
            p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, env=env, pass_fds=[theirs],
                                 start_new_session=True)
        os.close(theirs)
        return p

    def run(self, seconds, back=0, cut=True):
        p = self.boot(back)
        try:
            limit = time.monotonic() + 60
            while not os.path.exists(f"{self.log}/up"):
                assert p.poll() is None and time.monotonic() < limit, self.said()
                time.sleep(0.02)
            time.sleep(seconds)
            if not cut:
                last = time.time_ns()
                with open(f"{self.log}/end", "w", encoding="utf-8"):
                    pass
                p.wait(60)
                assert os.path.exists(f"{self.log}/ended"), self.said()
                return last
        finally:
            # Its first process goes with it, and with that all others.
            if p.poll() is None:
                p.send_signal(signal.SIGKILL)
                p.wait()
            self.gone()
        return None

    def gone(self):
        """Waits for the last of its processes."""
        os.read(self.held, 1)
        os.close(self.held)

    def said(self):
        with open(f"{self.t}/console", errors="replace", encoding="utf-8") as c:
            return c.read()[-2000:] + self.log_text()[-4000:]

    def log_text(self):
        if not os.path.exists(f"{self.log}/said"):
            return ""
        with open(f"{self.log}/said", errors="replace", encoding="utf-8") as f:
            return f.read()


def fsck(disk):
    """The file system's own journal is played, as the next mount would; nothing else may be wrong."""
    subprocess.run(["e2fsck", "-p", disk], check=False, stdout=subprocess.DEVNULL)
    p = subprocess.run(["e2fsck", "-fn", disk], check=False, capture_output=True, text=True)
    assert p.returncode == 0, p.stdout


def contents(t, disk):
    """What is on the disk, in a folder."""
    out = f"{t}/found"
    shutil.rmtree(out, ignore_errors=True)
    os.mkdir(out)
    for name in ("state", "runs"):
        subprocess.run(["debugfs", "-R", f"rdump /{name} {out}", disk], check=False, capture_output=True)
    return out


def history_is_whole(found):
    path = f"{found}/runs/history.db"
    if not os.path.islink(path):
        return 0
    # What the link leads to is on the disk before the link is.
    db = sqlite3.connect(f"{found}/runs/{os.readlink(path)}")
    try:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return db.execute("SELECT count(*) FROM runs").fetchone()[0] if db.execute("PRAGMA user_version").fetchone()[0] else 0
    finally:
        db.close()


def missed(found):
    """(name, first, last) of what the history has as skipped."""
    skips = set()
    for name in glob.glob(f"{found}/runs/missed/*.jsonl"):
        with open(name, "rb") as f:
            for line in f.read().split(b"\n"):
                try:
                    r = json.loads(line) if line else {}
                except ValueError:
                    continue  # torn, and said again
                if r.get("outcome") == "skipped":
                    skips.add((r["name"], r["planned_ns"], r["last_ns"]))
    return skips


def check(journal, said, starts, skips, last):
    """Nothing twice, nothing lost."""
    twice = [k for k, n in collections.Counter(journal.claims.values()).items() if n > 1]
    assert not twice, f"claimed twice: {twice[:5]}"
    twice = [k for k, n in collections.Counter(starts).items() if n > 1]
    assert not twice, f"begun twice: {twice[:5]}"
    stopped = {int(k) for k in re.findall(r"interrupted \(d(\d+)\)", said)}
    for key in (int(k[1:]) for k in starts):
        assert key in journal.claims, f"d{key} was begun, and its claim was not on the disk"
        assert key in journal.ended or key in stopped, f"d{key} was begun, and nobody says how it ended"
    for s in journal.skipped:
        assert s in skips, f"{s} was skipped, and the history does not know"
    claimed = set(journal.claims.values())
    for name, first in journal.first.items():
        for at in range((first // SECOND + 1) * SECOND, last, SECOND):
            skipped = any(n == name and a <= at <= b for n, a, b in skips)
            assert ((name, at) in claimed) or skipped, f"{name} at {at / SECOND} is lost"
    return len(journal.claims), len(starts), len(stopped), len(skips)


def make_disk(t, disk, draw):
    os.makedirs(f"{t}/root/exp")
    os.mkdir(f"{t}/root/runs")
    os.mkdir(f"{t}/log")
    os.symlink(f"{t}/log/starts", f"{t}/root/runs/starts")
    for n in range(N):
        text = EXPERIMENT.format(n=n, ms=draw.choice((0, 0, 20, 300)), jitter=draw.choice((1, 400, 900)),
                                 catch_up=draw.choice(("skip", "once", "all")), concurrency=draw.choice(("forbid", "queue")))
        with open(f"{t}/root/exp/e{n}.yaml", "w", encoding="utf-8") as f:
            f.write(text)
    subprocess.run(["truncate", "-s", "64M", disk], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-d", f"{t}/root", disk], check=True)


def rounds_of(given):
    """As many as were asked for, or as fit."""
    end = time.monotonic() + BUDGET
    i = 0
    while i < given or (not given and (i < LEAST or time.monotonic() < end)):
        yield i
        i += 1


def cuts(t, disk, programs, given, draw):
    journal, machine, n = Journal(), Machine(t, disk, programs), 0
    for _ in rounds_of(given):
        machine.run(draw.choice((0.05, 0.3, 1, 2)) * (0.5 + draw.random()), draw.choice((0, 0, 0, 3)))
        n += 1
        fsck(disk)
        found = contents(t, disk)
        journal.read(found)
        history_is_whole(found)
    last = machine.run(6, cut=False) - 3 * SECOND
    fsck(disk)
    found = contents(t, disk)
    journal.read(found)
    rows = history_is_whole(found)
    with open(f"{t}/log/starts", encoding="utf-8") as f:
        starts = f.read().split()
    said = machine.log_text()
    try:
        claims, begun, stopped, skips = check(journal, said, starts, missed(found), last)
    except AssertionError:
        print(said[-6000:])
        raise
    print(f"{n} cuts: {claims} claims, {begun} begun, {stopped} interrupted, {skips} skipped, {rows} runs in the history")
    assert claims > 20 and begun > 10
    folders(found, programs[2])


def folders(found, ordeal):
    """Those that were cut short say so, and keep nobody from reading the others."""
    p = subprocess.run([ordeal, "history", "rebuild", "--json", "--output", f"{found}/runs"], check=False, capture_output=True, text=True)
    assert p.returncode == 0, p.stderr
    print("rebuilt:", p.stdout.strip())


def main():
    programs = sys.argv[1:4]
    given = int(sys.argv[4]) if len(sys.argv) > 4 else 120 if NIGHTLY else 0
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else random.randrange(10**9)
    for tool in ("e2fsck", "debugfs", "mkfs.ext4"):
        if not shutil.which(tool):
            print(f"{tool} is not installed")
            sys.exit(77)
    p = subprocess.run([MACHINE, "--try"], check=False)
    if p.returncode:
        sys.exit(77)
    print(f"seed {seed}", flush=True)
    # In memory where there is any: what the machine syncs is not to wait for this one's disk.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="ordeal-cut-") as t, tempfile.TemporaryDirectory(prefix="ordeal-cut-", dir=memory) as d:
        draw = random.Random(seed)
        make_disk(t, f"{d}/disk", draw)
        cuts(t, f"{d}/disk", programs, given, draw)


if __name__ == "__main__":
    main()
