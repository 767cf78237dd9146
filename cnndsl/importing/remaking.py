"""Layers of PyTorch, made again from the operators that they called.

A program of `torch.export` has no layers, but it says of which class the module was that called an operator, and what
the operator was given. From that follow the arguments of the constructor: `aten.conv2d(x, weight, None, [2, 2])` in a
Conv2d was `nn.Conv2d(..., stride=2, bias=False)`, with the numbers of channels that its weight has. Most arguments have
the same name there, so that a new layer needs no line here; a rule is for what is several calls.

What is read here is believed only if the layer gives the same as its operators (`exported`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from torch import Tensor, nn
from torch.fx import Node
from torch.nn.utils import parametrizations

from cnndsl.importing.graph import Call, Frame, call_of, shape_of, upsampling
from cnndsl.importing.leaves import ALIKE, helper_classes, layer_base, layer_classes, plain, shortest
from cnndsl.importing.recording import leaves_of

Arguments = dict[str, Any]
Rule = Callable[[type[nn.Module], list[Call]], Arguments]


class Unmade(Exception):  # noqa: N818 - what it says of the layer
    """A layer cannot be made again from its operators. The message says why."""


def layer_of(frame: Frame, state: Mapping[str, Tensor]) -> nn.Module | None:
    """The layer that called the operators of a frame, with this state; None where it is no layer that is known.

    Raises Unmade where it is one by its class, and no arguments of it say what it does.
    """
    if frame.is_standard:
        kind = _class(frame.name)
        return None if kind is None else _filled(_constructed(kind, _calls(frame)), state)
    if frame.kind.startswith("torch.nn.utils.parametrize.Parametrized"):
        return _parametrized(frame, state)
    if frame.inner:
        return None
    name = ALIKE[frame.kind][1] if frame.kind in ALIKE else frame.name
    if name in _HELPED:
        return _filled(_constructed(helper_classes()[name], _calls(frame)), state)
    return _by_its_operators(frame, state)


def base_of(frame: Frame, state: Mapping[str, Tensor]) -> nn.Module | None:
    """The layer that a class inherits from which goes on with parts of its own, such as an activation; else None."""
    own = {key: tensor for key, tensor in state.items() if "." not in key}
    if not isinstance(frame.items[0], Node):
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
    word = words[-1].replace("_", "")
    tries = [kind for kind in layer_classes() if kind.__name__.lower() in (word, f"{word}{rank}d")]
    if words == ["pad", f"conv{rank}d"]:
        tries.append(helper_classes()[f"Conv{rank}dSame"])
    if words in (["permute", "layer_norm", "permute"], ["movedim", "layer_norm", "movedim"]):
        tries.append(helper_classes()["ChannelLayerNorm"])
    for kind in tries:
        with suppress(Unmade):
            return _filled(_constructed(kind, calls), state)
    return None


def _class(name: str) -> type[nn.Module] | None:
    """The class of `torch.nn` with a name, where it is one of layers; else None."""
    kind: type[nn.Module] = getattr(nn, name, nn.Module)
    return kind if name in _RULES or layer_base(kind) is not None else None


def _calls(frame: Frame) -> list[Call]:
    """The calls of a frame itself, without those that only take an item of a result."""
    found = [call_of(node) for node in frame.own]
    return [call for call in found if call is not None]


def _constructed(kind: type[nn.Module], calls: list[Call]) -> nn.Module:
    """Construct a layer with the arguments that its calls say. Raises Unmade."""
    try:
        arguments = (_RULES | _HELPED).get(kind.__name__, _one_call)(kind, calls)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        shown = ", ".join(call.name for call in calls)
        raise Unmade(f"{kind.__name__} calls {shown or 'nothing'}, and no arguments of it say that") from None
    if any(isinstance(held, Node) for held in leaves_of(arguments)):
        raise Unmade(f"an argument of {kind.__name__} follows from the size of its input")
    arguments = {name: plain(value) if name not in _LISTS else tuple(value) for name, value in arguments.items()}
    if any(call.is_inplace for call in calls[:1]) and len(calls) == 1:
        arguments["inplace"] = True
    try:
        return kind(**arguments)
    except Exception as problem:  # whatever PyTorch says of arguments that it does not take
        raise Unmade(f"{kind.__name__} takes no {arguments}: {problem}") from None


_LISTS = {"normalized_shape", "unflattened_size"}


def _filled(layer: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """A layer with this state. Raises Unmade where it has other keys or sizes."""
    own = layer.state_dict()
    if own.keys() != state.keys() or any(own[key].shape != tensor.shape for key, tensor in state.items()):
        raise Unmade(f"{type(layer).__name__} has no {', '.join(own.keys() ^ state.keys()) or 'such sizes'}")
    layer.load_state_dict(dict(state))
    return layer


def _parametrized(frame: Frame, state: Mapping[str, Tensor]) -> nn.Module:
    """A layer whose weight is computed, with weight or spectral normalisation."""
    kind = _class(frame.name.removeprefix("Parametrized"))
    made_of = {inner.name for inner in frame.frames()} & _NORMS.keys()
    if kind is None or len(made_of) != 1:
        raise Unmade(f"{frame.name} computes its weight by something else than a norm")
    return _filled(_NORMS[made_of.pop()](_constructed(kind, _calls(frame))), state)


_NORMS: dict[str, Callable[[nn.Module], nn.Module]] = {
    "_WeightNorm": parametrizations.weight_norm,
    "_SpectralNorm": parametrizations.spectral_norm,
}


# From calls to the arguments of a constructor


_ELSEWHERE = {
    "affine": "weight", "elementwise_affine": "weight", "track_running_stats": "running_mean", "padding": "pad",
    "unflattened_size": "sizes", "size": "output_size", "scale_factor": "scale_factors",
}  # fmt: skip
"""Arguments of constructors that operators have under another name, or as a tensor that is there or is not."""
_WEIGHTS = {
    "linear": ("out_features", "in_features"),
    "bilinear": ("out_features", "in1_features", "in2_features"),
    "embedding": ("num_embeddings", "embedding_dim"),
    "prelu": ("num_parameters",),
    **{f"conv{r}d": ("out_channels", "in_channels") for r in (1, 2, 3)},
    **{f"conv_transpose{r}d": ("in_channels", "out_channels") for r in (1, 2, 3)},
}
"""What the axes of the weight of an operator are for a constructor; those behind them are a kernel's."""


def _told(kind: type[nn.Module], call: Call) -> Arguments:
    """The arguments of a constructor that a call of its layer says. Raises KeyError."""
    given = call.arguments
    names = _WEIGHTS.get(call.name, ())
    made: Arguments = dict(zip(names, call.shape("weight"), strict=False)) if names else {}
    if "groups" in given and names:
        made[names[1]] *= given["groups"]
        made["kernel_size"] = call.shape("weight")[len(names) :]
    for name in inspect.signature(kind).parameters:
        key = name if name in given else _ELSEWHERE.get(name)
        if name in ("num_features", "num_channels"):
            made[name] = call.shape("input")[1]
        elif key in ("weight", "bias", "running_mean"):
            made[name] = given[key] is not None
        elif key in given:
            made[name] = _SAID[name](given[key]) if name in _SAID else given[key]
    return made


_SAID: dict[str, Callable[[Any], Any]] = {
    "stride": lambda steps: steps or None,  # as much as the kernel is wide
    "momentum": lambda momentum: momentum or None,  # the mean of all batches
    "align_corners": lambda aligned: aligned or None,
    "padding_idx": lambda row: row if row >= 0 else None,
    "output_size": lambda sizes: tuple(None if _is_size(size) else size for size in sizes),  # that of the map
}
"""What constructors are given for what operators are given."""


def _is_size(item: Any) -> bool:
    return isinstance(item, Node) and str(item.target) == "aten.sym_size.int"


def _one_call(kind: type[nn.Module], calls: list[Call]) -> Arguments:
    """A layer that is one call."""
    (call,) = calls
    return _told(kind, call)


def _among(word: str, *others: str) -> Rule:
    """A layer whose call stands among others that say no more, as they move axes or add what its map needs."""

    def rule(kind: type[nn.Module], calls: list[Call]) -> Arguments:
        (call,) = (call for call in calls if call.name == word)
        _expect(calls, word, *others)
        return _told(kind, call)

    return rule


def _expect(calls: Iterable[Call], *words: str) -> None:
    """Raise ValueError for calls of other operators."""
    if any(call.name not in words for call in calls):
        raise ValueError(calls)


def _conv(kind: type[nn.Module], calls: list[Call]) -> Arguments:
    """A convolution, whose padding may be added before it: with values of the map, or with one more on one side."""
    *before, call = calls
    made = _told(kind, call)
    if before:
        (pad,) = before
        border, mode = pad.arguments["pad"], pad.arguments["mode"]
        left, right = border[::2][::-1], border[1::2][::-1]
        if pad.arguments["value"] or len(left) != len(made["kernel_size"]):
            raise ValueError(border)
        made["padding"] = tuple(left) if left == right else "same"
        made |= {"padding_mode": mode} if mode != "constant" else {}
    return made


def _conv_same(kind: type[nn.Module], calls: list[Call]) -> Arguments:
    """`Conv2dSame`, which pads as its map needs: what it adds does not say more than that."""
    *pads, call = calls
    _expect(pads, "pad")
    modes = [pad.arguments["mode"] for pad in pads if pad.arguments["mode"] != "constant"]
    return {**_told(kind, call), "padding": 0, "padding_mode": modes[0] if modes else "zeros"}


def _avgpool_same(word: str) -> Rule:
    among = _among(word, *_PADDED)

    def rule(kind: type[nn.Module], calls: list[Call]) -> Arguments:
        made = among(kind, calls)
        return made | {"count_include_pad": len(calls) <= 2 or made.get("divisor_override") is not None}

    return rule


_PADDED = ("pad", "new_ones", "div")
_MOVES = ("permute", "movedim", "transpose")


def _local_response_norm(_: type[nn.Module], calls: list[Call]) -> Arguments:
    pool = next(call for call in calls if call.name.startswith("avg_pool"))
    *_before, times, plus, power, _division = calls
    return {
        "size": pool.arguments["kernel_size"][0],
        "alpha": times.arguments["other"],
        "k": plus.arguments["other"],
        "beta": power.arguments["exponent"],
    }


def _lp_pool(kind: type[nn.Module], calls: list[Call]) -> Arguments:
    power, pool, *_ = calls
    norm = power.arguments["exponent"]
    return {**_told(kind, pool), "norm_type": int(norm) if norm == int(norm) else norm}


def _stochastic_depth(_: type[nn.Module], calls: list[Call]) -> Arguments:
    """Samples that are set to zero at random: by `dropout` of ones, or by a draw of what is kept."""
    first, second, *rest = calls
    if (first.name, second.name) == ("new_ones", "dropout"):
        drop = second.arguments["p"]
    else:
        _expect([first], "empty", "new_empty")
        _expect([second], "bernoulli")
        kept = second.arguments["p"]
        drop = shortest(1 - kept, lambda p: 1.0 - p == kept)
    _expect(rest, "div", "mul", "movedim")
    return {"p": drop, "mode": "batch" if first.arguments["size"][0] == 1 else "row"}


_GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def _recurrent(_: type[nn.Module], calls: list[Call]) -> Arguments:
    """LSTM, GRU and RNN, which begin with zeros."""
    *before, call = calls
    _expect(before, "zeros")
    given = call.arguments
    weights = [shape_of(node) for node in given["params"]]
    rows, inputs = weights[0]
    hidden, width = rows // _GATES[call.name], weights[1][1]
    made = {name: given[name] for name in ("num_layers", "dropout", "bidirectional", "batch_first")}
    made |= {"input_size": inputs, "hidden_size": hidden, "bias": given["has_biases"]}
    if width != hidden:
        made["proj_size"] = width
    if call.name == "rnn_relu":
        made["nonlinearity"] = "relu"
    return made


def _attention(_: type[nn.Module], calls: list[Call]) -> Arguments:
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
        heads, drops = called.shape("query")[1], [called.arguments["dropout_p"]]
    return {
        "embed_dim": features,
        "num_heads": heads,
        "bias": next(call for call in calls if call.name == "linear").arguments["bias"] is not None,
        "batch_first": calls[0].name == "transpose",
        "dropout": drops[0] if drops else 0.0,
    }


def _chained(rule: Rule) -> Rule:
    """A layer of a sequence that gives this alone, and has the batch first without being told."""

    def chained(kind: type[nn.Module], calls: list[Call]) -> Arguments:
        made = rule(kind, calls)
        if not made.pop("batch_first"):
            raise ValueError(calls)
        return made

    return chained


_RULES: dict[str, Rule] = {
    **{f"Conv{r}d": _conv for r in (1, 2, 3)},
    **{f"LPPool{r}d": _lp_pool for r in (1, 2, 3)},
    **dict.fromkeys(("FeatureAlphaDropout", "Softmax2d"), _one_call),
    **dict.fromkeys(("GRU", "LSTM", "RNN"), _recurrent),
    "LocalResponseNorm": _local_response_norm,
    "MultiheadAttention": _attention,
    "Softmin": lambda _, calls: {"dim": calls[1].arguments["dim"]},
    "Softsign": lambda *_: {},
    "Tanhshrink": lambda *_: {},
    "Upsample": lambda kind, calls: {**_one_call(kind, calls), "mode": upsampling(calls[0].name)},
}
"""How the arguments of those classes of `torch.nn` are read that are several calls, or no layers of the language."""
_HELPED: dict[str, Rule] = {
    "ChannelLayerNorm": _among("layer_norm", *_MOVES),
    "ChannelRMSNorm": _among("rms_norm", *_MOVES),
    **dict.fromkeys(("ChainedGRU", "ChainedLSTM", "ChainedRNN"), _chained(_recurrent)),
    "ChainedMultiheadAttention": _chained(_attention),
    "Permute": _one_call,
    "StochasticDepth": _stochastic_depth,
    **{f"Conv{r}dSame": _conv_same for r in (1, 2, 3)},
    **{f"MaxPool{r}dSame": _among(f"max_pool{r}d", *_PADDED) for r in (1, 2, 3)},
    **{f"AvgPool{r}dSame": _avgpool_same(f"avg_pool{r}d") for r in (1, 2, 3)},
}
"""The same for the classes that a generated module has for layers that PyTorch lacks."""
