"""The Kubernetes API as an admin, for tests in Python: JSON over one TLS connection, with nothing of ordeal's in it."""
import base64
import http.client
import json
import os
import ssl
import tempfile
import time
import urllib.parse

import yaml


class Refused(Exception):
    """The API server's answer was an error."""

    def __init__(self, code, status):
        super().__init__(f"{code}: {status.get('message', status) if isinstance(status, dict) else status}")
        self.code = code


# Where objects of a kind are found: path of the collection; {} is the namespace.
PATHS = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Lease": "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
    "Namespace": "/api/v1/namespaces",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
    "Node": "/api/v1/nodes",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Service": "/api/v1/namespaces/{}/services",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "VirtualService": "/apis/networking.istio.io/v1/namespaces/{}/virtualservices",
}


def path_of(kind, ns=None, name=None):
    path = PATHS[kind].format(ns)
    return f"{path}/{name}" if name else path


class Api:
    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as f:
            config = yaml.safe_load(f)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.server = cluster["server"]
        url = urllib.parse.urlsplit(self.server)
        self.place = (url.hostname, url.port)
        self.tls = ssl.create_default_context(
            cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        with tempfile.NamedTemporaryFile() as pair:
            for key in ("client-certificate-data", "client-key-data"):
                pair.write(base64.b64decode(user[key]))
            pair.flush()
            self.tls.load_cert_chain(pair.name)
        self.line = None

    def call(self, method, path, body=None, kind="application/json", patience=10):
        """The answer's JSON. A connection that the server closed meanwhile is made again."""
        data = None if body is None else json.dumps(body)
        for attempt in range(2):
            if self.line is None:
                self.line = http.client.HTTPSConnection(*self.place, context=self.tls, timeout=patience)
            try:
                self.line.request(method, path, data, {"Content-Type": kind})
                answer = self.line.getresponse()
                text = answer.read()
                break
            except (OSError, http.client.HTTPException):
                self.line.close()
                self.line = None
                if attempt:
                    raise
        value = json.loads(text) if text[:1] in (b"{", b"[") else text.decode()
        if answer.status >= 400:
            raise Refused(answer.status, value)
        return value

    def get(self, path):
        return self.call("GET", path)

    def find(self, path):
        """None where it is not there."""
        try:
            return self.get(path)
        except Refused as refusal:
            if refusal.code == 404:
                return None
            raise

    def items(self, path):
        return self.get(path)["items"]

    def create(self, path, value):
        return self.call("POST", path, value)

    def delete(self, path):
        try:
            return self.call("DELETE", path)
        except Refused as refusal:
            if refusal.code != 404:
                raise

    def merge(self, path, value, manager="somebody"):
        return self.call("PATCH", f"{path}?fieldManager={manager}", value, "application/merge-patch+json")


def until(seconds, what, look):
    """Waits until look() is true, and returns what it was."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


# What the API server and the controllers keep in an object for themselves.
def own(value):
    """The object as its owner made it: what must be the same before and after a fault."""
    value = json.loads(json.dumps(value))
    value.pop("status", None)
    meta = value["metadata"]
    for key in ("resourceVersion", "managedFields", "generation"):
        meta.pop(key, None)
    meta.get("annotations", {}).pop("deployment.kubernetes.io/revision", None)
    for key in ("annotations", "labels"):
        if meta.get(key) == {}:
            del meta[key]
    return value


def canonical(value):
    return json.dumps(value, sort_keys=True, indent=1)


def environment():
    return os.environ["KUBECONFIG"], os.environ["BUILD_DIR"]
