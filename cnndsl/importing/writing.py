"""Definitions as text."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.importing.body import Chain
from cnndsl.importing.lines import Lines
from cnndsl.importing.parameters import REQUIRED, Definition
from cnndsl.importing.stages import LONGEST_LINE, Writer


def written(definitions: Sequence[Definition], shapes: Sequence[tuple[int, ...]]) -> str:
    """The text of all definitions; the last one is the network, whose inputs have these sizes."""
    known = {definition.name: definition for definition in definitions}
    return "\n\n".join(_text(definition, known, shapes) for definition in definitions) + "\n"


def _text(definition: Definition, known: dict[str, Definition], shapes: Sequence[tuple[int, ...]]) -> str:
    writer, body = Writer(definition, known, shapes), definition.common.body
    head = f"{definition.kind} {definition.name}"
    extra = list(body.inputs[1:]) if definition.kind == "block" else []
    listed = [*extra]
    listed = [name for name, usual in definition.parameters.items() if usual is REQUIRED] + listed
    listed += [
        f"{name} = {writer.value(usual)}" for name, usual in definition.parameters.items() if usual is not REQUIRED
    ]
    if listed:
        told = f"({', '.join(listed)})"
        head += told if len(head) + len(told) < LONGEST_LINE else "(\n" + ",\n".join(listed) + ",\n)"
    if definition.kind == "extern":
        return head + definition.tail
    if definition.kind == "sequence":
        chain = body.parts[0][1]
        assert isinstance(chain, Chain)  # noqa: S101 - see `_is_chain_class`
        lines = writer.chain_lines(chain)
    else:
        lines = Lines(writer).lines()
    return f"{head} {{\n" + "\n".join(f"    {line}" for line in lines) + "\n}"
