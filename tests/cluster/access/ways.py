#!/usr/bin/env python3
"""ways.py [CASE]...: every way to reach an API server and to be somebody there, each in the holder of a fault, under its
filter of system calls: from the fault's beginning to its revert, with credentials that change in between."""
import base64
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "faults"))
# pylint: disable=wrong-import-position
import api  # noqa: E402
from lease import Lease, World  # noqa: E402
from matrix import Trial, forget_run  # noqa: E402
from rows import ROWS  # noqa: E402

FAULT = "k8s.patch"
MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
PLUGIN = """#!/bin/sh
# Whether it is asked as the specification says.
case $KUBERNETES_EXEC_INFO in *'"kind":"ExecCredential"'*) ;; *) exit 3 ;; esac
echo run >>"{home}/runs"
expires=$([ ! -s "{home}/expires" ] || date -u -d "+$(cat "{home}/expires") seconds" +%Y-%m-%dT%H:%M:%SZ)
printf '{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{"token":"%s"%s}}}}' \\
	"$(cat "{home}/token")" "${{expires:+,\\"expirationTimestamp\\":\\"$expires\\"}}"
"""


class Way(Trial):
    """One fault, by a kubeconfig of its own."""

    def __init__(self, world, row):
        super().__init__(world, FAULT, row)
        self.known = row.targets(world)
        self.server = world.api.server
        self.context = "kubelab"

    def targets(self):
        return self.known

    def add(self, lease, **more):
        lease.spawn().add(self.fault, self.row.args, self.known, server=self.server, context=self.context,
                          **self.row.place(self.world), name=self.name, **more)

    def config(self, lease, cluster=None, user=None):
        """The world's kubeconfig with other entries; no user: the admin's certificate."""
        with open(self.world.kubeconfig, encoding="utf-8") as f:
            config = yaml.safe_load(f)
        config["clusters"][0]["cluster"].update(cluster or {})
        if user is not None:
            config["users"][0]["user"] = user
        self.server = config["clusters"][0]["cluster"]["server"]
        path = os.path.join(lease.home, "kubeconfig")
        with open(path + ".next", "w", encoding="utf-8") as f:
            yaml.safe_dump(config, f)
        os.rename(path + ".next", path)
        lease.env["KUBECONFIG"] = path

    def back(self, lease):
        lease.send({"protocol": 1, "op": "end"})
        event = lease.until("reverted", 40)
        if event["residue"] != 0:
            raise AssertionError(f"residue: {event}")
        self.same(5, "after 'reverted'")

    def port(self):
        return urllib.parse.urlsplit(self.world.api.server).port

    # --- a service account, and tokens of it that can be taken back ---

    def account(self):
        """Its name. It may do just enough."""
        name, call = f"way-{time.monotonic_ns()}", self.world.api.create
        rights = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.world.ns}"
        self.world.make("ServiceAccount", {"metadata": {"name": name}})
        call(f"{rights}/roles", {"metadata": {"name": name}, "rules": [
            {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch", "patch"]},
            {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
             "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"]}]})
        call(f"{rights}/rolebindings", {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": self.world.ns}]})
        return name

    def secrets(self):
        return f"/api/v1/namespaces/{self.world.ns}/secrets"

    def token(self, account, secret):
        """One that is good for as long as that Secret is there."""
        made = self.world.api.create(self.secrets(), {"metadata": {"name": secret}})
        answer = self.world.api.create(
            api.path_of("ServiceAccount", self.world.ns, account) + "/token",
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
             "spec": {"expirationSeconds": 3600, "boundObjectRef": {
                 "apiVersion": "v1", "kind": "Secret", "name": secret, "uid": made["metadata"]["uid"]}}})
        return answer["status"]["token"]

    def revoke(self, secret):
        self.world.api.delete(f"{self.secrets()}/{secret}")
        time.sleep(12)  # the API server remembers for ten seconds that a token was good


def write(path, text, mode=0o600):
    with open(path + ".next", "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path + ".next", mode)
    os.rename(path + ".next", path)


def runs(home):
    with open(os.path.join(home, "runs"), encoding="ascii") as f:
        return len(f.readlines())


def plugin_for(way, lease, account):
    home = lease.home
    write(os.path.join(home, "plugin"), PLUGIN.format(home=home), 0o755)
    write(os.path.join(home, "token"), way.token(account, f"{account}-1"))
    way.config(lease, user={"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": os.path.join(home, "plugin"),
        "interactiveMode": "Never"}})


def exec_plugin_expiry(way, lease):
    """Asked again when its answer is about to expire, and not for each call."""
    plugin_for(way, lease, way.account())
    write(os.path.join(lease.home, "expires"), "4")
    way.force(lease)
    begun = runs(lease.home)
    if begun > 3:  # the first, and one more on a machine that takes seconds to begin
        raise AssertionError(f"{begun} runs of the plugin for one beginning")
    time.sleep(6)
    way.back(lease)
    if runs(lease.home) == begun:
        raise AssertionError("the plugin's answer has expired, and nobody asked it again")


def exec_plugin_refused(way, lease):
    """Asked again when the API server refuses what it answered."""
    account = way.account()
    plugin_for(way, lease, account)
    way.force(lease)
    begun = runs(lease.home)
    write(os.path.join(lease.home, "token"), way.token(account, f"{account}-2"))
    way.revoke(f"{account}-1")
    way.back(lease)
    if not begun < runs(lease.home) < begun + 5:
        raise AssertionError(f"{begun} runs of the plugin before, {runs(lease.home)} after")


def publish(name, token, ca, ns):
    """As the kubelet writes it: a new directory, and a symbolic link that is replaced."""
    here = os.path.join(MOUNT, f"..{name}")
    os.makedirs(here)
    for key, text in (("token", token), ("ca.crt", ca), ("namespace", ns)):
        write(os.path.join(here, key), text)
        if not os.path.islink(os.path.join(MOUNT, key)):
            os.symlink(f"..data/{key}", os.path.join(MOUNT, key))
    os.symlink(f"..{name}", os.path.join(MOUNT, "..data.next"))
    os.rename(os.path.join(MOUNT, "..data.next"), os.path.join(MOUNT, "..data"))


def in_cluster(way, lease):
    """In a pod: the service account's token is rotated, and the old one is no longer good."""
    with open(way.world.kubeconfig, encoding="utf-8") as f:
        cluster = yaml.safe_load(f)["clusters"][0]["cluster"]
    ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
    url, account = urllib.parse.urlsplit(cluster["server"]), way.account()
    publish("first", way.token(account, f"{account}-1"), ca, way.world.ns)
    del lease.env["KUBECONFIG"]
    lease.env.update(KUBERNETES_SERVICE_HOST=url.hostname, KUBERNETES_SERVICE_PORT=str(url.port))
    way.server, way.context = f"https://{url.hostname}:{url.port}", "in-cluster"
    way.force(lease)
    publish("second", way.token(account, f"{account}-2"), ca, way.world.ns)
    way.revoke(f"{account}-1")
    way.back(lease)


def certificate_file_rotated(way, lease):
    """Files that the kubeconfig names by paths relative to itself."""
    with open(way.world.kubeconfig, encoding="utf-8") as f:
        user = yaml.safe_load(f)["users"][0]["user"]
    for name in ("client-certificate", "client-key"):
        write(os.path.join(lease.home, name), base64.b64decode(user[name + "-data"]).decode())
    way.config(lease, user={"client-certificate": "client-certificate", "client-key": "client-key"})
    way.force(lease)
    for name in ("client-certificate", "client-key"):
        path = os.path.join(lease.home, name)
        os.rename(path, path + ".old")
    time.sleep(1)  # not there for a moment
    for name in ("client-certificate", "client-key"):
        path = os.path.join(lease.home, name)
        os.rename(path + ".old", path)
    way.back(lease)


def server_name(way, lease):
    way.config(lease, {"tls-server-name": "kubernetes.default.svc"})
    way.force(lease)
    way.back(lease)


def server_name_wrong(way, lease):
    """One that is not in the server's certificate."""
    way.config(lease, {"tls-server-name": "kubernetes.elsewhere"})
    way.add(lease)
    event = lease.until("failed", 30)
    if "certificate subject name" not in event["message"]:
        raise AssertionError(f"a refused certificate was expected: {event}")
    way.same(5, "nothing was ever done")


def by_name(way, lease):
    """Its name is looked up, in a thread of libcurl's, under the filter too."""
    way.config(lease, {"server": f"https://localhost:{way.port()}"})
    way.force(lease)
    way.back(lease)


@contextlib.contextmanager
def proxy():
    """Its URL without a password, and the process."""
    tool = os.path.join(os.environ["SOURCE_DIR"], "tests/kube/tls.py")
    with subprocess.Popen([sys.executable, tool, "proxy", "."], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        try:
            yield f"127.0.0.1:{json.loads(process.stdout.readline())['port']}", process
        finally:
            process.stdin.close()


def through_a_proxy(way, lease):
    with proxy() as (at, process):
        way.config(lease, {"proxy-url": f"http://who:s3cr3t%20word@{at}"})
        way.force(lease)
        way.back(lease)
        line = json.loads(process.stdout.readline())
        if line["connect"] != f"127.0.0.1:{way.port()}" or line["authorization"]:
            raise AssertionError(f"{line}")
        if "s3cr3t" in json.dumps(lease.seen):
            raise AssertionError("the proxy's password is told")


def refused_by_a_proxy(way, lease):
    with proxy() as (at, _):
        way.config(lease, {"proxy-url": f"http://{at}"})
        way.add(lease)
        event = lease.until("failed", 30)
        if "the proxy refuses" not in event["message"] or "407" not in event["message"]:
            raise AssertionError(f"{event}")
        way.same(5, "nothing was ever done")


CASES = [exec_plugin_expiry, exec_plugin_refused, in_cluster, certificate_file_rotated, server_name, server_name_wrong,
         by_name, through_a_proxy, refused_by_a_proxy]


def main():
    with World(os.environ["KUBECONFIG"], "ways") as world:
        row = ROWS[FAULT]
        row.make(world)
        for run in CASES:
            if sys.argv[1:] and run.__name__ not in sys.argv[1:]:
                continue
            if run is in_cluster and os.geteuid() != 0:
                print("in_cluster: needs root, to write where a pod's service account lies")
                continue
            begun = time.monotonic()
            way = Way(world, row)
            way.before = way.look()
            with tempfile.TemporaryDirectory() as home, Lease(home, world.kubeconfig) as lease:
                run(way, lease)
            forget_run()
            print(f"{run.__name__}: {time.monotonic() - begun:.1f} s", flush=True)
    return 0


sys.exit(main())
