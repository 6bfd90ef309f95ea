#!/usr/bin/env python3
"""Runs the shell of one CI recipe as its CI would: recipe.py FILE {install|run}, in the current folder.

`install` runs what comes before the system is started, `run` the rest. The exit status is that of the first step that
failed; steps that must always run do so after it."""
import re
import subprocess
import sys

import yaml


def github(text):
    job = next(iter(yaml.safe_load(text)['jobs'].values()))
    for step in job['steps']:
        if 'run' in step:
            yield step['name'].startswith('Install'), step.get('if') == 'always()', step['run']


def gitlab(text):
    job = next(v for v in yaml.safe_load(text).values() if isinstance(v, dict) and 'script' in v)
    # What the image lacks is on this machine; nothing is installed by a test.
    yield True, False, '\n'.join(c for c in job['before_script'] if 'apt-get' not in c)
    yield False, False, '\n'.join(job['script'])
    yield False, True, '\n'.join(job['after_script'])


def jenkins(text):
    stages, post = text.split('\tpost {')
    for part, always in (stages, False), (post, True):
        for shell in re.findall(r"sh '''(.*?)'''|sh '([^\n]*)'", part, re.S):
            shell = shell[0] or shell[1]
            yield 'cmake --install' in shell, always, shell


def main():
    path, what = sys.argv[1:]
    kind = github if 'github' in path else gitlab if 'gitlab' in path else jenkins
    steps = list(kind(open(path).read()))
    assert any(s[0] for s in steps) and any(s[1] for s in steps) and len(steps) >= 3, steps
    failed = 0
    for is_install, always, shell in steps:
        if is_install != (what == 'install') or (failed and not always):
            continue
        print('--', shell, flush=True)
        status = subprocess.run(['bash', '-eo', 'pipefail', '-c', shell], stdin=subprocess.DEVNULL).returncode
        failed = failed or status
    sys.exit(failed)


main()
