"""Each Python client's own way to do the same work: small requests, streamed bodies, many threads.

Every adapter uses its client as the client's documentation shows it, with default settings and one
session (or handle) kept for all requests. An adapter returns what shows that the work was done:
status and body of a small request, the number of bytes of a download, the status of an upload.
"""

from __future__ import annotations

import importlib
import ssl
from urllib.parse import urlsplit

from benchmarks import samples

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

BLOCK = 64 * 1024  # what a caller asks for at once when it streams
UPLOAD_BLOCK = samples.payload(BLOCK)


class Client:
    """The interface of all adapters; what is not offered is reported as not measured."""

    module = ""

    def __init__(self) -> None:
        self.library: Any = importlib.import_module(self.module)

    def version(self) -> str:
        return str(getattr(self.library, "__version__", ""))

    def trust(self, ca: str) -> None:
        """Take the certificates of a file for those of authorities."""
        raise NotImplementedError("no adapter for TLS")

    def share(self, threads: int) -> None:
        """Be ready for so many threads at once: their connections are to be kept."""

    def get(self, url: str) -> tuple[int, bytes]:
        raise NotImplementedError("no adapter for this work")

    def get_with(self, url: str, headers: dict[str, str], params: dict[str, str]) -> bytes:
        raise NotImplementedError("no adapter for this work")

    def post_json(self, url: str, document: Any) -> bytes:
        raise NotImplementedError("no adapter for this work")

    def download(self, url: str) -> int:
        raise NotImplementedError("no adapter for this work")

    def gunzip(self, url: str) -> int:
        """A download that comes compressed: the number of bytes after decoding."""
        return self.download(url)

    def upload(self, url: str, blocks: int) -> int:
        """Send blocks of a generator, of which nobody knows how many will come."""
        raise NotImplementedError("no adapter for this work")

    def upload_bytes(self, url: str, data: bytes) -> int:
        raise NotImplementedError("no adapter for this work")

    def upload_file(self, url: str, path: str) -> int:
        raise NotImplementedError("no adapter for this work")


def blocks_of(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield UPLOAD_BLOCK


class SessionClient(Client):
    """requests and what is written in its words."""

    def __init__(self) -> None:
        super().__init__()
        self.session = self.library.Session()

    def trust(self, ca: str) -> None:
        self.session.verify = ca

    def get(self, url: str) -> tuple[int, bytes]:
        response = self.session.get(url)
        return response.status_code, response.content

    def get_with(self, url: str, headers: dict[str, str], params: dict[str, str]) -> bytes:
        body: bytes = self.session.get(url, headers=headers, params=params).content
        return body

    def post_json(self, url: str, document: Any) -> bytes:
        body: bytes = self.session.post(url, json=document).content
        return body

    def download(self, url: str) -> int:
        size = 0
        with self.session.get(url, stream=True) as response:
            for block in response.iter_content(BLOCK):
                size += len(block)
        return size

    def upload(self, url: str, blocks: int) -> int:
        response = self.session.post(url, data=blocks_of(blocks))
        return int(response.status_code)

    def upload_bytes(self, url: str, data: bytes) -> int:
        return int(self.session.post(url, data=data).status_code)

    def upload_file(self, url: str, path: str) -> int:
        with open(path, "rb") as file:
            return int(self.session.post(url, data=file).status_code)


class Ours(SessionClient):
    module = "h11client"


class Requests(SessionClient):
    module = "requests"

    def share(self, threads: int) -> None:
        adapter = self.library.adapters.HTTPAdapter(pool_maxsize=threads)
        self.session.mount("http://", adapter)


class Niquests(SessionClient):
    module = "niquests"


class Urllib3(Client):
    module = "urllib3"

    def __init__(self) -> None:
        super().__init__()
        self.pool = self.library.PoolManager()

    def trust(self, ca: str) -> None:
        self.pool = self.library.PoolManager(ca_certs=ca)

    def share(self, threads: int) -> None:
        self.pool = self.library.PoolManager(maxsize=threads)

    def get(self, url: str) -> tuple[int, bytes]:
        response = self.pool.request("GET", url)
        return response.status, response.data

    def get_with(self, url: str, headers: dict[str, str], params: dict[str, str]) -> bytes:
        body: bytes = self.pool.request("GET", url, headers=headers, fields=params).data
        return body

    def post_json(self, url: str, document: Any) -> bytes:
        body: bytes = self.pool.request("POST", url, json=document).data
        return body

    def download(self, url: str) -> int:
        response = self.pool.request("GET", url, preload_content=False)
        size = 0
        for block in response.stream(BLOCK):
            size += len(block)
        response.release_conn()
        return size

    def upload(self, url: str, blocks: int) -> int:
        response = self.pool.request("POST", url, body=blocks_of(blocks))
        return int(response.status)

    def upload_bytes(self, url: str, data: bytes) -> int:
        return int(self.pool.request("POST", url, body=data).status)


class Httpx(Client):
    module = "httpx"

    def __init__(self) -> None:
        super().__init__()
        self.client = self.library.Client()

    def trust(self, ca: str) -> None:
        self.client = self.library.Client(verify=ssl.create_default_context(cafile=ca))

    def get(self, url: str) -> tuple[int, bytes]:
        response = self.client.get(url)
        return response.status_code, response.content

    def get_with(self, url: str, headers: dict[str, str], params: dict[str, str]) -> bytes:
        body: bytes = self.client.get(url, headers=headers, params=params).content
        return body

    def post_json(self, url: str, document: Any) -> bytes:
        body: bytes = self.client.post(url, json=document).content
        return body

    def download(self, url: str) -> int:
        size = 0
        with self.client.stream("GET", url) as response:
            for block in response.iter_bytes():
                size += len(block)
        return size

    def upload(self, url: str, blocks: int) -> int:
        return int(self.client.post(url, content=blocks_of(blocks)).status_code)


class Httpx2(Httpx):
    module = "httpx2"


class HttpClient(Client):
    module = "http.client"

    def __init__(self) -> None:
        super().__init__()
        self.connection: Any = None

    def version(self) -> str:
        return ""

    def request(self, method: str, url: str, body: Any = None) -> Any:
        parts = urlsplit(url)
        if self.connection is None:
            self.connection = self.library.HTTPConnection(parts.hostname, parts.port)
        headers = {} if body is None else {"Transfer-Encoding": "chunked"}
        self.connection.request(
            method, parts.path, body=body, headers=headers, encode_chunked=body is not None
        )
        return self.connection.getresponse()

    def get(self, url: str) -> tuple[int, bytes]:
        response = self.request("GET", url)
        return response.status, response.read()

    def download(self, url: str) -> int:
        response = self.request("GET", url)
        size = 0
        while block := response.read(BLOCK):
            size += len(block)
        return size

    def upload(self, url: str, blocks: int) -> int:
        response = self.request("POST", url, body=blocks_of(blocks))
        response.read()
        return int(response.status)
