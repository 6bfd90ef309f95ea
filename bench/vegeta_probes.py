#!/usr/bin/env python3
"""vegeta_probes.py VEGETA URL PER_SECOND SECONDS [CPU]: what vegeta makes of the slots that run-probes is given, from one core.

Hit n is due at n / PER_SECOND after the first; how late it began is taken against the hit that came closest to its slot, which
is the kindest to vegeta. Its results are written while it attacks, and read after it. It has its own settings but for -cpus: four
threads of Go share the one core, since with -cpus=1 it came to no more than 250 hits a second at times.
"""
import csv, json, os, resource, subprocess, sys, tempfile

vegeta, url, rate, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
cpu = int(sys.argv[5]) if len(sys.argv) > 5 else None

def on_one_core():
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})

with tempfile.TemporaryDirectory() as folder:
    results = os.path.join(folder, "results")
    try:
        subprocess.run([vegeta, "-cpus=4", "attack", f"-rate={rate}/1s", f"-duration={seconds}s",
                        f"-output={results}"], input=f"GET {url}\n".encode(), preexec_fn=on_one_core, check=True,
                       timeout=6 * seconds + 20)
    except subprocess.TimeoutExpired:
        sys.exit("vegeta_probes.py: vegeta took more than six times as long as it was asked to")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = subprocess.run([vegeta, "encode", "--to=csv", results], check=True, capture_output=True, text=True).stdout

rows = [(int(r[8]), int(r[0]), int(r[1]), int(r[2])) for r in csv.reader(text.splitlines())]
off = sorted(at - n * 1_000_000_000 // rate for n, at, _, _ in rows)
late = [x - off[0] for x in off]
begun = sorted(at for _, at, _, _ in rows)
cpu_s = used.ru_utime + used.ru_stime

def us(q):
    return round(late[min(int(q * len(late)), len(late) - 1)] / 1000, 1)

print(json.dumps({
    "bench": "vegeta", "asked_per_s": rate, "hits": len(rows),
    "per_s": round((len(rows) - 1) * 1e9 / max(begun[-1] - begun[0], 1)),
    "not_ok": sum(code != 200 for _, _, code, _ in rows),
    "late_us": {"p50": us(0.5), "p99": us(0.99), "p999": us(0.999), "max": us(1)},
    "cpu_us_per_probe": round(cpu_s * 1e6 / len(rows), 1)}, separators=(",", ":")))
