"""The six events: built from keywords, normalised, checked, compared by value, never changed."""

from __future__ import annotations

import copy
import http
import pickle

import pytest

import h11
from tests.protocol.driving import client, rows, server

HOST = [("Host", "a")]
EXAMPLES = [
    ("request", h11.Request, {"method": "GET", "target": "/", "headers": HOST}),
    ("informational", h11.InformationalResponse, {"status_code": 103, "headers": [("A", "b")]}),
    ("response", h11.Response, {"status_code": 200, "headers": [("A", "b")], "reason": "OK"}),
    ("data", h11.Data, {"data": b"abc"}),
    ("end", h11.EndOfMessage, {"headers": [("A", "b")]}),
    ("closed", h11.ConnectionClosed, {}),
]
every_event = pytest.mark.parametrize(("kind", "fields"), rows(EXAMPLES))


@every_event
def test_event_takes_its_fields_by_keyword_only(kind, fields) -> None:
    kind(**fields)
    if kind is not h11.Data:
        with pytest.raises(TypeError):
            kind(*fields.values(), 1)
    with pytest.raises(TypeError):
        kind(**fields, other=1)


@pytest.mark.deviation("events-keyword-only")
def test_data_takes_its_fields_by_keyword_only() -> None:
    with pytest.raises(TypeError):
        h11.Data(b"abc")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (h11.Request, "method"), (h11.Request, "target"), (h11.Request, "headers"),
        (h11.Response, "status_code"), (h11.Response, "headers"),
        (h11.InformationalResponse, "status_code"), (h11.InformationalResponse, "headers"),
        (h11.Data, "data"),
    ],
)  # fmt: skip
def test_event_tells_which_field_is_missing(kind, name: str) -> None:
    fields = {event: fields for _, event, fields in EXAMPLES}[kind]
    with pytest.raises(TypeError, match=name):
        kind(**{key: value for key, value in fields.items() if key != name})


@every_event
def test_event_is_compared_by_value(kind, fields) -> None:
    assert kind(**fields) == kind(**fields)
    assert not kind(**fields) != kind(**fields)
    assert kind(**fields) != 5
    for _, other, others in EXAMPLES:
        assert (kind(**fields) == other(**others)) is (kind is other)


def test_events_with_another_value_differ() -> None:
    request = {"method": "GET", "target": "/", "headers": HOST}
    changes = [
        {"method": "PUT"},
        {"target": "/x"},
        {"headers": [("Host", "b")]},
        {"http_version": "1.0"},
    ]
    for change in changes:
        assert h11.Request(**request) != h11.Request(**request | change)
    response = {"status_code": 200, "headers": [], "reason": b""}
    for change in [
        {"status_code": 201},
        {"headers": [("A", "b")]},
        {"reason": b"x"},
        {"http_version": "1.0"},
    ]:
        assert h11.Response(**response) != h11.Response(**response | change)
    for change in [{"data": b"x"}, {"chunk_start": True}, {"chunk_end": True}]:
        assert h11.Data(data=b"") != h11.Data(**{"data": b""} | change)
    assert h11.EndOfMessage() != h11.EndOfMessage(headers=[("A", "b")])
    assert h11.EndOfMessage() == h11.EndOfMessage(headers=[])


def test_casing_of_names_is_no_difference() -> None:
    one, other = (h11.EndOfMessage(headers=[(name, "b")]) for name in ("X-A", "x-a"))
    assert one == other


@every_event
def test_event_has_a_telling_repr(kind, fields) -> None:
    text = repr(kind(**fields))
    assert text.startswith(kind.__name__ + "(") and text.endswith(")")
    for name in fields:
        assert f"{name}=" in text


@every_event
def test_event_is_an_event(kind, fields) -> None:
    assert isinstance(kind(**fields), h11.Event)
    assert not isinstance(h11.NEED_DATA, h11.Event)


@pytest.mark.parametrize(("kind", "fields"), rows(EXAMPLES[:5]))
def test_event_is_unhashable(kind, fields) -> None:
    with pytest.raises(TypeError):
        hash(kind(**fields))


@pytest.mark.deviation("events-unhashable")
def test_connection_closed_is_unhashable_like_the_others() -> None:
    with pytest.raises(TypeError):
        hash(h11.ConnectionClosed())


@pytest.mark.deviation("events-final")
@every_event
def test_event_class_is_final(kind, fields) -> None:
    with pytest.raises(TypeError):
        type("Mine", (kind,), {})


WITH_HEADERS = [
    row for row in EXAMPLES if "headers" in row[2]
]  # a guard on Data would cost a fifth of its rate


@pytest.mark.parametrize(("kind", "fields"), rows(WITH_HEADERS))
def test_event_refuses_assignment(kind, fields) -> None:
    event = kind(**fields)
    for name in [*fields, "other"]:
        with pytest.raises(AttributeError):
            setattr(event, name, b"x")
    for name in fields:
        with pytest.raises(AttributeError):
            delattr(event, name)
    assert event == kind(**fields)


@pytest.mark.parametrize(
    ("make", "data"),
    [
        (
            server,
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n",
        ),
        (client, b"HTTP/1.1 103 X\r\nA: b\r\n\r\nHTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\nx"),
        (
            client,
            b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n",
        ),
    ],
)
def test_received_event_refuses_assignment_too(make, data: bytes) -> None:
    connection = make()
    connection.receive_data(data)
    seen = 0
    while isinstance(event := connection.next_event(), h11.Event):
        seen += 1
        if type(event) is h11.Data:
            continue
        for name in ("headers", "data", "method", "status_code", "other"):
            with pytest.raises(AttributeError):
                setattr(event, name, b"x")
    assert seen >= 3


@pytest.mark.deviation("events-copy")
@pytest.mark.parametrize(("kind", "fields"), rows(EXAMPLES[:5]))
def test_event_can_be_copied_and_pickled(kind, fields) -> None:
    event = kind(**fields)
    for twin in (copy.copy(event), copy.deepcopy(event), pickle.loads(pickle.dumps(event))):
        assert type(twin) is kind
        assert twin == event


@pytest.mark.parametrize("text", ["GET", b"GET", bytearray(b"GET"), memoryview(b"GET")])
def test_texts_become_bytes(text) -> None:
    request = h11.Request(method=text, target=text, headers=[("Host", text)], http_version=b"1.1")
    assert (request.method, request.target, request.headers) == (
        b"GET",
        b"GET",
        [(b"host", b"GET")],
    )
    assert {type(request.method), type(request.target), type(request.headers[0][1])} == {bytes}
    response = h11.Response(status_code=200, headers=[(text, text)], reason=text)
    assert (response.reason, response.headers) == (b"GET", [(b"get", b"GET")])
    assert type(response.reason) is bytes


@pytest.mark.parametrize("version", ["1.0", b"1.0", bytearray(b"1.0"), memoryview(b"1.0")])
def test_version_becomes_bytes(version) -> None:
    for event in (
        h11.Request(method="GET", target="/", headers=[], http_version=version),
        h11.Response(status_code=200, headers=[], http_version=version),
        h11.InformationalResponse(status_code=100, headers=[], http_version=version),
    ):
        assert event.http_version == b"1.0" and type(event.http_version) is bytes
        assert event.http_version < b"1.1"


@pytest.mark.safety("I3")
@pytest.mark.deviation("malformed-version")
@pytest.mark.parametrize(
    "version", ["x", "", "1", "1.", ".1", "1.10", "11", "1.1\r\n", " 1.1", "1.1 ", "1,1", b"\xb2.1"]
)
def test_version_is_digit_dot_digit(version) -> None:
    for build in (
        lambda: h11.Request(method="GET", target="/", headers=HOST, http_version=version),
        lambda: h11.Response(status_code=200, headers=[], http_version=version),
        lambda: h11.InformationalResponse(status_code=100, headers=[], http_version=version),
    ):
        with pytest.raises(h11.LocalProtocolError):
            build()


@pytest.mark.parametrize("wrong", [5, None, 1.5, ["GET"]])
def test_what_is_no_text_is_a_mistake_of_the_program(wrong) -> None:
    for fields in ({"method": wrong}, {"target": wrong}):
        with pytest.raises(TypeError):
            h11.Request(**{"method": "GET", "target": "/", "headers": HOST} | fields)
    with pytest.raises(TypeError):
        h11.Response(status_code=200, headers=[], reason=wrong)


def test_defaults() -> None:
    assert h11.Request(method="GET", target="/", headers=HOST).http_version == b"1.1"
    assert h11.Response(status_code=200, headers=[]).http_version == b"1.1"
    assert h11.Response(status_code=200, headers=[]).reason == b""
    assert h11.InformationalResponse(status_code=100, headers=[]).reason == b""
    data = h11.Data(data=b"x")
    assert (data.chunk_start, data.chunk_end) == (False, False)
    assert h11.EndOfMessage().headers == []
    assert h11.EndOfMessage(headers=None).headers == []


STATUS_CODES = [
    (h11.InformationalResponse, [100, 101, 199], [-1, 0, 99, 200, 1000]),
    (h11.Response, [200, 299, 404, 599, 600, 999], [-1, 0, 99, 100, 199, 1000, 2000]),
]


@pytest.mark.safety("2a4")
@pytest.mark.parametrize(("kind", "good", "bad"), STATUS_CODES)
def test_status_code_has_its_range(kind, good: list[int], bad: list[int]) -> None:
    for code in good:
        assert kind(status_code=code, headers=[]).status_code == code
    for code in bad:
        with pytest.raises(h11.LocalProtocolError):
            kind(status_code=code, headers=[])


@pytest.mark.parametrize("code", ["200", b"200", 200.0, None, "OK"])
def test_status_code_must_be_an_integer(code) -> None:
    with pytest.raises(h11.LocalProtocolError):
        h11.Response(status_code=code, headers=[])


def test_status_code_of_the_standard_library_becomes_a_plain_int() -> None:
    response = h11.Response(status_code=http.HTTPStatus.NOT_FOUND, headers=[])
    assert response.status_code == 404 and type(response.status_code) is int
    go_on = h11.InformationalResponse(status_code=http.HTTPStatus.CONTINUE, headers=[])
    assert type(go_on.status_code) is int
    assert b" 100 " in b"HTTP/1.1 %d " % go_on.status_code


HOST_RULES = [
    ("none in 1.1", "1.1", [], False),
    ("none in 1.0", "1.0", [], True),
    ("one", "1.1", [("Host", "a")], True),
    ("one in another case", "1.1", [("hOST", "a")], True),
    ("empty", "1.1", [("Host", "")], True),
    ("two", "1.1", [("Host", "a"), ("Host", "a")], False),
    ("two in 1.0", "1.0", [("Host", "a"), ("host", "b")], False),
]


@pytest.mark.safety("2b1")
@pytest.mark.parametrize(("version", "pairs", "good"), rows(HOST_RULES))
def test_host_field_of_a_request(version: str, pairs: list, good: bool) -> None:
    def build() -> h11.Request:
        return h11.Request(method="GET", target="/", headers=pairs, http_version=version)

    if good:
        assert build().headers == [(name.lower().encode(), value.encode()) for name, value in pairs]
    else:
        with pytest.raises(h11.LocalProtocolError):
            build()


@pytest.mark.safety("2b1")
@pytest.mark.deviation("host-in-versions-above-1-1")
@pytest.mark.parametrize("version", ["1.2", "1.9"])
def test_host_field_is_needed_from_1_1_on(version: str) -> None:
    with pytest.raises(h11.LocalProtocolError):
        h11.Request(method="GET", target="/", headers=[], http_version=version)
    connection = server()
    connection.receive_data(b"GET / HTTP/%s\r\nA: b\r\n\r\n" % version.encode())
    with pytest.raises(h11.RemoteProtocolError):
        connection.next_event()


@pytest.mark.safety("I1", "I2")
@pytest.mark.parametrize(
    "fields",
    [{"method": ""}, {"method": "GE T"}, {"method": "GET\r\n"}, {"target": ""}, {"target": "/ x"},
     {"target": "/\r\nA: b"}, {"target": "/\x00"}, {"target": "/\x7f"}],
)  # fmt: skip
def test_request_line_cannot_be_broken(fields: dict) -> None:
    with pytest.raises(h11.LocalProtocolError):
        h11.Request(**{"method": "GET", "target": "/", "headers": HOST} | fields)


def test_data_may_be_anything_with_a_length() -> None:
    class Placeholder:
        def __len__(self) -> int:
            return 5

    placeholder = Placeholder()
    assert h11.Data(data=placeholder).data is placeholder
