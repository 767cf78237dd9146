"""What to do about two values whose sizes do not go together."""

from __future__ import annotations

from cnndsl.layers.sizes import KnownShape, Shape, show
from cnndsl.traced import is_open, value_of

_ANY = "make the sizes equal, for example with a 1x1 convolution (and a stride) on one side"


def equal_sizes(left: Shape, right: Shape) -> str:
    """A way to make two values equal in size, for a sum: which layer to put where."""
    if any(map(is_open, (*left, *right))):
        return _ANY
    a, b = tuple(map(value_of, left)), tuple(map(value_of, right))
    if len(a) != len(b):
        return _of_one_rank(a, b)
    if len(a) == 1:
        return f"bring one side to {a[0]} features: linear({a[0]})"
    if a[1:] == b[1:]:
        return f"bring the right one to {a[0]} channels: conv({a[0]}, 1), or the left one to {b[0]}: conv({b[0]}, 1)"
    small, large = (a, b) if a[1] <= b[1] else (b, a)
    stride = round(large[1] / small[1])
    if stride > 1 and all(-(-whole // stride) == part for whole, part in zip(large[1:], small[1:], strict=True)):
        return f"put conv({small[0]}, 1, stride={stride}) on the side with {show(large)}"
    channels = "" if a[0] == b[0] else ", and make the channels equal"
    return f"the side with {show(small)} has lost some: give its convolutions a padding that keeps the size{channels}"


def _of_one_rank(a: KnownShape, b: KnownShape) -> str:
    flat, map_ = (a, b) if len(a) == 1 else (b, a)
    if len(flat) == 1 and flat[0] == map_[0]:
        ones = ", ".join(["1"] * (len(map_) - 1))
        return f"give each channel its number: put unflatten(1, [{flat[0]}, {ones}]) behind the list of {flat[0]}"
    return "bring both to the same number of axes: a map becomes a list with flatten, a list a map with unflatten"
