"""An SVG -> a PDF for print, with the fonts that its text needs inside."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

from cnndsl.render import RenderError, RenderWarning
from cnndsl.render.svg import CJK_SANS, MONOSPACE, SANS, in_cjk, letters_of, narrow, warn_of

if TYPE_CHECKING:
    import typst

_PAGE = """
#set page(width: auto, height: auto, margin: 0pt, fill: none)
#image(bytes(sys.inputs.svg), format: "svg")
"""
_LETTERS = """
#set page(width: 20pt, height: 20pt, margin: 0pt)
#for letter in sys.inputs.letters.codepoints() { page(letter) }
"""
_UNASSIGNED = "\u0378"
"""What is no letter, so that no font has a shape for it."""
_FACES = re.compile(r"""font-family="([^"]*)\"""")


def pdf(svg: str) -> bytes:
    """The picture as the bytes of a PDF with one page of its size, with fonts of the system, or Typst's own.

    Raises RenderError where the package for it is not installed, or refuses the picture. Warns with RenderWarning
    where the system has no font without serifs, or none with some of the letters.
    """
    try:
        import typst
    except ImportError:
        raise RenderError("nothing here can make a PDF: run pip install 'cnndsl[pdf]'; an SVG needs nothing") from None
    fonts = typst.Fonts()
    there = frozenset(fonts.families())
    sans = next((name for name in SANS if name in there), "")
    mono = next(name for name in (*MONOSPACE, *there) if name in there)
    if not sans and "<text" in svg:
        message = "this system has no font without serifs, so the PDF has another: install one, such as DejaVu Sans"
        warnings.warn(message, RenderWarning, stacklevel=2)
    warn_of(_missing([each for each in letters_of(svg) if not each.isascii()], fonts), "PDF")
    # What a style sheet says is for a screen; the one face that is there stands where there was a list.
    bare = re.sub(r"<style\b.*?</style>", "", svg, flags=re.DOTALL)
    bare = _FACES.sub(lambda found: f'font-family="{mono if _is_monospace(found[1]) else sans}"', bare)
    bare = in_cjk(bare, next((name for name in CJK_SANS if name in there), None))
    try:
        compiler = typst.Compiler(_PAGE.encode(), font_paths=fonts, sys_inputs={"svg": narrow(bare)})
        drawn = compiler.compile(format="pdf", timestamp=0)  # the same picture gives the same bytes
    except typst.TypstError as problem:
        raise RenderError(f"Typst: {problem}") from problem
    assert isinstance(drawn, bytes)  # noqa: S101 - there is one page
    return drawn


def _missing(letters: list[str], fonts: typst.Fonts) -> list[str]:
    """Those that no font has a shape for: they look as the one that none has."""
    import typst

    if not letters:
        return []
    given = {"letters": "".join([_UNASSIGNED, *letters])}
    drawn: Any = typst.Compiler(_LETTERS.encode(), font_paths=fonts, sys_inputs=given).compile(format="svg")
    none, *pages = drawn  # one for each letter
    return [letter for letter, page in zip(letters, pages, strict=True) if page == none]


def _is_monospace(families: str) -> bool:
    return families.startswith("Courier") or families.endswith("monospace")
