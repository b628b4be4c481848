"""A QImage as the engine takes pictures. Loaded in the thread that first needs it, for NumPy's sake."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage


def pixels_of(image: QImage) -> npt.NDArray[np.uint8]:
    """The picture as H×W×3 RGB."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return rows[:, : 3 * plain.width()].reshape(plain.height(), plain.width(), 3).copy()  # it outlives the QImage
