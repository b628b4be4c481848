"""Half precision: weights stay float32, a step is near that in float32, and a resume goes on with the same scale."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine import runs
from engine.config import make_config
from engine.errors import ThawError
from engine.training.device import moved_to
from engine.training.learner.precision import choose_precision, precision_of
from engine.training.learner.step import Learner
from tests.engine.training.learner.learners import batch, learner, two_layers


def taught(precision: str, clip_norm: float | None = None) -> Learner:
    return learner(two_layers(16, nn.ReLU), clip_norm=clip_norm, precision=precision_of(precision, "cpu"))


@pytest.mark.parametrize("clip_norm", [None, 0.01])
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_step_is_near_that_in_float32_and_weights_stay_so(precision: str, clip_norm: float | None) -> None:
    half, full = taught(precision, clip_norm), taught("float32", clip_norm)
    seen: list[torch.dtype] = []
    half.module[0].register_forward_hook(lambda _module, _inputs, output: seen.append(output.dtype))
    for seed in range(3):
        taken, expected = (one.step(batch(8, seed), lambda _begun: 0.5) for one in (half, full))
        assert taken.loss == pytest.approx(expected.loss, abs=0.01)
    assert seen == [{"bf16": torch.bfloat16, "fp16": torch.float16}[precision]] * 3
    for one, other in zip(half.module.parameters(), full.module.parameters(), strict=True):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one, other, atol=0.02, rtol=0.02)


def test_float32_is_what_it_was_before_there_was_a_choice() -> None:
    made, plain = taught("auto"), taught("float32")
    assert made.precision.name == "float32" and made.precision.state() == {}
    made.step(batch(8), lambda _begun: 0.5)
    logits = plain.module(batch(8).pixels)
    F.cross_entropy(logits, batch(8).labels).backward()
    gradients = [parameter.grad for parameter in plain.module.parameters()]
    assert all(torch.equal(p.grad, g) for p, g in zip(made.module.parameters(), gradients, strict=True))


def test_a_step_with_gradients_beyond_fp16_is_left_out_and_the_scale_is_kept_for_a_resume() -> None:
    made = taught("fp16")
    made.precision._scaler._init_scale = 2.0**40  # type: ignore[union-attr]
    before = copy.deepcopy(made.module.state_dict())
    made.step(batch(8), lambda _begun: 0.5)
    assert all(torch.equal(before[name], tensor) for name, tensor in made.module.state_dict().items())
    assert made.precision.state()["scale"] == 2.0**39
    resumed = taught("fp16")
    resumed.restore(made.state())
    assert resumed.precision.state() == made.precision.state()


def test_what_auto_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for has, expected in ((True, "bf16"), (False, "fp16")):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda has=has, **_: has)
        assert choose_precision("auto", "cuda") == expected
    assert choose_precision("auto", "cpu") == choose_precision("auto", "mps") == "float32"
    assert choose_precision("bf16", "cpu") == "bf16"
    with pytest.raises(ThawError, match="Apple"):
        choose_precision("fp16", "mps")


@pytest.mark.parametrize(
    ("was", "moved"), [("bf16", "float32"), ("fp16", "float32"), ("float32", "float32"), ("auto", "auto")]
)
def test_a_run_that_is_moved_leaves_the_half_precision_of_its_device_behind(
    was: str, moved: str, tmp_path: Path
) -> None:
    asked = make_config({"device": "cuda", "precision": was})
    assert [notice.kind for notice in moved_to(tmp_path, asked, "cpu")] == ["device_changed"]
    config = runs.read_config(tmp_path)
    assert (config.device, config.precision) == ("cpu", moved)
