"""Arguments that a constructor refuses, and what a text cannot leave to them."""

from __future__ import annotations

import pytest

import cnndsl
from cnndsl.compilation import CompilationError
from tests.running import imported
from tests.torch.constructors import check


def test_a_size_of_a_part_whose_value_is_read_in_other_cases() -> None:
    text = """
    block Grow(channels, depth = 1) { conv(channels, 1); if depth == 2 { conv(3 * channels, 1) } }
    block Ask(k = 1, depth = 1) {
        a = it -> Grow(2, depth)
        conv(a.channels, 1)
        if k == 2 { a + it }
    }
    network Net(depth = 1) { input(3, 9, 9); Ask(1, depth) -> Ask(2, depth) }
    """
    check(text)


def test_a_part_is_declared_once() -> None:
    text = """
    block Late(depth = 1, act = relu) {
        conv(2, 1)
        before = it
        act
        if depth == 2 { it + before } else { if depth == 1 { before -> act } }
    }
    network Net { input(3, 9, 9); Late(1) -> Late(2) }
    """
    assert cnndsl.compile(text).python().count("self.act2: nn.Module | None = None") == 1


@pytest.mark.parametrize("lines", ["conv(2, 1, weight_init=RULE)", "init conv: weight = RULE; conv(2, 1)"])
def test_which_rule_weights_begin_by_cannot_depend_on_a_parameter(lines: str) -> None:
    text = f"zero = true) {{ input(3, 8, 8); {lines} }}".replace("RULE", "zeros if zero else ones")
    assert "It is written for zero=True." in cnndsl.compile(f"network Net({text}").python()
    block = f"block B({text}; network Net {{ input(3, 8, 8); B -> B(false) }}".replace("input(3, 8, 8); ", "", 1)
    with pytest.raises(CompilationError, match=r"E601.*B cannot be.*a parameter decides which rule weights begin by"):
        cnndsl.compile(block).python()


def test_the_turns_of_a_loop_have_no_tensors_of_given_numbers() -> None:
    text = "network Net(n = 2) { input(3, 8, 8); for i in range(n) { it * constant([i + 1]) } }"
    with pytest.raises(CompilationError, match=r"(?s)E601.*a tensor of given numbers.*a name before the loop"):
        cnndsl.compile(text).python()


def test_how_many_axes_a_tensor_has_cannot_depend_on_a_parameter() -> None:
    text = "network Net(size = [3, 1, 1]) { input(3, 8, 8); scale = parameter(size); it * scale }"
    assert "It is written for size=[3, 1, 1]." in cnndsl.compile(text).python()
    text = (
        "block B(size) { scale = parameter(size); it * scale }; network Net { input(3, 8, 8); B([3, 1, 1]) -> B([8]) }"
    )
    with pytest.raises(CompilationError, match=r"E601.*B cannot be.*how many axes a parameter has depends on"):
        cnndsl.compile(text).python()


@pytest.mark.parametrize(
    "body",
    [
        "if n { input(3, 8, 8) } else { input(1, 8, 8) }; conv(8, 3)",
        "if n { a = input(3, 8, 8) }; b = input(3, 8, 8); b -> conv(8, 1); if n { a -> conv(2, 1) }",
    ],
)
def test_a_network_with_other_inputs_for_other_arguments_is_written_for_its_own(body: str) -> None:
    text = f"network Net(n = true) {{ {body} }}"
    assert "It is written for n=True." in cnndsl.compile(text).python()
    check(text)


def test_what_goes_out_cannot_depend_on_a_parameter() -> None:
    text = """
    block Head(wide) { if wide { output (it -> conv(8, 1)) } else { output (it -> conv(2, 1)) } }
    network Net { input(3, 8, 8); Head(true) -> Head(false) }
    """
    with pytest.raises(CompilationError, match=r"E601.*Head.*what goes out depends on a parameter"):
        cnndsl.compile(text).python()


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ("if n > 1 { y = it -> conv(3, 1) }; y -> relu", {1}),
        ("k = n * n; if k > 4 { y = it -> conv(3, 1) }; if k > 2 { it + y }; k = 7", {2}),
        ("if n > 2 { y = it -> relu } else { if n == 1 { y = it -> tanh } }; it + y", {2}),
        ("if n > 1 { y = it -> relu; if n < 3 { z = y } }; if n > 1 { y + z }", {3}),
        ("if n > 1 { y = it -> relu }; if n < 2 { tanh } else { it + y }", set()),
        ("y = it; if n > 1 { y = it -> relu }; it + y", set()),
        ("for i in range(n) { relu; if i == 1 { y = it } }; it + y", {1}),
        ("for i in range(n) { conv(3 + i, 1); if i == 3 - n { y = it } }; concat(it, y -> conv(2, 1))", {1}),
        ("for i in range(n - 1) { relu; y = [it, tanh(it)]; it + y[1] }; it + y[0]", {1}),
        ("for i in range(n) { relu; if i == 2 { y = it } }; if n > 1 { it + y }", {2}),
        ("for i in range(n) { relu; if i == 2 { y = it } }; if n < 3 { y = it -> tanh }; it + y", set()),
    ],
)
def test_a_constructor_refuses_what_leaves_a_value_missing(body: str, missing: set[int]) -> None:
    block = f"block B(n) {{ conv(3, 3); {body} }}"
    used = "; ".join(f"B({n})" for n in (1, 2, 3) if n not in missing)
    module = imported(cnndsl.compile(f"{block}; network Net {{ input(3, 20, 20); {used} }}").python())
    for n in (1, 2, 3):
        alone = cnndsl.compile(f"{block}; network Net {{ input(3, 20, 20); B({n}) }}")
        assert alone.ok is (n not in missing)
        if n in missing:
            with pytest.raises(ValueError, match=r"^[yz]0? has no value$"):
                module.B(3, n)
        else:
            module.B(3, n)


@pytest.mark.parametrize(
    "fill",
    [
        "if i != k { maps = maps + [it -> conv(4, 1)] }",
        "for j in range(k - i) { maps = maps + [it -> conv(4, 1)] }",
        "for j in range(k) { if j >= i { maps = maps + [it -> conv(4, 1)] } }",
    ],
)
def test_a_constructor_refuses_a_turn_that_leaves_its_list_empty(fill: str) -> None:
    text = f"network Net(n = 2, k = 2) {{ input(4, 8, 8); for i in range(n) {{ maps = []; {fill}; it * maps[-1] }} }}"
    check(text)
    with pytest.raises(ValueError, match=r"^for these arguments there is nothing to put together$"):
        imported(cnndsl.compile(text).python()).Net(3)


@pytest.mark.parametrize(
    "turn",
    [
        "if i > 0 { it + done[-1] }; y = it -> conv(4, 3, padding=1); done = done + [y]",
        "if i == 0 { y = it } else if i == 1 { y = done[0] -> relu } else { y = it + done[-2] }; done = done + [y]",
        "if i > 0 { concat(done) }; y = it -> conv(4, 1); done = done + [y]",
        "y = (it if i == 0 else it + done[-1]) -> conv(4, 1); done = done + [y]",
        "y = x if i == 0 else done[i - 1]; z = y -> conv(4, 1); done = done + [z]",
        "y = it -> (relu if i == 0 else conv(done[-1].channels, 1)); done = done + [y]",
        "w = 4 if i == 0 else widths[-1] + 2; widths = widths + [w]; done = done + [it -> conv(w, 1)]",
        "if i > 0 { for j in range(2) { it * done[j - 1] } }; done = done + [it -> conv(4, 1)]",
        "for j in range(k) { if i + j > 0 { it + done[-1] }; done = done + [it -> conv(4, 1)] }",
        "for j in range(k) { if i > 0 { it + done[-1] } }; done = done + [it -> conv(4, 1)]",
        "for j in range(2) { if i > 0 or j > 0 { it + done[-1] }; done = done + [it -> conv(4, 1)] }",
        "if i > k { it + done[-1] }; if i > 0 { done = done + [it -> conv(4, 1)] }",
    ],
)
def test_the_first_turn_of_a_loop_does_not_read_the_list_that_turns_fill(turn: str) -> None:
    lines = f"x = input(4, 6, 6); done = []; widths = []; for i in range(n) {{ {turn} }}; it"
    text = f"network Net(n = 3, k = 2) {{ {lines} }}"
    check(text)
    assert "written for" not in cnndsl.compile(text).python()


def test_a_list_that_no_turn_fills_is_not_read() -> None:
    text = "network Net(n = 3) { input(4, 6, 6); done = []; for i in range(n) { if i > 4 { it + done[-1] }; relu } }"
    check(text)
    assert "written for n=3." in cnndsl.compile(text).python()


@pytest.mark.parametrize(
    ("body", "unset"),
    [
        ("for i in range(n) { if i == k { c = i + 4 }; relu }; conv(c, 1)", [(0, 1), (2, 2)]),
        ("if n > 2 { c = 4 }; if k > 0 { conv(c, 1) }", [(2, 1)]),
        ("if n > 2 { c = [2, 3] }; it -> { conv(6, 1); repeat 2 { if k > 0 { conv(c[1], 1) } } }", [(2, 1)]),
    ],
)
def test_a_constructor_refuses_what_leaves_a_number_missing(body: str, unset: list[tuple[int, int]]) -> None:
    text = f"network Net(n = 3, k = 1) {{ input(3, 8, 8); {body} }}"
    check(text)
    python = cnndsl.compile(text).python()
    made = imported(python).Net
    for n, k in unset:
        assert not cnndsl.compile(text, settings={"n": n, "k": k}).ok
        with pytest.raises(ValueError, match=r"^c has no value$"):
            made(n, k)


@pytest.mark.parametrize(
    "body",
    [
        "y = it -> conv(3, 1); repeat n { it + y }",
        "y = it -> conv(3, 1); for i in range(n) { it + y -> conv(3, 1) }; relu",
        "y = it -> conv(3, 1); for k in [n] * n { it + y }",
        "y = it -> conv(3, 1); concat([it] + [y -> conv(2, 1) for i in range(n)])",
        "y = it -> conv(3, 1); repeat n { it + y }; relu; repeat n { it * y }",
        "repeat 2 { y = it -> conv(3, 1); repeat n { it + y } }",
        "repeat n + 1 { y = it -> conv(3, 1); repeat n { it + y } }",
        "repeat n * 2 { y = it -> conv(3, 1); repeat n { it + y } }",
        "y = it -> conv(3, 1); repeat n { it + y }; repeat n // 2 { it * y }",
        "y = it -> conv(3, 1); repeat n { it + y }; concat([it] + [y] * (n - 1))",
        "y = it -> conv(3, 1); concat([it] + [y] * n)",
        "y = [it -> conv(3, 1), it]; y = y * n; for v in y { it + v }; relu",
        "y = [it -> conv(3, 1) for i in range(n + 1)] * n; concat(y + [it])",
        "y = it -> conv(3, 1); concat([y] + [y] * n)",
        "y = it -> conv(3, 1); repeat n { it + y }; if n > 4 { it * y }",
        "y = it -> conv(3, 1); if n > 4 { it * y } else { repeat n { it + y } }",
        "y = it -> conv(3, 1); for i in range(n) { if i > 0 { it + y } else { relu } }",
        "y = it -> conv(3, 1); for [i, k] in enumerate([4] * n) { if i % k == 1 { it + y } }; relu",
        "y = it -> conv(3, 1); for i in range(n) { for k in range(i) { it + y } }; relu",
        "y = it -> conv(3, 1); for i in range(3) { for j in range(i) { it + y } }; repeat n { it * y }",
        "y = it -> conv(3, 1); repeat n { it + y }; if n > 1 { it * y }",
        "y = it -> conv(3, 1); if n > 1 { it * y }; repeat n { it + y }",
        "y = it -> conv(3, 1); if n > 2 { repeat n { it + y } } else { it * y }",
        "y = it -> conv(3, 1); repeat n { it + y }; it + y",
        "y = it -> conv(3, 1); repeat n + 1 { it + y }",
        "conv(3, 1); repeat n { relu }",
        "y = it -> conv(3, 1); for i in range(n) { k = i // 2; if k > 0 { it + y } }; relu",
        "if (it -> conv(n, 1)).channels > 1 { relu }; conv(3, 1)",
        "it -> if (it -> conv(n, 1)).channels > 1 { conv(4, 1) } else { relu }",
        "y = 3 if (it -> conv(n, 1)).channels > 1 else 4; conv(y, 1)",
        "repeat (it -> conv(n, 1)).channels { conv(3, 1) }",
        "k = [i for i in range(n) if (it -> conv(n, 1)).channels > i]; conv(sum(k) + 1, 1)",
        "k = [(it -> conv(i + 1, 1)).channels for i in range(n)]; conv(sum(k) + 1, 1)",
        "conv((it -> conv(n, 1)).channels, 1); linear((it -> conv(n, 1)).channels)",
        "y = [it -> conv((it -> conv(i + 1, 1)).channels, 1) for i in range(n)]; concat(y)",
    ],
)
def test_layers_are_there_whether_their_values_are_read_or_not(body: str) -> None:
    check(f"network Net(n = 2) {{ input(3, 8, 8); {body} }}")


@pytest.mark.parametrize(
    ("body", "refuses"),
    [
        ("conv1 = conv(3, 1); repeat n { it -> conv1 -> relu }", True),
        ("conv1 = conv(3, 1); repeat n { it -> conv1 -> relu }; it -> conv1", False),
        ("conv1 = conv(3, 1); relu; if n < 2 { repeat n { it -> conv1 } } else { it -> conv1 -> relu }", True),
        ("conv1 = conv(3, 1); for i in range(n) { if i > 1 { it -> conv1 } }; relu", True),
        (
            "conv1 = conv(3, 1) if n > 2 else relu; for i in range(n) { if i > 0 { it -> conv1 } }; relu",
            True,
        ),
        ("if n != 1 { conv1 = conv(3, 1); for i in range(n) { if i > 0 { it -> conv1 } } }; relu", True),
        ("conv1 = conv(3, 1); k = n; if k > 0 { it -> conv1 }; k = 2; relu", True),
        ("conv1 = conv(3, 1); if n > 1 { it -> conv1 }; if n < 1 { it -> conv1 -> relu }", False),
        ("conv1 = conv(3, 1); k = 2; if n < 4 { k = n; if k > 1 { it -> conv1 } }; relu", True),
    ],
)
def test_a_constructor_refuses_what_leaves_a_declared_layer_without_a_use(body: str, refuses: bool) -> None:
    """Where it cannot be told beforehand; else the layer is not there."""
    text = f"network Net(n = 3) {{ input(3, 8, 8); {body} }}"
    check(text)
    module = imported(cnndsl.compile(text).python())
    if refuses:
        with pytest.raises(ValueError, match=r"^nothing applies conv1 for these arguments$"):
            module.Net(0)
    else:
        alone = imported(cnndsl.compile(text, settings={"n": 0}).python())
        assert module.Net(0).state_dict().keys() == alone.Net().state_dict().keys()


@pytest.mark.parametrize(
    "lines",
    [
        "k = (it -> conv(3, 1)).channels if n > 1 else 4; conv(k, 1)",
        "head = conv(3, 1); k = 4 if n > 1 else (it -> head).channels; conv(k, 1)",
        "deep = n > 1 and (it -> conv(3, 1)).channels > n; if deep { relu }; conv(4, 1)",
        "if n < 2 or (it -> conv(3, 1)).channels > n { relu }; conv(4, 1)",
    ],
)
def test_a_part_of_an_expression_that_not_all_arguments_get_to_applies_a_layer(lines: str) -> None:
    text = f"network Net(n = 2) {{ input(4, 6, 6); {lines} }}"
    check(text)
    assert "written for n=2." in cnndsl.compile(text).python()


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ("for i in range(len(ks)) { one: conv(5, 1) }", "one"),
        ("for k in ks { one = conv(5, k, padding=k // 2); it -> one -> relu }", "one"),
        ("repeat 1 { for [i, k] in enumerate(ks) { one = [conv(5, 1), relu]; for part in one { part } } }", "one"),
        ("for k in reversed(ks) { one = parameter([3, 1, 1]); it * one }", "one"),
        ("Row(ks)", "first"),
    ],
)
def test_a_constructor_refuses_turns_that_make_the_same_layer(lines: str, word: str) -> None:
    text = f"""
    sequence Row(ks) {{ for k in ks {{ first: conv(5, k, padding=k // 2) }}; last: relu }}
    network Net(ks = [3]) {{ input(3, 6, 6); {lines} }}
    """
    check(text)
    made = imported(cnndsl.compile(text).python()).Net
    made(ks=[1])
    with pytest.raises(ValueError, match=f"^{word} would be made more than once for these arguments$"):
        made(ks=[3, 1])


@pytest.mark.parametrize("head", ["head = conv(4, 3, padding=1); head", "heads = [conv(4, 1) -> relu]; heads[0]"])
@pytest.mark.parametrize(
    "loop",
    [
        "for i in range(n) { if i < n - 1 { HEAD } }",
        "for k in [1, 2, 3] { for i in range(n) { if i < n - k { HEAD } } }",
    ],
)
def test_a_constructor_refuses_turns_that_make_the_same_layer_under_a_condition(loop: str, head: str) -> None:
    text = f"network Net(n = 2) {{ input(4, 6, 6); {loop.replace('HEAD', head)}; conv(2, 1) }}"
    check(text)
    made = imported(cnndsl.compile(text).python()).Net
    made(1)
    with pytest.raises(ValueError, match=r"^heads? would be made more than once for these arguments$"):
        made(3)


def test_a_layer_of_one_turn_is_not_asked_whether_it_is_there() -> None:
    text = """
    network Net(n = 2, p = true) {
        input(4, 6, 6)
        for i in range(n) { if i == 0 { stem: conv(4, 3, padding=1) }; if p and i == n - 1 { last: conv(4, 1) } }
    }
    """
    check(text)
    assert "ValueError" not in cnndsl.compile(text).python()


@pytest.mark.parametrize("line", ["it + sum(maps)", "(sum(maps) - it) * sum(maps)"])
def test_a_sum_of_no_values_beside_a_value(line: str) -> None:
    text = f"network Net(n = 0) {{ input(4, 6, 6); maps = [it -> conv(4, 1) for i in range(n)]; {line} }}"
    check(text)
    assert "ValueError" not in cnndsl.compile(text).python()


def test_a_list_that_has_a_value_is_not_asked_for_one() -> None:
    text = """
    network Net(depth = 3, flag = false) {
        input(3, 8, 8)
        skips = [it]
        for i in range(1, depth) { conv(4 * i, 3, padding=1) -> relu; skips = skips + [it] }
        heads = [x -> conv(2, 1) for x in skips]
        if flag { sum(heads) } else { heads[0] }
    }
    """
    check(text)
    assert "ValueError" not in cnndsl.compile(text).python()
    begun = text.replace("skips = [it]", "skips = []")
    check(begun)
    with pytest.raises(ValueError, match=r"^for these arguments there is nothing to put together$"):
        imported(cnndsl.compile(begun).python()).Net(depth=1)


@pytest.mark.parametrize(
    "body",
    [
        "for [x, y] in zip(xs, ys) { conv(x, 1) -> conv(y, 1) }",
        "for [x, y] in zip(xs, ys) { it * x + y }",
        "f: { for [x, y] in zip(xs, ys) { conv(x + y, 1) } }",
        "convs = [conv(2, 1) for x in xs]; for [c, [i, y]] in zip(convs, enumerate(ys)) { (it -> c) * y }",
        "maps = [it -> conv(2, 1) for x in xs]; for [m, y] in zip(maps, ys) { it + m * y }",
        "one = [it * x for x in xs]; other = [it + y for y in ys]; sum([a * b for [a, b] in zip(one, other)])",
        "conv(sum([sum([x * y for [x, y] in zip(row, ys)]) for row in [xs, ys]]), 1)",
    ],
)
def test_a_constructor_refuses_lists_of_unequal_length(body: str) -> None:
    text = f"network Net(xs = [1, 2], ys = [2, 1]) {{ input(2, 6, 6); {body} }}"
    check(text)
    with pytest.raises(ValueError, match=r"^zip(\(\) argument 2 is shorter| takes lists of equal length)"):
        imported(cnndsl.compile(text).python()).Net([1, 2, 3])


@pytest.mark.parametrize(
    "source", ["xs[:-1], xs[1:]", "xs, [2 * x for x in xs]", "range(1, len(xs) + 1), reversed(xs)"]
)
def test_lists_that_are_of_equal_length_anyway_are_not_asked_for_it(source: str) -> None:
    text = f"network Net(xs = [1, 2, 3]) {{ input(2, 6, 6); for [x, y] in zip({source}) {{ conv(x + y, 1) }} }}"
    check(text)
    assert "ValueError" not in cnndsl.compile(text).python()


def test_a_default_that_is_not_taken_refuses_no_lists() -> None:
    text = """
    network Net(xs = [1, 2], ys = [2, 1], zs = [x + y for [x, y] in zip(xs, ys)]) {
        input(2, 6, 6)
        for z in zs { conv(z, 1) }
    }
    """
    check(text)
    assert len(imported(cnndsl.compile(text).python()).Net([1, 2, 3], zs=[4]).conv1) == 1


def test_a_value_that_turns_only_hand_on_is_not_asked_for() -> None:
    text = """
    network Net(n = 2, sizes = [1, 2]) {
        input(2, 6, 6)
        repeat 2 {
            for k in [1, 2] {
                if n == 2 { pair = [input, it]; sum([it] + [it -> conv(it.channels, 1) for size in sizes]) }
            }
        }
    }
    """
    check(text)
    assert "ValueError" not in cnndsl.compile(text).python()


@pytest.mark.parametrize("body", ["repeat n { it -> y }", "for i in range(n) { if i > 0 { it -> y } else { relu } }"])
def test_a_network_whose_default_leaves_a_declared_layer_without_a_use_is_written_for_it(body: str) -> None:
    text = f"network Net(n = %d) {{ input(3, 8, 8); y = conv(3, 1); {body}; conv(4, 1) }}"
    python = cnndsl.compile(text % 0).python()
    assert "written for n=0." in python
    assert set(imported(python).Net().state_dict()) == {"conv1.weight", "conv1.bias"}
    with pytest.raises(CompilationError, match="the class has y in every case, and one of its uses does not apply it"):
        cnndsl.compile(f"{text % 2}\nnetwork Small = Net(0)").python()


@pytest.mark.parametrize(
    "calls", ["unit(c)", "unit(c) -> unit(c + 1, deep=true)", "unit(c, 3) -> unit(c, k=2)", "unit(c, c, c > 1)"]
)
def test_a_block_that_is_given_as_a_layer_has_defaults_that_follow_from_what_it_lacks(calls: str) -> None:
    check(f"""
    block Unit(c, k = c // 2, deep = c + k > 4, act = relu) {{ conv(c + k, 1); if deep {{ act }} }}
    block Body(unit, c) {{ {calls} }}
    network Net(c = 3) {{ input(4, 6, 6); Body(Unit, c) -> Body(Unit(act=silu), c + 1) }}
    """)


def test_a_constructor_refuses_what_another_default_follows_from_than_the_class_is_written_for() -> None:
    text = """
    network Net(width = 2, count = 2, deep = count > 1, both = [width, count]) {
        input(2, 8)
        when training {
            if deep { head = conv(3, 1) } else { head = tanh }
            aux = it -> head -> conv(sum(both), 1)
        }
        output it, aux when training
    }
    """
    made = imported(cnndsl.compile(text).python()).Net
    check(text)
    told = imported(cnndsl.compile(f"{text}\nnetwork Told = Net(count=1, deep=true)").python())
    for net in (made, told.Net):
        net(count=3)
        with pytest.raises(ValueError, match=r"^Net is written for deep=True, and these arguments make it another$"):
            net(count=1)
    assert told.Told().conv1.weight.shape == (3, 3, 1)
