"""A figure -> one SVG picture: the steps in columns, for a slide or a paper."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import ceil, floor

from cnndsl.backends.graphviz.labels import BOLD, MONO, SLACK, shorten, text_width
from cnndsl.backends.volume.svg import cross, number, safe, words, wrapped
from cnndsl.frozen import frozen
from cnndsl.i18n import listed, tr, trn
from cnndsl.theme import FONTS, LIGHT
from cnndsl.tracing import pixels
from cnndsl.tracing.arithmetic import Drawing, drawings, heading, heading_of_all, lines
from cnndsl.tracing.figure import (
    Curve,
    Figure,
    Given,
    Map,
    Result,
    Score,
    Shown,
    Value,
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
from cnndsl.tracing.pixels import HEIGHT, outline, zero_line

_TILE, _GAP, _IN_A_ROW = 60.0, 6.0, 8
_FEW_TILE, _LARGE_TILE = 110.0, 170.0
"""The sides of a map where there are few, and where these come out of the network."""
_ROOM = _IN_A_ROW * (_TILE + _GAP) - _GAP
_EDGE = 14.0
"""What a step has on its left: the stripe of its kind."""
_WIDTH = _EDGE + _ROOM + 8
_BETWEEN, _MARGIN, _HEAD, _LEGEND = 22.0, 24.0, 78.0, 20.0
_CELL, _CELL_HEIGHT, _BAR = 38.0, 20.0, 18.0
_NAME, _TEXT, _TINY = 12.0, 9.5, 6.5
_ABOVE = 3.0
"""What is left between a line of words and a map below it."""
_TALLEST = 1.25
"""How much higher than wide the picture may get before it has another column."""
_MOST_COLUMNS = 8
_PICTURE = 190.0


@frozen()
class _Piece:
    """Something that stands in a column: its height, and what draws it with its top left corner at a place."""

    height: float
    draw: Callable[[float, float], Iterator[str]]


def svg(figure: Figure) -> str:
    """The SVG text of a figure."""
    steps = [_step(shown, 0) for shown in figure.steps]
    pieces = [_given(given, alone=len(figure.given) == 1) for given in figure.given]
    pieces += [piece for group in steps for piece in group]
    if figure.skipped:
        pieces.append(_line(trn("{count:,} more step not shown", "{count:,} more steps not shown", figure.skipped)))
    pieces += [_result(result) for result in figure.results]
    columns = _beside(pieces, len(figure.given)) if figure.is_compared else _columns(pieces)
    width = 2 * _MARGIN + len(columns) * (_WIDTH + _BETWEEN) - _BETWEEN
    head = _HEAD + (_LEGEND if has_colours(figure.steps) else 0)
    height = head + max(sum(piece.height for piece in column) for column in columns) + _MARGIN
    return "\n".join(_picture(figure, columns, width, height, head)) + "\n"


def _picture(figure: Figure, columns: list[list[_Piece]], width: float, height: float, head: float) -> Iterator[str]:
    title = tr("{network}, step by step", network=figure.network) + (f": {figure.part}" if figure.part else "")
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" '
        f'width="{number(width)}" height="{number(height)}" role="img" aria-label="{safe(title)}" '
        f'font-family="{FONTS}">'
    )
    yield f"<title>{safe(title)}</title>"
    yield "<style>image{image-rendering:pixelated}</style>"
    yield f'<rect width="{number(width)}" height="{number(height)}" fill="{LIGHT.background}"/>'
    room = width - 2 * _MARGIN
    name = figure.network + (f", {figure.part}" if figure.part else "")
    yield words(shorten(name, room, 18, BOLD), _MARGIN, 34, 18, LIGHT.heading, BOLD)
    yield words(shorten(f"{figure.source} · {figure.summary}", room, 10), _MARGIN, 50, 10, LIGHT.quiet)
    yield words(shorten(figure.weights, room, 10), _MARGIN, 64, 10, LIGHT.quiet)
    if has_colours(figure.steps):
        scale = legend_strip()
        yield _pixels(pixels.png_of(scale), _MARGIN, 71, 90, 7, tr("from blue over white to orange"))
        yield words(shorten(legend(tr("White")), room - 100, _TEXT), _MARGIN + 98, 78, _TEXT, LIGHT.quiet)
    for at, column in enumerate(columns):
        x, y = _MARGIN + at * (_WIDTH + _BETWEEN), head
        for piece in column:
            yield from piece.draw(x, y)
            y += piece.height
    yield "</svg>"


def _columns(pieces: list[_Piece]) -> list[list[_Piece]]:
    """The pieces in their order, in as many columns as give a picture of a handy shape."""
    total = sum(piece.height for piece in pieces)
    wanted = min(_MOST_COLUMNS, max(1, ceil((total / _TALLEST / (_WIDTH + _BETWEEN)) ** 0.5)))
    if max(piece.height for piece in pieces) > total / 2:
        wanted = 1  # beside a piece so high a column would be nearly empty
    limit = max(total / wanted, *(piece.height for piece in pieces))
    columns: list[list[_Piece]] = [[]]
    filled = 0.0
    for piece in pieces:
        if columns[-1] and len(columns) < wanted and filled + piece.height / 2 > limit:
            columns.append([])
            filled = 0.0
        columns[-1].append(piece)
        filled += piece.height
    return columns


def _beside(pieces: list[_Piece], first: int) -> list[list[_Piece]]:
    """A column for each step, below what goes in, which is the `first` pieces."""
    room = _Piece(sum(piece.height for piece in pieces[:first]), lambda _x, _y: iter(()))
    return [[*(pieces[:first] if at == 0 else [room]), piece] for at, piece in enumerate(pieces[first:])]


def _stack(pieces: list[_Piece], role: str, level: int) -> _Piece:
    """Pieces below each other, with the stripe of their kind beside them."""
    height = sum(piece.height for piece in pieces) + 14
    line = LIGHT.tints[role].line

    def draw(x: float, y: float) -> Iterator[str]:
        yield f'<rect x="{number(x)}" y="{number(y)}" width="4" height="{number(height - 10)}" fill="{line}"/>'
        for outer in range(level):  # a block around it goes on
            place = f'x="{number(x - 3 - 3 * outer)}" y="{number(y)}" width="1.5" height="{number(height)}"'
            yield f'<rect {place} fill="{LIGHT.tints["block"].line}"/>'
        for piece in pieces:
            yield from piece.draw(x + _EDGE, y)
            y += piece.height

    return _Piece(height, draw)


def _line(text: str, points: float = _TEXT, colour: str = LIGHT.quiet, face: str = "", *, right: str = "") -> _Piece:
    """A line of text, and perhaps a size at its right end."""

    def draw(x: float, y: float) -> Iterator[str]:
        room = _ROOM - (text_width(right, points) + 12 if right else 0)
        yield words(shorten(text, room, points, face), x, y + points, points, colour, face)
        if right:
            yield words(right, x + _ROOM, y + points, points, LIGHT.size, "", "end")

    return _Piece(points + 4, draw)


def _given(given: Given, *, alone: bool) -> _Piece:
    title = tr("What goes in") + ("" if alone else f": {given.name}")
    pieces = [_line(title, _NAME, LIGHT.heading, BOLD, right=size(given.value)), _line(given.words)]
    if given.picture:
        _, height, width = given.value.shape
        scale = _PICTURE / max(height, width)
        pieces.append(_images(given, width * scale, height * scale))
    else:
        pieces += _value(given.value, tr("the input"))
    return _stack(pieces, "io", 0)


def _images(given: Given, width: float, height: float) -> _Piece:
    """The picture that goes in, and beside it the channels that it consists of."""
    share = min(1.0, ((_ROOM - width) / len(given.planes) - _GAP) / width) if given.planes else 1.0

    def draw(x: float, y: float) -> Iterator[str]:
        y += _ABOVE
        yield _pixels(given.picture, x, y, width, height, tr("the picture that goes in"))
        x += width + _GAP
        for name, png in given.planes:
            yield _pixels(png, x, y, width * share, height * share, tr("its channel {name}", name=tr(name)))
            yield words(tr(name), x, y + height * share + _TEXT + 2, _TEXT, LIGHT.quiet)
            x += width * share + _GAP

    return _Piece(height + _ABOVE + 4, draw)


def _pixels(png: bytes, x: float, y: float, width: float, height: float, alt: str) -> str:
    place = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
    look = 'image-rendering="optimizeSpeed" preserveAspectRatio="none"'
    return f'<image {place} {look} href="{pixels.data_url(png)}"><title>{safe(alt)}</title></image>'


def _frame(x: float, y: float, width: float, height: float) -> str:
    """A thin line around a map, so that one of zeros can be seen."""
    place = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
    return f'<rect {place} fill="none" stroke="{LIGHT.cluster_line}" stroke-width="0.5"/>'


def _step(shown: Shown, level: int) -> Iterator[_Piece]:
    if shown.skipped:
        yield _line(trn("{count:,} equal block not shown", "{count:,} equal blocks not shown", shown.skipped))
    for inner in shown.inside:
        yield from _step(inner, level + 1)
    pieces = [_title(shown)]
    if said := remarks(shown):
        pieces.append(_line(said))
    pieces += [_line(f"{axes}: {formula}") for axes, formula in shown.formulas]
    for value in shown.values:
        pieces += _value(value, shown.title)
    pieces += _worked(shown)
    yield _stack(pieces, shown.role, level)


def _worked(shown: Shown) -> Iterator[_Piece]:
    """How one number comes about, or every number of a channel."""
    worked = shown.worked
    if not worked:
        return
    title = heading(worked[0]) if len(worked) == 1 else heading_of_all(worked)
    yield _line(title, _TEXT, LIGHT.text, BOLD)
    yield from _in_rows(drawings(worked, shown.channels))
    if len(worked) == 1:
        for line in lines(worked[0]):
            for part in wrapped(line, _ROOM, _TEXT, MONO):
                yield _line(part, _TEXT, LIGHT.text, MONO)


def _in_rows(drawings: list[Drawing]) -> Iterator[_Piece]:
    """Drawings side by side, as many as there is room for; what is too wide is made smaller."""
    rows: list[list[Drawing]] = [[]]
    for drawing in drawings:
        if rows[-1] and sum(each.width + 3 * _GAP for each in rows[-1]) + drawing.width > _ROOM:
            rows.append([])
        rows[-1].append(drawing)
    for row in rows:
        yield _drawn(row)


def _drawn(row: list[Drawing]) -> _Piece:
    scale = min(1.0, _ROOM / (sum(each.width + 3 * _GAP for each in row) - 3 * _GAP))

    def draw(x: float, y: float) -> Iterator[str]:
        yield f'<g transform="translate({number(x)} {number(y + _ABOVE)}) scale({scale:.4g})">'
        left = 0.0
        for each in row:
            yield each.at(left, 0)
            left += each.width + 3 * _GAP
        yield "</g>"

    return _Piece(max(each.height for each in row) * scale + _ABOVE + 8, draw)


def _title(shown: Shown) -> _Piece:
    """The name of a step, its kind in the colour of the kind, and the size of what comes out."""
    name = tr("out of {what}", what=shown.title) if shown.inside else shown.title
    kind = shown.kind if shown.kind != shown.title else ""
    sizes = listed([size(value) for value in shown.values])

    def draw(x: float, y: float) -> Iterator[str]:
        room = (_ROOM - 24) / SLACK - text_width(sizes, _NAME) - text_width(kind, _NAME)
        said = shorten(name, max(room, 80), _NAME, BOLD)
        yield words(said, x, y + _NAME, _NAME, LIGHT.heading, BOLD)
        beside = x + text_width(said, _NAME, BOLD) * SLACK + 8
        yield words(kind, beside, y + _NAME, _NAME, LIGHT.tints[shown.role].line)
        yield words(sizes, x + _ROOM, y + _NAME, _NAME, LIGHT.size, "", "end")

    return _Piece(_NAME + 5, draw)


def _value(value: Value, of: str, *, few: float = _FEW_TILE) -> Iterator[_Piece]:
    if value.is_features:
        (picture,) = value.maps
        yield _numbers(picture) if picture.numbers else _features(picture, of)
    else:
        for at in range(0, len(value.maps), _IN_A_ROW):
            row = value.maps[at : at + _IN_A_ROW]
            if row[0].numbers:
                yield from map(_numbers, row)
            else:
                yield _row(row, of, few if value.is_few else _TILE)
        for at in range(0, len(value.curves), 2):
            yield _curves(value.curves[at : at + 2], of)
    if said := missing(value):
        yield _line(said)


def _row(row: tuple[Map, ...], of: str, tile: float) -> _Piece:
    scale = tile / max(row[0].width, row[0].height)
    width, height = row[0].width * scale, row[0].height * scale
    told = [f"{picture.channel}: {span(picture)}" for picture in row]
    points = _fitting(told, tile + _GAP / 2)

    def draw(x: float, y: float) -> Iterator[str]:
        y += _ABOVE
        for picture, said in zip(row, told, strict=True):
            alt = f"{which(picture.channel, of)}, {span(picture)}"
            yield _pixels(pixels.png_of(picture), x, y, width, height, alt)
            yield _frame(x, y, width, height)
            if picture.is_dropped:
                yield cross(x, y, width, height, LIGHT.heading)
            yield words(said, x, y + height + points + 2, points, LIGHT.quiet)
            x += tile + _GAP

    return _Piece(height + _ABOVE + points + 6, draw)


def _fitting(texts: Iterable[str], room: float) -> float:
    """The largest points at which each of the texts fits, but none that nobody can read."""
    widest = max(text_width(text, 1) for text in texts) * SLACK
    return max(_TINY, min(_TEXT, floor(2 * room / widest) / 2))


def _features(picture: Map, of: str) -> _Piece:
    side = min(_ROOM / picture.width, 16.0)
    width, height = picture.width * side, picture.height * side

    def draw(x: float, y: float) -> Iterator[str]:
        y += _ABOVE
        yield _pixels(pixels.png_of(picture), x, y, width, height, f"{which(None, of)}, {span(picture)}")
        yield _frame(x, y, width, height)
        for place in picture.dropped:
            row, column = divmod(place, picture.width)
            yield cross(x + column * side, y + row * side, side, side, LIGHT.heading)
        yield words(span(picture), x, y + height + _TEXT + 2, _TEXT, LIGHT.quiet)

    return _Piece(height + _ABOVE + _TEXT + 6, draw)


def _numbers(picture: Map) -> _Piece:
    def draw(x: float, y: float) -> Iterator[str]:
        y += _ABOVE
        for at, row in enumerate(picture.numbers):
            for column, value in enumerate(row):
                left, top = x + column * _CELL, y + at * _CELL_HEIGHT
                place = f'x="{number(left)}" y="{number(top)}" width="{_CELL}" height="{_CELL_HEIGHT}"'
                fill = pixels.colour_of(value, picture.bound)
                yield f'<rect {place} fill="{fill}" stroke="{LIGHT.cluster_line}" stroke-width="0.5"/>'
                ink = pixels.ink_over(value, picture.bound)
                yield words(short(value), left + _CELL / 2, top + 14, _TEXT, ink, "", "middle")
                if at * len(row) + column in picture.dropped:
                    yield cross(left, top, _CELL, _CELL_HEIGHT, LIGHT.heading)

    return _Piece(len(picture.numbers) * _CELL_HEIGHT + _ABOVE + 6, draw)


def _curves(pair: tuple[Curve, ...], of: str) -> _Piece:
    room = (_ROOM - _GAP) / 2

    def draw(x: float, y: float) -> Iterator[str]:
        for curve in pair:
            wide = max(len(curve.columns) - 1, 1)
            zero = zero_line(curve)
            yield f'<svg x="{number(x)}" y="{number(y)}" width="{number(room)}" height="{HEIGHT}" '
            yield f'viewBox="0 0 {wide} {HEIGHT}" preserveAspectRatio="none"><title>'
            yield f"{safe(which(curve.channel, of))}</title>"
            yield f'<path d="M0 {zero}H{wide}" stroke="{LIGHT.cluster_line}" stroke-width="0.5"/>'
            yield f'<path d="{outline(curve)}" fill="{LIGHT.size}" stroke="{LIGHT.size}" stroke-width="0.8" '
            yield 'vector-effect="non-scaling-stroke"/></svg>'
            yield words(f"{curve.channel}: {span(curve)}", x, y + HEIGHT + _TEXT + 1, _TEXT, LIGHT.quiet)
            x += room + _GAP

    return _Piece(HEIGHT + _TEXT + 6, draw)


def _result(result: Result) -> _Piece:
    name = tr("What comes out") + (f": {result.name}" if result.name else "")
    pieces = [_line(name, _NAME, LIGHT.heading, BOLD, right=size(result.value))]
    if not result.scores:
        pieces += _value(result.value, result.name or tr("the output"), few=_LARGE_TILE)
    else:
        reach = longest(result.scores)
        pieces += [_score(score, reach) for score in result.scores]
        if result.left_out:
            one, many = "{count:,} smaller number not shown", "{count:,} smaller numbers not shown"
            pieces.append(_line(trn(one, many, result.left_out)))
    return _stack(pieces, "io", 0)


def _score(score: Score, reach: float) -> _Piece:
    label = f"{score.index}  {score.label}".strip()
    share = length(score, reach)

    def draw(x: float, y: float) -> Iterator[str]:
        yield words(shorten(label, 140, _TEXT), x, y + 11, _TEXT, LIGHT.text)
        room = _ROOM - 250
        place = f'x="{number(x + 150)}" y="{number(y + 2)}" height="{number(_BAR - 6)}"'
        colour = LIGHT.size if score.number >= 0 or score.share is not None else LIGHT.tints["pooling"].line
        yield f'<rect {place} width="{number(room)}" fill="{LIGHT.cluster}"/>'
        yield f'<rect {place} width="{number(room * share)}" fill="{colour}"/>'
        yield words(short(score.number), x + room + 200, y + 11, _TEXT, LIGHT.text, "", "end")
        if score.share is not None:
            yield words(f"{100 * score.share:.1f} %", x + _ROOM, y + 11, _TEXT, LIGHT.quiet, "", "end")

    return _Piece(_BAR, draw)
