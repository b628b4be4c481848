"""What a disk can do to a run: be full, be damaged, be gone; and a GPU that stops answering."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import torch

from engine import runs
from engine.config import TrainConfig
from engine.control import Control
from engine.disk_room import in_words
from engine.errors import DeviceLostError, DiskFullError, RunError
from engine.events import EpochFinished, Event, Notice
from engine.training import device
from engine.training import run as run_module
from engine.training.keeping import checkpoint, failures, room
from engine.training.run import train
from tests.engine.training.short_run import cut_at, last_of, numbers_of, resumed, same, short, step

pytestmark = pytest.mark.usefixtures("no_export")


@pytest.fixture
def asked(photos_with_bad_ones: Path) -> TrainConfig:
    return short(photos_with_bad_ones)


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events if isinstance(event, Notice) and event.kind.startswith(("disk", "check"))]


def finished(number: int, event: Event) -> bool:
    return isinstance(event, EpochFinished) and event.epoch == number


# --- a full disk


def test_a_full_disk_harms_nothing_and_the_run_is_kept_when_there_is_room(
    asked: TrainConfig, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Full while the second epoch ends, which may be the best."""
    free = 10**12
    monkeypatch.setattr(room, "free_bytes", lambda _: free)
    seen: list[Event] = []
    for event in train(asked, tmp_path / "run"):
        seen.append(event)
        if finished(1, event):
            kept, free = (tmp_path / "run" / runs.LAST).read_bytes(), 10**5
        if finished(2, event):
            assert (tmp_path / "run" / runs.LAST).read_bytes() == kept
            assert not list((tmp_path / "run").glob("*.part"))
            free = 10**12
    assert kinds(seen) == ["disk_full", "disk_freed"]
    assert same(tmp_path / "run", whole) and numbers_of(tmp_path / "run") == numbers_of(whole)


def test_a_disk_that_is_full_before_it_seemed_so_loses_nothing_whole(
    asked: TrainConfig, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system refuses in the middle of a write, and torch says so in words of its own."""
    real = torch.save

    def half(_value: Any, file: io.BufferedWriter) -> None:
        try:
            file.write(b"half of it")
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            raise RuntimeError("unexpected pos 768 vs 662")  # noqa: B904 - as torch does

    seen: list[Event] = []
    for event in train(asked, tmp_path / "run"):
        seen.append(event)
        if finished(1, event):
            monkeypatch.setattr(torch, "save", half)
        if finished(2, event):
            assert last_of(tmp_path / "run")["progress"]["epoch"] == 1
            assert not list((tmp_path / "run").glob("*.part"))
            monkeypatch.setattr(torch, "save", real)
    assert kinds(seen) == ["disk_full", "disk_freed"]
    assert same(tmp_path / "run", whole) and numbers_of(tmp_path / "run") == numbers_of(whole)


def test_a_run_whose_last_epochs_could_not_be_kept_says_so_and_can_be_resumed(
    asked: TrainConfig, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 10**12
    monkeypatch.setattr(room, "free_bytes", lambda _: free)
    with pytest.raises(DiskFullError, match=r"from epoch 2 on could not be kept\. Free \d+ MB"):
        for event in train(asked, tmp_path / "run"):
            if finished(1, event):
                free = 10**5
    why = runs.why_ended(tmp_path / "run")
    assert why and why.kind == "disk_full" and "from epoch 2 on" in why.text
    free = 10**12
    assert resumed(asked, tmp_path / "run")[0].epoch == 2
    assert same(tmp_path / "run", whole) and numbers_of(tmp_path / "run") == numbers_of(whole)
    assert not (tmp_path / "run" / "ended.json").exists()


def test_the_checkpoint_before_the_last_is_given_up_for_the_next(
    asked: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = train(asked, tmp_path / "run")
    next(event for event in events if finished(2, event))
    previous = (tmp_path / "run" / runs.PREVIOUS).stat().st_size
    needed = 2 * room.bytes_of(last_of(tmp_path / "run")) + room.SPARE_BYTES
    monkeypatch.setattr(room, "free_bytes", lambda _: needed - previous)
    assert kinds(list(events)) == []
    assert last_of(tmp_path / "run")["progress"]["epoch"] == 3


def test_too_little_room_is_told_before_the_first_epoch(
    asked: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "free_bytes", lambda _: 10**5)
    events = train(asked, tmp_path / "run")
    notice = next(event for event in events if isinstance(event, Notice) and event.kind == "disk_short")
    assert "MB on the disk of" in notice.text and str(tmp_path / "run") in notice.text
    events.close()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount a disk of its own")
def test_a_disk_that_is_really_full(asked: TrainConfig, whole: Path, tiny_disk: Path) -> None:
    seen: list[Event] = []
    filler = tiny_disk / "filler"
    for event in train(asked, tiny_disk / "run"):
        seen.append(event)
        if finished(1, event):
            filler.write_bytes(bytes(shutil.disk_usage(tiny_disk).free - 4096))
        if finished(2, event):
            filler.unlink()
    assert kinds(seen) == ["disk_full", "disk_freed"]
    assert same(tiny_disk / "run", whole) and numbers_of(tiny_disk / "run") == numbers_of(whole)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_history_that_was_cut_off_by_a_full_disk_is_made_whole(tmp_path: Path) -> None:
    rows = [EpochFinished(n, 5, 1, 0.5, 0.75, 0.4, 0.8, 1e-3, 2.0, 55.5, n, 0.8, None, 3.25) for n in (1, 2, 3)]
    runs.append_history(tmp_path, rows[0])
    with (tmp_path / runs.HISTORY).open("a") as file:
        file.write("2,5,1,0.4")
    for row in rows[1:]:
        runs.append_history(tmp_path, row)
    assert list(runs.read_history(tmp_path)) == rows


# --- a damaged disk


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(asked: TrainConfig, whole: Path, tmp_path: Path) -> None:
    """One byte of a tensor, which torch would not notice."""
    run_dir = tmp_path / "run"
    cut_at(asked, run_dir, step(3, 2), stop=True)
    flip_a_byte(run_dir / runs.LAST)
    assert kinds(list(train(asked, run_dir, resume=True))) == ["checkpoint_damaged"]
    assert same(run_dir, whole) and numbers_of(run_dir) == numbers_of(whole)


def test_the_one_before_is_not_replaced_by_a_damaged_one(asked: TrainConfig, whole: Path, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    cut_at(asked, run_dir, step(2, 2), stop=True)
    flip_a_byte(run_dir / runs.LAST)
    cut_at(asked, run_dir, step(2, 3), resume=True)
    assert not (run_dir / runs.LAST).exists() and (run_dir / runs.PREVIOUS).exists()
    resumed(asked, run_dir)
    assert same(run_dir, whole)


def test_a_crash_between_the_two_moves_of_a_checkpoint_loses_nothing(
    asked: TrainConfig, whole: Path, tmp_path: Path
) -> None:
    run_dir = tmp_path / "run"
    cut_at(asked, run_dir, step(2, 2), stop=True)
    (run_dir / runs.LAST).replace(run_dir / runs.PREVIOUS)
    (run_dir / "last.pt.part").write_bytes(b"was being written")
    assert resumed(asked, run_dir)[0].step == 3
    assert same(run_dir, whole) and not (run_dir / "last.pt.part").exists()


def test_both_checkpoints_damaged_is_a_sentence(asked: TrainConfig, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    cut_at(asked, run_dir, step(2, 2), stop=True)
    for name in (runs.LAST, runs.PREVIOUS):
        flip_a_byte(run_dir / name)
    with pytest.raises(RunError, match="damaged"):
        list(train(asked, run_dir, resume=True))


def test_best_weights_that_are_lost_are_chosen_anew(asked: TrainConfig, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    cut_at(asked, run_dir, step(2, 2), stop=True)
    (run_dir / runs.BEST).unlink()
    resumed(asked, run_dir)
    assert checkpoint.best_epoch(run_dir) == last_of(run_dir)["progress"]["best_epoch"] >= 2


# --- gone


def test_photos_that_go_away_in_an_epoch_are_waited_for(
    asked: TrainConfig, whole: Path, tmp_path: Path, photos_with_bad_ones: Path
) -> None:
    drive = tmp_path / "drive"
    shutil.copytree(photos_with_bad_ones, drive / "photos")
    seen: list[Event] = []
    for event in train(asked.with_changes(data=drive / "photos"), tmp_path / "run"):
        seen.append(event)
        if step(2, 1)(event):
            drive.rename(tmp_path / "pulled")
        if isinstance(event, Notice) and event.kind == "photos_away":
            (tmp_path / "pulled").rename(drive)
    left_out = [event for event in seen if isinstance(event, Notice) and event.kind == "photo_left_out"]
    assert len(left_out) == 2, "the two that cannot be read"
    assert "photos_back" in [event.kind for event in seen if isinstance(event, Notice)]
    assert numbers_of(tmp_path / "run") == numbers_of(whole)


def test_a_stop_while_the_photos_are_away_keeps_the_epoch(
    asked: TrainConfig, whole: Path, tmp_path: Path, photos_with_bad_ones: Path
) -> None:
    drive = tmp_path / "drive"
    shutil.copytree(photos_with_bad_ones, drive / "photos")
    asked = asked.with_changes(data=drive / "photos")
    control = Control()
    for event in train(asked, tmp_path / "run", control=control):
        if step(2, 1)(event):
            drive.rename(tmp_path / "pulled")
        if isinstance(event, Notice) and event.kind == "photos_away":
            control.stop()
    (tmp_path / "pulled").rename(drive)
    first = resumed(asked, tmp_path / "run")[0]
    assert first.epoch == 2 and first.step > 1
    assert numbers_of(tmp_path / "run") == numbers_of(whole)


@pytest.mark.skipif(os.name != "posix", reason="Windows does not let a folder go that is in use")
def test_a_run_whose_own_drive_is_gone_is_a_sentence(asked: TrainConfig, whole: Path, tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    with pytest.raises(RunError, match=r"cannot be written any more.*resume the run"):
        for event in train(asked, drive / "run"):
            if step(2, 1)(event):
                drive.rename(tmp_path / "pulled")
    (tmp_path / "pulled").rename(drive)
    resumed(asked, drive / "run")
    assert same(drive / "run", whole)


def test_a_gpu_that_stops_answering_is_a_sentence(
    asked: TrainConfig, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = run_module.answer, []

    def lost(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise torch.AcceleratorError("CUDA error: unspecified launch failure")
        return real(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "answer", lost)
        with pytest.raises(DeviceLostError, match="--device cpu"):
            list(train(asked, tmp_path / "run"))
    why = runs.why_ended(tmp_path / "run")
    assert why and why.kind == "device_lost"
    resumed(asked, tmp_path / "run")
    assert same(tmp_path / "run", whole)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RuntimeError("CUDA error: device-side assert triggered"), "device_lost"),
        (RuntimeError("CUDA driver error: unknown error"), "device_lost"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB"), ""),
        (MemoryError(), ""),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), None),
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (OSError(errno.EIO, "Input/output error"), ""),
        (FileNotFoundError(errno.ENOENT, "No such file", "/elsewhere/photo.jpg"), None),
        (KeyError("x"), None),
    ],
)
def test_what_is_known_of_an_error(error: Exception, kind: str | None, tmp_path: Path) -> None:
    known = failures.in_a_sentence(error, tmp_path)
    assert (known.kind if known else None) == kind


def test_a_run_moves_to_another_device_where_that_is_asked(
    asked: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_at(asked, tmp_path / "run", step(2, 2), stop=True)
    runs.write_config(tmp_path / "run", runs.read_config(tmp_path / "run").with_changes(device="cuda"))
    monkeypatch.setattr(device, "_devices_here", lambda: {"cpu": True, "cuda": False, "mps": False})
    with pytest.raises(DeviceLostError, match="computes on “cuda”, which is not available here"):
        list(train(asked.with_changes(device="auto"), tmp_path / "run", resume=True))
    events = list(train(asked, tmp_path / "run", resume=True))
    assert "device_changed" in [event.kind for event in events if isinstance(event, Notice)]
    assert runs.read_config(tmp_path / "run").device == "cpu"


# --- why a run was left


def test_an_unknown_error_leaves_word_too(asked: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "check_loss", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(train(asked, tmp_path / "run"))
    why = runs.why_ended(tmp_path / "run")
    assert why and why.text == failures.UNKNOWN
    assert "ZeroDivisionError" in (tmp_path / "run" / runs.LOG).read_text()


def test_a_run_that_could_not_say_why_is_judged_by_the_machines_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / runs.LOG
    log.write_text("")
    assert "ended from outside" in str(runs.why_ended(tmp_path))
    monkeypatch.setattr(psutil, "boot_time", lambda: log.stat().st_mtime + 60)
    assert "switched off" in str(runs.why_ended(tmp_path))


def test_a_log_that_cannot_be_written_ends_nothing(asked: TrainConfig, whole: Path, tmp_path: Path) -> None:
    events = train(asked, tmp_path / "run")
    next(events)
    (tmp_path / "run" / runs.LOG).unlink()
    (tmp_path / "run" / runs.LOG).mkdir()
    list(events)
    assert same(tmp_path / "run", whole)


def test_a_checkpoint_of_a_newer_thaw_is_said_to_be_so_and_stays(asked: TrainConfig, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    cut_at(asked, run_dir, step(2, 2), stop=True)
    torch.save(last_of(run_dir) | {"format": checkpoint.FORMAT + 1}, run_dir / runs.LAST)
    before = (run_dir / runs.LAST).read_bytes()
    with pytest.raises(RunError, match="of a newer Thaw"):
        list(train(asked, run_dir, resume=True))
    assert (run_dir / runs.LAST).read_bytes() == before


def test_the_room_for_a_run_goes_by_what_its_optimizer_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two checkpoints, one more copy of the weights, two of the model file; SGD keeps a number of each, AdamW two."""
    network = torch.nn.Linear(10**6, 1, bias=False)
    monkeypatch.setattr(room, "free_bytes", lambda _: 0)
    told = []
    for optimizer in ("sgd", "adamw"):
        run: Any = SimpleNamespace(
            folder=tmp_path,
            config=SimpleNamespace(optimizer=optimizer),
            classifier=SimpleNamespace(network=network, parameters=network.parameters),
        )
        notice = room.short_for_run(run)
        assert notice
        told.append(notice.text.split("about ")[1].split(" on")[0])
    assert told == [in_words(4 * 10**6 * copies + room.SPARE_BYTES) for copies in (7, 9)]
