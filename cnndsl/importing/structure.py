"""From what was recorded to bodies: for each module that is no layer of the language, its parts and steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from torch import nn

from cnndsl.importing.body import (
    Body,
    Chain,
    Given,
    Item,
    Made,
    Number,
    Operand,
    Part,
    Single,
    Step,
    Use,
    changed,
    moved,
)
from cnndsl.importing.calls import read
from cnndsl.importing.externs import Foreign, Passed, foreign
from cnndsl.importing.generalising import has_state, in_common
from cnndsl.importing.leaves import Unreadable, cropped, inherited, is_leaf, read_layer
from cnndsl.importing.parameters import Definition, Env, can_be_class, settled, with_classes
from cnndsl.importing.reading import Reader, Spare, given_in, is_plain, only
from cnndsl.importing.recording import (
    Event,
    Recorder,
    Trace,
    Value,
    values_of,
)
from cnndsl.importing.turns import Apart
from cnndsl.layers.base import Layer
from cnndsl.layers.registry import KINDS

MOST_APART, _FEW_LAYERS = 2, 2


@dataclass(slots=True)
class Imported:
    """The definitions that a module becomes, those first that others use, and the network last."""

    definitions: list[Definition]
    shapes: tuple[tuple[int, ...], ...]
    """The sizes of the inputs, without the batch."""
    remarks: list[str] = field(default_factory=list)
    classes: dict[str, type[nn.Module]] = field(default_factory=dict)
    """The classes that the definitions are of, by their names."""
    externs: dict[str, int] = field(default_factory=dict)
    """The classes that `extern` lines name, `package.Class`, and how many modules each is."""


def imported(
    root: nn.Module, evaluation: Recorder, training: Recorder | None, apart: Mapping[type[nn.Module], int]
) -> Imported:
    """What a module becomes, of what it did in evaluation and in training. Raises Unreadable.

    apart: the classes that are not to be one definition with conditions for what only some of their modules have (1),
    or for what is not the same in all (2).
    """
    return _Importer(root, evaluation, training, apart).run()


class _Importer:
    def __init__(
        self,
        root: nn.Module,
        evaluation: Recorder,
        training: Recorder | None,
        apart: Mapping[type[nn.Module], int],
    ) -> None:
        self.root = root
        self.apart = apart
        self.classes: dict[str, type[nn.Module]] = {}
        self.recorders = [recorder for recorder in (evaluation, training) if recorder is not None]
        self.paths = {module: path for path, module in root.named_modules()}
        self.shapes: dict[nn.Module, tuple[int, ...]] = {}
        self.passed: dict[nn.Module, list[Passed | None]] = {}
        """What went through each module in its calls; None for what is more than one value."""
        self.foreign: dict[type[nn.Module], Foreign] = {}
        self.definitions: list[Definition] = []
        self.uses: dict[nn.Module, Part] = {}
        self.families: dict[Any, list[nn.Module]] = {}
        self.busy: list[Any] = []
        self.remarks: list[str] = []
        self.spare: set[nn.Module] = set()
        self.within: dict[type[nn.Module], set[type[nn.Module]]] = {}
        """By each class, beside those of containers, which are in modules of it."""
        for module in self.paths:
            if type(module) not in (nn.Sequential, nn.ModuleList, nn.ModuleDict):
                self.within.setdefault(type(module), set()).update(map(type, list(module.modules())[1:]))
        self.taken: set[str] = set()
        self.words = {word for path in self.paths.values() for word in path.split(".")}
        """What is the name of a layer somewhere."""
        self.lists = {path.split(".")[-1] for each, path in self.paths.items() if isinstance(each, nn.ModuleList)}
        """What is the name of a list of layers somewhere, behind which that of a class cannot be seen."""

    def run(self) -> Imported:
        if not self._traces(self.root):
            kind = type(self.root).__name__
            message = f"{kind} is a layer, and no network of layers: put it into one, nn.Sequential({kind}(...))"
            raise Unreadable(message)
        if any(value.shape == value.shape[:1] for value in values_of(self._trace(self.root).arguments)):
            raise Unreadable("an input is one number for each sample, with no size: let the module take (batch, 1)")
        traces = chain.from_iterable(held for recorder in self.recorders for held in recorder.traces.values())
        for event in chain.from_iterable(trace.events for trace in traces):
            if event.module is not None:
                for first in values_of((event.arguments, event.keywords))[:1]:
                    self.shapes.setdefault(event.module, first.shape[1:])
                self.passed.setdefault(event.module, []).append(_passed(event))
        for module in self.paths:
            if any(module in recorder.traces for recorder in self.recorders) and type(module) is not nn.Sequential:
                self.families.setdefault(self._family(module), []).append(module)
        body = self._body(self.root)
        name = self._name(type(self.root).__name__)
        self.definitions.append(with_classes(Definition("network", name, in_common([body]))))
        shapes = tuple(value.shape[1:] for value in values_of(self._trace(self.root).arguments))
        externs = {f"{found.package}.{found.definition.name}": len(found.uses) for found in self.foreign.values()}
        if not is_plain(self._trace(self.root).result):
            self.remarks.append(f"what {name} gives is a plain tuple of its values in the text, or the only value")
        remarks = [*self._unused(), *self._not_in_text(), *dict.fromkeys(self.remarks)]
        return Imported(self._all(), shapes, remarks, self.classes, externs)

    def _not_in_text(self) -> Iterator[str]:
        """What is said of what modules have besides their layers, and a text has not."""
        frozen = [path for path, held in self.root.named_parameters() if not held.requires_grad]
        if frozen:
            more = f" and {len(frozen) - 1} more" if frozen[1:] else ""
            yield f"{frozen[0]}{more} are learned in the text, and not in the original"
        for module in filter(is_leaf, self.paths):
            # There is no other way to them.
            hooks = [*module._forward_hooks.values(), *module._forward_pre_hooks.values()]  # noqa: SLF001
            if hooks:
                norms = any(type(hook).__name__ in ("WeightNorm", "SpectralNorm") for hook in hooks)
                instead = ": take the norm of torch.nn.utils.parametrizations" if norms else ""
                yield f"{self._where(module)} has hooks, which are left out{instead}"
        again = [
            (self.paths[module], path)
            for path, module in self.root.named_modules(remove_duplicate=False)
            if path != self.paths[module] and next(module.parameters(recurse=False), None) is not None
        ]
        if again:
            more = f", and so are {len(again) - 1} more" if again[1:] else ""
            yield f"{' and '.join(again[0])} are one layer, and have one name in the text{more}"

    def _unused(self) -> list[str]:
        """What is said of layers that nothing goes through."""
        whole = {module for module in self.paths if is_leaf(module)}
        whole |= {module for found in self.foreign.values() for module in found.uses}
        inside = {part for module in whole for part in module.modules() if part is not module}
        return [
            f"{self._where(module)} is never used, and left out"
            for module in self.paths
            if module not in self.shapes
            and module not in inside
            and any(True for _ in module.parameters(recurse=False))
            and module is not self.root
        ]

    def _family(self, module: nn.Module) -> Any:
        kind = type(module)
        inside = (
            each
            for each in module.modules()
            if each is not module and (type(each) is kind or kind in self.within.get(type(each), ()))
        )
        depth = max((self._family(each)[1] + 1 for each in inside), default=0)
        return type(module), depth, self._class_name(module) if type(module) is nn.ModuleDict else ""

    def _traces(self, module: nn.Module) -> list[Trace]:
        """A call of a module in evaluation and one in training, of which there may be one alone.

        It is the first with the most values: in a call that is given one twice nobody sees what becomes of which.
        """
        found = (recorder.traces[module] for recorder in self.recorders if module in recorder.traces)
        return [max(traces, key=lambda trace: len(set(given_in(trace)))) for traces in found]

    def again(self, module: nn.Module) -> set[int]:
        """Which of the values that a module is given are an earlier one of them, in all of its calls."""
        traces = chain.from_iterable(recorder.traces.get(module, ()) for recorder in self.recorders)
        found = [{at for at, held in enumerate(each) if held in each[:at]} for each in map(given_in, traces)]
        return set.intersection(*found) if found else set()

    def _trace(self, module: nn.Module) -> Trace:
        return self._traces(module)[0]

    # Parts

    def part(self, module: nn.Module) -> Part | None:
        """What a module is as a part; None for one that does nothing. Raises Unreadable."""
        if is_leaf(module):
            if module in self.uses:
                return self.uses[module]
            if (two := cropped(module)) is not None:
                return Chain(tuple(Item(None, single(layer)) for layer in two))
            if module not in self.shapes:
                raise Unreadable(f"{self._where(module)} is given no value, but a tensor of a module")
            try:
                layer = read_layer(module, self.shapes[module])
            except Unreadable as problem:
                if (found := inherited(module)) is not None and found.parts:  # which are calls of their own
                    raise
                self._declare(dict.fromkeys([module, *self._others_like(module)], problem))
                return self.uses[module]
            return None if layer is None else single(layer)
        if type(module) is nn.Sequential:
            if module in self.uses:  # its parts are called from outside of it
                return self.uses[module]
            made = self.chain(module, self._trace(module))
            return made if made.items else None
        if self._is_idle(module):
            return None
        if module not in self.uses:
            self._define(module)
        return self.uses[module]

    def _others_like(self, module: nn.Module) -> Iterator[nn.Module]:
        """The layers of the class of one that has no words, which have none either."""
        for other, shape in self.shapes.items():
            if type(other) is type(module):
                try:
                    read_layer(other, shape)
                except Unreadable:
                    yield other

    def _declare(self, problems: Mapping[nn.Module, Unreadable]) -> None:
        """Make an extern line for modules of one class. Raises the first of the problems where there can be none."""
        module, problem = next(iter(problems.items()))
        known = self.foreign.get(type(module))
        name = type(module).__name__
        try:
            if known is None and name in self.taken:
                raise Unreadable(f"there are two classes {name}")
            modules = [*(known.uses if known is not None else ()), *problems]
            calls = {each: self.passed.get(each, []) for each in modules}
            found = foreign({each: [] if None in held else [p for p in held if p] for each, held in calls.items()})
        except Unreadable as reason:
            more = f"; and it cannot be an extern: {reason}"
            raise Unreadable(str(problem).removesuffix(more) + more) from None
        self.taken.add(name)
        self.foreign[type(module)] = found
        self.uses |= {each: Use(name, found.arguments(each)) for each in found.uses}

    def _is_idle(self, module: nn.Module) -> bool:
        """Whether a module passes on what it is given, in evaluation and in training."""
        if next(module.parameters(), None) is not None:
            return False
        traces = (trace for recorder in self.recorders for trace in recorder.traces.get(module, ()))
        return all(
            len(values := values_of(trace.result)) == 1 and values == values_of((trace.arguments, trace.keywords))[:1]
            for trace in traces
        )

    def chain(self, module: nn.Module, trace: Trace) -> Chain:
        """What a module that calls its parts one after the other is as a chain of them. Raises Unreadable."""
        names = {child: name for name, child in reversed(list(module.named_children()))}
        items: list[Item] = []
        current = only(trace.arguments, trace.keywords)
        for event in trace.events:
            child = event.module
            if only(event.arguments, event.keywords) != current or (child is not None and child not in names):
                raise Unreadable(f"{self._where(module)} is no chain of its parts")
            results = values_of(event.result)
            if len(results) != 1 and event is not trace.events[-1]:
                raise Unreadable(f"{self._where(module)} passes on several values")
            current = results[0] if results else current
            if child is None:
                self._follow(event, items, names)
            elif (part := self.part(child)) is not None:
                name = names[child]
                if child in [each.module for each in trace.events[: trace.events.index(event)]]:
                    raise Unreadable(f"{self._where(module)} applies {name} twice")
                items.append(Item(None if name == str(len(items)) else name, part))
        return Chain(tuple(items))

    def _follow(self, event: Event, items: list[Item], names: dict[nn.Module, str]) -> None:
        """A function in a chain, such as the activation that a batch normalisation has in it, as a stage."""
        form, word, _, arguments = read(event)
        if form == "same":
            return
        if form != "call" or word not in KINDS:
            raise Unreadable(f"{event.function}(...) is no stage of a chain")
        before = items[-1].label or str(len(items) - 1) if items else "first"
        is_free = str(len(items)) not in names.values()
        given = tuple((name, Number(value)) for name, value in arguments.items())
        items.append(Item(None if is_free else f"{before}_{word}", Single(word, given)))

    def _define(self, module: nn.Module) -> None:
        """Make definitions of all modules of the class of this one."""
        family = self._family(module)
        if family in self.busy:
            raise Unreadable(f"{self._where(module)} contains itself")
        self.busy.append(family)
        bodies: dict[nn.Module, Body] = {}
        problems: dict[nn.Module, Unreadable] = {}
        for member in self.families[family]:
            try:
                bodies[member] = self._body(member)
            except Unreadable as problem:
                problems[member] = problem
        self.busy.pop()
        if problems:
            # One class is said in one way, also where some of its tables of numbers are short enough for a text.
            tables = [each for each, body in bodies.items() if any(own.numbers is not None for own in body.held)]
            try:
                self._declare(problems | dict.fromkeys(tables, next(iter(problems.values()))))
            except Unreadable:
                if not all(isinstance(problem, Spare) for problem in problems.values()):
                    raise
                self.spare |= problems.keys()  # the class says all else
                self._define(module)
                return
            bodies = {each: body for each, body in bodies.items() if each not in tables}
        groups: list[dict[nn.Module, Body]] = []
        for member, body in bodies.items():
            if (layers := _only_layers(body)) is not None and member is not self.root:
                self.uses[member] = layers
                continue
            for group in groups:
                try:
                    common = in_common([*group.values(), body])
                except Apart:
                    continue
                apart = self.apart.get(type(module), 0)
                if (apart and common.conditions) or (apart > 1 and common.slots):
                    continue
                group[member] = body
                break
            else:
                groups.append({member: body})
        for group in groups:
            first, *more = group
            if _is_chain_class(module) and not more:
                self.uses[first] = group[first].parts[0][1]
                continue
            takes_list = group[first].lists[:1] == (1,)  # which has no channels of its own
            envs = [Env(each, () if takes_list else self.shapes.get(each, ()), self._outgoing(each)) for each in group]
            name = self._name(self._class_name(module))
            kind = "sequence" if _is_chain_class(module) else "block"
            known = {each.name: each for each in self._all()}
            definition, arguments = settled(kind, name, in_common([*group.values()]), envs, known)
            self.classes[name] = type(module)
            self.definitions.append(definition)
            self.uses |= {member: Use(name, given) for member, given in zip(group, arguments, strict=True)}

    def _all(self) -> list[Definition]:
        return [*(found.definition for found in self.foreign.values()), *self.definitions]

    def _outgoing(self, module: nn.Module) -> int | None:
        values = values_of(self._trace(module).result)
        return values[0].shape[1] if len(values) == 1 and len(values[0].shape) > 1 else None

    def _class_name(self, module: nn.Module) -> str:
        """What a definition is called: as the class, or as the dict, and one in a list as the list around it."""
        if type(module) not in (nn.ModuleList, nn.ModuleDict):
            return type(module).__name__
        outer, _, name = self.paths[module].rpartition(".")
        if name.isdecimal():
            name = outer.rpartition(".")[2].removesuffix("s")
        return "".join(word.capitalize() for word in name.split("_"))

    def _name(self, name: str) -> str:
        name = name.lstrip("_") or "Net"
        if not can_be_class(name):  # as a class `conv`, or one that generated modules have
            name = name.capitalize()
        made, number = name, 2
        taken = self.taken | self.lists
        while made in taken or (number > 2 and made in self.words) or not can_be_class(made):
            made, number = f"{name}{number}", number + 1
        self.taken.add(made)
        return made

    def _where(self, module: nn.Module) -> str:
        path = self.paths.get(module, "")
        return f"{type(module).__name__}{f' ({path})' if path else ''}"

    # Bodies

    def _body(self, module: nn.Module) -> Body:
        try:
            if _is_chain_class(module) and module is not self.root:
                return Body((("", self.chain(module, self._trace(module))),), (), ())
            first, *training = self._traces(module)
            body = Reader(self, module, first).body()
            for trace in training:
                more = Reader(self, module, trace).body()
                if more.steps != body.steps or more.outputs != body.outputs:
                    body = self._with_training(module, body, more)
            return body
        except Unreadable as problem:
            if str(problem).startswith("in "):
                raise
            raise type(problem)(f"in {self._where(module)}: {problem}") from None

    def _with_training(self, module: nn.Module, body: Body, more: Body) -> Body:
        if _undropped(body) == _undropped(more):
            return more
        if module is not self.root:
            raise Unreadable("it does something else in training, and only the network itself can say that")
        kept: list[int] = []
        at = 0
        places: dict[int, int] = {}
        passed: dict[Operand, Operand] = {}
        parts = dict(more.parts)
        for number, step in enumerate(more.steps):
            plain = replace(step, operands=tuple(_undone(operand, passed) for operand in step.operands))
            if at < len(body.steps) and _same_step(plain, body.steps[at], places):
                places[at] = number
                at += 1
            elif _drops(step, parts):  # which may be called in evaluation too, where it does nothing
                passed[Made(number)] = plain.operands[0]
            else:
                kept.append(number)
        have, want = bool(body.output_names), bool(more.output_names)
        if at < len(body.steps) or have != want:
            what = "does something else in training, which is left out"
            if have != want:
                mode = "training" if want else "evaluation"
                what = f"gives names to its outputs in {mode} alone: what it does in training is left out"
            self.remarks.append(f"{self._where(module)} {what}")
            return body
        outputs: list[Operand] = []
        for number, operand in enumerate(body.outputs):
            plain_output = moved(operand, places)
            given = (*more.outputs[number : number + 1], *more.outputs)
            outputs.append(next((o for o in given if _undone(o, passed) == plain_output), plain_output))
        names = more.output_names or ("",) * len(more.outputs)
        known = set(body.output_names or outputs)
        extra = [(o, name) for o, name in zip(more.outputs, names, strict=True) if (name or o) not in known]
        return replace(
            more,
            outputs=tuple(outputs),
            output_names=(*body.output_names, *(name for _, name in extra if name)),
            training=tuple(kept),
            training_outputs=tuple(o for o, _ in extra),
        )


def _only_layers(body: Body) -> Part | None:
    """The layer or the two layers that a body is, where they have no state and so no names are needed; else None."""
    parts, items = dict(body.parts), []
    for at, step in enumerate(body.steps):
        part = parts.get(step.what) if step.form == "part" else Single(step.what, step.arguments)
        is_next = step.operands == ((Made(at - 1) if at else Given(0)),) and step.results == 1
        is_layer = isinstance(part, Single) and part.word in KINDS and not has_state(part)
        if part is None or not is_next or not is_layer:
            return None
        items.append(Item(None, part))
    if not 1 <= len(items) <= _FEW_LAYERS or body.outputs != (Made(len(items) - 1),) or body.output_names:
        return None
    return items[0].part if len(items) == 1 else Chain(tuple(items))


def _undropped(body: Body) -> tuple[Any, ...]:
    """The steps and outputs without what does nothing in evaluation, which some modules do not even call then."""
    parts = dict(body.parts)
    kept: dict[Operand, Operand] = {}
    steps: list[Any] = []
    for at, step in enumerate(body.steps):
        operands = tuple(_undone(operand, kept) for operand in step.operands)
        if _drops(step, parts):
            kept[Made(at)] = operands[0]
            continue
        kept |= {Made(at, number): Made(len(steps), number) for number in range(step.results)}
        steps.append((step.form, step.what, operands, step.arguments, step.results))
    return steps, [_undone(operand, kept) for operand in body.outputs], body.output_names


def _undone(operand: Operand, passed: Mapping[Operand, Operand]) -> Operand:
    """The operand with the values from which those came that are passed on in evaluation."""
    return changed(operand, lambda o: passed.get(o, o))


def _drops(step: Step, parts: Mapping[str, Part]) -> bool:
    """Whether a step does nothing in evaluation."""
    part = parts.get(step.what) if step.form == "part" else None
    return (part.word if isinstance(part, Single) else step.what) in _DROPPING


_DROPPING = ("dropout", "dropout_channels", "alpha_dropout", "stochastic_depth")


def _same_step(step: Step, other: Step, places: dict[int, int]) -> bool:
    try:
        operands = tuple(moved(operand, places) for operand in other.operands)
    except KeyError:
        return False
    return (step.form, step.what, step.arguments) == (other.form, other.what, other.arguments) and (
        step.operands == operands
    )


def _passed(event: Event) -> Passed | None:
    """The sizes of what went through a module, where that is one value and nothing else."""
    given = [held for held in (*event.arguments, *event.keywords.values()) if held is not None]
    if len(given) == 1 and isinstance(given[0], Value) and isinstance(event.result, Value):
        return Passed(given[0].shape[1:], event.result.shape[1:])
    return None


def single(layer: Layer) -> Single:
    """A layer as a part, with what is no default."""
    return Single(
        layer.kind,
        tuple((name, Number(value)) for name, value in layer.non_default().items() if name != "inplace"),
    )


def _is_chain_class(module: nn.Module) -> bool:
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward
