"""Proxies, TLS, time, servers and URLs that are out of the ordinary; errors by name and class."""

from __future__ import annotations

import contextlib
import datetime
import os
import pickle
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rows import Table, answer, failing, make, session_with


def main(url: str, folder: Path) -> dict[str, Any]:
    os.chdir(folder)
    return make({**PROXIES, **TLS, **TIMEOUTS, **ANSWERS, **URLS, **ERRORS}, url)


NOBODY = "http://127.0.0.1:9"


def path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def origin(url: str) -> str:
    return url.removesuffix(path(url))


def named(url: str, place: str = "http://a.test") -> str:
    return place + path(url)


@contextlib.contextmanager
def variables(**given: str | None) -> Iterator[None]:
    """The environment with these, and without any other word about proxies."""
    names = {"http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", *given}
    before = {name: os.environ.get(name) for name in names}
    for name in names:
        os.environ.pop(name, None)
    os.environ.update({name: value for name, value in given.items() if value is not None})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def under(call: Callable[[], Any], **given: str | None) -> Any:
    with variables(**given):
        return failing(call)


def through(library: Any, url: str, *mappings: Any) -> Any:
    """What becomes of a call with each of these for proxies, with and without an environment."""
    found = []
    for proxies in mappings:
        for given in ({"http_proxy": origin(url)}, {}):
            call = lambda p=proxies: library.get(named(url) + "/echo", proxies=p).ok  # noqa: E731
            found.append(under(call, **given))
    return found


PROXIES: Table = {
    "odd proxies: by scheme": lambda r, u: through(r, u, {"http": origin(u)}, {"all": origin(u)}, {"http": origin(u)[7:]}, {"http": origin(u) + "/"}, {"http": origin(u).replace("http", "HTTP")}),
    "odd proxies: by host": lambda r, u: through(r, u, {"http://a.test": origin(u), "http": NOBODY}, {"all://a.test": origin(u), "all": NOBODY}),
    "odd proxies: for a port": lambda r, u: under(lambda: r.get(named(u) + "/echo", proxies={"http://a.test:80": origin(u)}).ok),
    "odd proxies: with credentials": lambda r, u: through(r, u, {"http": origin(u).replace("//", "//u:p%40@")}),
    "odd proxies: with a path": lambda r, u: through(r, u, {"http": origin(u) + "/x"}),
    "odd proxies: of no known scheme": lambda r, u: through(r, u, {"http": "foo://127.0.0.1:1"}, {"http": "socks9://127.0.0.1:1"}),
    "odd proxies: no mapping": lambda r, u: through(r, u, origin(u), [("http", origin(u))]),
    "odd proxies: nobody there": lambda r, u: through(r, u, {"http": NOBODY}, {"http": "http://[::1]:9"}),
    "odd proxies: of the session": lambda r, u: [s.proxies.update({"http": origin(u)}) or s.get(named(u) + "/echo").ok for s in [r.Session()]],
    "odd proxies: exceptions": lambda r, u: [under(lambda: r.get(u + "/echo").ok, http_proxy=NOBODY, no_proxy=x) for x in ("*", " a.test , 127.0.0.1 ", "127.0.0.0/16", "127.0.0.0/99,127.0.0.1", "", "a.test")],
    "odd proxies: exceptions by name": lambda r, u: [under(lambda: r.get(u.replace("127.0.0.1", "localhost") + "/echo").ok, http_proxy=NOBODY, no_proxy=x) for x in ("localhost", ".localhost,localhost", "LOCALHOST", "host")],
    "odd proxies: exceptions with a port": lambda r, u: under(lambda: r.get(u + "/echo").ok, http_proxy=NOBODY, no_proxy=origin(u)[7:]),
    "odd proxies: of the environment": lambda r, u: [under(lambda: r.get(named(u) + "/echo").ok, **{name: x}) for name, x in (("all_proxy", origin(u)), ("HTTP_PROXY", origin(u)), ("http_proxy", origin(u)[7:]))],
    "odd proxies: of nobody's environment": lambda r, u: [under(lambda: session_with(r, trust_env=False).get(u + "/echo").ok, http_proxy=NOBODY), under(lambda: r.get(u + "/echo").ok, HTTP_PROXY=NOBODY, REQUEST_METHOD="GET")],
    "odd proxies: and HTTPProxyAuth": lambda r, u: r.get(named(u) + "/echo", auth=r.auth.HTTPProxyAuth("a", "b")),
    "odd proxies: and a header for them": lambda r, u: r.get(named(u) + "/echo", headers={"Proxy-Authorization": "x"}),
    "odd proxies: tunnels": lambda r, u: r.get(named(u, "https://zenodo.org") + "/echo", proxies={"https": origin(u).replace("//", "//u:p@")}),
}  # fmt: skip

BUNDLE = "REQUESTS_CA_BUNDLE"


def safely(library: Any, url: str, **options: Any) -> Any:
    return failing(lambda: library.get(named(url, "https://zenodo.org") + "/echo", **options).ok)


def without_bundle(call: Callable[[str], Any], **given: str) -> Any:
    bundle = os.environ.pop(BUNDLE)
    try:
        os.environ.update(given)
        return call(bundle)
    finally:
        os.environ[BUNDLE] = bundle


TLS: Table = {
    "odd TLS: authorities by path": lambda r, u: without_bundle(lambda bundle: [safely(r, u, verify=v) for v in (bundle, Path(bundle), True)]),
    "odd TLS: authorities of the session": lambda r, u: without_bundle(lambda bundle: safely(session_with(r, verify=bundle), u)),
    "odd TLS: not those of the environment": lambda r, u: safely(session_with(r, trust_env=False, proxies={"https": origin(u)}), u),
    "odd TLS: verify of other kinds": lambda r, u: [safely(r, u, verify=v) for v in ("", 0)],
    "odd TLS: one after the other": lambda r, u: [failing(lambda v=v, s=s: s.get(named(u, "https://other.test") + "/echo", verify=v).ok) for s in [r.Session()] for v in (False, True, False)],
    "odd TLS: a bundle of the environment that is not there": lambda r, u: without_bundle(lambda bundle: safely(r, u), **{BUNDLE: "/nowhere.pem"}),
    "odd TLS: towards a server without": lambda r, u: r.get(u.replace("http:", "https:") + "/echo"),
}  # fmt: skip


@contextlib.contextmanager
def server(sent: bytes | None) -> Iterator[str]:
    """Answers one request with these bytes and closes; None: stays silent, as after "..."."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            if sent is not None:
                connection.sendall(sent.removesuffix(b"..."))
            if sent is None or sent.endswith(b"..."):
                over.wait(10)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        over.set()
        thread.join()
        listening.close()


def from_server(library: Any, sent: bytes | None, **options: Any) -> Any:
    with server(sent) as url:
        try:
            response = library.get(url, **{"timeout": 5, **options})
            body = b"".join(response.iter_content(2)).decode()
            return [response.status_code, response.reason, body, response.headers.get("x-a")]
        except library.exceptions.RequestException as error:
            return failing(lambda error=error: raising(error))  # type: ignore[misc]


def raising(error: BaseException) -> None:
    raise error


STALLING = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc..."

TIMEOUTS: Table = {
    "odd timeouts: numbers and pairs": lambda r, u: [r.get(u + "/echo", timeout=t).ok for t in (1, 0.5, (1, 1), (None, None), (1, None), (None, 5))],
    "odd timeouts: what are none": lambda r, u: [failing(lambda t=t: r.get(u + "/echo", timeout=t).ok) for t in (-1, 0, "1", (1,), True, float("nan"), datetime.timedelta(seconds=1))],
    "odd timeouts: silence": lambda r, u: [from_server(r, None, timeout=t) for t in (0.05, (3, 0.05))],
    "odd timeouts: silence in a body": lambda r, u: [from_server(r, STALLING, timeout=0.05, stream=s) for s in (False, True)],
}  # fmt: skip

OK = b"HTTP/1.1 200 OK\r\n"
ONE = b"Content-Length: 1\r\n\r\nx"

ANSWERS: Table = {
    "odd answers: heads in other spellings": lambda r, u: [from_server(r, x) for x in (b"HTTP/1.1 200\r\n" + ONE, b"HTTP/1.0 200 OK\r\n\r\nx", OK.replace(b"\r", b"") + ONE.replace(b"\r", b""), OK + b"X-A: a\r\n b\r\n" + ONE, OK + b"X-A:\r\n" + ONE, OK + b"X-A: \xe4\r\n" + ONE, OK + b"X-A: \xc3\xa4\r\n" + ONE)],
    "odd answers: reasons": lambda r, u: [from_server(r, b"HTTP/1.1 404 " + x + b"\r\n" + ONE) for x in (b"", b"No\xc3\xb6", b"No\xf6", b"Not  Found")],
    "odd answers: framings": lambda r, u: [from_server(r, OK + x) for x in (b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"\r\nabc", b"Content-Length: 1\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n1;x=y\r\nx\r\n0\r\nX-T: 1\r\n\r\n")],
    "odd answers: statuses": lambda r, u: [from_server(r, b"HTTP/1.1 " + x) for x in (b"204 No\r\n\r\n", b"304 No\r\nContent-Length: 5\r\n\r\n", b"100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + ONE)],
    "odd answers: no answer": lambda r, u: [from_server(r, x)[:1] for x in (b"", b"garbage\r\n\r\n", b"ICY 200 OK\r\n\r\nx", b"HTTP/1.1 99 X\r\n\r\n", b"HTTP/1.1 1000 X\r\n\r\n", b"\r\n" + OK + ONE)],
    "odd answers: cut short": lambda r, u: [from_server(r, OK + x, stream=s) for x in (b"Content-Length: 5\r\n\r\nx", b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"Transfer-Encoding: chunked\r\n\r\n5\r\nab") for s in (False, True)],
    "odd answers: lengths that are none": lambda r, u: [from_server(r, OK + x) for x in (b"Content-Length: x\r\n\r\n", b"Content-Length: -1\r\n\r\nx")],
    "odd answers: heads that are none": lambda r, u: [from_server(r, OK + x) for x in (b"X-A: b", b"nocolon\r\n" + ONE, b"X-A : a\r\n" + ONE)],
    "odd answers: two lengths": lambda r, u: from_server(r, OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
    "odd answers: early hints": lambda r, u: from_server(r, b"HTTP/1.1 103 Early\r\nLink: <a>\r\n\r\n" + OK + ONE),
}  # fmt: skip


def prepared(library: Any, *urls: Any) -> Any:
    return [failing(lambda x=x: library.Request("GET", x).prepare().url) for x in urls]


URLS: Table = {
    "odd URLs: without a scheme or host": lambda r, u: prepared(r, "", "http", "http:", "http:/", "http://", "http:///", "//x/", "/x", "x.test", "http//x", "http:x", "http://?x", "http://#x", "http://:80/", "http://user@/", "http://@/", None, 5, Path("x")),
    "odd URLs: ports": lambda r, u: prepared(r, "http://a:65536/", "http://a:-1/", "http://a: 80/", "http://[::1]:x/", "http://a:/", "http://a:08080/", "http://a:80:80/"),
    "odd URLs: hosts": lambda r, u: prepared(r, "http://-a/", "http://a_b.test/", "http://a b/", "http://*/", "http://*.a/", "http://.a/", "http://a./", "http://A.test/", "http://\u3002/"),
    "odd URLs: hosts that are none": lambda r, u: prepared(r, "http://a..b/", "http://a:0/", "http://xn--/", "http://xn--a/", "http://" + "a" * 64 + ".t\u00e9st/", "http://" + ".".join(["a" * 60] * 5) + "/"),
    "odd URLs: letters for others": lambda r, u: prepared(r, "http://\u24d4xample.test/"),
    "odd URLs: numbers for addresses": lambda r, u: prepared(r, "http://127.1/", "http://0x7f.1/", "http://256.1.1.1/", "http://2130706433/"),
    "odd URLs: brackets": lambda r, u: prepared(r, "http://[::1", "http://::1/", "http://[::g]/", "http://[v1.a]/", "http://[::1]/", "http://[FE80::1]/"),
    "odd URLs: control characters": lambda r, u: prepared(r, "http://a/\n", "http://a/\x00", "http://a/#\n"),
    "odd URLs: control characters in the host": lambda r, u: prepared(r, "http://a\tb/", "http://a\nb/"),
    "odd URLs: two at signs": lambda r, u: prepared(r, "http://a@b@c/"),
    "odd URLs: a backslash": lambda r, u: prepared(r, "http://a\\b/"),
    "odd URLs: beyond ASCII": lambda r, u: prepared(r, "http://a/\u00e9", "http://\u00e9.test/", "http://a?\u00e9#\u00e9", "http://a/\xc3\xa9".encode()),
    "odd URLs: bytes that are no text": lambda r, u: prepared(r, b"http://a/\xff"),
    "odd URLs: of other schemes": lambda r, u: prepared(r, "ftp://a/", "file:///x", "about:blank", "ws://a/", "localhost:80/x"),
    "odd URLs: of other schemes, sent": lambda r, u: [failing(lambda x=x: r.get(x)) for x in ("ftp://a/", "file:///x", "about:blank", "localhost:80/x", "HTTPX://a/")],
    "odd URLs: in capitals": lambda r, u: prepared(r, "HTTP://A.test/B", "hTTps://A.test:444/"),
}  # fmt: skip

NAMES = ["ChunkedEncodingError", "ConnectTimeout", "ConnectionError", "ContentDecodingError", "HTTPError", "InvalidHeader", "InvalidJSONError", "InvalidProxyURL", "InvalidSchema", "InvalidURL", "MissingSchema", "ProxyError", "ReadTimeout", "RequestException", "RetryError", "SSLError", "StreamConsumedError", "Timeout", "TooManyRedirects", "URLRequired", "UnrewindableBodyError"]  # fmt: skip


def caught(call: Callable[[], Any]) -> Any:
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("it did not fail")


def through_pickle(error: Any) -> Any:
    again = pickle.loads(pickle.dumps(error))
    return [type(again).__name__, again.args, again.request, again.response]


def json_through_pickle(library: Any, url: str) -> Any:
    error = caught(library.get(answer(url, body="x")).json)
    again = pickle.loads(pickle.dumps(error))
    return [again.msg, again.doc, again.pos, str(again)]


def of_a_program(library: Any) -> Any:
    class Own(library.exceptions.RequestException):  # type: ignore[misc,name-defined]
        def __init__(self, code: int, **more: Any) -> None:
            self.code = code
            super().__init__("message", **more)

    return [Own(1).code, str(Own(1)), Own(1, response=None).request]


ERRORS: Table = {
    "odd errors: pickled": lambda r, u: [through_pickle(getattr(r.exceptions, n)("m")) for n in NAMES],
    "odd errors: of JSON, pickled": lambda r, u: json_through_pickle(r, u),
    "odd errors: of a status, pickled": lambda r, u: [[e.response.status_code, e.request.method] for e in [pickle.loads(pickle.dumps(caught(r.get(u + "/status/404").raise_for_status)))]],
    "odd errors: their arguments": lambda r, u: [str(r.exceptions.HTTPError("x", response=None, request=None)), r.exceptions.ConnectionError().args, r.exceptions.RequestException("a", "b").args, r.exceptions.RequestException(5, "x").errno],
    "odd errors: as those of the language": lambda r, u: [[isinstance(getattr(r.exceptions, n)("x"), kind) for kind in (OSError, ValueError, TypeError, RuntimeError, ConnectionError, TimeoutError)] for n in NAMES],
    "odd errors: of a program": lambda r, u: of_a_program(r),
    "odd errors: nobody there": lambda r, u: [["127.0.0.1" in str(e), e.request.url, e.response] for e in [caught(lambda: r.get(NOBODY + "/x"))]],
    "odd errors: no such host": lambda r, u: under(lambda: r.get("http://nowhere.invalid/")),
}  # fmt: skip
