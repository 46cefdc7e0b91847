"""A download that goes on where it was: after Ctrl-C, a lost network, or the end of the program.

    python docs/examples/resumable_download.py https://example.com/os.iso os.iso
    python docs/examples/resumable_download.py https://example.com/os.iso os.iso sha256:9f86...

Run it again with the same arguments after an interruption. It exits with 0 when the file is there,
with 1 and what has gone wrong otherwise, and with 130 after Ctrl-C.
"""

from __future__ import annotations

import sys

import h11client


class Percents:
    """Prints how far it is, each time that another tenth has come."""

    def __init__(self) -> None:
        self.shown = -1

    def __call__(self, progress: h11client.Progress) -> None:
        if progress.total:
            tenths = progress.done * 10 // progress.total
            if tenths != self.shown:
                self.shown = tenths
                print(f"{tenths * 10} %", flush=True)


def main(url: str, path: str, digest: str | None = None) -> int:
    timeout = h11client.Timeout(connect=10, read=30)
    with h11client.Session(timeout=timeout) as session:
        try:
            download = session.download(url, path, digest=digest, progress=Percents())
        except KeyboardInterrupt:
            print("interrupted: what has come is kept", file=sys.stderr)
            return 130
        except h11client.DigestMismatch as error:
            print(f"the file is not what it should be: {error}", file=sys.stderr)
            return 1
        except (h11client.RequestException, h11client.DownloadError) as error:
            print(f"not yet: {error}", file=sys.stderr)
            return 1
    print(f"{download.path}: {download.size} bytes, {download.resumed_from} of them from before")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
