"""The lines of a block or network: its parts, and the steps in which they are applied."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from cnndsl.importing.body import (
    WHOLE,
    Body,
    Chain,
    Choice,
    Given,
    Held,
    Listed,
    Made,
    Number,
    Operand,
    Own,
    Part,
    Repeated,
    Single,
    Slot,
    Step,
    Use,
    flat,
)
from cnndsl.importing.generalising import IDENTITY, has_state
from cnndsl.importing.stages import KEYWORDS, LONGEST_LINE, Writer, constant, is_name
from cnndsl.layers.registry import KINDS, OPERATIONS

_SHORT_BRANCH = 4


class Lines:
    """The lines of a block or network.

    The steps are gone through in their order. What leads from the input to the output is the pipeline; what is used
    once beside it stands where it is used; and what is used in other places gets a name.
    """

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.body = writer.body
        self.is_network = writer.definition.kind == "network"
        self.parts = dict(self.body.parts)
        self.uses = self._count()
        self.spine = self._spine()
        self.named: dict[Operand, str] = {}
        self.wanted: set[Operand] = set()
        self.made: list[str] = []
        self.declared: set[str] = set()
        """The parts that have a line of their own."""
        self.due: list[str] = []
        """Those whose line is still to come, in the order of their registration."""
        self.order: list[str] = []
        """The parts in the order in which they are named."""

    def lines(self) -> list[str]:
        """The lines."""
        self._declare()
        return self._settled()

    def _settled(self) -> list[str]:
        """The lines, when it is known which values need a name."""
        while True:
            before = len(self.wanted)
            lines = self._once()
            if len(self.wanted) == before:
                return lines

    def _once(self) -> list[str]:
        self.made = []
        self.current: Operand = Given(0)
        self.start: Operand = self.current
        self.line: list[tuple[str, Any]] = []
        self.pending: dict[Operand, Step] = {}
        self.labelled: set[str] = set()
        self.in_condition: int | None = None
        self.order = []
        self.due = [name for name, _ in self.body.parts if name in self.declared]
        head = self._head()
        for number, step in enumerate(self.body.steps):
            if number in self.body.training:
                continue
            self._step(number, step)
            if self.body.training and number + 1 in self.body.training:
                self._training(number + 1)
        if self.body.training and 0 in self.body.training:
            self._training(0)
        self._flush()
        self._output()
        return [*head, *self.made]

    def _head(self) -> list[str]:
        head = []
        if self.is_network:
            sizes = [", ".join(map(str, shape)) for shape in self.writer.shapes]
            if len(sizes) == 1 and not self.body.lists[0]:
                head.append(f"input({sizes[0]})")
            else:
                head += [f"{name} = input({size})" for name, size in zip(self._input_names(), sizes, strict=True)]
            head.append("")
        width = self.writer.definition.width
        told = [*self.writer.definition.slots.values(), *self.writer.definition.conditions.values()]
        if width and any(width in expression.split() for expression in told):
            head.append(f"{width} = input.channels")
        head += [f"{own.name} = {self._held(own)}" for own in self.body.held]
        if not self.is_network or self._declares_all():
            head += map(self._declaration, self.due)
            self.due = []
        return head

    def _declaration(self, name: str) -> str:
        """The line of a part."""
        part = self.parts[name]
        self.order.append(name)
        if isinstance(part, Choice) and isinstance(part.part, Listed):
            condition = self.writer.definition.conditions[part.condition]
            return f"if {condition} {{ {self._key(name)} = {self.writer.stage(part.part)} }}"
        return f"{self._key(name)} = {self.writer.stage(part)}"

    def _declare_for(self, step: Step) -> None:
        """The lines of parts that stand before this step: of those that are in it, and those registered before them."""
        needed = self._parts_in(step) if self.due else set()
        last = max((at for at, name in enumerate(self.due) if name in needed), default=-1)
        if last >= 0:
            self._flush()
            self.made += map(self._declaration, self.due[: last + 1])
            self.due = self.due[last + 1 :]

    def _parts_in(self, step: Step) -> set[str]:
        """The parts that a step names, or what is written in it."""
        found = {step.what.partition(".")[0]} if step.form == "part" else set()
        return found.union(*(self._parts_in(self.pending[o]) for o in flat(step.operands) if o in self.pending))

    def _held(self, own: Held) -> str:
        """A parameter or constant."""
        sizes = f"[{', '.join(map(self.writer.value, own.sizes))}]"
        if own.numbers is None:
            return f"parameter({sizes})"
        shown = constant(own.numbers) + (f", {sizes}" if len(own.sizes) != 1 else "")
        return f"constant({shown}{'' if own.persistent else ', persistent=false'})"

    def _input_names(self) -> list[str]:
        names = []
        for name, count in zip(self.body.inputs, self.body.lists, strict=True):
            names += [f"{name}{at}" for at in range(count)] if count else [name]
        return [name if is_name(name) and name not in KINDS else f"{name}_" for name in names]

    # What is used where

    def _count(self) -> dict[Operand, int]:
        uses: dict[Operand, int] = {}
        for operand in _operands(self.body):
            uses[operand] = uses.get(operand, 0) + 1
        return uses

    def _spine(self) -> set[int]:
        """The steps of the pipeline, found from the outputs backwards: the longest of those that lead to one."""
        return max(map(self._way_to, self.body.outputs), key=len, default=set())

    def _way_to(self, output: Operand) -> set[int]:
        found: set[int] = set()
        at: Any = output
        while isinstance(at, Made):
            found.add(at.step)
            step = self.body.steps[at.step]
            if not step.operands:
                break
            at = step.operands[step.main]
            if isinstance(at, tuple):
                made = [item for item in at if isinstance(item, (Made, Given))]
                at = self._meeting(made)
        return found

    def _meeting(self, values: Sequence[Operand]) -> Operand | None:
        """Where the pipeline goes on above a list of values: where short branches come from, or else the longest."""
        branches = [self._branch(value) for value in values]
        shared = [value for value in branches[0] if all(value in branch for branch in branches)] if branches else []
        if shared and len(values) > 1:
            lengths = [branch.index(shared[0]) for branch in branches]
            if max(lengths) <= _SHORT_BRANCH:
                return shared[0]
        return max(values, key=lambda o: o.step if isinstance(o, Made) else -1) if values else None

    def _branch(self, value: Operand) -> list[Operand]:
        """A value and those that it comes from, as long as each step takes one value."""
        found = [value]
        while isinstance(value, Made) and len(found) <= _SHORT_BRANCH + 1:
            step = self.body.steps[value.step]
            given = [o for o in flat(step.operands) if isinstance(o, (Made, Given))]
            if len(set(given)) != 1 or step.results != 1:
                break
            value = given[0]
            found.append(value)
        return found

    def _declare(self) -> None:
        """Find the parts that need a line of their own.

        These are lists, what is there under a condition, and what is used twice; and where others would be registered
        in another order, all parts of a block, and of a network those that come too late.
        """
        names = [name for name, _ in self.body.parts]
        lines = {name for name, part in self.body.parts if isinstance(part, (Listed, Choice))}
        used = [step.what for step in self.body.steps if step.form == "part"]
        if any(used.count(name) > 1 for name in names if name not in lines):
            self.declared = set(names)
            return
        self.declared = lines
        self._once()
        heads = {path.partition(".")[0] for path in used}
        stateful = [name for name, part in self.body.parts if name in heads and has_state(part)]
        while True:
            self._settled()
            order = [name for name in self.order if name in stateful]
            late = next((name for have, name in zip(order, stateful, strict=False) if have != name), None)
            if late is None:
                return
            self.declared = {*self.declared, late} if self.is_network and late not in self.declared else set(names)

    # Lines

    def _flush(self, name: str = "") -> None:
        if self.line:
            *lines, text = self._by_width() if self._declares_all() else self.writer.in_lines(self.line)
            if self.in_condition is not None:
                text = "\n".join([*lines, text])
            else:
                self.made += lines
            if self.in_condition is not None:
                text = f"if {self.writer.definition.conditions[self.in_condition]} {{ {text} }}"
            self.made.append(text + (f" as {name}" if name else ""))
        elif name and not self.made:
            self.made.append(f"{name} = it")
        self.line = []
        self.in_condition = None
        self.start = self.current

    def _declares_all(self) -> bool:
        return len(self.declared) == len(self.parts)

    def _by_width(self) -> list[str]:
        lines: list[str] = []
        for text, _ in self.line:
            if lines and len(lines[-1]) + len(text) < LONGEST_LINE - 10:
                lines[-1] += f" -> {text}"
            else:
                lines.append(text)
        return lines

    def _name(self, operand: Operand) -> str:
        if operand in self.named:
            return self.named[operand]
        called = dict(self.body.names).get(operand, "x")
        taken = set(self.named.values()) | self.parts.keys() | self.writer.definition.parameters.keys()
        taken |= {path.partition(".")[0] for path in self.parts} | set(self.body.inputs[1:]) | KEYWORDS | KINDS.keys()
        taken |= OPERATIONS.keys() | self.writer.known.keys() | {own.name for own in self.body.held}
        if self.is_network:
            taken |= set(self._input_names())
        made, number = called, 2
        if made in self.parts:
            called = made = f"{called}_out"
        while made in taken:
            made, number = f"{called}{number}", number + 1
        self.named[operand] = made
        return made

    def _step(self, number: int, step: Step) -> None:
        results = [Made(number, at) for at in range(step.results)]
        result = results[0]
        beside = number not in self.spine and step.results == 1
        if beside and self.uses.get(result, 0) <= 1 and result not in self.wanted:
            self.pending[result] = step
            return
        self._declare_for(step)
        if beside or step.results > 1:
            self._flush()
            names = ", ".join(self._name(result) for result in results)
            self.made.append(f"{names} = {self._expression(step)}")
            return
        if self._is_implied(number, step):
            self.current = result
            return
        is_part = step.form == "part"
        choice = isinstance(self.parts.get(step.what), Choice)
        condition = None if choice else step.condition
        plain = is_part and step.operands == (self.current,)
        if self.in_condition != condition or (condition is not None and self.line):
            self._flush()
        if plain:
            self.line.append((self._applied(step.what), self.parts.get(step.what.partition(".")[0])))
        elif is_part and step.operands[0] == self.current and len(step.operands) > 1:
            self.line.append((self._applied(step.what, self._extra(step)), self.parts[step.what]))
        elif step.form == "call" and step.operands == (self.current,) and self.line and _is_stage(step):
            self.line.append((self.writer.stage(Single(step.what, step.arguments)), None))
        else:
            self._flush()
            self.line.append((self._expression(step), None))
        self.in_condition = condition
        self.current = result
        if condition is not None:
            self._flush(self._name(result) if result in self.wanted else "")
        elif result in self.wanted:
            self._flush(self._name(result))

    def _is_implied(self, number: int, step: Step) -> bool:
        """Whether a step is a flatten that a dense layer has before it anyway."""
        if step.what != "flatten" or step.form != "call" or step.arguments or step.operands != (self.current,):
            return False
        following = self.body.steps[number + 1 : number + 2]
        if not following or following[0].operands != (Made(number),) or self.uses[Made(number)] != 1:
            return False
        part = self.parts.get(following[0].what) if following[0].form == "part" else None
        return number in self.spine and isinstance(part, Single) and part.word == "linear" and not self._declares_all()

    def _training(self, first: int) -> None:
        """The lines for training alone that begin with this step."""
        self._flush()
        numbers = []
        at = first
        while at in self.body.training:
            numbers.append(at)
            at += 1
        lines = []
        for number in numbers:
            step = self.body.steps[number]
            result = Made(number)
            used_here = any(result in list(flat(self.body.steps[n].operands)) for n in numbers)
            if step.results == 1 and self.uses.get(result, 0) == 1 and used_here and result not in self.wanted:
                self.pending[result] = step
            else:
                self._declare_for(step)
                names = ", ".join(self._name(Made(number, k)) for k in range(step.results))
                lines.append(f"{names} = {self._expression(step)}")
        self.made += ["when training {", *lines, "}"]

    def _extra(self, step: Step) -> str:
        names = self.writer.known[self.parts[step.what].name].common.body.inputs  # type: ignore[union-attr]
        return ", ".join(
            f"{name}={self._argument(operand)}" for name, operand in zip(names[1:], step.operands[1:], strict=True)
        )

    def _applied(self, path: str, more: str = "") -> str:
        """A part as a stage."""
        name, _, rest = path.partition(".")
        if rest:
            return f"{name}[{rest}]"
        part = self.parts[name]
        if name not in self.order:
            self.order.append(name)
        if name in self.declared or name in self.labelled:
            return f"{name}({more})" if more else self._key(name)
        self.labelled.add(name)
        shown = self.writer.stage(part, more)
        if isinstance(part, Chain) and re.fullmatch(r"\{ .* \* \w+ \}", shown) and " -> " not in shown:
            shown = shown[2:-2]
        return f"{self._key(name)}: {shown}"

    def _key(self, name: str) -> str:
        """The name of a part, in quotes where it is no name, or would hide the layer that it is called like."""
        quoted = not is_name(name) or name == IDENTITY.word or (name in KINDS and self._is_spoken(name))
        return json.dumps(name, ensure_ascii=False) if quoted else name

    def _is_spoken(self, word: str) -> bool:
        """Whether the word is needed as that of a layer too."""
        count = sum(_speaks(part, word) for _, part in self.body.parts)
        own = self.parts[word]
        return count - (isinstance(own, Single) and own.word == word) > 0 or any(
            step.form != "part" and step.what == word for step in self.body.steps
        )

    # Expressions

    def _expression(self, step: Step) -> str:
        if step.form == "part":
            first, *others = step.operands
            more = self._extra(step) if others else ""
            source = self._operand(first, tight=False)
            return f"{source} -> {self._applied(step.what, more)}"
        if step.form == "infix":
            if len(step.operands) == 1:
                return f"{step.what}{self._operand(step.operands[0])}"
            a, b = step.operands
            return f"{self._factor(a, step.what, left=True)} {step.what} {self._factor(b, step.what)}"
        if step.form == "index":
            (operand,) = step.operands
            text = self._operand(operand)
            is_sum = isinstance(operand, Made) and self.pending_texts.get(operand) == "infix"
            numbers = [self.writer.value(value) for _, value in step.arguments]
            return f"{f'({text})' if is_sum else text}[{step.what.replace('n', '{}').format(*numbers)}]"
        given_: Any = step.operands
        if len(given_) == 1 and isinstance(given_[0], tuple) and not self._whole_list(given_[0]):
            given_ = given_[0]
        operands = [self._argument(operand) for operand in given_]
        kind: Any = OPERATIONS.get(step.what) or KINDS.get(step.what)
        for_two = step.what == "upsample" and len(step.operands) == 2
        if for_two:
            operands = [operands[0], f"like={operands[1]}"]
        fields = (
            list((KINDS if step.what in KINDS and not for_two else OPERATIONS)[step.what].model_fields) if kind else []
        )
        given = dict(step.arguments)
        in_order = not for_two
        for name in fields:
            if name not in given:
                in_order = False
                continue
            value = given[name]
            flag = isinstance(value, Number) and isinstance(value.value, (bool, str))
            by_position = in_order and not flag
            operands.append(self.writer.value(value) if by_position else f"{name}={self.writer.value(value)}")
            in_order = by_position
        if any("\n" in text for text in operands) or sum(map(len, operands)) > LONGEST_LINE:
            return f"{step.what}(\n" + ",\n".join(operands) + ",\n)"
        return f"{step.what}({', '.join(operands)})"

    def _whole_list(self, items: Sequence[Operand]) -> str:
        """The name of a list, where all its values are meant in their order."""
        match items:
            case (Given(number, at),) if at == WHOLE and not self.is_network:
                return "input" if number == 0 else self.body.inputs[number]
        return ""

    def _factor(self, operand: Operand, sign: str, *, left: bool = False) -> str:
        text = self._operand(operand)
        loose = isinstance(operand, Made) and operand in self.pending_texts and self.pending_texts[operand] == "infix"
        plain_sum = sign == "+" or (left and sign == "-")
        return f"({text})" if loose and not plain_sum else text

    @property
    def pending_texts(self) -> dict[Operand, str]:
        """The form of what stands where it is used."""
        return {operand: step.form for operand, step in self.pending.items()}

    def _argument(self, operand: Operand) -> str:
        if isinstance(operand, tuple):
            return self._whole_list(operand) or f"[{', '.join(self._argument(item) for item in operand)}]"
        return self._operand(operand, tight=False)

    def _operand(self, operand: Operand, *, tight: bool = True) -> str:
        """A value where it is used; in parentheses where an arrow in it would bind too loosely."""
        if isinstance(operand, (Number, Slot)):
            return self.writer.value(operand)
        if isinstance(operand, Own):
            return operand.name
        if isinstance(operand, tuple):
            return self._argument(operand)
        if operand in self.pending:
            text = self._expression(self.pending[operand])
            return f"({text})" if tight and _is_pipe(text) else text
        if operand in self.named:
            return self.named[operand]
        if isinstance(operand, Given):
            if self.is_network and (len(self.writer.shapes) > 1 or self.body.lists[0]):
                at = sum(max(1, n) for n in self.body.lists[: operand.number]) + (operand.item or 0)
                return self._input_names()[at]
            if operand.number:
                name = self.body.inputs[operand.number]
            else:
                name = "it" if operand == self.start and self.is_network else "input"
            return name if operand.item is None else f"{name}[{operand.item}]"
        if operand == self.start and not self.line:
            return "it"
        self.wanted.add(operand)
        return self._name(operand)

    def _output(self) -> None:
        outputs, names = self.body.outputs, self.body.output_names
        extra = self.body.training_outputs
        for operand in flat((*outputs, *extra)):
            if operand in self.pending:
                self._declare_for(self.pending[operand])
        if not outputs:
            return
        if len(outputs) == 1 and not extra and not (self.is_network and names):
            if outputs[0] != self.current:
                self.made.append(self._operand(outputs[0], tight=False))
            return
        shown = []
        for at, operand in enumerate(outputs):
            text = self._operand(operand)
            shown.append(f"{names[at]} = {text}" if names and self.is_network else text)
        shown += [f"{self._operand(operand)} when training" for operand in extra]
        self.made.append(f"output {', '.join(shown)}")


def _speaks(part: Part, word: str) -> int:
    if isinstance(part, Single):
        return part.word == word
    if isinstance(part, Chain):
        return sum(_speaks(item.part, word) for item in part.items)
    if isinstance(part, Listed):
        return sum(_speaks(item, word) for item in part.items)
    if isinstance(part, (Choice, Repeated)):
        return _speaks(part.part, word)
    if isinstance(part, Use):
        return sum(_speaks(value, word) for _, value in part.arguments if isinstance(value, (Single, Use, Chain)))
    return 0


def _is_stage(step: Step) -> bool:
    """Whether a call may stand as a stage, where it is a plain call all the same."""
    return step.what in KINDS and KINDS[step.what].plain_call


def _is_pipe(text: str) -> bool:
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if depth == 0 and text.startswith(" -> ", at):
            return True
    return False


def _operands(body: Body) -> Iterator[Operand]:
    for step in body.steps:
        yield from flat(step.operands)
    yield from flat(body.outputs)
    yield from flat(body.training_outputs)
