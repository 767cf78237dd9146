"""The form for inference: the same classes, and for each network `from_trained`, which folds what can be folded.

Which layer a normalisation follows, with nothing else that reads what is between them, is seen in `forward`, and in an
`nn.Sequential` by the order of its parts. What is folded is decided when the network is there, by the classes that its
parts have then: a subclass of a convolution is left alone.
"""

from __future__ import annotations

import ast
from collections import Counter
from typing import Any

from cnndsl.backends.pytorch.code import constant, laid_out
from cnndsl.backends.pytorch.flowgraph import EACH, Compute, Part, Register, Return, walk
from cnndsl.layers.base import Group
from cnndsl.layers.catalogue import KINDS

SERVED = '''\
def served(network: nn.Module) -> None:
    """Fold normalisations into the layers before them; what is for training is gone."""
    dropout = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
    for module in list(network.modules()):
        for name, part in list(module.named_children()):
            if isinstance(part, dropout):
                module.add_module(name, nn.Identity())
        if type(module).forward is nn.Sequential.forward:
            names = [n for n, p in module.named_children() if type(p) is not nn.Identity]
            rows = [(module, first, second) for first, second in zip(names, names[1:])]
            overwrites = [names[i] for i in range(1, len(names))]
        else:
            rows = []
            for first, second in getattr(module, "FOLDED", ()):
                one, other = getattr(module, first, None), getattr(module, second, None)
                if isinstance(one, nn.ModuleList) and isinstance(other, nn.ModuleList):
                    fold_lists(one, other)
                elif one is not None and other is not None:
                    rows.append((module, first, second))
            overwrites = list(getattr(module, "OVERWRITES", ()))
        for owner, first, second in rows:
            layer, norm = owner.get_submodule(first), owner.get_submodule(second)
            folded = folded_pair(layer, norm)
            if folded is not None:
                owner.add_module(first, folded)
                owner.add_module(second, nn.Identity())
        overwrite(module, overwrites)


def fold_lists(layers: nn.ModuleList, norms: nn.ModuleList) -> None:
    """As `served`, for the parts of two lists that are applied in turn."""
    for i, (layer, norm) in enumerate(zip(layers, norms)):
        folded = folded_pair(layer, norm)
        if folded is not None:
            layers[i], norms[i] = folded, nn.Identity()


def folded_pair(layer: nn.Module, norm: nn.Module) -> nn.Module | None:
    """The layer with the normalisation that follows it, where both are PyTorch's own."""
    norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
    transposed = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    if type(norm) not in norms or norm.running_var is None:
        return None
    if norm.weight is None:
        norm.weight = nn.Parameter(torch.ones_like(norm.running_var))
        norm.bias = nn.Parameter(torch.zeros_like(norm.running_var))
    if type(layer) is nn.Linear:
        return nn.utils.fusion.fuse_linear_bn_eval(layer, norm)
    if type(layer) in (nn.Conv1d, nn.Conv2d, nn.Conv3d):
        return nn.utils.fusion.fuse_conv_bn_eval(layer, norm)
    if type(layer) in transposed and layer.groups == 1:
        return nn.utils.fusion.fuse_conv_bn_eval(layer, norm, transpose=True)
    return None


def overwrite(module: nn.Module, names: list[str]) -> None:
    """Let activations write over what nobody else reads."""
    fresh = (nn.modules.conv._ConvNd, nn.Linear, nn.modules.batchnorm._NormBase)
    before: nn.Module | None = None
    is_chain = type(module).forward is nn.Sequential.forward
    for name, part in module.named_children():
        if type(part) is nn.Identity:
            continue
        if name in names and hasattr(part, "inplace"):
            if not is_chain or isinstance(before, fresh):
                part.inplace = True
        before = part
'''


def followers(
    lines: list[Any], parts: dict[int, Part], registered: list[Any]
) -> tuple[list[tuple[str, str]], list[str]]:
    """Which normalisations follow which layers in `forward`, and which activations may overwrite their input."""
    kinds = {row.part.number: row.kind for row in walk(registered) if isinstance(row, Register) and row.kind}
    counts: Counter[int] = Counter()
    behind: dict[int, list[int | None]] = {}
    for block in _blocks(lines):
        made: dict[str, ast.expr] = {}
        for at, line in enumerate(block):
            if isinstance(line, Compute):
                following = block[at + 1] if at + 1 < len(block) else None
                _note(line.code, made, counts, behind, kinds)
                made = {}
                if len(line.names) == 1 and isinstance(following, Compute) and _reads_once(following, line.names[0]):
                    made[line.names[0]] = line.code
            else:
                made = {}
                if isinstance(line, Return):
                    for _, code in (*line.always, *line.training):
                        _note(code, made, counts, behind, kinds)
    folded, overwrites = [], []
    for number, before in behind.items():
        part, kind = parts[number], kinds.get(number, "")
        if part.label is not None or part.whole is not None:
            continue
        group = KINDS[kind].group if kind in KINDS else None
        first = before[0]
        if kind == "batchnorm" and len(before) == 1 and first is not None and counts[first] == counts[number] == 1:
            other = parts[first]
            if other.label is None and other.whole is None and other.is_list == part.is_list:
                folded.append((other.name, part.name))
        if group is Group.ACTIVATION and all(each is not None and _is_fresh(each, kinds) for each in before):
            overwrites.append(part.name)
    return folded, overwrites


def _is_fresh(number: int, kinds: dict[int, str]) -> bool:
    kind = kinds.get(number, "")
    return kind in KINDS and KINDS[kind].group in (Group.CONVOLUTION, Group.DENSE, Group.NORMALISATION)


def _blocks(lines: list[Any]) -> Any:
    yield lines
    for line in lines:
        for inner in (getattr(line, "yes", None), getattr(line, "no", None), getattr(line, "lines", None)):
            if inner:
                yield from _blocks(inner)


def _reads_once(line: Compute, variable: str) -> bool:
    reads = sum(isinstance(node, ast.Name) and node.id == variable for node in ast.walk(line.code))
    return reads == 1 and variable in line.names


def _part(code: ast.AST) -> int | None:
    if not isinstance(code, ast.Call):
        return None
    number = getattr(code.func, "part", None)
    if number is None and isinstance(code.func, ast.Name) and code.func.id.startswith(EACH):
        number = int(code.func.id.removeprefix(EACH))
    return number


def _note(code: ast.AST, made: dict[str, ast.expr], counts: Counter[int], behind: Any, kinds: dict[int, str]) -> None:
    for node in ast.walk(code):
        number = _part(node)
        if number is None:
            continue
        counts[number] += 1
        assert isinstance(node, ast.Call)  # noqa: S101 - only a call has a part
        inner: Any = node.args[0] if node.args else None
        left = dict(made)
        while True:
            if isinstance(inner, ast.Name) and inner.id in left:
                inner = left.pop(inner.id)
            found = _part(inner) if inner is not None else None
            kind = kinds.get(found, "") if found is not None else ""
            if kind in KINDS and KINDS[kind].group is Group.DROPOUT:
                inner = inner.args[0]
                continue
            break
        behind.setdefault(number, []).append(found)


def pair_lines(text: Any) -> list[str]:
    """The attributes that say it."""
    lines = []
    if text.folded:
        lines += laid_out(constant(tuple(text.folded)), "    ", "FOLDED = ")
    if text.overwrites:
        lines += laid_out(constant(tuple(text.overwrites)), "    ", "OVERWRITES = ")
    return [*lines, ""]


def from_trained(text: Any) -> list[str]:
    """The method of a network that makes it from trained weights."""
    more, given = (", **arguments: Any", "**arguments") if text.arguments else ("", "")
    head = f"    def from_trained(cls, state_dict: Mapping[str, Tensor]{more}) -> Self:"
    if len(head) > 88:
        head = f"    def from_trained(\n        cls, state_dict: Mapping[str, Tensor]{more}\n    ) -> Self:"
    layout = len(text.input_rank) == 3
    convert = "        nn.utils.convert_conv2d_weight_memory_format(network, torch.channels_last)"
    return [
        "    @classmethod",
        *head.split("\n"),
        '        """The network, ready to serve, from the state_dict of its training form."""',
        f"        network = cls({given})",
        "        network.load_state_dict(state_dict)",
        "        network.eval()",
        "        served(network)",
        *([convert] if layout else []),
        "        return network.requires_grad_(False)",
    ]
