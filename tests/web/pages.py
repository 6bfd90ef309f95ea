"""The pages under test: the report of every stored run, and of the invented one that has everything; a post-mortem in each style.

All are made anew each time."""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")


def write(folder):
    """{name: path of report.html}"""
    ordeal = os.environ.get("ORDEAL", os.path.join(SOURCE, "build/dev/cli/ordeal"))
    golden = os.path.join(SOURCE, "tests/golden/runs")
    runs = {name: os.path.join(golden, name) for name in sorted(os.listdir(golden))}
    runs["rich"] = os.path.join(folder, "rich-run")
    before, baseline = os.path.join(folder, "rich-before"), os.path.join(folder, "baseline.json")
    rich = [sys.executable, os.path.join(HERE, "rich.py")]
    for made in (before, runs["rich"]):
        os.makedirs(made, exist_ok=True)
    subprocess.run([*rich, before], check=True)
    with open(baseline, "wb") as out:
        subprocess.run([ordeal, "baseline", before], stdout=out, check=True)
    subprocess.run([*rich, runs["rich"], baseline], check=True)
    runs["planted"] = os.path.join(folder, "planted-run")
    os.makedirs(runs["planted"], exist_ok=True)
    with open(os.path.join(runs["planted"], "run.jsonl"), "wb") as out:
        subprocess.run([sys.executable, os.path.join(SOURCE, "tests/formats/planted.py"), os.path.join(runs["rich"], "run.jsonl"), "1"],
                       stdout=out, check=True)
    pages = {}
    for name, run in runs.items():
        pages[name] = os.path.join(folder, name + ".html")
        with open(pages[name], "wb") as out:
            subprocess.run([ordeal, "report", run, "--print", "--format", "html"], stdout=out, check=True)
    shutil.rmtree(os.path.join(folder, "pm"), ignore_errors=True)
    for style in ("google-sre", "pagerduty", "atlassian"):
        subprocess.run([ordeal, "postmortem", runs["slow-store"], "--style", style, "--format", "html", "-o", os.path.join(folder, "pm")],
                       stdout=subprocess.DEVNULL, check=True)
        made = os.path.join(folder, "pm", os.listdir(os.path.join(folder, "pm"))[0])
        pages["postmortem-" + style] = os.path.join(folder, "postmortem-" + style + ".html")
        os.replace(made, pages["postmortem-" + style])
    return pages


def combinations():
    return [(width, scheme) for width in WIDTHS for scheme in SCHEMES]


def judge(page):
    with open(os.path.join(HERE, "judge.js"), encoding="utf-8") as script:
        return page.js(script.read())
