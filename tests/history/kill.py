#!/usr/bin/env python3
"""kill.py ORDEAL WRITER STORED_RUN [TIMES] [SEED]: kills writers, a rebuild and a prune of a history at random times, and looks
what is left: the database is whole, each run is in it wholly or not at all, what was said to be in it is in it, nothing is in it
that has no folder but what a prune was at, and the next command sets everything right."""
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

ordeal, writer, stored = sys.argv[1:4]
times = int(sys.argv[4]) if len(sys.argv) > 4 else 500 if os.environ.get("ORDEAL_NIGHTLY") else 20
seed = int(sys.argv[5]) if len(sys.argv) > 5 else random.randrange(10**9)
print(f"seed {seed}, {times} times", flush=True)
draw = random.Random(seed)
N = 12
cut = {"rebuild": 0, "prune": 0}

top = tempfile.mkdtemp(prefix="ordeal-kill.")
state = os.path.join(top, "ordeal")
runs = os.path.join(state, "runs")
spare = os.path.join(top, "spare")
env = dict(os.environ, XDG_STATE_HOME=top)
names = [f"202611{k + 1:02}T100000Z-orders-{k:06x}" for k in range(N)]


def connect():
    db = sqlite3.connect(os.path.join(state, "history.db"), timeout=10)
    db.execute("PRAGMA foreign_keys = ON")
    return db


def check():
    """The rows' folders, of a database that is whole."""
    db = connect()
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    rows = db.execute("SELECT folder, (SELECT count(*) FROM repetitions WHERE run = runs.n),"
                      " (SELECT count(*) FROM verdicts WHERE run = runs.n), (SELECT count(*) FROM figures WHERE run = runs.n)"
                      " FROM runs ORDER BY folder").fetchall()
    db.close()
    for folder, *parts in rows:
        assert parts == [2, 1, 2], f"{folder} is there in part: {parts}"
    return [row[0] for row in rows]


def kill_writer_after(entered, *mode):
    """Kills it when it has said so many, and within the time that another takes. What it said."""
    with subprocess.Popen([writer, state, *mode], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        assert p.stdout.readline() == "ready\n", p.stderr.read()
        began = time.monotonic()
        said = [p.stdout.readline()[:-1] for _ in range(entered)]
        time.sleep(draw.uniform(0, 1.2 * (time.monotonic() - began) / entered if entered else 0.02))
        p.kill()
        # Not communicate(), which forgets what readline() has read ahead.
        out, err = p.stdout.read(), p.stderr.read()
        assert p.wait() == -9, err
    return said + out.split("\n")[:-1]


def kill_both(writers):
    said = []
    for p in writers:
        assert p.stdout.readline() == "ready\n", p.stderr.read()
    for _ in range(draw.randrange(N)):
        said += [line[:-1] for line in (p.stdout.readline() for p in writers) if line]
    time.sleep(draw.uniform(0, 0.02))
    for p in draw.sample(writers, 2):
        p.kill()
        out, err = p.stdout.read(), p.stderr.read()
        # The other may have been so quick that this one never had its turn, and it does not wait for ever.
        assert p.wait() == -9 or "has held" in err, err
        said += [line for line in out.split("\n")[:-1] if line]
    return said


def kill_two_writers():
    empty()
    writers = [subprocess.Popen([writer, state], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for _ in range(2)]
    try:
        said = kill_both(writers)
    finally:
        for p in writers:
            p.kill()
            p.wait()
    there = check()
    assert set(said) <= set(there) <= set(names), (said, there)
    whole("rebuild")


def kill_misser():
    """What was said to be skipped is listed, and what is listed is whole."""
    shutil.rmtree(os.path.join(state, "missed"), ignore_errors=True)
    said = kill_writer_after(draw.randrange(50), "miss")
    command = [ordeal, "history", "--verdict", "skipped", "--json"]
    out = json.loads(subprocess.run(command, env=env, check=True, capture_output=True).stdout)["runs"]
    listed = [str(r["planned_ns"] // 10**9 - 1793440800) for r in out]
    assert listed in (said, said + [str(len(said) + 1)]), (said, listed)
    assert check() == names


def whole(*command):
    """How long it takes."""
    began = time.monotonic()
    subprocess.run([ordeal, "history", *command], env=env, check=True, capture_output=True)
    return time.monotonic() - began


def killed_within(took, *command):
    with subprocess.Popen([ordeal, "history", *command], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as p:
        time.sleep(draw.uniform(0, took))
        p.kill()
        err = p.communicate()[1]
        assert p.returncode in (0, -9), err
        cut[command[0]] += p.returncode == -9


def empty():
    db = connect()
    with db:
        db.execute("DELETE FROM runs")
    db.close()


def kill_writer():
    empty()
    said = kill_writer_after(draw.randrange(N + 4))
    there = check()
    if len(said) < N:
        assert there in (names[:len(said)], names[:len(said) + 1]), (said, there)
    else:
        # One is replaced in one step, too.
        assert there == names, there


def kill_rebuild():
    killed_within(whole("rebuild"), "rebuild")
    assert check() == names


def put_back():
    for name in names:
        if not os.path.exists(os.path.join(runs, name)):
            shutil.copytree(os.path.join(spare, name), os.path.join(runs, name))
    whole("rebuild")


def kill_prune():
    keep = draw.randrange(1, N)
    took = whole("prune", "--keep-last", str(keep))
    put_back()
    killed_within(took, "prune", "--keep-last", str(keep))
    rows = check()
    folders = sorted(n for n in os.listdir(runs) if not n.startswith("."))
    assert set(folders) <= set(rows), "a folder without a row"
    assert len(set(rows) - set(folders)) <= 1, (rows, folders)
    assert folders[-keep:] == names[-keep:]
    for name in folders:
        assert os.path.exists(os.path.join(runs, name, "run.jsonl")), f"half of {name} is left"
    whole("prune", "--keep-last", str(keep))
    assert sorted(os.listdir(runs)) == check() == names[-keep:]
    put_back()


try:
    for name in names:
        subprocess.run([stored, runs, name, "400", "900"], check=True)
    shutil.copytree(runs, spare)
    whole("rebuild")
    assert check() == names
    for k in range(times):
        (kill_writer, kill_two_writers, kill_rebuild, kill_misser, kill_prune)[k % 5]()
        if k % 5 == 0:
            whole("rebuild")
    files = sorted(os.listdir(state))
    assert len([f for f in files if f.endswith(".db") and f != "history.db"]) == 2, files
    print(f"whole after each; cut off: {cut['rebuild']} rebuilds, {cut['prune']} prunes")
    assert cut["rebuild"] + cut["prune"] > times // 8, "hardly any was killed before its end"
finally:
    shutil.rmtree(top)
