"""What the client promises, line by line: docs/safety.md lists them with the tests that show them.

A test names its lines with `@pytest.mark.safety(...)`. Ids that are not here belong to the campaigns:
4I their invariants, 5P the properties that fuzzing looks for, X the faults, D decisions.
"""

from __future__ import annotations

import re

Section = tuple[str, str, dict[str, str]]  # title, what it is about, promise of each id

FAULTS: Section = (
    "Faults that servers have",
    "What servers, and whatever stands between, really do to a client.",
    {
        "M1": "A whole second response in the same segment as the first is never given to the next request: that gets its own answer, on a new connection.",
        "M2": "A response that nobody asked for, come later to an idle connection, is noticed before that is used again, and counted.",
        "M3": "A response with Transfer-Encoding and Content-Length is read by Transfer-Encoding, and its connection is not used again.",
        "M4": "When a server reads a request on a kept connection and closes it, a GET is sent once more; a POST fails and has reached the server exactly once.",
        "M5": "A server that closes its connections again and again, right after an answer, costs neither an error nor a wrong answer.",
        "M6": "An answer that comes before a long upload has been read is returned, and the connection is closed.",
        "M7": "An early 413 followed by a close is returned as that 413, although the upload failed.",
        "M8": "A head or a body that drips ends with the total limit when there is one, and goes on when there is only a limit for each read.",
        "M9": "Informational responses without end are an error after the thirty-second.",
        "M10": "Chunks that are mostly extension are an error once 16 KiB were wasted, and a million honest chunks of one byte are not.",
        "M11": "Trailers without end are an error at their limit.",
        "M12": "A chunk-size line without end is given up at 4 KiB.",
        "M13": "A gzip body that stops too early is an error, even when Content-Length is right.",
        "M14": "A chunked body whose last line end is missing when the connection closes is incomplete.",
        "M15": "A body that only the end of a TLS connection delimits is incomplete without close_notify.",
        "M16": "All members of a gzip body are decoded.",
        "M17": "Megabytes of empty gzip members are decoded in linear time.",
        "M18": "A piece of a decompression bomb costs no more memory than was asked for, and 64 KiB.",
        "M19": "More than five codings of one content are refused, in whatever number of header lines they come.",
        "M20": "An immense Content-Length with two bytes behind it is an error that costs no memory.",
        "M21": "A redirect to another port carries no Authorization, Cookie, Proxy-Authorization or API key.",
        "M22": "However many cookies a server sets, the Cookie line never passes 8190 bytes.",
        "M23": "A NUL in a header value or a blank in a header name is refused before a byte is sent.",
        "M24": "A Location that is no URL raises one of our exceptions and no other.",
        "M25": "A server that never accepts leaves a pool that can be used, with its accounts at zero.",
        "M26": "An answer to CONNECT without end stops at the limit of a head, and a 2xx with framing fields opens the tunnel.",
    },
)

REDIRECTS: Section = (
    "Credentials and redirects",
    "Who is told a secret: the origin it is meant for and nobody else, whatever a server's Location says.",
    {
        "R1": "Authorization follows a redirect exactly when the origin stays the same, however it was given and the URL is spelled.",
        "R2": "A Cookie header or cookies of a call are dropped with the origin, and the jar is asked anew at every hop; never both.",
        "R3": "Proxy-Authorization is sent to the proxy alone: on CONNECT and on what it forwards, not through a tunnel and not to an origin.",
        "R4": "What was dropped on the way stays dropped to the end of the chain, even when that leads back.",
        "R5": "When a header is dropped, all its lines are, in any spelling of the name.",
        "R6": "The caller's request, session and dictionaries are the same after a call as before it.",
        "R7": "Headers that hold API keys are dropped with the origin too, and the list of them can be set.",
        "R8": "When POST becomes GET, the body and every header that speaks of it are dropped.",
        "R9": "A body that can be sent only once is never sent empty or in part: a 307 or 308 is an error then, and a file goes back to where it began.",
        "R10": "The limit of redirects holds wherever it was set: zero follows none, N follows exactly N, and the error has the history.",
        "R11": "The body of a redirect is never decoded, and only a little of it is read to keep the connection.",
        "R12": "Only http and https are followed; any other scheme is an error before a name is looked up or a file opened.",
        "R13": "A path that begins with // stays a path, and no input replaces the origin of base_url.",
        "R14": "One parser decides the host for the connection, Host, TLS, cookies, netrc and the rules of proxies.",
        "R15": "The proxy is chosen anew at every hop.",
        "R16": "No Referer is sent that the caller did not set.",
        "R17": "A user name or password in a Location is ignored, and shown nowhere.",
        "R18": "Passwords, Authorization, cookies and proxy credentials never stand in a repr, an exception or a log line.",
    },
)

COOKIES: Section = (
    "Cookies and credentials",
    "Cookies reach only those that may have them; netrc, Digest and their relatives are as strict.",
    {
        "C1": "A cookie without Domain goes back to the very host that set it, also from a redirect.",
        "C2": "Domain must be the host or a parent of it; addresses, single labels and public suffixes set no cookie for others.",
        "C3": "A cookie's path matches whole segments only.",
        "C4": "Floods of cookies are kept within limits, requests go on working, and the log has one line at most for each response.",
        "C5": "A Set-Cookie with control characters is ignored, values are never decoded, and a cookie of the caller's that could bring in another is refused.",
        "C6": "A jar that is saved comes back equal, into a file that only its owner can read, and nothing in it can add a line.",
        "C7": "A Secure cookie goes to https only, and http cannot replace it.",
        "C8": "Set-Cookie is read in linear time, and no number in it is too long.",
        "N1": "netrc is asked for the host that is connected to and for no other spelling; an explicit login wins, and a broken file breaks nothing.",
        "A1": "What Digest knows belongs to an origin and realm, or to a proxy, and answers nobody else; quotes are escaped, and every challenge is found.",
        "A2": "Challenges are read in linear time.",
        "A3": "The client nonce is random, long, and never the same twice.",
        "A4": "No token is sent that the caller did not set.",
    },
)

INJECTION: Section = (
    "Nothing is added to what is sent",
    "No value of the caller's can begin a line of its own.",
    {
        "I1": "No line end, blank or control character gets into the target; other characters are percent-encoded and never folded.",
        "I2": "A method is a token, looked at when it is sent.",
        "I3": "No version but that of the client is ever sent.",
        "I4": "The host is checked by the grammar of hosts, also in a Host header of the caller's.",
        "I5": "Every header passes one check right before it is written, wherever it came from and of whatever type it is.",
        "I6": "CONNECT and the headers for a proxy pass the same check.",
        "I7": "Names in a form are escaped, and its boundary is random and in none of the data.",
        "I8": "A user name, password or token that could break its header is refused.",
        "I9": "Messages show at most 200 bytes of a peer, as a repr.",
    },
)

FRAMING: Section = (
    "Where responses end",
    "A response ends at one byte and at no other, and what is not clear is an error.",
    {
        "F1": "A chunk is followed by CR LF, also when that arrives in two pieces.",
        "F2": "Line ends of chunks and of trailers are CR LF, and whatever else comes is refused at the byte that makes it wrong; heads take a bare LF, too.",
        "F3": "Lengths are ASCII digits and chunk sizes at most 16 hexadecimal digits; only blanks and tabs are trimmed.",
        "F4": "A length that passes 63 bits, or has thousands of digits, is our error at once.",
        "F5": "Contradicting lengths are an error, and equal ones are one, also where no body follows.",
        "F6": "With Transfer-Encoding the length says nothing, and the connection is not used again.",
        "F7": "Every odd spelling of Transfer-Encoding has its verdict, and none is 'no body, keep the connection'.",
        "F8": "A blank around a header's name is refused.",
        "F9": "NUL, a bare CR, a missing colon or name are refused in heads, in trailers and in what proxies answer.",
        "F10": "A folded line is joined by one blank in linear time; a first line and the framing fields cannot be folded.",
        "F11": "Floods of extensions and of size lines end at their limits.",
        "F12": "Heads, lines, fields and trailers have limits that say the same however the bytes arrive, at little memory and in linear time.",
        "F13": "Informational responses without end stop at their limit, or at the deadline.",
        "F14": "A final answer in place of 100 Continue leaves nothing behind that could be read as another's.",
        "F15": "Trailers are checked, shown apart, and never frame anything.",
        "F16": "A byte that is left over after a response, read or still in the socket, ends the use of the connection.",
        "F17": "Whatever a server sends, only our exceptions come out.",
        "F18": "No memory is taken for a length that was only announced.",
        "F19": "A response is never continued or put together behind the caller's back; a download into a file goes on only where a strong validator and Content-Range say that it fits exactly.",
        "F20": "A connection that closes at any byte of a response is an error, unless closing is how that response ends.",
    },
)

CONTENT: Section = (
    "Content codings",
    "Decoding costs what was asked for.",
    {
        "B1": "A chain of more than five codings is refused before a decoder is made, over all header lines.",
        "B2": "No way to read a body takes more memory than was asked for and 64 KiB, and every one of them knows max_response_size.",
        "B3": "Decoders always come forward: members are decoded in linear time, and what stands behind the last is ignored.",
        "B4": "A gzip body that stops early or has a wrong checksum is an error, and one within another costs no more than asked for.",
        "B5": "Lengths of decoded content are not those of the header, and where there is no body nothing is decoded.",
    },
)

TRUST: Section = (
    "TLS, connections and proxies",
    "A connection is used for what it was made for, and nothing else.",
    {
        "T1": "A connection is only used again for requests that agree in everything that was looked at when it was made: address, certificates, names, proxy, source.",
        "T2": "Connections of one proxy login are never used for another.",
        "T3": "A scheme that authenticates a connection keeps that connection to itself.",
        "T4": "TLS sessions belong to a route; none is offered elsewhere, nor kept from a failed handshake or one without verification.",
        "T5": "Certificates that do not hold are refused at an origin, at a proxy and at an origin behind a proxy.",
        "T6": "An address needs that address in the certificate, and odd spellings of addresses are no URL.",
        "T7": "Bytes that came before TLS began are an error and never content.",
        "T8": "The two packages that are needed have floors, and what they should not see is refused before.",
        "P1": "no_proxy is matched by hosts, suffixes at their dots, ports and networks, and not by text.",
        "P2": "HTTP_PROXY in capitals is not believed where a server could have been told it by a request.",
        "P3": "A proxy that is hostile or slow costs an exception and nothing else.",
        "P4": "CONNECT carries nothing of the request.",
        "P5": "Cookies and certificates follow the URL, and not a Host header of the caller's.",
        "P6": "No URL leads to a unix socket.",
    },
)

RESOURCES: Section = (
    "URLs, resources and threads",
    "Hostile input costs little, and nothing stays behind.",
    {
        "U1": "A megabyte of any URL is read in linear time or refused for its length.",
        "U2": "A host that can be read in two ways is no URL; blanks and line ends are never removed in silence.",
        "U3": "Parameters are separated by & alone.",
        "L1": "After any fault every slot and descriptor is accounted for.",
        "L2": "Everything that is remembered has a limit.",
        "L3": "A server's Retry-After is followed up to 120 seconds, never past the deadline, and nonsense in it is harmless.",
        "L4": "No temporary file is ever written, but for the partial file of a download, beside its target, which is not written through what somebody else has put there.",
        "L5": "close() closes what is idle and lets the rest end well; closing a response from another thread ends a blocked read within a second.",
        "L6": "There is no cache that could show one caller what another got.",
    },
)

RECEIVING: Section = (
    "RFC 9112 and 9110: reading",
    "What the standard asks of a client, as far as it can be told from outside.",
    {
        "2a1": "Responses are read as octets, and a CR without LF is refused inside of any part of them.",
        "2a2": "Nothing comes before a status line, and no blank between it and the first field.",
        "2a3": "HTTP/1.x is read, in this spelling; a connection to a 1.0 server is not used again.",
        "2a4": "A status has three digits; what is not known counts by its class, from 600 on is delivered, below 100 refused; a reason may be missing.",
        "2a5": "Fields are read to the letter: tokens before the colon, blanks and tabs trimmed, folds joined, repetitions kept in order.",
        "2a6": "The length of a body is found in the standard's order, the first match wins.",
        "2a7": "A list of equal lengths is one length, also where there is no body.",
        "2a8": "Chunks are read with any digits and extensions; their trailers are kept apart from the header and frame nothing.",
        "2a9": "A transfer coding other than chunked is an error, as none was asked for.",
        "2a10": "A response that breaks off is incomplete, whatever breaks off in it.",
        "2a11": "Content codings are undone last first; unknown ones are left as they are, and gzip's and deflate's other spellings are known.",
    },
)

SENDING: Section = (
    "Writing",
    "What stands in a request.",
    {
        "2b1": "There is one Host, first, from the URL unless the caller set it; fields keep their order and spelling.",
        "2b2": "The target has the form that the method and the proxy ask for, without login and fragment.",
        "2b3": "Never two framings; a length of zero for an empty POST, PUT or PATCH, and none for a GET, HEAD or DELETE without a body.",
        "2b4": "As many bytes are sent as were announced, or the request fails and its connection is closed; a file is sent from where it stands.",
        "2b5": "Chunked is used once, never towards 1.0, and an empty piece does not end the body.",
        "2b6": "Fields for one connection are named in Connection, none is folded, and trailers are those that were announced.",
        "2b7": "GET and HEAD have a body only when the caller gave one; TRACE has neither body nor credentials.",
        "2b8": "Accept-Encoding names what can be decoded, and nothing when a range is asked for.",
    },
)

PERSISTENCE: Section = (
    "Keeping connections",
    "When a connection serves another request.",
    {
        "2c1": "Responses belong to requests in order, and one without a request ends the connection.",
        "2c2": "A connection is kept only when nothing speaks against it, and close wins over everything else.",
        "2c3": "A body is read to its end or its connection closed; what is drained for that is small in bytes and time.",
        "2c4": "After close in either direction no further request is sent.",
        "2c5": "Before use, and again before the first byte, a connection that has something to read, or is too old, is closed.",
        "2c6": "Connections are limited, who waits is served in order and within the deadline, and nothing is pipelined.",
    },
)

RETRYING: Section = (
    "Sending again",
    "When a request is sent a second time without being told to.",
    {
        "2d1": "What may have been done is not done again, and what was sent again is not sent a third time.",
        "2d2": "On a fresh connection nothing is sent again; on a kept one anything of which no byte was written, if its body can begin again.",
        "2d3": "A request that may be done twice is sent once more, on a fresh connection, when a kept one ends without a byte of an answer.",
        "2d4": "After a byte of a response, a timeout or an error in the caller's body nothing is sent again; an Idempotency-Key opts in.",
        "2d5": "A whole 408 on a kept connection, and a 421, may be followed by one more attempt; retries that the caller asks for are another thing, and off.",
    },
)

CLOSING: Section = (
    "Closing",
    "Ends of connections, and answers before the end of a request.",
    {
        "2e1": "While a body is sent, an answer is watched for; a final one ends the upload, and the connection is not left in the middle of one.",
        "2e2": "When a write fails, an answer is looked for first.",
        "2e3": "TLS says goodbye before TCP does, without waiting; closing twice is fine.",
    },
)

FOLLOWING: Section = (
    "Following redirects",
    "What is followed, and how.",
    {
        "2f1": "301, 302, 303, 307 and 308 with a Location are followed and nothing else; two different Locations are an error.",
        "2f2": "Methods change as the standard and practice have it, and 307 and 308 change nothing.",
        "2f3": "A Location is resolved against the URL it came from, with its odd characters encoded and the fragment inherited.",
        "2f4": "Everything that depends on the URL is made anew for each hop, and the history is in order, each body closed.",
    },
)

EXPECTING: Section = (
    "100 Continue",
    "Asking before a body is sent.",
    {
        "2g1": "It is only asked for with a body, and never waited for without end.",
        "2g2": "100 sends the body, other 1xx go on waiting, 417 repeats without asking, and a final answer sends no body.",
        "2g3": "A 100 at the wrong time is ignored, and so is framing in an informational response.",
    },
)

SWITCHING: Section = (
    "Other protocols and tunnels",
    "What happens after 101 and CONNECT.",
    {
        "2h1": "A 101 that nobody asked for is an error; Upgrade is named in Connection, and the body ends before the new protocol begins.",
        "2h2": "What was already read of a new protocol is handed over once, and the connection never comes back.",
        "2h3": "Any 2xx opens a tunnel, whatever its framing fields say, and what comes before TLS is an error.",
        "2h4": "A refused tunnel is a ProxyError with the proxy's answer, which is never taken for the origin's.",
        "2h5": "A 407 is answered once; a tunnel serves one origin, and certificates are checked of whom they should be.",
    },
)

FIELDS_AFTER: Section = (
    "Trailers",
    "Fields after the body.",
    {
        "2j1": "Trailers stand apart once the body has ended, are limited, and make it incomplete when they are malformed; requests have them only when asked to.",
    },
)

JAR: Section = (
    "RFC 6265: cookies",
    "The rules of the jar.",
    {
        "2k1": "Domains and paths match as the tables of the standard say.",
        "2k2": "Max-Age beats Expires, dates are read leniently, and a date in the past deletes.",
        "2k3": "Longer paths go first, then older cookies, in one line and byte for byte as received.",
        "2k4": "Secure and the two prefixes of names are enforced; SameSite is kept, and not used.",
        "2k5": "Every response sets cookies but 1xx and those of proxies; the oldest go when there are too many, and threads may share a jar.",
    },
)

LOGIN: Section = (
    "RFC 7617 and 7616: authentication",
    "Basic and Digest.",
    {
        "2l1": "Basic has no colon in the user name, is UTF-8, and goes without being asked to its own origin only.",
        "2l2": "Digest takes the strongest algorithm, counts upwards under threads, and leaves alone what it does not know.",
        "2l3": "A stale nonce is one more try and no more; the answer before is drained or closed, and the body begins again or nothing is sent.",
        "2l4": "Challenges are found in one line or many, and the order of logins is fixed.",
    },
)

ADDRESSES: Section = (
    "RFC 3986: URLs",
    "How URLs are read and written.",
    {
        "2m1": "Scheme and host are lower case, a default port is none, and a port is a number that exists.",
        "2m2": "Percent-encoding is never doubled, and normalising twice changes nothing; params go before the fragment in their order.",
        "2m3": "IPv6 is in brackets, its zone is for connecting only, names are IDNA 2008, and there is a host.",
    },
)

CONNECTING: Section = (
    "RFC 8305: connecting",
    "Names with several addresses.",
    {
        "2n1": "Families take turns, the next address is tried after a moment, the first that answers wins and the others are closed.",
        "2n2": "One deadline is for all addresses, the proxy and TLS; a refusal moves on at once.",
    },
)

CACHING: Section = (
    "RFC 9111: caching",
    "There is none.",
    {
        "2o1": "Nothing is cached: 304 and 206 are given as they come, and Cache-Control changes nothing.",
    },
)

SECTIONS: list[Section] = [
    FAULTS,
    REDIRECTS,
    COOKIES,
    INJECTION,
    FRAMING,
    CONTENT,
    TRUST,
    RESOURCES,
    RECEIVING,
    SENDING,
    PERSISTENCE,
    RETRYING,
    CLOSING,
    FOLLOWING,
    EXPECTING,
    SWITCHING,
    FIELDS_AFTER,
    JAR,
    LOGIN,
    ADDRESSES,
    CONNECTING,
    CACHING,
]

PROMISES = {name: text for _, _, lines in SECTIONS for name, text in lines.items()}

# What marks may say beside these: see above.
OF_CAMPAIGNS = re.compile(r"4I([1-9]|1[0-2])|5P([1-9]|10)|X([1-9]|1\d|2[0-5])|D[1-8]|M27")
