"""What a user may name to see its inside: definitions and parts of a network."""

from __future__ import annotations

from collections.abc import Collection

from cnndsl.program import Module, Program, Use
from cnndsl.repeats import made_of


def definitions(program: Program, network: Module) -> list[str]:
    """The names of the definitions that a network is made of, in the order of the alphabet."""
    return sorted({module.name for module in made_of(program, network) if module.kind != "chain"} - {network.name})


def unknown(program: Program, network: Module, wanted: Collection[str]) -> str | None:
    """The first of the wanted names that is neither a definition, nor the path of a part, nor `*`; None if all are."""
    known = {"*", *definitions(program, network)}
    return next((name for name in wanted if name not in known and not _is_part(program, network, name)), None)


def _is_part(program: Program, module: Module, path: str) -> bool:
    """Whether a path such as `layer2.0` leads from a module to a part in it that has an inside."""
    for child in module.children:  # that of a list has a point in its name
        inside, _, rest = path.partition(f"{child.name}.")
        if isinstance(child.unit, Use) and (path == child.name or (rest and not inside)):
            return not rest or _is_part(program, program.modules[child.unit.module], rest)
    return False
