"""Random blocks and networks in the idioms of people: rows of plans, pyramids, lists of values, names from texts.

The lines of `nesting` are among them, with other maps, more tests, parts of lists to go through, parameters that follow
from others, blocks that are given values, layers from elsewhere, and variants.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from string import Template

from tests.oracle.nesting import DEEPEST, INNER, Writer, accepted, renamed

PARAMETERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "width": ("2", ("1", "3", "4")),
    "count": ("2", ("1", "3")),
    "sizes": ("[1, 2]", ("[2]", "[2, 1, 3]", "[3, 3]", "[1, 1, 2, 1]")),
    "flag": ("false", ("true",)),
    "act": ("relu", ("tanh", "leaky_relu(0.1)", "identity")),
    "unit": ("conv(kernel=1)", ("Row", "conv(kernel=3, padding=1)", "Inner(size=1)")),
    "acts": ("[relu, tanh]", ("[sigmoid]", "[relu, dropout(0.1), tanh]")),
    "rate": ("0.5", ("1.5", "0.25")),
    "mode": ('"a"', ('"b"',)),
    "plan": ("[[1, 2], [2, 1]]", ("[[2, 2]]", "[[1, 1], [3, 2], [2, 1]]")),
    "hidden": ("2 * width", ("3",)),
    "deep": ("count > 1", ("true", "false")),
    "steps": ("[width, count]", ("[2]", "[1, 3, 1]")),
    "norm": ("batchnorm", ("groupnorm(1)", "identity")),
    "part": ("Inner(size=1)", ("Deep(depth=1)", "Deep(depth=2)")),
    "words": ('["a", "b"]', ('["c"]', '["b", "c", "d"]')),
    "flags": ("[true, false]", ("[false]", "[true, true, false]")),
    "stride": ("1", ("2",)),
}
"""The parameters, of which a definition has those that it reads: the default, which may read others, and arguments."""

BLOCKS = f"""\
{INNER}
fine = [1, 2]
soft = leaky_relu(0.2)
extern Hardshrink(lambd = 0.5) from "torch.nn" (shape = same, parameters = 0)
sequence Tail(channels, depth = 2, act = relu, last = depth > 1) {{
    for i in range(depth) {{ conv(channels + i, 1) -> act }}
    if last {{ "out{{depth}}": conv(channels, 1) }}
}}
block Fuse(others, channels, keep = true) {{
    total = [input] + others
    sum([x -> conv(channels, 1) for x in total]) -> relu
    if keep {{ concat([it] + others[1:]) }}
}}
block Down(channels, stride = 2) {{
    a = it -> conv(channels, 3, stride, padding=1)
    output a, it -> maxpool(3, stride, 1)
}}
block Named(channels, extra = 0) {{
    y = it -> conv(channels + extra, 1)
    output low = y, high = (y -> relu), all = concat(y, it)
}}"""

NETWORKS = """\
network Back(width = 2, flag = false) {
    input(2, 6, 6)
    stem: conv(width, 3, padding=1) -> relu
    stage1: Inner(width + 1, 2)
    if flag { tanh }
    stage2: Row(width) -> stage3: conv(3, 1)
}
network Wide = Back(3)"""
"""Networks that are parts of others, which stand in a text that speaks of them."""

TESTS = (
    "flag", "deep", "not deep", "$turns > 1", "$turns in sizes", "$turns not in [1, 3]", 'mode == "a"',
    'mode in ["b", "c"]', "flag and deep", "flag or $turns == 2", "any([k > 2 for k in sizes])",
    "all([k < 3 for k in steps])", "flags[0]", "flags[-1] and not flag", "$turns % 2 == 0", "it.channels > 2",
    "len(sizes) > 1 and sizes[1] > 1",
)  # fmt: skip
NUMBERS = (
    "hidden", "len(sizes)", "max(sizes)", "sizes[0]", "sizes[-1]", "plan[0][0]", "plan[-1][1]", "len(plan)",
    "sum(steps)", "it.channels", "len(acts)", "min(width, 2)",
)  # fmt: skip
LISTS = (
    "steps", "[r[0] for r in plan]", "[a + b for [a, b] in plan]", "sizes[-1:]", "sizes[:1]", "(sizes + steps)",
    "unique(sizes)", "[width] * count", "sorted(sizes)", "fine", "fine + sizes",
)  # fmt: skip
TARGETS = (
    "$a in $list[1:]", "$a in $list[:-1]", "$a in $list[::2]", "$a in $list[-2:]", "$a in $list[:$turns]",
    "$a in $list[$turns - 1:]", "$a in $list[-$turns:]", "$a in range($turns, 0, -1)", "$a in range(1, $turns + 1, 2)",
    "$a in [k for k in $list if k > 1]", "$a in [k + i for [i, k] in enumerate($list) if i % 2 == 0]",
    "[$a, $b] in zip(sizes[:-1], sizes[1:])", "[$a, $b] in zip(steps[:-1], [k + 1 for k in steps[1:]])",
    "[$a, $b] in enumerate($list[1:], 1)", "[$a, $b] in zip(range(1, len($list) + 1), $list)",
    "[$a, $b] in plan", "[$a, $b] in reversed(plan)", "[$a, $b] in plan[1:] + plan[:1]",
    "[i, [$a, $b]] in enumerate(plan)", "[[$a, _], $b] in zip(plan, [sum(r) for r in plan])",
    "[$a, _] in zip($list, flags)", "[$a, _] in zip($list, acts)",
)  # fmt: skip
"""What loops go through; the names are numbers from 1 on."""

ANYWHERE: dict[str, tuple[str, ...]] = {
    "an assertion": (
        "assert it.rank == input.rank", "assert width >= 1", "assert it.channels >= 1 and count > 0",
        "assert parameters >= 0", 'assert len(sizes) > 0, "there are sizes"',
    ),
    "values given to a block": (
        "Fuse([it, $value], $number)", "Fuse([$value], $number, false)", "Fuse($values + [it], $number, keep=flag)",
    ),
    "two sizes of a map": (
        "$x, $y = it -> Down($number, 1); $x + ($y -> conv($x.channels, 1))",
        "Down($number) as $x, $y; concat($x, $y) -> upsample(scale=2)",
        "Down($number, stride) as $x, $y; upsample(concat($x, $y), like=$entry)",
        "conv($number, 3, stride=stride, padding=1) -> upsample(like=$entry)",
        "$x = it -> maxpool(2) -> conv($number, 1); concat(it, upsample($x, like=it))",
        "if stride > 1 { maxpool(2) -> $stages -> upsample(scale=2) }",
    ),
    "rows of a plan": (
        "for $x in plan { conv($x[0], 1); repeat $x[1] { $stages } }",
        "for $x in plan { for $y in $x { conv($y, 1) -> act } }",
        "concat([it] + [it -> conv($x[-1], 1) for $x in plan if $x[0] > 1])",
        "concat([concat([it -> conv($x, 1) for $x in $y]) -> relu for $y in plan])",
        "conv(sum([$x[0] for $x in plan]), 1)",
        "for [$x, $y] in zip(plan[:-1], plan[1:]) { conv($x[0] + $y[1], 1) -> $more }",
        "for [$x, $y] in enumerate(plan) { if $x < len(plan) - 1 { conv($y[0], 1) -> act } else { conv($y[1], 1) } }",
        "Row(plan[0][1]); Row(plan[-1][-1]); Row(plan[len(plan) - 1][0])",
    ),
    "a function": (
        "$x = $value -> conv(2 * $number, 1); $y, $z = chunk($x, 2); $y * sigmoid($z)",
        "mean(stack(it, it -> tanh, axis=2), axis=2)", "concat([unsqueeze($x, 1) for $x in unbind(it, 1)])",
        "clamp(it, -$number, rate)", "sqrt(abs(it) + rate)", "exp(-it * it) -> $more", "flip(it, 2) + it",
        "roll(it, $number, 2)", "narrow(it, 1, 0, 1) * it", "normalize(it, axis=1) * $number", "cumsum(it, axis=2)",
        "$x = flatten(it, 2); unflatten($x @ softmax(transpose($x, 1, 2) @ $x, axis=-1), like=it)",
        "pad(1) -> $stages -> crop(1)", "crop(pad(it, $number), like=it) -> $stages", "it ** 2 / $number",
    ),
    "a layer by other arguments": (
        "conv_transpose($number, 2, 2) -> maxpool(2)", 'conv($number, 3, padding="same", bias=flag)',
        "conv($number * it.channels, 3, padding=1, groups=it.channels)",
        'conv($number, 3, padding=1, padding_mode="reflect" if flag else "zeros")',
        "conv($number, 1, weight_init=normal(0, rate), bias_init=constant(rate))", "conv(1, 1, bias=[rate])",
        'layernorm(axis="channels")', "prelu", "groupnorm(it.channels)", "dropout_channels(rate) -> soft",
        "linear($number, axis=-1) -> linear(6, axis=-1)", "soft -> $stages",
        "upsample(avgpool(it, 3, $number, 1), like=it)",
    ),
    "a learned tensor of a turn": (
        "for $y in range($number) { it * parameter([it.channels$ones], init=1) }",
        "for $y in $list { conv($y, 1); it + parameter([$y$ones], init=rate) -> $more }",
        "if $test { it * parameter([it.channels$ones], init=1) } else { it + parameter([]) }",
        "concat([it] + [it * parameter([], init=$turns) for $y in $list])",
    ),
    "as many turns as a calculation says": (
        "repeat $turns - 1 { $stages }", "repeat len($list) { $stages }", "repeat sum($list) // 2 { relu }",
        "repeat 2 * $number - 1 { conv(2, 1) -> $more }",
        "repeat max($turns - 2, 0) { $x = it; $stages; concat(it, $x) }",
    ),
    "a choice": (
        "$x = $number if $test else $number; conv($x, 1)",
        "($stages if $test else identity) -> $more",
        "($stages if $test else act) -> $more",
        "conv($number if $test else $number, 1, bias=$test)",
        "conv($number, 1, bias=false) -> norm -> act",
        "part($number) -> act",
        "concat([it] + ([it -> conv($number, 1)] if $test else []))",
        "$x = (it -> $stages) if $test else it; concat($x, it)",
    ),
    "named outputs": (
        "Named($number) as $x, $y, $z; concat($x, $z) -> $more",
        "$x, $y, $z = $value -> Named($number, extra=$number); $x * $y",
        "$x = $value -> Named($number); concat($x[1:] + [it])",
    ),
    "parts of a map": (
        "concat(it[:, :1], it)", "concat(it, it[:, -1:] -> relu)", "it[:, : min($number, it.channels)]",
        "conv($number + 1, 1); concat(it[:, 1:], it[:, :1])", "it * softmax(it, axis=-1)",
        "it - mean(it, axis=1, keepdim=true) * rate", "concat(it, global_avgpool(it) * it)",
    ),
    "a layer from elsewhere": ("Hardshrink", "Hardshrink(rate)", "$stages -> Hardshrink(0.1)"),
    "a pyramid": tuple(
        f"$x = []; for $y in $one {{ conv($y, 1) -> act; $x = $x + [it]{more} }}; {up}"
        for more in ("", "; relu", "; batchnorm")
        for up in (
            "for [$y, $z] in zip(reversed($one), reversed($x)) { concat(upsample(it, like=$z), $z) -> conv($y, 1) }",
            "for $z in reversed($x) { concat(upsample(it, like=$z), $z) -> $stages }",
            "for $z in reversed(range(len($one))) { concat(it, $x[$z]) -> conv($one[$z], 1) }",
            "for $z in range(len($x)) { concat(it, $x[-1 - $z]) -> conv($number, 1) }",
            "concat($x[1:] + [it, $x[0]])", "sum([$z -> conv($number, 1) for $z in $x])", "Fuse($x, $number)",
            "concat([$z -> conv($y, 1) for [$y, $z] in zip($one, $x)])",
        )
    ),
    "a value of some turn": tuple(
        f"$map = it; for $y in range({count}) {{ $stages; if {test} {{ $map = {kept} }}{more} }}; concat(it, $map)"
        for count in ("count", "len(sizes)", "3")
        for test in ("$y == 0", "$y == count - 1", "$y % 2 == 0", "flag", "$y < $number")
        for kept in ("it", "it -> $stages", "$map -> $stages")
        for more in ("", "; concat(it, $map) -> $more")
    ),
    "a value that only some turn gives": tuple(
        f"for $y in range(count) {{ $stages; if {test} {{ $map = it }} }}{more}; concat(it, $map)"
        for test in ("$y == 0", "$y == count - 1", "$y >= 1", "$y == width - 1")
        for more in ("", "; if $test { $map = it -> $stages }")
    ),
    "a list or none": (
        "concat([it] + ([] if $test else [it]))", "concat([it] + ([] if $test else $values))",
        "concat([it] + [$x -> conv(2, 1) for [i, $x] in enumerate($values) if i > 0])",
    ),
    "a value of the turn before": (
        "$x = it; for $targets { $y = it -> conv($turn, 1); concat($x, $y) -> $more; $x = $y }; concat(it, $x)",
        "$x = it; for $targets { $y = it -> conv($turn, 1); concat($x, $y) -> $more; $x = it }; concat(it, $x)",
        "$x = it; for $targets { $y = it -> conv($turn, 1); concat($x, $y) -> $more }; $x",
    ),
    "a list of values": tuple(
        f"$x = {first}; {change}; {end}"
        for first in ("$values + [it]", "[it] * 2", "[it, $value]")
        for change in (
            "$x = [$y -> $stages for $y in $x]", "$x = [$y -> conv(i + 1, 1) for [i, $y] in enumerate($x)]",
            "$x = reversed($x)", "$x = $x[1:] + $x[:1]", "$x = [concat($y, $z) for [$y, $z] in zip($x, reversed($x))]",
            "$x = [concat($y, it) -> $more for $y in $x] + [it]", "if $test { $x = $x + [it -> $stages] }",
            "if $test { $x = [it] } else { $x = $x[:1] }",
            "for $y in range($number) { $x = $x + [$x[-1] -> $stages] }",
            "for $y in range($number) { $x = [$x[0] -> $stages] + $x[1:] }",
            "$x = [$y for [$y, k] in zip($x, $list)] + [it]", "$x = [$y for [i, $y] in enumerate($x) if i > 0] + [it]",
        )
        for end in (
            "concat($x)", "concat($x + [it])", "concat($x[0], $x[-1], it)", "concat($x) -> conv(len($x), 1)",
            "for $y in $x { concat($y, it) -> $stages }", "conv(sum([$y.channels for $y in $x]), 1); concat($x) + it",
        )
    ),
}  # fmt: skip
"""Lines by their idiom. What is drawn stands behind a `$`, each time anew; `$x`, `$y`, `$z` and `$one`, a list, are the
same in all of a text.
"""

AT_TOP: dict[str, tuple[str, ...]] = {
    "a learned tensor": (
        "$x = parameter([it.channels$ones], init=0.5); it * $x", "$x = parameter([], init=rate); it * $x + $x",
        "conv($number, 1) as $y; $x = parameter([$y.channels$ones]); $y + $x -> relu",
        "$x = constant([0.5] * it.channels, [it.channels$ones]); it - $x",
        "$x = parameter([count], init=1); it * $x[0]",
    ),
    "a network as a part": tuple(
        f"conv(2, 1); {use}"
        for use in (
            "$x: Back", "Back(width=$number) -> $more", "$x: Back($number, flag)", "$x: Back[:stage1]", "$x: Wide",
            "Back(flag=$test)[:stage2] -> $more", "$x, $y = it -> $z: Back($number)[stem, stage2]; concat($y, $x)",
            "$x: Wide[stage1] -> $stages", "$x = Back; $y = it -> $x; conv(2, 1) -> $x; concat(it, $y)",
        )
    ),
    "a layer above its declaration": (
        "it -> $x -> $more; $x = conv($number, 1)", "it -> $x; $stages; $x = { $stages }",
        "conv(2, 1) -> $x -> $x; $x = { conv(2, 1) -> act }",
    ),
    "braces as arguments": (
        "Row($number, act={ tanh -> relu })", "Tail($number, $number, { act -> dropout(rate) })",
        "Row($number, act=soft)", "Tail($number, act=act if $test else identity)",
    ),
    "parts of a chain": tuple(
        f"$x = {chain}; $x[:{cut}] as $y; $x[{cut}:]; concat(it, $y)"
        for chain in ("Tail($number, $number + 1)", "Tail($number, act=act)", "{ $stages -> tanh -> conv($number, 1) }")
        for cut in ("1", "2", "-1", "-2")
    ),
    "a layer by its place": tuple(
        f"$x = [conv($number, 1), tanh, {{ $stages }}]; it -> $x[{at}]" for at in ("0", "1", "-1")
    ),
    "names from texts": (
        'for $x in words { "${x}_{$x}": conv($number, 1) -> relu }',
        'for [$x, $y] in enumerate(words) { "${x}{$x + 1}_{$y}": { $stages } }',
        'if "a" in words { $stages }', '"${x}_{mode}": conv($number, 1) -> relu',
        "for $x in words { if $x == mode { $stages } else { relu } }",
        'for [$x, $y] in zip(words, $list) { "${x}{$x}" = conv($y, 1); it -> "${x}{$x}" }',
    ),
    "layers with keys": tuple(
        f'conv(2, 1); for [$x, $y] in enumerate($one) {{ "${{x}}_{{$x}}" = conv(2, 1, groups=min($y, 2)) }}; {use}'
        for use in (
            'for $z in range(len($one)) { it -> "${x}_{$z}" -> relu }',
            'for $z in reversed(range(len($one))) { conv(2, 1) -> "${x}_{$z}" }',
            'concat([it -> "${x}_{$z}" for $z in range(len($one))])', 'it -> "${x}_0"',
        )
    ),
    "one part in several places": tuple(
        f"$x = {part}; {use}"
        for part in (
            "Inner($number, count)", "{ conv($number, 3, padding=1) -> act }", "Row($number, act=act)", "Tail($number)",
            "conv($number, 1)", "Deep($number, $number)", "unit($number)",
        )
        for use in (
            "$y = it -> $x; $z = it -> maxpool(2) -> $x; concat($y, upsample($z, like=$y))",
            "for $y in range($number) { conv(2, 1) -> $x -> relu }",
            "concat([$y -> $x for $y in [it, 2 * it, it -> tanh]])",
            "if $test { $y = it -> $x } else { $y = it -> $x -> relu }; concat(it, $y)",
        )
    ),
    "labels": (
        'for $x in range(count) { for $y in range(len($one)) { "${x}{$x}_{$y}": conv($one[$y] + $x, 1) -> relu } }',
        'for [$x, $y] in enumerate($list) { "${x}{$x}": Inner($y, $x + 1) }',
        'for [$x, $y] in enumerate($list, 1) { "${x}{$x}": { $stages }; it -> "${y}{$x}": conv($y, 1) }',
        'for $x in range(count) { if $x > 0 { "$x{$x}": conv($number, 1) } else { "${x}_": conv($number, 1) -> act } }',
        "$x: Tail($number, $number) * 2", "$x: Tail($number, $number) * count",
    ),
    "a list of layers": tuple(
        f"$x = [{made} for $y in $one{some}]; {use}"
        for made in (
            "conv($y, 1)", "Inner($y, 2)", "{ conv($y, 1) -> act }", "{ conv($y, 1) -> if $y > 1 { relu } }", "Tail($y)"
        )
        for some in ("", " if $y > 0")
        for use in (
            "for $z in $x { it -> $z -> $more }", "it -> $x[0]", "it -> $x[-1]", "for $z in $x[1:] { it -> $z }",
            "for $z in range(len($x)) { it -> $x[$z] }", "for $z in reversed($x) { it -> $z }",
            "for [i, $z] in enumerate($x) { if i % 2 == 0 { it -> $z } }", "concat([it] + [it -> $z for $z in $x])",
            "concat([v -> $z for [v, $z] in zip([it, it -> tanh], $x)])",
            "for [$z, k] in zip($x, $one) { concat(it -> $z, it) -> conv(k, 1) }",
        )
    ),
}  # fmt: skip
"""The same for lines outside of loops and conditions."""
BEGINNINGS = (
    "init conv: weight = normal(0, 0.1), bias = zeros", "init conv: weight = normal(0, sqrt(rate / fan_out))",
    "init batchnorm: weight = constant(rate)",
)  # fmt: skip
SHAPES = ("2, 6, 6", "2, 6, 6", "2, 8", "2, 4, 4, 4")


class Idioms(Writer):
    """Writes the lines of a block for maps of so many axes."""

    def __init__(self, rng: Random, entries: Sequence[str], axes: int) -> None:
        super().__init__(rng, entries)
        self._axes = axes
        self._turn = ""
        """What the names of the last loop that was drawn say in a turn: a number from 1 on."""
        self._numbers += rng.sample(NUMBERS, rng.randint(1, 4))
        self._lists += rng.sample(LISTS, rng.randint(1, 3))

    def lines(self, depth: int) -> list[str]:
        """The lines of one idiom, or what else a block may have."""
        rng = self._rng
        if rng.random() < 0.4:
            return super().lines(depth)
        if depth < DEEPEST and rng.random() < 0.15:
            return self._cases(depth)
        return self.of(rng.choice([*ANYWHERE] if depth else [*ANYWHERE, *AT_TOP]))

    def of(self, idiom: str) -> list[str]:
        """Lines of an idiom."""
        template = self._rng.choice({**ANYWHERE, **AT_TOP}[idiom])
        return re.split(r"; (?![^{}]*\})", self.written(template))

    def written(self, template: str) -> str:
        """A template with what is drawn for it."""
        return Template(template).substitute(_Drawn(self))

    def draw(self, word: str) -> str:
        """What stands in a template for a word."""
        rng = self._rng
        match word:
            case "number" | "value" | "stages" | "more":
                made: str = getattr(self, f"_{word}")()
                return made
            case "values":
                return self._comprehension()
            case "turns":
                return rng.choice(self._numbers)
            case "list" | "one":
                return rng.choice(self._lists)
            case "test":
                return self.written(rng.choice(TESTS))
            case "targets":
                targets, source, numbers = self._targets()
                self._turn = rng.choice(numbers)
                return f"{targets} in {source}"
            case "turn":
                return self._turn
            case "entry":
                return self._entry
            case "ones":
                return ", 1" * self._axes
            case "map":
                self._maps.append(self._name("map"))
                return self._maps[-1]
            case _:
                return self._name(word)

    def _targets(self) -> tuple[str, str, list[str]]:
        if self._rng.random() < 0.4:
            return super()._targets()
        drawn = _Drawn(self)
        targets, _, source = Template(self._rng.choice(TARGETS)).substitute(drawn).partition(" in ")
        return targets, source, [drawn[name] for name in ("a", "b") if name in drawn]

    def _cases(self, depth: int) -> list[str]:
        """Several conditions one after the other."""
        lines = self._inside(self.written("if $test"), depth, [])
        lines[-1:] = self._inside(self.written("} else if $test"), depth, [])
        if self._rng.random() < 0.6:
            lines[-1:] = self._inside("} else", depth, [])
        return lines


class _Drawn(dict[str, str]):
    """The words of one template, each drawn when it is asked for."""

    def __init__(self, writer: Idioms) -> None:
        super().__init__()
        self._writer = writer

    def __missing__(self, word: str) -> str:
        made = self._writer.draw(word)
        if word in ("a", "b", "map", "one", "x", "y", "z"):
            self[word] = made
        return made


def head(lines: Sequence[str]) -> list[str]:
    """The parameters that lines read, and those that the defaults of these read."""
    found: set[str] = set()
    todo = ["\n".join(lines)]
    while todo:
        words = set(re.findall(r"\w+", todo.pop())) & PARAMETERS.keys() - found
        found |= words
        todo += (PARAMETERS[word][0] for word in words)
    return [word for word in PARAMETERS if word in found]


def declared(parameters: Sequence[str]) -> list[str]:
    """Parameters with their defaults."""
    return [f"{word} = {PARAMETERS[word][0]}" for word in parameters]


def arguments(rng: Random, parameters: Sequence[str]) -> list[str]:
    """Other values of some parameters, in any order."""
    some = [word for word in parameters if rng.random() < 0.35]
    return [f"{word}={rng.choice(PARAMETERS[word][1])}" for word in rng.sample(some, len(some))]


def program(seed: int) -> str:
    """A block, and a network that uses it with several arguments."""
    return accepted(_block_and_network, seed)


def network(seed: int) -> str:
    """A network with parameters, and perhaps a variant of it."""
    return accepted(_network, seed)


def _block_and_network(rng: Random) -> str:
    entries = ["a", "b"] if rng.random() < 0.2 else ["input"]
    shape = rng.choice(SHAPES)
    lines = _lines(rng, Idioms(rng, entries, shape.count(",")), entries)
    parameters = head(lines)
    given = [] if len(entries) == 1 else entries
    block = definition("block Block", [*given, *declared(parameters)], lines)
    values = [] if len(entries) == 1 else ["it", "v"]
    uses = [f"input({shape})", *(["v = it -> conv(2, 3, padding=1)"] if values else [])]
    for _ in range(rng.randint(1, 3)):
        uses.append(f"Block({', '.join([*values, *arguments(rng, parameters)])})")
        uses += rng.choice([[], [], ["relu"], ["maxpool(2) -> upsample(scale=2)"]])
    networks = [NETWORKS] if re.search(r"\b(Back|Wide)\b", block) else []
    return renamed(rng, "\n".join([BLOCKS, *networks, block, definition("network Net", [], uses), ""]))


def _network(rng: Random) -> str:
    entries = ["a", "b"] if rng.random() < 0.2 else ["input"]
    shape = rng.choice(SHAPES)
    writer = Idioms(rng, entries, shape.count(","))
    lines = _lines(rng, writer, [])
    ends = rng.choice([
        [], [], [], [f"output it, {entries[-1]}"], ["output main = it, early = (it -> tanh) when training"],
        ["linear(width)"], [writer.written("output [it, it -> conv($number, 1)]")],
        [writer.written("output low = it, high = (it -> conv($number, 1))")],
    ])  # fmt: skip
    if rng.random() < 0.15:
        lines += writer.in_training()
        ends = ["output it, late when training"]
    inputs = [f"input({shape})"]
    if len(entries) > 1:
        inputs = [f"a = input({shape})", f"b = input(1{shape[1:]})", "concat(a, b)"]
    parameters = head([*lines, *ends])
    net = definition("network Net", declared(parameters), [*inputs, *lines, *ends])
    text = "\n".join([BLOCKS, *([NETWORKS] if re.search(r"\b(Back|Wide)\b", net) else []), net, ""])
    if parameters and rng.random() < 0.3:
        own = "width" in parameters and rng.random() < 0.5
        given = [each for each in arguments(rng, parameters) if not (own and each.startswith("width="))]
        given += [f"width=wide{rng.choice(['', ' * 2'])}"] if own else []
        text += f"network Variant{'(wide = 2)' if own else ''} = Net({', '.join(given)})\n"
    return renamed(rng, text)


def _lines(rng: Random, writer: Idioms, joined: Sequence[str]) -> list[str]:
    lines = writer.body(0, rng.randint(1, 3))
    begin = [rng.choice(BEGINNINGS)] if rng.random() < 0.15 else []
    return [*begin, *([f"concat({', '.join(joined)})"] if len(joined) > 1 else []), *lines]


def definition(name: str, parameters: Sequence[str], lines: Sequence[str]) -> str:
    """A block or a network with these parameters and lines."""
    given = f"({', '.join(parameters)})" if parameters else ""
    return "\n".join([f"{name}{given} {{", *(f"    {line}" for line in lines), "}"])
