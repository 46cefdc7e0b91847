"""`Session`, under the name that its module has in requests."""

from __future__ import annotations

from h11client._api import session
from h11client._session import Session
from h11client._settings import default_headers

__all__ = ["Session", "default_headers", "session"]
