from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision

from engine.models.catalog import CATALOG


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with random weights for every torchvision row: what freezing must keep is not what they are."""
    folder = tmp_path_factory.mktemp("weights")
    for spec in CATALOG.values():
        if spec.source == "torchvision":
            torch.manual_seed(len(spec.name))
            network = torchvision.models.get_model(spec.name, weights=None)
            torch.save(network.state_dict(), folder / f"{spec.name}.pth")
    return folder
