#!/usr/bin/env python3
"""schema.py SPEC_TOOL SOURCE [SEED]: the JSON Schema against a real validator.

It is itself valid, takes every experiment that the parser takes, and says of each bad file what the file's first line
says: `refuses`, `accepts` (only the whole of an experiment shows the mistake), or `cannot be read` (not YAML to
everyone).

Then thousands of experiments, changed at random from the good ones: what the parser takes, the schema must take, and
what the schema refuses, the parser must refuse. (The converse cannot be asked: a schema knows no cross checks.) The seed
is printed and can be given back.
"""
import glob
import json
import os
import random
import re
import subprocess
import sys

try:
    import yaml
    from jsonschema import Draft202012Validator
except ImportError as e:
    print(f"{e}; Debian: python3-jsonschema python3-yaml")
    sys.exit(77)

program, source = sys.argv[1:3]
seed = int(sys.argv[3]) if len(sys.argv) > 3 else int.from_bytes(os.urandom(4), "little")
schema = json.loads(subprocess.run([program, "schema"], check=True, capture_output=True).stdout)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
wrong = 0


class Strict(yaml.SafeLoader):
    """Duplicate keys are an error, as everywhere but in PyYAML."""

    def construct_mapping(self, node, deep=False):
        keys = [k.value for k, _ in node.value if k.tag != "tag:yaml.org,2002:merge"]
        if len(keys) != len(set(keys)):
            raise yaml.YAMLError("duplicate key")
        return super().construct_mapping(node, deep)


def verdict(path):
    try:
        with open(path, "rb") as f:
            text = f.read()
        if b"billion-laughs" in path.encode():
            return "cannot be read", "not tried"
        data = yaml.load(text.decode("utf-8"), Strict)
        json.dumps(data)
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, ValueError, RecursionError) as e:
        return "cannot be read", str(e)
    try:
        error = next(validator.iter_errors(data), None)
    except TypeError as e:  # keys that are not texts
        return "refuses", str(e)
    return ("refuses", error.message) if error else ("accepts", "")


def expect(path, want):
    global wrong
    got, why = verdict(path)
    if got != want:
        wrong += 1
        print(f"{os.path.relpath(path, source)}: the schema {got}, wanted: {want}: {why[:300]}")


bad = sorted(glob.glob(os.path.join(source, "tests/golden/bad/*.yaml")))
for path in bad:
    with open(path, "rb") as f:
        want = f.readline().decode().removeprefix("# schema: ").strip()
    expect(path, want)
good = sorted(glob.glob(os.path.join(source, "tests/golden/*.yaml")))
good += sorted(glob.glob(os.path.join(source, "tests/golden/doubtful/*.yaml")))
good += sorted(f for f in glob.glob(os.path.join(source, "experiments/**/*.yaml"), recursive=True)
               if "kind: Experiment" in open(f).read())  # and not a system to try them on
for path in good:
    expect(path, "accepts")
texts = b"".join(open(path, "rb").read() + b"\0" for path in good)
answers = subprocess.run([program, "check"], input=texts, check=True, capture_output=True).stdout.decode().splitlines()
for path, answer in zip(good, answers, strict=True):
    if answer != "ok":
        wrong += 1
        print(f"{os.path.relpath(path, source)}: {answer}")
assert len(bad) > 100 and good
print(f"{len(good)} good and {len(bad)} bad files, {wrong} wrong")


VALUES = [
    None, True, False, 0, 1, 2, 7, 50, 99, 100, 101, 5432, 65535, 65536, -1, 0.5, 12.5, 9007199254740991, "", "0", "0s", "1",
    "5", "1ms", "10us", "200ms", "1.5s", "2m", "1h", "1d", "2d", "1 s", "50%", "100%", "101%", "0.0001%", "64KiB", "1GiB",
    "1G", "10MB", "1MiB/s", "5/s", "a", "orders", "Orders", "a-b", "-a", "a" * 63, "a" * 64, "GET", "get", "signal", "user",
    "fresh", "egress", "both", "drop", "reject", "tcp", "udp", "2xx", "200", "200-299", "299-200", "600", "http://h/",
    "https://[::1]:80/x", "http://h:99999/", "ftp://h/", "http://u@h/", "h:80", "[::1]:80", "::1:80", "10.0.0.0/8",
    "10.0.0.0/8:5432/tcp", ":53/udp", "/tcp", "::/0", "1-2", "2-1", "0-3,6", "TERM", "SIGKILL", "9", "65", "^x", "(", "[",
    "x{1,2}", "orders.ok_ratio >= 0.99 over 5s", "a.ok_ratio>=99% over 1m", "a.latency.p95 < 1s over 2s",
    "a.latency.p95 < 0 over 2s", "a.latency.p97 < 1s over 2s", "a.ok_ratio >= 2 over 5s", "detect(c) within 2s",
    "detect(c) within 2s hold 1s", "recover(self) within 1s hold 0", "recover(after_rollback) within 5s", "recover(x) within 1s",
    "detour", "queue", "netem", "/run/netns/x", "ordeal.dev/v1", "Experiment", [], {}, ["a"], [1], [":53"], [{"port": 1}],
    [{"cidr": "::/0", "ports": "1-2"}], {"a": "b"}, {"port": 1}, {"id": "x"}, {"name": "x"}, {"delay": "1ms"},
    {"percent": 5}, {"within": "1ms"}, {"status": 200},
]
KEYS = ["name", "every", "timeout", "role", "http", "tcp", "exec", "url", "expect", "status", "within", "body", "json", "header",
        "headers", "method", "connection", "insecure", "command", "host", "port", "target", "process", "pid", "listening",
        "cgroup", "unit", "container", "netns", "count", "percent", "all", "at", "for", "engine", "noop", "net.delay",
        "net.loss", "net.partition", "cpu.burn", "mem.fill", "proc.kill", "proc.pause", "delay", "jitter", "to", "exclude",
        "direction", "device", "mode", "load", "cores", "cpus", "climb", "size", "rate", "keep-free", "oom-first", "signal",
        "limits", "targets", "duration", "wholeHost", "seed", "placebo", "labels", "annotations", "schedule", "x"]


# Values that could stand where a value of the same shape stood.
ALIKE = [
    (r"^[0-9.]+(ns|us|ms|s|m|h|d)$", ["0", "0s", "10us", "1500us", "2ms", "1.5s", "0.25s", "3m", "1h", "1d", "90s"]),
    (r"^[0-9.]+%$", ["5%", "0.5%", "100%", "007%", "12.3456%", 5, 12.5, "33"]),
    (r"^[0-9]+[KMGT]i?B?$", ["64KiB", "1.5MiB", "2M", "10MB", "1048576", 1048576, "2000kB"]),
    (r"^[a-z][a-z0-9-]*$", ["a", "a1-b", "9", "x" * 63]),
    (r" over ", ["a.ok_ratio > 0.5 over 2s", "a.latency.max >= 10us over 1500ms", "  a.latency.p50<0 over 1m ",
                 "a.ok_ratio>=99.5%  over 1h"]),
    (r" within ", ["detect( c ) within 1m", "recover(self) within 500ms hold 0s", "recover (after_rollback) within 2s hold 1.5s"]),
    (r"^https?:", ["http://h", "http://h:1/?q=%20", "https://[2001:db8::1]/a/b#c", "http://h?x=[1]", "http://a.b-c:65535"]),
]


def alike(rng, old):
    for pattern, values in ALIKE:
        if isinstance(old, str) and re.search(pattern, old) and rng.randrange(4):
            return rng.choice(values)
    if isinstance(old, bool) and rng.randrange(2):
        return not old
    if isinstance(old, int) and not isinstance(old, bool) and rng.randrange(2):
        return rng.choice([1, 2, 10, 200, 404, 8080])
    return json.loads(json.dumps(rng.choice(VALUES)))


def places(value):
    """Every container below, so that a change can be made in it."""
    if isinstance(value, (dict, list)):
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from places(child)


def change(rng, data):
    where = rng.choice([p for p in places(data)])
    if isinstance(where, dict):
        key = rng.choice(sorted(where) or ["x"])
        kind = rng.randrange(4)
        if kind == 0:
            where.pop(key, None)
        elif kind == 1:
            where[rng.choice(KEYS)] = json.loads(json.dumps(rng.choice(VALUES)))
        else:
            where[key] = alike(rng, where.get(key))
    elif where and rng.randrange(3):
        i = rng.randrange(len(where))
        if rng.randrange(3) == 0:
            del where[i]
        else:
            where[i] = alike(rng, where[i])
    else:
        where.append(json.loads(json.dumps(rng.choice(VALUES))))


rng = random.Random(seed)
seeds = []
for path in good:
    with open(path, encoding="utf-8") as f:
        seeds.append(yaml.load(f, Strict))
mutants = []
for _ in range(3000):
    mutant = json.loads(json.dumps(rng.choice(seeds)))
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        change(rng, mutant)
    mutants.append(mutant)
text = b"".join(json.dumps(m, ensure_ascii=False).encode() + b"\0" for m in mutants)
told = subprocess.run([program, "check"], input=text, check=True, capture_output=True).stdout.decode().splitlines()
assert len(told) == len(mutants)
taken = 0
for mutant, answer in zip(mutants, told):
    taken += answer == "ok"
    error = next(validator.iter_errors(mutant), None)
    if error and answer == "ok":
        wrong += 1
        print(f"the parser takes what the schema refuses: {error.message[:200]} at {list(error.path)}")
print(f"{len(mutants)} changed at random with seed {seed}: {taken} taken; {wrong} wrong in all")
assert taken > 300
sys.exit(1 if wrong else 0)
