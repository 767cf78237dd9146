"""What to say of names and values that do not fit where they stand.

The words are in the tables of cnndsl/hints/semantics.py: here is found out what these speak of.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

from cnndsl.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, Problem, Severity, error
from cnndsl.hints.spelling import is_clear, nearest
from cnndsl.ir.names import why_not
from cnndsl.layers.axis_order import as_torch, channels_first, swapped, without_batch
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import Shape
from cnndsl.layers.initialisers import RULES
from cnndsl.layers.registry import OPERATIONS
from cnndsl.semantics.pytorch_names import name_alone
from cnndsl.semantics.values import Function, Part, Recipe, Scope, Unknown, Value, describe, is_values
from cnndsl.source import Span
from cnndsl.symbolic.number import value_of
from cnndsl.syntax import tree

CONSTANTS = (tree.Number, tree.Boolean, tree.String, tree.ListOf)
"""What is written as a constant: a number, a text, or a list."""
_OF_VALUES = frozenset(["cosine_similarity"])
MATHEMATICS = frozenset(["square", "clip", "sin", "cos", *_OF_VALUES])
"""Functions of Python and PyTorch that the language has not."""
_ATOMS = (tree.Number, tree.Name, tree.Attribute, tree.Call)
"""What is written beside an operator without brackets."""
_LARGE = 700
"""The largest number whose exponential can be worked out."""
_MODULES = frozenset(
    {"F", "K", "functional", "jax", "keras", "layers", "linen", "math", "nn", "np", "numpy", "tf", "torch"}
)


def hint(
    situation: str, code: str, words: str, node: tree.Node, spans: Mapping[str, Span] | None = None, **facts: Any
) -> Problem | None:
    """What the table of a situation says of a node, by a few words about it; None where it says nothing."""
    from cnndsl.hints.engine import say
    from cnndsl.hints.semantics import TABLES

    return say(TABLES[situation], code, words, node.span, spans or {}, facts)


def refused(
    situation: str, code: str, words: str, node: tree.Node, spans: Mapping[str, Span] | None = None, **facts: Any
) -> Problem:
    """As `hint`, for a table whose last entry fits everything."""
    problem = hint(situation, code, words, node, spans, **facts)
    assert problem is not None  # noqa: S101 - for the type checker
    return problem


def kind_of(value: Any) -> str:
    """What a value is, in the one word that the tables know it by."""
    value = value_of(value)
    if isinstance(value, list):
        return "layers" if any(isinstance(item, Recipe) for item in value) else "list"
    kinds = ((Part, "part"), (Recipe, "layer"), (Value, "value"), (tuple, "values"), (bool, "truth"), (int, "number"))
    others = ((float, "decimal"), (str, "text"))
    return next((word for kind, word in (*kinds, *others) if isinstance(value, kind)), "other")


def kinds_of(*values: Any) -> str:
    """As `kind_of`, for several; a layer with a name is a layer too."""
    return " ".join(kind_of(value).replace("part", "layer") for value in values)


def result_of(*values: Any) -> str:
    """A way out where a layer stands for what came out of it, `e1: conv(8, 3)` and then `e1 + it`; empty elsewhere."""
    part = next((value for value in values if isinstance(value, Part)), None)
    if part is None:
        return ""
    span = part.span
    found = re.fullmatch(r"\s*:\s*(.+)", span.text.removeprefix(part.name))
    if found is None:
        return ""
    if span.source.line(span.position.line).strip() == span.text:
        return f"to name what comes out of it, write {part.name} = it -> {found[1]} there"
    return f"to name what comes out of it, end the line behind {part.name} and write x = it"


def takes_values(name: str, call: tree.Call, given: Sequence[tuple[tree.Argument, Any]]) -> Problem:
    """The error for an operation on values that is given layers, `concat(conv(8, 1), conv(8, 3))`, or constants."""
    from cnndsl.hints.engine import is_short

    layers = [(argument.value.span, value) for argument, value in given if isinstance(value, Recipe)]
    texts = [a.span.text if isinstance(a.value, _ATOMS) else f"({a.span.text})" for a, _ in given]
    written = [f"it -> {a.value.span.text}" if isinstance(value, Recipe) else a.span.text for a, value in given]
    whole = ", ".join(written)
    return refused(
        "operation",
        "E206",
        " ".join([name, *(kind_of(value) for _, value in given), "Call"]),
        call,
        {"layer": layers[0][0]} if layers else {},
        name=name,
        what=describe(layers[0][1]) if layers else "",
        sign={"add": "+", "sub": "-", "mul": "*", "div": "/"}.get(name),
        first=texts[0] if texts else "",
        second=texts[-1] if texts else "",
        written=whole if is_short(whole) else f"{written[0].split('(')[0]}(...), ...",
        result=result_of(*(value for argument, value in given if argument.name is None)),
    )


def no_operation(node: tree.Binary, left: Any, right: Any) -> Problem:
    """The error for an operator between two things that do not go together."""
    values = (left, right) if isinstance(left, Value) or not isinstance(right, Value) else (right, left)
    what, other = ("a value of the network" if isinstance(value, Value) else describe(value) for value in values)
    words, spans = (
        f"{kind_of(left)} {node.operator} {kind_of(right)}",
        {"left": node.left.span, "right": node.right.span},
    )
    result = result_of(left, right)
    return refused(
        "operator", "E206", words, node, spans, operator=node.operator, what=what, other=other, result=result
    )


def no_operator(operator: str, node: tree.Node, left: Span, right: Span) -> Problem:
    """The error for an operator that numbers have, and values of the network have not: `it % 2`, `2 ** it`."""
    return refused("power", "E206", operator, node, {"left": left, "right": right}, operator=operator)


def mathematics(problem: Problem, node: tree.Call, given: Sequence[Any]) -> Problem:
    """The error for a function that there is not, `sqrt(16)`, `math.log2(n)`, with what it is given."""
    name = node.function.span.text.rpartition(".")[2]
    if name not in _OF_VALUES and any(isinstance(value, Value) for value in given):
        return of_a_value(name, node)
    written = [a.span.text if isinstance(a.value, _ATOMS) else f"({a.span.text})" for a in node.arguments]
    is_number = len(given) == 1 and type(given[0]) in (int, float) and 0 < given[0] < _LARGE
    result = f"{getattr(math, name)(given[0]):g}" if is_number and hasattr(math, name) else ""
    words, (first, second) = f"{name} {len(written)} {'number' if is_number else 'other'}", (*written, "", "")[:2]
    along = (a.value.span.text for a in node.arguments if a.name is not None and a.name.text in ("dim", "axis"))
    axis = next(along, "1")
    said = hint("function", "E201", words, node.function, first=first, second=second, result=result, axis=axis)
    return said or problem


def of_a_value(name: str, node: tree.Call) -> Problem:
    """The error for a function of numbers that is called on a value of the network: `abs(it)`, `sqrt(it)`."""
    return refused("function of a value", "E206", name, node, {"first": node.arguments[0].span}, name=name)


def no_layer(node: tree.Expression, value: Any, wanted: str, label: tree.Node | None = None) -> Problem:
    """The error for a stage that is no layer; `wanted` says what stands there, and `label` is the name it is given."""
    items = node.items if isinstance(node, tree.ListOf) else ()
    kind = "function" if isinstance(value, Function) and value.name in OPERATIONS else kind_of(value)
    many = is_values(value)
    return refused(
        "stage",
        "E404",
        f"{'labelled' if label else 'plain'} {'values' if many else kind} {type(node).__name__}",
        node,
        wanted=wanted,
        what=describe(value),
        count=str(len(value)) if many else "",
        label=label.span.text if label is not None else "",
        row="" if any(isinstance(item, CONSTANTS) for item in items) else " -> ".join(item.span.text for item in items),
        hidden=next(iter(hidden(node)), ""),
        word=alias(node.span.text.strip('"')) or "",
    )


def no_attribute(node: tree.Attribute, value: Any, *, is_asked: bool) -> Problem:
    """The error for what is asked of something that is no value; `is_asked` where values are asked for it."""
    words, name = f"{kind_of(value)} {type(node.value).__name__}", node.name.text
    result, word = result_of(value) if is_asked else "", alias(name) or ""
    spans = {"value": node.value.span}
    return refused("attribute", "E206", words, node, spans, name=name, what=describe(value), word=word, result=result)


def method(problem: Problem, call: tree.Call) -> Problem:
    """The error for a method of a tensor, `x.mean(dim=[2, 3])`, with its arguments; `problem` is that for its name."""
    function, found = call.function, problem.diagnostic
    if not isinstance(function, tree.Attribute) or found.span != function.name.span or not found.help:
        return problem
    name, texts = function.name.text, [argument.span.text for argument in call.arguments]
    is_plain = texts and not any("#" in text or "\n" in text for text in (*texts, function.value.span.text))
    said = hint(
        "method",
        found.code,
        " ".join([name, "plain" if is_plain else "other", *texts]),
        function.name,
        {"value": function.value.span, "call": call.span},
        message=found.message,
        last=found.help[-1],
        operation={"amax": "max", "amin": "min"}.get(name, name),
        given=", ".join(re.sub(r"^(dims?|axis)\s*=", "axis=", text) for text in texts),
    )
    return said or problem


def begins_line(span: Span) -> bool:
    """Whether nothing stands before a place on its line."""
    return not span.source.text[: span.start].rpartition("\n")[2].strip()


def refuse_others(what: str, value: Any, span: Span, help_for: Callable[[], str | tuple[str, ...]]) -> None:
    """Raise Problem unless a value is a number, true or false, a text, or a list of such."""
    if isinstance(value, list):
        for item in value:
            refuse_others(what, item, span, help_for)
    elif not isinstance(value_of(value), (bool, int, float, str)):
        message = f"{what} must be a number or a text, and this is {describe(value)}"
        raise error("E206", message, span, help=help_for())


def alias(name: str) -> str | None:
    """Our word for a layer that goes by this name elsewhere."""
    from cnndsl.layers.aliases import alias

    return alias(name)


def misread(name: str, span: Span, known: Collection[str], code: str, label: Span | None = None) -> Problem | None:
    """The error for a name that looks like a known one, and has letters of another script; None for another name."""
    from cnndsl.hints import characters

    meant, plain = characters.looks_like(name, known), characters.latin(name)
    if meant is None and plain != name and alias(plain) in known:
        meant = alias(plain)
    return None if meant is None else characters.misread(name, span, meant, code, label)


def unknown_name(node: tree.Name, scope: Scope, declared: Span | None, block: str = "") -> Problem:
    """The error for a name that means nothing here.

    `declared` is where another line of the body gives it a meaning, `block` the name of the block or sequence that the
    body is of.
    """
    name, span, visible = node.text, node.span, scope.visible()
    if declared is not None:
        labels = (Label(declared, "it is declared here"),)
        if declared.start < span.start:
            message = f"{name} means nothing here: the line that declares it is in a branch that is not taken"
            helps = "use it in the same branch, or declare it in every other one too"
            return error("E201", message, span, labels=labels, help=helps)
        helps = "declare it before the line that uses it"
        return error("E201", f"{name} is declared further down, and means nothing yet", span, labels=labels, help=helps)
    said = misread(name, span, visible, "E201") or hint("name", "E201", "Name", node)
    if said is not None:
        return said
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
    from cnndsl.layers.aliases import is_choice

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
    given = re.search(rf"(?m)(?:^|[;{{])[ \t]*({re.escape(name)}) *=(?!=)", span.source.text)
    if block and given is not None and fix is None:
        helps = f"give it to the block, which knows no names of other bodies: block {block}(..., {name}) {{ ... }}"
        other = Label(Span(span.source, given.start(1), given.end(1)), "another body has it")
        return error("E201", f"nothing is called {name} in {block}", span, labels=(other,), help=helps)
    return error("E201", f"nothing is called {name}", span, help=helps, fix=fix)


def once_in_a_chain(node: tree.Name, part: Span) -> Problem:
    """The error for a layer of a chain that is applied there again."""
    return error(
        "E404",
        f"{node.text} is a layer of this chain already, and each layer of a chain is applied once, in its place",
        node.span,
        labels=(Label(part, "it is applied here"),),
        help="write a second layer, or make it a block: block Name { ... }, which may apply a layer again",
    )


def only_a_key(node: tree.Name, part: Span) -> Problem:
    """The error for a name that stands in quotes where a part has it: there it is a key, and means nothing."""
    name = node.text
    ways: tuple[str, ...] = (f'apply the layer again by its key: -> "{name}"',)
    if name.isidentifier() and why_not(name) is None:
        ways = (f"leave the quotes out, to use the layer again: {name}: ...", *ways)
    message = f"{name} is the key of a layer, in quotes, and no name"
    return error("E201", message, node.span, labels=(Label(part, "it is declared here"),), help=ways)


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
        is_own = isinstance(scope.get(name), (Part, Value, Unknown))
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
    said = hint("name", "E201", "Name", node.name)
    helps = f"did you mean {near}?" if near else "cnndsl layers lists the layers there are"
    return error("E201", f"nothing is called {text}", span, help=said.diagnostic.help if said else helps)


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


def hidden(node: tree.Expression, part: Part | None = None) -> tuple[str, ...]:
    """A way out where the word of a layer was given another meaning, as of a `part`; empty for another name."""
    if isinstance(node, tree.Name) and node.text in OPERATIONS:
        other = f"choose another name there, {node.text}1"
        return (f"{node.text} was given another meaning, which hides the function: {other}",)
    if not isinstance(node, tree.Name) or alias(node.text) != node.text:
        return ()
    if part is not None:
        return (f'a name in quotes keeps the key and leaves {node.text} the layer: "{node.text}": {node.text}(...)',)
    other = f"choose another name there, {node.text}1"
    return (f"{node.text} was given another meaning, which hides the layer: write {node.text}(), or {other}",)


def known_method(node: tree.Attribute) -> tuple[str, ...]:
    """A way out for a method of a tensor, as in `x.view(-1, 400)`; empty where none is known."""
    name, value = node.name.text, node.value.span.text
    word = alias(name)
    if word is not None:
        return (f"a layer is applied with ->: {value} -> {word}",)
    if name not in OPERATIONS:
        return ()
    more = ", ..." if any(parameter.required for parameter in OPERATIONS[name].parameters()) else ""
    return (f"write {name}({value}{more})",)


def arrows(node: tree.Comparison, sign: str) -> Problem:
    """The error for layers that are put in a row with another sign: `conv(8, 3) > relu`, `relu <- conv(8, 3)`."""
    operands = [o.operand if sign == "<-" and isinstance(o, tree.Unary) else o for o in node.operands]
    gaps = [Span(node.span.source, left.span.end, right.span.start) for left, right in pairwise(operands)]
    plain = not any("#" in gap.text or "\n" in gap.text for gap in gaps)
    if sign == "<-":
        written = " -> ".join(operand.span.text for operand in reversed(operands))
        message, fix = "an arrow points to where a value goes", Fix.suggested(node.span, written)
    else:
        written = " -> ".join(operand.span.text for operand in operands)
        message, fix = "an arrow is written ->", Fix(tuple(Edit(gap, " -> ") for gap in gaps), Applicability.UNSAFE)
    return error("E206", message, node.span, help=f"write {written}", fix=fix if plain else None)


def assigned(name: tree.Name, value: tree.Unary) -> Problem:
    """The error for `x <- conv(8, 3)`, as R has it."""
    between = Span(name.span.source, name.span.end, value.operand.span.start)
    fix = Fix.suggested(between, " = ") if "#" not in between.text else None
    return error("E201", "a name is given a value with =", between, help=f"write {name.text} = ...", fix=fix)


def other_order(code: str, layer: Layer, x: Shape) -> tuple[str, ...]:
    """A way out where a window does not fit because numbers stand in the order of another framework."""
    if code != "E302":
        return ()
    torch = as_torch(layer, x)
    if torch:
        return (f"the channels that come in are not written: {torch}",)
    meant = swapped(layer)
    return (f"the number of kernels comes before their size: {meant}",) if meant else ()


def other_input(x: Shape, span: Span) -> Diagnostic | None:
    """The warning for an input of pictures whose channels come last, or which has a batch; None for another."""
    meant, batched = channels_first(x), without_batch(x)
    if meant is not None:
        rows, columns, channels = map(value_of, x)
        have = f"pictures with {channels} channel{'s have them' if channels > 1 else ' have it'} first"
        message, helps = f"this input has {rows} channels of {columns} x {channels}; {have}", "the channels come first"
    elif batched is not None:
        many, depth, rows, columns = map(value_of, x)
        channels = f"{many} channel{'s' if many > 1 else ''}"
        message = f"this input is a volume with {channels}, {depth} deep; the batch is no part of the size of an input"
        helps = "for pictures leave the batch out"
    else:
        return None
    return Diagnostic("W216", message, span, help=(f"{helps}: {meant or batched}",), severity=Severity.WARNING)


def open_size(span: Span, name: str = "", way: str = "give the input its size") -> Problem:
    """The error for a place, or an argument by its name, that needs a number where the size is left open."""
    if name:
        return error("E309", f"{name} needs a number, and this size is left open in the input", span, help=way)
    return error(
        "E309",
        "this needs a size that is left open in the input",
        span,
        help="give the input its size, or bring the map to a fixed size first: adaptive_avgpool(1)",
    )


def nested_too_deeply(span: Span) -> Problem:
    """The error for what has more levels than can be worked out."""
    return error("E501", "this is nested too deeply", span, help="give inner parts names of their own")
