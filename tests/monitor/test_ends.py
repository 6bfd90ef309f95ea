#!/usr/bin/env python3
"""How monitored runs end: by an alert at Alertmanager, by a probe of Prometheus, by a Prometheus that dies, by SIGKILL."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

from lab import Lab, get, need, until, wait_for
from test_run import ALERTMANAGER, PROMETHEUS, RULES, S, SPEC, of, ordeal, run

HERE = pathlib.Path(__file__).parent


def state_of(pid):
    """The letter of /proc: T is stopped."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]


def quiet(lab):
    """Until nothing of the run before is left: no alert, at neither of them."""
    alerts = lambda: (get("http://127.0.0.1:9090/api/v1/alerts")["data"]["alerts"],
                      get("http://127.0.0.1:9093/api/v2/alerts"))
    until(lambda: alerts() == ([], []), 60, "alerts stay")
    until(lambda: get("http://127.0.0.1:9090/api/v1/query?query=up")["data"]["result"][0]["value"][1] == "1", 30, "app is down")


def aborted(lab, pid, name, condition, words):
    done, lines, _, _ = run(lab, name, pid, "25s", f"  abort: [{json.dumps(condition)}]")
    assert lines[-1]["e"] == "end" and lines[-1]["cause"] == "aborted", (lines[-1], done.stderr)
    assert done.returncode == 3, done
    assert words in of(lines, "abort")[0]["text"], of(lines, "abort")
    injected = of(lines, "fault", state="injected")[0]["t"]
    assert of(lines, "abort")[0]["t"] > injected
    held = of(lines, "fault", state="reverted")[0]["t"] - injected
    print(f"{condition}: the fault was held for {held / S:.1f} s of 25 s")
    assert held < 22 * S, held
    assert state_of(pid) != "T"
    return lines


def by_alertmanager(lab, pid):
    lines = aborted(lab, pid, "by-alertmanager", 'alertmanager:AppDown{severity="page"} firing', "alertmanager:AppDown")
    # It was received before it ended anything.
    received = of(lines, "stage", stage="received", alert="AppDown")[0]
    assert received["lo_t"] <= of(lines, "abort")[0]["t"], (received, of(lines, "abort"))


def by_a_value(lab, pid):
    aborted(lab, pid, "by-value", "up.value < 1 over 2s", "up.value < 1")


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def started(lab, name, pid, abort="", length="25s"):
    """A run in the background, once its fault is in force: the process and its timeline."""
    path = lab.write(f"{name}.yaml", SPEC % {"name": name, "pid": pid, "length": length, "abort": abort})
    runs = lab.dir / name
    process = lab.spawn(name, f"{os.environ['BUILD_DIR']}/cli/ordeal", "run", path, "--output", runs)

    def lines():
        found = list(runs.glob("*/run.jsonl"))
        text = found[0].read_text() if found else ""
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    until(lambda: of(lines(), "fault", state="injected") or process.poll() is not None, 60, "no fault")
    assert process.poll() is None, (lab.dir / f"{name}.log").read_text()
    return process, lines


def killed(lab, pid):
    """SIGKILL in the middle: nobody listens, and the fault is taken back all the same."""
    process, _ = started(lab, "killed", pid)
    assert listens(9199) and state_of(pid) == "T"
    process.kill()
    process.wait()
    began = time.monotonic()
    until(lambda: not listens(9199), 10, "the webhook's port is still open")
    until(lambda: state_of(pid) != "T", 10, "the fault outlived the run")
    print(f"killed: the fault was taken back within {time.monotonic() - began:.1f} s")
    wait_for("http://127.0.0.1:9101/")


def prometheus_dies(lab, pid):
    """In the middle, for good: what it would have told is not known; it is not 'not detected'. An abort on it cannot be relied on
    any more, and ends the run."""
    process, lines = started(lab, "dies", pid, length="8s")
    prometheus = lab.processes["prometheus"]
    prometheus.kill()
    prometheus.wait()
    until(lambda: process.poll() is not None, 90, "the run does not end")
    said = lines()
    assert said[-1]["e"] == "end" and said[-1]["cause"] == "complete", said[-1]
    lost = of(said, "channel", channel='prometheus:AppDown{severity="page"}/firing', state=None)
    assert lost and "prometheus: " in lost[0]["message"], lost
    assert any("prometheus cannot be asked" in n["text"] for n in of(said, "note")), of(said, "note")
    after = [s for s in of(said, "sample", p="up") if s["t"] > lost[0]["t"] + 2 * S]
    assert after and not any("good" in s for s in after), after[:3]
    report = json.loads(next((lab.dir / "dies").glob("*/report.json")).read_text())
    results = {o["text"].split(" within")[0]: o["result"] for o in report["objectives"]}
    assert results['detect(prometheus:AppDown{severity="page"})'] == "inconclusive", results
    assert results["recover(after_rollback)"] == "met", results
    assert process.returncode in (1, 5), process.returncode  # what Alertmanager was not sent was not detected
    assert state_of(pid) != "T"


def prometheus_dies_that_guards(lab, pid):
    process, lines = started(lab, "guards", pid, "  abort: [\"prometheus:AppDown firing\"]")
    prometheus = lab.processes["prometheus"]
    prometheus.send_signal(signal.SIGSTOP)
    until(lambda: process.poll() is not None, 60, "the run does not end")
    said = lines()
    assert said[-1]["cause"] == "aborted", said[-1]
    text = of(said, "abort")[0]["text"]
    assert "could not be asked" in text or "AppDown firing" in text, text
    prometheus.send_signal(signal.SIGCONT)
    assert state_of(pid) != "T"


def guard_without_rule(lab, pid):
    """A name that no rule has: nothing is injected, and whoever asks before is told the same."""
    for name, condition in (("typo", "prometheus:AppDwon firing"), ("nobody", "alertmanager:AppDwon firing")):
        done, lines, path, _ = run(lab, name, pid, "25s", f"  abort: [{json.dumps(condition)}]")
        assert done.returncode == 3 and lines[-1]["cause"] == "aborted", (done, lines[-1])
        text = of(lines, "abort")[0]["text"]
        assert text.startswith(condition) and "no rule for the alert 'AppDwon'; did you mean 'AppDown'?" in text, text
        assert of(lines, "fault") == [] and state_of(pid) != "T", of(lines, "fault")
        asked = ordeal("validate", "--now", path)
        assert asked.returncode == 2 and "can never abort a run" in asked.stderr and "AppDown" in asked.stderr, asked
    well = lab.write("well.yaml", path.read_text().replace("AppDwon", "AppDown"))
    assert ordeal("validate", "--now", well).returncode == 0


def main():
    need("prometheus", "prometheus-alertmanager")
    with Lab() as lab:
        os.environ["ORDEAL_RUNTIME_DIR"] = str(lab.dir / "runtime")
        os.environ["XDG_STATE_HOME"] = str(lab.dir / "state")
        app = lab.spawn("app", sys.executable, HERE / "exporter.py", 9101)
        wait_for("http://127.0.0.1:9101/")
        lab.alertmanager(ALERTMANAGER)
        lab.prometheus(PROMETHEUS, RULES)
        until(lambda: get("http://127.0.0.1:9090/api/v1/query?query=up")["data"]["result"], what="nothing is scraped")
        for part in (guard_without_rule, by_alertmanager, by_a_value, killed, prometheus_dies_that_guards, prometheus_dies):
            quiet(lab)
            part(lab, app.pid)


if __name__ == "__main__":
    main()
