"""Roles, states and the two special results of `next_event`: opaque constants, compared by `is`.

Each of them is a class that is an instance of itself, so that `type(x)` of whatever `next_event()`
returned is always something to dispatch on: an event's class, or the constant itself.
"""

from __future__ import annotations


class Sentinel(type):
    """The metaclass that turns a class statement into such a constant."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, object]) -> Sentinel:
        constant = super().__new__(cls, name, bases, namespace)
        # An instance of itself: what the checker objects to is the point.
        constant.__class__ = constant  # type: ignore[assignment]  # see above
        return constant

    def __repr__(self) -> str:
        return self.__name__


class CLIENT(Sentinel, metaclass=Sentinel):
    """The role that sends requests."""


class SERVER(Sentinel, metaclass=Sentinel):
    """The role that sends responses."""


class IDLE(Sentinel, metaclass=Sentinel):
    """Nothing of this cycle was sent yet."""


class SEND_RESPONSE(Sentinel, metaclass=Sentinel):
    """Server only: a request has arrived, the response is due."""


class SEND_BODY(Sentinel, metaclass=Sentinel):
    """The head was sent; data or the end of the message follow."""


class DONE(Sentinel, metaclass=Sentinel):
    """This side's message is complete, and the connection may be used again."""


class MUST_CLOSE(Sentinel, metaclass=Sentinel):
    """This side's message is complete, and nothing but closing is left to do."""


class CLOSED(Sentinel, metaclass=Sentinel):
    """This side will send nothing more."""


class ERROR(Sentinel, metaclass=Sentinel):
    """This side violated the protocol, or its bytes were lost."""


class MIGHT_SWITCH_PROTOCOL(Sentinel, metaclass=Sentinel):
    """Client only: it proposed another protocol and waits for the verdict."""


class SWITCHED_PROTOCOL(Sentinel, metaclass=Sentinel):
    """The connection speaks something else from here on."""


class NEED_DATA(Sentinel, metaclass=Sentinel):
    """No event until more bytes are passed to `receive_data`."""


class PAUSED(Sentinel, metaclass=Sentinel):
    """No event until the cycle ends, or ever again after a protocol switch."""
