"""Whether the photo that a file was made of is still where it was: else that file may be the last copy of it."""

from __future__ import annotations

import os

from engine.photo_facts import facts_at
from engine.prediction.ledger.made_files import MadeFile


def has_its_photo(file: MadeFile) -> bool:
    """The next memory card has other photos of the same names: where the time of what is there is another, it is the
    photo, edited since, only if its EXIF tells the same time and camera as that of the copy."""
    try:
        now = file.source.stat()
        if now.st_mtime_ns == file.source_modified:
            return True
        if file.kind == "hardlink" and os.path.samestat(now, file.path.stat()):
            return True
    except OSError:
        return False
    there, copied = facts_at(file.source), facts_at(file.path)
    return bool(there.taken) and (there.taken, there.camera) == (copied.taken, copied.camera)
