"""Every device is told, with why it is not used and what to do, from what nvidia-smi would answer."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from engine.devices import nvidia, survey
from engine.devices.nvidia import Driver, DriverError, ask_driver, visible
from engine.devices.survey import Device
from engine.devices.torch_build import TorchBuild, cuda_of

PLAIN, PARTED = (
    "<mig_devices>None</mig_devices>",
    ("<mig_devices><mig_device><fb_memory_usage><total>9984 MiB</total></fb_memory_usage></mig_device></mig_devices>"),
)


def gpu(name: str, uuid: str, mig: str = "N/A", parts: str = PLAIN, generation: str = "Ampere") -> str:
    return (
        f'<gpu id="00000000:01:00.0"><product_name>{name}</product_name><uuid>{uuid}</uuid>'
        f"<product_architecture>{generation}</product_architecture>"
        f"<mig_mode><current_mig>{mig}</current_mig></mig_mode>{parts}"
        "<fb_memory_usage><total>24576 MiB</total><used>1 MiB</used></fb_memory_usage></gpu>"
    )


def answer(*gpus: str, cuda: str = "13.1") -> Driver:
    text = (
        '<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">\n<nvidia_smi_log>'
        f"<driver_version>590.44</driver_version><cuda_version>{cuda}</cuda_version>{''.join(gpus)}</nvidia_smi_log>"
    )
    return ask_driver(lambda: (0, text))


ONE = gpu("NVIDIA RTX A5000", "GPU-aaa")
TWO = gpu("NVIDIA A100", "GPU-bbb")


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A Linux machine with a driver, a torch for CUDA 13.0, and nothing in the environment."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(survey.sys, "platform", "linux")
    monkeypatch.setattr(survey, "has_driver", lambda: True)
    monkeypatch.setattr(survey, "torch_build", lambda: TorchBuild("2.9.0+cu130", (13, 0)))
    monkeypatch.setattr(survey, "_others", lambda: iter(()))
    return monkeypatch


def told(driver: Driver) -> tuple[Device, ...]:
    found = survey.survey(lambda: driver)
    assert sum(device.used for device in found) == 1  # a run trains on exactly one
    assert found[-1].kind == "cpu"
    return found


def test_the_first_gpu_trains_and_the_others_say_how_they_would() -> None:
    first, second, cpu = told(answer(ONE, TWO))
    assert first.used and first.name == "NVIDIA RTX A5000" and first.details == "24 GiB, driver 590.44"
    assert "CUDA_VISIBLE_DEVICES=1" in second.remedy
    assert "reads the photos" in cpu.reason


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [(None, "ab"), ("1", "b"), ("1,0", "ba"), ("GPU-bb", "b"), ("", ""), ("-1", ""), ("0,9,1", "a"), ("x", "")],
)
def test_the_environment_decides_which_are_seen(machine: pytest.MonkeyPatch, wanted: str | None, seen: str) -> None:
    if wanted is not None:
        machine.setenv("CUDA_VISIBLE_DEVICES", wanted)
    driver = answer(ONE, TWO)
    assert "".join(found.uuid[-1] for found in visible(driver.gpus)) == seen
    devices = told(driver)
    if not seen:
        assert all("CUDA_VISIBLE_DEVICES" in device.reason for device in devices[:2]) and devices[-1].used


def test_a_driver_that_is_too_old_a_cpu_build_and_an_old_generation(machine: pytest.MonkeyPatch) -> None:
    old, cpu = told(answer(ONE, cuda="12.4"))
    assert "CUDA up to 12.4" in old.reason and "needs 13.0" in old.reason and "newer" in old.remedy and cpu.used
    pascal, _ = told(answer(gpu("NVIDIA GeForce GTX 1080", "GPU-ccc", generation="Pascal")))
    assert "Pascal" in pascal.reason and not pascal.used
    machine.setattr(survey, "torch_build", lambda: TorchBuild("2.9.0+cpu", None))
    built, _ = told(answer(ONE))
    assert "build for CPUs" in built.reason and "CUDA build" in built.remedy


def test_a_gpu_in_instances() -> None:
    parted, _ = told(answer(gpu("NVIDIA A100", "GPU-bbb", "Enabled", PARTED)))
    assert parted.used and "in instances of 10 GiB" in parted.details and "instances" in parted.reason
    empty, cpu = told(answer(gpu("NVIDIA A100", "GPU-bbb", "Enabled")))
    assert not empty.used and "MIG" in empty.reason and cpu.used


@pytest.mark.parametrize("run", [(9, "NVIDIA-SMI has failed because\nit couldn't communicate"), (0, "gibberish <")])
def test_a_driver_that_does_not_answer_is_told(run: tuple[int, str]) -> None:
    found, cpu = survey.survey(lambda: ask_driver(lambda: run))
    assert found.kind == "cuda" and "does not answer" in found.reason and "Restart" in found.remedy and cpu.used


def test_a_driver_that_hangs_or_cannot_be_asked() -> None:
    def hangs() -> tuple[int, str]:
        raise subprocess.TimeoutExpired("nvidia-smi", nvidia.SECONDS)

    def missing() -> tuple[int, str]:
        raise FileNotFoundError(2, "No such file or directory")

    for run in (hangs, missing):
        with pytest.raises(DriverError):
            ask_driver(run)


def test_a_machine_without_a_driver_trains_on_its_cpu(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(survey, "has_driver", lambda: False)
    (cpu,) = survey.survey(lambda: pytest.fail("nobody is asked"))
    assert cpu.used and "core" in cpu.details


def test_the_edition_without_training_uses_none(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(survey, "torch_build", lambda: None)
    assert not any(device.used for device in survey.survey(lambda: answer(ONE)))


def test_what_torch_was_built_for_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "version.py"
    file.write_text("__version__ = '2.9.0'\ncuda: Optional[str] = '12.8'\nhip: Optional[str] = None\n")
    assert cuda_of("2.9.0", file) == (12, 8)
    file.write_text("__version__ = '2.9.0+cpu'\ncuda: Optional[str] = None\n")
    assert cuda_of("2.9.0+cpu", file) is None
    assert cuda_of("2.9.0+cu130", tmp_path / "none.py") == (13, 0)
