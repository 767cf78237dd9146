"""How one number of an output comes about, as lines of arithmetic and as a part of a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cnndsl.backends.maps.figure import Window, Worked, is_short, short

_MOST_TERMS = 25
"""Products that are written out one by one; of more only the sum."""
_WIDE = 6
"""Columns of a window that stand in the page's usual size; those of a wider one are smaller."""


def heading(worked: Worked) -> str:
    """What is worked out: "The number in row 0, column 2 of channel 0"."""
    return f"The number in {worked.place}"


def lines(worked: Worked) -> list[str]:
    """The arithmetic, a line for each channel of the input that is shown, and one for what comes of them."""
    if worked.how != "sum":
        (window,) = worked.windows
        read = [number for row in _read(window, worked) for number in row]
        listed = ", ".join(map(short, read)) if len(read) <= _MOST_TERMS else f"{len(read)} numbers"
        which = "the largest" if worked.how == "max" else "the mean"
        return [f"{which} of {listed} {_equals(worked.result, *read)} {short(worked.result)}"]
    alone = len(worked.windows) == 1 and not worked.left_out and worked.bias is None
    found = [_products(window, "" if alone else f"channel {window.channel}: ") for window in worked.windows]
    if alone:
        return found
    parts = [window.total for window in worked.windows]
    said = [short(part) if at == 0 else _signed(part) for at, part in enumerate(parts)]
    if worked.left_out:
        said.append(f"{_signed(worked.rest)} ({_channels(worked.left_out)})")
        parts.append(worked.rest)
    if worked.bias is not None:
        said.append(f"{_signed(worked.bias)} (bias)")
        parts.append(worked.bias)
    return [*found, f"{' '.join(said)} {_equals(worked.result, *parts)} {short(worked.result)}"]


def _read(window: Window, worked: Worked) -> Iterator[list[float]]:
    """The numbers that a pooling looks at: the largest is looked for in none of the padding."""
    for row, beside in zip(window.numbers, window.padding, strict=True):
        yield [n for n, outside in zip(row, beside, strict=True) if not (outside and worked.how == "max")]


def _products(window: Window, before: str) -> str:
    terms = window.terms
    if len(terms) > _MOST_TERMS:
        return f"{before}the sum of {len(terms)} products ≈ {short(window.total)}"
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


def _channels(count: int) -> str:
    return f"{count:,} more channel{'' if count == 1 else 's'}"


def html_of_worked(worked: Worked, safe: Callable[[str], str]) -> Iterator[str]:
    """The windows with the kernel beside them, and the arithmetic."""
    yield '<section class="worked">'
    yield f"<p><strong>{safe(heading(worked))}</strong></p>"
    written = lines(worked)
    yield '<div class="windows">'
    for window in worked.windows:
        yield '<div class="window">'
        yield from _grid(window.numbers, f"input, channel {window.channel}", worked, window)
        if window.kernel:
            yield '<span class="times" aria-hidden="true">·</span>'
            yield from _grid(window.kernel, "kernel", worked, None)
        yield "</div>"
    yield "</div>"
    for line in written:
        yield f'<p class="sum"><code>{safe(line)}</code></p>'
    yield "</section>"


def _grid(rows: tuple[tuple[float, ...], ...], caption: str, worked: Worked, window: Window | None) -> Iterator[str]:
    sort = "grid wide" if len(rows[0]) > _WIDE else "grid"
    yield f'<figure><table class="{sort}" aria-label="{caption}">'
    for at, row in enumerate(rows):
        cells = []
        for column, number in enumerate(row):
            outside = window is not None and window.padding[at][column]
            hit = worked.how == "max" and not outside and number == worked.result
            mark = ' class="padding"' if outside else ' class="hit"' if hit else ""
            cells.append(f"<td{mark}>{'' if outside and worked.how == 'max' else short(number)}</td>")
        yield f"<tr>{''.join(cells)}</tr>"
    yield f"</table><figcaption>{caption}</figcaption></figure>"
