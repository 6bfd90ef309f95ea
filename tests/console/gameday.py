#!/usr/bin/python3
"""gameday.py: the game day of docs/tutorials/game-day-console.md, held by its own lines and no others, on the sample system.

```console terminal=N blocks are those of tests/demo/tutorial.py, and ^C is typed. ```page window=NAME blocks are the lines of a window of a
browser, each in a browser of its own as a private window is: open ADDRESS, sign in as ROLE, press WORDS, type WORDS, reload, see WORDS
(waited for; or press WORDS, while these are not there), not WORDS. Beside that: no word of the hidden step in anything that the responder's window received before it was revealed,
nothing in either console, no request elsewhere. /tmp/first-day becomes a folder of the test's own. To be run by tests/alone.sh and
tests/netns.sh. Exit status 77: no Chromium, or not root.
"""
import json
import os
import re
import shutil
import sys
import tempfile
import time

import desk
import browser
import feeder

sys.path.insert(0, os.path.join(feeder.SOURCE, "tests", "demo"))
import tutorial as terminals

TEXT = os.path.join(feeder.SOURCE, "docs", "tutorials", "game-day-console.md")
PATIENCE = 60  # seconds for one line to be seen
SECRETS = ("store-hangs", "proc.pause", "SIGSTOP", "is stopped", "Orders are refused")
# All that comes by fetch(), the stream too, as text: what a window received outlives what it shows.
EAR = """window.heard = [];
const plain = window.fetch;
window.fetch = async (...what) => {
	const answer = await plain(...what), reader = answer.clone().body?.pipeThrough(new TextDecoderStream()).getReader();
	(async () => { for (let more; reader && !(more = await reader.read()).done;) heard.push(more.value); })().catch(() => {});
	return answer;
};"""
FIND = """[...document.querySelectorAll('button,a,summary')].filter(e=>e.checkVisibility()).find(e=>e.textContent.trim()===%s)"""


class Window:
    def __init__(self, name, tokens):
        self.name, self.tokens, self.page, self.heard = name, tokens, None, ""
        self.browser = browser.Browser()

    def hear(self):
        """What came since; the page's own list begins anew with it."""
        self.heard += "".join(self.page.js("window.heard.splice(0)") or [])
        return self.heard + self.page.js("document.documentElement.outerHTML")

    def wait(self, question, what):
        try:
            return feeder.wait(question, what, PATIENCE)
        except AssertionError as e:
            raise AssertionError("%s, window %s; it shows:\n%s" % (e, self.name, self.page.js("document.body?.innerText"))) from None

    def open(self, url):
        self.page = desk.open_page(self.browser, url)  # which asks who we are, and no more
        self.page.call("Page.addScriptToEvaluateOnNewDocument", {"source": EAR})
        self.page.call("Page.reload")
        self.wait(lambda: self.page.js("Boolean(window.heard)"), "it is listened to")

    def sign(self, role):
        with open(self.tokens, encoding="utf-8") as f:
            token = dict(line.split() for line in f)[role]
        self.wait(lambda: self.page.js("Boolean(document.getElementById('token'))"), "it asks who we are")
        self.page.js("document.getElementById('token').focus()")
        self.page.call("Input.insertText", {"text": token})
        desk.press(self.page, "Enter")

    def can_press(self, words):
        return self.page.js("(e=>Boolean(e)&&!e.getAttribute('aria-busy'))(%s)" % (FIND % json.dumps(words)))

    def press(self, words):
        """The pointer is where the control is, so what covers it would be found."""
        self.wait(lambda: self.can_press(words), "to be pressed: " + words)
        find = FIND % json.dumps(words)
        x, y = self.page.js("(e=>{e.scrollIntoView({block:'center',behavior:'instant'});const r=e.getBoundingClientRect();return [r.x+r.width/2,r.y+r.height/2]})(%s)" % find)
        for kind in ("mousePressed", "mouseReleased"):
            self.page.call("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1})

    def type(self, words):
        self.wait(lambda: self.page.js("(e=>Boolean(e)&&!e.value)(document.getElementById('remark'))"), "the field is there, and empty")
        self.page.js("document.getElementById('remark').focus()")
        self.page.call("Input.insertText", {"text": words})

    def shows(self, words):
        return words in " ".join((self.page.js("document.body?.innerText") or "").split())

    def see(self, words):
        words, _, remedy = words.partition(" or press ")

        def seen():
            if remedy and self.can_press(remedy) and not self.shows(words):
                self.press(remedy)
            return self.shows(words)
        self.wait(seen, "to be seen: " + words)

    def not_(self, words):
        if words in self.hear():
            raise AssertionError("window %s has %r" % (self.name, words))

    def take(self, line):
        verb, _, rest = line.partition(" ")
        if line.startswith("sign in as "):
            self.sign(line.split()[-1])
        elif verb == "reload":
            self.hear()
            self.page.call("Page.reload")
        else:
            {"open": self.open, "press": self.press, "type": self.type, "see": self.see, "not": self.not_}[verb](rest)

    def complaints(self, origin):
        """While the daemon was away a browser says of itself that it was; nothing else is to be said."""
        problems = set(re.findall(r'{"type":"about:blank"[^}]*}', self.hear()))
        return sorted(problems) + [text for text in self.page.complaints() if not text.startswith("Failed to load resource: net::ERR_")] + \
            ["asks for " + url for url in self.page.requests() if not url.startswith(origin)]


def blocks(text):
    for found in re.finditer(r"^```(console|page) (?:terminal|window)=(\w+)\n(.*?)^```", text, re.M | re.S):
        yield found[1], found[2], found[3].splitlines()


class Day:
    def __init__(self, folder):
        with open(TEXT, encoding="utf-8") as f:
            self.text = f.read().replace("/tmp/first-day", os.path.join(folder, "first-day"))
        self.tokens = re.search(r"--token-file (\S+)", self.text)[1]
        self.origin = re.search(r"open (http://\S+)", self.text)[1]
        self.terminals, self.windows, self.bad = {}, {}, []

    def terminal(self, name, lines):
        """A command that goes on is one that ^C ends; any other is waited for."""
        t = self.terminals.setdefault(name, terminals.Terminal(feeder.SOURCE))
        for line in lines:
            if line == "^C":
                os.write(t.master, b"\x03")
                t.process.wait(PATIENCE)
            elif line.startswith("$ "):
                process = t.start(line[2:])
                if "serve" not in line and "--system" not in line:
                    process.wait(PATIENCE)
            else:
                t.wait_for(line, "terminal " + name)

    def window(self, name, lines):
        w = self.windows.get(name)
        if not w:
            w = self.windows[name] = Window(name, self.tokens)
        for line in lines:
            if name == "owner" and line.startswith("press Tell"):
                self.nothing_told()
            w.take(line)

    def nothing_told(self):
        heard = self.windows["responder"].hear()
        self.bad += ["the responder's window received %r before it was revealed" % s for s in SECRETS if s in heard]
        if "The second surprise" not in heard:
            self.bad.append("the responder's window is not listened to")

    def hold(self):
        n = 0
        for kind, name, lines in blocks(self.text):
            (self.terminal if kind == "console" else self.window)(name, lines)
            n += 1
        for w in self.windows.values():
            self.bad += ["window %s: %s" % (w.name, text) for text in w.complaints(self.origin)]
        return n

    def close(self):
        for w in self.windows.values():
            w.browser.close()
        for t in self.terminals.values():
            t.end()


def main():
    desk.need()
    if os.geteuid():
        desk.skip("takes root")
    folder = tempfile.mkdtemp(prefix="ordeal-tutorial-")
    os.makedirs(os.path.join(folder, "bin"))
    os.symlink(os.environ["ORDEAL"], os.path.join(folder, "bin", "ordeal"))
    os.environ.update(PATH=os.path.join(folder, "bin") + ":" + os.environ["PATH"], XDG_STATE_HOME=os.path.join(folder, "state"),
                      XDG_RUNTIME_DIR=os.path.join(folder, "run"), DEMO_HOLD=os.environ.get("DEMO_HOLD", "10s"))
    os.makedirs(os.environ["XDG_RUNTIME_DIR"], 0o700)
    day, began = Day(folder), time.monotonic()
    try:
        n = day.hold()
    except BaseException:
        for name, t in day.terminals.items():
            print("terminal %s:\n%s" % (name, t.text))
        raise
    finally:
        day.close()
        shutil.rmtree(folder, ignore_errors=True)
    for what in day.bad:
        print(what)
    took = time.monotonic() - began
    print("%d blocks, %d complaints; %.0f s of machine time" % (n, len(day.bad), took))
    return 1 if day.bad or n < 15 or took > 15 * 60 else 0


if __name__ == "__main__":
    sys.exit(main())
