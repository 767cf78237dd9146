"""How weights begin: the lines at the end of a network's constructor that carry out its `init` rules.

They run over the modules once all are constructed, in the order of `modules()`, so that with the same
seed as a network written by hand the weights are the same.  A layer's own word, and numbers that the
text gives, come before the rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from os.path import commonprefix

from cnndsl.backends.torch.code import WIDTH, broken, literal
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.learned import Learned
from cnndsl.program import Leaf, Module, Program, Use, inner_first

_INDENT = " " * 8


@dataclass(slots=True)
class _Kind:
    """All layers of a kind in a network."""

    classes: dict[str, None] = field(default_factory=dict)
    tensors: dict[str, int] = field(default_factory=dict)
    """How many of them have a weight, and a bias."""
    count: int = 0
    own: dict[tuple[tuple[str, Initialiser | None], ...], list[str]] = field(default_factory=dict)
    """Words of their own (None: keep what it has) -> the paths of the layers that have them."""
    paths: list[str] = field(default_factory=list)


def beginnings(program: Program, network: Module) -> list[str]:
    """The lines, indented as part of the constructor; none where nothing is said of how weights begin."""
    rules: dict[str, list[tuple[str, Initialiser]]] = {}
    for rule in network.init:
        rows = rules.setdefault(rule.kind, [])
        rows[:] = [row for row in rows if row[0] != rule.tensor]
        rows.append((rule.tensor, rule.initialiser))
    if not rules and not _has_own(program, network):
        return []
    kinds = _collect(program, network, rules)
    wanted = [kind for kind in kinds if kind in rules] + [k for k in kinds if k not in rules and kinds[k].own]
    blocks: dict[tuple[str, ...], list[str]] = {}
    """What is done -> the classes of torch.nn that it is done to."""
    for kind in wanted:
        blocks.setdefault(_body(kinds[kind], rules.get(kind, [])), []).extend(kinds[kind].classes)
    if not blocks:
        return []
    by_name = any(line.lstrip().startswith(("if name", "elif name")) for body in blocks for line in body)
    head = "for name, module in self.named_modules():" if by_name else "for module in self.modules():"
    lines: list[str] = []
    for body, classes in blocks.items():
        shown = classes[0] if len(classes) == 1 else f"({', '.join(classes)})"
        lines.append(f"{_INDENT}    {'elif' if lines else 'if'} isinstance(module, {shown}):")
        lines += [f"{_INDENT}        {line}" for line in body]
    return [f"{_INDENT}{head}", *(part for line in lines for part in broken(line))]


def _has_own(program: Program, network: Module) -> bool:
    units = (child.unit for module in inner_first(program, [network.id]) for child in module.children)
    return any(isinstance(unit, Leaf) and unit.init for unit in units)


def _leaves(program: Program, module: Module, prefix: str) -> Iterator[tuple[str, Leaf]]:
    for child in module.children:
        if isinstance(child.unit, Use):
            yield from _leaves(program, program.modules[child.unit.module], f"{prefix}{child.name}.")
        else:
            yield prefix + child.name, child.unit


def _collect(program: Program, network: Module, rules: dict[str, list[tuple[str, Initialiser]]]) -> dict[str, _Kind]:
    kinds: dict[str, _Kind] = {}
    for path, leaf in _leaves(program, network, ""):
        layer = leaf.layer
        if isinstance(layer, Learned):
            continue
        kind = kinds.setdefault(layer.kind, _Kind())
        names = {tensor.name for tensor in layer.tensors(leaf.x)}
        kind.classes[layer.torch(leaf.x).target] = None
        kind.count += 1
        kind.paths.append(path)
        for name in names & {"weight", "bias"}:
            kind.tensors[name] = kind.tensors.get(name, 0) + 1
        if layer.kind not in rules and not leaf.init:
            continue
        own: dict[str, Initialiser | None] = dict(leaf.init)
        for name in ("weight", "bias"):
            if leaf.weights is not None and getattr(leaf.weights, name) is not None:
                own[name] = None
        if own:
            said = dict(rules.get(layer.kind, [])) | own
            key = tuple((name, said[name]) for name in ("weight", "bias") if name in said and name in names)
            kind.own.setdefault(key, []).append(path)
    return kinds


def _body(kind: _Kind, rules: list[tuple[str, Initialiser]]) -> tuple[str, ...]:
    """What is done to each layer of a kind."""
    # A rule that no layer's own word goes against stands once, a weight's before a bias's.
    common = [row for row in rules if all(dict(words).get(*row) == row[1] for words in kind.own)]
    body = [line for name, rule in common if name == "weight" for line in _begin(kind, name, rule, certain=False)]
    body += _branches(kind, rules, common)
    body += [line for name, rule in common if name != "weight" for line in _begin(kind, name, rule, certain=False)]
    return tuple(body or ["pass"])


def _branches(kind: _Kind, rules: list[tuple[str, Initialiser]], common: list[tuple[str, Initialiser]]) -> list[str]:
    """The lines for what layers begin by in different ways."""
    lines: list[str] = []
    word = "if"
    for words, paths in kind.own.items():
        own = [(name, rule) for name, rule in words if rule is not None and (name, rule) not in common]
        body = [line for name, rule in own for line in _begin(kind, name, rule, certain=True)]
        if paths == kind.paths:
            return body
        lines += [*_branch(word, paths, kind.paths), *(f"    {line}" for line in body or ["pass"])]
        word = "elif"
    rest = kind.count > sum(len(paths) for paths in kind.own.values())
    general = [line for row in rules if row not in common and rest for line in _begin(kind, *row, certain=False)]
    return [*lines, "else:", *(f"    {line}" for line in general)] if general else lines


def _begin(kind: _Kind, name: str, rule: Initialiser, *, certain: bool) -> list[str]:
    if name not in kind.tensors:
        return []
    call = rule.python(f"module.{name}")
    optional = name == "bias" and any(c.startswith("nn.Conv") for c in kind.classes)
    if (kind.tensors[name] == kind.count or certain) and not optional:
        return [call]
    return [f"if module.{name} is not None:", f"    {call}"]


def _branch(word: str, paths: list[str], all_paths: list[str]) -> list[str]:
    """The lines `if ...:` for the modules with these paths."""
    if len(paths) == 1:
        return [f"{word} name == {literal(paths[0])}:"]
    ending = "." + paths[0].rpartition(".")[2]
    if [path for path in all_paths if path.endswith(ending)] == paths:
        return [f"{word} name.endswith({literal(ending)}):"]
    beginning = commonprefix(paths).rpartition(".")[0] + "."  # noqa: RUF071 - which may end inside a name
    if [path for path in all_paths if path.startswith(beginning)] == paths:
        return [f"{word} name.startswith({literal(beginning)}):"]
    listed = [literal(path) for path in paths]
    line = f"{word} name in ({', '.join(listed)}):"
    if len(_INDENT) * 2 + len(line) <= WIDTH:
        return [line]
    return [f"{word} name in (", *(f"    {path}," for path in listed), "):"]
