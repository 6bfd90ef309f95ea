#!/usr/bin/env python3
"""test_hooks.py API_TOOL: webhooks as a receiver sees them: what is posted, signed and tried again, in which order, and that an
address that hangs or refuses costs the daemon nothing."""
import hashlib
import hmac
import http.server
import json
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import Tool, wait_for  # noqa: E402

program = sys.argv[1]
KEY = "a-key-that-nobody-else-has"


class Receiver:
    """Keeps what it is sent; `answers` are the next statuses, then 200."""

    def __init__(self, *answers):
        self.got, self.answers = [], list(answers)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((self.path, dict(self.headers), body, time.time()))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/secret-path"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def tool(settings, files=()):
    t = Tool(program, "--config", "{dir}/settings")
    t.write("key", KEY + "\n")
    for name, text in files:
        t.write(name, text)
    t.write("settings", settings.replace("{dir}", t.dir))
    return t


def halt(t, n=1):
    for _ in range(n):
        assert t.ask("POST", "/v1/halt", {})[0] == 200
        assert t.ask("POST", "/v1/resume", {})[0] == 200


def count(t, what):
    page = t.ask("GET", "/metrics")[2].decode()
    return int([line for line in page.splitlines() if line.startswith(f"ordeal_webhooks_{what} ")][0].split()[1])


def test_signed():
    with Receiver() as r, tool(f"webhooks:\n- {{url: '{r.url}', secretFile: {{dir}}/key, events: [halt, resume]}}\n") as t:
        halt(t, 3)
        wait_for(lambda: len(r.got) == 6)
        assert [json.loads(b)["type"].split(".")[-1] for _, _, b, _ in r.got] == ["halt", "resume"] * 3
        ids = set()
        for _, headers, body, at in r.got:
            assert headers["Content-Type"].startswith("application/cloudevents+json"), headers
            when, _, given = headers["Ordeal-Signature"].partition(",v1=")
            when = when.removeprefix("t=")
            right = hmac.new(KEY.encode(), f"{when}.".encode() + body, hashlib.sha256).hexdigest()
            assert hmac.compare_digest(given, right), headers
            assert abs(int(when) - at) < 60
            event = json.loads(body)
            assert event["specversion"] == "1.0" and event["source"].startswith("/ordeal/serve/"), event
            assert event["data"] == {"who": f"uid {os.getuid()}"}, event
            ids.add(event["id"])
        assert len(ids) == 6
        wait_for(lambda: count(t, "delivered_total") == 6)


def test_slack():
    with Receiver() as r:
        t = tool("webhooks:\n- {urlFile: {dir}/url, format: slack, events: [ended]}\n", [("url", r.url + "\n")])
        with t:
            t.ask("POST", "/v1/schedules/orders/run", {})
            t.ask("POST", "/v1/runs/d42/abort", {})
            wait_for(lambda: r.got)
            path, headers, body, _ = r.got[0]
            assert path == "/hook/secret-path" and "Ordeal-Signature" not in headers
            assert json.loads(body) == {"text": "ordeal: orders aborted, run 20261121T061350-orders"}, body


def test_tried_again():
    """503 is tried again, signed anew; 400 is not; and the next event comes after."""
    with Receiver(503, 503, 200, 400) as r:
        with tool(f"webhooks:\n- {{url: '{r.url}', secretFile: {{dir}}/key, events: [halt, resume]}}\n") as t:
            halt(t, 2)
            wait_for(lambda: len(r.got) == 6, 30)
            kinds = [json.loads(b)["type"].split(".")[-1] for _, _, b, _ in r.got]
            assert kinds == ["halt"] * 3 + ["resume", "halt", "resume"], kinds
            assert len({json.loads(b)["id"] for _, _, b, _ in r.got[:3]}) == 1
            assert r.got[1][3] - r.got[0][3] > 0.2
            wait_for(lambda: count(t, "delivered_total") == 3)
            assert count(t, "failed_total") == 1
            said = t.said()
            assert "it answers 400" in said and "127.0.0.1" in said, said
            assert "secret-path" not in said and KEY not in said, said


def test_hangs():
    """An address that takes and never answers, and one where nobody is: the daemon answers at once, and keeps 256 events."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(100)
        hung, nobody = f"http://127.0.0.1:{s.getsockname()[1]}/", "http://127.0.0.1:1/"
        with tool(f"webhooks:\n- {{url: '{hung}', events: [halt]}}\n- {{url: '{nobody}', events: [halt]}}\n") as t:
            begin = time.monotonic()
            halt(t, 300)
            assert time.monotonic() - begin < 30
            assert count(t, "waiting") == 512, count(t, "waiting")
            assert count(t, "dropped_total") >= 2 * 44
            begin = time.monotonic()
            t.ask("GET", "/healthz")
            assert time.monotonic() - begin < 2
        assert t.process.returncode == 0


for test in (test_signed, test_slack, test_tried_again, test_hangs):
    test()
    print(f"ok {test.__name__}", flush=True)
