"""A layer through the whole compiler: a network of this layer alone, from its text to the module that runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import cnndsl
from cnndsl.analysis import costs
from cnndsl.layers.base import Layer
from cnndsl.layers.registry import KINDS
from cnndsl.symbolic.number import value_of
from tests.layers.cases import Case
from tests.layers.oracle import BATCH, build, sample
from tests.layers.written import text_of, written
from tests.running import imported


def _bilinear_flops(x: list[int], weight: list[int], *_: Any, **__: Any) -> int:
    """Of one value, with each matrix of the weight, and with the other value."""
    return 2 * x[0] * weight[0] * weight[2] * (x[-1] + 1)


_BILINEAR = {torch.ops.aten._trilinear: _bilinear_flops}


@contextmanager
def counted() -> Iterator[FlopCounterMode]:
    """PyTorch's counter, with recurrent layers and attention done in steps that it knows, and bilinear ones counted."""
    fast, onednn = torch.backends.mha.get_fastpath_enabled(), torch._C._get_mkldnn_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    torch._C._set_mkldnn_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False, custom_mapping=_BILINEAR) as counter:
            yield counter
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        torch._C._set_mkldnn_enabled(onednn)


def network_of(case: Case) -> str:
    """The network, as many arguments by position as the input has axes."""
    layer = text_of(case.kind, case.parameters, by_position=len(case.x))
    values = min(KINDS[case.kind].takes)
    several = f"[{', '.join(['it'] * values)}] -> " if values > 1 else ""
    return f"network Net {{ input({written(case.x)[1:-1]}); {several}{layer} }}"


def check_text(case: Case, layer: Layer, y: tuple[int, ...] | None) -> None:
    """The compiler refuses the text where y is None, and else gives this size and a module that does what it says.

    The module that comes of the text is the one that the layer spells, parameter by parameter, and its
    multiply-accumulates are those that PyTorch counts.
    """
    text = network_of(case)
    compilation = cnndsl.compile(text)
    if y is None:
        assert compilation.program is None, f"the class refuses what the compiler takes: {text}"
        return
    program = compilation.program
    assert program is not None, f"the compiler refuses what the class takes: {text}"
    network = program.network()
    assert [tuple(map(value_of, shape)) for shape in network.output_shapes] == [y], case
    model = imported(compilation.python()).Net().eval()
    x = tuple(map(value_of, network.values[network.steps[-1].inputs[0]]))
    expected = [] if layer.plain_call else [repr(build(layer.torch(x)))]
    assert [repr(part) for part in model.children()] == expected, case
    with torch.no_grad(), counted() as counter:
        model(sample(layer, case.x))
    assert costs.of(program, network.id).macs == counter.get_total_flops() / 2 / BATCH, case
