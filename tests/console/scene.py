"""What a busy folder looks like: answers for the feeder, with every state that a schedule, a run and a past run can have."""
import datetime
import math
import urllib.parse

import days
import feeder


def schedule(name, text, **more):
    base = {"name": name, "file": name + ".yaml", "sha256": "00", "kind": "Experiment", "labels": {"team": "payments"}, "schedule": text,
            "state": "scheduled" if text else "unscheduled", "message": None, "paused": False, "skip_next": False, "next": None,
            "concurrency": "forbid", "catch_up": "skip", "last": None, "running": [], "queued": 0}
    return {**base, **more}


def due(seconds):
    return {"at": feeder.instant(seconds), "planned": feeder.instant(seconds)}


def schedules(hostile=""):
    last = {"run": "20261121T100000Z-orders-1", "verdict": "passed: 2 of 2 objectives met", "exit": 0, "at": feeder.instant(-7200)}
    return [
        schedule("orders-survive-slow-database" + hostile, "cron 0 10 * * mon-fri, Europe/Berlin", next=due(4000), last=last, running=["r1"]),
        schedule("checkout-partition", "every 90m", next=due(900), last={**last, "verdict": "failed", "exit": 1}),
        schedule("hung-store" + hostile, "cron 30 3 * * *, UTC", paused=True, last={**last, "verdict": "inconclusive", "exit": 5}),
        schedule("node-drain", "cron 0 14 * * tue#1, America/New_York", next=due(90000), skip_next=True),
        schedule("cache-loss", "every 10m", next=due(300), queued=1),
        schedule("broken-one" + hostile, "every 1h", state="broken", stale=True, next=due(1200),
                 message="broken-one.yaml:7:12: there is no fault 'net.dealy', did you mean 'net.delay'?" + hostile),
        schedule("torn", None, state="broken", message="torn.yaml:3:1: a key without a value"),
        schedule("by-hand", None), schedule("once", "at 2026-11-20T10:00:00Z", state="finished", last=last),
        schedule("monkey", "one of 3, 09:00-17:00 mon-fri, Europe/Berlin", kind="Schedule", next=due(52000), labels={}),
    ]


def calendar(hostile=""):
    def answer(url):
        query = dict(urllib.parse.parse_qsl(url.query))
        start = datetime.datetime.fromisoformat(query["from"].replace("Z", "+00:00"))
        runs = []
        for day in range(8):
            midnight = start.replace(hour=0, minute=0, second=0, microsecond=0) + datetime.timedelta(days=day)
            for name, minutes, zone in (("orders-survive-slow-database" + hostile, [540], "Europe/Berlin"), ("hung-store" + hostile, [210], "UTC"),
                                        ("cache-loss", list(range(600, 780, 10)), "UTC"), ("node-drain", [1140] if day == 2 else [], "America/New_York"),
                                        ("checkout-partition", list(range(0, 1440, 90)) if day < 3 else [], "UTC"), ("monkey", [811], "Europe/Berlin")):
                for minute in minutes:
                    at = midnight + datetime.timedelta(minutes=minute)
                    if start <= at < start + datetime.timedelta(days=7):
                        text = at.strftime("%Y-%m-%dT%H:%M:%SZ")
                        runs.append({"at": text, "planned": text, "name": name, "file": name + ".yaml", "local": "", "timezone": zone,
                                     "chosen": "cpu-burn" if name == "monkey" else None})
        return {"runs": sorted(runs, key=lambda r: r["at"]), "truncated": False}
    return answer


def run(key, name, **more):
    base = {"run": "20261122T000000Z-%s" % key, "key": key, "name": name, "reason": "schedule", "planned": feeder.instant(0), "at": feeder.instant(0),
            "state": "running", "waits_for": None, "phase": "steady-before", "repetition": [2, 5], "dir": "/var/lib/ordeal/runs/x",
            "faults": [{"name": "slow-database", "fault": "net.delay", "state": "waiting"}],
            "probes": [{"name": "orders", "role": "user"}, {"name": "breaker", "role": "signal"}]}
    return {**base, **more}


def runs(hostile=""):
    return [run("d1", "orders-survive-slow-database" + hostile),
            run("d2", "cache-loss", run="", state="queued", phase=None, repetition=None, faults=[], probes=[], waits_for="orders-survive-slow-database holds process orders" + hostile)]


def figure(median, n=5, worst=None, above=None):
    return {"n": n, "never": 0 if median else n, "median_ns": median, "worst_known_ns": worst or median, "median_above_ns": above, "worst_above_ns": above}


def past(hostile=""):
    out = []
    for i in range(60):
        name = ["orders-survive-slow-database" + hostile, "checkout-partition", "hung-store"][i % 3]
        wave = 1 + 0.4 * math.sin(i * 1.7) + (1.2 if i < 20 else 0)
        verdict = ["passed", "passed", "failed", "inconclusive", "passed", "aborted"][i * 7 % 6]
        never = i % 13 == 5
        out.append({"folder": "2026112%dT100000Z-%d" % (i % 2, i), "id": str(i), "name": name, "plan_hash": "a" if i < 33 else "b", "verdict": verdict,
                    "exit": 0, "text": "1 of 2 objectives missed: recover(after_rollback) within 5s", "labels": {"team": "payments"}, "gone": i == 4,
                    "tags": ["main"] if i == 0 else [], "started_ns": 1795305600000000000 - i * 7200 * 10**9,
                    "objectives": [{"objective": "a", "result": "met"}, {"objective": "b", "result": "met" if verdict == "passed" else "missed"}],
                    "figures": {"ttr_after": figure(None if never else int(1.3e9 * wave), worst=int(2e9 * wave), above=int(4.9e9) if never else None),
                                "ttd:breaker" + hostile: figure(int(4.2e8 * wave), worst=int(6e8 * wave))}})
    out[7:7] = [{"folder": None, "name": "hung-store", "verdict": "skipped", "reason": "paused", "planned_ns": out[7]["started_ns"] + 10**9, "times": 3, "labels": {},
                 "text": None, "gone": False, "tags": [], "objectives": [], "figures": {}, "plan_hash": None}]
    return out


def history(hostile=""):
    def answer(url):
        query = dict(urllib.parse.parse_qsl(url.query))
        found = [r for r in past(hostile) if query.get("name", r["name"]) == r["name"] and query.get("verdict", r["verdict"]) == r["verdict"]]
        return {"schema": 1, "runs": found[:int(query.get("limit", 100))], "more": len(found) > int(query.get("limit", 100))}
    return answer


def trend(url):
    name = dict(urllib.parse.parse_qsl(url.query))["name"]
    found = [{**r, "figure": r["figures"]["ttr_after"]} for r in reversed(past()) if r["name"] == name]
    changes = [{"run": 9, "n_before": 9, "median_before_ns": 1300000000, "n_after": 11, "median_after_ns": 2700000000, "p": 0.00031}] if found else []
    return {"schema": 1, "name": name, "figure": "ttr_after", "runs": found, "plans": [{"first": 0, "runs": 9, "changes": []}, {"first": 9, "runs": 11, "changes": changes}]}


def answers(hostile="", **more):
    status = {"version": "0.1.0", "since": feeder.instant(-90000), "dir": "/etc/ordeal/experiments" + hostile, "halted": False, "halted_since": None, "halted_by": None,
              "schedules": 10, "broken": 2, "running": 1, "queued": 1, "clock": {"steps": 0, "last_step_ns": 0},
              "lateness_ns": {"n": 4711, "p50": 92000, "p99": 640000, "max": 3100000}}
    return {"/v1/session": {"who": "uid 1000" + hostile, "role": "operator"}, "/v1/status": status, "/v1/schedules": {"schedules": schedules(hostile), "total": 10},
            "/v1/runs": {"runs": runs(hostile)}, "/v1/calendar": calendar(hostile), "/v1/history": history(hostile), "/v1/history/trend": trend,
            "/v1/halt": {}, "/v1/resume": {}, **days.answers(hostile), **more}


def strip(i, key="d1", at=0.0):
    """A quarter of a second: bad for a while after 12 s, as if a fault had come."""
    bad = 48 <= i % 240 < 130
    return {"key": key, "run": "r", "t": round(at + i / 4, 3), "probes": [
        {"name": "orders", "good": 0 if bad else 5, "bad": 5 if bad else 0, "unknown": 1 if i % 97 == 0 else 0, "latency_ms": (620 if bad else 21) + i * 7 % 13},
        {"name": "breaker", "good": 5 if 54 <= i % 240 < 140 else 0, "bad": 0 if 54 <= i % 240 < 140 else 5, "unknown": 0, "latency_ms": 3 + i % 5}]}


def phases(key="d1"):
    """What comes before the strips of one repetition, by the strip's number."""
    def of(phase, state):
        return {"key": key, "phase": phase, "faults": [{"name": "slow-database", "fault": "net.delay", "state": state}]}
    return {0: of("steady-before", "waiting"), 44: of("inject", "waiting"), 46: of("hold", "injected"), 128: of("revert", "injected"), 130: of("recovery", "reverted")}


def live(n=168):
    """Of a run that began a while ago: its strips so far at once, each phase at its time."""
    def events(_):
        changes, number = phases(), 0
        yield b": hello\n\n"
        for i in range(n):
            if i % 240 in changes:
                number += 1
                yield feeder.event(number, "phase", {**changes[i % 240], "t": i / 4})
            number += 1
            yield feeder.event(number, "strip", strip(i))
        for kind, data in (("skipped", {"name": "hung-store", "planned": feeder.instant(0), "reason": "paused"}), ("store", {"file": "torn.yaml", "message": "a key without a value", "line": 3, "column": 1}),
                           ("note", {"name": "orders-survive-slow-database", "note": "pager went off"})):
            number += 1
            yield feeder.event(number, kind, data)
        yield days.told()
    return events
