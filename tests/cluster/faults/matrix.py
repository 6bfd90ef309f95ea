#!/usr/bin/env python3
"""matrix.py FAULT [CASE]...: one fault through the API, ended in every way that there is; after each the cluster's objects
are as before, byte for byte but for what the API server keeps in them for itself, and nothing of ordeal's is left."""
import os
import shutil
import sys
import tempfile
import time

import api
from lease import Lease, World
from rows import ROWS, pods


class Trial:
    """One fault on one object; a new lease and a new home each time."""

    def __init__(self, world, fault, row):
        self.world, self.fault, self.row = world, fault, row
        self.before = None
        self.name = f"m-{os.getpid()}"  # others do the same on the same cluster

    def lease(self, home):
        return Lease(home, self.world.kubeconfig)

    def add(self, lease, **more):
        more.setdefault("name", self.name)
        lease.spawn().add(self.fault, self.row.args, self.targets(), server=self.world.api.server,
                          **self.row.place(self.world), **more)

    def targets(self):
        return self.row.targets(self.world)

    def force(self, lease, **more):
        """In force, and seen from outside."""
        self.add(lease, **more)
        event = lease.until("injected", 60)  # as long as the injector itself gives a controller
        api.until(5, "the effect, from outside", lambda: self.row.effect(self.world))
        return event

    def look(self):
        return self.world.state(self.row.objects())

    def same(self, seconds, what):
        """As before, within the time. Of what cannot be undone only that no trace is left."""
        now = None

        def equal():
            nonlocal now
            now = self.look() if self.row.undone else "\n".join(self.world.traces())
            return now == (self.before if self.row.undone else "")
        try:
            api.until(seconds, what, equal)
        except AssertionError:
            print(f"--- before\n{self.before}\n--- now\n{now}", file=sys.stderr)
            raise


def reverted(trial, lease, cause):
    event = lease.until("reverted")
    want = 0 if trial.row.undone else -1
    if event["residue"] != want or event["cause"] != cause:
        raise AssertionError(f"residue {want}, cause {cause} expected: {event}")
    trial.same(5, "after 'reverted'")
    return event


def removed(trial, lease):
    trial.force(lease)
    lease.send({"protocol": 1, "op": "remove", "lease": trial.name})
    reverted(trial, lease, "removed")


def time_over(trial, lease):
    trial.force(lease, hold=1)
    reverted(trial, lease, "deadline")


def input_closed(trial, lease):
    trial.force(lease)
    lease.close()
    reverted(trial, lease, "input-closed")


def terminated(trial, lease):
    trial.force(lease)
    lease.process.terminate()
    reverted(trial, lease, "signal")


def holder_killed(trial, lease):
    trial.force(lease)
    lease.guardian()
    lease.kill("holder")
    # Where nothing is to be undone there is nothing that a guardian could do: the claims run out.
    trial.same(20 if trial.row.undone else 40, "after the holder was killed")
    lease.ended()


def guardian_killed(trial, lease):
    trial.force(lease)
    lease.kill("guardian")
    trial.same(20, "after the guardian was killed")
    lease.ended()


def both_killed(trial, lease):
    """What stands then is what rescue is for."""
    trial.force(lease)
    lease.kill("holder", "guardian")
    if trial.row.undone and not trial.row.effect(trial.world):
        raise AssertionError("the effect went with its processes: this does not test rescue")
    event = lease.ask("rescue")
    actions = [(r["action"], r.get("residue")) for r in event["records"]]
    if trial.row.undone and actions != [("reverted", 0)]:
        raise AssertionError(f"rescue: {event}")
    # Whoever was killed no longer renews its claims; rescue gives them back, or they run out.
    trial.same(20 if trial.row.undone else 40, "after rescue")
    if lease.ask("rescue")["records"]:
        raise AssertionError("rescue has something to do twice")


def machine_lost(trial, lease):
    """The same from any other machine, which has no record: by what is on the object."""
    if not trial.row.undone:
        return
    trial.force(lease)
    lease.kill("holder", "guardian")
    for name in ("run", "state"):
        shutil.rmtree(os.path.join(lease.home, name))
    forget_run()
    for name in ("run", "state"):
        os.mkdir(os.path.join(lease.home, name), 0o700)
    early = lease.ask("sweep", context="kubelab", dry_run=True)
    mine = [r for r in early["records"] if r["lease"] == trial.name]
    if not mine:
        raise AssertionError(f"the sweep does not find it: {early}")
    if not trial.row.effect(trial.world):
        raise AssertionError("a dry run changed something")
    api.until(40, "the sweep has cleared it", lambda: swept(trial, lease))
    trial.same(5, "after the sweep")


def swept(trial, lease):
    """Another's deadline that is not over is left alone, unless one says now; a Lease that is held is left alone anyway."""
    event = lease.ask("sweep", context="kubelab", now=True)
    left = [r for r in event["records"] if r["lease"] == trial.name and r["action"] not in ("reverted", "removed")]
    if left:
        print(f"sweep: {left}", file=sys.stderr)
    return not left


def forget_run():
    """Root's records lie in /run, which alone.sh has made this test's own."""
    if os.geteuid() == 0:
        shutil.rmtree("/run/ordeal", ignore_errors=True)


def second_refused(trial, lease):
    """Two ordeals against one target: the second learns who was first."""
    if trial.row.kind == "Pod" and not trial.row.undone:
        return  # the pod is gone; whoever comes second finds another
    trial.force(lease)
    with tempfile.TemporaryDirectory() as home, Lease(home, trial.world.kubeconfig) as other:
        trial.add(other, name=trial.name + "-second")
        event = other.until("failed")
        if event["code"] != "guard" or event["phase"] not in ("check", "inject"):
            raise AssertionError(f"a refusal was expected: {event}")
        other.close()
        other.drain()
    if not trial.row.effect(trial.world):
        raise AssertionError("the second took the first's effect away")
    lease.send({"protocol": 1, "op": "end"})
    reverted(trial, lease, "removed")


def other_change_kept(trial, lease):
    """What somebody else changes meanwhile stays."""
    kind, name = trial.row.kind, trial.row.name
    if not trial.row.undone or kind == "Pod":
        return
    trial.force(lease)
    trial.world.change(kind, name, {"metadata": {"annotations": {"theirs": "stays"}}})
    lease.close()
    event = lease.until("reverted")
    if event["residue"] != 0:
        raise AssertionError(f"{event}")
    value = trial.world.read(kind, name)
    if value["metadata"].get("annotations", {}).get("theirs") != "stays":
        raise AssertionError(f"the other's change is gone: {value['metadata']}")
    trial.world.change(kind, name, {"metadata": {"annotations": {"theirs": None}}})
    trial.same(5, "but for the other's change")


def taken_back(trial, lease):
    """Another field manager undoes the effect: the hold ends there and then, and names it."""
    if trial.row.meddle is None:
        return
    trial.force(lease)
    trial.world.change(trial.row.kind, trial.row.name, trial.row.meddle, manager="argocd")
    event = lease.until("reverting", 10)
    # Who takes a field away owns nothing after: the API server does not remember who that was.
    by = "somebody" if None in trial.row.meddle["spec"].values() else "argocd"
    if event["cause"] != "taken-back" or event.get("by") != by:
        raise AssertionError(f"taken-back by {by} was expected: {event}")
    lease.until("reverted")
    trial.same(5, "after it was taken back")


def made_again(trial, lease):
    """Deleted and made again under the same name while the fault is in force: it is another, and is left alone."""
    kind, name = trial.row.kind, trial.row.name
    if not trial.row.undone or kind in ("Pod", "Node"):
        return
    was = trial.world.read(kind, name)
    trial.force(lease)
    path = api.path_of(kind, trial.world.ns, name)
    trial.world.api.delete(path)
    api.until(20, "it is gone", lambda: trial.world.api.find(path) is None)
    fresh = api.own(was)
    for key in ("uid", "creationTimestamp", "selfLink"):
        fresh["metadata"].pop(key, None)
    for key in ("clusterIP", "clusterIPs"):
        fresh["spec"].pop(key, None)
    trial.world.make(kind, fresh)
    lease.until("reverted")
    lease.ended()
    trial.row.effect(trial.world)
    now = api.own(trial.world.read(kind, name))
    trial.before = trial.look()
    for value in (now, fresh):
        for key in ("uid", "creationTimestamp"):
            value["metadata"].pop(key, None)
        for key in ("clusterIP", "clusterIPs", "ipFamilies", "internalTrafficPolicy"):
            value["spec"].pop(key, None)
    if api.canonical(now) != api.canonical(fresh):
        raise AssertionError(f"the new object was touched:\n{api.canonical(fresh)}\n{api.canonical(now)}")
    if trial.world.traces():
        raise AssertionError(f"traces: {trial.world.traces()}")


CASES = [removed, time_over, input_closed, terminated, holder_killed, guardian_killed, both_killed, machine_lost,
         second_refused, other_change_kept, taken_back, made_again]


def available(fault):
    with tempfile.TemporaryDirectory() as home:
        return any(f["fault"] == fault for f in Lease(home, os.environ["KUBECONFIG"]).ask("doctor")["faults"])


def main():
    fault, chosen = sys.argv[1], sys.argv[2:]
    row = ROWS.get(fault)
    if row is None:
        print(f"no row for {fault}: it would go untested")
        return 1
    if not available(fault):
        print(f"{fault} is not in this build of ordeal-injector-kube")
        return 77
    with World(os.environ["KUBECONFIG"], "m-" + fault.replace(".", "-")) as world:
        row.make(world)
        trial = Trial(world, fault, row)
        for case in CASES:
            if chosen and case.__name__ not in chosen:
                continue
            begun = time.monotonic()
            if not row.undone:
                api.until(30, "all pods are back", lambda: len(pods(world)) >= 3)
            trial.before = trial.look()
            with tempfile.TemporaryDirectory() as home, trial.lease(home) as lease:
                case(trial, lease)
            print(f"{fault}: {case.__name__}: {time.monotonic() - begun:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
