"""Transformers, and the convolutional networks built in their image: ConvNeXt, ViT, Swin, MaxViT."""

from __future__ import annotations

from collections.abc import Iterator

from engine.models.rows.torchvision_facts import row
from engine.models.spec import Head, ModelSpec, Need

_CONVNEXT_BLOCKS = (
    ("features.0",), ("features.1",), ("features.2", "features.3"), ("features.4", "features.5"),
    ("features.6", "features.7", "classifier.0"), ("classifier.2",),
)  # fmt: skip
_CONVNEXTS: tuple[tuple[str, int, str, tuple[Need, ...]], ...] = (
    ("tiny", 768, "Exact and plain to train; the one to take with a GPU.", ("balanced", "accurate")),
    ("small", 768, "Deeper than the tiny one, a point more exact.", ()),
    ("base", 1024, "Large and very exact; wants a GPU.", ("accurate",)),
    ("large", 1536, "The largest of torchvision's; wants a large GPU.", ()),
)
_VITS = (
    ("b_16", "B/16", 12, 768, "The usual vision transformer; wants many photos or good pretrained weights."),
    ("b_32", "B/32", 12, 768, "Coarser patches: four times less work than B/16, less exact on small things."),
    ("l_16", "L/16", 24, 1024, "Large; its SWAG weights know far more pictures than ImageNet's."),
    ("l_32", "L/32", 24, 1024, "Large with coarse patches."),
    ("h_14", "H/14", 32, 1280, "Too large to become one model file; here to be looked at."),
)
_SWIN_BLOCKS = (
    ("features.0",), ("features.1",), ("features.2", "features.3"), ("features.4", "features.5"),
    ("features.6", "features.7", "norm"), ("head",),
)  # fmt: skip
_SWINS = (
    ("t", "T", 768, "Exact for its size; slower than ConvNeXt on a CPU."),
    ("s", "S", 768, "Deeper than the tiny one, and more exact."),
    ("b", "B", 1024, "Large and very exact; wants a GPU."),
)


def _vit(size: str, title: str, depth: int, width: int, summary: str) -> ModelSpec:
    layers = tuple((f"encoder.layers.encoder_layer_{number}",) for number in range(depth - 1))
    last = (f"encoder.layers.encoder_layer_{depth - 1}", "encoder.ln")
    return row(
        f"vit_{size}",
        f"ViT-{title}",
        "ViT",
        summary,
        Head("heads.head", "linear", width),
        (("", "conv_proj", "encoder"), *layers, last, ("heads",)),
        2,
        "",
        fixed_size=True,
    )


def _rows() -> Iterator[ModelSpec]:
    for size, features, summary, needs in _CONVNEXTS:
        head = Head("classifier.2", "linear", features)
        yield row(
            f"convnext_{size}",
            f"ConvNeXt {size}",
            "ConvNeXt",
            summary,
            head,
            _CONVNEXT_BLOCKS,
            1,
            "features",
            needs=needs,
        )
    for vit in _VITS:
        yield _vit(*vit)
    for version, name, year in (("", "Swin", 2021), ("_v2", "Swin V2", 2022)):
        for size, title, features, summary in _SWINS:
            yield row(
                f"swin{version}_{size}",
                f"{name}-{title}",
                name,
                summary,
                Head("head", "linear", features),
                _SWIN_BLOCKS,
                1,
                "permute",
                year=year,
            )
    yield row(
        "maxvit_t",
        "MaxViT tiny",
        "MaxViT",
        "Very exact at 224 pixels, and only there; wants a GPU.",
        Head("classifier.5", "linear", 512),
        (("stem",), ("blocks.0",), ("blocks.1",), ("blocks.2",), ("blocks.3",), ("classifier.2", "classifier.3"),
         ("classifier.5",)),
        2,
        "blocks.3",
        fixed_size=True,
    )  # fmt: skip


ROWS = tuple(_rows())
