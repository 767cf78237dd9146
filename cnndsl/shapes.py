"""The shape pass by itself: the sizes of a program, worked out anew.

Elaboration knows all sizes already.  This pass takes a checked program, for instance one read back from
JSON, and derives every size again with the layers' own rules, for the inputs that it declares or for
others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnndsl.layers.sizes import Shape, SizeError, show
from cnndsl.program import Combine, Leaf, Module, Plain, Program, Step, Use
from cnndsl.traced import key_of


def infer(program: Program, inputs: Mapping[str, Sequence[Sequence[int]]] | None = None) -> Program:
    """The program with every size derived anew by the layers' rules.

    `inputs` gives networks other input shapes than they declare, one for each input, each channels first
    and without the batch: `{"Net": [(3, 64, 64)]}`. The structure and the parameters of the layers stay
    as they are; what a layer derives from its input, such as the number of features, follows the input.

    Raises SizeError, its message beginning with the layer's path and place, where something does not fit,
    and KeyError for a network that the program does not have.
    """
    wanted = dict(inputs or {})
    for name in wanted:
        program.network(name)  # raises where there is none
    shapes = _Shapes(program)
    networks = []
    for key in program.networks:
        module = program.modules[key]
        given = wanted.get(module.name)
        if given is not None and len(given) != len(module.inputs):
            message = f"{module.name} has {len(module.inputs)} inputs, and {len(given)} shapes are given"
            raise SizeError(message, "give one shape for each input")
        new = module.input_shapes if given is None else tuple(tuple(shape) for shape in given)
        networks.append(shapes.module(module, new, module.name).id)
    return program.model_copy(update={"networks": tuple(networks), "modules": shapes.done})


class _Shapes:
    """Derives each module once for each set of input shapes."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._known: dict[Any, Module] = {}
        self._counts: dict[str, int] = {}
        self.done: dict[str, Module] = {}

    def module(self, module: Module, inputs: tuple[Shape, ...], path: str) -> Module:
        """The module with its sizes for these inputs."""
        key = (module.id, tuple(tuple(map(key_of, shape)) for shape in inputs))
        if key not in self._known:
            self._known[key] = self._derive(module, inputs, path)
        return self._known[key]

    def _derive(self, module: Module, inputs: tuple[Shape, ...], path: str) -> Module:
        values: list[Shape | None] = [None] * len(module.values)
        values[: len(inputs)] = inputs
        units: dict[str, Leaf | Use] = {child.name: child.unit for child in module.children}
        built: dict[str, Leaf | Use] = {}
        steps = []
        for step in module.steps:
            xs = tuple(x for x in (values[index] for index in step.inputs) if x is not None)
            outputs, new = self._step(step, units, built, xs, path)
            steps.append(new)
            for index, shape in zip(step.outputs, outputs, strict=True):
                values[index] = shape
        children = tuple(
            child.model_copy(update={"unit": built.get(child.name, child.unit)}) for child in module.children
        )
        derived = module.model_copy(
            update={
                "id": self._id(module.id),
                "children": children,
                "steps": tuple(steps),
                "values": tuple(shape or () for shape in values),
            }
        )
        self.done[derived.id] = derived
        return derived

    def _id(self, name: str) -> str:
        count = self._counts[name] = self._counts.get(name, 0) + 1
        return name if count == 1 else f"{name}~{count}"

    def _step(
        self,
        step: Step,
        units: dict[str, Leaf | Use],
        built: dict[str, Leaf | Use],
        xs: tuple[Shape, ...],
        path: str,
    ) -> tuple[tuple[Shape, ...], Step]:
        action = step.action
        place = f"{path}, {step.origin.file}:{step.origin.line}:{step.origin.column}"
        try:
            if isinstance(action, Combine):
                return action.operation.outputs(xs), step
            if isinstance(action, Plain):
                return (action.layer.output(xs[0]),), step
            inner = f"{path}.{action.child}"
            place = f"{inner}, {step.origin.file}:{step.origin.line}:{step.origin.column}"
            unit = units[action.child]
            if isinstance(unit, Leaf):
                x = xs[0] if xs else ()
                y = unit.layer.output(x)
                _check_build(built, action.child, unit.layer.torch(x), unit, x)
                return (y,), step
            module = self.module(self._program.modules[action.module or unit.module], xs, inner)
        except SizeError as problem:
            if problem.message.startswith(path):
                raise
            raise SizeError(f"{place}: {problem.message}", *problem.help, code=problem.code) from None
        built.setdefault(action.child, unit.model_copy(update={"module": module.id, "xs": xs}))
        return module.output_shapes, step.model_copy(update={"action": action.model_copy(update={"module": module.id})})


def _check_build(built: dict[str, Leaf | Use], name: str, spelling: Any, unit: Leaf, x: Shape) -> None:
    """Enter a layer as built for `x`. Raises SizeError when it was built for something else before."""
    before = built.setdefault(name, unit.model_copy(update={"x": x}))
    if isinstance(before, Leaf) and before.x != x and before.layer.torch(before.x) != spelling:
        message = f"built for an input of {show(before.x)}, and {show(x)} comes in"
        raise SizeError(message, "a shared layer has one set of weights", code="E308")
