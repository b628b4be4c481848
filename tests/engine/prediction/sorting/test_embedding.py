from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.prediction.sorting.embedding import (
    NOT_SIMPLE,
    NOT_WHOLE,
    OTHER_FORMAT,
    CannotHold,
    Embedding,
    embedding,
    embedding_in,
)
from engine.prediction.sorting.xmp import packet, packet_with
from tests.engine.prediction.sorting.test_xmp import DC, DIGIKAM, LR, RDF

LINE = ["Paridae", "marsh tit"]
CANON = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="uuid:1" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/"><xmp:Rating>0</xmp:Rating></rdf:Description></rdf:RDF></x:xmpmeta>'
    f"{' ' * 2000}<?xpacket end='w'?>"
).encode()


def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 40, 3), np.uint8))


def saved(kind: str, xmp: bytes = b"", **more: Any) -> bytes:
    """With EXIF, and XMP where there is some."""
    exif = Image.Exif()
    exif[0x010F] = "ACME"
    exif.get_ifd(0x8769)[0x9003] = "2024:05:03 14:22:01"
    stream = io.BytesIO()
    if kind == "PNG" and xmp:
        more["pnginfo"] = PngInfo()
        more["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp.decode(), zip=more.pop("zip", False))
    elif xmp:
        more["xmp"] = xmp
    picture().save(stream, kind, exif=exif, **more)
    return stream.getvalue()


def put(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "photo"
    path.write_bytes(content)
    return path


def with_it(content: bytes, label: Embedding) -> bytes:
    return content[: label.at] + label.content + content[label.at + label.cut :]


def without_it(content: bytes, label: Embedding) -> bytes:
    return content[: label.at] + content[label.at + len(label.content) :]


def keywords(content: bytes) -> dict[str, list[str]]:
    """As another reader finds them: the arrays of all descriptions."""
    with Image.open(io.BytesIO(content)) as photo:
        text = photo.info["xmp"] if photo.format == "JPEG" else photo.info["XML:com.adobe.xmp"]
    told = ElementTree.fromstring(text)
    return {
        one.tag: [item.text or "" for item in one[0]] if len(one) else [one.text or ""]
        for described in told.iter(f"{RDF}Description")
        for one in described
    }


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("xmp", [b"", CANON], ids=["no xmp", "a camera's xmp"])
def test_the_label_is_found_by_others_and_nothing_else_moves_but_back(kind: str, xmp: bytes, tmp_path: Path) -> None:
    before = saved(kind, xmp)
    label = embedding(put(tmp_path, before), LINE)
    after = with_it(before, label)
    assert len(after) == len(before) + label.grows
    told = keywords(after)
    assert told[f"{DC}subject"] == ["marsh tit", "Paridae"]
    assert told[f"{DIGIKAM}TagsList"] == ["Paridae/marsh tit"] and told[f"{LR}hierarchicalSubject"] == [
        "Paridae|marsh tit"
    ]
    assert ("{http://ns.adobe.com/xap/1.0/}Rating" in told) == bool(xmp)
    with Image.open(io.BytesIO(before)) as one, Image.open(io.BytesIO(after)) as other:
        assert one.tobytes() == other.tobytes()
        assert one.info["exif"] == other.info["exif"] and dict(other.getexif().get_ifd(0x8769))
    if not xmp:
        assert without_it(after, label) == before


def test_in_a_jpeg_it_comes_behind_jfif_and_exif_which_must_be_first(tmp_path: Path) -> None:
    before = saved("JPEG", icc_profile=b"profile" * 10)
    label = embedding(put(tmp_path, before), ["red"])
    assert before[2:4] == b"\xff\xe0" and before[20:22] == b"\xff\xe1"
    assert label.at == 22 + int.from_bytes(before[22:24], "big") and label.cut == 0


def test_bytes_that_only_fill_and_comments_are_passed_over(tmp_path: Path) -> None:
    before = saved("JPEG", comment=b"a comment")
    filled = before[:2] + b"\xff\xff" + before[2:]
    after = with_it(filled, embedding(put(tmp_path, filled), ["red"]))
    assert keywords(after)[f"{DC}subject"] == ["red"]


@pytest.mark.parametrize(
    "xmp",
    [
        packet(["of a person's own"]),
        CANON.replace(b"<rdf:RDF ", b"<!--x--><rdf:RDF "),
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + CANON,
        CANON.replace(b"</rdf:RDF>", b""),
        CANON.replace(b"rdf:", b"r:").replace(b"xmlns:rdf", b"xmlns:r"),
        CANON.replace(b"</rdf:Description>", b'</rdf:Description><rdf:Description rdf:about="uuid:2"/>'),
        CANON.replace(b'"uuid:1"', b'"uuid:1" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:subject="x"'),
        b"no xml",
        b"<a/>",
        "<ä/>".encode("latin-1"),
    ],
)
def test_what_is_not_plain_is_left_as_it_is(xmp: bytes, tmp_path: Path) -> None:
    assert packet_with(xmp, LINE) is None
    with pytest.raises(CannotHold, match=NOT_SIMPLE):
        embedding(put(tmp_path, saved("JPEG", xmp)), LINE)


def test_what_cannot_be_joined_is_left_as_it_is(tmp_path: Path) -> None:
    full = CANON.replace(b" " * 2000, b" " * 64_900)
    twice = saved("JPEG", CANON)
    start = twice.index(b"\xff\xe1", 30)
    segment = twice[start : start + 2 + int.from_bytes(twice[start + 2 : start + 4], "big")]
    for content in (
        saved("JPEG", full), twice[:start] + segment + twice[start:], saved("PNG", CANON, zip=True),
    ):  # fmt: skip
        with pytest.raises(CannotHold, match=NOT_SIMPLE):
            embedding(put(tmp_path, content), LINE)


def test_other_formats_and_damaged_files_are_told(tmp_path: Path) -> None:
    for kind in ("WEBP", "TIFF", "BMP"):
        stream = io.BytesIO()
        picture().save(stream, kind)
        with pytest.raises(CannotHold, match=OTHER_FORMAT):
            embedding(put(tmp_path, stream.getvalue()), LINE)
    for content in (
        saved("JPEG")[:30],
        b"\xff\xd8\xff\xe1\0\1",
        saved("PNG")[:-12],
        saved("PNG")[:8] + saved("PNG")[33:],
    ):
        with pytest.raises(CannotHold, match=NOT_WHOLE):
            embedding(put(tmp_path, content), LINE)
    with pytest.raises(CannotHold, match=OTHER_FORMAT):
        embedding(put(tmp_path, b""), LINE)


def test_a_chunk_has_its_checksum(tmp_path: Path) -> None:
    label = embedding(put(tmp_path, saved("PNG")), ["red"])
    length = int.from_bytes(label.content[:4], "big")
    assert len(label.content) == length + 12
    assert int.from_bytes(label.content[-4:], "big") == zlib.crc32(label.content[4:-4])


SAVED = {kind: saved(kind, CANON) for kind in ("JPEG", "PNG")}
CHANGE = st.tuples(st.integers(0, 400), st.integers(0, 255))


@given(st.sampled_from(["JPEG", "PNG"]), st.lists(CHANGE, max_size=6), st.integers(0, 3000))
def test_whatever_the_bytes_it_is_found_or_refused(kind: str, changes: list[tuple[int, int]], cut: int) -> None:
    content = bytearray(SAVED[kind])
    for place, value in changes:
        content[place] = value
    left = bytes(content[: len(content) - cut])
    try:
        label = embedding_in(io.BytesIO(left), ["red"])
    except CannotHold:
        return
    assert 0 < label.at <= label.at + label.cut <= len(left)
