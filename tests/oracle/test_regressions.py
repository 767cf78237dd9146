"""Programs in which the compiler and PyTorch once disagreed."""

from __future__ import annotations

from contextlib import suppress

import pytest

import cnndsl
from cnndsl.compilation import CompilationError
from tests.oracle.agreement import check

PROGRAMS = {
    "sizes of the values of a list, in a list of numbers": """
block Block(width = 2) {
    l = [it] + [it -> conv(n + 1, 1) for n in range(width)]
    for n in [x.channels for x in l] { conv(n, 1) -> relu }
    conv(sum([x.channels for x in l if x.channels > 1]), 1)
    concat([it] + l)
}
network Net { input(2, 6, 6); Block(2) -> Block(3) }""",
    "a split into one part": """
network Net {
    input(4, 8, 8)
    whole = split(it, 1)
    whole + 1 -> conv(2, 3)
}""",
    "the size of a product and of a quotient": """
network Net {
    input(3, 8, 12)
    large = it -> upsample(scale=3)
    it * input
    upsample(large, like=it, mode="bilinear") -> relu
    2 / (1 + it * it)
    upsample(large, like=it) -> relu
}""",
    "the bias of a normalisation": """
network Net {
    input(4, 8, 8)
    batchnorm(bias=[1, 2, 3, 4]) -> groupnorm(2, weight=[1, 1, 2, 2], bias=[0, 0, 1, 1], trainable=true)
    instancenorm(affine=true, bias=[0, 1, 2, 3])
}""",
    "features that are a product with a quotient": """
block Halved(c) { conv(c // 2, 1) -> permute([0, 2, 1, 3]); linear(4) }
network Net { input(3, 5, 5); x = it -> Halved(7); y = it -> Halved(9); output x, y }""",
    "the places that an average pool counts": """
network Net { input(4, 7, 12); avgpool(3, padding="same", count_include_pad=false) }""",
    "the places that an average pool counts in a row": """
network Net { input(4, 70); avgpool(3, padding="same", count_include_pad=false) }""",
    "a map of one number that is cut out": """
network Net { input(4, 6, 7); conv(12, 3, padding=2) -> crop(size=1); linear(5) }""",
    "numbers that a loop counts beside values": """
network Net {
    input(3, 8, 8)
    maps = [it, it -> tanh]
    for [i, v] in enumerate(maps) { it + (v -> conv(3, 2 * i + 1, padding=i)) }
    concat([v -> conv(k + 1, k, padding="same") for [k, v] in zip([1, 3], maps)])
    concat([v -> conv(n, k) -> relu for [v, [n, k]] in [[it, [4, 1]], [input, [2, 1]]]])
}""",
    "a name that stands for a value and then for a number": """
network Net {
    input(3, 8, 8)
    maps = [it, it -> tanh]
    for x in maps { it * x }
    for x in [4, 5] { conv(x, 1) -> relu }
    count = len(maps)
    conv(count, 1) as x
    x = len([x]) + count
    conv(x, 1)
}""",
    "a list of what layers make in the turns of a loop": """
network Net(n = 2) {
    input(3, 8, 8)
    for j in range(n) { concat([it -> conv(k, 1) for k in [1, 2]]) -> relu }
}""",
    "lists of what layers make, as long as a parameter says": """
block Aspp(c, rates) {
    branches = [input -> conv(c, 3, padding=r, dilation=r, bias=false) -> batchnorm -> relu for r in rates]
    concat(branches + [input -> conv(c, 1) -> relu]) -> conv(c * len(branches), 1)
}
network Net { input(4, 9, 9); Aspp(8, [1, 2, 3]) -> Aspp(3, [2]) }""",
    "lists of what layers make, one inside the other": """
block Nested(ks) { concat([concat([it -> conv(k + j, 2 * k - 1, padding=k - 1) for k in ks]) -> relu for j in ks]) }
network Net { input(3, 8, 8); Nested([1, 2]) -> Nested([3, 1, 2]) }""",
    "a list of parts that the turns of a loop fill, each by a loop": """
block Several(channels, rates = [1, 2]) {
    for i in range(2) { sum([it -> conv(channels + i, 2 * r - 1, padding=r - 1) for r in rates]) }
}
network Net { input(4, 8, 8); Several(4) -> Several(3, [3, 1]) -> Several(2, [1]) }""",
    "sizes of two values that a loop changes": """
block Two(n) {
    a = it
    for i in range(n) { a = a -> conv(i + 1, 1); it -> conv(2 * i + 2, 1) }
    concat(a, it) -> conv(3, 1)
}
network Net { input(2, 6, 6); Two(2) -> Two(3) -> Two(1) }""",
    "sizes of two values that differ on two ways": """
block Either(n, flag) {
    a = it
    if flag { a = it -> conv(n, 1); conv(n + 2, 1) } else { conv(3, 1); a = it -> conv(2, 1) }
    concat(a, it) -> conv(3, 1)
}
network Net { input(2, 6, 6); Either(2, true) -> Either(3, false) }""",
    "a value beside what copies of a layer make of it": """
block Copies(n) { it + (it -> conv(it.channels, 1) * n) }
network Net { input(2, 6, 6); Copies(2) -> Copies(3) }""",
    "sizes that copies of a layer run through beside that of a value": """
block Beside(n) {
    repeat n {
        v = it -> conv(1, 1) * 2
        concat(it, v)
    }
    conv(1, 1)
}
network Net { input(2, 6, 6); Beside(2) -> Beside(3) }""",
    "sizes that copies of a layer run through inside a list of values": """
block Copied(widths, flag) {
    for [n, times] in [[1, 2], [widths, 1]] {
        if flag { concat([input -> conv(1, 1) * times for i in range(1, n + 1)] + [it]) }
    }
    conv(2, 1)
}
network Net { input(2, 6, 6); Copied(2, true) -> Copied(1, false) }""",
    "sizes that the layers of a list work out inside of them": """
block Inside(sizes, count) {
    named = [{ conv(n + 1, 1) -> if count > 1 { conv(n, 1) } } for n in sizes]
    concat([it] + [it -> layer for layer in named])
    conv(1, 1)
}
network Net { input(2, 6, 6); Inside([1, 2], 2) -> Inside([3], 1) }""",
    "layers of a list whose channels run inside of them": """
block Lists(sizes, flag) {
    conv(2, 1) -> if flag { conv(3, 1) }
    named = [{ conv(1, 1) * n -> if n > 1 { conv(n, 1) } } for n in sizes]
    for layer in named { it -> layer }
    wide = [{ conv(1, 1) -> if flag { conv(n, 1) } } for n in sizes]
    concat([it -> layer for layer in wide])
}
network Net { input(2, 6, 6); Lists([2, 1], true) -> Lists([3], false) }""",
    "a layer in a loop whose last value nothing reads": """
block Last(n, sizes) {
    repeat n {
        v = it -> conv(1, 1)
        for s in sizes {
            concat(it, v)
            v = v -> conv(2, 1)
        }
    }
}
network Net { input(2, 6, 6); Last(1, [1, 1, 2]) }""",
    "what autograd keeps of a value that leads to no output, which it forgets": """
block Two(channels) { conv(channels, 1) -> tanh; a = it -> conv(3, 1) -> relu; output it, a }
block Unread(x2) { it -> conv(2, 1) }
network Net {
    input(2, 6, 6)
    y = it -> conv(3, 3) -> tanh
    a, b = it -> Two(2)
    b -> Two(3)
    a -> tanh -> Unread(input -> conv(3, 1) -> sigmoid)
    repeat 2 { tanh; when training { conv(3, 1) -> relu; c, d = split(it, [1, 2]); c * d; late = it } }
    output it, late when training
}""",
    "a list of parts that is there in some cases": """
block Some(widths, flag) { if flag { concat([it] + [it -> conv(n, 3, padding=1) for n in [1, len(widths)]]) -> relu } }
network Net { input(2, 6, 6); Some([1, 2], true) -> Some([3], false) }""",
    "layers that a parameter gives, counted": """
network Net(acts = [relu, gelu, leaky_relu(0.1)]) {
    input(3, 8, 8)
    for [i, act] in enumerate(acts) { conv(4 * (i + 1), 3, padding=1) -> act }
}""",
    "a list of values that is only a line": """
network Net {
    input(3, 8, 8)
    [it -> conv(3, 1), it -> conv(3, 3, padding=1)]
    [it[1] -> dropout, it[0] -> relu]
    it[0] + it[0] + it[1] -> relu
}""",
    "a quotient of a sum that takes two lines": """
network Net {
    input(4, 12, 8)
    it / (1 + (it -> conv(4, [3, 3], padding="same") -> relu) * (it -> conv(4, [3, 3], padding="same") -> sigmoid))
}""",
    "whole numbers of more than 64 bits": """
network Net {
    input(4, 8, 8)
    init conv: weight = constant(10 ** 30)
    conv(2, 3, padding=1) -> leaky_relu(10 ** 30)
    it / 10 ** 30 + 10 ** 20
}""",
    "a name that is given another value in a loop, by a choice": """
block Block(sizes) {
    for n in sizes {
        v = input -> conv(1, 1) -> if n > 1 { relu } else { tanh }
        concat(it, v)
    }
    for n in sizes {
        v = input -> conv(1, 1) -> if n > 1 { relu } else { tanh }
        concat(it, v)
    }
}
network Net { input(2, 6, 6); Block([2, 1]) -> Block([1, 1, 2]) }""",
    "a name that is read on the way to its next value": """
block Block(sizes, flag) {
    v = input -> conv(2, 1)
    v = it -> conv(1, 1) -> if flag { conv(2, 1) -> { v + it } } else { tanh }
    it + (v -> conv(it.channels, 1)) -> conv(2, 1)
    v = it -> conv(1, 1) -> { concat(it, v) } -> if flag { { concat(it, v) } }
    concat(it, v)
    v = v -> if flag { relu -> { concat(it, v) } }
    concat(it, v)
    v = v -> if flag { { concat(relu(v), v) } } else { { concat(v, v + 1) } } -> { concat(it, v) }
    concat(it, v)
    v = (it if flag else v) -> conv(3, 1) -> { concat(it, v) }
    concat(it, v)
    for n in sizes {
        v = it -> conv(n, 1) -> if n > 1 { { concat(it, v) } } else { { concat(it, v, v + 1) } }
        concat(it, v)
        v = (it -> conv(2, 1)) if flag else v
    }
    concat(it, v)
}
network Net {
    input(2, 6, 6)
    Block([2, 1], true)
    Block([1, 1, 2], false)
}""",
    "values that are read in no case, or in some": """
block Cases(flag) {
    v = input
    if flag { v = input -> conv(1, 1) }
    if flag { v = input -> conv(2, 1) }
    w = it -> conv(3, 1)
    tanh
    if flag { concat(it, v, w) }
    if not flag { if flag { conv(5, 1) } else { conv(4, 1) } }
    if not flag { w = it -> conv(2, 1) }
    concat(it, w)
}
network Net { input(2, 6, 6); Cases(true) -> Cases(false) }""",
    "lists of values several times over": """
block Block(n, flag) {
    v = it -> conv(2, 1)
    concat([v] * n + [it])
    w = [it -> conv(3, 1)] * 2
    concat(w + [w[0] -> relu])
    if flag { concat([it -> tanh] * n) }
    xs = [it -> conv(i, 1) for i in range(1, n + 1)]
    concat(xs * 2) -> conv(len(xs * n), 1)
}
network Net {
    input(2, 6, 6)
    Block(3, true) -> Block(2, true) -> Block(3, false)
    concat([it, it -> conv(2, 1)] * 2)
}""",
    "lists of values that grow in some cases": """
block B(flag, n) {
    xs = [it]
    if flag { xs = xs + [it -> conv(2, 1)] }
    concat(xs) -> conv(len(xs), 1)
    if not flag { xs = xs + [it -> conv(3, 1), it -> tanh] } else { xs = [it] + xs }
    concat(xs)
    for i in range(n) {
        if i % 2 == 0 { xs = xs + [it -> conv(i + 1, 1)] } else { if flag { xs = [it -> relu] + xs } }
    }
    concat(xs + [it]) -> conv(4, 1)
    ys = []
    if n > 1 { ys = [it -> tanh] }
    concat(ys + [it])
    it + it
}
network Net { input(2, 6, 6); B(true, 1) -> B(false, 2) -> B(true, 3) }""",
    "lists of values of those that fit": """
block B(ks, least, flag) {
    xs = [it -> conv(k, 1) for k in ks if k >= least or flag]
    concat(xs) -> relu
    concat([it] + xs)
    concat([it -> conv(k, 1) -> if k > least { relu } for [i, k] in enumerate(ks) if i > 0] + [it])
    ys = [it -> conv(2, 1) for k in ks if k >= least]
    sum([it -> conv(2, 1)] + ys)
    zs = [it, it -> tanh]
    for k in ks { if k > least { zs = [it -> conv(k, 1)] + zs } else { zs = zs + [it] } }
    concat(zs)
}
network Net { input(2, 6, 6); B([1, 2, 3], 2, false) -> B([2, 2], 1, true) -> B([1, 5], 2, true) }""",
    "two names for one list of values": """
block B(n) {
    xs = [it]
    for i in range(n) { xs = xs + [it -> conv(2 + i, 1)] }
    ys = xs
    for i in range(n) { xs = xs + [it -> conv(1, 1)] }
    concat(ys) -> conv(1, 1)
    concat([it] + xs)
}
network Net { input(2, 6, 6); B(1) -> B(2) }""",
    "stacks of as many values as a parameter says": """
block Select(c, branches) {
    us = [it -> conv(c, 3, padding=1 + k, dilation=1 + k) for k in range(branches)]
    weights = softmax(stack([sum(us) -> global_avgpool -> conv(c, 1) for k in range(branches)], axis=1), axis=1)
    sum(stack(us, axis=1) * weights, axis=1)
    concat(it, us)
}
network Net { input(2, 6, 6); Select(2, 2) -> Select(3, 1) -> Select(1, 3) }""",
    "layers by their places, beside values by theirs": """
block Cell(ops) {
    xs = [it, it]
    for [i, op] in enumerate(ops) { xs = xs + [xs[i] -> op] }
    concat(xs)
}
network Net(ops = [conv(3, 3, padding=1), maxpool(3, 1, 1)]) { input(3, 8, 8); Cell(ops) -> linear(2) }""",
    "loops over as many values as a parameter says": """
block B(n, flag) {
    xs = [it -> conv(i + 1, 1) for i in range(n)]
    ys = [x -> conv(x.channels + 1, 1) -> relu for x in xs]
    concat(ys) -> conv(2, 1)
    for y in ys { concat(it, y) -> conv(y.channels, 1) }
    for x in xs { if x.channels > 1 or flag { xs = xs + [it + (x -> conv(it.channels, 1))] } }
    concat([it] + xs + ys)
    sum([y -> global_avgpool -> conv(4, 1) for y in xs + [it]])
    for k in range(2) { ys = [y -> conv(y.channels, 1) -> if flag { tanh } for y in ys] }
    concat(ys + [upsample(it, like=ys[0])])
}
network Net { input(2, 6, 6); B(2, true) -> B(3, false) -> B(2, false) }""",
    "lists of values of those constants that fit": """
block Block(count, flag) {
    concat([it -> conv(n, 3, padding=1) -> if n > 1 { relu } for n in [1, count] if n > 1] + [it, it])
    xs = [it -> conv(n, 1) for n in [1, 2, 3] if n > count or flag]
    concat(xs + [it, it])
}
network Net { input(2, 6, 6); Block(2, true) -> Block(1, false) -> Block(3, false) }""",
    "loops over values, and names that are there already": """
block B(n) {
    xs = [it -> conv(i + 1, 1) for i in range(n)]
    for x in xs { it + (x -> conv(it.channels, 1)) }
    y = it
    x = it -> tanh
    for y in xs { it * (y -> conv(it.channels, 1)) }
    it + x
    out = it
    for out in xs { concat(it, out) -> conv(2, 1) }
}
network Net { input(2, 6, 6); B(2) -> B(3) }""",
    "values of a list that are worked out in the order of the text": """
block Aspp(c, rates, pool = true) {
    branches = [input -> conv(c, 1) -> relu] + [input -> conv(c, 3, padding=r, dilation=r) -> relu for r in rates]
    if pool { branches = branches + [upsample(input -> global_avgpool -> conv(c, 1) -> relu, like=input)] }
    concat(branches) -> conv(c, 1) -> batchnorm
}
network Net { input(4, 16, 16); Aspp(4, [2, 4]) -> Aspp(3, [1], false) -> Aspp(2, [2, 3, 4]) }""",
    "a list of values that are made of all before them": """
block Cross(n, c, every = 2) {
    bank = [it]
    for i in range(n) {
        conv(c, 3, padding=1) -> relu
        if i % every == 0 { bank = bank + [it -> conv(c, 1)] }
        it + (concat(bank) -> conv(c, 1))
    }
    concat(bank + [it])
}
network Net { input(3, 8, 8); Cross(3, 4) -> Cross(2, 3, 1) -> Cross(4, 2, 3) }""",
    "a pyramid of as many levels as a parameter says": """
block Fpn(c, levels) {
    maps = [it]
    for i in range(1, levels) { maps = maps + [maps[-1] -> conv(c * 2 ** i, 3, 2, 1) -> relu] }
    laterals = [m -> conv(c, 1) for m in maps]
    out = laterals[-1]
    outs = [out]
    for i in reversed(range(levels - 1)) {
        out = laterals[i] + upsample(out, like=laterals[i])
        outs = [out -> conv(c, 3, padding=1)] + outs
    }
    sum([upsample(o, like=outs[0]) for o in outs])
}
network Net { input(3, 32, 32); Fpn(4, 3) -> Fpn(2, 2) -> conv(1, 1) }""",
    "a list in front of a list as long as a parameter says, of another size": """
block B(n) {
    xs = [it -> conv(2, 1) for i in range(n)]
    ys = [it -> conv(5, 1)] + xs
    concat([y -> conv(3, 1) for y in ys])
}
network Net { input(2, 6, 6); B(2) -> B(3) }""",
    "a value called x in a network of several inputs": """
network Net {
    a = input(2, 6, 6)
    b = input(2, 6, 6)
    a + b -> conv(1, 1)
    x = it -> conv(2, 1)
    for k in [1, 2] { it -> conv(1, k, padding="same") -> relu; concat(it, x) }
}""",
    "a loop whose value is called x, where what came in is kept": """
block B(sizes, flag = true) {
    { conv(1, 1) }
    xs = [it]
    for n in sizes { if flag { xs = xs + [it -> conv(1, 1)] } }
    for x in xs { concat(it, x) -> conv(1, 1) }
}
network Net { input(2, 6, 6); B([1, 1]) }""",
    "a number of a loop that is called x": """
block B(sizes, flag = true) {
    for [x, y] in enumerate(sizes, 1) { concat([it] + [input -> conv(x, 1) for n in sizes if flag] + [input]) }
    for x in sizes { if x > 1 { it + (it -> conv(it.channels, 1)) } }
}
network Net { input(2, 6, 6); B([1, 1]) -> B([1, 2, 1]) }""",
    "a choice that is called out, where what comes in is read": """
block B(width, count) {
    for i in range(width) {
        kept = [it, input -> conv(1, 1), it -> conv(1, 1)]
        out = (it -> conv(1, 1)) if count > 1 else (it -> conv(1, 1))
        concat(it, out)
    }
}
network Net { input(2, 6, 6); B(2, 3) -> B(1, 1) }""",
    "a size of what only some turns of a loop in a loop give": """
network Net(n = 2, k = 1) {
    input(2, 6, 6)
    for i in range(2) {
        for j in range(n) { conv(3 + j, 1); if j >= k { tap = it } }
        concat(it, tap)
    }
}""",
    "values that are called what variables of the module are": """
block B(ks) {
    values = it -> relu
    shortcut = it -> tanh
    it + (it -> { conv(it.channels, 1) -> relu })
    concat([it -> conv(k, 1) for k in ks if k > 1] + [values, shortcut, it])
    outputs = [it -> conv(out, 1) for out in ks]
    concat(outputs + [input])
}
network Net { input(2, 6, 6); B([1, 2]) -> B([2, 3, 2]) }""",
    "a parameter that is called what a part is": """
block B(width, conv3, sizes) {
    grown = [it]
    for n in sizes { if n > 1 { grown = grown + [it -> conv(1, 3, padding=1) -> if conv3 > 1 { conv(width, 1) }] } }
    concat(grown + [it]) -> conv(len(grown), 1)
}
network Net { input(2, 6, 6); B(1, 2, [1, 2]) -> B(2, 1, [2, 3]) -> B(2, 3, [1]) }""",
    "a choice in a chain that each turn of a list decides": """
block B(count) {
    c = [{ conv(1, 1) -> if n > 1 { relu -> tanh } else { tanh } -> relu } for [m, n] in [[1, 2], [count, 1]]]
    concat([it] + [it -> d for d in c])
}
network Net { input(2, 6, 6); B(2) -> B(1) }""",
    "a list that grows in an expression, beside a parameter called values": """
block B(values, sizes, flag = false) {
    if values == 2 or flag { concat([it] + [it -> conv(values, 1) for n in sizes if n > 1] + [input]) }
}
network Net { input(2, 6, 6); B(2, [1, 2], true) -> B(2, [2, 1]) -> B(1, [1, 1, 2]) }""",
    "a number of a loop that is called out_channels": """
block B(count, sizes) {
    for out_channels in sizes {
        for n in [1, count] {
            values = [it, it -> conv(1, 1), it -> conv(out_channels, 1) * count]
            concat(values)
        }
    }
}
network Net { input(2, 6, 6); B(1, [2]) -> B(2, [1, 3]) }""",
    "one of two values by their names, of which one is made on the way": """
block B(n, a = 1) {
    v = it -> conv(2, 1)
    w = (v -> conv(a + 1, 3, padding=1) * a -> tanh) if n > 1 else v
    concat(it, w)
}
network Net { input(2, 6, 6); B(2) -> B(1) -> B(3, 2) }""",
    "constants that get another value, and decide what is done": """
block B(n, a = true) {
    flag = n > 1
    if flag { it + it }
    flag = n > 2
    if flag { it * it }
    if a { flag = n > 3 } else { flag = not flag }
    if flag { it + it }
    if a { flag = n > 2 }
    if flag { it * it }
    m = n
    for k in range(m) { if k > 0 { it + input } }
    m = n + 1
    if a { m = m - 1 }
    for k in range(m) { if k > 0 { it * input } }
    tanh
}
network Net { input(2, 6, 6); B(1) -> B(2, false) -> B(3) -> B(3, false) }""",
    "a block with a small name that takes values": """
block mix(a, in_channels, input_channels) { concat(a, in_channels) -> conv(input_channels, 1) }
block two(in_channels, input_channels) { conv(in_channels, 1) -> conv(input_channels, 1) }
network Net {
    input(2, 6, 6)
    v = it -> conv(2, 3, padding=1)
    mix(it, v, 3)
    for i in range(2) { mix(it, v, 3) -> relu }
    mix(v, it, 2) -> two(2, 3)
}""",
    "a parameter that is called what goes through a list of parts": """
block B(n, ks, tanh1 = false) {
    for i in [1, n] {
        concat([it -> conv(1, 1)] + [input -> conv(1, 1) -> if tanh1 { relu } else { tanh } for k in ks])
    }
}
network Net { input(2, 6, 6); B(1, [2]) -> B(2, [1, 2], true) }""",
    "a parameter that a loop changes between two conditions": """
block B(n) {
    if n > 1 { it + input }
    for i in range(2) { n = n + 1; it + (it -> conv(it.channels, 1)) }
    if n > 1 { it * input }
}
network Net { input(2, 6, 6); B(1) -> B(2) -> B(-1) }""",
    "a number that is called what makes a stage": """
block B(sizes) {
    conv = [{ conv(1, 1) * stage } for [stage, n] in zip(sizes, sizes)]
    concat([it] + [it -> layer for layer in conv])
}
network Net { input(2, 6, 6); B([1, 2]) -> B([3]) }""",
    "a block with as many outputs as a parameter says": """
block Encoder(widths) {
    skips = []
    for width in widths {
        conv(width, 3, padding=1) -> relu
        skips = skips + [it]
        maxpool(2)
    }
    output [it] + skips
}
network Net(widths = [4, 8]) {
    input(3, 16, 16)
    values = it -> Encoder(widths)
    x = values[0] -> conv(16, 3, padding=1)
    for i in reversed(range(len(widths))) {
        x = x -> conv_transpose(widths[i], 2, 2)
        x = concat(x, values[i + 1]) -> conv(widths[i], 3, padding=1) -> relu
    }
    x -> conv(3, 1)
}""",
    "values that are called what the module calls": """
block B(ks) {
    zip = it -> conv(2, 1)
    list = [it -> conv(k, 1) for k in ks]
    for k in ks { it + (it -> conv(it.channels, 1) -> relu) }
    concat(list + [it, zip])
}
network Net { input(2, 6, 6); B([1, 2]) -> B([2]) }""",
    "several values through blocks as often as a parameter says, gone through behind that": """
block Mix(channels) {
    a, b = input
    output [a -> conv(channels, 1), a + b]
}
network Net(repeats = 3) {
    input(3, 6, 6)
    levels = [it, it -> relu]
    for i in range(repeats) { levels = levels -> Mix(3) }
    output [v -> relu for v in levels]
}""",
    "several values through a block once more behind a loop": """
block Mix(channels) {
    a, b = input
    output [a -> conv(channels, 1), b -> conv(channels, 1)]
}
network Net(repeats = 3) {
    input(3, 6, 6)
    levels = [it, it -> relu]
    for i in range(repeats) { levels = levels -> Mix(3) }
    levels -> Mix(5) as a, b
    output a, b
}""",
    "blocks of a list that keep what they give": """
block Part(sizes) {
    grown = []
    for n in sizes { if n > 1 { grown = grown + [it -> conv(1, 1)] } }
    concat(grown + [it, it])
}
block B(sizes) { concat([v -> Part(sizes) for v in [it, it -> conv(5, 1)]]) -> conv(1, 1) }
network Net { input(2, 6, 6); B([1, 1, 2]) -> B([2, 2]) }""",
    "a parameter that is called x and changes": """
block B(n, x = true) {
    repeat n {
        v = input if x else (it -> conv(1, 1))
        concat(it, v)
        x = not x
    }
    conv(2, 1)
}
network Net { input(2, 6, 6); B(2, false) -> B(3) }""",
    "values that change places": """
block B(n) {
    a, b = split(it, 2)
    for i in range(n) {
        a, b = [b + (a -> conv(a.channels, 1)), a]
        if i == 1 { b, a = [a, b * 3] }
    }
    concat(a, b) -> conv(4, 1)
}
network Net { input(4, 6, 6); B(1) -> B(3) }""",
    "numbers that change places in a loop": """
block B(n) {
    p = 2
    q = n
    for i in range(n) { p, q = [q, p + q]; conv(p, 1) -> relu }
    conv(q, 1)
}
network Net { input(2, 6, 6); B(1) -> B(3) }""",
    "a value and a list that are given names at once": """
block B(n) {
    a, xs = [input * 2, [it, tanh(it)]]
    a, xs = [xs[1], [a, xs[0]]]
    kept = []
    for i in range(n) { a, xs, kept = [xs[0], [a, a * xs[1]], [xs[1]] + kept] }
    concat([a] + xs + kept)
}
network Net { input(2, 6, 6); B(1) }""",
    "lists of values that the turns of a loop replace": """
block B(n) {
    xs = [it * 3, it * 2]
    ys = [it, concat(it, it)]
    for i in range(n) {
        xs = [xs[1] * input.channels, ys[0]]
        if i > 0 { ys = [xs[1], ys[1] + 2] } else { ys = [tanh(ys[0]), concat(xs)] }
    }
    concat(xs + ys)
}
block C(n) {
    xs = [it, it * 2]
    for i in range(n) { xs = [xs[1] -> conv(3 + i, 1), xs[1] -> sigmoid] }
    concat(xs)
}
network Net { input(2, 6, 6); B(1) -> B(3) -> C(2) }""",
    "a layer that one turn of a loop makes": """
block B(n, at) {
    for i in range(n) {
        conv(3, 1)
        if i == at { gate: conv(1, 1) -> sigmoid; it * input.channels } else if i == at + 1 { last = tanh; last }
    }
}
network Net { input(3, 6, 6); B(3, 0) -> B(2, 1) -> B(2, 2) }""",
    "lists of lists of values that grow": """
block B(n) {
    rows = [[v] for v in [it, it -> conv(3, 1)]]
    for j in range(n) {
        more = []
        for row in rows { more = more + [row + [concat(row) -> conv(2, 1)]] }
        rows = more
    }
    concat(rows[0] + rows[1])
}
network Net { input(3, 6, 6); B(2) }""",
    "a list of as many values as a parameter says before a block": """
block Exchange(c) { output [x -> conv(c, 1) for x in input] }
network Net(widths = [4, 6, 8], c = 5) {
    input(3, 8, 8)
    maps = []
    for width in widths { conv(width, 3, padding=1) -> relu; maps = maps + [it] }
    maps = maps -> Exchange(c)
    concat([f -> conv(3, 1) for f in maps])
}""",
    "layers in braces and blocks in chains that are given to a block": """
sequence Narrow(c, k) { conv(c, 1) -> relu -> conv(4, k, padding=k // 2) }
block Residual(body, post = relu) { it + (it -> body) -> post }
block Rows(bodies) { for each in bodies { it + (it -> each) } }
network Net(c = 3, ks = [1, 3]) {
    input(4, 6, 6)
    for k in ks { Residual({ Narrow(c + k, k) -> batchnorm }, { tanh }) }
    for i in range(2) { Residual({ conv(c + i, 1); repeat i { sigmoid }; conv(4, 1) }) }
    Residual(body={ conv(4, 3, padding=1) }) -> Residual({ Narrow(c, 3); dropout(0.1) }, post=identity)
    Residual(Narrow(c, 3) -> batchnorm) -> Rows([{ conv(c, 1) -> relu -> conv(4, 1) }, conv(4, 1)])
}""",
    "a network up to parts, with a parameter of the one around it": """
network Backbone(w = 4) {
    input(3, 16, 16)
    layer1: { conv(w, 3, padding=1) -> relu }
    layer2: { conv(2 * w, 3, 2, padding=1) -> relu }
    global_avgpool -> fc: linear(10)
}
network Net(w = 5) {
    input(3, 16, 16)
    a, b = it -> backbone: Backbone(w)[layer1, layer2]
    input -> cut: Backbone(w=w + 1)[:layer1]
    concat(it, a, upsample(b, like=a))
}""",
    "numbers, values and lists that are given names at once": """
block B(n) {
    z, k = [it, 4]
    for i in range(n) { k, z = [k + 1, z -> conv(k, 1)]; it + mean(z, axis=1, keepdim=true) }
    z -> conv(k, 1)
}
block C(n) {
    even = []
    odd = []
    for i in range(n) {
        conv(3, 1) -> relu as y
        if i % 2 == 0 { even = even + [y] } else { odd = odd + [y] }
        even, odd = [odd, even]
    }
    concat(even + odd + [it])
}
network Net { input(3, 8, 8); B(3) -> B(1) -> C(3) }""",
    "copies of a block of several values, and a choice of one": """
block Exchange { output [sum([x -> conv(y.channels, 1) for x in input]) -> relu for y in input] }
network Net(mixed = true) {
    input(3, 6, 6)
    [it -> conv(4, 3, padding=1), it -> conv(6, 3, padding=1)]
    Exchange * 2
    (Exchange if mixed else identity) -> Exchange * 3
    concat(it)
}""",
    "a layer or none as an argument, by the turn of a loop": """
sequence Chain(channels, act = relu) { c: conv(channels, 3, padding=1); act }
block Block(channels, norm = batchnorm, act = relu) { conv(channels, 3, padding=1) -> norm -> act }
network Net(n = 3) {
    input(3, 8, 8)
    for i in range(n) { Chain(4, act=relu if i < n - 1 else identity) }
    for i in range(n) { Block(4, batchnorm if i == 0 else groupnorm(2), act=if i < n - 1 { relu }) }
}""",
    "sizes of several axes that are worked out from a parameter": """
sequence ConvNorm(channels, kernel, stride = 1) {
    conv(channels, kernel, stride, padding=[k // 2 for k in kernel], bias=false) -> batchnorm -> relu
}
block Separate(kernel, padding) {
    conv(4, [1] + kernel, padding=[0] + padding) -> relu
    conv(4, kernel[1:] + [1, 1], padding=[k // 2 for k in kernel[1:]] + [0, 0]) -> relu -> avgpool(kernel + [1], 1)
}
network Net(width = 4, kernel = [1, 3, 3], stride = [1, 2, 2]) {
    input(3, 4, 9, 9)
    ConvNorm(width, kernel, stride) -> ConvNorm(width, [2 * k - 1 for k in kernel])
    Separate(kernel[1:], [k // 2 for k in kernel[1:]])
}""",
    "a list of values of several numbers of axes": """
block Taps(widths = [4, 8]) {
    maps = []
    for width in widths { conv(width, 3, padding=1) -> relu; maps = maps + [it] }
    output [flatten(it)] + maps
}
network Net { input(3, 8, 8); outs = it -> Taps; outs[0] -> linear(3) }""",
    "a list of layers that one case goes through": """
block B(aux, widths) {
    heads = [conv(k, 3, padding=1) for k in widths]
    others = [conv(8, k, padding=k // 2) for k in widths]
    conv(8, 3, padding=1)
    if aux { for head in heads { head; relu } } else { for other in others { other; tanh } }
}
network Net {
    input(3, 8, 8)
    heads = [conv(k, 3, padding=1) for k in [2, 3]]
    B(true, [3, 1]) -> B(false, [3]) -> relu
    when training { for head in heads { head }; aux = it }
    global_avgpool
    output it, aux when training
}""",
    "lines for training alone that go on from the current value": """
network Net(count = 2) {
    input(2, 8, 8)
    conv(count + 1, 1) * 2
    when training {
        if count > 1 { concat(it, input) } else { concat([v -> conv(count + 2, 1) for v in [it, it -> tanh]]) }
        conv(2, 1); relu
        for k in [3, 4] { conv(k, 3) }
        aux = it
    }
    conv(2, 3, padding=1) -> relu
    output it, aux when training
}""",
    "defaults that follow from other parameters": """
block Unit(a = 1, b = 2 * a, act = conv(a, 1)) { conv(a, 1) -> act -> relu -> conv(b, 1) -> relu }
sequence Chain(a = 3, widths = [a, a + 1]) { for width in widths { conv(width, 1) -> relu } }
block Given(unit, a) { unit(a) -> unit(a + 1, 3) }
network Net(count = 2, more = count + 1) {
    input(3, 8, 8)
    Unit(2) -> Unit(3, 4) -> Chain -> Chain(5) -> Given(Unit, 2)
    conv(count, 1) -> relu -> conv(more, 1)
}
network Wide = Net(count=5)
network Deep(n = 4) = Net(count=n)""",
    "numbers that are called out beside lines for training": """
network Net(sizes = [1, 2]) {
    input(2, 8, 8)
    for n in sizes { conv(n, 1); input }
    when training {
        for k in sizes { concat([it] + [input -> conv(k, 1) for [out, n] in zip(sizes, sizes) if out > 1]) }
        aux = it
    }
    conv(3, 1)
    output it, aux when training
}""",
    "lines for training in a loop, of which the last turn counts": """
network Net(n = 3, deep = true) {
    input(3, 8, 8)
    for i in range(n) {
        conv(4 + i, 3, padding=1) -> relu
        if deep { when training { conv(2, 1); tanh; aux = it } } else { when training { aux = it } }
    }
    global_avgpool
    output it, aux when training
}""",
    "a value that one turn of a loop keeps": """
network Net(widths = [4, 6, 8]) {
    input(3, 8, 8)
    for [i, width] in enumerate(widths) {
        conv(width, 3, padding=1) -> relu
        if i == 1 { kept = it }
    }
    (kept -> conv(2, 1)) + (it -> conv(2, 1))
}
block Taps(widths) {
    for [i, width] in enumerate(widths) {
        conv(width, 3, padding=1) -> relu
        if i == 0 { kept = it }
    }
    output it, kept
}
network Inner { input(3, 8, 8); last, kept = it -> Taps([4, 5]); concat(last, kept -> conv(3, 1)) }""",
    "a value of a loop in a loop, in which the last turn has none": """
network Bound(counts = [1, 2, 0]) {
    input(3, 8, 8)
    seen = it
    for [i, count] in enumerate(counts) {
        conv(4 + i, 3, padding=1) -> relu
        for j in range(count) { conv(4 + i + j, 1) -> relu as seen }
    }
    (seen -> conv(2, 1)) + (it -> conv(2, 1))
}
network New(counts = [1, 2, 0]) {
    input(3, 8, 8)
    for [i, count] in enumerate(counts) {
        conv(4 + i, 3, padding=1) -> relu
        for j in range(count) { conv(4 + i + j, 1) -> relu as seen }
    }
    (seen -> conv(2, 1)) + (it -> conv(2, 1))
}""",
    "items of a loop that read a name which its turns change": """
network Net(width = 2, count = 2, sizes = [1, 2]) {
    input(2, 6, 6)
    for n in [1, width] {
        it -> { conv(n, 1); conv(width, 1) -> relu } -> relu
        repeat count {
            for k in sizes { concat([it] + [it -> conv(n, 1) for s in sizes if s > 1] + [input]) -> conv(count, 1) }
            width = width + 1
        }
    }
}""",
    "a value that is read in no case in which it is worked out": """
network Net(flag = true, n = 2) {
    input(2, 6, 6)
    v = (input -> conv(1, 1) -> if n > 1 { relu } else { tanh }) if flag else input
    concat(it, v)
    if not flag { conv(1, 1) } else { input -> conv(3, 1) -> relu }
    output it, input
}""",
    "a chain that is declared before others read the variable of its size": """
block Split(c, a, n) {
    if a { conv(c, 1) } else { relu }
    w = { if n == 1 { sigmoid } else { conv(2 * c, 1) } }
    if n == 2 { it -> w; relu } else { z = it -> conv(it.channels + 1, 1); it -> w; concat(it, z) }
}
block Row(c, a, n) {
    if a { conv(c, 1) } else { relu }
    w = { relu; for i in range(n) { conv(2 * c + i, 1) } }
    conv(it.channels + 1, 1) -> relu -> conv(3, 1)
    it -> w
    conv(it.channels, 1)
}
network Net {
    input(3, 8, 8)
    Split(4, true, 1) -> Split(5, false, 2) -> Split(6, false, 3) -> Split(6, true, 2) -> Split(6, true, 3)
    Row(4, true, 1) -> Row(5, false, 2) -> Row(6, true, 3)
}""",
    "a choice in a choice, applied in two cases": """
block B(c, a, b, n) {
    if a { conv(c, 1) } else { relu }
    w = if b { if n == 1 { sigmoid } else { conv(c, 1) } }
    if n == 1 { if b { it -> w }; relu } else { if b { it -> w } }
    if not a { if b { conv(2, 1) -> relu } }
    conv(it.channels, 1)
}
network Net {
    input(3, 8, 8)
    B(4, true, false, 2) -> B(5, false, true, 1) -> B(6, false, false, 2) -> B(6, true, true, 2)
}""",
    "a block that is given its value where it is applied": """
block Res(channels, more) { conv(channels, 3, padding=1); it + (more -> conv(channels, 1)) }
network Net {
    input(3, 8, 8)
    t = it -> conv(5, 1) -> relu
    wide = Res(6)
    it -> wide(t) -> relu -> wide(more=t) -> last: Res(4, t)
    wide(t)
    for i in range(2) { it -> Res(3 + i, t) -> wide(it) }
}""",
    "lists that begin as one list of as many values as a parameter says, and grow by themselves": """
block B(n) {
    convs = [conv(4, 3, padding=1) for i in range(n)]
    values = [it -> c for c in convs]
    more = values
    for v in values { more = more + [v -> relu] }
    rest = values
    for v in values { values = values + [v * 2] }
    concat(more) + concat(values) -> conv(2, 1)
    concat(it, concat(rest)) -> conv(2, 1)
}
network Net(n = 2) { input(2, 6, 6); B(n) -> B(3) }""",
    "a parameter that is a list or one number is compared with both": """
block B(channels, stride = 1) {
    d = if stride != 1 or input.channels != channels { conv(channels, 1, stride) }
    (it -> conv(channels, 3, stride, 1)) + (input -> d) -> relu
    it + (it -> if stride == [1, 1] { conv(channels, 3, padding=1) } else { relu })
}
network Net { input(3, 16, 16); B(8) -> B(8, [1, 2]) -> B(8, 2) -> B(8, [1, 1]) }""",
    "a block with a name works with a part of the height of each map": """
block Half(c) {
    conv(c, 1)
    it[:, :, : it.height // 2] -> reshape([c, -1, it.width])
    narrow(it -> conv(4, 3) -> relu -> conv(4, 1) -> tanh -> conv(c, 3), 2, -(it.height // 2), it.height // 2 - 2)
}
network Net {
    a = input(3, 16, 12)
    b = input(3, 24, 12)
    top = Half(4)
    x = a -> top
    y = b -> top
    output x, y
}""",
    "a block is given a list of values, of which a parameter says how many there are": """
block Fuse(others, channels) {
    total = [input] + others
    sum([x -> conv(channels, 1) for x in total]) -> relu
}
network Net(n = 2, c = 4) { input(3, 8, 8); Fuse([it -> conv(c, 1) for i in range(n)], 4) }""",
    "several names for the layers of a list": """
block B(sizes, act) {
    a, b = sizes
    first, second = [conv(b, 1), { conv(a, 3, padding=1) -> act }]
    it -> first -> second
    acts = [act, tanh]
    one, other = acts
    conv(a + b, 1) -> one -> other
}
network Net { input(3, 8, 8); B([2, 3], relu) -> B([1, 1], silu) }""",
    "a name gets another value in braces, where what it had before flows on": """
network Net(flag = true) {
    input(2, 6, 6)
    v = it
    it -> if flag { v -> { v = v -> conv(2, 1) -> if flag { conv(3, 1) } } -> relu }
}""",
    "a name for one layer in the one case and for another in the other": """
block B(flag) {
    if flag { c: conv(8, 1) }
    relu
    if not flag { c: conv(8, 3, padding=1) }
}
network Net { input(8, 6, 6); B(true) -> B(false) }""",
    "the number of a turn beside layers that are made of numbers with the same name": """
network Net(n = 3) {
    input(4, 8, 8)
    for i in range(n) { it -> conv(4 + i, 1) }
    heads = [conv(4 + i, 1) for i in range(n)]
    for [i, head] in zip(range(1, n + 1), heads) { head; it * i }
}""",
    "a loop through layers that it does not apply": """
network Net(n = 3) {
    input(4, 8, 8)
    heads = [conv(4, 1) for i in range(n)]
    for [i, head] in enumerate(heads) { relu; it + i }
}""",
    "values that one step gives to the next, of which the last are named": """
block Pair { output [it -> conv(3, 1), it -> dropout(0.5) -> conv(3, 1)] }
block Mix(channels) { output [sum([x -> conv(channels, 1) for x in input]), input[0]] }
network Net {
    input(3, 6, 6)
    Pair -> Mix(3) -> Mix(4) as a, b
    b -> conv(4, 1)
    it + a
}""",
    "several values before a loop without turns, whose turns would leave one": """
block Pair { output [it -> conv(3, 1), it -> conv(3, 1)] }
network Net(n = 0) {
    input(3, 6, 6)
    Pair as a, b
    repeat n { a + b }
}""",
    "a layer that is declared for a size that turns change, and is not applied in the first": """
network Net(n = 2, first = 0) {
    input(4, 8, 8)
    m = batchnorm
    for i in range(n) {
        if i > first { m }
        concat(it, it)
    }
    conv(2, 1)
}""",
    "a layer under one condition and behind it under another, with other sizes": """
network Net(early = false) {
    input(4, 8, 8)
    m = conv(4, 1)
    if early { m }
    concat(it, it)
    if not early { m }
}""",
    "a size of a block behind a condition that makes such a block again": """
block Grow(channels, depth = 1, by = [1, 2]) {
    for i in by { conv(channels, 1); if depth == 2 { conv(3 * channels, 1) } }
}
network Net(deep = false, depth = 1) {
    input(3, 9, 9)
    grown: { Grow(2, depth); relu }
    if deep { side = it -> inner: { Grow(3, depth) -> relu } }
    head: conv(5, 1)
}""",
    "a list of values that each turn of a loop makes anew, and the next reads": """
network Net(n = 2, m = 2, c = 2) {
    input(2, 6, 6)
    maps = [it]
    for i in range(n) {
        concat(maps)
        maps = []
        for j in range(m) { conv(c, 1); maps = maps + [it] }
    }
}""",
    "rows of which one is given by a parameter": """
network Net(sizes = [2, 1]) {
    input(3, 8, 8)
    concat([v -> conv(n, k) -> relu for [v, [n, k]] in [[it, [4, 1]], [input, sizes]]])
}""",
    "sizes that are too long to write": """
block Steps(depth, border = 1) { repeat depth { conv(4, 3, padding=border); it + input } }
network Net(border = 1) {
    input(4, 8, 8)
    Steps(1, border) -> Steps(2, border) -> Steps(3, border)
    linear(2)
}""",
    "a sum of as many values as a list says, of which some have one channel": """
block B(widths) {
    sum([it -> conv(1, 1)] + [it -> conv(4, 1) for w in widths if w > 1])
    for w in widths { conv(w, 1) }
}
network Net(widths = [2, 3]) { input(2, 6, 6); B(widths) -> B([1, 2]) }""",
    "a size of a second value, which one turn of a loop decides": """
block Taps(widths) {
    for [i, width] in enumerate(widths) {
        before = it
        conv(width, 3, padding=1) -> relu
        concat(it, before)
        if i == 0 { kept = it }
    }
    output it, kept
}
network Net(widths = [4, 5]) { input(3, 8, 8); last, kept = it -> Taps(widths); concat(last, kept -> conv(3, 1)) }""",
    "given numbers that are there in some cases only": """
block Scaled(mean, on = true) {
    shift = constant(mean, [3, 1, 1])
    if on { constant([2.0]) * (it - shift) }
}
network Net(mean = [0.5, 0.25, 0.125], on = true) { input(3, 4, 4); Scaled(mean, on) -> Scaled(mean, false) }""",
    "a layer in a loop without turns and behind it": """
network Net(n = 0) {
    input(4, 8, 8)
    m = conv(6, 1)
    repeat n { conv(8, 1) -> m }
    m
}""",
    "rows of values and numbers, of which turns of a loop in a loop change what they follow from": """
network Net(width = 3, n = 1) {
    input(4, 8, 8)
    a = it -> conv(3, 1)
    b = it -> conv(2, 1)
    for [x, own] in [[a, width], [b, width + 1]] {
        repeat n { width = width + 5 }
        x -> conv(own, 1) -> conv(width, 1)
    }
}""",
    "the size of what came in, which is written with a number that turns change": """
network Net(c = 3, n = 2) {
    input(c, 8, 8)
    repeat n { c = c * 2; conv(input.channels, 1) -> relu }
}""",
    "a value that is called as those of a list are": """
block B(maps, maps0) { sum(maps) - maps0 }
block C(x0, xs) { output x0 + input[0], x0 * input[1] - xs }
network Net { input(3, 8, 8); conv(3, 1); x = it; B([x, input], x * 2); [x, it] -> C(2 * x, input) as a, b; a + b }""",
    "layers of a sequence that is given nothing": """
sequence S { conv(4, 3, padding=1) -> relu; conv(5, 1) -> tanh }
network Net(f = true) { input(3, 8, 8); s = S; s[:2] as a; s[2:] as b; t = S if f else relu; t[0]; output a, b, it }""",
    "a turn that leaves a value of a list, which is read again": """
block Tap(n) {
    y = [it -> conv(2, 1)]
    repeat n { y[0] }
}
network Net(n = 1) { input(4, 8, 8); Tap(n) -> Tap(2) }""",
    "a stride of one number or two, and a size behind it": """
block B(stride = 1) { conv(8, 3, stride, 1) -> linear(4) }
network Net(stride = [2, 1]) { input(3, 16, 16); (it -> B) + (it -> B([1, 2])) + (it -> B(stride)) }""",
    "a stride of one number or two, which is handed on": """
block Inner(stride) { conv(8, 3, stride, 1) -> linear(4) }
block B(stride = 1) { Inner(stride) }
network Net(stride = [2, 1]) { input(3, 16, 16); (it -> B) + (it -> B([1, 2])) + (it -> B(stride)) }""",
    "a border of one number or one for each side": """
block B(border = 1) { pad(border) -> conv(2, 3) -> crop(border) -> linear(4) }
network Net(border = [1, 0, 2, 1]) { input(3, 16, 16); (it -> B) + (it -> B([1, 2, 0, 1])) + (it -> B(border)) }""",
    "a scale of one number that is none that counts, or of two": """
block B(scale) { upsample(scale=scale) -> linear(3, axis=-1) -> linear(3) }
network Net(scale = 1.5) { input(3, 8, 8); (it -> B(scale)) + (it -> B([2, 1.5])) + (it -> B(2)) }""",
    "a list with a list in it, which no layer takes, on a way that is not taken": """
network Net(flag = true) {
    input(3, 8, 8)
    avgpool(1 if flag else [1, [2, 2]], 1) -> conv(3, [2, 1] if flag else 1)
}""",
    "pieces of which a parameter says how many there are, each with a name": """
network Net(n = 2, counts = [3, 2]) {
    input(4, 8, 8)
    split(it, n) as a, b
    concat(b, a * 2) -> conv(2, 1)
    split(it, counts[1]) as c, d
    c - d
}""",
    "a range up to a number of a list with numbers that do not count": """
block Weighted(scale, told = [3, 8, 0.1]) {
    conv(told[1], 3) -> relu
    it * constant([scale ** i for i in range(told[1])], [8, 1, 1]) + constant([told[2]])
}
network Net(scale = 0.5, told = [9, 8, 0.1]) { input(3, 8, 8); Weighted(scale, told = told) }""",
    "axes in an order that parameters give": """
block B(a, order) { permute([0, 2, a, 3]) -> permute([0] + order) -> conv(2, 1) }
network Net(a = 1, order = [3, 2, 1]) { input(3, 5, 7); B(a, order) }""",
    "the middle of a map, of one side or two": """
block B(size = 6) { crop(size=size) -> linear(4) }
network Net(size = [5, 4]) { input(3, 16, 16); (it -> B) + (it -> B([6, 2])) + (it -> B(size)) }""",
    "a value of the last turn, whose sizes are those before the turn goes on": """
network Net(n = 2) {
    input(3, 12, 12)
    for i in range(n) {
        skip = it -> conv(2, 1)
        conv(4 * (i + 1), 3)
    }
    concat(it, crop(skip, like=it)) -> linear(2)
    skip -> linear(3) as wide
    output it, wide
}""",
    "sizes that depend on each other, changed in one way of a condition": """
block B(acts = [relu, tanh]) {
    for [i, act] in enumerate(acts) {
        if it.shape[-1] % 2 == 0 { conv(4 * (i + 1), it.shape[0], padding=1) -> act }
        if it.shape[-1] % 2 == 0 { conv(4 * (i + 1), it.shape[0], padding=1) -> act } else { conv(2, 2) }
    }
}
network Net { input(3, 9, 8); B() }""",
    "layers of a sequence that are given to it, one after the other": """
sequence S(a, b, c) { a -> b -> c -> conv(4, 1) }
network Net(k = 3) {
    input(3, 8, 8)
    S(conv(4, 1), relu, conv(5, 1)) -> S(conv(7, 1), conv(2, 1), relu) -> S(relu, batchnorm, conv(k, 1))
}""",
}


NONE_OF_IT = [
    "maxpool(size)",
    "conv(8 // size, 1, groups=size)",
    "upsample(scale=size) -> conv(it.shape[1] // size, size)",
    "reshape([size, 4 // size, 8, 8]) -> permute([0, 2, 1, 3, 4]) -> reshape([4, it.shape[-2], -1])",
    "pixel_unshuffle(size) -> conv(4 * size % 7 + 1, 1)",
]


@pytest.mark.parametrize("lines", NONE_OF_IT)
def test_lines_that_a_number_leaves_out_where_it_is_0_are_those_of_any_number(lines: str) -> None:
    text = f"""
block B(size = 0) {{ conv(4, 3, padding=1); if size > 0 {{ {lines} }}; linear(3, axis=-1) }}
network Net(size = 0) {{ input(3, 8, 8); B(size) }}"""
    check(text)
    assert "It is written for" not in cnndsl.compile(text).python()


GIVEN_AGAIN = [
    "b -> { repeat n { conv(2, 3, padding=1) } }",
    "b -> conv(2, 3, padding=1) * n",
    "b * 2 if flag else b",
    "b -> { if flag { relu -> conv(2, 1) } }",
    "b -> conv(2, 1) -> relu -> conv(2, 1) -> relu -> conv(2, 1) -> relu -> conv(2, 1) -> relu -> conv(2, 1) -> relu",
    "sum([b -> conv(2, 1) for i in range(n)])",
    "[b -> conv(2, 1) for i in range(n)][0]",
]


@pytest.mark.parametrize("value", GIVEN_AGAIN)
def test_what_flows_stays_when_its_name_is_given_something_else(value: str) -> None:
    lines = f"a = input(2, 6, 6); b = input(2, 6, 6); a = {value}; it + a"
    check(f"network Net(n = 2, flag = true) {{ {lines} }}")
    check(f"network Net(n = 2, flag = true) {{ {lines.replace(value, f'[{value}]').replace('+ a', '+ a[0]')} }}")


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=list(PROGRAMS))
def test_a_program_that_once_disagreed(text: str) -> None:
    check(text)


@pytest.mark.parametrize("block", ["B { crop(size=4) }", "B(c = 3) { conv(c, 1); crop(size=4) }"])
def test_a_part_that_keeps_the_size_of_a_map_is_refused_where_it_is_applied_to_another(block: str) -> None:
    inputs = "a = input(3, 8, 12); b = input(3, 12, 12)"
    text = f"block {block}\nnetwork Net {{ {inputs}; p = B; x = a -> p; SIZE -> p; output x, it }}"
    with pytest.raises(CompilationError, match=r"E601.*p works with a size of what comes in, and is applied to values"):
        cnndsl.compile(text.replace("SIZE", "b")).python()
    check(text.replace("SIZE", "b[:, :, :8]"))


def test_a_block_that_gives_a_list_of_features_or_a_map_is_refused() -> None:
    text = """
block Halved(times, by = 2) { if times > 0 { maxpool(by) -> Halved(times - 1, by=by) } else { flatten } }
block Head(times, classes) { Halved(times) -> linear(classes) }
network Net(times = 2, classes = 10) { input(3, 8, 8); Head(times, classes) }"""
    with pytest.raises(CompilationError, match=r"E601.*Halved.*values with different numbers of axes"):
        cnndsl.compile(text).python()


def test_a_layer_with_an_open_argument_is_no_constant() -> None:
    text = """
block Unit(layer, times = 1) { repeat times { layer -> linear(3) } }
network Net(by = 2) { input(3, 8, 8); (it -> Unit(conv(3, 3, stride=2))) + (it -> Unit(conv(3, 3, stride=by))) }"""
    assert "It is written for by=2." in cnndsl.compile(text).python()
    check(text)


def test_a_layer_with_a_variable_among_the_sizes_of_its_axes_is_no_constant() -> None:
    text = """
block B(unit) { unit -> relu -> linear(3) }
network Net { input(3, 8, 8); k = 3; maxpool(2) -> B(conv(3, [3, k], stride=2)); k = k + 1 }"""
    with suppress(CompilationError):  # it may be refused, but not wrong
        check(text)


@pytest.mark.parametrize("lines", ["it[0] + it[1]", "c, d = it; c + d"])
def test_what_flows_is_not_read_where_a_condition_leaves_one_of_two_things(lines: str) -> None:
    pair = "[it -> conv(3, 1), it -> conv(3, 3, padding=1)]"
    text = f"network Net(flag = true) {{ input(3, 8, 8); if flag {{ {pair} }} else {{ relu }}; {lines} }}"
    assert "It is written for flag=True." in cnndsl.compile(text).python()
    check(text)


def test_a_parameter_that_is_written_for_its_value_and_changes_in_a_loop() -> None:
    text = """
network Net(width = 2, count = 2, acts = [relu, tanh]) {
    input(2, 6, 6)
    repeat width {
        repeat count {
            width = width + 1
            it -> if width > 1 { concat([it] + [it -> a for a in acts]) } else {
                more = [it, input -> conv(width, 1), it -> conv(count, 1)]
                concat(reversed(more))
            }
        }
        { conv(width, 3, padding=1) -> relu }
    }
    conv(1 + width, 1)
    a, b = split(it, [1, width])
    a * b
}"""
    with suppress(CompilationError):  # it may be refused, but not wrong
        check(text)
