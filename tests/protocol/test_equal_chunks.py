"""Runs of equal chunks: recognised by their borders, and never taken for anything else."""

from __future__ import annotations

import itertools

import pytest

import h11
from tests.protocol.driving import client, framed

BODY = b"5;a=b\r\nhello\r\n" * 4 + b"0\r\n\r\n"


def read_body(pieces: list[bytes]) -> bytes:
    """The body behind a chunked head, asked for after each of `pieces`."""
    connection = client()
    connection.receive_data(framed(b""))
    connection.next_event()
    body = b""
    for piece in pieces:
        connection.receive_data(piece)
        while isinstance(got := connection.receive_body(1000), bytes):
            body += got
    assert type(connection.next_event()) is h11.EndOfMessage
    return body


def test_equal_extensions_make_no_difference_wherever_the_body_is_split_in_two_places() -> None:
    for first, second in itertools.combinations(range(1, len(BODY)), 2):
        pieces = [BODY[:first], BODY[first:second], BODY[second:]]
        assert read_body(pieces) == b"hello" * 4, pieces


def test_the_verdict_on_a_long_size_line_is_the_same_behind_data_and_by_itself() -> None:
    limits = h11.ParserLimits(chunk_line=40)
    stream = framed(b"1\r\na\r\n1e;" + b"z" * 43 + b"\r\n")
    for body_first in (False, True):
        connection = client(limits=limits)
        connection.receive_data(stream)
        connection.next_event()
        read = [connection.receive_body] if body_first else []
        assert [ask(100) for ask in read] == [b"a"] * body_first
        with pytest.raises(h11.RemoteProtocolError, match="chunk header too long") as caught:
            while True:
                connection.next_event()
        assert caught.value.error_status_hint == 431
