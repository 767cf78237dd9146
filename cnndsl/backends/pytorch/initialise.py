"""How weights begin.

The rules of a network are carried out at the end of its constructor, over the modules in the order of `modules()`, so
that with the same seed as a network written by hand the weights are the same. A layer's own word comes before them:
in a network it stands in the same loop, in a block it holds from the layer's construction on, and the loops of the
networks leave it alone (`begun`). The rules of a block are kept so at the end of its constructor.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from cnndsl.backends.pytorch.code import (
    Code,
    all_of,
    any_of,
    attribute,
    call,
    constant,
    dotted,
    flat,
    is_not_none,
    name,
    names_in,
    subscript,
    tuple_of,
    within_64_bits,
)
from cnndsl.backends.pytorch.flowgraph import Append, Assign, Chain, Do, For, If, Register, names_read
from cnndsl.backends.pytorch.values import Rule
from cnndsl.backends.pytorch.write import InitWriter, as_one
from cnndsl.ir.names import is_attribute
from cnndsl.ir.program import Leaf, Module, Program, Use
from cnndsl.layers.initialisers import DEFAULT, FANS, RULES
from cnndsl.layers.registry import KINDS
from cnndsl.symbolic.number import Traced

_INDENT = " " * 8
_MODULE = name("module")
_OPTIONAL_BIAS = ("conv", "conv_transpose")
"""Kinds whose class may have no bias, as far as its types tell."""


@dataclass
class Own:
    """A layer of a network with a word of its own: where it is, of which kind, and what it says."""

    path: Code
    kind: str
    rules: dict[str, Rule] = field(default_factory=dict)
    is_always: bool = True
    """Whether it is there whatever the constructor is given."""


def _filling(rule: Rule) -> Code:
    """What fills a tensor by a rule, as a function of the tensor."""
    if rule.name == DEFAULT:
        return ast.Lambda(ast.arguments([], [ast.arg("tensor")], None, [], [], None, []), name("tensor"))
    function, named = dotted(f"nn.init.{rule.name}_"), _named(rule)
    return call("partial", function, **named) if named else function


def rule_code(rule: Rule, tensor: Code) -> ast.Call:
    """The call that fills a tensor by a rule."""
    named = _named(rule)
    required = [named.pop(word) for word, default in RULES[rule.name].items() if default is None and word in named]
    return call(f"nn.init.{rule.name}_", tensor, *required, **named)


def _named(rule: Rule) -> dict[str, Code]:
    """The arguments of a rule that are not what PyTorch takes anyway."""
    defaults = RULES[rule.name]
    return {
        word: within_64_bits(static.value, static.code)
        for word, static in rule.arguments
        if isinstance(static.value, Traced) or defaults.get(word) != static.value
    }


def settle_begins(lines: list[Any], *, is_network: bool, helpers: set[str]) -> list[Own]:
    """Say for each layer with a word of its own how it begins; those that a network's loop is to say."""
    found: list[Own] = []
    _settle(lines, helpers, found, None, has_paths=is_network)
    return found


def _settle(lines: list[Any], helpers: set[str], found: list[Own], base: Code | None, *, has_paths: bool) -> None:
    """The same for lines, of the chain `base` where that is known; `has_paths` says whether attributes are paths."""
    place: int | None = 0  # of the next part in the chain; None behind a condition or a loop, where that is not known
    for line in lines:
        match line:
            case Register() | Append():
                path = None
                if isinstance(line, Append):
                    path = _path(base, line, place)
                    place = None if place is None else place + 1
                if isinstance(line, Register) and has_paths and line.part.is_attribute:
                    path = line.part.code()
                if isinstance(line.value, Chain):
                    _settle(line.value.lines, helpers, found, path, has_paths=False)
                else:
                    _own(line, path, found, helpers)
            case If():
                place = None
                before = len(found)
                for side in (line.yes, line.no):
                    _settle(side, helpers, found, None, has_paths=has_paths and base is None)
                for own in found[before:]:
                    own.is_always = False
            case For():
                place = None
                _settle(line.lines, helpers, found, None, has_paths=False)
            case _:
                continue


def _path(base: Code | None, line: Append, place: int | None) -> Code | None:
    """Where a part of a chain is, if that is known when the class is written."""
    if base is None:
        return None
    label = line.label.value if isinstance(line.label, ast.Constant) else None
    if isinstance(label, str) and is_attribute(label):
        return attribute(base, label)
    return None if line.label is not None or place is None else subscript(base, constant(place))


def _own(line: Any, path: Code | None, found: list[Own], helpers: set[str]) -> None:
    begins = line.begins
    if not begins:
        return
    if path is not None:
        found.append(Own(path, line.kind, dict(begins)))
        return
    helpers.add("begun")
    rules = sorted(begins, key=lambda row: row[0] != "weight")
    line.value = call("begun", line.value, **{word: _filling(rule) for word, rule in rules})


def rule_names(rule: Rule) -> set[str]:
    """The variables that a rule speaks of."""
    return {each for _, static in rule.arguments for each in names_in(static.code)} - set(FANS)


def has_outer_rules(units: Sequence[Any], translation: Any) -> bool:
    """Whether around a network that is a part of another, and has rules, there are others: they would override its own
    where it carried them out itself.
    """
    by_name = {unit.name: unit for unit in units}
    for outer in units:
        if not (outer.text.rules or outer.text.own):
            continue
        inside = [outer.name]
        for word in inside:  # which grows
            needs = translation.spoken_of(by_name[word].text.needs)
            inside += [each for each in by_name.keys() & needs if each not in inside]
        if any(by_name[word].is_part and by_name[word].text.rules for word in inside[1:]):
            return True
    return False


def init_lines(text: Any, unit: Any, translation: Any) -> list[str]:
    """The lines that carry out the rules of a network or keep those of a block, indented as part of the constructor."""
    rules: dict[str, dict[str, Rule]] = {}
    for kind, tensor, rule in text.rules:
        rules.setdefault(kind, {})[tensor] = rule
    kept: list[Any] = []
    if unit.definition.kind != "network" or (unit.is_part and "begun" in translation.helpers):
        kept, rules = _kept_lines(rules, unit, translation), {}
    lines = kept if unit.definition.kind != "network" else kept + _carried_out(rules, text, unit, translation)
    return _written(lines, _INDENT)


def _written(lines: list[Any], indent: str = "") -> list[str]:
    return InitWriter(None, ()).lines(lines, indent)


def _for_modules(lines: list[Any]) -> For:
    """The loop over all modules, in which lines may ask for the numbers that a layer was given."""
    given = [Assign("given", _noted("given", tuple_of([])))] if "given" in names_read(lines) else []
    return For(_MODULE, call("self.modules"), [*given, *lines])


def _noted(word: str, default: Code) -> Code:
    return call("getattr", _MODULE, constant(word), default)


def _is_one_of(targets: list[str]) -> Code:
    classes = [*map(dotted, targets)]
    return call("isinstance", _MODULE, classes[0] if len(classes) == 1 else tuple_of(classes))


def _kept_lines(rules: dict[str, dict[str, Rule]], unit: Any, translation: Any) -> list[Any]:
    """The lines of a block that keep its rules with the layers in it, for the network that it is in."""
    known = _layers(translation.program, unit, translation)
    lines: list[Any] = []
    for kind, said in rules.items():
        inner: list[Any] = _fan_lines(said.values())
        always: dict[str, Code] = {}
        for tensor in sorted(said, reverse=True):
            if tests := _tests(kind, tensor, known, translation):
                inner.append(If(all_of(tests), [Do(call("begun", _MODULE, **{tensor: _filling(said[tensor])}))], []))
            else:
                always[tensor] = _filling(said[tensor])
        if always:
            inner.append(Do(call("begun", _MODULE, **always)))
        lines.append(If(_is_one_of(_targets(kind, known, unit)), inner, []))
    return [_for_modules(lines)] if lines else []


def _fan_lines(rules: Iterable[Rule]) -> list[Any]:
    """The line that counts what a layer's kernel takes in and gives out to, if rules speak of it."""
    asked = {each for rule in rules for _, static in rule.arguments for each in names_in(static.code)}
    if asked.isdisjoint(FANS):
        return []
    names = ", ".join(word if word in asked else "_" for word in FANS)
    return [Assign(names, call("nn.init._calculate_fan_in_and_fan_out", attribute(_MODULE, "weight")))]


def _tests(kind: str, tensor: str, known: dict[str, list[Leaf]], translation: Any) -> list[Code]:
    """On what it depends that a layer of a kind has a tensor that can begin by a rule."""
    tests: list[Code] = []
    if "with_weights" in translation.helpers:
        tests.append(ast.Compare(constant(tensor), [ast.NotIn()], [name("given")]))
    if not _has_always(kind, tensor, known):
        tests.append(is_not_none(attribute(_MODULE, tensor)))
    return tests


def _carried_out(rules: dict[str, dict[str, Rule]], text: Any, unit: Any, translation: Any) -> list[Any]:
    """The lines of a network that carry out rules."""
    kinds = [*rules, *dict.fromkeys(own.kind for own in text.own if own.kind not in rules)]
    has_begun = "begun" in translation.helpers
    if not kinds and not has_begun:
        return []
    is_plain = all(own.is_always and flat(own.path).count(".") == 1 for own in text.own)
    if not rules and not has_begun and is_plain:
        return [line for own in text.own for line in _one_layer(own)]
    known = _layers(translation.program, unit, translation)
    blocks: dict[str, tuple[list[Any], list[str]]] = {}
    """What is done to the layers of some kinds, with their classes, by its text."""
    for kind in kinds:
        own = [each for each in text.own if each.kind == kind]
        body = _body(kind, rules.get(kind, {}), own, known, translation)
        _, targets = blocks.setdefault("\n".join(_written(body)), (body, []))
        targets += [each for each in _targets(kind, known, unit) if each not in targets]
    lines: list[Any] = []
    for body, targets in reversed(blocks.values()):
        lines = [If(*as_one(_is_one_of(targets), body), lines)]
    if has_begun:  # weights begin before biases, whoever says how, so that a seed gives the same numbers
        own_words = Assign("own", _noted("begun", ast.Dict([], [])))
        lines = [own_words, _own_word("weight"), *lines, _own_word("bias")]
    return [_for_modules(lines)]


def _one_layer(own: Own) -> Iterator[Any]:
    """The lines for a layer that says itself how it begins, in a network without other rules."""
    for tensor in ("weight", "bias"):
        rule = own.rules.get(tensor)
        if rule is not None and rule.name != DEFAULT:
            yield from _filled(own, own.path, tensor, rule)


def _filled(own: Own, layer: Code, word: str, rule: Rule) -> list[Any]:
    """The lines that fill a tensor of a layer by its own rule; mypy does not know that a convolution has its bias."""
    tensor = attribute(layer, word)
    is_optional = word == "bias" and own.kind in _OPTIONAL_BIAS
    told = [Do(is_not_none(tensor), "assert ")] if is_optional else []
    return [*told, Do(rule_code(rule, tensor))]


def _own_word(tensor: str) -> If:
    filling = subscript(name("own"), constant(tensor))
    test = ast.Compare(constant(tensor), [ast.In()], [name("own")])
    return If(test, [Do(call(filling, attribute(_MODULE, tensor)))], [])


def _layers(program: Program, unit: Any, translation: Any) -> dict[str, list[Leaf]]:
    """The layers of all networks that a class is for, by kind."""
    kind = unit.definition.kind
    names = translation.names_of(unit)
    found: dict[str, list[Leaf]] = {}
    for module in program.modules.values():
        if module.kind == kind and module.name in names:
            for leaf in _leaves(program, module, set()):
                found.setdefault(leaf.layer.kind, []).append(leaf)
    return found


def _leaves(program: Program, module: Module, seen: set[str]) -> Iterator[Leaf]:
    for child in module.children:
        unit = child.unit
        if isinstance(unit, Use):
            if unit.module not in seen:
                seen.add(unit.module)
                yield from _leaves(program, program.modules[unit.module], seen)
        else:
            yield unit


def _targets(kind: str, known: dict[str, list[Leaf]], unit: Any) -> list[str]:
    found = list(dict.fromkeys(leaf.layer.torch(leaf.x).target for leaf in known.get(kind, ())))
    if not found:
        rank = (unit.ranks[0][1] if unit.ranks else unit.text.input_rank) - 1
        return [f"nn.{KINDS[kind].module_name(rank)}"]
    return ["nn.LayerNorm"] if "ChannelLayerNorm" in found else found


def _body(
    kind: str, rules: dict[str, Rule], own: list[Own], known: dict[str, list[Leaf]], translation: Any
) -> list[Any]:
    """What is done to each layer of a kind."""
    blocks: list[list[Any]] = []
    for tensor in ("weight", "bias"):
        lines: list[Any] = []
        rule = rules.get(tensor)
        if rule is not None and rule.name != DEFAULT:
            tests = _tests(kind, tensor, known, translation)
            if "begun" in translation.helpers:
                tests.insert(0, ast.Compare(constant(tensor), [ast.NotIn()], [name("own")]))
            lines = [Do(rule_code(rule, attribute(_MODULE, tensor)))]
            lines = [If(all_of(tests), lines, [])] if tests else lines
        said: dict[str, tuple[list[Any], list[Code]]] = {}
        for each in own:
            if tensor in each.rules:
                own_rule = each.rules[tensor]
                is_left = own_rule.name == DEFAULT
                body = [Do(name("pass"))] if is_left else _filled(each, _MODULE, tensor, own_rule)
                test = ast.Compare(_MODULE, [ast.Is()], [each.path])
                said.setdefault("\n".join(_written(body)), (body, []))[1].append(test)
        for body, found in reversed(said.values()):
            lines = [If(any_of(found), body, lines)]
        blocks.append(lines)
    match blocks:
        case [If(no=[]) as weight], [If(no=[]) as bias] if flat(weight.test) == flat(bias.test):
            blocks = [[If(weight.test, [*weight.yes, *bias.yes], [])]]
    return [*_fan_lines(rules.values()), *chain.from_iterable(blocks)] or [Do(name("pass"))]


def _has_always(kind: str, tensor: str, known: dict[str, list[Leaf]]) -> bool:
    if tensor == "bias" and kind in _OPTIONAL_BIAS:
        return False
    if tensor == "bias" and kind == "linear" and "multihead_attention" in known:
        return False  # it ends in an nn.Linear, perhaps without one
    leaves = known.get(kind, ())
    return bool(leaves) and all(tensor in {t.name for t in leaf.layer.tensors(leaf.x)} for leaf in leaves)
