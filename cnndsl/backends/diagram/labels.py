"""What stands in boxes, at the head of clusters, beside arrows and above the picture, as DOT's HTML-like tables."""

from __future__ import annotations

from typing import NamedTuple

from cnndsl.backends.diagram.markup import AT_THE_RIGHT, BOLD, MONO, cell, label, run, table
from cnndsl.backends.diagram.metrics import begin, shorten, text_width
from cnndsl.backends.diagram.picture import BLOCK, IO, MERGE, Arrow, Box, Cluster, Emphasis, Picture
from cnndsl.theme import Theme, Tint

KINDS = ("convolution", "pooling", "normalisation", "activation", "dropout", "dense", "shape", BLOCK)
"""The kinds of boxes in the order of the legend."""
DASHED = {"dropout": "dashed"}
"""The borders of kinds that have one of their own: dropout is not there in evaluation."""
_FEW_KINDS = 4
_SMALL, _MIDDLE, _LARGE, _HUGE = 10, 11, 12, 16  # points
_SLACK = 1.1  # for viewers whose font is wider than Helvetica
_MONO_SLACK = 1.03  # hardly any font of equal widths is wider than Courier
_GAP = 18
_SPACE = 8
_WIDEST = 280


class _Texts(NamedTuple):
    """The four texts of a box, short enough for it, and the widths of its two columns."""

    title: str
    name: str
    detail: str
    note: str
    left: int
    right: int


def _texts(box: Box) -> _Texts:
    title = shorten(box.title, 200, _LARGE, BOLD)
    name, detail, note = shorten(box.name, 160, _SMALL), begin(box.detail, 170, _SMALL), begin(box.note, 160, _SMALL)
    left = max(_room(title, _LARGE, BOLD), _room(detail, _SMALL))
    right = max(_room(name, _SMALL), _room(note, _SMALL))
    return _Texts(title, name, detail, note, left, right)


def _room(text: str, points: int, face: str = "") -> int:
    return round(text_width(text, points, face) * (_MONO_SLACK if face == MONO else _SLACK))


class Labels:
    """The labels of one picture in the colours of a theme.

    From top to bottom, the boxes of layers are all equally wide, with two texts in a line; from left to
    right (`upright`), they are narrow, with one text in a line.
    """

    def __init__(self, picture: Picture, theme: Theme, *, upright: bool) -> None:
        self._picture = picture
        self._theme = theme
        self._upright = upright
        texts = (_texts(box) for box in picture.boxes if box.kind not in (IO, MERGE))
        within = max((text.left + text.right for text in texts), default=0) + _GAP
        heads = (
            _room(words, _MIDDLE, BOLD) + 10
            for part in picture.clusters()
            for words in (part.title, part.name, part.note)
        )
        # The head of a cluster stands left of the middle, and is cut only where it is very long.
        self._width = max(within, min(2 * max(heads, default=0), _WIDEST))

    def box(self, box: Box) -> str:
        """The label of any box."""
        if box.kind == IO:
            return self._terminal(box)
        if box.kind == MERGE:
            return self._merge(box)
        theme, texts = self._theme, _texts(box)
        title = run(texts.title, _LARGE, theme.tints[box.kind].line, BOLD)
        right = "" if self._upright else AT_THE_RIGHT
        name = run(texts.name, _SMALL, theme.quiet, right)
        detail, note = run(texts.detail, _SMALL, theme.text), run(texts.note, _SMALL, theme.text, right)
        if self._upright:
            width = max(texts.left, texts.right)
            return label(
                table(*(cell(line, align="LEFT", width=width) for line in (title, name, detail, note) if line))
            )
        rows = [cell(title, align="LEFT", width=texts.left) + cell(name, align="RIGHT", width=self._width - texts.left)]
        if detail or note:
            rows.append(cell(detail, align="LEFT") + cell(note, align="RIGHT"))
        return label(table(*rows))

    def _terminal(self, box: Box) -> str:
        theme = self._theme
        cells = [_filled(box.title, _MIDDLE, theme.io_text, BOLD)]
        if box.name:
            cells.append(_filled(shorten(box.name, 160, _SMALL), _SMALL, theme.io_text))
        cells.append(_filled(box.detail, _SMALL, theme.io_size, MONO, align="RIGHT"))
        return label(table(cell(width=3).join(cells), cellpadding=2))

    def _merge(self, box: Box) -> str:
        theme = self._theme
        cells = [_filled(box.title, 14 if is_sign(box) else _MIDDLE, theme.tints[MERGE].line, BOLD)]
        if box.detail:
            cells.append(_filled(box.detail, _SMALL, theme.text, MONO, align="RIGHT"))
        return label(table(cell(width=3).join(cells), cellpadding=2))

    def arrow(self, arrow: Arrow) -> str:
        """The size beside an arrow; nothing where it is not told."""
        if arrow.emphasis is Emphasis.NONE:
            return ""
        colour = self._theme.size if arrow.emphasis is Emphasis.STRONG else self._theme.quiet
        return label(table(_filled(arrow.size, _SMALL, colour, MONO), cellpadding=2))

    def cluster(self, cluster: Cluster) -> str:
        """The definition, the name of the use and what it learns, all left of the arrow that comes in at the middle."""
        theme = self._theme
        said = [
            (cluster.title, _MIDDLE, theme.tints[BLOCK].line, BOLD),
            (cluster.name, _MIDDLE, theme.text, BOLD if cluster.chain else ""),
            (cluster.note, _SMALL, theme.quiet, ""),
        ]
        widest = self._width * 2 if self._upright else self._width // 2
        lines = [""]
        left = widest
        for words, points, colour, face in said:
            shown = shorten(words, widest / _SLACK, points, face)
            room = _room(shown, points, face) + _SPACE
            if room > left:
                lines[-1] += _rest(left)
                lines.append("")
                left = widest
            if words:
                lines[-1] += cell(run(shown, points, colour, face), align="LEFT", width=room)
                left -= room
        lines[-1] += _rest(left)
        return label(table(*(cell(table(line), align="LEFT") for line in lines), cellpadding=0))

    def head(self) -> str:
        """The network's name, its totals, and a legend where there are more than a few kinds of boxes."""
        theme, picture = self._theme, self._picture
        rows = [
            _filled(shorten(picture.name, 400, _HUGE, BOLD), _HUGE, theme.heading, BOLD),
            _filled(picture.summary, _SMALL, theme.quiet),
        ]
        entries = self._legend()
        if entries:
            rows += [cell(height=4), cell(self._columns(entries), align="LEFT")]
        return label(table(*rows, cell(height=8)))

    def _legend(self) -> list[tuple[str, str]]:
        """Samples and words, where there are more than a few kinds; what is drawn for training only is always told."""
        theme, boxes, block = self._theme, self._picture.boxes, self._theme.tints[BLOCK]
        used = {box.kind for box in boxes}
        entries = []
        if sum(kind in used for kind in KINDS) > _FEW_KINDS:
            entries += [(_swatch(theme.tints[kind], DASHED.get(kind, "")), kind) for kind in KINDS if kind in used]
            if any(box.times > 1 for box in boxes):
                double = table(cell(_swatch(block)), border=1, color=block.line, style="ROUNDED")
                entries.append((double, "repeated block"))
            if any(arrow.skip for arrow in self._picture.arrows):
                entries.append((run("- - -", _SMALL, theme.skip, BOLD), "skip"))
        if any(box.training for box in boxes):
            entries.append((_swatch(theme.tints[MERGE], "DOTTED"), "in training only"))
        return entries

    def _columns(self, entries: list[tuple[str, str]]) -> str:
        cells = [cell(sample) + _filled(word, _SMALL, self._theme.text) for sample, word in entries]
        columns = max(3, self._width // 90)
        rows = (cells[i : i + columns] for i in range(0, len(cells), columns))
        return table(*(cell(width=8).join(row) for row in rows))


def _filled(text: str, points: int, colour: str, face: str = "", align: str = "LEFT") -> str:
    """A cell with a run of text, as wide as the text will be by our own count.

    Not every renderer knows how wide a character outside Latin is.
    """
    return cell(run(text, points, colour, face), align=align, width=_room(text, points, face) + 2)


def _rest(width: int) -> str:
    """An empty cell for what is left of a line, which a table would spread over its other cells."""
    return cell(width=max(width, 1))


def _swatch(tint: Tint, border: str = "") -> str:
    style = f"ROUNDED,{border}" if border else "ROUNDED"
    return table(cell(width=13, height=8), cellpadding=0, border=1, color=tint.line, bgcolor=tint.fill, style=style)


def is_sign(box: Box) -> bool:
    """Whether a merge is small enough for a circle."""
    return len(box.title) == 1 and not box.detail
