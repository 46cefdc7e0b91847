"""The same work by clients that are written in C and in Rust; see adapters.py."""

from __future__ import annotations

import importlib
import io

from benchmarks.workers.adapters import BLOCK, UPLOAD_BLOCK, Client, blocks_of


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

    def trust(self, ca: str) -> None:
        self.handle.setopt(self.handle.CAINFO, ca)

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

    def gunzip(self, url: str) -> int:
        self.handle.setopt(self.handle.ACCEPT_ENCODING, "gzip")
        return self.download(url)

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

    def upload_file(self, url: str, path: str) -> int:
        handle = self.library.Curl()
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            handle.setopt(handle.URL, url)
            handle.setopt(handle.POST, 1)
            handle.setopt(handle.READDATA, file)
            handle.setopt(handle.POSTFIELDSIZE_LARGE, size)
            handle.setopt(handle.WRITEFUNCTION, lambda block: None)
            handle.setopt(handle.HTTPHEADER, ["Expect:"])
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
