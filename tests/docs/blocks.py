"""The fenced blocks of the documents.

What the words after the three backticks ask for:

    cnn                     a text that compiles; `# name.cnn` in its first line gives it that name
    cnn body                lines of a network whose input is 3 x 32 x 32
    cnn part                definitions without a network, for other files to import
    cnn error E302 E201     a text with errors of exactly these codes (also with `body`)
    cnn warning W201        a text that compiles, with a warning of this code
    cnn untidy              a text that compiles, and is not in the layout of `cnndsl fmt` as all others are
    cnn untrue              a text that compiles, and has an `extern` line for which there is no such class
    cnn from PATH           what the file holds
    python                  code that runs in a folder with the models, after the blocks before it
    python from PATH        a part of a Python file, or of the module that is generated from a `.cnn` file
    output                  what the python block before it prints
    console                 `$ cnndsl ...` with what it prints; nothing is compared where nothing is shown
    bash                    commands for a reader's own machine
    text                    an illustration

A block of another kind is a mistake. `pytest --update` rewrites what is printed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"))
)
KINDS = frozenset({"cnn", "python", "output", "console", "bash", "sh", "text"})
_FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_FILE = re.compile(r"# (\S+\.cnn)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block: the document, the line of its fence, the words after it, the text inside and its offset."""

    document: str
    line: int
    words: tuple[str, ...]
    text: str
    start: int

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"

    @property
    def kind(self) -> str:
        """The first word."""
        return self.words[0] if self.words else ""

    @property
    def source(self) -> str:
        """The whole `.cnn` text: lines of a body get the network around them."""
        if "body" not in self.words:
            return self.text
        lines = "".join(f"    {line}".rstrip() + "\n" for line in self.text.splitlines())
        return f"network Example {{\n    input(3, 32, 32)\n{lines}}}\n"

    @property
    def codes(self) -> set[str]:
        """The codes of the diagnostics that the block is there to show."""
        return {word for word in self.words if re.fullmatch(r"[EW]\d{3}", word)}

    @property
    def file(self) -> str | None:
        """The name that a `.cnn` text gives itself in its first line."""
        found = _FILE.match(self.text) if self.kind == "cnn" else None
        return found[1] if found else None

    @property
    def made_from(self) -> Path | None:
        """The file of a block that shows what stands in it, or what is made of it."""
        return ROOT / self.words[2] if self.words[1:2] == ("from",) else None


def blocks_of(document: str) -> list[Block]:
    """The blocks of a document, in order."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [
        Block(document, text.count("\n", 0, found.start()) + 1, tuple(found[1].split()), found[2], found.start(2))
        for found in _FENCE.finditer(text)
    ]


BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document)]
