"""Every row of the catalog does what a row must: build, take a new head, freeze by blocks, train a step without moving
what is frozen, and become one ONNX file that answers as the network does.

The row with the fewest multiply-adds of each family and library is in the short tier, unless its export alone takes
more than ten seconds; all others are long. Tracing for ONNX takes most of the time and one core, so the rows are
checked in two processes.
"""

from __future__ import annotations

import copy
import hashlib
import multiprocessing
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import groupby
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.export.map_head import map_head
from engine.export.onnx import export_onnx, output_names
from engine.models.blocks import block_of
from engine.models.build import Classifier, build, final_linear, head_path
from engine.models.catalog import CATALOG, LARGEST_BYTES, ModelSpec
from engine.models.freezing import auxiliary_classifiers, owners, set_trainable

CLASSES, PHOTOS = 5, 2
PARITY = 1e-4
WHOLE_MAP = {"AlexNet", "LeNet", "VGG"}  # their heads have a weight for each place
NOT_AVERAGED = ("convnext", "maxvit", "mobilenet_v3")  # between pooling and last layer lies a norm or another layer
SETTLING = 16  # photos of which norms take their statistics; of two, they would be nearly chance


def family_of(spec: ModelSpec) -> tuple[str, str]:
    return spec.source, spec.family


def exportable() -> list[ModelSpec]:
    return [spec for spec in CATALOG.values() if 4 * spec.parameters <= LARGEST_BYTES]


SMALLEST = {
    min(rows, key=lambda spec: spec.flops).name
    for _, rows in groupby(sorted(exportable(), key=family_of), key=family_of)
}
SLOW = {"maxvit_t", "swin_v2_t", "efficientnet_v2_s", "vit_b_32", "vgg11", "wide_resnet50_2"}
ROWS = [
    pytest.param(spec, id=spec.name, marks=() if spec.name in SMALLEST - SLOW else pytest.mark.long)
    for spec in exportable()
]


def photos_for(size: int, count: int = PHOTOS) -> Tensor:
    """Coarse patterns of colour with noise, unlike each other: norms cannot tell pictures apart that are all noise."""
    random = np.random.default_rng(0)
    colours = torch.from_numpy(random.integers(0, 256, (SETTLING, 3, 4, 4)).astype(np.float32))
    noise = torch.from_numpy(random.normal(0, 20, (SETTLING, 3, size, size)).astype(np.float32))
    photos = (F.interpolate(colours, size=(size, size)) + noise).clamp(0, 255).to(torch.uint8)
    return photos[:count].permute(0, 2, 3, 1).contiguous()


def exported_size(spec: ModelSpec) -> int:
    """At the smallest sizes the last maps are one pixel, and a norm of 16 numbers is chance."""
    return spec.input_size if spec.fixed_size else max(spec.smallest_size, 64)


def digests(network: nn.Module) -> dict[str, str]:
    """A hash of each parameter and buffer."""
    return {
        name: hashlib.blake2b(tensor.detach().contiguous().numpy().tobytes()).hexdigest()
        for name, tensor in [*network.named_parameters(), *network.named_buffers()]
    }


def train_a_step(classifier: Classifier, photos: Tensor) -> int:
    """One step of SGD; returns how many auxiliary classifiers took part."""
    answer = classifier(photos)
    logits, *auxiliary = answer if isinstance(answer, tuple) else (answer,)
    labels = torch.arange(PHOTOS) % CLASSES
    losses = [F.cross_entropy(logits, labels)]
    losses += [classifier.auxiliary_weight * F.cross_entropy(one, labels) for one in auxiliary]
    torch.stack(losses).sum().backward()
    trained = [parameter for parameter in classifier.parameters() if parameter.requires_grad]
    torch.optim.SGD(trained, lr=1e-3).step()
    return len(auxiliary)


@pytest.fixture(scope="module")
def checks(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[None]]]:
    """By name, the check of each row that is asked for, under way."""
    asked = [item.callspec.params["spec"].name for item in request.session.items if CHECK in item.name]  # type: ignore[attr-defined]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield {name: pool.submit(check, name) for name in asked}
        pool.shutdown(cancel_futures=True)


CHECK = "test_a_row_trains_frozen_and_exports"


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("spec", ROWS)
def test_a_row_trains_frozen_and_exports(spec: ModelSpec, checks: dict[str, Future[None]]) -> None:
    checks[spec.name].result()


def check(name: str) -> None:
    """Raises AssertionError for what a row does not do; in a process of its own."""
    spec = CATALOG[name]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = build(spec, CLASSES)
    assert final_linear(network, spec).out_features == CLASSES
    chosen = {
        name for name in owners(network) if block_of(name, spec.blocks) >= len(spec.blocks) - 1 - spec.last_blocks
    }
    classifier = Classifier(network, spec)
    settle_norms(classifier, spec)
    train_frozen(classifier, spec, chosen)
    settle_norms(classifier, spec)
    with torch.no_grad():
        assert classifier.eval()(photos_for(spec.smallest_size)).shape == (PHOTOS, CLASSES)
    with tempfile.TemporaryDirectory() as folder:
        compare_with_onnx(classifier, spec, Path(folder) / "model.onnx")


def train_frozen(classifier: Classifier, spec: ModelSpec, chosen: set[str]) -> None:
    """One step with only `chosen` trainable: nothing else moves, not by a bit."""
    network = classifier.network
    classifier.train()
    set_trainable(network, chosen)
    before = digests(network)
    took_part = train_a_step(classifier, photos_for(exported_size(spec)))
    alive = [name for name in auxiliary_classifiers(network) if any(one.startswith(name) for one in chosen)]
    assert took_part == len(alive)
    moved = {name for name, digest in digests(network).items() if digest != before[name]}
    assert {name.rpartition(".")[0] for name in moved} <= chosen, "something frozen moved"
    assert any(name.startswith(head_path(spec)) for name in moved), "the head did not train"


def settle_norms(classifier: Classifier, spec: ModelSpec) -> None:
    """Give batch norms the statistics of some photos, as training does: with those of a new network, numbers and
    gradients grow from block to block beyond all that a trained one gives."""
    norms = [module for module in classifier.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
    if norms:
        with torch.no_grad():
            classifier.train()(photos_for(exported_size(spec), SETTLING))


def compare_with_onnx(classifier: Classifier, spec: ModelSpec, path: Path) -> None:
    classifier.eval()
    export_onnx(classifier, spec, exported_size(spec), path)
    photos = photos_for(exported_size(spec))
    with torch.no_grad():
        expected = classifier(photos).numpy()
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = output_names(spec)
    for batch in (photos, photos[:1]):
        found = dict(zip(names, session.run(list(names), {"photos": batch.numpy()}), strict=True))
        off = np.abs(found["logits"] - expected[: len(batch)]).max()
        allowed = PARITY if off <= PARITY else max(PARITY, 4 * rounding(classifier, photos, expected))
        assert off <= allowed, f"the file's logits are off by {off}, of up to {np.abs(expected).max()}"
        assert found["features"].shape == (len(batch), spec.head.features)
        if spec.maps:
            assert found["maps"].ndim == 4 and found["maps"].shape[2] == found["maps"].shape[3]
    check_head(spec, path, found)


def check_head(spec: ModelSpec, path: Path, found: dict[str, np.ndarray]) -> None:
    """The network's end answers for single places of the last feature map, where the architecture allows it."""
    head = map_head(path)
    assert (head is not None) == (bool(spec.maps) and spec.family not in WHOLE_MAP)
    if head is None:
        return
    assert len(head) < path.stat().st_size / 2
    session, maps = onnxruntime.InferenceSession(head, providers=["CPUExecutionProvider"]), found["maps"]
    places = np.concatenate([one.reshape(len(one), -1).T for one in maps])[:, :, None, None]
    (by_place,) = session.run(None, {"maps": places})
    assert by_place.shape == (len(places), CLASSES) and np.isfinite(by_place).all()
    if not spec.name.startswith(NOT_AVERAGED):
        mean = by_place.reshape(len(maps), -1, CLASSES).mean(1)
        np.testing.assert_allclose(mean, found["logits"], atol=1e-4 * max(1, np.abs(by_place).max()))


def rounding(classifier: Classifier, photos: Tensor, expected: np.ndarray) -> float:
    """How far torch's own logits are from those in double precision: a hundred layers of random weights lose more than
    `PARITY` of them, trained ones do not."""
    exact = copy.deepcopy(classifier.network).double()
    with torch.no_grad():
        logits = exact(classifier.normalised(photos).double())
    return float(np.abs(logits.numpy() - expected).max())


@pytest.mark.parametrize("name", [spec.name for spec in CATALOG.values() if spec not in exportable()])
def test_what_is_too_large_is_built_and_frozen_all_the_same(name: str) -> None:
    """Such a row is there to be looked at; training it is refused by `check_exportable`."""
    spec = CATALOG[name]
    with torch.device("meta"):
        network = build(spec, CLASSES)
    set_trainable(network, [head_path(spec)])
    assert [name for name, one in network.named_parameters() if one.requires_grad] == [
        f"{head_path(spec)}.weight",
        f"{head_path(spec)}.bias",
    ]
