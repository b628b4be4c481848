"""Benchmarks run in `make bench` only; each prints its figures, as they came out, at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.desktop_app.conftest import clean_end, qapp

__all__ = ["clean_end", "qapp"]

_FIGURES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_FIGURES] = []


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Iterator[Callable[[str], None]]:
    """Note a measured figure for the closing summary."""
    yield lambda text: request.config.stash[_FIGURES].append(f"{request.node.name}: {text}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_FIGURES, []):
        terminalreporter.write_line(line)
