"""What a generated module may be: definitions, of which nothing runs when it is imported.

Whatever the text was, a module imports PyTorch and a little of the standard library (and what `extern` lines name),
tests the classes that these name, and defines classes and functions. What is worked out at import beside that are
names, plain values and types.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

PACKAGES = frozenset(
    {"copy", "math", "torch", "torch.nn.functional", "collections", "collections.abc", "functools", "typing"}
)
_NEVER = frozenset(
    "eval exec compile open input print globals locals vars setattr delattr breakpoint __import__ __builtins__".split()  # noqa: SIM905
)
_NOTES = ("vars(layer)['given']", "vars(layer)['begun']")
"""What the helpers keep on a layer: the tensors whose numbers are given, and how the others begin."""
_TYPES = (ast.Name, ast.Attribute, ast.Subscript, ast.BinOp, ast.BitOr, ast.Constant, ast.Tuple, ast.List, ast.UnaryOp)
_TYPES += (ast.USub, ast.Load)  # type: ignore[assignment]
_ARITHMETIC = (ast.operator, ast.unaryop, ast.boolop, ast.BoolOp, ast.cmpop, ast.Compare, ast.IfExp, ast.expr_context)
_ARITHMETIC += (ast.Slice, ast.JoinedStr, ast.FormattedValue)  # type: ignore[assignment]
_ON_NUMBERS = frozenset(
    """
    abs all any ceil dict.fromkeys float floor int len list make_divisible math.exp math.log math.log10 math.log2
    math.sqrt max min reversed round sorted str sum
    """.split()  # noqa: SIM905
)

_TEST = """\
if not (issubclass(type({name}), type) and issubclass({name}, nn.Module)):
    raise TypeError('{package}.{name} is no subclass of nn.Module')"""
"""What there is for each class of another package, and nothing else is done."""


def check(source: str, brought: Collection[str] = ()) -> None:
    """Assert that importing a module would define things and do nothing else.

    `brought` are the packages that `extern` lines name. Raises AssertionError with what is more than that.
    """
    module = ast.parse(source)
    compile(source, "<generated>", "exec", dont_inherit=True)
    docstring, *rest = module.body
    checked: list[str] = []
    assert _is_text(docstring)
    for statement in rest:
        match statement:
            case ast.Import(names=names):
                assert all(name.name in PACKAGES for name in names), ast.unparse(statement)
            case ast.ImportFrom(module=package, level=0):
                assert package in PACKAGES or package in brought, ast.unparse(statement)
            case ast.Assign(value=ast.Call(func=ast.Name("TypeVar"), args=arguments, keywords=keywords)):
                _plain(*arguments, *(keyword.value for keyword in keywords))
            case ast.Assign(value=value):
                _constant(value)
            case ast.ClassDef():
                _class(statement)
            case ast.FunctionDef():
                _function(statement)
            case ast.If():
                checked.append(ast.unparse(statement))
            case _:
                raise AssertionError(ast.unparse(statement))
    taken = {n.name: s.module for s in rest if isinstance(s, ast.ImportFrom) and s.module in brought for n in s.names}
    assert sorted(checked) == sorted(_TEST.format(name=n, package=package) for n, package in taken.items()), checked
    _calls_nothing_foreign(module)


def _class(definition: ast.ClassDef) -> None:
    assert not definition.decorator_list
    assert not definition.keywords
    _plain(*definition.bases)
    for statement in definition.body:
        match statement:
            case ast.FunctionDef():
                _function(statement)
            case ast.AnnAssign(annotation=annotation, value=value):
                _plain(annotation, *([value] if value else []))
            case ast.Assign(value=value):
                _plain(value)
            case ast.Pass():
                pass
            case _:
                assert _is_text(statement), ast.unparse(statement)


def _function(definition: ast.FunctionDef) -> None:
    """What is worked out where a function is defined: its defaults and its types."""
    arguments = definition.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    types = [argument.annotation for argument in every] + [definition.returns]
    _plain(*definition.decorator_list, *arguments.defaults, *filter(None, [*arguments.kw_defaults, *types]))


def _constant(value: ast.expr) -> None:
    """A constant of the file: lists, arithmetic on numbers, and the functions on numbers that the language has; and a
    layer or block with some of its arguments.
    """
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "partial":
        kind, *positional = value.args
        assert isinstance(kind, ast.Name | ast.Attribute), ast.unparse(value)
        for each in (*positional, *(keyword.value for keyword in value.keywords)):
            if not isinstance(each, ast.Name | ast.Attribute):
                _constant(each)
        return
    for node in ast.walk(value):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) in _ON_NUMBERS, ast.unparse(value)
        else:
            assert isinstance(node, (*_TYPES, *_ARITHMETIC)), ast.unparse(value)


def _plain(*expressions: ast.expr) -> None:
    for expression in expressions:
        for node in ast.walk(expression):
            assert isinstance(node, _TYPES), ast.unparse(expression)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _calls_nothing_foreign(module: ast.Module) -> None:
    noted: set[ast.expr] = set()
    for node in ast.walk(module):  # outer ones first
        if isinstance(node, ast.FunctionDef):
            own = {argument.arg for argument in node.args.args}  # as `nn.LayerNorm` calls what comes in `input`
            noted.update(each for each in ast.walk(node) if isinstance(each, ast.Name) and each.id in own)
        if isinstance(node, ast.Subscript) and ast.unparse(node) in _NOTES and isinstance(node.value, ast.Call):
            noted.add(node.value.func)
        if isinstance(node, ast.Name) and node not in noted:
            assert node.id not in _NEVER, node.id
        if isinstance(node, ast.Attribute) and node.attr.startswith("__"):
            assert node.attr in ("__init__", "__module__"), node.attr
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            assert node in module.body, ast.unparse(node)


def packages_of(source: str) -> Iterator[str]:
    """The packages that a module imports."""
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module
        elif isinstance(statement, ast.Import):
            yield from (name.name for name in statement.names)
