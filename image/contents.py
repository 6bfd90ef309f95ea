"""What is in the image: the programs of a release build, the libraries that they need, and what those read."""
import os
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

from layout import USER

ZONES = Path("/usr/share/zoneinfo")
AUTHORITIES = Path("/usr/share/ca-certificates/mozilla")
LICENCES = Path("/usr/share/common-licenses")
# What is installed, and goes in: no manual, no completion, no units, no sample system.
PARTS = ("bin/ordeal", "lib/ordeal/*.so", "lib/*/ordeal/*.so", "libexec/ordeal/ordeal-injector*")
IDENTITY = {
    "etc/passwd": f"root:x:0:0:root:/:/sbin/nologin\nordeal:x:{USER}:{USER}:ordeal:/var/lib/ordeal:/sbin/nologin\n",
    "etc/group": f"root:x:0:\nordeal:x:{USER}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


class Missing(Exception):
    """Of what it is made of; says what to do."""


def output_of(*command):
    """Of a command that must succeed, in no language but English."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"LC_ALL": "C"})
    except FileNotFoundError as e:
        raise Missing(f"{command[0]} is not installed") from e
    except subprocess.CalledProcessError as e:
        raise Missing(f"{' '.join(map(str, command))}: {e.stderr.strip()}") from e
    return done.stdout


class Contents:
    def __init__(self, build, source):
        self.build, self.source = build.resolve(), source
        self.entries = {}  # path: what layout.add() is given
        self.from_packages = set()  # files of the machine that are in it
        self.packages = []  # (name, version, source package, its version)
        self.version = None

    def collect(self):
        self.version = self.cached("CMAKE_PROJECT_VERSION")
        if self.cached("ORDEAL_SANITIZE"):
            raise Missing(f"{self.build} is a sanitizer's build: ./dev build release")
        self.libraries(self.programs())
        self.zones()
        self.authorities()
        for path, text in IDENTITY.items():
            self.file(path, text.encode())
        for path in ("var/lib/ordeal", "run/ordeal"):
            self.entries[path] = {"kind": tarfile.DIRTYPE, "mode": 0o700, "owner": USER}
        self.entries["tmp"] = {"kind": tarfile.DIRTYPE, "mode": 0o1777}
        for path in ("dev", "proc", "sys"):  # where a container's own are mounted
            self.entries[path] = {"kind": tarfile.DIRTYPE, "mode": 0o755}
        self.copyrights()

    def cached(self, name):
        try:
            cache = (self.build / "CMakeCache.txt").read_text(encoding="utf-8")
        except FileNotFoundError as e:
            raise Missing(f"there is no build in {self.build}: ./dev build release") from e
        found = re.search(rf"^{name}:\w+=(.*)$", cache, re.MULTILINE)
        return found.group(1) if found else ""

    def file(self, path, data, mode=0o644):
        self.entries[str(path).lstrip("/")] = {"data": data, "mode": mode}

    def copy(self, path, to=None):
        """A file of a package."""
        self.from_packages.add(str(path))
        self.file(to or path, Path(path).read_bytes(), 0o755 if os.access(path, os.X_OK) else 0o644)

    def programs(self):
        """Stripped, where cmake installs them; returns for each its file and what it is in the image."""
        prefix = self.cached("CMAKE_INSTALL_PREFIX")
        with tempfile.TemporaryDirectory() as stage:
            subprocess.run(["cmake", "--install", self.build, "--strip"], check=True, stdout=subprocess.DEVNULL,
                           env=os.environ | {"DESTDIR": stage})
            root = Path(stage + prefix)
            found = [path for part in PARTS for path in root.glob(part)]
            for path in found:
                self.file(path.relative_to(stage), path.read_bytes(), 0o755)
            needed = output_of("ldd", *sorted(found))
        if not any(path.name == "ordeal-serve.so" for path in found):
            raise Missing(f"{self.build} is not complete: ./dev build release")
        return needed

    def libraries(self, needed):
        """All that ldd names go into the folder where the C library is, which the loader looks through without a cache."""
        lost = re.findall(r"^\s*(\S+) => not found", needed, re.MULTILINE)
        if lost:
            raise Missing(f"not installed: {' '.join(sorted(set(lost)))}")
        paths = dict(re.findall(r"^\s*(\S+) => (/\S+) ", needed, re.MULTILINE))
        folder = "/usr/lib/" + Path(paths["libc.so.6"]).parent.name
        for name, path in paths.items():
            self.copy(path, f"{folder}/{name}")
        for loader in set(re.findall(r"^\s*(/\S+) \(", needed, re.MULTILINE)):
            self.copy(loader)

    def zones(self):
        """Schedules name them. Without posix/ and right/, which are for those who count leap seconds or do not."""
        if not ZONES.is_dir():
            raise Missing("the time zones are not on this machine: install tzdata")
        for folder, below, names in os.walk(ZONES):
            below[:] = [name for name in below if name not in ("posix", "right")]
            for path in (Path(folder, name) for name in names):
                if path.is_symlink():
                    link = os.readlink(path)
                    if not link.startswith("/"):  # localtime is this machine's
                        self.entries[str(path)[1:]] = {"kind": tarfile.SYMTYPE, "mode": 0o777, "link": link}
                elif path.read_bytes()[:4] == b"TZif":
                    self.copy(path)

    def authorities(self):
        """Those of the package: what update-ca-certificates made has this machine's own among them."""
        certificates = sorted(AUTHORITIES.glob("*.crt"))
        if not certificates:
            raise Missing("certificates of authorities are not on this machine: install ca-certificates")
        self.from_packages.update(map(str, certificates))
        self.file("etc/ssl/certs/ca-certificates.crt", b"".join(path.read_bytes() for path in certificates))

    def copyrights(self):
        self.file("usr/share/doc/ordeal/copyright", (self.source / "LICENSE").read_bytes())
        common = set()
        fields = "${Package}\\t${Version}\\t${source:Package}\\t${source:Version}\\n"
        said = output_of("dpkg-query", "-W", "-f", fields, *self.owners())
        self.packages = [tuple(line.split("\t")) for line in said.splitlines()]
        for name, *_ in self.packages:
            path = Path("/usr/share/doc", name, "copyright")
            if not path.exists():
                raise Missing(f"{path} is not there, and may not be left out")
            text = path.read_bytes()
            self.file(path, text)
            common.update(re.findall(rb"/usr/share/common-licenses/([A-Za-z0-9.+-]*[A-Za-z0-9+])", text))
        for path in (LICENCES / name.decode() for name in common):
            if path.exists():
                self.file(path, path.read_bytes())

    def owners(self):
        """The packages of the files that are in it. One that was installed below /lib is /usr/lib's today."""
        paths = sorted(self.from_packages | {os.path.realpath(path) for path in self.from_packages})
        paths += ["/usr" + path for path in paths] + [path.removeprefix("/usr") for path in paths]
        said = subprocess.run(["dpkg-query", "-S", *paths], capture_output=True, text=True, check=False).stdout
        owner = {}
        for line in said.splitlines():
            name, _, path = line.rpartition(": ")
            owner[path.removeprefix("/usr")] = name.partition(",")[0]
        strangers = [path for path in self.from_packages
                     if path.removeprefix("/usr") not in owner and os.path.realpath(path).removeprefix("/usr") not in owner]
        if strangers:
            raise Missing(f"of no package, so of no known licence: {' '.join(sorted(strangers))}")
        return sorted(set(owner.values()))
