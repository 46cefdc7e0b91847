"""What a program pays for at each step: modules are loaded by those who need them, when they do."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT

# Each of them costs a program as much as much of this client, or all of it.
RARE = {
    *("asyncio", "base64", "bz2", "calendar", "certifi", "concurrent", "contextlib", "copy"),
    *("ctypes", "dataclasses", "datetime", "decimal", "email", "fractions", "gzip", "hashlib"),
    *("hmac", "html", "http", "idna", "inspect", "ipaddress", "json", "locale", "logging"),
    *("lzma", "mimetypes", "multiprocessing", "pathlib", "pickle", "platform", "pprint", "queue"),
    *("random", "secrets", "shutil", "signal", "ssl", "statistics", "string", "struct"),
    *("subprocess", "sysconfig", "tempfile", "textwrap", "threading", "traceback", "typing"),
    *("unicodedata", "urllib", "uuid", "weakref", "xml", "zipfile", "zlib"),
}

STEPS = """
import sys
sys.path.insert(0, sys.argv[1])
url = sys.argv[2]
steps = []
known = set(sys.modules)

def step(name):
    steps.append((name, sorted(sys.modules.keys() - known)))
    known.update(sys.modules)

import h11client
step("import")
session = h11client.Session()
step("session")
assert session.get(url, params={"a": "b"}, headers={"X-Name": "value"}).status_code == 200
step("first GET")
with session.get(url, stream=True) as response:
    assert b"".join(response.iter_content(3)) == b'{"a": 1}'
assert response.headers["Content-Type"] == "application/json"
step("stream")
assert session.post(url, data={"a": "b"}).text == '{"a": 1}'
step("form")
assert response.url.startswith("http://") and repr(response) and response.raise_for_status() is None
step("looking at it")
assert session.get(url).json() == {"a": 1}
step("json")
assert session.get(url, cookies={"a": "b"}).status_code == 200
step("cookies")
import json as dumper
print(dumper.dumps(steps))
"""
BODY = b'{"a": 1}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n" + BODY


def answer(peer):
    while head := peer.read_head():
        if head.startswith(b"POST"):
            peer.read_body(3)
        peer.send(ANSWER)


@pytest.fixture
def steps(serve) -> dict[str, list[str]]:
    """The modules that each step loaded, in an interpreter that has none but its own."""
    server = serve(answer)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", STEPS, str(ROOT), f"{server.url}/"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def parents(modules: list[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_the_import_loads_next_to_nothing(steps):
    assert parents(steps["import"]) <= {"__future__", "h11client"}


def test_a_session_loads_nothing_that_only_some_programs_need(steps):
    assert {"h11", "h11client", "socket", "select"} <= parents(steps["session"])
    assert parents(steps["session"]) & RARE == set()


def test_a_get_on_a_socket_loads_nothing_at_all(steps):
    assert steps["first GET"] == []
    assert steps["stream"] == []


def test_a_form_and_a_text_load_nothing_rare(steps):
    assert parents(steps["form"]) & RARE == set()
    assert steps["looking at it"] == []


def test_the_jar_of_the_standard_library_comes_with_the_first_cookie(steps):
    before = [name for step, names in steps.items() if step != "cookies" for name in names]
    assert "http.cookiejar" in steps["cookies"]
    assert "http" not in parents(before)


def test_json_loads_json(steps):
    assert parents(steps["json"]) == {"json", "_json"}
