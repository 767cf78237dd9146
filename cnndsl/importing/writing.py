"""Definitions as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnndsl.importing.body import Body, Chain, Use, parts_in
from cnndsl.importing.lines import Lines
from cnndsl.importing.parameters import REQUIRED, Definition
from cnndsl.importing.rolling import Run, is_whole_list, runs, with_bound, with_lists, with_sum
from cnndsl.importing.stages import LONGEST_LINE, Writer
from cnndsl.importing.turns import Apart

_SAVED, _SAVED_BY_FEW, _FEW = 0.97, 0.93, 3
"""How long a body with a loop may be at most, as a part of its length without, also where it has few turns."""


def written(definitions: Sequence[Definition], shapes: Sequence[tuple[int | str, ...]], *, loops: bool = True) -> str:
    """The text of all definitions that are used; the last one is the network, whose inputs have these sizes.

    shapes: of each input without the batch; "?" is a size that is left open.
    loops: whether what comes again and again is written once.
    """
    known = {definition.name: definition for definition in definitions}
    used = {definitions[-1].name}
    for definition in reversed(definitions):
        if definition.name in used:
            inside = (each for _, part in definition.common.body.parts for each in parts_in(part))
            used |= {each.name for each in inside if isinstance(each, Use)}
    made = [_text(known[name], known, shapes, loops=loops) for name in known if name in used]
    return "\n\n".join(made) + "\n"


def _text(
    definition: Definition, known: dict[str, Definition], shapes: Sequence[tuple[int | str, ...]], *, loops: bool
) -> str:
    writer, body = Writer(definition, known, shapes, loops), definition.common.body
    head = f"{definition.kind} {definition.name}"
    listed = [name for name, usual in definition.parameters.items() if usual is REQUIRED]
    listed += body.inputs[1:] if definition.kind == "block" else ()
    listed += [f"{name} = {writer.value(own)}" for name, own in definition.parameters.items() if own is not REQUIRED]
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

        def lines_of(body: Body) -> list[str]:
            return Lines(Writer(definition, known, shapes, loops), body).lines()

        lines = _shortest(body, lines_of) if loops else lines_of(with_bound(body))
    return f"{head} {{\n" + "\n".join(f"    {line}" for line in lines) + "\n}"


def _shortest(body: Body, lines_of: Callable[[Body], list[str]]) -> list[str]:
    """The lines of a body, with loops where these say it in less."""
    _, lines = _with_loops(with_bound(with_lists(body)), lines_of)
    other, fewer = _with_loops(with_bound(with_lists(body, more=True)), lines_of)
    has_loops = any(step.loop is not None for step in other.steps)  # else names say more than places in a list
    return fewer if has_loops and _length(fewer) < _length(lines) else lines


def _with_loops(body: Body, lines_of: Callable[[Body], list[str]]) -> tuple[Body, list[str]]:
    lines = lines_of(body)
    start = 0
    while start < len(body.steps):
        for run, rolled in runs(body, start):
            made = with_sum(rolled, run.start)
            try:
                fewer = lines_of(made)
            except Apart:
                continue
            if _length(fewer) <= _most(rolled, run) * _length(lines):
                body, lines = made, fewer
                break
        start += 1
    return body, lines


def _most(rolled: Body, run: Run) -> float:
    """How long a body with this loop may be at most, as a part of its length without."""
    if run.turns >= _FEW and is_whole_list(rolled, rolled.steps[run.start].loop):
        return 1
    return _SAVED if run.turns > _FEW else _SAVED_BY_FEW


def _length(lines: Sequence[str]) -> int:
    return sum(len("".join(line.split())) for line in lines)
