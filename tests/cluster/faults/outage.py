#!/usr/bin/env python3
"""outage.py [FAULT|CASE]...: what happens to a fault in force when the cluster fails: the API server is killed and started again, etcd
stands still, the network is cut, credentials run out or are withdrawn. In the end the objects are as before, every time.

The control plane is this test's own, in a network namespace of its own; the injector is in another, behind a veth pair."""
import base64
import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import api
from lease import Lease, World, gone
from matrix import Trial, forget_run
from rows import ROWS

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.dirname(HERE)
FAULT = "k8s.patch"


class Plant:
    """The control plane, and the namespace in which the injector is."""

    def __init__(self, home):
        self.dir = os.path.join(home, "plant")
        self.ns = f"oout-{os.getpid()}"
        self.kubeconfig = os.path.join(self.dir, "kubeconfig")

    def run(self, *command, **env):
        done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def __enter__(self):
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "netns", "add", self.ns)
        self.run("ip", "link", "add", "o0", "type", "veth", "peer", "name", "o1", "netns", self.ns)
        for where, name, address in (((), "o0", "10.66.0.1/24"), (("-n", self.ns), "o1", "10.66.0.2/24")):
            self.run("ip", *where, "addr", "add", address, "dev", name)
            self.run("ip", *where, "link", "set", name, "up")
        try:
            self.run(os.path.join(SCRIPTS, "up"), self.dir, ADDRESS="10.66.0.1", PORT="6443",
                     KUBELAB=os.readlink(os.path.join(os.environ["CLUSTER"], "kubelab")))
            self.run(os.path.join(SCRIPTS, "scale"), self.dir, "3", "0")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.run(os.path.join(SCRIPTS, "down"), self.dir)
        self.run("ip", "netns", "del", self.ns)

    def part(self, name, what):
        self.run(os.path.join(SCRIPTS, "part"), self.dir, name, what)

    def renew(self):
        """Controllers that met one outage after the other have ended, or pause for a minute and more before they look again;
        new ones do not."""
        for name in ("kube-controller-manager", "kube-scheduler"):
            subprocess.run([os.path.join(SCRIPTS, "part"), self.dir, name, "kill"], check=False, capture_output=True)
            self.part(name, "start")

    def nft(self, text):
        self.run("nsenter", f"--net=/run/netns/{self.ns}", "nft", text)

    def cut(self):
        """Packets get lost, in both directions, without a word."""
        self.nft("table inet cut { chain o { type filter hook output priority 0; drop; }; "
                 "chain i { type filter hook input priority 0; drop; }; }")

    def mend(self):
        self.nft("delete table inet cut")

    def certificate(self, path, seconds):
        self.run(os.path.join(self.dir, "kubelab"), "certs", "-server", "https://10.66.0.1:6443", "-user", "brief",
                 "-groups", "system:masters", "-for", f"{seconds}s", self.dir)
        shutil.copy(os.path.join(self.dir, "user-brief.conf"), path)


class Outer(Lease):
    """A lease whose injector is beyond the veth pair."""

    def __init__(self, home, kubeconfig, ns):
        super().__init__(home, kubeconfig)
        self.ns = ns

    def spawn(self):
        inner, self.program = self.program, os.path.join(self.home, "injector")
        if not os.path.exists(self.program):
            with open(self.program, "w", encoding="ascii") as f:
                f.write(f"#!/bin/sh\nexec nsenter --net=/run/netns/{self.ns} {inner}\n")
            os.chmod(self.program, 0o755)
        return super().spawn()


class Case(Trial):
    def __init__(self, plant, world, fault, row):
        super().__init__(world, fault, row)
        self.plant = plant
        self.known = None

    def targets(self):
        """As resolved while the API server still was there."""
        return self.known

    def lease(self, home):
        return Outer(home, self.world.kubeconfig, self.plant.ns)


def back(case, lease, overdue_s=0):
    event = lease.until("reverted", 40)
    if event["residue"] != 0:
        raise AssertionError(f"residue: {event}")
    if event["figures"]["overdue_ns"] < overdue_s * 1e9:
        raise AssertionError(f"it stood for {overdue_s} s beyond its end and does not say so: {event}")
    # What controllers write besides (a cordon's taint) waits until they are back as well.
    case.same(60, "after 'reverted'")


def server_dead_before(case, lease):
    case.plant.part("kube-apiserver", "kill")
    begun = time.monotonic()
    case.add(lease)
    event = lease.until("failed", 60)
    if event["phase"] != "check" or time.monotonic() - begun > 30:
        raise AssertionError(f"a failed check in time was expected: {event}")
    case.plant.part("kube-apiserver", "start")
    case.same(5, "nothing was ever done")


def in_the_middle(case, lease, fail, mend):
    """At any moment between the request and the revert."""
    case.add(lease, hold=0.3)
    time.sleep(random.uniform(0.02, 0.7))
    fail()
    time.sleep(1)
    mend()
    events = lease.drain(60)
    if events[-1]["event"] == "reverted" and events[-1]["residue"] > 0:
        raise AssertionError(f"{events[-1]}")
    lease.ask("rescue")
    # Claims that could not be given back run out.
    case.same(60, f"after {[e['event'] for e in events]}")


def server_killed_in_the_middle(case, lease):
    part = case.plant.part
    in_the_middle(case, lease, lambda: part("kube-apiserver", "kill"), lambda: part("kube-apiserver", "start"))


def etcd_stopped_in_the_middle(case, lease):
    in_the_middle(case, lease, lambda: case.plant.part("etcd", "stop"), lambda: case.plant.part("etcd", "cont"))


def network_cut_in_the_middle(case, lease):
    in_the_middle(case, lease, case.plant.cut, case.plant.mend)


def server_killed_in_force(case, lease):
    """Back before the end: the fault stands for its time, and not longer."""
    hold = 20
    injected = case.force(lease, hold=hold)
    begun = time.monotonic()
    case.plant.part("kube-apiserver", "kill")
    case.plant.part("kube-apiserver", "start")
    # On a slow machine the start may take as long as the hold.
    if not case.row.effect(case.world) and time.monotonic() - begun < hold - 2:
        raise AssertionError("the effect went with the API server")
    reverting = lease.until("reverting", 2 * hold)
    stood = (reverting["at_ns"] - injected["at_ns"]) / 1e9
    if not hold - 0.1 < stood < hold + 3 or reverting["cause"] != "deadline":
        raise AssertionError(f"{hold} s were asked for, it were {stood:.1f}: {reverting}")
    back(case, lease)


def server_away_at_the_end(case, lease):
    case.force(lease, hold=1)
    case.plant.part("kube-apiserver", "kill")
    lease.until("waiting", 20)
    time.sleep(3)
    case.plant.part("kube-apiserver", "start")
    back(case, lease, 2)


def server_away_holder_killed(case, lease):
    """The guardian waits for the API server as the holder would."""
    case.force(lease)
    lease.guardian()
    case.plant.part("kube-apiserver", "kill")
    lease.kill("holder")
    time.sleep(2)
    case.plant.part("kube-apiserver", "start")
    case.same(60, "the guardian has reverted")
    lease.ended()


def server_away_both_killed(case, lease):
    """A rescue that cannot reach the cluster keeps the record."""
    case.force(lease)
    case.plant.part("kube-apiserver", "kill")
    lease.kill("holder", "guardian")
    records = lease.ask("rescue", 90)["records"]
    if [r["action"] for r in records] != ["failed"]:
        raise AssertionError(f"a failed rescue was expected: {records}")
    case.plant.part("kube-apiserver", "start")
    records = lease.ask("rescue")["records"]
    if [(r["action"], r["residue"]) for r in records] != [("reverted", 0)]:
        raise AssertionError(f"{records}")
    case.same(20, "after rescue")


def etcd_stopped(case, lease):
    case.force(lease, hold=1)
    case.plant.part("etcd", "stop")
    lease.until("waiting", 30)
    time.sleep(1)
    case.plant.part("etcd", "cont")
    back(case, lease, 1)


def network_cut(case, lease):
    case.force(lease, hold=2)
    case.plant.cut()
    lease.until("waiting", 40)
    case.plant.mend()
    back(case, lease, 1)


def expire(case, lease):
    """In force, with a client certificate that has run out."""
    conf = os.path.join(lease.home, "kubeconfig")
    case.plant.certificate(conf, 4)
    lease.env["KUBECONFIG"] = conf
    case.force(lease, hold=60)
    lease.guardian()
    time.sleep(5)


def certificate_expired(case, lease):
    expire(case, lease)
    lease.send({"protocol": 1, "op": "end"})
    stuck(case, lease)
    renewed(case, lease)


def certificate_expired_holder_killed(case, lease):
    """The guardian reads the kubeconfig again as the holder would."""
    expire(case, lease)
    lease.kill("holder")
    time.sleep(3)
    if not case.row.effect(case.world):
        raise AssertionError("it cannot have been reverted")
    shutil.copy(case.world.kubeconfig, lease.env["KUBECONFIG"])
    case.same(20, "the guardian has reverted")
    lease.ended()


def certificate_expired_for_good(case, lease):
    """Nobody renews it, and both are ended: the record is there for a rescue with other credentials."""
    expire(case, lease)
    lease.kill("holder", "guardian")
    if [r["action"] for r in lease.ask("rescue", 90)["records"]] != ["failed"]:
        raise AssertionError("a rescue with the expired certificate should have failed")
    shutil.copy(case.world.kubeconfig, lease.env["KUBECONFIG"])
    mended(case, lease)


def account(case, lease):
    """A kubeconfig of a service account that may do just enough; its name."""
    ns, call = case.world.ns, case.world.api.create
    name = f"tester-{random.randrange(1 << 30)}"
    case.world.make("ServiceAccount", {"metadata": {"name": name}})
    rights = "/apis/rbac.authorization.k8s.io/v1"
    call(f"{rights}/namespaces/{ns}/roles", {"metadata": {"name": name}, "rules": [
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch", "patch"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
         "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"]}]})
    call(f"{rights}/namespaces/{ns}/rolebindings", {
        "metadata": {"name": name}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": ns}]})
    token = call(api.path_of("ServiceAccount", ns, name) + "/token", {
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}})
    conf = os.path.join(lease.home, "kubeconfig")
    run = case.plant.run
    kubectl = os.path.join(case.plant.dir, "kubectl")
    with open(os.path.join(case.plant.dir, "pki/ca.crt"), "rb") as f:
        ca = base64.b64encode(f.read()).decode()
    for words in (["set-cluster", "c", "--server=https://10.66.0.1:6443"], ["set", "clusters.c.certificate-authority-data", ca],
                  ["set-credentials", "u", f"--token={token['status']['token']}"],
                  ["set-context", "kubelab", "--cluster=c", "--user=u"], ["use-context", "kubelab"]):
        run(kubectl, "config", "--kubeconfig", conf, *words)
    lease.env["KUBECONFIG"] = conf
    return name


def token_revoked(case, lease):
    name = account(case, lease)
    case.force(lease, hold=60)
    case.world.api.delete(api.path_of("ServiceAccount", case.world.ns, name))
    # The API server remembers for ten seconds that a token was good.
    time.sleep(12)
    lease.send({"protocol": 1, "op": "end"})
    stuck(case, lease)
    renewed(case, lease)


def rights_withdrawn(case, lease):
    name = account(case, lease)
    case.force(lease, hold=60)
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{case.world.ns}/rolebindings/{name}"
    binding = case.world.api.get(path)
    case.world.api.delete(path)
    time.sleep(1)
    lease.send({"protocol": 1, "op": "end"})
    stuck(case, lease)
    binding["metadata"] = {"name": name}
    case.world.api.create(path.rpartition("/")[0], binding)
    mended(case, lease)


def stuck(case, lease):
    """Nothing can be reverted, and it says so: it waits, or gives up with residue; it never claims that nothing is left."""
    while True:
        event = lease.next(40)
        if event is None:
            raise AssertionError(f"it ended without a word: {lease.seen[-3:]}")
        if event["event"] == "waiting" or event["event"] == "failed":
            break
        if event["event"] == "reverted":
            if event["residue"] == 0:
                raise AssertionError(f"it cannot have been reverted: {event}")
            break
    if not case.row.effect(case.world):
        raise AssertionError("the effect is gone")
    print(f"  {event.get('message', event)}", flush=True)


def renewed(case, lease):
    """Somebody writes the kubeconfig again: whoever waits notices, and reverts."""
    if lease.seen[-1]["event"] != "waiting":
        raise AssertionError(f"it does not wait for other credentials: {lease.seen[-3:]}")
    # First to one that must not be followed: another name for the same server is another server.
    conf = lease.env["KUBECONFIG"]
    with open(case.world.kubeconfig, encoding="ascii") as f:
        text = f.read()
    with open(conf, "w", encoding="ascii") as f:
        f.write(text.replace("https://10.66.0.1:", "https://10.66.0.01:"))
    while "is not followed" not in (event := lease.until("waiting", 10))["message"]:
        pass
    print(f"  {event['message']}", flush=True)
    shutil.copy(case.world.kubeconfig, conf)
    begun = time.monotonic()
    back(case, lease)
    if time.monotonic() - begun > 15:
        raise AssertionError(f"it took {time.monotonic() - begun:.1f} s to notice the new credentials")


def mended(case, lease):
    """Whoever still waits is ended; the record is there for rescue."""
    lease.close()
    if not gone(lease.fds["holder"], 0):
        lease.kill("holder", "guardian")
    lease.ended()
    records = lease.ask("rescue")["records"]
    if [(r["action"], r["residue"]) for r in records] != [("reverted", 0)]:
        raise AssertionError(f"rescue: {records}")
    case.same(30, "with credentials again")


# A fault that changes an object meets all of them; one that makes objects, one that acts besides, and one that cannot be
# undone those in which they differ.
CASES = {
    FAULT: [server_dead_before, server_killed_in_the_middle, server_killed_in_the_middle, etcd_stopped_in_the_middle,
            network_cut_in_the_middle, server_killed_in_force, server_away_at_the_end, server_away_holder_killed,
            server_away_both_killed, etcd_stopped, network_cut, certificate_expired, certificate_expired_holder_killed,
            certificate_expired_for_good, token_revoked, rights_withdrawn],
    "net.policy": [server_killed_in_the_middle, server_away_at_the_end, server_away_holder_killed],
    "node.drain": [server_killed_in_the_middle, server_away_at_the_end, server_away_holder_killed],
    "pod.delete": [server_killed_in_the_middle, network_cut_in_the_middle],
}


def settled(world):
    """After a start the controllers write to the object once more. Whether its pods run is not what is tried: who plays them
    looks again only a minute after an outage."""
    web = world.read("Deployment", "web")
    return web is None or (web["status"].get("observedGeneration") == web["metadata"]["generation"]
                           and web["status"].get("replicas") == web["spec"]["replicas"])


def try_fault(plant, world, fault, chosen):
    row = ROWS[fault]
    case = Case(plant, world, fault, row)
    for run in CASES[fault]:
        if chosen and run.__name__ not in chosen:
            continue
        begun = time.monotonic()
        plant.renew()
        api.until(60, "the deployment has settled", lambda: settled(world))
        case.known = row.targets(world)
        case.before = case.look()
        with tempfile.TemporaryDirectory() as home, case.lease(home) as lease:
            run(case, lease)
        forget_run()
        print(f"{fault}: {run.__name__}: {time.monotonic() - begun:.1f} s", flush=True)


def try_all(plant, chosen):
    """chosen: names of cases and faults; none: all. What they are tried on is made before the first outage."""
    with contextlib.ExitStack() as worlds:
        made = []
        for fault in [f for f in CASES if f in chosen] or list(CASES):
            world = worlds.enter_context(World(plant.kubeconfig, "outage-" + fault.replace(".", "-")))
            ROWS[fault].make(world)
            made.append((world, fault))
        for world, fault in made:
            try_fault(plant, world, fault, [c for c in chosen if c not in CASES])


def main():
    if os.geteuid() != 0:
        print("needs root, for network namespaces")
        return 77
    if os.environ.get("OUTAGE_INSIDE") != "1":
        os.execvpe("unshare", ["unshare", "--net", sys.executable, *sys.argv], {**os.environ, "OUTAGE_INSIDE": "1"})
    seed = int(os.environ.get("ORDEAL_SEED", random.randrange(1 << 32)))
    random.seed(seed)
    print(f"ORDEAL_SEED={seed}", flush=True)
    with tempfile.TemporaryDirectory() as home, Plant(home) as plant:
        try_all(plant, sys.argv[1:])
    return 0


sys.exit(main())
