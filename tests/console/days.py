"""What the daemon answers about game days, for the feeder: one session that is held, one that was left, one that is over.

The lines, and the report, are those that a session writes (docs/formats/gameday.md)."""
import urllib.parse

import feeder

ID = "20261122T100000Z-first-day"
LEFT = "20261120T100000Z-first-day"
OVER = "20261115T100000Z-first-day"
PROSE = "We learn how we notice that orders fail, and whether they come back without us. Anybody may say hold or abort."
SECRET = "store-hangs"
REPORT = """# Game day: first-day

## Expected and actual

| Step | | Expected | Actual, as seen by ordeal's probes | |
| --- | --- | --- | --- | --- |
| 1. The first surprise | impact | Orders fail for a second or two | felt for 1.05 s \\[1.00, 1.07\\], orders: 21 of 142 failed | |
| 1. The first surprise | response | The breaker opens; the store's keeper starts it again | breaker noticed, 25 ms \\[0, 41\\], detected by responder, 2 ms \\[2, 18\\] | |
| 1. The first surprise | time to detect | within 2s | 2 ms \\[2, 18\\] by responder | within |
| 1. The first surprise | time to recover | within 5s | 1.05 s \\[1.00, 1.07\\] | within |
| 2. The second surprise | time to recover | within 5s | 7.00 s \\[6.95, 7.04\\] | later |

Times count from the first impact that probes saw; in brackets is what bounds them.

## Timeline

| UTC | Source | What |
| --- | --- | --- |
| 2026-11-22T03:32:18.600Z | session | step 1: checks |
"""
DRAFT = """# Post-mortem: game day first-day

## Status

- Date: 2026-11-22T03:32:18.599Z
- Session: 20261122T033218Z-first-day

<!-- blank: authors -->
_To be filled in: Who wrote this, and who has reviewed it?_
<!-- end -->

## Action items

| Action | Type | Owner |
| --- | --- | --- |
|  | mitigate, prevent |  |
"""


def checks(clock="cannot"):
    return [{"check": "steady-state", "result": "pass", "text": "holds: 1 condition, before and after"},
            {"check": "alerts", "result": "cannot", "text": "the experiment names neither Prometheus nor Alertmanager"},
            {"check": "rollback", "result": "pass", "text": "noop was injected in the place of the faults, and taken back in 800us"},
            {"check": "clock", "result": clock, "text": "the kernel knows of nobody who keeps this machine's clock in time"},
            {"check": "disk", "result": "pass", "text": "63GiB free for what is recorded"}]


def steps(hostile="", view="all"):
    first = {"n": 1, "name": "The first surprise" + hostile, "hidden": False, "revealed": False, "state": "done", "experiment": "store-killed" + hostile,
             "faults": ["store-killed: proc.kill on listening 7070 for 5s" + hostile],
             "expect": {"impact": "Orders fail for a second or two", "response": "The breaker opens; the store's keeper starts it again",
                        "detect_within": "2s", "recover_within": "5s"},
             "checks": checks(), "time_box_ms": 120000, "rollback": "nothing to do, the keeper starts the store again", "run": "20261122T100000Z-d0",
             "verdict": "passed: 2 of 2 objectives met"}
    second = {"n": 2, "name": "The second surprise" + hostile, "hidden": True, "revealed": False, "state": "running", "time_box_ms": 120000, "since": feeder.instant(-17), "went": feeder.instant(-17)}
    if view == "all":
        second.update({"experiment": SECRET, "faults": ["store-hangs: proc.pause on listening 7070 for 60s"], "checks": checks(), "key": "d1", "phase": "hold",
                       "run": "20261122T000000Z-d1", "expect": {"impact": "Orders are refused for as long as it lasts", "detect_within": "2s"}})
    return [first, second]


def lines(hostile="", view="all"):
    out = [{"e": "session", "version": 1, "id": ID, "name": "first-day"}, {"e": "checks", "step": 1}]
    out += [{"e": "check", "step": 1, **c} for c in checks()]
    out += [{"e": "ready", "step": 1}, {"e": "go", "step": 1, "by": "owner"}, {"e": "run", "step": 1, "run": "r"}, {"e": "phase", "step": 1, "text": "hold"},
            {"e": "mark", "step": 1, "by": "responder" + hostile, "what": "detected", "text": "the breaker is open" + hostile},
            {"e": "ended", "step": 1, "text": "passed: 2 of 2 objectives met", "exit": 0}, {"e": "steady", "step": 1, "result": "pass", "text": "holds"},
            {"e": "checks", "step": 2}, {"e": "ready", "step": 2}, {"e": "go", "step": 2, "by": "owner", "overrule": True}, {"e": "run", "step": 2}]
    if view == "all":
        out.append({"e": "phase", "step": 2, "text": "hold"})
        out.append({"e": "note", "step": 2, "by": "owner", "text": SECRET + " is in force"})
    out.append({"e": "note", "step": 2, "by": "responder", "text": "orders wait"})
    went = next(i for i, x in enumerate(out) if x["e"] == "go" and x["step"] == 2)
    return [{"at": feeder.instant(i - went - 17), **x} for i, x in enumerate(out)]


def live(n=0):
    """What the running step's probes saw after so many quarters of a second, counted since its run began."""
    t, good, bad = 17 + n / 4, 300 + min(n, 8) * 5, max(0, n - 8) * 5
    return {"step": 2, "run": "20261122T000000Z-d1", "t": t, "phase": "hold", "faults": [{"name": SECRET, "fault": "proc.pause", "state": "injected"}],
            "probes": [{"name": "orders", "role": "user", "good": good, "bad": bad, "unknown": 0, "latency_ms": 20.5 + n % 7},
                       {"name": "breaker", "role": "signal", "good": bad, "bad": good, "unknown": 0, "latency_ms": 3.1}]}


def told(n=40):
    """The same as events."""
    return b"".join(feeder.event(1000 + i, "gameday", {"id": ID, "live": live(i)}) for i in range(n))


def session(hostile="", view="all", role="operator"):
    may = {"operator": ["hold", "abort", "note", "mark", "reveal"], "responder": ["note", "mark", "abort"], "viewer": []}[role]
    return {"id": ID, "name": "first-day" + hostile, "at": feeder.instant(-300), "state": "held", "step": 2, "view": view, "briefing": PROSE + hostile,
            "step_state": "running", "roles": [{"name": "owner", "does": "says go, hold and abort", "knows": True},
                                               {"name": "responder", "does": "watches the service" + hostile, "knows": False}],
            "steps": steps(hostile, view), "may": may, "overrule": False, "report": False, **({"live": live()} if view == "all" else {})}


def over():
    s = session()
    for step in s["steps"]:
        step.update({"state": "done", "revealed": True, "verdict": "passed: 2 of 2 objectives met"})
    return {**s, "id": OVER, "state": "over", "may": [], "report": True}


def answers(hostile="", role="operator"):
    def seen(url):
        wanted = dict(urllib.parse.parse_qsl(url.query))
        return "all" if role == "operator" and wanted.get("view") != "responder" else "responder"

    def some(url):
        after, all_lines = int(dict(urllib.parse.parse_qsl(url.query)).get("after", 0)), lines(hostile, seen(url))
        return {"lines": all_lines[after:], "next": len(all_lines)}
    rows = [{"id": i, "name": "first-day" + hostile, "at": feeder.instant(-at), "state": state, "step": 2, "steps": 2, "step_state": said}
            for i, at, state, said in ((ID, 300, "held", "running"), (LEFT, 180000, "left", "ready"), (OVER, 600000, "over", "done"))]
    left = {**session(hostile), "id": LEFT, "state": "left", "may": ["resume"]}
    there = "/v1/gamedays/"
    return {"/v1/gamedays": {"sessions": rows, "files": [{"name": "first-day" + hostile, "file": "game-day/day.yaml", "steps": 2}]},
            there + ID: lambda url: session(hostile, seen(url), role), there + ID + "/lines": some, there + LEFT: left, there + LEFT + "/lines": {"lines": [], "next": 0},
            there + OVER: over(), there + OVER + "/lines": some,
            there + OVER + "/report": REPORT, there + OVER + "/postmortem": DRAFT}
