"""A run step by step gives what the generated `forward` gives, and shows the sizes that the program has."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import cnndsl
from cnndsl.compilation import Compilation
from cnndsl.compiler import compile_source
from cnndsl.files import read
from cnndsl.symbolic.number import is_open, value_of
from cnndsl.tracing.runner import Look, Ran, run
from tests.explain.runs.support import compiled
from tests.running import sample, tensors_of

MODELS = Path(__file__).parents[3] / "models"

PLAIN = """
network Net {
    input(4, 12, 12)
    scale = parameter([4, 1, 1], init=0.5)
    a, b = split(scale * input, 2)
    main = concat(relu(a), 2 - b) -> pad(1) -> crop(2)
    upsample(maxpool(main, 2), scale=2) -> permute([0, 2, 3, 1]) -> reshape([10, 40]) -> softmax
    mean(it, axis=2)
}
"""
SEVERAL = """
block Both(channels) {
    conv(channels, 3, padding=1)
    output twice = it * 2, half = it / 2
}
network Net {
    left = input(2, 6, 6)
    right = input(2, 6, 6)
    act = relu(inplace=true)
    one, two = left -> Both(3)
    shared: conv(3, 1)
    when training { extra = it -> conv(1, 1) }
    out = (it -> act) + (right -> shared -> act)
    output first = out, second = two, third = extra when training
}
"""

LISTS = """
block Exchange(channels) { output [sum([x -> conv(channels, 1) for x in input]) -> relu for y in input] }
block Meet(others) { concat([input] + others) -> conv(2, 1) }
network Net {
    input(3, 6, 6)
    [it -> conv(2, 3, padding=1), it] -> Exchange(4) -> Exchange(3) as a, b
    a -> Meet([b, input])
}
"""


class Watch:
    """Watches every step, or none."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.seen: list[Ran] = []

    def looks(self, *_step: object) -> Look:
        return self.look

    def saw(self, ran: Ran) -> None:
        self.seen.append(ran)


def check(compilation: Compilation, network: str | None = None) -> None:
    program = compilation.program
    assert program is not None
    top = program.network(network)
    torch.manual_seed(0)
    model = compilation.load(network)().eval()
    given = sample(program, top, batch=1) if not top.open else (torch.rand(1, 1, 9, 7),)
    with torch.no_grad():
        expected = tensors_of(model(*(tensor.clone() for tensor in given)))
    for look in (Look.INSIDE, Look.NOT):
        watcher = Watch(look)
        found = run(program, top, model, tuple(tensor.clone() for tensor in given), watcher)
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert torch.equal(a, b)
        assert bool(watcher.seen) == (look is Look.INSIDE)
        for seen in watcher.seen:
            for tensor, shape in zip(seen.gave, seen.at.ys, strict=True):
                size = tensor.shape[1:] if seen.given else tensor.shape
                assert len(size) == len(shape)
                assert all(is_open(a) or value_of(a) == b for a, b in zip(shape, size, strict=True))


@pytest.mark.parametrize("text", [PLAIN, SEVERAL, LISTS], ids=["plain", "several", "lists"])
def test_all_that_a_step_can_be(text: str) -> None:
    check(compiled(text))


@pytest.mark.parametrize("model", ["net", "digits", "edges", "autoencoder", "dcgan", "m5", "siamese", "textcnn"])
def test_models(model: str) -> None:
    check(compile_source(read(MODELS / f"{model}.cnn"), folder=MODELS))


def test_the_generated_module_is_asked_for_what_it_brings() -> None:
    """A helper class stands in the generated module alone."""
    check(cnndsl.compile('network Net { input(4, 6, 6) -> channel_shuffle(2) -> layernorm(axis="channels") }'))
