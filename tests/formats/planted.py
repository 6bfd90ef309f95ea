"""planted.py RUN.jsonl SEED: the timeline on standard output, with hostile words behind (and for some before) every text that
somebody may choose: names, notes, queries, targets, reasons, messages of servers, lines of logs. The same text gets the same words
everywhere, so that what belongs together still does.

What is planted calls `planted()`, should it ever run, and begins an element <planted>, should it ever be taken for one.
"""
import hashlib
import json
import sys

WORDS = [
    "<script>planted()</script>", "</script><script>planted()</script>", "<img src=x onerror=planted()>", "<planted>",
    "\"><planted a=\"", "'><planted a='", "\" onmouseover=\"planted()\" b=\"", "]]><planted>", "<![CDATA[", "<!--", "-->", "<?planted?>",
    "</title></style><planted>", "</td></tr></table><planted>", "</text></svg><planted>", "</pre><planted>", "</details>",
    "&lt;planted&gt;", "&#60;planted&#62;", "&planted;", "|", "||", "` a ` `` b", "```\n<planted>\n```", "~~~", "\n\n# planted\n\n",
    "\n| a | b |\n| --- | --- |\n", "\n- planted\n", "[planted](javascript:planted())", "![planted](http://127.0.0.1:9/x)",
    "<http://127.0.0.1:9/>", "\n    planted", "\n***\n", "\n===\n", "*planted* _planted_ ~~planted~~", "\\", "\\\\", "\\\"", "\"", "'",
    "{planted=\"", "\"} 1\n# EOF\n", "\nplanted 1\n", "\r\n", "\t", "\u0001", "\u001b[31m", "\u007f", "\u0085", "\u2028", "\u2029", "\ufeff",
    "\u202eplanted", "\u2066planted", "\ufffe", "\U0001f642", "caf\u00e9", "e\u0301\u0301\u0301", "\u05d0\u05d1\u05d2", "%s%n%99999d", "${planted}",
    "$(planted)", "; planted", "\"; planted; \"", "{{planted}}", "<!-- end -->\n", "<!-- blank: status -->\n", "/../../planted", "@planted #1",
]
LONG = 10000

# Words of the format itself: a reader knows them by heart.
FIXED = set("""e o kind class state phase when cause stage do role mode op metric method health""".split())


def number(text, seed):
    return int.from_bytes(hashlib.sha256(f"{seed}/{text}".encode()).digest()[:6], "big")


def hostile(text, seed):
    """Three words behind the text; once in eleven 10,000 bytes of them; once in seven they stand before it."""
    n = number(text, seed)
    words = [WORDS[n // 7 ** k % len(WORDS)] for k in range(3)]
    if n % 11 == 0:
        words *= LONG // len("".join(words)) + 1
    words = "".join(words)[:LONG]
    return words + text if n % 7 == 3 else text + words


def channel(text, seed, known):
    """prometheus:NAME{...}/stage is made of parts; a probe's name is one text."""
    if text in known or ":" not in text:
        return hostile(text, seed) if text in known else text
    kind, rest = text.split(":", 1)
    if kind not in ("prometheus", "alertmanager"):
        return text
    name = rest.split("{")[0].split("/")[0]
    return f"{kind}:{alert(name, seed)}{rest[len(name):]}"


def alert(name, seed):
    """An alert's name ends before a brace or a slash."""
    return hostile(name, seed).replace("{", "(").replace("/", "\\") if name else name


def plant(value, seed, known, key=""):
    if isinstance(value, dict):
        # A mark's `what` is one of four words; a probe's is free.
        inner = {k: plant(v, seed, known, "fixed" if k == "what" and value.get("e") in ("mark", "kube") else
                          "catalogue" if k == "fault" and "class" in value and "args" in value else k) for k, v in value.items()}
        return inner
    if isinstance(value, list):
        return [plant(v, seed, known, key) for v in value]
    if not isinstance(value, str) or key in FIXED or key in ("fixed", "catalogue"):
        return value
    if key == "channel":
        return channel(value, seed, known)
    if key == "alert":
        return alert(value, seed)
    return hostile(value, seed)


def planted(lines, seed):
    """The lines as texts."""
    rows = [json.loads(line) for line in lines if line.strip()]
    known = {p["name"] for p in rows[0]["plan"]["probes"]}
    return [json.dumps(plant(row, seed, known), separators=(",", ":"), ensure_ascii=seed % 2 == 0) for row in rows]


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in planted(file, int(sys.argv[2])):
            print(line)
