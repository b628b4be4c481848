from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.events import Notice
from engine.prediction import providers
from engine.prediction.batch import predict
from engine.prediction.providers import load
from tests.engine import tiny_model
from tests.engine.prediction.test_walk import make_photo

CUDA = "CUDAExecutionProvider"


class Pretends:
    """A session that says it runs on a GPU, and whose answers are as much off as it is told."""

    def __init__(self, session: Any, off: float, starts: bool) -> None:
        self._session, self._off, self._starts = session, off, starts

    def get_providers(self) -> list[str]:
        return [CUDA, providers.CPU] if self._starts else [providers.CPU]

    def run(self, names: list[str], fed: dict[str, Any]) -> list[Any]:
        return [answer + self._off * np.arange(answer.shape[1]) for answer in self._session.run(names, fed)]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


def pretend(monkeypatch: pytest.MonkeyPatch, off: float = 0.0, starts: bool = True, fails: str = "") -> None:
    real = providers.session_of

    def session_of(content: bytes, threads: int | None, provider: str = providers.CPU) -> Any:
        if provider == providers.CPU:
            return real(content, threads)
        if fails:
            raise RuntimeError(fails)
        return Pretends(real(content, threads), off, starts)

    monkeypatch.setattr(providers, "installed", lambda: (CUDA,))
    monkeypatch.setattr(providers, "session_of", session_of)


def test_a_gpu_that_answers_as_the_cpu_does_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, off=0.001)
    loaded = load(tiny_model.network(), tiny_model.SIZE, 1)
    assert (loaded.device, loaded.reason) == ("the NVIDIA GPU (CUDA)", "")
    assert load(tiny_model.network(), tiny_model.SIZE, 1, "cpu").device == "the CPU"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"off": 1.0}, "its confidences differ from the CPU's by up to 0."),
        ({"off": float("nan")}, "its confidences differ from the CPU's by up to inf"),
        ({"starts": False}, "is installed but does not start here"),
        ({"fails": "no kernel image is available\nmore"}, "cannot run this network (no kernel image is available)."),
    ],
)
def test_one_that_does_not_is_not_used_and_says_why(
    monkeypatch: pytest.MonkeyPatch, how: dict[str, Any], said: str
) -> None:
    pretend(monkeypatch, **how)
    loaded = load(tiny_model.network(), tiny_model.SIZE, 2)
    assert loaded.device == "the CPU"
    assert "The NVIDIA GPU (CUDA)" in loaded.reason and said in loaded.reason


def test_a_batch_says_where_it_runs_where_that_is_not_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, photo = tiny_model.make(tmp_path / "m.thaw").path, make_photo(tmp_path / "a.png")
    monkeypatch.setattr("engine.prediction.runtime.installed", lambda: ())
    assert not [event for event in predict(model, [photo]) if isinstance(event, Notice)]
    pretend(monkeypatch, starts=False)
    monkeypatch.setattr("engine.prediction.runtime.installed", lambda: (CUDA,))
    (notice,) = [event for event in predict(model, [photo]) if isinstance(event, Notice)]
    assert (notice.kind, notice.text) == (
        "device", "Classifying on the CPU. The NVIDIA GPU (CUDA) is installed but does not start here.",
    )  # fmt: skip
    assert not [event for event in predict(model, [photo], device="cpu") if isinstance(event, Notice)]
