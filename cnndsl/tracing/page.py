"""Pages that stand by themselves, light and dark, for the screen and for paper: a run step by step, and one kernel on
its way over what comes into its layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

from cnndsl import web
from cnndsl.backends.graphviz.labels import printable
from cnndsl.backends.volume.svg import number
from cnndsl.diagnostics import OptionError
from cnndsl.i18n import language, listed, tr, trn
from cnndsl.theme import DARK, LIGHT, Theme
from cnndsl.tracing import figure as figures
from cnndsl.tracing.arithmetic import drawings, heading, heading_of_all, lines
from cnndsl.tracing.figure import Curve, Figure, Map, Score, Shown, Sliding
from cnndsl.tracing.pixels import HEIGHT, data_url, outline, png_of, zero_line

_CELL = 0.75
"""How wide a feature is at most, in the page's own unit."""


def page(figure: Figure) -> str:
    """The page of a run, with every step that the figure has."""
    return _filled("run", figure, tr("{network}, step by step", network=figure.network))


def kernel_page(figure: Figure) -> str:
    """The page of the first convolution or pooling of a figure alone. Raises OptionError where none is seen."""
    shown = next((each for each in _every(figure.steps) if each.sliding is not None), None)
    if shown is None:
        of = figure.part or figure.network
        message = (
            f"{of} has no convolution or pooling, on one or two axes, with a kernel that is small enough to be seen"
        )
        raise OptionError("kernel", message)
    title = tr("{part} of {network}, step by step", part=shown.title, network=figure.network)
    return _filled("kernel", figure, title, shown=shown)


def _every(steps: Sequence[Shown]) -> Iterator[Shown]:
    """All steps, those inside a block before it."""
    for shown in steps:
        yield from _every(shown.inside)
        yield shown


def _filled(template: str, figure: Figure, title: str, **more: Any) -> str:
    helpers = (
        *(tr, trn, listed, lines, heading, heading_of_all, drawings, zero_line, outline, number),
        *(data_url, png_of, printable),
    )
    return web.page(
        template,
        lang=language(),
        title=printable(title),
        figure=figure,
        themes={"light": _colours(LIGHT, "#FCBE70", "#96C4E2"), "dark": _colours(DARK, "#8A4B0F", "#1F5F97")},
        words=_words(),
        figures=figures,
        height=HEIGHT,
        cell=_CELL,
        share=lambda number, bound: f"{100 * min(abs(number) / bound, 1):.0f}%" if bound and isfinite(number) else "0%",
        slide=_slide,
        sizes=lambda shown: listed([figures.size(value) for value in shown.values]),
        row=_row,
        bar=_bar,
        is_live=any(shown.sliding is not None for shown in _every(figure.steps)),
        **{helper.__name__: helper for helper in helpers},
        **more,
    )


_NAMED = ("background", "heading", "text", "quiet", "size", "cluster", "cluster_line")


def _colours(theme: Theme, above: str, below: str) -> str:
    """The colours of a theme as variables, and those of each kind of layer on what is of that kind.

    above, below: what a written number of the largest magnitude stands on, on either side of zero.
    """
    named = ";".join(f"--{name}:{getattr(theme, name)}" for name in _NAMED)
    tints = "".join(f".{kind}{{--fill:{tint.fill};--line:{tint.line}}}\n" for kind, tint in theme.tints.items())
    return f":root{{{named};--fill:{theme.background};--line:{theme.heading};--above:{above};--below:{below}}}\n{tints}"


def _row(curve: Curve) -> Map:
    """The numbers of a signal as a map of one row."""
    return Map(curve.channel, len(curve.numbers), 1, b"", curve.low, curve.high, (curve.numbers,))


def _bar(score: Score, reach: float, *, signed: bool) -> tuple[str, str]:
    """From where a score's bar reaches how far, in percent of the room; it begins in the middle where some are less."""
    wide, left = 100 * figures.length(score, reach), 0.0
    if score.share is None and signed:
        wide /= 2
        left = 50 - wide * (score.number < 0)
    return f"{left:.1f}", f"{wide:.1f}"


def _words() -> dict[str, str]:
    """What the script of the kernels says; it puts numbers in the place of what stands in braces."""
    return {
        "row": tr("row {number}"),
        "column": tr("column {number}"),
        "position": tr("position {number}"),
        "channel": tr("channel {number}"),
        "places": tr("{places} of {channel}"),
        "comma": tr(", "),
        "heading": tr("The number in {place}"),
        "largest": tr("the largest of {numbers}"),
        "mean": tr("the mean of {numbers}"),
        "numbers": tr("{count} numbers"),
        "products": tr("the sum of {count} products"),
        "bias": tr("bias"),
        "back": tr("Back"),
        "play": tr("Play"),
        "pause": tr("Pause"),
        "next": tr("Next"),
        "place": tr("Place of the kernel"),
        "which": tr("Kernel"),
        "kernel": tr("kernel {number}"),
        "input": tr("input, {channel}"),
        "window": tr("window"),
        "weights": tr("kernel"),
        "product": tr("products"),
        "sum": tr("sum"),
        "output": tr("what comes out, {channel}"),
        "stage": tr("The arrow keys move the kernel, the space bar plays and stops."),
        "whole": tr("the whole of {channel}; the frame is the part that is shown"),
    }


_AS_THEY_ARE = ("size", "start", "first", "begin", "kernel", "stride", "dilation", "inside", "counted")


def _slide(sliding: Sliding) -> dict[str, Any]:
    """What the script has to know of kernels on their way."""
    return {
        "how": sliding.how,
        "planes": [
            {
                "channel": plane.channel,
                "numbers": _written(plane.numbers),
                "overview": data_url(png_of(plane.overview)) if plane.overview else None,
            }
            for plane in sliding.planes
        ],
        "kernels": [
            {
                "channel": kernel.channel,
                "reads": [[plane.channel for plane in sliding.planes].index(read) for read in kernel.reads],
                "results": _written(kernel.results),
                "weights": [_written(rows) for rows in kernel.weighed.weights] if kernel.weighed else None,
                "bias": None if kernel.weighed is None or kernel.weighed.bias is None else _exact(kernel.weighed.bias),
                "rest": _written(kernel.weighed.rest) if kernel.weighed and kernel.weighed.rest else None,
            }
            for kernel in sliding.kernels
        ],
        **{name: getattr(sliding, name) for name in _AS_THEY_ARE},
        "signal": sliding.is_signal,
        "others": trn("{count:,} more channel", "{count:,} more channels", sliding.left_out),
        "note": _left_out(sliding),
    }


def _left_out(sliding: Sliding) -> str:
    """What is not to be seen of a layer."""
    said = []
    high, wide = len(sliding.kernels[0].results), len(sliding.kernels[0].results[0])
    if (high, wide) != sliding.out:
        top, left = sliding.first
        across = "positions {start} to {end}" if sliding.is_signal else "columns {start} to {end}"
        ends = [tr(across, start=left, end=left + wide - 1)]
        if not sliding.is_signal:
            ends.insert(0, tr("rows {start} to {end}", start=top, end=top + high - 1))
        whole = " × ".join(map(str, sliding.out[sliding.is_signal :]))
        said.append(tr("of {whole} places, {part} are shown; --at shows others", whole=whole, part=tr(", ").join(ends)))
    if sliding.left_out:
        one, many = (
            "{count:,} more channel of the input is added up and not drawn",
            "{count:,} more channels of the input are added up and not drawn",
        )
        said.append(trn(one, many, sliding.left_out))
    if sliding.more:
        said.append(trn("{count:,} more kernel not shown", "{count:,} more kernels not shown", sliding.more))
    return "; ".join(said)


def _written(rows: Sequence[Sequence[float]]) -> list[list[float | str]]:
    return [[_exact(number) for number in row] for row in rows]


def _exact(number: float) -> float | str:
    """A number in the digits that float32 has, for JSON, which has none for what is infinite or no number."""
    if not isfinite(number):
        return {"inf": "Infinity", "-inf": "-Infinity"}.get(str(number), "NaN")
    return int(number) if number == int(number) and abs(number) < 2**53 else float(f"{number:.9g}")
