"""What the last turn of a loop has left under a name is read behind it: a value, its sizes, a number."""

from __future__ import annotations

import pytest

import cnndsl
from tests.torch.constructors import check

PROGRAMS = [
    """
network Turns(us = [2, 5], n = 2) {
    input(2, 4, 4)
    u = n
    for u in us { it * 2 }
    conv(u, 3, padding=1)
}""",
    """
network Inner(us = [2, 5]) {
    input(2, 4, 4)
    for u in us {
        for u in us { it * 2 }
        conv(u, 3, padding=1)
    }
}""",
    """
network Last(n = 3) {
    input(3, 64, 64)
    for i in range(n) {
        before = it
        conv(8 + i, 3, stride=2, padding=1) -> relu
        after = it
        conv(8 + i, 3)
    }
    (before -> global_avgpool -> flatten -> linear(4)) + (after -> flatten -> linear(4)) + (it -> linear(4))
}""",
    """
block Down(c) { conv(c, 3, stride=2, padding=1) -> batchnorm -> relu }
network Pyramid(n = 3, c = 4) {
    input(3, 64, 64)
    feats = []
    for i in range(n) {
        Down(c * 2 ** i)
        feats = feats + [it]
        last = it -> conv(c, 1)
    }
    maps = [f -> conv(c, 1) for f in feats]
    top = maps[-1]
    for k in range(n - 1) {
        top = upsample(top, like=maps[n - 2 - k]) + maps[n - 2 - k]
        out = top -> conv(c, 3, padding=1)
    }
    (out -> linear(2)) + (top -> linear(2)) + (last -> linear(2))
}""",
    """
network Heads(n = 2) {
    input(3, 32, 32)
    repeat n { conv(4, 3); a = it; maxpool(2) -> conv(6, 3, padding=1); b = it }
    x = a -> flatten -> linear(3)
    y = b -> flatten -> linear(3)
    output x, y
}""",
    """
block Stage(c, n) { repeat n { keep = it; conv(c, 3) }; output it, keep }
network St(n = 2) {
    input(3, 32, 32)
    Stage(4, n) as deep, near
    deep -> Stage(5, n) as deep, nearer
    (near -> linear(2)) + (nearer -> linear(2)) + (deep -> linear(2))
}""",
    """
network Kernel(sizes = [3, 5, 3]) {
    input(3, 40, 40)
    for k in sizes {
        prev = it
        conv(4, k)
        rest = crop(prev, like=it)
    }
    concat(it, rest) -> linear(2) as y
    prev -> linear(2) as z
    output y, z
}""",
    """
network Strides(strides = [1, 2, 2]) {
    input(3, 40, 40)
    total = 1
    for s in strides {
        total = total * s
        mid = it
        conv(4, 3, stride=s, padding=1)
    }
    upsample(scale=total) -> conv(total, 1)
    output it, mid -> linear(total)
}""",
    """
block Enc(c, n, k = 3) {
    for i in range(n) { skip = it; conv(c + i, k); if i == 0 { first = it } }
    output it, skip, first
}
network ED(n = 2, k = 3) {
    input(3, 32, 32)
    Enc(4, n, k) as a, b, c
    a -> Enc(5, n) as d, e, f
    (b -> linear(2)) + (c -> linear(2)) + (e -> linear(2)) + (f -> linear(2)) + (d -> linear(2))
}""",
    """
block Res(c, n, last = true) {
    repeat n {
        y = it -> conv(c, 3, padding=1) -> relu
        short = it
        if it.channels != c { short = it -> conv(c, 1) }
        y + short
        if last { maxpool(2) }
    }
    output it, y, short
}
network R(n = 2, last = true) {
    input(3, 32, 32)
    Res(4, n, last) as p, q, s
    (p -> linear(2)) + (q -> linear(2)) + (s -> linear(2))
}""",
    """
block Branch(widths) {
    parts = []
    for w in widths { b = it -> conv(w, 3, padding=1); parts = parts + [b] }
    output concat(parts), b
}
network B(widths = [2, 3]) {
    input(3, 16, 16)
    Branch(widths) as x, y
    x -> Branch(widths + [4]) as z, w
    (y -> conv(w.channels, 1)) + w
    linear(2)
}""",
    """
block Dense(g, n) {
    outs = [it]
    for i in range(n) { new = concat(outs) -> conv(g, 3, padding=1); outs = outs + [new]; count = i + 1 }
    output concat(outs), new -> conv(count, 1)
}
network D(n = 2, g = 3) {
    input(3, 16, 16)
    Dense(g, n) as a, b
    a -> Dense(2, n + 1) as c, d
    (b -> linear(2)) + (d -> linear(2)) + (c -> linear(2))
}""",
    """
block Down(c, times) {
    for i in range(times) {
        pre = it -> conv(c, 3, padding=1)
        pre -> maxpool(2)
        if i < times - 1 { conv(c * 2, 1) }
    }
    output it, pre
}
network D(times = 2) {
    input(3, 32, 32)
    Down(4, times) as low, pre
    up = upsample(low, like=pre)
    concat(up, pre) -> conv(4, 1) -> linear(3)
}""",
    """
block Pyr(n) {
    base = it
    for i in range(n) {
        p = base -> avgpool(i + 1)
        up = upsample(p, like=base)
        concat(it, up)
        w = it.channels
    }
    conv(w, 1)
    output it, p
}
network P(n = 3) {
    input(2, 24, 24)
    Pyr(n) as a, b
    (a -> linear(2)) + (b -> linear(2))
}""",
    """
network Cyc(n = 4) {
    input(3, 20, 20)
    prev = it -> conv(4, 1)
    for i in range(n) {
        next = prev -> conv(4 + i, 3)
        mix = concat(crop(prev, like=next), next)
        prev = mix -> conv(3, 1)
    }
    concat(mix, crop(prev, like=mix)) -> linear(2)
}""",
    """
network Twice(n = 2, m = 3) {
    input(3, 40, 40)
    for i in range(n) { a = it; conv(4 + i, 3) }
    for j in range(m) { b = it; conv(6 + j, 3) }
    (a -> linear(2)) + (b -> linear(2)) + (it -> linear(2))
}""",
    """
network Same(n = 2, m = 3) {
    input(3, 40, 40)
    for i in range(n) { a = it; conv(4 + i, 3) }
    x = a -> linear(2)
    for j in range(m) { a = it; conv(6 + j, 3) }
    x + (a -> linear(2)) + (it -> linear(2))
}""",
    """
network Late(n = 2, flag = true) {
    input(3, 32, 32)
    x = it
    for i in range(n) {
        y = x -> conv(4, 3)
        if flag and i == 0 { x = y -> maxpool(2) } else { x = y }
    }
    z = upsample(x, like=y)
    (z -> linear(2)) + (y -> linear(2))
}""",
    """
network A(flag = true, n = 2) {
    input(3, 32, 32)
    if flag { for i in range(n) { conv(4 + i, 3) }; tap = it; conv(8, 3) }
    conv(5, 3)
    if flag { (it -> linear(2)) + (tap -> linear(2)) } else { linear(2) }
}""",
    """
network Fl(flag = true, n = 2) {
    input(3, 32, 32)
    for i in range(n) {
        if flag { conv(4 + i, 3); tap = it; maxpool(2) } else { tap = it; conv(3, 3) }
        conv(2 + i, 1)
    }
    (it -> linear(2)) + (tap -> linear(2))
}""",
    """
network G(k = 1, n = 2) {
    input(3, 32, 32)
    for i in range(n) {
        if i == k { conv(4 + i, 3); tap = it; maxpool(2) }
        conv(2 + i, 3)
        if i == k { side = it }
    }
    (it -> linear(2)) + (tap -> linear(2)) + (side -> linear(2))
}""",
    """
block J(n, m) {
    repeat n {
        repeat m { conv(it.channels + 1, 3); a = it }
        b = it
        pair = [a -> conv(2, 1), b]
        maxpool(2)
    }
    output it, a, b, pair[0], pair[1]
}
network NJ(n = 2, m = 1) {
    input(3, 64, 64)
    J(n, m) as p, q, r, s, t
    (p -> linear(2)) + (q -> linear(2)) + (r -> linear(2)) + (s -> linear(2)) + (t -> linear(2))
}""",
    """
block Acc(n, c) {
    w = c
    for i in range(n) { conv(w, 3); w = w + it.channels; tap = it -> conv(w, 1) }
    output it, tap, it -> conv(w, 1)
}
network A(n = 2) { input(3, 24, 24); Acc(n, 2) as a, b, c; (a -> linear(2)) + (b -> linear(2)) + (c -> linear(2)) }""",
    """
block Pick(n, which) {
    chosen = it
    for i in range(n) { conv(3 + i, 3); if i == which { chosen = it } }
    output it, chosen
}
network P(n = 3, which = 1) { input(3, 24, 24); Pick(n, which) as a, b; (a -> linear(2)) + (b -> linear(2)) }""",
    """
block Swap2(n) {
    a = it
    b = it -> conv(2, 1)
    repeat n { c = a; a = b -> conv(3, 3); b = c -> conv(4, 5, padding=1) }
    output a, b
}
network W(n = 2) { input(3, 24, 24); Swap2(n) as a, b; (a -> linear(2)) + (b -> linear(2)) }""",
    """
block Ladder(n) {
    down = []
    for i in range(n) { conv(2 + i, 3, padding=1); down = down + [it]; maxpool(2) }
    for d in reversed(down) { up = upsample(it, like=d); concat(d, up) -> conv(d.channels, 1); last = d }
    output it, last, up
}
network L(n = 2) { input(3, 16, 16); Ladder(n) as a, b, c; (a -> linear(2)) + (b -> linear(2)) + (c -> linear(2)) }""",
    """
network Early(n = 3, stop = 1) {
    input(3, 30, 30)
    for i in range(n) {
        if i < stop { conv(4 + i, 3) } else { conv(2, 1); short = it }
        after = it
        tanh
    }
    (short -> linear(2)) + (after -> linear(2)) + (it -> linear(2))
}""",
    """
block B(aux, widths) {
    heads = [conv(k, 3, padding=1) for k in widths]
    others = [conv(8, k, padding=k // 2) for k in widths]
    conv(8, 3, padding=1)
    if aux { for head in heads { head; relu } } else {
        for other in others { other; tanh; last = it }
        side = last -> linear(2)
    }
}
network Net { input(3, 8, 8); B(true, [3, 1]) -> B(false, [3]) -> relu }""",
    """
block Dense(g, n, k = 3) {
    outs = [it]
    for i in range(n) { new = concat(outs) -> conv(g, k, padding=1); outs = outs + [new] }
    output concat(outs), new
}
network D(n = 2, g = 3, k = 3) {
    input(3, 16, 16)
    Dense(g, n, k = k) as a, b
    b -> linear(2)
}""",
]


@pytest.mark.parametrize("text", PROGRAMS)
def test_what_the_last_turn_has_left_is_what_the_text_says(text: str) -> None:
    check(text, most=30)


NUMBERS = [
    """
network N(n = 3) {
    input(3, 16, 16)
    acc = 0
    for i in range(n) { conv(4, 3, padding=1) as y; acc = y if i == 0 else acc + y }
    acc -> linear(n)
}""",
    """
network N(n = 3) {
    input(3, 16, 16)
    acc = 0
    for i in range(n) { conv(4, 3, padding=1) as y; acc = acc + y }
    acc -> linear(n)
}""",
    """
network N(n = 3, begin = 1.5) {
    input(3, 16, 16)
    acc = begin
    repeat n { conv(4, 3, padding=1) as y; acc = acc * y + 1 }
    acc -> linear(2)
}""",
    """
network N(n = 2) {
    input(3, 16, 16)
    acc = 0
    for i in range(n) { for j in range(n) { conv(4, 3, padding=1) as y; acc = acc + y } }
    acc -> linear(n)
}""",
    """
network N(flags = [true, false]) {
    input(3, 16, 16)
    acc = 0
    for f in flags { conv(3, 3, padding=1) ; it + acc; if f { acc = it } }
    linear(3)
}""",
    """
network N(n = 2) {
    input(3, 16, 16)
    best = 0
    for i in range(n) { conv(4, 3) as y; g = y -> global_avgpool -> conv(1 + i, 1); best = g if i == n - 1 else best }
    best -> linear(n)
}""",
    """
block Sum(c, n) { s = 0; for i in range(n) { input -> conv(c, 1) as t; s = s + t }; output s, t }
network N(n = 2, c = 3) { input(3, 16, 16); Sum(c, n) as a, b; a + b -> linear(2) }""",
    """
network N(c = 3) { a = input(3, 16, 16); b = input(3, 16, 16); s = 0
    for x in [a, b] { s = s + (x -> conv(c, 1)) }; s -> linear(2) }""",
    """
network N(n = 3) { input(3, 16, 16); s = 0; m = 1
    for k in range(n) { conv(3, 3, padding=1); s = s + it; m = m * it }; s - m -> linear(2) }""",
    """
network N(n = 3) { input(3, 16, 16); s = 0
    for k in range(n) { conv(3, 3, padding=1); s = it + s; it + s }; it + s -> linear(2) }""",
    """
network N(n = 2) {
    input(3, 8, 8)
    acc = it
    b = acc
    acc = 0
    for i in range(n) { conv(3, 3, padding=1); acc = acc + it * b }
    acc + b -> linear(2)
}""",
    """
network N(n = 2, m = 2) {
    input(3, 8, 8)
    acc = 0
    for i in range(n) { conv(3, 3, padding=1); acc = acc + it }
    for i in range(m) { conv(3, 3, padding=1); acc = acc + it }
    acc -> linear(2)
}""",
    """
network N(n = 2) {
    input(3, 8, 8)
    acc = 1
    for i in range(n) { conv(3, 3, padding=1); acc = acc * it }
    kept = acc
    acc = 0
    for i in range(n) { conv(3, 3, padding=1); acc = acc + it * kept }
    acc + kept -> linear(2)
}""",
]
"""What is a number before a loop, and a value behind its first turn."""


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_of_which_the_turns_make_a_value(text: str) -> None:
    check(text, most=30)


def test_a_value_stays_one_where_a_later_loop_has_no_turn() -> None:
    class_ = cnndsl.compile(NUMBERS[-2]).load("N")
    class_(n=2, m=0)
    with pytest.raises(ValueError, match="no value in acc, but a number"):
        class_(n=0, m=0)
