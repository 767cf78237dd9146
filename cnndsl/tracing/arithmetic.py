"""How numbers of a convolution or a pooling come about: what the kernel lies on, and the arithmetic, said and drawn."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

from cnndsl.backends.graphviz.labels import BOLD, SLACK, text_width
from cnndsl.backends.volume.svg import number as plain
from cnndsl.backends.volume.svg import words
from cnndsl.frozen import frozen
from cnndsl.i18n import tr, trn
from cnndsl.theme import LIGHT
from cnndsl.tracing.figure import Channel, Curve, Map, Window, Worked, channel_said, is_short, short
from cnndsl.tracing.windows import row_and_column

_MOST_TERMS = 25
"""Products that are written out one by one; of more only the sum."""


def heading(worked: Worked) -> str:
    """What is worked out: "The number in row 0, column 2 of channel 0"."""
    return tr("The number in {place}", place=worked.place)


def lines(worked: Worked) -> list[str]:
    """The arithmetic, a line for each channel of the input that is shown, and one for what comes of them."""
    if worked.how != "sum":
        (window,) = worked.windows
        read = [number for row in _read(window, worked) for number in row]
        numbers = ", ".join(map(short, read)) if len(read) <= _MOST_TERMS else tr("{count} numbers", count=len(read))
        which = tr("the largest of {numbers}" if worked.how == "max" else "the mean of {numbers}", numbers=numbers)
        return [f"{which} {_equals(worked.result, *read)} {short(worked.result)}"]
    alone = len(worked.windows) == 1 and not worked.left_out and worked.bias is None
    found = [_products(window, "" if alone else f"{channel_said(window.channel)}: ") for window in worked.windows]
    if alone:
        return found
    parts = [window.total for window in worked.windows]
    said = [short(part) if at == 0 else _signed(part) for at, part in enumerate(parts)]
    if worked.left_out:
        others = trn("{count:,} more channel", "{count:,} more channels", worked.left_out)
        said.append(f"{_signed(worked.rest)} ({others})")
        parts.append(worked.rest)
    if worked.bias is not None:
        said.append(f"{_signed(worked.bias)} ({tr('bias')})")
        parts.append(worked.bias)
    return [*found, f"{' '.join(said)} {_equals(worked.result, *parts)} {short(worked.result)}"]


def _read(window: Window, worked: Worked) -> Iterator[list[float]]:
    """The numbers that a pooling looks at: the largest is looked for in none of the padding."""
    for row, beside in zip(window.numbers, window.padding, strict=True):
        yield [n for n, outside in zip(row, beside, strict=True) if not (outside and worked.how == "max")]


def _products(window: Window, before: str) -> str:
    terms = window.terms
    if len(terms) > _MOST_TERMS:
        return f"{before}{tr('the sum of {count} products', count=len(terms))} ≈ {short(window.total)}"
    written = " + ".join(f"{_bracketed(a)}·{_bracketed(b)}" for a, b in terms)
    numbers = [number for term in terms for number in term]
    return f"{before}{written} {_equals(window.total, *numbers)} {short(window.total)}"


def _bracketed(number: float) -> str:
    return f"({short(number)})" if number < 0 else short(number)


def _signed(number: float) -> str:
    return f"− {short(-number)}" if number < 0 else f"+ {short(number)}"


def _equals(*numbers: float) -> str:
    """Whether what is written is all there is of the numbers."""
    return "=" if all(map(is_short, numbers)) else "≈"


def heading_of_all(worked: Sequence[Worked]) -> str:
    """What is shown where that is every number of a channel."""
    channels = len(worked[0].windows) + worked[0].left_out
    said = tr(
        "Where the {count} numbers of {channel} come from", count=len(worked), channel=channel_said(worked[0].at[0])
    )
    return said + (
        tr("; of the {count} channels below them the first is drawn", count=channels) if channels > 1 else ""
    )


# Drawn

CELL, _HEIGHT = 30.0, 24.0
"""The size of a cell in a drawing of one number."""
_SMALL, _LOW = 18.0, 15.0
"""The same where every number is drawn."""
_GAP, _NARROW = 14.0, 8.0
_POINTS, _FEW_POINTS, _TINY = 9.5, 8.0, 6.5
_MOST_DIGITS = 2
"""What there is room for beside a number."""
_REGIONS = ("convolution", "activation", "dense", "pooling", "normalisation", "block")
"""The kinds whose colours the regions of a pooling have, in turn."""


@frozen()
class Drawing:
    """Something that is drawn with its top left corner at 0, 0."""

    width: float
    height: float
    lines: tuple[str, ...]
    words: str = ""
    """What is to be seen, for who does not see it."""

    def at(self, x: float, y: float) -> str:
        """The drawing at a place of another one."""
        return f'<g transform="translate({plain(x)} {plain(y)})">{"".join(self.lines)}</g>'


def drawings(worked: Sequence[Worked], values: Sequence[Map | Curve]) -> list[Drawing]:
    """The drawings of one number, one for each channel of the input that is shown, or of several, one for each.

    values: the maps of what comes out. Regions of a pooling that do not overlap are all in one drawing.
    """
    if len(worked) == 1:
        return [_of_window(worked[0], window, values) for window in worked[0].windows]
    together = _regions(worked, values)
    return [together] if together is not None else [_step(each, values) for each in worked]


def _of_window(worked: Worked, window: Window, values: Sequence[Map | Curve]) -> Drawing:
    """A channel with the kernel laid over it, the kernel, and what comes out."""
    parts = [_input(window, worked, CELL, _HEIGHT, with_weights=True)]
    if window.kernel:
        parts += [_sign("·"), _cells(window.kernel, CELL, _HEIGHT, fill="convolution")]
    result = _output(worked, values, CELL, _HEIGHT)
    if result is not None:
        parts += [_sign("→"), result]
    return _beside(parts)


def _step(worked: Worked, values: Sequence[Map | Curve]) -> Drawing:
    """One of many steps: the kernel on the first channel, what has come out so far, and the arithmetic."""
    parts = [_input(worked.windows[0], worked, _SMALL, _LOW)]
    result = _output(worked, values, _SMALL, _LOW, so_far=True)
    if result is not None:
        parts += [_sign("→"), result]
    made = _beside(parts, _NARROW)
    said = lines(worked)[-1]  # the sum of each channel, where there are several
    wide = max(made.width, text_width(said, _FEW_POINTS) * SLACK)
    text = words(said, 0, made.height + 12, _FEW_POINTS, LIGHT.text)
    return Drawing(wide, made.height + 16, (*made.lines, text), said)


def _input(window: Window, worked: Worked, wide: float, high: float, *, with_weights: bool = False) -> Drawing:
    whole = window.whole or Channel(
        window.numbers,
        tuple(range(len(window.numbers))),
        tuple(range(len(window.numbers[0]))),
        window.padding,
    )
    places = list(product(whole.rows, whole.columns))
    weights = {}
    if with_weights and window.kernel:
        flat = [weight for row in window.kernel for weight in row]
        if max(len(short(weight)) for weight in flat) <= _MOST_DIGITS:  # longer ones stand in the kernel only
            weights = {place: short(weight) for place, weight in zip(places, flat, strict=True)}
    return _cells(
        whole.numbers,
        wide,
        high,
        fill="pooling" if worked.how != "sum" else "convolution",
        filled=places,
        padding=_places_of_padding(whole),
        strong=[
            (row, column)
            for row, column in places
            if worked.how == "max" and not whole.is_padding(row, column) and whole.numbers[row][column] == worked.result
        ],
        beside=weights,
        blank=worked.how == "max",
    )


def _readable(values: Sequence[Map | Curve], channel: int) -> tuple[tuple[float, ...], ...]:
    """The numbers of a channel that comes out, if they are to be read."""
    for value in values:
        if value.channel == channel and value.numbers:
            return value.numbers if isinstance(value, Map) else (value.numbers,)
    return ()


def _places_of_padding(channel: Channel) -> list[tuple[int, int]]:
    return [(row, at) for row, outside in enumerate(channel.padding) for at, is_so in enumerate(outside) if is_so]


def _output(
    worked: Worked, values: Sequence[Map | Curve], wide: float, high: float, *, so_far: bool = False
) -> Drawing | None:
    """What comes out, where it can be read, with the number at hand marked."""
    numbers = _readable(values, worked.at[0])
    if not numbers:
        return None
    place = row_and_column(worked.at)
    left = [at for at in product(range(len(numbers)), range(len(numbers[0]))) if so_far and at > place]
    kind = "pooling" if worked.how != "sum" else "convolution"
    return _cells(numbers, wide, high, fill=kind, filled=[place], strong=[place], padding=left, blank=True)


def _regions(worked: Sequence[Worked], values: Sequence[Map | Curve]) -> Drawing | None:
    """A pooling whose regions do not overlap, in one drawing: each region and its number in one colour."""
    first = worked[0].windows[0].whole
    if worked[0].how == "sum" or first is None:
        return None
    colours: dict[tuple[int, int], str] = {}
    results: dict[tuple[int, int], str] = {}
    strong = []
    across = len({each.at[-1] for each in worked})
    for at, each in enumerate(worked):
        whole = each.windows[0].whole
        assert whole is not None  # noqa: S101 - as of the first
        # A step to the side from row to row, so that no two regions of a colour touch.
        colour = _REGIONS[(at % across + at // across * 2) % len(_REGIONS)]
        for row, column in product(whole.rows, whole.columns):
            if (row, column) in colours:
                return None
            colours[row, column] = colour
            if each.how == "max" and whole.numbers[row][column] == each.result:
                strong.append((row, column))
        results[row_and_column(each.at)] = colour
    padding = _places_of_padding(first)
    is_max = worked[0].how == "max"
    parts = [_cells(first.numbers, CELL, _HEIGHT, colours=colours, padding=padding, strong=strong, blank=is_max)]
    numbers = _readable(values, worked[0].at[0])
    if numbers:
        parts += [_sign("→"), _cells(numbers, CELL, _HEIGHT, colours=results, strong=list(results))]
    return replace(_beside(parts), words=heading_of_all(worked))


def _cells(
    numbers: Sequence[Sequence[float]],
    wide: float,
    high: float,
    *,
    fill: str = "convolution",
    filled: Collection[tuple[int, int]] = (),
    colours: Mapping[tuple[int, int], str] | None = None,
    padding: Collection[tuple[int, int]] = (),
    strong: Collection[tuple[int, int]] = (),
    beside: Mapping[tuple[int, int], str] | None = None,
    blank: bool = False,
) -> Drawing:
    """Numbers in cells: those of `filled` have the colour of `fill` and a frame around them all.

    padding: cells in dashed lines, empty where `blank`. strong: numbers in bold. beside: small words in the corners.
    """
    tint = LIGHT.tints[fill]
    points = _POINTS if wide == CELL else _FEW_POINTS
    made = []
    for row, listed in enumerate(numbers):
        for column, value in enumerate(listed):
            place = (row, column)
            kind = colours.get(place) if colours else fill if place in filled else None
            colour = LIGHT.tints[kind].fill if kind else LIGHT.background
            dashed = ' stroke-dasharray="2 2"' if place in padding else ""
            x, y = column * wide, row * high
            box = f'x="{plain(x)}" y="{plain(y)}" width="{plain(wide)}" height="{plain(high)}"'
            made.append(f'<rect {box} fill="{colour}" stroke="{LIGHT.cluster_line}" stroke-width="0.7"{dashed}/>')
            if blank and place in padding:
                continue
            ink = LIGHT.quiet if place in padding else LIGHT.heading
            face = BOLD if place in strong else ""
            said = short(value)
            size = min(points, points * (wide - 3) / max(text_width(said, points, face) * SLACK, 1))
            small = (beside or {}).get(place)
            middle = x + wide / 2 - (wide / 6 if small else 0)
            made.append(words(said, middle, y + high / 2 + size * 0.36, size, ink, face, "middle"))
            if small:
                made.append(words(f"×{small}", x + wide - 2, y + high - 3, _TINY, tint.line, "", "end"))
    if filled:
        (top, left), (bottom, right) = map(min, zip(*filled, strict=True)), map(max, zip(*filled, strict=True))
        box = f'x="{plain(left * wide)}" y="{plain(top * high)}" width="{plain((right - left + 1) * wide)}" '
        box += f'height="{plain((bottom - top + 1) * high)}"'
        made.append(f'<rect {box} fill="none" stroke="{tint.line}" stroke-width="2"/>')
    return Drawing(len(numbers[0]) * wide, len(numbers) * high, tuple(made))


def _sign(text: str) -> Drawing:
    return Drawing(12, 14, (words(text, 6, 12, 16, LIGHT.quiet, "", "middle"),))


def _beside(parts: Sequence[Drawing], gap: float = _GAP) -> Drawing:
    """Drawings side by side, each in the middle of the height."""
    height = max(part.height for part in parts)
    made, x = [], 1.0
    for part in parts:
        made.append(part.at(x, (height - part.height) / 2 + 1))
        x += part.width + gap
    return Drawing(x - gap + 1, height + 2, tuple(made))
