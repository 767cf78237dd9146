"""The lines of a block or network: its parts, and the steps in which they are applied."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, pairwise, takewhile
from typing import Any

from cnndsl.importing.body import (
    WHOLE,
    Body,
    Carried,
    Chain,
    Choice,
    Each,
    Given,
    Listed,
    Loop,
    Made,
    Number,
    Operand,
    Outer,
    Own,
    Part,
    Series,
    Single,
    Slot,
    Step,
    Taken,
    Turned,
    Use,
    flat,
    operands,
    parts_in,
    paths,
    way_between,
    way_to,
)
from cnndsl.importing.generalising import IDENTITY, has_state
from cnndsl.importing.parameters import KEYWORDS, is_name
from cnndsl.importing.rolling import length, singular
from cnndsl.importing.stages import LONGEST_LINE, Writer, is_flag
from cnndsl.importing.turns import Apart, Head, Source, constant, differing, head, in_turns
from cnndsl.ir.names import why_not
from cnndsl.layers.registry import KINDS, OPERATIONS


class Lines:
    """The lines of a block or network.

    The steps are gone through in their order. What leads from the input to the output is the pipeline; what is used
    once beside it stands where it is used; and what is used in other places gets a name.
    """

    def __init__(self, writer: Writer, body: Body) -> None:
        self.writer = writer
        self.body = body
        self.is_network = writer.definition.kind == "network"
        self.parts = dict(self.body.parts)
        self.uses = Counter(operands(self.body))
        self.spine = self._spine()
        users = (step for number, step in enumerate(body.steps) if step.form != "part" or number in self.spine)
        self.asked = {o: step.condition for step in users if step.condition is not None for o in flat(step.operands)}
        """For values that are used in what stands under a condition, which that is."""
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

    def _begin(self, current: Operand) -> None:
        """Forget what was written, and begin with a value."""
        self.made = []
        self.current = self.start = current
        self.line: list[tuple[str, Any]] = []
        self.pending: dict[Operand, Step] = {}
        self.pending_lists: dict[Operand, str] = {}
        """The lists among them that loops make, as they are written."""
        self.in_condition: int | None = None

    def _once(self) -> list[str]:
        self._begin(Given(0))
        self.labelled: set[str] = set()
        self.unnamed: dict[str, int] = {}
        """How many layers of each kind stand there without a name."""
        self.order = []
        self.at = 0
        self.due = [name for name, _ in self.body.parts if name in self.declared]
        head = self._head()
        for number, step in enumerate(self.body.steps):
            if number in self.body.training:
                continue
            self._step(number, step)
            if number + 1 in self.body.training:
                self._training(number + 1)
        if 0 in self.body.training:
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
            head.append(f"{width} = {self.writer.definition.channels}")
        head += [f"{own.name} = {self.writer.held(own)}" for own in self.body.held]
        if self._declares_all() and all(map(self._is_ready, self.due)):
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
        further = {path: self._extra(path, more) for path, more in self._further(name).items()}
        if isinstance(part, Listed):
            shown = self.writer.listed(part.items, [further.get(f"{name}.{at}", "") for at in range(len(part.items))])
        else:
            shown = self.writer.stage(part, further.get(name, ""))
        return f"{self._key(name)} = {shown}"

    def _further(self, name: str) -> dict[str, tuple[Operand, ...]]:
        """What a part, or the layers of a list by their paths, are given besides the first value, in their line.

        It is the same wherever they are applied. What has a line without the values that it takes is no layer yet.
        """
        steps = [s for s in self.body.steps if s.form == "part" and s.what == name and s.operands[1:]]
        found = {path: more for path, more in self.body.bound if path.partition(".")[0] == name}
        return {name: steps[0].operands[1:]} if len({step.operands[1:] for step in steps}) == 1 else found

    def _declare_for(self, step: Step) -> None:
        """The lines of parts that stand before this step: of those that are in it, and those registered before them."""
        needed = self._parts_in(step) if self.due else set()
        last = max((at for at, name in enumerate(self.due) if name in needed), default=-1)
        if last >= 0:
            self._flush()
            for name in self.due[: last + 1]:
                if name in needed or self._is_ready(name):
                    self._declare_in_turn(name)

    def _declare_in_turn(self, name: str) -> None:
        """The line of a part, behind those of the parts that make what stands in it."""
        if name in self.due:
            self.due.remove(name)
            given = flat(operand for more in self._further(name).values() for operand in more)
            within = {each for o in given if o in self.pending for each in self._parts_in(self.pending[o])}
            for part in (each for each in self.parts if each in within):
                self._declare_in_turn(part)
            self.made.append(self._declaration(name))

    def _is_ready(self, name: str) -> bool:
        """Whether all that stands in the line of a part is there by now."""
        further = flat(operand for more in self._further(name).values() for operand in more)
        return not any(isinstance(operand, Made) and operand.step >= self.at for operand in further)

    def _parts_in(self, step: Step) -> set[str]:
        """The parts that a step names, or what is written in it."""
        found = {path.partition(".")[0] for path in paths(step)}
        return found.union(*(self._parts_in(self.pending[o]) for o in flat(step.operands) if o in self.pending))

    def _is_for_some(self, step: Step, result: Operand) -> bool:
        """Whether what layers with state make in more cases is used under a condition."""
        is_asked = self.asked.get(result, step.condition) != step.condition
        return is_asked and any(has_state(self.parts[name]) for name in self._parts_in(step))

    def _input_names(self) -> list[str]:
        rows = zip(self.body.inputs, self.body.lists, strict=True)
        return [f"{name}{at}" if items else name for name, items in rows for at in range(items or 1)]

    # What is used where

    def _spine(self) -> set[int]:
        """The steps of the pipeline, found from the outputs backwards: the longest of those that lead to one."""
        return max((way_to(self.body, output) for output in self.body.outputs), key=len, default=set())

    def _declare(self) -> None:
        """Find the parts that need a line of their own.

        These are lists, what is there under a condition, and what is used twice; and where others would be registered
        in another order, all parts of a block, and of a network those that come too late.
        """
        names = [name for name, _ in self.body.parts]
        lines = {name for name, part in self.body.parts if isinstance(part, (Listed, Choice))}
        used = [path for step in self.body.steps for path in paths(step)]
        loops = [inner for step in self.body.steps if step.loop is not None for inner in step.loop.steps]
        lines |= {inner.what for inner in loops if inner.form == "part" and inner.series is None} & set(names)
        again = [name for name in names if name not in lines and used.count(name) > 1]
        if any(has_state(self.parts[name]) or self._key(name) != name for name in again):
            self.declared = set(names)
            return
        first = {step.what: step for step in reversed(self.body.steps)}
        self.declared = lines | {name for name in again if first[name].condition is not None}
        self._once()
        heads = {path.partition(".")[0] for path in used}
        stateful = [name for name, part in self.body.parts if name in heads and has_state(part)]
        while True:
            self._settled()
            order = [name for name in self.order if name in stateful]
            late = next((name for have, name in zip(order, stateful, strict=False) if have != name), None)
            if late is None or self._declares_all():
                return
            self.declared = {*self.declared, late} if late not in self.declared else set(names)

    # Lines

    def _flush(self, name: str = "") -> None:
        if self.line:
            *lines, text = self._by_width() if self._declares_all() else self.writer.in_lines(self.line)
            if self.in_condition is None:
                self.made += lines
            else:
                inner = "\n".join([*lines, text])
                text = f"if {self.writer.definition.conditions[self.in_condition]} {{ {inner} }}"
            self.made.append(text + (f" as {name}" if name else ""))
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
        called = dict(self.body.names).get(operand, "x").rstrip("_") or "x"
        taken = set(self.named.values()) | self.parts.keys() | self.writer.definition.parameters.keys()
        taken |= set(self.body.inputs[1:]) | KEYWORDS | KINDS.keys() | OPERATIONS.keys()
        taken |= self.writer.known.keys() | self.writer.bound | {own.name for own in self.body.held}
        if self.is_network and len(self.writer.shapes) > 1:
            taken |= set(self._input_names())
        called += "_out" if called in self.parts else ""
        made, number = called, 2
        while made in taken:
            made, number = f"{called}{number}", number + 1
        self.named[operand] = made
        self.writer.bound.add(made)
        return made

    def _step(self, number: int, step: Step) -> None:
        self.at = number
        if step.loop is not None:
            self._loop(number, step, step.loop)
            return
        result, *_ = results = [Made(number, at) for at in range(step.results)]
        beside = number not in self.spine and step.results == 1
        if beside and self.uses[result] == 1 and result not in self.wanted and not self._is_for_some(step, result):
            self.pending[result] = step
            return
        self._declare_for(step)
        if beside or step.results > 1:
            self._flush()
            names = ", ".join(self._name(result) for result in results)
            self.made.append(f"{names} = {self._expression(step, is_beside=True)}")
            return
        if self._is_implied(number, step):
            self.current = result
            return
        is_part = step.form == "part"
        choice = isinstance(self.parts.get(step.what), Choice)
        condition = None if choice else step.condition
        plain = is_part and step.operands == (self.current,)
        spoken = [text for text, _ in self.line] if is_part else []
        is_named_here = any(f" {step.what}: " in f" {text}" for text in spoken)  # and known from the next line on
        if self.in_condition != condition or (condition is not None and self.line) or is_named_here:
            self._flush()
        if plain:
            text = self._stage(step)
            is_key = not self.line and re.fullmatch(r'"[^"]*"', text) is not None  # which alone would be a text
            self.line.append((f"it -> {text}" if is_key else text, self._part(step.what)))
        elif is_part and step.operands[0] == self.current and len(step.operands) > 1:
            self.line.append((self._stage(step, self._extra(step.what, step.operands[1:])), self._part(step.what)))
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

    # Loops

    def _loop(self, number: int, step: Step, loop: Loop) -> None:
        """The lines of a loop, or where it makes one list and nothing else, an expression."""
        self._declare_for(step)
        turn = Turn(self, number, loop)
        element = turn.element()
        result = Made(number)
        if element is not None:
            text = f"[{element} {turn.head.text(loop.turns, inside=True)}]"
            if self.uses.get(result, 0) <= 1 and result not in self.wanted:
                self.pending[result] = step
                self.pending_lists[result] = text
                return
            self._flush()
            self.made.append(f"{self._name(result)} = {text}")
            return
        before = list(turn.before())
        if turn.pipeline is not None and loop.carried[turn.pipeline][0] != self.current:
            start = self._operand(loop.carried[turn.pipeline][0], tight=False)
            self._flush()
            self.line.append((start, None))
        self._flush()
        self.made += before
        lines = turn.lines()
        self.made.append(f"{turn.head.text(loop.turns)} {self.writer.braces(lines)}")
        self.order += [series.name(at) for at in range(loop.turns) for series in turn.in_place]
        if turn.pipeline is not None:
            self.current = Made(number, turn.pipeline)
            self.start = self.current
            if self.current in self.wanted:
                self.made.append(f"{self._name(self.current)} = it")

    def outside(self, operand: Operand) -> str:
        """What a value is called in a loop behind it."""
        if isinstance(operand, tuple):
            return f"[{', '.join(map(self.outside, operand))}]"
        if isinstance(operand, Taken):
            return f"{self.outside(operand.of)}[{operand.at}]"
        if operand in self.named:
            return self.named[operand]
        if isinstance(operand, (Made, Carried)):
            self.wanted.add(operand)
            return self._name(operand)
        return self._operand(operand)

    def length(self, operand: Operand) -> int:
        """How many items a list has; where that is not known, how many of them are used."""
        if isinstance(operand, Made) and (loop := self.body.steps[operand.step].loop) is not None:
            return length(loop, operand.number)
        every = list(operands(self.body, taken=True))
        items = [o.at for o in every if isinstance(o, Taken) and o.of == operand]
        if isinstance(operand, Given):
            items += [o.item or 0 for o in every if isinstance(o, Given) and o.number == operand.number]
        return max(items, default=0) + 1

    def _part(self, path: str) -> Part | None:
        """The part with this path; the layer of a list."""
        name, _, rest = path.partition(".")
        part = self.parts.get(name)
        return part.items[int(rest)] if isinstance(part, Listed) and rest else part

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
        numbers = list(takewhile(lambda at: at in self.body.training, count(first)))
        written = []
        for number in numbers:
            step = self.body.steps[number]
            result = Made(number)
            used_here = any(result in list(flat(self.body.steps[n].operands)) for n in numbers)
            if step.results == 1 and self.uses.get(result, 0) == 1 and used_here and result not in self.wanted:
                self.pending[result] = step
            else:
                self._declare_for(step)  # before all of these lines
                written.append((number, step))
        names = {n: ", ".join(self._name(Made(n, at)) for at in range(step.results)) for n, step in written}
        self.made += ["when training {", *(f"{names[n]} = {self._expression(step)}" for n, step in written), "}"]

    def _extra(self, path: str, more: Sequence[Operand]) -> str:
        """The values that a part is given besides the first, as arguments."""
        part = self._part(path)
        part = part.part if isinstance(part, Choice) else part
        if not isinstance(part, Use):  # a block of one layer, which does not read them
            return ""
        names = self.writer.known[part.name].common.body.inputs[1:]
        return ", ".join(f"{name}={self._argument(operand)}" for name, operand in zip(names, more, strict=True))

    def _stage(self, step: Step, more: str = "") -> str:
        """The part that a step applies, as a stage; `more` are further arguments of a use."""
        name, _, rest = step.what.partition(".")
        if more and name in self.declared and self._further(name):
            more = ""
        if rest:
            return f"{name}[{rest}]({more})" if more else f"{name}[{rest}]"
        part = self.parts[name]
        if name not in self.order:
            self.order.append(name)
        if name in self.declared or name in self.labelled:
            return f"{name}({more})" if more else self._key(name)
        self.labelled.add(name)
        shown = self.writer.stage(part, more)
        if self._is_named_so(name, part):
            return shown
        if isinstance(part, Chain) and re.fullmatch(r"\{ .* \* \w+ \}", shown) and " -> " not in shown:
            shown = shown[2:-2]
        return f"{self._key(name)}: {shown}"

    def _is_named_so(self, name: str, part: Part) -> bool:
        """Whether a layer without state is called as the language calls it where it has no name: `relu2`."""
        if not isinstance(part, Single) or has_state(part) or part.word in self.parts:
            return False
        if sum(path == name for step in self.body.steps for path in paths(step)) > 1:
            return False
        count = self.unnamed.get(part.word, 0) + 1
        if name != f"{part.word}{count}":
            return False
        self.unnamed[part.word] = count
        return True

    def _key(self, name: str) -> str:
        """The name of a part, in quotes where it is no name, or would hide an input or word that it is called like."""
        is_word = name in KINDS or name in OPERATIONS
        quoted = (
            not is_name(name)
            or why_not(name) is not None
            or name == IDENTITY.word
            or (is_word and self._is_spoken(name))
        )
        quoted = quoted or name in (self._input_names() if self.is_network else self.body.inputs[1:])
        return constant(name) if quoted else name

    def _is_spoken(self, word: str) -> bool:
        """Whether the word is needed as that of a layer or function too."""
        own = self.parts[word]
        others = (part for _, part in self.body.parts if part is not own or not isinstance(own, Single | Listed))
        words = {each.word for part in others for each in parts_in(part) if isinstance(each, Single)}
        return word in words or any(step.form != "part" and step.what == word for step in self.body.steps)

    # Expressions

    def _expression(self, step: Step, *, is_beside: bool = False) -> str:
        """What a step gives; of one `is_beside` the pipeline also under which condition it is there."""
        if is_beside and step.condition is not None and step.form != "part":
            other = step.operands[step.main]
            self.wanted |= {other} & self.pending.keys()  # as it stands there twice
            condition = self.writer.definition.conditions[step.condition]
            return f"({self._expression(step)} if {condition} else {self._operand(other)})"
        if step.form == "part":
            first, *others = step.operands
            more = self._extra(step.what, others) if others else ""
            source, stage = self._operand(first, tight=False), self._stage(step, more)
            if is_beside and step.condition is not None and not isinstance(self.parts.get(step.what), Choice):
                stage = f"if {self.writer.definition.conditions[step.condition]} {{ {stage} }}"
            return f"{source} -> {stage}"
        if step.form == "infix":
            a, b = step.operands
            return f"{self._factor(a, step.what, left=True)} {step.what} {self._factor(b, step.what)}"
        if step.form == "index":
            (operand,) = step.operands
            text = self._factor(operand, "[]")
            numbers = [self.writer.value(value) for _, value in step.arguments]
            return f"{text}[{step.what.replace('n', '{}').format(*numbers)}]"
        given_: Any = step.operands
        if len(given_) == 1 and isinstance(given_[0], tuple) and not self._whole_list(given_[0]):
            given_ = given_[0]
        operands = [self._argument(operand) for operand in given_]
        for_two = step.what == "upsample" and len(step.operands) == 2
        if for_two:
            operands = [operands[0], f"like={operands[1]}"]
        kind: Any = OPERATIONS.get(step.what) if for_two else KINDS.get(step.what) or OPERATIONS.get(step.what)
        fields = kind.model_fields if kind else ()
        given = dict(step.arguments)
        operands += self.writer.arguments(
            (name, given.get(name), for_two or is_flag(given.get(name))) for name in fields
        )
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
        plain_sum = sign == "+" or (left and sign == "-")
        return f"({text})" if self._is_loose(operand) and not plain_sum else text

    def _is_loose(self, operand: Operand) -> bool:
        """Whether a value stands where it is used, as arithmetic that would come apart there."""
        found = self.pending.get(operand)
        return found is not None and (found.form, found.condition) == ("infix", None)

    def _argument(self, operand: Operand) -> str:
        if isinstance(operand, tuple):
            return self._whole_list(operand) or f"[{', '.join(self._argument(item) for item in operand)}]"
        return self._operand(operand, tight=False)

    def _operand(self, operand: Operand, *, tight: bool = True) -> str:
        """A value where it is used; in parentheses where an arrow in it would bind too loosely."""
        if isinstance(operand, (Number, Slot, Turned)):
            return self.writer.value(operand)
        if isinstance(operand, Own):
            return operand.name
        if isinstance(operand, tuple):
            return self._argument(operand)
        if isinstance(operand, Taken):
            return f"{self._operand(operand.of)}[{operand.at}]"
        if operand in self.pending_lists:
            return self.pending_lists[operand]
        if operand in self.pending:
            text = self._expression(self.pending[operand], is_beside=True)
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
                name = "it" if operand == self.start and self.is_network and not self.line else "input"
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
        shown = [self._operand(operand) for operand in (*outputs, *extra)]
        if names and self.is_network:
            shown = [f"{name} = {text}" for name, text in zip(names, shown, strict=True)]
        shown = [*shown[: len(outputs)], *(f"{text} when training" for text in shown[len(outputs) :])]
        self.made.append(f"output {', '.join(shown)}")


class Turn(Lines):
    """The lines of a turn of a loop.

    head: the head of the loop.
    pipeline: the number of the value that is passed on as the current one; None where none is.
    in_place: the parts that stand where they are applied, in the order in which they do.
    """

    def __init__(self, outer: Lines, number: int, loop: Loop) -> None:
        self.outer = outer
        self.loop = loop
        self.pipeline: int | None = None
        self.in_place: list[Series] = []
        given = [after for _, after in loop.carried] + [added for _, added in loop.grown]
        body = replace(
            outer.body,
            steps=loop.steps,
            outputs=(*given, *loop.last),
            output_names=(),
            training=(),
            training_outputs=(),
            names=loop.names,
        )
        super().__init__(outer.writer, body)
        self.parts, self.declared, self.due, self.order = outer.parts, outer.declared, [], outer.order
        self.is_network = outer.is_network
        self.labelled, self.unnamed = outer.labelled, outer.unnamed
        for at, after in enumerate([*given, *loop.last]):
            made = Made(number, at)
            if at < len(loop.carried):
                if at == self.pipeline:
                    continue
                name = outer._name(made)  # noqa: SLF001 - the lines around these
                self.named[Carried(at)] = name
                start = loop.carried[at][0]
                if isinstance(start, Made) and outer.uses.get(start) == 1 and start not in outer.named:
                    outer.named[start] = name
                    outer.wanted.add(start)
                if self._may_be(at, after) and after not in self.named:
                    self.named[after] = name
                    self.wanted.add(after)
            elif at >= len(given):
                self.named[after] = outer._name(made)  # noqa: SLF001
                self.wanted.add(after)
        self.number = number
        self.head = self._headed()

    def _spine(self) -> set[int]:
        """The steps that lead from what is passed on as the current value to what becomes of it."""
        ways: list[tuple[int, int, set[int]]] = []
        for at, (_, after) in enumerate(self.loop.carried):
            way = way_between(self.body, Carried(at), after)
            if way is not None:
                ways.append((len(way), -at, way))
        if not ways:
            return set()
        _, at, way = max(ways)
        self.pipeline = -at
        return way

    def _may_be(self, number: int, after: Operand) -> bool:
        """Whether what becomes of a value may have its name at once, as nothing later needs the value."""
        if not isinstance(after, Made):
            return False

        def is_late(at: int) -> bool:
            """Whether what a step makes may be written behind the line of `after`."""
            if at == after.step or self.uses.get(Made(at), 0) != 1 or self.body.steps[at].results > 1:
                return at > after.step
            users = [n for n, step in enumerate(self.body.steps) if Made(at) in flat(step.operands)]
            return not users or any(n > after.step or is_late(n) for n in users)

        users = [n for n, step in enumerate(self.body.steps) if Carried(number) in flat(step.operands)]
        given = [o for o in flat(self.body.outputs) if o == Carried(number)]
        return not given and not any(n > after.step or is_late(n) for n in users)

    # What differs

    def _headed(self) -> Head:
        columns: list[tuple[str, tuple[Any, ...]]] = []
        sources: list[Source] = []
        self.lists: dict[Series, int] = {}
        turns = self.loop.turns
        for step in self.loop.steps:
            for name, value in step.arguments:
                columns += [(name, values) for _, values in differing(value)]
            columns += [("", operand.values) for operand in flat(step.operands) if isinstance(operand, Turned)]
            series = step.series
            if series is None or series in self.lists:
                continue
            if series.before.endswith("."):
                name = series.before[:-1]
                part = self.parts[name]
                count = len(part.items) if isinstance(part, Listed) else 0
                self.lists[series] = len(sources)
                sources.append(Source(singular(name), self._key(name), series.numbers(turns), count))
                continue
            names = series.names(turns)
            if any(name in self.declared or name not in self.parts for name in names):
                raise Apart  # a line for each of them says more, and each is of another list
            columns.append(("", series.numbers(turns)))
            columns += differing(in_turns([self.parts[name] for name in names]))
        self.first_each = len(sources)
        sources += map(self._source, self.loop.each)
        found = head(turns, columns, sources, self.writer.is_free)
        in_place = any(step.series is not None and step.series not in self.lists for step in self.loop.steps)
        if in_place and not found.says_less(turns):
            raise Apart
        return found

    def _source(self, values: tuple[Operand, ...]) -> Source:
        """Values from before the loop as something to go through."""
        first = values[0]
        numbers: tuple[int, ...] = ()
        if isinstance(first, Taken) and all(isinstance(o, Taken) and o.of == first.of for o in values):
            of, numbers = first.of, tuple(o.at for o in values if isinstance(o, Taken))
        elif isinstance(first, Given) and all(isinstance(o, Given) and o.number == first.number for o in values):
            of, numbers = Given(first.number), tuple(o.item or 0 for o in values if isinstance(o, Given))
        by = numbers[1] - numbers[0] if numbers else 0
        if by and all(b - a == by for a, b in pairwise(numbers)) and not (self.is_network and isinstance(first, Given)):
            return Source("x", self.outer.outside(of), numbers, self.outer.length(of))
        return Source("x", values=tuple(map(self.outer.outside, values)))

    def _stage(self, step: Step, more: str = "") -> str:
        series = step.series
        if series is None:
            return super()._stage(step, more)
        if series in self.lists:
            shown = self.head.sources[self.lists[series]]
            return f"{shown}({more})" if more else shown
        label = self.writer.counted(series, self.loop.turns)
        if series not in self.in_place:
            self.in_place.append(series)
        part = in_turns([self.parts[name] for name in series.names(self.loop.turns)])
        return f"{label}: {self.writer.stage(part, more)}"

    def _operand(self, operand: Operand, *, tight: bool = True) -> str:
        if isinstance(operand, Outer):
            return self.outer.outside(operand.operand)
        if isinstance(operand, Each):
            return self.head.sources[self.first_each + operand.number]
        if isinstance(operand, Carried) and operand.number >= len(self.loop.carried):
            return self.outer._name(Made(self.number, operand.number))  # noqa: SLF001
        return super()._operand(operand, tight=tight)

    def _declare_for(self, step: Step) -> None:
        """Parts have their lines before the loop."""

    # The lines

    def before(self) -> Iterator[str]:
        """The lines before the loop."""
        for at, (start, _) in enumerate(self.loop.carried):
            if at != self.pipeline:
                text = self.outer._operand(start, tight=False)  # noqa: SLF001
                if text != self.named[Carried(at)]:
                    yield f"{self.named[Carried(at)]} = {text}"
        for at, (items, _) in enumerate(self.loop.grown, len(self.loop.carried)):
            texts = ", ".join(self.outer._argument(item) for item in items)  # noqa: SLF001
            yield f"{self.outer._name(Made(self.number, at))} = [{texts}]"  # noqa: SLF001

    def element(self) -> str | None:
        """What a turn adds to a list, where the loop does nothing else, and no line is needed for that."""
        if self.loop.carried or self.loop.last or len(self.loop.grown) != 1 or self.loop.grown[0][0]:
            return None
        if any(Carried(0) in flat(step.operands) for step in self.loop.steps):
            return None
        with self.writer.turn(self.head):
            self._steps()
            text = self._operand(self.loop.grown[0][1], tight=False)
            return None if self.made or self.line else text

    def _steps(self) -> None:
        self._begin(Given(-1) if self.pipeline is None else Carried(self.pipeline))
        self.in_place = []
        if self.current in self.wanted:
            self.made.append(f"{self._name(self.current)} = it")
        for number, step in enumerate(self.body.steps):
            self._step(number, step)

    def lines(self) -> list[str]:
        """The lines of a turn."""
        with self.writer.turn(self.head):
            return self._settled()

    def _once(self) -> list[str]:
        self._steps()
        self._flush()
        for at, (_, after) in enumerate(self.loop.grown, len(self.loop.carried)):
            name, text = self.outer._name(Made(self.number, at)), self._operand(after, tight=False)  # noqa: SLF001
            self.made.append(f"{name} = {name} + [{text}]")
        passed = [(at, after) for at, (_, after) in enumerate(self.loop.carried) if at != self.pipeline]
        for at, after in passed:
            name, text = self.named[Carried(at)], self._operand(after, tight=False)
            if name != text:
                self.made.append(f"{name} = {text}")
                if len(passed) > 1 and after in self.pending:  # what it says may be another value by then
                    self.wanted.add(after)
        return self.made


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
