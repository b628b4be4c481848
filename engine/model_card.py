"""The card in a model file: what the model is, for a person who has never seen Thaw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.events import ParityMeasured

if TYPE_CHECKING:
    from engine.model_file import Manifest


def card(manifest: Manifest, network_file: str) -> str:
    """The model card in Markdown; `network_file` is the member that holds the network. What is not known is left
    out."""
    architecture, lineage, seen = manifest.architecture, manifest.lineage, manifest.preprocessing
    network = architecture.get("title") or architecture.get("name") or "a neural network"
    parameters = architecture.get("parameters")
    lines = [
        f"# {manifest.name}",
        "",
        f"An image classifier made with Thaw. It looks at one photo and says which of {len(manifest.classes)} classes "
        "it most likely shows. It knows nothing else: a photo of something else gets one of these names, too.",
        "",
        "## Classes",
        "",
        *(f"- {name}" for name in manifest.classes),
        "",
        "## How it was made",
        "",
        f"- Network: {network}" + (f", {parameters:,} parameters" if parameters else ""),
        *_facts(lineage, "created", "dataset", "train_photos", "strategy", "epochs", "seed", "teacher", "members"),
        *_frozen(lineage, parameters),
        "",
        "## How well it does",
        "",
        *_results(manifest.metrics),
        "",
        "## What it sees",
        "",
        f"- Each photo is turned upright and made {seen.image_size} × {seen.image_size} pixels ({seen.fit}, "
        f"{seen.interpolation}), {'grey' if seen.channels == 1 else 'in colour'}.",
        f"- {network_file} takes such images as uint8, N × height × width × 3 (RGB), and normalises them itself"
        + (f" with mean {_numbers(seen.mean)} and deviation {_numbers(seen.std)}." if seen.mean else "."),
        f"- Divide the logits by {manifest.temperature:.4g} before the softmax to get calibrated confidences.",
        "",
        "## Licence",
        "",
        f"- Pretrained weights: {lineage.get('weights') or 'none'}",
        f"- Licence of the weights: {lineage.get('weights_licence') or architecture.get('licence') or 'not recorded'}",
    ]
    return "\n".join(lines) + "\n"


def _facts(lineage: dict[str, Any], *keys: str) -> list[str]:
    titles = {"train_photos": "Photos trained on", "members": "Runs that answer together"}
    return [f"- {titles.get(key, key.capitalize())}: {lineage[key]}" for key in keys if lineage.get(key) is not None]


def _frozen(lineage: dict[str, Any], parameters: Any) -> list[str]:
    count, layers = lineage.get("frozen_parameters"), lineage.get("frozen_layers")
    if count is None:
        return []
    if not count:
        return ["- Frozen: nothing; every layer was trained."]
    share = f" ({count / parameters:.1%})" if parameters else ""
    where = f": {', '.join(layers)}" if isinstance(layers, list | tuple) and len(layers) <= 24 else ""
    return [f"- Frozen, that is, kept exactly as pretrained: {count:,} parameters{share}{where}"]


def _results(metrics: dict[str, Any]) -> list[str]:
    """A line for each split that was measured; a test split says that the model never saw it."""
    titles = {"val": "Validation photos, used to choose the best epoch", "test": "Test photos, never used in training"}
    lines = []
    for split, title in titles.items():
        measured = metrics.get(split)
        if measured:
            bounds = f" (95 % interval {measured['low']:.1%} to {measured['high']:.1%})" if "low" in measured else ""
            lines.append(f"- {title}: {measured['accuracy']:.1%} of {measured['photos']} right{bounds}")
    return [*(lines or ["- Not measured."]), *_disagreement(metrics.get("parity"))]


def _disagreement(parity: Any) -> list[str]:
    """A line where the file was found not to answer as the network that these figures are of."""
    try:
        said = ParityMeasured(**parity).disagreement
    except (TypeError, ValueError):  # not measured, or not as Thaw does
        return []
    return [f"- **Beware.** {said}"] if said else []


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
