#!/usr/bin/env python3
"""test_opa.py ORDEAL SOURCE BUILD: the Open Policy Agent's own server, built from the Go module proxy, decides by the policy that
docs/formats/policy.md shows: leave, refusal with reasons, paths that are undefined, its own authorisation by token, and TLS.
Skipped where there is neither Go nor the proxy."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ordeal, source, folder = sys.argv[1:4]

EXPERIMENT = """
apiVersion: ordeal.dev/v1
kind: Experiment
metadata: {name: asks}
spec:
  probes:
    - {name: there, exec: {command: [/bin/true]}, every: 100ms, timeout: 1s}
  steadyState: [there.ok_ratio >= 0.5 over 300ms]
  faults:
    - {name: nothing, noop: {}, target: {host: true}, for: 200ms}
  objectives: [recover(after_rollback) within 2s hold 200ms]
  limits: {targets: 1, duration: 1s}
"""

AUTHZ = """
package system.authz

default allow := false

allow if input.identity == "hush"
"""


def skip(why):
    print(why)
    sys.exit(77)


def build():
    found = subprocess.run([source + "/tests/cluster/toolchain"], capture_output=True, text=True)
    if found.returncode == 77:
        skip(found.stderr.strip() or "no Go")
    go, program = found.stdout.strip(), folder + "/opa"
    env = dict(os.environ, GOFLAGS="-modcacherw -mod=readonly -buildvcs=false", GOTOOLCHAIN="local", CGO_ENABLED="0")
    made = subprocess.run([go, "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "."], cwd=source + "/tests/policy/opa",
                          env=env, capture_output=True, text=True)
    if made.returncode and ("dial tcp" in made.stderr or "i/o timeout" in made.stderr):
        skip("the Go module proxy cannot be reached: " + made.stderr.strip()[-300:])
    if made.returncode:
        sys.exit(made.stderr)
    return program


class Server:
    def __init__(self, program, *options):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.process = subprocess.Popen([program, "run", "--server", "--addr", f"127.0.0.1:{self.port}", "--log-level", "error",
                                         "--disable-telemetry", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit("opa does not listen")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)


def said(code, text, *args):
    r = subprocess.run([ordeal, *args], capture_output=True, text=True, timeout=60)
    out = r.stdout + r.stderr
    if r.returncode != code or text not in out:
        sys.exit(f"{args}: {r.returncode}, not {code} with '{text}':\n{out}")
    return out


def decisions(program):
    with Server(program, "--set=decision_logs.console=true", "policy.rego") as s:
        url = f"http://127.0.0.1:{s.port}/v1/data/"
        said(0, "allowed", "validate", "asks.yaml", "--policy", url + "ordeal")
        said(0, "allowed", "validate", "asks.yaml", "--policy", url + "ordeal/allow")
        many = ["--set", "spec.repetitions=4"]
        said(2, "at most three repetitions", "validate", "asks.yaml", "--policy", url + "ordeal", *many)
        said(2, "the result is false", "validate", "asks.yaml", "--policy", url + "ordeal/allow", *many)
        said(2, "undefined there", "validate", "asks.yaml", "--policy", url + "nobody")
        said(2, "404", "validate", "asks.yaml", "--policy", f"http://127.0.0.1:{s.port}/v2/data/ordeal")
        said(2, "neither true nor", "validate", "asks.yaml", "--policy", url + "ordeal/reasons")
        said(0, "passed", "run", "asks.yaml", "--output", "runs", "--policy", url + "ordeal")
        with open("runs/latest/report.json", encoding="utf-8") as f:
            one, = json.load(f)["policy"]
        assert one["allow"] and one["kind"] == "opa" and one["source"] == url + "ordeal", one
        assert re.fullmatch("[0-9a-f-]{36}", one["decision_id"]), one


def token(program):
    with open("authz.rego", "w", encoding="utf-8") as f:
        f.write(AUTHZ)
    for name, text in (("token", "hush\n"), ("wrong", "hash\n")):
        with open(name, "w", encoding="utf-8") as f:
            f.write(text)
    with Server(program, "--authentication=token", "--authorization=basic", "policy.rego", "authz.rego") as s:
        ask = ["validate", "asks.yaml", "--policy", f"http://127.0.0.1:{s.port}/v1/data/ordeal"]
        said(2, "--policy-token-file", *ask)
        said(2, "401", *ask, "--policy-token-file", "wrong")
        said(0, "allowed", *ask, "--policy-token-file", "token")


def tls(program):
    if not shutil.which("openssl"):
        return print("openssl is not installed: TLS is not tried")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=opa", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key", "-out", "cert"],
                   check=True, capture_output=True)
    with Server(program, "--tls-cert-file=cert", "--tls-private-key-file=key", "policy.rego") as s:
        ask = ["validate", "asks.yaml", "--policy", f"https://127.0.0.1:{s.port}/v1/data/ordeal"]
        said(6, "did not answer", *ask)
        said(0, "allowed", *ask, "--policy-ca", "cert")
    return None


def main():
    program = build()
    with open(source + "/docs/formats/policy.md", encoding="utf-8") as f:
        rego = re.search("```rego\n(.*?)```", f.read(), re.S).group(1)
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        os.environ.update(XDG_STATE_HOME=place + "/state", XDG_RUNTIME_DIR=place)
        for name in ("ORDEAL_POLICY", "ORDEAL_POLICY_TOKEN_FILE", "ORDEAL_POLICY_CA"):
            os.environ.pop(name, None)
        for name, text in (("policy.rego", rego), ("asks.yaml", EXPERIMENT)):
            with open(name, "w", encoding="utf-8") as f:
                f.write(text)
        decisions(program)
        token(program)
        tls(program)
        os.chdir("/")


main()
