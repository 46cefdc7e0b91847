"""Challenges, and the answers of Basic and Digest, as pure functions."""

from __future__ import annotations

import threading
import time

import pytest

from h11client.auth import (
    DigestSession,
    HTTPBasicAuth,
    HTTPDigestAuth,
    basic_credentials,
    parse_challenges,
)

# RFC 7616 section 3.9.1
RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC_7616_CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
RFC_7616_RESPONSES = {
    "MD5": "8ca523f5e9506fed4657c9700eebdbec",
    "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
}


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
    def best(length: int) -> float:
        value = ["Digest " + piece * (length // len(piece))]
        times = []
        for _ in range(5):
            start = time.perf_counter()
            parse_challenges(value)
            times.append(time.perf_counter() - start)
        return min(times)

    assert best(65536) < 0.005 or best(131072) / best(65536) < 2.6


def test_basic_credentials_are_those_of_the_rfc() -> None:
    assert basic_credentials("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic_credentials("test", "123£") == "Basic dGVzdDoxMjPCow=="  # RFC 7617 section 2.1
    assert basic_credentials(b"test", b"123\xa3") == "Basic dGVzdDoxMjOj"


@pytest.mark.safety("2l1")
def test_an_empty_password_keeps_the_colon() -> None:
    assert basic_credentials("a", "") == "Basic YTo="


@pytest.mark.safety("2l1", "I8")
@pytest.mark.parametrize(
    ("username", "password"),
    [("a:b", "c"), ("a\n", "c"), ("a", "c\r\nX: y"), ("a", "\x00"), (b"a:", b""), ("a\x7f", "c")],
)
@pytest.mark.parametrize("make", [basic_credentials, HTTPBasicAuth, HTTPDigestAuth])
def test_names_with_a_colon_and_control_characters_are_refused_without_being_shown(
    make: type, username: str, password: str
) -> None:
    with pytest.raises(ValueError) as caught:
        make(username, password)
    assert repr(password) not in str(caught.value)


def test_credentials_are_values_that_do_not_show_the_password() -> None:
    assert HTTPBasicAuth("a", "b") == HTTPBasicAuth(b"a", b"b")
    assert hash(HTTPBasicAuth("a", "b")) == hash(HTTPBasicAuth(b"a", b"b"))
    assert HTTPBasicAuth("a", "b") != HTTPBasicAuth("a", "B")
    assert HTTPBasicAuth("a", "b") != HTTPDigestAuth("a", "b")
    assert HTTPBasicAuth("a", "b") != ("a", "b")
    assert "secret" not in repr(HTTPDigestAuth("a", "secret"))
    with pytest.raises(TypeError):
        HTTPBasicAuth("a", None)


def parameters_of(credentials: str | None) -> dict[str, str]:
    assert credentials is not None
    (challenge,) = parse_challenges([credentials])
    assert challenge.scheme == "digest"
    return challenge.parameters


def digest_for(
    challenge: str, username: str = "Mufasa", password: str = "Circle of Life"
) -> DigestSession:
    session = DigestSession(HTTPDigestAuth(username, password))
    assert session.accept(parse_challenges([challenge]))
    return session


@pytest.mark.safety("2l2")
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_digest_answers_as_the_rfc_does(algorithm: str) -> None:
    session = digest_for(RFC_7616.format(algorithm=algorithm))
    credentials = session.credentials("GET", "/dir/index.html", None, RFC_7616_CNONCE)
    assert parameters_of(credentials) == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "nc": "00000001",
        "cnonce": RFC_7616_CNONCE,
        "qop": "auth",
        "response": RFC_7616_RESPONSES[algorithm],
        "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    }


@pytest.mark.safety("2l2")
def test_digest_hashes_the_user_name_when_asked_as_the_rfc_does() -> None:
    # RFC 7616 section 3.9.2: the user name.
    session = digest_for(
        'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
        'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
        'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true',
        "J\u00e4s\u00f8n Doe",
        "Secret, or not?",
    )
    found = parameters_of(session.credentials("GET", "/doe.json", None))
    assert found["userhash"] == "true"
    assert found["username"] == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"


def test_digest_without_qop_answers_as_rfc_2069_had_it() -> None:
    session = digest_for(
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="o"',
        password="CircleOfLife",
    )
    found = parameters_of(session.credentials("GET", "/dir/index.html", None))
    assert found["response"] == "1949323746fe6a43ef61f9606e7febea"  # RFC 2069 erratum 749
    assert not found.keys() & {"qop", "nc", "cnonce", "algorithm"}


def response_of(parts: list[str], algorithm: str = "md5") -> str:
    import hashlib

    return hashlib.new(algorithm, ":".join(parts).encode()).hexdigest()


def test_a_session_key_is_made_of_the_first_cnonce_and_kept() -> None:
    session = digest_for('Digest realm="r", nonce="n", algorithm=MD5-sess, qop=auth', "u", "p")
    first = parameters_of(session.credentials("GET", "/", None))
    second = parameters_of(session.credentials("GET", "/", None))
    assert first["cnonce"] == second["cnonce"]
    key = response_of([response_of(["u", "r", "p"]), "n", first["cnonce"]])
    action = response_of(["GET", "/"])
    for found, count in ((first, "00000001"), (second, "00000002")):
        assert found["response"] == response_of([key, "n", count, found["cnonce"], "auth", action])


def test_auth_int_covers_the_body_and_is_taken_only_when_there_is_nothing_else() -> None:
    session = digest_for('Digest realm="r", nonce="n", qop="auth-int"', "u", "p")
    found = parameters_of(session.credentials("POST", "/", b"body"))
    action = response_of(["POST", "/", response_of(["body"])])
    middle = ["n", "00000001", found["cnonce"], "auth-int"]
    assert found["response"] == response_of([response_of(["u", "r", "p"]), *middle, action])
    assert session.credentials("POST", "/", None) is None
    both = digest_for('Digest realm="r", nonce="n", qop="auth-int, auth"')
    assert parameters_of(both.credentials("POST", "/", b"body"))["qop"] == "auth"


@pytest.mark.safety("2l2", "A1")
def test_the_strongest_usable_algorithm_is_taken() -> None:
    session = DigestSession(HTTPDigestAuth("u", "p"))
    assert session.accept(
        parse_challenges(
            [
                "Basic realm=a, Digest realm=a, nonce=1, algorithm=MD5, qop=auth",
                "Digest realm=a, nonce=2, algorithm=SHA-256, qop=auth",
                "Digest realm=a, nonce=3, algorithm=SHA-512-256, qop=conf",
                "Digest realm=a, nonce=4, algorithm=SHA-9000, qop=auth",
            ]
        )
    )
    assert parameters_of(session.credentials("GET", "/", None))["nonce"] == "2"


@pytest.mark.safety("2l2", "X19")
@pytest.mark.parametrize(
    "challenge",
    [
        "Basic realm=a",
        "Digest realm=a",
        "Digest nonce=a, algorithm=SHA-1",
        "Digest nonce=a, qop=conf",
        "Negotiate",
        "",
    ],
)
def test_what_cannot_be_answered_is_not_answered(challenge: str) -> None:
    session = DigestSession(HTTPDigestAuth("u", "p"))
    assert not session.accept(parse_challenges([challenge]))
    assert session.credentials("GET", "/", None) is None


@pytest.mark.safety("A1")
def test_quotes_and_backslashes_are_escaped() -> None:
    session = digest_for(r'Digest realm="a\"b\\c", nonce="n\"", opaque="\\", qop=auth', 'u"\\', "p")
    credentials = session.credentials("GET", '/"', None)
    assert credentials is not None
    assert r'username="u\"\\"' in credentials
    assert r'realm="a\"b\\c"' in credentials
    assert parameters_of(credentials)["opaque"] == "\\"
    assert parameters_of(credentials)["uri"] == '/"'


def test_a_user_name_beyond_ascii_is_sent_in_the_extended_notation() -> None:
    session = digest_for("Digest realm=r, nonce=n, qop=auth", "J\u00e4", "p")
    assert "username*=UTF-8''J%C3%A4, " in str(session.credentials("GET", "/", None))


@pytest.mark.safety("A3")
def test_every_cnonce_is_new_and_has_128_bits() -> None:
    sessions = [digest_for("Digest realm=r, nonce=n, qop=auth") for _ in range(2)]
    cnonces = {
        parameters_of(session.credentials("GET", "/", None))["cnonce"]
        for session in sessions
        for _ in range(3)
    }
    assert len(cnonces) == 6
    assert {len(bytes.fromhex(cnonce)) for cnonce in cnonces} == {16}


@pytest.mark.safety("2l2")
def test_counts_of_one_nonce_rise_strictly_under_threads() -> None:
    session = digest_for("Digest realm=r, nonce=n, qop=auth")
    counts: list[int] = []

    def ask() -> None:
        for _ in range(100):
            counts.append(int(parameters_of(session.credentials("GET", "/", None))["nc"], 16))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == list(range(1, 401))


def test_the_same_challenge_again_does_not_start_the_count_anew() -> None:
    session = digest_for("Digest realm=r, nonce=n, qop=auth")
    session.credentials("GET", "/", None)
    assert session.accept(parse_challenges(["Digest realm=r, nonce=n, qop=auth"]))
    assert parameters_of(session.credentials("GET", "/", None))["nc"] == "00000002"
    assert session.accept(parse_challenges(["Digest realm=r, nonce=m, qop=auth"]))
    assert parameters_of(session.credentials("GET", "/", None))["nc"] == "00000001"
