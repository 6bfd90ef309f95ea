#!/usr/bin/env python3
"""test_deliver.py ORDEAL RUNS: --send against a server that misbehaves in every way that is named below, on loopback."""
import concurrent.futures
import email.utils
import glob
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from otlp import judge

TOKEN = "s3cret-token-of-nobody"


class Server(http.server.ThreadingHTTPServer):
    """Answers the n-th request as the n-th of `script` says, the last for all that come after; keeps what it was asked."""
    daemon_threads = True

    def __init__(self, script):
        super().__init__(("127.0.0.1", 0), Handler)
        self.script, self.seen = script, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # a client that went away


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        n = len(self.server.seen)
        self.server.seen.append((time.monotonic(), self.path, dict(self.headers), body))
        do = self.server.script[min(n, len(self.server.script) - 1)]
        if callable(do):
            return do(self)
        status, headers, text = do
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def reset(handler):
    import socket
    import struct
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def hang(handler):
    time.sleep(5)
    handler.close_connection = True


def cut(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"{")
    handler.close_connection = True


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 65536)
    except OSError:
        handler.close_connection = True


def echo(handler):
    text = ("you are " + handler.headers["Authorization"]).encode()
    handler.send_response(401)
    handler.send_header("Content-Length", str(len(text)))
    handler.end_headers()
    handler.wfile.write(text)


OK = (200, {}, b"{}")


class Test:
    def __init__(self, ordeal, runs):
        self.ordeal, self.run_dir, self.wrong = ordeal, sorted(glob.glob(runs + "/*"))[-1], 0

    def part(self, name):
        getattr(self, name)()
        return self.wrong

    def check(self, true, what):
        if not true:
            self.wrong += 1
            print(f"wrong: {self.name}: {what}")

    def send(self, name, script, kind="otlp", within="20s", more=(), path=""):
        """Returns the exit status, what was printed, what the server saw, and how long it took."""
        self.name = name
        server = Server(script)
        began = time.monotonic()
        done = subprocess.run([self.ordeal, "report", self.run_dir, "--send", f"{kind}={server.url}{path}",
                               "--send-within", within, *more], capture_output=True, timeout=60)
        took = time.monotonic() - began
        server.shutdown()
        server.server_close()
        text = (done.stdout + done.stderr).decode()
        self.check(TOKEN not in text, "the token is in what was printed")
        return done.returncode, text, server.seen, took

    def retries(self):
        code, text, seen, _ = self.send("taken at once", [OK])
        self.check(code == 0 and len(seen) == 1 and "sent to" in text, text)
        _, path, headers, body = seen[0]
        self.check(path == "/v1/traces" and headers["Content-Type"] == "application/json", f"{path} {headers}")
        self.check("Authorization" not in headers and not judge(body), judge(body))

        code, text, seen, took = self.send("429 with seconds", [(429, {"Retry-After": "2"}, b""), OK])
        self.check(code == 0 and len(seen) == 2 and seen[1][0] - seen[0][0] >= 2, text)
        date = email.utils.formatdate(time.time() + 3, usegmt=True)
        code, text, seen, took = self.send("503 with a date", [(503, {"Retry-After": date}, b""), OK])
        self.check(code == 0 and len(seen) == 2 and 1 <= seen[1][0] - seen[0][0] < 8, text)
        code, text, seen, _ = self.send("502, 504", [(502, {}, b"later"), (504, {}, b"later"), OK])
        waits = [b[0] - a[0] for a, b in zip(seen, seen[1:])]
        self.check(code == 0 and len(seen) == 3 and "tried 3 times" in text, text)
        self.check(all(w >= 0.2 for w in waits) and waits[-1] >= 0.5, f"waits {waits}")
        self.check(len({s[3] for s in seen}) == 1, "the body changed between tries")

    def refusals(self):
        for status in (400, 401, 403, 404, 413, 500, 501, 301, 302, 307):
            code, text, seen, _ = self.send(f"{status} is final", [(status, {"Location": "/elsewhere"}, b"no \x1b[2J"), OK])
            self.check(code == 6 and len(seen) == 1 and f"status {status}" in text and "\x1b" not in text, text)

    def trouble(self):
        for name, do in (("reset", reset), ("cut off", cut)):
            code, text, seen, _ = self.send(name, [do, OK])
            self.check(code == 0 and len(seen) == 2, text)
        code, text, seen, took = self.send("an endless answer", [endless])
        self.check(code == 0 and len(seen) == 1 and took < 10, text)
        code, text, seen, took = self.send("hangs", [hang], within="1500ms")
        self.check(code == 6 and took < 5 and "no answer" in text, f"{took} s: {text}")
        code, text, seen, took = self.send("never ready", [(503, {}, b"no")], within="1500ms")
        self.check(code == 6 and took < 5 and len(seen) >= 2 and "time to send is over" in text, f"{took} s: {text}")
        code, text, seen, took = self.send("wants an hour", [(429, {"Retry-After": "3600"}, b"")])
        self.check(code == 6 and took < 5 and len(seen) == 1, f"{took} s: {text}")

    def silly(self):
        for silly in ("soon", "-5", "1e9", "99999999999999999999"):
            code, text, seen, took = self.send(f"Retry-After: {silly}", [(503, {"Retry-After": silly}, b"")],
                                               within="1s")
            self.check(code == 6 and took < 5, f"{took} s: {text}")
        partial = json.dumps({"partialSuccess": {"rejectedSpans": "3", "errorMessage": "too \x1b old"}}).encode()
        code, text, seen, _ = self.send("a part is taken", [(200, {}, partial)])
        self.check(code == 0 and len(seen) == 1 and "3 spans were rejected: too" in text and "\x1b" not in text, text)
        code, text, _, _ = self.send("no JSON comes back", [(200, {}, b"<html>")])
        self.check(code == 0, text)

    def tokens(self):
        with tempfile.TemporaryDirectory(prefix="ordeal-deliver.") as folder:
            self.tokens_in(folder)

    def tokens_in(self, folder):
        path = folder + "/token"
        with open(path, "w", encoding="ascii") as f:
            f.write(TOKEN + "\n")
        code, text, seen, _ = self.send("a token", [OK], more=["--token-file", path])
        self.check(code == 0 and seen and seen[0][2].get("Authorization") == "Bearer " + TOKEN, text)
        code, text, seen, _ = self.send("a server that gives the token back", [echo], more=["--token-file", "otlp=" + path])
        self.check(code == 6 and "***" in text, text)
        for content in ("", "\n", "two words\n", "a\x01b", "x" * 5000):
            with open(path, "w", encoding="ascii") as f:
                f.write(content)
            code, text, seen, _ = self.send(f"a token file of {len(content)}", [OK], more=["--token-file", path])
            self.check(code == 2 and not seen and (len(content) < 3 or content[:9] not in text), text)
        for more in (["--token-file", "grafana=" + path], ["--token-file", folder + "/none"],
                     ["--token-file", path, "--send", "grafana=http://127.0.0.1:9"]):
            code, text, seen, _ = self.send(f"{more}", [OK], more=more)
            self.check(code == 2 and not seen, text)

        with open(path, "w", encoding="ascii") as f:
            f.write(TOKEN + "\n")
        for mode, warns in ((0o644, True), (0o600, False)):
            os.chmod(path, mode)
            code, text, seen, _ = self.send(f"a token file of mode {mode:o}", [OK], more=["--token-file", path])
            self.check(code == 0 and seen and ("can be read by everybody" in text) == warns, text)
        self.unreadable(folder, path)

    def unreadable(self, folder, path):
        """Root may read everything: as somebody else, who may reach the folder and not the file. The tree may lie below a closed home:
        what they start and read is copied to where they may go."""
        self.name = "a token file of somebody else"
        program, run, module = folder + "/ordeal", folder + "/run", "/../deliver/post/ordeal-post.so"
        shutil.copy(self.ordeal, program)
        shutil.copytree(self.run_dir, run)
        shutil.copy(os.path.dirname(self.ordeal) + module, folder)
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        os.chmod(path, 0o600)
        words = [program, "report", run, "--send", "otlp=http://127.0.0.1:9", "--token-file", path]
        if os.getuid():
            os.chmod(path, 0)
        else:
            words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *words]
        done = subprocess.run(words, capture_output=True, env={**os.environ, "ORDEAL_MODULES": folder})
        text = done.stderr.decode()
        self.check(done.returncode == 2 and path in text and "Permission denied" in text and TOKEN not in text, done)

    def tls(self):
        """A certificate that nobody signed is no matter of time: said at once, and the token is not sent."""
        import ssl
        if not shutil.which("openssl"):
            return print("openssl is not installed: TLS is not tried")
        with tempfile.TemporaryDirectory(prefix="ordeal-deliver.") as folder:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder + "/key",
                            "-out", folder + "/crt"], check=True, capture_output=True)
            with open(folder + "/token", "w", encoding="ascii") as f:
                f.write(TOKEN + "\n")
            os.chmod(folder + "/token", 0o600)
            server = Server([OK])
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder + "/crt", folder + "/key")
            server.socket = context.wrap_socket(server.socket, server_side=True)
            words = [self.ordeal, "report", self.run_dir, "--send", "otlp=https" + server.url[4:], "--token-file", folder + "/token"]
            self.name, began = "a certificate that nobody signed", time.monotonic()
            done = subprocess.run(words, capture_output=True, timeout=60)
            text = done.stderr.decode()
            self.check(done.returncode == 6 and not server.seen and "certificate" in text and "tried 1 time:" in text and
                       time.monotonic() - began < 10, f"{done.returncode} {text}")
            server.shutdown()
            server.server_close()

    def grafana_and_cloudevents(self):
        code, text, seen, _ = self.send("grafana", [OK, (503, {}, b""), OK], kind="grafana", path="/grafana/")
        bodies = [json.loads(s[3]) for s in seen]
        printed = subprocess.run([self.ordeal, "report", self.run_dir, "--format", "grafana", "--print"],
                                 capture_output=True, check=True).stdout
        sent = [b for i, b in enumerate(bodies) if i != 1]
        self.check(code == 0 and sent == json.loads(printed), f"{text}: {len(sent)} sent")
        self.check({s[1] for s in seen} == {"/grafana/api/annotations"}, seen[0][1])
        self.check(seen[0][2]["Content-Type"] == "application/json", seen[0][2])
        code, text, seen, _ = self.send("grafana says no to the second", [OK, (400, {}, b"bad"), OK], kind="grafana")
        self.check(code == 6 and len(seen) == 2 and "1 of " in text, text)
        code, text, seen, _ = self.send("cloudevents", [OK], kind="cloudevents", path="/hook?channel=a")
        self.check(code == 0 and seen[0][1] == "/hook?channel=a" and "channel" not in text, text)
        self.check(seen[0][2]["Content-Type"] == "application/cloudevents-batch+json; charset=UTF-8", seen[0][2])
        self.check(isinstance(json.loads(seen[0][3]), list), "no batch")

    def usage(self):
        for value in ("otlp", "otlp=", "otlp=ftp://a", "mail=http://a", "otlp=http://u:p@a", "otlp=http://", "otlp=http://a b",
                      "otlp=http://a/#b", "=http://a"):
            self.name = value
            done = subprocess.run([self.ordeal, "report", self.run_dir, "--send", value], capture_output=True)
            self.check(done.returncode == 2 and b"u:p" not in done.stderr, done)
        self.name = "nobody listens"
        done = subprocess.run([self.ordeal, "report", self.run_dir, "--send", "otlp=http://127.0.0.1:9",
                               "--send-within", "500ms"], capture_output=True)
        self.check(done.returncode == 6 and b"no answer" in done.stderr, done)


def main():
    for key in [k for k in os.environ if k.lower().endswith("_proxy")]:
        del os.environ[key]
    # Most of the time is waiting.
    with concurrent.futures.ThreadPoolExecutor() as pool:
        parts = ("retries", "refusals", "trouble", "silly", "tokens", "tls", "grafana_and_cloudevents", "usage")
        wrong = sum(pool.map(lambda part: Test(*sys.argv[1:3]).part(part), parts))
    sys.exit(f"{wrong} wrong" if wrong else 0)


if __name__ == "__main__":
    main()
