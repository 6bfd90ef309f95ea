"""The instants of a run, from run.jsonl alone and by the words of docs/formats/verdicts.md: request, impact, recovery,
detection, background failures, and the spans between them."""
import json

S = 10**9
NEVER = 2**62
NEIGHBOURS, ALWAYS, TIMES = 4, 2, 3  # background failures


def between(a, b):
    return [max(0, b[0] - a[1]), max(0, b[1] - a[0])]


class Repetition:
    """impact, recovered: [lo, value, hi] or None; own, after, felt: (ns, censored) or None."""

    def __init__(self):
        self.requested = self.in_force = self.rollback = self.cleared = None
        self.impact = self.recovered = self.own = self.after = self.felt = None
        self.by_itself, self.noticed, self.excused = False, {}, set()


class Run:
    def __init__(self, directory):
        with open(directory + "/run.jsonl", encoding="utf-8") as f:
            self.lines = [dict(json.loads(text), line=n) for n, text in enumerate(f, 1) if text.endswith("\n")]
        self.plan = self.lines[0]["plan"]
        self.users = [p for p in self.plan["probes"] if p.get("role") != "signal"]
        self.hold = max([o["hold_ns"] for o in self.plan["objectives"] if "hold_ns" in o] + [0]) or S
        self.reps = [Repetition() for _ in range(self.plan["repetitions"] + 1)]
        for n in range(len(self.reps)):
            self.faults(n)
        self.background()
        for n, rep in enumerate(self.reps):
            if rep.requested is not None:
                self.felt(n)
                self.detected(n)

    def at(self, rep):
        return self.reps[rep]

    def of(self, rep, e):
        return [x for x in self.lines if x["e"] == e and x.get("rep", 0) == rep]

    def samples(self, rep, probe):
        out = []
        for x in self.of(rep, "sample"):
            if x["p"] == probe:
                good = None if x["o"] in ("skipped", "local-error") or "good" not in x else x["good"]
                good = None if x["line"] in self.reps[rep].excused else good
                times = [x["due"], x.get("sent", x["due"]), x.get("done", x["due"])]
                if out and x.get("since", 0) > out[-1][2] and x["since"] < x["due"] and good is not None:
                    times = [x["since"]] * 3
                out.append((*times, good, x))
        return sorted(out, key=lambda s: (s[1], s[4]["line"]))

    def decided(self, rep, probe):
        return [s for s in self.samples(rep, probe) if s[3] is not None]

    def end(self, rep):
        """The last that happened of what the repetition did."""
        told = [x["t"] for x in self.lines if x.get("rep", 0) == rep and x["e"] in
                ("phase", "fault", "steady", "abort", "resolved", "kube", "injection-phase")]
        return max(told + [s[2] for p in self.plan["probes"] for s in self.samples(rep, p["name"])])

    def faults(self, n):
        """Requested with the first fault, gone with the last; a placebo's are its phases."""
        rep, told = self.reps[n], {}
        for x in self.of(n, "fault"):
            told.setdefault(x["fault"], {})[x["state"]] = x
        classes = {f["name"]: f["class"] for f in self.plan["faults"]}
        for name, f in told.items():
            kind = f.get("checked", {}).get("class", classes[name])
            asked = f["requested"]["t"]
            if "injected" in f:
                at = f["injected"].get("at_t", f["injected"]["t"])
                own = f["injected"].get("requested_t", asked)
                asked = own if asked < own <= at else asked
                rep.in_force = min(rep.in_force or NEVER, at)
            rep.requested = min(NEVER if rep.requested is None else rep.requested, asked)
            for state, key in (("reverting", "rollback"), ("reverted", "cleared")):
                if state in f and kind != "none":
                    at = f[state].get("at_t", f[state]["t"])
                    setattr(rep, key, max(getattr(rep, key) or 0, at))
        if n == 0:
            for x in self.of(0, "phase"):
                if x["phase"] == "inject" or (x["phase"] == "hold" and rep.requested is None):
                    rep.requested = rep.in_force = x["t"]
                elif x["phase"] == "revert" or (x["phase"] == "recovery" and rep.cleared is None):
                    rep.rollback = rep.cleared = x["t"]

    def isolated(self, n, probe, before):
        """Bad samples with no other bad one among so many decided ones on either side."""
        seen, out = [], []
        for s in self.decided(n, probe):
            if s[2] >= before:
                break
            seen.append(s)
        bad = [i for i, s in enumerate(seen) if not s[3]]
        for k, i in enumerate(bad):
            ahead = i - bad[k - 1] - 1 if k else NEIGHBOURS
            behind = bad[k + 1] - i - 1 if k + 1 < len(bad) else NEIGHBOURS * (i + 1 < len(seen))
            if ahead >= NEIGHBOURS and behind >= NEIGHBOURS:
                out.append(seen[i])
        return out

    def background(self):
        until = [r.requested if n and r.requested is not None else NEVER for n, r in enumerate(self.reps)]
        every = [(n, p["name"]) for n in range(len(self.reps)) for p in self.users]
        before = {k: self.isolated(*k, until[k[0]]) for k in every}
        known = {k: self.decided(*k) for k in every}
        bad = sum(len(v) for v in before.values())
        total = sum(1 for k in every for s in known[k] if s[2] < until[k[0]])
        after = {k: [s for s in self.isolated(*k, NEVER) if s[2] >= until[k[0]]] for k in every}
        for n, p in every if bad else []:
            later = sum(1 for s in known[n, p] if s[2] >= until[n])
            some = after[n, p] if len(after[n, p]) <= max(ALWAYS, TIMES * bad * later // total) else []
            self.reps[n].excused |= {s[4]["line"] for s in before[n, p] + some}

    def onset(self, n, probe):
        """The first bad sample decided after the request: [lo, sent, hi]."""
        rep, good, first = self.reps[n], None, None
        for _, sent, done, ok, _ in self.decided(n, probe):
            if done < rep.requested:
                continue
            into = rep.in_force is not None and sent >= rep.in_force
            if not ok:
                hi = sent if into else done
                first = [sent, hi] if first is None else [first[0], min(first[1], hi)]
                if into:
                    break
            elif first is None:
                good = sent
        if first is None:
            return None
        lo = max(rep.requested, rep.requested if good is None else good)
        hi = max(first[1], lo)
        return [lo, min(max(first[0], lo), hi), hi]

    def recovery(self, n, since, until):
        """(the run's [lo, value, hi] or None, until when it was watched)."""
        period = {p["name"]: p["every_ns"] for p in self.users}
        told = sorted(((s, p["name"]) for p in self.users for s in self.decided(n, p["name"]) if s[1] < until),
                      key=lambda x: x[0][1])
        ill, well, last, heard, run = set(), {}, None, {}, None
        held = lambda end: run is not None and end - max(run, since) >= self.hold
        for (_, sent, done, ok, _), p in told:
            if not ok:
                if held(sent):
                    return [last, run, run], sent
                ill.add(p)
                well[p], last, run = NEVER, sent, None
            elif done > until:
                continue
            else:
                ill.discard(p)
                gap = max(self.hold // 2, 3 * period[p])
                blind = run is not None and p in heard and sent - heard[p] > gap
                if last is not None and (blind or done < well.get(p, 0)):
                    well[p], run = done, None
                if last is not None and run is None and not ill:
                    run = max(well.values())
            heard[p] = sent
        end = min([until] + [t + period[p] for p, t in heard.items()])
        if held(end):
            return [last, run, run], end
        return None, last if run is not None else end

    def felt(self, n):
        """Impact and recoveries; after the rollback only where it was not well before."""
        rep = self.reps[n]
        onsets = [o for o in (self.onset(n, p["name"]) for p in self.users) if o]
        if not onsets:
            return
        rep.impact = [min(o[0] for o in onsets), min(o[1] for o in onsets), min(o[2] for o in onsets)]
        until = NEVER if rep.rollback is None else rep.rollback
        span = lambda start, got, seen: (got[2] - start[0], False) if got else (max(0, seen - start[2]), True)
        own, seen = self.recovery(n, rep.impact[0], until)
        if rep.impact[0] < until:
            rep.own = span(rep.impact, own, seen)
        late, seen = self.recovery(n, rep.impact[0], NEVER)
        rep.recovered, rep.by_itself = own or late, own is not None
        rep.felt = span(rep.impact, rep.recovered, seen)
        if rep.cleared is not None:
            gone = [rep.rollback, rep.cleared, rep.cleared]
            after, seen = self.recovery(n, gone[0], NEVER)
            if not after or after[1] > rep.rollback:
                rep.after = span(gone, after, seen)

    def detected(self, n):
        """Probes that are signals, and what channel lines tell: [lo, value], None where it noticed before."""
        rep = self.reps[n]
        for p in self.plan["probes"]:
            if p.get("role") == "signal":
                seen = self.decided(n, p["name"])
                early = [s for s in seen if s[2] < rep.requested]
                later = [s for s in seen if s[2] >= rep.requested and s[3]]
                if later and not (early and early[-1][3]):
                    off = [s[1] for s in seen[: seen.index(later[0])] if not s[3]]
                    lo = max([rep.requested] + off[-1:])
                    rep.noticed[p["name"]] = [min(lo, later[0][2]), later[0][2]]
        for x in self.of(n, "mark"):
            if x["what"] == "detected" and x["t"] >= rep.requested:
                for channel in ("mark", "mark:" + x.get("by", "")):
                    rep.noticed.setdefault(channel, [x["t"], x["t"]])
        so = {}
        for x in self.lines:
            if x["e"] == "channel" and x.get("rep", 0) <= n and x["state"] is not None:
                if x.get("hi_t", x["t"]) < rep.requested or not x["state"]:
                    so[x["channel"]] = x["state"] if x.get("hi_t", x["t"]) < rep.requested else so.get(x["channel"])
                elif x.get("rep", 0) == n and not so.get(x["channel"]) and x["channel"] not in rep.noticed:
                    rep.noticed[x["channel"]] = [rep.requested, x.get("hi_t", x["t"])]
