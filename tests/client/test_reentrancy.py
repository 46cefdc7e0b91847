"""A signal's handler, or a finaliser, that uses a session in the middle of what that does.

It runs in the same thread, between any two steps of it: it neither waits for what it has itself
interrupted, nor disturbs that. The lender's own places are in test_slots.
"""

from __future__ import annotations

import re
import threading

import pytest

import h11client
from h11client import _sending, _settings, auth, cookies
from h11client._policies import cookie_store, digest, netrc
from h11client._transport import pool, resolving, trust
from h11client._transport.network import TLSConfig
from h11client.auth import HTTPDigestAuth
from h11client.testing import MockTransport
from tests.client.interrupting import Places, Recorder

GIVE_UP = 60.0  # seconds; who waits for itself waits for ever


class Intruder(Places):
    """Calls `work` at the nth place."""

    def __init__(self, at, modules, work):
        super().__init__(modules)
        self.left = at
        self.work = work

    def at_place(self, place):
        self.left -= 1
        if self.left == 0:
            self.work()


def at_every_place(modules, build):
    """Does the work that `build` makes, each time with the same again in another place of it."""
    with Recorder(modules) as recorder:
        build()()
    failures = []

    def try_all():
        for number in recorder.first():
            work = build()
            try:
                with Intruder(number, modules, work):
                    work()
            except Exception as error:
                failures.append((recorder.places[number - 1], error))

    thread = threading.Thread(target=try_all, daemon=True)
    thread.start()
    thread.join(GIVE_UP)
    assert not thread.is_alive(), "it waits for itself"
    assert failures == []


class Origin:
    """Asks for Digest and gives cookies, as one whom many sign in to."""

    def __init__(self):
        self.counts = []

    def __call__(self, request):
        said = request.headers.get("Authorization", "")
        number = request.url.rpartition("/")[2]
        fields = [("Set-Cookie", f"last={number}"), ("Set-Cookie", f"c{number}=1; Path=/")]
        fields.append(("Set-Cookie", f"gone{number}=1; Max-Age=0"))
        if "Digest" not in said:
            fields.append(("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"'))
            return h11client.testing.Answer(401, headers=fields)
        self.counts.append(re.search("nc=([0-9a-f]+)", said)[1])
        return h11client.testing.Answer(200, headers=fields)


@pytest.mark.safety("X22", "2k5", "2l2")
def test_a_session_with_cookies_and_digest_is_used_in_the_middle_of_itself():
    def build():
        origin = Origin()
        session = h11client.Session(transport=MockTransport(origin), trust_env=False)
        session.auth = HTTPDigestAuth("me", "secret")
        numbers = iter(range(100))

        def work():
            number = next(numbers)
            assert session.get(f"http://a.test/{number}").status_code == 200
            assert session.cookies[f"c{number}"] == "1"
            assert len(origin.counts) == len(set(origin.counts))

        return work

    modules = {cookie_store, cookies, digest, auth, _settings, _sending}
    at_every_place(modules, build)


@pytest.mark.safety("X22", "T8")
def test_a_context_of_tls_is_made_in_the_middle_of_making_one(ca, monkeypatch):
    def build():
        monkeypatch.setattr(trust, "_contexts", {})
        return lambda: trust.context_for(TLSConfig(str(ca.pem)))

    at_every_place({trust}, build)


@pytest.mark.safety("X22", "2n2")
def test_a_name_is_looked_up_in_the_middle_of_looking_it_up():
    def build():
        return lambda: resolving.threaded_resolver("127.0.0.1", 80, 2.0)

    at_every_place({resolving}, build)


@pytest.mark.safety("X22", "N1")
def test_netrc_and_routes_are_looked_at_in_the_middle_of_looking(monkeypatch):
    def build():
        monkeypatch.setattr(netrc, "_shared", netrc.Netrc())
        session = h11client.Session()
        url = h11client._messages.url.parse_url("http://a.test/")

        def work():
            assert netrc.credentials_for(url) is None
            assert not netrc.has_entries()
            request = session.prepare_request(h11client.Request("GET", "http://a.test/"))
            assert session._transport_._route_to(request, True, None, None).host == "a.test"

        return work

    monkeypatch.setenv("NETRC", "/nowhere/at/all")
    at_every_place({netrc, pool}, build)
