"""The links of a Markdown page, as they are where the page stands elsewhere: on the site, or on a package's page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Leads = Callable[[str], str | None]
"""Where a link leads that is written as a path from the page's folder; None where there is nothing."""
_CODE = re.compile(
    r"^```.*?^```[ \t]*$|(?<=\n\n)(?: {4}[^\n]*\n)+|(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")
_ATTRIBUTE = re.compile(r'<(img|a)\b[^>]*?\b(?:src|href)="([^"]*)"[^>]*>')
_ELSEWHERE = re.compile(r"[a-z][a-z+.-]*:", re.IGNORECASE)


def redirected(text: str, leads: Leads) -> str:
    """A page with its links led elsewhere. Those that lead to nothing are the words that they stand on, and a picture
    that is nowhere is left out. What is code, or has an address of its own, stays as it is.
    """
    pieces: list[str] = []
    kept: list[str] = []
    reached = 0
    for code in _CODE.finditer(text):  # code may stand inside the words of a link, and is put back afterwards
        pieces += [text[reached : code.start()], f"\0{len(kept)}\0"]
        kept.append(code[0])
        reached = code.end()
    plain = "".join([*pieces, text[reached:]])

    def link(found: re.Match[str]) -> str:
        mark, words, target = found.groups()
        there = target if _ELSEWHERE.match(target) else leads(target)
        if there is None:
            return "" if mark else words
        return f"{mark}[{words}]({there})"

    def tag(found: re.Match[str]) -> str:
        target = found[2]
        there = target if _ELSEWHERE.match(target) else leads(target)
        if there is None:
            return ""
        return found[0].replace(f'"{target}"', f'"{there}"')

    moved = _ATTRIBUTE.sub(tag, _LINK.sub(link, plain))
    return re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], moved)


def repository(urls: Mapping[str, str]) -> str:
    """The public address of the repository, as [project.urls] has it; empty where there is none yet."""
    return urls.get("Repository", "").rstrip("/")


def published(text: str, urls: Mapping[str, str]) -> str:
    """The README for a page outside the repository. Its links lead to the public repository, or are left out."""
    address = repository(urls)

    def leads(target: str) -> str | None:
        if target.startswith("#"):
            return target
        is_picture = target.rpartition(".")[2] in ("svg", "png")
        return f"{address}/{'raw' if is_picture else 'blob'}/HEAD/{target}" if address else None

    return redirected(text, leads)
