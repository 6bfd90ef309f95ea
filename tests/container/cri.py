"""What a kubelet asks of the CRI of a containerd, by hand (gRPC with curl): cri.py SOCKET ...

image FILE NAME BUSYBOX        an image of busybox, whose /pause sleeps, for `ctr image import`
pod NAMESPACE NAME             runs a sandbox in the network of the machine; prints its id
container POD-ID NAMESPACE POD NAME[:ATTEMPT] IMAGE COMMAND...  starts a container in it; prints its id
gone POD-ID                    stops and removes it with all that is in it
"""
import hashlib
import io
import json
import struct
import subprocess
import sys
import tarfile

NODE = 2  # NamespaceMode of cri-api's runtime/v1/api.proto, whose numbers these all are


def number(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def message(fields):
    out = b""
    for at, value in fields:
        for v in value if isinstance(value, list) else [value]:
            if isinstance(v, int):
                out += number(at << 3) + number(v)
                continue
            v = v.encode() if isinstance(v, str) else v
            out += number(at << 3 | 2) + number(len(v)) + v
    return out


def first(data):
    """The first field of an answer: a short text."""
    return data[2 : 2 + data[1]].decode() if data else ""


def call(socket, method, request):
    said = subprocess.run(
        ["curl", "-sS", "--http2-prior-knowledge", "--unix-socket", socket, "-D", "/dev/stderr",
         "-H", "content-type: application/grpc", "-H", "te: trailers", "--data-binary", "@-",
         f"http://localhost/runtime.v1.RuntimeService/{method}"],
        input=b"\0" + struct.pack(">I", len(request)) + request, capture_output=True, check=False)
    if b"grpc-status: 0" not in said.stderr.lower():
        sys.exit(f"{method}: {said.stderr.decode()}")
    return said.stdout[5:]


def sandbox(namespace, name):
    linux = message([(2, message([(1, message([(1, NODE)]))]))])
    return message([(1, message([(1, name), (2, f"uid-{name}"), (3, namespace)])), (8, linux)])


def image(path, name, busybox):
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for folder in ("bin", "proc", "sys", "dev", "etc", "tmp"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        tar.add(busybox, "bin/busybox")
        for link in ("bin/sh", "bin/sleep"):
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
    config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sleep", "1000"]},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer.getvalue()).hexdigest()]}}
    files = {"layer.tar": layer.getvalue(), "config.json": json.dumps(config).encode(),
             "manifest.json": json.dumps([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()}
    with tarfile.open(path, "w") as tar:
        for file, data in files.items():
            entry = tarfile.TarInfo(file)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def main(socket, verb, *rest):
    if verb == "image":
        image(*rest)
    elif verb == "pod":
        print(first(call(socket, "RunPodSandbox", message([(1, sandbox(*rest))]))))
    elif verb == "container":
        pod, namespace, pod_name, name, source, *command = rest
        name, _, attempt = name.partition(":")
        config = message([(1, message([(1, name), (2, int(attempt or 0))])), (2, message([(1, source)])), (3, command),
                          (9, message([(1, "io.kubernetes.container.name"), (2, name)]))])
        made = first(call(socket, "CreateContainer", message([(1, pod), (2, config), (3, sandbox(namespace, pod_name))])))
        call(socket, "StartContainer", message([(1, made)]))
        print(made)
    elif verb == "gone":
        call(socket, "StopPodSandbox", message([(1, rest[0])]))
        call(socket, "RemovePodSandbox", message([(1, rest[0])]))
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
