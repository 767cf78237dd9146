"""Random programs as text: chains, branches, shared layers, blocks with parameters, loops, several inputs and outputs.

A program grows line by line. What is drawn fits the sizes that the lines before give, so that the compiler should
take it; where it does not, that is a finding.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from random import Random

import cnndsl
from cnndsl.layers.registry import KINDS
from cnndsl.report.text import render
from cnndsl.symbolic.number import value_of
from tests.layers.written import written
from tests.oracle.blocks import Definition, define
from tests.oracle.layers import Shape, draw

PARAMETERS = {
    "classes": "5", "wide": "2", "deep": "true", "rate": "0.2", "widths": "[3, 4]", "plan": "[[3, 1], [4, 3]]",
    "act": "relu", "between": "batchnorm", "area": "16",
}  # fmt: skip
"""What a network may take, with the defaults; those that it reads."""


class Refused(AssertionError):  # noqa: N818 - a finding
    """A program that the compiler should take, and does not."""


@dataclass
class Draft:
    """A program in the making: its definitions and lines, named values with their sizes, and the current size."""

    rng: Random
    definitions: list[Definition] = field(default_factory=list)
    inputs: dict[str, Shape] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    values: dict[str, Shape] = field(default_factory=dict)
    shape: Shape = ()
    output: str = ""
    names: int = 0
    used: Counter[str] = field(default_factory=Counter)

    def name(self, stem: str) -> str:
        """A name that nothing has yet."""
        self.names += 1
        return f"{stem}{self.names}"

    def text(self, *more: str) -> str:
        """The program so far, with more lines."""
        return self.blocks + self.network("Net", {name: written(x)[1:-1] for name, x in self.inputs.items()}, *more)

    @property
    def blocks(self) -> str:
        """Its definitions."""
        return "".join(f"{definition.text.strip()}\n\n" for definition in self.definitions)

    def network(self, name: str, sizes: dict[str, str], *more: str) -> str:
        """Its network under a name and with the sizes of its inputs as they are written, with more lines."""
        inputs = [f"{f'{word} = ' if len(sizes) > 1 else ''}input({size})" for word, size in sizes.items()]
        body = [*inputs, *self.lines, *more, *([self.output] if self.output else [])]
        lines = "".join(f"    {line}\n" for line in body)
        read = [f"{word} = {value}" for word, value in PARAMETERS.items() if re.search(rf"\b{word}\b", lines)]
        takes = f"({', '.join(read)})" if read else ""
        return f"network {name}{takes} {{\n{lines}}}\n"

    def shape_after(self, *more: str) -> Shape:
        """The shape of the last value with more lines. Raises Refused where the compiler does not take them."""
        text = self.text(*more)
        compilation = cnndsl.compile(text)
        if compilation.program is None:
            raise Refused("\n" + render(compilation.diagnostics))
        (shape,) = compilation.program.network().output_shapes
        return tuple(value_of(dim) for dim in shape)

    def add(self, *lines: str) -> None:
        """Add lines that go on with the current value."""
        self.lines += lines
        self.shape = self.shape_after()

    def bind(self, line: str, *names: str) -> None:
        """Add a line that names values; the current one stays."""
        self.lines.append(line)
        self.values |= {name: self.shape_after(name) for name in names}

    def chain(self, length: int, start: Shape | None = None) -> str:
        """Layers in a row that take the current value, or one of the shape `start`."""
        shape = self.shape if start is None else start
        words = []
        for _ in range(length):
            kind, text, shape = draw(self.rng, shape)
            self.used[kind] += 1
            has_name = KINDS[kind].module and self.rng.random() < 0.1
            words.append(f"{self.name('part')}: {text}" if has_name else text)
        return " -> ".join(words)

    @property
    def is_map(self) -> bool:
        """Whether the current value has spatial axes, and few enough."""
        return len(self.shape) in (2, 3, 4)

    def alike(self) -> list[str]:
        """The values that have the current size but for the channels."""
        return [name for name, x in self.values.items() if len(x) == len(self.shape) and x[1:] == self.shape[1:]]

    def same(self) -> str:
        """Layers that keep the current size."""
        channels = self.shape[0]
        if not self.is_map:
            return f"linear({channels})" if len(self.shape) == 1 else "relu"
        return self.rng.choice(
            [
                f"conv({channels}, 3, padding=1)", f"conv({channels}, 1) -> relu", "batchnorm -> silu",
                f'conv({channels}, [{", ".join("3" for _ in self.shape[1:])}], padding="same") -> relu',
                "maxpool(3, 1, 1)", f"conv({channels}, 3, dilation=2, padding=2, groups={channels})",
            ]
        )  # fmt: skip

    def beside(self) -> str:
        """Layers that keep all sizes but the channels."""
        return f"conv({self.rng.randint(1, 5)}, {self.rng.choice(['1', '3, padding=1', '5, padding=2'])})"


# Lines


def layers(draft: Draft) -> None:
    draft.add(draft.chain(draft.rng.randint(1, 3)))


def brace(draft: Draft) -> None:
    inside = draft.same()
    name = draft.name("stage")
    draft.add(draft.rng.choice([f"{name}: {{ {inside} }}", f"{{ {inside} -> relu }}", f"{name}: {{ relu; {inside} }}"]))


def shared(draft: Draft) -> None:
    name = draft.name("shared")
    keeping = [d.name for d in draft.definitions if draft.is_map and d.name.startswith(("Norm", "Residual", "Shared"))]
    layers = [draft.same(), f"{{ {draft.same()} -> relu }}", *(f"{other}({draft.shape[0]})" for other in keeping)]
    uses = [f"{name} -> {name}", f"{name} -> relu -> {name}", f"it + (it -> {name}) -> {name}"]
    if draft.is_map and min(draft.shape[1:]) > 1:
        uses.append(f"{name} -> maxpool(2) -> {name}")
    draft.add(f"{name} = {draft.rng.choice(layers)}", draft.rng.choice(uses))


def times(draft: Draft) -> None:
    inside = draft.same()
    draft.add(f"{inside} * {draft.rng.randint(1, 3)}" if "->" not in inside else f"{{ {inside} }} * 2")


def pieces(draft: Draft) -> None:
    """A chain with a name, of which some layers are applied by themselves."""
    rng = draft.rng
    name, value = draft.name("chain"), draft.name("tap")
    stages = [*draft.same().split(" -> "), *draft.same().split(" -> ")]
    lines = " -> ".join([*stages[:-1], rng.choice([stages[-1], f"last: {stages[-1]}", "{ relu -> tanh }"])])
    count = len(stages)
    if rng.random() < 0.3:
        lines, count = f"repeat 2 {{ {' -> '.join(stages)} }}", 2 * count
    cut = rng.randint(1, count - 1)
    draft.lines.append(f"{name} = {{ {lines} }}")
    draft.add(f"{name}[:{rng.choice([cut, cut - count])}] as {value}")
    draft.values[value] = draft.shape
    rest = f"relu -> {name}[{cut}] -> {name}[{cut + 1}:]" if cut + 1 < count else f"{name}[-1]"
    ways = [f"{name}[{cut}:]", f"it -> {name}[{cut - count}:]", rest, name, f"it * (it -> {name}[0])"]
    draft.add(rng.choice([*ways, f"it + ({value} -> {name}[{cut}:{cut + 1}])"]))


def residual(draft: Draft) -> None:
    branch = f"(it -> {draft.same()})"
    sums = [f"it + {branch}", f"{branch} * it -> relu", f"0.5 * {branch} - it", f"it / (1 + {branch} * {branch})"]
    draft.add(draft.rng.choice(sums))


def arithmetic(draft: Draft) -> None:
    plain = ["2 * it", "it / 4", "1 - it", "it + it", "it * it", "it - 0.5", "2 / (1 + it * it)", "-it"]
    functions = [
        "it ** 2", "sqrt(abs(it) + 1)", "rsqrt(1 + it ** 2)", "it * reciprocal(1 + abs(it))", "exp(-abs(it))",
        "log(1 + abs(it))", "it * sign(it + 0.1)", "clamp(it, -1, 1)", "clamp(it, max=0.5)", "(abs(it) + 1) ** rate",
        "minimum(it, 0.5)", "maximum(-0.5, it)", "maximum(it, -it)", "neg(it)", "clamp(it, 0 - rate, wide)",
    ]  # fmt: skip
    draft.add(draft.rng.choice(draft.rng.choice([plain, functions])))


def arranged(draft: Draft) -> None:
    """Axes that are added, taken away, turned and cut."""
    rng, rank = draft.rng, len(draft.shape)
    axis, other = rng.randint(1, rank), rng.choice([rng.randint(1, rank), -1])
    size = draft.shape[axis - 1]
    first = rng.randrange(size)
    lines = [
        f"it + flip(it, {rng.choice([axis, [axis]])})", f"roll(it, {rng.choice([1, -2, 'wide'])}, {axis})",
        f"roll(it, [1, {rng.choice(['-1', 'wide'])}], [{axis}, {rng.choice([axis, rank])}])",
        f"narrow(it, {axis}, {first}, {rng.randint(1, size - first)})", f"transpose(it, {axis}, {other})",
        f"squeeze(unsqueeze(it, {axis}), {axis}) -> relu",
        f"mean(stack(it, 2 * it, it -> relu, axis={axis}), axis={axis})",
        f"unsqueeze(it, {axis}) -> flatten({min(axis, rank)}, {min(axis + 1, rank + 1)})",
    ]  # fmt: skip
    if rank > 1:
        place = rng.choice([first, first - size])
        repeated = [-1 if at != axis else size for at in range(1, rank + 1)]
        lines += [
            f"select(it, {axis}, {place})", f"it + unsqueeze(select(it, {axis}, {place}), {axis})",
            f"it * expand(narrow(it, {axis}, {first}, 1), {repeated})",
        ]  # fmt: skip
    if rank > 1 and first + 2 <= size:  # how many values come out may depend on no parameter
        a, b = draft.name("part"), draft.name("part")
        draft.bind(f"{a}, {b} = unbind(narrow(it, {axis}, {first}, 2), {axis})", a, b)
        lines.append(f"stack({b}, {a}, axis={axis})")
    if size % 2 == 0:
        a, b = draft.name("half"), draft.name("half")
        draft.bind(f"{a}, {b} = chunk(it, 2, axis={axis})", a, b)
        lines.append(f"{a} * sigmoid({b})")
    draft.add(rng.choice(lines))


def indexed(draft: Draft) -> None:
    """Places of a value in square brackets, some by a parameter; and tensors without a batch that are repeated."""
    rng, shape = draft.rng, draft.shape
    axis = rng.randrange(len(shape))
    size = shape[axis]
    first = rng.randrange(size)
    step = rng.randint(1, 3)
    cut = rng.choice([
        f"{first}:", f"{first - size}:", f":{first + 1}", f"::{step}", f"{first}::{step}", f"{first}:{size}",
        f"{first - size}:{size}:{step}", f"wide % {size}:", f"wide % {size} - {size}:", f":wide % {size} + 1",
        f"::wide % {size} + 1",
    ])  # fmt: skip
    before, behind = [":"] * axis, [":"] * (len(shape) - axis - 1)
    other = rng.choice([":", "::2", ":1", "-1:"])
    if behind and rng.random() < 0.5:
        behind[-1] = other

    def written(place: str) -> str:
        """The place along the axis; the axes before it or behind it may be told by dots, or left out."""
        sides = [", ".join([":", *before, place, *behind]), ", ".join(["...", place, *behind])]
        sides += [", ".join([":", *before, place, *behind[-1:], "..."])] if len(behind) < 2 else []
        return f"[{rng.choice(sides)}]"

    lines = [f"it{written(cut)}", f"mean(it{written(cut)}, axis={axis + 1}, keepdim=true) * it{written('-1:')}"]
    if len(shape) > 1:
        lines += [f"it{written(rng.choice([str(first), str(first - size), f'wide % {size}']))}"]
    token = draft.name("token")
    apart = [1 if at == axis else dim for at, dim in enumerate(shape)]
    sizes = [dim if at == axis else rng.choice([-1, dim]) for at, dim in enumerate(shape)]
    more = rng.choice(["", "1, "])
    draft.lines.append(f"{token} = parameter([{more}{', '.join(map(str, apart))}], init=0.5)")
    lines += [f"it + expand({token}, {sizes})", f"concat(it, expand({token}, {sizes}), axis={axis + 1})"]
    row = f"{token}[{'0, ' if more else ''}..., {rng.choice([':1', '-1:', '::2'])}]"
    lines += [f"it[..., :1] * {row}"]
    draft.add(rng.choice(lines))


def products(draft: Draft) -> None:
    """Products of matrices, in which the last two axes of a value lie, and attention."""
    rng, rank = draft.rng, len(draft.shape)
    if rank == 1:
        weight = draft.name("matrix")
        draft.lines.append(f"{weight} = parameter([{draft.shape[0]}, {rng.randint(1, 6)}], init=normal(0, 0.3))")
        draft.add(f"it @ {weight}")
        return
    order = [*range(rank - 1), rank, rank - 1]
    turned = rng.choice([f"(it -> permute({order}))", f"permute(it, {order})"])
    weight = draft.name("matrix")
    if rng.random() < 0.3:
        draft.lines.append(f"{weight} = parameter([{draft.shape[-1]}, {rng.randint(1, 6)}], init=normal(0, 0.3))")
        draft.add(f"matmul(it, {weight})")
    elif rng.random() < 0.5:
        draft.add(
            rng.choice([f"softmax(it @ {turned}, axis=-1) @ it", f"matmul(it, {turned})", f"{turned} @ tanh(it)"])
        )
    else:
        causal = rng.choice(["", ", causal=true", ", causal=deep"])
        draft.add(f"attention(it, it -> {'relu' if rank > 2 else 'tanh'}, 2 * it{causal})")


def branches(draft: Draft) -> None:
    if draft.is_map:
        parts = [f"it -> {draft.beside()}" for _ in range(draft.rng.randint(1, 3))]
        draft.add(f"concat({', '.join(draft.rng.choice([parts, [*parts, 'it']]))})")


def gate(draft: Draft) -> None:
    if draft.is_map:
        channels = draft.rng.choice([1, draft.shape[0]])
        draft.add(f"it * (it -> global_avgpool -> conv({channels}, 1) -> sigmoid)")


def split(draft: Draft) -> None:
    if draft.shape[0] > 1 and draft.rng.random() < 0.5:
        a, b = draft.name("piece"), draft.name("piece")
        first = draft.rng.randint(1, draft.shape[0] - 1)
        draft.bind(f"{a}, {b} = split(it, [{first}, {draft.shape[0] - first}])", a, b)
        draft.add(draft.rng.choice([f"concat({b}, {a})", b, f"concat({b}, it)"]))
    elif draft.shape[0] % 2 == 0:
        a, b = draft.name("half"), draft.name("half")
        draft.bind(f"{a}, {b} = split(it, 2)", a, b)
        draft.add(draft.rng.choice([f"concat({b}, {a})", f"{a} * {b}", f"concat({a} -> relu, {b}, {a})"]))


def reduce(draft: Draft) -> None:
    axis = draft.rng.randint(1, len(draft.shape))
    word = draft.rng.choice(["mean", "max", "sum", "min", "norm", "var", "std", "cumsum", "normalize"])
    spread = ", correction=0" if word in ("var", "std") else draft.rng.choice(["", ", p=3"]) if word == "norm" else ""
    value = "(it + 0.1 * tanh(it) + 1)" if word in ("norm", "std") else "it"  # no root of 0, whose gradient is infinite
    if word in ("cumsum", "normalize"):
        draft.add(f"{word}(it, axis={axis})")
        return
    axes = draft.rng.choice([axis, [axis], sorted({axis, len(draft.shape)})])
    draft.add(draft.rng.choice(["it - ", ""]) + f"{word}({value}, axis={axes}, keepdim=true{spread})")


def name_value(draft: Draft) -> None:
    name = draft.name("value")
    draft.bind(f"{name} = it -> {draft.chain(draft.rng.randint(1, 2))}", name)


def name_on_the_way(draft: Draft) -> None:
    name = draft.name("value") if not draft.values or draft.rng.random() < 0.8 else draft.rng.choice([*draft.values])
    draft.used["as"] += 1
    draft.add(f"{draft.chain(draft.rng.randint(1, 2))} as {name}")
    draft.values[name] = draft.shape


def go_back(draft: Draft) -> None:
    if draft.values:
        draft.add(draft.rng.choice(list(draft.values)))


def combine(draft: Draft) -> None:
    equal = [name for name in draft.alike() if draft.values[name] == draft.shape]
    if equal:
        draft.add(f"it {draft.rng.choice('+-*')} {draft.rng.choice(equal)}")
    elif draft.alike():
        draft.add(f"concat(it, {draft.rng.choice(draft.alike())})")


def several(draft: Draft) -> None:
    """Layers that are applied to several values."""
    rng, shape = draft.rng, draft.shape
    if len(shape) == 2 and rng.random() < 0.7:
        known = [name for name, x in draft.values.items() if len(x) == 2]
        width = f" -> linear({rng.randint(1, 9)}, axis=-1)"
        keys, values = draft.name("keys"), draft.name("rows")
        draft.bind(f"{keys} = {rng.choice([*known, 'it'])} -> tanh{rng.choice(['', width])}", keys)
        draft.bind(f"{values} = {keys}{rng.choice([' -> sigmoid', width])}", values)
        heads = rng.choice([d for d in range(1, shape[1] + 1) if shape[1] % d == 0])
        given = rng.choice(
            [f"it, {keys}, {values}", f"it, it, it -> linear({shape[1]}, axis=-1)", f"it, {keys}, {keys}"]
        )
        draft.add(f"[{given}] -> multihead_attention({heads}{rng.choice(['', ', bias=false'])})")
    elif shape[-1] <= 32:
        other = rng.choice([name for name, x in draft.values.items() if x[:-1] == shape[:-1] and x[-1] <= 32] or ["it"])
        draft.add(f"[it, {other} -> tanh] -> bilinear({rng.randint(1, 6)}{rng.choice(['', ', bias=false'])})")


def alike(draft: Draft) -> None:
    others = [name for name, x in draft.values.items() if len(x) == len(draft.shape) and x[1:] != draft.shape[1:]]
    if draft.is_map and others:
        soft = {2: "linear", 3: "bilinear", 4: "trilinear"}[len(draft.shape)]
        modes = ["", ', mode="area"', f', mode="{soft}"', f', mode="{soft}", align_corners=true']
        resized = f"upsample({draft.rng.choice(others)}, like=it{draft.rng.choice(modes)})"
        larger = [
            each for each in others if all(a >= b for a, b in zip(draft.values[each][1:], draft.shape[1:], strict=True))
        ]
        if larger and draft.rng.random() < 0.3:
            other = draft.rng.choice(larger)
            resized = f"crop({other}, like=it)"
            if draft.rng.random() < 0.4:
                resized = f"crop(unflatten({other} -> flatten(2) -> tanh, like={other}), like=it)"
        draft.add(draft.rng.choice([f"concat(it, {resized})", f"{resized} -> relu"]))


def loops(draft: Draft) -> None:
    if not draft.is_map:
        draft.add(f"repeat wide {{ {draft.same()} }}")
        return
    same = draft.same()
    draft.add(
        draft.rng.choice(
            [
                "for i in range(3) { conv(2 + i, 3, padding=1) -> relu }",
                "repeat wide { conv(3, 1) -> batchnorm -> relu }",
                'for i in range(wide) { "loop' + draft.name("") + '-{i}": conv(4, 1); relu }',
                "if deep { conv(4, 3, padding=1) } else { conv(5, 1) }",
                "if wide > 2 { conv(4, 3, padding=1) }; relu",
                "for [c, k] in [[3, 1], [4, 3]] { conv(c, k, padding = k // 2) -> relu }",
                "repeat 2 { it + (it -> conv(it.channels, 1)) }",
                "conv(4 if deep else 2, 1)",
                "for c in widths { conv(c, 3, padding=1) -> act }",
                "for [c, k] in plan { conv(c, k, padding = k // 2) -> between -> act }",
                "conv(sum(widths), 1) -> between -> dropout(rate)",
                "conv(len(plan) * wide, 1) -> leaky_relu(rate) -> act",
                "for [i, c] in enumerate(widths) { if i > 0 and rate < 0.3 { between }; conv(wide * c, 1) }",
                "if deep and wide > 1 { conv(widths[-1], 1) -> act } else { between }",
                "wide * it -> conv(it.channels + wide, 1) -> { between; act }",
                f"{draft.name('half')} = conv(kernel=1, bias=deep); half{draft.names}(4) -> act; half{draft.names}(3)",
                f'{draft.name("pool")} = maxpool(stride=1); pool{draft.names}(1); "key{draft.names}": conv(3, 1)',
                "conv(int(sqrt(area)), 1) -> dropout(log10(area) / 20)",
                "conv(int(log2(area)) + int(exp(0.5)) + int(log(area)), 1)",
                "for c in reversed(sorted(widths)) { conv(c, 1) -> act }",
                "for c in unique([w // 2 for w in widths]) { conv(c + 1, 1) -> act }",
                "if any([c > 3 for c in widths]) and not all([c > 3 for c in widths]) { conv(2, 1) } else { act }",
                f"{draft.name('row')} = [conv(c, 1) for c in widths]; for c in row{draft.names} {{ it -> c -> act }}",
                f"{draft.name('pair')} = [{same}, identity, relu]; pair{draft.names}[0] -> pair{draft.names}[2] -> act",
                "[it -> conv(2, 1), it -> conv(wide, 3, padding=1)]; [it[1], it[0] -> act]; concat(it)",
                "sum([it -> conv(wide, 1) for c in widths]) -> act",
                f"{draft.name('runs')}: {{ for c in widths {{ conv(c, 1); act }} }}",
            ]
        )
    )


def block(draft: Draft) -> None:
    fitting = [definition for definition in draft.definitions if definition.fits(draft.shape)]
    if not fitting:
        return
    definition = draft.rng.choice(fitting)
    arguments = definition.arguments(draft.rng, draft.shape)
    if draft.rng.random() < 0.5:  # what the network takes reaches the block
        arguments = re.sub(r"^(\d+)", lambda found: f"wide + {int(found[1]) - 2}", arguments)
        arguments = re.sub(r"\bact=sigmoid\b", "act=act", arguments)
    if definition.others:
        arguments += f", other={draft.rng.choice([*draft.alike(), 'it'])}"
    draft.used["block"] += 1
    draft.used[definition.name.rstrip("0123456789")] += 1
    if definition.outputs == 2:
        a, b = draft.name("first"), draft.name("second")
        draft.bind(f"{a}, {b} = it -> {definition.name}({arguments})", a, b)
        draft.add(f"concat({a}, {b})")
        return
    use = f"{definition.name}({arguments})"
    if definition.plain and "stride" not in use:
        use = draft.rng.choice([use, use, f"{use} * 2", f"{draft.name('body')}: {use} * 2", f"{use} -> {use}"])
    labelled = "->" not in use and ":" not in use and draft.rng.random() < 0.3
    draft.add(f"{draft.name('body')}: {use}" if labelled else use)


def learned(draft: Draft) -> None:
    """A tensor without a batch: of any number of axes up to one more than a sample has, by itself and with another."""
    rng = draft.rng
    name, other = draft.name("scale"), draft.name("scale")
    init = rng.choice(["1", "0.1"])
    size = learned_size(draft)
    count = prod(int(each) for each in size[1:-1].split(", ") if each)
    numbers = [rng.choice([0.5, 1, -2, 0.1]) for _ in range(count)]
    tensors = [f"parameter({size}, init={init})", f"constant({numbers}, {size})"]
    if size == f"[{count}]":
        tensors += [f"constant({numbers})", f"constant([rate * i for i in {numbers}], persistent=false)"]
    draft.lines += [f"{name} = {rng.choice(tensors)}"]
    draft.lines += [f"{other} = parameter({learned_size(draft)}, init={init})"]
    alone = rng.choice([
        name, f"({name} + {other})", f"({name} * {other} - {name})", f"sigmoid({name})", f"({other} -> tanh)",
        f"(2 * {name})", f"({name} -> {{ relu -> sigmoid }})", f"(({name} -> dropout(0.2)) * {other})",
    ])  # fmt: skip
    used = [f"it * {alone}", f"{alone} - it", f"it / (1 + {alone} * {alone})", f"{other} * (it + {alone})"]
    draft.add(rng.choice(used))


def learned_size(draft: Draft) -> str:
    """The size of a learned tensor that fits the current value."""
    rng = draft.rng
    axes = (1, *(rng.choice([1, dim]) if dim > 1 else rng.choice([1, 1, 3]) for dim in draft.shape))
    return written(axes[rng.randint(0, len(axes)) :])


LINES: dict[Callable[[Draft], None], int] = {
    layers: 10, brace: 2, shared: 2, times: 2, pieces: 2, residual: 3, arithmetic: 2, products: 1, several: 1,
    arranged: 2, branches: 3, gate: 1, split: 1, reduce: 1, name_value: 3, name_on_the_way: 2, go_back: 1, combine: 3,
    alike: 2, loops: 6, block: 9, learned: 3, indexed: 2,
}  # fmt: skip


def begin(draft: Draft) -> None:
    """The inputs: a picture as a rule, or a signal, a volume, features, the words of a text, or two of them."""
    rng = draft.rng
    if rng.random() < 0.15:
        draft.used["init"] += 1
        draft.lines.append(
            rng.choice(["init conv: weight = normal(0, 0.1), bias = zeros", "init linear: weight = ones"])
        )
    height, width = (rng.choice([8, 12, 16, rng.randint(5, 17)]) for _ in range(2))
    picture = (rng.randint(1, 4), height, width)
    kind = rng.choices(["picture", "signal", "volume", "features", "words", "two"], [12, 3, 2, 1, 1, 3])[0]
    draft.used[kind] += 1
    if kind == "two":
        draft.inputs = {"left": picture, "right": (rng.randint(1, 3), *picture[1:])}
        draft.lines.append("other = right -> conv(2, 3, padding=1)")
        draft.add(rng.choice(["concat(left, other)", "(left -> conv(2, 1)) + other"]))
        draft.values["other"] = (2, *picture[1:])
        return
    shapes: dict[str, Shape] = {
        "picture": picture, "signal": (rng.randint(1, 3), rng.randint(10, 40)), "volume": (rng.randint(1, 3), 6, 7, 5),
        "features": (rng.randint(4, 20),), "words": (rng.randint(6, 12),),
    }  # fmt: skip
    draft.inputs = {"input": shapes[kind]}
    draft.shape = shapes[kind]
    if kind == "words":
        draft.add(f"embedding(20, {rng.randint(2, 6)}) -> permute([0, 2, 1])")


def end(draft: Draft) -> None:
    """The head, a branch for training, and the outputs."""
    rng = draft.rng
    head = rng.choice(["linear(classes)", "global_avgpool -> linear(classes)", ""])
    if head and (draft.is_map or "global" not in head):
        draft.add(head)
    others = rng.sample(list(draft.values), min(len(draft.values), rng.choice([0, 0, 1, 2])))
    if rng.random() < 0.15:
        draft.used["when training"] += 1
        lines = rng.choice([[f"    aux = it -> {draft.chain(1)}"], [f"    {draft.chain(2)}", "    aux = it"]])
        draft.lines += ["when training {", *lines, "}"]
        draft.output = f"output {', '.join(['it', *others, 'aux when training'])}"
    elif others:
        draft.used["output"] += 1
        named = [f"{name} = {name}" for name in others]
        draft.output = f"output {rng.choice([', '.join(['it', *others]), ', '.join(['result = it', *named])])}"


@lru_cache(maxsize=256)
def generate(seed: int) -> Draft:
    """The random program with this number. Raises Refused, with the text, where the compiler does not take it."""
    draft = Draft(Random(seed))  # noqa: S311 - cases for tests are no secrets
    draft.definitions = define(draft.rng, draft.rng.randint(0, 4))
    try:
        begin(draft)
        for line in draft.rng.choices(list(LINES), list(LINES.values()), k=draft.rng.randint(2, 9)):
            before = len(draft.lines)
            line(draft)
            if len(draft.lines) > before:
                draft.used[line.__name__] += 1
        end(draft)
        cnndsl.compile(draft.text())
    except Refused as refused:
        raise Refused(f"{refused}\n{draft.text()}") from None
    return draft
