"""The certificates of the campaign: the right one, one of another host, one nobody vouches for."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Certificates:
    """`contexts` are the server's by name; `pem` is what a client has to trust."""

    def __init__(self, folder: Path) -> None:
        authority, other = trustme.CA(), trustme.CA()
        self.pem = str(folder / "chaos-ca.pem")
        authority.cert_pem.write_to_path(self.pem)
        names = ("*.chaos.test", "127.0.0.1")
        self.contexts = {
            "right": _context(authority.issue_cert(*names)),
            "wrong host": _context(authority.issue_cert("wrong.test")),
            "other authority": _context(other.issue_cert(*names)),
        }


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
