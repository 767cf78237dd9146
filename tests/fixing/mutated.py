"""Texts with mistakes, made from texts without: what fixes are tried on.

    mutated(7) -> Mutated

The same number gives the same text.  Most people's mistakes are one slip of a key, or a spelling that they know from
elsewhere; some texts are worse, and have several.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from cnndsl.compilation import Compilation
from cnndsl.compiler import compile_source
from cnndsl.diagnostics import Diagnostic, Severity
from cnndsl.fixing import Fixed, fix
from cnndsl.ir.program import Program
from cnndsl.source import Source

ROOT = Path(__file__).parents[2]
LONGEST = 3000
"""Longer texts are left out, for each is compiled many times."""
SIGNS: list[str] = [*",)(->'\"（ |:=/%;[}*.0，", "", "->"]
"""What a finger may leave in a text, or nothing, or an arrow."""
SPELLINGS = [
    (r"\brelu\b(?![(（])", "nn.ReLU()"), (r"\bbatchnorm\b(?![(（])", "BatchNorm2d"), (r"\bmaxpool\(", "nn.MaxPool2d("),
    (r"\bkernel=", "kernel_size="), (r"\bfeatures=", "out_features="), (r"\bsoftmax\b(?![(（])", "nn.Softmax(dim=1)"),
    (r"\btrue\b", "True"), (r"\bfalse\b", "False"), (r"\bflatten\b(?![(（])", "nn.Flatten()"), (r'"(\w+)"', r"'\1'"),
    (r" -> ", " → "), (r" -> ", " => "), (r"\(", "（"), (r", ", "，"), (r"=\[(\d+), (\d+)\]", r"=(\1, \2)"),
    (r"\} else if ", "} elif "), (r"==", "==="), (r"\b(\d)(\d\d\d)\b", r"\1_\2"), (r"# ", "// "), (r" \{\n", "\n{\n"),
]  # fmt: skip
"""What others write, as patterns of ours and what stands for them."""


@dataclass(frozen=True)
class Mutated:
    """A text with mistakes, and the one that was meant, if that is known."""

    text: str
    meant: str | None


@cache
def originals() -> tuple[str, ...]:
    """The texts without a mistake that others are made from."""
    paths = sorted([*(ROOT / "tests").rglob("cases/*.cnn"), *(ROOT / "models").glob("*.cnn")])
    texts = dict.fromkeys(path.read_text(encoding="utf-8") for path in paths)
    return tuple(text for text in texts if len(text) <= LONGEST and compiled(text).program is not None)


def mutated(number: int) -> Mutated:
    """The text of a number."""
    random = Random(number)  # noqa: S311
    text = random.choice(originals())
    kind = random.choice(["slip", "slip", "spelling", "spelling", "several"])
    if kind == "slip":
        return Mutated(_slipped(text, random), text)
    if kind == "spelling":
        changed = text
        for pattern, written in random.sample(SPELLINGS, random.randint(1, 6)):
            pieces = re.split(r'("[^"\n]*")', changed)  # in quotes these would be other texts
            for k in range(0, len(pieces), 1 if '"' in pattern else 2):
                pieces[k] = re.sub(pattern, written, pieces[k], count=random.choice([1, 2, 0]))
            changed = "".join(pieces)
        return Mutated(changed, text)
    changed = text
    for _ in range(random.randint(2, 5)):
        changed = random.choice([_slipped, _rearranged])(changed, random)
    return Mutated(changed, None)


def _slipped(text: str, random: Random) -> str:
    """The text with a letter or sign too much, too few, or in place of another."""
    at = random.randrange(len(text) + 1)
    sign = random.choice([*SIGNS, random.choice("abcdefghijklmnopqrstuvwxyz")])
    return text[:at] + sign + text[at + random.choice([0, 1, 1, 2]) :]


def _rearranged(text: str, random: Random) -> str:
    """The text with a line less, or one of another text more."""
    lines = text.split("\n")
    at = random.randrange(len(lines))
    if random.random() < 0.5:
        del lines[at]
    else:
        lines.insert(at, random.choice(random.choice(originals()).split("\n")))
    return "\n".join(lines)


def compiled(text: str) -> Compilation:
    """What the compiler makes of a text that imports nothing."""
    return compile_source(Source("net.cnn", text))


def mended(text: str, *, unsafe: bool) -> Fixed:
    """What becomes of a text."""
    return fix(Source("net.cnn", text), lambda source: compile_source(source).diagnostics, unsafe=unsafe)


def complaints(case: Mutated, after: Fixed, *, unsafe: bool) -> list[str]:
    """What is wrong with what became of a text; nothing, if all is well."""
    found = []
    before = compiled(case.text).diagnostics
    more = _said(after.left) - _said(before)
    if more:
        found.append(f"new errors: {', '.join(message for _, message in more)}")
    if any(d.severity is Severity.ERROR for d in after.applied) and _said(after.left).total() >= _said(before).total():
        found.append("errors did not become fewer")
    if bool(after.applied) != (after.source.text != case.text):
        found.append("what was applied is not what was changed")
    if not unsafe and not all(d.fix is not None and d.fix.is_safe for d in after.applied):
        found.append("a suggestion was applied")
    if not unsafe and after.applied and case.meant is not None:
        now, meant = compiled(after.source.text).program, compiled(case.meant).program
        if now is not None and meant is not None and _layers(now) != _layers(meant):
            found.append("another network than was meant")
    return found


def _layers(program: Program) -> Any:
    """What a program computes: all of it but for places, the words of the text, and defaults that nothing may use."""
    left_out = {"definitions", "origin", "default", "reasons", "span"}

    def plain(item: Any) -> Any:
        if isinstance(item, dict):
            return {name: plain(inner) for name, inner in item.items() if name not in left_out}
        return [plain(inner) for inner in item] if isinstance(item, list) else item

    return plain(json.loads(program.model_dump_json()))


def _said(diagnostics: Iterable[Diagnostic]) -> Counter[tuple[str, str]]:
    """What errors say, and how often."""
    return Counter((d.code, d.message) for d in diagnostics if d.severity is Severity.ERROR)
