"""Subclasses of sessions and adapters as programs written for requests have them."""

from __future__ import annotations

import pickle

import pytest

import h11client
from h11client._transport.pool import Pool
from h11client.adapters import HTTPAdapter
from h11client.testing import MockTransport, ScriptedNetwork

URL = "http://a.test/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def test_request_may_take_all_but_method_and_url_by_keyword():
    class Prefixed(h11client.Session):
        def request(self, method, url, **options):
            return super().request(method, URL + url, **options)

    transport = MockTransport(lambda request: (200, ""))
    with Prefixed(transport=transport) as session:
        session.get("a", {"b": "c"})
        session.get("a", params={"b": "c"})
        session.post("d", "e")
    assert [request.url for request in transport.requests] == [URL + "a?b=c"] * 2 + [URL + "d"]


@pytest.mark.parametrize("call", [{}, {"timeout": 3}, {"stream": True, "verify": False}])
def test_send_is_given_no_arguments_that_requests_does_not_know(call):
    class Noting(h11client.Session):
        def send(
            self,
            request,
            stream=False,
            timeout=None,
            verify=True,
            cert=None,
            proxies=None,
            allow_redirects=True,
        ):
            noted.append(timeout)
            return super().send(request, timeout=5 if timeout is None else timeout)

    noted = []
    with Noting(transport=MockTransport(lambda request: (200, ""))) as session:
        assert session.get(URL, **call).ok
    assert noted == [call.get("timeout")]


def test_send_is_given_what_the_call_says():
    class Noting(h11client.Session):
        def send(self, request, **options):
            noted.append(options)
            return super().send(request, **options)

    noted = []
    said = {"timeout": None, "retries": None, "on_progress": print, "on_informational": print}
    with Noting(transport=MockTransport(lambda request: (200, ""))) as session:
        session.get(URL, **said)
    assert said.items() <= noted[0].items()


def test_attributes_can_be_added_to_those_that_are_pickled():
    session = Tagged(transport=None)
    session.tag, session.headers["X"] = "t", "1"
    travelled = pickle.loads(pickle.dumps(session))
    assert (travelled.tag, travelled.headers["X"]) == ("t", "1")
    assert all(hasattr(session, name) for name in Tagged.__attrs__)


class Tagged(h11client.Session):
    __attrs__ = [*h11client.Session.__attrs__, "tag"]


def test_a_response_has_the_attributes_that_programs_copy():
    session = h11client.Session(transport=MockTransport(lambda request: (200, "text")))
    response = session.get(URL)
    copied = h11client.Response()
    for name in h11client.Response.__attrs__:
        setattr(copied, name, getattr(response, name))
    assert (copied.text, copied.url, copied.headers) == ("text", URL, response.headers)


def test_hooks_and_adapters_are_given_a_mapping_of_proxies():
    seen = []
    pool = Pool(network=ScriptedNetwork([OK]))
    with h11client.Session(transport=pool, trust_env=False) as session:
        session.get(URL, hooks={"response": lambda _, **given: seen.append(given["proxies"])})
    assert seen == [{}]


@pytest.mark.parametrize(("given", "total"), [(0, 0), (3, 3), (h11client.Retry(2), 2)])
def test_retries_of_an_adapter_tell_their_number(given, total):
    assert HTTPAdapter(max_retries=given).max_retries.total == total
    assert h11client.Session().get_adapter(URL).max_retries.total == 0


def test_attributes_of_a_subclass_may_have_the_names_of_settings():
    class Service(h11client.Session):
        base_url = URL
        retries = 3
        timeout = 7

        def request(self, method, path, **options):
            return super().request(method, self.base_url + path, **options)

    transport = MockTransport(lambda request: (200, ""))
    with Service(transport=transport) as session:
        assert session.get("a").ok
    assert (session.base_url, session.retries, session.timeout) == (URL, 3, 7)
    assert transport.requests[0].url == URL + "a"
    assert pickle.loads(pickle.dumps(h11client.Session(retries=2))).retries.total == 2
