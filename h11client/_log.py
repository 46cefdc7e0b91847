"""Debug lines to the logger "h11client", at no cost for programs which do not log.

A program that never imported `logging` cannot have configured it, so nothing is lost by saying
nothing; and importing `logging` for it would cost more than the request that it describes.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger

__all__ = ["debug", "error", "warn_uncalled"]

_DEBUG = 10  # logging.DEBUG, which is not worth an import
_modules = sys.modules
_logger: Logger | None = None


def debug(message: str, *args: object) -> None:
    """Logs one debug line; `args` fill the `%s` of `message` and never hold a secret."""
    logger = _logger
    if logger is None and "logging" in _modules:  # or else it costs no further call
        logger = _find_logger()
    if logger is not None and logger.isEnabledFor(_DEBUG):
        logger.debug(message, *args, stacklevel=2)


def warn_uncalled(kind: type, names: frozenset[str]) -> None:
    """Warns of methods that a class written for requests has, and that nothing calls here."""
    for name in sorted(names & vars(kind).keys()):
        from warnings import warn

        warn(f"nothing calls {kind.__name__}.{name}(): see docs/migrating.md", stacklevel=3)


def error(message: str, failure: BaseException) -> None:
    """Logs what must not be lost and could not be raised, with its traceback."""
    from logging import getLogger

    getLogger("h11client").error(message, exc_info=failure, stacklevel=2)


def _find_logger() -> Logger | None:
    global _logger
    # `getattr`: another thread may be in the middle of importing it.
    get_logger = getattr(_modules.get("logging"), "getLogger", None)
    if get_logger is not None:
        _logger = get_logger("h11client")
    return _logger
