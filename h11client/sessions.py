"""`Session`, under the name that its module has in requests.

With it what programs that were written for requests import from there, too.
"""

from __future__ import annotations

from h11client._api import session
from h11client._session import Session
from h11client._settings import default_headers
from h11client.adapters import HTTPAdapter
from h11client.cookies import RequestsCookieJar
from h11client.exceptions import (
    ChunkedEncodingError,
    ContentDecodingError,
    InvalidSchema,
    TooManyRedirects,
)
from h11client.models import (
    DEFAULT_REDIRECT_LIMIT,
    REDIRECT_STATI,
    PreparedRequest,
    Request,
    Response,
)
from h11client.structures import CaseInsensitiveDict

__all__ = [
    "Session",
    "default_headers",
    "session",
    # at home elsewhere
    "DEFAULT_REDIRECT_LIMIT",
    "REDIRECT_STATI",
    "CaseInsensitiveDict",
    "ChunkedEncodingError",
    "ContentDecodingError",
    "HTTPAdapter",
    "InvalidSchema",
    "PreparedRequest",
    "Request",
    "RequestsCookieJar",
    "Response",
    "TooManyRedirects",
]
