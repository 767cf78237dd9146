"""A definition as a class: its arguments, the lines of `__init__` and of `forward`, and what the module says of it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from cnndsl.backends.pytorch.body import Body, Output
from cnndsl.backends.pytorch.branches import Branches
from cnndsl.backends.pytorch.code import (
    BUILTINS,
    Code,
    argument_lines,
    attribute,
    call,
    constant,
    flat,
    free_name,
    gone_through,
    is_not_none,
    kept_name,
    laid_out,
    name,
    names_in,
    names_stored,
    negated,
    not_in,
    walk_code,
    words_in,
)
from cnndsl.backends.pytorch.conditions import ask, optional_parts
from cnndsl.backends.pytorch.construct import argument_for, flat_stages
from cnndsl.backends.pytorch.declared_layers import DeclaredLayers, refuse_repeated
from cnndsl.backends.pytorch.definite_assignment import (
    assigned_before_read,
    refuse_missing,
    refuse_unassigned,
    variables_of,
)
from cnndsl.backends.pytorch.flowgraph import (
    FLOW,
    LIST,
    Assign,
    Chain,
    Compute,
    Declare,
    Effect,
    For,
    ForwardSlice,
    If,
    InitSlice,
    Part,
    Raise,
    Register,
    Return,
    assigned,
    parts_read,
    put_inside,
    refusal,
    rename,
    settle_training,
    walk,
    with_tensors,
)
from cnndsl.backends.pytorch.initialise import Own, rule_names, settle_begins
from cnndsl.backends.pytorch.layer_lists import gathered
from cnndsl.backends.pytorch.path_conditions import path_conditions
from cnndsl.backends.pytorch.serve import followers, serving, used_by_training
from cnndsl.backends.pytorch.sorts import Sort, is_identity
from cnndsl.backends.pytorch.statements import is_chain, reads_input, results, run_definition
from cnndsl.backends.pytorch.statics import UNSAID, abstract, as_tuple
from cnndsl.backends.pytorch.values import (
    RECIPES,
    AnyTensors,
    BlockRecipe,
    KindRecipe,
    NeedsUnrolling,
    Ranks,
    Static,
    Tensor,
    TensorList,
    Untranslatable,
    grouped,
    own_ranks,
    plain_static,
)
from cnndsl.backends.pytorch.write import ForwardWriter, InitWriter, is_any
from cnndsl.ir import nodes
from cnndsl.ir.names import is_attribute, numbered, plain_label, why_not
from cnndsl.layers.formula import Shape, show
from cnndsl.symbolic.number import value_of

Key = tuple[str, Ranks]
Argument = tuple[str, str, Code | None]
"""An argument of a method: its name, annotation and default."""


@dataclass(eq=False)
class Unit:
    """A definition on inputs of certain ranks: a class."""

    key: Key
    definition: nodes.Definition
    ranks: Ranks
    name: str
    sorts: dict[str, Sort] = field(default_factory=dict)
    """Its parameters in the order of the text, but for values, and what they are given."""
    defaulted: set[str] = field(default_factory=set)
    """Parameters that some use leaves to their default."""
    told: set[str] = field(default_factory=set)
    """Parameters that some use gives something."""
    followed: set[str] = field(default_factory=set)
    """Parameters that some use leaves to a default that follows from others."""
    sizes: list[tuple[str, int]] = field(default_factory=list)
    """The sizes of its inputs that its constructor takes."""
    gives: set[tuple[int, int]] = field(default_factory=set)
    """Which sizes of what it gives it keeps: of which output, along which axis."""
    size_words: dict[tuple[str, int], tuple[str, Code | None]] = field(default_factory=dict)
    """What these are called, and their defaults."""
    is_part: bool = False
    """Whether it is a network that is a part of another."""
    is_stale: bool = True
    users: set[Key] = field(default_factory=set)
    """The classes whose translation has asked for this one, itself among them if it uses itself."""
    fixed: dict[str, Any] = field(default_factory=dict)
    """Parameters that are constants here, for they cannot be kept open."""
    text: ClassText | None = None

    def values(self) -> set[str]:
        """The names under which values come in, and lists of them."""
        return {word.partition(".")[0] for word, _ in self.ranks}

    def parameters(self) -> list[str]:
        """Its parameters that are open, in the order of the text, but for values."""
        return [word for word in self.sorts if word not in self.fixed]

    def is_held(self, word: str) -> bool:
        """Whether the constructor takes a parameter that is a constant here, as it follows from others if not given."""
        return word in self.fixed and word in self.told & self.followed

    def arguments(self) -> list[str]:
        """The parameters that its constructor takes."""
        return [word for word in self.sorts if word not in self.fixed or self.is_held(word)]

    def is_given(self) -> bool:
        """Whether each parameter was given something; a block that is an argument gets the rest where it is used."""
        return all(sort.kinds for sort in self.sorts.values())


@dataclass(eq=False)
class ClassText:
    """What is written of a class."""

    arguments: list[Argument]
    base: str
    init: list[str]
    forward: list[str]
    inputs: dict[str, str]
    """The arguments of `forward`, with their types."""
    returns: str
    needs: set[str] = field(default_factory=set)
    rules: list[tuple[str, str, Any]] = field(default_factory=list)
    """The rules of a network: kind, tensor, rule."""
    always: frozenset[str] = frozenset()
    """The parts that it registers whatever it is given."""
    ever: frozenset[str] | None = None
    """All parts that it may register; None where some have computed names."""
    lacking: dict[str, frozenset[str]] = field(default_factory=dict)
    """For parts that some arguments leave without a use, what the constructor asks before it refuses these."""
    own: list[Any] = field(default_factory=list)
    """Its layers with words of their own."""
    input_rank: int = 0
    serving: dict[str, Any] = field(default_factory=dict)
    """The attributes that say how it serves:

    `FOLDED` has the parts of which a normalisation follows a layer, and nothing else reads what that gives, `SUMMED`
    for sums of branches the parts of each branch, `OVERWRITES` the activations that only see what nobody else reads,
    and the parts that give it, `TAKEN_APART` the chains of which `forward` applies some layers by themselves, and
    `TRAINING` the parts that only training uses.
    """


class ClassTranslation:
    """Translates one definition."""

    def __init__(self, file: Any, unit: Unit, written_out: Iterable[int] = ()) -> None:
        self._file, self._unit = file, unit
        self._definition = unit.definition
        self._body = Body(file, is_silent=False)
        self._body.written_out.update(written_out)
        self._head: list[Any] = []
        """The lines that `__init__` begins with."""

    def countable(self) -> set[int]:
        """The loops that could be written out turn by turn, and are not yet."""
        return self._body.countable - self._body.written_out

    def text(self) -> ClassText:
        """The class. Raises Untranslatable, and NeedsUnrolling where a loop that is written out may help."""
        body, definition = self._body, self._definition
        body.kind, body.is_part = definition.kind, self._unit.is_part
        self._bind()
        is_sequence, found = is_chain(self._file, definition, len(self._unit.ranks)), self._file.nodes_of(definition)
        if not is_sequence and reads_input(found):
            body.flow = not_in("out", body.value_names | nodes.text_names(found))
            body.value_names.add(body.flow)
        run_definition(body, definition, len(self._unit.ranks))
        try:
            return self._sequence() if is_sequence else self._module()
        except Untranslatable as problem:
            problem.names |= body.opened
            raise

    def _bind(self) -> None:
        body, unit = self._body, self._unit
        body.taken |= RESERVED | {other.name for other in self._file.units.values()}
        body.taken |= {self._file.constant_names[key] for key in self._constants()}
        body.given_names |= unit.sorts.keys()
        body.taken |= body.given_names
        incoming: list[tuple[str, Tensor]] = []
        for word, rank in unit.ranks:
            sizes = (body.size_of_input(word, axis, rank, _SAMPLES[axis])[1] for axis in range(rank))
            incoming.append((word, Tensor(name(""), tuple(sizes))))
        values = grouped(incoming)
        body.value_names |= values.keys() - {"input"}  # before values of lists get names, which are others
        for word, value in values.items():
            given = self._given(word, value)
            if word == "input":
                body.entry = body.it = given
            else:
                body.scope.names[word] = given
        for word, sort in unit.sorts.items():
            symbol = body.symbols.new_version(word)
            if not sort.kinds:
                continue
            if word in unit.fixed:
                body.scope.names[word] = static_for(unit.fixed[word])
                if unit.is_held(word):
                    self._follow(word, sort)
                    self._hold(word, Static(None, name(word)))
                elif word in self._file.following(unit) and word not in unit.told:
                    self._hold(word, self._default(word))
                continue
            given = abstract(body, sort, name(word), symbol)
            if word in self._file.following(unit):
                self._follow(word, sort)
            if (
                word == "x"
                and word in nodes.text_names(self._file.nodes_of(self._definition))
                and isinstance(given, Static)
            ):
                body.bind_static(word, given)  # `forward` may have to go on with it, and has an `x` of its own
                continue
            body.scope.variables[word] = word
            body.scope.names[word] = given

    def _constants(self) -> set[str]:
        """The keys of the constants of files that the definition speaks of."""
        said = nodes.by_class(self._definition.parameters), self._file.nodes_of(self._definition)
        return {each.key for found in said for each in found[nodes.Ref] if each.of == "constant"}

    def _follow(self, word: str, sort: Sort) -> None:
        """Work out the default of a parameter, which follows from others, where it is given nothing."""
        code = argument_for(self._body, self._default(word), sort)
        self._head.append(If(negated(is_not_none(name(word))), [Assign(word, code)], []))

    def _default(self, word: str) -> Any:
        """What the default of a parameter is worth, which follows from others."""
        parameter = next(each for each in self._definition.parameters if each.name == word)
        with self._body.having(list_variables=frozenset(self._body.taken)):  # it is there in some cases only
            return self._file.evaluate(self._body, parameter.default)

    def _hold(self, word: str, value: Any) -> None:
        """Refuse arguments from which another value follows than the class is written for."""
        held = self._body.scope.names[word]
        if not isinstance(value, Static) or flat(value.code) == flat(held.code):
            return
        test = negated(value.code) if held.value is True else ast.Compare(value.code, [ast.NotEq()], [held.code])
        message = f"{self._unit.name} is written for {word}={flat(held.code)}, and these arguments make it another"
        self._head.append(refusal(value.code if held.value is False else test, message))

    def _given(self, word: str, value: Tensor | TensorList) -> Tensor | TensorList:
        """A value that comes in, in its variable; those of a list in variables of their own."""
        body = self._body
        variable = body.input_name(word)
        if isinstance(value, Tensor):
            made: Tensor | TensorList = value.moved(name(variable))
        else:
            variable += "s" if word == "input" else ""
            stem = "x" if word == "input" else word
            names = tuple(body.temporary(numbered(stem, at)) for at in range(len(value.items)))
            body.lines.append(Compute(names, name(variable), type="tuple"))
            made = TensorList(tuple(item.moved(name(each)) for item, each in zip(value.items, names, strict=True)))
        body.inputs.append((variable, made))
        return made

    def _keep(self, shapes: Sequence[Shape]) -> list[Any]:
        """The lines that keep the sizes of what comes out."""
        lines = []
        # A type checker cannot tell what it is if it follows from the same attribute of a part.
        is_part_of_itself = any(part.type == self._unit.name for part in self._body.parts.values())
        for at, axis in sorted(self._unit.gives):
            if at >= len(shapes) or axis >= len(shapes[at]):
                continue  # it was asked for while other arguments were open, for which something else comes out
            target = attribute("self", kept_name(at, axis, len(shapes[at])))
            code = self._body.symbols.size_code(shapes[at][axis])
            lines.append(Effect(target, code, type="int" if is_part_of_itself else ""))
        return lines

    def _sequence(self) -> ClassText:
        body = self._body
        chain = body.chain
        assert chain is not None  # noqa: S101 - a sequence is one
        keep = self._keep([body.it.shape])
        lines = [*self._head, Register(Part(-1, "super"), chain), *keep]
        kept, _, sizes = self._constructed(InitSlice({-1}, {}, {}), lines)
        writer = InitWriter(body.free, kept)
        written: list[str] = []
        for line in kept:
            if isinstance(line, Register):
                assert isinstance(line.value, Chain)  # noqa: S101 - as it was put in
                written += self._super(writer, line.value)
            else:
                written += writer.lines([line], _INDENT)
        return self._made("nn.Sequential", written, [], {}, "", sizes)

    def _constructed(self, init: InitSlice, lines: list[Any]) -> tuple[list[Any], list[Own], list[tuple[str, int]]]:
        """The lines of `__init__`, the layers in them with words of their own, and the sizes that it is told."""
        live = self._rule_names()
        kept = put_inside(_without_repeats(gathered(init.slice(refuse_repeated(lines), live)), {}))
        if init.lost:
            raise NeedsUnrolling("a number of the turns of a loop is read behind it")
        arguments = self._body.given_names | {*self._body.input_sizes}
        kept = refuse_unassigned(kept, arguments, live & variables_of(lines) if live else ())
        if init.parts:
            self._check_order(kept)
        kind, helpers = self._definition.kind, self._file.helpers
        own = settle_begins(kept, is_network=kind == "network" and not self._unit.is_part, helpers=helpers)
        if self._body.rules and kind != "network":
            helpers.add("begun")
        self._file.asked(init.sizes)
        return kept, own, self._live_sizes(live)

    def _rule_names(self) -> set[str]:
        """The variables of which the rules for how layers begin speak. They are read where all layers are there."""
        body = self._body
        found: set[str] = set()
        for (*_, rule), versions in zip(body.rules, body.rule_versions, strict=True):
            for each in rule_names(rule):
                if body.symbols.current.get(each) != versions.get(each):
                    reason = f"{each} is given something else after it says how layers begin"
                    raise Untranslatable(reason, self._definition.span, "give the second one a name of its own")
                found.add(each)
        return found

    def _super(self, writer: InitWriter, chain: Chain) -> list[str]:
        inline = writer.inline(chain)
        if inline is not None:
            before, items = inline
            made = writer.lines(before, _INDENT)
            if any(label is not None for label, _ in items):
                made.append(f"{_INDENT}super().__init__()")
                for at, (label, value) in enumerate(items):
                    made += [f"{_INDENT}{line}" for line in getattr(value, "above", [])]
                    key = label or constant(str(at))
                    match key:
                        case ast.Constant(value=str() as text) if is_attribute(text):
                            made += laid_out(value, _INDENT, f"self.{text} = ")
                        case _:
                            made += laid_out(call("self.add_module", key, value), _INDENT)
                return made
            return [*made, *_tall_super([value for _, value in items])]
        before_lines, variable = writer.listed(chain, _INDENT, "parts" if "layers" in self._body.taken else "layers")
        star = variable if chain.is_labelled else f"*{variable}"
        return [*before_lines, f"{_INDENT}super().__init__({star})"]

    def _wrapped(self, lines: list[Any]) -> list[Any]:
        """The lines with declared parts where they are declared, under the conditions on which they are there."""
        made = [self._body.fills.get(id(line), line) for line in lines]
        for line in made:
            for block in line.blocks():
                block[:] = self._wrapped(block)
        return made

    def _module(self) -> ClassText:
        body = self._body
        outputs = results(body)
        if not all(isinstance(output.value, Tensor | AnyTensors) for output in outputs):
            raise Untranslatable("an output is no single value")
        lines = [*self._head, *self._wrapped(body.lines), *_given_out(body, outputs)]
        settle_training(lines)
        inputs = {each: "Tensor" if isinstance(value, Tensor) else LIST for each, value in body.inputs}
        paths = path_conditions(lines, inputs)
        declared = DeclaredLayers(paths, body.free)
        lines = refuse_missing(declared.placed(lines), paths.missing, body.free)
        serves = self._file.program.target == "inference"
        forward = trained = ForwardSlice()
        kept = trained.slice(lines, set())
        if serves:
            forward, kept = serving(lines, trained, body.parts)
        applied = forward.used
        left_out = used_by_training(forward, trained, body.parts) if serves else []
        kept = _in_few(kept, forward, body)
        optional = optional_parts(lines)
        kept = with_tensors(kept, inputs, optional)
        branches = Branches(body, self._file, lines, kept, optional) if serves else None
        if branches is not None:
            kept = branches.added(kept)
        for numbers in (applied, forward.used):
            wholes = [body.parts[number].whole for number in numbers]
            numbers |= {whole.number for whole in wholes if whole is not None}
        flags = ask(body, kept, paths.conditions, declared.there, optional)
        if self._definition.kind == "network":
            self._show_sizes(kept)
        kept = assigned_before_read(kept, inputs)
        if forward.stores:
            _check_kept(lines, forward.stores, set(), set())
        stored = set().union(*forward.stores.values())
        shapes = [output.value.shape for output in outputs if not output.training]
        keep = self._keep(shapes)
        taken = {body.parts[number].name for number in forward.used} | {line.target.attr for line in keep}
        attributes = {each: not_in(f"{each}_", taken | stored) if each in taken else each for each in stored}
        shown = ForwardWriter(body.parts, inputs, optional, applied, attributes)
        forward_lines = shown.whole(kept, _INDENT)
        spoken = set(words_in("\n".join(forward_lines))) if stored else set()
        stores = {
            key: {(attributes[each], each) for each in found if attributes[each] in spoken}
            for key, found in forward.stores.items()
        }
        init = InitSlice(forward.used, _kept_once(lines, stores), flags, body.list_registers, forward.registers)
        init.sizes |= forward.sizes
        kept_init, own, sizes = self._constructed(init, [*lines, *keep])
        writer = InitWriter(body.free, kept_init)
        written = [f"{_INDENT}super().__init__()", *writer.lines(kept_init, _INDENT)]
        returns = " | ".join(sorted(shown.returns, key=len))
        made = self._made("nn.Module", written, forward_lines, inputs, returns, sizes)
        made.own, made.lacking = own, declared.lacking
        made.always, made.ever = _attributes(kept_init)
        if branches is not None:
            folded, overwrites = followers(kept, body.parts, lines, body.taken_apart)
            apart = [body.parts[number].name for number in body.taken_apart if number in forward.used]
            said: dict[str, list[Any]] = {
                "FOLDED": folded,
                "SUMMED": branches.found,
                "OVERWRITES": overwrites,
                "TAKEN_APART": apart,
                "TRAINING": left_out,
            }
            made.serving = {word: tuple(parts) for word, parts in said.items() if parts}
        first = body.inputs[0][1] if body.inputs else None
        made.input_rank = len(first.shape) if isinstance(first, Tensor) else 0
        return made

    def _check_order(self, lines: list[Any]) -> None:
        """Refuse a part that is declared before the part whose size it follows from."""
        there: set[int] = set()
        for line in walk(lines):
            for number in parts_read(line) - there:
                raise Untranslatable(
                    f"a part is declared before {self._body.parts[number].name}, whose size it follows from",
                    self._definition.span,
                    "declare it where it is first applied",
                )
            if isinstance(line, Register):
                there.add(line.part.number)

    def _show_sizes(self, lines: list[Any]) -> None:
        """Note the sizes of values that are numbers, or parameters of the network that are given nothing else."""
        words = self._unit.sorts.keys() - variables_of(self._body.lines)
        for line in walk(lines):
            if isinstance(line, Compute) and line.shape is not None and not isinstance(line.code, ast.Name):
                with suppress(Untranslatable):  # for what a variable had that is given something else
                    dims = list(map(self._body.symbols.size_code, line.shape))
                    if all(isinstance(dim, ast.Constant) or flat(dim) in words for dim in dims):
                        line.note = show(map(flat, dims))

    def _live_sizes(self, live: set[str]) -> list[tuple[str, int]]:
        names = {written: place for written, place in self._body.input_sizes.items() if written in live}
        strange = [each for each in live if "·" in each]
        if strange:
            raise Untranslatable(
                "a size that a class needs is not known before it is built",
                self._definition.span,
                "give the block the number as a parameter",
                frozenset().union(*(self._file.causes.get(each, ()) for each in strange)),
            )
        order = {word: at for at, (word, _) in enumerate(self._unit.ranks)}
        sizes = sorted(names.values(), key=lambda place: (order.get(place[0], 0), place[1]))
        self._unit.size_words = {place: (word, self._body.input_defaults.get(word)) for word, place in names.items()}
        self._file.changed(self._unit, sizes)
        return sizes

    def _made(
        self,
        base: str,
        init: list[str],
        forward: list[str],
        inputs: dict[str, str],
        returns: str,
        sizes: list[tuple[str, int]],
    ) -> ClassText:
        unit = self._unit
        told: list[Argument] = [(word, "int", default) for word, default in map(unit.size_words.__getitem__, sizes)]
        arguments = [] if unit.is_part else told
        settings = self._file.settings_of(unit)
        follows = self._file.following(unit)
        for parameter in self._definition.parameters:
            word = parameter.name
            if word not in unit.arguments():
                continue
            sort = unit.sorts[word]
            default: Code | None = None
            if word in follows:
                default = constant(None)
            elif word in settings:
                default = settings[word].code
            elif parameter.default is not None:
                value = self._file.default(self._definition, parameter)
                default = argument_for(self._body, value, sort)
                if isinstance(value, Static) and isinstance(plain := value_of(value.value), (int, float, str)):
                    sort = replace(sort, kinds=sort.kinds | {type(plain).__name__})
                if isinstance(default, ast.Call) and flat(default.func) == "partial":
                    default = name(self._file.default_constant(unit, word, default))
            arguments.append((word, f"{annotation(sort, self._file)}{' | None' if word in follows else ''}", default))
        arguments += told if unit.is_part else []
        arguments.sort(key=lambda argument: argument[2] is not None)
        text = "\n".join([*init, *forward, *(f"{t} {flat(d) if d is not None else ''}" for _, t, d in arguments)])
        return ClassText(arguments, base, init, forward, inputs, returns, set(words_in(text)), self._body.rules)


_INDENT = " " * 8
_Stores = set[tuple[str, str]]
"""Attributes, and the variables of `__init__` that they keep."""
_TENSORS = ("nn.Parameter", "nn.Buffer")
_ONE = ("Tensor", "tuple")
"""The types of lines that give each of their variables one value."""
_SAMPLES = (60, 48, 36, 24, 12, 6, 4, 2)

RESERVED = BUILTINS.union(
    ["super", "partial", "Callable", "Sequence", "Mapping", "OrderedDict", "Any", "TypeVar", "Tensor",
     "tuple", "bool", "with_weights", "begun", "of_features", "channels_after", "isinstance", "module"]
)  # fmt: skip
"""Names that a class needs itself."""


def annotation(sort: Sort, file: Any, within_list: bool = False) -> str:
    """The type of a parameter, or of an item of a list that is one."""
    kinds = sort.kinds
    if "layer" in kinds:
        return _layer_annotation(sort, file)
    names = sorted(kinds - {"list"})
    if "list" in kinds:
        if sort.item is None or not sort.item.kinds:
            names.append("Sequence[int]")
        elif sort.item.is_extent:
            sampled = sort.sample if kinds == {"list"} else None  # where it is a number too, that may be the sample
            count = len(sort.columns) if sort.columns else sampled or 2
            names.append(f"tuple[{', '.join([annotation(sort.item, file)] * count)}]")
        else:
            names.append(f"Sequence[{'Any' if _is_row(sort, within_list) else annotation(sort.item, file, True)}]")
    if "float" in names and "int" in names:
        names.remove("int")
    if not names:
        return "int"
    return " | ".join(names)


def _is_row(sort: Sort, within_list: bool) -> bool:
    """Whether each place of a list has a type of its own: then mypy knows no type for all of them."""
    kinds = sort.of_items.kinds
    if len(kinds) < 2 or kinds <= {"int", "bool"}:
        return False
    if kinds <= {"int", "float"}:  # [0, 0.1] are numbers of one kind, and the rows [[2, 0.1], [3, 0.2]] are not
        return within_list and any(column.kinds == {"int"} for column in sort.columns or ())
    return kinds != {"int", "list"} or sort.of_items.item is None or not sort.of_items.item.is_extent


def _layer_annotation(sort: Sort, file: Any) -> str:
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


def _type_of(choice: Any, sort: Sort, file: Any) -> str:
    inputs = sort.needs.inputs
    if isinstance(choice, BlockRecipe):
        return str(file.unit(choice.definition, own_ranks(choice, inputs)).name)
    if isinstance(choice, KindRecipe) and choice.kind.kind in ("conv", "conv_transpose", "linear"):
        return f"nn.{choice.kind.module_name(inputs[0][1] - 1)}"
    return "nn.Module"


def _tall_super(layers: Sequence[Code]) -> list[str]:
    """The call that gives an `nn.Sequential` its layers: each on lines of its own, unless there is only a short one."""
    on_one_line = laid_out(call("super().__init__", *layers), _INDENT)
    if len(layers) <= 1 and len(on_one_line) == 1:
        return on_one_line
    rows = [row for layer in layers for row in argument_lines(layer, _INDENT + "    ")]
    return [f"{_INDENT}super().__init__(", *rows, f"{_INDENT})"]


def _check_kept(lines: Iterable[Any], stores: Mapping[int, set[str]], kept: set[str], changed: set[str]) -> None:
    """Refuse a variable that is kept for `forward`, changed, and kept once more: there is one attribute for it.

    `kept` are the variables that are kept already, of which `changed` have another value by now; both are added to.
    """
    for line in lines:
        wanted = stores.get(id(line), set())
        if twice := wanted & changed:
            word = min(twice)
            reason = f"{word} has one value for a loop or a condition, and another one for a later one"
            raise Untranslatable(reason, helps=f"give the second {word} a name of its own")
        kept |= wanted
        ways = [(set(kept), set(changed)) for _ in line.blocks()]
        for block, (own, other) in zip(line.blocks(), ways, strict=True):
            _check_kept(block, stores, own, other)
        kept.update(*(own for own, _ in ways))
        changed.update(*(other for _, other in ways))
        if isinstance(line, Assign) and line.name in kept:
            changed.add(line.name)


def _kept_once(lines: Sequence[Any], stores: Mapping[int, _Stores]) -> dict[int, _Stores]:
    """What lines keep for `forward`: what has one value is kept once, before the conditions around."""
    if not stores:
        return {}
    given = Counter(line.name for line in walk(lines) if isinstance(line, Assign))
    once = {line.name for line in lines if isinstance(line, Assign) and given[line.name] == 1}
    changed = {*given, *(word for line in walk(lines) if isinstance(line, For) for word in names_stored(line.target))}
    made: dict[int, _Stores] = {}
    done: _Stores = set()
    for line in lines:
        for each in walk([line]):
            if found := stores.get(id(each)):
                settled = {pair for pair in found if pair[1] in once or pair[1] not in changed}
                made.setdefault(id(line), set()).update(settled - done)
                made.setdefault(id(each), set()).update(found - settled)
                done |= settled
    return made


def _in_few(lines: list[Any], forward: ForwardSlice, body: Body) -> list[Any]:
    """The lines of `forward` with few variables: one takes the place of another that holds nothing while it is read.

    So `x` is what flows on, and what the text has no name for is called as what was called so before.
    """
    beside = forward.beside
    targets = {each for line in walk(lines) if isinstance(line, For) for each in names_stored(line.target)}
    lists = {each for line in walk(lines) if isinstance(line, Compute) and line.type not in _ONE for each in line.names}
    given = {FLOW + each for each in body.text_names} | {variable for variable, _ in body.inputs}
    names: dict[str, str] = {}

    def moved(held: str, home: str) -> bool:
        if held == home or home in beside[held] or held in beside.get(home, ()):
            return held == home
        names[held] = home
        beside.setdefault(home, set()).update(beside.pop(held))
        for others in beside.values():
            if held in others:
                others.remove(held)
                others.add(home)
        return True

    for held in (FLOW + "x_", FLOW + body.flow):
        if held in beside and held not in targets:  # an argument is not gone through with
            moved(held, FLOW + "x")
    # A type checker wants another variable for a value than for a number of a loop.
    for held in sorted(FLOW + each for each in assigned(lines) | targets if FLOW + each in beside):
        moved(held, free_name(held, given, beside))
    homes: dict[str, list[str]] = {}
    for held, wanted in body.wanted.items():
        if held in beside and held not in lists:
            known = homes.setdefault(wanted, [])
            if not any(moved(held, home) for home in known):
                free = free_name(FLOW + wanted, given, beside)
                known.append(min(held, free, key=lambda each: (len(each), each)))
                moved(held, known[-1])
    rename(lines, names)
    return _without_own(lines)


def _without_own(lines: Iterable[Any]) -> list[Any]:
    """The lines of `forward` without those that give a variable itself."""
    made: list[Any] = []
    for line in lines:
        blocks = line.blocks()
        for block in blocks:
            block[:] = _without_own(block)
        is_own = isinstance(line, Compute) and isinstance(line.code, ast.Name) and (line.code.id,) == line.names
        if not is_own and (not blocks or any(blocks)):
            made.append(line)
    return made


def _given_out(body: Body, outputs: Sequence[Output]) -> list[Any]:
    """The last lines of `forward`, which give out values that are worked out once, in the order of the text."""
    made: list[Any] = []
    always: list[tuple[str | None, Code]] = []
    training: list[tuple[str | None, Code]] = []
    known: dict[str, Code] = {}
    has_line = [not isinstance(each.value.code, ast.Name) and not _is_plain(each.value.code) for each in outputs]
    for at, output in enumerate(outputs):
        code = output.value.code
        if isinstance(output.value, AnyTensors):
            items = gone_through(code)
            code = as_tuple(items) if isinstance(items, ast.ListComp) else call("tuple", items)
        elif not isinstance(code, ast.Name):
            text = flat(code)
            if text not in known:
                variable = FLOW + body.flow if len(outputs) == 1 else _output_variable(body, output.name)
                # What calls something is not overtaken by an output behind it that has a line.
                calls = any(isinstance(node, ast.Call) for node in walk_code(code))
                if has_line[at] or (calls and any(has_line[at:])):
                    made.append(Compute((variable,), code, shape=output.value.shape))
                    known[text] = name(variable)
                else:
                    known[text] = code
            code = known[text]
        (training if output.training else always).append((output.name, code))
    return [*made, Return(tuple(always), tuple(training))]


def _attributes(lines: Sequence[Any]) -> tuple[frozenset[str], frozenset[str] | None]:
    """The parts that lines of `__init__` always register, and all that they may; None where some names are computed."""
    always = frozenset(
        plain_label(line.part.name)
        for line in lines
        if isinstance(line, Register) and line.part.is_attribute and line.part.type not in _TENSORS
    )
    parts = [line.part for line in walk(lines) if isinstance(line, (Register, Declare))]
    is_known = all(part.label is None for part in parts)
    return always, frozenset(plain_label(part.name) for part in parts) if is_known else None


def _output_variable(body: Body, word: str | None) -> str:
    """The variable for an output: called as it is, if it may be."""
    return body.temporary(word if word and why_not(word) is None else "out")


def _without_repeats(lines: list[Any], known: dict[str, Code]) -> list[Any]:
    """The lines of `__init__`, without those that keep again what is kept already, or refuse again what is refused.

    `known` is what is kept, by name, and the test of what is refused, by the message.
    """
    made = []
    for line in lines:
        match line:
            case Effect(target=ast.Attribute(attr=word)) if line.code is not None:
                if word in known and flat(known[word]) == flat(line.code):
                    continue
                known[word] = line.code
            case If(yes=[Raise(message=word)]) if not line.no:
                if word in known and flat(known[word]) == flat(line.test):
                    continue
                known[word] = line.test
            case If():
                line.yes, line.no = (_without_repeats(side, dict(known)) for side in (line.yes, line.no))
            case For():
                line.lines = _without_repeats(line.lines, {})
        if known:
            changed = assigned([line])
            kept = {each.target.attr for each in walk([line]) if isinstance(each, Effect) and each is not line}  # type: ignore[attr-defined]
            if kept or changed:
                known = {w: code for w, code in known.items() if w not in kept and not names_in(code) & changed}
        made.append(line)
    return made


def _is_plain(code: Code) -> bool:
    """Whether an expression may be returned as it is: mypy knows its type."""
    return not is_any(code) and isinstance(code, (ast.Call, ast.BinOp, ast.Subscript))


def static_for(value: Any) -> Any:
    """A plain value as a static; a layer is what it is."""
    if isinstance(value, RECIPES):
        return value
    if isinstance(value, (list, tuple)):
        items = [static_for(item) for item in value]
        holds_layers = any(isinstance(item, RECIPES) for item in items)
        return Static(items, name(UNSAID) if holds_layers else constant(list(value)))
    return plain_static(value)
