"""The view of a game day's session, pressed and typed into: what is sent, by which role, what is asked first, what is told, what is kept."""
import threading

import days
import desk
import feeder
import scene

THERE = "/v1/gamedays/" + days.ID


def posted(f, verb):
    return [body for how, path, _, body in f.asked if how == "POST" and path == "%s/%s" % (THERE, verb)]


def text(page, selector):
    return page.js("(document.querySelector(%r)||{}).textContent||''" % selector)


def opened(b, f, more=""):
    page = desk.open_page(b, f.url + "#/gamedays/" + days.ID + more)
    feeder.wait(lambda: page.js("Boolean(document.querySelector('ol.steps li'))"), "the session's steps")
    return page


def press(page, act):
    page.js("document.querySelector('.panel [data-act=\"%s\"]').click()" % act)


def plays(page, role):
    page.js("{const e=document.getElementById('role');e.value='%s';e.dispatchEvent(new Event('change'))}" % role)


def check_words(b, f):
    """A note by the keyboard alone; a mark with the words beside it; the role is kept over a reload, and decides what may be pressed."""
    bad = []
    with opened(b, f) as page:
        desk.press(page, "n")
        for letter in "late":
            desk.press(page, letter)
        desk.press(page, "Enter")
        feeder.wait(lambda: posted(f, "note"), "a note")
        feeder.wait(lambda: not page.js("document.getElementById('remark').value"), "what was sent is gone from the field")
        if posted(f, "note") != [{"by": "owner", "note": "late"}]:
            bad.append("the note is %s" % posted(f, "note"))
        plays(page, "responder")
        desk.press(page, "x")  # the field still has the focus
        press(page, "mark-detected")
        feeder.wait(lambda: posted(f, "mark"), "a mark")
        if posted(f, "mark") != [{"by": "responder", "what": "detected", "note": "x"}]:
            bad.append("the mark is %s" % posted(f, "mark"))
        page.call("Page.reload")
        feeder.wait(lambda: page.js("(document.getElementById('role')||{}).value") == "responder", "the role is kept over a reload")
        for _ in range(2):
            press(page, "reveal")
        feeder.wait(lambda: "the owner alone" in text(page, "#said"), "a sentence on who decides that")
        press(page, "abort")
        if posted(f, "reveal") or posted(f, "abort"):
            bad.append("sent without leave, or without having asked")
        press(page, "abort")
        feeder.wait(lambda: posted(f, "abort") == [{"by": "responder"}], "anybody may abort")
        return bad + page.complaints()


def check_told(b):
    """What comes by the stream is shown, and said to who does not see it; a check that failed has to be overruled in as many words."""
    come, more = threading.Event(), threading.Event()

    def events(_):
        yield b": hello\n\n"
        come.wait(20)
        yield feeder.event(1, "gameday", {"id": days.ID, "n": 99, "line": {"e": "ready", "step": 2}})
        more.wait(20)
        yield feeder.event(2, "gameday", {"id": days.ID, "n": 100, "line": {"e": "go", "step": 2}})
    with feeder.Feeder(scene.answers(), events) as f, opened(b, f) as page:
        feeder.wait(lambda: "s of 2 min left" in text(page, ".time-box .left"), "the time box counts")
        ready = days.session()
        ready["steps"][1].update(state="ready", checks=days.checks("fail"))
        ready.update(step_state="ready", may=["go", "hold", "skip", "note", "mark"])
        f.answers[THERE] = ready
        page.js("document.querySelector('.panel [data-act=hold]').focus()")
        come.set()
        feeder.wait(lambda: text(page, ".big-state").strip() == "READY", "the state, big")
        feeder.wait(lambda: "ready. A check failed" in text(page, "[role=status].vh"), "the state, said")
        bad = [] if page.js("document.activeElement.dataset.act") == "hold" else ["the focus is lost as the state changes"]
        if page.js("!document.querySelector('.time-box').hidden"):
            bad.append("a time box where nothing runs")
        press(page, "go")
        if posted(f, "go") or text(page, ".panel [data-act=go]") != "Overrule the check?":
            bad.append("a failed check is not asked about")
        press(page, "go")
        feeder.wait(lambda: posted(f, "go") == [{"by": "owner", "overrule": True}], "go, overruled")
        page.js("document.querySelector('.panel [data-act=skip]').focus()")
        f.answers[THERE] = days.session()
        more.set()
        feeder.wait(lambda: text(page, ".big-state").startswith("RUNNING"), "it runs")
        feeder.wait(lambda: page.js("document.title").startswith("RUNNING · first-day"), "the title says so")
        if page.js("document.activeElement.id") != "state-h":
            bad.append("the focus is lost with the button that had it")
        return bad + desk.wrong(page, f.url)


def check_left(b):
    """A session that nobody holds goes on by one press."""
    path = "/v1/gamedays/%s/resume" % days.LEFT
    with feeder.Feeder(scene.answers(), scene.live()) as f, desk.open_page(b, f.url + "#/gamedays/" + days.LEFT) as page:
        feeder.wait(lambda: text(page, ".big-state").strip() == "LEFT", "that it was left is told")
        press(page, "resume")
        feeder.wait(lambda: [a[3] for a in f.asked if a[:2] == ("POST", path)] == [{}], "it is taken up again")
    return []


def check_eyes(b):
    """Through responders' eyes: nothing is asked for that they would not get, nothing is decided, and the secret is nowhere."""
    with feeder.Feeder(scene.answers(), scene.live()) as f, opened(b, f, "/responder") as page:
        bad = ["asks without view=responder: " + path for _, path, query, _ in f.asked if path.startswith(THERE) and query.get("view") != "responder"]
        if page.js("document.querySelector('main').textContent").count(days.SECRET):
            bad.append("the hidden fault is told")
        if page.js("[...document.querySelectorAll('.panel button')].filter(b=>b.checkVisibility()).length"):
            bad.append("something is decided there")
        if "hidden until it is revealed" not in text(page, "ol.steps"):
            bad.append("that something is hidden is not told")
        return bad


def check_clock(b):
    """A device whose clock is a minute behind counts by the daemon's, and says so."""
    with feeder.Feeder(scene.answers(), scene.live()) as f:
        f.ahead = 60
        with opened(b, f) as page:
            feeder.wait(lambda: "is 1 min behind" in text(page, "#foot") or "is 59 s behind" in text(page, "#foot"), "the clocks differ")
            feeder.wait(lambda: any(text(page, ".time-box .left").startswith("%d s of" % n) for n in range(30, 46)), "counted by the daemon's clock")
    return []


def check_nowhere(b):
    """The address of a session that there is not says so, and leads back."""
    with feeder.Feeder(scene.answers(), scene.live()) as f, desk.open_page(b, f.url + "#/gamedays/nowhere") as page:
        feeder.wait(lambda: "there is no /v1/gamedays/nowhere" in text(page, "main [role=alert]"), "that there is none")
        return [] if page.js("Boolean(document.querySelector('main a[href=\"#/gamedays\"]'))") else ["there is no way back"]


def check_gone(b):
    """A cookie that ends while the page is open: it asks who we are, and shows nothing of before."""
    with feeder.Feeder(scene.answers(), scene.live()) as f, opened(b, f) as page:
        f.refuses = True
        page.js("document.querySelector('.panel [data-act=mark-detected]')?.click()")  # where the page has not noticed by itself
        feeder.wait(lambda: page.js("Boolean(document.getElementById('token'))"), "the page asks who we are")
        return ["the session is still shown"] if days.SECRET in page.js("document.body.textContent") else []


def check(b):
    with feeder.Feeder(scene.answers(), scene.live()) as f:
        bad = check_words(b, f)
    return ["a game day: " + what for what in bad + check_eyes(b) + check_told(b) + check_left(b) + check_nowhere(b) + check_clock(b) + check_gone(b)]
