#!/usr/bin/env python3
"""same.py ORDEAL STORED_RUN [STEPS [SEED]]: a history that was kept step by step is the one that a rebuild makes.

Runs come, are reported again with other marks, are tagged, pruned, and taken away behind the history's back; instants are
skipped, some of them twice, and a line of them is cut off. After some steps everything that the history says is compared with
what it says when it was made anew from the folders. Readers go on all the while, and each sees a whole history.
"""
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading

ordeal, stored = sys.argv[1:3]
steps = int(sys.argv[3]) if len(sys.argv) > 3 else 400 if os.environ.get("ORDEAL_NIGHTLY") else 24
seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(10**9)
draw = random.Random(seed)
top = tempfile.mkdtemp(prefix="ordeal-same.")
state, runs = f"{top}/ordeal", f"{top}/ordeal/runs"
env = dict(os.environ, XDG_STATE_HOME=top)
BEGIN = 1793440800  # 2026-10-31
n_runs, n_reads, trouble, over = 0, 0, [], threading.Event()


def run(*command):
    p = subprocess.run([ordeal, *command], env=env, capture_output=True, text=True, check=False)
    assert p.returncode == 0, f"{command}: {p.stderr}"
    return p.stdout


def folders():
    return sorted(n for n in os.listdir(runs) if "-" in n and not n.startswith("."))


def come():
    """Known by its report, as a run enters itself at its end."""
    global n_runs
    n_runs += 1
    name = draw.choice(("orders", "payments"))
    folder = f"202611{1 + n_runs % 28:02}T100000Z-{name}-{n_runs:06x}"
    ms = [draw.choice((str(draw.randrange(100, 4000)), "never", "aborted")) for _ in range(draw.randrange(1, 4))]
    plan = [f'name="{name}"', f"wall_s={BEGIN + draw.randrange(40 * 86400)}", 'labels={"team":"%s"}' % draw.choice("ab")]
    subprocess.run([stored, runs, folder, *ms, *plan], check=True)
    run("report", f"{runs}/{folder}")


def report_again():
    if folders():
        run("report", f"{runs}/{draw.choice(folders())}")


def tag():
    if folders():
        subprocess.run([ordeal, "tag", draw.choice(folders()), f"t{draw.randrange(4)}"], env=env, capture_output=True, check=False)


def prune():
    run("history", "prune", *draw.choice((("--keep-last", "6"), ("--keep-for", "20d"), ("--max-size", "300KiB"))))


def take_away():
    """And the row with it, by a prune that lets nothing else go; that of a tagged one would stay, as gone."""
    tags = f"{runs}/tags"
    tagged = {os.path.basename(os.readlink(f"{tags}/{t}")) for t in os.listdir(tags)} if os.path.isdir(tags) else set()
    there = [f for f in folders() if f not in tagged]
    if there:
        shutil.rmtree(f"{runs}/{draw.choice(there)}")
        run("history", "prune", "--keep-last", "100000")


def skip():
    """Lines as `ordeal serve` appends them; one may come twice, or be cut off."""
    os.makedirs(f"{state}/missed", exist_ok=True)
    planned = (BEGIN + draw.randrange(200)) * 10**9
    line = json.dumps({"outcome": draw.choice(("skipped", "interrupted")), "name": "orders", "reason": draw.choice(("forbid", "halted")),
                       "text": "", "run": "", "planned_ns": planned, "last_ns": planned, "times": 1, "at_ns": planned + 5,
                       "labels": {}})
    with open(f"{state}/missed/2026-{draw.randrange(10, 12)}.jsonl", "a", encoding="ascii") as f:
        f.write(f"\n{line}\n" if draw.randrange(4) else f"\n{line[:40]}")


def look():
    """All that is told, and the tables themselves but for their numbers."""
    listed = json.loads(run("history", "--json"))
    db = sqlite3.connect(f"{state}/history.db", timeout=20)
    tables = {}
    for table, key in (("runs", "folder"), ("labels", ""), ("repetitions", ""), ("instants", ""), ("verdicts", ""), ("figures", ""), ("marks", "")):
        columns = [c[1] for c in db.execute(f"PRAGMA table_info({table})") if c[1] not in ("n", "run")]
        whose = "'' AS of" if key else "(SELECT folder FROM runs r WHERE r.n = t.run) AS of"
        tables[table] = sorted(map(repr, db.execute(f"SELECT {whose}, {', '.join(columns)} FROM {table} t").fetchall()))
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()
    return listed, tables


def same(done):
    before = look()
    run("history", "rebuild")
    after = look()
    assert before[0] == after[0], f"{done}: listed otherwise:\n{before[0]}\n{after[0]}"
    for table, rows in before[1].items():
        assert rows == after[1][table], f"{done}: {table}: {set(rows) ^ set(after[1][table])}"


def read():
    global n_reads
    while not over.is_set():
        p = subprocess.run([ordeal, "history", "--json"], env=env, capture_output=True, text=True, check=False)
        try:
            assert p.returncode == 0, p.stderr
            assert all(r.get("folder") or r.get("planned_ns") for r in json.loads(p.stdout)["runs"])
            n_reads += 1
        except (AssertionError, ValueError) as e:
            trouble.append(repr(e))
            return


def main():
    print(f"seed {seed}", flush=True)
    os.makedirs(runs)
    come()
    reader = threading.Thread(target=read)
    reader.start()
    done = []
    try:
        for k in range(steps):
            step = draw.choice((come, come, come, report_again, tag, prune, take_away, skip, skip))
            done.append(step.__name__)
            step()
            if k % 6 == 5:
                same(done)
    finally:
        over.set()
        reader.join()
    assert not trouble, trouble
    assert n_reads > steps // 4
    print(f"the same after each of {steps // 6} rebuilds, {n_reads} readers meanwhile")


try:
    main()
finally:
    shutil.rmtree(top)
