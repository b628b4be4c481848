"""What the README says of `engine.predict` is run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.engine import tiny_model
from tests.engine.prediction.test_walk import make_photo

README = Path(__file__).parents[3] / "README.md"


def test_the_lines_in_the_readme_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    tiny_model.make(tmp_path / "bees.thaw")
    make_photo(tmp_path / "photos" / "a.png", "red")
    (tmp_path / "photos" / "b.png").touch()
    exec(compile(code, str(README), "exec"), {})
    first, second, last = capsys.readouterr().out.splitlines()
    assert first == f"{Path('photos/a.png')} red 100%"
    assert "is empty" in second and last == "2 photos, 1 could not be read"
    assert len((tmp_path / "answers.csv").read_text().splitlines()) == 3
