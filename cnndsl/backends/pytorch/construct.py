"""How layers are constructed: recipes become the Python of `__init__`, as calls, callables and chains."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, dropwhile
from typing import Any

from cnndsl.backends.pytorch.body import Body
from cnndsl.backends.pytorch.code import (
    Code,
    attribute,
    axis_word,
    call,
    constant,
    dotted,
    flat,
    has_turns,
    is_not_none,
    kept_name,
    list_of,
    name,
    names_in,
    sequential,
    size_argument,
    tuple_of,
    within_64_bits,
)
from cnndsl.backends.pytorch.flowgraph import FLOW, Append, Assign, Chain, For
from cnndsl.backends.pytorch.initialise import settle_begins
from cnndsl.backends.pytorch.joins import branch
from cnndsl.backends.pytorch.loops import run_loop
from cnndsl.backends.pytorch.operations import flattening, same_axes
from cnndsl.backends.pytorch.sorts import is_identity, recipe_key
from cnndsl.backends.pytorch.spelling import built, given_by, plain_shape, size_rule, spelled, with_numbers
from cnndsl.backends.pytorch.statics import UNSAID, as_tuple
from cnndsl.backends.pytorch.symbols import UNKNOWN
from cnndsl.backends.pytorch.values import (
    AnyList,
    BlockRecipe,
    BraceRecipe,
    ChainRecipe,
    ChoiceRecipe,
    CopiesRecipe,
    ExternRecipe,
    KindRecipe,
    Needs,
    NeedsFlatten,
    ParamRecipe,
    PartRecipe,
    Ranks,
    Rule,
    Scope,
    Static,
    Tensor,
    TensorList,
    Test,
    Untranslatable,
    is_flowing,
    one_by_one,
    own_name,
    own_ranks,
    with_arguments,
)
from cnndsl.ir import nodes
from cnndsl.layers.base import Group, Layer
from cnndsl.layers.formula import Shape, product
from cnndsl.symbolic.expr import Expr, Symbol
from cnndsl.symbolic.number import Traced, value_of


def make(body: Body, recipe: Any, value: Tensor) -> Made:
    """A layer for what comes in."""
    match recipe, value:
        case KindRecipe(), TensorList(items=(first, *others)):
            return _known_kind_layer(body, recipe, first, tuple(others))
        case KindRecipe(), _:
            return _known_kind_layer(body, recipe, value, ())
        case BlockRecipe(), _:
            return _block(body, recipe, value)
        case _, TensorList():
            raise Untranslatable("a layer that is no block of the text is applied to a list of values")
        case ExternRecipe(), _:
            return _extern(body, recipe, value)
        case ParamRecipe(), _:
            return _parameter(body, recipe, value)
        case PartRecipe(), _:
            raise Untranslatable("a part of the body around it")
        case Static(), _:  # a list of layers, beside something that is none
            reason = "whether there is a list of layers depends on a parameter"
            raise Untranslatable(reason, helps="declare it under the condition: if ... { name = [...] }")
        case _ if is_flowing(recipe):
            raise Untranslatable("what is applied is a value, and no layer")
        case _:
            return _chain_layer(body, recipe, value)


def made_for(body: Body, recipe: Any, value: Tensor) -> tuple[Made, Tensor]:
    """A layer for what comes in, and that, which is made a list of features where the layer takes these."""
    made, given = flattening(body, value, partial(make, body, recipe))
    return made if given is value else _of_features(body, recipe, made, given.shape), given


def _of_features(body: Body, recipe: Any, made: Made, features: Shape) -> Made:
    """A layer that takes a map as the list of its features; of a chain that begins with another layer for some
    arguments, or is empty then, these are refused.
    """
    inner = made.value
    if not isinstance(inner, Chain) and not isinstance(recipe, BlockRecipe):
        return made
    lines = inner.lines if isinstance(inner, Chain) else body.file.chain_lines(recipe, features)
    if _beginning(body, lines) == (True, True):
        return made
    if isinstance(inner, Chain):
        return replace(made, value=replace(inner, of_features=True))
    return replace(made, value=call("of_features", inner))


def _beginning(body: Body, lines: Iterable[Any], around: Sequence[Any] = ()) -> tuple[bool, bool]:
    """Whether the first layer of a chain takes a list of features whatever the arguments, and whether it has one."""
    is_dense, is_filled = True, False
    for line in lines:
        if is_filled:
            break
        match line:
            case Append(layer=(KindRecipe() as recipe, _)):
                is_dense, is_filled = is_dense and recipe.kind.group is Group.DENSE, True
            case Append(layer=(BlockRecipe() as recipe, shape)):
                if recipe.definition in around:  # it begins as is being found out
                    continue
                inner = body.file.chain_lines(recipe, shape)
                is_dense &= _beginning(body, inner, (*around, recipe.definition)) == (True, True)
                is_filled = True
            case Append():
                return False, True
            case _:
                ways = [_beginning(body, block, around) for block in line.blocks()]
                is_dense &= all(dense for dense, _ in ways)
                is_filled = bool(ways) and all(filled for _, filled in ways)
                is_filled &= not isinstance(line, For) or has_turns(line.source)
    return is_dense, is_filled


def _known_kind_layer(body: Body, recipe: KindRecipe, value: Tensor, others: tuple[Tensor, ...]) -> Made:
    """A layer of the language; one of plain numbers on a plain size is worked out once."""
    is_plain = not (others or recipe.begins or recipe.numbers or body.chain) and all(
        type(dim) is int for dim in value.shape
    )
    fields = tuple((word, _plain(static)) for word, static in recipe.fields.items()) if is_plain else ()
    if not is_plain or any(plain is None for _, plain in fields):
        return _kind_layer(body, recipe, value, others)
    key = (recipe.kind, fields, value.shape)
    known: dict[Any, Made] = body.file.plain_layers
    if key not in known:
        known[key] = _kind_layer(body, recipe, value, others)
    return known[key]


def _plain(static: Static) -> Any:
    """What tells constants that are written as such apart; None for anything else."""
    if isinstance(static.code, ast.Constant):
        return type(static.value), static.value
    if isinstance(static.code, ast.List) and isinstance(static.value, list):
        items = [_plain(item) if isinstance(item, Static) else None for item in static.value]
        return None if None in items else tuple(items)
    return None


def _kind_layer(body: Body, recipe: KindRecipe, value: Tensor, others: tuple[Tensor, ...]) -> Made:
    layer = built(body, recipe, len(value.shape) - 1).beside(tuple(each.shape for each in others))
    if layer.flattens(value.shape):
        raise NeedsFlatten
    if layer.group is Group.DENSE and len(value.shape) > 1:
        body.file.has_dense_places = True
    shape = size_rule(body, layer, value.shape)
    spelling = layer.torch(value.shape)
    code = spelled(body, spelling, given=given_by(recipe))
    if recipe.numbers:
        code = with_numbers(body, code, recipe)
    begins = tuple(recipe.begins.items())
    target = "nn.Module" if spelling.around else spelling.target
    if layer.calling and body.chain is not None and isinstance(code, ast.Call):
        code.func = _chained(recipe.kind)
        code.keywords = [keyword for keyword in code.keywords if keyword.arg != "batch_first"]
    return Made(code, (plain_shape(body, shape),), target, extra=others, begins=begins, calling=layer.calling)


def _chained(kind: type[Layer]) -> Code:
    """The class that stands in a chain for a layer that is not called plainly."""
    return name(f"Chained{kind.module}")


def _extern(body: Body, recipe: ExternRecipe, value: Tensor) -> Made:
    layer, shapes = body.file.extern_layer(recipe, value.shape, body)
    code = spelled(body, layer.torch(value.shape))
    calling = "{module}({x})[0]" if layer.several and len(shapes) == 1 else ""
    return Made(code, tuple(plain_shape(body, shape) for shape in shapes), "nn.Module", calling=calling)


def _block(body: Body, recipe: BlockRecipe, value: Tensor | TensorList) -> Made:
    definition = recipe.definition
    extra = tuple((word, item) for word, item in recipe.arguments.items() if is_flowing(item))
    inputs = one_by_one([("input", value), *extra])
    given = {word: item for word, item in recipe.arguments.items() if not is_flowing(item)}
    outputs = body.file.outputs(definition, given, inputs)
    unit = body.file.unit(definition, tuple((word, len(tensor.shape)) for word, tensor in inputs))
    body.note(unit, given)
    held = {word: tensor.shape for word, tensor in inputs}
    told = tuple(product(held[word]) if axis < 0 else held[word][axis] for word, axis in unit.sizes)
    sizes = [*map(body.symbols.size_code, told)]
    start, left = _started(body, recipe, unit)
    code = call(start, *([] if unit.is_part else sizes))
    passed = {word: given[word] for word in left if word in given}
    if unit.is_part:  # what `--set` says is for the network alone
        set_ = body.file.settings_of(unit).keys() - given.keys()
        known = body.file.arguments(definition, given) if set_ else {}
        passed |= {p.name: known[p.name] for p in definition.parameters if p.name in set_}
    _add_arguments(body, code, unit, passed, recipe.positional)
    for place, size in zip(unit.sizes, sizes, strict=True) if unit.is_part else ():
        word, default = unit.size_words[place]
        if default is None or flat(default) != flat(size):
            code.keywords.append(ast.keyword(word, size))
    names = tuple(output[0] for output in outputs if output[0] is not None)
    shapes = tuple(shape for _, shape in outputs)
    units = frozenset([unit.key])
    return Made(code, shapes, unit.name, tuple(item for _, item in extra), names, units, word="block", sizes=told)


def _add_arguments(body: Body, code: ast.Call, unit: Any, given: dict[str, Any], positional: int) -> None:
    sizes, leading = len(code.args), body.file.leading(unit)
    for at, parameter in enumerate(unit.arguments()):
        if parameter not in given:
            continue
        argument = argument_for(body, given[parameter], unit.sorts[parameter])
        if at < min(positional, len(leading)) and at == len(code.args) - sizes:  # none before it is left out
            code.args.append(argument)
        else:
            code.keywords.append(ast.keyword(parameter, argument))


def _started(body: Body, recipe: BlockRecipe, unit: Any) -> tuple[Code, dict[str, Any]]:
    """What constructs a block, its class or a constant of the module, and the arguments that this still takes."""
    named = recipe if recipe.constant else recipe.base
    if named is None or body.file.has_twin(unit):
        return name(unit.name), recipe.arguments
    start, more = _started(body, replace(named, constant=""), unit)
    codes = {word: argument_for(body, item, unit.sorts[word]) for word, item in more.items()}
    body.file.layer_constants[named.constant] = call("partial", start, **codes) if codes else start
    held = named.arguments
    return name(named.constant), {w: item for w, item in recipe.arguments.items() if held.get(w) is not item}


def argument_for(body: Body, value: Any, sort: Any) -> Code:
    """What a parameter is given: a constant, or a layer."""
    return static_argument(body, value, sort) if isinstance(value, Static) else callable_for(body, value, sort)


def static_argument(body: Body, static: Static, sort: Any) -> Code:
    """A constant as an argument; lists of layers one by one, sizes of several axes as a tuple."""
    if isinstance(static.value, AnyList) and sort.item is not None:
        _note_extents(body, static.value, sort)
        if sort.item.is_extent:
            return as_tuple(static.code)
    if isinstance(static.value, list) and (sort.has_extents() or UNSAID in names_in(static.code)):
        whole = sort.of_items  # of which nothing is known while only sizes are asked
        sorts = sort.columns if len(whole.kinds) > 1 and sort.columns else [whole] * len(static.value)
        items = [argument_for(body, item, each) for item, each in zip(static.value, sorts, strict=True)]
        return tuple_of(items) if whole.is_extent else list_of(items)
    return within_64_bits(static.value, static.code) if "float" in sort.kinds else static.code


def _note_extents(body: Body, value: AnyList, sort: Any) -> None:
    held, wanted = value.item, sort.item
    while wanted is not None and held is not None:
        if wanted.is_extent:
            body.file.ask_for_tuples(held)
        held, wanted = held.item, wanted.item


def _with_kept(body: Body, made: Made, base: Code, axes: set[int] | None) -> Made:
    """The sizes that a block keeps, or a convolution, which keeps its channels."""
    kept: dict[Expr, Traced] = {}

    def known(dim: Any, at: int, axis: int, rank: int) -> Any:
        if not isinstance(dim, Traced) or not body.symbols.is_unknown(dim) or (axes is not None and axis not in axes):
            return dim
        if dim.expr not in kept:
            code = attribute(base, kept_name(at, axis, rank))
            code.kept = (made.units, (at, axis))  # type: ignore[attr-defined]
            kept[dim.expr] = body.symbols.fresh(dim.value, code)
        return kept[dim.expr]

    shapes = [
        tuple(known(dim, at, axis, len(shape)) for axis, dim in enumerate(shape))
        for at, shape in enumerate(made.shapes)
    ]
    return replace(made, shapes=tuple(shapes))


def asks_sizes(body: Body, made: Made, recipe: Any) -> bool:
    """Whether a size of what a block gives, or a layer that is a parameter, is known only when it is there."""
    is_open = isinstance(recipe, (BlockRecipe, ParamRecipe))
    return is_open and any(isinstance(d, Traced) and body.symbols.is_unknown(d) for shape in made.shapes for d in shape)


def is_spliced(body: Body, recipe: ParamRecipe) -> bool:
    """Whether a parameter may be several layers in a row, which stand in a chain one by one."""
    if any(isinstance(c, (ChainRecipe, CopiesRecipe)) and not is_identity(c) for c in recipe.choices):
        _ask(body, recipe.needs, spliced=True)
    return recipe.needs.spliced


def _ask(body: Body, needs: Needs, other: Needs | None = None, **asked: Any) -> None:
    """Ask something of the layers that a parameter may be, or what is asked of other ones."""
    if needs.absorb(other or Needs(**asked)) and not needs.is_passing:
        body.file.stale()


def _parameter(body: Body, recipe: ParamRecipe, value: Tensor) -> Made:
    needs = recipe.needs
    choices = [choice for choice in recipe.choices if not is_identity(choice)]
    tried = [body.file.tried(choice, value.shape, body, recipe.arguments) for choice in choices]
    made = [each for each, _ in tried] or [Made(name(""), (value.shape,))]
    held = _incoming(recipe, value)
    places = [*held]
    _ask(body, needs, ranks={tuple((place, len(each.shape)) for place, each in held.items())})
    if len(needs.ranks) > 1 and any(map(_has_ranks, choices)):
        if len({tuple(place for place, _ in ranks) for ranks in needs.ranks}) > 1:
            reason = "a layer that is a parameter is given values in two ways"
            raise Untranslatable(reason, helps="give it the same ones everywhere, by name or without")
        raise Untranslatable("a layer that is a parameter is applied to values with different numbers of axes")
    _check_call(recipe, choices, needs.inputs)
    axes = {(places[at], axis) for _, asked in tried for at, axis in asked}
    units: frozenset[Any] = frozenset().union(*(each.units for each in made))
    words = [word for word, _ in recipe.arguments]
    _ask(body, needs, axes=axes, keywords={*words} - {None}, positional=words.count(None))
    for choice in choices:
        if isinstance(choice, BlockRecipe) and not body.is_silent:
            unit = body.file.unit(choice.definition, own_ranks(choice, needs.inputs))
            body.file.note(unit, with_arguments(choice, recipe.arguments).arguments)
    told = tuple(held[place].shape[axis] for place, axis in needs.sizes)
    code = call(recipe.code, *map(body.symbols.size_code, told))
    for word, argument in recipe.arguments:
        if is_flowing(argument):
            continue
        given = argument.code if isinstance(argument, Static) else _passed(body, recipe, argument)
        if word is None:
            code.args.append(given)
        else:
            kinds = (choice.kind for choice in choices if isinstance(choice, KindRecipe))
            names = next((kind.torch_names for kind in kinds), {})
            code.keywords.append(ast.keyword(names.get(word, word), given))
    if len({(each.names, *map(len, each.shapes)) for each in made}) > 1:
        raise Untranslatable("the layers that a parameter may be give values with different numbers of axes")
    shapes = []
    for first, *others in zip(*(each.shapes for each in made), strict=True):
        kept = same_axes(body, first, value.shape, *others)  # what a layer else makes of an axis, it says itself
        dims = (
            dim if axis in kept else body.symbols.fresh(value_of(dim), cause=names_in(recipe.code))
            for axis, dim in enumerate(first)
        )
        shapes.append(tuple(dims))
    extra = tuple(each for _, each in recipe.arguments if is_flowing(each))
    word = "block" if units else "layer"
    made_by = recipe.code.id if isinstance(recipe.code, ast.Name) else ""
    return Made(
        code, tuple(shapes), extra=extra, names=made[0].names, units=units, word=word, made_by=made_by, sizes=told
    )


def _incoming(recipe: ParamRecipe, value: Tensor) -> dict[str, Tensor]:
    """What comes into a layer that is a parameter, each as what is asked of such a layer calls it."""
    numbers = count()
    given = [(word or str(next(numbers)), argument) for word, argument in recipe.arguments]
    return dict(one_by_one([("input", value), *(pair for pair in given if is_flowing(pair[1]))]))


def _check_call(recipe: ParamRecipe, choices: Sequence[Any], inputs: Ranks) -> None:
    """Refuse arguments in another order than that in which a layer takes them, where Python needs this one."""
    words = [word for word, _ in recipe.arguments]
    for choice in choices:
        is_open = isinstance(choice, BlockRecipe | KindRecipe)
        if is_open and not {*choice.left[: words.count(None)]}.isdisjoint(words):
            reason = "a layer that is a parameter is given an argument by name, and then one before it without"
            raise Untranslatable(reason, helps="give both of them by name")
        if isinstance(choice, BlockRecipe):
            order = ["input", *choice.left]
            places = [order.index(word.partition(".")[0]) for word, _ in own_ranks(choice, inputs)]
            if places != sorted(places):
                reason = f"a block that is a parameter is given values in another order than {choice.definition.name}"
                raise Untranslatable(f"{reason} takes them", helps="give them in the order of its parameters")


def _passed(body: Body, recipe: ParamRecipe, argument: Any) -> Code:
    """A layer as an argument of a block that is a parameter."""
    for choice in recipe.choices:
        if isinstance(choice, BlockRecipe):
            unit = body.file.unit(choice.definition, own_ranks(choice, recipe.needs.inputs))
            given = with_arguments(choice, recipe.arguments).arguments
            return callable_for(body, argument, next(unit.sorts[word] for word in given if given[word] is argument))
    if isinstance(argument, Rule):
        reason = "a layer that is a parameter is told how its weights begin"
        raise Untranslatable(
            reason, helps="say it in the body for all layers of the kind, such as init conv: weight = zeros"
        )
    raise Untranslatable("a layer is given to a layer that is a parameter")


def splice_parameter(body: Body, recipe: ParamRecipe, value: Tensor) -> Tensor:
    """A parameter that is several layers in a row: a loop over them."""
    stages = {recipe_key(stage): stage for choice in recipe.choices for stage in flat_stages(choice, body)}
    if body.is_silent and len(recipe.choices) == 1:
        return body.file.apply_stage(body, recipe.choices[0], None, None, value)  # type: ignore[no-any-return]
    variable = body.spare("layer")
    single = ParamRecipe(name(variable), tuple(stages.values()), recipe.needs)

    def turn() -> None:
        body.it = append(body, single, body.it, None)

    with body.having(it=value):
        run_loop(body, (), recipe.code, lambda: (name(variable), None), turn)
        return body.it  # type: ignore[no-any-return]


def callable_for(body: Body, recipe: Any, sort: Any) -> Code:
    """A layer as an argument: a callable of the sizes that the parameter tells, or a list of such, or None."""
    needs = sort.needs
    if isinstance(recipe, ParamRecipe) and not recipe.arguments:
        _ask(body, recipe.needs, needs)  # as it may be among others in a list, which are called alike
        return recipe.code
    if needs.spliced:
        return list_of(_single_callable(body, stage, needs) for stage in flat_stages(recipe, body))
    if is_identity(recipe):
        return constant(None)
    if isinstance(recipe, ChoiceRecipe):
        sides = [constant(None) if side is None else callable_for(body, side, sort) for side in (recipe.yes, recipe.no)]
        return ast.IfExp(recipe.test.code, *sides)
    return _single_callable(body, recipe, needs)


def _single_callable(body: Body, recipe: Any, needs: Needs) -> Code:
    if not needs.ranks and not isinstance(recipe, KindRecipe):
        return dotted("nn.Identity")  # nobody applies it, or no block that does is translated yet
    if isinstance(recipe, BlockRecipe):
        return _block_callable(body, recipe, needs)
    rank = needs.inputs[0][1]
    words = {axis: axis_word(axis, rank) for _, axis in needs.sizes}
    shape = tuple(Traced(60, Expr.of(Symbol(words.get(axis, f"{UNKNOWN}·{axis}")))) for axis in range(rank))
    if isinstance(recipe, KindRecipe):
        kind = recipe.kind
        if not recipe.fields and kind.module and any(info.is_required() for info in kind.model_fields.values()):
            # Each call says the rest.
            return _chained(kind) if kind.calling else dotted(f"nn.{kind.module_name(rank - 1)}")
        if recipe.is_half_applied:
            return _kind_callable(body, recipe, needs, shape, words)
    try:
        made = body.file.scratch(recipe, shape, body)
    except NeedsFlatten:
        if not needs.ranks:
            return dotted("nn.Identity")
        reason = "a layer that takes a list of features is a parameter that is applied to a map"
        raise Untranslatable(reason, None, "write flatten before it") from None
    code = _with_begins(body, made)
    is_bare = isinstance(recipe, KindRecipe) and not (recipe.fields or recipe.begins or recipe.numbers)
    if is_bare and needs.calls and isinstance(code, ast.Call):
        return code.func
    if _is_untold(code) and (not needs.ranks or body.file.is_unsettled()):
        return dotted("nn.Identity")
    code = as_callable(code, list(words.values()))
    constant_name = recipe.constant if isinstance(recipe, KindRecipe) else ""
    if not constant_name or not isinstance(code, ast.Call):
        return code
    held = body.file.layer_constants.setdefault(constant_name, code)
    return name(constant_name) if flat(held) == flat(code) else code  # another rank has another class


def _with_begins(body: Body, made: Made) -> Code:
    """A layer that is an argument as an expression, with what it says of its weights."""
    line = Append(made.value, begins=made.begins)
    settle_begins([line], is_network=False, helpers=body.file.helpers)
    return inline_chain(line.value) if isinstance(line.value, Chain) else line.value


def _is_untold(code: Code) -> bool:
    """Whether a layer has a size that its parameter does not tell."""
    return any(each.startswith(f"{UNKNOWN}·") for each in names_in(code))


def _kind_callable(body: Body, recipe: KindRecipe, needs: Needs, shape: Shape, words: dict[int, str]) -> Code:
    """A layer kind with some of its arguments, as a callable of the sizes that a parameter tells and of the others."""
    kind = recipe.kind
    called = [word for at, word in enumerate(recipe.left) if at < needs.positional or word in needs.keywords]
    named = {word: kind.torch_names.get(word, word) for word in called}
    opened = {word: Static(body.symbols.number(name(named[word]), 1), name(named[word])) for word in called}
    whole = replace(recipe, fields=recipe.fields | opened)
    if whole.is_half_applied:
        return dotted("nn.Identity")  # nobody calls it, or no block that does is translated yet
    code = _with_begins(body, body.file.scratch(whole, shape, body))
    if _is_untold(code):
        return dotted("nn.Identity")  # nor is any that tells it its sizes
    sizes = list(words.values())
    required = [word for word, info in kind.model_fields.items() if info.is_required()]
    if (
        isinstance(code, ast.Call)
        and not (recipe.begins or recipe.numbers)
        and [flat(each) for each in code.args[: len(sizes)]] == sizes
        and required[: needs.positional] == called[: needs.positional]
        and not (needs.keywords & recipe.fields.keys())
    ):
        given = {
            kind.torch_names.get(word, word): each
            for word, each in zip(required, code.args[len(sizes) :], strict=True)
            if word in recipe.fields
        }
        given |= {str(each.arg): each.value for each in code.keywords if each.arg not in named.values()}
        return call("partial", code.func, **given)
    defaults = [constant(kind.model_fields[word].default) for word in called if word not in required]
    return lambda_of([*sizes, *named.values()], code, defaults)


def _block_callable(body: Body, recipe: BlockRecipe, needs: Needs) -> Code:
    ranks = own_ranks(recipe, needs.inputs)
    unit = body.file.unit(recipe.definition, ranks)
    body.note(unit, recipe.arguments)
    taken = {each.name for each in recipe.definition.parameters}
    told = [(own_name(recipe, place), axis) for place, axis in needs.sizes]
    words = {(word, axis): size_argument(word, axis, dict(ranks)[word], taken) for word, axis in (*told, *unit.sizes)}
    open_ones = [each for each in recipe.definition.parameters if each.name in {*recipe.left} - unit.values()]
    positional = [word for word in recipe.left[: needs.positional] if word not in unit.values()]
    parameters = unit.parameters()
    given = list(recipe.arguments)
    is_suffix = not given or parameters.index(given[0]) >= len(positional)
    is_suffix = is_suffix and not {*positional}.difference(body.file.leading(unit))
    start, left = _started(body, recipe, unit)
    codes = {word: argument_for(body, item, unit.sorts[word]) for word, item in left.items()}
    called = {*positional} | needs.keywords
    opened = [each for each in open_ones if each.name in called]
    if unit.sizes == told and is_suffix and not called & unit.fixed.keys() and not (told and unit.is_part):
        return call("partial", start, **codes) if codes else start
    sizes = {unit.size_words[place][0]: name(words[place]) for place in unit.sizes} if unit.is_part else {}
    codes = {word: name(word) for word in called} | codes
    inner = call(
        start,
        *(name(words[place]) for place in unit.sizes if not unit.is_part),
        **sizes,
        **{word: codes[word] for word in parameters if word in codes},
    )
    follows = body.file.following(unit)
    behind = dropwhile(lambda each: each.default is None, opened)
    defaults = [
        constant(None)
        if each.name in follows
        else name("NotImplemented")  # it has none, and each call gives one: a value of any type that no layer takes
        if each.default is None
        else argument_for(body, body.file.default(recipe.definition, each), unit.sorts[each.name])
        for each in behind
    ]
    return lambda_of([*words.values(), *(each.name for each in opened)], inner, defaults)


def _chain_layer(body: Body, recipe: Any, value: Tensor) -> Made:
    held = ("chain", "lines", "it", "entry", "scope", "is_empty_chain", "target", "end")
    with body.having(**{word: getattr(body, word) for word in held}, loops=[], stages=None):
        chain = body.begin_chain(value.shape)
        chain_of(body, recipe)
        shapes = (body.at_end(body.it).shape,)
        return Made(chain, shapes, "nn.Sequential", units=chain.units, sizes=chain.sizes)


def chain_of(body: Body, recipe: Any) -> None:
    """Work out the layers of a chain that has begun, which sees none of the values around it."""
    if not (isinstance(recipe, BraceRecipe) and _speaks_of_input(recipe.body)):
        body.entry = None
    if isinstance(recipe, BraceRecipe):
        body.scope = Scope(recipe.scope, walls=True)
        body.file.run(body, recipe.body)
    else:
        body.scope = Scope(body.scope, walls=True)
        body.it = body.file.apply_stage(body, recipe, None, None, body.it)


def append(body: Body, recipe: Any, value: Tensor, label: Static | None) -> Tensor:
    """A layer at the end of the chain."""
    body.at_end(value)
    if is_identity(recipe):
        return value
    if (choice := as_choice(recipe)) is not None:
        return one_of_two(  # type: ignore[no-any-return]
            body, choice, value, lambda layer, _, given: append(body, layer, given, label)
        )
    made, value = made_for(body, recipe, value)
    if len(made.shapes) != 1:
        raise Untranslatable("a layer of a chain gives several values")
    if body.stages is not None:
        body.stages.append((recipe, bool(body.ways or body.loops)))
    body.is_empty_chain = False
    if body.chain is not None:
        body.chain.units |= made.units
        body.chain.sizes += made.sizes
    content = made.value
    if not body.is_silent and not isinstance(content, Chain) and asks_sizes(body, made, recipe):
        variable, made, value = in_local(body, made, value)
        body.lines.append(Assign(variable, content))
        made = with_sizes(body, made, name(variable), value, recipe)
        content = name(variable)
    kind = recipe.kind.kind if isinstance(recipe, KindRecipe) else ""
    shown = None if label is None else label.code
    body.lines.append(Append(content, shown, made.begins, kind, (recipe, value.shape)))
    return body.chain_end(made.shapes[0])


def in_local(body: Body, made: Made, value: Any) -> tuple[str, Made, Any]:
    """The variable of `__init__` for a layer, with that and the value that comes in: their sizes may have followed from
    the layer that was in the variable, and are kept.
    """
    held = body.put_aside(value)
    given = [body.put_aside(Tensor(name("_"), shape)) for shape in made.shapes]
    variable = body.local(made.word, made.made_by)
    shapes = tuple(body.back(each, None).shape for each in given)
    return variable, replace(made, shapes=shapes), body.back(held, value)


def with_sizes(body: Body, made: Made, base: Code | None, value: Tensor, recipe: Any) -> Made:
    """Sizes that nothing tells before a layer is there, by what it keeps."""
    if base is None or not asks_sizes(body, made, recipe):
        return made
    axes: set[int] | None = None
    if isinstance(recipe, ParamRecipe):
        others = [c for c in recipe.choices if not isinstance(c, BlockRecipe) and not is_identity(c)]
        _ask(body, recipe.needs, gives={0})
        if not all(_keeps_first(other, len(value.shape)) for other in others):
            return _with_channels(body, made, base, value)
        axes = {0} if others else None
    return _with_kept(body, made, base, axes)


def _with_channels(body: Body, made: Made, base: Code, value: Tensor) -> Made:
    """The channels after a layer that may be one that keeps them as they are."""
    (shape,) = made.shapes
    if len(shape) == 1 or not isinstance(shape[0], Traced) or not body.symbols.is_unknown(shape[0]):
        return made
    code = call("channels_after", base, body.symbols.size_code(value.shape[0]))
    if made.units:
        code.kept = (made.units, (0, 0))  # type: ignore[attr-defined]
    return replace(made, shapes=((body.symbols.fresh(value_of(shape[0]), code), *shape[1:]),))


def as_choice(recipe: Any) -> ChoiceRecipe | None:
    """A layer that may be another one, or none, as a choice; None for any other layer."""
    if isinstance(recipe, ChoiceRecipe):
        return recipe
    if not isinstance(recipe, ParamRecipe) or not any(map(is_identity, recipe.choices)):
        return None
    test = Static(Test(not is_identity(recipe.choices[0])), is_not_none(recipe.code))
    return ChoiceRecipe(test, replace(recipe, choices=tuple(c for c in recipe.choices if not is_identity(c))), None)


def one_of_two(body: Body, recipe: ChoiceRecipe, value: Tensor, applied: Callable[[Any, Any, Tensor], Any]) -> Any:
    """What one layer or another gives; `applied` applies one, with its node, to a value."""

    def side(chosen: Any, node: Any) -> Callable[[], None]:
        def work() -> None:
            if chosen is not None and not is_identity(chosen):
                # Both ways end in one variable, for what flows around may be read behind them.
                variable = body.target or (body.it.code.id if isinstance(body.it.code, ast.Name) else FLOW + body.flow)
                made = applied(chosen, node, body.it)
                if isinstance(made, TensorList):
                    body.go_on(made)
                    return
                body.it = made if body.chain is not None else body.put(made, variable)

        return work

    with body.having(it=body.held(value) if body.chain is None and isinstance(value, Tensor) else value):
        branch(body, recipe.test, side(recipe.yes, recipe.yes_node), side(recipe.no, recipe.no_node), recipe)
        return body.it


@dataclass
class Made:
    """A layer that is constructed: its Python, what comes out, its type, and the values that it takes besides."""

    value: Code | Chain
    shapes: tuple[Shape, ...]
    type: str = "nn.Module"
    extra: tuple[Tensor | TensorList, ...] = ()
    names: tuple[str, ...] = ()
    units: frozenset[Any] = frozenset()
    word: str = "layer"
    made_by: str = ""
    """The parameter that makes it, which says its type."""
    begins: tuple[tuple[str, Any], ...] = ()
    calling: str = ""
    sizes: tuple[Any, ...] = ()
    """The sizes of what comes in that it is told."""


def _has_ranks(choice: Any) -> bool:
    return not isinstance(choice, KindRecipe) or "{r}" in choice.kind.module


def _keeps_first(choice: Any, rank: int) -> bool:
    """Whether a layer of PyTorch keeps how many channels, or features, come out of it."""
    return isinstance(choice, KindRecipe) and choice.kind.kind in (
        ("linear",) if rank == 1 else ("conv", "conv_transpose")
    )


def flat_stages(recipe: Any, body: Any) -> list[Any]:
    """The layers of a chain, one by one."""
    if isinstance(recipe, ChainRecipe):
        return [inner for stage, label, _ in recipe.stages for inner in flat_stages(stage, body)]
    if isinstance(recipe, CopiesRecipe):
        count = body.symbols.known(recipe.count.value)
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


def _speaks_of_input(lines: Any) -> bool:
    """Whether lines say `input`, of which they may ask for a size."""
    return any(isinstance(each, nodes.Flow) and each.of == "input" for each in nodes.walk(lines))
