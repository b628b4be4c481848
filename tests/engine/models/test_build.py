"""Networks from rows: heads, frozen parts, weights that fit and weights that do not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import safetensors.torch
import torch
import torchvision
from torch import nn

from engine.errors import WeightsError
from engine.models.build import (
    Classifier,
    build,
    build_pretrained,
    head_path,
    load_backbone,
    owners,
    read_state_dict,
    set_trainable,
)
from engine.models.catalog import CATALOG, ModelSpec, find_model
from engine.models.strategies import block_of, in_block, trainable_layers
from tests.shared_data import shared

SPECS = pytest.mark.parametrize("spec", CATALOG.values(), ids=CATALOG)


def parameters_of(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@SPECS
def test_the_row_tells_the_truth(spec: ModelSpec) -> None:
    """Parameters, head and pooled features of the row are those of the network itself."""
    with torch.device("meta"):
        network = build(spec, 3)
        whole = torchvision.models.get_model(spec.name) if spec.source == "torchvision" else build(spec, 10)
    assert parameters_of(whole) == spec.parameters
    head = network.get_submodule(head_path(spec))
    assert isinstance(head, nn.Linear)
    assert (head.in_features, head.out_features) == (spec.head.features, 3)
    if spec.maps:
        network.get_submodule(spec.maps)


@SPECS
def test_official_sources_are_torchvisions(spec: ModelSpec) -> None:
    if spec.source != "torchvision":
        assert not spec.weights
        return
    published = {
        row.url: row.meta["_metrics"]["ImageNet-1K"]["acc@1"] for row in torchvision.models.get_model_weights(spec.name)
    }
    assert {source.url: round(100 * source.imagenet_top1, 3) for source in spec.weights} == published
    assert [s.imagenet_top1 for s in spec.weights] == sorted((s.imagenet_top1 for s in spec.weights), reverse=True)


@SPECS
def test_every_layer_lies_in_one_block_and_the_head_in_the_last(spec: ModelSpec) -> None:
    with torch.device("meta"):
        network = build(spec, 2)
    numbers = [block_of(name, spec.blocks) for name in owners(network)]
    assert set(numbers) == set(range(len(spec.blocks)))
    assert numbers == sorted(numbers), "blocks are in execution order"
    assert block_of(head_path(spec), spec.blocks) == len(spec.blocks) - 1


@SPECS
def test_output_shape_with_any_batch(spec: ModelSpec) -> None:
    classifier = Classifier(build(spec, 4), spec).eval()
    size = spec.input_size if spec.fixed_size else max(spec.smallest_size, 64)
    with torch.no_grad():
        assert classifier(torch.zeros(3, size, size, 3, dtype=torch.uint8)).shape == (3, 4)


def test_preprocessing_is_torchvisions() -> None:
    spec = find_model("resnet18")
    pixels = torch.randint(0, 256, (2, 8, 8, 3), dtype=torch.uint8)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (spec.mean, spec.std))
    expected = (pixels.permute(0, 3, 1, 2) / 255 - mean) / std
    assert torch.allclose(Classifier(nn.Identity(), spec).normalised(pixels), expected, atol=1e-6)


def test_grey_is_made_in_the_graph() -> None:
    spec = find_model("lenet5")
    pixels = torch.zeros(1, 1, 2, 3, dtype=torch.uint8)
    pixels[0, 0, 1] = torch.tensor([255, 255, 255])
    grey = Classifier(nn.Identity(), spec).normalised(pixels)
    assert grey.shape == (1, 1, 1, 2)
    assert torch.allclose(grey.flatten(), torch.tensor([-1.0, 1.0]), atol=1e-5)


# --- freezing ----------------------------------------------------------------------------------------------------


@SPECS
@pytest.mark.parametrize("reach", ["head", "last-blocks", "all"])
def test_what_is_frozen_has_no_gradient_and_is_in_eval_mode(spec: ModelSpec, reach: str) -> None:
    network = build(spec, 2).train()
    layers = owners(network)
    names = trainable_layers(layers, spec.blocks, spec.last_blocks, reach)  # type: ignore[arg-type]
    set_trainable(network, names)
    for name in layers:
        module = network.get_submodule(name)
        assert module.training == (name in names), name
        assert all(p.requires_grad == (name in names) for p in module.parameters(recurse=False)), name
    first = block_of(names[0], spec.blocks)
    random = (nn.Dropout, torchvision.ops.StochasticDepth)
    for name, module in network.named_modules():
        if isinstance(module, random) and any(in_block(name, block) for block in spec.blocks[:first]):
            assert not module.training, f"{name} draws at random in the frozen part"


def test_dropout_before_a_trainable_head_drops_and_deeper_dropout_does_not() -> None:
    spec = find_model("mobilenet_v3_small")  # Linear, Hardswish, Dropout, Linear
    network = build(spec, 2).train()
    set_trainable(network, ["classifier.3"])
    assert network.get_submodule("classifier.2").training
    alexnet = torchvision.models.alexnet(weights=None).train()  # Dropout, Linear, ReLU, Dropout, Linear, ReLU, Linear
    set_trainable(alexnet, ["classifier.6"])
    assert not alexnet.classifier[0].training and not alexnet.classifier[3].training


def test_a_frozen_stochastic_depth_before_a_trainable_block_is_still() -> None:
    network = build(find_model("efficientnet_b0"), 2).train()
    set_trainable(network, [name for name in owners(network) if name.startswith(("features.8", "classifier"))])
    assert not any(module.training for name, module in network.named_modules() if name.startswith("features.7"))


# --- weights -----------------------------------------------------------------------------------------------------


def test_own_files_in_every_accepted_form(tmp_path: Path) -> None:
    spec = find_model("squeezenet1_0")
    state = torchvision.models.squeezenet1_0(weights=None).state_dict()
    wrapped = {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}, "epoch": 3}
    torch.save(state, tmp_path / "plain.pth")
    torch.save(wrapped, tmp_path / "wrapped.pth")
    safetensors.torch.save_file(state, tmp_path / "own.safetensors")
    for name in ("plain.pth", "wrapped.pth", "own.safetensors"):
        network = build_pretrained(spec, 2, tmp_path / name)
        assert torch.equal(network.get_submodule("features.0").weight, state["features.0.weight"])  # type: ignore[arg-type]


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {Path(__file__).parent / 'exploded'}",)


def test_a_pickle_that_runs_code_is_refused_and_does_not_run(tmp_path: Path) -> None:
    torch.save({"weight": Bomb()}, tmp_path / "bomb.pth")
    with pytest.raises(WeightsError, match="could run code"):
        read_state_dict(tmp_path / "bomb.pth")
    assert not (Path(__file__).parent / "exploded").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"no weights at all" * 9])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_damage_is_a_sentence(tmp_path: Path, content: bytes, suffix: str) -> None:
    (tmp_path / f"bad{suffix}").write_bytes(content)
    with pytest.raises(WeightsError):
        read_state_dict(tmp_path / f"bad{suffix}")


@pytest.mark.parametrize("whole", [[1, 2], {}, {"weight": 3}, torch.zeros(2)])
def test_a_file_without_named_tensors_is_refused(tmp_path: Path, whole: object) -> None:
    torch.save(whole, tmp_path / "odd.pth")
    with pytest.raises(WeightsError, match="no state dict"):
        read_state_dict(tmp_path / "odd.pth")


def test_weights_of_another_architecture_are_named() -> None:
    spec = find_model("resnet18")
    state = torchvision.models.resnet50(weights=None).state_dict()
    with pytest.raises(WeightsError, match=r"file\.pth does not fit ResNet-18: .* layer1\.0\.conv1\.weight"):
        load_backbone(build(spec, 2), spec, state, "file.pth")


@pytest.mark.parametrize("name", ["resnet18-f37072fd.pth", "resnet18-5c106cde.pth", "vit4mnist.ptl"])
def test_broken_uploads_are_refused(name: str) -> None:
    with pytest.raises(WeightsError):
        build_pretrained(find_model("resnet18"), 2, shared(f"weights/broken/{name}"))


def test_cifar_resnets_fit_nothing_here() -> None:
    path = shared("weights/cifar10-resnet/resnet20-12fca82f.th")
    with pytest.raises(WeightsError, match="does not fit"):
        build_pretrained(find_model("resnet18"), 2, path)


@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_0"])
def test_real_weights_are_read_whole(name: str) -> None:
    path = shared(f"weights/{name}.pth")
    network = build_pretrained(find_model(name), 2, path)
    state, head = read_state_dict(path), head_path(find_model(name)).rpartition(".")[0]
    kept = [key for key in network.state_dict() if not key.startswith(head) and not key.endswith("num_batches_tracked")]
    assert kept and all(torch.equal(network.state_dict()[key], state[key].float()) for key in kept)
