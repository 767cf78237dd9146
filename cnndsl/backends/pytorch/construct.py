"""How layers are constructed and called: recipes become the Python of `__init__`, and of `forward`."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

from cnndsl.backends.pytorch.code import (
    Code,
    attribute,
    call,
    constant,
    dotted,
    flat,
    list_of,
    name,
    names_in,
    parsed,
    replaced,
    subscript,
    tuple_of,
    within_64_bits,
)
from cnndsl.backends.pytorch.expressions import Expressions, Scope
from cnndsl.backends.pytorch.flowgraph import Append, Assign, Chain
from cnndsl.backends.pytorch.initialise import rule_code
from cnndsl.backends.pytorch.sorts import is_identity
from cnndsl.backends.pytorch.values import (
    AnyList,
    AnyTensors,
    BlockRecipe,
    BraceRecipe,
    ChainRecipe,
    ChoiceRecipe,
    Coded,
    CopiesRecipe,
    ExternRecipe,
    KindRecipe,
    NeedsFlatten,
    Opaque,
    ParamRecipe,
    PartRecipe,
    Rule,
    Static,
    Tensor,
    Untranslatable,
)
from cnndsl.ir import nodes
from cnndsl.layers.base import Argument, Group, Layer, Spelling
from cnndsl.layers.base import Code as Spelled
from cnndsl.layers.formula import AXES, Shape
from cnndsl.layers.operations import Learned, aligned, axis_index
from cnndsl.layers.shape import Flatten
from cnndsl.symbolic.expr import Expr, Symbol
from cnndsl.symbolic.number import Traced, value_of
from cnndsl.symbolic.number import call as traced_call

DECIDING = {"axis", "mode", "order", "start", "end", "keepdim", "ceil_mode", "sizes"}
"""Parameters on which it depends what comes out, or which class it is: constants."""


@dataclass
class Made:
    """A layer that is constructed: its Python, what comes out, its type, and the values that it takes besides."""

    value: Code | Chain
    shapes: tuple[Shape, ...]
    type: str = "nn.Module"
    extra: tuple[Tensor, ...] = ()
    names: tuple[str, ...] = ()
    units: frozenset[Any] = frozenset()
    word: str = "layer"
    is_tensor: bool = False
    begins: tuple[tuple[str, Any], ...] = ()
    keeps: bool = False


class Construct(Expressions):
    """Constructs layers and calls them."""

    is_silent: bool
    chain: Chain | None
    is_empty_chain: bool
    end: str
    """The variable of what flows at the end of the chain."""
    lines: list[Any]
    target: str | None
    _registered: dict[int, Any]
    _path: list[Any]
    loops: list[Any]
    apply_stage: Any
    free: Any
    loop: Any
    run: Any
    local: Any
    branch: Any
    """What `Body` adds."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self._registered = {}
        self.always: set[int] = set()
        self._counts: dict[str, int] = {}
        self.fills: dict[int, Any] = {}

    # One layer

    def make(self, recipe: Any, value: Tensor) -> Made:
        """A layer for what comes in."""
        match recipe:
            case KindRecipe():
                return self._kind(recipe, value)
            case ExternRecipe():
                return self._extern(recipe, value)
            case BlockRecipe():
                return self._block(recipe, value)
            case ParamRecipe():
                return self._parameter(recipe, value)
            case PartRecipe():
                raise Untranslatable("a part of the body around it")
            case _:
                return self._chain(recipe, value)

    def _kind(self, recipe: KindRecipe, value: Tensor) -> Made:
        layer = self.built(recipe)
        if layer.flattens(value.shape):
            raise NeedsFlatten
        if layer.group is Group.DENSE and len(value.shape) > 1:
            self.file.has_dense_places = True
        shape = self.rule(layer, value.shape)
        code = self.spelled(layer.torch(value.shape))
        if recipe.numbers:
            code = self._with_numbers(code, recipe)
        begins = tuple(recipe.begins.items())
        target = flat(code.func) if isinstance(code, ast.Call) else "nn.Module"
        if recipe.numbers:
            target = self.spelled(layer.torch(value.shape)).func  # type: ignore[attr-defined]
            target = flat(target)
        return Made(code, (self.plain_shape(shape),), target, word="layer", begins=begins)

    def rule(self, layer: Layer, shape: Shape) -> Shape:
        """What a layer gives; of lists that are known when a module is built, item by item."""
        lists = {
            word: tuple(
                self.number(subscript(held.code, constant(at)), item)
                for at, item in zip(range(len(shape) - 1), cycle(held.sample), strict=False)
            )
            for word in type(layer).model_fields
            if isinstance(held := getattr(layer, word, None), Opaque) and isinstance(held.sample, tuple)
        }
        return (layer.having(lists) if lists else layer).size_rule(shape)

    def built(self, recipe: KindRecipe) -> Layer:
        """The layer, with statics for its parameters."""
        fields = {}
        for word, static in recipe.fields.items():
            value = self.field(static)
            if word in DECIDING:
                value = self._decided_field(static, recipe)
            fields[word] = value
        defaults = {word: info.default for word, info in recipe.kind.model_fields.items() if not info.is_required()}
        return recipe.kind.model_construct(**(defaults | fields))

    def _decided_field(self, static: Static, recipe: Any) -> Any:
        """A parameter on which the structure depends: a constant, or a list of numbers of which any may be open."""
        value = static.value
        if isinstance(value, Traced):
            known = self.known(value)
            if known is None:
                raise Untranslatable(
                    "what this layer does depends on a parameter", recipe.span, names=self.names_of(static)
                )
            return known
        if isinstance(value, list):
            return tuple(self.field(item) if isinstance(item.value, Traced) else item.value for item in value)
        if isinstance(value, (bool, int, float, str)):
            return value
        raise Untranslatable("what this layer does depends on a parameter", recipe.span, names=self.names_of(static))

    def _with_numbers(self, code: Code, recipe: KindRecipe) -> Code:
        self.file.helpers.add("with_weights")
        named: dict[str, Code] = {}
        for word, static in recipe.numbers.items():
            named[word] = static.code
        trainable = named.pop("trainable", None)
        if trainable is not None and flat(trainable) != "False":
            named = {"trainable": trainable} | named
        return call("with_weights", code, **named)

    def plain_shape(self, shape: Shape) -> Shape:
        """Sizes without the Python that the text has for them, which may not hold for long."""
        made: list[Any] = []
        for dim in shape:
            if isinstance(dim, Coded):
                made.append(Traced(dim.value, dim.expr))
            elif isinstance(dim, Opaque):
                made.append(self.fresh(1))
            else:
                made.append(dim)
        return tuple(made)

    def spelled(self, spelling: Spelling, value: Code | None = None) -> Code:
        """What PyTorch writes for a layer; `value` is what a function is called on."""
        if spelling.template is not None:
            return self._from_template(spelling, value)
        if spelling.package:
            self.file.imports.add((spelling.package, spelling.target))
        positional = [] if value is None else [value]
        named: dict[str, Code] = {}
        for argument in spelling.arguments:
            if argument.required and not spelling.package:
                positional.append(self.argument_code(argument.value))
            elif argument.required or not self._is_default(argument):
                named[argument.name] = self.argument_code(argument.value)
        return call(spelling.target, *positional, **named)

    def _from_template(self, spelling: Spelling, value: Code | None) -> Code:
        assert spelling.template is not None  # noqa: S101 - asked by the caller
        names = {argument.name: f"given{at}" for at, argument in enumerate(spelling.arguments)}
        text = spelling.template.format(x="value", **names)
        codes: dict[str, Code] = {f"given{at}": self.argument_code(a.value) for at, a in enumerate(spelling.arguments)}
        if value is not None:
            codes["value"] = value
        return replaced(parsed(text), codes)

    @staticmethod
    def _is_default(argument: Argument) -> bool:
        value, default = argument.value, argument.default
        if isinstance(value, Traced) and isinstance(default, Traced):
            return value.expr == default.expr
        if isinstance(value, (Traced, Opaque)) or isinstance(default, (Traced, Opaque)):
            return False
        if isinstance(value, tuple) and any(isinstance(item, (Traced, Opaque)) for item in value):
            return False
        return type(value) is type(default) and bool(value == default)

    def argument_code(self, value: Any) -> Code:
        """An argument in Python."""
        if isinstance(value, Spelled):
            return parsed(str(value))
        if isinstance(value, Opaque):
            return value.code
        if isinstance(value, Traced):
            return within_64_bits(value, value.code if isinstance(value, Coded) else self.size_code(value))
        if isinstance(value, (tuple, list)):
            made = map(self.argument_code, value)
            return list_of(made) if isinstance(value, list) else tuple_of(made)
        return within_64_bits(value, constant(value))

    def _extern(self, recipe: ExternRecipe, value: Tensor) -> Made:
        layer, shape = self.file.extern_layer(recipe, value.shape, self)
        code = self.spelled(layer.torch(value.shape))
        return Made(code, (self.plain_shape(shape),), "nn.Module")

    def plain(self, recipe: KindRecipe, value: Tensor) -> Tensor:
        """A layer as a function call."""
        layer = self.built(recipe)
        shape = layer.size_rule(value.shape)
        spelling = layer.function(value.shape)
        if spelling is None:
            raise Untranslatable(f"{recipe.kind.kind} is no function", recipe.span)
        return Tensor(self.spelled(spelling, value.code), self.plain_shape(shape), value.unbatched)

    def call_on_value(self, kind: Any, value: Tensor, arguments: Sequence[nodes.Argument]) -> Tensor:
        given = [(argument.name, self.evaluate(argument.value)) for argument in arguments]
        return self.plain(self.layer(kind, given, None), value)

    def flattened(self, value: Tensor) -> Tensor:
        """A map as a list of features. Raises NeedsFlatten at the beginning of a chain."""
        if self.chain is not None:
            if self.is_empty_chain:
                raise NeedsFlatten
            raise Untranslatable("a list of features is needed in the middle of a chain")
        return self.plain(KindRecipe(Flatten, {}), value)

    def combined(self, operation: Any, values: Sequence[Any], scalar: Static | None = None) -> Any:
        if any(isinstance(value, AnyTensors) for value in values):
            return self._combined_list(operation, values)
        if len(values) == 1 and operation.kind == "concat":
            return values[0]
        for word in DECIDING | {"parts"}:
            held = getattr(operation, word, None)
            if isinstance(held, (Coded, Opaque)) and word != "parts":
                known = self.known(held) if isinstance(held, Traced) else None
                if known is None:
                    raise Untranslatable(
                        f"the {word} of {operation.kind} depends on a parameter", names=frozenset(names_in(held.code))
                    )
                operation = operation.model_copy(update={word: known})
        if operation.kind == "split":
            return self._split(operation, values[0])
        shapes = operation.size_rule(tuple(value.shape for value in values))
        lacking = tuple(value.unbatched for value in values)
        if operation.kind in ("add", "sub", "mul", "div") and len(values) == 2:
            xs = tuple(value.shape for value in values)
            one, other = aligned(xs, lacking, operation.symbol) if any(lacking) else xs
            shapes = (tuple(map(self._larger, one, other)),)
        names = [f"v{at}" for at in range(len(values))]
        if scalar is not None:
            operation = operation.model_copy(
                update={"scalar": -1 if operation.scalar == -1 and operation.scalar_first else 2}
            )
            text = operation.text(tuple(value.shape for value in values), tuple(names))
            code = parsed(text)
            if not text.startswith("-"):
                code = _with_scalar(code, within_64_bits(scalar.value, scalar.code))
        else:
            code = parsed(operation.text(tuple(value.shape for value in values), tuple(names)))
        code = replaced(code, dict(zip(names, (value.code for value in values), strict=True)))
        return Tensor(code, self.plain_shape(shapes[0]), all(lacking))

    def _larger(self, p: Any, q: Any) -> Any:
        """The size of two axes that go together: that of the one that is not 1."""
        if p == 1 and isinstance(p, int):
            return q
        if (q == 1 and isinstance(q, int)) or self.same(p, q):
            return p
        facts = [fact for _, outcome, test in self._path if test is not None for fact in _facts(test, outcome)]
        if self.same(p, q, facts):
            return q
        known = [self.known(each) for each in (p, q)]
        if None not in known:
            return max(known)
        return traced_call("max", max(value_of(p), value_of(q)), (p, q))

    def _combined_list(self, operation: Any, values: Sequence[Any]) -> Tensor:
        (held, *others) = values
        if operation.kind == "add" and not others and isinstance(held, AnyTensors):
            first = ast.Subscript(held.code, ast.Constant(0), ast.Load())
            rest = ast.Subscript(held.code, ast.Slice(ast.Constant(1)), ast.Load())
            return Tensor(call("sum", rest, first), self.item_of(held, Static(0, constant(0))).shape)
        if operation.kind != "concat" or others or not isinstance(held, AnyTensors):
            raise Untranslatable(f"{operation.kind} of as many values as a parameter says")
        at = axis_index(operation.axis, held.shape, "concat")
        lists = [name(each) if isinstance(each, str) else each for each in held.lists]
        shape = []
        for axis, dim in enumerate(held.shape):
            each = lists[axis]
            code = call("sum", each) if axis == at else ast.Subscript(each, ast.Constant(0), ast.Load())  # type: ignore[arg-type]
            shape.append(self.number(code, value_of(dim) * (held.sample if axis == at else 1)))
        return Tensor(call("torch.cat", held.code, constant(operation.axis)), tuple(shape))

    def _split(self, operation: Any, value: Tensor) -> Any:
        parts = operation.parts
        if isinstance(parts, (Coded, Traced)):
            known = self.known(parts)
            if known is None:
                raise Untranslatable(
                    "the number of pieces depends on a parameter",
                    names=frozenset(names_in(parts.code)) if isinstance(parts, Coded) else frozenset(),
                )
            operation = operation.model_copy(update={"parts": known})
            parts = known
        if isinstance(parts, Opaque):
            raise Untranslatable("the pieces depend on a parameter", names=frozenset(names_in(parts.code)))
        shapes = operation.size_rule((value.shape,))
        if isinstance(parts, int):
            code = call("torch.chunk", value.code, constant(parts), constant(operation.axis))
        else:
            code = call("torch.split", value.code, list_of(map(self.argument_code, parts)), constant(operation.axis))
        if len(shapes) == 1:
            return Tensor(ast.Subscript(code, ast.Constant(0), ast.Load()), self.plain_shape(shapes[0]))
        return self.several(code, [self.plain_shape(shape) for shape in shapes])

    @abstractmethod
    def several(self, code: Code, shapes: Sequence[Shape]) -> Any:
        """Values that one step gives."""

    def learned(self, node: nodes.Call, wanted: str | None = None) -> Tensor:
        words = ("size", "init")
        given: dict[str, Any] = {}
        for position, argument in enumerate(node.arguments):
            given[argument.name or words[position]] = self.evaluate(argument.value)
        size = given["size"]
        begin = given.get("init", Static(0.0, constant(0.0)))
        dims = tuple(self.field(item) for item in size.value)
        if isinstance(begin, Rule):
            empty = call("torch.empty", tuple_of(map(self.argument_code, dims)))
            filled = rule_code(begin, empty)
            code: Code = call("nn.Parameter", filled)
        elif isinstance(begin.value, (int, float)):
            layer = Learned.model_construct(size=dims, init=begin.value)
            code = self.spelled(layer.torch(()))
        else:
            number = call("float", begin.code)
            code = call("nn.Parameter", call("torch.full", tuple_of(map(self.argument_code, dims)), number))
        made = Made(code, (self.plain_shape(dims),), "nn.Parameter", is_tensor=True)
        return self.put_learned(made, wanted, node)

    def put_learned(self, made: Made, wanted: str | None, node: nodes.Call) -> Tensor:
        """A learned tensor as a part."""
        from cnndsl.backends.pytorch.flowgraph import Register

        word = wanted or (node.part.name if node.part is not None else "parameter1")
        part = self.new_part(word)
        part.type = "nn.Parameter"
        self.lines.append(Register(part, made.value))
        return Tensor(part.code(), made.shapes[0], unbatched=True)

    @abstractmethod
    def new_part(self, wanted: str, label: Code | None = None) -> Any:
        """A new part."""

    # Blocks

    def _block(self, recipe: BlockRecipe, value: Tensor) -> Made:
        definition = recipe.definition
        extra = tuple((word, item) for word, item in recipe.arguments.items() if isinstance(item, Tensor))
        inputs = (("input", value), *extra)
        given = {word: item for word, item in recipe.arguments.items() if not isinstance(item, Tensor)}
        outputs = self.file.outputs(definition, given, inputs)
        unit = self.file.unit(definition, tuple((word, len(tensor.shape)) for word, tensor in inputs))
        if not self.is_silent:
            self.file.note(unit, given)
        sizes = [self._size_of_input(dict(inputs), word, axis) for word, axis in unit.sizes]
        start, left = self._started(recipe, unit)
        code = call(start, *sizes)
        self._add_arguments(code, unit, {word: given[word] for word in left if word in given}, recipe.positional)
        names = tuple(output[0] for output in outputs if output[0] is not None)
        shapes = tuple(shape for _, shape in outputs)
        return Made(
            code, shapes, unit.name, tuple(item for _, item in extra), names, frozenset([unit.key]), word="block"
        )

    def _size_of_input(self, inputs: dict[str, Tensor], word: str, axis: int) -> Code:
        shape = inputs[word].shape
        if axis < 0:
            from cnndsl.layers.formula import product

            return self.size_code(product(shape))
        return self.size_code(shape[axis])

    def _add_arguments(self, code: ast.Call, unit: Any, given: dict[str, Any], positional: int) -> None:
        in_order = positional > 0
        for at, parameter in enumerate(unit.parameters()):
            if parameter not in given:
                in_order = False
                continue
            argument = self.argument(given[parameter], unit.sorts[parameter])
            if in_order and at < positional:
                code.args.append(argument)
            else:
                in_order = False
                code.keywords.append(ast.keyword(parameter, argument))

    def _started(self, recipe: BlockRecipe, unit: Any) -> tuple[Code, dict[str, Any]]:
        """What constructs a block, its class or a constant of the module, and the arguments that this still takes."""
        named = recipe if recipe.constant else recipe.base
        if named is None or self.file.has_twin(unit):
            return name(unit.name), recipe.arguments
        start, more = self._started(replace(named, constant=""), unit)
        codes = {word: self.argument(item, unit.sorts[word]) for word, item in more.items()}
        self.file.layer_constants[named.constant] = call("partial", start, **codes) if codes else start
        held = named.arguments
        return name(named.constant), {w: item for w, item in recipe.arguments.items() if held.get(w) is not item}

    def argument(self, value: Any, sort: Any) -> Code:
        """What a parameter is given: a constant, or a layer."""
        return self.static_argument(value, sort) if isinstance(value, Static) else self.callable_for(value, sort)

    def static_argument(self, static: Static, sort: Any) -> Code:
        """A constant as an argument; lists of layers one by one, sizes of several axes as a tuple."""
        if isinstance(static.value, AnyList) and sort.item is not None:
            self._note_extents(static.value, sort)
        if sort.has_extents() and isinstance(static.value, list):
            items = [self.argument(item, sort.item) for item in static.value]
            return tuple_of(items) if sort.item.is_extent else list_of(items)
        if isinstance(static.value, list) and sort.item is not None and "layer" in sort.item.kinds:
            return list_of(self.argument(item, sort.item) for item in static.value)
        if isinstance(static.value, list) and sort.columns and any("layer" in c.kinds for c in sort.columns):
            pairs = zip(static.value, sort.columns, strict=True)
            return list_of(self.argument(item, column) for item, column in pairs)
        return within_64_bits(static.value, static.code) if "float" in sort.kinds else static.code

    def _note_extents(self, value: AnyList, sort: Any) -> None:
        held, wanted = value.item, sort.item
        while wanted is not None and held is not None:
            if wanted.is_extent and not held.is_extent:
                held.is_extent = True
                self.file.stale()
            held, wanted = held.item, wanted.item

    def _with_kept(self, made: Made, base: Code, axes: set[int] | None) -> Made:
        """The sizes that a block keeps, or a convolution, which keeps its channels."""
        kept: dict[Expr, Traced] = {}

        def known(dim: Any, at: int, axis: int, rank: int) -> Any:
            if not isinstance(dim, Traced) or not self.is_unknown(dim) or (axes is not None and axis not in axes):
                return dim
            if dim.expr not in kept:
                code = attribute(base, kept_name(at, axis, rank))
                code.kept = (made.units, (at, axis))  # type: ignore[attr-defined]
                kept[dim.expr] = self.fresh(dim.value, code)
            return kept[dim.expr]

        shapes = [
            tuple(known(dim, at, axis, len(shape)) for axis, dim in enumerate(shape))
            for at, shape in enumerate(made.shapes)
        ]
        return replace(made, shapes=tuple(shapes))

    def asks_sizes(self, made: Made, recipe: Any) -> bool:
        """Whether a size of what a block gives, or a layer that is a parameter, is known only when it is there."""
        is_open = isinstance(recipe, (BlockRecipe, ParamRecipe))
        return is_open and any(isinstance(d, Traced) and self.is_unknown(d) for shape in made.shapes for d in shape)

    def is_unknown(self, dim: Traced) -> bool:
        """Whether nothing says a size before what gives it is there."""
        return any(s.name.startswith("unknown·") and s.name not in self.coded for s in dim.expr.symbols())

    # Layers that are parameters

    def is_spliced(self, recipe: ParamRecipe) -> bool:
        """Whether a parameter may be several layers in a row, which stand in a chain one by one."""
        if any(isinstance(c, (ChainRecipe, CopiesRecipe, BraceRecipe)) and not is_identity(c) for c in recipe.choices):
            if not recipe.needs.spliced:
                self.file.stale()
            recipe.needs.spliced = True
        return recipe.needs.spliced

    def _parameter(self, recipe: ParamRecipe, value: Tensor) -> Made:
        needs = recipe.needs
        rank = len(value.shape)
        choices = [choice for choice in recipe.choices if not is_identity(choice)]
        tried = [self.file.tried(with_arguments(choice, recipe.arguments), value.shape, self) for choice in choices]
        before = needs.extent()
        needs.ranks.add(rank)
        if len(needs.ranks) > 1 and any(map(_has_ranks, choices)):
            raise Untranslatable("a layer that is a parameter is applied to values with different numbers of axes")
        results = []
        units: set[Any] = set()
        for shape, asks, made in tried:
            results.append(shape)
            needs.axes |= asks
            units |= made.units
        for _, argument in recipe.arguments:
            if isinstance(argument, Tensor):
                raise Untranslatable("a layer that is a parameter takes a value")
        needs.keywords |= {word for word, _ in recipe.arguments if word is not None}
        needs.positional = max(needs.positional, sum(word is None for word, _ in recipe.arguments))
        if needs.extent() != before:
            self.file.stale()
        for choice in choices:
            if isinstance(choice, BlockRecipe) and not self.is_silent:
                unit = self.file.unit(choice.definition, (("input", rank),))
                whole = with_arguments(choice, recipe.arguments)
                self.file.note(unit, whole.arguments)
        sizes = [self.size_code(value.shape[axis]) for axis in sorted(needs.axes)]
        code = call(recipe.code, *sizes)
        for word, argument in recipe.arguments:
            given = argument.code if isinstance(argument, Static) else self._passed(choices, word, argument)
            if word is None:
                code.args.append(given)
            else:
                code.keywords.append(ast.keyword(self._word(choices, word), given))
        first = results[0] if results else value.shape
        dims = []
        for axis, dim in enumerate(first):
            alike = all(len(shape) == len(first) and self.same(shape[axis], dim) for shape in results)
            is_kept = axis < rank and self.same(dim, value.shape[axis])  # what a layer else makes of it, it says itself
            dims.append(dim if alike and is_kept else self.fresh(value_of(dim), cause=names_in(recipe.code)))
        if any(len(shape) != len(first) for shape in results):
            raise Untranslatable("the layers that a parameter may be give values with different numbers of axes")
        return Made(code, (tuple(dims),), "nn.Module", units=frozenset(units), word="block" if units else "layer")

    def _passed(self, choices: Sequence[Any], word: str | None, argument: Any) -> Code:
        for choice in choices:
            if isinstance(choice, BlockRecipe) and word is not None:
                unit = self.file.unit(choice.definition, (("input", 3),))
                return self.callable_for(argument, unit.sorts[word])
        raise Untranslatable("a layer is given to a layer that is a parameter")

    @staticmethod
    def _word(choices: Sequence[Any], word: str) -> str:
        for choice in choices:
            if isinstance(choice, KindRecipe):
                return choice.kind.torch_names.get(word, word)
        return word

    def _splice_parameter(self, recipe: ParamRecipe, value: Tensor) -> Tensor:
        """A parameter that is several layers in a row: a loop over them."""
        stages: dict[str, Any] = {}
        from cnndsl.backends.pytorch.sorts import recipe_key

        for choice in recipe.choices:
            for stage in flat_stages(choice, self):
                stages[recipe_key(stage)] = stage
        if self.is_silent and len(recipe.choices) == 1:
            return self.apply_stage(recipe.choices[0], None, None, value)  # type: ignore[no-any-return]
        variable = self.free("layer")
        outer = self.it
        self.it = value
        single = ParamRecipe(name(variable), tuple(stages.values()), recipe.needs)

        def turn() -> None:
            self.it = self.append(single, self.it, None)

        self.loop((), recipe.code, lambda: name(variable), turn)
        result, self.it = self.it, outer
        return result  # type: ignore[no-any-return]

    def callable_for(self, recipe: Any, sort: Any) -> Code:
        """A layer as an argument: a callable of the sizes that the parameter tells, or a list of such, or None."""
        needs = sort.needs
        if isinstance(recipe, ParamRecipe) and not recipe.arguments:
            return recipe.code
        if needs.spliced:
            return list_of(self._single_callable(stage, needs) for stage in flat_stages(recipe, self))
        if is_identity(recipe):
            return constant(None)
        if isinstance(recipe, ChoiceRecipe):
            sides = [
                constant(None) if side is None else self.callable_for(side, sort) for side in (recipe.yes, recipe.no)
            ]
            return ast.IfExp(recipe.test.code, *sides)
        return self._single_callable(recipe, needs)

    def _single_callable(self, recipe: Any, needs: Any) -> Code:
        if not needs.ranks and not isinstance(recipe, KindRecipe):
            return dotted("nn.Identity")  # nobody applies it, or no block that does is translated yet
        rank = min(needs.ranks, default=3)
        words = {axis: axis_word(axis, rank) for axis in sorted(needs.axes)}
        if isinstance(recipe, BlockRecipe):
            return self._block_callable(recipe, needs, rank, {axis: f"in_{word}" for axis, word in words.items()})
        if isinstance(recipe, KindRecipe) and not recipe.fields and recipe.kind.module:  # noqa: SIM102
            if any(info.is_required() for info in recipe.kind.model_fields.values()):
                return dotted(f"nn.{recipe.kind.module.format(r=rank - 1)}")  # each call says the rest
        if isinstance(recipe, KindRecipe) and needs.calls:
            return self._kind_callable(recipe, rank, words)
        shape = tuple(Traced(60, Expr.of(Symbol(words.get(axis, f"unknown·{axis}")))) for axis in range(rank))
        try:
            made = self.file.scratch(recipe, shape, self)
        except NeedsFlatten:
            if not needs.ranks:
                return dotted("nn.Identity")
            reason = "a layer that takes a list of features is a parameter that is applied to a map"
            raise Untranslatable(reason, None, "write flatten before it") from None
        code = inline_chain(made.value) if isinstance(made.value, Chain) else made.value
        if not needs.ranks and any(each.startswith("unknown·") for each in names_in(code)):
            return dotted("nn.Identity")
        code = as_callable(code, list(words.values()))
        constant_name = recipe.constant if isinstance(recipe, KindRecipe) else ""
        if not constant_name or not isinstance(code, ast.Call):
            return code
        held = self.file.layer_constants.setdefault(constant_name, code)
        return name(constant_name) if flat(held) == flat(code) else code  # another rank has another class

    def _block_callable(self, recipe: BlockRecipe, needs: Any, rank: int, words: dict[int, str]) -> Code:
        unit = self.file.unit(recipe.definition, (("input", rank),))
        if not self.is_silent:
            self.file.note(unit, recipe.arguments)
        asks = [axis for _, axis in unit.sizes]
        words |= {axis: f"in_{axis_word(axis, rank)}" for axis in asks if axis not in words}
        parameters = unit.parameters()
        given = list(recipe.arguments)
        is_suffix = not given or parameters.index(given[0]) >= needs.positional
        start, left = self._started(recipe, unit)
        codes = {word: self.argument(item, unit.sorts[word]) for word, item in left.items()}
        open_ones = [each for each in recipe.definition.parameters if each.name not in recipe.arguments]
        called = {each.name for each in open_ones[: needs.positional]} | needs.keywords
        opened = [each for each in open_ones if each.name in called]
        if asks == sorted(needs.axes) and is_suffix and not called & unit.fixed.keys():
            return call("partial", start, **codes) if codes else start
        inner = call(start, *(name(words[axis]) for axis in asks))
        for word in parameters:
            if word in codes:
                inner.keywords.append(ast.keyword(word, codes[word]))
            elif word in called:
                inner.keywords.append(ast.keyword(word, name(word)))
        defaults = [
            self.argument(self.file.default(recipe.definition, each), unit.sorts[each.name])
            for each in opened
            if each.default is not None
        ]
        return lambda_of([*words.values(), *(each.name for each in opened)], inner, defaults)

    def _kind_callable(self, recipe: KindRecipe, rank: int, words: dict[int, str]) -> Code:
        probe = self.file.scratch(
            with_arguments(recipe, ()),
            tuple(Traced(60, Expr.of(Symbol(words.get(a, f"unknown·{a}")))) for a in range(rank)),
            self,
        )
        code = probe.value
        assert isinstance(code, ast.Call)  # noqa: S101 - a layer is a call
        return code.func

    # Chains

    def _chain(self, recipe: Any, value: Tensor) -> Made:
        outer = (self.chain, self.lines, self.it, self.entry, self.scope, self.is_empty_chain, self.target, self.end)
        chain = Chain("layers")
        self.chain, self.lines, self.is_empty_chain = chain, chain.lines, True
        self.it = self.entry = self.chain_end(value.shape)
        self.scope = Scope(recipe.scope if isinstance(recipe, BraceRecipe) else self.scope, walls=True)
        loops, self.loops = self.loops, []
        try:
            if isinstance(recipe, BraceRecipe):
                self.run(recipe.body)
            else:
                self.it = self.apply_stage(recipe, None, None, self.it)
            shape = self.at_end(self.it).shape
        finally:
            self.chain, self.lines, self.it, self.entry, self.scope, self.is_empty_chain, self.target, self.end = outer
            self.loops = loops
        chain.is_labelled = any(isinstance(line, Append) and line.label is not None for line in own_lines(chain.lines))
        return Made(chain, (shape,), "nn.Sequential")

    def chain_end(self, shape: Shape) -> Tensor:
        """What flows at the end of a chain, from here on."""
        self.end = self.file.new_symbol("chain")
        return Tensor(name(self.end), shape)

    def at_end(self, value: Tensor) -> Tensor:
        """The value, which is to be the one at the end of the chain. Raises Untranslatable."""
        if flat(value.code) != self.end:
            raise Untranslatable(
                "a chain gives each layer what the one before it gave, and here something else is read",
                None,
                "make it a block",
            )
        return value

    def append(self, recipe: Any, value: Tensor, label: Static | None) -> Tensor:
        """A layer at the end of the chain."""
        self.at_end(value)
        match recipe:
            case ChainRecipe(stages=()):
                return value
            case ChoiceRecipe():
                return self._append_choice(recipe, value, label)
            case ParamRecipe() if any(map(is_identity, recipe.choices)):
                solid = tuple(choice for choice in recipe.choices if not is_identity(choice))
                test = Static(_perhaps(recipe), ast.Compare(recipe.code, [ast.IsNot()], [ast.Constant(None)]))
                inner = ParamRecipe(recipe.code, solid, recipe.needs, recipe.arguments)
                return self._append_choice(ChoiceRecipe(test, inner, None), value, label)
            case _:
                pass
        try:
            made = self.make(recipe, value)
        except NeedsFlatten:
            value = self.flattened(value)
            made = self.make(recipe, value)
        if len(made.shapes) != 1:
            raise Untranslatable("a layer of a chain gives several values")
        self.is_empty_chain = False
        content = made.value
        if not self.is_silent and not isinstance(content, Chain) and self.asks_sizes(made, recipe):
            variable = self.local(made.word)
            self.lines.append(Assign(variable, content))
            made = self.with_sizes(made, name(variable), value, recipe)
            content = name(variable)
        kind = recipe.kind.kind if isinstance(recipe, KindRecipe) else ""
        self.lines.append(Append(content, None if label is None else label.code, made.begins, kind))
        return self.chain_end(made.shapes[0])

    def with_sizes(self, made: Made, base: Code | None, value: Tensor, recipe: Any) -> Made:
        """Sizes that nothing tells before a layer is there, by what it keeps."""
        if base is None or not self.asks_sizes(made, recipe):
            return made
        axes: set[int] | None = None
        if isinstance(recipe, ParamRecipe):
            others = [c for c in recipe.choices if not isinstance(c, BlockRecipe) and not is_identity(c)]
            if 0 not in recipe.needs.gives:
                self.file.stale()
            recipe.needs.gives.add(0)
            if not all(map(_has_channels, others)):
                return self._with_channels(made, base, value)
            axes = {0} if others else None
        return self._with_kept(made, base, axes)

    def _with_channels(self, made: Made, base: Code, value: Tensor) -> Made:
        """The channels after a layer that may be one that keeps them as they are."""
        (shape,) = made.shapes
        if len(shape) == 1 or not isinstance(shape[0], Traced) or not self.is_unknown(shape[0]):
            return made
        code = call("channels_after", base, self.size_code(value.shape[0]))
        if made.units:
            code.kept = (made.units, (0, 0))  # type: ignore[attr-defined]
        return replace(made, shapes=((self.fresh(value_of(shape[0]), code), *shape[1:]),))

    def _append_choice(self, recipe: ChoiceRecipe, value: Tensor, label: Static | None) -> Tensor:
        outer = self.it
        self.it = value
        empty = self.is_empty_chain

        def side(chosen: Any) -> Any:
            def work() -> None:
                self.is_empty_chain = empty
                if chosen is not None and not is_identity(chosen):
                    self.it = self.append(chosen, self.it, label)

            return work

        self.branch(recipe.test, side(recipe.yes), side(recipe.no), recipe)
        result, self.it = self.it, outer
        return result  # type: ignore[no-any-return]


def own_lines(lines: Iterable[Any]) -> Any:
    """The lines of a chain, without those of the chains in it."""
    from cnndsl.backends.pytorch.flowgraph import For, If

    for line in lines:
        yield line
        if isinstance(line, If):
            yield from own_lines(line.yes)
            yield from own_lines(line.no)
        elif isinstance(line, For):
            yield from own_lines(line.lines)


def _facts(test: Static, outcome: bool) -> tuple[tuple[Expr, Expr], ...]:
    value = test.value
    if isinstance(value, bool):
        return ()
    return value.holds if outcome else value.fails  # type: ignore[no-any-return]


def _perhaps(recipe: ParamRecipe) -> Any:
    from cnndsl.backends.pytorch.values import Test

    return Test(not is_identity(recipe.choices[0]))


def _has_ranks(choice: Any) -> bool:
    return not isinstance(choice, KindRecipe) or "{r}" in choice.kind.module


def _has_channels(choice: Any) -> bool:
    return isinstance(choice, KindRecipe) and choice.kind.kind in ("conv", "conv_transpose")


def _with_scalar(code: Code, scalar: Code) -> Code:
    assert isinstance(code, ast.BinOp)  # noqa: S101 - an operation with a number
    if isinstance(code.left, ast.Constant):
        return ast.BinOp(scalar, code.op, code.right)
    return ast.BinOp(code.left, code.op, scalar)


def with_arguments(choice: Any, arguments: Sequence[tuple[str | None, Any]]) -> Any:
    """A layer with what a parameter is called with."""
    if not arguments:
        return choice
    if isinstance(choice, BlockRecipe):
        names = [parameter.name for parameter in choice.definition.parameters]
        given = dict(choice.arguments)
        left = [word for word in names if word not in given]
        for position, (word, value) in enumerate(arguments):
            given[word or left[position]] = value
        return BlockRecipe(choice.definition, {word: given[word] for word in names if word in given})
    if isinstance(choice, KindRecipe):
        words = list(choice.kind.model_fields)
        fields = dict(choice.fields)
        for position, (word, value) in enumerate(arguments):
            fields[word or words[position]] = value
        return KindRecipe(choice.kind, fields, choice.begins, choice.numbers, choice.span)
    if isinstance(choice, ParamRecipe):
        return ParamRecipe(choice.code, choice.choices, choice.needs, (*choice.arguments, *arguments))
    raise Untranslatable("a layer that has its arguments already is given more")


def flat_stages(recipe: Any, body: Any) -> list[Any]:
    """The layers of a chain, one by one."""
    if isinstance(recipe, ChainRecipe):
        return [inner for stage, label, _ in recipe.stages for inner in flat_stages(stage, body)]
    if isinstance(recipe, CopiesRecipe):
        count = body.known(recipe.count.value)
        if count is None:
            raise Untranslatable("a layer that is given as an argument is repeated as often as a parameter says")
        return flat_stages(recipe.recipe, body) * int(count)
    if isinstance(recipe, ParamRecipe) and not recipe.arguments:
        return [inner for choice in recipe.choices for inner in flat_stages(choice, body)]
    return [] if is_identity(recipe) else [recipe]


def inline_chain(chain: Chain) -> Code:
    """A chain without conditions and loops as one expression."""
    items = []
    for line in chain.lines:
        if not isinstance(line, Append):
            raise Untranslatable("a chain with conditions or loops is given as an argument", None, "make it a block")
        items.append((line.label, inline_chain(line.value) if isinstance(line.value, Chain) else line.value))
    return sequential(items)


def sequential(items: Sequence[tuple[Code | None, Code]]) -> Code:
    """`nn.Sequential(...)`; with labels, of an ordered dictionary."""
    if all(label is None for label, _ in items):
        return call("nn.Sequential", *(value for _, value in items))
    pairs = []
    for at, (label, value) in enumerate(items):
        pairs.append(tuple_of([label if label is not None else constant(str(at)), value]))
    return call("nn.Sequential", call("OrderedDict", list_of(pairs)))


def lambda_of(words: Sequence[str], body: Code, defaults: Sequence[Code] = ()) -> Code:
    """`lambda words: body`, with defaults for the last of the words."""
    given = ast.arguments([], [ast.arg(word) for word in words], None, [], [], None, list(defaults))
    return ast.Lambda(given, body)


def as_callable(code: Code, words: Sequence[str]) -> Code:
    """What a constructor's call is as a callable of some sizes: the class, a partial, or a lambda."""
    if isinstance(code, ast.Call) and not isinstance(code.func, ast.Lambda):
        first = [flat(argument) for argument in code.args[: len(words)]]
        rest = code.args[len(words) :]
        more = set().union(*(names_in(each) for each in (*rest, *(k.value for k in code.keywords))))
        if first == list(words) and not rest and not more & set(words):
            if not code.keywords:
                return code.func
            return ast.Call(name("partial"), [code.func], code.keywords)
    return lambda_of(words, code)


def axis_word(axis: int, rank: int) -> str:
    """What an axis of what comes in is called where a layer is told its size."""
    if axis == 0:
        return "features" if rank == 1 else "channels"
    return AXES[rank - 1][axis - 1]


def kept_name(at: int, axis: int, rank: int) -> str:
    """The attribute in which a block keeps a size of what it gives, or of its output with a number."""
    return f"out{at + 1 if at else ''}_{axis_word(axis, rank)}"
