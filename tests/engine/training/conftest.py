from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from engine.models.catalog import CATALOG


def _settle(network: nn.Module) -> None:
    """Give batch norm the statistics of real activations; with the initial ones a deep frozen network answers nothing
    but zeros, and no gradient comes through."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        network.train()(torch.rand(8, 3, 64, 64))


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with random weights for every torchvision row: what freezing must keep is not what they are."""
    folder = tmp_path_factory.mktemp("weights")
    for spec in CATALOG.values():
        if spec.source == "torchvision":
            torch.manual_seed(len(spec.name))
            network = torchvision.models.get_model(spec.name, weights=None)
            _settle(network)
            torch.save(network.state_dict(), folder / f"{spec.name}.pth")
    return folder
