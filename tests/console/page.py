#!/usr/bin/python3
"""page.py FOLDER: the console in Chromium, against answers with everything in them: every view at both widths, light and dark, judged,
by axe-core too where tests/web/axe.py finds it in FOLDER or can fetch it; the keyboard alone; hostile names; a stream that breaks.
Exit status 77: there is no Chromium.
"""
import contextlib
import sys
import threading

import desk
import axe
import board
import browser
import days
import feeder
import planted
import scene

WIDE, NARROW = (1280, "light"), (390, "dark")
DAY = "gamedays/" + days.ID
# view: what is there when it is drawn, and how it is looked at
VIEWS = {
    "now": (".run", WIDE, NARROW),
    "calendar": (".week", WIDE, NARROW),
    "schedules": ("tbody tr", (1280, "dark"), (390, "light")),
    "history": ("tbody tr", WIDE, NARROW),
    "history/checkout-partition": (".trend", WIDE, NARROW),
    "gamedays": ("#days li", NARROW),
    DAY: (".board .run", WIDE, NARROW),
    DAY + "/responder": ("ol.steps li", (390, "light")),
    "gamedays/" + days.LEFT: ("[data-act=resume]", (390, "light")),
    "gamedays/" + days.OVER: ("#outcome table", (1280, "dark")),
    "gamedays/%s/postmortem" % days.OVER: (".paper table", NARROW),
}
HOSTILE = "".join(planted.WORDS)


def ready(page, selector):
    try:
        feeder.wait(lambda: page.js("Boolean(document.querySelector(%r))" % selector), selector)
    except AssertionError as e:
        raise AssertionError("%s; %s" % (e, page.complaints())) from None


def axe_script(folder):
    try:
        return axe.fetch(folder)
    except SystemExit as e:
        if e.code != 77:
            raise
        return None


def check_views(b, f, script):
    bad = []
    for view, (drawn, *looks) in VIEWS.items():
        for width, scheme in looks:
            with desk.open_page(b, f.url + "#/" + view, width, scheme) as page:
                ready(page, drawn)
                found = desk.wrong(page, f.url)
                found += axe.judge(page, script) if script else []
                if width == 1280:
                    seen, lost = desk.focus_walk(page)
                    found += lost if seen > 8 else ["Tab comes to %d places" % seen]
                bad += ["%s, %d px, %s: %s" % (view, width, scheme, text) for text in found]
    return bad


def check_keys(b, f):
    """All of it by the keyboard: views, the filter, run now, halt."""
    bad = []

    def posted(path):
        return [a for a in f.asked if a[0] == "POST" and a[1] == path]

    def focused(what):
        return page.js("document.activeElement.getAttribute('aria-label')||document.activeElement.textContent") == what

    with desk.open_page(b, f.url) as page:
        ready(page, ".run")
        desk.press(page, "3")
        ready(page, "tbody tr")
        desk.press(page, "/")
        for letter in "Hold":
            desk.press(page, letter, shift=letter == "H")
        if page.js("document.activeElement.value") != "Hold" or page.js("document.querySelector('.halt').textContent") != "HALT":
            bad.append("a letter in the filter is taken for a key")
        page.js("document.activeElement.value='by-hand';document.activeElement.dispatchEvent(new Event('input'))")
        feeder.wait(lambda: page.js("document.querySelectorAll('tbody tr').length") == 1, "the filter's one row")
        for _ in range(6):
            if not focused("Run now by-hand"):
                desk.press(page, "Tab")
        desk.press(page, "Enter")
        for _ in range(5):
            desk.press(page, "Enter", repeat=True)
        if posted("/v1/schedules/by-hand/run"):
            bad.append("a key that is held down answers the question that it asked")
        desk.press(page, "Escape")
        desk.press(page, "Enter")
        if posted("/v1/schedules/by-hand/run"):
            bad.append("Escape does not take the question back")
        desk.press(page, "Enter")
        feeder.wait(lambda: posted("/v1/schedules/by-hand/run"), "run now by two presses")
        page.js("document.activeElement.blur()")
        desk.press(page, "H", shift=True)
        if posted("/v1/halt"):
            bad.append("one Shift+H halts")
        desk.press(page, "H", shift=True)
        feeder.wait(lambda: posted("/v1/halt"), "halt by two presses")
        feeder.wait(lambda: page.js("document.body.classList.contains('is-halted')"), "the page says that it is halted")
        desk.press(page, "?")
        ready(page, "dialog[open]")
        bad += desk.wrong(page, f.url)
        desk.press(page, "Escape")
        feeder.wait(lambda: not page.js("document.querySelectorAll('dialog').length"), "Escape closes the keys")
        return bad + page.complaints()


def check_roles(b, f):
    """Who may only look is told so, and nothing is sent."""
    f.answers["/v1/session"] = {"who": "token wall", "role": "viewer"}
    with desk.open_page(b, f.url) as page:
        ready(page, ".run")
        before = len(f.asked)
        page.js("for(const b of document.querySelectorAll('.halt,.danger'))b.click(),b.click()")
        feeder.wait(lambda: "role" in page.js("document.getElementById('said').textContent"), "a sentence on the role")
        sent = [a for a in f.asked[before:] if a[0] == "POST"]
        return ["a viewer's page sends %s" % (sent,)] if sent else []


def check_hostile(b, f):
    bad = []
    f.answers.update(scene.answers(HOSTILE))
    for view in ("now", "calendar", "schedules", "history", "gamedays", DAY):
        with desk.open_page(b, f.url + "#/" + view, 390, "light") as page:
            ready(page, VIEWS[view][0])
            bad += ["hostile, %s: %s" % (view, text) for text in desk.wrong(page, f.url)]
            if "<script>planted()</script>" not in page.js("document.querySelector('main').textContent"):
                bad.append("hostile, %s: the words are not there" % view)
    return bad


def check_strips(b, f):
    """A run of three hours: two buckets become one, again and again, and no sample is lost; the times stay where they were."""
    with desk.open_page(b, f.url) as page:
        n, bad, at, filled, grain = page.js("""import('./console/series.js').then(({Series})=>{const s=new Series();
            for(let i=0;i<43200;i++)s.add(100+i/4,[{name:'a',good:i===20000?0:1,bad:i===20000?1:0,unknown:0,latency_ms:i===20000?900:9}]);
            const r=s.rows.get('a'),sum=(a)=>a.reduce((x,y)=>x+y,0);
            return [sum(r.good)+sum(r.bad),sum(r.bad),r.bad.indexOf(1)===r.latency.indexOf(900)?r.bad.indexOf(1):-1,s.filled,s.grain]})""")
    wrong = []
    if (n, bad) != (43200, 1):
        wrong.append("the strip holds %d samples, %d of them bad, and saw 43200 and 1" % (n, bad))
    if abs(at * grain - 5000) > grain:
        wrong.append("the bad one stands at %.0f s, and was at 5000" % (at * grain))
    return wrong if 480 <= filled <= 960 else wrong + ["%d buckets are in use" % filled]


def check_broken(b):
    """The stream ends: the page says so, comes back, and says where it was."""
    back, asked = threading.Event(), []

    def events(headers):
        asked.append(headers.get("Last-Event-ID"))
        yield feeder.event(6 + len(asked), "note", {"name": "n%d" % len(asked), "note": "x"})
        if len(asked) == 1:
            back.wait(20)
            raise ConnectionResetError

    def says(page, state):
        return page.js("document.getElementById('link-state').textContent") == state

    with feeder.Feeder(scene.answers(), events) as f, desk.open_page(b, f.url) as page:
        feeder.wait(lambda: says(page, "live") and page.js("Boolean(document.querySelector('#log li'))"), "live")
        page.js("window.seen=[];new MutationObserver(()=>seen.push(document.getElementById('link').textContent)).observe(document.getElementById('link'),"
                "{subtree:true,childList:true,characterData:true})")
        back.set()
        feeder.wait(lambda: len(asked) > 1 and says(page, "live"), "live again")
        bad = [] if asked[1] == "7" else ["it came back with Last-Event-ID %s" % asked[1]]
        if not any("reconnecting" in text for text in page.js("window.seen")):
            bad.append("nothing was said while it was away")
    return bad


def check_tabs(b):
    """A browser opens six connections to a server: the seventh page gets one, for those that nobody sees give theirs up; they come back."""
    with feeder.Feeder(scene.answers(), scene.live()) as f, contextlib.ExitStack() as open_pages:
        some = [open_pages.enter_context(desk.open_page(b, f.url)) for _ in range(8)]
        for page in (some[-1], some[0]):
            page.call("Page.bringToFront")
            feeder.wait(lambda p=page: p.js("document.getElementById('link-state').textContent") == "live", "the page that is looked at is live")
    return []


def main():
    desk.need()
    bad = []
    with browser.Browser() as b:
        with feeder.Feeder(scene.answers(), scene.live()) as f:
            bad += check_views(b, f, axe_script(sys.argv[1]))
            bad += check_keys(b, f)
            bad += check_strips(b, f)
            bad += check_roles(b, f)
            bad += check_hostile(b, f)
        bad += check_broken(b)
        bad += check_tabs(b)
        bad += board.check(b)
    for text in bad:
        print(text)
    print("console: %d complaints" % len(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
