"""What the console's tests share: an open page, its keys, and what is wrong with it."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), name) for name in ("web", "formats")]


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


import browser
import pages

KEYS = {"Tab": 9, "Enter": 13, "Escape": 27}


def need():
    if not browser.find():
        skip("no Chromium here; Debian has chromium")


def open_page(b, url, width=1280, scheme="light"):
    """The fonts of the other pages' tests would be an inline style, which the page's policy forbids."""
    return b.open(url, width, scheme, fonts="")


def press(page, key, shift=False, repeat=False):
    code = KEYS.get(key)
    params = {"key": key, "modifiers": 8 if shift else 0, "autoRepeat": repeat, "windowsVirtualKeyCode": code or ord(key.upper())}
    if not code or key == "Enter":
        params["text"] = "\r" if key == "Enter" else key
    page.call("Input.dispatchKeyEvent", {"type": "keyDown", **params})
    if not repeat:
        params.pop("text", None)
        page.call("Input.dispatchKeyEvent", {"type": "keyUp", **params})


def wrong(page, origin):
    """Sentences on what is wrong with a page that is open."""
    bad = [text for text in pages.judge(page)
           if not text.startswith(("a link out of the page, v1/history/", "a link out of the page, v1/gamedays/", "a link to nowhere, #/", "a script that runs: <script"))]
    bad += ["a script of another place: " + src for src in page.js("[...document.scripts].map(s=>s.getAttribute('src')||'inline')")
            if not str(src).startswith("console/")]
    bad += ["a button of %s px: %s" % tuple(b) for b in page.js("[...document.querySelectorAll('button')].filter(b=>b.offsetHeight>64)"
                                                                ".map(b=>[b.offsetHeight,b.textContent])")]
    bad += ["asks for " + url for url in page.requests() if not url.startswith(origin)]
    return bad + ["in the console: " + text for text in page.complaints()]


def focus_walk(page, most=60):
    """Tab from the top: how many places, and those that do not show that they have the focus."""
    bad, seen = [], 0
    page.js("document.activeElement.blur(),scrollTo(0,0)")
    for _ in range(most):
        press(page, "Tab")
        at = page.js("(()=>{const e=document.activeElement,c=getComputedStyle(e),r=e.getBoundingClientRect();return {what:e.tagName+' '+e.className+' '+"
                     "e.textContent.slice(0,30),body:e===document.body,outline:c.outlineStyle!=='none'&&parseFloat(c.outlineWidth)>=2,"
                     "width:r.width,left:r.left,top:r.top,bottom:r.bottom,bar:e.closest('.bar,.skip')?0:document.querySelector('.bar').getBoundingClientRect().bottom}})()")
        if at["body"]:
            break
        seen += 1
        if not at["outline"]:
            bad.append("has the focus and does not show it: " + at["what"])
        if at["width"] < 2 or at["left"] < 0:
            bad.append("has the focus and cannot be seen: " + at["what"])
        if at["bottom"] <= at["bar"]:
            bad.append("has the focus below the bar: " + at["what"])
    return seen, bad
