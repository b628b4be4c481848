"""The tensors of a file, read without running anything from it.

A file is taken for what its bytes say, whatever it is called. torch's own unpickler, told to make weights only, reads
the rest: it calls nothing but what rebuilds tensors. What it trusts is checked here: how large things claim to be.
"""

from __future__ import annotations

import argparse
import pickle
import re
import tarfile
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from engine.errors import WeightsError

NESTS = (
    "model_ema",
    "state_dict_ema",
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "network",
    "teacher",
    "student",
    "params",
    "weights",
)
"""Entries of a checkpoint that hold a network, the one that is taken first where there are several: averaged weights
are the better ones (timm's `load_checkpoint` looks in the same order)."""
DEEPEST_NEST = 4

# Values that checkpoints hold beside the tensors: settings and numbers, which do nothing when they are made.
_NUMBER = np.float64(0).__reduce__()[0]
_HARMLESS: list[Any] = [
    argparse.Namespace,
    np.dtype,
    np.dtypes.Float64DType,
    _NUMBER,
    (_NUMBER, "numpy.core.multiarray.scalar"),  # its name before NumPy 2
]


@dataclass(frozen=True)
class StateFile:
    """`tensors` by name, on the CPU, in the file's order (a .safetensors file has none); `within` is the entry of the
    checkpoint that held them, "" for the whole file."""

    tensors: dict[str, Tensor]
    within: str = ""


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The named tensors of a .safetensors or torch file; see `read_state_file`."""
    return read_state_file(path).tensors


def read_state_file(path: Path) -> StateFile:
    """The named tensors of a .safetensors file, or of a torch file or checkpoint of any age but the first format.

    Raises WeightsError, in one sentence, for anything that is damaged, that holds no tensors, that claims to be larger
    than it is, or that would have to run code.
    """
    loaded, within = _found_in(_loaded(path))
    tensors = {str(name): value for name, value in loaded.items() if isinstance(value, Tensor)}
    if not tensors:
        raise WeightsError(f"{path} is no state dict: it holds no named tensors.")
    _check_sizes(path, tensors)
    return StateFile(tensors, within)


def _loaded(path: Path) -> Any:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}).") from error
    if path.suffix.lower() == ".safetensors" and start[8:9] != b"{" and start[:2] in (b"PK", b"\x80\x02"):
        # torch goes by the name here, and would hand it to a reader that finds nothing in it
        raise WeightsError(f"{path} is a torch file with the name of a .safetensors file; rename it to .pth.")
    if zipfile.is_zipfile(path):
        _check_archive(path, size)
        return _unpickled(path, mmap=True)
    if start[8:9] == b"{" and start[:8] != b"":
        return _safetensors(path)
    _refuse_strangers(path, start)
    return _unpickled(path, mmap=False)


def _refuse_strangers(path: Path, start: bytes) -> None:
    """Say what a file is that holds no weights, or holds them where they cannot be reached safely."""
    if not start:
        raise WeightsError(f"{path} is empty; get it again.")
    if start.startswith(b"PK"):
        raise WeightsError(f"{path} is damaged or incomplete: its end is missing. Get it again.")
    if start.startswith(b"version https://git-lfs"):
        raise WeightsError(f"{path} is only the pointer of a Git LFS file; get the file itself.")
    if start.lstrip()[:1] == b"<":
        raise WeightsError(f"{path} is a web page, not weights: the download needs another address.")
    if tarfile.is_tarfile(path):
        raise WeightsError(
            f"{path} is in the format of the first torch versions (a tar archive), which cannot be read without "
            "running code from it; save its weights again with a newer torch."
        )
    if not start.startswith(b"\x80"):
        raise WeightsError(f"{path} is damaged, or no file of weights: use .safetensors or a file saved by torch.")


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
    except Exception as error:
        raise WeightsError(f"{path} is damaged or incomplete; get it again.") from error


def _check_archive(path: Path, size: int) -> None:
    """torch stores what it saves as it is: a member that is packed, or larger than the file, is a bomb."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except Exception as error:
        raise WeightsError(f"{path} is damaged or incomplete; get it again.") from error
    names = {member.filename.partition("/")[2] for member in members}
    if "constants.pkl" in names or any(name.startswith("code/") for name in names):
        raise WeightsError(f"{path} is a TorchScript program, not weights; save the model's state dict instead.")
    if "data.pkl" not in names:
        raise WeightsError(f"{path} is an archive, but none that torch saved, so it holds no weights.")
    packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
    if packed or sum(member.file_size for member in members) > size:
        raise WeightsError(f"{path} claims to hold more than its size allows, so it was not opened.")


def _unpickled(path: Path, mmap: bool) -> Any:
    """`mmap` keeps every tensor within the bytes of the file, and reads none before it is used."""
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_HARMLESS):
            warnings.simplefilter("ignore")  # what torch has to say of odd files is said below, in one sentence
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except pickle.UnpicklingError as error:
        wanted = re.search(r"GLOBAL ([\w.]+)", str(error))
        if wanted is None:
            raise WeightsError(f"{path} is damaged, or holds more than weights, so it was not opened.") from error
        raise WeightsError(
            f"{path} holds more than weights (it asks for “{wanted[1]}”) and could run code, so it was not opened; "
            "save only the state dict."
        ) from error
    except Exception as error:  # what a reader raises on bytes that mean nothing could be anything
        raise WeightsError(f"{path} is damaged or incomplete; get it again.") from error


def _found_in(loaded: Any) -> tuple[Mapping[Any, Any], str]:
    """The state dict in a checkpoint, however deep, and the path to it."""
    within: list[str] = []
    while isinstance(loaded, Mapping) and len(within) < DEEPEST_NEST:
        nest = next((name for name in NESTS if isinstance(loaded.get(name), Mapping) and loaded[name]), None)
        if nest is None:
            break
        within.append(nest)
        loaded = loaded[nest]
    return (loaded if isinstance(loaded, Mapping) else {}), ".".join(within)


def _check_sizes(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """A tensor can claim to be larger than the bytes it stands on, by strides of zero: copying it would fill memory."""
    for name, tensor in _dense(tensors):
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise WeightsError(f"{path} claims a size for “{name}” that its bytes do not fill, so it was not taken.")


def _dense(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in tensors.items():
        if tensor.layout == torch.strided and not tensor.is_quantized:
            yield name, tensor
