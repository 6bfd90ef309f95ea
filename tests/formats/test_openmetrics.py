#!/usr/bin/env python3
"""test_openmetrics.py HOSTILE RUNS: the judge on documents that are right and wrong; what is written of every stored run,
with names as they are and names that nobody would choose; the same read by promtool and by prometheus_client, where they
are installed."""
import os
import shutil
import subprocess
import sys

from openmetrics import judge, judge_textfile
from written import Written, folder

HISTOGRAM = ('# TYPE a histogram\na_bucket{le="0.1"} 1\na_bucket{le="1.0"} 2\na_bucket{le="+Inf"} 3\na_count 3\n'
             'a_sum 2.5\n# EOF\n')

GOOD = {
    "gauge": "# TYPE a gauge\na 1\n# EOF\n",
    "unit": "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\n# HELP a_seconds b \\n c\na_seconds 0.5\n# EOF\n",
    "counter": "# TYPE a counter\na_total 1\na_created 1.5\n# EOF\n",
    "info": '# TYPE a info\na_info{b="c"} 1\n# EOF\n',
    "stateset": '# TYPE a stateset\na{a="x"} 0\na{a="y"} 1\n# EOF\n',
    "histogram": HISTOGRAM,
    "escapes": '# TYPE a gauge\na{b="\\\\ \\" \\n"} 1\n# EOF\n',
    "timestamps": "# TYPE a gauge\na 1 1600000000.5\na 2 1600000001\n# EOF\n",
    "exemplar": '# TYPE a counter\na_total 1 # {trace_id="abc"} 1.0 1600000000\n# EOF\n',
    "NaN gauge": "# TYPE a gauge\na NaN\n# EOF\n",
    "two families": "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# EOF\n",
}

# By what is wrong; the second of each: what the judge must say of it. First those that parsers refuse, too.
REFUSED = {
    "no EOF": ("# TYPE a gauge\na 1\n", "# EOF"),
    "text after EOF": ("# TYPE a gauge\na 1\n# EOF\na 2\n", "after # EOF"),
    "unit is no suffix": ("# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n", "suffix"),
    "counter without _total": ("# TYPE a counter\na 1\n# EOF\n", "suffix"),
    "blank line": ("# TYPE a gauge\n\na 1\n# EOF\n", "blank"),
    "free comment": ("# TYPE a gauge\n# a word\na 1\n# EOF\n", "comment"),
    "no +Inf": (HISTOGRAM.replace('a_bucket{le="+Inf"} 3\n', ""), "+Inf"),
    "CRLF": ("# TYPE a gauge\r\na 1\r\n# EOF\r\n", "carriage return"),
    "NaN counter": ("# TYPE a counter\na_total NaN\n# EOF\n", "cannot be NaN"),
    "negative counter": ("# TYPE a counter\na_total -1\n# EOF\n", "cannot be -1"),
    "interleaved families": ("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na 2\n# EOF\n", "interleaved"),
    "negative sum": (HISTOGRAM.replace("a_sum 2.5", "a_sum -2.5"), "sum cannot be"),
    "exemplar too long": ('# TYPE a counter\na_total 1 # {b="%s"} 1.0\n# EOF\n' % ("x" * 128), "128"),
    "info that is 2": ('# TYPE a info\na_info{b="c"} 2\n# EOF\n', "info's value"),
}
WRONG = {
    "le=1": (HISTOGRAM.replace('le="1.0"', 'le="1"'), "canonical"),
    "milliseconds": ("# TYPE a gauge\na 1 1600000000000\n# EOF\n", "not in seconds"),
    "duplicate sample": ("# TYPE a gauge\na 1\na 1\n# EOF\n", "twice"),
    "duplicate, labels in another order": ('# TYPE a gauge\na{b="1",c="2"} 1\na{c="2",b="1"} 1\n# EOF\n', "twice"),
    "unknown escape": ('# TYPE a gauge\na{b="\\q"} 1\n# EOF\n', "unknown escape"),
    "byte order mark": ("\ufeff# TYPE a gauge\na 1\n# EOF\n", "byte order"),
    "no last line feed": ("# TYPE a gauge\na 1\n# EOF", "no end"),
    "not UTF-8": (b'# TYPE a gauge\na{b="\xff"} 1\n# EOF\n', "UTF-8"),
    "control character": ('# TYPE a gauge\na{b="\x01"} 1\n# EOF\n', "control"),
    "metadata order": ("# HELP a b\n# TYPE a gauge\na 1\n# EOF\n", "order"),
    "metadata twice": ("# TYPE a gauge\n# TYPE a gauge\na 1\n# EOF\n", "once"),
    "metadata after samples": ("# TYPE a gauge\na 1\n# HELP a b\n# EOF\n", "after its samples"),
    "unknown type": ("# TYPE a meter\na 1\n# EOF\n", "type"),
    "interleaved metrics": ('# TYPE a counter\na_total{b="1"} 1\na_total{b="2"} 1\na_created{b="1"} 1\n# EOF\n',
                            "not together"),
    "label twice": ('# TYPE a gauge\na{b="1",b="2"} 1\n# EOF\n', "twice"),
    "stateset without its label": ('# TYPE a stateset\na{b="x"} 1\n# EOF\n', "family's name"),
    "state of 2": ('# TYPE a stateset\na{a="x"} 2\n# EOF\n', "0 or 1"),
    "decimal comma": ("# TYPE a gauge\na 1,5\n# EOF\n", "not a number"),
    "buckets that sink": (HISTOGRAM.replace('le="1.0"} 2', 'le="1.0"} 0'), "cumulative"),
    "count is another": (HISTOGRAM.replace("a_count 3", "a_count 4"), "last bucket"),
    "buckets out of order": (HISTOGRAM.replace('le="0.1"', 'le="2.0"'), "order"),
    "exemplar at a gauge": ('# TYPE a gauge\na 1 # {b="c"} 1.0\n# EOF\n', "exemplar"),
    "timestamps that stand": ("# TYPE a gauge\na 1 5\na 2 5\n# EOF\n", "grow"),
    "one with and one without timestamp": ("# TYPE a counter\na_total 1\na_created 1 5\n# EOF\n", "with and without"),
    "two spaces": ("# TYPE a gauge\na  1\n# EOF\n", "one space"),
    "names that collide": ("# TYPE a counter\na_total 1\n# TYPE a_total gauge\na_total 1\n# EOF\n", "a_total"),
    "empty": ("# EOF\n", "no samples"),
}


def judge_the_judge(w):
    for name, text in GOOD.items():
        w.expect(judge(text.encode()), f"good: {name}")
    for name, (text, says) in {**REFUSED, **WRONG}.items():
        found = judge(text if isinstance(text, bytes) else text.encode())
        if not any(says in line for line in found):
            w.fail(f"bad: {name}: expected '{says}', found {found}")
    for text in ('# TYPE a info\na_info 1\n', "# TYPE a gauge\na 1 5\n", "a 1\n", "# TYPE a counter\na 1\n"):
        if not judge_textfile(text.encode()):
            w.fail(f"textfile: {text!r} was taken")


def judge_runs(w, seeds):
    for run in w.runs:
        for seed in seeds:
            for name in ("openmetrics", "history"):
                text = w.report(run, name, seed)
                w.expect(judge(text), f"{run}: {name}, seed {seed}")
            stamped = [line for line in w.report(run, "openmetrics", seed).split(b"\n") if line[:1] not in (b"#", b"")]
            if any(len(line.rsplit(b"} ", 1)[1].split(b" # ")[0].split()) != 1 for line in stamped if b" # " not in line):
                w.fail(f"{run}: a timestamp in report.om")
            w.expect(judge_textfile(w.report(run, "textfile", seed)), f"{run}: textfile, seed {seed}")
        if w.report(run, "openmetrics") != w.report(run, "openmetrics"):
            w.fail(f"{run}: other bytes the second time")
        if b"repetition=" in w.report(run, "textfile"):
            w.fail(f"{run}: a repetition's label in what is scraped")


def with_prometheus_client(w, seeds):
    try:
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
    except ImportError:
        return print("prometheus_client is not installed (Debian: python3-prometheus-client): not compared")
    for name, (text, _) in REFUSED.items():
        try:
            list(text_string_to_metric_families(text))
            w.fail(f"prometheus_client takes {name}: REFUSED is not what it says")
        except ValueError:
            pass
    for run in w.runs:
        for seed in seeds:
            # Not history.om: 0.16 compares the nanoseconds of two timestamps without their seconds.
            families = list(text_string_to_metric_families(w.report(run, "openmetrics", seed).decode()))
            if not any(f.type == "stateset" for f in families):
                w.fail(f"{run}: no stateset")


def with_promtool(w, seeds):
    if not shutil.which("promtool"):
        return print("promtool is not installed (Debian: prometheus): not compared")
    for run in w.runs:
        for seed in seeds:
            done = subprocess.run(["promtool", "check", "metrics"], input=w.report(run, "textfile", seed),
                                  capture_output=True)
            if done.returncode or done.stderr:
                w.fail(f"{run}: promtool check metrics: {done.stderr.decode(errors='replace')[:300]}")
    # The importer has the parser of Prometheus itself, and what it made can be asked for again.
    with folder() as d:
        text = w.report(w.runs[0], "history")
        with open(d + "/history.om", "wb") as f:
            f.write(text)
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", d + "/history.om", d + "/data"],
                       capture_output=True, check=True)
        os.mkdir(d + "/data/wal")  # which 2.42 wants to see before it reads the blocks
        dump = subprocess.run(["promtool", "tsdb", "dump", d + "/data"], capture_output=True, check=True).stdout
        samples = sum(1 for line in text.split(b"\n") if line and not line.startswith(b"#"))
        if len(dump.split(b"\n")) - 1 != samples:
            w.fail(f"{samples} samples were written, {len(dump.split(bytes([10]))) - 1} imported")


def main():
    w = Written(sys.argv[1:])
    judge_the_judge(w)
    judge_runs(w, range(0, int(os.environ.get("ORDEAL_SEEDS", "6"))))
    with_prometheus_client(w, (0, 1))
    with_promtool(w, (0, 1))
    w.end()


if __name__ == "__main__":
    main()
