"""A span for each request, with its stages as events, by the SDK of OpenTelemetry.

    python docs/examples/opentelemetry_spans.py http://localhost:8000/get

`on_event` is called at the end of every stage of every call, in the thread of the call. So the span
that is current there is the one that was started around the call. The names of the attributes are
those of OpenTelemetry's conventions for HTTP clients.
"""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

import h11client

tracer = trace.get_tracer("example")


def note_stage(event: h11client.Event) -> None:
    """Adds a stage to the current span; a connection that closes later has none."""
    span = trace.get_current_span()
    if span.is_recording():
        seconds = {} if event.seconds is None else {"seconds": event.seconds}
        span.add_event(event.name, {"route": event.route, "reused": event.reused, **seconds})


class TracedSession(h11client.Session):
    """A session whose every request is a span, and tells the server of it (W3C traceparent)."""

    def __init__(self) -> None:
        super().__init__(on_event=note_stage, timeout=10)

    def send(self, request: h11client.PreparedRequest, **options: object) -> h11client.Response:
        parts = urlsplit(request.url)  # no userinfo: that is never part of `url`
        with tracer.start_as_current_span(
            f"{request.method}", kind=trace.SpanKind.CLIENT, record_exception=True
        ) as span:
            span.set_attribute("http.request.method", request.method)
            span.set_attribute("url.full", request.url)
            span.set_attribute("server.address", parts.hostname)
            propagate.inject(request.headers)
            response = super().send(request, **options)
            span.set_attribute("http.response.status_code", response.status_code)
            if not response.ok:
                span.set_status(trace.StatusCode.ERROR)
            return response


def main(url: str) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
    trace.set_tracer_provider(provider)
    with TracedSession() as session:
        session.get(url)
    provider.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
