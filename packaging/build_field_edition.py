"""Builds the field edition, the window and the prediction without torch, as the folder dist/thaw-field.

    .venv/bin/python packaging/build_field_edition.py [--reuse]

Prints its size and its ten largest parts. --reuse keeps a build that is newer than every source.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "dist" / "thaw-field"
PROGRAM = FOLDER / ("thaw.exe" if sys.platform == "win32" else "thaw")
SOURCES = ("engine", "desktop_app", "resources", "packaging", "pyproject.toml")


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the field edition in dist/thaw-field.")
    parser.add_argument("--reuse", action="store_true", help="keep a build that is newer than every source")
    if parser.parse_args().reuse and is_fresh():
        print(f"{FOLDER} is newer than every source; kept.")
        return 0
    started = time.monotonic()
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR"]
    command += ["--distpath", str(FOLDER.parent), "--workpath", str(ROOT / "build")]
    status = subprocess.run([*command, str(ROOT / "packaging" / "field_edition.spec")], cwd=ROOT).returncode
    if status == 0:
        print(f"Built {FOLDER} in {time.monotonic() - started:.0f} s.")
        print_sizes()
    return status


def is_fresh() -> bool:
    if not PROGRAM.exists():
        return False
    built = PROGRAM.stat().st_mtime
    return all(path.stat().st_mtime <= built for source in SOURCES for path in files_of(ROOT / source))


def files_of(place: Path) -> list[Path]:
    found = place.rglob("*") if place.is_dir() else [place]
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def print_sizes() -> None:
    """The whole, its ten largest parts (what lies directly in the folder or in _internal), its ten largest files."""
    parts: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for path in FOLDER.rglob("*"):
        if path.is_file() and not path.is_symlink():
            place = path.relative_to(FOLDER).parts
            names = place[1:] if place[0] == "_internal" else place
            parts[names[0]] += path.stat().st_size
            files["/".join(names)] += path.stat().st_size
    print(f"Size: {sum(parts.values()) / 1e6:.1f} MB in {len(files)} files")
    for title, counted in (("Largest parts", parts), ("Largest files", files)):
        print(f"{title}:")
        for name, size in counted.most_common(10):
            print(f"  {size / 1e6:8.1f} MB  {name}")


if __name__ == "__main__":
    raise SystemExit(main())
