"""The reference of layers and operations, made from their classes: a page for `docs/`, and text for a terminal.

`python -m cnndsl.reference > docs/layers.md` writes the page; `cnndsl layers` prints the text.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

from cnndsl.compilation import CompilationError
from cnndsl.compiler import compile  # noqa: A004 - the package's own word
from cnndsl.frozen import frozen
from cnndsl.hints.spelling import nearest
from cnndsl.ir.program import Combine, Module
from cnndsl.layers.aliases import LEFT_OUT, REFUSED, Difference, alias
from cnndsl.layers.base import RANK_WORDS, Group, Layer
from cnndsl.layers.formula import show
from cnndsl.layers.operations import Operation
from cnndsl.layers.registry import HELPERS, KINDS, OPERATIONS
from cnndsl.layers.types import LARGEST, MOST_AXES, Parameter
from cnndsl.terminal import paint

_INTRODUCTION = """\
# Layers

This page is made from the layer classes by `python -m cnndsl.reference`; a test keeps it as they are. `cnndsl layers`
lists the kinds in a terminal, and `cnndsl layers conv` prints what stands here about one.

Each kind is shown as it is written, with the parameters in the order in which they may be given by position; those
in square brackets may be left out, and their default cannot be written. What PyTorch calls a parameter stands beside
it where that is another word. The sizes below an example are those of one sample, at each of its arrows.

A layer that learns a weight or a bias also takes `weight_init` and `bias_init`, and can be given its numbers with
`weight`, `bias` and `trainable`: see [Weights](language.md#weights). How a kind is added is in
[Adding a layer](adding-a-layer.md). What PyTorch takes and the language does not is [below](#where-pytorch-takes-more).
"""

_VALUES = """\
These are no layers but functions: they are called on the values that flow, several at once, and leave no module. A text
writes them wherever a value can stand, on a line of their own or inside another expression.
"""

_MORE = """\
## Where PyTorch takes more

What PyTorch refuses is refused here too, earlier and with a reason. What it takes is taken, but for this:

| kinds | PyTorch takes | why it is an error here |
| --- | --- | --- |
{refused}

Numbers, `true` and `false`, and whole numbers are told apart: PyTorch reads `bias=1` and `p=True` as something. `None`
cannot be written. Where it is a default it is left out. For an axis that an adaptive pool keeps there is the size
itself, `adaptive_avgpool([1, it.width])`, and where that is left open `mean(it, axis=2, keepdim=true)`, or `max`.
`momentum=None` of batch normalisation cannot be said: with the plain average of all batches the first ones, whose
weights were random, count for ever. A value has at most {axes} axes, each of at most {largest:,} places, and a number
has the range of 32 bits.

These parameters of PyTorch's modules have no word here:

| kinds | parameter | why |
| --- | --- | --- |
{left_out}

Modules of `torch.nn` that have no kind of their own are used as
[layers from elsewhere](language.md#layers-from-elsewhere):
`extern RMSNorm(normalized_shape) from "torch.nn" (shape = same)`.
"""


# What is said of a kind, and of an operation


@frozen()
class Entry:
    """What there is to say of one word of the language.

    signature: how it is written. in_torch: what PyTorch calls a parameter,
    where that is another word. facts: what else there is to know, each with a head. sizes: those of what goes in and
    comes out in the example.
    """

    signature: str
    paragraphs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    in_torch: Mapping[str, str]
    facts: tuple[tuple[str, str], ...]
    example: str
    sizes: tuple[str, ...]


def _layer(kind: type[Layer]) -> Entry:
    network = _network(kind.example)
    shapes = (*network.input_shapes, *(network.values[step.outputs[0]] for step in network.steps))
    facts = (
        ("PyTorch", ", ".join(_modules(kind))),
        ("brings", ", ".join(name for name, source in HELPERS.items() if source.rstrip() in kind.helper)),
        ("takes", ", or ".join(RANK_WORDS[rank] for rank in kind.ranks) or "values of any number of axes"),
        ("is", "a plain call, and no layer, as an unnamed stage of a network or block" if kind.plain_call else ""),
    )
    sizes = tuple(map(show, shapes))
    return Entry(signature(kind), _paragraphs(kind), kind.parameters(), kind.torch_names, facts, kind.example, sizes)


def _operation(kind: type[Operation]) -> Entry:
    network = _network(kind.example)
    step = next(s for s in network.steps if isinstance(s.action, Combine) and type(s.action.operation) is kind)
    sizes = tuple(" and ".join(show(network.values[index]) for index in side) for side in (step.inputs, step.outputs))
    facts = (("PyTorch", kind.call), ("takes", kind.values))
    return Entry(signature(kind), _paragraphs(kind), kind.parameters(), {}, facts, kind.example, sizes)


def signature(kind: type[Layer | Operation]) -> str:
    """How a word is written: `maxpool(kernel, [stride], padding=0)`; what is in brackets may be left out."""
    given = list(map(parameter_said, kind.parameters()))
    if issubclass(kind, Operation):
        return ", ".join([kind.written.removesuffix(")"), *given]) + ")"
    return f"{kind.kind}({', '.join(given)})" if given else kind.kind


def parameter_said(parameter: Parameter) -> str:
    """A parameter as it stands in a signature: `kernel`, `[stride]`, `padding=0`."""
    if parameter.required:
        return parameter.name
    return f"[{parameter.name}]" if parameter.default is None else f"{parameter.name}={written(parameter.default)}"


def written(default: Any) -> str:
    """A default as the language writes it."""
    if isinstance(default, bool):
        return str(default).lower()
    return f'"{default}"' if isinstance(default, str) else f"{default:.4g}"


def _paragraphs(kind: type[Layer | Operation]) -> tuple[str, ...]:
    """What the class says of itself."""
    return tuple(" ".join(part.split()) for part in inspect.cleandoc(kind.__doc__ or "").split("\n\n"))


def first_sentence(kind: type[Layer | Operation]) -> str:
    """The first sentence, without where it is from."""
    text = re.sub(r"\s*\([^()]*\b(torch\.|et al\.|20\d\d)[^()]*\)", "", _paragraphs(kind)[0])
    return re.split(r"[.;](?:\s|$)", text)[0].rstrip(":")


def _modules(kind: type[Layer]) -> list[str]:
    """What it is in PyTorch."""
    if not kind.module:
        return re.findall(r"(?:nn|torch)\.\w+", kind.__doc__ or "")
    ranks = [rank - 1 for rank in kind.ranks if rank > 1] if "{r}" in kind.module else [1]
    return [f"nn.{kind.module_name(rank)}" for rank in ranks]


def _network(lines: str) -> Module:
    compilation = compile(f"network Example {{ {lines} }}")
    if compilation.program is None:
        raise CompilationError(compilation)
    return compilation.program.network()


def groups() -> dict[str, list[type[Layer | Operation]]]:
    """The kinds of each group of layers, and last the operations; groups without a kind left out."""
    found: dict[str, list[type[Layer | Operation]]] = {}
    for kind in KINDS.values():
        found.setdefault(kind.group.value, []).append(kind)
    ordered = {group.value: found[group.value] for group in Group if group.value in found}
    return ordered | {VALUES: list(OPERATIONS.values())}


VALUES = "values"
"""The group of the operations."""


def entry(kind: type[Layer | Operation]) -> Entry:
    """What there is to say of a kind of layer, or of an operation. Raises CompilationError for a wrong example."""
    return _layer(kind) if issubclass(kind, Layer) else _operation(kind)


# As Markdown


def page() -> str:
    """The whole page, as Markdown."""
    contents = [
        f"- {group}: {', '.join(f'[{kind.kind}](#{_anchor(kind)})' for kind in kinds)}"
        for group, kinds in groups().items()
    ]
    parts = [_INTRODUCTION, "\n".join(contents) + "\n"]
    for group, kinds in groups().items():
        parts.append(f"## {group.capitalize()}\n")
        if group == VALUES:
            parts.append(_VALUES)
        parts.extend("\n".join(_section(kind)) for kind in kinds)
    return "\n".join([*parts, _more()])


def _anchor(kind: type[Layer | Operation]) -> str:
    """The target of a link to a section: a second heading with the same text is numbered."""
    return f"{kind.kind}-1" if issubclass(kind, Operation) and kind.kind in KINDS else kind.kind


def _more() -> str:
    """The differences to PyTorch."""
    return _MORE.format(
        refused="\n".join(_difference(at, at.what) for at in REFUSED.values()),
        left_out="\n".join(
            _difference(at, ", ".join(f"`{name}`" for name in names.split(", "))) for names, at in LEFT_OUT.items()
        ),
        axes=MOST_AXES,
        largest=LARGEST,
    )


def _difference(difference: Difference, what: str) -> str:
    kinds = ", ".join(f"[{kind}](#{kind})" for kind in difference.kinds) or "all"
    return f"| {kinds} | {what} | {difference.reason} |"


_HEADS = {"PyTorch": "in PyTorch: ", "brings": "the generated module brings a class for it: "}


def _section(kind: type[Layer | Operation]) -> Iterator[str]:
    said = entry(kind)
    yield f"### {kind.kind}\n"
    yield f"`{said.signature}`\n"
    for paragraph in said.paragraphs:
        yield "\n".join(wrap(_unstarred(paragraph), 116, break_long_words=False, break_on_hyphens=False)) + "\n"
    for head, text in said.facts:
        if text:
            names = ", ".join(f"`{name}`" for name in text.split(", ")) if head in _HEADS else text
            yield f"- {_HEADS.get(head, f'{head} ')}{names}"
    if said.parameters:
        yield "\n| parameter | takes | default | what it is | in PyTorch |\n| --- | --- | --- | --- | --- |"
        for parameter in said.parameters:
            yield _row(parameter, said.in_torch.get(parameter.name))
    yield f"\n```cnn\nnetwork Example {{ {said.example} }}\n```\n"
    yield f"{' → '.join(size.replace(' x ', ' × ') for size in said.sizes)}\n"


def _row(parameter: Parameter, other: str | None) -> str:
    default = "" if parameter.required else "-" if parameter.default is None else f"`{written(parameter.default)}`"
    cells = [f"`{parameter.name}`", parameter.takes, default, parameter.description, f"`{other}`" if other else ""]
    return f"| {' | '.join(cells)} |"


def _unstarred(text: str) -> str:
    """A text with its products safe from being read as emphasis."""
    pieces = text.split("`")
    return "`".join(piece if at % 2 else piece.replace("*", "\\*") for at, piece in enumerate(pieces))


# For a terminal


def listing(*, color: bool = False, columns: int | None = None) -> str:
    """All kinds by groups, with a line each, or with as many as a sentence takes in so many columns."""
    lines = []
    across = max(map(len, KINDS)) + 2
    room = None if columns is None else max(columns - across - 2, 20)
    for group, kinds in groups().items():
        lines += [paint(group, "bold", color=color)]
        for kind in kinds:
            sentence = first_sentence(kind)
            first, *more = [sentence] if room is None else wrap(sentence, room, break_on_hyphens=False)
            lines.append(f"  {paint(kind.kind.ljust(across), 'cyan', color=color)}{first}")
            lines += [" " * (across + 2) + line for line in more]
        lines.append("")
    lines.append("cnndsl layers NAME describes one.")
    return "\n".join(lines) + "\n"


def describe(name: str, *, color: bool = False, columns: int = 80) -> str:
    """What there is to say of a word: as a layer, as an operation, or as both. Raises KeyError for another name."""
    kinds: list[type[Layer | Operation]] = [table[name] for table in (KINDS, OPERATIONS) if name in table]
    if not kinds:
        raise KeyError(name)
    return "\n".join("\n".join(_lines(entry(kind), color, columns)) + "\n" for kind in kinds)


def _lines(said: Entry, color: bool, columns: int) -> list[str]:
    lines = wrap(said.signature, columns, subsequent_indent="    ", break_on_hyphens=False)
    lines = [paint(line, "bold", color=color) for line in lines]
    for paragraph in said.paragraphs:
        lines += ["", *wrap(paragraph, columns, break_on_hyphens=False)]
    if said.parameters:
        lines.append("")
    across = max((len(parameter.name) for parameter in said.parameters), default=0) + 4
    for parameter in said.parameters:
        other = said.in_torch.get(parameter.name)
        called = f"; {other} in PyTorch" if other else ""
        wrapped = wrap(f"{parameter.description} ({parameter.takes}{called})", max(columns - across, 20))
        name_cell = paint(f"  {parameter.name}".ljust(across), "cyan", color=color)
        lines += [name_cell + wrapped[0], *(" " * across + line for line in wrapped[1:])]
    lines.append("")
    for head, text in (*said.facts, ("example", said.example), ("sizes", " -> ".join(said.sizes))):
        if text:
            first = f"{head}:".ljust(10)
            lines += wrap(text, columns, initial_indent=first, subsequent_indent=" " * 10, break_on_hyphens=False)
    return lines


def why_not(name: str) -> str:
    """What to say of a name that is no kind: what it is called here, or what may be meant."""
    word = alias(name)
    if word in KINDS or word in OPERATIONS:
        return f"{name} is called {word} here: cnndsl layers {word}"
    near = nearest(name, [*KINDS, *OPERATIONS])
    return f"there is no layer {name}; did you mean {near}?" if near else f"there is no layer {name}"


if __name__ == "__main__":
    sys.stdout.buffer.write(page().encode())
