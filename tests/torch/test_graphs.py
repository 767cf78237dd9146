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

from cnndsl.analysis import costs
from cnndsl.compiler import compile_source
from cnndsl.generated import module_of
from cnndsl.source import Source
from tests.compiled import MODELS, compilation_of, python_of
from tests.inference.support import inputs
from tests.running import tensors_of

HERE = Path(__file__).parent
FILES = [*MODELS, *sorted((HERE / "cases").glob("*.cnn"))]
BY_NAME = {"/".join(path.parts[-2:]).removesuffix(".cnn"): path for path in FILES}

SMALLER = {
    "models/alexnet": {"4096": "64"},
    "models/c3d": {"16, 112, 112": "16, 32, 32", "512": "64", "4096": "64"},
    "models/convnext": {"[96, 192, 384, 768], [3, 3, 9, 3]": "[12, 24, 48, 96], [1, 1, 2, 1]"},
    "models/densenet": {"[6, 12, 24, 16]": "[1, 2, 1, 1], growth=8"},
    "models/efficientnet": {"EfficientNet(1, 1)": "EfficientNet(0.5, 0.1)"},
    "models/hrnet": {"width = 18": "width = 4", "[[1, 1], [2, 4], [3, 3]]": "[[1, 1], [2, 1], [3, 1]]", "2048": "64"},
    "models/mobilenetv2": {"[64, 4, 2]": "[64, 2, 2]", "[96, 3, 1]": "[96, 1, 1]", "[160, 3, 2]": "[160, 1, 2]"},
    "models/regnet": {"RegNet(22, ": "RegNet(12, "},
    "models/repvgg": {"[2, 4, 14, 1]": "[2, 1, 2, 1]"},
    "models/res2net": {"Res2Net([3, 4, 6, 3])": "Res2Net([1, 2, 1, 1])"},
    "models/shufflenetv2": {"* 7": "* 2"},
    "models/vgg": {"4096": "64", "256, 512, 512": "64, 64, 64"},
    "models/vit": {"ViT(32, 768, 12, 12, 3072)": "ViT(32, 96, 2, 12, 192)"},
    "models/wavenet": {"stacks = 3, layers = 10": "stacks = 2, layers = 4"},
}
"""What is written in a text instead of something, which makes a network with less in it of the same classes."""

NOT_TRACED: dict[str, tuple[type[Exception], str]] = {
    "cases/awkward_names": (SyntaxError, "invalid syntax"),
    "cases/extern": (KeyError, "getattr"),
    "cases/layers_of_chains": (NameError, "module is not installed as a submodule"),
    "cases/row_types": (fx.proxy.TraceError, "symbolically traced variables cannot be used as inputs to control flow"),
}
"""What stops torch.fx: names that are no identifiers in the code that it writes, a class from elsewhere, a chain that
is made of layers of another one where it is applied, and attention in a chain.
"""

COMPUTED = r"getattr's second argument must be a string literal"
ITERATED = r"Python builtin .* is currently not supported"
DECLARED = r"Attempting to declare and annotate the type of variable"
COUNTED = r"Can not iterate over a module list or tuple .* statically determinable length"

NOT_SCRIPTED = {
    "cases/any_depth": r"Expected a value of type 'Tensor' for argument '0' but instead found type 'List\[Tensor\]'",
    "cases/dense_chains": ITERATED,
    "cases/depth_drop": COMPUTED,
    "cases/exchanged_maps": ITERATED,
    "cases/extern": r"Expected a value of type 'float' for argument 'value' but instead found type 'int'",
    "cases/first_types": ITERATED,
    "cases/flags_of_sizes": ITERATED,
    "cases/gated_unet": ITERATED,
    "cases/labelled_chains": COMPUTED,
    "cases/layer_lists": DECLARED,
    "cases/layers_by_their_keys": COMPUTED,
    "cases/layers_of_chains": r"List type annotation .* did not match the types of the given list elements",
    "cases/loops": COMPUTED,
    "cases/loops_awkward": COMPUTED,
    "cases/numbered_turns": ITERATED,
    "cases/optional": r"Module 'Optional' has no attribute 'pool-2'",
    "cases/repeats": COMPUTED,
    "cases/row_types": r"'Tensor' object has no attribute or method 'forward'",
    "cases/two_forms": COMPUTED,
    "cases/unet": COUNTED,
    "cases/value_names": COMPUTED,
    "cases/variants_of_their_own": ITERATED,
    "cases/vocoder": ITERATED,
    "models/hrnet": r"Module 'Transition2' has no attribute '0'",
    "models/res2net": DECLARED,
    "models/wavenet": r"Expected a value of type 'Tensor' for argument 'self' but instead found type 'List\[Tensor\]'",
}
"""What TorchScript, which takes a part of Python, says of parts whose names are computed or are no identifiers, of
loops through numbers and parts together, of Python's sum of a list, of a list from its end on, of variables declared
before they are given values, or in a turn, of attention in a chain, and of a class from elsewhere.
"""


@pytest.fixture(scope="module", params=BY_NAME)
def network(request: pytest.FixtureRequest) -> Any:
    """The name of a file, its smallest network in evaluation mode, and a batch for it."""
    path = BY_NAME[request.param]
    text = path.read_text(encoding="utf-8")
    for old, new in SMALLER.get(request.param, {}).items():
        assert old in text
        text = text.replace(old, new)
    is_smaller = request.param in SMALLER
    compilation = compile_source(Source(path.name, text), folder=path.parent) if is_smaller else compilation_of(path)
    program = compilation.program
    assert program is not None
    source = compilation.python() if is_smaller else python_of(path)
    smallest = program.modules[min(program.networks, key=lambda key: costs.of(program, key).macs or 0)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using padding='same' with even kernel")  # of speed
        model = getattr(module_of(source, path.stem), smallest.name)().eval()
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
        error, message = NOT_TRACED[name]
        with pytest.raises(error, match=message):
            fx.symbolic_trace(model)
        return
    compare(fx.symbolic_trace(deepcopy(model)), model, given)


def test_it_is_exported(network: Any) -> None:
    _, model, given = network
    compare(torch.export.export(model, given).module(), model, given)


def test_it_is_compiled_to_one_graph(network: Any) -> None:
    _, model, given = network
    torch.compiler.reset()
    with torch._dynamo.config.patch(allow_rnn=True):
        compare(torch.compile(model, fullgraph=True, backend="eager"), model, given)


def test_it_is_scripted(network: Any) -> None:
    name, model, given = network
    if name in NOT_SCRIPTED:
        with pytest.raises(Exception, match=NOT_SCRIPTED[name]):
            script(model)
        return
    compare(script(model), model, given)


def script(model: nn.Module) -> Callable[..., Any]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        return cast("Callable[..., Any]", torch.jit.script(model))  # type: ignore[no-untyped-call, unused-ignore]
