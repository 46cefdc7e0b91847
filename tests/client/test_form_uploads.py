"""Forms with files on their way: what the connection sees of them, and what when it goes wrong."""

from __future__ import annotations

import io
import itertools
import os
import re

import pytest

import h11client
from h11client._transport.pool import Pool
from h11client.exceptions import LocalProtocolError, UnrewindableBodyError
from h11client.testing import Dial, ScriptedNetwork, Unsolicited

URL = "http://a.test/form"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def moved(status, location="/other"):
    head = f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    return head.encode()


def session_of(*dials):
    network = ScriptedNetwork(*dials)
    pool = Pool(None, network, network.clock)
    return h11client.Session(transport=pool, trust_env=False), network


def requests_of(stream):
    """(fields by lower-case name, what follows the head) of each request that was written."""
    found = []
    for request in re.split(rb"(?:GET|POST|PUT) /", stream.written)[1:]:
        head, _, rest = request.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        found.append((fields, rest))
    return found


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 20_000)
    return path


class Reader:
    """A file object that can only be read."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def read(self, size=-1):
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, BaseException):
            raise piece
        return piece


@pytest.mark.safety("2b4", "2b3")
def test_a_form_is_sent_with_its_exact_length(path):
    session, network = session_of([OK])
    with path.open("rb") as file:
        file.seek(150_000)
        response = session.post(URL, files={"a": file}, data={"b": "c"})
    [(fields, body)] = requests_of(network.streams[0])
    assert fields[b"content-length"] == b"%d" % len(body)
    assert b"transfer-encoding" not in fields
    boundary = fields[b"content-type"].removeprefix(b"multipart/form-data; boundary=")
    assert body.count(b"--" + boundary) == 3
    assert body.endswith(b"0123456789" * 5000 + b"\r\n--" + boundary + b"--\r\n")
    assert response.request.headers["Content-Length"] == str(len(body))
    assert session._transport_.counts().idle == 1


@pytest.mark.safety("2b4", "2b5")
def test_a_file_that_does_not_tell_its_length_makes_chunks_of_the_form():
    session, network = session_of([OK])
    session.post(URL, files={"a": ("b", Reader(b"one ", b"two"))})
    [(fields, body)] = requests_of(network.streams[0])
    assert fields[b"transfer-encoding"] == b"chunked"
    assert b"content-length" not in fields
    assert b"\r\n\r\none two\r\n--" in body
    assert body.endswith(b"--\r\n\r\n0\r\n\r\n")


@pytest.mark.safety("M8")
def test_pieces_that_are_long_in_coming_wait_for_no_others(monkeypatch):
    ticks = itertools.count(0, 0.2)
    monkeypatch.setattr("h11client._messages.multipart.monotonic", lambda: next(ticks))
    session, network = session_of([OK])
    form = {"file": ("name", Reader(*[b"x"] * 20))}
    session.post(URL, files=form)
    assert len(network.streams[0].writes) > 10  # and before each of them time is looked at
    assert b"".join(re.findall(rb"\r\n(x+)\r\n", network.streams[0].written)).count(b"x") > 15


@pytest.mark.safety("2b4")
@pytest.mark.parametrize("by", [-1, 1])
def test_a_file_that_changes_its_length_ends_the_connection(path, by):
    session, network = session_of([OK])
    with path.open("r+b") as file:
        request = session.prepare_request(h11client.Request("POST", URL, files={"a": file}))
        os.truncate(path, 200_000 + by)
        with pytest.raises(LocalProtocolError):
            session.send(request)
    assert network.streams[0].closed
    assert session._transport_.counts().open == 0


def test_what_a_file_raises_passes_unchanged():
    session, network = session_of([OK])
    with pytest.raises(RuntimeError, match="of the caller"):
        session.post(URL, files={"a": ("b", Reader(b"one", RuntimeError("of the caller")))})
    assert all(stream.closed for stream in network.streams)


@pytest.mark.safety("R9", "2f2")
@pytest.mark.parametrize("status", [307, 308])
def test_a_form_is_sent_again_from_where_its_files_were(path, status):
    session, network = session_of([moved(status), OK])
    with path.open("rb") as file:
        file.seek(199_990)
        response = session.post(URL, files={"a": file})
    first, second = requests_of(network.streams[0])
    assert first == second
    assert b"\r\n\r\n0123456789\r\n--" in second[1]
    assert [one.status_code for one in response.history] == [status]


@pytest.mark.safety("R9")
def test_a_form_that_was_read_once_is_not_sent_again():
    session, network = session_of([moved(307)])
    with pytest.raises(UnrewindableBodyError):
        session.post(URL, files={"a": ("b", Reader(b"one"))})
    assert len(requests_of(network.streams[0])) == 1


@pytest.mark.safety("R8", "2f2")
def test_nothing_of_a_form_is_left_when_it_becomes_a_get(path):
    session, network = session_of([moved(303), OK])
    with path.open("rb") as file:
        session.post(URL, files={"a": file})
    fields, body = requests_of(network.streams[0])[1]
    assert body == b""
    assert not [name for name in fields if name.startswith((b"content-", b"transfer-"))]


@pytest.mark.safety("2d3", "M4")
def test_a_form_is_sent_again_when_its_connection_was_gone():
    session, network = session_of(Dial([OK, Unsolicited(b"", after=200)]), [OK])
    session.get(URL)
    response = session.put(URL, files={"a": ("b", io.BytesIO(b"x" * 2_000_000))})
    assert response.status_code == 200
    [(fields, body)] = requests_of(network.streams[1])
    assert fields[b"content-length"] == b"%d" % len(body)
    assert body.count(b"x") >= 2_000_000


def test_a_form_waits_for_100_continue():
    final = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"
    session, network = session_of([final])
    reader = Reader(b"one")
    headers = {"Expect": "100-continue"}
    response = session.post(URL, files={"a": ("b", reader)}, headers=headers)
    assert response.status_code == 413
    assert reader.pieces == [b"one"]
    assert requests_of(network.streams[0])[0][1] == b""
