"""What expressions are worth: names, arithmetic, lists, calls.

`Expressions` is the part of a body's elaboration that gives an expression its value.  What is applied
to what is decided one level up, in `application.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar, TypeVar

from cnndsl.diagnostics import Fix, Label, Problem, error
from cnndsl.elaborate import functions
from cnndsl.elaborate.arguments import bind_definition, bind_layer
from cnndsl.elaborate.builder import Builder
from cnndsl.elaborate.context import Context, too_long
from cnndsl.elaborate.externs import bind_extern
from cnndsl.elaborate.limits import raise_it
from cnndsl.elaborate.mistaken import (
    no_order,
    operation_help,
    operation_problem,
    operator_help,
    refuse_others,
)
from cnndsl.elaborate.scope import Scope
from cnndsl.elaborate.suggest import alias, applied, as_here, unknown_name
from cnndsl.elaborate.values import (
    RECIPES,
    BlockRecipe,
    BraceRecipe,
    Chain,
    Choice,
    Copies,
    External,
    Function,
    InitialiserKind,
    Kind,
    LayerRecipe,
    Part,
    Silent,
    Stage,
    Template,
    Unknown,
    Value,
    describe,
    key_for,
    layer_name,
)
from cnndsl.elaborate.weight import Items, weight_of
from cnndsl.elaborate.weights import make_initialiser
from cnndsl.layers.declared import Invalid
from cnndsl.layers.sizes import AXES, SizeError, check_limits, show
from cnndsl.layers.values import OPERATIONS
from cnndsl.names import plain_label
from cnndsl.program import Combine
from cnndsl.source import Span
from cnndsl.syntax import tree
from cnndsl.traced import (
    RELATIONS,
    Expr,
    OpenSize,
    Test,
    TooLong,
    Traced,
    Truth,
    calculate,
    junction,
    negation,
    value_of,
)

_Light = TypeVar("_Light")
_LIGHT = 100
"""How much a value may hold for which going through it counts nothing."""
NUMBERS = (int, float, Traced)


class Expressions:
    """Evaluates the expressions of one body."""

    def __init__(self, context: Context, builder: Builder, scope: Scope) -> None:
        self.context, self.builder, self.scope = context, builder, scope
        self.entry: Any = None
        """The value that entered the body."""
        self.current: Any = None
        """The current value of the pipeline."""
        self.wanted: str | None = None
        """The name that the line being worked out gives to its result."""

    def apply(self, recipe: Any, value: Any, span: Span) -> Any:
        """Apply a layer to a value."""
        raise NotImplementedError

    def declare_input(self, call: tree.Call, name: str) -> Value:
        """Work out `input(...)`."""
        raise NotImplementedError

    # Expressions in general

    def evaluate(self, node: tree.Expression) -> Any:
        """What an expression is worth. Raises Problem, or Silent when it hangs on a mistake already reported."""
        try:
            return self._methods[type(node)](self, node)
        except OpenSize:
            raise open_size(node.span) from None

    def known(self, node: tree.Expression) -> Any:
        """As `evaluate`, for use where an unknown result makes everything unknown."""
        value = self.evaluate(node)
        if isinstance(value, Unknown):
            raise Silent
        return value

    def all_known(self, nodes: Iterable[tree.Expression]) -> list[Any]:
        """As `known`, for several: one that is wrong does not hide that another one is."""
        values: list[Any] = []
        trouble: Problem | Silent | None = None
        for node in nodes:
            try:
                values.append(self.known(node))
            except Problem as problem:
                if isinstance(trouble, Problem):
                    self.context.report(problem.diagnostic)
                else:
                    trouble = problem
            except Silent as signal:
                trouble = trouble or signal
        if trouble is not None:
            raise trouble
        return values

    def _name(self, node: tree.Name) -> Any:
        try:
            value, behind = self.scope.find(node.text)
        except KeyError:
            raise unknown_name(node, self.scope.visible()) from None
        if behind:
            what = "a value" if isinstance(value, Value) else "a layer"
            raise error(
                "E402",
                f"{node.text} is {what} of the body around this one, and cannot be used in here",
                node.span,
                help="make this a block, and give it what it needs as an argument",
            )
        return value

    def _input(self, node: tree.Input) -> Any:
        if self.entry is None:
            raise error(
                "E401", "nothing has entered this network yet", node.span, help="declare it first: input(3, 32, 32)"
            )
        if isinstance(self.entry, Unknown):
            raise Silent
        return self.entry

    def _it(self, node: tree.It) -> Any:
        if self.current is None:
            raise error(
                "E401", "there is no current value yet", node.span, help="declare the input first: input(3, 32, 32)"
            )
        if isinstance(self.current, Unknown):
            raise Silent
        return self.current

    def _hole(self, node: tree.Hole) -> Any:
        raise error("E205", "? can only stand for a size of an input", node.span, help="write it in input(3, ?, ?)")

    def _string(self, node: tree.String) -> str:
        return self._text(
            "".join(part if isinstance(part, str) else self._piece(part) for part in node.parts), node.span
        )

    def _piece(self, node: tree.Expression) -> str:
        value = self.plain(self.known(node))
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            message = f"only a number or a text can stand in a text, and this is {describe(value)}"
            raise error("E206", message, node.span, help='write a number between the braces: "conv{i}"')
        return str(value)

    def _list(self, node: tree.ListOf) -> Items:
        return self.light(Items(self.all_known(node.items)), node.span)

    def _comprehension(self, node: tree.Comprehension) -> Items:
        outer = self.scope
        result = []
        try:
            self.scope = Scope(outer)
            for item in self.items(node.source):
                self.bind_targets(node.targets, node.unpack, item)
                if node.condition is None or self.decide(node.condition):
                    result.append(self.known(node.item))
        finally:
            self.scope = outer
        return self.light(Items(result), node.span)

    def bind_targets(self, targets: tuple[tree.Name, ...], unpack: bool, item: Any) -> None:
        """Give the names of a loop their values for one turn."""
        if not unpack:
            self.scope.names[targets[0].text] = item
            return
        if not isinstance(item, list) or len(item) != len(targets):
            got = f"a list of {len(item)}" if isinstance(item, list) else describe(item)
            raise error(
                "E206",
                f"each item must be a list of {len(targets)}, and this one is {got}",
                targets[0].span.to(targets[-1].span),
                help="give every row as many items as there are names",
            )
        for target, part in zip(targets, item, strict=True):
            self.scope.names[target.text] = part

    def items(self, node: tree.Expression) -> list[Any]:
        """The items of a list that a loop runs over."""
        items = self.known(node)
        if not isinstance(items, list):
            raise error(
                "E206",
                f"a loop runs over a list, and this is {describe(items)}",
                node.span,
                help="to count, write range(n)",
            )
        self.context.turn(node.span, len(items))
        return items

    # Truth

    def truth(self, node: tree.Expression) -> bool | Truth:
        """A condition, with the test that it comes from where that depends on parameters."""
        value = self.known(node)
        if isinstance(value, (bool, Truth)):
            return value
        raise error(
            "E206",
            f"a condition is true or false, and this is {describe(value)}",
            node.span,
            help="compare it: for example x > 0",
        )

    def decide(self, node: tree.Expression) -> bool:
        """The outcome of a condition, as a plain truth value."""
        return bool(self.truth(node))

    def plain(self, value: Any) -> Any:
        """The plain number: what it was computed from decides the structure, and is noted as such.

        Raises OpenSize where that is a size left open.
        """
        if isinstance(value, Traced):
            if value.is_open:
                raise OpenSize
            self._fix(value.expr)
        return value_of(value)

    def _fix(self, expr: Expr | Test) -> None:
        self.builder.fixed.update(symbol.name for symbol in expr.symbols() if symbol.guards is None)

    def _boolean(self, node: tree.Boolean) -> bool:
        return node.value

    def _comparison(self, node: tree.Comparison) -> bool | Truth:
        result: bool | Truth = True
        values = self.all_known(node.operands)
        for operator, left, right in zip(node.operators, values, values[1:], strict=False):
            result = _join("and", result, self._compare(operator, left, right, node.span))
        return result

    def _compare(self, operator: str, left: Any, right: Any, span: Span) -> bool | Truth:
        self._through([left, right], span)
        if operator in ("in", "not in"):
            if not isinstance(right, list):
                message = f"in looks into a list, and this is {describe(right)}"
                raise error("E206", message, span, help="write a list after it: x in [1, 2]")
            wanted = key_for(self.plain(left))
            return any(key_for(self.plain(item)) == wanted for item in right) is (operator == "in")
        if _is_number(left) and _is_number(right):
            truth = RELATIONS[operator](left, right)
            test = Test(operator, (Expr.of(left), Expr.of(right)))
            if test.symbols():
                self._fix(test)
                return Truth(truth, test)
            return bool(truth)
        if operator in ("==", "!="):
            return (_comparable(left) == _comparable(right)) is (operator == "==")
        if isinstance(left, str) and isinstance(right, str):
            return bool(RELATIONS[operator](left, right))
        raise no_order(left, right, span)

    def _unary(self, node: tree.Unary) -> Any:
        if node.operator == "not":
            truth = self.truth(node.operand)
            return Truth(not truth.value, negation(truth.test)) if isinstance(truth, Truth) else not truth  # type: ignore[arg-type]
        value = self.known(node.operand)
        if _is_number(value):
            return -value if node.operator == "-" else value
        if isinstance(value, Value) and node.operator == "-":
            return self.combine("mul", (value,), {"scalar": -1, "scalar_first": True}, node.span)
        message = f"{node.operator} needs a number, and this is {describe(value)}"
        raise error("E206", message, node.span, help=f"write {node.operator} before a number or a value")

    def _junction(self, node: tree.Binary) -> bool | Truth:
        left = self.truth(node.left)
        settled = bool(left) is (node.operator == "or")
        if settled and not isinstance(left, Truth):
            return left
        try:
            # Also where the left side settles it: the right side belongs to the test.
            return _join(node.operator, left, self.truth(node.right))
        except (Problem, Silent):
            if settled:
                return left
            raise

    # Arithmetic

    def _binary(self, node: tree.Binary) -> Any:
        if node.operator in ("and", "or"):
            return self._junction(node)
        left, right = self.all_known([node.left, node.right])
        if _is_number(left) and _is_number(right):
            return self._calculate(node.operator, left, right, node.span)
        if isinstance(left, Value) or isinstance(right, Value):
            return self._combine_two(node, left, right)
        if node.operator == "*":
            return self._times(node, left, right)
        if node.operator == "+" and isinstance(left, list) and isinstance(right, list):
            return self.light(Items(left + right, weight_of(left) + weight_of(right) - 1), node.span)
        if node.operator == "+" and isinstance(left, str) and isinstance(right, str):
            return self._text(left + right, node.span)
        raise error(
            "E206",
            f"{node.operator} cannot take {describe(left)} and {describe(right)}",
            node.span,
            help=operator_help(node.operator, left, right),
        )

    def _calculate(self, operator: str, left: Any, right: Any, span: Span) -> Any:
        try:
            if operator == "**":
                result: Any = functions.power(self.plain(left), self.plain(right), self.context.limits.digits)
            else:
                result = self._traced(operator, left, right)
        except ZeroDivisionError:
            raise error("E206", "this divides by zero", span, help="make sure that the divisor is not 0") from None
        except OverflowError:
            result = None
        plain = value_of(result)
        if not isinstance(plain, (int, float)) or abs(plain) >= 10**self.context.limits.digits or plain != plain:
            raise error(
                "E502", "the result is too large a number, or none", span, help="calculate with smaller numbers"
            )
        return result

    def _traced(self, operator: str, left: Any, right: Any) -> Any:
        """The result with its expression; without, where that would be longer than anyone could follow."""
        try:
            return calculate(operator, left, right)
        except TooLong:
            return calculate(operator, self.plain(left), self.plain(right))

    def _times(self, node: tree.Binary, left: Any, right: Any) -> Any:
        if isinstance(left, RECIPES) and _is_number(right):
            count = value_of(right)
            if not isinstance(count, int) or count < 0:
                raise error(
                    "E206",
                    f"a layer is repeated a whole number of times, and this is {describe(right)}",
                    node.right.span,
                    help="write a whole number, such as layer * 3",
                )
            self.plain(right)
            if isinstance(left, Part):
                raise error(
                    "E403",
                    f"{left.name} is one layer, and * makes new ones",
                    node.left.span,
                    help=f"write the layer itself, or apply it again: -> {left.name} -> {left.name}",
                )
            return self.light(Copies(left, count, right), node.span)
        if isinstance(left, (list, str)) and _is_number(right):
            count = self.plain(right)
            if not isinstance(count, int):
                message = f"a list is repeated a whole number of times, and this is {describe(right)}"
                raise error("E206", message, node.right.span, help="write a whole number, such as [1] * 3")
            if len(left) * count > self.context.limits.items:
                raise too_long(self.context.limits.items, node.span)
            if isinstance(left, str):
                return self._text(left * count, node.span)
            return self.light(Items(left * count), node.span)
        if isinstance(right, RECIPES) and _is_number(left):
            raise error("E206", "the layer stands before the number", node.span, help="write layer * 3")
        message = f"* cannot take {describe(left)} and {describe(right)}"
        raise error("E206", message, node.span, help=operator_help("*", left, right))

    def _combine_two(self, node: tree.Binary, left: Any, right: Any) -> Any:
        kind = {"+": "add", "-": "sub", "*": "mul", "/": "div"}.get(node.operator)
        if kind is None:
            message = f"{node.operator} works on numbers, not on values of the network"
            raise error("E206", message, node.span, help="values are combined with + - * /")
        if isinstance(left, Value) and isinstance(right, Value):
            return self.combine(kind, (left, right), {}, node.span)
        value, other, first = (left, right, False) if isinstance(left, Value) else (right, left, True)
        if not _is_number(other):
            raise error(
                "E206",
                f"{node.operator} cannot take a value of the network and {describe(other)}",
                node.span,
                help=operator_help(node.operator, left, right),
            )
        return self.combine(kind, (value,), {"scalar": self.plain(other), "scalar_first": first}, node.span)

    def combine(self, kind: str, values: tuple[Value, ...], fields: dict[str, Any], span: Span) -> Any:
        """Apply an operation to values of the graph."""
        if self.builder.is_chain:
            raise error(
                "E404",
                "a chain holds layers only; this combines values",
                span,
                help="make it a block: block Name { ... }, and use that here",
            )
        for value in values:
            self.own(value, span)
        operation = OPERATIONS[kind](**fields)
        least, most = operation.takes
        if not least <= len(values) <= most:
            wanted = str(least) if least == most else f"{least} or more"
            raise error(
                "E207",
                f"{kind} takes {wanted} {'value' if wanted == '1' else 'values'}, and got {len(values)}",
                span,
                help="concat puts several values side by side; + adds them",
            )
        try:
            shapes = operation.outputs(tuple(value.shape for value in values))
            for shape in shapes:
                check_limits(shape)
        except SizeError as problem:
            came = {value.span: f"{show(value.shape)} comes from {value.maker}" for value in values}
            labels = tuple(Label(place, text) for place, text in came.items() if place != span)
            raise error(problem.code, problem.message, span, labels=labels, help=problem.help) from None
        except OpenSize:
            raise open_size(span) from None
        outputs = self.builder.step(Combine(operation=operation), values, shapes, span, kind)
        return outputs if len(outputs) > 1 else outputs[0]

    def own(self, value: Value, span: Span) -> None:
        """Raise Problem unless the value belongs to the body being worked out."""
        if value.owner is not self.builder:
            raise error("E402", "this value belongs to another body", span, help="give it to the block as an argument")
        if value.training and not self.builder.training:
            raise error(
                "E412",
                "this value exists in training only",
                span,
                labels=(Label(value.span, "it is made here"),),
                help="use it inside when training { }, or as an output: output a, b when training",
            )

    def light(self, value: _Light, span: Span) -> _Light:
        """The value, unless it holds too much. Raises Problem."""
        if weight_of(value) > self.context.limits.items + 1:
            raise too_long(self.context.limits.items, span)
        self._through(value, span)
        return value

    def _through(self, value: Any, span: Span) -> None:
        """Account for going through all of a value: a long one, time and again, takes as long as many layers do."""
        size = len(value) if isinstance(value, str) else weight_of(value)
        self.context.turn(span, size // _LIGHT)

    def _text(self, text: str, span: Span) -> str:
        """The text, unless it is too long. Raises Problem."""
        limit = self.context.limits.items
        if len(text) > limit:
            message = f"a text may have at most {limit:,} characters"
            raise error("E505", message, span, help=("write less", raise_it("items", limit)))
        self._through(text, span)
        return text

    # What follows an atom

    def _attribute(self, node: tree.Attribute) -> Any:
        try:
            value = self.known(node.value)
        except Problem:
            word = alias(node.name.text)
            if word is None or word not in self.scope.visible():
                raise
            message, fix = f"{node.span.text} is called {word} here", Fix.replacing(node.span, word)
            raise error("E201", message, node.span, help=f"write {word}", fix=fix) from None
        name = node.name.text
        if not isinstance(value, Value):
            raise error(
                "E206",
                f"{describe(value)} has no .{name}",
                node.span,
                help="sizes are asked of values: input.channels",
            )
        shape = value.shape
        axes = AXES.get(len(shape) - 1, ())
        answers: dict[str, Any] = {"shape": list(shape), "rank": len(shape), "features": shape[-1]}
        if len(shape) > 1:
            answers["channels"] = shape[0]
            del answers["features"]
        answers.update(zip(axes, shape[1:], strict=False))
        if name not in answers:
            raise error(
                "E206",
                f"a value of {len(shape)} {'axis' if len(shape) == 1 else 'axes'} has no .{name}",
                node.name.span,
                help=f"it has {', '.join('.' + answer for answer in answers)}",
            )
        return answers[name]

    def _index(self, node: tree.Index) -> Any:
        items, index = self.known(node.value), self.plain(self.known(node.index))
        if not isinstance(items, (list, str)) or isinstance(index, bool) or not isinstance(index, int):
            message = f"{describe(items)} has no item with {describe(index)}"
            help_text = "items of a list are taken by whole numbers from 0 on: widths[0]"
            raise error("E206", message, node.span, help=help_text)
        if not -len(items) <= index < len(items):
            raise error(
                "E206",
                f"there is no item {index} in a list of {len(items)}",
                node.index.span,
                help=f"items count from 0 to {len(items) - 1}" if items else "the list is empty",
            )
        return items[index]

    def _slice(self, node: tree.Slice) -> Any:
        items = self.known(node.value)
        ends = [None if end is None else self.plain(self.known(end)) for end in (node.start, node.end)]
        if not isinstance(items, (list, str)) or any(end is not None and type(end) is not int for end in ends):
            message = "a part is taken of a list, between whole numbers"
            raise error("E206", message, node.span, help="write widths[1:3], widths[1:] or widths[:3]")
        part = items[ends[0] : ends[1]]
        return part if isinstance(part, str) else self.light(Items(part), node.span)

    def _call(self, node: tree.Call) -> Any:
        if isinstance(node.function, tree.Input):
            return self.declare_input(node, "input")
        try:
            function = self.known(node.function)
        except Problem as problem:
            raise as_here(problem, node) from None
        if isinstance(function, Kind):
            value = self._leading_value(node)
            if value is not None:
                return self._call_on_value(function, value, node)
            return bind_layer(self, function.layer, node)
        if isinstance(function, (Template, BlockRecipe)):
            return bind_definition(self, function, node)
        if isinstance(function, External):
            return bind_extern(self, function, node)
        if isinstance(function, Function):
            return self._call_function(function.name, node)
        if isinstance(function, InitialiserKind):
            positional = [self.plain(self.known(a.value)) for a in node.arguments if a.name is None]
            named = {a.name.text: self.plain(self.known(a.value)) for a in node.arguments if a.name is not None}
            return make_initialiser(function.name, positional, named, node.span)
        if isinstance(function, LayerRecipe):
            message = f"{layer_name(function.layer)} has its arguments already"
            helps = "apply it with ->, or give all arguments in one list"
            raise error("E207", message, node.span, help=helps, fix=applied(node))
        if isinstance(function, Part):
            raise error(
                "E207",
                f"{function.name} is a layer that has its arguments already",
                node.span,
                help=f"apply it with ->, for example: it -> {function.name}",
                fix=applied(node),
            )
        raise error("E207", f"{describe(function)} cannot be called", node.span, help="layers are applied with ->")

    def _learned(self, node: tree.Call, positional: list[Any], named: dict[str, Any]) -> Value:
        """Work out `parameter(...)`."""
        raise NotImplementedError

    def _leading_value(self, node: tree.Call) -> Value | None:
        """The value of the graph that a call begins with, if it does; worked out once, as it may apply layers."""
        if not node.arguments or node.arguments[0].name is not None:
            return None
        first = node.arguments[0].value
        if isinstance(first, (tree.Number, tree.Boolean, tree.ListOf)):
            return None
        value = self.known(first)
        return value if isinstance(value, Value) else None

    def _call_on_value(self, kind: Kind, value: Value, node: tree.Call) -> Value:
        """`relu(it)`: a plain call, which leaves no module."""
        raise NotImplementedError

    def _call_function(self, name: str, node: tree.Call) -> Any:
        given = list(zip(node.arguments, self.all_known(a.value for a in node.arguments), strict=True))
        positional = [value for argument, value in given if argument.name is None]
        named = {argument.name.text: value for argument, value in given if argument.name is not None}
        if name == "parameter":
            return self._learned(node, positional, named)
        if name in OPERATIONS and (positional and isinstance(positional[0], Value)):
            return self._call_operation(name, positional, named, node)
        if name in functions.TABLE:
            self._through(positional, node.span)
            result = functions.call(name, positional, named, self.plain, self.context.limits.items, node.span)
            return self.light(Items(result), node.span) if isinstance(result, list) else result
        raise error("E206", f"{name} takes values of the network", node.span, help=f"for example {name}(input, it)")

    def _call_operation(self, name: str, positional: list[Any], named: dict[str, Any], node: tree.Call) -> Any:
        operation = OPERATIONS[name]
        count = next((i for i, item in enumerate(positional) if not isinstance(item, Value)), len(positional))
        values, rest = tuple(positional[:count]), positional[count:]
        fields = list(operation.model_fields)
        if len(rest) > len(fields) or any(key not in fields for key in named):
            takes = ", ".join(fields) or "no further arguments"
            wrong = next((key for key in named if key not in fields), "")
            message = f"{name} has no {wrong}" if wrong else f"{name} is given too much"
            raise error("E207", message, node.span, help=f"it takes values, then {takes}")
        for field, value in (*zip(fields, rest, strict=False), *named.items()):
            refuse_others(f"{name}: {field}", value, node.span, partial(operation_help, operation, field))
        given = dict(zip(fields, map(self.plain, rest), strict=False)) | {k: self.plain(v) for k, v in named.items()}
        try:
            operation(**given)
        except Invalid as problem:
            raise operation_problem(name, operation, problem, node.span) from None
        return self.combine(name, values, given, node.span)

    def _conditional(self, node: tree.Conditional) -> Any:
        truth = self.truth(node.condition)
        with self.builder.on(truth, bool(truth)):
            chosen = self.known(node.yes if truth else node.no)
        return Choice(chosen, truth, node.span) if isinstance(chosen, RECIPES) and isinstance(truth, Truth) else chosen

    def _if(self, node: tree.If) -> Choice:
        truth = self.truth(node.condition)
        branch = node.yes if truth else node.no
        if isinstance(branch, tree.If):
            return Choice(self._if(branch), truth, node.span)
        return Choice(None if branch is None else self._body(branch), truth, node.span)

    def _body(self, node: tree.Body) -> BraceRecipe:
        return BraceRecipe(node, self.scope)

    # Chains

    def _labelled(self, node: tree.Labelled) -> Any:
        return Chain((self._stage(node),))

    def _stage(self, node: tree.Expression) -> Stage:
        if isinstance(node, tree.Labelled):
            quoted = isinstance(node.label, tree.String)
            label = plain_label(self._string(node.label)) if isinstance(node.label, tree.String) else node.label.text
            layer = self._recipe(self.known(node.layer), node.layer, "only a layer has a name before a colon")
            return Stage(layer, label, node.span, quoted)
        return Stage(self._recipe(self.known(node), node, "only a layer can follow ->"), None, node.span)

    def _recipe(self, value: Any, node: tree.Expression, wanted: str) -> Any:
        if isinstance(value, RECIPES):
            return value
        help_text = "write a layer here"
        if isinstance(value, tuple):
            raise error(
                "E404",
                f"one value goes through an arrow, and here are {describe(value)}",
                node.span,
                help="give each a name, a, b = ..., and go on with one: a -> ...",
            )
        if isinstance(value, Value):
            help_text = "begin a new line with the value: it becomes the current one"
        raise error("E404", f"{wanted}, and this is {describe(value)}", node.span, help=help_text)

    def _check_label(self, stage: tree.Expression, pipe: tree.Pipe) -> None:
        """Raise Problem for a name that another stage of the same line is only about to give."""
        if not isinstance(stage, tree.Name) or stage.text in self.scope.visible():
            return
        labels = (other.label for other in pipe.stages if isinstance(other, tree.Labelled))
        if any(isinstance(label, tree.Name) and label.text == stage.text for label in labels):
            message = f"{stage.text} is a name from the next line on"
            raise error("E201", message, stage.span, help=f"write -> {stage.text} in a line of its own")

    def _pipe(self, node: tree.Pipe) -> Any:
        first = node.stages[0]
        start: Any = None
        stages: list[Stage] = []
        complete = True
        for part in node.stages:
            try:  # each stage is checked by itself, so that one mistake does not hide the next
                if part is not first or isinstance(first, tree.Labelled):
                    self._check_label(part, node)
                    stages.append(self._stage(part))
                    continue
                start = self.known(first)
                if not isinstance(start, Value):
                    wanted = "a value or a layer stands before ->"
                    stages.append(Stage(self._recipe(start, first, wanted), None, first.span))
            except Problem as problem:
                self.context.report(problem.diagnostic)
                complete = False
            except Silent:
                complete = False
        if not complete:
            raise Silent
        chain = self.light(Chain(tuple(_flat(stages))), node.span)
        return self.apply(chain, start, node.span) if isinstance(start, Value) else chain

    _methods: ClassVar[dict[type, Callable[[Any, Any], Any]]] = {
        tree.Name: _name,
        tree.Number: lambda _, node: node.value,
        tree.Boolean: _boolean,
        tree.String: _string,
        tree.Hole: _hole,
        tree.Input: _input,
        tree.It: _it,
        tree.ListOf: _list,
        tree.Comprehension: _comprehension,
        tree.Call: _call,
        tree.Attribute: _attribute,
        tree.Index: _index,
        tree.Slice: _slice,
        tree.Unary: _unary,
        tree.Binary: _binary,
        tree.Comparison: _comparison,
        tree.Conditional: _conditional,
        tree.Labelled: _labelled,
        tree.Pipe: _pipe,
        tree.Body: _body,
        tree.If: _if,
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, NUMBERS) and not isinstance(value, bool)


def _comparable(value: Any) -> Any:
    return key_for(value_of(value)) if not _is_number(value) else value_of(value)


def _join(operator: str, left: bool | Truth, right: bool | Truth) -> bool | Truth:
    value = (bool(left) and bool(right)) if operator == "and" else (bool(left) or bool(right))
    tests = (side.test if isinstance(side, Truth) else side for side in (left, right))
    test = junction(operator, *tests)
    return value if isinstance(test, bool) else Truth(value, test)


def _flat(stages: list[Stage]) -> list[Stage]:
    flat: list[Stage] = []
    for stage in stages:
        if stage.label is None and isinstance(stage.recipe, Chain):
            flat.extend(stage.recipe.stages)
        else:
            flat.append(stage)
    return flat


def open_size(span: Span) -> Problem:
    """The error for a place that needs a number where the size is left open."""
    return error(
        "E309",
        "this needs a size that is left open in the input",
        span,
        help="give the input its size, or bring the map to a fixed size first: adaptive_avgpool(1)",
    )
