"""The tensors of a network, and whether those of a file are what it takes; if not, what is likely the reason.

In: a program, and the header of a checkpoint.  Out: keys with shapes, and findings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from cnndsl.frozen import frozen
from cnndsl.ir.program import Leaf, Module, Program
from cnndsl.layers.extern import Extern
from cnndsl.layers.formula import KnownShape, plain, show
from cnndsl.symbolic.number import value_of
from cnndsl.terminal import clean


def tensors(program: Program, module: Module) -> Iterator[tuple[str, KnownShape]]:
    """Every key of a network with the shape of its tensor, in their order; classes from elsewhere have none."""
    known: dict[int, list[tuple[str, KnownShape]]] = {}
    for path, leaf in leaves(program, module):
        if id(leaf) not in known:  # a block that is used often has its layers once
            known[id(leaf)] = list(held(leaf))
        for name, shape in known[id(leaf)]:
            yield f"{path}.{name}" if name else path, shape


def leaves(program: Program, module: Module, prefix: str = "") -> Iterator[tuple[str, Leaf]]:
    """Every layer that a module holds, with its path, in the order of `state_dict()`."""
    for child in module.children:
        path = prefix + child.name
        if isinstance(child.unit, Leaf):
            yield path, child.unit
        else:
            yield from leaves(program, program.modules[child.unit.module], f"{path}.")


def held(leaf: Leaf) -> Iterator[tuple[str, KnownShape]]:
    """The tensors of a layer; what a class from elsewhere holds is not known."""
    if not isinstance(leaf.layer, Extern):
        yield from ((each.name, each.shape) for each in leaf.layer.tensors(plain(leaf.x)) if each.persistent)


def unknown(program: Program, module: Module) -> dict[str, str]:
    """The paths of classes from elsewhere, of which it is not known what they hold; with how each is written."""
    return {path: leaf.layer.text for path, leaf in leaves(program, module) if isinstance(leaf.layer, Extern)}


MOST_LISTED = 8
"""How many tensors of a kind are told one by one."""
_MOST_TRIED = 8
"""How many values for parameters are tried."""
_WRAPPERS = {
    "module.": "nn.DataParallel and DistributedDataParallel write it",
    "_orig_mod.": "torch.compile writes it",
    "model.": "training frameworks that keep the network as self.model write it",
}
_DONE_WITHOUT = "num_batches_tracked"
"""What `load_state_dict` does without, where the file says nothing of its version."""

Shapes = Mapping[str, tuple[int, ...]]
Compiled = Callable[[Mapping[str, int]], Program | None]
"""Compiles the same text with more settings; None where that has errors."""


@frozen()
class Match:
    """How tensors differ from those that a network takes, as `load_state_dict` sees it.

    missing: with the shapes that the network needs. unexpected: with those of the file. shapes: of both, first the
    file's. same: how many agree. unknown: the paths of classes from elsewhere, below which anything may be.
    """

    missing: dict[str, tuple[int, ...]]
    unexpected: dict[str, tuple[int, ...]]
    shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]]
    same: int
    unknown: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether they would load, as far as that is known."""
        return not (self.missing or self.unexpected or self.shapes)

    @property
    def words(self) -> str:
        """What does not fit, in numbers: "1 tensor has another shape, 2 are missing"."""
        counts = (
            (len(self.shapes), "has another shape", "have another shape"),
            (len(self.missing), "is missing", "are missing"),
            (len(self.unexpected), "is not expected", "are not expected"),
        )
        told = [(number, one if number == 1 else many) for number, one, many in counts if number]
        first, *rest = told
        noun = "tensor" if first[0] == 1 else "tensors"
        return ", ".join([f"{first[0]:,} {noun} {first[1]}", *(f"{number:,} {words}" for number, words in rest)])


def compare(program: Program, network: Module, shapes: Shapes) -> Match:
    """How the tensors of a file differ from those of a network."""
    needed = {k: v for k, v in tensors(program, network) if k in shapes or k.rpartition(".")[2] != _DONE_WITHOUT}
    return matched(needed, shapes, unknown(program, network))


def matched(needed: Shapes, given: Shapes, elsewhere: Iterable[str]) -> Match:
    """How given tensors differ from those that are needed; what is below the paths `elsewhere` is not known."""
    unknown = tuple(elsewhere)
    below = tuple(f"{path}." for path in unknown)
    return Match(
        missing={key: shape for key, shape in needed.items() if key not in given},
        unexpected={k: shape for k, shape in given.items() if k not in needed and not k.startswith(below)},
        shapes={k: (given[k], shape) for k, shape in needed.items() if k in given and given[k] != shape},
        same=sum(given.get(key) == shape for key, shape in needed.items()),
        unknown=unknown,
    )


def _listed(match: Match) -> Iterator[str]:
    """What does not fit, tensor by tensor as far as there is room: a text of some lines for each kind of it."""
    kinds = (
        (
            "of another shape",
            {k: f"{size_said(old)} in the file, {size_said(new)} here" for k, (old, new) in match.shapes.items()},
        ),
        ("missing", {key: size_said(shape) for key, shape in match.missing.items()}),
        ("not expected", {key: size_said(shape) for key, shape in match.unexpected.items()}),
    )
    for head, told in kinds:
        if told:
            lines = [f"{_key(key)}  {words}" for key, words in islice(told.items(), MOST_LISTED)]
            more = [f"and {len(told) - MOST_LISTED:,} more"] if len(told) > MOST_LISTED else []
            yield "\n".join([f"{head}:", *lines, *more])


def explained(program: Program, network: Module, shapes: Shapes, match: Match, compiled: Compiled) -> Iterator[str]:
    """Why tensors do not fit, as far as that can be found out, and which they are; what is said to fit was tried."""
    prefix = _prefix(program, network, shapes)
    if prefix:
        shapes = {key.removeprefix(prefix): shape for key, shape in shapes.items()}
        better = compare(program, network, shapes)
        why = f", as {_WRAPPERS[prefix]}" if prefix in _WRAPPERS else ""
        rest = " they fit" if better.fits else f", {better.same:,} tensors fit"
        code = f"{{k.removeprefix({prefix!r}): v for k, v in state.items()}}"
        yield f"the keys begin with {_key(prefix)}{why}; without it{rest}:\n{clean(code)}"
        match = better
    for other in (program.modules[key] for key in program.networks):
        if other.id != network.id and compare(program, other, shapes).fits:
            yield f"they fit {other.name}: --network {other.name}"
            return
    yield from _listed(match)
    given = _setting(network, shapes, match, compiled)
    if given is not None:
        name, value, better = given
        rest = "they fit" if better.fits else f"{better.same:,} tensors fit, and not {match.same:,}"
        yield f"with --set {name}={value} {rest}"
    if match.unknown:
        yield f"what is in {', '.join(match.unknown[:3])} is not known, and was not compared"


def _prefix(program: Program, network: Module, shapes: Shapes) -> str:
    """What stands before most keys, where the network knows more of them without it."""
    needed = dict(tensors(program, network))
    found: Counter[str] = Counter()
    for key in shapes:
        parts = key.split(".")
        for at in range(1, min(len(parts), 5)):
            if ".".join(parts[at:]) in needed:
                found[".".join(parts[:at]) + "."] += 1
                break
    ((prefix, count),) = found.most_common(1) or (("", 0),)
    are_most = 2 * sum(key.startswith(prefix) for key in shapes) > len(shapes)
    return prefix if are_most and count > sum(key in needed for key in shapes) else ""


def _setting(network: Module, shapes: Shapes, match: Match, compiled: Compiled) -> tuple[str, int, Match] | None:
    """A parameter with a value with which the most tensors fit, more than now."""
    differing = Counter(
        (new, old)
        for theirs, ours in match.shapes.values()
        if len(theirs) == len(ours)
        for old, new in zip(theirs, ours, strict=True)
        if old != new
    )
    tried: dict[tuple[str, int], None] = {}
    for parameter in network.parameters:
        value = value_of(parameter.value)
        if type(value) is not int or value < 1:
            continue
        for ours, theirs in differing:
            if ours == value:
                tried[parameter.name, theirs] = None
            elif value * theirs % ours == 0 and value * theirs:
                tried[parameter.name, value * theirs // ours] = None
    best: tuple[str, int, Match] | None = None
    for name, value in islice(tried, _MOST_TRIED):
        program = compiled({name: value})
        if program is None:
            continue
        found = compare(program, program.network(network.name), shapes)
        if found.same > (match if best is None else best[2]).same:
            best = name, value, found
    return best


def size_said(shape: tuple[int, ...]) -> str:
    """The size of a tensor in words: `3 x 8`, or `a number`."""
    return show(shape) if shape else "a number"


def _key(key: str) -> str:
    key = clean(key)
    return key if len(key) <= 100 else f"{key[:97]}..."
