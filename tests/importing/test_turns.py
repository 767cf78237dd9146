"""Numbers that differ from turn to turn as expressions, layers as one in turns, and the heads of loops."""

from __future__ import annotations

from typing import Any

import pytest

from cnndsl.importing.body import Number, Series, Single, Sizes, Turned
from cnndsl.importing.turns import Apart, Source, beginning, differing, formula, head, in_turns, series_of


@pytest.mark.parametrize(
    ("values", "first", "text"),
    [
        ([0, 1, 2], 0, "i"),
        ([4, 3, 2], 0, "4 - i"),
        ([3, 5, 7], 1, "2 * i + 1"),
        ([1, 2, 4, 8], 0, "2 ** i"),
        ([64, 128, 256], 0, "64 * 2 ** i"),
        ([64, 128, 256], 1, "32 * 2 ** i"),
        ([3, 6, 12], 2, "3 * 2 ** (i - 2)"),
        ([512, 256, 128], 0, "512 // 2 ** i"),
        ([1, 2, 4, 1, 2, 4], 0, "2 ** (i % 3)"),
        ([8, 8, 16, 16, 32, 32], 0, "8 * 2 ** (i // 2)"),
        ([2.0, 4.0, 8.0], 1, "2 ** i"),
        ([0.2 * at / 17 for at in range(3, 12)], 3, "0.2 * i / 17"),
        ([0.5 * at / 35 for at in range(6, 33)], 0, "0.5 * (i + 6) / 35"),
    ],
)
def test_the_expression_is_worth_the_numbers(values: list[Any], first: int, text: str) -> None:
    assert formula(values, "i", first) == text
    assert [eval(text, {"i": first + turn}) for turn in range(len(values))] == values  # noqa: S307 - of this file


@pytest.mark.parametrize("values", [[1, 2, 5], [0.1, 0.3, 0.35], ["a", "b"], [True, False, True], [4, 8, 7, 9, 1]])
def test_other_numbers_have_no_expression(values: list[Any]) -> None:
    assert formula(values, "i") is None


def test_where_to_count_from() -> None:
    assert beginning((3, 4, 5)) == 3
    assert beginning((3, 5, 7)) == 0
    assert beginning(tuple(0.2 * at / 17 for at in range(5, 9))) == 5


def test_names_that_count() -> None:
    assert series_of(["layers.2", "layers.1", "layers.0"]) == Series("layers.", 2, -1)
    assert series_of(["block1_conv", "block3_conv"]) == Series("block", 1, 2, "_conv")
    assert series_of(["conv1", "conv2", "conv4"]) is None
    assert series_of(["conv01", "conv02"]) is None
    assert series_of(["stem", "head"]) is None


def test_layers_with_other_numbers_are_one_in_turns() -> None:
    made = in_turns([_conv(8, (1, 3)), _conv(16, (1, 5))])
    assert made == Single("conv", (("channels", Turned((8, 16))), ("kernel", Sizes((Number(1), Turned((3, 5)))))))
    assert list(differing(made)) == [("channels", (8, 16)), ("kernel", (3, 5))]
    with pytest.raises(Apart):
        in_turns([_conv(8, (1, 3)), Single("batchnorm")])
    with pytest.raises(Apart):
        in_turns([_conv(8, (1, 3)), _conv(8, (1, 3, 3))])


def _conv(channels: int, kernel: tuple[int, ...]) -> Single:
    return Single("conv", (("channels", Number(channels)), ("kernel", Number(kernel))))


def test_heads() -> None:
    def shown(turns: int, columns: Any, *sources: Source, taken: str = "") -> tuple[str, list[str], list[str]]:
        made = head(turns, columns, sources, lambda name: name not in taken.split())
        return made.text(turns), list(made.numbers.values()), made.sources

    layers, values = Source("layer", "layers", (0, 1, 2), 3), Source("x", "maps", (1, 2, 3), 4)
    assert shown(3, []) == ("repeat 3", [], [])
    assert shown(3, [("", (1, 2, 3)), ("channels", (8, 16, 32))]) == ("for i in range(1, 4)", ["i", "4 * 2 ** i"], [])
    assert shown(3, [("channels", (8, 9, 32))]) == ("for channels in [8, 9, 32]", ["channels"], [])
    assert shown(3, [("channels", (8, 9, 32)), ("groups", (4, 9, 2))]) == (
        "for [channels, groups] in [[8, 4], [9, 9], [32, 2]]",
        ["channels", "groups"],
        [],
    )
    assert shown(3, [("channels", (8, 9, 32)), ("channels", (16, 18, 64))])[1] == ["channels", "2 * channels"]
    assert shown(3, [("channels", (8, 9, 32)), ("", (1, 2, 3))])[0] == "for [i, channels] in enumerate([8, 9, 32])"
    assert shown(3, [], layers) == ("for layer in layers", [], ["layer"])
    assert shown(3, [], layers, taken="layer")[2] == ["item"]
    assert shown(3, [], layers, values) == ("for i in range(3)", [], ["layers[i]", "maps[i + 1]"])
    assert shown(2, [], Source("layer", "layers", (2, 1), 4))[0] == "for layer in layers[2:0:-1]"
    assert shown(3, [], Source("x", values=("a", "c", "b")))[0] == "for x in [a, c, b]"
    with pytest.raises(Apart):  # the first one stands better before the loop
        shown(4, [("stride", (1, 2, 2, 2))])
