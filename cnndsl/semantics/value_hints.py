"""What to write in place of something that cannot stand where it does, read off from how it was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from itertools import pairwise
from typing import Any

from cnndsl.diagnostics import Applicability, Edit, Fix, Problem, error
from cnndsl.layers.initialisers import RULES
from cnndsl.semantics.name_hints import CONSTANTS, alias, is_clear, nearest
from cnndsl.source import Span
from cnndsl.syntax import tree

Way = tuple[str, Fix | None]
"""A way out: what to do, and the fix that does it."""


def argument(given: tree.Argument, choices: tuple[str, ...], check: Callable[[Any], Any]) -> Way | None:
    """What to write in place of an argument whose value does not fit; `check` raises ValueError for such values.

    The nearest of some words, // for /, a number without quotes or decimals, true or false for a number.
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
    for meant, written in _plainer(value):
        try:
            check(meant)
        except ValueError:
            continue
        # By position 1 may be another argument than true. A whole number stays what it is, and one in quotes too.
        same = given.name is not None if isinstance(meant, bool) else meant == _number(value)
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


def listed(given: Sequence[tree.Argument], check: Callable[[Any], Any]) -> Way | None:
    """The list that several arguments were meant as, `adaptive_avgpool(1, 1)`, where the only parameter takes one."""
    numbers = [a.value.value for a in given if a.name is None and isinstance(a.value, tree.Number)]
    if len(numbers) != len(given) or len(given) < 2:
        return None
    try:
        check(numbers)
    except ValueError:
        return None
    span = given[0].span.to(given[-1].span)
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


def stage(node: tree.Expression) -> Way:
    """What to write in place of a stage that is no layer."""
    span = node.span
    if isinstance(node, tree.String):
        word = alias(span.text.strip('"'))
        if word is not None:
            make = Fix.safe if span.text == f'"{word}"' else Fix.suggested
            return f"write {word}, without quotes", make(span, word)
    if isinstance(node, tree.Number):
        return f"write a layer here, such as linear({span.text})", None
    if isinstance(node, tree.ListOf) and node.items and not any(isinstance(item, CONSTANTS) for item in node.items):
        written = " -> ".join(item.span.text for item in node.items)
        plain = "#" not in span.text and "\n" not in span.text
        return f"write {written}" if plain else "write -> between its layers", Fix.suggested(
            span, written
        ) if plain else None
    return "write a layer here", None


def after_a_dot(node: tree.Attribute) -> Way | None:
    """What to write in place of `conv(8, 3).relu`, where a layer stands behind the dot of another one."""
    word = alias(node.name.text)
    if word is None:
        return None
    between = Span(node.span.source, node.value.span.end, node.name.span.start)
    fix = Fix.suggested(between.to(node.name.span), f" -> {word}") if "#" not in between.text else None
    return f"layers are put in a row with ->: {node.value.span.text} -> {word}", fix


def numbers_in_a_row(node: tree.Pipe) -> Problem | None:
    """The error for `conv(8 -> 16, 3)`, with the channels that come in before those that go out."""
    if not all(isinstance(part, tree.Number) for part in node.stages):
        return None
    span, last = node.span, node.stages[-1].span.text
    message = "-> leads from layer to layer, and not from number to number"
    helps = f"write {last}: the channels that come in follow from the layer before"
    return error("E404", message, span, help=helps, fix=Fix.suggested(span, last))


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


def method(problem: Problem, call: tree.Call) -> Problem:
    """The error for a method of a tensor, `x.mean(dim=[2, 3])`, with its arguments; `problem` is that for its name."""
    function, found = call.function, problem.diagnostic
    if not isinstance(function, tree.Attribute) or found.span != function.name.span:
        return problem
    name, value = function.name.text, function.value.span.text
    helps, fix = found.help[0] if found.help else "", None
    texts = [argument.span.text for argument in call.arguments]
    plain = not any("#" in text or "\n" in text for text in (*texts, value))
    if name in ("mean", "max", "amax", "split", "chunk") and texts and plain:
        given = ", ".join(re.sub(r"^(dims?|axis)\s*=", "axis=", text) for text in texts)
        word = {"amax": "max", "chunk": "split"}.get(name, name)
        written = f"{word}({value}, {given})"
        make = Fix.safe if name in ("mean", "amax") else Fix.suggested  # max gives the places too, and chunk is split
        helps, fix = f"write {written}", make(call.span, written)
        if name == "split":  # which PyTorch gives the size of a part
            helps, fix = f"write split({value}, 2), with the number of parts", None
    elif name in ("view", "reshape", "flatten") and (name == "flatten" or "-1" in texts):
        helps = f"a layer is applied with ->: {value} -> flatten; before a linear nothing is needed"
    elif name == "size" and len(texts) == 1 and re.fullmatch(r"-?\d", texts[0]):
        at = int(texts[0])
        helps = f"write {value}.shape[{at - 1 if at > 0 else at}]: the batch is not among the sizes"
        helps = "the batch has no size here: a network takes any number of samples" if at == 0 else helps
    else:
        return problem
    ways = (helps, *found.help[-1:])
    return error(found.code, found.message, found.span, labels=found.labels, help=ways, fix=fix)


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


def compared_for_given(node: tree.Comparison, known: Container[str]) -> Problem | None:
    """The error for a line `conv1 == conv(8, 3)`, where nothing is called conv1 yet; None for another comparison."""
    name, span = node.operands[0], node.span
    if list(node.operators) != ["=="] or not isinstance(name, tree.Name) or name.text in known:
        return None
    if span.source.text[: span.start].rpartition("\n")[2].strip():
        return None
    between = Span(span.source, name.span.end, node.operands[1].span.start)
    helps = f"write {name.text} = {node.operands[1].span.text}"
    fix = Fix.suggested(between, " = ") if "#" not in between.text else None
    return error("E201", "== compares, and a name is given a value with =", span, help=helps, fix=fix)
