#!/usr/bin/env python3
"""Many faults at once in one network namespace, of several kinds at two devices, each for a port of its own, and each
reverted alone.

  net_many.py echo PORT N                     UDP echo on N ports, both families, until its input ends; questions of DNS
                                              are answered: no error
  net_many.py run INJECTOR NETNS PORT N       in the namespace NETNS: N leases, then reverts them in a drawn order; looks at
                                              every port between; prints how long each took
"""
import json
import os
import random
import selectors
import socket
import statistics
import struct
import subprocess
import sys
import time

PEERS = {"va": ("10.77.0.2", "fd77::2"), "vc": ("10.79.0.2", "fd79::2")}
DELAY_MS = 60
STEPS = 4  # looks while they are reverted
AT_ONCE = 50  # asked at a time: the machine has other things to do
LATE = {"delay": DELAY_MS * 1_000_000}
# What a port's fault is, and what it makes of a packet: in turn.
KINDS = (("net.delay", {**LATE, "device": "va"}, "late"), ("net.partition", {"device": "va"}, "lost"),
         ("net.delay", {**LATE, "device": "vc", "direction": "ingress"}, "late"), ("net.dns", {"effect": "nxdomain", "device": "vc"}, "no name"),
         ("net.delay", {**LATE, "device": "vc"}, "late"), ("net.loss", {"percent": 1_000_000, "device": "vc"}, "lost"),
         ("net.delay", {**LATE, "device": "va", "direction": "ingress"}, "late"), ("net.dns", {"effect": "delay", **LATE, "device": "va"}, "late"))
NO_NAME = 3


def name_of(port):
    return f"p{port}.test"


def question(port):
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name_of(port).split("."))
    return struct.pack(">HHHHHH", port, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)


def answer(data):
    """To a question the name's address; to anything else what it was."""
    if len(data) < 12:
        return data
    return data[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + data[12:] + struct.pack(">HHHIH4s", 0xC00C, 1, 1, 60, 4, b"\x0a\x00\x00\x01")


def echo(port, n):
    sel = selectors.DefaultSelector()
    for i in range(n):
        s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        s.bind(("::", port + i))
        sel.register(s, selectors.EVENT_READ)
    sel.register(sys.stdin, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in sel.select():
            if key.fileobj is sys.stdin:
                return
            data, peer = key.fileobj.recvfrom(2048)
            key.fileobj.sendto(answer(data), peer)


class Lease:
    def __init__(self, injector, netns, port, i):
        self.fault, args, self.effect = KINDS[i % len(KINDS)]
        self.port, self.device = port + i, args["device"]
        if self.fault == "net.dns":
            args = {**args, "name": name_of(self.port)}
        path = f"/run/netns/{netns}"
        request = {"protocol": 1, "op": "add", "lease": f"many{os.getpid()}-{i}", "fault": self.fault,
                   "args": {**args, "to": [f":{self.port}/udp"]}, "target": {"netns": path, "netns_ino": os.stat(path).st_ino},
                   "hold_ns": 120_000_000_000, "seed": i}
        self.process = subprocess.Popen([injector], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        self.until("injected")

    def until(self, event):
        for line in self.process.stdout:
            told = json.loads(line)
            if told.get("event") == event:
                return told
            if told.get("event") == "failed":
                break
        raise SystemExit(f"port {self.port}: no {event}: {line}")

    def revert(self):
        began = time.monotonic()
        self.process.stdin.close()
        told = self.until("reverted")
        if told.get("residue") != 0 or self.process.wait(timeout=20) != 0:
            raise SystemExit(f"port {self.port}: {told}")
        return time.monotonic() - began


def look(leases):
    """The round trip to each port in ms, by peer, and whether it says that there is no such name."""
    took = {}
    for family in range(2):
        with socket.socket(socket.AF_INET6 if family else socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.4)
            for begin in range(0, len(leases), AT_ONCE):
                sent = {}
                for lease in leases[begin : begin + AT_ONCE]:
                    sent[lease.port] = time.monotonic()
                    s.sendto(question(lease.port) if lease.fault == "net.dns" else b"x", (PEERS[lease.device][family], lease.port))
                try:
                    while sent:
                        data, (_, came, *_) = s.recvfrom(2048)
                        if came in sent:
                            ms = (time.monotonic() - sent.pop(came)) * 1000
                            took[family, came] = ms, len(data) >= 12 and data[3] & 15 == NO_NAME
                except socket.timeout:
                    pass
    return took


def check(leases, gone):
    took = look(leases)
    for lease in leases:
        for family in range(2):
            ms, no_name = took.get((family, lease.port), (None, False))
            effect = ("lost" if ms is None else "no name" if no_name else "none" if ms < DELAY_MS - 0.1 else
                      "late" if ms < DELAY_MS * 5 else "very late")
            if effect != ("none" if lease in gone else lease.effect):
                raise SystemExit(f"{len(gone)} reverted: {lease.fault} of port {lease.port} to {PEERS[lease.device][family]}: {effect}, {ms} ms"
                                 f"{', though it is reverted' if lease in gone else ''}")


def run(injector, netns, port, n):
    began = time.monotonic()
    leases = [Lease(injector, netns, port, i) for i in range(n)]
    print(f"{n} in force in {time.monotonic() - began:.2f} s")
    gone = set()
    check(leases, gone)
    order = leases[:]
    random.Random(5).shuffle(order)
    took = []
    for k, lease in enumerate(order):
        took.append(lease.revert())
        gone.add(lease)
        if (k + 1) % max(1, n // STEPS) == 0:
            check(leases, gone)
    print(f"reverted alone, in a drawn order: median {statistics.median(took) * 1000:.1f} ms, most {max(took) * 1000:.1f} ms")


def main():
    if sys.argv[1] == "echo":
        echo(int(sys.argv[2]), int(sys.argv[3]))
    else:
        run(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))


main()
