"""Confidences that mean what they say: temperature scaling. NumPy only."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.integer[Any]]

LOWEST, HIGHEST = 0.05, 20.0
_GRID = 61
_GOLDEN = (5**0.5 - 1) / 2
_REFINEMENTS = 40


def fit_temperature(logits: Floats, labels: Labels) -> float:
    """The T from 0.05 to 20 that makes softmax(logits / T) fit the labels best; 1.0 where there are no photos.

    `logits` is N × classes, `labels` holds N class numbers. It minimises the negative log likelihood, as in C. Guo et
    al., On Calibration of Modern Neural Networks (ICML 2017), plus ½ (ln T)² for the whole set. Without that term a
    small validation set that is all right would give the lowest T and confidences of 1 for everything; against some
    hundred photos with a few wrong ones it weighs nothing.
    """
    if len(labels) == 0:
        return 1.0
    shifted = np.asarray(logits, np.float64)
    shifted = shifted - shifted.max(axis=1, keepdims=True)
    of_label = shifted[np.arange(len(labels)), labels].sum()

    def cost(log_t: float) -> float:
        inverse = float(np.exp(-log_t))
        return float(np.log(np.exp(shifted * inverse).sum(axis=1)).sum() - of_label * inverse + 0.5 * log_t**2)

    grid = np.linspace(np.log(LOWEST), np.log(HIGHEST), _GRID)
    best = int(np.argmin([cost(float(at)) for at in grid]))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, _GRID - 1)])
    for _ in range(_REFINEMENTS):
        first, second = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, second) if cost(first) < cost(second) else (first, high)
    return float(np.exp((low + high) / 2))


def expected_calibration_error(probabilities: Floats, labels: Labels, bins: int = 15) -> float:
    """How far confidence and accuracy lie apart on average, as a share from 0 to 1; 0.0 where there are no photos.

    Photos are put into `bins` equal steps of confidence and weighed by their number (Guo et al. 2017, equation 3).
    """
    if len(labels) == 0:
        return 0.0
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    which = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(which, weights=confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))
