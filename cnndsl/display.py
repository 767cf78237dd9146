"""Texts and bytes that a notebook shows as pictures, tables and pages; everywhere else they are texts and bytes."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, Self

SVG = "image/svg+xml"
MEDIA = {"svg": SVG, "png": "image/png", "pdf": "application/pdf"}
"""The types of what the forms of a picture are."""


class _Printer(Protocol):
    """What IPython prints with."""

    def text(self, text: str) -> None: ...


class PictureBytes(bytes):
    """The bytes of a file with a picture; `media` is their type, such as "image/png"."""

    media: str

    def __new__(cls, data: bytes, media: str) -> Self:
        made = super().__new__(cls, data)
        made.media = media
        return made

    def __getnewargs__(self) -> tuple[bytes, str]:  # type: ignore[override]  # bytes alone need less
        return bytes(self), self.media

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        shown = self.decode() if self.media == SVG else b64encode(self).decode()
        return {self.media: shown}

    def _repr_pretty_(self, printer: _Printer, _: bool) -> None:
        printer.text(f"<{self.media} of {len(self):,} bytes>")


class SvgText(str):
    """The text of an SVG."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)

    def _repr_pretty_(self, printer: _Printer, _: bool) -> None:
        printer.text(f"<{SVG} of {len(self):,} characters>")


class Lines(str):
    """A text of lines, shown as these and not in quotes."""

    __slots__ = ()

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # without what could give another form

    def _repr_pretty_(self, printer: _Printer, _: bool) -> None:
        printer.text(self.rstrip("\n"))


class Page(Lines):
    """The text of an HTML page, shown in a frame of its own."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        frame = 'sandbox="allow-scripts" style="width:100%;height:40em;border:0"'
        from html import escape  # of notebooks alone

        return f'<iframe srcdoc="{escape(self)}" {frame}></iframe>'

    def _repr_pretty_(self, printer: _Printer, _: bool) -> None:
        printer.text(f"<text/html of {len(self):,} characters>")


class _Shown(Lines):
    """A text, and what gives its other form for those who can show that."""

    _other: Callable[[], str | None]

    def __new__(cls, text: str, other: Callable[[], str | None]) -> Self:
        made = super().__new__(cls, text)
        made._other = other
        return made


class MarkdownText(_Shown):
    """A table or an explanation as text, and what gives it in Markdown."""

    def _repr_markdown_(self) -> str | None:
        return self._other()


class NetworkText(_Shown):
    """The text of a network, and what gives the SVG of its picture."""

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(self)}</pre>{self._other() or ''}"


def csv_lines(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A line of heads and one for each row as CSV; nothing stands for None, and a list or a truth value is JSON.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    from csv import writer
    from io import StringIO
    from json import dumps

    def written(cell: Any) -> Any:
        if isinstance(cell, bool | list):
            return dumps(cell, ensure_ascii=False)
        return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell

    out = StringIO()
    lines = writer(out, lineterminator="\n")
    lines.writerow(heads)
    lines.writerows(map(written, row) for row in rows)
    return out.getvalue()


_FORMULA = re.compile("[=+@-].")
"""How a spreadsheet's formulas begin; a sign by itself is none."""


def json_lines(fields: Mapping[str, Any], name: str, rows: Iterable[Any]) -> str:
    """One object as JSON, with a line for each field and for each row of its last one, a list with this name."""
    from json import dumps

    head = "".join(f'  "{key}": {dumps(value, ensure_ascii=False)},\n' for key, value in fields.items())
    listed = ",\n".join(f"    {dumps(row, ensure_ascii=False)}" for row in rows)
    inside = f"\n{listed}\n  " if listed else ""
    return f'{{\n{head}  "{name}": [{inside}]\n}}\n'
