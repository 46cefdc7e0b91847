"""One call without a session: each of these makes one, uses it once and closes it.

Whoever makes several requests to the same place uses a `Session`, which keeps its connections.
"""

from __future__ import annotations

from h11client._session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

    from typing_extensions import Unpack

    from h11client._call_options import CallOptions, DownloadOptions, NoBody, NoData, NoParams
    from h11client._downloads.digests import DigestArgument
    from h11client._downloads.download import Download
    from h11client._messages.body import Data
    from h11client._messages.response import Response
    from h11client._messages.url import Params
    from h11client._progress import OnProgress

__all__ = [
    "delete",
    "download",
    "get",
    "head",
    "options",
    "patch",
    "post",
    "put",
    "request",
    "session",
]


def request(method: str | bytes, url: str | bytes, **options: Unpack[CallOptions]) -> Response:
    """Sends one request; `options` are those of `Session.request`."""
    with Session() as session:
        return session.request(method, url, **options)


def get(url: str | bytes, params: Params = None, **options: Unpack[NoParams]) -> Response:
    """Sends one GET request; `options` are those of `Session.request`."""
    return request("GET", url, params=params, **options)


def options(url: str | bytes, **options: Unpack[CallOptions]) -> Response:
    """Sends one OPTIONS request; `options` are those of `Session.request`."""
    return request("OPTIONS", url, **options)


def head(url: str | bytes, **options: Unpack[CallOptions]) -> Response:
    """Sends one HEAD request; redirects are not followed unless `allow_redirects` says so."""
    options.setdefault("allow_redirects", False)
    return request("HEAD", url, **options)


def post(
    url: str | bytes, data: Data = None, json: object = None, **options: Unpack[NoBody]
) -> Response:
    """Sends one POST request; `options` are those of `Session.request`."""
    return request("POST", url, data=data, json=json, **options)


def put(url: str | bytes, data: Data = None, **options: Unpack[NoData]) -> Response:
    """Sends one PUT request; `options` are those of `Session.request`."""
    return request("PUT", url, data=data, **options)


def patch(url: str | bytes, data: Data = None, **options: Unpack[NoData]) -> Response:
    """Sends one PATCH request; `options` are those of `Session.request`."""
    return request("PATCH", url, data=data, **options)


def delete(url: str | bytes, **options: Unpack[CallOptions]) -> Response:
    """Sends one DELETE request; `options` are those of `Session.request`."""
    return request("DELETE", url, **options)


def download(
    url: str | bytes,
    path: str | bytes | os.PathLike[str],
    *,
    resume: bool = True,
    digest: DigestArgument = None,
    progress: OnProgress | None = None,
    **options: Unpack[DownloadOptions],
) -> Download:
    """Downloads `url` into the file or directory `path`; see `Session.download`."""
    with Session() as session:
        return session.download(
            url, path, resume=resume, digest=digest, progress=progress, **options
        )


def session() -> Session:
    """A new session, as `requests.session()` makes one.

    >>> session().close()
    """
    return Session()
