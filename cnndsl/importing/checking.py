"""Whether the module of a text is the one that was imported: the keys of its state, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

import torch
from torch import Tensor, nn

from cnndsl.frozen import frozen
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
    outputs: dict[str, float] = field(default_factory=dict)
    """The largest difference of outputs, for "evaluation" and "training"."""
    problem: str = ""
    """Why they could not be compared."""

    @property
    def same_keys(self) -> bool:
        """Whether the keys, their order and the shapes are the same."""
        return not (self.only_original or self.only_text or self.other_order or self.other_shapes)

    @property
    def is_same(self) -> bool:
        """Whether nothing is different."""
        return self.same_keys and not self.problem and bool(self.outputs) and not any(self.outputs.values())

    def __str__(self) -> str:
        """What was found, in a line."""
        said = []
        if self.same_keys:
            said.append("same keys")
        if self.only_original:
            said.append(f"only in the original: {_some(self.only_original)}")
        if self.only_text:
            said.append(f"only in the text: {_some(self.only_text)}")
        if self.other_order:
            said.append("the keys have another order")
        if self.other_shapes:
            said.append(f"other shapes: {_some(self.other_shapes)}")
        if self.problem:
            said.append(self.problem)
        elif self.outputs:
            differ = {mode: gap for mode, gap in self.outputs.items() if gap}
            shown = ", ".join(f"{mode} by {gap:.3g}" for mode, gap in differ.items())
            said.append(f"outputs differ in {shown}" if differ else "same outputs (0.0)")
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
    if not found.same_keys:
        return found
    made.load_state_dict(state)
    gaps: dict[str, float] = {}
    for mode in ("evaluation", "training"):
        results = []
        for module in (original, made):
            module.train(mode == "training")
            torch.manual_seed(0)
            with torch.no_grad(), torch.random.fork_rng(devices=[]):
                torch.manual_seed(1)
                try:
                    result = module(*(x.clone() for x in inputs))
                except Exception as problem:  # whatever a module of the user's raises
                    if module is original and mode == "training":
                        # What cannot be trained on this, such as a batch of one, is compared in evaluation alone.
                        return Comparison(len(both), outputs=gaps)
                    return Comparison(len(both), problem=f"in {mode} it fails: {problem}")
            results.append([leaf for leaf in leaves_of(result) if isinstance(leaf, Tensor)])
        gap = _gap(*results)
        if gap is None:
            return Comparison(len(both), problem=f"in {mode} other tensors come out")
        gaps[mode] = gap
    return Comparison(len(both), outputs=gaps)


def _gap(ones: list[Tensor], others: list[Tensor]) -> float | None:
    if [one.shape for one in ones] != [other.shape for other in others]:
        return None
    gaps = [0.0]
    for one, other in zip(ones, others, strict=True):
        if not torch.equal(torch.nan_to_num(one), torch.nan_to_num(other)):
            gaps.append(float((one.double() - other.double()).abs().max()))
    return max(gaps)
