"""From sizes to boxes, and from boxes in space to points on paper.

The projection is parallel (an oblique one): x runs along the network, y up the height of a map, and z
along its width, which leads away to the upper right.  Every volume stands with its middle on one axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2, sqrt
from typing import NamedTuple

from cnndsl.backends.volume.scene import Scene, Volume
from cnndsl.layers.sizes import Shape
from cnndsl.traced import value_of

ALONG, UP = 0.42, 0.30
"""How far a unit of z leads to the right and up."""
SIDE = 150.0
"""The longest side of a map."""
_SHORTEST, _FLAT = 7.0, 9.0
BAND = 4.0
"""The thickness of a stripe."""
_SLABS = 4
"""At most so many slabs stand for equal volumes in a row."""
_GAP = 3.0
_MOST_SLICES = 16

Point = tuple[float, float]


class Body(NamedTuple):
    """A volume in space: the extents along x, y and z.

    slab: the thickness of one of its `slabs`, stripes included, which stand a little apart; slices: in how
    many parts lines divide each, for the depth of a map with three spatial axes.
    """

    wide: float
    high: float
    deep: float
    slab: float
    slabs: int = 1
    slices: int = 1

    @property
    def reach(self) -> float:
        """How far it leads to either side of its extent along x, on paper."""
        return self.deep * ALONG / 2

    @property
    def top(self) -> float:
        """How far it rises above its axis, on paper."""
        return self.high / 2 + self.deep * UP / 2


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes -> lengths. `longest` is the longest side of any map of the picture, `signal` the longest signal.

    A signal of thousands of numbers stands beside a picture of a hundred rows: each has a scale of its own.
    Side: as the square root, so that halving looks alike at every size. Thickness and the height of a
    column of features: as the logarithm, for they range from a few to thousands.
    """

    longest: int
    signal: int = 1
    zoom: float = 1.0

    @classmethod
    def of(cls, scene: Scene) -> Scale:
        """The scale at which everything in a scene fits; in long ones all is smaller."""
        shapes = [volume.shape for volume in scene.volumes]
        sides = (value_of(size) for shape in shapes if len(shape) > 2 for size in shape[1:])
        lengths = (value_of(shape[1]) for shape in shapes if len(shape) == 2)
        zoom = max(0.66, min(1.0, 1.24 - len(scene.volumes) / 45))
        return cls(max(sides, default=1), max(lengths, default=1), zoom)

    def side(self, size: int) -> float:
        """The length of a side of `size` positions."""
        return self._root(size, self.longest)

    def _root(self, size: int, longest: int) -> float:
        return max(_SHORTEST, SIDE * self.zoom * sqrt(size / longest))

    def body(self, volume: Volume) -> Body:
        """The extents of a volume."""
        channels, sides = _axes(volume.shape)
        if sides:
            high, deep = self._root(sides[0], self.signal), _FLAT
            if len(sides) > 1:
                high, deep = self.side(sides[-2]), self.side(sides[-1])
            slab, slices = max(5.0, 4.4 * self.zoom * log2(1 + channels)), 1
            if len(sides) > 2:
                slices = min(sides[0], _MOST_SLICES)
                slab = max(slab, min(3.0 * slices, 1.6 * slab + 12))
        else:
            high, deep, slab, slices = min(SIDE, 12 + 10.5 * log2(1 + channels)) * self.zoom, _FLAT, _FLAT, 1
        if volume.kind in ("activation", "normalisation", "dropout"):
            slab = BAND * 1.5  # a layer that keeps the size, on its own
        slabs = min(volume.count, _SLABS)
        slab = (slab if slabs == 1 else max(5.0, slab * 0.6)) + BAND * len(volume.bands)
        return Body(slab * slabs + _GAP * (slabs - 1), high, deep, slab, slabs, slices)


def _axes(shape: Shape) -> tuple[int, list[int]]:
    """Channels or features, and the spatial axes."""
    numbers = [value_of(size) for size in shape]
    if not numbers:
        return 1, []
    return numbers[0], numbers[1:][-3:]


class Box(NamedTuple):
    """A body in its place: `x` is its left end, `axis` the height on paper of its middle."""

    x: float
    axis: float
    high: float
    deep: float
    wide: float

    def at(self, x: float, y: float, z: float) -> Point:
        """The point at the shares x, y and z of its extents, from the lower left of the front, on paper."""
        away = (z - 0.5) * self.deep
        return self.x + x * self.wide + away * ALONG, self.axis - (y - 0.5) * self.high - away * UP

    def front(self, start: float = 0.0, end: float = 1.0) -> list[Point]:
        """The face towards the reader, from the share `start` of its width to `end`."""
        return [self.at(start, 1, 0), self.at(end, 1, 0), self.at(end, 0, 0), self.at(start, 0, 0)]

    def top(self, start: float = 0.0, end: float = 1.0) -> list[Point]:
        """The face above."""
        return [self.at(start, 1, 0), self.at(start, 1, 1), self.at(end, 1, 1), self.at(end, 1, 0)]

    def side(self, y: tuple[float, float] = (0, 1), z: tuple[float, float] = (0, 1)) -> list[Point]:
        """The face towards the next volume, or a window in it: this is the map itself, y by z."""
        return [self.at(1, y[1], z[0]), self.at(1, y[1], z[1]), self.at(1, y[0], z[1]), self.at(1, y[0], z[0])]
