"""The catalogue of layer kinds: every subclass of `Layer` in the family files, by its word."""

from __future__ import annotations

from importlib import import_module

from cnndsl.layers.base import Layer

FAMILIES = ("convolution", "pooling", "normalisation", "dropout", "activation", "shape", "resize", "dense")


def _kinds(base: type[Layer]) -> dict[str, type[Layer]]:
    # What has no example is no layer of its own: a base, or what `parameter(...)` makes.
    found = {base.kind: base} if vars(base).get("example") else {}
    for sub in base.__subclasses__():
        found.update(_kinds(sub))
    return found


for _family in FAMILIES:
    import_module(f"cnndsl.layers.{_family}")

KINDS: dict[str, type[Layer]] = dict(sorted(_kinds(Layer).items()))
"""Word of the language -> layer class, in alphabetical order."""
