"""The unfreeze timeline: from which epoch each block trains, changed by dragging or with the keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent, QUndoCommand, QUndoStack
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.labels import ElidedLabel
from desktop_app.widgets.layers.undo import Change, undo_buttons
from desktop_app.widgets.layers.unfreeze_moves import Axis, Timeline, in_words, move, position, tidy
from desktop_app.widgets.layers.unfreeze_rows import NEVER, BlockRow, EpochAxis

HINT = "Drag a border, or use the arrow keys, to set from which epoch a block trains; with Shift, those above follow."
WIDEST_TITLES = 0.3
"""Share of the width that the names of the blocks may take."""
NARROWEST_TITLES = 64
ROWS_AT_LEAST, ROWS_AT_FIRST = 3, 8


class UnfreezeTimeline(QWidget):
    """Rows are blocks in the order of the layer tree, from the input down to the head, so that both are read alike;
    unfreezing then climbs from the lower edge. Columns are epochs.

    `changed` carries a valid timeline: for each block the epoch from which it trains, 0 for never, and at least one
    block from the first epoch. Undo is that of `undo_stack`, which may be the layer tree's, or of a stack of its own.
    """

    changed = Signal(object)  # tuple[int, ...]

    def __init__(self, undo_stack: QUndoStack | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._has_own_stack = undo_stack is None
        self.undo_stack = QUndoStack(self) if undo_stack is None else undo_stack
        self._titles: tuple[str, ...] = ()
        self._timeline: Timeline = ()
        self._preview: Timeline | None = None
        self._epochs = 1
        self._rates: dict[int, float] = {}
        self._own: Timeline | None = None
        self._current = 0
        self.rows: list[BlockRow] = []
        self.axis = EpochAxis(self._scale)
        self.summary = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self.summary.setProperty("role", "muted")
        self.reset = QPushButton("Strategy’s own plan")
        self.reset.setToolTip("Take back all changes, undo brings them again")
        self._scroll = QScrollArea()
        self._list = QVBoxLayout()
        self._card = QFrame()
        self._lay_out()
        self.reset.clicked.connect(self._on_reset_clicked)
        theme.notifier().changed.connect(self._repaint)

    # --- what is shown

    def set_plan(
        self,
        block_titles: Sequence[str],
        timeline: Sequence[int],
        epochs: int,
        rates: Mapping[int, float] | None = None,
        own: Sequence[int] | None = None,
    ) -> None:
        """Show a timeline of `epochs` epochs, without saying it.

        `rates` gives the learning-rate scale of a phase by the phase's first epoch. `own` is the strategy's own
        timeline: where it is the same, there is nothing to take back.
        """
        titles = tuple(block_titles)
        if (titles, epochs) != (self._titles, self._epochs) and self._has_own_stack:
            self.undo_stack.clear()
        self._epochs, self._rates = max(1, epochs), dict(rates or {})
        self._own = None if own is None else tidy(own, self._epochs)
        self._preview = None
        self._timeline = tidy(timeline, self._epochs)
        if titles != self._titles:
            self._titles = titles
            self._make_rows()
        self._show()

    def timeline(self) -> Timeline:
        return self._timeline

    def epochs(self) -> int:
        return self._epochs

    def _show(self) -> None:
        shown = self._timeline if self._preview is None else self._preview
        for row, start in zip(self.rows, shown, strict=True):
            row.set_start(start, shown)
        self.axis.set_plan(shown, self._rates)
        self.reset.setEnabled(self._own != self._timeline)
        self._explain()

    def _explain(self) -> None:
        focused = next((number for number, row in enumerate(self.rows) if row.hasFocus() or row.is_dragged()), None)
        shown = self._timeline if self._preview is None else self._preview
        words = HINT if focused is None else in_words(self._titles[focused], shown[focused], self._epochs)
        self.summary.set_whole(words)

    def _repaint(self) -> None:
        self.axis.update()
        for row in self.rows:
            row.update()

    def _scale(self) -> Axis:
        """Where the epochs lie: between the names of the blocks and the column for never."""
        width = self._scroll.viewport().width()
        metrics = self.fontMetrics()
        widest = max(map(metrics.horizontalAdvance, self._titles), default=0) + 3 * theme.GRID
        left = max(min(widest, width * WIDEST_TITLES), theme.wide(NARROWEST_TITLES))
        return Axis(left, width - metrics.horizontalAdvance(NEVER) - 4 * theme.GRID, self._epochs)

    # --- what the person does

    def _place(self, block: int, place: int, with_above: bool) -> Timeline:
        return move(self._timeline, block, place, self._epochs, with_above)

    def _on_dragged(self, block: int, place: int, with_above: bool) -> None:
        self._preview = self._place(block, place, with_above)
        self._show()

    def _on_dropped(self, block: int, counts: bool) -> None:
        after, self._preview = self._preview, None
        if counts and after is not None:
            self._push(after, block, merges=False)
        self._show()

    def _on_stepped(self, block: int, by: int, with_above: bool) -> None:
        place = position(self._timeline[block], self._epochs) + by
        self._push(self._place(block, place, with_above), block, merges=True)

    def _on_sent(self, block: int, place: int) -> None:
        self._push(self._place(block, place, False), block, merges=False)

    def _on_reset_clicked(self) -> None:
        if self._own is not None:
            self._push(self._own, 0, merges=False)

    def _on_left(self, block: int, by: int) -> None:
        self.rows[min(max(block + by, 0), len(self.rows) - 1)].setFocus(Qt.FocusReason.TabFocusReason)

    def _on_entered(self, block: int) -> None:
        """Tab comes back to the row that was left."""
        self.rows[self._current].setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._current = block
        self.rows[block].setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._scroll.ensureWidgetVisible(self.rows[block], 0, 0)
        self._explain()

    def _push(self, after: Timeline, block: int, merges: bool) -> None:
        if after != self._timeline:
            self.undo_stack.push(_Move(self, self._timeline, after, block if merges else -1))

    def _apply(self, timeline: Timeline) -> None:
        self._timeline, self._preview = timeline, None
        self._show()
        self.changed.emit(timeline)

    def _shape(self) -> tuple[tuple[str, ...], int]:
        return self._titles, self._epochs

    # --- how it is made

    def sizeHint(self) -> QSize:
        return QSize(480, self._height(min(max(len(self.rows), ROWS_AT_LEAST), ROWS_AT_FIRST)))

    def minimumSizeHint(self) -> QSize:
        return QSize(240, self._height(ROWS_AT_LEAST))

    def _height(self, rows: int) -> int:
        return self.reset.sizeHint().height() + theme.GRID + self._card_height(rows)

    def _card_height(self, rows: int) -> int:
        return self.axis.sizeHint().height() + rows * theme.row() + theme.GRID

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._repaint()

    def _make_rows(self) -> None:
        for row in self.rows:
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = [BlockRow(title, self._scale) for title in self._titles]
        for number, row in enumerate(self.rows):
            self._list.insertWidget(number, row)
            row.dragged.connect(lambda place, above, number=number: self._on_dragged(number, place, above))
            row.dropped.connect(lambda counts, number=number: self._on_dropped(number, counts))
            row.stepped.connect(lambda by, above, number=number: self._on_stepped(number, by, above))
            row.sent.connect(lambda place, number=number: self._on_sent(number, place))
            row.left.connect(lambda by, number=number: self._on_left(number, by))
            row.entered.connect(lambda number=number: self._on_entered(number))
        self._current = len(self.rows) - 1
        if self.rows:
            self.rows[-1].setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._card.setMaximumHeight(self._card_height(len(self.rows)))
        self.updateGeometry()

    def _lay_out(self) -> None:
        head = QHBoxLayout(spacing=theme.GRID)
        head.addWidget(self.summary, 1)
        for button in undo_buttons(self.undo_stack, self):
            head.addWidget(button)
        self.reset.setProperty("kind", "quiet")
        theme.set_icon(self.reset, "rotate-ccw")
        head.addWidget(self.reset)
        body = QWidget(objectName="scrolled")
        self._list = QVBoxLayout(body)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._list.addStretch(1)
        self._scroll.setWidget(body)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its rows are reached by themselves
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.verticalScrollBar().rangeChanged.connect(self._repaint)
        self._card.setProperty("role", "card")
        inner = QVBoxLayout(self._card)
        inner.setContentsMargins(1, 1, 1, theme.GRID // 2)
        inner.setSpacing(0)
        inner.addWidget(self.axis)
        inner.addWidget(self._scroll, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addLayout(head)
        column.addWidget(self._card, 1)
        column.addStretch(0)
        self.setAccessibleName("Unfreezing")


class _Move(Change):
    """One change of the timeline. Steps with the keys on the same row are undone together. Where the plan has other
    blocks or epochs by now there is nothing to bring back."""

    def __init__(self, owner: UnfreezeTimeline, before: Timeline, after: Timeline, stepped: int) -> None:
        redo, undo = (lambda: self._go(self.after)), (lambda: self._go(self._before))
        super().__init__(owner.undo_stack, "unfreezing", redo, undo)
        self._owner, self._before, self.after, self.stepped = owner, before, after, stepped
        self._shape = owner._shape()

    def _go(self, timeline: Timeline) -> None:
        if self._owner._shape() == self._shape:
            self._owner._apply(timeline)
        else:
            self.setObsolete(True)

    def id(self) -> int:
        return 1 if self.stepped >= 0 else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Move) or other.stepped != self.stepped:
            return False
        self.after = other.after
        self.setObsolete(self.after == self._before)
        return True
