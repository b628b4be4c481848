"""What a run says about itself while it goes: epoch, time left, speed, best so far, patience, and what it does now."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.facts_row import FactsRow
from desktop_app.widgets.figures import THIN, duration, megabytes, percent, quantity
from desktop_app.widgets.labels import ElidedLabel
from desktop_app.widgets.progress import show_share
from engine import events

FACTS = ("Epoch", "Time left", "Photos", "Best val", "Patience left")
STEPS_OF_BAR = 10_000
ASKED = {"pause": "Paused", "stop": "Stopping…", "finish": "Finishing with the best…"}
WAITING = (
    "So much of the last epoch's time the network waited for photos. Once they are kept decoded it should be little; "
    "if it stays, copy them to a faster disk."
)


class RunFacts(QWidget):
    """Fed with the run's events by `tell`; knows nothing of who sends them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts = FactsRow(FACTS)
        self.values = self.facts.values
        self.bar = QProgressBar(textVisible=False)
        self.bar.setAccessibleName("Progress of the run")
        self.stage = ElidedLabel()
        self.stage.setProperty("role", "muted")
        self._epochs, self._waiting, self._asked = 0, "", ""
        self._lay_out()
        self.clear()

    def clear(self) -> None:
        for label in self.values.values():
            label.setText("–")
        self._waiting = self._asked = ""
        self.values["Photos"].setToolTip("")
        self._busy("Starting…")

    def tell(self, event: object) -> None:
        match event:
            case events.StageStarted():
                self._asked = ""
                self._busy(event.title.rstrip(".…") + "…")
            case events.Transferred():
                self._show_transfer(event)
            case events.FeaturesComputed():
                self._show_features(event)
            case events.RunStarted():
                self._epochs = event.epochs
                self._busy(self._asked or "First step…")
            case events.PhaseStarted():
                of_phases = f" (phase {event.phase} of {event.phases})" if event.phases > 1 else ""
                self.stage.set_whole(f"{event.title}{of_phases}")
            case events.StepFinished():
                self._show_step(event)
            case events.EpochFinished():
                self._show_epoch(event)
            case events.RunFinished():
                self.finish("Stopped" if event.stopped else "Done")

    def finish(self, text: str) -> None:
        """The run is over: no bar, no time left."""
        self.bar.hide()
        self.values["Time left"].setText("–")
        self.stage.set_whole(text)

    def steer(self, word: str) -> None:
        """The run was told to stop, finish, pause or resume. That stays in sight while the step that it was in ends."""
        self._asked = ASKED.get(word, "")
        self.stage.set_whole(self._asked or "Going on…")

    def _busy(self, text: str) -> None:
        self.bar.show()
        self.bar.setRange(0, 0)
        self.stage.set_whole(text)
        self.values["Time left"].setText("–")

    def _show_work(self, text: str) -> None:
        self.stage.set_whole(self._asked or text)

    def _show_transfer(self, event: events.Transferred) -> None:
        self.bar.show()
        show_share(self.bar, event.received_bytes / event.total_bytes if event.total_bytes else None)
        self.stage.set_whole(f"Fetching {event.name}, {megabytes(event.received_bytes, event.total_bytes)}")

    def _show_features(self, event: events.FeaturesComputed) -> None:
        self.bar.setRange(0, STEPS_OF_BAR)
        self.bar.setValue(int(STEPS_OF_BAR * event.done / max(1, event.total)))
        self.values["Photos"].setText(f"{event.images_per_second:.1f}{THIN}/s")
        self._show_work(f"Frozen layers, {duration(event.seconds_left)} left")

    def _show_step(self, event: events.StepFinished) -> None:
        epochs = max(self._epochs, event.epoch)
        share = (event.epoch - 1 + event.step / max(1, event.steps)) / epochs
        self.bar.show()
        self.bar.setRange(0, STEPS_OF_BAR)
        self.bar.setValue(int(STEPS_OF_BAR * share))
        self.values["Epoch"].setText(f"{event.epoch} of {epochs}")
        self.values["Photos"].setText(f"{event.images_per_second:.1f}{THIN}/s{self._waiting}")
        if event.seconds_left is not None:
            self.values["Time left"].setText(duration(event.seconds_left))
        validates = event.step == event.steps
        self._show_work("Validating…" if validates else f"Step {event.step} of {event.steps}")

    def _show_epoch(self, event: events.EpochFinished) -> None:
        self.values["Epoch"].setText(f"{event.epoch} of {event.epochs}")
        self.values["Best val"].setText(f"{percent(event.best_val_accuracy)}, epoch {event.best_epoch}")
        self._waiting = f", {percent(event.waiting_share)} waiting" if event.waited_long else ""
        self.values["Photos"].setText(f"{event.images_per_second:.1f}{THIN}/s{self._waiting}")
        self.values["Photos"].setToolTip(WAITING if event.waited_long else "")
        left = "off" if event.patience_left is None else quantity(event.patience_left, "epoch")
        self.values["Patience left"].setText(left)
        if event.seconds_left is not None:
            self.values["Time left"].setText(duration(event.seconds_left))

    def _lay_out(self) -> None:
        line = QHBoxLayout(spacing=2 * theme.GRID)
        line.addWidget(self.bar, 2)
        line.addWidget(self.stage, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self.facts)
        column.addLayout(line)
