"""Events that are rows of a table, as lines of aligned columns."""

from __future__ import annotations

from engine import events as ev

Row = (
    ev.Layer | ev.GraphNode | ev.LayerTimed | ev.Model | ev.WeightsListed | ev.RunCompared | ev.SettingDiffers
    | ev.StrategyCompared | ev.LabelCounted | ev.FolderCounted
)  # fmt: skip
"""What is shown as a row of a table."""

THE_NETWORK = "(the network itself)"
RIGHT_ALIGNED = (
    "MB",
    "No.",
    "Forward ms",
    "Backward ms",
    "Multiply-adds",
    "Parameters",
    "Sees",
    "ImageNet",
    "Photos/s",
    "Right",
    "Train",
    "Val",
    "Test",
    "Gain",
    "Macro F1",
    "Photos",
    "Epochs",
    "Trained parameters",
    "Seconds",
    "Of those read",
    "Mean confidence",
    "Unknown",
    "Not read",
)


def cells(row: Row) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The titles of the table that the row belongs to, and its cells."""
    match row:
        case ev.Layer():
            return _layer_cells(row)
        case ev.GraphNode():
            return _node_cells(row)
        case ev.LayerTimed():
            return _time_cells(row)
        case ev.Model():
            return _model_cells(row)
        case ev.WeightsListed():
            return _weights_cells(row)
        case ev.RunCompared():
            return _run_cells(row)
        case ev.StrategyCompared():
            return _strategy_cells(row)
        case ev.LabelCounted():
            return _label_cells(row)
        case ev.FolderCounted():
            return _folder_cells(row)
        case ev.SettingDiffers():
            return ("Setting", *(name for name, _ in row.values)), (row.title, *(value for _, value in row.values))


def _layer_cells(row: ev.Layer) -> tuple[tuple[str, ...], tuple[str, ...]]:
    titles = ("Layer", "Type", "Output", "Parameters", "Multiply-adds", "Sees", "State")
    sees = "whole image" if row.receptive_field is None else f"{row.receptive_field} px"
    if row.training_only:
        sees = "training only"
    state = ("trains" if row.trainable else "frozen") if row.parameters else ""
    output = " × ".join(map(str, row.output_shape))
    name = "  " * row.depth + row.name if row.name else THE_NETWORK
    return titles, (name, row.type, output, f"{row.parameters:,}", f"{row.flops:,}", sees, state)


def _node_cells(row: ev.GraphNode) -> tuple[tuple[str, ...], tuple[str, ...]]:
    titles = ("No.", "Operation", "What", "Kind", "From", "Gives")
    inputs, output = ", ".join(map(str, row.inputs)), " × ".join(map(str, row.output_shape))
    return titles, (str(row.number), row.name, row.op, row.kind, inputs, output)


def _time_cells(row: ev.LayerTimed) -> tuple[tuple[str, ...], tuple[str, ...]]:
    titles = ("Layer", "Forward ms", "Backward ms")
    return titles, (row.name or THE_NETWORK, f"{row.forward_seconds * 1e3:.3f}", f"{row.backward_seconds * 1e3:.3f}")


def _model_cells(row: ev.Model) -> tuple[tuple[str, ...], tuple[str, ...]]:
    titles = ("Model", "Title", "Parameters", "ImageNet", "Speed", "Photos/s", "Pretrained weights")
    top1 = "" if row.imagenet_top1 is None else f"{row.imagenet_top1:.1%}"
    rate = "" if row.images_per_second is None else f"{row.images_per_second:.0f}"
    absent = "not here; can be fetched" if row.has_official_weights else "none; trains from scratch"
    return titles, (row.name, row.title, f"{row.parameters:,}", top1, row.speed, rate, row.weights or absent)


def _weights_cells(row: ev.WeightsListed) -> tuple[tuple[str, ...], tuple[str, ...]]:
    titles = ("Model", "Weights", "Trained on", "Licence", "MB", "Where")
    absent = {"absent": "not here; can be fetched", "partly": f"{row.received_bytes / 1e6:.1f} MB of it are here"}
    sign = "(verified)" if row.verified else "(damaged)" if row.state == "damaged" else ""
    where = absent.get(row.state) or f"{row.path} {sign}".rstrip()
    size = f"{'~' * (row.path is None)}{row.size_bytes / 1e6:,.1f}"
    return titles, (row.model, row.name, row.trained_on, row.licence, size, where)


def _run_cells(row: ev.RunCompared) -> tuple[tuple[str, ...], tuple[str, ...]]:
    titles = ("Run", "Right", "95 % interval", "Macro F1", "Photos", "Epochs", "Trained parameters", "MB", "Seconds")
    between = "" if row.low is None else f"{row.low:.1%} to {row.high:.1%}"
    numbers = [_number(row.accuracy, ".1%"), between, _number(row.macro_f1, ".3f"), f"{row.photos} of {row.own_photos}"]
    size = None if row.model_bytes is None else row.model_bytes / 1e6
    rest = [str(row.epochs), _number(row.trained_parameters, ",d"), _number(size, ".1f"), _number(row.seconds, ".0f")]
    return titles, (row.name, *numbers, *rest)


def _strategy_cells(row: ev.StrategyCompared) -> tuple[tuple[str, ...], tuple[str, ...]]:
    titles = (
        "Model", "Strategy", "Train", "Val", "95 % interval", "Test", "Gain", "Trained parameters", "Seconds",
    )  # fmt: skip
    shares = [_number(row.train_accuracy, ".1%"), _number(row.val_accuracy, ".1%")]
    rest = [_number(row.test_accuracy, ".1%"), _number(row.gain, "+.1%"), _number(row.trained_parameters, ",d")]
    between = f"{row.val_low:.1%} to {row.val_high:.1%}"
    return titles, (row.model, row.strategy, *shares, between, *rest, _number(row.seconds, ".0f"))


def _label_cells(row: ev.LabelCounted) -> tuple[tuple[str, ...], tuple[str, ...]]:
    titles = ("Label", "Photos", "Of those read", "Mean confidence")
    return titles, (row.label, f"{row.photos:,}", f"{row.share:.1%}", _number(row.mean_confidence, ".1%"))


def _folder_cells(row: ev.FolderCounted) -> tuple[tuple[str, ...], tuple[str, ...]]:
    labels = ", ".join(f"{label} {photos:,}" for label, photos in row.labels)
    titles = ("Folder", "Photos", "Unknown", "Not read", "Labels")
    return titles, (str(row.folder), f"{row.photos:,}", f"{row.unknown:,}", f"{row.failed:,}", labels)


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def in_columns(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Lines of aligned columns, as wide as they need to be: a name that is cut off cannot be copied."""
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if title in RIGHT_ALIGNED else cell.ljust(width)
            for title, cell, width in zip(titles, row, widths, strict=True)
        ).rstrip()
        for row in (titles, *rows)
    ]
