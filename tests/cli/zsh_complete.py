#!/usr/bin/env python3
"""zsh_complete.py FOLDER LINE...: what each line becomes in a real, interactive zsh when Tab is pressed at its end. FOLDER has _ordeal."""
import os
import pty
import re
import select
import sys
import time

PATIENCE_S = 20


def until(fd, pattern, seen=b""):
    """Reads until the pattern is there; returns the match."""
    end = time.monotonic() + PATIENCE_S
    while True:
        found = re.search(pattern, seen, re.S)
        if found:
            return found
        ready, _, _ = select.select([fd], [], [], max(0, end - time.monotonic()))
        if not ready:
            sys.exit(f"zsh did not answer within {PATIENCE_S} s; it said {seen!r}")
        seen += os.read(fd, 65536)


def main():
    folder, lines = sys.argv[1], sys.argv[2:]
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe("zsh", ["zsh", "-f", "-i"], os.environ | {"TERM": "dumb", "PS1": "", "COLUMNS": "500"})
    # Its completion is loaded as a user's is: by compinit, from a folder in fpath.
    begin = (f"fpath=({folder} $fpath); autoload -Uz compinit; compinit -D -u; bindkey '^I' complete-word; "
             "show() { print -r -- \"<<${BUFFER}>>\"; BUFFER=; zle redisplay; }; zle -N show; bindkey '^G' show; "
             "setopt no_beep no_auto_list no_prompt_sp no_auto_menu; print -r -- rea''dy\n")
    os.write(fd, begin.encode())
    until(fd, rb"ready\r?\n")
    for line in lines:
        os.write(fd, line.encode() + b"\t\x07")
        print(until(fd, rb"<<(.*?)>>")[1].decode().rstrip())
    os.write(fd, b"exit\n")
    os.close(fd)
    os.waitpid(pid, 0)


main()
