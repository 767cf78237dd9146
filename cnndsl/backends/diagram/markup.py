"""Texts and HTML-like labels for DOT, which the `graphviz` package quotes.

Everything that comes from a user's text goes through `plain`, `identifier` or `run`, so no name can end a string,
open a tag or be taken for one of DOT's escapes.
"""

from __future__ import annotations

import re
from html import escape

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
