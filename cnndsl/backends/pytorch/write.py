"""The lines of `__init__` and `forward`, as text."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import cached_property
from textwrap import wrap
from typing import Any

from cnndsl.backends.pytorch.code import (
    BUILTINS,
    WIDTH,
    Code,
    all_of,
    attribute,
    call,
    constant,
    flat,
    free_name,
    is_empty_list,
    laid_out,
    list_of,
    loop_lines,
    name,
    names_in,
    names_stored,
    negated,
    not_in,
    replaced,
    sequential,
    side_by_side,
    subscript,
    tuple_of,
    zipped,
)
from cnndsl.backends.pytorch.flowgraph import (
    EACH,
    ELEMENT,
    FLOW,
    LIST,
    MODULE_LIST,
    MODULES,
    Append,
    Assign,
    Chain,
    Comment,
    Compute,
    Declare,
    Do,
    Effect,
    For,
    If,
    Part,
    Raise,
    Register,
    Return,
    Training,
    computed,
    names_read,
    nodes_of,
    parts_read,
    uses,
    walk,
)
from cnndsl.ir.names import is_attribute

_STEP = "    "
_LONGEST = 72
"""Up to this many characters a loop in a chain is a generator, and else lines of their own."""


def said(comment: Comment | None, indent: str) -> list[str]:
    """The lines of a comment, unless it stands somewhere already."""
    if comment is None or comment.is_written:
        return []
    comment.is_written = True
    return _wrapped(comment, indent)


def _wrapped(comment: Comment, indent: str = "") -> list[str]:
    text = "".join(c if c.isprintable() or c == "\n" else " " for c in comment.text)
    head = f"{indent}# "
    return [
        line
        for each in text.split("\n")
        for line in wrap(each, WIDTH, initial_indent=head, subsequent_indent=head, break_long_words=False)
    ]


def _value_of(line: Append, value: Any) -> Any:
    """What goes to the end of a chain, with the comment that stands above it."""
    if line.comment is not None and not isinstance(value, Chain):
        value.above = _wrapped(line.comment)
    return value


def _taken_above(value: Any, indent: str) -> list[str]:
    """The comment above what goes to the end of a chain, which is not written again with it."""
    return [f"{indent}{line}" for line in vars(value).pop("above", [])]


class InitWriter:
    """Writes the lines of `__init__`."""

    def __init__(self, free: Any, lines: Iterable[Any]) -> None:
        self._free, self._all = free, lines
        self._declared: set[str] = set()
        self._typed: set[str] = set()
        kept = {flat(line.code) for line in walk(lines) if isinstance(line, Effect)}
        self._kept = {each.name for each in walk(lines) if isinstance(each, Assign) and each.type and each.name in kept}
        """The lists that attributes keep as they are at one place, and that grow further on."""

    @cached_property
    def _names_read(self) -> set[str]:
        return names_read(self._all)

    def lines(self, lines: Sequence[Any], indent: str) -> list[str]:
        """Lines as text."""
        return [text for line in lines for text in self._line(line, indent)]

    def _line(self, line: Any, indent: str) -> list[str]:
        above = [] if line.comment is None or line.comment.is_in_forward else said(line.comment, indent)
        return [*above, *self._plain(line, indent)]

    def _plain(self, line: Any, indent: str) -> list[str]:
        """A line without its comment."""
        match line:
            case Assign(code=ast.BinOp(ast.Name(id=each), ast.Add() | ast.Sub() as op, more)) if (
                each == line.name and each not in self._kept
            ):
                sign = "+" if isinstance(op, ast.Add) else "-"
                return laid_out(more, indent, f"{line.name} {sign}= ")
            case Assign():
                return laid_out(line.code, indent, f"{line.name}{self._type_of(line)} = ")
            case Register():
                return self._register(line, indent)
            case Declare():
                kind = "nn.ParameterList" if line.part.type == "nn.Parameter" else MODULE_LIST
                return [f"{indent}self.{line.part.name} = {kind}()"]
            case Effect():
                return laid_out(line.code, indent, f"{flat(line.target)}{line.type and f': {line.type}'} = ")
            case Do():
                return laid_out(line.code, indent, line.word)
            case Raise():
                return laid_out(call("raise ValueError", constant(line.message)), indent)
            case If():
                return [*self._declarations(line, indent), *self._condition(line, indent, self.lines)]
            case For():
                conditions = (each for each in walk(line.lines) if isinstance(each, If))
                made = [text for each in conditions for text in self._declarations(each, indent)]  # once, for all turns
                body = self.lines(line.lines, indent + _STEP)
                return [*made, *loop_lines(line.target, line.source, indent), *body]
            case _:
                message = f"no way to write {line}"
                raise TypeError(message)

    def _type_of(self, line: Assign) -> str:
        """The annotation of a variable: where it is first given something, if that does not tell."""
        kind = line.type or ("list[int]" if is_empty_list(line.code) else "")
        is_first = line.name not in self._typed
        self._typed.add(line.name)
        return f": {kind}" if kind and is_first else ""

    def _condition(self, line: If, indent: str, inner: Any, word: str = "if") -> list[str]:
        """A condition; `inner` writes the lines in it."""
        test, yes, no = line.test, line.yes, line.no
        if not yes and not no:  # all in it went where it is used
            return []
        if not yes:
            test, yes, no = negated(test), no, []
        if not no:
            test, yes = as_one(test, yes)
        made = [*laid_out(test, indent, f"{word} ", ":"), *inner(yes, indent + _STEP)]
        if len(no) == 1 and isinstance(no[0], If) and no[0].yes:
            return [*made, *self._condition(no[0], indent, inner, "elif")]
        return [*made, f"{indent}else:", *inner(no, indent + _STEP)] if no else made

    def _declarations(self, line: If, indent: str) -> list[str]:
        """What the parts are that are only registered on some ways."""
        made = []
        parts: dict[str, list[Part]] = {}
        for each in walk([line]):
            if isinstance(each, Register) and each.part.is_attribute:
                parts.setdefault(each.part.name, []).append(each.part)
        always = always_registered([line]) if parts else set()
        for word, found in parts.items():
            if word in self._declared:
                continue
            self._declared.add(word)
            types = {part.type for part in found}
            kind = types.pop() if len(types) == 1 else "nn.Module"
            if word in always:
                if len(found) > 1 and kind == "nn.Module":
                    made.append(f"{indent}self.{word}: {kind}")
            elif kind == "nn.Buffer":  # PyTorch refuses one in place of an attribute that is None
                made += [f"{indent}self.{word}: {kind} | None", f'{indent}self.register_buffer("{word}", None)']
            else:
                made.append(f"{indent}self.{word}: {kind} | None = None")
        return made

    def _register(self, line: Register, indent: str) -> list[str]:
        assert line.value is not None  # noqa: S101 - others are gone
        before: list[str] = []
        value = line.value
        is_whole = isinstance(value, Chain) and value.kind == MODULE_LIST
        if isinstance(value, Chain):
            before, value = self.chain(value, indent, line.part.name)
        if line.part.is_list and not is_whole:
            word, place = ("insert", [constant(0)]) if line.is_in_front else ("append", [])
            return [*before, *laid_out(call(attribute("self", line.part.name, word), *place, value), indent)]
        if line.part.label is not None:
            return [*before, *laid_out(call("self.add_module", line.part.label, value), indent)]
        kind = f": {line.part.type} | None" if line.part.is_optional else ""
        return [*before, *laid_out(value, indent, f"self.{line.part.name}{kind} = ")]

    # Chains

    def chain(self, chain: Chain, indent: str, wanted: str) -> tuple[list[str], Code]:
        """The lines that a chain needs, and its `nn.Sequential`."""
        inline = self.inline(chain)
        if inline is not None:
            before, items = inline
            lines, value = self.lines(before, indent), _whole(chain, items)
        else:
            lines, variable = self.listed(chain, indent, wanted)
            is_given_whole = chain.is_labelled or chain.kind == MODULE_LIST
            value = call(chain.kind, name(variable) if is_given_whole else ast.Starred(name(variable), ast.Load()))
        return lines, call("of_features", value) if chain.of_features else value

    def inline(self, chain: Chain) -> tuple[list[Assign], list[tuple[Code | None, Code]]] | None:
        """The parts of a chain one by one, and the variables that they need before; None where it takes lines."""
        before: list[Assign] = []
        items: list[tuple[Code | None, Code]] = []
        for line in chain.lines:
            if isinstance(line, Assign):
                if any(line.name in names_in(value) for _, value in items):
                    return None
                before.append(line)
            elif isinstance(line, Append):
                value = line.value
                if isinstance(value, Chain):
                    inner = None if value.of_features else self.inline(value)
                    if inner is None:
                        return None
                    before += inner[0]
                    value = _whole(value, inner[1])
                items.append((line.label, _value_of(line, value)))
            elif isinstance(line, For):
                inside: list[ast.comprehension] = []
                match self.inline(Chain(line.lines)):
                    case [], [(None, ast.Starred(ast.GeneratorExp(turn, inside)))]:
                        pass
                    case [], [(None, turn)]:
                        pass
                    case _:
                        return None
                loop = ast.comprehension(line.target, line.source, [], 0)
                turns = ast.Starred(ast.GeneratorExp(turn, [loop, *inside]), ast.Load())
                if len(flat(turns)) > _LONGEST and chain.kind != MODULE_LIST:
                    return None
                items.append((None, turns))
            else:
                return None
        if any(label is not None for label, _ in items) and any(isinstance(each, ast.Starred) for _, each in items):
            return None
        if len({line.name for line in before}) != len(before):
            return None
        if any(line.name in names_in(line.code) or uses(line.code).sizes for line in before):
            return None
        return before, items

    def listed(self, chain: Chain, indent: str, wanted: str) -> tuple[list[str], str]:
        """The lines that make a chain step by step, and the variable in which it is."""
        variable = self._free(wanted if is_attribute(wanted) else "layers", self._names_read)
        lines = list(chain.lines)
        made: list[str] = []
        if chain.is_labelled:
            made.append(f"{indent}{variable}: OrderedDict[str, nn.Module] = OrderedDict()")
            return [*made, *self._steps(lines, indent, variable, labelled=True)], variable
        first: list[Code] = []
        while lines:
            line = lines[0]
            if isinstance(line, Assign) and not first:
                made += self._line(line, indent)
            elif isinstance(line, Append) and not isinstance(line.value, Chain):
                first.append(_value_of(line, line.value))
            else:
                break
            del lines[0]
        made += laid_out(list_of(first), indent, f"{variable}: list[nn.Module] = ")
        return [*made, *self._steps(lines, indent, variable, labelled=False)], variable

    def _steps(self, lines: Sequence[Any], indent: str, variable: str, *, labelled: bool) -> list[str]:
        made: list[str] = []
        run: list[Code] = []

        def close() -> None:
            if len(run) == 1:
                made.extend(_taken_above(run[0], indent))
                made.extend(laid_out(call(attribute(variable, "append"), run[0]), indent))
            elif run:
                made.extend(laid_out(list_of(run), indent, f"{variable} += "))
            run.clear()

        def within(lines: Sequence[Any], indent: str) -> list[str]:
            return self._steps(lines, indent, variable, labelled=labelled)

        for line in lines:
            if isinstance(line, Append):
                value = line.value
                if isinstance(value, Chain):
                    before, value = self.chain(value, indent, "stage")
                    if before:
                        close()
                        made += before
                value = _value_of(line, value)
                if not labelled:
                    run.append(value)
                    continue
                label = line.label if line.label is not None else call("str", call("len", name(variable)))
                made += _taken_above(value, indent)
                made += laid_out(value, indent, f"{variable}[{flat(label)}] = ")
                continue
            close()
            match line:
                case If():
                    made += [*said(line.comment, indent), *self._condition(line, indent, within)]
                case For():
                    made += said(line.comment, indent)
                    made += [*loop_lines(line.target, line.source, indent), *within(line.lines, indent + _STEP)]
                case _:
                    made += self._line(line, indent)
        close()
        return made


def _whole(chain: Chain, items: Sequence[tuple[Code | None, Code]]) -> Code:
    """A chain or a list of what is in it."""
    if chain.kind != MODULE_LIST:
        return sequential(items)
    values = [value for _, value in items]
    if len(values) == 1 and isinstance(values[0], ast.Starred):
        return call(MODULE_LIST, values[0].value)
    if len(values) > 1 and len(set(map(flat, values))) == 1:
        turns = ast.comprehension(name("_"), call("range", ast.Constant(len(values))), [], 0)
        return call(MODULE_LIST, ast.GeneratorExp(values[0], [turns]))
    return call(MODULE_LIST, list_of(values)) if values else call(MODULE_LIST)


def always_registered(lines: Iterable[Any]) -> set[str]:
    """The parts that are registered on every way through lines."""
    found: set[str] = set()
    for line in lines:
        match line:
            case Register():
                found.add(line.part.name)
            case If():
                found |= always_registered(line.yes) & always_registered(line.no)
    return found


class ForwardWriter:
    """Writes the lines of `forward`."""

    def __init__(
        self,
        parts: dict[int, Part],
        inputs: Iterable[str],
        optional: set[int],
        used: set[int],
        attributes: Mapping[str, str],
    ) -> None:
        self._parts, self._optional, self._attributes = parts, optional, attributes
        self._known = set(inputs)
        self._locals: set[str] = set()
        self._gone_through: set[str] = set()
        """The variables of loops through lists of layers, which TorchScript wants in no list."""
        self.returns: set[str] = set()
        self._loop_parts: dict[int, Code] = {}
        """How the lines of the loops at hand speak of a part of a list."""
        self._elements: dict[int, Code] = {}
        self._items: set[str] = set()
        """The variables of loops that are no layers."""
        self._counts: Counter[str] = Counter()
        """How often each variable is given something."""
        self._there: frozenset[int] = frozenset()
        """The parts that may be missing and are there at the line at hand."""
        self._returned: set[str] = set()
        """The variables that are all that a `return` gives."""
        self._shared_lists: set[str] = set()
        """The lists of values that have another name, too, or are gone through while they grow."""
        self._rows: dict[Part, list[int]] = {}
        """For lists whose parts are applied one by one the numbers of these."""
        self._shared: set[int] = set()
        """The lists that several loops fill, each of which goes on behind the part where the one before it ended."""
        self._begins: dict[int, list[str]] = {}
        """By the `id` of lines the variables that go through a list of parts from there on, each as a line."""
        for number, part in parts.items():
            if part.whole is not None and part.is_named:
                self._elements[number] = subscript(attribute("self", part.whole.name), ast.Constant(part.at))
            elif part.whole is not None and number in used:
                self._rows.setdefault(part.whole, []).append(number)

    def whole(self, lines: Sequence[Any], indent: str) -> list[str]:
        """All lines of the method."""
        self._counts = Counter(computed(lines))
        self._shared_lists = {*self._known, *_lists_seen_twice(lines)}
        for line in walk(lines):
            if isinstance(line, For):
                self._items |= {each.removeprefix(FLOW) for each in names_stored(line.target)}
            elif isinstance(line, Return):
                for outputs in (line.always, (*line.always, *line.training)):
                    self._returned |= {
                        code.id for _, code in outputs if len(outputs) == 1 and isinstance(code, ast.Name)
                    }
        always: set[int] = set()
        if self._rows:
            always = always.union(*map(parts_read, lines))
        filled = Counter(
            part for line in walk(lines) if isinstance(line, For) for part in line.lists if _is_filled(line, part)
        )
        for part, loops in filled.items():
            if loops > 1 or part in self._rows:
                self._shared.add(part.number)
                variable = self._iterated(part, [part.number, *self._rows.get(part, ())], lines)
                self._loop_parts[part.number] = call("next", name(variable))
                self._elements |= dict.fromkeys(self._rows.pop(part, ()), call("next", name(variable)))
        for part, numbers in self._rows.items():
            if always.issuperset(numbers):
                for at, number in enumerate(numbers):
                    self._elements[number] = subscript(attribute("self", part.name), ast.Constant(at))
                continue
            # Which place one has depends on which of those before it are there.
            variable = self._iterated(part, numbers, lines)
            self._elements |= dict.fromkeys(numbers, call("next", name(variable)))
        return self._block(lines, indent)

    def _iterated(self, part: Part, numbers: Iterable[int], lines: Sequence[Any]) -> str:
        """The variable that goes through a list of parts: from the beginning on, or where there may be no such list
        under the condition under which there is one.
        """
        variable = self._variable_for(part)
        self._locals.add(variable)
        inner = _innermost(lines, set(numbers))
        self._begins.setdefault(id(inner[0]), []).append(f"{variable} = iter(self.{part.name})")
        return variable

    def _variable_for(self, part: Part, others: Iterable[str] = ()) -> str:
        """A variable for the parts of a list, which is none of `others`."""
        return not_in(part.each or part.name, self._taken() | self._items | set(others))

    def _taken(self) -> set[str]:
        """The variables of the method that have something at the line at hand, or get something anywhere."""
        return {each.removeprefix(FLOW) for each in (*self._known, *self._counts, *self._attributes)} | self._locals

    def lines(self, lines: Sequence[Any], indent: str) -> list[str]:
        """Lines as text."""
        made: list[str] = []
        rest = enumerate(lines)
        for at, line in rest:
            made += [f"{indent}{begin}" for begin in self._begins.get(id(line), ())]
            made += said(line.comment, indent)
            if (loop := _filling(line, lines[at + 1 :])) is not None:
                made += self._list(line, loop, indent)
                next(rest)
                continue
            made += self._line(line, indent)
        return made

    def _block(self, lines: Sequence[Any], indent: str, asked: Iterable[int] = ()) -> list[str]:
        """Lines that are run together, in which the parts are there that a condition around them has `asked` for."""
        before = self._there
        self._there = before.union(asked)
        lacking = sorted(optional_used(lines, self._optional) - self._there)
        self._there = self._there.union(lacking)
        made = [f"{indent}assert self.{self._parts[number].name} is not None" for number in lacking]
        made += self.lines(lines, indent)
        self._there = before
        return made

    def code(self, code: Code) -> Code:
        """An expression with what `__init__` has kept."""
        values: dict[str, Code] = {}
        for each in names_in(code):
            if each.startswith(FLOW):
                values[each] = name(each.removeprefix(FLOW))
            elif each.startswith(EACH):
                values[each] = self._loop_parts[int(each.removeprefix(EACH))]
            elif each.startswith(MODULES):
                part = self._parts[int(each.removeprefix(MODULES))]
                values[each] = attribute("self", part.name)
                values[f"{EACH}{part.number}"] = name(self._variable_for(part, self._gone_through))
            elif each.startswith(ELEMENT):
                values[each] = self._elements[int(each.removeprefix(ELEMENT))]
            elif each not in self._locals and each not in BUILTINS:
                values[each] = attribute("self", self._attributes.get(each, each))
        return replaced(code, values)

    def _line(self, line: Any, indent: str) -> list[str]:
        match line:
            case Compute():
                return self._compute(line, indent)
            case Assign():
                is_open = is_empty_list(line.code) and line.name not in self._locals
                self._locals.add(line.name)
                return laid_out(self.code(line.code), indent, f"{line.name}{': list[int]' if is_open else ''} = ")
            case If():
                return self._if(line, indent)
            case For():
                return self._for(line, indent)
            case Training():
                return [f"{indent}if self.training:", *self.lines(line.lines, indent + _STEP)]
            case Return():
                return self._return(line, indent)
            case _:
                message = f"no way to write {line}"
                raise TypeError(message)

    def _compute(self, line: Compute, indent: str) -> list[str]:
        code = self.code(line.code)
        if not line.names:
            return laid_out(code, indent)
        match line.code, code:
            case ast.BinOp(left=ast.Name(grown)), ast.BinOp(left=held, op=ast.Add(), right=ast.List(items)) if (
                line.names == (grown,) and grown not in self._shared_lists
            ):
                if len(items) == 1:
                    return laid_out(call(attribute(held, "append"), *items), indent)
                return laid_out(list_of(items), indent, f"{flat(held)} += ")
        shown = [each.removeprefix(FLOW) for each in line.names]
        is_open = is_any(code)
        if len(line.names) == 1 and line.type != "tuple":
            lead = shown[0]
            is_new = line.names[0] not in self._known
            if is_new and line.type and (is_open or self._counts[line.names[0]] > 1 or line.type != "Tensor"):
                lead += f": {line.type}"
            self._known.add(line.names[0])
            single = laid_out(code, indent, f"{lead} = ")
            if line.note and len(single[-1]) + len(line.note) + 4 <= WIDTH:
                single[-1] += f"  # {line.note}"
            return single
        made: list[str] = []
        if is_open and not self._returned.isdisjoint(set(line.names) - self._known):
            whole = free_name("parts", self._taken())
            self._known.add(FLOW + whole)
            made = laid_out(code, indent, f"{whole}: tuple[{', '.join(['Tensor'] * len(shown))}] = ")
            code = name(whole)
        self._known |= set(line.names)
        lead = ", ".join(shown) if len(shown) > 1 else f"({shown[0]},)"
        return [*made, *laid_out(code, indent, f"{lead} = ")]

    def _if(self, line: If, indent: str, word: str = "if") -> list[str]:
        test, yes = (line.test, line.yes) if line.no else as_one(line.test, line.yes, self._begins)
        made = laid_out(self.code(test), indent, f"{word} ", ":")
        made += self._block(yes, indent + _STEP, () if line.in_loop else optional_used(yes, self._optional))
        if len(line.no) == 1 and isinstance(line.no[0], If):
            made += self._if(line.no[0], indent, "elif")
        elif line.no:
            made += [f"{indent}else:", *self._block(line.no, indent + _STEP)]
        return made

    def _list(self, line: Compute, loop: For, indent: str) -> list[str]:
        """A list, and the loop that fills it, as a comprehension."""
        (filled,) = loop.lines
        outer_parts, outer_locals = dict(self._loop_parts), set(self._locals)
        _, into, whole = self._head(loop, indent)
        item = self.code(filled.code.right.elts[0])
        self._loop_parts, self._locals = outer_parts, outer_locals
        (variable,) = line.names
        lead = variable.removeprefix(FLOW) + ("" if variable in self._known else f": {line.type}")
        self._known.add(variable)
        return laid_out(ast.ListComp(item, [ast.comprehension(into, whole, [], 0)]), indent, f"{lead} = ")

    def _for(self, line: For, indent: str) -> list[str]:
        outer_parts, outer_locals = dict(self._loop_parts), set(self._locals)
        made, into, whole = self._head(line, indent)
        head = loop_lines(into, whole, indent)
        body = self._block(line.lines, indent + _STEP)
        self._loop_parts, self._locals = outer_parts, outer_locals
        return [*made, *head, *body]

    def _head(self, line: For, indent: str) -> tuple[list[str], Code, Code]:
        """The lines before a loop, its variables, which are known from here on, and what it goes through."""
        needs_target = not line.reads.isdisjoint(names_stored(line.target))
        self._known |= {each for each in names_stored(line.target) if each.startswith(FLOW)}
        into, whole = self._plain_target(line.target), self.code(line.source)
        used = [part for part in line.lists if _is_filled(line, part) and part.number not in self._shared]
        made: list[str] = []
        in_turn = lists_in_turn(line)
        pairs: list[tuple[Code, Code]] = []
        for part in used:
            variable = name(self._variable_for(part))
            if part.number in in_turn:
                self._loop_parts[part.number] = variable
                pairs.append((variable, attribute("self", part.name)))
            else:
                made.append(f"{indent}{variable.id} = iter(self.{part.name})")
                self._loop_parts[part.number] = call("next", variable)
        match into, whole:
            case _, ast.Call(ast.Name("range"), [_]) if pairs and needs_target:
                inner, whole = zipped(pairs)
                pairs = [(tuple_of([into, inner]), call("enumerate", whole))]
            case ast.Tuple(elts=[index, inner]), ast.Call(ast.Name("enumerate"), [items]) if pairs and needs_target:
                inner, items = zipped([*side_by_side(inner, items), *pairs])
                pairs = [(tuple_of([index, inner]), call("enumerate", items))]
            case _ if needs_target or not pairs:
                pairs = [*side_by_side(into, whole), *pairs]
        into, whole = zipped(pairs)
        for each in sorted(line.carried):
            made.append(f"{indent}{each} = self.{self._attributes.get(each, each)}")
            self._locals.add(each)
        self._locals |= names_stored(line.target)
        return made, into, whole

    def _plain_target(self, into: Code) -> Code:
        """What a loop gives its items to, in Python."""
        names: dict[str, Code] = {}
        for each in names_stored(into):
            if each.startswith(FLOW):
                names[each] = name(each.removeprefix(FLOW))
            elif each.startswith(EACH):
                whole = self._parts[int(each.removeprefix(EACH))]
                names[each] = self._loop_parts[whole.number] = name(variable := self._variable_for(whole))
                self._locals.add(variable)
                self._gone_through.add(variable)
        return replaced(into, names)

    def _return(self, line: Return, indent: str) -> list[str]:
        made: list[str] = []
        if line.training:
            made.append(f"{indent}if self.training:")
            made += self._result((*line.always, *line.training), indent + _STEP)
        return [*made, *self._result(line.always, indent)]

    def _result(self, outputs: Sequence[tuple[str | None, Code]], indent: str) -> list[str]:
        codes = [self.code(code) for _, code in outputs]
        if outputs[0][0] is not None:
            self.returns.add("dict[str, Tensor]")
            return laid_out(ast.Dict([ast.Constant(word) for word, _ in outputs], codes), indent, "return ")
        if len(codes) == 1:
            is_any_number = isinstance(codes[0], ast.Call) and flat(codes[0].func) == "tuple"
            self.returns.add("tuple[Tensor, ...]" if is_any_number else "Tensor")
            return laid_out(codes[0], indent, "return ")
        self.returns.add(f"tuple[{', '.join(['Tensor'] * len(codes))}]")
        row = ", ".join(map(flat, codes))
        if len(row) + len(indent) + 7 <= WIDTH:
            return [f"{indent}return {row}"]
        return laid_out(tuple_of(codes), indent, "return ")


def _lists_seen_twice(lines: Iterable[Any]) -> set[str]:
    """The lists of values in `forward` that are not added to in place: others see it, or the loop that does it."""
    found: set[str] = set()
    for line in walk(lines):
        match line:
            case Compute(names=names, code=ast.Name() | ast.IfExp()) if line.type == LIST:
                found |= {*names, *names_in(line.code)}
            case For():
                found |= names_in(line.source) & set(computed(line.lines))
    return found


def as_one(test: Code, lines: list[Any], apart: Container[int] = ()) -> tuple[Code, list[Any]]:
    """A condition without another way, with those that are all that is in it, unless (by `id`) they stand apart."""
    match lines:
        case [If(yes=[_, *_], no=[], comment=None) as inner] if id(inner) not in apart:
            return as_one(all_of([*_both_of(test), *_both_of(inner.test)]), inner.yes, apart)
        case _:
            return test, lines


def _both_of(test: Code) -> list[Code]:
    return test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]


def optional_used(lines: Iterable[Any], optional: set[int]) -> set[int]:
    """The parts that may be missing and are applied in lines, but for those inside further conditions."""
    if not optional:
        return set()
    own = [each for line in lines for each in (line.lines if isinstance(line, Training) else [line])]
    used: set[int] = set().union(*(parts_read(line) for line in own if isinstance(line, Compute)))
    return used & optional


def is_any(code: Code) -> bool:
    """Whether mypy knows nothing of what an expression gives: a module's call."""
    match code:
        case ast.BinOp(left=inner) | ast.Subscript(value=inner):
            return is_any(inner)
        case ast.Call(func=ast.Attribute(value=owner)):
            return isinstance(owner, ast.Name) and owner.id == "self"
        case ast.Call(func=called):
            return not (isinstance(called, ast.Name) and called.id in ("sum", "max"))
        case _:
            return False


def _innermost(lines: Sequence[Any], numbers: set[int]) -> Sequence[Any]:
    """The lines among which all are that apply parts with these numbers: some lines, or those of a branch in them."""

    def applies(line: Any) -> bool:
        return any(not numbers.isdisjoint(parts_read(each)) for each in walk([line]))

    match list(filter(applies, lines)):
        case [If() as line] if numbers.isdisjoint(parts_read(line)):
            sides = [side for side in (line.yes, line.no) if any(map(applies, side))]
            return _innermost(sides[0], numbers) if len(sides) == 1 else lines
        case [Training() as line]:
            return _innermost(line.lines, numbers)
        case _:
            return lines


def _is_filled(line: For, part: Part) -> bool:
    """Whether the turns of a loop apply the parts of a list one after the other."""
    return not part.is_named and part.number in _used_lists(line.lines)


def _used_lists(lines: Iterable[Any]) -> set[int]:
    names = (node.id for node in nodes_of(lines) if isinstance(node, ast.Name))
    return {int(each.removeprefix(EACH)) for each in names if each.startswith(EACH)}


def _filling(line: Any, rest: Sequence[Any]) -> For | None:
    """The loop behind a line that adds a value to its empty list in each turn, and stands for a list in the text."""
    match line, rest:
        case Compute(names=names, code=ast.List(elts=[])), [
            For(is_comprehension=True, lines=[Compute(code=ast.BinOp(right=ast.List(elts=[item]))) as filled]) as loop,
            *_,
        ]:
            is_plain = filled.names == names and names_in(item).isdisjoint(names) and not loop.carried
            return loop if is_plain and lists_in_turn(loop) >= _used_lists(loop.lines) else None
    return None


def lists_in_turn(line: For) -> set[int]:
    """The lists of parts of which a loop applies one in each turn, once, whatever happens."""
    inner = [each for each in line.lines if isinstance(each, (For, If, Training))]
    counts = Counter(node.id for node in nodes_of(line.lines) if isinstance(node, ast.Name))
    return {number for number in _used_lists(line.lines) - _used_lists(inner) if counts[f"{EACH}{number}"] == 1}
