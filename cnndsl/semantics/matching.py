"""Arguments of a call meet the names of parameters, whatever it is that is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from cnndsl.diagnostics import Fix, Label, Problem, error
from cnndsl.hints.spelling import is_clear, nearest
from cnndsl.semantics.context import Context
from cnndsl.semantics.hints import misread
from cnndsl.semantics.pytorch_names import AsInPyTorch
from cnndsl.source import Span
from cnndsl.syntax import tree


class Called(NamedTuple):
    """What is called: its name, the parameters in their order, and where it is defined, if the text does that."""

    name: str
    parameters: Sequence[str]
    defined: Span | None = None
    code: str = "E207"
    """That of a mistake."""
    behind_values: bool = False
    """Whether they come behind values, as those of an operation do."""

    def problem(self, message: str, span: Span, way: str, fix: Fix | None = None) -> Problem:
        """The error for an argument that does not fit."""
        labels = () if self.defined is None else (Label(self.defined, "it is defined here"),)
        return error(self.code, message, span, labels=labels, help=way, fix=fix)

    def has_no(self, name: tree.Name) -> Problem:
        """The error for an argument with a name that is none of the parameters'."""
        if (misspelt := misread(name.text, name.span, self.parameters, self.code, self.defined)) is not None:
            return misspelt
        from cnndsl.layers.aliases import why_left_out

        near = nearest(name.text, self.parameters)
        listed = ", ".join(self.parameters)
        takes = listed or "no arguments"
        if self.behind_values:
            takes = f"values, then {listed}" if listed else "values alone"
        left_out = why_left_out(self.name, name.text) if self.defined is None else None
        way = left_out or (f"did you mean {near}?" if near else f"it takes {takes}")
        fix = Fix.suggested(name.span, near) if near and is_clear(name.text, self.parameters) else None
        what = "parameter " if self.defined is not None else ""
        return self.problem(f"{self.name} has no {what}{name.text}", name.span, way, fix)


def by_parameter(
    context: Context,
    called: Called,
    arguments: Sequence[tree.Argument],
    before: Mapping[str, Span | None] | None = None,
    other: Callable[[tree.Name, tree.Argument], Problem | None] | None = None,
) -> list[str]:
    """The parameter that each argument is for; `before` has those that were given in earlier calls, and where.

    `other` gives the error for a name that is no parameter's, and None where it means something else. One argument
    that is wrong does not hide that another one is. Raises Problem where one is for nothing, or for what another one
    is for.
    """
    places = dict(before or {})
    left = [name for name in called.parameters if name not in places]
    names: list[str] = []
    trouble: Problem | None = None
    for position, argument in enumerate(arguments):
        if argument.name is None:
            name = _in_its_place(called, left, arguments, position)
        elif (name := argument.name.text) not in called.parameters:
            found = called.has_no(argument.name) if other is None else other(argument.name, argument)
            if found is not None:
                if isinstance(trouble, AsInPyTorch):  # which is settled further out, where it is known what comes in
                    trouble, found = found, trouble
                if trouble is not None:
                    context.report(trouble.diagnostic)
                trouble = found
                continue
        if name in places:
            first = places[name]
            labels = () if first is None else (Label(first, "here it is already"),)
            message = f"{called.name} is given {name} twice"
            raise error(called.code, message, argument.span, labels=labels, help="remove one of the two")
        places[name] = argument.span
        names.append(name)
    if trouble is not None:
        raise trouble
    return names


def _in_its_place(called: Called, left: list[str], arguments: Sequence[tree.Argument], position: int) -> str:
    """The parameter of an argument without a name, of those that are `left`. Raises Problem where there is none."""
    argument, unnamed = arguments[position], sum(each.name is None for each in arguments[:position])
    if unnamed == position < len(left):
        return left[position]
    given = {each.name.text for each in arguments if each.name is not None}
    open_names = [name for name in left if name not in given]
    if unnamed < min(position, len(open_names)):
        start = Span(argument.span.source, argument.span.start, argument.span.start)
        message, name = "an argument without a name stands after one with a name", open_names[unnamed]
        fix = Fix.suggested(start, f"{name}=")
        raise error(called.code, message, argument.span, help=f"name it: {name}={argument.span.text}", fix=fix)
    more = "more " if len(left) < len(called.parameters) else ""
    arguments_there = f"argument{'s' if len(left) != 1 else ''}{' behind its values' * called.behind_values}"
    takes = f"at most {len(left)} {more}{arguments_there}: {', '.join(left)}" if left else f"no {more}{arguments_there}"
    message = f"{called.name} takes {takes}"
    raise called.problem(message, argument.span, "remove what is too much")
