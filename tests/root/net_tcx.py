#!/usr/bin/env python3
"""Somebody else's programs at a device's tcx hooks (Linux 6.6), as Cilium's, for net_coexist.bats. They go with the process.

  net_tcx.py hold DEVICE    until killed. On the way out two programs: the first drops what bears a mark and marks the rest
                            0xdeadbeef, the second drops what does not bear that, and wipes it. On the way in one: marks 0xcafe.
                            "ready", or "none" and status 1 where the kernel has no tcx
  net_tcx.py show DEVICE    both hooks: their revision, and the ids of programs and links in their order
"""
import ctypes
import os
import signal
import socket
import struct
import sys

SYS_BPF = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
PROG_LOAD, PROG_QUERY, LINK_CREATE = 5, 16, 28
SCHED_CLS = 3
INGRESS, EGRESS = 46, 47
MARK = 8  # its offset in struct __sk_buff
NEXT, DROP = -1, 2

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attributes):
    buf = ctypes.create_string_buffer(attributes, len(attributes))
    r = libc.syscall(SYS_BPF, command, buf, len(attributes))
    if r < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return r, buf.raw


def insn(code, dst=0, src=0, off=0, imm=0):
    return struct.pack("<BBhi", code, dst | src << 4, off, imm)


def word(value):
    return value - (1 << 32) if value >> 31 else value


def load_mark():
    return insn(0x61, 2, 1, MARK)  # r2 = *(u32 *)(r1 + MARK)


def store_mark(value):
    return insn(0xB4, 3, imm=word(value)) + insn(0x63, 1, 3, MARK)  # w3 = value; *(u32 *)(r1 + MARK) = w3


def out(verdict):
    return insn(0xB4, 0, imm=verdict) + insn(0x95)  # w0 = verdict; exit


def unless_drop(value):  # if w2 == value goto +2; drop
    return insn(0x16, 2, off=2, imm=word(value)) + out(DROP)


def load(code):
    text = ctypes.create_string_buffer(code, len(code))
    license_ = ctypes.create_string_buffer(b"GPL")
    said = ctypes.create_string_buffer(65536)
    head = struct.pack("<IIQQIIQII16s", SCHED_CLS, len(code) // 8, ctypes.addressof(text), ctypes.addressof(license_), 1, len(said), ctypes.addressof(said), 0, 0, b"theirs")
    try:
        return bpf(PROG_LOAD, head)[0]
    except OSError:
        sys.stderr.write(said.value.decode())
        raise


def attach(code, ifindex, hook):
    return bpf(LINK_CREATE, struct.pack("<IIII32x", load(code), ifindex, hook, 0))[0]


def hold(ifindex):
    try:
        attach(load_mark() + unless_drop(0) + store_mark(0xDEADBEEF) + out(NEXT), ifindex, EGRESS)
    except OSError as e:
        print("none:", e, flush=True)
        sys.exit(1)
    attach(load_mark() + unless_drop(0xDEADBEEF) + store_mark(0) + out(NEXT), ifindex, EGRESS)
    attach(store_mark(0xCAFE) + out(NEXT), ifindex, INGRESS)
    print("ready", flush=True)
    signal.pause()


def show(ifindex):
    for name, hook in (("egress", EGRESS), ("ingress", INGRESS)):
        programs, links = (ctypes.c_uint32 * 64)(), (ctypes.c_uint32 * 64)()
        ask = struct.pack("<IIIIQIIQQQQ", ifindex, hook, 0, 0, ctypes.addressof(programs), 64, 0, 0, ctypes.addressof(links), 0, 0)
        try:
            answer = struct.unpack("<IIIIQIIQQQQ", bpf(PROG_QUERY, ask)[1])
        except OSError as e:
            print(name, e)
            continue
        n = answer[5]
        print(name, "revision", answer[10], "programs", *programs[:n], "links", *links[:n])


if __name__ == "__main__":
    {"hold": hold, "show": show}[sys.argv[1]](socket.if_nametoindex(sys.argv[2]))
