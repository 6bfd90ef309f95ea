#!/usr/bin/python3
"""recompute.py DIR...: instants, losses, budgets, the way of alerts, full recovery and figures over repetitions once
more, from run.jsonl alone and by the words of docs/formats/verdicts.md (its first part is instants.py); DIR holds
run.jsonl, and report.json, which is only what the outcome is compared with. Says where the two differ, and fails."""
import json
import math
import sys

from instants import Run, between

PAGES = [("1h/5m 14.4x", 3600, 300, 14.4), ("6h/30m 6x", 21600, 1800, 6.0), ("3d/6h 1x", 259200, 21600, 1.0)]
STAGES = ["scraped", "pending", "firing", "received", "notified"]
S = 10**9


class Judge:
    def __init__(self):
        self.n = self.bad = 0

    def same(self, what, is_, should, near=0):
        self.n += 1
        if is_ != should and not (near and None not in (is_, should) and abs(is_ - should) <= near):
            self.bad += 1
            print(f"{what}: the report has {is_}, and the timeline gives {should}")


def losses(run, r, judge):
    """Area, availability and their window."""
    since, loss = run.at(r["rep"]).requested, r["loss"]
    counts, lost, dark, bad = {True: 0, False: 0, None: 0}, 0, 0, []
    for p in run.users:
        for due, _, done, good, _ in run.samples(r["rep"], p["name"]):
            if done < since:
                continue
            counts[good] += 1
            lost += p["every_ns"] if good is False else 0
            dark += p["every_ns"] if good is None else 0
            if good is False:
                bad.append((due, due + p["every_ns"]))
    covered, to = 0, 0
    for a, b in sorted(bad):
        covered += max(0, b - max(a, to))
        to = max(to, b)
    window = run.end(r["rep"]) - since
    name = f"repetition {r['rep']}: loss "
    judge.same(name + "counts", [loss["good"], loss["bad"], loss["unknown"]], [counts[True], counts[False], counts[None]])
    judge.same(name + "area", loss["area_ns"], lost // len(run.users))
    judge.same(name + "area at most", loss["area_hi_ns"], (lost + dark) // len(run.users))
    judge.same(name + "bad time", loss["bad_time_ns"], covered)
    judge.same(name + "window", loss["window_ns"], window)
    judge.same(name + "time ok", loss["time_ok_ppm"], max(0, math.floor((window - covered) / window * 1e6)), 1)
    if counts[True] + counts[False]:
        judge.same(name + "ok", loss["ok_ratio_ppm"], math.floor(counts[True] / (counts[True] + counts[False]) * 1e6), 1)


def page_at(run, r, target_ppm, long_s, short_s, burn):
    """The first bad sample at whose end both windows hold so many bad ones; None: never."""
    allowed = (1000000 - target_ppm) / 1e6
    rate = lambda w: sum(w * S // p["every_ns"] for p in run.users)
    bad = sorted(s[2] for p in run.users for s in run.samples(r["rep"], p["name"]) if s[3] is False)
    for i, t in enumerate(bad):
        inside = lambda w: sum(1 for b in bad[: i + 1] if b > t - w * S)
        if inside(long_s) >= burn * allowed * rate(long_s) and inside(short_s) >= burn * allowed * rate(short_s):
            return t
    return None


def budget(run, r, b, judge, name):
    if not b:
        return
    since, window, allowed = run.at(r["rep"]).requested, b["window_ns"], (1000000 - b["target_ppm"]) / 1e6
    seen = [(s[1], s[3]) for p in run.users for s in run.samples(r["rep"], p["name"]) if s[2] >= since]
    if b["method"] == "Occurrences":
        total = sum(window // p["every_ns"] for p in run.users)
        bad, most = sum(1 for _, g in seen if g is False), sum(1 for _, g in seen if g is not True)
    else:
        slo = run.plan["slo"]
        total, slices = window // slo["slice_ns"], {}
        for sent, good in seen:
            slices.setdefault(max(0, sent - since) // slo["slice_ns"], []).append(good)
        bad = most = 0
        for v in slices.values():
            ok, known = v.count(True), len(v) - v.count(None)
            for of, hi in ((known, False), (len(v), True)):
                part = 0 if not of else (of - ok) / of
                if b["method"] == "Timeslices":
                    part = 1 if of and ok * 1000000 < slo["slice_target_ppm"] * of else 0
                bad, most = (bad, most + part) if hi else (bad + part, most)
    judge.same(name + "total", b["total"], total)
    judge.same(name + "bad", b["bad_ppm"], round(bad * 1e6), 1)
    judge.same(name + "burnt", b["burnt_ppm"], round(bad * 1e6 / (allowed * total)), 1)
    judge.same(name + "burnt at most", b["burnt_hi_ppm"], round(most * 1e6 / (allowed * total)), 1)
    for page, (title, long_s, short_s, burn) in zip(b["pages"], PAGES):
        at = page_at(run, r, b["target_ppm"], long_s, short_s, burn)
        judge.same(name + "page " + title, page["at"] and page["at"]["t_ns"], at, min(p["every_ns"] for p in run.users))
        judge.same(name + "needs", page["needs_ns"], round(burn * allowed * long_s * S), 1)


def way(run, r, alert, judge):
    """The stages of one alert, narrowed by each other, and the legs between them."""
    here, got = run.at(r["rep"]), {}
    since = here.requested
    for x in run.of(r["rep"], "stage"):
        if x["alert"] != alert["alert"] or x["hi_t"] < since or x["stage"] not in STAGES:
            continue
        if x["stage"] not in got or (x["stage"] == "pending" and "firing" not in got):
            got[x["stage"]] = [max(x["lo_t"], since), x["hi_t"]]
    known = [s for s in STAGES if s in got]
    for a, b in reversed(list(zip(known, known[1:]))):
        got[a] = [min(got[a][0], got[b][1]), min(got[a][1], got[b][1])]
    for a, b in zip(known, known[1:]):
        got[b][0] = max(got[b][0], got[a][0])
    name = f"repetition {r['rep']}: {alert['alert']} "
    for s in STAGES:
        at = alert["stages"][s]
        judge.same(name + s, at and [at["lo_ns"], at["hi_ns"]], got.get(s))
    felt = here.impact and ("scraped" not in got or got["scraped"][1] >= here.impact[0])
    judge.same(name + "from", alert["from"], "impact" if felt else "request")
    got["start"] = [here.impact[0], here.impact[2]] if felt else [since, since]
    for leg, a, b in (("scrape", "start", "scraped"), ("evaluate", "scraped", "pending"), ("for", "pending", "firing"),
                      ("deliver", "firing", "received")):
        is_ = alert["legs"][leg]
        should = between(got[a], got[b]) if a in got and b in got else None
        judge.same(name + leg, is_ and [is_["lo_ns"], is_["hi_ns"]], should)
    c = alert["configured"]
    if c["for_ns"] is not None and c["interval_ns"]:
        judge.same(name + "for, rounded", c["for_rounded_ns"], -(-c["for_ns"] // c["interval_ns"]) * c["interval_ns"])


def holds(run, rep, c, now):
    inside = [s for s in run.samples(rep, c["probe"]) if s[3] is not None and now - c["window_ns"] < s[2] <= now]
    if not inside:
        return False
    if c["metric"] == "value":
        last = max(inside, key=lambda s: s[2])
        return float(last[4]["value"]) * 1e6 < c["value"]
    ok = sum(1 for s in inside if s[3])
    return ok * 1000000 >= c["value"] * len(inside)


def full(run, r, judge):
    conditions = run.plan.get("full_recovery", [])
    recovered, hold = run.at(r["rep"]).recovered, run.hold
    if not conditions or not recovered:
        return
    ends = sorted(s[2] for c in conditions for s in run.samples(r["rep"], c["probe"])
                  if s[3] is not None and s[2] >= recovered[1])
    since, found = None, None
    for now in ends:
        if not all(holds(run, r["rep"], c, now) for c in conditions):
            since = None
            continue
        since = now if since is None else since
        if now - since >= hold:
            found = since
            break
    judge.same(f"repetition {r['rep']}: full recovery", r["full_recovery"] and r["full_recovery"]["t_ns"], found)


def curve(name, s, points, judge):
    """Kaplan and Meier's steps, the median and the restricted mean: of what surely had happened by then, and what
    surely had not."""
    v = sorted(points)
    judge.same(name + " points", sorted((p["ns"], p["censored"]) for p in s["points"]), v)
    share, steps, area, last, green = 1.0, [], 0.0, 0, 0.0
    for t in sorted({t for t, censored in v if not censored}):
        n, d = sum(1 for x, _ in v if x >= t), sum(1 for x, c in v if x == t and not c)
        area += share * (t - last)
        last, share = t, share * (1 - d / n)
        green += d / (n * (n - d)) if n > d else math.inf
        steps.append((t, n, d, share))
    judge.same(name + " n", [s["n"], s["never"]], [len(v), sum(1 for _, c in v if c)])
    judge.same(name + " steps", [(k["t_ns"], k["at_risk"], k["events"]) for k in s["curve"]], [k[:3] for k in steps])
    for k, step in zip(s["curve"], steps):
        judge.same(name + " S", k["s_ppm"], round(step[3] * 1e6), 1)
    if v:
        tau = v[-1][0]
        judge.same(name + " lost", s["rmst_ns"], round(area + share * (tau - last)) if tau else None, 1)
    below = [k for k in steps if k[3] <= 0.5 + 1e-9]
    median = None
    if below and abs(below[0][3] - 0.5) < 1e-9:
        median = (below[0][0] + below[1][0]) // 2 if len(below) > 1 else below[0][0]
    elif below:
        median = below[0][0]
    judge.same(name + " median", s["median_ns"], median, 1)


def people(run, r, judge):
    here = run.at(r["rep"])
    marks = [x for x in run.of(r["rep"], "mark") if x["t"] >= here.requested]
    seen = [at[1] for at in here.noticed.values() if at]
    seen += [x["t"] for x in marks if x["what"] == "detected"]
    ack = [x["t"] for x in marks if x["what"] == "acknowledged"]
    is_ = r["time_to_acknowledge"]
    judge.same(f"repetition {r['rep']}: acknowledged", is_ and is_["value_ns"], ack[0] - min(seen) if ack and seen else None)


def instants(run, r, judge):
    here, name = run.at(r["rep"]), f"repetition {r['rep']}: "
    judge.same(name + "requested", r["requested"]["t_ns"], here.requested)
    judge.same(name + "background failures", r["background_failures"], len(here.excused))
    for key, is_ in (("impact", here.impact), ("recovered", here.recovered)):
        told = r[key] and [r[key]["lo_ns"], r[key]["t_ns"], r[key]["hi_ns"]]
        judge.same(name + key, told, is_)
    judge.same(name + "by itself", r["recovered_by_itself"], here.by_itself)
    for d in r["detections"]:
        if not d["channel"].startswith("kubernetes:") and d["state"] == "noticed":
            judge.same(name + d["channel"], d["at"]["t_ns"], (here.noticed.get(d["channel"]) or [0, None])[1])


def check(directory):
    run, judge = Run(directory), Judge()
    with open(directory + "/report.json", encoding="utf-8") as f:
        report = json.load(f)
    for r in report["repetitions"]:
        if not r["requested"]:
            continue
        instants(run, r, judge)
        losses(run, r, judge)
        budget(run, r, r["budget"], judge, f"repetition {r['rep']}: slo ")
        for o in r["objectives"]:
            budget(run, r, o.get("budget"), judge, f"repetition {r['rep']}: {o['text']} ")
        for alert in r["alerts"]:
            way(run, r, alert, judge)
        full(run, r, judge)
        people(run, r, judge)
    counted = [run.at(n) for n in range(1, run.plan["repetitions"] + 1)]
    for key, of in (("time_to_recover_self", "own"), ("time_to_recover_after_rollback", "after"),
                    ("impact_duration", "felt")):
        curve(key, report[key], [getattr(i, of) for i in counted if getattr(i, of)], judge)
    for channel, s in report["time_to_detect"].items():
        seen = [(i, i.noticed.get(channel)) for i in counted if i.impact]
        if seen and all(at and at[0] < (i.recovered or [0, 0, math.inf])[2] for i, at in seen):
            points = [(max(0, at[1] - i.impact[0]), False) for i, at in seen]
            curve("time to detect by " + channel, s, points, judge)
    burnt = [r["budget"]["burnt_ppm"] for r in report["repetitions"] if r["budget"] and r["rep"]]
    if report["budget"]:
        judge.same("budget of all", report["budget"]["burnt_ppm"], sum(burnt))
    print(f"{directory}: {judge.n} figures, {judge.bad} differ")
    return judge.bad == 0 and judge.n > 0


if __name__ == "__main__":
    sys.exit(0 if sys.argv[1:] and all([check(d) for d in sys.argv[1:]]) else 1)
