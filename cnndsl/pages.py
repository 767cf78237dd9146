"""The pages about errors and warnings: what each code means, with an example of what is wrong and one of what is right.

A page is `docs/errors/CODE.md`, in Markdown. A wheel has the folder inside the package.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import wrap

from cnndsl.terminal import paint

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Page:
    """What is said of a code. `title` is a few words, `text` the whole page, in Markdown."""

    code: str
    title: str
    text: str

    @property
    def summary(self) -> str:
        """The first paragraph, in one line."""
        return " ".join(self.text.split("\n\n")[1].split())


@cache
def _folder() -> Path:
    package = Path(__file__).parent
    return next(
        (folder for folder in (package / "errors", package.parent / "docs" / "errors") if folder.is_dir()),
        package / "errors",
    )


def codes() -> list[str]:
    """Every code that there is a page about, in order: errors first."""
    return sorted(path.stem for path in _folder().glob("*.md"))


def page(code: str) -> Page:
    """The page about a code. Raises KeyError for one that has none."""
    if code not in codes():
        raise KeyError(code)
    text = (_folder() / f"{code}.md").read_text(encoding="utf-8")
    return Page(code, text.partition("\n")[0].partition(": ")[2], text)


def address(code: str) -> str | None:
    """Where the page about a code is on the web; None where the package names no public repository."""
    repository = _repository()
    return f"{repository}/blob/HEAD/docs/errors/{code}.md" if repository else None


@cache
def _repository() -> str:
    """The address under `Repository` in the metadata of the installed package; empty where there is none."""
    from importlib import metadata

    try:
        urls = metadata.metadata("cnndsl").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        return ""
    addresses: dict[str, str] = dict(url.split(", ", 1) for url in urls)
    return addresses.get("Repository", "").rstrip("/")


def plain(markdown: str, *, color: bool = False, columns: int = 80) -> str:
    """A page for a terminal: headings in bold, paragraphs in so many columns, examples indented, and links as the
    words that they stand on.
    """
    lines: list[str] = []
    paragraph: list[str] = []
    inside = False
    for line in [*markdown.splitlines(), ""]:
        if not inside and line and not line.startswith(("#", "```")):
            paragraph.append(line)
            continue
        lines += wrap(_LINK.sub(r"\1", " ".join(paragraph)), columns, break_long_words=False, break_on_hyphens=False)
        paragraph.clear()
        if line.startswith("```"):
            inside = not inside
        elif inside:
            lines.append(f"    {line}".rstrip())
        else:
            lines.append(paint(line.lstrip("# "), "bold", color=color))
    return "\n".join(lines[:-1]) + "\n"
