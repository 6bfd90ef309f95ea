#!/usr/bin/env python3
"""gso_send.py DEVICE MAC SOURCE DESTINATION PORT N: N frames of 8 TCP packets each, as a virtual machine hands them over: it does not
say how many packets they are (packet(7), PACKET_VNET_HDR; linux/virtio_net.h)."""
import socket
import struct
import sys

PACKET_VNET_HDR = 15
SEGMENT, SEGMENTS = 1000, 8

device, mac, source, destination, port, n = sys.argv[1:]
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.setsockopt(263, PACKET_VNET_HDR, 1)  # SOL_PACKET
s.bind((device, 0x0800))
ethernet = bytes.fromhex(mac.replace(":", "")) + s.getsockname()[4] + b"\x08\x00"
payload = b"x" * (SEGMENT * SEGMENTS)
addresses = socket.inet_aton(source) + socket.inet_aton(destination)


def folded(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def ip():
    head = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(payload), 1, 0x4000, 64, 6, 0) + addresses
    return head[:10] + struct.pack(">H", 0xFFFF ^ folded(head)) + head[12:]


pseudo = folded(addresses + struct.pack(">HH", 6, 20 + len(payload)))
tcp = struct.pack(">HHIIBBHHH", 40000, int(port), 1, 1, 0x50, 0x10, 1000, pseudo, 0)
header = struct.pack("<BBHHHH", 1, 1, 54, SEGMENT, 34, 16)
for _ in range(int(n)):
    s.send(header + ethernet + ip() + tcp + payload)
