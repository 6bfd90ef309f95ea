"""What each fault of list.def is tried on: a row a fault."""
import json

import api
from lease import identity

REPLICAS = 3


def deployment(world, name="web"):
    """A deployment of played pods, available, with a service in front."""
    world.make("Deployment", {
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"replicas": REPLICAS, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"nodeSelector": {"type": "kwok"}, "terminationGracePeriodSeconds": 1,
                     "containers": [{"name": "main", "image": "played:1"}]}}}})
    world.make("Service", {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": [{"port": 80}]}})
    api.until(60, "the deployment is available",
              lambda: world.read("Deployment", name).get("status", {}).get("availableReplicas") == REPLICAS)
    # Its controller writes down what it has seen last; a test that begins earlier takes that for a change.
    api.until(60, "its endpoints", lambda: any(
        len(s.get("endpoints") or []) == REPLICAS
        for s in world.api.items(f"/apis/discovery.k8s.io/v1/namespaces/{world.ns}/endpointslices")))


def node(world):
    """A played node of this test alone, with two pods of a deployment that may go elsewhere."""
    name = f"{world.ns}-n"
    room = {"cpu": "32", "memory": "64Gi", "pods": "100"}
    world.make("Node", {
        "metadata": {"name": name, "labels": {"ordeal.test": world.ns, "kubernetes.io/hostname": name},
                     "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "status": {"allocatable": room, "capacity": room}})

    def ready():
        conditions = world.read("Node", name).get("status", {}).get("conditions", [])
        taints = world.read("Node", name)["spec"].get("taints", [])
        return not taints and any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    api.until(90, "the node is Ready", ready)
    return name


def virtual_service(world):
    world.make("VirtualService", {
        "metadata": {"name": "web"},
        "spec": {"hosts": ["web"], "http": [{"match": [{"uri": {"prefix": "/a"}}],
                                             "route": [{"destination": {"host": "web"}}]},
                                            {"route": [{"destination": {"host": "web"}}]}]}})


def pods(world):
    return sorted((p for p in world.api.items(api.path_of("Pod", world.ns))
                   if "deletionTimestamp" not in p["metadata"]), key=lambda p: p["metadata"]["name"])


class Row:
    """make: what is there; args; kinds: (kind, name) of what must be as before; targets and effect are functions."""

    def __init__(self, args, kind, effect, undone=True, make=deployment, name="web", meddle=None):
        """meddle: a merge patch by which another manager takes the effect back."""
        self.args, self.kind, self.effect, self.undone = args, kind, effect, undone
        self.setup, self.name, self.meddle = make, name, meddle

    def make(self, world):
        made = self.setup(world)
        if isinstance(made, str):
            self.name = made
        elif self.kind == "Pod" and self.undone:
            self.name = pods(world)[0]["metadata"]["name"]

    def objects(self):
        return [(self.kind, self.name)]

    def targets(self, world):
        if self.kind == "Pod":
            return [identity({"apiVersion": "v1", "kind": "Pod", **p}) for p in pods(world)[:1]]
        return [identity(world.read(self.kind, self.name))]

    def place(self, world):
        """What a place of pods has besides: the selection that they were drawn from."""
        if self.kind != "Pod":
            return {}
        return {"follow": {"match": {"namespaces": [world.ns], "selector": "app=web"}}}


def spec_of(kind, name=None):
    return lambda world: world.read(kind, name or f"{world.ns}-n")["spec"]


def replicas_are(n):
    return lambda world: spec_of("Deployment", "web")(world)["replicas"] == n


ROWS = {
    "k8s.patch": Row({"patch": json.dumps([{"op": "replace", "path": "/spec/replicas", "value": 1},
                                           {"op": "add", "path": "/metadata/labels/broken", "value": "yes"}])},
                     "Deployment", replicas_are(1), meddle={"spec": {"replicas": REPLICAS}}),
    "workload.scale": Row({"to": 0}, "Deployment", replicas_are(0), meddle={"spec": {"replicas": REPLICAS}}),
    "workload.image": Row({"tag": "broken"}, "Deployment",
                          lambda w: w.read("Deployment", "web")["spec"]["template"]["spec"]["containers"][0]["image"]
                          .endswith(":broken")),
    "workload.restart": Row({}, "Deployment", lambda w: True, undone=False),
    "service.detach": Row({}, "Service", lambda w: spec_of("Service", "web")(w)["selector"] != {"app": "web"}),
    "node.cordon": Row({}, "Node", lambda w: spec_of("Node")(w).get("unschedulable") is True, make=node,
                       meddle={"spec": {"unschedulable": None}}),
    "node.taint": Row({"key": "ordeal.dev/fault", "effect": "NoSchedule"}, "Node",
                      lambda w: any(t["key"] == "ordeal.dev/fault" for t in spec_of("Node")(w).get("taints", [])),
                      make=node, meddle={"spec": {"taints": None}}),
    "node.drain": Row({}, "Node", lambda w: spec_of("Node")(w).get("unschedulable") is True, make=node,
                      meddle={"spec": {"unschedulable": None}}),
    "net.policy": Row({"direction": "both"}, "Pod",
                      lambda w: bool(w.api.items(api.path_of("NetworkPolicy", w.ns)))),
    "istio.fault": Row({"abort": 503}, "VirtualService",
                       lambda w: "fault" in w.read("VirtualService", "web")["spec"]["http"][0], make=virtual_service),
    "pod.delete": Row({}, "Pod", lambda w: True, undone=False),
    "pod.evict": Row({}, "Pod", lambda w: True, undone=False),
}
