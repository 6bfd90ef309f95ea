#!/usr/bin/env python3
"""tutorial.py MARKDOWN SOURCE: holds the game day of the tutorial, with exactly the commands in it.

Blocks ```console terminal=N are terminals. `$ ` is a command, `> ` is typed into what the terminal runs; any other line must
be seen, in that order, in what the terminal prints after it, before the next is typed. The environment may have DEMO_HOLD, which
the tutorial names. Prints how long it took, of which the reader may have up to fifteen minutes.
"""
import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
import time

PATIENCE = 60  # seconds for one line to be seen


def own_terminal():
    """So that Ctrl-C, typed, is a signal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A shell's worth of one terminal: what was started last in it runs on a pseudo-terminal."""

    def __init__(self, cwd):
        self.cwd, self.text, self.seen, self.lock = cwd, "", 0, threading.Lock()
        self.process = self.master = None
        self.all = []

    def start(self, command):
        background = command.endswith(" &")
        command = command.removesuffix(" &")
        master, slave = pty.openpty()
        process = subprocess.Popen(["bash", "-c", command], cwd=self.cwd, stdin=slave, stdout=slave, stderr=slave,
                                   start_new_session=True, preexec_fn=own_terminal)
        os.close(slave)
        self.all.append(process)
        threading.Thread(target=self.read, args=(master,), daemon=True).start()
        if not background or not self.master:
            self.process, self.master = process, master
        return process

    def read(self, master):
        while True:
            try:
                data = os.read(master, 65536)
            except OSError:
                return
            if not data:
                return
            with self.lock:
                self.text += data.decode(errors="replace").replace("\r", "\n")

    def type(self, line):
        os.write(self.master, (line + "\n").encode())

    def wait_for(self, words, during):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with self.lock:
                at = self.text.find(words, self.seen)
                if at >= 0:
                    self.seen = at + len(words)
                    return
            time.sleep(0.02)
        sys.exit(f"not seen: {words!r} ({during})\n--- what was:\n{self.text[self.seen:]}")

    def end(self):
        for p in self.all:
            if p.poll() is None:
                os.killpg(p.pid, signal.SIGKILL)  # a session of its own, which this test began
            p.wait()


def blocks(text):
    for found in re.finditer(r"^```console terminal=(\d)\n(.*?)^```", text, re.M | re.S):
        yield int(found[1]), found[2].splitlines()


def take(terminal, lines, last):
    """The lines of one block. A command that is followed by no typing is waited for, unless it goes on in a later block."""
    for i, line in enumerate(lines):
        if line.startswith("> "):
            terminal.type(line[2:])
        elif line.startswith("$ "):
            process = terminal.start(line[2:])
            if not line.endswith(" &") and not line[2:].startswith("experiments/run"):
                code = process.wait(PATIENCE)
                time.sleep(0.1)  # for the last of its words
                if code and "curl" not in line:
                    sys.exit(f"{line}: {code}\n{terminal.text}")
        elif line.strip():
            terminal.wait_for(line, f"line {i + 1} of a block of terminal {last}")


def main():
    markdown, source = sys.argv[1:3]
    terminals = {1: Terminal(source), 2: Terminal(source)}
    begun = time.monotonic()
    n = 0
    try:
        with open(markdown) as f:
            for number, lines in blocks(f.read()):
                take(terminals[number], lines, number)
                n += 1
        day = terminals[1].process
        if day.wait(PATIENCE):
            sys.exit(f"the day ended with {day.returncode}")
    finally:
        for t in terminals.values():
            t.end()
    assert n >= 10, n
    took = time.monotonic() - begun
    print(f"{n} blocks; {took:.0f} s of machine time")
    assert took < 15 * 60


if __name__ == "__main__":
    main()
