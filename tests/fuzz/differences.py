"""The kinds of differences between ours and other parsers that are meant, each with its reason.

A kind is what `receiving.difference` gives: "ours / theirs", errors without what they quote. What no
pattern below matches is a finding.
"""

from __future__ import annotations

import re

# From 0.16: the row of docs/deviations.md.
FROM_0_16 = [
    (r"refused \(CR without LF in a message head\) / incomplete", "lone-cr-in-heads"),
    (r"refused \(illegal chunk header:?\) / incomplete", "lone-cr-in-heads"),  # as soon, in bodies
    (r"refused \(bare CR or LF in a trailer section\) / ", "line-ends-in-bodies"),
    (r"refused \(unsupported HTTP version:?\) / ", "major-version"),
    (r"refused \(Missing mandatory Host: header\) / ", "host-in-versions-above-1-1"),
    (r"refused \(Found multiple Host: headers\) / ", "host-in-versions-above-1-1"),
    (r"refused \(bad Content-Length: above .*\) / ", "content-length-2-63"),
    (r"refused \(chunk size above .*\) / ", "chunk-size-digits"),
    (r"refused \(illegal chunk header:?\) / complete", "chunk-extension-characters"),
    (r"refused \(folded .*\) / ", "folded-framing-fields"),
    (r"refused \(more than # informational responses\) / ", "informational-limit"),
    (r"refused \(more than # header fields\) / ", "field-limit"),
    (r"refused \(message head too large\) / ", "head-limit"),
    (r"refused \(status line too long\) / ", "status-line-limit"),
    (r"refused \(chunk header too long\) / ", "chunk-line"),
    (r"refused \(too much chunk framing for too little data\) / ", "chunk-overhead"),
    (r"refused \(trailer section too large\) / ", "trailer-limit"),
    (r"refused \(request with both Transfer-Encoding and Content-Length\) / ", "both-framings-request"),
    (r"complete: reusable", "close-delimited"),
    (r"\w+: (fields|trailers|informational)(, reusable)?", "folded-empty-line"),
    (r"(complete|incomplete) / refused \(illegal chunk header.*\)", "blank-before-extension"),
]  # fmt: skip

# From llhttp, where ours accepts.
LOOSER_THAN_LLHTTP = [
    (r".*(Missing expected CR after (response line|header value)|Expected CRLF after version)", "LF ends a line of a head"),
    (r".*(Invalid header (field|value) char|Unexpected whitespace after header value)", "obs-fold is joined, control bytes are values, LF ends a head"),
    (r".*Invalid (HTTP|minor) version", "any minor version of HTTP/1 is read as 1.1"),
    (r".*Invalid character in (chunk size|chunk extensions.*)", "blanks behind a size, and extensions that are not understood, are ignored"),
    (r".*(Content-Length can't be present with Transfer-Encoding|Transfer-Encoding can't be present with Content-Length|Invalid `Transfer-Encoding` header value)", "a response with both is read by its coding, and is the last one; trailers are only shown"),
    (r".*(Duplicate Content-Length|Invalid character in Content-Length)", "equal lengths are one length"),
    (r".*(Empty Content-Length|Content-Length overflow)", "a length in a trailer is only shown"),
    (r".*(Invalid method encountered|Expected space after method|Expected .*method.*)", "a method is any token"),
    (r".*(in url|url schema|url path|url query|url fragment|url host)", "a target is any run of visible characters"),
    (r".*Data after `Connection: close`", "an informational response of HTTP/1.0 ends no connection"),
    (r".*(Expected HTTP/, RTSP/ or ICE/|Invalid response status)", "bytes behind the message are not looked at"),
]  # fmt: skip

# From llhttp, where ours refuses and llhttp accepts, or waits for more.
STRICTER_THAN_LLHTTP = [
    (r"refused \((Only Transfer-Encoding: chunked is supported|multiple Transfer-Encoding headers)\) / ", "no coding but chunked was asked for; llhttp reads others to the end"),
    (r"refused \(not an HTTP message: it begins with\) / ", "blank lines before a message belong to nobody"),
    (r"refused \(illegal status (line|code):\) / ", "NUL, VT, FF in a reason; status below 100"),
    (r"refused \(illegal request line:\) / ", "llhttp reads HTTP/0.9, and targets of bytes above 0x7f"),
    (r"refused \(illegal header line:\) / ", "bytes of line ends elsewhere"),
    (r"refused \((Missing mandatory|Found multiple) Host: headers?\) / ", "RFC 9112 section 3.2, which llhttp leaves to its caller"),
    (r"refused \(unsupported HTTP version:\) / ", "another major version has another syntax"),
    (r"refused \(bad Content-Length(: above .*)?\) / ", "20 digits and 2^63-1 at most"),
    (r"refused \(chunk size above .*\) / ", "2^63-1 at most"),
    (r"refused \(illegal chunk header:?\) / ", "16 digits at most; refused at the first wrong byte"),
    (r"refused \(InformationalResponse #: the client has not proposed Upgrade\) / ", "nobody asked for it"),
    (r"refused \((CR without LF in a message head|bare CR or LF in a trailer section)\) / ", "refused at the first wrong byte"),
    (r"refused \(.*(too large|too long|too much chunk framing.*|more than # .*)\) / ", "limits"),
    (r"refused \(conflicting Content-Length headers\) / ", "also where there is no body: 204, 304"),
    (r"refused \(request with both .*\) / ", "request smuggling"),
    (r"refused \((malformed chunk footer:?|peer closed connection.*)\) / complete", "a request for CONNECT may have a body, to which llhttp does not look"),
    (r"refused \(peer closed connection .*\) / ", "llhttp is not told of the end"),
]  # fmt: skip

# Both accept, and say it differently.
SAID_DIFFERENTLY = [
    (r"(complete|refused \(malformed chunk footer:?\)) / (incomplete|refused \(the end of the connection\))", "a tab behind chunked is no part of the value (RFC 9110 section 5.5)"),
    (r"complete: (fields|trailers|fields, trailers)", "ours joins equal lengths and writes chunked in lower case"),
    (r"complete: body", "a request for CONNECT may have a body, to which llhttp does not look"),
    (r"(complete|switched) / (complete|switched)", "who decides about a proposal"),
]  # fmt: skip


def reason_for(kind: str, known: list[tuple[str, str]]) -> str:
    """Why it is so; empty for a finding."""
    for pattern, reason in known:
        if re.match(pattern, kind):
            return reason
    return ""


def reason_from_0_16(kind: str) -> str:
    return reason_for(kind, FROM_0_16)


def reason_from_llhttp(kind: str) -> str:
    return reason_for(kind, STRICTER_THAN_LLHTTP + SAID_DIFFERENTLY) or (
        reason_for(kind, LOOSER_THAN_LLHTTP) if not kind.startswith("refused") else ""
    )


# What is sent, from 0.16: the row of docs/deviations.md.
SENDING: list[tuple[str, str]] = [
    (r"\w+: not made LocalProtocolError / (not made|refused) UnicodeEncodeError", "non-ascii-text"),
    (r"(Request|Response|InformationalResponse): not made LocalProtocolError / (sent|refused \w+)", "malformed-version"),
    (r"EndOfMessage: refused LocalProtocolError / sent", "framing-fields-in-trailers"),
    (r"EndOfMessage: not made LocalProtocolError / (sent|refused \w+)", "content-length-2-63"),
    (r"hear: heard wrong RemoteProtocolError / heard wrong AttributeError", "request-out-of-turn"),
    (r"\w+: refused LocalProtocolError / refused AttributeError", "request-out-of-turn"),
    (r"Request: refused LocalProtocolError / sent", "both-framings-on-send"),
    (r"InformationalResponse: refused LocalProtocolError / sent", "framing-fields-without-body"),
    (r"Response: wire: (Connection|casing of .*connection.*)", "casing-and-place-of-connection"),
    (r"Response: wire: fields \[\] / \[\]", "casing-and-place-of-connection"),
    (r"Response: wire: casing of transfer-encoding", "casing-of-transfer-encoding"),
    (r"Response: wire: fields \[\] / \['(content-length|transfer-encoding)'(, 'transfer-encoding')?\]", "framing-fields-without-body"),
    (r"Response: states \w+, MUST_CLOSE / \w+, DONE", "both-framings-close"),
    (r"(EndOfMessage|Response|hear): states MUST_CLOSE, \w+ / DONE, \w+", "framing-fields-without-body"),
]  # fmt: skip


def reason_for_sending(kind: str) -> str:
    return reason_for(kind, SENDING)


# What ours sends, and llhttp refuses to read.
READ_BY_LLHTTP: list[tuple[str, str]] = [
    (r"refused \((Unexpected|Invalid) .* in url.*\)", "a target is any run of visible characters"),
    (r"refused \(Invalid method encountered\)", "a method is any token"),
    (
        r"refused \(Data after `Connection: close`\)",
        "an informational response with close, which the caller gave",
    ),
    (r"refused \(Invalid header value char\)", "control bytes in a value, which the caller gave"),
]


def reason_from_llhttp_for_ours(kind: str) -> str:
    return reason_for(kind, READ_BY_LLHTTP)
