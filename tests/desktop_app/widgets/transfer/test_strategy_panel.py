from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.widgets.transfer import strategy_panel
from desktop_app.widgets.transfer.strategy_panel import StrategyPanel


def test_runs_that_change_while_they_are_read_are_read_again(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, go_on = [], threading.Event()

    def look(folder: Path) -> list[object]:
        looked.append(folder)
        go_on.wait(10)
        return []

    monkeypatch.setattr(strategy_panel.runs, "list_runs", look)
    panel = StrategyPanel()
    qtbot.addWidget(panel)
    panel.look_for_runs(tmp_path)
    qtbot.waitUntil(lambda: len(looked) == 1)
    panel.look_for_runs(tmp_path)
    panel.look_for_runs(tmp_path)
    go_on.set()
    qtbot.waitUntil(lambda: not panel._background._at_work)
    assert looked == [tmp_path, tmp_path], "once more for whatever changed meanwhile"
