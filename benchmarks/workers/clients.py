"""Each HTTP client's own way to do the same work: a small GET, a streamed download, an upload.

Every adapter uses the client as its documentation shows it, with default settings and one session
(or handle) kept for all requests. An adapter returns what shows that the work was done: status and
body of a GET, the number of bytes of a download, the status of an upload.
"""

from __future__ import annotations

import importlib
import io
import socket
from urllib.parse import urlsplit

from benchmarks import samples

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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

    def get(self, url: str) -> tuple[int, bytes]:
        raise NotImplementedError("no adapter for this work")

    def get_with(self, url: str, headers: dict[str, str], params: dict[str, str]) -> bytes:
        raise NotImplementedError("no adapter for this work")

    def post_json(self, url: str, document: Any) -> bytes:
        raise NotImplementedError("no adapter for this work")

    def download(self, url: str) -> int:
        raise NotImplementedError("no adapter for this work")

    def upload(self, url: str, blocks: int) -> int:
        raise NotImplementedError("no adapter for this work")


def blocks_of(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield UPLOAD_BLOCK


class SessionClient(Client):
    """requests and what is written in its words."""

    def __init__(self) -> None:
        super().__init__()
        self.session = self.library.Session()

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


class Ours(SessionClient):
    module = "h11client"


class Requests(SessionClient):
    module = "requests"


class Niquests(SessionClient):
    module = "niquests"


class Urllib3(Client):
    module = "urllib3"

    def __init__(self) -> None:
        super().__init__()
        self.pool = self.library.PoolManager()

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


class Httpx(Client):
    module = "httpx"

    def __init__(self) -> None:
        super().__init__()
        self.client = self.library.Client()

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


class Pyreqwest(Client):
    module = "pyreqwest.client"

    def __init__(self) -> None:
        super().__init__()
        self.client = self.library.SyncClientBuilder().build()

    def version(self) -> str:
        return str(importlib.import_module("importlib.metadata").version("pyreqwest"))

    def get(self, url: str) -> tuple[int, bytes]:
        response = self.client.get(url).build().send()
        return response.status, bytes(response.bytes())

    def download(self, url: str) -> int:
        size = 0
        with self.client.get(url).build_streamed() as response:
            reader = response.body_reader
            while (block := reader.read_chunk()) is not None:
                size += len(block)
        return size

    def upload(self, url: str, blocks: int) -> int:
        request = self.client.post(url).body_stream(blocks_of(blocks)).build()
        return int(request.send().status)


class Pycurl(Client):
    module = "pycurl"

    def __init__(self) -> None:
        super().__init__()
        self.handle = self.library.Curl()

    def version(self) -> str:
        return str(self.library.version_info()[1]) + " (libcurl)"

    def get(self, url: str) -> tuple[int, bytes]:
        handle = self.handle
        body = io.BytesIO()
        handle.setopt(handle.URL, url)
        handle.setopt(handle.WRITEDATA, body)
        handle.perform()
        return handle.getinfo(handle.RESPONSE_CODE), body.getvalue()

    def download(self, url: str) -> int:
        handle = self.handle
        size = 0

        def take(block: bytes) -> None:
            nonlocal size
            size += len(block)

        handle.setopt(handle.URL, url)
        handle.setopt(handle.WRITEFUNCTION, take)
        handle.perform()
        return size

    def upload(self, url: str, blocks: int) -> int:
        handle = self.library.Curl()
        left = blocks * BLOCK

        def give(size: int) -> bytes:
            nonlocal left
            size = min(size, left, BLOCK)
            left -= size
            return UPLOAD_BLOCK[:size]

        handle.setopt(handle.URL, url)
        handle.setopt(handle.POST, 1)
        handle.setopt(handle.READFUNCTION, give)
        handle.setopt(handle.WRITEFUNCTION, lambda block: None)
        handle.setopt(handle.HTTPHEADER, ["Transfer-Encoding: chunked", "Expect:"])
        handle.perform()
        return int(handle.getinfo(handle.RESPONSE_CODE))


class PycurlWithHeaders(Pycurl):
    """The same with the response's fields collected, as every other client here does."""

    def get(self, url: str) -> tuple[int, bytes]:
        headers: dict[str, str] = {}

        def take(line: bytes) -> None:
            name, colon, value = line.decode("iso-8859-1").partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()

        self.handle.setopt(self.handle.HEADERFUNCTION, take)
        answer = super().get(url)
        if "content-type" not in headers:
            raise AssertionError("no header fields")
        return answer


class HttpClient(Client):
    module = "http.client"

    def __init__(self) -> None:
        super().__init__()
        self.connection: Any = None

    def version(self) -> str:
        return "(standard library)"

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


class BareSocket(Client):
    """The floor: the same bytes, nothing checked, the end known beforehand."""

    module = "socket"

    def __init__(self) -> None:
        super().__init__()
        self.sock: socket.socket | None = None
        self.sizes: dict[bytes, int] = {}  # body bytes on the wire, framing included

    def version(self) -> str:
        return ""

    def connected(self, url: str) -> tuple[socket.socket, bytes]:
        parts = urlsplit(url)
        if self.sock is None:
            self.sock = socket.create_connection((parts.hostname, parts.port or 80))
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.sock, parts.path.encode()

    def get(self, url: str) -> tuple[int, bytes]:
        sock, path = self.connected(url)
        sock.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path)
        head, _, body = sock.recv(65536).partition(b"\r\n\r\n")
        while len(body) < 64:
            body += sock.recv(65536)
        return int(head[9:12]), body

    def download(self, url: str) -> int:
        """Receive until the known number of body bytes (and their framing) has come."""
        sock, path = self.connected(url)
        sock.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path)
        data = sock.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        if path not in self.sizes:
            self.sizes[path] = len(samples.answer_to(path)) - len(head) - 4
        left = self.sizes[path] - len(body)
        while left:
            left -= len(sock.recv(65536))
        return int(path.rpartition(b"/")[2])

    def upload(self, url: str, blocks: int) -> int:
        sock, path = self.connected(url)
        sock.sendall(
            b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n" % path
        )
        for block in blocks_of(blocks):
            chunk = (b"%x\r\n" % len(block), block, b"\r\n")
            sent = sock.sendmsg(chunk)
            if sent < sum(map(len, chunk)):
                sock.sendall(b"".join(chunk)[sent:])
        sock.sendall(b"0\r\n\r\n")
        return int(sock.recv(65536)[9:12])


CLIENTS: dict[str, type[Client]] = {
    "h11client": Ours,
    "requests": Requests,
    "urllib3": Urllib3,
    "httpx": Httpx,
    "httpx2": Httpx2,
    "niquests": Niquests,
    "pyreqwest": Pyreqwest,
    "pycurl": Pycurl,
    "pycurl, with headers": PycurlWithHeaders,
    "http.client": HttpClient,
    "bare socket": BareSocket,
}
MADE: dict[str, Client] = {}


def made(contender: str) -> Client:
    if contender not in MADE:
        MADE[contender] = CLIENTS[contender]()
    return MADE[contender]


def version(contender: str) -> str:
    return made(contender).version()


def get(client: Client, url: str, count: int) -> int:
    """The plainest request, and a GET whose connection is closed after each answer."""
    for _ in range(count):
        status, body = client.get(url)
        if status != 200 or len(body) != 64:
            raise AssertionError(f"status {status}, {len(body)} bytes")
    return count


def get_with(client: Client, url: str, count: int) -> int:
    """Two header fields and three parameters, one of each new in every request."""
    for number in range(count):
        headers = {"Accept": "application/json", "X-Request-Id": f"6f1c-{number:08}"}
        params = {"page": str(number), "per_page": "50", "q": "two words"}
        if len(client.get_with(url, headers, params)) != 64:
            raise AssertionError("not the answer that was sent")
    return count


def post_json(client: Client, url: str, count: int) -> int:
    for number in range(count):
        document = {"id": number, "name": "benchmark", "tags": ["one", "two"], "ok": True}
        if len(client.post_json(url, document)) != 64:
            raise AssertionError("not the answer that was sent")
    return count


SMALL = {"get": get, "new": get, "get-with": get_with, "post-json": post_json}


def prepare(contender: str) -> Callable[[str, int, dict[str, Any]], int]:
    """The works by name; units are requests for the small ones and body bytes for streams."""
    client = made(contender)

    def run(work: str, count: int, options: dict[str, Any]) -> int:
        url = options["urls"][work]
        if work in SMALL:
            return SMALL[work](client, url, count)
        total: int = options["total"]
        for _ in range(count):
            if work == "upload":
                if client.upload(url, total // BLOCK) != 200:
                    raise AssertionError("the upload was refused")
            elif client.download(url) != total:
                raise AssertionError("the download is not whole")
        return count * total

    return run
