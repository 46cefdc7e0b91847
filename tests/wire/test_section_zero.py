"""What real servers do and real clients get wrong, end to end through a session, line by line.

The lines that are not here are shown as far outside in `test_reuse.py` and `test_bad_input.py` of
this folder. A script counts what was read of it, so that "stops" means bytes and not seconds.
"""

from __future__ import annotations

import gzip
import logging
import random
import socket
import threading
import time
import tracemalloc
import zlib

import pytest

import h11client
from h11client import exceptions
from h11client._transport.pool import Pool
from h11client.testing import Pause, ScriptedNetwork, Unsolicited
from tests.growth import grows_linearly

URL = "http://a.test/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
READ_SIZE = 65536  # what one read takes: the most by which a bound may be overrun unseen


def scripted(*dials):
    """A session, and the network of a script that it runs on."""
    network = ScriptedNetwork(*dials)
    return h11client.Session(transport=Pool(None, network, network.clock)), network


def bytes_read(network):
    return sum(entry[1] for entry in network.log if entry[0] == "read")


def with_length(body, extra=b""):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (len(body), extra) + body


def idle_after(session):
    """Whether the session still has a connection for the next request."""
    counts = session._transport_.counts()
    assert (counts.busy, counts.waiting) == (0, 0)
    return counts.idle == 1


# --- M1 to M5: connections that are kept alive ---------------------------------------------------


@pytest.mark.safety("M1")
def test_the_answer_behind_an_answer_is_thrown_away_with_its_connection(caplog):
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    session, network = scripted([OK + evil], [with_length(b"mine")])
    with caplog.at_level(logging.DEBUG, "h11client"):
        assert session.get(URL + "1").content == b"ok"
    assert network.streams[0].closed
    assert sum("bytes behind the response" in line for line in caplog.messages) == 1
    assert session.get(URL + "2").content == b"mine"


@pytest.mark.safety("M2")
def test_the_answer_that_comes_while_idle_is_thrown_away_and_counted(caplog):
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    session, network = scripted([OK, Unsolicited(evil)], [with_length(b"mine"), OK])
    assert session.get(URL + "1").content == b"ok"
    with caplog.at_level(logging.DEBUG, "h11client"):
        assert session.get(URL + "2").content == b"mine"
        assert session.get(URL + "3").content == b"ok"
    assert network.streams[0].closed
    assert sum("sent something, while it was idle" in line for line in caplog.messages) == 1
    assert session.statistics().poisoned_idle == 1


@pytest.mark.safety("M3", "2a6")
def test_transfer_encoding_wins_over_content_length_and_ends_the_connection():
    both = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    session, network = scripted([both + b"5\r\nhello\r\n0\r\n\r\n"], [OK])
    response = session.get(URL)
    assert response.content == b"hello"
    assert response.connection_info.server_state == "MUST_CLOSE"
    assert network.streams[0].closed
    assert not idle_after(session)
    assert session.get(URL).content == b"ok"


# M4 and M5 are in test_reuse.py.

# --- M6, M7: uploads that are answered early -----------------------------------------------------


@pytest.mark.safety("M6", "2e1")
def test_an_early_answer_to_64_mib_that_nobody_reads_is_returned(serve):
    released = threading.Event()

    def early(peer):
        if peer.read_head():
            peer.send(OK)
            released.wait(20)  # keeps the connection open and reads no byte of the body

    def keep_answering(peer):
        while peer.read_head():
            peer.send(OK)

    server = serve(early, keep_answering)
    with h11client.Session(timeout=20) as session:
        response = session.post(server.url, data=bytes(64 * 2**20))
        assert (response.status_code, response.content) == (200, b"ok")
        assert not idle_after(session)
        released.set()
        assert session.get(server.url).content == b"ok"
    assert server.accepted == 2


@pytest.mark.safety("M7", "2e2", "X8")
def test_a_413_and_the_end_while_64_mib_are_sent_is_a_413(serve):
    def refuse(peer):
        peer.read_head()
        peer.send(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")

    server = serve(refuse)
    with h11client.Session(timeout=20) as session:
        for _ in range(3):
            response = session.post(server.url, data=bytes(64 * 2**20))
            assert (response.status_code, response.content) == (413, b"big")
            assert not idle_after(session)


# --- M8: dripping --------------------------------------------------------------------------------


def dripped(wire):
    return [step for byte in wire for step in (Pause(0.3), bytes([byte]))]


@pytest.mark.safety("M8", "X4")
@pytest.mark.parametrize("part", ["head", "body", "chunks", "trailers"])
def test_what_drips_ends_at_the_total_and_completes_without_one(part):
    head = with_length(b"")[:-2].replace(b"Length: 0", b"Length: 20") + b"\r\n"
    wholes = {
        "head": [*dripped(with_length(b"x" * 20)[:-20]), b"x" * 20],
        "body": [head, *dripped(b"x" * 20)],
        "chunks": [CHUNKED, *dripped(b"14\r\n" + b"x" * 20 + b"\r\n0\r\n\r\n")],
        "trailers": [CHUNKED + b"14\r\n" + b"x" * 20 + b"\r\n0\r\n", *dripped(b"A: b\r\n\r\n")],
    }
    session, network = scripted(wholes[part], wholes[part])
    with pytest.raises(exceptions.ReadTimeout) as caught:
        session.get(URL, timeout=h11client.Timeout(total=1))
    assert caught.value.limit == "total"
    assert network.clock.now == pytest.approx(1)
    assert not idle_after(session)
    # The same, with a limit per operation: no read waits for more than 0.3 s.
    assert session.get(URL, timeout=1).content == b"x" * 20
    assert network.clock.now > 2
    assert idle_after(session)


# --- M9 to M12: floods ---------------------------------------------------------------------------


@pytest.mark.safety("M9", "F13", "X10")
@pytest.mark.parametrize("split", ["each in a read", "all at once"])
def test_the_33rd_interim_response_is_an_error(split):
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    endless = [interim] * 5000 if split == "each in a read" else [interim * 5000]
    session, network = scripted([interim * 32 + OK], endless)
    assert len(session.get(URL, headers={"Connection": "close"}).informational) == 32
    before = bytes_read(network)
    with pytest.raises(exceptions.RemoteProtocolError, match="32"):
        session.get(URL)
    most = 33 * len(interim) if split == "each in a read" else READ_SIZE
    assert bytes_read(network) - before <= most
    assert not idle_after(session)


@pytest.mark.safety("F13", "M8", "X10")
def test_interim_responses_do_not_put_the_total_off():
    interim = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    slow = [step for _ in range(20) for step in (Pause(0.3), interim)]
    session, network = scripted([*slow, OK], [*slow, OK])
    with pytest.raises(exceptions.ReadTimeout) as caught:
        session.get(URL, timeout=h11client.Timeout(total=1))
    assert caught.value.limit == "total"
    assert network.clock.now == pytest.approx(1)
    assert not idle_after(session)
    assert len(session.get(URL, timeout=1).informational) == 20


@pytest.mark.safety("M10", "F11", "X13")
def test_chunk_extensions_without_end_are_an_error():
    chunk = b"1;" + b"x" * 4000 + b"\r\na\r\n"
    session, network = scripted([CHUNKED, *[chunk] * 5000])
    with pytest.raises(exceptions.RemoteProtocolError):
        session.get(URL)
    assert bytes_read(network) <= 16384 + len(CHUNKED) + 2 * len(chunk)
    assert not idle_after(session)


@pytest.mark.safety("M10", "5P9")
def test_a_million_honest_chunks_of_one_byte_pass():
    piece = b"1\r\na\r\n" * 10_000
    session, _network = scripted([CHUNKED, *[piece] * 100, b"0\r\n\r\n"])
    assert session.get(URL).content == b"a" * 1_000_000
    assert idle_after(session)


@pytest.mark.safety("M11", "F12", "2j1")
@pytest.mark.parametrize(
    "line", [b"X-Y: " + b"z" * 1000 + b"\r\n", b"z" * 1000], ids=["fields", "a line"]
)
def test_trailers_without_end_are_an_error_at_their_cap(line):
    session, network = scripted([CHUNKED + b"1\r\na\r\n0\r\n", *[line] * 5000])
    with pytest.raises(exceptions.RemoteProtocolError):
        session.get(URL)
    assert bytes_read(network) <= 32768 + 200 + len(line)
    assert not idle_after(session)


@pytest.mark.safety("M12", "F11")
@pytest.mark.parametrize("start", [b"1;", b"1;x=", b"0000", b"1 "], ids=repr)
def test_a_chunk_size_line_without_end_stops_at_4_kib(start):
    session, network = scripted([CHUNKED + start, *[start[-1:] * 100] * 5000])
    with pytest.raises(exceptions.RemoteProtocolError):
        session.get(URL)
    assert bytes_read(network) <= len(CHUNKED) + 4096 + 200
    assert not idle_after(session)


# --- M13 to M16: bodies that are not what they seem ------------------------------------------------


@pytest.mark.safety("M13", "D4", "B4")
def test_gzip_cut_within_a_content_length_that_is_satisfied_is_a_decoding_error():
    noise = random.Random(13).randbytes(100_000)
    cut = gzip.compress(noise)[:97_784]
    session, _network = scripted([with_length(cut, b"Content-Encoding: gzip\r\n")] * 2)
    with pytest.raises(exceptions.ContentDecodingError, match="ends within") as caught:
        session.get(URL)
    assert caught.value.response.status_code == 200
    # What was decoded before the error is right, and is not passed for the whole.
    found = bytearray()
    with pytest.raises(exceptions.ContentDecodingError):
        for piece in session.get(URL, stream=True).iter_content(1000):
            found += piece
    assert noise.startswith(found)
    assert len(found) > 90_000


@pytest.mark.safety("M14", "F20", "2a10", "4I7")
@pytest.mark.parametrize("left_out", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("trailers", [b"", b"A: b\r\n"], ids=["no trailers", "trailers"])
def test_a_chunked_body_without_its_last_bytes_is_incomplete(left_out, trailers):
    wire = CHUNKED + b"5\r\nhello\r\n0\r\n" + trailers + b"\r\n"
    session, _network = scripted([wire[:-left_out], b""])
    with pytest.raises(exceptions.IncompleteBody) as caught:
        session.get(URL)
    assert caught.value.partial_length == 5
    assert not idle_after(session)


# M15 is in test_bad_input.py.


@pytest.mark.safety("M16", "B3")
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_gzip_of_two_members_is_both_of_them(framing):
    body = gzip.compress(b"first ") + gzip.compress(b"second")
    if framing == "length":
        wire = with_length(body, b"Content-Encoding: gzip\r\n")
    else:
        head = CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n"
        wire = head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    session, _network = scripted([wire])
    assert session.get(URL).content == b"first second"
    assert idle_after(session)


# --- M17 to M20: bombs and lies --------------------------------------------------------------------


@pytest.mark.safety("M17", "B3", "4I9")
def test_4_mb_of_empty_gzip_members_are_read_in_linear_time():
    empty = gzip.compress(b"", mtime=0)

    def read(size):
        body = empty * (size // len(empty))
        pieces = [body[start : start + READ_SIZE] for start in range(0, len(body), READ_SIZE)]
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
        session, _network = scripted([head % len(body), *pieces])
        assert session.get(URL).content == b""

    assert grows_linearly(read, 2**19)
    started = time.thread_time()
    read(4 * 2**20)
    assert time.thread_time() - started < 1  # 0.2 s where this was written


def bomb(mib):
    """gzip of so many MiB of zeros, made without compressing each of them."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    blocks = [deflate.compress(bytes(2**20)) + deflate.flush(zlib.Z_FULL_FLUSH) for _ in range(2)]
    crc = 0
    for _ in range(mib):
        crc = zlib.crc32(bytes(2**20), crc)
    end = deflate.flush() + crc.to_bytes(4, "little") + (mib * 2**20).to_bytes(4, "little")
    return gzip.compress(b"")[:10] + blocks[0] + blocks[1] * (mib - 1) + end


@pytest.mark.safety("M18", "B2", "4I9")
def test_1_kib_of_a_bomb_of_300_mib_costs_1_kib_and_64():
    wire = with_length(bomb(300), b"Content-Encoding: gzip\r\n")
    session, network = scripted([with_length(bomb(1), b"Content-Encoding: gzip\r\n")], [wire])
    assert len(session.get(URL, headers={"Connection": "close"}).content) == 2**20
    response = session.get(URL, stream=True)
    response.read(1)  # what is imported and built once is there now
    before = bytes_read(network)
    tracemalloc.start()
    try:
        already = tracemalloc.get_traced_memory()[0]
        assert response.read(1024) == bytes(1024)
        assert tracemalloc.get_traced_memory()[1] - already <= 1024 + 65536
    finally:
        tracemalloc.stop()
    assert bytes_read(network) - before <= READ_SIZE
    response.close()
    assert session._transport_.counts().busy == 0


@pytest.mark.safety("M19", "B1", "X14")
@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Encoding: " + b", ".join([b"gzip"] * 60) + b"\r\n",
        b"Content-Encoding: gzip\r\n" * 60,
        b"Content-Encoding: gzip, gzip\r\n" * 3,
        b"Content-Encoding: gzip, br, gzip\r\ncontent-encoding: identity, deflate, gzip\r\n",
    ],
    ids=["60 in a line", "60 lines", "3 lines of 2", "mixed"],
)
def test_more_than_five_codings_are_refused_before_anything_is_decoded(fields):
    session, _network = scripted([with_length(b"not gzip at all", fields)])
    with pytest.raises(exceptions.ContentDecodingError, match="more than 5"):
        session.get(URL)
    assert session._transport_.counts().busy == 0


@pytest.mark.safety("M20", "F18", "4I9")
@pytest.mark.parametrize("read", ["content", "pieces"])
def test_a_length_of_terabytes_and_two_bytes_cost_nothing(read):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n"
    session, _network = scripted([OK], [head + b"xx", b""])
    session.get(URL, headers={"Connection": "close"})
    tracemalloc.start()
    try:
        with pytest.raises(exceptions.RemoteProtocolError) as caught:
            if read == "content":
                session.get(URL)
            else:
                list(session.get(URL, stream=True).iter_content(2**20))
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    assert isinstance(caught.value, exceptions.IncompleteBody)
    assert caught.value.partial_length == 2
    assert not idle_after(session)


# --- M25: a server that does not answer the door ---------------------------------------------------


@pytest.mark.safety("M25", "L1", "2c6", "X21", "4I6")
def test_a_hundred_requests_to_a_server_that_never_accepts_leave_a_pool_of_one_usable(serve):
    def answer(peer):
        while peer.read_head():
            peer.send(OK)

    good = serve(answer)
    with socket.socket() as listener:
        # A full backlog: the kernel drops the SYN, as a firewall would.
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        time.sleep(0.05)
        limits = h11client.Limits(max_connections=1)
        timeout = h11client.Timeout(connect=0.05, pool=0.2)
        ends = []
        with h11client.Session(limits=limits, timeout=timeout) as session:

            def work():
                for _ in range(5):
                    try:
                        session.get(f"http://127.0.0.1:{address[1]}/")
                    except BaseException as error:
                        ends.append(error)

            threads = [threading.Thread(target=work) for _ in range(20)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            kinds = {type(error) for error in ends}
            assert len(ends) == 100
            assert kinds <= {exceptions.ConnectTimeout, exceptions.PoolTimeout}
            assert session._transport_.counts().open == 0
            assert session._transport_.counts().waiting == 0
            assert session.get(good.url, timeout=10).content == b"ok"
            assert idle_after(session)
        for filler in fillers:
            filler.close()
    assert session._transport_.counts().open == 0


# --- M26: proxies that answer CONNECT in their own way ---------------------------------------------


def through_a_proxy(*dials):
    session, network = scripted(*dials)
    session.proxies = {"https": "http://proxy.test:3128"}
    return session, network


FLOODS = {
    "a status line": [b"HTTP/1.1 200 " + b"x" * 1000, *[b"x" * 1000] * 2000],
    "one field": [b"HTTP/1.1 200 OK\r\nX: ", *[b"x" * 1000] * 2000],
    "fields": [b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"y" * 995 + b"\r\n"] * 2000],
    "small fields": [b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n" * 100] * 900],
    "interim responses": [b"HTTP/1.1 103 Early Hints\r\n\r\n"] * 9000,
}


@pytest.mark.safety("M26", "P3", "X16", "2h4", "F12")
@pytest.mark.parametrize("flood", list(FLOODS))
def test_a_proxy_that_never_comes_to_the_end_of_its_answer_stops_at_the_cap(flood):
    session, network = through_a_proxy(FLOODS[flood])
    with pytest.raises(exceptions.ProxyError):
        session.get("https://origin.test/")
    assert bytes_read(network) <= 128 * 1024 + 1100
    assert network.dialled == [("proxy.test", 3128)]
    assert network.streams[0].closed
    assert not idle_after(session)


@pytest.mark.safety("M26", "P3", "X16", "2h4")
@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_refusal_with_a_body_without_end_is_an_error_with_the_beginning_of_it(status):
    head = b"HTTP/1.1 %d No\r\n\r\n" % status
    session, network = through_a_proxy([head, *[b"x" * 1000] * 2000])
    with pytest.raises(exceptions.ProxyError) as caught:
        session.get("https://origin.test/")
    assert caught.value.status_code == status
    assert caught.value.body == b"x" * 65536
    assert bytes_read(network) <= len(head) + 65536 + READ_SIZE
    assert network.streams[0].closed
    assert not idle_after(session)


@pytest.mark.safety("M26", "2h3", "2a6")
@pytest.mark.parametrize("status", [200, 201, 299])
@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: x\r\nTransfer-Encoding: gzip\r\n",
        b"",
    ],
    ids=["length", "chunked", "both", "malformed", "neither"],
)
def test_a_tunnel_has_no_body_whatever_its_head_says(status, fields):
    head = b"HTTP/1.1 %d Tunnel\r\n%s\r\n" % (status, fields)
    session, network = through_a_proxy([head, OK, OK])
    response = session.get("https://origin.test/1")
    assert (response.status_code, response.content) == (200, b"ok")
    assert session.get("https://origin.test/2").connection_info.reused
    assert [name for _, name in network.upgrades] == ["origin.test"]
    assert network.streams[0].written.startswith(b"CONNECT origin.test:443 HTTP/1.1\r\n")


@pytest.mark.safety("T7", "X16", "P3")
@pytest.mark.parametrize("extra", [b"x", OK, b"\r\n", b"\x16\x03\x03"], ids=repr)
def test_bytes_of_the_proxy_behind_its_answer_are_an_error(extra):
    session, network = through_a_proxy([b"HTTP/1.1 200 Tunnel\r\n\r\n" + extra])
    with pytest.raises(exceptions.ProxyError, match="behind the answer"):
        session.get("https://origin.test/")
    assert network.upgrades == []
    assert network.streams[0].closed
    assert not idle_after(session)
