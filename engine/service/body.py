"""The photos in a request: its body is one, or it is a form (multipart) with several. They stay in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from engine.service.limits import Limits

NAMELESS = "photo"


class Refused(Exception):
    """A request that is not served: the HTTP `status`, and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


@dataclass(frozen=True)
class Sent:
    """A photo's bytes, and what the sender calls it."""

    name: str
    content: bytes


async def read_body(parts: AsyncIterator[bytes], announced: str, limits: Limits) -> bytes:
    """The whole body; `announced` is its Content-Length, "" where the sender did not say. Raises Refused: too large,
    before more than `limits.body_bytes` are in memory; too slow; empty."""
    too_large = Refused(413, f"The body is larger than {limits.body_bytes / 2**20:g} MB; send fewer or smaller photos.")
    if announced.isdigit() and int(announced) > limits.body_bytes:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(limits.seconds):
            async for part in parts:
                if len(body) + len(part) > limits.body_bytes:
                    raise too_large
                body += part
    except TimeoutError:
        raise Refused(408, f"The body did not come within {limits.seconds:g} seconds; send it again.") from None
    if not body:
        raise Refused(400, "The body is empty; send a photo's bytes, or a form with photos.")
    return bytes(body)


def photos_in(body: bytes, content_type: str, limits: Limits) -> list[Sent]:
    """The photos of a body: the files of a form, and else the body itself. Raises Refused."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        return [Sent(NAMELESS, body)]
    form = _Form(limits.photos)
    try:
        parser = MultipartParser(options.get(b"boundary", b""), form.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
        whole = form.ended
    except FormParserError:
        whole = False
    if not whole:
        raise Refused(400, "The form is cut off or damaged; send it again.")
    if not form.photos:
        raise Refused(400, "There is no photo in the form; add each as a file.")
    return form.photos


@dataclass
class _Form:
    """Gathers the files of a form; what is no file is passed over."""

    most: int
    photos: list[Sent] = field(default_factory=list)
    ended: bool = False
    _header: bytes = b""
    _value: bytes = b""
    _name: str | None = None
    _content: bytearray = field(default_factory=bytearray)

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin, "on_header_field": self._on_field, "on_header_value": self._on_value,
            "on_header_end": self._on_header, "on_part_data": self._on_data, "on_part_end": self._end,
            "on_end": self._on_end,
        }  # fmt: skip

    def _begin(self) -> None:
        self._name, self._content = None, bytearray()

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            if b"filename" in options:
                self._name = options[b"filename"].decode("utf-8", "replace").replace("\0", "") or NAMELESS
        self._header = self._value = b""

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._name is not None:
            self._content += data[start:end]

    def _on_end(self) -> None:
        self.ended = True

    def _end(self) -> None:
        if self._name is None:
            return
        if len(self.photos) == self.most:
            raise Refused(413, f"There are more than {self.most} photos in the form; send them in several requests.")
        self.photos.append(Sent(self._name, bytes(self._content)))
