"""Expressions of a definition, translated: each becomes a static, a value that flows, or a recipe."""

from __future__ import annotations

import ast
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from cnndsl.backends.pytorch.code import (
    Code,
    call,
    constant,
    flat,
    list_of,
    name,
    names_in,
    subscript,
)
from cnndsl.backends.pytorch.sorts import Sort, is_identity, recipe_key, sample_of, sort_of
from cnndsl.backends.pytorch.values import (
    IDENTITY,
    RECIPES,
    AnyList,
    AnyTensors,
    BlockRecipe,
    BraceRecipe,
    ChainRecipe,
    ChoiceRecipe,
    Coded,
    CopiesRecipe,
    ExternRecipe,
    Function,
    KindRecipe,
    Opaque,
    ParamRecipe,
    PartRecipe,
    Rule,
    Static,
    Tensor,
    TensorList,
    Test,
    Untranslatable,
)
from cnndsl.ir import nodes
from cnndsl.ir.words import FUNCTIONS, INIT_WORDS, WEIGHT_WORDS
from cnndsl.layers.formula import AXES
from cnndsl.layers.initialisers import RULES
from cnndsl.layers.registry import OPERATIONS
from cnndsl.symbolic.expr import Expr, Symbol, TooLong, make_divisible
from cnndsl.symbolic.number import Traced, calculate, value_of

_LONGEST_KNOWN = 4096
_OPERATORS: dict[str, type[ast.operator]] = {
    "+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div, "//": ast.FloorDiv, "%": ast.Mod, "**": ast.Pow,
}  # fmt: skip
_RELATIONS: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq, "!=": ast.NotEq, "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE, "in": ast.In,
    "not in": ast.NotIn,
}  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs, "ceil": math.ceil, "float": float, "floor": math.floor, "int": int, "len": len, "max": max, "min": min,
    "round": round, "str": str, "sum": sum, "make_divisible": make_divisible,
    "range": lambda *ends: list(range(*ends)),
    "enumerate": lambda items, start=0: [[i, item] for i, item in enumerate(items, start)],
    "zip": lambda *lists: [list(row) for row in zip(*lists, strict=False)],
}  # fmt: skip


class Scope:
    """The names of a body or a brace, over those around it."""

    def __init__(self, parent: Scope | None = None, *, walls: bool = False) -> None:
        self.names: dict[str, Any] = {}
        self.parent, self.walls = parent, walls

    def find(self, wanted: str) -> Any:
        """What a name stands for. Raises KeyError."""
        return self.lookup(wanted)[0]

    def lookup(self, wanted: str) -> tuple[Any, bool]:
        """What a name stands for, and whether that is a value or part behind a wall, which hides nothing there."""
        scope: Scope | None = self
        behind = False
        walled = None
        while scope is not None:
            if wanted in scope.names:
                value = scope.names[wanted]
                if not (behind and isinstance(value, (Tensor, PartRecipe, TensorList, AnyTensors))):
                    return value, False
                walled = value
            behind = behind or scope.walls
            scope = scope.parent
        if walled is not None:
            return walled, True
        raise KeyError(wanted)


class Expressions(ABC):
    """Works out expressions. What applies layers is added by the class above."""

    scope: Scope
    it: Any
    entry: Any
    is_silent: bool

    def __init__(self, file: Any) -> None:
        self.file = file
        """What the definition can see outside of it."""
        self.coded: dict[str, Code] = file.coded
        """What symbols stand for that are no variables."""
        self.definitions: dict[str, Expr] = file.definitions
        """What variables were given, where that is known."""
        self.current: dict[str, str] = {}
        """The symbol of each variable of `__init__`, as long as it is not given something else."""
        self._by_code: dict[str, Traced] = {}

    # What the classes above do

    @abstractmethod
    def applied_pipe(self, start: Any, stages: Sequence[nodes.Node]) -> Any:
        """Stages applied to a value, one after the other."""

    @abstractmethod
    def combined(self, operation: Any, values: Sequence[Tensor], scalar: Static | None = None) -> Any:
        """An operation on values."""

    @abstractmethod
    def call_on_value(self, kind: Any, value: Tensor, arguments: Sequence[nodes.Argument]) -> Tensor:
        """`relu(it)`."""

    @abstractmethod
    def learned(self, node: nodes.Call) -> Tensor:
        """`parameter(...)`."""

    @abstractmethod
    def chosen_value(self, test: Static, node: nodes.Conditional) -> Any:
        """A value that is one of two."""

    @abstractmethod
    def looped_values(self, node: nodes.Comprehension) -> Any:
        """A list of values, one for each item of a list."""

    # Numbers and their Python

    def number(self, code: Code, sample: Any) -> Traced:
        """A number that its Python says, and no expression could."""
        key = flat(code) + "".join(f" {self.current[each]}" for each in sorted(names_in(code)) if each in self.current)
        known = self._by_code.get(key)
        if known is None:
            symbol = self.file.new_symbol("coded")
            self.coded[symbol] = code
            known = self._by_code[key] = Traced(sample, Expr.of(Symbol(symbol)))
        return known

    def fresh(self, sample: Any, code: Code | None = None, cause: Iterable[str] = ()) -> Traced:
        """A number of which nothing is known, unless how to say it; `cause` are the parameters that it follows from."""
        symbol = self.file.new_symbol("unknown")
        self.file.causes[symbol] = frozenset(cause)
        if code is not None:
            self.coded[symbol] = code
        return Traced(sample, Expr.of(Symbol(symbol)))

    def expanded(self, expr: Expr) -> Expr:
        """The expression with the constants of the text worked out."""
        while True:
            known = {s.name: self.definitions[s.name] for s in expr.symbols() if s.name in self.definitions}
            if not known:
                return expr
            try:
                expr = expr.substitute(known)
            except TooLong:
                return expr

    def known(self, value: Any) -> Any:
        """The plain number where it does not depend on a parameter; None where it does."""
        if isinstance(value, Traced):
            return self.expanded(value.expr).constant
        return value if isinstance(value, (int, float)) else None

    def same(self, a: Any, b: Any, facts: Sequence[tuple[Expr, Expr]] = ()) -> bool:
        """Whether two sizes are equal, under facts."""
        left, right = self.expanded(Expr.of(a)), self.expanded(Expr.of(b))
        if left == right:
            return True
        for p, q in facts:
            one, other = self.expanded(p), self.expanded(q)
            if left - right in (one - other, other - one):
                return True
            for this, that in ((one, other), (other, one)):
                if len(this.terms) == 1 and len(this.terms[0][0]) == 1 and this.terms[0][1] == 1:
                    atom = this.terms[0][0][0]
                    if isinstance(atom, Symbol):
                        left, right = left.substitute({atom.name: that}), right.substitute({atom.name: that})
                        if left == right:
                            return True
        return False

    def size_code(self, dim: Any) -> Code:
        """A size in Python."""
        if not isinstance(dim, Traced):
            return constant(dim)
        found = dim.expr.constant
        if found is not None and not dim.expr.factors:
            return constant(found)
        return self.expression_code(dim.expr)

    def expression_code(self, expr: Expr) -> Code:
        """An expression in Python, in the variables of `__init__`."""
        made = ast.parse(str(expr), mode="eval").body
        return _Named(self.coded).visit(made)  # type: ignore[no-any-return]

    # Expressions

    def evaluate(self, node: Any) -> Any:
        """What an expression is worth."""
        return getattr(self, f"_{node.node}")(node)

    def static(self, node: Any) -> Static:
        """What `__init__` can work out."""
        found = self.evaluate(node)
        if not isinstance(found, Static):
            raise Untranslatable("a number, a text or a list of them is needed here", node.span)
        return found

    def _const(self, node: nodes.Const) -> Static:
        return Static(node.value, constant(node.value))

    def _ref(self, node: nodes.Ref) -> Any:
        try:
            found, behind = self.scope.lookup(node.name)
        except KeyError:
            return self.file.outside(node)
        word = self.file.word(node.name) if behind else None
        return found if word is None else word

    def _flow(self, node: nodes.Flow) -> Any:
        return self.it if node.of == "it" else self.entry

    def _hole(self, node: nodes.Hole) -> Any:
        raise Untranslatable("a size left open stands here", node.span)

    def _format(self, node: nodes.Format) -> Static:
        pieces: list[ast.expr] = []
        plain = ""
        is_known = True
        for part in node.parts:
            if isinstance(part, str):
                pieces.append(ast.Constant(part))
                plain += part
                continue
            value = self.static(part)
            found = value.value if isinstance(value.value, str) else self.known(value.value)
            is_known = is_known and found is not None
            plain += str(found if found is not None else sample_of(value))
            pieces.append(ast.FormattedValue(value.code, -1, None))
        if is_known:
            return Static(plain, constant(plain))
        code = ast.JoinedStr(pieces)
        return Static(Opaque(code, plain), code)

    def _list(self, node: nodes.ListOf) -> Any:
        return self.listed([self.for_later(item) for item in self.operands(node.items)])

    def listed(self, items: list[Any]) -> Any:
        """A list of what was worked out."""
        if any(isinstance(item, (Tensor, TensorList)) for item in items):
            return TensorList(tuple(items))
        codes = [item.code if isinstance(item, Static) else None for item in items]
        code = list_of(c for c in codes if c is not None) if all(c is not None for c in codes) else name("recipes·")
        return Static(items, code)

    def _comprehension(self, node: nodes.Comprehension) -> Any:
        source = self.evaluate(node.source)
        if isinstance(source, (TensorList, AnyTensors)):
            return self.looped_values(node)
        outer, self.scope = self.scope, Scope(self.scope)
        try:
            items = source.value
            if isinstance(items, list) and self.unrolls(items):
                made = []
                for item in items:
                    self.bind_items(node.targets, item)
                    if node.condition is None or self.decided(self.test(node.condition)):
                        made.append(self.for_later(self.evaluate(node.item)))
                return self.listed(made)
            target = self.bind_generic(node.targets, sort_of(source).item or Sort(), local=True)
            tests = [self.test(node.condition).code] if node.condition is not None else []
            item = self.for_later(self.evaluate(node.item))
            if isinstance(item, Tensor):
                self.scope = outer
                return self.looped_values(node)
            sort = sort_of(item)
            code: Code = name("recipes·")
            if isinstance(item, Static):
                code = ast.ListComp(item.code, [ast.comprehension(target, _iterated(source.code), tests, 0)])
            elif isinstance(item, RECIPES):
                return self.listed_layers(node, source)
            size = len(items) if isinstance(items, list) else items.sample
            if isinstance(items, list) and isinstance(item, Static) and not tests and self.all_known(items):
                made = []
                for each in items:
                    self.bind_items(node.targets, each)
                    made.append(self.evaluate(node.item))
                return Static(made, code)
            return Static(AnyList(sort, size), code)
        finally:
            self.scope = outer

    def listed_layers(self, node: nodes.Comprehension, source: Static) -> Any:
        """A list of layers, one for each item of a list."""
        items = source.value
        if not isinstance(items, list):
            raise Untranslatable("a list of layers of a length that depends on a parameter", node.span)
        made = []
        for each in items:
            self.bind_items(node.targets, each)
            if node.condition is None or self.decided(self.test(node.condition)):
                made.append(self.evaluate(node.item))
        return self.listed(made)

    def unrolls(self, items: list[Any]) -> bool:  # noqa: ARG002 - `Body` asks them
        """Whether the turns of a loop are worked out one by one: for sizes alone, where nothing is written."""
        return False

    def all_known(self, items: list[Any]) -> bool:
        """Whether a list is one of constants."""
        for item in items:
            if isinstance(item, Static):
                if isinstance(item.value, list):
                    if not self.all_known(item.value):
                        return False
                elif isinstance(item.value, (Test, Opaque, AnyList)) or (
                    isinstance(item.value, Traced) and self.known(item.value) is None
                ):
                    return False
            else:
                return False
        return True

    def bind_items(self, targets: nodes.Targets, item: Any) -> None:
        """Give the names of a loop what they are in one turn."""
        if isinstance(targets, str):
            self.scope.names[targets] = item
            return
        values = item.items if isinstance(item, TensorList) else item.value
        for target, each in zip(targets, values, strict=True):
            self.bind_items(target, each)

    def bind_generic(self, targets: nodes.Targets, sort: Sort, *, local: bool = False) -> Code:
        """Give the names of a loop what they are like in every turn; the variables in Python."""
        if isinstance(targets, str):
            written = targets if local else self.variable(targets)
            self.scope.names[targets] = self.abstract(sort, name(written), self.new_version(written))
            return name(written)
        columns = sort.columns or [sort.item or Sort()] * len(targets)
        if len(columns) != len(targets):
            columns = [sort.item or Sort()] * len(targets)
        parts = [self.bind_generic(each, column, local=local) for each, column in zip(targets, columns, strict=True)]
        return ast.Tuple(parts, ast.Store())

    def variable(self, wanted: str) -> str:
        """The variable of `__init__` for a name of the text."""
        return wanted

    def new_version(self, variable: str) -> Traced | None:
        """The symbol of a variable that is given something new."""
        symbol = self.current[variable] = self.file.new_symbol(variable)
        return Traced(1, Expr.of(Symbol(symbol)))

    def abstract(self, sort: Sort, code: Code, symbol: Traced | None = None) -> Any:
        """What may be any of a sort, under its Python."""
        kinds = sort.kinds
        if "value" in kinds:
            raise Untranslatable("a value and something else are given for the same name")
        if "layer" in kinds:
            if kinds - {"layer"}:
                raise Untranslatable("a layer and something else are given for the same name")
            return ParamRecipe(code, tuple(sort.choices.values()), sort.needs)
        if "list" in kinds:
            item = sort.item or Sort()
            made = AnyList(item, sort.sample or 0, sort.columns)
            return Static(made, code)
        if "bool" in kinds:
            return Static(Test(bool(sort.sample)), code)
        if "str" in kinds:
            return Static(Opaque(code, sort.sample), code)
        sample = float(sort.sample) if "float" in kinds else sort.sample
        if sample is None:
            sample = 1
        if symbol is not None:
            return Static(Traced(sample, symbol.expr), code)
        return Static(self.number(code, sample), code)

    def _call(self, node: nodes.Call) -> Any:
        if isinstance(node.function, nodes.Flow):
            return self.declare_input(node)
        function = self.evaluate(node.function)
        match function:
            case KindRecipe() if not function.fields and isinstance(node.function, nodes.Ref):
                return self._kind_call(function, node)
            case BlockRecipe():
                return self.bound(function, node)
            case ExternRecipe():
                return self._bound_extern(function, node)
            case ParamRecipe():
                given = tuple(self.arguments(node))
                return ParamRecipe(function.code, function.choices, function.needs, (*function.arguments, *given))
            case Function():
                return self._function_call(function.name, node)
            case Rule():
                return self._rule_call(function, node)
            case _:
                raise Untranslatable("this cannot be called", node.span)

    @abstractmethod
    def declare_input(self, node: nodes.Call) -> Any:
        """`input(3, 32, 32)`."""

    def _kind_call(self, recipe: KindRecipe, node: nodes.Call) -> Any:
        kind = recipe.kind
        values = self.arguments(node)
        if kind.kind in OPERATIONS and any(word == "like" for word, _ in values):
            like = next(value for word, value in values if word == "like")
            rest = [argument for argument in node.arguments[1:] if argument.name != "like"]
            return self._operation_call(OPERATIONS[kind.kind], [values[0][1], like], rest)
        if values and values[0][0] is None and isinstance(values[0][1], Tensor):
            return self.call_on_value(kind, values[0][1], node.arguments[1:])
        return self.layer(kind, values, node.span)

    def layer(self, kind: Any, values: Sequence[tuple[str | None, Any]], span: nodes.Span | None) -> KindRecipe:
        """A layer kind with its arguments."""
        words = list(kind.model_fields)
        fields: dict[str, Static] = {}
        begins: dict[str, Any] = {}
        numbers: dict[str, Static] = {}
        for position, (word, value) in enumerate(values):
            word = words[position] if word is None else word  # noqa: PLW2901 - its place says it
            is_list = isinstance(value, Static) and isinstance(value.value, (list, AnyList))
            if (word in WEIGHT_WORDS and word not in words) or (word == "bias" and is_list):
                numbers[word] = value
                if word in words:
                    fields[word] = Static(True, constant(True))
            elif word in INIT_WORDS:
                begins[INIT_WORDS[word]] = value
            elif isinstance(value, Static):
                fields[word] = value
            else:
                raise Untranslatable(f"{kind.kind}: {word} is given no number", span)
        return KindRecipe(kind, fields, begins, numbers, span)

    def bound(self, recipe: BlockRecipe, node: nodes.Call) -> BlockRecipe:
        """A block with more of its arguments."""
        names = [parameter.name for parameter in recipe.definition.parameters]
        given = dict(recipe.arguments)
        left = [word for word in names if word not in given]
        positional = 0
        for position, (word, value) in enumerate(self.arguments(node)):
            positional += word is None
            given[word or left[position]] = value
        ordered = {word: given[word] for word in names if word in given}
        if recipe.arguments:
            positional = 0
        base = recipe if recipe.constant else recipe.base
        return self.computed_first(BlockRecipe(recipe.definition, ordered, positional, node.span, base=base))

    @abstractmethod
    def computed_first(self, recipe: BlockRecipe) -> BlockRecipe:
        """A block with the values that it is given in variables, for they come before whatever it is applied to."""

    @abstractmethod
    def for_later(self, value: Any) -> Any:
        """The same, where it is a block that is applied after other lines, which may change what it is given."""

    def _bound_extern(self, recipe: ExternRecipe, node: nodes.Call) -> ExternRecipe:
        names = [parameter.name for parameter in recipe.extern.parameters]
        given: dict[str, Static] = {}
        for position, argument in enumerate(node.arguments):
            given[argument.name or names[position]] = self.static(argument.value)
        return ExternRecipe(recipe.extern, {word: given[word] for word in names if word in given})

    def _function_call(self, word: str, node: nodes.Call) -> Any:
        if word == "parameter":
            return self.learned(node)
        values = self.operands([argument.value for argument in node.arguments if argument.name is None])
        named = [argument for argument in node.arguments if argument.name is not None]
        spread: list[Any] = []
        for value in values:
            if isinstance(value, TensorList):
                spread += value.items
            elif isinstance(value, Static) and isinstance(value.value, list) and not value.value and word in OPERATIONS:
                continue
            else:
                spread.append(value)
        if word in OPERATIONS and spread and isinstance(spread[0], (Tensor, AnyTensors)):
            count = next(
                (i for i, item in enumerate(spread) if not isinstance(item, (Tensor, AnyTensors))), len(spread)
            )
            operation = OPERATIONS[word]
            fields = list(operation.model_fields)
            given = dict(zip(fields, spread[count:], strict=False))
            given |= {argument.name: self.static(argument.value) for argument in named if argument.name is not None}
            return self._operation_values(operation, spread[:count], given)
        if word == "len" and isinstance(values[0], AnyTensors):
            first = values[0].lists[0]
            code = call("len", name(first) if isinstance(first, str) else first)  # type: ignore[arg-type]
            return Static(self.number(code, values[0].sample), code)
        if word == "len" and isinstance(values[0], TensorList):
            return Static(len(values[0].items), constant(len(values[0].items)))
        if word == "enumerate" and isinstance(values[0], TensorList):
            return TensorList(tuple(TensorList((Static(i, constant(i)), v)) for i, v in enumerate(values[0].items)))
        if word in FUNCTIONS:
            return self._constant_call(word, values)
        raise Untranslatable(f"{word} is called on what is no value", node.span)

    def _operation_call(self, operation: Any, values: list[Any], rest: Sequence[nodes.Argument]) -> Any:
        fields = list(operation.model_fields)
        given = {}
        for position, argument in enumerate(rest):
            given[argument.name or fields[position]] = self.static(argument.value)
        return self._operation_values(operation, values, given)

    def _operation_values(self, operation: Any, values: list[Any], given: dict[str, Static]) -> Any:
        made = operation.model_construct(**{word: self.field(value) for word, value in given.items()})
        if operation.kind in ("add", "mul") and len(values) > 2:
            total = values[0]
            for value in values[1:]:
                total = self.combined(made, [total, value])
            return total
        return self.combined(made, values)

    def field(self, static: Static) -> Any:
        """A static as the parameter of a layer."""
        value = static.value
        if isinstance(value, Coded):
            return value
        if isinstance(value, Traced):
            return Coded(value.value, value.expr, static.code)
        if isinstance(value, list):
            return tuple(self.field(item) for item in value)
        if isinstance(value, Test):
            return Opaque(static.code, value.sample)
        if isinstance(value, AnyList):
            if not self.is_silent and not value.item.is_extent and not value.item.item:
                value.item.is_extent = True
                self.file.stale()
            return Opaque(static.code, tuple(sample_of(static)))
        return value

    def _constant_call(self, word: str, values: list[Any]) -> Any:
        statics = [value for value in values if isinstance(value, Static)]
        if len(statics) != len(values):
            raise Untranslatable(f"{word} of what is no constant")
        codes = [static.code for static in statics]
        code: Code = call(
            word, *(_iterated(c) if word in ("sum", "len", "enumerate", "zip", "max", "min") else c for c in codes)
        )
        if word in ("enumerate", "zip", "range"):
            return self._rows_call(word, statics, code)
        if word == "len" and isinstance(statics[0].value, list):
            return Static(len(statics[0].value), code)
        if self.all_known(statics):
            plain = [_constants(self, static) for static in statics]
            return Static(_FUNCTIONS[word](*plain), code)
        sample = _FUNCTIONS[word](*(sample_of(static) for static in statics))
        if isinstance(sample, str):
            return Static(Opaque(code, sample), code)
        return Static(self.number(code, sample), code)

    def _rows_call(self, word: str, statics: list[Static], code: Code) -> Static:
        if word == "range":
            known = [self.known(static.value) for static in statics]
            if None not in known:
                numbers = range(*known)
                if len(numbers) <= _LONGEST_KNOWN:
                    return Static([Static(i, constant(i)) for i in numbers], code)
            sample = len(range(*(sample_of(static) for static in statics)))
            return Static(AnyList(Sort({"int"}, 1), sample), code)
        if word == "enumerate":
            start = self.known(statics[1].value) if len(statics) > 1 else 0
            items = statics[0].value
            if isinstance(items, list) and start is not None:
                rows = [self.listed([Static(i, constant(i)), item]) for i, item in enumerate(items, start)]
                return Static(rows, code)
            inner = sort_of(statics[0])
            row = Sort({"list"}, 2, columns=[Sort({"int"}, 1), inner.item or Sort()])
            return Static(AnyList(row, inner.sample or 0), code)
        if all(isinstance(static.value, list) for static in statics):
            return Static([self.listed(list(row)) for row in zip(*(s.value for s in statics), strict=False)], code)
        sorts = [sort_of(static) for static in statics]
        row = Sort({"list"}, len(sorts), columns=[sort.item or Sort() for sort in sorts])
        return Static(AnyList(row, min(sort.sample or 0 for sort in sorts)), code)

    def _rule_call(self, rule: Rule, node: nodes.Call) -> Rule:
        words = list(RULES[rule.name])
        given = {}
        for position, argument in enumerate(node.arguments):
            given[argument.name or words[position]] = self.static(argument.value)
        return Rule(rule.name, tuple((word, given[word]) for word in words if word in given))

    def _size(self, node: nodes.SizeOf) -> Any:
        value = self.evaluate(node.value)
        if not isinstance(value, Tensor):
            raise Untranslatable("a size is asked of what is no single value", node.span)
        if node.name == "shape":
            return Static(
                [Static(dim, self.size_code(dim)) for dim in value.shape], list_of(map(self.size_code, value.shape))
            )
        if node.name == "rank":
            return Static(len(value.shape), constant(len(value.shape)))
        axis = 0 if node.name in ("channels", "features") else 1 + AXES[len(value.shape) - 1].index(node.name)
        dim = value.shape[axis]
        return Static(dim, self.size_code(dim))

    def _index(self, node: nodes.Index) -> Any:
        value, index = self.evaluate(node.value), self.static(node.index)
        at = self.known(index.value)
        if isinstance(value, TensorList):
            if at is None:
                raise Untranslatable(
                    "which value is taken depends on a parameter", node.span, names=self.names_of(index)
                )
            return value.items[at]
        if isinstance(value, AnyTensors):
            return self.item_of(value, index)
        assert isinstance(value, Static)  # noqa: S101 - nothing else has items
        items = value.value
        code = subscript(value.code, index.code)
        if isinstance(items, list) and at is not None:
            item = items[at]
            if isinstance(item, Static) and isinstance(value.code, ast.Name):
                return Static(item.value, code)
            return item
        if isinstance(items, AnyList):
            columns = items.columns
            is_mixed = len(items.item.kinds) > 1 and columns is not None and isinstance(at, int)
            place = columns[at] if is_mixed and -len(columns) <= at < len(columns) else items.item
            return self.abstract(place, code)
        return self.abstract(sort_of(value).item or Sort(), code)

    @abstractmethod
    def item_of(self, value: AnyTensors, index: Static) -> Tensor:
        """One value of a list."""

    def _slice(self, node: nodes.Slice) -> Any:
        value = self.evaluate(node.value)
        start = None if node.start is None else self.static(node.start)
        end = None if node.end is None else self.static(node.end)
        known = [None if side is None else self.known(side.value) for side in (start, end)]
        is_known = all(side is None or at is not None for side, at in zip((start, end), known, strict=True))
        if isinstance(value, TensorList):
            if not is_known:
                raise Untranslatable("which values are taken depends on a parameter", node.span)
            return TensorList(value.items[known[0] : known[1]])
        cut = ast.Slice(start.code if start else None, end.code if end else None)
        code = subscript(value.code, cut)
        if isinstance(value.value, list) and is_known:
            return Static(value.value[known[0] : known[1]], code)
        if isinstance(value.value, (str, Opaque)):
            return Static(Opaque(code, sample_of(value)), code)
        sort = sort_of(value)
        return Static(AnyList(sort.item or Sort(), sort.sample or 0), code)

    def _op(self, node: nodes.Op) -> Any:
        if node.operator == "not":
            return self.opposite(self.test(node.operands[0]))
        if node.operator in ("and", "or"):
            return self._junction(node)
        if len(node.operands) == 1:
            value = self.evaluate(node.operands[0])
            if isinstance(value, Tensor):
                minus = Static(-1, constant(-1))
                return self.combined(OPERATIONS["mul"].model_construct(**_scalar(-1, first=True)), [value], minus)
            if node.operator == "+":
                return value
            code = (
                constant(-value.value)
                if isinstance(value.value, (int, float)) and isinstance(value.code, ast.Constant)
                else ast.UnaryOp(ast.USub(), value.code)
            )
            return Static(-value.value, code)
        left, right = self.operands(node.operands)
        return self._binary(node, left, right)

    def operands(self, items: Sequence[Any]) -> list[Any]:
        """Expressions, in their order."""
        return self.in_order([partial(self.evaluate, item) for item in items])

    @abstractmethod
    def in_order(self, works: Sequence[Callable[[], Any]]) -> list[Any]:
        """What each of them gives: none overwrites what another one reads, or runs before one in front of it."""

    def arguments(self, node: nodes.Call) -> list[tuple[str | None, Any]]:
        """The arguments of a call, each with its name or None."""
        values = self.operands([argument.value for argument in node.arguments])
        return [(argument.name, value) for argument, value in zip(node.arguments, values, strict=True)]

    def _binary(self, node: nodes.Op, left: Any, right: Any) -> Any:
        word = node.operator
        if isinstance(left, (TensorList, AnyTensors)) or isinstance(right, (TensorList, AnyTensors)):
            return self.joined(left, right, node.span)
        if isinstance(left, Tensor) or isinstance(right, Tensor):
            kind = {"+": "add", "-": "sub", "*": "mul", "/": "div"}[word]
            if isinstance(left, Tensor) and isinstance(right, Tensor):
                return self.combined(OPERATIONS[kind].model_construct(), [left, right])
            value, other, first = (left, right, False) if isinstance(left, Tensor) else (right, left, True)
            made = OPERATIONS[kind].model_construct(**_scalar(self.field(other), first=first))
            return self.combined(made, [value], other)
        if isinstance(left, RECIPES) and word == "*":
            return CopiesRecipe(left, right, node.operands[0])
        a, b = left.value, right.value
        if isinstance(a, (list, AnyList)) or isinstance(b, (list, AnyList)):
            return self._list_arithmetic(word, left, right)
        code = ast.BinOp(left.code, _OPERATORS[word](), right.code)
        if isinstance(a, (str, Opaque)):
            text = sample_of(left) + sample_of(right) if word == "+" else sample_of(left) * sample_of(right)
            is_known = isinstance(a, str) and not isinstance(b, (Opaque, Traced))
            return Static(text if is_known else Opaque(code, text), code)
        if not isinstance(a, Traced) and not isinstance(b, Traced):
            return Static(_python(word, a, b), code)
        sample = _python(word, value_of(a), value_of(b))
        whole = isinstance(value_of(a), int) and isinstance(value_of(b), int) and word not in ("/", "**")
        if whole:
            try:
                return Static(calculate(word, a, b), code)
            except (TooLong, ZeroDivisionError):
                pass
        known = (self.known(a), self.known(b))
        if None not in known:
            number = self.number(code, sample)
            (symbol,) = number.expr.symbols()
            self.definitions.setdefault(symbol.name, Expr.of(_python(word, *known)))
            return Static(number, code)
        return Static(self.number(code, sample), code)

    def _list_arithmetic(self, word: str, left: Static, right: Static) -> Static:
        code = ast.BinOp(left.code, _OPERATORS[word](), right.code)
        if word == "+":
            if isinstance(left.value, list) and isinstance(right.value, list):
                return Static([*left.value, *right.value], code)
            sort = sort_of(left)
            sort.merge(sort_of(right))
            size = (sort_of(left).sample or 0) + (sort_of(right).sample or 0)
            return Static(AnyList(sort.item or Sort(), size), code)
        count = self.known(right.value)
        if isinstance(left.value, list) and count is not None:
            return Static(left.value * count, code)
        sort = sort_of(left)
        return Static(AnyList(sort.item or Sort(), sort.sample or 0), code)

    def joined(self, left: Any, right: Any, span: nodes.Span) -> Any:
        """Two lists of values, one after the other."""
        items: list[Any] = []
        for side in (left, right):
            if isinstance(side, TensorList):
                items += side.items
            elif isinstance(side, Static) and isinstance(side.value, list) and not side.value:
                continue
            else:
                raise Untranslatable("a list of values is joined with something else", span)
        return TensorList(tuple(items))

    # Conditions

    def test(self, node: Any) -> Static:
        """A condition."""
        found = self.evaluate(node)
        if isinstance(found, Static) and isinstance(found.value, (bool, Test)):
            return found
        if isinstance(found, Static) and isinstance(found.value, Traced) and isinstance(self.known(found.value), bool):
            return Static(self.known(found.value), found.code)
        raise Untranslatable("a condition is needed here", node.span)

    def decided(self, test: Static) -> bool:
        """How a condition comes out that depends on no parameter."""
        if isinstance(test.value, bool):
            return test.value
        raise Untranslatable("a condition depends on a parameter here", names=self.names_of(test))

    def opposite(self, test: Static) -> Static:
        """`not test`."""
        from cnndsl.backends.pytorch.code import negated

        if isinstance(test.value, bool):
            return Static(not test.value, negated(test.code))
        return Static(Test(not test.value.sample, test.value.fails, test.value.holds), negated(test.code))

    def _junction(self, node: nodes.Op) -> Static:
        left = self.test(node.operands[0])
        is_and = node.operator == "and"
        if isinstance(left.value, bool):
            return self.test(node.operands[1]) if left.value is is_and else left
        right = self.test(node.operands[1])
        if isinstance(right.value, bool):
            return left if right.value is is_and else right
        a, b = left.value, right.value
        values = [*_same_tests(left.code, is_and), *_same_tests(right.code, is_and)]
        code = ast.BoolOp(ast.And() if is_and else ast.Or(), values)
        if is_and:
            return Static(Test(a.sample and b.sample, (*a.holds, *b.holds), ()), code)
        return Static(Test(a.sample or b.sample, (), (*a.fails, *b.fails)), code)

    def _compare(self, node: nodes.Compare) -> Static:
        values = [self.evaluate(operand) for operand in node.operands]
        parts = [self._compared(word, a, b) for word, a, b in zip(node.operators, values, values[1:], strict=False)]
        if len(parts) == 1:
            return parts[0]
        unknown = [part for part in parts if not isinstance(part.value, bool)]
        if any(part.value is False for part in parts):
            return Static(False, constant(False))
        if not unknown:
            return Static(True, constant(True))
        code = ast.Compare(values[0].code, [_RELATIONS[w]() for w in node.operators], [v.code for v in values[1:]])
        return Static(Test(all(part.value.sample for part in unknown)), code)

    def _compared(self, word: str, left: Any, right: Any) -> Static:
        if isinstance(left, RECIPES) or isinstance(right, RECIPES):
            return self._compared_layers(word, left, right)
        code = ast.Compare(left.code, [_RELATIONS[word]()], [right.code])
        a, b = left.value, right.value
        if isinstance(a, Traced) or isinstance(b, Traced):
            if isinstance(value_of(a), (int, float)) and isinstance(value_of(b), (int, float)):
                return self._compared_numbers(word, a, b, code)
        elif self.all_known([left]) and self.all_known([right]):
            return Static(_related(word, _constants(self, left), _constants(self, right)), code)
        if isinstance(a, list) and isinstance(b, list) and word in ("==", "!="):
            if len(a) != len(b):
                return Static(word == "!=", code)
            pairs = list(zip(a, b, strict=True))
            if all(self.same(p.value, q.value) for p, q in pairs if isinstance(p.value, (int, float, Traced))):
                return Static(word == "==", code)
        sample = _related(word, sample_of(left), sample_of(right))
        facts: tuple[tuple[Expr, Expr], ...] = ()
        if isinstance(a, list) and isinstance(b, list):
            facts = tuple((Expr.of(p.value), Expr.of(q.value)) for p, q in zip(a, b, strict=True))
        return Static(Test(sample, facts if word == "==" else (), facts if word == "!=" else ()), code)

    def _compared_numbers(self, word: str, a: Any, b: Any, code: Code) -> Static:
        known = (self.known(a), self.known(b))
        if None not in known:
            return Static(_related(word, *known), code)
        try:
            difference = (self.expanded(Expr.of(a)) - self.expanded(Expr.of(b))).constant
        except TooLong:
            difference = None
        if difference is not None:
            return Static(_related(word, difference, 0), code)
        fact = ((Expr.of(a), Expr.of(b)),)
        sample = _related(word, value_of(a), value_of(b))
        return Static(Test(sample, fact if word == "==" else (), fact if word == "!=" else ()), code)

    def _compared_layers(self, word: str, left: Any, right: Any) -> Static:
        for side, other in ((left, right), (right, left)):
            if isinstance(side, ParamRecipe) and is_identity(other):
                is_same = word == "=="
                code = ast.Compare(side.code, [ast.Is() if is_same else ast.IsNot()], [ast.Constant(None)])
                sample = any(map(is_identity, side.choices))
                return Static(Test(sample is is_same), code)
        if (
            isinstance(left, RECIPES)
            and isinstance(right, RECIPES)
            and not isinstance(left, ParamRecipe)
            and not isinstance(right, ParamRecipe)
        ):
            return Static((recipe_key(left) == recipe_key(right)) is (word == "=="), constant(True))
        raise Untranslatable("layers are compared, of which one is a parameter")

    def _conditional(self, node: nodes.Conditional) -> Any:
        test = self.test(node.condition)
        if isinstance(test.value, bool):
            return self.evaluate(node.yes if test.value else node.no)
        if self.may_flow(node):
            return self.chosen_value(test, node)
        yes, no = self.evaluate(node.yes), self.evaluate(node.no)
        if isinstance(yes, (Tensor, TensorList)):
            return self.chosen_value(test, node)
        if isinstance(yes, RECIPES) or isinstance(no, RECIPES):
            return ChoiceRecipe(test, yes, no, node.yes, node.no)
        code = ast.IfExp(test.code, yes.code, no.code)
        a, b = yes.value, no.value
        if isinstance(a, (bool, Test)):
            return Static(Test(sample_of(yes) if test.value.sample else sample_of(no)), code)
        if isinstance(value_of(a), (int, float)):
            if self.same(a, b):
                return yes
            return Static(self.number(code, sample_of(yes if test.value.sample else no)), code)
        if isinstance(a, (str, Opaque)):
            return Static(Opaque(code, sample_of(yes)), code)
        sort = sort_of(yes)
        sort.merge(sort_of(no))
        return self.abstract(sort, code)

    def may_flow(self, node: nodes.Conditional) -> bool:
        """Whether a choice is one of values, which are computed where they are chosen."""
        return any(isinstance(each, nodes.Flow) for side in (node.yes, node.no) for each in _outer(side))

    def names_of(self, static: Static) -> frozenset[str]:
        """The variables that a static depends on."""
        return frozenset(names_in(static.code))

    # Layers

    def _labelled(self, node: nodes.Labelled) -> ChainRecipe:
        return ChainRecipe((self.stage(node),))

    def stage(self, node: Any) -> tuple[Any, Any, Any]:
        """A stage: its recipe, label and node."""
        if isinstance(node, nodes.Labelled):
            label = Static(node.label, constant(node.label)) if isinstance(node.label, str) else self.static(node.label)
            return self.evaluate(node.layer), label, node
        return self.evaluate(node), None, node

    def _pipe(self, node: nodes.Pipe) -> Any:
        start = self.stage(node.stages[0]) if isinstance(node.stages[0], nodes.Labelled) else None
        first = start[0] if start is not None else self.evaluate(node.stages[0])
        if isinstance(first, Tensor):
            return self.applied_pipe(first, node.stages[1:])
        if start is None:
            start = (first, None, node.stages[0])
        return ChainRecipe((start, *map(self.stage, node.stages[1:])))

    def _brace(self, node: nodes.Brace) -> BraceRecipe:
        return BraceRecipe(node.body, self.scope)

    def _choice(self, node: nodes.Choice) -> Any:
        test = self.test(node.condition)
        yes, no = (self._side(side) for side in (node.yes, node.no))
        if isinstance(test.value, bool):
            chosen = yes if test.value else no
            return IDENTITY if chosen is None else chosen
        return ChoiceRecipe(test, yes, no)

    def _side(self, body: tuple[nodes.Statement, ...]) -> Any:
        return BraceRecipe(body, self.scope) if body else None


class _Named(ast.NodeTransformer):
    """Puts Python in place of the symbols that stand for it, and variables in place of their versions."""

    def __init__(self, coded: dict[str, Code]) -> None:
        self._coded = coded

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self._coded:
            return self._coded[node.id]
        if "·" in node.id and not node.id.startswith(("unknown·", "coded·")):
            return name(node.id.partition("·")[0])
        return node


def _outer(node: Any) -> list[Any]:
    """The expressions that are worked out where an expression is, without its layers' arguments."""
    match node:
        case nodes.Pipe():
            return [node, *_outer(node.stages[0])]
        case nodes.Op() if node.operator not in ("and", "or", "not"):
            return [node, *(inner for operand in node.operands for inner in _outer(operand))]
        case nodes.Call():
            return [node, *(inner for argument in node.arguments for inner in _outer(argument.value))]
        case nodes.Conditional():
            return [node, *_outer(node.yes), *_outer(node.no)]
        case _:
            return [node]


def _same_tests(code: Code, is_and: bool) -> list[Code]:
    if isinstance(code, ast.BoolOp) and isinstance(code.op, ast.And) is is_and:
        return code.values
    return [code]


def _iterated(code: Code) -> Code:
    return code


def _constants(body: Expressions, static: Any) -> Any:
    value = static.value
    if isinstance(value, list):
        return [_constants(body, item) for item in value]
    return body.known(value) if isinstance(value, Traced) else value


def _scalar(number: Any, *, first: bool) -> dict[str, Any]:
    return {"scalar": number, "scalar_first": first}


def _related(word: str, a: Any, b: Any) -> bool:
    match word:
        case "==":
            return bool(a == b)
        case "!=":
            return bool(a != b)
        case "<":
            return bool(a < b)
        case "<=":
            return bool(a <= b)
        case ">":
            return bool(a > b)
        case ">=":
            return bool(a >= b)
        case "in":
            return a in b
        case _:
            return a not in b


def _python(word: str, a: Any, b: Any) -> Any:
    try:
        match word:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "/":
                return a / b
            case "//":
                return a // b
            case "%":
                return a % b
            case _:
                return a**b
    except (ZeroDivisionError, OverflowError):
        return 1
