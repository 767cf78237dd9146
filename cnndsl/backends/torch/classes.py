"""Which classes a generated module has: one for each definition, in an order in which each is defined before its use.

`ClassPlan` is what a class looks like from outside (its name and the arguments of its constructor);
`source.py` prints it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cnndsl.backends.torch.attributes import Attributes
from cnndsl.backends.torch.code import Code, Raw
from cnndsl.backends.torch.flow import Flows
from cnndsl.backends.torch.forward import Forward
from cnndsl.backends.torch.merge import Merged, Merger
from cnndsl.backends.torch.serving import folded
from cnndsl.backends.torch.slots import ABSENT, Different
from cnndsl.backends.torch.trees import Trees, plain
from cnndsl.names import numbered
from cnndsl.program import Module, Output, Program, Use, inner_first, outside_values
from cnndsl.traced import Traced

_LONGEST = 32
"""Characters of an expression that is still easier to read than the number."""
_MOST_GROUPS = 8
"""Classes of one definition that an elaboration is tried with, before it gets one of its own."""


@dataclass(slots=True)
class ClassPlan:
    """A class of the generated module."""

    name: str
    modules: tuple[Module, ...]
    merger: Merger
    parts: list[Merged]
    forward: Forward | None
    folded: dict[tuple[str, str], float]
    """What the form for inference folds: names of a layer and a normalisation, and the latter's `eps`."""
    arguments: tuple[str, ...] = ()
    defaults: dict[str, Any] = field(default_factory=dict)
    factories: dict[str, dict[str, Code]] = field(default_factory=dict)

    def extra_value(self, name: str, module: str) -> Any:
        """What an argument that no name accounts for is, for one elaboration."""
        return self.merger.extra.get(name, {}).get(module, ABSENT)

    def factory(self, name: str, module: str) -> Code:
        """The layer that is passed for one elaboration."""
        passed = self.factories[name]
        if module in passed:
            return passed[module]
        # This elaboration has no part that is made with it: what is passed is never called.
        word = self.word(name, module)
        same = (code for known, code in passed.items() if self.word(name, known) == word)
        return next(same, Raw("nn.Identity"))

    def word(self, name: str, module: str) -> Any:
        """How the language writes what a parameter is given in one elaboration."""
        found = next(m for m in self.modules if m.id == module)
        return next((p.value for p in found.parameters if p.name == name), None)

    def values(self, name: str) -> list[Any]:
        """What an argument that is no layer stands for, in each elaboration in which it means something."""
        if name in self.merger.extra:
            return list(self.merger.extra[name].values())
        given = [plain(p.value) for module in self.modules for p in module.parameters if p.name == name]
        return given or [env[name] for env in self.merger.environments if name in env]


class Classes:
    """The classes of a program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._plans: dict[str, ClassPlan] = {}
        self.order: list[ClassPlan] = []
        self._names = _taken(program)
        self._trees = Trees(program, self.plan_of)
        self._live = _live_names(program)
        reachable = inner_first(program, program.networks)
        groups: dict[Any, list[Module]] = {}
        for module in reachable:
            if module.kind != "chain":
                groups.setdefault(self._group_key(module), []).append(module)
        for modules in _uses_last(program, list(groups.values())):
            self._plan(modules)

    def plan_of(self, module: str) -> ClassPlan:
        """The class of a module."""
        return self._plans[module]

    def outputs_of(self, module: str) -> tuple[Output, ...]:
        """What a module gives."""
        return self._program.modules[module].outputs

    @staticmethod
    def _group_key(module: Module) -> Any:
        return (module.name, module.origin, module.id if module.kind == "network" else "")

    def _plan(self, modules: list[Module]) -> None:
        for plan in self._together(modules):
            name = modules[0].name
            plan.name = name if modules[0].kind == "network" else self._class_name(name)
            self.order.append(plan)
            for module in plan.modules:
                self._plans[module.id] = plan

    def _together(self, modules: list[Module]) -> list[ClassPlan]:
        """The elaborations in as few classes as can be."""
        whole = self._try_or_none(modules)
        if whole is not None:
            return [whole]
        alike: dict[Any, list[Module]] = {}
        for module in modules:
            key = _outline(module, self._program), tuple(self._folded([module]).items())
            alike.setdefault(key, []).append(module)
        plans: list[ClassPlan] = []
        for same in alike.values():
            for at, plan in enumerate(plans[:_MOST_GROUPS]):
                joined = self._try_or_none([*plan.modules, *same])
                if joined is not None:
                    plans[at] = joined
                    break
            else:
                alone = self._try_or_none(same)
                plans += [alone] if alone is not None else self._apart(same)
        return plans

    def _apart(self, modules: list[Module]) -> list[ClassPlan]:
        """Elaborations that one class cannot hold, each with the first others that it goes together with."""
        groups: list[list[Module]] = []
        for module in modules:
            home = next((g for g in groups[:_MOST_GROUPS] if self._try_or_none([g[0], module]) is not None), None)
            if home is None:
                groups.append([module])
            else:
                home.append(module)
        return [plan for group in groups for plan in self._halved(group)]

    def _halved(self, modules: list[Module]) -> list[ClassPlan]:
        plan = self._try_or_none(modules) if len(modules) > 1 else self._try(modules)
        if plan is not None:
            return [plan]
        half = len(modules) // 2
        return [*self._halved(modules[:half]), *self._halved(modules[half:])]

    def _try_or_none(self, modules: list[Module]) -> ClassPlan | None:
        try:
            return self._try(modules)
        except Different:
            return None

    def _try(self, modules: list[Module]) -> ClassPlan:
        live = frozenset[str]().union(*(self._live.get(module.id, frozenset()) for module in modules))
        merger = Merger(modules, self, live)
        parts = merger.items([self._trees.items(module, merger.constants) for module in modules])
        plan = ClassPlan("", tuple(modules), merger, parts, None, self._folded(modules))
        if modules[0].kind == "sequence":
            if all(part.name.isdigit() for part in parts):
                merger.chain(parts, "")  # may find that it cannot be one
            elif len(modules) > 1 and any(part.name.isdigit() for part in parts):
                raise Different
        elif not is_loop_only(modules, parts):
            attributes = Attributes({name for part in parts for names in part.names for name in names})
            flows = Flows(merger, parts, attributes)
            plan.forward = Forward(flows.flows(), flows.outputs, modules[0].inputs, parts, attributes)
        plan.factories = merger.factories
        plan.arguments = _arguments(plan)
        plan.defaults = _defaults(plan)
        return plan

    def _folded(self, modules: list[Module]) -> dict[tuple[str, str], float]:
        return folded(modules, self._program) if self._program.target == "inference" else {}

    def _class_name(self, name: str) -> str:
        free, count = name, 1
        while free in self._names:
            count += 1
            free = numbered(name, count)
        self._names.add(free)
        return free


def is_loop_only(modules: Sequence[Module], parts: Sequence[Merged]) -> bool:
    """Whether a block is nothing but a loop of parts, each applied to what the one before gave."""
    if len(parts) != 1 or parts[0].count is None or modules[0].kind != "block":
        return False
    for module, names in zip(modules, parts[0].names, strict=True):
        called = [getattr(step.action, "child", None) for step in module.steps]
        flow = [0, *(output for step in module.steps for output in step.outputs)]
        chained = all(step.inputs == (before,) for step, before in zip(module.steps, flow, strict=False))
        last = [output.value for output in module.outputs]
        if called != list(names) or not chained or last != [flow[-1]] or module.outputs[0].name is not None:
            return False
    return True


def _arguments(plan: ClassPlan) -> tuple[str, ...]:
    merger = plan.merger
    module = plan.modules[0]
    channels = [
        str(shape[0].expr)
        for shape in module.input_shapes
        if shape and isinstance(shape[0], Traced) and not shape[0].is_open
    ]
    parameters = [parameter.name for parameter in module.parameters]
    ordered = dict.fromkeys([*channels, *parameters])
    names = [name for name in ordered if name in merger.used or name in merger.factories]
    names += [name for name in merger.extra if name not in names]
    defaults = {p.name for p in module.parameters if p.default is not None or module.kind == "network"}
    defaults |= _partial(plan).keys()
    optional = [name for name in names if name in defaults and name not in merger.factories]
    return (*(name for name in names if name not in optional), *optional)


def _defaults(plan: ClassPlan) -> dict[str, Any]:
    """Defaults of the constructor: a network's parameters as compiled; a block's where most uses agree."""
    module = plan.modules[0]
    if module.kind == "network":
        return {p.name: p.value for p in module.parameters if p.name in plan.arguments}
    return _partial(plan) | {
        p.name: plain(p.default)
        for p in module.parameters
        if p.default is not None and p.name in plan.arguments and p.name not in plan.factories
    }


def _partial(plan: ClassPlan) -> dict[str, Any]:
    """Arguments that need not be given: PyTorch has a default, or they mean nothing in some elaborations."""
    ids = {module.id for module in plan.modules}
    unused = {
        name: type(next(iter(values.values())))()
        for name, values in plan.merger.extra.items()
        if not ids <= values.keys()
    }
    return unused | plan.merger.usual


def _uses_last(program: Program, groups: list[list[Module]]) -> list[list[Module]]:
    """The groups, each after those whose classes it uses; a definition that uses itself is taken apart."""
    home = {module.id: at for at, group in enumerate(groups) for module in group}
    needs: list[set[int]] = [set() for _ in groups]
    for at, group in enumerate(groups):
        for module in group:
            needs[at] |= {home[key] for key in _used_classes(program, module)}
    result: list[list[Module]] = []
    state: dict[int, int] = {}

    def visit(at: int) -> bool:
        if state.get(at) == 2:
            return True
        if state.get(at) == 1:
            return False
        state[at] = 1
        whole = sum(not visit(other) for other in sorted(needs[at])) == 0
        state[at] = 2
        if whole:
            result.append(groups[at])
        else:
            result.extend([module] for module in groups[at])
        return True

    for at in range(len(groups)):
        visit(at)
    order = {module.id: k for k, module in enumerate(inner_first(program, program.networks))}
    if any(len(group) == 1 for group in result):
        # Elaborations that stand alone keep the order in which each is defined before its use.
        result = _settle(program, result, order)
    return result


def _settle(program: Program, groups: list[list[Module]], order: dict[str, int]) -> list[list[Module]]:
    placed: set[str] = set()
    result: list[list[Module]] = []
    waiting = sorted(groups, key=lambda group: max(order[module.id] for module in group))
    while waiting:
        for group in waiting:
            ids = {module.id for module in group}
            if all(key in placed or key in ids for module in group for key in _used_classes(program, module)):
                break
        else:
            group = waiting[0]
        waiting.remove(group)
        placed |= {module.id for module in group}
        result.append(group)
    return result


def _used_classes(program: Program, module: Module) -> set[str]:
    """The modules with a class of their own that a module uses, directly or in a chain."""
    found: set[str] = set()
    todo = [module]
    seen: set[str] = set()
    while todo:
        for key in set(todo.pop().parts()) - seen:
            seen.add(key)
            inner = program.modules[key]
            if inner.kind == "chain":
                todo.append(inner)
            else:
                found.add(key)
    return found


def _taken(program: Program) -> set[str]:
    """What no block can be called: networks and classes from elsewhere keep their names, and so do arguments."""
    modules = program.modules.values()
    names = {program.modules[key].name for key in program.networks}
    names |= {parameter.name for module in modules for parameter in module.parameters}
    return names | {layer.name for layer in program.externs()}


def _live_names(program: Program) -> dict[str, frozenset[str]]:
    """For each module, the names that a network's open parameters reach: they must stay arguments."""
    live: dict[str, set[str]] = {}
    for key in program.networks:
        module = program.modules[key]
        open_names = {p.name for p in module.parameters if not p.fixed and type(p.value) in (int, float)}
        live[key] = open_names - _long_winded(program, module)
    for module in reversed(inner_first(program, program.networks)):
        names = live.setdefault(module.id, set())
        if not names:
            continue
        todo = [module]
        while todo:
            for child in todo.pop().children:
                if not isinstance(child.unit, Use):
                    continue
                inner = program.modules[child.unit.module]
                if inner.kind == "chain":
                    todo.append(inner)
                    live.setdefault(inner.id, set()).update(names)
                    continue
                reached = live.setdefault(inner.id, set())
                for name, value in outside_values(child.unit, inner).items():
                    if isinstance(value, Traced) and any(s.name in names for s in value.expr.symbols()):
                        reached.add(name)
    return {key: frozenset(names) for key, names in live.items()}


def _long_winded(program: Program, network: Module) -> frozenset[str]:
    """Names that would make a number longer than a reader follows: these are better written as what they are."""
    names: set[str] = set()
    todo, seen = [network], {network.id}
    while todo:
        for child in todo.pop().children:
            unit = child.unit
            if isinstance(unit, Use):
                values: list[Any] = [*unit.arguments.values(), *(x[0] for x in unit.xs if x)]
                inner = program.modules[unit.module]
                if inner.kind == "chain" and inner.id not in seen:
                    seen.add(inner.id)
                    todo.append(inner)
            else:
                values = [*unit.traced.values(), *unit.x[:1]]
            for value in values:
                if isinstance(value, Traced) and not value.is_open and len(str(value.expr)) > _LONGEST:
                    names |= {symbol.name for symbol in value.expr.symbols()}
    return frozenset(names)


def _outline(module: Module, program: Program) -> Any:
    """What two elaborations must have in common to be sure candidates for one class."""
    parts = []
    for child in module.children:
        unit = child.unit
        if isinstance(unit, Use):
            inner = program.modules[unit.module]
            parts.append((child.name, inner.name or _outline(inner, program)))
        else:
            parts.append((child.name, type(unit.layer)))
    steps = tuple((step.action.what, step.inputs, step.outputs) for step in module.steps)
    return (tuple(parts), steps)
