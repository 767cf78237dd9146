"""The steps of `forward`, laid over each other for all elaborations of a definition.

Out comes one list of steps.  A value is known by the step that gives it; where elaborations differ in
which step that is (because one of them skips it), the values are one variable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnndsl.backends.torch.attributes import Attributes
from cnndsl.backends.torch.code import literal
from cnndsl.backends.torch.merge import Merged, Merger, common_order
from cnndsl.backends.torch.slots import ABSENT, Different
from cnndsl.layers.base import Code, Group
from cnndsl.layers.sizes import Shape
from cnndsl.layers.values import Operation
from cnndsl.names import is_attribute
from cnndsl.program import Call, Combine, Leaf, Module, Plain, Step, Use

ValueKey = tuple[Any, int]
TRAINING = "training"
"""In place of a test: the step is taken in training only."""
CALL, _PRODUCT, _SUM = 2, 1, 0
"""How tightly an expression binds; a call, a name or an index most."""
LIGHT, POOL, HEAVY = 0, 1, 2
"""How much a step is: a convolution, a dense layer or a block is heavy, a pool less so, the rest goes along."""
_WEIGHTS = {Group.CONVOLUTION: HEAVY, Group.DENSE: HEAVY, Group.BLOCK: HEAVY, Group.POOLING: POOL}


@dataclass(frozen=True, slots=True)
class Flow:
    """One step: how it is written once the names of its operands are known, what goes in and out.

    `render` takes the operands, each with how tightly it binds, and gives Python with how tightly that binds.
    """

    render: Callable[[Sequence[tuple[str, int]]], tuple[str, int]]
    inputs: tuple[frozenset[ValueKey], ...]
    outputs: tuple[ValueKey, ...]
    when: str | None
    child: str | None
    is_tensor: bool
    """Whether a type checker knows that a tensor comes out: not so for the call of a module."""
    changes: bool
    """Whether what comes out has another size than what went in."""
    shape: Shape | None
    """The size of what comes out, if it is the same in all elaborations."""
    names: tuple[str | None, ...]
    """What the text calls the outputs."""
    weight: int
    line: tuple[str, int]
    """The line of the text that it comes from."""
    loop: Merged | None = None
    residual: bool = False
    joins: bool = False
    """Whether it puts values side by side."""
    reads: int | None = None
    """Of how many operands it takes the numbers; the others are asked for their size, and must be names."""


@dataclass(frozen=True, slots=True)
class Result:
    """One output: the value, its name where there is one, and whether it is given in training only."""

    value: frozenset[ValueKey]
    name: str | None
    training: bool


@dataclass(slots=True)
class _Found:
    """A step of one elaboration."""

    key: Any
    step: Step
    inputs: tuple[ValueKey, ...]
    outputs: tuple[ValueKey, ...]
    shapes: tuple[Shape, ...]
    names: tuple[str | None, ...]
    in_shape: Shape | None
    loop: Merged | None = None


class Flows:
    """Collects the flows of a class."""

    def __init__(self, merger: Merger, parts: Sequence[Merged], attributes: Attributes) -> None:
        self._merger = merger
        self._attributes = attributes
        self._parts = parts
        self._units = [{child.name: child.unit for child in module.children} for module in merger.modules]
        self._rows = [self._row(at, module) for at, module in enumerate(merger.modules)]
        self.outputs = self._outputs()

    def flows(self) -> list[Flow]:
        """All steps, in order. Raises Different."""
        keyed = [{found.key: found for found in row.found} for row in self._rows]
        return [
            self._flow([row.get(key, ABSENT) for row in keyed]) for key in common_order([list(row) for row in keyed])
        ]

    # One elaboration

    def _row(self, at: int, module: Module) -> _Row:
        makers: dict[int, ValueKey] = {index: ("input", index) for index in range(len(module.inputs))}
        loops = {name: part for part in self._parts if part.count is not None for name in part.names[at]}
        counts: dict[Any, int] = {}
        row = _Row([], makers)
        steps = module.steps
        position = 0
        while position < len(steps):
            step = steps[position]
            part = loops.get(step.action.child) if isinstance(step.action, Call) else None
            if part is not None:
                position = self._loop(row, module, position, part, at)
                continue
            kind = step.action.what, step.action.child if isinstance(step.action, Call) else ""
            place = (step.origin, kind, tuple(step.when or ""))
            counts[place] = counts.get(place, 0) + 1
            self._add(row, module, (place, counts[place]), step, step.outputs)
            position += 1
        return row

    def _loop(self, row: _Row, module: Module, position: int, part: Merged, at: int) -> int:
        """A loop of calls, each on what the one before gave; the position after it."""
        names = part.names[at]
        calls = module.steps[position : position + len(names)]
        for name, call, before in zip(names, calls, (None, *calls), strict=False):
            is_next = isinstance(call.action, Call) and call.action.child == name
            if (
                not is_next
                or len(call.inputs) != 1
                or call.training
                or (before is not None and call.inputs != before.outputs)
            ):
                raise Different
        if len(calls) != len(names):
            raise Different
        self._add(row, module, ("loop", self._parts.index(part)), calls[0], calls[-1].outputs, part)
        return position + len(names)

    def _add(
        self, row: _Row, module: Module, key: Any, step: Step, outputs: tuple[int, ...], loop: Merged | None = None
    ) -> None:
        inputs = tuple(row.makers[index] for index in step.inputs)
        keys = tuple((key, k) for k in range(len(outputs)))
        row.makers.update(zip(outputs, keys, strict=True))
        row.found.append(
            _Found(
                key,
                step,
                inputs,
                keys,
                tuple(module.values[index] for index in outputs),
                tuple(module.names.get(index) for index in outputs),
                module.values[step.inputs[0]] if step.inputs else None,
                loop,
            )
        )

    def _outputs(self) -> list[Result]:
        first = self._merger.modules[0].outputs
        if any(tuple(o.name for o in m.outputs) != tuple(o.name for o in first) for m in self._merger.modules):
            raise Different
        pairs = list(zip(self._merger.modules, self._rows, strict=True))
        return [
            Result(
                frozenset(row.makers[module.outputs[k].value] for module, row in pairs), output.name, output.training
            )
            for k, output in enumerate(first)
        ]

    # All of them

    def _flow(self, row: list[Any]) -> Flow:
        present: list[_Found] = [found for found in row if found is not ABSENT]
        first = present[0]
        if len({len(found.inputs) for found in present}) != 1 or len({len(found.outputs) for found in present}) != 1:
            raise Different
        action = first.step.action
        when = TRAINING if first.step.training else None
        if len(present) < len(row):
            if when is not None:
                raise Different
            if first.step.when is None or any(found.step.when != first.step.when for found in present):
                raise Different
            when = str(self._merger.test(first.step.when, [found is not ABSENT for found in row]))
        shapes = {found.shapes for found in present}
        return Flow(
            render=self._render(row, first),
            inputs=tuple(frozenset(found.inputs[k] for found in present) for k in range(len(first.inputs))),
            outputs=first.outputs,
            when=when,
            child=action.child if isinstance(action, Call) else None,
            is_tensor=not isinstance(action, Call) or not first.inputs,
            changes=any(found.in_shape != found.shapes[0] for found in present if found.inputs),
            shape=first.shapes[0] if len(shapes) == 1 and len(first.shapes) == 1 else None,
            names=first.names,
            weight=self._weight(action, self._units[row.index(first)]),
            line=first.step.origin[:2],
            loop=first.loop,
            residual=isinstance(action, Combine),
            joins=isinstance(action, Combine) and action.operation.kind == "concat",
            reads=action.operation.reads if isinstance(action, Combine) else None,
        )

    @staticmethod
    def _weight(action: Call | Plain | Combine, units: Mapping[str, Leaf | Use]) -> int:
        if isinstance(action, Combine):
            return LIGHT
        unit = action if isinstance(action, Plain) else units[action.child]
        return HEAVY if isinstance(unit, Use) else _WEIGHTS.get(unit.layer.group, LIGHT)

    def _render(self, row: list[Any], first: _Found) -> Callable[[Sequence[tuple[str, int]]], tuple[str, int]]:
        actions = [found if found is ABSENT else found.step.action for found in row]
        action = first.step.action
        if isinstance(action, Call):
            return self._render_call(action, reads=not first.inputs)
        if isinstance(action, Plain):
            return self._render_plain(actions, row)
        values = self._merger.modules[row.index(first)].values
        return _render_combine(self._said(actions), tuple(values[index] for index in first.step.inputs))

    def _said(self, actions: list[Any]) -> Operation:
        """The operation of a step, with the number beside a value as `forward` can say it: `self.scale`."""
        present: list[Combine] = [action for action in actions if action is not ABSENT]
        operation = present[0].operation
        if any(_beside(action) != _beside(present[0]) for action in present):
            raise Different
        number = getattr(operation, "scalar", None)
        if number is None:
            return operation
        row = [a if a is ABSENT else a.traced.get("scalar", getattr(a.operation, "scalar", None)) for a in actions]
        usual = "factor" if operation.symbol in "*/" else "offset"
        text = self._merger.slot(row, usual)
        if text == literal(number):
            return operation
        said = self._attributes.said(text, text if text.isidentifier() else usual)
        return operation.model_copy(update={"scalar": Code(said)})

    def _render_call(self, action: Call, *, reads: bool) -> Callable[[Sequence[tuple[str, int]]], tuple[str, int]]:
        part = access(action.child)
        names = [output.name for output in self._merger.classes.outputs_of(action.module)] if action.module else []
        unpack = ""
        if names and names[0] is not None:  # a dict comes out
            unpack = ".values()" if len(names) > 1 else f"[{literal(names[0])}]"

        def render(operands: Sequence[tuple[str, int]]) -> tuple[str, int]:
            if reads:  # a learned tensor
                return part, CALL
            return f"{part}({', '.join(text for text, _ in operands)}){unpack}", CALL

        return render

    def _render_plain(
        self, actions: list[Any], row: list[Any]
    ) -> Callable[[Sequence[tuple[str, int]]], tuple[str, int]]:
        spellings = [
            ABSENT if action is ABSENT else action.spelled.function(found.in_shape)
            for action, found in zip(actions, row, strict=True)
        ]
        present = [spelling for spelling in spellings if spelling is not ABSENT]
        first = present[0]
        if any((s.target, s.template) != (first.target, first.template) for s in present):
            raise Different
        texts: dict[str, str] = {}
        shown = []
        for argument in first.arguments:
            values = [
                ABSENT if s is ABSENT else next(a.value for a in s.arguments if a.name == argument.name)
                for s in spellings
            ]
            text = self._merger.slot(values, argument.name)
            if not any(isinstance(value, Code) for value in values):
                text = self._attributes.said(text, argument.name)
            texts[argument.name] = text
            if argument.required:
                shown.append(text)
            elif not all(value is ABSENT or _is(value, argument.default) for value in values):
                shown.append(f"{argument.name}={text}")

        def render(operands: Sequence[tuple[str, int]]) -> tuple[str, int]:
            ((x, binds),) = operands
            if first.template is not None:
                return first.template.format(x=x if binds == CALL else f"({x})", **texts), CALL
            return f"{first.target}({', '.join([x, *shown])})", CALL

        return render


@dataclass(slots=True)
class _Row:
    """The steps of one elaboration, and which step made each value."""

    found: list[_Found]
    makers: dict[int, ValueKey]


def access(name: str) -> str:
    """Python for a part of the module."""
    return f"self.{name}" if is_attribute(name) else f"getattr(self, {literal(name)})"


def _beside(action: Combine) -> Operation:
    """The operation, whatever number stands beside the value."""
    has_number = getattr(action.operation, "scalar", None) is not None
    return action.operation.model_copy(update={"scalar": 0}) if has_number else action.operation


def _render_combine(
    operation: Operation, shapes: tuple[Shape, ...]
) -> Callable[[Sequence[tuple[str, int]]], tuple[str, int]]:
    level = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}.get(operation.symbol, CALL)

    def render(operands: Sequence[tuple[str, int]]) -> tuple[str, int]:
        if level == CALL:
            return operation.text(shapes, tuple(text for text, _ in operands)), CALL
        first_is_number = getattr(operation, "scalar_first", False)
        texts = tuple(
            text if binds >= (level if k == 0 and not first_is_number else level + 1) else f"({text})"
            for k, (text, binds) in enumerate(operands)
        )
        return operation.text(shapes, texts), level

    return render


def _is(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)
