"""Random texts that keep to the grammar, and whose words mostly mean something where they stand.

What is drawn knows which names there are, and which arguments a layer has; whether sizes, kinds of values and numbers
fit is left to luck. `tests/oracle/generator.py` draws the programs that are right.
"""

from __future__ import annotations

from collections.abc import Callable

from cnndsl.layers.registry import KINDS
from tests.fuzz.choose import Choose, chance, pick
from tests.fuzz.words import ALL_WORDS, ARGUMENTS, FUNCTIONS, KIND_NAMES, NAMES, NUMBERS, TEXTS, VALUES

_SMALL = [str(number) for number in range(10)]
_PLAIN = [
    "relu",
    "batchnorm",
    "conv(4, 3, padding=1)",
    "conv(2, 1)",
    "maxpool(2)",
    "linear(5)",
    "flatten",
    "sigmoid",
    "dropout",
]
_BEGINNINGS = ["zeros", "ones", "normal(0, 0.1)", 'kaiming_normal(mode="fan_out")', "constant(2)", "dirac", "relu"]
_ATTRIBUTES = ["channels", "height", "width", "depth", "length", "features", "shape", "rank", "weight"]
_BINARY = ["+", "-", "*", "/", "//", "%", "**", "and", "or", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "->"]
_DEEPEST = 5


class Writer:
    """Writes one text; `names` are those that mean something at this place.

    `wild` says how often in a hundred times something is drawn that probably does not fit.
    """

    def __init__(self, choose: Choose) -> None:
        self.choose = choose
        self.wild = pick(choose, [0, 0, 1, 3, 10, 40])
        self.names: list[str] = []
        self.blocks: list[str] = []
        self.counter = 0

    def pick(self, items: list[str]) -> str:
        return pick(self.choose, items)

    def one(self, *makers: Callable[[], str]) -> str:
        return pick(self.choose, makers)()

    def several(self, make: Callable[[], str], most: int, between: str = ", ") -> str:
        return between.join(make() for _ in range(self.choose.number(0, most)))

    def chance(self, percent: int) -> bool:
        return chance(self.choose, percent)

    def new_name(self, stem: str) -> str:
        self.counter += 1
        return self.pick([*NAMES, *self.names]) if self.chance(self.wild // 4) else f"{stem}{self.counter}"

    # A file

    def file(self) -> str:
        """A whole text: some definitions, and as a rule a network at the end."""
        items = [self.item() for _ in range(self.choose.number(0, 3))]
        if not self.chance(self.wild // 4):
            items.append(self.definition("network", "Net"))
        if self.chance(10):
            part = self.pick([*self.names, "conv1", "layer4", '"layer3.2"', "relu1, conv1"])
            whole = self.pick(["Net", *self.blocks])
            items.append(f"network Cut {{ input(3, 32, 32); {whole}[{self.pick(['', ':'])}{part}] }}")
        if self.chance(10):
            own = self.pick(["", "(n1 = 2)", "(n1, n2 = 3)", "(n1 = relu, n2 = n1)"])
            items.append(f"network Other{own} = Net({self.arguments(2)})")
        return "\n\n".join(items) + "\n"

    def item(self) -> str:
        kind = self.choose.number(0, 9)
        if kind < 6 or not self.chance(4 * self.wild):
            word = "sequence" if kind == 5 else "block"
            return self.definition(word, self.new_name("Unit"))
        if kind < 8:
            name = self.new_name("C")
            line = f"{name} = {self.expression(2)}"
            self.names.append(name)
            return line
        if kind == 8:
            source = self.pick([*TEXTS, '"cnndsl:resnet.cnn"', '"resnet.cnn"', '"../models/net.cnn"'])
            line = f"from {source} import {self.pick([*self.names, 'BasicBlock', 'Bottleneck', 'ResNet', 'Net', 'x'])}"
            name = self.new_name("Unit")
            self.blocks.append(name)
            return f"{line} as {name}" if self.chance(50) else line
        name = self.new_name("Foreign")
        self.blocks.append(name)
        shapes = [f"shape = {self.expression(3)}", f"shape = [{self.expression(3)}, same]"]
        rule = self.pick(["shape = same", f"channels = {self.expression(3)}", *shapes, ""])
        return f"extern {name}({self.parameters()}) from {self.pick(TEXTS)} ({rule})"

    def definition(self, word: str, name: str) -> str:
        outside = list(self.names)
        parameters = self.parameters(defaults=word == "network")
        lines = []
        if word == "network" and not self.chance(self.wild // 4):
            lines += self.inputs()
        lines += [self.statement(0) for _ in range(self.choose.number(1, 7))]
        if self.chance(10):
            lines.append(f"output {self.several(self.output, 3) or 'it'}")
        self.names = outside
        if word != "network":
            self.blocks.append(name)
        return f"{word} {name}({parameters}) {{\n" + "".join(f"    {line}\n" for line in lines) + "}"

    def inputs(self) -> list[str]:
        shapes = ["3, 32, 32", "1, 28, 28", "3, 8, 8", "2, 40", "1, 6, 6, 6", "10", "3, ?, ?", "3, 224, 224"]
        if self.chance(self.wild):
            shapes = ["?", "0", "8, 1, 1", "1, ?", "-1"]
        if self.chance(12):
            self.names += ["left", "right"]
            shape = self.pick(shapes)
            return [f"left = input({shape})", f"right = input({self.pick([shape, *shapes])})", "left"]
        if self.chance(self.wild // 2):
            return [f"input({self.several(lambda: self.expression(3), 4)})"]
        return [f"input({self.pick(shapes)})"]

    def parameters(self, *, defaults: bool = False) -> str:
        made = []
        for _ in range(self.choose.number(0, 3)):
            name = self.new_name("n")
            made.append(f"{name} = {self.expression(3)}" if defaults or self.chance(90) else name)
            self.names.append(name)
        return ", ".join(made)

    # A body

    def output(self) -> str:
        name = f"{self.new_name('out')} = " if self.chance(40) else ""
        return f"{name}{self.value(2)}{' when training' if self.chance(20) else ''}"

    def statement(self, depth: int) -> str:
        if depth >= _DEEPEST:
            return self.stage(depth)
        kind = self.choose.number(0, 19)
        if kind < 8 or not self.chance(30 + self.wild):
            return self.chain(depth)
        if kind < 12:
            if self.chance(15):
                key = self.pick(['"k"', '"k{i}"', '"k{1}"', f'"{self.new_name("k")}"'])
                return self.pick([f"{key} = {self.layer(depth)}", f"it -> {key} -> {self.layer(depth)}", key])
            name = self.new_name("part")
            line = f"{name} = {self.expression(depth)}"
            self.names.append(name)
            return line
        if kind == 12:
            return f"it {self.pick(['+', '-', '*', '/'])} (it -> {self.chain(depth + 1)})"
        if kind == 13:
            return self.if_(depth)
        if kind == 14:
            targets = self.pick(["i", "[a, b]", "[i]"])
            return f"for {targets} in {self.listed(depth)} {self.body(depth, ['i', 'a', 'b'])}"
        if kind == 15:
            return f"repeat {self.argument(depth)} {self.body(depth)}"
        if kind == 16:
            a, b = self.new_name("half"), self.new_name("half")
            self.names += [a, b]
            return f"{a}, {b} = {self.pick(['split(it, 2)', 'split(it, [1, 2])', self.expression(depth)])}"
        if kind == 17:
            init = f"init {self.pick(['conv', 'conv, linear'])}: weight = {self.initial()}, bias = zeros"
            return self.pick([f"when training {self.body(depth)}", init])
        if kind == 18:
            axis = self.pick(["", ", axis=1", f", axis={self.expression(4)}"])
            a, b = self.value(depth), self.value(depth)
            return self.pick([f"concat({a}, {b}{axis})", f"upsample({a}, like={b}{axis})", f"crop({a}, like={b})"])
        return self.value(depth)

    def body(self, depth: int, names: list[str] | None = None) -> str:
        outside = list(self.names)
        self.names += names or []
        lines = [self.statement(depth + 1) for _ in range(self.choose.number(0, 3))]
        self.names = outside
        return "{ " + "; ".join(lines) + " }"

    def if_(self, depth: int) -> str:
        more = f" else {self.body(depth)}" if self.chance(50) else ""
        return f"if {self.expression(depth + 1)} {self.body(depth)}{more}"

    def chain(self, depth: int) -> str:
        return " -> ".join(self.stage(depth) for _ in range(self.choose.number(1, 3)))

    def stage(self, depth: int) -> str:
        layer = self.layer(depth)
        if self.chance(15):
            return f"{self.new_name('stage')}: {layer}"
        return f'"s{{{self.pick(["i", "1", *self.names[-2:]])}}}": {layer}' if self.chance(4) else layer

    def layer(self, depth: int) -> str:
        kind = self.choose.number(0, 14)
        if kind < 4 or not self.chance(30 + self.wild):
            return self.pick(_PLAIN)
        if kind < 8:
            return self.called(self.pick(KIND_NAMES), depth)
        if kind < 10 and self.blocks:
            return self.called(self.pick(self.blocks), depth)
        if kind == 10 and depth < _DEEPEST:
            return self.body(depth)
        if kind == 11:
            return f"{self.layer(depth + 1)} * {self.argument(depth)}" if depth < _DEEPEST else "relu"
        if kind == 12 and depth < _DEEPEST:
            return self.if_(depth)
        if kind == 13 and self.names:
            return f"{self.pick(self.names)}[{self.pick(['0', ':1', '1:', '-1', ':', ':n1'])}]"
        return self.pick([*self.names, "identity"])

    def called(self, name: str, depth: int) -> str:
        return f"{name}({self.arguments(depth, name)})" if self.chance(75) else name

    def arguments(self, depth: int, name: str = "") -> str:
        kind = KINDS.get(name)
        words = list(kind.model_fields) if kind else ["n1", "n2", "channels"]
        made = [self.argument(depth) for _ in range(self.choose.number(0, 3))]
        for _ in range(self.choose.number(0, 2)):
            word = self.pick(ARGUMENTS) if self.chance(self.wild // 3) or not words else self.pick(words)
            made.append(f"{word} = {self.initial() if word.endswith('_init') else self.argument(depth)}")
        return ", ".join(made)

    def argument(self, depth: int) -> str:
        return self.expression(depth + 1) if self.chance(2 * self.wild) else self.pick(_SMALL)

    def initial(self) -> str:
        return self.pick([*_BEGINNINGS, *self.names])

    # Expressions

    def value(self, depth: int) -> str:
        return (
            self.pick(["it", "input", "(it -> relu)", *self.names, f"(it -> {self.pick(_PLAIN)})"]) if depth else "it"
        )

    def listed(self, depth: int) -> str:
        if self.chance(50):
            return f"range({self.pick(_SMALL)})"
        return self.pick(["[[1, 2], [3, 4]]", "enumerate([8, 16])", self.expression(depth + 1)])

    def index(self, depth: int) -> str:
        """What stands in square brackets."""
        if self.chance(50):
            return self.pick(["0", ":1", "1:", "-1", ":-1", "2:5", "...", "::2", "..., 1:", ":, 0", "..., ::2, 1::2"])

        def end() -> str:
            return self.pick(["", "", "1", "-1", self.expression(depth)])

        places = (lambda: ":", lambda: "...", end, lambda: f"{end()}:{end()}", lambda: f"{end()}:{end()}:{end()}")
        return self.several(lambda: self.one(*places), 4) or ":"

    def expression(self, depth: int) -> str:
        if not self.chance(20 + self.wild):
            return self.pick([*_SMALL, *_SMALL, *self.names])
        if depth >= _DEEPEST or self.chance(35):
            return self.one(
                lambda: self.pick(_SMALL),
                lambda: self.pick([*self.names, "it", "input"]),
                lambda: self.pick(NUMBERS),
                lambda: self.pick([*TEXTS, "true", "false", "?"]),
                lambda: self.pick([*self.blocks, *KIND_NAMES]),
            )
        inner = depth + 1
        return self.one(
            lambda: f"{self.expression(inner)} {self.pick(_BINARY)} {self.expression(inner)}",
            lambda: f"({self.expression(inner)} {self.pick(_BINARY)} {self.expression(inner)})",
            lambda: f"[{self.several(lambda: self.expression(inner), 3)}]",
            lambda: f"{self.pick(FUNCTIONS)}({self.several(lambda: self.expression(inner), 3)})",
            lambda: f"{self.expression(inner)}[{self.expression(inner)}]",
            lambda: f"{self.expression(inner)}[{self.expression(inner)}:]",
            lambda: f"{self.pick([*self.names, 'it'])}[{self.index(inner)}]",
            lambda: f"[{self.expression(inner)} for i in {self.listed(inner)}]",
            lambda: f"[i for i in {self.listed(inner)} if {self.expression(inner)}]",
            lambda: f"{self.expression(inner)} if {self.expression(inner)} else {self.expression(inner)}",
            lambda: f"{self.value(inner)}.{self.pick(_ATTRIBUTES)}",
            lambda: f"{self.pick(['-', 'not ', '+'])}{self.expression(inner)}",
            lambda: f"{self.pick([*VALUES, *KIND_NAMES])}({self.several(lambda: self.expression(inner), 3)})",
            lambda: self.layer(inner),
            lambda: self.pick(ALL_WORDS) if self.chance(5) else self.pick(_SMALL),
        )
