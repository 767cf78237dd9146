"""What makes a graph of a module makes one of every generated module: torch.fx, export, compile and TorchScript.

Each file is looked at in its smallest network: the others are made of the same blocks. The graphs give what the module
gives.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor, fx, nn

from cnndsl import costs
from cnndsl.compiler import compile_source
from cnndsl.generated import module_of
from cnndsl.source import Source
from tests.inference.support import inputs
from tests.running import tensors_of

HERE = Path(__file__).parent
FILES = [*sorted((HERE.parents[1] / "models").glob("*.cnn")), *sorted((HERE / "cases").glob("*.cnn"))]
BY_NAME = {"/".join(path.parts[-2:]).removesuffix(".cnn"): path for path in FILES}

COMPUTED = "a part whose name is computed, or is no identifier, is asked for by getattr"
COUNTED = "a loop goes through numbers and a list of parts together"
VALUES = "a block gives a dictionary, or a list of outputs"
ELSEWHERE = "a class from elsewhere does what this tool does not know"
NAMES = "names that Python normalises, or that are no identifiers, break the code that torch.fx writes"

SMALLER: dict[str, tuple[str, dict[str, Any]]] = {
    "models/densenet": ("DenseNet", {"layers": [1, 2, 1, 1], "growth": 8}),
    "models/efficientnet": ("EfficientNet", {"width": 0.5, "depth": 0.3}),
}
"""Networks of the same classes with less in them."""
NOT_TRACED = {"cases/awkward_names": NAMES, "cases/extern": ELSEWHERE}
NOT_SCRIPTED = {
    "models/densenet": COMPUTED,
    "cases/blocks_outputs": VALUES,
    "cases/depth_drop": COMPUTED,
    "cases/extern": ELSEWHERE,
    "cases/labelled_chains": COMPUTED,
    "cases/loops": COMPUTED,
    "cases/loops_awkward": COUNTED,
    "cases/optional": COMPUTED,
    "cases/repeats": COMPUTED,
    "cases/two_forms": COUNTED,
    "cases/unet": COMPUTED,
    "cases/value_names": COMPUTED,
}
"""TorchScript reads the source, and takes a part of Python."""


@pytest.fixture(scope="module", params=BY_NAME)
def network(request: pytest.FixtureRequest) -> Any:
    """The name of a file, its smallest network in evaluation mode, and a batch for it."""
    path = BY_NAME[request.param]
    compilation = compile_source(Source(path.name, path.read_text(encoding="utf-8")), folder=path.parent)
    program = compilation.program
    assert program is not None
    smallest = program.modules[min(program.networks, key=lambda key: costs.of(program, key).macs or 0)]
    name, arguments = SMALLER.get(request.param, (smallest.name, {}))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using padding='same' with even kernel")  # of speed
        model = getattr(module_of(compilation.python(), path.stem), name)(**arguments).eval()
    return request.param, model, cropped(model, inputs(program, smallest, torch.float32))


def cropped(model: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """A corner of large pictures, for a network that takes one."""
    small = tuple(x[..., :64, :64] if x.dim() == 4 else x for x in given)
    try:
        with torch.no_grad():
            model(*small)
    except RuntimeError:
        return given
    return small


def compare(graph: Callable[..., Any], model: nn.Module, given: tuple[Tensor, ...]) -> None:
    """Raise AssertionError where a graph does not give what the module gives."""
    results = []
    for each in (graph, model):
        torch.manual_seed(0)
        with torch.no_grad():
            results.append(tensors_of(each(*(x.clone() for x in given))))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, equal_nan=True)


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_fx_traces_it(network: Any, training: bool) -> None:
    name, model, given = network
    model = deepcopy(model).train(training)
    if name in NOT_TRACED:
        with pytest.raises((SyntaxError, KeyError)):
            fx.symbolic_trace(model)
        return
    compare(fx.symbolic_trace(deepcopy(model)), model, given)


def test_it_is_exported(network: Any) -> None:
    _, model, given = network
    compare(torch.export.export(model, given).module(), model, given)


def test_it_is_compiled_to_one_graph(network: Any) -> None:
    _, model, given = network
    torch.compiler.reset()
    compare(torch.compile(model, fullgraph=True, backend="eager"), model, given)


def test_it_is_scripted(network: Any) -> None:
    name, model, given = network
    if name in NOT_SCRIPTED:
        with pytest.raises(Exception, match=r"getattr|iterate|annotated|no attribute|dict|threshold"):
            script(model)
        return
    compare(script(model), model, given)


def script(model: nn.Module) -> Callable[..., Any]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        return cast("Callable[..., Any]", torch.jit.script(model))  # type: ignore[no-untyped-call, unused-ignore]
