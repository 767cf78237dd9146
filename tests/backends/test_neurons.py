"""Networks of neurons: which layers are drawn, and how many of their neurons."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import cnndsl
from cnndsl.backends.neurons import MOST, Column, columns_of
from cnndsl.diagnostics import OptionError
from tests.compiled import MODELS, compilation_of
from tests.conftest import Golden

ROOT = Path(__file__).parents[2]
NET = cnndsl.compile(ROOT / "models" / "net.cnn")
SVG = "{http://www.w3.org/2000/svg}"


def columns(text: str) -> list[Column]:
    program = cnndsl.compile(text).checked().program
    return columns_of(program, program.network())


def drawn(text: str | Path, network: str | None = None) -> ET.Element:
    return ET.fromstring(cnndsl.compile(text).neurons(network))  # noqa: S314 - made here


def test_the_picture_of_the_tutorial(golden: Golden) -> None:
    golden(ROOT / "docs" / "images" / "neurons.svg", NET.neurons())
    golden(ROOT / "docs" / "ja" / "images" / "neurons.svg", NET.neurons(lang="ja"))


def test_the_reference_network() -> None:
    flat, fc1, fc2 = columns_of(NET.checked().program, NET.checked().program.network())
    assert (flat.name, flat.count, flat.said) == ("16×5×5", "400", ["flatten"])
    assert (fc1.name, fc1.count, fc1.said) == ("fc1", "256", ["relu", "dropout p = 0.5"])
    assert (fc2.name, fc2.count, fc2.said) == ("fc2", "10", [])
    assert fc2.drawn == tuple(range(10))
    assert fc1.drawn == (0, 1, 2, 3, 4, 5, None, 251, 252, 253, 254, 255)
    assert len(fc1.crossed) == 6  # of the 11 that are drawn


def test_each_neuron_and_each_line_is_drawn() -> None:
    picture = drawn("network Net { input(3); a: linear(4) -> relu; b: linear(MOST) }".replace("MOST", str(MOST)))
    titles = [title.text or "" for title in picture.iter(f"{SVG}title")][1:]
    assert Counter(title.split()[0] for title in titles) == {"input": 3, "a": 4, "b": MOST}
    lines = [path.get("d", "").count("M") for path in picture.iter(f"{SVG}path")]
    assert lines == [3 * 4, 4 * MOST]


def test_what_is_dropped_has_no_lines() -> None:
    text = "network Net { input(4); a: linear(8) -> dropout(0.25) -> relu; b: linear(2) }"
    lines = [path.get("d", "").count("M") for path in drawn(text).iter(f"{SVG}path")]
    assert lines[:2] == [4 * 6, 6 * 2]
    assert len(columns(text)[1].crossed) == 2
    assert drawn(text).attrib == drawn(text).attrib


def test_what_is_no_input_of_the_network_is_not_called_one() -> None:
    block = "block Head { linear(2) }"
    given, made = (columns(f"{block}\nnetwork Net {{ input(3); {line} -> Head }}") for line in ("it", "it * it"))
    assert (given[0].name, made[0].name) == ("input", "features")


def test_through_blocks_and_to_the_last_map() -> None:
    text = """
    sequence Head(classes, hidden = 32) { linear(hidden) -> relu -> dropout(0.2) -> linear(classes) }
    network Net { input(3, 8, 8); conv(4, 3) -> relu; global_avgpool -> flatten; batchnorm; head: Head(5) }
    """
    assert [(column.name, column.count) for column in columns(text)] == [
        ("4×1×1", "4"),
        ("head.0", "32"),
        ("head.3", "5"),
    ]
    assert columns(text)[0].said == ["flatten", "batchnorm"]


def test_not_beyond_a_sum_or_a_pair_of_values() -> None:
    text = "network Net { input(8); it + (it -> linear(8)) -> linear(4) -> softmax }"
    assert [column.count for column in columns(text)] == ["8", "4"]


def test_halves_are_no_dense_layer() -> None:
    halved = columns("network Net { input(4); linear(8) -> glu -> linear(3) }")
    assert [(column.count, column.is_dense) for column in halved] == [
        ("4", True), ("8", True), ("4", False), ("3", True)
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["network N { input(3, 8, 8); conv(2, 3) }", "network N { input(3) -> relu }"])
def test_a_network_without_dense_layers_at_its_end(text: str) -> None:
    with pytest.raises(OptionError, match="N ends in no dense layer"):
        cnndsl.compile(text).neurons()


def test_every_model_is_drawn_or_refused() -> None:
    for path in MODELS:
        try:
            ET.fromstring(compilation_of(path).neurons())  # noqa: S314 - made here
        except OptionError:
            continue


def test_hostile_names_stay_text() -> None:
    text = 'network Net { input(3); "<script>alert(1)</script>": linear(2) }'
    assert "<script" not in re.sub(r"&lt;script", "", cnndsl.compile(text).neurons())
