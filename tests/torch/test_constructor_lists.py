"""Lists of values, numbers and layers whose length arguments of a constructor say."""

from __future__ import annotations

import pytest

import cnndsl
from cnndsl.compilation import CompilationError
from tests.running import imported
from tests.torch.constructors import check


@pytest.mark.parametrize(
    "text",
    [
        """
        block B(channels) {
            conv(channels, 1)
            c = it
            for i in range(3) {
                if i == 1 { it + c }
                c = it -> conv(channels, 3, padding=1)
                relu
            }
        }
        network Net { input(3, 8, 8); B(4) }
        """,
        """
        network Net(ws = [4, 3], m = 1) {
            input(2, 1, 1)
            for w in ws {
                several = [it -> conv(w, 1)]
                linear(it.height + m)
                concat(several)
            }
        }
        """,
        """
        block B(channels) {
            conv(channels, 1)
            a = it
            for i in range(3) {
                a = it -> conv(channels, 3, padding=1)
                relu
            }
            it + a
        }
        network Net { input(3, 8, 8); B(4) }
        """,
        """
        block B(channels) {
            conv(channels, 1)
            a = it -> conv(channels, 1)
            for i in range(3) { relu; if i == 5 { it + a } }
        }
        network Net { input(3, 8, 8); B(4) }
        """,
        """
        block B(channels, n = 1) {
            conv(channels, 1)
            a = it -> conv(channels, 1)
            for i in range(3) { relu; if i == n { it + a } }
        }
        network Net(n = 1) { input(3, 8, 8); B(4, n) -> B(4, 5) }
        """,
        """
        block B(channels) {
            conv(channels, 1)
            for i in range(3) {
                b = it -> conv(channels, 1)
                for j in range(2) {
                    relu
                    if i == j { it + b }
                }
            }
        }
        network Net { input(3, 8, 8); B(4) }
        """,
        """
        block B(channels, depth = 1) {
            conv(channels, 1)
            s = conv(channels, 3, padding=1)
            for i in range(3) {
                a = it -> s
                if i == depth { it + a } else { relu }
            }
        }
        network Net(depth = 1) { input(3, 8, 8); B(4, depth) -> B(4, 2) -> B(4, 7)}
        """,
        """
        block B(channels) {
            conv(channels, 1)
            y = it -> conv(channels, 1)
            for i in range(2) { y = it -> relu; it + y }
            it + y
        }
        network Net { input(3, 8, 8); B(4) }
        """,
        """
        block B(channels, n = 1) {
            conv(channels, 1)
            c = it
            for i in range(n) {
                if i == 1 { it + c }
                c = it -> conv(channels, 3, padding=1)
                relu
            }
        }
        network Net { input(3, 8, 8); B(4, 2) -> B(4, 3) }
        """,
        """
        block B(channels, n = 1) {
            conv(channels, 1)
            a = it
            repeat n {
                a = it -> conv(channels, 3, padding=1)
                relu
            }
            it + a
        }
        network Net { input(3, 8, 8); B(4, 2) -> B(4, 3) }
        """,
        """
        network Net(n = 3, c = 1) {
            input(4, 8, 8)
            y = it -> conv(4, 1)
            z = it -> relu
            for i in range(n) { k = i // 2; if k > c { it + y } else { if i > c { z = y } } }
            it + z
        }
        """,
    ],
)
def test_layers_whose_values_another_turn_reads(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "body",
    [
        "branches = [conv(4, 2 * i + 1, padding=i) for i in range(n)]; wide = [input -> b for b in branches]",
        "wide = []; for i in range(n) { wide = wide + [input -> conv(4, 2 * i + 1, padding=i)] }",
        "wide = []; for i in range(n) { conv(4, 2 * i + 1, padding=i) -> relu; wide = wide + [it] }",
    ],
)
@pytest.mark.parametrize(
    "read",
    [
        "wide[0] * wide[-1]", "wide[0] * wide[1]", "sum(wide) * wide[0]", "sum(wide[1:])",
        "concat([y for [i, y] in enumerate(wide) if i > 0])", "concat([it] + [y -> relu for y in wide if n > 3])",
        "x = it; for [i, y] in enumerate(wide) { if i % 2 == 0 { x = x * mean(y, axis=[1, 2, 3], keepdim=true) } }; x",
        "x = wide[0]; wide = [y -> relu for y in [it, x]]; concat(wide)",
    ],
)  # fmt: skip
def test_lists_of_which_not_all_is_read(body: str, read: str) -> None:
    check(f"network Net(n = 3) {{ input(3, 8, 8); {body}; {read} }}")


@pytest.mark.parametrize(
    "body",
    [
        "for i in range(n) { conv(4, 1); maps = maps + [it] }; y = input; for i in range(k) { y = y + maps[i] }",
        "for i in range(n) { conv(4, 1); maps = maps + [it] }; y = input; for i in range(k) { y + maps[-1 - i] }",
        "for i in range(n) { maps = maps + [it -> conv(4, 1)] }; y = maps[0]; repeat k { y + maps[k - 1] }",
        "for i in range(n) { conv(4, 1); maps = [it] + maps }; y = maps[-1]",
        "for i in range(n) { conv(4, 1); maps = maps + [it] }; repeat k { maps = maps + [it -> tanh] }; y = maps[0]",
        "for i in range(n) { maps = maps + [it -> conv(i + 1, 1)] }; y = maps[0]; if k > 1 { y = concat(maps) }",
        "for i in range(n) { maps = maps + [it -> conv(i + 1, 1)] }; y = concat(maps[1:]) if k > 1 else maps[0]",
        "for i in range(n) { maps = maps + [it -> conv(4, 1)] }; y = concat(maps) if k > 1 else sum(maps)",
        "y = [it -> b for b in [conv(4, 1) for i in range(n)]][k]",
        "layers = [conv(4, 1) for i in range(n)]; y = concat([it -> b for b in layers][0], it)",
    ],
)
def test_of_a_list_of_any_length_another_parameter_says_how_much_is_read(body: str) -> None:
    check(f"network Net(n = 3, k = 2) {{ input(4, 8, 8); maps = []; {body}; y }}")


@pytest.mark.parametrize(
    "read", ["wide[0] * wide[k]", "it + wide[k] + sum(wide)", "for i in range(n) { it + wide[i] }"]
)
def test_a_block_reads_what_it_is_told_of_a_list_of_any_length(read: str) -> None:
    check(f"""
    block B(n, k) {{
        branches = [conv(4, 2 * i + 1, padding=i) for i in range(n)]
        conv(4, 1)
        wide = [it -> b for b in branches]
        {read}
    }}
    network Net {{ input(3, 8, 8);  B(2, 1) -> B(3, 1) -> B(2, 1) }}
    """)


@pytest.mark.parametrize(
    ("block", "use"),
    [
        (
            """
            block B(n) {
                skip = it -> conv(4, 3, padding=1)
                feats = skip
                y = skip
                if n > 0 {
                    low, feats = it -> maxpool(2) -> B(n - 1)
                    y = (low -> upsample(scale=2)) + skip
                }
                output y, feats
            }
            """,
            "y, feats = it -> B(n); concat(y -> global_avgpool, feats -> global_avgpool) -> linear(3)",
        ),
        (
            """
            block B(n) {
                if n > 0 { a, b = it -> B(n - 1); y = a -> conv(4 + n, 1) } else { y = it -> conv(4, 1); b = y }
                output first = b, last = y
            }
            """,
            "first, last = it -> B(n); concat(first, last) -> conv(3, 1)",
        ),
    ],
)
def test_a_block_that_uses_itself_gives_several_values(block: str, use: str) -> None:
    text = f"{block} network Net(n = 2) {{ input(3, 16, 16); {use} }}"
    assert "written for" not in cnndsl.compile(text).python()
    assert check(text)["int"] > 2


@pytest.mark.parametrize(
    "text",
    [
        "sequence Rec(size) { lstm(size) -> relu }\nnetwork Net(size = 5) { input(6, 8); Rec(size) -> Rec(7) }",
        "network Net(heads = 2) { input(6, 8); encoder: { multihead_attention(heads) -> layernorm(axis=-1) } }",
        """
        block B(act = identity) { conv(4, 1); if act == identity { relu } else { act } }
        network Net { input(3, 8, 8); B -> B(tanh) }
        """,
        """
        block Unit { if it.channels > 3 { k = [4, 5] } else { k = [6, 7] }; conv(k[0], 1) -> relu -> conv(k[1], 1) }
        block Stage(n) { for i in range(n) { Unit } }
        network Net(n = 2) { input(3, 8, 8); Stage(n) -> Stage(1) }
        """,
        "network Net(a = 2, b = 3) { input(3, 8, 8); if [a, b] == [3, b] { relu } else { conv(4, 1) } }",
        "network Net(margin = [1, 2, 0, 0]) { input(3, 8, 8); pad(margin) -> conv(4, 3) }",
        "network Net(n = 2) { input(3, 8, 8); width = 8; conv(int(width / 3), 1) -> relu -> conv(int(width / n), 1) }",
        """
        network Net(n = 3) {
            input(4, 8, 8)
            done = []
            for i in range(n) {
                if len(done) > 0 { concat(it, done[0]) }
                conv(4, 3, padding=1) -> relu
                done = done + [it]
            }
            concat(done) -> conv(2, 1)
        }
        """,
    ],
)
def test_what_is_rarely_written_is_right_for_other_arguments(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ("a, b = ws; conv(a, 1) -> relu -> conv(b, 1)", "ws"),
        ("maps = [it -> conv(w, 1) for w in ws]; y, z = maps; (y -> conv(2, 1)) + (z -> conv(2, 1))", "maps"),
        ("y, z = [it -> conv(w, 1) for w in ws]; (y -> conv(2, 1)) + (z -> conv(2, 1))", "values"),
    ],
)
def test_a_list_that_is_taken_apart_has_as_many_items_as_there_are_names(lines: str, word: str) -> None:
    text = f"network Net(ws = [4, 6]) {{ input(3, 8, 8); {lines} }}"
    check(text)
    with pytest.raises(ValueError, match=f"{word} must have 2 items"):
        imported(cnndsl.compile(text).python()).Net([4, 5, 6])


@pytest.mark.parametrize(
    "item",
    [
        "it -> h -> relu for h in heads",
        "it -> h -> batchnorm -> dropout(0.1 * i) for [i, h] in enumerate(heads)",
        "(it -> h) + (it -> conv(4 + i, 3, padding=1)) for [i, h] in enumerate(heads)",
        "it * parameter([4, 1, 1]) -> h for h in heads",
    ],
)
def test_a_list_has_layers_of_a_list_and_others_beside_them(item: str) -> None:
    check(f"""
    network Net(n = 3) {{
        input(4, 8, 8)
        heads = [conv(4 + i, 1) for i in range(n)]
        concat([{item}]) -> conv(2, 1)
    }}
    """)


@pytest.mark.parametrize(
    "text",
    [
        """
        block Cell(ops) {
            s = [it, input -> conv(4, 1)]
            for [op, at] in ops { s = s + [s[at] -> op] }
            concat(s[2:])
        }
        block Sep(c) { conv(c, 3, padding=1) -> batchnorm -> relu }
        network Net(n = 4) {
            input(3, 8, 8)
            Cell([[Sep(4), 0], [maxpool(3, 1, padding=1), 1], [identity, 2]]) -> conv(n, 1)
            Cell([[identity, 0], [identity, 1]])
        }
        """,
        """
        block Cell(ops) {
            nodes = [it, it]
            for edges in ops { nodes = nodes + [sum([nodes[at] -> op for [op, at] in edges])] }
            concat(nodes[2:])
        }
        network Net(c = 4) {
            input(4, 8, 8)
            Cell([[[conv(4, 1), 0], [identity, 1]], [[relu, 2], [conv(4, 3, padding=1), 0]]]) -> conv(c, 1)
        }
        """,
        """
        network Net(k = 1, n = 2) {
            input(3, 8, 8)
            maps = [it -> conv(4, 1), it -> conv(5, 1), it]
            concat(maps[k], concat(maps[:n])) -> conv(2, 1)
        }
        """,
        """
        network Net(k = 1, j = 3, n = 3) {
            input(4, 8, 8)
            maps = [it -> conv(4 + i, 1) for i in range(n)]
            for m in maps[k:j] { it -> conv(4, 1) }
            concat(maps[k:j] + [it]) + (maps[-k] -> conv(1, 1))
        }
        """,
        """
        network Net(k = 1) {
            input(4, 8, 8)
            a = it -> conv(4, 1)
            y, z = [a, a -> conv(4, 3, padding=1), it][k:]
            for m in [y, z][:k] { it + m }
            sum([y, z][:k])
        }
        """,
    ],
)
def test_values_are_taken_from_a_list_at_places_that_a_parameter_says(text: str) -> None:
    assert "written for" not in cnndsl.compile(text).python()
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        """
        network Net(radix = 2, c = 4) {
            input(3, 8, 8)
            conv(c * radix, 3, padding=1) -> batchnorm -> relu
            splits = split(it, radix)
            attention = split(sum(splits) -> global_avgpool -> conv(c * radix, 1), radix)
            sum([s * sigmoid(a) for [s, a] in zip(splits, attention)])
        }
        """,
        """
        block Res2(scale) {
            xs = split(it, scale)
            y = xs[0]
            outs = [y]
            for x in xs[1:] {
                y = (x + y) -> conv(x.channels, 3, padding=1)
                outs = outs + [y]
            }
            concat(outs)
        }
        network Net(scale = 4) { input(8, 8, 8); Res2(scale) -> Res2(2) }
        """,
        """
        network Net(n = 2, m = 4) {
            input(8, 8, 8)
            y = it
            for p in split(it, n, axis=2) { y = y + (p -> global_avgpool) }
            for p in chunk(y, m) { it + (p -> conv(8, 1)) }
            a, b = split(it, n)
            a * b -> conv(split(it, m)[0].channels, 1)
        }
        """,
    ],
)
def test_a_parameter_says_into_how_many_pieces_a_value_is_split(text: str) -> None:
    assert "written for" not in cnndsl.compile(text).python()
    check(text)


@pytest.mark.parametrize(
    ("lines", "returned"),
    [
        (
            "outs = []; for i in range(n) { conv(4 + i, 1); outs = outs + [it -> conv(2, 1)] }; output outs",
            "tuple(outs)",
        ),
        (
            "heads = [conv(4 + i, 1) for i in range(n)]; output [it -> h for h in heads]",
            "tuple(h(x) for h in self.heads)",
        ),
        ("maps = [it]; for i in range(n) { relu; maps = maps + [it] }; output reversed(maps)", "tuple(reversed(maps))"),
        ("conv(4 * n, 1); output split(it, n)", "tuple(pieces[i] for i in range(self.n))"),
        ("maps = [it -> conv(i + 1, 1) for i in range(n + 1)]; output maps[1:]", "tuple(maps[1:])"),
    ],
)
def test_a_parameter_says_how_many_values_a_network_gives(lines: str, returned: str) -> None:
    text = f"network Net(n = 3) {{ input(3, 8, 8); {lines} }}"
    assert f"        return {returned}\n" in cnndsl.compile(text).python()
    check(text)
    with pytest.raises(ValueError, match="for these arguments there is "):
        imported(cnndsl.compile(text).python()).Net(0)


@pytest.mark.parametrize(
    ("lines", "refused", "words"),
    [
        ("maps = [it, it -> relu]; maps[k]", 2, "there is no item k in a list of 2"),
        ("maps = [it, it -> relu]; maps[k]", -3, "there is no item k in a list of 2"),
        ("maps = [it, it -> relu]; concat(maps[k:])", 2, "there is nothing to put together"),
        ("maps = [it -> conv(2, 1) for i in range(k)]; concat(maps[1:])", 1, "there is nothing to put together"),
        ("maps = [it -> conv(2, 1) for i in range(k)]; sum(maps[:-1])", 1, "there is nothing to put together"),
        ("maps = split(it -> conv(4, 1), k); sum(maps)", 1, "there is a single piece, which is no list"),
        ("maps = split(it -> conv(4, 1), k); concat(maps)", 3, "4 does not divide into k parts"),
    ],
)
def test_a_constructor_refuses_places_at_which_there_is_no_value(lines: str, refused: int, words: str) -> None:
    text = f"network Net(k = {0 if 'relu' in lines else 2}) {{ input(3, 8, 8); {lines} -> conv(2, 1) }}"
    check(text)
    with pytest.raises(ValueError, match=words):
        imported(cnndsl.compile(text).python()).Net(refused)


@pytest.mark.parametrize("second", ["Unit(6) if most else identity", "Unit(6)", "if most { Unit(6) }"])
def test_a_part_that_is_declared_before_a_choice_that_its_size_follows_from_is_refused(second: str) -> None:
    text = f"""
    block Unit(channels) {{ conv(channels, 3, padding=1) -> relu; it + 1 }}
    block Stage(channels, most = false) {{
        first = Unit(6) if most else identity
        second = {second}
        conv(channels, 1) -> first -> second
    }}
    network Net {{ input(3, 8, 8); Stage(4); Stage(5, true) }}
    """
    with pytest.raises(CompilationError, match=r"E601.*second is declared before what its size follows from"):
        cnndsl.compile(text).python()
    check(text.replace("second = ", "third = ").replace("first -> second", f"first -> second: {{ {second} }}", 1))


@pytest.mark.parametrize("first", ["{ Unit * n }", "{ for i in range(n) { conv(4 + i, 1) -> relu } }"])
def test_a_part_that_is_declared_behind_a_chain_that_its_size_follows_from(first: str) -> None:
    check(f"""
    sequence Unit {{ conv(8, 3, padding=1) -> relu }}
    block Head(n) {{
        first = {first}
        second = conv(5, 3, padding=1)
        concat([flatten(x -> first -> second, start=2) for x in input], axis=2)
    }}
    network Net {{
        a = input(8, 8, 8)
        b = input(8, 4, 4)
        x = [a, b] -> Head(4)
        y = [b, a] -> Head(3)
        output x, y
    }}
    """)


LIST = """
block B(n) {
    wide = [it -> conv(2, 1) for k in range(n)]
    y = it -> conv(2, 1)
    READ
}
network Net { input(2, 6, 6); B(2) -> B(3) }
"""


@pytest.mark.parametrize(
    "read",
    [
        "for i in range(n) { y = y + wide[i] }; y",
        "for i in reversed(range(n)) { y = y + wide[i] }; y",
        "for i in range(1, n) { y = y + wide[i] }; y + wide[0]",
        "for i in range(1, n) { y = y + wide[i - 1] }; y + wide[-1]",
        "for i in range(n - 1) { y = y + wide[i] * wide[i + 1] }; y",
        "for i in range(1, n) { y = y + wide[i] }; y",
        "for i in range(n - 1) { y = y + wide[i] }; y",
        "for i in range(1, n) { y = y + wide[i - 1] }; y + wide[0]",
        "for i in range(1, n) { y = y + wide[i] }; y + wide[-1]",
    ],
)
def test_the_turns_of_a_loop_read_a_list_or_a_part_of_it(read: str) -> None:
    check(LIST.replace("READ", read))


def test_a_declared_layer_that_only_turns_apply_which_a_use_has_none_of_is_refused() -> None:
    text = """
    block B(n) { v = it -> conv(2, 1); head = conv(2, 1); for i in range(n) { concat(it, v -> head) } }
    network Net { input(2, 6, 6); USES }
    """
    check(text.replace("USES", "B(2) -> B(1)"))
    check(text.replace(" -> head", "").replace("USES", "B(2) -> B(0)"))
    with pytest.raises(
        CompilationError, match=r"E601.*B cannot be.*has head in every case, and one of its uses does not"
    ):
        cnndsl.compile(text.replace("USES", "B(2) -> B(0)")).python()


@pytest.mark.parametrize(
    "lines",
    [
        "l = [conv(4, 1) if c else identity, relu if c else identity]; if c { it + (input -> l[0] -> l[1]) }",
        "if c { l = [conv(4, 3, padding=1), relu] }; if c { it + (input -> l[0] -> l[1]) }",
    ],
)
def test_a_list_of_layers_under_a_condition(lines: str) -> None:
    """Also where all that a condition had in it went elsewhere."""
    head = "input(4, 8, 8); B(c) -> B(true)"
    check(f"block B(c = false) {{ {lines} }}; network Net(c = false) {{ {head} }}")


@pytest.mark.parametrize(
    "lines",
    [
        "for i in range(n) { it -> heads[i] }",
        "for i in range(len(heads)) { it + (it -> heads[i] -> relu) }; conv(len(heads) + 1, 1)",
        "for i in range(n) { it -> heads[i] -> norms[i]; if i > 1 { relu }; it * i }",
        "for [i, w] in enumerate(range(n)) { it -> heads[i]; it * w }",
        "for [i, head] in enumerate(heads) { head -> heads[i] -> relu }",
        "for i in range(n) { maps[i] -> heads[i] }",
        "y = it; for i in range(n) { y = y -> heads[i] -> relu }; it + y",
        "more = [it -> heads[i] -> relu for i in range(n)]; concat(more)",
        "for head in reversed(heads) { head -> relu }",
        "for [i, head] in enumerate(reversed(heads)) { if i > 1 { relu }; it + (it -> head) * i }",
        "for [head, norm] in zip(reversed(heads), norms) { head -> norm }; for head in heads { head }",
        "more = [it -> head for head in reversed(heads)]; concat(more)",
        "for [head, m] in zip(heads, maps) { it + (m -> head) }",
        "for [i, m, norm, head] in zip(range(1, n + 1), maps, norms, heads) { it + (m -> head -> norm) * i }",
        "for [head, m] in zip(heads, reversed(maps)) { it + (m -> head) -> conv(4, 1) }",
        "more = [m -> head -> relu for [m, head] in zip(maps, heads)]; concat(more)",
        "for head in heads { head }; for [head, m] in zip(reversed(heads), maps) { it + (m -> head) }",
        "for [head, m] in zip(heads, maps) { it + m }",
        "for head in heads { relu }",
    ],
)
def test_a_loop_through_as_many_layers_as_a_parameter_says(lines: str) -> None:
    text = f"""
    network Net(n = 2) {{
        input(4, 8, 8)
        maps = []
        for i in range(n) {{ it -> conv(4, 1); maps = maps + [it] }}
        heads = [conv(4, 2 * i + 1, padding=i) for i in range(n)]
        norms = [batchnorm for i in range(n)]
        {lines}
    }}
    """
    check(text)
    assert "written for" not in cnndsl.compile(text).python()


@pytest.mark.parametrize(
    "lines",
    [
        "for head in reversed(heads) { it -> head }",
        "for [i, head] in enumerate(reversed(heads)) { it -> head -> conv(i + 1, 1) }",
        "for [head, norm] in reversed(zip(heads, norms)) { it -> head -> norm }",
        "for [head, k] in reversed(zip(heads, range(n))) { it -> head -> conv(k + 1, 1) }",
        "for [m, head, norm] in zip(reversed(maps), reversed(heads), norms) { m -> head -> norm }",
        "for [head, m] in reversed(zip(heads, maps)) { m -> head }; for [norm, m] in zip(norms, maps) { m -> norm }",
        "more = [m -> head for [head, m] in reversed(zip(heads, maps))]; concat(more)",
    ],
)
def test_a_loop_makes_the_layers_of_a_list_from_its_end_on(lines: str) -> None:
    text = f"""
    network Net(n = 2) {{
        input(4, 8, 8)
        maps = []
        for i in range(n) {{ conv(i + 3, 1); maps = maps + [it] }}
        heads = [conv(2 * i + 1, 2 * i + 1, padding=i) for i in range(n)]
        norms = [batchnorm for i in range(n)]
        {lines}
    }}
    """
    check(text)
    assert "written for" not in cnndsl.compile(text).python()


@pytest.mark.parametrize("use", ["for i in range(1, len(first)) { it -> first[i] }", "it -> first[1]"])
def test_what_has_to_know_how_many_layers_a_list_has(use: str) -> None:
    text = f"network Net(steps = [2, 1]) {{ input(2, 6, 6); first = [conv(2, 1) for k in steps]; {use} }}"
    assert "It is written for steps=[2, 1]." in cnndsl.compile(text).python()
    check(text)


def test_a_list_of_layers_beside_something_that_is_none_is_refused() -> None:
    text = """
    block B(c = false) { l = [conv(4, 1), relu] if c else identity; if c { it + (input -> l[0]) } }
    network Net { input(4, 8, 8); B -> B(true) }
    """
    with pytest.raises(CompilationError, match=r"E601.*B cannot be.*whether there is a list of layers depends"):
        cnndsl.compile(text).python()
