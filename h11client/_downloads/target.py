"""Where a download is to end up, as far as that is known before there is an answer."""

from __future__ import annotations

import os
import stat

from h11client._downloads.names import (
    MAX_NAME,
    name_from_disposition,
    name_from_url,
    plain_name,
    shortened,
)
from h11client._downloads.partial import partial_path
from h11client._downloads.ranges import fingerprint
from h11client.exceptions import DownloadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Target"]


class Target:
    """The file `path`, or one in the directory `path` that the server, or the URL, gives its name.

    A file is replaced when the download is whole, in a directory nothing ever is. `partial` is
    where what has come is kept. Raises `DownloadError` for what can be no file.
    """

    __slots__ = ("_folder", "_url", "mode", "partial", "path")

    def __init__(self, path: str | os.PathLike[str] | bytes, url: str) -> None:
        given = os.fsdecode(path)
        if not given:
            raise ValueError("download() needs the path of a file or a directory")
        self._url = url
        self.mode: int | None = None  # of a file that will be replaced
        self._folder = given if os.path.isdir(given) else None
        self.path: str | None = None
        if self._folder is not None:
            # The name has to be known before the answer, and another one for every URL.
            name = shortened(name_from_url(url), MAX_NAME)
            self.partial = partial_path(os.path.join(given, f"{name}.{fingerprint(url)[:8]}"))
            return
        # Through a link, as if the file itself were opened.
        self.path = os.path.realpath(given) if os.path.islink(given) else given
        self.partial = partial_path(self.path)
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            if not os.path.basename(self.path):
                raise DownloadError(f"there is no directory {given!r}", path=given) from None
        except OSError as error:
            raise DownloadError.of(error, f"{given!r} cannot be written", given) from error
        else:
            if not stat.S_ISREG(found.st_mode):
                raise DownloadError(f"{given!r} is not a file that could be replaced", path=given)
            self.mode = stat.S_IMODE(found.st_mode)

    @property
    def may_replace(self) -> bool:
        """Whether a file of that name may be there already."""
        return self._folder is None

    def find_name(self, response: Any, known: str | None = None) -> str | None:
        """The name for what `response` begins with, in a directory; `known` one from before.

        Raises `DownloadError` when that name is taken.
        """
        if self._folder is None:
            return None
        name = plain_name(known or "") or name_from_disposition(response.headers)
        name = name or name_from_url(self._url)
        self.path = os.path.join(self._folder, name)
        if os.path.lexists(self.path):
            raise DownloadError(
                f"{self.path!r} is there already, and in a directory nothing is replaced",
                path=self.path,
                response=response,
            )
        return name
