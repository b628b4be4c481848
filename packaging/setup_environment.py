"""Make `.venv` with Thaw in it, and see to it that Qt finds its system libraries.

    python3 packaging/setup_environment.py [--dev]

Needs nothing but a Python; an old one only says that it is too old. A second run finds the stamp in `.venv` and ends at
once. An environment that was left half-made is made again.
"""

# Written so that Python 3.8 can read it: that Python must be able to say that it is too old.
from __future__ import annotations

import argparse
import ctypes
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv"
ENVIRONMENT_PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = ENVIRONMENT / "thaw-stamp.json"
UNFINISHED = ENVIRONMENT / "thaw-set-up-unfinished"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"

OLDEST_PYTHON = (3, 11)
# The tested one first. A name on the PATH may be a stand-in that does not run, so each is tried.
PYTHON_NAMES = ("python3.11", "python3.12", "python3.13", "python3.14", "python3", "python")

# What Qt loads even for an offscreen window, and what it loads only for a window on an X display.
LIBRARIES = (
    "libEGL.so.1",
    "libGL.so.1",
    "libxkbcommon.so.0",
    "libdbus-1.so.3",
    "libfontconfig.so.1",
    "libgthread-2.0.so.0",
)
DISPLAY_LIBRARIES = (
    "libxcb-cursor.so.0",
    "libxcb-icccm.so.4",
    "libxcb-keysyms.so.1",
    "libxcb-image.so.0",
    "libxcb-render-util.so.0",
    "libxcb-xkb.so.1",
    "libxkbcommon-x11.so.0",
)
INSTALL_COMMANDS = {
    "apt-get": "apt-get install -y --no-install-recommends libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 "
    "libglib2.0-0 fontconfig fonts-dejavu-core libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 "
    "libxcb-render-util0 libxcb-shape0 libxcb-randr0 libxcb-xkb1 libxkbcommon-x11-0 libpulse0",
    "dnf": "dnf install -y mesa-libEGL mesa-libGL libxkbcommon libxkbcommon-x11 dbus-libs fontconfig glib2 "
    "dejavu-sans-fonts xcb-util-cursor xcb-util-wm xcb-util-keysyms xcb-util-image xcb-util-renderutil pulseaudio-libs",
    "pacman": "pacman -S --needed libglvnd libxkbcommon libxkbcommon-x11 dbus fontconfig glib2 ttf-dejavu "
    "xcb-util-cursor xcb-util-wm xcb-util-keysyms xcb-util-image xcb-util-renderutil libpulse",
    "zypper": "zypper install -y libEGL1 libGL1 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 fontconfig dejavu-fonts "
    "libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-render-util0 libpulse0",
}


class SetUpError(Exception):
    """The set-up cannot go on; the text says what to type."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Make .venv with Thaw in it.")
    parser.add_argument("--dev", action="store_true", help="with what the tests and the checks need")
    extras = {"train", "camera", "dev"} if parser.parse_args().dev else {"train", "camera"}
    try:
        stamp = ready_stamp(extras)
        if stamp is None:
            stamp = set_up(extras)
        if not stamp["qt_ready"]:
            check_qt_libraries(may_install=False)
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError:
        print("A Python environment could not be made in .venv; the lines above say why.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; the next run begins the set-up again.", file=sys.stderr)
        return 130
    return 0


def ready_stamp(extras: set[str]) -> dict | None:
    """What an earlier set-up left, where it still holds and has at least `extras`."""
    stamp = read_stamp()
    if stamp is None or UNFINISHED.exists() or stamp.get("key") != key() or not extras <= set(stamp["extras"]):
        return None
    return stamp if is_whole() else None


def read_stamp() -> dict | None:
    try:
        return json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def key() -> str:
    """Changes when the requirements, the pins or the place of the project do."""
    digest = hashlib.sha256(str(ROOT).encode("utf-8", "surrogateescape"))
    for path in (ROOT / "pyproject.toml", CONSTRAINTS):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def version_of(python: str) -> tuple[int, ...] | None:
    """The version of that interpreter, or None where it does not run."""
    told = ask(python, "import sys; print(*sys.version_info[:2])").split()
    return tuple(int(part) for part in told) or None


def is_whole() -> bool:
    """Whether the Python in .venv runs, is new enough and installs into .venv.

    The last is not a matter of course: without its pyvenv.cfg it is the Python that made it, and pip would install
    there.
    """
    told = ask(str(ENVIRONMENT_PYTHON), "import sys, pip; print(*sys.version_info[:2], sys.prefix)").split(" ", 2)
    if len(told) != 3 or (int(told[0]), int(told[1])) < OLDEST_PYTHON:
        return False
    return Path(told[2].strip()).resolve() == ENVIRONMENT.resolve()


def ask(python: str, question: str) -> str:
    """What that interpreter prints, "" where it does not run."""
    try:
        result = subprocess.run(
            [python, "-I", "-c", question],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=60,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    return "" if result.returncode else result.stdout


def find_python() -> str:
    """A Python that is new enough. Raises SetUpError with what was found instead."""
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return sys.executable
    for name in PYTHON_NAMES:
        found = shutil.which(name)
        if found and (version_of(found) or (0,)) >= OLDEST_PYTHON:
            return found
    found = "{}.{}".format(*sys.version_info)
    raise SetUpError(
        f"Thaw needs Python 3.11 or newer; found {found}. Install a newer Python, from python.org or your system's "
        "packages, then run this again."
    )


def set_up(extras: set[str]) -> dict:
    started = time.monotonic()
    old = read_stamp()
    extras = extras | set(old["extras"] if old else ())
    make_environment()
    qt_ready = check_qt_libraries(may_install=True)
    install(extras)
    stamp = {"key": key(), "extras": sorted(extras), "qt_ready": qt_ready}
    STAMP.write_text(json.dumps(stamp), encoding="utf-8")
    UNFINISHED.unlink()
    say(f"Thaw is set up ({time.monotonic() - started:.0f} s).")
    return stamp


def make_environment() -> None:
    """A `.venv` that runs: the one that is there where it is whole, else a new one."""
    if not UNFINISHED.exists() and is_whole():
        UNFINISHED.touch()
        return
    python = find_python()
    need_venv(python)
    if ENVIRONMENT.exists():
        say("The environment in .venv is not whole; making it again.")
    ENVIRONMENT.mkdir(exist_ok=True)
    UNFINISHED.touch()
    empty_environment()
    subprocess.run([python, "-m", "venv", str(ENVIRONMENT)], check=True)
    if not is_whole():
        raise SetUpError("A Python environment could not be made in .venv; is there room on the disk?")


def empty_environment() -> None:
    """All of .venv goes but the mark, so that a deletion cut short is known for one."""
    for path in ENVIRONMENT.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(str(path))
        elif path != UNFINISHED:
            path.unlink()


def need_venv(python: str) -> None:
    """Debian and Ubuntu ship Python without venv."""
    command = [python, "-c", "import ensurepip, venv"]
    if subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0:
        return
    version = ".".join(map(str, version_of(python) or OLDEST_PYTHON))
    line = f"apt-get install -y --no-install-recommends python{version}-venv"
    if not (can_use_apt() and apt(line) and subprocess.run(command).returncode == 0):
        raise SetUpError("This Python cannot make environments yet. Type: " + with_sudo(line))


def install(extras: set[str]) -> None:
    names = ",".join(sorted(extras))
    say(f"Installing Thaw with its extras {names}. The first time downloads some gigabytes and takes minutes.")
    command = [str(ENVIRONMENT_PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "-c", str(CONSTRAINTS)]
    if not sys.stdout.isatty():
        command.append("-qq")
    command += ["-e", f"{ROOT}[{names}]"]
    # pip itself refuses to touch any Python but that of an environment.
    if subprocess.run(command, env=dict(os.environ, PIP_REQUIRE_VIRTUALENV="1")).returncode:
        UNFINISHED.unlink()  # pip ended by itself and left a whole environment, to which the next run can add
        raise SetUpError("Installing did not work; the lines above say why. The next run begins again.")


def check_qt_libraries(may_install: bool) -> bool:
    """Whether Qt finds what it loads from the system. Says the line to type where it does not; never fails."""
    missing = missing_for_qt()
    if missing and may_install and can_use_apt():
        say(f"Installing what Qt needs from the system: {', '.join(missing)}.")
        apt(INSTALL_COMMANDS["apt-get"])
        missing = missing_for_qt()
    if missing:
        say(f"The window needs {', '.join(missing)}. Type: {line_to_type(missing)}")
    return not missing


def missing_for_qt() -> list[str]:
    if platform.system() != "Linux":
        return []
    wanted = LIBRARIES + (DISPLAY_LIBRARIES if os.environ.get("DISPLAY") else ())
    return [name for name in wanted if not loads(name)] + ([] if has_font() else ["a font"])


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_font() -> bool:
    folders = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")
    if any(next(folder.rglob("*.[to]t[fc]"), None) for folder in folders if folder.is_dir()):
        return True
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip())


def line_to_type(missing: list[str]) -> str:
    for program, line in INSTALL_COMMANDS.items():
        if shutil.which(program):
            return with_sudo(line)
    return "the line with which your system installs " + ", ".join(missing)


def with_sudo(line: str) -> str:
    return line if is_root() else "sudo " + line


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def can_use_apt() -> bool:
    return is_root() and shutil.which("apt-get") is not None


def apt(line: str) -> bool:
    """Whether apt did it; its own output is kept for the case that it did not."""
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (["apt-get", "update"], line.split()):
        result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        say(result.stdout.decode("utf-8", "replace")[-2000:])
    return result.returncode == 0


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
