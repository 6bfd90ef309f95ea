#!/usr/bin/env python3
"""clock.py ORDEAL: a daemon in a virtual machine whose clock is set, and which is suspended and stopped, while a fault is in force.

The clock goes an hour forward over a change to summer time, back again, a little to and fro, and 25 hours forward; the machine
sleeps (`freeze` and `mem`) and is stopped from outside. Each instant that `ordeal next` plans is
claimed once or told as skipped once, and not both; steps and sleep are told; the fault lasts as long as it is to by the clock
that nobody sets.
"""
import bisect
import collections
import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MACHINE = os.path.join(HERE, "../cluster/machine")
SECOND = 10**9
BEGIN = "2027-03-28T00:59:00Z"
EXPERIMENT = """apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {{name: {name}}}
spec:
  hypothesis: nothing happens
  schedule: {{{schedule}}}
  shareTargets: true
  probes: [{{name: here, tcp: {{host: 127.0.0.1, port: 9}}, every: 100ms, timeout: 100ms}}]
  faults: [{{name: fault, {fault}, for: {hold}}}]
  recovery: 100ms
  limits: {{targets: 1, duration: 100s}}
"""
SCHEDULES = {
    "beat": "every: 2s",
    "minute": 'cron: "* * * * *", catchUp: once',
    "all": 'cron: "*/20 * * * *", catchUp: all, catchUpMax: 5, concurrency: queue',
    "night": 'cron: "30 2 * * *", timezone: Europe/Berlin, catchUp: once',
    "at": 'at: "2027-03-28T01:30Z", catchUp: once',
    "office": 'cron: "*/10 * * * *", catchUp: once, windows: [{from: "01:20", to: "01:50"}]',
    "pause": 'at: "2027-03-28T00:59:24Z"',
}
HOLD = 20


def make(t):
    os.makedirs(f"{t}/log/exp")
    for name, schedule in SCHEDULES.items():
        fault, hold = ("proc.pause: {}, target: {pid: PID}", f"{HOLD}s") if name == "pause" else ("noop: {}, target: {host: true}", "50ms")
        with open(f"{t}/log/exp/{name}.yaml", "w", encoding="utf-8") as f:
            f.write(EXPERIMENT.format(name=name, schedule=schedule, fault=fault, hold=hold))


def first_process(p):
    """The machine's kernel: the only child of unshare."""
    with open(f"/proc/{p.pid}/task/{p.pid}/children", encoding="ascii") as f:
        return int(f.read().split()[0])


def wait_for(path, p, limit=90):
    end = time.monotonic() + limit
    while not os.path.exists(path):
        assert p.poll() is None and time.monotonic() < end, f"no {path}"
        time.sleep(0.05)


def live(t, ordeal):
    """Runs the machine; wakes and stops it from outside."""
    env = dict(os.environ, MEMORY="384", HOME=t)
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private", MACHINE, t, "-",
               f"{HERE}/clock-guest", f"{t}/log", ordeal]
    with open(f"{t}/console", "wb") as console:
        p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, env=env, start_new_session=True)
    try:
        for state in ("freeze", "mem"):
            wait_for(f"{t}/log/{state}", p)
            time.sleep(3)
            os.kill(first_process(p), signal.SIGUSR1)
        wait_for(f"{t}/log/stop", p)
        os.kill(first_process(p), signal.SIGSTOP)
        time.sleep(3)
        os.kill(first_process(p), signal.SIGCONT)
        p.wait(60)
    finally:
        if p.poll() is None:
            p.kill()
            p.wait()


def text_of(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def records(log):
    for line in text_of(f"{log}/serve/journal").splitlines():
        yield json.loads(line[9:])


def planned(log, ordeal, name):
    """By `ordeal next`, ns."""
    out = subprocess.run([ordeal, "next", "--json", "--count", "100000", "--from", BEGIN, "--for", "30h", f"{log}/exp/{name}.yaml"],
                         check=True, capture_output=True, text=True).stdout
    return [int(datetime.datetime.fromisoformat(r["planned"].replace("Z", "+00:00")).timestamp()) * SECOND for r in json.loads(out)]


def check_schedule(name, instants, journal, until):
    """Each instant is dealt with once."""
    first = next(r["cur"] for r in journal if r["c"] == "seen" and r["n"] == name)
    claims = [r["p"] for r in journal if r["c"] == "claim" and r["n"] == name]
    ends = {r["k"]: r for r in journal if r["c"] == "end"}
    assert all(n == 1 for n in collections.Counter(claims).values()), f"{name}: claimed twice: {claims}"
    keys = {r["p"]: r["k"] for r in journal if r["c"] == "claim" and r["n"] == name}
    dealt = {p: "run" for p in claims}
    for r in (r for r in journal if r["c"] == "skipped" and r["n"] == name):
        those = instants[bisect.bisect_left(instants, r["first"]):bisect.bisect_right(instants, r["last"])]
        assert len(those) == r["times"], f"{name}: {r} is of {len(those)}"
        for p in those:
            # What was claimed and then left out ends so.
            assert p not in dealt or "skipped" in ends.get(keys.get(p), {}), f"{name}: {p} was claimed, and skipped for {r['why']}"
            assert dealt.get(p) != "skipped", f"{name}: {p} is skipped twice"
            dealt[p] = "skipped"
    assert set(dealt) <= set(instants), f"{name}: not planned: {sorted(set(dealt) - set(instants))[:5]}"
    lost = [p for p in instants if first < p < until and p not in dealt]
    assert not lost, f"{name}: lost: {lost[:5]}"
    return collections.Counter(dealt.values())


def check_told(log):
    """Those that are longer than what a busy machine takes to set its clock, each by its event; all are counted."""
    events = [json.loads(data) for data in re.findall(r"event: clock\ndata: (.*)", text_of(f"{log}/events"))]
    told = [e["step_ns"] / SECOND for e in events]
    for by, times in ((3600, 1), (-3600, 1), (30, 1), (-30, 1), (90000, 1), (40, 2)):
        # The one to a time of day may be as long as another, where the machine is quick.
        assert sum(abs(t - by) < 5 for t in told) >= times, f"{by} s were not told so: {told}"
    status = json.loads(text_of(f"{log}/status"))
    assert status["clock"]["steps"] == len(told), status["clock"]
    return told


def check_fault(log):
    """The fault lasts as long as it is to, whatever the clock says meanwhile."""
    steps = dict(line.split()[:2] for line in text_of(f"{log}/steps").splitlines() if line.startswith(("paused", "released")))
    held = float(steps["released"]) - float(steps["paused"])
    report = json.loads(text_of(f"{log}/pause.json"))
    # That is no step's doing: the guardian looks at a clock that nobody sets.
    if "no sign of life" in report["verdict"]:
        return "shorter: this machine is too slow"
    assert HOLD - 1.5 < held < HOLD + 8, f"it was in force for {held} s"
    assert report["exit"] in (0, 5), report["verdict"]
    return held


def main():
    ordeal = os.path.abspath(sys.argv[1])
    if subprocess.run([MACHINE, "--try"], check=False).returncode:
        sys.exit(77)
    if not shutil.which("curl"):
        print("curl is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="ordeal-clock-") as t:
        log = f"{t}/log"
        make(t)
        try:
            live(t, ordeal)
            steps = [line.split() for line in text_of(f"{log}/steps").splitlines()]
            print(text_of(f"{log}/steps"))
            journal = list(records(log))
            until = (int(steps[-1][2]) - 2) * SECOND
            for name in SCHEDULES:
                print(name, dict(check_schedule(name, planned(log, ordeal, name), journal, until)))
            print("told:", check_told(log))
            print("the fault was in force, s:", check_fault(log))
        except BaseException:
            for name in ("said", "steps"):
                if os.path.exists(f"{log}/{name}"):
                    print(text_of(f"{log}/{name}")[-6000:])
            print(text_of(f"{t}/console")[-1500:])
            if "ORDEAL_KEEP" in os.environ:
                shutil.copytree(t, os.environ["ORDEAL_KEEP"], dirs_exist_ok=True)
            raise


if __name__ == "__main__":
    main()
