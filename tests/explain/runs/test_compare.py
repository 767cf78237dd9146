"""One layer with several settings, side by side."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as Tree

import pytest
import torch
from torch.nn import functional

import cnndsl
from cnndsl.backends.explain import Comparison
from cnndsl.diagnostics import OptionError
from cnndsl.i18n import Language, speaking
from cnndsl.tracing import Wanted, watch
from cnndsl.tracing.figure import Figure
from cnndsl.tracing.page import page
from cnndsl.tracing.svg import svg
from tests.explain.runs.support import KERNEL, WORKED, compiled

DOCS = Path(__file__).parents[3] / "docs"
SVG = "{http://www.w3.org/2000/svg}"
NUMBERS = "2 2 1 2; 1 1 2 1; 1 2 1 0; 1 0 0 1"
X = torch.tensor([[[[2.0, 2, 1, 2], [1, 1, 2, 1], [1, 2, 1, 0], [1, 0, 0, 1]]]])
WEIGHT = torch.tensor([[[[1.0, 0], [0, 1]]]])
FIXED = "network Net { input(1, 4, 4); conv(1, 2, weight=[[1, 0], [0, 1]], bias=false) -> relu -> maxpool(2, 1) }"
LEARNED = "network Net { input(1, 4, 4); conv(2, 3, padding=1) -> relu -> conv(3, 2) -> flatten -> linear(2) }"


def figure(text: str, part: str, compare: str, **options: object) -> Figure:
    wanted = Wanted(part, numbers=True)
    return watch(cnndsl.compile(text), [NUMBERS], wanted=wanted, compare=compare, **options)  # type: ignore[arg-type]


def numbers(made: Figure) -> list[list[tuple[tuple[float, ...], ...]]]:
    """The maps of each variant."""
    return [[shown.numbers for shown in step.values[0].maps] for step in made.steps]


@pytest.mark.parametrize(
    ("compare", "options"),
    [
        ("stride=1,2", [{"stride": 1}, {"stride": 2}]),
        ("padding=0,1", [{"padding": 0}, {"padding": 1}]),
        ("dilation=1,2,3", [{"dilation": 1}, {"dilation": 2}, {"dilation": 3}]),
        ('padding=0,"same"', [{"padding": 0}, {"padding": "same"}]),
        ("stride=[1,2],[2,1]", [{"stride": (1, 2)}, {"stride": (2, 1)}]),
    ],
)
@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
def test_what_pytorch_gives(compare: str, options: list[dict[str, object]]) -> None:
    made = figure(FIXED, "conv1", compare)
    wanted = [functional.conv2d(X, WEIGHT, **each)[0] for each in options]  # type: ignore[call-overload]
    assert numbers(made) == [[tuple(map(tuple, channel.tolist())) for channel in y] for y in wanted]
    assert [len(step.worked) for step in made.steps] == [y[0].numel() for y in wanted]
    for step in made.steps:
        for worked in step.worked:
            assert sum(a * b for a, b in worked.windows[0].terms) == worked.result


def test_a_pooling_on_its_way() -> None:
    made = figure(FIXED, "maxpool1", "kernel=2,3")
    y = functional.conv2d(X, WEIGHT).relu()
    assert numbers(made) == [
        [tuple(map(tuple, functional.max_pool2d(y, kernel, 1)[0, 0].tolist()))] for kernel in (2, 3)
    ]
    assert made.given[0].value.maps[0].numbers == tuple(map(tuple, y[0, 0].tolist()))
    assert [step.title for step in made.steps] == ["maxpool1 with kernel 2", "maxpool1 with kernel 3"]
    assert [step.remark for step in made.steps] == ["as written", ""]


def test_the_same_weights() -> None:
    made = figure(LEARNED, "conv2", "stride=1,2", seed=3)
    one, other = numbers(made)
    assert [[row[::2] for row in channel[::2]] for channel in one] == [list(channel) for channel in other]


def test_weights_of_another_size(tmp_path: Path) -> None:
    made = figure(LEARNED, "conv2", "kernel=2,3", seed=3)
    assert [step.remark for step in made.steps] == ["as written", "with initial weights of its own"]
    with pytest.raises(OptionError, match=r"conv1 with kernel 3 has weights of another size, .* is 1 x 1 x 3 x 3"):
        figure(FIXED, "conv1", "kernel=2,3")
    torch.save(cnndsl.compile(LEARNED).load()().state_dict(), tmp_path / "w.pt")
    with pytest.raises(OptionError, match="conv2 with kernel 3 has weights of another size"):
        figure(LEARNED, "conv2", "kernel=2,3", trained=tmp_path / "w.pt")


def test_side_by_side() -> None:
    made = figure(FIXED, "conv1", "stride=1,2")
    root = Tree.fromstring(svg(made))  # noqa: S314 - our own
    place = {text.text: (float(text.get("x", "")), float(text.get("y", ""))) for text in root.iter(f"{SVG}text")}
    (x0, y0), (x1, y1) = place["conv1 with stride 1"], place["conv1 with stride 2"]
    assert y0 == y1
    assert x1 > x0 + 100
    assert re.search(r'<div class="beside">\s*<article', page(made))


@pytest.mark.parametrize(
    ("part", "compare", "words"),
    [
        ("conv1", "stride", "takes a parameter and from 2 to 4 of its values"),
        ("conv1", "stride=1", "takes a parameter and from 2 to 4 of its values"),
        ("conv1", "stride=1,1", "takes a parameter and from 2 to 4 of its values"),
        ("conv1", "stride=1,,2", "takes a parameter and from 2 to 4 of its values"),
        ("conv1", "strides=1,2", "conv1 is a conv, which has no strides; it has channels, kernel, stride"),
        ("conv1", "stride=1,0", "conv1 cannot have stride 0: must be at least 1"),
        ("conv1", "kernel=2,9", "conv1 does not fit with kernel 9"),
        ("relu1", "kernel=2,3", "relu1 is a relu, which has no kernel"),
        ("", "stride=1,2", "one layer is compared with itself: name it"),
    ],
)
def test_what_cannot_be_compared(part: str, compare: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        cnndsl.compile(FIXED).explain(part, compare=compare)
    with pytest.raises(OptionError):
        figure(FIXED, part, compare)


def test_a_layer_that_is_used_again_is_compared_in_its_first_use() -> None:
    text = "network Net { input(1, 9, 9); both = conv(1, 3); both -> relu -> both }"
    told = cnndsl.compile(text, name="net.cnn").explain("both", compare="stride=1,2")
    assert "1 x 9 x 9" in told
    assert "1 x 7 x 7" in told
    assert "1 x 4 x 4" in told


def test_as_text() -> None:
    said = cnndsl.compile(FIXED).explain("conv1", compare="stride=1,2")
    rows = {line[:17].strip(): re.split("   +", line[17:].strip()) for line in said.splitlines()[1:]}
    assert rows[""] == ["stride 1, as written", "stride 2"]
    assert rows["out"] == ["1 x 3 x 3", "1 x 2 x 2"]
    assert rows["MACs"] == ["1 * 3 * 3 * 1 * 2 * 2 = 36", "1 * 2 * 2 * 1 * 2 * 2 = 16"]
    below = cnndsl.compile(LEARNED).explain("conv1", compare="kernel=1,2,3")
    assert [line.strip() for line in below.splitlines() if line.startswith("  kernel")] == [
        "kernel 1", "kernel 2", "kernel 3, as written"
    ]  # fmt: skip
    for form in ("markdown", "latex"):
        assert cnndsl.compile(LEARNED).explain("conv1", compare="stride=1,2", format=form).count("as written") == 1


@pytest.mark.parametrize(("folder", "language"), [(DOCS, "en"), (DOCS / "ja", "ja")])
def test_the_picture_of_the_document(request: pytest.FixtureRequest, folder: Path, language: Language) -> None:
    kernel = compiled(KERNEL, "kernel.cnn")
    with speaking(language):
        made = watch(kernel, [WORKED], wanted=Wanted("conv1", numbers=True), compare="stride=1,2")
        drawn = svg(made)
    path = folder / "images" / "strides.svg"
    if request.config.getoption("--update"):
        path.write_text(drawn, encoding="utf-8")
    assert re.sub(r"#\w{6}", "", path.read_text(encoding="utf-8")) == re.sub(r"#\w{6}", "", drawn)


def test_values() -> None:
    assert Comparison.read("padding=0, same,[1, 2]").values == (0, "same", (1, 2))
    assert Comparison.read("bias=true,false").values == (True, False)
