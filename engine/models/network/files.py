"""Networks from rows on disk: one TOML file each in the person's folder of models."""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
import unicodedata
from pathlib import Path

import platformdirs
import tomli_w

from engine.errors import ConfigError, ThawError
from engine.models.network.rows import Network, make_network


def models_folder() -> Path:
    """Where models of one's own are described: $THAW_MODELS_DIR, else `models` in Thaw's folder of settings."""
    wanted = os.environ.get("THAW_MODELS_DIR")
    return Path(wanted) if wanted else Path(platformdirs.user_config_dir("Thaw", appauthor=False)) / "models"


def to_toml(network: Network) -> str:
    return tomli_w.dumps(network.model_dump(mode="json"))


def from_toml(text: str, source: str = "the network") -> Network:
    """The Network that `to_toml` wrote. Raises ConfigError for bad TOML, and for unknown and wrong keys by name."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} cannot be read as TOML: {error}.") from None
    return make_network(values, source)


def read_network(path: Path) -> Network:
    """The network in the file. Raises ThawError where it cannot be read."""
    try:
        return from_toml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ThawError(
            f"{path} cannot be read ({reason}); build the network again or choose another model."
        ) from error


def is_network(path: Path) -> bool:
    """Whether the file describes a network from rows, and not another model of one's own."""
    try:
        return "rows" in tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False


def save_network(network: Network, folder: Path | None = None) -> Path:
    """Write NAME.toml, named after the title, over an older one of that name; written beside and moved into place."""
    folder = folder or models_folder()
    path = folder / f"{name_of(network.title)}.toml"
    beside = path.with_suffix(".toml.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside.write_text(to_toml(network), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise ThawError(f"{path} cannot be written ({error.strerror}); choose another folder for models.") from error
    return path


def own_networks(folder: Path | None = None) -> dict[Path, Network]:
    """The person's own networks by their files; a file that is no such network, or is damaged, is left out."""
    found: dict[Path, Network] = {}
    for path in sorted((folder or models_folder()).glob("*.toml")):
        with contextlib.suppress(ThawError):
            found[path] = read_network(path)
    return found


def name_of(title: str) -> str:
    """A name for a file and for the command line: “My first CNN” is my_first_cnn. "" where nothing of it remains."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")
