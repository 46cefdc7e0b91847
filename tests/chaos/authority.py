"""The certificates of the campaign: the right one, and others that are wrong in one way each."""

from __future__ import annotations

import datetime
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
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        issue = authority.issue_cert
        certificates = {
            "right": issue(*names),
            "wrong host": issue("wrong.test"),
            "other authority": other.issue_cert(*names),
            "expired": issue(*names, not_before=now - 2 * day, not_after=now - day),
            "not yet valid": issue(*names, not_before=now + day, not_after=now + 2 * day),
            "common name only": issue(common_name="*.chaos.test"),
            "another address": issue("192.0.2.1"),
            "a deeper wildcard": issue("*.deeper.chaos.test"),
        }
        self.contexts = {name: _context(issued) for name, issued in certificates.items()}
        self.contexts["self-signed"] = _self_signed(trustme.CA(), folder)


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def _self_signed(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    """An authority that shows itself."""
    path = folder / "self-signed.pem"
    path.write_bytes(authority.private_key_pem.bytes() + authority.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
