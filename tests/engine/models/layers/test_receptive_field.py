"""Receptive fields, output shapes and parameter counts against an independent computation.

The field: the network is made linear and positive (activations identity, max pooling average, positive weights, batch
norm without statistics, float64), so the gradient of one place with respect to the input is not zero exactly where that
place sees the input. The input is a strip longer than the field, across its width for one axis and its height for the
other.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from engine.events import Layer
from engine.models.build import build
from engine.models.catalog import find_model
from engine.models.layers.trace import trace
from engine.models.layers.tree import describe_layers

STRIP = 75
"""Pixels across a strip; Inception takes no fewer."""

ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.GELU, nn.SiLU, nn.Hardswish)


@pytest.fixture
def no_relu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(F, "relu", lambda maps, **_: maps)
    yield


def made_linear(network: nn.Module) -> nn.Module:
    """`network`, which may be on the meta device: only what is convolution or batch norm gets numbers."""
    network = network.double().to_empty(device="cpu")
    for name, module in list(network.named_modules()):
        parent = network.get_submodule(name.rpartition(".")[0])
        leaf = name.rpartition(".")[2]
        if isinstance(module, ACTIVATIONS):
            setattr(parent, leaf, nn.Identity())
        elif isinstance(module, nn.MaxPool2d):
            size, step, edge = module.kernel_size, module.stride, module.padding
            setattr(parent, leaf, nn.AvgPool2d(size, step, edge, module.ceil_mode))
        elif isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
    return network.eval()


class Reached(Exception):
    """The layer was reached; what comes after it is not run."""


def seen_pixels(network: nn.Module, layer: str, length: int, channels: int = 3, width: int = 32) -> int:
    """The larger of the two extents of what the centre of `layer` sees."""
    kept: list[Tensor] = []

    def reached(_module: nn.Module, _args: object, result: Tensor) -> None:
        kept.append(result)
        raise Reached

    hook = network.get_submodule(layer).register_forward_hook(reached)
    extents = []
    for shape in ((length, width), (width, length)):
        image = torch.ones(1, channels, *shape, dtype=torch.float64, requires_grad=True)
        kept.clear()
        with pytest.raises(Reached):
            network(image)
        maps = kept[0]
        maps[0, :, maps.shape[2] // 2, maps.shape[3] // 2].sum().backward()
        assert image.grad is not None
        along = image.grad.abs().sum((0, 1, 3 if shape[0] == length else 2)).nonzero().flatten()
        assert along.min() > 0 and along.max() < length - 1, "the strip is shorter than the field"
        extents.append(int(along.max() - along.min()) + 1)
    hook.remove()
    return max(extents)


def rows_of(name: str) -> dict[str, Layer]:
    return {row.name: row for row in describe_layers(find_model(name)) if isinstance(row, Layer)}


@pytest.mark.usefixtures("no_relu")
@pytest.mark.parametrize(
    ("name", "layer", "field", "length"),
    [
        ("resnet18", "layer1.1.conv2", 43, 128),
        ("resnet18", "layer4.1.conv2", 435, 640),  # Araujo et al. 2019 give 435 for ResNet-18
        ("vgg16", "features.30", 212, 352),  # and 212 for VGG-16
        ("mobilenet_v2", "features.18.0", 491, 704),
        ("inception_v3", "Mixed_5d.branch3x3dbl_3.conv", 127, 352),
        pytest.param("inception_v3", "Mixed_7c.branch3x3dbl_3a.conv", 1311, 1800, marks=pytest.mark.long),
    ],
)
def test_fields_are_what_gradients_say(name: str, layer: str, field: int, length: int) -> None:
    with torch.device("meta"):
        network = build(find_model(name), 2)
    network = made_linear(network)
    assert (
        rows_of(name)[layer].receptive_field
        == field
        == seen_pixels(network, layer, length, width=STRIP if name == "inception_v3" else 32)
    )


def test_no_layer_of_inception_sees_more_than_its_largest_branch() -> None:
    """Araujo et al. 2019 give 1311 for Inception v3."""
    fields = [row.receptive_field or 0 for row in rows_of("inception_v3").values()]
    assert max(fields) == 1311


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "mobilenet_v2", "inception_v3"])
def test_shapes_and_parameters_are_those_of_a_real_pass(name: str) -> None:
    """Against the library's own network, run with numbers on the CPU, and its state dict."""
    spec = find_model(name)
    options = {"init_weights": False} if name == "inception_v3" else {}
    network = torchvision.models.get_model(name, weights=None, num_classes=2, **options).eval()
    shapes: dict[str, tuple[int, ...]] = {}
    for path, module in network.named_modules():

        def note(_module: nn.Module, _args: object, result: Tensor, path: str = path) -> None:
            shapes.setdefault(path, tuple(result.shape[1:]))

        module.register_forward_hook(note)
    with torch.inference_mode():
        network(torch.zeros(1, 3, spec.input_size, spec.input_size))
    rows = rows_of(name)
    assert {path: row.output_shape for path, row in rows.items() if not row.training_only} == {
        path: shape for path, shape in shapes.items() if path in rows
    }
    learned = {path: tensor.numel() for path, tensor in network.named_parameters()}
    for path, row in rows.items():
        own = sum(count for tensor, count in learned.items() if tensor.rpartition(".")[0] == path)
        assert row.parameters == own, path
    assert sum(row.parameters for row in rows.values()) == sum(learned.values())


windows = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2))


@settings(deadline=None, max_examples=30)
@given(st.lists(windows, min_size=1, max_size=4), st.lists(st.integers(1, 5), min_size=0, max_size=2))
def test_any_two_branches_of_convolutions(left: list[tuple[int, int, int, int]], right: list[int]) -> None:
    """A chain of kernels, strides, paddings and dilations, then two branches of odd and even kernels that are added."""

    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.chain = nn.Sequential(*(nn.Conv2d(1, 1, k, s, p, d) for k, s, p, d in left))
            self.one = nn.Sequential(*(nn.Conv2d(1, 1, (k, 1), padding="same") for k in right), nn.Identity())
            self.end = nn.Conv2d(1, 1, 1)

        def forward(self, images: Tensor) -> Tensor:
            maps = self.chain(images)
            return self.end(self.one(maps) + maps)

    network = made_linear(Branches())
    length = 900
    with torch.no_grad():
        seen = trace(network, torch.ones(1, 1, length, length, dtype=torch.float64)).seen["end"]
    found, _ = seen.size_and_stride((length, length))
    assert found == seen_pixels(network, "end", length, channels=1, width=300)


def test_windows_of_swin_are_what_gradients_say() -> None:
    """The largest field of any token: in Swin they differ with the token's place in its windows. The geometry is that
    of Swin-T, with fewer channels."""
    network = torchvision.models.SwinTransformer([4, 4], 8, [2, 2], [1, 1], [7, 7]).eval().double()
    fields = {"features.1.0.mlp.4": 28, "features.1.1.mlp.4": 56, "features.2.norm": 84, "features.3.0.mlp.4": 112}
    kept: dict[str, Tensor] = {}
    for layer in fields:
        network.get_submodule(layer).register_forward_hook(
            lambda _module, _args, result, layer=layer: kept.update({layer: result})
        )
    image = torch.randn(1, 3, 224, 224, dtype=torch.float64, requires_grad=True)
    network(image)
    rows = rows_of("swin_t")
    for layer, field in fields.items():
        tokens = kept[layer]
        weights = torch.randn(tokens.shape[-1], dtype=torch.float64)  # what layer norm gives sums to nothing
        extents = []
        for place in range(tokens.shape[1] // 4, tokens.shape[1] // 4 + 14):
            (gradient,) = torch.autograd.grad(tokens[0, place, place] @ weights, image, retain_graph=True)
            along = gradient.abs().sum((0, 1, 3))
            seen = (along > 1e-20 * along.max()).nonzero().flatten()  # the mask between windows is e to the -100
            extents.append(int(seen.max() - seen.min()) + 1)
        assert rows[layer].receptive_field == field == max(extents), layer


def test_squeeze_and_attention_and_global_pooling_see_the_whole_image() -> None:
    rows = rows_of("mobilenet_v3_small")
    assert rows["features.0.0"].receptive_field == 3
    assert rows["features.2.block.0.0"].receptive_field is None
    assert rows_of("resnet18")["avgpool"].receptive_field is None
    tokens = rows_of("vit_b_32")
    assert tokens["encoder.layers.encoder_layer_0.ln_1"].receptive_field == 32
    assert tokens["encoder.layers.encoder_layer_0.self_attention"].receptive_field is None
