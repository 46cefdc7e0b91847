"""h11client/exceptions.py: requests' hierarchy, and the translation into it."""

from __future__ import annotations

import builtins
import errno
import json
import pickle
import socket
import ssl
import subprocess
import sys
from typing import Any

import pytest

import h11client
from h11client import _timeouts, exceptions
from h11client._engine import h11
from h11client._timeouts import Limit, LimitExpired
from h11client._translation import from_protocol_error, from_stream_error
from h11client._transport.network import ConnectFailed
from h11client.exceptions import IncompleteBody, RequestException, Timeout

HIERARCHY = [
    ("RequestException", ["OSError"]),
    ("HTTPError", ["RequestException"]),
    ("ConnectionError", ["RequestException"]),
    ("ProxyError", ["ConnectionError"]),
    ("SSLError", ["ConnectionError"]),
    ("Timeout", ["RequestException"]),
    ("ConnectTimeout", ["ConnectionError", "Timeout"]),
    ("ReadTimeout", ["Timeout"]),
    ("URLRequired", ["RequestException"]),
    ("TooManyRedirects", ["RequestException"]),
    ("MissingSchema", ["RequestException", "ValueError"]),
    ("InvalidSchema", ["RequestException", "ValueError"]),
    ("InvalidURL", ["RequestException", "ValueError"]),
    ("InvalidProxyURL", ["InvalidURL"]),
    ("InvalidHeader", ["RequestException", "ValueError"]),
    ("InvalidJSONError", ["RequestException"]),
    ("JSONDecodeError", ["InvalidJSONError", "json.JSONDecodeError"]),
    ("ChunkedEncodingError", ["RequestException"]),
    ("ContentDecodingError", ["RequestException"]),
    ("ContentTypeError", ["RequestException"]),
    ("StreamConsumedError", ["RequestException", "TypeError"]),
    ("RetryError", ["RequestException"]),
    ("UnrewindableBodyError", ["RequestException"]),
    ("RemoteProtocolError", ["ConnectionError"]),
    ("IncompleteBody", ["ChunkedEncodingError", "RemoteProtocolError"]),
    ("LocalProtocolError", ["RequestException", "ValueError"]),
    ("WriteTimeout", ["Timeout"]),
    ("PoolTimeout", ["ConnectionError", "Timeout"]),
    ("BodyReadTimeout", ["ReadTimeout", "ConnectionError"]),
    ("ResponseTooLarge", ["RequestException"]),
    ("DownloadError", ["RequestException"]),
    ("DigestMismatch", ["DownloadError"]),
]
WARNINGS = [
    ("RequestsWarning", ["Warning"]),
    ("FileModeWarning", ["RequestsWarning", "DeprecationWarning"]),
    ("RequestsDependencyWarning", ["RequestsWarning"]),
]


def base_named(name: str) -> type:
    if name == "json.JSONDecodeError":
        return json.JSONDecodeError
    found = getattr(exceptions, name, None) or getattr(builtins, name)
    assert isinstance(found, type)
    return found


@pytest.mark.parametrize(
    ("name", "bases"), HIERARCHY + WARNINGS, ids=[row[0] for row in HIERARCHY + WARNINGS]
)
def test_each_exception_has_the_promised_bases(name: str, bases: list[str]) -> None:
    assert getattr(exceptions, name).__bases__ == tuple(map(base_named, bases))


def test_the_list_of_exceptions_is_complete() -> None:
    assert sorted(exceptions.__all__) == sorted(name for name, _ in HIERARCHY + WARNINGS)
    own = {
        name
        for name, value in vars(exceptions).items()
        if isinstance(value, type) and issubclass(value, RequestException)
    }
    assert own <= set(exceptions.__all__)


def test_every_exception_is_drawn_in_the_tree() -> None:
    assert exceptions.__doc__ is not None
    for name in exceptions.__all__:
        assert f"{name} " in exceptions.__doc__.replace("\n", " "), name


def make(name: str, **more: Any) -> Any:
    kind = getattr(exceptions, name)
    return kind("no", "{", 1, **more) if name == "JSONDecodeError" else kind("no", **more)


class Asked:
    method = "GET"
    url = "http://a.test/"
    headers: dict[str, str] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Asked)

    __hash__ = None  # type: ignore[assignment]


class Answered:
    status_code = 404
    reason = "Not Found"
    url = "http://a.test/"
    headers: dict[str, str] = {}
    request = Asked()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Answered)

    __hash__ = None  # type: ignore[assignment]


every_exception = pytest.mark.parametrize("name", [name for name, _ in HIERARCHY])


@pytest.mark.safety("4I3")
@every_exception
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_exceptions_survive_pickling_with_what_they_carry(name: str, protocol: int) -> None:
    error = make(name, request=Asked(), response=Answered())
    if isinstance(error, Timeout):
        error.limit = "total"
    if isinstance(error, IncompleteBody):
        error.partial_length = 7
    copy = pickle.loads(pickle.dumps(error, protocol))
    assert type(copy) is type(error)
    assert (copy.args, str(copy)) == (error.args, str(error))
    assert vars(copy) == vars(error)
    assert isinstance(copy.request, Asked)
    assert isinstance(copy.response, Answered)


@every_exception
def test_a_response_brings_its_request_along(name: str) -> None:
    error = make(name, response=Answered())
    assert isinstance(error.request, Asked)
    assert make(name).request is None
    assert make(name).response is None


def test_what_is_particular_to_a_class_can_be_given() -> None:
    assert exceptions.ReadTimeout("no", limit="total").limit == "total"
    assert exceptions.PoolTimeout("no").limit is None
    assert exceptions.IncompleteBody("no", partial_length=3).partial_length == 3
    error = exceptions.JSONDecodeError("Expecting value", "x\ny", 2)
    assert (error.msg, error.doc, error.pos, error.lineno) == ("Expecting value", "x\ny", 2, 2)
    assert str(error) == "Expecting value: line 2 column 1 (char 2)"


def test_json_is_not_loaded_before_its_error_is_asked_for() -> None:
    code = (
        "import sys, h11client.exceptions as e\n"
        "assert 'json' not in sys.modules\n"
        "first = e.JSONDecodeError\n"
        "assert 'json' in sys.modules and e.JSONDecodeError is first\n"
        "assert not {'ssl', 'socket', 'logging', 'typing'} & set(sys.modules)\n"
        "try: e.NothingOfThisName\n"
        "except AttributeError: pass\n"
        "else: raise SystemExit('it has it')\n"
    )
    # Not through the package: what h11client/__init__.py loads is not the subject here.
    stub = "import sys, types; p = types.ModuleType('h11client'); p.__path__ = ['h11client']\n"
    stub += "sys.modules['h11client'] = p\n"
    subprocess.run([sys.executable, "-S", "-c", stub + code], check=True)


def expired(name: str = "read") -> LimitExpired:
    return LimitExpired(Limit(5, name))


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = 18
    error.verify_message = "self-signed certificate"
    return error


RESET = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
TIMED_OUT = TimeoutError(errno.ETIMEDOUT, "Connection timed out")
NO_NAME = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
TLS = ssl.SSLError(1, "wrong version number")
TLS_EOF = ssl.SSLEOFError(8, "it ended without a word")
FILES = OSError(errno.EMFILE, "Too many open files")
ALL = ConnectFailed("127.0.0.1:1: Connection refused; [::1]:1: No route", [REFUSED, FILES])

STREAM_ERRORS = [
    ("pool", expired("pool"), "PoolTimeout", "no connection to a.test:80 became free: the pool"),
    ("pool", expired("total"), "PoolTimeout", "the total limit of 5 s ran out"),
    ("resolve", expired("connect"), "ConnectTimeout", "no connection to a.test:80 was made: the"),
    ("resolve", NO_NAME, "ConnectionError", "no address is known for a.test:80: Name or service"),
    ("resolve", FILES, "ConnectionError", "no address is known for a.test:80: Too many open"),
    ("connect", expired("connect"), "ConnectTimeout", "the connect limit of 5 s ran out"),
    ("connect", expired("total"), "ConnectTimeout", "the total limit of 5 s ran out"),
    ("connect", NO_NAME, "ConnectionError", "no address is known for a.test:80"),
    ("connect", REFUSED, "ConnectionError", "a.test:80 refused the connection"),
    ("connect", TIMED_OUT, "ConnectionError", "no connection to a.test:80: Connection timed out"),
    ("connect", FILES, "ConnectionError", "no connection to a.test:80: Too many open files"),
    ("connect", ALL, "ConnectionError", "no connection to a.test:80: 127.0.0.1:1: Connection"),
    ("tls", expired("connect"), "ConnectTimeout", "no TLS handshake with a.test:80 was finished"),
    ("tls", untrusted(), "SSLError", "certificate of a.test:80 is not trusted: self-signed cert"),
    ("tls", TLS, "SSLError", "no TLS handshake with a.test:80: wrong version number"),
    ("tls", ssl.SSLError("no file"), "SSLError", "no TLS handshake with a.test:80: no file"),
    ("tls", TLS_EOF, "SSLError", "a.test:80 hung up during the TLS handshake: it ended"),
    ("tls", RESET, "ConnectionError", "to a.test:80 broke in the TLS handshake: Connection reset"),
    ("write", expired("write"), "WriteTimeout", "the request was not taken by a.test:80: the"),
    ("write", expired("total"), "WriteTimeout", "the total limit of 5 s ran out"),
    ("write", RESET, "ConnectionError", "to a.test:80 broke while sending: Connection reset"),
    ("write", BrokenPipeError(32, "Broken pipe"), "ConnectionError", "while sending: Broken pipe"),
    ("write", TLS, "SSLError", "TLS with a.test:80 failed: wrong version number"),
    ("read_head", expired("read"), "ReadTimeout", "no response from a.test:80: the read limit"),
    ("read_head", expired("total"), "ReadTimeout", "the total limit of 5 s ran out"),
    ("read_head", RESET, "ConnectionError", "to a.test:80 broke before the response: Connection"),
    ("read_head", TIMED_OUT, "ConnectionError", "broke before the response: Connection timed out"),
    ("read_head", TLS, "SSLError", "TLS with a.test:80 failed: wrong version number"),
    ("read_body", expired("read"), "BodyReadTimeout", "the body from a.test:80 did not go on: the"),
    ("read_body", expired("total"), "BodyReadTimeout", "the total limit of 5 s ran out"),
    ("read_body", RESET, "IncompleteBody", "to a.test:80 broke within the body: Connection reset"),
    ("read_body", TLS, "SSLError", "TLS with a.test:80 failed: wrong version number"),
]


@pytest.mark.safety("4I3")
@pytest.mark.parametrize(
    ("operation", "low_level", "public", "sentence"),
    STREAM_ERRORS,
    ids=[f"{row[0]}-{type(row[1]).__name__}-{row[2]}" for row in STREAM_ERRORS],
)
def test_what_streams_raise_becomes_a_public_exception(
    operation: str, low_level: BaseException, public: str, sentence: str
) -> None:
    with pytest.raises(RequestException) as caught:
        raise from_stream_error(operation, low_level, "a.test:80", partial_length=9) from low_level
    error = caught.value
    assert type(error) is getattr(exceptions, public)
    assert error.__cause__ is low_level
    assert sentence in str(error)
    assert error.nothing_sent == (operation in ("pool", "resolve", "connect", "tls"))
    if isinstance(error, Timeout):
        assert isinstance(low_level, LimitExpired)
        assert error.limit == low_level.limit.name
    if isinstance(error, IncompleteBody):
        assert error.partial_length == 9


PROTOCOL_ERRORS = [
    ("write", h11.LocalProtocolError("too few bytes"), "LocalProtocolError"),
    ("read_head", h11.RemoteProtocolError("illegal status line"), "RemoteProtocolError"),
    ("read_body", h11.RemoteProtocolError("closed within a body"), "IncompleteBody"),
    ("read_head", h11.LocalProtocolError("no"), "LocalProtocolError"),
]


@pytest.mark.safety("4I3")
@pytest.mark.parametrize(
    ("during", "low_level", "public"),
    PROTOCOL_ERRORS,
    ids=[f"{r[0]}-{r[2]}" for r in PROTOCOL_ERRORS],
)
def test_what_h11_raises_becomes_a_public_exception(
    during: str, low_level: Exception, public: str
) -> None:
    error = from_protocol_error(low_level, during=during, partial_length=9)
    assert type(error) is getattr(exceptions, public)
    assert str(error) == str(low_level)
    assert getattr(error, "partial_length", 9) == 9


def test_the_where_is_optional() -> None:
    assert str(from_stream_error("connect", REFUSED)) == "the peer refused the connection"


@pytest.mark.safety("I9")
def test_a_page_of_what_the_peer_sent_is_cut() -> None:
    error = from_protocol_error(h11.RemoteProtocolError("x" * 10_000), during="read_head")
    assert len(str(error)) < 600


def test_an_error_without_words_is_told_by_its_name() -> None:
    error = BrokenPipeError()
    error.errno = errno.EPIPE
    assert str(from_stream_error("write", error)).endswith(": BrokenPipeError")


def test_what_is_not_of_streams_or_h11_is_a_mistake_and_is_not_disguised() -> None:
    with pytest.raises(TypeError, match="ZeroDivisionError"):
        from_stream_error("write", ZeroDivisionError())
    with pytest.raises(TypeError, match="ZeroDivisionError"):
        from_protocol_error(ZeroDivisionError(), during="write")


def test_the_name_timeout_is_caught_and_configured() -> None:
    """Programs written for requests catch `Timeout`; `timeout=` takes the value of that name."""
    assert h11client.Timeout is exceptions.Timeout
    with pytest.raises(h11client.Timeout):
        raise exceptions.BodyReadTimeout("too late", limit="total")
    assert h11client.Timeout(total=30) == _timeouts.Timeout(total=30)
    assert h11client.Timeout(3, 10, None) == _timeouts.Timeout(3, 10, None)
    assert h11client.Timeout(None) == _timeouts.Timeout(None)


@pytest.mark.parametrize("args", [(), ("too late",), ("too late", 5), (OSError(),)])
def test_without_limits_the_name_timeout_is_an_exception(args: tuple[object, ...]) -> None:
    error = h11client.Timeout(*args)
    assert type(error) is exceptions.Timeout
    assert error.args == args
    assert error.limit is None
    assert type(pickle.loads(pickle.dumps(error))) is exceptions.Timeout


def test_only_the_base_of_the_timeouts_makes_limits() -> None:
    assert type(exceptions.ReadTimeout(5)) is exceptions.ReadTimeout
    with pytest.raises(TypeError):
        exceptions.ReadTimeout(total=5)
