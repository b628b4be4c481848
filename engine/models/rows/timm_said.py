"""What Thaw says of the curated rows that timm builds; their figures come from a table (`timm_rows.py`)."""

from __future__ import annotations

from engine.models.spec import Need

SAID: tuple[tuple[str, str, str, str, tuple[Need, ...]], ...] = (  # name, title, family, when to use it, needs
    ("resnetv2_50", "ResNet-50 v2", "ResNet-v2",
     "ResNet-50 in the newer order; trains a little more steadily from scratch.", ()),
    ("resnetv2_101", "ResNet-101 v2", "ResNet-v2", "The deeper one, where the order matters more; for a GPU.", ()),
    ("legacy_seresnet18", "SE-ResNet-18", "SE-ResNet", "ResNet-18 with two points more, for hardly any work.", ()),
    ("seresnet50", "SE-ResNet-50", "SE-ResNet", "ResNet-50 with squeeze and excitation; slow without a GPU.", ()),
    ("convnextv2_atto", "ConvNeXt V2 atto", "ConvNeXt V2",
     "Under four million parameters and much more exact than MobileNetV2; not for commercial use.", ()),
    ("convnextv2_nano", "ConvNeXt V2 nano", "ConvNeXt V2",
     "As exact as ResNet-101 at a third of its work; not for commercial use.", ()),
    ("convnextv2_tiny", "ConvNeXt V2 tiny", "ConvNeXt V2",
     "A point above ConvNeXt tiny; wants a GPU; not for commercial use.", ()),
    ("convnextv2_base", "ConvNeXt V2 base", "ConvNeXt V2",
     "The most exact row here; wants a large GPU; not for commercial use.", ("accurate",)),
    ("coatnet_nano_rw_224", "CoAtNet nano", "CoAtNet", "Small, exact, at 224 pixels only.", ()),
    ("coatnet_0_rw_224", "CoAtNet-0", "CoAtNet", "Larger and more exact, at 224 pixels only; wants a GPU.", ()),
)  # fmt: skip

NAMES = tuple(name for name, *_ in SAID)
