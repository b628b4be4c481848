"""The optimizers there are, as rows of data: who makes each, what it takes, and at which rates it learns. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class OptimizerRow:
    """`maker` is “module:class”, loaded only where something trains; `takes` are the settings that it uses beside rate
    and weight decay, `fixed` its other arguments.

    What strategies and families know are rates and decays of AdamW and of SGD: the default rate is `rate_share` of
    that of `like`, the default decay `decay_share` of it, and the rate goes with the batch size as that of `like` does.
    `kept` is how many numbers it keeps of each trained parameter.
    """

    name: str
    title: str
    maker: str
    like: Literal["adamw", "sgd"]
    rate_share: float
    decay_share: float
    kept: int
    takes: tuple[str, ...] = ()
    fixed: Mapping[str, object] = field(default_factory=dict)


_ROWS = (
    OptimizerRow("adamw", "AdamW", "torch.optim:AdamW", "adamw", 1.0, 1.0, 2),
    OptimizerRow("sgd", "SGD", "torch.optim:SGD", "sgd", 1.0, 1.0, 1, ("momentum", "nesterov")),
    # Kingma and Ba 2015, "Adam", has no decay; as a term of the gradient it is not the decay of AdamW (Loshchilov and
    # Hutter 2019, "Decoupled Weight Decay Regularization").
    OptimizerRow("adam", "Adam", "torch.optim:Adam", "adamw", 1.0, 0.0, 2),
    # torchvision's reference training of MobileNetV3: 0.064 for a batch of 1024, so 0.002 for 32, where SGD has 0.05;
    # decay 1e-5, alpha 0.9, and an epsilon of 0.0316 as TensorFlow's of 1e-3 stands below the root.
    OptimizerRow(
        "rmsprop", "RMSProp", "torch.optim:RMSprop", "sgd", 0.04, 0.1, 2, ("momentum",), {"alpha": 0.9, "eps": 0.0316}
    ),
    # Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms": a rate 3 to 10 times smaller than AdamW's, and
    # a decay as much larger; their vision transformers have 10.
    OptimizerRow("lion", "Lion", "timm.optim:Lion", "adamw", 0.1, 10.0, 1),
    # You et al. 2020, "Large Batch Optimization for Deep Learning": 0.005 for a batch of 512 by the square root is
    # 0.00125 for 32, where AdamW has 0.001. NVIDIA's clipping inside it is off: `clip_norm` is the one place for that.
    OptimizerRow("lamb", "LAMB", "timm.optim:Lamb", "adamw", 1.25, 1.0, 2, (), {"max_grad_norm": None}),
)

OPTIMIZERS: dict[str, OptimizerRow] = {row.name: row for row in _ROWS}
