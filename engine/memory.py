"""glibc's malloc, told to keep what it has."""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3


def keep_memory() -> bool:
    """Tell malloc not to give large blocks back, before the first tensor is made; True where it listened.

    Else torch on a CPU faults every large tensor in again at the next layer, which costs most of the time. The price
    is resident memory. Numbers from glibc's malloc.h.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # musl and others
        return False
    largest = 2**31 - 1
    settings = ((M_MMAP_THRESHOLD, largest), (M_TRIM_THRESHOLD, largest), (M_TOP_PAD, 256 << 20))
    return all(mallopt(name, value) for name, value in settings)
