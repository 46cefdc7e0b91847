"""Whom TLS connections trust, and who they say they are: from a `TLSConfig` to an SSLContext."""

from __future__ import annotations

import os
import ssl
from _thread import RLock
from os import environ

from h11client._translation import let_pass
from h11client._transport.file_states import file_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client._transport.network import TLSConfig

__all__ = ["checks_peer", "context_for", "make_verify"]

_contexts: dict[object, ssl.SSLContext] = {}
_contexts_lock = RLock()  # a signal's handler may dial, too
_MOST_CONTEXTS = 32  # a context with certifi's authorities takes half a megabyte


def _renew_lock() -> None:
    """In a forked child, where the thread that may have held the lock does not exist."""
    global _contexts_lock
    _contexts_lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def context_for(config: TLSConfig) -> ssl.SSLContext:
    """The context for a configuration, made once and kept until one of its files changes.

    Raises `ssl.SSLError` when a file is missing, or holds no certificate or no key.
    """
    if isinstance(config.verify, ssl.SSLContext):
        return config.verify
    authorities = _authorities(config.verify)
    cert = (config.cert,) if isinstance(config.cert, str) else config.cert or ()
    files = tuple((path, _fingerprint(path)) for path in (authorities, *cert[:2]))
    key_log = environ.get("SSLKEYLOGFILE") if config.log_keys else None
    key = files, cert[2:], key_log
    with _contexts_lock:
        context = _contexts.pop(key, None)
        if context is None:
            context = _build_context(authorities, cert)
            if key_log:
                _log_keys(context, key_log)
        _contexts[key] = context  # last: the oldest in use is the first
        if len(_contexts) > _MOST_CONTEXTS:
            del _contexts[next(iter(_contexts))]
        return context


def _authorities(verify: bool | str) -> str | None:
    """The file or directory of the authorities to trust, or None to trust everyone."""
    if verify is False:
        return None
    if verify is True:
        import certifi

        return certifi.where()
    return verify


def _fingerprint(path: str | None) -> object:
    """Changes when the file does, so that a renewed certificate is used from the next dial on."""
    if path is None:
        return None
    state = file_state(path)
    if state is None:
        raise ssl.SSLError(f"no certificates at {path!r}")
    return state


def _build_context(authorities: str | None, cert: tuple[str, ...]) -> ssl.SSLContext:
    """The same settings on every Python, whatever its own defaults have become."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 9325 section 3.1.1
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION  # sections 3.3 and 3.5
    context.set_alpn_protocols(["http/1.1"])  # RFC 7301
    if authorities is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        # A certificate that was given as trusted is trusted, whether or not it signed itself.
        context.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
        context.hostname_checks_common_name = False  # RFC 9110 section 4.3.4: subjectAltName only
        _load(authorities, context)
    if cert:
        _load_own(cert, context)
    return context


def _load(authorities: str, context: ssl.SSLContext) -> None:
    try:
        # A list of directories is what SSL_CERT_DIR may be; OpenSSL takes it apart.
        if all(map(os.path.isdir, authorities.split(os.pathsep))):
            context.load_verify_locations(capath=authorities)
        else:
            context.load_verify_locations(cafile=authorities)
    except OSError as error:
        let_pass(error)
        raise ssl.SSLError(f"no certificates in {authorities!r}: {error.strerror}") from error


def make_verify(
    context: ssl.SSLContext, verify: object, known: dict[str, object], hostname: bool
) -> object:
    """`context`, which from now on checks certificates and, unless told not to, the `hostname`.

    When `verify` is a path, the authorities there are trusted, too; `known` are those which are
    already, with the state of their files. When it is a context, that is given back as it is.
    """
    if isinstance(verify, ssl.SSLContext):
        return verify
    if context.check_hostname != hostname:
        context.check_hostname = hostname
    if context.verify_mode != ssl.CERT_REQUIRED:
        context.verify_mode = ssl.CERT_REQUIRED
    if verify is not True:
        path = os.fspath(verify)  # type: ignore[call-overload]  # a TypeError says what it is not
        state = _fingerprint(path)
        if known.get(path) != state:
            _load(path, context)
            known[path] = state
    return context


def _load_own(cert: tuple[str, ...], context: ssl.SSLContext) -> None:
    try:
        # Without a password callback OpenSSL would ask on the terminal, and wait.
        key = cert[1] if len(cert) > 1 else None
        password = cert[2] if len(cert) > 2 else _no_password
        context.load_cert_chain(cert[0], key, password=password)
        if ssl.HAS_TLSv1_3:
            # RFC 8446 section 4.6.2: servers that ask for it once they know the path.
            context.post_handshake_auth = True
    except (OSError, ValueError) as error:  # ValueError: the password is longer than OpenSSL takes
        let_pass(error)
        told = f"no client certificate in {cert[:2]!r}: {getattr(error, 'strerror', error)}"
        raise ssl.SSLError(told) from error


def _log_keys(context: ssl.SSLContext, path: str) -> None:
    try:
        context.keylog_filename = path
    except OSError as error:
        let_pass(error)
        told = f"SSLKEYLOGFILE names {path!r}, which cannot be written: {error.strerror}"
        raise ssl.SSLError(told) from error


def _no_password() -> str:
    raise ssl.SSLError(0, "its key is encrypted")


def checks_peer(context: ssl.SSLContext) -> bool:
    """Whether a finished handshake says who the peer is."""
    return context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
