"""Auth, prepared requests, hooks, retries, sessions and adapters as programs use them."""

from __future__ import annotations

import collections
import copy
import functools
import hashlib
import json
import os
import pickle
import ssl
from pathlib import Path
from typing import Any
from unittest import mock

from rows import Table, failing, make, session_with
from urllib3 import Retry


def main(url: str, folder: Path) -> dict[str, Any]:
    os.chdir(folder)
    Path("file.txt").write_bytes(b"the content")
    return make({**AUTH, **PREPARED, **HOOKS, **RETRIES, **SESSIONS, **ADAPTERS, **PATCHED}, url)


def with_login(url: str, login: str) -> str:
    return url.replace("//", f"//{login}@")


def other(url: str) -> str:
    return url.replace("127.0.0.1", "localhost")


def with_netrc(text: str, call: Any, name: str = "netrc") -> Any:
    Path(name).write_text(text, encoding="utf-8")
    os.chmod(name, 0o600)
    os.environ["NETRC"] = os.path.abspath(name)
    try:
        return call()
    finally:
        del os.environ["NETRC"]


OURS = "machine 127.0.0.1 login ada password byron\nmachine localhost login b password c\n"


def with_token(request: Any) -> Any:
    request.headers["X-Token"] = "t"
    return request


def copying(request: Any) -> Any:
    made = request.copy()
    made.headers["X-Copied"] = "1"
    return made


def posting(request: Any) -> Any:
    request.method, request.body = "POST", b"x"
    request.headers["Content-Length"] = "1"
    return request


def keyed(library: Any) -> Any:
    class Key(library.auth.HTTPBasicAuth):  # type: ignore[misc,name-defined]
        def __init__(self, key: str) -> None:
            super().__init__("api", key)

        def __call__(self, request: Any) -> Any:
            request = super().__call__(request)
            request.headers["X-Extra"] = "1"
            return request

    return Key("k")


def signing(library: Any) -> Any:
    class Signing(library.auth.AuthBase):  # type: ignore[misc,name-defined]
        def __call__(self, request: Any) -> Any:
            body = (
                request.body if isinstance(request.body, bytes) else (request.body or "").encode()
            )
            told = f"{request.method} {request.path_url} {request.headers.get('Content-Type')}"
            request.headers["X-Sign"] = hashlib.sha256(told.encode() + body).hexdigest()
            return request

    return Signing()


def seen_by_auth(library: Any, url: str) -> Any:
    seen: list[Any] = []

    def look(request: Any) -> Any:
        names = ("Content-Length", "Content-Type", "Cookie", "Host")
        seen.append([request.body.decode(), [request.headers.get(name) for name in names]])
        return request

    session = library.Session()
    session.cookies["a"] = "1"
    session.post(url + "/echo", json={"a": 1}, auth=look)
    return seen


def in_three_steps(library: Any, url: str) -> Any:
    class Steps(library.auth.AuthBase):  # type: ignore[misc,name-defined]
        def __call__(self, request: Any) -> Any:
            request.register_hook("response", self.answer)
            request.headers["Connection"] = "Keep-Alive"
            return request

        def answer(self, response: Any, **options: Any) -> Any:
            if response.status_code != 401 or response.request.headers.get("Authorization"):
                return response
            response.content  # noqa: B018  # so that the connection is free again
            response.raw.release_conn()
            passed = [response]
            for step in ("1", "2"):
                request = passed[-1].request.copy()
                request.headers["Authorization"] = f"Steps {step}"
                following = passed[-1].connection.send(request, **options)
                following.history.extend(passed)
                following.request = request
                passed.append(following)
            return passed[-1]

    response = library.get(url + "/basic", auth=Steps())
    return [response.status_code, [each.status_code for each in response.history]]


def digest_counts(library: Any, url: str) -> Any:
    scheme, session = library.auth.HTTPDigestAuth("a", "b"), library.Session()
    told = [session.get(url + "/digest", auth=scheme) for _ in range(3)]
    return [[x.status_code, len(x.history), x.json().split("nc=")[1][:8]] for x in told]


AUTH: Table = {
    "used auth: empty ones": lambda r, u: [r.get(u + "/echo", auth=a).ok for a in ((), "", ("", "p"), ("u", ""))],
    "used auth: pairs of other kinds": lambda r, u: [r.get(u + "/echo", auth=a).ok for a in ((b"a", b"b"), collections.namedtuple("Pair", "u p")("a", "b"))],
    "used auth: what is no pair": lambda r, u: r.get(u + "/echo", auth="ab"),
    "used auth: a colon in the user name": lambda r, u: r.get(u + "/echo", auth=("a:b", "p")),
    "used auth: None for a password": lambda r, u: r.get(u + "/echo", auth=("a", None)),
    "used auth: False against netrc": lambda r, u: with_netrc(OURS, lambda: r.get(u + "/echo", auth=False).ok),
    "used auth: a subclass of Basic": lambda r, u: r.get(u + "/echo", auth=keyed(r)),
    "used auth: what signs": lambda r, u: [r.post(u + "/echo?q=1", auth=signing(r), **k).ok for k in ({"json": {"b": 1, "a": 2}}, {"data": {"x": "y"}}, {})],
    "used auth: what copies": lambda r, u: r.get(u + "/echo", auth=copying),
    "used auth: what changes the method": lambda r, u: r.get(u + "/echo", auth=posting).request.method,
    "used auth: what it sees": lambda r, u: seen_by_auth(r, u),
    "used auth: a function of the session": lambda r, u: session_with(r, auth=with_token).get(u + "/echo"),
    "used auth: the session's and no header": lambda r, u: session_with(r, auth=("a", "b")).get(u + "/echo", headers={"Authorization": None}),
    "used auth: the session's and a header": lambda r, u: session_with(r, auth=("a", "b")).get(u + "/echo", headers={"Authorization": "mine"}),
    "used auth: netrc and no environment": lambda r, u: with_netrc(OURS, lambda: session_with(r, trust_env=False).get(u + "/echo").ok),
    "used auth: netrc behind a redirect": lambda r, u: with_netrc(OURS, lambda: r.get(f"{u}/to/302?location={other(u)}/echo").ok),
    "used auth: netrc without the host": lambda r, u: with_netrc("machine a.test login b password c\n", lambda: r.get(u + "/echo").ok, "netrc-of-another"),
    "used auth: netrc by default": lambda r, u: with_netrc("default login d password e\n", lambda: r.get(u + "/echo").ok, "netrc-by-default"),
    "used auth: a user name alone in the URL": lambda r, u: r.get(with_login(u, "me") + "/echo").ok,
    "used auth: half of it in the URL": lambda r, u: [r.get(with_login(u, x) + "/echo").ok for x in ("me:", ":pass")],
    "used auth: Digest, again and again": lambda r, u: digest_counts(r, u),
    "used auth: Digest and bodies": lambda r, u: [r.post(u + "/digest", data=d, auth=r.auth.HTTPDigestAuth("a", "b")).status_code for d in ("abc", open("file.txt", "rb"))],
    "used auth: Digest where Basic is asked for": lambda r, u: r.get(u + "/basic", auth=r.auth.HTTPDigestAuth("a", "b")).status_code,
    "used auth: Digest where nothing is": lambda r, u: r.get(u + "/echo", auth=r.auth.HTTPDigestAuth("a", "b")),
    "used auth: Digest and its history": lambda r, u: [[x.status_code, "Authorization" in x.request.headers] for x in r.get(u + "/digest", auth=r.auth.HTTPDigestAuth("a", "b"), stream=True).history],
    "used auth: in three steps": lambda r, u: in_three_steps(r, u),
    "used auth: prepared twice": lambda r, u: [r.Session().send(p).ok for p in [r.Request("GET", u + "/echo", auth=("a", "b")).prepare()] if p.prepare_auth(("c", "d")) is None],
    "used auth: compared": lambda r, u: [r.auth.HTTPBasicAuth("a", "b") == ("a", "b"), r.auth.HTTPBasicAuth("a", "b") != r.auth.HTTPBasicAuth("a", "b"), r.auth._basic_auth_str("a", "b"), r.auth.HTTPDigestAuth("a", "b").username],
}  # fmt: skip


def changed(library: Any, url: str, change: Any) -> Any:
    session = library.Session()
    request = library.Request("POST", url + "/echo", data="abc", headers={"X-O": "1"})
    prepared = session.prepare_request(request)
    change(prepared)
    return session.send(prepared).reason


def attributes(thing: Any, *names: str) -> Any:
    return [str(getattr(thing, name)) for name in names]


def as_merged(library: Any, url: str) -> Any:
    session = library.Session()
    prepared = session.prepare_request(library.Request("GET", url + "/echo"))
    settings = session.merge_environment_settings(prepared.url, {}, None, None, None)
    return [
        session.send(prepared, **settings).ok,
        sorted(settings),
        settings["stream"],
        settings["cert"],
    ]


def described(library: Any, url: str) -> Any:
    request = library.Request("GET", url + "/echo")
    request.params["a"], request.headers["X"] = 1, "y"
    request.data, request.method = {"d": 1}, "PUT"
    return library.Session().send(library.Session().prepare_request(request))


PREPARED: Table = {
    "used prepared: another header": lambda r, u: changed(r, u, lambda p: p.headers.update({"X-A": "1"})),
    "used prepared: another URL": lambda r, u: changed(r, u, lambda p: setattr(p, "url", p.url + "?x=1")),
    "used prepared: another body": lambda r, u: [changed(r, u, lambda p, a=a: p.prepare_body(*a)) for a in ((b"zzz", None), (None, None, {"z": 1}), ({"z": 1}, None))],
    "used prepared: another body by hand": lambda r, u: changed(r, u, lambda p: [setattr(p, "body", "zz"), p.headers.update({"Content-Length": "2"})]),
    "used prepared: no body": lambda r, u: changed(r, u, lambda p: [setattr(p, "body", None), p.headers.pop("Content-Length")]),
    "used prepared: another method": lambda r, u: [changed(r, u, lambda p, c=c: c(p)) for c in (lambda p: setattr(p, "method", "PUT"), lambda p: p.prepare_method("patch"))],
    "used prepared: the URL anew": lambda r, u: changed(r, u, lambda p: p.prepare_url(p.url, {"q": 1})),
    "used prepared: cookies": lambda r, u: changed(r, u, lambda p: p.prepare_cookies({"c": "1"})),
    "used prepared: cookies twice": lambda r, u: changed(r, u, lambda p: [p.prepare_cookies({"c": "1"}), p.prepare_cookies({"d": "1"})]),
    "used prepared: hooks": lambda r, u: changed(r, u, lambda p: p.prepare_hooks({"response": lambda x, **k: setattr(x, "reason", "hooked")})),
    "used prepared: headers assigned": lambda r, u: changed(r, u, lambda p: setattr(p, "headers", {"X-D": "1", "Content-Length": "3"})),
    "used prepared: what it has": lambda r, u: attributes(r.Request("POST", u, data={"a": 1}).prepare(), "method", "url", "body", "path_url", "hooks"),
    "used prepared: what is described": lambda r, u: attributes(r.Request("GET", u, params={"a": 1}), "method", "headers", "files", "data", "json", "params", "auth", "cookies"),
    "used prepared: described and changed": lambda r, u: described(r, u),
    "used prepared: sent twice": lambda r, u: [s.send(p).ok for s in [r.Session()] for p in [r.Request("POST", u + "/echo", data="x").prepare()] for _ in range(2)],
    "used prepared: without the session's": lambda r, u: [(s.cookies.set("a", "1") and s.headers.update({"X-S": "1"})) or s.send(r.Request("GET", u + "/echo").prepare()).ok for s in [r.Session()]],
    "used prepared: with options": lambda r, u: r.Session().send(r.Request("GET", u + "/echo").prepare(), stream=True, timeout=5, verify=False, cert=None, proxies={}, allow_redirects=False).ok,
    "used prepared: with merged settings": lambda r, u: as_merged(r, u),
    "used prepared: without a URL": lambda r, u: r.Session().prepare_request(r.Request("GET")),
    "used prepared: methods that are none": lambda r, u: [isinstance(x, list) for m in ("GE T", "g\u00e9t") for x in [failing(lambda m=m: r.request(m, u + "/echo").ok)]],
    "used prepared: a method in bytes": lambda r, u: r.request(b"GET", u + "/echo"),
}  # fmt: skip


def hook_options(library: Any, url: str) -> Any:
    seen: list[Any] = []

    def look(response: Any, *arguments: Any, **options: Any) -> None:
        seen.append([arguments, sorted(options), options["stream"], options["cert"]])

    library.get(url + "/echo", hooks={"response": look}, timeout=5)
    return seen


def asking_again(library: Any, url: str) -> Any:
    session = library.Session()

    def again(response: Any, *arguments: Any, **options: Any) -> Any:
        if response.status_code == 401:
            request = response.request.copy()
            request.headers["Authorization"] = "new"
            return session.send(request, **options)
        return None

    return session.get(url + "/basic", hooks={"response": again}).status_code


def taken_off(library: Any, url: str) -> Any:
    def hook(response: Any, **options: Any) -> None: ...

    request = library.Request("GET", url)
    request.register_hook("response", [hook, hook])
    return [request.deregister_hook("response", hook), len(request.hooks["response"])]


def naming(name: str) -> Any:
    return lambda response, *arguments, **options: setattr(response, "reason", name)


HOOKS: Table = {
    "used hooks: what they raise": lambda r, u: [failing(lambda h=h: r.get(u + "/status/404", hooks={"response": h})) for h in (lambda x, **k: {}["x"], lambda x, **k: x.raise_for_status())],
    "used hooks: of a session": lambda r, u: [session_with(r, hooks={"response": h}).get(u + "/echo").reason for h in (naming("one"), [naming("one"), naming("two")])],
    "used hooks: none": lambda r, u: [r.get(u + "/echo", hooks=h).ok for h in (None, {}, {"response": []}, {"response": None})],
    "used hooks: their options": lambda r, u: hook_options(r, u),
    "used hooks: what was read": lambda r, u: r.get(u + "/body/plain", hooks={"response": lambda x, **k: x.content and None}, stream=True).text,
    "used hooks: notes": lambda r, u: r.get(u + "/echo", hooks={"response": lambda x, **k: setattr(x, "note", x.json())}).note,
    "used hooks: registered in a request": lambda r, u: [r.Session().send(r.Session().prepare_request(q)).reason for q in [r.Request("GET", u + "/echo")] if q.register_hook("response", naming("one")) is None],
    "used hooks: taken off": lambda r, u: taken_off(r, u),
    "used hooks: that ask again": lambda r, u: asking_again(r, u),
}  # fmt: skip


def retried(library: Any, url: str, path: str, method: str = "GET", **policy: Any) -> Any:
    session = library.Session()
    retries = Retry(**{"backoff_factor": 0, "total": 3, **policy})
    session.mount("http://", library.adapters.HTTPAdapter(max_retries=retries))
    return failing(
        lambda: session.request(method, url + path, data="x" if method == "POST" else None)
    )


def retries_assigned(library: Any, url: str) -> Any:
    session = library.Session()
    adapter = session.get_adapter("http://x.test")
    adapter.max_retries = Retry(total=2, status_forcelist=[503], backoff_factor=0)
    return [session.get(url + "/unsteady/1").json(), adapter.max_retries.total]


RETRIES: Table = {
    "used retries: of a status": lambda r, u: retried(r, u, "/unsteady/2", status_forcelist=[503]),
    "used retries: too few": lambda r, u: retried(r, u, "/unsteady/9", status_forcelist=[503]),
    "used retries: too few, and the answer": lambda r, u: retried(r, u, "/unsteady/9", status_forcelist=[503], raise_on_status=False),
    "used retries: of a status, counted": lambda r, u: retried(r, u, "/unsteady/9", total=5, status=1, status_forcelist=[503]),
    "used retries: counted apart": lambda r, u: retried(r, u, "/unsteady/9", total=None, status=2, status_forcelist=[503]),
    "used retries: of a POST": lambda r, u: retried(r, u, "/unsteady/1", "POST", status_forcelist=[503], allowed_methods=["POST"]),
    "used retries: of a POST, not": lambda r, u: retried(r, u, "/unsteady/1", "POST", status_forcelist=[503]),
    "used retries: of any method": lambda r, u: retried(r, u, "/unsteady/1", "POST", status_forcelist=[503], allowed_methods=False),
    "used retries: as the server asks": lambda r, u: retried(r, u, "/unsteady/1?wait=0"),
    "used retries: since the server asked": lambda r, u: retried(r, u, "/unsteady/1?wait=Wed,%2021%20Oct%202015%2007:28:00%20GMT"),
    "used retries: as the server asks in words": lambda r, u: retried(r, u, "/unsteady/1?wait=soon"),
    "used retries: of too many requests": lambda r, u: retried(r, u, "/unsteady/1?status=429", status_forcelist=(429,)),
    "used retries: and redirects": lambda r, u: retried(r, u, "/hops/3", total=1, redirect=0),
    "used retries: assigned": lambda r, u: retries_assigned(r, u),
    "used retries: of a number": lambda r, u: r.adapters.HTTPAdapter(max_retries=Retry.from_int(3)).max_retries.total,
}  # fmt: skip


class Refusing:
    """What is put in the place of a transport."""

    def __init__(self, library: Any) -> None:
        self.library = library

    def send(self, request: Any, **options: Any) -> Any:
        return fake(self.library)()

    def close(self) -> None: ...


def initialised(library: Any, url: str) -> Any:
    class Service(library.Session):  # type: ignore[misc,name-defined]
        def __init__(self, token: str, **more: Any) -> None:
            super().__init__()
            self.headers.update({"Authorization": f"Bearer {token}"})
            self.verify, self.note = False, more.get("note")

        def request(self, method: str, url: str, *arguments: Any, **options: Any) -> Any:
            return super().request(method, self.note + url, *arguments, **options)

    service = Service("t", note=url)
    return [service.get("/echo").ok, service.post("/echo", json={}).ok, service.note == url]


def pickled(library: Any, url: str) -> Any:
    session = session_with(library, auth=("a", "b"), params={"p": "1"}, verify=False, cert="x", max_redirects=3, trust_env=False, stream=True, proxies={"http": "http://p.test"})  # fmt: skip
    session.mount("http://", library.adapters.HTTPAdapter(pool_maxsize=3, max_retries=2))
    again = pickle.loads(pickle.dumps(session))
    names = ("auth", "params", "verify", "cert", "max_redirects", "trust_env", "stream", "proxies")
    found = [getattr(again, name) for name in names]
    return [*found, list(again.adapters), again.get_adapter(url).max_retries.total]


def limited(library: Any, url: str) -> Any:
    session = library.Session()
    session.request = functools.partial(session.request, timeout=5)
    return session.get(url + "/echo").ok


SESSIONS: Table = {
    "used sessions: made with arguments": lambda r, u: initialised(r, u),
    "used sessions: pickled": lambda r, u: pickled(r, u),
    "used sessions: copied": lambda r, u: [make_copy(session_with(r, headers={"X-A": "1"})).get(u + "/echo").ok for make_copy in (copy.copy, copy.deepcopy)],
    "used sessions: with notes": lambda r, u: [setattr(s, "note", 1) or (s.get(u + "/echo").ok and s.note) for s in [r.Session()]],
    "used sessions: with a timeout for all": lambda r, u: limited(r, u),
    "used sessions: what is pickled": lambda r, u: sorted(r.Session.__attrs__),
    "used sessions: verify over http": lambda r, u: [r.get(u + "/echo", verify=v).ok for v in (None, False, "/nowhere")],
    "used sessions: streaming": lambda r, u: [s.get(u + "/body/plain")._content_consumed for s in [session_with(r, stream=True), r.Session()]],
    "used sessions: of another class": lambda r, u: [isinstance(r.Session(), r.sessions.Session), isinstance(r.get(u + "/echo"), r.models.Response), isinstance(r.Request("GET", u).prepare(), r.models.PreparedRequest), isinstance(r.get(u + "/echo").cookies, r.cookies.RequestsCookieJar)],
    "used sessions: codes": lambda r, u: [r.codes.ok, r.codes["not_found"], r.codes.NOT_FOUND, r.codes.get("none"), r.codes["\\o/"], failing(lambda: r.codes.none), r.structures.LookupDict("x").get("a", 1)],
    "used sessions: an adapter that is none": lambda r, u: [s.mount("http://", Refusing(r)) or s.get(u + "/echo").status_code for s in [r.Session()]],
}  # fmt: skip


def told_adapter(library: Any, url: str) -> Any:
    told: list[Any] = []

    class Telling(library.adapters.HTTPAdapter):  # type: ignore[misc,name-defined]
        def send(self, request: Any, stream: bool = False, timeout: Any = None, verify: Any = True, cert: Any = None, proxies: Any = None) -> Any:  # fmt: skip
            told.append([stream, timeout is None, cert])
            request.headers["X-Adapter"] = "1"
            return super().send(request, stream, timeout, verify, cert, proxies)

    session = library.Session()
    session.mount("http://", Telling())
    found = [session.get(url + "/echo", **k).ok for k in ({}, {"timeout": (1, 2), "stream": True})]
    return [found, told]


def from_an_address(library: Any, url: str) -> Any:
    from urllib3.poolmanager import PoolManager

    class From(library.adapters.HTTPAdapter):  # type: ignore[misc,name-defined]
        def init_poolmanager(self, connections: Any, maxsize: Any, block: bool = False) -> None:
            self.poolmanager = PoolManager(connections, maxsize=maxsize, block=block, source_address=("127.0.0.1", 0))  # fmt: skip

    session = library.Session()
    session.mount("http://", From())
    return session.get(url + "/echo").ok


def with_ciphers(library: Any, url: str) -> Any:
    class Ciphers(library.adapters.HTTPAdapter):  # type: ignore[misc,name-defined]
        def init_poolmanager(self, *arguments: Any, **options: Any) -> Any:
            options["ssl_context"] = context = ssl.create_default_context()
            context.set_ciphers("DEFAULT")
            return super().init_poolmanager(*arguments, **options)

    session = library.Session()
    session.mount("https://", Ciphers())
    return session.get(url + "/echo").ok


ADAPTERS: Table = {
    "used adapters: what they are told": lambda r, u: told_adapter(r, u),
    "used adapters: with a context": lambda r, u: with_ciphers(r, u),
    "used adapters: from an address": lambda r, u: from_an_address(r, u),
    "used adapters: closed": lambda r, u: r.adapters.HTTPAdapter().close(),
    "used adapters: none for a scheme": lambda r, u: r.Session().get_adapter("ftp://x.test"),
}  # fmt: skip


def fake(library: Any) -> Any:
    def answer(*arguments: Any, **options: Any) -> Any:
        response = library.Response()
        response.status_code, response._content, response.url = 299, b"fake", "http://fake.test/"
        response.request = library.Request("GET", "http://fake.test/").prepare()
        return response

    return answer


def patched(library: Any, target: Any, name: str, call: Any) -> Any:
    with mock.patch.object(target, name, side_effect=fake(library)) as replaced:
        return [call().status_code, replaced.call_count]


def failing_send(library: Any, url: str) -> Any:
    error = library.exceptions.ConnectionError("no")
    with mock.patch.object(library.Session, "send", side_effect=error):
        return failing(lambda: library.get(url))


def spied_on(library: Any, url: str) -> Any:
    with mock.patch.object(library.Session, "send", autospec=True, side_effect=library.Session.send) as spy:  # fmt: skip
        return [library.get(url + "/hops/2").status_code, spy.call_count]


def other_json(library: Any, url: str) -> Any:
    with mock.patch.object(library.Response, "json", return_value={"p": 1}):
        return library.get(url + "/echo").json()


def silenced(library: Any, url: str) -> Any:
    library.packages.urllib3.disable_warnings()
    warning = library.packages.urllib3.exceptions.InsecureRequestWarning
    library.packages.urllib3.disable_warnings(category=warning)
    return [library.get(url + "/echo", verify=False).ok, issubclass(warning, Warning)]


PATCHED: Table = {
    "patched: no warnings": lambda r, u: silenced(r, u),
    "patched: the functions": lambda r, u: patched(r, r, "get", lambda: r.get(u + "/echo")),
    "patched: methods of the class": lambda r, u: [patched(r, r.Session, n, lambda: r.Session().get(u + "/echo")) for n in ("request", "send", "get")],
    "patched: methods of the object": lambda r, u: [patched(r, s, n, lambda s=s: s.get(u + "/echo")) for n in ("request", "send") for s in [r.Session()]],
    "patched: with an error": lambda r, u: failing_send(r, u),
    "patched: to be looked at": lambda r, u: spied_on(r, u),
    "patched: methods of the response": lambda r, u: other_json(r, u),
    "patched: as JSON": lambda r, u: json.loads(json.dumps({"a": r.codes.ok, "b": dict(r.Session().params)})),
}  # fmt: skip
