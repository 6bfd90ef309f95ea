#!/usr/bin/python3
"""real.py: the console against `ordeal serve` itself: sign in; a schedule appears when its file is written, a broken one with its
message; it is run by the page; its strip moves; halt takes the fault back; resume; a run ends and its report opens; the daemon dies and
comes back. Nothing in the browser's console, nothing asked for elsewhere. To be run by tests/alone.sh: halting ends every lease.
Exit status 77: no Chromium, or no right to pause a process.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import desk
import browser
import feeder

ORDEAL = os.environ["ORDEAL"]
TOKEN = "0123456789abcdef0123456789abcdef"
WEB = """import http.server
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *_): pass
s = http.server.HTTPServer(("127.0.0.1", 0), H)
print(s.server_address[1], flush=True)
s.serve_forever()"""
SPEC = """apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: %(name)s, labels: {team: web}}
spec:
  schedule: {cron: "0 10 * * *", timezone: Europe/Berlin}
  probes: [{name: web, every: 100ms, timeout: 300ms, http: {url: "http://127.0.0.1:%(port)d/", expect: {status: 200}}}]
  faults: [{name: hang, proc.pause: {}, target: {pid: %(pid)d}, for: %(hold)s}]
  objectives: [recover(after_rollback) within 2s hold 200ms]
  limits: {targets: 1, duration: %(hold)s}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Desk:
    """The daemon, a service that it may break, and a page."""

    def __init__(self, folder, b):
        self.folder, self.b, self.started = folder, b, []
        self.dir = os.path.join(folder, "experiments")
        os.mkdir(self.dir)
        self.port = free_port()
        self.url = "http://127.0.0.1:%d/" % self.port
        with open(os.open(os.path.join(folder, "tokens"), os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as f:
            f.write("operator %s\n" % TOKEN)
        self.web = self.start([sys.executable, "-c", WEB], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # it tells of each client that gave up
        self.web_port = int(self.web.stdout.readline())
        self.serve()

    def start(self, words, **more):
        p = subprocess.Popen(words, stdin=subprocess.DEVNULL, **more)
        self.started.append(p)
        return p

    def serve(self):
        log = open(os.path.join(self.folder, "serve.log"), "ab")
        self.daemon = self.start([ORDEAL, "serve", self.dir, "--state", os.path.join(self.folder, "state"), "--output", os.path.join(self.folder, "runs"),
                                  "--listen", "127.0.0.1:%d" % self.port, "--token-file", os.path.join(self.folder, "tokens")], stdout=log, stderr=log)
        log.close()

        def answers():
            if self.daemon.poll() is not None:
                with open(os.path.join(self.folder, "serve.log"), encoding="utf-8") as f:
                    raise AssertionError("the daemon ended: " + f.read())
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.port)) == 0
        feeder.wait(answers, "the daemon listens")

    def close(self):
        for p in reversed(self.started):
            # It has not been waited for: its number is still its own.
            if p.poll() is None:
                p.send_signal(signal.SIGCONT)
                p.terminate()
                try:
                    p.wait(10)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()

    def write(self, name, hold):
        """As an editor does it: a new file in the old one's place."""
        path = os.path.join(self.dir, name + ".yaml")
        with open(path + ".new", "w", encoding="utf-8") as f:
            f.write(SPEC % {"name": name, "port": self.web_port, "pid": self.web.pid, "hold": hold})
        os.rename(path + ".new", path)

    def paused(self):
        with open("/proc/%d/stat" % self.web.pid, encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "T"


def text(page, selector):
    return page.js("(document.querySelector(%r)||{}).textContent||''" % selector)


def press_twice(page, act, row="document"):
    page.js("{const b=%s.querySelector('[data-act=\"%s\"]');b.click();b.click()}" % (row, act))


def row_of(name):
    return "[...document.querySelectorAll('tbody tr')].find(r=>r.dataset.key==='%s')" % name


def sign_in(page):
    feeder.wait(lambda: page.js("Boolean(document.getElementById('token'))"), "the page asks who we are")
    page.js("document.getElementById('token').focus()")
    page.call("Input.insertText", {"text": TOKEN})
    desk.press(page, "Enter")
    feeder.wait(lambda: text(page, "#link-state") == "live", "live")


def schedules_appear(d, page):
    page.js("location.hash='#/schedules'")
    d.write("web-hangs", "60s")
    feeder.wait(lambda: page.js("Boolean(%s)" % row_of("web-hangs")), "the schedule appears")
    if "Europe/Berlin" not in page.js(row_of("web-hangs") + ".textContent"):
        raise AssertionError("the schedule is not told")
    with open(os.path.join(d.dir, "torn.yaml"), "w", encoding="utf-8") as f:
        f.write("apiVersion: ordeal.dev/v1\nkind: Experiment\nmetadata: {name: <b>torn</b>\n")
    feeder.wait(lambda: "The file is broken" in text(page, "main"), "the broken file is told")
    page.js("location.hash='#/calendar'")
    feeder.wait(lambda: page.js("document.querySelectorAll('.agenda li').length") >= 6, "a week of it in the calendar")


def halt_reverts(d, page):
    page.js("location.hash='#/schedules'")
    feeder.wait(lambda: page.js("Boolean(%s)" % row_of("web-hangs")), "its row")
    press_twice(page, "run", row_of("web-hangs"))
    page.js("location.hash='#/now'")
    feeder.wait(d.paused, "the fault is in force")
    feeder.wait(lambda: "bad" in text(page, ".probe-strip + .val"), "the strip turns bad")
    feeder.wait(lambda: "injected" in text(page, ".fault-strip + .val"), "the fault's state is told")
    was = page.js("document.querySelector('.probe-strip').toDataURL()")
    feeder.wait(lambda: page.js("document.querySelector('.probe-strip').toDataURL()") != was, "the strip moves")
    began = time.monotonic()
    desk.press(page, "H", shift=True)
    desk.press(page, "H", shift=True)
    feeder.wait(lambda: not d.paused(), "the fault is gone")
    took = time.monotonic() - began
    feeder.wait(lambda: "Halted since" in re.sub(r"\s+", " ", text(page, "#halted")), "halted, since when")
    feeder.wait(lambda: "token" in text(page, "#halted"), "halted, by whom")
    feeder.wait(lambda: "aborted" in text(page, "#over"), "the run is told as aborted")
    press_twice(page, "resume")
    feeder.wait(lambda: not text(page, "#halted"), "resumed")
    return took


def report_opens(d, page):
    """A run of a second, its report from the history, in a page of its own."""
    d.write("web-blinks", "1s")
    page.js("location.hash='#/schedules'")
    feeder.wait(lambda: page.js("Boolean(%s)" % row_of("web-blinks")), "the second schedule")
    press_twice(page, "run", row_of("web-blinks"))
    page.js("location.hash='#/history'")
    link = feeder.wait(lambda: page.js("([...document.querySelectorAll('#runs a[target=_blank]')].find(a=>a.textContent==='web-blinks')||{}).href"),
                       "the run is in the history", 40)
    with desk.open_page(d.b, link) as report:
        if "web-blinks" not in report.js("document.querySelector('h1').textContent") or not report.js("Boolean(document.querySelector('.verdict'))"):
            raise AssertionError("the report is none")
        return ["the report: " + what for what in report.complaints() + report.requests()]


def comes_back(d, page):
    d.daemon.kill()
    d.daemon.wait()
    feeder.wait(lambda: text(page, "#link-state") == "reconnecting", "the page says that it is alone")
    d.serve()
    feeder.wait(lambda: text(page, "#link-state") in ("live", "signed out"), "it comes back", 30)


def main():
    desk.need()
    if os.geteuid():
        desk.skip("only root may pause a process without sudo's leave")
    folder = tempfile.mkdtemp(prefix="ordeal-console-")
    os.environ.update(XDG_STATE_HOME=os.path.join(folder, "xdg"), XDG_RUNTIME_DIR=os.path.join(folder, "run"))
    os.makedirs(os.environ["XDG_RUNTIME_DIR"], 0o700)
    d = None
    try:
        with browser.Browser() as b:
            d = Desk(folder, b)
            with desk.open_page(b, d.url) as page:
                sign_in(page)
                schedules_appear(d, page)
                took = halt_reverts(d, page)
                bad = desk.wrong(page, d.url)
                bad += report_opens(d, page)
                comes_back(d, page)
    except AssertionError:
        with open(os.path.join(folder, "serve.log"), encoding="utf-8") as f:
            print("the daemon said:\n" + f.read())
        raise
    finally:
        if d:
            d.close()
        shutil.rmtree(folder, ignore_errors=True)
    for what in bad:
        print(what)
    print("console, the real daemon: %d complaints; halted after %.0f ms" % (len(bad), took * 1000))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
