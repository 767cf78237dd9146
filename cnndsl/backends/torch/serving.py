"""What the form for inference has besides its layers: how it takes the weights of the training form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cnndsl.backends.torch.code import WIDTH, ListOf, Raw, literal
from cnndsl.backends.torch.slots import Different
from cnndsl.program import Module, Program, Use

FOLDED_WEIGHTS = '''\
def folded_weights(
    network: nn.Module, trained: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The weights of a network, from the state_dict of its training form.

    A layer with weight W and bias b, and after it a batch normalisation with running
    mean m, running variance v, weight g and bias c, are one layer with weight W s and
    bias (b - m) s + c, where s = g / sqrt(v + eps).
    """
    own = network.state_dict()
    weights = dict(trained)
    for path, module in network.named_modules():
        prefix = f"{path}." if path else ""
        for layer_name, norm_name, eps in getattr(module, "FOLDED", ()):
            layer, norm = prefix + layer_name, prefix + norm_name
            is_here = f"{layer}.weight" in weights and f"{norm}.running_var" in weights
            if not is_here or f"{norm}.running_var" in own:
                continue
            weight = weights[f"{layer}.weight"]
            # In the precision of this network: a checkpoint may have half of it.
            dtype = own[f"{layer}.weight"].dtype
            mean = weights[f"{norm}.running_mean"].to(dtype)
            scale = torch.rsqrt(weights.pop(f"{norm}.running_var").to(dtype) + eps)
            scale = scale * weights.get(f"{norm}.weight", torch.ones_like(mean))
            bias = weights.get(f"{layer}.bias", torch.zeros_like(mean))
            shift = weights.get(f"{norm}.bias", torch.zeros_like(mean))
            # The axis of the outputs: a transposed convolution has it second.
            is_transposed = getattr(network.get_submodule(layer), "transposed", False)
            shape = [1] * weight.dim()
            shape[1 if is_transposed else 0] = -1
            weights[f"{layer}.weight"] = weight * scale.reshape(shape)
            weights[f"{layer}.bias"] = (bias - mean) * scale + shift
    return {name: weights[name] for name in own if name in weights}
'''

_CHANNELS_LAST = "        nn.utils.convert_conv2d_weight_memory_format(network, torch.channels_last)"


def folded(modules: Sequence[Module], program: Program) -> dict[tuple[str, str], float]:
    """Which layers of a class take in which normalisations, by their paths in it, with the `eps` of each.

    Raises Different where the elaborations that the class is for do not agree.
    """
    known: dict[tuple[str, str], float] = {}
    rows: dict[tuple[str, str], float] = {}
    for module in modules:
        for names, eps, is_own in _folded(module, program, "", is_own=True):
            if known.setdefault(names, eps) != eps:
                raise Different
            if is_own:
                rows[names] = eps
    return rows


def folded_lines(rows: Mapping[tuple[str, str], float]) -> list[str]:
    """The attribute that says it."""
    listed = tuple(Raw(literal((*names, eps))) for names, eps in rows.items())
    line = f"    FOLDED = ({listed[0].text},)"
    if len(listed) == 1 and len(line) <= WIDTH:
        return [line]
    return ListOf(listed, brackets="()").lines("    ", "FOLDED = ", "")


def _folded(
    module: Module, program: Program, prefix: str, *, is_own: bool
) -> Iterator[tuple[tuple[str, str], float, bool]]:
    """All that is folded in a module, and whether it is the module's own class that has to say so."""
    for child in module.children:
        if child.folded is not None:
            yield (prefix + child.name, prefix + child.folded.norm), child.folded.eps, is_own
        elif isinstance(child.unit, Use):
            inner = program.modules[child.unit.module]
            yield from _folded(inner, program, f"{prefix}{child.name}.", is_own=is_own and inner.kind == "chain")


def from_trained(network: Module, *, has_arguments: bool) -> list[str]:
    """The method of a network that makes it from trained weights."""
    more, given = (", **arguments: Any", "**arguments") if has_arguments else ("", "")
    head = f"    def from_trained(cls, state_dict: Mapping[str, Tensor]{more}) -> Self:"
    if len(head) > WIDTH:
        head = f"    def from_trained(\n        cls, state_dict: Mapping[str, Tensor]{more}\n    ) -> Self:"
    layout = any(len(shape) == 3 for shape in network.input_shapes)
    return [
        "    @classmethod",
        *head.split("\n"),
        '        """The network, ready to serve, from the state_dict of its training form."""',
        f"        network = cls({given})",
        "        network.load_state_dict(folded_weights(network, state_dict))",
        *([_CHANNELS_LAST] if layout else []),
        "        return network.eval().requires_grad_(False)",
    ]
