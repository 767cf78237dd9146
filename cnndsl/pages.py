"""A code -> the page about this error or warning: what it means, with an example of what is wrong and of what is right.

A page is `docs/errors/CODE.md`, in Markdown. A wheel has the folder inside the package. What a page says in another
language stands in one document, `docs/ja/errors.md`, with what the code means and why; the examples are the page's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from cnndsl.frozen import frozen
from cnndsl.i18n import language, tr
from cnndsl.terminal import paint, wrap

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@frozen()
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


def why_not(code: str) -> str:
    """What to say of a code that there is no page about: which one may be meant."""
    from difflib import get_close_matches

    near = get_close_matches(code.upper(), codes(), 1)
    return f"there is no code {code}; " + (f"did you mean {near[0]}?" if near else "cnndsl rule lists them all")


_HEADS = {"Wrong", "Right"}
"""The sections of a page that are examples alone, or nearly so."""
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def translated(code: str) -> Page:
    """The page in the language that is spoken: its own words and the examples of the English page.

    In English, and where the language says nothing of the code, the English page. Raises KeyError for an unknown code.
    """
    found = page(code)
    said = _said(language()).get(code)
    if said is None:
        return found
    title, meaning, why = said
    parts = [f"# {code}: {title}", meaning]
    _, *sections = re.split(r"^## (.*)$", found.text, flags=re.MULTILINE)
    for head, text in zip(sections[::2], sections[1::2], strict=True):
        if head in _HEADS:
            parts += [f"## {tr(head)}", *_FENCED.findall(text)]
        elif head == "Why":
            parts += [f"## {tr(head)}", why]
        else:
            parts += [f"## {tr(head)}", _silencing(code) or text.strip()]
    return Page(code, title, "\n\n".join(parts) + "\n")


def _silencing(code: str) -> str:
    """How to silence a warning about a text, as its page says in English; nothing for one about a picture."""
    if code == "W001":
        return ""
    said = (
        "`# cnndsl: ignore[{code}]` at the end of the line, `# cnndsl: ignore-file[{code}]` at the top of the file, "
        '`--ignore {code}` on the command line, or `ignore = ["{code}"]` below `[tool.cnndsl]` in `pyproject.toml`.'
    )
    return tr(said, code=code)


@cache
def _said(name: str) -> Mapping[str, tuple[str, str, str]]:
    """Code -> its title, what it means and why, in a language; nothing in English."""
    package = Path(__file__).parent
    places = (package / "locales" / f"errors.{name}.md", package.parent / "docs" / name / "errors.md")
    path = next((path for path in places if path.is_file()), None)
    if path is None:
        return {}
    _, *parts = re.split(r"^## \[([EW]\d+)\]\([^)]*\): (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = {}
    for code, title, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        meaning, _, why = text.strip().partition("\n\n")
        found[code] = (title, meaning, why)
    return found


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
        lines += wrap(_LINK.sub(r"\1", " ".join(paragraph)), columns)
        paragraph.clear()
        if line.startswith("```"):
            inside = not inside
        elif inside:
            lines.append(f"    {line}".rstrip())
        else:
            lines.append(paint(line.lstrip("# "), "bold", color=color))
    return "\n".join(lines[:-1]) + "\n"
