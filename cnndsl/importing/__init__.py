"""PyTorch to text: a module becomes the `.cnn` text that a person would have written for it.

In: a module, and the sizes of what it takes, or a program of `torch.export`.  Out: a text, and what is different
between its module and the original.
The module is run once in evaluation and once in training, and what it does is recorded (`recording`). From that comes a
body for each module inside (`structure`, `reading`, with `leaves` and `calls` for what PyTorch has); those of a class
become one definition (`generalising`, `parameters`), which is written (`writing`). Then the text is compiled, and its
module compared with the original (`checking`). Of a program a module is made first (`exported`, with `graph` and
`remaking`).
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.nn.modules.lazy import LazyModuleMixin

from cnndsl.compilation import CompilationError
from cnndsl.compiler import compile  # noqa: A004 - the package's own word
from cnndsl.display import NetworkText
from cnndsl.formatter import formatted
from cnndsl.frozen import frozen
from cnndsl.importing.checking import Comparison, compare
from cnndsl.importing.exported import Remade, loaded, remade, samples
from cnndsl.importing.leaves import Unreadable, kept, unchanged, unsettle
from cnndsl.importing.recording import Recorder, group, put_ahead
from cnndsl.importing.structure import MOST_APART, Imported, imported
from cnndsl.importing.writing import written
from cnndsl.source import Source

__all__ = [
    "Import",
    "Unreadable",
    "Unusable",
    "from_torch",
    "import_module",
    "import_program",
    "loaded",
    "made",
    "samples",
]

_BATCH = 2
_MOST_MIXED = 4
"""Inputs of which any may be whole numbers; of more all are, or none."""


class Unusable(Exception):  # noqa: N818 - what it says of what was named
    """What was named is no module of PyTorch, or cannot be run. The message says why."""


@frozen()
class Import:
    """A text, and what was found when its module was compared with the original.

    remarks: what the text lacks of the original, in sentences.
    externs: the classes that the text takes from elsewhere, `package.Class`, and how many of its modules each is.
    """

    text: str
    comparison: Comparison
    remarks: tuple[str, ...]
    externs: Mapping[str, int]

    @property
    def declared(self) -> str:
        """What is said of the classes from elsewhere: "2 externs (package.Class)"; nothing where there are none."""
        count = sum(self.externs.values())
        return f"{count:,} extern{'s' * (count > 1)} ({', '.join(self.externs)})" if count else ""


def from_torch(module: nn.Module | ExportedProgram, inputs: Tensor | Sequence[Tensor] | None = None) -> str:
    """The `.cnn` text of a module that takes these inputs, whose first axis is the batch.

    The module is run, and left as it was; then the text is compiled and compared with it, and where it is not the same
    network in all, a UserWarning says what differs. A notebook shows the text with its picture. A program of
    `torch.export` needs no inputs, as it has those with which it was exported.

    Raises Unreadable where the language has no words for what the module does, Unusable where its weights are on the
    device meta, TypeError for a module without inputs, and whatever the module raises when it is run.
    """
    given = [inputs] if isinstance(inputs, Tensor) else None if inputs is None else list(inputs)
    if isinstance(module, ExportedProgram):
        found = import_program(module, given)
    elif given is None:
        raise TypeError("a module needs inputs on which it is run")
    else:
        found = _imported(module, given)
    if not found.comparison.is_same:
        warnings.warn(f"the text is not the same network: {found.comparison}", stacklevel=2)
    return NetworkText(found.text, lambda: compile(found.text, name="imported.cnn")._repr_svg_())


def import_module(module: nn.Module, sizes: Sequence[tuple[int, ...]]) -> Import:
    """The text of a module whose inputs have these sizes, without the batch, and how it compares.

    Raises Unreadable where the language has no words for what the module does, Unusable where it does not run.
    """
    return _imported(module, _inputs(module, sizes))


def import_program(program: ExportedProgram, inputs: Sequence[Tensor] | None = None) -> Import:
    """The text of a program of `torch.export`, and how it compares with the program.

    inputs: what it is run on where its sizes were left open; without them, what it was exported with.

    Raises Unreadable where the language has no words for what the program does, where its modules cannot be made again,
    and where it was not exported for these inputs.
    """
    with kept(lambda: program.state_dict):
        unsettle(program.state_dict, program.graph_signature.parameters)
        found = remade(program, inputs)
        try:
            with unchanged(found.module):
                return _found(found.module, found.inputs, found)
        except Unreadable as problem:
            why = next((reason for path, reason in found.reasons.items() if f"({path})" in str(problem)), "")
            raise Unreadable(f"{problem}; and it is no layer: {why}" if why else str(problem)) from None


def _inputs(module: nn.Module, sizes: Sequence[tuple[int, ...]]) -> list[Tensor]:
    """Inputs on which a module runs: numbers of any kind, or where it takes these alone whole ones. Raises Unusable."""
    if any(isinstance(inner, LazyModuleMixin) for inner in module.modules()):
        with suppress(Exception, SystemExit), torch.no_grad():  # whose sizes are those of the first run
            module.eval()(*(torch.zeros(_BATCH, *size) for size in sizes))
    generator = torch.Generator().manual_seed(0)
    rows = min((m.num_embeddings for m in module.modules() if isinstance(m, nn.Embedding)), default=2)
    kinds = (
        product((False, True), repeat=len(sizes))
        if len(sizes) <= _MOST_MIXED
        else ((w,) * len(sizes) for w in (False, True))
    )
    first: BaseException | None = None
    for wholes in kinds:
        inputs = [
            torch.randint(rows, (_BATCH, *size), generator=generator)
            if whole
            else torch.randn(_BATCH, *size, generator=generator)
            for whole, size in zip(wholes, sizes, strict=True)
        ]
        try:
            with unchanged(module), torch.no_grad():
                module.eval()(*(x.clone() for x in inputs))
        except (Exception, SystemExit) as problem:  # whatever the user's code raises
            first = first or problem
        else:
            return inputs
    shown = " and ".join(" x ".join(map(str, size)) for size in sizes)
    raise Unusable(f"{type(module).__name__} cannot be run on {shown}: {type(first).__name__}: {first}")


def made(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """What `package.module:name` or `file.py:name` gives with these arguments. Raises Unusable.

    Runs the code of the module, and of what it names.
    """
    where, _, what = name.rpartition(":")
    if not where or not what:
        raise Unusable(f"{name!r} is not of the form MODULE:NAME, such as torchvision.models:resnet50, and no FILE.pt2")
    try:
        found = _loaded(where)
        for word in what.split("."):
            found = getattr(found, word)
        made_ = found(**arguments) if callable(found) and not isinstance(found, nn.Module) else found
    except (Exception, SystemExit) as problem:  # whatever the user's code raises
        raise Unusable(f"{name} cannot be made: {type(problem).__name__}: {problem}") from None
    if not isinstance(made_, nn.Module):
        raise Unusable(f"{name} gives no module of PyTorch, but {type(made_).__name__}")
    return made_


def _loaded(where: str) -> Any:
    if not where.endswith(".py"):
        return importlib.import_module(where)
    name = Path(where).stem
    with suppress(ImportError, ValueError, OSError):  # where Python finds the file by itself, classes have a place
        found = importlib.util.find_spec(name)
        if found is not None and found.origin is not None and Path(found.origin).samefile(where):
            return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name, where)
    assert spec is not None  # noqa: S101 - it ends in .py
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _imported(module: nn.Module, inputs: Sequence[Tensor]) -> Import:
    if any(tensor.is_meta for tensor in module.state_dict().values()):
        raise Unusable(f"{type(module).__name__} has weights without numbers, on the device meta: make it on another")
    with unchanged(module):
        unsettle(module.state_dict(), dict(module.named_parameters()))
        return _found(module, inputs)


def _found(module: nn.Module, inputs: Sequence[Tensor], program: Remade | None = None) -> Import:
    evaluation = _recorded(module, inputs, training=False)
    training: Recorder | None = None
    lacking: list[str] = []
    try:
        training = _recorded(module, inputs, training=True)
    except Exception as problem:  # what cannot be trained on this has no training to import
        lacking.append(
            f"it does not run in training, of which the text has nothing: {type(problem).__name__}: {problem}"
        )
    apart: dict[type[nn.Module], int] = {}
    while True:
        try:
            found = imported(module, evaluation, training, apart)
        except Unreadable as problem:
            if training is None:
                raise
            with suppress(Unreadable):
                imported(module, evaluation, None, apart)
                training = None
                lacking.append(f"what it does in training is left out: {problem}")
                continue
            raise
        loops, text = True, _text(found, loops=True)
        comparison, refused = _compared(module, text, inputs, found.externs)
        if not comparison.is_same and (plain := _text(found, loops=False)) != text:
            other, also = _compared(module, plain, inputs, found.externs)
            if other != comparison:
                loops, text, comparison, refused = False, plain, other, also
        kind = found.classes.get(refused)
        if kind is None or apart.get(kind) == MOST_APART:
            break
        apart[kind] = apart.get(kind, 0) + 1  # what depends on a parameter may be a constant in several definitions
    remarks = [*lacking, *found.remarks]
    if program is not None:
        remarks += program.remarks
        if any(map(any, program.open)) and comparison.is_same:
            shapes = [
                tuple("?" if is_open else size for is_open, size in zip(open_, shape, strict=True))
                for open_, shape in zip(program.open, found.shapes, strict=True)
            ]
            opened = _text(found, shapes, loops=loops)
            if all(_compared(module, opened, each, {})[0].is_same for each in (inputs, program.larger())):
                text = opened
            else:
                remarks.append("sizes that were exported as open are those of the example")
    return Import(text, comparison, tuple(remarks), found.externs)


def _text(found: Imported, shapes: Sequence[tuple[int | str, ...]] = (), *, loops: bool) -> str:
    """What was found in the one layout, where that is possible, with these sizes of inputs or those that were found."""
    text = written(found.definitions, shapes or found.shapes, loops=loops)
    laid_out, diagnostics = formatted(Source("<imported>", text))
    return text if diagnostics else laid_out


def _recorded(module: nn.Module, inputs: Sequence[Tensor], *, training: bool) -> Recorder:
    module.train(training)
    recorder = Recorder(module)
    recorder.run([x.clone() for x in inputs])
    put_ahead(recorder)
    group(recorder)
    return recorder


def _compared(
    module: nn.Module, text: str, inputs: Sequence[Tensor], externs: Mapping[str, int]
) -> tuple[Comparison, str]:
    """How the text compares, and the definition that cannot be written as a class, if one cannot."""
    compilation = compile(text, name="imported.cnn")
    if compilation.program is None:
        return Comparison(0, problem=f"the text does not compile: {compilation.diagnostics[0].message}"), ""
    try:
        made_ = compilation.load(allow_extern=[name.rpartition(".")[0] for name in externs])()
    except CompilationError as problem:
        last = problem.compilation.diagnostics[-1]
        refused = last.message.partition(" ")[0] if last.code == "E601" else ""
        return Comparison(0, problem=f"the text has no class: {last.message}"), refused
    except Exception as problem:  # a fault of the compiler is what was found, and the text is there to be mended
        return Comparison(0, problem=f"the text has no class: {type(problem).__name__}: {problem}"), ""
    return compare(module, made_, inputs), ""
