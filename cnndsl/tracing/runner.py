"""Run a checked program step by step, on the modules of its network, with trained weights."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cnndsl.analysis.state_dict import matched, size_said
from cnndsl.diagnostics import OptionError
from cnndsl.files import shown
from cnndsl.frozen import frozen
from cnndsl.generated import module_of
from cnndsl.ir.interpreter import Application, Frame, Interpreter
from cnndsl.ir.program import Module, Program
from cnndsl.layers.base import Argument, Code, Layer, Spelling
from cnndsl.layers.operations import Operation
from cnndsl.layers.registry import HELPERS
from cnndsl.tracing.inputs import read_safetensors, read_saved

if TYPE_CHECKING:
    from torch import Tensor, nn


_AROUND = ("state_dict", "model_state_dict", "model")
"""Where checkpoints hold the weights among other things, of which several may be tensors by their names."""
_WRAPPERS = ("module.", "_orig_mod.")
"""What the keys of a network begin with in `DistributedDataParallel` and `AveragedModel`, and after `torch.compile`."""
_MOST_NAMED = 3


def load(model: nn.Module, path: Path) -> None:
    """Give a network the weights in a file, as `torch.save(model.state_dict(), path)` writes them, or safetensors.

    So will do a checkpoint that holds them among other things, and those of a network that was wrapped or compiled.
    Raises OptionError where they are those of another network, Problem (E001, E009) where the file cannot be read.
    """
    found = read_safetensors(path) if path.suffix in (".safetensors", ".json") else read_saved(path)
    if not _are_weights(found):
        found = _within(found, path)
    wanted = model.state_dict()
    found = _unwrapped(found, wanted)
    _compare(wanted, found, path)
    try:
        model.load_state_dict(found)
    except (RuntimeError, NotImplementedError) as problem:
        message = f"PyTorch does not take the weights in {shown(path)}: {str(problem).strip().splitlines()[-1].strip()}"
        raise OptionError("weights", message) from None


def _within(found: Any, path: Path) -> Mapping[str, Any]:
    """The weights that a checkpoint holds among other things. Raises OptionError where it holds none, or several."""
    items = found.items() if isinstance(found, Mapping) else ()
    inside: dict[Any, Mapping[str, Any]] = {key: value for key, value in items if _are_weights(value) and value}
    known = [key for key in _AROUND if key in inside][:1] or list(inside)
    if len(known) != 1:
        has = f"several: {', '.join(map(str, known))}" if known else "no weights by their names"
        message = f"{shown(path)} holds {has}; write the weights alone with torch.save(model.state_dict(), ...)"
        raise OptionError("weights", message)
    return inside[known[0]]


def _are_weights(found: Any) -> bool:
    """Whether these are tensors by their names."""
    import torch

    return isinstance(found, Mapping) and all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in found.items()
    )


def _unwrapped(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """The weights without what wrappers put before their keys, where the network has none of these keys."""
    while wanted.keys().isdisjoint(found):
        wrapper = next((each for each in _WRAPPERS if any(key.startswith(each) for key in found)), None)
        if wrapper is None:
            break
        found = {key.removeprefix(wrapper): value for key, value in found.items() if key != "n_averaged"}
    return found


def _compare(wanted: Mapping[str, Any], found: Mapping[str, Any], path: Path) -> None:
    needed, given = ({key: tuple(tensor.shape) for key, tensor in each.items()} for each in (wanted, found))
    match = matched(needed, given, ())
    said = []
    if match.missing:
        said.append(f"it lacks {_listed(list(match.missing))}")
    if match.unexpected:
        said.append(f"it has {_listed(list(match.unexpected))}, which the network has not")
    if match.shapes:
        sizes = match.shapes.items()
        said.append(_listed([f"{key} is {size_said(old)} instead of {size_said(new)}" for key, (old, new) in sizes]))
    if said:
        raise OptionError("weights", f"{shown(path)} holds the weights of another network: {'; '.join(said)}")


def _listed(items: Sequence[str]) -> str:
    left_out = len(items) - _MOST_NAMED
    return ", ".join(items[:_MOST_NAMED]) + (f" and {left_out:,} more" if left_out > 0 else "")


_IMPORTS = "from __future__ import annotations\nimport torch\nimport torch.nn.functional as F\n"


class Look(Enum):
    """How closely a step is watched."""

    NOT = "it is run, and not shown"
    RESULT = "what comes out of it is shown"
    INSIDE = "the steps inside it are watched too"


@frozen()
class Ran:
    """A step that was run: its application in the program.

    part: the module, or a learned tensor; None for what leaves no module. given, gave: what came in and out, with a
    batch axis but for a learned tensor.
    """

    at: Application
    part: nn.Module | Tensor | None
    given: tuple[Tensor, ...]
    gave: tuple[Tensor, ...]


class Watcher(Protocol):
    """Who looks on."""

    def looks(self, at: Application) -> Look:
        """How closely to watch a step, before it is run."""

    def saw(self, ran: Ran) -> None:
        """A step that is watched was run; the steps inside it came before."""


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draws random numbers by a seed, leaves the generator as it was, and shows no warnings of PyTorch's, of speed."""
    import torch

    with warnings.catch_warnings(action="ignore", category=UserWarning), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def run(
    program: Program,
    network: Module,
    model: nn.Module,
    given: tuple[Tensor, ...],
    watcher: Watcher,
    *,
    training: bool = False,
) -> tuple[Tensor, ...]:
    """What a network gives, in training or in evaluation, each input being a batch, with somebody looking on."""
    import torch

    with torch.inference_mode():
        return _Runner(program, model.train(training), watcher).module(Frame(network), given)


class _Runner(Interpreter["Tensor"]):
    def __init__(self, program: Program, model: nn.Module, watcher: Watcher | None) -> None:
        super().__init__(program)
        self._model = model
        self._training = model.training
        self._watcher = watcher

    def module(self, frame: Frame, given: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """What a module gives; a value is let go after its last use."""
        outputs = [output.value for output in frame.module.outputs if self._training or not output.training]
        steps = [step for step in frame.module.steps if self._training or not step.training]
        uses = Counter(value for step in steps for value in step.inputs)
        uses.update(outputs)
        values = dict(enumerate(given))
        for at in self.steps(frame, values):
            uses.subtract(at.step.inputs)
            for value in (*at.step.inputs, *at.step.outputs):
                if not uses[value]:
                    values.pop(value, None)
        return tuple(values[value] for value in outputs)

    def takes(self, at: Application) -> bool:
        return self._training or not at.step.training

    def apply(self, at: Application, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        watcher = self._watcher
        look = Look.NOT if watcher is None else watcher.looks(at)
        if at.inner is not None and look is Look.INSIDE:
            gave = self.module(at.inside(at.inner), inputs)
        else:
            gave = tuple(super().apply(at, inputs))
        if watcher is not None and look is not Look.NOT:
            part = self._part(at) if at.part is not None else None
            watcher.saw(Ran(at, part, tuple(inputs), gave))
        return gave

    def call_module(self, at: Application, module: Module, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        # The class may take several values as one list, which a program does not say: so its steps are run here too.
        return _Runner(self.program, self._model, None).module(at.inside(module), inputs)

    def call_layer(self, at: Application, layer: Layer, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        if at.part is not None:
            part = self._part(at)
            if layer.calling and type(part).__module__ != type(self._model).__module__:  # PyTorch's own
                values = dict(zip(("x", "x1", "x2"), (*inputs, inputs[0], inputs[0]), strict=False))
                text = layer.calling.format(module="module", **{name: name for name in values})
                return tensors(_worth(text, {"module": part, **values}))[:1]
            return tensors(part(*inputs) if callable(part) else part)  # or a learned tensor
        (lacks_batch,) = at.frame.module.lacks_batch(at.step.inputs)
        size = tuple(inputs[0].shape)
        spelling = layer.of_parameter(size) if lacks_batch else layer.function(size[1:])
        assert spelling is not None  # noqa: S101 - or the program would have a part for it
        text, arguments = _called(spelling, training=self._training)
        return tensors(_worth(text, {"value0": inputs[0]} | arguments))

    def combine(self, at: Application, operation: Operation, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        values = {f"value{k}": tensor for k, tensor in enumerate(inputs)}
        return tensors(_worth(operation.text(at.xs, tuple(values)), values))

    def _part(self, at: Application) -> Any:
        """The module that a part is, or the learned tensor."""
        return attrgetter(at.path)(self._model)


def _worth(text: str, values: dict[str, Any]) -> Any:
    """What a piece of Python gives, as the generated module has it for a plain call or an operation.

    It is the compiler's own, for a checked program, and run as all generated modules are; what the user gave stands
    beside it, bound to names.
    """
    brought = [HELPERS[word] for word in dict.fromkeys(re.findall(r"\w+(?=\()", text)) if word in HELPERS]
    source = "\n\n".join([_IMPORTS, *brought, f"def worth({', '.join(values)}):\n    return {text}\n"])
    return module_of(source, "step").worth(**values)


def _called(spelling: Spelling, *, training: bool) -> tuple[str, dict[str, Any]]:
    """The text of a call on `value0`, and what the names of its arguments stand for."""
    # The one piece of Python among the arguments asks whether the network is in training.
    arguments = {f"given_{a.name}": training if isinstance(a.value, Code) else a.value for a in spelling.arguments}
    if spelling.template is not None:
        names = {argument.name: f"given_{argument.name}" for argument in spelling.arguments}
        return spelling.template.format(x="value0", **names), arguments
    written = [a for a in spelling.arguments if a.required or not _is_default(a)]
    listed = (f"given_{a.name}" if a.required else f"{a.name}=given_{a.name}" for a in written)
    return f"{spelling.target}({', '.join(['value0', *listed])})", arguments


def _is_default(argument: Argument) -> bool:
    """Whether an argument is left out in the generated module; some are refused where they say nothing new."""
    return type(argument.value) is type(argument.default) and bool(argument.value == argument.default)


def tensors(given: Any) -> tuple[Tensor, ...]:
    """The tensors that a module returns: one, several, or several by name."""
    if isinstance(given, dict):
        return tuple(given.values())
    return tuple(given) if isinstance(given, (tuple, list)) else (given,)
