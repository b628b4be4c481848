"""How a photo that is not square becomes square."""

from __future__ import annotations

from typing import Literal

Fit = Literal["crop", "pad", "stretch"]
