#!/usr/bin/env python3
"""test_api.py API_TOOL SOURCE: the API as docs/formats/openapi.yaml says it, and against who means it no good."""
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import JSON, OPERATOR, RESPONDER, TOKENS, VIEWER, Tool, Watcher, wait_for  # noqa: E402

program, source = sys.argv[1:3]


def refused(answer, status, says):
    assert answer[0] == status, answer
    assert answer[1]["Content-Type"] == "application/problem+json", answer[1]
    body = answer[2]
    assert body["status"] == status and body["type"] == "about:blank" and body["title"], body
    assert says in body["detail"], body


def test_headers(t):
    for path in ("/", "/healthz", "/v1/status", "/nix", "/openapi.yaml", "/console/nix"):
        _, h, _ = t.ask("GET", path)
        assert h["X-Content-Type-Options"] == "nosniff", path
        assert h["Referrer-Policy"] == "no-referrer", path
        policy = h["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe-inline" not in policy, (path, policy)
        assert "frame-ancestors 'none'" in policy, (path, policy)
        assert "Access-Control-Allow-Origin" not in h, path
    status, h, body = t.ask("HEAD", "/v1/status")
    assert status == 200 and body == b"" and int(h["Content-Length"]) > 100


def test_roles(t):
    refused(t.ask("GET", "/v1/status", tcp=True), 401, "Bearer")
    assert t.ask("GET", "/v1/status", tcp=True)[1]["WWW-Authenticate"].startswith("Bearer")
    refused(t.ask("GET", "/v1/status", tcp=True, token="x" * 24), 401, "none of the tokens")
    refused(t.ask("GET", "/v1/status", tcp=True, token="x" * 5000), 401, "none of the tokens")
    refused(t.ask("GET", "/v1/status", tcp=True, headers={"Authorization": "Basic eDp5"}), 401, "none")
    assert t.ask("GET", "/healthz", tcp=True)[0] == 200
    assert t.ask("GET", "/metrics", tcp=True)[0] == 401
    assert t.ask("GET", "/v1/session", tcp=True, token=VIEWER)[2] == {"who": "token wall", "role": "viewer"}
    refused(t.ask("POST", "/v1/halt", {}, tcp=True, token=VIEWER), 403, "is a viewer, and this needs a responder")
    refused(t.ask("POST", "/v1/resume", {}, tcp=True, token=RESPONDER), 403, "this needs an operator")
    assert t.ask("POST", "/v1/halt", {}, tcp=True, token=RESPONDER)[2]["halted"] is True
    assert t.ask("POST", "/v1/resume", {}, tcp=True, token=OPERATOR)[2]["halted"] is False


def test_changes(t):
    refused(t.ask("POST", "/v1/halt"), 415, "application/json")
    refused(t.ask("POST", "/v1/halt", "{}", {"Content-Type": "text/plain"}), 415, "application/json")
    refused(t.ask("POST", "/v1/halt", "{}", {"Content-Type": "application/jsonp"}), 415, "application/json")
    refused(t.ask("GET", "/v1/halt"), 405, "takes no GET")
    assert t.ask("GET", "/v1/halt")[1]["Allow"] == "POST"
    refused(t.ask("OPTIONS", "/v1/halt"), 405, "takes no OPTIONS")
    refused(t.ask("POST", "/v1/halt", "[1]"), 400, "body")
    refused(t.ask("POST", "/v1/halt", "{"), 400, "body")
    refused(t.ask("POST", "/v1/halt", '{"a":1}'), 400, "a")
    refused(t.ask("POST", "/v1/halt", '{"note":"a","note":"b"}'), 400, "body")
    refused(t.ask("POST", "/v1/halt", '{"note":' + "[" * 100 + "]" * 100 + "}"), 400, "body")
    refused(t.ask("POST", "/v1/halt", '{"note":"' + "x" * 500 + '"}'), 400, "note")
    refused(t.ask("POST", "/v1/halt", "x" * 70000), 413, "at most 65536")
    refused(t.ask("POST", "/v1/schedules/nix/run", {}), 404, "no schedule 'nix'")
    refused(t.ask("POST", "/v1/runs/d1/abort", {}), 404, "no run 'd1'")
    refused(t.ask("GET", "/v1/schedules?limit=0"), 400, "limit")
    refused(t.ask("GET", "/v1/schedules?limt=5"), 400, "'limt' is no argument")
    refused(t.ask("GET", "/v1/calendar?from=yesterday"), 400, "from: an instant")
    assert t.ask("GET", "/v1/status")[2]["halted"] is False
    assert t.ask("POST", "/v1/schedules/orders/pause", {})[2]["paused"] is True
    refused(t.ask("POST", "/v1/schedules/orders/pause", {}), 409, "paused already")
    assert t.ask("POST", "/v1/schedules/orders/resume", {})[2]["paused"] is False


def test_other_sites(t):
    """A page of another site, and a name of another's DNS."""
    here = {"Origin": f"http://127.0.0.1:{t.port}"}
    ask = lambda headers: t.ask("POST", "/v1/halt", {}, headers, tcp=True, token=OPERATOR)  # noqa: E731
    refused(ask({"Origin": "http://evil.example"}), 403, "another site")
    refused(ask({"Origin": "null"}), 403, "another site")
    refused(ask({"Sec-Fetch-Site": "cross-site"}), 403, "another site")
    refused(ask({"Sec-Fetch-Site": "same-site"}), 403, "another site")
    refused(t.ask("GET", "/v1/status", headers={"Host": "evil.example"}, tcp=True, token=OPERATOR), 421, "Host")
    refused(t.ask("GET", "/", headers={"Host": "evil.example:80"}, tcp=True), 421, "Host")
    assert ask({**here, "Sec-Fetch-Site": "same-origin"})[0] == 200
    assert t.ask("POST", "/v1/resume", {}, tcp=True, token=OPERATOR)[0] == 200


def test_session(t):
    here = {"Origin": f"http://127.0.0.1:{t.port}"}
    refused(t.ask("POST", "/v1/session", {"token": "x" * 24}, tcp=True), 401, "none of the tokens")
    refused(t.ask("POST", "/v1/session", {"token": OPERATOR}, {"Origin": "http://evil.example"}, tcp=True), 403, "site")
    status, h, body = t.ask("POST", "/v1/session", {"token": OPERATOR}, here, tcp=True)
    assert status == 200 and body == {"who": "token ops", "role": "operator"}
    cookie = h["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and OPERATOR not in cookie
    with_cookie = {"Cookie": cookie.split(";")[0]}
    assert t.ask("GET", "/v1/session", headers=with_cookie, tcp=True)[2]["role"] == "operator"
    refused(t.ask("POST", "/v1/halt", {}, with_cookie, tcp=True), 403, "needs an Origin")
    assert t.ask("POST", "/v1/halt", {}, {**with_cookie, **here}, tcp=True)[0] == 200
    assert t.ask("POST", "/v1/resume", {}, {**with_cookie, **here}, tcp=True)[0] == 200
    forged = {"Cookie": with_cookie["Cookie"][:-1] + ("0" if with_cookie["Cookie"][-1] != "0" else "1")}
    refused(t.ask("GET", "/v1/status", headers=forged, tcp=True), 401, "over")
    assert t.ask("GET", "/v1/session", headers=forged, tcp=True)[2] == {"who": None, "role": "none"}
    status, h, _ = t.ask("DELETE", "/v1/session", headers={**JSON, **with_cookie, **here}, tcp=True)
    assert status == 204 and "Max-Age=0" in h["Set-Cookie"]


def test_hidden(t):
    """What a game day hides is told to operators alone: in answers and in events."""
    viewer = Watcher(t, tcp=True, token=RESPONDER)
    operator = Watcher(t)
    assert t.ask("POST", "/v1/schedules/orders/run", {})[0] == 202
    assert operator.until("dispatched")[2]["faults"][0]["fault"] == "net.delay"
    seen = viewer.until("dispatched")
    told = str(seen) + str(t.ask("GET", "/v1/runs", tcp=True, token=RESPONDER)[2])
    assert "net.delay" not in told and "slow-database" not in told and "orders" not in told, told
    assert seen[2]["key"] == "d42" and seen[2]["phase"] == "hold"
    refused(t.ask("POST", "/v1/runs/d42/mark", {"what": "fixed"}), 400, "detected, acknowledged")
    refused(t.ask("POST", "/v1/runs/d42/note", {}), 400, "note")
    assert t.ask("POST", "/v1/runs/d42/mark", {"what": "detected", "by": "me"}, tcp=True, token=RESPONDER)[0] == 200
    assert t.ask("POST", "/v1/runs/d42/abort", {})[0] == 200
    assert operator.until("ended")[2]["verdict"] == "aborted"
    viewer.close()
    operator.close()


def test_events(t):
    w = Watcher(t, "?types=halt,resume")
    assert w.headers["Content-Type"] == "text/event-stream"
    t.ask("POST", "/v1/schedules/orders/run", {})
    t.ask("POST", "/v1/halt", {})
    first = w.next()
    assert first[1:] == ("halt", {"who": f"uid {os.getuid()}"}), first
    w.close()
    t.ask("POST", "/v1/resume", {})
    again = Watcher(t, headers={"Last-Event-ID": first[0]})
    assert again.next()[1] == "resume"
    again.close()
    for last in ("0.1", "nonsense", first[0] + "9", "x" * 63):
        lost = Watcher(t, headers={"Last-Event-ID": last})
        assert lost.next() == (None, "reset", {}), last
        lost.close()


def test_hostile_bytes(t):
    """Whatever is sent, the daemon goes on, and says 4xx or nothing."""
    for data in (
        b"\0" * 4096, b"\r\n" * 5000, b"GET " + b"/a" * 20000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
        b"GET /v1/status HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 60000 + b"\r\n\r\n",
        b"GET /v1/status HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
        b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET //v1/status HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/../healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET http://evil/v1/status HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/halt HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/halt HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /v1/halt HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/halt HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200),
    ):
        got = t.raw(data, wait=1.0)
        assert got == b"" or got.split(b" ")[1].startswith((b"4", b"5")), (data[:60], got[:200])
        assert t.ask("GET", "/v1/status")[2]["halted"] is False, data[:60]


def test_slow_watcher(program):
    """Who does not read gets nothing kept, and when he reads again is told so; others go on."""
    with Tool(program, "--strips", "4000") as t:
        fast = Watcher(t)
        s = socket.socket(socket.AF_UNIX)
        s.connect(t.socket)
        s.sendall(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        for _ in range(7000):
            assert fast.next()[1] == "strip"
        s.settimeout(10)
        got = b""
        while b"event: dropped" not in got:
            chunk = s.recv(1 << 20)
            assert chunk, got[-300:]
            got = (got + chunk)[-4 << 20:]
        # Before it stands a whole event.
        assert got.split(b"event: dropped")[0].rstrip(b"\r\n0123456789ABCDEF").endswith(b"}"), got[-400:]
        while s.recv(1 << 20):
            pass
        s.close()
        fast.close()
        metrics = t.ask("GET", "/metrics")[2].decode()
        assert "ordeal_watchers_dropped_total 1\n" in metrics
        with open(f"/proc/{t.process.pid}/statm") as f:
            assert int(f.read().split()[1]) * 4096 < 300 << 20


def test_refusals(program):
    """What is not started, and why."""
    def says(*options, text, files=()):
        t = Tool(program, *options)
        for name, content, mode in files:
            t.write(name, content, mode)
        try:
            with t:
                raise AssertionError(f"{options} was started")
        except AssertionError as e:
            assert text in str(e), e

    says("--listen", "127.0.0.1:1", text="it takes tokens: --token-file")
    says("--listen", "0.0.0.0:0", "--tokens", "/x", text="no address with a port")
    says("--listen", "example.org:80", "--tokens", "/x", text="names are not looked up")
    says("--tokens", "/x", text="there is no --listen")
    says("--listen", "127.0.0.1:1", "--tokens", "{dir}/t", text="others can read it (mode 0644)",
         files=[("t", TOKENS, 0o644)])
    says("--listen", "127.0.0.1:1", "--tokens", "{dir}/t", text="line 1", files=[("t", "boss\n", 0o600)])
    says("--cert", "/x", text="go together")
    says("--config", "{dir}/c", text="/c:2:3: unknown key 'urll'", files=[("c", "webhooks:\n- urll: x\n", 0o600)])
    says("--socket", "{dir}/t", text="is there, and no socket", files=[("t", "", 0o600)])


def test_sockets(program):
    """Modes, a socket that was left, one that is in use, and one that systemd opened."""
    with Tool(program) as t:
        assert os.stat(t.socket).st_mode & 0o777 == 0o600
        t.process.kill()
        t.process.wait()
        again = subprocess.Popen(t.command, stdout=subprocess.PIPE, text=True)
        assert again.stdout.readline() == "ready\n"
        second = subprocess.run(t.command, capture_output=True, text=True)
        again.terminate()
        assert second.returncode == 2 and "someone listens" in second.stderr, second
        assert again.wait(10) == 0 and not os.path.exists(t.socket)
        again.stdout.close()
    t = Tool(program)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(f"{t.dir}/given")
        s.listen()
        given = subprocess.Popen(
            ["sh", "-c", f'exec 3<&{s.fileno()}; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"', "sh", *t.command],
            pass_fds=[s.fileno()], stdout=subprocess.PIPE, text=True)
        assert given.stdout.readline() == "ready\n"
        t.socket = f"{t.dir}/given"
        assert t.ask("GET", "/healthz")[0] == 200
        given.terminate()
        assert given.wait(10) == 0
        given.stdout.close()


def as_nobody(t, group=None):
    """What somebody without any right is answered, by curl as that user."""
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", t.socket, "http://x/v1/status"]
    return subprocess.run(command, user=65534, group=65534, extra_groups=[group] if group else [], text=True,
                          capture_output=True).stdout


def test_peers(program):
    if os.getuid() != 0:
        print("peers: not root, so there is nobody else to be")
        return
    import grp
    group = grp.getgrnam("daemon").gr_gid
    with Tool(program) as t:
        assert as_nobody(t) == "000"
        os.chmod(t.socket, 0o666)
        assert as_nobody(t) == "403"
    t = Tool(program, "--config", "{dir}/c")
    t.write("c", "groups: {daemon: viewer}\n")
    with t:
        assert as_nobody(t) == "403"
        assert as_nobody(t, group) == "200"
        metrics = t.ask("GET", "/metrics")[2].decode()
        assert 'ordeal_http_answers_total{class="4xx"} 1' in metrics


def test_tls(program):
    t = Tool(program, "--cert", "{dir}/crt", "--key", "{dir}/key", tcp=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{t.dir}/key",
                    "-out", f"{t.dir}/crt"], check=True, capture_output=True)
    with t:
        curl = ["curl", "-s", "-i", "--max-time", "10", "--cacert", f"{t.dir}/crt"]
        url = f"https://127.0.0.1:{t.port}"
        r = subprocess.run([*curl, "-H", f"Authorization: Bearer {VIEWER}", f"{url}/v1/session"], capture_output=True,
                           text=True)
        assert '"role":"viewer"' in r.stdout, r
        r = subprocess.run([*curl, "--json", f'{{"token":"{VIEWER}"}}', "-H", f"Origin: {url}", f"{url}/v1/session"],
                           capture_output=True, text=True)
        assert "Secure" in r.stdout and "200" in r.stdout.split("\n")[0], r
        assert t.raw(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", tcp=True, wait=1)[:4] != b"HTTP"


def main():
    with Tool(program, tcp=True) as t:
        for test in (test_headers, test_roles, test_changes, test_other_sites, test_session, test_hidden, test_events,
                     test_hostile_bytes):
            test(t)
            print(f"ok {test.__name__}", flush=True)
    for test in (test_slow_watcher, test_refusals, test_sockets, test_peers, test_tls):
        test(program)
        print(f"ok {test.__name__}", flush=True)


main()
