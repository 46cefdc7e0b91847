"""Which of the 256 bytes may stand where, when we send and when we receive."""

from __future__ import annotations

import string

import pytest

import h11
from tests.protocol.driving import client, drive, server

EVERY = [bytes([code]) for code in range(256)]
TOKEN = set((string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~").encode())
VISIBLE = set(range(0x21, 0x7F))
NOT_IN_VALUES = set(
    b"\x00\n\x0b\x0c\r"
)  # RFC 9110 section 5.5 forbids NUL CR LF; VT and FF are blanks to many
HOST = ("Host", "a")


def allowed(build) -> set[int]:
    taken = set()
    for byte in EVERY:
        try:
            build(byte)
        except h11.LocalProtocolError:
            continue
        taken |= set(byte)
    return taken


def test_method_is_a_token_when_sent() -> None:
    taken = allowed(lambda b: h11.Request(method=b"x" + b + b"y", target="/", headers=[HOST]))
    assert taken == TOKEN


def test_target_is_visible_ascii_when_sent() -> None:
    taken = allowed(lambda b: h11.Request(method="GET", target=b"/" + b + b"y", headers=[HOST]))
    assert taken == VISIBLE


@pytest.mark.parametrize(
    "kind", [h11.Response, h11.InformationalResponse, h11.Request, h11.EndOfMessage]
)
def test_field_name_is_a_token_when_sent(kind) -> None:
    fixed = {
        h11.Response: {"status_code": 200},
        h11.InformationalResponse: {"status_code": 100},
        h11.Request: {"method": "GET", "target": "/"},
        h11.EndOfMessage: {},
    }[kind]
    assert allowed(lambda b: kind(headers=[HOST, (b"x" + b + b"y", b"z")], **fixed)) == TOKEN


def test_field_value_when_sent() -> None:
    taken = allowed(lambda b: h11.Response(status_code=200, headers=[("a", b"x" + b + b"y")]))
    assert taken == set(range(256)) - NOT_IN_VALUES


def test_field_value_begins_and_ends_with_no_blank_when_sent() -> None:
    for where in (b"%sx", b"x%s", b"%s"):
        taken = allowed(lambda b, at=where: h11.Response(status_code=200, headers=[("a", at % b)]))
        assert taken == set(range(256)) - NOT_IN_VALUES - set(b" \t")


@pytest.mark.safety("I5")
@pytest.mark.deviation("reason-characters")
def test_reason_phrase_cannot_end_the_line_when_sent() -> None:
    for bad in (b"\r", b"\n", b"\r\nA: b", b"\x00"):
        with pytest.raises(h11.LocalProtocolError):
            h11.Response(status_code=200, headers=[], reason=b"a" + bad + b"b")
        with pytest.raises(h11.LocalProtocolError):
            h11.InformationalResponse(status_code=100, headers=[], reason=bad)


def test_reason_phrase_may_hold_blanks_and_obs_text_when_sent() -> None:
    reason = b"all \t is" + bytes(range(0x80, 0x100))
    assert h11.Response(status_code=200, headers=[], reason=reason).reason == reason


def received(make, data: bytes) -> bool:
    outcome = drive(make(), [data])
    assert outcome.error is None or type(outcome.error) is h11.RemoteProtocolError
    return outcome.error is None and outcome.kinds[:1] in (["Request"], ["Response"])


def test_method_is_a_token_when_received() -> None:
    taken = {b for b in range(256) if received(server, b"x%cy / HTTP/1.1\r\nHost: a\r\n\r\n" % b)}
    assert taken == TOKEN


def test_target_is_visible_ascii_when_received() -> None:
    taken = {b for b in range(256) if received(server, b"GET /%cy HTTP/1.1\r\nHost: a\r\n\r\n" % b)}
    assert taken == VISIBLE


def test_field_name_is_a_token_when_received() -> None:
    head = b"HTTP/1.1 204 X\r\nx%cy: z\r\n\r\n"
    taken = {b for b in range(256) if received(client, head % b)}
    assert taken == TOKEN | set(b":")  # `x:y: z` is the field x with the value `y: z`


def test_field_value_when_received() -> None:
    head = b"HTTP/1.1 204 X\r\na: x%cy\r\n\r\n"
    taken = {b for b in range(256) if received(client, head % b)}
    assert taken == set(range(256)) - NOT_IN_VALUES


def test_reason_phrase_when_received() -> None:
    """Wider than RFC 9112 section 4, which also leaves out the other control characters."""
    head = b"HTTP/1.1 204 a%cb\r\n\r\n"
    taken = {b for b in range(256) if received(client, head % b)}
    assert taken == set(range(256)) - NOT_IN_VALUES


def test_reason_phrase_that_was_received_can_be_sent_on() -> None:
    for byte in set(range(256)) - NOT_IN_VALUES:
        reason = b"a%cb" % byte
        assert h11.Response(status_code=200, headers=[], reason=reason).reason == reason


TEXTS = ["é", "ģ", "Ċ", "č", "Ġ", "٣", "\ud800", "\U0001f600"]


@pytest.mark.safety("I1", "I5")
@pytest.mark.deviation("non-ascii-text")
@pytest.mark.parametrize("text", TEXTS)
def test_text_that_is_not_ascii_is_a_local_protocol_error(text: str) -> None:
    builds = [
        lambda: h11.Request(method="G" + text, target="/", headers=[HOST]),
        lambda: h11.Request(method="GET", target="/" + text, headers=[HOST]),
        lambda: h11.Request(method="GET", target="/", headers=[HOST], http_version=text),
        lambda: h11.Request(method="GET", target="/", headers=[HOST, (text, "a")]),
        lambda: h11.Request(method="GET", target="/", headers=[HOST, ("a", text)]),
        lambda: h11.Response(status_code=200, headers=[("a", text)]),
        lambda: h11.Response(status_code=200, headers=[], reason=text),
        lambda: h11.InformationalResponse(status_code=100, headers=[(text, "a")]),
        lambda: h11.EndOfMessage(headers=[("a", text)]),
    ]
    for build in builds:
        with pytest.raises(h11.LocalProtocolError):
            build()


class Lazy(str):
    """A str that encodes itself into something else than it shows."""

    def encode(self, *args, **kwargs) -> bytes:
        return b"a\r\nInjected: yes"

    def __str__(self) -> str:
        return "a\r\nInjected: yes"


@pytest.mark.safety("I5")
@pytest.mark.parametrize("place", ["name", "value", "method", "target"])
def test_a_str_subclass_cannot_bring_in_a_line_end(place: str) -> None:
    texts = {"name": "name", "value": "value", "method": "GET", "target": "/"} | {place: Lazy("a")}
    connection = h11.Connection(h11.CLIENT)
    headers = [HOST, (texts["name"], texts["value"])]
    try:
        sent = connection.send(
            h11.Request(method=texts["method"], target=texts["target"], headers=headers)
        )
    except h11.LocalProtocolError:
        return
    assert b"Injected" not in sent
