"""Diagnostics for a notebook or a page: what a terminal shows, with its colours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from cnndsl.diagnostics import Diagnostic
from cnndsl.report import text
from cnndsl.terminal import CODES

_PAPER = (
    "color:#1f2328;background:#fff;padding:0.6em;font-family:monospace;line-height:1.3;white-space:pre;overflow-x:auto"
)
"""The colours of the text, since the page around it may be dark, and its font, since marks stand below words."""
_COLOURS = {"red": "#c62828", "yellow": "#9a6700", "blue": "#1565c0"}
_STYLES = {"bold": "font-weight:bold"} | {name: f"color:{colour}" for name, colour in _COLOURS.items()}
_STYLED = re.compile(r"\x1b\[([\d;]+)m(.*?)\x1b\[0m", re.DOTALL)


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """All diagnostics as one element; nothing for no diagnostics. Whatever stands in a text stays text."""
    shown = text.render(diagnostics, color=True)
    if not shown:
        return ""
    names = {str(code): name for name, code in CODES.items()}

    def styled(found: re.Match[str]) -> str:
        rules = ";".join(_STYLES[names[code]] for code in found[1].split(";"))
        return f'<span style="{rules}">{found[2]}</span>'

    return f'<pre style="{_PAPER}">{_STYLED.sub(styled, escape(shown))}</pre>'
