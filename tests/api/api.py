"""What the tests of the API share: an api_tool, and requests over its unix socket and its port."""
import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

OPERATOR, RESPONDER, VIEWER = (f"{role}-token-{role}-token" for role in ("operator", "responder", "viewer"))
TOKENS = f"operator {OPERATOR} ops\nresponder {RESPONDER}\nviewer {VIEWER} wall\n"
JSON = {"Content-Type": "application/json"}


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Tool:
    """api_tool in a folder of its own; it and the folder are gone at the end, whatever happens."""

    def __init__(self, program, *options, tcp=False, user=None):
        self.dir = tempfile.mkdtemp(prefix="ordeal-api-")
        os.chmod(self.dir, 0o755)
        self.socket = f"{self.dir}/s"
        self.port = free_port() if tcp else None
        options = [o.replace("{dir}", self.dir) for o in options]
        if tcp:
            self.write("tokens", TOKENS)
            options += ["--listen", f"127.0.0.1:{self.port}", "--tokens", f"{self.dir}/tokens"]
        self.errors = open(f"{self.dir}/errors", "w+")
        self.command = [program, "--socket", self.socket, *options]
        self.process = None

    def write(self, name, text, mode=0o600):
        path = f"{self.dir}/{name}"
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        if line != "ready\n":
            self.__exit__()
            raise AssertionError(f"{self.command}: {self.said()}")
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.rest = self.process.stdout.read() if self.process else ""
        self.process.stdout.close()
        if not self.errors.closed:
            self.text = self.said()
            self.errors.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        assert not any(f" {kind}Sanitizer" in self.text for kind in ("Address", "Leak", "Thread")), self.text
        assert "runtime error" not in self.text, self.text

    def said(self):
        if self.errors.closed:
            return self.text
        self.errors.seek(0)
        return self.errors.read()

    def connect(self, tcp=False):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10) if tcp else Unix(self.socket)

    def ask(self, method, path, body=None, headers=None, tcp=False, token=None):
        """(status, headers, body): JSON where it says so."""
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        with contextlib.closing(self.connect(tcp)) as c:
            c.request(method, path, body, headers)
            r = c.getresponse()
            data = r.read()
            kind = r.headers.get("Content-Type", "")
            if kind.startswith(("application/json", "application/problem+json")) and data:
                data = json.loads(data)
            return r.status, r.headers, data

    def raw(self, data, tcp=False, wait=5.0):
        """What comes back for these bytes, until the connection ends or the time is up."""
        s = socket.create_connection(("127.0.0.1", self.port)) if tcp else socket.socket(socket.AF_UNIX)
        with s:
            if not tcp:
                s.connect(self.socket)
            s.settimeout(wait)
            got = b""
            try:
                s.sendall(data)
                while chunk := s.recv(65536):
                    got += chunk
            except OSError:
                pass
            return got


class Watcher:
    """Reads /v1/events: blocks of a stream as (id, event, data)."""

    def __init__(self, tool, query="", headers=None, **ask):
        self.c = tool.connect(ask.get("tcp", False))
        headers = dict(headers or {})
        if ask.get("token"):
            headers["Authorization"] = f"Bearer {ask['token']}"
        self.c.request("GET", "/v1/events" + query, headers=headers)
        self.r = self.c.getresponse()
        assert self.r.status == 200, self.r.status
        self.headers = self.r.headers

    def next(self):
        """The next event; None: the stream is at its end."""
        event = {}
        while True:
            line = self.r.readline()
            if not line:
                return None
            line = line.decode().rstrip("\n")
            if line.startswith(":") or line.startswith("retry:"):
                continue
            if line:
                key, _, value = line.partition(": ")
                event[key] = value
            elif event:
                return event.get("id"), event["event"], json.loads(event["data"])

    def until(self, kind, most=1000):
        for _ in range(most):
            event = self.next()
            if event is None or event[1] == kind:
                return event
        raise AssertionError(f"no {kind} among {most} events")

    def close(self):
        self.r.close()
        self.c.close()


def wait_for(true, seconds=10):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.05)
