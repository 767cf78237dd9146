"""SVG text -> PNG, for pictures that no layout program draws."""

from __future__ import annotations

from cnndsl.rendering import RenderError

_ZOOM = 2
"""Pixels to a unit of the picture: sharp on a screen of high density."""


def png(svg: str) -> bytes:
    """The picture as the bytes of a PNG, with the fonts of the system.

    Raises RenderError where the package for it is not installed, or refuses the picture.
    """
    try:
        import resvg_py
    except ImportError:
        message = "nothing here can make a PNG of it: run pip install 'cnndsl[png]'; an SVG needs nothing"
        raise RenderError(message) from None
    try:
        return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=_ZOOM))
    except ValueError as problem:
        message = f"resvg: {problem}"
        raise RenderError(message) from problem
