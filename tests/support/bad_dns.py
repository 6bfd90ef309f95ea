#!/usr/bin/env python3
"""bad_dns.py PORTFILE: a name server that misbehaves as the first label of the name says, over UDP and TCP. It listens on
127.0.0.1 and ::1, writes its port into the file, and ends after 90 seconds at the latest."""
import os
import socket
import struct
import sys
import threading
import time

ADDRESS = bytes([10, 0, 0, 7])


def answer(query, rcode=0, records=1, flags=0x8180, address=ADDRESS):
    end = query.index(b"\0", 12) + 5
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + address
    return query[:2] + struct.pack("!HHHHH", flags | rcode, 1, records, 0, 0) + query[12:end] + record * records


def other(query):
    return query[:2] + query[2:12] + b"\x05other" + query[12 + 1 + query[12]:]


def wrong_id(query):
    return bytes([query[0] ^ 1]) + query[1:]


# What is sent over UDP, one after the other; over TCP the answer, but for the names below.
UDP = {
    "good": lambda q: [answer(q)],
    "stray": lambda q: [b"", b"x", answer(wrong_id(q)), answer(other(q)), q, answer(q)],
    "wrongid": lambda q: [answer(wrong_id(q))] * 40,
    "wrongname": lambda q: [answer(other(q))],
    "echo": lambda q: [q],
    "truncated": lambda q: [answer(q, records=0, flags=0x8380)],
    "tctwice": lambda q: [answer(q, records=0, flags=0x8380)],
    "tcreset": lambda q: [answer(q, records=0, flags=0x8380)],
    "tchalf": lambda q: [answer(q, records=0, flags=0x8380)],
    "nxdomain": lambda q: [answer(q, rcode=3, records=0)],
    "servfail": lambda q: [answer(q, rcode=2, records=0)],
    "code11": lambda q: [answer(q, rcode=11, records=0)],
    "empty": lambda q: [answer(q, records=0)],
    "elsewhere": lambda q: [answer(q, address=bytes([10, 0, 0, 9]))],
    "garbage": lambda q: [q[:2] + b"\x81\x80" + b"\xff" * 40],
    "short": lambda q: [answer(q)[:-2]],
    "loop": lambda q: [q[:2] + b"\x81\x80\0\1\0\1\0\0\0\0\xc0\x0c\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + ADDRESS],
    "silent": lambda q: [],
    "slow": lambda q: time.sleep(0.25) or [answer(q)],
}


def label(query):
    return query[13:13 + query[12]].decode("ascii", "replace").lower()


def udp(sock):
    while True:
        query, peer = sock.recvfrom(4096)

        def reply(query=query, peer=peer):
            for message in UDP.get(label(query), UDP["good"])(query):
                sock.sendto(message, peer)
        threading.Thread(target=reply, daemon=True).start()


def tcp(sock):
    while True:
        client, _ = sock.accept()

        def reply(client=client):
            with client:
                size = struct.unpack("!H", client.recv(2, socket.MSG_WAITALL))[0]
                query = client.recv(size, socket.MSG_WAITALL)
                name = label(query)
                message = answer(query, flags=0x8380 if name == "tctwice" else 0x8180)
                if name == "tcreset":
                    return
                whole = struct.pack("!H", len(message)) + message
                for i in range(0, len(whole) // 2 if name == "tchalf" else len(whole), 7):
                    client.sendall(whole[i:i + 7])  # in pieces
        threading.Thread(target=reply, daemon=True).start()


def main():
    four = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    four.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    four.bind(("127.0.0.1", 0))
    port = four.getsockname()[1]
    sockets = [(four, tcp)]
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.bind((host, port))
        except OSError:
            continue  # no IPv6 here
        sockets.append((sock, udp))
    four.listen(64)
    for sock, serve in sockets:
        threading.Thread(target=serve, args=(sock,), daemon=True).start()
    with open(sys.argv[1] + ".new", "w") as f:
        print(port, file=f)
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    time.sleep(90)


main()
