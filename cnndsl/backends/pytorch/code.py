"""Python that is written: expressions are nodes of `ast`, laid out as the common formatter does at 88 columns."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cache, reduce
from typing import Any

from cnndsl.ir.names import numbered
from cnndsl.layers.formula import AXES
from cnndsl.symbolic.number import Traced, value_of

WIDTH = 88
_STEP = "    "

Code = ast.expr
BUILTINS = frozenset(
    ["F", "abs", "all", "any", "ceil", "center_crop", "dict", "enumerate", "float", "floor", "getattr", "int",
     "isinstance", "iter", "len", "list", "make_divisible", "math", "max", "min", "next", "nn", "range", "reversed",
     "round", "self", "sorted", "str", "sum", "torch", "tuple", "zip"]
)  # fmt: skip
"""What an expression may call or speak of without a line that gives it."""


def name(text: str) -> ast.Name:
    """A variable."""
    return ast.Name(text, _LOAD)


def constant(value: Any) -> Code:
    """A constant; tuples and lists of constants are those of Python."""
    if isinstance(value, tuple):
        return ast.Tuple([constant(item) for item in value], _LOAD)
    if isinstance(value, list):
        return ast.List([constant(item) for item in value], _LOAD)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def is_literal(code: Code) -> bool:
    """Whether an expression is one constant, perhaps with a sign."""
    return isinstance(code.operand if isinstance(code, ast.UnaryOp) else code, ast.Constant)


def within_64_bits(value: Any, code: Code) -> Code:
    """The Python of a number that PyTorch gets, which takes whole numbers of up to 64 bits."""
    if not is_beyond_64_bits(value_of(value)):
        return code
    return call("float", code) if isinstance(value, Traced) else constant(float(value))


def is_beyond_64_bits(value: Any) -> bool:
    """Whether a value is a whole number that needs more than 64 bits."""
    return isinstance(value, int) and abs(value) >= 2**63


def attribute(value: Code | str, *names: str) -> Code:
    """`value.name`, for one name after the other."""
    result: Code = name(value) if isinstance(value, str) else value
    for text in names:
        result = ast.Attribute(result, text, _LOAD)
    return result


def dotted(text: str) -> Code:
    """`nn.Conv2d`, from its text."""
    first, *rest = text.split(".")
    return attribute(first, *rest)


def call(function: Code | str, /, *arguments: Code, **named: Code) -> ast.Call:
    """A call."""
    called = dotted(function) if isinstance(function, str) else function
    return ast.Call(called, list(arguments), [ast.keyword(word, value) for word, value in named.items()])


def subscript(value: Code, index: Code) -> Code:
    """`value[index]`."""
    return ast.Subscript(value, index, _LOAD)


def list_of(items: Iterable[Code]) -> ast.List:
    """`[a, b]`."""
    return ast.List(list(items), _LOAD)


def copied(items: Code) -> Code:
    """A list that nothing else has; one that is made where it stands is so already."""
    return call("list", items) if isinstance(items, (ast.Name, ast.IfExp)) else items


def sequential(items: Sequence[tuple[Code | None, Code]]) -> Code:
    """`nn.Sequential(...)`; with labels, of an ordered dictionary."""
    if all(label is None for label, _ in items):
        return call("nn.Sequential", *(value for _, value in items))
    pairs = (
        tuple_of([label if label is not None else constant(str(at)), value]) for at, (label, value) in enumerate(items)
    )
    return call("nn.Sequential", call("OrderedDict", list_of(pairs)))


def tuple_of(items: Iterable[Code]) -> ast.Tuple:
    """`(a, b)`."""
    return ast.Tuple(list(items), _LOAD)


def not_in(wanted: str, taken: Container[str]) -> str:
    """A name, with underscores behind it where it is taken."""
    while wanted in taken:
        wanted += "_"
    return wanted


def free_name(wanted: str, *taken: Container[str]) -> str:
    """A name, with a number from 2 on behind it where it is taken."""
    made, at = wanted, 1
    while any(made in names for names in taken):
        at += 1
        made = f"{wanted}{at}"
    return made


def parsed(text: str) -> Code:
    """An expression from its text."""
    return ast.parse(text, mode="eval").body


def filled(template: str, codes: Mapping[str, Code]) -> Code:
    """An expression from its text, with other expressions in its places."""
    places = {f"place_{at}": code for at, code in enumerate(codes.values())}
    return replaced(parsed(template.format(**dict(zip(codes, places, strict=True)))), places)


def gone_through(items: Code) -> Code:
    """A list that is only gone through: `reversed(items)` for `list(reversed(items))`."""
    match items:
        case ast.Call(ast.Name("list"), [inner]):
            return inner
    return items


def strict(zipped: Code) -> Code:
    """`zip(..., strict=True)` for `zip(...)`."""
    assert isinstance(zipped, ast.Call)  # noqa: S101 - as the caller says
    return ast.Call(zipped.func, zipped.args, [ast.keyword("strict", constant(True))])


def length_of(items: Code) -> Code:
    """`len(items)`, without what makes a list no longer, and `max(n, 0)` for `len(range(n))`."""
    match items:
        case (
            ast.Call(ast.Name("enumerate" | "list" | "reversed" | "sorted" | "zip"), [inner, *_])
            | ast.ListComp(generators=[ast.comprehension(iter=inner, ifs=[])])
        ):
            return length_of(inner)
        case ast.Call(ast.Name("range"), [count]):
            return count if _is_count(count) else call("max", count, ast.Constant(0))
        case ast.Call(ast.Name("range"), [ast.Constant(1), ast.BinOp(count, ast.Add(), ast.Constant(1))]):
            return length_of(call("range", count))
    return call("len", items)


def fewer(count: Code, least: int) -> Code:
    """Whether a list has fewer items than so many, at least 1; `max(n, 0)` is as good as `n` for that."""
    match count:
        case ast.Call(ast.Name("max"), [inner, ast.Constant(0)]):
            return fewer(inner, least)
    return ast.Compare(count, [ast.Lt()], [constant(least)])


def _is_count(code: Code) -> bool:
    """Whether a number is none below 0, for which a list is empty."""
    match code:
        case ast.Constant(int()) | ast.Call(ast.Name("len")) | ast.Call(ast.Name("max"), [_, ast.Constant(0)]):
            return True
        case _:
            return False


def sum_of(items: Code) -> Code:
    """`sum(items)`, of lists that are written out as a sum of what is in them."""
    match items:
        case ast.List([first, *others]):
            return reduce(lambda total, item: ast.BinOp(total, ast.Add(), item), others, first)
        case ast.BinOp(ast.List([item]), ast.Mult(), times) if _is_count(times):
            return ast.BinOp(times, ast.Mult(), item)
        case ast.BinOp(left, ast.Add(), right):
            return ast.BinOp(sum_of(left), ast.Add(), sum_of(right))
    return call("sum", items)


def loop_head(into: Code, items: Code, reads: Container[str]) -> tuple[Code, Code]:
    """The variables of a loop and what it goes through: rows of rows as one row, and without what nothing reads."""

    def is_read(target: Code) -> bool:
        return any(each in reads for each in names_stored(target))

    match into, items:
        case (_, ast.Call(ast.Name("reversed"), [inner])) | (
            _,
            ast.Call(ast.Name("range"), [ast.Call(ast.Name("len"), [ast.Subscript() as inner])]),
        ) if not is_read(into):
            return loop_head(into, inner, reads)
        case ast.Tuple(elts=[index, inner]), ast.Call(func=ast.Name("enumerate"), args=[values, *start]):
            if not is_read(index):
                return loop_head(inner, values, reads)
            inner, values = loop_head(inner, values, reads)
            match values:
                case ast.Call(ast.Name("range"), [_]) if not is_read(inner) and not start:
                    return index, values
                case ast.Name() | ast.Attribute() | ast.List() if not is_read(inner) and not start:
                    return index, call("range", length_of(values))
            return tuple_of([index, inner]), call("enumerate", values, *start)
        case ast.Tuple(targets), ast.Call(ast.Name("zip"), columns, []) if len(targets) == len(columns):
            heads = (loop_head(*pair, reads) for pair in side_by_side(into, items))
            pairs = [pair for head in heads for pair in side_by_side(*head)]
            for at in reversed(range(len(pairs))):  # of what is gone through twice
                others = [flat(column) for other, (_, column) in enumerate(pairs) if other != at]
                if not is_read(pairs[at][0]) and flat(pairs[at][1]) in others:
                    del pairs[at]
            match pairs:
                case [(index, ast.Call(ast.Name("range"), [ast.Call(ast.Name("len")) as count])), (each, values)]:
                    if is_read(index) and flat(count) == flat(length_of(values)):
                        return tuple_of([index, each]), call("enumerate", values)
            made = zipped(pairs)
            return made if is_read(into) or len(pairs) == 1 else (name("_"), made[1])
        case ast.Tuple(elts=targets), _ if is_read(into):
            return tuple_of(loop_head(each, each, reads)[0] for each in targets), items
        case _:
            return into if is_read(into) else name("_"), items


def side_by_side(into: Code, items: Code) -> list[tuple[Code, Code]]:
    """The variables of a loop, each with its list; all together where they are not those of a `zip`."""
    match into, items:
        case ast.Tuple(elts=targets), ast.Call(ast.Name("zip"), columns) if len(targets) == len(columns):
            return [*zip(targets, columns, strict=True)]
    return [(into, items)]


def zipped(pairs: Sequence[tuple[Code, Code]]) -> tuple[Code, Code]:
    """The variables of a loop through lists side by side, and what it goes through; each variable with its list."""
    if len(pairs) == 1:
        return pairs[0]
    return tuple_of(into for into, _ in pairs), call("zip", *(items for _, items in pairs))


def is_not_none(value: Code) -> Code:
    """`value is not None`."""
    return ast.Compare(value, [ast.IsNot()], [ast.Constant(None)])


def all_of(tests: Sequence[Code]) -> Code:
    """`a and b`."""
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), list(tests))


def any_of(tests: Sequence[Code]) -> Code:
    """`a or b`."""
    return tests[0] if len(tests) == 1 else ast.BoolOp(ast.Or(), list(tests))


def _both_ways(pairs: Iterable[tuple[type[ast.cmpop], type[ast.cmpop]]]) -> dict[type[ast.cmpop], type[ast.cmpop]]:
    return {one: other for pair in pairs for one, other in (pair, pair[::-1])}


_OPPOSITE = _both_ways(
    [(ast.Eq, ast.NotEq), (ast.Lt, ast.GtE), (ast.Gt, ast.LtE), (ast.Is, ast.IsNot), (ast.In, ast.NotIn)]
)
_MIRRORED = _both_ways([(ast.Lt, ast.Gt), (ast.LtE, ast.GtE)])


def mirrored(test: ast.Compare) -> ast.Compare:
    """A comparison of two with its sides exchanged."""
    op = type(test.ops[0])
    return ast.Compare(test.comparators[0], [_MIRRORED.get(op, op)()], [test.left])


def negated(test: Code) -> Code:
    """The opposite of a test."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return ast.Compare(test.left, [_OPPOSITE[type(test.ops[0])]()], test.comparators)
    return ast.UnaryOp(ast.Not(), test)


def walk_code(code: ast.AST) -> Iterator[ast.AST]:
    """An expression and all that are in it, each before what is inside it, without operators and how names are used."""
    todo = [code]
    while todo:
        node = todo.pop()
        yield node
        if type(node) not in _LEAVES:
            todo += reversed(inside(node))


def inside(node: ast.AST) -> list[ast.AST]:
    """The nodes that a node holds itself, without operators and how names are used."""
    found: list[ast.AST] = []
    for word in _holding(node._fields):
        value = getattr(node, word, None)
        if type(value) is list:
            found += value
        elif value is not None:
            found.append(value)
    return found


@cache
def _holding(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Of the fields of a node those that hold others, or lists of them."""
    return tuple(word for word in fields if word not in _NO_NODES)


_LEAVES = frozenset([ast.Name, ast.Constant])
BINDERS = frozenset([ast.Lambda, ast.ListComp, ast.GeneratorExp])
"""The nodes that have variables of their own."""
_NO_NODES = frozenset(["ctx", "op", "ops", "attr", "arg", "id", "is_async", "conversion"])
"""Fields that hold operators, names and how these are used."""
_LOAD = ast.Load()
SELF = ast.Name("self", _LOAD)
"""The module itself, which all speak of by this one node."""


def names_in(code: ast.AST) -> set[str]:
    """The variables that are read; those of comprehensions and lambdas inside are not."""
    found: set[str] = set()
    todo = [code]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                found.add(node.id)
        elif isinstance(node, ast.Lambda):
            found |= names_in(node.body) - {argument.arg for argument in node.args.args}
            todo += node.args.defaults
        elif isinstance(node, (ast.ListComp, ast.GeneratorExp)):
            inner = names_in(node.elt)
            for loop in reversed(node.generators):
                inner = inner.union(*map(names_in, loop.ifs))
                inner -= names_stored(loop.target)
                inner |= names_in(loop.iter)
            found |= inner
        elif not isinstance(node, ast.Constant):
            todo += inside(node)
    return found


def has_turns(source: Code) -> bool:
    """Whether what a loop goes through is a number of turns, or a list, that is written out."""
    match source:
        case ast.Call(ast.Name("range"), [ast.Constant()]) | ast.List([_, *_]) | ast.Tuple([_, *_]):
            return True
        case _:
            return False


def is_empty_list(code: ast.AST | None) -> bool:
    """Whether an expression is `[]`."""
    return isinstance(code, ast.List) and not code.elts


def names_stored(target: ast.AST) -> set[str]:
    """The variables that a loop gives its items to."""
    return {node.id for node in walk_code(target) if isinstance(node, ast.Name)}


def words_in(text: str) -> list[str]:
    """The words of a text in Python."""
    return re.findall(r"\w+", text)


def replaced(code: Code, values: Mapping[Any, Code]) -> Code:
    """The expression with other expressions for some variables, or for some nodes; what is not changed is shared."""
    made: Code = _replaced(code, values) if values else code
    return made


def _replaced(node: Any, values: Mapping[Any, Code]) -> Any:
    match node:
        case ast.Name():
            return values.get(node.id, node) if isinstance(node.ctx, ast.Load) else node
        case ast.Constant():
            return node
        case list():
            made = [_replaced(each, values) for each in node]
            return node if made == node else made  # nodes are equal where they are the same
        case ast.AST() if node in values:
            return values[node]
        case ast.AST():
            changed = {
                word: new
                for word in _holding(node._fields)
                if (new := _replaced(old := getattr(node, word, None), values)) is not old
            }
            if not changed:
                return node
            again = copy(node)
            vars(again).update(changed)
            return again
        case _:
            return node


# Writing

_BINARY: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", 11),
    ast.Sub: ("-", 11),
    ast.Mult: ("*", 12),
    ast.MatMult: ("@", 12),
    ast.Div: ("/", 12),
    ast.FloorDiv: ("//", 12),
    ast.Mod: ("%", 12),
    ast.Pow: ("**", 14),
}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
_BOOLEAN: dict[type[ast.boolop], tuple[str, int]] = {ast.Or: ("or", 3), ast.And: ("and", 4)}
OPERATORS = {word: operator for operator, (word, _) in _BINARY.items()}
RELATIONS = {word: relation for relation, word in _COMPARE.items()}
_LAMBDA, _IF, _OR, _NOT, _COMPARED, _UNARY, _ATOM = 1, 2, 3, 5, 6, 13, 16


def literal(value: Any) -> str:
    """A constant in Python."""
    if value is ...:
        return "..."
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in escaped) + '"'
    return repr(value).replace("e+", "e") if isinstance(value, float) else repr(value)


def flat(code: ast.AST) -> str:
    """The expression on one line."""
    match code:
        case ast.Name():
            return code.id
        case ast.Constant():
            return literal(code.value)
        case ast.Attribute():
            return f"{_within(code.value, _ATOM)}.{code.attr}"
        case ast.Call():
            return f"{_within(code.func, _ATOM)}({', '.join(_arguments(code))})"
        case ast.Subscript():
            return f"{_within(code.value, _ATOM)}[{_index(code.slice)}]"
        case ast.Slice():
            return _slice(code)
        case ast.Starred():
            return f"*{_within(code.value, _COMPARED + 1)}"
        case ast.List():
            return f"[{', '.join(map(flat, code.elts))}]"
        case ast.Tuple():
            inner = ", ".join(map(flat, code.elts))
            return f"({inner},)" if len(code.elts) == 1 else f"({inner})"
        case ast.Dict():
            pairs = zip(code.keys, code.values, strict=True)
            return f"{{{', '.join(f'{flat(k)}: {flat(v)}' for k, v in pairs if k is not None)}}}"
        case ast.BinOp():
            word, left, right = _binary(code.op)
            is_close = isinstance(code.op, ast.Pow) and _is_simple(code.left) and _is_simple(code.right)
            gap = "" if is_close else " "
            return f"{_within(code.left, left)}{gap}{word}{gap}{_within(code.right, right)}"
        case ast.UnaryOp(op=ast.Not()):
            return f"not {_within(code.operand, _NOT)}"
        case ast.UnaryOp():
            tight = _ATOM if isinstance(code.operand, ast.UnaryOp) else _UNARY
            return f"{'-' if isinstance(code.op, ast.USub) else '+'}{_within(code.operand, tight)}"
        case ast.BoolOp():
            word, tight = _BOOLEAN[type(code.op)]
            return f" {word} ".join(_within(value, tight + 1) for value in code.values)
        case ast.Compare():
            text = _within(code.left, _COMPARED + 1)
            for op, value in zip(code.ops, code.comparators, strict=True):
                text += f" {_COMPARE[type(op)]} {_within(value, _COMPARED + 1)}"
            return text
        case ast.IfExp():
            yes, test, no = _within(code.body, _IF + 1), _within(code.test, _IF + 1), _within(code.orelse, _IF)
            return f"{yes} if {test} else {no}"
        case ast.Lambda():
            return f"{_lambda(code)} {flat(code.body)}"
        case ast.ListComp():
            return f"[{flat(code.elt)} {_loops(code.generators)}]"
        case ast.GeneratorExp():
            return f"({flat(code.elt)} {_loops(code.generators)})"
        case ast.JoinedStr():
            return 'f"' + "".join(map(_piece, code.values)) + '"'
        case _:
            message = f"no way to write {ast.dump(code)}"
            raise TypeError(message)


def _binary(op: ast.operator) -> tuple[str, int, int]:
    """An operator, and how tightly its left and its right operand have to bind to stand without brackets."""
    word, tight = _BINARY[type(op)]
    return (word, tight + 1, _UNARY) if isinstance(op, ast.Pow) else (word, tight, tight + 1)


def _is_simple(side: ast.expr) -> bool:
    """Whether a power of it is written without spaces."""
    operand = side.operand if isinstance(side, ast.UnaryOp) else side
    return isinstance(operand, (ast.Name, ast.Constant, ast.Attribute))


def _piece(value: ast.expr) -> str:
    if isinstance(value, ast.Constant):
        return literal(value.value)[1:-1].replace("{", "{{").replace("}", "}}")
    assert isinstance(value, ast.FormattedValue)  # noqa: S101 - nothing else stands in such a text
    return f"{{{flat(value.value)}}}"


def _index(index: ast.expr) -> str:
    return ", ".join(map(flat, index.elts)) if isinstance(index, ast.Tuple) else flat(index)


def _slice(code: ast.Slice) -> str:
    """A slice, with spaces around the colons where an end is more than a name or a number."""
    ends = [code.lower, code.upper, *([code.step] if code.step else [])]
    operands = (end.operand if isinstance(end, ast.UnaryOp) else end for end in ends)
    space = "" if all(end is None or isinstance(end, (ast.Name, ast.Constant)) for end in operands) else " "
    text = f"{space}:{space}".join(flat(end) if end else "" for end in ends)
    return text.strip().replace(":  :", "::")


def _lambda(code: ast.Lambda) -> str:
    words = [argument.arg for argument in code.args.args]
    for at, default in enumerate(code.args.defaults, len(words) - len(code.args.defaults)):
        words[at] += f"={flat(default)}"
    return f"lambda {', '.join(words)}:" if words else "lambda:"


def _arguments(code: ast.Call) -> list[str]:
    if len(code.args) == 1 and isinstance(code.args[0], ast.GeneratorExp) and not code.keywords:
        return [flat(code.args[0])[1:-1]]
    return [*map(flat, code.args), *(f"{k.arg}={flat(k.value)}" for k in code.keywords)]


def _loops(generators: list[ast.comprehension]) -> str:
    parts = []
    for loop in generators:
        parts.append(f"for {target(loop.target)} in {_within(loop.iter, _OR)}")
        parts += [f"if {_within(test, _OR)}" for test in loop.ifs]
    return " ".join(parts)


def target(code: ast.expr) -> str:
    """What a loop gives its items to; rows in rows are in brackets."""
    if isinstance(code, ast.Tuple):
        inner = ", ".join(f"({target(item)})" if isinstance(item, ast.Tuple) else target(item) for item in code.elts)
        return f"{inner}," if len(code.elts) == 1 else inner
    return flat(code)


def _within(code: ast.expr, tight: int) -> str:
    """The expression as an operand of what binds so tightly, in brackets where it is looser."""
    text = flat(code)
    return text if _tightness(code) >= tight else f"({text})"


def _tightness(code: ast.expr) -> int:
    match code:
        case ast.BinOp():
            return _BINARY[type(code.op)][1]
        case ast.UnaryOp(op=ast.Not()):
            return _NOT
        case ast.UnaryOp():
            return _UNARY
        case ast.BoolOp():
            return _BOOLEAN[type(code.op)][1]
        case ast.Compare():
            return _COMPARED
        case ast.IfExp():
            return _IF
        case ast.Lambda():
            return _LAMBDA
        case _:
            return _ATOM


def laid_out(code: ast.expr, indent: str, lead: str = "", trail: str = "") -> list[str]:
    """The expression between `lead` and `trail`, on as many lines as it takes."""
    line = f"{indent}{lead}{flat(code)}{trail}"
    items = code.args if isinstance(code, ast.Call) else code.elts if isinstance(code, ast.List) else []
    is_commented = any(hasattr(item, "above") for item in items)
    if len(line) <= WIDTH and not is_commented:
        return [line]
    inner = indent + _STEP
    match code:
        case ast.Call(func=ast.Attribute(value=ast.Call() as inside, attr=word)) if _is_long(code, indent + lead):
            return laid_out(inside, indent, lead, f".{word}({', '.join(_arguments(code))}){trail}")
        case ast.Call() if code.args or code.keywords:
            head = f"{indent}{lead}{_within(code.func, _ATOM)}("
            only = code.args[0] if len(code.args) == 1 and not code.keywords else None
            if isinstance(only, ast.GeneratorExp):
                return [head, *_comprehension(only, inner), f"{indent}){trail}"]
            if isinstance(only, (ast.List, ast.ListComp)):
                return [head, *laid_out(only, inner), f"{indent}){trail}"]
            row = inner + ", ".join(_arguments(code))
            if len(row) <= WIDTH and not is_commented:
                return [head, row, f"{indent}){trail}"]
            lines = [head]
            for argument in code.args:
                lines += argument_lines(argument, inner)
            for keyword in code.keywords:
                lines += laid_out(keyword.value, inner, f"{keyword.arg}=", ",")
            return [*lines, f"{indent}){trail}"]
        case ast.List(elts=[_, *_]) | ast.Tuple(elts=[_, *_]) | ast.ListComp() | ast.GeneratorExp():
            opening, closing = "[]" if isinstance(code, (ast.List, ast.ListComp)) else "()"
            if isinstance(code, (ast.ListComp, ast.GeneratorExp)):
                rows = _comprehension(code, inner)
            else:
                rows = [row for item in code.elts for row in argument_lines(item, inner)]
            return [f"{indent}{lead}{opening}", *rows, f"{indent}{closing}{trail}"]
        case ast.Dict():
            pairs = zip(code.keys, code.values, strict=True)
            rows = [f"{inner}{flat(k)}: {flat(v)}," for k, v in pairs if k is not None]
            return [f"{indent}{lead}{{", *rows, f"{indent}}}{trail}"]
        case ast.Subscript(value=ast.Call()) if len(head := f"{indent}{lead}{_within(code.value, _ATOM)}[") <= WIDTH:
            return [head, f"{inner}{_index(code.slice)}", f"{indent}]{trail}"]
        case ast.Subscript(value=ast.Call()):
            return laid_out(code.value, indent, lead, f"[{_index(code.slice)}]{trail}")
        case ast.Starred() if _tightness(code.value) > _COMPARED:
            return laid_out(code.value, indent, f"{lead}*", trail)
        case ast.Lambda():
            lines = laid_out(code.body, indent, f"{lead}{_lambda(code)} ", trail)
            if len(lines[0]) <= WIDTH:
                return lines
            opened, bracket, kind = lead.partition("[")  # the type of a parameter
            of, _, behind = kind.rpartition("]")
            if len(head := f"{indent}{lead}{_lambda(code)} (") <= WIDTH or not bracket:
                return [head, *laid_out(code.body, inner), f"{indent}){trail}"]
            return [f"{indent}{opened}[", f"{inner}{of}", *laid_out(code, indent, f"]{behind}", trail)]
        case ast.BinOp() if trail != "," and _is_pair(code) and (lines := _hugged(code, indent, lead, trail)):
            return lines
        case ast.BinOp() | ast.BoolOp() if lead.endswith(("= ", "return ")):
            return [f"{indent}{lead}(", *_operands(code, inner), f"{indent}){trail}"]
        case ast.BoolOp() | ast.Compare() if lead.endswith(("if ", "elif ")) and trail == ":":
            return [f"{indent}{lead}(", *_operands(code, inner), f"{indent}){trail}"]
        case ast.BinOp() | ast.BoolOp() if trail == ",":
            first, *rest = _broken(code, indent)
            lines = [f"{indent}{lead}{first.removeprefix(indent)}", *rest]
            return [*lines[:-1], f"{lines[-1]}{trail}"]
        case _:
            return [line]


def loop_lines(into: ast.expr, source: ast.expr, indent: str) -> list[str]:
    """The line, or the lines, that begin a loop over `source`, which gives its items to `into`."""
    lines = laid_out(source, indent, f"for {target(into)} in ", ":")
    if len(lines[0]) <= WIDTH or not isinstance(into, ast.Tuple):
        return lines
    rows = [f"{indent}{_STEP}{flat(each)}," for each in into.elts]
    return [f"{indent}for (", *rows, *laid_out(source, indent, ") in ", ":")]


def _comprehension(code: ast.ListComp | ast.GeneratorExp, indent: str) -> list[str]:
    """What stands in the brackets of a comprehension: on one line, or each loop on one of its own."""
    row = f"{indent}{flat(code.elt)} {_loops(code.generators)}"
    if len(row) <= WIDTH:
        return [row]
    lines = laid_out(code.elt, indent)
    for loop in code.generators:
        lines += _operand(loop.iter, _OR, indent, f"for {target(loop.target)} in ")
        for test in loop.ifs:
            lines += _operand(test, _OR, indent, "if ")
    return lines


def _is_long(code: ast.Call, lead: str) -> bool:
    """Whether what is called does not fit on the line."""
    return len(f"{lead}{_within(code.func, _ATOM)}(") > WIDTH


def _is_pair(code: ast.BinOp) -> bool:
    """Whether an operator of its kind stands only once in it."""
    is_power = isinstance(code.op, ast.Pow)  # of which a power on the left is in brackets
    return is_power or not isinstance(code.left, ast.BinOp) or _tightness(code.left) != _BINARY[type(code.op)][1]


def _hugged(code: ast.BinOp, indent: str, lead: str, trail: str) -> list[str]:
    """An operator whose last operand, or else its first, is on several lines in its own brackets; none where neither
    would fit.
    """
    word, left, right = _binary(code.op)
    head, tail = f"{lead}{_within(code.left, left)} {word} ", f" {word} {_within(code.right, right)}{trail}"
    ways: list[list[str]] = []
    if _tightness(code.right) < right:
        ways.append([f"{indent}{head}(", *_operands(code.right, indent + _STEP), f"{indent}){trail}"])
    elif isinstance(code.right, (ast.Call, ast.List)):
        ways.append(laid_out(code.right, indent, head, trail))
    if _tightness(code.left) < left:
        ways.append([f"{indent}{lead}(", *_operands(code.left, indent + _STEP), f"{indent}){tail}"])
    elif isinstance(code.left, ast.List):
        ways.append(laid_out(code.left, indent, lead, tail))
    return next((lines for lines in ways if len(lines) > 1 and max(map(len, lines)) <= WIDTH), [])


def argument_lines(argument: ast.expr, indent: str) -> list[str]:
    """An argument or item by itself, with the comment that is `above` it."""
    above: list[str] = getattr(argument, "above", [])
    return [*(f"{indent}{line}" for line in above), *laid_out(argument, indent, "", ",")]


def _operands(code: ast.expr, indent: str) -> list[str]:
    line = f"{indent}{flat(code)}"
    return [line] if len(line) <= WIDTH else _broken(code, indent)


def _broken(code: ast.expr, indent: str) -> list[str]:
    """An expression with each operand of one kind on a line of its own."""
    if isinstance(code, ast.BoolOp):
        word, tight = _BOOLEAN[type(code.op)]
        first, *rest = (_within(value, tight + 1) for value in code.values)
        return [f"{indent}{first}", *(f"{indent}{word} {text}" for text in rest)]
    if isinstance(code, ast.BinOp):
        word, left, right = _binary(code.op)
        first_lines = _operand(code.left, left, indent) if _is_pair(code) else _broken(code.left, indent)
        return [*first_lines, *_operand(code.right, right, indent, f"{word} ")]
    return [f"{indent}{flat(code)}"]


def _operand(code: ast.expr, tight: int, indent: str, lead: str = "") -> list[str]:
    """The lines of an operand of what binds so tightly, in brackets where it is looser."""
    if _tightness(code) >= tight:
        return laid_out(code, indent, lead) if lead else _operands(code, indent)
    line = f"{indent}{lead}({flat(code)})"
    return [line] if len(line) <= WIDTH else [f"{indent}{lead}(", *_operands(code, indent + _STEP), f"{indent})"]


def axis_word(axis: int, rank: int) -> str:
    """What an axis of what comes in is called where a layer is told its size."""
    if axis == 0:
        return "features" if rank == 1 else "channels"
    return AXES[rank - 1][axis - 1] if rank - 1 in AXES else f"size{axis}"


def size_argument(word: str, axis: int, rank: int, taken: set[str]) -> str:
    """What a constructor calls a size of an input."""
    unit = axis_word(axis, rank)
    whole, is_item, at = word.partition(".")
    if is_item:
        made = f"in{at}_{unit}" if whole == "input" else f"{numbered(whole, int(at))}_{unit}"
        return not_in(made, taken)
    made = f"in_{unit}" if word == "input" else f"{word}_{unit}"
    return not_in(f"input_{unit}", taken) if made in taken else made


def kept_name(at: int, axis: int, rank: int) -> str:
    """The attribute in which a block keeps a size of what it gives, or of its output with a number."""
    return f"out{at + 1 if at else ''}_{axis_word(axis, rank)}"
