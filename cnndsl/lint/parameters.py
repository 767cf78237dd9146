"""A rule about where the parameters of a network are."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import ClassVar

from cnndsl.layers.base import Layer
from cnndsl.layers.dense import Linear
from cnndsl.layers.shape import Flatten
from cnndsl.layers.sizes import show
from cnndsl.lint.flow import Applied, Trail
from cnndsl.lint.rule import Finding, Rule
from cnndsl.program import Program, inner_first
from cnndsl.traced import is_open, value_of


class MostParameters(Rule):
    """A dense layer on a large map that holds nearly all parameters of a network with many.

    It has a weight for each place of the map and each of its outputs, and most of them say little. AlexNet and VGG,
    which are known for their large dense layers, have them on maps of 6 x 6 and 7 x 7, and stay silent.
    """

    code: ClassVar[str] = "W212"
    layers: ClassVar[tuple[type[Layer], ...]] = (Linear,)
    many: ClassVar[int] = 10_000_000
    """A network with fewer parameters than this is small whatever it does."""
    share: ClassVar[float] = 0.9
    places: ClassVar[int] = 64
    """A map of more places than this is large."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], tuple[Applied, Applied]] = {}

    def see(self, trail: Trail) -> Iterator[Finding]:
        dense = trail.newest
        if len(trail.layers) > 1 and isinstance(trail.layers[1].layer, Flatten) and not is_open(dense.x[-1]):
            flatten = trail.layers[1]
            places = prod(map(value_of, flatten.x[1:]))
            if places > self.places and _weights(dense) > self.share * self.many:
                self._seen[dense.step] = (dense, flatten)
        return iter(())

    def finish(self, program: Program) -> Iterator[Finding]:
        if not self._seen:
            return
        from cnndsl import costs

        for key in program.networks:
            inside = {module.id for module in inner_first(program, [key])}
            total = costs.of(program, key).parameters
            if total < self.many:
                continue
            for (module, _), (dense, flatten) in self._seen.items():
                own = _weights(dense)
                if module not in inside or own < self.share * total:
                    continue
                outputs = value_of(dense.y[-1])
                least = value_of(flatten.x[0]) * outputs
                sizes = (
                    f"{least:,} after global_avgpool, {least * 4 ** (len(flatten.x) - 1):,} after adaptive_avgpool(4)"
                )
                yield Finding(
                    self.code,
                    f"{dense.name} holds {own:,} of the {total:,} parameters of {program.modules[key].name}: one for "
                    f"each number of a map of {show(flatten.x)} and each of its {outputs:,} outputs",
                    dense.declared,
                    help=(f"make the map smaller first: it would hold {sizes}",),
                )


def _weights(dense: Applied) -> int:
    return int(value_of(dense.x[-1]) * value_of(dense.y[-1]))
