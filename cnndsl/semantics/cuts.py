"""Networks up to some of their parts: `ResNet50[:layer4]`, `ResNet50[layer3, layer4]`.

Such a network is a definition of its own, with the lines of the other one up to the last of the parts, and of its
parameters those that these lines ask for.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeGuard

from cnndsl.diagnostics import Fix, Label, error
from cnndsl.hints.spelling import is_clear, nearest
from cnndsl.ir.lower import Cut
from cnndsl.ir.nodes import Part
from cnndsl.ir.part_names import Place, place_of
from cnndsl.semantics.assertions import is_of_result
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.usage import asked_names
from cnndsl.semantics.values import BlockRecipe, Template
from cnndsl.source import Span
from cnndsl.syntax import tree

_MOST_NAMED = 3
"""So many parts are in the name of the class."""


def up_to_parts(body: Evaluation, network: Template | BlockRecipe, node: tree.Index) -> BlockRecipe:
    """The network up to the parts that are named in brackets; it gives what comes out of each. Raises Problem."""
    recipe = BlockRecipe(network, (), node.span) if isinstance(network, Template) else network
    template = recipe.template
    definition = template.definition
    name = definition.name.text
    if definition.kind != "network":
        raise error(
            "E206",
            f"parts are taken of a network, and {name} is a {definition.kind}",
            node.span,
            help=f"let it give what is needed: output a, b; or make it a network: network {name}",
        )
    taps = _taps(node, name)
    parts = tuple(tap.text for tap in taps)

    def work() -> Template:
        names = body.context.part_names(definition)
        cutting = _Cutting(definition, names)
        cut = Cut(definition, parts, cutting.up_to(taps, node.span), cutting.length)
        body.context.memo["names", id(cut.definition)] = names  # so that what is cut off changes no name
        body.context.cuts[id(cut.definition)] = cut
        return Template(cut.definition, template.scope)

    made = body.context.once(("cut", id(definition), parts), work)
    left = {parameter.name.text for parameter in made.definition.parameters}
    body.context.used.add(definition.name.span)
    return BlockRecipe(made, tuple(pair for pair in recipe.arguments if pair[0] in left), node.span)


class _Tap(NamedTuple):
    """A part that is named in brackets."""

    text: str
    span: Span


def _taps(node: tree.Index, network: str) -> list[_Tap]:
    example = f"write {network}[:part], or {network}[one, other] for what comes out of both"
    given = node.places
    match given:
        case (tree.Slice(start=None, end=tree.Node() as end, step=None),):
            given = (end,)
        case _ if any(isinstance(place, tree.Slice) for place in given):
            what = "a network is taken from its beginning on, up to a part"
            raise error("E206", what, node.span, help=example)
    taps: list[_Tap] = []
    for each in given:
        text = _text(each)
        if text is None:
            raise error("E206", f"the parts of {network} are taken by their names", each.span, help=example)
        first = next((tap for tap in taps if tap.text == text), None)
        if first is not None:
            labels = (Label(first.span, "the first time"),)
            raise error("E204", f"{text} is taken twice", each.span, labels=labels, help="name it once")
        taps.append(_Tap(text, each.span))
    return taps


class _Place(NamedTuple):
    """Where a part is applied: the line, and the stage in it."""

    line: int
    stage: int


class _Cutting:
    """Finds the parts of a network that stand on its main way, and takes the lines up to some of them."""

    def __init__(self, definition: tree.Definition, unnamed: Mapping[Place, Part]) -> None:
        self._definition, self._unnamed = definition, unnamed
        self._values: set[str] = set()
        self._declared: set[str] = set()
        self._places: dict[str, list[_Place]] = {}
        """For each part where the body applies it, outside of braces, conditions, loops and sums."""
        self.length: tuple[str, int] | None = None
        """For a part inside of a chain the chain's label, and how many layers are left of it."""
        self._inside: dict[str, tree.Expression] = {}
        """For such a part what is left of the chain."""
        self._taken = {node.text for node in tree.walk(definition) if isinstance(node, tree.Name)}
        for _ in range(2):  # a part may be used above the line that declares it
            self._values.clear()
            self._places.clear()
            for at, line in enumerate(definition.body.statements):
                self._look(at, line)

    def up_to(self, taps: Sequence[_Tap], span: Span) -> tree.Definition:
        """The network up to these parts. Raises Problem."""
        places = {tap.text: self._place(tap) for tap in taps}
        last = max(places.values())
        for tap in taps:
            if tap.text in self._inside and (places[tap.text] != last or len(set(places.values())) < len(taps)):
                raise error(
                    "E206",
                    f"{tap.text} lies inside of a chain that is needed further on",
                    tap.span,
                    help="of several parts only the last may lie inside of a chain",
                )
        lines: list[tree.Statement] = []
        values: dict[str, tree.Expression] = {}
        for at, line in enumerate(self._definition.body.statements):
            here = {place.stage: name for name, place in places.items() if place.line == at}
            if at > last.line:
                if isinstance(line, tree.Init) or self._declares(line):
                    lines.append(line)
            elif here:
                lines += self._split(line, here, values, is_last=at == last.line, alone=len(taps) == 1)
            elif not isinstance(line, tree.Output | tree.When) and not (
                isinstance(line, tree.Assert) and is_of_result(line)
            ):
                lines.append(line)
        if len(taps) > 1 or values:
            items = tuple(tree.OutputItem(tap.span, None, values[tap.text], None) for tap in taps)
            lines.append(tree.Output(span, items))
        definition = self._definition
        body = replace(definition.body, statements=tuple(self._asked_for(lines)))
        name = replace(definition.name, text=definition.name.text + _suffix([tap.text for tap in taps]))
        return replace(definition, name=name, parameters=_needed(definition.parameters, body), body=body)

    def _asked_for(self, lines: Sequence[tree.Statement]) -> list[tree.Statement]:
        """The lines without the layers, constants and values for which no other of them asks."""
        kept = list(lines)
        while True:
            asked = Counter(name for line in kept for name in asked_names(line))
            left = [line for line in kept if not self._is_idle(line, asked)]
            if len(left) == len(kept):
                return kept
            kept = left

    def _declares(self, line: tree.Statement) -> TypeGuard[tree.Bind]:
        """Whether a line gives names to layers or constants, and computes nothing."""
        if not isinstance(line, tree.Bind) or not line.targets:
            return False
        return all(target.text in self._declared for target in line.targets)

    def _is_idle(self, line: tree.Statement, asked: Counter[str]) -> bool:
        if not isinstance(line, tree.Bind) or not line.targets or _is_input(line):
            return False
        own = Counter(asked_names(line))  # relu = relu
        return all(asked[target.text] == own[target.text] for target in line.targets)

    def _place(self, tap: _Tap) -> _Place:
        name, places = self._definition.name.text, self._places.get(tap.text, [])
        if len(places) == 1:
            return places[0]
        if not places and "." in tap.text:
            return self._place_inside(tap)
        label = Label(self._definition.name.span, "the network")
        if places:
            raise error(
                "E206",
                f"{name} applies {tap.text} {len(places)} times",
                tap.span,
                labels=(label,),
                help="take a part that it applies once",
            )
        if any(_names(node, tap.text) for node in tree.walk(self._definition.body)):
            raise error(
                "E206",
                f"{name} cannot be cut behind {tap.text}",
                tap.span,
                labels=(label,),
                help=(
                    "it stands in a condition, a loop, braces or a sum; take a part that stands on a line of the body",
                    f"or let {name} give what comes out of it, as one of its outputs",
                ),
            )
        near = nearest(tap.text, self._places)
        known = ", ".join(list(self._places)[:10])
        raise error(
            "E201",
            f"{name} has no part {tap.text}",
            tap.span,
            labels=(label,),
            help=f"did you mean {near}?" if near else f"it has {known}" if known else "name its layers: conv1: conv(8)",
            fix=Fix.suggested(tap.span, near)
            if near and near.isidentifier() and is_clear(tap.text, self._places)
            else None,
        )

    def _place_inside(self, tap: _Tap) -> _Place:
        """Where the chain is applied that a part lies in, as `layer3.2`. Raises Problem."""
        label, _, key = tap.text.partition(".")
        place = self._place(_Tap(label, tap.span))
        line: Any = self._definition.body.statements[place.line]
        stage: Any = _in_a_row(line.value)[place.stage]
        parameters = {parameter.name.text for parameter in self._definition.parameters}
        left = _first_layers(stage.layer, key, parameters) if isinstance(stage, tree.Labelled) else None
        if left is None:
            raise error(
                "E206",
                f"{self._definition.name.text} cannot be cut behind {tap.text}",
                tap.span,
                labels=(Label(stage.span, f"{label} stands here"),),
                help=(
                    f"a part inside of another is a layer of a chain with a name: {label}: {{ relu -> conv(8) }}",
                    "it is counted from 0 on, and none before it may stand in a condition or a loop",
                ),
            )
        number = _number(key)
        if number is not None:
            self.length = label, number + 1
        self._inside[tap.text] = replace(stage, layer=left)
        return place

    # What stands where

    def _look(self, at: int, line: tree.Statement) -> None:
        match line:
            case tree.Bind(targets=targets, value=value):
                if not self._flows(value):
                    self._declared |= {target.text for target in targets}
                    return
                if isinstance(value, tree.Pipe) and len(targets) == 1:
                    self._stages(at, value.stages)
                self._values |= {target.text for target in targets}
            case tree.Apply(targets=targets, value=value):
                stages = _in_a_row(value)
                self._stages(at, stages if len(targets) < 2 else stages[:-1])
                self._values |= {target.text for target in targets}
            case _:
                return

    def _stages(self, at: int, stages: Sequence[tree.Expression]) -> None:
        for stage, node in enumerate(stages):
            name = self._part(node)
            if name is not None:
                self._places.setdefault(name, []).append(_Place(at, stage))

    def _part(self, node: tree.Expression) -> str | None:
        match node:
            case tree.Labelled() if (label := _text(node.label)) is not None:
                return label
            case tree.Name(text=text) if text in self._declared:
                return text
            case _:
                found = self._unnamed.get(place_of(node))
                return found.name if found is not None and not found.is_list else None

    def _starts(self, node: tree.Node) -> bool:
        """Whether an expression is a value by its name alone."""
        return isinstance(node, tree.It | tree.Input) or (isinstance(node, tree.Name) and node.text in self._values)

    def _flows(self, node: tree.Expression) -> bool:
        """Whether something that flows is spoken of."""
        return any(self._starts(each) for each in tree.walk(node, tree.Body))

    # The lines with the parts

    def _split(
        self,
        line: Any,
        here: Mapping[int, str],
        values: dict[str, tree.Expression],
        *,
        is_last: bool,
        alone: bool,
    ) -> Iterator[tree.Statement]:
        """A line, cut behind the stages with parts in it; `values` gets what comes out of each."""
        stages = tuple(self._inside.get(here.get(at, ""), stage) for at, stage in enumerate(_in_a_row(line.value)))
        is_bound, begin = isinstance(line, tree.Bind), 0
        before: tuple[tree.Expression, ...] = ()
        for stage, part in sorted(here.items()):
            rest = (*before, *stages[begin : stage + 1])
            begin = stage + 1
            names = line.targets if begin == len(stages) else ()
            if alone and not is_bound:
                yield tree.Apply(line.span, _pipe(rest))
                return
            target = names[0] if names else self._free(part, stages[stage].span)
            values[part] = tree.Name(target.span, target.text)
            make = tree.Bind if is_bound else tree.Apply
            yield make(span=line.span, targets=(target,), value=_pipe(rest))
            before = (values[part],) if is_bound else ()
        if begin < len(stages) and not is_last:
            yield replace(line, value=_pipe((*before, *stages[begin:])))

    def _free(self, part: str, span: Span) -> tree.Name:
        word = made = re.sub(r"\W", "_", f"{part}_out")
        count = 1
        while made in self._taken:
            count += 1
            made = f"{word}{count}"
        self._taken.add(made)
        return tree.Name(span, made)


def _is_input(line: tree.Bind) -> bool:
    """Whether a line says what comes in."""
    return isinstance(line.value, tree.Call) and isinstance(line.value.function, tree.Input)


def _in_a_row(node: tree.Expression) -> tuple[tree.Expression, ...]:
    """The stages of a pipeline, which may have one alone."""
    return node.stages if isinstance(node, tree.Pipe) else (node,)


def _pipe(stages: Sequence[tree.Expression]) -> tree.Expression:
    return stages[0] if len(stages) == 1 else tree.Pipe(stages[0].span.to(stages[-1].span), tuple(stages))


def _first_layers(chain: tree.Expression, key: str, parameters: set[str]) -> tree.Expression | None:
    """A chain up to the layer with a label, or a number; None where the text does not tell which that is."""
    stages: list[tree.Expression] = []
    if isinstance(chain, tree.Body):
        for line in chain.statements:
            if not isinstance(line, tree.Apply) or line.targets:
                break
            stages += _in_a_row(line.value)
    elif isinstance(chain, tree.Binary):
        stages = [chain]
    wanted, count = _number(key), 0
    for at, stage in enumerate(stages):
        number = 1
        match stage:
            case tree.Labelled() if (label := _text(stage.label)) is not None:
                if label == key:
                    return _chain(chain, stages[: at + 1])
            case tree.Binary(operator="*", left=tree.Name() | tree.Call() | tree.Body(), right=right):
                left = wanted + 1 - count if wanted is not None else 0
                number = right.value if isinstance(right, tree.Number) and isinstance(right.value, int) else -1
                if left > 0 and (left <= number or number < 0):
                    most: tree.Expression = tree.Number(right.span, left)
                    if number < 0:
                        arguments = tuple(tree.Argument(right.span, None, each) for each in (most, right))
                        most = tree.Call(right.span, tree.Name(right.span, "min"), arguments)
                    return _chain(chain, [*stages[:at], replace(stage, right=most)])
            case tree.Name(text=text) if text in parameters:
                return None  # it may be several layers
            case tree.Name() | tree.Call() | tree.Body():
                pass
            case _:
                return None
        if number < 0:
            return None
        count += number
        if wanted == count - 1:
            return _chain(chain, stages[: at + 1])
    return None


def _chain(whole: tree.Expression, stages: Sequence[tree.Expression]) -> tree.Expression:
    """The first layers of a chain."""
    if not isinstance(whole, tree.Body):
        return stages[0]
    return replace(whole, statements=(tree.Apply(whole.span, _pipe(stages)),))


def _needed(parameters: tuple[tree.Parameter, ...], body: tree.Body) -> tuple[tree.Parameter, ...]:
    """The parameters that lines ask for, and the defaults of these."""
    asked = set(asked_names(body))
    kept: list[tree.Parameter] = []
    for parameter in reversed(parameters):  # a default speaks of those before it
        if parameter.name.text in asked:
            kept.append(parameter)
            asked |= set(asked_names(parameter.default)) if parameter.default is not None else set()
    return tuple(reversed(kept))


def _names(node: tree.Node, part: str) -> bool:
    """Whether something gives a part its name."""
    match node:
        case tree.Labelled():
            return _text(node.label) == part
        case tree.Bind():
            return any(target.text == part for target in node.targets)
        case _:
            return False


def _text(node: tree.Expression) -> str | None:
    """A name, or a plain text; None for anything else."""
    match node:
        case tree.Name(text=text) | tree.String(parts=(str() as text,)):
            return text
        case _:
            return None


def _suffix(parts: Sequence[str]) -> str:
    """What the class is called after the network: `Layer4`, `Layer3Layer4`, `Layer1ToLayer4`."""
    words = [_word(part) for part in parts]
    return "".join(words) if len(words) <= _MOST_NAMED else f"{words[0]}To{words[-1]}"


def _word(part: str) -> str:
    """A part in the name of a class: `Layer4`, `Layer3_2`."""
    pieces = [piece[:1].upper() + piece[1:] for piece in re.split(r"[\W_]+", part)]
    return "".join(f"_{b}" if a[-1:].isdigit() and b[:1].isdigit() else b for a, b in itertools.pairwise(["", *pieces]))


def _number(key: str) -> int | None:
    """The number by which an unnamed layer of a chain is known."""
    return int(key) if re.fullmatch(r"0|[1-9][0-9]{0,8}", key) else None
