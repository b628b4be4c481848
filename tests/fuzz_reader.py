"""Damaged photos by the million: what the reader does with files whose headers were changed at random; run by hand.

    python -m tests.fuzz_reader --seconds 600 --seeds FOLDER_OF_PHOTOS

Files are mutated, most in their first bytes, and read as prediction reads them, EXIF included. Each must be pixels or
a PhotoError, in bounded memory. The reading is done by a child process, so that a crash of a decoder is seen too; the
file that led to it, or to another exception, is kept.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine.errors import PhotoError
from engine.photos import read

SIZE = 224
HEADER = 2048
MOST_MEMORY = 6 * 2**30
SLOW_SECONDS = 10.0
EXTREMES = (b"\x00", b"\xff", b"\x7f\xff", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x80\x00\x00\x00", b"\x00\x01")


def mutated(content: bytes, luck: random.Random) -> bytes:
    """Some of: bytes replaced, lengths made extreme, parts cut out, doubled or moved, the end cut off."""
    found = bytearray(content)
    for _ in range(luck.choice((1, 1, 2, 4, 16))):
        if not found:
            break
        place = luck.randrange(min(len(found), HEADER) if luck.random() < 0.8 else len(found))
        match luck.randrange(6):
            case 0 | 1:
                found[place] = luck.randrange(256)
            case 2:
                extreme = luck.choice(EXTREMES)
                found[place : place + len(extreme)] = extreme
            case 3:
                del found[place : place + luck.randint(1, 64)]
            case 4:
                found[place:place] = found[place : place + luck.randint(1, 64)]
            case 5 if luck.random() < 0.3:
                del found[place:]
    return bytes(found)


def child(seeds: Path, folder: Path, seed: int, seconds: float) -> None:
    """Read mutated files until the time is over; tell what was seen as one line of JSON."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    luck, files = random.Random(seed), [path for path in sorted(seeds.rglob("*")) if path.is_file()]
    contents = {path: path.read_bytes() for path in files if 0 < path.stat().st_size < 2**21}
    told = {"read": 0, "refused": 0, "wrong": list[str](), "slow": list[str]()}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        path = luck.choice(list(contents))
        case = folder / f"case{path.suffix}"
        case.write_bytes(mutated(contents[path], luck))
        began = time.monotonic()
        try:
            pixels = read(case, SIZE, with_facts=True).pixels
            assert pixels.shape == (SIZE, SIZE, 3) and pixels.dtype == "uint8"
            told["read"] += 1
        except PhotoError:
            told["refused"] += 1
        except BaseException as error:
            kept = folder / f"wrong-{seed}-{len(told['wrong'])}{path.suffix}"
            shutil.copy(case, kept)
            told["wrong"].append(f"{kept}: {error!r}")
        if time.monotonic() - began > SLOW_SECONDS:
            kept = folder / f"slow-{seed}-{len(told['slow'])}{path.suffix}"
            shutil.copy(case, kept)
            told["slow"].append(f"{kept}: {time.monotonic() - began:.0f} s")
    told["most_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(told))  # noqa: T201


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seconds", type=float, default=600)
    asked.add_argument("--seeds", type=Path, required=True)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.child:
        child(options.seeds, options.child, options.seed, options.seconds)
        return
    folder, until, crashes = Path(tempfile.mkdtemp(prefix="fuzz-")), time.monotonic() + options.seconds, 0
    sums = {"read": 0, "refused": 0, "most_mib": 0}
    wrong: list[str] = []
    for number in range(options.seed, sys.maxsize):
        left = until - time.monotonic()
        if left <= 0:
            break
        command = [sys.executable, "-m", "tests.fuzz_reader", "--seeds", options.seeds, "--child", folder]
        command += ["--seed", number, "--seconds", min(left, 60)]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        if done.returncode:
            crashes += 1
            for case in folder.glob("case.*"):
                shutil.copy(case, folder / f"crash-{number}{case.suffix}")
            wrong.append(f"the child of seed {number} died ({done.returncode}): {done.stderr[-500:]}")
            continue
        told = json.loads(done.stdout)
        sums["read"] += told["read"]
        sums["refused"] += told["refused"]
        sums["most_mib"] = max(sums["most_mib"], told["most_mib"])
        wrong += told["wrong"] + told["slow"]
    print(f"{sums['read']:,} read, {sums['refused']:,} refused, {crashes} crashes, at most {sums['most_mib']} MiB")  # noqa: T201
    print("\n".join(wrong) or "Nothing else.")  # noqa: T201
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
