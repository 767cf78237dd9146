"""Texts of the tests, changed at random where that leaves them right: what nobody thought of writing together.

A number or an activation becomes a parameter of its definition and of all that use it, so that a constructor takes it;
lines get a condition or a loop around them, become a block, or are added to what came before them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from textwrap import dedent
from typing import Any

import cnndsl
from cnndsl.analysis import costs
from cnndsl.source import Source
from cnndsl.syntax import tree
from cnndsl.syntax.parser import parse

TESTS = Path(__file__).parents[1]
ROOMS = ("analysis", "layers", "oracle", "torch")
LONGEST = 1200
"""Longer texts are left out, for time."""
MOST_PARAMETERS = 10**6
MOST_CHANGES = 4
MOST_TRIED = 24
"""So many changes of a text are tried, of which most leave it wrong."""
ACTIVATIONS = ("relu", "gelu", "silu", "tanh", "sigmoid", "elu", "hardswish")
WORDS = ("size", "deep", "wide", "part")
LEFT_OUT = re.compile(r"\?|^\s*(import|extern|from)\b", re.MULTILINE)
"""Open sizes and what other files have."""

BEGUN = ("conv", "linear", "batchnorm", "layernorm")
RULES = ("zeros", "ones", "constant(3)", "constant(0.5)", "normal(0, 0.1)", "default")
Edit = tuple[int, int, str]
"""From where to where, and what stands there instead."""


@cache
def texts() -> tuple[str, ...]:
    """The texts with a network in files and in strings of the tests, without the long ones."""
    found = [path.read_text(encoding="utf-8") for path in sorted(TESTS.glob("torch/cases/*.cnn"))]
    for path in sorted(path for room in ROOMS for path in TESTS.glob(f"{room}/*.py")):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        strings = (node.value for node in nodes if isinstance(node, ast.Constant))
        found += [dedent(each) for each in strings if isinstance(each, str)]
    kept = [text for text in found if re.search(r"\bnetwork \w+[^}]*\{", text) and len(text) <= LONGEST]
    return tuple(dict.fromkeys(text for text in kept if not LEFT_OUT.search(text)))


def drawn(seed: int) -> str:
    """One of the texts that has a class, with changes."""
    rng = Random(seed)  # noqa: S311 - cases for tests are no secrets
    while not is_right(text := rng.choice(texts())):
        pass
    return mutated(text, rng)


def mutated(text: str, rng: Random) -> str:
    """A text with one to four changes, of those that were tried and leave it right, with a class."""
    left = rng.randint(1, MOST_CHANGES)
    for _ in range(MOST_TRIED):
        changed = _Text(text, rng).changed()
        if changed != text and is_right(changed):
            text, left = changed, left - 1
        if not left:
            break
    return text


def is_right(text: str) -> bool:
    """Whether a text compiles, has a class, and is no giant. What else the compiler raises has the text as its note."""
    compilation = cnndsl.compile(text)
    program = compilation.program
    if program is None or not program.networks:
        return False
    if any(costs.of(program, key).parameters > MOST_PARAMETERS for key in program.networks):
        return False
    try:
        compilation.python()
    except cnndsl.CompilationError:
        return False
    except Exception as error:
        error.add_note(text)
        raise
    return True


class _Text:
    """A text that is changed."""

    def __init__(self, text: str, rng: Random) -> None:
        self.text, self.rng = text, rng
        self.file, _ = parse(Source("net.cnn", text))
        items = [item for item in self.file.items if isinstance(item, tree.Definition)]
        self.users = items
        self.bodies = [item for item in items if item.kind != "sequence"]

    def changed(self) -> str:
        """The text with one change; the text itself where there is nothing to change."""
        changes: list[Callable[[tree.Definition], list[Edit]]] = [
            *[self.number_is_parameter] * 3,
            self.line_is_optional,
            self.lines_are_repeated,
            self.lines_are_a_block,
            self.line_is_added,
            self.turns_have_a_number,
            self.turn_leaves_a_value,
            self.number_is_a_size,
            self.number_is_a_variable,
            self.number_is_of_a_list,
            self.number_is_for_each_axis,
            self.layer_is_another,
            self.layer_says_how_it_begins,
            self.body_says_how_layers_begin,
            self.line_is_for_some_sizes,
            self.line_is_applied_again,
            self.lines_are_for_training,
            self.line_is_a_layer_of_its_own,
            self.network_has_variants,
        ]
        if not self.bodies:
            return self.text
        edits = self.rng.choice(changes)(self.rng.choice(self.bodies))
        text = self.text
        for start, end, written in sorted(edits, key=lambda edit: edit[:2], reverse=True):
            text = text[:start] + written + text[end:]
        return text

    # Changes

    def number_is_parameter(self, definition: tree.Definition) -> list[Edit]:
        """A number, truth value, list of numbers or activation in a body is given by a parameter."""
        found = list(_constants(definition.body))
        if not found:
            return []
        span = self.rng.choice(found).span
        name = self.free()
        return [*self.parameter(definition, name, span.text), (span.start, span.end, name)]

    def line_is_optional(self, definition: tree.Definition) -> list[Edit]:
        """A line is there for some arguments only, or another one is."""
        lines = [line for line in self.lines(definition) if isinstance(line, tree.Apply)]
        if not lines:
            return []
        span, name = self.rng.choice(lines).span, self.free()
        default, head, end = self.rng.choice(
            [
                ("true", f"if {name} {{ ", " }"),
                ("1", f"if {name} > 0 {{ ", " }"),
                ("true", f"if {name} {{ ", f" }} else {{ {self.rng.choice(ACTIVATIONS)} }}"),
            ]
        )
        return [*self.parameter(definition, name, default), (span.start, span.start, head), (span.end, span.end, end)]

    def lines_are_repeated(self, definition: tree.Definition) -> list[Edit]:
        """Some lines that follow on one another are the turns of a loop."""
        lines, name = self.run_of_lines(definition), self.free()
        if not lines:
            return []
        default, head = self.rng.choice(
            [("1", f"repeat {name} {{\n"), ("2", f"repeat {name} {{\n"), ("[1, 2]", f"for {name}_item in {name} {{\n")]
        )
        start, end = lines[0].span.start, lines[-1].span.end
        return [*self.parameter(definition, name, default), (start, start, head), (end, end, "\n}\n")]

    def lines_are_a_block(self, definition: tree.Definition) -> list[Edit]:
        """Some lines that follow on one another are a block, which is given the parameters that they read."""
        lines = self.run_of_lines(definition)
        if not lines:
            return []
        start, end = lines[0].span.start, lines[-1].span.end
        words = set(re.findall(r"\w+", self.text[start:end]))
        given = ", ".join(each.name.text for each in definition.parameters if each.name.text in words)
        name = self.free().title()
        block = f"block {name}{f'({given})' if given else ''} {{\n{self.text[start:end]}\n}}\n"
        return [(0, 0, block), (start, end, f"{name}({given})" if given else name)]

    def line_is_added(self, definition: tree.Definition) -> list[Edit]:
        """What a line gives is added to what came before it, put beside it, or only worked out."""
        lines = [line for line in self.lines(definition) if isinstance(line, tree.Apply) and not line.targets]
        if not lines:
            return []
        span, name = self.rng.choice(lines).span, self.free()
        before = f"{name} = it\n"
        ways = [(before, f"\nit + {name}\n"), (before, f"\nconcat(it, {name})\n"), (f"{name} = it -> ", "\n")]
        head, end = self.rng.choice(ways)
        return [(span.start, span.start, head), (span.end, span.end, end)]

    def turns_have_a_number(self, definition: tree.Definition) -> list[Edit]:
        """Lines are the turns of a loop, to whose number a number of theirs is added, or which leaves some out."""
        lines, name = self.run_of_lines(definition), self.free()
        if not lines:
            return []
        turn = f"{name}_turn"
        start, end = lines[0].span.start, lines[-1].span.end
        head = f"for {turn} in range({name}) {{\n"
        edits = [*self.parameter(definition, name, "2"), (start, start, head), (end, end, "\n}\n")]
        numbers = [each for line in lines for each in _constants(line) if isinstance(each, tree.Number)]
        if numbers and self.rng.random() < 0.7:
            span = self.rng.choice(numbers).span
            way = self.rng.choice(
                ["({0} + {1})", "({0} * ({1} + 1))", "({0} if {1} == 0 else {0} + 1)", "max({0} - {1}, 1)"]
            )
            return [*edits, (span.start, span.end, way.format(span.text, turn))]
        span = self.rng.choice(lines).span
        test = self.rng.choice([f"{turn} > 0", f"{turn} == 0", f"{turn} < {name} - 1"])
        return [*edits, (span.start, span.start, f"if {test} {{ "), (span.end, span.end, " }")]

    def turn_leaves_a_value(self, definition: tree.Definition) -> list[Edit]:
        """A turn of a loop gives what flows in it a name, by which it is read behind the loop, or in the next turn."""
        loops = [line for line in self.lines(definition) if isinstance(line, (tree.For, tree.Repeat))]
        if not loops:
            return []
        loop, name = self.rng.choice(loops), self.free()
        lines = [line for line in loop.body.statements if isinstance(line, tree.Apply)]
        if not lines:
            return []
        span = self.rng.choice(lines).span
        at = self.rng.choice([span.start, span.end])
        value = self.rng.choice(["it", "it -> conv(2, 1)", "it -> conv(3, 3, padding=1) -> relu"])
        reads = [f"\n{name}_side = {name} -> linear(2)\n", f"\n{name}_side = {name} -> conv({name}.channels + 1, 1)\n"]
        return [(at, at, f"\n{name} = {value}\n"), (loop.span.end, loop.span.end, self.rng.choice(reads))]

    def number_is_a_size(self, definition: tree.Definition) -> list[Edit]:
        """A number of a body is a size of what comes, or follows from one."""
        found = [each for each in _constants(definition.body) if isinstance(each, tree.Number)]
        if not found:
            return []
        span = self.rng.choice(found).span
        way = self.rng.choice(
            [
                "it.channels",
                "input.channels",
                "it.channels * 2",
                "max(it.channels // 2, 1)",
                "it.shape[0]",
                "input.shape[0]",
            ]
        )
        return [(span.start, span.end, way)]

    def number_is_a_variable(self, definition: tree.Definition) -> list[Edit]:
        """A number is in a variable, which lines further on may change."""
        lines = [line for line in self.lines(definition) if isinstance(line, tree.Apply)]
        found = [(line, each) for line in lines for each in _constants(line) if isinstance(each, tree.Number)]
        if not found:
            return []
        (line, number), name = self.rng.choice(found), self.free()
        places = [each.span.start for each in self.lines(definition) if each.span.start <= line.span.start]
        span, place = number.span, self.rng.choice(places)
        behind = self.rng.choice(["", f"\n{name} = {name} + 1\n", f"\n{name} = {name} * 2\n"])
        return [
            (place, place, f"{name} = {span.text}\n"),
            (span.start, span.end, name),
            (line.span.end, line.span.end, behind),
        ]

    def number_is_of_a_list(self, definition: tree.Definition) -> list[Edit]:
        """Numbers of a body are those of a list that is a parameter."""
        found = [each for each in _constants(definition.body) if isinstance(each, tree.Number)]
        if not found:
            return []
        taken = self.rng.sample(found, min(len(found), self.rng.randint(1, 3)))
        name = self.free()
        default = f"[{', '.join(each.span.text for each in taken)}]"
        places = [(each.span.start, each.span.end, f"{name}[{at}]") for at, each in enumerate(taken)]
        return [*self.parameter(definition, name, default), *places]

    def number_is_for_each_axis(self, definition: tree.Definition) -> list[Edit]:
        """A number is written for each axis, which may be one of those that a block is given."""
        found = [each for each in _constants(definition.body) if isinstance(each, tree.Number)]
        if not found:
            return []
        span = self.rng.choice(found).span
        return [(span.start, span.end, f"[{span.text}, {span.text}]")]

    def layer_is_another(self, definition: tree.Definition) -> list[Edit]:
        """An activation is another layer, or none."""
        found = [each for each in _constants(definition.body) if isinstance(each, tree.Name)]
        if not found:
            return []
        span = self.rng.choice(found).span
        others = [
            "identity",
            "leaky_relu(0.2)",
            "batchnorm",
            "dropout(0.1)",
            "{ relu -> tanh }",
            "conv(4, 1)",
            "maxpool(2)",
        ]
        return [(span.start, span.end, self.rng.choice(others))]

    def layer_says_how_it_begins(self, definition: tree.Definition) -> list[Edit]:
        """A layer is given how one of its tensors begins."""
        calls = [each for each in tree.walk(definition) if isinstance(each, tree.Call)]
        found = [call for call in calls if isinstance(call.function, tree.Name) and call.function.text in BEGUN]
        if not found:
            return []
        call = self.rng.choice(found)
        end, tensor = call.span.end - 1, self.rng.choice(["weight", "weight", "bias"])
        return [(end, end, f"{', ' if call.arguments else ''}{tensor}_init={self.rng.choice(RULES)}")]

    def body_says_how_layers_begin(self, definition: tree.Definition) -> list[Edit]:
        """A body has a rule for all layers of a kind."""
        lines = self.lines(definition)
        if not lines:
            return []
        start = lines[0].span.start
        kind, tensor = self.rng.choice(BEGUN), self.rng.choice(["weight", "weight", "bias"])
        return [(start, start, f"init {kind}: {tensor} = {self.rng.choice(RULES)}\n")]

    def line_is_for_some_sizes(self, definition: tree.Definition) -> list[Edit]:
        """A line is there where what comes has a certain size."""
        lines = [line for line in self.lines(definition) if isinstance(line, tree.Apply)]
        if not lines:
            return []
        span = self.rng.choice(lines).span
        size = self.rng.choice(["it.channels", "input.channels", "it.shape[-1]"])
        test = self.rng.choice([f"{size} > 3", f"{size} % 2 == 0", f"{size} != input.channels", f"{size} < 9"])
        end = self.rng.choice([" }", f" }} else {{ {self.rng.choice(ACTIVATIONS)} }}"])
        return [(span.start, span.start, f"if {test} {{ "), (span.end, span.end, end)]

    def line_is_applied_again(self, definition: tree.Definition) -> list[Edit]:
        """A line stands a second time, perhaps with another number."""
        lines = [line for line in self.lines(definition) if isinstance(line, tree.Apply) and not line.targets]
        if not lines:
            return []
        line = self.rng.choice(lines)
        again = line.span.text
        numbers = [each for each in _constants(line) if isinstance(each, tree.Number)]
        if numbers and self.rng.random() < 0.6:
            span = self.rng.choice(numbers).span
            start, end = span.start - line.span.start, span.end - line.span.start
            again = f"{again[:start]}({span.text} + 1){again[end:]}"
        return [(line.span.end, line.span.end, f"\n{again}\n")]

    def lines_are_for_training(self, definition: tree.Definition) -> list[Edit]:
        """In training a network gives what some lines would make of a value, too."""
        networks = [each for each in self.bodies if each.kind == "network"]
        lines = self.run_of_lines(definition)
        if definition not in networks or not lines:
            return []
        end, name = lines[-1].span.end, self.free()
        written = self.text[lines[0].span.start : end]
        return [(end, end, f"\nkept_{name} = it\nwhen training {{\n{written}\n{name} = it }}\nkept_{name}\n")]

    def line_is_a_layer_of_its_own(self, definition: tree.Definition) -> list[Edit]:
        """A line is a layer with a name, which is applied once or twice."""
        lines = [line for line in self.lines(definition) if isinstance(line, tree.Apply) and not line.targets]
        if not lines:
            return []
        span, name = self.rng.choice(lines).span, self.free()
        again = self.rng.choice([name, f"{name}\n{name}", f"{name} -> {name}", f"it + (it -> {name})"])
        written = self.rng.choice(["{0}", "{{ {0} }}", "[{0}]"]).format(span.text)
        if written.startswith("["):
            again = again.replace(name, f"{name}[0]")
        return [(span.start, span.end, f"{name} = {written}\n{again}\n")]

    def network_has_variants(self, definition: tree.Definition) -> list[Edit]:
        """A network is another one's with another number."""
        found = [each for each in _constants(definition.body) if isinstance(each, tree.Number)]
        if definition.kind != "network" or not found:
            return []
        span, name = self.rng.choice(found).span, self.free()
        end = len(self.text)
        variant = f"\nnetwork Net{name.title()} = {definition.name.text}({name} = {span.text} + 1)\n"
        return [*self.parameter(definition, name, span.text), (span.start, span.end, name), (end, end, variant)]

    # What they are made of

    def free(self) -> str:
        """A name that the text does not have, nor as that of a definition."""
        while True:
            name = f"{self.rng.choice(WORDS)}{self.rng.randrange(10, 100)}"
            if name not in self.text.lower():
                return name

    def lines(self, definition: tree.Definition) -> list[Any]:
        """The statements of a body, also inside others, without inputs, outputs and rules."""
        bodies = [node for node in tree.walk(definition.body) if isinstance(node, tree.Body)]
        lines = [line for body in bodies for line in body.statements]
        return [line for line in lines if _may_move(line)]

    def run_of_lines(self, definition: tree.Definition) -> list[Any]:
        """Up to four statements that follow on one another."""
        bodies = [node for node in tree.walk(definition.body) if isinstance(node, tree.Body) and node.statements]
        if not bodies:
            return []
        lines = self.rng.choice(bodies).statements
        start = self.rng.randrange(len(lines))
        taken = list(lines[start : start + self.rng.randint(1, 4)])
        return taken if all(map(_may_move, taken)) else []

    def parameter(self, definition: tree.Definition, name: str, default: str) -> list[Edit]:
        """A new parameter of a definition and of all that use it, which hand it on."""
        edits: list[Edit] = []
        left, done = [definition], set[str]()
        while left:
            used = left.pop()
            if used.name.text in done:
                continue
            done.add(used.name.text)
            edits.append(self._declared(used, f"{name} = {default}"))
            for user in self.users:
                handed = list(self._handed_on(user, used.name.text, name))
                edits += handed
                left += [user] * bool(handed)
        return edits

    def _declared(self, definition: tree.Definition, parameter: str) -> Edit:
        if definition.parameters:
            end = definition.parameters[-1].span.end
            return end, end, f", {parameter}"
        end = definition.name.span.end
        empty = re.match(r"\s*\(\s*\)", self.text[end:])
        return end, end + (empty.end() if empty else 0), f"({parameter})"

    def _handed_on(self, user: tree.Definition, used: str, name: str) -> Iterator[Edit]:
        called = set()
        for node in tree.walk(user.body):
            match node:
                case tree.Call(function=tree.Name(text=word) as function) if word == used:
                    called.add(function)
                    end = node.span.end - 1
                    yield end, end, f"{', ' if node.arguments else ''}{name} = {name}"
                case tree.Name(text=word) if word == used and node not in called:
                    yield node.span.end, node.span.end, f"({name} = {name})"


def _may_move(line: Any) -> bool:
    """Whether a statement may stand in a condition, loop or block."""
    is_input = (isinstance(each, tree.Call) and isinstance(each.function, tree.Input) for each in tree.walk(line))
    return not isinstance(line, tree.Output | tree.Init) and not any(is_input)


def _constants(body: tree.Node) -> Iterator[tree.Node]:
    """What a parameter may say in place of the text; not the sizes of an input, nor those of which one may be -1."""
    for node in _outside_sizes(body):
        match node:
            case tree.Argument(value=tree.Number() | tree.Boolean() as value):
                yield value
            case tree.Argument(value=tree.Name(text=word) as value) if word in ACTIVATIONS:
                yield value
            case tree.Apply(value=tree.Name(text=word) as value) if word in ACTIVATIONS:
                yield value
            case tree.Pipe(stages=(_, *stages)):
                yield from (each for each in stages if isinstance(each, tree.Name) and each.text in ACTIVATIONS)
            case tree.Repeat(count=tree.Number() as value):
                yield value
            case tree.Binary() | tree.Comparison() | tree.Index() | tree.Slice() | tree.ListOf():
                yield from (each for each in node.children if isinstance(each, tree.Number))
        if isinstance(node, tree.ListOf) and node.items and all(isinstance(each, tree.Number) for each in node.items):
            yield node


def _outside_sizes(body: tree.Node) -> Iterator[tree.Node]:
    left = [body]
    while left:
        match node := left.pop():
            case tree.Call(function=tree.Input() | tree.Name(text="reshape" | "unflatten")):
                continue
        yield node
        left += reversed(node.children)
