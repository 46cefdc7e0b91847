"""Debug lines to the logger "h11client", at no cost for programs which do not log.

A program that never imported `logging` cannot have configured it, so nothing is lost by saying
nothing; and importing `logging` for it would cost more than the request that it describes.
"""

from __future__ import annotations

import sys

__all__ = ["debug"]

_modules = sys.modules


def debug(message: str, *args: object) -> None:
    """Logs one debug line; `args` fill the `%s` of `message` and never hold a secret."""
    logging = _modules.get("logging")
    # `getattr`: another thread may be in the middle of importing it.
    get_logger = None if logging is None else getattr(logging, "getLogger", None)
    if get_logger is not None:
        get_logger("h11client").debug(message, *args, stacklevel=2)
