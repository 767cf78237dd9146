r"""Explanations -> text for a terminal, Markdown with formulas in LaTeX, or LaTeX.

LaTeX is a part of a document that uses the package amsmath, to be read with `\input`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from cnndsl.backends.explain.content import Explanation, Form
from cnndsl.i18n import language, tr
from cnndsl.layers.formula import Shape, show
from cnndsl.terminal import aligned, clean, pad, paint, width, wrap

_INDENT = "  "
_WIDE = 80
_WIDEST = 120
"""What a line with two explanations side by side may have."""


class Text(Form):
    """Text for a terminal."""

    latex, times, gap, more = False, " * ", "   ", "and"

    def shape(self, shape: Shape) -> str:
        return show(shape)

    def code(self, text: str) -> str:
        return clean(text)

    def plain(self, text: str) -> str:
        return clean(text)

    def formula(self, text: str) -> str:
        return text

    def note(self, text: str) -> str:
        return "\n".join(wrap(text, _WIDE))

    def brief(self, explanation: Explanation) -> Iterator[str]:
        yield from self._heading(explanation)
        yield from self._table(explanation.rows(self))

    def full(self, explanation: Explanation) -> Iterator[str]:
        yield from self._heading(explanation)
        yield ""
        if explanation.introduction:
            yield from (_INDENT + line for line in wrap(explanation.introduction, _WIDE - len(_INDENT)))
            yield ""
        yield from self._table(explanation.sizes(self))
        changes: list[tuple[str, ...]] = [
            (tr("with {change}", change=change.words), change.result) for change in explanation.changes
        ]
        if costs := explanation.costs(self):
            yield ""
            yield from self._table(costs)
        for rows in filter(None, (explanation.letters(self), changes)):
            yield ""
            yield from (f"{_INDENT}{'  '.join(cells)}".rstrip() for cells in aligned(rows))

    def beside(self, compared: Sequence[tuple[str, Explanation]]) -> Iterator[str]:
        """The sizes of one layer with several settings, side by side; below each other where that is too wide."""
        yield from self._heading(compared[0][1])
        tables = [explanation.rows(self) for _, explanation in compared]
        keyed = [_keyed(table) for table in tables]
        keys = _merged(keyed)
        lines = [("", *(words for words, _ in compared))]
        lines += [(key[0], *(table.get(key, "") for table in keyed)) for key in keys]
        padded = aligned(lines)
        if sum(map(width, padded[0])) + 3 * len(padded[0]) <= _WIDEST:
            for at, (name, *cells) in enumerate(padded):
                said = "   ".join(paint(cell, "bold", color=self.color and at == 0) for cell in cells)
                yield f"{_INDENT}{paint(name, 'dim', color=self.color)}  {said}".rstrip()
            return
        for (words, _), table in zip(compared, tables, strict=True):
            yield ""
            yield f"{_INDENT}{paint(words, 'bold', color=self.color)}"
            yield from self._table(table)

    def _heading(self, explanation: Explanation) -> Iterator[str]:
        """The layer as the text has it, in several lines where it is long, and behind it where it stands."""
        shown = wrap(clean(explanation.assigned), _WIDE - 4)
        lines = [f"{'    ' if at else ''}{line}" for at, line in enumerate(shown)]
        name = clean(explanation.applied.path) or lines[0]
        lines[0] = paint(name, "bold", color=self.color) + lines[0].removeprefix(name)
        lines[-1] += f"   {paint(explanation.where(self), 'dim', color=self.color)}"
        yield from lines

    def _table(self, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
        """Rows with a name before each, in two columns."""
        rows = list(rows)
        wide = max(width(name) for name, _ in rows)
        for name, text in rows:
            yield f"{_INDENT}{paint(pad(name, wide), 'dim', color=self.color)}  {text}".rstrip()


_Key = tuple[str, int]


def _keyed(rows: Sequence[tuple[str, str]]) -> dict[_Key, str]:
    """The rows by their names, and by how many of the same name come before."""
    seen: Counter[str] = Counter()
    found: dict[_Key, str] = {}
    for name, text in rows:
        found[name, seen[name]] = text
        seen[name] += 1
    return found


def _merged(tables: Sequence[dict[_Key, str]]) -> list[_Key]:
    """The keys of all tables, each after what it comes after in its own."""
    keys: list[_Key] = []
    for table in tables:
        at = 0
        for key in table:
            if key not in keys:
                keys.insert(at, key)
            at = keys.index(key) + 1
    return keys


class Markdown(Form):
    """Markdown, with the formulas in LaTeX between dollar signs."""

    def shape(self, shape: Shape) -> str:
        return show(shape).replace(" x ", " × ").replace("*", r"\*")

    def code(self, text: str) -> str:
        """A text in the type of programs, whatever is in it."""
        text = clean(text).replace("|", r"\|")
        ticks = "`"
        while ticks in text:
            ticks += "`"
        space = " " if text.startswith("`") or text.endswith("`") else ""
        return f"{ticks}{space}{text}{space}{ticks}"

    def plain(self, text: str) -> str:
        """A text in which nothing is a sign of Markdown."""
        return "".join(f"\\{char}" if char in r"\`*_{}[]<>|$#~" else char for char in clean(text))

    def brief(self, explanation: Explanation) -> Iterator[str]:
        yield from self._heading(explanation)
        yield from self._table(("", ""), explanation.rows(self))

    def full(self, explanation: Explanation) -> Iterator[str]:
        yield from self._heading(explanation)
        if explanation.introduction:
            yield self.marked(explanation.introduction)
            yield ""
        yield from self._table(("", ""), explanation.rows(self))
        if letters := explanation.letters(self):
            yield ""
            yield from self._table((tr("number"), tr("what it is"), tr("where it is from")), letters)
        if explanation.changes:
            yield ""
            told = [(self.plain(c.words), self.plain(c.result.replace(" x ", " × "))) for c in explanation.changes]
            yield from self._table((tr("with"), tr("comes out")), told)

    def _heading(self, explanation: Explanation) -> Iterator[str]:
        yield f"### {self.code(explanation.title)}"
        yield ""
        yield f"{self.code(explanation.assigned)} ({explanation.where(self)})"
        yield ""

    def _table(self, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
        yield f"| {' | '.join(head)} |"
        yield "|" + " --- |" * len(head)
        for row in rows:
            yield f"| {' | '.join(row)} |"


_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",
    "×": r"$\times$",
    "…": r"\dots{}",
    "·": r"$\cdot$",
    "−": r"$-$",
    "÷": r"$\div$",
    "→": r"$\rightarrow$",
}


class Latex(Form):
    """LaTeX."""

    @property
    def head(self) -> str:
        """What the document needs that it is read into."""
        japanese = r" and, for LuaLaTeX, \usepackage{luatexja}" if language() == "ja" else ""
        return rf"% needs \usepackage{{amsmath}}{japanese}"

    def shape(self, shape: Shape) -> str:
        shown = show(shape)
        for plain, sign in ((" * ", r" \cdot "), (" // ", r" \mathbin{/\!/} "), (" x ", r" \times ")):
            shown = shown.replace(plain, sign)
        return f"${shown}$"

    def code(self, text: str) -> str:
        return rf"\texttt{{{escaped(text)}}}"

    def plain(self, text: str) -> str:
        return escaped(text)

    def note(self, text: str) -> str:
        return rf"\par\medskip{{\raggedright\noindent {text}\par}}"

    def brief(self, explanation: Explanation) -> Iterator[str]:
        yield self._heading(explanation)
        yield from self._body(explanation)

    def full(self, explanation: Explanation) -> Iterator[str]:
        yield self._heading(explanation)
        if explanation.introduction:
            yield rf"\noindent{{\raggedright {self.marked(explanation.introduction)}\par}}"
        yield from self._body(explanation)
        changes: list[tuple[str, ...]] = [
            (tr("with {change}", change=escaped(c.words)), escaped(c.result.replace(" x ", "×")))
            for c in explanation.changes
        ]
        for rows in filter(None, (explanation.letters(self), changes)):
            yield from self._table(rows)

    def _heading(self, explanation: Explanation) -> str:
        where = explanation.where(self)
        return rf"\medskip\noindent{{\raggedright\textbf{{{self.code(explanation.assigned)}}} ({where})\par}}"

    def _body(self, explanation: Explanation) -> Iterator[str]:
        yield r"\noindent"
        if explanation.keeps:
            for at, came in enumerate(explanation.applied.came):
                yield tr("And {value}." if at else "Keeps {value}.", value=came.told(self))
            return
        yield from self._inputs(explanation)
        yield from self._rules(explanation)
        for note in explanation.notes:
            yield _sentence(note)
        out = ", ".join(map(self.shape, explanation.applied.outputs))
        yield tr("Out: {value}.", value=out)
        for name, value in explanation.costs(self):
            yield tr("{name}: {value}.", name=_capital(name), value=value)

    def _inputs(self, explanation: Explanation) -> Iterator[str]:
        applied = explanation.applied
        flattened = explanation.flattened
        if flattened is not None:
            product = r" \cdot ".join(map(str, flattened.shape))
            made = tr("flattened from {value}", value=flattened.told(self))
            yield tr("In: {value}.", value=f"${product} = {applied.xs[0][0]}$, {made}")
            yield _sentence(explanation.why_flattened)
            return
        for came in applied.came:
            yield tr("In: {value}.", value=came.told(self))

    def _rules(self, explanation: Explanation) -> Iterator[str]:
        for rule in explanation.rules:
            if not rule.rule.is_worked_out:
                steps, words = f"${rule.rule.steps(latex=True)[0]}$", escaped(rule.rule.words)
                value = tr(", ").join(filter(None, (steps, words)))
                yield tr("{name}: {value}.", name=escaped(_capital(rule.said)), value=value)
        worked_out = [rule for rule in explanation.rules if rule.rule.is_worked_out]
        if worked_out:
            yield r"\begin{align*}"
            lines = []
            for rule in worked_out:
                first, *rest = rule.rule.steps(latex=True)
                lines.append(rf"  \text{{{rule.said}}} &= {first}")
                lines += [f"  &= {step}" for step in rest]
            # Fractions below one another need more room than align leaves.
            yield from (line + (r" \\[4pt]" if r"\frac" in line else r" \\") for line in lines[:-1])
            yield lines[-1]
            yield r"\end{align*}"

    def _table(self, rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
        widths = (0.36, 0.27, 0.3) if len(rows[0]) == 3 else (0.36, 0.6)
        columns = "".join(rf"p{{{width}\linewidth}}" for width in widths)
        yield rf"\par\medskip{{\raggedright\noindent\begin{{tabular}}{{@{{}}{columns}@{{}}}}"
        for first, *words in rows:  # a cell of words would be stretched to its width
            cells = (r"\raggedright " + text for text in words)
            yield rf"  {' & '.join((first, *cells))} \tabularnewline"
        yield r"\end{tabular}\par}"


def _sentence(text: str) -> str:
    return tr("{said}.", said=escaped(_capital(text)))


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def escaped(text: str) -> str:
    """A text in which nothing is a sign of LaTeX."""
    return "".join(_SIGNS.get(char, char) for char in clean(text))
