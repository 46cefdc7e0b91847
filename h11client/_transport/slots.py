"""Slots: the right to have one connection open, or to be opening one. They are what limits count.

A slot is an object, and it is taken for as long as somebody holds it. So none can be lost: an
interruption may strike between any two lines, and a connection may become garbage anywhere; with
the last reference its slot is free. Whoever knows that he is done gives it back at once, because
a traceback, or an interpreter that does not count references, may hold on to it for longer.
"""

from __future__ import annotations

from _weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Reference: TypeAlias = ref["Slot"]
    # Called when a slot has become free by itself: anywhere, inside the pool's lock too.
    OnLoss: TypeAlias = Callable[[Reference], None]

__all__ = ["Slot", "Slots"]


class Slot:
    """The right to one connection; `held` until it is given back."""

    __slots__ = ("__weakref__", "held")

    def __init__(self) -> None:
        self.held = True

    def give_back(self) -> None:
        """Gives the slot back; again and again does nothing."""
        self.held = False


class Slots:
    """The slots of one route."""

    __slots__ = ("_references",)

    def __init__(self) -> None:
        self._references: list[Reference] = []

    def take(self, on_loss: OnLoss) -> Slot:
        """One more, which is free again when it is given back, or nobody has it any more."""
        slot = Slot()
        self._references.append(ref(slot, on_loss))
        return slot

    def __len__(self) -> int:
        """How many are taken."""
        taken = []
        for reference in self._references:
            slot = reference()
            if slot is not None and slot.held:
                taken.append(reference)
        if len(taken) < len(self._references):
            self._references = taken
        return len(taken)
