"""Operations on values: the sizes and the numbers are those of the Python that they are written as."""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Mapping
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from cnndsl import layers
from cnndsl.layers.arrangement import Index
from cnndsl.layers.base import Layer, sum_of
from cnndsl.layers.elementwise import Pointwise
from cnndsl.layers.formula import Shape, SizeError
from cnndsl.layers.operations import Operation
from cnndsl.layers.reach import IDENTITY, Reach
from cnndsl.layers.reductions import OverAxes
from cnndsl.layers.registry import HELPERS, KINDS, LAYER_FAMILIES, OPERATION_FAMILIES, OPERATIONS
from cnndsl.layers.resize import Interpolation

BATCH = 2
_MODULES: dict[str, Any] = {"torch": torch, "F": torch.nn.functional}
_BINARY = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.MatMult: operator.matmul,
}  # fmt: skip
ELEMENTWISE = ("add", "sub", "mul", "div", "minimum", "maximum")


def run(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """The value of an expression of names, arithmetic, shapes and calls of PyTorch's functions."""
    match node:
        case ast.Name(name):
            return values[name]
        case ast.BinOp(left, sign, right):
            return _BINARY[type(sign)](run(left, values), run(right, values))
        case ast.UnaryOp(ast.USub(), operand):
            return -run(operand, values)
        case ast.Tuple(items):
            return tuple(run(item, values) for item in items)
        case ast.Subscript(value, index):
            return run(value, values)[run(index, values)]
        case ast.Attribute(value, name):
            return getattr(run(value, values), name)
        case ast.Slice():
            return slice(*(end and run(end, values) for end in (node.lower, node.upper, node.step)))
        case ast.Call(ast.Attribute(owner, name), arguments, named):
            keywords = {str(k.arg): run(k.value, values) for k in named}
            return getattr(run(owner, {**values, **_MODULES}), name)(*(run(a, values) for a in arguments), **keywords)
        case _:
            return ast.literal_eval(node)


def compare(operation: Operation, xs: tuple[tuple[int, ...], ...]) -> str:
    """Our sizes against PyTorch's; whether both take it or both refuse."""
    names = tuple("abc"[: len(xs)])
    values = {name: (torch.rand(BATCH, *x) + 0.5).requires_grad_() for name, x in zip(names, xs, strict=True)}
    try:
        result = run(ast.parse(operation.text(xs, names), mode="eval").body, values)
    except (RuntimeError, IndexError, ValueError, NotImplementedError, SizeError):
        result = None
    try:
        ours: tuple[Shape, ...] | None = operation.outputs(xs)
    except SizeError:
        ours = None
    if ours is None:
        return "both refuse" if result is None else "refused"
    assert result is not None, (operation, xs)
    results = result if isinstance(result, tuple) else (result,)
    assert [tuple(r.shape) for r in results] == [(BATCH, *y) for y in ours]
    rules = operation.formula(xs, ours[0])
    assert not rules or tuple(rule.size for rule in rules) == ours[0]
    for k, found in enumerate(results):
        check_reach(operation, xs, ours, k, found, list(values.values()))
    return "taken"


def check_reach(
    operation: Operation,
    xs: tuple[Shape, ...],
    ys: tuple[Shape, ...],
    k: int,
    y: torch.Tensor,
    given: list[torch.Tensor],
) -> None:
    """Where a number of the result has a gradient, its positions are said to read."""
    position = tuple((7 * (axis + 1)) % size for axis, size in enumerate(y.shape))
    gradients = torch.autograd.grad(y[position], given, allow_unused=True, retain_graph=True)
    for x, gradient, reaches in zip(xs, gradients, operation.reach(xs, ys, k), strict=False):
        assert len(reaches) == len(x)
        if gradient is None:
            continue
        assert not gradient[[at for at in range(BATCH) if at != position[0]]].any(), "no sample sees another one"
        for axis, reach in enumerate(reaches):
            assert reach is not None
            others = [other for other in range(len(x)) if other != axis]
            places = (
                gradient[position[0]].ne(0).movedim(axis, 0).flatten(1).any(1)
                if others
                else gradient[position[0]].ne(0)
            )
            spans = [] if reach.fixed is None else [reach.fixed]
            if reach.window is not None and reach.axis is not None:
                spans.append(reach.window.at(position[reach.axis + 1]))
            for place in places.nonzero().flatten().tolist():
                assert any(first <= place <= last for first, last in spans), (operation, xs, axis, place, spans)


def shapes() -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(st.sampled_from((1, 2, 3, 4)), min_size=1, max_size=4).map(tuple)


@settings(max_examples=150)
@given(a=shapes(), b=shapes(), kind=st.sampled_from(ELEMENTWISE))
def test_elementwise_within_a_sample(a: tuple[int, ...], b: tuple[int, ...], kind: str) -> None:
    verdict = compare(OPERATIONS[kind](), (a, b))
    # With another number of axes PyTorch would line a channel up with a sample, where that happens to fit.
    assert verdict != "refused" or len(a) != len(b)


@settings(max_examples=400)
@given(
    x=shapes(),
    other=st.lists(st.sampled_from((1, 2, 3)), max_size=6).map(tuple),
    both=st.booleans(),
    swap=st.booleans(),
    kind=st.sampled_from(ELEMENTWISE),
)
def test_elementwise_with_a_value_that_has_no_batch(
    x: tuple[int, ...], other: tuple[int, ...], both: bool, swap: bool, kind: str
) -> None:
    """What comes out is PyTorch's, with the batch in front; refused is what it refuses, or where the batch moves."""
    operation = OPERATIONS[kind]()
    a, b = torch.randn(*([] if both else [BATCH]), *x), torch.randn(other)
    values, xs, unbatched = (a, b), (x, other), (both, True)
    if swap:
        values, xs, unbatched = values[::-1], xs[::-1], unbatched[::-1]
    try:
        ours: tuple[Shape, ...] | None = operation.outputs_of(xs, unbatched)
    except SizeError as problem:
        ours = None
        meets = problem.code == "E316"
    try:
        result = run(ast.parse(operation.text(xs, ("a", "b")), mode="eval").body, dict(zip("ab", values, strict=True)))
    except RuntimeError:
        assert ours is None
        return
    if ours is None:
        assert meets  # the batch of 2 would be taken for an axis of the other, or is no longer the first axis
        assert len(other) > len(x)
        assert not both
        return
    (y,) = ours
    assert tuple(result.shape) == (y if both else (BATCH, *y))
    for value in xs:
        (reached, *_) = operation.reach((value, value), ours, 0)
        assert len(reached) == len(value)
    rules = operation.formula(xs, y)
    assert not rules or tuple(rule.size for rule in rules) == y


def pointwise() -> list[type[Operation]]:
    return [kind for kind in OPERATIONS.values() if issubclass(kind, Pointwise)]


LIMITS = st.sampled_from((-1, -0.5, 0, 0.5, 1, None))


@given(x=shapes(), kind=st.sampled_from(pointwise()), low=LIMITS, high=LIMITS)
def test_functions_of_each_number(x: tuple[int, ...], kind: type[Operation], low: Any, high: Any) -> None:
    limits = {"min": low, "max": high} if kind.kind == "clamp" else {}
    operation = kind.model_validate(limits)
    verdict = compare(operation, (x,))
    assert verdict != "refused" or (low is not None and high is not None and low > high)
    assert operation.reach((x,), (x,), 0) == (tuple(Reach(axis, IDENTITY) for axis in range(len(x))),)
    assert operation.formula((x,), x) == ()


@given(
    x=shapes(), kind=st.sampled_from((*ELEMENTWISE, "pow")), number=st.sampled_from((-2, 0.5, 3)), first=st.booleans()
)
def test_a_value_and_a_number(x: tuple[int, ...], kind: str, number: float, first: bool) -> None:
    fields = {"scalar": number, "scalar_first": first and kind != "pow"}
    assert compare(OPERATIONS[kind].model_validate(fields), (x,)) == "taken"


@pytest.mark.parametrize("kind", ["concat", "split", "mean", "max", "upsample", "cumsum", "normalize"])
def test_what_counts_the_batch_takes_no_value_without_one(kind: str) -> None:
    operation = OPERATIONS[kind].model_validate(
        {"split": {"parts": 2}}.get(kind, {} if kind == "upsample" else {"axis": 1})
    )
    xs = ((4, 4, 4),) * (2 if kind in ("concat", "upsample") else 1)
    assert operation.outputs_of(xs, (False,) * len(xs)) == operation.outputs(xs)
    for at in range(len(xs)):
        with pytest.raises(SizeError, match="has no batch"):
            operation.outputs_of(xs, tuple(at == k for k in range(len(xs))))


@settings(max_examples=150)
@given(x=shapes(), axis=st.integers(-5, 5), sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_concat(x: tuple[int, ...], axis: int, sizes: list[int]) -> None:
    at = axis - 1 if axis > 0 else axis
    xs = tuple(tuple(size if i in (at, at + len(x)) else dim for i, dim in enumerate(x)) for size in sizes)
    verdict = compare(OPERATIONS["concat"].model_validate({"axis": axis}), xs)
    assert verdict != "refused" or axis in (0, -len(x) - 1)


def test_concat_refuses_other_sizes() -> None:
    assert compare(OPERATIONS["concat"](), ((2, 4, 4), (2, 4, 5))) == "both refuse"
    assert compare(OPERATIONS["concat"](), ((2, 4, 4), (2, 4))) == "both refuse"


@settings(max_examples=100)
@given(x=shapes(), axis=st.integers(-5, 5), parts=st.integers(1, 4))
def test_split(x: tuple[int, ...], axis: int, parts: int) -> None:
    verdict = compare(OPERATIONS["split"].model_validate({"parts": parts, "axis": axis}), (x,))
    # torch.chunk makes the last piece smaller, or makes fewer; here all are equal.
    uneven = (1 <= axis <= len(x) and x[axis - 1] % parts) or (-len(x) <= axis < 0 and x[axis] % parts)
    assert verdict != "refused" or uneven or axis in (0, -len(x) - 1)


@settings(max_examples=100)
@given(x=shapes(), axis=st.integers(-5, 5), sizes=st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_split_into_sizes(x: tuple[int, ...], axis: int, sizes: list[int]) -> None:
    operation = OPERATIONS["split"].model_validate({"parts": sizes, "axis": axis})
    verdict = compare(operation, (x,))
    assert verdict != "refused" or axis in (0, -len(x) - 1)


@settings(max_examples=200)
@given(
    x=shapes(),
    like=shapes(),
    mode=st.sampled_from(get_args(Interpolation)),
    align_corners=st.booleans(),
)
def test_upsample_like(x: tuple[int, ...], like: tuple[int, ...], mode: str, align_corners: bool) -> None:
    operation = OPERATIONS["upsample"].model_validate({"mode": mode, "align_corners": align_corners})
    assert compare(operation, (x, like)) != "refused"


SIDES = st.lists(st.sampled_from((1, 2, 3)), min_size=1, max_size=4).map(tuple)


@settings(max_examples=300)
@given(a=SIDES, b=SIDES, lacking=st.sampled_from(((False, False), (False, True), (True, False), (True, True))))
def test_products_of_matrices(a: tuple[int, ...], b: tuple[int, ...], lacking: tuple[bool, bool]) -> None:
    """What comes out is PyTorch's; refused is what it refuses, and where the batch would be an axis of a matrix."""
    operation, batch = OPERATIONS["matmul"](), 5
    values = [torch.randn(*x) if lacks else torch.randn(batch, *x) for x, lacks in zip((a, b), lacking, strict=True)]
    try:
        (y,) = operation.outputs_of((a, b), lacking)
    except SizeError:
        if len(a) == len(b) >= 2 and not any(lacking):
            with pytest.raises(RuntimeError):
                values[0] @ values[1]
        return
    found = values[0] @ values[1]
    assert tuple(found.shape) == (y if all(lacking) else (batch, *y))
    assert tuple(rule.size for rule in operation.formula((a, b), y)) == y
    assert [len(reach) for reach in operation.reach((a, b), (y,), 0)] == [len(a), len(b)]
    if not any(lacking):
        assert (y,) == operation.size_rule((a, b))
        _, flops = counted(lambda: values[0] @ values[1])
        assert flops / 2 / batch == sum_of(operation.products((a, b), y))


AXES = st.integers(-5, 5)
DRAWN: dict[str, dict[str, Any]] = {
    "unsqueeze": {"axis": AXES},
    "squeeze": {"axis": st.one_of(AXES, st.lists(AXES, max_size=3))},
    "transpose": {"axis0": AXES, "axis1": AXES},
    "select": {"axis": AXES, "index": st.integers(-4, 4)},
    "narrow": {"axis": AXES, "start": st.integers(-4, 4), "length": st.integers(1, 4)},
    "flip": {"axis": st.one_of(AXES, st.lists(AXES, max_size=3))},
    "roll": {"shifts": st.integers(-5, 5), "axis": AXES},
    "unbind": {"axis": AXES},
    "chunk": {"parts": st.integers(1, 4), "axis": AXES},
    "stack": {"axis": AXES},
    "expand": {"sizes": st.lists(st.sampled_from((-1, 1, 2, 3, 4)), min_size=1, max_size=4)},
}


@settings(max_examples=600)
@given(drawn=st.data(), kind=st.sampled_from(sorted(DRAWN)), x=shapes(), count=st.integers(1, 3))
def test_arrangements(drawn: st.DataObject, kind: str, x: tuple[int, ...], count: int) -> None:
    """All that PyTorch takes is taken, but for what moves the batch, leaves no axis, or does nothing."""
    fields = {name: drawn.draw(values) for name, values in DRAWN[kind].items()}
    operation = OPERATIONS[kind].model_validate(fields)
    verdict = compare(operation, (x,) * (count if kind == "stack" else 1))
    if verdict != "refused":
        return
    rank = len(x) + 1 + (kind in ("unsqueeze", "stack"))
    axes = [
        item
        for name, value in fields.items()
        if "axis" in name
        for item in (value if isinstance(value, list) else [value])
    ]
    places = [axis % rank for axis in axes]
    batch = 0 in places
    alone = len(x) == 1 and kind in ("select", "unbind", "squeeze")
    every = kind in ("squeeze", "flip") and (not axes or len(places) == len(x))
    longer = kind == "squeeze" and any(x[at - 1] != 1 for at in places if at)
    uneven = kind == "chunk" and x[places[0] - 1] % fields["parts"] != 0
    assert batch or alone or every or longer or uneven, (operation, x)


ENDS = st.one_of(st.none(), st.integers(-5, 5))
CUTS = st.builds(slice, ENDS, ENDS, st.one_of(st.none(), st.integers(-1, 3)))
PLACES = st.lists(st.one_of(st.just(slice(None)), st.just(...), st.integers(-4, 4), CUTS), min_size=1, max_size=5)


@settings(max_examples=500)
@given(places=PLACES, x=shapes(), whole=st.booleans())
def test_an_index(places: list[Any], x: tuple[int, ...], whole: bool) -> None:
    """All that PyTorch takes is taken, but for places of the batch, what is not there or leaves nothing."""
    places = places if not whole or places[0] is ... else [slice(None), *places]
    operation = Index.of(places, batched=True)
    assert Index.model_validate(operation.model_dump()) == operation
    verdict = compare(operation, (x,))
    if verdict != "refused" or places.count(...) > 1:
        return
    rank = len(x) + 1
    at = places.index(...) if ... in places else len(places)
    full = [*places[:at], *[slice(None)] * (rank - len(places) + (... in places)), *places[at + 1 :]]
    batch = not isinstance(full[0], slice) or full[0].indices(9) != (0, 9, 1)
    alone = not any(isinstance(place, slice) for place in full[1:])
    pairs = [(place, dim) for place, dim in zip(full[1:], x, strict=True) if isinstance(place, slice)]
    outside = any(
        not -dim <= end <= dim for place, dim in pairs for end in (place.start, place.stop) if end is not None
    )
    empty = any(not range(dim)[place] for place, dim in pairs)
    assert batch or alone or outside or empty, (operation, x)


@settings(max_examples=200)
@given(places=PLACES, x=st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple))
def test_an_index_of_what_has_no_batch(places: list[Any], x: tuple[int, ...]) -> None:
    operation = Index.of(places, batched=False)
    try:
        (y,) = operation.outputs_of((x,), (True,))
    except SizeError:
        return
    found = torch.rand(x)[tuple(places)]
    assert tuple(found.shape) == y
    assert operation.in_order((x,), (True,)) == found.is_contiguous()


def test_the_form_of_an_index_is_no_python() -> None:
    for form in ("...", ":, n", "n::n, ...", "n:n:n", "::"):
        numbers = (1,) * form.count("n")
        assert Index.model_validate({"form": form, "numbers": numbers}).form == form
    for form in ("", "x", "f()", "n, ", "n:n:n:n", "....", "n\n", "{}"):
        with pytest.raises(ValidationError):
            Index.model_validate({"form": form, "numbers": (1, 1, 1, 1)})


def test_a_roll_along_several_axes() -> None:
    assert compare(OPERATIONS["roll"].model_validate({"shifts": (1, -2), "axis": (1, 3)}), ((3, 4, 5),)) == "taken"
    assert compare(OPERATIONS["roll"].model_validate({"shifts": (1, -2), "axis": (1,)}), ((3, 4, 5),)) == "both refuse"


def counted(run: Any) -> tuple[torch.Tensor, int]:
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        return run(), counter.get_total_flops()


SIZES = st.integers(1, 4)


@given(lead=st.lists(SIZES, max_size=2), rows=SIZES, others=SIZES, features=SIZES, wide=SIZES, causal=st.booleans())
def test_attention(lead: list[int], rows: int, others: int, features: int, wide: int, causal: bool) -> None:
    operation = OPERATIONS["attention"].model_validate({"causal": causal})
    xs = tuple((*lead, *x) for x in ((rows, features), (others, features), (others, wide)))
    assert compare(operation, xs) == "taken"
    (y,) = operation.outputs(xs)
    q, k, v = (torch.randn(BATCH, *x, requires_grad=True) for x in xs)
    found, flops = counted(lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal))
    assert tuple(found.shape) == (BATCH, *y)
    assert flops / 2 / BATCH == sum_of(operation.products(xs, y))
    reaches = operation.reach(xs, (y,), 0)
    assert [len(reach) for reach in reaches] == [len(x) for x in xs]


@pytest.mark.parametrize(
    "xs",
    [
        ((4,), (4,), (4,)), ((3, 4), (3, 5), (3, 5)), ((3, 4), (3, 4), (2, 4)),
        ((2, 3, 4), (3, 4), (3, 4)), ((2, 3, 4), (1, 3, 4), (2, 3, 4)),
    ],
)  # fmt: skip
def test_attention_refuses(xs: tuple[Shape, ...]) -> None:
    with pytest.raises(SizeError):
        OPERATIONS["attention"]().outputs(xs)


def words_below(kind: type[Layer | Operation]) -> set[str]:
    """The words of the kinds below one."""
    own = {kind.kind} if vars(kind).get("example") else set()
    return own.union(*map(words_below, kind.__subclasses__()))


def test_families_that_are_imported_late_are_listed_with_all_their_words() -> None:
    for path in Path(layers.__path__[0]).glob("*.py"):
        import_module(f"cnndsl.layers.{path.stem}")
    assert words_below(Layer) == set(KINDS)
    assert words_below(Operation) == set(OPERATIONS)
    tables: list[tuple[dict[str, str], Mapping[str, type[Layer | Operation]]]] = [
        (LAYER_FAMILIES, KINDS),
        (OPERATION_FAMILIES, OPERATIONS),
    ]
    for families, kinds in tables:
        for family, words in families.items():
            assert {kinds[word].__module__ for word in words.split()} == {f"cnndsl.layers.{family}"}


def test_what_layers_bring_is_listed() -> None:
    brought = [re.findall(r"^(?:class|def) (\w+)", kind.helper, re.MULTILINE) for kind in KINDS.values()]
    assert set().union(*brought) == set(HELPERS)


OVER_AXES = [kind for kind in OPERATIONS.values() if issubclass(kind, OverAxes)]


@settings(max_examples=300)
@given(
    x=shapes(),
    axis=st.one_of(AXES, st.lists(st.integers(-4, 4), max_size=4)),
    keepdim=st.booleans(),
    kind=st.sampled_from(OVER_AXES),
    number=st.sampled_from((None, 0, 1, 2)),
)
def test_functions_over_axes(
    x: tuple[int, ...], axis: int | list[int], keepdim: bool, kind: type[Operation], number: int | None
) -> None:
    word = {"norm": "p"}.get(kind.kind, "correction")
    more = {word: number} if number is not None and word in kind.model_fields and (word, number) != ("p", 0) else {}
    operation = kind.model_validate({"axis": axis, "keepdim": keepdim, **more})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(var|std)")
        verdict = compare(operation, (x,))
    axes = axis if isinstance(axis, list) else [axis]
    everything = len(axes) in (0, len(x))
    count = prod(x[at - 1 if at > 0 else at] for at in axes if -len(x) <= at <= len(x) and at)
    few = "correction" in kind.model_fields and count <= getattr(operation, "correction", 0)
    assert verdict != "refused" or everything or few or any(a in (0, -len(x) - 1) for a in axes)


@given(x=shapes(), axis=AXES, kind=st.sampled_from(("cumsum", "normalize")))
def test_functions_along_an_axis(x: tuple[int, ...], axis: int, kind: str) -> None:
    operation = OPERATIONS[kind].model_validate({"axis": axis})
    verdict = compare(operation, (x,))
    assert verdict != "refused" or axis in (0, -len(x) - 1)


@pytest.mark.parametrize(
    ("kind", "fields", "x", "y"),
    [
        ("mean", {"axis": 1}, (8, 5, 5), (5, 5)),
        ("max", {"axis": 1, "keepdim": True}, (8, 5, 5), (1, 5, 5)),
        ("sum", {"axis": [2, 3]}, (8, 5, 5), (8,)),
        ("std", {"axis": [-1, -2], "keepdim": True}, (8, 5, 5), (8, 1, 1)),
    ],
)
def test_known_reductions(kind: str, fields: dict[str, Any], x: tuple[int, ...], y: tuple[int, ...]) -> None:
    operation = OPERATIONS[kind].model_validate(fields)
    assert operation.outputs((x,)) == (y,)
    assert compare(operation, (x,)) == "taken"


def test_a_number_on_one_side() -> None:
    times = OPERATIONS["mul"].model_validate({"scalar": 0.2, "scalar_first": True})
    assert times.text(((3, 4),), ("x",)) == "0.2 * x"
    assert times.outputs(((3, 4),)) == ((3, 4),)
