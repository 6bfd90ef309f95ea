#!/usr/bin/env python3
"""test_cloudevents.py HOSTILE RUNS: events.json by CloudEvents 1.0, and annotations.json by what Grafana's API takes, of every
stored run, with names as they are and names that nobody would choose."""
import json
import os
import re
import sys

from written import Written

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")
URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+\Z")
TYPES = {"run.started", "fault.injected", "impact.detected", "alert.observed", "fault.removed", "recovered", "run.finished",
         "run.aborted"}
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def judge_event(e):
    for key, v in e.items():
        if not re.fullmatch("[a-z0-9]{1,20}", key):
            yield f"attribute '{key}'"
        if key != "data" and (not isinstance(v, str) or not v or CONTROL.search(v)):
            yield f"{key}: {v!r}"
    for key in ("id", "source", "specversion", "type"):
        if key not in e:
            yield f"no {key}"
    if e.get("specversion") != "1.0":
        yield "specversion"
    if not URI.match(str(e.get("source", ""))) or re.search("%(?![0-9A-F]{2})", str(e.get("source"))):
        yield f"source {e.get('source')!r} is not a URI reference"
    if not RFC3339.match(str(e.get("time"))):
        yield f"time {e.get('time')!r}"
    if str(e.get("type")).removeprefix("dev.ordeal.") not in TYPES:
        yield f"type {e.get('type')!r}"
    if e.get("datacontenttype") != "application/json" or not isinstance(e.get("data"), dict):
        yield "data"


def judge(text):
    batch = json.loads(text, parse_constant=lambda c: sys.exit(f"{c} is not JSON"))
    if not isinstance(batch, list) or not batch:
        return ["not a batch"]
    wrong = [w for e in batch for w in judge_event(e)]
    if len({(e["source"], e["id"]) for e in batch}) != len(batch):
        wrong.append("source and id are not unique")
    kinds = [e["type"] for e in batch]
    if kinds[0] != "dev.ordeal.run.started" or kinds[-1] not in ("dev.ordeal.run.finished", "dev.ordeal.run.aborted"):
        wrong.append("a run starts, and is finished or aborted")
    return wrong


def judge_annotations(text):
    bodies = json.loads(text)
    for b in bodies:
        for key in ("time", "timeEnd"):
            # Milliseconds: of this century.
            if key in b and (not isinstance(b[key], int) or not 946684800000 < b[key] < 4102444800000):
                yield f"{key}: {b[key]!r}"
        if b.get("timeEnd", b["time"]) < b["time"]:
            yield "it ends before it begins"
        if set(b) - {"time", "timeEnd", "tags", "text"} or not {"time", "tags", "text"} <= set(b):
            yield f"keys {sorted(b)}"
        if any(not isinstance(t, str) or not t or len(t) > 110 or CONTROL.search(t) for t in b["tags"]):
            yield f"tags {b['tags']}"
        if not isinstance(b["text"], str) or len(b["text"]) > 500 or CONTROL.search(b["text"]):
            yield f"text {b['text']!r}"


def main():
    w = Written(sys.argv[1:])
    good = {"specversion": "1.0", "id": "1", "source": "/a", "type": "dev.ordeal.run.started",
            "time": "2026-11-21T00:00:00Z", "datacontenttype": "application/json", "data": {}}
    w.expect(list(judge_event(good)), "good")
    for change in ({"id": ""}, {"time": "21.11.2026"}, {"type": "run"}, {"dataContentType": "x"}, {"source": "a b"},
                   {"specversion": "0.3"}, {"sequence": 7}, {"data": None}, {"source": "/%zz"}):
        if not list(judge_event({**good, **change})):
            w.fail(f"bad: {change} was taken")
    for run in w.runs:
        for seed in range(0, int(os.environ.get("ORDEAL_SEEDS", "6"))):
            w.expect(judge(w.report(run, "cloudevents", seed)), f"{run}: events, seed {seed}")
            w.expect(list(judge_annotations(w.report(run, "grafana", seed))), f"{run}: annotations, seed {seed}")
        if w.report(run, "cloudevents") != w.report(run, "cloudevents"):
            w.fail(f"{run}: other ids the second time")
    w.end()


if __name__ == "__main__":
    main()
