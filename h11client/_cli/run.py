"""The program: arguments, the call, its answer, an exit code."""

from __future__ import annotations

import io
import os
import signal
import sys
from contextlib import contextmanager

from h11client._cli.terminal import Terminal, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, TextIO

    from h11client import Response, Session
    from h11client._cli.arguments import Arguments
    from h11client._cli.heads import Conversation
    from h11client._cli.sending import Sending

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the program with these arguments, else with those of the process; its exit code.

    What goes wrong is one line on standard error.
    """
    out, err = Terminal(_usable(sys.stdout)), Terminal(_usable(sys.stderr))
    with _one_interruption():
        try:
            code = _run(sys.argv[1:] if arguments is None else arguments, out, err)
            out.file.flush()
            return code
        except BaseException as error:
            return _tell(error, err)


@contextmanager
def _one_interruption() -> Iterator[None]:
    """Lets the first Ctrl-C end the program, and no other one disturb how it ends."""

    def interrupt(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    # Who has told it to ignore SIGINT, a shell for what runs in its background, means it.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    yield
    if signal.getsignal(signal.SIGINT) is interrupt:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class _Nowhere(io.RawIOBase):
    """In the place of a standard stream that is closed."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


def _usable(file: TextIO | None) -> TextIO:
    """A standard stream that takes any text."""
    if file is None:
        return io.TextIOWrapper(io.BufferedWriter(_Nowhere()), encoding="utf-8")
    if isinstance(file, io.TextIOWrapper):
        file.reconfigure(errors="backslashreplace")
    return file


def _run(arguments: Sequence[str], out: Terminal, err: Terminal) -> int:
    # Loaded here, so that Ctrl-C ends this without a traceback too.
    from h11client._cli.arguments import HELP, parse_arguments
    from h11client._cli.failures import is_unexpected
    from h11client._version import __version__

    given = parse_arguments(arguments)
    if given.help:
        out.write(HELP)
    elif given.version:
        out.write(f"h11client {__version__}\n")
    else:
        try:
            _call(given, out, err)
        except Exception as error:
            if given.verbose and is_unexpected(error):
                from traceback import format_exception

                err.write("".join(format_exception(error)))
            raise
    return 0


def _call(given: Arguments, out: Terminal, err: Terminal) -> None:
    """Sends the request, and puts what comes where it is to go."""
    from h11client._cli.sending import Sending, standard_input
    from h11client._cli.settings import make_session

    with Sending(given, standard_input()) as sending, make_session(given) as session:
        if given.curl:
            from h11client._cli.as_curl import curl_line

            out.write(curl_line(session, sending, given) + "\n")
            return
        options = _options_of(given)
        conversation = _make_conversation(session, given, err) if given.verbose else None
        if conversation is not None:
            options["on_informational"] = conversation.show_informational
        with _cookies_kept(session, given):
            response = _receive(session, sending, given, out, err, options)
        if conversation is not None:
            conversation.show_timings(response.timings)


def _options_of(given: Arguments) -> dict[str, Any]:
    """The options of the call that are not about the request itself."""
    options: dict[str, Any] = {"allow_redirects": not given.no_follow}
    if given.retry is not None:
        from h11client import Retry

        # When none is left, the last answer is shown like any other.
        options["retries"] = Retry(given.retry, raise_on_status=False) if given.retry else None
    return options


def _make_conversation(session: Session, given: Arguments, err: Terminal) -> Conversation:
    """What shows every exchange of the session."""
    from h11client._cli.heads import Conversation

    adapter = session.get_adapter("https://")
    conversation = Conversation(adapter, err, show_secrets=given.show_secrets)
    session.mount("https://", conversation)
    session.mount("http://", conversation)
    session.on_event = conversation.watch
    return conversation


def _receive(
    session: Session,
    sending: Sending,
    given: Arguments,
    out: Terminal,
    err: Terminal,
    options: dict[str, Any],
) -> Response:
    """The response to the call, once its body has been written."""
    if not given.is_saved:
        with _ask(session, sending, options) as response:
            if given.fail:
                response.raise_for_status()
            _print(response, given, out, err)
        return response
    from h11client._cli.saving import download, is_download, save_response, shown_bar

    if is_download(given, sending):
        last: Response = download(session, sending, given, err, options).response
        return last
    with shown_bar(given, err, options), _ask(session, sending, options) as response:
        response.raise_for_status()
        save_response(response, given)
    return response


def _ask(session: Session, sending: Sending, options: dict[str, Any]) -> Response:
    return session.request(sending.method, sending.url, stream=True, **sending.keywords, **options)


def _print(response: Response, given: Arguments, out: Terminal, err: Terminal) -> None:
    from h11client._cli.printing import BinaryBody, print_response, write_response

    if not out.is_tty:
        write_response(response, given, out.file.buffer)
        return
    try:
        print_response(response, given, out)
    except BinaryBody:
        kind = response.headers.get("Content-Type", "of no type")
        size = response.headers.get("Content-Length")
        told = kind if size is None else f"{kind}, {size} bytes"
        _say(err, f"the body is no text ({told}): -o FILE saves it, --raw writes it anyway")


@contextmanager
def _cookies_kept(session: Session, given: Arguments) -> Iterator[None]:
    """Saves the cookies afterwards, also when the answer was an error."""
    from h11client._cli.settings import save_session
    from h11client.exceptions import HTTPError

    try:
        yield
    except HTTPError:
        save_session(session, given)
        raise
    save_session(session, given)


# --- what went wrong ---------------------------------------------------------------------------


def _say(err: Terminal, text: str) -> None:
    try:
        err.write(f"h11client: {visible(text)}\n")
    except OSError:
        pass  # there is nobody to be told


def _tell(error: BaseException, err: Terminal) -> int:
    """Says what has ended the program, and returns its exit code."""
    from h11client._cli.failures import BROKEN_PIPE, Unfinished, exit_code_of, sentence_of
    from h11client.exceptions import RequestException

    hint = ""
    if isinstance(error, Unfinished):
        hint = f"; {error.hint}" if error.hint else ""
        error = error.error
    if isinstance(error, OSError) and not isinstance(error, RequestException):
        # It is about standard output. What is left in its buffer goes nowhere: Python would say so
        # at its end, in lines of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    code = exit_code_of(error)
    if code != BROKEN_PIPE:  # nobody reads any more, and nobody has to be told
        _say(err, sentence_of(error) + hint)
    return code
