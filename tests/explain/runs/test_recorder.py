"""Which steps of a run are shown, and what is said of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cnndsl.diagnostics import OptionError
from cnndsl.tracing import recording
from cnndsl.tracing.figure import LEVELS
from cnndsl.tracing.page import page
from cnndsl.tracing.svg import svg
from tests.explain.runs.support import SMALL, every, numbers, ran, step, titles

BLOCKS = """
block Unit(channels) {
    conv(channels, 3, padding=1)
    it + input -> relu
}
network Net {
    input(2, 6, 6)
    first: conv(4, 3, padding=1)
    body: Unit(4) * 5
    pool = maxpool(2)
    body2: Unit(4) -> pool -> flatten
    last: { dropout -> linear(3) }
}
"""
X = numbers(2, 6, 6)


def test_every_step_of_a_small_network_is_shown() -> None:
    figure = ran(SMALL, numbers(1, 6, 6))
    assert titles(figure) == ["conv", "relu1", "flatten", "fc"]
    assert [shown.role for shown in figure.steps] == ["convolution", "activation", "shape", "dense"]
    assert [shown.values[0].shape for shown in figure.steps] == [(4, 4, 4), (4, 4, 4), (64,), (3,)]
    assert step(figure, "flatten").remark == "put there by the compiler"
    assert step(figure, "conv").formulas == (("height, width", "(I - K + 2D) / S + 1 = (6 - 3 + 2*0) / 1 + 1 = 4"),)
    assert step(figure, "conv").place == "net.cnn, line 3"
    assert figure.source == "net.cnn"
    assert figure.summary.startswith("235 parameters")


def test_what_has_no_batch_is_shown_whole() -> None:
    figure = ran(
        """
block Gain(x) { relu(x) * input }
network Net {
    input(2, 6, 6)
    scale = parameter([], init=2)
    gate = parameter([2, 1, 1], init=1)
    Gain(gate + gate) -> relu
    it * scale + parameter([1, 2, 6, 6])
}""",
        X,
    )
    shapes = [shown.values[0].shape for shown in figure.steps]
    assert shapes == [(1,), (2, 1, 1), (2, 1, 1), (2, 6, 6), (2, 6, 6), (2, 6, 6), (1, 2, 6, 6), (2, 6, 6)]
    assert [shown.values[0].shape for shown in step(figure, "gain1").inside] == [(2, 1, 1), (2, 6, 6)]


def test_of_equal_blocks_the_first_and_the_last_are_shown() -> None:
    figure = ran(BLOCKS, X)
    body = step(figure, "body")
    assert [(shown.title, shown.skipped, len(shown.inside)) for shown in body.inside] == [
        ("body.0", 0, 3),
        ("body.4", 3, 3),
    ]
    assert [shown.kind for shown in body.inside[0].inside] == ["conv", "add", "relu"]
    assert step(figure, "last.0").remark == "changes nothing outside of training"


def test_a_part_is_shown_alone_and_whole() -> None:
    figure = ran(BLOCKS, X, part="body.3")
    assert [shown.title for shown in figure.steps] == ["body.3"]
    assert [shown.title for shown in figure.steps[0].inside] == ["body.3.conv1", "+", "body.3.relu1"]
    assert figure.part == "body.3"
    (whole,) = ran(BLOCKS, X, part="body").steps
    assert [shown.title for shown in whole.inside] == [f"body.{k}" for k in range(5)]
    (layer,) = ran(BLOCKS, X, part="body.2.conv1").steps
    assert layer.title == "body.2.conv1"


def test_depth() -> None:
    closed = ran(BLOCKS, X, depth=0)
    assert [shown.title for shown in closed.steps] == ["first", "body", "body2", "pool", "flatten", "last"]
    assert not any(shown.inside for shown in closed.steps)
    assert len(step(ran(BLOCKS, X, depth=1), "body").inside) == 5


def test_a_shared_layer_says_so() -> None:
    figure = ran("network Net { input(1, 4, 4); a = relu; conv(1, 1) -> a -> conv(1, 1) -> a }", numbers(1, 4, 4))
    assert [shown.remark for shown in figure.steps] == ["", "", "", "the same layer once more, use 2"]


def test_what_comes_out() -> None:
    scored = ran(SMALL, numbers(1, 6, 6), labels=("cat", "dog", "bird")).results[0]
    assert [score.label for score in scored.scores] == ["cat", "dog", "bird"]
    assert sum(score.share or 0 for score in scored.scores) == pytest.approx(1)
    many = ran("network Net { input(30) -> linear(50) }", numbers(30)).results[0]
    assert (len(many.scores), many.left_out) == (10, 40)
    ordered = [score.number for score in many.scores]
    assert ordered == sorted(ordered, reverse=True)
    sure = ran("network Net { input(4) -> linear(3) -> softmax }", numbers(4)).results[0]
    assert [score.share for score in sure.scores] == [None] * 3
    with pytest.raises(OptionError, match="there are 2 lines, and 3 numbers come out"):
        ran(SMALL, numbers(1, 6, 6), labels=("cat", "dog"))


def test_maps_have_no_labels() -> None:
    with pytest.raises(OptionError, match="what comes out of Net is no list of numbers"):
        ran("network Net { input(1, 4, 4) -> relu }", numbers(1, 4, 4), labels=("cat",))


def test_a_network_may_give_what_it_takes() -> None:
    figure = ran("network Net { input(3) }", "1 2 3")
    assert figure.steps == ()
    assert figure.results[0].value == figure.given[0].value
    assert "What comes out" in page(figure)
    assert "What comes out" in svg(figure)


def test_several_results_have_their_names() -> None:
    text = "network Net { input(4); a = it -> linear(2); b = it -> linear(3); output left = a, right = b }"
    assert [result.name for result in ran(text, numbers(4)).results] == ["left", "right"]
    text = "network Net { input(4); a = it -> linear(2); b = it -> linear(3); output a, b }"
    assert [result.name for result in ran(text, numbers(4)).results] == ["a", "b"]


def test_there_is_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_STEPS", 4)
    figure = ran(BLOCKS, X)
    assert sum(1 for _ in every(figure.steps)) == 4
    assert figure.skipped > 0
    assert figure.results[0].value.shape == (3,)


def test_a_place_that_is_nowhere() -> None:
    with pytest.raises(OptionError, match="has a number at 9, 9"):
        ran(SMALL, numbers(1, 6, 6), at=(9, 9))


def test_a_step_of_training_is_not_taken() -> None:
    text = "network Net { input(4); a: linear(2); when training { extra = it -> b: linear(1) }; output a = it }"
    with pytest.raises(OptionError, match="b is not applied outside of training"):
        ran(text, numbers(4), part="b")


def test_pytorch_may_refuse() -> None:
    with pytest.raises(OptionError, match="PyTorch cannot run Net on this: index out of range"):
        ran("network Net { input(3) -> embedding(10, 4) }", "1 2 12")


def test_a_layer_from_elsewhere_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "doubling_layers.py").write_text(
        "from torch import nn\nclass Twice(nn.Module):\n    def forward(self, x):\n        return 2 * x\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    text = 'extern Twice from "doubling_layers" (shape = same)\nnetwork Net { input(2) -> twice: Twice() }'
    figure = ran(text, "1 2", numbers=True, allow_extern="doubling_layers")
    assert figure.steps[0].values[0].maps[0].numbers == ((2, 4),)
    assert figure.steps[0].role == "block"


def test_what_dropout_drops_in_training() -> None:
    text = "network Net { input(2, 6, 6) -> conv(4, 3) -> dropout_channels(0.5) -> linear(40) -> dropout(0.5) }"
    figure = ran(text, numbers(2, 6, 6), training=True)
    channels, features = step(figure, "dropout_channels1"), step(figure, "dropout1")
    for given, value in ((step(figure, "conv1"), channels), (step(figure, "linear1"), features)):
        before, after = given.values[0], value.values[0]
        for one, other in zip(before.maps, after.maps, strict=True):
            gone = [place for place, level in enumerate(other.levels) if level == LEVELS != one.levels[place]]
            assert set(gone) <= set(other.dropped)
            assert all(other.levels[place] == LEVELS for place in other.dropped)
    assert 0 < len(features.values[0].maps[0].dropped) < 40
    assert {picture.is_dropped for picture in channels.values[0].maps} == {False, True}
    assert f"{len(features.values[0].maps[0].dropped)} of 40 numbers dropped" in features.remark
    assert ran(text, numbers(2, 6, 6), training=True) == figure
    assert ran(text, numbers(2, 6, 6), training=True, seed=1) != figure
    assert step(ran(text, numbers(2, 6, 6)), "dropout1").values[0].maps[0].dropped == ()


def test_what_was_zero_before_is_not_counted_as_kept() -> None:
    figure = ran("network Net { input(200) -> relu -> dropout(0.5) }", numbers(200), training=True)
    given, gave = (step(figure, name).values[0].maps[0] for name in ("relu1", "dropout1"))
    others = 200 - given.levels.count(LEVELS)
    assert 0 < others < 200
    gone = others - (200 - gave.levels.count(LEVELS))
    assert step(figure, "dropout1").remark == f"dropped {gone} of the {others} numbers that were not zero"


@pytest.mark.parametrize("p", [0.2, 0.7])
def test_alpha_dropout_drops_to_what_keeps_the_variance(p: float) -> None:
    figure = ran(f"network Net {{ input(1000) -> selu -> alpha_dropout({p}) }}", numbers(1000), training=True)
    gone = re.match(r"(dropped )?([\d,]+) of", step(figure, "alpha_dropout1").remark)
    assert gone is not None
    assert abs(int(gone[2].replace(",", "")) - 1000 * p) < 60


def test_what_there_is_in_training_alone() -> None:
    text = """
    network Net {
        input(4, 6, 6)
        conv(4, 3) -> dropout_channels(0.9) -> batchnorm
        when training { aux = it -> conv(2, 1) }
        output it, aux when training
    }
    """
    figure = ran(text, numbers(4, 6, 6), training=True)
    assert [shown.title for shown in figure.steps] == ["conv1", "dropout_channels1", "batchnorm1", "conv2"]
    assert len(figure.results) == 2
    assert len(ran(text, numbers(4, 6, 6)).results) == 1
