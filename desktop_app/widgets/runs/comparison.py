"""Several runs beside each other: numbers on the same photos, curves, what differs, and whether it may be luck."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app import theme
from desktop_app.settings import Settings
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.figures import count, duration, interval, percent
from desktop_app.widgets.labels import group_label, muted_label
from desktop_app.widgets.plain_table import Column, PlainTable
from desktop_app.widgets.remembered_splitter import RememberedSplitter
from desktop_app.widgets.runs.comparing import LETTERS, Comparison
from desktop_app.widgets.runs.overlaid_plot import OverlaidPlot
from desktop_app.widgets.runs.run_lines import MOST_RUNS, SAMPLE, run_icon
from desktop_app.widgets.segments import Segments
from desktop_app.widgets.setting_fields import AUTOMATIC, WORDS
from engine.events import RunCompared, SettingDiffers
from engine.models import strategies
from engine.models.catalog import title_of

MEASURES = (
    ("accuracy", "Accuracy", "Share of the validation photos that are right, after each epoch"),
    ("loss", "Loss", "Mean cross-entropy of the validation photos, after each epoch"),
)
OF_THESE_MODELS = (
    "p: how often chance alone would make so large a difference. This speaks of these models on such photos; trained "
    "again with another seed, each would be a little different."
)
LEAST, MOST = 2, MOST_RUNS
LEAST_HIGH = 220
"""Pixels of the curves and the words, at 100 % text; where there is less room, all scrolls."""


class ComparisonView(QWidget):
    """Shows a Comparison; `runs` on top are the legend of the curves as well."""

    join_wanted = Signal(object)  # tuple of Path: one model file is to be made of these runs

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folders: tuple[Path, ...] = ()  # of which one model can be made
        self._shown: tuple[Path, ...] = ()
        self._lacking = self._busy = ""
        self._places: dict[str, int] = {}
        self.title = group_label("")
        self.join = QPushButton("Make one model of these…")
        self.join.clicked.connect(lambda: self.join_wanted.emit(self._folders))
        self.outcome = BannerPlace()
        self.banner = BannerPlace()
        self.runs = PlainTable("Compared runs", self._columns())
        self.runs.setIconSize(SAMPLE)
        self.plot = OverlaidPlot()
        self.measure = Segments(MEASURES, "Curves")
        self.training = QCheckBox("Training too")
        self.training.setToolTip("The training curves as well, thin and in the same line")
        self.verdicts = QLabel()
        self.settings_table: PlainTable | None = None
        self.tabs = QTabWidget()
        self._settings_place = QWidget()
        self._lay_out(settings)
        self.measure.chosen.connect(self.plot.show_measure)
        self.training.toggled.connect(self.plot.show_training)

    def show_comparison(self, comparison: Comparison) -> None:
        rows = comparison.rows
        self._places = {row.name: place for place, row in enumerate(rows)}
        photos = max((row.photos for row in rows), default=0)
        on = f", on the same {count(photos)} {rows[0].split} photos" if photos else ""
        self.title.setText(f"{len(rows)} runs beside each other{on}")
        self.banner.say(comparison.notices())
        folders = tuple(row.run_dir for row in rows)
        if folders != self._shown:
            self.outcome.say("")
        self._folders = self._shown = folders
        lacking = next((row.name for row in rows if row.model_bytes is None), "")
        self._show_join(f"“{lacking}” has no model yet" if lacking else "")
        self.title.show()
        self._show_content(True)
        self.runs.show_rows(rows)
        self.runs.fit_height()
        self.plot.show_histories(comparison.histories)
        verdicts = comparison.verdicts()
        self.verdicts.setText("\n\n".join((*verdicts, OF_THESE_MODELS) if verdicts else ("No two can be compared.",)))
        self._show_settings(comparison)

    def show_refusal(self, sentence: str) -> None:
        """Say why there is no comparison."""
        self.title.hide()
        self.banner.say(sentence)
        self.outcome.say("")
        self._shown = ()
        self.forget_runs()
        self._show_content(False)

    def forget_runs(self) -> None:
        """No model can be made of what is still in sight: other runs are selected."""
        self._folders = ()
        self._show_join("")

    def _show_content(self, shown: bool) -> None:
        policies = Qt.ScrollBarPolicy
        self._scroll.setVerticalScrollBarPolicy(
            policies.ScrollBarAsNeeded if shown else policies.ScrollBarAlwaysOff  # it would scroll what is not seen
        )
        self._content.setVisible(shown)

    def show_busy(self, reason: str) -> None:
        """Why nothing can be made now; "" where it can."""
        self._busy = reason
        self._show_join(self._lacking)

    def _show_join(self, lacking: str) -> None:
        self._lacking = lacking
        reason = lacking or self._busy
        self.join.setVisible(bool(self._folders))
        self.join.setEnabled(not reason)
        self.join.setToolTip(reason or "A model file that answers with the mean of what these runs say")

    def _show_settings(self, comparison: Comparison) -> None:
        layout = self._settings_place.layout()
        assert layout
        if self.settings_table is not None:
            layout.removeWidget(self.settings_table)
            self.settings_table.deleteLater()
        columns = [Column("Setting", 140, lambda row: row.title)]
        columns += [_value_column(place, row.name, self._called(row.name)) for place, row in enumerate(comparison.rows)]
        self.settings_table = PlainTable("Settings that differ", columns)
        self.settings_table.show_rows(comparison.settings)
        layout.addWidget(self.settings_table)
        self.tabs.setTabText(1, f"Settings that differ ({len(comparison.settings)})")

    def _called(self, name: str) -> str:
        return f"{LETTERS[self._places[name]]}  {name}"

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("Run", 200, lambda row: self._called(row.name), icon=lambda row: run_icon(self._places[row.name])),
            _share("Right", "accuracy", "Of the photos that all of these runs were measured on"),
            Column(
                "95 % interval",
                116,
                lambda row: "–" if row.low is None else interval(row.low, row.high),
                lambda row: row.low or 0.0,
                number=True,
            ),
            _share("Macro F1", "macro_f1", "The mean of the classes' F1"),
            _number("Best epoch", 92, lambda row: row.best_epoch, gives_way=4),
            _number("Trained parameters", 148, lambda row: row.trained_parameters, gives_way=3),
            Column(
                "Size, MB",
                84,
                lambda row: "–" if row.model_bytes is None else f"{row.model_bytes / 1e6:.1f}",
                lambda row: row.model_bytes or 0,
                number=True,
                gives_way=2,
                tip="Of the model file",
            ),
            Column(
                "Time", 84, lambda row: duration(row.seconds), lambda row: row.seconds or 0.0, number=True, gives_way=1
            ),
        )

    # --- how it is made

    def _lay_out(self, settings: Settings) -> None:
        splitter = RememberedSplitter(settings, "comparison")
        splitter.begin((self._curves_side(), self._words_side()), (500, 500), (1, 1))
        self._content = QWidget()
        inner = QVBoxLayout(self._content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(2 * theme.GRID)
        inner.addWidget(self.runs)
        inner.addWidget(splitter, 1)
        splitter.setMinimumHeight(theme.wide(LEAST_HIGH))
        self._scroll = scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what lies in it is reached by itself
        self._content.setObjectName("scrolled")
        scroll.setWidget(self._content)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.join)
        column.addLayout(head)
        column.addWidget(self.outcome)
        column.addWidget(self.banner)
        column.addWidget(scroll, 1)

    def _curves_side(self) -> QWidget:
        side = QWidget()
        head = QHBoxLayout(spacing=2 * theme.GRID)
        head.addWidget(muted_label("Validation by epoch"))
        head.addStretch(1)
        head.addWidget(self.training)
        head.addWidget(self.measure)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addLayout(head)
        column.addWidget(self.plot, 1)
        return side

    def _words_side(self) -> QWidget:
        self.verdicts.setWordWrap(True)
        self.verdicts.setTextFormat(Qt.TextFormat.PlainText)
        self.verdicts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.verdicts.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.verdicts.setContentsMargins(0, theme.GRID, theme.GRID, 0)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self.verdicts)
        place = QVBoxLayout(self._settings_place)
        place.setContentsMargins(0, theme.GRID, 0, 0)
        self.tabs.addTab(scroll, "Better, or lucky?")
        self.tabs.addTab(self._settings_place, "Settings that differ")
        return self.tabs


def _share(title: str, name: str, tip: str) -> Column:
    return Column(
        title, 92, lambda row: percent(getattr(row, name)), lambda row: getattr(row, name) or 0.0, number=True, tip=tip
    )


def _number(title: str, width: int, value: Callable[[RunCompared], int | None], gives_way: int) -> Column:
    def text(row: RunCompared) -> str:
        number = value(row)
        return "–" if number is None else count(number)

    return Column(title, width, text, lambda row: value(row) or 0, number=True, gives_way=gives_way)


def _value_column(place: int, name: str, called: str) -> Column:
    def text(row: SettingDiffers) -> str:
        value = row.values[place][1]
        if row.setting == "model":
            return title_of(value)
        if row.setting == "strategy":
            return strategies.title_of(value)
        return str(WORDS.get(value, value)) or AUTOMATIC

    return Column(called, 148, text, tip=name)
