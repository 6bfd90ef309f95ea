"""Chromium without a window, spoken to over a pipe (--remote-debugging-pipe): no port, no package but the browser."""
import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-extensions",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
         "--disable-lcd-text", "--font-render-hinting=none", "--force-color-profile=srgb", "--force-device-scale-factor=1",
         "--remote-debugging-pipe"]
# The page asks for the system's own font, which differs from machine to machine.
FONTS = "*{font-family:'DejaVu Sans'!important}code,pre,.mono{font-family:'DejaVu Sans Mono'!important}"


def find():
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One browser; `open` gives a page. Everything it starts is in a process group of its own, and goes with close()."""

    def __init__(self, patience=180):
        self.patience = patience
        self.number = 0
        self.events = []
        self.rest = b""
        self.folder = tempfile.mkdtemp(prefix="ordeal-web-")
        here_in, there_out = os.pipe()
        there_in, here_out = os.pipe()
        # Above the two numbers that the browser wants, so that neither dup2 closes the other's source.
        reads, writes = (fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (there_in, there_out))

        def fds():
            os.dup2(reads, 3)
            os.dup2(writes, 4)

        self.process = subprocess.Popen([find(), *FLAGS, "--user-data-dir=" + self.folder, "about:blank"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=fds, close_fds=False,
                                        start_new_session=True)
        for fd in (there_in, there_out, reads, writes):
            os.close(fd)
        self.read, self.write = here_in, here_out

    def close(self):
        try:
            self.call("Browser.close")
            self.process.wait(10)
        except (OSError, RuntimeError, subprocess.TimeoutExpired):
            pass
        if self.process.poll() is None:
            # Our child has not been waited for: its number, and so the group's, is still its own.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.read)
        os.close(self.write)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def receive(self, until):
        while b"\0" not in self.rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.read], [], [], left)[0]:
                raise RuntimeError("the browser does not answer")
            more = os.read(self.read, 1 << 20)
            if not more:
                raise RuntimeError("the browser has gone")
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, params=None, session=None):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write, data):]
        until = time.monotonic() + self.patience
        while True:
            answer = self.receive(until)
            if answer.get("id") != self.number:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def open(self, path, width, scheme="light", media="", fonts=FONTS):
        return Page(self, path, width, scheme, media, fonts)


class Page:
    def __init__(self, browser, path, width, scheme, media, fonts):
        self.browser = browser
        self.url = path if path.startswith("http") else "file://" + os.path.abspath(path)
        target = browser.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self.target = target
        self.session = browser.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        browser.events.clear()
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
        self.call("Emulation.setEmulatedMedia", {"media": media, "features": [
            {"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]})
        self.call("Page.navigate", {"url": self.url})
        until = time.monotonic() + browser.patience
        while not any(e.get("method") == "Page.loadEventFired" for e in browser.events):
            browser.events.append(browser.receive(until))
        if fonts:
            self.js("{const s=document.createElement('style');s.textContent=%s;document.head.append(s)}" % json.dumps(fonts))
        self.js("document.fonts.ready.then(()=>1)")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.browser.call("Target.closeTarget", {"targetId": self.target})

    def call(self, method, params=None):
        return self.browser.call(method, params, self.session)

    def js(self, text):
        r = self.call("Runtime.evaluate", {"expression": text, "returnByValue": True, "awaitPromise": True})
        if "exceptionDetails" in r:
            raise RuntimeError(r["exceptionDetails"]["exception"].get("description", "exception in the page"))
        return r["result"].get("value")

    def requests(self):
        """Every address that was asked for, but the page itself."""
        asked = [e["params"]["request"]["url"] for e in self.browser.events if e.get("method") == "Network.requestWillBeSent"]
        return [u for u in asked if u != self.url]

    def complaints(self):
        """What stands in the console: errors and warnings of the page or the browser."""
        said = [" ".join(e["params"]["entry"].get(key, "") for key in ("text", "url")).strip() for e in self.browser.events if e.get("method") == "Log.entryAdded"]
        said += ["console: " + json.dumps(e["params"]["args"]) for e in self.browser.events
                 if e.get("method") == "Runtime.consoleAPICalled"]
        return said + ["exception" for e in self.browser.events if e.get("method") == "Runtime.exceptionThrown"]

    def height(self):
        return int(self.js("Math.ceil(document.documentElement.getBoundingClientRect().height)"))

    def screenshot(self, width):
        clip = {"x": 0, "y": 0, "width": width, "height": self.height(), "scale": 1}
        return base64.b64decode(self.call("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": clip})["data"])

    def pdf(self):
        """A4, with the margins that the page's style asks for."""
        return base64.b64decode(self.call("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True,
                                                                "preferCSSPageSize": True})["data"])
