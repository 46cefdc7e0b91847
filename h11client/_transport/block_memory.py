"""Memory for the blocks of large bodies."""

from __future__ import annotations

__all__ = ["keep_blocks"]

_MOST_BYTES = 1024 * 1024  # of one block, or of several that are freed together
_kept = False


def keep_blocks() -> None:
    """Has the C library keep the memory of blocks that are freed, for those that come next.

    glibc gives back to the system what is larger than 128 KiB, or free at the end of its heap, and
    the system maps it in anew, page by page, for the next block: up to 16 page faults for 64 KiB,
    which take longer than receiving them. Both thresholds rise with the largest mapped block that
    was freed (mallopt(3), M_MMAP_THRESHOLD). So one is made, whose pages nobody touches, and freed.
    """
    global _kept
    if not _kept:
        _kept = True
        bytes(_MOST_BYTES)
