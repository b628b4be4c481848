"""Whether the disk was full, and how much room in words."""

from __future__ import annotations

import errno


def is_full(error: BaseException) -> bool:
    """Whether the disk, or what the person may use of it, is full. Looks at what an error came from as well."""
    origin: BaseException | None = error
    while origin:
        if isinstance(origin, OSError) and origin.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        origin = origin.__cause__ or origin.__context__
    return False


def in_words(count: int) -> str:
    """So many bytes, rounded up: who frees this much has enough."""
    if count >= 10**9:
        return f"{count / 1e9 + 0.05:.1f} GB"
    return f"{count // 10**6 + 1} MB"
