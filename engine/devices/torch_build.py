"""Which torch is installed and what it was built for, read from its files: importing it takes seconds."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TorchBuild:
    """`cuda` is the CUDA it was built for, as (major, minor); None for a build without."""

    version: str
    cuda: tuple[int, int] | None


def torch_build() -> TorchBuild | None:
    """None where torch is not installed."""
    from importlib import metadata  # noqa: PLC0415 - 20 ms that classifying photos does not need

    try:
        version = metadata.version("torch")
        found = importlib.util.find_spec("torch")
    except (metadata.PackageNotFoundError, ValueError):
        return None
    if found is None or not found.origin:
        return None
    return TorchBuild(version, cuda_of(version, Path(found.origin).with_name("version.py")))


def cuda_of(version: str, file: Path) -> tuple[int, int] | None:
    """From torch's version.py, which says `cuda: Optional[str] = '13.2'`; the version itself has “+cu132” only where it
    was not taken from the package index."""
    try:
        said = re.search(r"^cuda\b[^=]*=\s*'(\d+)\.(\d+)'", file.read_text(encoding="utf-8"), re.MULTILINE)
        return (int(said[1]), int(said[2])) if said else None
    except OSError:
        local = re.search(r"\+cu(\d+)(\d)$", version)
        return (int(local[1]), int(local[2])) if local else None
