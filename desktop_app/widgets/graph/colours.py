"""The colours of the kinds of operations: quiet, apart in lightness as well as in hue, and neither blue nor amber:
those mean frozen and trainable. No kind is told by colour alone: its name stands on it."""

from __future__ import annotations

from PySide6.QtGui import QColor

from desktop_app import theme

# kind: (light, dark)
_KINDS: dict[str, tuple[str, str]] = {
    "conv": ("#B9DDD2", "#2C564B"),
    "linear": ("#CDC3E8", "#463C68"),
    "norm": ("#E3EAD2", "#40482F"),
    "activation": ("#F3D3DC", "#5B3443"),
    "pool": ("#C6CBD2", "#4C535D"),
    "attention": ("#E2BCE0", "#62386A"),
    "merge": ("#D5D8DC", "#3D434B"),
    "shape": ("#E7E9EC", "#343A41"),
    "input": ("#E7E9EC", "#343A41"),
    "output": ("#E7E9EC", "#343A41"),
    "other": ("#E7E9EC", "#343A41"),
}


def of_kind(kind: str) -> QColor:
    """The ground of an operation's name, in the scheme now in use."""
    return QColor(_KINDS.get(kind, _KINDS["other"])[theme.is_dark()])


def body(state: str) -> QColor:
    """The ground of a box that is frozen, trains, partly trains, or owns nothing."""
    if state == "frozen":
        return theme.soft("frozen", 0.13)
    if state in ("trains", "partly"):
        return theme.soft("trainable", 0.16)
    return theme.colour("surface_raised")
