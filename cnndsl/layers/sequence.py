"""Layers that work along a sequence: recurrent ones, place after place, and attention, which sees all places at once.

What comes in is length x features, as an embedding gives it; a map becomes that by `flatten` and `permute`.
"""

from typing import ClassVar, Literal

from pydantic import Field

from cnndsl.i18n import tr, trn
from cnndsl.layers.base import Argument, Extra, Group, Kept, Layer, MultiInput, Products, Tensor
from cnndsl.layers.formula import AxisRule, KnownShape, Shape, SizeError, Term, parameter, show
from cnndsl.layers.reach import Reaches, all_of, same, whole
from cnndsl.layers.types import Count, Flag, Probability, Whole
from cnndsl.symbolic.number import key_of


class _OnSequences(Layer):
    """A layer that takes length x features; what it needs in memory depends on what PyTorch runs it with."""

    group = Group.SEQUENCE
    ranks = (2,)

    def check_rank(self, x: Shape) -> None:
        if len(x) != 2:
            helps = (
                "write flatten(2) -> permute([0, 2, 1]) before it: a map becomes the sequence of its places"
                if len(x) > 2
                else "unflatten(1, [length, features]) makes a sequence of a list"
            )
            raise SizeError(f"{self.kind} takes length x features, and the input is {show(x)}", helps, code="E301")

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return all_of(x)

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        # PyTorch works place after place, and so a place of all samples lies together.
        return x[0] == 1

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra | None:
        return None


class _Recurrent(_OnSequences):
    """What the three recurrent layers share; `gates` is how many products of a step give the numbers of one state."""

    calling = "{module}({x})[0]"
    gates: ClassVar[int]
    torch_names = {"features": "hidden_size", "layers": "num_layers"}

    features: Count = Field(description="length of the state, and so of what comes out at each place")
    layers: Count = Field(default=1, description="number of layers, each on what the one before gives")
    bias: Flag = Field(default=True, description="whether learned numbers are added")
    dropout: Probability = Field(default=0.0, description="probability of a dropout between the layers")
    bidirectional: Flag = Field(
        default=False, description="whether a second one reads from the end; what both give stands side by side"
    )

    _own: ClassVar[tuple[str, ...]] = ()
    """The parameters that the other recurrent layers do not have."""
    _last: ClassVar[tuple[str, ...]] = ("dropout", "bidirectional")

    @property
    def _given(self) -> int:
        """How many numbers one direction gives at each place."""
        return self.features

    def check(self, x: Shape) -> None:
        if self.dropout and self.layers == 1:
            raise SizeError(
                f"the dropout of {self.kind} stands between its layers, and it has one",
                f"leave it out, and write {self.kind}(...) -> dropout({self.dropout}) for one behind it",
                code="E312",
            )

    def size_rule(self, x: Shape) -> Shape:
        return (x[0], (2 if self.bidirectional else 1) * self._given)

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        field, meaning = ("features", tr("length of the state")) if self._given is self.features else ("proj", "")
        state: Term = parameter("features", self._given, field, meaning=meaning)
        note = tr("of both directions, side by side") if self.bidirectional else tr("the state at each place")
        size = self.size_rule(x)[1]
        return (
            AxisRule("length", x[0], words=tr("as in the input")),
            AxisRule("features", size, 2 * state if self.bidirectional else state, note),
        )

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        found: list[Tensor] = []
        directions = ("", "_reverse") if self.bidirectional else ("",)
        rows = self.gates * self.features
        for at in range(self.layers):
            width = x[1] if at == 0 else len(directions) * self._given
            for way in directions:
                found.append(Tensor(f"weight_ih_l{at}{way}", (rows, width)))  # type: ignore[arg-type]
                found.append(Tensor(f"weight_hh_l{at}{way}", (rows, self._given)))
                if self.bias:
                    found += [Tensor(f"bias_{each}_l{at}{way}", (rows,)) for each in ("ih", "hh")]
                if self._given != self.features:
                    found.append(Tensor(f"weight_hr_l{at}{way}", (self._given, self.features)))
        return tuple(found)

    def products(self, x: Shape, y: Shape) -> Products:
        # At each place every weight is used once.
        return tuple((x[0], *tensor.shape) for tensor in self.tensors(x) if tensor.name.startswith("weight"))

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        first = (Argument("input_size", x[-1]), *self.arguments("features", "layers", *self._own))
        rest = (*self.arguments("bias"), Argument("batch_first", True, False), *self.arguments(*self._last))
        return (*first, *rest)

    def words(self, x: Shape) -> str:
        parts = [trn("{count} feature", "{count} features", self.features)]
        if self.layers > 1:
            parts.append(trn("{count} layer", "{count} layers", self.layers))
        parts += [tr("both ways")] * self.bidirectional
        return ", ".join(parts)


_CHAINED = '''\
class Chained{name}(nn.{name}):
    """{article} {name} that gives its sequence alone, so that it can stand in a chain."""

    def __init__(self, *sizes: int, **arguments: Any) -> None:
        super().__init__(*sizes, batch_first=True, **arguments)

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        y: Tensor = super().forward(x)[0]
        return y
'''


class LSTM(_Recurrent):
    """Long short-term memory: a state that is carried from place to place, with gates that say what is kept, forgotten
    and given away (torch.nn.LSTM, batch first; Hochreiter and Schmidhuber, 1997).

    What comes out is the state at each place: length x features, or twice the features with `bidirectional`. With
    `proj` the state is brought to so many numbers before it is given away.
    """

    kind = "lstm"
    module = "LSTM"
    gates = 4
    example = "input(64, 1, 26) -> flatten(2) -> permute([0, 2, 1]) -> lstm(32, bidirectional=true)"
    torch_names = _Recurrent.torch_names | {"proj": "proj_size"}
    helper = _CHAINED.format(name="LSTM", article="An")

    _last = ("dropout", "bidirectional", "proj")
    proj: Whole = Field(default=0, description="length that the state is brought to before it goes on; 0 for none")

    @property
    def _given(self) -> int:
        return self.proj or self.features

    def check(self, x: Shape) -> None:
        if self.proj >= self.features:
            raise SizeError(
                f"proj={self.proj} must be smaller than the {self.features} features",
                "leave it out, or choose a smaller one",
                code="E312",
            )
        super().check(x)


class GRU(_Recurrent):
    """A gated recurrent unit: an LSTM with fewer gates, which carries one state (torch.nn.GRU, batch first; Cho et al.,
    2014).  What comes out is the state at each place: length x features, twice the features with `bidirectional`.
    """

    kind = "gru"
    module = "GRU"
    gates = 3
    example = "input(80, 40) -> gru(32, layers=2, dropout=0.1)"
    helper = _CHAINED.format(name="GRU", article="A")


class RNN(_Recurrent):
    """A plain recurrent layer (torch.nn.RNN, batch first): h = tanh(W x + b + U h' + c), h' being the state of the
    place before.  What comes out is the state at each place: length x features, twice that with `bidirectional`.
    """

    kind = "rnn"
    module = "RNN"
    gates = 1
    example = 'input(80, 40) -> rnn(32, nonlinearity="relu")'
    helper = _CHAINED.format(name="RNN", article="An")

    _own = ("nonlinearity",)
    nonlinearity: Literal["tanh", "relu"] = Field(default="tanh", description="the function of each step")


class MultiheadAttention(_OnSequences, MultiInput):
    """Multi-head attention: what comes out at each place is a mean of all places, weighted by how much they have to do
    with it, in `heads` ways side by side (torch.nn.MultiheadAttention, batch first; Vaswani et al., 2017).

    Applied to one sequence it attends to that itself. Applied to three, `[query, key, value] ->
    multihead_attention(8)`, each place of the first has a mean of the third, weighted by what it has to do with the
    second. What comes out is as large as the query; keys and values are equally long, and may have other numbers of
    features.
    """

    kind = "multihead_attention"
    module = "MultiheadAttention"
    takes = (1, 3)
    turns = True
    calling = "{module}({x}, {x1}, {x2}, need_weights=False)[0]"
    example = "input(196, 64) -> layernorm(axis=-1) -> multihead_attention(8)"
    torch_names = {"heads": "num_heads"}
    helper = '''\
class ChainedMultiheadAttention(nn.MultiheadAttention):
    """Attention of a sequence to itself, so that it can stand in a chain."""

    def __init__(self, embed_dim: int, num_heads: int, **arguments: Any) -> None:
        super().__init__(embed_dim, num_heads, batch_first=True, **arguments)

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        y: Tensor = super().forward(x, x, x, need_weights=False)[0]
        return y
'''

    heads: Count = Field(description="number of heads, which divides the features")
    dropout: Probability = Field(default=0.0, description="probability of a dropout of the weights of the means")
    bias: Flag = Field(default=True, description="whether learned numbers are added")

    def check(self, x: Shape) -> None:
        for each in (x, *self.others):
            self.check_rank(each)
        if self.others and self.others[0][0] != self.others[1][0]:
            key, value = self.others
            raise SizeError(
                f"each key has a value, and the keys are {show(key)}, the values {show(value)}",
                "[query, memory, memory] -> multihead_attention(...) takes both from the same sequence",
                code="E306",
            )
        if x[1] % self.heads:
            raise SizeError(
                f"{self.heads} heads do not divide the {x[1]} features",
                "choose a number of heads that divides them, or bring the features to another number with "
                "linear(..., axis=-1)",
                code="E304",
            )

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        # With these PyTorch has a function for the whole of it in evaluation, which works sample after sample.
        is_whole = self.bias and self.heads % 2 == 0 and not self.others
        return is_whole or super().in_order(x, in_order)

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        learned = {tensor.name for tensor in self.tensors(x)}
        if self.others or self.dropout == 1 or trained not in (frozenset(), learned):
            return None
        length, size = x
        # Queries, keys and values side by side, and what comes out of the heads.
        projected, heads = 3 * length * size, length * size
        if not self.dropout:  # in one step, with a sum of exponentials for each place
            return Kept(extra=Extra(numbers=projected + heads + self.heads * length), turned=bool(trained))
        # Queries and keys again, scaled; the weights of the means, which of them are dropped, and what is left.
        weights = 3 * self.heads * length**2
        numbers = projected + 2 * heads + weights + (heads if trained else 0)
        return Kept(extra=Extra(numbers=numbers), turned=bool(trained))

    def reaches(self, xs: tuple[Shape, ...], y: Shape) -> tuple[Reaches, ...]:
        if len(xs) == 1:
            return super().reaches(xs, y)
        query, *memory = xs
        return ((*same(query[:1]), whole(query[1])), *map(all_of, memory))

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        size: int = x[1]  # type: ignore[assignment]
        widths = (size, *(other[1] for other in self.others))
        weights = [Tensor("in_proj_weight", (3 * size, size))]
        if any(width != size for width in widths):
            weights = [Tensor(f"{name}_proj_weight", (size, w)) for name, w in zip("qkv", widths, strict=True)]  # type: ignore[arg-type]
        out = (Tensor("out_proj.weight", (size, size)), Tensor("out_proj.bias", (size,)))
        return (*weights, Tensor("in_proj_bias", (3 * size,)), *out) if self.bias else (*weights, out[0])

    def products(self, x: Shape, y: Shape) -> Products:
        # Each place makes a query, a key, a value and a result, and meets every place twice.
        places, size = x
        if not self.others:
            return ((4, places, size, size), (2, places, places, size))
        (length, key), (_, value) = self.others
        return (
            (2, places, size, size),
            (length, key, size),
            (length, value, size),
            (2, places, length, size),
        )

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        first = (Argument("embed_dim", x[-1]), *self.arguments("heads"))
        memory = zip(("kdim", "vdim"), self.others, strict=False)
        widths = (Argument(name, each[1], None) for name, each in memory if key_of(each[1]) != key_of(x[1]))
        rest = (*self.arguments("dropout", "bias"), *widths, Argument("batch_first", True, False))
        return (*first, *rest)

    def words(self, x: Shape) -> str:
        heads = trn("{count} head", "{count} heads", self.heads)
        return tr("{heads}, keys {size}", heads=heads, size=show(self.others[0])) if self.others else heads
