"""The works of the clients, each the same for all of them: repeated so many times, and checked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from benchmarks import samples
from benchmarks.workers import adapters, bare, native
from benchmarks.workers.adapters import BLOCK, Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Options = dict[str, Any]

CLIENTS: dict[str, type[Client]] = {
    "h11client": adapters.Ours,
    "requests": adapters.Requests,
    "urllib3": adapters.Urllib3,
    "httpx": adapters.Httpx,
    "httpx2": adapters.Httpx2,
    "niquests": adapters.Niquests,
    "http.client": adapters.HttpClient,
    "pyreqwest": native.Pyreqwest,
    "pycurl": native.Pycurl,
    "pycurl, with headers": native.PycurlWithHeaders,
    "bare socket": bare.BareSocket,
}
MADE: dict[str, Client] = {}


def made(contender: str) -> Client:
    if contender not in MADE:
        MADE[contender] = CLIENTS[contender]()
    return MADE[contender]


def version(contender: str) -> str:
    return made(contender).version()


def prepare(contender: str) -> Callable[[str, int, Options], int]:
    """The works by name; units are requests for small ones and body bytes for streams."""
    client = made(contender)
    trusted: set[str] = set()

    def run(work: str, count: int, options: Options) -> int:
        if "ca" in options and options["ca"] not in trusted:
            client.trust(options["ca"])
            trusted.add(options["ca"])
        return WORKS[work](client, count, options)

    return run


def get(client: Client, count: int, options: Options) -> int:
    """The plainest request; with /close, one whose connection is closed after each answer."""
    url = options["url"]
    for _ in range(count):
        status, body = client.get(url)
        if status != 200 or len(body) != 64:
            raise AssertionError(f"status {status}, {len(body)} bytes")
    return count


def get_with(client: Client, count: int, options: Options) -> int:
    """Two header fields and three parameters, one of each new in every request."""
    for number in range(count):
        headers = {"Accept": "application/json", "X-Request-Id": f"6f1c-{number:08}"}
        params = {"page": str(number), "per_page": "50", "q": "two words"}
        if len(client.get_with(options["url"], headers, params)) != 64:
            raise AssertionError("not the answer that was sent")
    return count


def post_json(client: Client, count: int, options: Options) -> int:
    for number in range(count):
        document = {"id": number, "name": "benchmark", "tags": ["one", "two"], "ok": True}
        if len(client.post_json(options["url"], document)) != 64:
            raise AssertionError("not the answer that was sent")
    return count


THREADS: dict[Client, ThreadPoolExecutor] = {}


def threads(client: Client, count: int, options: Options) -> int:
    """Small GETs by many threads that share one client; the threads are kept between rounds."""
    number = options["threads"]
    if client not in THREADS:
        client.share(number)
        THREADS[client] = ThreadPoolExecutor(number)
    each = max(1, count // number)
    running = [THREADS[client].submit(get, client, each, options) for _ in range(number)]
    return sum(one.result() for one in running)


def download(client: Client, count: int, options: Options) -> int:
    for _ in range(count):
        if client.download(options["url"]) != options["total"]:
            raise AssertionError("the download is not whole")
    return count * int(options["total"])


def gunzip(client: Client, count: int, options: Options) -> int:
    for _ in range(count):
        if client.gunzip(options["url"]) != options["total"]:
            raise AssertionError("the download is not whole")
    return count * int(options["total"])


def upload(client: Client, count: int, options: Options) -> int:
    for _ in range(count):
        if client.upload(options["url"], options["total"] // BLOCK) != 200:
            raise AssertionError("the upload was refused")
    return count * int(options["total"])


BODIES: dict[int, bytes] = {}


def upload_bytes(client: Client, count: int, options: Options) -> int:
    total = int(options["total"])
    if total not in BODIES:
        BODIES[total] = samples.payload(total)
    for _ in range(count):
        if client.upload_bytes(options["url"], BODIES[total]) != 200:
            raise AssertionError("the upload was refused")
    return count * total


def upload_file(client: Client, count: int, options: Options) -> int:
    for _ in range(count):
        if client.upload_file(options["url"], options["file"]) != 200:
            raise AssertionError("the upload was refused")
    return count * int(options["total"])


WORKS: dict[str, Callable[[Client, int, Options], int]] = {
    "get": get,
    "get-tls": get,
    "new": get,
    "new-tls": get,
    "get-with": get_with,
    "post-json": post_json,
    "threads": threads,
    "chunks": download,
    "length": download,
    "chunked": download,
    "length-tls": download,
    "gzip": gunzip,
    "upload": upload,
    "upload-tls": upload_bytes,
    "upload-file": upload_file,
}
