#!/usr/bin/env python3
"""vmlinux.py VMLINUZ OUT: the kernel itself out of its boot image. A machine that starts it so spares itself the unpacking, which
takes 5 s without KVM. Where the payload lies: linux, Documentation/arch/x86/boot.rst (setup_sects, payload_offset)."""
import lzma
import struct
import subprocess
import sys
import zlib

image = open(sys.argv[1], "rb").read()
offset, length = struct.unpack_from("<II", image, 0x248)
begin = (image[0x1F1] + 1) * 512 + offset
payload = image[begin : begin + length]
if payload[:6] == b"\xfd7zXZ\0":
    kernel = lzma.LZMADecompressor().decompress(payload)
elif payload[:2] == b"\x1f\x8b":
    kernel = zlib.decompressobj(31).decompress(payload)
elif payload[:4] == b"\x28\xb5\x2f\xfd":
    kernel = subprocess.run(["zstd", "-dc"], input=payload[:-4], stdout=subprocess.PIPE).stdout
else:
    sys.exit(f"vmlinux.py: {sys.argv[1]}: packed in a way that is not known here: {payload[:6].hex()}")
if kernel[:4] != b"\x7fELF":
    sys.exit(f"vmlinux.py: {sys.argv[1]}: what was packed is no ELF file")
open(sys.argv[2], "wb").write(kernel)
