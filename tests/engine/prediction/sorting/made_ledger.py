"""A ledger of small files that were never classified: what they show is written down."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from engine.prediction.classify import Answer, Found
from engine.prediction.ledger.named import remember_named
from engine.prediction.ledger.opening import open_ledger, read_ledger
from tests.engine import tiny_model

LONG_AGO = 1_600_000_000_123_456_789


def put(path: Path, content: bytes = b"", modified: int = LONG_AGO) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content or os.fsencode(path.name))
    os.utime(path, ns=(modified, modified))
    return path


def make_ledger(
    folder: Path, photos: Mapping[str, str], root: str = "photos", classes: tuple[str, ...] = tiny_model.CLASSES
) -> Path:
    """A ledger in `folder` of files below `root` there, made where they are not, with these labels; one that is
    labelled "" could not be read."""
    path = folder / "answers.thaw-ledger"
    ledger = open_ledger(path, tiny_model.make(folder / "m.thaw", classes), resume=True)
    remember_named(ledger, [folder / root])
    for name, label in photos.items():
        file = folder / root / name
        status = (file if file.exists() else put(file)).stat()
        found = Found(file, status.st_size, status.st_mtime_ns)
        answer = Answer(
            found, np.full(len(classes), 1 / len(classes), np.float32) if label else None, "" if label else "Damaged."
        )
        ledger.add([answer], [(label, 0.5)])
    ledger.close()
    return path


def say(path: Path, photo: Path, label: str) -> None:
    """A person's word on a photo."""
    ledger = read_ledger(path, to_decide=True)
    with ledger.statements() as run:
        run("INSERT OR REPLACE INTO verdict SELECT id, ?, 'now' FROM photo WHERE key = ?", (label, os.fsencode(photo)))
    ledger.close()


Tree = dict[str, tuple[str, int, bytes]]


def tree(root: Path) -> Tree:
    """All that lies below a folder: what it is, its time and its content. Folders' times change with what they hold."""
    found: Tree = {}
    for path in sorted(root.rglob("*")) if root.exists() else ():
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = ("link", 0, os.fsencode(path.readlink()))
        elif path.is_dir():
            found[name] = ("folder", 0, b"")
        else:
            found[name] = ("file", path.stat().st_mtime_ns, path.read_bytes())
    return found


def names(root: Path) -> list[str]:
    return [name for name, (what, _, _) in tree(root).items() if what != "folder"]
