"""Exchanges at random, with servers and proxies that say anything: the accounts are always right.

Scripts are put together from whole answers, changed a little, for every kind of request, of proxy
and of body; each seed is one run of a few hundred sessions.
"""

from __future__ import annotations

import pickle
import random
from typing import Any

import pytest

import h11client
from h11client._limits import Limits
from h11client._transport import proxies
from h11client._transport.pool import Pool
from h11client.auth import HTTPDigestAuth
from h11client.exceptions import RequestException
from h11client.testing import Dial, Pause, ScriptedNetwork, ScriptError, Unsolicited

ANSWERS: list[Any] = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n",
    b"HTTP/1.1 200 Connection established\r\n\r\n",
    b'HTTP/1.1 407 N\r\nProxy-Authenticate: Digest realm="a", nonce="n"\r\nContent-Length: 1\r\n\r\nn',
    b"HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhi",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 408 Late\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
    b"HTTP/1.1 421 Not here\r\nContent-Length: 0\r\n\r\n",
    b"\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38",  # SOCKS 5 and 4
    b"\x00\x5a\x00\x00\x00\x00\x00\x00",
    *(b"", b"\r\n", b"\x15\x03", Pause(0.01), Pause(100.0), ConnectionResetError(104, "reset")),
]
NOISE = [b"\r\n", b"\n", b"\0", b": ", b"0", b"\xff", b" "]
PROXIES: list[Any] = [
    *(None, None, None),
    *("http://p.test", "http://me:word@p.test", "https://me:word@p.test"),
    *("socks5://p.test", "socks5h://me:word@p.test", "socks4a://p.test"),
    h11client.Proxy("http://p.test", auth=HTTPDigestAuth("me", "word")),
    h11client.Proxy("https://p.test", auth=HTTPDigestAuth("me", "word")),
]


class Chance(random.Random):
    def changed(self, data: bytes) -> bytes:
        at = self.randrange(len(data) + 1)
        kind = self.randrange(10)
        if kind == 0:
            return data[:at]
        if kind == 1:
            return data[:at] + bytes([self.randrange(256)]) + data[at + 1 :]
        if kind == 2:
            return data[:at] + data[at + self.randrange(5) :]
        if kind == 3:
            return data[:at] + self.choice(NOISE) + data[at:]
        return data

    def dial(self) -> Any:
        if self.random() < 0.1:
            return ConnectionRefusedError(111, "refused")
        steps: list[Any] = []
        for _ in range(self.randrange(1, 6)):
            what = self.choice(ANSWERS)
            if isinstance(what, bytes) and what:
                what = self.changed(what)
                if self.random() < 0.3:
                    at = self.randrange(len(what) + 1)
                    steps += [what[:at]] * (at > 0)
                    what = what[at:]
            if not isinstance(what, Pause) and self.random() < 0.3:
                what = Unsolicited(what, after=self.choice([0, 1, 50, 300]))
            steps.append(what)
        steps.append(self.choice([b"", ConnectionResetError(104, "reset"), Pause(1000.0)]))
        broken = (self.choice([0, 10, 100, 5000]), BrokenPipeError(32, "pipe"))
        return Dial(
            steps,
            write_error=broken if self.random() < 0.1 else None,
            stalls_after=self.choice([10, 300, 2000]) if self.random() < 0.15 else None,
        )

    def request(self, session: h11client.Session) -> None:
        """One request of any kind, and something that is done with its response."""
        method = self.choice(["GET", "HEAD", "POST", "PUT", "TRACE", "OPTIONS", "CONNECT"])
        data: Any = None
        if method in ("POST", "PUT"):
            data = self.choice([b"abc", b"x" * 100_000])
            data = self.choice([data, data, iter([data[:1], data[1:]])])
        headers = self.choice(
            [{}, {}, {"Upgrade": "x", "Connection": "upgrade"}, {"Expect": "100-continue"}]
        )
        url = self.choice(["http://a.test/", "https://a.test/"])
        with session.request(
            method, url, headers=headers, data=data, stream=self.random() < 0.5
        ) as response:
            if response.status_code == 101 or (method == "CONNECT" and response.ok):
                with response.upgrade() as upgraded:
                    upgraded.read()
            elif self.random() < 0.5:
                assert isinstance(response.content, bytes)


@pytest.mark.safety("F17", "4I3", "4I5", "4I6", "X5", "X8", "X10", "X11", "X16")
@pytest.mark.parametrize("seed", range(3))
def test_whatever_servers_and_proxies_say_the_accounts_are_right(seed: int) -> None:
    chance = Chance(seed)
    good = 0
    for _ in range(300):
        proxies._remembered.clear()  # with what they were told
        network = ScriptedNetwork(
            *[chance.dial() for _ in range(12)], byte_by_byte=chance.random() < 0.1
        )
        pool = Pool(Limits(max_connections=chance.choice([1, 2])), network, network.clock)
        timeout = chance.choice([5, h11client.Timeout(total=7, connect=3)])
        proxy = chance.choice(PROXIES)
        session = h11client.Session(transport=pool, trust_env=False, timeout=timeout)
        session.proxies = {"all": proxy} if proxy else {}
        for _ in range(chance.randrange(1, 4)):
            try:
                chance.request(session)
                good += 1
            except RequestException as error:
                assert error.request is not None
                assert "word" not in f"{error} {error!r}"
                pickle.dumps(error)
            except ScriptError:
                pass  # the script had come to its end
        counts = pool.counts()
        assert (counts.busy, counts.waiting) == (0, 0)
        session.close()
        assert [stream for stream in network.streams if not stream.closed] == []
    assert good > 20
