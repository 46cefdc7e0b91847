"""What a prepared request can be shown as."""

from __future__ import annotations

__all__ = ["Shown"]


class Shown:
    """`to_curl`, which loads what it needs when it is asked."""

    __slots__ = ()

    def to_curl(self, *, show_secrets: bool = False) -> str:
        """The request as a command for curl in a POSIX shell, with the headers that are sent.

        Passwords, cookies, tokens and the like are masked in headers, URL and body unless
        `show_secrets`; then the command sends what we do. A body that is not there any more, like
        that of an iterator, and one of more than 1 MiB, is taken from standard input.
        """
        from h11client._messages.curl import curl_command

        return curl_command(self, show_secrets)
