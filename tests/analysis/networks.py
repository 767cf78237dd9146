"""Small networks of many makes, for what memory they take and what they see."""

from __future__ import annotations

from cnndsl.layers.registry import OPERATIONS

REFERENCE = """
network Net {
    input(3, 32, 32)
    conv1 = conv(8, 5)
    conv2 = conv(16, 5)
    pool = maxpool(2, 2)
    dropout = dropout(0.5)
    relu = relu
    fc1 = linear(256)
    fc2 = linear(10)
    conv1 -> relu -> pool
    conv2 -> relu -> pool
    fc1 -> relu -> dropout -> fc2
}
"""
VGG = """
sequence Stage(channels, depth) {
    repeat depth { conv(channels, 3, padding=1) -> relu }
    maxpool(2)
}
network Net {
    input(3, 64, 64)
    Stage(4, 1) -> Stage(6, 2) -> Stage(8, 2)
}
"""
RESIDUAL = """
block Unit(channels, stride = 1) {
    down = if stride != 1 or input.channels != channels { conv(channels, 1, stride=stride, bias=false) -> batchnorm }
    conv(channels, 3, stride=stride, padding=1, bias=false) -> batchnorm -> relu
    conv(channels, 3, padding=1, bias=false) -> batchnorm
    it + (input -> down) -> relu
}
network Net {
    input(3, 160, 160)
    stem: conv(4, 7, stride=2, padding=3, bias=false) -> batchnorm -> relu -> maxpool(3, 2, 1)
    layer1: Unit(4) * 2
    layer2: { Unit(6, stride=2) -> Unit(6) }
}
"""
DILATED = """
network Net {
    input(2, 48, 48)
    conv(4, 3, padding=1) -> relu
    conv(4, 3, dilation=2, padding=2) -> relu
    conv(4, 3, dilation=[4, 2], padding=[4, 2]) -> relu
}
"""
STRIDED = """
network Net {
    input(1, 61, 53)
    conv(3, 5, stride=2, padding=2) -> relu
    conv(3, [3, 4], stride=[2, 1], padding=[0, 2])
    avgpool(3, 2, 1) -> conv(3, 3, padding="same")
}
"""
UNET = """
sequence Twice(channels) { conv(channels, 3, padding=1) -> relu -> conv(channels, 3, padding=1) -> relu }
block Up(channels, skip) {
    up: conv_transpose(channels, 2, stride=2)
    concat(skip, it)
    Twice(channels)
}
network Net {
    input(1, 64, 64)
    e1 = it -> Twice(4)
    e2 = e1 -> maxpool(2) -> Twice(6)
    e3 = e2 -> maxpool(2) -> Twice(8)
    e3 -> Up(6, skip=e2) -> Up(4, skip=e1) -> head: conv(2, 1)
}
"""
SIGNAL = """
network Net {
    input(1, 400)
    conv(4, 9, stride=4) -> batchnorm -> relu -> avgpool(4)
    conv(8, 3) -> relu -> avgpool(2) -> conv(8, 3)
}
"""
VOLUME = """
network Net {
    input(1, 14, 16, 18)
    conv(2, 3, padding=1) -> relu -> maxpool([1, 2, 2])
    conv(3, [3, 1, 3], stride=[2, 1, 1]) -> relu
}
"""
CEILING = """
network Net {
    input(2, 45, 45)
    conv(4, 3, stride=2) -> relu -> maxpool(3, 2, ceil_mode=true)
    conv(4, 3, padding=1) -> avgpool(2, 2, ceil_mode=true)
}
"""
INCEPTION = """
block Mixed(channels) {
    a = input -> conv(channels, 1) -> relu
    b = input -> conv(channels, 1) -> relu -> conv(channels, 3, padding=1) -> relu
    c = input -> conv(channels, 1) -> relu -> conv(channels, 5, padding=2) -> relu
    d = input -> maxpool(3, 1, 1) -> conv(channels, 1) -> relu
    concat(a, b, c, d)
}
network Net { input(3, 48, 48); conv(4, 3, stride=2, padding=1) -> Mixed(2) -> maxpool(2) -> Mixed(3) }
"""
SQUEEZE = """
block Squeeze(channels) {
    gate = input -> global_avgpool -> conv(channels, 1) -> relu -> conv(input.channels, 1) -> sigmoid
    input * gate
}
network Net { input(3, 24, 24); conv(6, 3, padding=1) -> relu -> Squeeze(2) -> conv(4, 3, stride=2) }
"""
UPSAMPLED = """
network Net {
    input(1, 40, 40)
    small = it -> conv(3, 3, stride=2, padding=1) -> relu -> conv(3, 3, stride=2, padding=1)
    small -> upsample(scale=2, mode="bilinear") -> conv(2, 3, padding=1) -> upsample(scale=2) -> conv(1, 3, padding=1)
}
"""
GENERATOR = """
network Net {
    input(8, 12, 12)
    conv_transpose(6, 4, stride=2, padding=1) -> relu -> conv_transpose(4, 3, stride=2, output_padding=1) -> relu
    conv(1, 5, padding=2)
}
"""
SHUFFLE = """
network Net {
    input(4, 16, 16)
    conv(8, 1, groups=4) -> channel_shuffle(4) -> pixel_shuffle(2) -> conv(4, 3) -> pixel_unshuffle(2)
    it -> reshape([4, 4, 15, 15]) -> permute([0, 2, 1, 3, 4]) -> reshape([16, 15, 15])
    a, b = split(it, 2)
    concat(a, b * 2) -> conv(2, 1)
}
"""
TEXT = """
network Net {
    input(30)
    embedding(50, 8) -> permute([0, 2, 1])
    concat(it -> conv(4, 3) -> relu -> global_maxpool, it -> conv(4, 5) -> relu -> global_maxpool)
    flatten -> dropout -> linear(2)
}
"""
SEVERAL = """
network Net {
    left = input(3, 16, 16)
    right = input(2, 16, 16)
    tower = { conv(4, 3, padding=1) -> relu }
    a = left -> tower -> tower2: conv(4, 3, stride=2)
    b = right -> conv(3, 1) -> tower -> conv(4, 3, stride=2)
    scale = parameter([4, 1, 1], init=1)
    both = a * scale - b
    output features = both, logits = both -> global_avgpool -> linear(3) -> softmax
}
"""
NORMALISED = """
network Net {
    input(4, 12, 12)
    conv(8, 3) -> groupnorm(2) -> silu(inplace=true)
    conv(8, 3) -> instancenorm -> relu(inplace=true)
    conv(6, 3) -> layernorm -> gelu
    dropout_channels -> maxpool(2) -> flatten -> linear(12) -> batchnorm -> tanh -> linear(3)
}
"""

PIECES = """
network Net {
    input(3, 12, 12)
    conv(8, 3, padding=1) -> relu
    a = it[..., ::2, 1::2]
    token = parameter([2, 8, 6, 6], init=1)
    concat(a, it[:, 1:5, :-6, -6:] + token[0, :4]) -> conv(6, 3)
    it[..., 0] + it[:, :, 1]
    it[:, :, 0] -> linear(3)
}
"""

OF_VALUES = {kind: operation.example for kind, operation in OPERATIONS.items() if kind != "attention"}
"""Networks with each operation on values; what attention keeps depends on the machine."""
NETWORKS = {f"of {kind}": f"network Net {{ {example} }}" for kind, example in OF_VALUES.items()}
NETWORKS |= {name.lower(): text for name, text in list(globals().items()) if name.isupper() and isinstance(text, str)}
