"""Networks from rows: heads, frozen parts, weights that fit and weights that do not."""

from __future__ import annotations

import dataclasses
import functools
import os
from pathlib import Path

import pytest
import safetensors.torch
import torch
import torchvision
from torch import nn

from engine.errors import ThawError, WeightsError
from engine.models.blocks import block_of, in_block, trainable_layers
from engine.models.build import (
    Classifier,
    build,
    build_pretrained,
    final_linear,
    head_path,
    load_backbone,
    read_state_dict,
)
from engine.models.catalog import CATALOG, Head, ModelSpec, find_model
from engine.models.freezing import auxiliary_classifiers, owners, set_trainable
from engine.models.heads import HEADS, HeadKind, describe_head
from tests.shared_data import shared

SPECS = pytest.mark.parametrize("spec", CATALOG.values(), ids=CATALOG)
FAMILIES = list({(spec.source, spec.family): spec for spec in CATALOG.values() if spec.flops < 2e10}.values())


@functools.cache
def without_values(name: str) -> nn.Module:
    """The network of a row with a head for three classes, on the meta device."""
    with torch.device("meta"):
        return build(CATALOG[name], 3)


def parameters_of(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


NOT_AS_PUBLISHED = {
    "googlenet": "torchvision does not count the auxiliary classifiers, which Thaw trains",
    "maxvit_t": "torchvision's head has no bias, Thaw's has",
}


@SPECS
def test_parameters_are_those_published(spec: ModelSpec) -> None:
    """With a head for as many classes as were published: 1,000 of ImageNet, 10 of Thaw's own networks."""
    network = without_values(spec.name)
    heads = [network.get_submodule(path) for path in (head_path(spec), *spec.head.auxiliary)]
    assert all(isinstance(head, nn.Linear) and head.out_features == 3 for head in heads)
    classes = 10 if spec.source in ("thaw", "rows") else 1000
    missing = sum((head.in_features + 1) * (classes - 3) for head in heads)  # type: ignore[operator]
    counted = parameters_of(network) + int(missing)
    if spec.name == "googlenet":
        counted -= sum(parameters_of(network.get_submodule(name)) for name in ("aux1", "aux2"))
        counted -= sum((head.in_features + 1) * (classes - 3) for head in heads[1:])  # type: ignore[operator]
    elif spec.name == "maxvit_t":
        counted -= classes
    assert counted == spec.parameters
    assert (counted != parameters_of(network) + missing) == (spec.name in NOT_AS_PUBLISHED)


@SPECS
def test_every_layer_lies_in_one_block_and_the_head_in_the_last(spec: ModelSpec) -> None:
    network = without_values(spec.name)
    auxiliary = auxiliary_classifiers(network)
    numbers = {name: block_of(name, spec.blocks) for name in owners(network)}
    assert set(numbers.values()) == set(range(len(spec.blocks)))
    called = [number for name, number in numbers.items() if not name.startswith((*auxiliary, "conv_proj"))]
    assert called == sorted(called), "blocks are in execution order"
    assert numbers[head_path(spec)] == len(spec.blocks) - 1
    assert spec.last_blocks < len(spec.blocks)
    if spec.maps:
        network.get_submodule(spec.maps)


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


@pytest.mark.parametrize("spec", FAMILIES, ids=lambda spec: spec.name)
@pytest.mark.parametrize("reach", ["head", "last-blocks", "all"])
def test_what_is_frozen_has_no_gradient_and_is_in_eval_mode(spec: ModelSpec, reach: str) -> None:
    network = without_values(spec.name).train()
    layers = owners(network)
    names = trainable_layers(layers, spec.blocks, spec.last_blocks, reach)  # type: ignore[arg-type]
    set_trainable(network, names)
    for name in layers:
        module = network.get_submodule(name)
        holds = any(one == name or one.startswith(f"{name}." if name else "") for one in names)
        assert module.training == holds, name  # what holds layers that train is not all frozen
        assert all(p.requires_grad == (name in names) for p in module.parameters(recurse=False)), name
    first = block_of(names[0], spec.blocks)
    random = (nn.Dropout, torchvision.ops.StochasticDepth)
    for name, module in network.named_modules():
        placed = any(in_block(name, block) for block in spec.blocks)
        if isinstance(module, random) and placed and block_of(name, spec.blocks) < first:
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


@pytest.mark.parametrize(
    ("affine", "statistics", "frozen_scale", "trained_scale", "trained_statistics"),
    [
        ("follow", "follow", False, True, True),
        ("frozen", "follow", False, False, True),
        ("trained", "follow", True, True, True),
        ("follow", "frozen", False, True, False),
        ("trained", "frozen", True, True, False),
    ],
)
def test_the_switches_of_batch_norm(
    affine: str, statistics: str, frozen_scale: bool, trained_scale: bool, trained_statistics: bool
) -> None:
    """`layer4` trains, `layer1` does not: statistics of the frozen part never move, whatever the switches say."""
    network = build(find_model("resnet18"), 2).train()
    names = [name for name in owners(network) if name.startswith(("layer4", "fc"))]
    set_trainable(network, names, norm_affine=affine, norm_statistics=statistics)
    frozen, trained = network.get_submodule("layer1.0.bn1"), network.get_submodule("layer4.0.bn1")
    assert [frozen.weight.requires_grad, trained.weight.requires_grad] == [frozen_scale, trained_scale]  # type: ignore[union-attr]
    assert [frozen.training, trained.training] == [False, trained_statistics]
    assert network.get_submodule("layer4.0.conv1").weight.requires_grad  # type: ignore[union-attr]
    assert not network.get_submodule("layer1.0.conv1").weight.requires_grad  # type: ignore[union-attr]


def test_auxiliary_classifiers_answer_while_their_blocks_train_and_at_no_other_time() -> None:
    spec = find_model("googlenet")
    classifier = Classifier(build(spec, 4), spec)
    photos = torch.zeros(2, 64, 64, 3, dtype=torch.uint8)
    layers = owners(classifier.network)

    def answers(first: int) -> int:
        classifier.train()
        set_trainable(classifier.network, [name for name in layers if block_of(name, spec.blocks) >= first])
        answer = classifier(photos)
        assert isinstance(answer, torch.Tensor) or all(one.shape == (2, 4) for one in answer)
        return 0 if isinstance(answer, torch.Tensor) else len(answer) - 1

    first, second = (block_of(name, spec.blocks) for name in ("aux1", "aux2"))
    assert [answers(0), answers(first + 1), answers(second + 1), answers(len(spec.blocks) - 1)] == [2, 1, 0, 0]
    answers(0)
    assert isinstance(classifier.eval()(photos), torch.Tensor)


def test_what_the_root_module_owns_is_frozen_and_trained_like_any_layer() -> None:
    """ViT's class token belongs to no layer: its owner is the network itself, whose name is empty."""
    network = without_values("vit_b_16")
    assert "" in owners(network)
    set_trainable(network, ["heads.head"])
    assert not network.class_token.requires_grad  # type: ignore[union-attr]
    set_trainable(network, ["", "heads.head"])
    assert network.class_token.requires_grad and not network.conv_proj.weight.requires_grad  # type: ignore[union-attr]


# --- heads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_0", "resnetv2_50"])
def test_a_head_is_what_its_row_describes(name: str, kind: HeadKind) -> None:
    """In the place of a linear layer, of a convolution before the pooling, and of one after it."""
    spec = find_model(name)
    with torch.device("meta"):
        network = build(spec, 7, kind.name, 32, 0.25).eval()
        answer = network(torch.zeros(2, 3, 64, 64))
    assert answer.shape == (2, 7)
    head = network.get_submodule(head_path(spec))
    layers = list(head) if isinstance(head, nn.Sequential) else [head]
    described = list(describe_head(kind, spec.head.features, 7, 32))
    assert [(type(layer).__name__, parameters_of(layer)) for layer in layers] == [
        (one.type, one.parameters) for one in described
    ]
    assert final_linear(network, spec) is layers[-1] and described[-1].outputs == 7
    assert all(layer.p == 0.25 for layer in layers if isinstance(layer, nn.Dropout))


def test_an_unknown_head_is_a_sentence() -> None:
    with pytest.raises(ThawError, match="no head named “svm”; the heads are linear"):
        build(find_model("lenet5"), 2, "svm")


def test_a_row_whose_head_is_not_in_the_network_is_a_sentence() -> None:
    spec = find_model("resnet18")
    with pytest.raises(ThawError, match="ResNet-18 has no layer “classifier”"):
        build(dataclasses.replace(spec, head=Head("classifier", "linear", 512)), 2)
    with pytest.raises(ThawError, match="is Linear with 512 features, not 100"):
        build(dataclasses.replace(spec, head=Head("fc", "linear", 100)), 2)


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
