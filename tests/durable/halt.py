#!/usr/bin/env python3
"""halt.py ORDEAL [REPETITIONS]: everything reverts within a second of a halt, as those feel it to whom it was done.

A daemon holds a delay in a network namespace, a burnt CPU and two paused processes, and starts a run each second besides. All
is halted by the API, by the console's way (a port, a cookie), by `ordeal halt`, and by `ordeal halt` of another while the
machine is busy. From the request on it is watched from outside: packets that are no longer late, processes that go on, no lease
that is left. Nothing begins until it is resumed, also across a restart of the daemon. The figures are printed as a line of JSON.
"""
import glob
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

BOUND = 1.0
EXPERIMENT = """apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {{name: {name}}}
spec:
  hypothesis: it is taken away
  schedule: {{{schedule}}}
  shareTargets: true
  probes: [{{name: here, exec: {{command: [/bin/true]}}, every: 1s, timeout: 1s}}]
  faults: [{{name: fault, {fault}, for: {hold}}}]
  recovery: 100ms
  limits: {{targets: 1, duration: 100s}}
"""
NEVER = 'at: "2199-01-01T00:00Z"'
# In one namespace, against an echo in the other: tells how long each packet took.
ECHO = """
import socket, time
a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
a.connect(("10.93.0.2", 7001)); a.settimeout(2)
while True:
    t = time.monotonic()
    try:
        a.send(b"x"); a.recv(10)
    except OSError: pass
    print(t, time.monotonic() - t, flush=True)
    time.sleep(0.005)
"""


class Unix(http.client.HTTPConnection):
    """The API on its unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.path)


class World:
    """The daemon, and those to whom things are done."""

    def __init__(self, t, ordeal):
        self.t, self.ordeal, self.started = t, ordeal, []
        self.env = dict(os.environ, XDG_STATE_HOME=t, ORDEAL_RUNTIME_DIR=f"{t}/run")
        self.echo = self.wire()
        self.last = None
        threading.Thread(target=self.listen, daemon=True).start()
        self.victims = [self.start(["sleep", "1000"]) for _ in range(2)]
        self.port = free_port()
        os.mkdir(f"{t}/exp")
        with open(f"{t}/tokens", "w", encoding="ascii") as f:
            os.fchmod(f.fileno(), 0o600)
            f.write("operator aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n")
        self.write("delay", NEVER, f"net.delay: {{delay: 60ms}}, target: {{pid: {self.echo.pid}}}")
        self.write("burn", NEVER, f"cpu.burn: {{load: 30%, cores: 1}}, target: {{pid: {self.victims[0].pid}}}")
        for i, v in enumerate(self.victims):
            self.write(f"pause{i}", NEVER, f"proc.pause: {{}}, target: {{pid: {v.pid}}}")
        self.write("beat", 'cron: "* * * * * *", concurrency: queue', "noop: {}, target: {host: true}", "50ms")

    def wire(self):
        """Two network namespaces, a cable, and packets to and fro."""
        peer = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../root/net_peer.py")
        a, b = (self.start(["unshare", "-n", "sleep", "1000"]) for _ in range(2))
        within = [["nsenter", "-t", str(p.pid), "-n"] for p in (a, b)]
        mine = os.readlink("/proc/self/ns/net")
        until(lambda: all(os.readlink(f"/proc/{p.pid}/ns/net") != mine for p in (a, b)), 10, "two namespaces")
        subprocess.run([*within[0], "ip", "link", "add", "v", "type", "veth", "peer", "name", "v", "netns", str(b.pid)], check=True)
        for i, command in enumerate(within):
            for words in (f"addr add 10.93.0.{i + 1}/24 dev v", "link set v up", "link set lo up"):
                subprocess.run([*command, "ip", *words.split()], check=True)
        self.start([*within[1], sys.executable, peer, "serve", "10.93.0.2", "7001"])
        return self.start([*within[0], sys.executable, "-c", ECHO], stdout=subprocess.PIPE, text=True)

    def start(self, command, **more):
        p = subprocess.Popen(command, env=self.env, **more)
        self.started.append(p)
        return p

    def write(self, name, schedule, fault, hold="60s"):
        with open(f"{self.t}/exp/{name}.yaml", "w", encoding="utf-8") as f:
            f.write(EXPERIMENT.format(name=name, schedule=schedule, fault=fault, hold=hold))

    def listen(self):
        for line in self.echo.stdout:
            self.last = tuple(float(n) for n in line.split())

    def serve(self):
        with open(f"{self.t}/said", "a", encoding="utf-8") as said:
            self.daemon = self.start([self.ordeal, "serve", f"{self.t}/exp", "--socket", f"{self.t}/socket", "--listen", f"127.0.0.1:{self.port}",
                                      "--token-file", f"{self.t}/tokens"], stderr=said)
        until(lambda: os.path.exists(f"{self.t}/socket") and self.ask("GET", "/v1/status"), 20, "the daemon")

    def ask(self, method, path, connection=None, headers=None, body="{}"):
        c = connection or Unix(f"{self.t}/socket")
        try:
            c.request(method, path, body if method == "POST" else None, {"Content-Type": "application/json", **(headers or {})})
            answer = c.getresponse()
            text = answer.read()
            assert answer.status < 300, (answer.status, text)
            return json.loads(text), answer
        except ConnectionError:
            return None
        finally:
            c.close()

    # ---- what is felt

    def late(self):
        return self.last and self.last[1] > 0.03

    def paused(self, victim):
        with open(f"/proc/{victim.pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] in "tT"

    def leases(self):
        return glob.glob(f"{self.t}/run/undo/*")

    def injected(self):
        runs = self.ask("GET", "/v1/runs")[0]["runs"]
        there = {r["name"] for r in runs for f in r["faults"] if f["state"] == "injected"}
        return there >= {"delay", "burn", "pause0", "pause1"} and self.late() and all(self.paused(v) for v in self.victims)

    def free(self, since):
        """No packet that was sent since is late, nobody is paused, and no lease is left."""
        return (self.last[0] > since and self.last[1] < 0.03 and not any(self.paused(v) for v in self.victims)
                and not self.leases())

    def end(self):
        for p in reversed(self.started):
            if p.poll() is None:
                p.send_signal(signal.SIGTERM if p is self.daemon else signal.SIGKILL)
            try:
                p.wait(20)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(that, seconds, what):
    end = time.monotonic() + seconds
    while not that():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)


def by_api(w):
    w.ask("POST", "/v1/halt")


def by_console(w):
    c = http.client.HTTPConnection("127.0.0.1", w.port, timeout=20)
    w.ask("POST", "/v1/halt", c, {"Cookie": w.cookie, "Origin": f"http://127.0.0.1:{w.port}"})


def by_command(w):
    subprocess.run([w.ordeal, "halt"], env=w.env, check=True, stdout=subprocess.DEVNULL)


def once(w, how):
    for name in ("delay", "burn", "pause0", "pause1"):
        w.ask("POST", f"/v1/schedules/{name}/run")
    until(w.injected, 60, "four faults in force")
    took = []
    asked = time.monotonic()

    def watch():
        while not w.free(asked):
            if time.monotonic() > asked + 20:
                return
            time.sleep(0.001)
        took.append(time.monotonic() - asked)

    watcher = threading.Thread(target=watch)
    watcher.start()
    how(w)
    watcher.join()
    assert took, "not all is taken away after 20 s"
    return took[0]


def nothing_begins(w):
    """For a while, also in a daemon that begins anew."""
    w.daemon.kill()
    w.daemon.wait()
    os.unlink(f"{w.t}/socket")
    w.serve()
    status = w.ask("GET", "/v1/status")[0]
    time.sleep(1.5)
    assert status["halted"] and not w.ask("GET", "/v1/runs")[0]["runs"] and not w.leases(), status


def resumed_between(w):
    """Somebody resumes while no daemon runs: the next one follows."""
    w.daemon.kill()
    w.daemon.wait()
    os.unlink(f"{w.t}/socket")
    subprocess.run([w.ordeal, "resume"], env=w.env, check=True, stdout=subprocess.DEVNULL)
    w.serve()
    assert not w.ask("GET", "/v1/status")[0]["halted"]


def resume(w):
    w.ask("POST", "/v1/resume")
    until(lambda: not w.ask("GET", "/v1/status")[0]["halted"] and not w.ask("GET", "/v1/status")[0]["running"]
          or w.ask("GET", "/v1/runs")[0]["runs"], 20, "it goes on")
    until(lambda: not [r for r in w.ask("GET", "/v1/runs")[0]["runs"] if r["name"] != "beat"], 20, "the last runs have ended")


def log_in(w):
    c = http.client.HTTPConnection("127.0.0.1", w.port, timeout=20)
    answer = w.ask("POST", "/v1/session", c, {"Origin": f"http://127.0.0.1:{w.port}"},
                   json.dumps({"token": "a" * 40}))[1]
    w.cookie = answer.getheader("Set-Cookie").split(";")[0]


def measure(w, repetitions):
    figures = {}
    for how in (by_api, by_console, by_command):
        took = []
        for i in range(repetitions):
            took.append(once(w, how))
            if how is by_api and i == 0:
                nothing_begins(w)
                resumed_between(w)
            resume(w)
        figures[how.__name__] = took
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * os.cpu_count())]
    try:
        took = []
        for _ in range(repetitions):
            took.append(once(w, by_api))
            resume(w)
        figures["by_api_busy"] = took
    finally:
        for p in busy:
            p.kill()
            p.wait()
    return figures


def main():
    ordeal = os.path.abspath(sys.argv[1])
    repetitions = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    if os.geteuid() != 0:
        print("the faults of this test take root")
        sys.exit(77)
    t = tempfile.mkdtemp(prefix="ordeal-halt-")
    w = World(t, ordeal)
    try:
        w.serve()
        log_in(w)
        figures = measure(w, repetitions)
    except BaseException:
        with open(f"{t}/said", encoding="utf-8") as f:
            print(f.read()[-3000:])
        print(w.ask("GET", "/v1/runs"), w.last, [w.paused(v) for v in w.victims], w.leases())
        raise
    finally:
        w.end()
        shutil.rmtree(t)
    for how, took in figures.items():
        print(json.dumps({"name": how, "n": len(took), "median_ms": round(1e3 * statistics.median(took), 1), "worst_ms": round(1e3 * max(took), 1)}))
    # On a machine that is busy with something else the worst is told, and the median counts.
    for how, took in figures.items():
        assert statistics.median(took) <= BOUND, f"{how}: {took}"
        assert how == "by_api_busy" or max(took) <= BOUND or os.getloadavg()[0] > os.cpu_count(), f"{how}: {took}"


if __name__ == "__main__":
    main()
