"""Run a network on one sample and keep what there is to see of it: `watch`.  Needs PyTorch.

In: a compilation, and pictures or numbers for the inputs.  Out: a `Figure`, which `cnndsl.backends.maps` writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cnndsl.analysis import costs
from cnndsl.backends import captions
from cnndsl.backends.explain import Comparison
from cnndsl.diagnostics import OptionError
from cnndsl.i18n import tr
from cnndsl.tracing import recording, runner, values
from cnndsl.tracing.comparing import Finder, compared
from cnndsl.tracing.figure import Figure, Given
from cnndsl.tracing.inputs import Sample, Scale, read_text, samples
from cnndsl.tracing.recording import Recorder, Wanted, results
from cnndsl.tracing.runner import run, seeded

if TYPE_CHECKING:
    from torch import Tensor, nn

    from cnndsl.compilation import Compilation

__all__ = ["Scale", "Wanted", "read_labels", "watch"]


def watch(
    compilation: Compilation,
    given: Sequence[Path | str],
    network: str | None = None,
    wanted: Wanted | None = None,
    *,
    trained: Path | None = None,
    seed: int = 0,
    scale: Scale | None = None,
    labels: Sequence[str] = (),
    allow_extern: Iterable[str] | None = None,
    training: bool = False,
    compare: str | None = None,
) -> Figure:
    """Run a network, by default the last one of the text, on one sample, in evaluation or as in training.

    given: a file or a text of numbers for each input. trained: a file with weights; without it they are the initial
    ones that PyTorch draws with `seed`. labels: what the numbers of a list that comes out stand for, in their order.
    allow_extern: as for `Compilation.load`. compare: values of a parameter of the layer `wanted.part`, as in
    `stride=1,2`, with which it is run side by side.

    Raises OptionError where something does not go with the network, Problem (E001) for a file that cannot be read,
    KeyError for an unknown network, CompilationError for a text with errors, ImportError without PyTorch, and for an
    `extern` that is not allowed or not true.
    """
    wanted = wanted or Wanted()
    model_class = compilation.load(network, allow_extern=allow_extern)
    program = compilation.program
    assert program is not None  # noqa: S101 - there is a class
    top = program.network(network)
    made = samples(program, top, given, scale)
    with seeded(seed):
        model = model_class()
    if trained is not None:
        runner.load(model, trained)
    comparison = None if compare is None else Comparison.read(compare)
    recorder = Recorder(program, top, wanted, training=training) if comparison is None else Finder(wanted.part)
    batches = tuple(sample.tensor[None].clone() for sample in made)
    try:
        with seeded(seed):  # what dropout draws
            gave = run(program, top, model, batches, recorder, training=training)
    except (RuntimeError, IndexError, ValueError) as problem:
        first_line = str(problem).strip().partition("\n")[0]
        raise OptionError("", f"PyTorch cannot run {top.name} on this: {first_line}") from None
    about = (
        top.name,
        compilation.source.short,
        captions.summary(costs.of(program, top.id)),
        (tr("It runs as in training. ") if training else "") + _said_of_weights(model, trained, seed),
    )
    if isinstance(recorder, Finder):
        if comparison is None or recorder.seen is None:
            raise OptionError("part", f"{wanted.part or top.name} is no layer that is applied: name one, such as conv1")
        seen = recorder.seen
        steps = tuple(compared(seen, comparison, wanted, seed, trained=trained is not None, training=training))
        came = _given_to(seen.given[0], made, wanted)
        return Figure(*about, (came,), steps, (), wanted.part, is_compared=True)
    if wanted.part and not recorder.steps:
        raise OptionError("part", f"{wanted.part} is not applied outside of training")
    if wanted.at is not None and not recorder.worked_out:
        at = wanted.at
        place = f"up to {recording.MOST_PLACES} numbers" if at == "all" else f"a number at {', '.join(map(str, at))}"
        raise OptionError("at", f"no convolution or pooling that is shown has {place}")
    return Figure(
        *about,
        tuple(_given(sample, wanted) for sample in made),
        recorder.steps,
        results(program, top, gave, wanted, labels, training=training),
        wanted.part,
        recorder.skipped,
    )


def read_labels(path: Path) -> tuple[str, ...]:
    """The lines of a file; the last may end or not. Raises Problem (E001) where it cannot be read."""
    return tuple(line.strip() for line in read_text(path).splitlines())


def _said_of_weights(model: nn.Module, trained: Path | None, seed: int) -> str:
    if trained is not None:
        return tr("The weights are those in {file}.", file=trained.name)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        fixed = model.state_dict()
        return tr("Nothing in this network is learned." if fixed else "There are no weights in this network.")
    said = (
        "The weights are the initial ones, drawn with the seed {seed}: nothing has been learned yet. "
        "Trained ones are given with --weights."
    )
    return tr(said, seed=seed)


def _given(sample: Sample, wanted: Wanted) -> Given:
    value = values.shown(sample.tensor, wanted.maps, numbers=wanted.numbers, side=values.LARGE)
    return Given(sample.name, sample.words, value, sample.png, sample.planes)


def _given_to(tensor: Tensor, made: Sequence[Sample], wanted: Wanted) -> Given:
    """What comes into a layer: an input of the network as it is, or a value on its way."""
    inputs = (each for each in made if each.tensor.shape == tensor.shape and bool((each.tensor == tensor).all()))
    on_its_way = Sample(wanted.part, tensor, tr("what comes into {part}", part=wanted.part))
    return _given(next(inputs, on_its_way), wanted)
