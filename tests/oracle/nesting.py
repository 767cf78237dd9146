"""Random blocks whose loops, lists of values and conditions stand inside one another, used with other arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random

import cnndsl
from cnndsl.analysis import costs

DEEPEST = 3
"""How many loops, lists and conditions are inside one another."""
MOST_PARAMETERS = 300_000


class Writer:
    """Writes the lines of a block; the values that flow are maps of one size, of any number of channels."""

    def __init__(self, rng: Random, entries: Sequence[str] = ("input",), blocks: Sequence[str] = ()) -> None:
        self._rng = rng
        self._entry = entries[-1]
        self._blocks = blocks
        """Blocks that take the arguments of `HEAD`."""
        self._likely = rng.sample(LIKELY, 6) if rng.random() < 0.5 else []
        self._numbers = ["width", "count"]
        """Expressions that are whole numbers, from 1 on."""
        self._lists = ["sizes"]
        """Names of lists of such numbers, none empty."""
        self._layers: list[str] = ["act"]
        """Names of layers that keep the size."""
        self._maps: list[str] = [*entries]
        """Names of values."""
        self._fitting: list[str] = []
        """Names of layers that take and give as many channels as `width` says."""
        self._made = 0

    def body(self, depth: int, count: int) -> list[str]:
        """Some lines, in which the current value goes on."""
        return [line for _ in range(count) for line in self.lines(depth)]

    def lines(self, depth: int) -> list[str]:
        """The lines of one kind; so many loops, lists and conditions are around them."""
        kinds = ["chain", "chain", "join", "bind", "again", "changed", "shared", "both", "chosen", "items"]
        kinds += ["gate", "parts", "layers_given", "several"]
        if depth < DEEPEST:
            kinds += ["loop", "repeat", "condition", "grown", "loop", "braces", "choice"]
        if not depth:  # a layer with a name is declared once
            kinds += ["named", "listed", "labelled"]
        made: list[str] = getattr(self, f"_{self._rng.choice(kinds)}")(depth)
        return made

    def in_training(self) -> list[str]:
        """Lines for training alone, which give a value `late`; what they name is not read behind them."""
        held = {word: [*value] for word, value in vars(self).items() if isinstance(value, list)}
        lines = [f"    {line}" for line in self.body(1, self._rng.randint(1, 3))]
        vars(self).update(held)
        made = ["when training {", *lines, "    late = it", "}"]
        if self._rng.random() < 0.3:
            test = self._rng.choice(["for turn in sizes", "repeat count"])
            made = [f"{test} {{", *(f"    {line}" for line in [self._stages(), *made]), "}"]
        return made

    def _name(self, stem: str) -> str:
        if self._likely and self._rng.random() < 0.3:
            return self._likely.pop()
        self._made += 1
        return f"{stem}{self._made}"

    def _number(self) -> str:
        rng = self._rng
        return rng.choice([str(rng.randint(1, 3)), *self._numbers, f"{rng.choice(self._numbers)} + 1"])

    def _stages(self) -> str:
        """Layers in a row, of which the first has channels of its own."""
        rng = self._rng
        odd = rng.choice([
            f"conv({self._number()}, 1)", f"conv({self._number()}, 3, padding=1)",
            f"Inner({self._number()}, {self._number()})", self._other_stage(),
        ])  # fmt: skip
        if rng.random() < 0.3:
            size = rng.choice(self._numbers)
            odd = f"conv({self._number()}, 2 * {size} - 1, padding={size} - 1)"
        if self._blocks and rng.random() < 0.3:
            odd = f"{rng.choice(self._blocks)}({self._number()}, {self._number()}, {rng.choice(self._lists)}"
            odd += rng.choice([")", ", flag)", ", not flag)", ", act=act)"])
        if rng.random() < 0.15:
            odd = rng.choice([f"{odd} * {rng.choice(['2', *self._numbers])}", f"{{ {odd} -> relu }}"])
        more = [self._more() for _ in range(rng.randint(0, 2))]
        return " -> ".join([odd, *more])

    def _other_stage(self) -> str:
        number, rng = self._number(), self._rng
        return rng.choice([
            f"unit({number})", f"Deep({number}, {self._number()})", f"Row({number}, act=act)", f"Row({number})",
            f"conv(int({rng.choice(self._numbers)} * rate) + 1, 1)", f"conv(max({number}, 2), 1)",
            f"maxpool(2) -> conv({number}, 1) -> upsample(scale=2)", f'conv(3 if mode == "a" else {number}, 1)',
            f"conv({number}, 1) -> upsample(like={self._entry})", f"conv(sum({rng.choice(self._lists)}), 1)",
            f"conv(make_divisible({rng.choice(self._numbers)} * rate, 2), 1)", f"conv(len(acts) + {number}, 1)",
        ])  # fmt: skip

    def _more(self) -> str:
        """A layer that keeps the size, or a choice of layers."""
        rng = self._rng
        test = rng.choice(["flag", f"{rng.choice(self._numbers)} > 1"])
        chosen = [f"if {test} {{ conv({self._number()}, 1) }}", f"if {test} {{ relu }} else {{ tanh }}"]
        chosen += [f'if mode == "b" {{ conv({self._number()}, 1) -> tanh }}', "acts[-1]", "dropout(rate)"]
        return rng.choice(["relu", "batchnorm", "tanh", "dropout(0.1)", *self._layers, *self._layers, *chosen])

    def _same(self, value: str) -> str:
        """Layers that give as many channels as a value has."""
        return self._rng.choice([f"conv({value}.channels, 1)", "tanh", "batchnorm", self._rng.choice(self._layers)])

    def _value(self) -> str:
        return self._rng.choice(["it", "it", *self._maps])

    def _targets(self) -> tuple[str, str, list[str]]:
        """A loop over a list: its names, the list, and which of the names are numbers from 1 on."""
        rng = self._rng
        one, other = self._name("n"), self._name("n")
        whole = rng.choice(self._lists)
        return rng.choice([
            (one, whole, [one]),
            (f"[{one}, {other}]", f"enumerate({whole}, 1)", [one, other]),
            (f"[{one}, {other}]", f"zip({whole}, {rng.choice(self._lists)})", [one, other]),
            (one, f"range(1, {rng.choice(self._numbers)} + 1)", [one]),
            (one, f"[1, {rng.choice(self._numbers)}]", [one]),
            (one, f"reversed({whole})", [one]),
            (f"[{one}, {other}]", f"[[1, 2], [{rng.choice(self._numbers)}, 1]]", [one, other]),
        ])  # fmt: skip

    def _comprehension(self, item: str | None = None) -> str:
        """A list of values, or with `item` of that, in which `{}` is a number."""
        targets, source, numbers = self._targets()
        held = self._numbers
        self._numbers = [*held, *numbers]
        value = self._value()
        shown = f"{value} -> {self._stages()}" if item is None else item.format(self._rng.choice(numbers))
        self._numbers = held
        some = self._rng.choice([f" if {self._rng.choice(numbers)} > 1", " if flag"])
        is_some = item is None and self._rng.random() < 0.2
        return (
            f"[{shown} for {targets} in {source}{some}] + [{self._entry}]"
            if is_some
            else f"[{shown} for {targets} in {source}]"
        )

    def _chain(self, _: int) -> list[str]:
        return [self._stages()]

    def _join(self, _: int) -> list[str]:
        rng, value = self._rng, self._value()
        listed = self._comprehension()
        if rng.random() < 0.3:
            return [f"sum({self._comprehension('it -> conv(width, 2 * {0} - 1, padding={0} - 1)')})"]
        return [rng.choice([
            f"concat([it] + {listed})",
            f"concat([{value} -> {self._stages()}] + {listed})",
            f"concat({listed} + [it])",
            f"concat([{value}] + {listed} + [it])",
            f"it + (it -> {self._same('it')})",
            f"concat({value}, it)",
            f"concat([it] + {listed}) -> {self._stages()}",
        ])]  # fmt: skip

    def _bind(self, _: int) -> list[str]:
        name, rng = self._name("v"), self._rng
        kind = rng.choice(["map", "number", "list", "maps"])
        if kind == "map":
            line = f"{name} = {self._value()} -> {self._stages()}"
            self._maps.append(name)
        elif kind == "number":
            line = f"{name} = {self._number()}"
            self._numbers.append(name)
        elif kind == "list":
            line = f"{name} = {self._comprehension('{0} + 1')}"
            self._lists.append(name)
        else:
            times = rng.choice(["", "", " * 2", f" * {rng.choice(self._numbers)}"])
            line = f"{name} = {self._comprehension()}{times}"
            return [line, f"concat({name} + [it]) -> conv(len({name}) + 1, 1)"]
        return [line]

    def _chosen(self, _: int) -> list[str]:
        """A value or another one, as a condition says."""
        name, rng = self._name("v"), self._rng
        test = rng.choice(["flag", f"{rng.choice(self._numbers)} > 1"])
        one, other = (rng.choice([self._value(), f"({self._value()} -> {self._stages()})"]) for _ in range(2))
        self._maps.append(name)
        return [f"{name} = {one} if {test} else {other}", f"concat(it, {name})"]

    def _items(self, _: int) -> list[str]:
        """Values of a list by their places, or one after the other."""
        name, rng = self._name("m"), self._rng
        lines = [f"{name} = [it, {self._value()} -> {self._stages()}, it -> {self._stages()}]"]
        ends = [f"concat({name}[1:] + [it])", f"concat({name}[-1], {name}[0])", f"concat(reversed({name}))"]
        ends += [f"for {name}v in {name} {{ concat(it, {name}v) -> {self._stages()} }}", f"concat({name} * 2)"]
        return [*lines, rng.choice(ends)]

    def _labelled(self, _: int) -> list[str]:
        """Layers whose names are computed."""
        name, turn = self._name("c"), self._name("n")
        source = self._rng.choice(["range(2)", f"range({self._rng.choice(self._numbers)})"])
        return [f'for {turn} in {source} {{ "{name}{{{turn}}}": {{ {self._stages()} }} }}']

    def _gate(self, _: int) -> list[str]:
        """A map times numbers, or its numbers worked out."""
        rng = self._rng
        return [rng.choice([
            "it * (it -> global_avgpool -> conv(it.channels, 1) -> sigmoid)", "relu(it) + rate * it",
            f"it * {rng.choice(self._numbers)} + (it -> {self._same('it')})", "maximum(it, rate * it)",
            "it - mean(it, axis=1, keepdim=true)", "sum([it, it -> tanh]) / 2", "concat(relu(it), -it)",
            f"sum([it] + [it -> conv(it.channels, 1) for a in {rng.choice(self._lists)}])",
        ])]  # fmt: skip

    def _parts(self, _: int) -> list[str]:
        """A map is split, and its parts go on."""
        rng, name, number = self._rng, self._name("p"), self._rng.choice(self._numbers)
        more = self._stages()
        return rng.choice([
            [f"conv(2 * {number}, 1)", f"split(it, 2) as {name}, {name}b", f"concat({name} -> {more}, {name}b)"],
            [f"conv(2 * {number}, 1)", f"{name} = split(it, 2)", f"concat({name}[1], {name}[0] -> {more})"],
            [f"conv(1 + {number}, 1)", f"{name}, {name}b = split(it, [1, {number}])", f"{name} * {name}b"],
            [f"conv({number} * 3, 1)", f"{name} = [p -> {more} for p in split(it, 3)]", f"concat({name})"],
        ])  # fmt: skip

    def _layers_given(self, _: int) -> list[str]:
        """A list of layers that is a parameter."""
        rng, name = self._rng, self._name("a")
        return [rng.choice([
            f"for {name} in acts {{ it -> {name} }}", f"concat([it] + [{self._value()} -> {name} for {name} in acts])",
            f"for [{name}i, {name}] in enumerate(acts) {{ conv({name}i + 1, 1) -> {name} }}",
            f"for {name} in acts {{ {self._stages()} -> {name} }}", f"it -> acts[0] -> {self._stages()}",
            f"for [{name}, {name}n] in zip(acts, {rng.choice(self._lists)}) {{ conv({name}n, 1) -> {name} }}",
            f"if len(acts) > 1 {{ acts[1] -> {self._stages()} }}",
        ])]  # fmt: skip

    def _several(self, _: int) -> list[str]:
        """What a block gives are two values."""
        rng, name = self._rng, self._name("o")
        call = f"Two({self._number()})"
        return rng.choice([
            [f"{call} as {name}, {name}b", f"concat({name}, {name}b)"],
            [f"{name}, {name}b = it -> {call}", f"concat(it, {name}b -> {self._stages()}, {name})"],
            [f"{name} = it -> {call}", f"concat({name}) -> {self._stages()}"],
        ])  # fmt: skip

    def _again(self, _: int) -> list[str]:
        """A name gets another value, and one of others goes on."""
        names = [name for name in self._maps if name != self._entry]
        if not names:
            name = self._name("v")
            self._maps.append(name)
            return [f"{name} = {self._rng.choice(['it', self._entry, f'it -> {self._stages()}'])}"]
        name = self._rng.choice(names)
        more = self._rng.choice([f"{name} -> {self._stages()}", f"{self._value()} -> {self._stages()}", "it"])
        return [f"{name} = {more}", *([f"concat(it, {name})"] if self._rng.random() < 0.3 else [])]

    def _changed(self, _: int) -> list[str]:
        """A number or a condition is another one from here on."""
        number = self._rng.choice([each for each in self._numbers if each.isidentifier()])
        return [self._rng.choice([f"{number} = {number} + 1", "flag = not flag", f"flag = {number} > 1"])]

    def _shared(self, depth: int) -> list[str]:
        """A layer that is applied again and again, where what comes in is alike."""
        if depth:
            return [f"conv(width, 1) -> {self._rng.choice(self._fitting)}"] if self._fitting else self._chain(depth)
        name = self._name("s")
        self._fitting.append(name)
        layer = self._rng.choice(["conv(width, 3, padding=1)", "{ conv(width, 1) -> relu } * 2", "Inner(width, count)"])
        return [f"{name} = {layer}", f"conv(width, 1) -> {name} -> relu -> {name}"]

    def _both(self, depth: int) -> list[str]:
        """Several values go through blocks at once."""
        name, rng = self._name("m"), self._rng
        lines = [f"{name} = {rng.choice(['[it, it -> tanh]', f'[{self._value()}, it]'])}"]
        turn = f"{name} = {name} -> Both({self._number()})"
        lines += [turn] if depth == DEEPEST or rng.random() < 0.5 else [f"for {name}i in range(2) {{ {turn} }}"]
        ends = [f"concat({name})", f"concat({name}[0], {name}[1])", f"concat([v -> {self._stages()} for v in {name}])"]
        return [*lines, rng.choice(ends)]

    def _named(self, _: int) -> list[str]:
        name, rng = self._name("c"), self._rng
        choice = f"if {rng.choice(self._numbers)} == 2 {{ tanh }} else {{ {self._stages()} }}"
        declared = f"{name} = {{ {rng.choice(['tanh', 'relu -> batchnorm', self._stages(), choice, choice])} }}"
        if rng.random() < 0.5:
            return [declared, f"it -> {name}"]
        between = [f"conv({self._number()}, 1) -> relu", "conv(2, 1)"]
        used = [f"it -> {name} -> {self._more()}"]
        if rng.random() < 0.4:
            used = [f"if {rng.choice(['flag', 'width > 1'])} {{ {name}; relu }} else {{ tanh; it -> {name} }}"]
        return [declared, *between, *used]

    def _inside(self, head: str, depth: int, numbers: list[str]) -> list[str]:
        held = self._numbers, self._lists, self._maps
        self._numbers, self._lists, self._maps = [*held[0], *numbers], [*held[1]], [*held[2]]
        lines = self.body(depth + 1, self._rng.randint(1, 2))
        self._numbers, self._lists, self._maps = held
        return [f"{head} {{", *(f"    {line}" for line in lines), "}"]

    def _loop(self, depth: int) -> list[str]:
        targets, source, numbers = self._targets()
        return self._inside(f"for {targets} in {source}", depth, numbers)

    def _repeat(self, depth: int) -> list[str]:
        return self._inside(f"repeat {self._rng.choice(['2', *self._numbers])}", depth, [])

    def _condition(self, depth: int) -> list[str]:
        rng = self._rng
        tests = ["flag", "not flag", f"{rng.choice(self._numbers)} > 1", f"{rng.choice(self._numbers)} == 2 or flag"]
        lines = self._inside(f"if {rng.choice(tests)}", depth, [])
        if rng.random() < 0.5:
            lines[-1:] = self._inside("} else", depth, [])
        return lines

    def _braces(self, depth: int) -> list[str]:
        """Lines in braces that are one stage."""
        lines = self._inside(f"{self._value()} ->", depth, [])
        lines[-1] += self._rng.choice(["", " -> relu", f" -> {self._stages()}"])
        return lines

    def _choice(self, depth: int) -> list[str]:
        """One of two ways in braces that is a stage."""
        test = self._rng.choice(["flag", f"{self._rng.choice(self._numbers)} > 1"])
        lines = self._inside(f"it -> if {test}", depth, [])
        if self._rng.random() < 0.5:
            lines[-1:] = self._inside("} else", depth, [])
        return lines

    def _grown(self, _: int) -> list[str]:
        name = self._name("g")
        targets, source, numbers = self._targets()
        first = self._rng.choice(["", "it"])
        held = self._numbers
        self._numbers = [*held, *numbers]
        more = f"{name} + [{self._value()} -> {self._stages()}]"
        self._numbers = held
        turn = f"{name} = {more}"
        if self._rng.random() < 0.3:
            test = self._rng.choice(["flag", f"{self._rng.choice(numbers)} > 1"])
            other = self._rng.choice(["", f" else {{ {name} = [it] + {name} }}"])
            turn = f"if {test} {{ {turn} }}{other}"
        lines = [f"{name} = [{first}]", f"for {targets} in {source} {{ {turn} }}"]
        if self._rng.random() < 0.2:
            lines.append(f"if flag {{ {name} = {name} + [it] }}")
        if self._rng.random() < 0.3:
            each = self._rng.choice(["x", self._name("v")])
            lines.append(self._rng.choice([
                f"for {each} in {name} {{ concat(it, {each}) -> {self._stages()} }}",
                f"{name} = [{each} -> {self._stages()} for {each} in {name}]",
                f"{name} = {name} + [{each} -> conv({each}.channels + 1, 1) for {each} in {name}]",
            ]))  # fmt: skip
        return [
            *lines,
            f"concat({name} + [it, it])" + self._rng.choice(["", " -> relu", f" -> conv(len({name}) + 1, 1)"]),
        ]

    def _listed(self, _: int) -> list[str]:
        """Layers of a list, each applied."""
        name, each = self._name("c"), self._name("c")
        targets, source, numbers = self._targets()
        held = self._numbers
        self._numbers = [*held, *numbers]
        made = f"{{ {self._stages()} }}"
        self._numbers = held
        declared = f"{name} = [{made} for {targets} in {source}]"
        return [declared, self._rng.choice([
            f"for {each} in {name} {{ it -> {each} }}",
            f"concat([it] + [it -> {each} for {each} in {name}])",
            f"for [{each}, {each}n] in zip({name}, {source}) {{ it -> {each} -> relu }}"
            if not source.startswith(("[[", "enumerate", "zip"))
            else f"for {each} in {name} {{ it -> {each} }}",
        ])]  # fmt: skip


INNER = """\
block Inner(channels, size) {
    conv(channels, 2 * size - 1, padding=size - 1)
    if size > 1 { it + (it -> relu -> conv(it.channels, 1)) }
}
block Both(channels) {
    output [v -> conv(channels + i, 1) for [i, v] in enumerate(input)]
}
block Deep(channels, depth) {
    conv(channels, 1) -> relu
    if depth > 1 { it + (it -> Deep(channels, depth - 1)) }
}
sequence Row(channels, act = tanh) {
    conv(channels, 3, padding=1) -> batchnorm
    if channels > 1 { act }
}
block Two(channels) {
    a = it -> conv(channels, 1)
    output a, it -> tanh
}"""
HEAD = (
    'width, count, sizes, flag = false, act = relu, unit = conv(kernel=1), acts = [relu, tanh], rate = 0.5, mode = "a"'
)
USES = (
    "2, 2, [1, 2], true",
    "3, 1, [2], false, tanh",
    "1, 2, [1, 1, 2]",
    "2, 3, [2, 1]",
    "1, 1, [3], unit=conv(kernel=3, padding=1), acts=[sigmoid]",
    'count=2, width=2, sizes=[1], rate=1.5, mode="b"',
    "2, 2, [2], acts=[relu, dropout(0.1), tanh], unit=Row",
)
LIKELY = ["x", "out", "conv1", "conv2", "relu1", "in_channels", "channels", "x_channels", "x_before", "values", "each",
          "turn", "a", "first", "out_channels", "module", "self", "torch", "nn", "i", "layer", "k", "block1", "inner1",
          "list", "x_", "it_channels", "height", "zip", "len", "tensor", "conv3", "kept", "shortcut", "out2",
          "in_features", "part1", "stage", "layers", "parts", "conv", "tanh1", "g1_channels"]  # fmt: skip
"""Names that a generated class may use, or that people give."""
_NO_PARAMETERS = {"self", "torch", "nn", "list", "zip", "len", "conv"}


def program(seed: int) -> str:
    """Blocks, and a network that uses the last of them with several arguments."""
    return accepted(_blocks_and_network, seed)


def network(seed: int) -> str:
    """The lines of such a block as those of a network, with parameters that have defaults."""
    return accepted(_network, seed)


def accepted(draw: Callable[[Random], str], seed: int) -> str:
    """The first text drawn that has a class, and is no giant: channels may double from turn to turn."""
    rng = Random(seed)  # noqa: S311 - cases for tests are no secrets
    while True:
        text = draw(rng)
        compilation = cnndsl.compile(text)
        program = compilation.program
        if program is None or costs.of(program, program.network().id).parameters > MOST_PARAMETERS:
            continue
        with suppress(cnndsl.CompilationError):
            compilation.python()
            return text


def _blocks_and_network(rng: Random) -> str:
    blocks, made = [INNER], []
    if rng.random() < 0.4:
        made = ["Part"]
        blocks.append(_block(rng, "Part", ["input"], 1, ()))
    if rng.random() < 0.2:
        blocks.append(_block(rng, "Pair", ["a", "b"], 2, made))
        through = "    v = it -> conv(2, 3, padding=1)\n"
        uses = [f"    Pair(it, v, {use})" for use in rng.sample(USES, rng.randint(1, 3))]
    else:
        blocks.append(_block(rng, "Block", ["input"], rng.randint(1, 3), made))
        through = ""
        uses = [f"    Block({use})" for use in rng.sample(USES, rng.randint(1, 3))]
    text = "\n".join([*blocks, "network Net {", "    input(2, 6, 6)", through + "\n".join(uses), "}\n"])
    return renamed(rng, text)


def renamed(rng: Random, text: str) -> str:
    """The same with some parameters called what a part or a variable of the class may be called."""
    words = set(re.findall(r"\w+", text))
    free = [word for word in LIKELY if word not in words | _NO_PARAMETERS]
    for parameter in ("width", "count", "sizes", "flag"):
        if rng.random() < 0.1:
            text = re.sub(rf"\b{parameter}\b", free.pop(rng.randrange(len(free))), text)
    return text


def _block(rng: Random, name: str, entries: list[str], count: int, blocks: Sequence[str]) -> str:
    lines = Writer(rng, entries, blocks).body(0, count)
    if len(entries) > 1:
        lines.insert(0, f"concat({', '.join(entries)})")
    inside = "\n".join(f"    {line}" for line in lines)
    given = "" if len(entries) == 1 else f"{', '.join(entries)}, "
    return f"block {name}({given}{HEAD}) {{\n{inside}\n}}"


def _network(rng: Random) -> str:
    entries = ["a", "b"] if rng.random() < 0.2 else ["input"]
    writer = Writer(rng, entries)
    lines = writer.body(0, rng.randint(1, 3))
    in_training = rng.random() < 0.2
    if in_training:
        lines += [*writer.in_training(), *writer.body(1, rng.randint(0, 2))]
    inputs = ["input(2, 6, 6)"] if len(entries) == 1 else ["a = input(2, 6, 6)", "b = input(1, 6, 6)", "concat(a, b)"]
    ends = rng.choice(
        [[], [], [], [f"output it, {entries[-1]}"], ["output main = it, early = (it -> tanh) when training"]]
    )
    if in_training:
        ends = ["output it, late when training"]
    inside = "\n".join(f"    {line}" for line in [*inputs, *lines, *ends])
    head = "network Net(width = 2, count = 2, sizes = [1, 2], flag = true, act = relu, "
    head += 'unit = conv(kernel=1), acts = [relu, tanh], rate = 0.5, mode = "a")'
    return renamed(rng, f"{INNER}\n{head} {{\n{inside}\n}}\n")
