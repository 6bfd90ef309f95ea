#!/usr/bin/env python3
"""test_reload.py API_TOOL ORDEAL: settings, tokens and certificates that change under an open listener: all of them are taken
over, or none; and who may not any more is cut off at once."""
import os
import signal
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import OPERATOR, RESPONDER, TOKENS, VIEWER, Tool, Watcher, free_port, wait_for  # noqa: E402

program, ordeal = sys.argv[1:3]
OTHER = "another-token-another-token"


def settings(t):
    return t.ask("GET", "/v1/status")[2]["settings"]


def reload(t, good=True):
    status, _, body = t.ask("POST", "/v1/reload", {})
    assert status == (200 if good else 409), (status, body)
    return None if good else body["detail"]


def certificate(t, name, cn):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", f"/CN={cn}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{t.dir}/{name}.key",
                    "-out", f"{t.dir}/{name}.crt"], check=True, capture_output=True)
    return f"{t.dir}/{name}"


def put_pair(t, pair):
    for end in ("crt", "key"):
        with open(f"{pair}.{end}") as f:
            t.write(end, f.read())


def test_tokens():
    """A token that is gone takes its cookies and its streams with it, and nobody else's."""
    with Tool(program, tcp=True) as t:
        here = {"Origin": f"http://127.0.0.1:{t.port}"}
        cookie = t.ask("POST", "/v1/session", {"token": OPERATOR}, here, tcp=True)[1]["Set-Cookie"].split(";")[0]
        by_cookie = {"headers": {"Cookie": cookie}, "tcp": True}
        assert t.ask("GET", "/v1/status", **by_cookie)[0] == 200
        gone, stays, lower = (Watcher(t, tcp=True, token=k) for k in (OPERATOR, VIEWER, RESPONDER))
        session = Watcher(t, headers={"Cookie": cookie}, tcp=True)
        open_one = t.connect(tcp=True)
        open_one.request("GET", "/v1/status", headers={"Authorization": f"Bearer {OPERATOR}"})
        assert open_one.getresponse().read()
        # The responder's becomes an operator's, which sees more: it begins anew.
        t.write("tokens", f"viewer {VIEWER} wall\noperator {OTHER}\noperator {RESPONDER}\n")
        t.process.send_signal(signal.SIGHUP)
        for w in (gone, session, lower):
            while w.next():
                pass
            w.close()
        assert t.ask("GET", "/v1/status", **by_cookie)[0] == 401
        open_one.request("GET", "/v1/status", headers={"Authorization": f"Bearer {OPERATOR}"})
        assert open_one.getresponse().status == 401
        open_one.close()
        assert t.ask("GET", "/v1/status", tcp=True, token=OTHER)[0] == 200
        assert t.ask("POST", "/v1/halt", {}, tcp=True, token=OTHER)[0] == 200
        assert stays.until("halt")
        stays.close()


def test_all_or_nothing():
    """One file that is broken, and all stays as it was; the reason is in the answer, the status and the log."""
    t = Tool(program, "--config", "{dir}/c", tcp=True)
    t.write("c", "hosts: [a.example]\n")
    good = {"tcp": True, "token": VIEWER}
    with t:
        w = Watcher(t, **good)
        assert settings(t)["message"] is None
        read = settings(t)["read"]
        for name, text, mode, says in (
            ("c", "hosts: [b.example]\nwebhook: []\n", 0o600, "/c:2:1: unknown key 'webhook'"),
            ("c", "hosts: [b.example]\nwebhooks: [{url: 'http://x/', secretFile: /nix}]\n", 0o600, "'/nix': No such file"),
            ("tokens", f"viewer {OTHER}\nboss x\n", 0o600, "line 2"),
            ("tokens", f"viewer {OTHER}\n", 0o644, "others can read it"),
            ("tokens", "", 0o600, "it holds no token"),
        ):
            t.write("c", "hosts: [b.example]\n")
            t.write("tokens", f"viewer {OTHER}\n")
            t.write(name, text, mode)
            said = reload(t, good=False)
            assert says in said, (says, said)
            assert says in settings(t)["message"], settings(t)
            assert settings(t)["read"] == read and says in t.said()
            assert t.ask("GET", "/v1/status", **good)[0] == 200
            assert t.ask("GET", "/v1/status", tcp=True, token=OTHER)[0] == 401
            assert t.ask("GET", "/v1/status", headers={"Host": "b.example"}, **good)[0] == 421
        os.unlink(f"{t.dir}/tokens")
        assert "No such file" in reload(t, good=False)
        page = t.ask("GET", "/metrics")[2].decode()
        assert "\nordeal_reloads_refused_total 6\n" in page
        t.write("tokens", TOKENS)
        t.write("c", "hosts: [b.example]\n")
        reload(t)
        assert settings(t)["message"] is None and settings(t)["read"] > read
        assert t.ask("GET", "/v1/status", headers={"Host": "b.example"}, **good)[0] == 200
        t.ask("POST", "/v1/halt", {})
        assert w.until("halt"), "who may still watch was cut off"
        w.close()


def peer_name(t):
    """Of the certificate that a new connection is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", t.port), timeout=10) as s, context.wrap_socket(s) as tls:
        return subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-subject"], capture_output=True,
                              input=tls.getpeercert(True)).stdout.decode().strip().split()[-1]


def n_fds(t):
    return len(os.listdir(f"/proc/{t.process.pid}/fd"))


def watch_tls(t, pair):
    s = ssl.create_default_context(cafile=f"{pair}.crt").wrap_socket(
        socket.create_connection(("127.0.0.1", t.port), timeout=10), server_hostname="127.0.0.1")
    s.sendall(f"GET /v1/events?types=halt HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {VIEWER}\r\n\r\n".encode())
    assert b"200 OK" in s.recv(4096)
    return s


def read_until(s, text):
    """False: the stream came to its end before."""
    got = b""
    while text not in got:
        chunk = s.recv(4096)
        if not chunk:
            return False
        got += chunk
    return True


def test_certificate():
    """Rotated while people are connected: they go on, who comes is shown the new one, and a wrong one changes nothing."""
    t = Tool(program, "--cert", "{dir}/crt", "--key", "{dir}/key", "--patience", "4000", tcp=True)
    pairs = [certificate(t, name, name) for name in ("one", "two")]
    put_pair(t, pairs[0])
    with t:
        assert peer_name(t) == "one"
        before = n_fds(t)
        old = [watch_tls(t, pairs[0])]
        # A key that is another's: nothing is taken.
        with open(f"{pairs[1]}.crt") as f:
            t.write("crt", f.read())
        assert "TLS does not start" in reload(t, good=False)
        assert peer_name(t) == "one"
        for pair in (pairs[1], pairs[0]) * 3:
            put_pair(t, pair)
            reload(t)
            assert peer_name(t) == os.path.basename(pair)
            old.append(watch_tls(t, pair))
        # Listeners whose place was taken do not pile up: four are left to those who stay, older ones end.
        t.ask("POST", "/v1/halt", {})
        assert [read_until(s, b"event: halt") for s in old] == [False] * 2 + [True] * 5
        for s in old:
            s.close()
        wait_for(lambda: n_fds(t) <= before)


def test_port():
    """The port comes, moves and goes; who is connected stays until his token goes."""
    t = Tool(program, "--config", "{dir}/c")
    t.write("tokens", TOKENS)
    t.write("c", "{}\n")
    with t:
        ports = [free_port(), free_port()]
        for at in ports:
            t.write("c", f"{{listen: '127.0.0.1:{at}', tokenFile: {t.dir}/tokens}}\n")
            reload(t)
            t.port = at
            assert t.ask("GET", "/v1/status", tcp=True, token=VIEWER)[0] == 200
        w = Watcher(t, tcp=True, token=VIEWER)
        t.port = ports[0]
        try:
            t.ask("GET", "/v1/status", tcp=True, token=VIEWER)
            raise AssertionError("the first port is still served")
        except ConnectionError:
            pass
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            t.write("c", f"{{listen: '127.0.0.1:{taken.getsockname()[1]}', tokenFile: {t.dir}/tokens}}\n")
            assert "Address already in use" in reload(t, good=False)
        t.port = ports[1]
        assert t.ask("GET", "/v1/status", tcp=True, token=VIEWER)[0] == 200
        t.write("c", "{}\n")
        reload(t)
        while w.next():
            pass
        w.close()
        try:
            t.ask("GET", "/v1/status", tcp=True, token=VIEWER)
            raise AssertionError("the port is still served")
        except ConnectionError:
            pass


def test_groups():
    """A group that is named opens the socket to it; one that is not any more ends its streams."""
    if os.getuid() != 0:
        print("groups: not root, so there is nobody else to be")
        return
    import grp
    group = grp.getgrnam("daemon").gr_gid
    t = Tool(program, "--config", "{dir}/c")
    t.write("c", "{}\n")
    with t:
        assert os.stat(t.socket).st_mode & 0o777 == 0o600
        t.write("c", "groups: {daemon: viewer}\n")
        reload(t)
        assert os.stat(t.socket).st_mode & 0o777 == 0o666
        curl = subprocess.Popen(["curl", "-sN", "--max-time", "20", "--unix-socket", t.socket, "http://x/v1/events"],
                                user=65534, group=65534, extra_groups=[group], stdout=subprocess.PIPE, text=True)
        assert curl.stdout.readline() == "retry: 2000\n"
        t.write("c", "groups: {root: viewer}\n")
        reload(t)
        curl.stdout.read()
        assert curl.wait(10) == 0, "the stream did not come to its end"
        curl.stdout.close()


def answers(t):
    try:
        return t.ask("GET", "/healthz", tcp=True)[0] == 200
    except OSError:
        return False


def test_real():
    """`ordeal serve` on SIGHUP, as its unit's reload sends it."""
    t = Tool(ordeal)
    os.mkdir(f"{t.dir}/experiments")
    t.port = free_port()
    t.write("tokens", TOKENS)
    os.environ.update(XDG_STATE_HOME=f"{t.dir}/state", XDG_RUNTIME_DIR=f"{t.dir}/run")
    t.command = [ordeal, "serve", f"{t.dir}/experiments", "--socket", t.socket, "--listen", f"127.0.0.1:{t.port}",
                 "--token-file", f"{t.dir}/tokens"]
    t.process = subprocess.Popen(t.command, stdout=subprocess.PIPE, stderr=t.errors, text=True)
    try:
        wait_for(lambda: answers(t))
        t.write("tokens", f"viewer {OTHER}\n")
        t.process.send_signal(signal.SIGHUP)
        wait_for(lambda: t.ask("GET", "/v1/status", tcp=True, token=OTHER)[0] == 200)
        assert t.ask("GET", "/v1/status", tcp=True, token=VIEWER)[0] == 401
        t.write("tokens", "boss\n")
        t.process.send_signal(signal.SIGHUP)
        wait_for(lambda: settings(t)["message"])
        assert "line 1" in t.said() and "stay as they were" in t.said()
        t.process.terminate()
        assert t.process.wait(20) == 0, t.said()
    except BaseException:
        print(t.said())
        raise
    finally:
        t.__exit__()


for test in (test_tokens, test_all_or_nothing, test_certificate, test_port, test_groups, test_real):
    test()
    print(f"ok {test.__name__}", flush=True)
