"""What the tests of net.dns ask name servers with, and a name server that cuts its answers where no other does.

ask SERVER[:PORT] udp|tcp NAME TYPE [edns] [again...]  one question, or more on the same socket; a line an answer
everywhere SERVER SERVER NAME TYPE [edns]               over udp and tcp, of each of two servers
keep SERVER udp|tcp NAME SECONDS                       the same question all the time on one socket: lines "MS RCODE"
serve ADDRESS PORT                                     TCP: each answer byte by byte, its length in two segments
"""
import socket
import struct
import sys
import time

TYPES = {"A": 1, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28, "OPT": 41}
NAMES = {v: k for k, v in TYPES.items()}
CODES = {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}


def question(number, name, kind, edns):
    head = struct.pack(">HHHHHH", number, 0x0120, 1, 0, 0, int(edns))  # RD, AD
    body = b"".join(bytes([len(x)]) + x.encode() for x in name.split(".")) + b"\0"
    body += struct.pack(">HH", TYPES[kind], 1)
    return head + body + (b"\0" + struct.pack(">HHIH", 41, 1232, 0x8000, 0) if edns else b"")  # DO


def skip(m, at):
    while m[at]:
        if m[at] >= 0xC0:
            return at + 2
        at += m[at] + 1
    return at + 1


def read(m, sent):
    """Every record must be whole, and nothing may follow the last."""
    number, flags, qd, *counts = struct.unpack(">HHHHHH", m[:12])
    end = skip(m, 12) + 4
    assert qd == 1 and m[12:end] == sent[12:end], "the question is another"
    assert number == struct.unpack(">H", sent[:2])[0], "the number is another"
    at, records, opt = end, [], "none"
    for section, n in enumerate(counts):
        for _ in range(n):
            at = skip(m, at)
            kind, _, ttl, size = struct.unpack(">HHIH", m[at : at + 10])
            data = m[at + 10 : at + 10 + size]
            at += 10 + size
            if kind == 41:
                opt = "do" if ttl & 0x8000 else "plain"
            elif section == 0:
                text = {1: lambda d: socket.inet_ntop(socket.AF_INET, d),
                        28: lambda d: socket.inet_ntop(socket.AF_INET6, d)}.get(kind, lambda d: str(len(d)))(data)
                records.append(f"{NAMES.get(kind, kind)}={text}/{ttl}")
    assert at == len(m), f"{len(m) - at} bytes follow"
    bits = "".join(c for c, b in (("a", 0x400), ("t", 0x200), ("d", 0x20)) if flags & b)
    return f"{CODES.get(flags & 15, flags & 15)} {','.join(records) or '-'} flags={bits or '-'} opt={opt}"


class Server:
    def __init__(self, where, transport, wait=2.0):
        host, port = (where.rsplit(":", 1) if where.count(":") == 1 else (where, "53"))
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.tcp = transport == "tcp"
        self.s = socket.socket(family, socket.SOCK_STREAM if self.tcp else socket.SOCK_DGRAM)
        self.s.settimeout(wait)
        self.s.connect((host, int(port)))
        self.rest = b""

    def send(self, m):
        self.s.sendall(struct.pack(">H", len(m)) + m if self.tcp else m)

    def some(self, n):
        while len(self.rest) < n:
            more = self.s.recv(65536)
            if not more:
                raise ConnectionError("closed")
            self.rest += more
        out, self.rest = self.rest[:n], self.rest[n:]
        return out

    def receive(self):
        return self.some(struct.unpack(">H", self.some(2))[0]) if self.tcp else self.s.recv(65536)

    def answer(self, sent):
        """The answer to this question; others are passed over, as resolvers do."""
        until = time.monotonic() + (self.s.gettimeout() or 0)
        while time.monotonic() < until:
            m = self.receive()
            if m[:2] == sent[:2]:
                return read(m, sent)
        raise TimeoutError


def ask(where, transport, *words):
    edns, words = "edns" in words, [w for w in words if w != "edns"]
    s = Server(where, transport)
    sent = [question(0x4F00 + i, words[i], words[i + 1], edns) for i in range(0, len(words), 2)]
    start = time.monotonic()
    for m in sent:
        s.send(m)
    lines = {}
    try:
        while len(lines) < len(sent):
            m = s.receive()
            for i, q in enumerate(sent):
                if m[:2] == q[:2]:
                    lines[i] = read(m, q) + f" ms={(time.monotonic() - start) * 1000:.0f}"
    except (TimeoutError, ConnectionError, socket.timeout) as e:
        for i in range(len(sent)):
            lines.setdefault(i, "nothing" if isinstance(e, (TimeoutError, socket.timeout)) else "closed")
    for i in range(len(sent)):
        print(lines[i])


def everywhere(four, six, *words):
    for where in (four, six):
        for transport in ("udp", "tcp"):
            ask(where, transport, *words)


def keep(where, transport, name, seconds):
    s, start, n = Server(where, transport, 0.2 if transport == "udp" else 1.0), time.monotonic(), 0
    print("asking", flush=True)
    while time.monotonic() < start + float(seconds):
        n += 1
        q = question(n & 0xFFFF, name, "A", False)
        s.send(q)
        try:
            text = s.answer(q).split(" ")[0]
        except (TimeoutError, socket.timeout):
            text = "nothing"
        print(f"{time.monotonic() * 1000:.0f} {text}", flush=True)
        time.sleep(0.1 if s.tcp else 0.02)  # dnsmasq takes 100 questions a connection


def serve(address, port):
    s = socket.create_server((address, int(port)), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    print("serving", flush=True)
    while True:
        c, _ = s.accept()
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                q = c.recv(struct.unpack(">H", c.recv(2, socket.MSG_WAITALL))[0], socket.MSG_WAITALL)
                end = skip(q, 12) + 4
                m = q[:2] + b"\x85\x80" + struct.pack(">HHHH", 1, 3, 0, 0) + q[12:end]
                for i in range(3):
                    m += b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 300, 4) + bytes([192, 0, 2, 10 + i])
                m = struct.pack(">H", len(m)) + m
                # Length in two pieces; header and question in two; then byte by byte.
                for piece in [m[:1], m[1:2], m[2:20], m[20 : 2 + end]] + [m[i : i + 1] for i in range(2 + end, len(m))]:
                    c.sendall(piece)
                    time.sleep(0.002)
        except (struct.error, OSError):
            c.close()


if __name__ == "__main__":
    {"ask": ask, "everywhere": everywhere, "keep": keep, "serve": serve}[sys.argv[1]](*sys.argv[2:])
