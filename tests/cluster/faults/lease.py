"""A lease as whoever asks for one sees it: ordeal-injector-kube on a pipe, its events, its processes."""
import datetime
import hashlib
import json
import os
import select
import signal
import subprocess
import time

import api


class Lease:
    """One holder and its guardian. What it starts it ends, at the latest when it is left."""

    def __init__(self, home, kubeconfig, program=None):
        self.home = home
        self.env = {
            "PATH": "/usr/bin:/bin", "KUBECONFIG": kubeconfig, "HOME": home,
            "XDG_RUNTIME_DIR": os.path.join(home, "run"), "XDG_STATE_HOME": os.path.join(home, "state"),
        }
        for key in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
            os.makedirs(self.env[key], mode=0o700, exist_ok=True)
        self.program = program or os.path.join(os.environ["BUILD_DIR"], "injector/kube/ordeal-injector-kube")
        self.process = None
        self.fds = {}
        self.seen = []
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process is None:
            return
        self.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        for fd in self.fds.values():
            # A guardian that is stopped, or does not end, outlives nobody's test.
            for sig in (signal.SIGCONT, signal.SIGKILL):
                try:
                    if not gone(fd, 5 if sig == signal.SIGKILL else 0):
                        signal.pidfd_send_signal(fd, sig)
                except ProcessLookupError:
                    pass
            os.close(fd)

    def spawn(self):
        self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=self.env, bufsize=0)
        self.fds["holder"] = os.pidfd_open(self.process.pid)
        return self

    def send(self, request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")

    def add(self, fault, args, objects, context="kubelab", server=None, hold=60, name="m-1", **more):
        place = {"context": context, "server": server, "objects": objects, "limit": max(1, len(objects))}
        place.update(more)
        self.send({"protocol": 1, "op": "add", "lease": name, "fault": fault, "args": args, "seed": 7,
                   "target": {"cluster": place}, "hold_ns": int(hold * 1e9)})

    def close(self):
        """As when whoever asked is gone."""
        if self.process and self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()

    def next(self, seconds):
        """The next event; None at the end."""
        end = time.monotonic() + seconds
        while b"\n" not in self.rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise AssertionError(f"no further event within {seconds} s after {self.seen[-3:]}")
            chunk = self.process.stdout.read(65536)
            if not chunk:
                return None
            self.rest += chunk
        line, self.rest = self.rest.split(b"\n", 1)
        event = json.loads(line)
        self.seen.append(event)
        return event

    def until(self, name, seconds=20):
        while True:
            event = self.next(seconds)
            if event is None:
                raise AssertionError(f"it ended before '{name}': {self.seen[-3:]}")
            if event["event"] == name:
                return event
            if event["event"] == "failed" and name != "failed":
                raise AssertionError(f"failed before '{name}': {event}")

    def drain(self, seconds=20):
        """All events until the end."""
        while self.next(seconds) is not None:
            pass
        return self.seen

    def guardian(self):
        """Its process, which must be there once something is in force."""
        if "guardian" not in self.fds:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as f:
                children = [int(pid) for pid in f.read().split()]
            mine = [pid for pid in children if os.getsid(pid) == pid]
            if len(mine) != 1:
                raise AssertionError(f"one guardian is expected, there are {mine} of {children}")
            self.fds["guardian"] = os.pidfd_open(mine[0])
        return self.fds["guardian"]

    def kill(self, *who):
        """SIGKILL to holder, guardian, or both at a time: neither can do anything in between."""
        fds = [self.guardian() if name == "guardian" else self.fds[name] for name in who]
        for sig in (signal.SIGSTOP, signal.SIGKILL) if len(fds) > 1 else (signal.SIGKILL,):
            for fd in fds:
                signal.pidfd_send_signal(fd, sig)
        for fd in fds:
            if not gone(fd, 5):
                raise AssertionError(f"{who} outlived SIGKILL")

    def ended(self, seconds=30):
        """Waits until holder and guardian have ended by themselves."""
        for name, fd in self.fds.items():
            if not gone(fd, seconds):
                raise AssertionError(f"the {name} still runs after {seconds} s: {self.seen[-3:]}")
        return self.process.wait(timeout=5)

    def ask(self, op, seconds=60, **more):
        """The event that answers an operation without a lease: rescue, sweep, status, doctor."""
        with Lease(self.home, self.env["KUBECONFIG"], self.program) as other:
            other.env = self.env
            other.spawn().send({"protocol": 1, "op": op, **more})
            event = other.next(seconds)
            other.close()
            other.process.wait(timeout=10)
            return event


def gone(fd, seconds):
    """Whether the process of the pidfd has ended (it may be a zombie) within the time."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(int(seconds * 1000)))


def identity(value):
    """As in a request."""
    meta = value["metadata"]
    return [value["apiVersion"], value["kind"], meta.get("namespace", ""), meta["name"], meta["uid"]]


def over(spec):
    """Whether a Lease has run out: whoever holds it no longer renews it."""
    renewed = datetime.datetime.fromisoformat(spec["renewTime"].replace("Z", "+00:00"))
    return renewed + datetime.timedelta(seconds=spec["leaseDurationSeconds"]) < datetime.datetime.now(datetime.timezone.utc)


class World:
    """A namespace with something in it that can be broken, and its state."""

    def __init__(self, kubeconfig, name):
        self.api = api.Api(kubeconfig)
        self.kubeconfig = kubeconfig
        self.ns = f"{name}-{os.getpid()}"
        self.made = []

    def __enter__(self):
        self.make("Namespace", {"metadata": {"name": self.ns}})
        account = api.path_of("ServiceAccount", self.ns, "default")
        api.until(90, "the namespace's service account", lambda: self.api.find(account))
        return self

    def __exit__(self, *_):
        for kind, name in reversed(self.made):
            try:
                self.api.delete(api.path_of(kind, self.ns, name))
            except (OSError, api.Refused) as error:
                print(f"{kind} {name} is left: {error}")

    def make(self, kind, value):
        versions = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "VirtualService": "networking.istio.io/v1"}
        value = {"apiVersion": versions.get(kind, "v1"), "kind": kind, **value}
        made = self.api.create(api.path_of(kind, self.ns), value)
        if kind in ("Node", "Namespace"):
            self.made.append((kind, value["metadata"]["name"]))
        return made

    def read(self, kind, name):
        value = self.api.find(api.path_of(kind, self.ns, name))
        return None if value is None else {**value, "kind": kind}

    def change(self, kind, name, value, manager="somebody"):
        return self.api.merge(api.path_of(kind, self.ns, name), value, manager)

    def state(self, objects):
        """Everything that a fault may touch, as text: the objects themselves; what carries an annotation or a label of
        ordeal's; policies; Leases of ordeal's in any namespace that is not another test's."""
        lines = []
        for kind, name in objects:
            value = self.read(kind, name)
            lines.append(api.canonical(api.own(value)) if value else f"{kind} {name} is gone")
        lines += self.traces()
        return "\n".join(lines)

    def traces(self):
        """What must never be left, one text each."""
        found = []
        for kind in ("Pod", "Service", "ConfigMap", "Deployment", "StatefulSet", "NetworkPolicy", "Node"):
            for value in self.api.items(api.path_of(kind, self.ns)):
                meta = value["metadata"]
                mine = kind != "Node" or meta.get("labels", {}).get("ordeal.test") == self.ns
                if mine:
                    found += [f"{kind} {meta['name']}: {key}" for part in ("annotations", "labels")
                              for key in meta.get(part, {}) if key.startswith("ordeal.dev/")]
                if kind == "NetworkPolicy":
                    found.append(f"NetworkPolicy {meta['name']}")
        found += [f"Lease {n}" for n in self.leases()]
        return sorted(found)

    def leases(self):
        """Those that somebody holds: of this test's objects alone, which lie in its namespace; a node's is named by the
        hash of what it is for."""
        node = "ordeal-node-" + hashlib.sha256(f"Node//{self.ns}-n".encode()).hexdigest()[:16]
        held = []
        for value in self.api.items("/apis/coordination.k8s.io/v1/leases"):
            meta, spec = value["metadata"], value["spec"]
            mine = meta["namespace"] == self.ns or meta["name"] == node
            if mine and spec.get("holderIdentity") and not over(spec):
                held.append(f"{meta['namespace']}/{meta['name']} held by {spec['holderIdentity']}")
        return held
