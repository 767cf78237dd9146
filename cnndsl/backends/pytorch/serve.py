"""The form for inference: the same classes, and for each network `from_trained`, which folds what can be folded.

Which layer a normalisation follows, with nothing else that reads what is between them, is seen in `forward`, and in an
`nn.Sequential` by the order of its parts. What is folded is decided when the network is there, by the classes that its
parts have then: a subclass of a convolution is left alone.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from cnndsl.backends.pytorch.branches import MERGE
from cnndsl.backends.pytorch.code import walk_code
from cnndsl.backends.pytorch.flowgraph import (
    Compute,
    ForwardSlice,
    Part,
    Register,
    Return,
    codes_of,
    computed,
    nodes_of,
    part_of,
    walk,
)
from cnndsl.backends.pytorch.layer_lists import out_of_step
from cnndsl.layers.base import Group
from cnndsl.layers.registry import KINDS

_SERVED = '''\
def served(module: nn.Module{{ ", *, apart: bool = False" if has_pieces }}) -> None:
{% if has_norms %}
    """Leave out dropout, let activations overwrite, make normed weights, and fold normalisations."""
{% else %}
    """Leave out dropout, let activations overwrite, and fold normalisations."""
{% endif %}
    forward = type(module).forward
    is_chain = forward is nn.Sequential.forward
    is_list = type(module) is nn.ModuleList
    if not (is_chain or is_list or forward.__module__ == __name__):
        return  # a class from elsewhere may do anything with its parts
{% if has_training %}
    for name in getattr(module, "TRAINING", ()):
        module._modules.pop(name, None)
        module._parameters.pop(name, None)
        module._buffers.pop(name, None)
{% endif %}
    dropout = (
{% if "StochasticDepth" in used %}
        StochasticDepth,
{% endif %}
        nn.Dropout,
        nn.Dropout1d,
        nn.Dropout2d,
        nn.Dropout3d,
        nn.AlphaDropout,
    )
    for name, part in list(module._modules.items()):
{% if has_norms %}
        if part is not None and nn.utils.parametrize.is_parametrized(part, "weight"):
            nn.utils.parametrize.remove_parametrizations(part, "weight")
{% endif %}
        if type(part) in dropout:
            module._modules[name] = nn.Identity()
        elif part is not None:
{% if has_pieces %}
            served(part, apart=name in getattr(module, "TAKEN_APART", ()))
    if apart:  # what is between its layers may be read anywhere
        folded, overwrites = [], []
    elif is_chain:
{% else %}
            served(part)
    if is_chain:
{% endif %}
        parts = module._modules.items()
        kept = [name for name, part in parts if type(part) is not nn.Identity]
        folded = [(kept[i - 1], kept[i]) for i in range(1, len(kept))]
        overwrites = [(second, (first,)) for first, second in folded]
    else:
        folded = getattr(module, "FOLDED", [])
        overwrites = getattr(module, "OVERWRITES", [])
    for name, before in overwrites:
        givers = [place for each in before for place in places(module, each)]
        overwrite(places(module, name), givers)
    for first, second in folded:
        for one, other in zip(places(module, first), places(module, second)):
            fold(one, other)
{% if has_sums %}
    for branches in getattr(module, "SUMMED", []):
        merge(module, branches)
{% endif %}


def places(module: nn.Module, name: str) -> list[tuple[nn.Module, str]]:
    """Where a part, or each part of a list, is kept: in which module, and as what."""
    part = getattr(module, name, None)
    if isinstance(part, nn.ModuleList):
        return [(part, key) for key in part._modules]
    return [] if part is None else [(module, name)]


def overwrite(
    at: list[tuple[nn.Module, str]], givers: list[tuple[nn.Module, str]]
) -> None:
    """Let activations overwrite what they are given, where that is new memory."""
    convolutions = ({{ convolutions }})
    transposed = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    fresh = (nn.Linear, *convolutions, *transposed, *norms)
    if not givers or any(type(o._modules[name]) not in fresh for o, name in givers):
        return
    for owner, name in at:
        part: Any = owner._modules[name]
        if type(part).__module__ == nn.ReLU.__module__ and hasattr(part, "inplace"):
            twin = deepcopy(part)  # the part itself may be in other places too
            twin.inplace = True
            owner._modules[name] = twin


def fold(one: tuple[nn.Module, str], other: tuple[nn.Module, str]) -> None:
    """Fold a normalisation into what is before it, where both are PyTorch's own."""
    result = folded(one[0]._modules[one[1]], other[0]._modules[other[1]])
    if result is not None:
        one[0]._modules[one[1]], other[0]._modules[other[1]] = result, nn.Identity()


def folded(layer: Any, norm: Any) -> Any:
    """A layer, or a chain that ends with it, with the normalisation after it, or None."""
    norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    transposed = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    if type(norm) not in norms or norm.running_var is None:
        return None
    if norm.weight is None:
        norm = deepcopy(norm)
        norm.weight = nn.Parameter(torch.ones_like(norm.running_var))
        norm.bias = nn.Parameter(torch.zeros_like(norm.running_var))
    if type(layer) in ({{ convolutions }}):
        return nn.utils.fuse_conv_bn_eval(layer, norm)
    if type(layer) in transposed and layer.groups == 1:
        return nn.utils.fuse_conv_bn_eval(layer, norm, transpose=True)
{% if not has_places %}
    if type(layer) is nn.Linear:
        return nn.utils.fuse_linear_bn_eval(layer, norm)
{% endif %}
    if type(layer).forward is nn.Sequential.forward:
        parts = layer._modules.items()
        kept = [name for name, part in parts if type(part) is not nn.Identity]
        last = folded(layer._modules[kept[-1]], norm) if kept else None
        if last is not None:
            layer = deepcopy(layer)  # the chain itself may be in other places too
            layer._modules[kept[-1]] = last
            return layer
    return None
'''
"""What every module of this form begins with, as a template of Jinja."""


def served(used: set[str], serving: set[str], *, has_places: bool, has_norms: bool) -> str:
    """The function `served` and what it calls, for a module with these names in it.

    `serving` are the attributes by which classes say how they serve. Where a dense layer works on the last axis of a
    map, a normalisation after one is on another axis; then none is folded into a dense layer.
    """
    from jinja2 import Template

    kinds = ["nn.Conv1d", "nn.Conv2d", "nn.Conv3d"]
    own = [word for word in ("Conv1dSame", "Conv2dSame", "Conv3dSame") if word in used]
    rows = "".join(f"        {each},\n" for each in (*own, *kinds))
    text = Template(_SERVED, trim_blocks=True, keep_trailing_newline=True).render(
        used=used,
        has_places=has_places,
        has_sums="SUMMED" in serving,
        has_norms=has_norms,
        has_pieces="TAKEN_APART" in serving,
        has_training="TRAINING" in serving,
        convolutions=f"\n{rows}    " if own else ", ".join(kinds),
    )
    return f"{text}\n\n{MERGE}" if "SUMMED" in serving else text


def serving(lines: list[Any], trained: ForwardSlice, parts: dict[int, Part]) -> tuple[ForwardSlice, list[Any]]:
    """The slice of lines that serves, and its lines; `trained` is that of the form for training.

    What `forward` takes from a list of parts by its place, or as the next one, has the same place in both forms: where
    some of the parts are for nothing in this one, they are applied all the same.
    """
    forward = ForwardSlice(serves=True)
    kept = forward.slice(lines, set())
    used = {_list_of(parts[number]) for number in forward.used}
    left_out = [parts[number] for number in trained.used - forward.used]
    left_out += [line.part for line in trained.registers - forward.registers]
    if behind := {_list_of(part) for part in left_out if not part.is_attribute} & used:
        places = frozenset(number for number, part in parts.items() if _list_of(part) in behind)
        forward = ForwardSlice(serves=True, places=places)
        kept = forward.slice(lines, set())
    return forward, kept


def _list_of(part: Part) -> int:
    """The number of the list that a part is in, or of the part itself."""
    return (part.whole or part).number


def used_by_training(forward: ForwardSlice, trained: ForwardSlice, parts: dict[int, Part]) -> list[str]:
    """The attributes that only training uses. `__init__` makes them as well, so that the weights can be loaded.

    `forward` is the slice that serves, which gets another set of the parts that are used, with those of training.
    """

    def attributes(numbers: Iterable[int]) -> list[str]:
        found = [parts[number].whole or parts[number] for number in sorted(numbers)]
        return list(dict.fromkeys(part.name for part in found if part.label is None))

    kept = attributes(forward.used)
    forward.used = forward.used | trained.used
    forward.registers |= trained.registers
    return [each for each in attributes(trained.used) if each not in kept]


_FRESH = ("conv", "conv_transpose", "linear", "batchnorm")
"""Layers whose output lies in memory of its own."""


def followers(
    lines: list[Any], parts: dict[int, Part], registered: list[Any], taken_apart: Iterable[int]
) -> tuple[list[tuple[str, str]], list[tuple[str, tuple[str, ...]]]]:
    """Which normalisations follow which layers in `forward`, and behind which parts activations stand.

    Chains that are `taken_apart` are left alone, as `forward` applies their layers by themselves, too.
    An activation is left out where one of its uses is not behind a part, or something else reads what that part gives.
    """
    kinds = {row.part.number: row.kind for row in walk(registered) if isinstance(row, Register) and row.kind}
    counts: Counter[int] = Counter()
    behind: dict[int, list[int | None]] = {}
    reads = Counter(node.id for node in nodes_of(lines) if isinstance(node, ast.Name))
    given = Counter(computed(lines))
    apart = out_of_step(lines, parts).union(taken_apart)
    for block in _blocks(lines):
        made: dict[str, ast.expr] = {}
        """What is in the variables that one line reads, once."""
        for line, following in zip(block, [*block[1:], None], strict=True):
            if not isinstance(line, Compute | Return):
                made = {each: code for each, code in made.items() if given[each] == 1}
                continue
            for code in codes_of(line):
                _note(code, made, counts, behind, kinds)
            if isinstance(line, Compute) and len(line.names) == 1:
                (variable,) = line.names
                made = {each: code for each, code in made.items() if given[each] == 1}
                if given[variable] == reads[variable] == 1 or _is_replaced(variable, following):
                    made[variable] = line.code
    folded: list[tuple[str, str]] = []
    overwrites: list[tuple[str, tuple[str, ...]]] = []
    for number, before in behind.items():
        if not apart.isdisjoint((number, *before)):
            continue
        part, kind = parts[number], kinds.get(number, "")
        first: Any = before[0]
        is_alone = len(before) == 1 and first is not None and counts[first] == counts[number] == 1
        if kind == "batchnorm" and is_alone and part.is_like(parts[first]):
            folded.append((parts[first].name, part.name))
        others = [parts[each] for each in dict.fromkeys(before) if each is not None and kinds.get(each) in _FRESH]
        are_alike = part.is_like(part) and all(map(part.is_like, others))
        if _group(kind) is Group.ACTIVATION and len(others) == len(set(before)) and are_alike:
            overwrites.append((part.name, tuple(each.name for each in others)))
    return folded, overwrites


def _blocks(lines: list[Any]) -> Iterator[list[Any]]:
    """The lines, and all lists of lines inside of them that are not empty."""
    yield lines
    for line in lines:
        for block in filter(None, line.blocks()):
            yield from _blocks(block)


def _group(kind: str) -> Group | None:
    """What a kind of layers is for; None for what is no layer."""
    return KINDS[kind].group if kind in KINDS else None


def _is_replaced(variable: str, line: Any) -> bool:
    """Whether a line reads a variable once, and gives it something else."""
    if not isinstance(line, Compute) or variable not in line.names:
        return False
    return sum(isinstance(node, ast.Name) and node.id == variable for node in walk_code(line.code)) == 1


def _note(code: ast.AST, made: dict[str, ast.expr], counts: Counter[int], behind: Any, kinds: dict[int, str]) -> None:
    for node in walk_code(code):
        number = part_of(node)
        if number is None:
            continue
        counts[number] += 1
        assert isinstance(node, ast.Call)  # noqa: S101 - only a call has a part
        inner: Any = node.args[0] if node.args else None
        left = dict(made)
        while True:
            if isinstance(inner, ast.Name) and inner.id in left:
                inner = left.pop(inner.id)
            found = part_of(inner)
            if found is None or _group(kinds.get(found, "")) is not Group.DROPOUT:
                break
            inner = inner.args[0]
        behind.setdefault(number, []).append(found)


def from_trained(text: Any) -> list[str]:
    """The method of a network that makes it from trained weights."""
    more, given = (", **arguments: Any", "**arguments") if text.arguments else ("", "")
    head = f"    def from_trained(cls, state_dict: Mapping[str, Tensor]{more}) -> Self:"
    if len(head) > 88:
        head = f"    def from_trained(\n        cls, state_dict: Mapping[str, Tensor]{more}\n    ) -> Self:"
    convert = "        nn.utils.convert_conv2d_weight_memory_format(network, torch.channels_last)"
    return [
        "    @classmethod",
        *head.split("\n"),
        '        """The network, ready to serve, from the state_dict of its training form."""',
        f"        network = cls({given})",
        "        network.load_state_dict(state_dict)",
        "        network.eval()",
        "        served(network)",
        *([convert] if text.input_rank == 3 else []),
        "        return network.requires_grad_(False)",
    ]
