"""Which slots of a body are parameters, and which follow from these or from what comes in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product, repeat
from operator import eq, floordiv, mul, ne
from typing import Any

from torch import nn

from cnndsl.frozen import frozen
from cnndsl.importing.body import Chain, Choice, Given, Item, Made, Number, Part, Single, Slot, Use
from cnndsl.importing.generalising import Common, Hole
from cnndsl.ir.names import why_not_class
from cnndsl.layers.base import Group
from cnndsl.layers.extern import axis_names
from cnndsl.layers.registry import HELPERS, KINDS, OPERATIONS
from cnndsl.syntax.grammar import keywords

_COUNTS = {"channels", "features", "groups", "num", "parts", "size of a parameter", "sizes"}
_LAST = {"features", "size of a parameter"}
"""Counts that may be that of the last axis."""
_SHARED = {"stride", "channels", "features"}
"""What of a part under a condition is a parameter of the whole where that has the same number."""
_WINDOWS = {"kernel", "padding", "dilation"}
_FACTORS = (2, 3, 4, 6, 8, 16)
_OF_MODULES = frozenset(vars(nn.Module())) | {"training", "inplace"}
_BETTER = {
    "out_channels": "channels", "planes": "channels", "out_features": "features", "outplanes": "channels",
    "out_chs": "channels", "kernel_size": "kernel", "oup": "channels", "p": "p",
}  # fmt: skip
_VAGUE = {"block", "conv", "layers", "body", "branch", "features", "net", "main"}
KEYWORDS = frozenset(keywords())
REQUIRED = object()


@frozen()
class Env:
    """A module of a class, the sizes of what comes into it, and how many channels come out of it."""

    module: nn.Module
    incoming: tuple[int, ...] = ()
    outgoing: int | None = None


@dataclass(slots=True)
class Definition:
    """A network, block or sequence: its body, and what stands in the slots and conditions of it; or an extern line."""

    kind: str
    name: str
    common: Common
    parameters: dict[str, Any] = field(default_factory=dict)
    """The parameters with their defaults; REQUIRED for those without."""
    slots: dict[int, str] = field(default_factory=dict)
    conditions: dict[int, str] = field(default_factory=dict)
    channels: str = "input.channels"
    """How the channels of the input are called."""
    width: str = ""
    """What the channels of the input are called, where `input` would mean that of a chain."""
    roles: dict[str, str] = field(default_factory=dict)
    """For each parameter the argument of a layer that it is in the end: "channels"."""
    tail: str = ""
    """What an extern line says after the parameters."""


Arguments = tuple[tuple[str, Any], ...]


def settled(
    kind: str, name: str, common: Common, envs: Sequence[Env], known: Mapping[str, Definition]
) -> tuple[Definition, list[Arguments]]:
    """The definition, and for each of the modules the arguments by which it becomes that module."""
    made = _Settler(kind, name, common, envs, known)
    made.settle()
    return made.definition, made.arguments()


class _Settler:
    def __init__(
        self, kind: str, name: str, common: Common, envs: Sequence[Env], others: Mapping[str, Definition]
    ) -> None:
        self.definition = Definition(kind, name, common)
        self.others = others
        self.common = common
        self.envs = envs
        self.columns: dict[str, tuple[Any, ...]] = {}
        """The parameters, with what they are for each of the modules."""
        self.roles: dict[str, str] = {}
        self.known: list[tuple[str, tuple[Any, ...]]] = []
        self.channels = tuple(env.incoming[0] for env in envs) if all(env.incoming for env in envs) else None
        axes = {len(env.incoming) for env in envs}
        if axes == {1}:
            self.definition.channels = "input.features"
        self.reach = self.definition.channels
        self.last = f"input.{axis_names(max(axes))[-1]}" if len(axes) == 1 and max(axes) > 1 else ""
        """How the size of the last axis is called, which is that of the channels where these come last."""
        self.reserved = {part for part, _ in common.body.parts} | set(common.body.inputs[1:])
        self.reserved |= {own.name for own in common.body.held}

    def settle(self) -> None:
        # What all have comes before what some lack, which may be the same.
        for number, hole in sorted(enumerate(self.common.slots), key=lambda item: None in item[1].values):
            self.definition.slots[number] = self._expression(hole)
        for number, condition in enumerate(self.common.conditions):
            self.reach = self._reach(condition.top)
            self.definition.conditions[number] = self._condition(condition.holds, condition.label)
        parts = [(name, self._with_parameters(part, None)) for name, part in self.common.body.parts]
        self.common.body = replace(self.common.body, parts=tuple(parts))
        required: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for name, column in self.columns.items():
            usual = self._usual(name, column)
            (required if usual is REQUIRED else others)[name] = usual
        self.definition.parameters = required | others
        self.definition.roles = self.roles

    def _with_parameters(self, part: Any, condition: int | None) -> Any:
        """A part that is there under a condition, with the parameters that have its numbers wherever it is."""
        if isinstance(part, Choice):
            return Choice(part.condition, self._with_parameters(part.part, part.condition))
        if isinstance(part, Chain):
            conditions = [condition if item.condition is None else item.condition for item in part.items]
            parts = map(self._with_parameters, (item.part for item in part.items), conditions)
            return Chain(tuple(replace(item, part=made) for item, made in zip(part.items, parts, strict=True)))
        if condition is None or not isinstance(part, (Single, Use)):
            return part
        holds = self.common.conditions[condition].holds
        arguments: list[tuple[str, Any]] = []
        for name, value in part.arguments:
            role = self.others[part.name].roles[name] if isinstance(part, Use) else name
            found = self._shared(value.value, holds, role) if role in _SHARED and isinstance(value, Number) else None
            arguments.append((name, found or value))
        return replace(part, arguments=tuple(arguments))

    def _shared(self, number: Any, holds: tuple[bool, ...], role: str) -> Slot | None:
        """The parameter with this role that is this number in all modules that are meant."""
        for name, column in self.columns.items():
            meant = (value for value, held in zip(column, holds, strict=True) if held)
            if self.roles[name] == role and all(value == number for value in meant):
                self.common.slots.append(Hole(column, "", "", role))
                self.definition.slots[len(self.common.slots) - 1] = name
                return Slot(len(self.common.slots) - 1)
        return None

    def _usual(self, name: str, column: tuple[Any, ...]) -> Any:
        there = [value for value in column if value is not None]
        value, count = Counter(there).most_common(1)[0]
        if None in column:  # so that it need not be given where there is nothing that it says anything of
            return value
        if self.roles[name] in _COUNTS and self.roles[name] != "groups":
            return REQUIRED
        if isinstance(value, bool):
            return False
        if self.roles[name] == "stride" and 1 in there:
            return 1
        return value if 2 * count >= len(column) or isinstance(value, Single) else REQUIRED

    def arguments(self) -> list[Arguments]:
        """The arguments of each use, those that are the default among them."""
        found = []
        for at in range(len(self.envs)):
            given = []
            for name, default in self.definition.parameters.items():
                value = self.columns[name][at]
                if value is None:
                    value = default if default is not REQUIRED else next(v for v in self.columns[name] if v is not None)
                given.append((name, value if isinstance(value, Single) else Number(value)))
            found.append(tuple(given))
        return found

    def _expression(self, hole: Hole) -> str:
        numbers = all(type(value) is int for value in hole.values if value is not None)
        role = self._role(hole)
        self.reach = self._reach(hole.top)
        if numbers and role not in ("start", "end", "axis"):
            for expression, column in self._derived(role):
                if _fits(hole.values, column):
                    return expression
        for name, column in self.columns.items():
            if self.roles[name] == role and _fits(hole.values, column):
                return name
        return self._parameter(hole)

    def _reach(self, top: str) -> str:
        """How the channels of the input are called in the chain of a part; empty where they cannot be."""
        if not top:
            return self.definition.channels
        if self.definition.kind == "sequence":
            return ""
        steps = [step for step in self.common.body.steps if step.form == "part" and step.what == top]
        if steps and all(step.operands == (Given(0),) for step in steps):
            return self.definition.channels
        self.definition.width = "width" if "width" not in self.reserved else "width_"
        return self.definition.width

    def _role(self, hole: Hole) -> str:
        if isinstance(next(value for value in hole.values if value is not None), Single):
            return "part"
        if hole.word in self.others:
            return self.others[hole.word].roles[hole.argument]
        return hole.argument

    def _derived(self, argument: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """What a number may follow from, the plainest first."""
        counts = argument in _COUNTS
        bases: list[tuple[str, tuple[Any, ...]]] = []
        if counts and self.channels is not None and self.reach:
            bases.append((self.reach, self.channels))
        if argument in _LAST and self.last and self.reach == self.definition.channels:
            bases.append((self.last, tuple(env.incoming[-1] for env in self.envs)))
        for name, column in self.columns.items():
            if (self.roles[name] in _COUNTS) == counts and all(type(v) is int or v is None for v in column):
                both = {self.roles[name], argument}
                if counts or len(both) == 1 or (both <= _WINDOWS and both != {"kernel", "dilation"}):
                    bases.append((name, column))
        yield from (
            (name, column) for name, column in bases if not (argument == "padding" and self.roles.get(name) == "kernel")
        )
        if counts:
            for factor, (name, column) in product(_FACTORS, bases):
                yield f"{factor} * {name}", _each(mul, column, repeat(factor))
            for factor, (name, column) in product(_FACTORS, bases):
                if all(v is None or v % factor == 0 for v in column):
                    yield f"{name} // {factor}", _each(floordiv, column, repeat(factor))
        elif argument == "padding":
            kernels = [(name, column) for name, column in bases if self.roles[name] == "kernel"]
            spreads = [(name, column) for name, column in bases if self.roles[name] == "dilation"]
            for name, column in kernels:
                yield f"{name} // 2", _each(floordiv, column, repeat(2))
            for (name, column), (spread, by) in product(kernels, spreads):
                yield f"{spread} * ({name} // 2)", _each(lambda v, d: d * (v // 2), column, by)

    def _parameter(self, hole: Hole) -> str:
        role = self._role(hole)
        name = self._attribute(hole.values)
        stem = hole.label.rpartition(".")[2]
        own = stem if stem.isidentifier() and stem not in _VAGUE and not _is_word(stem) else ""
        if role == "part":
            words = [KINDS[value.word].group for value in hole.values if value is not None and value.word in KINDS]
            names = {Group.ACTIVATION: "act", Group.NORMALISATION: "norm", Group.POOLING: "pool"}
            plain = hole.argument or names.get(words[0], "unit")
            candidates: list[str | None] = [plain, own, f"{own}_{plain}" if own else ""]
        elif role in ("channels", "features", "size of a parameter"):
            outgoing = tuple(env.outgoing for env in self.envs)
            plain = "channels" if role != "features" else role
            counts = [h for h in self.common.slots if self._role(h) == role and None not in h.values]
            is_out = _is_multiple(hole.values, outgoing)
            if any(_fits(h.values, outgoing) for h in counts):
                own = ""
            own = own if hole.top in ("", own) else ""
            candidates = [plain if is_out else "", own, f"{own}_{plain}" if own else ""]
            plain = "hidden"
            candidates.append(plain)
        else:
            plain = role if role.isidentifier() and role != "sizes" else "size"
            candidates = [name, plain, f"{own}_{plain}" if own else ""]
        return self._new((*candidates, *(f"{plain}{n}" for n in range(2, 1000))), hole.values, role)

    def _new(self, candidates: Iterable[str | None], column: tuple[Any, ...], role: str) -> str:
        """A new parameter, called by the first of these names that is free."""
        used = self.columns.keys() | self.reserved | {self.definition.name}
        chosen = next(c for c in candidates if c and c.isidentifier() and c not in used and not _is_word(c))
        self.columns[chosen] = column
        self.roles[chosen] = role
        return chosen

    def _attribute(self, values: tuple[Any, ...]) -> str | None:
        """The attribute of the modules that has these values."""
        for name in vars(self.envs[0].module):
            if name.startswith("_") or name in _OF_MODULES:
                continue
            held = [vars(env.module).get(name) for env in self.envs]
            if all(v is None or (type(h) is type(v) and h == v) for h, v in zip(held, values, strict=True)):
                return _BETTER.get(name, name)
        return None

    def _condition(self, holds: tuple[bool, ...], label: str) -> str:
        for expression, column in self._predicates():
            if column == holds:
                return expression
        name = self._attribute(holds)
        stem = label.rpartition(".")[2]
        words = {"+": "residual", "*": "gated"}
        plain = words.get(stem, stem)
        plain = plain if plain.isidentifier() else "part"
        numbered = (f"has_{plain}{n}" for n in range(2, 1000))
        return self._new((name, plain, f"has_{plain}", *numbered), holds, "condition")

    def _predicates(self) -> Iterator[tuple[str, tuple[bool, ...]]]:
        """Conditions that a reader expects: whether the size changes, or a part would do nothing."""
        strides = [(n, c) for n, c in self.columns.items() if self.roles[n] == "stride" and None not in c]
        counts = dict(self._settled_counts())
        outgoing = tuple(env.outgoing for env in self.envs)
        incoming = self.channels if self.reach else None
        if incoming is None:
            incoming, counts = (), {}
        for (stride, steps), (count, column) in product(strides, counts.items()):
            if column != outgoing:
                continue
            differs = tuple(s != 1 or i != c for s, i, c in zip(steps, incoming, column, strict=True))
            yield f"{stride} != 1 or {self.reach} != {count}", differs
            yield f"{stride} == 1 and {self.reach} == {count}", tuple(not d for d in differs)
        ordered = sorted(counts.items(), key=lambda item: item[1] != outgoing)
        for (sign, compares), (count, column) in product((("!=", ne), ("==", eq)), ordered):
            yield f"{self.reach} {sign} {count}", tuple(map(compares, incoming, column))
        for stride, steps in strides:
            yield f"{stride} != 1", tuple(s != 1 for s in steps)
            yield f"{stride} == 1", tuple(s == 1 for s in steps)

    def _settled_counts(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        for number, hole in enumerate(self.common.slots):
            if self._role(hole) in ("channels", "features") and None not in hole.values:
                expression = self.definition.slots.get(number)
                if expression and expression != self.definition.channels and all(type(v) is int for v in hole.values):
                    yield expression, hole.values


def with_classes(network: Definition) -> Definition:
    """A network whose last layer is dense, with a parameter for the number of classes."""
    body = network.common.body
    last = body.outputs[0] if body.outputs else None
    step = body.steps[last.step] if isinstance(last, Made) else None
    parts = dict(body.parts)
    if step is None or step.form != "part" or step.what not in parts or "classes" in parts:
        return network
    part = parts[step.what]
    layer = part.items[-1].part if isinstance(part, Chain) and part.items else part
    if not isinstance(layer, Single) or layer.word != "linear":
        return network
    features = dict(layer.arguments)["features"]
    opened: Part = Single(layer.word, (("features", Slot(0)), *layer.arguments[1:]))
    if isinstance(part, Chain):
        opened = Chain((*part.items[:-1], Item(part.items[-1].label, opened)))
    parts[step.what] = opened
    network.common.body = replace(body, parts=tuple(parts.items()))
    network.slots[0] = "classes"
    network.parameters["classes"] = features.value  # type: ignore[union-attr]
    return network


def _is_multiple(values: tuple[Any, ...], outgoing: tuple[Any, ...]) -> bool:
    """Whether what goes out is a fixed number of times what stands there."""
    if None in outgoing or not all(type(v) is int for v in values):
        return False
    return len({out / v for v, out in zip(values, outgoing, strict=True)}) == 1


def _each(function: Callable[[int, int], int], column: Iterable[Any], others: Iterable[Any]) -> tuple[Any, ...]:
    """What comes of the numbers of two columns, as long as the shorter; None where there is none."""
    return tuple(None if None in pair else function(*pair) for pair in zip(column, others, strict=False))


def _fits(values: tuple[Any, ...], column: tuple[Any, ...]) -> bool:
    return all(v is None or v == c for v, c in zip(values, column, strict=True))


def is_name(name: str) -> bool:
    """Whether a name can be written without quotes."""
    return name.isidentifier() and name not in KEYWORDS


def can_be_class(name: str) -> bool:
    """Whether a definition can have a name: it is no word of the language, and generated modules have no use for it."""
    words = KINDS.keys() | OPERATIONS.keys() | HELPERS.keys()
    return is_name(name) and name not in words and why_not_class(name) is None


def _is_word(name: str) -> bool:
    return name in KEYWORDS or name in KINDS or why_not_class(name) is not None
