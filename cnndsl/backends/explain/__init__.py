"""Why the sizes are what they are: each layer's formula with its numbers, and where every number comes from.

In: a checked program and the trees of its files.  Out: text for a terminal, Markdown or LaTeX.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import Literal

from cnndsl.backends.explain import latex, markdown, text
from cnndsl.backends.explain.content import Explanation, Places, Trees, applications, paths
from cnndsl.backends.explain.content import explain as content
from cnndsl.ir.program import Program

__all__ = ["UnknownPart", "check_part", "explain"]

MOST = 2000
"""More applications than this are counted, not shown."""

Format = Literal["text", "markdown", "latex"]


class UnknownPart(KeyError):  # noqa: N818 - what happened, as Unheard
    """A network has no part with this path. The message says so, with those that are called nearly so."""

    def __init__(self, network: str, part: str, near: Sequence[str]) -> None:
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        super().__init__(f"{network} has no {part}{meant}")

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError shows its message as Python writes a string


def explain(
    program: Program,
    trees: Trees,
    part: str = "",
    network: str | None = None,
    *,
    format: Format = "text",  # noqa: A002 - the word of the command line
    color: bool = False,
    folders: str = "",
) -> str:
    """Why the layers of a network, by default the last one of the text, give the sizes that they give.

    part: the path of a layer, of which then everything is said, or of a block; for what leaves no module, such as a
    flatten, its kind; by default all layers.
    folders: what stands before the names of files. Raises KeyError for an unknown network, UnknownPart for a part.
    """
    places = Places(trees)
    walk = applications(program, network, part)
    if part and part not in paths(program, network):
        # What leaves no module has no path, and goes by its kind.
        walk = (
            applied for applied in applications(program, network) if not applied.path and applied.layer.word == part
        )
    shown = [content(applied, places, folders) for applied in islice(walk, MOST)]
    left_out = sum(1 for _ in walk)
    if not shown:
        check_part(program, part, network)
    single = {explanation.title for explanation in shown} == {part}
    write = _writer(format, single=single, color=color)
    blocks = ["\n".join(write(explanation)) for explanation in shown]
    if format == "latex":
        blocks.insert(0, latex.HEAD)
    if left_out:
        blocks.append(f"... and {left_out:,} more")
    return "\n\n".join(blocks) + "\n"


def check_part(program: Program, part: str, network: str | None = None) -> None:
    """Raise UnknownPart unless a network has a part with this path; the empty path is that of the network itself."""
    known = list(islice(paths(program, network), 100_000)) if part else []
    if part and part not in known:
        from difflib import get_close_matches

        raise UnknownPart(program.network(network).name, part, get_close_matches(part, known))


def _writer(form: Format, *, single: bool, color: bool) -> Callable[[Explanation], Iterable[str]]:
    if form == "markdown":
        return markdown.full if single else markdown.brief
    if form == "latex":
        return latex.full if single else latex.brief
    return partial(text.full if single else text.brief, color=color)
