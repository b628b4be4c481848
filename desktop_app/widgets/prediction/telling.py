"""What is told of a batch: a line while it runs and once it has ended, and in the banner what is not as expected."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.prediction.batch import AWAY, BACK, Batch, called, course, words
from desktop_app.widgets.prediction.watching import CLASSIFYING, waiting
from engine.events import Notice, PredictionFinished, PredictionProgress, Watching


class Telling(QObject):
    """`told` carries the line as it changes."""

    told = Signal(str)

    def __init__(self, banner: BannerPlace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._banner = banner
        self._name = self._away = ""
        self._watches = False
        self.line = ""
        """The batch in sight; "" without one."""

    def follow(self, batch: Batch) -> None:
        """Tell of this batch from now on, until `end`."""
        self._name = self.line = called(batch.asked.paths)
        self._watches = batch.asked.watch
        batch.grew.connect(self._on_grew)
        batch.waiting.connect(self._on_waiting)
        batch.noticed.connect(self._on_noticed)

    def end(self, finished: PredictionFinished | None) -> None:
        """It runs no more, whether it came to its end or not."""
        self.line = f"{self._name} · {words(finished)}" if finished else self._name
        away, self._away = self._away, ""
        if away and self._banner.text() == away:
            self._banner.say("")

    def clear(self) -> None:
        """Take away what was said, unless it still holds."""
        self._banner.say(self._away, "warning")

    def _on_grew(self, progress: PredictionProgress) -> None:
        if self._watches:
            self._say_of_watch(CLASSIFYING)
        else:
            self.told.emit(f"{self.line} · {course(progress)}")

    def _on_waiting(self, watching: Watching) -> None:
        self._say_of_watch(waiting(watching.coming))

    def _say_of_watch(self, text: str) -> None:
        self.line = f"{self._name} · watched, {text}"
        self.told.emit(self.line)

    def _on_noticed(self, notice: Notice) -> None:
        """That a drive is away stands until it is back, whatever else there is to tell."""
        if notice.kind == AWAY:
            self._away = notice.text
            self._banner.say(notice.text, "warning")
        elif notice.kind == BACK:
            self._away = ""
            self._banner.say("")
        elif not self._away:
            self._banner.say(notice.text)
