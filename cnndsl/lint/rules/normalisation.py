"""Rules about normalisations: what stands straight before one, and what its mean and variance are taken of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from cnndsl.diagnostics import Fix
from cnndsl.ir.program import Call, Leaf, Origin, Program
from cnndsl.layers.base import Group
from cnndsl.layers.formula import Shape, show
from cnndsl.layers.registry import KINDS
from cnndsl.lint.rule import Applied, Finding, Rule, Trail
from cnndsl.source import Span
from cnndsl.symbolic.number import is_open, value_of


class BiasBeforeNorm(Rule):
    """A bias straight before a batchnorm or instancenorm, which takes the mean of each channel away, and the bias.

    The bias gets no gradient but rounding errors, and is kept and updated for nothing. A line that is worked out
    several times is reported only if such a layer follows it each time; otherwise the bias has its use.
    """

    code: ClassVar[str] = "W203"
    layers: ClassVar[tuple[str, ...]] = ("conv", "conv_transpose", "linear", "batchnorm", "instancenorm")

    def __init__(self) -> None:
        self._biased: dict[Origin, set[tuple[str, int]]] = {}
        """For each declaration of a layer with a bias, the steps that apply it."""
        self._undone: dict[tuple[str, int], tuple[Applied, Applied]] = {}
        """The steps after which only such a layer reads: the layer with the bias, and that one."""

    def see(self, trail: Trail) -> Iterator[Finding]:
        newest = trail.newest
        if newest.layer.kind in ("conv", "conv_transpose", "linear"):
            if newest.layer.bias:
                self._biased.setdefault(newest.declared, set()).add(newest.step)
        elif len(trail.layers) > 1 and _per_channel(before := trail.layers[1]) and before.step[0] == newest.step[0]:
            self._undone.setdefault(before.step, (before, newest))
        return iter(())

    def finish(self, program: Program) -> Iterator[Finding]:
        for declared, steps in self._biased.items():
            pairs = [self._undone[step] for step in sorted(steps) if step in self._undone]
            if len(pairs) < len(steps):
                continue
            layer, norm = pairs[0]
            kind = norm.layer.kind
            yield Finding(
                self.code,
                f"the bias of {layer.name} has no effect: the {kind} after it takes the mean of each channel away",
                declared,
                more=((norm.origin, "straight after it"),),
                help=(f"write {layer.layer.kind}(..., bias=false)",),
                fix=_without_bias,
            )


def _without_bias(span: Span) -> Fix | None:
    """The fix that writes `bias=false` into the call at a place; None where it is no call, or speaks of the bias."""
    call = re.fullmatch(r"(?:[^\n(]*[:=])?\s*(conv|conv_transpose|linear)\(([^\n#]*)\)", span.text)
    if call is None or not call[2].strip():
        return None
    flat = re.sub(r"[(\[][^()\[\]]*[)\]]", "", call[2])
    by_place = [given for given in flat.split(",") if given.strip() and "=" not in given]
    if len(by_place) > list(KINDS[call[1]].model_fields).index("bias"):
        return None
    given = re.search(r"\bbias\s*=\s*true\b", span.text)
    if given is not None:
        return Fix.suggested(Span(span.source, span.start + given.start(), span.start + given.end()), "bias=false")
    if re.search(r"\bbias\b", span.text):
        return None
    end = span.start + call.end(2)
    return Fix.suggested(
        Span(span.source, end, end), " bias=false" if call[2].rstrip().endswith(",") else ", bias=false"
    )


def _per_channel(applied: Applied) -> bool:
    """Whether the layer adds one number to each channel of what the batchnorm gets."""
    layer = applied.layer
    return layer.kind in ("conv", "conv_transpose") or (layer.kind == "linear" and len(applied.x) == 1)


def _keeps_statistics(layer: Any) -> bool:
    """Whether the layer is a batchnorm with a running mean and variance."""
    return layer.kind == "batchnorm" and bool(layer.track_running_stats)


class SharedBatchNorm(Rule):
    """One batchnorm in two places of a way, of which the second gets what the first gave: one name used twice.

    It keeps one running mean and variance for both, those of neither, and evaluation differs from training. Let pass is
    one that is applied to several inputs beside one another, as in a siamese network.
    """

    code: ClassVar[str] = "W220"

    def finish(self, program: Program) -> Iterator[Finding]:
        for module in program.modules.values():
            norms = {
                child.name: child
                for child in module.children
                if isinstance(child.unit, Leaf) and _keeps_statistics(child.unit.layer)
            }
            told: set[str] = set()
            passed: dict[int, frozenset[str]] = {}
            """For each value, the batchnorms that what it came from went through."""
            for step in module.steps if norms else ():
                before = frozenset[str]().union(*(passed.get(index, frozenset()) for index in step.inputs))
                name = step.action.child if isinstance(step.action, Call) else ""
                if name in before - told:
                    yield Finding(
                        self.code,
                        f"{name} is one batchnorm in several places, and keeps one mean and variance for all of them",
                        norms[name].origin,
                        more=((step.origin, "here it gets what came from itself"),),
                        help=("declare one for each place, or write batchnorm where it is applied",),
                    )
                    told.add(name)
                passed.update(dict.fromkeys(step.outputs, before | ({name} & norms.keys())))


class DropoutBeforeBatchNorm(Rule):
    """Dropout straight before a batchnorm: the running variance is that of numbers with gaps.

    Dropout keeps the mean and makes the variance larger, in training alone; in evaluation the batchnorm divides by a
    variance that what comes in no longer has (X. Li et al., "Understanding the disharmony between dropout and batch
    normalization by variance shift", 2018). Alpha dropout keeps the variance.
    """

    code: ClassVar[str] = "W207"
    layers: ClassVar[tuple[str, ...]] = ("batchnorm",)

    def see(self, trail: Trail) -> Iterator[Finding]:
        norm = trail.newest
        if len(trail.layers) < 2 or not _keeps_statistics(norm.layer):
            return
        before = trail.layers[1]
        if before.layer.kind in ("dropout", "dropout_channels") and before.layer.p > 0:
            yield Finding(
                self.code,
                f"{before.name} stands straight before a batchnorm, which learns a variance that is there in training "
                "alone",
                before.origin,
                more=((norm.origin, "the batchnorm"),),
                help=("put the dropout after the batchnorm and its activation, or leave it out",),
            )


class BatchNormOfPoints(Rule):
    """A batchnorm at the bottom of an encoder and decoder whose map has shrunk to one place.

    Each channel has one number for each sample there: with a batch of one, training fails, and with a small one the
    mean and variance say little. Let pass is one after a pool over the whole map, or at the end of what finds features,
    where that is known and wanted.
    """

    code: ClassVar[str] = "W225"
    layers: ClassVar[tuple[str, ...]] = ("conv_transpose", "upsample")

    def see(self, trail: Trail) -> Iterator[Finding]:
        up = trail.newest
        inside = [a for a in trail.layers[1:] if a.layer.group not in (Group.ACTIVATION, Group.DROPOUT)]
        if len(inside) < 2 or (norm := inside[0]).layer.kind != "batchnorm":
            return
        before = inside[1]
        if before.layer.kind not in ("conv", "maxpool", "avgpool", "lppool"):
            return
        if _is_point(norm.x) and not _is_point(before.x) and not _is_point(up.y):
            yield Finding(
                self.code,
                f"{norm.name} has one number in each channel of a sample, {show(norm.x)}: training fails with a batch "
                "of one",
                norm.origin,
                more=(
                    (before.origin, f"{show(before.x)} comes in here"),
                    (up.origin, f"the map is {show(up.y)} again"),
                ),
                help=("leave the batchnorm out here, or shrink the map one step less",),
            )


def _is_point(shape: Shape) -> bool:
    return all(not is_open(size) and value_of(size) == 1 for size in shape[1:])
