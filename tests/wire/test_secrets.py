"""A program that logs everything and prints every traceback, on real sockets: it tells no secret."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Authority
from tests.secrets.forms import PLAIN, forms_of, leaks, told_on_the_wire
from tests.wire.conftest import Peer, Server

# Its arguments: the URLs of the server and of the one with TLS, and the path of a certificate.
PROGRAM = """\
import logging, sys, traceback, warnings
logging.basicConfig(level=logging.DEBUG, format="%(threadName)s %(name)s %(message)s %(args)r")
warnings.simplefilter("always")
import h11client
from h11client.auth import HTTPBasicAuth, HTTPBearerAuth, HTTPDigestAuth

plain, secure, pem, secret = sys.argv[1:]
host = plain.removeprefix("http://")
session = h11client.Session(
    headers={"X-Api-Key": secret, "Referer": f"http://user:{secret}@page.test/"},
    cookies={"id": secret},
    auth=HTTPBasicAuth("user", secret),
    timeout=h11client.Timeout(2, read=0.3, total=5),
    on_event=lambda event: print(event, repr(event.error)),
    sensitive_headers=["X-Tenant"],
    verify=pem,
)
calls = {
    "answered": lambda: session.get(f"{plain}/ok", headers={"Authorization": f"Bearer {secret}"}),
    "in the URL": lambda: session.get(f"http://user:{secret}@{host}/ok"),
    "a token": lambda: session.get(f"{plain}/ok?token={secret}#{secret}", auth=HTTPBearerAuth(secret)),
    "refused": lambda: session.get(f"http://user:{secret}@127.0.0.1:1/"),
    "unknown": lambda: session.get(f"http://user:{secret}@nowhere.invalid/"),
    "401": lambda: session.get(f"{plain}/401", auth=HTTPDigestAuth("user", secret)).raise_for_status(),
    "moved": lambda: session.get(f"{plain}/moved", headers={"X-Tenant": secret}),
    "malformed": lambda: session.get(f"{plain}/malformed"),
    "closed": lambda: session.post(f"{plain}/closed", data={"password": secret}),
    "silent": lambda: session.get(f"{plain}/silent"),
    "half": lambda: session.get(f"{plain}/half", retries=h11client.Retry(1, backoff=0)),
    "no TLS": lambda: session.get(f"https://user:{secret}@{host}/"),
    "not trusted": lambda: session.get(f"{secure}/ok", verify=True),
    "TLS": lambda: session.get(f"{secure}/ok"),
    "a wrong password": lambda: session.get(f"{secure}/ok", cert=(pem, pem, secret)),
    "through a proxy": lambda: session.get(f"{secure}/ok", proxies={"https": f"http://user:{secret}@{host}"}),
    "through SOCKS": lambda: session.get(f"{secure}/ok", proxies={"https": f"socks5://user:{secret}@{host}"}),
    "a wrong header": lambda: session.get(plain, headers={"Authorization": secret + "\\n"}),
    "a wrong URL": lambda: session.get(f"http://user:{secret}@{host}:x/"),
    "a wrong cookie": lambda: session.get(plain, cookies={"id": secret + ";"}),
}
for name, call in calls.items():
    try:
        response = call()
        shown = response, response.request, response.headers, response.request.headers
        print(name, "->", *shown, response.cookies, response.connection_info, response.timings)
        print(*response.history, *response.attempts, *session.cookies)
    except Exception as error:
        traceback.print_exc()
        print(name, "->", repr(error), error.args, getattr(error, "request", None))
        logging.exception("%s failed", name)
print(session, session.headers, session.cookies, session.auth, session.adapters)
"""


def answer(peer: Peer) -> None:
    """Answers by the path, for as long as the client asks."""
    while head := peer.read_head():
        told.append(head)
        target = head.split(b" ")[1]
        fields = b"Set-Cookie: sid=%b\r\n" % PLAIN.encode()
        if head.startswith(b"CONNECT"):
            peer.send(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n")
        elif b"/401" in target:
            fields += b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n'
            peer.send(b"HTTP/1.1 401 Who\r\n%bContent-Length: 0\r\n\r\n" % fields)
        elif b"/moved" in target:
            where = b"Location: http://user:%b@127.0.0.1:1/?token=%b\r\n" % ((PLAIN.encode(),) * 2)
            peer.send(b"HTTP/1.1 302 Found\r\n%bContent-Length: 0\r\n\r\n" % (fields + where))
        elif b"/malformed" in target:
            peer.send(b"HTTP/1.1 200 OK\r\n%b\r\n" % fields.replace(b"\r", b"\0\r"))
        elif b"/closed" in target:
            return
        elif b"/silent" in target:
            peer.wait_for_end()
        elif b"/half" in target:
            peer.send(b"HTTP/1.1 200 OK\r\n%bContent-Length: 9\r\n\r\nhalf" % fields)
            return
        else:
            peer.send(b"HTTP/1.1 200 OK\r\n%bContent-Length: 2\r\n\r\nok" % fields)


told: list[bytes] = []


@pytest.mark.safety("R18", "R17")
def test_a_program_that_logs_and_prints_everything_tells_no_secret(
    serve: Callable[..., Server], ca: Authority, tmp_path: Path
) -> None:
    told.clear()
    plain, secure = serve(answer), serve(answer, context=ca.server_context())
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine nowhere.invalid login user password {PLAIN}\n")
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-c", PROGRAM, plain.url, secure.url, str(ca.pem), PLAIN],
        env={**os.environ, "NETRC": str(netrc), "NO_PROXY": "127.0.0.1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout[-2000:]
    assert ended.stdout.count(" -> ") == PROGRAM.count("lambda: session.")
    assert ended.stdout.count("Traceback") > 20  # each is printed, and logged
    assert ended.stdout.count("h11client") > 100
    heads = b"\r\n".join(told)
    assert PLAIN.encode() in heads
    forms = forms_of(PLAIN) | {one: one for one in told_on_the_wire(heads) if len(one) > 6}
    # By lines, so that it is seen which one it was.
    lines = [("output", line) for line in ended.stdout.splitlines()]
    assert leaks(lines, forms) == []
