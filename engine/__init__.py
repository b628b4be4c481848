"""Thaw's engine: scan, train, evaluate, predict. It knows no window, and importing it loads nothing heavy.

A verb is looked up when it is first used: `engine.predict(...)` imports ONNX Runtime, `engine.train(...)` imports
torch.
"""

from __future__ import annotations

import importlib
from typing import Any

from engine.errors import ThawError

__version__ = "0.1.0"

VERBS = {
    "scan": "engine.dataset.index",
    "list_models": "engine.models.tables",
    "describe_layers": "engine.models.layers.tree",
    "measure": "engine.models.layers.measure",
    "train": "engine.training.run",
    "search": "engine.training.before.search",
    "compare_strategies": "engine.training.before.compare_strategies",
    "advise": "engine.training.before.advise",
    "baseline": "engine.training.before.baseline",
    "find_lr": "engine.training.before.lr_finder",
    "ensemble": "engine.export.ensemble",
    "preflight": "engine.training.before.preflight",
    "evaluate": "engine.evaluation.report",
    "compare": "engine.evaluation.compare",
    "look": "engine.evaluation.feature_maps",
    "predict": "engine.prediction.batch",
    "explain": "engine.prediction.why",
    "pseudo_label": "engine.prediction.pseudo_labels",
    "serve": "engine.service.serve",
    "pack_corrections": "engine.prediction.corrections.pack",
    "apply_corrections": "engine.prediction.corrections.apply",
    "undo_corrections": "engine.prediction.corrections.undo",
    "summarise_batch": "engine.prediction.summary",
    "verify": "engine.prediction.verify",
    "tabulate": "engine.prediction.retell",
    "predict_and_sort": "engine.prediction.sorting.after_batch",
    "sort": "engine.prediction.sorting.sort",
    "undo_sorting": "engine.prediction.sorting.undo",
    "write_sidecars": "engine.prediction.sorting.sidecars",
    "demo": "engine.demo",
    "checks": "engine.doctor",
    "list_weights": "engine.models.pretrained.listing",
    "get_weights": "engine.models.pretrained.listing",
    "import_weights": "engine.models.pretrained.import_file",
}
HEAVY = (
    *("search", "compare_strategies"),
    *("advise", "baseline", "describe_layers", "ensemble", "find_lr", "measure", "preflight"),
    *("train", "demo", "look"),
)

LIBRARIES = ("torch", "torchvision", "safetensors", "onnx", "optuna")


def __getattr__(name: str) -> Any:
    """The verb of that name. Raises ThawError where it needs the training part and that is not installed."""
    if name not in VERBS:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(VERBS[name]), name)
    except ModuleNotFoundError as error:
        if name in HEAVY and (error.name or "").split(".")[0] in LIBRARIES:
            raise ThawError(
                "The training part is not installed in this edition; install Thaw with its training extra to train."
            ) from error
        raise
