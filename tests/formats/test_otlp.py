#!/usr/bin/env python3
"""test_otlp.py HOSTILE RUNS: the judge of OTLP JSON on requests that are right and wrong, and trace.json of every stored run,
with names as they are and names that nobody would choose."""
import copy
import json
import os
import sys

from otlp import judge
from written import Written, folder

# The identifiers and times of the example in opentelemetry-proto, in a request of our own.
GOOD = {"resourceSpans": [{
    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "a"}}]},
    "scopeSpans": [{"scope": {"name": "b", "version": "1"}, "spans": [{
        "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174", "parentSpanId": "",
        "name": "c", "kind": 2, "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000",
        "attributes": [{"key": "d", "value": {"intValue": "-9223372036854775808"}}],
        "events": [{"timeUnixNano": "1544712660500000000", "name": "e", "attributes": []}],
        "status": {"code": 1}}]}]}]}


def changed(**keys):
    request = copy.deepcopy(GOOD)
    span = request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    for key, value in keys.items():
        if value is None:
            del span[key]
        else:
            span[key] = value
    return request


def bad_requests():
    yield "base64 id", changed(traceId="W47/95gDgQPSabYzgT/GDA=="), "hexadecimal"
    yield "short id", changed(spanId="EEE19B7EC3C1B1"), "hexadecimal"
    yield "zero trace", changed(traceId="0" * 32), "all zero"
    yield "zero span", changed(spanId="0" * 16), "all zero"
    yield "enum by name", changed(kind="SPAN_KIND_SERVER"), "not an integer"
    yield "status by name", changed(status={"code": "STATUS_CODE_OK"}), "not an integer"
    yield "time as a number", changed(startTimeUnixNano=1544712660000000000), "not a text"
    yield "time with an exponent", changed(startTimeUnixNano="1.5e18"), "decimal"
    yield "snake_case", changed(start_time_unix_nano="1"), "unknown key"
    yield "no name", changed(name=""), "empty"
    yield "name left out", changed(name=None), "no 'name'"
    yield "ends before it begins", changed(endTimeUnixNano="1544712659000000000"), "before it begins"
    yield "link to nowhere", changed(links=[{"traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "00f067aa0ba902b7"}]), "links to"
    yield "parent that is not there", changed(parentSpanId="00f067aa0ba902b7"), "parent"
    yield "int value as a number", changed(attributes=[{"key": "d", "value": {"intValue": 5}}]), "not a text"
    yield "two kinds", changed(attributes=[{"key": "d", "value": {"intValue": "5", "boolValue": True}}]), "one kind"
    yield "key twice", changed(attributes=[{"key": "d", "value": {"boolValue": True}}] * 2), "twice"
    yield "kind 6", changed(kind=6), "integer from 0 to 5"
    yield "no spans", {"resourceSpans": [{**GOOD["resourceSpans"][0], "scopeSpans": []}]}, "at least 1"
    yield "empty envelope", {"resourceSpans": []}, "at least 1"
    yield "the older name", {"instrumentationLibrarySpans": []}, "unknown key"


def judge_runs(w, seeds):
    for run in w.runs:
        for seed in seeds:
            text = w.report(run, "otlp", seed)
            w.expect(judge(text), f"{run}: seed {seed}")
        if w.report(run, "otlp") != w.report(run, "otlp"):
            w.fail(f"{run}: other bytes the second time")
    spans = [s for r in w.runs for s in
             json.loads(w.report(r, "otlp"))["resourceSpans"][0]["scopeSpans"][0]["spans"]]
    names = {s["name"].split(":")[0] for s in spans}
    missing = {"repetition", "baseline", "inject", "fault in force", "impact", "detect", "rollback", "recover"} - names
    if missing:
        w.fail(f"no span in any run: {missing}")
    # 128 events at most, and those that were left out are counted.
    for s in spans:
        said = int({a["key"]: list(a["value"].values())[0] for a in s["attributes"]}.get("ordeal.probe_failures", 0))
        told = sum(e["name"] == "probe failure" for e in s.get("events", []))
        if said != told + s.get("droppedEventsCount", 0) or told > 128:
            w.fail(f"{s['name']}: {said} failures, {told} told, {s.get('droppedEventsCount', 0)} said to be dropped")


def trace_of_an_exemplar(w):
    """The exemplars of report.om name spans that trace.json has."""
    named = 0
    for run in w.runs:
        spans = w.report(run, "otlp")
        for line in w.report(run, "openmetrics").decode().split("\n"):
            if " # {" in line:
                trace, span = (part.split('"')[0] for part in line.split(" # {")[1].split('="')[1:3])
                named += 1
                if trace.encode() not in spans or span.encode() not in spans:
                    w.fail(f"{run}: the exemplar's trace {trace} is not in trace.json")
    if not named:
        w.fail("no exemplar in any run")


def requests_that_began_traces(w):
    """Of a run whose requests carried traceparent: a span in each one's own trace, and links from there to the run and back."""
    run = next(r for r in w.runs if r.endswith("slow-store"))
    with folder() as there:
        began = 0
        with open(run + "/run.jsonl", encoding="utf-8") as old, open(there + "/run.jsonl", "w", encoding="utf-8") as new:
            for n, line in enumerate(old):
                if '"e":"sample"' in line:
                    line = line.rstrip()[:-1] + ',"trace":"%032x"}\n' % (0x4bf92f3577b34da6a3ce929d0e0e4736 + n)
                new.write(line)
        text = w.report(there, "otlp")
        w.expect(judge(text), "with traces")
        spans = json.loads(text)["resourceSpans"][0]["scopeSpans"][0]["spans"]
        for s in spans:
            if s["name"] == "repetition":
                links = {link["traceId"] + link["spanId"] for link in s.get("links", [])}
                told = [a["value"]["stringValue"] for e in s.get("events", []) for a in e["attributes"]
                        if a["key"] == "ordeal.probe.trace_id"]
                began += len(told)
                if links != {trace + trace[16:] for trace in told}:
                    w.fail(f"{len(links)} links of {len(told)} requests")
        if not began or began != sum(s["kind"] == 3 for s in spans):
            w.fail(f"{began} requests were told of, {sum(s['kind'] == 3 for s in spans)} have a span")


def main():
    w = Written(sys.argv[1:])
    w.expect(judge(json.dumps(GOOD).encode()), "good")
    for name, request, says in bad_requests():
        found = judge(json.dumps(request).encode())
        if not found or says not in found[0]:
            w.fail(f"bad: {name}: expected '{says}', found {found}")
    for text in (b"", b"{", b'{"resourceSpans":[],"resourceSpans":[]}', b"[]", b"NaN"):
        if not judge(text):
            w.fail(f"{text!r} was taken")
    judge_runs(w, range(0, int(os.environ.get("ORDEAL_SEEDS", "6"))))
    trace_of_an_exemplar(w)
    requests_that_began_traces(w)
    w.end()


if __name__ == "__main__":
    main()
