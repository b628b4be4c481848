"""The field edition from its own folder: the light half frozen, with no torch and no Python beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "dist" / "thaw-field"

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def built() -> Path:
    """The folder, built anew where a source is newer than it."""
    script = ROOT / "packaging" / "build_field_edition.py"
    result = subprocess.run([sys.executable, str(script), "--reuse"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    print(result.stdout)  # noqa: T201 (the size and the largest parts are wanted in the report)
    return FOLDER


def thaw(built: Path, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The frozen program in an environment that leads to no Python of this project."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    environment |= {"THAW_HOME": str(tmp_path), "PATH": os.defpath}
    return subprocess.run(
        [str(built / "thaw"), *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )


def test_the_self_check_passes(built: Path, tmp_path: Path) -> None:
    result = thaw(built, tmp_path, "doctor", "--self-check")
    assert result.returncode == 0, result.stdout + result.stderr


def test_nothing_heavy_is_inside(built: Path) -> None:
    heavy = ("torch", "torchvision", "timm", "onnx", "onnxscript", "scipy", "sklearn", "nvidia", "cuda", "triton")
    found = [name for name in heavy for _ in built.glob(f"_internal/{name}*") if not name.startswith("onnx")]
    assert found == []
    assert not (built / "_internal" / "onnx").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="ldd is Linux's")
def test_what_reads_cameras_has_all_that_it_is_linked_to(built: Path) -> None:
    """Without one of them Qt Multimedia loads all the same, and finds no camera."""
    plugin = built / "_internal/PySide6/Qt/plugins/multimedia/libffmpegmediaplugin.so"
    if not plugin.exists():
        pytest.skip("built without Qt Multimedia (the extra “camera”)")
    told = subprocess.run(["ldd", str(plugin)], capture_output=True, text=True, check=True).stdout
    assert "libQt6Multimedia.so.6" in told
    assert [line for line in told.splitlines() if "not found" in line and "libpulse" not in line] == []


def test_training_is_refused_with_a_sentence(built: Path, tmp_path: Path) -> None:
    result = thaw(built, tmp_path, "train", str(tmp_path), "--out", str(tmp_path / "run"))
    assert result.returncode == 1
    assert "training part is not installed" in result.stderr
    assert "Traceback" not in result.stderr
