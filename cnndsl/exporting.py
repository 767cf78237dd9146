"""A network as a file of ONNX: written by PyTorch's exporter, checked, and compared in ONNX Runtime.

Needs PyTorch and what comes with `cnndsl[onnx]`.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnndsl.analysis.costs.counts import whole_inputs
from cnndsl.analysis.shapes import OpenSizeError, with_sizes
from cnndsl.compilation import Compilation
from cnndsl.diagnostics import OptionError
from cnndsl.frozen import frozen
from cnndsl.ir.program import Module, Program
from cnndsl.symbolic.number import is_open
from cnndsl.tracing import runner

if TYPE_CHECKING:
    from torch import Tensor, nn

LARGEST = 2**31 - 1
"""Bytes of a file of ONNX: its form, protobuf, allows no more."""
BATCH = "batch"
_TRIED, _LEAST = 2048, 16
"""How many sizes are tried to find some that a network takes, and the smallest where smaller ones need not be."""
_TOLERANCE = 1e-4


@frozen()
class Onnx:
    """A file of ONNX, and how its outputs compare with those of PyTorch.

    inputs, outputs: their names in the file. sizes: the sizes of the inputs that were compared, the batch left out.
    difference: the largest difference of a number that comes out. largest: the largest of these numbers.
    """

    data: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    sizes: tuple[tuple[tuple[int, ...], ...], ...]
    difference: float
    largest: float

    @property
    def said(self) -> str:
        """What was found, in a line."""
        how = "same outputs in ONNX Runtime" if self.is_same else "other outputs in ONNX Runtime"
        return f"{how}: the largest difference is {self.difference:.2g}, of numbers up to {self.largest:.2g}"

    @property
    def is_same(self) -> bool:
        """Whether the difference is no more than that of sums in another order."""
        return self.difference <= _TOLERANCE * max(1.0, self.largest)


def to_onnx(
    compilation: Compilation,
    network: str | None = None,
    *,
    weights: Path | None = None,
    seed: int = 0,
    sizes: Mapping[str, int] | None = None,
    allow_extern: Iterable[str] | None = None,
) -> Onnx:
    """A network in evaluation as a file of ONNX, whose inputs and outputs have the names of the text.

    The batch and the sizes that the text leaves open stay open, but for those in `sizes`. weights: a file with trained
    weights; without it they are the initial ones that PyTorch draws with `seed`. allow_extern: as for
    `Compilation.load`.

    Raises OptionError where weights do not fit or PyTorch's exporter cannot write the network; OpenSizeError for sizes
    that do not fit; Problem for a file that cannot be read; KeyError for an unknown network; CompilationError for a
    text with errors; ImportError where PyTorch or a package of `cnndsl[onnx]` is missing, and for an `extern` that is
    not allowed.
    """
    model_class = compilation.load(network, allow_extern=allow_extern)
    _require()

    program = compilation.checked().program
    if sizes:
        program = with_sizes(program, network, sizes)
    top = program.network(network)
    with runner.seeded(seed):
        model = model_class().eval()
    if weights is not None:
        runner.load(model, weights)
    samples = [_sample(program, top, fit, batch) for batch, fit in enumerate(_fitting(program, top), 2)]
    outputs = _output_names(top)
    data = _written(model, top, samples[0], outputs, compilation.source.short)
    difference, largest = _compared(model, data, top.inputs, samples)
    compared = tuple(tuple(tuple(x.shape[1:]) for x in sample) for sample in samples)
    return Onnx(data, top.inputs, outputs, compared, difference, largest)


def _require() -> None:
    try:
        import onnx  # noqa: F401 - whether they are there
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as problem:
        message = (
            f"a file of ONNX is written with {problem.name}, which is not installed: run pip install 'cnndsl[onnx]'"
        )
        raise ImportError(message, name=problem.name) from None


def _fitting(program: Program, top: Module) -> list[dict[str, int]]:
    """Two choices of numbers for the open sizes, as different as they may be; one empty choice where there are none.

    Raises OptionError where none is found.
    """
    symbols = list(dict.fromkeys(str(dim) for shape in top.input_shapes for dim in shape if is_open(dim)))
    if not symbols:
        return [{}, {}]
    found = list(islice(_choices(program, top, symbols), 2))
    if not found:
        raise OptionError("", f"no sizes were found that {top.name} takes: give them with --size {symbols[0]}=256")
    return found


def _choices(program: Program, top: Module, symbols: list[str]) -> Iterator[dict[str, int]]:
    rules = {rule.symbol: rule for rule in top.open}
    for at in range(_TRIED):
        for apart in (1, 0):  # all different, where they may be
            choice: dict[str, int] = {}
            for place, symbol in enumerate(symbols):
                rule = rules.get(symbol)
                step, rest = (rule.multiple or 1, rule.rest) if rule is not None else (1, 0)
                least = max(_LEAST, (rule.minimum or 1) if rule is not None else 1)
                first = next(n for n in count(rest, step) if n >= least)
                choice[symbol] = first + step * (at + place * apart)
            try:
                with_sizes(program, top.name, choice)
            except OpenSizeError:
                continue
            yield choice
            break


def _sample(program: Program, top: Module, fit: Mapping[str, int], batch: int) -> tuple[Tensor, ...]:
    """A batch for each input: numbers between -1 and 1, or the rows of a table."""
    import torch

    generator = torch.Generator().manual_seed(batch)
    rows = whole_inputs(program, top.id)
    made = []
    for at, shape in enumerate(top.input_shapes):
        sizes = (batch, *(fit[str(dim)] if is_open(dim) else int(dim) for dim in shape))
        if at in rows:
            made.append(torch.randint(rows[at], sizes, generator=generator))
        else:
            made.append(torch.rand(sizes, generator=generator) * 2 - 1)
    return tuple(made)


def _output_names(top: Module) -> tuple[str, ...]:
    """The names of what comes out in evaluation: those of the text, or `output`."""
    outputs = [output for output in top.outputs if not output.training]
    names: list[str] = []
    for at, output in enumerate(outputs):
        name = output.name or top.names.get(output.value) or (f"output{at + 1}" if len(outputs) > 1 else "output")
        taken = {*names, *top.inputs}
        names.append(next(made for n in count(1) if (made := name if n == 1 else f"{name}_{n}") not in taken))
    return tuple(names)


def _written(model: nn.Module, top: Module, sample: tuple[Tensor, ...], outputs: tuple[str, ...], source: str) -> bytes:
    import onnx
    import torch

    axes = tuple(
        {0: BATCH} | {at: str(dim) for at, dim in enumerate(shape, 1) if is_open(dim)} for shape in top.input_shapes
    )
    try:
        with _quiet():
            made = torch.onnx.export(
                model, sample, dynamo=True, input_names=list(top.inputs), output_names=list(outputs),
                dynamic_shapes=axes, verbose=False,
            )  # fmt: skip
        assert made is not None  # noqa: S101 - where no file is named it is given back
        for node in made.model.graph:
            node.metadata_props.clear()  # where in which file it comes from, on this machine
        proto = made.model_proto
    except Exception as problem:  # whatever the exporter raises, which says what it cannot do
        cause: BaseException = problem
        while cause.__cause__ is not None:
            cause = cause.__cause__  # around which there is advice to who works on the exporter
        said = next((line.strip() for line in str(cause).splitlines() if line.strip()), type(cause).__name__)
        raise OptionError("", f"PyTorch's exporter cannot write {top.name} as ONNX: {said}") from None
    proto.doc_string = f"{top.name} of {source}, made by cnndsl"
    if proto.ByteSize() > LARGEST:
        message = f"{top.name} is too large: a file of ONNX has at most 2 GiB, and this has {proto.ByteSize():,} bytes"
        raise OptionError("", message)
    onnx.checker.check_model(proto, full_check=True)
    return bytes(proto.SerializeToString())


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter says of itself."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logger.setLevel(level)


def _compared(
    model: nn.Module, data: bytes, inputs: tuple[str, ...], samples: Iterable[tuple[Tensor, ...]]
) -> tuple[float, float]:
    """The largest difference of what comes out in PyTorch and in ONNX Runtime, and the largest number of it."""
    import onnxruntime
    import torch

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    difference = largest = 0.0
    for sample in samples:
        with torch.no_grad():
            wanted = runner.tensors(model(*sample))
        given: dict[str, Any] = {name: x.numpy() for name, x in zip(inputs, sample, strict=True)}
        for want, found in zip(wanted, session.run(None, given), strict=True):
            have = torch.from_numpy(found)
            if have.shape != want.shape:
                raise OptionError("", f"ONNX Runtime gives {tuple(have.shape)} where PyTorch gives {tuple(want.shape)}")
            gap = (want.double() - have.double()).abs().nan_to_num(nan=float("inf"))
            gap[want.isnan() & have.isnan() | (want == have)] = 0.0
            if gap.numel():
                difference = max(difference, float(gap.max()))
                largest = max(largest, float(want.double().abs().nan_to_num().max()))
    return difference, largest
