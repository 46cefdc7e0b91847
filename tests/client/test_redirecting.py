"""What programs ask a session about redirects, and how subclasses answer for themselves."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from h11client import Response, Session
from h11client.testing import Answer, MockTransport

URL = "http://a.test/"


def to(location, status=302):
    return Answer(status, b"", {"Location": location})


def chain(kind, *answers, **options):
    answers = list(answers)
    transport = MockTransport(lambda request: answers.pop(0))
    session = kind(transport=transport, trust_env=False)
    session.get(URL, **options)
    return [request.headers.get("Authorization") for request in transport.requests]


@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        (302, "/b", "/b"),
        (200, "/b", None),
        (304, "/b", None),
        (302, None, None),
        (301, "/caf\xc3\xa9", "/café"),
        (301, "/caf\xe9", "/caf\xe9"),
    ],
)
def test_the_target_of_a_redirect_is_text(status, location, expected):
    response = Response()
    response.status_code = status
    response.headers = {} if location is None else {"Location": location}
    assert Session().get_redirect_target(response) == expected


@pytest.mark.parametrize(
    ("old", "new", "strip"),
    [
        ("http://a.test/", "http://a.test:80/b", False),
        ("http://a.test/", "https://a.test/", False),
        ("https://a.test/", "http://a.test/", True),
        ("http://a.test/", "http://a.test:81/", True),
        ("http://a.test/", "http://b.test/", True),
        ("http://a.test/", "http://x.a.test/", True),
    ],
)
def test_who_may_see_what_was_meant_for_another(old, new, strip):
    assert Session().should_strip_auth(old, new) is strip


class OneHouse(Session):
    """Knows two hosts that belong together."""

    def rebuild_auth(self, prepared_request, response):
        headers = prepared_request.headers
        if "Authorization" in headers:
            hosts = {urlsplit(url).hostname for url in (response.request.url, prepared_request.url)}
            if len(hosts) > 1 and hosts != {"a.test", "b.test"}:
                del headers["Authorization"]


@pytest.mark.parametrize("given", [{"headers": {"Authorization": "x"}}, {"auth": ("u", "p")}])
def test_a_session_that_knows_which_hosts_belong_together_is_asked(given):
    answers = [to("http://b.test/"), to("http://c.test/"), 200]
    sent = chain(OneHouse, *answers, **given)
    assert [value is not None for value in sent] == [True, True, False]
    sent = chain(Session, *[to("http://b.test/"), to("http://c.test/"), 200], **given)
    assert [value is not None for value in sent] == [True, False, False]


def test_a_session_may_say_what_is_stripped():
    class Never(Session):
        def should_strip_auth(self, old_url, new_url):
            return False

    assert chain(Never, to("http://b.test/"), 200, auth=("u", "p"))[1] is not None


def test_a_session_may_stop_a_chain():
    class Stopping(Session):
        def get_redirect_target(self, resp):
            target = super().get_redirect_target(resp)
            return None if target == "/login" else target

    assert len(chain(Stopping, to("/b"), to("/login"), 200)) == 2


def test_rebuilding_auth_by_hand():
    session = Session(trust_env=False)
    transport = MockTransport(lambda request: to("http://b.test/"))
    session.mount("http://", transport)
    response = session.get(URL, headers={"Authorization": "x"}, allow_redirects=False)
    hop = response.request.copy()
    session.rebuild_auth(hop, response)
    assert hop.headers["Authorization"] == "x"
    hop.url = "http://b.test/"
    session.rebuild_auth(hop, response)
    assert "Authorization" not in hop.headers


def test_a_session_may_say_which_method_follows():
    seen = []

    class Keeping(Session):
        def rebuild_method(self, prepared_request, response):
            seen.append((prepared_request.method, response.status_code))
            if response.status_code != 302:
                super().rebuild_method(prepared_request, response)

    answers = [to("/b", 302), to("/c", 307), to("/d", 303), 200]
    transport = MockTransport(lambda request: answers.pop(0))
    Keeping(transport=transport, trust_env=False).post(URL, data=b"body")
    assert seen == [("POST", 302), ("POST", 307), ("POST", 303)]
    assert [request.method for request in transport.requests] == ["POST", "POST", "POST", "GET"]
    assert transport.bodies == [b"body", b"", b"", b""]
    assert transport.requests[1].headers["Content-Length"] == "0"
