#!/usr/bin/env python3
"""test_collector.py ORDEAL SOURCE BUILD: stored runs sent to the OpenTelemetry Collector's own OTLP receiver, which is built
from the Go module proxy; what it passes on is what trace.json says. Skipped where there is neither Go nor the proxy."""
import glob
import json
import os
import queue
import subprocess
import sys
import threading
import urllib.error
import urllib.request


def skip(why):
    print(why)
    sys.exit(77)


def build(source, folder):
    found = subprocess.run([source + "/tests/cluster/toolchain"], capture_output=True, text=True)
    if found.returncode == 77:
        skip(found.stderr.strip() or "no Go")
    go, program = found.stdout.strip(), folder + "/otlp-receiver"
    env = dict(os.environ, GOFLAGS="-modcacherw -mod=readonly -buildvcs=false", GOTOOLCHAIN="local")
    made = subprocess.run([go, "build", "-o", program, "."], cwd=source + "/tests/formats/collector", env=env,
                          capture_output=True, text=True)
    if made.returncode and ("dial tcp" in made.stderr or "i/o timeout" in made.stderr):
        skip("the Go module proxy cannot be reached: " + made.stderr.strip()[-300:])
    if made.returncode:
        sys.exit(made.stderr)
    return program


class Receiver:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        self.url = "http://" + self.next().split()[-1]

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)

    def next(self):
        return self.lines.get(timeout=20)

    def end(self):
        self.process.terminate()
        self.process.wait(10)


def plain(v):
    """A value without its kind's name; an unset one is an empty text."""
    return next(iter(v.values()), "")


def told(span):
    """What a span says, whichever way it is written."""
    events = [(e["timeUnixNano"], e["name"], [(a["key"], plain(a["value"])) for a in e.get("attributes", [])])
              for e in span.get("events", [])]
    return (span["traceId"], span["spanId"], span.get("parentSpanId", ""), span["name"], span["kind"],
            span["startTimeUnixNano"], span["endTimeUnixNano"], [(a["key"], plain(a["value"])) for a in span["attributes"]]
            if span.get("attributes") else [], events, span.get("droppedEventsCount", 0),
            span.get("status", {}).get("code", 0), span.get("status", {}).get("message", ""))


def spans(request):
    return [told(s) for r in request["resourceSpans"] for c in r["scopeSpans"] for s in c["spans"]]


def refuses(url, body):
    request = urllib.request.Request(url + "/v1/traces", body, {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as e:
        return e.code == 400
    return False


def main():
    ordeal, source, folder = sys.argv[1:4]
    receiver, wrong = Receiver(build(source, folder)), 0
    try:
        for run in sorted(glob.glob(source + "/tests/golden/runs/*")):
            subprocess.run([ordeal, "report", run, "--send", "otlp=" + receiver.url], check=True)
            got = spans(json.loads(receiver.next()))
            sent = spans(json.loads(subprocess.run([ordeal, "report", run, "--format", "otlp", "--print"],
                                                   capture_output=True, check=True).stdout))
            if got != sent or not sent:
                wrong += 1
                print(f"{run}: {len(sent)} spans were sent, {len(got)} received, which differ:",
                      next(((a, b) for a, b in zip(sent, got) if a != b), ""))
        # The receiver is one that can say no.
        if not refuses(receiver.url, b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}'):
            wrong += 1
            print("a trace id that is none was taken")
    finally:
        receiver.end()
    sys.exit(f"{wrong} wrong" if wrong else 0)


if __name__ == "__main__":
    main()
