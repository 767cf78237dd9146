"""A finished SVG -> a PNG, or a PDF for print, with the fonts that its text needs, by Typst."""

from __future__ import annotations

import re
import warnings
from html import unescape
from string import whitespace
from typing import TYPE_CHECKING, Any

from cnndsl.render import RenderError, RenderWarning

if TYPE_CHECKING:
    import typst

_SCREEN = 192.0
"""Pixels to an inch of a PNG, two to a unit of the picture: sharp on a screen of high density."""
_PRINT = 300.0
"""Those of a picture that has its size on paper."""


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
_CJK = "Noto Sans CJK (Debian and Ubuntu: fonts-noto-cjk)"
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


def png(svg: str) -> bytes:
    """The picture as the bytes of a PNG; for what is raised and warned of see `pdf`."""
    is_for_print = re.search(r'<svg [^>]*width="[\d.]+(cm|mm|in|pt)"', svg) is not None
    return _typeset(svg, "PNG", format="png", ppi=_PRINT if is_for_print else _SCREEN)


def pdf(svg: str) -> bytes:
    """The picture as the bytes of a PDF with one page of its size, with fonts of the system, or Typst's own.

    Raises RenderError where the package for it is not installed, or refuses the picture. Warns with RenderWarning
    where the system has no font without serifs, or none with some of the letters.
    """
    return _typeset(svg, "PDF", format="pdf", timestamp=0)  # the same picture gives the same bytes


def _typeset(svg: str, what: str, **form: Any) -> bytes:
    """The picture in a form of Typst's, which messages call `what`."""
    try:
        import typst
    except ImportError:
        message = f"nothing here can make a {what}: run pip install 'cnndsl[{what.lower()}]'; an SVG needs nothing"
        raise RenderError(message) from None
    fonts = typst.Fonts()
    there = frozenset(fonts.families())
    sans = next((name for name in SANS if name in there), "")
    mono = next(name for name in (*MONOSPACE, *there) if name in there)
    letters = letters_of(svg)
    if letters and not sans:
        message = f"this system has no font without serifs, so the {what} has another: install one, such as DejaVu Sans"
        warnings.warn(message, RenderWarning, stacklevel=3)
    warn_of(_missing([each for each in letters if not each.isascii()], fonts), what)
    # What a style sheet says is for a screen; the one face that is there stands where there was a list.
    bare = re.sub(r"<style\b.*?</style>", "", svg, flags=re.DOTALL)
    bare = _FACES.sub(lambda found: f'font-family="{mono if _is_monospace(found[1]) else sans}"', bare)
    bare = in_cjk(bare, next((name for name in CJK_SANS if name in there), None))
    if sans.startswith("DejaVu"):  # whose letters are wider than there is room for, and which has narrow ones
        bare = bare.replace("<svg ", '<svg font-stretch="condensed" ', 1)
    try:
        drawn = typst.Compiler(_PAGE.encode(), font_paths=fonts, sys_inputs={"svg": bare}).compile(**form)
    except typst.TypstError as problem:
        raise RenderError(f"Typst: {problem}") from problem
    assert isinstance(drawn, bytes)  # noqa: S101 - there is one page
    return drawn


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
