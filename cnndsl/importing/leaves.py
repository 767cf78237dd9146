"""The catalogue read backwards: which layer of the language a module of PyTorch is, with which parameters.

A layer says how PyTorch constructs it (`Layer.torch`). So of a module its parameters are looked up under those names,
and the layer that they make is taken if it would be constructed as this module was. A new layer is read back without a
line here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import chain, product
from typing import Any, get_args, get_origin
from weakref import WeakKeyDictionary

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from cnndsl.frozen import frozen
from cnndsl.generated import module_of
from cnndsl.layers.base import Layer, Spelling
from cnndsl.layers.formula import SizeError
from cnndsl.layers.registry import HELPERS, KINDS

# Modules from elsewhere that do what a helper of a generated module does: the word of the layer, the helper, the names
# of its parameters there, and parameters that are not what an attribute says.
Alike = tuple[str, str, dict[str, str], dict[str, Any]]
ALIKE: dict[str, Alike] = {
    "torchvision.ops.stochastic_depth.StochasticDepth": ("stochastic_depth", "StochasticDepth", {}, {}),
    "torchvision.ops.misc.Permute": ("permute", "Permute", {}, {}),
    "timm.layers.drop.DropPath": ("stochastic_depth", "StochasticDepth", {"p": "drop_prob"}, {}),
    "timm.layers.pool2d_same.MaxPool2dSame": ("maxpool", "MaxPool2dSame", {}, {}),
    # Its border is a part of the map for the pool, whatever it was told.
    "timm.layers.pool2d_same.AvgPool2dSame": ("avgpool", "AvgPool2dSame", {}, {"count_include_pad": True}),
}
_NAMES = {
    "unflatten": {"axis": "dim", "sizes": "unflattened_size"},
    "groupnorm": {"groups": "num_groups"},
    "multihead_attention": {"bias": "in_proj_bias"},
}
"""PyTorch's names of attributes, where a layer does not say them in `torch_names`."""
_DROPS_INPLACE = "inplace"  # what is overwritten follows from the values that are recorded


class Unreadable(Exception):  # noqa: N818 - what it says of the module
    """A module or call has no words in the language. The message says why."""


@cache
def layer_classes() -> dict[type[nn.Module], list[type[Layer]]]:
    """The classes of PyTorch that layers of the language are, each with these."""
    found: dict[type[nn.Module], list[type[Layer]]] = {}
    for kind in KINDS.values():
        for rank in (1, 2, 3):
            made = getattr(nn, kind.module.format(r=rank), None) if kind.module else None
            if made is not None and kind not in found.setdefault(made, []):
                found[made].append(kind)
    for mode in ("Zero", "Constant", "Reflection", "Replication", "Circular"):
        for rank in (1, 2, 3):
            found[getattr(nn, f"{mode}Pad{rank}d")] = [KINDS["pad"]]
    for kinds in found.values():  # what says more of itself comes first
        kinds.sort(key=lambda kind: -len(kind.model_fields))
    return found


def _qualified(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def standard_class(module: nn.Module) -> type[nn.Module] | None:
    """The class of PyTorch that a module is, or that it inherits all that it does from; None for another one."""
    if (found := inherited(module)) is not None:
        return found.base
    own = {"forward", "_conv_forward", "__call__"}
    known = {*layer_classes(), nn.Identity}
    base = next(base for base in type(module).__mro__ if base in known or own & vars(base).keys())
    return base if base in known else None


def layer_base(kind: type[nn.Module]) -> type[nn.Module] | None:
    """The layer of PyTorch that a class is or inherits from, also with a `forward` of its own; None for another one."""
    return next((base for base in kind.__mro__ if base in layer_classes()), None)


def is_leaf(module: nn.Module) -> bool:
    """Whether a module is one of the layers of the language, whose inside is of no interest."""
    return standard_class(module) is not None or _alike(module) is not None


@cache
def _helpers() -> dict[str, str]:
    """The classes that a generated module has for layers that PyTorch lacks, with the words of these."""
    return {name: kind.kind for kind in KINDS.values() for name in HELPERS if f"class {name}(nn" in kind.helper}


def _alike(module: nn.Module) -> Alike | None:
    """What is known of a module that does what a helper does."""
    kind = type(module)
    for base in kind.__mro__:
        if _qualified(base) in ALIKE:
            return ALIKE[_qualified(base)]
        if "forward" in vars(base):
            break
    word = _helpers().get(kind.__name__)
    is_helper = word is not None and _without_spaces(kind.__doc__ or "?") in _without_spaces(HELPERS[kind.__name__])
    return (word, kind.__name__, {}, {}) if word is not None and is_helper else None


def _without_spaces(text: str) -> str:
    """Without what Python 3.13 leaves out of docstrings."""
    return "".join(text.split())


def read_layer(module: nn.Module, shape: tuple[int, ...]) -> Layer | None:
    """The layer that a module is, for a sample of this shape; None for one that does nothing. Raises Unreadable."""
    standard = standard_class(module)
    if standard is nn.Identity:
        return None
    told: dict[str, Any] = {}
    if standard is None:
        word, target, names, told = _alike(module) or ("", "", {}, {})
        names = names or _NAMES.get(word, {})
        kinds, targets = [KINDS[word]], {target, target.replace("Chained", "nn.")}
        if word == "crop":
            return kinds[0].model_validate({"margins": _margins(module, shape)})
    else:
        names = next((_NAMES[kind.kind] for kind in layer_classes()[standard] if kind.kind in _NAMES), {})
        found = inherited(module)
        kinds, target = layer_classes()[standard], found.target if found else f"nn.{standard.__name__}"
        targets = {target} if found else {target, f"{standard.__name__}Same", target.replace("Constant", "Zero")}
        _check_rest(module, standard)
    if isinstance(sizes := getattr(module, "output_size", None), tuple) and None in sizes:
        told = dict.fromkeys(("size", "output_size"), as_large(sizes, shape))
    if target.endswith("Same"):  # what it pads follows from the map; where that is nothing, it is the plain layer
        told, targets = told | {"padding": "same"}, {target, f"nn.{target.removesuffix('Same')}"}
    for kind in kinds:
        for layer in _candidates(kind, module, shape, names, told):
            try:
                layer.check_rank(shape)
                layer.output(shape)
                if layer.flattens(shape):
                    continue
                spelling = layer.torch(shape)
            except (SizeError, TypeError, IndexError):
                continue
            around = spelling.around.rpartition(".")[2]
            fits = spelling.target in targets and around == _parametrized(module)
            if fits and _is_made(spelling, module, names, told):
                return plainest(layer, shape)
    name = type(module).__name__
    if isinstance(module, nn.RNNBase) and not module.batch_first:
        raise Unreadable(f"{name} takes the batch behind the places: give it batch_first=True")
    raise Unreadable(f"{name}({module.extra_repr()}) on {' x '.join(map(str, shape))} is no layer of the language")


def cropped(module: nn.Module) -> tuple[Layer, Layer] | None:
    """What a border with numbers below 0 does: it takes away on these sides, and then adds on the others."""
    border = getattr(module, "padding", None)
    zeros = isinstance(module, tuple(getattr(nn, f"{kind}Pad{r}d") for kind in ("Zero", "Constant") for r in (1, 2, 3)))
    if not zeros or not isinstance(border, tuple) or min(border) >= 0 or standard_class(module) is None:
        return None
    margins, added = (tuple(max(0, sign * side) for side in border) for sign in (-1, 1))
    value = getattr(module, "value", 0)
    return KINDS["crop"].model_validate({"margins": margins}), KINDS["pad"].model_validate(
        {"padding": added, "value": value}
    )


def _margins(module: nn.Module, shape: tuple[int, ...]) -> Any:
    """What the helper Crop takes away, as the language says it: from the last axis on the number of each side."""
    bounds: Any = module.bounds
    sides = [
        (first or 0, 0 if last is None else size - last if last > 0 else -last)
        for size, (first, last) in zip(shape[1:], bounds, strict=True)
    ]
    return plain(tuple(chain.from_iterable(reversed(sides))))


def as_large(sizes: Any, shape: tuple[int, ...]) -> Any:
    """Sizes, or one for all axes, of which None is that of the map."""
    if not isinstance(sizes, (list, tuple)):
        return sizes
    return tuple(own if size is None else size for size, own in zip(sizes, shape[-len(sizes) :], strict=True))


def plainest(layer: Layer, shape: tuple[int, ...]) -> Layer:
    """The layer without the arguments that it would have anyway, such as the stride of a pool that is its kernel."""
    for name, field in type(layer).model_fields.items():
        if field.is_required() or getattr(layer, name) == field.default:
            continue
        plainer = layer.having({name: field.default})
        if _told(plainer.torch(shape)) == _told(layer.torch(shape)) and not plainer.flattens(shape):
            layer = plainer
    return layer


def _told(spelling: Spelling) -> tuple[str, str, list[tuple[str, Any]]]:
    return spelling.target, spelling.around, [(a.name, a.value) for a in spelling.arguments]


def _parametrized(module: nn.Module) -> str:
    """The parametrization of a weight: "weight_norm", "spectral_norm" or nothing."""
    found = getattr(module, "parametrizations", None)
    if not found:
        return ""
    name = type(found["weight"][0]).__name__ if "weight" in found else ""
    return {"_WeightNorm": "weight_norm", "_SpectralNorm": "spectral_norm"}.get(name, "?")


def _candidates(
    kind: type[Layer], module: nn.Module, shape: tuple[int, ...], names: dict[str, str], told: dict[str, Any]
) -> Any:
    """Layers of a kind with the parameters that the module has, or that are told; of others, all there may be."""
    known: dict[str, Any] = {name: value for name, value in told.items() if name in kind.model_fields}
    tried: dict[str, list[Any]] = {}
    norm = _parametrized(module)
    for name, field in kind.model_fields.items():
        long = names.get(name, kind.torch_names.get(name, name))
        if name == _DROPS_INPLACE or name in known:
            continue
        if name in ("weight_norm", "spectral_norm"):
            if norm == name:
                known[name] = True
            continue
        if hasattr(module, long) and not callable(getattr(module, long)):
            known[name] = _plain(getattr(module, long), field.annotation)
            if known[name] is None:
                known[name] = field.default
        elif not field.is_required():
            options = list(get_args(field.annotation)) if field.annotation is not None else []
            words = [option for option in options if isinstance(option, str)]
            more = [-1, "channels", *range(2, len(shape) + 1)] if name == "axis" else words
            tried[name] = [field.default, *more]
    for values in product(*tried.values()):
        given = {**known, **dict(zip(tried, values, strict=True))}
        try:
            yield kind.model_validate(given)
        except ValidationError:
            continue


def _plain(value: Any, annotation: Any) -> Any:
    """An attribute as the language has it: one number for all axes, and whether there is a bias."""
    if isinstance(value, Tensor) or (value is None and annotation is bool):
        return value is not None
    if get_origin(annotation) is tuple and isinstance(value, (list, tuple)):
        return tuple(value)  # as many sizes as there are axes, also where these are equal
    return plain(value)


def plain(value: Any) -> Any:
    """A number for a list of equal numbers; lists as tuples."""
    if isinstance(value, (list, tuple)):
        items = tuple(value)
        return items[0] if items and all(type(item) is type(items[0]) and item == items[0] for item in items) else items
    return value


def shortest(number: float, is_it: Callable[[float], bool]) -> float:
    """The number rounded to the fewest digits with which it is the one that is meant; as it is where none is."""
    return next(filter(is_it, (float(f"{number:.{digits}g}") for digits in range(1, 18))), number)


def _is_made(spelling: Spelling, module: nn.Module, names: dict[str, str], told: dict[str, Any]) -> bool:
    """Whether a module has what the spelling would give to its constructor."""
    for argument in spelling.arguments:
        if argument.name == _DROPS_INPLACE or argument.name in told:
            continue
        long = names.get(argument.name, argument.name)
        if not hasattr(module, long):
            if argument.value == argument.default:
                continue
            return False
        have, want = getattr(module, long), argument.value
        if isinstance(want, bool) and (have is None or isinstance(have, Tensor)):
            have = have is not None
        if argument.name == "normalized_shape":  # whose length says which axes it is over
            have, want = (tuple(held) if isinstance(held, (list, tuple)) else (held,) for held in (have, want))
        else:
            have, want = plain(have), plain(want)
        if have != want and not (have is None and want == argument.default):
            return False
    return True


def _check_rest(module: nn.Module, standard: type[nn.Module]) -> None:
    """Raise Unreadable where a module was given what no layer of the language takes."""
    for kind in layer_classes()[standard]:
        names = {kind.torch_names.get(name, name) for name in kind.model_fields}
        for name, parameter in inspect.signature(standard.__init__).parameters.items():
            if name in names or parameter.default is inspect.Parameter.empty or not hasattr(module, name):
                continue
            have = getattr(module, name)
            if name in ("kdim", "vdim") and have == getattr(module, "embed_dim", None):
                continue  # as it is where nothing is given
            if name == "bias" and getattr(module, "weight", 0) is None:
                continue  # a normalisation that learns nothing has none, whatever was given
            is_plain = isinstance(have, (bool, int, float, str)) or have is None
            if is_plain and have != parameter.default and name != "batch_first":
                raise Unreadable(f"{standard.__name__}({name}={have!r}) is no layer of the language")


# Classes that inherit from a layer


_IMPORTS = """\
from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
"""
"""What the helpers of a generated module need."""
_TENSORS = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}


@frozen()
class Inherited:
    """What a module does: what the class `target` does, and then those of its parts with these names."""

    base: type[nn.Module]
    target: str
    forward: Callable[..., Any]
    parts: tuple[str, ...]


_FOUND: WeakKeyDictionary[nn.Module, Inherited | None] = WeakKeyDictionary()


def inherited(module: nn.Module) -> Inherited | None:
    """What was found of a module by `look_at`; None where it does something of its own."""
    return _FOUND.get(module)


def look_at(module: nn.Module, base: type[nn.Module], x: Tensor) -> None:
    """Find out whether a module that inherits from `base` does to `x` what a layer does. It stays as it was."""
    if module in _FOUND:
        return
    _FOUND[module] = None
    own = {name for name, _ in module.named_parameters(recurse=False)}
    own |= {name for name, _ in module.named_buffers(recurse=False)}
    if own - _TENSORS:
        return
    parts = tuple(name for name, _ in module.named_children())
    try:
        with unchanged(module):
            wanted = module.forward(x.clone())
    except Exception:  # it is called in another way
        return
    targets = {f"nn.{base.__name__}": base} | {n: c for n, c in helper_classes().items() if issubclass(c, base)}
    # A part without state may also do before what a target does by itself, as a border that is worked out once.
    ways = [parts] if any(child.state_dict() for child in module.children()) else dict.fromkeys([parts, ()])
    for (target, kind), way in product(targets.items(), ways):
        try:
            with unchanged(module):
                found = kind.forward(module, x.clone())
                for name in way:
                    found = getattr(module, name)(found)
        except Exception:  # noqa: S112 - it is no layer of this kind
            continue
        if isinstance(wanted, Tensor) and isinstance(found, Tensor) and torch.equal(wanted, found):
            _FOUND[module] = Inherited(base, target, kind.forward, way)
            return


@cache
def helper_classes() -> dict[str, type[nn.Module]]:
    """The classes that a generated module has for layers that PyTorch lacks."""
    made = vars(module_of("\n\n".join([_IMPORTS, *HELPERS.values()]), "helpers"))
    return {name: made[name] for name in HELPERS if isinstance(made[name], type)}


def equal(one: Any, other: Any) -> bool:
    """Whether two tensors have the same sizes and the same numbers, or none in the same places."""
    if not isinstance(one, Tensor) or not isinstance(other, Tensor):
        return False
    return torch.equal(one.nan_to_num(), other.nan_to_num())


@contextmanager
def unchanged(module: nn.Module) -> Iterator[None]:
    """Leaves the state and the mode of a module, and the random generator, as they were."""
    modes = {child: child.training for child in module.modules()}
    with torch.random.fork_rng(devices=[]), kept(module.state_dict):
        try:
            yield
        finally:
            for child, mode in modes.items():
                child.training = mode


@contextmanager
def kept(state: Callable[[], Mapping[str, Any]]) -> Iterator[None]:
    """Leaves the numbers of a state as they were, also where other tensors stand in it by then."""
    before = {key: value.clone() for key, value in state().items() if isinstance(value, Tensor)}
    try:
        yield
    finally:
        with torch.no_grad():
            for key, value in state().items():
                if key in before:
                    value.copy_(before[key])


def unsettle(state: Mapping[str, Any], learned: Collection[str]) -> None:
    """Give learned tensors whose numbers are all the same, and running statistics, others.

    What is multiplied by zeros, or by ones, would look like what is not.
    """
    generator = torch.Generator().manual_seed(0)
    for key, tensor in state.items():
        if key not in learned and key.rpartition(".")[2] not in ("running_mean", "running_var"):
            continue
        if tensor.is_floating_point() and tensor.numel() and bool((tensor == tensor.flatten()[0]).all()):
            numbers = torch.rand(tensor.shape, generator=generator) - 0.5
            with torch.no_grad():
                tensor.copy_(numbers * (len(tensor) / tensor.numel()) ** 0.5 if tensor.dim() > 1 else 1 + numbers)
