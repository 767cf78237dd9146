"""What a person may have meant by a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable

from cnndsl.diagnostics import Problem, error
from cnndsl.syntax import tree


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that differs least, if it is near enough to be meant."""
    from difflib import get_close_matches

    by_form = {name.lower().replace("_", ""): name for name in known}
    found = get_close_matches(word.lower().replace("_", ""), by_form, n=1, cutoff=0.72)
    return by_form[found[0]] if found else None


def unknown_name(node: tree.Name, visible: list[str]) -> Problem:
    """The error for a name that means nothing here."""
    from cnndsl.layers.aliases import alias

    word = alias(node.text)
    if word and word in visible:
        return error("E201", f"{node.text} is called {word} here", node.span, help=f"write {word}")
    near = nearest(node.text, visible)
    return error(
        "E201",
        f"nothing is called {node.text}",
        node.span,
        help=f"did you mean {near}?" if near else "declare it before this line, or see the layers in docs/layers.md",
    )
