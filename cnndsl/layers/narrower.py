"""Where PyTorch takes more than the language does, with the reasons: for the page of layers.

Everything else that PyTorch takes is taken, and what it refuses is refused; the tests draw cases of every kind and
hold each refusal of what PyTorch takes against this list.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """What PyTorch takes and the language does not: for which kinds (all where there are none), what, and why."""

    kinds: tuple[str, ...]
    what: str
    reason: str


REFUSED: dict[str, Difference] = {
    "rank": Difference(
        (),
        "an input with an axis more or fewer than a layer works on",
        "PyTorch takes it for one sample, or for several batches; here the layer is in the wrong place",
    ),
    "empty": Difference((), "sizes of 0: no channels, a map of nothing", "nothing would be computed"),
    "list of one": Difference(
        (), "a list of one number on several axes", "a list has a number for each axis; without brackets it is for all"
    ),
    "batch": Difference(
        ("flatten", "glu", "log_softmax", "permute", "softmax"), "axis 0", "that is the batch, and samples stay apart"
    ),
    "dilation": Difference(("conv_transpose",), "a dilation of 0 for a kernel of 1", "it has no effect there"),
    "negative": Difference(
        ("conv", "pad", "crop"), "a padding or a margin below 0", "`crop` says what is meant, or `pad`"
    ),
    "border": Difference(
        ("conv", "pad"),
        "a list of padding that leaves out the first axes, or has too many numbers",
        "a list is for all axes or sides",
    ),
    "eps": Difference(
        ("groupnorm", "instancenorm", "layernorm"),
        "an eps of 0 or below",
        "it is there against a division by 0, and PyTorch's batch normalisation wants it above 0 too",
    ),
    "divisor": Difference(("avgpool",), "a divisor for nn.AvgPool1d, which has none", "it would have no effect"),
    "power": Difference(("lppool",), "a norm below 0", "it is no norm"),
    "max_norm": Difference(("embedding",), "a max_norm or norm_type of 0 or below", "no vector is shorter than that"),
    "last axis": Difference(
        ("linear",), "a value on whose last axis nn.Linear works, which has no `axis`", "any other axis is a mistake"
    ),
    "value": Difference(("pad",), "a value beside a mode that makes no use of it", "it would have no effect"),
    "two ways": Difference(("crop",), "margins and a size, or neither", "one says how much is taken away"),
}
"""By a name for each, under which the tests know when it applies."""

LEFT_OUT: dict[str, Difference] = {
    "device, dtype": Difference((), "", "a whole module is moved: `Net().to(...)`"),
    "bias": Difference(
        ("batchnorm", "groupnorm", "instancenorm"),
        "",
        "not all versions of PyTorch have it that generated modules run on; `affine=false` leaves out scale and bias",
    ),
    "return_indices": Difference(
        ("adaptive_maxpool", "global_maxpool", "maxpool"), "", "a layer gives one value, and no kind takes the places"
    ),
    "padding_mode": Difference(("conv_transpose",), "", "PyTorch takes zeros alone there"),
    "recompute_scale_factor": Difference(
        ("upsample",), "", "with `size` instead of `scale` it is worked out from the sizes"
    ),
    "min_value, max_value": Difference(("hardtanh",), "", "these are old names of `min` and `max`"),
    "_weight, _freeze": Difference(("embedding",), "", "`weight` and `trainable` are for that"),
}
"""Parameters of PyTorch's modules that kinds do not have, by their names."""
