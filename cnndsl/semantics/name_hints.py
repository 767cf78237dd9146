"""What a person may have meant by a name that is not known."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from heapq import nlargest
from math import prod
from typing import Any

from cnndsl.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, Problem, error
from cnndsl.hints.characters import latin, looks_like, misread
from cnndsl.layers.formula import Shape
from cnndsl.layers.initialisers import RULES
from cnndsl.semantics.values import Part, Scope, Unknown, Value
from cnndsl.source import Span
from cnndsl.symbolic.number import is_open, value_of
from cnndsl.syntax import tree


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that differs least, if it is near enough to be meant."""
    return _nearest(word, tuple(known))[0]


def is_clear(word: str, known: Iterable[str]) -> bool:
    """Whether no other known word could as well be meant as the nearest one."""
    return _nearest(word, tuple(known))[1]


@lru_cache(maxsize=64)
def _nearest(word: str, known: tuple[str, ...]) -> tuple[str | None, bool]:
    form, by_form = _form(word), _forms(known)
    least, most = len(form) - _LONGER, len(form) + _LONGER
    alike = [other for other in by_form if least <= len(other) <= most]
    if len(alike) > _FIRST + _LAST:
        alike = alike[:_FIRST] + alike[-_LAST:]
    likely = nlargest(_COMPARED, alike, key=lambda other: sum(_ends(form, other)))
    found = sorted(((likeness(form, other), other) for other in likely), reverse=True)
    if not found or found[0][0] < _NEAR:
        return None, False
    (first, near), *others = found
    return by_form[near], first >= _CLEAR and all(other <= first - _NEXT for other, _ in others)


@lru_cache(maxsize=4)
def _forms(known: tuple[str, ...]) -> dict[str, str]:
    return {_form(name): name for name in known}


def _form(word: str) -> str:
    return word.lower().replace("_", "")


def _ends(a: str, b: str) -> tuple[int, int]:
    """How many letters two words have in common at their beginnings, and at their ends."""
    first = last = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        first += 1
    left = min(len(a), len(b)) - first
    for x, y in zip(a[: -left - 1 : -1], b[: -left - 1 : -1], strict=False):
        if x != y:
            break
        last += 1
    return first, last


def likeness(a: str, b: str) -> float:
    """How much two words are alike, from 0 to 1: twice the letters that they share in their order, of all letters."""
    from difflib import SequenceMatcher

    first, last = _ends(a, b)
    inner, other = a[first : len(a) - last], b[first : len(b) - last]
    shared = first + last
    if inner and other and len(inner) + len(other) <= _LONGEST:
        shared += sum(block.size for block in SequenceMatcher(None, other, inner).get_matching_blocks())
    return 2 * shared / (len(a) + len(b)) if a or b else 1.0


_NEAR, _CLEAR, _NEXT = 0.72, 0.75, 0.08
"""How near a word must be for a question, and for a fix, and by how much the next one must be farther then."""
_LONGER, _FIRST, _LAST = 5, 100, 200
"""By how many letters a word meant may be longer or shorter; of very many words, the first and last are looked at: the
names of the body, and the layers."""
_COMPARED, _LONGEST = 8, 80
"""So many of them are compared letter by letter, and so many letters of both where they begin to differ."""


_ELSEWHERE = {
    "True": "write true",
    "False": "write false",
    "None": "leave the argument out",
    "none": "leave the argument out",
    "null": "leave the argument out",
    "self": "parts are named without self: conv1",
    "super": "remove this line: nothing stands above a network",
    "return": "leave it out: the last value of a body is its output",
    "pass": "remove it: a body may be empty",
    "sqrt": "a root is written x ** 0.5",
    "print": "nothing is printed: remove this line",
    "Input": "write input(3, 32, 32): the channels come first, and the batch is left out",
    "InputLayer": "write input(3, 32, 32): the channels come first, and the batch is left out",
    "Sequential": "layers in a row are written a -> b -> c, or in braces with a line for each",
    "Module": "a network is written network Net { ... }",
    "x": "the value that flows is called it, and the one that came in input",
    "y": "the value that flows is called it, and the one that came in input",
    "training": "lines for training only are written when training { ... }",
    "model": "layers stand in lines of their own: nothing is added to a model",
}
_TRAINING = "training is not part of a network: compile it, and train the module that is written in Python"
_ELSEWHERE |= dict.fromkeys(
    (
        "CrossEntropyLoss", "MSELoss", "NLLLoss", "BCELoss", "BCEWithLogitsLoss", "L1Loss", "cross_entropy", "mse_loss",
        "loss", "criterion", "Adam", "AdamW", "SGD", "RMSprop", "optimizer", "train", "fit", "backward",
    ),
    _TRAINING,
)  # fmt: skip
CONSTANTS = (tree.Number, tree.Boolean, tree.String, tree.ListOf)
"""What is written as a constant: a number, a text, or a list."""
_WRITTEN = {"True": "true", "False": "false", "x": "it"}
_MODULES = frozenset(
    {"F", "K", "functional", "jax", "keras", "layers", "linen", "math", "nn", "np", "numpy", "tf", "torch"}
)


def alias(name: str) -> str | None:
    """Our word for a layer that goes by this name elsewhere."""
    from cnndsl.layers.aliases import alias

    return alias(name)


def is_choice(name: str) -> bool:
    """Whether the parameter of a layer takes this word, in quotes."""
    from cnndsl.layers.aliases import is_choice

    return is_choice(name)


def unknown_name(node: tree.Name, scope: Scope, declared: Span | None) -> Problem:
    """The error for a name that means nothing here; `declared` is where another line of the body gives it a meaning."""
    name, span, visible = node.text, node.span, scope.visible()
    if declared is not None:
        labels = (Label(declared, "it is declared here"),)
        if declared.start < span.start:
            message = f"{name} means nothing here: the line that declares it is in a branch that is not taken"
            helps = "use it in the same branch, or declare it in every other one too"
            return error("E201", message, span, labels=labels, help=helps)
        helps = "declare it before the line that uses it"
        return error("E201", f"{name} is declared further down, and means nothing yet", span, labels=labels, help=helps)
    meant = looks_like(name, visible)
    if meant is None and latin(name) != name and alias(latin(name)) in visible:
        meant = alias(latin(name))
    if meant is not None:
        return misread(name, span, meant, "E201")
    if name in _ELSEWHERE:
        make = Fix.safe if _WRITTEN.get(name) in ("true", "false") else Fix.suggested
        fix = make(span, _WRITTEN[name]) if name in _WRITTEN else None
        return error("E201", f"nothing is called {name}", span, help=_ELSEWHERE[name], fix=fix)
    word = alias(name)
    if word and word in visible:
        # Who writes Conv2d means the layer; who writes pool may mean what is called pool1.
        sure = (
            not name.islower() or word in RULES or nearest(name, (other for other in visible if other != word)) is None
        )
        fix = Fix.suggested(span, word) if sure else None
        message = f"{name} is called {word} here"
        if span.text != name and "FULLWIDTH" in unicodedata.name(span.text[0], ""):
            message = f"{span.text} is written with full-width letters, and is called {word} here"
        problem = error("E201", message, span, help=f"write {word}", fix=fix)
        return name_alone(problem, node) if scope.is_original(word) else problem
    plain = unicodedata.normalize("NFKC", name)
    if plain != name and plain in visible:
        message = f"{name} is written with other characters than {plain}"
        return error("E201", message, span, help=f"write {plain}", fix=Fix.safe(span, plain))
    if is_choice(name):
        quoted = f'"{name}"'
        return error("E201", f"nothing is called {name}", span, help=f"write {quoted}", fix=Fix.suggested(span, quoted))
    kind = name.rstrip("0123456789_")
    if kind != name and kind in visible and alias(kind) == kind:  # conv1: a part that was to be declared
        helps = f"declare it before this line: {name} = {kind}, with its arguments"
        return error("E201", f"nothing is called {name}", span, help=helps)
    known = [*visible, "input"]
    near = nearest(name, known)
    ways = "declare it before this line; cnndsl layers lists the layers there are"
    if name[0].isupper():
        ways = f"define {name} in this file, or import it; cnndsl layers lists the layers there are"
    helps = f"did you mean {near}?" if near else ways
    fix = Fix.suggested(span, near) if near and is_clear(name, known) else None
    return error("E201", f"nothing is called {name}", span, help=helps, fix=fix)


def known_in_braces(node: tree.Name, inner: Span, *, known_outside: bool) -> Problem:
    """The error for a name outside of the braces in which a line gives it a meaning, maybe other than it has here."""
    name = node.text
    message = f"{name} is given a meaning in braces, and is known only in there"
    helps = [f"give {name} its meaning in a line of the body itself, outside of the braces"]
    if known_outside:
        message = f"{name} is given another meaning in braces, which ends with them"
        helps.append(f"if what it was before is meant here, call it something else in the braces: {name}_1")
    labels = (Label(inner, "here, in braces that are a stage of their own"),)
    return error("E218", message, node.span, labels=labels, help=tuple(helps))


def unknown_attribute(problem: Problem, node: tree.Attribute, scope: Scope) -> Problem:
    """The error for what is asked of a name that means nothing, `nn.Conv2d`, `self.conv1`, and was said of the name."""
    root, visible = node.value, scope.visible()
    while isinstance(root, tree.Attribute):
        root = root.value
    if not isinstance(root, tree.Name) or problem.diagnostic.span not in (root.span, node.value.span):
        return problem
    name, text, span = node.name.text, node.span.text, node.span
    if root.text == "self":
        if node.value is not root:
            return problem
        # Only what was given this name is certainly meant: a layer of ours may be called the same.
        is_own = name in scope and isinstance(scope.find(name)[0], (Part, Value, Unknown))
        message, make = "the parts of a network are named without self", Fix.safe if is_own else Fix.suggested
        return error("E201", message, span, help=f"write {name}", fix=make(span, name))
    if root.text not in _MODULES and not name[0].isupper():
        return problem
    word = alias(name) or name
    if word in visible:
        is_same = text == f"math.{word}" and scope.is_original(word)
        fix = (Fix.safe if is_same else Fix.suggested)(span, word)
        problem = error("E201", f"{text} is called {word} here", span, help=f"write {word}", fix=fix)
        return name_alone(problem, node) if scope.is_original(word) else problem
    near = nearest(name, visible)
    helps = _ELSEWHERE.get(name) or (f"did you mean {near}?" if near else "cnndsl layers lists the layers there are")
    return error("E201", f"nothing is called {text}", span, help=helps)


def method(node: tree.Attribute) -> tuple[str, ...]:
    """A way out for a method of a tensor, as in `x.view(-1, 400)`; empty where none is known."""
    name, value = node.name.text, node.value.span.text
    word = alias(name)
    if word is not None:
        return (f"a layer is applied with ->: {value} -> {word}",)
    return (f"write {name}({value})",) if name in ("mean", "max", "split") else ()


def without(call: tree.Call, at: int) -> Fix | None:
    """The fix that takes an argument out of a call, with its comma; None where a comment would go with it."""
    span = call.arguments[at].span
    before = span.source.text[: span.start].rstrip()
    if before.endswith(","):
        span = Span(span.source, len(before) - 1, span.end)
    elif at + 1 < len(call.arguments):
        span = Span(span.source, span.start, call.arguments[at + 1].span.start)
    else:
        span = Span(span.source, len(before) - 1, call.span.end)
    return None if "#" in span.text else Fix.suggested(span, "")


def called_twice(problem: Problem, call: tree.Call) -> Problem:
    """The error for `Add()([a, b])`, as Keras has it; `problem` is what is wrong with the first of the two calls."""
    first = call.function
    if not isinstance(first, tree.Call) or first.arguments or problem.diagnostic.span != first.span:
        return problem
    name, found = first.function.span.text, problem.diagnostic
    fix = Fix.suggested(Span(first.span.source, first.function.span.end, first.span.end), "")
    helps = f"write {name}(a, b)"
    return error(found.code, f"{name} is called once, with its values", first.span, help=helps, fix=fix)


def unknown_operation_argument(operation: str, parameters: list[str], argument: tree.Argument) -> Problem:
    """The error for an operation on values with an argument of a name that it does not have."""
    assert argument.name is not None  # noqa: S101 - only named arguments get here
    name, given = argument.name, argument.value.span.text
    others = {"dim": "axis", "dims": "axis", "keepdims": "keepdim", "chunks": "parts"}
    short = others.get(name.text) or nearest(name.text, parameters)
    if short not in parameters:
        helps = f"it takes values, then {', '.join(parameters) or 'no further arguments'}"
        return error("E207", f"{operation} has no {name.text}", name.span, help=helps)
    fix = (Fix.safe if name.text in others else Fix.suggested)(name.span, short)
    if name.text in others:
        return error("E207", f"{name.text} is called {short} here", name.span, help=f"write {short}={given}", fix=fix)
    return error("E207", f"{operation} has no {name.text}", name.span, help=f"did you mean {short}?", fix=fix)


def check_colons(call: tree.Call) -> None:
    """Raise Problem for an argument that is given with a colon: `conv(channels: 8)`."""
    for argument in call.arguments:
        value = argument.value
        if argument.name is None and isinstance(value, tree.Labelled) and isinstance(value.layer, CONSTANTS):
            label, given = value.label.span, value.layer.span
            between = Span(label.source, label.end, given.start)
            fix = Fix.safe(between, "=") if between.text.strip() == ":" else None
            helps = f"write {label.text}={given.text}"
            raise error("E207", "an argument is given with =, and not with a colon", value.span, help=helps, fix=fix)


def with_colon(node: tree.Labelled) -> Problem | None:
    """The error for the arguments of a layer behind a colon, `maxpool: 2`; None for another line."""
    name, given = node.label.span, node.layer.span
    if not isinstance(node.layer, CONSTANTS) or alias(name.text) is None:
        return None
    wanted = f"{name.text}({given.text})"
    message = f"a colon gives a layer a name; the arguments of {name.text} stand in parentheses"
    return error("E404", message, node.span, help=f"write {wanted}", fix=Fix.suggested(node.span, wanted))


def hidden(node: tree.Expression) -> tuple[str, ...]:
    """A way out where the word of a layer was given another meaning; empty for another name."""
    if not isinstance(node, tree.Name) or alias(node.text) != node.text:
        return ()
    return (f"{node.text} was given another meaning, which hides the layer: choose another name there, {node.text}1",)


def activation_argument(kind: str, call: tree.Call, at: int) -> Problem:
    """The error for `conv(8, 3, activation="relu")`, as Keras has it."""
    from cnndsl.layers.aliases import activation

    argument = call.arguments[at]
    value = argument.value
    given = value.parts[0] if isinstance(value, tree.String) and len(value.parts) == 1 else value.span.text
    word = activation(given) if isinstance(given, str) else None
    after = f"write it after the layer: {kind}(...) -> {word or 'relu'}"
    if word == "":
        after = "leave it out: there is none unless one is written"
    fix = without(call, at)
    if fix is not None and word:
        end = call.span.end
        rest = call.span.source.text[end : end + 80].lstrip(" \t")
        follows = not rest or rest.startswith(("\n", ";", "}", "#", "->"))
        removed, added = fix.edits[0].span, f" -> {word}"
        if removed.end == end:  # the parentheses go, too
            fix = Fix.suggested(removed, added)
        else:
            fix = Fix((*fix.edits, Edit(Span(removed.source, end, end), added)), Applicability.UNSAFE)
        fix = fix if follows else None
    message = f"{kind} has no activation in it: that is a layer of its own"
    return error("E207", message, argument.span, help=after, fix=fix if word is not None else None)


def applied(call: tree.Call) -> Fix | None:
    """The fix that writes `conv1(x)` as `x -> conv1`; None for a call with other arguments."""
    if len(call.arguments) != 1 or call.arguments[0].name is not None:
        return None
    if isinstance(call.arguments[0].value, CONSTANTS):
        return None
    span, given, text = call.span, call.arguments[0].span, call.span.source.text
    before, after = text[: span.start].rstrip(" \t")[-1:], text[span.end :].lstrip(" \t")[:2]
    alone = before in ("", "(", ",", "=", "{", "\n", ";") and (after[:1] in ("", ")", ",", "}", "\n", ";", "#"))
    opening, closing = ("", "") if alone or (before not in ("+", "-", "*", "/", ">") and after == "->") else ("(", ")")
    return Fix(
        (
            Edit(Span(span.source, span.start, given.start), opening),
            Edit(Span(span.source, given.end, span.end), f" -> {call.function.span.text}{closing}"),
        ),
        Applicability.SAFE,
    )


def value_first(call: tree.Call) -> Fix | None:
    """The fix that writes `conv(x, 8, 3)` as `x -> conv(8, 3)`; None where something stands around it."""
    left_out = without(call, 0)
    value, span = call.arguments[0].value, call.span
    before = span.source.text[: span.start].rstrip(" \t")[-1:]
    if left_out is None or not isinstance(value, (tree.Name, tree.It, tree.Input)):
        return None
    if before not in ("", "(", ",", "=", "{", "\n", ";"):
        return None
    put = Edit(Span(span.source, span.start, span.start), f"{value.span.text} -> ")
    return Fix((put, *left_out.edits), Applicability.SAFE)


@dataclass(frozen=True)
class Claim:
    """What a layer of PyTorch says of its input."""

    ranks: tuple[int, ...] = ()
    """How many axes a sample may have, 3 for a map; any number of them where there are none."""
    channels: Any = None
    """How many channels come in."""
    features: Any = None
    """How many numbers come in, on all axes together."""

    def holds(self, x: Shape) -> bool:
        """Whether it is so for an input."""
        if (self.ranks and len(x) not in self.ranks) or any(map(is_open, x if self.features is not None else x[:1])):
            return False
        sizes = [value_of(dim) for dim in x]
        return all(
            said is None or (value_of(said) == size and not isinstance(value_of(said), bool))
            for said, size in ((self.channels, sizes[0]), (self.features, prod(sizes)))
        )


class AsInPyTorch(Problem):
    """An error whose fix is safe where the layer written at `span` is applied to what the text says."""

    def __init__(self, diagnostic: Diagnostic, span: Span, claim: Claim) -> None:
        super().__init__(diagnostic)
        self.span = span
        self._claim = claim

    def settled(self, at: Span, x: Shape) -> Diagnostic:
        """The diagnostic where what stands at a place is applied to an input."""
        fix = self.diagnostic.fix
        if fix is None or at != self.span:
            return self.diagnostic
        if not self._claim.holds(x):
            return self._with_what_comes_in(x)
        return replace(self.diagnostic, fix=replace(fix, applicability=Applicability.SAFE))

    def _with_what_comes_in(self, x: Shape) -> Diagnostic:
        """The diagnostic with what comes in, where the text says another number."""
        found, claim = self.diagnostic, self._claim
        written, left_out, _ = found.help[0].rpartition(": ") if found.help else ("", "", "")
        what, said = ("channels", claim.channels) if claim.features is None else ("numbers", claim.features)
        came = x[0] if claim.features is None else prod(value_of(dim) for dim in x)
        if not left_out or said is None or is_open(came) or value_of(came) == value_of(said):
            return found
        one = what.removesuffix("s") + " comes" if value_of(came) == 1 else f"{what} come"
        helps = (f"{written}: {value_of(came)} {one} in here, and not {value_of(said)}", *found.help[1:])
        return replace(found, help=helps)


def claimed(problem: Problem, span: Span, claim: Claim) -> Problem:
    """The problem of the layer at `span`, whose fix is safe if the claim holds; an empty one always does."""
    found = problem.diagnostic
    if found.fix is None:
        return problem
    if claim == Claim():
        return Problem(replace(found, fix=replace(found.fix, applicability=Applicability.SAFE)))
    return AsInPyTorch(found, span, claim)


def name_alone(problem: Problem, node: tree.Expression) -> Problem:
    """The error for PyTorch's name of a layer that is not called, `-> nn.ReLU`."""
    from cnndsl.layers.aliases import torch_function, torch_layer

    name, found = node.span.text, problem.diagnostic
    layer = torch_layer(name)
    if found.span != node.span or (torch_function(name) != "" if layer is None else layer.needs_arguments):
        return problem
    return claimed(problem, node.span, Claim() if layer is None else Claim(layer.ranks))
