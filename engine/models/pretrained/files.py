"""Which files may hold weights, by their names."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = (".safetensors", ".pth", ".pt", ".th", ".bin", ".ckpt")


def is_weights_name(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES
