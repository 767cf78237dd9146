"""The reference page of the layers, made from the layer classes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from cnndsl.layers.base import RANK_WORDS, Group, Layer
from cnndsl.layers.catalogue import KINDS

INTRODUCTION = """\
# Layers

This page is made from the layer classes by `pytest tests/docs --update`; a test keeps it as they are.

Each layer is shown with its parameters in the order in which they may be given by position. Required ones have no
default. What PyTorch calls a parameter stands beside it where it is another word. Wherever a size is asked for, one
number holds for all axes, and a list has a number for each.

A layer that learns a weight or a bias also takes `weight_init` and `bias_init`, and can be given its numbers with
`weight`, `bias` and `trainable`: see [Weights](language.md#weights).
"""


def page() -> str:
    """The whole page, as Markdown."""
    groups = {group: [kind for kind in KINDS.values() if kind.group is group] for group in Group}
    contents = [f"- {group.value}: {', '.join(f'[{k.kind}](#{k.kind})' for k in groups[group])}" for group in Group]
    parts = [INTRODUCTION, "\n".join(contents) + "\n"]
    for group, kinds in groups.items():
        parts.append(f"## {group.value.capitalize()}\n")
        parts.extend("\n".join(_section(kind)) for kind in kinds)
    return "\n".join(parts)


def _section(kind: type[Layer]) -> Iterator[str]:
    yield f"### {kind.kind}\n"
    yield f"{_prose(kind)}\n"
    if modules := _modules(kind):
        yield f"- in PyTorch: {modules}"
    if kind.ranks:
        yield f"- takes {', or '.join(RANK_WORDS[rank] for rank in kind.ranks)}"
    if kind.plain_call:
        yield "- a plain call, and no layer, where it stands as an unnamed stage of a network or block"
    parameters = kind.parameters()
    if parameters:
        yield "\n| parameter | default | what it is | in PyTorch |\n| --- | --- | --- | --- |"
        for parameter in parameters:
            default = "" if parameter.required else f"`{_shown(parameter.default)}`"
            other = kind.torch_names.get(parameter.name)
            yield f"| `{parameter.name}` | {default} | {parameter.description} | {f'`{other}`' if other else ''} |"
    yield f"\n```cnn\nnetwork Example {{ {kind.example} }}\n```\n"


def _prose(kind: type[Layer]) -> str:
    """What the class says of itself, with its products safe from being read as emphasis."""
    pieces = inspect.cleandoc(kind.__doc__ or "").split("`")
    return "`".join(piece if at % 2 else piece.replace("*", "\\*") for at, piece in enumerate(pieces))


def _modules(kind: type[Layer]) -> str:
    if not kind.module:
        return ", ".join(f"`{name}`" for name in re.findall(r"(?:nn|torch)\.\w+", kind.__doc__ or ""))
    ranks = [rank - 1 for rank in kind.ranks if rank > 1] if "{r}" in kind.module else [1]
    return ", ".join(f"`nn.{kind.module_name(rank)}`" for rank in ranks)


def _shown(default: Any) -> str:
    """A default as the language writes it."""
    if default is None:
        return "-"
    if isinstance(default, bool):
        return str(default).lower()
    return f'"{default}"' if isinstance(default, str) else f"{default:.4g}"
