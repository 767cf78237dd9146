"""What is said of one part, of what leaves no module, and of other numbers."""

from __future__ import annotations

import re

import pytest

from cnndsl.backends.explain import Format, UnknownPart
from cnndsl.layers.registry import KINDS, OPERATIONS
from tests.explain.support import compiled, explained, net


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"extern"}))
@pytest.mark.parametrize("form", ["text", "markdown", "latex"])
def test_every_kind_says_what_it_does(kind: str, form: Format) -> None:
    """The example of the reference is explained, and the explanation says what a layer of this kind is for."""
    compilation = compiled(f"network Net {{ {KINDS[kind].example} }}")
    assert compilation.program is not None
    whole = compilation.explain(format=form)
    names = [child.name for child in compilation.program.network().children]
    part = next((name for name in names if name.startswith(kind)), kind)
    told = compilation.explain(part, format=form)
    first = " ".join((KINDS[kind].__doc__ or "").split()[:3]).replace("`", "")
    assert first in " ".join(told.replace("`", "").replace("\\", "").split())
    assert first not in whole


@pytest.mark.parametrize("kind", sorted(OPERATIONS))
def test_every_operation_has_words(kind: str) -> None:
    assert (OPERATIONS[kind].__doc__ or "").strip()


def test_what_leaves_no_module_goes_by_its_kind() -> None:
    text = net("a = conv(3, 3, padding=1)\n    (it -> a) + it -> linear(5)")
    assert explained(text, "flatten").startswith("flatten   put there by the compiler, net.cnn:")
    added = explained(text, "add")
    assert added.startswith("add   net.cnn:")
    assert "keeps  3 x 32 x 32   from a, line" in added
    assert "and    3 x 32 x 32   from the input" in added
    with pytest.raises(UnknownPart, match=r"^Net has no concat, but a, linear1$"):
        explained(text, "concat")


def test_a_call_of_several_lines_is_told_in_several() -> None:
    call = (
        'conv(\n  8,\n  kernel=[5, 5],\n  stride=2,\n  padding=2,\n  padding_mode="reflect",\n  weight_init=zeros,\n)'
    )
    lines = explained(net(f"stem = {call}\n    stem"), "stem").splitlines()
    assert lines[0] == 'stem = conv(8, kernel=[5, 5], stride=2, padding=2, padding_mode="reflect",'
    assert lines[1].startswith("    weight_init=zeros)   net.cnn:")


def test_a_part_that_is_not_there_is_met_with_the_nearest() -> None:
    with pytest.raises(KeyError, match=r"^Net has no conv3; did you mean conv1\?$"):
        explained(net("conv1: conv(8, 3)"), "conv3")


def test_a_constant_is_told_with_what_it_was_worked_out_from() -> None:
    body = net("for width in widths { conv(width, 1) -> act }; if deep { unit -> linear(n) }")
    text = "widths = [2 ** i for i in range(3)]\nact = relu\ndeep = true\n" + body
    text = text.replace("network Net", "network Net(n = 4, unit = relu)")
    assert explained(text, "widths") == "widths = [1, 2, 4]   net.cnn:1:1\n  = [2 ** i for i in range(3)]\n"
    assert explained(text, "deep") == "deep = true   net.cnn:3:1\n"
    assert explained(text, "n") == "n = 4   a parameter of Net\n  it is the default\n"
    assert explained(text, "unit").startswith("unit = relu   a parameter of Net")
    with pytest.raises(UnknownPart, match=r"^Net has no act;"):
        explained(text, "act")


def test_a_path_comes_before_a_kind() -> None:
    text = net("flatten = relu\n    flatten -> linear(5)")
    assert explained(text, "flatten").startswith("flatten = relu")


def test_a_list_stands_for_the_parts_that_a_loop_makes() -> None:
    told = explained(net("repeat 3 { conv(8, 3) -> relu }"), "conv1")
    assert re.findall(r"^(\S+) = ", told, re.MULTILINE) == ["conv1.0", "conv1.1", "conv1.2"]
    assert explained(net("repeat 3 { conv(8, 3) -> relu }"), "conv1.2").startswith("conv1.2 = conv(8, 3)")


def test_other_numbers_come_with_what_they_cost() -> None:
    told = explained(net("conv(8, 5)"), "conv1")
    assert re.search(r"with kernel 3 +8 x 30 x 30, 224 parameters, 194,400 MACs\n", told)
    assert re.search(r"with stride 2 +8 x 14 x 14, 608 parameters, 117,600 MACs\n", told)
    pooled = explained(net("maxpool(2)"), "maxpool1")
    assert re.search(r"with kernel 3 +3 x 10 x 10\n", pooled)
    opened = explained(net("conv(8, 5)", "3, ?, ?"), "conv1")
    assert re.search(r"with kernel 3 +8 x \(?H - 2\)? x \(?W - 2\)?\n", opened)


def test_what_is_used_again_is_introduced_once() -> None:
    told = explained(net("a = relu\n    conv(8, 3) -> a -> conv(8, 3) -> a"), "a")
    assert told.count("The rectified linear unit") == 1
    assert told.count("use ") == 2


def test_a_layer_of_what_is_shared_is_used_where_that_is() -> None:
    shared = net("both = { conv(3, 3, padding=1) -> relu }\n    a = input -> both\n    a + it -> both")
    assert re.findall(r"use \d of \d, line \d", explained(shared, "both.1")) == [
        "use 1 of 2, line 4",
        "use 2 of 2, line 5",
    ]
    block = "block Body {\n    act = relu\n    it -> act\n    it + input -> act\n}\n"
    inner = explained(block + net("body = Body\n    body"), "body.act")
    assert re.findall(r"use \d of \d, line \d", inner) == ["use 1 of 2, line 3", "use 2 of 2, line 4"]


def test_what_several_products_cost_is_a_sum() -> None:
    """Four projections of each place, and two products of each place with each other."""
    attention = compiled("network Net { input(65, 48) -> multihead_attention(4) }").explain("multihead_attention1")
    assert "MACs        4 * 65 * 48 * 48 + 2 * 65 * 65 * 48 = 1,004,640\n" in attention
    recurrent = compiled("network Net { input(50, 96) -> gru(32) }").explain("gru1")
    assert "MACs        50 * 96 * 96 + 50 * 96 * 32 = 614,400\n" in recurrent


def test_a_number_that_is_written_is_no_formula() -> None:
    assert "channels  2, as many as are taken\n" in explained(net("input[:, :2]"), "[:, :2]")
    assert "parameters  1\n" in explained(net("gain = parameter([]); gain * it"), "gain")


def test_where_a_number_comes_from_is_told_to_its_end() -> None:
    """A size of what comes in has its number, and what a recipe was made of is told by who has it."""
    blocks = (
        "block Half { conv(input.channels // 2, 1) }\nblock Twice(unit) { repeat 2 { unit(it.channels) } }\n"
        "network Net(kernel = 3) { input(6, 8, 8); Half; Twice(conv(kernel=kernel, padding=1)) }\n"
    )
    halved = explained(blocks, "half1.conv1")
    assert re.search(
        r"channels = 3 .* input.channels // 2, line 1, column 19; in_channels = 6, what comes into Half\n", halved
    )
    assert re.search(
        r"K = 3 .* not written here; kernel = 3, the default of Net\n", explained(blocks, "twice1.unit1.0")
    )
