"""Random programs as text: chains, branches, shared layers, loops, and blocks with parameters.

Every text is right by construction: where a line needs a size, the language itself asks for it
(`if it.height > 1 { maxpool(2) }`), so what the strategies draw needs no bookkeeping of sizes.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

ACTIVATIONS = ["relu", "hardswish", "leaky_relu(0.1)", "elu(alpha = 0.5)", "sigmoid"]
CHANNELS = st.sampled_from([2, 3, 4, 6, 8])
KERNELS = st.sampled_from([1, 3])


def indented(lines: list[str]) -> str:
    return "".join(f"    {line}\n" for line in lines)


def chained(draw: DrawFn, stages: list[str]) -> list[str]:
    """The stages as one line with arrows, or a line each."""
    return [" -> ".join(stages)] if draw(st.booleans()) else stages


def conv(draw: DrawFn, channels: str, *, strided: bool = False) -> str:
    kernel = draw(KERNELS)
    more = [f"padding = {kernel // 2}"]
    if strided:
        more.append("stride = stride")
    if draw(st.booleans()):
        more.append("bias = false")
    return f"conv({channels}, {kernel}, {', '.join(more)})"


def stack(draw: DrawFn, channels: str, act: str, *, strided: bool = False) -> list[str]:
    """A few layers in a row; the first may have the stride."""
    stages = [conv(draw, channels, strided=strided)]
    if draw(st.booleans()):
        stages.append(draw(st.sampled_from(["batchnorm", "groupnorm(1)", "dropout(0.1)"])))
    if draw(st.booleans()):
        stages.append(act)
    if draw(st.integers(0, 2)) == 0:
        stages.append(conv(draw, channels))
    return stages


def residual(draw: DrawFn, name: str) -> str:
    lines = chained(draw, stack(draw, "channels", "act", strided=True))
    if draw(st.booleans()):
        shortcut = "conv(channels, 1, stride = stride)" + draw(st.sampled_from(["", " -> batchnorm"]))
        lines.insert(0, f"shortcut = if stride != 1 or input.channels != channels {{ {shortcut} }}")
        lines.append("it + (input -> shortcut)")
    else:
        same = "stride == 1 and input.channels == channels"
        lines += draw(
            st.sampled_from(
                [
                    [f"if {same} {{ it + input }}"],
                    [f"it + input if {same} else it"],
                    [f"if {same} {{ it + input; if depth > 1 {{ act; it + input }} }} else {{ conv(channels, 1) }}"],
                    ["before = it", "act", "if depth == 2 { it + before } else { if depth == 1 { before -> act } }"],
                    ["part = conv(channels, 1)", "if depth > 1 { part -> act }", "if channels > 4 { part }"],
                ]
            )
        )
    if draw(st.booleans()):
        lines.append("act" if draw(st.booleans()) else "last: act")
    return f"block {name}(channels, stride = 1, depth = 1, act = relu) {{\n{indented(lines)}}}\n"


def branches(draw: DrawFn, name: str) -> str:
    """Branches side by side, joined along the channels or added."""
    count = draw(st.integers(1, 3))
    join = draw(st.sampled_from(["concat({})", "{sum}"]))
    lines = [f"b{k} = input -> {' -> '.join(stack(draw, 'channels', 'act', strided=True))}" for k in range(count)]
    names = [f"b{k}" for k in range(count)]
    lines.append(join.format(", ".join(names), sum=" + ".join(names)))
    if draw(st.booleans()):
        gate = "it -> global_avgpool -> conv(it.channels, 1) -> sigmoid"
        lines += [f"gate = {gate}", "it * gate"]
    return f"block {name}(channels, stride = 1, depth = 1, act = relu) {{\n{indented(lines)}}}\n"


def looped(draw: DrawFn, name: str) -> str:
    """Layers in a loop, in one of the ways to say so."""
    body = " -> ".join(stack(draw, "channels", "act"))
    lines = [
        draw(
            st.sampled_from(
                [
                    f"repeat depth {{ {body} }}",
                    f"for k in range(depth) {{ {body} }}",
                    'for k in range(depth) { "layer{k}": conv(channels, 1) }',
                    'for k in range(1, depth + 1) { "layer{k}": { conv(channels, 1); act } }',
                    "body: conv(channels, 3, padding = 1) * depth",
                    "body: { repeat depth { conv(channels, 1); act } }",
                    "repeat depth { before = it; conv(channels, 1); concat(before, it); conv(channels, 1) }",
                ]
            )
        )
    ]
    lines.insert(draw(st.integers(0, 1)), conv(draw, "channels", strided=True))
    return f"block {name}(channels, stride = 1, depth = 1, act = relu) {{\n{indented(lines)}}}\n"


def row(draw: DrawFn, name: str) -> str:
    """A sequence."""
    lines = chained(draw, stack(draw, "channels", "act", strided=True))
    if draw(st.booleans()):
        lines.append("if depth > 1 { conv(channels, 1) -> act }")
    if draw(st.booleans()):
        lines.append("conv(channels, 3, padding = 1) * depth")
    return f"sequence {name}(channels, stride = 1, depth = 1, act = relu) {{\n{indented(lines)}}}\n"


def nested(draw: DrawFn, name: str, inner: str) -> str:
    """A block made of another one, which hands its parameters on."""
    lines = [
        draw(
            st.sampled_from(
                [
                    f"{inner}(channels, stride, depth, act)",
                    f"first: {inner}(channels, stride = stride) -> second: {inner}(2 * channels, act = act)",
                    f"{inner}(channels) * depth",
                    f"parts: {{ {inner}(channels, stride = stride) -> {inner}(channels) * (depth - 1) }}",
                    f"for k in range(depth) {{ {inner}(channels + k, depth = depth) }}",
                ]
            )
        )
    ]
    return f"block {name}(channels, stride = 1, depth = 1, act = relu) {{\n{indented(lines)}}}\n"


@st.composite
def call(draw: DrawFn, names: list[str]) -> str:
    """The use of a block, with some of its arguments."""
    arguments = [str(draw(CHANNELS))]
    if draw(st.booleans()):
        arguments.append(f"stride = {draw(st.integers(1, 2))}")
    if draw(st.booleans()):
        arguments.append(f"depth = {draw(st.integers(1, 3))}")
    if draw(st.booleans()):
        arguments.append(f"act = {draw(st.sampled_from(ACTIVATIONS))}")
    return f"{draw(st.sampled_from(names))}({', '.join(arguments)})"


@st.composite
def line(draw: DrawFn, names: list[str], number: int) -> list[str]:
    """One or two lines of the network."""
    layers = st.one_of(
        call(names),
        st.sampled_from(["relu", "batchnorm", "dropout(0.2)", "conv(width, 3, padding = 1)", "conv(2 * width, 1)"]),
    )
    one, kept = draw(layers), f"kept{number}"
    return draw(
        st.sampled_from(
            [
                [one],
                [f"{one} -> {draw(layers)}"],
                [f"part{number}: {one}"],
                [f'"p{number}-x": {one} -> {draw(layers)}'],
                [f"chain{number}: {{ {one}; {draw(layers)} }}"],
                [f"{one} * {draw(st.integers(1, 3))}"],
                [f"repeat {draw(st.integers(0, 3))} {{ {one} -> relu }}"],
                [f"for k in range({draw(st.integers(0, 3))}) {{ {one} }}"],
                [f'for k in range(2) {{ "loop{number}_{{k}}": {one} }}'],
                [f"{kept} = it -> {one}", f"if {kept}.shape == it.shape {{ it + {kept} }} else {{ {kept} }}"],
                [f"{kept} = it", one, f"if it.height == {kept}.height {{ concat({kept}, it) }}"],
                ["if it.height > 1 { maxpool(2) }"],
                ["if it.channels == width { shared -> relu }"],
                ["if it.channels % 2 == 0 { left, right = split(it, 2); concat(right, left -> relu) }"],
                ["0.5 * it + 1"],
            ]
        )
    )


@st.composite
def program_text(draw: DrawFn) -> str:
    """A text with a few blocks and a network that uses them."""
    makers = [residual, branches, looped, row]
    names: list[str] = []
    texts: list[str] = []
    for k in range(draw(st.integers(1, 3))):
        name = f"Part{k}"
        if draw(st.booleans()) and names:
            texts.append(nested(draw, name, draw(st.sampled_from(names))))
        else:
            texts.append(draw(st.sampled_from(makers))(draw, name))
        names.append(name)
    lines = ["input(3, 9, 9)", "shared = conv(width, 3, padding = 1)"]
    for k in range(draw(st.integers(1, 5))):
        lines += draw(line(names, k))
    lines.append(
        draw(st.sampled_from(["linear(classes)", "global_avgpool -> head: linear(classes)", "conv(classes, 1)"]))
    )
    return "\n".join([*texts, f"network Net(width = {draw(CHANNELS)}, classes = 5) {{\n{indented(lines)}}}\n"])


PROGRAMS: SearchStrategy[str] = program_text()
