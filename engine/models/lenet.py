"""LeNet-5 in its common variant for 28×28 grey images."""

from __future__ import annotations

from torch import Tensor, nn


class LeNet5(nn.Module):
    """20 and 50 channels, 500 units, ReLU and max pooling (the variant of Caffe's and many courses' MNIST example).

    Takes float32 N×1×28×28; returns logits N×10 (431,080 parameters with ten classes).
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 20, 5)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(20, 50, 5)
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(800, 500)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(500, 10)

    def forward(self, pixels: Tensor) -> Tensor:
        maps = self.pool2(self.conv2(self.pool1(self.conv1(pixels))))
        logits: Tensor = self.fc2(self.relu(self.fc1(self.flatten(maps))))
        return logits
