"""Functions and methods of PyTorch as calls and operators of the language."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from pydantic import ValidationError

from cnndsl.importing.leaves import Unreadable, as_large, plain, plainest
from cnndsl.importing.recording import Event, Owned, Unknown, Value
from cnndsl.layers.arrangement import Index
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import SizeError
from cnndsl.layers.registry import KINDS, OPERATIONS

Read = tuple[str, str, tuple[Any, ...], dict[str, Any]]
"""The form ("call", "infix", "index", "resize", "same"), the word, sign or places, the operands, and the arguments."""

INFIX = {
    "add": "+", "sub": "-", "subtract": "-", "mul": "*", "multiply": "*", "div": "/", "divide": "/", "truediv": "/",
    "true_divide": "/", "matmul": "@", "bmm": "@", "pow": "**", "radd": "+", "rsub": "-", "rmul": "*", "rdiv": "/",
    "rtruediv": "/", "rmatmul": "@", "rpow": "**", "iadd": "+", "isub": "-", "imul": "*", "itruediv": "/",
    "ipow": "**",
}  # fmt: skip
ARRANGED = ("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "view_as")
"""What gives the same numbers in the same order, with other axes."""
SAME = {"contiguous", "clone", "detach", "to", "float", "type", "type_as", "requires_grad"}
# The parameters of functions and methods that have no signature, in their order.
SIGNATURES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("mean", "sum", "amax", "amin", "max", "min"), ("x", "dim", "keepdim")),
    **dict.fromkeys(("std", "var"), ("x", "dim", "unbiased", "keepdim")),
    **dict.fromkeys(("softmax", "log_softmax"), ("x", "dim", "dtype")),
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), ("x", "dim0", "dim1")),
    "flip": ("x", "dims"),
    "roll": ("x", "shifts", "dims"),
    "narrow": ("x", "dim", "start", "length"),
    "select": ("x", "dim", "index"),
    **dict.fromkeys(("linalg_vector_norm", "linalg_norm"), ("x", "p", "dim", "keepdim")),
    **dict.fromkeys(("unbind", "cumsum"), ("x", "dim")),
    **dict.fromkeys(("split_with_sizes", "tensor_split"), ("x", "split_size_or_sections", "dim")),
    **dict.fromkeys(("cat", "concat", "concatenate", "stack", "hstack"), ("tensors", "dim")),
    **dict.fromkeys(
        ("avg_pool2d", "avg_pool3d"),
        ("x", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
    ),
    "avg_pool1d": ("x", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"),
    "chunk": ("x", "chunks", "dim"),
    **dict.fromkeys(("clamp", "clip"), ("x", "min", "max")),
    "clamp_min": ("x", "min"),
    "clamp_max": ("x", "max"),
    "channel_shuffle": ("x", "groups"),
    "pixel_shuffle": ("x", "upscale_factor"),
    "pixel_unshuffle": ("x", "downscale_factor"),
    "adaptive_avg_pool1d": ("x", "output_size"),
    "gelu": ("x", "approximate"),
    "softplus": ("x", "beta", "threshold"),
    "hardshrink": ("x", "lambd"),
    "softshrink": ("x", "lambd"),
    "scaled_dot_product_attention": ("query", "key", "value", "attn_mask", "dropout_p", "is_causal"),
}
_LIKE = {
    "amax": "max", "amin": "min", "swapaxes": "transpose", "swapdims": "transpose", "clip": "clamp",
    "clamp_min": "clamp", "clamp_max": "clamp",
}  # fmt: skip
"""Functions with another name than in the language."""


def read(event: Event) -> Read:
    """A call as the language has it. Raises Unreadable."""
    name = event.function.strip("_")
    special = _SPECIAL.get(name)
    if special is not None:
        return special(event)
    if name in SAME:
        return _same(event)
    if name in INFIX:
        return _infix(event, name)
    if name in _functions():
        return _layer(event, name)
    if (word := _LIKE.get(name, name)) in OPERATIONS:
        return _operation(event, word)
    has_weights = any(isinstance(held, Owned) for held in [*event.arguments, *event.keywords.values()])
    instead = ": a layer of torch.nn has to hold its weights" if has_weights and hasattr(F, name) else ""
    raise Unreadable(f"{event.function}(...) is no call of the language{instead}")


def bound(event: Event, name: str) -> dict[str, Any]:
    """The arguments of a call by PyTorch's names. Raises Unreadable."""
    names = SIGNATURES.get(name)
    if names is None:
        found = getattr(F, f"_{name}", None) or getattr(F, name, None) or getattr(torch, name, None)
        try:
            names = tuple(inspect.signature(found).parameters) if callable(found) else ("x",)
        except ValueError:
            names = ("x",)
    if len(event.arguments) > len(names):
        raise Unreadable(f"{event.function} has {len(event.arguments)} arguments")
    given = dict(zip(names, event.arguments, strict=False)) | dict(event.keywords)
    here = {"axis": "dim", "input": "x", names[0]: "x"}
    return {here.get(key, key): value for key, value in given.items()}


@cache
def _functions() -> dict[str, list[type[Layer]]]:
    """The layers that a function may be, by its name; first those that say more."""
    found: dict[str, dict[str, None]] = {}
    for word, kind in KINDS.items():
        for rank in (1, 2, 3) if kind.call else ():
            found.setdefault(kind.call.format(r=rank).rpartition(".")[2], {})[word] = None
    found |= {"hard_sigmoid": {"hardsigmoid": None}, "swish": {"silu": None}, "log_sigmoid": {"logsigmoid": None}}
    return {
        name: sorted((KINDS[word] for word in words), key=lambda kind: -len(kind.model_fields))
        for name, words in found.items()
    }


def _layer(event: Event, name: str) -> Read:
    """A function that does what a layer does."""
    given = bound(event, name)
    x = given.pop("x")
    if given.get("training") and given.get("p") and not event.training:
        raise Unreadable(f"{name} is random in evaluation too: give it training=self.training")
    for kind in _functions()[name]:
        short = {long: own for own, long in kind.torch_names.items()}
        arguments: dict[str, Any] = {}
        for key, value in given.items():
            own = short.get(key, key)
            if own in ("inplace", "training", "return_indices", "_stacklevel") or value in (None, [], ()):
                continue
            if own not in kind.model_fields:
                raise Unreadable(f"{name}({key}={value!r}) is no call of the language")
            arguments[own] = plain(as_large(value, _sample(x)) if own == "size" else value)
        try:
            layer = kind.model_validate(arguments)
            layer.output(_sample(x))
        except (ValidationError, SizeError):
            continue
        told = plainest(layer, _sample(x)).non_default()
        return "call", kind.kind, (x,), {key: held for key, held in told.items() if key != "inplace"}
    raise Unreadable(f"{name}({given}) is no call of the language")


def _operation(event: Event, word: str, given: dict[str, Any] | None = None, *others: Any) -> Read:
    """A function that the language has, with its arguments by PyTorch's names, and values besides the first."""
    given = bound(event, event.function.strip("_")) if given is None else given
    x = given.pop("x")
    own = {long: name for name, long in OPERATIONS[word].torch_names.items()} | {"dim": "axis", "dims": "axis"}
    if given.pop("unbiased", None) is False:
        given["correction"] = 0
    arguments = {own.get(key, key): plain_axes(value) for key, value in given.items() if value is not None}
    if isinstance(x, Owned) and arguments.keys() & {"axis", "axis0"}:
        raise Unreadable(f"{event.function} of a tensor without a batch is no call of the language")
    try:
        return "call", word, (x, *others), OPERATIONS[word].model_validate(arguments).non_default()
    except ValidationError:
        told = {key: "a tensor" if isinstance(held, (Value, Owned)) else held for key, held in arguments.items()}
        raise Unreadable(f"{event.function} with {told or 'no arguments'} is no call of the language") from None


def _sample(x: Any) -> tuple[int, ...]:
    if not isinstance(x, (Value, Owned, Unknown)):
        raise Unreadable("a call on what is no tensor")
    return x.shape[1:]


def _same(event: Event) -> Read:
    result, x = event.result, event.arguments[0]
    if isinstance(x, Value) and isinstance(result, Value) and x.dtype == result.dtype and x.shape == result.shape:
        return "same", "", (x,), {}
    raise Unreadable(f"{event.function} changes the type of the numbers")


def _number(event: Event) -> Read:
    """A tensor of one number, which has no axes: it counts as the number does."""
    number = event.arguments[0] if event.arguments else event.keywords.get("data")
    if type(number) in (int, float) and event.result.dtype in (torch.int64, torch.float32, torch.float64):
        return "same", "", (number,), {}
    raise Unreadable("tensor(...) is no call of the language: let the module hold it, self.register_buffer(...)")


def _infix(event: Event, name: str) -> Read:
    reversed_ = name.startswith("r") and name[1:] in INFIX
    given = [event.arguments[0], event.arguments[1] if len(event.arguments) > 1 else event.keywords.get("other")]
    if event.keywords.get("alpha", 1) != 1 or event.keywords.get("rounding_mode"):
        raise Unreadable(f"{event.function} with {dict(event.keywords)} is no operator of the language")
    a, b = reversed(given) if reversed_ else given
    if INFIX[name] == "+" and (found := next((x for x, other in ((a, b), (b, a)) if other == 0), None)) is not None:
        return _same(replace(event, arguments=(found,)))  # which Python's `sum` begins with
    if INFIX[name] == "**" and isinstance(b, (Value, Owned)):
        raise Unreadable("the exponent of ** is a tensor, and in a text a number")
    return "infix", INFIX[name], (a, b), {}


def plain_axes(axis: Any) -> Any:
    """An axis, or a tuple of them."""
    if isinstance(axis, (list, tuple)):
        return axis[0] if len(axis) == 1 else tuple(axis)
    return axis


def _largest(event: Event) -> Read:
    """`max` along an axis, of which the values are used; `maximum`, or `max` of two values."""
    word = event.function[:3]
    given = bound(event, word)
    other = given.get("other", given.get("dim"))
    if isinstance(other, (Value, Owned)):
        return "call", f"{word}imum", (given["x"], other), {}
    return _operation(event, word)


def _concat(event: Event) -> Read:
    given = bound(event, event.function)
    values, axis = given["x"], 1 if event.function == "hstack" else given.get("dim", 0)
    if axis == 0:
        raise Unreadable(f"{event.function} along the batch is no call of the language")
    word = "stack" if event.function == "stack" else "concat"
    arguments = {} if word == "concat" and axis == 1 else {"axis": axis}
    return "call", word, (tuple(values),), arguments


def _parts(event: Event) -> Read:
    name = event.function
    given = bound(event, name)
    x, axis = given["x"], given.get("dim", 0)
    results = event.result if isinstance(event.result, (tuple, list)) else ()
    sizes = [item.shape[axis] for item in results if isinstance(item, Value)]
    if axis == 0 or not sizes:
        raise Unreadable(f"{name} along the batch is no call of the language")
    told: Any = len(sizes) if len(set(sizes)) == 1 else tuple(sizes)
    return "call", "split", (x,), {"parts": told, **({} if axis == 1 else {"axis": axis})}


def _arranged(event: Event) -> Read:
    """`view`, `reshape` and `flatten`: what becomes of the axes, where the numbers keep their order."""
    x, y = event.arguments[0], event.result
    if isinstance(x, Owned) and isinstance(y, Value):
        return unbatched(x, y)
    if not isinstance(x, Value) or not isinstance(y, Value):
        raise Unreadable(f"{event.function} of what is no value")
    a, b = x.shape, y.shape
    if a == b:
        return "same", "", (x,), {}
    if a[0] != b[0]:
        raise Unreadable(f"{event.function} from {list(a)} to {list(b)} mixes the batch with other axes")
    if len(b) == 1:
        raise Unreadable(f"{event.function} leaves no axis but the batch: let one stay, of size 1")
    if len(b) == 2:
        return "call", "flatten", (x,), {}
    same = 1
    while same < min(len(a), len(b)) and a[same] == b[same]:
        same += 1
    end = 0
    while end < min(len(a), len(b)) - same and a[-1 - end] == b[-1 - end]:
        end += 1
    old, new = a[same : len(a) - end], b[same : len(b) - end]
    # Where axes of size 1 may have been others, nothing is said of them but in a call that leaves no choice.
    sizes = next((held for held in event.arguments[1:] if isinstance(held, (list, tuple))), event.arguments[1:])
    is_clear = event.function not in ("view", "reshape") or -1 in sizes or not (1 in old + new and len(old + new) > 3)
    if len(new) <= 1 < len(old) and is_clear:
        start, stop = same, len(a) - end
        if not new:  # axes of size 1 go into the one before them, or behind
            start, stop = (start - 1, stop) if start > 1 else (start, stop + 1)
        arguments: dict[str, Any] = {} if start == 1 else {"start": start}
        if stop < len(a):
            arguments["end"] = stop - 1
        return "call", "flatten", (x,), arguments
    if len(old) == 1 and len(new) > 1 and is_clear:
        return "call", "unflatten", (x,), {"axis": same, "sizes": tuple(new)}
    if not old and set(new) == {1} and len(new) == 1:
        return "call", "unsqueeze", (x,), {"axis": same}
    if not new and set(old) == {1} and len(old) == 1:
        return "call", "squeeze", (x,), {"axis": same}
    return "call", "reshape", (x,), {"sizes": tuple(b[1:])}


def unbatched(x: Value | Owned, y: Value) -> Read:
    """How the axes of what has no batch become those of `y`."""
    sizes = y.shape[1:] if len(y.shape) > 2 and y.shape[0] == 1 else y.shape  # beside a batch, 1 is no size
    if sizes == x.shape:
        return "same", "", (x,), {}
    rest = [size for size in sizes if size != 1]
    return "call", "reshape", (x,), {"sizes": tuple(-1 if [size] == rest else size for size in sizes)}


def _one_by_one(event: Event, name: str = "dims") -> tuple[Any, Any]:
    """A value, and the numbers that are given one by one, or as a list."""
    x, *numbers = event.arguments
    given = event.keywords.get(name, numbers[0] if len(numbers) == 1 else numbers)
    return x, tuple(given) if isinstance(given, (list, tuple)) else (given,)


def _permute(event: Event) -> Read:
    x, order = _one_by_one(event)
    return "call", "permute", (x,), {"order": order}


def _flip(event: Event) -> Read:
    x, axes = _one_by_one(event)
    return _operation(event, "flip", {"x": x, "dims": axes})


def _moved(event: Event) -> Read:
    """`movedim` and `.mT`, of which the order of the axes is that of sizes that tell them apart."""
    x, *where = event.arguments
    sizes = torch.empty(*range(len(x.shape)))
    order = sizes.mT.shape if event.function == "mT" else torch.movedim(sizes, *where, **event.keywords).shape
    return "call", "permute", (x,), {"order": tuple(order)}


def _interpolate(event: Event) -> Read:
    given = bound(event, "interpolate")
    x, y = given["x"], event.result
    usual = None, False, "nearest"
    arguments = {n: held for n in ("mode", "align_corners") if (held := given.get(n)) not in usual}
    if given.get("antialias") or given.get("recompute_scale_factor"):
        raise Unreadable("interpolate(antialias=True) is no call of the language")
    if given.get("scale_factor") is not None:
        return "call", "upsample", (x,), {"scale": plain(given["scale_factor"]), **arguments}
    return "resize", "upsample", (x,), {"size": tuple(y.shape[2:]), **arguments}


def _item(event: Event) -> Read:
    """`x[:, 0]`, `x[..., 1:]`; new axes are calls of their own where what has them is a value (`recording.Steps`)."""
    x, given = event.arguments
    places = list(given) if isinstance(given, tuple) else [given]
    if not isinstance(x, (Value, Owned)) or not all(
        isinstance(place, (int, slice)) or place in (None, ...) for place in places
    ):
        raise Unreadable(f"x[{given}] is no call of the language")
    shape = x.shape
    if None in places:
        if isinstance(x, Value) or any(place not in (None, ..., slice(None)) for place in places):
            raise Unreadable(f"x[{given}] is no call of the language")
        return _arranged(event)
    at = places.index(...) if ... in places else len(places)
    behind = places[at + 1 :]
    ends = [len(shape) - len(behind) + number for number in range(len(behind))]
    cut = {
        axis: _within(place, shape[axis]) if isinstance(place, slice) else place
        for axis, place in zip([*range(at), *ends], [*places[:at], *behind], strict=True)
    }
    if all(place == slice(None) for place in cut.values()):
        return "same", "", (x,), {}
    if isinstance(x, Value) and cut.get(0, slice(None)) != slice(None):
        raise Unreadable(f"x[{given}] takes samples of the batch")
    written = list(cut.values())
    if behind:
        written.insert(at, ...)
    while not behind and written[-1] == slice(None):  # which says no more than that the other axes stay whole
        written.pop()
    made = Index.of(written, batched=isinstance(x, Value))
    return "index", made.form, (x,), {f"n{number}": end for number, end in enumerate(made.numbers)}


def _within(place: slice, size: int) -> slice:
    """A slice without what it takes beyond the ends of an axis, and without ends that say nothing."""
    start, stop = (None if end is None or abs(end) > size else end for end in (place.start, place.stop))
    step = None if place.step == 1 else place.step
    return slice(None if start in (0, -size) else start, None if stop == size else stop, step)


def _expand(event: Event) -> Read:
    x, sizes = _one_by_one(event, "size")
    return _expanded(x, sizes)


def _repeat(event: Event) -> Read:
    """`repeat` of axes of size 1, which is what `expand` does."""
    x, counts = _one_by_one(event, "repeats")
    dims = (1,) * (len(counts) - len(x.shape)) + tuple(x.shape)
    if any(count != 1 and dim != 1 for count, dim in zip(counts, dims, strict=True)):
        raise Unreadable(f"repeat of an axis that has not the size 1, {list(counts)}, is no call of the language")
    sizes = (-1 if count == 1 else count for count in counts[1:])
    return _expanded(x, (counts[0], *sizes))


def _expanded(x: Any, sizes: tuple[int, ...]) -> Read:
    """A value with axes repeated up to these sizes, the batch first."""
    if isinstance(x, Owned) and len(sizes) == len(x.shape) and x.shape[0] != 1:
        raise Unreadable("expand of a parameter that has as many axes as what comes out, and more than one row")
    return "call", "expand", (x,), {"sizes": sizes[1:]}


def _norm(event: Event) -> Read:
    """A vector norm along axes."""
    name = event.function.strip("_")
    given = bound(event, name)
    if given.get("dim") is None or (name == "linalg_norm" and not isinstance(given["dim"], int)):  # of matrices
        raise Unreadable(f"{event.function} without an axis is no call of the language")
    p = given.pop("p", None)
    return _operation(event, "norm", given if p in (None, "fro") else {"ord": p, **given})


def _pad(event: Event) -> Read:
    given = bound(event, "pad")
    border = tuple(given["pad"])
    if not any(border):
        return "same", "", (given["x"],), {}
    if min(border) < 0:
        raise Unreadable("pad with numbers below 0 is no call of the language")
    border += (0,) * (2 * len(event.result.shape) - 4 - len(border))
    more = {name: held for name in ("mode", "value") if (held := given.get(name)) not in (None, 0, "constant")}
    return "call", "pad", (given["x"],), {"padding": plain(border), **more}


def _attention(event: Event) -> Read:
    given = bound(event, event.function)
    others = given.pop("key"), given.pop("value")
    return _operation(event, "attention", {name: held for name, held in given.items() if held}, *others)


_SPECIAL: dict[str, Callable[[Event], Read]] = {
    **dict.fromkeys(ARRANGED, _arranged),
    **dict.fromkeys(("cat", "concat", "concatenate", "stack", "hstack"), _concat),
    **dict.fromkeys(("chunk", "split", "split_with_sizes", "tensor_split"), _parts),
    "max": _largest,
    "min": _largest,
    "tensor": _number,
    "flip": _flip,
    "maximum": _largest,
    "minimum": _largest,
    "square": lambda event: ("infix", "**", (event.arguments[0], 2), {}),
    "permute": _permute,
    **dict.fromkeys(("mT", "movedim", "moveaxis"), _moved),
    "interpolate": _interpolate,
    "getitem": _item,
    **dict.fromkeys(("norm", "linalg_vector_norm", "linalg_norm"), _norm),
    "pad": _pad,
    "expand": _expand,
    "repeat": _repeat,
    # What is made as large as another value to be put together with it, which is done there anyway.
    "expand_as": lambda event: ("same", "", (event.arguments[0],), {}),
    "scaled_dot_product_attention": _attention,
}
