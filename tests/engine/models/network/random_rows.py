"""Rows drawn by hypothesis: sensible ones, and any."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.models.network.rows import (
    Activation,
    Conv,
    Dropout,
    Flatten,
    GlobalPooling,
    Linear,
    Network,
    Norm,
    Pooling,
    Residual,
    Row,
    SpatialDropout,
    SqueezeExcitation,
)

FUNCTIONS = ("relu", "leaky-relu", "prelu", "elu", "gelu", "silu", "sigmoid", "tanh")
CHANNELS = st.sampled_from((1, 2, 4, 6, 8))

CONVS = st.builds(
    Conv,
    channels=CHANNELS,
    kernel=st.integers(1, 5),
    stride=st.integers(1, 3),
    padding=st.integers(0, 3),
    groups=st.sampled_from((1, 1, 1, 2, 4)),
    dilation=st.sampled_from((1, 1, 2)),
    bias=st.booleans(),
)
NORMS = st.builds(
    Norm, over=st.sampled_from(("batch", "layer", "instance", "group", "none")), groups=st.sampled_from((1, 2, 4))
)
OTHERS = (
    st.builds(Activation, function=st.sampled_from(FUNCTIONS)),
    st.builds(
        Pooling, how=st.sampled_from(("max", "average", "strided")), size=st.integers(1, 4), stride=st.integers(1, 3)
    ),
    st.builds(SqueezeExcitation, reduction=st.sampled_from((1, 2, 16))),
    st.builds(Dropout, share=st.just(0.5)),
)
MAP_ROWS: st.SearchStrategy[Row] = st.one_of(CONVS, CONVS, NORMS, *OTHERS)
SAME_SIZE = st.sampled_from(((1, 1), (3, 1), (5, 2))).flatmap(  # (kernel, padding)
    lambda pair: st.builds(
        Conv, channels=CHANNELS, kernel=st.just(pair[0]), padding=st.just(pair[1] if pair[0] > 1 else 0)
    )
)
LINEARS = st.builds(Linear, units=st.integers(1, 12), bias=st.booleans())
ANY_INNER: st.SearchStrategy[Row] = st.one_of(
    MAP_ROWS, SAME_SIZE, st.builds(SpatialDropout), st.builds(Flatten), st.builds(GlobalPooling), LINEARS
)


def residuals(inner: st.SearchStrategy[Row], largest: int = 3) -> st.SearchStrategy[Row]:
    return st.lists(inner, max_size=largest).map(lambda rows: Residual(rows=tuple(rows)))


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Any rows in any order: about half of them are impossible somewhere."""
    first = draw(st.lists(st.one_of(MAP_ROWS, residuals(SAME_SIZE), residuals(ANY_INNER)), max_size=5))
    last = draw(st.lists(st.one_of(ANY_INNER, residuals(LINEARS)), max_size=3))
    end = draw(st.sampled_from(((), (Flatten(),), (GlobalPooling(),))))
    return Network(
        title="Drawn",
        input_size=draw(st.integers(16, 24)),
        channels=draw(st.sampled_from((1, 3))),
        rows=(*first, *end, *last),
    )
