"""Which items are matched: what was put in or taken out leaves the others as they are."""

from __future__ import annotations

import pytest

from cnndsl.backends import diff
from cnndsl.backends.diff import matching as alignment
from cnndsl.backends.diff.comparison import Wiring
from cnndsl.backends.diff.matching import Likeness, align, items
from cnndsl.ir.program import Program
from tests.running import program_of


def networks(before: str, after: str, size: str = "3, 16, 16") -> Program:
    return program_of(f"network Before {{ input({size}); {before} }}\nnetwork After {{ input({size}); {after} }}\n")


def told(program: Program) -> list[str]:
    """Each difference of a part: what became of it, and the paths."""
    found = diff.compare(program, program, "Before", "After")
    return [
        f"{line.status.value} {line.before.path if line.before else '-'} {line.after.path if line.after else '-'}"
        for line in found.lines()
        if any(side is not None and side.path for side in (line.before, line.after))
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("conv(4, 3) -> relu", "conv(4, 3) -> batchnorm -> relu", ["added - batchnorm1"]),
        ("a: conv(4, 3) -> relu", "b: conv(4, 3) -> relu", ["changed a b"]),
        ("conv(4, 3) -> relu", "conv(4, 3) -> silu", ["changed relu1 silu1"]),
        ("conv(4, 3) -> dropout -> relu", "conv(4, 3) -> relu", ["removed dropout1 -"]),
        ("s: { conv(4, 3) -> conv(5, 3) }", "s: { conv(6, 3) -> conv(4, 3) -> conv(5, 3) }",
         ["added - s.0", "changed s.0 s.1", "changed s.1 s.2"]),
        ("s: { conv(4, 3) } -> relu", "s: conv(4, 3) -> relu", ["changed s.0 s"]),
        ("conv(4, 3) -> relu -> pool: maxpool(2)", "body: { conv(4, 3) -> relu } -> pool: maxpool(2)",
         ["changed conv1 body.0", "changed relu1 body.1"]),
        ("main: conv(4, 3)", "main: linear(4)", ["changed main main"]),
        ("conv(4, 3) -> x: linear(3)", "conv(4, 3) -> y: sigmoid", ["removed x -", "added - y"]),
    ],
)  # fmt: skip
def test_what_became_of_what(before: str, after: str, expected: list[str]) -> None:
    found = [line for line in told(networks(before, after)) if not line.startswith("follows")]
    assert sorted(found) == sorted(expected)


UNIT = "block Unit(n) { conv(n, 3, padding=1) -> batchnorm -> relu }\n"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("one: Unit(8) -> two: Unit(8)", "body: { one: Unit(8) -> two: Unit(8) }",
         ["changed one body.one", "changed two body.two"]),
        ("one: Unit(8) -> two: Unit(8)", "body: Unit(8) * 2", ["changed one body.0", "changed two body.1"]),
        ("body: Unit(8) * 2", "one: Unit(8) -> two: Unit(8)", ["changed body.0 one", "changed body.1 two"]),
        ("one: Unit(8) -> pool: maxpool(2)", "stem: { Unit(8) -> pool: maxpool(2) }",
         ["changed one stem.0", "changed pool stem.pool"]),
        ("one: Unit(8)", "two: { conv1: conv(8, 3, padding=1) -> batchnorm1: batchnorm -> relu1: relu -> conv(4, 1) }",
         ["changed one two", "added - two.3"]),
        ("flatten -> top: linear(4)",
         "when training { y = it -> flatten -> aux: linear(4) }; flatten -> top: linear(4); output it, y when training",
         ["added - aux"]),
    ],
)  # fmt: skip
def test_blocks_around_others_and_apart(before: str, after: str, expected: list[str]) -> None:
    program = program_of(
        UNIT
        + "\n".join(
            f"network {name} {{ input(8, 16, 16); {body} }}" for name, body in (("Before", before), ("After", after))
        )
    )
    assert sorted(line for line in told(program) if not line.startswith("follows")) == sorted(expected)


def test_a_block_more_at_the_front_is_found_by_its_sizes() -> None:
    program = program_of(
        "sequence Unit(n) { conv(n, 3, padding=1) -> batchnorm -> relu }\n"
        "network Before { input(8, 16, 16); s: { Unit(8) -> Unit(16) -> Unit(32) } }\n"
        "network After { input(8, 16, 16); s: { Unit(4) -> Unit(8) -> Unit(16) -> Unit(32) } }\n"
    )
    assert [line for line in told(program) if not line.startswith("follows")] == [
        "added - s.0", "changed s.0 s.1", "changed s.1 s.2", "changed s.2 s.3",
    ]  # fmt: skip


def test_blocks_that_differ_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = "".join(f"block B{n + 1} {{ B{n} * 3 }}\n" for n in range(9))
    texts = [
        f"block B0 {{ conv(2, {k}, padding={k // 2}) }}\n{levels}\nnetwork Net {{ input(2, 4, 4); B9 }}" for k in (1, 3)
    ]
    calls = []

    def counted(*arguments: object) -> alignment.Pairs:
        calls.append(arguments)
        return align(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("cnndsl.backends.diff.comparison.align", counted)
    found = diff.compare(program_of(texts[0]), program_of(texts[1]))
    assert len(calls) == 11
    assert found.keys.same == 3**9
    assert len(found.keys.shapes) == 3**9


@pytest.mark.parametrize("most", [0, 5, 40, alignment.MOST])
def test_long_rows_are_cut_where_names_agree(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """With fewer pairs to try, the same is found: names are in the order of both."""
    monkeypatch.setattr(alignment, "MOST", most)
    before = " -> ".join(f"c{n}: conv(4, 1) -> r{n}: relu" for n in range(20))
    after = " -> ".join(f"c{n}: conv(4, 1, bias=false) -> n{n}: batchnorm -> r{n}: relu" for n in range(5, 25))
    program = networks(before, after)
    one, other = items(program, program.network("Before")), items(program, program.network("After"))
    pairs = align(one, other, Likeness(program, program))
    assert [one[i].name for i, _ in pairs] == [other[j].name for _, j in pairs]
    assert len(pairs) == 30
    assert pairs == sorted(pairs)


def test_an_exchange_keeps_the_longer_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "MOST", 0)
    names = [f"c{n}" for n in range(10)]
    moved = [*names[3:], *names[:3]]
    texts = [" -> ".join(f"{name}: conv(3, 1)" for name in order) for order in (names, moved)]
    program = networks(*texts)
    one, other = items(program, program.network("Before")), items(program, program.network("After"))
    assert [one[i].name for i, _ in align(one, other, Likeness(program, program))] == names[3:]


def test_what_is_of_another_kind_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    does_the_same = Wiring._does_the_same

    def counted(self: Wiring, i: int, j: int) -> bool:
        tried.append((i, j))
        return does_the_same(self, i, j)

    monkeypatch.setattr(Wiring, "_does_the_same", counted)
    program = networks("repeat 50 { relu }", "repeat 50 { conv(3, 1) }")
    assert not diff.compare(program, program, "Before", "After").same
    assert not tried


def test_the_order_of_independent_branches_is_no_difference() -> None:
    text = "a = conv(4, 1); b = conv(4, 3, padding=1); {}; concat(left, right)"
    one, other = "left = input -> a", "right = input -> b"
    program = networks(text.format(f"{one}; {other}"), text.format(f"{other}; {one}"))
    assert diff.compare(program, program, "Before", "After").same


def test_a_skip_from_somewhere_else() -> None:
    program = networks(
        "x = it -> a: conv(3, 1); y = x -> b: conv(3, 1); y -> c: conv(3, 1); it + x",
        "x = it -> a: conv(3, 1); y = x -> b: conv(3, 1); y -> c: conv(3, 1); it + y",
    )
    (line,) = diff.compare(program, program, "Before", "After").lines()
    assert line.notes == ("takes what b gives and what c gives instead of what a gives and what c gives",)


def test_sums_and_products_may_be_turned_round() -> None:
    program = networks("x = it -> a: conv(3, 1); x * it + 1", "x = it -> a: conv(3, 1); it * x + 1")
    assert told(program) == []


def test_another_output() -> None:
    text = "x = it -> a: conv(3, 1); y = x -> b: conv(3, 1); z = y -> c: conv(3, 1); output z, {}"
    program = networks(text.format("x"), text.format("y"))
    found = diff.compare(program, program, "Before", "After")
    assert found.comparison.notes == ("returns what c gives and what b gives instead of what c gives and what a gives",)
    assert not found.same


def test_init_lines_of_a_block() -> None:
    """They change no layer, and what the network begins with all the same."""
    text = "block B(n) {{ {} conv(n, 1); relu; conv(n, 1) }}\nnetwork Net {{ input(3, 8, 8); B(3) -> B(4) }}"
    zeros, ones = (program_of(text.format(f"init conv: weight = {rule};")) for rule in ("zeros", "constant(1)"))
    plain = program_of(text.format(""))
    for before, after, told in ((zeros, ones, "zeros -> constant(val=1)"), (plain, ones, "none -> constant(val=1)")):
        found = diff.compare(before, after)
        assert not found.same
        assert f"~ b1, b2 (x 2)  init conv weight {told}" in " ".join(diff.Report().of(found).split("\n"))
    assert diff.compare(ones, ones).same
