"""What the photos of a run hold, by hash, and whether it is still that when the run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine import runs
from engine.control import Control
from engine.dataset.index import Photo
from engine.dataset.kept_photos import file_hash
from engine.errors import ChangedPhotosError
from engine.events import Event, Notice, StageStarted
from engine.photos import shown_name
from engine.runs import Stamp

NAMED = 3
TOO_NEW_NS = 3 * 10**9
"""A file modified so shortly before it is hashed may change once more under the same stamp: FAT counts in 2 s."""


def content_hash(photo: Photo) -> str:
    return file_hash(photo.path)  # "" where it cannot be read: the loader will tell, and leave the photo out


def stamp_of(path: Path, before_ns: int) -> Stamp | None:
    """None where it was modified after `before_ns`, and so perhaps after it was hashed, or is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns) if found.st_mtime_ns < before_ns else None


def hashes_of(photos: Sequence[Photo], hash_of: Callable[[Photo], str], threads: int, control: Control) -> list[str]:
    """The hashes of photos, in order; "" for those that a stop came before."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda photo: "" if control.stopping else hash_of(photo), photos))


def changed_since(run_dir: Path) -> Callable[[int], bool]:
    """What tells of a photo of a run, by its number, whether its file holds something else now than when it was hashed:
    by size and time, and where these differ, by content."""
    _, photos, hashes = runs.read_dataset(run_dir)
    stamps = runs.read_stamps(run_dir)

    def changed(number: int) -> bool:
        path, digest = photos[number].path, hashes[number]
        stamp = stamp_of(path, 2**63)
        return bool(digest and (stamp is None or stamp != stamps[number])) and file_hash(path) not in ("", digest)

    return changed


def write_contents(run_dir: Path, photos: Sequence[Photo], hashes: Sequence[str], root: Path, began_ns: int) -> None:
    """Write dataset.csv; the photos were hashed from `began_ns` (of time.time_ns) on."""
    stamps = [
        stamp_of(photo.path, began_ns - TOO_NEW_NS) if digest else None
        for photo, digest in zip(photos, hashes, strict=True)
    ]
    runs.write_dataset(run_dir, photos, hashes, root, stamps)


def check_contents(run_dir: Path, threads: int, accept: bool, control: Control) -> Generator[Event, None, None]:
    """Compare the photos of a run that goes on with those it began with: by size and time, and where these differ, by
    content. What is gone is told, and left out by the loader.

    Raises ChangedPhotosError for changed ones: half a run on one photo and half on another is no run that dataset.csv
    tells of. With `accept`, dataset.csv has what they hold now, and they are told.
    """
    root, photos, hashes = runs.read_dataset(run_dir)
    gone: list[Photo] = []
    unsure: list[int] = []
    for number, (photo, digest, stamp) in enumerate(zip(photos, hashes, runs.read_stamps(run_dir), strict=True)):
        now = stamp_of(photo.path, 2**63)
        if now is None:
            gone.append(photo)
        elif digest and now != stamp:
            unsure.append(number)
    if gone:
        text = f"{_named(gone)} of this run cannot be read any more; what is missing is left out."
        yield Notice(text, "photos_gone", gone[0].path.parent)
    began = time.time_ns()
    changed: dict[int, str] = {}
    if unsure:
        yield StageStarted("Comparing the photos with those that the run began with")
        found = hashes_of([photos[number] for number in unsure], content_hash, threads, control)
        changed = {n: digest for n, digest in zip(unsure, found, strict=True) if digest not in ("", hashes[n])}
    if not changed or control.stopping:
        return
    named = _named([photos[number] for number in changed])
    if not accept:
        raise ChangedPhotosError(
            f"{named} of this run changed since it began; put the old files back, or go on with them as they are now "
            "(--accept-changes)."
        )
    yield Notice(f"{named} changed since the run began, and it goes on with them as they are now.", "photos_changed")
    write_contents(run_dir, photos, [changed.get(n, old) for n, old in enumerate(hashes)], root, began)


def _named(photos: Sequence[Photo]) -> str:
    """“3 photos (a.jpg, b.jpg, c.jpg)”, the first few by name."""
    names = ", ".join(shown_name(photo.path) for photo in photos[:NAMED])
    more = f" and {len(photos) - NAMED} more" if len(photos) > NAMED else ""
    return f"{len(photos)} photo{'s' if len(photos) != 1 else ''} ({names}{more})"
