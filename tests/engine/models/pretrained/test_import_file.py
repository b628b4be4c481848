"""A file of one's own: read without running it, matched, reported, kept; and what is no such file, refused."""

from __future__ import annotations

import argparse
import hashlib
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
import torchvision
from torch import Tensor

from engine.errors import WeightsError
from engine.events import WeightsImported
from engine.models.build import build, build_pretrained, load_backbone
from engine.models.catalog import find_model
from engine.models.pretrained import weights
from engine.models.pretrained.import_file import import_weights
from engine.models.pretrained.match import TIMM_FORMS
from engine.models.pretrained.state_file import read_state_dict, read_state_file
from engine.models.pretrained.words import findings, headline
from tests.shared_data import shared

State = dict[str, Tensor]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No folder of this machine takes part."""
    monkeypatch.setattr(weights, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("THAW_WEIGHTS_DIR", raising=False)
    return tmp_path / "cache"


MODEL = "shufflenet_v2_x0_5"
"""A small one of the usual kind."""
CHANGED, SHAPE = "conv1.0.weight", (24, 3, 3, 3)


@pytest.fixture(scope="module")
def state() -> State:
    """The model with five classes, every tensor of its own."""
    torch.manual_seed(0)
    return torchvision.models.get_model(MODEL, weights=None, num_classes=5).state_dict()


def wanted(state: State) -> int:
    """How many tensors its backbone has."""
    return sum(not (name.startswith("fc.") or name.endswith("num_batches_tracked")) for name in state)


def imported(path: Path, model: str | None = None, **options: bool) -> WeightsImported:
    last = list(import_weights(path, model, **options))[-1]
    assert isinstance(last, WeightsImported)
    return last


def backbone_of(path: Path, name: str, head: str) -> State:
    state = build_pretrained(find_model(name), 2, path).state_dict()
    return {key: value for key, value in state.items() if not key.startswith(head)}


def assert_same(kept: State, state: State) -> None:
    assert kept and all(torch.equal(value, state[key]) for key, value in kept.items())


# --- what is read


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".th", ".bin", ".ckpt"])
def test_a_state_dict_by_any_name(tmp_path: Path, suffix: str, state: State) -> None:
    torch.save(state, tmp_path / f"mine{suffix}")
    assert_same(read_state_dict(tmp_path / f"mine{suffix}"), state)


def test_the_bytes_say_what_a_file_is_and_not_its_name(tmp_path: Path, state: State) -> None:
    safetensors.torch.save_file(state, tmp_path / "mine.pth")
    torch.save(state, tmp_path / "old.bin", _use_new_zipfile_serialization=False)
    for name in ("mine.pth", "old.bin"):
        assert_same(read_state_dict(tmp_path / name), state)
    (tmp_path / "old.bin").rename(tmp_path / "old.safetensors")
    with pytest.raises(WeightsError, match=r"rename it to \.pth"):
        read_state_dict(tmp_path / "old.safetensors")


@pytest.mark.parametrize(
    "nest", ["state_dict", "model", "model_state_dict", "model_ema", "state_dict_ema", "net", "teacher"]
)
def test_a_checkpoint_is_opened_to_its_weights(tmp_path: Path, nest: str) -> None:
    checkpoint = {
        "epoch": 3,
        "optimizer": {"state": {}},
        nest: {"a.weight": torch.ones(2)},
        "args": argparse.Namespace(lr=1),
        "top1": 0.5,
    }
    torch.save(checkpoint | {"best": np.float64(0.5)}, tmp_path / "run.ckpt")
    found = read_state_file(tmp_path / "run.ckpt")
    assert list(found.tensors) == ["a.weight"] and found.within == nest


def test_averaged_weights_go_before_the_last_ones_and_nests_go_deep(tmp_path: Path) -> None:
    last, averaged = {"w": torch.zeros(2)}, {"w": torch.ones(2)}
    torch.save({"model": last, "model_ema": {"state_dict": averaged}}, tmp_path / "run.pth")
    found = read_state_file(tmp_path / "run.pth")
    assert found.within == "model_ema.state_dict" and torch.equal(found.tensors["w"], averaged["w"])


def test_tensors_that_were_saved_on_a_gpu_come_to_the_cpu(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(3)}, tmp_path / "cpu.pth")
    with zipfile.ZipFile(tmp_path / "cpu.pth") as source, zipfile.ZipFile(tmp_path / "gpu.pth", "w") as target:
        for member in source.infolist():  # as torch writes it on a machine that has one
            content = source.read(member)
            name = b"X\x03\x00\x00\x00cpu"
            target.writestr(member.filename, content.replace(name, b"X\x06\x00\x00\x00cuda:0"))
            assert not member.filename.endswith("data.pkl") or name in content
    (tensor,) = read_state_dict(tmp_path / "gpu.pth").values()
    assert tensor.device.type == "cpu" and torch.equal(tensor, torch.ones(3))


# --- what is refused


class Bomb:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.path}",)


def planted(tmp_path: Path, state: State) -> dict[str, Path]:
    """The same bomb in every coat that a torch file can have."""
    bomb = Bomb(tmp_path / "exploded")
    inside: Any = {"state_dict": state, "extra": bomb}
    files = {name: tmp_path / f"{name}.pth" for name in ("zip", "legacy", "pickle", "text_pickle", "nested")}
    torch.save(inside, files["zip"])
    torch.save(inside, files["legacy"], _use_new_zipfile_serialization=False)
    files["pickle"].write_bytes(pickle.dumps(bomb))
    files["text_pickle"].write_bytes(pickle.dumps(bomb, protocol=0))
    torch.save({"model": {"weight": torch.ones(2), "hook": [bomb]}}, files["nested"])
    return files


def test_a_pickle_bomb_is_refused_in_a_sentence_and_never_goes_off(tmp_path: Path, state: State) -> None:
    said: list[str] = []
    for path in planted(tmp_path, state).values():
        disguised = path.with_suffix(".safetensors")
        disguised.write_bytes(path.read_bytes())
        for target, model in ((path, None), (path, MODEL), (disguised, None)):
            with pytest.raises(WeightsError) as caught:
                list(import_weights(target, model))
            said.append(str(caught.value).removeprefix(str(target)))
    assert all(text.startswith(" ") and "\n" not in text for text in said), "each names its file, in one sentence"
    assert not (tmp_path / "exploded").exists()
    assert sum("posix.system" in text and "could run code" in text for text in said) == 6
    pickle.loads((tmp_path / "pickle.safetensors").read_bytes())
    assert (tmp_path / "exploded").exists(), "the bomb would have worked"


def test_a_whole_pickled_network_is_named(tmp_path: Path) -> None:
    torch.save(torchvision.models.squeezenet1_0(weights=None), tmp_path / "whole.pth")
    with pytest.raises(WeightsError, match=r"torchvision\.models\.squeezenet\.SqueezeNet.*save only the state dict"):
        list(import_weights(tmp_path / "whole.pth"))


def rewritten(path: Path, to: Path, compression: int) -> Path:
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(to, "w", compression) as target:
        for member in source.infolist():
            target.writestr(member.filename, source.read(member))
    return to


def test_a_file_that_unpacks_to_more_than_it_is_was_not_opened(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(5_000_000)}, tmp_path / "plain.pth")
    packed = rewritten(tmp_path / "plain.pth", tmp_path / "packed.pth", zipfile.ZIP_DEFLATED)
    assert packed.stat().st_size < 100_000
    with pytest.raises(WeightsError, match="more than its size allows"):
        list(import_weights(packed))


@pytest.mark.parametrize("new_format", [True, False])
def test_a_tensor_that_claims_a_size_it_has_not_is_refused(tmp_path: Path, new_format: bool) -> None:
    absurd = torch.zeros(1).expand(1_000_000, 1_000_000)  # 4 TB of one number
    torch.save({"w": absurd}, tmp_path / "absurd.pth", _use_new_zipfile_serialization=new_format)
    with pytest.raises(WeightsError, match="claims a size for “w”"):
        list(import_weights(tmp_path / "absurd.pth"))


def test_storage_that_is_shorter_than_its_tensor_is_refused(tmp_path: Path) -> None:
    torch.save({"w": torch.arange(1000.0)}, tmp_path / "plain.pth")
    with zipfile.ZipFile(tmp_path / "plain.pth") as source, zipfile.ZipFile(tmp_path / "short.pth", "w") as target:
        for member in source.infolist():
            content = source.read(member)
            target.writestr(member.filename, content[:8] if "/data/" in member.filename else content)
    with pytest.raises(WeightsError):
        list(import_weights(tmp_path / "short.pth"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS"),
        (b"PK\x03\x04" + bytes(500), "its end is missing"),
        (b"\x80\x02" + bytes(range(256)), "damaged"),
        (b"\xff\xff\xff\xff\xff\xff\xff\x7f{" + bytes(500), "damaged"),
        (b"words and no weights", "no file of weights"),
    ],
)
def test_what_is_no_weights_is_told_for_what_it_is(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "file.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=says):
        list(import_weights(path))


def test_a_truncated_file_is_refused_wherever_it_was_cut(tmp_path: Path) -> None:
    state = {"a": torch.ones(300), "b": torch.ones(300)}
    torch.save(state, tmp_path / "zip.pth")
    torch.save(state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    safetensors.torch.save_file(state, tmp_path / "file.safetensors")
    for name in ("zip.pth", "old.pth", "file.safetensors"):
        whole = (tmp_path / name).read_bytes()
        for share in (0.02, 0.3, 0.6, 0.9, 0.99):
            (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
            with pytest.raises(WeightsError):
                read_state_dict(tmp_path / name)


def test_a_folder_and_nothing_at_all_are_sentences_too(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone.pth"):
        with pytest.raises(WeightsError, match="cannot be read"):
            list(import_weights(path))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("resnet18-f37072fd.pth", "its end is missing"),
        ("resnet18-5c106cde.pth", "first torch versions"),
        ("vit4mnist.ptl", "TorchScript"),
    ],
)
def test_broken_uploads_are_refused_with_what_they_are(name: str, says: str) -> None:
    for model in (None, "resnet18"):
        with pytest.raises(WeightsError, match=says):
            list(import_weights(shared(f"weights/broken/{name}"), model))


# --- what fits


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "backbone.", "network.", "encoder.", "module.model."])
def test_what_wrappers_put_before_names_is_taken_off(tmp_path: Path, prefix: str, state: State) -> None:
    path = tmp_path / "wrapped.pth"
    torch.save({"state_dict": {prefix + name: value for name, value in state.items()}}, path)
    report = imported(path, MODEL, check=True)
    assert (report.fits, report.matched, report.prefix, report.within) == (True, wanted(state), prefix, "state_dict")
    assert (report.missing, report.unexpected, report.reshaped, report.classes) == ((), (), (), 5)
    assert_same(backbone_of(path, MODEL, "fc."), state)


def test_only_the_encoder_of_a_larger_whole_is_taken(tmp_path: Path, state: State) -> None:
    whole = {f"encoder_q.{name}": value for name, value in state.items() if not name.startswith("fc.")}
    whole |= {f"decoder.{name}": value for name, value in state.items()} | {"queue": torch.zeros(2, 2)}
    torch.save(whole, tmp_path / "moco.pth")
    report = imported(tmp_path / "moco.pth", MODEL, check=True)
    assert report.fits and report.prefix == "encoder_q." and report.classes is None
    assert "queue" in report.unexpected and len(report.unexpected) == len(state) + 1


def test_a_report_says_what_is_missing_unexpected_and_of_another_shape(tmp_path: Path, state: State) -> None:
    changed = state | {CHANGED: torch.zeros(24, 3, 1, 1), "extra.weight": torch.zeros(1)}
    del changed["conv5.1.bias"]
    torch.save(changed, tmp_path / "odd.pth")
    report = imported(tmp_path / "odd.pth", MODEL, check=True)
    assert not report.fits and (report.matched, report.wanted) == (wanted(state) - 2, wanted(state))
    assert report.missing == ("conv5.1.bias",) and report.unexpected == ("extra.weight",)
    assert report.reshaped == ((CHANGED, (24, 3, 1, 1), SHAPE),)
    text = " ".join((headline(report), *findings(report)))
    for words in (f"{wanted(state) - 2} of {wanted(state)}", "conv5.1.bias", "24×3×1×1 instead of 24×3×3×3"):
        assert words in text
    with pytest.raises(WeightsError, match=r"does not fit ShuffleNetV2 .* tensors match\. It was not taken"):
        imported(tmp_path / "odd.pth", MODEL)


@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_0"])
def test_real_weights_find_their_own_model(name: str) -> None:
    report = imported(shared(f"weights/{name}.pth"), check=True)
    assert (report.model, report.fits, report.classes, report.form) == (name, True, 1000, "")


def test_cifar_resnets_fit_nothing_and_are_told_for_what_they_are() -> None:
    path = shared("weights/cifar10-resnet/resnet20-12fca82f.th")
    seen = []
    with pytest.raises(WeightsError, match=r"fits none .* 97 tensors .*conv1\.weight \(16 × 3 × 3 × 3\).*CIFAR"):
        seen.extend(import_weights(path))
    report = imported(path, "resnet18", check=True)
    assert (
        not report.fits
        and report.prefix == "module."
        and ("conv1.weight", (16, 3, 3, 3), (64, 3, 7, 7)) in report.reshaped
    )


SMALL_TIMM_FORMS = ("mobilenet_v2", "mnasnet0_5", "efficientnet_b0")


def check_timm_form(name: str, tmp_path: Path, suffix: str) -> None:
    """timm's network, saved and read as torchvision's, gives the same features on the same images."""
    torch.manual_seed(1)
    theirs = timm.create_model(TIMM_FORMS[name], pretrained=False, num_classes=3).eval()
    state = theirs.state_dict()
    for value in state.values():
        if value.is_floating_point():  # so that no two tensors could be taken for each other
            value.add_(torch.rand_like(value) * 0.02)
    path = tmp_path / f"theirs{suffix}"
    safetensors.torch.save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    spec = find_model(name)
    report = imported(path, name, check=True)
    assert report.fits and report.form == "timm" and report.classes == 3 and report.unexpected == ()
    ours = build(spec, 3).eval()
    load_backbone(ours, spec, read_state_dict(path), path.name)
    ours.get_submodule(spec.head.path).load_state_dict(theirs.get_classifier().state_dict())
    images = torch.randn(2, 3, 96, 96)
    with torch.no_grad():
        assert torch.equal(ours(images), theirs(images))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("name", SMALL_TIMM_FORMS)
def test_timms_names_give_the_same_network(name: str, suffix: str, tmp_path: Path) -> None:
    check_timm_form(name, tmp_path, suffix)


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(set(TIMM_FORMS) - set(SMALL_TIMM_FORMS)))
def test_timms_names_give_the_same_network_in_larger_ones(name: str, tmp_path: Path) -> None:
    check_timm_form(name, tmp_path, ".safetensors")


@pytest.mark.parametrize(
    ("name", "theirs"), [("efficientnet_v2_s", "efficientnetv2_s"), ("efficientnet_b0", "resnet18")]
)
def test_the_same_shapes_are_not_enough(name: str, theirs: str, tmp_path: Path) -> None:
    """EfficientNetV2's two forms have the same shapes in the same order, and are not the same function."""
    torch.save(timm.create_model(theirs, pretrained=False).state_dict(), tmp_path / "theirs.pth")
    assert not imported(tmp_path / "theirs.pth", name, check=True).fits


# --- what is kept


def test_what_fits_is_kept_as_a_choice_of_its_model(tmp_path: Path, cache: Path, state: State) -> None:
    path = tmp_path / "my birds (2).ckpt"
    torch.save({"state_dict": {"module." + name: value.half() for name, value in state.items()}}, path)
    before = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns
    report = imported(path)
    assert (report.model, report.name, report.models) == (MODEL, "own:my-birds-2", (MODEL,))
    assert report.path == cache / f"{MODEL}.own.my-birds-2.safetensors"
    assert (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) == before, (
        "the original is as it was"
    )
    found = weights.find(find_model(MODEL), name="own:my-birds-2")
    assert found and found.path == report.path
    assert_same(backbone_of(found.path, MODEL, "fc."), {name: value.half().float() for name, value in state.items()})
    assert read_state_dict(found.path)["fc.weight"].shape == (5, 1024), "its own head is kept with it"
    assert [file.name for file in cache.iterdir()] == [report.path.name]


def test_the_same_file_takes_its_own_place_and_another_of_that_name_a_new_one(
    tmp_path: Path, cache: Path, state: State
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    torch.save(state, tmp_path / "a" / "mine.pth")
    torch.save({"model": state}, tmp_path / "b" / "mine.pth")
    names = [imported(tmp_path / folder / "mine.pth", MODEL).name for folder in ("a", "b", "a", "b")]
    assert names == ["own:mine", "own:mine-2", "own:mine", "own:mine-2"] and len(list(cache.iterdir())) == 2


def test_an_official_file_that_was_fetched_by_hand_is_official(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    path = tmp_path / "downloaded.pth"
    torch.save(state, path)
    official = find_model(MODEL).weights[0]
    monkeypatch.setattr(type(official), "sha256_start", hashlib.sha256(path.read_bytes()).hexdigest()[:8])
    report = imported(path, MODEL)
    assert (report.name, report.path) == (official.name, cache / official.file_name)
    assert report.path and report.path.read_bytes() == path.read_bytes()


def test_a_look_keeps_nothing(tmp_path: Path, cache: Path, state: State) -> None:
    torch.save(state, tmp_path / "mine.pth")
    assert imported(tmp_path / "mine.pth", check=True).path is None and not cache.exists()


def test_a_copy_that_cannot_be_written_leaves_nothing_half(tmp_path: Path, cache: Path, state: State) -> None:
    torch.save(state, tmp_path / "mine.pth")
    cache.write_text("a file where the folder should be")
    with pytest.raises(WeightsError, match="could not be kept"):
        imported(tmp_path / "mine.pth", MODEL)
