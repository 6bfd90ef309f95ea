#!/usr/bin/env python3
"""journal_run.py ORDEAL SPEC OUT: runs the experiment beside a journald of its own, and says lines meanwhile.

It must be the first process of a PID namespace, with a mount namespace of its own: what pid 1 says of a unit is what
systemd says of it. A line is said before the run, one while the fault is held, and one of another unit.
"""
import glob
import os
import socket
import subprocess
import sys
import time

JOURNALD = "/lib/systemd/systemd-journald"


def mount(where):
    os.makedirs(where, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", where], check=True)


def say(unit, text):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.sendto(f"UNIT={unit}\nMESSAGE={text}\nPRIORITY=6\n".encode(), "/run/systemd/journal/socket")


def within(seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit("it took too long")
        time.sleep(0.02)


def holds(out):
    return any('"phase":"hold"' in open(f, encoding="utf-8").read() for f in glob.glob(f"{out}/*/run.jsonl"))


def main():
    ordeal, spec, out = sys.argv[1:]
    assert os.getpid() == 1
    mount("/run")
    mount("/var/log")
    os.makedirs("/run/log/journal")
    journald = subprocess.Popen([JOURNALD], stdin=subprocess.DEVNULL)
    within(20, lambda: os.path.exists("/run/systemd/journal/socket") and glob.glob("/run/log/journal/*/system.journal"))
    say("orders.service", "breaker open, before the run")
    os.environ["XDG_RUNTIME_DIR"] = "/run"
    run = subprocess.Popen([ordeal, "run", spec, "--quiet", "-o", out])
    within(60, lambda: holds(out))
    say("stock.service", "breaker open, of another unit")
    say("orders.service", "all is well")
    say("orders.service", "breaker open, and that is news")
    code = run.wait()
    # A reader without the right: the journal is there, and is not for everybody.
    os.chmod(glob.glob("/run/log/journal/*")[0], 0o700)
    os.makedirs("/run/other")
    os.chown("/run/other", 65534, 65534)
    env = {**os.environ, "XDG_RUNTIME_DIR": "/run/other", "XDG_STATE_HOME": "/run/other", "HOME": "/run/other"}
    subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ordeal, "run", spec, "--quiet", "-o",
                    "/run/other/runs"], env=env, check=False)
    for f in glob.glob("/run/other/runs/*/run.jsonl"):
        if not os.path.islink(os.path.dirname(f)):
            with open(f"{out}/refused.jsonl", "w", encoding="utf-8") as to:
                to.write(open(f, encoding="utf-8").read())
    journald.terminate()
    journald.wait()
    sys.exit(code)


main()
