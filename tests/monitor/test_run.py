#!/usr/bin/env python3
"""Whole runs: a fault that Prometheus sees, Alertmanager tells our webhook, and a report judges; and one that an alert ends."""

import json
import os
import pathlib
import subprocess
import sys
import time

from lab import Lab, get, need, wait_for

S = 1_000_000_000

PROMETHEUS = """
global: {scrape_interval: 1s, scrape_timeout: 500ms, evaluation_interval: 1s}
rule_files: [rules.yml]
alerting:
  alertmanagers: [{static_configs: [{targets: ["127.0.0.1:9093"]}]}]
scrape_configs:
  - {job_name: app, static_configs: [{targets: ["127.0.0.1:9101"]}]}
"""
RULES = """
groups:
  - name: app
    rules:
      - {alert: AppDown, expr: 'up{job="app"} == 0', for: 1s, labels: {severity: page}}
"""
ALERTMANAGER = """
route: {receiver: hook, group_wait: 1s, group_interval: 2s, repeat_interval: 1h}
receivers:
  - {name: hook, webhook_configs: [{url: "http://127.0.0.1:9199/"}]}
"""

SPEC = """apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: %(name)s}
spec:
  seed: 11
  probes:
    - {name: app, http: {url: "http://127.0.0.1:9101/metrics"}, every: 100ms, timeout: 400ms}
    - {name: up, role: signal, prom: {query: 'up{job="app"}', value: "< 1", staleness: 5s}, every: 500ms, timeout: 1s}
    - {name: stale, role: signal, prom: {query: 'up{job="app"}', value: "< 1", staleness: 100ms}, every: 500ms, timeout: 1s}
    - {name: nothing, role: signal, prom: {query: 'no_such_series', value: "== 1", empty: bad}, every: 1s, timeout: 1s}
  detection:
    prometheus: {url: "http://127.0.0.1:9090", every: 200ms, timeout: 1s}
    alertmanager: {url: "http://127.0.0.1:9093", every: 200ms, timeout: 1s, webhook: {listen: "127.0.0.1:9199"}}
  steadyState: ["app.ok_ratio >= 0.9 over 1s", "up.value == 1 over 2s"]
  faults:
    - {name: paused, proc.pause: {}, target: {process: {pid: %(pid)d}}, for: %(length)s}
  objectives:
    - detect(prometheus:AppDown/pending) within 20s
    - detect(prometheus:AppDown{severity="page"}) within 20s
    - detect(alertmanager:AppDown) within 20s
    - detect(alertmanager:AppDown/notified) within 20s
    - detect(up) within 20s
    - recover(after_rollback) within 20s
  limits: {targets: 1, duration: 30s}
%(abort)s
"""


def ordeal(*argv):
    return subprocess.run([f"{os.environ['BUILD_DIR']}/cli/ordeal", *map(str, argv)], capture_output=True, text=True,
                          timeout=90, check=False)


def run(lab, name, pid, length, abort=""):
    path = lab.write(f"{name}.yaml", SPEC % {"name": name, "pid": pid, "length": length, "abort": abort})
    runs = lab.dir / name
    done = ordeal("run", path, "--output", runs)
    assert list(runs.glob("*/run.jsonl")), done
    lines = [json.loads(line) for line in next(runs.glob("*/run.jsonl")).read_text().splitlines()]
    return done, lines, path, next(runs.iterdir())


def of(lines, e, **keys):
    return [line for line in lines if line["e"] == e and all(line.get(k) == v for k, v in keys.items())]


def seen_and_told(lab, pid):
    done, lines, path, folder = run(lab, "seen", pid, "8s")
    said = done.stdout + done.stderr
    assert done.returncode == 0, (done.returncode, said, [line for line in lines if line["e"] in ("note", "end")])
    rules = of(lines, "rules")
    assert rules and rules[0]["rules"][0]["can_fire"] == "yes", rules
    first_fault = next(i for i, line in enumerate(lines) if line["e"] == "fault")
    assert lines.index(rules[0]) < first_fault
    requested = of(lines, "fault", state="requested")[0]["t"]
    order = ["scraped", "pending", "firing", "received", "notified"]
    stages = {name: of(lines, "stage", stage=name, alert="AppDown")[0] for name in order}
    at = requested
    for name in order:
        assert stages[name]["hi_t"] >= at, (name, stages)
        assert stages[name]["hi_t"] - stages[name]["lo_t"] < S // 2, stages[name]
        at = stages[name]["lo_t"]
    # A scrape of a process that is stopped fails after its 500 ms; its stamp is its beginning.
    assert stages["scraped"]["lo_t"] < requested + 3 * S, (requested, stages["scraped"])
    for channel in ("prometheus:AppDown/pending", 'prometheus:AppDown{severity="page"}/firing', "alertmanager:AppDown/active",
                    "alertmanager:AppDown/notified"):
        states = [line["state"] for line in of(lines, "channel", channel=channel)]
        assert states[:2] == [False, True], (channel, states)
    samples = of(lines, "sample", p="up")
    assert {s["value"] for s in samples if "value" in s} == {"0", "1"}, samples[:3]
    assert all(0 <= s["age_ns"] <= 5 * S for s in samples if "good" in s and "value" in s), samples[:3]
    empty = [s for s in of(lines, "sample", p="nothing") if "good" in s]
    assert empty and not any(s["good"] for s in empty) and "empty" in empty[0]["why"], empty[:2]
    # Older than is asked for: told, with its age, and neither good nor bad.
    stale = [s for s in of(lines, "sample", p="stale") if "value" in s and s["age_ns"] > S // 10]
    assert stale and not any("good" in s for s in stale) and "the oldest sample is" in stale[0]["why"], stale[:2]
    # Good is what a signal is when it notices.
    assert all(s["good"] == (s["value"] == "0") for s in samples if "good" in s), samples[:3]
    report = json.loads((folder / "report.json").read_text())
    goals = {o["text"].split(")")[0]: o for o in report["objectives"]}
    assert len(goals) == 6 and "detect(alertmanager:AppDown/notified" in goals, goals
    shown = ordeal("validate", "--now", path)
    assert "AppDown" in shown.stdout and "group wait 1s" in shown.stdout, shown
    planned = ordeal("plan", "--json", path)
    assert json.loads(planned.stdout)["alerts"]["rules"][0]["alert"] == "AppDown", planned


def ended_by_an_alert(lab, pid):
    done, lines, _, _ = run(lab, "ended", pid, "20s", "  abort: [\"prometheus:AppDown firing\"]")
    assert lines[-1]["e"] == "end" and lines[-1]["cause"] == "aborted", (lines[-1], done.stderr)
    assert "AppDown" in of(lines, "abort")[0]["text"], of(lines, "abort")
    cleared = of(lines, "fault", state="reverted")[0]["t"] - of(lines, "fault", state="injected")[0]["t"]
    assert cleared < 15 * S, cleared


def main():
    need("prometheus", "prometheus-alertmanager")
    with Lab() as lab:
        os.environ["ORDEAL_RUNTIME_DIR"] = str(lab.dir / "runtime")
        os.environ["XDG_STATE_HOME"] = str(lab.dir / "state")
        app = lab.spawn("app", sys.executable, pathlib.Path(__file__).parent / "exporter.py", 9101)
        wait_for("http://127.0.0.1:9101/")
        lab.alertmanager(ALERTMANAGER)
        lab.prometheus(PROMETHEUS, RULES)
        # The rules can be judged once Prometheus knows what it scrapes.
        deadline = time.monotonic() + 20
        while not get("http://127.0.0.1:9090/api/v1/query?query=up")["data"]["result"]:
            assert time.monotonic() < deadline, "nothing is scraped"
            time.sleep(0.1)
        seen_and_told(lab, app.pid)
        ended_by_an_alert(lab, app.pid)


if __name__ == "__main__":
    main()
