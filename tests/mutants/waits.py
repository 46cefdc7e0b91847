"""Waits on sockets: within recv for a moment, by poll for the rest, and never within a write."""

from __future__ import annotations

from tests.mutants.mutation import Mutation

_SOCKETS = "h11client/_transport/sockets.py"
_PATIENCE = "h11client/_transport/patience.py"
_STREAMS = ("client/test_patient_streams.py",)
_WRITES = ("client/test_patient_writes.py",)

MUTATIONS = [
    Mutation(
        "write-blocks",
        _SOCKETS,
        "            sent = self._send(data, AT_ONCE)\n",
        "            sent = self._send(data)\n",
        "A peer that reads nothing outlasts every limit of a write.",
        ("X24",),
        _WRITES,
    ),
    Mutation(
        "write-that-goes-on-blocks",
        _SOCKETS,
        "                    sent = self._send(view, AT_ONCE)\n",
        "                    sent = self._send(view)\n",
        "The rest of a write waits for as long as the peer likes.",
        ("X24",),
        _WRITES,
    ),
    Mutation(
        "write-of-pieces-blocks",
        _SOCKETS,
        "sendmsg(pieces, (), AT_ONCE)",
        "sendmsg(pieces)",
        "Pieces wait for as long as the peer likes.",
        ("X24",),
        _WRITES,
    ),
    Mutation(
        "sendfile-blocks",
        _SOCKETS,
        "                self._socket.setblocking(False)  # there is no flag for it\n",
        "                pass\n",
        "A file waits for as long as the peer likes.",
        ("X24",),
        _WRITES,
    ),
    Mutation(
        "sendfile-leaves-the-socket-without-patience",
        _SOCKETS,
        "                self._socket.setblocking(True)\n",
        "                pass\n",
        "The read after an upload believes that it has waited, and gives up too early.",
        ("X24",),
        _WRITES,
    ),
    Mutation(
        "sendfile-to-a-closed-socket-is-an-error-of-its-own",
        _SOCKETS,
        "            if patient and own() != -1:",
        "            if patient:",
        "What a handler raises, having closed the session, is lost.",
        ("X22",),
        _WRITES,
    ),
    Mutation(
        "sendfile-by-an-old-number",
        _SOCKETS,
        "sendfile(own(), descriptor, offset, count)",
        "sendfile(polled, descriptor, offset, count)",
        "A file goes to whatever got the descriptor of a socket that a handler has closed.",
        ("X22",),
        _WRITES,
    ),
    Mutation(
        "wait-within-recv-not-counted",
        _SOCKETS,
        "monotonic() + limit.seconds - waited / 1000.0",
        "monotonic() + limit.seconds",
        "Each read may take a moment more than its limit.",
        ("X24",),
        _STREAMS,
    ),
    Mutation(
        "short-limit-waits-for-a-moment",
        _SOCKETS,
        "        if self._patience <= limit.milliseconds and not timers_are_heard():\n"
        "            try:\n                data = self._recv(max_bytes)\n",
        "        if self._patience != inf and not timers_are_heard():\n"
        "            try:\n                data = self._recv(max_bytes)\n",
        "A limit of a millisecond takes twenty.",
        ("X24",),
        _STREAMS,
    ),
    Mutation(
        "timers-outlast-a-read",
        _SOCKETS,
        "        if self._patience <= limit.milliseconds and not timers_are_heard():\n"
        "            try:\n                data = self._recv(max_bytes)\n",
        "        if self._patience <= limit.milliseconds:\n"
        "            try:\n                data = self._recv(max_bytes)\n",
        "Where a timer sends signals, no read ends by its limit.",
        ("X22",),
        _STREAMS,
    ),
    Mutation(
        "timers-outlast-a-read-of-all",
        _SOCKETS,
        "        if self._patience <= limit.milliseconds and not timers_are_heard():\n"
        "            try:\n                data = self._recv(size, ALL_OF_IT)\n",
        "        if self._patience <= limit.milliseconds:\n"
        "            try:\n                data = self._recv(size, ALL_OF_IT)\n",
        "Where a timer sends signals, no read of a large body ends by its limit.",
        ("X22",),
        _STREAMS,
    ),
    Mutation(
        "timer-of-a-profiler-not-looked-for",
        _PATIENCE,
        "is _handler(_VIRTUAL) is _handler(_PROFILING) is _UNHEARD",
        "is _handler(_VIRTUAL) is _UNHEARD",
        "Under a profiler no read ends by its limit.",
        ("X22",),
        ("client/test_patience.py",),
    ),
    Mutation(
        "an-end-of-tls-that-has-come-is-waited-for",
        "h11client/_transport/tls.py",
        "        if not room or self._is_over():\n",
        "        if not room:\n",
        "A body that is cut short by close_notify is waited for until the limit, or for ever.",
        ("M15", "M8"),
        ("client/test_tls_full_reads.py",),
    ),
    Mutation(
        "a-handler-is-not-heard-behind-data",
        "h11client/_transport/tls.py",
        "            let_pass(error)\n            if not parts:\n",
        "            if not parts:\n",
        "What a signal's handler raises while a block is completed is lost, and ciphertext with it.",
        ("X22",),
        ("client/test_tls_full_reads.py",),
    ),
    Mutation(
        "data-read-behind-any-border",
        _SOCKETS,
        "                if before == border:\n",
        "                if before:\n",
        "What is read behind another border than the one before is lost.",
        ("F1", "F2"),
        ("client/test_chunk_streams.py",),
    ),
    Mutation(
        "a-border-after-an-interruption-is-the-end",
        _SOCKETS,
        '            return before or self._end(), b""\n',
        '            return before, b""\n',
        "A body that another thread closes while its next border is waited for looks cut short by the peer.",
        ("L5",),
        ("client/test_chunk_streams.py",),
    ),
    Mutation(
        "recv-waits-after-a-false-alarm",
        _SOCKETS,
        "            if self._poll(_step(end, limit)):\n                try:\n"
        "                    data = self._recv(max_bytes, AT_ONCE)\n",
        "            if self._poll(_step(end, limit)):\n                try:\n"
        "                    data = self._recv(max_bytes)\n",
        "A read that poll called up for nothing waits once more.",
        ("X24",),
        ("client/test_sockets.py",),
    ),
    Mutation(
        "recv-waits-for-ever",
        _PATIENCE,
        "_socket.SO_RCVTIMEO, _A_MOMENT)",
        "_socket.SO_RCVTIMEO, _FOR_EVER)",
        "A server that is silent outlasts every limit.",
        ("X24",),
        ("client/test_patience.py",),
    ),
    Mutation(
        "detached-socket-gives-up-after-a-moment",
        _SOCKETS,
        "        become_blocking(plain)\n",
        "        plain.setblocking(True)\n",
        "Who speaks another protocol on the socket gets an error whenever the peer is silent.",
        ("2h2",),
        _STREAMS,
    ),
    Mutation(
        "sockets-of-others-block",
        _PATIENCE,
        "    return own is _socket.socket.recv is theirs\n",
        "    return _socket.socket.recv is theirs\n",
        "A socket that waits in a way of its own is asked to, and waits for ever.",
        ("X24",),
        ("client/test_patience.py",),
    ),
    Mutation(
        "sockets-block-among-those-of-others",
        _PATIENCE,
        "    return own is _socket.socket.recv is theirs\n",
        "    return own is _socket.socket.recv\n",
        "In a program that was given other sockets later, each read holds up everything.",
        ("X24",),
        ("client/test_patience.py",),
    ),
    Mutation(
        "sockets-block-where-writes-cannot-be-told-not-to",
        _PATIENCE,
        'if sys.platform == "linux" and AT_ONCE and is_of',
        'if sys.platform == "linux" and is_of',
        "Where there is no flag for it, every write waits for as long as the peer likes.",
        ("X24",),
        ("client/test_patience.py",),
    ),
]
