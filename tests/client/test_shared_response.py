"""One response that several threads read: who has not got all of the body is not told so."""

from __future__ import annotations

import gzip
import threading

import pytest

import h11client
from h11client import exceptions
from h11client._messages import reading
from h11client._transport.pool import Pool
from h11client.testing import ScriptedNetwork

URL = "http://a.test/"
PACKED = gzip.compress(b"hello")
BODIES = {
    "plain": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "packed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
    % (len(PACKED), PACKED),
}


def streamed(body):
    network = ScriptedNetwork([body])
    pool = Pool(network=network, clock=network.clock)
    return h11client.Session(transport=pool, trust_env=False).get(URL, stream=True)


@pytest.mark.safety("4I7")
@pytest.mark.parametrize("taken", [1, 1000])
@pytest.mark.parametrize("body", BODIES)
def test_what_another_thread_has_taken_makes_content_an_error(body, taken, monkeypatch):
    response = streamed(BODIES[body])
    read = reading.read_whole

    def with_another(source):
        assert response._body.read(taken)  # another thread, at the worst moment
        return read(source)

    for module in ("readable", "reading"):
        monkeypatch.setattr(f"h11client._messages.{module}.read_whole", with_another)
    with pytest.raises(exceptions.RequestException):
        print(response.content)


@pytest.mark.safety("4I7")
@pytest.mark.parametrize("body", BODIES)
def test_threads_get_the_content_or_an_error(body):
    for _ in range(20):
        response = streamed(BODIES[body])
        together = threading.Barrier(3)
        seen = []

        def read(response=response, together=together, seen=seen):
            together.wait()
            try:
                seen.append(response.content)
            except exceptions.RequestException as error:
                seen.append(error)

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 3
        assert all(one == b"hello" or isinstance(one, Exception) for one in seen)


def test_who_comes_late_gets_what_another_thread_has_kept(monkeypatch):
    response = streamed(BODIES["plain"])
    read = reading.read_whole

    def quicker(source):
        response._whole = read(source)
        return b""

    monkeypatch.setattr("h11client._messages.readable.read_whole", quicker)
    assert response.content == b"hello"
