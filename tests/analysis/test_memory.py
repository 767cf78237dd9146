"""Memory against what PyTorch holds: bytes of living storages, and of those that autograd keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cnndsl.analysis.costs.counts import rows, whole_inputs
from cnndsl.analysis.costs.memory import Held, Memory, memory, memory_by_application
from cnndsl.ir.program import Program
from tests.analysis.execute import execute
from tests.analysis.measure import Living, kept
from tests.analysis.networks import NETWORKS
from tests.running import build, program_of, sample

BATCH = 2
WORST = 1.5
"""So many times more a module may hold than has to be alive, for a variable holds its value to the end of a line."""

Run = Callable[[tuple[Tensor, ...]], Any]


AUXILIARY = """
network Net {
    input(3, 12, 12)
    conv(4, 3) -> relu
    when training { aux = it -> conv(2, 3, stride=2) -> relu -> linear(3) }
    logits = it -> maxpool(2) -> linear(3)
    output logits, aux when training
}
"""


def held(model: nn.Module) -> list[Tensor]:
    return [*model.parameters(), *model.buffers()]


def peak(model: nn.Module, given: tuple[Tensor, ...], run: Run) -> int:
    living = Living(held(model))
    with torch.no_grad(), living:
        run(tuple(tensor.clone() for tensor in given))
    return living.peak


def kept_by(model: nn.Module, given: tuple[Tensor, ...]) -> int:
    model.train()
    found, _ = kept(lambda: model(*given), held(model))
    return sum(found.values())


@pytest.mark.parametrize("text", NETWORKS.values(), ids=NETWORKS)
def test_the_peak_in_inference(text: str) -> None:
    program = program_of(text)
    network, model = program.network(), build(text)
    said = memory(program, batch=BATCH)
    given = sample(program, network, BATCH)
    assert said.peak is not None
    assert peak(model, given, lambda values: execute(program, network, model, values)) == said.peak
    assert said.peak <= peak(model, given, lambda values: model(*values)) <= WORST * said.peak


@pytest.mark.parametrize("text", NETWORKS.values(), ids=NETWORKS)
def test_what_is_kept_in_training(text: str) -> None:
    program = program_of(text)
    given = sample(program, program.network(), BATCH)
    assert memory(program, batch=BATCH).kept == kept_by(build(text), given)


@pytest.mark.parametrize("norm", ["instancenorm", "batchnorm", "layernorm"])
def test_what_is_kept_of_a_part_of_a_map(norm: str) -> None:
    """A view holds the whole map; some layers make a copy, and keep that."""
    text = f"network Net {{ input(2, 16, 16) -> conv(5, 1) -> crop(size=3) -> {norm} }}"
    program = program_of(text)
    assert memory(program, batch=BATCH).kept == kept_by(build(text), sample(program, program.network(), BATCH))


def test_numbers_of_a_parameter_that_are_not_repeated_stay_in_order() -> None:
    text = """network Net { input(1, 16, 8)
        token = parameter([1, 1, 16, 8])
        it + expand(token, [1, 16, -1])
        pooled = it -> maxpool(1)
        reshape([1, 16, 8]) -> conv(3, 1)
        output it, pooled
    }"""
    program = program_of(text)
    assert memory(program, batch=BATCH).kept == kept_by(build(text), sample(program, program.network(), BATCH))


ATTENDING = """
block Encoder(heads, p) {
    layernorm(axis=-1) -> multihead_attention(heads, dropout=p) -> dropout(p)
    it + input as x
    layernorm(axis=-1) -> linear(16, axis=-1) -> gelu -> linear(8, axis=-1)
    it + x
}
network Net {
    input(8, 3, 2)
    token = parameter([1, 1, 8])
    flatten(2) -> permute([0, 2, 1])
    concat(expand(token, [-1, -1]), it, axis=1) -> Encoder(2, 0.1) -> Encoder(4, 0) -> layernorm(axis=-1)
    it[:, 0] -> linear(3)
}
"""


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_what_is_kept_of_attention(batch: int) -> None:
    program = program_of(ATTENDING)
    given = sample(program, program.network(), batch)
    assert memory(program, batch=batch).kept == kept_by(build(ATTENDING), given)
    twice = program_of("network Net { input(5, 8) -> multihead_attention(2) -> multihead_attention(2) }")
    assert (memory(twice, batch=batch).kept is None) == (batch > 1)


NORMED = """
network Net {
    input(3, 8, 8)
    conv(6, 3, padding=1, weight_norm=true) -> relu
    conv(6, 3, padding=1, padding_mode="circular", spectral_norm=true)
    it + (it -> rmsnorm -> conv(6, 1)) -> relu -> conv_transpose(5, 2, 2, spectral_norm=true)
    linear(4, weight_norm=true) as a
    [a -> rmsnorm(affine=false), a -> relu] -> bilinear(3) -> linear(2, spectral_norm=true)
}
"""


def test_what_is_kept_of_weights_that_are_worked_out() -> None:
    program = program_of(NORMED)
    given = sample(program, program.network(), BATCH)
    assert memory(program, batch=BATCH).kept == kept_by(build(NORMED), given)
    assert memory(program, batch=BATCH).peak is None


@pytest.mark.parametrize("text", [*NETWORKS.values(), AUXILIARY], ids=[*NETWORKS, "auxiliary"])
def test_application_by_application(text: str) -> None:
    """In the order of the rows; the most and the sum are those of the network."""
    program = program_of(text)
    said = memory(program, batch=BATCH)
    applied = memory_by_application(program, batch=BATCH)
    taken = [row for row in rows(program) if row.output]
    assert [held.path for held in applied] == [row.path for row in taken]
    assert max(held.alive or 0 for held in applied) == said.peak
    leaves = [held for held, row in zip(applied, taken, strict=True) if row.what != "block"]
    assert max(held.alive or 0 for held in leaves) == said.peak
    assert sum(held.kept or 0 for held in leaves) == said.kept
    top = [held for held, row in zip(applied, taken, strict=True) if row.depth == 0]
    assert sum(held.kept or 0 for held in top) == said.kept
    assert all(held.alive == 0 for held, row in zip(applied, taken, strict=True) if row.training)


def test_the_applications_of_the_reference_network() -> None:
    applied = memory_by_application(program_of(NETWORKS["reference"]))
    picture, first = 3 * 32 * 32, 8 * 28 * 28
    assert [held.path for held in applied[:4]] == ["conv1", "relu", "pool", "conv2"]
    assert [held.alive for held in applied[:3]] == [
        4 * (picture + first),
        4 * (picture + 2 * first),
        4 * (picture + first + 8 * 14 * 14) + 8 * 8 * 14 * 14,
    ]
    assert [held.kept for held in applied[:4]] == [4 * picture, 4 * first, 8 * 8 * 14 * 14, 4 * 8 * 14 * 14]


@pytest.mark.parametrize(
    ("dtype", "torch_type"), [("float64", torch.float64), ("bfloat16", torch.bfloat16), ("float32", torch.float32)]
)
def test_types_of_numbers(dtype: Any, torch_type: torch.dtype) -> None:
    text = "network Net { input(3, 16, 16); conv(4, 3) -> relu -> maxpool(2) -> conv(4, 3) -> dropout -> linear(3) }"
    program, model = program_of(text), build(text).to(torch_type)
    given = (torch.randn(3, 3, 16, 16, dtype=torch_type),)
    said = memory(program, batch=3, dtype=dtype)
    assert said.inputs == given[0].untyped_storage().nbytes()
    assert said.peak == peak(model, given, lambda values: execute(program, program.network(), model, values))
    assert said.kept == kept_by(model, given)


FROZEN = """
network Net {
    input(1, 6, 6)
    conv(2, 2, weight=[[1, 0], [0, 1]], bias=false) -> relu -> maxpool(2)
    flatten -> linear(3, weight=[1, 0, 0, 2, 0, 0, 1, 1], bias=[0, 1, 2])
    linear(4, weight=[2, 0, 1]) -> relu -> linear(2)
}
"""
ALIASES = """
block Both(other) { it + other -> conv(4, 1) }
network Net {
    input(4, 6, 6)
    x = it -> conv(4, 3, padding=1)
    x -> Both(x) -> identity
    y = it -> permute([0, 2, 3, 1]) -> flatten
    z = it -> flatten
    y * z + 2 / z
    a, b = split(it, 2)
    a / b - max(concat(a, b) -> unflatten(1, [2, 72]), axis=1)
    it * it
}
"""


ONE_PLACE = """
network Net { input(2, 6, 6); conv(3, 3) -> upsample(size=1, mode="area") -> relu -> adaptive_avgpool(1) -> linear(2) }
"""


@pytest.mark.parametrize(
    "text", [FROZEN, AUXILIARY, ALIASES, ONE_PLACE], ids=["frozen", "auxiliary", "aliases", "one place"]
)
def test_what_decides_what_is_there(text: str) -> None:
    program, model = program_of(text), build(text)
    network = program.network()
    given = sample(program, network, BATCH)
    said = memory(program, batch=BATCH)
    assert said.kept == kept_by(model, given)
    model.eval()
    assert said.peak == peak(model, given, lambda values: execute(program, network, model, values))


def test_the_reference_network_by_hand() -> None:
    """At its peak the input is alive, and the output of the first convolution with that of its activation."""
    said = memory(program_of(NETWORKS["reference"]))
    assert said.inputs == 4 * 3 * 32 * 32
    assert said.peak == 4 * (3 * 32 * 32 + 2 * 8 * 28 * 28)
    assert said.where == "relu"
    pooled = 8 * 14 * 14 + 16 * 5 * 5
    numbers = 3 * 32 * 32 + 8 * 28 * 28 + 16 * 10 * 10 + pooled + 256 + 2 * 256  # the mask and the result of dropout
    assert said.kept == 4 * numbers + 8 * pooled


def test_where_the_peak_is() -> None:
    text = """
    block Wide(channels) { conv(channels, 1) -> act: relu -> conv(2, 1) }
    network Net { input(2, 8, 8); conv(4, 1) -> body: { Wide(8) -> Wide(64) -> Wide(8) } }
    """
    assert memory(program_of(text)).where == "body.1.act"


def test_sizes_left_open() -> None:
    program = program_of("network Net { input(3, ?, 32); stem: { conv(4, 3) }; relu }")
    assert memory(program) == Memory(None, None, "", None)
    assert memory_by_application(program) == [Held(path, None, None) for path in ("stem", "stem.0", "relu1")]


@pytest.mark.parametrize(
    "line",
    [
        "permute([0, 2, 1]) as turned; [turned, turned -> tanh] -> bilinear(3)",
        "a, b = split(it, 2); [a -> tanh, b] -> bilinear(3)",
        "unflatten(2, [2, 3]) -> permute([0, 2, 1, 3]); it @ transpose(it, 2, 3)",
        "unflatten(2, [2, 3]) -> conv(4, 1); select(it, 2, 1) -> linear(2)",
        "unflatten(2, [2, 3]) -> conv(4, 1); a, b, c = unbind(it, 3); b -> flatten",
        "unflatten(2, [2, 3]) -> conv(4, 1); it[:, :, 1] -> permute([0, 2, 1]) -> flatten",
        "unflatten(2, [2, 3]) -> conv(4, 1); it[..., 2:] -> flatten",
        "unflatten(2, [2, 3]) -> conv(4, 1); narrow(it, 3, 1, 1) -> flatten",
        "unflatten(2, [2, 3]) -> conv(4, 1); select(it, 2, 1) -> Features",
        "unflatten(2, [2, 3]) -> conv(4, 1) -> Row -> flatten",
    ],
)
def test_there_is_no_figure_where_pytorch_copies_or_not(line: str) -> None:
    blocks = "block Features { flatten -> linear(2) }\nblock Row { select(input, 2, 1) }"
    program = program_of(f"{blocks}\nnetwork Net {{ input(4, 6); conv(4, 1); {line} }}")
    found = memory(program)
    assert found.peak is None
    assert found.kept is None


def test_what_a_block_is_given_lies_there_as_outside() -> None:
    text = "block Meet(v) {{ [input, v] -> bilinear(5) }}\nnetwork Net {{ input(4, 6); a = it -> conv(4, 1); {} }}"
    inside, outside = (memory(program_of(text.format(last))) for last in ("a -> Meet(it)", "[a, it] -> bilinear(5)"))
    assert inside.peak is not None
    assert (inside.peak, inside.kept) == (outside.peak, outside.kept)


def test_layers_from_elsewhere() -> None:
    text = """
    extern Swish from "my.layers" (shape = same)
    network Net { input(1, 8, 8); conv(2, 3) -> Swish() -> conv(2, 3) }
    """
    program = program_of(text)
    assert memory(program) == Memory(256, None, "", None)
    assert [(held.alive is None, held.kept is None) for held in memory_by_application(program)] == [
        (False, False),
        (True, True),
        (False, False),
    ]


@pytest.mark.parametrize(
    ("line", "wholes"),
    [
        ("flatten(a) -> embedding(9, 2)", {0}),
        ("a -> Flat -> Words", {0}),
        ("a -> Flat -> relu -> Words", set()),
        ("scale = parameter([4]); scale * (b -> Flat)", set()),
        ("concat(a -> Flat -> Words, b -> embedding(9, 2))", {0, 1}),
        ("concat(b -> Flat -> Words, b -> Flat -> Words)", {1}),
        ("a[:, :2] -> Flat -> Words", {0}),
        ("transpose(stack(a, b, axis=1), 1, 2) -> Words", {0, 1}),
        ("a + 1 -> Words", set()),
    ],
)
def test_whole_numbers_are_what_an_embedding_reads(line: str, wholes: set[int]) -> None:
    text = f"""
    sequence Flat {{ flatten }}
    sequence Words {{ flatten -> embedding(9, 2) }}
    network Net {{ a = input(4); b = input(4); {line} }}
    """
    program = program_of(text)
    assert set(whole_inputs(program, program.network().id)) == wholes


def test_blocks_in_blocks_cost_no_time() -> None:
    levels = "".join(f"block B{n + 1} {{ B{n} * 3 }}\n" for n in range(8))
    text = f"block B0 {{ conv(2, 1) }}\n{levels}\nnetwork Net {{ input(2, 4, 4); B8 }}"
    said = memory(program_of(text))
    assert said.peak == 4 * 32 * 10  # what each of nine blocks inside one another was given, and a result
    assert said.kept == 4 * 32 * 3**8


def test_an_unknown_network() -> None:
    program: Program = program_of(NETWORKS["reference"])
    with pytest.raises(KeyError):
        memory(program, "Other")
