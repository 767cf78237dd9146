"""The form for inference beside the one for training, on the same weights and inputs."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from cnndsl.analysis.shapes import infer
from cnndsl.compilation import Compilation
from cnndsl.ir.program import Module, Program
from cnndsl.symbolic.number import is_open, value_of
from tests.running import imported, sample, tensors_of


def unsettle(model: nn.Module) -> None:
    """Give batch normalisation statistics and weights that are not those of the beginning."""
    generator = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            for name, low, high in (("running_mean", -0.2, 0.2), ("running_var", 0.5, 2.0)):
                if getattr(module, name) is not None:
                    getattr(module, name).uniform_(low, high, generator=generator)
            if module.affine:
                nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
                nn.init.uniform_(module.bias, -0.2, 0.2, generator=generator)


def inputs(program: Program, network: Module, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """A batch for each input; open sizes are 64."""
    shapes = [tuple(64 if is_open(dim) else value_of(dim) for dim in shape) for shape in network.input_shapes]
    known = infer(program, {network.name: shapes})
    given = sample(known, known.network(network.name))
    return tuple(x.to(dtype) if x.is_floating_point() else x for x in given)


@torch.no_grad()
def check(compilation: Compilation, dtype: torch.dtype = torch.float64) -> tuple[nn.Module, nn.Module]:
    """Both forms of the last network, once they are seen to agree. Raises AssertionError where they do not.

    In double precision what differs by more than rounding shows.
    """
    assert compilation.program is not None
    found = compilation.program.network()
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    torch.manual_seed(0)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Using padding='same' with even kernel")  # of speed
            trained = getattr(imported(compilation.python()), found.name)().eval()
            unsettle(trained)
            serving = getattr(imported(compilation.for_inference().python()), found.name)
            served = serving.from_trained(trained.state_dict())
            given = inputs(compilation.program, found, dtype)
            wanted = tensors_of(trained(*(x.clone() for x in given)))
            results = tensors_of(served(*(x.clone() for x in given)))
    finally:
        torch.set_default_dtype(before)
    assert len(results) == len(wanted)
    near = 1e-9 if dtype == torch.float64 else 1e-5
    for a, b in zip(results, wanted, strict=True):
        # Where everything cancels, what is left is the rounding of numbers of about one.
        least = max(near * float(b.nan_to_num(0, 0, 0).abs().max()), torch.finfo(dtype).eps)
        torch.testing.assert_close(a, b, rtol=100 * near, atol=least, equal_nan=True)
    assert not served.training
    assert not any(parameter.requires_grad for parameter in served.parameters())
    return trained, served
