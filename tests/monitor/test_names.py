#!/usr/bin/env python3
"""A server whose name nobody resolves: its looks fail in time, and the loop that all else runs on does not wait."""

import os
import socket
import subprocess
import sys
import time

from lab import SKIP, Lab, experiment, need

PATIENCE = 3  # seconds; the resolver itself takes 10


def without_names(lab):
    """The driver, where /etc/resolv.conf names a server that does not answer."""
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 53))
    lab.closers.append(silent.close)
    conf, wrapper = lab.dir / "resolv.conf", lab.dir / "driver"
    conf.write_text("nameserver 127.0.0.1\noptions timeout:5 attempts:2\n")
    mount = f"mount --bind {conf} /etc/resolv.conf"
    if subprocess.run(["unshare", "-m", "sh", "-c", mount], check=False).returncode:
        print("/etc/resolv.conf cannot be replaced in a mount namespace here")
        sys.exit(SKIP)
    wrapper.write_text(f'#!/bin/sh\nexec unshare -m sh -c \'{mount} && exec "$0" "$@"\' {os.environ["DRIVER"]} "$@"\n')
    wrapper.chmod(0o755)
    os.environ["DRIVER"] = str(wrapper)


def main():
    need("unshare", "mount")
    with Lab() as lab:
        without_names(lab)
        driver = lab.driver("main", experiment(["detect(prometheus:A) within 30s"], detection="""
    prometheus: {url: "http://monitoring.test:9090", every: 100ms, timeout: 300ms}"""))
        driver.tell("repetition 1")
        line = driver.await_("channel", channel="prometheus:A/firing", state=None)
        assert "timed out" in line["message"], line
        for _ in range(5):
            time.sleep(0.4)
            began = time.monotonic()
            driver.tell("request")
            assert time.monotonic() - began < PATIENCE, "the loop waits for the resolver"
        began = time.monotonic()
        driver.stop()
        assert time.monotonic() - began < PATIENCE, "the end waits for the resolver"


if __name__ == "__main__":
    main()
