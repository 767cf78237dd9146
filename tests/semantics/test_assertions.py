"""What a text asserts is held against what summaries, memory and receptive fields say of the same network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cnndsl
from cnndsl.analysis import costs, receptive_field
from cnndsl.compilation import Compilation
from tests.compiled import MODELS, program_of, python_of


def codes(compilation: Compilation) -> list[str]:
    return [diagnostic.code for diagnostic in compilation.diagnostics if diagnostic.code.startswith("E")]


def with_lines(text: str, *lines: str) -> str:
    """A text whose last definition ends with these lines."""
    end = text.rstrip().rindex("}")
    return "\n".join([text[:end].rstrip(), *lines, "}"]) + "\n"


SOLE = """
block Unit(channels) {
    conv(channels, 3, padding=1) -> batchnorm -> relu
    it + input
}

network Net(depth = 2, scale = 4) {
    input(3, 33, 33)
    conv(8, 7, stride=2, padding=3) -> maxpool(3, stride=2)
    for i in range(depth) { Unit(8) }
    conv(8 * scale, 1) -> global_avgpool -> linear(10)
}
"""


def test_the_measures_are_those_of_the_program() -> None:
    program = cnndsl.compile(SOLE).program
    assert program is not None
    cost, memory = costs.of(program, "Net"), costs.memory(program)
    for word, number in (("parameters", cost.parameters), ("macs", cost.macs), ("memory", memory.peak)):
        assert codes(cnndsl.compile(with_lines(SOLE, f"    assert {word} == {number}"))) == []
        assert codes(cnndsl.compile(with_lines(SOLE, f"    assert {word} < {number}"))) == ["E414"]


def test_a_receptive_field_is_that_of_the_value_at_hand() -> None:
    text = SOLE.replace(" -> global_avgpool -> linear(10)", "")
    program = cnndsl.compile(text).program
    assert program is not None
    (seen,) = receptive_field.outputs(program)
    (size,) = {field.size for field in seen["input"] if field is not None}
    assert codes(cnndsl.compile(with_lines(text, f"    assert receptive_field == {size}"))) == []
    assert codes(cnndsl.compile(with_lines(text, f"    assert receptive_field != {size}"))) == ["E414"]


def test_a_measure_is_of_what_was_applied_so_far() -> None:
    text = "network Net { input(3, 8, 8)\n%s\nconv(4, 3)\nassert parameters == 112 and macs == 3888\nconv(4, 1) }"
    assert codes(cnndsl.compile(text % "assert parameters == 0 and macs == 0 and receptive_field == 1")) == []


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_nothing_is_left_of_an_assertion(path: Path) -> None:
    """With one at the end of every definition the module of any file of `models/` is what it is without."""
    text = path.read_text(encoding="utf-8")
    several = {module.name: module.kind for module in program_of(path).modules.values() if len(module.outputs) > 1}

    def asserting(definition: re.Match[str]) -> str:
        match several.get(definition["name"]):
            case None:
                promise = "output.rank >= 1 and parameters >= 0"
            case "network":
                promise = "parameters >= 0"  # of the value at hand, for there is no one output
            case _:
                promise = "1 >= 0"  # several values may be at hand, which have no measures together
        return f"{definition[0]}    assert {promise}\n"

    again = re.sub(r"^\w+ (?P<name>\w+)[^\n]*\{\n.*?(?=^\})", asserting, text, flags=re.MULTILINE | re.DOTALL)
    assert again.count(" >= 0\n}") == len(re.findall(r"^\}", text, flags=re.MULTILINE)) > 0
    after = cnndsl.compile(again, name=path.name, folder=path.parent)
    assert codes(after) == []
    assert after.python() == python_of(path)


def test_what_is_asserted_decides_nothing() -> None:
    """A parameter that an assertion asks for stays free in the module, and another value for it is checked."""
    text = with_lines(SOLE, "    assert depth < 4 and scale == 4")
    compilation = cnndsl.compile(text)
    assert compilation.python() == cnndsl.compile(SOLE).python()
    assert codes(cnndsl.compile(text, settings={"scale": 2})) == ["E414"]


def test_a_block_is_held_to_its_promise_in_each_use() -> None:
    text = """
block Half(channels) {
    conv(channels, 3, stride=2, padding=1)
    assert 2 * output.height == input.height, "the height is even"
}
network Net {
    input(3, 12, 12)
    Half(4) -> Half(8) -> Half(8)
}
"""
    (found,) = cnndsl.compile(text).diagnostics
    assert (found.code, found.help) == ("E414", ("the height is even",))
    assert found.message == "this is asserted and not so: 2 * output.height is 4, and not 3"
    assert codes(cnndsl.compile(text.replace("12, 12", "16, 16"))) == []


def test_a_promise_of_a_block_without_a_use_is_read_and_not_tried() -> None:
    unused = "block Unused(n) { conv(n, 3)\nassert it.shape == [n, 5, 5] and parameters < 3\n%s }\n" + SOLE
    assert codes(cnndsl.compile(unused % "")) == []
    assert codes(cnndsl.compile(unused % "assert itt.height == 3")) == ["E201"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("assert it.shape = [8, 8]", "E101"),
        ("assert", "E101"),
        ("assert it.height == 8,", "E101"),
        ("assert it.height == 8, 3", "E101"),
        ("assert 3", "E206"),
        ("assert it", "E206"),
        ("assert it.hight == 8", "E206"),
        ("assert conv", "E206"),
        ("assert output", "E101"),
        ("x = output.shape", "E415"),
        ("assert it.shape[7] == 3", "E206"),
        ("assert 1 / 0 == 3", "E206"),
    ],
)
def test_careless_assertions_get_an_error_with_a_way_out(line: str, code: str) -> None:
    compilation = cnndsl.compile(f"network Net {{ input(3, 8, 8)\n{line}\nrelu }}")
    assert codes(compilation) == [code]
    assert all(diagnostic.help for diagnostic in compilation.diagnostics if diagnostic.code == code)


def test_a_word_of_the_texts_own_is_the_one_that_is_meant() -> None:
    assert codes(cnndsl.compile("macs = 3\nnetwork Net { input(3, 8, 8)\nconv(4, 3)\nassert macs == 3 }")) == []


def test_measures_in_a_long_loop_count_as_work() -> None:
    loop = "network Net { input(3, 8, 8)\nfor i in range(%d) { conv(3, 1); assert parameters > 0 and macs > 0 } }"
    assert codes(cnndsl.compile(loop % 20)) == []
    assert codes(cnndsl.compile(loop % 3000)) == ["E504"]


@pytest.mark.parametrize("value", ["it", "output"])
def test_a_long_assertion_is_refused_and_the_lines_after_it_are_read(value: str) -> None:
    condition = "1 + " * 3000 + f"{value}.rank > 0"
    text = (
        f"network Net {{ input(3, 8, 8)\nassert {condition}\nconv(4, 3)\nassert it.height == 5 and {value}.rank == 3 }}"
    )
    assert codes(cnndsl.compile(text)) == ["E501", "E414"]
