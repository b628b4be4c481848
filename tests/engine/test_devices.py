"""What the status bar says of this machine, without torch."""

from __future__ import annotations

import pytest

from engine import devices


def test_without_a_driver_it_is_the_cpu_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_torch_version", lambda: "2.9.0")
    monkeypatch.setattr(devices, "_has_nvidia_driver", lambda: False)
    monkeypatch.setattr(devices.sys, "platform", "linux")
    report = devices.describe()
    assert report.kind == "cpu" and "No NVIDIA driver" in report.reason
    assert report.name.startswith("CPU · ") and report.threads >= 1


def test_a_gpu_with_a_cpu_build_of_torch_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_torch_version", lambda: "2.9.0+cpu")
    monkeypatch.setattr(devices, "_has_nvidia_driver", lambda: True)
    monkeypatch.setattr(devices.sys, "platform", "linux")
    report = devices.describe()
    assert report.kind == "cpu" and "install a CUDA build" in report.reason


def test_a_gpu_that_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_torch_version", lambda: "2.9.0+cu130")
    monkeypatch.setattr(devices, "_has_nvidia_driver", lambda: True)
    monkeypatch.setattr(devices.sys, "platform", "linux")
    assert devices.describe().kind == "cuda"


def test_the_field_edition_has_no_training_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_torch_version", lambda: None)
    assert not devices.has_training()
    assert "no training part" in devices.describe().reason
