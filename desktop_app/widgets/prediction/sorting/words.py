"""Sentences on what sorting would do, and on what was done."""

from __future__ import annotations

from desktop_app.widgets.figures import count, quantity
from desktop_app.widgets.prediction.sorting.deeds import Made, Outcome
from desktop_app.widgets.thumbnails import shown
from engine.disk_room import in_words
from engine.events import SidecarsFinished, SortingFinished, SortingPlanned, SortingUndone

NAMES = {"copy": ("copy", "copies"), "hardlink": ("hard link", ""), "symlink": ("symbolic link", "")}
MOST_REASONS = 3


def planned(event: SortingPlanned, kind: str) -> str:
    """What sorting will do, in one line or two."""
    there = f"{quantity(event.kept, 'photo is', 'photos are')} there already." if event.kept else ""
    if not event.files:
        return there or "There is nothing to sort."
    size = f" · {in_words(event.bytes)} of {in_words(event.free_bytes)} free" if event.bytes else ""
    new = quantity(event.files, *NAMES[kind])
    head = f"{new} to make in {quantity(len(event.folders), 'folder')}{size}"
    moved = f"{quantity(event.moved, 'photo changes', 'photos change')} to another folder." if event.moved else ""
    return "\n".join(filter(None, (head, " ".join(filter(None, (there, moved))))))


def to_write(event: SidecarsFinished) -> str:
    """What writing sidecars will do."""
    told = [f"{quantity(event.files, 'new file')} to write" if event.files else "There is nothing to write"]
    told += [f"{quantity(event.kept, 'photo has its file', 'photos have their files')} already"] if event.kept else []
    told += [f"{quantity(event.unlabelled, 'photo has', 'photos have')} no label"] if event.unlabelled else []
    return " · ".join(told)


def left_out(outcome: Outcome, head: str = "left out") -> str:
    """Why files are left, a line for each reason."""
    lines = [f"{count(number)} {head}: {shown(reason)}" for reason, number in outcome.left[:MOST_REASONS]]
    if more := sum(number for _, number in outcome.left[MOST_REASONS:]):
        lines.append(f"{count(more)} {head} for other reasons.")
    return "\n".join(lines)


def there(made: Made) -> str:
    """What was sorted earlier; "" where nothing is left of it."""
    if not made.photos:
        return ""
    where = f"“{shown(made.folders[0])}”" if len(made.folders) == 1 else quantity(len(made.folders), "folder")
    return f"{quantity(made.photos, 'file')} of this batch {'is' if made.photos == 1 else 'are'} in {where}."


def there_beside(made: Made) -> str:
    """The sidecars of earlier; "" where there is none."""
    lie = "lies beside its photo" if made.sidecars == 1 else "lie beside the photos"
    return f"{quantity(made.sidecars, 'label file')} of this batch {lie}." if made.sidecars else ""


def made_things(made: Made) -> str:
    """“13 sorted files and 2 label files”; "" where there is nothing."""
    sorted_ = quantity(made.photos, "sorted file") if made.photos else ""
    return " and ".join(filter(None, (sorted_, quantity(made.sidecars, "label file") if made.sidecars else "")))


def done(outcome: Outcome) -> str:
    """What was done, in a sentence."""
    event = outcome.last
    if isinstance(event, SortingFinished):
        where = f"“{shown(event.into)}”"
        if event.stopped:
            head = f"Sorting was stopped after {quantity(event.files, 'file')} in {where}; sorting again goes on."
            return head + _labels_inside(event)
        kept = f", {quantity(event.kept, 'was', 'were')} there already" if event.kept else ""
        return f"Sorted: {quantity(event.files, 'file')} made in {where}{kept}.{_labels_inside(event)}"
    if isinstance(event, SidecarsFinished):
        number = quantity(event.files, "label file was", "label files were")
        end = "; the writing was stopped, and doing it again goes on" if event.stopped else ""
        return f"{number} written beside the photos{end}."
    assert isinstance(event, SortingUndone)
    folders = f" and {quantity(event.folders, 'empty folder')}" if event.folders else ""
    gone = f" {quantity(event.gone, 'was', 'were')} not there any more." if event.gone else ""
    head = "Stopped: " if event.stopped else ""
    verb = "was" if event.removed == 1 and not event.folders else "were"
    return f"{head}{quantity(event.removed, 'file')}{folders} {verb} taken away.{gone} Your photos are untouched."


def _labels_inside(event: SortingFinished) -> str:
    """How many copies have their label inside, and why others have none; "" where that was not asked for."""
    told = [f"{quantity(event.labelled, 'copy has its label', 'copies have their label')} inside."]
    told += [f"{quantity(copies, 'copy has', 'copies have')} none: {reason}" for reason, copies in event.unlabelled]
    return f" {' '.join(told)}" if event.labelled or event.unlabelled else ""
