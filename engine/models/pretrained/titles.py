"""What timm's weights were trained on, in words, read from their tag: `laion2b_ft_in12k_in1k` is “LAION-2B, then
ImageNet-12k, then ImageNet-1k”."""

from __future__ import annotations

DATA = {
    "in1k": "ImageNet-1k",
    "in12k": "ImageNet-12k",
    "in21k": "ImageNet-21k",
    "in22k": "ImageNet-22k",
    "inw21k": "ImageNet-21k (winter)",
    "openai": "OpenAI's CLIP pictures",
    "laion2b": "LAION-2B (CLIP)",
    "laion400m": "LAION-400M (CLIP)",
    "laiona": "LAION-Aesthetics (CLIP)",
    "datacompxl": "DataComp-1B (CLIP)",
    "datacomp1b": "DataComp-1B (CLIP)",
    "dfn2b": "DFN-2B (CLIP)",
    "dfn5b": "DFN-5B (CLIP)",
    "dfndr2b": "DFNDR-2B (MobileCLIP 2)",
    "mclip": "DataComp-DR (MobileCLIP)",
    "metaclip": "web pictures (MetaCLIP)",
    "metaclip2": "web pictures of the whole world (MetaCLIP 2)",
    "merged2b": "Merged-2B (EVA-CLIP)",
    "webli": "WebLI (SigLIP)",
    "yfcc15m": "YFCC-15M (CLIP)",
    "yfcc100m": "YFCC-100M of Flickr",
    "cc12m": "CC-12M",
    "lvd142m": "LVD-142M, without labels (DINOv2)",
    "lvd1689m": "LVD-1689M, without labels (DINOv3)",
    "sat493m": "493 million satellite images (DINOv3)",
    "ig1b": "a billion Instagram photos",
    "swag": "3.6 billion Instagram photos (SWAG)",
    "seer": "a billion Instagram photos, without labels (SEER)",
    "jft": "JFT-300M",
    "m38m": "38 million pictures, masked",
    "m30m": "30 million pictures, masked",
    "sa1b": "SA-1B (Segment Anything)",
    "mae": "ImageNet-1k, without labels (MAE)",
    "fcmae": "ImageNet-1k, without labels (masked)",
    "dino": "ImageNet-1k, without labels (DINO)",
    "bamboo": "Bamboo",
    "inat21": "iNaturalist 2021",
}
"""By a word of the tag, what it stands for."""


def title_of(tag: str) -> str:
    """The data in the order of training, and the tag where it says nothing that is known. Of what masked pictures began
    and labels finished, only the labelled data is said."""
    words = tag.split("_")
    known = [DATA[word] for word in words if word in DATA]
    if len(known) > 1 and known[0] == DATA["fcmae"]:
        del known[0]
    return ", then ".join(dict.fromkeys(known)) if known else f"trained as “{tag}”"
