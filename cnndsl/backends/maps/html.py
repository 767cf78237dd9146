"""A figure as a page that stands by itself: no script, no other file, light and dark, for the screen and for paper."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

from cnndsl.backends.maps import pixels
from cnndsl.backends.maps.curves import HEIGHT, outline, zero_line
from cnndsl.backends.maps.figure import Curve, Figure, Given, Map, Result, Score, Shown, Value, short
from cnndsl.backends.maps.look import style
from cnndsl.backends.maps.phrases import (
    LEGEND,
    count,
    has_colours,
    legend_strip,
    length,
    longest,
    missing,
    remarks,
    size,
    span,
)
from cnndsl.backends.maps.sums import html_of_worked
from cnndsl.backends.volume.paper import safe

_CELL = 0.75
"""How wide a feature is at most, in the page's own unit."""


def page(figure: Figure) -> str:
    """The page of a figure."""
    return "\n".join(_page(figure)) + "\n"


def _page(figure: Figure) -> Iterator[str]:
    title = f"{figure.network}, step by step"
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield '<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{safe(title)}</title>"
    yield f"<style>\n{style()}</style>\n</head>\n<body>"
    yield "<header>"
    yield f"<h1>{safe(figure.network)}</h1>"
    yield f'<p class="quiet">{safe(figure.source)} · {safe(figure.summary)}</p>'
    yield f'<p class="weights">{safe(figure.weights)}</p>'
    yield from _legend(figure)
    yield "</header>\n<main>"
    yield '<section aria-label="What goes in">'
    for given in figure.given:
        yield from _given(given, alone=len(figure.given) == 1)
    yield "</section>"
    part = f" of {safe(figure.part)}" if figure.part else ""
    yield f'<section aria-label="The steps{part}">'
    if part:
        yield f"<h2>The steps{part}</h2>"
    for shown in figure.steps:
        yield from _step(shown, 2)
    if figure.skipped:
        yield f'<p class="skipped">{count(figure.skipped, "more step")} not shown. '
        yield "Name a part of the network to see the steps in it.</p>"
    yield '</section>\n<section aria-label="What comes out">'
    for result in figure.results:
        yield from _result(result)
    yield "</section>\n</main>\n</body>\n</html>"


def _legend(figure: Figure) -> Iterator[str]:
    """What the colours mean; nothing where all numbers are written."""
    if has_colours(figure.steps):
        yield '<p class="legend"><span class="scale"><span>−</span>'
        strip = _data(pixels.png(legend_strip()))
        yield f'<img class="map" alt="from blue over white to orange" src="{strip}">'
        yield "<span>+</span></span>"
        yield f'<span class="light">White</span><span class="dark">Black</span>{LEGEND}</p>'


def _given(given: Given, *, alone: bool) -> Iterator[str]:
    name = "What goes in" if alone else f"What goes in as {given.name}"
    yield '<article class="step io">'
    yield f'<h2>{safe(name)} <span class="size">{size(given.value)}</span></h2>'
    yield f'<p class="words">{safe(given.words)}</p>'
    if given.picture:
        _, height, width = given.value.shape
        alt = f"The picture as it goes in, {width} x {height} pixels"
        yield f'<p><img class="picture" alt="{safe(alt)}" src="{_data(given.picture)}"></p>'
    else:
        yield from _value(given.value, "the input")
    yield "</article>"


def _step(shown: Shown, level: int) -> Iterator[str]:
    if shown.skipped:
        yield f'<p class="skipped">{count(shown.skipped, "equal block")} not shown.</p>'
    heading = f"h{min(level, 6)}"
    values = " and ".join(map(size, shown.values))
    yield f'<article class="step {safe(shown.role)}">'
    yield f'<{heading}><span class="name">{safe(shown.title)}</span>'
    if shown.kind != shown.title:
        yield f'<span class="kind">{safe(shown.kind)}</span>'
    yield f'<span class="size">{values}</span></{heading}>'
    yield f'<p class="words">{safe(remarks(shown))}</p>'
    for axes, formula in shown.formulas:
        yield f'<p class="formula">{safe(axes)}: <code>{safe(formula)}</code></p>'
    if shown.inside:
        yield f"<details open><summary>{count(len(shown.inside), 'step')} inside</summary>"
        for inner in shown.inside:
            yield from _step(inner, level + 1)
        yield f'</details>\n<p class="words">what comes out of {safe(shown.title)}:</p>'
    for value in shown.values:
        yield from _value(value, shown.title)
    if shown.worked is not None:
        yield from html_of_worked(shown.worked, safe)
    yield "</article>"


def _value(value: Value, of: str) -> Iterator[str]:
    sort = " features" if value.is_features else " curves" if value.curves else " few" if value.is_few else ""
    yield f'<div class="maps{sort}">'
    for picture in value.maps:
        yield from _map(picture, of)
    for curve in value.curves:
        yield from _curve(curve, of)
    yield "</div>"
    if said := missing(value):
        yield f'<p class="note">{safe(said)}</p>'


def _map(picture: Map, of: str) -> Iterator[str]:
    which = f"channel {picture.channel} of {of}" if picture.channel is not None else f"the numbers of {of}"
    yield "<figure>"
    if picture.numbers:
        yield from _table(picture, which)
    else:
        wide = f' style="width:{_CELL * picture.width:g}rem;max-width:100%"' if picture.channel is None else ""
        alt = f"{safe(which)}, {span(picture)}"
        yield f'<img class="map"{wide} alt="{alt}" src="{_data(pixels.png(picture))}">'
    if picture.numbers:
        label = "" if picture.channel is None else f"channel {picture.channel}"
    else:
        label = span(picture)
        if picture.channel is not None:
            label = f'<span class="channel">{picture.channel}</span> {label}'
    yield f"<figcaption>{label}</figcaption></figure>" if label else "</figure>"


def _table(picture: Map, caption: str) -> Iterator[str]:
    yield f'<table class="numbers" aria-label="{safe(caption)}">'
    for row in picture.numbers:
        cells = []
        for number in row:
            ink = pixels.ink(number, picture.bound)
            cells.append(
                f'<td style="background:{pixels.colour(number, picture.bound)};color:{ink}">{short(number)}</td>'
            )
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</table>"


def _curve(curve: Curve, of: str) -> Iterator[str]:
    yield "<figure>"
    if curve.numbers:
        row = Map(curve.channel, len(curve.numbers), 1, b"", curve.low, curve.high, (curve.numbers,))
        yield from _table(row, f"channel {curve.channel} of {of}")
        yield f"<figcaption>channel {curve.channel}</figcaption></figure>"
        return
    label = safe(f"channel {curve.channel} of {of}, {span(curve)}")
    width = len(curve.columns)
    zero = zero_line(curve)
    yield f'<svg role="img" aria-label="{label}" viewBox="0 0 {max(width - 1, 1)} {HEIGHT}" preserveAspectRatio="none">'
    yield f'<line class="zero" x1="0" x2="{max(width - 1, 1)}" y1="{zero}" y2="{zero}"/>'
    yield f'<path d="{outline(curve)}"/></svg>'
    yield f'<figcaption><span class="channel">{curve.channel}</span> {span(curve)}</figcaption></figure>'


def _result(result: Result) -> Iterator[str]:
    yield '<article class="step io">'
    name = f"What comes out as {result.name}" if result.name else "What comes out"
    yield f'<h2>{safe(name)} <span class="size">{size(result.value)}</span></h2>'
    if result.scores:
        yield from _scores(result)
    else:
        yield '<div class="large">'
        yield from _value(result.value, result.name or "the output")
        yield "</div>"
    yield "</article>"


def _scores(result: Result) -> Iterator[str]:
    scores = result.scores
    best = max(scores, key=lambda score: score.number)
    shares = scores[0].share is not None
    reach = longest(scores)
    signed = any(score.number < 0 for score in scores)
    if shares:
        yield '<p class="words">The share is what a softmax makes of the scores: parts of a whole.</p>'
    yield '<table class="scores"><thead><tr><th scope="col">class</th><th scope="col">score</th>'
    yield f'<th scope="col">{"share" if shares else ""}</th></tr></thead><tbody>'
    for score in scores:
        marked = ' class="best"' if score is best and len(scores) > 1 else ""
        yield f'<tr{marked}><th scope="row">{_label(score)}</th>'
        yield f'<td class="number">{short(score.number)}</td><td>{_bar(score, reach, signed=signed)}</td></tr>'
    yield "</tbody></table>"
    if result.left_out:
        yield f'<p class="note">{count(result.left_out, "smaller number")} not shown</p>'


def _label(score: Score) -> str:
    return f'{score.index} <span class="label">{safe(score.label)}</span>' if score.label else str(score.index)


def _bar(score: Score, reach: float, *, signed: bool) -> str:
    """A bar of the share, or where there is none of the number itself, from zero to either side."""
    wide = 100 * length(score, reach)
    left, said = 0.0, "" if score.share is None else f"{100 * score.share:.1f} %"
    if score.share is None and signed:
        wide /= 2
        left = 50 - wide * (score.number < 0)
    return f'<span class="bar"><span style="margin-left:{left:.1f}%;width:{wide:.1f}%"></span></span>{said}'


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode()}"
