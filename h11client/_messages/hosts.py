"""Hosts: what may stand between "//" and the path of a URL, and in the Host field.

authority = host [ ":" port ]                 ; less the userinfo, which is no part of a place
host      = "[" IPv6address [ "%25" zone ] "]" / IPv4address / reg-name   ; RFC 3986, RFC 6874
reg-name  = *( unreserved / sub-delims )      ; here non-empty, and without percent-encoding
"""

from __future__ import annotations

import re

from h11client.exceptions import InvalidURL

__all__ = ["address_number", "is_host_field", "read_authority", "shown_url"]

_MAX_HOST = 253  # characters of a domain name (RFC 1035 section 2.3.4), looked at before any IDNA
_MAX_LABEL = 63
_LONGEST_SHOWN = 200  # characters of a wrong URL in a message

_SCHEME = re.compile(r"(?i:https?:(?://)?)|[A-Za-z][A-Za-z0-9+.\-]*://")
_REG_NAME = re.compile(r"[a-z0-9\-._~!$&'()+,;=]+")  # RFC 3986 section 3.2.2, less "*" and "%"
_HOST_FIELD = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=]+)(?::[0-9]{1,5})?")
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")  # as inet_aton() reads a part of an address
_QUERY = re.compile(r"[?#]")
_GROUP = re.compile(r"[0-9A-Fa-f]{1,4}")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_JOINERS = {0x200C: None, 0x200D: None}
_ZONE = re.compile(r"[A-Za-z0-9\-._~]+")


def read_authority(authority: str, text: str) -> tuple[str, str, int | None]:
    """Host without brackets, zone or "", and port or None."""
    if "@" in authority:
        raise InvalidURL(f"a user name or password in a URL is not accepted: {shown_url(text)}")
    zone = ""
    if authority.startswith("["):
        literal, bracket, rest = authority[1:].partition("]")
        if not bracket or (rest and rest[0] != ":"):
            raise InvalidURL(f"the brackets of the host are wrong: {shown_url(text)}")
        port = rest[1:]
        host, zone = _read_ipv6(literal, text)
    else:
        name, _, port = authority.partition(":")
        host = _read_name(name, text)
    if not port:
        return host, zone, None  # "http://host:/" is in the grammar of RFC 3986 section 3.2.3
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise InvalidURL(f"a port is a number from 1 to 65535: {shown_url(text)}")
    return host, zone, int(port)


def _read_name(name: str, text: str) -> str:
    """A domain name in lower case and A-labels, or a canonical IPv4 address."""
    if not name:
        raise InvalidURL(f"no host in the URL {shown_url(text)}")  # RFC 9110 section 4.2.1
    if len(name) > _MAX_HOST + 1:
        raise InvalidURL(f"a host has {_MAX_HOST} characters at most: {shown_url(text)}")
    host = name.lower() if name.isascii() else _encode_idna(name, text)
    if not _REG_NAME.fullmatch(host):
        _check_escapes(host)
        raise InvalidURL(f"{_named(name, text)} cannot be a host: {shown_url(text)}")
    labels = host.removesuffix(".").split(".")
    if len(host.removesuffix(".")) > _MAX_HOST:
        raise InvalidURL(f"a host has {_MAX_HOST} characters at most: {shown_url(text)}")
    for label in labels:
        if not 0 < len(label) <= _MAX_LABEL:
            raise InvalidURL(f"an empty or too long part in the host: {shown_url(text)}")
        if label.startswith("xn--"):
            _check_a_label(label, text)
    if all(_NUMBER.fullmatch(label) for label in labels):
        _check_ipv4(name, labels, text)
    return host


def _encode_idna(name: str, text: str) -> str:
    import idna

    why: Exception | None = None
    try:
        return idna.encode(name, uts46=True).decode("ascii").lower()
    except (UnicodeError, OverflowError) as error:  # idna.IDNAError is one; punycode's, of 3.13
        why = error if _is_host(name, text) else None  # it holds the name
    raise InvalidURL(f"{_named(name, text)} cannot be a host: {shown_url(text)}") from why


def _check_a_label(label: str, text: str) -> None:
    """What an A-label decodes to has to be beyond ASCII, and encode to it (RFC 5891, 5.4)."""
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
        faithful = b"xn--" + decoded.encode("punycode") == label.encode("ascii")
    except (ValueError, OverflowError):
        decoded, faithful = "", False
    visible = decoded.translate(_JOINERS)
    if visible != decoded:
        _check_joiners(decoded, label, text)
    if decoded.isascii() or not visible.isprintable() or not faithful:
        raise InvalidURL(f"{_named(label, text)} is no A-label: {shown_url(text)}")


def _check_joiners(decoded: str, label: str, text: str) -> None:
    """What cannot be seen has to do something where it stands (RFC 5892, appendix A)."""
    import idna

    why: Exception | None = None
    try:
        idna.check_label(decoded)
        return
    except (UnicodeError, OverflowError) as error:
        why = error if _is_host(label, text) else None  # it holds the label
    raise InvalidURL(f"{_named(label, text)} is no A-label: {shown_url(text)}") from why


def _check_ipv4(name: str, labels: list[str], text: str) -> None:
    """Only the four decimal numbers: systems read the other spellings, and differently."""
    canonical = _canonical_ipv4(labels)
    if canonical is None:
        raise InvalidURL(f"{_named(name, text)} is no IPv4 address: {shown_url(text)}")
    if canonical != name:
        wanted = f", {canonical} is" if _is_host(name, text) else ""
        raise InvalidURL(f"{_named(name, text)} is not how an IPv4 address is written{wanted}")


def _check_escapes(host: str) -> None:
    """Escapes in a host are not decoded; when they hide an address it is named."""
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), host)
    labels = plain.removesuffix(".").split(".")
    if plain != host and all(_NUMBER.fullmatch(label) for label in labels):
        _check_ipv4(host, labels, host)


def _canonical_ipv4(labels: list[str]) -> str | None:
    """The address that inet_aton() reads from these parts."""
    numbers = []
    for label in labels:
        base = 16 if label[:2] == "0x" else 8 if label[0] == "0" else 10
        try:
            numbers.append(int(label[2:] or "0", 16) if base == 16 else int(label, base))
        except ValueError:  # 08
            return None
    *first, last = numbers
    missing = 4 - len(first)
    if missing < 1 or last >= 256**missing or any(number > 255 for number in first):
        return None
    return ".".join(str(byte) for byte in (*first, *last.to_bytes(missing, "big")))


def _read_ipv6(literal: str, text: str) -> tuple[str, str]:
    """The address as RFC 5952 writes it, and the zone or ""."""
    address, percent, zone = literal.partition("%")
    if zone.startswith("25"):
        zone = zone[2:]  # RFC 6874 section 2; a bare "%" is what people paste
    groups = _ipv6_groups(address)
    if groups is None or (percent and not _ZONE.fullmatch(zone)):
        raise InvalidURL(f"no IPv6 address in the brackets: {shown_url(text)}")
    return _written_ipv6(groups), zone


def _ipv6_groups(address: str) -> list[int] | None:
    """The eight groups of an IPv6 address, None when it is not one (RFC 4291 section 2.2)."""
    head, _, tail = address.rpartition(":")
    if "." in tail:
        labels = tail.split(".")
        if len(labels) != 4 or not all(labels) or _canonical_ipv4(labels) != tail:
            return None
        first, second, third, fourth = map(int, labels)
        address = f"{head}:{first << 8 | second:x}:{third << 8 | fourth:x}"
    before, double, after = address.partition("::")
    left = before.split(":") if before else []
    right = after.split(":") if after else []
    if not all(_GROUP.fullmatch(group) for group in left + right):
        return None
    missing = 8 - len(left) - len(right)
    if missing < 1 if double else missing:
        return None
    return [int(group, 16) for group in left + ["0"] * missing + right]


def _written_ipv6(groups: list[int]) -> str:
    """Lower case, the longest run of zeros as "::" (RFC 5952 section 4)."""
    if groups[:6] == [0, 0, 0, 0, 0, 0xFFFF]:
        return f"::ffff:{groups[6] >> 8}.{groups[6] & 255}.{groups[7] >> 8}.{groups[7] & 255}"
    written = [f"{group:x}" for group in groups]
    runs = [
        (length, -start)
        for start in range(8)
        for length in range(2, 9 - start)
        if not any(groups[start : start + length])
    ]
    if not runs:
        return ":".join(written)
    length, start = max(runs)
    return ":".join(written[:-start]) + "::" + ":".join(written[length - start :])


def address_number(host: str) -> tuple[int, int] | None:
    """An IP address, without brackets and zone, as a number and its bits; None for a name.

    >>> address_number("10.0.0.1"), address_number("::1"), address_number("a.test")
    ((167772161, 32), (1, 128), None)
    """
    if ":" in host:
        groups = _ipv6_groups(host)
        if groups is None:
            return None
        return int.from_bytes(b"".join(group.to_bytes(2, "big") for group in groups), "big"), 128
    labels = host.split(".")
    if not all(_NUMBER.fullmatch(label) for label in labels) or _canonical_ipv4(labels) != host:
        return None
    return int.from_bytes(bytes(map(int, labels)), "big"), 32


def is_host_field(value: str) -> bool:
    """Whether `value` can be sent as Host: uri-host [ ":" port ] (RFC 9110 section 7.2).

    >>> is_host_field("example.com:8080"), is_host_field("a/b")
    (True, False)
    """
    return _HOST_FIELD.fullmatch(value) is not None


def _is_host(part: str, text: str) -> bool:
    """Whether a part of a URL is of its host; before an "@" it may be half a password."""
    return "@" not in text[max(text.find(part), 0) :]


def _named(part: str, text: str) -> str:
    return shown_url(part) if _is_host(part, text) else "what stands there"


def shown_url(text: str) -> str:
    """A URL as it may stand in a message or a log: escaped and cut, and without a password.

    Nor has it a query or fragment: tokens and signatures are in those.
    """
    before, at, after = text.rpartition("@")
    scheme = _SCHEME.match(before)
    if at:
        text = f"{scheme[0] if scheme else ''}***@{after}"
    if (end := _QUERY.search(text)) is not None:
        text = f"{text[: end.start()]}{end[0]}..."
    shown = repr(text)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "..."
