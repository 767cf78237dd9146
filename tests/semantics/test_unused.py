"""Every definition is checked, whatever uses it: what is wrong for any use is found, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnndsl
from cnndsl.semantics.checks import _Check
from cnndsl.semantics.context import MOST_ERRORS
from cnndsl.source import Source
from cnndsl.syntax import tree
from cnndsl.syntax.parser import parse

MODELS = Path(__file__).parents[2] / "models"


def errors(text: str) -> list[tuple[str, str]]:
    """The codes of all errors, and what stands at their places."""
    found = ((d.code, d.span.text if d.span else "") for d in cnndsl.compile(text).diagnostics)
    return [(code, at) for code, at in found if code.startswith("E")]


NET = "network Net { input(3, 8, 8); conv(3, 1) }\n"

WRONG = {
    "an unknown layer and an unknown name": (
        "block Broken(n) { foo(n) -> conv(3, nothere) }",
        ["E201 foo", "E201 nothere"],
    ),
    "the arguments of a layer": (
        "block B(n) { conv(n, 3, pading=1) -> conv(8, 3, stride=0) -> batchnorm(foo=n); relu(it, inplce=true) }",
        ["E207 pading", "E208 stride=0", "E207 foo", "E207 inplce"],
    ),
    "the arguments of a layer of which one is not known": (
        'block B(n) { conv(8, n, padding="smae") -> conv(kernel=n) -> conv(n, 3, weight_init=zero) }',
        ['E208 padding="smae"', "E207 conv(kernel=n)", "E201 zero"],
    ),
    "the arguments of an operation": (
        "block B(n) { concat(it, input, axs=n) }\nblock C { mean(it, dim=1) }",
        ["E207 axs", "E207 dim"],
    ),
    "the arguments of a block": (
        "block A(n, m = 2) { conv(n, m) }\nsequence B(n) { A(n, 3, 4); A(k=n); A(n, n=3); A; A(n, foo) }",
        ["E207 4", "E207 k", "E207 n=3", "E207 A", "E201 foo"],
    ),
    "a call of what is not known": ("block B(unit) { unit(foo, width=bar) -> unit }", ["E201 foo", "E201 bar"]),
    "branches": (
        "block B(n) { if n > foo { conv(bar, 3) } else if n == 2 { linear(3, biass=n) } else { baz } }",
        ["E201 foo", "E201 bar", "E207 biass", "E201 baz"],
    ),
    "choices": (
        """
block B(n) {
    x = a1 if n else a2
    y = if n == 2 { a3 } else { a4 }
    z = n > 3 and a5
    conv(x if y else a6, 1)
}""",
        ["E201 a1", "E201 a2", "E201 a3", "E201 a4", "E201 a5", "E201 a6"],
    ),
    "loops": (
        'block B(n) { for i in range(n) { "c{i}": convv(n, 3) -> relu(foo=i) }; repeat n { bar }; for x in baz { x } }',
        ["E201 convv", "E207 foo", "E201 bar", "E201 baz"],
    ),
    "lists": (
        "block B(n) { w = [foo * i for i in range(n) if i > bar]; x = [n, baz]; y = x[n][qux] }",
        ["E201 foo", "E201 bar", "E201 baz", "E201 qux"],
    ),
    "braces": (
        "block B(n) { x = { conv(n, 3) -> foo }; y: { conv(n, 3, stirde=2) } -> { bar }; x }",
        ["E201 foo", "E207 stirde", "E201 bar"],
    ),
    "texts": ('block B(n) { "x{n}{foo}": conv(8, 3) }', ["E201 foo"]),
    "a default": ("block B(n = foo) { conv(n, 3) }", ["E201 foo"]),
    "kinds": (
        'block B(n) { conv(8, 3) -> 5; x = "a" * "b"; conv1 = relu; conv1 = 3 }',
        ["E404 5", 'E206 "a" * "b"', "E204 conv1"],
    ),
    "rules": (
        """
network N(n) {
    input(3, n, foo)
    init conv: wieght = zeros
    init linear: weight = normal(n, bar)
    conv(8, 3)
}
network M = N(8)""",
        ["E201 foo", "E212 wieght", "E201 bar"],
    ),
    "outputs": ("block B(n) { a = conv(n, 3); output x = it, y = foo }", ["E201 foo"]),
    "an extern class": (
        'extern Foo(a, b = cc) from "torch.nn" (shape = [channels * a, heigth, width], parameters = a * dd)',
        ["E201 cc", "E201 heigth", "E201 dd"],
    ),
    "a branch that no use takes": (
        """
block B(stride = 1) { if stride != 1 { convv(8, 3) }; relu }
network N(deep = false) { input(3, 8, 8); B; if deep { lineer(3) } }""",
        ["E201 convv", "E201 lineer"],
    ),
    "a turn that no use takes": ("network N(n = 0) { input(3, 8, 8); relu; repeat n { convv(8, 3) } }", ["E201 convv"]),
    "a variant": ("network N(n) { input(3, 8, 8); conv(n, 3) }\nnetwork M = N(8)\nnetwork O = N(m=3)", ["E207 m"]),
}


@pytest.mark.parametrize("beside", ["", NET], ids=["alone", "beside a network"])
@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_for_any_use(text: str, expected: list[str], beside: str) -> None:
    assert sorted(f"{code} {at}" for code, at in errors(text + "\n" + beside)) == sorted(expected)


RIGHT = {
    "what braces see is looked up when they are applied": "block B(c) { x = { conv(n, 3) -> y }; n = 4; y = relu; x }",
    "a name is another thing from the second turn on": (
        "block B(cs) { before = 0; for c in cs { if before > 0 { conv(before, 1) }; before = c }; conv(before, 1) }"
    ),
    "a constant that a condition asks for": """
DEPTH = 0
WIDTHS = [8, 16]
block B(k) { if DEPTH > 0 { conv(DEPTH, 3) } else { relu }; conv(WIDTHS[3] if len(WIDTHS) > 3 else 8, 1) }
block C(n) {
    if n > 1 and 8 // DEPTH > 2 { relu }
    x = [8 // w for w in [DEPTH, 2] if w > 0 and n > 0]
    conv(x[0], 1)
}""",
    "the same names in branches": (
        'block B(n) { if n == 1 { "1": relu; a = conv(8, 1); x: a } else { "1": tanh; a = conv(4, 1); x: a }; a }'
    ),
    "outputs in branches": "block B(n) { a = it -> relu; if n { output it, a } else { output it } }",
    "what comes in in branches": "network N(n = true) { if n { input(3, 8, 8) } else { input(1, 8, 8) }; conv(8, 3) }",
    "blocks as arguments": (
        "block B(unit, n) { unit(8, stride=n) -> unit(16) * n; x: unit(8) -> unit; act = unit if n else relu; act }"
    ),
    "a block that uses itself": "block B(n) { relu; if n > 0 { inner: B(n - 1) } }",
    "a name under the condition under which it is given": "block B(n) { if n { x = 3 }; relu; if n { conv(x, 1) } }",
    "a parameter with the name of a layer": "block B(conv, relu = tanh) { conv(8, 3) -> relu -> conv }",
    "a layer with the name of its kind": (
        "block B { conv = conv(8, 1); relu = relu; x = { conv(4, 1) -> relu }; conv -> x }"
    ),
    "rows": "block B(rows) { for [c, [n, k]] in rows { conv(c, k) * n }; a, b = rows[0]; conv(a, b) }",
    "pieces": (
        "block B(x, n) { a, b = split(it, 2); c, d = split(x, [n, 3]); concat(a, b, c, axis=n) + d.channels * x }"
    ),
    "sizes": (
        "block B(x) { if input.rank == 3 { conv(input.channels // 2, 1) } else { linear(x.features) }\n"
        "p = parameter([input.channels] + [1] * (input.rank - 1), init=normal(0, 0.1)); it * p; q = parameter([3]) }"
    ),
    "defaults of other parameters": "block B(c, hidden = c * 2, sizes = [c, hidden]) { conv(sizes[1], hidden) }",
    "labels": 'block B(n) { for i in range(n) { "a{i}": conv(n, 1); "b-{i}": { relu -> tanh } }; if n { "a0": relu } }',
    "labels as names": (
        'block B(n) { for i in range(2) { "part{i}": conv(n, 1) }; "last": relu; part0 -> part1 -> last }'
    ),
    "a list of values": "block S { ys = [x -> relu for x in input]; sum(ys) }\nblock L { for x in input { x } }",
    "values of a list": "block P(n) { a = it[0]; concat(input[1], input[n]) }\nblock Z { zip(input, input)[0][0] }",
    "what is never reached": "block B(n) { if n or false and 1 / 0 == 1 { relu }; x = 3 if n else [1][2]; conv(x, 1) }",
    "functions": "block B(n) { conv(make_divisible(n * 0.5, 8), max(n, 3), groups=min([n, 2])); upsample(it, like=n) }",
    "a learned tensor": "block S { relu }\nblock B { p = parameter([8, 1, 1]); q = p + p; q -> S; it * q }",
    "an extern class": """
extern Foo(a, b = a) from "torch.nn" (shape = same)
extern Bar(a) from "x" (shape = [a, height], rank = [2, 3])""",
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=list(RIGHT))
def test_what_may_be_right_is_not_reported(text: str) -> None:
    assert errors(text + "\n" + NET) == []


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.cnn")), ids=lambda path: path.stem)
def test_the_blocks_of_a_model_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    file, _ = parse(Source(path.name, text))
    for item in reversed(file.items):
        if isinstance(item, tree.Variant | tree.Import) or (
            isinstance(item, tree.Definition) and item.kind == "network"
        ):
            text = text[: item.span.start] + text[item.span.end :]
    imported = {name.local.text for item in file.items if isinstance(item, tree.Import) for name in item.names}
    assert [at for code, at in errors(text) if code != "E411" and at not in imported] == []


def test_a_file_of_blocks_alone() -> None:
    assert errors("block A(n) { conv(n, 3) }\n") == []
    assert [code for code, _ in errors("block A(n) { convv(n, 3) }\n")] == ["E201"]


def test_definitions_of_imported_files(tmp_path: Path) -> None:
    (tmp_path / "blocks.cnn").write_text("block Good { relu }\nblock Bad(n) { conv(n, 3) -> foo }\n", encoding="utf-8")
    main = tmp_path / "main.cnn"
    main.write_text('from "blocks.cnn" import Good\nnetwork Net { input(3, 8, 8); Good }\n', encoding="utf-8")
    (found,) = cnndsl.compile(main).diagnostics
    assert (found.code, found.span and found.span.source.short) == ("E201", "blocks.cnn")


@pytest.mark.parametrize("lines", ["u{i} -> v{i}\n", "if n {{ u{i} }}\n"])
def test_of_very_many_mistakes_the_first_are_told(lines: str) -> None:
    text = "".join(lines.format(i=i) for i in range(1500))
    found = errors(f"block B(n) {{\n{text}}}")
    assert len(found) == MOST_ERRORS
    assert found[0] == ("E201", "u0")


def test_a_mistake_in_a_use_has_no_echo() -> None:
    found = errors("block B(n) { conv(n, 3, pading=1) -> foo }\nnetwork Net { input(3, 8, 8); B(8) }")
    assert [code for code, _ in found] == ["E207", "E201"]


def test_nothing_is_made_of_a_definition_that_is_only_checked() -> None:
    text = "block S(n) { parameter([n]) * it }\nblock B { p = parameter([8]); p -> S(3) -> conv(3, 1) }\n" + NET
    program, alone = cnndsl.compile(text).program, cnndsl.compile(NET).program
    assert program is not None
    assert alone is not None
    assert program.modules.keys() == alone.modules.keys()


def test_each_expression_is_worked_out_a_few_times_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: dict[int, int] = {}
    nodes: list[tree.Expression] = []  # which keeps their ids their own
    evaluate = _Check.evaluate

    def counting(self: _Check, node: tree.Expression) -> object:
        nodes.append(node)
        counts[id(node)] = counts.get(id(node), 0) + 1
        return evaluate(self, node)

    monkeypatch.setattr(_Check, "evaluate", counting)
    inner = "conv(n, 3)"
    for depth in range(12):
        inner = f'"x{{n}}{depth}": {{ if n > {depth} {{ {inner} -> unit(n + [n, f(n)][n]) }} else {{ relu }} }}'
    cnndsl.compile(f"block B(n, unit, f) {{ for i in range(n) {{ repeat n {{ {inner} }} }} }}")
    assert max(counts.values()) <= 3
