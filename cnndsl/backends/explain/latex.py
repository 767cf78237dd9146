r"""Explanations -> LaTeX, for a document that uses the package amsmath.

What comes out is a part of a document, to be read with `\input`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cnndsl.backends.explain.content import Explanation, Form
from cnndsl.i18n import language, tr
from cnndsl.layers.formula import show
from cnndsl.terminal import clean

_HEAD = r"% needs \usepackage{amsmath}"
_JAPANESE = r" and, for LuaLaTeX, \usepackage{luatexja}"

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


def head() -> str:
    """What the document needs that the part is read into."""
    return _HEAD + (_JAPANESE if language() == "ja" else "")


def brief(explanation: Explanation) -> Iterator[str]:
    """The lines of one explanation among many."""
    yield _heading(explanation)
    yield from _body(explanation)


def full(explanation: Explanation) -> Iterator[str]:
    """The lines of an explanation that stands by itself."""
    yield _heading(explanation)
    if explanation.introduction:
        yield rf"\noindent{{\raggedright {_FORM.marked(explanation.introduction)}\par}}"
    yield from _body(explanation)
    if explanation.quantities:
        yield from _table(explanation.letters(_FORM))
    if explanation.changes:
        yield from _table(
            [
                (tr("with {change}", change=escaped(c.words)), escaped(c.result.replace(" x ", "×")))
                for c in explanation.changes
            ]
        )


def _heading(explanation: Explanation) -> str:
    where = explanation.where(_FORM)
    return rf"\medskip\noindent{{\raggedright\textbf{{{_code(explanation.assigned)}}} ({where})\par}}"


def _body(explanation: Explanation) -> Iterator[str]:
    yield r"\noindent"
    if explanation.keeps:
        for at, came in enumerate(explanation.applied.came):
            yield tr("And {value}." if at else "Keeps {value}.", value=came.told(_FORM))
        return
    yield from _inputs(explanation)
    yield from _rules(explanation)
    for note in explanation.notes:
        yield _sentence(note)
    out = ", ".join(map(_shape, explanation.applied.outputs))
    yield tr("Out: {value}.", value=out)
    for name, value in explanation.costs(_FORM):
        yield tr("{name}: {value}.", name=_capital(name), value=value)


def _inputs(explanation: Explanation) -> Iterator[str]:
    applied = explanation.applied
    flattened = explanation.flattened
    if flattened is not None:
        product = r" \cdot ".join(map(str, flattened.shape))
        made = tr("flattened from {value}", value=flattened.told(_FORM))
        yield tr("In: {value}.", value=f"${product} = {applied.xs[0][0]}$, {made}")
        yield _sentence(explanation.why_flattened)
        return
    for came in applied.came:
        yield tr("In: {value}.", value=came.told(_FORM))


def _rules(explanation: Explanation) -> Iterator[str]:
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


def _shape(shape: Iterable[object]) -> str:
    shown = show(shape)
    for plain, sign in ((" * ", r" \cdot "), (" // ", r" \mathbin{/\!/} "), (" x ", r" \times ")):
        shown = shown.replace(plain, sign)
    return f"${shown}$"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = (0.36, 0.27, 0.3) if len(rows[0]) == 3 else (0.36, 0.6)
    columns = "".join(rf"p{{{width}\linewidth}}" for width in widths)
    yield rf"\par\medskip{{\raggedright\noindent\begin{{tabular}}{{@{{}}{columns}@{{}}}}"
    for first, *words in rows:  # a cell of words would be stretched to its width
        cells = (r"\raggedright " + text for text in words)
        yield rf"  {' & '.join((first, *cells))} \tabularnewline"
    yield r"\end{tabular}\par}"


def _code(text: str) -> str:
    return rf"\texttt{{{escaped(text)}}}"


def _sentence(text: str) -> str:
    return tr("{said}.", said=escaped(_capital(text)))


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def escaped(text: str) -> str:
    """A text in which nothing is a sign of LaTeX."""
    return "".join(_SIGNS.get(char, char) for char in clean(text))


_FORM = Form(_shape, _code, escaped)
