"""Challenges, told apart: well-formed, odd and hostile ones."""

from __future__ import annotations

import pytest

from h11client.auth import parse_challenges
from tests.growth import grows_linearly

LONG_CHALLENGE = 65536


def shown(values: list[str]) -> list[tuple[str, object]]:
    return [(found.scheme, found.token68 or found.parameters) for found in parse_challenges(values)]


CHALLENGES = [
    ("nothing", [""], []),
    ("one", ['Basic realm="a"'], [("basic", {"realm": "a"})]),
    ("unquoted value", ["Basic realm=a"], [("basic", {"realm": "a"})]),
    ("blanks round the equals sign", ['Basic realm = "a"'], [("basic", {"realm": "a"})]),
    ("a quoted comma", ['Basic realm="a, Digest b=c"'], [("basic", {"realm": "a, Digest b=c"})]),
    ("escapes", [r'Basic realm="\"a\\b\""'], [("basic", {"realm": '"a\\b"'})]),
    ("an empty value", ['Basic realm=""'], [("basic", {"realm": ""})]),
    ("the first of two of a name", ["Basic a=1, A=2"], [("basic", {"a": "1"})]),
    (
        "two in one line",
        ['Basic realm="a", charset="UTF-8", Digest nonce=1, qop="auth,auth-int"'],
        [
            ("basic", {"realm": "a", "charset": "UTF-8"}),
            ("digest", {"nonce": "1", "qop": "auth,auth-int"}),
        ],
    ),
    ("two lines", ["Basic realm=a", "Digest nonce=b"], [("basic", {"realm": "a"}), ("digest", {"nonce": "b"})]),
    ("a scheme alone", ["Negotiate, Basic realm=a"], [("negotiate", {}), ("basic", {"realm": "a"})]),
    ("token68", ["NTLM TlRMTVNTUAAC==, Basic realm=a"], [("ntlm", "TlRMTVNTUAAC=="), ("basic", {"realm": "a"})]),
    ("empty elements", [",, Basic ,realm=a,,,"], [("basic", {"realm": "a"})]),
    ("a parameter without a scheme", ["realm=a, Basic b=c"], [("basic", {"b": "c"})]),
    ("parameters stay in their line", ["Basic a=1", "b=2"], [("basic", {"a": "1"})]),
    ("an open quotation", ['Basic realm="a', "Digest nonce=b"], [("basic", {}), ("realm", {}), ("digest", {"nonce": "b"})]),
    ("other characters between", ["\xa0Basic\xa0realm=a(;)b=c"], [("basic", {"realm": "a", "b": "c"})]),
    ("a token68 with a comma behind it", ["NTLM ab, realm=c"], [("ntlm", "ab")]),
    ("a token68 and parameters", ["NTLM ab== realm=c"], [("ntlm", {}), ("ab", {"realm": "c"})]),
    ("a scheme named like a parameter", ["realm realm=a"], [("realm", {"realm": "a"})]),
    ("a quoted challenge", [r'X a="Digest nonce=\"b\"", c=d'], [("x", {"a": 'Digest nonce="b"', "c": "d"})]),
    ("a backslash at the end", ['Basic realm="a\\'], [("basic", {}), ("realm", {})]),
    ("commas alone", [", ,,\t,"], []),
    ("empty elements between challenges", ["A b=c,, ,D e=f"], [("a", {"b": "c"}), ("d", {"e": "f"})]),
    ("no blank behind the comma", ['A b="c",D e="f"'], [("a", {"b": "c"}), ("d", {"e": "f"})]),
    ("no comma between challenges", ['A b="c" D e="f"'], [("a", {"b": "c"}), ("d", {"e": "f"})]),
    ("a parameter in its extended notation", ["A b*=UTF-8''c%20d"], [("a", {"b*": "UTF-8''c%20d"})]),
    ("bytes beyond ASCII in quotes", ['A b="\xc3\xa9\xa0"'], [("a", {"b": "\xc3\xa9\xa0"})]),
    ("a stray quotation", ['"Basic" Digest nonce=a'], [("digest", {"nonce": "a"})]),
]  # fmt: skip


@pytest.mark.safety("A1", "2l4")
@pytest.mark.parametrize(
    ("values", "expected"),
    [row[1:] for row in CHALLENGES],
    ids=[row[0] for row in CHALLENGES],
)
def test_challenges_are_told_apart(values: list[str], expected: list[tuple[str, object]]) -> None:
    assert shown(values) == expected


@pytest.mark.safety("A2", "X19")
@pytest.mark.parametrize(
    "piece",
    [",", " ", "\xa0", '"', '""', "\\", '"\\', "a ", "a=", "a=b,", "a,", 'a="', 'a="\\"', "=", "a  ", "Basic a=b, "],
)  # fmt: skip
def test_a_hostile_challenge_costs_time_in_proportion_to_its_length_only(piece: str) -> None:
    assert grows_linearly(
        lambda size: parse_challenges(["Digest " + piece * (size // len(piece))]), LONG_CHALLENGE
    )


@pytest.mark.safety("A2", "X19")
def test_many_lines_cost_time_in_proportion_to_their_number_only() -> None:
    assert grows_linearly(lambda size: parse_challenges(["a b=c,"] * size), 2000)


@pytest.mark.safety("A2")
def test_there_is_an_end_to_what_is_looked_at() -> None:
    (challenge,) = parse_challenges(["Digest " + ",".join(f"a{n}=b" for n in range(10000))])
    assert 100 < len(challenge.parameters) < 1000
