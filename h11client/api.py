"""The functions of the top level, under the name that their module has in requests."""

from __future__ import annotations

from h11client._api import delete, get, head, options, patch, post, put, request
from h11client._messages.response import Response

__all__ = ["Response", "delete", "get", "head", "options", "patch", "post", "put", "request"]
