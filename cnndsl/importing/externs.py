"""Classes that the language cannot say, as `extern` lines: their arguments, and the size of what comes out.

A module does not tell how it was constructed. What its constructor was given is looked for in its attributes, and
where it is not there among the sizes of what it takes, gives and learns; it is believed only if the module that comes
of it has the same parts, state and results.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any

import torch
from torch import Tensor, nn

from cnndsl.frozen import frozen
from cnndsl.importing.body import Body, Number
from cnndsl.importing.generalising import Common
from cnndsl.importing.leaves import Unreadable, equal, plain
from cnndsl.importing.parameters import REQUIRED, Arguments, Definition
from cnndsl.ir.names import why_not_class, why_not_imported
from cnndsl.layers.extern import axis_names, why_not_package
from cnndsl.layers.registry import KINDS, OPERATIONS
from cnndsl.syntax.grammar import keywords

Sizes = tuple[int, ...]

_MOST_TRIES = 300
"""How many modules are constructed to find arguments."""
_OTHER_SIZES = (3, 6)
"""How much larger the maps are on which a class is run to see what size it gives."""
_WORDS = {*KINDS, *OPERATIONS, *keywords()}
_FACTORS = (2, 4, 8, 16, 32, 3)


@frozen()
class Passed:
    """The sizes of what a module was given and of what it gave, without the batch."""

    came: Sizes
    went: Sizes


@dataclass(slots=True)
class Foreign:
    """A class that is declared with `extern`, and what its modules were given."""

    definition: Definition
    package: str
    uses: dict[nn.Module, dict[str, Any]] = field(default_factory=dict)

    def arguments(self, module: nn.Module) -> Arguments:
        """The arguments of a use."""
        given = self.definition.parameters | self.uses[module]
        values = ((name, given[name]) for name in self.definition.parameters)
        return tuple((name, Number(tuple(v) if isinstance(v, list) else v)) for name, v in values)


def foreign(modules: Mapping[nn.Module, Sequence[Passed]]) -> Foreign:
    """The `extern` line of the class that these modules have, by what went through each. Raises Unreadable."""
    kind = type(next(iter(modules)))
    package = _package(kind)
    if not all(modules.values()):
        raise Unreadable(f"{kind.__name__} takes or gives something else than one value")
    given = {module: _constructed(module, passed[0]) for module, passed in modules.items()}
    for name, parameter in _signature(kind).items():
        if parameter.default is not parameter.empty and not _is_plain(parameter.default):
            _leave_out(name, given, modules)
    seen: list[tuple[Mapping[str, Any], Passed]] = []
    for module, passed in modules.items():
        made = kind(**given[module])
        made.load_state_dict(module.state_dict())
        seen += [(given[module], each) for each in (*passed, *_elsewhere(made, passed[0]))]
    parameters = _parameters(kind, list(given.values()))
    for arguments in given.values():
        arguments |= {name: usual for name, usual in parameters.items() if name not in arguments}
    rule = _rule(kind.__name__, seen)
    roles = {name: _role(name, seen) for name in parameters}
    body = Common(Body((), (), ()))
    tail = f' from "{package}" (shape = {rule}{_learned(given)})'
    return Foreign(Definition("extern", kind.__name__, body, parameters, roles=roles, tail=tail), package, given)


def _package(kind: type[nn.Module]) -> str:
    """The shortest module from which a class can be imported by its name. Raises Unreadable."""
    name, where = kind.__qualname__, kind.__module__
    if getattr(kind, "is_of_program", False):
        raise Unreadable("a program has what its class calls, and not the class")
    if "." in name or why_not_imported(name) or name in _WORDS:
        raise Unreadable(f"{name} of {where} is no class that a text can name")
    words = where.split(".")
    for count in range(1, len(words) + 1):
        path = ".".join(words[:count])
        if why_not_package(path) is None and getattr(sys.modules.get(path), name, None) is kind:
            return path
    raise Unreadable(f"{name} cannot be imported from {where}: let it stand in a module that Python finds")


# What the constructor was given


def _constructed(module: nn.Module, passed: Passed) -> dict[str, Any]:
    """The arguments of a module. Raises Unreadable."""
    guessed = [
        name for name, p in _signature(type(module)).items() if p.default is p.empty and not _tells(module, name)
    ]
    fits: list[dict[str, Any]] = []
    for arguments in islice(_candidates(module, passed), _MOST_TRIES):
        if _is_other(module, arguments):
            continue
        try:
            with torch.random.fork_rng(devices=[]):
                made = type(module)(**arguments)
                if not _has_state_of(module, made):
                    continue
                found, made = _with_hidden(module, made, arguments)
        except Exception:  # noqa: S112 - whatever the class says of arguments that are not its own
            continue
        if _is_alike(module, made, passed):
            fits.append(found)
            if not guessed or any(fits[0][name] != arguments[name] for name in guessed):
                break
    if fits and all(fits[0][name] == arguments[name] for arguments in fits for name in guessed):
        return fits[0]
    what = f"{', '.join(guessed)} of its constructor" if guessed else "what its constructor was given"
    raise Unreadable(f"{type(module).__name__} does not tell {what}")


def _is_other(module: nn.Module, arguments: Mapping[str, Any]) -> bool:
    """Whether arguments make a module of other sizes, which is found out without room for its numbers."""
    try:
        with torch.device("meta"), torch.random.fork_rng(devices=[]):
            return not _has_state_of(module, type(module)(**arguments))
    except Exception:  # it may need its numbers
        return False


def _with_hidden(module: nn.Module, made: nn.Module, arguments: dict[str, Any]) -> tuple[dict[str, Any], nn.Module]:
    """The arguments with the numbers of which only something that follows from them is kept, such as `gamma * 0.5`."""
    for name, parameter in _signature(type(module)).items():
        if type(parameter.default) is not float or _tells(module, name):
            continue
        usual: float = arguments.get(name, parameter.default)
        other = type(module)(**arguments | {name: usual + 1})
        for key, want in vars(module).items():
            have, moved = vars(made).get(key), vars(other).get(key)
            if not isinstance(want, float) or not isinstance(have, float) or not isinstance(moved, float):
                continue
            if want == have or moved == have:
                continue
            value = usual + (want - have) / (moved - have)
            for digits in range(3, 18):
                found = arguments | {name: float(f"{value:.{digits}g}")}
                again = type(module)(**found)
                if vars(again).get(key) == want:
                    return found, again
    return arguments, made


def _leave_out(
    name: str, given: dict[nn.Module, dict[str, Any]], modules: Mapping[nn.Module, Sequence[Passed]]
) -> None:
    """Leave out an argument whose default is no number, where the class finds all its values by itself."""
    left: dict[nn.Module, dict[str, Any]] = {}
    for module, arguments in given.items():
        left[module] = {key: value for key, value in arguments.items() if key != name}
        try:
            with torch.random.fork_rng(devices=[]):
                made = type(module)(**left[module])
        except Exception:  # the class needs it
            return
        if not (_has_state_of(module, made) and _is_alike(module, made, modules[module][0])):
            return
    given |= left


def _tells(module: nn.Module, name: str) -> bool:
    """Whether a module has an attribute with an argument of its constructor."""
    return _is_plain(_held(module, name))


def _signature(kind: type[nn.Module]) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(kind).parameters
    return {n: p for n, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}


def _candidates(module: nn.Module, passed: Passed) -> Iterator[dict[str, Any]]:
    """What the constructor may have been given, the likeliest first."""
    parameters = _signature(type(module))
    sizes = [*passed.came[:1], *passed.went[:1], *passed.came[-1:], *passed.went[-1:]]
    sizes += [size for tensor in module.parameters() for size in tensor.shape]
    counts = [size for size in dict.fromkeys(sizes) if size > 1]
    counts.append(max(counts, default=1) + 1)  # where this does as well as a size, none is what it was given
    found: dict[str, list[Any]] = {}
    unsure: dict[str, list[Any]] = {}
    for name, parameter in parameters.items():
        usual, held = parameter.default, _held(module, name)
        if isinstance(usual, bool) and (held is None or isinstance(held, Tensor)) and hasattr(module, name):
            held = held is not None
        if _is_plain(held):
            told = [plain(held), held]
            if isinstance(usual, str) and not isinstance(held, str):  # a word for numbers that follow from others
                told.insert(0, usual)
            found[name] = list({repr(value): value for value in told}.values())
        elif usual is parameter.empty:
            found[name] = counts
        elif isinstance(usual, bool):
            unsure[name] = [usual, not usual]
        elif isinstance(usual, int):
            unsure[name] = list(dict.fromkeys([usual, 1, 2, 3, 4, 5, 7, 8, 16, *counts]))
    for more in ({}, unsure):
        options = found | more
        for values in product(*options.values()):
            given = dict(zip(options, values, strict=True))
            yield {
                name: value
                for name, value in given.items()
                if parameters[name].default is inspect.Parameter.empty or not _equal(value, parameters[name].default)
            }


def _held(module: nn.Module, name: str) -> Any:
    """The attribute that is called like an argument, or as several of it are."""
    return next(
        (held for key in (name, f"_{name}", f"{name}s") if (held := getattr(module, key, None)) is not None), None
    )


def _is_plain(value: Any) -> bool:
    """Whether the language has words for a value."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(map(_is_plain, value))
    return type(value) in (bool, int, float, str)


def _equal(value: Any, other: Any) -> bool:
    return bool(plain(value) == plain(other)) and isinstance(value, bool) == isinstance(other, bool)


def _has_state_of(module: nn.Module, made: nn.Module) -> bool:
    """Whether a module has the parts of another, and their state the same keys and shapes."""
    state, other = module.state_dict(), made.state_dict()
    if repr(module) != repr(made) or list(state) != list(other):
        return False
    return all(getattr(state[key], "shape", None) == getattr(other[key], "shape", None) for key in state)


def _is_alike(module: nn.Module, made: nn.Module, passed: Passed) -> bool:
    """Whether a module has the attributes of another with its parts, and with its state gives the same."""
    for one, two in zip(module.modules(), made.modules(), strict=True):
        held = {key: value for key, value in vars(one).items() if _is_plain(value) and key != "training"}
        if any(not _equal(vars(two).get(key), value) for key, value in held.items()):
            return False
    made.load_state_dict(module.state_dict())
    return _same_results(module, made, passed.came)


def _same_results(module: nn.Module, made: nn.Module, came: Sizes) -> bool:
    """Whether two modules give the same in evaluation; also where the first does not run by itself."""
    mode = module.training
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            x = torch.randn(2, *came)
            want = module.eval()(x.clone())
            have = made.eval()(x.clone())
    except Exception:  # it takes what is no map; all is compared in the end
        return True
    finally:
        module.train(mode)
    return equal(want, have)


def _parameters(kind: type[nn.Module], given: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The parameters of an extern line: all that some module is given, with their defaults. Raises Unreadable."""
    required: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for name, parameter in _signature(kind).items():
        there = [arguments for arguments in given if name in arguments]
        if there and (name in keywords() or why_not_class(name)):
            raise Unreadable(f"{kind.__name__} has an argument {name}, which no parameter can be called")
        if parameter.default is not parameter.empty and _is_plain(parameter.default) and there:
            values = [arguments.get(name, parameter.default) for arguments in given]
            others[name] = values[0] if all(_equal(value, values[0]) for value in values) else parameter.default
        elif len(there) == len(given) and there:
            required[name] = REQUIRED
        elif there:
            raise Unreadable(f"{kind.__name__} is given {name} in some places only, and its default is no number")
    return required | others


# How large what comes out is


def _elsewhere(made: nn.Module, passed: Passed) -> Iterator[Passed]:
    """What a module gives for larger maps."""
    made.eval()
    for more in _OTHER_SIZES:
        came = (*passed.came[:1], *(size + more + at for at, size in enumerate(passed.came[1:])))
        try:
            with torch.no_grad(), torch.random.fork_rng(devices=[]):
                went = made(torch.randn(2, *came))
        except Exception:  # noqa: S112 - it is for maps of one size
            continue
        if isinstance(went, Tensor) and went.shape[0] == 2:
            yield Passed(came, tuple(went.shape[1:]))


def _rule(name: str, seen: Sequence[tuple[Mapping[str, Any], Passed]]) -> str:
    """The sizes of what comes out, as an extern line says them. Raises Unreadable."""
    if all(passed.came == passed.went for _, passed in seen):
        return "same"
    forms = {(len(passed.came), len(passed.went)) for _, passed in seen}
    if len(forms) > 1:
        raise Unreadable(f"{name} is given maps of several kinds, and no one rule says what size it gives")
    ((came, went),) = forms
    if not went or came > len(axis_names(came)):
        raise Unreadable(f"{name} gives no map")
    known = [
        dict(zip(axis_names(came), passed.came, strict=True))
        | {key: value for key, value in given.items() if type(value) is int}
        for given, passed in seen
    ]
    own = axis_names(came) if came == went else (axis_names(came)[0],) * went
    rules = []
    for axis in range(went):
        wanted = [passed.went[axis] for _, passed in seen]
        rule = next((text for text, column in _sizes(known, own[axis], wanted) if column == wanted), None)
        if rule is None and len(set(wanted)) == 1:
            rule = str(wanted[0])
        if rule is None:
            raise Unreadable(f"no rule was found for the size of what {name} gives")
        rules.append(rule)
    return f"[{', '.join(rules)}]"


def _sizes(known: Sequence[Mapping[str, int]], own: str, wanted: Sequence[int]) -> Iterator[tuple[str, list[int]]]:
    """What the size of an axis may be, the plainest first."""
    names = [own, *(name for name in known[0] if name != own and all(name in sizes for sizes in known))]
    plain_ = {name: [sizes[name] for sizes in known] for name in names}
    yield from plain_.items()
    mine = plain_[own]
    if len(set(wanted)) == 1 < len(set(mine)):  # it is the same for all maps, whatever `height // width` may give
        return
    for factor in names[1:]:
        if all(plain_[factor]):
            yield from _times(own, factor, mine, plain_[factor])
    if own not in ("channels", "features") and "kernel_size" in plain_:
        yield from _slid(own, plain_)
    if len(set(mine)) == 1:  # of one size nobody can tell what follows from it
        return
    for k in _FACTORS:
        yield from _times(own, str(k), mine, [k] * len(mine))
        for cut in range(1, 8):
            yield f"({own} - {cut}) // {k} + 1", [(a - cut) // k + 1 for a in mine]
    for k in range(1, 33):
        yield f"{own} - {k}", [a - k for a in mine]
        yield f"{own} + {k}", [a + k for a in mine]


def _times(own: str, factor: str, mine: list[int], column: list[int]) -> Iterator[tuple[str, list[int]]]:
    """A size times a factor, and divided by it without and with what is left over."""
    yield f"{own} * {factor}", [a * b for a, b in zip(mine, column, strict=True)]
    yield f"{own} // {factor}", [a // b for a, b in zip(mine, column, strict=True)]
    yield f"({own} - 1) // {factor} + 1", [(a - 1) // b + 1 for a, b in zip(mine, column, strict=True)]


def _slid(own: str, known: Mapping[str, list[int]]) -> Iterator[tuple[str, list[int]]]:
    """In how many places a window with these arguments stands."""
    none, once = [0] * len(known[own]), [1] * len(known[own])
    for padding, stride in product(("padding", ""), ("stride", "")):
        if known.keys() >= {padding, stride} - {""}:
            rule = f"{own} + 2 * padding - kernel_size" if padding else f"{own} - kernel_size"
            rows = zip(known[own], known["kernel_size"], known.get(padding, none), known.get(stride, once), strict=True)
            yield (
                f"({rule}) // stride + 1" if stride else f"{rule} + 1",
                [(a + 2 * p - k) // s + 1 for a, k, p, s in rows],
            )


def _learned(given: Mapping[nn.Module, Mapping[str, Any]]) -> str:
    """How many numbers the class learns, where that is the same for all arguments that there could be."""
    counts = {sum(tensor.numel() for tensor in module.parameters()) for module in given}
    if counts == {0} or (len(counts) == 1 and not any(given.values())):
        return f", parameters = {counts.pop()}"
    return ""


def _role(name: str, seen: Sequence[tuple[Mapping[str, Any], Passed]]) -> str:
    """What an argument is, for the definitions that pass it on: a number of channels, or what it is called."""
    values = [given.get(name) for given, _ in seen]
    channels = [[passed.came[0] for _, passed in seen], [passed.went[0] for _, passed in seen]]
    return "channels" if values in channels else name
