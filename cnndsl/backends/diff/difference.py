"""Two versions of a network, and all that is different."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnndsl import costs
from cnndsl.backends.diff.changes import Change, rule_said
from cnndsl.backends.diff.comparison import Comparer, Comparison, Status
from cnndsl.backends.diff.keys import Keys, keys
from cnndsl.backends.diff.lines import Line, Lines
from cnndsl.layers.sizes import show
from cnndsl.program import Module, Program


@dataclass(frozen=True)
class Version:
    """One side: the program, the network, what it holds and costs, and the memory that a sample of it takes."""

    program: Program
    network: Module
    cost: costs.Cost
    memory: costs.Memory


@dataclass(frozen=True)
class Difference:
    """What is different of two networks.

    changes: of the network as a whole: what comes in, and the rules by which weights begin.
    comparison: of its items. keys: of the state dictionaries.
    """

    before: Version
    after: Version
    changes: tuple[Change, ...]
    comparison: Comparison
    keys: Keys

    @property
    def same(self) -> bool:
        """Whether there is no difference but in how the text is written and what definitions are called."""
        return (
            not self.changes and self.comparison.status is Status.SAME and self.keys.loads and not self.keys.reordered
        )

    def lines(self, *, whole: bool = False) -> Iterator[Line]:
        """The differences of layers and blocks in the order in which the network works.

        A block that is not changed itself and has other sizes inside is one line, unless `whole`.
        """
        return Lines(self.before.program, self.after.program).all(self.comparison, whole=whole)


def compare(before: Program, after: Program, network: str | None = None, other: str | None = None) -> Difference:
    """The network `network` of one program (by default its last) with the network `other` of another.

    Each pair of blocks is compared once, however often it is used. Raises KeyError for an unknown network.
    """
    one, two = _version(before, network), _version(after, other)
    a, b = one.network, two.network
    comparison = Comparer(before, after).compare(a, b)
    return Difference(one, two, (*_inputs(a, b), *_rules(a, b)), comparison, keys(before, after, a, b, comparison))


def _version(program: Program, network: str | None) -> Version:
    top = program.network(network)
    return Version(program, top, costs.of(program, top.id), costs.memory(program, top.name))


def _inputs(a: Module, b: Module) -> Iterator[Change]:
    if a.inputs != b.inputs:
        yield Change("inputs", ", ".join(a.inputs), ", ".join(b.inputs))
    shapes = zip(a.inputs, b.inputs, a.input_shapes, b.input_shapes, strict=False)
    for name, other, old, new in shapes:
        if name == other and show(old) != show(new):
            yield Change("input" if name == "input" else f"input {name}", show(old), show(new))


def _rules(a: Module, b: Module) -> Iterator[Change]:
    """The `init` lines."""
    old, new = ({(rule.kind, rule.tensor): rule_said(rule.initialiser) for rule in side.init} for side in (a, b))
    for kind, tensor in dict.fromkeys((*old, *new)):
        before, after = old.get((kind, tensor)), new.get((kind, tensor))
        if before != after:
            yield Change(f"init {kind} {tensor}", before, after)
