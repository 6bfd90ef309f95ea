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
                answer = outer.answers.pop(0) if outer.answers else 200
                status, after = answer if isinstance(answer, tuple) else (answer, None)
                self.send_response(status)
                if after is not None:
                    self.send_header("Retry-After", after() if callable(after) else after)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # a daemon that is killed resets its connection
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/secret-path"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def tool(settings, files=()):
    t = Tool(program, "--config", "{dir}/settings", "--state", "{dir}")
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
            assert json.loads(body) == {"text": "ordeal: hidden aborted"}, body


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


def kinds_of(r):
    return [json.loads(b)["type"].split(".")[-1] for _, _, b, _ in r.got]


def test_retry_after():
    """In seconds, and as a date."""
    soon = lambda: time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2))  # noqa: E731
    with Receiver((429, "1"), (503, soon), 200) as r, tool(f"webhooks:\n- {{url: '{r.url}', events: [halt]}}\n") as t:
        halt(t)
        wait_for(lambda: len(r.got) == 3, 30)
        waits = [b[3] - a[3] for a, b in zip(r.got, r.got[1:])]
        assert waits[0] > 0.9 and waits[1] > 0.8, waits


def again(t, how):
    """Ends the tool, and starts it in the same folder."""
    how()
    t.process.wait(10)
    t.process.stdout.close()
    t.__enter__()


def test_restart():
    """What waits when the daemon ends, or is killed, is posted by the next, in its order and under its first id; nothing that was
    answered comes again."""
    with Receiver(200, *[503] * 9) as r:
        with tool(f"webhooks:\n- {{url: '{r.url}', events: [halt, resume]}}\n") as t:
            halt(t, 2)
            wait_for(lambda: len(r.got) >= 2)
            first = json.loads(r.got[1][2])["id"]
            again(t, t.process.kill)
            assert count(t, "waiting") == 3
            halt(t)
            again(t, t.process.terminate)
            assert count(t, "waiting") == 5
            r.answers.clear()
            wait_for(lambda: count(t, "waiting") == 0, 30)
            ids = list(dict.fromkeys(json.loads(b)["id"] for _, _, b, _ in r.got))
            assert len(ids) == 6 and ids[1] == first, ids
            answered = [json.loads(b)["id"] for _, _, b, _ in r.got][-5:]
            assert answered == ids[1:], (answered, ids)
            assert kinds_of(r)[-5:] == ["resume", "halt", "resume", "halt", "resume"]
            n = len(r.got)
            again(t, t.process.kill)
            halt(t)
            wait_for(lambda: count(t, "delivered_total") == 2)
            assert len(r.got) == n + 2 and count(t, "failed_total") == 0


def test_settings_change():
    """A reload loses nothing that waits; an address that is taken out of the settings loses it, which is told."""
    with Receiver(*[503] * 99) as r, Receiver() as other:
        one = f"- {{url: '{r.url}', events: [halt]}}\n"
        with tool("webhooks:\n" + one) as t:
            halt(t, 3)
            t.write("settings", f"webhooks:\n- {{url: '{other.url}', events: [resume]}}\n{one}")
            assert t.ask("POST", "/v1/reload", {})[0] == 200
            hooks = t.ask("GET", "/v1/status")[2]["webhooks"]
            assert [h["waiting"] for h in hooks] == [0, 3], hooks
            halt(t)
            wait_for(lambda: len(other.got) == 1)
            wait_for(lambda: t.ask("GET", "/v1/status")[2]["webhooks"][1]["message"] == "it answers 503")
            t.write("settings", f"webhooks:\n- {{url: '{other.url}', events: [resume]}}\n")
            assert t.ask("POST", "/v1/reload", {})[0] == 200
            assert count(t, "waiting") == 0 and count(t, "dropped_total") == 4
            assert "4 events for an address that the settings do not have any more are dropped" in t.said(), t.said()
            assert len(os.listdir(f"{t.dir}/webhooks")) == 1


def test_torn():
    """A file that ends in the middle of a line, or in zeroes, gives what stood before; one that cannot be read is told."""
    with Receiver(*[503] * 99) as r, tool(f"webhooks:\n- {{url: '{r.url}', events: [halt]}}\n") as t:
        halt(t, 2)
        t.process.kill()
        t.process.wait()
        name = f"{t.dir}/webhooks/{os.listdir(f'{t.dir}/webhooks')[0]}"
        assert os.stat(name).st_mode & 0o777 == 0o600
        with open(name, "a") as f:
            f.write('+{"id":"torn"')
        again(t, lambda: None)
        assert count(t, "waiting") == 2
        t.process.kill()
        t.process.wait()
        with open(name, "a") as f:
            f.write("\0" * 4096)
        again(t, lambda: None)
        assert count(t, "waiting") == 2
        halt(t)
        again(t, t.process.kill)
        assert count(t, "waiting") == 3


for test in (test_signed, test_slack, test_tried_again, test_retry_after, test_restart, test_settings_change, test_torn,
             test_hangs):
    test()
    print(f"ok {test.__name__}", flush=True)
