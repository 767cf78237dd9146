"""Whatever a generated constructor accepts works, and is the text compiled with the same settings."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.compiled import MODELS
from tests.oracle.generator import generate
from tests.torch.constructors import check

CASES = sorted((Path(__file__).parent / "cases").glob("*.cnn"))


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_a_case_with_other_arguments(path: Path) -> None:
    check(path)


@pytest.mark.parametrize("path", MODELS, ids=[path.stem for path in MODELS])
def test_a_model_with_other_arguments(path: Path) -> None:
    check(path, runs=False, most=6)


@pytest.mark.parametrize("seed", range(0, 120, 20))
def test_a_random_program_with_other_arguments(seed: int) -> None:
    """`python -m benchmarks.oracle` tries thousands more."""
    check(generate(seed).text())


def test_arguments_of_all_types_are_drawn() -> None:
    """What is never drawn is never tested."""
    tried: Counter[str] = Counter()
    for path in CASES:
        if path.stem in ("parameters", "depth_drop", "unet", "usual"):
            tried += check(path)
    for seed in range(6):
        tried += check(generate(seed).text())
    assert {"int", "float", "bool", "tuple", "type", "partial"} <= set(tried)


@pytest.mark.parametrize(
    "text",
    [
        """
        block Pick(which) { for i in range(2) { if i == which { "{i}": conv(4, 1) } } }
        network Net { input(3, 8, 8); a: Pick(0) -> b: Pick(1) }
        """,
        """
        block Some(n) { if n == 1 { "1": conv(4, 1) } else if n == 2 { "1": conv(4, 3) } else { relu } }
        network Net { input(3, 8, 8); Some(1) -> Some(2) -> Some(3) }
        """,
        """
        sequence Inner(channels) { conv(channels, 1) -> relu }
        block Wrap(channels, unit = Inner) { first: unit(channels) -> second: unit(channels) * 1 }
        network Net(width = 4) { input(4, 8); Wrap(width, unit=Inner) -> Wrap(1, unit=Inner) }
        """,
        """
        block Inner(channels) { conv(channels, 1) -> relu }
        block Wrap(channels, unit = Inner) { conv(channels, 1) }
        network Net(width = 4) { input(4, 8); Wrap(width, unit=Inner) }
        """,
        """
        block Inner(channels, expand = 2, stride = 1) {
            conv(channels * expand, 1, stride)
            if stride == 1 and input.channels == channels { conv(channels, 1) } else { conv(channels, 3) -> relu }
        }
        block Deep(channels, k = 1) { conv(channels, k); linear(input.length, axis=-1) }
        block Wrap(channels, unit = Deep) { unit(channels) -> unit(channels, k=1) }
        block Also(channels, unit = Inner) { unit(channels) -> unit(channels, stride=2) -> unit(4, 3, 1) }
        network Net(width = 4) { input(4, 60); Wrap(width, Deep) -> Also(width, Inner) -> Also(4, Other) }
        block Other(channels, expand = 3, stride = 1) { linear(input.length, axis=-1) -> conv(channels, expand) }
        """,
        """
        block Wide(channels) { linear(input.length, axis=-1) -> conv(channels, 1) }
        block Plain(channels) { conv(channels, 1) -> relu }
        block Wrap(channels, unit = Wide) { unit(channels) -> unit(channels) * 1 }
        network Net(wide = 2) { input(2, 12); if wide > 2 { conv(4, 1) }; relu; Wrap(6, Plain) -> Wrap(wide) }
        """,
        """
        block Add(other) { it + other }
        network Net(c = 3, n = 2) {
            input(3, 8, 8)
            it -> conv(3, 1) -> Add(it -> batchnorm -> relu -> conv(c, 1) -> dropout(0.1) -> conv(3, 3, padding=1))
            it -> Add(it -> conv(3, 1)) -> Add(it -> conv(3, 3, padding=1))
            (it -> conv(3, 1) -> relu) -> Add(it -> sigmoid) -> relu
            if c > 2 { conv(3, 1) -> Add(it -> dropout(0.1)) }
            it -> relu -> Add(it -> silu) * n
        }
        """,
        """
        block Leaky(by) { leaky_relu(by) -> conv(4, 1); it * by }
        block Whole(by) { it + by }
        network Net(slope = 10 ** 30, n = 3) {
            input(3, 8, 8)
            leaky_relu(slope) -> conv(4, 3)
            it * slope -> batchnorm(eps=slope) -> dropout(n / 10)
            2 * it + slope
            Leaky(0.1) -> Leaky(slope) -> Leaky(-(10 ** 20))
            Whole(1) -> Whole(slope)
            huge = slope * 3
            it / huge
            conv(slope // 10 ** 29, 1)
        }
        """,
        """
        block Add(other) { it + other }
        network Net(c = 3) {
            input(3, 8, 8)
            y = it -> relu
            plus = Add(y)
            more = Add(it)
            many = [Add(it), Add(y)]
            last = Add(it -> conv(3, 1))
            other = it -> sigmoid
            y = it -> tanh
            if c > 2 { conv(3, 1) }
            plus -> more -> last -> plus
            for each in many { each }
            for each in [Add(it), Add(it)] { each }
            it + y + other
        }
        """,
        """
        block Add(other) { it + other }
        network Net(c = 3) {
            input(3, 8, 8)
            concat(it, it -> batchnorm -> relu -> conv(c, 1) -> dropout(0.1) -> conv(3, 3, padding=1)) -> conv(3, 1)
            it -> Add(it -> batchnorm -> relu -> conv(c, 1) -> dropout(0.1) -> conv(3, 3, padding=1)) -> relu
            small = it -> maxpool(2)
            upsample(small -> batchnorm -> relu -> conv(c, 1) -> dropout(0.1) -> conv(3, 3, padding=1), like=it)
        }
        """,
        """
        network Net(c = 3) {
            input(3, 8, 8)
            outs = [it -> batchnorm -> relu -> conv(c, 1) -> dropout(0.1) -> conv(3, 3, padding=1), it -> conv(3, 1)]
            concat(outs)
        }
        """,
        """
        network Net(size = [3, 5], stride = 2) {
            input(4, 16, 16)
            maxpool(size, 1) -> avgpool(stride) -> conv(3, size, padding=size)
            linear(stride * 3)
        }
        """,
        """
        block Mix { linear(10, axis=-1) }
        network Net(dim = 16) { input(3, 8, 8); reshape([12, 16]); linear(dim, axis=-1) -> Mix }
        """,
        """
        block Runs(times) { repeat times - 1 { conv(4, 3, padding=1) -> relu }; conv(4, 1) }
        network Net(times = 2) { input(3, 8, 8); Runs(times) -> Runs(4) }
        """,
        """
        network Net(width = 8, depth = 3) {
            input(3, 8, 8)
            body: { for i in range(depth) { conv(width * 2 ** i, 1) -> relu } }
            it.channels * it -> linear(it.channels // 2)
        }
        """,
        """
        network Net(width = 8) {
            input(3, 8, 8)
            conv(width, 3)
            output scores = (it -> linear(3)), maps = it
            conv(10, 3) -> relu
        }
        """,
        """
        network Net(width = 8, two = true) {
            input(3, 8, 8)
            conv(width, 3)
            if two { output a = it, b = input } else { output b = (it -> linear(7)) }
            conv(4, 3)
        }
        """,
        """
        block Perhaps(channels) { conv(channels, 1); if input.channels == channels { it + input } }
        network Net(width = 2) {
            input(3, 9, 9)
            shared = conv(width, 3, padding=1)
            conv(2 * width, 1)
            Perhaps(2)
            if it.channels == width { shared -> relu }
        }
        """,
        """
        block Grow(channels, depth = 1) { conv(channels, 1); if depth == 2 { conv(3 * channels, 1) } }
        network Net(depth = 1) {
            input(3, 9, 9)
            grown: { Grow(2, depth); relu }
            if depth == 3 { inner: { Grow(3, depth) -> relu } }
            global_avgpool -> head: linear(5)
        }
        """,
        """
        block Grow(channels, depth = 1) { conv(channels, 1); if depth == 2 { conv(3 * channels, 1) } }
        network Net(depth = 1, width = 4) {
            input(3, 9, 9)
            shared = conv(width, 3, padding=1)
            Grow(2, depth)
            if it.channels == width { shared -> relu }
        }
        """,
        """
        block Late(channels, depth = 1, act = relu) {
            conv(channels, 1)
            before = it
            act
            if depth == 2 { it + before } else { if depth == 1 { before -> act } }
        }
        network Net { input(3, 9, 9); Late(2) -> Late(2, depth=2) -> Late(2, depth=3) }
        """,
        """
        block Some(channels, depth = 1) {
            conv(channels, 1)
            a = it -> conv(channels, 1) -> batchnorm
            c = it
            repeat depth { c = c -> conv(channels, 3, padding=1) }
            "x-y": relu
            if depth == 2 { it + a } else if depth == 3 { concat(a, c) -> conv(channels, 1) } else if depth == 4 {
                conv(channels, 1)
                if channels == 4 { it + c }
            }
        }
        network Net(depth = 1) {
            input(3, 9, 9)
            Some(4, depth) -> Some(4, 2) -> Some(4, 3) -> Some(4, 4) -> Some(5, 4) -> Some(4, 5)
        }
        """,
        """
        block Grow(channels, depth = 1) { conv(channels, 1); if depth == 2 { conv(3 * channels, 1) } }
        block Ask(k = 1, depth = 1) {
            a = it -> Grow(2, depth)
            conv(4, 1)
            if k == 2 { it -> conv(a.channels, 1); a + it }
        }
        network Net(depth = 1) { input(3, 9, 9); Ask(1, depth) -> Ask(2, depth) }
        """,
        """
        network Net(depths = [1, 2, 1], n = 4, wide = true) {
            input(3, 8, 8)
            done = 0
            blocks: {
                if wide { n = n + 1 }
                for d in depths {
                    { for j in range(d) { conv(n + done + j, 1) -> relu } }
                    done = done + d
                }
            }
        }
        """,
        """
        network Net(k = 3, wide = false) {
            input(3, 8, 8)
            n = 2
            v = it
            it -> { repeat k { conv(n, 1) -> relu; concat(it, v); v = it; n = n + 1 }; if wide { n = 9 }; conv(n, 1) }
        }
        """,
        """
        network Net(widths = [1, 2], k = 2) {
            input(3, 8, 8)
            grown = widths
            repeat k { conv(grown[-1], 1) -> relu; grown = grown + [k + len(grown)] }
            for width in widths * 2 + grown { conv(width, 1) -> relu }
            conv(sum(widths), 1)
        }
        """,
        """
        block A(c, k = 1) { conv(c, k, padding=k // 2) -> relu }
        block B(c, k = 3) { conv(c, k, padding=k // 2) -> batchnorm }
        table = [[A, 4, 2], [B(k=1), 6, 1], [A(k=3), 5, 0]]
        acts = [relu, silu]
        block Stage(rows, norm = batchnorm) { for [kind, c, n] in rows { kind(c); repeat n { norm -> relu } } }
        network Net(rows = table, last = acts, counts = [[relu, 1], [silu, 2]], pairs = [[[A, 3], 2], [[B, 4], 1]]) {
            input(3, 8, 8)
            Stage(rows) -> Stage([[B, 3, 1], [A, 2, 0]], instancenorm)
            for [act, n] in counts { repeat n { act } }
            for [[kind, c], n] in pairs { repeat n { kind(c) -> relu } }
            for act in last { act }
        }
        network Narrow(c = 4) = Net([[A, c, 1], [A, 2 * c, 2]], pairs=[[[A, c], 1]])
        """,
        """
        block A(c) { conv(c, 1) -> relu }
        table = [[A, 4], [A, 6]]
        network Net(n = 2) {
            input(3, 8, 8)
            rows   = [[A, n], [A, 2 * n]]
            widths = [row[1] for row in table + rows]
            for w in widths { conv(w, 1) -> relu }
            for row in rows { row[0](row[1]) }
        }
        """,
        """
        block Unit(c, act) { conv(c, 1) -> act }
        block Stage(unit, c, act = relu) { unit(c, act) -> unit(2 * c, act) }
        network Net(unit = Unit, act = silu) {
            input(3, 8, 8)
            Stage(unit, 4) -> Stage(unit, 3, act)
            linear(4, axis=-1) -> flatten(2) -> conv(4, 1)
        }
        """,
        # a default that is the constant of the same name, and one that follows from it
        """widths = [3, 4]
network Net(n = 3, widths = widths, others = widths[1:]) {
    input(2, 8, 8)
    for w in others { conv(w, 1) -> relu }
    conv(n + len(widths), 1)
}
network Own(m = 2) = Net(m + 1, widths=[m, m])""",
        # a list of any length put beside a value, of which only the ends are read
        """network Net(sizes = [1, 2, 1]) {
    input(2, 6, 6)
    ends = [it -> conv(3, 1) for n in sizes] + [it]
    concat(ends[0], ends[-1])
}""",
        # lists that are written out and grow under a condition, of which only the ends are read
        """network Net(count = 2, sizes = [1, 2, 1]) {
    input(2, 6, 6)
    ends = [it -> conv(3, 1) for n in sizes]
    if count > 1 { ends = ends + [it] }
    concat(ends[0], ends[-1])
}""",
        """network Net(flag = true) {
    input(2, 6, 6)
    maps = [it -> conv(3, 1)]
    if flag { maps = maps + [it -> conv(2, 1)] }
    maps[-1]
}""",
        # layers that lack arguments, handed on from block to block beside a block
        """block Inner(f, c) { f(c) -> relu }
block Mid(f, c, g = f) { Inner(f, c) -> Inner(g, c + 1) }
block A(c) { conv(c, 1) -> batchnorm }
network Net(f = A, c = 4) { input(3, 8, 8); Mid(f, c) -> Mid(conv(kernel=1), c, g=f) -> Mid(f, 3, conv(kernel=3)) }""",
        # choices of what is not of one kind: sizes of one number and of several, no values and some
        """network Net(flag = true, n = 2) {
    input(3, 8, 8)
    avgpool(1 if flag else [1, 2], 1) -> conv(3, [2, 1] if flag else 1) -> avgpool([n, 1] if flag else [1, n], 1)
}""",
        "network Net(flag = true) { input(3, 8, 8); concat([it] + ([] if flag else [it])) }",
        """network Net(flag = true, sizes = [1, 2]) {
    input(3, 8, 8)
    concat([it] + ([it -> conv(k, 1) for k in sizes] if flag else []))
}""",
        """
        network Net(n = 2, flag = true) {
            input(4, 8, 8)
            if flag { head = conv(4, 1) } else { head = conv(4, 3, padding=1) }
            if n > 1 { it -> head }
            relu
        }
        """,
        """
        block B(n, c, flag) {
            heads = [conv(4, 1), conv(4, 3, padding=1), relu]
            if flag { it -> heads[0] } else { for i in range(n) { it -> heads[1] } }
            if c > 1 { it -> heads[2] }
        }
        network Net(n = 2, c = 1, flag = true) { input(4, 8, 8); B(n, c, flag) -> B(3, 1, false) -> B(1, 2, true) }
        """,
        """
        block Tap(n, k) { y = [it -> conv(3, 1), it -> conv(2, 1), it][1:]; if n > k { it + y[1] } else { y[0] } }
        network Net(n = 2, k = 1) { input(4, 8, 8); Tap(n, k) -> Tap(1, 2) -> Tap(3, 2) }
        """,
        """
        network Net(n = 2, c = 1, flag = true) {
            input(4, 8, 8)
            head = conv(4, 1)
            if flag { for i in range(n) { if i >= c { it -> head } } } else { if c > 1 { relu -> head } }
            relu
        }
        """,
        """
        network Net(n = 2, acts = [relu, tanh]) {
            input(2, 6, 6)
            it * 2 + (it -> conv(2, 1))
            repeat n { for a1 in acts { it -> a1 }; input -> { conv(2, 1) } }
            repeat n { conv(2, 1); input }
            it + input
        }
        """,
        """
        network Net(n = 2, m = 2) {
            input(2, 6, 6)
            maps = [it]
            for i in range(n) {
                it + maps[0]
                maps = []
                for j in range(m) { conv(2, 1); maps = maps + [it] }
            }
            it + maps[0]
        }
        """,
        """
        network Net(n = 2, m = 2) {
            input(2, 6, 6)
            maps = [it]
            for i in range(n) {
                conv(2, 1)
                for x in maps { it + x }
                maps = [it]
                for j in range(m) { maps = maps + [it -> relu] }
            }
            concat(maps)
        }
        """,
        """
        network Net(n = 2, m = 2, flag = true) {
            input(2, 6, 6)
            maps = []
            if flag { maps = [it] }
            for i in range(n) { conv(2, 1); maps = maps + [it] }
            outs = [x -> conv(2, 1) for x in maps]
            concat(outs)
        }
        """,
        """
        network Net(n = 2) {
            input(4, 6, 6)
            scales = [parameter([4, 1, 1], init=normal(0, 0.5)) for i in range(n)]
            for scale in scales { it * scale }
            for i in range(n) {
                y = it
                parameter([4, 6, 6])
                it * it + y
                if i > 0 { it * parameter([4, 1, 1]) -> relu }
                input + parameter([4, 1, 1])
            }
            for width in [4, 5] { conv(width, 1); it * (parameter([width, 1, 1]) -> hardswish) }
            biases = [parameter([5, 1, 1]) for i in [1, 2, 3]]
            it + biases[1]
        }
        """,
        """
        network Net(n = 2) {
            input(2, 6, 6)
            concat([it] + [v -> conv(2, 1) for v in [it -> conv(3, 1) for j in range(n)] if n > 1])
        }
        """,
        """
        network Net(n = 3, m = 1) {
            input(2, 6, 6)
            for i in range(n) { if i == 0 { y = it -> conv(2, 1) }; it + y }
            for i in range(m) { for j in range(n) { if i + j == 0 { z = it -> conv(2, 1) }; it + z }; relu }
        }
        """,
        """
        network Net(n = 2, deep = n > 1) {
            input(2, 6, 6)
            concat([it] + ([] if deep else [input -> conv(3, 1) for j in range(n)]))
        }
        network Told = Net(deep=true)
        """,
        """
        block Two(channels) {
            a = it -> conv(channels, 1)
            output a, it -> tanh
        }
        network Net(width = 2, count = 2, sizes = [1, 2]) {
            input(2, 6, 6)
            for n2 in sizes {
                it -> if width > 1 {
                    concat([it -> conv(n2, 1)] + [it -> conv(width, 1) for n3 in [1, 2]])
                } else {
                    for n5 in reversed(sizes) {
                        o7 = it -> Two(1)
                        concat(o7) -> { conv(n2, 1) -> relu }
                    }
                    v8 = [input -> conv(width + 1, 1) for n9 in sizes] * count
                    concat(v8 + [it]) -> conv(len(v8) + 1, 1)
                }
            }
            conv(3, 1)
        }
        """,
        """
        block Unread(x2) { relu }
        network Net(n = 2) {
            input(4, 8, 8)
            k = (it -> conv(n, 1)).channels + len([it -> conv(3, 1), it])
            for a in [it -> conv(n, 1), it -> tanh] { conv(k, 1) }
            for [a, b] in zip([it -> conv(n, 1), it -> relu], [1, 2]) { conv(b, 1) }
            it -> Unread(it -> conv(3, 1))
        }
        """,
        """
        network Net(n = 2) { input(4, 8, 8); repeat n { relu }; head = conv(4, 1); if n >= 1 { it -> head }; tanh }
        """,
        """
        network Net(width = 2) {
            a = input(2, 6, 6)
            b = input(1, 6, 6)
            concat(a, b)
            a = b -> conv(width, 3, padding=1) * 2
            concat(it, a)
        }
        """,
        """
        network Net(width = 2, count = 2, mode = "a") {
            input(2, 6, 6)
            for y7 in range(count) { conv(2, 1)
            if y7 == width - 1 { map8 = it } }
            if width % 2 == 0 { map8 = it -> conv(3, 3, padding=1) -> if mode == "b" { conv(width + 1, 1) } -> relu }
            concat(it, map8)
        }
        """,
    ],
)
def test_what_was_wrong_for_other_arguments_is_right(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        """
        block B(channels) {
            for i in range(3) {
                a = it -> conv(channels, 3, padding=1)
                if i == 2 { a -> relu } else { it -> sigmoid }
            }
        }
        network Net(k = 4) { input(3, 8, 8); B(k) }
        """,
        """
        block B(channels, depth = 1) {
            conv(channels, 1)
            for i in range(3) {
                a = it -> conv(channels, 3, padding=1) -> batchnorm
                if depth == 2 { it + a } else if i == depth { a -> relu } else { it -> sigmoid }
            }
        }
        network Net(depth = 1) { input(3, 8, 8); B(4, depth) -> B(4, 2) -> B(4, 3) }
        """,
        """
        block B(channels, depth = 1) {
            conv(channels, 1)
            c = it
            for i in range(3) {
                c = c -> conv(channels, 3, padding=1)
                relu
                if depth == 2 { it + c }
            }
            if depth == 2 { it + c }
        }
        network Net(depth = 1) { input(3, 8, 8); B(4, depth) -> B(4, 2) -> B(4, 3) }
        """,
        """
        block B(channels, depth = 1) {
            conv(channels, 1)
            c = it
            for i in range(3) {
                c = c -> conv(channels, 3, padding=1)
                relu
                if depth == 2 { it + c }
            }
        }
        network Net(depth = 1) { input(3, 8, 8); B(4, depth) -> B(4, 2) -> B(4, 3) }
        """,
        """
        block B(channels, n = 1, depth = 1) {
            conv(channels, 1)
            repeat n {
                a = it -> conv(channels, 3, padding=1) -> batchnorm
                if depth == 2 { it + a } else { relu }
            }
        }
        network Net(n = 2, depth = 1) { input(3, 8, 8); B(4, n, depth) -> B(4, 3, 2) }
        """,
        """
        network Net(n = 2, depth = 1) {
            input(3, 8, 8)
            conv(4, 1)
            for i in range(n) {
                a = it -> conv(4, 3, padding=1)
                if i == depth { it + a } else { relu }
            }
        }
        """,
        """
        block B(channels, depth = 1) {
            conv(channels, 1)
            for i in range(3) {
                b = it -> conv(channels, 1)
                for j in range(2) {
                    a = it -> conv(channels, 3, padding=1)
                    if i == j { it + a } else { relu }
                    if depth == 2 { it + b }
                }
            }
        }
        network Net(depth = 1) { input(3, 8, 8); B(4, depth) -> B(4, 2) }
        """,
        """
        block B(channels, depth = 1) {
            conv(channels, 1)
            for i in range(3) {
                b = it -> conv(channels, 1)
                for j in range(2) {
                    relu
                    if j == 1 { it + b }
                }
                for j in range(2) {
                    c = it -> conv(channels, 1)
                    if i == 1 { sigmoid; it + c }
                }
            }
        }
        network Net(depth = 1) { input(3, 8, 8); B(4, depth) -> B(4, 2) }
        """,
        """
        block B(channels, depth = 1) {
            conv(channels, 1)
            for i in range(3) {
                a = it -> "c{i}": conv(channels, 3, padding=1) -> "n-{i}": batchnorm
                if i == depth { it + a } else { "act{i}": relu }
            }
        }
        network Net(depth = 1) { input(3, 8, 8); B(4, depth) -> B(4, 2) }
        """,
        """
        block B(channels, depth = 1) {
            conv(channels, 1)
            for i in range(3) {
                if i > 0 { a = it -> conv(channels, 3, padding=1) } else { a = it -> conv(channels, 1) }
                b = a -> relu
                y = a + it
                if i == depth { it + b } else if depth == 2 { it + y } else { sigmoid }
            }
        }
        network Net(depth = 1) { input(3, 8, 8); B(4, depth) -> B(4, 2)  -> B(4, 3) }
        """,
        """
        block B(channels, depth = 1) {
            conv(channels, 1)
            if channels > 4 { a = it -> conv(channels, 3, padding=1) } else { a = it }
            y = a + it
            if depth == 1 { it + y } else { sigmoid }
        }
        network Net(depth = 1, channels = 4) { input(3, 8, 8); B(channels, depth) -> B(4, 2)  -> B(5, 3) }
        """,
        """
        block Grow(channels, depth = 1) { conv(channels, 1); if depth == 2 { conv(3 * channels, 1) } }
        block B(channels, depth = 1) {
            for i in range(3) {
                a = it -> Grow(2, depth)
                if i == 1 { it -> conv(a.channels, 1); it + a } else { conv(2, 1) }
            }
        }
        network Net(depth = 1) { input(3, 8, 8); B(4, depth) -> B(4, 2) }
        """,
        """
        block B(channels) {
            for i in range(3) {
                if it.channels == channels { conv(channels, 1) } else { conv(channels, 3, padding=1) }
            }
        }
        network Net(k = 4) { input(3, 8, 8); B(k) -> B(3) }
        """,
        """
        block B(channels, depth = 1) {
            conv(channels, 1)
            s = conv(channels, 3, padding=1)
            t = conv(channels, 1)
            for i in range(3) {
                a = it -> s
                b = it -> t
                if i == 2 { it + a } else { if depth == 2 { b -> relu } }
            }
        }
        network Net(depth = 1) { input(3, 8, 8); B(4, depth) -> B(4, 2) }
        """,
        """
        block B(channels) {
            conv(channels, 1)
            a = it -> conv(channels, 1)
            for i in range(3) { if i == 1 { it + a } }
        }
        network Net { input(3, 8, 8); B(4) }
        """,
        """
        block B(widths, depth = 1) {
            for [i, w] in enumerate(widths) {
                a = it -> conv(w, 1)
                b = it -> conv(w, 3, padding=1)
                if i == depth { a + b } else { a }
            }
        }
        network Net(widths = [3, 4, 5], depth = 1) { input(3, 8, 8); B(widths, depth) -> B([2, 2], 2) }
        """,
        """
        block B(channels, depth = 1) {
            conv(4, 1)
            for i in range(3) {
                p, q = split(it -> conv(4, 1), [2, 2])
                r = p -> conv(2, 1)
                if i == depth { concat(r, q) } else { relu }
            }
        }
        network Net(depth = 1) { input(3, 8, 8); B(4, depth) -> B(4, 2) -> B(4, 5) }
        """,
        """
        block B(channels) {
            conv(channels, 1)
            prev = it
            for i in range(3) {
                y = prev + it -> conv(channels, 1)
                prev = it
                y
            }
        }
        network Net { input(3, 8, 8); B(4) }
        """,
        """
        block B(channels) {
            a = it -> conv(channels, 1)
            a
            a = it -> relu -> conv(2, 1)
            it -> conv(5, 1) -> relu
            concat(a, it)
        }
        network Net(k = 4) { input(3, 8, 8); B(k) -> B(3) }
        """,
    ],
)
def test_layers_whose_values_only_some_turns_read(text: str) -> None:
    check(text)
