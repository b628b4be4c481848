"""Weights: where they are looked for, verified, and fetched from (a server on this machine)."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.control import Control
from engine.errors import WeightsError
from engine.events import Transferred
from engine.models.catalog import ModelSpec, WeightsSource, find_model
from engine.models.pretrained import weights

CONTENT = bytes(range(256)) * 12_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()[:8]


class Server(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT under any name, with ranges; counts what it sent."""

    sent: list[int]

    def do_GET(self) -> None:
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if start >= len(CONTENT):
            self.send_error(416)
            return
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        type(self).sent.append(len(body))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    Server.sent = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def only_these_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No folder of this machine takes part."""
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("THAW_WEIGHTS_DIR", raising=False)
    return tmp_path


def spec_with(address: str, digest: str = DIGEST) -> ModelSpec:
    return replace(find_model("resnet18"), weights=(WeightsSource(f"{address}/resnet18-{digest}.pth", 0.7),))


def drained(events: Iterator[Transferred]) -> tuple[list[Transferred], weights.FoundWeights]:
    seen = []
    while True:
        try:
            seen.append(next(events))
        except StopIteration as end:
            return seen, end.value


def test_the_order_of_the_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = find_model("resnet18")
    monkeypatch.setenv("THAW_WEIGHTS_DIR", str(tmp_path / "named"))
    folders = [tmp_path / name for name in ("given", "named", "cache", "torch/hub/checkpoints")]
    for folder in reversed(folders):
        folder.mkdir(parents=True)
        (folder / "resnet18.pth").touch()
        found = weights.find(spec, tmp_path / "given")
        assert found and found.path.parent == folder and found.official is None
    (folders[0] / spec.weights[0].file_name).touch()
    found = weights.find(spec, tmp_path / "given")
    assert found and found.official == spec.weights[0], "official before one's own in the same folder"


def test_nothing_here_is_none() -> None:
    assert weights.find(find_model("resnet18")) is None


def test_fetched_verified_and_kept(address: str, tmp_path: Path) -> None:
    seen, found = drained(weights.obtain(spec_with(address)))
    assert found.path == tmp_path / "cache" / f"resnet18-{DIGEST}.pth" and found.path.read_bytes() == CONTENT
    assert (seen[-1].received_bytes, seen[-1].total_bytes) == (len(CONTENT), len(CONTENT))
    assert [path.name for path in found.path.parent.iterdir()] == [found.path.name]
    again, _ = drained(weights.obtain(spec_with(address)))
    assert not again and len(Server.sent) == 1


def test_a_download_that_was_cut_goes_on(address: str, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / f"resnet18-{DIGEST}.pth.part").write_bytes(CONTENT[:1_000_000])
    _, found = drained(weights.obtain(spec_with(address)))
    assert found.path.read_bytes() == CONTENT and Server.sent == [len(CONTENT) - 1_000_000]


def test_a_part_that_is_whole_already_is_taken(address: str, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / f"resnet18-{DIGEST}.pth.part").write_bytes(CONTENT)
    _, found = drained(weights.obtain(spec_with(address)))
    assert found.path.read_bytes() == CONTENT and Server.sent == []


def test_what_arrives_damaged_is_not_kept(address: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="damaged"):
        drained(weights.obtain(spec_with(address, "00000000")))
    assert not list((tmp_path / "cache").iterdir())


def test_a_stop_keeps_what_has_arrived(address: str, tmp_path: Path) -> None:
    control = Control()
    control.stop()
    with pytest.raises(WeightsError, match="stopped"):
        drained(weights.obtain(spec_with(address), control=control))
    assert (tmp_path / "cache" / f"resnet18-{DIGEST}.pth.part").exists()


def test_no_network_is_a_sentence_with_a_way_out() -> None:
    with pytest.raises(WeightsError, match=r"could not be fetched .* put the file in"):
        drained(weights.obtain(spec_with("http://127.0.0.1:9")))


def test_offline_never_asks_the_network(address: str) -> None:
    with pytest.raises(WeightsError, match="--weights-dir"):
        drained(weights.obtain(spec_with(address), offline=True))
    assert Server.sent == []


def test_an_official_name_with_another_content_is_refused(tmp_path: Path) -> None:
    spec = find_model("resnet18")
    (tmp_path / spec.weights[0].file_name).write_bytes(b"not these")
    with pytest.raises(WeightsError, match="not the file its name says"):
        drained(weights.obtain(spec, tmp_path))


def test_a_row_without_weights_says_what_to_choose() -> None:
    with pytest.raises(WeightsError, match="from-scratch"):
        drained(weights.obtain(find_model("lenet5")))
