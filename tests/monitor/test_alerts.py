#!/usr/bin/env python3
"""
Detection by real alerts: the path of one flip of a metric through scrape, evaluation, `for`, delivery, group wait and
notification, as measured from outside and as the lines of the timeline say it.
"""

import json
import signal
import time

from lab import Lab, experiment, forward, get, need, until

S = 1_000_000_000
SCRAPE, EVALUATE, WAIT, INTERVAL = 1 * S, 2 * S, 2 * S, 5 * S
BUSY = S  # how late a busy machine may make a server

PROMETHEUS = """
global: {scrape_interval: 1s, scrape_timeout: 900ms, evaluation_interval: 2s}
rule_files: [rules.yml]
alerting:
  alertmanagers: [{static_configs: [{targets: ["127.0.0.1:9093"]}]}]
scrape_configs:
  - {job_name: app, static_configs: [{targets: ["127.0.0.1:9100"]}]}
"""

RULES = """
groups:
  - name: app
    rules:
      - {alert: AppBad, expr: app_bad == 1, for: 3s, labels: {severity: page}}
      - {alert: AppBadNoFor, expr: app_bad == 1}
      - {alert: AppSilenced, expr: app_bad == 1}
      - {alert: AppMinor, expr: app_bad == 1, for: 4s, labels: {severity: minor}}
      - {alert: AppOld, expr: app_old == 1}
      - {alert: AppPart, expr: app_part == 1}
      - {alert: AppSlow, expr: app_bad == 1, for: 60s}
      - {alert: AppRatio, expr: "rate(app_bad[1m]) / 2 > 1"}
"""

ALERTMANAGER = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 2s
  group_interval: 5s
  repeat_interval: 1h
receivers:
  - name: hook
    webhook_configs:
      - {url: "http://127.0.0.1:9199/", send_resolved: true}
      - {url: "http://127.0.0.1:9198/", send_resolved: true}
inhibit_rules:
  - {source_matchers: ['alertname="AppBadNoFor"'], target_matchers: ['alertname="AppMinor"']}
"""

OBJECTIVES = [f"detect({c}) within 30s" for c in (
    "prometheus:AppBad/pending", "prometheus:AppBad", "prometheus:AppBad{severity=\"other\"}", "prometheus:AppBadNoFor",
    "prometheus:AppOld", "prometheus:AppSlow", "prometheus:AppBda", "prometheus:AppRatio",
    "alertmanager:AppBad/received", "alertmanager:AppBad", "alertmanager:AppBad/notified", "alertmanager:AppBadNoFor/notified",
    "alertmanager:AppSilenced", "alertmanager:AppSilenced/received", "alertmanager:AppMinor", "alertmanager:AppMinor/received",
    "alertmanager:AppSilenced/notified", "prometheus:AppPart", "prometheus:AppPart{part=\"b\"}")]


def within(line, lo, hi, what):
    """The interval of a line lies within [lo, hi], as far as the clock is known."""
    assert line["lo_t"] <= line["hi_t"], line
    assert line["lo_t"] <= hi and line["hi_t"] >= lo, f"{what}: not in [{lo}, {hi}]: {line}"


def narrow(line, ns):
    assert line["hi_t"] - line["lo_t"] <= ns, f"wider than {ns} ns: {line}"


def before(driver):
    """What is said before there is a fault."""
    said = driver.tell("before")
    rules = {r["alert"]: r for line in said if line["e"] == "rules" for r in line["rules"]}
    grid = [line for line in said if line["e"] == "grid"][0]
    assert grid["scrape_ns"] == SCRAPE and grid["evaluation_ns"] == EVALUATE, grid
    bad = rules["AppBad"]
    assert bad["for_ns"] == 3 * S and bad["interval_ns"] == EVALUATE and bad["scrape_interval_ns"] == SCRAPE, bad
    assert bad["needs_ns"] == 7 * S and bad["impossible_below_ns"] == 3 * S, bad
    assert bad["can_fire"] == "yes" and bad["health"] == "ok" and not bad["already"], bad
    assert rules["AppSlow"]["can_fire"] == "no" and rules["AppSlow"]["impossible_below_ns"] == 59 * S
    assert rules["AppOld"]["already"] and rules["AppOld"]["state"] == "firing"
    route = [line["route"] for line in said if line["e"] == "rules"][0]
    assert (route["group_wait_ns"], route["group_interval_ns"], route["repeat_ns"]) == (WAIT, INTERVAL, 3600 * S), route
    clocks = {line["source"]: line for line in said if line["e"] == "clock"}
    for source, most in (("prometheus", S // 4), ("alertmanager", S // 2)):
        lo, hi = clocks[source]["offset_ns"]
        # One machine, one clock: 0 is in the interval, which is as narrow as was asked for.
        assert lo <= 0 <= hi and hi - lo <= most, clocks[source]
    notes = "\n".join(driver.notes())
    assert "AppSlow cannot fire: it needs a fault of at least 59s" in notes, notes
    assert "no rule for the alert 'AppBda'; did you mean 'AppBad'" in notes, notes
    assert "AppOld is firing already" in notes, notes
    assert "AppRatio looks back over a window" in notes, notes


def at_the_start(driver):
    for channel in ("prometheus:AppBad/firing", "alertmanager:AppBad/notified", "prometheus:AppBad/pending"):
        line = driver.await_("channel", channel=channel)
        assert line["state"] is False and line["rep"] == 1, line
    old = driver.await_("channel", channel="prometheus:AppOld/firing")
    assert old["state"] is True, old


def through_the_table(driver, flip):
    """measurement.md's table: every stage, against the instant of the flip."""
    stage = lambda name, alert: driver.await_("stage", stage=name, alert=alert, seconds=30)
    pending = stage("pending", "AppBad")
    within(pending, flip, flip + SCRAPE + EVALUATE + BUSY, "activeAt")
    narrow(pending, S // 4)
    firing = stage("firing", "AppBad")
    # `for: 3s` is rounded up to two evaluations.
    within(firing, pending["lo_t"] + 4 * S, pending["hi_t"] + 4 * S, "firing")
    narrow(firing, S // 4)
    at_once = stage("firing", "AppBadNoFor")
    within(at_once, pending["lo_t"] - S // 10, pending["hi_t"] + S // 10, "firing without for")
    received = stage("received", "AppBad")
    within(received, firing["lo_t"], firing["hi_t"] + BUSY, "received")
    notified = stage("notified", "AppBad")
    within(notified, received["lo_t"] + WAIT - S // 10, received["hi_t"] + WAIT + BUSY, "notified")
    narrow(notified, S // 4)
    quick = stage("notified", "AppBadNoFor")
    within(quick, flip + WAIT, flip + SCRAPE + EVALUATE + WAIT + BUSY, "notified without for")
    narrow(quick, S // 4)
    for name, line in (("pending", pending), ("firing", firing)):
        channel = driver.await_("channel", channel=f"prometheus:AppBad/{name}", state=True)
        assert (channel["lo_t"], channel["hi_t"]) == (line["lo_t"], line["hi_t"]), channel
        assert channel["detail"]["labels"]["severity"] == "page", channel
    for name, line in (("received", received), ("notified", notified)):
        channel = driver.await_("channel", channel=f"alertmanager:AppBad/{name}", state=True)
        assert (channel["lo_t"], channel["hi_t"]) == (line["lo_t"], line["hi_t"]), channel
    driver.await_("channel", channel="alertmanager:AppBad/active", state=True)
    assert driver.all("changed", channel="prometheus:AppBad/firing", so=True)
    return notified, firing


def suppressed(driver):
    for alert, by in (("AppSilenced", "silencedBy"), ("AppMinor", "inhibitedBy")):
        line = driver.await_("stage", stage="suppressed", alert=alert)
        assert len(line["detail"][by]) == 1, line
        driver.await_("channel", channel=f"alertmanager:{alert}/received", state=True)
        assert not driver.all("channel", channel=f"alertmanager:{alert}/active", state=True)
    assert not driver.all("channel", channel="alertmanager:AppSilenced/notified", state=True)


def kept_apart(driver, flip):
    """One part fires already; that another one does is told, once, and by the channel that means it."""
    line = driver.await_("channel", channel="prometheus:AppPart/firing", state=True, since=driver.before_flip)
    assert line["detail"]["labels"]["part"] == "b" and line["detail"]["another"] is True, line
    within(line, flip, flip + SCRAPE + EVALUATE + BUSY, "the other part")
    own = driver.await_("channel", channel='prometheus:AppPart{part="b"}/firing', state=True)
    assert (own["lo_t"], own["hi_t"]) == (line["lo_t"], line["hi_t"]) and "another" not in own["detail"], own
    told = driver.all("channel", channel="prometheus:AppPart/firing")
    assert [(t["state"], t["detail"]["labels"]["part"]) for t in told] == [(True, "a"), (True, "b")], told


def scraped(driver, flip, pending):
    driver.tell("after")
    line = driver.await_("stage", stage="scraped", alert="AppBad")
    within(line, flip, flip + SCRAPE + BUSY, "scraped")
    narrow(line, S // 4)
    assert line["hi_t"] <= pending["hi_t"] + S // 100, (line, pending)


def over(driver, repaired, notified):
    """Resolved is told apart, and late by up to the group interval."""
    resolved = driver.await_("stage", stage="resolved", alert="AppBad", source="prometheus", seconds=30)
    within(resolved, repaired, repaired + SCRAPE + EVALUATE + BUSY, "resolved")
    late = driver.await_("stage", stage="resolved-notified", alert="AppBad", seconds=30)
    tick = notified["lo_t"] + 2 * INTERVAL
    assert late["lo_t"] >= resolved["lo_t"] and late["lo_t"] <= tick + BUSY + 2 * INTERVAL, late
    within(late, notified["lo_t"] + INTERVAL - S // 4, notified["hi_t"] + 4 * INTERVAL + BUSY, "resolved-notified")
    assert driver.all("channel", channel="alertmanager:AppBad/notified")[-1]["state"] is False
    # When it was over is known better since: the notification says which evaluation found that.
    exact = driver.wait(lambda line: line["e"] == "stage" and line["stage"] == "resolved" and line["alert"] == "AppBad"
                        and "stamp" in line)
    narrow(exact, S // 4)
    within(exact, resolved["lo_t"], resolved["hi_t"], "endsAt")


def show(driver, flip):
    """The table of measurement.md, section 3.4, as it came out: seconds after the flip, with half their uncertainty."""
    rows = (("first bad scrape", "scraped", "prometheus"), ("activeAt", "pending", "prometheus"),
            ("firing", "firing", "prometheus"), ("Alertmanager has it", "received", "alertmanager"),
            ("webhook: firing", "notified", "alertmanager"), ("resolved: endsAt", "resolved", "alertmanager"),
            ("webhook: resolved", "resolved-notified", "alertmanager"))
    print(f"{'':20} {'AppBad, for: 3s':>18} {'AppBadNoFor':>18}")
    for title, stage, source in rows:
        cells = []
        for alert in ("AppBad", "AppBadNoFor"):
            said = [line for line in driver.all("stage", stage=stage, alert=alert, source=source)
                    if stage != "resolved" or "stamp" in line]
            assert said, (alert, stage)
            lo, hi = said[0]["lo_t"] - flip, said[0]["hi_t"] - flip
            cells.append(f"{(lo + hi) / 2 / S:.3f} +- {(hi - lo) / 2 / S:.3f}")
        print(f"{title:20} {cells[0]:>18} {cells[1]:>18}")


def away(lab, driver, other):
    """A server that cannot be asked makes its channels unknown, and only those; then they are known again."""
    since = len(driver.lines)
    prometheus, alertmanager = lab.processes["prometheus"], lab.processes["alertmanager"]
    prometheus.send_signal(signal.SIGSTOP)
    alertmanager.kill()
    alertmanager.wait()
    for channel in ("prometheus:AppBad/firing", "alertmanager:AppBad/active", "alertmanager:AppBad/notified"):
        line = driver.await_("channel", channel=channel, state=None, since=since)
        assert line["message"].split(":")[0] == channel.split(":")[0], line
    time.sleep(3)
    # Once each, and it is asked ever less often.
    assert len([n for n in driver.notes() if "prometheus cannot be asked" in n]) == 1, driver.notes()
    assert len([n for n in driver.notes() if "alertmanager cannot be asked" in n]) == 1, driver.notes()
    prometheus.send_signal(signal.SIGCONT)
    line = driver.await_("channel", channel="prometheus:AppBad/firing", state=False, since=since, seconds=40)
    driver.await_("note", text="prometheus answers again", since=since)
    # Between the last look that saw it and this one: it cannot be said better.
    assert line["hi_t"] - line["lo_t"] > 3 * S, line
    assert other.process.poll() is None


def main():
    need("prometheus", "prometheus-alertmanager")
    with Lab() as lab:
        exporter = lab.exporter(app_bad=0, app_old=1, **{'app_part{part="a"}': 1, 'app_part{part="b"}': 0})
        lab.alertmanager(ALERTMANAGER)
        lab.prometheus(PROMETHEUS, RULES)
        silence = {"matchers": [{"name": "alertname", "value": "AppSilenced", "isRegex": False}],
                   "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z", "createdBy": "test",
                   "comment": "planned"}
        get("http://127.0.0.1:9093/api/v2/silences", json.dumps(silence).encode())
        socket_path = lab.dir / "hook"
        lab.closers.append(forward(9198, socket_path))
        # The old alert fires before anything else happens.
        fires = lambda: [a["labels"]["alertname"] for a in get("http://127.0.0.1:9090/api/v1/alerts")["data"]["alerts"]
                         if a["state"] == "firing"]
        until(lambda: {"AppOld", "AppPart"} <= set(fires()), what="AppOld and AppPart do not fire")
        driver = lab.driver("table", experiment(OBJECTIVES))
        other = lab.driver("socket", experiment(
            ["detect(alertmanager:AppBad/notified) within 30s"], detection=f"""
    alertmanager: {{url: "http://127.0.0.1:9093", webhook: {{listen: "unix:{socket_path}"}}}}"""))
        before(driver)
        other.tell("before")
        driver.tell("repetition 1")
        other.tell("repetition 1")
        at_the_start(driver)
        driver.tell("request")
        driver.before_flip = len(driver.lines)
        flip = driver.t(exporter.set(app_bad=1, **{'app_part{part="b"}': 1}))
        notified, firing = through_the_table(driver, flip)
        suppressed(driver)
        kept_apart(driver, flip)
        pending = driver.await_("stage", stage="pending", alert="AppBad")
        repaired = driver.t(exporter.set(app_bad=0))
        scraped(driver, flip, pending)
        # The same notification by the socket, within what both clocks allow.
        line = other.await_("stage", stage="notified", alert="AppBad")
        assert abs((line["lo_t"] + other.run["mono_ns"]) - (notified["lo_t"] + driver.run["mono_ns"])) < BUSY, line
        over(driver, repaired, notified)
        driver.await_("stage", stage="resolved-notified", alert="AppBadNoFor", seconds=30)
        show(driver, flip)
        assert not driver.all("channel", channel="prometheus:AppSlow/firing", state=True)
        assert not driver.all("channel", channel="prometheus:AppBad{severity=\"other\"}/firing", state=True)
        # The next repetition tells every state anew; what fires already is no detection there.
        driver.tell("repetition 2")
        line = driver.await_("channel", channel="prometheus:AppOld/firing", rep=2)
        assert line["state"] is True, line
        away(lab, driver, other)
        driver.tell("settle")
        assert not socket_path.exists() or other.process.poll() is None
        other.stop()
        assert not socket_path.exists(), "the socket is left behind"


if __name__ == "__main__":
    main()
