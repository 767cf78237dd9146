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


_OF_PYTHON = {
    "True": "write true",
    "False": "write false",
    "None": "leave the argument out",
    "none": "leave the argument out",
    "null": "leave the argument out",
    "self": "parts are named without self: conv1",
    "print": "nothing is printed: remove this line",
}


def alias(name: str) -> str | None:
    """Our word for a layer that goes by this name elsewhere."""
    from cnndsl.layers.aliases import alias

    return alias(name)


def unknown_name(node: tree.Name, visible: list[str]) -> Problem:
    """The error for a name that means nothing here."""
    if node.text in _OF_PYTHON:
        return error("E201", f"nothing is called {node.text}", node.span, help=_OF_PYTHON[node.text])
    word = alias(node.text)
    if word and word in visible:
        return error("E201", f"{node.text} is called {word} here", node.span, help=f"write {word}")
    near = nearest(node.text, visible)
    return error(
        "E201",
        f"nothing is called {node.text}",
        node.span,
        help=f"did you mean {near}?"
        if near
        else "declare it before this line; cnndsl layers lists the layers there are",
    )
