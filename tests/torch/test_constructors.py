"""Whatever a generated constructor accepts works, and is the text compiled with the same settings."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import cnndsl
from cnndsl.compilation import CompilationError
from tests.compiled import MODELS
from tests.oracle.generator import generate
from tests.running import imported
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
