#!/usr/bin/env python3
"""schema.py PRINT_SCHEMA SOURCE: the JSON Schema against a real validator.

It is itself valid, takes every experiment that the parser takes, and says of each bad file what the file's first line
says: `refuses`, `accepts` (only the whole of an experiment shows the mistake), or `cannot be read` (not YAML to
everyone).
"""
import glob
import json
import os
import subprocess
import sys

try:
    import yaml
    from jsonschema import Draft202012Validator
except ImportError as e:
    print(f"{e}; Debian: python3-jsonschema python3-yaml")
    sys.exit(77)

program, source = sys.argv[1:]
schema = json.loads(subprocess.run([program], check=True, capture_output=True).stdout)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
wrong = 0


class Strict(yaml.SafeLoader):
    """Duplicate keys are an error, as everywhere but in PyYAML."""

    def construct_mapping(self, node, deep=False):
        keys = [k.value for k, _ in node.value if k.tag != "tag:yaml.org,2002:merge"]
        if len(keys) != len(set(keys)):
            raise yaml.YAMLError("duplicate key")
        return super().construct_mapping(node, deep)


def verdict(path):
    try:
        with open(path, "rb") as f:
            text = f.read()
        if b"billion-laughs" in path.encode():
            return "cannot be read", "not tried"
        data = yaml.load(text.decode("utf-8"), Strict)
        json.dumps(data)
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, ValueError, RecursionError) as e:
        return "cannot be read", str(e)
    try:
        error = next(validator.iter_errors(data), None)
    except TypeError as e:  # keys that are not texts
        return "refuses", str(e)
    return ("refuses", error.message) if error else ("accepts", "")


def expect(path, want):
    global wrong
    got, why = verdict(path)
    if got != want:
        wrong += 1
        print(f"{os.path.relpath(path, source)}: the schema {got}, wanted: {want}: {why[:300]}")


bad = sorted(glob.glob(os.path.join(source, "tests/golden/bad/*.yaml")))
for path in bad:
    with open(path, "rb") as f:
        want = f.readline().decode().removeprefix("# schema: ").strip()
    expect(path, want)
good = sorted(glob.glob(os.path.join(source, "tests/golden/*.yaml")))
good += sorted(glob.glob(os.path.join(source, "tests/golden/doubtful/*.yaml")))
good += sorted(glob.glob(os.path.join(source, "experiments/**/*.yaml"), recursive=True))
for path in good:
    expect(path, "accepts")
assert len(bad) > 100 and good
print(f"{len(good)} good and {len(bad)} bad files, {wrong} wrong")
sys.exit(1 if wrong else 0)
