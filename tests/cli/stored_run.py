#!/usr/bin/env python3
"""stored_run.py DIR ID MS... [KEY=JSON]... [-- ID ...]...: a run's folder DIR/ID with a run.jsonl as `ordeal run` writes it, in which
repetition k recovers by itself after the k-th number of milliseconds; `never`: only when the fault is taken away; `aborted`:
the run ends there. KEY is of the plan, or wall_s: when it started, in seconds."""
import json
import os
import sys

STEP = 100


def sample(rep, probe, at, good):
    line = {"e": "sample", "t": (at + 20) * 10**6, "rep": rep, "p": probe, "n": at // STEP, "due": at * 10**6,
            "sent": at * 10**6, "done": (at + 20) * 10**6, "o": "ok" if good else "refused", "good": good}
    if not good:
        line["why"] = "connection refused"
    return line


def fault(rep, t, state, **more):
    return {"e": "fault", "t": t * 10**6, "rep": rep, "fault": "slow", "state": state, **more}


def repetition(rep, zero, bad):
    """Requested at 3 s, in force until 8 s, watched until 13 s."""
    until = 8200 if bad in ("never", "aborted") else 3100 + int(bad)
    out = [{"e": "phase", "t": zero * 10**6, "rep": rep, "phase": "steady-before"},
           {"e": "steady", "t": (zero + 2900) * 10**6, "rep": rep, "when": "before", "holds": True, "conditions": []},
           fault(rep, zero + 3000, "requested"),
           fault(rep, zero + 3010, "injected", requested_t=(zero + 3000) * 10**6, at_t=(zero + 3005) * 10**6)]
    end = 6000 if bad == "aborted" else 13000
    out += [sample(rep, "orders", zero + at, True) for at in range(0, 3100, STEP)]
    out += [sample(rep, "orders", zero + at, False) for at in range(3100, min(until, end), STEP)]
    out += [sample(rep, "orders", zero + at, True) for at in range(until, end, STEP)]
    if bad == "aborted":
        out.append({"e": "abort", "t": (zero + end) * 10**6, "rep": rep, "cause": "signal", "text": "SIGINT"})
        end += 100
    else:
        end = 8000
    out += [fault(rep, zero + end, "reverting", cause="removed"),
            fault(rep, zero + end + 20, "reverted", cause="removed", residue=0, left=[])]
    if bad != "aborted":
        out.append({"e": "steady", "t": (zero + 12900) * 10**6, "rep": rep, "when": "after", "holds": True,
                    "conditions": []})
    return out


def main(home, run, *args):
    bads = [a for a in args if "=" not in a]
    plan = {"schema": 1, "name": "orders", "hypothesis": "It holds.", "labels": {}, "seed": 7, "hash": "abc",
            "repetitions": len(bads), "placebo": False, "expect_impact": True, "recovery_ns": 5 * 10**9,
            "cooldown_ns": 0,
            "probes": [{"name": "orders", "role": "user", "kind": "http", "every_ns": STEP * 10**6,
                        "timeout_ns": 10**9, "what": "GET http://127.0.0.1/", "expect": {}}],
            "steady_state": [], "abort": [],
            "objectives": [{"text": "recover(self) within 4s hold 1s", "kind": "recover", "mode": "self",
                            "within_ns": 4 * 10**9, "hold_ns": 10**9}],
            "faults": [{"name": "slow", "fault": "net.delay", "class": "kernel", "args": {"delay_ns": 200000000},
                        "target": {"kind": "process", "text": "orders", "count": 1}, "at_ns": 0, "for_ns": 5 * 10**9}],
            "limits": {"targets": 1}}
    for a in args:
        if "=" in a:
            key, value = a.split("=", 1)
            plan[key] = json.loads(value)
    wall = plan.pop("wall_s", 1795000000)
    lines = [{"e": "run", "t": 0, "version": 1, "run": run, "ordeal": "0.1.0", "wall_ns": wall * 10**9,
              "mono_ns": 77 * 10**9, "host": {"kernel": "6.1", "cpus": 2, "name": "h"}, "argv": ["run"], "plan": plan}]
    for k, bad in enumerate(bads):
        lines += repetition(k + 1, k * 15000, bad)
    aborted = "aborted" in bads
    lines.append({"e": "end", "t": len(bads) * 15000 * 10**6, "cause": "aborted" if aborted else "complete"})
    os.makedirs(os.path.join(home, run))
    with open(os.path.join(home, run, "run.jsonl"), "w", encoding="utf-8") as out:
        for line in lines:
            out.write(json.dumps(line, separators=(",", ":")) + "\n")


args = sys.argv[2:]
while args:
    n = args.index("--") if "--" in args else len(args)
    main(sys.argv[1], *args[:n])
    args = args[n + 1:]
