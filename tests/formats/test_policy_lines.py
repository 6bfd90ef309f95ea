#!/usr/bin/env python3
"""test_policy_lines.py PROGRAM SOURCES: what the injector's reader of policies takes, PyYAML takes too, and reads as the same:
the example, and thousands of texts made from it by small changes."""
import json, os, random, subprocess, sys

try:
    import yaml
except ImportError:
    print("python3-yaml is not installed")
    sys.exit(77)

program, sources = sys.argv[1:]
seed = int(os.environ.get("SEED", "20261122"))
print("seed", seed)
draw = random.Random(seed)
with open(os.path.join(sources, "service/policy.yaml"), encoding="utf-8") as f:
    example = f.read()
with open(os.path.join(sources, "tests/fuzz/corpus/door/lists"), encoding="utf-8") as f:
    example2 = f.read()
bits = list(" \n:-#[],'\"a9.*/_&!|>%@{}?~\\=+") + [
    "  ", "\n  ", "\n    ", ": ", " #", "- ", "\n- ", "\n  - ", "[a, b]", "['a']", '"b c"', "true", "09:00", "null", "1e3", "010", "---\n", "key: v", "key:\n", "é",
]


def changed(text):
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(text) + 1)
        how = draw.randrange(3)
        if how == 0:
            text = text[:at] + draw.choice(bits) + text[at:]
        elif how == 1:
            text = text[:at] + text[at + draw.randint(1, 6):]
        else:
            lines = text.split("\n")
            i, j = draw.randrange(len(lines)), draw.randrange(len(lines))
            lines[i], lines[j] = lines[j], lines[i]
            text = "\n".join(lines)
    return text


class Odd(Exception):
    """The lines are no tree: the policy's reader refuses them, since it knows each key's place."""


def block(es, i):
    column = es[i][0]
    if not es[i][2]:
        return mapping(es, i, column)
    out = []
    while i < len(es) and es[i][2] and es[i][0] == column:
        if es[i][3] is None:
            out.append(es[i][4])
            i += 1
        else:
            value, i = mapping(es, i, es[i][1])
            out.append(value)
    return out, i


def mapping(es, i, column):
    out = {}
    first = i
    while i < len(es) and es[i][3] is not None and (es[i][1] if i == first else es[i][0]) == column and (i == first or not es[i][2]):
        key, value = es[i][3], es[i][4]
        i += 1
        nested = i < len(es) and (es[i][0] > column or (es[i][2] and es[i][3] is None and es[i][0] == column))
        if key in out or (nested and value is not None):
            raise Odd
        if nested:
            value, i = block(es, i)
        out[key] = "" if value is None else value
    return out, i


texts = [example, example2]
for n in range(3000):
    texts.append(changed(draw.choice([example, example2])))
texts = [t for t in texts if t and "\0" not in t]
said = subprocess.run([program], input="\0".join(texts).encode() + b"\0", stdout=subprocess.PIPE, check=True).stdout.splitlines()
assert len(said) == len(texts), (len(said), len(texts))
same = refused = odd = 0
for text, line in zip(texts, said):
    es = json.loads(line)
    if es is None:
        refused += 1
        continue
    try:
        ours, end = block(es, 0) if es else ("", 0)
        if end != len(es):
            raise Odd
    except Odd:
        odd += 1
        continue
    try:
        theirs = yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as e:
        theirs = e
    if (theirs or "") != (ours or ""):
        print(text, "\nours:", ours, "\nPyYAML's:", theirs)
        sys.exit(1)
    same += 1
print(same, "read as the same,", refused, "refused,", odd, "that no policy is")
assert same > 250 and refused > 250
