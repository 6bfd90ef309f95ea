#!/usr/bin/python3
"""axe.py FOLDER: axe-core, a judge of accessibility that others use too, on every page; fetched once with npm into FOLDER.

Exit status 77: no Chromium, no npm, or npm could not fetch it. What axe finds and what judge.js finds overlap; judge.js always runs.
"""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

import browser
import pages

PACKAGE = "axe-core-4.10.3.tgz"
SHA256 = "0f2b4d7dcdf7d1219df8d1959ad68e565f51d14c3f0d88bb71cd59abeb956292"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def fetch(folder):
    """The script's text. The package's digest is known, so that the same judge judges everywhere."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, PACKAGE)
    if not os.path.exists(path):
        if not shutil.which("npm"):
            skip("no npm here")
        with tempfile.TemporaryDirectory(dir=folder) as there:
            try:
                subprocess.run(["npm", "pack", "--silent", "axe-core@4.10.3"], cwd=there, check=True, timeout=60,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            except (subprocess.SubprocessError, OSError):
                skip("npm could not fetch axe-core")
            os.replace(os.path.join(there, PACKAGE), path)
    with open(path, "rb") as f:
        if hashlib.sha256(f.read()).hexdigest() != SHA256:
            os.unlink(path)
            sys.exit("the package has another digest than it had")
    with tarfile.open(path) as package:
        return package.extractfile("package/axe.min.js").read().decode()


def judge(page, script):
    page.js(script + ";1")
    found = page.js("axe.run(document,{runOnly:%s,resultTypes:['violations']}).then(r=>r.violations.map(v=>v.id+' ('+v.impact+'): '+"
                    "v.nodes.slice(0,3).map(n=>n.target.join(' ')+' '+n.html.slice(0,90)).join('; ')))" % json.dumps(RULES))
    return found


def main():
    if not browser.find():
        skip("no Chromium here; Debian has chromium")
    script = fetch(sys.argv[1])
    bad = []
    with tempfile.TemporaryDirectory(prefix="ordeal-axe-") as folder:
        with browser.Browser() as b:
            for name, path in pages.write(folder).items():
                for width, scheme in ((1280, "light"), (390, "dark")) if name == "rich" else ((1280, "light"),):
                    with b.open(path, width, scheme) as page:
                        bad += ["%s, %d px, %s: %s" % (name, width, scheme, text) for text in judge(page, script)]
            with b.open(os.path.join(folder, "rich.html"), 1280) as page:
                page.js("document.querySelector('svg.chart title').remove();document.documentElement.lang=''")
                if not any("html-has-lang" in text for text in judge(page, script)):
                    bad.append("axe does not find what was broken on purpose")
    for text in bad:
        print(text)
    print("axe: %d complaints" % len(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
