"""What torch's functions are to a person who looks at a network, and what they do to receptive fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from engine.models.layers.receptive_field import Field

_KINDS = {
    "conv": "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    "linear": "linear addmm mm bilinear",
    "norm": "batch_norm layer_norm group_norm instance_norm local_response_norm rms_norm normalize",
    "activation": "relu relu6 gelu silu sigmoid logsigmoid hardswish hardsigmoid hardtanh softmax log_softmax tanh mish"
    " elu celu selu leaky_relu prelu rrelu softplus softsign glu clamp threshold",
    "pool": "max_pool1d max_pool2d avg_pool1d avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool2d"
    " lp_pool2d mean amax max sum std var norm",
    "attention": "scaled_dot_product_attention multi_head_attention_forward matmul bmm baddbmm einsum",
    "merge": "add sub mul div cat concat concatenate stack maximum minimum lerp where addcmul",
    "shape": "flatten pad pixel_shuffle pixel_unshuffle unfold fold interpolate upsample",
}
_KIND_OF = {op: kind for kind, ops in _KINDS.items() for op in ops.split()}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SHAPE_ONLY = _words(
    "view reshape permute transpose t contiguous getitem chunk split split_with_sizes tensor_split unbind unsqueeze"
    " squeeze expand expand_as to float half bfloat16 double type type_as clone detach swapaxes swapdims movedim"
    " moveaxis unflatten narrow select roll view_as reshape_as flip index_select get atleast_2d broadcast_to size"
    " dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout stochastic_depth drop_path flatten"
)
"""What moves numbers about and computes nothing when classifying. The graph draws these not, but the last flatten."""

NEW_TENSORS = _words(
    "new_zeros new_ones new_full new_empty new_tensor zeros_like ones_like full_like empty_like rand_like randn_like"
)
"""What takes a tensor's type and shape, not its numbers."""

MATMULS = frozenset(("matmul", "bmm", "baddbmm", "einsum"))
ATTENTION = frozenset(("scaled_dot_product_attention", "multi_head_attention_forward"))
_TRANSFORMS = frozenset(("fft", "fft2", "rfft", "rfft2", "fftn", "rfftn", "cumsum", "sort", "topk", "gather"))
_ARITHMETIC = {"truediv": "div", "divide": "div", "multiply": "mul", "subtract": "sub", "clip": "clamp"}


def op_name(name: str) -> str:
    """The field's word for a function of torch: `__iadd__`, `__radd__` and `add_` are all add."""
    plain = name.strip("_")
    if name.startswith("__") and plain[:1] in "ir" and plain[1:] in ("add", "sub", "mul", "truediv", "matmul", "div"):
        plain = plain[1:]
    return _ARITHMETIC.get(plain, plain.removesuffix("_with_indices"))


def kind_of_function(op: str, inputs: int, parameters: int) -> str:
    """The kind of a function called on `inputs` different results of the network and so many parameters of it."""
    kind = _KIND_OF.get(op, "other")
    if op in MATMULS and inputs < 2:
        return "linear"
    if kind == "merge" and inputs < 2:
        joins = op in ("cat", "concat", "concatenate", "stack")
        return "merge" if joins and parameters else "shape" if joins else "other"
    return kind


def kind_of_module(module: nn.Module, called: set[str]) -> str:
    """The kind of a module drawn as one node; `called` names the functions that it called."""
    name = type(module).__name__.lower()
    if isinstance(module, nn.modules.conv._ConvNd):
        return "conv"
    if isinstance(module, nn.Linear):
        return "linear"
    if "norm" in name:
        return "norm"
    if "pool" in name:
        return "pool"
    if called and called <= SHAPE_ONLY:
        return "shape"
    kinds = {_KIND_OF.get(op, "other") for op in called - SHAPE_ONLY}
    for kind in ("conv", "norm", "linear", "activation", "pool", "shape"):
        if kinds == {kind} or (kind == "activation" and "activation" in type(module).__module__):
            return kind
    return "other"


def keeps_statistics(module: nn.Module) -> bool:
    """Whether the layer keeps running statistics, which change in training without a gradient."""
    return isinstance(module, nn.modules.batchnorm._NormBase) and module.track_running_stats


@dataclass(frozen=True)
class Call:
    """A function that was called: its arguments, the shape of what it gave, and for each tensor among its arguments
    that depends on the image, shape and field."""

    op: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    shape: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    fields: tuple[Field | None, ...]
    windows: tuple[tuple[int, int], tuple[int, int]] | None = None
    merges_patches: bool = False

    def argument(self, place: int, name: str, default: Any = None) -> Any:
        return self.args[place] if len(self.args) > place else self.kwargs.get(name, default)


def field_after(call: Call) -> Field | None:
    """What the result of a function sees; None is the whole image.

    Global pooling and everything that mixes all tokens (attention, linear layers over tokens) see the whole image, but
    attention in Swin's windows sees its windows. The statistics of normalisation are not counted, as is usual.
    """
    if None in call.fields or (len(call.shape) < 3 and call.op != "getitem"):
        return None
    field, *others = (one for one in call.fields if one is not None)
    for other in others:
        field = field.join(other)
    if call.op in ATTENTION or (call.op in MATMULS and len(call.fields) > 1):
        return field.share_windows(*call.windows) if call.windows else None
    if call.op in _TRANSFORMS:
        return None
    if call.op.startswith("conv"):
        return _convolved(call, field)
    if "pool" in call.op:
        return _pooled(call, field)
    if call.op in ("mean", "sum", "amax", "max", "std", "var", "norm"):
        return _reduced(call, field)
    if call.op in ("linear", "matmul"):
        mixes_tokens = len(call.shapes[0]) - 1 in _places(call.shapes[0], field)
        return None if mixes_tokens else field
    if call.op == "getitem":
        return _taken(call, field)
    if call.op == "pad":
        return _padded(call, field)
    if call.op in ("interpolate", "upsample", "pixel_shuffle", "pixel_unshuffle"):
        return field.fit((call.shape[-2], call.shape[-1]))
    if call.merges_patches and call.op in ("reshape", "view"):
        return field.fit((-(-field.places[0] // 2), -(-field.places[1] // 2)))
    return field


def _places(shape: Sequence[int], field: Field) -> tuple[int, ...]:
    """Which dimensions of a tensor run over the places of the map: two, one for tokens, or none where it is unclear."""
    rows, columns = field.places
    if len(shape) == 4:
        for first in (2, 1):
            if tuple(shape[first : first + 2]) == (rows, columns):
                return first, first + 1
    if len(shape) == 3:
        for token in (1, 2):
            if 0 <= shape[token] - rows * columns <= 5:  # class token, distillation token, registers
                return (token,)
    return ()


def _pair(size: Any) -> tuple[int, int]:
    values = tuple(int(one) for one in size) if isinstance(size, tuple | list) else (int(size),)
    return (values[0], values[0]) if len(values) == 1 else (values[0], values[1])


def _convolved(call: Call, field: Field) -> Field | None:
    weight = call.argument(1, "weight")
    if not isinstance(weight, Tensor) or weight.dim() != 4 or len(call.shape) != 4:
        return None  # along tokens or channels
    field = field.fit((call.shapes[0][2], call.shapes[0][3]))
    if "transpose" in call.op:
        return field.fit((call.shape[2], call.shape[3]))
    kernel, dilation = _pair(tuple(weight.shape[2:])), _pair(call.argument(5, "dilation", 1))
    padding = call.argument(4, "padding", 0)
    if isinstance(padding, str):
        wide = padding == "same"
        padding = tuple((size - 1) * apart // 2 if wide else 0 for size, apart in zip(kernel, dilation, strict=True))
    return field.slide(
        kernel, _pair(call.argument(3, "stride", 1)), _pair(padding), dilation, (call.shape[2], call.shape[3])
    )


def _pooled(call: Call, field: Field) -> Field | None:
    if len(call.shape) != 4 or len(call.shapes[0]) != 4:
        return None
    before, after = (call.shapes[0][2], call.shapes[0][3]), (call.shape[2], call.shape[3])
    field = field.fit(before)
    if call.op.startswith("adaptive"):
        return None if after == (1, 1) else field.fit(after)
    lp = call.op.startswith("lp")  # its first number is the power
    kernel = _pair(call.argument(2 if lp else 1, "kernel_size"))
    step = call.argument(3 if lp else 2, "stride")
    padding = 0 if lp else call.argument(3, "padding", 0)
    dilation = call.argument(4, "dilation", 1) if call.op.startswith("max") else 1
    return field.slide(kernel, _pair(step or kernel), _pair(padding), _pair(dilation), after)


def _reduced(call: Call, field: Field) -> Field | None:
    shape = call.shapes[0]
    dims = call.argument(2 if call.op == "norm" else 1, "dim")
    if isinstance(dims, Tensor):  # torch.max of two tensors
        return field
    if dims is None:
        return None
    wanted = {int(dim) % len(shape) for dim in (dims if isinstance(dims, tuple | list) else (dims,))}
    places = _places(shape, field)
    pointwise = not wanted & set(places) if places else wanted == {1} and len(shape) != 3
    return field if pointwise else None


def _taken(call: Call, field: Field) -> Field:
    places = _places(call.shapes[0], field)
    if len(places) != 2:
        return field
    index = call.args[1] if isinstance(call.args[1], tuple) else (call.args[1],)
    if any(not isinstance(part, slice) and part is not Ellipsis for part in index):
        return field
    if Ellipsis in index:
        middle = index.index(Ellipsis)
        missing = len(call.shapes[0]) - len(index) + 1
        index = (*index[:middle], *[slice(None)] * missing, *index[middle + 1 :])
    index = (*index, *[slice(None)] * (4 - len(index)))
    return field.on_each(field.rows.cut(index[places[0]]), field.columns.cut(index[places[1]]))


def _padded(call: Call, field: Field) -> Field:
    amounts = [int(one) for one in call.argument(1, "pad", ())]
    places = _places(call.shapes[0], field)
    if len(places) != 2:
        return field
    by_dim = {
        len(call.shapes[0]) - 1 - number // 2: amounts[number : number + 2] for number in range(0, len(amounts), 2)
    }
    rows, columns = (by_dim.get(place, [0, 0]) for place in places)
    return field.on_each(field.rows.pad(*rows), field.columns.pad(*columns))
