"""An OCI image layout of one layer, as a tar archive (image-spec 1.0), that depends on what is in it alone: entries in
order, of one date, without the names of whoever made it."""
import gzip
import hashlib
import io
import json
import os
import platform
import tarfile

USER = 65532
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def add(tar, path, epoch, data=b"", mode=0o644, kind=tarfile.REGTYPE, link="", owner=0):
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.linkname, info.mtime = kind, mode, link, epoch
    info.uid = info.gid = owner
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def root_archive(entries, epoch):
    """Of (path, keyword arguments of add), with the folders above each of them."""
    everything = dict(entries)
    for path in entries:
        while "/" in path:
            path = path.rpartition("/")[0]
            everything.setdefault(path, {"kind": tarfile.DIRTYPE, "mode": 0o755})
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(everything):
            add(tar, path, epoch, **everything[path])
    return out.getvalue()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Blobs:
    def __init__(self):
        self.of = {}

    def add(self, kind, data, **more):
        self.of[digest(data)] = data
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest(data), "size": len(data), **more}

    def document(self, kind, value, **more):
        return self.add(kind, as_json(value), **more)


def as_json(value):
    return json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"


def image_config(root, labels):
    return {
        "created": labels["org.opencontainers.image.created"],
        "architecture": MACHINES.get(platform.machine(), platform.machine()), "os": "linux",
        "config": {
            "User": f"{USER}:{USER}", "WorkingDir": "/var/lib/ordeal", "Labels": labels,
            # State in /var/lib/ordeal, sockets in /run/ordeal.
            "Env": ["PATH=/usr/local/bin", "HOME=/var/lib/ordeal", "XDG_STATE_HOME=/var/lib", "XDG_RUNTIME_DIR=/run"],
            "Entrypoint": ["/usr/local/bin/ordeal"], "Cmd": ["help"], "StopSignal": "SIGTERM"},
        "rootfs": {"type": "layers", "diff_ids": [digest(root)]},
        "history": [{"created": labels["org.opencontainers.image.created"], "created_by": "image/build"}]}


def write_layout(path, name, entries, epoch, labels):
    """Writes the archive whole or not at all; returns its manifest's digest and the layer's sizes."""
    root = root_archive(entries, epoch)
    blobs = Blobs()
    layer = blobs.add("layer.v1.tar+gzip", gzip.compress(root, compresslevel=9, mtime=0))
    config = blobs.document("config.v1+json", image_config(root, labels))
    manifest = blobs.document("manifest.v1+json", {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": [layer], "annotations": labels},
        annotations={"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]})
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [manifest]}
    whole = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}\n', "index.json": as_json(index)}
    whole |= {"blobs/" + key.replace(":", "/"): data for key, data in blobs.of.items()}
    unfinished = f"{path}.new"
    with tarfile.open(unfinished, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for folder in ("blobs", "blobs/sha256"):
            add(tar, folder, epoch, kind=tarfile.DIRTYPE, mode=0o755)
        for file in sorted(whole):
            add(tar, file, epoch, whole[file])
    os.replace(unfinished, path)
    return {"digest": manifest["digest"], "compressed": layer["size"], "unpacked": len(root)}
