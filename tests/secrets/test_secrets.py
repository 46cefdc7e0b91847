"""The campaign: a secret in every place, every event, and then a look at all that can be seen.

What is looked at: every log line with its arguments and traceback, what is printed and warned of,
the names of threads, what hooks are told, every exception of the chain with its arguments and all
that Python prints of it, and the repr and text of every object of the client's within reach of the
session, the response or the exception.

Not looked at, because it is decided otherwise: what a program asks for by name (the value of a
header, `request.body`, `dict(response.headers)`), the locals of frames, pickles, objects of the
engine `h11`, which knows nothing of secrets, and paths and queries of URLs.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import h11client
from h11client._policies import netrc
from h11client._transport import proxies, trust
from h11client._transport.pool import Pool
from h11client.testing import ScriptedNetwork
from tests.secrets.events import Event
from tests.secrets.events_around import EVENTS
from tests.secrets.forms import PLAIN, forms_of, leaks, told_on_the_wire
from tests.secrets.places import PLACES, plant
from tests.secrets.setup import Run, Setup
from tests.secrets.witness import Witness


class Network(ScriptedNetwork):
    """A script that may be asked for files which are not there."""

    real_files = False

    def check_tls(self, config: Any) -> None:
        if self.real_files:
            trust.context_for(config)


@contextlib.contextmanager
def surroundings(setup: Setup, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment and the files that a call wants."""
    with monkeypatch.context() as patched:
        for name, content in setup.files.items():
            (folder / name).write_bytes(content)
        for name, value in setup.environment.items():
            patched.setenv(name, str(folder / value) if value in setup.files else value)
        proxies._remembered.clear()
        netrc._known = None
        yield


def run(setup: Setup, event: Event, witness: Witness) -> Run:
    """Makes the call, and shows the witness all that there is."""
    dials = event.script(setup)
    if setup.pool_is_taken:
        dials = [dials[0]]
    network = Network(*dials)
    network.real_files = setup.real_files
    pool = Pool(setup.limits, network, network.clock)
    made: Run
    setup.session.setdefault("on_event", witness.on_event)
    with witness.watching():
        made = Run(network, None)
        try:
            with h11client.Session(transport=pool, **setup.session) as session:
                made.session = session
                call(setup, event, made, pool, witness)
                witness.look_at("session", session)
        except BaseException as error:
            made.error = error
    show_all(made, witness)
    return made


# What is made when a program asks for it.
ASKED_FOR = [
    *("headers", "cookies", "url", "reason", "history", "attempts", "timings", "connection_info"),
    *("informational", "trailers", "links", "next", "request", "response", "connection", "errors"),
    *("proxies", "auth", "path_url", "elapsed", "limit", "partial_length", "status_code"),
]


def show_all(made: Run, witness: Witness) -> None:
    """Shows what can be got at from the outside."""
    roots = [made.session, made.response, *witness.found(BaseException)]
    roots += [getattr(root, name, None) for root in roots for name in ("request", "response")]
    roots += [getattr(root, name, None) for root in roots for name in ASKED_FOR]
    for root in roots:
        if hasattr(root, "to_curl"):
            witness.add("to_curl", root.to_curl())
    if made.session is not None:
        roots += made.session.cookies
        if made.response is not None:
            roots += made.response.cookies
    witness.look_at("objects", *roots, made.error, made.network)


def download(setup: Setup, made: Run, witness: Witness) -> None:
    """A download, and what it leaves on the disk."""
    setup.call.pop("stream", None)
    with tempfile.TemporaryDirectory() as folder:
        try:
            witness.look_at("download", made.session.download(setup.url, folder, **setup.call))
        finally:
            for file in Path(folder).iterdir():
                witness.add("file", file.name, file.read_bytes().decode("latin-1"))


def call(setup: Setup, event: Event, made: Run, pool: Pool, witness: Witness) -> None:
    """The call proper; what it raises is for `run`."""
    session = made.session
    if setup.assign is not None:
        setup.assign(session)
    if setup.pool_is_taken:
        other = h11client.Request("GET", "http://taken.test/").prepare()
        holder = pool.send(other, stream=True)
    try:
        if setup.downloads:
            download(setup, made, witness)
        elif setup.prepare is not None:
            sending = ("hooks", "timeout", "stream", "allow_redirects", "verify", "cert", "proxies")
            given = {name: setup.call.pop(name) for name in sending if name in setup.call}
            request = setup.prepare(session, setup)
            for hook in (given.pop("hooks", None) or {}).values():
                request.register_hook("response", hook)
            made.response = session.send(request, **given)
        else:
            made.response = session.request(setup.method, setup.url, **setup.call)
        if event.then is not None:
            event.then(made.response)
    finally:
        if setup.pool_is_taken:
            holder.close()


def check_end(made: Run, event: Event, what: str) -> None:
    """The event has happened: or else the campaign would look at nothing but successes."""
    if made.error is None:
        assert not event.expected or None in event.expected, f"{what}: nothing was raised"
        return
    expected = tuple(kind for kind in event.expected if kind is not None)
    if not isinstance(made.error, expected):
        raise AssertionError(f"{what}: {made.error!r}") from made.error


@pytest.mark.safety("R18", "R17", "4I11")
@pytest.mark.parametrize("name", EVENTS)
def test_nothing_that_can_be_seen_has_a_planted_secret(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = EVENTS[name]
    happened = []
    found = []
    for where in PLACES:
        setup, secret = plant(where)
        if not event.applies(setup):
            continue
        happened.append(where)
        witness = Witness()
        with surroundings(setup, tmp_path, monkeypatch):
            made = run(setup, event, witness)
        check_end(made, event, where)
        forms = forms_of(secret)
        forms |= {
            f"what was sent, {number}": told
            for number, told in enumerate(told_on_the_wire(made.written))
            if len(told) > 6
        }
        found += [f"{where}: {leak}" for leak in leaks(witness.texts, forms)]
    assert len(happened) >= 1
    assert found == []


@pytest.mark.parametrize("where", PLACES)
def test_what_is_planted_arrives(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup, _ = plant(where)
    witness = Witness()
    with surroundings(setup, tmp_path, monkeypatch):
        made = run(setup, EVENTS["success"], witness)
    assert made.error is None
    assert setup.arrived is not None
    assert setup.arrived(made)
    assert witness.records > 1  # and the log was on


def test_every_event_meets_several_places_and_every_place_several_events() -> None:
    meetings = {
        (event, where)
        for event, what in EVENTS.items()
        for where in PLACES
        if what.applies(plant(where)[0])
    }
    assert len(meetings) > 4000
    for where in PLACES:
        assert sum(place == where for _, place in meetings) >= 30, where


@pytest.mark.safety("R18")
def test_neither_the_log_nor_an_attempt_shows_a_query_or_a_fragment() -> None:
    """They are parts of a URL like others, in `HTTPError` and `response.url`; but tokens are there."""
    where = f"/path?token={PLAIN}#access_token={PLAIN}"
    hop = f"HTTP/1.1 302 Found\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode()
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    network = ScriptedNetwork([hop, busy, b""], [busy, busy])
    witness = Witness()
    retry = h11client.Retry(2, statuses=[503], backoff=0)
    with (
        witness.watching(),
        h11client.Session(
            transport=Pool(network=network, clock=network.clock),
            retries=retry,
            on_event=witness.on_event,
        ) as session,
        pytest.raises(h11client.exceptions.RetryError) as caught,
    ):
        session.get(f"http://origin.test{where}")
    witness.look_at("objects", session, caught.value, *caught.value.attempts)
    looked_at = ("log of", "event", "RetryError", "objects, Attempt", "objects, RetryError")
    shown = [text for text in witness.texts if text[0].startswith(looked_at)]
    assert any(where == "objects, Attempt" for where, _ in shown)
    assert any("302 redirects to 'http://origin.test/path?...'" in text for _, text in shown)
    assert sum("again in" in text for _, text in shown) >= 2
    assert PLAIN in caught.value.attempts[0].url
    assert leaks(shown, forms_of(PLAIN)) == []


def test_a_wrong_url_is_shown_without_its_query() -> None:
    with pytest.raises(h11client.exceptions.InvalidURL) as caught:
        h11client.get(f"http://origin.test:x/path?token={PLAIN}")
    assert "'http://origin.test:x/path?...'" in str(caught.value)
