"""A summary as one page of HTML, to be read in any browser, printed, or sent: no scripts, nothing from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from engine.events import AccuracyVerified, FolderCounted, LabelCounted, SummaryFinished
from engine.photos import printable
from engine.prediction.ledger.ledger import About

STYLE = """
:root { color-scheme: light dark; --accent: #2b6cb0; --line: #8886; }
@media (prefers-color-scheme: dark) { :root { --accent: #6cb2eb; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 0 0 2rem; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th.n, td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.bar { width: 35%; }
td.bar div { background: var(--accent); height: .8rem; border-radius: .2rem; margin-top: .35rem; }
td.name { overflow-wrap: anywhere; } .muted { opacity: .7; }
.hours { display: flex; align-items: flex-end; gap: 2px; height: 8rem; margin: 0 0 2rem; }
.hours div { flex: 1; text-align: center; font-size: .7rem; }
.hours span { display: block; background: var(--accent); border-radius: .2rem .2rem 0 0; }
"""


def page(
    about: About,
    labels: Sequence[LabelCounted],
    folders: Sequence[FolderCounted],
    accuracy: Sequence[AccuracyVerified],
    told: SummaryFinished,
) -> str:
    """The page; every name in it is escaped."""
    photos = "1 photo" if told.photos == 1 else f"{told.photos:,} photos"
    numbers = [photos, f"{told.unknown:,} unknown", f"{told.failed:,} could not be read"]
    if told.verified:
        numbers.append(f"{told.verified:,} looked at by a person, whose word counts before the model's")
    taken = f"Taken from {_day(told.first_taken)} to {_day(told.last_taken)}. " if told.first_taken else ""
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
            f"<title>{_text(about.model)}: summary</title><style>{STYLE}</style></head><body>",
            f"<h1>{_text(about.model)}</h1>",
            f"<p>{' · '.join(numbers)}</p>",
            f'<p class="muted">{taken}The model\'s SHA-256 begins with {_text(about.model_sha256[:12])}.</p>',
            *(f"<p>{_right(one)}</p>" for one in accuracy if one.labelled),
            "<h2>Labels</h2>",
            _label_table(labels),
            *(["<h2>By the hour of the day</h2>", _hours(told.hours)] if any(told.hours) else []),
            "<h2>Folders</h2>",
            _folder_table(folders),
            "</body></html>",
            "",
        ]
    )


def _right(one: AccuracyVerified) -> str:
    return (
        f"Where a person looked, the model was right on {one.right:,} of {one.labelled:,} photos that it labelled: "
        f"{one.accuracy:.1%} (95 % interval {one.low:.1%} to {one.high:.1%}). This holds for all photos only if those "
        "were chosen by chance."
    )


def _label_table(labels: Sequence[LabelCounted]) -> str:
    most = max((row.photos for row in labels), default=1)
    return _table(
        ("Label", "#Photos", "#Of those read", "", "#Mean confidence"),
        (
            (
                row.label, f"{row.photos:,}", f"{row.share:.1%}", row.photos / most,
                "" if row.mean_confidence is None else f"{row.mean_confidence:.1%}",
            )
            for row in labels
        ),
    )  # fmt: skip


def _folder_table(folders: Sequence[FolderCounted]) -> str:
    return _table(
        ("Folder", "#Photos", "#Unknown", "#Not read", "Labels"),
        (
            (
                printable(str(row.folder)), f"{row.photos:,}", f"{row.unknown:,}", f"{row.failed:,}",
                ", ".join(f"{label} {photos:,}" for label, photos in row.labels),
            )
            for row in folders
        ),
    )  # fmt: skip


def _table(titles: Sequence[str], rows: Iterable[Sequence[str | float]]) -> str:
    """A title that begins with # is of a column of numbers; a share is drawn as a bar."""
    head = "".join(f'<th class="n">{title[1:]}</th>' if title[:1] == "#" else f"<th>{title}</th>" for title in titles)
    lines = [f"<tr>{''.join(map(_cell, titles, row))}</tr>" for row in rows]
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _cell(title: str, value: str | float) -> str:
    if isinstance(value, float):
        return f'<td class="bar"><div style="width: {value:.1%}"></div></td>'
    return f'<td class="{"n" if title[:1] == "#" else "name"}">{_text(value)}</td>'


def _hours(hours: Sequence[int]) -> str:
    most, known = max(hours), sum(hours)
    bars = (
        f'<div>{f"{photos:,}" if photos else ""}<span style="height: {photos / most * 6:.2f}rem"></span>{hour}</div>'
        for hour, photos in enumerate(hours)
    )
    says = "1 photo says when it was" if known == 1 else f"{known:,} photos say when they were"
    return f'<p class="muted">{says} taken.</p><div class="hours">{"".join(bars)}</div>'


def _day(taken: str) -> str:
    return taken[:16].replace("T", " ")


def _text(text: str) -> str:
    return html.escape(text)
