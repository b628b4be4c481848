from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from desktop_app.settings import Settings
from desktop_app.widgets.corrections.packing import PackingCorrections
from desktop_app.worker import Jobs
from engine.prediction.corrections.opened_pack import opened_pack
from tests.engine.prediction.corrections.field import Shot, make_field


def test_what_was_said_is_saved_as_one_file(qtbot: QtBot, jobs: Jobs, settings: Settings, tmp_path: Path) -> None:
    shots = {"a.jpg": Shot(9, "red", "red"), "b.jpg": Shot(99, "red", "blue"), "c.jpg": Shot(190, "red", None)}
    ledger = make_field(tmp_path, shots)
    packing = PackingCorrections(jobs, settings)
    qtbot.addWidget(packing.button)
    said: list[tuple[str, str]] = []
    packing.said.connect(lambda *words: said.append(words))
    packing.offer(ledger, 0)
    assert packing.button.isHidden(), "nothing was looked at"
    packing.offer(ledger, 2)
    assert not packing.button.isHidden()
    (tmp_path / "photos" / "b.jpg").unlink()
    out = tmp_path / "home.thaw-corrections"
    for place, words in ((out, "2 labels of yours, 1 corrected, saved to"), (tmp_path / "no" / out.name, "no folder")):
        packing.save(place)
        qtbot.waitUntil(lambda: not jobs.running(), timeout=10_000)
        assert words in said[-1][0]
    assert said[0][0].endswith("1 photo changed or cannot be read: without a copy.")
    assert [kind for _, kind in said] == ["info", "error"]
    with opened_pack(out) as pack:
        assert [one.label for one in pack.corrections] == ["red", "blue"]
    before = out.read_bytes()
    packing.save_as(tmp_path / "home")
    assert said[-1][0] == "“home.thaw-corrections” exists already; choose another name." and not jobs.running()
    assert out.read_bytes() == before, "nobody was asked whether it may go"
    for _ in range(2):
        packing.save(out)
    assert "is being written already" in said[-1][0] and len(jobs.running()) == 1
    qtbot.waitUntil(lambda: not jobs.running(), timeout=10_000)
