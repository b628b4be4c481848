"""The proof that frozen stayed frozen: a hash of every layer before the first epoch, and of the weights that ship."""

from __future__ import annotations

import hashlib
from collections.abc import Generator

import torch
from torch import nn

from engine import runs
from engine.events import Notice
from engine.models.freezing import is_norm, owners
from engine.runs import LayerHash
from engine.training.run_parts import Run


def layer_hashes(network: nn.Module) -> dict[str, str]:
    """SHA-256 (hex) of each layer's own parameters and persistent buffers, by dotted name: over their names, types,
    shapes and bytes."""
    found: dict[str, hashlib._Hash] = {}
    for name, tensor in network.state_dict().items():
        layer, _, own = name.rpartition(".")
        digest = found.setdefault(layer, hashlib.sha256())
        whole = tensor.detach().cpu().contiguous()
        digest.update(f"{own} {whole.dtype} {tuple(whole.shape)}\n".encode())
        digest.update(whole.reshape(-1).view(torch.uint8).numpy().tobytes())
    return {layer: digest.hexdigest() for layer, digest in found.items()}


def write_before(run: Run) -> None:
    """Hash the network as the run begins. A run that goes on keeps the hashes of its beginning; one that began without
    them gets none, as its beginning is gone."""
    if run.progress.epoch == 0 and not run.resumed.partway:
        rows = [LayerHash(layer, False, digest) for layer, digest in layer_hashes(run.classifier.network).items()]
        runs.write_layers(run.folder, rows)
    elif rows := [LayerHash(row.layer, False, row.sha256_before) for row in runs.read_layers(run.folder)]:
        runs.write_layers(run.folder, rows)


def write_after(run: Run) -> Generator[Notice, None, tuple[int, int]]:
    """Hash the network that ships, and compare; returns (frozen layers, those of them proven unchanged).

    Yields a Notice for frozen layers that changed.
    """
    after = layer_hashes(run.classifier.network)
    trained = trained_layers(run)
    rows = [
        LayerHash(row.layer, row.layer in trained, row.sha256_before, after.get(row.layer, "absent"))
        for row in runs.read_layers(run.folder)
    ]
    if not rows:
        return 0, 0
    runs.write_layers(run.folder, rows)
    frozen = [row for row in rows if not row.trained]
    moved = [row.layer for row in frozen if row.sha256_before != row.sha256_after]
    if moved:
        others = f" and {len(moved) - 1} more" if len(moved) > 1 else ""
        yield Notice(
            f"The frozen layer “{moved[0]}”{others} changed in this run, which must not be; please report it.",
            "frozen_moved",
        )
    return len(frozen), len(frozen) - len(moved)


def trained_layers(run: Run) -> set[str]:
    """The layers that were to train in the epochs done so far."""
    config, network = run.config, run.classifier.network
    phase = run.phase(max(1, run.progress.epoch))  # blocks never freeze again, so the last phase has them all
    names = set(run.trainable(phase))
    norms = {name for name, module in network.named_modules() if is_norm(module)}
    if config.norm_affine == "trained":
        return names | (norms & set(owners(network)))
    if config.norm_affine == "frozen" and config.norm_statistics == "frozen":
        return names - norms
    if config.norm_affine == "frozen":
        counting = {name for name, _ in network.named_buffers()}
        return {name for name in names if name not in norms or f"{name}.running_mean" in counting}
    return names
