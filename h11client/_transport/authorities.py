"""Which certificate authorities the environment names, for `verify=True` and `trust_env`."""

from __future__ import annotations

import os

__all__ = ["environment_authorities"]

# requests' names first, then OpenSSL's own: who has set one of the former meant HTTP clients.
_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")

# `os.environ` encodes each name that it is asked for, and answers "no" with an exception; this is
# asked for each request, so the dictionary in it is looked at first, where there is one.
_encoded_names = tuple(getattr(os.environ, "encodekey", str)(name) for name in _VARIABLES)


def environment_authorities() -> str | None:
    """The file or directory that the environment names, or None; an empty variable is not set."""
    variables = getattr(os.environ, "_data", None)
    if variables is not None and not any(map(variables.get, _encoded_names)):
        return None
    for name in _VARIABLES:
        path = os.environ.get(name)
        if path:
            return path
    return None
