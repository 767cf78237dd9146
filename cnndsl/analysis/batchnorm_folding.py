"""A program for training -> the same network for serving.

What acts in training only is gone: dropout, steps and outputs that are given in training, how weights
begin.  A batch normalisation that follows a convolution, a transposed one or a dense layer, or a chain
that ends with one, and nothing else reads what that gives, is folded into the layer, which gets a bias.
Activations overwrite what nobody reads again.

This is what counts and pictures of the form for serving are made from.  The PyTorch backend writes the parts as they
are in training, and `from_trained` does the same to the network when the weights are there.

All other parts keep their names, so that they find their weights under the keys of the training form.
In an `nn.Sequential` whose parts are numbered an `nn.Identity` keeps the place of a part that is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from cnndsl.ir import nodes
from cnndsl.ir.program import Call, Child, Combine, Leaf, Module, Origin, Plain, Program, Step, Use, inner_first
from cnndsl.layers.base import Group, Layer
from cnndsl.layers.convolution import Conv, ConvTranspose
from cnndsl.layers.dense import Linear
from cnndsl.layers.extern import Placeholder
from cnndsl.layers.normalisation import BatchNorm
from cnndsl.layers.parametrizations import WithNorm

_FRESH = (Group.CONVOLUTION, Group.DENSE, Group.NORMALISATION)
"""Layers whose output lies in memory of its own."""


def for_inference(program: Program) -> Program:
    """The program without what serves training only, batch normalisation folded where it can be."""
    done: dict[str, Module] = {}
    branches = _Branches(program.definitions)
    for module in inner_first(program, program.modules, Module.used):
        done[module.id] = _Serving(module, done, branches).module()
    whole = program.model_copy(update={"modules": done, "target": "inference"})
    used = inner_first(whole, program.networks, Module.used)
    return whole.model_copy(update={"modules": {module.id: module for module in used}})


class _Branches:
    """The branches of the conditions in a text."""

    def __init__(self, definitions: Iterable[nodes.Item]) -> None:
        self._places: dict[str, list[nodes.Span]] = {}
        for item in definitions:
            found = self._places.setdefault(item.file, [])
            for node in nodes.walk(item):
                if isinstance(node, nodes.If | nodes.Choice):
                    found += [nodes.Span(*side[0].span[:2], *side[-1].span[2:]) for side in (node.yes, node.no) if side]
                elif isinstance(node, nodes.Conditional):
                    found += [node.yes.span, node.no.span]
                elif isinstance(node, nodes.Bind | nodes.Labelled) and any(map(_is_choice, nodes.walk(node))):
                    found.append(node.span)  # what gets the name is one of several

    def around(self, origin: Origin) -> list[nodes.Span]:
        """Those that a place stands in."""
        return [span for span in self._places.get(origin.file, ()) if span[:2] <= origin[1:] < span[2:]]


def _is_choice(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Choice | nodes.Conditional)


class _Serving:
    """One module on its way to the form for serving."""

    def __init__(self, module: Module, done: dict[str, Module], branches: _Branches) -> None:
        self._before, self._done, self._branches = module, done, branches
        self._children = {child.name: _unnormed(child) for child in module.children}
        self._steps = list(module.steps)
        self._outputs = tuple(output for output in module.outputs if not output.training)
        self._numbered = module.kind in ("chain", "sequence") and all(name.isdigit() for name in self._children)

    def module(self) -> Module:
        self._steps = [step for step in self._steps if not step.training]
        self._leave_out([step for step in self._steps if self._does_nothing(step)])
        self._drop_unread()
        self._fold()
        self._overwrite()
        return self._before.model_copy(
            update={
                "children": self._kept_children(),
                "steps": tuple(self._steps),
                "outputs": self._outputs,
                "init": (),
            }
        )

    def _does_nothing(self, step: Step) -> bool:
        """Whether a step gives in evaluation what it is given."""
        action = step.action
        if isinstance(action, Combine):
            return False
        if isinstance(action, Plain):
            return action.layer.group is Group.DROPOUT
        unit = self._children[action.child].unit
        if isinstance(unit, Leaf):
            return unit.layer.group is Group.DROPOUT
        inner = self._done[action.module or unit.module]
        return not inner.steps and [output.value for output in inner.outputs] == [0]

    def _leave_out(self, gone: list[Step]) -> None:
        """Take steps out: who read what they gave reads what they were given."""
        if not gone:
            return
        out = set(map(id, gone))
        instead: dict[int, int] = {}
        kept = []
        for step in self._steps:
            inputs = tuple(instead.get(value, value) for value in step.inputs)
            if id(step) in out:
                instead[step.outputs[0]] = inputs[0]
            else:
                kept.append(replace(step, inputs=inputs))
        self._steps = kept
        self._outputs = tuple(
            output.model_copy(update={"value": instead.get(output.value, output.value)}) for output in self._outputs
        )

    def _drop_unread(self) -> None:
        """Take out the steps whose results were for outputs that are gone."""
        if len(self._outputs) == len(self._before.outputs):
            return
        read = {output.value for output in self._outputs}
        kept = []
        for step in reversed(self._steps):
            if read.intersection(step.outputs):
                read.update(step.inputs)
                kept.append(step)
        self._steps = kept[::-1]

    def _fold(self) -> None:
        calls = self._calls()
        readers = self._readers()
        makers = {value: at for at, step in enumerate(self._steps) for value in step.outputs}
        gone = []
        for step in list(self._steps):
            norm = self._once(step, calls)
            at = makers.get(step.inputs[0]) if step.inputs else None
            if norm is None or at is None or readers[step.inputs[0]] != 1:
                continue
            before = self._steps[at]
            part = self._once(before, calls)
            if part is None or not (self._are_together(before, step) and self._are_together(part, norm)):
                continue
            taken = self._taken_in(before, part, norm)
            if taken is not None:
                self._steps[at], self._children[part.name] = taken
                gone.append(step)
        self._leave_out(gone)

    def _taken_in(self, step: Step, part: Child, norm: Child) -> tuple[Step, Child] | None:
        """The step and the part that take a normalisation in, where that is a layer, or a chain that ends with one."""
        unit, action = part.unit, step.action
        if isinstance(unit, Leaf):
            return (step, replace(part, unit=_with_bias(unit))) if _takes_in(unit, norm.unit) else None
        module = self._done[unit.module]
        last = module.steps[-1] if module.steps else None
        if module.kind not in ("chain", "sequence") or last is None or not isinstance(last.action, Call):
            return None
        child = module.child(last.action.child)
        inner = self._taken_in(last, child, norm)
        if inner is None or not isinstance(action, Call) or action.module != unit.module:
            return None
        key = f"{module.id} and batchnorm"
        steps = (*module.steps[:-1], inner[0])
        children = tuple(inner[1] if each is child else each for each in module.children)
        self._done[key] = module.model_copy(update={"id": key, "steps": steps, "children": children})
        step = replace(step, action=replace(action, module=key))
        return step, replace(part, unit=replace(unit, module=key))

    def _are_together(self, one: Step | Child, other: Step | Child) -> bool:
        """Whether there is always the one where there is the other."""
        return self._branches.around(one.origin) == self._branches.around(other.origin)

    def _once(self, step: Step, calls: Counter[str]) -> Child | None:
        """The part that a step applies, where it is applied nowhere else.

        Layers of a chain that is taken apart are left alone: what is between them may be read anywhere.
        """
        if not isinstance(step.action, Call) or calls[step.action.child] != 1:
            return None
        child = self._children[step.action.child]
        return None if child.in_chain else child

    def _overwrite(self) -> None:
        """Let activations write over what nobody reads again."""
        readers = self._readers()
        makers = {value: step for step in self._steps for value in step.outputs}
        kept: set[str] = set()
        """Parts that must not overwrite what they are given, at one of their uses at least."""
        for at, step in enumerate(self._steps):
            maker = makers.get(step.inputs[0]) if len(step.inputs) == 1 else None
            is_safe = maker is not None and readers[step.inputs[0]] == 1 and self._is_fresh(maker)
            if isinstance(step.action, Call) and (not is_safe or self._children[step.action.child].in_chain):
                kept.add(step.action.child)
            elif isinstance(step.action, Plain) and is_safe and _can_overwrite(step.action.layer):
                action = replace(step.action, overwrites=True)
                self._steps[at] = replace(step, action=action)
        for child in self._children.values():
            if isinstance(child.unit, Leaf) and child.name not in kept and _can_overwrite(child.unit.layer):
                unit = replace(child.unit, overwrites=True)
                self._children[child.name] = replace(child, unit=unit)

    def _is_fresh(self, step: Step) -> bool:
        """Whether what a step gives lies in memory that nothing else looks at."""
        action = step.action
        if isinstance(action, Combine):
            return action.operation.kind in ("add", "sub", "mul", "div")
        unit = action if isinstance(action, Plain) else self._children[action.child].unit
        return not isinstance(unit, Use) and unit.layer.group in _FRESH

    def _calls(self) -> Counter[str]:
        return Counter(step.action.child for step in self._steps if isinstance(step.action, Call))

    def _readers(self) -> Counter[int]:
        return Counter(chain((v for step in self._steps for v in step.inputs), (o.value for o in self._outputs)))

    def _kept_children(self) -> tuple[Child, ...]:
        """The parts that are still applied; between numbered ones something that does nothing keeps the place."""
        called = self._calls()
        children = list(self._children.values())
        if not self._numbered:
            return tuple(child for child in children if child.name in called or child.in_chain)
        while children and children[-1].name not in called:
            children.pop()
        return tuple(child if child.name in called else _placeholder(child) for child in children)


def _unnormed(child: Child) -> Child:
    """A part whose weight is worked out once, and not at each step."""
    unit = child.unit
    if not isinstance(unit, Leaf) or not isinstance(unit.layer, WithNorm) or not unit.layer.normed:
        return child
    layer = unit.layer.having({"weight_norm": False, "spectral_norm": False})
    return replace(child, unit=replace(unit, layer=layer))


def _takes_in(before: Leaf, after: Leaf | Use) -> bool:
    """Whether what is applied after a layer is a batch normalisation that can be folded into it."""
    if not isinstance(after, Leaf) or before.weights or after.weights:
        return False
    if not isinstance(after.layer, BatchNorm) or not after.layer.track_running_stats:
        return False
    if isinstance(before.layer, ConvTranspose):
        return before.layer.groups == 1  # with groups the output channels are spread over two axes of the weight
    return isinstance(before.layer, Conv) or (isinstance(before.layer, Linear) and len(before.x) == 1)


def _with_bias(unit: Leaf) -> Leaf:
    """A layer with the bias that folding gives it."""
    traced = {name: value for name, value in unit.traced.items() if name != "bias"}
    return replace(unit, layer=unit.layer.having({"bias": True}), traced=traced, init={})


def _can_overwrite(layer: Layer) -> bool:
    """Whether it is an activation that could write over what comes in, and does not yet."""
    return getattr(layer, "inplace", None) is False


def _placeholder(child: Child) -> Child:
    x = child.unit.x if isinstance(child.unit, Leaf) else child.unit.xs[0]
    return replace(child, unit=Leaf(layer=Placeholder(), x=x))
