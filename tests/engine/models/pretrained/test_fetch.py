"""Fetching weights from a server that does what servers do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.control import Control
from engine.errors import WeightsError
from engine.events import Transferred
from engine.models.pretrained import fetch as weights_fetch
from engine.models.pretrained.fetch import FetchStopped, fetch, part_of, sidecar
from engine.models.spec import WeightsSource
from tests.engine.models.pretrained.weights_server import (
    CONTENT,
    SHA256,
    Server,
    broken_off,
    other_range,
    redirected,
    refused,
    serving,
    without_ranges,
)

HALF = len(CONTENT) // 2


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def hashed(server: Server, digest: str = SHA256[:8]) -> WeightsSource:
    """Weights as torchvision offers them: the hash ends the name."""
    return WeightsSource(f"{server.address}/net-{digest}.pth")


def plain(server: Server) -> WeightsSource:
    """Weights as Hugging Face offers them: the name says nothing of the hash."""
    return WeightsSource(f"{server.address}/timm/net.tag/resolve/main/model.safetensors")


def fetched(source: WeightsSource, folder: Path, control: Control | None = None) -> tuple[list[Transferred], Path]:
    seen, events = [], fetch(source, folder, control)
    while True:
        try:
            seen.append(next(events))
        except StopIteration as end:
            return seen, end.value


def test_a_part_goes_on_where_it_was(server: Server, tmp_path: Path) -> None:
    source = hashed(server)
    part_of(tmp_path / source.file_name).write_bytes(CONTENT[:HALF])
    seen, path = fetched(source, tmp_path)
    assert path.read_bytes() == CONTENT and server.sent == [len(CONTENT) - HALF]
    assert seen[-1] == Transferred(source.file_name, len(CONTENT), len(CONTENT))
    assert all(event.received_bytes > HALF for event in seen), "what was there already counts"


@pytest.mark.parametrize("answer", [without_ranges, other_range])
def test_a_server_that_knows_no_ranges_costs_a_new_start_and_nothing_else(
    server: Server, tmp_path: Path, answer: object
) -> None:
    source = hashed(server)
    part_of(tmp_path / source.file_name).write_bytes(CONTENT[:HALF])
    server.answers = [answer]  # type: ignore[list-item]
    if answer is other_range:  # nothing came of it, so the person is told, and the next try is whole
        with pytest.raises(WeightsError, match="another part"):
            fetched(source, tmp_path)
    assert fetched(source, tmp_path)[1].read_bytes() == CONTENT


def test_a_whole_part_needs_no_more_than_its_hash(server: Server, tmp_path: Path) -> None:
    source = hashed(server)
    part_of(tmp_path / source.file_name).write_bytes(CONTENT)
    assert fetched(source, tmp_path)[1].read_bytes() == CONTENT
    assert server.sent == []


def test_a_part_of_an_older_file_is_fetched_anew(server: Server, tmp_path: Path) -> None:
    source = hashed(server)
    part_of(tmp_path / source.file_name).write_bytes(b"of another version" * 1000)
    assert fetched(source, tmp_path)[1].read_bytes() == CONTENT
    assert [start for _, start in server.asked] == [18_000, 0]


def test_a_connection_that_breaks_is_taken_up_again(server: Server, tmp_path: Path) -> None:
    server.answers = [broken_off(700_000), broken_off(900_000)]
    assert fetched(hashed(server), tmp_path)[1].read_bytes() == CONTENT
    assert [start for _, start in server.asked] == [0, 700_000, 1_600_000]


def test_one_that_brings_nothing_is_given_up_and_what_is_there_stays(server: Server, tmp_path: Path) -> None:
    source = hashed(server)
    server.answers = [broken_off(700_000), *[broken_off(0)] * 9]
    with pytest.raises(WeightsError, match=r"connection ended after 0\.7 of 3\.1 MB"):
        fetched(source, tmp_path)
    assert len(server.asked) == 2
    assert part_of(tmp_path / source.file_name).read_bytes() == CONTENT[:700_000]
    server.answers = []
    assert fetched(source, tmp_path)[1].read_bytes() == CONTENT


def test_a_wrong_hash_keeps_nothing(server: Server, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="arrived damaged"):
        fetched(hashed(server, "0badc0de"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_stop_in_the_middle_and_then_the_rest(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights_fetch, "SECONDS_BETWEEN_EVENTS", 0)
    monkeypatch.setattr(weights_fetch, "CHUNK_BYTES", 100_000)
    control, source = Control(), hashed(server)
    events = fetch(source, tmp_path, control)
    first = next(events)
    control.stop()
    with pytest.raises(FetchStopped, match="kept for the next time"):
        next(events)
    part = part_of(tmp_path / source.file_name)
    assert part.read_bytes() == CONTENT[: first.received_bytes] and len(CONTENT) > first.received_bytes > 0
    assert fetched(source, tmp_path)[1].read_bytes() == CONTENT
    assert server.asked[-1][1] == first.received_bytes


def test_two_at_once_fetch_the_file_once(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_fetch, "SECONDS_BETWEEN_EVENTS", 0)
    monkeypatch.setattr(weights_fetch, "CHUNK_BYTES", 100_000)
    source, control = hashed(server), Control()
    first, second, stopped = fetch(source, tmp_path), fetch(source, tmp_path), fetch(source, tmp_path, control)
    next(first)
    assert next(second).total_bytes == 0 < next(stopped).received_bytes, "they wait, and tell what has arrived"
    control.stop()
    with pytest.raises(FetchStopped, match="another Thaw"):
        next(stopped)
    list(first)
    assert list(second) == [] and len(server.asked) == 1
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [CONTENT]


def test_the_hash_that_a_redirect_states_is_held_and_kept(server: Server, tmp_path: Path) -> None:
    source = plain(server)
    server.answers = [redirected("/storage/blob")]
    _, path = fetched(source, tmp_path)
    assert path.name == source.file_name and path.read_bytes() == CONTENT
    assert sidecar(path).read_text() == f"{SHA256}  {path.name}\n"
    assert [where for where, _ in server.asked] == ["/timm/net.tag/resolve/main/model.safetensors", "/storage/blob"]


def test_a_redirect_keeps_the_range(server: Server, tmp_path: Path) -> None:
    source = plain(server)
    part_of(tmp_path / source.file_name).write_bytes(CONTENT[:HALF])
    server.answers = [redirected("/storage/blob")]
    assert fetched(source, tmp_path)[1].read_bytes() == CONTENT
    assert server.sent[1:] == [len(CONTENT) - HALF]


def test_what_is_not_what_the_redirect_stated_is_not_kept(server: Server, tmp_path: Path) -> None:
    server.answers = [redirected("/storage/blob", etag="0" * 64)]
    with pytest.raises(WeightsError, match="arrived damaged"):
        fetched(plain(server), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("etag", ["", "no-hash", "a" * 40])
def test_a_server_that_states_no_hash_cannot_be_trusted(server: Server, tmp_path: Path, etag: str) -> None:
    server.answers = [redirected("/storage/blob", etag=etag)]
    with pytest.raises(WeightsError, match="could not be verified"):
        fetched(plain(server), tmp_path)
    assert not (tmp_path / plain(server).file_name).exists()


@pytest.mark.parametrize("status", [404, 403, 500, 503])
def test_an_answer_of_error_is_a_sentence_that_names_it(server: Server, tmp_path: Path, status: int) -> None:
    server.answers = [refused(status)]
    with pytest.raises(WeightsError, match=rf"127\.0\.0\.1 answered {status} .*put the file in"):
        fetched(hashed(server), tmp_path)
    assert len(server.asked) == 1


def test_nobody_there_is_a_sentence_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"could not be fetched \(Connection refused\).*put the file in"):
        fetched(WeightsSource("http://127.0.0.1:9/net-0badc0de.pth"), tmp_path)


def test_a_folder_that_cannot_be_written_is_not_blamed_on_the_network(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WeightsError, match="could not be kept") as caught:
        fetched(hashed(server), tmp_path / "file" / "folder")
    assert "network" not in str(caught.value)


def test_a_full_disk_keeps_the_part(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Iterator[Transferred]:
        raise OSError(errno.ENOSPC, "No space left on device")
        yield

    monkeypatch.setattr(weights_fetch, "_received", full)
    with pytest.raises(WeightsError, match=r"No space left on device.*make room"):
        fetched(hashed(server), tmp_path)
    assert len(server.asked) == 1
