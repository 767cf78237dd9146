"""Layers of PyTorch, made again from the operators that they called.

A program of `torch.export` has no layers, but it says of which class the module was that called an operator, and what
the operator was given. From that follow the arguments of the constructor: `aten.conv2d(x, weight, None, [2, 2])` in a
Conv2d was `nn.Conv2d(..., stride=2, bias=False)`, with the numbers of channels that its weight has.

What is read here is believed only if the layer gives the same as its operators (`exported`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor, nn
from torch.fx import Node
from torch.nn.utils import parametrizations

from cnndsl.importing.graph import Call, Frame, call_of, shape_of, upsampling
from cnndsl.importing.leaves import ALIKE, helper_classes, plain

Arguments = dict[str, Any]
Rule = Callable[[list[Call]], Arguments]


class Unmade(Exception):  # noqa: N818 - what it says of the layer
    """A layer cannot be made again from its operators. The message says why."""


def layer_of(frame: Frame, state: Mapping[str, Tensor]) -> nn.Module | None:
    """The layer that called the operators of a frame, with this state; None where it is no layer that is known.

    Raises Unmade where it is one by its class, and no arguments of it say what it does.
    """
    if frame.is_standard and frame.name in RULES:
        return _filled(_constructed(getattr(nn, frame.name), RULES[frame.name], _calls(frame)), state)
    if frame.kind.startswith("torch.nn.utils.parametrize.Parametrized"):
        return _parametrized(frame, state)
    if frame.is_standard or frame.inner:
        return None
    name = ALIKE[frame.kind][1] if frame.kind in ALIKE else frame.name
    if name in _HELPED:
        return _filled(_constructed(helper_classes()[name], _HELPED[name], _calls(frame)), state)
    return _by_its_operators(frame, state)


def base_of(frame: Frame, state: Mapping[str, Tensor]) -> nn.Module | None:
    """The layer that a class inherits from which goes on with parts of its own, such as an activation; else None."""
    calls = _calls(frame)
    own = {key: tensor for key, tensor in state.items() if "." not in key}
    if not own or not calls or not isinstance(frame.items[0], Node):
        return None
    first = next(at for at, item in enumerate(frame.items) if isinstance(item, Frame))
    if any(isinstance(item, Node) for item in frame.items[first:]):
        return None
    return _by_its_operators(frame, own)


def _by_its_operators(frame: Frame, state: Mapping[str, Tensor]) -> nn.Module | None:
    """The layer with a state that a class inherits from, and with a `forward` that does the same."""
    calls = _calls(frame)
    if not state or not calls or not isinstance(calls[-1].node.meta["val"], Tensor):
        return None
    words = [call.name for call in calls]
    rank = len(shape_of(calls[-1].node)) - 2
    tries: list[tuple[type[nn.Module], Rule]] = []
    name = _OWNERS.get(words[-1], "").format(r=rank)
    if name in RULES:
        tries.append((getattr(nn, name), RULES[name]))
    if words == ["pad", f"conv{rank}d"]:
        tries.append((helper_classes()[f"Conv{rank}dSame"], _conv_same(rank)))
    if words in (["permute", "layer_norm", "permute"], ["movedim", "layer_norm", "movedim"]):
        tries.append((helper_classes()["ChannelLayerNorm"], _HELPED["ChannelLayerNorm"]))
    for kind, rule in tries:
        try:
            return _filled(_constructed(kind, rule, calls), state)
        except Unmade:
            continue
    return None


def _calls(frame: Frame) -> list[Call]:
    """The calls of a frame itself, without those that only take an item of a result."""
    found = [call_of(node) for node in frame.own]
    return [call for call in found if call is not None]


def _constructed(kind: type[nn.Module], rule: Rule, calls: list[Call]) -> nn.Module:
    """Construct a layer with the arguments that a rule reads. Raises Unmade."""
    try:
        arguments = rule(calls)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        shown = ", ".join(call.name for call in calls)
        raise Unmade(f"{kind.__name__} calls {shown or 'nothing'}, and no arguments of it say that") from None
    if any(isinstance(value, Node) or _has_node(value) for value in arguments.values()):
        raise Unmade(f"an argument of {kind.__name__} follows from the size of its input")
    arguments = {name: plain(value) if name not in _LISTS else tuple(value) for name, value in arguments.items()}
    if any(call.is_inplace for call in calls[:1]) and len(calls) == 1:
        arguments["inplace"] = True
    try:
        return kind(**arguments)
    except Exception as problem:  # whatever PyTorch says of arguments that it does not take
        raise Unmade(f"{kind.__name__} takes no {arguments}: {problem}") from None


_LISTS = {"normalized_shape", "unflattened_size"}


def _has_node(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and any(isinstance(item, Node) for item in value)


def _filled(layer: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """A layer with this state. Raises Unmade where it has other keys or sizes."""
    own = layer.state_dict()
    if own.keys() != state.keys() or any(own[key].shape != tensor.shape for key, tensor in state.items()):
        raise Unmade(f"{type(layer).__name__} has no {', '.join(own.keys() ^ state.keys()) or 'such sizes'}")
    layer.load_state_dict(dict(state))
    return layer


def _parametrized(frame: Frame, state: Mapping[str, Tensor]) -> nn.Module:
    """A layer whose weight is computed, with weight or spectral normalisation."""
    name = frame.name.removeprefix("Parametrized")
    made_of = {inner.name for inner in frame.frames()} & _NORMS.keys()
    if name not in RULES or len(made_of) != 1:
        raise Unmade(f"{frame.name} computes its weight by something else than a norm")
    layer = _constructed(getattr(nn, name), RULES[name], _calls(frame))
    return _filled(_NORMS[made_of.pop()](layer), state)


_NORMS: dict[str, Callable[[nn.Module], nn.Module]] = {
    "_WeightNorm": parametrizations.weight_norm,
    "_SpectralNorm": parametrizations.spectral_norm,
}


# Rules: from calls to the arguments of a constructor


def _alike(kind: type[nn.Module]) -> Rule:
    """A layer that is one call, whose arguments have the names that the layer has for them."""
    names = [name for name in inspect.signature(kind).parameters if name not in _NOT_TOLD]
    return lambda calls: _picked(_only(calls), names)


_NOT_TOLD = ("inplace", "return_indices", "min_value", "max_value", "args", "kwargs")
"""Arguments of layers that their call does not have: how it is called says them, or they stand for others."""


def _picked(call: Call, names: Iterable[str]) -> Arguments:
    """Arguments of a call by their names."""
    return {name: call.arguments[name] for name in names}


def _only(calls: list[Call], *words: str) -> Call:
    """The one call that there is, of an operator with one of these names, if some are given. Raises ValueError."""
    (call,) = calls
    _expect(call, *words or (call.name,))
    return call


def _expect(call: Call, *words: str) -> None:
    if call.name not in words:
        raise ValueError(call.name)


def _conv(rank: int) -> Rule:
    def rule(calls: list[Call]) -> Arguments:
        *before, call = calls
        _expect(call, f"conv{rank}d")
        given = call.arguments
        out, inner, *kernel = call.shape("weight")
        made = {
            "in_channels": inner * given["groups"],
            "out_channels": out,
            "kernel_size": tuple(kernel),
            **_picked(call, ("stride", "padding", "dilation", "groups")),
            "bias": given["bias"] is not None,
        }
        if before:
            (pad,) = before
            _expect(pad, "pad")
            made |= _border(pad, rank)
        return made

    return rule


def _border(pad: Call, rank: int) -> Arguments:
    """The padding of a convolution that is added before it: with values of the map, or with one more on one side."""
    border, mode = pad.arguments["pad"], pad.arguments["mode"]
    if pad.arguments["value"]:
        raise ValueError(pad)
    before, after = border[::2][::-1], border[1::2][::-1]
    if len(before) != rank:
        raise ValueError(border)
    told = {"padding_mode": mode} if mode != "constant" else {}
    return {"padding": tuple(before) if before == after else "same", **told}


def _conv_same(rank: int) -> Rule:
    """`Conv2dSame`, which pads as its map needs: what it adds does not say more than that."""

    def rule(calls: list[Call]) -> Arguments:
        made = _conv(rank)(calls[-1:])
        if calls[-1].name != f"conv{rank}d" or any(call.name != "pad" for call in calls[:-1]):
            raise ValueError(calls)
        modes = [call.arguments["mode"] for call in calls[:-1]]
        return {**made, "padding": 0, **({"padding_mode": modes[0]} if modes and modes[0] != "constant" else {})}

    return rule


def _conv_transpose(rank: int) -> Rule:
    def rule(calls: list[Call]) -> Arguments:
        call = _only(calls, f"conv_transpose{rank}d")
        given = call.arguments
        inner, out, *kernel = call.shape("weight")
        return {
            "in_channels": inner,
            "out_channels": out * given["groups"],
            "kernel_size": tuple(kernel),
            **_picked(call, ("stride", "padding", "output_padding", "groups", "dilation")),
            "bias": given["bias"] is not None,
        }

    return rule


def _linear(calls: list[Call]) -> Arguments:
    call = _only(calls, "linear")
    out, inner = call.shape("weight")
    return {"in_features": inner, "out_features": out, "bias": call.arguments["bias"] is not None}


def _bilinear(calls: list[Call]) -> Arguments:
    call = _only(calls, "bilinear")
    out, one, two = call.shape("weight")
    return {
        "in1_features": one,
        "in2_features": two,
        "out_features": out,
        "bias": call.arguments["bias"] is not None,
    }


def _norm_over_batch(word: str) -> Rule:
    """Batch and instance normalisation. Their momentum is 0 where it is None, which takes the mean of all batches."""

    def rule(calls: list[Call]) -> Arguments:
        call = _only(calls, word)
        given = call.arguments
        made = {
            "num_features": call.shape("input")[1],
            "eps": given["eps"],
            "momentum": given["momentum"] or None,
            "affine": given["weight"] is not None,
            "track_running_stats": given["running_mean"] is not None,
        }
        if given["weight"] is not None and given["bias"] is None:
            made["bias"] = False
        return made

    return rule


def _norm_over_last(word: str) -> Rule:
    """Layer normalisation and its like over the last axes, to which the channels may be moved."""

    def rule(calls: list[Call]) -> Arguments:
        call = next(call for call in calls if call.name == word)
        if not {c.name for c in calls} <= {word, *_MOVES}:
            raise ValueError(calls)
        given = call.arguments
        is_affine = given["weight"] is not None
        return {
            "normalized_shape": list(given["normalized_shape"]),
            "eps": given["eps"],
            "elementwise_affine": is_affine,
            **({"bias": False} if is_affine and given.get("bias", True) is None else {}),
        }

    return rule


_MOVES = {"permute", "movedim", "transpose"}


def _group_norm(calls: list[Call]) -> Arguments:
    call = _only(calls, "group_norm")
    given = call.arguments
    return {
        "num_groups": given["num_groups"],
        "num_channels": call.shape("input")[1],
        "eps": given["eps"],
        "affine": given["weight"] is not None,
    }


def _local_response_norm(calls: list[Call]) -> Arguments:
    pool = next(call for call in calls if call.name.startswith("avg_pool"))
    *_, times, plus, power, _division = calls
    for call, word in ((times, "mul"), (plus, "add"), (power, "pow")):
        _expect(call, word)
    return {
        "size": pool.arguments["kernel_size"][0],
        "alpha": times.arguments["other"],
        "k": plus.arguments["other"],
        "beta": power.arguments["exponent"],
    }


def _lp_pool(rank: int) -> Rule:
    def rule(calls: list[Call]) -> Arguments:
        power, pool, *_ = calls
        _expect(power, "pow")
        _expect(pool, f"avg_pool{rank}d")
        given, norm = pool.arguments, power.arguments["exponent"]
        return {
            "norm_type": int(norm) if norm == int(norm) else norm,
            "kernel_size": given["kernel_size"],
            "stride": given["stride"] or None,
            "ceil_mode": given["ceil_mode"],
        }

    return rule


def _pool(kind: type[nn.Module]) -> Rule:
    """A pooling, which by itself goes on by as much as its kernel is wide."""
    read = _alike(kind)

    def rule(calls: list[Call]) -> Arguments:
        given = read(calls)
        return given | {"stride": given["stride"] or None}

    return rule


def _pool_same(word: str, *names: str) -> Rule:
    """`MaxPool2dSame` and its like, which pad as their map needs, by other calls than the pooling."""

    def rule(calls: list[Call]) -> Arguments:
        call = next(call for call in calls if call.name == word)
        if not {c.name for c in calls} <= {word, "pad", "new_ones", "div"}:
            raise ValueError(calls)
        made = _picked(call, ("kernel_size", *names))
        told = {"count_include_pad": False} if len(calls) > 2 else {}
        if call.arguments.get("divisor_override") is not None:
            told = {"divisor_override": call.arguments["divisor_override"]}
        return made | told | {"stride": call.arguments["stride"] or None}

    return rule


def _stochastic_depth(calls: list[Call]) -> Arguments:
    """Samples that are set to zero at random: by `dropout` of ones, or by a draw of what is kept."""
    first, second, *rest = calls
    if (first.name, second.name) == ("new_ones", "dropout"):
        drop, size = second.arguments["p"], first.arguments["size"]
    else:
        _expect(first, "empty", "new_empty")
        _expect(second, "bernoulli")
        drop, size = _complement(second.arguments["p"]), first.arguments["size"]
    if not {call.name for call in rest} <= {"div", "mul", "movedim"}:
        raise ValueError(calls)
    return {"p": drop, "mode": "batch" if size[0] == 1 else "row"}


def _complement(kept: float) -> float:
    """The shortest number whose difference from 1 is this."""
    found = (float(f"{1 - kept:.{digits}g}") for digits in range(1, 18))
    return next(p for p in found if 1.0 - p == kept)


def _adaptive_pool(word: str) -> Rule:
    """An adaptive pooling; a size that is that of its map is None."""

    def rule(calls: list[Call]) -> Arguments:
        call = _only(calls, word)
        axes = call.arguments["output_size"]
        return {"output_size": tuple(None if _is_size(item) else item for item in axes)}

    return rule


def _is_size(item: Any) -> bool:
    return isinstance(item, Node) and str(item.target) == "aten.sym_size.int"


def _embedding(calls: list[Call]) -> Arguments:
    call = _only(calls, "embedding")
    num, features = call.shape("weight")
    given = call.arguments
    return {
        "num_embeddings": num,
        "embedding_dim": features,
        **({"padding_idx": given["padding_idx"]} if given["padding_idx"] >= 0 else {}),
        "scale_grad_by_freq": given["scale_grad_by_freq"],
        "sparse": given["sparse"],
    }


def _prelu(calls: list[Call]) -> Arguments:
    call = _only(calls, "prelu")
    return {"num_parameters": call.shape("weight")[0]}


def _upsample(calls: list[Call]) -> Arguments:
    (call,) = calls
    mode, given = upsampling(call.name), call.arguments
    size, factors = given["output_size"], given["scale_factors"]
    corners = {"align_corners": True} if given.get("align_corners") else {}
    return {**({"size": size} if factors is None else {"scale_factor": factors}), "mode": mode, **corners}


def _upsample_of(mode: str) -> Rule:
    def rule(calls: list[Call]) -> Arguments:
        made = _upsample(calls)
        if made.pop("mode") != mode or made.pop("align_corners", False) != (mode == "bilinear"):
            raise ValueError(mode)
        return made

    return rule


def _padding(mode: str, *names: str) -> Rule:
    def rule(calls: list[Call]) -> Arguments:
        call = _only(calls, "pad")
        if call.arguments["mode"] != mode:
            raise ValueError(mode)
        return {"padding": call.arguments["pad"], **_picked(call, names)}

    return rule


def _unflatten(calls: list[Call]) -> Arguments:
    given = _only(calls, "unflatten").arguments
    return {"dim": given["dim"], "unflattened_size": given["sizes"]}


_GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def _recurrent(*words: str) -> Rule:
    """LSTM, GRU and RNN, which begin with zeros."""

    def rule(calls: list[Call]) -> Arguments:
        *before, call = calls
        _expect(call, *words)
        for zeros in before:
            _expect(zeros, "zeros")
        given = call.arguments
        weights = [shape_of(node) for node in given["params"]]
        rows, inputs = weights[0]
        hidden, width = rows // _GATES[call.name], weights[1][1]
        made = {
            "input_size": inputs,
            "hidden_size": hidden,
            "num_layers": given["num_layers"],
            "bias": given["has_biases"],
            "dropout": given["dropout"],
            "bidirectional": given["bidirectional"],
            "batch_first": given["batch_first"],
        }
        if width != hidden:
            made["proj_size"] = width
        if call.name == "rnn_relu":
            made["nonlinearity"] = "relu"
        return made

    return rule


def _chained(rule: Rule) -> Rule:
    """A layer of a sequence that gives this alone, and has the batch first without being told."""

    def chained(calls: list[Call]) -> Arguments:
        made = rule(calls)
        if not made.pop("batch_first"):
            raise ValueError(calls)
        return made

    return chained


def _attention(calls: list[Call]) -> Arguments:
    """Attention: how many heads follows from the sizes that it splits into, and where the batch is from a transpose."""
    tensors = [value for call in calls for value in call.arguments.values() if isinstance(value, Node)]
    weights = [shape_of(node) for node in tensors if node.op == "placeholder" and len(shape_of(node)) == 2]
    rows, features = weights[0]
    if rows != 3 * features:
        raise ValueError(weights)
    called = next(call for call in calls if call.name in ("scaled_dot_product_attention", "softmax"))
    if called.name == "softmax":
        heads = next(shape_of(call.node)[1] for call in calls if call.name == "view" and len(shape_of(call.node)) == 4)
        drops = [call.arguments["p"] for call in calls if call.name == "dropout"]
    else:
        heads = called.shape("query")[1]
        drops = [called.arguments["dropout_p"]] if called.arguments["dropout_p"] else []
    has_bias = next(call for call in calls if call.name == "linear").arguments["bias"] is not None
    return {
        "embed_dim": features,
        "num_heads": heads,
        "bias": has_bias,
        "batch_first": calls[0].name == "transpose",
        **({"dropout": drops[0]} if drops else {}),
    }


_ONE_CALL = (
    "AlphaDropout", "CELU", "ChannelShuffle", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "ELU",
    "FeatureAlphaDropout", "Flatten", "Fold", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh",
    "LeakyReLU", "LogSigmoid", "LogSoftmax", "Mish", "PixelShuffle", "PixelUnshuffle", "RReLU", "ReLU", "ReLU6", "SELU",
    "SiLU", "Sigmoid", "Softmax", "Softmax2d", "Softplus", "Softshrink", "Tanh", "Threshold", "Unfold",
)  # fmt: skip
_OTHERS: dict[str, Rule] = {
    "Bilinear": _bilinear,
    "Embedding": _embedding,
    "GRU": _recurrent("gru"),
    "GroupNorm": _group_norm,
    "LSTM": _recurrent("lstm"),
    "LayerNorm": _norm_over_last("layer_norm"),
    "Linear": _linear,
    "LocalResponseNorm": _local_response_norm,
    "MultiheadAttention": _attention,
    "PReLU": _prelu,
    "RMSNorm": _norm_over_last("rms_norm"),
    "RNN": _recurrent("rnn_tanh", "rnn_relu"),
    "Softmin": lambda calls: {"dim": calls[1].arguments["dim"]},
    "Softsign": lambda _: {},
    "Tanhshrink": lambda _: {},
    "Unflatten": _unflatten,
    "Upsample": _upsample,
    "UpsamplingBilinear2d": _upsample_of("bilinear"),
    "UpsamplingNearest2d": _upsample_of("nearest"),
}


def _by_rank() -> dict[str, Rule]:
    """The rules of the layers that there are for one, two and three axes."""
    found: dict[str, Rule] = {}
    for r in (1, 2, 3):
        found |= {
            f"Conv{r}d": _conv(r),
            f"ConvTranspose{r}d": _conv_transpose(r),
            f"BatchNorm{r}d": _norm_over_batch("batch_norm"),
            f"InstanceNorm{r}d": _norm_over_batch("instance_norm"),
            f"MaxPool{r}d": _pool(getattr(nn, f"MaxPool{r}d")),
            f"AvgPool{r}d": _pool(getattr(nn, f"AvgPool{r}d")),
            f"LPPool{r}d": _lp_pool(r),
            f"AdaptiveAvgPool{r}d": _adaptive_pool(f"adaptive_avg_pool{r}d"),
            f"AdaptiveMaxPool{r}d": _adaptive_pool(f"adaptive_max_pool{r}d"),
            f"ZeroPad{r}d": _padding("constant"),
            f"ConstantPad{r}d": _padding("constant", "value"),
            f"ReflectionPad{r}d": _padding("reflect"),
            f"ReplicationPad{r}d": _padding("replicate"),
            f"CircularPad{r}d": _padding("circular"),
        }
    return found


RULES: dict[str, Rule] = {name: _alike(getattr(nn, name)) for name in _ONE_CALL} | _OTHERS | _by_rank()
"""How the arguments of a class of `torch.nn` are read from its calls."""
_OWNERS = {
    **{f"conv{r}d": f"Conv{r}d" for r in (1, 2, 3)},
    **{f"conv_transpose{r}d": f"ConvTranspose{r}d" for r in (1, 2, 3)},
    "batch_norm": "BatchNorm{r}d",
    "instance_norm": "InstanceNorm{r}d",
    "layer_norm": "LayerNorm",
    "group_norm": "GroupNorm",
    "rms_norm": "RMSNorm",
    "linear": "Linear",
    "embedding": "Embedding",
    "prelu": "PReLU",
}
"""The layer that has the weight of an operator."""
_HELPED: dict[str, Rule] = {
    "ChannelLayerNorm": _norm_over_last("layer_norm"),
    "ChannelRMSNorm": _norm_over_last("rms_norm"),
    "ChainedGRU": _chained(_recurrent("gru")),
    "ChainedLSTM": _chained(_recurrent("lstm")),
    "ChainedMultiheadAttention": _chained(_attention),
    "ChainedRNN": _chained(_recurrent("rnn_tanh", "rnn_relu")),
    "Permute": lambda calls: _picked(_only(calls, "permute"), ("dims",)),
    "StochasticDepth": _stochastic_depth,
    **{f"Conv{r}dSame": _conv_same(r) for r in (1, 2, 3)},
    **{f"MaxPool{r}dSame": _pool_same(f"max_pool{r}d", "dilation") for r in (1, 2, 3)},
    **{f"AvgPool{r}dSame": _pool_same(f"avg_pool{r}d") for r in (1, 2, 3)},
}
"""The same for the classes that a generated module has for layers that PyTorch lacks."""
