"""Mermaid flowcharts: the diagram as text that GitHub, GitLab and many editors show as a picture.

What is drawn and what is folded is decided as for the diagram; only the writing differs.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import KW_ONLY, replace
from typing import Annotated

from pydantic import Field

from cnndsl.backends.graphviz import Flowchart
from cnndsl.backends.graphviz.labels import DASHED, KINDS, begin, is_sign, printable, shorten
from cnndsl.backends.graphviz.picture import IO, MERGE, Arrow, Box, Cluster, Emphasis, Item, Picture
from cnndsl.backends.options import Checked, Network, model
from cnndsl.display import MarkdownText
from cnndsl.theme import Theme

_ROOM, _POINTS = 200, 10
"""How wide a piece of text may be, at what size."""
_SPECIAL = re.compile(r'["#<>&%`;\\\[\]{}|]')


@model
class Mermaid(Flowchart[str]):
    """The diagram of a network in Mermaid's language, which code hosts show as a picture.

    The theme auto is light in it, since a page's own theme has the rest.
    """

    network: Network = None
    _: KW_ONLY
    fenced: Annotated[bool, Field(description="Whether it is a block of code for a Markdown page.")] = False

    def of(self, text: Checked) -> str:
        """The flowchart, as text."""
        lines = _Writer(self.picture(text, self.network), self.colours).lines(self.direction)
        shown = "".join(f"{line}\n" for line in (("```mermaid", *lines, "```") if self.fenced else lines))
        return MarkdownText(shown, lambda: replace(self, fenced=True).made(text))


class _Writer:
    def __init__(self, picture: Picture, theme: Theme) -> None:
        self._picture = picture
        self._theme = theme
        self._names = {id(box): f"n{at}" for at, box in enumerate(picture.boxes, 1)}
        self._groups = 0

    def lines(self, direction: str) -> Iterator[str]:
        picture = self._picture
        title = " ".join(printable(f"{picture.name}: {picture.summary}").split())
        yield "---"
        yield f"title: {json.dumps(title.replace('%', '&#37;'), ensure_ascii=False)}"
        if any(
            isinstance(item, Cluster) and item.items for item in picture.items
        ):  # else the first box touches its title
            yield "config: {flowchart: {subGraphTitleMargin: {bottom: 20}}}"
        yield "---"
        yield f"flowchart {direction}"
        yield from self._items(picture.items, "    ")
        for arrow in picture.arrows:
            yield f"    {self._arrow(arrow)}"
        yield from self._colours()

    def _items(self, items: list[Item], indent: str) -> Iterator[str]:
        for item in items:
            if isinstance(item, Box):
                yield f"{indent}{self._box(item)}"
            elif isinstance(item, Cluster) and item.items:
                self._groups += 1
                head = f"{_bold(shorten(item.title, _ROOM, _POINTS))} {_escaped(shorten(item.name, _ROOM, _POINTS))}"
                label = " · ".join(filter(None, (head.strip(), _escaped(item.note))))
                yield f'{indent}subgraph g{self._groups}["{label}"]'
                yield from self._items(item.items, f"{indent}    ")
                yield f"{indent}end"

    def _box(self, box: Box) -> str:
        head = f"{_bold(shorten(box.title, _ROOM, _POINTS))} {_escaped(shorten(box.name, _ROOM, _POINTS))}".strip()
        detail = begin(box.detail, 2 * _ROOM, _POINTS)  # Mermaid breaks what is too wide for its boxes
        label = "<br/>".join(filter(None, (head, _escaped(detail), _escaped(box.note))))
        if box.kind == IO:
            start, end = '(["', '"])'
        elif is_sign(box) and box.kind == MERGE:
            start, end = '(("', '"))'
        elif box.times > 1:
            start, end = '[["', '"]]'
        else:
            start, end = '("', '")'
        return f"{self._names[id(box)]}{start}{label}{end}:::{_class(box)}"

    def _arrow(self, arrow: Arrow) -> str:
        boxes = self._picture.boxes
        tail, head = self._names[id(boxes[arrow.tail])], self._names[id(boxes[arrow.head])]
        size = "" if arrow.emphasis is Emphasis.NONE else f'|"{_escaped(arrow.size)}"|'
        return f"{tail} {'-.->' if arrow.skip else '-->'}{size} {head}"

    def _colours(self) -> Iterator[str]:
        theme, used = self._theme, Counter(_class(box) for box in self._picture.boxes)
        for kind in (*KINDS, MERGE, IO):
            tint = theme.tints[kind]
            text = theme.io_text if kind == IO else theme.text
            for name, dashes in ((kind, "4 3" if kind in DASHED else ""), (f"{kind}Training", "2 2")):
                if name in used:
                    dashed = f",stroke-dasharray:{dashes}" if dashes else ""
                    yield f"    classDef {name} fill:{tint.fill},stroke:{tint.line},color:{text}{dashed}"
        if self._groups:
            yield f"    classDef group fill:{theme.cluster},stroke:{theme.cluster_line},color:{theme.text}"
            yield f"    class {','.join(f'g{at}' for at in range(1, self._groups + 1))} group"
        skips = [str(at) for at, arrow in enumerate(self._picture.arrows) if arrow.skip]
        if skips:
            yield f"    linkStyle {','.join(skips)} stroke:{theme.skip}"


def _class(box: Box) -> str:
    return f"{box.kind}Training" if box.training else box.kind


def _bold(text: str) -> str:
    return f"<b>{_escaped(text)}</b>" if text else ""


def _escaped(text: str) -> str:
    """A text inside a quoted label: what means something to Mermaid or to HTML becomes a number."""
    return _SPECIAL.sub(lambda match: f"#{ord(match[0])};", " ".join(printable(text).split()))
