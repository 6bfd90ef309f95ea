#!/usr/bin/python3
"""rich.py DIR [BASELINE]: writes DIR/run.jsonl, an invented run in which everything is that a page can show.

What is drawn is under test here, not what is measured: eight repetitions and a placebo, every outcome of a sample, recoveries by
itself, after the rollback and never, an alert with all its stages, rules that cannot fire or fire already, clocks, people's marks,
an error budget; with BASELINE, a baseline file, a comparison. Without one it is a quicker run of the same plan, to make that file of.
The same bytes each time.
"""
import json
import os
import sys

S = 1_000_000_000
MS = 1_000_000
REPS = 8
LENGTH = 26 * S
PROM = "prometheus:SlowOrders/firing"
AM = "alertmanager:SlowOrders/notified"


class Numbers:
    """Small and the same everywhere."""

    def __init__(self, seed):
        self.x = seed

    def below(self, n):
        self.x = (self.x * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return (self.x >> 33) % n


def plan():
    def goal(text, kind, **more):
        return {"text": text, "kind": kind, **more}

    return {
        "schema": 1, "name": "rich", "seed": 4711, "hash": "0123456789abcdef" * 4, "repetitions": REPS, "placebo": True,
        "hypothesis": "When the store hangs, the service notices within 2 s, somebody is told within 20 s, and users are served "
                      "again within 12 s by the service itself.",
        "expect_impact": True, "recovery_ns": 8 * S, "cooldown_ns": S,
        "slo": {"target_ppm": 999000, "window_ns": 30 * 86400 * S, "method": "occurrences"},
        "detection": {"prometheus": {"url": "http://127.0.0.1:9090", "every_ns": S},
                      "alertmanager": {"url": "http://127.0.0.1:9093", "every_ns": S, "webhook": "127.0.0.1:9199"}},
        "probes": [
            {"name": "orders", "role": "user", "kind": "http", "every_ns": 100 * MS, "timeout_ns": S,
             "what": "GET http://127.0.0.1:8080/orders", "expect": {"status": [200, 200], "within_ns": 300 * MS}},
            {"name": "stock-of-the-northern-warehouse", "role": "user", "kind": "tcp", "every_ns": 200 * MS, "timeout_ns": S,
             "what": "127.0.0.1:7070"},
            {"name": "breaker", "role": "signal", "kind": "http", "every_ns": 100 * MS, "timeout_ns": S,
             "what": "GET http://127.0.0.1:8080/metrics"}],
        "steady_state": [], "abort": [],
        "objectives": [
            goal("detect(breaker) within 2s", "detect", channel="breaker", within_ns=2 * S),
            goal("detect(%s) within 9s" % PROM, "detect", channel=PROM, within_ns=9 * S),
            goal("detect(%s) within 20s" % AM, "detect", channel=AM, within_ns=20 * S),
            goal("recover(self) within 12s hold 2s", "recover", mode="self", within_ns=12 * S, hold_ns=2 * S),
            goal("recover(after_rollback) within 3s hold 2s", "recover", mode="after_rollback", within_ns=3 * S, hold_ns=2 * S),
            goal("budget(99.9%, 30d) < 1%", "budget", target_ppm=999000, window_ns=30 * 86400 * S, below_ppm=10000),
            goal("no_regression(ttr_self) margin 25% against last-week", "no_regression", metric="ttr_self", margin_ppm=250000,
                 against="last-week"),
            goal("no_regression(ttd:breaker) margin 25% against nobody", "no_regression", metric="ttd:breaker", margin_ppm=250000,
                 against="nobody")],
        "faults": [{"name": "hang", "fault": "proc.pause", "class": "guardian", "args": {"signal": "STOP"},
                    "target": {"kind": "process", "text": "store", "count": 1}, "at_ns": 0, "for_ns": 12 * S,
                    "blast": "every client of the store"}],
        "steps": [], "limits": {}}


class Run:
    def __init__(self, baseline):
        self.lines = []
        self.baseline = baseline
        self.numbers = Numbers(1)

    def say(self, t, e, rep=None, **more):
        line = {"t": t, "e": e}
        if rep is not None:
            line["rep"] = rep
        self.lines.append({**line, **more})

    def sample(self, rep, probe, n, due, took, outcome):
        more = {"good": outcome == "ok"} if outcome not in ("skipped", "local-error") else {}
        if more and outcome != "ok":
            more["why"] = {"wrong": "status 503, not 200", "timeout": "no answer within 1 s"}.get(outcome, outcome)
        self.say(due + took, "sample", rep, p=probe, n=n, due=due, sent=due + self.numbers.below(MS), done=due + took, o=outcome,
                 **more)

    def users(self, rep, at, probe, every, bad_from, bad_until):
        for n in range(LENGTH // every):
            due = at + n * every
            took = 2 * MS + self.numbers.below(9 * MS)
            outcome = "ok"
            if bad_from <= due < bad_until:
                outcome = ("timeout", "wrong", "wrong", "refused", "reset", "skipped")[self.numbers.below(6)]
                took = S if outcome == "timeout" else took * 30 if outcome == "wrong" else took
            elif rep == 2 and bad_until + 3 * S <= due < bad_until + 3 * S + 400 * MS:
                outcome = "reset"
            self.sample(rep, probe, n, due, took, outcome)

    def signal(self, rep, at, on_from, on_until):
        for n in range(LENGTH // (100 * MS)):
            due = at + n * 100 * MS
            on = on_from <= due < on_until
            self.sample(rep, "breaker", n, due, MS + self.numbers.below(3 * MS), "ok" if on else "wrong")

    def repetition(self, rep, at):
        asked, ended = at + 5 * S, at + 17 * S
        impact = asked + 60 * MS + self.numbers.below(80 * MS)
        # In the third it never heals; every other one heals by itself.
        recovered = {0: impact, 3: at + LENGTH}.get(rep, ended + 700 * MS if rep % 2 else impact + (4 * S + rep * 700 * MS) // (1 if self.baseline else 3))
        self.say(at, "phase", rep, phase="steady-before")
        self.say(at + 4 * S, "steady", rep, when="before", holds=True,
                 conditions=[{"text": "orders.ok_ratio >= 0.99 over 3s", "value": 1000000, "met": True}])
        for channel in (PROM, AM):
            self.say(at + 4 * S, "channel", rep, channel=channel, state=False, source=channel.split(":")[0])
        self.say(asked, "injection-phase", rep, wait_ns=rep * 400 * MS, over_ns=4 * S, stratum=[rep, REPS])
        self.say(asked, "phase", rep, phase="inject")
        if rep:
            self.fault(rep, asked, ended)
            self.alerts(rep, impact)
        self.say(asked + 40 * MS, "phase", rep, phase="hold")
        self.users(rep, at, "orders", 100 * MS, impact, recovered)
        self.users(rep, at, "stock-of-the-northern-warehouse", 200 * MS, impact, recovered)
        self.signal(rep, at, impact + 400 * MS if rep else 0, recovered if rep else 0)
        self.say(ended, "phase", rep, phase="revert")
        self.say(ended + 50 * MS, "phase", rep, phase="recovery")
        self.say(at + LENGTH - 2 * S, "steady", rep, when="after", holds=rep != 3,
                 conditions=[{"text": "orders.ok_ratio >= 0.99 over 3s", "value": 1000000, "met": rep != 3}])

    def fault(self, rep, asked, ended):
        self.say(asked, "fault", rep, fault="hang", state="requested")
        self.say(asked + 30 * MS, "fault", rep, fault="hang", state="injected", requested_t=asked, at_t=asked + 30 * MS,
                 objects=["1 process"], **{"class": "guardian"})
        self.say(ended, "fault", rep, fault="hang", state="reverting", cause="removed", at_t=ended)
        self.say(ended + 40 * MS, "fault", rep, fault="hang", state="reverted", cause="removed", residue=0, left=[],
                 figures={"processes": 1}, at_t=ended + 40 * MS)

    def alerts(self, rep, impact):
        at = impact
        for stage, took in (("scraped", 900), ("pending", 700), ("firing", 3000), ("received", 120), ("notified", 2100)):
            if rep == 5 and stage == "received":
                self.say(at, "stage", rep, alert="SlowOrders", stage="suppressed", lo_t=at, hi_t=at + 50 * MS, detail={"silencedBy": ["s1"]})
                break
            at += took * MS + self.numbers.below(600) * MS
            self.say(at + 100 * MS, "stage", rep, alert="SlowOrders", stage=stage, lo_t=at - 40 * MS, hi_t=at + 40 * MS,
                     stamp="2026-11-21T07:00:00Z", detail={})
            if stage in ("firing", "notified"):
                self.say(at + 110 * MS, "channel", rep, channel=PROM if stage == "firing" else AM, state=True, lo_t=at - 40 * MS,
                         hi_t=at + 40 * MS, stamp="2026-11-21T07:00:00Z", source="prometheus", detail={})
        if rep == 4:
            self.say(at, "stage", rep, alert="DiskAlmostFull", stage="firing", lo_t=at - 40 * MS, hi_t=at + 40 * MS, detail={})
            self.say(at + 2 * S, "mark", rep, channel="mark", what="acknowledged", by="on-call", note="looking at the store")
            self.say(at + 4 * S, "mark", rep, channel="mark", what="mitigated", by="on-call", note="breaker opened by hand")

    def rules(self, t):
        def rule(alert, needs, can, already=False, state="inactive"):
            return {"alert": alert, "group": "orders", "interval_ns": S, "for_ns": 3 * S, "keep_firing_ns": 0, "state": state,
                    "health": "ok", "query": "rate(x[1m]) > 1", "scrape_interval_ns": S, "needs_ns": needs,
                    "impossible_below_ns": needs - 2 * S, "can_fire": can, "already": already}

        self.say(t, "rules", 0, source="prometheus", rules=[
            rule("SlowOrders", 6 * S, "yes"), rule("OrdersBudgetBurn", 65 * S, "no"),
            rule("StoreLatencyHigh", 14 * S, "perhaps"), rule("DiskAlmostFull", 5 * S, "yes", True, "firing")],
            route={"group_wait_ns": 2 * S, "group_interval_ns": 5 * S, "repeat_ns": 3600 * S})

    def write(self, folder):
        self.say(0, "run", version=1, run="20261121T070000Z-rich-000000", ordeal="0.1.0", wall_ns=1795246410000000000,
                 mono_ns=5 * S, host={"kernel": "6.18.0", "cpus": 2, "name": "nowhere"},
                 argv=["run", "--set", "spec.placebo=true", "rich.yaml"], plan=plan())
        if self.baseline:
            self.say(MS, "baseline", objective=6, against="last-week", baseline=self.baseline)
            self.say(MS, "baseline", objective=7, against="nobody", message="there is no run of that tag")
        self.rules(MS)
        for source, lo in (("prometheus", -3), ("alertmanager", 1)):
            self.say(2 * MS, "clock", 0, source=source, offset_ns=[lo * MS, (lo + 4) * MS], rtt_ns=4 * MS)
        for rep in range(REPS + 1):
            self.repetition(rep, S + rep * LENGTH)
        self.say(30 * S, "note", text="<b>A note</b> with & and \"quotes\", and_a_word_that_is_far_too_long_to_fit_on_one_line_of_a_narrow_page")
        self.lines[1:] = sorted(self.lines[1:], key=lambda line: line["t"])
        self.say(self.lines[-1]["t"] + MS, "end", cause="complete")
        with open(os.path.join(folder, "run.jsonl"), "w", encoding="utf-8") as out:
            for line in self.lines:
                out.write(json.dumps(line, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    given = None
    if len(sys.argv) > 2:
        with open(sys.argv[2], encoding="utf-8") as file:
            given = json.load(file)
    Run(given).write(sys.argv[1])
