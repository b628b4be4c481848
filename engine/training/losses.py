"""The loss of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.training.run_parts import Run


def loss_of(run: Run) -> Callable[[Tensor, Tensor], Tensor]:
    """Cross-entropy; balanced weights are n / (classes · n of the class), as scikit-learn's "balanced"."""
    weight = None
    if run.config.class_weights == "balanced":
        counted = Counter(run.photos[number].label for number in run.numbers("train"))
        counts = torch.tensor([counted[name] for name in run.classes], dtype=torch.float32)
        weight = (counts.sum() / (len(run.classes) * counts)).to(run.config.device)
    assert run.config.label_smoothing is not None
    return partial(F.cross_entropy, weight=weight, label_smoothing=run.config.label_smoothing)
