"""An archive of items at archive.org: sign-in over TLS, a scraped search, downloads and uploads."""

from __future__ import annotations

import hashlib

from tests.programs.service import Answer, Call, Service

FILE = b"a line of the book\n" * 20_000
MODIFIED = "Tue, 01 Feb 2022 10:00:00 GMT"
IDENTIFIERS = [f"book-{n}" for n in range(25)]
KEYS = ("access-key", "secret-key")


def add_archive(service: Service) -> None:
    """The routes of archive.org and of its storage."""
    route = service.route
    refused: list[int] = []

    @route("POST", "archive.org/services/xauthn/")
    def sign_in(call: Call) -> Answer:
        if b"password=right+%26+good" not in call.body:
            return Answer({"success": False, "values": {"reason": "account_bad_password"}}, 401)
        cookies = {"logged-in-user": "ada%40example.org", "logged-in-sig": "signature"}
        s3 = {"access": KEYS[0], "secret": KEYS[1]}
        return Answer(
            {"success": True, "values": {"s3": s3, "cookies": cookies, "screenname": "ada"}}
        )

    @route("POST", "archive.org/services/search/v1/scrape")
    def scrape(call: Call) -> Answer:
        if call.arguments.get("total_only"):
            return Answer({"items": [], "total": len(IDENTIFIERS)})
        start = int(call.arguments.get("cursor", 0))
        items = [{"identifier": name} for name in IDENTIFIERS[start : start + 10]]
        more = {"cursor": str(start + 10)} if start + 10 < len(IDENTIFIERS) else {}
        return Answer({"items": items, "total": len(IDENTIFIERS), **more})

    @route("GET", "archive.org/metadata/(.*)")
    def metadata(call: Call, identifier: str) -> Answer:
        if identifier == "gone":
            return Answer({"error": "no such item"}, 404)
        file = {
            "name": "book one.txt",
            "size": str(len(FILE)),
            "md5": hashlib.md5(FILE).hexdigest(),
            "mtime": "1643709600",
            "format": "Text",
            "source": "original",
        }
        return Answer({"metadata": {"identifier": identifier, "title": "A book"}, "files": [file]})

    @route("POST", "archive.org/metadata/(.*)")
    def change_metadata(call: Call, identifier: str) -> Answer:
        return Answer({"success": True, "task_id": 1, "log": call.body.decode()})

    @route("GET", "archive.org/download/(.*)")
    def download(call: Call, name: str) -> Answer:
        if name.startswith("gone/"):
            return Answer("gone", 410)
        if name.startswith("unsteady/") and not refused:
            refused.append(503)
            return Answer("later", 503, [("Retry-After", "0")])
        refused.clear()
        return Answer(b"", 302, [("Location", f"http://ia800100.us.archive.org/0/{name}")])

    @route("GET", "ia800100.us.archive.org/0/.*")
    def node(call: Call) -> Answer:
        headers = [("Last-Modified", MODIFIED), ("Content-Type", "text/plain")]
        asked = call.header("Range")
        if asked is None:
            return Answer(FILE, headers=headers)
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        headers.append(("Content-Range", f"bytes {start}-{len(FILE) - 1}/{len(FILE)}"))
        return Answer(FILE[start:], 206, headers)

    @route("PUT", "s3.us.archive.org/(.*)")
    def put(call: Call, name: str) -> Answer:
        if call.header("Authorization") != f"LOW {KEYS[0]}:{KEYS[1]}":
            return Answer("<Error><Message>who are you?</Message></Error>", 403)
        return Answer(b"", 200, [("ETag", hashlib.md5(call.body).hexdigest())])
