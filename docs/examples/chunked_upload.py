"""What comes from a pipe is uploaded while it comes, and its digest follows behind it.

    journalctl -f | python docs/examples/chunked_upload.py https://example.com/logs

Nobody knows the length before, so the body is sent in chunks (RFC 9112 section 7.1), each piece as
soon as it is there. The digest is known at the end only, so it is a field of the trailer section.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
from collections.abc import Iterator

import h11client

PIECE = 64 * 1024  # bytes, at most


class Hashed:
    """Pieces of a stream as they come, and the digest of those which were taken."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self.stream = stream
        self.digest = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.stream.read1(PIECE):  # what is there, instead of waiting for all of it
            self.digest.update(piece)
            self.size += len(piece)
            yield piece

    def field(self) -> str:
        """The value of Repr-Digest (RFC 9530)."""
        return f"sha-256=:{base64.b64encode(self.digest.digest()).decode()}:"


def main(url: str) -> int:
    body = Hashed(sys.stdin.buffer)
    try:
        response = h11client.post(
            url,
            data=body,
            headers={"Content-Type": "text/plain"},
            trailers={"Repr-Digest": body.field},  # called when the body is over
            timeout=h11client.Timeout(connect=10, read=60),
        )
    except h11client.RequestException as error:
        print(f"not uploaded: {error}", file=sys.stderr)
        return 1
    print(response.status_code, response.reason, body.size, body.field())
    return 0 if response.ok else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
