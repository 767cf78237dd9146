"""What a constant of a file or a parameter of a network is worth, and where that was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cnndsl.i18n import tr
from cnndsl.ir.nodes import FileConstant
from cnndsl.ir.program import Module, Program
from cnndsl.symbolic.number import value_of
from cnndsl.syntax import tree

Trees = Callable[[str], tree.File | None]


def told(program: Program, network: Module, name: str, trees: Trees) -> str | None:
    """The value of a parameter of the network, or of a constant, and where it came from; None for another name."""
    parameter = next((each for each in network.parameters if each.name == name), None)
    if parameter is not None:
        value, is_given = written(parameter.value), name in program.settings
        if isinstance(parameter.value, str) and parameter.default is None and not is_given:
            value = parameter.value  # the word of a layer
        came = ""
        if is_given:
            came = f"  {tr('it was given this value from outside')}\n"
        elif parameter.default is not None and written(parameter.default) == value:
            came = f"  {tr('it is the default')}\n"
        return f"{name} = {value}   {tr('a parameter of {network}', network=network.name)}\n{came}"
    for item in program.definitions:
        if isinstance(item, FileConstant) and item.name == name and item.key in program.constants:
            head = f"{name} = {written(program.constants[item.key])}"
            found = next(_constants(trees(item.file), name), None)
            if found is None:
                return f"{head}\n"
            text, position = " ".join(found.value.span.text.split()), found.span.position
            place = f"{found.span.source.name}:{position.line}:{position.column}"
            return f"{head}   {place}\n" + ("" if head.endswith(f"= {text}") else f"  = {text}\n")
    return None


def _constants(file: tree.File | None, name: str) -> Iterator[tree.Constant]:
    for item in file.items if file is not None else ():
        if isinstance(item, tree.Constant) and item.name.text == name:
            yield item


def written(value: Any) -> str:
    """A value as the language writes it."""
    value = value_of(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
