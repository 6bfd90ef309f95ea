#!/usr/bin/python3
"""recompute.py DIR...: the intervals of a report's cluster part once more, from run.jsonl alone and by the words of
docs/formats/verdicts.md; DIR holds run.jsonl and report.json. Says where the two differ, and fails."""
import calendar
import json
import sys
import time

STEPS = ["deleted", "created", "scheduled", "image_pulled", "started", "ready", "in_endpointslice", "first_good_answer"]
WHAT = {"created": "created", "scheduled": "scheduled", "started": "started", "ready": "ready"}


class Run:
    def __init__(self, directory):
        with open(directory + "/run.jsonl", encoding="utf-8") as f:
            self.lines = [dict(json.loads(text), line=n) for n, text in enumerate(f, 1) if text.endswith("\n")]
        self.wall = self.lines[0]["wall_ns"]
        self.plan = self.lines[0]["plan"]

    def of(self, rep, e):
        return [x for x in self.lines if x["e"] == e and x.get("rep") == rep]

    def stamp(self, x):
        """From when to when, on the run's clock, the stamp's second was shown; None: there is none."""
        if "stamp" not in x or "offset_ns" not in x:
            return None
        whole, _, part = x["stamp"].rstrip("Z").partition(".")
        ns = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 10**9
        ns += int((part + "0" * 9)[:9]) if part else 0
        lo, hi = x["offset_ns"]
        return ns - self.wall - hi, ns + 10 ** (9 - len(part)) - self.wall - lo

    def instant(self, x, floor):
        """[lo, hi] of a line, not before floor; and whether its stamp cannot be."""
        at, shown = x["at_t"], self.stamp(x)
        lo, hi, odd = min(floor, at), at, False
        if shown:
            odd = shown[0] > at or shown[1] < lo
            if not odd:
                lo = max(lo, shown[0])
                if x["clock"] == "server":
                    hi = min(hi, shown[1])
        return [lo, hi], odd


def requested(run, rep, fault):
    """Before its first change, as the injector says; else when it was asked."""
    t = None
    for x in run.of(rep, "fault"):
        if x["fault"] != fault:
            continue
        if x["state"] == "requested" and t is None:
            t = x["t"]
        if x["state"] == "injected" and t < x.get("requested_t", t) <= x["at_t"]:
            t = x["requested_t"]
    return t


def victims(run, rep):
    """uid -> [lo, hi] of its deletion, by the injector's calls."""
    out = {}
    for x in run.of(rep, "fault"):
        if x["state"] == "acted" and x["what"] in ("deleted", "evicted") and x["object"][1] == "Pod":
            out.setdefault(x["object"][4], [min(requested(run, rep, x["fault"]), x["at_t"]), x["at_t"]])
    return out


def answer(run, rep, since):
    best = None
    for p in run.plan["probes"]:
        if p.get("role") == "signal" or p["kind"] != "http":
            continue
        samples = sorted((s["sent"], s["line"], s["done"], s["o"] == "ok" and s.get("good") is True)
                         for s in run.of(rep, "sample") if s["p"] == p["name"])
        for i, (sent, _, done, good) in enumerate(samples):
            if good and sent >= since[0] and done >= since[0]:
                if best is None or done < best[1]:
                    best = [max(since[0], samples[i - 1][0]) if i else since[0], done]
                break
    return best


def steps(run, rep, uid, replacement, deleted, impact):
    """step -> [lo, hi], and the steps whose stamps were left out."""
    got, odd = {"deleted": deleted}, set()
    for x in run.of(rep, "kube"):
        step = None
        if x.get("uid") == uid and x["what"] == "deleting":
            got["deleted"], is_odd = run.instant(x, deleted[0])
            got["deleted"][1] = min(got["deleted"][1], deleted[1])
            got["deleted"][0] = min(got["deleted"])
            odd |= {"deleted"} if is_odd else set()
        if x.get("uid") == replacement:
            step = WHAT.get(x["what"])
            if x["what"] == "event" and x["reason"] == "Pulled":
                step = "image_pulled"
        if x["what"] == "endpoint-ready" and x["pod_uid"] == replacement:
            step = "in_endpointslice"
        if step and step not in got:
            before = [got[s] for s in STEPS[: STEPS.index(step)] if s in got]
            got[step], is_odd = run.instant(x, before[-1][0])
            odd |= {step} if is_odd else set()
    known = [s for s in STEPS if s in got]
    for a, b in reversed(list(zip(known, known[1:]))):  # what is later bounds what is sooner...
        if got[a][1] > got[b][1]:
            got[a] = [min(got[a][0], got[b][1]), got[b][1]]
    for a, b in zip(known, known[1:]):  # ...and the other way round
        got[b][0] = max(got[a][0], got[b][0])
    since = got.get("in_endpointslice", got.get("ready"))
    last = answer(run, rep, since) if impact and since else None
    if last:
        got["first_good_answer"] = last
    return got, odd


def span(a, b):
    return [max(0, b[0] - a[1]), max(0, b[1] - a[1]), max(0, b[1] - a[0])]


def dips(run, rep, since):
    """uid -> name, wanted, least, [lo, hi] below, [lo, hi] again or None."""
    out, last = {}, {}
    for x in run.lines:
        if x["e"] != "kube" or x["what"] != "replicas" or x["rep"] > rep:
            continue
        uid, available = x["uid"], x["available"]
        when, _ = run.instant(x, last.get(uid, [0])[0])
        last[uid] = when
        d = out.setdefault(uid, {"name": x["name"], "wanted": None, "least": None, "below": None, "again": None})
        if x["at_t"] < since or d["wanted"] is None:
            d["wanted"], d["least"] = x["desired"], available
            if x["at_t"] < since:
                continue
        d["least"] = min(d["least"], available)
        when = [max(when[0], since), when[1]]
        if d["below"] is None:
            d["below"] = when if available < d["wanted"] else None
        elif available >= d["wanted"]:
            d["again"] = d["again"] or when
        else:
            d["again"] = None
    return {uid: d for uid, d in out.items() if d["below"]}


class Judge:
    def __init__(self):
        self.n = self.bad = 0

    def same(self, what, is_, should):
        self.n += 1
        if is_ != should:
            self.bad += 1
            print(f"{what}: the report has {is_}, and the timeline gives {should}")


def interval(j):
    return None if j is None else [j["lo_ns"], j["hi_ns"]]


def pods(run, rep, r, judge):
    number, hit, used = r["rep"], victims(run, rep), set()
    born = {x["uid"]: x for x in run.of(number, "kube") if x["what"] == "created"}
    judge.same("victims", sorted(p["victim_uid"] for p in r["cluster"]["pods"]), sorted(hit))
    for p in r["cluster"]["pods"]:
        uid, new = p["victim_uid"], p["replacement_uid"]
        got, odd = steps(run, number, uid, new, hit[uid], r["impact"])
        for s in STEPS:
            judge.same(f"{p['victim']} {s}", interval(p[s]), got.get(s))
            if p[s]:
                judge.same(f"{p['victim']} {s}: value", p[s]["t_ns"], got[s][1])
        judge.same(f"{p['victim']}: stamps left out", sorted(p["stamps_left_out"]), sorted(odd))
        for key, step in (("time_to_ready", "ready"), ("time_to_endpoint", "in_endpointslice")):
            if step in got:
                t = p[key]
                judge.same(f"{p['victim']} {key}", [t["lo_ns"], t["value_ns"], t["hi_ns"]],
                           span(got["deleted"], got[step]))
        if not new:
            continue
        judge.same(f"{new}: came later, of the same maker", (born[new]["at_t"] >= got["deleted"][0],
                   new in used or new == uid, born[new]["workload"]), (True, False, p["workload"]))
        used.add(new)


def check(directory):
    run, judge = Run(directory), Judge()
    with open(directory + "/report.json", encoding="utf-8") as f:
        report = json.load(f)
    for r in report["repetitions"]:
        rep = r["rep"]
        if not rep or not r.get("cluster"):
            continue
        since = min(requested(run, rep, f["name"]) for f in run.plan["faults"])
        judge.same("requested", r["requested"]["t_ns"], since)
        pods(run, rep, r, judge)
        should = dips(run, rep, since)
        judge.same("workloads", sorted(w["name"] for w in r["cluster"]["workloads"]),
                   sorted(d["name"] for d in should.values()))
        for w in r["cluster"]["workloads"]:
            d = next(d for d in should.values() if d["name"] == w["name"])
            judge.same(f"{w['name']}", [w["wanted"], w["least_available"], interval(w["below"]), interval(w["again"])],
                       [d["wanted"], d["least"], d["below"], d["again"]])
            if d["again"]:
                t = w["lasted"]
                judge.same(f"{w['name']}: lasted", [t["lo_ns"], t["value_ns"], t["hi_ns"]], span(d["below"], d["again"]))
    print(f"{directory}: {judge.n} figures, {judge.bad} differ")
    return judge.bad == 0 and judge.n > 0


if __name__ == "__main__":
    sys.exit(0 if sys.argv[1:] and all([check(d) for d in sys.argv[1:]]) else 1)
