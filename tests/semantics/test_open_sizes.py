"""What a network asks of the sizes that it leaves open, whatever else stands in the file."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.running import program_of

BLOCK = "block Half(n) { conv(n, 3, padding=1) -> maxpool(2) -> upsample(scale=2) }\n"
NETWORKS = {
    "One": "network One { input(3, ?, ?) -> conv(8, 5) -> global_avgpool }\n",
    "Two": "network Two { input(3, ?, ?) -> conv(8, 5) -> global_avgpool }\n",
    "Twice": "network Twice { input(3, ?, ?); it -> Half(3) -> Half(3) }\n",
    "Fixed": "network Fixed { input(3, 8, 8); it + (it -> Half(3)) }\n",
    "Sum": "network Sum { input(3, ?, ?); it + (it -> Half(3)) }\n",
    "Variant": "network Variant = Sum()\n",
}


def rules(text: str, name: str) -> list[tuple[str, list[int]]]:
    """What must hold for each open size of a network, and the columns of the steps that ask for it."""
    return [(rule.words, [place.column for place in rule.reasons]) for rule in program_of(text).network(name).open]


def test_the_second_network_asks_for_what_the_first_does() -> None:
    text = NETWORKS["One"] + NETWORKS["Two"]
    assert [words for words, _ in rules(text, "Two")] == ["H is at least 5", "W is at least 5"]
    assert rules(text, "Two") == rules(text, "One")


def test_reasons_stand_in_the_network_itself() -> None:
    (first, *_) = program_of(NETWORKS["One"] + NETWORKS["Two"]).network("Two").open
    assert [place.line for place in first.reasons] == [2]


@pytest.mark.parametrize("order", list(permutations(["Sum", "Fixed", "One", "Two"])), ids="-".join)
def test_what_stands_beside_a_network_changes_nothing(order: tuple[str, ...]) -> None:
    text = BLOCK + "".join(NETWORKS[name] for name in order)
    for name in order:
        assert rules(text, name) == rules(BLOCK + NETWORKS[name], name)


def test_a_variant_asks_for_what_its_network_does() -> None:
    text = BLOCK + NETWORKS["Sum"] + NETWORKS["Variant"]
    assert rules(text, "Variant") == rules(text, "Sum")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("left = input(4, ?); right = input(4, ?); left + right", ["L is any size", "L2 = L"]),
        ("left = input(4, ?); right = input(4, ?); concat(left, right)", ["L is any size", "L2 = L"]),
        (
            "left = input(4, ?); right = input(4, ?); (left -> maxpool(2)) + (right -> maxpool(2))",
            ["L is at least 2", "L2 is at least 2, and L2 // 2 = L // 2"],
        ),
        ("input(4, ?, ?); it + (it -> permute([0, 1, 3, 2]))", ["H is any size", "W = H"]),
        (
            "left = input(4, ?); right = input(4, ?); left + upsample(right, like=left)",
            ["L is any size", "L2 is any size"],
        ),
    ],
)
def test_sizes_that_must_be_equal(lines: str, words: list[str]) -> None:
    found = rules(f"network Net {{ {lines} }}", "Net")
    assert [said for said, _ in found] == words


@pytest.mark.parametrize(
    "text",
    [
        "network Net(wide = 5) { input(2, ?) -> conv(wide + 5, 1) -> reshape([32, -1]) }",
        "block Wide(n) { conv(n, 1) -> reshape([32, -1]) }\nnetwork Net(wide = 5) { input(2, ?) -> Wide(2 * wide) }",
        "block Rows(n) { reshape([n, -1]) }\nnetwork Net(wide = 5) { input(2, ?) -> conv(2 * wide, 1) -> Rows(32) }",
        "network Net(L = 10) { input(2, ?) -> conv(L, 1) -> reshape([32, -1]) }",
        "block Wide(L) { conv(2 * L, 1) -> reshape([32, -1]) }\nnetwork Net { input(2, ?) -> Wide(5) }",
    ],
)
def test_what_is_asked_with_a_number_that_a_parameter_gives(text: str) -> None:
    ((words, _),) = rules(text, "Net")
    assert words.endswith("is a multiple of 16")
