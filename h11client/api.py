"""The functions of the top level, under the name that their module has in requests."""

from __future__ import annotations

from h11client._api import delete, get, head, options, patch, post, put, request

__all__ = ["delete", "get", "head", "options", "patch", "post", "put", "request"]
