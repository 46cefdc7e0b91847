"""`codes`: status codes by name, with the names that requests has for them.

Each name is an attribute and a key, in lower case and in upper case. A key that is no name gives
None, as an attribute it is an `AttributeError`.

>>> codes.not_found, codes["TEAPOT"], codes["nonsense"]
(404, 418, None)
"""

from __future__ import annotations

from h11client.structures import LookupDict

__all__ = ["codes"]

# RFC 9110 section 15, and the registry that it made; the names that are read first are the RFC's,
# unless other ones are so common that nobody knows these.
_NAMES = {
    100: "continue",
    101: "switching_protocols",
    102: "processing",
    103: "early_hints early-hints checkpoint",
    122: "uri_too_long request_uri_too_long",
    200: r"ok okay all_ok all_okay all_good \o/ ✓",
    201: "created",
    202: "accepted",
    203: "non_authoritative_information non_authoritative_info",
    204: "no_content",
    205: "reset_content reset",
    206: "partial_content partial",
    207: "multi_status multiple_status multi_stati multiple_stati",
    208: "already_reported",
    226: "im_used",
    300: "multiple_choices",
    301: r"moved_permanently moved \o-",
    302: "found",
    303: "see_other other",
    304: "not_modified",
    305: "use_proxy",
    306: "switch_proxy",
    307: "temporary_redirect temporary_moved temporary",
    308: "permanent_redirect resume_incomplete resume",
    400: "bad_request bad",
    401: "unauthorized",
    402: "payment_required payment",
    403: "forbidden",
    404: "not_found -o-",
    405: "method_not_allowed not_allowed",
    406: "not_acceptable",
    407: "proxy_authentication_required proxy_auth proxy_authentication",
    408: "request_timeout timeout",
    409: "conflict",
    410: "gone",
    411: "length_required",
    412: "precondition_failed precondition",
    413: "content_too_large payload_too_large request_entity_too_large",
    414: "uri_too_long request_uri_too_large",
    415: "unsupported_media_type unsupported_media media_type",
    416: "range_not_satisfiable requested_range_not_satisfiable requested_range",
    417: "expectation_failed",
    418: "im_a_teapot teapot i_am_a_teapot",
    421: "misdirected_request",
    422: "unprocessable_content unprocessable_entity unprocessable",
    423: "locked",
    424: "failed_dependency dependency",
    425: "too_early unordered_collection unordered",
    426: "upgrade_required upgrade",
    428: "precondition_required precondition",
    429: "too_many_requests too_many",
    431: "request_header_fields_too_large header_fields_too_large fields_too_large",
    444: "no_response none",
    449: "retry_with retry",
    450: "blocked_by_windows_parental_controls parental_controls",
    451: "unavailable_for_legal_reasons legal_reasons",
    499: "client_closed_request",
    500: r"internal_server_error server_error /o\ ✗",
    501: "not_implemented",
    502: "bad_gateway",
    503: "service_unavailable unavailable",
    504: "gateway_timeout",
    505: "http_version_not_supported http_version",
    506: "variant_also_negotiates",
    507: "insufficient_storage",
    508: "loop_detected",
    509: "bandwidth_limit_exceeded bandwidth",
    510: "not_extended",
    511: "network_authentication_required network_auth network_authentication",
}

codes = LookupDict("status_codes")
for _status, _names in _NAMES.items():
    for _name in _names.split():
        setattr(codes, _name, _status)  # of a name that stands twice the last one counts
        if not _name.startswith(("\\", "/")):
            setattr(codes, _name.upper(), _status)
del _status, _names, _name
