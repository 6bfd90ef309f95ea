#!/usr/bin/env python3
"""test_http.py API_TOOL: HTTP/1.1 as it should not be sent: requests whose end is a matter of opinion, lists of headers, connections
that are slow, idle, half closed or too many. Nothing of it reaches a handler, and others are answered meanwhile."""
import contextlib
import os
import re
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import OPERATOR, TOKENS, VIEWER, Tool, wait_for  # noqa: E402

program = sys.argv[1]
HEAD = "POST /v1/halt HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
INNER = "POST /v1/halt HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def statuses(got):
    return [int(s) for s in re.findall(rb"HTTP/1\.[01] (\d{3})", got)]


def test_smuggling(t):
    """What a proxy may read as one request and we as two, or the other way round."""
    chunked = f"{len(INNER):x}\r\n{INNER}\r\n0\r\n\r\n"
    for name, data in {
        "both": f"{HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{INNER}",
        "both, the other way": f"{HEAD}Transfer-Encoding: chunked\r\nContent-Length: {len(chunked)}\r\n\r\n{chunked}",
        "two lengths": f"{HEAD}Content-Length: 2\r\nContent-Length: {2 + len(INNER)}\r\n\r\n{{}}{INNER}",
        "the same length twice": f"{HEAD}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{{}}",
        "a list of lengths": f"{HEAD}Content-Length: 2, 2\r\n\r\n{{}}",
        "a length with a sign": f"{HEAD}Content-Length: +2\r\n\r\n{{}}",
        "a length in hexadecimal": f"{HEAD}Content-Length: 0x2\r\n\r\n{{}}",
        "identity": f"{HEAD}Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{{}}",
        "an unknown coding": f"{HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{INNER}",
        "gzip before chunked": f"{HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n{INNER}",
        "two codings": f"{HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{INNER}",
        "a blank before the colon": f"{HEAD}Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{INNER}",
        "a chunk that overflows": f"{HEAD}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{INNER}",
        "a negative chunk": f"{HEAD}Transfer-Encoding: chunked\r\n\r\n-1\r\n{INNER}",
        "two hosts": f"{HEAD}Host: y\r\nContent-Length: 2\r\n\r\n{{}}",
    }.items():
        got = statuses(t.raw(data.encode(), wait=0.3))
        # libmicrohttpd 0.9.75 ends some without a word, and sends the head of its own refusals twice.
        assert all(s >= 400 for s in got), (name, got)
        assert t.ask("GET", "/v1/status")[2]["halted"] is False, name


def test_good(t):
    """What is right is taken: chunks, requests one behind the other, and somebody who has said all that he will."""
    got = t.raw(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n1;a=b\r\n}}\r\n0\r\n\r\n".encode(), wait=1)
    assert statuses(got) == [200], got
    again = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    got = t.raw((INNER.replace("halt", "resume") + again * 3 + again.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).encode())
    assert statuses(got) == [200] * 5, got
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(t.socket)
        s.settimeout(5)
        s.sendall(again.encode())
        s.shutdown(socket.SHUT_WR)
        got = b""
        with contextlib.suppress(OSError):
            while chunk := s.recv(4096):
                got += chunk
        assert statuses(got) == [200], got
    # HEAD is GET without a body, for a stream too.
    for path in ("/healthz", "/v1/status", "/", "/v1/events", "/openapi.yaml"):
        got = t.raw(f"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode(), wait=2)
        assert statuses(got) == [200] and got.endswith(b"\r\n\r\n"), (path, got)
    etag = t.ask("GET", "/")[1]["ETag"]
    for known, status in ((etag, 304), (f"W/{etag}", 304), (f'"x", {etag}', 304), ("*", 304), ('"x"', 200), (etag[:-1], 200)):
        assert t.ask("GET", "/", headers={"If-None-Match": known})[0] == status, known


def test_heads(t):
    for name, data in {
        "many headers": "GET /v1/status HTTP/1.1\r\nHost: x\r\n" + "".join(f"X-{i}: y\r\n" for i in range(3000)) + "\r\n",
        "a long one": "GET /v1/status HTTP/1.1\r\nHost: x\r\nX: " + "y" * 100000 + "\r\n\r\n",
        "many cookies": "GET /v1/status HTTP/1.1\r\nHost: x\r\nCookie: " + "; ".join(f"a{i}=b" for i in range(3000)) + "\r\n\r\n",
        "a name with a blank": "GET /v1/status HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n: z\r\n\r\n",
        "no version": "GET /v1/status\r\n\r\n",
        "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "many arguments": "GET /v1/status?" + "&".join(f"a{i}=b" for i in range(500)) + " HTTP/1.1\r\nHost: x\r\n\r\n",
        "a path to other files": "GET /console/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: x\r\n\r\n",
        "a path with backslashes": "GET /console/..\\..\\etc\\passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        "encoded twice": "GET /console/%252e%252e%252fetc HTTP/1.1\r\nHost: x\r\n\r\n",
    }.items():
        got = t.raw(data.encode(), wait=0.3)
        if name == "a name with a blank":
            assert statuses(got) != [200, 200], (name, got)
        else:
            assert all(s >= 400 for s in statuses(got)), (name, got[:300])
        assert b"root:" not in got
        assert t.ask("GET", "/healthz")[0] == 200, name


def test_hosts(t):
    """Which names a browser may have come by, and whose page may have sent it."""
    here = f"127.0.0.1:{t.port}"
    for host, status in ((here, 200), ("localhost", 200), (f"localhost:{t.port}", 200), ("LOCALHOST", 200), (f"[::1]:{t.port}", 200),
                         ("10.1.2.3", 200), ("evil.example", 421), ("localhost.evil.example", 421), ("127.0.0.1.evil.example", 421),
                         ("localhost@evil.example", 421), ("localhost:80:80", 421), ("[::1", 421), ("[evil]", 421), ("", 421),
                         ("localhost.", 421), ("127.1", 421), ("0x7f000001", 421)):
        got = t.ask("GET", "/v1/status", headers={"Host": host}, tcp=True, token=VIEWER)[0]
        assert got in (status, 400 if not host else status), (host, got)
    for origin, status in ((f"http://{here}", 200), (f"https://{here}", 403), ("http://127.0.0.1", 403), (f"http://{here}.evil", 403),
                           (f"http://{here}/", 403), (f"http://a@{here}", 403), ("null", 403), ("", 403)):
        got = t.ask("POST", "/v1/resume", {}, {"Origin": origin, "Host": here}, tcp=True, token=OPERATOR)[0]
        assert got == status, (origin, got)


def test_slow(t):
    """Slow ones, by the hundred, and more idle ones than there is room for: others are answered, and each is cut off."""
    slow = []
    for i in range(800):
        s = socket.create_connection(("127.0.0.1", t.port))
        if i % 4 == 1:
            s.sendall(b"GET /v1/status HTTP/1.1\r\nHo")
        elif i % 4 == 2:
            s.sendall(b"POST /v1/halt HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + OPERATOR.encode() +
                      b"\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{")
        slow.append(s)
    begin = time.monotonic()
    assert t.ask("GET", "/v1/status")[2]["halted"] is False, "the unix socket has places of its own"
    assert time.monotonic() - begin < 5
    end = time.monotonic() + 30
    while slow and time.monotonic() < end:
        for s in list(slow):
            with contextlib.suppress(OSError):
                s.send(b" ")
            s.setblocking(False)
            try:
                if s.recv(4096):
                    continue
            except BlockingIOError:
                continue
            except OSError:
                pass
            s.close()
            slow.remove(s)
        assert t.ask("GET", "/healthz")[0] == 200
        time.sleep(0.1)
    assert not slow, f"{len(slow)} are still connected"
    wait_for(lambda: t.ask("GET", "/healthz", tcp=True)[0] == 200)
    assert t.ask("GET", "/v1/status")[2]["halted"] is False


def test_beat(t):
    """A stream in which nothing happens lives, beyond the time of a request."""
    got, begin = b"", time.monotonic()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(t.socket)
        s.settimeout(10)
        s.sendall(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        while time.monotonic() - begin < 2.2:
            chunk = s.recv(4096)
            assert chunk, got
            got += chunk
    assert got.count(b": beat") >= 3, got


def test_renegotiation():
    """TLS 1.2, and a client that wants to shake hands again: it is refused or cut off, and others are served."""
    t = Tool(program, "--cert", "{dir}/crt", "--key", "{dir}/key", tcp=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    "/CN=127.0.0.1", "-keyout", f"{t.dir}/key", "-out", f"{t.dir}/crt"], check=True, capture_output=True)
    with t:
        client = ["openssl", "s_client", "-connect", f"127.0.0.1:{t.port}", "-tls1_2", "-quiet", "-no_ign_eof"]
        r = subprocess.run([*client, "-legacy_renegotiation"], input=b"R\n" * 50, capture_output=True, timeout=20)
        assert b"200 OK" not in r.stdout
        for old in ("-tls1", "-tls1_1"):
            r = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{t.port}", old], input=b"", capture_output=True, timeout=20)
            assert r.returncode != 0, old
        assert t.ask("GET", "/healthz")[0] == 200
        curl = subprocess.run(["curl", "-sk", "--max-time", "10", f"https://127.0.0.1:{t.port}/healthz"], capture_output=True, text=True)
        assert curl.stdout == "ready\n", curl


def test_addresses():
    """IPv6, and a path that is longer than a socket's may be."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as s:
        s.bind(("::1", 0))
        port = s.getsockname()[1]
        s.close()
        t = Tool(program, "--listen", f"[::1]:{port}", "--tokens", "{dir}/t")
        t.write("t", TOKENS)
        with t, socket.create_connection(("::1", port)) as c:
            c.sendall(f"GET /v1/session HTTP/1.1\r\nHost: [::1]:{port}\r\nAuthorization: Bearer {VIEWER}\r\nConnection: close\r\n\r\n".encode())
            assert b'"role":"viewer"' in b"".join(iter(lambda: c.recv(4096), b""))
    long = "x" * 120
    r = subprocess.run([program, "--socket", f"/tmp/{long}"], capture_output=True, text=True)
    assert r.returncode == 2 and "a socket's path of more than 107 bytes" in r.stderr, r


def main():
    with Tool(program, tcp=True) as t:
        for test in (test_smuggling, test_good, test_heads, test_hosts):
            test(t)
            print(f"ok {test.__name__}", flush=True)
    with Tool(program, "--patience", "2000", tcp=True) as t:
        for test in (test_slow, test_beat):
            test(t)
            print(f"ok {test.__name__}", flush=True)
    for test in (test_renegotiation, test_addresses):
        test()
        print(f"ok {test.__name__}", flush=True)


main()
