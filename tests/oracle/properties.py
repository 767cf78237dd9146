"""What holds for every text that compiles, whatever is in it: of its layout, its program as JSON, and its settings."""

from __future__ import annotations

import inspect
from dataclasses import replace

import torch

import cnndsl
from cnndsl.backends import diff
from cnndsl.compilation import CompilationError
from cnndsl.formatter import formatted
from cnndsl.ir.program import Program
from cnndsl.source import Source
from tests.running import compiled, imported, program_of, sample, tensors_of
from tests.torch.constructors import annotation, argument, others


def keeps_its_module_in_the_one_layout(text: str) -> None:
    """The text in the one layout gives the same module and the same program."""
    laid_out, found = formatted(Source("net.cnn", text))
    assert not found
    assert compiled(laid_out).python() == compiled(text).python()
    assert diff.compare(program_of(text), program_of(laid_out)).same


def is_the_same_from_json(text: str) -> None:
    """The program comes back from JSON, and gives the same module."""
    compilation = compiled(text)
    assert compilation.program is not None
    written = compilation.program.model_dump_json()
    again = Program.model_validate_json(written)
    assert again.model_dump_json() == written
    assert diff.compare(compilation.program, again).same
    assert replace(compilation, program=again).python() == compilation.python()


def is_its_class_with_settings(text: str) -> None:
    """Settings for a network are arguments of its class: the same keys and numbers."""
    network = program_of(text).network()
    made = getattr(imported(compiled(text).python()), network.name)
    parameters = inspect.signature(made.__init__).parameters
    for parameter in network.parameters:
        for value in others(parameter.value) if parameter.name in parameters else ():
            other = cnndsl.compile(text, settings={parameter.name: value})
            try:
                source = other.python()
            except CompilationError:
                continue
            assert other.program is not None
            set_so = getattr(imported(source), network.name)().eval()
            try:
                given = argument(value, annotation(parameters[parameter.name]))
                model = made(**{parameter.name: given}).eval()
            except ValueError as refused:
                assert "is written for" in str(refused)  # noqa: PT017 - it may be constructed
                continue
            model.load_state_dict(set_so.state_dict())
            values = sample(other.program, other.program.network())
            with torch.no_grad():
                results = (tensors_of(each(*(x.clone() for x in values))) for each in (model, set_so))
                for one, another in zip(*results, strict=True):
                    torch.testing.assert_close(one, another, equal_nan=True)
