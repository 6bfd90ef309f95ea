#!/usr/bin/env python3
"""What is known of the rules where Prometheus has no target yet, and of an Alertmanager that has peers."""

import json
import signal
import time

from lab import Lab, experiment, get, need, until

S = 1_000_000_000

# A job that is configured, and that nobody has told of a target yet.
PROMETHEUS = """
global: {scrape_interval: 1s, scrape_timeout: 900ms, evaluation_interval: 2s}
rule_files: [rules.yml]
scrape_configs:
  - {job_name: later, file_sd_configs: [{files: [none.json]}]}
"""
RULES = """
groups:
  - name: app
    rules:
      - {alert: Late, expr: app_bad == 1, for: 3s}
      - {alert: Never, expr: app_bad == 1, for: 60s}
"""


def no_target_yet(lab):
    lab.prometheus(PROMETHEUS, RULES)
    until(lambda: get("http://127.0.0.1:9090/api/v1/rules")["data"]["groups"], what="no rules")
    assert get("http://127.0.0.1:9090/api/v1/targets?state=active")["data"]["activeTargets"] == []
    driver = lab.driver("rules", experiment(
        ["detect(prometheus:Late) within 30s", "detect(prometheus:Never) within 30s"], detection="""
    prometheus: {url: "http://127.0.0.1:9090", every: 200ms, timeout: 5s}"""))
    said = driver.tell("before")
    rules = {r["alert"]: r for line in said if line["e"] == "rules" for r in line["rules"]}
    assert rules["Late"]["scrape_interval_ns"] == S and rules["Late"]["needs_ns"] == 7 * S, rules
    assert (rules["Late"]["can_fire"], rules["Never"]["can_fire"]) == ("yes", "no"), rules
    assert [line for line in said if line["e"] == "grid"][0]["scrape_ns"] == S
    assert "cannot be told" not in "\n".join(driver.notes()), driver.notes()
    # The target comes: what was judged is judged by it, and the rules are those that they were.
    lab.exporter(app_bad=0)
    lab.write("none.json", json.dumps([{"targets": ["127.0.0.1:9100"], "labels": {"__scrape_interval__": "2s"}}]))
    until(lambda: get("http://127.0.0.1:9090/api/v1/query?query=app_bad")["data"]["result"], what="nothing is scraped")
    driver.tell("repetition 1")
    driver.tell("repetition 2")
    line = driver.await_("rules", rep=2)
    late = [r for r in line["rules"] if r["alert"] == "Late"][0]
    assert late["scrape_interval_ns"] == 2 * S and late["needs_ns"] == 8 * S, late
    assert "the rules of Prometheus are not those that they were" not in driver.notes(), driver.notes()


def refused(lab, name):
    """Of an abort on an alert at each of the two, which are refused before there is a run."""
    driver = lab.driver(name, experiment([], abort=["alertmanager:Elsewhere firing", "prometheus:Gone firing"], detection="""
    prometheus: {url: "http://127.0.0.1:9090", every: 200ms, timeout: 5s}
    alertmanager: {url: "http://127.0.0.1:9093", every: 200ms, timeout: 1s}"""))
    return [line for line in driver.tell("rules") if line["e"] == "asked"][0]["rules"]["refused"]


def guards_without_rules(lab):
    """Who evaluates other alerts is who would tell Alertmanager of this one; who evaluates none is not."""
    both = refused(lab, "some-rules")
    assert [text.split(" ")[0] for text in both] == ["alertmanager:Elsewhere/active", "prometheus:Gone/firing"], both
    lab.write("rules.yml", "groups: []\n")
    get("http://127.0.0.1:9090/-/reload", b"")
    until(lambda: not get("http://127.0.0.1:9090/api/v1/rules")["data"]["groups"], what="the rules stay")
    one = refused(lab, "no-rules")
    assert len(one) == 1 and one[0].startswith("prometheus:Gone/firing can never abort a run: Prometheus has no rule"), one


GROUP_WAIT, PEER_TIMEOUT = 1 * S, 4 * S
BUSY = 2 * S  # how late a busy machine may make a server

ALERTMANAGER = """
route: {receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 5s, repeat_interval: 1h}
receivers:
  - {name: hook, webhook_configs: [{url: "http://127.0.0.1:9199/"}]}
"""


def post(port, alert):
    get(f"http://127.0.0.1:{port}/api/v2/alerts", json.dumps([{"labels": {"alertname": alert}}]).encode())


def told_after(driver, alert):
    """From received to notified, as the lines say."""
    received = driver.await_("stage", stage="received", alert=alert)
    notified = driver.await_("stage", stage="notified", alert=alert, seconds=40)
    return notified["lo_t"] - received["hi_t"], notified["hi_t"] - received["lo_t"]


def peers(lab):
    """Two of them: the second lets its peer timeout pass, which only shows where the first one cannot notify."""
    common = ("--cluster.peer-timeout=4s", "--cluster.gossip-interval=50ms", "--cluster.probe-interval=30s")
    processes = {}
    for port, cluster, others in ((9093, 9094, ()), (9095, 9096, ("--cluster.peer=127.0.0.1:9094",))):
        processes[port] = lab.alertmanager(ALERTMANAGER, port, f"alertmanager-{port}", (
            f"--cluster.listen-address=127.0.0.1:{cluster}", f"--cluster.advertise-address=127.0.0.1:{cluster}",
            *common, *others))
    status = lambda port: get(f"http://127.0.0.1:{port}/api/v2/status")["cluster"]
    for port in processes:
        until(lambda: status(port)["status"] == "ready" and len(status(port)["peers"]) == 2, 60, "the peers do not meet")
    first, second = sorted(processes, key=lambda port: status(port)["name"])
    driver = lab.driver("peers", experiment(
        ["detect(alertmanager:Both/notified) within 30s", "detect(alertmanager:Alone/notified) within 30s"], detection=f"""
    alertmanager: {{url: "http://127.0.0.1:{second}", every: 100ms, timeout: 5s, webhook: {{listen: "127.0.0.1:9199"}}}}"""))
    driver.tell("before")
    note = [n for n in driver.notes() if "a cluster of 2, of which 1 notify before the one that is asked" in n]
    assert len(note) == 1 and "up to 15s later" in note[0], driver.notes()
    driver.tell("repetition 1")
    driver.await_("channel", channel="alertmanager:Both/notified", state=False)
    post(first, "Both")
    post(second, "Both")
    lo, hi = told_after(driver, "Both")
    print(f"both peers well: notified {lo / S:.3f} .. {hi / S:.3f} s after it was received")
    assert hi >= GROUP_WAIT and lo <= GROUP_WAIT + BUSY, (lo, hi)
    processes[first].send_signal(signal.SIGSTOP)
    post(second, "Alone")
    lo, hi = told_after(driver, "Alone")
    print(f"the first one hangs: notified {lo / S:.3f} .. {hi / S:.3f} s after it was received")
    assert hi >= GROUP_WAIT + PEER_TIMEOUT and lo <= GROUP_WAIT + PEER_TIMEOUT + BUSY, (lo, hi)


def main():
    need("prometheus", "prometheus-alertmanager")
    with Lab() as lab:
        no_target_yet(lab)
        guards_without_rules(lab)
        peers(lab)


if __name__ == "__main__":
    main()
