"""Data sets behind a DOI: a resolver that redirects, a repository that lists files, and the files."""

from __future__ import annotations

import base64
import gzip
import hashlib

from tests.programs.service import Answer, Call, Service

TABLE = "".join(f"{n},{n * n}\n" for n in range(5000)).encode()
SECRET = b"for members only"
BASIC = "Basic " + base64.b64encode(b"doggo:good boy").decode()


def add_data(service: Service) -> None:
    """The routes of doi.org, of a repository, and of a plain file server."""
    route = service.route

    @route("GET", r"doi\.org/10\.5281/zenodo\.1")
    def resolve(call: Call) -> Answer:
        return Answer(b"", 302, [("Location", "https://zenodo.org/doi/10.5281/zenodo.1")])

    @route("GET", r"zenodo\.org/doi/10\.5281/zenodo\.1")
    def landing(call: Call) -> Answer:
        return Answer(b"", 301, [("Location", "/records/1")])

    @route("GET", r"zenodo\.org/records/1")
    def page(call: Call) -> Answer:
        return Answer("<html>the record</html>", headers=[("Content-Type", "text/html")])

    @route("GET", r"doi\.org/.*")
    def unknown(call: Call) -> Answer:
        return Answer("no such DOI", 404)

    @route("GET", r"zenodo\.org/api/records/1")
    def record(call: Call) -> Answer:
        link = "https://zenodo.org/api/records/1/files/table.csv/content"
        digest = f"md5:{hashlib.md5(TABLE).hexdigest()}"
        return Answer(
            {"id": 1, "files": [{"key": "table.csv", "checksum": digest, "links": {"self": link}}]}
        )

    @route("GET", r"zenodo\.org/api/records/1/files/table\.csv/content")
    def content(call: Call) -> Answer:
        headers = [("Content-Encoding", "gzip"), ("Content-Type", "text/csv")]
        return Answer(gzip.compress(TABLE, mtime=0), headers=headers)

    @route("GET", r"[^/]*/data/table\.csv")
    def table(call: Call) -> Answer:
        return Answer(TABLE, chunked=True)

    @route("GET", r"[^/]*/data/sized\.csv")
    def sized(call: Call) -> Answer:
        return Answer(TABLE)

    @route("HEAD", r"[^/]*/data/(.*)")
    def available(call: Call, name: str) -> Answer:
        if name == "old.csv":
            return Answer(b"", 301, [("Location", "table.csv")])
        return Answer(TABLE, 200 if name == "table.csv" else 404)

    @route("GET", r"[^/]*/data/members\.txt")
    def members(call: Call) -> Answer:
        if call.header("Authorization") != BASIC:
            return Answer("no", 401, [("WWW-Authenticate", 'Basic realm="members"')])
        return Answer(SECRET)

    @route("GET", r"[^/]*/data/cut\.csv")
    def cut(call: Call) -> Answer:
        return Answer(TABLE, cut_short=True)
