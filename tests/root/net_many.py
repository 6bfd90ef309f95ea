#!/usr/bin/env python3
"""Many faults at once in one network namespace, each for a port of its own, and each reverted alone.

  net_many.py echo PORT N                     UDP echo on N ports, both families, until its input ends
  net_many.py run INJECTOR NETNS PORT N       in the namespace NETNS: N leases, then reverts them in a drawn order; looks at
                                              every port between; prints how long each took
"""
import json
import os
import random
import selectors
import socket
import statistics
import subprocess
import sys
import time

PEERS = ("10.77.0.2", "fd77::2")
DELAY_MS = 60
STEPS = 4  # looks while they are reverted
AT_ONCE = 50  # asked at a time: the machine has other things to do
# What a port's fault is: in turn.
KINDS = (("net.delay", {"delay": DELAY_MS * 1_000_000}), ("net.partition", {}),
         ("net.delay", {"delay": DELAY_MS * 1_000_000, "direction": "ingress"}), ("net.delay", {"delay": DELAY_MS * 1_000_000}))


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
            key.fileobj.sendto(data, peer)


class Lease:
    def __init__(self, injector, netns, port, i):
        fault, args = KINDS[i % len(KINDS)]
        self.fault, self.port = fault, port + i
        path = f"/run/netns/{netns}"
        request = {"protocol": 1, "op": "add", "lease": f"many{os.getpid()}-{i}", "fault": fault,
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


def look(port, n):
    """The round trip of each port in ms, by family; None where nothing came back within a second."""
    took = {}
    for peer in PEERS:
        with socket.socket(socket.AF_INET6 if ":" in peer else socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.4)
            for begin in range(0, n, AT_ONCE):
                sent = {}
                for i in range(begin, min(begin + AT_ONCE, n)):
                    sent[port + i] = time.monotonic()
                    s.sendto(b"x", (peer, port + i))
                try:
                    while sent:
                        came = s.recvfrom(2048)[1][1]
                        if came in sent:
                            took[peer, came] = (time.monotonic() - sent.pop(came)) * 1000
                except socket.timeout:
                    pass
    return took


def check(leases, gone, port, n):
    took = look(port, n)
    for lease in leases:
        for peer in PEERS:
            ms = took.get((peer, lease.port))
            if lease in gone:
                right = ms is not None and ms < DELAY_MS
            elif lease.fault == "net.partition":
                right = ms is None
            else:
                right = ms is not None and DELAY_MS - 0.1 <= ms < DELAY_MS * 5
            if not right:
                raise SystemExit(f"{len(gone)} reverted: {lease.fault} of port {lease.port} to {peer}: {ms} ms"
                                 f"{', though it is reverted' if lease in gone else ''}")


def run(injector, netns, port, n):
    began = time.monotonic()
    leases = [Lease(injector, netns, port, i) for i in range(n)]
    print(f"{n} in force in {time.monotonic() - began:.2f} s")
    gone = set()
    check(leases, gone, port, n)
    order = leases[:]
    random.Random(5).shuffle(order)
    took = []
    for k, lease in enumerate(order):
        took.append(lease.revert())
        gone.add(lease)
        if (k + 1) % max(1, n // STEPS) == 0:
            check(leases, gone, port, n)
    print(f"reverted alone, in a drawn order: median {statistics.median(took) * 1000:.1f} ms, most {max(took) * 1000:.1f} ms")


def main():
    if sys.argv[1] == "echo":
        echo(int(sys.argv[2]), int(sys.argv[3]))
    else:
        run(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))


main()
