#!/usr/bin/env python3
"""test_openapi.py API_TOOL ORDEAL SOURCE: docs/formats/openapi.yaml is a valid OpenAPI 3.1 file, has the paths, methods,
roles, arguments and bodies that the server has and no other, and what the server answers is what it says. The daemon of
paper answers, and then a real one. /metrics is read by prometheus_client."""
import json
import os
import re
import subprocess
import sys
from urllib.parse import quote

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import OPERATOR, VIEWER, Tool, Watcher, wait_for  # noqa: E402

try:
    import yaml
    from jsonschema import Draft202012Validator
except ImportError as e:
    print(f"{e}; Debian: python3-jsonschema python3-yaml")
    sys.exit(77)

program, ordeal, source = sys.argv[1:4]
with open(f"{source}/docs/formats/openapi.yaml") as f:
    text = f.read()
api = yaml.safe_load(text)


def resolve(node):
    while "$ref" in node:
        assert node["$ref"].startswith("#/"), node
        at = api
        for key in node["$ref"][2:].split("/"):
            at = at[key]
        node = at
    return node


def operations():
    for path, item in api["paths"].items():
        for method in ("get", "post", "put", "delete", "patch"):
            if method in item:
                yield path, method, item[method], item.get("parameters", [])


def validator(schema):
    """Of a schema that stands in the file: its references are the file's."""
    return Draft202012Validator({**schema, "components": api["components"]})


def test_valid():
    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                resolve(node)
            for key, value in node.items():
                if key == "schema":
                    Draft202012Validator.check_schema(value)
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(api)
    for name, schema in api["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
    ids = [op["operationId"] for _, _, op, _ in operations()]
    assert len(ids) == len(set(ids)), ids
    try:
        from openapi_spec_validator import validate
    except ImportError:
        print("valid: openapi-spec-validator is not installed; schemas and references alone were looked at")
        return
    validate(api)
    broken = json.loads(json.dumps(api))
    broken["paths"]["/healthz"]["get"]["responses"]["200"].pop("description")
    try:
        validate(broken)
    except Exception:
        return
    raise AssertionError("the validator takes everything")


def test_routes():
    served = set()
    for line in subprocess.run([program, "--routes"], capture_output=True, text=True, check=True).stdout.splitlines():
        method, path, role, args, keys = line.split(" ")
        served.add((path, method.lower(), role, frozenset(args.split("|")) - {"-"}, frozenset(keys.split("|")) - {"-"}))
    said = set()
    for path, method, op, shared in operations():
        parameters = [resolve(p) for p in shared + op.get("parameters", [])]
        assert {p["name"] for p in parameters if p["in"] == "path"} == set(re.findall(r"{(\w+)}", path)), path
        args = frozenset(p["name"] for p in parameters if p["in"] == "query")
        body = resolve(op.get("requestBody", {}))
        keys = frozenset(body["content"]["application/json"]["schema"]["properties"]) if body else frozenset()
        said.add((path, method, op["x-role"], args, keys))
        assert (op.get("security") == []) == (op["x-role"] == "none"), path
    assert said == served, f"only in the file: {said - served}; only in the server: {served - said}"


def check(t, method, path, of, status=200, body=None, **ask):
    """An answer is of a status and a type that the file has, and of its schema."""
    op = api["paths"][of][method.lower()]
    got, headers, data = t.ask(method, path, body, **ask)
    assert got == status, (path, got, data)
    response = resolve(op["responses"].get(str(status)) or op["responses"]["default"])
    kind = headers["Content-Type"].split(";")[0]
    assert kind in response["content"] or "*/*" in response["content"], (path, kind)
    schema = resolve(response["content"].get(kind, {}).get("schema", {}))
    if isinstance(data, dict):
        errors = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in validator(schema).iter_errors(data)]
        assert not errors, (path, errors)
    return data


def answers(t, name):
    assert check(t, "GET", "/healthz", "/healthz") == b"ready\n"
    check(t, "GET", "/readyz", "/readyz")
    assert check(t, "GET", "/openapi.yaml", "/openapi.yaml").decode() == text
    assert b"<html" in check(t, "GET", "/", "/")
    check(t, "GET", "/v1/session", "/v1/session")
    check(t, "GET", "/v1/status", "/v1/status")
    check(t, "GET", "/v1/schedules", "/v1/schedules")
    check(t, "GET", f"/v1/schedules/{name}", "/v1/schedules/{name}")
    check(t, "GET", "/v1/schedules/nix", "/v1/schedules/{name}", 404)
    check(t, "POST", f"/v1/schedules/{name}/pause", "/v1/schedules/{name}/pause", body={})
    check(t, "POST", f"/v1/schedules/{name}/resume", "/v1/schedules/{name}/resume", body={})
    check(t, "POST", f"/v1/schedules/{name}/skip", "/v1/schedules/{name}/skip", body={})
    check(t, "GET", "/v1/calendar?max=5", "/v1/calendar")
    key = check(t, "POST", f"/v1/schedules/{name}/run", "/v1/schedules/{name}/run", 202, body={})["key"]
    check(t, "GET", "/v1/runs", "/v1/runs")
    check(t, "POST", f"/v1/runs/{key}/mark", "/v1/runs/{key}/mark", 400, body={"what": "x"})
    check(t, "POST", f"/v1/runs/{key}/note", "/v1/runs/{key}/note", 400, body={})
    check(t, "POST", "/v1/reload", "/v1/reload", body={})
    check(t, "GET", "/v1/gamedays", "/v1/gamedays")
    check(t, "GET", "/v1/gamedays/nix", "/v1/gamedays/{id}", 404)
    check(t, "GET", "/v1/gamedays?view=nobody", "/v1/gamedays", 400)
    check(t, "POST", "/v1/gamedays", "/v1/gamedays", 404, body={"name": name})
    return key


def test_paper():
    with Tool(program, tcp=True) as t:
        key = answers(t, "orders")
        check(t, "POST", "/v1/session", "/v1/session", body={"token": VIEWER}, tcp=True)
        check(t, "POST", "/v1/session", "/v1/session", 401, body={"token": "x" * 20}, tcp=True)
        check(t, "GET", "/v1/status", "/v1/status", 401, tcp=True)
        check(t, "POST", "/v1/halt", "/v1/halt", 403, body={}, tcp=True, token=VIEWER)
        check(t, "POST", f"/v1/runs/{key}/abort", "/v1/runs/{key}/abort", body={})
        check(t, "POST", "/v1/halt", "/v1/halt", body={"note": "enough"})
        check(t, "POST", "/v1/resume", "/v1/resume", body={}, tcp=True, token=OPERATOR)


EXPERIMENT = """apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: quiet, labels: {team: payments}}
spec:
  schedule: {every: 1h}
  probes:
    - {name: port, tcp: {host: 127.0.0.1, port: %d}, every: 100ms, timeout: 1s}
  faults:
    - {name: nothing, noop: {}, target: {host: {}}, at: 0s, for: 500ms}
  limits: {targets: 1, duration: 5s}
"""


def test_real():
    """`ordeal serve` with a run that comes to its end, and the history that it leaves."""
    with Tool(program, tcp=True) as probed:
        t = Tool(ordeal)
        os.mkdir(f"{t.dir}/experiments")
        t.write("experiments/quiet.yaml", EXPERIMENT % probed.port)
        t.write("experiments/broken.yaml", "kind: Experiment\n")
        t.command = [ordeal, "serve", f"{t.dir}/experiments", "--socket", t.socket]
        os.environ.update(XDG_STATE_HOME=f"{t.dir}/state", XDG_RUNTIME_DIR=f"{t.dir}/run")
        t.process = subprocess.Popen(t.command, stdout=subprocess.PIPE, stderr=t.errors, text=True)
        try:
            wait_for(lambda: os.path.exists(t.socket))
            w = Watcher(t)
            answers(t, "quiet")
            ended = w.until("ended")[2]
            assert ended["exit"] == 0, ended
            w.close()
            check(t, "GET", "/v1/history", "/v1/history")
            past = check(t, "GET", "/v1/history?name=quiet&label=team%3Dpayments&verdict=passed&limit=1", "/v1/history")
            assert [r["folder"] for r in past["runs"]] == [ended["run"]] and past["more"] is False, past
            assert check(t, "GET", "/v1/history?label=team%3Dx", "/v1/history")["runs"] == []
            check(t, "GET", "/v1/history?label=x", "/v1/history", 400)
            check(t, "GET", "/v1/history?verdict=fine", "/v1/history", 400)
            before = check(t, "GET", "/v1/history?before=2020-01-01T00:00:00Z", "/v1/history")
            assert before["runs"] == []
            skipped(t)
            files(t, ended["run"])
            check(t, "GET", "/v1/history/trend?name=nobody", "/v1/history/trend", 404)
            report = f"/v1/history/{ended['run']}/report"
            assert b"quiet" in check(t, "GET", report, "/v1/history/{run}/report")
            policy = t.ask("GET", report)[1]["Content-Security-Policy"]
            assert "unsafe-inline" not in policy and "sandbox" in policy, policy
            check(t, "GET", f"{report}.json", "/v1/history/{run}/report.json")
            for run in ("nix", "..%2F..", ".", "latest"):
                assert t.ask("GET", f"/v1/history/{run}/report.json")[0] in (400, 404), run
            metrics(t.ask("GET", "/metrics")[2].decode())
            t.process.terminate()
            assert t.process.wait(20) == 0, t.said()
            assert not os.path.exists(t.socket)
        except BaseException:
            print(t.said())
            raise
        finally:
            t.__exit__()


def skipped(t):
    """What was to run and did not stands between the runs, page by page."""
    at = 1893456000 * 10**9
    os.makedirs(f"{t.dir}/state/ordeal/missed", exist_ok=True)
    with open(f"{t.dir}/state/ordeal/missed/2030-01.jsonl", "w") as f:
        for k in range(3):
            record = {"outcome": "skipped", "name": "quiet", "reason": "forbid", "text": "", "run": "", "planned_ns": at + k,
                      "last_ns": at + k, "times": 1, "at_ns": at + k}
            f.write(f"\n{json.dumps(record)}\n")
    page = check(t, "GET", "/v1/history?limit=2", "/v1/history")
    assert [r["verdict"] for r in page["runs"]] == ["skipped"] * 2 and page["more"], page
    rest = check(t, "GET", f"/v1/history?limit=2&before={quote(page['before'])}", "/v1/history")
    assert [r["verdict"] for r in rest["runs"]] == ["skipped", "passed"] and not rest["more"] and rest["before"] is None, rest
    assert [r["started_ns"] - at for r in page["runs"] + rest["runs"][:1]] == [2, 1, 0]
    assert len(check(t, "GET", "/v1/history?verdict=skipped&since=2029-12-31T00:00:00Z", "/v1/history")["runs"]) == 3
    assert check(t, "GET", "/v1/history?verdict=interrupted", "/v1/history")["runs"] == []
    check(t, "GET", "/v1/history?before=x:34", "/v1/history", 400)


def files(t, run):
    """A run's folder is other people's: links, pipes and what lies beside it are no reports."""
    runs = f"{t.dir}/state/ordeal/runs"
    secret = t.write("secret", "root:")
    os.symlink(f"{runs}/{run}", f"{runs}/20260101T000000Z-link")
    for name, make in (("file", lambda p: os.symlink(secret, p)), ("pipe", os.mkfifo), ("folder", os.mkdir)):
        os.mkdir(f"{runs}/20260101T000000Z-{name}")
        make(f"{runs}/20260101T000000Z-{name}/report.html")
        make(f"{runs}/20260101T000000Z-{name}/report.json")
    for name in ("link", "file", "pipe", "folder"):
        for what in ("report", "report.json"):
            status, _, body = t.ask("GET", f"/v1/history/20260101T000000Z-{name}/{what}")
            assert status == 404 and "root:" not in str(body), (name, what, status)
    # Somebody else's page in it does nothing.
    os.mkdir(f"{runs}/20260101T000000Z-evil")
    t.write("state/ordeal/runs/20260101T000000Z-evil/report.html", "<style>a{}</style><script>alert(1)</script>" * 2)
    status, headers, _ = t.ask("GET", "/v1/history/20260101T000000Z-evil/report")
    policy = headers["Content-Security-Policy"]
    assert status == 200 and "sandbox" in policy and "default-src 'none'" in policy and "script-src" not in policy, policy
    assert headers["X-Content-Type-Options"] == "nosniff", headers


def metrics(page):
    """prometheus_client is Debian's python3's, which need not be this one."""
    judge = """
import sys
try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
except ImportError:
    sys.exit(77)
seen = {f.name: f for f in text_string_to_metric_families(sys.stdin.read())}
value = lambda name, **labels: [s.value for s in seen[name].samples if labels.items() <= s.labels.items()][0]
assert value("ordeal_schedules") == 1 and value("ordeal_schedules_broken") == 1
assert value("ordeal_runs_ended", verdict="passed") == 1
assert seen["ordeal_dispatch_lateness_seconds"].type == "histogram"
assert seen["ordeal_build"].type == "info" and value("ordeal_build", version="%s")
for name in ("ordeal_runs_running", "ordeal_runs_queued", "ordeal_runs_skipped", "ordeal_clock_steps", "ordeal_events",
             "ordeal_watchers", "ordeal_halted", "ordeal_webhooks_failed"):
    assert name in seen, name
""" % subprocess.run([ordeal, "version"], capture_output=True, text=True, check=True).stdout.split()[1]
    for python in ("/usr/bin/python3", sys.executable):
        r = subprocess.run([python, "-c", judge], input=page, text=True, capture_output=True)
        if r.returncode != 77:
            assert r.returncode == 0, r.stderr
            return
    print("metrics: python3-prometheus-client is not installed; nobody else read them")


def main():
    for test in (test_valid, test_routes, test_paper, test_real):
        test()
        print(f"ok {test.__name__}", flush=True)


main()
