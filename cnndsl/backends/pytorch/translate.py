"""Definitions become classes: one for each, and a thin one for each variant.

A definition is translated when it is used. What it is given, and what is asked of it, is gathered from all its uses;
where one of them tells something new, it is translated again, until nothing changes.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cnndsl.backends.pytorch.body import Body, bound_names
from cnndsl.backends.pytorch.branches import Branches
from cnndsl.backends.pytorch.code import Code, any_of, attribute, call, constant, flat, mirrored, name, names_in
from cnndsl.backends.pytorch.construct import Made, axis_word, flat_stages, kept_name
from cnndsl.backends.pytorch.expressions import Scope
from cnndsl.backends.pytorch.flowgraph import (
    FLOW,
    Append,
    Assign,
    Chain,
    Compute,
    Effect,
    For,
    ForwardSlice,
    If,
    InitSlice,
    Part,
    Register,
    Return,
    Training,
    spliced,
    uses,
    walk,
)
from cnndsl.backends.pytorch.guards import Guards
from cnndsl.backends.pytorch.initialise import rule_names, settle_begins
from cnndsl.backends.pytorch.serve import followers
from cnndsl.backends.pytorch.sorts import Sort, is_identity, recipe_key, sample_of, sort_of
from cnndsl.backends.pytorch.values import (
    IDENTITY,
    RECIPES,
    BlockRecipe,
    ExternRecipe,
    Function,
    KindRecipe,
    NeedsFlatten,
    Rule,
    Static,
    Tensor,
    TensorList,
    Untranslatable,
)
from cnndsl.backends.pytorch.write import ForwardWriter, InitWriter, codes_of
from cnndsl.ir import nodes
from cnndsl.ir.program import Program
from cnndsl.ir.words import WORDS
from cnndsl.layers.extern import Extern, axis_names
from cnndsl.layers.formula import Shape, show
from cnndsl.layers.registry import KINDS
from cnndsl.symbolic.expr import Expr, Symbol
from cnndsl.symbolic.number import Traced, value_of

_DEEPEST = 40
_MOST_ROUNDS = 60

Ranks = tuple[tuple[str, int], ...]
Key = tuple[str, Ranks]


@dataclass(eq=False)
class Unit:
    """A definition on inputs of certain ranks: a class."""

    key: Key
    definition: nodes.Definition
    ranks: Ranks
    name: str
    sorts: dict[str, Sort] = field(default_factory=dict)
    defaulted: set[str] = field(default_factory=set)
    """Parameters that some use leaves to their default."""
    sizes: list[tuple[str, int]] = field(default_factory=list)
    """The sizes of its inputs that its constructor takes."""
    gives: set[tuple[int, int]] = field(default_factory=set)
    """Which sizes of what it gives it keeps: of which output, along which axis."""
    is_stale: bool = True
    fixed: dict[str, Any] = field(default_factory=dict)
    """Parameters that are constants here, for they cannot be kept open."""
    text: ClassText | None = None

    def parameters(self) -> list[str]:
        """Its parameters in the order of the text, but for values."""
        values = {word for word, _ in self.ranks}
        return [
            p.name
            for p in self.definition.parameters
            if p.name not in values and p.name in self.sorts and p.name not in self.fixed
        ]

    def is_given(self) -> bool:
        """Whether each parameter was given something; a block that is an argument gets the rest where it is used."""
        return all(sort.kinds for sort in self.sorts.values())


@dataclass(eq=False)
class ClassText:
    """What is written of a class."""

    arguments: list[tuple[str, str, Code | None]]
    """Name, annotation, default."""
    base: str
    init: list[str]
    forward: list[str]
    inputs: list[str]
    returns: str
    needs: set[str] = field(default_factory=set)
    rules: list[tuple[str, str, Any]] = field(default_factory=list)
    """The rules of a network: kind, tensor, rule."""
    own: list[Any] = field(default_factory=list)
    """Its layers with words of their own."""
    input_rank: tuple[Any, ...] = ()
    folded: list[tuple[str, str]] = field(default_factory=list)
    """The parts of which a normalisation follows a layer, and nothing else reads what that gives."""
    summed: list[tuple[tuple[str, ...], ...]] = field(default_factory=list)
    """For sums of branches the parts of each branch."""
    overwrites: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """The activations that only see what nobody else reads, and the parts that give it."""


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
        self.constant_names = _constant_names(program.definitions)
        self._constant_values: dict[str, Any] = {}
        self._outputs: dict[Any, Any] = {}
        self._depth = 0
        self._running: list[str] = []
        self._tried: dict[Any, Any] = {}

    def new_symbol(self, base: str) -> str:
        """A symbol that nothing has yet, for a variable."""
        self.counter += 1
        return f"{base}·{self.counter}"

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
        return self.file_constant(key)

    def file_constant(self, key: str) -> Any:
        """A constant of a file, or a variant: under its own name in the module."""
        if key not in self._constant_values:
            item = self.items[key]
            assert isinstance(item, (nodes.FileConstant, nodes.Variant))  # noqa: S101 - others have no value
            body = Body(self, is_silent=True)
            value = body.evaluate(item.value)
            written = self.constant_names.get(key, "")
            if isinstance(value, Static) and written:
                self.constants[written] = value.code
                value = Static(value.value, name(written))
            elif written and (
                (isinstance(value, BlockRecipe) and value.arguments) or (isinstance(value, KindRecipe) and value.fields)
            ):
                value = replace(value, constant=written)
            self._constant_values[key] = value
        return self._constant_values[key]

    # Uses

    def unit(self, definition: nodes.Definition, ranks: Ranks) -> Unit:
        """The class for a definition on inputs of certain ranks."""
        key = (definition.key, ranks)
        if key not in self.units:
            same = [unit for unit in self.units.values() if unit.definition is definition]
            made = self.units[key] = Unit(key, definition, ranks, definition.name)
            if same:
                for unit in (*same, made):
                    new = f"{definition.name}{_rank_word(unit.ranks)}"
                    if unit.name != new:
                        unit.name = new
                        self._all_stale()
            taken = {unit.name for unit in self.units.values() if unit is not made}
            while made.name in taken:
                made.name += "_"
            values = {word for word, _ in ranks}
            for parameter in definition.parameters:
                if parameter.name not in values:
                    made.sorts[parameter.name] = Sort()
        return self.units[key]

    def has_twin(self, unit: Unit) -> bool:
        """Whether a definition is used on inputs of several ranks, and so is several classes."""
        return any(other.definition is unit.definition for other in self.units.values() if other is not unit)

    def stale(self) -> None:
        """Something new is known that what is translated already may depend on."""
        self._all_stale()

    def _all_stale(self) -> None:
        for unit in self.units.values():
            unit.is_stale = True

    def note(self, unit: Unit, given: Mapping[str, Any]) -> None:
        """A use of a class: what its parameters are given."""
        changed = False
        for parameter in unit.definition.parameters:
            word = parameter.name
            if word not in unit.sorts:
                continue
            if word in given:
                changed |= unit.sorts[word].merge(sort_of(given[word]))
            if parameter.default is None or word in unit.defaulted:
                continue
            default = self.default(unit.definition, parameter)
            if word not in given or isinstance(default, RECIPES):  # a layer that is offered has to be a class
                unit.defaulted.add(word)
                changed |= unit.sorts[word].merge(sort_of(default))
        if changed:
            self._all_stale()

    def default(self, definition: nodes.Definition, parameter: nodes.Parameter) -> Any:
        """The default of a parameter, which may speak of those before it."""
        body = Body(self, is_silent=True)
        for other in definition.parameters:
            if other is parameter:
                break
            if other.default is not None:
                body.scope.names[other.name] = body.evaluate(other.default)
        return body.evaluate(parameter.default)

    # What comes out

    def outputs(
        self, definition: nodes.Definition, given: Mapping[str, Any], inputs: Sequence[tuple[str, Tensor]]
    ) -> list[tuple[str | None, Shape]]:
        """What a block gives for arguments and inputs, in the names of the caller. Raises NeedsFlatten."""
        key = (
            definition.key,
            tuple((word, _key(value)) for word, value in given.items()),
            tuple((word, tuple(map(_dim_key, tensor.shape))) for word, tensor in inputs),
        )
        known = self._outputs.get(key)
        if known is None:
            known = self._outputs[key] = self._worked_out(definition, given, inputs)
        if known == "flatten":
            raise NeedsFlatten
        return known  # type: ignore[no-any-return]

    def _worked_out(
        self, definition: nodes.Definition, given: Mapping[str, Any], inputs: Sequence[tuple[str, Tensor]]
    ) -> Any:
        deep = self._running.count(definition.key)
        if deep > _DEEPEST or (deep > 1 and not _all_constant(given)):
            shape = inputs[0][1].shape
            unknown = tuple(Traced(value_of(d), Expr.of(Symbol(self.new_symbol("unknown")))) for d in shape)
            return [(None, unknown)]
        self._running.append(definition.key)
        try:
            body = self.prepared(definition, given, inputs)
            try:
                body.run_definition(definition, len(inputs))
            except NeedsFlatten:
                return "flatten"
            results = [output for output in body.results() if not output.training]
            known: dict[Expr, Traced] = {}
            return [(output.name, tuple(body.outside(dim, known) for dim in output.value.shape)) for output in results]
        except Untranslatable as problem:
            problem.place(definition)
            raise
        finally:
            self._running.pop()

    def prepared(
        self, definition: nodes.Definition, given: Mapping[str, Any], inputs: Sequence[tuple[str, Tensor]]
    ) -> DefinitionBody:
        """A body for the sizes alone."""
        body = DefinitionBody(self, is_silent=True)
        body.kind = definition.kind
        values = dict(inputs)
        for parameter in definition.parameters:
            word = parameter.name
            if word in values:
                body.scope.names[word] = values[word]
            elif word in given:
                body.scope.names[word] = given[word]
            elif parameter.default is not None:
                body.scope.names[word] = body.evaluate(parameter.default)
        if inputs:
            body.entry = body.it = inputs[0][1]
        return body

    def tried(self, recipe: Any, shape: Shape, caller: Any) -> tuple[Shape, set[int], Made]:
        """What a layer gives, and which sizes of its input it asks for."""
        marked = tuple(Traced(value_of(dim), Expr.of(Symbol(f"asked_{axis}"))) for axis, dim in enumerate(shape))
        made = self.scratch(recipe, marked, caller)
        found: set[int] = set()
        for line in walk([Append(made.value)]):
            for code in codes_of(line):
                found |= {axis for axis in range(len(shape)) if f"asked_{axis}" in names_in(code)}
        result = self.scratch(recipe, shape, caller).shapes[0]
        return result, found, made

    def scratch(self, recipe: Any, shape: Shape, caller: Any) -> Made:
        """A layer that is made to see what it is, and not to be written."""
        body = Body(self, is_silent=True)
        body.coded = self.coded
        body.scope = Scope(caller.scope) if caller is not None else Scope()
        body.chain, body.lines = Chain("scratch"), []
        return body.make(recipe, body.chain_end(shape))

    def extern_layer(self, recipe: ExternRecipe, x: Shape, body: Any) -> tuple[Extern, Shape]:
        """The layer of a class from elsewhere, and what comes out of it for an input."""
        declared = recipe.extern
        inner = Body(self, is_silent=True)
        names = inner.scope.names
        for parameter in declared.parameters:
            word = parameter.name
            names[word] = recipe.arguments.get(word) or inner.evaluate(parameter.default)
        given = tuple((word, body.field(value)) for word, value in names.items())
        layer = Extern(name=declared.name, package=declared.package).model_copy(update={"given": given})
        rule = next(setting.value for setting in declared.settings if setting.name == "shape")
        if isinstance(rule, nodes.Ref) and rule.name == "same":
            return layer, x
        for word, dim in zip(axis_names(len(x)), x, strict=False):
            names.setdefault(word, Static(dim, body.size_code(dim)))
        sizes = inner.static(rule).value
        if not isinstance(sizes, list):
            raise Untranslatable(f"how many axes {declared.name} gives depends on a parameter")
        return layer, tuple(size.value for size in sizes)

    # All classes

    def run(self) -> list[Unit]:
        """Translate all networks, and what they use; the classes in the order in which they are written."""
        self.networks: list[Unit] = []
        self.variants: list[tuple[nodes.Variant, Unit, dict[str, Any]]] = []
        for item in self.program.definitions:
            if isinstance(item, nodes.Definition) and item.kind == "network" and self._is_used(item):
                unit = self.unit(item, ())
                self.networks.append(unit)
        names = {self.program.modules[key].name for key in self.program.networks}
        for item in self.program.definitions:
            if isinstance(item, nodes.Variant) and item.name in names:
                value = self.file_constant(item.key)
                assert isinstance(value, BlockRecipe)  # noqa: S101 - checked when it was compiled
                unit = self.unit(value.definition, ())
                given = dict(value.arguments) | self.settings_of(value.definition)
                self.variants.append((item, unit, given))
                self.note(unit, given)
        for unit in self.networks:
            if unit.name in names:
                self.note(unit, self.settings_of(unit.definition))
        for _ in range(_MOST_ROUNDS):
            stale = [unit for unit in self.units.values() if unit.is_stale]
            if not stale:
                break
            for unit in [unit for unit in stale if unit.is_given()] or stale:
                self._translate_or_fix(unit)
        else:
            raise Untranslatable("what blocks are given does not settle")
        return self._ordered()

    def _is_used(self, item: nodes.Definition) -> bool:
        names = {self.program.modules[key].name for key in self.program.networks}
        if item.name in names:
            return True
        for other in self.program.definitions:
            if isinstance(other, nodes.Variant) and other.name in names:
                value = self.file_constant(other.key)
                if isinstance(value, BlockRecipe) and value.definition is item:
                    return True
        return False

    def settings_of(self, definition: nodes.Definition) -> dict[str, Any]:
        names = {parameter.name for parameter in definition.parameters}
        return {word: _static_of(value) for word, value in self.program.settings.items() if word in names}

    def _ordered(self) -> list[Unit]:
        """The classes, each after those that its lines speak of."""
        done: dict[Key, Unit] = {}
        by_name = {unit.name: unit for unit in self.units.values()}

        def visit(unit: Unit, above: tuple[Unit, ...]) -> None:
            if unit.key in done or unit in above or unit.text is None:
                return
            needs = unit.text.needs
            for word in needs & self.layer_constants.keys():
                needs = needs | self.words_of_constant(word)
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
        made = same[0] if same else word.upper()
        taken = _RESERVED | {item.name for item in self.items.values()} | set(self.constant_names.values()) | others
        while made in taken and not same:
            made += "_"
        self._defaults[unit.key, word] = made
        self.layer_constants[made] = code
        return made

    def words_of_constant(self, word: str) -> set[str]:
        """The words of what a constant of the module is, and of the constants in it."""
        words = set(_words(flat(self.layer_constants[word])))
        return words.union(*(self.words_of_constant(each) for each in words & self.layer_constants.keys()))

    def _translate_or_fix(self, unit: Unit) -> None:
        """Translate a class; where a parameter cannot be kept open, as the constant that it always is."""
        try:
            self._translate(unit)
        except Untranslatable as problem:
            fixed = unit.fixed
            constant_ones = {
                word: value
                for word, sort in unit.sorts.items()
                if word not in fixed and (value := sort.constant()) is not None
            }
            wanted = [word for word in constant_ones if word in problem.names] or list(constant_ones)
            if not wanted:
                raise
            chosen = wanted if problem.names & set(wanted) else wanted[:1]
            fixed.update({word: value for word, value in constant_ones.items() if word in chosen})
            self._all_stale()

    def _translate(self, unit: Unit) -> None:
        unit.is_stale = False
        try:
            unit.text = _ClassTranslation(self, unit).text()
        except Untranslatable as problem:
            problem.place(unit.definition)
            raise

    def changed(self, unit: Unit, sizes: list[tuple[str, int]]) -> None:
        """Note which sizes a class is told."""
        if unit.sizes != sizes:
            unit.sizes = sizes
            self._all_stale()

    def asked(self, sizes: set[tuple[frozenset[Any], tuple[int, int]]]) -> None:
        """Note which sizes blocks have to keep."""
        for keys, place in sizes:
            for key in keys:
                unit = self.units[key]
                if place not in unit.gives:
                    unit.gives.add(place)
                    unit.is_stale = True


class DefinitionBody(Body):
    """The body of a whole definition."""

    loops: list[Any]

    def run_definition(self, definition: nodes.Definition, inputs: int) -> None:
        """Work out all its lines; `inputs` says how many values come in."""
        self.text_names = set(bound_names(definition.body))
        if _is_chain(definition, inputs):
            self.chain = Chain("layers")
            self.lines = self.chain.lines
            self.is_empty_chain = True
            self.it = self.entry = self.chain_end(self.it.shape)
        self.run(definition.body)
        if self.chain is not None:
            self.at_end(self.it)

    def outside(self, dim: Any, known: dict[Expr, Traced]) -> Any:
        """A size as the caller knows it: nothing is known of what the variables of this body say."""
        if not isinstance(dim, Traced) or all("·" not in each for each in names_in(self.size_code(dim))):
            return dim
        return known.setdefault(dim.expr, self.fresh(dim.value))

    def results(self) -> list[Any]:
        """What goes out."""
        from cnndsl.backends.pytorch.body import Output

        if self.outputs is not None:
            return self.outputs
        if isinstance(self.it, TensorList):
            return [Output(None, item) for item in self.settled(self.it).items]
        return [Output(None, self.it)]


class _ClassTranslation:
    """Translates one definition."""

    def __init__(self, file: Translation, unit: Unit) -> None:
        self._file, self._unit = file, unit
        self._definition = unit.definition
        self._body = DefinitionBody(file, is_silent=False)
        self._sizes: dict[str, tuple[str, int]] = {}
        self._parameters: dict[str, str] = {}

    def text(self) -> ClassText:
        """The class."""
        body, definition = self._body, self._definition
        body.kind = definition.kind
        self._bind()
        is_chain = _is_chain(definition, len(self._unit.ranks))
        if not is_chain and _reads_input(definition):
            body.flow = "out"
            body.value_names.add("out")
        body.run_definition(definition, len(self._unit.ranks))
        if is_chain:
            return self._sequence()
        return self._module()

    def _bind(self) -> None:
        body, unit = self._body, self._unit
        body.taken |= _RESERVED | {other.name for other in self._file.units.values()}
        body.taken |= {self._file.constant_names[key] for key in _constants_of(self._definition)}
        values = dict(unit.ranks)
        for parameter in self._definition.parameters:
            if parameter.name in unit.sorts:
                body.taken.add(parameter.name)
                body.given_names.add(parameter.name)
        for word, rank in unit.ranks:
            shape = []
            for axis in range(rank):
                written = size_argument(word, axis, rank, body.taken)
                body.taken.add(written)
                symbol = body.current[written] = self._file.new_symbol(written)
                self._sizes[written] = (word, axis)
                shape.append(Traced(_SAMPLES[axis], Expr.of(Symbol(symbol))))
            variable = body.input_name(word)
            tensor = Tensor(name(variable), tuple(shape))
            body.inputs.append((variable, tensor))
            if word == "input":
                body.entry = body.it = tensor
            else:
                body.scope.names[word] = tensor
                body.value_names.add(word)
        del values
        for parameter in self._definition.parameters:
            word = parameter.name
            if word not in unit.sorts:
                continue
            symbol = body.current[word] = self._file.new_symbol(word)
            sort = unit.sorts[word]
            if not sort.kinds:
                continue
            if word in unit.fixed:
                fixed = unit.fixed[word]
                body.scope.names[word] = fixed if isinstance(fixed, RECIPES) else _static_of(fixed)
                continue
            body.variables.setdefault(id(body.scope), {})[word] = word
            body.scope.names[word] = body.abstract(sort, name(word), Traced(1, Expr.of(Symbol(symbol))))

    def _keep(self, shapes: Sequence[Shape]) -> list[Any]:
        """The lines that keep the sizes of what comes out."""
        lines = []
        for at, axis in sorted(self._unit.gives):
            target = attribute("self", kept_name(at, axis, len(shapes[at])))
            lines.append(Effect(None, target, self._body.size_code(shapes[at][axis])))
        return lines

    def _sequence(self) -> ClassText:
        body = self._body
        chain = body.chain
        assert chain is not None  # noqa: S101 - a sequence is one
        chain.is_labelled = any(isinstance(line, Append) and line.label is not None for line in walk_own(chain.lines))
        keep = self._keep([body.it.shape])
        part = Part(-1, "super")
        register = Register(part, chain)
        lines = self._wrapped([register])
        init = InitSlice({-1}, {}, {})
        live: set[str] = set()
        kept = spliced(init.slice([*lines, *keep], live))
        settle_begins(kept, is_network=False, helpers=self._file.helpers)
        self._file.asked(init.sizes)
        sizes = self._live_sizes(live)
        writer = InitWriter(body.free)
        written: list[str] = []
        for line in kept:
            if isinstance(line, Register):
                assert isinstance(line.value, Chain)  # noqa: S101 - as it was put in
                written += self._super(writer, line.value)
            else:
                written += writer.lines([line], _INDENT)
        return self._made("nn.Sequential", written, [], [], "", sizes)

    def _super(self, writer: InitWriter, chain: Chain) -> list[str]:
        inline = writer.inline(chain)
        if inline is not None:
            before, items = inline
            made = writer.lines(before, _INDENT)
            if any(label is not None for label, _ in items):
                made.append(f"{_INDENT}super().__init__()")
                for at, (label, value) in enumerate(items):
                    text = label.value if isinstance(label, ast.Constant) else None
                    if isinstance(text, str) and text.isidentifier() and not _is_keyword(text):
                        made += _laid(value, f"self.{text} = ")
                    else:
                        made += _laid(
                            call("self.add_module", label if label is not None else constant(str(at)), value), ""
                        )
                return made
            code = call("super_init", *(value for _, value in items))
            return [*made, *_tall_super(code)]
        before_lines, variable = writer.listed(chain, _INDENT, "parts" if "layers" in self._body.taken else "layers")
        star = variable if chain.is_labelled else f"*{variable}"
        return [*before_lines, f"{_INDENT}super().__init__({star})"]

    def _wrapped(self, lines: list[Any]) -> list[Any]:
        """The lines with declared parts where they are declared, under the conditions on which they are there."""
        made: list[Any] = []
        fills = self._body.fills
        for line in lines:
            match line:
                case Register() if id(line) in fills:
                    made.append(self._conditional(fills[id(line)]))
                case Register() if line.tests and not self._is_always(line):
                    test = any_of(line.tests)
                    made.append(If(test, [replace(line, tests=[])], []))
                case If():
                    line.yes, line.no = self._wrapped(line.yes), self._wrapped(line.no)
                    made.append(line)
                case For() | Training() | Chain():
                    line.lines = self._wrapped(line.lines)
                    made.append(line)
                case _:
                    made.append(line)
        return made

    def _conditional(self, found: If) -> If:
        made = If(found.test, self._wrapped(found.yes), self._wrapped(found.no))
        made.twin = found.twin  # type: ignore[attr-defined]
        return made

    def _is_always(self, line: Register) -> bool:
        return line.part.number in self._body.always

    def _module(self) -> ClassText:
        body, definition_kind = self._body, self._definition.kind
        results = body.results()
        for output in results:
            if not isinstance(output.value, Tensor):
                raise Untranslatable("an output is no single value")
        lines = self._wrapped(body.lines)
        tail: list[Any] = []
        always: list[tuple[str | None, Code]] = []
        training: list[tuple[str | None, Code]] = []
        known: dict[str, Code] = {}
        for at, output in enumerate(results):
            code = output.value.code
            if not isinstance(code, ast.Name):
                text = flat(code)
                if text not in known:
                    variable = FLOW + body.flow if len(results) == 1 else body.temporary()
                    if not _is_plain(code):
                        tail.append(Compute((variable,), code, shape=output.value.shape))
                        known[text] = name(variable)
                    else:
                        known[text] = code
                code = known[text]
            (training if output.training else always).append((output.name, code))
            del at
        shapes = [output.value.shape for output in results if not output.training]
        lines += tail
        lines.append(Return([], tuple(always), tuple(training)))
        lines = Guards().guarded(lines)
        forward = ForwardSlice(body.parts)
        live: set[str] = set()
        kept = forward.slice(lines, live)
        for held in ("x_", body.flow):
            kept = _in_x(kept, forward, FLOW + held)
        homes, optional = _homes(lines)
        branches = None
        if self._file.program.target == "inference":
            branches = Branches(body, self._file, lines, kept, homes)
            kept = branches.added(kept)
            optional |= branches.optional
        forward.used |= {body.parts[n].whole.number for n in forward.used if body.parts[n].whole is not None}  # type: ignore[union-attr]
        flags = self._flags(kept, homes, lines, optional)
        if definition_kind == "network":
            self._show_sizes(kept)
        inputs = [variable for variable, _ in body.inputs]
        shown = ForwardWriter(body.parts, inputs, flags, optional, homes, forward.used)
        forward_lines = shown.whole(kept, _INDENT)
        said = set(_words("\n".join(forward_lines)))
        stores = {key: each & said for key, each in forward.stores.items()}
        init = InitSlice(forward.used, stores, {key: flag for key, flag in flags.items() if flag})
        live_init: set[str] = rule_names(body.rules, [])
        kept_init = spliced(init.slice([*lines, *self._keep(shapes)], live_init))
        kept_init = _without_repeats(kept_init, set(), {each.name for each in walk(lines) if isinstance(each, Assign)})
        self._check_order(kept_init)
        own = settle_begins(kept_init, is_network=definition_kind == "network", helpers=self._file.helpers)
        self._file.asked(init.sizes)
        sizes = self._live_sizes(live_init)
        writer = InitWriter(body.free)
        written = [f"{_INDENT}super().__init__()", *writer.lines(kept_init, _INDENT)]
        returns = " | ".join(dict.fromkeys(sorted(shown.returns, key=len)))
        made = self._made("nn.Module", written, forward_lines, inputs, returns, sizes)
        made.rules, made.own = body.rules, own
        if branches is not None:
            made.folded, made.overwrites = followers(kept, body.parts, lines)
            made.summed = branches.found
        made.input_rank = tuple(body.inputs[0][1].shape) if body.inputs else ()
        return made

    def _check_order(self, lines: list[Any]) -> None:
        """Refuse a part that is declared before the part whose size it follows from."""
        there: set[int] = set()
        for line in walk(lines):
            for number in set().union(*(uses(code).parts for code in codes_of(line))) - there:
                raise Untranslatable(
                    f"a part is declared before {self._body.parts[number].name}, whose size it follows from",
                    self._definition.span,
                    "declare it where it is first applied",
                )
            if isinstance(line, Register):
                there.add(line.part.number)

    def _show_sizes(self, lines: list[Any]) -> None:
        """Note the sizes of values, where they are numbers or parameters of the network."""
        for line in walk(lines):
            if isinstance(line, Compute) and line.shape is not None and not isinstance(line.code, ast.Name):
                dims = [self._body.size_code(dim) if isinstance(dim, Traced) else constant(dim) for dim in line.shape]
                if all(isinstance(dim, ast.Constant) or flat(dim) in self._unit.sorts for dim in dims):
                    line.comment = show(map(flat, dims))

    def _flags(self, kept: list[Any], homes: dict[int, Any], lines: list[Any], optional: set[int]) -> dict[int, str]:
        """The attributes that keep how conditions come out, where no part tells."""
        flags: dict[int, str] = {}
        tests = {id(line): line.test for line in walk(lines) if isinstance(line, If)}
        used: set[str] = {part.name for part in self._body.parts.values()}
        changing = {each.name for each in walk(lines) if isinstance(each, Assign)}
        probe = ForwardWriter(self._body.parts, [], {}, optional, homes, set())
        for line in walk(kept):
            if not isinstance(line, If) or line.in_loop:
                continue
            origin = getattr(line, "origin", id(line))
            own = {n for n in probe.optional_used(line.yes) if homes.get(n) == (origin, True)}
            own_no = {n for n in probe.optional_used(line.no) if homes.get(n) == (origin, False)}
            if own or (own_no and not line.yes):
                continue
            test = tests[origin]
            if isinstance(test, ast.Name):
                flags[origin] = test.id
                used.add(test.id)
                continue
            same = next((flag for key, flag in flags.items() if flat(tests[key]) == flat(test)), None)
            if same is not None and names_in(test).isdisjoint(changing):
                flags[origin] = same
                continue
            is_sum = any(isinstance(each, Compute) and _is_sum(each.code) for each in line.yes)
            word = "is_residual" if is_sum and isinstance(test, ast.BoolOp) else _flag_word(test)
            made, count = word, 1
            while made in used:
                count += 1
                made = f"{word}{count}"
            used.add(made)
            flags[origin] = made
        return flags

    def _live_sizes(self, live: set[str]) -> list[tuple[str, int]]:
        names = {written: place for written, place in self._sizes.items() if written in live}
        strange = [each for each in live if "·" in each]
        if strange:
            raise Untranslatable(
                "a size that a class needs is not known before it is built",
                self._definition.span,
                "give the block the number as a parameter",
                frozenset().union(*(self._file.causes.get(each, ()) for each in strange)),
            )
        order = {word: at for at, (word, _) in enumerate(self._unit.ranks)}
        sizes = sorted(names.values(), key=lambda place: (order[place[0]], place[1]))
        self._file.changed(self._unit, sizes)
        return sizes

    def _made(
        self,
        base: str,
        init: list[str],
        forward: list[str],
        inputs: list[str],
        returns: str,
        sizes: list[tuple[str, int]],
    ) -> ClassText:
        unit = self._unit
        written = {place: word for word, place in self._sizes.items()}
        arguments: list[tuple[str, str, Code | None]] = [(written[place], "int", None) for place in sizes]
        settings = self._file.settings_of(self._definition) if self._definition.kind == "network" else {}
        for parameter in self._definition.parameters:
            word = parameter.name
            if word not in unit.sorts or word in unit.fixed:
                continue
            sort = unit.sorts[word]
            default: Code | None = None
            if word in settings:
                default = settings[word].code
            elif parameter.default is not None:
                default = self._body.argument(self._file.default(self._definition, parameter), sort)
                if isinstance(default, ast.Call) and flat(default.func) == "partial":
                    default = name(self._file.default_constant(unit, word, default))
            arguments.append((word, annotation(sort, self._file), default))
        required = [a for a in arguments if a[2] is None]
        arguments = [*required, *(a for a in arguments if a[2] is not None)]
        text = "\n".join([*init, *forward, *(f"{t} {flat(d) if d is not None else ''}" for _, t, d in arguments)])
        words = set(_words(text))
        return ClassText(arguments, base, init, forward, inputs, returns, words)


_INDENT = " " * 8
_SAMPLES = (60, 48, 36, 24, 12, 6, 4, 2)
_RESERVED = frozenset(
    [
        "self",
        "torch",
        "nn",
        "F",
        "Tensor",
        "super",
        "partial",
        "Callable",
        "Sequence",
        "Mapping",
        "OrderedDict",
        "Any",
        "TypeVar",
        "range",
        "len",
        "enumerate",
        "zip",
        "sum",
        "min",
        "max",
        "round",
        "int",
        "float",
        "abs",
        "list",
        "tuple",
        "dict",
        "str",
        "bool",
        "ceil",
        "floor",
        "make_divisible",
        "with_weights",
        "channels_after",
        "getattr",
        "isinstance",
        "iter",
        "next",
        "math",
        "module",
    ]
)


def size_argument(word: str, axis: int, rank: int, taken: set[str]) -> str:
    """What a constructor calls a size of an input."""
    unit = axis_word(axis, rank)
    made = f"in_{unit}" if word == "input" else f"{word}_{unit}"
    return f"input_{unit}" if made in taken else made


def annotation(sort: Sort, file: Translation) -> str:
    """The type of a parameter."""
    kinds = sort.kinds
    if "layer" in kinds:
        return _layer_annotation(sort, file)
    names = sorted(kinds - {"list"})
    if "list" in kinds:
        if sort.item is None or not sort.item.kinds:
            names.append("Sequence[int]")
        elif sort.item.is_extent:
            count = len(sort.columns) if sort.columns else 2
            names.append(f"tuple[{', '.join([annotation(sort.item, file)] * count)}]")
        else:
            names.append(f"Sequence[{annotation(sort.item, file)}]")
    if "float" in names and "int" in names:
        names.remove("int")
    if not names:
        return "int"
    return " | ".join(names)


def _layer_annotation(sort: Sort, file: Translation) -> str:
    given = "..." if sort.needs.calls else f"[{', '.join(['int'] * len(sort.needs.axes))}]"
    body = Body(file, is_silent=True)
    choices = [each for choice in sort.choices.values() for each in _stages(choice, sort, body)]
    types = dict.fromkeys(_type_of(each, sort, file) for each in choices) if sort.needs.gives else {}
    what = " | ".join(types) if types and "nn.Module" not in types else "nn.Module"
    one = f"Callable[{given}, {what}]"
    if sort.needs.spliced:
        return f"Sequence[{one}]"
    return f"{one} | None" if any(map(is_identity, sort.choices.values())) else one


def _stages(choice: Any, sort: Sort, body: Body) -> list[Any]:
    if sort.needs.spliced:
        return flat_stages(choice, body)
    return [] if is_identity(choice) else [choice]


def _type_of(choice: Any, sort: Sort, file: Translation) -> str:
    rank = min(sort.needs.ranks)  # whose sizes are asked for is applied
    if isinstance(choice, BlockRecipe):
        return file.unit(choice.definition, (("input", rank),)).name
    if isinstance(choice, KindRecipe) and choice.kind.kind in ("conv", "conv_transpose"):
        return f"nn.{choice.kind.module_name(rank - 1)}"
    return "nn.Module"


def _is_keyword(word: str) -> bool:
    import keyword

    return keyword.iskeyword(word)


def _laid(code: Code, lead: str) -> list[str]:
    from cnndsl.backends.pytorch.code import laid_out

    return laid_out(code, _INDENT, lead)


def _tall_super(code: Any) -> list[str]:
    from cnndsl.backends.pytorch.code import laid_out

    if len(code.args) <= 1:
        row = [flat(argument) for argument in code.args]
        line = f"{_INDENT}super().__init__({', '.join(row)})"
        if len(line) <= 88:
            return [line]
    lines = [f"{_INDENT}super().__init__("]
    for argument in code.args:
        lines += laid_out(argument, _INDENT + "    ", "", ",")
    return [*lines, f"{_INDENT})"]


def walk_own(lines: Sequence[Any]) -> Any:
    """The lines of a chain, without those of chains in it."""
    from cnndsl.backends.pytorch.construct import own_lines

    return own_lines(lines)


def _homes(lines: list[Any]) -> tuple[dict[int, Any], set[int]]:
    """For parts that may be missing the condition that registers them."""
    from cnndsl.backends.pytorch.write import always_registers

    homes: dict[int, Any] = {}
    optional: set[int] = set()

    def visit(inner: list[Any], home: Any) -> None:
        for line in inner:
            match line:
                case Register() if not line.part.is_list and line.part.label is None:
                    if home is not None and not always_registers(lines, line.part.name):
                        homes[line.part.number] = home
                        optional.add(line.part.number)
                case If():
                    twin = getattr(line, "twin", id(line))
                    visit(line.yes, (twin, True))
                    visit(line.no, (twin, False))
                case For() | Training():
                    visit(line.lines, home)
                case _:
                    continue

    visit(lines, None)
    return homes, optional


def _in_x(lines: list[Any], forward: ForwardSlice, held: str) -> list[Any]:
    """`x` for a variable that holds nothing while what is in `x` is still read."""
    from cnndsl.backends.pytorch.code import replaced

    x = FLOW + "x"
    beside = forward.beside
    if held == x or held not in beside or x in beside[held] or held in beside.get(x, ()):
        return lines
    beside.setdefault(x, set()).update(beside.pop(held))
    for others in beside.values():
        if held in others:
            others.add(x)
    values = {held: name(x)}
    for line in walk(lines):
        match line:
            case Compute():
                line.code = replaced(line.code, values)
                line.names = tuple(x if each == held else each for each in line.names)
            case Return():
                line.always = tuple((word, replaced(code, values)) for word, code in line.always)
                line.training = tuple((word, replaced(code, values)) for word, code in line.training)
            case For():
                line.source = replaced(line.source, values)
            case _:
                continue
    return [line for line in lines if not _copies_itself(line)]


def _without_repeats(lines: list[Any], known: set[str], changing: set[str]) -> list[Any]:
    """The lines of `__init__`, each outcome of a condition kept once; `known` are those kept before."""
    made = []
    for line in lines:
        match line:
            case Effect(target=ast.Attribute(attr=word)) if (
                line.code is not None and names_in(line.code) & changing == set()
            ):
                if word in known:
                    continue
                known.add(word)
            case If():
                line.yes, line.no = (_without_repeats(side, set(known), changing) for side in (line.yes, line.no))
            case For():
                line.lines = _without_repeats(line.lines, set(known), changing)
        made.append(line)
    return made


def _copies_itself(line: Any) -> bool:
    return (
        isinstance(line, Compute)
        and len(line.names) == 1
        and isinstance(line.code, ast.Name)
        and line.code.id == line.names[0]
    )


def _is_sum(code: Code) -> bool:
    return isinstance(code, ast.BinOp) and isinstance(code.op, ast.Add)


def _flag_word(test: Code) -> str:
    words = {
        ast.Eq: "is", ast.NotEq: "is_not", ast.Gt: "above", ast.GtE: "from", ast.Lt: "below", ast.LtE: "up_to",
    }  # fmt: skip
    if isinstance(test, ast.BoolOp):
        made = ("_and_" if isinstance(test.op, ast.And) else "_or_").join(map(_flag_word, test.values))
    elif isinstance(test, ast.Compare) and isinstance(test.left, ast.Constant) and len(test.ops) == 1:
        return _flag_word(mirrored(test))
    elif isinstance(test, ast.Compare) and type(test.ops[0]) in words:
        made = f"{_slug(test.left)}_{words[type(test.ops[0])]}_{_slug(test.comparators[0])}"
    elif isinstance(test, ast.UnaryOp):
        made = f"not_{_flag_word(test.operand)}"
    else:
        made = _slug(test)
    return made if len(made) <= 40 and made.isidentifier() else "is_chosen"


def _slug(code: Code) -> str:
    return "_".join(_words(flat(code))) or "it"


def _words(text: str) -> list[str]:
    import re

    return re.findall(r"\w+", text)


def _is_plain(code: Code) -> bool:
    """Whether an expression may be returned as it is: mypy knows its type."""
    from cnndsl.backends.pytorch.write import _is_any

    return not _is_any(code) and isinstance(code, (ast.Call, ast.BinOp, ast.Subscript)) and not _is_any_deep(code)


def _is_any_deep(code: Code) -> bool:
    from cnndsl.backends.pytorch.write import _is_any

    if isinstance(code, ast.BinOp):
        return _is_any(code.left) or _is_any_deep(code.left)
    return _is_any(code)


def _is_chain(definition: nodes.Definition, inputs: int) -> bool:
    """Whether the class is an `nn.Sequential`: a sequence, or a block that is one loop of parts with worked out labels,
    each applied to what the one before gave.
    """
    match definition.kind, definition.body:
        case "sequence", _:
            return True
        case "block", (nodes.For(body=(only,)) | nodes.Repeat(body=(only,)),) if inputs == 1:
            layer = only.value if isinstance(only, nodes.Apply) else None
            is_labelled = isinstance(layer, nodes.Labelled) and not isinstance(layer.label, str)
            return is_labelled and not _reads_input(definition)
    return False


def _reads_input(definition: nodes.Definition) -> bool:
    """Whether the text speaks of what came in, besides of its sizes."""
    inputs: set[int] = set()
    others: set[int] = set()
    """Those that are asked for a size only, and the lines that declare them."""
    for each in nodes.walk(definition.body):
        match each:
            case nodes.Flow(of="input"):
                inputs.add(id(each))
            case nodes.SizeOf():
                others.add(id(each.value))
            case nodes.Call(function=nodes.Flow()):
                others.add(id(each.function))
            case _:
                continue
    return not inputs <= others


def _rank_word(ranks: Ranks) -> str:
    return f"{ranks[0][1] - 1}d" if ranks else ""


def _all_constant(given: Mapping[str, Any]) -> bool:
    return all(not isinstance(v, Static) or not isinstance(v.value, Traced) for v in given.values())


def _static_of(value: Any) -> Static:
    if isinstance(value, (list, tuple)):
        items = [_static_of(item) for item in value]
        return Static(items, constant(list(value)))
    return Static(value, constant(value))


def _constants_of(definition: nodes.Definition) -> set[str]:
    """The keys of the constants of files that a definition speaks of."""
    found = nodes.walk((*definition.parameters, *definition.body))
    return {each.key for each in found if isinstance(each, nodes.Ref) and each.of == "constant"}


def _constant_names(items: Sequence[nodes.Item]) -> dict[str, str]:
    """What the constants of files are called in the module, by their keys."""
    made: dict[str, str] = {}
    taken = _RESERVED | {item.name for item in items if not isinstance(item, nodes.FileConstant)}
    for item in items:
        if isinstance(item, nodes.FileConstant):
            written = item.name
            while written in taken:
                written += "_"
            taken |= {written}
            made[item.key] = written
    return made


def _dim_key(dim: Any) -> Any:
    return (dim.value, dim.expr) if isinstance(dim, Traced) else dim


def _key(value: Any) -> Any:
    if isinstance(value, Static):
        return _static_key(value)
    if isinstance(value, RECIPES):
        return (recipe_key(value), _codes_of_recipe(value))
    return repr(value)


def _static_key(static: Static) -> Any:
    value = static.value
    if isinstance(value, Traced):
        return (value.value, value.expr)
    if isinstance(value, list):
        return tuple(_key(item) for item in value)
    return (type(value).__name__, repr(sample_of(static)), flat(static.code))


def _codes_of_recipe(recipe: Any) -> str:
    found = []
    for attribute_name in ("fields", "arguments"):
        held = getattr(recipe, attribute_name, None)
        if isinstance(held, dict):
            found += [flat(item.code) for item in held.values() if isinstance(item, Static)]
    return " ".join(found)
