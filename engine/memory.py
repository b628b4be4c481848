"""What the process takes of memory: glibc's malloc, told to keep what it has, and the most there has been."""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path

import psutil

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


def peak_bytes() -> int:
    """The largest that this process has been in physical memory.

    On Linux from /proc: what getrusage says there begins with the peak of whoever started the process.
    """
    if sys.platform == "linux":
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        return int(found[1]) * 1024 if found else int(psutil.Process().memory_info().rss)
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource  # noqa: PLC0415  only where it is

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
