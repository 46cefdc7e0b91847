"""h11client/_transport/network.py: the values of the seam; its contract is tested on every stream."""

from __future__ import annotations

import doctest
import pickle
import ssl
from types import ModuleType
from typing import Any

import pytest

from h11client import _limits, _timeouts, exceptions
from h11client._translation import from_stream_error
from h11client._transport import network
from h11client._transport.network import ConnectFailed, TLSConfig


@pytest.mark.parametrize("module", [network, _timeouts, _limits, exceptions])
def test_the_examples_of_the_documentation_are_true(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def test_a_configuration_of_tls_is_a_frozen_value() -> None:
    config = TLSConfig("ca.pem", ("cert.pem", "key.pem"))
    with pytest.raises(AttributeError):
        config.verify = False
    with pytest.raises(AttributeError):
        del config.cert
    same = TLSConfig(verify="ca.pem", cert=("cert.pem", "key.pem"))
    assert config == same
    assert hash(config) == hash(same)
    assert eval(repr(config)) == config
    assert pickle.loads(pickle.dumps(config)) == config
    assert config != "ca.pem"


@pytest.mark.safety("T1")
def test_whatever_changes_the_trust_changes_the_value() -> None:
    contexts: list[Any] = [ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) for _ in range(2)]
    configs = [
        TLSConfig(),
        TLSConfig(False),
        TLSConfig("ca.pem"),
        TLSConfig("CA.pem"),
        TLSConfig(contexts[0]),
        TLSConfig(contexts[1]),
        TLSConfig(True, "cert.pem"),
        TLSConfig(True, ("cert.pem", "key.pem")),
        TLSConfig(False, "cert.pem"),
    ]
    assert len(set(configs)) == len(configs)
    assert len({TLSConfig(contexts[0]), TLSConfig(contexts[0])}) == 1


@pytest.mark.safety("2n1")
def test_the_errors_of_all_addresses_are_reached_from_the_public_exception() -> None:
    errors = [ConnectionRefusedError(111, "Connection refused"), OSError(113, "No route to host")]
    low_level = ConnectFailed("127.0.0.1:80: Connection refused; [::1]:80: No route", errors)
    public = from_stream_error("connect", low_level, "a.test:80")
    assert "[::1]:80: No route" in str(public)
    assert low_level.errors == errors
