"""The window's and the training's fixtures, for tests that need both."""

from tests.desktop_app.conftest import clean_end, qapp, qtbot
from tests.engine.training.conftest import tiny_weights

__all__ = ["clean_end", "qapp", "qtbot", "tiny_weights"]
