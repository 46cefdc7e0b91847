"""A package index that takes uploads."""

from __future__ import annotations

import base64
from email import message_from_bytes, policy

from tests.programs.service import Answer, Call, Service

BASIC = "Basic " + base64.b64encode(b"__token__:pypi-secret").decode()


def add_index(service: Service) -> None:
    """The one route of an index; what a file is called decides what becomes of it."""
    refused: list[int] = []

    @service.route("POST", "[^/]*/legacy/")
    def upload(call: Call) -> Answer:
        if call.header("Authorization") != BASIC:
            return Answer("Invalid or non-existent authentication information.", 403)
        fields = form(call)
        if fields["name"] == "refused":
            return Answer("File already exists.", 400)
        if fields["name"] == "unsteady" and not refused:
            refused.append(1)
            return Answer("later", 503)
        refused.clear()
        return Answer("ok")


def form(call: Call) -> dict[str, str]:
    """The fields of a multipart body, files by their names."""
    head = f"Content-Type: {call.header('Content-Type')}\r\n\r\n".encode()
    parts = message_from_bytes(head + call.body, policy=policy.HTTP).iter_parts()
    named = [(str(part.get_param("name", header="content-disposition")), part) for part in parts]
    return {name: part.get_filename() or str(part.get_payload()) for name, part in named}
