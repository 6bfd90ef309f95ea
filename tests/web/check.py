#!/usr/bin/python3
"""check.py page|shots|print|faults: the HTML report in Chromium.

page    at 1280 and 390 px, light and dark: nothing fetched, nothing in the console, nothing cut off, and judge.js; the keyboard
shots   screenshots against tests/web/shots; ORDEAL_WEB_UPDATE=1 takes them anew: look at each
print   A4: pages, nothing beyond the edge, no chart cut in two
faults  what these tests look for, put into a page one by one: each must be found
Exit status 77: there is no Chromium, or a package is missing.
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REFERENCE = os.path.join(HERE, "shots")
# Both widths and both schemes of the page that has everything; of the others one of each.
SHOTS_OF_OTHERS = [(1280, "light"), (390, "dark")]
A4_PX = 703  # what is left of 210 mm between the margins, at 96 dpi


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


try:
    import browser
    import pages
    import shots
except ImportError as e:
    skip("%s; Debian has python3-pil" % e)


def observe(page):
    """Sentences on what is wrong with a page that is open."""
    bad = pages.judge(page)
    bad += ["asks for " + url for url in page.requests()]
    return bad + ["in the console: " + text for text in page.complaints()]


def keyboard(page):
    """Every place that can be reached by Tab shows that it has been."""
    bad, seen = [], 0
    wanted = page.js("[...document.querySelectorAll('a[href],summary,[tabindex=\"0\"]')].filter(e=>e.checkVisibility()).length")
    for _ in range(min(wanted, 40)):
        for kind in ("rawKeyDown", "keyUp"):
            page.call("Input.dispatchKeyEvent", {"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9})
        at = page.js("(()=>{const e=document.activeElement,c=getComputedStyle(e),r=e.getBoundingClientRect();"
                     "return {what:e.tagName+' '+e.className+' '+e.textContent.slice(0,30),body:e===document.body,"
                     "outline:c.outlineStyle!=='none'&&parseFloat(c.outlineWidth)>=2,width:r.width,left:r.left}})()")
        if at["body"]:
            break
        seen += 1
        if not at["outline"]:
            bad.append("has the focus and does not show it: " + at["what"])
        if at["width"] < 2 or at["left"] < 0:
            bad.append("has the focus and cannot be seen: " + at["what"])
    if seen < min(wanted, 40):
        bad.append("Tab comes to %d of %d places" % (seen, wanted))
    return bad


def check_pages(b, made):
    bad = []
    for name, path in made.items():
        for width, scheme in pages.combinations():
            with b.open(path, width, scheme) as page:
                found = observe(page)
                if scheme == "light" and name == "rich":
                    found += keyboard(page)
                bad += ["%s, %d px, %s: %s" % (name, width, scheme, text) for text in found]
    return bad


def shots_of(name):
    if name == "planted":
        return []
    if name.startswith("postmortem"):
        return [(1280, "light")] if name.endswith("google-sre") else []
    return pages.combinations() if name == "rich" else SHOTS_OF_OTHERS


def check_shots(b, made):
    bad = []
    for name, path in made.items():
        for width, scheme in shots_of(name):
            stored = os.path.join(REFERENCE, "%s-%d-%s" % (name, width, scheme))
            with b.open(path, width, scheme) as page:
                now = shots.take(page, width)
            if os.environ.get("ORDEAL_WEB_UPDATE") == "1":
                os.makedirs(REFERENCE, exist_ok=True)
                shots.save(stored, *now)
            elif not os.path.exists(stored + ".png"):
                bad.append("%s.png is missing" % stored)
            else:
                bad += ["%s, %d px, %s: %s" % (name, width, scheme, text) for text in shots.compare(shots.load(stored), now)]
                if bad and os.environ.get("ORDEAL_WEB_KEEP"):
                    now[0].save(os.path.join(os.environ["ORDEAL_WEB_KEEP"], "%s-%d-%s.png" % (name, width, scheme)))
    return bad


# A word before and one behind each drawing; both must come out on one sheet.
MARK = """{let k=0;for(const svg of document.querySelectorAll('figure svg.chart')){if(!svg.checkVisibility())continue;
    for(const [where,word] of [['beforebegin','Qbegin'],['afterend','Qend']]){const s=document.createElement('span');
        s.textContent=word+k+'Q';s.style.cssText='display:block;font:6px/6px monospace;break-before:avoid';
        if(where==='beforebegin')s.style.breakAfter='avoid';svg.insertAdjacentElement(where,s)}k++}window.marks=k}"""


def paper(page):
    """What is wrong with the sheets."""
    bad = page.js("[...document.querySelectorAll('main,table,figure,pre,p,dl,ul,ol')].filter(e=>e.checkVisibility()&&"
                  "e.getBoundingClientRect().right>%d).map(e=>'beyond the edge of the paper: '+e.tagName+' '+e.className+' '+"
                  "e.textContent.slice(0,40))" % (A4_PX + 2))
    bad += page.js("[...document.querySelectorAll('details')].filter(d=>![...d.children].slice(1).every(e=>"
                   "e.getBoundingClientRect().height>0)).map(d=>'closed on paper: '+d.textContent.slice(0,40))")
    if page.js("document.querySelector('figure')&&![...document.querySelectorAll('svg.chart')].some(e=>e.checkVisibility())"):
        bad.append("no chart is printed")
    page.js(MARK)
    with tempfile.NamedTemporaryFile(suffix=".pdf") as f:
        f.write(page.pdf())
        f.flush()
        text = subprocess.run(["pdftotext", "-layout", f.name, "-"], stdout=subprocess.PIPE, check=True).stdout.decode()
    sheets = text.rstrip("\f").split("\f")
    if len(sheets) < 2:
        bad.append("%d sheets" % len(sheets))
    for k in range(page.js("window.marks")):
        where = [[i for i, sheet in enumerate(sheets) if "%s%dQ" % (word, k) in sheet] for word in ("Qbegin", "Qend")]
        if where[0] != where[1] or len(where[0]) != 1:
            bad.append("chart %d begins on sheet %s and ends on sheet %s" % (k, where[0], where[1]))
    for i, sheet in enumerate(sheets):
        if not sheet.strip():
            bad.append("sheet %d is empty" % (i + 1))
    return bad


def check_print(b, made):
    bad = []
    for name, path in made.items():
        if name == "planted":
            continue  # a heading of ten thousand bytes is longer than a sheet
        for scheme in pages.SCHEMES:
            with b.open(path, A4_PX, scheme, media="print") as page:
                bad += ["%s, %s: %s" % (name, scheme, text) for text in paper(page)]
    return bad


# What to break, and a word of the sentence that must come.
FAULTS = [
    ("document.querySelector('main table caption').remove()", "without a caption"),
    ("document.querySelector('tbody th').removeAttribute('scope')", "without a scope"),
    ("document.querySelector('svg.chart title').remove()", "without a title"),
    ("document.querySelector('svg.chart desc').remove()", "without a description"),
    ("document.querySelector('h2').outerHTML='<h4>Objectives</h4>'", "heading of level 4"),
    ("document.querySelector('nav').remove()", "navigation"),
    ("document.querySelector('nav a').setAttribute('href','#nowhere')", "link to nowhere"),
    ("document.querySelector('main').insertAdjacentHTML('beforeend','<p id=main>x</p>')", "an id twice"),
    ("document.querySelector('main').insertAdjacentHTML('beforeend','<p style=\"color:#999;background:#fff\">faint</p>')", "contrast 2.8"),
    ("document.querySelector('main').insertAdjacentHTML('beforeend','<p style=\"width:1500px\">broad</p>')", "px wide"),
    ("document.querySelector('main').insertAdjacentHTML('beforeend','<img src=\"http://127.0.0.1:9/x.png\" alt=\"\">')", "asks for"),
    ("console.error('boom')", "in the console"),
    ("{const t=document.querySelector('svg.broad text.lab');t.setAttribute('x',1200)}", "cut off by its chart"),
    ("{const [a,b]=document.querySelectorAll('svg.broad text.lab');b.setAttribute('x',a.getAttribute('x'));"
     "b.setAttribute('y',a.getAttribute('y'))}", "text on another"),
    ("document.head.insertAdjacentHTML('beforeend','<style>.o-wrong,.o-refused{fill:var(--bad)}</style>')", "drawn alike"),
    ("document.head.insertAdjacentHTML('beforeend','<style>@keyframes k{to{opacity:.5}}h1{animation:k 9s infinite}</style>')", "moves"),
]
SHOT_FAULTS = [
    ("document.querySelector('#what-happened figure svg').innerHTML=''", "figure"),
    ("document.querySelectorAll('#what-happened svg.broad [class$=-wrong]').forEach(e=>e.remove())", "figure"),
    ("document.querySelector('#what-happened figure').remove()", "sections are"),
    ("document.querySelector('main>.verdict').style.background='none'", "verdict"),
    ("document.querySelectorAll('#repetitions figure svg').forEach(e=>e.innerHTML='')", "figure"),
]
PAPER_FAULTS = [
    ("document.head.insertAdjacentHTML('beforeend','<style>svg.chart{height:1300px!important}</style>')", "begins on sheet"),
    ("document.head.insertAdjacentHTML('beforeend','<style>svg.chart{display:none!important}</style>')", "no chart"),
    ("document.head.insertAdjacentHTML('beforeend','<style>main{width:900px!important}</style>')", "beyond the edge"),
    ("document.head.insertAdjacentHTML('beforeend','<style>details::details-content{content-visibility:hidden!important;"
     "display:none!important}</style>')", "closed on paper"),
]


def missed(faults, open_page, look):
    bad = []
    for js, word in faults:
        with open_page() as page:
            page.js(js)
            page.js("new Promise(done=>setTimeout(done,50))")
            if not any(word in text for text in look(page)):
                bad.append("not found: %s" % js)
    return bad


def check_faults(b, made):
    rich = made["rich"]
    stored = shots.load(os.path.join(REFERENCE, "rich-1280-light"))
    bad = missed(FAULTS, lambda: b.open(rich, 1280), observe)
    bad += missed(SHOT_FAULTS, lambda: b.open(rich, 1280), lambda page: shots.compare(stored, shots.take(page, 1280)))
    bad += missed(PAPER_FAULTS, lambda: b.open(rich, A4_PX, media="print"), paper)
    bad += missed([("document.head.insertAdjacentHTML('beforeend','<style>*{outline:none!important}</style>')", "does not show it")],
                  lambda: b.open(rich, 1280), keyboard)
    return bad


CHECKS = {"page": check_pages, "shots": check_shots, "print": check_print, "faults": check_faults}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in CHECKS:
        print(__doc__)
        return 2
    if not browser.find():
        skip("no Chromium here; Debian has chromium")
    with tempfile.TemporaryDirectory(prefix="ordeal-pages-") as folder:
        made = pages.write(folder)
        with browser.Browser() as b:
            bad = CHECKS[sys.argv[1]](b, made)
    for text in bad:
        print(text)
    print("%s: %d pages, %d complaints" % (sys.argv[1], len(made), len(bad)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
