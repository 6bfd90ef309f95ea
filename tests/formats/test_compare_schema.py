#!/usr/bin/env python3
"""test_compare_schema.py SOURCE: docs/formats/compare.schema.json. What `ordeal compare --json` wrote (tests/golden/compare) is
valid, also where the schema may have no key that it does not name; what was broken on purpose is not; and what report.json
says of a comparison is the same there."""
import copy
import glob
import json
import sys

from test_report_schema import strict, Draft202012Validator  # ends with 77 where there is no jsonschema

# What may be absent, for it is of the reports that were written before it was.
YOUNGER = ("warm_up", "longer_s", "longer_lo_s", "longer_hi_s")


def places(value, path=()):
    """Every place below, but for what is kept as it was in a plan or an object of any keys."""
    if isinstance(value, dict) and (not path or path[-1] != "left_out"):
        for key, below in value.items():
            yield path + (key,), below
            yield from places(below, path + (key,))
    elif isinstance(value, list):
        for i, below in enumerate(value):
            yield from places(below, path + (i,))


def at(value, path):
    for step in path:
        value = value[step]
    return value


def break_it(validator, name, whole, wrong):
    for path, value in places(whole):
        for bad in ([], "NaN" if not isinstance(value, str) else 5):
            broken = copy.deepcopy(whole)
            at(broken, path[:-1])[path[-1]] = bad
            if bad != value and not (isinstance(value, list) and bad == []) and validator.is_valid(broken):
                wrong.append(f"{name}: {bad!r} at {path} was taken")
        if isinstance(path[-1], str) and path[-1] not in YOUNGER:
            broken = copy.deepcopy(whole)
            del at(broken, path[:-1])[path[-1]]
            if validator.is_valid(broken):
                wrong.append(f"{name}: it was taken without {path}")


def main():
    source, wrong = sys.argv[1], []
    schemas = {}
    for name in ("report", "compare"):
        with open(f"{source}/docs/formats/{name}.schema.json", encoding="utf-8") as f:
            schemas[name] = json.load(f)
    schema, of_report = schemas["compare"], schemas["report"]["$defs"]
    Draft202012Validator.check_schema(schema)
    loose, validator = Draft202012Validator(schema), Draft202012Validator(strict(schema))
    for mine, theirs in (("group", "baseline"), ("compared", "compared"), ("compared_side", "compared_side")):
        if schema["$defs"][mine] != of_report[theirs]:
            wrong.append(f"'{mine}' is not what report.schema.json has as '{theirs}'")
    paths = sorted(glob.glob(source + "/tests/golden/compare/*.json"))
    for path in paths:
        name = path.rsplit("/", 1)[1]
        with open(path, encoding="utf-8") as f:
            whole = json.load(f, parse_constant=lambda c: wrong.append(f"{name}: {c} is not JSON"))
        wrong += [f"{name}: {list(e.absolute_path)}: {e.message[:300]}" for e in validator.iter_errors(whole)]
        if not loose.is_valid({**whole, "of_a_later_version": 1}):
            wrong.append(f"{name}: the schema refuses a key that was added")
        if name in ("mixed.json", "sequence.json"):
            break_it(validator, name, whole, wrong)
    print("\n".join(wrong[:40]))
    return 1 if wrong or len(paths) < 5 else 0


if __name__ == "__main__":
    sys.exit(main())
