"""A finished SVG -> a PNG, or a PDF for print, with the fonts that its text needs."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from functools import cache
from html import escape, unescape
from string import whitespace
from typing import TYPE_CHECKING, Any

from cnndsl.render import RenderError, RenderWarning

if TYPE_CHECKING:
    import typst

_ZOOM = 2
"""Pixels to a unit of the picture: sharp on a screen of high density."""
_PRINT = 300.0
"""Pixels to an inch of a picture that has its size on paper."""


SANS = (
    "Arial", "Helvetica", "Liberation Sans", "Nimbus Sans", "DejaVu Sans", "Noto Sans", "Noto Sans CJK JP",
    "Segoe UI", "Roboto", "Ubuntu", "Cantarell", "Open Sans", "FreeSans", "IPAexGothic", "IPAGothic",
)  # fmt: skip
MONOSPACE = (
    "Menlo", "Consolas", "DejaVu Sans Mono", "Liberation Mono", "Courier New", "Noto Sans Mono", "Nimbus Mono PS",
    "Ubuntu Mono", "FreeMono",
)  # fmt: skip
"""Families that common systems have, for texts whose own families are not there."""
CJK_SANS = (
    "Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans", "Source Han Sans JP", "Hiragino Sans", "Yu Gothic",
    "Meiryo", "MS Gothic", "IPAexGothic", "IPAGothic", "VL Gothic",
)  # fmt: skip
"""Families without serifs that have Japanese and Chinese letters."""
_CJK_LETTER = re.compile("[\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]")
_NO_LETTER = "\ue000"
_CJK = "Noto Sans CJK (Debian and Ubuntu: fonts-noto-cjk)"


def png(svg: str) -> bytes:
    """The picture as the bytes of a PNG, with the fonts of the system.

    Raises RenderError where the package for it is not installed, or refuses the picture. Warns with RenderWarning
    where the system has no font, or none with some of the letters.
    """
    try:
        import resvg_py
    except ImportError:
        message = "nothing here can make a PNG of it: run pip install 'cnndsl[png]'; an SVG needs nothing"
        raise RenderError(message) from None
    letters = letters_of(svg)
    sans = _family(SANS) if letters else None
    if letters and sans is None:
        message = "this system has no font, so the PNG has no text: install one, such as DejaVu Sans, or make an SVG"
        warnings.warn(message, RenderWarning, stacklevel=2)
    elif sans is not None:
        warn_of([each for each in letters if not each.isascii() and _is_missing(each, sans)], "PNG")
    mono = _family(MONOSPACE) or sans if letters else None
    try:
        is_for_print = re.search(r'<svg [^>]*width="[\d.]+(cm|mm|in|pt)"', svg) is not None
        drawn = resvg_py.svg_to_bytes(
            svg_string=narrow(in_cjk(svg, _family(CJK_SANS)) if any(map(_CJK_LETTER.match, letters)) else svg),
            dpi=_PRINT if is_for_print else 0,
            zoom=1 if is_for_print else _ZOOM,
            sans_serif_family=sans,
            monospace_family=mono,
        )
        return bytes(drawn)
    except ValueError as problem:
        raise RenderError(f"resvg: {problem}") from problem


def narrow(svg: str) -> str:
    """The picture with narrow letters of families that have such: DejaVu's others are wider than there is room for."""
    return svg.replace("<svg ", '<svg font-stretch="condensed" ', 1)


def in_cjk(svg: str, family: str | None) -> str:
    """The picture with this family for its texts with Japanese or Chinese letters.

    Renderers take the first font that has a letter where the family of a text lacks it, also one with serifs.
    """

    def styled(found: re.Match[str]) -> str:
        if _CJK_LETTER.search(found[2]) is None:
            return found[0]
        return f"<text style=\"font-family:'{family}'\"{found[1]}>{found[2]}</text>"

    return re.sub(r"<text\b([^>]*)>(.*?)</text>", styled, svg, flags=re.DOTALL) if family is not None else svg


def letters_of(svg: str) -> list[str]:
    """Every letter that is to be seen in a picture once, in order."""
    told = re.sub(r"<(style|title|desc)\b.*?</\1>", "", svg, flags=re.DOTALL)
    return sorted(set(unescape("".join(re.findall(r">([^<]+)<", told)))) - set(whitespace))


def warn_of(letters: list[str], what: str) -> None:
    """Warn with RenderWarning of letters that no font has, which are not in what is made: in the PNG."""
    if letters:
        font = _CJK if any(map(_CJK_LETTER.match, letters)) else "a font"
        message = f"no font of this system has {_listed(''.join(letters))}: make an SVG, or install {font} for a {what}"
        warnings.warn(message, RenderWarning, stacklevel=3)


def _listed(letters: str) -> str:
    return f"the letters {letters}" if len(letters) <= 8 else f"{len(letters)} of the letters"


def _family(names: Iterable[str]) -> str | None:
    """The first of these families that the system has."""
    return next((name for name in names if _drawn("x", name) != _drawn("", name)), None)


def _is_missing(letter: str, family: str) -> bool:
    """Whether no font has a shape for it: it leaves no mark, or the one that all such letters leave."""
    return _drawn(escape(letter), family) in (_drawn("", family), _drawn(_NO_LETTER, family))


@cache
def _drawn(text: str, family: str) -> bytes:
    """A text by itself, small."""
    import resvg_py

    style = f'font-family="{family}" font-size="16" x="2" y="18"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"><text {style}>{text}</text></svg>'
    return bytes(resvg_py.svg_to_bytes(svg_string=svg))


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
