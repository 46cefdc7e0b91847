"""The messages, under the name that their module has in requests.

With them what programs that were written for requests import from there, too.
"""

from __future__ import annotations

from h11client._messages.request import PreparedRequest, Request
from h11client._messages.response import Response
from h11client._policies.redirects import REDIRECTS
from h11client.auth import HTTPBasicAuth
from h11client.exceptions import (
    ChunkedEncodingError,
    ConnectionError,
    ContentDecodingError,
    HTTPError,
    InvalidJSONError,
    InvalidURL,
    MissingSchema,
    StreamConsumedError,
)
from h11client.exceptions import JSONDecodeError as RequestsJSONDecodeError
from h11client.exceptions import SSLError as RequestsSSLError
from h11client.structures import CaseInsensitiveDict

__all__ = [
    "DEFAULT_REDIRECT_LIMIT",
    "REDIRECT_STATI",
    "PreparedRequest",
    "Request",
    "Response",
    # at home elsewhere
    "CaseInsensitiveDict",
    "ChunkedEncodingError",
    "ConnectionError",
    "ContentDecodingError",
    "HTTPBasicAuth",
    "HTTPError",
    "InvalidJSONError",
    "InvalidURL",
    "MissingSchema",
    "RequestsJSONDecodeError",
    "RequestsSSLError",
    "StreamConsumedError",
]

REDIRECT_STATI = tuple(sorted(REDIRECTS))
DEFAULT_REDIRECT_LIMIT = 30  # `Session.max_redirects`, unless it is told otherwise
