#!/usr/bin/env python3
"""door.py INJECTOR: the door. Who is not root asks an injector of root's through a socket, and lies. What systemd does - listen,
and start one injector for each connection - is done here. Needs root, and a /run of its own (tests/alone.sh)."""
import json, os, re, socket, subprocess, sys, tempfile, time

injector = sys.argv[1]
if os.geteuid() != 0:
    print("this takes root")
    sys.exit(77)
temporary = tempfile.TemporaryDirectory()
T = temporary.name
os.chmod(T, 0o755)
policy = T + "/policy.yaml"
started = []  # Popen


class Failed(Exception):
    pass


def write(who, faults, targets, more=""):
    """A policy of one rule."""
    with open(policy, "w", encoding="ascii") as f:
        f.write(f"version: 1\nrules:\n  - who: [{who}]\n    faults: [{faults}]\n    targets: [{targets}]\n")
        f.write("    limits:\n      duration: 5s\n      targets: 1\n" + more)
    os.chmod(policy, 0o644)


def connect(uid, gid, groups):
    """A connection of that user to a socket of ours: both ends. The kernel says who connected, so a process of theirs does."""
    path = T + "/socket"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, 0o666)
    listener.listen(1)
    mine, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        os.setgroups(groups)
        os.setgid(gid)
        os.setuid(uid)
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        socket.send_fds(theirs, [b"x"], [s.fileno()])
        os._exit(0)
    client = socket.socket(fileno=socket.recv_fds(mine, 1, 1)[1][0])
    os.waitpid(pid, 0)
    server = listener.accept()[0]
    os.unlink(path)
    return client, server


class Asked:
    def __init__(self, request, uid=12345, gid=12345, groups=()):
        self.client, server = connect(uid, gid, list(groups))
        self.child = subprocess.Popen([injector, "--policy", policy], stdin=server, stdout=server, stderr=subprocess.DEVNULL)
        started.append(self.child)
        server.close()
        self.client.settimeout(20)
        self.text = ""
        if request:
            self.client.sendall(json.dumps(request).encode() + b"\n")

    def until(self, event):
        while f'"event":"{event}"' not in self.text:
            piece = self.client.recv(65536)
            if not piece:
                raise Failed(f"no {event} in: {self.text}")
            self.text += piece.decode()
        return self

    def end(self):
        """Hangs up, and hears the rest."""
        try:
            self.client.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has gone
        while piece := self.client.recv(65536):
            self.text += piece.decode()
        self.client.close()
        self.status = self.child.wait()
        started.remove(self.child)
        return self


def add(fault, args, target):
    return {"protocol": 1, "op": "add", "lease": f"d{os.getpid()}", "fault": fault, "args": args, "target": target, "hold_ns": 4000000000}


def granted(request, **who):
    a = Asked(request, **who).until("injected").end()
    if '"residue":0' not in a.text and '"residue":-1' not in a.text or a.status:
        raise Failed(a.text)


def refused(request, words, **who):
    """In the phase `request`: before the fault looks at anything."""
    a = Asked(request, **who).until("failed").end()
    if '"phase":"request"' not in a.text or words not in a.text or a.status != 2:
        raise Failed(f"exit {a.status}, not '{words}': {a.text}")


def sleeper(uid):
    """A process of that user: its pid, and as the protocol names it."""
    child = subprocess.Popen(["sleep", "60"], user=uid, group=uid, extra_groups=[])
    started.append(child)
    with open(f"/proc/{child.pid}/stat", encoding="ascii") as f:
        start = int(f.read().rsplit(") ", 1)[1].split()[19])
    return child.pid, [child.pid, start, "sleep"]


def processes():
    _, proc = sleeper(23456)
    granted(add("proc.pause", {}, {"procs": [proc]}))
    pid, other = sleeper(34567)
    refused(add("proc.pause", {}, {"procs": [other]}), "is not among its targets")
    refused(add("proc.kill", {}, {"procs": [[os.getpid(), 1, "sleep"]]}), "is refused: ordeal was started from it")
    refused(add("proc.kill", {}, {"procs": [[1, 1, "sleep"]]}), "process 1 is refused")
    refused(add("proc.kill", {}, {"procs": [[pid, 1, "sleep"]]}), "is gone")
    refused(add("proc.pause", {}, {"procs": [proc, other]}), "is not among its targets")


def not_its_network():
    pid, proc = sleeper(23456)
    loss = {"percent": 1000}
    refused(add("net.loss", loss, {"procs": [proc], "netns": f"/proc/{pid}/ns/net"}), "the host or its network")
    refused(add("net.loss", loss, {"host": True}), "the host or its network")
    burn = {"load": 10000, "cores": 1}
    refused(add("cpu.burn", burn, {"procs": [proc]}), "is not among its targets")
    refused(add("cpu.burn", burn, {"host": True}), "the host or its network")
    # Its path leads anywhere, whoever's process it is.
    refused(add("disk.fill", {"path": "/"}, {"procs": [proc]}), "the host or its network")
    refused(add("cpu.burn", burn, {"cgroup": "/sys/fs/cgroup"}), "does not lie below /sys/fs/cgroup")
    refused(add("cpu.burn", burn, {"cgroup": T}), "does not lie below /sys/fs/cgroup")


def namespaces():
    loss = {"percent": 1000, "device": "lo"}
    for name in ("blue", "green"):
        subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", "blue", "link", "set", "lo", "up"], check=True)
    granted(add("net.loss", loss, {"netns": "/run/netns/blue"}))
    refused(add("net.loss", loss, {"netns": "/run/netns/green"}), "netns:green is not among")
    refused(add("net.loss", loss, {"netns": "/run/netns/blue", "netns_ino": 1}), "another network namespace")
    os.symlink("/run/netns/blue", T + "/blue")
    os.mkfifo(T + "/fifo")
    for path in (T + "/blue", T + "/fifo", "/run/netns/blue/", "/proc/self/ns/net", f"/proc/{os.getpid()}/ns/mnt"):
        refused(add("net.loss", loss, {"netns": path}), "a service takes")
    os.symlink(f"/proc/{os.getpid()}/ns/net", "/run/netns/blue-too")
    write("user:12345", "net.loss", '"netns:blue*"')
    refused(add("net.loss", loss, {"netns": "/run/netns/blue-too"}), "the host or its network")
    for name in ("blue", "green"):
        subprocess.run(["ip", "netns", "del", name], check=True)


def who_asks():
    noop = add("noop", {}, {"host": True})
    refused(noop, "no rule names user 54321", uid=54321)
    write("group:777", "noop", "host")
    refused(noop, "no rule names user 54321", uid=54321)
    granted(noop, uid=54321, groups=[5, 777])
    granted(noop, uid=54321, gid=777)
    a = subprocess.run([injector, "--policy", policy], input=b"{}\n", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if b"a connection of a unix socket" not in a.stdout or a.returncode != 2:
        raise Failed(a.stdout)


def not_roots_alone():
    global policy
    write("user:12345", "noop", "host")
    noop = add("noop", {}, {"host": True})
    os.chown(policy, 12345, 0)
    refused(noop, "it must be root's")
    os.chown(policy, 0, 0)
    os.chmod(policy, 0o666)
    refused(noop, "writable by nobody else")
    os.chmod(policy, 0o644)
    os.chmod(T, 0o777)
    refused(noop, "writable by nobody else")
    os.chmod(T, 0o755)
    # Who may replace a folder above it replaces it, too. A sticky one, as /tmp, is root's to empty.
    inner, kept = T + "/a/b", policy
    os.makedirs(inner)
    os.rename(policy, inner + "/policy.yaml")
    policy = inner + "/policy.yaml"
    granted(noop)
    for owner, mode in ((0, 0o777), (12345, 0o755)):
        os.chmod(T + "/a", mode)
        os.chown(T + "/a", owner, 0)
        refused(noop, f"'{T}/a' belongs to uid {owner}")
    os.chown(T + "/a", 0, 0)
    os.chmod(T + "/a", 0o1777)
    granted(noop)
    os.symlink(T + "/a", T + "/link")
    policy = T + "/link/b/policy.yaml"
    refused(noop, f"open '{T}/link': Not a directory")
    policy = kept
    os.rename(inner + "/policy.yaml", policy)
    os.rename(policy, T + "/real")
    os.symlink(T + "/real", policy)
    refused(noop, "symbolic links")
    os.unlink(policy)
    os.mkfifo(policy)
    refused(noop, "is not a file")
    os.unlink(policy)
    refused(noop, "nobody may ask")
    with open(policy, "w", encoding="ascii") as f:
        f.write("version: 1\nrules: &x\n")
    refused(noop, "line 2")


def taken():
    """Places of the file of the door that are locked."""
    inode = str(os.stat("/run/ordeal/door").st_ino)
    with open("/proc/locks", encoding="ascii") as f:
        return sum(inode == line.split()[5].split(":")[-1] for line in f if "OFDLCK" in line)


def not_too_many():
    write("user:12345", "noop", "host")
    many = [Asked(None) for _ in range(16)]
    until = time.monotonic() + 10
    while taken() < 16:
        if time.monotonic() > until:
            raise Failed(f"{taken()} places are taken, not 16")
        time.sleep(0.01)
    refused({"protocol": 1, "op": "doctor"}, "has 16 connections already")
    for a in many:
        if a.end().status:
            raise Failed(a.text)
    noop = add("noop", {}, {"host": True})
    one = Asked(noop).until("injected")
    refused(dict(noop, lease="another"), "holds 1 lease already")
    one.end()
    granted(noop)


def words():
    for op in ("halt", "resume", "status", "rescue"):
        refused({"protocol": 1, "op": op}, "may: [status, halt, resume, rescue]")
    for more in ({"op": "hello"}, {"op": "resolve", "target": {"kind": "host"}, "seed": 1}):
        refused({"protocol": 1} | more, "is not told through the socket")
    a = Asked({"protocol": 1, "op": "doctor"}).until("doctor").end()
    if not re.search('"fault":"mem.fill","available":false.*no rule lets user 12345 have mem.fill', a.text):
        raise Failed(a.text)
    with open(policy, "w", encoding="ascii") as f:
        f.write("version: 1\nrules:\n  - who: [user:12345]\n    may: [status]\n")
    Asked({"protocol": 1, "op": "status"}).until("status").end()
    refused({"protocol": 1, "op": "halt"}, "no rule lets user 12345")


bad = 0
for test in (processes, not_its_network, namespaces, who_asks, not_roots_alone, not_too_many, words):
    write("user:12345", "noop, proc.*, cpu.burn, disk.fill, net.*", 'user:23456, "netns:blue"')
    try:
        test()
        print("ok", test.__name__)
    except (Failed, OSError, subprocess.SubprocessError) as e:
        print("not ok", test.__name__, e)
        bad = 1
    for p in started:
        p.kill()
        p.wait()
    started.clear()
sys.exit(bad)
