"""Definitions become classes: one for each, and a thin one for each variant.

A definition is translated when it is used. What it is given, and what is asked of it, is gathered from all its uses;
where one of them tells something new, it is translated again, until nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count, takewhile
from typing import Any

from cnndsl.backends.pytorch.application import apply_stage
from cnndsl.backends.pytorch.body import Body
from cnndsl.backends.pytorch.classes import (
    RESERVED,
    Argument,
    ClassText,
    ClassTranslation,
    Key,
    Unit,
    annotation,
    static_for,
)
from cnndsl.backends.pytorch.code import Code, flat, name, names_in, not_in, words_in
from cnndsl.backends.pytorch.construct import Made, append, argument_for, chain_of, make
from cnndsl.backends.pytorch.expressions import evaluate
from cnndsl.backends.pytorch.flowgraph import Append, names_read
from cnndsl.backends.pytorch.induction import Induction
from cnndsl.backends.pytorch.operators import static_of
from cnndsl.backends.pytorch.outputs import KnownOutputs, Outputs
from cnndsl.backends.pytorch.sorts import Sort, sort_of
from cnndsl.backends.pytorch.statements import results, run, run_definition
from cnndsl.backends.pytorch.statics import UNSAID, abstract, field_of
from cnndsl.backends.pytorch.values import (
    IDENTITY,
    RECIPES,
    AnyList,
    BlockRecipe,
    ExternRecipe,
    Function,
    KindRecipe,
    NeedsFlatten,
    NeedsTurn,
    NeedsUnrolling,
    Opaque,
    Ranks,
    Rule,
    Scope,
    Static,
    Tensor,
    Untranslatable,
    VariantRecipe,
    each_tensor,
    grouped,
    list_length,
    plain_static,
    rank_word,
    with_arguments,
)
from cnndsl.ir import nodes
from cnndsl.ir.lower import qualified
from cnndsl.ir.names import plain_label
from cnndsl.ir.program import Program
from cnndsl.ir.words import WORDS
from cnndsl.layers.extern import SAME, Extern, axis_names
from cnndsl.layers.formula import Shape
from cnndsl.layers.registry import KINDS
from cnndsl.symbolic.expr import Expr, Symbol, TooLong
from cnndsl.symbolic.number import Traced, value_of

_DEEPEST = 40
_MOST_ROUNDS = 60
_MOST_UNUSED = 8
"""Classes of a definition beyond those that the uses of the text ask for, in ways that no use takes."""


class Translation:
    """Translates the definitions of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.items = {item.key: item for item in program.definitions}
        self.coded: dict[str, Code] = {}
        self.definitions: dict[str, Expr] = {}
        self.counter = 0
        self.causes: dict[str, frozenset[str]] = {}
        """For sizes of which nothing is known the parameters that they follow from."""
        self.units: dict[Key, Unit] = {}
        self.helpers: set[str] = set()
        self.has_dense_places = False
        """Whether a dense layer works on the last axis of a map alone."""
        self.imports: set[tuple[str, str]] = set()
        self.constants: dict[str, Code] = {}
        """What constants of files are in the module, by their names there."""
        self.layer_constants: dict[str, Code] = {}
        """Those that are layers with some of their arguments, which follow the classes."""
        self._defaults: dict[tuple[Key, str], str] = {}
        self._default_bodies: dict[str, Body] = {}
        """By the key of a definition what its parameters are by default, as far as that was asked."""
        self._following: dict[str, set[str]] = {}
        self.constant_names = _constant_names(program.definitions)
        self._constant_values: dict[str, Any] = {}
        self._outputs = KnownOutputs(self)
        self._induction = Induction(self, self._outputs.said)
        self.plain_layers: dict[Any, Made] = {}
        """Layers of plain numbers on plain sizes, by these."""
        self._nodes: dict[str, nodes.ByClass] = {}
        """By the keys of definitions the nodes of their bodies, as far as they were asked for."""
        self._running: list[str] = []
        self._current: Unit | None = None
        """What is translated now."""
        modules = [program.modules[key] for key in program.networks]
        self.tops = {qualified(module.origin.file, module.name): module for module in modules}
        """The networks and variants that the module is for, by their keys."""
        self.networks: list[Unit] = []
        """The classes of the networks that the module is for, and of those that these are variants of."""

    def new_symbol(self, base: str) -> str:
        """A symbol that nothing has yet, for a variable."""
        self.counter += 1
        return f"{base}·{self.counter:06}"

    def number(self, base: str, sample: Any) -> Traced:
        """A number of which nothing is known."""
        return Traced(sample, Expr.of(Symbol(self.new_symbol(base))))

    def give_up(self) -> None:
        """What comes out now depends on where it was asked for."""
        self._outputs.has_given_up = True

    # Names outside of a body

    def word(self, wanted: str) -> Any:
        """A word of the language."""
        of = WORDS.get(wanted)
        if of is None:
            return None
        if of == "kind":
            return KindRecipe(KINDS[wanted], {})
        if of == "function":
            return Function(wanted)
        return Rule(wanted) if of == "rule" else IDENTITY

    def outside(self, node: nodes.Ref) -> Any:
        """What a name means that no body binds."""
        if node.of == "definition":
            return self.definition(node.key)
        if node.of == "constant":
            return self.file_constant(node.key)
        found = self.word(node.name)
        if found is None:
            raise Untranslatable(f"{node.name} means nothing here", node.span)
        return found

    def definition(self, key: str) -> Any:
        """A definition as a layer."""
        item = self.items[key]
        if isinstance(item, nodes.Definition):
            return BlockRecipe(item, {})
        if isinstance(item, nodes.Extern):
            return ExternRecipe(item, {})
        if isinstance(item, nodes.Variant) and item.parameters:
            return VariantRecipe(item, {})
        return self.file_constant(key)

    def nodes_of(self, definition: nodes.Definition) -> nodes.ByClass:
        """The nodes of the body of a definition."""
        if definition.key not in self._nodes:
            self._nodes[definition.key] = nodes.by_class(definition.body)
        return self._nodes[definition.key]

    def variant(self, recipe: VariantRecipe) -> Any:
        """The network that a variant is for its arguments, or itself where some are missing."""
        if not recipe.is_complete:
            return recipe
        body = self._given(recipe.definition.parameters, recipe.arguments)
        return evaluate(body, recipe.definition.value)

    def open_variant(self, item: nodes.Variant) -> tuple[BlockRecipe, list[Argument]]:
        """The network that a variant is for any arguments; its parameters with their types and defaults."""
        body = Body(self, is_silent=True)
        values = {each.name: each.value for each in self.tops[item.key].parameters}
        given: dict[str, Any] = {}
        opened: list[Argument] = []
        for each in item.parameters:
            default = None if each.default is None else evaluate(body, each.default)
            if each.name in self.program.settings:
                default = static_for(self.program.settings[each.name])
            sort = Sort()
            sort.merge(sort_of(default if default is not None else static_for(values[each.name])))
            number = self.number(each.name, 1)
            body.scope.names[each.name] = given[each.name] = abstract(body, sort, name(each.name), number)
            code = None if default is None else argument_for(body, default, sort)
            opened.append((each.name, annotation(sort, self), code))
        value = self.variant(VariantRecipe(item, given)) if item.parameters else self.file_constant(item.key)
        assert isinstance(value, BlockRecipe)  # noqa: S101 - checked when it was compiled
        return value, opened

    def file_constant(self, key: str) -> Any:
        """A constant of a file, or a variant: under its own name in the module."""
        waiting = [key] if key not in self._constant_values else []
        while waiting:  # those that a constant speaks of come first: any number of them may follow from one another
            item = self.items[waiting[-1]]
            assert isinstance(item, (nodes.FileConstant, nodes.Variant))  # noqa: S101 - others have no value
            spoken_of = (each for each in nodes.walk(item.value) if isinstance(each, nodes.Ref))
            keys = dict.fromkeys(each.key for each in spoken_of if each.of == "constant")
            earlier = [each for each in keys if each not in self._constant_values]
            waiting += reversed(earlier)
            if not earlier:
                waiting.pop()
                if item.key not in self._constant_values:
                    self._constant_values[item.key] = self._worth(item)
        return self._constant_values[key]

    def _worth(self, item: nodes.FileConstant | nodes.Variant) -> Any:
        """What a constant of a file is worth; it is noted where it has a name in the module."""
        value = evaluate(Body(self, is_silent=True), item.value)
        written = self.constant_names.get(item.key, "")
        holds_layers = isinstance(value, Static) and UNSAID in names_in(value.code)  # said where each is given
        if isinstance(value, Static) and written and not holds_layers:
            self.constants[written] = value.code
            return Static(value.value, name(written))
        is_given = (isinstance(value, BlockRecipe) and value.arguments) or (
            isinstance(value, KindRecipe) and value.fields
        )
        return replace(value, constant=written) if written and is_given else value

    # Bodies, of which each may hold others

    run = staticmethod(run)
    evaluate = staticmethod(evaluate)
    apply_stage = staticmethod(apply_stage)

    # Uses

    def unit(self, definition: nodes.Definition, ranks: Ranks) -> Unit:
        """The class for a definition on inputs of certain ranks; a network has them in its own lines."""
        key = (definition.key, () if definition.kind == "network" else ranks)
        if key not in self.units:
            same = [unit for unit in self.units.values() if unit.definition is definition]
            used = [module for module in self.program.modules.values() if module.name == definition.name]
            if len(same) > len(used) + _MOST_UNUSED:
                reason = f"{definition.name} would be given ever more values, and each number of them is another class"
                raise Untranslatable(reason, helps="give it one value, such as concat(values)")
            made = self.units[key] = Unit(key, definition, key[1], definition.name)
            self._name([*same, made])
            values = made.values()
            for parameter in definition.parameters:
                if parameter.name not in values:
                    made.sorts[parameter.name] = Sort()
        found = self.units[key]
        if self._current is not None:
            found.users.add(self._current.key)
        if ranks and not key[1] and not found.is_part:
            found.is_part = True
            self.stale()
        return found

    def _name(self, units: Sequence[Unit]) -> None:
        """Name the classes of a definition: for inputs of several ranks, or in lists of several lengths, by these."""
        are_lists = len({list_length(unit.ranks) for unit in units}) > 1
        others = {unit.name for unit in self.units.values() if unit not in units}
        others |= {module.name for key, module in self.tops.items() if key != units[0].definition.key}
        for unit in units:
            which = (list_length(unit.ranks) if are_lists else rank_word(unit.ranks)) if len(units) > 1 else ""
            new = not_in(f"{unit.definition.name}{which}", others)
            others.add(new)
            if unit.name != new:
                unit.name = new
                self.stale()

    def _drop(self, keys: Iterable[Key]) -> None:
        """Forget classes that only what has failed asked for."""
        for key in keys:
            dropped = self.units.pop(key)
            left = [unit for unit in self.units.values() if unit.definition is dropped.definition]
            if left:
                self._name(left)

    def has_twin(self, unit: Unit) -> bool:
        """Whether a definition is used on inputs of several ranks, and so is several classes."""
        return any(other.definition is unit.definition for other in self.units.values() if other is not unit)

    def stale(self) -> None:
        """Something new is known that all that is translated already may depend on."""
        for unit in self.units.values():
            unit.is_stale = True

    def is_unsettled(self) -> bool:
        """Whether a class that is still to be translated may ask for more; then all are translated again after it."""
        found = any(unit.text is None or unit.is_stale for unit in self.units.values())
        if found:
            self.stale()
        return found

    def _tell_users(self, unit: Unit) -> None:
        """Something new is known of a class: what uses it is to be translated again."""
        for key in unit.users & self.units.keys():
            self.units[key].is_stale = True

    def ask_for_tuples(self, sort: Sort) -> None:
        """Note that lists of a sort are the sizes of several axes; what is worked out in a body is new each time."""
        if not sort.is_extent:
            sort.is_extent = True
            held = (each for unit in self.units.values() for kept in unit.sorts.values() for each in kept.inner())
            if any(each is sort for each in held):
                self.stale()

    def note(self, unit: Unit, given: Mapping[str, Any]) -> None:
        """A use of a class: what its parameters are given."""
        changed = False
        following = self.following(unit)
        parameters = unit.definition.parameters
        is_whole = all(each.name in given or each.default is not None for each in parameters)
        for parameter in parameters:
            word = parameter.name
            if word not in unit.sorts:
                continue
            if word in given:
                changed |= unit.sorts[word].merge(sort_of(given[word])) or (
                    word in unit.fixed and word not in unit.told
                )
                unit.told.add(word)
            follows = word in following
            if follows and word not in given:
                changed |= word in unit.fixed and word not in unit.followed
                unit.followed.add(word)
            if parameter.default is None or (word in unit.defaulted and not follows):
                continue
            if follows and not is_whole:
                continue  # what it follows from is given where the layer is called
            if follows:
                others = {each: value for each, value in given.items() if each != word}
                default = self.arguments(unit.definition, others)[word]
            else:
                default = self.default(unit.definition, parameter)
            if word not in given or isinstance(default, RECIPES):  # a layer that is offered has to be a class
                unit.defaulted.add(word)
                changed |= unit.sorts[word].merge(sort_of(default))
        for word, held in list(unit.fixed.items()):
            if unit.sorts[word].constant() != held:  # it was when not all uses were known
                del unit.fixed[word]
                changed = True
        if changed:
            unit.is_stale = True
            self._tell_users(unit)

    def default(self, definition: nodes.Definition, parameter: nodes.Parameter) -> Any:
        """The default of a parameter, which may speak of those before it."""
        body = self._default_bodies.setdefault(definition.key, Body(self, is_silent=True))
        known = body.scope.names
        if parameter.name not in known:
            spoken_of = _parameters_in(parameter.default)
            for each in definition.parameters:
                if each.name in spoken_of and each.default is not None:
                    self.default(definition, each)
            known[parameter.name] = evaluate(body, parameter.default)
        return known[parameter.name]

    def following(self, unit: Unit) -> set[str]:
        """The parameters of a class whose defaults follow from others, so that it works them out."""
        definition = unit.definition
        if definition.key not in self._following:
            self._following[definition.key] = {
                each.name for each in definition.parameters if each.default is not None and _parameters_in(each.default)
            }
        return self._following[definition.key] - self.settings_of(unit).keys()

    def arguments(self, definition: nodes.Definition, given: Mapping[str, Any]) -> dict[str, Any]:
        """What the parameters of a definition are where some are given: those, and for the others their defaults."""
        return self._given(definition.parameters, given).scope.names

    def _given(self, parameters: Sequence[nodes.Parameter], given: Mapping[str, Any]) -> Body:
        """A body for the sizes alone, with the values of parameters, or their defaults, which may speak of those
        before.
        """
        body = Body(self, is_silent=True)
        for each in parameters:
            if each.name in given:
                body.scope.names[each.name] = given[each.name]
            elif each.default is not None:
                body.scope.names[each.name] = evaluate(body, each.default)
        return body

    # What comes out

    def outputs(
        self, definition: nodes.Definition, given: Mapping[str, Any], inputs: Sequence[tuple[str, Tensor]]
    ) -> list[tuple[str | None, Shape]]:
        """What a block gives for arguments and inputs, in the names of the caller. Raises NeedsFlatten."""
        known = self._outputs.of(definition, given, inputs)
        if known is None:
            raise NeedsFlatten
        return known

    def worked_out(
        self, definition: nodes.Definition, given: Mapping[str, Any], inputs: Sequence[tuple[str, Tensor]]
    ) -> Outputs | None:
        """The same, which is not known yet; None where it takes a list of features."""
        deep = self._running.count(definition.key)
        if deep > _DEEPEST or (deep > 1 and not all(map(_is_constant, given.values()))):
            return self._induction.outputs(definition, self.arguments(definition, given), inputs)
        self._running.append(definition.key)
        try:
            body = self.prepared(definition, given, inputs)
            run_definition(body, definition, len(inputs))
            shapes = [(each.name, each.value.shape) for each in results(body) if not each.training]
            known: dict[Expr, Traced] = {}
            return [(word, tuple(_outside(body, dim, known) for dim in shape)) for word, shape in shapes]
        except NeedsFlatten:
            return None
        except Untranslatable as problem:
            problem.place(definition)
            raise
        finally:
            self._running.pop()

    def prepared(
        self, definition: nodes.Definition, given: Mapping[str, Any], inputs: Sequence[tuple[str, Tensor]]
    ) -> Body:
        """A body for the sizes alone."""
        values = grouped(inputs)
        body = self._given(definition.parameters, {**given, **values})
        body.kind = definition.kind
        if inputs and definition.kind == "network":
            body.given = inputs[0][1]
        elif inputs:
            body.entry = body.it = values["input"]
        return body

    def tried(
        self, recipe: Any, shape: Shape, caller: Any, arguments: Sequence[tuple[str | None, Any]] = ()
    ) -> tuple[Made, set[tuple[int, int]]]:
        """What a layer is for arguments, and the sizes that it asks for: of which of its values, along which axis."""
        marks: dict[str, tuple[int, int]] = {}
        numbers = count()

        def marked(value: Tensor) -> Tensor:
            at = next(numbers)
            own = {f"asked_{at}_{axis}": (at, axis) for axis in range(len(value.shape))}
            marks.update(own)
            sizes = zip(value.shape, own, strict=True)
            return value.of_shape(tuple(Traced(value_of(dim), Expr.of(Symbol(mark))) for dim, mark in sizes))

        first = marked(Tensor(name("x"), shape))
        told = [(word, each_tensor(value, marked)) for word, value in arguments]
        names = names_read([Append(self.scratch(with_arguments(recipe, told), first.shape, caller).value)])
        made = self.scratch(with_arguments(recipe, arguments), shape, caller)
        return made, {size for mark, size in marks.items() if mark in names}

    def scratch(self, recipe: Any, shape: Shape, caller: Any) -> Made:
        """A layer that is made to see what it is, or to be an argument, and not to be written here."""
        body = self._trial(caller, shape)
        body.has_uses = caller.has_uses
        return make(body, recipe, body.it)

    def _trial(self, caller: Body, shape: Shape) -> Body:
        """A body inside of another for a chain of layers that are tried, and not written."""
        body = Body(self, is_silent=True)
        body.scope = Scope(caller.scope)
        body.begin_chain(shape)
        return body

    def stages(self, recipe: Any, shape: Shape, caller: Any) -> list[tuple[Any, bool]]:
        """The layers of a chain, each with whether it is there in some cases only. Raises NeedsFlatten."""
        if isinstance(recipe, BlockRecipe):
            body = self.prepared(recipe.definition, recipe.arguments, [("input", Tensor(name("x"), shape))])
            body.stages = []
            run_definition(body, recipe.definition, 1)
            return body.stages
        body = self._trial(caller, shape)
        body.stages = []
        chain_of(body, recipe)
        return body.stages

    def chain_lines(self, recipe: BlockRecipe, shape: Shape) -> list[Any]:
        """The lines of a block for sizes of what comes in that make a chain; none where it is no chain."""
        body = self.prepared(recipe.definition, recipe.arguments, [("input", Tensor(name("x"), shape))])
        run_definition(body, recipe.definition, 1)
        return body.lines if body.chain is not None else []

    def through(self, layers: Sequence[Any], shape: Shape, caller: Any) -> Shape:
        """What comes out of layers in a row. Raises NeedsFlatten for the first of them."""
        body = self._trial(caller, shape)
        value = body.it
        for layer in layers:
            value = append(body, layer, value, None)
        known: dict[Expr, Traced] = {}
        return tuple(_outside(caller, dim, known) for dim in value.shape)

    def extern_layer(self, recipe: ExternRecipe, x: Shape, body: Any) -> tuple[Extern, tuple[Shape, ...]]:
        """The layer of a class from elsewhere, and what comes out of it for an input."""
        declared = recipe.definition
        inner = self._given(declared.parameters, recipe.arguments)
        names = inner.scope.names
        given = tuple((word, field_of(body, value)) for word, value in names.items())
        rule = next(setting.value for setting in declared.settings if setting.name == "shape")
        names.setdefault(SAME, plain_static(SAME))
        for word, dim in zip(axis_names(len(x)), x, strict=False):
            names.setdefault(word, Static(dim, body.symbols.size_code(dim)))

        static = static_of(inner, rule)

        def shape(sizes: Any) -> Shape:
            if sizes == SAME:
                return x
            if not isinstance(sizes, list):
                reason = f"what {declared.name} gives depends on a parameter"
                raise Untranslatable(reason, names=body.names_of(static))
            return tuple(size.value for size in sizes)

        said = static.value
        several = isinstance(said, list) and any(item.value == SAME or isinstance(item.value, list) for item in said)
        layer = Extern(name=declared.name, package=declared.package, several=several)
        shapes = tuple(shape(item.value) for item in said) if several else (shape(said),)
        return layer.model_copy(update={"given": given}), shapes

    # All classes

    def classes(self) -> list[Unit]:
        """Translate all networks, and what they use; the classes in the order in which they are written."""
        self.variants: list[tuple[nodes.Variant, Unit, dict[str, Any], list[Argument]]] = []
        found = [each for each in self.program.definitions if isinstance(each, nodes.Variant) and each.key in self.tops]
        variants = [(each, *self.open_variant(each)) for each in found]
        needed = self.tops.keys() | {value.definition.key for _, value, _ in variants}
        for item in self.program.definitions:
            if isinstance(item, nodes.Definition) and item.kind == "network" and item.key in needed:
                self.networks.append(self.unit(item, ()))
        for variant, value, opened in variants:
            unit = self.unit(value.definition, ())
            own = {word for word, *_ in opened}
            settings = {word: each for word, each in self.settings_of(unit).items() if word not in own}
            given = value.arguments | settings
            self.variants.append((variant, unit, given, opened))
            self.note(unit, given)
        for unit in self.networks:
            if unit.definition.key in self.tops:
                self.note(unit, self.settings_of(unit))
        self._settle()
        while (odd := self._odd_class()) is not None:
            unit, problem = odd
            constant_ones = _constants(unit)
            fixed = {word: value for word, value in constant_ones.items() if word in problem.names} or constant_ones
            if not problem.names or not fixed:
                problem.place(unit.definition)
                raise problem
            unit.fixed.update(fixed)
            self.stale()
            self._settle()
        return self._ordered()

    def _settle(self) -> None:
        """Translate classes until what is known of them changes no more."""
        before: list[Unit] = []
        for _ in range(_MOST_ROUNDS):
            stale = [unit for unit in self.units.values() if unit.is_stale]
            if not stale:
                return
            given = [unit for unit in stale if unit.is_given()] or stale
            waiting = set().union(*(unit.users - {unit.key} for unit in given))
            first = [unit for unit in given if unit.key not in waiting]
            before = given if first == before else first or given  # one may wait for what uses it
            for unit in before:
                if self.units.get(unit.key) is unit:
                    self._translate_or_drop(unit)
        raise Untranslatable("what blocks are given does not settle")

    def _odd_class(self) -> tuple[Unit, Untranslatable] | None:
        """A class that always has a part which some use lacks, or never has one which some use has, and why not."""
        units: dict[tuple[str, str], list[Unit]] = {}
        for unit in self.units.values():
            for word in self.names_of(unit):
                units.setdefault((unit.definition.kind, word), []).append(unit)
        for module in self.program.modules.values():
            there = {plain_label(child.name.partition(".")[0]) for child in module.children}
            found = units.get((module.kind, module.name), [])
            if len({unit.definition.key for unit in found}) != 1:
                continue  # another file has a definition of that name
            serves = self.program.target == "inference"
            problems = [_odd_part(unit.text, there, serves=serves) for unit in found if unit.text is not None]
            first = next(iter(problems), None)
            if first is not None and None not in problems:  # there is a class for inputs of each rank
                return found[0], first
        return None

    def names_of(self, unit: Unit) -> set[str]:
        """What the definitions are called that a class is for: its own, and for a network its variants."""
        return {unit.definition.name, *(variant.name for variant, base, _, _ in self.variants if base is unit)}

    def settings_of(self, unit: Unit) -> dict[str, Any]:
        """What the parameters of a network were given from outside the text; one that is a part alone, nothing."""
        if unit not in self.networks:
            return {}
        names = {parameter.name for parameter in unit.definition.parameters}
        return {word: static_for(value) for word, value in self.program.settings.items() if word in names}

    def leading(self, unit: Unit) -> list[str]:
        """The parameters of a class that may be given by position: `__init__` has those without a default first."""
        held = {each.name for each in unit.definition.parameters if each.default is not None}
        held |= self.settings_of(unit).keys()
        words = unit.arguments()
        pairs = zip(words, sorted(words, key=held.__contains__), strict=True)
        return [word for word, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]

    def _ordered(self) -> list[Unit]:
        """The classes, each after those that its lines speak of."""
        done: dict[Key, Unit] = {}
        by_name = {unit.name: unit for unit in self.units.values()}

        def visit(unit: Unit, above: tuple[Unit, ...]) -> None:
            if unit.key in done or unit in above or unit.text is None:
                return
            needs = self.spoken_of(unit.text.needs)
            for word, other in by_name.items():
                if word in needs and other is not unit:
                    visit(other, (*above, unit))
            done[unit.key] = unit

        for unit in self.networks:
            visit(unit, ())
        for unit in self.units.values():
            visit(unit, ())
        return list(done.values())

    def default_constant(self, unit: Unit, word: str, code: Code) -> str:
        """The constant of the module that a parameter's default is, for the usual tools want no call there."""
        others = {each for key, each in self._defaults.items() if key != (unit.key, word)}
        same = [each for each, held in self.layer_constants.items() if flat(held) == flat(code)]
        taken = RESERVED | {item.name for item in self.items.values()} | set(self.constant_names.values()) | others
        made = same[0] if same else not_in(word.upper(), taken)
        self._defaults[unit.key, word] = made
        self.layer_constants[made] = code
        return made

    def spoken_of(self, words: set[str]) -> set[str]:
        """Words, and those of the constants of the module among them that are layers, and so on."""
        inner = (set(words_in(flat(self.layer_constants[word]))) for word in words & self.layer_constants.keys())
        return words.union(*map(self.spoken_of, inner))

    def _translate_or_drop(self, unit: Unit) -> None:
        """Translate a class. For one without a translation what it is given becomes constants; it is forgotten where
        only ways asked for it that are not taken.
        """
        try:
            self._translate_or_fix(unit)
        except Untranslatable:
            others = [other for other in self.units.values() if other is not unit]
            texts = [other.text for other in others if other.text is not None and not other.is_stale]
            is_idle = unit not in self.networks and len(texts) == len(others)
            if is_idle and not any(unit.name in self.spoken_of(text.needs) for text in texts):
                self._drop([unit.key])
            elif not self._fix_users(unit):
                raise

    def _translate_or_fix(self, unit: Unit) -> None:
        """Translate a class; where a parameter cannot be kept open, as the constant that it always is."""
        try:
            self._translate(unit)
        except Untranslatable as problem:
            if not isinstance(problem, NeedsTurn) and self._is_translated_above_0(unit):
                return
            fixed, constant_ones = unit.fixed, _constants(unit)
            if not constant_ones:
                raise
            causes = {word: value for word, value in constant_ones.items() if word in problem.names}
            fixed.update(causes or constant_ones)
            if not causes:  # the problem does not say which: those without which there is none are left open
                self._translate(unit)
                for word, value in constant_ones.items():
                    fixed.pop(word, None)  # a block that uses itself may have found that it is none
                    try:
                        self._translate(unit)
                    except Untranslatable:
                        fixed[word] = value
            self.stale()

    def _fix_users(self, unit: Unit) -> bool:
        """Fix what the users of a class that has no translation give it, which is begun anew; whether there is any."""
        found = False
        for user in [self.units[key] for key in unit.users & self.units.keys() - {unit.key}]:
            calls = self.nodes_of(user.definition)[nodes.Call]
            uses = (each for each in calls if isinstance(each.function, nodes.Ref))
            words = {word for each in uses if each.function.key == unit.key[0] for word in _parameters_in(each)}
            constant_ones = _constants(user)
            fixed = {word: value for word, value in constant_ones.items() if word in words} or constant_ones
            user.fixed.update(fixed)
            found |= bool(fixed)
        if found:
            self._drop([unit.key])
            self.stale()
        return found

    def _is_translated_above_0(self, unit: Unit) -> bool:
        """Translate a class whose parameters that are 0 in the text, which leaves lines out, are tried with 1."""
        sorts = [unit.sorts[word] for word in unit.parameters()]
        sorts = [sort for sort in sorts if sort.kinds <= {"int", "float"} and sort.sample == 0]
        for sort in sorts:
            sort.sample = 1
        with suppress(Untranslatable):
            if sorts:
                self._translate(unit)
                return True
        for sort in sorts:
            sort.sample = 0
        return False

    def _translate(self, unit: Unit) -> None:
        unit.is_stale = False
        before, self._current = set(self.units), unit
        try:
            made = ClassTranslation(self, unit)
            try:
                unit.text = made.text()
            except NeedsUnrolling:
                if not made.countable():
                    raise
                self._drop(self.units.keys() - before)
                unit.text = ClassTranslation(self, unit, made.countable()).text()
        except (Untranslatable, TooLong) as raised:
            self._drop(self.units.keys() - before)
            too_long = "a size in it is longer than one can read"
            problem = raised if isinstance(raised, Untranslatable) else Untranslatable(too_long)
            problem.place(unit.definition)
            raise problem from None
        finally:
            self._current = None

    def changed(self, unit: Unit, sizes: list[tuple[str, int]]) -> None:
        """Note which sizes a class is told."""
        if unit.sizes != sizes:
            unit.sizes = sizes
            self._tell_users(unit)

    def asked(self, sizes: set[tuple[frozenset[Any], tuple[int, int]]]) -> None:
        """Note which sizes blocks have to keep."""
        for keys, place in sizes:
            for key in keys:
                unit = self.units[key]
                if place not in unit.gives:
                    unit.gives.add(place)
                    unit.is_stale = True


def _constants(unit: Unit) -> dict[str, Any]:
    """The parameters of a class that are open, and are always given the same."""
    found = ((word, unit.sorts[word].constant()) for word in unit.parameters())
    return {word: value for word, value in found if value is not None}


def _parameters_in(value: Any) -> set[str]:
    """The parameters that an expression speaks of."""
    return {each.name for each in nodes.walk(value) if isinstance(each, nodes.Ref) and each.of == "parameter"}


def _is_constant(value: Any) -> bool:
    match value:
        case Static(value=Traced() | AnyList() | Opaque()):
            return False
        case Static(value=list() as items):
            return all(map(_is_constant, items))
        case _:
            return True


def _constant_names(items: Sequence[nodes.Item]) -> dict[str, str]:
    """What the constants of files are called in the module, by their keys."""
    made: dict[str, str] = {}
    taken = RESERVED | {item.name for item in items if not isinstance(item, nodes.FileConstant)}
    for item in items:
        if isinstance(item, nodes.FileConstant):
            made[item.key] = not_in(item.name, taken)
            taken |= {made[item.key]}
    return made


def _outside(body: Body, dim: Any, known: dict[Expr, Traced]) -> Any:
    """A size as the caller knows it: nothing is known of what the variables of this body say."""
    if not isinstance(dim, Traced) or all("·" not in each for each in names_in(body.symbols.size_code(dim))):
        return dim
    return known.setdefault(dim.expr, body.symbols.fresh(dim.value))


def _odd_part(text: ClassText, there: set[str], *, serves: bool) -> Untranslatable | None:
    """What is wrong with a class for a use that has these parts; where it only serves, others are left out there."""
    if lacking := {word for word in text.always - there if not serves or word in text.lacking}:
        word = min(lacking)
        return Untranslatable(
            f"the class has {word} in every case, and one of its uses does not apply it",
            helps="declare it inside the loop or the condition where it is applied",
            names=text.lacking.get(word, frozenset()),
        )
    if text.ever is not None and not serves and (missing := there - text.ever):
        return Untranslatable(
            f"the class would not have {min(missing)}, which one of its uses has",
            helps="this is a fault of the compiler; another name, or a line of its own for the layer, may help",
        )
    return None
