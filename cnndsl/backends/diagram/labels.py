"""What stands in boxes, at the head of clusters, beside arrows and above the picture, as DOT's HTML-like tables."""

from __future__ import annotations

from itertools import zip_longest
from typing import NamedTuple

from cnndsl.backends.diagram.legend import legend
from cnndsl.backends.diagram.markup import AT_THE_RIGHT, BOLD, MONO, cell, label, run, table
from cnndsl.backends.diagram.metrics import begin, broken, shorten
from cnndsl.backends.diagram.picture import BLOCK, IO, MERGE, Arrow, Box, Cluster, Emphasis, Picture
from cnndsl.backends.diagram.texts import HUGE, LARGE, MIDDLE, SMALL, filled, natural, room
from cnndsl.theme import Theme

_GAP = 18
_SPACE = 8
_TITLE, _NAME, _DETAIL, _NARROW_DETAIL = 200, 160, 170, 120
"""How wide each text makes a box, at most; a detail that is longer is broken into lines, another text cut."""
_WIDEST = 280
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
