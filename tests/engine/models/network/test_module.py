"""Networks from rows: their first weights, their names, and what becomes of them in a model file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import assume, given, settings
from torch import nn

from engine.export.onnx import export_onnx
from engine.models.build import Classifier
from engine.models.freezing import owners
from engine.models.lenet import LeNet5
from engine.models.network.arithmetic import analyse
from engine.models.network.module import ChannelNorm, build_rows, fans
from engine.models.network.presets import LENET5, PRESETS
from engine.models.network.rows import (
    Activation,
    Conv,
    Dropout,
    Flatten,
    GlobalPooling,
    Initialisation,
    Linear,
    Network,
    NetworkRow,
    Norm,
    Pooling,
    Residual,
    SpatialDropout,
    SqueezeExcitation,
)
from engine.models.network.spec import spec_of
from tests.engine.models.network.random_rows import FUNCTIONS, networks


def everything() -> Network:
    """Every kind of row, every norm, every activation, every pooling, in one network."""
    norms: Sequence[NetworkRow] = [
        Norm(over=over, groups=4) for over in ("batch", "layer", "instance", "group", "none")
    ]
    bends: Sequence[NetworkRow] = [Activation(function=function) for function in FUNCTIONS]
    rows: list[NetworkRow] = [Conv(channels=8)]
    for norm, bend in zip([*norms, *norms[:3]], bends, strict=True):
        rows += [Conv(channels=8, groups=2, bias=False), norm, bend]
    rows += [
        Residual(rows=(Conv(channels=12, stride=2, dilation=2, padding=2), Norm(), SqueezeExcitation(reduction=4))),
        Pooling(how="max"),
        Pooling(how="average", size=3, stride=1),
        Pooling(how="strided", size=2, stride=1),
        SpatialDropout(),
        Flatten(),
        Residual(rows=(Linear(units=10), Norm(over="layer"))),
        Dropout(),
    ]
    return Network(title="Everything", input_size=24, channels=3, rows=tuple(rows))


def check_export(network: Network, path: Path, names: tuple[str, ...] = ("logits", "features")) -> None:
    spec = spec_of(network, "drawn")
    torch.manual_seed(0)
    classifier = Classifier(build_rows(network, 5), spec).eval()
    export_onnx(classifier, spec, network.input_size, path)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    assert [output.name for output in session.get_outputs()] == list(names)
    pixels = np.random.default_rng(0).integers(0, 256, (3, network.input_size, network.input_size, 3), np.uint8)
    logits, features = session.run(["logits", "features"], {"photos": pixels})
    with torch.no_grad():
        expected = classifier(torch.from_numpy(pixels)).numpy()
    np.testing.assert_allclose(logits, expected, atol=1e-4 * max(1.0, float(np.abs(expected).max())))
    assert features.shape == (3, spec.head.features)


@pytest.mark.long
def test_every_kind_of_row_becomes_a_model_file(tmp_path: Path) -> None:
    check_export(everything(), tmp_path / "model.onnx", ("logits", "features", "maps"))


def test_a_network_with_maps_becomes_a_model_file(tmp_path: Path) -> None:
    block = Residual(rows=(Conv(channels=8, stride=2), Norm(over="layer"), SqueezeExcitation(reduction=2)))
    network = Network(
        title="Block", input_size=16, channels=3, rows=(block, Activation(function="gelu"), GlobalPooling())
    )
    check_export(network, tmp_path / "model.onnx", ("logits", "features", "maps"))


def test_a_network_without_maps_becomes_a_model_file(tmp_path: Path) -> None:
    check_export(PRESETS["mlp"], tmp_path / "model.onnx")


@pytest.mark.long
@settings(max_examples=8, deadline=None)
@given(networks())
def test_any_network_becomes_a_model_file(tmp_path_factory: pytest.TempPathFactory, network: Network) -> None:
    assume(not analyse(network).refusal)
    names = ("logits", "features", "maps") if spec_of(network, "drawn").maps else ("logits", "features")
    check_export(network, tmp_path_factory.mktemp("drawn") / "model.onnx", names)


def test_names_say_what_a_layer_is() -> None:
    names = [name for name, _ in build_rows(PRESETS["small_residual"], 2).named_modules()]
    assert names[:10] == [
        *("", "conv1", "norm1", "relu1"),
        *("residual1", "residual1.conv1", "residual1.norm1", "residual1.relu1", "residual1.conv2", "residual1.norm2"),
    ]
    assert {"residual2.skip", "global_pool1.pool", "head"} < set(names)


def test_lenet5_from_rows_is_the_catalogs() -> None:
    ours, catalogs = build_rows(LENET5, 10), LeNet5()
    assert [p.shape for p in ours.parameters()] == [p.shape for p in catalogs.parameters()]
    for own, other in zip(ours.parameters(), catalogs.parameters(), strict=True):
        own.data.copy_(other.data)
    pixels = torch.rand(2, 1, 28, 28)
    assert torch.equal(ours(pixels), catalogs(pixels))


def test_layer_norm_is_over_the_channels_of_each_pixel() -> None:
    maps = torch.rand(2, 16, 5, 7) * 3 + 1
    normed = ChannelNorm(16)(maps)
    assert torch.allclose(normed.mean(1), torch.zeros(2, 5, 7), atol=1e-5)
    assert torch.allclose(normed.var(1, unbiased=False), torch.ones(2, 5, 7), atol=1e-3)


@pytest.mark.parametrize("initialisation", ["he-normal", "he-uniform", "xavier-normal", "xavier-uniform"])
def test_first_weights_are_torchs_own(initialisation: Initialisation) -> None:
    """The same draws as nn.init where there are no groups, which it does not know."""
    rows = (Conv(channels=64), Residual(rows=(Conv(channels=32, stride=2),)), Flatten(), Linear(units=300))
    network = Network(title="First", input_size=16, channels=3, initialisation=initialisation, rows=rows)
    torch.manual_seed(3)
    built = build_rows(network, 2)
    weighed = [module for name, module in built.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)][:-1]
    assert len(weighed) == 4
    kind, _, shape = initialisation.partition("-")
    draw = getattr(nn.init, f"{'kaiming' if kind == 'he' else 'xavier'}_{shape}_")
    for module in weighed:
        mode = "fan_in" if isinstance(module, nn.Linear) else "fan_out"
        options = {"mode": mode, "nonlinearity": "relu"} if kind == "he" else {}
        expected = draw(torch.empty_like(module.weight), **options)
        tolerance = {"rel": 0.1} if module.weight.numel() < 5000 else {"rel": 0.05}
        assert float(module.weight.detach().std()) == pytest.approx(float(expected.std()), **tolerance)
        assert float(module.weight.detach().abs().max()) == pytest.approx(float(expected.abs().max()), rel=0.4)
        assert module.bias is None or not module.bias.any()


def test_the_fans_of_a_grouped_convolution_are_those_of_a_group() -> None:
    assert fans(nn.Conv2d(32, 64, 3)) == (288, 576)
    assert fans(nn.Conv2d(32, 64, 3, groups=32)) == (9, 18)
    assert fans(nn.Linear(7, 5)) == (7, 5)


@pytest.mark.parametrize("network", [*PRESETS.values(), everything()], ids=[*PRESETS, "everything"])
def test_blocks_hold_every_layer_in_order_and_end_with_the_head(network: Network) -> None:
    spec = spec_of(network, "drawn")
    built = build_rows(network, 2)
    prefixes = [prefix for block in spec.blocks for prefix in block]
    in_order = dict.fromkeys(owner.partition(".")[0] for owner in owners(built))
    assert prefixes == list(in_order)
    assert spec.blocks[-1] == ("head",)
    assert spec.head.features == built.get_submodule("head").in_features
    assert spec.parameters == sum(p.numel() for p in build_rows(network, 10).parameters())


def test_only_what_takes_any_size_says_so() -> None:
    sizes = {name: (spec.fixed_size, spec.smallest_size) for name, spec in specs().items()}
    assert sizes == {"mlp": (True, 28), "lenet5": (True, 28), "small_vgg": (True, 28), "small_residual": (False, 16)}
    built = build_rows(PRESETS["small_residual"], 2).eval()
    for size in range(16, 34):
        assert built(torch.zeros(1, 1, size, size)).shape == (1, 2)
    even = Residual(rows=(Conv(channels=4, kernel=2, stride=2, padding=0),))  # 15 pixels become 7, and 8 by the skip
    rows: tuple[NetworkRow, ...] = (even, GlobalPooling())
    assert spec_of(Network(title="Even", input_size=32, channels=1, rows=rows), "even").fixed_size


def specs() -> dict[str, object]:
    return {name: spec_of(network, name) for name, network in PRESETS.items()}


def test_the_map_for_heatmaps_is_the_last_before_pooling() -> None:
    assert {name: spec.maps for name, spec in specs().items()} == {
        "mlp": "",
        "lenet5": "conv2",
        "small_vgg": "relu6",
        "small_residual": "relu4",
    }
