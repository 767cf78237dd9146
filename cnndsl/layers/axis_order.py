"""Numbers in the order of another framework -> what is probably meant, where that can be told from the numbers."""

from cnndsl.layers.base import Layer
from cnndsl.layers.convolution import Conv
from cnndsl.layers.formula import Shape
from cnndsl.symbolic.number import is_open, value_of

_LARGE = 8
"""A kernel of so many places, an even number of them, is rarely one; as a number of channels it is usual."""
_MAP = 16
"""A map of so many rows and columns is no list of channels."""


def as_torch(layer: Layer, x: Shape) -> str | None:
    """What is probably meant by a convolution with the arguments of PyTorch: `conv(3, 16, 5)` on 3 channels.

    It would have 3 kernels of 16 x 16 and stride 5. None where there is no such suspicion, as for patches, whose kernel
    is as large as their stride.
    """
    if not isinstance(layer, Conv) or layer.groups != 1 or len(x) < 3 or value_of(x[0]) != layer.channels:
        return None
    kernel, stride = layer.kernel, layer.stride
    if not isinstance(kernel, int) or not isinstance(stride, int) or kernel < _LARGE or kernel % 2:
        return None
    if stride % 2 == 0 or stride >= kernel:
        return None
    return f"conv({value_of(kernel)}, {value_of(stride)})"


def swapped(layer: Layer) -> str | None:
    """What is probably meant by a convolution with its first two arguments swapped: `conv(5, 64)`; None for another."""
    if not isinstance(layer, Conv) or not isinstance(layer.kernel, int):
        return None
    if layer.kernel < _LARGE or layer.kernel % 2 or layer.channels > _LARGE or layer.channels % 2 == 0:
        return None
    return f"conv({value_of(layer.kernel)}, {value_of(layer.channels)})"


def without_batch(x: Shape) -> str | None:
    """What is probably meant by an input with a batch: `input(3, 32, 32)` for 64 x 3 x 32 x 32; else None.

    As it stands, it is a volume that is as deep as pictures have channels. Three pictures of three channels may be
    meant so.
    """
    if len(x) != 4 or any(is_open(dim) for dim in x):
        return None
    batch, channels, rows, columns = map(value_of, x)
    if channels not in (1, 3) or batch == channels == 3 or rows < _MAP or columns < _MAP:
        return None
    return f"input({channels}, {rows}, {columns})"


def channels_first(x: Shape) -> str | None:
    """What is probably meant by an input with its channels last: `input(3, 32, 32)` for 32 x 32 x 3; else None."""
    if len(x) != 3 or any(is_open(dim) for dim in x):
        return None
    rows, columns, channels = map(value_of, x)
    pictures = channels == 3 or (channels == 1 and rows == columns)
    if not pictures or rows < _MAP or columns < _MAP:
        return None
    return f"input({channels}, {rows}, {columns})"


def without_channels(x: Shape) -> str | None:
    """What is probably meant by a picture without channels: `input(1, 28, 28)` for 28 x 28; else None."""
    if len(x) != 2 or any(is_open(dim) for dim in x) or value_of(x[0]) != value_of(x[1]) or value_of(x[0]) < _MAP:
        return None
    return f"input(1, {value_of(x[0])}, {value_of(x[1])})"
