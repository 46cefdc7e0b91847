"""The key of the pool: what a dial depends on, and nothing else."""

from __future__ import annotations

import pickle

import pytest

from h11client._messages.url import parse_url
from h11client._transport.network import TLSConfig
from h11client._transport.route import Route, build_route

SAME = [
    ("path and query", "http://a.test/x?y=1", {}, "http://a.test/", {}),
    ("spelling of the host", "http://A.TEST/", {}, "http://a.test/", {}),
    ("default port", "http://a.test:80/", {}, "http://a.test/", {}),
    ("fragment", "https://a.test/#top", {}, "https://a.test/", {}),
    (
        "verify does not concern plain http",
        "http://a.test/",
        {"verify": False},
        "http://a.test/",
        {},
    ),
    (
        "a certificate does not concern plain http",
        "http://a.test/",
        {"cert": "c.pem"},
        "http://a.test/",
        {},
    ),
]

DIFFERENT = [
    ("scheme", "http://a.test/", {}, "https://a.test/", {}),
    ("scheme on one port", "http://a.test:443/", {}, "https://a.test/", {}),
    ("host", "http://a.test/", {}, "http://b.test/", {}),
    ("port", "http://a.test/", {}, "http://a.test:8080/", {}),
    (
        "trailing dot, which the resolver reads differently",
        "http://a.test/",
        {},
        "http://a.test./",
        {},
    ),
    ("verify off", "https://a.test/", {}, "https://a.test/", {"verify": False}),
    (
        "other authorities",
        "https://a.test/",
        {"verify": "a.pem"},
        "https://a.test/",
        {"verify": "b.pem"},
    ),
    (
        "case of a path",
        "https://a.test/",
        {"verify": "A.pem"},
        "https://a.test/",
        {"verify": "a.pem"},
    ),
    ("client certificate", "https://a.test/", {}, "https://a.test/", {"cert": "c.pem"}),
    (
        "client key",
        "https://a.test/",
        {"cert": ("c", "k")},
        "https://a.test/",
        {"cert": ("c", "l")},
    ),
]


@pytest.mark.safety("T1")
@pytest.mark.parametrize(
    ("_id", "url", "options", "other_url", "other"),
    SAME,
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_does_not_concern_the_dial_is_no_part_of_the_key(_id, url, options, other_url, other):
    first = build_route(parse_url(url), **options)
    second = build_route(parse_url(other_url), **other)
    assert first == second
    assert hash(first) == hash(second)


@pytest.mark.safety("T1")
@pytest.mark.parametrize(
    ("_id", "url", "options", "other_url", "other"),
    DIFFERENT,
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_the_dial_depends_on_is_part_of_the_key(_id, url, options, other_url, other):
    assert build_route(parse_url(url), **options) != build_route(parse_url(other_url), **other)


def test_plain_http_has_no_tls_configuration():
    assert build_route(parse_url("http://a.test/")).tls is None


def test_https_verifies_unless_told_otherwise():
    assert build_route(parse_url("https://a.test/")).tls == TLSConfig(verify=True)
    assert build_route(parse_url("https://a.test/"), False).tls == TLSConfig(verify=False)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a.test/", "a.test"),
        ("https://a.test./", "a.test"),
        ("https://[::1]/", "::1"),
        ("https://[fe80::1%25eth0]/", "fe80::1"),
    ],
)
def test_certificates_are_checked_against_the_name_without_dot_and_zone(url, name):
    assert build_route(parse_url(url)).server_hostname == name


def test_a_route_shows_where_it_leads():
    route = Route("https", "::1", 8443, TLSConfig(verify=False))
    assert str(route) == "https://[::1]:8443"
    assert repr(route) == "<Route https://[::1]:8443 TLSConfig(verify=False, cert=None)>"


def test_a_route_can_be_pickled():
    route = Route("https", "a.test", 443, TLSConfig(verify="ca.pem"))
    assert pickle.loads(pickle.dumps(route)) == route
