"""Blocks, layers and chains that are parameters, declared or applied again, for other arguments."""

from __future__ import annotations

import pytest
import torch

import cnndsl
from cnndsl.compilation import CompilationError
from tests.running import imported
from tests.torch.constructors import check


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ("x = it -> conv(4, 1); y = x -> relu; x + y", ["x = self.conv1(x)", "y: Tensor = self.relu1(x)", "x = x + y"]),
        ("x = it -> conv(3, 1); it + x", ["x_: Tensor = self.conv1(x)", "x = x + x_"]),
        ("x = it -> conv(3, 1); repeat 2 { conv(3, 1) }; x + it", ["x_: Tensor = self.conv1(x)", "x = x_ + x"]),
        ("x, y = split(it, [1, 2]); concat(y, x)", ["x, y = torch.split(x, [1, 2], 1)"]),
    ],
)
def test_x_is_what_comes_in_while_that_is_read(body: str, written: list[str]) -> None:
    text = f"network Net {{ input(3, 8, 8); {body} }}"
    check(text)
    lines = [line.partition("  #")[0].strip() for line in cnndsl.compile(text).python().splitlines()]
    assert set(written) <= set(lines)


GATED = """
block Scaled(channels, emb) {
    conv(channels, 3, padding=1) -> relu
    it * reshape(emb -> linear(channels), [channels, 1, 1])
}
block Shifted(width, by, heads = 1) {
    it -> conv(width, 1) -> sigmoid
    it + reshape(by -> linear(width * heads) -> linear(1), [1, 1, 1])
}
block Joined(size, one, other) { concat(it, upsample(other, like=one)) -> conv(size, 3, padding=1) }
block Summed(size, one, other) { (it -> conv(size, 1)) * sigmoid(one -> conv(1, 1)) + (other -> conv(size, 1)) }
block Two(channels, emb) { output it -> Scaled(channels, emb), emb -> linear(channels) }
"""


@pytest.mark.parametrize(
    ("block", "use"),
    [
        ("Run(unit, emb, n) { repeat n { unit(4, emb) -> relu } }", "Run(Scaled, emb, n) -> Run(Shifted, emb, 1)"),
        ("Run(unit, emb, widths) { for w in widths { unit(w, emb) } }", "Run(Shifted(heads=n), emb, [2, n, 3])"),
        ("Run(units, emb) { for [unit, w] in units { unit(w, emb) } }", "Run([[Scaled, n], [Shifted, 4]], emb)"),
        (
            "Run(unit, emb, flag) { if flag { it + (it -> unit(3, emb)) } }",
            "Run(Shifted if n > 1 else Scaled, emb, n > 2)",
        ),
        ("Run(unit, emb) { a, b = it -> unit(4, emb); a + reshape(b, [-1, 1, 1]) }", "Run(Two, emb)"),
        (
            "Run(unit, maps, n) { unit(n, maps[0], maps[1]) }",
            "Run(Joined, [x, x -> conv(n, 1)], n) -> Run(Summed, [x, it], 2)",
        ),
        ("Run(unit, x) { part = unit(2, x, it); x = x -> conv(4, 1); part -> unit(5, x, it) }", "Run(Joined, x)"),
        (
            """Run(unit, emb, n) {
                own  = unit(channels=n, emb=emb)
                half = unit(emb=emb)
                list = [unit(channels=w, emb=emb) for w in [n, 3]]
                emb = emb -> linear(n) -> relu
                own -> half(3) -> relu
                for layer in list { layer -> relu }
                half(emb.features)
            }""",
            "Run(Scaled, emb, n)",
        ),
    ],
)
def test_a_block_that_is_a_parameter_takes_values(block: str, use: str) -> None:
    inputs = "x = input(3, 6, 6); t = input(5); emb = t -> linear(7) -> relu"
    check(f"{GATED}block {block}\nnetwork Net(n = 2) {{ {inputs}; it -> {use} }}")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("unit(8, x, y) -> unit(8, x, other=y)", "is given values in two ways"),
        ("unit(8, other=x, one=y)", "is given values in another order than Joined takes them"),
        ("part = unit(size=8); it -> part(x, y)", "is given an argument by name, and then one before it without"),
    ],
)
def test_a_block_that_is_a_parameter_takes_values_in_one_order(body: str, reason: str) -> None:
    text = f"""{GATED}
    block Run(unit, x) {{ y = x -> conv(3, 1); {body} }}
    network Net {{ input(3, 6, 6); Run(Joined, it) }}
    """
    with pytest.raises(CompilationError, match=rf"E601.*{reason}"):
        cnndsl.compile(text).python()


@pytest.mark.parametrize(
    "body",
    [
        "layers = [conv(it.channels, 3, padding=1) for i in range(n)]; conv(5, 1)",
        "w = 4; layers = [conv(w, 3, padding=1) for i in range(n)]; w = w + 1; conv(w, 1)",
        "x = it; layers = [conv(x.channels, 1) for i in range(n)]; x = it -> conv(2, 1); x",
        "layers = [Add(4, it) for i in range(n)]; conv(2, 1) -> relu",
        "x = it; layers = [Add(4, x) for i in range(n)]; x = it -> conv(2, 1); x",
    ],
)
def test_a_list_of_layers_is_what_its_names_mean_where_it_is_declared(body: str) -> None:
    block = "block Add(channels, value) { (it -> conv(channels, 1)) * (value -> conv(1, 1)) }"
    check(f"{block}\nnetwork Net(n = 2) {{ input(3, 6, 6); {body}; for layer in layers {{ layer -> relu }} }}")


@pytest.mark.parametrize(
    "body",
    [
        "y = it; some = Add(value=y); y = it -> conv(n, 1); some(3) -> relu -> some(4); it * (y -> conv(1, 1))",
        "w = n; some = Odd(half=w); if n > 1 { w = w + 1 }; some(w) -> some(2)",
        "w = n; some = conv(kernel=2 * w + 1, padding=w); repeat n { w = w + 1 }; some(w) -> some(2)",
        "w = n; Run(Odd, w)",
        "some = conv(kernel=1); for k in range(n) { some(4) -> relu; some = conv(kernel=2 * k + 3, padding=k + 1) }",
    ],
)
def test_a_layer_with_some_of_its_arguments_keeps_what_they_mean(body: str) -> None:
    blocks = """
    block Add(channels, value) { (it -> conv(channels, 1)) * (value -> conv(1, 1)) }
    block Odd(channels, half) { conv(channels, 2 * half + 1, padding=half) }
    block Run(unit, w) { some = unit(half=w); repeat 2 { w = w + 1 }; some(w) -> some(2) }
    """
    check(f"{blocks}\nnetwork Net(n = 2) {{ input(3, 6, 6); {body} }}")


@pytest.mark.parametrize(
    "body",
    [
        "rows = [[w, 1], [w + 1, 2]]; if n > 1 { w = w + 5 }; conv(rows[0][0], 1) -> conv(rows[1][0], 1)",
        "rows = [[w, 1], [w + 1, 2]]; repeat n { w = w + 1; conv(rows[1][0], 1) }; a, b = rows[1]; conv(a, b)",
        "rows = [[relu, w], [tanh, w + 1]]; if n > 1 { w = w + 5 }; for [act, c] in rows { conv(c, 1) -> act }",
        "rows = [relu, w]; if n > 1 { w = w + 5 }; rows[0] -> conv(rows[1], 1)",
        "a, b = [[relu, w], [tanh, w + 1]]; w = 7; conv(a[1], 1) -> a[0] -> conv(b[1], 1) -> b[0] -> conv(w, 1)",
        "row = [relu, 4]; for k in range(n) { row[0] -> conv(row[1], 1); row = [tanh, k + 1] }",
        "rows = zip(heads, [w, w + 1]); if n > 1 { w = 9 }; for [head, c] in rows { conv(c, 1) -> conv(3, 1) -> head }",
        "rows = enumerate(heads, w); if n > 1 { w = 9 }; for [c, head] in rows { conv(c, 1) -> conv(3, 1) -> head }",
        "rows = [[it -> conv(w, 1), w], [it, w + 1]]; w = 7; for [x, c] in rows { x -> conv(c, 1) -> conv(w, 1) }",
    ],
)
def test_a_list_is_what_its_names_mean_where_it_is_written(body: str) -> None:
    heads = "heads = [conv(3, 1) for k in range(2)]" if "heads" in body else "relu"
    check(f"network Net(w = 3, n = 2) {{ input(3, 6, 6); {heads}; {body} }}")


@pytest.mark.parametrize(
    "condition",
    [
        '[word, "b"] == ["a", "b"]',
        '[word, n] != ["a", 2]',
        "[flag] == [true]",
        "[[n, 1], [2]] == [[2, 1], [2]]",
        "[ws, [n]] == [[8, 4], [2]]",
        "ws in [[8, 4], [2]]",
        "rows == [[3, 4], [1, 2]]",
        "[1, 2] not in rows[1:]",
    ],
)
def test_lists_are_compared(condition: str) -> None:
    check(f"""
    network Net(word = "a", n = 2, flag = true, ws = [4, 8], rows = [[1, 2], [3, 4]]) {{
        input(3, 6, 6)
        if {condition} {{ conv(4, 1) }} else {{ conv(3, 1) -> relu }}
    }}
    """)


def test_a_size_that_a_loop_begins_with_is_not_the_one_that_comes_out() -> None:
    check("""
    block Wide(channels, count = 3) {
        for i in range(count) {
            if it.channels == channels { conv(channels, 1) } else { conv(channels, 3, padding=1) }
        }
    }
    network Net(width = 4, count = 3) { input(3, 8, 8); Wide(width, count) -> Wide(3, count) }
    """)


def test_a_block_compares_the_sizes_of_axes_that_it_is_given() -> None:
    check("""
    block Unit(ks) { conv(4, ks, padding=[k // 2 for k in ks]); if ks in [[1, 3], [3, 1]] { relu } }
    network Net(ks = [3, 1]) { input(3, 6, 6); Unit(ks) -> Unit([3, 3]) }
    """)


@pytest.mark.parametrize(
    "use",
    [
        "Run([conv(w, 1), batchnorm, act])",
        "Hand([conv(w, 1), batchnorm, act]) -> Hand([act])",
        "Apply(Deep(w, [act, tanh])) -> Apply(Deep(w))",
        "Apply(conv(w, 1) * n)",
        "Apply({ repeat n { conv(w, 1) -> act } })",
        "Deepen(n, [conv(w, 1), conv(w, 3, padding=1), act])",
        "flatten -> Classify(linear(w))",
    ],
)
def test_layers_in_lists_and_rows_are_given_to_blocks(use: str) -> None:
    blocks = """
    block Run(layers) { for layer in layers { layer } }
    block Hand(layers) { Run(layers) -> Run(layers[1:]) }
    block Deep(channels, acts = [relu]) { conv(channels, 1); for act in acts { act } }
    block Apply(layer) { layer; tanh }
    block Deepen(n, layers) { layers[n]; if n > 0 { tanh -> Deepen(n - 1, layers) } }
    block Classify(layer) { layer -> tanh -> linear(2) }
    """
    check(f"{blocks}\nnetwork Net(w = 4, n = 2, act = sigmoid) {{ input(3, 6, 6); {use} }}")


def test_the_layer_that_a_loop_went_through_last_is_applied_behind_it() -> None:
    check(
        "network Net(n = 2) { input(4, 6, 6); heads = [conv(4, 1) for i in range(n)]; for h in heads { h }; relu; h }"
    )


@pytest.mark.parametrize(
    ("call", "first", "second"),
    [
        ("layer(0.2)", "leaky_relu", "leaky_relu(0.3)"),
        ("layer(eps=0.1)", "batchnorm", "batchnorm(momentum=0.3)"),
        ("layer(eps=0.1)", "batchnorm", "batchnorm(weight_init=constant(3))"),
    ],
)
def test_a_layer_with_arguments_where_another_use_of_the_block_is_given_none(
    call: str, first: str, second: str
) -> None:
    block = f"block B(layer, flag) {{ conv(4, 3); if flag {{ {call} }} else {{ layer }} }}"
    check(f"{block}\nnetwork N(n = 2) {{ input(2, 8, 8); B({first}, true) -> B({second}, false) -> linear(n) }}")


@pytest.mark.parametrize(
    "lines",
    [
        "for i in range(n) { B(4, act=if i < n - 1 { Wide }) }",
        "for i in range(n) { B(4, act=if i < n - 1 { tanh -> Grow(k + i) } else { relu }) }",
        "for a in [relu, { tanh -> Wide }, Wide, { Wide -> conv(2, 1) -> Wide }] { B(4, a) -> B(k, a) }",
        "for a in [relu, { Wide -> { Wide -> tanh } }] * n { T(a) -> T(a) -> conv(3, 1) }",
    ],
)
def test_a_block_in_a_chain_that_is_an_argument_says_how_many_channels_it_gives(lines: str) -> None:
    blocks = """
    block Wide { p = it; relu; concat(it, p) }
    block Grow(k) { conv(input.channels + k, 1); if k > 2 { Wide } }
    block B(c, act = relu) { conv(c, 3, padding=1) -> act }
    sequence T(act) { act; conv(it.channels, 1); act }
    """
    check(f"{blocks}\nnetwork Net(n = 3, k = 1) {{ input(3, 8, 8); {lines}; linear(3) }}")


@pytest.mark.parametrize(
    "lines",
    [
        "D(flag); concat(it) -> linear(2)",
        "y = it -> D(flag); concat(y) -> linear(2)",
        "[it, it -> relu]; Join(it) -> linear(2)",
        "D(flag); Join(it) -> linear(2)",
        "for i in range(n) { D(flag); Join(it) }; linear(2)",
    ],
)
def test_a_block_that_gives_one_value_or_several(lines: str) -> None:
    blocks = """
    block D(flag = true) { if flag { [it -> conv(4, 3, padding=1), it -> conv(3, 1)] } }
    block Join(values) { concat(values) }
    """
    check(f"{blocks}\nnetwork Net(flag = true, n = 2) {{ input(3, 6, 6); {lines} }}")


def test_a_block_that_gives_one_value_in_one_use_and_two_in_another_is_refused() -> None:
    text = """
    block D(flag = true) { if flag { [it -> conv(4, 3, padding=1), it -> conv(3, 1)] } }
    network Net { input(3, 6, 6); y = it -> D(true); z = it -> D(false); concat(y + [z]) }
    """
    with pytest.raises(CompilationError, match="whether one value goes out or several depends on a parameter"):
        cnndsl.compile(text).python()


SHARED = """
block Steps(depth, border = 1) { repeat depth { conv(4, 3, padding=border); relu } }
block Fields(ks) { for k in ks { conv(4, k, padding=2); relu } }
network Net(n = 3, border = 1, ks = [3, 5]) {
    input(4, 16, 16)
    w = CHAIN
    w
    w
    linear(2)
}
"""


@pytest.mark.parametrize(
    "chain", ["Steps(n, border)", "{ Steps(1) -> Steps(n, border) }", "{ Fields(ks) -> conv(4, 3) }"]
)
def test_what_comes_out_of_a_part_that_is_applied_again_is_worked_out_again(chain: str) -> None:
    check(SHARED.replace("CHAIN", chain))


def test_a_chain_of_which_the_size_follows_from_lines_of_its_own_is_refused_for_other_sizes() -> None:
    text = SHARED.replace("CHAIN", "{ for k in ks { conv(4, k); relu } }")
    with pytest.raises(CompilationError, match=r"E601.*comes out of w is worked out in .* applied to other sizes"):
        cnndsl.compile(text).python()
    check(text.replace("conv(4, k)", "conv(4, 3, padding=1)"))


def test_a_layer_of_a_list_behind_a_refusal_keeps_its_place() -> None:
    check("""
    network Net(n = 2, p = true, d = 0, w = 1) {
        input(6, 6)
        heads = [conv(it.shape[d], 1) for i in range(n)]
        for h in heads { repeat w { if p { h } } }
        h
    }
    """)


@pytest.mark.parametrize("layer", ["conv(c, 1)", "conv(4, 1, groups=c)", "linear(c)"])
def test_a_parameter_that_is_a_list_in_one_use_is_no_number_of_a_layer(layer: str) -> None:
    text = f"""
    block B(c, a) {{ if a {{ {layer} }} else {{ relu }}; conv(it.channels, 1) }}
    network Net {{ input(4, 8, 8); B(4, true) -> B([5, 5], false) -> B(2, true) }}
    """.replace("conv(it.channels, 1)", "" if "linear" in layer else "conv(it.channels, 1)")
    with pytest.raises(CompilationError, match=r"E601.*takes no list, and may be given one"):
        cnndsl.compile(text).python()
    check(text.replace("[5, 5]", "5"))


@pytest.mark.parametrize("times", ["w", "w; w"])
def test_turns_over_known_numbers_that_leave_the_sizes_alone_are_seen(times: str) -> None:
    text = f"""
    network Net(b = 4) {{
        input(b, 8, 8)
        w = {{ for k in [3, 5, 7] {{ conv(b, k, padding=k // 2); relu }} }}
        {times}
        convs = [conv(b, k, padding=k // 2) for k in [1, 3]]
        for c in convs {{ c }}
        linear(2)
    }}
    """
    assert "nn.Linear(b * 8 * 8, 2)" in cnndsl.compile(text).python()
    check(text)


def test_loops_in_loops_of_a_chain_are_written_in_one() -> None:
    text = """
    block Block(c) { conv(c, 3, padding=1); it + input }
    network Net(n = 1, m = 2) { input(4, 8, 8); w = { repeat n { repeat m { Block(4) } } }; w -> w }
    """
    assert "for _ in range(n) for _ in range(m)" in cnndsl.compile(text).python()
    check(text)


def test_a_layer_in_braces_is_one_within_a_chain_too() -> None:
    text = """
    block Block(act = relu) { w = [conv(4, 3, padding=1) -> act]; it -> w[0]; conv(4, 1) -> act }
    network Net(n = 1) { input(3, 8, 8); Block(act={ prelu -> tanh }); Block(act=if n > 0 { relu }) }
    """
    check(text)
    several = text.replace("{ prelu -> tanh }", "prelu -> tanh")
    with pytest.raises(CompilationError, match=r"E601.*several layers in a row, one by one in a chain, and one layer"):
        cnndsl.compile(several).python()


def test_a_size_that_a_condition_of_a_loop_asks_of_a_block_before_it_is_kept() -> None:
    text = """
    block Unit(stride, pad) {
        conv(4, 3, stride, padding=pad)
        if stride == 1 { input + it }
    }
    network Net(n = 2, stride = 1, pad = 1) {
        input(4, 8, 8)
        left = input -> a: Unit(stride, pad)
        for t in range(n) {
            left + left
            if it.shape[-1] > 7 + t { left + it }
        }
    }
    """
    assert "self.out_height = height" in cnndsl.compile(text).python()
    check(text)


@pytest.mark.parametrize(
    "lines",
    [
        "for i in range(n) { conv(3, ks[0], padding=1); total = total + it; y = total -> linear(2) }",
        "for i in range(n) { s = 0; for j in range(n) { conv(3, ks[0], padding=1); s = s + it }; y = s -> linear(2) }",
        """for i in range(n) {
               for j in range(n) { conv(3, 3, padding=1); total = total + it; scale = it * scale }
           }
           it + scale""",
    ],
)
def test_a_number_to_which_turns_add_values_is_one_where_there_are_no_turns(lines: str) -> None:
    text = f"network Net(n = 2, ks = [3]) {{ input(3, 8, 8); total = 0; scale = 1.5; {lines} }}"
    check(text)
    if "it + scale" not in lines:
        net = imported(cnndsl.compile(text).python()).Net(n=0, ks=[])
        assert net(torch.zeros(1, 3, 8, 8)).shape == (1, 3, 8, 8)


def test_sizes_of_one_variable_that_a_loop_in_a_loop_changes() -> None:
    text = """
    network Net(layers = [2, 2], stem = "small") {
        input(3, 32, 32)
        if stem == "small" { conv(8, 3, padding=1) } else { conv(8, 7, 2, 3) }
        for [i, n] in enumerate(layers) {
            for j in range(n) { conv(16 * i + 8, 3, stride=2 if i > 0 and j == 0 else 1, padding=1) }
        }
        linear(10)
    }
    """
    assert "width = height\n" in cnndsl.compile(text).python()
    check(text)


@pytest.mark.parametrize("default", ["relu", "batchnorm", "groupnorm(1)"])
def test_a_layer_that_a_block_never_applies(default: str) -> None:
    text = f"block B(norm = {default}) {{ relu }}\nnetwork Net(act = relu) {{ input(4, 8, 8); B(norm=act) -> act() }}"
    assert check(text).total() >= 1


def test_what_users_give_a_class_that_cannot_be_open_are_constants() -> None:
    """Whether a map comes out depends on whether a loop in a loop has a turn, which no class leaves open."""
    text = """
    block B(n) { for i in range(n + 3) { relu; for w in [2, 5] { flatten } } }
    network Net(n = 1, classes = 4) { input(3, 5, 5); B(n); linear(classes) }
    """
    python = cnndsl.compile(text).python()
    assert "It is written for n=1." in python
    assert check(text)["int"] >= 4
