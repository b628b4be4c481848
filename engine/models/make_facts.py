"""What is known of the libraries' models without running them: the tables `resources/tables/torchvision.json` and
`timm.jsonl.gz`, read by `rows/torchvision_facts.py` and `timm_models.py`. Made by `make tables`."""

from __future__ import annotations

import json
import math
from typing import Any

import torchvision

_SWAG_LICENCE = "CC-BY-NC-4.0 (SWAG)"
_LEFT_OUT = ("IMAGENET1K_FEATURES",)
"""VGG-16's other file: its convolutions only, for pixels scaled otherwise."""


def torchvision_table() -> str:
    """The text of torchvision.json: of each model, what its weights' metadata publish."""
    names = torchvision.models.list_models(module=torchvision.models)
    facts = {name: [_published(row) for row in torchvision.models.get_model_weights(name)] for name in names}
    kept = {name: [row for row in rows if row["key"] not in _LEFT_OUT] for name, rows in facts.items()}
    lines = (f" {json.dumps(name)}: {json.dumps(rows, sort_keys=True)}" for name, rows in sorted(kept.items()))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _published(weights: Any) -> dict[str, Any]:
    """Sizes in pixels, flops as multiply-adds counted once, top1 a share."""
    meta, transform = weights.meta, weights.transforms()
    top1 = meta["_metrics"]["ImageNet-1K"]["acc@1"]
    return {
        "key": weights.name,
        "url": weights.url,
        "parameters": meta["num_params"],
        "flops": round(meta["_ops"] * 1e9),
        "top1": None if math.isnan(top1) else round(top1 / 100, 5),
        "size": transform.crop_size[0],
        "smallest": meta["min_size"][0],
        "interpolation": transform.interpolation.value,
        "mean": list(transform.mean),
        "std": list(transform.std),
        "licence": _SWAG_LICENCE if "SWAG" in weights.name else "",
    }
