"""What one place is told with Digest, as a pure function of what it has asked for."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from h11client._policies.challenges import parse_challenges
from h11client._policies.digest import DigestSession
from h11client.auth import HTTPDigestAuth
from tests.conftest import ROOT

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

# RFC 7616 section 3.9.2
RFC_7616_API = (
    'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
    'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
    'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true'
)


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
    session = digest_for(RFC_7616_API, "J\u00e4s\u00f8n Doe", "Secret, or not?")
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
        'Digest realm="\x01", nonce=a',
        'Digest nonce="a\x7f", qop=auth',
        f"Digest nonce={'a' * 9000}, qop=auth",
        'Digest nonce=a, opaque="\x1f"',
        'Digest nonce=a, qop=""',
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


@pytest.mark.safety("2l2")
def test_the_same_challenge_again_does_not_start_the_count_anew() -> None:
    session = digest_for("Digest realm=r, nonce=n, qop=auth")
    session.credentials("GET", "/", None)
    assert session.accept(parse_challenges(["Digest realm=r, nonce=n, qop=auth"]))
    assert parameters_of(session.credentials("GET", "/", None))["nc"] == "00000002"
    assert session.accept(parse_challenges(["Digest realm=r, nonce=m, qop=auth"]))
    assert parameters_of(session.credentials("GET", "/", None))["nc"] == "00000001"


@pytest.mark.safety("2l2")
def test_digest_with_sha_512_256_answers_as_the_corrected_rfc_does() -> None:
    # RFC 7616 section 3.9.2 with erratum 4897.
    session = digest_for(RFC_7616_API, "J\u00e4s\u00f8n Doe", "Secret, or not?")
    cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"
    found = parameters_of(session.credentials("GET", "/doe.json", None, cnonce))
    assert found["response"] == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"


def test_a_user_name_that_is_not_composed_is_the_same_when_the_server_says_utf_8() -> None:
    session = digest_for(RFC_7616_API, "Ja\u0308s\u00f8n Doe", "Secret, or not?")
    found = parameters_of(session.credentials("GET", "/doe.json", None))
    assert found["username"] == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"


@pytest.mark.parametrize(
    ("challenge", "encoding", "shown"),
    [
        ("algorithm=MD5", "utf-8", 'username="J\xc3\xa4"'),
        ("algorithm=MD5", "latin-1", 'username="J\xe4"'),
        ("algorithm=MD5, charset=UTF-8", "latin-1", "username*=UTF-8''J%C3%A4"),
        ("algorithm=SHA-256", "utf-8", "username*=UTF-8''J%C3%A4"),
        ("algorithm=SHA-256", "latin-1", 'username="J\xe4"'),
    ],
)
def test_a_user_name_beyond_ascii_is_sent_as_the_server_can_read_it(
    challenge: str, encoding: str, shown: str
) -> None:
    session = DigestSession(HTTPDigestAuth("J\u00e4", "p", encoding=encoding))
    assert session.accept(parse_challenges([f"Digest realm=r, nonce=n, qop=auth, {challenge}"]))
    assert f"{shown}, " in str(session.credentials("GET", "/", None))


def test_auth_int_reads_a_body_that_comes_in_pieces() -> None:
    session = digest_for('Digest realm="r", nonce="n", qop="auth-int"', "u", "p")
    found = parameters_of(session.credentials("POST", "/", lambda: iter([b"bo", b"dy"])))
    action = response_of(["POST", "/", response_of(["body"])])
    middle = ["n", "00000001", found["cnonce"], "auth-int"]
    assert found["response"] == response_of([response_of(["u", "r", "p"]), *middle, action])


def test_what_a_body_rules_out_is_not_chosen_for_its_strength() -> None:
    challenges = parse_challenges(
        [
            'Digest realm=r, nonce=int, qop="auth-int", algorithm=SHA-256',
            "Digest realm=r, nonce=any, qop=auth, algorithm=MD5",
        ]
    )
    session = DigestSession(HTTPDigestAuth("u", "p"))
    assert session.accept(challenges, None)
    assert parameters_of(session.credentials("POST", "/", None))["nonce"] == "any"
    assert session.accept(challenges, b"")
    assert parameters_of(session.credentials("POST", "/", b""))["nonce"] == "int"


@pytest.mark.safety("A1", "2l2")
def test_each_realm_of_a_place_has_a_count_of_its_own() -> None:
    session = DigestSession(HTTPDigestAuth("u", "p"))
    counts = []
    for realm in ("a", "b", "a", "a", "b"):
        challenge = f"Digest realm={realm}, nonce=of-{realm}, qop=auth"
        assert session.accept(parse_challenges([challenge]))
        found = parameters_of(session.credentials("GET", "/", None))
        assert found["realm"] == realm
        counts.append(int(found["nc"], 16))
    assert counts == [1, 1, 2, 3, 2]


@pytest.mark.safety("L2")
def test_a_place_with_ever_new_realms_does_not_fill_the_memory() -> None:
    session = DigestSession(HTTPDigestAuth("u", "p"))
    for number in range(100):
        assert session.accept(parse_challenges([f"Digest realm=r{number}, nonce=n, qop=auth"]))
    assert len(session._nonces) == 8
    assert parameters_of(session.credentials("GET", "/", None))["realm"] == "r99"


def test_the_next_nonce_is_used_when_it_was_told_for_the_one_before() -> None:
    session = digest_for("Digest realm=r, nonce=n, qop=auth, opaque=o", "u", "p")
    told = session.tell("GET", "/", None)
    assert told is not None
    session.accept_info({"nextnonce": "m"}, "another")
    assert parameters_of(session.credentials("GET", "/", None))["nonce"] == "n"
    session.accept_info({"nextnonce": "m", "qop": "auth"}, told[1])
    found = parameters_of(session.credentials("GET", "/", None))
    assert (found["nonce"], found["nc"], found["opaque"]) == ("m", "00000001", "o")
    key = response_of(["u", "r", "p"])
    action = response_of(["GET", "/"])
    assert found["response"] == response_of([key, "m", "00000001", found["cnonce"], "auth", action])


@pytest.mark.parametrize("info", [{}, {"nextnonce": ""}, {"nextnonce": "\x01"}, {"nextnonce": "x" * 9000}])  # fmt: skip
def test_a_next_nonce_that_cannot_be_used_is_none(info: dict[str, str]) -> None:
    session = digest_for("Digest realm=r, nonce=n, qop=auth")
    session.accept_info(info, "n")
    found = parameters_of(session.credentials("GET", "/", None))
    assert (found["nonce"], found["nc"]) == ("n", "00000001")


def test_the_key_of_a_session_outlives_the_nonce_that_it_was_made_with() -> None:
    session = digest_for("Digest realm=r, nonce=n, qop=auth, algorithm=MD5-sess", "u", "p")
    first = parameters_of(session.credentials("GET", "/", None))
    session.accept_info({"nextnonce": "m"}, "n")
    found = parameters_of(session.credentials("GET", "/", None))
    key = response_of([response_of(["u", "r", "p"]), "n", first["cnonce"]])
    action = response_of(["GET", "/"])
    assert found["response"] == response_of([key, "m", "00000001", found["cnonce"], "auth", action])


FORKING = """
import os
from h11client.auth import HTTPDigestAuth, parse_challenges
from h11client._policies.digest import DigestSession

session = DigestSession(HTTPDigestAuth("u", "p"))
challenges = parse_challenges(["Digest realm=r, nonce=n, qop=auth"])
assert session.accept(challenges) and session.tell("GET", "/", None)
with session._lock:  # of some other thread of the parent, as far as the child can tell
    child = os.fork()
    if child == 0:
        told = session.tell("GET", "/", None)
        known = session.accept(challenges)
        os._exit(0 if told is None and known else 1)
assert os.waitpid(child, 0)[1] == 0
assert "nc=00000002" in session.credentials("GET", "/", None)
"""


def test_a_forked_child_neither_waits_for_a_lock_nor_counts_on() -> None:
    subprocess.run([sys.executable, "-c", FORKING], check=True, timeout=20, cwd=ROOT)
