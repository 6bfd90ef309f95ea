#!/usr/bin/env python3
"""A real Prometheus whose clock is 3601 s ahead, and a real Alertmanager's that is 1800 s behind: proxies change every time that
goes through them. What is written is on the run's clock all the same."""

import datetime
import email.utils
import http.server
import json
import re
import threading
import time
import urllib.parse
import urllib.request

from lab import Lab, experiment, need, until, get
from test_alerts import ALERTMANAGER, BUSY, EVALUATE, PROMETHEUS, S, SCRAPE, WAIT, narrow, within

AHEAD, BEHIND = 3601, -1800
STAMP = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)((?:\.\d+)?)Z$")


def shifted(value, seconds, key=""):
    """JSON with every time moved: texts that are one, and what stands before a sample's value."""
    if isinstance(value, dict):
        return {k: shifted(v, seconds, k) for k, v in value.items()}
    if isinstance(value, list):
        if len(value) == 2 and isinstance(value[0], (int, float)) and isinstance(value[1], str):
            return [value[0] + seconds, value[1]]
        return [shifted(v, seconds, key) for v in value]
    found = STAMP.match(value) if isinstance(value, str) else None
    if not found or value.startswith("0001"):
        return value
    at = datetime.datetime.fromisoformat(found[1]) + datetime.timedelta(seconds=seconds)
    return at.isoformat() + found[2] + "Z"


class Proxy:
    """What goes to a port of loopback goes to another one; times in questions, answers and headers are moved."""

    def __init__(self, port, to, seconds, change=shifted):
        class Handler(http.server.BaseHTTPRequestHandler):
            def pass_on(self, body=None):
                path, _, query = self.path.partition("?")
                params = [(k, f"{float(v) - seconds:.3f}" if k in ("time", "start", "end") else v)
                          for k, v in urllib.parse.parse_qsl(query)]
                url = f"http://127.0.0.1:{to}{path}" + (f"?{urllib.parse.urlencode(params)}" if params else "")
                request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
                try:
                    with urllib.request.urlopen(request, timeout=10) as answer:
                        status, text, date = answer.status, answer.read(), answer.headers["Date"]
                except OSError:
                    status, text, date = 502, b"", None
                if text[:1] in (b"{", b"["):
                    text = json.dumps(change(json.loads(text), seconds)).encode()
                self.send_response_only(status)
                if date:
                    at = email.utils.parsedate_to_datetime(date) + datetime.timedelta(seconds=seconds)
                    self.send_header("Date", email.utils.format_datetime(at, usegmt=True))
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                self.pass_on()

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.pass_on(json.dumps(change(body, seconds)).encode())

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def alertmanagers(value, seconds):
    """Of its alerts only updatedAt is by its own clock; the others are what Prometheus sent."""
    moved, sent = shifted(value, seconds), shifted(value, AHEAD)
    if isinstance(moved, list):
        for mine, its in zip(moved, sent):
            mine.update({key: its[key] for key in ("startsAt", "endsAt") if key in its})
    return moved


RULES = """
groups:
  - name: app
    rules:
      - {alert: AppBad, expr: app_bad == 1, for: 3s, labels: {severity: page}}
"""
DETECTION = """
    prometheus: {url: "http://127.0.0.1:9190", every: 200ms, timeout: 5s}
    alertmanager: {url: "http://127.0.0.1:9193", every: 200ms, timeout: 5s, webhook: {listen: "127.0.0.1:9299"}}"""


def main():
    need("prometheus", "prometheus-alertmanager")
    with Lab() as lab:
        exporter = lab.exporter(app_bad=0)
        lab.alertmanager(ALERTMANAGER)
        lab.prometheus(PROMETHEUS, RULES)
        # Notifications carry Prometheus's times.
        for proxy in (Proxy(9190, 9090, AHEAD), Proxy(9193, 9093, BEHIND, alertmanagers), Proxy(9199, 9299, AHEAD)):
            lab.closers.append(proxy.stop)
        until(lambda: get("http://127.0.0.1:9090/api/v1/query?query=app_bad")["data"]["result"], what="nothing is scraped")
        driver = lab.driver("clock", experiment(
            ["detect(prometheus:AppBad) within 30s", "detect(alertmanager:AppBad/notified) within 30s"], detection=DETECTION))
        driver.tell("before")
        clocks = {line["source"]: line["offset_ns"] for line in driver.all("clock")}
        for source, seconds, most in (("prometheus", AHEAD, S // 2), ("alertmanager", BEHIND, S)):
            lo, hi = clocks[source]
            print(f"{source}: {seconds} s, measured [{lo / S:.3f}, {hi / S:.3f}] s")
            assert lo - S // 100 <= seconds * S <= hi + S // 100 and hi - lo < most, (source, lo, hi)
        driver.tell("repetition 1")
        driver.await_("channel", channel="prometheus:AppBad/firing", state=False)
        driver.await_("channel", channel="alertmanager:AppBad/notified", state=False)
        driver.tell("request")
        flip = driver.t(exporter.set(app_bad=1))
        stage = lambda name: driver.await_("stage", stage=name, alert="AppBad", seconds=40)
        pending, firing, received, notified = map(stage, ("pending", "firing", "received", "notified"))
        within(pending, flip, flip + SCRAPE + EVALUATE + BUSY, "activeAt")
        within(firing, pending["lo_t"] + 4 * S, pending["hi_t"] + 4 * S, "firing")
        within(received, firing["lo_t"], firing["hi_t"] + BUSY, "received")
        within(notified, received["lo_t"] + WAIT - S // 10, received["hi_t"] + WAIT + BUSY, "notified")
        assert "old" not in notified["detail"], notified
        for line in (pending, firing, notified):
            narrow(line, S // 2)
        narrow(received, S)
        year = lambda line: datetime.datetime.fromisoformat(line["stamp"][:19]).replace(tzinfo=datetime.timezone.utc)
        ahead = year(pending).timestamp() - time.time()
        assert AHEAD - 60 < ahead < AHEAD + 60, "the stamp is the server's own word"
        driver.tell("after")
        scraped = stage("scraped")
        within(scraped, flip, flip + SCRAPE + BUSY, "scraped")
        repaired = driver.t(exporter.set(app_bad=0))
        exact = driver.wait(lambda line: line["e"] == "stage" and line["stage"] == "resolved" and "stamp" in line, 60)
        within(exact, repaired, repaired + SCRAPE + EVALUATE + BUSY, "endsAt")


if __name__ == "__main__":
    main()
