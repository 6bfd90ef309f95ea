#!/usr/bin/env python3
"""The two ends of a conversation, for the root tests of the network faults. Times are taken in user space.

  net_peer.py serve ADDRESS PORT             TCP and UDP echo until killed; "push" as a first line: sink, then its sha256
  net_peer.py rtt tcp|udp ADDRESS PORT N     round trips in ms, their median; a connection is made beforehand
  net_peer.py connect ADDRESS PORT           time of a TCP connect in ms, or the error's name
  net_peer.py push ADDRESS PORT MIB          sends that much, compares sha256: "same" or "DIFFERENT"
  net_peer.py keep ADDRESS PORT SECONDS      one connection, an echo each 20 ms: "alive N" or the error's name
  net_peer.py again ADDRESS PORT SECONDS     as keep, with a new connection each time: "cut N", then the errors' names
  net_peer.py many ADDRESS PORT N SECONDS    that many connections: "ready", then "alive A of N"
  net_peer.py count ADDRESS PORT SECONDS N   waits for numbered UDP packets: "received R of N, order kept|broken" of each sender
  net_peer.py meter ADDRESS PORT SECONDS     bytes a second on the wire of the UDP packets that arrive, from the first on
  net_peer.py flood ADDRESS PORT N EVERY_US [SIZE [FLOWS]]  sends numbered UDP packets, from so many ports in turn; the names of errors that sendto told
  net_peer.py advertise DEVICE PREFIX        a router: answers solicitations with the prefix (/64, 1800 s), until killed
"""
import collections
import errno
import hashlib
import os
import selectors
import socket
import statistics
import struct
import sys
import time


SO_RCVBUFFORCE = 33  # socket(7); beyond net.core.rmem_max
QUIET_SECONDS = 2  # after that no more packets are coming


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(address, port):
    tcp = socket.socket(family(address), socket.SOCK_STREAM)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tcp.bind((address, port))
    tcp.listen(128)
    udp = socket.socket(family(address), socket.SOCK_DGRAM)
    udp.bind((address, port))
    sel = selectors.DefaultSelector()
    sel.register(tcp, selectors.EVENT_READ, None)
    sel.register(udp, selectors.EVENT_READ, None)
    print("ready", flush=True)
    while True:
        for key, _ in sel.select():
            sock = key.fileobj
            if sock is tcp:
                conn, _ = tcp.accept()
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sel.register(conn, selectors.EVENT_READ, {"sum": None, "left": 0})
            elif sock is udp:
                data, peer = udp.recvfrom(65536)
                udp.sendto(data, peer)
            else:
                answer(sel, sock, key.data)


def answer(sel, sock, state):
    try:
        data = sock.recv(1 << 20)
    except OSError:
        data = b""
    if not data:
        sel.unregister(sock)
        sock.close()
        return
    if state["sum"] is None and data.startswith(b"push "):
        head, data = data.split(b"\n", 1)
        state["left"] = int(head[5:])
        state["sum"] = hashlib.sha256()
    if state["sum"] is None:
        try:
            sock.sendall(data)
        except OSError:
            pass  # cut meanwhile: the next read says so
        return
    state["sum"].update(data)
    state["left"] -= len(data)
    if state["left"] == 0:
        sock.sendall(state["sum"].hexdigest().encode() + b"\n")


def open_tcp(address, port, timeout=5.0):
    sock = socket.create_connection((address, port), timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def rtt(kind, address, port, n):
    if kind == "tcp":
        sock = open_tcp(address, port)
    else:
        sock = socket.socket(family(address), socket.SOCK_DGRAM)
        sock.settimeout(5)
        sock.connect((address, port))
    times = []
    for _ in range(n):
        began = time.monotonic()
        sock.send(b"x" * 64)
        sock.recv(256)
        times.append((time.monotonic() - began) * 1e3)
    print("%.3f" % statistics.median(times))


def connect(address, port):
    began = time.monotonic()
    try:
        open_tcp(address, port, 1).close()
    except OSError as e:
        print(errno.errorcode.get(e.errno, "TIMEOUT"), "%.3f" % ((time.monotonic() - began) * 1e3))
        return
    print("%.3f" % ((time.monotonic() - began) * 1e3))


def push(address, port, mib):
    sock = open_tcp(address, port, 60)
    block = os.urandom(1 << 20)
    total = hashlib.sha256()
    sock.sendall(b"push %d\n" % (mib << 20))
    for i in range(mib):
        piece = struct.pack("<Q", i) + block[8:]
        total.update(piece)
        sock.sendall(piece)
    got = b""
    while not got.endswith(b"\n"):
        piece = sock.recv(128)
        if not piece:
            break
        got += piece
    print("same" if got.decode().strip() == total.hexdigest() else "DIFFERENT")


def again(address, port, seconds):
    end = time.monotonic() + seconds
    cut, names = 0, set()
    while time.monotonic() < end:
        told = kept(address, port, end - time.monotonic())
        if told[0] != "alive":
            cut += 1
            names.add(told[0])
    print("cut", cut, *sorted(names))


def many(address, port, n, seconds):
    socks = [open_tcp(address, port) for _ in range(n)]
    print("ready", flush=True)
    time.sleep(seconds)
    alive = 0
    for sock in socks:
        try:
            sock.send(b"x")
            alive += sock.recv(1) == b"x"
        except OSError:
            pass
    print("alive %d of %d" % (alive, n))


def keep(address, port, seconds):
    print(*kept(address, port, seconds))


def kept(address, port, seconds):
    sock = open_tcp(address, port, 10)
    end = time.monotonic() + seconds
    n = 0
    try:
        while time.monotonic() < end:
            sock.send(b"%8d" % n)
            got = b""
            while len(got) < 8:
                piece = sock.recv(8 - len(got))
                if not piece:
                    raise OSError(errno.ECONNRESET, "closed")
                got += piece
            if int(got) != n:
                return ("wrong", "answer")
            n += 1
            time.sleep(0.02)
    except OSError as e:
        return (errno.errorcode.get(e.errno, "TIMEOUT"),)
    return ("alive", n)


def count(address, port, seconds, n):
    sock = socket.socket(family(address), socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
    sock.bind((address, port))
    print("ready", flush=True)
    end = time.monotonic() + seconds
    got, last, order = set(), {}, True
    while len(got) < n:
        left = end - time.monotonic()
        if left <= 0:
            break
        sock.settimeout(min(left, QUIET_SECONDS) if got else left)
        try:
            data, sender = sock.recvfrom(65536)
        except socket.timeout:
            break
        number = struct.unpack_from("<Q", data)[0]
        order = order and number > last.get(sender, -1)
        last[sender] = number
        got.add(number)
    print("received %d of %d, order %s" % (len(got), n, "kept" if order else "broken"), flush=True)


def meter(address, port, seconds):
    heads = 14 + (40 if ":" in address else 20) + 8
    sock = socket.socket(family(address), socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    sock.bind((address, port))
    print("ready", flush=True)
    sock.settimeout(10)
    sock.recv(65536)
    began = last = time.monotonic()
    total = 0
    while last < began + seconds:
        total += heads + len(sock.recv(65536))
        last = time.monotonic()
    print("%d" % (total / (last - began)), flush=True)


def flood(address, port, n, every_us, size=64, flows=1):
    socks = [socket.socket(family(address), socket.SOCK_DGRAM) for _ in range(flows)]
    told = collections.Counter()
    due = time.monotonic()
    for i in range(n):
        try:
            socks[i % flows].sendto(struct.pack("<Q", i) + bytes(size - 8), (address, port))
        except OSError as e:
            told[errno.errorcode[e.errno]] += 1
        due += every_us / 1e6
        while time.monotonic() < due:
            time.sleep(max(0, due - time.monotonic() - 0.0001))
    print(" ".join("%s %d" % item for item in sorted(told.items())) or "nothing told")


def advertise(device, prefix):
    sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    group = socket.inet_pton(socket.AF_INET6, "ff02::2") + struct.pack("=I", socket.if_nametoindex(device))
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
    # RFC 4861: the advertisement, its option 3: on-link and for autoconfiguration.
    words = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
    words += struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 1800, 900, 0) + socket.inet_pton(socket.AF_INET6, prefix)
    print("ready", flush=True)
    while True:
        if sock.recv(2048)[0] == 133:
            sock.sendto(words, ("ff02::1", 0, 0, socket.if_nametoindex(device)))


def main():
    what, args = sys.argv[1], sys.argv[2:]
    args = [int(a) if a.isdigit() else a for a in args]
    {"serve": serve, "rtt": rtt, "connect": connect, "push": push, "keep": keep, "again": again, "many": many, "count": count, "meter": meter, "flood": flood, "advertise": advertise}[what](*args)


if __name__ == "__main__":
    main()
