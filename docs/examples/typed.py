"""A typed program: what type checkers see of both packages. It is checked, not run."""

from __future__ import annotations

import h11
import h11client
from h11client.auth import HTTPBasicAuth


def fetch(session: h11client.Session, url: str) -> str:
    response: h11client.Response = session.get(
        url,
        params={"page": 2},
        headers={"Accept": "application/json"},
        auth=HTTPBasicAuth("user", "password"),
        timeout=h11client.Timeout(connect=5, total=30),
        retries=h11client.Retry(total=3),
    )
    response.raise_for_status()
    status: int = response.status_code
    content: bytes = response.content
    return f"{status} {len(content)} {response.headers['Content-Type']} {response.text}"


def upload(session: h11client.Session, url: str, lines: list[str]) -> bool:
    pieces = (line.encode() for line in lines)
    try:
        return session.post(url, data=pieces, timeout=(3.5, 10)).ok
    except h11client.Timeout as error:
        print(error.limit)
    except h11client.RequestException as error:
        print(error.request, error.response)
    return False


def exchange(data: bytes) -> list[bytes]:
    connection = h11.Connection(our_role=h11.CLIENT)
    request = h11.Request(method="GET", target="/", headers=[("Host", "example.com")])
    sent = [connection.send_whole_message(request)]
    connection.receive_data(data)
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Data):
            sent.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage) or event is h11.NEED_DATA:
            return sent
