"""Which of ONNX Runtime's devices a network runs on: the fastest that is installed and answers as the CPU does."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnxruntime

Wanted = Literal["auto", "cpu"]

CPU = "CPUExecutionProvider"
TITLES = {
    "CUDAExecutionProvider": "the NVIDIA GPU (CUDA)",
    "DmlExecutionProvider": "the GPU (DirectML)",
    "CoreMLExecutionProvider": "the Apple GPU and Neural Engine (CoreML)",
    "OpenVINOExecutionProvider": "the Intel device (OpenVINO)",
}
"""The fastest first. Each needs a build of ONNX Runtime that has it, in place of the usual one."""
TOLERANCE = 0.01
"""How far a probability may be from the CPU's: confidences are told to 0.1 %, so one that is 1 % off is another one."""
SEED, PHOTOS = 0, 4

_ERRORS_ONLY = 3


@dataclass(frozen=True)
class Loaded:
    """A network ready to run; `device` is its name in a sentence. `reason` says why it is not something faster, ""
    where nothing faster is installed."""

    session: Any
    device: str
    reason: str = ""


def load(content: bytes, image_size: int, threads: int | None, wanted: Wanted = "auto") -> Loaded:
    """An ONNX file that takes photos of `image_size` pixels, on the fastest device that answers as the CPU does, or on
    the CPU, on so many cores (None: all).

    Raises whatever ONNX Runtime does where even the CPU refuses it.
    """
    slow = session_of(content, threads)
    reasons = []
    for provider in installed() if wanted == "auto" else ():
        title = TITLES[provider]
        sentence = title[0].upper() + title[1:]
        try:
            fast = session_of(content, threads, provider)
            if provider not in fast.get_providers():
                reasons.append(f"{sentence} is installed but does not start here.")
            elif (difference := _difference(fast, slow, image_size)) <= TOLERANCE:
                return Loaded(fast, title)
            else:
                reasons.append(
                    f"{sentence} is not used: its confidences differ from the CPU's by up to {difference:.2f}."
                )
        except Exception as error:  # ONNX Runtime's exceptions share no base but this one
            words = str(error).strip().splitlines() or [type(error).__name__]
            reasons.append(f"{sentence} cannot run this network ({words[0][:200]}).")
    return Loaded(slow, "the CPU", " ".join(reasons))


def installed() -> tuple[str, ...]:
    """The providers beside the CPU that this build of ONNX Runtime has, the fastest first."""
    there = onnxruntime.get_available_providers()
    return tuple(name for name in TITLES if name in there)


def session_of(content: bytes, threads: int | None, provider: str = CPU) -> Any:
    """An ONNX file on one provider, and on the CPU for what that cannot. Raises whatever ONNX Runtime does."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or os.cpu_count() or 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    if provider == "DmlExecutionProvider":  # its documentation asks for both
        options.enable_mem_pattern = False
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # Threads that spin while they wait would take the cores from those that decode photos.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = [provider] if provider == CPU else [provider, CPU]
    return onnxruntime.InferenceSession(content, options, providers=providers)


def _difference(fast: Any, slow: Any, image_size: int) -> float:
    """The largest difference between the probabilities that two sessions give for photos of noise."""
    pixels = np.random.default_rng(SEED).integers(0, 256, (PHOTOS, image_size, image_size, 3), dtype=np.uint8)
    fed = {slow.get_inputs()[0].name: pixels}
    first, second = (_shares(session.run(["logits"], fed)[0]) for session in (fast, slow))
    difference = float(np.abs(first - second).max())
    return difference if np.isfinite(difference) else np.inf


def _shares(logits: Any) -> Any:
    powers = np.exp(np.asarray(logits, np.float64) - np.max(logits, axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
