"""Other people's names for layers and parameters -> ours; and where PyTorch takes more than the language, and why."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import NamedTuple

from cnndsl.frozen import frozen
from cnndsl.layers.activation import Activation
from cnndsl.layers.base import Parameterised
from cnndsl.layers.initialisers import RULES
from cnndsl.layers.registry import KINDS
from cnndsl.layers.types import choices

_SPOKEN = {
    "conv": "convolution convolutional conv_layer convolve",
    "conv_transpose": "convolution_transpose transposed_conv conv_transposed deconv deconvolution up_conv",
    "maxpool": "max_pooling pool pooling pool_layer max_pool_layer subsampling",
    "avgpool": "average_pooling average_pool mean_pool mean_pooling avg_pooling",
    "adaptive_avgpool": "adaptive_average_pool adaptive_average_pooling adaptive_avg_pooling",
    "adaptive_maxpool": "adaptive_max_pooling",
    "global_avgpool": "global_average_pooling global_average_pool global_avg_pooling gap",
    "global_maxpool": "global_max_pooling gmp",
    "batchnorm": "batch_normalization batch_normalisation bn",
    "instancenorm": "instance_normalization instance_normalisation",
    "groupnorm": "group_normalization group_normalisation gn",
    "layernorm": "layer_normalization layer_normalisation ln",
    "local_response_norm": "lrn local_response_normalization",
    "dropout": "drop",
    "dropout_channels": "spatial_dropout feature_dropout channel_dropout",
    "relu": "rectifier",
    "leaky_relu": "lrelu",
    "silu": "swish",
    "hardswish": "hswish",
    "hardsigmoid": "hsigmoid",
    "sigmoid": "logistic",
    "tanh": "hyperbolic_tangent",
    "flatten": "flat",
    "reshape": "view",
    "pad": "zero_padding zero_pad constant_pad reflection_pad replication_pad circular_pad padding",
    "crop": "cropping center_crop centre_crop",
    "upsample": "up_sampling interpolate upsampling_nearest upsampling_bilinear resize",
    "pixel_shuffle": "depth_to_space sub_pixel",
    "pixel_unshuffle": "space_to_depth",
    "channel_shuffle": "shuffle",
    "stochastic_depth": "drop_path",
    "lstm": "long_short_term_memory bilstm",
    "gru": "gated_recurrent_unit",
    "rnn": "simple_rnn recurrent",
    "multihead_attention": "mha multi_head_attention self_attention",
    "rmsnorm": "rms_normalization root_mean_square_norm",
    "softshrink": "soft_shrinkage",
    "hardshrink": "hard_shrinkage",
    "unfold": "im2col",
    "fold": "col2im",
    "linear": "dense fc fully_connected inner_product affine",
    "embedding": "embed lookup",
    "concat": "cat concatenate",
    "attention": "scaled_dot_product_attention sdpa",
    "matmul": "bmm mm",
    "max": "amax",
    "min": "amin",
    "norm": "vector_norm",
    "identity": "noop",
}
"""Our word -> what others call it, without the number of axes."""

_RULES = {
    "kaiming_normal": "he_normal kaiming he",
    "kaiming_uniform": "he_uniform",
    "xavier_normal": "glorot_normal glorot",
    "xavier_uniform": "glorot_uniform xavier",
    "trunc_normal": "truncated_normal",
    "normal": "random_normal gaussian",
    "uniform": "random_uniform",
}
"""Our rule for how weights begin -> what others call it."""

_PARAMETERS = {
    "channels": "out_channels out_features filters num_filters n_filters out features units",
    "features": "out_features out_channels filters units out channels num_units neurons output_dim embedding_dim",
    "kernel": "kernel_size pool_size filter_size window size",
    "stride": "strides step",
    "padding": "pad pads",
    "dilation": "dilation_rate",
    "groups": "num_groups group",
    "layers": "num_layers",
    "heads": "num_heads nhead n_heads",
    "bias": "use_bias",
    "p": "rate prob probability drop_prob drop_rate ratio",
    "slope": "alpha",
    "eps": "epsilon",
    "affine": "elementwise_affine scale",
    "num": "input_dim vocabulary vocab_size num_parameters",
    "axis": "dim dims",
    "keepdim": "keepdims",
    "parts": "chunks",
    "size": "output_size shape",
    "sizes": "shape target_shape size unflattened_size",
    "order": "dims axes",
    "scale": "scale_factor factor",
    "factor": "upscale_factor downscale_factor block_size scale",
    "margins": "cropping padding margin",
    "mode": "interpolation padding_mode",
    "lower": "min",
    "upper": "max",
    "min": "min_val min_value lower",
    "max": "max_val max_value upper",
}
"""Our parameter -> what others call it."""

_BEGINS = {
    "kernel_initializer": "weight_init", "weight_initializer": "weight_init", "kernel_init": "weight_init",
    "init": "weight_init", "bias_initializer": "bias_init",
}  # fmt: skip
"""What others call the arguments that say how the weights of one layer begin."""

_DERIVED = frozenset({"in_channels", "in_features", "num_features", "num_channels", "normalized_shape", "input_shape",
    "input_size", "embed_dim", "batch_first", "in1_features", "in2_features"})  # fmt: skip
"""What the input fixes, so that nobody writes it."""


_ACTIVATIONS = frozenset({"relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "swish", "mish", "sigmoid",
    "tanh", "softplus", "softmax", "hardswish", "hardsigmoid"})  # fmt: skip
"""What Keras takes as the argument `activation` of a layer, without arguments of its own."""


class TorchLayer(NamedTuple):
    """A class of `torch.nn` for which there is a layer here, and how its constructor is called."""

    word: str
    """Our word."""
    ranks: tuple[int, ...]
    """How many axes a sample may have that it takes; empty for any number."""

    @property
    def derives(self) -> bool:
        """Whether it is given the channels or features that come in, which are not written here."""
        return self.word in _DERIVING

    def fixed_position(self, by_position: int, by_name: Collection[str]) -> int | None:
        """Which argument of its constructor is fixed by the input here, and so left out; None for none.

        A convolution has three arguments without a default there, and a dense layer two: with fewer, it is meant as it
        is written here.
        """
        kind, at = KINDS[self.word], int(self.word == "groupnorm")
        own = {kind.torch_names.get(p.name, p.name) for p in kind.parameters() if p.required}
        is_whole = by_position > at and by_position + len(own & set(by_name)) > len(own)
        return at if is_whole and self.word in _FIRST and not _DERIVED & set(by_name) else None

    @property
    def most_by_position(self) -> int:
        """How many arguments mean the same by position there and here, those left out that the input fixes."""
        return _BY_POSITION.get(self.word, len(KINDS[self.word].model_fields))

    @property
    def needs_arguments(self) -> bool:
        """Whether it cannot be made without, or has another default here."""
        return self.word in _NEEDED or any(parameter.required for parameter in KINDS[self.word].parameters())

    def has_needed(self, by_position: int, by_name: Collection[str]) -> bool:
        """Whether a call says what has another default here."""
        return by_position > 0 or _NEEDED.get(self.word) is None or _NEEDED[self.word] in by_name


_DERIVING = frozenset({"conv", "conv_transpose", "linear", "batchnorm", "instancenorm", "groupnorm", "layernorm",
    "rmsnorm", "lstm", "gru", "rnn", "multihead_attention", "bilinear"})  # fmt: skip
_FIRST = _DERIVING - {"layernorm", "rmsnorm", "bilinear"}
"""Those to whose constructors what the input fixes is given by position, with arguments that are written here too."""
_BY_POSITION = {"conv": 8, "conv_transpose": 8, "linear": 2, "maxpool": 4, "adaptive_maxpool": 1, "layernorm": 0,
    "rmsnorm": 0, "bilinear": 0, "lstm": 3, "gru": 3, "rnn": 2}  # fmt: skip
"""After so many arguments by position PyTorch has one that there is not here, and then more."""
_NEEDED = {"softmax": "dim", "softmin": "dim", "log_softmax": "dim", "concat": "dim"}
"""What PyTorch takes without this argument, it works out along another axis."""


def _torch_layers() -> dict[str, TorchLayer]:
    found: dict[str, TorchLayer] = {}
    for word, kind in KINDS.items():
        for rank in (1, 2, 3) if "{r}" in kind.module else (0,):
            ranks = {0: (), 1: (1, 2) if word == "batchnorm" else (2,)}.get(rank, (rank + 1,))
            if kind.module:
                found.setdefault(kind.module_name(rank), TorchLayer(word, ranks))
    return found


_TORCH_LAYERS = _torch_layers()
_TORCH_FUNCTIONS = {
    kind.call.partition(".")[2]: word for word, kind in KINDS.items() if issubclass(kind, Activation) and kind.call
} | {"cat": "concat", "concat": "concat"}
_IN_TORCH_NN = re.compile(r"(?:torch\.)?(?:nn\.)?(\w+)")
_IN_FUNCTIONAL = re.compile(r"(?:F|(?:torch\.)?nn\.functional|torch)\.(\w+)")


def torch_layer(name: str) -> TorchLayer | None:
    """The layer that a class of PyTorch is, by its name: `Conv2d`, `nn.Conv2d`; None for another name."""
    found = _IN_TORCH_NN.fullmatch(name)
    return _TORCH_LAYERS.get(found[1]) if found else None


def torch_function(name: str) -> str | None:
    """For a function of PyTorch that is called on a value as it is here, `F.relu`, the argument that has to be given,
    or "" for none; None for another name.
    """
    found = _IN_FUNCTIONAL.fullmatch(name)
    word = _TORCH_FUNCTIONS.get(found[1]) if found else None
    return None if word is None else _NEEDED.get(word, "")


def activation(name: str) -> str | None:
    """Our word for what Keras calls an activation by `name`; "" for none at all, None for an unknown name."""
    if name == "linear":
        return ""
    return alias(name) if name in _ACTIVATIONS else None


def _plain(name: str) -> str:
    """A name as it is looked up: without module, case and underscores."""
    return name.rpartition(".")[2].replace("_", "").lower()


def _names() -> dict[str, str]:
    names = {_plain(word): word for word in KINDS}
    for word, kind in KINDS.items():
        for rank in (1, 2, 3):
            names.setdefault(_plain(kind.module_name(rank)), word)
    for word in RULES:
        names.setdefault(_plain(word), word)
    for word, others in (*_SPOKEN.items(), *_RULES.items()):
        for other in others.split():
            names.setdefault(_plain(other), word)
    return names


_NAMES = _names()


def alias(name: str) -> str | None:
    """Our word for a layer that goes by `name` elsewhere: "linear" for Dense, "maxpool" for MaxPooling2D.

    Case and underscores do not count, and the number of axes, as in Conv2d, may be there or not.
    None for an unknown name.
    """
    plain = _plain(name)
    return _NAMES.get(plain) or _NAMES.get(re.sub("[123]d", "", plain))


@cache
def _choices() -> frozenset[str]:
    fields = (field for kind in KINDS.values() for field in kind.model_fields.values())
    return frozenset(word for field in fields for word in choices(field))


def is_choice(name: str) -> bool:
    """Whether the parameter of a layer takes this word, which stands in quotes then: `padding="same"`."""
    return name in _choices()


def is_torch_parameter(kind: type[Parameterised], name: str) -> bool:
    """Whether PyTorch calls a parameter of a layer or an operation by this name, or NumPy one of an operation."""
    return name in kind.torch_names.values() or name in ("chunks", "dims", "keepdims")


def parameter_alias(kind: type[Parameterised], name: str) -> str | None:
    """Our word for a parameter of a layer or an operation that is called `name` elsewhere: "kernel" for kernel_size.

    "" where the input fixes it, so that it is to be left out; None for an unknown name.
    """
    if name in _BEGINS:
        return _BEGINS[name]
    for short, long in kind.torch_names.items():
        if name == long:
            return short
    for short in kind.model_fields:
        if name in _PARAMETERS.get(short, "").split():
            return short
    return "" if name in _DERIVED else None


def others_of(word: str, parameter: str = "") -> list[str]:
    """What PyTorch and others call a layer, or a parameter of it, where that is another word: Conv1d, Conv2d, ..."""
    kind = KINDS[word]
    if parameter:
        names = [kind.torch_names.get(parameter, ""), *_PARAMETERS.get(parameter, "").split()]
        return [name for name in dict.fromkeys(names) if name and name not in kind.model_fields]
    names = [kind.module_name(rank) for rank in ((1, 2, 3) if "{r}" in kind.module else (1,)) if kind.module]
    others = [name for name in (*names, *_SPOKEN.get(word, "").split()) if name not in KINDS]
    return list(dict.fromkeys(others))


@frozen()
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
        ("flatten", "glu", "log_softmax", "permute", "softmax", "softmin"),
        "axis 0",
        "that is the batch, and samples stay apart",
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
        ("groupnorm", "instancenorm", "layernorm", "rmsnorm"),
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
    "kdim, vdim": Difference(
        ("multihead_attention",), "", "they follow from the keys and values that it is applied to"
    ),
    "add_bias_kv, add_zero_attn": Difference(
        ("multihead_attention",), "", "they are hardly used: a learned key, or one of zeros, beside those that come in"
    ),
    "return_indices": Difference(
        ("adaptive_maxpool", "global_maxpool", "maxpool"),
        "",
        "a layer gives one value, and no kind takes the places: `upsample` and `conv_transpose` enlarge a map without",
    ),
    "padding_mode": Difference(("conv_transpose",), "", "PyTorch takes zeros alone there"),
    "recompute_scale_factor": Difference(
        ("upsample",), "", "with `size` instead of `scale` it is worked out from the sizes"
    ),
    "min_value, max_value": Difference(("hardtanh",), "", "these are old names of `min` and `max`"),
    "_weight, _freeze": Difference(("embedding",), "", "`weight` and `trainable` are for that"),
}
"""Parameters of PyTorch's modules that kinds do not have, by their names."""


def why_left_out(kind: str, parameter: str) -> str | None:
    """Why a kind does not have a parameter of PyTorch's module; None for any other parameter."""
    for names, left_out in LEFT_OUT.items():
        if parameter in names.split(", ") and (not left_out.kinds or kind in left_out.kinds):
            return left_out.reason.replace("`", "")
    return None
