from __future__ import annotations

import re

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from desktop_app import theme

SURFACES = ("surface", "surface_raised", "sidebar", "hover", "selected")
TEXTS = ("text", "muted", "accent")
RUNS = tuple(f"run_{number}" for number in range(1, 7))
SIGNS = ("frozen", "trainable", "train_curve", "val_curve", *RUNS, "right", "unsure", "wrong", "warning")


def luminance(name: str) -> float:
    shares = (value / 255 for value in theme.colour(name).getRgb()[:3])
    linear = [share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_keeps_its_contrast(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("THAW_SCHEME", scheme)
    assert theme.is_dark() == (scheme == "dark")
    weak = [(text, on) for text in TEXTS for on in SURFACES if contrast(text, on) < 4.5]
    weak += [(sign, on) for sign in SIGNS for on in SURFACES[:3] if contrast(sign, on) < 4.5]
    assert not weak
    assert contrast("on_accent", "accent") >= 4.5
    assert contrast("border_strong", "surface_raised") >= 3


def test_an_icon_follows_the_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    icon = theme.icon("check", 16, "text")

    def brightness() -> float:
        image = icon.pixmap(QSize(16, 16)).toImage()
        lit = [image.pixelColor(x, y) for x in range(16) for y in range(16) if image.pixelColor(x, y).alpha() > 200]
        return sum(colour.lightness() for colour in lit) / len(lit)

    monkeypatch.setenv("THAW_SCHEME", "light")
    assert brightness() < 80
    monkeypatch.setenv("THAW_SCHEME", "dark")
    assert brightness() > 180


def test_icons_can_be_made_and_dropped_by_the_thousand() -> None:
    for _ in range(5000):
        assert not QIcon(theme.icon("folder")).pixmap(QSize(20, 20), QIcon.Mode.Disabled).isNull()


def test_an_icon_that_is_not_there_says_so() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-icon"):
        theme.icon("no-such-icon")


def test_the_pictures_of_the_style_sheet_are_there(qapp: QApplication) -> None:
    pictures = re.findall(r'url\("([^"]+)"\)', qapp.styleSheet())
    assert pictures
    assert [path for path in pictures if not (theme.RESOURCES / path).exists()] == []


def test_a_change_of_scheme_is_told(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    theme.notifier().changed.connect(lambda: told.append(theme.is_dark()))
    monkeypatch.setenv("THAW_SCHEME", "dark")
    theme.refresh(qapp)
    monkeypatch.setenv("THAW_SCHEME", "light")
    theme.refresh(qapp)
    assert told == [True, False]
