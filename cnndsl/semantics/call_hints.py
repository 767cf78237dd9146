"""What to write in place of a call, or of an argument, that does not fit: worked out from how it was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from typing import Any

from cnndsl.diagnostics import Applicability, Edit, Fix, Problem, error
from cnndsl.hints.spelling import is_clear, nearest
from cnndsl.layers.initialisers import RULES
from cnndsl.layers.registry import KINDS
from cnndsl.semantics.hints import CONSTANTS, alias, refused, without
from cnndsl.semantics.pytorch_names import Claim, claimed
from cnndsl.semantics.values import Silent
from cnndsl.source import Span
from cnndsl.symbolic.number import value_of
from cnndsl.syntax import tree

Way = tuple[str, Fix | None]
"""A way out: what to do, and the fix that does it."""


def plainer_argument(
    given: tree.Argument, choices: tuple[str, ...], check: Callable[[Any], Any], worth: Any
) -> Way | None:
    """What to write in place of an argument whose value does not fit; `check` raises ValueError for such values.

    The nearest of some words, // for /, a number without quotes or decimals, true or false for a number, int(...)
    where decimals were worked out. `worth` is what the argument is worth.
    """
    value, span = given.value, given.value.span
    before = f"{given.name.text}=" if given.name is not None else ""
    if isinstance(value, tree.String) and choices:
        written = span.text.strip('"')
        near = nearest(written, choices)
        if near:
            make = Fix.safe if written.lower() == near.lower() else Fix.suggested
            return f'did you mean "{near}"?', make(span, f'"{near}"') if is_clear(written, choices) else None
    if isinstance(value, tree.Binary) and value.operator == "/":
        between = Span(span.source, value.left.span.end, value.right.span.start)
        at = between.start + between.text.find("/")
        fix = Fix.suggested(Span(span.source, at, at + 1), "//") if "#" not in between.text else None
        return "for a whole number divide with //", fix
    worked_out = [(int(worth), f"int({span.text})")] if type(worth) is float and isinstance(value, tree.Call) else []
    for meant, written in _plainer(value) or worked_out:
        try:
            check(meant)
        except ValueError:
            continue
        # By position 1 may be another argument than true. A whole number stays what it is, and one in quotes too.
        same = given.name is not None if isinstance(meant, bool) else not worked_out and meant == _number(value)
        return f"write {before}{written}", (Fix.safe if same else Fix.suggested)(span, written)
    return None


def _number(value: tree.Expression) -> float | int | None:
    """What is written as a number, in quotes or not; `value` is one of those that have a plainer form."""
    return value.value if isinstance(value, tree.Number) else float(value.span.text.strip('" '))


def _plainer(value: tree.Expression) -> list[tuple[Any, str]]:
    """What a value may have been meant as: the number in a text, a whole number, true for 1, 0.2 for 20."""
    if isinstance(value, tree.String):
        written = value.span.text.strip('" ').lower()
        if written in ("true", "false"):
            return [(written == "true", written)]
        if re.fullmatch(r"\d{1,9}", written):
            return [(int(written), str(int(written)))]
        return [(float(written), written)] if re.fullmatch(r"\d{1,9}\.\d{1,9}", written) else []
    if isinstance(value, tree.Number):
        number = value.value
        if isinstance(number, float):
            whole = [(int(number), str(int(number)))] if number.is_integer() and number < 2**31 else []
            return [*whole, *_as_share(number)]
        if number in (0, 1):
            return [(number == 1, "true" if number else "false")]
        return _as_share(number)
    return []


def _as_share(number: float) -> list[tuple[Any, str]]:
    """A number of per cent as a share of 1."""
    return [(number / 100, f"{number / 100:g}")] if 5 <= number <= 100 else []


def by_name(given: tree.Argument, words: dict[str, tuple[str, ...]]) -> Way | None:
    """What to write for a text by position that only one other parameter takes: `conv(8, 3, "same")`."""
    value = given.value
    if given.name is not None or not isinstance(value, tree.String):
        return None
    takers = [name for name, known in words.items() if value.span.text.strip('"') in known]
    if len(takers) != 1:
        return None
    start = Span(value.span.source, value.span.start, value.span.start)
    return f"write {takers[0]}={value.span.text}", Fix.suggested(start, f"{takers[0]}=")


def listed(given: Sequence[tuple[tree.Argument, Any]], check: Callable[[Any], Any]) -> Way | None:
    """The list that several arguments were meant as, `reshape(1, it.channels)`, where the only parameter takes one.

    `given` is each argument with what it is worth.
    """
    numbers = [value_of(value) for argument, value in given if argument.name is None]
    if len(numbers) != len(given) or len(given) < 2:
        return None
    try:
        check(numbers)
    except ValueError:
        return None
    span = given[0][0].span.to(given[-1][0].span)
    written = f"[{span.text}]"
    return f"write {written}", Fix.suggested(span, written) if "#" not in span.text else None


def beginning(value: Any, span: Span) -> Way | None:
    """How weights begin, where that is the name of a rule in quotes, or a number; `span` ends with it."""
    if isinstance(value, str):
        rule = alias(value)
        written, ending = (rule if rule in RULES else None), f'"{value}"'
        make = Fix.safe if rule == value else Fix.suggested
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        found = re.search(r"-?[\w.]+$", span.text)
        ending = found[0] if found else ""
        written, make = (f"constant({ending})" if ending else None), Fix.suggested
    else:
        return None
    if written is None:
        return None
    is_there = span.text.endswith(ending)
    fix = make(Span(span.source, span.end - len(ending), span.end), written) if is_there else None
    return f"write {written}", fix


def braced(node: tree.Body) -> Problem | None:
    """The error for `conv(8, {kernel: 3})`: arguments as an object of JavaScript."""
    given = []
    for line in node.statements:
        if isinstance(line, tree.Bind) and len(line.targets) == 1 and isinstance(line.value, CONSTANTS):
            given.append(f"{line.targets[0].text}={line.value.span.text}")
        elif isinstance(line, tree.Apply) and isinstance(line.value, tree.Labelled):
            if not isinstance(line.value.layer, CONSTANTS):
                return None
            given.append(f"{line.value.label.span.text.strip(chr(34))}={line.value.layer.span.text}")
        else:
            return None
    if not given:
        return None
    written, span = ", ".join(given), node.span
    fix = Fix.safe(span, written) if "#" not in span.text else None
    return error("E207", "arguments are given with =, and without braces", span, help=f"write {written}", fix=fix)


def activation(call: tree.Call) -> Problem | None:
    """The error for `Activation("relu")`, as Keras has it."""
    from cnndsl.layers.aliases import activation

    name = call.function.span.text
    if name.rpartition(".")[2].lower() != "activation" or len(call.arguments) != 1:
        return None
    value = call.arguments[0].value
    word = activation(value.span.text.strip('"')) if isinstance(value, (tree.String, tree.Name)) else None
    if not word:
        return error("E201", f"nothing is called {name}", call.function.span, help="write the activation itself: relu")
    message = f"nothing is called {name}: an activation is a layer of its own"
    return error("E201", message, call.span, help=f"write {word}", fix=Fix.suggested(call.span, word))


def check_signs(call: tree.Call, known: Container[str]) -> None:
    """Raise Problem for an argument that is given otherwise than with =: `conv(channels: 8, kernel==3, padding)`.

    `known` are the names that mean something here, and so may be compared or stand by themselves.
    """
    kind = KINDS.get(call.function.text) if isinstance(call.function, tree.Name) else None
    parameters = list(kind.model_fields) if kind is not None else []
    for at, value in enumerate(argument.value for argument in call.arguments if argument.name is None):
        if isinstance(value, tree.Labelled) and isinstance(value.layer, CONSTANTS):
            raise refused("sign", "E207", "argument", value, {"given": value.layer.span})
        name = value.operands[0] if isinstance(value, tree.Comparison) and value.operators == ("==",) else value
        if not isinstance(name, tree.Name) or name.text in known:
            continue
        if isinstance(value, tree.Comparison):
            raise refused("sign", "E207", "argument", value, {"given": value.operands[1].span})
        if name.text in parameters[at + 1 :]:  # one in its place is a name that was to be declared
            raise refused("sign", "E207", "parameter", value)


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


def as_in_pytorch(known: Callable[[tree.Expression], Any], problem: Problem, call: tree.Call) -> Problem:
    """The error for a call of a layer by PyTorch's name, with what the input fixes left out."""
    from cnndsl.layers.aliases import torch_function, torch_layer

    found = problem.diagnostic
    if found.fix is None or found.span != call.function.span:
        return problem
    name = call.function.span.text
    named = [argument.name.text for argument in call.arguments if argument.name is not None]
    positional = len(call.arguments) - len(named)
    layer, takes = torch_layer(name), torch_function(name)
    if layer is None and takes is None:
        return problem
    at = None if layer is None else layer.fixed_position(positional, named)
    if at is None:
        problem = Problem(replace(found, fix=replace(found.fix, applicability=Applicability.UNSAFE)))
        if layer is None:
            is_same = takes in ("", *named) if positional == 1 else positional == 2 and takes
            return claimed(problem, call.span, Claim()) if is_same else problem
        if positional > (0 if layer.derives else layer.most_by_position) or not layer.has_needed(positional, named):
            return problem
        return claimed(problem, call.span, Claim(layer.ranks))
    left_out = without(call, at)
    if left_out is None:
        return problem
    word, argument = found.fix.edits[0].text, call.arguments[at]
    given = [other.span.text for other in call.arguments if other is not argument]
    written = f"{word}({', '.join(given)})" if given else word
    helps = (f"write {written}: {argument.span.text} follows from what comes in",)
    fix = Fix((*found.fix.edits, *left_out.edits), Applicability.UNSAFE)
    problem = error(found.code, found.message, found.span, label=found.label, labels=found.labels, help=helps, fix=fix)
    said = _known_number(known, argument.value)
    if layer is None or said is None or positional - 1 > layer.most_by_position:
        return problem
    if layer.ranks == () and layer.word not in ("linear", "groupnorm"):  # on a sequence, whose features come last
        return claimed(problem, call.span, Claim())
    claim = Claim(layer.ranks, features=said) if layer.word == "linear" else Claim(layer.ranks, channels=said)
    return claimed(problem, call.span, claim)


def _known_number(known: Callable[[tree.Expression], Any], node: tree.Expression) -> Any:
    """What an argument is worth, if it is a number; it is worked out in vain otherwise."""
    if not isinstance(node, (tree.Number, tree.Name, tree.Attribute, tree.Binary)):
        return None
    try:
        value = known(node)
    except (Problem, Silent):
        return None
    return value if isinstance(value_of(value), int) else None
