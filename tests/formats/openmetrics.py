"""A strict judge of OpenMetrics 1.0 text, and of Prometheus' older text format 0.0.4.

judge(document) and judge_textfile(document) take bytes and return a list of "line N: what is wrong"; an empty list means
that nothing is. Stricter than the specification in two places: timestamps must look like seconds, and a document of
this project must not be empty.
"""
import math
import re
import sys

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z|(?:[+-]?(?:inf|infinity)|nan)\Z", re.IGNORECASE)
TYPES = ("unknown", "gauge", "counter", "stateset", "info", "histogram", "gaugehistogram", "summary")
OLD_TYPES = ("untyped", "gauge", "counter", "histogram", "summary")
SUFFIXES = {
    "unknown": ("",), "gauge": ("",), "stateset": ("",), "info": ("_info",), "counter": ("_total", "_created"),
    "histogram": ("_bucket", "_count", "_sum", "_created"), "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
    "summary": ("", "_count", "_sum", "_created"),
}
EXEMPLAR_MAX = 128
YEAR_3000 = 32503680000  # a timestamp beyond is surely not in seconds


class Wrong(Exception):
    pass


def canonical(text):
    """Whether a bucket's or a quantile's bound is written as the specification wants it: "1.0", not "1"."""
    if text == "+Inf":
        return True
    if not NUMBER.match(text):
        return False
    return text == repr(float(text)) or re.fullmatch(r"-?\d(\.\d*[1-9])?e[+-]\d\d", text) is not None


def labels(text, at):
    """Reads {...} from text[at]; returns the pairs and where it ended."""
    pairs, seen = [], set()
    at += 1
    while True:
        if at < len(text) and text[at] == "}" and not pairs:
            return pairs, at + 1
        equals = text.find("=", at)
        if equals < 0 or not LABEL.match(text[at:equals]):
            raise Wrong(f"not a label's name: {text[at:at + 30]!r}")
        name = text[at:equals]
        if name in seen:
            raise Wrong(f"label '{name}' twice")
        seen.add(name)
        at = equals + 1
        if text[at:at + 1] != '"':
            raise Wrong(f"the value of '{name}' has no quote")
        at += 1
        value = []
        while True:
            c = text[at:at + 1]
            if c == "":
                raise Wrong("a label's value without its end")
            if c == '"':
                at += 1
                break
            if c == "\\":
                escaped = text[at + 1:at + 2]
                if escaped not in ("\\", '"', "n") or escaped == "":
                    raise Wrong(f"unknown escape '\\{escaped}'")
                value.append("\n" if escaped == "n" else escaped)
                at += 2
                continue
            if ord(c) < 0x20:
                raise Wrong("a control character in a label's value")
            value.append(c)
            at += 1
        pairs.append((name, "".join(value)))
        c = text[at:at + 1]
        at += 1
        if c == "}":
            return pairs, at
        if c != ",":
            raise Wrong("labels are parted by commas")


def number(text, what):
    if not REAL.match(text):
        raise Wrong(f"{what} {text!r} is not a number")
    return float(text)


def stamp(text):
    if not NUMBER.match(text):
        raise Wrong(f"timestamp {text!r} is not a number of seconds")
    if abs(float(text)) > YEAR_3000:
        raise Wrong(f"timestamp {text} is not in seconds")
    return float(text)


class Sample:
    def __init__(self, line):
        end = re.search(r"[{ ]", line)
        if not end:
            raise Wrong("a sample without a value")
        self.name, at = line[:end.start()], end.start()
        if not NAME.match(self.name):
            raise Wrong(f"not a metric's name: {self.name[:40]!r}")
        self.labels = []
        if line[at] == "{":
            self.labels, at = labels(line, at)
        if line[at:at + 1] != " ":
            raise Wrong("one space stands before the value")
        rest, self.exemplar = line[at + 1:], None
        if " # " in rest:
            rest, exemplar = rest.split(" # ", 1)
            self.read_exemplar(exemplar)
        words = rest.split(" ")
        if not 1 <= len(words) <= 2 or "" in words:
            raise Wrong("a sample is a value and perhaps a timestamp, parted by one space")
        self.text = words[0]
        self.value = number(words[0], "value")
        self.time = stamp(words[1]) if len(words) == 2 else None

    def read_exemplar(self, text):
        if not text.startswith("{"):
            raise Wrong("an exemplar begins with labels")
        pairs, at = labels(text, 0)
        if sum(len(k) + len(v) for k, v in pairs) > EXEMPLAR_MAX:
            raise Wrong(f"an exemplar's labels have more than {EXEMPLAR_MAX} characters")
        words = text[at:].split(" ")
        if len(words) not in (2, 3) or words[0] or "" in words[1:]:
            raise Wrong("an exemplar has a value and perhaps a timestamp")
        number(words[1], "exemplar")
        if len(words) == 3:
            stamp(words[2])
        self.exemplar = pairs


class Family:
    def __init__(self, name):
        self.name, self.type, self.unit, self.help = name, None, None, None
        self.stage = 0  # of the metadata: TYPE, UNIT, HELP
        self.metrics = {}  # labels -> list of samples
        self.last = None

    def kind(self):
        return self.type or "unknown"

    def suffix(self, sample):
        """The suffix of the sample's name in this family, None: it is not of this family."""
        if sample.name.startswith(self.name):
            rest = sample.name[len(self.name):]
            if rest in SUFFIXES[self.kind()]:
                return rest
        return None

    def metric_of(self, sample):
        """The labels that tell one metric from another."""
        drop = {"histogram": "le", "gaugehistogram": "le", "summary": "quantile"}.get(self.kind())
        if self.kind() == "stateset":
            drop = self.name
        return tuple(sorted((k, v) for k, v in sample.labels if k != drop))

    def add(self, sample):
        suffix = self.suffix(sample)
        self.check_value(sample, suffix)
        key = self.metric_of(sample)
        if key in self.metrics and key != self.last:
            raise Wrong("samples of one metric are not together")
        points = self.metrics.setdefault(key, [])
        same = [p for p in points if p.name == sample.name and sorted(p.labels) == sorted(sample.labels)]
        for p in same:
            if p.time is None or sample.time is None:
                raise Wrong("the same sample twice")
            if sample.time <= p.time:
                raise Wrong("timestamps of one metric must grow")
        if points and (points[-1].time is None) != (sample.time is None):
            raise Wrong("one metric with and without timestamps")
        points.append(sample)
        self.last = key

    def check_value(self, sample, suffix):
        kind, value = self.kind(), sample.value
        named = dict(sample.labels)
        counts = kind == "counter" or suffix in ("_total", "_bucket", "_count", "_gcount")
        if counts and suffix != "_created" and (math.isnan(value) or value < 0):
            raise Wrong(f"a {kind} cannot be {sample.text}")
        if kind in ("histogram", "summary") and suffix == "_sum" and (math.isnan(value) or value < 0):
            raise Wrong(f"a sum cannot be {sample.text}")
        if suffix in ("_bucket", "_count", "_gcount") and value != int(value):
            raise Wrong("a count is a whole number")
        if kind == "info" and value != 1:
            raise Wrong("an info's value is 1")
        if kind == "stateset":
            if self.name not in named:
                raise Wrong("a stateset's label has the family's name")
            if value not in (0, 1):
                raise Wrong("a state is 0 or 1")
        if suffix == "_bucket":
            if "le" not in named:
                raise Wrong("a bucket without le")
            if not canonical(named["le"]):
                raise Wrong(f"le=\"{named['le']}\" is not canonical")
        if kind == "summary" and suffix == "":
            if "quantile" not in named or not canonical(named["quantile"]) or not 0 <= float(named["quantile"]) <= 1:
                raise Wrong("a quantile is between 0.0 and 1.0, written canonically")
        if sample.exemplar is not None and not (suffix in ("_bucket", "_total")):
            raise Wrong("an exemplar stands at a bucket or a counter only")

    def close(self):
        """What only the whole family shows."""
        if self.unit:
            if not self.name.endswith("_" + self.unit):
                raise Wrong(f"unit '{self.unit}' is not the suffix of {self.name}")
            if self.kind() in ("info", "stateset"):
                raise Wrong(f"a {self.kind()} has no unit")
        for points in self.metrics.values():
            if self.kind() in ("histogram", "gaugehistogram"):
                self.close_histogram(points)

    def close_histogram(self, points):
        for time in dict.fromkeys(p.time for p in points):
            at = [p for p in points if p.time == time]
            buckets = [p for p in at if p.name.endswith("_bucket")]
            bounds = [float(dict(p.labels)["le"]) for p in buckets]
            if not bounds or bounds[-1] != math.inf:
                raise Wrong(f'{self.name}: no le="+Inf"')
            if bounds != sorted(set(bounds)):
                raise Wrong(f"{self.name}: buckets are not in their order")
            values = [p.value for p in buckets]
            if values != sorted(values):
                raise Wrong(f"{self.name}: buckets are cumulative")
            count = [p.value for p in at if p.name.endswith("count")]
            if count and count[0] != values[-1]:
                raise Wrong(f"{self.name}: the count is not the last bucket's")
            if any(p.name.endswith("_sum") for p in at) and any(b < 0 for b in bounds):
                raise Wrong(f"{self.name}: a sum with negative bounds")


def metadata(line):
    m = re.fullmatch(r"# (TYPE|UNIT|HELP) (\S+)(?: (.*))?", line)
    if not m:
        raise Wrong("a comment that is no metadata")
    kind, name, rest = m.groups()
    if not NAME.match(name):
        raise Wrong(f"not a metric's name: {name[:40]!r}")
    if kind == "TYPE" and rest not in TYPES:
        raise Wrong(f"unknown type {rest!r}")
    if kind == "UNIT" and rest and not re.fullmatch(r"[a-zA-Z0-9_:]+", rest):
        raise Wrong(f"not a unit: {rest!r}")
    if kind == "HELP":
        rest = rest or ""
        if re.search(r"\\(?![\\n\"])", rest):
            raise Wrong("unknown escape in HELP")
    return kind, name, rest


class Judge:
    def __init__(self):
        self.families, self.now, self.claimed = {}, None, {}

    def begin(self, name):
        if self.now:
            self.now.close()
        if name in self.families:
            raise Wrong(f"family '{name}' a second time: families must not be interleaved")
        self.now = self.families[name] = Family(name)

    def metadata(self, line):
        kind, name, rest = metadata(line)
        if not self.now or self.now.name != name:
            self.begin(name)
        family = self.now
        if family.metrics:
            raise Wrong(f"metadata of '{name}' after its samples")
        stage = ("TYPE", "UNIT", "HELP").index(kind) + 1
        if stage <= family.stage:
            raise Wrong("metadata comes once, in the order TYPE, UNIT, HELP")
        family.stage = stage
        setattr(family, kind.lower(), rest)
        if kind == "TYPE":
            self.claim(name, rest)

    def claim(self, name, kind):
        """Names that this family's samples may have must be no other's."""
        for suffix in SUFFIXES[kind]:
            other = self.claimed.setdefault(name + suffix, name)
            if other != name:
                raise Wrong(f"'{name + suffix}' may be a sample of '{other}' too")

    def sample(self, line):
        s = Sample(line)
        if not self.now or self.now.suffix(s) is None:
            for family in self.families.values():
                if family.suffix(s) is not None and family is not self.now:
                    raise Wrong(f"a sample of '{family.name}' after another family: interleaved")
            if self.now and s.name == self.now.name and self.now.kind() != "unknown":
                raise Wrong(f"a {self.now.kind()}'s sample needs its suffix")
            if self.now and s.name.startswith(self.now.name) and self.now.type and not self.now.metrics:
                raise Wrong(f"'{s.name}' is no name of a {self.now.type}")
            self.begin(s.name)
        self.now.add(s)


def lines_of(document, wrong):
    if document.startswith(b"\xef\xbb\xbf"):
        wrong.append("line 1: a byte order mark")
    if b"\r" in document:
        wrong.append("a carriage return: lines end with LF alone")
    if b"\0" in document:
        wrong.append("a NUL")
    try:
        text = document.decode("utf-8")
    except UnicodeDecodeError as e:
        return wrong.append(f"not UTF-8: {e}")
    if not text.endswith("\n"):
        wrong.append("the last line has no end")
    return text[:-1].split("\n") if text.endswith("\n") else text.split("\n")


def judge(document):
    wrong = []
    lines = lines_of(document, wrong)
    if lines is None:
        return wrong
    j = Judge()
    if lines[-1] != "# EOF":
        wrong.append("the last line is not '# EOF'")
    for n, line in enumerate(lines, 1):
        try:
            if line == "# EOF":
                if n != len(lines):
                    raise Wrong("text after # EOF")
                if j.now:
                    j.now.close()
            elif line == "":
                raise Wrong("a blank line")
            elif line.startswith("#"):
                j.metadata(line)
            else:
                j.sample(line)
        except Wrong as e:
            wrong.append(f"line {n}: {e}")
    if not any(f.metrics for f in j.families.values()):
        wrong.append("no samples at all")
    return wrong


def judge_textfile(document):
    """Prometheus' text format as node_exporter's textfile collector takes it: no timestamps, nothing of OpenMetrics."""
    wrong = []
    lines = lines_of(document, wrong)
    types, seen, done, now = {}, set(), set(), None
    for n, line in enumerate(lines or [], 1):
        try:
            m = re.fullmatch(r"# (TYPE|HELP) (\S+) (.+)", line)
            if m and m[1] == "TYPE":
                if m[3] not in OLD_TYPES or m[2] in types:
                    raise Wrong(f"TYPE {m[2]} {m[3]}: unknown, or a second time")
                types[m[2]] = m[3]
            if m:
                continue
            s = Sample(line)
            if s.time is not None or s.exemplar is not None:
                raise Wrong("neither timestamps nor exemplars")
            family = re.sub(r"_(bucket|count|sum)\Z", "", s.name) if s.name not in types else s.name
            if family not in types:
                raise Wrong(f"{s.name} has no TYPE")
            if family != now:
                if family in done:
                    raise Wrong(f"{family}: interleaved")
                done.add(family)
                now = family
            if types[family] == "counter" and not s.name.endswith("_total"):
                raise Wrong("a counter is named _total")
            if math.isnan(s.value):
                raise Wrong("NaN")
            key = (s.name, tuple(sorted(s.labels)))
            if key in seen:
                raise Wrong("the same sample twice")
            seen.add(key)
        except Wrong as e:
            wrong.append(f"line {n}: {e}")
    return wrong if seen else wrong + ["no samples at all"]


if __name__ == "__main__":
    found = (judge_textfile if "--textfile" in sys.argv else judge)(sys.stdin.buffer.read())
    print("\n".join(found) or "nothing is wrong")
    sys.exit(bool(found))
