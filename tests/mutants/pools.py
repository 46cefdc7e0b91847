"""Slots, waiting, limits of what is kept, and forks."""

from __future__ import annotations

from tests.mutants.mutation import Mutation

MUTATIONS = [
    Mutation(
        "slot-of-a-failed-exchange",
        "h11client/_transport/lending.py",
        "        connection.close(reason)\n        self.release(connection, False)\n",
        "        connection.close(reason)\n",
        "An exchange that fails keeps its slot.",
        ("L1",),
        ("client/test_pool.py",),
    ),
    Mutation(
        "slot-of-a-closed-connection",
        "h11client/_transport/lending.py",
        "                connection.give_back_slot()\n            if dead or self._tickets:",
        "                pass\n            if dead or self._tickets:",
        "A connection that was closed at its release keeps its slot.",
        ("L1",),
        ("client/test_lending.py",),
    ),
    Mutation(
        "slot-of-garbage",
        "h11client/_transport/lending.py",
        "        connection.give_back_slot()\n        self._wake_oldest()\n",
        "        connection.give_back_slot()\n",
        "Nobody is told of the slot of a response that became garbage.",
        ("2c6", "L1"),
        ("client/test_lending.py",),
    ),
    Mutation(
        "slot-of-a-failed-dial",
        "h11client/_transport/lending.py",
        "            if slot is not None:\n"
        "                slot.give_back()\n"
        "            self.settle()\n"
        "            raise\n",
        "            raise\n",
        "A dial that fails wakes nobody who waits for its slot.",
        ("M25", "L1"),
        ("client/test_bad_input.py",),
    ),
    Mutation(
        "slot-given-back-still-counts",
        "h11client/_transport/slots.py",
        "if slot is not None and slot.held:",
        "if slot is not None:",
        "A slot that was given back counts as taken for as long as somebody knows it.",
        ("L1", "M25"),
        ("wire/test_section_zero.py",),
    ),
    Mutation(
        "connection-of-garbage",
        "h11client/_transport/response_body.py",
        "            self._connection = None\n"
        "            connection.stream.abort()\n"
        "            self._owner.abandon(connection)",
        "            self._connection = None",
        "A response that is dropped unread leaves its socket to the collector.",
        ("L1", "U3"),
        ("client/test_response_body.py",),
    ),
    Mutation(
        "connection-of-a-closed-session",
        "h11client/_transport/lending.py",
        "if reusable and connection.generation == self._generation:",
        "if reusable:",
        "A connection that was busy while its session was closed is kept.",
        ("L5",),
        ("client/test_lending.py",),
    ),
    Mutation(
        "idle-connections-of-a-closed-session",
        "h11client/_transport/lending.py",
        "        self._deferred = True\n        if not self.is_inside():\n            self._catch_up()\n\n    def _catch_up",
        "\n    def _catch_up",
        "Closing a session leaves its idle connections open.",
        ("L5",),
        ("wire/test_closing_elsewhere.py",),
    ),
    Mutation(
        "connections-without-number",
        "h11client/_transport/lending.py",
        "while most is not None and self._count_open() >= most:",
        "while most is not None and self._count_open() > most:",
        "There may be one connection more than allowed.",
        ("2c6",),
        ("client/test_lending.py",),
    ),
    Mutation(
        "connections-to-an-origin-without-number",
        "h11client/_transport/lending.py",
        "if limits.max_per_origin is not None and len(line.slots) >= limits.max_per_origin:",
        "if limits.max_per_origin is not None and len(line.slots) > limits.max_per_origin:",
        "There may be one connection to an origin more than allowed.",
        ("2c6",),
        ("client/test_lending.py",),
    ),
    Mutation(
        "last-come-first-served",
        "h11client/_transport/lending.py",
        "for ticket in self._tickets:",
        "for ticket in list(self._tickets)[::-1]:",
        "Who came last gets the connection.",
        ("2c6",),
        ("client/test_lending.py",),
    ),
    Mutation(
        "full-origin-blocks-others",
        "h11client/_transport/lending.py",
        "                if found is None:\n                    continue\n",
        "                if found is None:\n                    return False\n",
        "Who waits for a full origin keeps others from free slots.",
        ("2c6",),
        ("client/test_lending.py",),
    ),
    Mutation(
        "waiting-for-ever",
        "h11client/_transport/lending.py",
        "                elif left <= step:\n                    raise LimitExpired(limit)\n",
        "",
        "Waiting for a connection has no limit.",
        ("2c6",),
        ("client/test_lending.py",),
    ),
    Mutation(
        "ticket-left-in-line",
        "h11client/_transport/lending.py",
        "            if ticket in self._tickets:\n                self._tickets.remove(ticket)\n",
        "",
        "Who has given up is still served.",
        ("L1", "2c6"),
        ("client/test_lending.py",),
    ),
    Mutation(
        "granted-connection-lost",
        "h11client/_transport/lending.py",
        "                self._line_of(ticket.route).idle.append(connection)\n"
        "                self._idle += 1\n"
        "            elif",
        "                pass\n            elif",
        "What was granted to somebody who has been interrupted is lost.",
        ("L1",),
        ("client/test_lending.py",),
    ),
    Mutation(
        "granted-slot-lost",
        "h11client/_transport/lending.py",
        "            if ticket.slot is not None:\n                ticket.slot.give_back()\n",
        "",
        "A slot that was granted to somebody who has been interrupted stays taken.",
        ("L1",),
        ("client/test_lending.py",),
    ),
    Mutation(
        "idle-without-number",
        "h11client/_transport/lending.py",
        "                if self._idle > self.limits.max_idle:\n",
        "                if self._idle > 10 * self.limits.max_idle:\n",
        "More connections are kept idle than allowed.",
        ("L2", "2c6"),
        ("client/test_lending.py",),
    ),
    Mutation(
        "expired-kept-open",
        "h11client/_transport/lending.py",
        "            while line.idle and line.idle[0].expires_at <= now:\n"
        '                self._discard(line, dead, "idle for too long")\n',
        "            while line.idle and line.idle[0].expires_at <= now - 60:\n"
        '                self._discard(line, dead, "idle for too long")\n',
        "Idle connections stay open although nobody may use them any more.",
        ("2c5", "L2"),
        ("client/test_lending.py",),
    ),
    Mutation(
        "poisoned-connection-taken-by-a-waiter",
        "h11client/_transport/lending.py",
        "            connection, slot = self._take_or_wait(route, deadline)\n        clock = self._clock\n",
        "            connection, slot = self._take_or_wait(route, deadline)\n"
        "            if connection is not None:\n"
        "                return connection\n"
        "        clock = self._clock\n",
        "A connection that a waiter is given is not looked at.",
        ("M2", "2c5"),
        ("client/test_promises.py",),
    ),
    Mutation(
        "dead-connection-taken-next",
        "h11client/_transport/lending.py",
        "            connection, slot = self._take_next(connection)\n        return",
        "            connection, slot = self._take_next(connection)\n"
        "            if connection is not None:\n"
        "                return connection\n"
        "        return",
        "Behind a dead connection the next idle one is taken without a look.",
        ("M2", "2c5"),
        ("client/test_lending.py",),
    ),
    Mutation(
        "lines-without-number",
        "h11client/_transport/lending.py",
        "            if len(self._lines) >= _LINES_KEPT:\n"
        "                self._lines = {key: kept for key, kept in self._lines.items() if len(kept.slots)}\n",
        "",
        "A pool remembers every origin that it has ever seen.",
        ("L2",),
        ("client/test_lending.py",),
    ),
    Mutation(
        "routes-without-number",
        "h11client/_transport/pool.py",
        "            if len(routes) >= _ROUTES_REMEMBERED:\n                routes.clear()\n",
        "",
        "A session remembers the route of every origin that it has ever seen.",
        ("L2",),
        ("client/test_pool.py",),
    ),
    Mutation(
        "parents-connections-in-a-child",
        "h11client/_transport/forking.py",
        "    work: list[Callable[[], None]] = [stream.abort for stream in list(_streams)]\n"
        "    work += [sock.close for sock in list(_sockets)]\n",
        "    work: list[Callable[[], None]] = []\n",
        "A forked child keeps the sockets of its parent.",
        ("X22",),
        ("wire/test_fork.py",),
    ),
    Mutation(
        "parents-pool-in-a-child",
        "h11client/_transport/forking.py",
        "    work += [owner.start_anew for owner in list(_owners)]\n",
        "",
        "A forked child lends what its parent had idle, under locks that its parent holds.",
        ("X22",),
        ("wire/test_fork.py",),
    ),
    Mutation(
        "waiters-never-look-for-garbage",
        "h11client/_transport/lending.py",
        "                self._collector.collect()\n",
        "",
        "A response that was dropped in a cycle keeps a waiter waiting.",
        ("L1", "2c6"),
        ("client/test_lending.py",),
    ),
]
