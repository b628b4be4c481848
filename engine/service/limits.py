"""What a service lets in: how much at once, how large, from where."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.photos import MAX_MEGAPIXELS

BODY_BYTES = 25 * 2**20
SECONDS_FOR_A_BODY = 60.0
RETRY_SECONDS = 1


@dataclass(frozen=True)
class Limits:
    """`body_bytes` of one request, with at most so many `photos` of at most so many `megapixels` each; `requests` at
    once, of which as many as there are threads are worked on and the others wait. A body that takes longer than
    `seconds` to come is given up."""

    threads: int
    requests: int
    body_bytes: int = BODY_BYTES
    photos: int = 50
    megapixels: float = MAX_MEGAPIXELS
    seconds: float = SECONDS_FOR_A_BODY


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a service that is bound there."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"


def is_own_name(host_header: str) -> bool:
    """Whether a request's Host is this machine's own name for itself: a page on the web that made its name lead here
    (DNS rebinding) sends its name."""
    name = urlsplit(f"//{host_header}").hostname if _is_plain(host_header) else None
    return bool(name) and is_loopback(name or "")


def is_same_place(origin: str, host_header: str) -> bool:
    """Whether a page's Origin is the service itself."""
    return urlsplit(origin).netloc.lower() == host_header.lower()


def _is_plain(host_header: str) -> bool:
    try:
        urlsplit(f"//{host_header}")
    except ValueError:
        return False
    return not set(host_header) & set("/?#@ \\")
