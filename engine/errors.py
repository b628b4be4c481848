"""Every deliberate failure: one sentence that says what is wrong and what to do."""

from __future__ import annotations

from typing import ClassVar


class ThawError(Exception):
    """Something a person can act on. `str(error)` is one sentence for them.

    `details` holds what helps someone else find the cause (a child's last output, say); it may be empty. `kind` is a
    stable word for programs, where they have a way on to offer.
    """

    kind: ClassVar[str] = ""

    def __init__(self, text: str, details: str = "") -> None:
        super().__init__(text)
        self.details = details


class PhotoError(ThawError):
    """A file that cannot be used as a photo: damaged, too large, or no picture at all."""


class DatasetError(ThawError):
    """A folder that cannot be trained on as it is."""


class ConfigError(ThawError):
    """Settings that are wrong; `fields` maps each wrong setting to its own sentence."""

    def __init__(self, text: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.fields = fields or {}


class WeightsError(ThawError):
    """Weights that are absent, damaged, unsafe or made for another architecture."""


class RunError(ThawError):
    """A run directory that is not in the state the request needs."""


class RunTakenError(RunError):
    """A run, or a search, in whose folder another process is at work."""

    kind = "taken"


class ChangedPhotosError(RunError):
    """A run that would go on with other photos than it began with."""

    kind = "photos_changed"


class DiskFullError(RunError):
    """A run that could not be kept or closed for want of room."""

    kind = "disk_full"


class DeviceLostError(ThawError):
    """A GPU that stopped answering while it was at work."""

    kind = "device_lost"


class ModelFileError(ThawError):
    """A model file that is damaged, too new, or not one of Thaw's."""


class NoMapError(ThawError):
    """A model that cannot say where in a photo it looked."""

    kind = "no_map"


class CorrectionsError(ThawError):
    """A pack of corrections that is damaged, foreign or too new, or that cannot be merged into a dataset."""

    kind = "corrections"


class LedgerError(ThawError):
    """The answers of a batch that cannot be taken up: another model's, held by another process, damaged."""

    kind = "ledger"


class DivergedError(ThawError):
    """A loss that is no number any more."""


class ChildDied(ThawError):
    """The process that did the work ended without saying why (killed, out of memory, a native crash)."""
