"""The set-up script: what it takes for a whole environment, and what it says to an old Python."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "packaging" / "setup_environment.py"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, working on an empty folder."""
    spec = importlib.util.spec_from_file_location("setup_environment", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    environment = tmp_path / ".venv"
    for name, path in {
        "ENVIRONMENT": environment,
        "ENVIRONMENT_PYTHON": environment / module.ENVIRONMENT_PYTHON.relative_to(module.ENVIRONMENT),
        "STAMP": environment / module.STAMP.name,
        "UNFINISHED": environment / module.UNFINISHED.name,
    }.items():
        monkeypatch.setattr(module, name, path)
    return module


def make_venv(place: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)


def test_an_environment_without_its_configuration_is_never_taken_for_whole(script: ModuleType) -> None:
    """Its python is then the one that made it, and pip would install there."""
    make_venv(script.ENVIRONMENT)
    (script.ENVIRONMENT / "pyvenv.cfg").unlink()
    assert script.version_of(str(script.ENVIRONMENT_PYTHON))
    assert not script.is_whole()


def test_an_environment_without_pip_is_not_whole(script: ModuleType) -> None:
    make_venv(script.ENVIRONMENT)
    assert not script.is_whole()


def test_pip_is_told_to_refuse_a_python_outside_an_environment(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, str]] = []

    def run(_command: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        seen.append(env)
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setattr(script.subprocess, "run", run)
    script.install({"train"})
    assert [env["PIP_REQUIRE_VIRTUALENV"] for env in seen] == ["1"]


def test_the_mark_outlives_a_deletion(script: ModuleType) -> None:
    make_venv(script.ENVIRONMENT)
    script.UNFINISHED.touch()
    script.empty_environment()
    assert list(script.ENVIRONMENT.iterdir()) == [script.UNFINISHED]


def test_a_stamp_beside_the_mark_of_an_unfinished_set_up_does_not_count(script: ModuleType) -> None:
    script.ENVIRONMENT.mkdir()
    script.STAMP.write_text(f'{{"key": "{script.key()}", "extras": ["train"], "qt_ready": true}}')
    script.UNFINISHED.touch()
    assert script.ready_stamp({"train"}) is None


def test_an_old_python_is_told_what_is_needed(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script.sys, "version_info", (3, 9, 18))
    monkeypatch.setattr(script.shutil, "which", lambda _name: None)
    with pytest.raises(script.SetUpError, match=r"needs Python 3\.11 or newer; found 3\.9"):
        script.find_python()


def test_what_qt_lacks_is_said_in_one_line_and_fails_nothing(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "missing_for_qt", lambda: ["libEGL.so.1"])
    monkeypatch.setattr(script, "is_root", lambda: False)
    monkeypatch.setattr(script.shutil, "which", lambda name: name if name == "apt-get" else None)
    assert script.check_qt_libraries(may_install=True) is False
    told = capsys.readouterr().out
    assert told.count("\n") == 1
    assert "Type: sudo apt-get install" in told
