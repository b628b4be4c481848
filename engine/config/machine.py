"""Where and how the run computes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from engine.config.declare import Settings, setting


class MachineSettings(Settings):
    group: ClassVar[str] = "Machine"

    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        setting("auto", "Device", "Where the run computes; auto takes the fastest found."),
    ]
    threads: Annotated[
        int | None, setting(None, "Threads", "CPU threads of the run; empty takes every core.", ge=1, le=256)
    ]
    channels_last: Annotated[
        bool | None, setting(None, "Channels last", "Memory layout; empty takes what is fast on the device.")
    ]
    precision: Annotated[
        Literal["auto", "float32", "bf16", "fp16"],
        setting(
            "auto",
            "Precision",
            "The numbers that training computes in; auto takes half of float32's bits on CUDA, where it is faster.",
        ),
    ]
    compile: Annotated[
        bool,
        setting(
            False,
            "Compile",
            "torch compiles the network before it trains, which can pay in long runs on a GPU; on a CPU it takes "
            "minutes, more than most runs win back.",
        ),
    ]
    cache: Annotated[
        Literal["auto", "off"],
        setting(
            "auto",
            "Cache",
            "Auto keeps decoded photos, and what is frozen, on disk for all epochs; off computes them in each.",
        ),
    ]
