"""The rate of bare training steps on tensors that are in memory already: the bound for a run's own.

    python -m tests.benchmarks.bare_step WEIGHTS

prints photos a second: mobilenet_v2 of torchvision, two classes, batches of 32 at 224 px, float32, channels last,
AdamW, all threads of a run, and the C library told to keep its memory, as a run tells it.
"""

from __future__ import annotations

import sys
import time

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import mobilenet_v2

from engine.devices import cpu_threads
from engine.memory import keep_memory

BATCH, WARM_UPS, STEPS = 32, 3, 16


def main() -> None:
    keep_memory()
    torch.set_num_threads(cpu_threads())
    network = mobilenet_v2()
    network.load_state_dict(torch.load(sys.argv[1], weights_only=True))
    network.classifier[1] = nn.Linear(network.last_channel, 2)
    network.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    pixels = torch.randn(BATCH, 3, 224, 224).to(memory_format=torch.channels_last)
    labels = torch.arange(BATCH) % 2
    began = 0.0
    for step in range(WARM_UPS + STEPS):
        if step == WARM_UPS:
            began = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(network(pixels), labels).backward()
        optimizer.step()
    sys.stdout.write(f"{STEPS * BATCH / (time.perf_counter() - began):.2f}\n")


if __name__ == "__main__":
    main()
