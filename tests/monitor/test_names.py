#!/usr/bin/env python3
"""Servers whose names nobody resolves: what is asked of them fails in time, and the loop that all else runs on does not wait."""

import json
import os
import socket
import subprocess
import sys
import time

from lab import SKIP, Lab, experiment, need

PATIENCE = 3  # seconds; the resolver itself takes 10


RUN = """apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: nameless}
spec:
  probes:
    - {name: near, tcp: "127.0.0.1:9100", every: 50ms, timeout: 1s}
    - {name: far, role: signal, http: {url: "http://shop.test/"}, every: 100ms, timeout: 300ms}
  steadyState: ["near.ok_ratio >= 0.5 over 1s"]
  faults:
    - {name: nothing, noop: {}, target: {host: true}, for: 1s}
  objectives: ["recover(self) within 10s"]
  limits: {targets: 1, duration: 1s}
  recovery: 1s
"""


def without_names(lab):
    """The driver and ordeal, where /etc/resolv.conf names a server that does not answer."""
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
    return ["unshare", "-m", "sh", "-c", f'{mount} && exec "$0" "$@"', f"{os.environ['BUILD_DIR']}/cli/ordeal"]


def probed(lab, ordeal):
    """Beside a probe of a name that nobody resolves, another goes on."""
    lab.exporter()
    lab.write("run.yaml", RUN)
    done = subprocess.run([*ordeal, "run", str(lab.dir / "run.yaml"), "--output", str(lab.dir / "runs")],
                          capture_output=True, text=True, timeout=50, check=False)
    lines = [json.loads(line) for path in (lab.dir / "runs").glob("*/run.jsonl") for line in path.read_text().splitlines()]
    near = [line["t"] for line in lines if line["e"] == "sample" and line["p"] == "near"]
    far = [line["o"] for line in lines if line["e"] == "sample" and line["p"] == "far"]
    assert len(near) > 20 and far.count("timeout") > 10, (done, len(near), far)
    gap = max(b - a for a, b in zip(near, near[1:])) / 1e9
    assert gap < PATIENCE, f"no sample for {gap} s: the loop waits for the resolver"


def main():
    need("unshare", "mount")
    with Lab() as lab:
        ordeal = without_names(lab)
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
        probed(lab, ordeal)


if __name__ == "__main__":
    main()
