"""The jar against a small model of RFC 6265, written straight from its sections 5.1 to 5.4."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h11client._messages.url import parse_url
from h11client.cookies import RequestsCookieJar

NOW = 1_700_000_000


@dataclass
class Stored:
    name: str
    value: str
    domain: str
    host_only: bool
    path: str
    secure: bool
    expires: float
    created: int


def path_match(path: str, cookie_path: str) -> bool:  # section 5.1.4
    return (
        path == cookie_path
        or (path.startswith(cookie_path) and cookie_path.endswith("/"))
        or (path.startswith(cookie_path) and path[len(cookie_path)] == "/")
    )


def domain_match(host: str, domain: str) -> bool:  # section 5.1.3; addresses are all digits here
    return host == domain or (host.endswith("." + domain) and not host[-1].isdigit())


def default_path(path: str) -> str:  # section 5.1.4
    return "/" if path.count("/") <= 1 else path[: path.rindex("/")]


class Model:
    """Section 5.3 and 5.4, with what 6265bis says of Secure, of prefixes and of public suffixes."""

    def __init__(self) -> None:
        self.stored: list[Stored] = []
        self.created = 0

    def store(self, url: str, line: str) -> None:
        parts = urlsplit(url)
        host, path, is_https = parts.hostname or "", parts.path, parts.scheme == "https"
        pair, *attributes = line.split(";")
        name, _, value = pair.partition("=") if "=" in pair else ("", "", pair)
        name, value = name.strip(" \t"), value.strip(" \t")
        found: dict[str, str] = {}
        for attribute in attributes:
            key, _, content = attribute.partition("=")
            key, content = key.strip(" \t").lower(), content.strip(" \t")
            if key != "max-age" or content.lstrip("-").isdigit():
                found[key] = content
        if not name and not value:
            return
        domain = found.get("domain", "").removeprefix(".").lower()
        if domain and ("." not in domain or domain[-1].isdigit()):
            if domain != host:
                return
            domain = ""
        if domain and not domain_match(host, domain):
            return
        self.created += 1
        new = Stored(
            name,
            value,
            domain or host,
            not domain,
            found["path"] if found.get("path", "").startswith("/") else default_path(path),
            "secure" in found,
            NOW + int(found["max-age"]) if "max-age" in found else float("inf"),
            self.created,
        )
        if new.secure and not is_https:
            return
        prefix = (name or value).lower()
        if prefix.startswith("__secure-") and not (name and new.secure):
            return
        if prefix.startswith("__host-") and not (
            name and new.secure and new.host_only and found.get("path") == "/"
        ):
            return
        for old in self.stored:
            hidden = (
                old.secure
                and not is_https
                and old.name == name
                and (domain_match(old.domain, new.domain) or domain_match(new.domain, old.domain))
                and path_match(new.path, old.path)
            )
            if hidden:
                return
        same = [
            old
            for old in self.stored
            if (old.name, old.domain, old.host_only, old.path)
            == (new.name, new.domain, new.host_only, new.path)
        ]
        for old in same:
            new.created = old.created
            self.stored.remove(old)
        if new.expires > NOW:
            self.stored.append(new)

    def header(self, url: str) -> str | None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        chosen = [
            cookie
            for cookie in self.stored
            if (host == cookie.domain if cookie.host_only else domain_match(host, cookie.domain))
            and path_match(parts.path, cookie.path)
            and (not cookie.secure or parts.scheme == "https")
        ]
        chosen.sort(key=lambda cookie: (-len(cookie.path), cookie.created))
        pairs = [
            f"{cookie.name}={cookie.value}" if cookie.name else cookie.value for cookie in chosen
        ]
        return "; ".join(pairs) or None


hosts = st.sampled_from(["a.test", "b.a.test", "c.b.a.test", "ba.test", "localhost", "1.2.3.4"])
paths = st.sampled_from(["/", "/d", "/d/", "/d/e", "/de", "/d/e/f"])
urls = st.builds("{}://{}{}".format, st.sampled_from(["http", "https"]), hosts, paths)
names = st.sampled_from(["a", "A", "b", "", "__Host-a", "__secure-a", "a b"])
values = st.sampled_from(["1", "2", "", '"q; r"', "x=y", "__HOST-", " 3 "])
attributes = st.one_of(
    st.builds(
        "{}={}".format,
        st.sampled_from(["Domain", "domain ", " DOMAIN"]),
        st.sampled_from(
            ["a.test", ".A.test", "b.a.test", "test", "", ".", "localhost", "1.2.3.4", "2.3.4", "t"]
        ),
    ),
    st.builds("Path={}".format, st.one_of(paths, st.sampled_from(["", "d", " /d "]))),
    st.builds("Max-Age={}".format, st.sampled_from(["0", "-1", "10", "x", "", "007", "1.5"])),
    st.sampled_from(["Secure", "secure=1", "HttpOnly", "SameSite=None", "", "x=y", "=", "\t"]),
)


@st.composite
def fields(draw: st.DrawFn) -> str:
    pair = draw(st.one_of(st.builds("{}={}".format, names, values), values))
    return ";".join([pair, *draw(st.lists(attributes, max_size=4))])


@pytest.mark.safety("5P9", "2k1", "2k2", "2k3", "2k4")
@given(
    received=st.lists(st.tuples(urls, fields()), max_size=25),
    asked=st.lists(urls, min_size=1, max_size=6),
)
def test_the_jar_does_what_the_model_does(
    received: list[tuple[str, str]], asked: list[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("h11client._policies.cookie_store.time", lambda: float(NOW))
        jar, model = RequestsCookieJar(), Model()
        for url, line in received:
            jar.store(parse_url(url), [line])
            model.store(url, line)
        for url in asked:
            assert jar.cookie_header(parse_url(url)) == model.header(url)
        assert len(jar) == len(model.stored)


octets = st.text(st.characters(max_codepoint=255), max_size=60)


@pytest.mark.safety("5P9", "C5")
@given(lines=st.lists(st.one_of(octets, st.builds("a={}; {}={}".format, octets, octets, octets))))
def test_whatever_a_server_says_the_line_can_be_sent(lines: list[str]) -> None:
    url = parse_url("https://a.test/")
    jar = RequestsCookieJar()
    jar.store(url, lines)
    line = jar.cookie_header(url) or ""
    assert not any((ord(char) < 32 and char != "\t") or char == "\x7f" for char in line)
    assert line.strip(" \t") == line
    again = RequestsCookieJar()
    again.update(jar)
    assert again.cookie_header(url) == (line or None)
