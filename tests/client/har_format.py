"""HTTP Archive format 1.2 as its specification describes it, to be checked against."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any

NUMBER = (int, float)
TEXT = str
# Name -> type, or the table of an object, or a list of one; "?" at the end: it may be missing.
NAMED = {"name": TEXT, "value": TEXT, "comment?": TEXT}
COOKIE = {
    **NAMED,
    "path?": TEXT,
    "domain?": TEXT,
    "expires?": TEXT,
    "httpOnly?": bool,
    "secure?": bool,
}
POST_PARAM = {
    "name": TEXT,
    "value?": TEXT,
    "fileName?": TEXT,
    "contentType?": TEXT,
    "comment?": TEXT,
}
POST_DATA = {"mimeType": TEXT, "params": [POST_PARAM], "text": TEXT, "comment?": TEXT}
CONTENT = {
    "size": int,
    "compression?": int,
    "mimeType": TEXT,
    "text?": TEXT,
    "encoding?": TEXT,
    "comment?": TEXT,
}
REQUEST = {
    "method": TEXT,
    "url": TEXT,
    "httpVersion": TEXT,
    "cookies": [COOKIE],
    "headers": [NAMED],
    "queryString": [NAMED],
    "postData?": POST_DATA,
    "headersSize": int,
    "bodySize": int,
    "comment?": TEXT,
}
RESPONSE = {
    "status": int,
    "statusText": TEXT,
    "httpVersion": TEXT,
    "cookies": [COOKIE],
    "headers": [NAMED],
    "content": CONTENT,
    "redirectURL": TEXT,
    "headersSize": int,
    "bodySize": int,
    "comment?": TEXT,
}
TIMINGS = {
    "blocked?": NUMBER,
    "dns?": NUMBER,
    "connect?": NUMBER,
    "send": NUMBER,
    "wait": NUMBER,
    "receive": NUMBER,
    "ssl?": NUMBER,
    "comment?": TEXT,
}
ENTRY = {
    "pageref?": TEXT,
    "startedDateTime": TEXT,
    "time": NUMBER,
    "request": REQUEST,
    "response": RESPONSE,
    "cache": {},
    "timings": TIMINGS,
    "serverIPAddress?": TEXT,
    "connection?": TEXT,
    "comment?": TEXT,
}
LOG = {
    "version": TEXT,
    "creator": {"name": TEXT, "version": TEXT, "comment?": TEXT},
    "browser?": {"name": TEXT, "version": TEXT},
    "pages?": list,
    "entries": [ENTRY],
    "comment?": TEXT,
}
# ISO 8601 with a time zone.
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def check_har(har: Any) -> list[Any]:
    """The entries of an archive, after everything in it has been looked at."""
    check_object(har, {"log": LOG}, "")
    assert har["log"]["version"] == "1.2"
    for number, entry in enumerate(har["log"]["entries"]):
        check_entry(entry, f"entries[{number}]")
    entries: list[Any] = har["log"]["entries"]
    return entries


def check_object(value: Any, table: Any, where: str) -> None:
    if isinstance(table, dict):
        assert isinstance(value, dict), where
        for name, inner in table.items():
            plain = name.removesuffix("?")
            assert plain in value or name.endswith("?"), f"{where}.{plain} is missing"
            if plain in value:
                check_object(value[plain], inner, f"{where}.{plain}")
        known = {name.removesuffix("?") for name in table}
        own = [name for name in value if name not in known and not name.startswith("_")]
        assert own == [], f"{where} has {own}, and names of one's own begin with _"
    elif isinstance(table, list):
        assert isinstance(value, list), where
        for number, inner in enumerate(value):
            check_object(inner, table[0], f"{where}[{number}]")
    else:
        assert isinstance(value, table), f"{where} is {value!r}"
        assert isinstance(value, bool) is (table is bool), f"{where} is {value!r}"


def check_entry(entry: Any, where: str) -> None:
    assert DATE.fullmatch(entry["startedDateTime"]), where
    timings = entry["timings"]
    for name, value in timings.items():
        # Those that are optional may be -1, "does not apply".
        assert value >= 0 or (value == -1 and name in ("blocked", "dns", "connect", "ssl")), where
    parts = [value for name, value in timings.items() if name != "ssl" and value >= 0]
    assert abs(entry["time"] - sum(parts)) < 0.01, where
    if timings.get("ssl", -1) >= 0:
        assert timings["connect"] >= timings["ssl"], where
    request, response = entry["request"], entry["response"]
    assert "#" not in request["url"], where
    for cookie in response["cookies"]:
        assert "expires" not in cookie or DATE.fullmatch(cookie["expires"]), where
    for sized in (request, response):
        assert sized["headersSize"] >= -1 and sized["bodySize"] >= -1, where
    content = response["content"]
    assert content["size"] >= 0, where
    if "text" in content:
        text = content["text"]
        raw = b64decode(text, validate=True) if "encoding" in content else text.encode()
        assert content.get("encoding", "base64") == "base64", where
        # Unless something of it is masked, what is there is what is counted.
        assert "***" in text or len(raw) == content["size"], where
    if "compression" in content:
        assert content["size"] - content["compression"] == response["bodySize"], where
