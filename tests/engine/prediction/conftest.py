"""For all tests of batches."""

import pytest

from engine.prediction import stream


@pytest.fixture
def little_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of the photos are still to be read when the first answers come."""
    monkeypatch.setattr(stream, "CHUNK", 1)
