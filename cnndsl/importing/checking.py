"""Whether the module of a text is the one that was imported: the keys of its state, and what comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import field, replace
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from cnndsl.frozen import frozen
from cnndsl.importing.leaves import equal
from cnndsl.importing.recording import leaves_of


@frozen()
class Comparison:
    """What is different; all is well where nothing is."""

    keys: int
    """How many keys both have."""
    only_original: tuple[str, ...] = ()
    only_text: tuple[str, ...] = ()
    other_order: bool = False
    other_shapes: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()
    """The keys of tensors that are one with an earlier one in the original, and not in the text."""
    outputs: dict[str, float] = field(default_factory=dict)
    """The largest difference of outputs, for "evaluation" and "training", each on the inputs and on others; of what is
    kept in the state after them, where there is one."""
    rounding: float = 0.0
    """The largest difference that is one of rounding, and does not count: with 64 bits it is gone."""
    problem: str = ""
    """Why they could not be compared."""
    first: str = ""
    """Where something else comes out: the part that is first done of those that give something else, and which call."""

    @property
    def same_keys(self) -> bool:
        """Whether the keys, their order and the shapes are the same."""
        return not (self.only_original or self.only_text or self.other_order or self.other_shapes)

    @property
    def is_same(self) -> bool:
        """Whether nothing is different."""
        ran = bool(self.outputs) and not any(self.outputs.values())
        return self.same_keys and not self.tied and not self.problem and ran

    def __str__(self) -> str:
        """What was found, in a line."""
        said = ["same keys"] if self.same_keys else []
        for words, keys in (
            ("only in the original", self.only_original),
            ("only in the text", self.only_text),
            ("other shapes", self.other_shapes),
            ("one tensor with another in the original alone", self.tied),
        ):
            said += [f"{words}: {_some(keys)}"] if keys else []
        said += ["the keys have another order"] if self.other_order else []
        if self.problem:
            said.append(self.problem)
        elif self.outputs:
            differ = {mode: gap for mode, gap in self.outputs.items() if gap}
            shown = ", ".join(f"{mode} by {gap:.3g}" for mode, gap in differ.items())
            rounded = f"{self.rounding:.2g} by rounding" if self.rounding else "0.0"
            said.append(f"outputs differ in {shown}" if differ else f"same outputs ({rounded})")
        said += [f"first in {self.first}"] if self.first else []
        return ", ".join(said)


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")


def compare(original: nn.Module, made: nn.Module, inputs: Sequence[Tensor]) -> Comparison:
    """Compare two modules on these inputs; the state of the second becomes that of the first."""
    state, other = original.state_dict(), made.state_dict()
    both = [key for key in state if key in other]
    found = Comparison(
        len(both),
        tuple(key for key in state if key not in other),
        tuple(key for key in other if key not in state),
        both != [key for key in other if key in state],
        tuple(key for key in both if state[key].shape != other[key].shape),
    )
    if found.only_original or found.only_text or found.other_shapes:
        return found
    made.load_state_dict(state)
    ties = _tied(made)
    tied = tuple(key for key, first in _tied(original).items() if ties.get(key) != first)
    gaps, problem = _gaps(original, made, inputs)
    largest = max(gaps.values(), default=0.0)
    with suppress(Exception):  # it may have no copy, or be written for 32 bits
        if largest and not problem:
            exact, finest = (deepcopy(module).double() for module in (original, made))
            finest.load_state_dict(exact.state_dict())
            finer, _ = _gaps(exact, finest, [x.double() if x.is_floating_point() else x for x in inputs])
            if finer.keys() == gaps.keys() and max(finer.values()) < _ROUNDING * largest:
                return replace(found, tied=tied, outputs=dict.fromkeys(gaps, 0.0), rounding=largest)
    first = _first_different(original, made, inputs) if largest or problem else ""
    return replace(found, tied=tied, outputs=gaps, problem=problem, first=first)


_ROUNDING = 1e-6
"""What is left at most of a difference of rounding where numbers have 29 more bits."""


def _gaps(original: nn.Module, made: nn.Module, inputs: Sequence[Tensor]) -> tuple[dict[str, float], str]:
    """The largest differences of two modules with the same state, and why they could not be compared."""
    gaps: dict[str, float] = {}
    runs = (inputs, ""), (_others(inputs), " on other numbers")
    ran_alike = True
    for mode, (given, others) in product(("evaluation", "training"), runs):
        results = []
        order: list[Any] = []
        for module in (original, made):
            module.train(mode == "training")
            with torch.no_grad(), torch.random.fork_rng(devices=[]):
                torch.manual_seed(1)
                try:
                    result = module(*(x.clone() for x in given))
                except Exception as problem:  # whatever a module of the user's raises
                    if module is original and others:
                        break
                    if module is original and mode == "training":
                        return gaps, ""  # what cannot be trained on this, such as a batch of one
                    return {}, f"in {mode}{others} it fails: {problem}"
            if module is original:
                order = list(result) if isinstance(result, dict) else []
            elif isinstance(result, dict) and result.keys() == {*order}:  # the order of names says nothing
                result = {name: result[name] for name in order}
            leaves = [leaf for leaf in leaves_of(result) if isinstance(leaf, Tensor)]
            if module is original and others and any(leaf.shape[:1] != given[0].shape[:1] for leaf in leaves):
                break  # it is written for one size of the batch
            results.append(leaves)
        if len(results) < 2:
            ran_alike = False  # the original may have gone half the way
            continue
        gap = _gap(*results)
        if gap is None:
            return {}, f"in {mode}{others} other tensors come out"
        gaps[f"{mode}{others}"] = gap
        if ran_alike:
            states = ([module.state_dict()[key] for key in original.state_dict()] for module in (original, made))
            gaps[f"the state after {mode}{others}"] = _gap(*states) or 0.0
    return gaps, ""


def _first_different(original: nn.Module, made: nn.Module, inputs: Sequence[Tensor]) -> str:
    """The first part to be done, of those with a name in both, that gives something else; empty where none does."""
    for mode, given in product((False, True), (inputs, _others(inputs))):
        expected, found = (_given_by_parts(module.train(mode), given) for module in (original, made))
        names = {name for name, _ in made.named_modules()}
        calls = Counter(name for name, _ in expected)
        begun: Counter[str] = Counter()
        made_by: dict[str, list[list[Tensor]]] = {}
        for name, tensors in found:
            made_by.setdefault(name, []).append(tensors)
        for name, tensors in expected:
            begun[name] += 1
            # The text may call it in another order.
            if name in names and not any(_is_close(tensors, each) for each in made_by.get(name, ())):
                return f"{name}, call {begun[name]}" if calls[name] > 1 else name
    return ""


def _is_close(ones: list[Tensor], others: list[Tensor]) -> bool:
    """Whether tensors are the same but for rounding."""
    gap = _gap(ones, others)
    largest = max((float(one.double().abs().max()) for one in ones if one.numel()), default=0.0)
    return gap is not None and gap <= _NOTABLE * largest


_NOTABLE = 1e-3
"""How large a difference is against the largest number, at least, that is not one of rounding."""


def _given_by_parts(module: nn.Module, inputs: Sequence[Tensor]) -> list[tuple[str, list[Tensor]]]:
    """What the parts of a module give with each call, with their names, in the order in which they are done."""
    given: list[tuple[str, list[Tensor]]] = []

    def note(name: str, result: Any) -> None:
        given.append((name, [leaf.clone() for leaf in leaves_of(result) if isinstance(leaf, Tensor)]))

    parts = [(name, part) for name, part in module.named_modules() if name]
    hooks = [part.register_forward_hook(lambda _, __, result, name=name: note(name, result)) for name, part in parts]
    with torch.no_grad(), torch.random.fork_rng(devices=[]), suppress(Exception):  # up to where it fails
        torch.manual_seed(1)
        module(*(x.clone() for x in inputs))
    for hook in hooks:
        hook.remove()
    return given


def _others(inputs: Sequence[Tensor]) -> list[Tensor]:
    """Other numbers in a larger batch, on which a number that was taken from the inputs is another one."""
    larger = [torch.cat([x, x[:1]]).flip(0) if x.dim() else x for x in inputs]
    return [x * -0.75 if x.is_floating_point() else x for x in larger]


def _tied(module: nn.Module) -> dict[str, str]:
    """The keys of the tensors that stand in the state under an earlier key too, with that key."""
    first: dict[int, str] = {}
    state = module.state_dict(keep_vars=True)
    return {key: name for key, tensor in state.items() if (name := first.setdefault(id(tensor), key)) != key}


def _gap(ones: list[Tensor], others: list[Tensor]) -> float | None:
    if [one.shape for one in ones] != [other.shape for other in others]:
        return None
    gaps = [0.0]
    for one, other in zip(ones, others, strict=True):
        if not equal(one, other):
            gaps.append(float((one.double() - other.double()).abs().max()))
    return max(gaps)
