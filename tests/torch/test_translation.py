"""Classes that are right for what else their constructors accept, and texts that have none."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import cnndsl
from cnndsl.compilation import CompilationError
from tests.oracle import agreement
from tests.running import compiled, imported
from tests.torch.constructors import check


@pytest.mark.parametrize(
    "text",
    [
        """
        sequence Ok(c, d, n = 2) {
            x = it
            x -> conv(c, 3, padding=1)
            if d == 1 { a = it -> relu; a -> sigmoid } else { conv(it.channels, 1) }
            repeat n { conv(2 * c, 1); b = it; b -> relu }
            for i in range(n) { if i == 1 { it -> conv(c, 1) } else { tanh } }
            (relu if d == 2 else identity) -> (silu * n)
        }
        sequence Fu(k, d) { linear(k); if d == 1 { relu }; it -> linear(k) }
        network Net(d = 1, n = 2) {
            input(3, 8, 8)
            Ok(3, d) -> Fu(48, d) -> reshape([3, 4, 4]) -> Ok(3, 2, n) -> { repeat n { linear(7) }; relu }
        }
        """,
        """
        block Dense(n, growth) {
            features = [it]
            repeat n { new = concat(features) -> conv(growth, 3, padding=1); features = features + [new] }
            concat(features)
        }
        network Net(n = 2) { input(3, 8, 8); Dense(n, 4) -> relu -> Dense(2, 3) -> conv(3, 1) -> linear(2) }
        """,
        """
        block Dense(n, growth) {
            features = [it]
            repeat n { new = concat(features) -> conv(growth, 3, padding=1); features = features + [new] }
            concat(features)
        }
        block Pair(n) {
            x = it
            for i in range(n) { x = concat(x, it -> conv(i + 1, 1)) }
            y = x -> relu
            output x, y
        }
        network Net(n = 2) {
            input(3, 8, 8)
            d: Dense(n, 4) -> relu -> Dense(2, 3)
            a, b = it -> Pair(n)
            conv(3, 1)
            c, e = it -> Pair(3)
            a + b -> conv(e.channels, 1)
            linear(2)
        }
        """,
        """
        block Pair(n) {
            x = it
            for i in range(n) { x = concat(x, it -> conv(i + 1, 1)) }
            y = concat(x, x)
            output x, y
        }
        network Net(n = 2) {
            input(3, 8, 8)
            a, b = it -> Pair(n)
            it -> conv(3, 1)
            c = a -> conv(2, 1)
            d = b -> conv(2, 1)
            c + d + it.channels
        }
        """,
        """
        block B(unit) { unit -> unit }
        network Net { input(3, 8, 8); B(conv(3, 1)) -> B(relu) }
        """,
        """
        block B(unit) { unit -> unit; conv(it.channels, 1) }
        sequence S(unit) { unit -> unit -> relu }
        block Wide(c = 8) { conv(c, 3, padding=1); relu }
        network Net(k = 3) {
            input(3, 8, 8)
            B(conv(k, 1)) -> B(relu) -> B(Wide(5)) -> S(batchnorm) -> S(conv(4, 1)) -> S(Wide) -> linear(k)
        }
        """,
        """
        block B(unit) { unit -> relu -> linear(3) }
        network Net(pool = maxpool(2)) { input(3, 8, 8); pool -> B(conv(3, 3, stride=2)) }
        """,
        """
        network Net(k = 3, pool = maxpool(2)) { input(3, 8, 8); conv(k, 3); pool -> linear(k) }
        """,
        """
        block B(k, pool = maxpool(2), act = relu) { conv(k, 3); pool -> act -> linear(k) }
        network Net(k = 3, pool = maxpool(2)) { input(3, 8, 8); conv(k, 3, padding=1); pool -> B(k) }
        """,
        """
        network Net(k = 1) {
            input(3, 16, 16)
            conv(k, 3, padding=1)
            (maxpool(2) if it.height > 8 else identity)
            relu
        }
        """,
        """
        block B(k) { conv(k, 3, padding=1); (maxpool(2) if it.height > 8 else identity) }
        network Net(k = 1) { input(3, 16, 16); B(k) -> B(k) -> relu }
        """,
        """
        network Net(k = 1) {
            input(3, 16, 16)
            (maxpool(2) if k == 1 else identity)
            relu -> (conv(3,1) if k == 1 else relu) -> maxpool(2)
        }
        """,
        """
        block B(channels, depth = 1) {
            conv(channels, 1)
            xs = [it, it -> relu]
            ys = []
            for x in xs {
                a = x -> conv(channels, 3, padding=1)
                b = x -> conv(channels, 1)
                if depth == 2 { ys = ys + [a] } else { ys = ys + [b] }
            }
            concat(ys)
        }
        network Net(depth = 1) { input(3, 8, 8); B(4, depth) -> B(4, 2) -> B(3, 3) }
        """,
        """
        block B(channels, depth = 1) {
            conv(channels, 1)
            xs = [it, it -> tanh, it -> silu]
            for [i, x] in enumerate(xs) {
                a = x -> conv(channels, 3, padding=1)
                b = x -> conv(channels, 1)
                if i == depth { it + a } else { it + b -> relu }
            }
        }
        network Net(depth = 1) { input(3, 8, 8); B(4, depth) -> B(4, 2) -> B(3, 3) }
        """,
        """
        block B(channels, depth = 1) {
            conv(channels, 1)
            units = [conv(channels, 1), conv(channels, 3, padding=1), batchnorm]
            for [i, u] in enumerate(units) {
                a = it -> u
                b = it -> sigmoid -> conv(channels, 1)
                if i == depth { it + a } else { b }
            }
        }
        network Net(depth = 1) { input(3, 8, 8); B(4, depth) -> B(4, 2) -> B(3, 3) }
        """,
        """
        network Net(depth = 1, aux = true) {
            input(3, 8, 8)
            conv(4, 1)
            a = it -> conv(2, 1) -> batchnorm
            conv(4, 3)
            b = it -> relu -> conv(4, 3)
            when training { if depth == 1 { helper = a -> linear(3) } else { helper = b -> linear(3) } }
            if depth == 2 { it -> conv(a.channels, 1) } else { tanh }
            main = it -> linear(2)
            output main, helper when training
        }
        """,
        """
        network Net(depth = 1, aux = true) {
            input(3, 8, 8)
            conv(4, 1)
            a = it -> conv(2, 1) -> batchnorm
            b = it -> conv(3, 1)
            when training { h = a -> linear(3); repeat depth { h = h -> linear(4) } }
            if depth == 2 { it -> conv(b.channels, 1) } else { if aux { b -> tanh } }
            main = it -> linear(2)
            output main, h when training
        }
        """,
        """
        block B(k, w = 1) {
            if it.channels == k { it + it }
            if w > 2 { conv(2 * k, 1); if w == 3 { it * 2 } } else { conv(k, 1) }
            if it.channels == k { it * 3 }
            if w == 3 { it + input.channels }
            if 3 < w { it - 1 }
            if k == w { it - 3 } else { it -> relu }
            if k == w { it - 3 }
        }
        network Net(k = 3, w = 1) { input(3, 8, 8); B(k, w) -> B(4, 3) -> B(5, 5) -> B(4, 2) }
        """,
        """
        block B(c) {
            a = it -> conv(c, 1)
            b = it -> conv(c, 1)
            for [i, v] in enumerate([a, b], 3) { it + (v * i -> conv(c, 1)) }
        }
        network Net(c = 3) { input(3, 8, 8); B(c) }
        """,
        """
        block B(c, d) {
            conv(c, 1)
            s = conv(c, 3, padding=1)
            a = it -> s
            b = a -> s
            if d == 1 { it + a } else if d == 2 { it + b } else { if c > 3 { b } }
            relu
        }
        network Net(d = 1) { input(3, 8, 8); B(4, d) -> B(4, 2) -> B(3, 3) -> B(5, 4) }
        """,
        """
        block Body(widths, names, k = 1, flags = [true, false], word = "same", n = 2) {
            all = widths + [k]
            twice = widths * 2
            padded = [k] * n
            tail = widths[1:]
            head = all[:2]
            for [w, v] in zip(widths[1:], tail) { conv(w + v, 1) }
            for [i, w] in enumerate(twice, 1) { conv(w + i, 1) }
            for w in padded { conv(w, 1) }
            for i in range(n) { conv(2 ** i, 1) }
            if 1 < k < 4 { relu }
            if k in [1, 3] { sigmoid } else { tanh }
            if not (k == 2 or n > 2) { silu }
            if widths == [3, 4] { gelu }
            conv(4, 3, padding=word)
            dropout(max(0.1, k / 10))
            conv(min(head) + len(all) + sum(widths) + abs(k), 1)
            if flags[0] { relu }
            if flags[k % 2] { tanh }
            conv(k if n > 2 else 2 * k, 1)
            leaky_relu(0.1 if n > 2 else 0.2)
            conv(int(k * 1.5) + round(k / 2) + floor(k / 3) + ceil(k / 3), 1)
            for w in [2 * x for x in widths if x > 3] { conv(w, 1) }
            for name in names { conv(len(widths), 1) }
            q = widths if n > 2 else [k, 2 * k]
            conv(q[0], 1)
            conv(-(-k) // 1, 1)
        }
        network Net(k = 1, n = 2, widths = [3, 4, 5]) {
            input(3, 8, 8)
            Body(widths, ["a"], k, n=n) -> Body([3, 4], ["a", "b"], 2, [false, true], "same", 3)
        }
        """,
        """
        block Say(n, word, c = 4) {
            full = "part" + word
            for i in range(n) { "{full}{i}": conv(c, 1) }
            if word == "x" { relu } else { tanh }
            pad = 1 if n > 1 else 0
            conv(c, 3, padding=pad)
            a = parameter([c, 1, 1], init=0.5)
            b = parameter([it.channels, 1, 1], init=normal(std=0.1))
            it * a + b
            -it
            (it if n > 1 else it * 2) -> relu
            2 - it
        }
        network Net(n = 2, c = 4) { input(3, 8, 8); Say(n, "x", c) -> Say(1, "y") }
        """,
        """
        block B(c) {
            it / (1 + (it -> conv(c, [3, 3], padding="same") -> relu) * (it -> conv(c, [3, 3], padding="same") -> relu))
        }
        network Net(c = 3) { input(3, 8, 8); B(c) }
        """,
        "network Net(n = 2, more = []) { input(3, 8, 8); if sum(more) > 1 or 2 in more { conv(n, 1) }; linear(3) }",
        """
        network Net(n = 2, m = 2, c = 2, k = 1) {
            input(2, 6, 6)
            maps = [it]
            for i in range(n) {
                concat(maps)
                repeat k { maps = [] }
                for j in range(m) { conv(c, 1); maps = maps + [it] }
            }
        }
        """,
        """
        network Net(m = 2, c = 2, k = 1) {
            input(2, 6, 6)
            maps = [it]
            repeat k { maps = [] }
            for j in range(m) { conv(c, 1); maps = maps + [it] }
            concat(maps)
        }
        """,
        """
        block Res(channels, more) { conv(channels, 3, padding=1); it + (more -> conv(channels, 1)) }
        network Net(n = 2, m = 2) {
            input(3, 8, 8)
            t = it -> conv(5, 1)
            for i in range(n) { wide = Res((6 + i)) }
            it -> wide(t) -> relu -> wide(more=t) -> last: Res(4, t)
            wide(t)
            for i in range(m) { it -> Res(3 + i, t) -> wide(it) }
        }
        """,
    ],
)
def test_a_class_is_the_text_for_all_arguments(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        """
        sequence S(c, d = 1) {
            a = it -> conv(c, 3, padding=1)
            if d == 1 { a -> relu } else { it -> sigmoid }
        }
        network Net(d = 1) { input(3, 8, 8); S(3, d) -> S(3, 2) }
        """,
        """
        sequence S(c) { a = it -> conv(c, 3, padding=1); it -> conv(c, 1) -> relu }
        network Net { input(3, 8, 8); S(3) -> S(4) }
        """,
        """
        sequence S(c) { conv(c, 1); a = it; relu; a -> conv(c, 1) }
        network Net { input(3, 8, 8); S(3) -> S(4) }
        """,
        """
        sequence S(c) { conv(c, 1); relu; input -> conv(c, 1) }
        network Net { input(3, 8, 8); S(3) -> S(4) }
        """,
        """
        block B(c, d) {
            f: { x = it -> conv(c, 1); it -> sigmoid; }
            g: { if d == 1 { y = it -> relu } else { it -> sigmoid } }
        }
        network Net(d = 1) { input(3, 8, 8); B(3, d) -> B(4, 2) }
        """,
        """
        sequence Ok(c, n = 2) { y = it; repeat n { y -> conv(c, 1) -> relu } }
        network Net(n = 2) { input(3, 8, 8); Ok(3, n) }
        """,
        """
        sequence Ok(c, n = 2) { repeat n { conv(c, 1); a = it -> relu } }
        network Net(n = 2) { input(3, 8, 8); Ok(3, n) }
        """,
    ],
)
def test_a_chain_in_which_a_layer_reads_something_else_is_refused(text: str) -> None:
    with pytest.raises(CompilationError, match=r"(?s)E601.*what the one before it gave.*make it a block"):
        cnndsl.compile(text).python()


def test_a_layer_that_is_a_parameter_may_give_other_channels() -> None:
    text = """
    block B(unit) { unit -> unit }
    network Net { input(3, 8, 8); B(conv(3, 1)) }
    """
    block = imported(cnndsl.compile(text).python()).B(3, lambda channels: nn.Conv2d(channels, 7, 1))
    assert block(torch.rand(1, 3, 8, 8)).shape == (1, 7, 8, 8)


def test_a_constant_that_says_two_things_for_two_loops_is_refused() -> None:
    text = """
    block B(n, a) {
        m = n
        for k in range(m) { if k > 0 { it + input } }
        if a { m = n + 1 }
        for k in range(m) { if k > 0 { it * input } }
    }
    network Net { input(2, 6, 6); B(2, true) -> B(3, false) }
    """
    with pytest.raises(CompilationError, match=r"(?s)E601.*m has one value for a loop.*a name of its own"):
        cnndsl.compile(text).python()


@pytest.mark.parametrize(
    "applied",
    ["if a > 1 { head } else { conv(5, 1) -> head }", "if a > 1 { head } else { if a > 0 { conv(5, 1) }; head }"],
)
@pytest.mark.parametrize("layer", ["conv(4, 3, padding=1)", "{ batchnorm -> conv(4, 1) }", "linear(4)"])
def test_a_layer_that_gets_other_sizes_in_other_cases_is_refused(layer: str, applied: str) -> None:
    text = f"""
    block B(a) {{ head = {layer}; conv(8, 1); {applied} }}
    network One {{ input(3, 4, 4); B(1) }}
    network Two {{ input(3, 4, 4); B(2) }}
    """
    with pytest.raises(CompilationError, match=r"(?s)E601.*head is applied to values of other sizes.*of its own"):
        cnndsl.compile(text).python()
    check(text.replace("conv(5, 1)", "conv(8, 1)"))


@pytest.mark.parametrize(
    "applied",
    [
        "if a > 1 { for head in heads { head; relu } } else { for head in heads { relu; head } }",
        "if a > 1 { for head in heads { head; relu } }; for head in heads { relu; head }",
    ],
)
def test_a_list_that_is_gone_through_in_one_case_and_applied_in_another_is_refused(applied: str) -> None:
    text = f"""
    block B(a, ks) {{ heads = [conv(8, k, padding=k // 2) for k in ks]; conv(8, 1); {applied} }}
    network Net {{ input(3, 4, 4); B(1, [3, 5]) -> B(2, [1]) }}
    """
    with pytest.raises(CompilationError, match=r"(?s)E601.*through heads in one case.*go through them once"):
        cnndsl.compile(text).python()
    check(text.replace(applied, "for head in heads { if a <= 1 { relu }; head; if a > 1 { relu } }"))


LIST_OF_TWO_KINDS = """
network Net(widths) {{
    input(3, 64, 64)
    downs = {layers}
    for down in downs {{ down -> relu }}
}}
network Two = Net([4, 8])
network Three = Net([4, 8, 12])
"""


@pytest.mark.parametrize(
    "layers",
    [
        "[{ conv(widths[0], 4, 4) }] + [{ batchnorm -> conv(w, 2, 2) } for w in widths[1:]]",
        "[({ conv(w, 4, 4) } if i == 0 else { batchnorm -> conv(w, 2, 2) }) for [i, w] in enumerate(widths)]",
    ],
)
def test_what_is_said_of_a_list_of_two_kinds_of_layers_helps(layers: str) -> None:
    with pytest.raises(CompilationError, match=r"(?s)E601.*\[\{ if i == 0 \{ first \} else \{ others \} \} for"):
        cnndsl.compile(LIST_OF_TWO_KINDS.format(layers=layers)).python()
    followed = "[{ if i == 0 { conv(w, 4, 4) } else { batchnorm -> conv(w, 2, 2) } } for [i, w] in enumerate(widths)]"
    check(LIST_OF_TWO_KINDS.format(layers=followed))


def test_a_layer_of_as_many_values_as_a_parameter_says_is_refused() -> None:
    text = """
    block Join(channels) { concat(input) -> "conv": conv(channels, 1) }
    block B(both) {
        xs = [it]
        if both { xs = xs + [it] }
        y = xs -> join: Join(4)
        y -> relu
    }
    network Net { input(3, 8, 8); B(true) -> B(false) }
    """
    for line in ("y = xs -> join: Join(4)", "xs -> join: Join(4) as y", "xs; join: Join(4); y = it"):
        with pytest.raises(CompilationError, match=r"(?s)E601.*B cannot be.*a parameter says how many.*concat"):
            cnndsl.compile(text.replace("y = xs -> join: Join(4)", line)).python()


def test_a_block_that_gives_itself_ever_more_values_is_refused() -> None:
    text = """
    block Join(channels) { concat(input) -> "conv": conv(channels, 1) }
    block Tree(levels, before = []) {
        if levels == 1 {
            [it] + before -> Join(4)
        } else {
            x = it -> first: Tree(levels - 1)
            x -> second: Tree(levels - 1, before + [x])
        }
    }
    network Net(levels = 2) { input(3, 8, 8); Tree(levels) }
    """
    with pytest.raises(CompilationError, match=r"E601.*Tree cannot be.*ever more values"):
        cnndsl.compile(text).python()


def test_what_conditions_ask_for_is_kept_whatever_they_say() -> None:
    text = """
    block Sum(radix) {
        conv(2 * radix, 1)
        if radix > 1 { sum(reshape(it, [radix, 2, 8, 8]), axis=1) }
        if radix > 1 { it * radix }
    }
    network Net { input(3, 8, 8); Sum(2) -> Sum(1) }
    """
    made = cnndsl.compile(text).python()
    assert made.count("self.radix = radix") == 1
    assert imported(made).Sum(3, 1).radix == 1  # TorchScript wants every attribute that `forward` speaks of
    check(text)


def test_a_word_on_which_a_size_depends_is_a_constant_or_refused() -> None:
    text = """
    block B(pad) { conv(4, 3, padding=pad) }
    network Net { input(3, 8, 8); B("same") -> B("same") }
    """
    assert 'nn.Conv2d(in_channels, 4, 3, padding="same")' in cnndsl.compile(text).python()
    with pytest.raises(CompilationError, match=r"E601.*B cannot be.*what this layer does depends on a parameter"):
        cnndsl.compile(text.replace('-> B("same")', '-> B("valid")')).python()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("mean(it, axis=axis)", "axis of mean depends on a parameter.*keepdim=true"),
        ("select(it, axis, 0)", "axis of select depends on a parameter"),
        ("layernorm(axis=axis); it", "what this layer does depends on a parameter"),
        (
            "l = [it]; for i in range(axis) { l = l + [relu(it)] }; concat(l, axis=axis) -> global_avgpool",
            "axis of concat depends",
        ),
    ],
)
def test_an_axis_that_decides_what_the_class_is_is_a_constant_or_refused(body: str, said: str) -> None:
    text = f"block B(axis) {{ {body} }}; network Net {{ input(4, 8, 8); a = it -> B(2); b = it -> B(2); a + b }}"
    check(text)
    with pytest.raises(CompilationError, match=rf"(?s)E601.*B cannot be.*{said}"):
        cnndsl.compile(text.replace("b = it -> B(2)", "b = it -> B(3)")).python()


def test_a_value_times_its_mean_along_any_axis_keeps_its_size() -> None:
    text = """
    block B(axis) { it * mean(it, axis=axis, keepdim=true) -> conv(4, 1) }
    network Net { input(4, 8, 8); B(2) -> B(3) }
    """
    check(text)
    assert "self.conv1 = nn.Conv2d(in_channels, 4, 1)" in cnndsl.compile(text).python()


def test_a_parameter_is_a_constant_only_while_all_known_uses_agree() -> None:
    """The second use is known when the first, in which a list has to have a known length, made constants of both."""
    check("""
block Row(channels, rates = [1, 2]) {
    branches = [conv(channels, 3, padding=rate, dilation=rate) for rate in rates]
    conv(channels, 1) -> branches[0]
}
network Net(wide = 2, rates = [1, 2]) { input(4, 9, 9); Row(4); Row(wide, rates) }
""")


def test_only_the_parameters_that_no_constructor_could_leave_open_are_constants() -> None:
    text = """
    block Exchange(c) { output [x -> conv(c, 1) for x in input] }
    network Net(classes = 4, deep = true, widths = [2, 3], c = 5) {
        input(3, 8, 8)
        maps = []
        for width in widths { conv(width, 3, padding=1) -> relu; maps = maps + [it] }
        maps = maps -> Exchange(c)
        if deep { concat(maps) -> conv(classes, 1) } else { maps[0] -> conv(classes, 3) }
    }
    """
    check(text)
    made = cnndsl.compile(text).python()
    assert "It is written for widths=[2, 3]." in made
    assert "def __init__(self, classes: int = 4, deep: bool = True, c: int = 5)" in made


def test_layers_that_may_not_be_there_have_a_variable_each_in_one_expression() -> None:
    check("""
block Two(channels, left = true, right = false) {
    a = if left { conv(channels, 1) }
    b = if right { conv(channels, 1) }
    x, y = split(input, 2)
    (x -> a) + (y -> b)
}
network Net(left = true, right = false) { input(8, 5, 5); Two(4, left, right) }
""")


def test_outputs_are_worked_out_in_the_order_of_the_text() -> None:
    """Layers that draw random numbers draw the same ones as the text does step by step."""
    made = cnndsl.compile("""
        network Net {
            input(3, 8, 8)
            p = dropout(0.5)
            q = dropout(0.4)
            x = it -> conv(3, 1)
            output it + (x -> p), x -> q
        }
    """).python()
    assert made.index("self.p(x") < made.index("self.q(x")


def test_sizes_of_which_nobody_could_follow_whether_they_are_equal() -> None:
    text = """
block Unit(channels, kernel, dilation, last) {
    conv(channels, kernel, padding=(kernel - 1) // 2 * dilation, dilation=dilation) -> relu
    skipped = it -> skip: conv(channels, 1)
    out     = input
    if not last { out = input + (it -> residual: conv(input.channels, 1)) }
    output out, skipped
}
network Net(length = 4, kernel = 3, blocks = 3, repeats = 2) {
    input(1, ?)
    conv(4, length, length // 2) -> relu
    total = []
    for r in range(repeats) {
        for b in range(blocks) {
            x, skip = it -> "unit{r}_{b}": Unit(4, kernel, 2 ** b, r == repeats - 1 and b == blocks - 1)
            x
            total = total + [skip]
        }
    }
    sum(total)
}"""
    model = imported(cnndsl.compile(text).python()).Net()
    assert model(torch.rand(2, 1, 30)).shape == (2, 4, 14)


def test_a_block_that_uses_itself_with_the_rest_of_a_list() -> None:
    check("""
block Tree(widths) {
    up: conv(widths[0], 3, padding=1) as high
    input -> low: conv(widths[1], 3, 2, padding=1)
    if len(widths) > 2 { inner: Tree(widths[1:]) } else { middle: conv(widths[1], 1) }
    upsample(it -> back: conv(widths[0], 1), scale=2) + high
}
network Net(stacks = 2, widths = [4, 6, 8]) {
    input(3, 16, 16)
    for i in range(stacks) { "tree{i}": Tree(widths) }
}
""")


def test_turns_are_counted_along_their_layers() -> None:
    text = """
network Net(n = 3) {
    input(3, 8, 8)
    for i in range(n) { conv(8, 3, padding=1) -> batchnorm; if i > 0 { it * i } }
}
"""
    check(text)
    made = cnndsl.compile(text).python()
    assert "for i, (conv1, batchnorm1) in enumerate(zip(self.conv1, self.batchnorm1)):" in made
    assert "self.n " not in made


def test_what_a_block_gives_that_uses_itself_is_proved() -> None:
    text = """
block Fractal(columns, channels) {
    if columns == 1 { unit: conv(channels, 3, padding=1) } else {
        long = it -> Fractal(columns - 1, channels) -> Fractal(columns - 1, channels)
        (long + (it -> conv(channels, 3, padding=1))) / 2
    }
}
network Net(columns = 3, widths = [2, 3]) {
    input(3, 8, 8)
    for width in widths { Fractal(columns, width) -> maxpool(2) }
    linear(2)
}
"""
    check(text)
    made = cnndsl.compile(text).python()
    assert "def __init__(self, in_channels: int, columns: int, channels: int)" in made
    assert "out_channels" not in made


def test_what_two_blocks_give_that_use_one_another_is_proved() -> None:
    text = """
block Tree(levels, channels, stride = 1) {
    x     = input[0]
    aside = input[1:]
    if levels == 1 {
        a = x -> conv1: conv(channels, 3, stride, padding=1)
        concat([a] + aside) -> root: conv(channels, 1)
    } else {
        a = [x] -> tree1: Tree(levels - 1, channels, stride)
        [a, concat(aside + [a])] -> tree2: Tree(levels - 1, channels)
    }
}
network Net(levels = 2, channels = 4) { input(3, 8, 8); [it] -> Tree(levels, channels, 2) -> conv(2, 1) }
"""
    check(text)
    assert "out_channels" not in cnndsl.compile(text).python()


@pytest.mark.parametrize(
    "line",
    [
        "Grown(n - 1, 2 * channels)",
        "Grown(n - 1, channels) -> conv(it.channels + 1, 1)",
        "Grown(n - 1, channels) -> maxpool(2)",
        "if channels > 3 { Grown(n - 1, channels) } else { Grown(n - 1, channels + 1) -> conv(channels, 1) }",
    ],
)
def test_what_a_block_gives_that_uses_itself_in_another_way_is_its_own_to_say(line: str) -> None:
    check(f"""
block Grown(n, channels) {{
    if n == 0 {{ last: conv(channels, 3, padding=1) }} else {{ {line} }}
}}
network Net(n = 2, channels = 2) {{ input(3, 16, 16); Grown(n, channels) -> linear(2) }}
""")


def test_forward_reads_sizes_from_the_values_that_have_them() -> None:
    text = """
network Net(sources = 2, width = 4, depth = 2, kernel = 4, stride = 2, length = 30) {
    input(1, length)
    skips = []
    for i in range(depth) {
        "encoder{i}": { conv(width * 2 ** i, kernel, stride) -> relu }
        skips = skips + [it]
    }
    for i in range(depth) {
        skip = skips[-1 - i]
        it + skip[:, :, :it.length]
        "decoder{i}": conv_transpose(sources if i == depth - 1 else width * 2 ** (depth - 2 - i), kernel, stride)
    }
    reshape(it, [sources, 1, it.length])
    it / it.shape[2] + sum([it, it]) / len(skips)
}
"""
    check(text)
    made = cnndsl.compile(text).python()
    assert "x = x + skip[:, :, : x.shape[2]]" in made
    assert "torch.reshape(x, (-1, self.sources, 1, x.shape[2]))" in made
    assert "depth: int = 2" in made
    assert "/ len(skips)" in made


def test_the_sizes_of_what_came_in_are_not_those_of_what_took_its_variable() -> None:
    check("""
block Rows {
    conv(2 * input.channels, 1) -> flatten(2) -> relu
    a, b = split(it, 2)
    a * b
    reshape(it, [input.channels, input.height, input.width])
}
network Net(n = 2, size = 8) {
    input(3, size, size)
    repeat n { conv(4, 3, padding=1) -> Rows }
    x = it
    conv(2, 3) -> flatten(2)
    conv(2, 1) -> reshape([2, x.height - 2, x.width - 2])
    reshape(it, [2 * it.height, it.width])
}
""")


def test_a_loop_has_what_its_turns_read() -> None:
    text = """
block Layers(n, rates) {
    convs = [conv(4, 3, padding=1) for j in range(n)]
    norms = [batchnorm for j in range(n)]
    acts  = [relu for j in range(n)]
    for [[layer, norm], act] in zip(zip(convs, norms), acts) { it -> layer -> norm -> act }
    dilated = [conv(4, 3, padding=rate, dilation=rate) for rate in rates]
    for [rate, layer] in zip(rates, dilated) { it -> layer }
    for [i, rate] in enumerate(rates) { conv(4, 3, padding=rate, dilation=rate) }
    for [i, rate] in enumerate(rates) { "last{i}": conv(4, 1) }
    for [i, [layer, norm]] in enumerate(zip(convs, norms)) { it -> layer -> norm; if i == 1 { relu } }
    for [i, k] in enumerate(range(n)) { "end{i}": conv(4, 1) }
    for [i, [k, rate]] in enumerate(zip(rates, range(len(rates)))) { "ends{i}": conv(4, 1) }
}
network Net(n = 2) { input(4, 6, 6); Layers(n, [1, 2]) -> Layers(3, [1]) }"""
    check(text)
    made = cnndsl.compile(text).python()
    assert "for layer, norm, act in zip(self.convs, self.norms, self.acts):" in made
    assert "for layer in self.dilated:" in made
    assert "for i in range(len(self.rates)):" in made
    assert "for i, (layer, norm) in enumerate(zip(self.convs, self.norms)):" in made
    assert "for i in range(self.n):" in made


def test_the_turns_of_a_loop_that_is_written_out_have_numbers() -> None:
    made = cnndsl.compile("""
block Pair(width) {
    a, b = split(it, 2)
    for [i, x] in enumerate([a, b]) { "at{i}": { conv(width * 2 ** i, 1) -> conv(width + i, 1) } }
}
network Net(width = 4) { input(8, 6, 6); conv(8, 1) -> Pair(width) -> conv(4, 1) -> Pair(2) }""").python()
    assert "2**0" not in made
    assert "nn.Conv2d(width, width + 1, 1)" not in made
    assert "width * 2, 1)" in made


NUMBERS = """
growth = 16
sizes = [3, 5]
network Net(c = 4) {
    input(3, 32, 32)
    conv(growth, sizes[0]) -> relu -> conv(2 * growth, 2 + 1, padding=3 // 2) -> relu -> conv(-(-7 // 2), 1)
    for i in range(2) { "conv{i}": conv(c * 2 ** i, 3) }
    concat([it -> "wide{i}": conv(8 * k, k, padding=k // 2) for [i, k] in enumerate([3, 1])])
    flatten -> linear(4 * 5 * 5) -> unflatten(1, [4, 5, 5])
}
"""


@pytest.mark.parametrize(
    "use",
    [
        "for y in reversed(maps) { concat(upsample(it, like=y), y) -> conv(2, 1) }",
        "for [y, k] in zip(reversed(maps), reversed(sizes)) { concat(it, y) -> conv(k, 1) }",
        "concat([y -> conv(k, 1) for [k, y] in zip(sizes, maps) if k > 1] + [it])",
        "for [y, z] in zip(maps, reversed(maps)) { concat(it, y, z) -> conv(2, 1) }",
        "for [y, [a, b]] in zip(maps, rows) { concat(it, y) -> conv(a, 1) -> conv(b, 1) }",
        "cs = [conv(2, 1) for k in sizes]; for [y, [i, c]] in zip(maps, enumerate(cs)) { concat(it, y) * i -> c }",
        "for [i, y] in enumerate(maps) { concat(it, y) -> conv(i + 1, 1) }",
        "for [i, y] in enumerate(reversed(maps), 1) { concat(it, y) * i -> conv(i, 1) }",
        "for [k, y] in reversed(zip(sizes, maps)) { concat(it, y) -> conv(k, 1) }",
        "concat([y -> conv(i + 1, 1) for [i, y] in reversed(enumerate(maps))] + [it])",
        "for [k, y] in zip(sizes, maps) { concat(it, y) -> conv(k, 1); maps = maps + [it] }; concat(maps)",
        "for [i, y] in enumerate(maps) { it + (y -> conv(it.channels, 1)) * i; maps = maps + [it] }; concat(maps)",
        "linear(sum([k * c for [k, c] in zip(sizes, [y.channels for y in maps])]))",
        "for y in reversed(maps[:-1]) { it + (y -> conv(it.channels, 1)) }",
        "concat([concat(a, b) for [a, b] in zip(maps[:-1], maps[1:])] + [it])",
        "rest = maps[1:]; for [i, y] in enumerate(rest, 1) { concat(it, y) -> conv(i, 1) }",
        "more = maps[:-1]; for y in maps[1:] { more = more + [y -> relu] }; concat(more + [it])",
        "conv(len(maps[1:]) + 1, 1); it + (maps[0] -> conv(it.channels, 1))",
        "sum([y -> conv(2, 1) for y in maps]) + (maps[-1] -> conv(2, 1)) + sum([y -> conv(2, 1) for y in maps[1:]])",
    ],
)
def test_a_list_of_any_length_is_gone_through_with_others_and_from_its_end(use: str) -> None:
    text = f"""
    network Net(sizes = [1, 2], rows = [[1, 2], [2, 1]]) {{
        input(3, 8, 8)
        maps = []
        for k in sizes {{ conv(k, 1); maps = maps + [it] }}
        {use}
    }}
    network Longer = Net([2, 1, 3], [[1, 1], [2, 1], [1, 3]])
    """
    agreement.check(text)
    check(text)


def test_numbers_are_written_as_the_text_works_them_out() -> None:
    python = cnndsl.compile(NUMBERS).python()
    for said in (
        "nn.Conv2d(3, growth, sizes[0])",
        "nn.Conv2d(16, 2 * growth, 2 + 1, padding=3 // 2)",
        "nn.Conv2d(32, -(-7 // 2), 1)",
        "c * 2**i, 3)",
        "24, 3, padding=1)",
        "4 * 5 * 5)",
    ):
        assert said in python
    check(NUMBERS)


def test_counts_sums_and_lists_of_features_are_written_plainly() -> None:
    text = """
    block Gated(ratio) {
        w = ratio * input.channels
        widths = [int(w / 4), int(w / 2)]
        own = input -> conv(sum(widths), 1)
        concat([input -> conv(width, 1) for width in widths]) + own -> batchnorm
        it * reshape(it -> global_avgpool -> linear(it.channels), [-1, 1, 1])
    }
    network Net(depth = 2, ratio = 1.5) {
        input(6, 8, 8)
        maps = []
        repeat depth { Gated(ratio); maps = maps + [it]; maxpool(2) }
        for [i, y] in enumerate(reversed(maps)) { concat(upsample(it, like=y), y) -> conv(2 * i + 1, 1) }
    }
    """
    python = cnndsl.compile(text).python()
    for said in (
        "nn.BatchNorm2d(widths[0] + widths[1])",
        "nn.Conv2d(in_channels, sum(widths), 1)",
        "self.linear1(torch.flatten(self.global_avgpool1(x), 1)), 1, (-1, 1, 1)",
        "for i, y_channels in enumerate(reversed(maps_channels)):",
    ):
        assert said in python
    check(text)


def test_a_block_that_is_a_parameter_is_a_part_by_its_word_also_with_a_value() -> None:
    text = """
    block Add(channels, value) { conv(channels, 1); it + value }
    block Twice(unit) { r = it -> conv(8, 1); unit(8, r) }
    network Net { input(3, 8, 8); Twice(Add) }
    """
    compilation = cnndsl.compile(text)
    program = compilation.program
    assert program is not None
    assert [child.name for child in program.modules["Twice"].children] == ["conv1", "unit1"]
    python = compilation.python()
    assert "self.unit1 = unit(in_channels, 8)" in python
    assert "x = self.unit1(x, r)" in python


def test_a_number_that_ways_of_a_condition_leave_in_ways_of_their_own_is_no_traceback() -> None:
    text = """
    block Inner(channels, size) {
    }
    network Net(width = 2, deep = 2, flag = true, unit = conv(kernel=1)) {
        input(2, 6, 6)
        if width > 1 {
            if width == 2 or flag {
                for n in [1, width] {
                    w = it -> { conv(n + 1, 1) -> relu } -> if deep > 1 { relu } else { tanh }
                    v = w if flag else (input -> unit(width + 1))
                    concat(it, v)
                }
                if not flag {
                } else {
                    deep = deep + 1
                }
            }
        }
        Inner(deep, deep) * deep -> relu
    }
    """
    check(text)


def test_sizes_are_said_by_the_items_of_a_list_that_give_them() -> None:
    text = """
    network Net(width = 0.5, grow = 2) {
        input(3, 8, 8)
        c = [make_divisible(w * width, 4) for w in [16, 32]]
        a = it -> conv(c[0], 1)
        a -> conv(c[1], 1)
        concat(it, it) -> conv(4, 1)
        c = [grow * c[1], grow]
        conv(c[0], 1)
        c = c + [7]
        concat(it, a) -> conv(c[1], 1) -> conv(c[2], 1)
    }
    """
    python = cnndsl.compile(text).python()
    for said in ("Conv2d(3, c[0], 1)", "Conv2d(c[0], c[1], 1)", "Conv2d(2 * c[1], 4, 1)"):
        assert said in python
    check(text)


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("[conv(c, 1), relu]", "[conv(c, 3, padding=1), identity]"),
        ("[conv(c, 3, 2, padding=1) for i in range(2)]", "[conv(c, 1) for i in range(2)]"),
        ("A", "[conv(4, 3, padding=1), tanh]"),
    ],
)
def test_one_of_two_lists_of_layers_is_a_list_of_ones_of_two(yes: str, no: str) -> None:
    text = f"""
    A = [conv(4, 1), relu]
    block Cell(c, reduced = false) {{
        ops = {yes} if reduced else {no}
        (it -> ops[0]) * 0.5 -> ops[1]
        for op in ([relu, conv(c, 1)] if reduced else [conv(c, 3, padding=1), identity]) {{ op }}
    }}
    network Net(c = 4, reduced = false) {{ input(4, 8, 8); Cell(c) -> Cell(c, true) -> Cell(c, reduced) }}
    """
    assert "written for" not in cnndsl.compile(text).python()
    check(text)


def test_lists_of_layers_of_two_lengths_are_no_choice() -> None:
    text = """
    block Cell(reduced) {
        ops = [conv(4, 1), relu] if reduced else [conv(4, 1)]
        for op in ops { op }
    }
    network Net { input(3, 8, 8); Cell(true) -> Cell(false) }
    """
    with pytest.raises(cnndsl.CompilationError, match=r"(?s)which list of layers there is.*with the condition in it"):
        cnndsl.compile(text).python()


def test_a_number_that_one_way_of_two_conditions_changes_keeps_the_size_that_it_gave() -> None:
    text = """
    network Net(deep = true, count = 2) {
        input(2, 6, 6)
        if deep { conv(1, 1) } else { count = count + 1 }
        conv(count, 1)
        if deep { conv(1, 1) } else { count = count + 1 }
        conv(count, 1)
    }
    """
    check(text)


@pytest.mark.parametrize("lines", ["width = 2 * width", "for k in range(2) { conv(width, 1); width = width + k }"])
def test_a_parameter_that_is_given_something_else_is_no_size_in_a_comment(lines: str) -> None:
    source = compiled(f"network N(width = 4) {{ input(3, 8, 8); {lines}; conv(2, 1) -> linear(width) }}").python()
    assert "# width" not in source
    assert "# width" in compiled("network N(width = 4) { input(3, 8, 8); conv(2, 1) -> linear(width) }").python()
