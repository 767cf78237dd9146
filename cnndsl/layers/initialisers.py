"""The rules by which weights begin: those of `torch.nn.init`, by their names."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

_KAIMING: dict[str, Any] = {"a": 0, "mode": "fan_in", "nonlinearity": "leaky_relu"}
DEFAULT = "default"
"""The rule that leaves a tensor as PyTorch begins it."""
FANS = ("fan_in", "fan_out")
"""The words for how many numbers a layer's kernel takes in and gives out to, in a rule for kinds of layers."""
RULES: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    "zeros": {},
    "ones": {},
    "constant": {"val": None},
    "uniform": {"a": 0.0, "b": 1.0},
    "normal": {"mean": 0.0, "std": 1.0},
    "trunc_normal": {"mean": 0.0, "std": 1.0, "a": -2.0, "b": 2.0},
    "xavier_uniform": {"gain": 1.0},
    "xavier_normal": {"gain": 1.0},
    "kaiming_uniform": _KAIMING,
    "kaiming_normal": _KAIMING,
    "orthogonal": {"gain": 1},
    "dirac": {"groups": 1},
}
"""Rule -> its parameters with PyTorch's defaults; None marks a required one."""
CHOICES: dict[str, tuple[str, ...]] = {
    "mode": ("fan_in", "fan_out"),
    "nonlinearity": (
        "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
        "sigmoid", "tanh", "relu", "leaky_relu", "selu",
    ),
}  # fmt: skip
LEAST: dict[tuple[str, str], int] = {
    ("normal", "std"): 0,
    ("trunc_normal", "std"): 0,
    ("xavier_uniform", "gain"): 0,
    ("xavier_normal", "gain"): 0,
    ("dirac", "groups"): 1,
}
"""The rule and its parameter -> the least that PyTorch takes."""
ABOVE_ZERO = (("trunc_normal", "std"),)
"""Parameters by which PyTorch divides."""
_AXES: dict[str, tuple[int, int]] = {
    "xavier_uniform": (2, 5),
    "xavier_normal": (2, 5),
    "kaiming_uniform": (2, 5),
    "kaiming_normal": (2, 5),
    "orthogonal": (2, 5),
    "dirac": (3, 5),
}


class Initialiser(BaseModel):
    """A rule with its arguments: `kaiming_normal(mode="fan_out")`."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    rule: str
    arguments: tuple[tuple[str, int | float | str], ...] = ()
    """Each by its name; one that speaks of `fan_in` or `fan_out` as it is written."""

    @property
    def asks_fans(self) -> bool:
        """Whether it speaks of how many numbers a layer's kernel takes in or gives out to."""
        return any(isinstance(value, str) and word not in CHOICES for word, value in self.arguments)

    def fits(self, axes: int) -> bool:
        """Whether a tensor with so many axes can begin by this rule."""
        least, most = _AXES.get(self.rule, (0, 8))
        return least <= axes <= most

    @property
    def least_axes(self) -> int:
        """How many axes a tensor needs for this rule."""
        return _AXES.get(self.rule, (0, 8))[0]

    @property
    def groups(self) -> int:
        """By how much the first axis of a tensor must divide."""
        return int(dict(self.arguments).get("groups", 1))

    def python(self, tensor: str) -> str:
        """The call that fills a tensor: `nn.init.zeros_(tensor)`."""
        shown = "".join(f", {name}={_literal(value)}" for name, value in self.arguments)
        return f"nn.init.{self.rule}_({tensor}{shown})"


def _literal(value: float | str) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
