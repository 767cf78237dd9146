"""Modules as people write them, for the tests of the import."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn


class Beginner(nn.Module):
    """Everything in one class, sizes by hand, functions for what has no weights."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.drop = nn.Dropout(0.25)
        self.fc2 = nn.Linear(120, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2, 2)
        x = x.view(x.size(0), -1)
        x = self.drop(torch.relu(self.fc1(x)))
        return self.fc2(x)


class Unit(nn.Module):
    """A class that is used with different arguments."""

    def __init__(self, incoming: int, outgoing: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(incoming, outgoing, 3, stride, 1, bias=False)
        self.bn = nn.BatchNorm2d(outgoing)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = None
        if stride != 1 or incoming != outgoing:
            self.shortcut = nn.Sequential(nn.Conv2d(incoming, outgoing, 1, stride, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        identity = x
        out = self.relu(self.bn(self.conv(x)))
        if self.shortcut is not None:
            identity = self.shortcut(x)
        out += identity
        return self.relu(out)


class Residual(nn.Module):
    """Units in a row."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(Unit(3, 8), Unit(8, 8), Unit(8, 8), Unit(8, 16, 2))
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layers(x).mean((2, 3)))


class Shared(nn.Module):
    """One encoder for two inputs, whose results are compared."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 6 * 6, 8))
        self.scale = nn.Parameter(torch.full((8,), 0.5))

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        difference = torch.abs(self.encoder(left) - self.encoder(right))
        return self.scale * difference


class Aided(nn.Module):
    """A second head in training; several outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.aux = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
        self.body = nn.Conv2d(8, 8, 3, padding=1)
        self.fc = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        x = F.relu(self.stem(x))
        aux = self.aux(x) if self.training else None
        x = F.relu(self.body(x))
        x = F.dropout(x.mean([2, 3]), 0.3, self.training)
        x = self.fc(x)
        return x if aux is None else (x, aux)


class Pyramid(nn.Module):
    """A list of layers, several outputs by name, a loop, sizes taken from other values."""

    def __init__(self) -> None:
        super().__init__()
        self.downs = nn.ModuleList([nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 16, 3, 2, 1), nn.Conv2d(16, 32, 3, 2, 1)])
        self.laterals = nn.ModuleList([nn.Conv2d(8, 6, 1), nn.Conv2d(16, 6, 1), nn.Conv2d(32, 6, 1)])

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        maps = []
        for down in self.downs:
            x = F.leaky_relu(down(x), 0.1)
            maps.append(x)
        top = self.laterals[2](maps[2])
        middle = self.laterals[1](maps[1]) + F.interpolate(top, size=maps[1].shape[-2:], mode="nearest")
        low = self.laterals[0](maps[0]) + F.interpolate(middle, size=maps[0].shape[-2:], mode="nearest")
        return {"low": low, "middle": middle, "top": top}


class Gate(nn.Module):
    """Squeeze and excitation, in functions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // 4, 1)
        self.fc2 = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(F.adaptive_avg_pool2d(x, 1)))))


class Branches(nn.Module):
    """Branches that are put together, chunks, channels that are shuffled by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.left = nn.Conv2d(8, 8, 3, padding=1)
        self.right = nn.Sequential(nn.Conv2d(8, 8, 1), nn.SiLU(inplace=True))
        self.gate = Gate(16)
        self.gate2 = Gate(32)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.stem(x).chunk(2, dim=1)
        x = torch.cat([self.left(a), self.right(b)], dim=1)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, -1, h, w)
        x = self.gate(x)
        return self.gate2(torch.cat((x, 1 - x), 1)).permute(0, 2, 3, 1)


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(6, 4, bias=False)
        self.decoder = nn.Linear(4, 6, bias=False)
        self.again = nn.Linear(6, 4, bias=False)
        self.again.weight = self.encoder.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.again(self.decoder(self.encoder(x)))


class Widening(nn.Module):
    """Layers that are given a list of all values before them."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([_Joined(4 * at + 3) for at in range(3)])

    def forward(self, x: Tensor) -> Tensor:
        values = [x]
        for layer in self.layers:
            values.append(layer(values))
        return torch.cat(values, 1)


class _Joined(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 4, 3, padding=1)

    def forward(self, values: list[Tensor]) -> Tensor:
        return F.relu(self.conv(torch.cat(values, 1)))


class _Merging(nn.Module):
    """Four neighbours side by side, as a Swin transformer merges its patches."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * features)
        self.reduction = nn.Linear(4 * features, 2 * features, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        pieces = [x[..., row::2, column::2, :] for column in range(2) for row in range(2)]
        return self.reduction(self.norm(torch.cat(pieces, -1)))


class Swin(nn.Module):
    """Places of values and of a parameter in square brackets, some of them beyond the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.merge1 = _Merging(4)
        self.merge2 = _Merging(8)
        self.positions = nn.Parameter(torch.randn(1, 6, 16))
        self.token = nn.Parameter(torch.randn(1, 1, 16))
        self.head = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.merge2(self.merge1(x)).flatten(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x[:, :100]], 1)[:, -5:]
        x = (x + self.positions[:, 1:])[:, ...]
        return self.head(x[:, 0] + (x * 2)[..., 1:, :][:, -1])


class Unread(nn.Module):
    """Applies layers of which nothing reads what they give, in a block too."""

    class Unit(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.main = nn.Conv2d(channels, channels, 1)
            self.gate = nn.Conv2d(channels, 1, 1)

        def forward(self, x: Tensor) -> Tensor:
            self.gate(x)
            return self.main(x)

    def __init__(self) -> None:
        super().__init__()
        self.first = Unread.Unit(3)
        self.aux = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
        self.second = Unread.Unit(3)
        self.heads = nn.ModuleList(nn.Conv2d(3, 2, 1) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        self.aux(x)
        for head in self.heads:
            head(x)
        return self.second(x)


class Unused(nn.Module):
    """A layer that nothing goes through."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self.spare = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x)


class Unsayable(nn.Module):
    """Something that the language has no words for."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sort(self.fc(x), dim=1)[0]


class Spoken(nn.Module):
    """Attributes that are called like the layers that others are."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.batchnorm = nn.BatchNorm2d(4)
        self.skip = nn.Conv2d(3, 4, 1)
        self.dropout = nn.Dropout(0.5)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.batchnorm(self.conv(x)))
        return self.dropout(self.relu(self.conv(x) + y + self.skip(x)))


class Ranked(nn.Module):
    """Something that the language has no words for, whose class keeps one of its arguments of two."""

    def __init__(self, channels: int, times: int = 2) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels * times, 3, 2, 1)
        self.times = times

    def forward(self, x: Tensor) -> Tensor:
        return torch.sort(self.conv(x), dim=1)[0]


class _Around(nn.Module):
    def __init__(self, channels: int, times: int = 2) -> None:
        super().__init__()
        self.inner = Ranked(channels, times)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.inner(x))


class Noisy(nn.Module):
    """Something else in training than in evaluation, as no block can say."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(4)
        self.register_buffer("seen", torch.zeros(1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x) * 2 if self.training else self.norm(x)


class Foreign(nn.Module):
    """Classes without words in blocks, lists and chains; one of PyTorch's own."""

    def __init__(self) -> None:
        super().__init__()
        self.noisy = nn.ModuleList([Noisy(), Noisy()])
        self.stem = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1), nn.Upsample(scale_factor=2, recompute_scale_factor=True)
        )
        self.one = _Around(4)
        self.two = _Around(8, 3)
        self.fc = nn.Linear(24, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for layer in self.noisy:
            x = layer(x)
        return self.fc(self.two(self.one(x)).mean((2, 3)))


class Secret(nn.Module):
    """What its constructor was given can be found nowhere."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4) * factor)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sort(x * self.weight, dim=1)[0]


class Paired(nn.Module):
    """Two values come in, which no extern takes."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return torch.sort(x + y, dim=1)[0]


class Around(nn.Module):
    """Something in a network, which is given the values that it needs."""

    def __init__(self, inner: nn.Module, values: int = 1) -> None:
        super().__init__()
        self.inner = inner
        self.values = values

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(*[x] * self.values)


class Typed(nn.Linear):
    """A dense layer in words of its own."""

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight.to(x.dtype), self.bias)


class Doubled(nn.Linear):
    """No dense layer, though it inherits from one."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * F.linear(x, self.weight, self.bias)


class OverChannels(nn.LayerNorm):
    """Normalises the channels of a map."""

    def forward(self, x: Tensor) -> Tensor:
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class Activated(nn.BatchNorm2d):
    """Batch normalisation with its activation in it."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(super().forward(x))


class Padded(nn.Conv2d):
    """A convolution that pads as its map needs."""

    def forward(self, x: Tensor) -> Tensor:
        border = []
        for axis in (3, 2):
            kernel, stride = self.kernel_size[axis - 2], self.stride[axis - 2]
            more = max((-(-x.shape[axis] // stride) - 1) * stride + kernel - x.shape[axis], 0)
            border += [more // 2, more - more // 2]
        return F.conv2d(F.pad(x, border), self.weight, self.bias, self.stride, 0, 1, self.groups)


class Inheriting(nn.Module):
    """Classes that inherit from layers of PyTorch, in chains and out of them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(Padded(3, 8, 3, 2, bias=False), Activated(8), nn.Conv2d(8, 8, 1), OverChannels(8))
        self.named = nn.Sequential()
        self.named.add_module("conv", nn.Conv2d(8, 8, 3, 1, 1, bias=False))
        self.named.add_module("norm", Activated(8))
        self.bn = Activated(8)
        self.fc = Typed(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.bn(self.named(self.stem(x))).mean((2, 3)))


class Split(nn.Module):
    """Attention between parts of the channels, with sizes that follow from their number."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 2 * channels, 3, 1, 1, groups=2)
        self.fc = nn.Conv2d(channels, 2 * channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        n, c, h, w = x.shape
        x = x.reshape(n, 2, c // 2, h, w)
        gate = self.fc(x.sum(1).mean((2, 3), keepdim=True)).view(n, 2, c // 2, 1, 1)
        return (x * torch.softmax(gate, dim=1)).sum(1)


class Attending(nn.Module):
    """The same with several widths."""

    def __init__(self) -> None:
        super().__init__()
        self.first = Split(6)
        self.widen = nn.Conv2d(6, 8, 1)
        self.second = Split(8)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.widen(self.first(torch.cat((x, x), 1))))


class Scaled(nn.Module):
    """A residual branch with learned factors for its channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1, groups=channels)
        self.norm = nn.GroupNorm(2, channels)
        self.gamma = nn.Parameter(torch.full((channels,), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.norm(self.conv(x)).mul(self.gamma.reshape(1, -1, 1, 1))


class Headed(nn.Module):
    """A head whose layers are called from outside of it, and layers that are registered in another order than used."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(Optional(4, False), Optional(6, True))
        self.head = nn.Sequential()
        self.head.add_module("pool", nn.AdaptiveAvgPool2d(1))
        self.head.add_module("flat", nn.Flatten())
        self.head.add_module("drop", nn.Identity())
        self.head.add_module("fc", nn.Linear(6, 5))

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(self.stages(x), (1, 0, 2, 1))
        x = self.head.drop(self.head.flat(self.head.pool(x)))  # type: ignore[operator]
        return self.head.fc(x)  # type: ignore[operator]


class Optional(nn.Module):
    """A part that some lack, which comes after the others and is used before them; and layers in a list."""

    def __init__(self, channels: int, widens: bool) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(nn.Conv2d(channels, channels, 3, 1, 1) for _ in range(2)))
        self.branches = nn.ModuleList([nn.Conv2d(channels, channels, 1) for _ in range(2)]) if widens else None
        self.widen = nn.Conv2d(4, channels, 1) if widens else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = self.widen(x)
        if self.branches is not None:
            x = self.branches[0](x) + self.branches[1](x)
        return self.blocks(x)


class Crossed(nn.Module):
    """Layers with numbers for names, used in another order than they are registered."""

    def __init__(self) -> None:
        super().__init__()
        self.add_module("0", nn.Conv2d(4, 4, 1))
        self.add_module("1", nn.Conv2d(4, 4, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.children()
        return second(x) + first(x)


class Passing(nn.Module):
    """Values that are passed on as they are, in lists that others add to, and functions of several operators."""

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.down = nn.Identity()
        self.drop = nn.Dropout(0.5)
        self.act = nn.ReLU(inplace=True)
        self.first = nn.Conv2d(4, 4, 3, 1, 1) if levels == 1 else Passing(levels - 1)
        self.second = nn.Conv2d(4, 4, 1)
        self.identity = nn.BatchNorm2d(4)
        self.shift = nn.Parameter(torch.full((4,), 0.5))
        self.scale = nn.Parameter(torch.full((4,), 2.0))

    def forward(self, x: Tensor, others: list[Tensor] | None = None) -> Tensor:
        others = others or []
        bottom = self.down(x)
        others.append(bottom)
        y = self.first(bottom) + self.drop(bottom)
        y = self.act(self.identity(self.second(y)))
        y = y / (y.norm(p=2, dim=(2, 3), keepdim=True) + 1)
        y = torch.addcmul(self.shift.view(1, -1, 1, 1), self.scale.view(1, -1, 1, 1), y)
        return sum(others, y * y.mean((2, 3), keepdim=True).expand_as(y))


class Modulated(nn.Module):
    """A layer with the name of a value that comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.time = nn.Linear(5, 4)

    def forward(self, x: Tensor, *, time: Tensor) -> Tensor:
        return x * self.time(F.silu(time))[:, :, None, None]


class Called(nn.Module):
    """Activations of a dict, parts that are given values by name, and a number that nothing needs."""

    def __init__(self) -> None:
        super().__init__()
        self.acts = nn.ModuleDict({"relu": nn.ReLU(), "leaky": nn.LeakyReLU(0.2)})
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.first, self.second = Modulated(), Modulated()
        self.kept: Tensor | None = None

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        x = self.acts["relu"](self.norm(input=self.conv(input=x)))
        x = self.acts["leaky"](self.first(x, time=time))
        self.kept = x.mean()
        return self.second(x, time=time)


class Windows(nn.Module):
    """Sums over windows of a map, of which there may be one in a row."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        size = self.size
        parts = x.reshape(n, c, h // size, size, w // size, size).permute(0, 2, 4, 3, 5, 1)
        parts = parts.reshape(n, (h // size) * (w // size), size * size, c)
        parts = (parts + parts.sum(2, keepdim=True)).reshape(n, h // size, w // size, size, size, c)
        return parts.permute(0, 5, 1, 3, 2, 4).reshape(n, c, h, w)


class Crossing(nn.Module):
    """Half of the channels goes through a chain, which is longer where the whole changes the number of channels."""

    def __init__(self, incoming: int, channels: int) -> None:
        super().__init__()
        self.widen = nn.Conv2d(incoming, channels, 1)
        more = [nn.Conv2d(channels // 2, channels // 2, 3, 1, 1)] if incoming != channels else []
        self.layers = nn.Sequential(nn.Conv2d(channels // 2, channels // 2, 1), nn.ReLU(), *more)

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.widen(x).chunk(2, dim=1)
        return torch.cat((left, self.layers(right)), 1)


class Deep(nn.Module):
    """Stages of which some have more layers than others."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(Stage(3, 4, 1), Stage(4, 6, 2), Stage(6, 8, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.stages(x)


class Stage(nn.Module):
    """Layers with numbered names."""

    def __init__(self, incoming: int, channels: int, depth: int) -> None:
        super().__init__()
        for at in range(depth):
            self.add_module(f"b{at + 1}", Unit(channels if at else incoming, channels, 1 if at else 2))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        return x


class Normalized(nn.Module):
    """Buffers that are calculated with."""

    mean: Tensor
    std: Tensor

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406][:channels]))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225][:channels]).view(-1, 1, 1), persistent=False)
        self.gain = nn.Parameter(torch.ones(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean[None, :, None, None]) / self.std * self.gain


class Grid(nn.Module):
    """A buffer of many numbers."""

    grid: Tensor

    def __init__(self, side: int) -> None:
        super().__init__()
        self.register_buffer("grid", torch.linspace(0, 1, side * side).view(side, side))
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        return x * self.grid


class Versioned(nn.Module):
    """A buffer that is only kept."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("version", torch.tensor(2.0))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x)


class Buffered(nn.Module):
    """Classes with buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = Normalized()
        self.again = Normalized()
        self.grid = Grid(16)
        self.versioned = Versioned()
        self.stem = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.stem(self.versioned(self.grid(self.norm(x) + self.again(x))))


class Pooled(nn.Module):
    """Small classes without numbers to learn, as people have for pooling and activations."""

    class Pool(nn.Module):
        """Pooling that flattens."""

        def __init__(self) -> None:
            super().__init__()
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.flatten = nn.Flatten()

        def forward(self, x: Tensor) -> Tensor:
            return self.flatten(self.pool(x))

    class Swish(nn.Module):
        """An activation in a class of its own."""

        def forward(self, x: Tensor) -> Tensor:
            return F.silu(x)

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.act = self.Swish()
        self.pool = self.Pool()
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool(self.act(self.conv(x))))


class Chained(nn.Sequential):
    """A chain of its own class, which is empty in one place."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__(*layers)


class Joint(nn.Module):
    """Chains in a module that others wait for, one of which does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.first = Chained()
        self.second = Chained(nn.Conv2d(3, 3, 1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.first(x) + self.second(x)


class Fused(nn.Module):
    """Lists of layers in a list, as of networks that keep maps of several sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.stems = nn.ModuleList([nn.Conv2d(3, 4, 3, 1, 1), nn.Conv2d(3, 6, 3, 2, 1)])
        self.fuse = nn.ModuleList(
            [
                nn.ModuleList([nn.Identity(), nn.Sequential(nn.Conv2d(6, 4, 1), nn.Upsample(scale_factor=2))]),
                nn.ModuleList([nn.Sequential(nn.Conv2d(4, 6, 3, 2, 1), nn.BatchNorm2d(6)), nn.Identity()]),
            ]
        )
        self.down = nn.ModuleList([nn.Sequential(nn.Conv2d(4, 6, 3, 2, 1), nn.ReLU())])

    def forward(self, x: Tensor) -> Tensor:
        maps = [stem(x) for stem in self.stems]
        fused = []
        for row in self.fuse:
            first, second = row.children()
            fused.append(torch.relu(first(maps[0]) + second(maps[1])))
        return fused[1] + self.down[0].forward(fused[0])


class Standardised(nn.Conv2d):
    """A convolution whose weight is standardised each time; of `gamma` it keeps only what follows from it."""

    def __init__(
        self,
        in_channel: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int | None = None,
        gamma: float = 1.0,
        eps: float = 1e-5,
    ) -> None:
        super().__init__(
            in_channel, out_channels, kernel_size, stride, kernel_size // 2 if padding is None else padding
        )
        self.scale = gamma * self.weight[0].numel() ** -0.5
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        rows = self.weight.reshape(1, self.out_channels, -1)
        weight = F.batch_norm(rows, None, None, training=True, momentum=0.0, eps=self.eps) * self.scale
        return self._conv_forward(x, weight.reshape_as(self.weight), self.bias)


class Normaliser(nn.Module):
    """Numbers to learn that are called as an argument would be."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x + x * self.weight


class Lasting(nn.Module):
    """A list, between other parts, whose sizes follow from these."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 1)
        self.layer = nn.Sequential(Widened(4, 6), Widened(6, 6))
        self.split = nn.ModuleList([nn.Conv2d(6, 4, 1), nn.Conv2d(6, 4, 1)])
        self.last = nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer(self.stem(x))
        return self.last(self.split[0](x) * self.split[1](x))


class Widened(nn.Module):
    """A block with one part in a chain, whose size is calculated."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(channels, 2 * channels, 1))
        self.outer = nn.Conv2d(2 * channels, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.inner(x))


class Celled(nn.Module):
    """A class that takes two values and has an argument that is seldom given."""

    class Cell(nn.Module):
        """What comes from the left, and from the right with a stride."""

        def __init__(self, channels: int, stride: int = 1) -> None:
            super().__init__()
            self.left = nn.Conv2d(3, channels, 1, stride)
            self.right = nn.Conv2d(3, channels, 1, stride)

        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            return self.left(left) * self.right(right)

    def __init__(self) -> None:
        super().__init__()
        self.first = self.Cell(3)
        self.second = self.Cell(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.square(self.second(x, self.first(x, x)))


class Levels(nn.Module):
    """Maps of several sizes come out; kernels are lists in which one number differs."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = nn.Conv2d(3, 4, (1, 3), 1, (0, 1))
        self.layer2 = nn.Sequential(self.Long(4, 5), self.Long(4, 7, 6), self.Long(4, 7, 8))
        self.layer3 = nn.Conv2d(4, 6, 3, 2)

    class Long(nn.Module):
        """A kernel along one axis, and what some have beside it."""

        def __init__(self, channels: int, length: int, hidden: int = 0) -> None:
            super().__init__()
            self.along = nn.Conv2d(channels, channels, (1, length), 1, (0, length // 2))
            self.beside = (
                nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.Conv2d(hidden, channels, 1)) if hidden else None
            )

        def forward(self, x: Tensor) -> Tensor:
            y = self.along(x)
            return y if self.beside is None else y + self.beside(x)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        fine = self.layer1(x)
        middle = self.layer2(fine)
        return fine, middle, self.layer3(middle)


class Staged(nn.Module):
    """Stages of several depths, some of which begin with another block."""

    class Stage(nn.Module):
        """A chain of blocks."""

        def __init__(self, incoming: int, channels: int, depth: int) -> None:
            super().__init__()
            first, rest = Widened(incoming, channels), (Widened(channels, channels) for _ in range(depth))
            self.blocks = nn.Sequential(first, *rest)
            self.last = nn.Conv2d(channels, channels, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(self.blocks(x))

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(self.Stage(3, 4, 2), self.Stage(4, 6, 5), self.Stage(6, 8, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.stages(x)


class Worded(nn.Module):
    """A class that takes a word and keeps the number that it means."""

    def __init__(self, kernel_size: int, padding: str = "same") -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.is_same = padding == "same"
        self.padding = kernel_size // 2 if self.is_same else 0

    def forward(self, x: Tensor) -> Tensor:
        return torch.sort(F.max_pool2d(x, self.kernel_size, 1, self.padding), dim=1)[0]


class Gated(nn.Module):
    """A block that gives two values."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.skip = nn.Conv1d(channels, 6, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        gated = torch.tanh(self.conv(x))
        return x + gated, self.skip(gated)


class Skipping(nn.Module):
    """What each block gives besides is collected and added; dilations that double, again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Conv1d(2, 4, 1)
        self.units = nn.ModuleList([Gated(4, 2 ** (at % 3)) for at in range(6)])

    def forward(self, x: Tensor) -> Tensor:
        x = self.start(x)
        skips = []
        for unit in self.units:
            x, skip = unit(x)
            skips.append(skip)
        return F.relu(sum(skips[1:], skips[0]))


class TopDown(nn.Module):
    """Each map is given to the finer one before it, from lists of layers in their other direction."""

    def __init__(self) -> None:
        super().__init__()
        self.downs = nn.ModuleList([nn.Conv2d(3 if not at else 8 * at, 8 * at + 8, 3, 2, 1) for at in range(5)])
        self.laterals = nn.ModuleList([nn.Conv2d(8 * at + 8, 6, 1) for at in range(5)])

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for down in self.downs:
            x = F.relu(down(x))
            maps.append(x)
        x = self.laterals[4](maps[4])
        found = [x]
        for at in (3, 2, 1, 0):
            x = self.laterals[at](maps[at]) + F.interpolate(x, size=maps[at].shape[-2:], mode="nearest")
            found.append(x)
        return found


class Numbered(nn.Module):
    """Layers with names that count, and several values that are passed on, one in the place of the other."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 1)
        for at in range(1, 7):
            setattr(self, f"conv{at}", nn.Conv2d(8, 8, 2 * at - 1, padding=at - 1, bias=False))
            setattr(self, f"norm{at}", nn.BatchNorm2d(8))

    def forward(self, x: Tensor) -> Tensor:
        before, x = x.mean(1, keepdim=True), self.stem(x)
        for at in range(1, 7):
            made = getattr(self, f"norm{at}")(getattr(self, f"conv{at}")(x)) + before
            before, x = x, F.relu(made)
        return x + before


class Exchanging(nn.Module):
    """Blocks that take a list of values and give one, again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 12, 1)
        for at in range(1, 5):
            setattr(self, f"stage{at}", self.Exchange())

    class Exchange(nn.Module):
        """A branch for each value, and then each given all."""

        def __init__(self) -> None:
            super().__init__()
            self.branches = nn.ModuleList([nn.Conv2d(4, 4, 3, padding=1) for _ in range(3)])
            self.fuse = nn.ModuleList([_Mixed() for _ in range(3)])
            self.act = nn.ReLU()

        def forward(self, values: list[Tensor]) -> list[Tensor]:
            values = [branch(x) for branch, x in zip(self.branches, values, strict=True)]
            return [self.act(fuse(values)) for fuse in self.fuse]

    def forward(self, x: Tensor) -> Tensor:
        values = list(self.stem(x).chunk(3, 1))
        for at in range(1, 5):
            values = getattr(self, f"stage{at}")(values)
        return torch.cat(values, 1)


class _Mixed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(12, 4, 1)

    def forward(self, values: list[Tensor]) -> Tensor:
        return self.conv(torch.cat(values, 1))


class Dropping(nn.Module):
    """Chains that are longer or shorter, with names that count; chances that grow from block to block."""

    class Stage(nn.Sequential):
        """Layers with names that count."""

        def __init__(self, channels: int, depth: int) -> None:
            super().__init__()
            for at in range(depth):
                self.add_module(f"layer{at + 1}", Scaled(channels))

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(self.Stage(4, 2), nn.Conv2d(4, 6, 1), self.Stage(6, 5))
        self.drops = nn.Sequential(*(self.Branch(0.2 * at / 6) for at in range(7)))

    class Branch(nn.Module):
        """A branch that is dropped sometimes."""

        def __init__(self, p: float) -> None:
            super().__init__()
            self.conv = nn.Conv2d(6, 6, 1)
            self.drop = nn.Dropout(p)

        def forward(self, x: Tensor) -> Tensor:
            return x + self.drop(self.conv(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.drops(self.stages(x))


class Dicts(nn.Module):
    """Layers in dicts, beside one another and in a list of dicts; rows of layers whose results Python's `sum` adds."""

    class Branches(nn.Module):
        """Branches that are put together, and two whose results go on by themselves."""

        def __init__(self, channels: int, kernel: int) -> None:
            super().__init__()
            self.branches = nn.ModuleDict(
                {"one": nn.Conv2d(channels, 4, 1), "wide": nn.Conv2d(channels, 4, kernel, padding="same")}
            )
            self.heads = nn.ModuleDict({"scores": nn.Conv2d(8, 8, 1), "gate": nn.Conv2d(8, 8, 1)})

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(torch.cat([branch(x) for branch in self.branches.values()], 1))
            scores, gate = self.heads["scores"](x), self.heads["gate"](x)
            y: Tensor = scores * gate.sigmoid()
            return y

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = self.Branches(3, 3), self.Branches(8, 5)
        self.mixers = nn.ModuleList(nn.ModuleDict({"norm": nn.LayerNorm(8), "mix": nn.Linear(8, 8)}) for _ in range(2))
        self.rows = nn.ModuleList(nn.ModuleList(nn.Conv2d(8, 8, 1) for _ in range(3)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.second(self.first(x)).permute(0, 2, 3, 1)
        for mixer in self.mixers:
            x = x + mixer["mix"](mixer["norm"](x))  # type: ignore[index]
        x = x.permute(0, 3, 1, 2)
        for row in self.rows:
            x = sum(F.relu(layer(x)) for layer in row)  # type: ignore[assignment, misc, attr-defined]
        return x


class Conditioned(nn.Module):
    """Blocks in a list that are all given a second value, and layers between them that are not."""

    class Unit(nn.Module):
        """A convolution, with what a dense layer makes of the condition."""

        def __init__(self, inputs: int, channels: int) -> None:
            super().__init__()
            self.conv = nn.Conv2d(inputs, channels, 3, padding=1)
            self.dense = nn.Linear(6, channels)

        def forward(self, x: Tensor, condition: Tensor) -> Tensor:
            y: Tensor = F.silu(self.conv(x)) + self.dense(condition)[:, :, None, None]
            return y

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(5, 6)
        self.units = nn.ModuleList([self.Unit(3, 4), nn.Conv2d(4, 4, 3, 2, 1), self.Unit(4, 8)])

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        condition = self.embed(time)
        for unit in self.units:
            x = unit(x, condition) if isinstance(unit, self.Unit) else unit(x)
        return x


class Reading(nn.Module):
    """A picture as a sequence: its height is pooled away, and a recurrent layer begins with zeros that are given."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.pool = nn.AdaptiveAvgPool2d((1, None))
        self.lstm = nn.LSTM(4, 5, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.adaptive_max_pool2d(self.conv(x), (4, None))  # type: ignore[arg-type]
        x = self.pool(x).squeeze(2).transpose(1, 2)
        start = torch.zeros(1, x.size(0), 5).to(x.device)
        x, _ = self.lstm(x, (start, torch.zeros(1, x.size(0), 5)))
        return self.head(x[:, -1])


class Frozen(nn.Module):
    """A normalisation with fixed numbers, of which there may be many."""

    scale: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x * self.scale[:, None, None]
        return y


class Windowed(nn.Module):
    """What the language has no words for, with an argument that is a list."""

    def __init__(self, window: list[int]) -> None:
        super().__init__()
        self.window = window

    def forward(self, x: Tensor) -> Tensor:
        return torch.sort(x, -1)[0] * sum(self.window)


class Powered(nn.Module):
    """Pooling with a learned exponent."""

    def __init__(self) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.ones(1) * 3)

    def forward(self, x: Tensor) -> Tensor:
        powers = x.clamp(min=1e-6).pow(self.p)
        return F.avg_pool2d(powers, (x.size(-2), x.size(-1))).pow(1.0 / self.p)
