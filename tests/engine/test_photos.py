from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from engine import photo_pixels, photos
from engine.errors import PhotoError
from engine.photo_formats import FORMATS, START_BYTES, format_of
from tests.shared_data import shared

REFUSED = {
    "bad_bmp__Bad_shortfile.bmp",
    "bad_bmp__l2rgb_read.bmp",
    "bomb__Bad_reallybig.bmp",
    "bomb__decompression_bomb.gif",
    "bomb__decompression_bomb.ico",
    "corrupt_png__broken.png",
    "corrupt_png__png_decompression_dos.png",
    "not_image__hopper.tar",
    "not_image__test-ole-file.doc",
    "not_image__trailer_loop.pdf",
    "truncated_jpeg__truncated_jpeg.jpg",
    "truncated_png__truncated_image.png",
    "ultrahdr_jpeg__ultrahdr.jpg",  # headers only: the file ends where the pixels would begin
    "zero_byte__empty.heic",
}


def scene(width: int = 120, height: int = 80) -> Image.Image:
    """A picture without any symmetry: red grows to the right, green downwards, a blue patch at the top left."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width)[None, :]
    pixels[..., 1] = np.linspace(0, 255, height)[:, None]
    pixels[: height // 4, : width // 4, 2] = 255
    return Image.fromarray(pixels)


def save(picture: Image.Image, path: Path, **options: object) -> Path:
    picture.save(path, **options)  # type: ignore[arg-type]
    return path


def difference(one: photos.Image, other: photos.Image) -> float:
    return float(np.abs(one.pixels.astype(float) - other.pixels.astype(float)).mean())


# --- the shared folder of trouble ---------------------------------------------------------------------------------


def test_each_messy_file_is_read_or_refused_with_a_sentence() -> None:
    refused = set()
    for path in sorted(shared("data/messy").iterdir()):
        try:
            image = photos.read(path, 96)
        except PhotoError as error:
            refused.add(path.name)
            assert path.name in str(error) and str(error).endswith(".")
        else:
            assert image.pixels.shape == (96, 96, 3) and image.pixels.dtype == np.uint8
            assert photos.looks_like_photo(path)
    assert refused == REFUSED


def test_the_eight_ways_a_camera_is_held_give_one_picture() -> None:
    for fit in ("crop", "pad", "stretch"):
        upright = photos.read(shared("data/messy/exif_rot__Landscape_1.jpg"), 224, fit)
        for orientation in range(2, 9):
            turned = photos.read(shared(f"data/messy/exif_rot__Landscape_{orientation}.jpg"), 224, fit)
            assert (turned.width, turned.height) == (1800, 1200)
            assert difference(upright, turned) < 4  # they are eight separate JPEG compressions


@pytest.mark.parametrize("size", [93, 128, 176])
def test_a_decoder_that_shrinks_changes_less_than_another_filter_does(size: int) -> None:
    """At 176 pixels half of these photos' 375 would be too little to start from, so they are decoded whole."""
    drafted, filtered = [], []
    for name in sorted(shared("data/hymenoptera/val/ants").glob("*.jpg"))[:20]:
        with Image.open(name) as original:
            whole = original.convert("RGB")
        full = np.asarray(whole.resize((size, size), Image.Resampling.BILINEAR), float)
        drafted.append(np.abs(full - photos.read(name, size, "stretch").pixels).mean())
        filtered.append(np.abs(full - np.asarray(whole.resize((size, size), Image.Resampling.BICUBIC), float)).mean())
    assert np.mean(drafted) < np.mean(filtered)


# --- orientation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp", "avif"])
def test_orientation_is_applied_once(tmp_path: Path, suffix: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    quality = {} if suffix in ("png", "tiff") else {"quality": 95}
    path = save(scene(), tmp_path / f"photo.{suffix}", exif=exif, **quality)
    with Image.open(path) as stored:
        expected = np.asarray(ImageOps.exif_transpose(stored).convert("RGB"))
    image = photos.read_upright(path, 1000)
    assert (image.height, image.width) == expected.shape[:2]
    assert np.abs(image.pixels.astype(float) - expected).mean() < 1
    part = photos.read(path, 32, box=(0.0, 0.0, 0.5, 0.25))
    rows, columns = expected.shape[0] // 4, expected.shape[1] // 2
    corner = Image.fromarray(expected[:rows, :columns]).resize((32, 32), Image.Resampling.BILINEAR)
    assert np.abs(part.pixels.astype(float) - np.asarray(corner)).mean() < 6


def test_broken_exif_does_not_lose_the_photo(tmp_path: Path) -> None:
    path = save(scene(), tmp_path / "photo.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff\xff\xff", quality=95)
    assert photos.read(path, 32).width == 120


# --- modes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("1", "png"), ("L", "jpg"), ("LA", "png"), ("P", "gif"), ("P", "png"), ("RGB", "ppm"), ("RGBA", "webp"),
     ("CMYK", "jpg"), ("CMYK", "tiff"), ("YCbCr", "tiff"), ("RGB", "bmp"), ("RGB", "jp2"), ("RGB", "avif"),
     ("I", "tiff"), ("F", "tiff"), ("I;16", "png"), ("I;16", "tiff")],
)  # fmt: skip
def test_every_mode_becomes_rgb_bytes(tmp_path: Path, mode: str, suffix: str) -> None:
    grey = mode in ("I", "F", "I;16")
    picture = scene().convert("L").convert("I") if grey else scene().convert(mode)
    if mode == "I;16":
        picture = Image.fromarray((np.asarray(picture) * 257).astype(np.uint16))
    elif mode == "F":
        picture = picture.convert("F")
    image = photos.read(save(picture, tmp_path / f"photo.{suffix}"), 64, "stretch")
    assert image.pixels.shape == (64, 64, 3)
    expected = scene().convert("1" if mode == "1" else "L" if grey or mode in ("L", "LA") else "RGB").convert("RGB")
    wanted = np.asarray(expected.resize((64, 64), Image.Resampling.BILINEAR)).astype(float)
    assert np.abs(image.pixels - wanted).mean() < 12  # palettes and CMYK lose some


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 65535]], np.uint16), [0, 255]),
        (np.array([[0, 4095]], np.uint16), [0, 255]),
        (np.array([[0, 2048]], np.uint16), [0, 128]),
        (np.array([[0, 255]], np.int32), [0, 255]),
        (np.array([[-5, 5]], np.int32), [0, 255]),
        (np.array([[7, 7]], np.int32), [7, 7]),
        (np.array([[-7, -7]], np.int32), [0, 0]),
        (np.array([[0.0, 0.5]], np.float32), [0, 128]),
        (np.array([[0.0, 200.0]], np.float32), [0, 200]),
        (np.array([[-3.0, 3.0]], np.float32), [0, 255]),
        (np.array([[-1e308, 1e308]], np.float64), None),
    ],
)
def test_deep_and_float_values_are_scaled(values: np.ndarray, expected: list[int] | None) -> None:
    scaled = photo_pixels.scaled_to_bytes(values)
    assert scaled.dtype == np.uint8 and scaled.shape == values.shape
    assert expected is None or scaled[0].tolist() == expected


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    values = np.full((20, 20), 0.5, np.float32)
    values[3, 7] = value
    Image.fromarray(values).save(tmp_path / "measured.tif")
    with pytest.raises(PhotoError, match=r"“measured\.tif” has pixels that are no numbers"):
        photos.read(tmp_path / "measured.tif", 16)


def test_transparent_parts_are_neutral(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    palette = Image.new("P", (40, 40), 1)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    deep = Image.fromarray(np.full((40, 40), 500, np.uint16))
    save(clear, tmp_path / "rgba.png")
    save(clear.convert("LA"), tmp_path / "la.png")
    save(palette, tmp_path / "palette.png", transparency=1)
    save(palette, tmp_path / "palette.gif", transparency=1)
    save(deep, tmp_path / "deep.png", transparency=500)
    for path in tmp_path.iterdir():
        assert np.all(photos.read(path, 16).pixels == 128), path.name


def test_adobe_cmyk_is_not_inverted(tmp_path: Path) -> None:
    path = save(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), tmp_path / "red.jpg", quality=95)
    red, green, blue = photos.read(path, 16).pixels.reshape(-1, 3).mean(0)
    assert red > 200 and green < 60 and blue < 60


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tiff"])
def test_the_first_frame_counts(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "lime", "blue")]
    path = tmp_path / f"frames.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    red, green, blue = photos.read(path, 8).pixels.reshape(-1, 3).mean(0)
    assert red > 240 and green < 15 and blue < 15


# --- geometry -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimensions", [(120, 80), (80, 120), (97, 97), (301, 33), (32, 32)])
def test_crop_is_what_torchvision_presets_see(tmp_path: Path, dimensions: tuple[int, int]) -> None:
    picture = scene(*dimensions)
    path = save(picture, tmp_path / "photo.png")
    size, shorter = 56, 64
    width, height = picture.size
    wide = shorter if width <= height else int(shorter * width / height)
    high = shorter if height <= width else int(shorter * height / width)
    left, top = round((wide - size) / 2), round((high - size) / 2)
    resized = picture.resize((wide, high), Image.Resampling.BILINEAR)
    expected = np.asarray(resized.crop((left, top, left + size, top + size))).astype(int)
    assert np.abs(photos.read(path, size, "crop").pixels - expected).max() <= 2


def test_pad_keeps_the_whole_photo_between_neutral_borders(tmp_path: Path) -> None:
    image = photos.read(save(Image.new("RGB", (100, 50), "red"), tmp_path / "photo.png"), 64, "pad")
    assert np.all(image.pixels[:16] == 128) and np.all(image.pixels[48:] == 128)
    assert np.all(image.pixels[16:48] == (255, 0, 0))


def test_stretch_fills_the_square(tmp_path: Path) -> None:
    path = save(scene(100, 50), tmp_path / "photo.png")
    expected = np.asarray(scene(100, 50).resize((64, 64), Image.Resampling.BILINEAR))
    assert np.array_equal(photos.read(path, 64, "stretch").pixels, expected)
    smooth = np.asarray(scene(100, 50).resize((64, 64), Image.Resampling.BICUBIC))
    assert np.array_equal(photos.read(path, 64, "stretch", interpolation="bicubic").pixels, smooth)


def test_box_reads_that_part_finely(tmp_path: Path) -> None:
    """A part of a large JPEG is decoded as finely as the part needs, not as the whole would."""
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
    picture = Image.fromarray(noise).resize((1600, 1600), Image.Resampling.NEAREST)
    path = save(picture, tmp_path / "photo.jpg", quality=95)
    image = photos.read(path, 100, box=(0.25, 0.5, 0.375, 0.625))
    expected = np.asarray(picture.crop((400, 800, 600, 1000)).resize((100, 100), Image.Resampling.BILINEAR))
    assert np.abs(image.pixels.astype(int) - expected).mean() < 6


@pytest.mark.parametrize("box", [(0.5, 0, 0.5, 1), (-0.1, 0, 1, 1), (0, 0, 1, 1.1), (0, float("nan"), 1, 1)])
def test_a_box_that_is_none_is_the_callers_mistake(tmp_path: Path, box: photos.Part) -> None:
    with pytest.raises(ValueError, match="not a part"):
        photos.read(save(scene(), tmp_path / "photo.png"), 8, box=box)


def test_read_upright_keeps_the_shape_and_never_enlarges(tmp_path: Path) -> None:
    path = save(scene(120, 80), tmp_path / "photo.png")
    assert photos.read_upright(path, 60).pixels.shape == (40, 60, 3)
    assert photos.read_upright(path, 600).pixels.shape == (80, 120, 3)
    thin = save(Image.new("RGB", (2000, 1)), tmp_path / "thin.png")
    assert photos.read_upright(thin, 100).pixels.shape == (1, 100, 3)
    assert photos.read(thin, 32, "pad").pixels.shape == photos.read(thin, 32).pixels.shape == (32, 32, 3)


def test_a_shrunk_decode_is_close_to_a_full_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    soft = Image.fromarray(rng.integers(64, 192, (60, 80, 3), np.uint8)).resize((2400, 1800), Image.Resampling.BICUBIC)
    path = save(soft, tmp_path / "photo.jpg", quality=92)
    image = photos.read(path, 96, "stretch")
    with Image.open(path) as full:
        expected = np.asarray(full.resize((96, 96), Image.Resampling.BILINEAR)).astype(float)
    assert (image.width, image.height, image.format) == (2400, 1800, "JPEG")
    assert np.abs(image.pixels - expected).mean() < 0.5


# --- files that are no photos -------------------------------------------------------------------------------------


def test_each_refusal_has_its_own_sentence(tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "page.jpg").write_text("<!doctype html>")
    (tmp_path / "drawing.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    save(scene(), tmp_path / "photo.nef", format="TIFF")
    whole = save(scene(640, 480), tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    said = {
        "folder.jpg": "is a folder",
        "empty.jpg": "is empty",
        "page.jpg": "is no photo",
        "drawing.eps": "is no photo",
        "photo.nef": "raw camera file",
        "cut.jpg": "cut off",
        "absent.jpg": "does not exist",
        "nul\0.jpg": "cannot be read",
    }
    for name, words in said.items():
        with pytest.raises(PhotoError, match=words):
            photos.read(tmp_path / name, 32)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(PhotoError, match="ordinary"):
        photos.read(tmp_path / "pipe.jpg", 32)
    assert not photos.looks_like_photo(tmp_path / "pipe.jpg")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_no_permission_says_so(tmp_path: Path) -> None:
    path = save(scene(), tmp_path / "photo.png")
    path.chmod(0)
    with pytest.raises(PhotoError, match="permission"):
        photos.read(path, 32)


@pytest.mark.parametrize("name", ["čmelák ünïcode 蜂.jpg", "name with \n line.jpg"])
def test_names_in_any_script(tmp_path: Path, name: str) -> None:
    try:
        path = save(scene(), tmp_path / name)
    except OSError:
        pytest.skip("this file system cannot hold the name")
    assert photos.read(path, 32).format == "JPEG" and photos.is_photo_name(path)


def test_a_name_that_is_not_utf8_is_read_and_told_printably(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bee\xff.png"))
    try:
        path.write_bytes(b"")
    except OSError:
        pytest.skip("this file system wants UTF-8 names")
    with pytest.raises(PhotoError) as caught:
        photos.read(path, 32)
    assert "bee\\xff.png" in str(caught.value)
    save(scene(), path)
    assert photos.read(path, 32).width == 120


# --- bombs --------------------------------------------------------------------------------------------------------


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0" * 1000)
    start = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + start + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [15_000, 25_000, 100_000, 2_000_000])
def test_a_bomb_costs_no_memory(tmp_path: Path, side: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(side, side))
    tracemalloc.start()
    with pytest.raises(PhotoError, match="pixels"):
        photos.read(path, 32)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_the_limit_can_be_set(tmp_path: Path) -> None:
    path = save(scene(200, 100), tmp_path / "photo.png")
    assert photos.read(path, 32, max_megapixels=0.02).width == 200
    with pytest.raises(PhotoError, match="megapixels"):
        photos.read(path, 32, max_megapixels=0.019)
    with pytest.raises(PhotoError, match="megapixels"):
        photos.read_upright(path, 32, max_megapixels=0.019)


# --- damage -------------------------------------------------------------------------------------------------------


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    scene(48, 32).save(buffer, kind)
    return buffer.getvalue()


WHOLE = {kind: encoded(kind) for kind in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "JPEG2000", "PPM", "AVIF")}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(sorted(WHOLE)),
    hits=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=12),
    end=st.integers(0, 6000),
)
def test_damaged_bytes_raise_nothing_else(tmp_path: Path, kind: str, hits: list[tuple[int, int]], end: int) -> None:
    data = bytearray(WHOLE[kind])
    for place, value in hits:
        data[place % len(data)] = value
    path = tmp_path / "photo"
    path.write_bytes(data[:end])
    try:
        image = photos.read(path, 24)
    except PhotoError as error:
        assert str(error).startswith("“photo” ")
    else:
        assert image.pixels.shape == (24, 24, 3)


def test_damaged_heic_raises_nothing_else(tmp_path: Path) -> None:
    whole = shared("data/messy/heic__IMG_5195.HEIC").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(6):
        data = bytearray(whole)
        for place in rng.integers(0, 4000, 8):
            data[place] = rng.integers(256)
        (tmp_path / "photo.heic").write_bytes(data[: int(rng.integers(1000, len(data)))])
        try:
            photos.read(tmp_path / "photo.heic", 24)
        except PhotoError as error:
            assert str(error).endswith(".")


# --- names and first bytes ----------------------------------------------------------------------------------------


def test_first_bytes_tell_the_format(tmp_path: Path) -> None:
    for kind, data in WHOLE.items():
        assert format_of(data[:START_BYTES]) == kind
        (tmp_path / "file").write_bytes(data)
        assert photos.looks_like_photo(tmp_path / "file")
        assert all(photos.is_photo_name(Path(f"x{suffix.upper()}")) for suffix in FORMATS[kind])
    assert not any(
        map(format_of, (b"", b"BM is how this text begins", b"P1", b"%PDF-1.4", b"\0\0\0\x18ftypmp42" + b"\0" * 20))
    )
    assert not photos.looks_like_photo(tmp_path) and not photos.looks_like_photo(tmp_path / "absent")
    assert not photos.is_photo_name(Path("notes.txt")) and not photos.is_photo_name(Path("jpg"))


def test_threads_read_what_one_thread_reads(tmp_path: Path) -> None:
    paths = []
    for kind, data in WHOLE.items():
        paths.append(tmp_path / kind)
        paths[-1].write_bytes(data)
    expected = [photos.read(path, 32).pixels for path in paths]
    wrong: list[Path] = []

    def work() -> None:
        for path, pixels in zip(paths * 3, expected * 3, strict=True):
            if not np.array_equal(photos.read(path, 32).pixels, pixels):
                wrong.append(path)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_importing_it_is_light() -> None:
    said = (
        "import sys, engine.photos, engine.dataset.sample, engine.dataset.split, engine.dataset.augment.view;"
        "print([name for name in ('torch', 'torchvision', 'pi_heif', 'PySide6') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_part_of_the_whole_photo_is_nearly_the_part_of_the_photo(tmp_path: Path, orientation: int, name: str) -> None:
    rng = np.random.default_rng(orientation)
    smooth = np.kron(rng.integers(0, 256, (9, 13, 3)), np.ones((40, 40, 1))).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(smooth).save(tmp_path / name, exif=exif, **({"quality": 95} if name == "a.jpg" else {}))
    whole = photos.read_whole(tmp_path / name, 48)
    assert min(whole.pixels.shape[:2]) == 48
    assert (whole.width > whole.height) == (whole.pixels.shape[1] > whole.pixels.shape[0])
    for box in ((0.1, 0.2, 0.9, 0.8), (0.0, 0.0, 0.7, 1.0)):
        part = photos.part_of(whole.pixels, 32, 32, box)
        alone = photos.read(tmp_path / name, 32, box=box).pixels
        assert part.shape == (32, 32, 3)
        assert np.abs(part.astype(int) - alone.astype(int)).mean() < 5  # of block edges of full contrast


def test_a_damaged_photo_is_refused_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff nothing")
    with pytest.raises(PhotoError):
        photos.read_whole(tmp_path / "a.jpg", 32)
