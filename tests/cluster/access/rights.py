#!/usr/bin/env python3
"""The permissions of roles that `ordeal rbac` printed, against a real API server.

rights.py lack FILE...          a line of a static token file for each experiment and each of its permissions: its user
                                lacks that one
rights.py try FILE...           makes these roles, and runs each experiment as each such user
rights.py audit LOG ROLES...    compares what the users of the API server's audit log called with their roles (USER.json)

$ORDEAL is the program, $KUBECONFIG the admin's; a permission is (namespace, group, resource, subresource, verb, name), ""
where all are meant."""
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "faults"))
from api import Api  # noqa: E402

Permission = collections.namedtuple("Permission", "ns group resource sub verb name optional")

# What runs call that no role needs to allow: every authenticated user may (system:basic-user, system:discovery).
FREE = {("authorization.k8s.io", "selfsubjectaccessreviews", "create")}

# What a role has although no run of the shipped experiments called it, (resource, verb): why, and which test does. A name
# before the slash: of that experiment alone.
UNCALLED = {
    "pods get": "of pod.delete: where the answer to a deletion says nothing of the pod (pod_delete.bats, under another UID)",
    "mesh-abort/virtualservices.networking.istio.io create": "a route is there already; mesh-delay makes one",
    "mesh-abort/virtualservices.networking.istio.io delete": "as before",
    "mesh-delay/virtualservices.networking.istio.io patch": "there is none; mesh-abort changes one",
}


def permissions(roles):
    for role in roles["items"]:
        for rule in role.get("rules", []):
            for verb in rule["verbs"]:
                for name in rule.get("resourceNames", [""]):
                    resource, _, sub = rule["resources"][0].partition("/")
                    yield Permission(role["metadata"].get("namespace", ""), rule["apiGroups"][0], resource, sub, verb, name, False)


def printed(path):
    out = subprocess.run([os.environ["ORDEAL"], "rbac", path, "--json"], check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def text(p):
    """As `ordeal` names it."""
    return "".join([p.verb, " ", p.resource, p.sub and "/" + p.sub, p.group and "." + p.group, p.name and " " + p.name,
                    p.ns and " in namespace " + p.ns])


def cases(paths):
    """(user, path, all permissions, the one that is lacking)"""
    for path in paths:
        has = list(permissions(printed(path)))
        for i, lacking in enumerate(has):
            yield f"{pathlib.Path(path).stem}-lacks-{i}", path, has, lacking


# --- each permission taken away ---------------------------------------------------------------------


def role_of(i, p, users):
    """The objects that allow one permission to these users."""
    kind = "Role" if p.ns else "ClusterRole"
    meta = {"name": f"one-{i}", **({"namespace": p.ns} if p.ns else {})}
    rule = {"apiGroups": [p.group], "resources": [p.resource + (p.sub and "/" + p.sub)], "verbs": [p.verb],
            **({"resourceNames": [p.name]} if p.name else {})}
    api = "rbac.authorization.k8s.io"
    yield {"apiVersion": api + "/v1", "kind": kind, "metadata": meta, "rules": [rule]}
    yield {"apiVersion": api + "/v1", "kind": kind + "Binding", "metadata": meta,
           "roleRef": {"apiGroup": api, "kind": kind, "name": meta["name"]},
           "subjects": [{"apiGroup": api, "kind": "User", "name": u} for u in users]}


def make_roles(api, all_cases):
    """One role for each permission, whoever has it; returns when the API server goes by them."""
    users = collections.defaultdict(list)
    for user, _, has, lacking in all_cases:
        for p in has:
            if p != lacking:
                users[p].append(user)
    for i, (p, whose) in enumerate(users.items()):
        for o in role_of(i, p, whose):
            where = f"/namespaces/{p.ns}" if p.ns else ""
            api.call("POST", f"/apis/rbac.authorization.k8s.io/v1{where}/{o['kind'].lower()}s", o)
    for p, whose in users.items():
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
            "user": whose[-1], "resourceAttributes": {"namespace": p.ns, "group": p.group, "resource": p.resource,
                                                      "subresource": p.sub, "verb": p.verb, "name": p.name}}}
        end = time.monotonic() + 20
        while not api.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)["status"]["allowed"]:
            assert time.monotonic() < end, f"the role for {text(p)} is not in force"
            time.sleep(0.05)


def kubeconfig_of(user, folder):
    """The admin's, with this user's token instead."""
    with open(os.environ["KUBECONFIG"], encoding="utf-8") as f:
        config = re.sub(r"\n *client-key-data:.*", "", f.read())
    path = pathlib.Path(folder) / user
    path.write_text(re.sub(r"client-certificate-data:.*", f"token: token-{user}", config), encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def attempt(user, path, lacking, folder):
    """What is wrong with the run of one who lacks this, or None."""
    state = pathlib.Path(folder) / f"{user}.state"
    state.mkdir(mode=0o700)
    env = dict(os.environ, KUBECONFIG=kubeconfig_of(user, folder), XDG_STATE_HOME=str(state))
    done = subprocess.run([os.environ["ORDEAL"], "run", path, "--context", "kubelab", "-o", str(state / "out")], env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    optional = f"the report will lack a part: not allowed: {text(lacking)} (" in done.stdout
    refused = re.search(f"(^|: )not allowed: {re.escape(text(lacking))} \\(", done.stdout) and "1 permission is missing" in done.stdout
    acted = any('"e":"fault"' in line for f in state.glob("out/*/run.jsonl") for line in open(f, encoding="utf-8"))
    if done.returncode == 2 and (optional or refused) and not acted:
        return ("optional" if optional else "refused"), None
    return "wrong", f"{user} (without {text(lacking)}): exit {done.returncode}\n{done.stdout}"


def lack(paths):
    for user, *_ in cases(paths):
        print(f'token-{user},{user},{user},"lacking"')


def try_all(paths):
    all_cases = list(cases(paths))
    make_roles(Api(os.environ["KUBECONFIG"]), all_cases)
    count = collections.Counter()
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(attempt, user, path, lacking, folder) for user, path, _, lacking in all_cases]
        for job in jobs:
            what, why = job.result()
            count[what] += 1
            if why:
                print(why)
    print(f"{len(paths)} experiments, each without each of its permissions: {dict(count)}")
    return 1 if count["wrong"] or count["refused"] < 100 or count["optional"] < len(paths) else 0


# --- what was called --------------------------------------------------------------------------------


def called(log):
    """user -> set of calls; those of users who lack something must have done nothing, and are counted."""
    calls, idle = collections.defaultdict(set), 0
    with open(log, encoding="utf-8") as f:
        for line in f:
            event = json.loads(line)
            ref = event.get("objectRef")
            if not ref:
                continue
            one = (ref.get("namespace", ""), ref.get("apiGroup", ""), ref["resource"], ref.get("subresource", ""), event["verb"],
                   ref.get("name", ""))
            if (one[1], one[2], one[4]) in FREE:
                continue
            if "lacking" in event["user"].get("groups", []):
                assert one[4] in ("get", "list", "watch"), f"{event['user']['username']} did {one}"
                idle += 1
                continue
            calls[event["user"]["username"]].add(one)
    return calls, idle


def allows(p, call):
    ns, group, resource, sub, verb, name = call
    return ((not p.ns or p.ns == ns) and (p.group, p.resource, p.sub, p.verb) == (group, resource, sub, verb)
            and (not p.name or p.name == name))


def audit(log, paths):
    calls, _ = called(log)
    bad = used = 0
    excused = set()
    for path in paths:
        user = pathlib.Path(path).stem
        with open(path, encoding="utf-8") as f:
            has = list(permissions(json.load(f)))
        for call in sorted(calls[user]):
            if not any(allows(p, call) for p in has):
                print(f"{user}: called, and not in its role: {call}")
                bad += 1
        for p in has:
            if any(allows(p, call) for call in calls[user]):
                used += 1
                continue
            what = f"{p.resource}{p.sub and '/' + p.sub}{p.group and '.' + p.group} {p.verb}"
            why = {what, f"{user}/{what}"} & UNCALLED.keys()
            excused |= why
            if not why:
                print(f"{user}: in its role, and never called: {text(p)}")
                bad += 1
    for what in sorted(UNCALLED.keys() - excused):
        print(f"excused, and called after all: {what}")
        bad += 1
    print(f"{len(paths)} roles: {used} permissions used, {len(excused)} excused")
    return 1 if bad or used < 250 else 0


def main():
    what, *rest = sys.argv[1:]
    sys.exit({"lack": lambda: lack(rest), "try": lambda: try_all(rest), "audit": lambda: audit(rest[0], rest[1:])}[what]())


main()
