#!/usr/bin/env python3
"""test_planted.py ORDEAL RUNS SOURCE: every report of stored runs in which every text that somebody may choose is hostile (planted.py),
read by a parser of its format that is not ours: the words are text there, and the document has no part that it would not have without
them. Exit status 77: a parser is missing."""
import collections
import glob
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import openmetrics
import otlp
import test_cloudevents
from planted import planted

FORMATS = {"json": "report.json", "md": "report.md", "html": "report.html", "junit": "junit.xml", "openmetrics": "report.om",
           "history": "history.om", "textfile": "report.prom", "otlp": "trace.json", "cloudevents": "events.json",
           "grafana": "annotations.json"}
VOID = set("area base br col embed hr img input link meta source track wbr".split())
# Nobody sees them, and they change how what is around them reads.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
WANTED = "commonmark of the page's kind (Debian: cmark-gfm)"


class Tags(html.parser.HTMLParser):
    """What elements there are with which attributes, whether each is closed where it must be, and the texts of scripts."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.kinds, self.open, self.wrong, self.script, self.text = collections.Counter(), [], [], [], []
        self.feed(text)
        self.close()
        if self.open:
            self.wrong.append(f"never closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        self.kinds[(tag, *sorted(names))] += 1
        if len(names) != len(set(names)):
            self.wrong.append(f"an attribute twice: {tag} {attrs}")
        for name, value in attrs:
            if name in ("href", "src", "xlink:href") and not (value or "").startswith("#"):
                self.wrong.append(f"leads away: {tag} {name}={value!r}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")
            self.open = []

    def handle_comment(self, data):
        self.wrong.append(f"a comment: {data[:40]!r}")

    def unknown_decl(self, data):
        self.wrong.append(f"a declaration: {data[:40]!r}")

    def handle_pi(self, data):
        self.wrong.append(f"an instruction: {data[:40]!r}")

    def handle_data(self, data):
        (self.script if self.open and self.open[-1] == "script" else self.text).append(data)


def judge_html(text, plain):
    tags, without = Tags(text), Tags(plain)
    yield from tags.wrong
    for kind in tags.kinds:
        if kind not in without.kinds:
            yield f"an element that the page without the words has not: {kind}"
    for script in tags.script:
        json.loads(script)
    if UNSEEN.search("".join(tags.text)):
        yield f"a character that is not seen: {UNSEEN.search(''.join(tags.text)).group()!r}"
    if "planted" not in "".join(tags.text):
        yield "the words are not there at all"


def rendered(markdown):
    """GitHub's renderer, with raw HTML let through, so that whatever is taken for some is there."""
    return subprocess.run(["cmark-gfm", "--unsafe", "-e", "table", "-e", "strikethrough", "-e", "tasklist"], input=markdown.encode(),
                          capture_output=True, check=True).stdout.decode()


def judge_md(text, plain):
    tags, without = Tags(rendered(text)), Tags(rendered(plain))
    # Marks of the places for people are comments of ours.
    yield from (w for w in tags.wrong if not re.match(r"a comment: ' (blank: [a-z0-9-]+|end) '", w))
    for kind in set(tags.kinds) | set(without.kinds):
        # A row more or less where a name was cut is not what this is about; a kind more is.
        if kind not in without.kinds or (kind[0] in ("h1", "h2", "h3", "table", "code", "a", "img", "em", "strong", "del", "hr", "pre",
                                                     "blockquote") and tags.kinds[kind] > without.kinds[kind]):
            yield f"{kind}: {tags.kinds[kind]}, and {without.kinds[kind]} without the words"
    if UNSEEN.search(text):
        yield f"a character that is not seen: {UNSEEN.search(text).group()!r}"


def judge_junit(text, plain):
    root = xml.etree.ElementTree.fromstring(text)
    kinds = {(e.tag, *sorted(e.attrib)) for e in root.iter()}
    without = {(e.tag, *sorted(e.attrib)) for e in xml.etree.ElementTree.fromstring(plain).iter()}
    if kinds - without:
        yield f"elements that it has not without the words: {kinds - without}"
    names = [e.get("name") for e in root.iter("testcase")]
    if len(names) != len(set(names)):
        yield "two cases of one name"
    if any(len(e.text or "") > 1100 for e in root.iter("system-out")):
        yield "a system-out that readers cut"
    if UNSEEN.search(text):
        yield f"a character that is not seen: {UNSEEN.search(text).group()!r}"


def judge_json(text, plain):
    def shape(v):
        return {k: shape(x) for k, x in sorted(v.items())} if isinstance(v, dict) else None

    report = json.loads(text, parse_constant=lambda c: 1 / 0)
    if shape(report).keys() != shape(json.loads(plain)).keys():
        yield "other keys than without the words"
    if "planted()" not in text:
        yield "the words are not there at all"


JUDGES = {
    "json": judge_json, "md": judge_md, "html": judge_html, "junit": judge_junit,
    "openmetrics": lambda text, plain: openmetrics.judge(text.encode()),
    "history": lambda text, plain: openmetrics.judge(text.encode()),
    "textfile": lambda text, plain: openmetrics.judge_textfile(text.encode()),
    "otlp": lambda text, plain: otlp.judge(text.encode()),
    "cloudevents": lambda text, plain: test_cloudevents.judge(text),
    "grafana": lambda text, plain: test_cloudevents.judge_annotations(text),
}


class Test:
    def __init__(self, ordeal, source, there):
        self.ordeal, self.there, self.wrong = ordeal, there, 0
        with open(source + "/docs/formats/report.schema.json", encoding="utf-8") as file:
            self.schema = json.load(file)

    def fail(self, text):
        self.wrong += 1
        print("wrong:", text[:600])

    def call(self, *arguments, **more):
        return subprocess.run([self.ordeal, *arguments], capture_output=True, timeout=60, **more)

    def run_of(self, name, lines):
        run = os.path.join(self.there, name)
        os.makedirs(run)
        with open(run + "/run.jsonl", "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
        return run

    def reports(self, run):
        """{format: text} as they are written into the run's folder, the summary of a step, and a post-mortem's two forms."""
        summary = run + "/summary"
        done = self.call("report", run, "--format", ",".join(FORMATS), env={**os.environ, "GITHUB_STEP_SUMMARY": summary})
        if done.returncode:
            self.fail(f"{run}: report: {done.returncode}: {done.stderr.decode(errors='replace')}")
        found = {}
        for name, file in {**FORMATS, "summary": "summary"}.items():
            with open(f"{run}/{file}", "rb") as out:
                found[name] = self.decoded(f"{run}: {name}", out.read())
        done = self.call("postmortem", run, "-o", run + "/pm")
        if done.returncode:
            self.fail(f"{run}: postmortem: {done.returncode}: {done.stderr.decode(errors='replace')}")
        for kind in ("md", "html"):
            files = glob.glob(glob.escape(run) + "/pm/*." + kind)
            if len(files) != 1 or not re.fullmatch(r"[A-Za-z0-9._-]+", os.path.basename(files[0])):
                self.fail(f"{run}: post-mortems {files}")
            with open(files[0], "rb") as out:
                found["pm." + kind] = self.decoded(f"{run}: post-mortem's {kind}", out.read())
        return found

    def decoded(self, what, data):
        try:
            return data.decode()
        except UnicodeDecodeError as e:
            self.fail(f"{what}: {e}")
            return data.decode(errors="replace")

    def one(self, name, lines, plain, seed):
        words = self.reports(self.run_of(f"{name}-{seed}", planted(lines, seed)))
        for kind, text in words.items():
            judge = JUDGES[{"summary": "md", "pm.md": "md", "pm.html": "html"}.get(kind, kind)]
            try:
                for complaint in list(judge(text, plain[kind]))[:5]:
                    self.fail(f"{name}, seed {seed}: {kind}: {complaint}")
            except (ValueError, xml.etree.ElementTree.ParseError) as e:
                self.fail(f"{name}, seed {seed}: {kind}: {type(e).__name__}: {e}")
        # Ten thousand bytes a text must not be ten thousand bytes wherever it is told.
        if len(words["html"]) > 4 * len(plain["html"]) + 200000:
            self.fail(f"{name}, seed {seed}: a page of {len(words['html'])} bytes, {len(plain['html'])} without the words")
        validate(self, f"{name}, seed {seed}", words["json"])


def validate(test, what, text):
    try:
        from jsonschema import Draft202012Validator
    except ImportError:
        return
    for error in list(Draft202012Validator(test.schema).iter_errors(json.loads(text)))[:3]:
        test.fail(f"{what}: json: {list(error.absolute_path)}: {error.message[:200]}")


def judges_see(test, plain):
    """What each judge is for, put in unescaped: it must be found."""
    page, md = plain["html"], plain["md"]
    for what, found in {
            "a script": judge_html(page.replace("</main>", "<script>planted()</script></main>"), page),
            "a handler": judge_html(page.replace("<main ", "<main onclick=planted() "), page),
            "an override": judge_html(page.replace("</h1>", "\u202e</h1>"), page),
            "a heading": judge_md(md + "\n# planted\n", md), "raw HTML": judge_md(md + "\n<planted>\n", md),
            "a cell": judge_md(md + "\n| a |\n| --- |\n", md), "a link": judge_md(md + "\n[a](b)\n", md)}.items():
        try:
            if not [f for f in found if f != "the words are not there at all"]:
                test.fail(f"{what} was not found")
        except ValueError:
            pass


def main():
    ordeal, runs, source = sys.argv[1:4]
    if not shutil.which("cmark-gfm"):
        print("skipped: no " + WANTED)
        sys.exit(77)
    seeds = range(int(os.environ.get("ORDEAL_SEEDS", "1")))
    with tempfile.TemporaryDirectory(prefix="ordeal-planted.") as there:
        test = Test(ordeal, source, there)
        rich = os.path.join(there, "rich")
        os.makedirs(rich)
        subprocess.run([sys.executable, source + "/tests/web/rich.py", rich], check=True)
        names = [*sorted(glob.glob(runs + "/*")), rich]
        for k, folder in enumerate(names):
            with open(folder + "/run.jsonl", encoding="utf-8") as file:
                lines = file.readlines()
            name = os.path.basename(folder)
            plain = test.reports(test.run_of(name + "-plain", [line.rstrip("\n") for line in lines]))
            if folder == names[0]:
                judges_see(test, plain)
            for seed in seeds:
                test.one(name, lines, plain, seed * len(names) + k)
    print(f"{len(names)} runs, {len(seeds)} seeds: {test.wrong} wrong")
    sys.exit(test.wrong != 0 or len(names) < 2)


if __name__ == "__main__":
    main()
