"""Definitions that nothing uses: what no input could get right is found, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnndsl
from cnndsl.diagnostics import Diagnostic
from cnndsl.semantics import checks
from cnndsl.semantics.values import Limits
from cnndsl.source import Source
from cnndsl.syntax import tree
from cnndsl.syntax.parser import parse

MODELS = Path(__file__).parents[2] / "models"
NET = "\nnetwork Net { input(3, 8, 8); conv(3, 1) }\n"


def errors(text: str) -> list[Diagnostic]:
    """The errors of a text."""
    return [found for found in cnndsl.compile(text).diagnostics if found.code.startswith("E")]


def told(text: str) -> list[str]:
    """The codes of all errors, and what stands at their places."""
    return [f"{found.code} {found.span.text if found.span else ''}" for found in errors(text)]


WRONG = {
    "a map is needed after features": ("block B { linear(8) -> conv(8, 3) }", "E301 conv(8, 3)"),
    "a map is needed after a flatten": ("block B { flatten -> maxpool(2) }", "E301 maxpool(2)"),
    "only features may come before": ("block B(n) { conv(n, 3); flatten -> maxpool(2) }", "E301 maxpool(2)"),
    "a sequence": ("sequence B(n) { conv(n, 3) -> flatten -> batchnorm -> conv(n, 1) }", "E301 conv(n, 1)"),
    "a sequence that begins with features": ("sequence B { linear(8) -> softmax(axis=3) }", "E307 softmax(axis=3)"),
    "an axis": ("block B { flatten -> softmax(axis=2) }", "E307 softmax(axis=2)"),
    "lists for other axes": ("block B { conv(8, [3, 3]) -> conv(8, [3, 3, 3]) }", "E303 conv(8, [3, 3, 3])"),
    "a flatten in a chain": ("block B(n) { x: { conv(n, 3) -> relu -> linear(4) } }", "E311 linear(4)"),
    "a window on a map of one size": ("block B { adaptive_avgpool(1) -> conv(8, 3) }", "E302 conv(8, 3)"),
    "after a condition": (
        "block B(n, stride = 1) { if stride != 1 { conv(n, 1) } else { relu }; flatten -> maxpool(2) }",
        "E301 maxpool(2)",
    ),
    "after a shortcut": (
        """block B(n, stride = 1) {
    left = conv(n, 3, stride, 1)
    right = if stride != 1 or input.channels != n { conv(n, 1, stride) }
    (input -> left) + (input -> right) -> flatten
    avgpool(2)
}""",
        "E301 avgpool(2)",
    ),
    "after a size that only maps have": (
        "block B { conv(input.channels // 2, 1) -> flatten -> conv(8, 3) }",
        "E301 conv(8, 3)",
    ),
    "in a block that only an unused one uses": (
        "block A(n) { flatten -> conv(n, 3) }\nblock B { conv(8, 3); A(8) }",
        "E301 conv(n, 3)",
    ),
}


@pytest.mark.parametrize("beside", ["", NET], ids=["alone", "beside a network"])
@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=list(WRONG))
def test_what_no_input_gets_right(text: str, expected: str, beside: str) -> None:
    assert told(text + beside) == [expected]


RIGHT = {
    "a reshape for some sizes": "block B { reshape([4, 7]) }\nblock C { flatten -> reshape([4, 7, 1]) -> conv(8, 3) }",
    "a split for some sizes": "block B { a, b = split(it, [3, 4]); flatten(a) -> conv(8, 3) }",
    "groups": "block B { conv(22, 3, groups=11) -> flatten -> linear(3) }",
    "few inputs": "block B(n) { conv(n, [3, 3, 3]) }\nblock C { conv(8, [3]) }",
    "very large windows": "block B { conv(8, 2000) }\nblock C { repeat 12 { maxpool(2) } }",
    "axes that are parameters": "block B(a, b) { permute([b, 1, a]) }\nblock C(n) { softmax(axis=n) }",
    "many axes": "block B { permute([0, 2, 1, 3, 4, 5]) }\nblock C { permute([0, 2, 1, 3, 4, 5, 7, 6]) }",
    "a layer that is a parameter": "block B(unit) { flatten -> unit -> conv(8, 3) }",
    "a layer and a number": "block B(n, unit) { linear(n) -> unit; conv(n, 3) }",
    "a value that is a parameter": (
        "block B(channels, skip) { conv_transpose(channels, 2, 2); concat(skip, it) -> conv(channels, 3) }"
    ),
    "a branch by a flag": "block B(n, up = false) { linear(n); if up { reshape([n, 1, 1]) }; conv(n, 3) }",
    "a branch by a list": "block B(n, to = []) { linear(n); if len(to) > 0 { reshape(to) }; conv(n, 3) }",
    "a branch by a number": "block B(n, k) { linear(n); if k == 9 { reshape([4, 7]) }; conv(8, 3) }",
    "a choice by a number": "block B(k) { linear(64); (reshape([1, 8, 8]) if k == 17 else relu) -> conv(8, 3) }",
    "a branch by the rank": "block B { if input.rank == 3 { conv(8, [3, 3]) } else { conv(8, [3, 3, 3]) } }",
    "a block that uses itself": "block B(n) { relu; if n > 0 { inner: B(n - 1) } }",
    "a block that a user gives what it needs": "block A(rows) { conv(rows[0], rows[1]) }\nblock B { A([8, 3]) }",
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=list(RIGHT))
def test_what_some_input_gets_right(text: str) -> None:
    assert told(text) == []


def test_it_is_told_what_was_tried() -> None:
    (found,) = errors("block Wrong(n, m = 3) { conv(n, m) -> flatten -> conv(n, 3) }")
    assert found.labels[-1].message == "no network here gets to Wrong: tried with 480 x 240 x 240, n = 8"
    assert found.labels[-1].span.text == "Wrong"
    assert found.fix is None


def test_a_use_counts_more_than_a_try() -> None:
    block = "block B { flatten -> maxpool(2) }\n"
    (found,) = errors(block + "network Net { input(3, 8, 8); B }")
    assert "tried" not in "".join(label.message for label in found.labels)


def test_a_definition_that_is_used_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    one = checks._Tries._one

    def counting(self: checks._Tries, *args: object) -> Diagnostic | None:
        tried.append(self.template.definition.name.text)
        return one(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(checks._Tries, "_one", counting)
    blocks = "block A { relu }\nblock B(n) { A; conv(n, 3) }\nblock C { B(8) }\nblock D { tanh }\n"
    assert told(blocks + "network Net { input(3, 8, 8); D; B(3) }") == []
    assert tried == ["C"]
    tried.clear()
    assert told("block A(n) { " + "flatten -> conv(n, 3); " * 9 + "}") == ["E301 conv(n, 3)"]
    assert len(tried) <= checks._MOST


def test_networks_whose_sizes_are_wrong(tmp_path: Path) -> None:
    assert told("network N { input(3, 8, 8); conv(8, 9) }") == ["E302 conv(8, 9)"]
    assert told("network N(n) { input(3, 8, 8); conv(n, 9) }\nnetwork M = N(8)") == ["E302 conv(n, 9)"]
    text = "block A { relu }\nnetwork N(n) { input(3, 8, 8); conv(n, 3); flatten -> conv(n, 1) }\n"
    (tmp_path / "blocks.cnn").write_text(text, encoding="utf-8")
    main = tmp_path / "main.cnn"
    main.write_text('from "blocks.cnn" import A\nnetwork Net { input(3, 8, 8); A }\n', encoding="utf-8")
    (found,) = cnndsl.compile(main).diagnostics
    assert (found.code, found.span and found.span.text) == ("E301", "conv(n, 1)")


def test_limits_that_tries_reach_are_no_mistake() -> None:
    text = "block B { repeat 30 { relu }; flatten -> maxpool(2) }"
    assert told(text) == ["E301 maxpool(2)"]
    found = cnndsl.compile(text, limits=Limits(layers=20)).diagnostics
    assert found == ()


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.cnn")), ids=lambda path: path.stem)
def test_a_flatten_too_early_in_the_first_block_of_a_model(path: Path) -> None:
    """As the blocks of models have no alarm, so mistakes in them have one, or none where that cannot be told."""
    text = path.read_text(encoding="utf-8")
    file, _ = parse(Source(path.name, text))
    blocks = [item for item in file.items if isinstance(item, tree.Definition) and item.kind == "block"]
    for block in blocks:
        end = block.body.span.end - 1
        wrong = text[block.span.start : end] + "\nflatten -> maxpool(2)\n}"
        known = [
            item for item in told(wrong) if not item.startswith("E2") and item != "E404 norm"
        ]  # a constant of the file
        assert known in ([], ["E301 maxpool(2)"])
    if path.stem in {"densenet", "googlenet", "resnet"}:
        block = blocks[0]
        wrong = text[: block.body.span.end - 1] + "\nflatten -> maxpool(2)\n}"
        assert "E301 maxpool(2)" in told(wrong)
