"""What can go wrong, in one line and as an exit code."""

from __future__ import annotations

from h11client import exceptions

__all__ = [
    "BROKEN_PIPE",
    "FAILED",
    "FILE",
    "INTERRUPTED",
    "STATUS",
    "USAGE",
    "FileFailure",
    "Unfinished",
    "UsageError",
    "exit_code_of",
    "is_unexpected",
    "sentence_of",
]

FAILED = 1
USAGE = 2  # what was asked for cannot be done; as of argparse
CONNECTION = 3
TIMEOUT = 4
TLS = 5
ANSWER = 6
REDIRECTS = 7
FILE = 8
STATUS = 22  # as of curl
INTERRUPTED = 128 + 2  # what shells say of programs that SIGINT has ended
BROKEN_PIPE = 128 + 13  # the same of SIGPIPE


class UsageError(Exception):
    """What was said cannot be meant."""


class FileFailure(Exception):
    """A file could not be read or written, or is not what it should be."""

    @classmethod
    def of(cls, error: OSError, path: str) -> FileFailure:
        """What the system's `error` means for the file."""
        return cls(f"{path}: {error.strerror or error}")


class Unfinished(Exception):
    """A download that `error` has ended, and a `hint` what is left of it."""

    def __init__(self, error: BaseException, hint: str) -> None:
        super().__init__(error, hint)
        self.error = error
        self.hint = hint


# The first row that fits decides: several classes have more than one base.
_CODES: tuple[tuple[tuple[type[BaseException], ...], int], ...] = (
    ((UsageError,), USAGE),
    ((exceptions.Timeout,), TIMEOUT),
    ((exceptions.SSLError,), TLS),
    ((exceptions.RemoteProtocolError, exceptions.ChunkedEncodingError), ANSWER),
    ((exceptions.ContentDecodingError,), ANSWER),
    ((exceptions.ConnectionError,), CONNECTION),
    ((exceptions.TooManyRedirects,), REDIRECTS),
    ((exceptions.HTTPError,), STATUS),
    ((FileFailure, exceptions.DownloadError), FILE),
    ((exceptions.RequestException,), FAILED),
    ((BrokenPipeError,), BROKEN_PIPE),
    ((OSError,), FILE),
    ((KeyboardInterrupt,), INTERRUPTED),
)
# What was wrong with the request itself, before there was any answer.
_OF_THE_REQUEST = (
    exceptions.InvalidURL,
    exceptions.InvalidHeader,
    exceptions.InvalidSchema,
    exceptions.MissingSchema,
    exceptions.LocalProtocolError,
)


def exit_code_of(error: BaseException) -> int:
    """The exit code of a program that `error` ends; docs/client/command-line.md has the table."""
    if isinstance(error, Unfinished):
        return exit_code_of(error.error)
    if isinstance(error, _OF_THE_REQUEST):
        return USAGE if getattr(error, "response", None) is None else ANSWER
    for kinds, code in _CODES:
        if isinstance(error, kinds):
            return code
    return FAILED


def is_unexpected(error: BaseException) -> bool:
    """Whether it is a mistake of the program's own."""
    if isinstance(error, Unfinished):
        return is_unexpected(error.error)
    return not isinstance(error, (UsageError, FileFailure, OSError, KeyboardInterrupt))


def sentence_of(error: BaseException) -> str:
    """What `error` says, in one line."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and not isinstance(error, exceptions.RequestException):
        where = "" if error.filename is None else f"{error.filename}: "
        return f"{where}{error.strerror or error}"
    return f"{type(error).__name__}: {text}" if is_unexpected(error) or not text else text
