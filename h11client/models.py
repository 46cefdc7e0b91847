"""The messages, under the name that their module has in requests."""

from __future__ import annotations

from h11client._messages.request import PreparedRequest, Request
from h11client._messages.response import Response
from h11client._policies.redirects import REDIRECTS

__all__ = ["DEFAULT_REDIRECT_LIMIT", "REDIRECT_STATI", "PreparedRequest", "Request", "Response"]

REDIRECT_STATI = tuple(sorted(REDIRECTS))
DEFAULT_REDIRECT_LIMIT = 30  # `Session.max_redirects`, unless it is told otherwise
