"""A real Prometheus and a real Alertmanager on loopback, an exporter whose figures a test flips, and the driver."""

import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

SKIP = 77


def need(*programs):
    """Ends with 77 where one of them is not installed."""
    for program in programs:
        if not shutil.which(program):
            print(f"{program} is not installed")
            sys.exit(SKIP)


class Exporter:
    """/metrics with a gauge for each name; flipped at an instant that it keeps."""

    def __init__(self, port):
        self.values = {}
        exporter = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                text = "".join(f"{name} {value}\n" for name, value in exporter.values.items())
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def set(self, **values):
        """Returns CLOCK_MONOTONIC at which it was so, in ns."""
        self.values = {**self.values, **values}
        return time.monotonic_ns()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Lab:
    """Everything that a test starts, in a directory of its own; all of it ends with the `with`."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ordeal-monitor-"))
        self.processes = {}
        self.closers = []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        failed = exc[0] is not None
        for close in reversed(self.closers):
            close()
        for name, process in reversed(self.processes.items()):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
            log = self.dir / f"{name}.log"
            if failed and log.exists():
                print(f"--- {name}\n{log.read_text()[-3000:]}")
        shutil.rmtree(self.dir, ignore_errors=True)

    def write(self, name, text):
        path = self.dir / name
        path.write_text(text)
        return path

    def spawn(self, name, *argv):
        with open(self.dir / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(a) for a in argv], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.dir)
        return self.processes[name]

    def exporter(self, port=9100, **values):
        exporter = Exporter(port)
        exporter.set(**values)
        self.closers.append(exporter.stop)
        return exporter

    def prometheus(self, config, rules, port=9090):
        self.write("rules.yml", rules)
        path = self.write("prometheus.yml", config)
        self.spawn("prometheus", "prometheus", f"--config.file={path}", f"--storage.tsdb.path={self.dir}/tsdb",
                   f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn", "--web.enable-lifecycle")
        wait_for(f"http://127.0.0.1:{port}/-/ready")

    def alertmanager(self, config, port=9093, name="alertmanager", cluster=("--cluster.listen-address=",)):
        path = self.write(f"{name}.yml", config)
        process = self.spawn(name, "prometheus-alertmanager", f"--config.file={path}",
                             f"--storage.path={self.dir}/{name}", f"--web.listen-address=127.0.0.1:{port}",
                             "--log.level=warn", *cluster)
        wait_for(f"http://127.0.0.1:{port}/-/ready")
        return process

    def driver(self, name, experiment):
        driver = Driver(self.write(f"{name}.yaml", experiment))
        self.closers.append(driver.stop)
        return driver


class Driver:
    """tests/monitor/driver.c, and every line that it has said so far."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            [os.environ["DRIVER"], str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.run = self.wait(lambda line: line["e"] in ("run", "error"))
        assert self.run["e"] == "run", self.run

    def read(self):
        for text in self.process.stdout:
            with self.changed:
                self.lines.append(json.loads(text))
                self.changed.notify_all()
        with self.changed:
            self.lines.append({"e": "gone"})
            self.changed.notify_all()

    def wait(self, wanted, seconds=20, since=0):
        """The first line that is wanted."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                for line in self.lines[since:]:
                    if wanted(line):
                        return line
                left = deadline - time.monotonic()
                if left <= 0 or (self.lines and self.lines[-1]["e"] == "gone"):
                    said = "\n".join(json.dumps(line) for line in self.lines)
                    raise AssertionError(f"it did not come; said was\n{said}")
                self.changed.wait(left)

    def tell(self, word, seconds=20):
        """A word, and its answer: the lines that came with it."""
        since = len(self.lines)
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        self.wait(lambda line: line["e"] == "done" and line["word"] == word, seconds, since)
        return self.lines[since:]

    def all(self, e, **keys):
        return [line for line in list(self.lines)
                if line["e"] == e and all(line.get(key) == value for key, value in keys.items())]

    def await_(self, e, seconds=20, since=0, **keys):
        return self.wait(lambda line: line["e"] == e and all(
            key in line and line[key] == value for key, value in keys.items()), seconds, since)

    def notes(self):
        return [line["text"] for line in self.all("note")]

    def t(self, mono_ns):
        """An instant of CLOCK_MONOTONIC as the lines count."""
        return mono_ns - self.run["mono_ns"]

    def stop(self):
        if self.process.poll() is None:
            try:
                self.process.stdin.close()
                self.process.wait(10)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                self.process.kill()
        code = self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        assert code == 0, f"the driver ended with {code}"  # a sanitizer's word, too


def get(url, data=None):
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read() or b"null")


def until(true, seconds=30, what="it did not come to be"):
    """Waits for a condition, however busy the machine is; returns what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        found = true()
        if found:
            return found
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def wait_for(url, seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise AssertionError(f"{url} does not answer")
        time.sleep(0.05)


def forward(port, path):
    """What comes to a port goes to a unix socket: Alertmanager posts to addresses only."""
    listener = socket.create_server(("127.0.0.1", port))

    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(str(path))
            except OSError:
                client.close()
                continue
            threading.Thread(target=pump, args=(client, server), daemon=True).start()
            threading.Thread(target=pump, args=(server, client), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return lambda: (listener.shutdown(socket.SHUT_RDWR), listener.close())


def experiment(objectives, fault="10s", detection=None, abort=()):
    """One with a fault that is never injected: the driver runs no faults."""
    detection = detection or """
    prometheus: {url: "http://127.0.0.1:9090", every: 200ms, timeout: 1s}
    alertmanager: {url: "http://127.0.0.1:9093", every: 200ms, timeout: 1s, webhook: {listen: "127.0.0.1:9199"}}"""
    goals = "".join(f"\n    - {json.dumps(o)}" for o in objectives)
    ends = "".join(f"\n    - {json.dumps(a)}" for a in abort)
    return f"""apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {{name: monitored}}
spec:
  probes:
    - {{name: port, tcp: "127.0.0.1:9100", every: 100ms}}
  detection:{detection}
  steadyState: ["port.ok_ratio >= 0.9 over 1s"]
  faults:
    - {{name: nothing, noop: {{}}, target: {{host: true}}, for: {fault}}}
  objectives:{goals}
    - recover(self) within 10s
{"  abort:" + ends if ends else ""}
  limits: {{targets: 1, duration: {fault}}}
"""
