"""Kernels on their way, used in Chromium: with the mouse, by keyboard, and every number against PyTorch's."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from math import fsum
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cnndsl.i18n import speaking
from cnndsl.layers.formula import SizeError
from cnndsl.layers.registry import KINDS
from cnndsl.tracing.arithmetic import lines
from cnndsl.tracing.figure import Figure, Shown, short
from cnndsl.tracing.page import kernel_page, page
from cnndsl.tracing.windows import sliding, worked
from tests.explain.runs.support import KERNEL, WORKED, ran
from tests.layers.oracle import build

SIZES = ["desktop", "phone"]
WALK = """() => [...document.querySelectorAll('.live')].map((live) => {
  const [slider, choice] = [live.querySelector('input'), live.querySelector('select')];
  const told = () => ['.parts .sum', '.said .sum'].flatMap((lines) =>
    [...live.querySelectorAll(lines)].map((line) => line.textContent));
  const found = [];
  for (let k = 0; k < (choice ? choice.length : 1); k++) {
    if (choice) { choice.selectedIndex = k; choice.dispatchEvent(new Event('change')); }
    for (let at = 0; at <= Number(slider.max); at++) {
      slider.value = at; slider.dispatchEvent(new Event('input'));
      found.push([k, at, told(), live.querySelector('.total').textContent,
        live.querySelectorAll('.output')[k].querySelector('.here').title]);
    }
  }
  return found;
})"""
"""What is told at every place of every kernel of every layer of a page."""


def drawn(seed: int) -> list[tuple[Any, nn.Module, Tensor]]:
    """Layers with their module and a sample, of whole numbers, so that every sum is exact."""
    rng = random.Random(seed)  # noqa: S311 - nothing is kept secret
    found: list[tuple[Any, nn.Module, Tensor]] = []
    while len(found) < 12:
        rank, groups = rng.choice([1, 2, 2]), rng.choice([1, 1, 2])
        kind = rng.choice(["conv", "conv", "maxpool", "avgpool"])
        common = {"kernel": rng.randint(1, 4), "stride": rng.randint(1, 3), "padding": rng.choice([0, 1, 2, "same"])}
        if kind == "conv":
            mode = rng.choice(["zeros", "zeros", "reflect", "replicate", "circular"])
            common |= {"channels": groups * rng.randint(1, 2), "groups": groups, "padding_mode": mode}
            common |= {"bias": rng.random() < 0.5, "dilation": rng.randint(1, 2)}
        elif kind == "maxpool":
            common |= {"ceil_mode": rng.random() < 0.3, "dilation": rng.randint(1, 2)}
        else:
            common |= {"ceil_mode": rng.random() < 0.3, "count_include_pad": rng.random() < 0.5}
        size = (groups * rng.choice([1, 2, 3, 6]), *(rng.choice([5, 8, 19]) for _ in range(rank)))
        x = torch.randint(-4, 5, size, generator=torch.Generator().manual_seed(seed + len(found))).float()
        try:
            layer = KINDS[kind].model_validate(common)
            spelling = layer.torch(tuple(x.shape))
            layer.output(tuple(x.shape))
        except (ValueError, SizeError):
            continue  # no such layer
        module = build(spelling)
        generator = torch.Generator().manual_seed(seed)
        for parameter in module.parameters():
            parameter.data = torch.randint(-3, 4, parameter.shape, generator=generator).float()
        found.append((layer, module, x))
    return found


def figure_of(steps: Sequence[Shown]) -> Figure:
    return Figure("Net", "net.cnn", "", "", (), tuple(steps), (), is_compared=True)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("seed", range(3))
def test_every_number_is_that_of_pytorch(seed: int, visit: Any) -> None:
    layers, steps = drawn(seed), []
    for number, (layer, module, x) in enumerate(layers):
        with torch.no_grad():
            y = module(x[None])[0]
        slid = sliding(layer, module, x, y, 3)
        assert slid is not None
        steps.append(Shown(f"layer{number}", layer.kind, "convolution", "", "", (), sliding=slid))
    for (layer, module, x), shown, found in zip(
        layers, steps, visit(page(figure_of(steps))).evaluate(WALK), strict=True
    ):
        slid = shown.sliding
        assert slid is not None
        with torch.no_grad():
            y = module(x[None])[0]
        wide = len(slid.kernels[0].results[0])
        assert len(found) == len(slid.kernels) * len(slid.kernels[0].results) * wide
        for k, place, told, total, cell in found:
            row, column = slid.first[0] + place // wide, slid.first[1] + place % wide
            at = (slid.kernels[k].channel, *((row, column) if x.dim() == 3 else (column,)))
            result = float(y[at])
            assert cell == short(result)
            assert told[-1].endswith(f" {short(result)}")
            if layer.kind == "conv":
                expected = worked(layer, module, x, y, at)
                assert expected is not None
                assert told == lines(expected)
                parts = [window.total for window in expected.windows]
                assert total == short(parts[0])
                assert fsum([*parts, expected.rest, expected.bias or 0]) == result
                weighed = slid.kernels[k].weighed
                assert weighed is not None
                assert not weighed.rest or weighed.rest[place // wide][place % wide] == expected.rest
            else:
                read = [float(word.replace("−", "-")) for word in re.findall(r"−?[\d.]+", told[0])[:-1]]
                assert (max(read) if layer.kind == "maxpool" else fsum(read) / len(read)) == pytest.approx(result)


def test_numbers_are_written_as_in_every_other_place(visit: Any) -> None:
    """Halves go to the even digit, and what is no number is said to be none."""
    numbers = [0.1, 1.125, 1.375, -0.0625, 1234.5, 1e-5, -2.5e-7, 99999, 1e5, 123456.0, 0.0001235, -0.5, 7e20, 0.00025]
    numbers += [0.837465 * 10.0**power * (-1) ** power for power in range(-8, 7)]
    numbers += [float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 2.5, 1.0]
    layer = KINDS["maxpool"].model_validate({"kernel": 1})
    steps = []
    for at in range(0, len(numbers), 12):
        part = torch.tensor([numbers[at : at + 12]])
        slid = sliding(layer, None, part, part, 1)
        assert slid is not None
        steps.append(Shown("a", "maxpool", "pooling", "", "", (), sliding=slid))
    told = visit(page(figure_of(steps))).evaluate(WALK)
    assert [cell for layer in told for *_, cell in layer] == [short(x) for x in torch.tensor(numbers).tolist()]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_the_lesson(size: str, dark: bool, visit: Any) -> None:
    figure = ran(KERNEL, WORKED, numbers=True)
    live = visit(kernel_page(figure), size=size, dark=dark)
    said = live.locator(".said")
    assert said.inner_text().split("\n")[-1] == "2·1 + 2·0 + 1·0 + 1·1 = 3"
    live.get_by_role("button", name="Next").click()
    assert said.inner_text().split("\n")[-1] == "2·1 + 1·0 + 1·0 + 2·1 = 4"
    assert live.locator(".here").inner_text() == "4"
    assert live.locator(".frame").evaluate("(frame) => frame.style.getPropertyValue('--column')") == "1"
    assert live.locator(".later").count() == 7
    live.locator(".output td").nth(8).click()
    assert said.inner_text().split("\n")[0] == "The number in row 2, column 2 of channel 0"
    live.locator(".map td").first.hover() if size == "desktop" else live.locator(".map td").first.tap()
    assert "row 0, column 0" in said.inner_text()
    assert live.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_by_keyboard_alone(visit: Any) -> None:
    live = visit(kernel_page(ran(KERNEL, WORKED, numbers=True)))
    said = live.locator(".said")
    assert (said.get_attribute("role"), said.get_attribute("aria-live")) == ("status", "polite")
    live.keyboard.press("Tab")
    for key, place in (
        ("ArrowRight", "row 0, column 1"),
        ("ArrowDown", "row 1, column 1"),
        ("ArrowLeft", "row 1, column 0"),
        ("ArrowUp", "row 0, column 0"),
        ("ArrowUp", "row 0, column 0"),
        ("End", "row 2, column 2"),
        ("Home", "row 0, column 0"),
    ):
        live.keyboard.press(key)
        assert f"The number in {place} of channel 0" in said.inner_text()
    for name in ("Back", "Play", "Next"):
        live.keyboard.press("Tab")
        assert live.evaluate("document.activeElement.textContent") == name
    live.keyboard.press("Enter")
    assert "row 0, column 1" in said.inner_text()
    live.keyboard.press("Tab")
    live.keyboard.press("ArrowRight")
    assert live.get_by_role("slider").get_attribute("aria-valuetext") == "row 0, column 2 of channel 0"


def test_it_plays_to_the_end_and_again(visit: Any) -> None:
    live = visit(kernel_page(ran(KERNEL, WORKED, numbers=True)))
    live.clock.install(time=0)
    live.clock.pause_at(1)  # or time would go on while the test waits for its turn
    play = live.locator(".play")
    said = live.locator(".said")
    play.click()
    assert (play.inner_text(), said.get_attribute("aria-live")) == ("Pause", "off")
    assert "row 0, column 1" in said.inner_text()
    live.clock.run_for(2000)
    assert "row 1, column 0" in said.inner_text()
    play.click()
    live.clock.run_for(5000)
    assert "row 1, column 0" in said.inner_text()
    play.click()
    live.clock.run_for(20000)
    assert "row 2, column 2" in said.inner_text()
    assert (play.inner_text(), said.get_attribute("aria-live")) == ("Play", "polite")
    play.click()
    assert "row 0, column 0" in said.inner_text()


@pytest.mark.parametrize("size", SIZES)
def test_a_large_map_is_shown_in_part(size: str, visit: Any) -> None:
    """Of a picture of 224 x 224 so much is written as can be looked at, and what is left out is said."""
    text = "network Net { input(3, 224, 224) -> conv(64, 7, stride=2, padding=3) }"
    figure = ran(text, " ".join(str(k % 251) for k in range(3 * 224 * 224)), at=(9, 50, 60))
    (shown,) = figure.steps
    assert shown.sliding is not None
    assert [len(plane.numbers) for plane in shown.sliding.planes] == [11] * 3
    assert len(kernel_page(figure)) < 80_000
    live = visit(kernel_page(figure), size=size)
    assert "row 50, column 60 of channel 9" in live.locator(".said").inner_text()
    assert live.locator(".whole").count() == 3
    note = live.locator(".live .note").inner_text()
    assert note == (
        "of 112 × 112 places, rows 49 to 51, columns 59 to 61 are shown; --at shows others; 61 more kernels not shown."
    )
    assert live.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", SIZES)
def test_a_long_kernel_of_a_signal_has_room(size: str, visit: Any) -> None:
    figure = ran("network Net { input(1, 400) -> conv(9, 80, stride=4) }", " ".join(str(k % 7) for k in range(400)))
    live = visit(kernel_page(figure), size=size)
    live.get_by_role("button", name="Next").click()
    assert "position" in live.locator(".said").inner_text()
    assert live.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_pages_of_runs_have_them_folded(visit: Any) -> None:
    text = "network Net { input(1, 6, 6); 網: conv(2, 3) -> maxpool(2) }"
    with speaking("ja"):
        made = page(ran(text, " ".join(map(str, range(36)))))
    live = visit(made)
    assert live.locator(".stage").count() == 0
    for folded in live.locator("details.sliding > summary").all():
        assert folded.inner_text() == "カーネルを一歩ずつ動かす"
        folded.click()
    live.locator(".stage").nth(1).wait_for()  # a page is told of what was opened a moment later
    assert live.locator(".stage").count() == 2
    assert live.get_by_role("button", name="再生").count() == 2
    live.locator(".live select").first.select_option("カーネル 1")
    assert live.locator(".output.chosen figcaption").first.inner_text() == "出力、チャンネル 1"


def test_what_is_hostile_stays_text(visit: Any) -> None:
    hostile = "</script><img src=x onerror=alert(1)>"
    figure = ran(KERNEL, WORKED, numbers=True)
    steps = [Shown(hostile, hostile, "convolution", hostile, hostile, (), sliding=figure.steps[0].sliding)]
    harmless = Figure(hostile, hostile, hostile, hostile, (), tuple(steps), (), hostile)
    for made in (page(harmless), kernel_page(harmless)):
        live = visit(made)
        assert hostile in live.locator("h1").inner_text()
        assert live.locator("img[src=x]").count() == 0
