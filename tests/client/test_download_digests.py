"""Digests of downloads: what may be given, and when it is what it has to be."""

from __future__ import annotations

import pickle
from hashlib import md5, sha256, sha512
from typing import Any

import pytest

from h11client import DigestMismatch
from h11client._downloads.digests import Digests

ABC = {
    "sha256": sha256(b"abc").hexdigest(),
    "md5": md5(b"abc", usedforsecurity=False).hexdigest(),
}


@pytest.mark.parametrize(
    "given",
    [
        f"sha256:{ABC['sha256']}",
        f"SHA-256:{ABC['sha256'].upper()}",
        f" sha256 : {ABC['sha256']} ",
        f"md5:{ABC['md5']}",
        {"sha-256": ABC["sha256"], "md5": ABC["md5"]},
        f"sha-512:{sha512(b'abc').hexdigest()}",
        "sha3-224:e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
    ],
)
def test_a_digest_that_is_right_says_nothing(given: Any) -> None:
    digests = Digests.of(given)
    assert digests is not None
    for piece in (b"a", b"", b"bc"):
        digests.update(piece)
    assert digests.size == 3
    digests.check("a.txt")
    digests.reset()
    assert digests.size == 0
    with pytest.raises(DigestMismatch):
        digests.check("a.txt")


def test_one_of_several_that_is_wrong_is_told() -> None:
    digests = Digests.of({"md5": ABC["md5"], "sha256": "0" * 64})
    assert digests is not None
    digests.update(b"abc")
    with pytest.raises(DigestMismatch, match=r"a\.txt.*sha256") as caught:
        digests.check("a.txt")
    error = pickle.loads(pickle.dumps(caught.value))
    told = (error.path, error.algorithm, error.expected, error.actual)
    assert told == ("a.txt", "sha256", "0" * 64, ABC["sha256"])


def test_none_is_none() -> None:
    assert Digests.of(None) is None
    assert Digests.of({}) is None


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("", ValueError),
        (ABC["sha256"], ValueError),
        ("sha256:", ValueError),
        (f"sha256:{ABC['md5']}", ValueError),
        (f"sha256:{'g' * 64}", ValueError),
        (f"crc32:{'0' * 8}", ValueError),
        ("shake_128:00", ValueError),
        (f"{'x' * 10_000}:00", ValueError),
        ({"sha256": sha256(b"abc").digest()}, TypeError),
        ({b"sha256": ABC["sha256"]}, TypeError),
        ([f"sha256:{ABC['sha256']}"], TypeError),
        (7, TypeError),
    ],
)
def test_what_is_no_digest_is_refused(given: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        Digests.of(given)
    assert len(str(caught.value)) < 300
