"""A small model of the Python that is generated, printed once: expressions that know how to break over lines.

The layout is that of the common formatter at 88 columns, so that generated files are left as they are
by it.
"""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 88
_STEP = "    "


@dataclass(frozen=True, slots=True)
class Raw:
    """Python that is not broken."""

    text: str

    def flat(self) -> str:
        """On one line."""
        return self.text

    def lines(self, indent: str, lead: str, trail: str) -> list[str]:
        """As lines, the first beginning with `lead` and the last ending with `trail`."""
        return [f"{indent}{lead}{self.text}{trail}"]


@dataclass(frozen=True, slots=True)
class Apply:
    """A call: `function(arguments)`; an argument's name is empty where it has none.

    `tall` calls have an argument a line even where one line would do.
    """

    function: str
    arguments: tuple[tuple[str, Code], ...]
    tall: bool = False

    def flat(self) -> str:
        return f"{self.function}({', '.join(_flat(name, code) for name, code in self.arguments)})"

    def lines(self, indent: str, lead: str, trail: str) -> list[str]:
        line = f"{indent}{lead}{self.flat()}{trail}"
        if not self.arguments or (len(line) <= WIDTH and not _is_tall(self)):
            return [line]
        inner = indent + _STEP
        row = inner + ", ".join(_flat(name, code) for name, code in self.arguments)
        if len(row) <= WIDTH and not _is_tall(self):
            return [f"{indent}{lead}{self.function}(", row, f"{indent}){trail}"]
        result = [f"{indent}{lead}{self.function}("]
        for name, code in self.arguments:
            result += code.lines(inner, f"{name}=" if name else "", ",")
        return [*result, f"{indent}){trail}"]


@dataclass(frozen=True, slots=True)
class Pair:
    """`(name, value)`, an entry of an ordered dictionary."""

    name: str
    value: Code

    def flat(self) -> str:
        return f"({self.name}, {self.value.flat()})"

    def lines(self, indent: str, lead: str, trail: str) -> list[str]:
        line = f"{indent}{lead}{self.flat()}{trail}"
        if len(line) <= WIDTH and not _is_tall(self.value):
            return [line]
        inner = indent + _STEP
        return [f"{indent}{lead}(", f"{inner}{self.name},", *self.value.lines(inner, "", ","), f"{indent}){trail}"]


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b, c]`, an item a line; one that is not `tall` stands on one line where it fits."""

    items: tuple[Code, ...]
    tall: bool = True
    brackets: str = "[]"

    def flat(self) -> str:
        inner = ", ".join(item.flat() for item in self.items)
        return f"{self.brackets[0]}{inner}{self.brackets[1]}"

    def lines(self, indent: str, lead: str, trail: str) -> list[str]:
        line = f"{indent}{lead}{self.flat()}{trail}"
        if len(line) <= WIDTH and not self.tall:
            return [line]
        result = [f"{indent}{lead}{self.brackets[0]}"]
        for item in self.items:
            result += item.lines(indent + _STEP, "", ",")
        return [*result, f"{indent}{self.brackets[1]}{trail}"]


@dataclass(frozen=True, slots=True)
class Spread:
    """`*(item for variable in turns)`: a repeat among the arguments of a call."""

    item: Code
    variable: str
    turns: str

    @property
    def _loop(self) -> str:
        return f"for {self.variable} in {self.turns}"

    def flat(self) -> str:
        return f"*({self.item.flat()} {self._loop})"

    def lines(self, indent: str, lead: str, trail: str) -> list[str]:
        line = f"{indent}{lead}{self.flat()}{trail}"
        if len(line) <= WIDTH and not _is_tall(self.item):
            return [line]
        inner = indent + _STEP
        return [f"{indent}{lead}*(", *self.item.lines(inner, "", ""), f"{inner}{self._loop}", f"{indent}){trail}"]


@dataclass(frozen=True, slots=True)
class Perhaps:
    """`*([item] if test else [])`: arguments that are not always there, with what is there instead, if anything."""

    items: tuple[Code, ...]
    test: str
    others: tuple[Code, ...] = ()

    def flat(self) -> str:
        yes, no = (ListOf(side, tall=False).flat() for side in (self.items, self.others))
        return f"*({yes} if {self.test} else {no})"

    def lines(self, indent: str, lead: str, trail: str) -> list[str]:
        line = f"{indent}{lead}{self.flat()}{trail}"
        if len(line) <= WIDTH and not _is_tall(self):
            return [line]
        inner = indent + _STEP
        return [
            f"{indent}{lead}*(",
            *_listed(self.items, inner, ""),
            f"{inner}if {self.test}",
            *_listed(self.others, inner, "else "),
            f"{indent}){trail}",
        ]


def _listed(items: tuple[Code, ...], indent: str, lead: str) -> list[str]:
    return ListOf(items, tall=any(map(_is_tall, items))).lines(indent, lead, "")


Code = Raw | Apply | Pair | ListOf | Spread | Perhaps


def _flat(name: str, code: Code) -> str:
    return f"{name}={code.flat()}" if name else code.flat()


def _is_tall(code: Code) -> bool:
    match code:
        case Apply():
            return code.tall or any(_is_tall(inner) for _, inner in code.arguments)
        case Pair():
            return _is_tall(code.value)
        case ListOf():
            return code.tall
        case Spread():
            return _is_tall(code.item)
        case Perhaps():
            return any(map(_is_tall, (*code.items, *code.others)))
        case _:
            return False


def literal(value: object) -> str:
    """A constant in Python."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in escaped) + '"'
    if isinstance(value, (tuple, list)):
        inner = ", ".join(map(literal, value))
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def broken(line: str) -> list[str]:
    """A line, or where it is too long the three lines that its call is broken into."""
    if len(line) <= WIDTH or not line.endswith(")"):
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    head, _, rest = line.partition("(")
    return [f"{head}(", f"{indent}{_STEP}{rest[:-1]}", f"{indent})"]
