"""Definitions for random programs: blocks and sequences that take values of many sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.oracle.layers import Shape


@dataclass(frozen=True)
class Definition:
    """A block or a sequence as text, the sizes that it takes, and a use of it.

    `others` says how many named values it takes besides, `outputs` how many values it gives.
    """

    name: str
    text: str
    fits: Callable[[Shape], bool]
    arguments: Callable[[Random, Shape], str]
    others: int = 0
    outputs: int = 1

    @property
    def plain(self) -> bool:
        """Whether it takes one value, gives one, and can be called with a number of channels alone."""
        is_made_for_any = not any(word in self.text for word in ("depth", "network"))
        return not self.others and self.outputs == 1 and "(channels" in self.text and is_made_for_any


def _map(x: Shape) -> bool:
    return len(x) in (2, 3, 4)


def _few(rng: Random, x: Shape) -> str:
    return str(rng.randint(1, 6))


def conv_norm(rng: Random, name: str, known: list[Definition]) -> Definition:
    norm = rng.choice(["batchnorm", "groupnorm(1)", 'layernorm(axis="channels")'])
    text = f"""
sequence {name}(channels, kernel = 3, act = relu) {{
    conv(channels, kernel, padding = kernel // 2, bias = {rng.choice(["true", "false"])})
    {norm}
    act
}}"""
    ends = ["", ", kernel=1", ", 5", ", act=leaky_relu(0.2)", ", 1, act=identity", ", act=sigmoid"]
    return Definition(name, text, _map, lambda rng, x: _few(rng, x) + rng.choice(ends))


def residual(rng: Random, name: str, known: list[Definition]) -> Definition:
    label = rng.choice(["", "down: "])
    text = f"""
block {name}(channels, stride = 1, act = {rng.choice(["relu", "silu", "prelu"])}) {{
    conv1 = conv(channels, 3, stride=stride, padding=1, bias=false)
    bn = batchnorm
    conv2 = conv(channels, 3, padding=1)
    downsample = if stride != 1 or input.channels != channels {{
        {label}conv(channels, 1, stride=stride) -> batchnorm
    }}
    conv1 -> bn -> act -> conv2
    it + (input -> downsample) -> act
}}"""
    return Definition(name, text, _map, lambda rng, x: _few(rng, x) + rng.choice(["", "", ", stride=2", ", 2, tanh"]))


def dense(rng: Random, name: str, known: list[Definition]) -> Definition:
    order = rng.choice(["concat(input, it)", "concat(it, input, it)"])
    text = f"""
block {name}(channels) {{
    norm: batchnorm -> act: relu -> {rng.choice(["", "same: "])}conv(channels, 3, padding=1)
    {order}
}}"""
    return Definition(name, text, _map, _few)


def squeeze(rng: Random, name: str, known: list[Definition]) -> Definition:
    text = f"""
block {name}(channels, gate = sigmoid) {{
    scale = input -> {rng.choice(["global_avgpool", "adaptive_maxpool(1)"])} -> fc1: conv(channels, 1) -> relu
    scale -> fc2: conv(input.channels, 1) -> gate
    input * it
}}"""
    return Definition(name, text, _map, lambda rng, x: _few(rng, x) + rng.choice(["", ", hardsigmoid", ", gate=tanh"]))


def mixed(rng: Random, name: str, known: list[Definition]) -> Definition:
    inner = next((other for other in known if other.plain and other.name.startswith("Norm")), None)
    branch = f"{inner.name}(channels)" if inner else "conv(channels, 3, padding=1) -> relu"
    text = f"""
block {name}(channels) {{
    a = input -> conv(channels, 1)
    b = input -> {branch}
    c = input -> maxpool(3, 1, 1) -> conv({rng.randint(1, 3)}, 1)
    {rng.choice(["concat(a, b, c)", "concat(a + b, c)", "concat(c, a * b, a)"])}
}}"""
    return Definition(name, text, _map, _few)


def loop(rng: Random, name: str, known: list[Definition]) -> Definition:
    bodies = [
        '"unit{i}": conv(channels + i, 3, padding=1) -> relu',
        "conv(channels, 1) -> batchnorm; if i > 0 { relu }",
        "it + (it -> conv(input.channels, 3, padding=1))",
        "conv(channels, 3, dilation = i + 1, padding = i + 1)",
    ]
    text = f"""
block {name}(channels, depth = 2) {{
    for i in range(depth) {{ {rng.choice(bodies)} }}
}}"""
    return Definition(name, text, _map, lambda rng, x: f"{rng.randint(1, 6)}, {rng.randint(1, 3)}")


def stack(rng: Random, name: str, known: list[Definition]) -> Definition:
    text = f"""
sequence {name}(channels, depth = 2, last = true) {{
    repeat depth {{ conv(channels, {rng.choice(["1", "3, padding=1"])}) -> relu }}
    if last {{ batchnorm }} else {{ conv(channels + 1, 1); tanh }}
}}"""
    ends = ["", ", 1", ", 3", ", depth=2, last=false"]
    return Definition(name, text, _map, lambda rng, x: _few(rng, x) + rng.choice(ends))


def wrap(rng: Random, name: str, known: list[Definition]) -> Definition:
    """Takes another definition as an argument."""
    usable = (other.name for other in known if other.plain and not other.name.startswith(("Head", "Scaled")))
    units = [f"{name}Inner", *usable]
    text = f"""
sequence {name}Inner(channels) {{ conv(channels, 1) -> relu }}
block {name}(channels, unit = {name}Inner) {{
    first: unit(channels) -> second: unit(channels) * {rng.randint(1, 2)}
    conv(channels, 1)
    if input.channels == channels {{ it + input }} else {{ relu }}
}}"""

    def arguments(rng: Random, x: Shape) -> str:
        return f"{rng.randint(1, 6)}, unit={rng.choice(units)}" if rng.random() < 0.6 else _few(rng, x)

    return Definition(name, text, _map, arguments)


def shared(rng: Random, name: str, known: list[Definition]) -> Definition:
    text = f"""
block {name}(channels) {{
    start: conv(channels, 1)
    again = conv(channels, 3, padding=1)
    act = {rng.choice(["relu", "gelu", "elu(0.5)"])}
    again -> act -> again -> act
    {rng.choice(["again", "it + (it -> again)", "(it -> again) * input.channels -> again"])}
}}"""
    return Definition(name, text, _map, _few)


def hourglass(rng: Random, name: str, known: list[Definition]) -> Definition:
    """Uses itself."""
    text = f"""
block {name}(channels, depth) {{
    skip = input -> conv(channels, 3, padding=1)
    maxpool(2) -> conv(channels, 3, padding=1)
    if depth > 1 {{ inner: {name}(channels, depth - 1) }} else {{ inner: conv(channels, 1) }}
    upsample(scale=2)
    skip + it
}}"""

    def fits(x: Shape) -> bool:
        return _map(x) and all(size % 4 == 0 for size in x[1:])

    return Definition(name, text, fits, lambda rng, x: f"3, {rng.randint(1, 2)}")


def join(rng: Random, name: str, known: list[Definition]) -> Definition:
    text = f"""
block {name}(channels, other) {{
    mine = input -> left: conv(channels, 1)
    theirs = other -> right: conv(channels, 1)
    {rng.choice(["mine + theirs -> relu", "concat(mine, theirs, other)", "mine * theirs - mine"])}
}}"""
    return Definition(name, text, _map, _few, others=1)


def halves(rng: Random, name: str, known: list[Definition]) -> Definition:
    text = f"""
block {name}(channels) {{
    conv(2 * channels, {rng.choice(["1", "3, padding=1"])})
    a, b = split(it, 2)
    output {rng.choice(["a -> relu, b", "b -> tanh, a + b", "first = a, second = b -> relu"])}
}}"""
    return Definition(name, text, _map, _few, outputs=2)


def scaled(rng: Random, name: str, known: list[Definition]) -> Definition:
    text = f"""
block {name}(channels, start = 1) {{
    scale = parameter([input.channels, 1, 1], init=start)
    branch = scale * input -> conv(channels, 3, padding=1) -> {rng.choice(["stochastic_depth(0.2)", "dropout(0.1)"])}
    {rng.choice(["branch -> relu", "0.5 * branch + 1 -> relu", "1 - branch"])}
}}"""
    return Definition(name, text, lambda x: len(x) == 3, lambda rng, x: _few(rng, x) + rng.choice(["", ", 0.1"]))


def gain(rng: Random, name: str, known: list[Definition]) -> Definition:
    """Gives a learned tensor to another block, as an argument and as what comes in."""
    uses = ["it -> {}Inner(2 * gain)", "it * (gain -> {}Inner(gain))", "it + (gain -> {}Inner(gain)) * gain"]
    text = f"""
block {name}Inner(other) {{
    input * other -> {rng.choice(["relu", "tanh", "act: sigmoid"])}
}}
block {name}(channels, start = 1) {{
    gain = parameter([channels] + [1] * (input.rank - 1), init=start)
    conv(channels, 1)
    {rng.choice(uses).format(name)}
    {rng.choice(["", "it - (gain -> relu)", "a, b = it -> conv(2 * channels, 1) -> " + name + "Two(gain); a + b"])}
}}
block {name}Two(gain) {{
    a, b = split(input, 2)
    output gain + a, gain * gain
}}"""
    return Definition(name, text, _map, lambda rng, x: _few(rng, x) + rng.choice(["", ", 0.5"]))


def dense_head(rng: Random, name: str, known: list[Definition]) -> Definition:
    text = f"""
block {name}(channels, hidden = 8) {{
    fc1: linear(hidden) -> {rng.choice(["relu", "batchnorm -> relu", "relu -> dropout"])} -> fc2: linear(channels)
}}"""
    return Definition(name, text, lambda x: True, lambda rng, x: _few(rng, x) + rng.choice(["", ", 3"]))


def flags(rng: Random, name: str, known: list[Definition]) -> Definition:
    """Parts that are there or not, one by one."""
    pieces = [
        "if first { pre: conv(channels, 1) }",
        "for k in sizes { conv(channels, k, padding = k // 2) -> act }",
        "if norm { batchnorm } else { conv(channels, 1) -> act }",
        "if drop > 0 { dropout(drop) }",
        '"named-{channels}": conv(channels, 1)',
        "widths = [c + channels for c in range(2)]; for w in widths { conv(w, 1) }",
    ]
    chosen = "\n    ".join(rng.sample(pieces, rng.randint(2, len(pieces))))
    text = f"""
block {name}(channels, first = true, norm = false, sizes = [1, 3], act = relu, drop = 0) {{
    {chosen}
    conv(channels, 1)
    skip = if input.channels != channels {{ conv(channels, 1) -> batchnorm }}
    it + (input -> skip)
}}"""
    ends = ["", ", false", ", true, true", ", norm=true, drop=0.2", ", sizes=[3]", ", sizes=[], drop=0.1", ", act=silu"]
    return Definition(name, text, _map, lambda rng, x: _few(rng, x) + rng.choice(ends))


def inverted(rng: Random, name: str, known: list[Definition]) -> Definition:
    """Widths that are computed, a chain with a name of its own, and a sum where the sizes allow it."""
    gate = rng.choice(["", "inner -> global_avgpool -> conv(inner.channels, 1) -> sigmoid\n    it * inner"])
    text = f"""
block {name}(channels, expand = 2, stride = 1) {{
    hidden = make_divisible(input.channels * expand, 4)
    residual = stride == 1 and input.channels == channels
    body = {{
        if expand != 1 {{ conv(hidden, 1, bias=false) -> batchnorm -> relu6 }}
        conv(hidden, 3, stride=stride, padding=1, groups={rng.choice(["1", "hidden if expand != 1 else 1"])}) -> relu6
    }}
    inner = input -> {rng.choice(["body", "body -> relu"])}
    {gate or "inner"}
    project: conv(channels, 1, bias=false) -> batchnorm
    if residual {{ it + input }}
}}"""
    if "expand != 1 else 1" in text:
        text = text.replace("conv(hidden, 3", "conv(hidden if expand != 1 else channels, 3")
    ends = ["", ", 1", ", 3", ", stride=2", ", 2, 2"]
    return Definition(name, text, _map, lambda rng, x: _few(rng, x) + rng.choice(ends))


def keyed(rng: Random, name: str, known: list[Definition]) -> Definition:
    """Layers that are declared by keys, and applied by them further on."""
    ways = [
        'for i in range(depth) { it + (it -> "convs_{i}") -> relu }',
        'for i in range(2) { it -> "convs_{i}" -> act }; "convs_0"',
        'concat([it -> "convs_{j}" for j in range(depth)])',
        'for i in range(depth) { "own{i}" = conv(channels, 1); it -> "convs_{i}" -> "own{i}" }',
    ]
    text = f"""
block {name}(channels, depth = 2) {{
    "act-last" = {rng.choice(["tanh", "batchnorm", "{ relu -> batchnorm }"])}
    for i in range(depth) {{ "convs_{{i}}" = conv(channels, {rng.choice(["1", "3, padding=1"])}) }}
    "in": conv(channels, 1)
    act = relu
    {rng.choice(ways)}
    act -> "act-last" -> {rng.choice(["relu", 'conv(channels, 1) -> "in"', "conv(channels, 1) * 2"])}
}}"""
    if '"in"' in text.partition('act-last" ->')[2]:
        text = text.replace('"in": conv(channels, 1)', 'conv(channels, 1) -> "in": conv(channels, 1)')
    return Definition(name, text, _map, lambda rng, x: _few(rng, x) + rng.choice(["", ", 2"]))


def table(rng: Random, name: str, known: list[Definition]) -> Definition:
    """Rows of a table, each with numbers for a group of layers."""
    text = f"""
block {name}(rows, act = relu) {{
    for [c, n, k] in rows {{
        for i in range(n) {{
            {rng.choice(['"stage{c}-{i}": ', ""])}conv(c + i, k, padding = k // 2)
            {rng.choice(["act", "batchnorm -> act", "it + (it -> conv(it.channels, 1))"])}
        }}
    }}
}}"""
    rows = ["[[2, 1, 1]]", "[[3, 2, 1], [5, 1, 3]]", "[[2, 1, 3], [3, 3, 1], [7, 2, 1]]", "[[4, 2, 3]], act=tanh"]
    return Definition(name, text, _map, lambda rng, x: rng.choice(rows))


def listed(rng: Random, name: str, known: list[Definition]) -> Definition:
    """Lists of layers, through which it goes."""
    ways = [
        "concat([input -> branch for branch in branches]) -> conv(channels, 1)",
        "conv(channels, 1); for [branch, act] in zip(branches, acts) { it + (it -> branch) -> act }",
        "conv(channels, 1); for [i, b] in enumerate(branches) { it + (it -> b); if i % 2 == 0 { relu } }",
        "wide = [input -> branch for branch in branches]; sum(wide) * wide[-1]; for act in acts { act }",
        "conv(channels, 1); repeat 2 { for [branch, act] in zip(branches, acts) { it -> branch -> act } }",
        "conv(channels, 1); for [i, branch, k] in zip(range(len(rates)), branches, rates) { (it -> branch) * (i + k) }",
    ]
    last = rng.choice(["relu", "batchnorm"])
    way = rng.choice(ways)
    # A class for lists of any length joins also a single value, of which its memory then has a copy.
    few = ", [3, 1]" if way.startswith("concat") else ", [1]"
    text = f"""
block {name}(channels, rates = [1, 2]) {{
    branches = [{{ conv(channels, 3, padding=rate, dilation=rate) -> {last} }} for rate in rates]
    acts = [{rng.choice(["relu", "leaky_relu(0.1 * rate)", "batchnorm"])} for rate in rates]
    {way}
}}"""
    return Definition(name, text, _map, lambda rng, x: _few(rng, x) + rng.choice(["", few, ", [2, 1, 3]"]))


def counted(rng: Random, name: str, known: list[Definition]) -> Definition:
    """Loops that give names both values and numbers, of which layers are made."""
    ways = [
        "concat([v -> conv(channels + i, 1) -> relu for [i, v] in enumerate(maps, 1)])",
        "for [i, v] in enumerate(maps) { it + (v -> conv(channels, 2 * i + 1, padding=i)) }",
        "concat([v -> conv(n, k, padding=k // 2) for [v, [n, k]] in [[input, [channels, 1]], [it, [2, 3]]]])",
        "sum([v -> conv(channels, k, padding=k // 2) for [k, v] in zip([1, 3], maps)])",
        "for x in maps { it * (x -> tanh) }; for x in [1, 2] { conv(channels + x, 1) }",
        "conv(channels * len(maps), 1); concat([v -> conv(i + 1, 1) for [i, v] in enumerate(reversed(maps))])",
        "n = len(maps); n = n + channels; x = it; x -> conv(n, 1); x = 2; conv(x, 1)",
    ]
    text = f"""
block {name}(channels) {{
    conv(channels, {rng.choice(["1", "3, padding=1"])})
    maps = [it, it -> {rng.choice(["relu", "batchnorm", "conv(channels, 1)"])}]
    {rng.choice(ways)}
}}"""
    return Definition(name, text, _map, _few)


def branches(rng: Random, name: str, known: list[Definition]) -> Definition:
    """Lists of what several layers make of one value, as many as a parameter says, or in the turns of a loop."""
    wide = "conv(channels, 2 * r - 1, padding=r - 1)"
    ways = [
        f"concat([it -> {wide} -> relu for r in rates])",
        f"sum([it -> {wide} for r in rates]) -> tanh",
        f"concat([input] + [it -> {wide} for r in rates] + [it -> relu])",
        "concat([it -> conv(channels + i, 1) for [i, r] in enumerate(rates)])",
        "maps = [it -> conv(r, 1) -> batchnorm for r in rates]; concat(maps) -> conv(len(maps), 1)",
        "for i in range(2) { concat([it -> conv(k, 1) for k in [1, channels]]) }",
        "for i in range(2) { sum([it -> conv(channels + i, 2 * r - 1, padding=r - 1) for r in rates]) }",
        "concat([concat([it -> conv(r + s, 1) for r in rates]) -> relu for s in rates])",
        f"a = [it -> {wide} for r in rates]; b = [it -> {wide} -> sigmoid for r in rates]; concat(a) * concat(b)",
        "for [s, r] in zip([2, 3], [1, 2]) { it + sum([it -> conv(it.channels, 1) * s for k in range(r)]) }",
    ]
    text = f"""
block {name}(channels, rates = [1, 2]) {{
    {rng.choice(["", "conv(channels, 1)", "batchnorm -> relu"])}
    {rng.choice(ways)}
}}"""
    return Definition(
        name, text, _map, lambda rng, x: _few(rng, x) + rng.choice(["", ", [1]", ", [3, 1]", ", [2, 1, 3]"])
    )


def taps(rng: Random, name: str, known: list[Definition]) -> Definition:
    """What comes out of the first layers of a sequence, or of a chain, beside what comes out of all."""
    text = f"""
sequence {name}Inner(channels, act = relu) {{
    conv(channels, 3, padding=1) -> act
    {rng.choice(["conv(channels, 1, bias=false) -> norm: batchnorm", "conv(channels, 1) -> dropout(0.1)"])}
    {{ act -> conv(channels, 1) }}
}}
block {name}(channels, first = 2) {{
    features = {rng.choice([f"{name}Inner(channels)", f"{name}Inner(channels, tanh)", "{ conv(channels, 1) * 5 }"])}
    features[:first] as low
    {rng.choice(["features[first:4] -> features[4]", "features[2:]", "relu -> features[2:-1] -> features[-1]"])}
    {rng.choice(["concat(low, it)", "it + low", "it - (input -> features)"])}
}}"""
    return Definition(name, text, _map, lambda rng, x: _few(rng, x) + rng.choice(["", ", 2"]))


def fused(rng: Random, name: str, known: list[Definition]) -> Definition:
    """Lists of values, into blocks and out of them."""
    ends = [
        "concat(maps)",
        "sum([x -> conv(2, 1) for x in maps]) -> relu",
        f"maps[:2] -> again: {name}Rows; concat(it)",
        "a, b, c = maps; concat(c, a) -> relu",
    ]
    text = f"""
block {name}Rows(shift = 0) {{
    paths = [sum([x -> "path{{i}}_{{j}}": conv(y.channels + shift, 1) for [j, x] in enumerate(input)])
             for [i, y] in enumerate(input)]
    output {rng.choice(["paths", "[x -> relu for x in paths]", "[paths[0] -> tanh] + paths[1:]"])}
}}
block {name}(channels) {{
    maps = [input, it -> conv(channels, 3, padding=1)] -> {name}Rows
    maps = maps + [input] -> {name}Rows(1)
    {rng.choice(ends)}
}}"""
    return Definition(name, text, _map, _few)


def network(rng: Random, name: str, known: list[Definition]) -> Definition:
    """A network, whose own line has other sizes than what it is applied to."""
    rank = rng.choice([2, 3])
    ends = ["relu", "flatten -> linear(channels)", "adaptive_avgpool(2) -> linear(channels)", "conv(3, 1) as y"]
    takes = rng.choice(["", "[:first]", '["second"]', "[second, first]", "[first, conv1]", "[conv1]", '["chain.2"]',
                        '[first, "chain.0"]', '["chain.last"]'])  # fmt: skip
    text = f"""
network {name}Base(inputs = 3, channels = 4, act = relu) {{
    input({", ".join(["inputs", *["9"] * (rank - 1)])})
    {rng.choice(["", "init conv: weight = normal(0, 0.1)"])}
    first: conv(channels, 3, padding=1) -> act as x
    conv1: conv(channels, 1, bias=false) -> act
    chain: {{ conv(channels, 1) -> relu * 2; last: conv(channels, 3, padding=1) }}
    second = conv(channels, 1)
    {rng.choice(["it + x", "batchnorm", *(["maxpool(2)"] if "," not in takes else [])])}
    second -> relu
    {rng.choice(ends)}
}}
network {name}Whole = {name}Base(act={rng.choice(["relu", "tanh"])})
{name} = {name}Whole{takes}"""

    def arguments(rng: Random, x: Shape) -> str:
        return f"inputs={x[0]}" + rng.choice(["", ", channels=2", ", channels=5"])

    outputs = takes.count(",") + 1
    return Definition(name, text, lambda x: len(x) == rank and min(x[1:]) > 1, arguments, outputs=outputs)


def begun(rng: Random, name: str, known: list[Definition]) -> Definition:
    """Rules for how weights begin, in a block and in a sequence inside it."""
    rules = [
        "init conv: weight = normal(0, gain), bias = zeros",
        "init conv: weight = normal(0, sqrt(gain / fan_out)), bias = default",
        "init conv, batchnorm: bias = constant(gain)",
        "init batchnorm: weight = constant(gain)",
    ]
    text = f"""
sequence {name}Inner(channels, gain = 0.5) {{
    {rng.choice(rules)}
    conv(channels, 3, padding=1) -> batchnorm
}}
block {name}(channels, gain = 0.1) {{
    {rng.choice(rules)}
    conv(channels, 1, {rng.choice(["weight_init=ones", "bias_init=constant(gain)", "bias=false"])}) -> relu
    {name}Inner(channels{rng.choice(["", ", gain", ", gain=2 * gain"])}) -> relu
    {rng.choice(["batchnorm", "it + (input -> conv(channels, 1))", "conv(channels + 1, 1) -> tanh"])}
}}"""
    return Definition(name, text, _map, lambda rng, x: _few(rng, x) + rng.choice(["", ", 0.2", ", gain=1"]))


def varied(rng: Random, name: str, known: list[Definition]) -> Definition:
    """A variant of a network that has parameters of its own."""
    rank, channels = rng.choice([2, 3]), rng.choice(["2 * width", "width", "width + 1"])
    more = rng.choice(["", ", deep=not flat", ", deep=width > 2", ", act=act"])
    takes = {", deep=not flat": ", flat = true", ", act=act": ", act = tanh"}.get(more, "")
    text = f"""
network {name}Base(inputs = 3, channels = 4, deep = true, act = relu) {{
    input({", ".join(["inputs", *["9"] * (rank - 1)])})
    conv(channels, 3, padding=1) -> act
    if deep {{ conv(channels + 1, 1) -> act }}
    conv(channels, 1)
}}
network {name}(inputs = 3, width = 2{takes}) = {name}Base(inputs, {channels}{more})"""

    def arguments(rng: Random, x: Shape) -> str:
        return f"inputs={x[0]}" + rng.choice(["", ", width=1", ", width=3"])

    return Definition(name, text, lambda x: len(x) == rank and min(x[1:]) > 1, arguments)


def along(rng: Random, name: str, known: list[Definition]) -> Definition:
    """Functions along an axis that a parameter gives."""
    lines = [
        "it * softmax(it, axis=axis)",
        "it + flip(it, axis=axis) - roll(it, 1, axis)",
        "cumsum(it, axis) + normalize(it, axis=axis)",
        "it * sigmoid(mean(it, axis=axis, keepdim=true))",
        "max(it, axis=axis, keepdim=true) -> conv(3, 1) -> tanh",
        "concat(it, relu(it), axis=axis) -> conv(2, 1)",
        "concat(max(it, axis=axis, keepdim=true), it, axis=axis)",
        "narrow(it, axis, 1, 1) -> conv(2, 1)",
    ]
    text = f"""
block {name}(axis) {{
    {rng.choice(lines)}
    {rng.choice(lines[:6])}
}}"""

    def arguments(rng: Random, x: Shape) -> str:
        return str(rng.choice([rng.randint(1, len(x)), -rng.randint(1, len(x))]))

    return Definition(name, text, lambda x: _map(x) and min(x) > 1, arguments)


DEFINITIONS = {
    "Norm": conv_norm, "Residual": residual, "Dense": dense, "Squeeze": squeeze, "Mixed": mixed, "Loop": loop,
    "Stack": stack, "Wrap": wrap, "Shared": shared, "Hourglass": hourglass, "Join": join, "Halves": halves,
    "Scaled": scaled, "Gain": gain, "Head": dense_head, "Flags": flags, "Inverted": inverted, "Table": table,
    "Network": network, "Listed": listed, "Fused": fused, "Taps": taps, "Keyed": keyed,
    "Begun": begun, "Varied": varied, "Along": along, "Counted": counted,
    "Branches": branches,
}  # fmt: skip


def define(rng: Random, count: int) -> list[Definition]:
    """Different definitions, each of which may use those before it."""
    known: list[Definition] = []
    for stem in rng.sample(list(DEFINITIONS), count):
        known.append(DEFINITIONS[stem](rng, f"{stem}{len(known) + 1}", known))
    return known
