"""Products of matrices, and attention."""

from collections.abc import Callable

from pydantic import Field

from cnndsl.i18n import tr
from cnndsl.layers.base import Kept, Products, Spelling
from cnndsl.layers.elementwise import Broadcasting, broadcast, kept_of_product
from cnndsl.layers.formula import AxisRule, Dim, KnownShape, Shape, SizeError, in_words, same_size, show
from cnndsl.layers.operations import Operation
from cnndsl.layers.reach import IDENTITY, Reach, Reaches, read_beside, same, whole
from cnndsl.layers.types import Flag


class Matmul(Broadcasting):
    """The product of two matrices: of the rows of the first and the columns of the second.

    The matrices lie in the last two axes; the axes before them go together as in a sum. A parameter of two axes is
    multiplied with each sample, also with a list of features.
    """

    kind = "matmul"
    symbol = "@"
    written = "a @ b, matmul(a, b)"
    values = "two values, the second with as many rows as the first has columns"
    call = "x @ y"
    example = "input(4, 6, 6); rows = it -> conv(4, 1); rows @ (it -> conv(4, 1))"
    takes = (2, 2)

    def outputs(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return self.outputs_of(xs, (False, False))

    def outputs_of(self, xs: tuple[Shape, ...], unbatched: tuple[bool, ...]) -> tuple[Shape, ...]:
        a, b = xs
        is_list = len(a) == 1 and unbatched == (False, True) and len(b) == 2
        if not is_list and (min(len(a), len(b)) < 2 or (unbatched[0] == unbatched[1] and len(a) != len(b))):
            raise SizeError(
                f"@ multiplies matrices, which lie in the last two axes: the left one is {show(a)}, "
                f"the right one {show(b)}",
                "bring both to the same number of axes, which are two at least",
                code="E306",
            )
        if a[-1] != b[-2]:
            turned = "transpose the second one: transpose(b, -2, -1)" if same_size(a[-1:], b[-1:]) else ""
            raise SizeError(
                f"@ multiplies rows with columns: a row of {show(a)} has {a[-1]} numbers, "
                f"and a column of {show(b)} has {b[-2]}",
                turned or "make the last axis of the first as long as the last but one of the second",
                code="E306",
            )
        a, b = self.beside(xs, unbatched)
        if is_list:
            return ((b[-1],),)
        return ((*broadcast(a[:-2], b[:-2], "@"), a[-2], b[-1]),)

    def beside(self, xs: tuple[Shape, ...], unbatched: tuple[bool, ...]) -> tuple[Shape, ...]:
        if len(xs[0]) == 1 or not any(unbatched):
            return xs
        leads = super().beside(tuple(x[:-2] for x in xs), unbatched)
        return tuple((*lead, *x[-2:]) for lead, x in zip(leads, xs, strict=True))

    def joined(self, xs: tuple[Shape, ...], larger: Callable[[Dim, Dim], Dim]) -> Shape:
        a, b = xs
        return (b[-1],) if len(a) == 1 else (*map(larger, a[:-2], b[:-2]), a[-2], b[-1])

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        words = [tr("as in both values")] * (len(y) - 2) + [tr("as many rows as the first value")] * (len(y) > 1)
        last = "as many columns as the second value; each number is a sum of {count} products"
        words.append(tr(last, count=xs[0][-1]))
        return in_words(y, words)

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        return Spelling("", template="{v0} @ {v1}")

    def products(self, xs: tuple[Shape, ...], y: Shape) -> Products:
        return ((*y, xs[0][-1]),)

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        a, b = xs
        y = ys[k]
        leads = [read_beside(x[:-2], y[:-2]) for x in xs]
        rows = () if len(a) == 1 else (Reach(len(y) - 2, IDENTITY),)
        return ((*leads[0], *rows, whole(a[-1])), (*leads[1], whole(b[-2]), Reach(len(y) - 1, IDENTITY)))

    def copies(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        a, b = xs
        # Each matrix may be turned; but more axes than the batch before it are made one, which may take a copy.
        return len(b) > 2 and (a[:-2] != b[:-2] or not all(in_order))

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        return kept_of_product(gradients)


class Attention(Operation):
    """Attention: of the values v, for each query in q, the mean weighted by how well the keys in k fit,
    softmax(q @ transpose(k, -2, -1) / sqrt(d)) @ v (Vaswani et al., 2017).

    Each has rows of features in its last two axes, and the axes before them, such as that of the heads, are the same.
    With `causal` a query sees the keys up to its own place alone.
    """

    kind = "attention"
    written = "attention(q, k, v)"
    values = "three values: queries, keys with as many features, and as many values as keys"
    call = "F.scaled_dot_product_attention"
    example = (
        "input(16, 24); linear(72, axis=-1) -> unflatten(2, [3, 4, 6]) -> permute([0, 2, 3, 1, 4]); "
        "q, k, v = split(it, 3); attention(q -> flatten(1, 2), k -> flatten(1, 2), v -> flatten(1, 2))"
    )
    takes = (3, 3)
    torch_names = {"causal": "is_causal"}

    causal: Flag = Field(default=False, description="whether a query sees no keys behind its own place")

    def check(self, xs: tuple[Shape, ...]) -> None:
        q, k, v = xs
        all_three = f"queries are {show(q)}, keys {show(k)}, values {show(v)}"
        if len({len(x) for x in xs}) > 1 or len(q) < 2 or not q[:-2] == k[:-2] == v[:-2]:
            raise SizeError(
                f"attention takes rows of features in the last two axes, and the same axes before them: {all_three}",
                "make the last axes (rows, features), for example with flatten(2) and transpose",
                code="E306",
            )
        if q[-1] != k[-1]:
            raise SizeError(
                f"attention compares queries with keys of as many features: {all_three}",
                f"give both {q[-1]} features",
                code="E306",
            )
        if k[-2] != v[-2]:
            raise SizeError(
                f"attention takes one value for each key: {all_three}", "take both from the same map", code="E306"
            )

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        q, _, v = xs
        return ((*q[:-1], v[-1]),)

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        words = [tr("as in all three")] * (len(y) - 2) + [tr("one for each query"), tr("features of the values")]
        return in_words(y, words)

    def products(self, xs: tuple[Shape, ...], y: Shape) -> Products:
        q, k, v = xs
        return ((*q[:-1], k[-2], q[-1]), (*q[:-1], k[-2], v[-1]))

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        queries, keys, values = xs
        heads = same(queries[:-2])
        rows, features = len(queries) - 2, Reach(len(queries) - 1, IDENTITY)
        return (
            (*heads, Reach(rows, IDENTITY), whole(queries[-1])),
            (*heads, whole(keys[-2]), whole(keys[-1])),
            (*heads, whole(values[-2]), features),
        )

    def copies(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        return True  # each machine has kernels of its own
