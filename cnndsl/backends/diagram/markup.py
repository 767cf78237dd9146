"""DOT and its HTML-like labels: quoting, attributes, table cells.

Everything that comes from a user's text goes through `quoted` or `run`, so no name can end a string,
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


def quoted(text: str) -> str:
    """A DOT string that comes out as this text, as a tooltip. New lines stay."""
    # DOT reads entities in every string, and takes the escapes out of a tooltip twice.
    safe = escape(printable(text), quote=False).replace("\\", "\\" * 4).replace('"', '\\"')
    return '"' + "\\n".join(safe.splitlines()) + '"'


def identifier(text: str) -> str:
    """A DOT name for a node or graph; backslashes, which a name cannot hold in every place, become underscores."""
    # An "&" that may begin an entity would stand in the SVG as it is.
    safe = re.sub(r"[\\\s]+", "_", printable(text)).replace("&", "&amp;").replace('"', '\\"')
    return f'"{safe}"'


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


def attributes(**values: str | float) -> str:
    """An attribute list. Numbers and markup are written bare, other texts quoted; empty ones are left out."""
    return ", ".join(f"{name.rstrip('_')}={_value(value)}" for name, value in values.items() if value != "")


def _value(value: str | float) -> str:
    if not isinstance(value, str):
        return f"{value:g}"
    return value if value.startswith("<<") else quoted(value)
