from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from engine import model_file
from engine.errors import ModelFileError, RunError
from engine.model_card import card
from engine.model_file import NETWORK, locate, open_model, write
from tests.engine import tiny_model


def rewrite(path: Path, change: dict[str, bytes] | None = None, **how: int) -> None:
    """The same zip with some members changed, as someone else's tool would write it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", how.get("compression", zipfile.ZIP_STORED)) as archive:
        for name, content in (members | (change or {})).items():
            archive.writestr(name, content)


def manifest_fields(path: Path) -> dict[str, object]:
    with zipfile.ZipFile(path) as archive:
        return dict(json.loads(archive.read("manifest.json")))


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return tiny_model.make(tmp_path / "colours.thaw").path


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(bytes(range(256)) * 9000)
    path = tmp_path / "grün.thaw"
    written = write(
        path,
        tiny_model.manifest(("犬", "chat"), temperature=1.5, thresholds={"chat": 0.4}, lineage={"seed": 7}),
        {"model.onnx": b"graph", "weights.safetensors": weights},
    )
    opened = open_model(path)
    assert opened.manifest == written
    assert opened.manifest.classes == ("犬", "chat")
    assert opened.read("model.onnx") == b"graph"
    assert opened.read("weights.safetensors") == weights.read_bytes()
    assert opened.manifest.members["model.onnx"] == hashlib.sha256(b"graph").hexdigest()
    assert "- 犬\n- chat\n" in opened.read("card.md").decode()


def test_any_zip_tool_can_read_it_and_nothing_is_compressed(made: Path) -> None:
    with zipfile.ZipFile(made) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["manifest.json", "model.onnx", "card.md"]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_same_model_is_the_same_bytes_and_leaves_nothing_beside(tmp_path: Path) -> None:
    first, second = tmp_path / "a.thaw", tmp_path / "b.thaw"
    tiny_model.make(first)
    tiny_model.make(second)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.thaw", "b.thaw"]


def test_a_failed_write_keeps_the_old_file(made: Path) -> None:
    before = made.read_bytes()
    missing = made.parent / "no_such_file"
    with pytest.raises(ModelFileError, match="cannot be written"):
        write(made, tiny_model.manifest(), {"model.onnx": missing})
    assert made.read_bytes() == before
    assert [p.name for p in made.parent.iterdir()] == ["colours.thaw"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused_with_a_sentence(made: Path, share: float) -> None:
    content = made.read_bytes()
    made.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelFileError, match="damaged, incomplete or no model file"):
        open_model(made)


def test_other_files_are_refused_with_a_sentence(tmp_path: Path) -> None:
    foreign = tmp_path / "notes.zip"
    with zipfile.ZipFile(foreign, "w") as archive:
        archive.writestr("notes.txt", "no model")
    text = tmp_path / "text.thaw"
    text.write_text("hello")
    for path in (foreign, text):
        with pytest.raises(ModelFileError, match="no model file"):
            open_model(path)
    with pytest.raises(ModelFileError, match="cannot be read"):
        open_model(tmp_path / "absent.thaw")


@pytest.mark.parametrize(
    "manifest",
    [b"[]", b"{}", b"\xff\xfe", b'{"format": "1"}', b'{"format": 0}', b'{"format": 1, "classes": 3}', b"[" * 100_000],
)
def test_a_manifest_that_makes_no_sense_is_refused(made: Path, manifest: bytes) -> None:
    rewrite(made, {"manifest.json": manifest})
    with pytest.raises(ModelFileError):
        open_model(made)


def test_a_changed_member_is_found_when_it_is_read(made: Path) -> None:
    rewrite(made, {"model.onnx": tiny_model.network()[:-1] + b"x"})
    with pytest.raises(ModelFileError, match="damaged") as caught:
        open_model(made).read("model.onnx")
    assert "SHA-256" in caught.value.details


def test_a_flipped_byte_is_found_when_it_is_read(made: Path) -> None:
    content = bytearray(made.read_bytes())
    content[content.index(b"ReduceMean")] ^= 1
    made.write_bytes(content)
    with pytest.raises(ModelFileError, match="damaged"):
        open_model(made).read("model.onnx")


def test_compressed_members_are_refused_so_that_no_small_file_fills_the_memory(made: Path) -> None:
    rewrite(made, {"model.onnx": bytes(10_000_000)}, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelFileError, match="damaged"):
        open_model(made)


def test_an_absent_member_is_named(made: Path) -> None:
    with pytest.raises(ModelFileError, match=r"weights\.safetensors"):
        open_model(made).read("weights.safetensors")


def test_a_newer_format_is_refused_and_says_what_to_do(made: Path) -> None:
    rewrite(made, {"manifest.json": json.dumps(manifest_fields(made) | {"format": 2, "classes": 5}).encode()})
    with pytest.raises(ModelFileError, match=r"newer Thaw .*Update Thaw"):
        open_model(made)


def test_an_older_format_is_migrated_step_by_step(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = manifest_fields(made)
    fields["labels"] = fields.pop("classes")
    rewrite(made, {"manifest.json": json.dumps(fields | {"format": 1}).encode()})
    steps = {
        1: lambda old: {"names" if key == "labels" else key: value for key, value in old.items()},
        2: lambda old: {"classes" if key == "names" else key: value for key, value in old.items()},
    }
    monkeypatch.setattr(model_file, "FORMAT", 3)
    monkeypatch.setattr(model_file, "MIGRATIONS", steps)
    opened = open_model(made)
    assert (opened.manifest.format, opened.manifest.classes) == (3, tiny_model.CLASSES)


def test_keys_that_a_later_version_of_the_same_format_adds_are_no_error(made: Path) -> None:
    rewrite(made, {"manifest.json": json.dumps(manifest_fields(made) | {"colour_space": "sRGB"}).encode()})
    assert open_model(made).manifest.classes == tiny_model.CLASSES


def test_class_names_that_are_not_utf8_survive(tmp_path: Path) -> None:
    opened = tiny_model.make(tmp_path / "m.thaw", ("caf\udce9", "tea"))
    assert opened.manifest.classes == ("caf\\xe9", "tea")


def test_two_classes_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        tiny_model.manifest(("ant", "ant"))


def test_locate_takes_a_file_or_a_finished_run(made: Path) -> None:
    run = made.parent / "run"
    run.mkdir()
    with pytest.raises(ModelFileError, match="without a run"):
        locate(run)
    (run / "config.toml").write_text("")
    with pytest.raises(RunError, match="resume or finish"):
        locate(run)
    made.rename(run / "model.thaw")
    with pytest.raises(RunError, match="resume or finish"):
        locate(run)
    (run / "metrics.json").write_text("{}")
    assert locate(run) == run / "model.thaw" == locate(run / "model.thaw")
    with pytest.raises(ModelFileError, match="There is no model"):
        locate(run / "absent.thaw")
    with pytest.raises(ModelFileError, match="There is no model"):
        locate(run / ("x" * 300))  # as on a drive that answers with an error


def test_the_card_tells_a_stranger_what_it_is() -> None:
    manifest = tiny_model.manifest(
        ("ants", "bees"),
        architecture={"title": "MobileNetV2", "parameters": 2_226_434},
        metrics={"val": {"accuracy": 0.96, "photos": 153, "low": 0.917, "high": 0.982}, "test": None},
        lineage={
            "train_photos": 244,
            "frozen_parameters": 2_223_872,
            "weights": "ImageNet",
            "weights_licence": "BSD-3-Clause",
        },
    )
    text = card(manifest, NETWORK)
    for said in (
        "which of 2 classes",
        "- ants\n- bees",
        "MobileNetV2, 2,226,434 parameters",
        "Photos trained on: 244",
        "2,223,872 parameters (99.9%)",
        "96.0% of 153 right (95 % interval 91.7% to 98.2%)",
        "32 × 32 pixels (crop, bilinear), in colour",
        "Licence of the weights: BSD-3-Clause",
    ):
        assert said in text
    assert "Test photos" not in text
    assert "Not measured" in card(tiny_model.manifest(), NETWORK)
