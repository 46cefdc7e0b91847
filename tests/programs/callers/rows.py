"""Makes the calls of a table and tells what came of each, in words that both libraries share."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

Table = dict[str, Callable[..., Any]]

ERRORS = [
    "ChunkedEncodingError", "ConnectTimeout", "ConnectionError", "ContentDecodingError", "HTTPError",
    "InvalidHeader", "InvalidJSONError", "InvalidProxyURL", "InvalidSchema", "InvalidURL",
    "JSONDecodeError", "MissingSchema", "ProxyError", "ReadTimeout", "RequestException", "RetryError",
    "SSLError", "StreamConsumedError", "Timeout", "TooManyRedirects", "URLRequired",
    "UnrewindableBodyError",
]  # fmt: skip


def slug(row: str) -> str:
    """The name of a row as a segment of a path."""
    return re.sub(r"[^a-z0-9]+", "-", row.lower())


def make(table: Table, url: str) -> dict[str, Any]:
    """Every row's outcome. A row is called with the library and the URL of its own resources."""
    import requests

    warnings.simplefilter("ignore")  # of connections that are not verified
    return {row: outcome(call, requests, f"{url}/{slug(row)}") for row, call in table.items()}


def outcome(call: Callable[..., Any], library: Any, url: str) -> Any:
    try:
        return told(call(library, url))
    except (AttributeError, ImportError, NameError):
        raise  # a row of the table is wrong
    except Exception as error:
        return {"raised": kinds(library, error)}


def failing(call: Callable[[], Any]) -> Any:
    """What a part of a row gives or raises, so that its other parts are made, too."""
    import requests

    try:
        return told(call())
    except Exception as error:
        return kinds(requests, error)


def session_with(library: Any, **attributes: Any) -> Any:
    """A session with these attributes assigned."""
    session = library.Session()
    for name, value in attributes.items():
        setattr(session, name, value)
    return session


def answer(url: str, **parts: Any) -> str:
    """The URL of an answer to be: see the service's `answer`. Lists repeat their part."""
    pairs = [
        (name, value)
        for name, values in parts.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    return f"{url}/answer?{urlencode(pairs, encoding='latin-1')}"


def kinds(library: Any, error: BaseException) -> list[str]:
    """What the error is, of all that a caller of requests may catch."""
    found = [name for name in ERRORS if isinstance(error, getattr(library.exceptions, name))]
    others = (
        ValueError,
        TypeError,
        AttributeError,
        RuntimeError,
        KeyError,
        OSError,
        AssertionError,
    )
    found += [kind.__name__ for kind in others if isinstance(error, kind)]
    return found if found else [type(error).__name__]


def carried(library: Any, call: Callable[[], Any]) -> Any:
    """The request and the response that an error has."""
    try:
        call()
    except library.exceptions.RequestException as error:
        return [
            error.request is None or error.request.method,
            None if error.response is None else error.response.status_code,
        ]
    raise AssertionError("it did not fail")


def told(found: Any) -> Any:
    """A value as JSON can hold it; a response by what its caller sees first."""
    if hasattr(found, "status_code"):
        return {
            "status": found.status_code,
            "reason": found.reason,
            "ok": found.ok,
            "url": found.url,
            "text": found.text,
            "history": [passed.status_code for passed in found.history],
            "method": found.request.method,
        }
    if isinstance(found, (bytes, bytearray)):
        return {"bytes": found.hex()}
    if isinstance(found, timedelta):
        return "a time"
    if isinstance(found, dict):
        return {str(key): told(value) for key, value in found.items()}
    if isinstance(found, (list, tuple)):
        return [told(value) for value in found]
    if found is None or isinstance(found, (str, int, float, bool)):
        return found
    return f"a {type(found).__name__}"
