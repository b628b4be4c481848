"""How the project is put together: licences, the wheel, and what stays light."""

from __future__ import annotations

import fnmatch
import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LIGHT_CONTRACT = next(c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["id"] == "light")
NO_NETWORK = r"(?i)connection|name resolution|max retries|timed out|no matching distribution found for setuptools"
"""What pip says where it reaches no index."""
HEAVY_LIBRARIES = ("torch", "torchvision", "timm", "onnx", "onnxscript", "safetensors")


def modules_of(package: str) -> list[str]:
    paths = sorted((ROOT / package).rglob("*.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]


def is_named(module: str, expressions: list[str]) -> bool:
    """`engine.*` names what lies directly in engine, as in the contracts."""
    return any(
        fnmatch.fnmatchcase(module, expression) and module.count(".") == expression.count(".")
        for expression in expressions
    )


HEAVY_MODULES = [m for m in modules_of("engine") if is_named(m, LIGHT_CONTRACT["forbidden_modules"])]
LIGHT_MODULES = [m for m in modules_of("engine") if m not in HEAVY_MODULES and not m.endswith("__main__")]


def test_every_engine_module_is_named_light_or_heavy() -> None:
    packages = {m for m in LIGHT_MODULES if any(other.startswith(m + ".") for other in modules_of("engine"))}
    unnamed = [m for m in LIGHT_MODULES if m not in packages and not is_named(m, LIGHT_CONTRACT["source_modules"])]
    assert unnamed == [], "name them in pyproject.toml, in the contract “light”"


def test_both_light_contracts_mean_the_same_by_heavy() -> None:
    of_window = next(c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["id"] == "light-window")
    assert {name.removesuffix(".*") for name in LIGHT_CONTRACT["forbidden_modules"]} == set(
        of_window["forbidden_modules"]
    )


def test_light_modules_load_nothing_heavy() -> None:
    """One process for each module would take minutes; one for all names the first that breaks it."""
    script = (
        "import importlib, sys\n"
        f"for name in {LIGHT_MODULES!r}:\n"
        "    importlib.import_module(name)\n"
        f"    loaded = [heavy for heavy in {(*HEAVY_LIBRARIES, 'PySide6')!r} if heavy in sys.modules]\n"
        "    assert not loaded, f'{name} loads {loaded}'\n"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_packaging_is_no_package() -> None:
    """With an __init__.py it would hide the library of that name."""
    assert not list((ROOT / "packaging").rglob("__init__.py"))


def test_what_is_committed_names_no_place_of_one_machine_and_no_registry() -> None:
    for path in (
        ROOT / "Makefile",
        *(p for p in (ROOT / "packaging").rglob("*") if p.suffix in {".py", ".spec", ".txt"}),
    ):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"https?://|index-url|file:|@ /|\+cu\d", text), path


def required(name: str, extras: frozenset[str] = frozenset(), seen: set[str] | None = None) -> Iterator[str]:
    """The installed distributions that `name` with `extras` requires, itself included."""
    seen = set() if seen is None else seen
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in seen and not extras:
        return
    seen.add(key)
    try:
        wanted = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return
    yield name
    for requirement in map(Requirement, wanted):
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield from required(requirement.name, frozenset(requirement.extras), seen)


def licence_of(name: str) -> str:
    metadata = importlib.metadata.metadata(name)
    classifiers = [c for c in metadata.get_all("Classifier") or [] if c.startswith("License ::")]
    # A licence field may hold the whole text; its first line is the name.
    said = metadata.get("License-Expression") or (metadata.get("License") or "").strip().split("\n")[0]
    return " / ".join([said, *classifiers])


def test_no_dependency_is_gpl_only() -> None:
    """LGPL (Qt, libheif) is fine, and so is a choice of licences that has a free one in it."""
    names = sorted(set(required("thaw", frozenset({"train", "camera"}))))
    assert len(names) > 20
    copyleft = re.compile(r"(?<!L)(?<!Lesser )A?GPL|(?<!Lesser )General Public License")
    other = re.compile(r"LGPL|Lesser General|MIT|BSD|Apache")
    found = {name: licence_of(name) for name in names}
    assert {n: text for n, text in found.items() if copyleft.search(text) and not other.search(text)} == {}


@pytest.mark.long
def test_the_wheel_has_the_packages_and_the_resources(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "-q", "-w", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode and re.search(NO_NETWORK, result.stderr):
        pytest.skip(f"a wheel is built with setuptools from the network, which is not there: {result.stderr[-300:]}")
    assert result.returncode == 0, result.stderr
    (wheel,) = tmp_path.glob("thaw-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in ("engine/cli.py", "desktop_app/app.py", "resources/__init__.py", "resources/self_check.thaw"):
        assert wanted in names
    assert any(name.startswith("resources/icons/") for name in names)
    assert any(name.startswith("resources/tables/") for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"engine", "desktop_app", "resources", "thaw"}
