#!/usr/bin/env python3
"""check FILE LAYER: the archive is what the OCI image specification (1.0) says, and what ordeal's should be; its layer, unpacked
to a plain tar archive, is left in LAYER."""
import gzip
import hashlib
import json
import re
import sys
import tarfile

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
TAG = r"[A-Za-z0-9]+([-._:@/+][A-Za-z0-9]+)*"

with tarfile.open(sys.argv[1]) as tar:
    FILES = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}
seen = {"oci-layout", "index.json"}


def check(true, what):
    if not true:
        sys.exit(f"{sys.argv[1]}: {what}")


def blob(descriptor, kind):
    """What a descriptor points at: it is of that size and digest."""
    check(descriptor["mediaType"] == kind, f"{descriptor['mediaType']}, not {kind}")
    check(re.fullmatch(r"sha256:[0-9a-f]{64}", descriptor["digest"]), f"digest {descriptor['digest']}")
    path = "blobs/" + descriptor["digest"].replace(":", "/")
    check(path in FILES, f"{path} is not there")
    seen.add(path)
    data = FILES[path]
    check(len(data) == descriptor["size"], f"{path} has {len(data)} bytes, not {descriptor['size']}")
    check("sha256:" + hashlib.sha256(data).hexdigest() == descriptor["digest"], f"{path} is not what its name says")
    return data


def check_config(config, plain, manifest):
    check(config["architecture"] in ("amd64", "arm64") and config["os"] == "linux", "of no machine that is known")
    check(re.fullmatch(DATE, config["created"]), f"created {config['created']}")
    check(config["rootfs"] == {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(plain).hexdigest()]}, "diff_ids")
    check(len([h for h in config["history"] if not h.get("empty_layer")]) == len(manifest["layers"]), "history")
    run = config["config"]
    check(run["User"] == "65532:65532" and run["Entrypoint"] == ["/usr/local/bin/ordeal"], "who runs what")
    check(all(re.fullmatch(r"[A-Z_]+=\S+", v) for v in run["Env"]), "Env")
    for name in ("title", "description", "version", "licenses", "created"):
        key = "org.opencontainers.image." + name
        check(run["Labels"].get(key) and manifest["annotations"].get(key) == run["Labels"][key], f"the label {key}")


check(json.loads(FILES["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}, "oci-layout")
index = json.loads(FILES["index.json"])
check(index["schemaVersion"] == 2 and index["mediaType"] == INDEX and len(index["manifests"]) == 1, "index.json")
named = index["manifests"][0]
check(re.fullmatch(TAG, named["annotations"]["org.opencontainers.image.ref.name"]), "the tag")
manifest = json.loads(blob(named, MANIFEST))
check(manifest["schemaVersion"] == 2 and manifest["mediaType"] == MANIFEST and len(manifest["layers"]) == 1, "the manifest")
plain = gzip.decompress(blob(manifest["layers"][0], LAYER))
check_config(json.loads(blob(manifest["config"], CONFIG)), plain, manifest)
check(seen == set(FILES), f"nothing points at {set(FILES) - seen}")
with open(sys.argv[2], "wb") as out:
    out.write(plain)
print(f"{sys.argv[1]}: layer of {manifest['layers'][0]['size']} bytes, {len(plain)} unpacked")
