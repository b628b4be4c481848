"""Makes the tables of what the libraries publish: `python -m engine.models.make_facts [--timm [--top1 FILE]]`.

`resources/tables/torchvision.json` (read by `rows/torchvision_facts.py`) takes a second, timm's tables (read by
`timm_models.py`) about a second an architecture. FILE is results/results-imagenet.csv of timm's repository; without it
the figures of the present table are kept.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import torchvision

from engine.models import make_timm_facts, timm_models

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--timm", action="store_true", help="make timm's tables too")
    parser.add_argument("--top1", type=Path, metavar="FILE", help="timm's results/results-imagenet.csv")
    asked = parser.parse_args()
    (timm_models.TABLES / "torchvision.json").write_text(torchvision_table(), encoding="utf-8")
    if asked.timm:
        top1 = make_timm_facts.read_top1(asked.top1) if asked.top1 else make_timm_facts.kept_top1()
        make_timm_facts.write(top1)


if __name__ == "__main__":
    main()
