#!/usr/bin/env python3
"""Servers that misbehave on purpose, a clock that is wrong, secrets, and what the webhook is sent by anybody."""

import datetime
import http.client
import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
import time

from lab import Lab, experiment, need, until

S = 1_000_000_000
TOKEN, HEADER = "first-secret-token", "tenant-secret"
AHEAD = 5  # seconds, of the false server's clock


def stamp(seconds):
    """RFC 3339 of an instant of time.time(), by the false server's clock."""
    at = datetime.datetime.fromtimestamp(seconds + AHEAD, datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Server:
    """Prometheus's and Alertmanager's answers, as `mode` says."""

    def __init__(self, port=9090, tls=None):
        self.mode = "ok"
        self.alerts, self.asked = [], []
        self.ahead = AHEAD
        self.date = None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = self.path.split("?")[0]
                outer.asked.append((time.monotonic(), path))
                try:
                    outer.answer(self, path)
                except OSError:
                    self.close_connection = True

            def date_time_string(self, timestamp=None):
                return outer.date or super().date_time_string(timestamp)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def say(self, to, status, body, headers=(), length=None):
        to.send_response(status)
        for name, value in headers:
            to.send_header(name, value)
        to.send_header("Content-Length", str(len(body) if length is None else length))
        to.end_headers()
        to.wfile.write(body)

    def answer(self, to, path):
        allowed = (to.headers["Authorization"] == f"Bearer {TOKEN}" and to.headers["X-Scope-OrgID"] == HEADER)
        mode = self.mode
        if not allowed:
            # It repeats what it was sent, as a debugging proxy would.
            text = f"no: {to.headers['Authorization']} {to.headers['X-Scope-OrgID']}"
            self.say(to, 401, json.dumps({"status": "error", "error": text}).encode())
        elif mode == "echo":
            text = f"bad query by {TOKEN} of {HEADER}"
            self.say(to, 422, json.dumps({"status": "error", "error": text}).encode())
        elif mode == "cut":
            # Where the text is cut, in the middle of the token.
            self.say(to, 422, json.dumps({"status": "error", "error": "x" * 215 + TOKEN}).encode())
        elif mode == "truncated":
            self.say(to, 200, b'{"status": "success", "data": {"alerts": [', length=4000)
            to.close_connection = True
        elif mode == "half":
            self.say(to, 200, b'{"status": "success", "data": {"alerts": [')
        elif mode == "slow":
            self.say(to, 200, b'{"status"', length=4000)
            for _ in range(20):
                time.sleep(0.1)
                to.wfile.write(b" ")
        elif mode == "huge":
            to.send_response(200)
            to.send_header("Content-Length", str(64 << 20))
            to.end_headers()
            for _ in range(64):
                to.wfile.write(b" " * (1 << 20))
        elif mode == "busy":
            self.say(to, 429, b"", [("Retry-After", "2")])
        elif mode == "down":
            self.say(to, 503, b"<html>no</html>")
        elif mode == "other":
            self.say(to, 200, b'{"status": "fine"}')
        elif path == "/api/v1/query":
            now = round(time.time() + self.ahead, 3)
            self.say(to, 200, json.dumps({"status": "success", "data": {
                "resultType": "scalar", "result": [now, str(now)]}}).encode())
        elif path == "/api/v1/rules":
            self.say(to, 200, b'{"status": "success", "data": {"groups": []}}')
        elif path == "/api/v1/targets":
            self.say(to, 200, b'{"status": "success", "data": {"activeTargets": []}}')
        else:
            self.say(to, 200, json.dumps({"status": "success", "data": {"alerts": self.alerts}}).encode())


def detection(lab, url="http://127.0.0.1:9090/", more=""):
    return f"""
    prometheus: {{url: "{url}", every: 100ms, timeout: 700ms, tokenFile: {lab.dir}/token,
                 headers: {{X-Scope-OrgID: {HEADER}}}{more}}}"""


MISBEHAVIOURS = (
    ("truncated", "transfer closed"), ("half", "not JSON"), ("slow", "timed out"), ("huge", "longer than 16 MiB"),
    ("down", "it answered 503"), ("other", "not one of Prometheus's API"), ("echo", "bad query by *** of ***"),
    ("cut", "it answered 422: xxx"))


def misbehaves(lab, server, driver):
    for mode, words in MISBEHAVIOURS:
        since = len(driver.lines)
        server.mode = mode
        line = driver.await_("channel", channel="prometheus:A/firing", state=None, since=since)
        assert words in line["message"], (mode, line)
        assert TOKEN[:6] not in line["message"], (mode, line)
        server.mode = "ok"
        driver.await_("channel", channel="prometheus:A/firing", state=False, since=since)


def no_storm(server, driver):
    """What is down is asked ever less often, and a Retry-After is kept to."""
    since = len(driver.lines)
    server.mode = "down"
    driver.await_("channel", channel="prometheus:A/firing", state=None, since=since)
    server.asked.clear()
    time.sleep(2.5)
    looks = [at for at, path in server.asked if path == "/api/v1/alerts"]
    # 25 slots of 100 ms; 100, 200, 400, 800 ms ... between them.
    assert 2 <= len(looks) <= 6, looks
    server.mode = "ok"
    driver.await_("channel", channel="prometheus:A/firing", state=False, since=since)
    since = len(driver.lines)
    server.mode = "busy"
    driver.await_("channel", channel="prometheus:A/firing", state=None, since=since)
    server.asked.clear()
    server.mode = "ok"
    driver.await_("channel", channel="prometheus:A/firing", state=False, since=since)
    driver.await_("note", text="prometheus answers again", since=since)


def wrong_clock(server, driver):
    """Its clock is 5 s ahead: instants are ours all the same. Then it is set right."""
    lo, hi = driver.all("clock", source="prometheus")[0]["offset_ns"]
    step = 2_000_000  # what a virtual machine's wall clock is set by, now and then, against the run's clock
    assert lo - step <= AHEAD * S <= hi + step and hi - lo < S // 4, (lo, hi)
    since = len(driver.lines)
    began = time.monotonic_ns()
    server.alerts = [{"labels": {"alertname": "A"}, "state": "pending", "activeAt": stamp(time.time()), "value": "1e+00"}]
    line = driver.await_("stage", stage="pending", alert="A", since=since)
    assert line["lo_t"] <= driver.t(began) + S // 20 and line["hi_t"] >= driver.t(began) - S // 20, (line, driver.t(began))
    assert line["hi_t"] - line["lo_t"] < S // 4, line
    # An instant that its clock puts after the answer is only known by the looks.
    since = len(driver.lines)
    server.alerts = [{"labels": {"alertname": "A"}, "state": "pending", "activeAt": stamp(time.time() + 60), "value": "1"}]
    line = driver.await_("stage", stage="pending", alert="A", since=since)
    assert line["hi_t"] <= line["t"] and line["hi_t"] - line["lo_t"] < 2 * S, line
    server.alerts = []


def impossible(lab, server):
    """Labels that are no texts, and a date that 64 bits of nanoseconds do not hold."""
    server.date = "Fri, 31 Dec 9999 23:59:59 GMT"
    server.alerts = [{"labels": {"alertname": "A", "n": 1}, "state": "firing", "activeAt": stamp(time.time()), "value": "1"}]
    driver = lab.driver("odd", experiment(["detect(prometheus:A) within 30s", "detect(alertmanager:A) within 30s"],
                                          detection=detection(lab) + f"""
    alertmanager: {{url: "http://127.0.0.1:9090/", every: 100ms, timeout: 700ms, tokenFile: {lab.dir}/token,
                   headers: {{X-Scope-OrgID: {HEADER}}}}}"""))
    driver.tell("before")
    driver.tell("repetition 1")
    driver.await_("stage", stage="firing", alert="A", source="prometheus")
    driver.await_("channel", channel="alertmanager:A/active", state=False)
    assert driver.all("clock", source="prometheus") and not driver.all("clock", source="alertmanager"), driver.all("clock")
    server.date, server.alerts = None, []


def wrong_token(lab, server, driver):
    since = len(driver.lines)
    (lab.dir / "token").write_text("second-secret-token\n")
    line = driver.await_("channel", channel="prometheus:A/firing", state=None, since=since)
    assert "it answered 401: the token" in line["message"], line
    # It is read anew, so that a rotated one serves.
    (lab.dir / "token").write_text(TOKEN + "\n")
    driver.await_("channel", channel="prometheus:A/firing", state=False, since=since)
    since = len(driver.lines)
    (lab.dir / "token").unlink()
    driver.await_("channel", channel="prometheus:A/firing", state=None, since=since)
    (lab.dir / "token").write_text(TOKEN + "\n")
    driver.await_("channel", channel="prometheus:A/firing", state=False, since=since)
    # Nobody waits for who may write to a pipe.
    since = len(driver.lines)
    os.mkfifo(lab.dir / "pipe")
    (lab.dir / "pipe").rename(lab.dir / "token")
    line = driver.await_("channel", channel="prometheus:A/firing", state=None, since=since)
    assert "is no regular file" in line["message"], line
    (lab.dir / "token").unlink()
    (lab.dir / "token").write_text(TOKEN + "\n")
    driver.await_("channel", channel="prometheus:A/firing", state=False, since=since)


def self_signed(lab):
    """A certificate that nobody vouches for is refused, and its server told no secret, unless the spec says otherwise."""
    pem = lab.dir / "server.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-subj", "/CN=elsewhere", "-keyout", pem, "-out", lab.dir / "cert.pem"], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(lab.dir / "cert.pem", pem)
    server = Server(9443, tls)
    lab.closers.append(server.stop)
    goals, url = ["detect(prometheus:A) within 30s"], "https://127.0.0.1:9443"
    strict = lab.driver("strict", experiment(goals, detection=detection(lab, url)))
    strict.tell("repetition 1")
    line = strict.await_("channel", channel="prometheus:A/firing", state=None)
    assert "certificate" in line["message"] and not server.asked, line
    trusting = lab.driver("trusting", experiment(goals, detection=detection(lab, url, ", insecure: true")))
    trusting.tell("repetition 1")
    trusting.await_("channel", channel="prometheus:A/firing", state=False)


def post(body, method="POST", port=9199, host="127.0.0.1"):
    connection = http.client.HTTPConnection(host, port, timeout=10)
    connection.request(method, "/", body)
    status = connection.getresponse().status
    connection.close()
    return status


def notice(status, starts, version="4", name="B"):
    return json.dumps({"version": version, "status": status, "receiver": "hook", "groupKey": "{}", "alerts": [{
        "status": status, "labels": {"alertname": name}, "annotations": {}, "startsAt": starts,
        "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "f"}]})


def webhook(lab):
    driver = lab.driver("hook", experiment(["detect(alertmanager:B/notified) within 30s"], detection="""
    alertmanager: {url: "http://127.0.0.1:9093", every: 500ms, timeout: 200ms, webhook: {listen: "127.0.0.1:9199"}}"""))
    driver.tell("repetition 1")
    # Nobody is at 9093: it is not known, rather than not so.
    driver.await_("channel", channel="alertmanager:B/notified", state=None)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    # Slow ones, and more of them than are let in, keep nobody out for long.
    idle = [socket.create_connection(("127.0.0.1", 9199)) for _ in range(8)]
    for one in idle:
        one.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert post(None, "GET") == 405
    assert post("{") == 400
    assert post(notice("firing", now, version="3")) == 400
    assert post("{" + " " * (2 << 20) + "}") == 413
    # The answer goes out before the note is read.
    for words in "version '3' of the webhook's payload", "too long", "not JSON":
        until(lambda words=words: any(words in note for note in driver.notes()), what=f"no note says '{words}'")
    sent = time.monotonic_ns()
    assert post(notice("firing", now)) == 200
    line = driver.await_("channel", channel="alertmanager:B/notified", state=True)
    assert driver.t(sent) <= line["lo_t"] <= line["hi_t"] <= driver.t(time.monotonic_ns()), line
    # The same once more is no news; another alert's is none of ours.
    assert post(notice("firing", now)) == 200
    assert post(notice("firing", now, name="C")) == 200
    assert len(driver.all("stage", stage="notified", alert="B")) == 1
    assert post(notice("resolved", now)) == 200
    driver.await_("stage", stage="resolved-notified", alert="B")
    # A peer, or an attempt that was thought lost, comes late: it is over, and does not begin anew.
    assert post(notice("firing", now)) == 200
    assert len(driver.all("stage", stage="notified", alert="B")) == 1
    assert not driver.all("changed", channel="alertmanager:B/notified")[-1]["so"], driver.all("changed")
    assert post(notice("firing", "2020-01-01T00:00:00Z")) == 200
    old = driver.wait(lambda line: line["e"] == "stage" and line["stage"] == "notified" and line["detail"].get("old"))
    assert old["alert"] == "B", old
    for one in idle:
        one.close()
    # An address of IPv6, however it is written.
    lab.driver("six", experiment(["detect(alertmanager:B/notified) within 30s"], detection="""
    alertmanager: {url: "http://127.0.0.1:9093", webhook: {listen: "[0:0:0:0:0:0:0:1]:9198"}}"""))
    assert post(None, "GET", 9198, "::1") == 405
    # The first of all that a run says where the socket is taken.
    try:
        lab.driver("taken", experiment(["detect(alertmanager:B/notified) within 30s"], detection="""
    alertmanager: {url: "http://127.0.0.1:9093", webhook: {listen: "127.0.0.1:9199"}}"""))
        raise SystemExit("two listen on one port")
    except AssertionError as error:
        assert "cannot listen on 127.0.0.1:9199" in str(error), error


def main():
    need("openssl")
    with Lab() as lab:
        server = Server()
        lab.closers.append(server.stop)
        lab.exporter(app_bad=0)
        (lab.dir / "token").write_text(TOKEN + "\n")
        driver = lab.driver("main", experiment(["detect(prometheus:A) within 30s"], detection=detection(lab)))
        driver.tell("before")
        driver.tell("repetition 1")
        driver.await_("channel", channel="prometheus:A/firing", state=False)
        misbehaves(lab, server, driver)
        no_storm(server, driver)
        wrong_clock(server, driver)
        wrong_token(lab, server, driver)
        impossible(lab, server)
        webhook(lab)
        self_signed(lab)
        # With nobody there at all, the beginning does not last.
        server.mode = "slow"
        began = time.monotonic()
        other = lab.driver("slow", experiment(["detect(prometheus:A) within 30s"], detection=detection(lab)))
        other.tell("before")
        assert time.monotonic() - began < 8
        assert "did not tell its rules" in "\n".join(other.notes()), other.notes()
        said = "\n".join(json.dumps(line) for d in (driver, other) for line in d.lines)
        for secret in (TOKEN, HEADER, "second-secret-token"):
            assert secret not in said, f"{secret} was told"


if __name__ == "__main__":
    main()
