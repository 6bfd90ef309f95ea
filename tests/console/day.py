#!/usr/bin/python3
"""day.py: 24 hours of events, as fast as the page takes them, do not grow its memory: the heap after a garbage collection is what it
was after the first hour, and so is the number of nodes. Exit status 77: there is no Chromium.
"""
import sys
import threading
import time

import desk
import browser
import feeder
import scene

RUN_S = 300                 # of one run; the next begins when it ends
RUNS = 24 * 3600 // RUN_S
HOUR = RUNS // 24
GROWTH_BYTES = 1 << 20
GROWTH_NODES = 300


def one_run():
    """The bytes of a run's events; KEY stands for its key."""
    out = [feeder.event(1, "dispatched", {**scene.run("KEY", "orders"), "repetition": [0, 1]})]
    changes = scene.phases("KEY")
    for i in range(RUN_S * 4):
        if i in changes:
            out.append(feeder.event(2, "phase", {**changes[i], "t": i / 4}))
        out.append(feeder.event(3, "strip", scene.strip(i, "KEY")))
    out.append(feeder.event(4, "ended", {**scene.run("KEY", "orders"), "verdict": "passed", "exit": 0}))
    out.append(feeder.event(5, "schedule", scene.schedule("orders", "every 5m", next=scene.due(300), last={"run": "KEY", "verdict": "passed", "exit": 0, "at": feeder.instant(0)})))
    return b"".join(out)


def memory(page):
    """(bytes of the heap, nodes) after two collections: what the first finds may hold on to others."""
    for _ in range(2):
        page.call("HeapProfiler.collectGarbage")
    return page.call("Runtime.getHeapUsage")["usedSize"], page.call("Memory.getDOMCounters")["nodes"]


def main():
    desk.need()
    go, run = threading.Event(), one_run()

    def events(_):
        for i in range(RUNS):
            if i == HOUR:
                go.wait(60)
            yield run.replace(b"KEY", b"k%d" % i)

    def seen(page, i):
        return page.js("document.getElementById('run-k%d-over')!==null" % i)

    answers = scene.answers(**{"/v1/runs": {"runs": []}})
    with feeder.Feeder(answers, events) as f, browser.Browser() as b, desk.open_page(b, f.url) as page:
        page.call("Network.disable")  # it tells of every piece that arrives, and a day has many
        feeder.wait(lambda: seen(page, HOUR - 1), "the first hour", 60)
        heap, nodes = memory(page)
        began = time.monotonic()
        go.set()
        feeder.wait(lambda: seen(page, RUNS - 1), "the day", 120)
        took = time.monotonic() - began
        later, more = memory(page)
        said = page.complaints()
    n = RUNS * run.count(b"\n\n")
    print("%d events; after the first hour %d bytes and %d nodes, after the day %d and %d; %.0f events/s" %
          (n, heap, nodes, later, more, n * (RUNS - HOUR) / RUNS / took))
    for text in said:
        print("in the console: " + text)
    return 1 if said or later > heap + GROWTH_BYTES or more > nodes + GROWTH_NODES else 0


if __name__ == "__main__":
    sys.exit(main())
