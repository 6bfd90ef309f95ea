#!/usr/bin/env python3
"""steps.py FAULT: the holder, the guardian, or both killed at their k-th system call, for k from start to end of a lease:
before, during and after the injection and the revert. After each, once what is left has reverted or `rescue` has, the
cluster's objects are as before. Tries as many k as fit into half a minute, evenly; ORDEAL_EVERY_STEP=1 or the nightly run
take more time, ORDEAL_STEP_SECONDS=N takes N for each of the three; ORDEAL_SEED repeats a choice."""
import json
import os
import random
import subprocess
import sys
import tempfile
import time

from lease import Lease, World
from matrix import Trial, available
from rows import ROWS

HOLD_S = 0.1


class Steps:
    def __init__(self, trial, home):
        self.trial, self.home = trial, home
        self.tool = os.path.join(os.environ["BUILD_DIR"], "tests/cluster/faults/kill_at")
        self.lease = Lease(home, trial.world.kubeconfig)

    def request(self):
        sent = []
        trial, lease = self.trial, Lease(self.home, self.trial.world.kubeconfig)
        lease.send = sent.append
        lease.add(trial.fault, trial.row.args, trial.row.targets(trial.world), server=trial.world.api.server, hold=HOLD_S,
                  **trial.row.place(trial.world))
        return json.dumps(sent[0]) + "\n"

    def run(self, victim, k):
        """(system calls of the victim, whether it was killed)"""
        done = subprocess.run([self.tool, self.lease.program, victim, str(k)], input=self.request(), env=self.lease.env,
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise AssertionError(f"{victim} at {k}: {done.stdout}{done.stderr}")
        seen, killed = done.stdout.split()[-2:]
        return int(seen), killed == "1"

    def clear(self, what):
        event = self.lease.ask("rescue")
        for record in event["records"]:
            if record["action"] not in ("reverted", "removed") or (record.get("residue") or 0) > 0:
                raise AssertionError(f"{what}: rescue: {record}")

    def sweep(self, victim, seconds):
        total, _ = self.run(victim, 0)
        self.clear(f"{victim}, nobody killed")
        self.trial.same(5, "nobody was killed")
        if total < 20:
            raise AssertionError(f"{victim}: only {total} system calls")
        begun, tried, killed = time.monotonic(), 0, 0
        # In no order: wherever the time ends, they are spread over all phases.
        order = list(range(1, total + 1))
        random.shuffle(order)
        for k in order:
            seen, hit = self.run(victim, k)
            what = f"{victim} killed at system call {k} of {seen if hit else total}"
            self.clear(what)
            # Claims of whoever was killed before there was a record run out by themselves.
            self.trial.same(30, what)
            tried, killed = tried + 1, killed + hit
            if time.monotonic() - begun > seconds:
                break
        if not killed:
            raise AssertionError(f"{victim}: nobody was ever killed in {tried} tries")
        print(f"{self.trial.fault}: {victim}: killed at {killed} of {total} system calls, {time.monotonic() - begun:.0f} s",
              flush=True)


def main():
    fault, row = sys.argv[1], ROWS[sys.argv[1]]
    if not available(fault):
        print(f"{fault} is not in this build of ordeal-injector-kube")
        return 77
    if os.geteuid() != 0:
        print("needs root: the injector is traced from its first system call, beyond which it is not dumpable")
        return 77
    seed = int(os.environ.get("ORDEAL_SEED", random.randrange(1 << 32)))
    random.seed(seed)
    print(f"ORDEAL_SEED={seed}", flush=True)
    long = os.environ.get("ORDEAL_EVERY_STEP") or os.environ.get("ORDEAL_NIGHTLY")
    seconds = int(os.environ.get("ORDEAL_STEP_SECONDS", 600 if long else 8))
    with World(os.environ["KUBECONFIG"], "s-" + fault.replace(".", "-")) as world, tempfile.TemporaryDirectory() as home:
        row.make(world)
        trial = Trial(world, fault, row)
        trial.before = trial.look()
        steps = Steps(trial, home)
        for victim in ("holder", "guardian", "both"):
            steps.sweep(victim, seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
