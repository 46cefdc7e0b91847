"""That the campaign would find a leak: every form of a secret, and every channel it could take."""

from __future__ import annotations

import base64
import functools
import logging
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from h11client import _log
from h11client._messages.headers import Headers
from h11client._messages.request import PreparedRequest
from h11client._transport.connection import Connection
from h11client._transport.proxies import Proxy
from h11client._watching import Event
from tests.secrets.events_around import EVENTS
from tests.secrets.forms import ODD, PLAIN, forms_of, leaks, told_on_the_wire
from tests.secrets.places import plant
from tests.secrets.test_secrets import run, surroundings
from tests.secrets.witness import Witness

FORMS: list[Callable[[str], str]] = [
    str,
    str.lower,
    str.upper,
    lambda secret: quote(secret, safe=""),
    lambda secret: quote(secret).lower(),
    lambda secret: secret.encode().hex(),
    lambda secret: repr(secret.encode()),
    lambda secret: base64.b64encode(f"user:{secret}".encode()).decode(),
    lambda secret: base64.b64encode(f"another one:{secret}".encode()).decode(),
    lambda secret: base64.b64encode(f"ab:{secret}, and more".encode()).decode(),
    lambda secret: base64.b64encode(f"{secret}:x-oauth-basic".encode()).decode(),
    lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
]


@pytest.mark.parametrize("secret", [PLAIN, ODD])
@pytest.mark.parametrize("form", range(len(FORMS)))
def test_a_secret_is_found_in_every_form(form: int, secret: str) -> None:
    text = f"before{FORMS[form](secret)}behind"
    assert leaks([("somewhere", text)], forms_of(secret))
    assert not leaks([("somewhere", "***, Pl4nted, S3cret")], forms_of(secret))


def test_what_was_sent_is_known_as_it_was_sent() -> None:
    wire = (
        b"GET / HTTP/1.1\r\nAuthorization: Basic abc=\r\ncookie: a=b\r\n"
        b'PROXY-AUTHORIZATION: Digest username="u", response="0123456789abcdef", nc=1\r\n\r\n'
    )
    assert list(told_on_the_wire(wire)) == ["abc=", "a=b", "0123456789abcdef"]


def _chain(secret: str) -> BaseException:
    error = ValueError("wrong")
    error.__cause__ = OSError("because")
    error.__cause__.__context__ = UnicodeEncodeError("ascii", secret, 0, 1, "no")
    return error


def _with_traceback(secret: str) -> BaseException:
    try:
        raise KeyError(secret)
    except KeyError as error:
        return error


class Attributed(Exception):
    """Holds it in an attribute."""

    def __init__(self, secret: str) -> None:
        super().__init__("wrong")
        self.url = f"http://user:{secret}@a.test"


ERRORS: dict[str, Callable[[str], BaseException]] = {
    "text": lambda secret: ValueError(f"wrong: {secret}"),
    "an argument": lambda secret: OSError(1, "wrong", secret),
    "an attribute": Attributed,
    "what it was caused by": _chain,
    "traceback": _with_traceback,
}


@pytest.mark.parametrize("what", ERRORS)
def test_a_secret_is_found_in_an_error(what: str) -> None:
    witness = Witness()
    witness.look_at("error", ERRORS[what](PLAIN))
    assert leaks(witness.texts, forms_of(PLAIN))


def test_a_secret_is_found_in_a_note() -> None:
    witness, error = Witness(), ValueError("wrong")
    error.__notes__ = [f"with {PLAIN}"]  # as add_note() does, where there is one
    witness.look_at("error", error)
    assert leaks(witness.texts, forms_of(PLAIN))


class Dropped:
    """Fails when it is collected."""

    def __del__(self) -> None:
        raise ValueError(PLAIN)


def _thread(name: str = "", target: Callable[[], object] | None = None) -> None:
    thread = threading.Thread(target=target, name=name or None)
    thread.start()
    thread.join()


def _fails() -> None:
    raise ValueError(PLAIN)


CHANNELS: dict[str, Callable[[], object]] = {
    "a line of the log": lambda: logging.getLogger("h11client").debug("with %s", PLAIN),
    "a line of somebody else's": lambda: logging.getLogger("other").info("with %s", PLAIN),
    "an argument that is not shown": lambda: logging.getLogger("h").debug("%.2s", PLAIN),
    "a traceback in the log": lambda: _log.error("failed", _with_traceback(PLAIN)),
    "standard output": lambda: print(PLAIN),
    "standard error": lambda: print(PLAIN, file=sys.stderr),
    "a warning": lambda: warnings.warn(PLAIN, stacklevel=1),
    "a finaliser": lambda: Dropped() and None,
    "a thread that fails": lambda: _thread(target=_fails),
}


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_secret_is_found_in_every_channel(channel: str) -> None:
    witness = Witness()
    with witness.watching():
        CHANNELS[channel]()
    assert leaks(witness.texts, forms_of(PLAIN))


def test_a_secret_is_found_in_the_name_of_a_thread() -> None:
    witness = Witness()
    _thread(PLAIN, functools.partial(witness.on_event, Event("pool", 0.0, "http://a.test", False)))
    assert leaks(witness.texts, forms_of(PLAIN))


# --- loose tongues ------------------------------------------------------------------------------


def _shows_its_headers(request: PreparedRequest) -> str:
    return f"<PreparedRequest {dict(request.headers)}>"


def _shows_its_auth(proxy: Proxy) -> str:
    return f"<Proxy {proxy.auth and proxy.auth.user_password()}>"


def _shows_its_values(headers: Headers) -> str:
    return repr(dict(headers))


def _shows_its_proxy(connection: Connection) -> str:
    return f"<Connection {connection.route.proxy and connection.route.proxy.auth.credentials()}>"


TONGUES: list[tuple[Any, str, Any, str, str]] = [
    (PreparedRequest, "__repr__", _shows_its_headers, "HTTPBearerAuth", "success"),
    (Headers, "__repr__", _shows_its_values, "Authorization of the call, bytes", "success"),
    (Headers, "__repr__", _shows_its_values, "cookies of the session", "refused"),
    (Headers, "__str__", _shows_its_values, "Set-Cookie", "too many redirects"),
    (Proxy, "__repr__", _shows_its_auth, "Proxy with auth=", "407 from a proxy that forwards"),
    (Connection, "__repr__", _shows_its_proxy, "proxies of the call", "no answer in time"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("owner", "name", "tongue", "where", "event"),
    TONGUES,
    ids=[f"{row[0].__name__}, {row[3]}, {row[4]}" for row in TONGUES],
)
def test_the_campaign_finds_what_would_tell_a_secret(
    owner: Any,
    name: str,
    tongue: Any,
    where: str,
    event: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owner, name, tongue)
    setup, secret = plant(where)
    witness = Witness()
    with surroundings(setup, tmp_path, monkeypatch):
        run(setup, EVENTS[event], witness)
    assert leaks(witness.texts, forms_of(secret))
