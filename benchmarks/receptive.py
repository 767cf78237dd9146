"""What the compiler says that networks of `models/` see, beside the gradients of the real networks.

    python -m benchmarks.receptive [NAME ...]

A name may be a pattern (`resnet*`).  Of each network the last value is looked at that still is a map and has not been
brought to a fixed size, on an input that is long enough along one axis, one axis after the other.  Neighbouring
positions of the value are differentiated with respect to the input: the first and the last place with a gradient that
is not zero, for each of them, have to be what the compiler says, and so has the number of places that they move on.
The weights are made positive, so that nothing cancels.  Leaves with 1 if something is not the same.

`size` is how many places of the input a position sees at most, `stride` how far the next one's are, `start` the first
place that position 0 sees, which below 0 lies in the padding; `whole` is a map of which every position sees all.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

from torch import Tensor, nn

import cnndsl
from cnndsl.analysis.costs.counts import rows
from cnndsl.analysis.receptive_field import Field, fields
from cnndsl.analysis.shapes import infer
from cnndsl.ir.program import Program
from cnndsl.layers.formula import SizeError
from cnndsl.layers.reach import Interval
from cnndsl.symbolic.number import is_open, value_of
from tests.analysis.gradients import inside, positive, seen_along

MODELS = Path(__file__).parent.parent / "models"
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "Net": ("net.cnn", {}),
    "LeNet5": ("lenet.cnn", {}),
    "AlexNet": ("alexnet.cnn", {}),
    "ResNet18": ("resnet.cnn", {}),
    "MobileNetV2": ("mobilenetv2.cnn", {}),
    "MobileNetV3Small": ("mobilenetv3.cnn", {}),
    "ShuffleNetV2_1_0": ("shufflenetv2.cnn", {}),
    "SqueezeNet1_1": ("squeezenet.cnn", {}),
    "UNet": ("unet.cnn", {"width": 4}),
    "Generator": ("dcgan.cnn", {"width": 4}),
    "Discriminator": ("dcgan.cnn", {"width": 4}),
    "M5": ("m5.cnn", {}),
}
"""The file of each network, and settings that make it narrow where that changes nothing but the time."""
POSITIONS = 17
"""So many in a row are looked at: what they see repeats after 16 at most."""
STEP = 64
"""Inputs are made longer by this, so that what has to be even stays so."""
NARROW = (16, 32, 48, 64, 96, 128)
"""Along the other axes inputs are as short as the network takes them."""


@dataclass(frozen=True)
class Seen:
    """What one axis of a value sees: as the compiler says, and as the gradients of `positions` do."""

    path: str
    said: Field
    positions: tuple[int, ...]
    expected: tuple[Interval | None, ...]
    found: tuple[Interval, ...]
    whole: bool

    @property
    def agree(self) -> bool:
        """Whether all places are the same, and with them, where a window moves, its size and stride."""
        if self.expected != self.found or self.whole:
            return self.expected == self.found
        moved = Fraction(self.found[-1][0] - self.found[0][0], self.positions[-1] - self.positions[0])
        return (self.size, moved) == (self.said.size, self.said.stride)

    @property
    def size(self) -> int:
        """The most places with a gradient that is not zero."""
        return max(last - first + 1 for first, last in self.found)


class _Reached(Exception):  # noqa: N818 - no error
    def __init__(self, value: Tensor) -> None:
        self.value = value


@dataclass(frozen=True)
class Map:
    """A value of a network: what its `time`-th application of the part at `path` gives."""

    path: str
    time: int
    field: Field
    extent: int

    def of(self, model: nn.Module, x: Tensor) -> Tensor:
        """The value for an input."""
        left = self.time

        def stop(_part: nn.Module, _inputs: object, output: Tensor) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise _Reached(output)

        handle = model.get_submodule(self.path).register_forward_hook(stop)
        try:
            model(x)
        except _Reached as reached:
            return reached.value
        finally:
            handle.remove()
        message = f"{self.path} is not reached"
        raise AssertionError(message)


def last_map(program: Program, network: str, axis: int) -> Map:
    """The last value with positions that see different places along an axis of the input."""
    applied = [row for row in rows(program, network) if row.output]
    times: Counter[str] = Counter()
    found = None
    for row, place in zip(applied, fields(program, network), strict=True):
        times[row.path] += 1
        if row.word.startswith("adaptive"):
            continue  # its size does not follow the input
        ((_, seen),) = place.seen[0].items() or ((None, ()),)
        field = seen[axis - 1] if seen else None
        if row.path and field is not None and field.along is not None:
            found = Map(row.path, times[row.path], field, value_of(row.output[0][field.along]))
    if found is None:
        message = f"{network} has no map"
        raise ValueError(message)
    return found


def compare(name: str) -> list[Seen]:
    """The last map of a network, axis by axis."""
    file, settings = NETWORKS[name]
    text = (MODELS / file).read_text(encoding="utf-8")
    program = cnndsl.compile(text, name=file, folder=MODELS, settings=settings).program
    if program is None:
        message = f"{file} does not compile: see `cnndsl check`"
        raise SystemExit(message)
    model = positive(cnndsl.load(MODELS / file, name, **settings)().eval())
    return [_compare(program, name, model, axis) for axis in range(1, len(program.network(name).input_shapes[0]))]


def _compare(program: Program, name: str, model: nn.Module, axis: int) -> Seen:
    shape = _narrow(program, name, axis)
    shape[axis] += STEP  # a field may be just as large as the declared input
    value = last_map(infer(program, {name: [shape]}), name, axis)
    whole = value.field.size == shape[axis]
    if not whole:
        wanted = value.field.size + ceil((POSITIONS + 1) * (value.field.stride or 0))
        shape[axis] += max(0, ceil((wanted - shape[axis]) / STEP)) * STEP
        value = last_map(infer(program, {name: [shape]}), name, axis)
    positions = [p for p in range(value.extent) if whole or inside(value.field, p, shape[axis])]
    middle = max(len(positions) - POSITIONS, 0) // 2
    positions = positions[middle : middle + POSITIONS]
    found = seen_along(lambda x: value.of(model, x), shape, axis, positions)
    expected = tuple(value.field.at(position) for position in positions)
    return Seen(value.path, value.field, tuple(positions), expected, tuple(found), whole)


def _narrow(program: Program, name: str, axis: int) -> list[int]:
    """The input size of a network, as short as possible along the other axes."""
    (declared,) = program.network(name).input_shapes
    shape = [STEP if is_open(size) else value_of(size) for size in declared]
    for size in NARROW:
        shorter = [extent if at in (0, axis) else min(size, extent) for at, extent in enumerate(shape)]
        try:
            infer(program, {name: [shorter]})
        except SizeError:
            continue
        return shorter
    return shape


def row(name: str, axis: str, seen: Seen) -> str:
    """A line of the table."""
    said = seen.said
    size = "whole" if seen.whole else f"{said.size}"
    return (
        f"{name:18}{seen.path:36}{axis:8}{size:>6}{seen.size:>9}{said.stride!s:>8}{said.start:>8}"
        f"{len(seen.positions):>11}{'yes' if seen.agree else 'NO':>7}"
    )


def main() -> int:
    """Compare and print the table; the exit code."""
    parser = argparse.ArgumentParser(description="Compare receptive fields with gradients.")
    parser.add_argument("names", nargs="*", default=["*"], metavar="NAME", help="a network, or a pattern such as vgg*")
    options = parser.parse_args()
    chosen = [name for name in NETWORKS if any(fnmatchcase(name.lower(), word.lower()) for word in options.names)]
    if not chosen:
        parser.error(f"no network matches {' '.join(options.names)}")
    print(
        f"{'network':18}{'value':36}{'axis':8}{'size':>6}{'gradient':>9}{'stride':>8}{'start':>8}{'positions':>11}{'same':>7}"
    )
    failures = 0
    for name in chosen:
        for seen in compare(name):
            print(row(name, seen.said.axis, seen), flush=True)
            failures += not seen.agree
    print(f"{failures} differences")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
