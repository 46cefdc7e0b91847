"""Transports with requests' names: the pool as an adapter, subclasses of it, and foreign ones."""

from __future__ import annotations

import io
import pickle
import ssl

import pytest

import h11client
from h11client import Limits, Response, Retry, Session, Timeout, exceptions
from h11client._timeouts import Deadline
from h11client.adapters import DEFAULT_POOLSIZE, BaseAdapter, HTTPAdapter
from h11client.testing import FakeClock, MockTransport, ScriptedNetwork

URL = "http://a.test/"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"


def on_network(adapter, *dials):
    """Puts a script below an adapter."""
    network = ScriptedNetwork(*dials)
    pool = adapter.poolmanager
    pool._lender.network = network
    pool.clock = pool._lender._clock = network.clock
    return network


class Foreign(BaseAdapter):
    """An adapter as programs write them for requests."""

    def __init__(self, text="foreign"):
        self.text = text
        self.calls = []
        self.closed = 0

    def send(self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None):
        self.calls.append((request.url, stream, timeout, verify, cert, proxies))
        response = Response()
        response.status_code = 200
        response.url = request.url
        response.request = request
        response.headers["Content-Type"] = "text/plain"
        response.raw = io.BytesIO(self.text.encode())
        return response

    def close(self):
        self.closed += 1


# --- mounting --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a.test/x", "a"),
        ("HTTP://A.test/x", "a"),
        ("http://a.test/deep/x", "deep"),
        ("http://b.test/", "http"),
        ("https://a.test/", "https"),
        ("mock://any/thing", "mock"),
        ("MOCK://any/thing", "mock"),
    ],
)
def test_the_longest_prefix_wins_whatever_the_case(url, expected):
    session = Session()
    for prefix, name in [
        *(("https://", "https"), ("mock://", "mock"), ("http://a.test/deep", "deep")),
        *(("http://", "http"), ("http://A.test", "a")),
    ]:
        session.mount(prefix, Foreign(name))
    assert session.get_adapter(url).text == expected
    assert session.get(url).text == expected


def test_a_prefix_that_is_mounted_again_has_the_new_transport():
    session = Session()
    session.mount("http://", Foreign("one"))
    session.mount("http://", Foreign("two"))
    assert session.get(URL).text == "two"
    assert list(session.adapters) == ["https://", "http://"]


def test_without_a_transport_for_its_scheme_a_url_is_refused():
    session = Session()
    for call in (session.get, session.get_adapter):
        with pytest.raises(exceptions.InvalidSchema):
            call("gopher://a.test/")
    del session.adapters["http://"]
    with pytest.raises(exceptions.InvalidSchema):
        session.get(URL)


def test_the_adapters_of_a_session_are_its_own_pool():
    session = Session(trust_env=False)
    adapter = session.get_adapter("https://a.test/")
    assert isinstance(adapter, HTTPAdapter)
    assert session.get_adapter(URL) is adapter
    network = on_network(adapter, [HELLO])
    response = session.get(URL)
    assert response.content == b"hello"
    assert response.connection is adapter
    assert session.statistics().idle == 1
    session.close()
    assert network.streams[0].closed


def test_closing_a_session_closes_each_of_its_transports_once():
    session, foreign = Session(), Foreign()
    session.mount("http://", foreign)
    session.mount("x://", foreign)
    session.close()
    assert foreign.closed == 1


# --- what a foreign transport is told ----------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "own", "told"),
    [
        ({}, {}, None),
        ({}, {"timeout": 3}, (3, 3)),
        ({}, {"timeout": (1, 2)}, (1, 2)),
        ({}, {"timeout": None}, (None, None)),
        ({"timeout": 5}, {}, (5, 5)),
        ({"timeout": 5}, {"timeout": Timeout(connect=1, read=None, total=9)}, (1, None)),
    ],
)
def test_a_foreign_transport_is_told_the_timeout_as_requests_does(ours, own, told):
    session, foreign = Session(**ours), Foreign()
    session.mount("http://", foreign)
    session.get(URL, **own)
    assert foreign.calls[0][2] == told


def test_a_foreign_transport_is_told_all_else_by_requests_names(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://from.env:1")
    session, foreign = Session(proxies={"http": "http://ours:1"}), Foreign()
    session.mount("http://", foreign)
    session.get(URL, stream=True, verify="ca.pem", cert="c.pem", proxies={"ftp": "http://own:1"})
    assert foreign.calls == [
        (
            *(URL, True, None, "ca.pem", "c.pem"),
            {"https": "http://from.env:1", "http": "http://ours:1", "ftp": "http://own:1"},
        )
    ]


def test_responses_of_foreign_transports_are_followed_and_their_cookies_kept():
    class Redirecting(Foreign):
        def send(self, request, **options):
            response = super().send(request, **options)
            if request.url == URL:
                response.status_code = 302
                response.headers["Location"] = "mock://other/place"
                response.headers["Set-Cookie"] = "a=b"
            return response

    session = Session()
    session.mount("http://", Redirecting())
    with pytest.raises(exceptions.InvalidSchema):
        session.get(URL)  # RFC 9110 section 15.4 leaves no other schemes to servers than ours
    assert session.cookies.get_dict() == {"a": "b"}


@pytest.mark.parametrize(
    ("url", "params", "expected"),
    [
        ("file:///etc/hosts", None, ("/etc/hosts", "file:///etc/hosts")),
        ("mock://a.test/b?c=d", {"e": "f"}, ("/b?c=d&e=f", "mock://a.test/b?c=d&e=f")),
        ("mock://a.test/b#top", {"e": "f"}, ("/b?e=f", "mock://a.test/b?e=f#top")),
        (
            "http+unix://%2Frun%2Fdocker.sock/info",
            None,
            ("/info", "http+unix://%2Frun%2Fdocker.sock/info"),
        ),
        ("mock:thing", None, ("/thing", "mock:thing")),
    ],
)
def test_urls_of_other_schemes_stay_as_they_are(url, params, expected):
    session, foreign = Session(), Foreign()
    session.mount(url.partition(":")[0] + ":", foreign)
    request = session.get(url, params=params).request
    assert (request.path_url, request.url) == expected


@pytest.mark.safety("R18")
@pytest.mark.parametrize("how", ["get", "prepared", "assigned"])
def test_a_user_name_and_password_are_in_no_url_of_any_scheme(how):
    session, foreign = Session(trust_env=False), Foreign()
    session.mount("mock://", foreign)
    url = "mock://m%C3%A9:s3%40cret@A.test:21/x?y=@#z"
    if how == "get":
        response = session.get(url)
    elif how == "prepared":
        response = session.send(session.prepare_request(h11client.Request("GET", url)))
    else:
        prepared = session.prepare_request(h11client.Request("GET", "mock://b.test/"))
        prepared.url = url
        prepared.prepare_auth(None)
        response = session.send(prepared)
    assert response.request.url == response.url == "mock://A.test:21/x?y=@#z"
    assert response.request.parsed_url.userinfo == ("m\u00e9", "s3@cret")
    expected = h11client.auth.HTTPBasicAuth("m\u00e9", "s3@cret").credentials()
    assert response.request.headers["Authorization"] == expected


def test_a_request_of_another_scheme_may_get_another_url():
    session, foreign = Session(trust_env=False), Foreign()
    session.mount("mock://", foreign)

    def sign(request):
        request.url += "?signature=1"
        return request

    assert session.get("mock://a.test/x", auth=sign).url == "mock://a.test/x?signature=1"
    prepared = session.prepare_request(h11client.Request("GET", "mock://a.test/"))
    prepared.url = b"http://A.test/y"
    assert (prepared.url, prepared.parsed_url.host) == ("http://a.test/y", "a.test")
    prepared = session.prepare_request(h11client.Request("GET", "mock://a.test/"))
    with pytest.raises(exceptions.InvalidSchema):
        prepared.url = "other://a.test/"


def test_a_blank_or_control_character_is_refused_in_any_scheme():
    session = Session()
    session.mount("mock:", Foreign())
    with pytest.raises(exceptions.InvalidURL):
        session.get("mock://a\n.test/")


# --- HTTPAdapter -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, (None, DEFAULT_POOLSIZE**2, None)),
        ({"pool_connections": 2, "pool_maxsize": 3}, (None, 6, None)),
        ({"pool_maxsize": 3, "pool_block": True}, (None, 30, 3)),
    ],
)
def test_requests_arguments_become_limits(arguments, expected):
    limits = HTTPAdapter(**arguments).poolmanager.limits
    assert (limits.max_connections, limits.max_idle, limits.max_per_origin) == expected
    assert limits.head == Limits().head


def test_the_well_known_adapter_with_a_timeout_of_its_own_works():
    class TimeoutAdapter(HTTPAdapter):
        def __init__(self, *args, **kwargs):
            self.timeout = kwargs.pop("timeout", 5)
            super().__init__(*args, **kwargs)

        def send(self, request, **kwargs):
            if kwargs.get("timeout") is None:
                kwargs["timeout"] = self.timeout
            return super().send(request, **kwargs)

    session, adapter = Session(trust_env=False), TimeoutAdapter(timeout=3)
    session.mount("http://", adapter)
    network = on_network(adapter, [HELLO, HELLO, HELLO])
    session.get(URL)
    session.get(URL, timeout=2)
    session.get(URL, timeout=Timeout(read=4, total=100))
    limits = [limit.seconds for name, limit in network.streams[0].limits if name == "read"]
    assert limits == [3, 2, 4]


def test_the_total_reaches_the_pool_through_an_adapter_that_overrides_send():
    class Passing(HTTPAdapter):
        def send(self, request, *args, **kwargs):
            return super().send(request, *args, **kwargs)

    session, adapter = Session(trust_env=False), Passing()
    session.mount("http://", adapter)
    network = on_network(adapter, [HELLO])
    session._clock_ = network.clock
    session.get(URL, timeout=Timeout(read=9, total=7))
    assert ("read", 7, "total") in [
        (name, limit.seconds, limit.name) for name, limit in network.streams[0].limits
    ]


@pytest.mark.parametrize(
    ("own", "read"),
    [
        (9, (7, "total")),
        ((1, 9), (7, "total")),
        ((1, 5), (5, "read")),
        (Timeout(total=6), (6, "total")),
        (Timeout(read=9, total=8), (7, "total")),
        (None, (7, "total")),
    ],
)
def test_limits_of_an_adapter_do_not_lift_those_of_the_call(own, read):
    class Own(HTTPAdapter):
        def send(self, request, **kwargs):
            return super().send(request, **{**kwargs, "timeout": own})

    informational = []
    session, adapter = Session(trust_env=False), Own()
    session.mount("http://", adapter)
    network = on_network(adapter, [b"HTTP/1.1 103 Early\r\n\r\n" + HELLO, HELLO])
    session._clock_ = network.clock
    timeout = Timeout(read=60, total=7)
    session.get(URL, timeout=timeout, on_informational=informational.append)
    limits = [limit for name, limit in network.streams[0].limits if name == "read"]
    assert (limits[0].seconds, limits[0].name) == read
    assert [one.status_code for one in informational] == [103]
    network.clock.advance(30)
    assert adapter.send(h11client.Request("GET", URL).prepare()).ok  # by itself, in no call


def test_the_well_known_adapter_with_a_context_of_its_own_works():
    context = ssl.create_default_context()

    class TLSAdapter(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            kwargs.update(ssl_context=context, cert_reqs="CERT_NONE")
            return super().init_poolmanager(*args, **kwargs)

    session, adapter = Session(trust_env=False), TLSAdapter()
    session.mount("https://", adapter)
    network = on_network(adapter, [HELLO], [HELLO])
    session.get("https://a.test/")
    session.get("https://a.test/", verify=False)
    assert [config.verify for config, _ in network.upgrades] == [context, False]


def test_a_pool_may_be_made_with_options_of_dialling():
    class From(HTTPAdapter):
        def init_poolmanager(self, connections, maxsize, block=False, **options):
            super().init_poolmanager(
                connections, maxsize, block, source_address=("127.0.0.2", 0), **options
            )

    adapter = From()
    network = on_network(adapter, [HELLO])
    session = Session(trust_env=False)
    session.mount("http://", adapter)
    session.get(URL)
    assert network.options[0].source_address == ("127.0.0.2", 0)
    with pytest.raises(TypeError, match="frobnicate"):
        HTTPAdapter().init_poolmanager(1, 1, frobnicate=2)


def test_the_pool_manager_of_another_library_says_how_ours_is_to_be():
    class PoolManager:  # in the shape of urllib3's
        def __init__(self, **options):
            self.connection_pool_kw = options

    class Fixed(HTTPAdapter):
        def init_poolmanager(self, connections, maxsize, block=False):
            self.poolmanager = PoolManager(
                maxsize=maxsize, block=block, source_address=("127.0.0.2", 0), ssl_context=None
            )

    adapter = Fixed(pool_maxsize=3, pool_block=True)
    assert adapter.poolmanager.limits.max_per_origin == 3
    assert adapter.poolmanager.dial_options.source_address == ("127.0.0.2", 0)
    with pytest.raises(TypeError, match="ssl_version"):
        adapter.poolmanager = PoolManager(ssl_version=5)


def test_add_headers_is_called_with_each_request():
    class Adding(HTTPAdapter):
        def add_headers(self, request, **kwargs):
            assert {"stream", "timeout", "verify", "cert", "proxies"} == set(kwargs)
            request.headers["X-Added"] = "1"

    session, adapter = Session(trust_env=False), Adding()
    session.mount("http://", adapter)
    network = on_network(adapter, [HELLO])
    session.get(URL)
    assert b"X-Added: 1\r\n" in network.streams[0].written


class LikeUrllib3:
    """An object with the attributes of another library's policy."""

    total, connect, read, status = 2, None, None, None
    allowed_methods = frozenset(["GET"])
    status_forcelist = (503,)
    backoff_factor = 0
    respect_retry_after_header = True
    raise_on_status = False


@pytest.mark.parametrize(
    ("retries", "sent"),
    [(0, 1), (Retry(2, backoff=0), 3), (LikeUrllib3(), 3), (2, 1)],
    ids=["none", "ours", "another library's", "a number, which is not for statuses"],
)
def test_an_adapter_tries_again_as_it_is_told(retries, sent):
    adapter = HTTPAdapter(max_retries=retries)
    network = on_network(adapter, [BUSY] * 3)
    session = Session(trust_env=False)
    session.mount("http://", adapter)
    try:
        assert session.get(URL).status_code == 503
    except exceptions.RetryError as error:
        assert len(error.attempts) == sent
    assert len(network.streams[0].writes) == sent
    assert adapter.max_retries is retries or type(retries) is int


def test_a_number_is_for_connections_that_cannot_be_made():
    adapter = HTTPAdapter(max_retries=2)
    network = on_network(adapter, OSError("no"), OSError("no"), [HELLO])
    session = Session(trust_env=False)
    session.mount("http://", adapter)
    response = session.get(URL)
    assert response.content == b"hello"
    assert len(response.attempts) == 3
    assert len(network.dialled) == 3


def test_an_adapter_can_be_used_by_itself():
    adapter = HTTPAdapter()
    network = on_network(adapter, [HELLO, HELLO])
    request = h11client.Request("GET", URL).prepare()
    assert adapter.send(request).content == b"hello"
    assert adapter.send(request, timeout=(1, 2)).content == b"hello"
    assert [limit.seconds for name, limit in network.streams[0].limits if name == "read"] == [60, 2]
    adapter.close()
    assert network.streams[0].closed


def test_adapters_travel_with_their_session():
    session = Session()
    session.mount("https://", HTTPAdapter(max_retries=Retry(2), pool_maxsize=3))
    travelled = pickle.loads(pickle.dumps(session))
    assert list(travelled.adapters) == ["https://", "http://"]
    adapter = travelled.get_adapter("https://a.test/")
    assert adapter.max_retries == Retry(2)
    assert adapter.poolmanager.limits.max_idle == 30
    assert travelled.get_adapter(URL).poolmanager is travelled._transport_


def test_ours_are_told_the_running_deadline():
    assert HTTPAdapter.takes_deadline
    assert not BaseAdapter.takes_deadline
    clock = FakeClock()
    transport = MockTransport(lambda request: 200, clock)
    Session(transport=transport, trust_env=False).get(URL)
    assert isinstance(transport.options[0]["timeout"], Deadline)


@pytest.mark.parametrize("method", ["send", "close"])
def test_the_base_has_to_be_filled_in(method):
    with pytest.raises(NotImplementedError):
        getattr(BaseAdapter(), method)(*[None] * (method == "send"))
