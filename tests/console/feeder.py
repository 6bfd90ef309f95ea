"""A server that answers as `ordeal serve` does (docs/formats/openapi.yaml), with a day's events as fast as the page takes them.

It is for what the real one cannot be made to say in a test's time: 24 hours of events, a broken stream, hostile names in every
answer. The page's files and its policy are those of the sources.
"""
import datetime
import http.server
import json
import os
import re
import socketserver
import threading
import time
import urllib.parse

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(SOURCE, "console", "page")
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def policy():
    """The policy that the module sends."""
    with open(os.path.join(SOURCE, "console", "console.c"), encoding="utf-8") as f:
        text = f.read()
    return "".join(re.findall(r'"([^"]*)"', text[text.index("ord_console_policy"):text.index(";\n\n", text.index("ord_console_policy"))]))


def instant(seconds):
    """RFC 3339 of so many seconds from now."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Feeder:
    """What is answered: `answers` by path; `events` is an iterable of bytes that the stream sends, anew for each connection."""

    def __init__(self, answers, events=lambda headers: iter(())):
        self.answers, self.events, self.asked, self.gone = answers, events, [], threading.Event()
        self.ahead = 0  # seconds by which this server's clock is ahead
        self.refuses = False  # everybody, with 401
        feeder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                return super().date_time_string((timestamp or time.time()) + feeder.ahead)

            def send(self, body, kind, status=200, **more):
                self.send_response(status)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), "Content-Security-Policy": policy(),
                                    "X-Content-Type-Options": "nosniff", **more}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def file(self, path):
                name = "index.html" if path == "/" else os.path.basename(path)
                where = os.path.join(SOURCE, "reports/write/style.css") if name == "report.css" else os.path.join(PAGE, name)
                with open(where, "rb") as f:
                    self.send(f.read(), TYPES[os.path.splitext(where)[1]])

            def stream(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                for data in feeder.events(dict(self.headers)):
                    self.wfile.write(data)
                    self.wfile.flush()
                while not feeder.gone.wait(1):
                    self.wfile.write(b": beat\n\n")
                    self.wfile.flush()
                self.close_connection = True

            def answer(self, body):
                url = urllib.parse.urlsplit(self.path)
                feeder.asked.append((self.command, url.path, dict(urllib.parse.parse_qsl(url.query)), body))
                if self.command == "GET" and (url.path == "/" or url.path.startswith("/console/")):
                    return self.file(url.path)
                if feeder.refuses:
                    return self.send(b'{"detail":"sign in"}', "application/problem+json", 401)
                if url.path == "/v1/events":
                    return self.stream()
                said = feeder.answers.get(self.command + " " + url.path, feeder.answers.get(url.path))
                said = said(url) if callable(said) else {} if said is None and self.command == "POST" else said
                if said is None:
                    problem = {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "there is no " + url.path}
                    return self.send(json.dumps(problem).encode(), "application/problem+json", 404)
                if isinstance(said, str):
                    return self.send(said.encode(), "text/markdown; charset=utf-8")
                return self.send(json.dumps(said).encode(), "application/json")

            def do_GET(self):
                try:
                    self.answer(None)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def do_POST(self):
                self.answer(json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}"))

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 32

            def handle_error(self, *_):
                pass  # a page that is closed drops its connections

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/" % self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.gone.set()
        self.server.shutdown()
        self.server.server_close()


def event(number, kind, data):
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind.encode(), json.dumps(data, separators=(",", ":")).encode())


def wait(question, what, seconds=20):
    """Asks until the answer is true; gives it."""
    until = time.monotonic() + seconds
    while True:
        found = question()
        if found:
            return found
        if time.monotonic() > until:
            raise AssertionError("never: " + what)
        time.sleep(0.05)
