"""DOT text -> SVG, PNG or PDF.

Whatever is installed is used, through the `graphviz` package: the renderer that comes with cnndsl as a
dependency, so that a picture needs no system package and looks the same everywhere; where it cannot
do what is asked, Graphviz's own `dot` if it is on the PATH. A PDF is made of the SVG, as it is of other pictures.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from typing import Literal, TypeVar, get_args

from cnndsl.theme import ThemeName

Format = Literal["svg", "png", "pdf"]
T = TypeVar("T")
TIMEOUT = 60.0
"""Seconds that a layout may take."""

_HELP = "run pip install graphviz-pure, or install Graphviz (graphviz.org/download)"
_TOOLTIP = r'tooltip="(?:[^"\\]|\\.)*"'
# Letters beyond Latin, Greek and Cyrillic; from U+2000 on there are marks and arrows before them.
_LETTERS = "[\u0530-\u1dff\u2c00-\ud7ff\uf900-\ufaff\ufb1d-\ufefe\uff01-\uffef\U00010000-\U0010ffff]"


class RenderError(Exception):
    """A picture could not be made; the message says why, and what to install or to change."""


class RenderWarning(UserWarning):
    """A picture was made, but not all of it is as it should be."""


def render(dot: str, format: str = "svg", *, theme: ThemeName = "light", timeout: float = TIMEOUT) -> bytes:  # noqa: A002
    """The picture that a DOT text describes, as the bytes of a file.

    format: "svg", "png" or "pdf".
    theme: for an SVG whose DOT text is in light colours, whether it turns dark with the reader's system
    ("auto") or always ("dark"); a PNG or PDF has the colours of the DOT text.
    timeout: seconds for the layout.
    Raises ValueError for another format, RenderError when there is no renderer or none succeeds; warns with
    RenderWarning when letters will be missing from a PNG.
    """
    if format not in get_args(Format):
        raise ValueError(f"no such format: {format!r}; there are {', '.join(get_args(Format))}")
    if format == "pdf" or (format == "png" and has_letters(dot) and _finds_fonts()):
        return convert(render(dot, theme="light", timeout=timeout).decode(), format)
    from cnndsl.render.svg import finish

    return _draw(dot, format, timeout, (lambda drawn: finish(drawn, theme)) if format == "svg" else bytes)


def has_letters(dot: str) -> bool:
    """Whether letters beyond Latin, Greek and Cyrillic are to be seen, for which not every renderer has shapes."""
    return re.search(_LETTERS, re.sub(_TOOLTIP, "", dot)) is not None


def _finds_fonts() -> bool:
    """Whether a PNG can be made of an SVG, with letters of any script; a program that the user names is used alone."""
    from importlib.util import find_spec

    from cnndsl.render.renderers import OVERRIDE

    return OVERRIDE not in os.environ and find_spec("typst") is not None


def convert(svg: str, format: str) -> bytes:  # noqa: A002
    """A finished SVG in this format. Raises RenderError where it cannot be made, and warns with RenderWarning."""
    if format == "svg":
        return svg.encode()
    from cnndsl.render.formats import pdf, png

    return pdf(svg) if format == "pdf" else png(svg)


def draw(dot: str, made: Callable[[bytes], T]) -> T:
    """What is made of the SVG that a renderer draws, before it is finished. Raises RenderError as `render` does."""
    return _draw(dot, "svg", TIMEOUT, made)


def _draw(dot: str, format: str, timeout: float, made: Callable[[bytes], T]) -> T:  # noqa: A002
    """What is made of what the first renderer draws that succeeds."""
    from xml.etree.ElementTree import ParseError

    from cnndsl.render.renderers import RendererFailed, candidates, is_complete

    letters = format == "png" and has_letters(dot)
    failures = []
    for renderer in candidates(format, letters=letters):
        try:
            drawn = made(renderer.draw(dot, format, timeout))
        except RendererFailed as problem:
            failures.append(str(problem))
        except ParseError as problem:
            failures.append(f"what was drawn is no SVG: {problem}")
        except TimeoutError as problem:
            raise RenderError(f"{problem}; show fewer boxes (a smaller depth), or give it more time") from None
        else:
            if letters and not is_complete(renderer):
                message = (
                    f"{renderer.name} has no shapes for some letters: run pip install 'cnndsl[png]', or make an SVG"
                )
                warnings.warn(message, RenderWarning, stacklevel=2)
            return drawn
    if failures:
        message = f"no {format.upper()} could be made: {'; '.join(failures)}"
    else:
        message = f"nothing here can make {format.upper()}: {_HELP}"
    raise RenderError(message)
