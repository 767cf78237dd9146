"""What was changed of a layer or an operation itself: its kind and its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cnndsl.backends.diagram.words import course
from cnndsl.backends.diff.items import Item
from cnndsl.layers.base import Layer, Spelling
from cnndsl.layers.extern import Extern
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.sizes import Shape, show

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])")


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was one thing and is another: a parameter with its values, `kernel` 3 and 5.

    The values are numbers, texts, truth values, tuples of them, or None.
    """

    what: str
    before: Any
    after: Any

    @property
    def texts(self) -> tuple[str, str]:
        """Both values, as the language writes them."""
        return said(self.before), said(self.after)


def told(parts: Sequence[Change]) -> str:
    """A change of one parameter in one part or in several, `p 0.1 ... 0.2 -> 0.2 ... 0.4`."""
    what = parts[0].what
    return courses(parts) if what in ("layer", "operation") else f"{what} {courses(parts)}"


def courses(parts: Sequence[Change]) -> str:
    """The values of one part, `3 -> 5`, or how they go on from part to part; exact where they differ by too little."""
    old, new = _courses(parts) if tell_apart(parts) else parts[0].texts
    return f"{old} -> {new}"


def tell_apart(parts: Sequence[Change]) -> bool:
    """Whether how the values go on is not the same before and after."""
    old, new = _courses(parts)
    return old != new


def in_short(texts: Sequence[str]) -> str:
    """Texts that are equal but for numbers as one: each number in three digits, and as it goes on."""
    numbers = (course(list(map(_value, found))) for found in zip(*map(_NUMBER.findall, texts), strict=True))
    return _NUMBER.sub(lambda _: next(numbers).replace("…", "..."), texts[0])


def without_numbers(text: str) -> str:
    """The same for texts that are equal but for numbers."""
    return _NUMBER.sub("0", text)


def changes(a: Item, b: Item) -> tuple[Change, ...]:
    """How one layer or operation differs from another by itself, not by what comes into it.

    What is only written in another way is no difference: a kernel `3` and `[3, 3]`, a pool's stride that is its
    kernel. Nothing for two blocks, which differ by what is inside.
    """
    if a.module is not None or b.module is not None:
        return ()
    return (*_changed(a, b), *_beginnings(a, b))


def titled(item: Item) -> str:
    """A layer with the arguments that matter: `conv 8 filters, 5×5`."""
    words = item.layer.words(item.x) if item.layer is not None else ""
    return f"{item.word} {words}".rstrip()


def said(value: Any) -> str:
    """A value as the language writes it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(said, value))}]"
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return str(value)


def rule_said(rule: Initialiser) -> str:
    """How weights begin, as the language writes it: `normal(std=0.02)`."""
    listed = ", ".join(
        f'{name}="{value}"' if isinstance(value, str) else f"{name}={value}" for name, value in rule.arguments
    )
    return f"{rule.rule}({listed})" if listed else rule.rule


def _courses(parts: Sequence[Change]) -> Iterator[str]:
    return map(in_short, zip(*(change.texts for change in parts), strict=True))


def _value(number: str) -> int | float:
    return int(number) if number.lstrip("-").isdigit() else float(number)


def _changed(a: Item, b: Item) -> Iterator[Change]:
    if a.operation is not None and b.operation is not None:
        if a.operation.kind != b.operation.kind:
            yield Change("operation", a.word, b.word)
            return
        yield from _fields(a.operation.model_dump(), b.operation.model_dump())
    elif a.layer is not None and b.layer is not None:
        if a.layer.kind != b.layer.kind or a.word != b.word:
            yield Change("layer", titled(a), titled(b))
        elif a.layer != b.layer:
            yield from _parameters(a.layer, b.layer, b.x)


def _parameters(a: Layer, b: Layer, x: Shape) -> Iterator[Change]:
    if isinstance(a, Extern) and isinstance(b, Extern):
        yield from _fields(dict(a.given) | {"package": a.package}, dict(b.given) | {"package": b.package})
        if (a.shape, a.learned) != (b.shape, b.learned):
            yield Change("rules", _rules(a), _rules(b))
        return
    spelled = _spelled(a, x)
    for change in _fields(_values(a), _values(b)):
        if _spelled(a.having({change.what: getattr(b, change.what)}), x) != spelled:
            yield change


def _fields(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if _once(old) != _once(new):
            yield Change(name, old, new)


def _values(layer: Layer) -> dict[str, Any]:
    """The parameters with their values; a rule by which numbers begin as people write it."""
    values = {name: getattr(layer, name) for name in type(layer).model_fields}
    return {name: rule_said(value) if isinstance(value, Initialiser) else value for name, value in values.items()}


def _rules(layer: Extern) -> str:
    shape = "same" if layer.shape is None else show(layer.shape)
    return f"shape = {shape}" + (f", parameters = {layer.learned}" if layer.counted else "")


def _once(value: Any) -> Any:
    """One number for a list that has the same on every axis."""
    same = isinstance(value, tuple) and value and all(item == value[0] for item in value)
    return value[0] if same else value


def _spelled(layer: Layer, x: Shape) -> tuple[str, str | None, tuple[tuple[str, Any], ...]]:
    """How PyTorch writes a layer, without what it does anyway."""
    spelling: Spelling = layer.torch(x)
    listed = ((item.name, _once(item.value), _once(item.default)) for item in spelling.arguments)
    arguments = tuple((name, value) for name, value, default in listed if value != default)
    return spelling.target, spelling.template, arguments


def _beginnings(a: Item, b: Item) -> Iterator[Change]:
    """What is given to a layer besides its parameters: its numbers, and how they begin."""
    if a.leaf is None or b.leaf is None:
        return
    for tensor in dict.fromkeys((*a.leaf.init, *b.leaf.init)):
        old, new = (side.init.get(tensor) for side in (a.leaf, b.leaf))
        if old != new:
            yield Change(f"{tensor}_init", *(None if rule is None else rule_said(rule) for rule in (old, new)))
    given = (a.leaf.weights, b.leaf.weights)
    for name in ("weight", "bias"):
        old, new = (None if side is None else getattr(side, name) for side in given)
        if old != new:
            yield Change(name, *_numbers(old, new))
    if all(given) and given[0].trainable != given[1].trainable:  # type: ignore[union-attr]
        yield Change("trainable", given[0].trainable, given[1].trainable)  # type: ignore[union-attr]


def _numbers(old: Any, new: Any) -> tuple[str | None, str | None]:
    """Given numbers are too many to be shown."""
    if old is not None and new is not None:
        return "given numbers", "other numbers"
    return (None, "given numbers") if old is None else ("given numbers", None)
