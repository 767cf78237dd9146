"""Sums of branches in the form for inference: one convolution where each branch is one.

A convolution is linear, so branches that read the same value and are summed are one convolution with the sum of their
weights, as in RepVGG (https://arxiv.org/abs/2101.03697) and MobileOne (https://arxiv.org/abs/2206.04040). `forward`
then adds one branch after the other, and asks for each whether it is there. What is taken together is decided when the
network is there: `merge` looks at the classes that the parts have then, at strides, padding and groups.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cnndsl.backends.pytorch.code import Code, attribute, is_not_none, name, names_in, replaced
from cnndsl.backends.pytorch.flowgraph import (
    FLOW,
    Append,
    Chain,
    Compute,
    For,
    If,
    Part,
    Register,
    computed,
    nodes_of,
    part_of,
    walk,
)
from cnndsl.backends.pytorch.layer_lists import out_of_step
from cnndsl.backends.pytorch.write import lists_in_turn
from cnndsl.ir import nodes
from cnndsl.layers.base import Group
from cnndsl.layers.registry import KINDS

MERGE = '''\
def merge(module: nn.Module, branches: Sequence[Sequence[str]]) -> None:
    """Take the branches of a sum together that are a convolution or a normalisation."""
    rows = [
        row
        for names in branches
        for row in zip(*(places(module, name) for name in names))
    ]
    layers = [only([owner._modules[name] for owner, name in row]) for row in rows]
    kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
    found = [layer for layer in layers if type(layer) in kinds]
    if not found:
        return
    base = max(found, key=lambda layer: layer.weight[0, 0].numel())
    addends = [(row, addend(layer, base)) for row, layer in zip(rows, layers)]
    summed = [(row, tensors) for row, tensors in addends if tensors is not None]
    result = deepcopy(base)
    weights, biases = zip(*(tensors for _, tensors in summed))
    result.weight = nn.Parameter(torch.stack(weights).sum(0))
    result.bias = nn.Parameter(torch.stack(biases).sum(0))
    for at, (row, _) in enumerate(summed):
        for owner, name in row:
            if at and isinstance(owner, nn.ModuleList):
                del owner._modules[name]
            else:
                owner._modules[name] = None if at else nn.Identity()
    owner, name = summed[0][0][0]
    owner._modules[name] = result


def only(modules: Iterable[Any]) -> Any:
    """The one layer of some that follow one another; None where there are more."""
    layers: list[Any] = []
    for module in modules:
        if type(module).forward is nn.Sequential.forward:
            layers.append(only(module.children()))
        elif type(module) is not nn.Identity:
            layers.append(module)
    return layers[0] if len(layers) == 1 else None


def addend(layer: Any, base: Any) -> tuple[Tensor, Tensor] | None:
    """A layer as weight and bias of a convolution that is else like another one."""
    channels = base.out_channels
    if type(layer) in (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d):
        if not layer.num_features == channels == base.in_channels:
            return None
        unit = type(base)(channels, channels, 1, groups=base.groups, bias=False)
        nn.init.dirac_(unit.weight, base.groups)
        layer = folded(unit.to(base.weight).eval(), layer)
    words = ("in_channels", "out_channels", "stride", "groups", "padding_mode")
    if type(layer) is not type(base) or any(
        getattr(layer, word) != getattr(base, word) for word in words
    ):
        return None
    margins: list[int] = []
    for axis, step in enumerate(base.dilation):
        start, grown = placed(layer, axis)
        first, wanted = placed(base, axis)
        before, rest = divmod(first - start, step)
        after = base.kernel_size[axis] - layer.kernel_size[axis] - before
        is_spread_alike = layer.kernel_size[axis] == 1 or layer.dilation[axis] == step
        if grown != wanted or rest or before < 0 or after < 0 or not is_spread_alike:
            return None
        margins = [before, after, *margins]
    bias = torch.zeros(channels).to(base.weight) if layer.bias is None else layer.bias
    return nn.functional.pad(layer.weight, margins), bias


def placed(layer: Any, axis: int) -> tuple[int, int]:
    """How far before its place a kernel begins, and by how much a map grows."""
    width = layer.dilation[axis] * (layer.kernel_size[axis] - 1)
    if layer.padding == "same":
        return width // 2, 0
    padding = 0 if layer.padding == "valid" else layer.padding[axis]
    return padding, 2 * padding - width
'''
"""What a module begins with besides that has such a sum."""


@dataclass
class Term:
    """A term of a sum."""

    code: Code
    around: If | For | None
    """The condition or the loop in which it is added."""
    parts: tuple[Part, ...] = ()
    """The parts of a branch, in the order in which they are applied; none for any other term."""
    source: str = ""
    """The variable that a branch reads."""


class Branches:
    """Finds the sums of branches in `forward`."""

    def __init__(self, body: Any, file: Any, lines: list[Any], kept: list[Any], optional: set[int]) -> None:
        self._body, self._file, self._optional = body, file, optional
        """The parts that may be gone, for which `forward` asks."""
        registers = [line for line in walk(lines) if isinstance(line, Register)]
        counts = Counter(line.part.number for line in registers)
        self._registers = {line.part.number: line for line in registers if counts[line.part.number] == 1}
        self._always = {line.part.number for line in lines if isinstance(line, Register)}
        self._out_of_step = out_of_step(kept, body.parts)
        codes = [*nodes_of(kept)]
        self._applied = Counter(number for node in codes if (number := part_of(node)) is not None)
        self._reads = Counter(node.id for node in codes if isinstance(node, ast.Name))
        self._given = Counter(computed(kept))
        self.found: list[tuple[tuple[str, ...], ...]] = []
        """For each sum the names of the parts of its branches."""

    def added(self, block: list[Any]) -> list[Any]:
        """The lines of a block; where branches are summed, they are added one after the other."""
        made: list[Any] = []
        at = 0
        while at < len(block):
            line = block[at]
            if isinstance(line, If):
                line.yes, line.no = self.added(line.yes), self.added(line.no)
            elif isinstance(line, Compute) and len(line.names) == 1:
                variable = line.names[0]
                spent: list[Any] = []
                terms = self._terms(line.code, None, made, spent)
                end = at + 1
                while end < len(block) and (more := self._more(block[end], variable)):
                    terms += more
                    end += 1
                steps = self._steps(variable, terms, block[end] if end < len(block) else None)
                if steps:
                    made = [each for each in made if each not in spent] + steps
                    at = end
                    continue
            made.append(line)
            at += 1
        return made

    def _terms(self, code: Code, around: If | For | None, before: list[Any], spent: list[Any]) -> list[Term]:
        """The terms of a sum, with what stands in variables that are there for it alone; their lines are `spent`."""
        return [self._term(each, around) for each in _addends(self._whole(code, before, spent))]

    def _whole(self, code: Code, before: list[Any], spent: list[Any]) -> Code:
        """An expression with those that are in variables for it alone."""
        lines = [line for each in names_in(code) if (line := self._only_for(each, before))]
        spent += lines
        return replaced(code, {line.names[0]: self._whole(line.code, before, spent) for line in lines})

    def _only_for(self, variable: str, before: list[Any]) -> Compute | None:
        """The line that gives a variable something that is read once."""
        if self._reads[variable] != 1 or self._given[variable] != 1:
            return None
        assigned: set[str] = set()
        for line in reversed(before):
            if not isinstance(line, Compute):
                return None
            if line.names == (variable,):
                return line if assigned.isdisjoint(names_in(line.code)) else None
            assigned |= set(line.names)
        return None

    def _more(self, line: Any, variable: str) -> list[Term]:
        """What a line adds to a variable."""
        inner: list[Any] = [line]
        around: If | For | None = None
        if isinstance(line, If) and not line.no:
            inner, around = line.yes, line
        elif isinstance(line, For):
            inner, around = line.lines, line
        last = inner[-1]
        if not isinstance(last, Compute) or last.names != (variable,):
            return []
        codes = list(_addends(last.code))
        others = [code for code in codes if not (isinstance(code, ast.Name) and code.id == variable)]
        if len(others) != len(codes) - 1 or any(variable in names_in(code) for code in others):
            return []
        spent: list[Any] = []
        terms = [term for code in others for term in self._terms(code, around, inner[:-1], spent)]
        return terms if len(spent) == len(inner) - 1 and (around is None or len(terms) == 1) else []

    def _term(self, code: Code, around: If | For | None) -> Term:
        """A term; a branch if it may be one convolution."""
        numbers: list[int] = []
        inner: ast.expr = code
        while isinstance(inner, ast.Call) and len(inner.args) == 1 and (number := part_of(inner)) is not None:
            numbers.append(number)
            inner = inner.args[0]
        parts = tuple(self._body.parts[number] for number in reversed(numbers))
        if not parts or not isinstance(inner, ast.Name) or not all(self._is_apart(part) for part in parts):
            return Term(code, around)
        if isinstance(around, For):
            whole = {part.number for part in parts}
            listed = {part.number for part in around.lists if self._applied[part.number]}
            is_own = listed == whole <= lists_in_turn(around) and not around.reads_target
        else:
            is_own = all(part.number in self._always or part.number in self._optional for part in parts)
        if not is_own or any(part.is_list != isinstance(around, For) for part in parts):
            return Term(code, around)
        kinds = [kind for part in parts for kind in self._kinds(part)]
        if kinds.count("conv") > 1 or not all(map(_may_be_summed, kinds)):
            return Term(code, around)
        return Term(code, around, parts, inner.id)

    def _is_apart(self, part: Part) -> bool:
        """Whether a part is registered and applied at one place, under a name."""
        is_named = part.label is None and part.whole is None
        is_once = part.number in self._registers and self._applied[part.number] == 1
        return is_named and is_once and part.number not in self._out_of_step

    def _kinds(self, part: Part) -> Iterator[str]:
        """The kinds of layers that a part is made of; "unknown" for what a parameter says."""
        for line in walk([self._registers[part.number]]):
            if isinstance(line, (Register, Append)) and not isinstance(line.value, Chain):
                yield from [line.kind] if line.kind else self._kinds_of(line.value)

    def _kinds_of(self, value: Any) -> Iterator[str]:
        """The kinds of layers of what is made by calling a sequence."""
        called = value.func.id if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) else None
        unit = next((unit for unit in self._file.units.values() if unit.name == called), None)
        if unit is None or unit.definition.kind != "sequence":
            yield "unknown"
            return
        for node in nodes.walk(unit.definition.body):
            if isinstance(node, nodes.Ref) and node.of in ("kind", "definition"):
                yield node.name if node.of == "kind" else "unknown"

    def _steps(self, variable: str, terms: list[Term], following: Any) -> list[Any]:
        """The lines that add terms one after the other; none where no branches are summed."""
        sources = Counter(term.source for term in terms if term.parts)
        source = max(sources, key=lambda each: sources[each], default="")
        branches = [term for term in terms if term.parts and term.source == source]
        first = next((term for term in branches if term.around is None), None)
        if first is None or len(branches) < 2:
            return []
        held = variable
        if variable == source:
            held = FLOW + "out" if not self._given[FLOW + "out"] else self._body.temporary()
        rest = [term for term in terms if term not in branches and term.around is None]
        code = first.code
        for term in rest:
            code = ast.BinOp(code, ast.Add(), term.code)
        lines: list[Any] = [Compute((held,), code)]
        for term in terms:
            if term is first or term in rest:
                continue
            line: Any = Compute((held,), ast.BinOp(name(held), ast.Add(), term.code))
            if isinstance(term.around, For):
                term.around.lines, line = [line], term.around
            elif term.around is not None:
                term.around.yes, line = [line], term.around
            if term in branches and not isinstance(term.around, For):
                line = self._asked(term.parts[0], line)
            lines.append(line)
        if held != variable and isinstance(following, Compute) and following.names == (variable,):
            following.code = replaced(following.code, {variable: name(held)})
        elif held != variable:
            lines.append(Compute((variable,), name(held)))
        self.found.append(tuple(tuple(part.name for part in term.parts) for term in branches))
        return lines

    def _asked(self, part: Part, line: Any) -> Any:
        """The line on the condition that a part is there."""
        self._optional.add(part.number)
        if part.number in self._always:
            part.is_optional = True
            if isinstance(line, Compute):
                line = If(is_not_none(attribute("self", part.name)), [line], [])
        return line


def _may_be_summed(kind: str) -> bool:
    return kind in ("conv", "batchnorm") or (kind in KINDS and KINDS[kind].group is Group.DROPOUT)


def _addends(code: Code) -> Iterator[Code]:
    if isinstance(code, ast.BinOp) and isinstance(code.op, ast.Add):
        yield from _addends(code.left)
        yield from _addends(code.right)
    else:
        yield code
