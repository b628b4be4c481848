"""What the status bar says of this machine at once, without torch."""

from __future__ import annotations

import pytest

from engine import devices
from engine.devices import nvidia
from engine.devices.torch_build import TorchBuild


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A Linux machine with an NVIDIA driver and a torch for it."""
    monkeypatch.setattr(devices.sys, "platform", "linux")
    monkeypatch.setattr(nvidia, "has_driver", lambda: True)
    monkeypatch.setattr(devices, "torch_build", lambda: TorchBuild("2.9.0+cu130", (13, 0)))
    return monkeypatch


@pytest.mark.usefixtures("machine")
def test_a_gpu_that_is_used() -> None:
    assert devices.describe().kind == "cuda"


def test_without_a_driver_it_is_the_cpu_and_says_why(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(nvidia, "has_driver", lambda: False)
    report = devices.describe()
    assert report.kind == "cpu" and "No NVIDIA driver" in report.reason
    assert report.name.startswith("CPU · ") and report.threads >= 1


def test_a_gpu_with_a_cpu_build_of_torch_says_what_to_do(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(devices, "torch_build", lambda: TorchBuild("2.9.0+cpu", None))
    report = devices.describe()
    assert report.kind == "cpu" and "install a CUDA build" in report.reason


def test_the_field_edition_has_no_training_part(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(devices, "torch_build", lambda: None)
    assert not devices.has_training()
    assert "no training part" in devices.describe().reason
