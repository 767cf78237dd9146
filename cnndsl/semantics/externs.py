"""Classes from elsewhere: what an `extern` line may say, and what its rules are for the arguments of a use."""

from __future__ import annotations

from typing import Any

from cnndsl.diagnostics import Label, error
from cnndsl.hints.spelling import nearest
from cnndsl.layers.extern import SAME, SIZE_NAMES, Extern, why_not_package
from cnndsl.layers.types import MOST_AXES, MOST_PIECES
from cnndsl.semantics.arguments import check_complete, match_arguments, traced_arguments
from cnndsl.semantics.builder import Builder
from cnndsl.semantics.evaluation import Evaluation
from cnndsl.semantics.hints import open_size
from cnndsl.semantics.inputs import STAND_IN
from cnndsl.semantics.values import External, LayerRecipe, Scope, Value, describe
from cnndsl.source import Span
from cnndsl.symbolic.expr import Expr, Guard, Symbol
from cnndsl.symbolic.number import Traced, evaluate, is_open, value_of
from cnndsl.syntax import tree

_SETTINGS = ("shape", "parameters", "rank")


def check_extern(item: tree.Extern) -> None:
    """Raise Problem unless the line says where the class is found, and what comes out of it."""
    if any(not isinstance(part, str) for part in item.package.parts):
        raise error("E213", "the module is a plain text", item.package.span, help="write it without braces")
    path = "".join(map(str, item.package.parts))
    reason = why_not_package(path)
    if reason:
        raise error("E213", f'"{path}" is no module: {reason}', item.package.span, help='write "package.module"')
    seen: dict[str, Span] = {}
    for setting in item.settings:
        assert setting.name is not None  # noqa: S101 - the grammar gives every setting a name
        name = setting.name.text
        if name not in _SETTINGS:
            near = nearest(name, _SETTINGS)
            known = f"it may say {', '.join(_SETTINGS)}"
            text = f"did you mean {near}?" if near else known
            raise error("E213", f"an extern says nothing of {name}", setting.name.span, help=text)
        if name in seen:
            raise error(
                "E213",
                f"{name} is said twice",
                setting.span,
                labels=(Label(seen[name], "here it is already"),),
                help="remove one of the two",
            )
        seen[name] = setting.span
    if "shape" not in seen:
        raise error(
            "E213",
            f"the size of what comes out of {item.name.text} is missing",
            item.span,
            help="write after the module (shape = same), or (shape = [channels, height // 2, width // 2])",
        )


def bind_extern(body: Evaluation, external: External, node: tree.Call) -> LayerRecipe:
    """A class from elsewhere with the arguments of a call. Raises Problem when they do not fit."""
    declaration = external.declaration
    name = declaration.name.text
    if node.arguments and node.arguments[0].name is None:
        first = body.known(node.arguments[0].value)
        if isinstance(first, Value):
            raise error(
                "E406",
                f"{name} is a layer and not a call",
                node.span,
                help=f"apply it with ->: {node.arguments[0].value.span.text} -> {name}(...)",
            )
    given = match_arguments(body, declaration, {}, node)
    check_complete(declaration, given, node.span)
    outer = {word: _checked(name, word, value, node.span) for word, value in given.items()}
    rules = _Rules(body, external, outer, node.span)
    traced = traced_arguments(rules.arguments)
    layer = Extern(
        name=name,
        package="".join(map(str, declaration.package.parts)),
        given=tuple((word, _plain(value)) for word, value in rules.arguments.items()),
        shapes=rules.shapes,
        several=rules.several,
        learned=rules.learned,
        axes=rules.axes,
    )
    return LayerRecipe(layer, traced, span=node.span)


def _checked(name: str, word: str, value: Any, span: Span) -> Any:
    """An argument, with tuples for lists. Raises Problem unless it is made of numbers, texts and truth values."""
    if isinstance(value, list):
        return tuple(_checked(name, word, item, span) for item in value)
    if is_open(value):
        raise open_size(span, f"{name}: {word}")
    if not isinstance(value_of(value), (bool, int, float, str)):
        raise error(
            "E206",
            f"{name}: {word} must be a number, a text or a list of them, and this is {describe(value)}",
            span,
            help="the class is constructed with it in Python",
        )
    return value if isinstance(value, Traced) else value_of(value)


def _plain(value: Any) -> Any:
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value_of(value)


def _described(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return str(value.expr) if isinstance(value, Traced) else describe(value)


def _listed(value: Any) -> Any:
    return list(map(_listed, value)) if isinstance(value, tuple) else value


class _Rules:
    """The rules of an `extern` line, worked out for the arguments of one use.

    Parameters and the sizes of what comes in stay names in them, so that what is asked of a parameter but
    in arithmetic is settled here, and nothing can be asked of a size.
    """

    def __init__(self, body: Evaluation, external: External, given: dict[str, Any], span: Span) -> None:
        declaration = external.declaration
        self._builder = Builder(body.context, "chain", "", span)
        self._inner = body.spawn(self._builder, Scope(external.scope))
        self._name = declaration.name.text
        self.arguments: dict[str, Any] = {}
        """All arguments, as the body sees them."""
        for parameter in declaration.parameters:
            self._bind(parameter, given)
        self._guards: list[Guard] = []
        for size in SIZE_NAMES:
            if size not in self.arguments:
                self._inner.scope.names[size] = Traced(STAND_IN, Expr.of(Symbol(size, self._guards)))
        self._inner.scope.names.setdefault(SAME, SAME)
        settings = {setting.name.text: setting.value for setting in declaration.settings if setting.name is not None}
        self.shapes, self.several = self._shapes(settings["shape"])
        """The sizes of what comes out, one for each value; and whether these are a tuple."""
        learned = settings.get("parameters")
        self.learned = None if learned is None else self._text(self._inner.known(learned), learned.span)
        self.axes = self._axes(settings["rank"]) if "rank" in settings else ()

    def _bind(self, parameter: tree.Parameter, given: dict[str, Any]) -> None:
        word = parameter.name.text
        if word in given:
            value = given[word]
        else:
            assert parameter.default is not None  # noqa: S101 - asked by the caller
            default = self._inner.known(parameter.default)
            value = _checked(self._name, word, default, parameter.default.span)
            if isinstance(value, Traced):
                value = evaluate(value.expr, self.arguments)
        self.arguments[word] = value
        plain = _listed(_plain(value))
        is_number = isinstance(plain, (int, float)) and not isinstance(plain, bool)
        self._inner.scope.names[word] = Traced(plain, Expr.of(Symbol(word))) if is_number else plain

    def _shapes(self, node: tree.Expression) -> tuple[tuple[tuple[str, ...] | None, ...], bool]:
        said = self._inner.known(node)
        if not isinstance(said, list) or not any(item == SAME or isinstance(item, list) for item in said):
            return (self._shape(said, node.span),), False
        if len(said) > MOST_PIECES:
            raise error("E213", f"a class gives at most {MOST_PIECES:,} values", node.span, help="write fewer shapes")
        return tuple(self._shape(item, node.span) for item in said), True

    def _shape(self, sizes: Any, span: Span) -> tuple[str, ...] | None:
        if sizes == SAME:
            return None
        if not isinstance(sizes, list) or not 1 <= len(sizes) <= MOST_AXES:
            raise error(
                "E213",
                f"a shape is a list of 1 to {MOST_AXES} sizes, and this is {_described(sizes)}",
                span,
                help=(
                    "write shape = [channels, height, width], or shape = same",
                    "for a class that gives several values: shape = [[channels, height, width], same]",
                ),
            )
        return tuple(self._text(size, span) for size in sizes)

    def _text(self, value: Any, span: Span) -> str:
        if isinstance(value, bool) or not isinstance(value, (int, float, Traced)):
            raise error("E213", f"a size is a number, and this is {_described(value)}", span, help="write arithmetic")
        if self._guards:
            raise error(
                "E213",
                "the sizes of what comes in cannot be compared here",
                span,
                help="write + - * // and % alone; of the parameters anything may be asked",
            )
        return str(Expr.of(value))

    def _axes(self, node: tree.Expression) -> tuple[int, ...]:
        value = _plain(self._inner.plain(self._inner.known(node)))
        axes = tuple(map(value_of, value)) if isinstance(value, list) else (value,)
        if not axes or any(type(count) is not int or not 1 <= count <= MOST_AXES for count in axes):
            raise error(
                "E213",
                f"rank is a number of axes from 1 to {MOST_AXES}, or a list of them",
                node.span,
                help="write rank = 3 for channels x height x width",
            )
        return axes
