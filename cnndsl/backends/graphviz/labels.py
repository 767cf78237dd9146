"""A picture -> what stands in its boxes, clusters and legend and beside its arrows, as DOT's HTML-like tables.

In: boxes and values of a picture.  Out: markup for the `graphviz` package, with the room that its text needs, which is
reckoned from tables because there is no font engine to ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import takewhile, zip_longest
from string import digits
from typing import NamedTuple

from cnndsl.backends.graphviz.picture import BLOCK, IO, MERGE, Arrow, Box, Cluster, Emphasis, Picture
from cnndsl.i18n import tr
from cnndsl.theme import Theme, Tint

SANS, BOLD, MONO = "Helvetica", "Helvetica-Bold", "Courier"
"""The fonts whose metrics every renderer knows; the SVG gets its list of fonts afterwards.

Bold is a font of its own here: with a `<B>` the text would stand higher than its neighbours.
"""
AT_THE_RIGHT = "Arial"
"""The font of texts that end at the right border of their box, the same as Helvetica in widths and look.

It tells the finishing of the SVG which texts to anchor at their end.
"""

# What XML 1.0 cannot hold, not even escaped; lone surrogates cannot be written at all.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """The text with what XML cannot hold replaced."""
    return _FORBIDDEN.sub("\ufffd", text)


def plain(text: str) -> str:
    """A text for an attribute, such as a tooltip, that comes out as it is. New lines stay."""
    # DOT reads entities in every string, and takes the escapes out of a tooltip twice.
    safe = escape(printable(text), quote=False).replace("\\", "\\" * 4)
    return "\\n".join(safe.splitlines())


def identifier(text: str) -> str:
    """A name for a node or graph; what the package or DOT gives a meaning in names becomes an underscore.

    That are backslashes, the colon before a port, and the sign with which markup begins.
    """
    # An "&" that may begin an entity would stand in the SVG as it is.
    return re.sub(r"[\\\s:]+|^<", "_", printable(text)).replace("&", "&amp;")


def run(text: str, points: int, colour: str, face: str = "") -> str:
    """A run of text in a label; nothing for a text without a visible character, which DOT refuses.

    The size is a whole number of points, since DOT drops the rest.
    """
    safe = escape(" ".join(printable(text).split())).replace("\\", "\\\\")
    font = f' FACE="{face}"' if face else ""
    return f'<FONT POINT-SIZE="{points}" COLOR="{colour}"{font}>{safe}</FONT>' if safe else ""


def cell(content: str = "", **settings: str | int) -> str:
    """A table cell; the settings are DOT's, in small letters."""
    return f"<TD{_settings(settings)}>{content}</TD>"


def table(*rows: str, **settings: str | int) -> str:
    """A table without lines; each row is the cells of one."""
    shown = {"border": 0, "cellborder": 0, "cellspacing": 0, "cellpadding": 1} | settings
    return f"<TABLE{_settings(shown)}>{''.join(f'<TR>{row}</TR>' for row in rows)}</TABLE>"


def _settings(settings: dict[str, str | int]) -> str:
    return "".join(f' {name.upper()}="{value}"' for name, value in settings.items())


def label(markup: str) -> str:
    """A label of HTML-like markup, as an attribute's value."""
    return f"<{markup}>"


_REGULAR = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 "
    "556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 "
    "1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 "
    "667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 "
    "333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 "
    "556 556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 "
    "556 556 556 556 556 556 556 556 556 556 333 333 584 584 584 611 "
    "975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 "
    "667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 "
    "333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 "
    "611 611 389 556 333 611 556 778 556 556 500 389 280 389 584"
)
_BREAK = re.compile("(?<=[,→]) ")
_MONO = 600
_AVERAGE, _SQUARE = 556, 1000
_WIDE = "\u2e80"
_SYMBOLS = {"×": 584, "·": 278, "…": 1000, "→": 1000, "−": 584}


def _table(widths: str) -> dict[str, int]:
    return {chr(32 + i): int(width) for i, width in enumerate(widths.split())} | _SYMBOLS


_SANS_TABLE = _table(_REGULAR)
_TABLES = {
    SANS: _SANS_TABLE,
    AT_THE_RIGHT: _SANS_TABLE,
    BOLD: _table(_BOLD),
    MONO: {},
}


def text_width(text: str, points: float, face: str = "") -> float:
    """The width in points of a text set in one of the faces of `markup`, Helvetica if none is named."""
    table, other = _TABLES[face or SANS], _MONO if face == MONO else _AVERAGE
    widths = (table.get(c, other) if c < _WIDE else _SQUARE for c in text)
    return sum(widths) * points / 1000


def shorten(text: str, limit: float, points: float, face: str = "") -> str:
    """The text, cut in the middle where it is wider than `limit` points: both ends of a path tell it apart.

    Of a range, `stage.3.1 … stage.3.5`, what the names begin with is left out: `stage.3.1 … 5`, `….1 … 5`; and of
    `block_1 … block_5` all but the number.
    """
    if text_width(text, points, face) <= limit:
        return text
    for shorter in _ranges(text):
        if text_width(shorter, points, face) <= limit:
            return shorter
    room = limit - text_width("…", points, face)
    head, tail = 0, len(text)
    while head < tail:
        # Grow the end first, then the beginning, so that they stay about equally long.
        at_end = len(text) - tail <= head
        room -= text_width(text[tail - 1] if at_end else text[head], points, face)
        if room < 0:
            break
        head, tail = (head, tail - 1) if at_end else (head + 1, tail)
    return f"{text[:head]}…{text[tail:]}"


def _ranges(text: str) -> Iterator[str]:
    """A range of names with less and less of what the names begin with; nothing for another text."""
    first, between, last = text.partition(" … ")
    if not between:
        return
    parts, ends = first.split("."), last.split(".")
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(parts[:-1], ends[:-1], strict=False)))
    shown = [".".join(ends[common:])]
    word = ends[-1].rstrip(digits)
    if len(parts) == len(ends) == common + 1 and parts[-1].rstrip(digits) == word != ends[-1]:
        shown.append(ends[-1].removeprefix(word))
    for at in range(len(parts)):
        begins = f"….{'.'.join(parts[at:])}" if at else first
        yield from (f"{begins} … {end}" for end in dict.fromkeys(shown))


def begin(text: str, limit: float, points: float) -> str:
    """The text, cut at its end where it is wider than `limit` points: of a list, the first items matter most."""
    if text_width(text, points) <= limit:
        return text
    room = limit - text_width("…", points)
    for end, character in enumerate(text):
        room -= text_width(character, points)
        if room < 0:
            return f"{text[:end].rstrip(', ')}…"
    return text


def broken(text: str, limit: float, points: float, most: int) -> list[str]:
    """The text in at most `most` lines, each at most `limit` points wide where that is possible.

    It breaks after a comma or an arrow; what has no such place, or comes after the last line, is cut by `begin`.
    """
    lines: list[str] = []
    for piece in filter(None, _BREAK.split(text)):
        longer = f"{lines[-1]} {piece}" if lines else piece
        if lines and (text_width(longer, points) <= limit or len(lines) == most):
            lines[-1] = longer
        else:
            lines.append(piece)
    return [begin(line, limit, points) for line in lines]


SMALL, MIDDLE, LARGE, HUGE = 10, 11, 12, 16
"""The sizes of letters in points."""
SLACK = 1.1
"""How much wider than measured a text may come out in any picture, for viewers whose font is wider than Helvetica."""
_MONO_SLACK = 1.03  # hardly any font of equal widths is wider than Courier


def room(text: str, points: int, face: str = "") -> int:
    """The width in points that a text may take in any viewer."""
    return round(text_width(text, points, face) * (_MONO_SLACK if face == MONO else SLACK))


def natural(width: int) -> float:
    """How wide a text may be in Helvetica, to take no more room than this."""
    return (width + 0.5) / SLACK


def filled(text: str, points: int, colour: str, face: str = "", align: str = "LEFT") -> str:
    """A cell with a run of text, as wide as the text will be by our own count.

    Not every renderer knows how wide a character outside Latin is.
    """
    return cell(run(text, points, colour, face), align=align, width=room(text, points, face) + 2)


_GAP = 18
_SPACE = 8
_TITLE, _NAME, _DETAIL, _NARROW_DETAIL = 200, 160, 170, 120
"""How wide each text makes a box, at most; a detail that is longer is broken into lines, another text cut."""
_WIDEST = 300
_LINES = 3
"""How many lines a detail takes, at most."""
_FOOT = 3
"""What is left below the last of several lines, whose letters reach deeper than those of the title."""


class _Texts(NamedTuple):
    """What stands in a box: the title and the name in its first line, the detail and the note in the next."""

    title: str
    name: str
    detail: str
    note: str

    @classmethod
    def of(cls, box: Box) -> _Texts:
        """The texts of a box; the detail whole, the others short enough."""
        cut = shorten(box.title, _TITLE, LARGE, BOLD), shorten(box.name, _NAME, SMALL)
        return cls(*cut, box.detail, begin(box.note, _NAME, SMALL))

    def left(self, detail: int) -> int:
        """The width of the texts at the left, where so much of the detail stands in a line."""
        return max(room(self.title, LARGE, BOLD), min(room(self.detail, SMALL), detail))

    @property
    def right(self) -> int:
        """The width of the texts at the right."""
        return max(room(self.name, SMALL), room(self.note, SMALL))

    def width(self, *, narrow: bool) -> int:
        """The width of a box with one text in a line, or with two."""
        return max(self.left(_NARROW_DETAIL), self.right) if narrow else self.left(_DETAIL) + _GAP + self.right

    def lines(self, width: int) -> list[str]:
        """The detail in lines, each at most so wide."""
        return broken(self.detail, natural(width), SMALL, _LINES)


class Labels:
    """The labels of one picture in the colours of a theme.

    A box has two texts in a line, or in a crowded picture, and from left to right (`upright`), one. From top to
    bottom, all boxes of layers have the same width.
    """

    def __init__(self, picture: Picture, theme: Theme, *, upright: bool) -> None:
        self._picture = picture
        self._theme = theme
        self._upright = upright
        self._narrow = upright or picture.crowded
        layers = (box for box in picture.boxes if box.kind not in (IO, MERGE))
        widest = max((_Texts.of(box).width(narrow=self._narrow) for box in layers), default=0)
        heads = max((room(*said) + _SPACE for part in picture.clusters() for said in _said(part)), default=0)
        # The head of a cluster stands left of the middle of a box, and is cut only where it is very long.
        self._width = max(widest, min(2 * heads, _WIDEST))

    def box(self, box: Box) -> str:
        """The label of any box."""
        if box.kind == IO:
            return self._terminal(box)
        if box.kind == MERGE:
            return self._merge(box)
        texts = _Texts.of(box)
        if self._narrow:
            return self._column(box, texts, texts.width(narrow=True) if self._upright else self._width)
        return self._rows(box, texts)

    def _rows(self, box: Box, texts: _Texts) -> str:
        """Two texts in a line: at the left what it is, at the right which one."""
        title, name, note = self._runs(box, texts, AT_THE_RIGHT)
        lines = texts.lines(self._width - _GAP - texts.right)
        left = max(room(texts.title, LARGE, BOLD), *(room(line, SMALL) for line in lines), 0)
        rows = [cell(title, align="LEFT", width=left) + cell(name, align="RIGHT", width=self._width - left)]
        for line, beside in zip_longest(lines, [note] if note else [], fillvalue=""):
            detail = run(line, SMALL, self._theme.text)
            rows.append(cell(detail, align="LEFT") + cell(beside, align="RIGHT"))
        return _in_a_box(rows)

    def _column(self, box: Box, texts: _Texts, width: int) -> str:
        """One text in a line."""
        title, name, note = self._runs(box, texts)
        lines = (run(line, SMALL, self._theme.text) for line in texts.lines(width))
        return _in_a_box([cell(line, align="LEFT", width=width) for line in (title, name, *lines, note) if line])

    def _runs(self, box: Box, texts: _Texts, face: str = "") -> tuple[str, str, str]:
        theme = self._theme
        title = run(texts.title, LARGE, theme.tints[box.kind].line, BOLD)
        return title, run(texts.name, SMALL, theme.quiet, face), run(texts.note, SMALL, theme.text, face)

    def _terminal(self, box: Box) -> str:
        theme = self._theme
        cells = [filled(box.title, MIDDLE, theme.io_text, BOLD)]
        if box.name:
            cells.append(filled(shorten(box.name, 160, SMALL), SMALL, theme.io_text))
        cells.append(filled(box.detail, SMALL, theme.io_size, MONO, align="RIGHT"))
        return label(table(cell(width=3).join(cells), cellpadding=2))

    def _merge(self, box: Box) -> str:
        theme = self._theme
        cells = [filled(box.title, 14 if is_sign(box) else MIDDLE, theme.tints[MERGE].line, BOLD)]
        if box.detail:
            cells.append(filled(box.detail, SMALL, theme.text, MONO, align="RIGHT"))
        return label(table(cell(width=3).join(cells), cellpadding=2))

    def arrow(self, arrow: Arrow) -> str:
        """The size beside an arrow; nothing where it is not told."""
        if arrow.emphasis is Emphasis.NONE:
            return ""
        colour = self._theme.size if arrow.emphasis is Emphasis.STRONG else self._theme.quiet
        return label(table(filled(arrow.size, SMALL, colour, MONO), cellpadding=2))

    def cluster(self, cluster: Cluster) -> str:
        """The definition, the name of the use and what it learns.

        From top to bottom, all stand left of the arrow that comes in at the middle, and the label is as wide as half
        a box; from left to right, in one line that is no wider than its words.
        """
        colours = (self._theme.tints[BLOCK].line, self._theme.text, self._theme.quiet)
        widest = 2 * _WIDEST if self._upright else self._width // 2
        lines = [""]
        left = widest
        for (words, points, face), colour in zip(_said(cluster), colours, strict=True):
            shown = shorten(words, natural(widest - _SPACE), points, face)
            needed = room(shown, points, face) + _SPACE
            if needed > left:
                lines[-1] += _rest(left)
                lines.append("")
                left = widest
            if words:
                lines[-1] += cell(run(shown, points, colour, face), align="LEFT", width=needed)
                left -= needed
        lines[-1] += _rest(0 if self._upright else left)
        return label(table(*(cell(table(line), align="LEFT") for line in lines), cellpadding=0))

    def head(self) -> str:
        """The network's name, its totals, and a legend where there are more than a few kinds of boxes."""
        theme, picture = self._theme, self._picture
        name = shorten(picture.name, 400, HUGE, BOLD)
        rows = [filled(name, HUGE, theme.heading, BOLD), filled(picture.summary, SMALL, theme.quiet)]
        samples = legend(picture, theme, max(room(name, HUGE, BOLD), room(picture.summary, SMALL)))
        if samples:
            rows += [cell(height=4), cell(samples, align="LEFT")]
        return label(table(*rows, cell(height=8)))


def _in_a_box(rows: list[str]) -> str:
    """The label of a box with these lines."""
    return label(table(*rows, cell(height=_FOOT)) if len(rows) > 1 else table(*rows))


def _said(cluster: Cluster) -> list[tuple[str, int, str]]:
    """The texts at the head of a cluster, with the size and the face of their letters."""
    name = (cluster.name, MIDDLE, BOLD if cluster.chain else "")
    return [(cluster.title, MIDDLE, BOLD), name, (cluster.note, SMALL, "")]


def _rest(width: int) -> str:
    """An empty cell for what is left of a line, which a table would spread over its other cells."""
    return cell(width=max(width, 1))


def is_sign(box: Box) -> bool:
    """Whether a merge is small enough for a circle."""
    return len(box.title) == 1 and not box.detail


KINDS = ("convolution", "pooling", "normalisation", "activation", "dropout", "dense", "sequence", "shape", BLOCK)
"""The kinds of boxes in the order of the legend."""
DASHED = {"dropout": "dashed"}
"""The borders of kinds that have one of their own: dropout is not there in evaluation."""
_FEW = 4
_COLUMNS = 3
_SAMPLE, _SAMPLE_GAP = 22, 8  # points


def legend(picture: Picture, theme: Theme, width: int) -> str:
    """A table of samples and words, at least so wide; nothing where there is nothing to tell.

    What is drawn for training only is always told.
    """
    entries = _entries(picture, theme)
    # The last row is as long as the others: a shorter one would end in another column, and make that wider.
    entries += [("", "")] * (-len(entries) % _COLUMNS)
    columns = [entries[at::_COLUMNS] for at in range(_COLUMNS)]
    taken = sum(
        _SAMPLE + _SAMPLE_GAP + max((room(word, SMALL) for _, word in column), default=0) + 16 for column in columns
    )
    # A table that has less than its place spreads its columns: an empty one takes what is left.
    rest = cell(width=max(width - taken, 1))
    gap = cell(width=_SAMPLE_GAP)
    cells = [cell(sample, width=_SAMPLE) + filled(word, SMALL, theme.text) + gap for sample, word in entries]
    rows = ["".join(cells[at : at + _COLUMNS]) + rest for at in range(0, len(cells), _COLUMNS)]
    return table(*rows, cellpadding=2) if rows else ""


def _entries(picture: Picture, theme: Theme) -> list[tuple[str, str]]:
    used = {box.kind for box in picture.boxes}
    block = theme.tints[BLOCK]
    entries = []
    if sum(kind in used for kind in KINDS) > _FEW:
        entries += [(_swatch(theme.tints[kind], DASHED.get(kind, "")), tr(kind)) for kind in KINDS if kind in used]
        if any(box.times > 1 for box in picture.boxes):
            double = table(cell(_swatch(block)), border=1, color=block.line, style="ROUNDED")
            entries.append((double, tr("repeated block")))
        if any(arrow.skip for arrow in picture.arrows):
            entries.append((run("- - -", SMALL, theme.skip, BOLD), tr("skip")))
    if any(box.training for box in picture.boxes):
        entries.append((_swatch(theme.tints[MERGE], "DOTTED"), tr("in training only")))
    return entries


def _swatch(tint: Tint, border: str = "") -> str:
    style = f"ROUNDED,{border}" if border else "ROUNDED"
    return table(cell(width=13, height=8), cellpadding=0, border=1, color=tint.line, bgcolor=tint.fill, style=style)
