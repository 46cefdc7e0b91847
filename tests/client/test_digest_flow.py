"""`HTTPDigestAuth.auth_flow`: what is sent when, against a server that was written apart from it."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

import pytest

from h11client import PreparedRequest, Request
from h11client._messages.headers import Headers
from h11client.auth import HTTPDigestAuth
from tests.client.digest_origin import HASHES, DigestOrigin, Pairs

Answer = Callable[[str, str, "str | None", bytes], "tuple[int, Pairs]"]


class Answered:
    """As much of a response as a flow looks at."""

    def __init__(self, status_code: int, headers: Pairs) -> None:
        self.status_code = status_code
        self.headers = Headers(headers)


def prepared(method: str = "GET", url: str = "http://a.example/x?y=z", **more: object) -> PreparedRequest:  # fmt: skip
    return Request(method, url, **more).prepare()  # type: ignore[arg-type]  # of any kind


def drive(auth: HTTPDigestAuth, request: PreparedRequest, answer: Answer) -> list[int]:
    """Sends what the flow yields, and returns the statuses; the body is read to its end."""
    flow = auth.auth_flow(request)
    statuses = []
    sent = next(flow)
    while True:
        assert sent is request
        method, target, fields = sent.wire_head()
        told = [value for name, value in fields.raw_items() if name == b"Authorization"]
        assert len(told) <= 1
        authorization = told[0].decode("latin-1") if told else None
        sent.encoded_body.rewind()
        body = b"".join(sent.encoded_body.chunks())
        status, headers = answer(method.decode(), target.decode(), authorization, body)
        statuses.append(status)
        try:
            sent = flow.send(Answered(status, headers))
        except StopIteration:
            return statuses


@pytest.mark.safety("2l2")
@pytest.mark.parametrize("suffix", ["", "-sess"])
@pytest.mark.parametrize("algorithm", list(HASHES))
@pytest.mark.parametrize("qop", ["auth", "auth-int", "auth-int, auth", "auth,auth-int, other"])
def test_every_algorithm_and_protection_is_spoken(algorithm: str, suffix: str, qop: str) -> None:
    origin = DigestOrigin(algorithm=algorithm + suffix, qop=qop)
    auth = HTTPDigestAuth("user", "secret")
    assert drive(auth, prepared("POST", data=b"body"), origin.answer) == [401, 200]
    assert drive(auth, prepared("PUT", data=b"other"), origin.answer) == [200]
    assert drive(auth, prepared(), origin.answer) == [200]
    assert [told and told["nc"] for told in origin.asked] == [
        None,
        "00000001",
        "00000002",
        "00000003",
    ]
    expected = "auth-int" if qop == "auth-int" else "auth"
    assert {told["qop"] for told in origin.asked if told} == {expected}


@pytest.mark.parametrize("algorithm", [None, "MD5"])
def test_servers_of_the_first_days_are_answered(algorithm: str | None) -> None:
    origin = DigestOrigin(algorithm=algorithm, qop=None)
    auth = HTTPDigestAuth("user", "secret")
    assert drive(auth, prepared(), origin.answer) == [401, 200]
    assert drive(auth, prepared(), origin.answer) == [200]


@pytest.mark.safety("2l2")
@pytest.mark.parametrize("userhash", [False, True])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_names_and_passwords_beyond_ascii_are_told(algorithm: str, userhash: bool) -> None:
    origin = DigestOrigin(
        username="J\u00e4s\u00f8n", password="\u20ac", algorithm=algorithm, userhash=userhash
    )
    auth = HTTPDigestAuth("J\u00e4s\u00f8n", "\u20ac")
    assert drive(auth, prepared(), origin.answer) == [401, 200]


@pytest.mark.safety("2l2")
@pytest.mark.parametrize(
    ("method", "url", "target"),
    [
        ("GET", "http://a.example", "/"),
        ("GET", "http://a.example/a b?c=\u00e9#d", "/a%20b?c=%C3%A9"),
        ("GET", 'http://a.example/"?"', "/%22?%22"),
        ("OPTIONS", "http://a.example", "*"),
        ("GET", "http://a.example//b/../c?", "//c?"),
    ],
)
def test_the_uri_is_the_target_that_is_sent(method: str, url: str, target: str) -> None:
    origin = DigestOrigin()
    assert drive(HTTPDigestAuth("user", "secret"), prepared(method, url), origin.answer) == [401, 200]  # fmt: skip
    assert [told["uri"] for told in origin.asked if told] == [target]


@pytest.mark.safety("2l3", "X19")
def test_a_wrong_password_is_told_once() -> None:
    origin = DigestOrigin()
    auth = HTTPDigestAuth("user", "wrong")
    assert drive(auth, prepared(), origin.answer) == [401, 401]


@pytest.mark.safety("2l3", "X19")
def test_a_server_that_is_never_content_is_told_once_for_each_request() -> None:
    origin = DigestOrigin(always="wrong")
    auth = HTTPDigestAuth("user", "secret")
    assert drive(auth, prepared(), origin.answer) == [401, 401]
    assert drive(auth, prepared(), origin.answer) == [401, 401]


@pytest.mark.safety("2l3", "X19")
def test_a_server_whose_nonces_are_always_stale_is_told_twice() -> None:
    origin = DigestOrigin(always="stale")
    auth = HTTPDigestAuth("user", "secret")
    assert drive(auth, prepared(), origin.answer) == [401, 401, 401]


@pytest.mark.safety("2l3")
def test_a_stale_nonce_is_replaced_within_the_same_call() -> None:
    origin = DigestOrigin(uses=2)
    auth = HTTPDigestAuth("user", "secret")
    found = [drive(auth, prepared(), origin.answer) for _ in range(4)]
    assert found == [[401, 200], [200], [401, 200], [200]]


@pytest.mark.safety("2l3")
def test_the_same_nonce_again_says_that_the_password_is_wrong() -> None:
    asked: list[str | None] = []

    def answer(method: str, target: str, authorization: str | None, body: bytes) -> tuple[int, Pairs]:  # fmt: skip
        asked.append(authorization)
        return 401, [("WWW-Authenticate", "Digest realm=r, nonce=n, qop=auth")]

    auth = HTTPDigestAuth("user", "wrong")
    assert drive(auth, prepared(), answer) == [401, 401]
    # Before it is asked, with the count of before; once more would not help.
    assert drive(auth, prepared(), answer) == [401]
    assert [value and "nc=00000002" in value for value in asked] == [None, False, True]


@pytest.mark.safety("2l2", "2l4", "X19")
@pytest.mark.parametrize(
    "challenge",
    [
        "Basic realm=a",
        "Digest realm=r, nonce=n, algorithm=SHA-1, qop=auth",
        "Digest realm=r, nonce=n, algorithm=MD5, qop=auth-conf",
        "Digest realm=r, qop=auth",
        'Digest realm="r, nonce=n, qop=auth',
        "Digest " + "," * 65536,
        "Digest nonce=" + "n" * 65536,
        "",
    ],
    ids=["basic", "algorithm", "qop", "no nonce", "open quote", "commas", "64 KB", "empty"],
)
def test_what_cannot_be_answered_is_the_answer(challenge: str) -> None:
    def answer(*_: object) -> tuple[int, Pairs]:
        return 401, [("WWW-Authenticate", challenge)]

    assert drive(HTTPDigestAuth("user", "secret"), prepared(), answer) == [401]


def test_a_401_without_a_challenge_is_the_answer() -> None:
    assert drive(HTTPDigestAuth("user", "secret"), prepared(), lambda *_: (401, [])) == [401]


@pytest.mark.safety("2l4")
@pytest.mark.parametrize("lines", [1, 2])
def test_the_challenge_is_found_among_others(lines: int) -> None:
    origin = DigestOrigin(algorithm="SHA-256")
    weaker = 'Digest realm="a, b", nonce="c", algorithm=MD5, qop="auth"'

    def answer(method: str, target: str, authorization: str | None, body: bytes) -> tuple[int, Pairs]:  # fmt: skip
        status, headers = origin.answer(method, target, authorization, body)
        values = ['Basic realm="x, \\"y\\""', weaker, "Negotiate", *[value for _, value in headers]]
        if lines == 1:
            values = [", ".join(values)]
        return status, [("WWW-Authenticate", value) for value in values]

    assert drive(HTTPDigestAuth("user", "secret"), prepared(), answer) == [401, 200]


@pytest.mark.safety("A1")
def test_what_one_origin_asked_for_is_told_to_no_other() -> None:
    auth = HTTPDigestAuth("user", "secret")
    urls = [
        "http://a.example/",
        "https://a.example/",
        "http://a.example:8080/",
        "http://b.example/",
        "http://sub.a.example/",
    ]
    origins = [DigestOrigin(realm="the same") for _ in urls]
    for url, origin in zip(urls, origins, strict=True):
        assert drive(auth, prepared(url=url), origin.answer) == [401, 200]
        assert origin.asked[0] is None
    for url, origin in zip(urls, origins, strict=True):
        assert drive(auth, prepared(url=url), origin.answer) == [200]


def test_spellings_of_one_origin_share_what_it_asked_for() -> None:
    origin = DigestOrigin()
    auth = HTTPDigestAuth("user", "secret")
    assert drive(auth, prepared(url="http://A.example.:80/"), origin.answer) == [401, 200]
    assert drive(auth, prepared(url="http://a.example/b"), origin.answer) == [200]


@pytest.mark.safety("L2")
def test_the_origins_that_are_remembered_are_limited_and_those_in_use_stay() -> None:
    auth = HTTPDigestAuth("user", "secret")
    home = DigestOrigin()
    assert drive(auth, prepared(), home.answer) == [401, 200]
    for number in range(300):
        url = f"http://{number}.example/"
        assert drive(auth, prepared(url=url), DigestOrigin().answer) == [401, 200]
        assert drive(auth, prepared(), home.answer) == [200]
    assert len(auth._sessions) == 100


def test_an_authorization_of_the_callers_own_is_left_alone() -> None:
    request = prepared(headers={"authorization": "Mine"})
    told = []

    def answer(method: str, target: str, authorization: str | None, body: bytes) -> tuple[int, Pairs]:  # fmt: skip
        told.append(authorization)
        return 401, [("WWW-Authenticate", "Digest realm=r, nonce=n, qop=auth")]

    flow = HTTPDigestAuth("user", "secret").auth_flow(request)
    assert next(flow).headers["Authorization"] == "Mine"
    with pytest.raises(StopIteration):
        flow.send(Answered(*answer("GET", "/", None, b"")))


def test_a_request_that_is_sent_again_does_not_keep_its_old_answer() -> None:
    origin = DigestOrigin()
    auth = HTTPDigestAuth("user", "secret")
    request = prepared()
    assert drive(auth, request, origin.answer) == [401, 200]
    assert drive(auth, request, origin.answer) == [200]
    assert [told and told["nc"] for told in origin.asked] == [None, "00000001", "00000002"]


@pytest.mark.parametrize("algorithm", ["SHA-256", "SHA-256-sess"])
def test_the_nonce_for_the_next_request_is_used(algorithm: str) -> None:
    origin = DigestOrigin(moves_on=True, algorithm=algorithm, uses=1)
    auth = HTTPDigestAuth("user", "secret")
    found = [drive(auth, prepared(), origin.answer) for _ in range(3)]
    assert found == [[401, 200], [200], [200]]
    assert [told and told["nonce"] for told in origin.asked] == [
        None,
        "nonce-1",
        "nonce-2",
        "nonce-3",
    ]


@pytest.mark.safety("2l3")
def test_auth_int_hashes_a_file_from_where_it_stood() -> None:
    origin = DigestOrigin(qop="auth-int")
    file = io.BytesIO(b"skipped body")
    file.seek(8)
    assert drive(HTTPDigestAuth("user", "secret"), prepared("PUT", data=file), origin.answer) == [401, 200]  # fmt: skip
    assert file.getvalue() == b"skipped body"


def test_auth_int_without_a_body_that_can_be_hashed_is_not_answered() -> None:
    def answer(*_: object) -> tuple[int, Pairs]:
        return 401, [("WWW-Authenticate", 'Digest realm=r, nonce=n, qop="auth-int"')]

    flow = HTTPDigestAuth("user", "secret").auth_flow(prepared("PUT", data=iter([b"body"])))
    next(flow)
    with pytest.raises(StopIteration):
        flow.send(Answered(*answer()))


@pytest.mark.safety("2l2")
def test_threads_share_a_nonce_and_no_count() -> None:
    origin = DigestOrigin()
    auth = HTTPDigestAuth("user", "secret")
    assert drive(auth, prepared(), origin.answer) == [401, 200]
    statuses: list[int] = []

    def ask() -> None:
        for _ in range(25):
            statuses.extend(drive(auth, prepared(), origin.answer))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 200
    counts = [int(told["nc"], 16) for told in origin.asked if told]
    assert sorted(counts) == list(range(1, 202))


@pytest.mark.safety("A3")
def test_no_two_clients_choose_the_same_cnonce() -> None:
    origin = DigestOrigin()
    for _ in range(20):
        assert drive(HTTPDigestAuth("user", "secret"), prepared(), origin.answer) == [401, 200]
    cnonces = {told["cnonce"] for told in origin.asked if told}
    assert len(cnonces) == 20
    assert {len(cnonce) for cnonce in cnonces} == {32}
