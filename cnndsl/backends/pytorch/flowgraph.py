"""What a definition does, as one structured list of lines, and its two slices: `__init__` and `forward`.

Both are found by backward liveness: `forward` keeps what applies parts and what computes the values that go out,
`__init__` what registers these parts, and what that needs in turn. Other lines that nobody reads vanish.

Variables of `forward` begin with `~`, so that they are none of `__init__`.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

from cnndsl.backends.pytorch.code import (
    BINDERS,
    BUILTINS,
    SELF,
    Code,
    attribute,
    call,
    flat,
    inside,
    loop_head,
    name,
    names_in,
    names_stored,
    replaced,
    side_by_side,
    tuple_of,
    walk_code,
    zipped,
)
from cnndsl.layers.formula import Shape

FLOW = "~"
ELEMENT = "element·"
"""One part of a list: this, and the number of the part."""
EACH = "each·"
"""The variable of a part of a list, while a loop of `forward` goes through it: this, and the number of the list."""

MODULE_LIST = "nn.ModuleList"
LIST = "list[Tensor]"
"""The type of a variable of `forward` that holds any number of values."""

A_NUMBER, A_MAP = "a number", "a map"
"""What a variable has in place of a value, or of a list of features, where a loop has no turn."""

MODULES = "modules·"
"""The list of parts that a list in `forward` goes through: this, and its number."""
_OF_PARTS = (EACH, ELEMENT, MODULES)
"""How variables begin that stand for parts."""


@dataclass(eq=False)
class Part:
    """A part of a class: an attribute, or what `add_module` gives a computed name; perhaps a list of such."""

    number: int
    name: str
    label: Code | None = None
    is_list: bool = False
    type: str = "nn.Module"
    is_optional: bool = False
    """Whether it may be taken away when it is there."""
    whole: Part | None = None
    """The list that it is a part of, where it is one by itself."""
    at: int = 0
    """Its place in that list, where the text names it."""
    is_named: bool = False
    """Whether it is, or is in, a list that the text names; the parts of others stand as they come."""
    each: str = ""
    """What the text calls a part of the list, where it goes through it."""
    span: Any = None
    """Where the text applies it."""

    @property
    def is_attribute(self) -> bool:
        """Whether it is an attribute of its own, called by its name."""
        return not self.is_list and self.label is None

    def is_like(self, other: Part) -> bool:
        """Whether both are attributes, or both lists, with names."""
        are_named = all(part.label is None and part.whole is None for part in (self, other))
        return are_named and self.is_list == other.is_list

    def code(self) -> Code:
        """How `forward` speaks of it."""
        if self.whole is not None:
            return name(f"{ELEMENT}{self.number}")
        if self.is_list:
            return name(f"{EACH}{self.number}")
        made: Code = attribute(SELF, self.name)
        if self.label is not None:
            made = call("getattr", SELF, self.label)
        made.part = self.number  # type: ignore[attr-defined]
        return made


def placeholder() -> Code:
    """What stands in the place of a layer that is not there."""
    return call("nn.Identity")


def is_of_list(code: ast.AST) -> bool:
    """Whether an expression stands for a part of a list: for one that it may be asked for once."""
    return isinstance(code, ast.Name) and code.id.startswith((EACH, ELEMENT))


def is_variable(code: ast.AST) -> TypeGuard[ast.Name]:
    """Whether a value is in a variable, from which it may be read any number of times."""
    return isinstance(code, ast.Name) and not is_of_list(code)


def applications(code: ast.AST) -> Iterator[Code]:
    """The outermost expressions in one that apply layers, or take the next of a list of learned tensors."""
    is_call = isinstance(code, ast.Call) and bool(uses(code.func).parts)
    if isinstance(code, ast.expr) and (is_call or is_of_list(code) or (type(code) in BINDERS and uses(code).parts)):
        yield code
    elif not isinstance(code, (ast.Name, ast.Constant)):
        for each in inside(code):
            yield from applications(each)


def part_of(code: ast.AST | None) -> int | None:
    """The number of the part, or of the list of parts, that a call applies."""
    if not isinstance(code, ast.Call):
        return None
    number: int | None = getattr(code.func, "part", None)
    if number is None and isinstance(code.func, ast.Name) and code.func.id.startswith(EACH):
        number = int(code.func.id.removeprefix(EACH))
    return number


@dataclass(eq=False)
class Comment:
    """What a statement's comment says: in `forward` where the statement has lines there, and else in `__init__`."""

    text: str
    is_in_forward: bool = False
    is_written: bool = False
    """Whether it stands above a line already; the turns of a loop that is written out have the same."""


@dataclass(eq=False)
class Line:
    """A line, or several."""

    comment: Comment | None = field(default=None, kw_only=True)

    def blocks(self) -> Sequence[list[Any]]:
        """The lists of lines that are inside of it."""
        return ()


@dataclass(eq=False)
class Assign(Line):
    """`name = code`, in `__init__`."""

    name: str
    code: Code
    type: str = ""
    is_read_outside: bool = False
    """Whether it is read behind the chain, the condition or the loop around it."""


@dataclass(eq=False)
class Chain:
    """An `nn.Sequential` or `nn.ModuleList` in the making: lines with an `Append` for each part."""

    lines: list[Any] = field(default_factory=list)
    kind: str = "nn.Sequential"
    units: frozenset[Any] = frozenset()
    sizes: tuple[Any, ...] = ()
    """The classes of the blocks in it, and the sizes of what comes in that these are told."""
    of_features: bool = False  # whether arguments are refused for which it does not begin with a dense layer

    @property
    def is_labelled(self) -> bool:
        """Whether some of its own parts have labels."""
        return any(isinstance(line, Append) and line.label is not None for line in _own_lines(self.lines))


def _lines_of(value: Code | Chain | None) -> Sequence[list[Any]]:
    return (value.lines,) if isinstance(value, Chain) else ()


@dataclass(eq=False)
class Append(Line):
    """A part that goes to the end of a chain."""

    value: Code | Chain
    label: Code | None = None
    begins: tuple[tuple[str, Any], ...] = ()
    """How its tensors begin by its own word."""
    kind: str = ""
    layer: Any = None  # what it is in the text, with the sizes of what comes in

    def blocks(self) -> Sequence[list[Any]]:
        return _lines_of(self.value)


@dataclass(eq=False)
class Register(Line):
    """A part gets its place; what it is may be filled in further on."""

    part: Part
    value: Code | Chain | None = None
    begins: tuple[tuple[str, Any], ...] = ()
    kind: str = ""
    is_in_front: bool = False
    """Whether it stands before the parts that its list has already."""

    def blocks(self) -> Sequence[list[Any]]:
        return _lines_of(self.value)

    @property
    def fills(self) -> bool:
        """Whether it adds a part to a list of parts without names, and others may do so as well."""
        return self.part.is_list and self.part.whole is None and not self.part.is_named

    def code(self) -> Code:
        """How `forward` speaks of the part."""
        made = self.part.code()
        if self.fills:
            made.register = self  # type: ignore[attr-defined]
        return made


@dataclass(eq=False)
class Declare(Line):
    """`self.name = nn.ModuleList()`."""

    part: Part


@dataclass(eq=False)
class Effect(Line):
    """A line of `__init__` that is always there, such as `self.out_channels = channels`."""

    target: Code
    code: Code
    type: str = ""


@dataclass(eq=False)
class Do(Line):
    """An expression in `__init__` that is worked out for what it does, behind a word such as `assert`."""

    code: Code
    word: str = ""


@dataclass(eq=False)
class Raise(Line):
    """A ValueError with a message, in `__init__`."""

    message: str


@dataclass(eq=False)
class Compute(Line):
    """`names = code`, in `forward`."""

    names: tuple[str, ...]
    code: Code
    type: str = "Tensor"
    """The type of what it gives, or of all that it gives; nothing where Python and TorchScript call it differently."""
    shape: Shape | None = None
    note: str = ""
    """What is shown behind the line, such as its sizes."""
    instead: str = ""
    """What it is where the loop behind it has no turn: `A_NUMBER` or `A_MAP`, of which its turns make a value."""


@dataclass(eq=False)
class If(Line):
    """A condition."""

    test: Code
    yes: list[Any]
    no: list[Any]
    in_loop: bool = False
    origin: int = 0
    """Of which line (by `id`) it is what `forward` or `__init__` needs."""

    def __post_init__(self) -> None:
        self.origin = self.origin or id(self)

    def blocks(self) -> Sequence[list[Any]]:
        return self.yes, self.no


def refusal(test: Code, message: str) -> If:
    """The lines of `__init__` that refuse arguments for which a test holds."""
    return If(test, [Raise(message)], [])


@dataclass(eq=False)
class For(Line):
    """A loop."""

    target: Code
    source: Code
    lines: list[Any]
    lists: list[Part] = field(default_factory=list)
    """The lists of parts that it goes through: those with names, and, if it is the outermost, those that it fills."""
    reads: set[str] = field(default_factory=set)
    """The variables that its lines in `forward` read."""
    carried: set[str] = field(default_factory=set)
    """Those of `__init__` that its turns change in `forward`, too."""
    is_comprehension: bool = False
    """Whether it is a list in the text, to which each turn adds a value."""
    flow: tuple[Code, Code] | None = None
    """The variables and what they go through in `forward`, where there are values or layers among that."""

    def blocks(self) -> Sequence[list[Any]]:
        return (self.lines,)

    @property
    def reads_target(self) -> bool:
        """Whether its lines in `forward` read what it goes through, besides lists of layers."""
        return any(each in self.reads and not each.startswith(EACH) for each in names_stored(self.target))


@dataclass(eq=False)
class Training(Line):
    """Lines of `forward` for training alone."""

    lines: list[Any]
    own: set[str] = field(default_factory=set)
    """The variables that they give something, and that have nothing in evaluation."""

    def blocks(self) -> Sequence[list[Any]]:
        return (self.lines,)


@dataclass(eq=False)
class Return(Line):
    """What goes out."""

    always: tuple[tuple[str | None, Code], ...]
    training: tuple[tuple[str | None, Code], ...]


@dataclass
class Uses:
    """What an expression needs: variables, parts, and sizes that blocks keep: keys of blocks, output and axis."""

    names: set[str]
    parts: set[int] = field(default_factory=set)
    registers: set[Any] = field(default_factory=set)
    """The lines that add parts to lists, where these are needed."""
    sizes: set[tuple[frozenset[Any], tuple[int, int]]] = field(default_factory=set)


def uses(code: ast.AST) -> Uses:
    """What an expression needs."""
    found = Uses(set())
    binds = False
    for node in walk_code(code):
        if isinstance(node, ast.Name):
            found.names.add(node.id)
            if node.id.startswith((EACH, ELEMENT)):
                found.parts.add(int(node.id.partition("·")[2]))
        binds = binds or type(node) in BINDERS
        noted = vars(node)
        if "part" in noted:
            found.parts.add(noted["part"])
        if "register" in noted:
            found.registers.add(noted["register"])
        if "kept" in noted:
            found.sizes.add(noted["kept"])
    if binds:
        found.names = names_in(code)
    return found


class ForwardSlice:
    """The lines of `forward`; of one that only serves, without what is for training, and without layers that are only
    applied, but for those with a number in `places`.
    """

    def __init__(self, *, serves: bool = False, places: frozenset[int] = frozenset()) -> None:
        self.serves, self._places = serves, places
        self.used: set[int] = set()
        self.registers: set[Any] = set()
        """The lines that add to lists the parts that are used."""
        self.sizes: set[tuple[frozenset[Any], tuple[int, int]]] = set()
        """The sizes that it reads of blocks that keep them."""
        self.stores: dict[int, set[str]] = {}
        """For lines (by `id`) the variables of `__init__` that are kept as attributes just before them."""
        self.beside: dict[str, set[str]] = {}
        """For variables of `forward` those that hold what is still read when they are given something."""

    def slice(self, lines: Sequence[Any], live: set[str], depth: int = 0) -> list[Any]:
        """The lines that what is live after them needs; `live` becomes what is live before them."""
        kept: list[Any] = []
        for line in reversed(lines):
            made = self._line(line, live, depth)
            if made is not None:
                several = made if isinstance(made, list) else [made]
                if line.comment is not None:
                    several[0].comment, line.comment.is_in_forward = line.comment, True
                kept += reversed(several)
        return kept[::-1]

    def _reads(self, line: Any, code: Code, live: set[str], depth: int) -> None:
        found = uses(code)
        self.used |= found.parts
        self.registers |= found.registers
        self.sizes |= found.sizes
        self._need(line, {each for each in found.names - {"self"} if not each.startswith(_OF_PARTS)}, live, depth)

    def _need(self, line: Any, names: Iterable[str], live: set[str], depth: int) -> None:
        for each in names:
            if each.startswith(FLOW) or depth:
                live.add(each)
            elif each not in BUILTINS:
                self.stores.setdefault(id(line), set()).add(each)

    def _line(self, line: Any, live: set[str], depth: int) -> Line | list[Any] | None:
        """The line as far as it is needed, lines in its place, or nothing."""
        match line:
            case Return():
                given = Return(line.always, ()) if self.serves else line
                for code in codes_of(given):
                    self._reads(line, code, live, depth)
                return given
            case Compute():
                if live.isdisjoint(line.names):
                    return self._effects(line, live, depth)
                made = line
                if len(line.names) > 1 and not live.issuperset(line.names):
                    names = tuple(each if each in live else FLOW + "_" for each in line.names)
                    made = Compute(names, line.code, line.type)
                for each in line.names:
                    self.beside.setdefault(each, set()).update((live | set(line.names)) - {each})
                live.difference_update(line.names)
                self._reads(line, line.code, live, depth)
                return made
            case Assign() if depth and line.name in live:
                live.discard(line.name)
                self._reads(line, line.code, live, depth)
                return line
            case If():
                return self._if(line, live, depth)
            case For():
                return self._for(line, live, depth)
            case Training() if self.serves:
                return None
            case Training():
                inside = set(live)
                kept = self.slice(line.lines, inside, depth)
                live -= line.own
                live |= inside
                return Training(kept) if kept else None
            case _:
                return None

    def _effects(self, line: Compute, live: set[str], depth: int) -> list[Any] | None:
        """What is left of a line whose value nobody reads: the layers that it applies."""
        applied = applications(line.code)
        made = [Compute((), code) for code in applied if not self.serves or uses(code).parts & self._places]
        if not self.serves:
            self.used |= uses(line.code).parts
        for each in made:
            self._reads(line, each.code, live, depth)
        return made or None

    def _if(self, line: If, live: set[str], depth: int) -> If | list[Any] | None:
        yes_live, no_live = set(live), set(live)
        yes, no = self.slice(line.yes, yes_live, depth), self.slice(line.no, no_live, depth)
        if not yes and not no:
            return None
        live.clear()
        live |= yes_live | no_live
        if _said(yes) is not None and _said(yes) == _said(no):
            return yes  # what differs is what was registered
        if depth:
            self._reads(line, line.test, live, depth)
        return If(line.test, yes, no, in_loop=bool(depth), origin=id(line))

    def _for(self, line: For, live: set[str], depth: int) -> For | None:
        while True:
            target, source = line.flow or (line.target, line.source)
            inside = set(live)
            kept = self.slice(line.lines, inside, depth + 1)
            if not kept:
                return None
            read = set(inside)
            inside -= names_stored(target)
            if inside <= live:
                break
            live |= inside
        for each in names_stored(target):
            if each.startswith(FLOW):
                self.beside.setdefault(each, set()).update(live)
        made = For(target, source, kept, line.lists, reads=names_read(kept))
        read |= {each for each in made.reads if each.startswith(EACH)}
        if line.flow is not None:
            target, source = without_idle(target, source, read)
        made.target, made.source = target, source = loop_head(target, source, read)
        made.is_comprehension = line.is_comprehension
        if not depth:
            given = assigned(line.lines)
            needed = {each for each in live if not each.startswith(FLOW)}
            live -= needed
            self._need(line, needed - given, live, 0)
            made.carried = needed & given
            if made.carried:
                self.stores.setdefault(id(line), set()).update(made.carried)
        self._reads(line, source, live, depth)
        return made


def without_idle(target: Code, source: Code, read: Container[str]) -> tuple[Code, Code]:
    """A loop through lists of one length without those of which its turns read nothing."""
    match target, source:
        case ast.Tuple(elts=[index, inner]), ast.Call(ast.Name("enumerate"), [items, *start]):
            inner, items = without_idle(inner, items, read)
            return tuple_of([index, inner]), call("enumerate", items, *start)
        case ast.Tuple(), ast.Call(ast.Name("zip")):
            pairs = [without_idle(*pair, read) for pair in side_by_side(target, source)]
            return zipped([pair for pair in pairs if any(each in read for each in names_stored(pair[0]))] or pairs[:1])
    return target, source


def _said(lines: Sequence[Any]) -> list[tuple[tuple[str, ...], str]] | None:
    """What lines compute, as text; None where they do something else, too."""
    is_computed = all(isinstance(line, Compute) for line in lines)
    return [(line.names, flat(line.code)) for line in lines] if is_computed else None


def names_read(lines: Iterable[Any]) -> set[str]:
    """All variables that lines read."""
    return {each for line in walk(lines) for code in codes_of(line) for each in names_in(code)}


def walk(lines: Iterable[Any]) -> Iterator[Any]:
    """All lines, each before what is inside it."""
    for line in lines:
        yield line
        for block in line.blocks():
            yield from walk(block)


def substitute(lines: Iterable[Any], values: Mapping[str, Code]) -> None:
    """Put other code in the place of variables of `forward` where they are read."""
    for line in walk(lines):
        match line:
            case Compute():
                line.code = replaced(line.code, values)
            case Return():
                line.always = tuple((word, replaced(code, values)) for word, code in line.always)
                line.training = tuple((word, replaced(code, values)) for word, code in line.training)
            case For():
                line.source = replaced(line.source, values)
            case _:
                continue


def rename(lines: list[Any], names: dict[str, str]) -> None:
    """Other names for variables of `forward`."""
    if not names:
        return
    values: dict[str, Code] = {each: name(new) for each, new in names.items()}
    substitute(lines, values)
    for line in walk(lines):
        match line:
            case Compute():
                line.names = tuple(names.get(each, each) for each in line.names)
            case For():
                line.target = replaced(line.target, values)
                line.reads = {names.get(each, each) for each in line.reads}
            case _:
                continue


def with_tensors(lines: Sequence[Any], inputs: Iterable[str], optional: Container[int]) -> list[Any]:
    """The lines of `forward`, without variables for learned tensors that are always there: `self.bias` is one."""
    counts = Counter([*computed(lines), *inputs])
    values: dict[str, Code] = {}
    made: list[Any] = []
    for line in lines:
        number = getattr(line.code, "part", None) if isinstance(line, Compute) else None
        if isinstance(getattr(line, "code", None), ast.Attribute) and number is not None and number not in optional:
            (variable,) = line.names
            if counts[variable] == 1:
                values[variable] = line.code
                if line.comment is not None:
                    line.comment.is_in_forward = False
                continue
        made.append(line)
    if values:
        substitute(made, values)
    return made


def put_inside(lines: Sequence[Any]) -> list[Any]:
    """Lines of `__init__` without variables for layers that only the next line reads, which registers them."""
    made: list[Any] = []
    for at, line in enumerate(lines):
        if isinstance(line, Assign) and _is_only_for(line, lines, at + 1):
            lines[at + 1].value = line.code
            continue
        for block in line.blocks():
            block[:] = put_inside(block)
        made.append(line)
    return made


def _is_only_for(line: Assign, lines: Sequence[Any], at: int) -> bool:
    """Whether a layer in a variable is only there for the line at a place, which follows and registers it."""
    value = lines[at].value if at < len(lines) and isinstance(lines[at], (Append, Register)) else None
    if line.is_read_outside or not (isinstance(value, ast.Name) and value.id == line.name):
        return False
    reads = 0
    for place in range(at, len(lines)):
        reads += sum(isinstance(node, ast.Name) and node.id == line.name for node in nodes_of([lines[place]]))
        if reads > 1 or (isinstance(lines[place], Assign) and lines[place].name == line.name):
            break
    return reads == 1


def _own_lines(lines: Iterable[Any]) -> Iterator[Any]:
    """The lines of a chain, without those of the chains in it."""
    for line in lines:
        yield line
        for block in line.blocks() if isinstance(line, (If, For)) else ():
            yield from _own_lines(block)


def assigned(lines: Iterable[Any]) -> set[str]:
    """The variables of `__init__` that lines give something."""
    return {line.name for line in walk(lines) if isinstance(line, Assign)}


def settle_training(lines: Sequence[Any]) -> None:
    """Say of lines for training which variables are their own."""
    found = [line for line in walk(lines) if isinstance(line, Training)]
    counts = Counter(computed(lines))
    counts.subtract(each for line in found for each in computed(line.lines))
    for line in found:
        line.own = {each for each in computed(line.lines) if not counts[each]}


def computed(lines: Iterable[Any]) -> list[str]:
    """The variables of `forward` that lines give something, each as often as they do."""
    return [each for line in walk(lines) if isinstance(line, Compute) for each in line.names]


def nodes_of(lines: Iterable[Any]) -> Iterator[ast.AST]:
    """The expressions of lines, and what is in these."""
    return (node for line in walk(lines) for code in codes_of(line) for node in walk_code(code))


def parts_read(line: Any) -> set[int]:
    """The parts that the expressions of a line itself apply, or ask for a size."""
    return set().union(*(uses(code).parts for code in codes_of(line)))


def codes_of(line: Any) -> list[Code]:
    """The expressions of a line itself."""
    found: list[Any] = []
    match line:
        case Assign() | Compute() | Effect() | Do():
            found = [line.code]
        case Register():
            found = [line.value, line.part.label]
        case Append():
            found = [line.value, line.label]
        case If():
            found = [line.test]
        case For():
            found = [line.source]
        case Return():
            found = [code for _, code in (*line.always, *line.training)]
    return [code for code in found if isinstance(code, ast.AST)]  # type: ignore[misc]


class InitSlice:
    """The lines of `__init__`, for what `forward` needs."""

    def __init__(
        self,
        used: set[int],
        stores: dict[int, set[tuple[str, str]]],
        flags: dict[int, str],
        filled: Iterable[int] = (),
        registers: Container[Any] = frozenset(),
    ) -> None:
        self._used, self._stores, self._flags = used, stores, flags
        # By the `id` of lines: the attributes that keep variables just before them, or the outcome of a condition.
        self._filled = frozenset(filled)
        """The lists with names of which a loop says what is in them."""
        self._registers = registers
        """The lines that add to lists parts that `forward` applies."""
        self.parts: set[int] = set()
        self.sizes: set[tuple[frozenset[Any], tuple[int, int]]] = set()
        """The parts and their sizes that its lines ask for."""
        self.lost: set[str] = set()  # what is read behind loops that are left out, which gave it something

    def slice(self, lines: Sequence[Any], live: set[str], outside: frozenset[str] = frozenset()) -> list[Any]:
        """As for `forward`; `outside` is what is read behind the line that these are inside of."""
        kept: list[Any] = []
        for line in reversed(lines):
            made = self._line(line, live, outside)
            if isinstance(made, list):
                kept += reversed(made)
            elif made is not None:
                made.comment = line.comment
                kept.append(made)
            for stored, each in sorted(self._stores.get(id(line), ()), reverse=True):
                live.add(each)
                kept.append(Effect(attribute("self", stored), name(each)))
            flag = self._flags.get(id(line))
            if flag:
                self._reads(line.test, live)
                kept.append(Effect(attribute("self", flag), line.test))
        return kept[::-1]

    def _reads(self, code: Code, live: set[str]) -> None:
        found = uses(code)
        self.parts |= found.parts
        self.sizes |= found.sizes
        live |= {each for each in found.names if each not in BUILTINS and not each.startswith((FLOW, *_OF_PARTS))}

    def _line(self, line: Any, live: set[str], outside: frozenset[str]) -> Line | list[Any] | None:
        """The line as far as it is needed, lines in its place, or nothing."""
        behind = outside | live
        match line:
            case Assign():
                if line.name not in live:
                    return None
                live.discard(line.name)
                line.is_read_outside = line.name in outside
                self._reads(line.code, live)
                return line
            case Register() | Append():
                if isinstance(line, Register) and not self._is_needed(line):
                    return None
                made = line
                if isinstance(line.value, Chain):
                    made = replace(line, value=replace(line.value, lines=self.slice(line.value.lines, live, behind)))
                rules = [static.code for _, rule in line.begins for _, static in rule.arguments]
                for code in (*codes_of(line), *rules):
                    self._reads(code, live)
                return made
            case Declare():
                return line if line.part.number in self._used else None
            case Effect():
                self._reads(line.code, live)
                return line
            case Raise():
                return line
            case If():
                yes_live, no_live = set(live), set(live)
                yes, no = self.slice(line.yes, yes_live, behind), self.slice(line.no, no_live, behind)
                if not yes and not no:
                    return None
                live.clear()
                live |= yes_live | no_live
                self._reads(line.test, live)
                return If(line.test, yes, no)
            case For():
                while True:
                    inside = set(live)
                    kept = self.slice(line.lines, inside, outside | live)
                    if not kept:
                        self.lost |= live & names_stored(line.target)
                        return None
                    into, source = line.target, line.source
                    if line.flow is not None:
                        into, source = without_idle(into, source, inside)
                    into, source = loop_head(into, source, inside)
                    inside -= names_stored(line.target)
                    if inside <= live:
                        break
                    live |= inside
                self._reads(source, live)
                return For(into, source, kept, line.lists)
            case Training():
                return self.slice(line.lines, live, outside)
            case _:
                return None

    def _is_needed(self, line: Register) -> bool:
        """Whether a part is applied, or has to keep the places of others."""
        if line.part.is_named:
            self._keep_place(line)
        is_used = line.part.number in self._used and line.value is not None
        return is_used and (not line.fills or line in self._registers)

    def _keep_place(self, line: Register) -> None:
        """What nothing goes through in a list with a name leaves its place to an identity."""
        part = line.part
        whole = part.whole
        if whole is None or whole.number not in self._used or whole.number in self._filled:
            return
        if part.number not in self._used or line.value is None:
            line.value, line.begins, line.kind = placeholder(), (), ""
            self._used.add(part.number)
