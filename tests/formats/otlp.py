"""A strict judge of an OTLP/HTTP JSON export of traces, by opentelemetry-proto and its rules for JSON: judge(bytes) returns
what is wrong. Stricter than a receiver: unknown keys, which a receiver must ignore, are wrong here."""
import base64
import json
import re

MAX = 64 << 20
U64 = 2**64 - 1
U32 = 2**32 - 1


class Wrong(Exception):
    pass


def text(v):
    if not isinstance(v, str):
        raise Wrong(f"{v!r} is not a text")


def filled(v):
    text(v)
    if not v:
        raise Wrong("empty")


def hexadecimal(digits, empty=False):
    def check(v):
        text(v)
        if v == "" and empty:
            return
        if not re.fullmatch("[0-9a-fA-F]{%d}" % digits, v):
            raise Wrong(f"{v!r} is not {digits} hexadecimal digits")
        if set(v) == {"0"}:
            raise Wrong("all zero")
    return check


def decimal(low, high):
    def check(v):
        text(v)
        if not re.fullmatch("-?(0|[1-9][0-9]*)", v) or not low <= int(v) <= high:
            raise Wrong(f"{v!r} is not a 64-bit number as a decimal string")
    return check


def integer(low, high):
    def check(v):
        if isinstance(v, bool) or not isinstance(v, int) or not low <= v <= high:
            raise Wrong(f"{v!r} is not an integer from {low} to {high}; names of enums are not JSON's")
    return check


def boolean(v):
    if not isinstance(v, bool):
        raise Wrong(f"{v!r} is not true or false")


def double(v):
    if isinstance(v, bool) or not (isinstance(v, (int, float)) or v in ("NaN", "Infinity", "-Infinity")):
        raise Wrong(f"{v!r} is not a number")


def base(v):
    text(v)
    base64.b64decode(v, validate=True)


def many(of, least=0):
    def check(v):
        if not isinstance(v, list) or len(v) < least:
            raise Wrong(f"not a list of at least {least}")
        for i, one in enumerate(v):
            at(f"[{i}]", of, one)
    return check


def at(where, check, v):
    try:
        check(v)
    except Wrong as e:
        raise Wrong(f"{where}{'' if str(e).startswith(('.', '[')) else ': '}{e}") from None


def message(must, **keys):
    def check(v):
        if not isinstance(v, dict):
            raise Wrong("not an object")
        for key, value in v.items():
            if key not in keys:
                raise Wrong(f"unknown key '{key}'")
            at("." + key, keys[key], value)
        for key in must.split():
            if key not in v:
                raise Wrong(f"no '{key}'")
    return check


def value(v):
    kinds = {"stringValue": text, "boolValue": boolean, "intValue": decimal(-2**63, 2**63 - 1), "doubleValue": double,
             "bytesValue": base, "arrayValue": message("", values=many(value)),
             "kvlistValue": message("", values=many(key_value))}
    if not isinstance(v, dict) or len(v) != 1:
        raise Wrong("a value has one kind")
    message("", **kinds)(v)


def key_value(v):
    message("key value", key=filled, value=value)(v)


def attributes(v):
    many(key_value)(v)
    keys = [a["key"] for a in v]
    if len(keys) != len(set(keys)):
        raise Wrong("a key twice")


COUNT = integer(0, U32)
TIME = decimal(1, U64)
EVENT = message("timeUnixNano name", timeUnixNano=TIME, name=filled, attributes=attributes, droppedAttributesCount=COUNT)
LINK = message("traceId spanId", traceId=hexadecimal(32), spanId=hexadecimal(16), traceState=text, attributes=attributes,
               droppedAttributesCount=COUNT, flags=COUNT)
SPAN = message(
    "traceId spanId name kind startTimeUnixNano endTimeUnixNano", traceId=hexadecimal(32), spanId=hexadecimal(16),
    traceState=text, parentSpanId=hexadecimal(16, empty=True), flags=COUNT, name=filled, kind=integer(0, 5),
    startTimeUnixNano=TIME, endTimeUnixNano=TIME, attributes=attributes, droppedAttributesCount=COUNT,
    events=many(EVENT), droppedEventsCount=COUNT, links=many(LINK), droppedLinksCount=COUNT,
    status=message("", code=integer(0, 2), message=text))
SCOPE = message("name", name=filled, version=text, attributes=attributes, droppedAttributesCount=COUNT)
REQUEST = message("resourceSpans", resourceSpans=many(message(
    "resource scopeSpans", resource=message("attributes", attributes=attributes, droppedAttributesCount=COUNT),
    scopeSpans=many(message("scope spans", scope=SCOPE, spans=many(SPAN, 1), schemaUrl=text), 1), schemaUrl=text), 1))


def no_twins(pairs):
    if len({k for k, _ in pairs}) != len(pairs):
        raise Wrong("a key twice in an object")
    return dict(pairs)


def tree(request):
    """Every parent is a span of the same trace, every link leads to a span; each trace has one root; spans end after they began."""
    spans = [s for r in request["resourceSpans"] for c in r["scopeSpans"] for s in c["spans"]]
    ids = {(s["traceId"], s["spanId"]) for s in spans}
    if len(ids) != len(spans):
        raise Wrong("two spans with one id")
    for s in spans:
        if s.get("parentSpanId") and (s["traceId"], s["parentSpanId"]) not in ids:
            raise Wrong(f"span '{s['name']}' has a parent that is not there")
        if int(s["startTimeUnixNano"]) > int(s["endTimeUnixNano"]):
            raise Wrong(f"span '{s['name']}' ends before it begins")
        for link in s.get("links", []):
            if (link["traceId"], link["spanId"]) not in ids:
                raise Wrong(f"span '{s['name']}' links to one that is not there")
    roots = [s["traceId"] for s in spans if not s.get("parentSpanId")]
    if len(roots) != len(set(roots)) or set(roots) != {t for t, _ in ids}:
        raise Wrong("a trace without a root, or with two")


def nothing(v):
    raise Wrong(f"{v} is not JSON")


def judge(document):
    try:
        if len(document) > MAX:
            raise Wrong("more than 64 MiB")
        request = json.loads(document.decode(), object_pairs_hook=no_twins, parse_constant=nothing)
        REQUEST(request)
        tree(request)
    except (Wrong, ValueError) as e:
        return [str(e)]
    return []
