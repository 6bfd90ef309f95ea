#!/usr/bin/env python3
"""chart.py ORDEAL SOURCE: the chart without a cluster: what helm makes of it is held against goldens, bad values are refused,
and its roles against `ordeal rbac`. ORDEAL_GOLDEN_UPDATE=1 writes the goldens anew: look at each."""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ordeal, source = sys.argv[1], Path(sys.argv[2])
found = subprocess.run([str(source / "tests/charts/helm-get"), "--path"], stdout=subprocess.PIPE, text=True, check=False)
if found.returncode:
    sys.exit(found.returncode)
helm = found.stdout.strip()
chart, here = source / "charts/ordeal", source / "tests/charts"
home = tempfile.TemporaryDirectory()
env = {**os.environ, "HOME": home.name}
failed = 0


def check(good, what):
    global failed
    if not good:
        failed += 1
        print(f"FAILED: {what}")


def run_helm(*arguments):
    return subprocess.run([helm, *arguments], capture_output=True, text=True, check=False, env=env)


def template(values, *more):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        yaml.safe_dump(values, f)
        f.flush()
        return run_helm("template", "r", str(chart), "-n", "chaos", "-f", f.name, *more)


def objects(values):
    done = template(values)
    check(done.returncode == 0, f"{values}: {done.stderr}")
    return [o for o in yaml.safe_load_all(done.stdout) if o]


def of_kind(found, kind):
    return [o for o in found if o["kind"] == kind]


def goldens():
    for values in sorted((here / "values").glob("*.yaml")):
        golden = here / "golden" / values.name
        done = run_helm("template", "r", str(chart), "-n", "chaos", "-f", str(values))
        check(done.returncode == 0, f"{values.name}: {done.stderr}")
        # Random, where no Secret was named.
        text = re.sub(r"(tokens|viewer): [A-Za-z0-9+/=]{40,}", r"\1: RANDOM", done.stdout)
        if os.environ.get("ORDEAL_GOLDEN_UPDATE"):
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(text)
        check(golden.exists() and golden.read_text() == text, f"{values.name} gives something else than its golden")
        lint = run_helm("lint", "--strict", str(chart), "-n", "chaos", "-f", str(values))
        check(lint.returncode == 0, f"lint, {values.name}: {lint.stdout}{lint.stderr}")


BAD = [  # values, and what the refusal says
    ({"fault": []}, "additional properties 'fault' not allowed"),
    ({"faults": ["pod.explode"]}, "faults/0"),
    ({"faults": ["k8s.patch"]}, "faults/0"),
    ({"faults": ["pod.delete", "pod.delete"]}, "faults"),
    ({"namespaces": ["Shop"]}, "namespaces/0"),
    ({"namespaces": ["*"]}, "namespaces/0"),
    ({"image": {"tag": "a b"}}, "image/tag"),
    ({"image": {"digest": "sha256:1"}}, "image/digest"),
    ({"image": {"name": "x"}}, "image"),
    ({"maxRuns": 0}, "maxRuns"),
    ({"maxRuns": "many"}, "maxRuns"),
    ({"api": {"port": 80}}, "api/port"),
    ({"api": {"token": "x"}}, "api"),
    ({"experiments": {"inline": {"kill": "x"}}}, "invalid propertyName 'kill'"),
    ({"experiments": {"inline": {"../x.yaml": "x"}}}, "invalid propertyName '../x.yaml'"),
    ({"experiments": {"gitSync": {"folder": "../x"}}}, "experiments/gitSync/folder"),
    ({"experiments": {"gitSync": {"folder": "/x"}}}, "experiments/gitSync/folder"),
    ({"experiments": {"gitSync": {"period": "soon"}}}, "experiments/gitSync/period"),
    ({"experiments": {"existingConfigMap": "a", "inline": {"a.yaml": "x"}}}, "experiments come from one place: inline and existingConfigMap"),
    ({"settings": {"listen": "0.0.0.0:1"}}, "settings.listen is the chart's own"),
    ({"persistence": {"size": "much"}}, "persistence/size"),
    ({"rbac": {"extraRules": [{"verbs": ["get"]}]}}, "rbac/extraRules/0"),
    ({"replicas": 2}, "replicas"),
    ({"terminationGracePeriodSeconds": 0}, "terminationGracePeriodSeconds"),
    ({"networkPolicy": {"apiServer": {"ports": [0]}}}, "networkPolicy/apiServer/ports/0"),
]


def refusals():
    for values, says in BAD:
        done = template(values)
        check(done.returncode != 0, f"{values} is taken")
        check(says in done.stderr, f"{values}: it says not '{says}' but {done.stderr}")


def documented():
    """Each value has its place in the schema, and the other way round."""
    def keys(value, schema, at):
        if "properties" not in schema:
            return
        check(schema.get("additionalProperties") is False, f"the schema of {at or 'the values'} takes anything")
        ours = set(value) if isinstance(value, dict) else set()
        check(ours == set(schema["properties"]) - {"global"}, f"{at or 'values'}: {ours ^ set(schema['properties'])}")
        for key in ours:
            keys(value[key], schema["properties"][key], f"{at}/{key}")

    keys(yaml.safe_load((chart / "values.yaml").read_text()), json.loads((chart / "values.schema.json").read_text()), "")
    meta = yaml.safe_load((chart / "Chart.yaml").read_text())
    version = re.search(r"project\(ordeal VERSION (\S+)", (source / "CMakeLists.txt").read_text())[1]
    check(meta["version"] == version and meta["appVersion"] == version, f"the chart's version is not {version}")


def restricted():
    """Every pod is one of the restricted profile, with no token but the daemon's."""
    for values in sorted((here / "values").glob("*.yaml")):
        for o in objects(yaml.safe_load(values.read_text())):
            pod = o["spec"]["template"]["spec"] if o["kind"] == "Deployment" else o["spec"] if o["kind"] == "Pod" else None
            if not pod:
                continue
            check(pod["automountServiceAccountToken"] is False, f"{values.name}: a token for everybody in the pod")
            check(pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault",
                  f"{values.name}: {pod['securityContext']}")
            for c in pod["containers"] + pod.get("initContainers", []):
                s = c["securityContext"]
                check(s == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
                      f"{values.name}: {c['name']}: {s}")
                mounts = {m["name"] for m in c["volumeMounts"]}
                check(("account" in mounts) == (c["name"] == "ordeal"), f"{values.name}: {c['name']} has {mounts}")


# ---- rights

def grants(roles):
    """(namespace, group, resource, name, verb) that roles and their bindings give; a name of None is all."""
    for role in roles:
        for rule in role["rules"]:
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    for name in rule.get("resourceNames", [None]):
                        for verb in rule["verbs"]:
                            yield role["metadata"].get("namespace", ""), group, resource, name, verb


def covered(need, given):
    ns, group, resource, name, verb = need
    return any((n, group, resource, m, verb) in given for n in (ns, "") for m in (name, None))


def wanted(path):
    done = subprocess.run([ordeal, "rbac", str(path), "--json"], capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"{path}: {done.stderr}")
    return set(grants(r for r in json.loads(done.stdout)["items"] if "rules" in r)) if done.stdout.startswith("{") else set()


def rights():
    """The file is what `ordeal rbac` says today; and of each experiment that is shipped its faults are enough."""
    made = subprocess.run([str(source / "charts/rights"), ordeal], capture_output=True, text=True, check=True).stdout
    check(made == (chart / "files/rights.yaml").read_text(), "charts/ordeal/files/rights.yaml is not what charts/rights prints")
    known = set(yaml.safe_load(made))
    schema = json.loads((chart / "values.schema.json").read_text())
    check(known == set(schema["properties"]["faults"]["items"]["enum"]), "rights.yaml and the schema have other faults")
    seen = 0
    for path in sorted((source / "experiments/kubernetes").glob("*.yaml")):
        spec = yaml.safe_load(path.read_text())["spec"]
        faults = sorted({key for fault in spec["faults"] for key in fault if "." in key})
        if not set(faults) <= known:
            continue
        need = wanted(path)
        spaces = sorted({n[0] for n in need} - {"", "kube-node-lease", "default"}) or ["shop"]
        given = set(grants(of_kind(found := objects({"faults": faults, "namespaces": spaces, "rbac": {"viewNodes": True}}), "Role") +
                           of_kind(found, "ClusterRole")))
        missing = sorted(str(n) for n in need if not covered(n, given))
        check(not missing, f"{path.name}: the chart's roles lack {missing}")
        seen += 1
    check(seen >= 5, f"{seen} experiments were looked at")


def least():
    """Nothing is in a role that was not asked for."""
    nothing = objects({})
    check(not of_kind(nothing, "ClusterRole"), "without faults there is a ClusterRole")
    check([r["metadata"]["name"] for r in of_kind(nothing, "Role")] == ["r-ordeal-lease"], "without faults there are roles")
    pods = objects({"faults": ["pod.delete"], "namespaces": ["a", "b"]})
    check(not of_kind(pods, "ClusterRole"), "for pods there is a ClusterRole")
    check({r["metadata"]["namespace"] for r in of_kind(pods, "Role")} == {"a", "b", "chaos"}, "roles in other namespaces")
    writes = {(g, r, v) for _, g, r, _, v in grants(of_kind(pods, "Role")) if v not in ("get", "list", "watch")}
    check(writes == {("", "pods", "delete"), ("coordination.k8s.io", "leases", "create"), ("coordination.k8s.io", "leases", "patch"),
                     ("coordination.k8s.io", "leases", "delete")}, f"pod.delete may {writes}")
    own = [g for g in grants(r for r in of_kind(pods, "Role") if r["metadata"]["namespace"] == "chaos")]
    check(all(name == "r-ordeal" for _, _, _, name, _ in own), f"of its own namespace: {own}")
    for kind in ("Role", "ClusterRole"):
        for o in of_kind(objects({"faults": ["pod.delete", "node.drain"]}), kind):
            check("*" not in json.dumps(o["rules"]) and "secrets" not in json.dumps(o["rules"]), f"{o}")


for part in (goldens, refusals, documented, restricted, rights, least):
    part()
print(f"{failed} failed" if failed else "as it should be")
sys.exit(failed != 0)
