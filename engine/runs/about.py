"""What a person calls a run and notes about it. The folder keeps its name: other runs may know it by that."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.errors import RunError
from engine.runs.files import ABOUT
from engine.whole_file import write_whole

LONGEST_TITLE = 120


@dataclass(frozen=True)
class About:
    """Both are "" where nothing was said. A title is one line."""

    title: str = ""
    note: str = ""


def read_about(run_dir: Path) -> About:
    """What was said of the run; nothing where the file is missing or damaged, which keeps nobody from the run."""
    try:
        found = json.loads((run_dir / ABOUT).read_text(encoding="utf-8"))
        return About(*(value if isinstance(value := found.get(name), str) else "" for name in ("title", "note")))
    except (OSError, ValueError, AttributeError):
        return About()


def write_about(run_dir: Path, about: About) -> None:
    """Keep it, with the title on one line; nothing said leaves no file. Raises RunError where the disk refuses."""
    title = " ".join(about.title.split())[:LONGEST_TITLE]
    kept = About(title, about.note.strip())
    try:
        if kept == About():
            (run_dir / ABOUT).unlink(missing_ok=True)
        else:
            write_whole(run_dir / ABOUT, json.dumps(asdict(kept), ensure_ascii=False, indent=1).encode())
    except OSError as error:
        raise RunError(f"What you wrote cannot be kept in {run_dir}: {error.strerror or error}.") from error
