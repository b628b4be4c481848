"""tabulate: a table made anew from a ledger, by other thresholds, in another format, with what a person said. No torch,
no network, no photos."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path

from engine.control import Control
from engine.errors import ThawError
from engine.events import Event, TableWritten
from engine.prediction.hierarchy import read_hierarchy
from engine.prediction.ledger.deciding import decide_anew
from engine.prediction.ledger.opening import read_ledger
from engine.prediction.rules import UNKNOWN, rules_for
from engine.prediction.tables.cells import Layout
from engine.prediction.tables.growing import check_place
from engine.prediction.tables.whole import check_format, write_table


def tabulate(
    ledger: Path,
    out: Path,
    *,
    top: int = 5,
    threshold: float = 0.0,
    by_class: Mapping[str, float] | None = None,
    groups: Path | None = None,
    series_seconds: float = 0.0,
    byte_order_mark: bool = False,
    replace: bool = False,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Decide anew on every photo of a `ledger` and write the table `out`; what is asked is as for `predict`. The ledger
    keeps the new labels. TableWritten is last. Raises ThawError as `predict` does; while a batch adds to the ledger, it
    cannot be decided on anew."""
    del control  # it takes a second or two for 100,000 photos
    if top < 1:
        raise ThawError(f"The number of best classes must be 1 or more, not {top}.")
    check_place(out, replace)
    check_format(out)
    hierarchy = read_hierarchy(groups) if groups else None
    opened = read_ledger(ledger, to_decide=True)
    try:
        about = opened.about
        rules = rules_for(
            about.classes, about.thresholds, threshold=threshold, by_class=by_class, hierarchy=hierarchy,
            series_seconds=series_seconds,
        )  # fmt: skip
        decide_anew(opened, rules)
        layout = Layout(min(top, len(about.classes)), about.model, about.model_sha256)
        write_table(out, layout, opened.predictions(layout.top), byte_order_mark=byte_order_mark)
        with opened.statements() as run:
            photos, unknown, failed = run(
                "SELECT count(*), coalesce(sum(label = ?), 0), coalesce(sum(error <> ''), 0) FROM photo", (UNKNOWN,)
            ).fetchone()
    finally:
        opened.close()
    yield TableWritten(out, photos, unknown, failed)
