"""What the page asks of the compiler, without a page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cnndsl.playground.engine import Engine

NET = "network Net {\n    input(3, 32, 32)\n    conv(8, 5) -> relu\n    linear(10)\n}\n"
WRONG = "network Net {\n    input(3, 32, 32)\n    conv(8, kernel_size=5)\n}\n"


class Asked:
    """An engine, and what it has been given to lay out."""

    def __init__(self) -> None:
        self.laid_out: list[str] = []
        self.engine = Engine(self._layout)

    def _layout(self, dot: str) -> str:
        self.laid_out.append(dot)
        return '<svg xmlns="http://www.w3.org/2000/svg" width="10pt"><g class="graph"><title>Net</title></g></svg>'

    def __call__(self, ask: str, **given: Any) -> Any:
        return json.loads(self.engine.answer(json.dumps({"ask": ask, **given})))


@pytest.fixture
def asked() -> Asked:
    return Asked()


def test_a_text_with_its_sizes_and_words(asked: Asked) -> None:
    found = asked("check", text=NET)
    assert found["problems"] == []
    assert [(NET[:at].splitlines()[-1].strip(), label) for at, label, _ in found["sizes"]] == [
        ("conv(8, 5) -> relu", "→ 8 × 28 × 28"),
        ("linear(10)", "→ 10"),
    ]
    words = {NET[start:end]: kind for start, end, kind in found["words"]}
    assert {"network": "keyword", "Net": "class", "conv": "function", "10": "number"}.items() <= words.items()
    assert found["networks"] == ["Net"]


def test_what_is_made_of_it(asked: Asked) -> None:
    asked("check", text=NET)
    shown = {what: asked("show", what=what) for what in ("diagram", "volumes", "python", "summary", "explain")}
    assert {what: one["form"] for what, one in shown.items()} == {
        "diagram": "svg",
        "volumes": "svg",
        "python": "python",
        "summary": "text",
        "explain": "text",
    }
    assert 'class="cnndsl"' in shown["diagram"]["text"]  # as every finished diagram
    assert "Conv2d" in asked.laid_out[0]
    assert "nn.Conv2d(3, 8, 5)" in shown["python"]["text"]
    assert "28 x 28" in shown["summary"]["text"]
    assert "(I - K + 2D) / S + 1" in shown["explain"]["text"]
    assert not any(one["old"] for one in shown.values())


def test_the_table_has_the_room_that_there_is(asked: Asked) -> None:
    asked("check", text=NET)
    narrow, wide = (asked("show", what="summary", width=width)["text"] for width in (50, 100))
    assert max(map(len, narrow.splitlines())) <= 60 < max(map(len, wide.splitlines()))


def test_the_last_text_without_an_error_is_shown_meanwhile(asked: Asked) -> None:
    assert asked("show", what="python") == {"form": "none", "text": "", "network": "", "old": False}
    asked("check", text=WRONG)
    assert asked("show", what="python")["form"] == "none"
    asked("check", text=NET)
    found = asked("check", text=WRONG)
    shown = asked("show", what="python")
    assert (shown["old"], "nn.Conv2d(3, 8, 5)" in shown["text"], found["networks"]) == (True, True, ["Net"])


def test_a_network_of_several(asked: Asked) -> None:
    other = NET.replace("Net", "Other").replace("conv(8", "conv(16")
    assert asked("check", text=NET + other)["networks"] == ["Net", "Other"]
    assert [asked("show", what="summary", network=name)["network"] for name in ("Net", "", "Gone")] == [
        "Net",
        "Other",
        "Other",
    ]


def test_a_problem_with_what_mends_it(asked: Asked) -> None:
    [problem] = asked("check", text=WRONG)["problems"]
    assert (problem["code"], problem["severity"], problem["line"]) == ("E207", "error", 3)
    assert WRONG[problem["from"] : problem["to"]] == "kernel_size"
    [start, end, text] = problem["fixes"][0]["edits"][0]
    mended = WRONG[:start] + text + WRONG[end:]
    assert asked("check", text=mended)["problems"] == []


def test_what_has_no_class_says_so_in_place_of_the_module(asked: Asked) -> None:
    asked(
        "check",
        text="""
block Squeeze(axis) { mean(it, axis=axis) }
network Net { input(3, 32, 32); rows = it -> Squeeze(3); columns = it -> Squeeze(2); rows + columns }
""",
    )
    shown = asked("show", what="python")
    assert shown["form"] == "text"
    assert "error[E601]: Squeeze cannot be written as a class of PyTorch" in shown["text"]


def test_places_beyond_16_bits(asked: Asked) -> None:
    """JavaScript counts what stands beyond U+FFFF twice."""
    text = "# 𝒳𝒳\n" + WRONG
    [problem] = asked("check", text=text)["problems"]
    units = text.encode("utf-16-le")
    assert units[2 * problem["from"] : 2 * problem["to"]].decode("utf-16-le") == "kernel_size"
    at = len(text[: text.index("conv")].encode("utf-16-le")) // 2
    found = asked("hover", at=at)
    assert (found["from"], found["to"]) == (at, at + len("conv"))
    assert "A convolution" in found["text"]


def test_hover_completion_and_layout(asked: Asked) -> None:
    asked("check", text=NET.replace("(8, 5)", "(8,5)"))
    assert asked("hover", at=len("network Net {\n    input(3, 32, 32)\n   ")) is None
    at = NET.index("conv") + 4
    found = asked("complete", at=at)
    assert found["from"] == at - 4
    assert {"label": "conv", "text": "conv($0)"}.items() <= next(
        one.items() for one in found["items"] if one["label"] == "conv"
    )
    [[start, end, text]] = asked("format")
    assert text == "    conv(8, 5) -> relu\n"
    assert (start, end) == (NET.index("    conv"), NET.index("    linear") - 1)
    asked("check", text="network {")
    assert asked("format") == []


def test_only_questions_are_answered(asked: Asked) -> None:
    with pytest.raises(ValueError, match="no question '__init__'"):
        asked("__init__")


def test_what_comes_with_cnndsl_can_be_imported(asked: Asked) -> None:
    text = 'from "cnndsl:resnet.cnn" import BasicBlock\nnetwork Net { input(3, 8, 8); BasicBlock(4) }\n'
    assert asked("check", text=text)["problems"] == []
    [problem] = asked("check", text=text.replace("cnndsl:resnet", "../../etc/passwd"))["problems"]
    assert "cannot be imported" in problem["message"]


def test_the_page_about_an_error(asked: Asked) -> None:
    text = asked("rule", code="E207")
    assert text.startswith("E207")
    assert max(map(len, text.splitlines())) <= 120
