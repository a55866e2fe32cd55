"""Memory that large pictures took, given back."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of glibc's malloc.h
_LARGE = 2**20  # bytes


def give_large_blocks_back() -> bool:
    """Let each block of a megabyte or more go back to the system once it is free; False where malloc is another one.

    By default glibc raises that bound with each large block that it frees, and what pictures took then lies about in
    the heap of each thread.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGE) and mallopt(_M_ARENA_MAX, 2))
