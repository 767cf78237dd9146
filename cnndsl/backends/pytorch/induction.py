"""What blocks give that use themselves, where a parameter says how often: sizes that are proved by induction.

Such a block cannot be followed to its end. So it is supposed that what it gives has as many channels as one of its
numbers says, and along the other axes the sizes of what comes in; and it is gone through once, for any numbers, with
what is supposed in place of its uses of itself. What comes out so is true of all of them. An axis of which it does not
is supposed no longer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, cycle, islice
from typing import Any

from cnndsl.backends.pytorch.outputs import Outputs
from cnndsl.backends.pytorch.statements import results, run_definition
from cnndsl.backends.pytorch.values import NeedsFlatten, Static, Tensor, Untranslatable
from cnndsl.ir import nodes
from cnndsl.layers.formula import Shape
from cnndsl.symbolic.number import Traced, value_of

_MOST_SUPPOSED = 2
"""So many blocks that use one another are proved together, as a tree on one value and one on two."""

Inputs = Sequence[tuple[str, Tensor]]
Place = str | tuple[int, int]
"""Where a number of a use stands: a parameter, or an axis of an input."""


class Induction:
    """What is known of the sizes that such blocks give: for each axis of each value the number that it has, or None."""

    def __init__(self, file: Any, said: Callable[[Any], str]) -> None:
        self._file, self._said = file, said
        """The `Translation`, and how an argument is told from others."""
        self._supposed: dict[str, list[Place | None]] = {}
        self._proved: dict[str, list[Place | None]] = {}

    def outputs(self, definition: nodes.Definition, given: Mapping[str, Any], inputs: Inputs) -> Outputs:
        """What a use gives; of an axis of which nothing is known, a new size."""
        numbers = _numbers(given, inputs)
        told = (f"{word} = {self._said(value)}" for word, value in given.items() if word not in numbers)
        case = "; ".join([definition.key, *told, *(str(len(tensor.shape)) for _, tensor in inputs)])
        places = self._supposed.get(case) or self._proved.get(case)
        if places is None:
            places = self._prove(case, definition, given, inputs)
            if not self._supposed:  # otherwise it holds only if what is supposed does
                self._proved[case] = places
        if self._supposed or None in places:
            self._file.give_up()
        names, shape = _given_names(definition), inputs[0][1].shape
        sizes = iter(
            [self._size(place, numbers, value_of(dim)) for place, dim in zip(places, cycle(shape), strict=False)]
        )
        return [(name, tuple(islice(sizes, len(shape)))) for name in names]

    def _size(self, place: Place | None, numbers: Mapping[Place, Any], sample: Any) -> Any:
        return self._file.number("unknown", sample) if place is None else numbers[place]

    def _prove(
        self, case: str, definition: nodes.Definition, given: Mapping[str, Any], inputs: Inputs
    ) -> list[Place | None]:
        axes, count = range(1, len(inputs[0][1].shape)), len(_given_names(definition))
        nothing: list[Place | None] = [None, *(None for _ in axes)] * count
        if len(self._supposed) == _MOST_SUPPOSED:
            return nothing
        firsts = [place for place in _numbers(given, inputs) if isinstance(place, str) or place[1] == 0]
        for first in (*firsts, None):
            supposed: list[Place | None] = [first, *((0, axis) for axis in axes)] * count
            while any(supposed) and first in (None, *supposed):
                self._supposed[case] = supposed
                held = self._held(supposed, definition, given, inputs)
                del self._supposed[case]
                if held == supposed:
                    return supposed
                supposed = held
        return nothing

    def _held(
        self, supposed: list[Place | None], definition: nodes.Definition, given: Mapping[str, Any], inputs: Inputs
    ) -> list[Place | None]:
        """Of what is supposed the part that is so for any numbers, if all of it is for the uses inside."""
        given, inputs = self._any(given), [(word, self._any_value(tensor)) for word, tensor in inputs]
        numbers = _numbers(given, inputs)
        body = self._file.prepared(definition, given, inputs)
        try:
            run_definition(body, definition, len(inputs))
        except (NeedsFlatten, Untranslatable):
            return [None for _ in supposed]
        shapes = [each.value.shape for each in results(body) if not each.training]
        count = len(_given_names(definition))
        if [*map(len, shapes)] != [len(supposed) // count] * count:
            return [None for _ in supposed]
        return [
            place if place is not None and body.symbols.same(dim, numbers[place]) else None
            for place, dim in zip(supposed, chain.from_iterable(shapes), strict=True)
        ]

    def _any(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments of which the numbers are any."""
        return {
            word: replace(value, value=self._file.number(word, value.value.value)) if _is_number(value) else value
            for word, value in given.items()
        }

    def _any_value(self, tensor: Tensor) -> Tensor:
        shape: Shape = tuple(self._file.number("any", value_of(dim)) for dim in tensor.shape)
        return tensor.of_shape(shape)


def _given_names(definition: nodes.Definition) -> list[str | None]:
    """What the values are called that a block gives in evaluation; None for one without a name."""
    lines = [each for each in definition.body if isinstance(each, nodes.Output)]
    return [item.name for item in lines[-1].items if not item.training] if lines else [None]


def _is_number(value: Any) -> bool:
    return isinstance(value, Static) and isinstance(value.value, Traced)


def _numbers(given: Mapping[str, Any], inputs: Inputs) -> dict[Place, Any]:
    """The numbers of a use that are not constants of the text: those by which a block may end, or say what it gives."""
    numbers: dict[Place, Any] = {word: value.value for word, value in given.items() if _is_number(value)}
    sizes = {(at, axis): dim for at, (_, tensor) in enumerate(inputs) for axis, dim in enumerate(tensor.shape)}
    return numbers | sizes
