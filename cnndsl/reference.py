"""The reference of the layer kinds, made from their classes: a page for `docs/`, and plain text for a terminal.

`python -m cnndsl.reference > docs/layers.md` writes the page; `cnndsl layers` prints the text.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from cnndsl.compilation import CompilationError
from cnndsl.compiler import compile  # noqa: A004 - the package's own word
from cnndsl.elaborate.suggest import nearest
from cnndsl.layers.aliases import alias
from cnndsl.layers.base import RANK_WORDS, Group, Layer, LayerParameter
from cnndsl.layers.catalogue import HELPERS, KINDS
from cnndsl.layers.fields import LARGEST, MOST_AXES
from cnndsl.layers.narrower import LEFT_OUT, REFUSED, Difference
from cnndsl.layers.sizes import show
from cnndsl.layers.values import OPERATIONS
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
[layers from elsewhere](language.md#layers-from-elsewhere): `extern RMSNorm(size) from "torch.nn" (shape = same)`.
"""


# What is said of a kind


def signature(kind: type[Layer]) -> str:
    """How a kind is written: `maxpool(kernel, [stride], padding=0)`."""
    given = ", ".join(_parameter(parameter) for parameter in kind.parameters())
    return f"{kind.kind}({given})" if given else kind.kind


def _parameter(parameter: LayerParameter) -> str:
    if parameter.required:
        return parameter.name
    return f"[{parameter.name}]" if parameter.default is None else f"{parameter.name}={written(parameter.default)}"


def written(default: Any) -> str:
    """A default as the language writes it."""
    if isinstance(default, bool):
        return str(default).lower()
    return f'"{default}"' if isinstance(default, str) else f"{default:.4g}"


def _paragraphs(kind: type[Layer]) -> list[str]:
    """What the class says of itself."""
    return [" ".join(part.split()) for part in inspect.cleandoc(kind.__doc__ or "").split("\n\n")]


def _in_a_line(kind: type[Layer]) -> str:
    """The first sentence, without where it is from."""
    text = re.sub(r"\s*\([^()]*\b(torch\.|et al\.|20\d\d)[^()]*\)", "", _paragraphs(kind)[0])
    return re.split(r"[.;](?:\s|$)", text)[0].rstrip(":")


def _modules(kind: type[Layer]) -> list[str]:
    """What it is in PyTorch."""
    if not kind.module:
        return re.findall(r"(?:nn|torch)\.\w+", kind.__doc__ or "")
    ranks = [rank - 1 for rank in kind.ranks if rank > 1] if "{r}" in kind.module else [1]
    return [f"nn.{kind.module_name(rank)}" for rank in ranks]


def _takes(kind: type[Layer]) -> str:
    return ", or ".join(RANK_WORDS[rank] for rank in kind.ranks) or "values of any number of axes"


def _brought(kind: type[Layer]) -> list[str]:
    return [name for name, source in HELPERS.items() if source == kind.helper]


def sizes(kind: type[Layer]) -> list[str]:
    """The size at each arrow of the example, as it is compiled. Raises CompilationError for a wrong example."""
    compilation = compile(f"network Example {{ {kind.example} }}")
    if compilation.program is None:
        raise CompilationError(compilation)
    network = compilation.program.network()
    shapes = [*network.input_shapes, *(network.values[step.outputs[0]] for step in network.steps)]
    return [show(shape) for shape in shapes]


def groups() -> dict[Group, list[type[Layer]]]:
    """The kinds of each group, groups without a kind left out."""
    found = {group: [kind for kind in KINDS.values() if kind.group is group] for group in Group}
    return {group: kinds for group, kinds in found.items() if kinds}


# As Markdown


def page() -> str:
    """The whole page, as Markdown."""
    contents = [
        f"- {group.value}: {', '.join(f'[{kind.kind}](#{kind.kind})' for kind in kinds)}"
        for group, kinds in groups().items()
    ]
    parts = [_INTRODUCTION, "\n".join(contents) + "\n"]
    for group, kinds in groups().items():
        parts.append(f"## {group.value.capitalize()}\n")
        parts.extend("\n".join(_section(kind)) for kind in kinds)
    return "\n".join([*parts, _more()])


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


def _section(kind: type[Layer]) -> Iterator[str]:
    yield f"### {kind.kind}\n"
    yield f"`{signature(kind)}`\n"
    for paragraph in _paragraphs(kind):
        yield "\n".join(wrap(_unstarred(paragraph), 116, break_long_words=False, break_on_hyphens=False)) + "\n"
    if modules := _modules(kind):
        yield f"- in PyTorch: {', '.join(f'`{name}`' for name in modules)}"
    for name in _brought(kind):
        yield f"- the generated module brings a class for it: `{name}`"
    yield f"- takes {_takes(kind)}"
    if kind.plain_call:
        yield "- a plain call, and no layer, where it stands as an unnamed stage of a network or block"
    if kind.parameters():
        yield "\n| parameter | takes | default | what it is | in PyTorch |\n| --- | --- | --- | --- | --- |"
        for parameter in kind.parameters():
            yield _row(kind, parameter)
    yield f"\n```cnn\nnetwork Example {{ {kind.example} }}\n```\n"
    yield f"{' → '.join(size.replace(' x ', ' × ') for size in sizes(kind))}\n"


def _row(kind: type[Layer], parameter: LayerParameter) -> str:
    default = "" if parameter.required else "-" if parameter.default is None else f"`{written(parameter.default)}`"
    other = kind.torch_names.get(parameter.name)
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
        lines += [paint(group.value, "bold", color=color)]
        for kind in kinds:
            sentence = _in_a_line(kind)
            first, *more = [sentence] if room is None else wrap(sentence, room, break_on_hyphens=False)
            lines.append(f"  {paint(kind.kind.ljust(across), 'cyan', color=color)}{first}")
            lines += [" " * (across + 2) + line for line in more]
        lines.append("")
    lines.append("cnndsl layers NAME describes one.")
    return "\n".join(lines) + "\n"


def entry(name: str, *, color: bool = False, columns: int = 80) -> str:
    """What there is to say of one kind. Raises KeyError for a name that is none."""
    kind = KINDS[name]
    lines = wrap(signature(kind), columns, subsequent_indent="    ", break_on_hyphens=False)
    lines = [paint(line, "bold", color=color) for line in lines]
    for paragraph in _paragraphs(kind):
        lines += ["", *wrap(paragraph, columns, break_on_hyphens=False)]
    if kind.parameters():
        lines.append("")
    across = max((len(parameter.name) for parameter in kind.parameters()), default=0) + 4
    for parameter in kind.parameters():
        other = kind.torch_names.get(parameter.name)
        called = f"; {other} in PyTorch" if other else ""
        said = wrap(f"{parameter.description} ({parameter.takes}{called})", max(columns - across, 20))
        name_cell = paint(f"  {parameter.name}".ljust(across), "cyan", color=color)
        lines += [name_cell + said[0], *(" " * across + line for line in said[1:])]
    lines += ["", *_facts(kind, columns)]
    return "\n".join(lines) + "\n"


def why_not(name: str) -> str:
    """What to say of a name that is no kind: what it is called here, or what may be meant."""
    word = alias(name)
    if word in KINDS:
        return f"{name} is called {word} here: cnndsl layers {word}"
    if name in OPERATIONS:
        return f"{name} combines values, and is no layer: see the language reference"
    near = nearest(name, KINDS)
    return f"there is no layer {name}; did you mean {near}?" if near else f"there is no layer {name}"


def _facts(kind: type[Layer], columns: int) -> Iterator[str]:
    facts = [
        ("PyTorch", ", ".join(_modules(kind))),
        ("brings", ", ".join(_brought(kind))),
        ("takes", _takes(kind)),
        ("example", kind.example),
        ("sizes", " -> ".join(sizes(kind))),
    ]
    for head, text in facts:
        if text:
            first = f"{head}:".ljust(10)
            yield from wrap(text, columns, initial_indent=first, subsequent_indent=" " * 10, break_on_hyphens=False)


if __name__ == "__main__":
    sys.stdout.buffer.write(page().encode())
