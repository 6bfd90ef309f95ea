#!/usr/bin/env python3
"""Runs the shell of one CI recipe as its CI would: recipe.py FILE {install|run}, in the current folder.

`install` runs what comes before the system is started, `run` the rest. The exit status is that of the first step that
failed; steps that must always run, or run after a failure, do so after it."""
import re
import subprocess
import sys

import yaml

ALWAYS, FAILED = 'always()', 'failure()'


def github(text):
    job = next(iter(yaml.safe_load(text)['jobs'].values()))
    for step in job['steps']:
        if 'run' in step:
            yield step['name'].startswith('Install'), step.get('if', ''), step['run']


def gitlab(text):
    job = next(v for v in yaml.safe_load(text).values() if isinstance(v, dict) and 'script' in v)
    # What the image lacks is on this machine; nothing is installed by a test.
    yield True, '', '\n'.join(c for c in job['before_script'] if 'apt-get' not in c)
    yield False, '', '\n'.join(job['script'])
    yield False, ALWAYS, '\n'.join(job['after_script'])


def jenkins(text):
    stages, post = text.split('\tpost {')
    for part, when in (stages, ''), (post, ALWAYS):
        for shell in re.findall(r"sh '''(.*?)'''|sh '([^\n]*)'", part, re.S):
            shell = shell[0] or shell[1]
            yield 'cmake --install' in shell, when, shell


def main():
    path, what = sys.argv[1:]
    kind = github if 'github' in path else gitlab if 'gitlab' in path else jenkins
    steps = list(kind(open(path).read()))
    assert any(s[0] for s in steps) and any(s[1] == ALWAYS for s in steps) and len(steps) >= 3, steps
    failed = 0
    for is_install, when, shell in steps:
        if is_install != (what == 'install') or when != ALWAYS and bool(failed) != (when == FAILED):
            continue
        print('--', shell, flush=True)
        status = subprocess.run(['bash', '-eo', 'pipefail', '-c', shell], stdin=subprocess.DEVNULL).returncode
        failed = failed or status
    sys.exit(failed)


main()
