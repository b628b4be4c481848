"""Networks from rows on disk: what is written reads back, and what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from engine.errors import ConfigError, ThawError
from engine.models.network.files import from_toml, models_folder, name_of, read_network, save_network, to_toml
from engine.models.network.presets import PRESETS, SMALL_RESIDUAL
from engine.models.network.rows import Network, make_row
from engine.models.network.spec import network_of, spec_of
from tests.engine.models.network.random_rows import networks


@settings(max_examples=50, deadline=None)
@given(networks())
def test_what_is_written_reads_back(network: Network) -> None:
    assert from_toml(to_toml(network)) == network


def test_a_saved_network_is_found_by_its_spec(tmp_path: Path) -> None:
    path = save_network(SMALL_RESIDUAL, tmp_path / "models")
    assert path.name == "small_residual_network.toml"
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    spec = spec_of(SMALL_RESIDUAL, path.stem, path)
    assert network_of(spec) == SMALL_RESIDUAL
    path.unlink()
    with pytest.raises(ThawError, match="cannot be read"):
        network_of(spec)


def test_the_rows_of_a_preset_need_no_file() -> None:
    for name, network in PRESETS.items():
        assert network_of(spec_of(network, name)) == network


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("THAW_MODELS_DIR", str(tmp_path))
    assert save_network(SMALL_RESIDUAL).parent == tmp_path == models_folder()


HEAD = 'title = "Mine"\ninput_size = 28\nchannels = 1\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "colour = true\n", "there is no setting “colour”; there are title, input_size"),
        (HEAD + '[[rows]]\nkind = "conv"\nkernl = 3\n', r"Row 1 \(conv\): there is no setting “kernl”"),
        (HEAD + '[[rows]]\nkind = "flatten"\n[[rows]]\nkind = "cnv"\n', "Row 2: there is no kind of row “cnv” here"),
        (HEAD + "[[rows]]\nkernel = 3\n", "Row 1: there is no kind of row “” here"),
        (HEAD + '[[rows]]\nkind = "conv"\nkernel = 0\n', r"Row 1 \(conv\): Kernel \(kernel\) must be greater"),
        (
            HEAD + '[[rows]]\nkind = "residual"\n[[rows.rows]]\nkind = "residual"\n',
            r"Row 1.1 \(residual\): there is no",
        ),
        (HEAD + '[[rows]]\nkind = "dropout"\nshare = nan\n', "share"),
        ("input_size = 28\nchannels = 1\n", "“title” is missing"),
        (HEAD.replace("28", "4000"), "Input size"),
        ("title = \n", "cannot be read as TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=words) as refused:
        read_network(path)
    assert str(path) in str(refused.value)


def test_a_file_that_is_not_text_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ThawError, match="it is not text"):
        read_network(path)


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file", encoding="utf-8")
    with pytest.raises(ThawError, match="cannot be written"):
        save_network(SMALL_RESIDUAL, tmp_path / "models")


def test_names_suit_files_and_the_command_line() -> None:
    assert name_of("My first CNN!") == "my_first_cnn"
    assert name_of("Größe ../..") == "groe"
    assert name_of("花") == ""


def test_a_row_with_a_wrong_setting_is_a_sentence() -> None:
    with pytest.raises(ConfigError, match=r"Stride \(stride\) must be"):
        make_row("conv", stride=0)
