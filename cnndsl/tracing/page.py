"""A figure as a page that stands by itself: no script, no other file, light and dark, for the screen and for paper."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Iterator
from math import isnan

from cnndsl.backends.volume.svg import safe
from cnndsl.i18n import language, listed, tr, trn
from cnndsl.theme import DARK, LIGHT, Theme
from cnndsl.tracing.arithmetic import html_of_worked
from cnndsl.tracing.figure import (
    BLANK,
    LEVELS,
    Curve,
    Figure,
    Given,
    Map,
    Result,
    Score,
    Shown,
    Value,
    channel_said,
    has_colours,
    legend,
    legend_strip,
    length,
    longest,
    missing,
    remarks,
    short,
    size,
    span,
    which,
)

HEIGHT = 40
"""How high the picture is, in its own units."""
_INSET = 2


def outline(curve: Curve) -> str:
    """The data of a path around everything between the smallest and the largest number of each column."""
    above = [f"{x} {_height(high, curve)}" for x, (_, high) in enumerate(curve.columns)]
    below = [f"{x} {_height(low, curve)}" for x, (low, _) in enumerate(curve.columns)]
    return f"M{'L'.join([*above, *reversed(below)])}Z"


def zero_line(curve: Curve) -> str:
    """How far from the top zero lies; it is always in the picture."""
    return _height(0.0, curve)


def _height(number: float, curve: Curve) -> str:
    low, high = min(curve.low, 0.0), max(curve.high, 0.0)
    place = (high - number) / (high - low) if high > low else 0.5
    return f"{_INSET + (HEIGHT - 2 * _INSET) * min(max(place, 0.0), 1.0):.1f}"


_BELOW = ((255, 255, 255), (150, 196, 226), (45, 112, 178), (8, 44, 92))
_ABOVE_ZERO = ((255, 255, 255), (252, 190, 112), (214, 104, 16), (112, 46, 4))
"""The colours from zero to the bound; each is darker than the one before, for readers who do not see the hue."""


def _between(stops: tuple[tuple[int, int, int], ...], share: float) -> tuple[int, int, int]:
    place = share * (len(stops) - 1)
    at = min(int(place), len(stops) - 2)
    part = place - at
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(stops[at], stops[at + 1], strict=True))
    return red, green, blue


PALETTE = (
    *(_between(_BELOW, level / LEVELS) for level in range(LEVELS, 0, -1)),
    *(_between(_ABOVE_ZERO, level / LEVELS) for level in range(LEVELS + 1)),
)
"""Level -> red, green, blue."""


def colour_of(number: float, bound: float) -> str:
    """The colour of a number on a scale, as `#RRGGBB`."""
    return "#{:02X}{:02X}{:02X}".format(*PALETTE[_level(number, bound)])


def ink_over(number: float, bound: float) -> str:
    """What is to be written with on a number's colour: black or white, whichever has the greater contrast.

    They are equal where the relative luminance is 0.179 (https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio).
    """
    shares = [part / 255 for part in PALETTE[_level(number, bound)]]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return "#FFFFFF" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.179 else "#000000"


def _level(number: float, bound: float) -> int:
    return LEVELS if isnan(number) or not bound else LEVELS + round(LEVELS * max(-1.0, min(1.0, number / bound)))


def png_of(picture: Map) -> bytes:
    """The map as the bytes of a PNG, a pixel of it to a pixel of the map."""
    rows = (
        b"\0" + picture.levels[at : at + picture.width] for at in range(0, len(picture.levels), picture.width)
    )  # 0: the row is written as it is
    palette = b"".join(bytes(rgb) for rgb in PALETTE)
    clear = b""
    if BLANK in picture.levels:
        palette, clear = palette + bytes(3), _chunk(b"tRNS", b"\xff" * BLANK + b"\0")
    header = picture.width.to_bytes(4) + picture.height.to_bytes(4) + bytes((8, 3, 0, 0, 0))  # 8 bits, of a palette
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", palette),
            clear,
            _chunk(b"IDAT", zlib.compress(b"".join(rows), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


_RULES = """\
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:64rem;background:var(--background);color:var(--text);
font:16px/1.45 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
h1{margin:0;font-size:1.9rem;color:var(--heading)}
h2,h3,h4,h5,h6{margin:0;font-size:1.05rem;color:var(--heading);display:flex;flex-wrap:wrap;gap:.2rem .7rem;
align-items:baseline}
p{margin:.3rem 0}
section>h2{margin:1.2rem 0 .5rem}
header{margin-bottom:1.5rem}
.quiet,.words,.note,figcaption,.skipped,summary,.legend{color:var(--quiet)}
.words,.note,.formula,.legend,.sum,.weights,summary{font-size:.875rem}
.weights{color:var(--heading)}
code{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.92em;overflow-wrap:anywhere}
.scale{display:inline-flex;gap:.4rem;align-items:center;margin-right:.4rem;vertical-align:middle}
.scale .map{width:9rem;height:.8rem}
.dark{display:none}
.step{margin:0 0 .9rem;padding:.6rem .8rem .7rem;border-left:5px solid var(--line);background:var(--cluster);
border-radius:0 6px 6px 0;break-inside:avoid}
.step.block{break-inside:auto}
.name{overflow-wrap:anywhere}
.kind{padding:0 .5rem;border-radius:1rem;font-size:.8rem;font-weight:normal;background:var(--fill);color:var(--line);
border:1px solid var(--line)}
.size{margin-left:auto;font-weight:normal;font-size:.95rem;color:var(--size);white-space:nowrap}
.maps{display:grid;grid-template-columns:repeat(8,minmax(0,1fr));gap:.6rem .5rem;margin-top:.5rem}
.maps.few{grid-template-columns:repeat(4,minmax(0,1fr))}
.large .maps{grid-template-columns:repeat(3,minmax(0,1fr))}
.large .maps.few{grid-template-columns:repeat(2,minmax(0,1fr))}
.maps.features,.maps.curves{grid-template-columns:repeat(auto-fill,minmax(14rem,1fr))}
.maps.features{grid-template-columns:1fr}
.maps:has(.numbers){display:flex;flex-wrap:wrap;gap:.8rem 1.4rem}
.beside{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:0 1.5rem;align-items:start}
figure{margin:0;min-width:0}
figcaption{font-size:.75rem;line-height:1.3;font-variant-numeric:tabular-nums}
.channel{font-weight:bold;margin-right:.25rem;color:var(--text)}
img.map{display:block;width:100%;height:auto;image-rendering:pixelated;border:1px solid var(--cluster_line)}
img.picture{display:block;max-width:100%;min-width:12rem;image-rendering:pixelated}
img.plane{min-width:0;width:7rem}
.planes{display:flex;flex-wrap:wrap;gap:.8rem;margin:.5rem 0}
.curves svg{display:block;width:100%;height:4rem;background:var(--background);border:1px solid var(--cluster_line)}
.curves path{fill:var(--size);stroke:var(--size);stroke-width:1.2;vector-effect:non-scaling-stroke}
.curves .zero{stroke:var(--cluster_line);vector-effect:non-scaling-stroke}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
.crossed{position:relative}
.crossed svg{position:absolute;inset:0;width:100%;height:100%}
.crossed path{fill:none;stroke:var(--heading);stroke-width:1;vector-effect:non-scaling-stroke}
.numbers td.dropped{outline:2px solid var(--heading);outline-offset:-2px;text-decoration:line-through}
.numbers td,.grid td{min-width:2.3rem;padding:.25rem .4rem;text-align:center;font-size:.85rem;
border:1px solid var(--cluster_line)}
details{margin:.5rem 0}
summary{cursor:pointer;margin-bottom:.4rem}
.skipped{margin:.2rem 0 .9rem .3rem;font-size:.9rem}
.worked{margin-top:.7rem;padding-top:.5rem;border-top:1px solid var(--cluster_line);font-size:.9rem}
.windows,.window{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem .6rem}
.windows{gap:.6rem 2rem}
.grid .padding{color:var(--quiet);border-style:dashed}
.grid .under{background:var(--fill);border:2px solid var(--line)}
.grid .hit{font-weight:bold;outline:2px solid var(--size);outline-offset:-2px}
.grid.wide td{min-width:0;padding:.1rem .2rem;font-size:.62rem}
.times{font-size:1.4rem}
.strip{display:flex;flex-wrap:wrap;gap:.8rem 1.4rem}
.strip svg{max-width:100%;height:auto;padding:.3rem;background:#fff;box-sizing:content-box}
.scores{width:100%;margin-top:.4rem}
.scores th{font-weight:normal;text-align:left;padding:.15rem .8rem .15rem 0;white-space:nowrap}
.scores thead th{font-size:.8rem;color:var(--quiet)}
.scores .number{text-align:right;padding-right:1rem}
.scores td:last-child{width:70%;white-space:nowrap}
.scores .best th,.scores .best td{font-weight:bold;color:var(--heading)}
.label{margin-left:.4rem}
.bar{display:inline-block;width:calc(100% - 6rem);height:.8rem;margin-right:.6rem;vertical-align:middle;
background:var(--background);border:1px solid var(--cluster_line)}
.bar span{display:block;height:100%;background:var(--size)}
@media print{body{max-width:none;padding:0;font-size:10pt}summary{display:none}
.step,.maps,.bar,.bar span,td{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
@media screen and (max-width:48rem){.maps,.large .maps{grid-template-columns:repeat(auto-fill,minmax(6rem,1fr))}}
@media screen and (max-width:36rem){.size{margin-left:0}.label{white-space:normal}}
"""
_NAMED = ("background", "heading", "text", "quiet", "size", "cluster", "cluster_line")


def style() -> str:
    """The style sheet of a page; where the reader's system is dark, so is the page, and zero is black in its maps."""
    dark = f"{_colours(DARK)}img.map{{filter:invert(1) hue-rotate(180deg)}}\n"
    dark += ".light{display:none}.dark{display:inline}\n"
    return f"{_colours(LIGHT)}{_RULES}@media screen and (prefers-color-scheme:dark){{\n{dark}}}\n"


def _colours(theme: Theme) -> str:
    """The colours of a theme as variables, and those of each kind of layer on what is of that kind."""
    named = ";".join(f"--{name}:{getattr(theme, name)}" for name in _NAMED)
    tints = "".join(f".{kind}{{--fill:{tint.fill};--line:{tint.line}}}\n" for kind, tint in theme.tints.items())
    return f":root{{{named};--fill:#fff;--line:#000}}\n{tints}"


_CELL = 0.75
"""How wide a feature is at most, in the page's own unit."""


def page(figure: Figure) -> str:
    """The page of a figure."""
    return "\n".join(_page(figure)) + "\n"


def _page(figure: Figure) -> Iterator[str]:
    title = tr("{network}, step by step", network=figure.network)
    yield "<!doctype html>"
    yield f'<html lang="{language()}">'
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
    yield f'<section aria-label="{tr("What goes in")}">'
    for given in figure.given:
        yield from _given(given, alone=len(figure.given) == 1)
    yield "</section>"
    part = "" if figure.is_compared else figure.part
    steps = safe(tr("The steps of {part}", part=part) if part else tr("The steps"))
    yield f'<section aria-label="{steps}">'
    if part:
        yield f"<h2>{steps}</h2>"
    if figure.is_compared:
        yield '<div class="beside">'
    for shown in figure.steps:
        yield from _step(shown, 2)
    if figure.is_compared:
        yield "</div>"
    if figure.skipped:
        said = trn("{count:,} more step not shown", "{count:,} more steps not shown", figure.skipped)
        yield f'<p class="skipped">{said}. {tr("Name a part of the network to see the steps in it.")}</p>'
    yield f'</section>\n<section aria-label="{tr("What comes out")}">'
    for result in figure.results:
        yield from _result(result)
    yield "</section>\n</main>\n</body>\n</html>"


def _legend(figure: Figure) -> Iterator[str]:
    """What the colours mean; nothing where all numbers are written."""
    if has_colours(figure.steps):
        yield '<p class="legend"><span class="scale"><span>−</span>'
        strip = _data(png_of(legend_strip()))
        yield f'<img class="map" alt="{tr("from blue over white to orange")}" src="{strip}">'
        yield "<span>+</span></span>"
        zero = f'<span class="light">{tr("White")}</span><span class="dark">{tr("Black")}</span>'
        yield f"{legend(zero)}</p>"


def _given(given: Given, *, alone: bool) -> Iterator[str]:
    name = tr("What goes in") if alone else tr("What goes in as {name}", name=given.name)
    yield '<article class="step io">'
    yield f'<h2>{safe(name)} <span class="size">{size(given.value)}</span></h2>'
    yield f'<p class="words">{safe(given.words)}</p>'
    if given.picture:
        _, height, width = given.value.shape
        alt = tr("The picture as it goes in, {width} x {height} pixels", width=width, height=height)
        yield f'<div class="planes"><img class="picture" alt="{safe(alt)}" src="{_data(given.picture)}">'
        for name, png in given.planes:
            image = f'<img class="picture plane" alt="{tr("its channel {name}", name=tr(name))}" src="{_data(png)}">'
            yield f"<figure>{image}<figcaption>{tr(name)}</figcaption></figure>"
        yield "</div>"
    else:
        yield from _value(given.value, tr("the input"))
    yield "</article>"


def _step(shown: Shown, level: int) -> Iterator[str]:
    if shown.skipped:
        said = trn("{count:,} equal block not shown", "{count:,} equal blocks not shown", shown.skipped)
        yield f'<p class="skipped">{said}.</p>'
    heading = f"h{min(level, 6)}"
    values = listed([size(value) for value in shown.values])
    yield f'<article class="step {safe(shown.role)}">'
    yield f'<{heading}><span class="name">{safe(shown.title)}</span>'
    if shown.kind != shown.title:
        yield f'<span class="kind">{safe(shown.kind)}</span>'
    yield f'<span class="size">{values}</span></{heading}>'
    yield f'<p class="words">{safe(remarks(shown))}</p>'
    for axes, formula in shown.formulas:
        yield f'<p class="formula">{safe(axes)}: <code>{safe(formula)}</code></p>'
    if shown.inside:
        said = trn("{count} step inside", "{count} steps inside", len(shown.inside))
        yield f"<details open><summary>{said}</summary>"
        for inner in shown.inside:
            yield from _step(inner, level + 1)
        yield f'</details>\n<p class="words">{tr("what comes out of {what}", what=safe(shown.title))}:</p>'
    for value in shown.values:
        yield from _value(value, shown.title)
    if shown.worked:
        yield from html_of_worked(shown.worked, [channel for value in shown.values for channel in value.channels])
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
    said = which(picture.channel, of)
    yield "<figure>"
    if picture.numbers:
        yield from _table(picture, said)
    else:
        wide = f' style="width:{_CELL * picture.width:g}rem;max-width:100%"' if picture.channel is None else ""
        alt = f"{safe(said)}, {span(picture)}"
        image = f'<img class="map" alt="{alt}" src="{_data(png_of(picture))}">'
        yield f'<div class="crossed"{wide}>{image}{"".join(_crosses(picture))}</div>'
    if picture.numbers:
        label = "" if picture.channel is None else channel_said(picture.channel)
    else:
        label = span(picture)
        if picture.channel is not None:
            label = f'<span class="channel">{picture.channel}</span> {label}'
    yield f"<figcaption>{label}</figcaption></figure>" if label else "</figure>"


def _crosses(picture: Map) -> Iterator[str]:
    """What a dropout has dropped, crossed out: places of a list, or a whole channel."""
    if picture.dropped:
        wide, high = (1, 1) if picture.is_dropped else (picture.width, picture.height)
        yield f'<svg viewBox="0 0 {wide} {high}" preserveAspectRatio="none" aria-hidden="true"><path d="'
        for place in (0,) if picture.is_dropped else picture.dropped:
            row, column = divmod(place, wide)
            yield f"M{column} {row}l1 1m0-1l-1 1"
        yield '"/></svg>'


def _table(picture: Map, caption: str) -> Iterator[str]:
    yield f'<table class="numbers" aria-label="{safe(caption)}">'
    for at, row in enumerate(picture.numbers):
        cells: list[str] = []
        for number in row:
            ink = ink_over(number, picture.bound)
            mark = ' class="dropped"' if len(cells) + at * len(row) in picture.dropped else ""
            style = f"background:{colour_of(number, picture.bound)};color:{ink}"
            cells.append(f'<td{mark} style="{style}">{short(number)}</td>')
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</table>"


def _curve(curve: Curve, of: str) -> Iterator[str]:
    yield "<figure>"
    if curve.numbers:
        row = Map(curve.channel, len(curve.numbers), 1, b"", curve.low, curve.high, (curve.numbers,))
        yield from _table(row, which(curve.channel, of))
        yield f"<figcaption>{channel_said(curve.channel)}</figcaption></figure>"
        return
    label = safe(f"{which(curve.channel, of)}, {span(curve)}")
    width = len(curve.columns)
    zero = zero_line(curve)
    yield f'<svg role="img" aria-label="{label}" viewBox="0 0 {max(width - 1, 1)} {HEIGHT}" preserveAspectRatio="none">'
    yield f'<line class="zero" x1="0" x2="{max(width - 1, 1)}" y1="{zero}" y2="{zero}"/>'
    yield f'<path d="{outline(curve)}"/></svg>'
    yield f'<figcaption><span class="channel">{curve.channel}</span> {span(curve)}</figcaption></figure>'


def _result(result: Result) -> Iterator[str]:
    yield '<article class="step io">'
    name = tr("What comes out as {name}", name=result.name) if result.name else tr("What comes out")
    yield f'<h2>{safe(name)} <span class="size">{size(result.value)}</span></h2>'
    if result.scores:
        yield from _scores(result)
    else:
        yield '<div class="large">'
        yield from _value(result.value, result.name or tr("the output"))
        yield "</div>"
    yield "</article>"


def _scores(result: Result) -> Iterator[str]:
    scores = result.scores
    best = max(scores, key=lambda score: score.number)
    shares = scores[0].share is not None
    reach = longest(scores)
    signed = any(score.number < 0 for score in scores)
    if shares:
        said = tr("The share is what a softmax makes of the scores: parts of a whole.")
        yield f'<p class="words">{said}</p>'
    heads = (tr("class"), tr("score"), tr("share") if shares else "")
    columns = "".join(f'<th scope="col">{head}</th>' for head in heads)
    yield f'<table class="scores"><thead><tr>{columns}</tr></thead><tbody>'
    for score in scores:
        marked = ' class="best"' if score is best and len(scores) > 1 else ""
        yield f'<tr{marked}><th scope="row">{_label(score)}</th>'
        yield f'<td class="number">{short(score.number)}</td><td>{_bar(score, reach, signed=signed)}</td></tr>'
    yield "</tbody></table>"
    if result.left_out:
        said = trn("{count:,} smaller number not shown", "{count:,} smaller numbers not shown", result.left_out)
        yield f'<p class="note">{said}</p>'


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
