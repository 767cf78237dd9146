"""How long the families of `models/` are, beside the Python classes that people wrote for them by hand.

    python -m benchmarks.lengths

A text of the language is counted in words of its lexer, Python in tokens of `tokenize`; comments and line
breaks count in neither.  By hand: torchvision 0.29.1, only what defines the models, without docstrings,
imports, annotations, weight tables, loaders and shared helpers.
"""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

from cnndsl.syntax.grammar import words

MODELS = Path(__file__).parents[1] / "models"

BY_HAND = {
    "alexnet": 369,
    "vgg": 858,
    "resnet": 1832,
    "squeezenet": 815,
    "densenet": 1217,
    "mobilenetv2": 797,
    "mobilenetv3": 1595,
}
"""Python tokens of each family, by the name of its file."""
_LAYOUT = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
)


def text_tokens(family: str) -> int:
    """The length of a family in the language."""
    text = (MODELS / f"{family}.cnn").read_text(encoding="utf-8")
    return sum(word.type != "_NL" for word in words(text))


def python_tokens(text: str) -> int:
    """The length of Python source."""
    return sum(token.type not in _LAYOUT for token in tokenize.generate_tokens(io.StringIO(text).readline))


def characters(text: str) -> int:
    """How many characters of a text say something."""
    return len(re.sub(r"#.*|\s+", "", text))


def definitions(text: str) -> dict[str, str]:
    """The definitions of a file, by their names."""
    starts = list(re.finditer(r"^(?:network|block|sequence|extern) (\w+)|^(\w+) +=", text, re.MULTILINE))
    ends = [*(start.start() for start in starts[1:]), len(text)]
    return {start[1] or start[2]: text[start.start() : end] for start, end in zip(starts, ends, strict=True)}


def written_by_hand(path: Path) -> int:
    """How long a file is with the definitions of other files that it needs."""
    text = path.read_text(encoding="utf-8")
    length = characters(text)
    for name, imported in re.findall(r'^from "(?:cnndsl:)?([^"]+)" import (.+)', text, re.MULTILINE):
        others = definitions((path.parent / name).read_text(encoding="utf-8"))
        needed, rest = set(), set(re.findall(r"\w+", imported))
        while rest:
            needed |= rest
            rest = {word for found in rest if found in others for word in re.findall(r"\w+", others[found])} - needed
        length += sum(characters(others[found]) for found in needed if found in others)
    return length


def main() -> None:
    """Print the table."""
    rows = [(family, text_tokens(family), by_hand) for family, by_hand in BY_HAND.items()]
    rows.append(("all", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    print(f"{'':12}{'.cnn':>8}{'by hand':>10}{'ratio':>8}")
    for family, ours, by_hand in rows:
        print(f"{family:12}{ours:8}{by_hand:10}{ours / by_hand:8.2f}")


if __name__ == "__main__":
    main()
