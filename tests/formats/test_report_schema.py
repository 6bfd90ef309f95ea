#!/usr/bin/env python3
"""test_report_schema.py HOSTILE RUNS SOURCE: docs/formats/report.schema.json. What is written of every stored run is valid, also
where the schema may have no key that it does not name; what was broken on purpose is not; and every key that the
writer's source names is in the schema."""
import copy
import glob
import json
import os
import re
import sys

from written import Written

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)

# What the writer reads, or writes as a value: no keys of report.json.
NO_KEYS = set("""hash at_t user signal page ticket request impact""".split())


def strict(schema):
    """The same schema, in which no object may have a key that it does not name."""
    if isinstance(schema, list):
        return [strict(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    out = {k: strict(v) if k != "enum" else v for k, v in schema.items()}
    if "properties" in schema and schema.get("type") == "object":
        out.setdefault("additionalProperties", False)
    return out


def names(schema, found):
    if isinstance(schema, dict):
        found.update(schema.get("properties", {}))
        for v in schema.values():
            names(v, found)
    elif isinstance(schema, list):
        for v in schema:
            names(v, found)
    return found


def places(report):
    """Paths that every measured report has, and what to put there that is wrong."""
    rep = len(report["repetitions"]) - 1
    yield ["schema"], 2
    yield ["exit"], 7
    yield ["exit"], "0"
    yield ["verdict"], ""
    yield ["started_utc"], "2026-11-21 06:33:50"
    yield ["residue"], -2
    yield ["steady_before"], "yes"
    yield ["time_to_recover_self", "n"], -1
    yield ["time_to_recover_self", "median_ns"], 1.5
    yield ["time_to_recover_self", "median_ns"], "not reached"
    yield ["method", "torn_last_line"], 0
    yield ["method", "resolution_ns"], []
    yield ["repetitions", rep, "state"], "fine"
    yield ["repetitions", rep, "rep"], None
    yield ["repetitions", rep, "steady_after"], "true"
    # A censored span is never a time, and one that is known has both ends.
    yield ["repetitions", rep, "time_to_recover_self"], {"value_ns": 5, "censored": True, "at_least_ns": 5, "lo_ns": 5,
                                                         "hi_ns": None}
    yield ["repetitions", rep, "time_to_recover_self"], {"value_ns": None, "censored": False, "lo_ns": 5, "hi_ns": 5}
    yield ["repetitions", rep, "impact"], {"t_ns": 5}
    yield ["repetitions", rep, "impact"], 5
    yield ["repetitions", rep, "probes"], {}
    yield ["repetitions", rep, "probes", 0, "during", "good"], 0.5
    yield ["repetitions", rep, "faults", 0, "kept"], [1]


def removals(report):
    rep = len(report["repetitions"]) - 1
    for path in ([], ["time_to_recover_self"], ["method"], ["objectives", 0], ["repetitions", rep],
                 ["repetitions", rep, "faults", 0], ["repetitions", rep, "probes", 0, "during"]):
        yield path


def at(report, path):
    for step in path:
        report = report[step]
    return report


def break_it(w, validator, run, report):
    for path, value in places(report):
        broken = copy.deepcopy(report)
        at(broken, path[:-1])[path[-1]] = value
        if validator.is_valid(broken):
            w.fail(f"{run}: {value!r} at {path} was taken")
    for path in removals(report):
        for key in at(report, path):
            broken = copy.deepcopy(report)
            del at(broken, path)[key]
            if key not in ("cluster", "kept", "acts", "taken_back_by", "stood_past_its_end", "failure", "injection_phase",
                           "censored_because") and validator.is_valid(broken):
                w.fail(f"{run}: a report without {path + [key]} was taken")
        broken = copy.deepcopy(report)
        at(broken, path)["unheard_of"] = 1
        if validator.is_valid(broken):
            w.fail(f"{run}: a key that nobody knows at {path} was taken")


def main():
    w = Written(sys.argv[1:])
    source = sys.argv[3]
    with open(source + "/docs/formats/report.schema.json", encoding="utf-8") as f:
        schema = json.load(f)
    Draft202012Validator.check_schema(schema)
    loose, validator = Draft202012Validator(schema), Draft202012Validator(strict(schema))
    for run in w.runs:
        texts = {"stored": open(run + "/report.json", encoding="utf-8").read(), "written": w.report(run, "json")}
        for which, text in texts.items():
            report = json.loads(text, parse_constant=lambda c: w.fail(f"{c} is not JSON"))
            for error in list(validator.iter_errors(report))[:5]:
                w.fail(f"{run}: {which}: {list(error.absolute_path)}: {error.message[:200]}")
            # A later version may add keys.
            if not loose.is_valid({**report, "of_a_later_version": 1}):
                w.fail(f"{run}: {which}: the schema that is published refuses a key that was added")
    # One is enough to break, and the smallest the quickest.
    run = min(w.runs, key=lambda r: os.path.getsize(r + "/report.json"))
    break_it(w, validator, run, json.loads(w.report(run, "json")))
    known = names(schema, set()) | NO_KEYS
    for path in glob.glob(source + "/reports/write/json*.c"):
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
        text = re.sub(r"(?:ord_member_\w+|json_object_get)\([^;]*?\)[,;]", "", text)
        for key in sorted(set(re.findall(r'"([a-z][a-z0-9_]*)"', text)) - known - values(schema, set())):
            w.fail(f"{path.rsplit('/', 1)[1]}: '{key}' is not in the schema")
    w.end()


def values(schema, found):
    """The texts of its enums."""
    if isinstance(schema, dict):
        found.update(v for v in schema.get("enum", []) if isinstance(v, str))
        for v in schema.values():
            values(v, found)
    elif isinstance(schema, list):
        for v in schema:
            values(v, found)
    return found


if __name__ == "__main__":
    main()
