"""Which certificate authorities the environment names, for `verify=True` and `trust_env`."""

from __future__ import annotations

from os import environ

__all__ = ["environment_authorities"]

# requests' names first, then OpenSSL's own: who has set one of the former meant HTTP clients.
_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


def environment_authorities() -> str | None:
    """The file or directory that the environment names, or None; an empty variable is not set."""
    for name in _VARIABLES:
        path = environ.get(name)
        if path:
            return path
    return None
